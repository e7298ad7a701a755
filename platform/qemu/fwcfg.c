/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/fwcfg.c - the DMAR table, out of the ACPI tables that QEMU holds ready for its
 * firmware. Called by qemu.c once.
 *
 * QEMU's fw_cfg device copies files into guest memory when asked in a small block of big-endian
 * words.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/qemu/qemu.h"

#define FW_CFG_DMA      0x514u /* big endian, upper half first */
#define FW_CFG_FILE_DIR 0x19u
#define FW_CFG_ERROR    1u
#define FW_CFG_READ     2u
#define FW_CFG_SELECT   8u

#define DIR_BYTES         IOMMU_PAGE_SIZE /* 63 names; QEMU has about 20 */
#define LARGEST_FILE      ((uint32_t)1 << 24)
#define ACPI_HEADER_BYTES 36u
#define ACPI_CHECKSUM_AT  9u

struct fw_cfg_access {
    uint32_t control, length;
    uint64_t address;
};

struct fw_cfg_file {
    uint32_t bytes;
    uint16_t select, reserved;
    char name[56];
};

_Static_assert(sizeof(struct fw_cfg_access) == 16 && sizeof(struct fw_cfg_file) == 64,
               "as fw_cfg has them");

/* ---- fw_cfg -------------------------------------------------------------------------------- */

/* Copy the first bytes of item `select` to `pa`; a page at `block` is for the request. */
static int read_item(struct iommu_qemu *qemu, uint64_t block, unsigned select, uint64_t pa,
                     uint32_t bytes)
{
    volatile struct fw_cfg_access *access = iommu_posix_memory(qemu->posix, block, sizeof *access);
    uint64_t done;
    int result;

    access->control = __builtin_bswap32(select << 16 | FW_CFG_SELECT | FW_CFG_READ);
    access->length = __builtin_bswap32(bytes);
    access->address = __builtin_bswap64(pa);
    qtest_post(&qemu->qtest, "outl %#x %#x", FW_CFG_DMA,
               __builtin_bswap32((uint32_t)(block >> 32)));
    qtest_post(&qemu->qtest, "outl %#x %#x", FW_CFG_DMA + 4, __builtin_bswap32((uint32_t)block));
    /* The device has done it when the port write is over; any answered command is behind that. */
    result = qtest_ask(&qemu->qtest, &done, "inl %#x", FW_CFG_DMA);
    if (result)
        return result;
    return access->control ? -IOMMU_EIO : 0;
}

/* The directory: a count, then the files. False: not there. */
static bool find_file(const uint8_t *directory, const char *name, struct fw_cfg_file *file)
{
    uint32_t count, i;

    memcpy(&count, directory, sizeof count);
    count = __builtin_bswap32(count);
    for (i = 0; i < count && sizeof count + (i + 1) * sizeof *file <= DIR_BYTES; i++) {
        memcpy(file, directory + sizeof count + i * sizeof *file, sizeof *file);
        file->bytes = __builtin_bswap32(file->bytes);
        file->select = __builtin_bswap16(file->select);
        if (strncmp(file->name, name, sizeof file->name) == 0)
            return true;
    }
    return false;
}

/* ---- ACPI ---------------------------------------------------------------------------------- */

static uint32_t length_of(const uint8_t *table)
{
    uint32_t length;

    memcpy(&length, table + 4, sizeof length);
    return length;
}

/* Tables lie one behind the other, some padded; DSDT and its like may contain anything, so step
 * over them. */
static const uint8_t *find_dmar(const uint8_t *tables, size_t bytes)
{
    size_t at = 0;

    while (bytes - at >= ACPI_HEADER_BYTES) {
        uint32_t length = length_of(tables + at);
        bool table = length >= ACPI_HEADER_BYTES && length <= bytes - at;

        if (table && memcmp(tables + at, "DMAR", 4) == 0)
            return tables + at;
        at += table && tables[at] ? length : 1;
    }
    return NULL;
}

/* QEMU leaves checksums to its firmware; there is none here, so do its work. */
static void *finished_copy(const uint8_t *table, size_t bytes)
{
    uint8_t *copy = malloc(bytes);
    uint8_t sum = 0;
    size_t i;

    if (!copy)
        return NULL;
    memcpy(copy, table, bytes);
    copy[ACPI_CHECKSUM_AT] = 0;
    for (i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + copy[i]);
    copy[ACPI_CHECKSUM_AT] = (uint8_t)(0u - sum);
    return copy;
}

static int read_tables(struct iommu_qemu *qemu, uint64_t block, const struct fw_cfg_file *file)
{
    uint64_t pa = iommu_posix_buffer_alloc(qemu->posix, file->bytes);
    const uint8_t *tables, *dmar;
    int result;

    if (!pa)
        return -IOMMU_ENOMEM;
    tables = iommu_posix_memory(qemu->posix, pa, file->bytes);
    result = read_item(qemu, block, file->select, pa, file->bytes);
    dmar = result ? NULL : find_dmar(tables, file->bytes);
    if (dmar) {
        qemu->dmar_bytes = length_of(dmar);
        qemu->dmar = finished_copy(dmar, qemu->dmar_bytes);
    }
    iommu_posix_buffer_free(qemu->posix, pa, file->bytes);
    return result;
}

static int read_dmar(struct iommu_qemu *qemu, uint64_t block, uint64_t directory)
{
    struct fw_cfg_file file;
    int result = read_item(qemu, block, FW_CFG_FILE_DIR, directory, DIR_BYTES);

    if (result)
        return result;
    if (!find_file(iommu_posix_memory(qemu->posix, directory, DIR_BYTES), "etc/acpi/tables", &file))
        return 0;
    return file.bytes && file.bytes <= LARGEST_FILE ? read_tables(qemu, block, &file) : 0;
}

int qemu_read_dmar(struct iommu_qemu *qemu)
{
    size_t bytes = (size_t)(DIR_BYTES + IOMMU_PAGE_SIZE);
    uint64_t pa = iommu_posix_buffer_alloc(qemu->posix, bytes);
    int result;

    if (!pa)
        return -IOMMU_ENOMEM;
    result = read_dmar(qemu, pa, pa + IOMMU_PAGE_SIZE);
    iommu_posix_buffer_free(qemu->posix, pa, bytes);
    return result;
}
