/* SPDX-License-Identifier: MIT */
/*
 * models/machine/dmar.c - the ACPI table that describes the machine: a DRHD for each unit (the ones
 * that take everything last), an RMRR for each region, an ATSR for each segment that has functions
 * with ATS. ("DMA remapping reporting structure".)
 *
 * The same code runs twice, first without a buffer to count the bytes. Lock: none; runs while the
 * machine is created.
 */
#include "models/machine/machine.h"

#include "models/pci/le.h"
#include "models/pci/pci.h"
#include "spec/dmar.h"

#define PAGE_BYTES     4096u
#define SCOPE_ENDPOINT ((uint8_t)SPEC_DMAR_SCOPE_ENDPOINT)
#define SCOPE_BRIDGE   ((uint8_t)SPEC_DMAR_SCOPE_BRIDGE)
#define RECORD_MAX     UINT16_MAX /* a structure's length is 16 bits */

static const uint8_t oem_id[6] = {'I', 'O', 'M', 'K', 'I', 'T'};
static const uint8_t oem_table_id[8] = {'M', 'A', 'C', 'H', 'I', 'N', 'E', ' '};
static const uint8_t creator_id[4] = {'I', 'O', 'M', 'K'};

struct writer {
    const struct iommu_model_machine *machine;
    const struct iommu_model_region_config *regions;
    unsigned region_count;
    uint8_t *table; /* NULL: count only */
    size_t bytes;   /* so far */
    size_t record;  /* where the current structure starts */
    bool too_long;
};

static void put8(struct writer *writer, size_t at, uint8_t value)
{
    if (writer->table)
        writer->table[at] = value;
}

static void put16(struct writer *writer, size_t at, uint16_t value)
{
    if (writer->table)
        le_put16(writer->table + at, value);
}

static void put32(struct writer *writer, size_t at, uint32_t value)
{
    if (writer->table)
        le_put32(writer->table + at, value);
}

static void put64(struct writer *writer, size_t at, uint64_t value)
{
    if (writer->table)
        le_put64(writer->table + at, value);
}

static void put_text(struct writer *writer, size_t at, const void *text, size_t bytes)
{
    if (writer->table)
        __builtin_memcpy(writer->table + at, text, bytes);
}

/* The table's memory is zero already, so reserved fields need no store. */
static void record_begin(struct writer *writer, enum spec_dmar_type type, size_t bytes)
{
    writer->record = writer->bytes;
    writer->bytes += bytes;
    put16(writer, writer->record + SPEC_DMAR_TYPE, (uint16_t)type);
}

static void record_end(struct writer *writer)
{
    size_t bytes = writer->bytes - writer->record;

    if (bytes > RECORD_MAX)
        writer->too_long = true;
    put16(writer, writer->record + SPEC_DMAR_LENGTH, (uint16_t)bytes);
}

/* ---- device scopes ------------------------------------------------------------------------ */

/* The path runs from the root bus down, so it is filled from the back. */
static void scope(struct writer *writer, const struct machine_function *function)
{
    bool bridge = pci_kind_is_bridge(function->pci.config.kind);
    size_t at = writer->bytes;
    size_t bytes =
        SPEC_DMAR_SCOPE_BYTES + ((size_t)function->depth + 1) * SPEC_DMAR_SCOPE_PATH_BYTES;
    size_t pair = at + bytes;

    writer->bytes += bytes;
    put8(writer, at + SPEC_DMAR_SCOPE_TYPE, bridge ? SCOPE_BRIDGE : SCOPE_ENDPOINT);
    put8(writer, at + SPEC_DMAR_SCOPE_LENGTH, (uint8_t)bytes);
    for (;;) {
        uint16_t rid = function->pci.config.rid;

        pair -= SPEC_DMAR_SCOPE_PATH_BYTES;
        put8(writer, pair, (uint8_t)(rid >> 3 & 0x1Fu));
        put8(writer, pair + 1, (uint8_t)(rid & 7u));
        put8(writer, at + SPEC_DMAR_SCOPE_BUS, (uint8_t)(rid >> 8));
        if (function->parent == MACHINE_NO_PARENT)
            return;
        function = &writer->machine->functions[function->parent];
    }
}

/* A bridge's scope takes in everything below it. */
static bool covered_by_bridge(const struct iommu_model_machine *machine,
                              const struct machine_function *function, unsigned unit)
{
    while (function->parent != MACHINE_NO_PARENT) {
        function = &machine->functions[function->parent];
        if (function->unit == unit)
            return true;
    }
    return false;
}

static void unit_scopes(struct writer *writer, unsigned unit)
{
    const struct iommu_model_machine *machine = writer->machine;
    unsigned index;

    for (index = 0; index < machine->function_count; index++) {
        const struct machine_function *function = &machine->functions[index];

        if (function->unit == unit && !covered_by_bridge(machine, function, unit))
            scope(writer, function);
    }
}

/* ---- structures --------------------------------------------------------------------------- */

static uint8_t size_field(uint32_t bytes)
{
    uint8_t pages_lg2 = 0;

    while (((uint32_t)PAGE_BYTES << pages_lg2) < bytes && pages_lg2 < 15)
        pages_lg2++;
    return pages_lg2;
}

