/* SPDX-License-Identifier: MIT */
/* regs_report.c - `iommukit regs` as a table and as JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "inspect/fields.h"
#include "output.h"
#include "regs.h"

/* ---- table --------------------------------------------------------------------------------- */

enum { COLUMN_REGISTER, COLUMN_BITS, COLUMN_VALUE, COLUMN_WORDS, COLUMN_MEANING, COLUMN_COUNT };

static void add_head(struct libscols_table *table, const char *name, const char *value, const char *meaning)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    output_cell(line, COLUMN_REGISTER, "%s", name);
    output_cell(line, COLUMN_VALUE, "%s", value);
    output_cell(line, COLUMN_MEANING, "%s", meaning);
    output_cell_colour(line, COLUMN_REGISTER, "bold");
    output_cell_colour(line, COLUMN_VALUE, "bold");
}

static void add_field(struct libscols_table *table, const struct inspect_field *field)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    output_cell(line, COLUMN_REGISTER, "  %s", field->name);
    if (field->high != field->low)
        output_cell(line, COLUMN_BITS, "%u:%u", field->high, field->low);
    else
        output_cell(line, COLUMN_BITS, "%u", field->low);
    output_cell(line, COLUMN_VALUE, "0x%" PRIx64, field->value);
    output_cell(line, COLUMN_WORDS, "%s", field->words);
    output_cell(line, COLUMN_MEANING, "%s", field->meaning);
}

/* Records that hold nothing are the rule: one line each. */
static void add_fault(struct libscols_table *table, const uint64_t record[2], unsigned index)
{
    struct inspect_field field;
    char name[32], meaning[80];
    bool empty = record[0] == 0 && record[1] == 0;
    snprintf(name, sizeof name, "FRCD%u", index);
    snprintf(meaning, sizeof meaning, "fault record 0x%016" PRIx64 "%016" PRIx64, record[1], record[0]);
    add_head(table, name, empty ? "0x0" : "", empty ? "fault record, empty" : meaning);
    for (size_t i = 0; !empty && inspect_fault_field(record, i, &field); i++)
        add_field(table, &field);
}

static void add_unit(struct libscols_table *table, const struct inspect_unit *unit)
{
    struct inspect_field field;
    char value[24];
    for (unsigned reg = 0; reg < INSPECT_REGISTER_COUNT; reg++) {
        if ((unit->known >> reg & 1) == 0)
            continue;
        snprintf(value, sizeof value, "0x%" PRIx64, unit->value[reg]);
        add_head(table, inspect_register_name(reg), value, inspect_register_meaning(reg));
        for (size_t i = 0; inspect_register_field(unit, reg, i, &field); i++)
            add_field(table, &field);
    }
    for (unsigned fault = 0; fault < unit->fault_count; fault++)
        add_fault(table, unit->fault[fault], fault);
}

int regs_table(const struct inspect_registers *registers)
{
    static const struct output_column columns[COLUMN_COUNT] = {
        [COLUMN_REGISTER] = {.name = "REGISTER"}, [COLUMN_BITS] = {.name = "BITS", .right = true},
        [COLUMN_VALUE] = {.name = "VALUE"}, [COLUMN_WORDS] = {.name = "SAYS"},
        [COLUMN_MEANING] = {.name = "MEANING", .wrap = true},
    };
    for (unsigned i = 0; i < registers->count; i++) {
        const struct inspect_unit *unit = &registers->unit[i];
        struct libscols_table *table = output_table(columns, COLUMN_COUNT);
        if (table == NULL)
            return output_error("regs", "out of memory");
        if (registers->count > 1 || unit->base != 0)
            printf("%sUnit %u, registers at %#" PRIx64 ", segment %u\n", i != 0 ? "\n" : "", i, unit->base, unit->segment);
        add_unit(table, unit);
        scols_print_table(table);
        scols_unref_table(table);
    }
    return EXIT_FINE;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *field_json(const struct inspect_field *field)
{
    return json_pack("{s:s, s:i, s:i, s:o, s:s, s:s}", "name", field->name, "high", (int)field->high, "low",
                     (int)field->low, "value", output_hex(field->value), "says", field->words, "meaning",
                     field->meaning);
}

static json_t *register_json(const struct inspect_unit *unit, enum inspect_register reg)
{
    struct inspect_field field;
    json_t *fields = json_array();
    for (size_t i = 0; inspect_register_field(unit, reg, i, &field); i++)
        json_array_append_new(fields, field_json(&field));
    return json_pack("{s:s, s:o, s:s, s:o}", "name", inspect_register_name(reg), "value", output_hex(unit->value[reg]),
                     "meaning", inspect_register_meaning(reg), "fields", fields);
}

static json_t *fault_json(const uint64_t record[2], unsigned index)
{
    struct inspect_field field;
    json_t *fields = json_array();
    for (size_t i = 0; inspect_fault_field(record, i, &field); i++)
        json_array_append_new(fields, field_json(&field));
    return json_pack("{s:i, s:o, s:o, s:o}", "index", (int)index, "low", output_hex(record[0]), "high",
                     output_hex(record[1]), "fields", fields);
}

static json_t *unit_json(const struct inspect_unit *unit)
{
    json_t *list = json_array(), *faults = json_array();
    for (unsigned reg = 0; reg < INSPECT_REGISTER_COUNT; reg++)
        if (unit->known >> reg & 1)
            json_array_append_new(list, register_json(unit, (enum inspect_register)reg));
    for (unsigned fault = 0; fault < unit->fault_count; fault++)
        json_array_append_new(faults, fault_json(unit->fault[fault], fault));
    return json_pack("{s:o, s:i, s:o, s:o}", "address", unit->base != 0 ? output_hex(unit->base) : json_null(), "segment",
                     (int)unit->segment, "registers", list, "faults", faults);
}

int regs_json(const struct inspect_registers *registers)
{
    json_t *units = json_array();
    for (unsigned i = 0; i < registers->count; i++)
        json_array_append_new(units, unit_json(&registers->unit[i]));
    return output_json(json_pack("{s:o}", "units", units));
}
