/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/redirect.c - letting a device that sends no PASIDs use a PASID's entry. Finds the tables from the
 * unit's registers and memory alone, knowing nothing of who built them; called by programs that check a driver.
 *
 * Layout by number: root table address register 20h, 16-byte root entries, 32-byte scalable-mode context entries
 * (128 a table), PASID directory of 8-byte and table of 64-byte entries, 64 to a page.
 */
#include <string.h>

#include "platform/qemu/qemu.h"

#define REG_GCMD   0x18u
#define REG_GSTS   0x1cu
#define REG_RTADDR 0x20u
#define SRTP       ((uint32_t)1 << 30)
#define GCMD_KEEP  0x96ffffffu /* status bits that stand for a state, not for a finished command */

#define PRESENT       ((uint64_t)1)
#define ADDRESS       UINT64_C(0x000ffffffffff000)
#define PASID_MASK    ((uint64_t)0xfffff)
#define PDTS(context) ((unsigned)((context) >> 9 & 7))
#define HONOURS_RID_PASID 11 /* QEMU before this major version uses the field though it does not report RPS */

static uint64_t *word_at(const struct iommu_qemu *qemu, uint64_t pa)
{
    return iommu_posix_memory(qemu->posix, pa, 64);
}

/* The device's context entry (four words); NULL: not present. */
static uint64_t *context_of(struct iommu_qemu *qemu, uint16_t rid)
{
    const struct iommu_platform *platform = iommu_qemu_platform(qemu);
    uint8_t *registers = platform->mmio_map(platform->ctx, QEMU_UNIT_BASE, IOMMU_PAGE_SIZE);
    if (registers == NULL)
        return NULL;
    uint64_t root = platform->mmio_read64(platform->ctx, registers + REG_RTADDR) & ADDRESS;
    unsigned devfn = rid & 0xffu;

    const uint64_t *entry = word_at(qemu, root + (uint64_t)(rid >> 8) * 16 + (devfn >= 128 ? 8 : 0));
    if (entry == NULL || !(*entry & PRESENT))
        return NULL;
    uint64_t *context = word_at(qemu, (*entry & ADDRESS) + (uint64_t)(devfn & 127) * 32);
    return context != NULL && (*context & PRESENT) ? context : NULL;
}

/* The PASID's entry (eight words) in the device's own directory; NULL: no table covers it. */
static const uint64_t *entry_of(struct iommu_qemu *qemu, uint64_t directory, unsigned pdts, uint32_t pasid)
{
    if (pasid >> 6 >= (uint32_t)1 << (pdts + 7))
        return NULL;
    const uint64_t *slot = word_at(qemu, (directory & ADDRESS) + (uint64_t)(pasid >> 6) * 8);
    if (slot == NULL || !(*slot & PRESENT))
        return NULL;
    return word_at(qemu, (*slot & ADDRESS) + (uint64_t)(pasid & 63) * 64);
}

/* Setting the root table again makes every QEMU forget what it had cached. */
static void forget(struct iommu_qemu *qemu)
{
    const struct iommu_platform *platform = iommu_qemu_platform(qemu);
    uint8_t *registers = platform->mmio_map(platform->ctx, QEMU_UNIT_BASE, IOMMU_PAGE_SIZE);
    uint32_t status = platform->mmio_read32(platform->ctx, registers + REG_GSTS);
    platform->mmio_write32(platform->ctx, registers + REG_GCMD, (status & GCMD_KEEP) | SRTP);
    platform->mmio_read32(platform->ctx, registers + REG_GSTS);
}

/* Two pages: a directory whose first slot leads to a table whose first entry is the copy. */
static int shadow(struct iommu_qemu *qemu, struct qemu_edu *edu, uint64_t *context, const uint64_t *entry)
{
    if (edu->shadow_pa == 0)
        edu->shadow_pa = iommu_posix_buffer_alloc(qemu->posix, 2 * IOMMU_PAGE_SIZE);
    if (edu->shadow_pa == 0)
        return -IOMMU_ENOMEM;
    uint8_t *pages = iommu_posix_memory(qemu->posix, edu->shadow_pa, 2 * IOMMU_PAGE_SIZE);
    uint64_t slot = (edu->shadow_pa + IOMMU_PAGE_SIZE) | PRESENT;
    memset(pages, 0, 2 * IOMMU_PAGE_SIZE);
    memcpy(pages, &slot, sizeof slot);
    memcpy(pages + IOMMU_PAGE_SIZE, entry, 64);
    if (edu->own_directory == 0)
        edu->own_directory = *context;
    *context = (*context & ~(ADDRESS | UINT64_C(7) << 9)) | edu->shadow_pa;
    return 0;
}

static void restore(struct qemu_edu *edu, uint64_t *context)
{
    if (edu->own_directory != 0)
        *context = edu->own_directory;
    edu->own_directory = 0;
    context[1] &= ~PASID_MASK;
}

static int redirect(struct iommu_qemu *qemu, struct qemu_edu *edu, uint64_t *context, uint32_t pasid)
{
    uint64_t own = edu->own_directory != 0 ? edu->own_directory : *context;
    static const uint64_t nothing[8] = {0};

    if (pasid > PASID_MASK)
        return -IOMMU_ERANGE;
    if (qemu->major < HONOURS_RID_PASID && !edu->shadow_only) {
        context[1] = (context[1] & ~PASID_MASK) | pasid;
        return 0;
    }
    const uint64_t *entry = entry_of(qemu, own, PDTS(own), pasid);
    return shadow(qemu, edu, context, entry != NULL ? entry : nothing);
}

int iommu_qemu_use_pasid(struct iommu_qemu *qemu, unsigned index, uint32_t pasid)
{
    if (index >= qemu->config.devices)
        return -IOMMU_EINVAL;
    struct qemu_edu *edu = &qemu->edus[index];
    uint64_t *context = context_of(qemu, iommu_qemu_device_rid(qemu, index));
    if (context == NULL)
        return -IOMMU_ENOENT;

    int result = 0;
    if (pasid == IOMMU_QEMU_NO_PASID)
        restore(edu, context);
    else
        result = redirect(qemu, edu, context, pasid);
    forget(qemu);
    return iommu_qemu_alive(qemu) ? result : -IOMMU_EIO;
}
