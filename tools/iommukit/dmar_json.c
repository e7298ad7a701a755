/* SPDX-License-Identifier: MIT */
/* dmar_json.c - a DMAR table as JSON; the members are documented in iommukit-dmar.1. */
#include "dmar.h"

#include <stdlib.h>

#include "system_output.h"

#define ADD(object, key, value) json_object_set_new(object, key, value)

static json_t *path_json(const struct inspect_dmar_scope *scope)
{
    json_t *path = json_array();
    for (unsigned i = 0; i < scope->path_length; i++)
        json_array_append_new(path, json_sprintf("%02x.%x", scope->path[i].device, scope->path[i].function));
    return path;
}

static json_t *scope_json(const struct inspect_dmar_scope *scope, const struct inspect_system *machine)
{
    char name[INSPECT_BDF_TEXT];
    json_t *object = json_object();
    ADD(object, "offset", json_integer((json_int_t)scope->offset));
    ADD(object, "length", json_integer(scope->length));
    ADD(object, "type", json_string(inspect_dmar_scope_name(scope->type)));
    ADD(object, "type_number", json_integer(scope->type));
    ADD(object, "flags", json_integer(scope->flags));
    ADD(object, "enumeration_id", json_integer(scope->enumeration_id));
    ADD(object, "start_bus", json_integer(scope->start_bus));
    ADD(object, "path", path_json(scope));
    ADD(object, "device", scope->resolved ? json_string(inspect_bdf_print(scope->bdf, name)) : json_null());
    ADD(object, "present",
        machine == NULL || machine->function_count == 0 ? json_null() : json_boolean(scope->function != INSPECT_NONE));
    return object;
}

static json_t *scopes_json(const struct inspect_dmar *dmar, const struct inspect_dmar_record *record,
                           const struct inspect_system *machine)
{
    json_t *scopes = json_array();
    for (unsigned i = 0; i < record->scope_count; i++)
        json_array_append_new(scopes, scope_json(&dmar->scope[record->first_scope + i], machine));
    return scopes;
}

static void add_unit(json_t *object, const struct inspect_dmar_record *record)
{
    ADD(object, "flags", json_integer(record->flags));
    ADD(object, "segment", json_integer(record->segment));
    ADD(object, "address", output_hex(record->base));
    ADD(object, "size", output_hex((uint64_t)4096 << record->size_lg2));
    ADD(object, "include_all", json_boolean(record->flags & 1));
}

static void add_reserved(json_t *object, const struct inspect_dmar_record *record)
{
    ADD(object, "segment", json_integer(record->segment));
    ADD(object, "base", output_hex(record->base));
    ADD(object, "limit", output_hex(record->limit));
}

static void add_ats(json_t *object, const struct inspect_dmar_record *record, const char *flag)
{
    ADD(object, "flags", json_integer(record->flags));
    ADD(object, "segment", json_integer(record->segment));
    ADD(object, flag, json_boolean(record->flags & 1));
}

static void add_affinity(json_t *object, const struct inspect_dmar_record *record)
{
    ADD(object, "address", output_hex(record->base));
    ADD(object, "proximity", json_integer(record->proximity));
}

static void add_name(json_t *object, const struct inspect_dmar_record *record)
{
    ADD(object, "device_number", json_integer(record->device_number));
    ADD(object, "name", json_string(record->name));
}

static void add_unknown(json_t *object, const struct inspect_dmar *dmar, const struct inspect_dmar_record *record)
{
    struct text text;
    ADD(object, "type", json_integer(record->type));
    if (!text_begin(&text))
        return;
    for (unsigned i = 4; i < record->length; i++)
        fprintf(text.file, "%02x", dmar->bytes[record->offset + i]);
    fclose(text.file);
    ADD(object, "bytes", json_string(text.bytes));
    free(text.bytes);
}

/* Fills the object and returns the member of the table that it belongs to. */
static const char *fill(json_t *object, const struct inspect_dmar *dmar, const struct inspect_dmar_record *record)
{
    if (!record->complete) {
        add_unknown(object, dmar, record);
        return "unknown";
    }
    switch ((enum iommu_dmar_type)record->type) {
    case IOMMU_DMAR_UNIT:
        add_unit(object, record);
        return "units";
    case IOMMU_DMAR_RESERVED:
        add_reserved(object, record);
        return "reserved";
    case IOMMU_DMAR_ATS:
        add_ats(object, record, "all_ports");
        return "ats";
    case IOMMU_DMAR_AFFINITY:
        add_affinity(object, record);
        return "affinity";
    case IOMMU_DMAR_NAMESPACE:
        add_name(object, record);
        return "namespace";
    case IOMMU_DMAR_ATC:
        add_ats(object, record, "required");
        return "atc";
    case IOMMU_DMAR_PROPERTY:
        ADD(object, "segment", json_integer(record->segment));
        return "property";
    }
    return "unknown";
}

static void add_records(json_t *object, const struct inspect_dmar *dmar, const struct inspect_system *machine)
{
    static const char *const member[] = {"units",     "reserved", "ats",      "affinity",
                                         "namespace", "atc",      "property", "unknown"};
    for (unsigned i = 0; i < sizeof member / sizeof member[0]; i++)
        ADD(object, member[i], json_array());
    for (unsigned i = 0; i < dmar->record_count; i++) {
        const struct inspect_dmar_record *record = &dmar->record[i];
        json_t *one = json_object();
        ADD(one, "offset", json_integer((json_int_t)record->offset));
        ADD(one, "length", json_integer(record->length));
        const char *where = fill(one, dmar, record);
        if (record->complete && record->type != IOMMU_DMAR_AFFINITY && record->type != IOMMU_DMAR_NAMESPACE)
            ADD(one, "scopes", scopes_json(dmar, record, machine));
        json_array_append_new(json_object_get(object, where), one);
    }
}

static json_t *header_json(const struct inspect_dmar *dmar)
{
    json_t *header = json_object();
    ADD(header, "length", json_integer(dmar->length));
    ADD(header, "revision", json_integer(dmar->revision));
    ADD(header, "checksum", json_integer(dmar->checksum));
    ADD(header, "oem_id", json_string(dmar->oem_id));
    ADD(header, "oem_table_id", json_string(dmar->oem_table_id));
    ADD(header, "oem_revision", json_integer(dmar->oem_revision));
    ADD(header, "creator_id", json_string(dmar->creator_id));
    ADD(header, "creator_revision", json_integer(dmar->creator_revision));
    return header;
}

int dmar_print_json(const struct inspect_dmar *dmar, const struct inspect_system *machine)
{
    json_t *object = json_object();
    ADD(object, "header", header_json(dmar));
    ADD(object, "address_bits", json_integer(dmar->address_bits));
    ADD(object, "flags", json_integer(dmar->flags));
    ADD(object, "interrupt_remapping", json_boolean(dmar->flags & 1));
    ADD(object, "x2apic_opt_out", json_boolean(dmar->flags & 2));
    ADD(object, "dma_control_opt_in", json_boolean(dmar->flags & 4));
    add_records(object, dmar, machine);
    json_t *warnings = json_array();
    for (unsigned i = 0; i < dmar->warning_count; i++)
        json_array_append_new(warnings, json_pack("{s:I, s:s}", "offset", (json_int_t)dmar->warning[i].offset, "text",
                                                  dmar->warning[i].text));
    ADD(object, "warnings", warnings);
    return output_json(object);
}