static void unit_record(struct writer *writer, const struct machine_unit *unit)
{
    record_begin(writer, SPEC_DMAR_TYPE_DRHD, SPEC_DMAR_DRHD_BYTES);
    put8(writer, writer->record + SPEC_DMAR_DRHD_FLAGS,
         unit->config.include_all ? (uint8_t)SPEC_DMAR_DRHD_F_INCLUDE_PCI_ALL : 0);
    put8(writer, writer->record + SPEC_DMAR_DRHD_SIZE, size_field(unit->bytes));
    put16(writer, writer->record + SPEC_DMAR_DRHD_SEGMENT, unit->config.segment);
    put64(writer, writer->record + SPEC_DMAR_DRHD_BASE, unit->config.base);
    if (!unit->config.include_all)
        unit_scopes(writer, unit->index);
    record_end(writer);
}

static void units(struct writer *writer, bool include_all)
{
    unsigned index;

    for (index = 0; index < writer->machine->unit_count; index++)
        if (writer->machine->units[index].config.include_all == include_all)
            unit_record(writer, &writer->machine->units[index]);
}

static void region_record(struct writer *writer, const struct iommu_model_region_config *region)
{
    const struct machine_function *function =
        machine_find(writer->machine, region->segment, region->rid);

    record_begin(writer, SPEC_DMAR_TYPE_RMRR, SPEC_DMAR_RMRR_BYTES);
    put16(writer, writer->record + SPEC_DMAR_RMRR_SEGMENT, region->segment);
    put64(writer, writer->record + SPEC_DMAR_RMRR_BASE, region->base);
    put64(writer, writer->record + SPEC_DMAR_RMRR_LIMIT, region->limit);
    if (function)
        scope(writer, function);
    record_end(writer);
}

static bool first_with_ats(const struct iommu_model_machine *machine, unsigned function)
{
    const struct iommu_model_pci_config *config = &machine->functions[function].pci.config;
    unsigned index;

    if (!config->ats)
        return false;
    for (index = 0; index < function; index++)
        if (machine->functions[index].pci.config.ats &&
            machine->functions[index].pci.config.segment == config->segment)
            return false;
    return true;
}

static void ats_records(struct writer *writer)
{
    unsigned index;

    for (index = 0; index < writer->machine->function_count; index++) {
        if (!first_with_ats(writer->machine, index))
            continue;
        record_begin(writer, SPEC_DMAR_TYPE_ATSR, SPEC_DMAR_ATSR_BYTES);
        put8(writer, writer->record + SPEC_DMAR_ATSR_FLAGS, (uint8_t)SPEC_DMAR_ATSR_F_ALL_PORTS);
        put16(writer, writer->record + SPEC_DMAR_ATSR_SEGMENT,
              writer->machine->functions[index].pci.config.segment);
        record_end(writer);
    }
}

/* ---- the table ---------------------------------------------------------------------------- */

static void header(struct writer *writer)
{
    writer->bytes = SPEC_DMAR_BYTES;
    put_text(writer, SPEC_ACPI_SIGNATURE, SPEC_DMAR_SIGNATURE, 4);
    put8(writer, SPEC_ACPI_REVISION, 1);
    put_text(writer, SPEC_ACPI_OEM_ID, oem_id, sizeof(oem_id));
    put_text(writer, SPEC_ACPI_OEM_TABLE_ID, oem_table_id, sizeof(oem_table_id));
    put32(writer, SPEC_ACPI_OEM_REVISION, 1);
    put_text(writer, SPEC_ACPI_CREATOR_ID, creator_id, sizeof(creator_id));
    put32(writer, SPEC_ACPI_CREATOR_REVISION, 1);
    put8(writer, SPEC_DMAR_HAW, (uint8_t)(writer->machine->address_bits - 1));
}

static void checksum(struct writer *writer)
{
    uint8_t sum = 0;
    size_t at;

    for (at = 0; at < writer->bytes; at++)
        sum = (uint8_t)(sum + writer->table[at]);
    writer->table[SPEC_ACPI_CHECKSUM] = (uint8_t)(0u - sum);
}

static void table(struct writer *writer)
{
    unsigned index;

    header(writer);
    units(writer, false);
    units(writer, true);
    for (index = 0; index < writer->region_count; index++)
        region_record(writer, &writer->regions[index]);
    ats_records(writer);
    put32(writer, SPEC_ACPI_LENGTH, (uint32_t)writer->bytes);
}

int machine_dmar_generate(struct iommu_model_machine *machine,
                          const struct iommu_model_region_config *regions, unsigned region_count,
                          const char **why)
{
    struct writer writer = {.machine = machine, .regions = regions, .region_count = region_count};

    table(&writer);
    if (writer.too_long) {
        *why = "a unit has more functions than one DMAR structure can list";
        return -MACHINE_EINVAL;
    }
    machine->dmar = machine->host->alloc(machine->host->ctx, writer.bytes);
    if (!machine->dmar)
        return -MACHINE_ENOMEM;
    machine->dmar_bytes = writer.bytes;
    writer.table = machine->dmar;
    table(&writer);
    checksum(&writer);
    return 0;
}
