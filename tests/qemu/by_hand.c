/* SPDX-License-Identifier: MIT */
/*
 * tests/qemu/by_hand.c - VT-d driven by hand. The steps are those of "Software programming of the
 * remapping hardware": tables, root table pointer, queue, invalidations, translation enable.
 */
#include "tests/qemu/by_hand.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "spec/vtd_queue.h"
#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define WAIT_NS 5000000000u

/* ---- registers ----------------------------------------------------------------------------- */

static uint32_t read32(struct by_hand *unit, unsigned at)
{
    return unit->platform->mmio_read32(unit->platform->ctx, unit->base + at);
}

static uint64_t read64(struct by_hand *unit, unsigned at)
{
    return unit->platform->mmio_read64(unit->platform->ctx, unit->base + at);
}

static void write32(struct by_hand *unit, unsigned at, uint32_t value)
{
    unit->platform->mmio_write32(unit->platform->ctx, unit->base + at, value);
}

static void write64(struct by_hand *unit, unsigned at, uint64_t value)
{
    unit->platform->mmio_write64(unit->platform->ctx, unit->base + at, value);
}

static bool in_time(struct by_hand *unit, uint64_t since)
{
    unit->platform->relax(unit->platform->ctx);
    return unit->platform->now_ns(unit->platform->ctx) - since < WAIT_NS;
}

/* One bit of the command register, waited for in the status register, where it has the same place.
 * */
static void command(struct by_hand *unit, uint32_t bit)
{
    uint64_t since = unit->platform->now_ns(unit->platform->ctx);

    write32(unit, VTD_REG_GCMD, (read32(unit, VTD_REG_GSTS) & VTD_GCMD_KEEP) | bit);
    while (!(read32(unit, VTD_REG_GSTS) & bit))
        assert_true(in_time(unit, since));
}

/* ---- memory -------------------------------------------------------------------------------- */

static volatile uint64_t *words(struct by_hand *unit, uint64_t pa)
{
    return iommu_posix_memory(iommu_qemu_posix(unit->qemu), pa, 4096);
}

uint64_t by_hand_page(struct by_hand *unit)
{
    uint8_t *page = unit->platform->page_alloc(unit->platform->ctx, 0);

    assert_non_null(page);
    return (uint64_t)(uintptr_t)page - unit->platform->phys_to_virt_offset;
}

void by_hand_map(struct by_hand *unit, uint64_t top, uint64_t iova, uint64_t pa, uint64_t bits)
{
    uint64_t table = top;
    unsigned level;

    for (level = 4; level > 1; level--) {
        volatile uint64_t *entry = &words(unit, table)[iova >> VTD_LEVEL_SHIFT(level) & 511];

        if (!*entry)
            *entry = by_hand_page(unit) | VTD_SS_R | VTD_SS_W;
        table = *entry & VTD_SS_ADDR;
    }
    words(unit, table)[iova >> VTD_LEVEL_SHIFT(1) & 511] = bits ? pa | bits : 0;
}

static uint64_t pasid_directory(struct by_hand *unit, uint64_t top, uint16_t did)
{
    uint64_t directory = by_hand_page(unit), table = by_hand_page(unit);
    volatile uint64_t *entry =
        words(unit, table); /* PASID 0, which stands for requests without one */

    entry[1] = SPEC_PUT(VTD_PE1_DID, did);
    entry[0] =
        top | SPEC_PUT(VTD_PE0_AW, VTD_AW_48) | SPEC_PUT(VTD_PE0_PGTT, VTD_PGTT_SECOND) | VTD_PE0_P;
    words(unit, directory)[0] = table | VTD_PDE_P;
    return directory;
}

void by_hand_attach(struct by_hand *unit, uint16_t rid, uint64_t top, uint16_t did)
{
    volatile uint64_t *entry;

    assert_true(rid < 0x80); /* bus 0, and there the half that the lower context table covers */
    if (unit->scalable) {
        entry = &words(unit, unit->contexts)[rid * VTD_SCE_BYTES / 8];
        entry[0] = pasid_directory(unit, top, did) | VTD_SCE0_P;
    } else {
        entry = &words(unit, unit->contexts)[rid * VTD_LCE_BYTES / 8];
        entry[1] = SPEC_PUT(VTD_LCE1_AW, VTD_AW_48) | SPEC_PUT(VTD_LCE1_DID, did);
        entry[0] = top | VTD_LCE0_P;
    }
}

