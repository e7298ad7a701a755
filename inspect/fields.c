/* SPDX-License-Identifier: MIT */
/* fields.c - see fields.h: finds the field, shifts its value down, has it put into words. */
#include "inspect/fields.h"

#include <stdio.h>

#include "inspect/fields_table.h"
#include "inspect/registers_parse.h"
#include "spec/vtd_regs.h"

const char *inspect_register_meaning(enum inspect_register reg)
{
#define MEANING(NAME, OFFSET, BITS, TEXT) {OFFSET, TEXT},
    static const struct {
        unsigned offset;
        const char *text;
    } meanings[] = {VTD_REGISTERS(MEANING)};
#undef MEANING
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].offset == register_offset(reg))
            return meanings[i].text;
    return "";
}

static unsigned lowest(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits);
}

/* `first`: the number of the word's bit 0. */
static void place(struct inspect_field *field, uint64_t mask, uint64_t whole, unsigned first)
{
    field->low = first + lowest(mask);
    field->high = first + 63 - (unsigned)__builtin_clzll(mask);
    field->value = (whole & mask) >> lowest(mask);
}

/* The lowest run of bits set in `free` that has a bit of `whole` in it, `index` runs further up. 0: none. */
static uint64_t reserved_run(uint64_t free, uint64_t whole, size_t index)
{
    while (free != 0) {
        uint64_t above = free + (free & (~free + 1)); /* carries past the lowest run */
        uint64_t run = free & ~above;
        if ((run & whole) != 0 && index-- == 0)
            return run;
        free &= ~run;
    }
    return 0;
}

struct word {
    enum inspect_register reg;
    struct field_rows rows;
    uint64_t value;
    unsigned bits, first;
};

static size_t reserved_runs(uint64_t free, uint64_t whole)
{
    size_t count = 0;
    while (reserved_run(free, whole, count) != 0)
        count++;
    return count;
}

static uint64_t unnamed(const struct word *word)
{
    uint64_t free = word->bits < 64 ? ((uint64_t)1 << word->bits) - 1 : UINT64_MAX;
    for (size_t i = 0; i < word->rows.count; i++)
        free &= ~word->rows.row[i].mask;
    return free;
}

static bool take(const struct field_source *source, const struct word *word, size_t index, struct inspect_field *field)
{
    if (index < word->rows.count) {
        const struct field_row *row = &word->rows.row[index];
        place(field, word->bits < 64 ? row->mask & (((uint64_t)1 << word->bits) - 1) : row->mask, word->value,
              word->first);
        field->name = row->name;
        field->meaning = row->meaning;
        field_words(word->reg, row)(source, field->value, field->words, sizeof field->words);
        return true;
    }
    uint64_t run = reserved_run(unnamed(word), word->value, index - word->rows.count);
    if (run == 0)
        return false;
    place(field, run, word->value, word->first);
    field->name = "reserved";
    field->meaning = "bits without a meaning in this revision";
    snprintf(field->words, sizeof field->words, "should be 0");
    return true;
}

bool inspect_register_field(const struct inspect_unit *unit, enum inspect_register reg, size_t index,
                            struct inspect_field *field)
{
    struct field_source source = {.unit = unit, .low = unit->value[reg]};
    struct word word = {reg, field_register_rows(reg), unit->value[reg], inspect_register_bits(reg), 0};
    if ((unit->known >> reg & 1) == 0)
        return false;
    return take(&source, &word, index, field);
}

bool inspect_fault_field(const uint64_t record[2], size_t index, struct inspect_field *field)
{
    struct field_source source = {.low = record[0], .high = record[1]};
    struct word low = {INSPECT_REGISTER_COUNT, field_fault_rows(false), record[0], 64, 0};
    struct word high = {INSPECT_REGISTER_COUNT, field_fault_rows(true), record[1], 64, 64};
    size_t below = low.rows.count + reserved_runs(unnamed(&low), low.value);
    return index < below ? take(&source, &low, index, field) : take(&source, &high, index - below, field);
}
