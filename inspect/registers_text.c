/* SPDX-License-Identifier: MIT */
/*
 * registers_text.c - registers from lines: "NAME VALUE", "NAME: VALUE", "NAME = VALUE", what Linux's debugfs prints,
 *
 *     IOMMU: dmar0 Register Base Address: fed90000
 *     Name                    Offset          Contents
 *     CAP                     0x08            0x00d2008c222f0606
 *
 * and what it says when it boots,
 *
 *     DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap d2008c222f0606 ecap f00f4a
 *
 * A line that names no register is passed over: these files come with headings, and with registers not known here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/registers_parse.h"

#define WORDS      32
#define WORD_BYTES 48

struct line {
    char word[WORDS][WORD_BYTES]; /* longer ones are cut: no name or number has so many letters */
    unsigned words;
};

struct reader {
    struct inspect_registers *registers;
    struct inspect_unit *unit; /* the one that lines belong to; NULL before the first */
    struct inspect_why *why;
};

/* ---- words --------------------------------------------------------------------------------- */

static bool is_separator(char letter)
{
    return strchr(" \t\r\v\f=:", letter) != NULL; /* '\0', too */
}

static void split(const char *text, size_t bytes, struct line *line)
{
    size_t at = 0;
    line->words = 0;
    while (line->words < WORDS) {
        while (at < bytes && is_separator(text[at]))
            at++;
        size_t start = at;
        while (at < bytes && !is_separator(text[at]))
            at++;
        if (at == start)
            return;
        size_t length = at - start < WORD_BYTES ? at - start : WORD_BYTES - 1;
        memcpy(line->word[line->words], text + start, length);
        line->word[line->words++][length] = '\0';
    }
}

/* The word after this one, or NULL. */
static const char *after(const struct line *line, const char *word)
{
    for (unsigned i = 0; i + 1 < line->words; i++)
        if (strcmp(line->word[i], word) == 0)
            return line->word[i + 1];
    return NULL;
}

/* ---- units --------------------------------------------------------------------------------- */

static int start_unit(struct reader *reader)
{
    int result = 0;
    if (reader->unit != NULL && register_unit_empty(reader->unit))
        return inspect_fail(reader->why, -EINVAL, "unit %u has no registers", reader->registers->count - 1);
    reader->unit = register_unit_add(reader->registers, &result, reader->why);
    return result;
}

/* The kernel leaves the 0x out. Nothing for value = NULL. */
static int take_hex(struct reader *reader, const char *name, const char *digits)
{
    char value[WORD_BYTES + 2];
    if (digits == NULL)
        return 0;
    snprintf(value, sizeof value, "0x%s", digits);
    return register_is_place(name) ? register_set_place(reader->unit, name, value, reader->why)
                                   : inspect_register_set(reader->unit, name, value, reader->why);
}

/* debugfs: a unit's heading. */
static int take_heading(struct reader *reader, const struct line *line)
{
    int result = start_unit(reader);
    return result != 0 ? result : take_hex(reader, "BASE", after(line, "Address"));
}

/* The kernel's log: a unit in one line. "ver 1:0" are the halves of VER. */
static int take_log(struct reader *reader, const struct line *line)
{
    const char *major = after(line, "ver"), *minor = major != NULL ? after(line, major) : NULL;
    int result = start_unit(reader);
    if (result == 0)
        result = take_hex(reader, "BASE", after(line, "reg_base_addr"));
    if (result == 0)
        result = take_hex(reader, "CAP", after(line, "cap"));
    if (result == 0)
        result = take_hex(reader, "ECAP", after(line, "ecap"));
    if (result == 0 && minor != NULL && strlen(major) == 1 && strlen(minor) == 1) {
        const char version[] = {major[0], minor[0], '\0'};
        result = take_hex(reader, "VER", version);
    }
    return result;
}

/* ---- one register a line ------------------------------------------------------------------- */

static int take_place(struct reader *reader, const struct line *line)
{
    int result = 0;
    if (reader->unit == NULL || !register_unit_empty(reader->unit))
        result = start_unit(reader);
    return result != 0 ? result : register_set_place(reader->unit, line->word[0], line->word[1], reader->why);
}

static int take_register(struct reader *reader, const struct line *line)
{
    int result = reader->unit == NULL ? start_unit(reader) : 0;
    if (result != 0)
        return result;
    uint64_t known = reader->unit->known;
    result = inspect_register_set(reader->unit, line->word[0], line->word[line->words - 1], reader->why);
    if (result == 0 && reader->unit->known == known && !register_is_record(line->word[0]))
        return inspect_fail(reader->why, -EINVAL, "%s comes twice; a line 'BASE 0x...' begins another unit",
                            line->word[0]);
    return result;
}

static int take_line(struct reader *reader, const struct line *line)
{
    uint64_t offset;
    const char *base = after(line, "Base");
    if (base != NULL && strcmp(base, "Address") == 0 && after(line, "Address") != NULL)
        return take_heading(reader, line);
    if (after(line, "reg_base_addr") != NULL)
        return take_log(reader, line);
    if (line->words == 2 && register_is_place(line->word[0]))
        return take_place(reader, line);
    if (line->words != 2 && !(line->words == 3 && register_number(line->word[1], UINT32_MAX, &offset)))
        return 0;
    return register_known(line->word[0]) ? take_register(reader, line) : 0;
}

int registers_parse_text(const char *text, size_t bytes, struct inspect_registers *registers, struct inspect_why *why)
{
    struct inspect_why reason = {""};
    struct reader reader = {.registers = registers, .why = &reason};
    struct line line;
    unsigned number = 0;
    for (size_t at = 0; at < bytes; number++) {
        const char *end = memchr(text + at, '\n', bytes - at);
        size_t length = end != NULL ? (size_t)(end - text) - at : bytes - at;
        split(text + at, length, &line);
        int result = take_line(&reader, &line);
        if (result != 0)
            return inspect_fail(why, result, "line %u: %.200s", number + 1, reason.text);
        at += length + 1;
    }
    if (reader.unit == NULL || register_unit_empty(reader.unit))
        return inspect_fail(why, -EINVAL, "no register in it (such as a line 'CAP 0x...')");
    return 0;
}