/* ---- invalidation queue: one page ---------------------------------------------------------- */

static void put(struct by_hand *unit, uint64_t low, uint64_t high)
{
    unsigned bytes = unit->scalable ? VTD_QI_WIDE_BYTES : VTD_QI_NARROW_BYTES;
    volatile uint64_t *slot = &words(unit, unit->queue)[unit->tail / 8];
    unsigned i;

    slot[0] = low;
    slot[1] = high;
    for (i = 2; i < bytes / 8; i++)
        slot[i] = 0;
    unit->tail = (unit->tail + bytes) % 4096;
}

static void wait_done(struct by_hand *unit)
{
    volatile uint64_t *status = words(unit, unit->status);
    uint64_t since = unit->platform->now_ns(unit->platform->ctx);

    *status = 0;
    put(unit, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW | SPEC_PUT(VTD_QI_WAIT_DATA, 0x600D), unit->status);
    write64(unit, VTD_REG_IQT, unit->tail);
    while (*status != 0x600D)
        assert_true(in_time(unit, since));
}

void by_hand_invalidate_all(struct by_hand *unit)
{
    put(unit, VTD_QI_TYPE_CC | SPEC_PUT(VTD_QI_CC_G, VTD_QI_CC_G_GLOBAL), 0);
    if (unit->scalable)
        put(unit, VTD_QI_TYPE_PC | SPEC_PUT(VTD_QI_PC_G, VTD_QI_PC_G_GLOBAL), 0);
    put(unit, VTD_QI_TYPE_IOTLB | SPEC_PUT(VTD_QI_IOTLB_G, VTD_QI_IOTLB_G_GLOBAL), 0);
    wait_done(unit);
}

void by_hand_invalidate_page(struct by_hand *unit, uint16_t did, uint64_t iova)
{
    put(unit,
        VTD_QI_TYPE_IOTLB | SPEC_PUT(VTD_QI_IOTLB_G, VTD_QI_IOTLB_G_PAGE) |
            SPEC_PUT(VTD_QI_IOTLB_DID, did),
        iova & VTD_QI_IOTLB1_ADDR);
    wait_done(unit);
}

/* ---- the unit ------------------------------------------------------------------------------ */

void by_hand_start(struct by_hand *unit, struct iommu_qemu *qemu, bool scalable)
{
    *unit =
        (struct by_hand){.qemu = qemu, .platform = iommu_qemu_platform(qemu), .scalable = scalable};
    unit->base = unit->platform->mmio_map(unit->platform->ctx, iommu_qemu_unit_base(qemu), 4096);
    unit->root = by_hand_page(unit);
    unit->contexts = by_hand_page(unit);
    unit->queue = by_hand_page(unit);
    unit->status = by_hand_page(unit);
    words(unit, unit->root)[0] = unit->contexts | VTD_SRE0_LP;
    write64(unit, VTD_REG_RTADDR, unit->root | SPEC_PUT(VTD_RTADDR_TTM, scalable ? 1u : 0u));
    command(unit, VTD_GCMD_SRTP);
    write64(unit, VTD_REG_IQT, 0);
    write64(unit, VTD_REG_IQA, unit->queue | (scalable ? VTD_IQA_DW : 0));
    command(unit, VTD_GCMD_QIE);
    by_hand_invalidate_all(unit);
}

void by_hand_enable(struct by_hand *unit)
{
    command(unit, VTD_GCMD_TE);
}

bool by_hand_fault(struct by_hand *unit, struct by_hand_fault *fault)
{
    unsigned at = VTD_REG_FRCD(read64(unit, VTD_REG_CAP), 0);
    uint64_t low = read64(unit, at), high = read64(unit, at + 8);

    if (!(high & VTD_FRCD_HI_F))
        return false;
    *fault = (struct by_hand_fault){
        .rid = (uint16_t)SPEC_GET(VTD_FRCD_HI_SID, high),
        .reason = (uint8_t)SPEC_GET(VTD_FRCD_HI_FR, high),
        .read = (high & VTD_FRCD_HI_T1) != 0,
        .page = low & VTD_FRCD_LO_FI,
    };
    write32(unit, at + VTD_FRCD_TOP, VTD_FRCD_TOP_F);
    write32(unit, VTD_REG_FSTS, VTD_FSTS_PFO);
    return true;
}
