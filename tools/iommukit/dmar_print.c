/* SPDX-License-Identifier: MIT */
/* dmar_print.c - a DMAR table for people. */
#include <inttypes.h>
#include <string.h>

#include "dmar.h"
#include "system_output.h"

enum column { COLUMN_RECORD, COLUMN_SEGMENT, COLUMN_WHERE, COLUMN_WHAT };

static const char *record_name(const struct inspect_dmar_record *record)
{
    static const char *const name[] = {
        [IOMMU_DMAR_UNIT] = "unit",           [IOMMU_DMAR_RESERVED] = "reserved memory", [IOMMU_DMAR_ATS] = "ATS ports",
        [IOMMU_DMAR_AFFINITY] = "proximity",  [IOMMU_DMAR_NAMESPACE] = "ACPI device",
        [IOMMU_DMAR_ATC] = "ATS inside",      [IOMMU_DMAR_PROPERTY] = "properties",
    };
    return record->complete ? name[record->type] : "unknown";
}

static void print_path(FILE *to, const struct inspect_dmar_scope *scope)
{
    if (scope->resolved) {
        char name[INSPECT_BDF_TEXT];
        fputs(inspect_bdf_print(scope->bdf, name), to);
        return;
    }
    fprintf(to, "bus %02x", scope->start_bus);
    for (unsigned i = 0; i < scope->path_length; i++)
        fprintf(to, " > %02x.%x", scope->path[i].device, scope->path[i].function);
}

static void print_properties(FILE *to, uint8_t flags)
{
    static const char *const words[] = {"no nesting", "no page-walk snooping", "no forced snooping", "cache hardened",
                                        "cache required"};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((flags >> i & 1) != 0)
            fprintf(to, ", %s", words[i]);
}

static void print_scope(FILE *to, const struct inspect_dmar_scope *scope, const struct inspect_system *machine)
{
    switch (scope->type) {
    case IOMMU_DMAR_SCOPE_ENDPOINT:
        break;
    case IOMMU_DMAR_SCOPE_BRIDGE:
        fputs("all behind ", to);
        break;
    default:
        fprintf(to, "%s %u as ", inspect_dmar_scope_name(scope->type), scope->enumeration_id);
    }
    print_path(to, scope);
    if (scope->function != INSPECT_NONE)
        fprintf(to, " (%s)", machine->function[scope->function].text);
}

static void print_scopes(FILE *to, const struct inspect_dmar *dmar, const struct inspect_dmar_record *record,
                         const struct inspect_system *machine)
{
    for (unsigned i = 0; i < record->scope_count; i++) {
        const struct inspect_dmar_scope *scope = &dmar->scope[record->first_scope + i];
        if (i > 0)
            fputs("; ", to);
        print_scope(to, scope, machine);
        if (record->type == IOMMU_DMAR_PROPERTY)
            print_properties(to, scope->flags);
    }
}

static void print_what(FILE *to, const struct inspect_dmar *dmar, const struct inspect_dmar_record *record,
                       const struct inspect_system *machine)
{
    const char *separator = record->scope_count > 0 ? "; " : "";
    if (!record->complete)
        fprintf(to, "type %u, %u bytes", record->type, record->length);
    else if (record->type == IOMMU_DMAR_AFFINITY)
        fprintf(to, "in proximity domain %" PRIu32, record->proximity);
    else if (record->type == IOMMU_DMAR_NAMESPACE)
        fprintf(to, "number %u, %s", record->device_number, record->name);
    print_scopes(to, dmar, record, machine);
    if (record->type == IOMMU_DMAR_UNIT && (record->flags & 1) != 0)
        fprintf(to, "%severy %sdevice of the segment", separator, record->scope_count > 0 ? "other " : "");
    else if (record->type == IOMMU_DMAR_ATS && (record->flags & 1) != 0)
        fprintf(to, "%severy root port of the segment", separator);
    else if (record->type == IOMMU_DMAR_ATC && (record->flags & 1) != 0)
        fprintf(to, "%ssystem software must enable ATS", separator);
}

