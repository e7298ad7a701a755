/* SPDX-License-Identifier: MIT */
/*
 * system_dmar.c - see system_dmar.h. Topic in the architecture: "BIOS considerations".
 *
 * Two passes: the records as they lie there, then iommukit's parser over a copy whose length and checksum are right,
 * so that it finds what else is wrong in a table whose header is.
 */
#include "inspect/system_dmar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/system_file.h"
#include "spec/dmar.h"

#define RECORDS_MAX  1024u  /* as many as the parser reads */
#define WARNINGS_MAX 4096u

static uint64_t get(const uint8_t *at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* One more element in an owned array that doubles; NULL: no memory. */
static void *grow(void *array, unsigned count, size_t size)
{
    bool full = (count & (count - 1)) == 0; /* 0, 1, 2, 4, ... */
    return full ? realloc(array, (count == 0 ? 1 : 2 * (size_t)count) * size) : array;
}

__attribute__((format(printf, 3, 4))) static bool warn(struct inspect_dmar *dmar, size_t offset, const char *format,
                                                       ...)
{
    va_list arguments;
    if (dmar->warning_count == WARNINGS_MAX)
        return true;
    struct inspect_dmar_warning *moved = grow(dmar->warning, dmar->warning_count, sizeof *moved);
    if (moved == NULL)
        return false;
    dmar->warning = moved;
    moved[dmar->warning_count].offset = offset;
    va_start(arguments, format);
    vsnprintf(moved[dmar->warning_count].text, sizeof moved->text, format, arguments);
    va_end(arguments);
    dmar->warning_count++;
    return true;
}

static void text(char *to, const uint8_t *from, size_t size)
{
    memcpy(to, from, size);
    to[size] = '\0';
    inspect_printable(to);
}

/* ---- Scopes ---- */

/* Start bus and path lead through bridges; the last pair is the device. */
static void resolve(const struct inspect_system *machine, uint16_t segment, struct inspect_dmar_scope *scope)
{
    uint8_t bus = scope->start_bus;
    scope->function = INSPECT_NONE;
    for (unsigned i = 0; i < scope->path_length; i++) {
        uint8_t device = scope->path[i].device, function = scope->path[i].function;
        struct inspect_bdf bdf = {segment, (uint16_t)(bus << 8 | (device & 0x1f) << 3 | (function & 7))};
        int found = machine != NULL ? inspect_system_find(machine, bdf) : INSPECT_NONE;
        if (device > 0x1f || function > 7)
            return;
        if (i + 1 == scope->path_length) {
            scope->resolved = true;
            scope->bdf = bdf;
            scope->function = found;
            return;
        }
        if (found == INSPECT_NONE || !machine->function[found].config.bridge)
            return;
        bus = machine->function[found].config.secondary;
    }
}

static bool is_pci(unsigned type)
{
    return type == SPEC_DMAR_SCOPE_ENDPOINT || type == SPEC_DMAR_SCOPE_BRIDGE;
}

static bool check_scope(struct inspect_dmar *dmar, const struct inspect_system *machine,
                        const struct inspect_dmar_scope *scope)
{
    for (unsigned i = 0; i < scope->path_length; i++)
        if (scope->path[i].device > 0x1f || scope->path[i].function > 7)
            return warn(dmar, scope->offset, "scope names device %02x function %x, and there is none with such a number",
                        scope->path[i].device, scope->path[i].function);
    if (machine == NULL || machine->function_count == 0 || !is_pci(scope->type))
        return true;
    if (scope->function == INSPECT_NONE)
        return warn(dmar, scope->offset, "scope names a device that this machine does not show");
    bool bridge = machine->function[scope->function].config.bridge;
    if (bridge == (scope->type == SPEC_DMAR_SCOPE_BRIDGE))
        return true;
    return warn(dmar, scope->offset, "scope calls %s a%s", machine->function[scope->function].name,
                bridge ? "n endpoint, but it is a bridge" : " bridge, but it is none");
}

/* Returns false when out of memory; a scope without a sound length ends the record. */
static bool read_scopes(struct inspect_dmar *dmar, const struct inspect_system *machine,
                        struct inspect_dmar_record *record, size_t at)
{
    size_t end = record->offset + record->length;
    record->first_scope = dmar->scope_count;
    while (end - at >= SPEC_DMAR_SCOPE_MIN_BYTES) {
        const uint8_t *p = dmar->bytes + at;
        unsigned length = p[SPEC_DMAR_SCOPE_LENGTH];
        if (length < SPEC_DMAR_SCOPE_MIN_BYTES || length % SPEC_DMAR_SCOPE_PATH_BYTES != 0 || length > end - at)
            return true;
        struct inspect_dmar_scope *moved = grow(dmar->scope, dmar->scope_count, sizeof *moved);
        if (moved == NULL)
            return false;
        dmar->scope = moved;
        struct inspect_dmar_scope *scope = &moved[dmar->scope_count++];
        *scope = (struct inspect_dmar_scope){
            .offset = at, .type = p[SPEC_DMAR_SCOPE_TYPE], .length = (uint8_t)length,
            .flags = p[SPEC_DMAR_SCOPE_FLAGS], .enumeration_id = p[SPEC_DMAR_SCOPE_ENUM_ID],
            .start_bus = p[SPEC_DMAR_SCOPE_BUS], .path = (const struct inspect_dmar_step *)(p + SPEC_DMAR_SCOPE_PATH),
            .path_length = (length - SPEC_DMAR_SCOPE_BYTES) / SPEC_DMAR_SCOPE_PATH_BYTES,
        };
        record->scope_count++;
        resolve(machine, record->segment, scope);
        if (!check_scope(dmar, machine, scope))
            return false;
        at += length;
    }
    return true;
}

/* ---- Records ---- */

struct layout {
    size_t bytes; /* the fixed part; 0: no such type */
    bool scopes;
};

static struct layout layout_of(unsigned type)
{
    static const struct layout layout[] = {
        [SPEC_DMAR_TYPE_DRHD] = {SPEC_DMAR_DRHD_BYTES, true}, [SPEC_DMAR_TYPE_RMRR] = {SPEC_DMAR_RMRR_BYTES, true},
        [SPEC_DMAR_TYPE_ATSR] = {SPEC_DMAR_ATSR_BYTES, true}, [SPEC_DMAR_TYPE_RHSA] = {SPEC_DMAR_RHSA_BYTES, false},
        [SPEC_DMAR_TYPE_ANDD] = {SPEC_DMAR_ANDD_BYTES, false}, [SPEC_DMAR_TYPE_SATC] = {SPEC_DMAR_SATC_BYTES, true},
        [SPEC_DMAR_TYPE_SIDP] = {SPEC_DMAR_SIDP_BYTES, true},
    };
    return type < sizeof layout / sizeof layout[0] ? layout[type] : (struct layout){0, false};
}

static void decode_name(const uint8_t *p, struct inspect_dmar_record *record)
{
    size_t length = strnlen((const char *)p + SPEC_DMAR_ANDD_NAME, record->length - SPEC_DMAR_ANDD_NAME);
    record->device_number = p[SPEC_DMAR_ANDD_NUMBER];
    text(record->name, p + SPEC_DMAR_ANDD_NAME, length < sizeof record->name ? length : sizeof record->name - 1);
}

static void decode(const uint8_t *p, struct inspect_dmar_record *record)
{
    switch ((enum spec_dmar_type)record->type) {
    case SPEC_DMAR_TYPE_DRHD:
        record->flags = p[SPEC_DMAR_DRHD_FLAGS];
        record->size_lg2 = (uint8_t)SPEC_GET(SPEC_DMAR_DRHD_SIZE_N, p[SPEC_DMAR_DRHD_SIZE]);
        record->segment = (uint16_t)get(p + SPEC_DMAR_DRHD_SEGMENT, 2);
        record->base = get(p + SPEC_DMAR_DRHD_BASE, 8);
        break;
    case SPEC_DMAR_TYPE_RMRR:
        record->segment = (uint16_t)get(p + SPEC_DMAR_RMRR_SEGMENT, 2);
        record->base = get(p + SPEC_DMAR_RMRR_BASE, 8);
        record->limit = get(p + SPEC_DMAR_RMRR_LIMIT, 8);
        break;
    case SPEC_DMAR_TYPE_ATSR:
    case SPEC_DMAR_TYPE_SATC:
        record->flags = p[SPEC_DMAR_ATSR_FLAGS];
        record->segment = (uint16_t)get(p + SPEC_DMAR_ATSR_SEGMENT, 2);
        break;
    case SPEC_DMAR_TYPE_RHSA:
        record->base = get(p + SPEC_DMAR_RHSA_BASE, 8);
        record->proximity = (uint32_t)get(p + SPEC_DMAR_RHSA_PROXIMITY, 4);
        break;
    case SPEC_DMAR_TYPE_ANDD:
        decode_name(p, record);
        break;
    case SPEC_DMAR_TYPE_SIDP:
        record->segment = (uint16_t)get(p + SPEC_DMAR_SIDP_SEGMENT, 2);
        break;
    }
}

/* What the parser does not complain about, for a driver can live with it. */
static bool check_record(struct inspect_dmar *dmar, const struct inspect_dmar_record *record)
{
    if (record->type == SPEC_DMAR_TYPE_DRHD && (record->flags & SPEC_DMAR_DRHD_F_INCLUDE_PCI_ALL) == 0 &&
        record->scope_count == 0)
        return warn(dmar, record->offset, "unit serves no device: neither INCLUDE_PCI_ALL nor a scope");
    if (record->type == SPEC_DMAR_TYPE_RMRR && record->scope_count == 0)
        return warn(dmar, record->offset, "reserved region of no device");
    return true;
}

static bool read_record(struct inspect_dmar *dmar, const struct inspect_system *machine, size_t at, unsigned length)
{
    struct inspect_dmar_record *moved = grow(dmar->record, dmar->record_count, sizeof *moved);
    if (moved == NULL)
        return false;
    dmar->record = moved;
    struct inspect_dmar_record *record = &moved[dmar->record_count++];
    *record = (struct inspect_dmar_record){.offset = at, .length = (uint16_t)length};
    record->type = (uint16_t)get(dmar->bytes + at + SPEC_DMAR_TYPE, 2);
    record->first_scope = dmar->scope_count;
    struct layout layout = layout_of(record->type);
    record->complete = layout.bytes != 0 && length >= layout.bytes;
    if (!record->complete)
        return true;
    decode(dmar->bytes + at, record);
    if (layout.scopes && !read_scopes(dmar, machine, record, at + layout.bytes))
        return false;
    return check_record(dmar, record);
}

static bool read_records(struct inspect_dmar *dmar, const struct inspect_system *machine, size_t end)
{
    for (size_t at = SPEC_DMAR_STRUCTURES; end - at >= SPEC_DMAR_HEADER_BYTES && dmar->record_count < RECORDS_MAX;) {
        unsigned length = (unsigned)get(dmar->bytes + at + SPEC_DMAR_LENGTH, 2);
        if (length < SPEC_DMAR_HEADER_BYTES || length > end - at)
            return true; /* the parser tells about it */
        if (!read_record(dmar, machine, at, length))
            return false;
        at += length;
    }
    return true;
}

/* ---- The table ---- */

static void read_header(struct inspect_dmar *dmar)
{
    const uint8_t *p = dmar->bytes;
    dmar->length = (uint32_t)get(p + SPEC_ACPI_LENGTH, 4);
    dmar->revision = p[SPEC_ACPI_REVISION];
    dmar->checksum = p[SPEC_ACPI_CHECKSUM];
    text(dmar->oem_id, p + SPEC_ACPI_OEM_ID, 6);
    text(dmar->oem_table_id, p + SPEC_ACPI_OEM_TABLE_ID, 8);
    text(dmar->creator_id, p + SPEC_ACPI_CREATOR_ID, 4);
    dmar->oem_revision = (uint32_t)get(p + SPEC_ACPI_OEM_REVISION, 4);
    dmar->creator_revision = (uint32_t)get(p + SPEC_ACPI_CREATOR_REVISION, 4);
    dmar->address_bits = (uint16_t)(p[SPEC_DMAR_HAW] + 1);
    dmar->flags = p[SPEC_DMAR_FLAGS];
}

static uint8_t sum(const uint8_t *bytes, size_t length)
{
    uint8_t total = 0;
    for (size_t i = 0; i < length; i++)
        total = (uint8_t)(total + bytes[i]);
    return total;
}

/* `end`: how much of the table is there. */
static bool check_header(struct inspect_dmar *dmar, size_t end)
{
    bool fine = true;
    if (dmar->length < SPEC_DMAR_BYTES)
        fine = warn(dmar, SPEC_ACPI_LENGTH, "the header states %u bytes, less than itself", dmar->length);
    else if (dmar->length > dmar->size)
        fine = warn(dmar, SPEC_ACPI_LENGTH, "the header states %u bytes, but there are only %zu", dmar->length,
                    dmar->size);
    else if (sum(dmar->bytes, end) != 0)
        fine = warn(dmar, SPEC_ACPI_CHECKSUM, "wrong checksum: the bytes add up to 0x%02x, not to 0; Linux ignores such "
                    "a table", sum(dmar->bytes, end));
    if (fine && dmar->address_bits <= SPEC_DMAR_HAW_MIN)
        fine = warn(dmar, SPEC_DMAR_HAW, "host address width of %u bits: no unit can be used", dmar->address_bits);
    if (fine && (dmar->flags & SPEC_DMAR_F_X2APIC_OPT_OUT) != 0 && (dmar->flags & SPEC_DMAR_F_INTR_REMAP) == 0)
        fine = warn(dmar, SPEC_DMAR_FLAGS, "x2APIC is opted out of, but without interrupt remapping that says nothing");
    return fine;
}

struct listener {
    struct inspect_dmar *dmar;
    bool fine; /* false: out of memory */
};

static void parser_warns(void *ctx, enum iommu_dmar_warning warning, size_t offset)
{
    struct listener *listener = ctx;
    struct inspect_dmar *dmar = listener->dmar;
    const uint8_t *at = dmar->bytes + offset;
    if (!listener->fine)
        return;
    if (warning == IOMMU_DMAR_RECORD_TRUNCATED && dmar->size - offset >= SPEC_DMAR_HEADER_BYTES)
        listener->fine = warn(dmar, offset, "%s (type %u, length %u)", iommu_dmar_warning_text(warning),
                              (unsigned)get(at + SPEC_DMAR_TYPE, 2), (unsigned)get(at + SPEC_DMAR_LENGTH, 2));
    else
        listener->fine = warn(dmar, offset, "%s", iommu_dmar_warning_text(warning));
}

static bool run_parser(struct inspect_dmar *dmar, size_t end)
{
    struct listener listener = {dmar, true};
    struct iommu_dmar parsed;
    uint8_t *copy = malloc(end);
    if (copy == NULL)
        return false;
    memcpy(copy, dmar->bytes, end);
    for (unsigned i = 0; i < 4; i++)
        copy[SPEC_ACPI_LENGTH + i] = (uint8_t)(end >> 8 * i);
    copy[SPEC_ACPI_CHECKSUM] = 0;
    copy[SPEC_ACPI_CHECKSUM] = (uint8_t)-sum(copy, end);
    int result = iommu_dmar_open(copy, end, &parsed, parser_warns, &listener);
    free(copy);
    if (listener.fine && result == -IOMMU_ENODEV && dmar->address_bits > SPEC_DMAR_HAW_MIN)
        return warn(dmar, SPEC_DMAR_STRUCTURES, "the table describes no unit that can be used");
    return listener.fine;
}

static int by_offset(const void *a, const void *b)
{
    const struct inspect_dmar_warning *one = a, *other = b;
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

int inspect_dmar_read(const uint8_t *bytes, size_t size, const struct inspect_system *machine,
                      struct inspect_dmar *dmar, struct inspect_why *why)
{
    *dmar = (struct inspect_dmar){.bytes = bytes, .size = size};
    if (size < 4 || memcmp(bytes, SPEC_DMAR_SIGNATURE, 4) != 0)
        return inspect_fail(why, -EINVAL, "this is no DMAR table: it does not begin with the letters DMAR");
    if (size < SPEC_DMAR_BYTES)
        return inspect_fail(why, -EINVAL, "a DMAR table has at least %u bytes, this file has %zu",
                            (unsigned)SPEC_DMAR_BYTES, size);
    read_header(dmar);
    size_t end = dmar->length >= SPEC_DMAR_BYTES && dmar->length < size ? dmar->length : size;
    bool fine = check_header(dmar, end) && read_records(dmar, machine, end) && run_parser(dmar, end);
    if (!fine) {
        inspect_dmar_free(dmar);
        return inspect_fail(why, -ENOMEM, "out of memory");
    }
    if (dmar->warning_count > 0)
        qsort(dmar->warning, dmar->warning_count, sizeof *dmar->warning, by_offset);
    return 0;
}

void inspect_dmar_free(struct inspect_dmar *dmar)
{
    free(dmar->record);
    free(dmar->scope);
    free(dmar->warning);
    *dmar = (struct inspect_dmar){0};
}

const char *inspect_dmar_scope_name(unsigned type)
{
    static const char *const name[] = {
        [SPEC_DMAR_SCOPE_ENDPOINT] = "endpoint",   [SPEC_DMAR_SCOPE_BRIDGE] = "bridge",
        [SPEC_DMAR_SCOPE_IOAPIC] = "I/O APIC",     [SPEC_DMAR_SCOPE_HPET] = "HPET",
        [SPEC_DMAR_SCOPE_NAMESPACE] = "namespace",
    };
    return type < sizeof name / sizeof name[0] && name[type] != NULL ? name[type] : "unknown";
}
