/* SPDX-License-Identifier: MIT */
/*
 * registers_find.c - register blocks in a dump, where a DMAR table says they are.
 *
 * Dumps rarely hold device memory, and where the address is in one it may be filled with zeroes or ones instead. A
 * block counts as registers only if its version and capabilities could be a unit's.
 */
#include <errno.h>
#include <iommukit/dmar.h>
#include <string.h>

#include "inspect/registers_parse.h"
#include "spec/vtd_regs.h"

static bool read_register(struct inspect_memory *memory, uint64_t address, unsigned bits, uint64_t *value)
{
    uint8_t bytes[8];
    if (inspect_memory_read(memory, address, bytes, bits / 8) != 0)
        return false;
    *value = 0;
    for (unsigned i = 0; i < bits / 8; i++)
        *value |= (uint64_t)bytes[i] << 8 * i;
    return true;
}

static bool plausible(const struct inspect_unit *unit)
{
    uint64_t needed = (uint64_t)1 << INSPECT_VER | (uint64_t)1 << INSPECT_CAP | (uint64_t)1 << INSPECT_ECAP;
    return (unit->known & needed) == needed && SPEC_GET(VTD_VER_MAJOR, unit->value[INSPECT_VER]) != 0 &&
           unit->value[INSPECT_VER] <= 0xff && unit->value[INSPECT_CAP] != 0 && unit->value[INSPECT_CAP] != UINT64_MAX &&
           unit->value[INSPECT_ECAP] != UINT64_MAX;
}

static void read_faults(struct inspect_memory *memory, struct inspect_unit *unit, uint64_t block)
{
    uint64_t cap = unit->value[INSPECT_CAP];
    unsigned count = (unsigned)SPEC_GET(VTD_CAP_NFR, cap) + 1;
    for (unsigned i = 0; i < count && i < INSPECT_FRCD_MAX; i++) {
        uint32_t offset = VTD_REG_FRCD(cap, i);
        uint64_t *record = unit->fault[i];
        if (offset + VTD_FRCD_BYTES > block || !read_register(memory, unit->base + offset, 64, &record[0]) ||
            !read_register(memory, unit->base + offset + 8, 64, &record[1]))
            return;
        unit->fault_count = i + 1;
    }
}

/* False: it is not there. */
static bool read_unit(struct inspect_memory *memory, const struct iommu_dmar_record *record, struct inspect_unit *unit)
{
    uint64_t block = (uint64_t)INSPECT_PAGE << record->size_lg2;
    memset(unit, 0, sizeof *unit);
    unit->base = record->base;
    unit->segment = record->segment;
    for (unsigned reg = 0; reg < INSPECT_REGISTER_COUNT; reg++)
        if (read_register(memory, unit->base + register_offset(reg), inspect_register_bits(reg), &unit->value[reg]))
            unit->known |= (uint64_t)1 << reg;
    if (!plausible(unit))
        return false;
    read_faults(memory, unit, block);
    return true;
}

static int find_units(struct inspect_memory *memory, const struct iommu_dmar *dmar,
                      struct inspect_registers *registers, struct inspect_why *why)
{
    struct iommu_dmar_record record = {.offset = 0};
    struct inspect_unit unit;
    while (iommu_dmar_next(dmar, &record)) {
        if (record.type != IOMMU_DMAR_UNIT || !read_unit(memory, &record, &unit))
            continue;
        int result = 0;
        struct inspect_unit *added = register_unit_add(registers, &result, why);
        if (added == NULL)
            return result;
        *added = unit;
    }
    if (registers->count == 0)
        return inspect_fail(why, -ENODATA, "the dump does not hold the registers of any unit in the DMAR table (few "
                            "do); take them from the kernel's debugfs, iommu/intel/iommu_regset, or from QEMU's monitor");
    return 0;
}

int inspect_registers_find(struct inspect_memory *memory, const void *dmar, size_t dmar_bytes,
                           struct inspect_registers *registers, struct inspect_why *why)
{
    struct inspect_registers found = {.count = 0};
    struct iommu_dmar table;
    int result = iommu_dmar_open(dmar, dmar_bytes, &table, NULL, NULL);
    if (result != 0)
        return inspect_fail(why, -EINVAL, "the DMAR table is malformed or describes no unit");
    result = find_units(memory, &table, &found, why);
    if (result != 0)
        inspect_registers_free(&found);
    else
        *registers = found;
    return result;
}