/* Whole units only, so that nothing is rounded. */
static void bytes(char *text, size_t size, uint64_t count)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned i = 0;
    while (i + 1 < sizeof unit / sizeof unit[0] && count != 0 && count % 1024 == 0) {
        count /= 1024;
        i++;
    }
    snprintf(text, size, "%" PRIu64 " %s", count, unit[i]);
}

static void where_cell(struct libscols_line *line, const struct inspect_dmar_record *record)
{
    char size[40];
    if (!record->complete)
        return;
    switch ((enum iommu_dmar_type)record->type) {
    case IOMMU_DMAR_UNIT:
    case IOMMU_DMAR_AFFINITY:
        output_cell(line, COLUMN_WHERE, "0x%" PRIx64, record->base);
        break;
    case IOMMU_DMAR_RESERVED:
        bytes(size, sizeof size, record->limit - record->base + 1);
        output_cell(line, COLUMN_WHERE, "0x%" PRIx64 "-0x%" PRIx64 ", %s", record->base, record->limit,
                    record->limit >= record->base ? size : "ends before it begins");
        break;
    default:
        break;
    }
}

static bool fill(struct libscols_table *table, const struct inspect_dmar *dmar, const struct inspect_system *machine)
{
    for (unsigned i = 0; i < dmar->record_count; i++) {
        const struct inspect_dmar_record *record = &dmar->record[i];
        struct libscols_line *line = scols_table_new_line(table, NULL);
        struct text what;
        if (line == NULL || !text_begin(&what))
            return false;
        output_cell(line, COLUMN_RECORD, "%s", record_name(record));
        if (record->complete && record->type != IOMMU_DMAR_AFFINITY && record->type != IOMMU_DMAR_NAMESPACE)
            output_cell(line, COLUMN_SEGMENT, "%04x", record->segment);
        where_cell(line, record);
        print_what(what.file, dmar, record, machine);
        text_cell(&what, line, COLUMN_WHAT);
    }
    return true;
}

/* Names in tables are filled up with blanks. */
static int used(const char *name)
{
    size_t length = strlen(name);
    while (length > 0 && name[length - 1] == ' ')
        length--;
    return (int)length;
}

static void print_header(const struct inspect_dmar *dmar)
{
    printf("DMAR table of %.*s %.*s, revision %u, %" PRIu32 " bytes.\n", used(dmar->oem_id), dmar->oem_id,
           used(dmar->oem_table_id), dmar->oem_table_id, dmar->revision, dmar->length);
    printf("Host addresses have %u bits. Interrupt remapping %s; x2APIC %s; %s.\n\n", dmar->address_bits,
           (dmar->flags & 1) != 0 ? "is supported" : "is not supported",
           (dmar->flags & 2) != 0 ? "is not to be used" : "may be used",
           (dmar->flags & 4) != 0 ? "the firmware asks for protection from external DMA"
                                  : "the firmware does not ask for protection from external DMA");
}

static void print_warnings(const struct inspect_dmar *dmar)
{
    if (dmar->warning_count == 0) {
        puts("\nNothing is wrong with the table.");
        return;
    }
    printf("\n%u warning%s:\n", dmar->warning_count, dmar->warning_count == 1 ? "" : "s");
    for (unsigned i = 0; i < dmar->warning_count; i++)
        printf("  at byte 0x%zx: %s\n", dmar->warning[i].offset, dmar->warning[i].text);
}

int dmar_print(const struct inspect_dmar *dmar, const struct inspect_system *machine)
{
    static const struct output_column column[] = {
        {"RECORD", false, false}, {"SEGMENT", false, false}, {"ADDRESS", false, false}, {"WHAT", false, true}};
    struct libscols_table *table = output_table(column, sizeof column / sizeof column[0]);
    if (table == NULL || !fill(table, dmar, machine)) {
        scols_unref_table(table);
        return output_error("dmar", "out of memory");
    }
    print_header(dmar);
    scols_print_table(table);
    scols_unref_table(table);
    print_warnings(dmar);
    return fflush(stdout) == 0 ? EXIT_FINE : output_error("dmar", "could not write the result");
}
