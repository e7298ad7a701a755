/* SPDX-License-Identifier: MIT */
/* registers.c - see registers.h: setting one by name, reading a file. */
#include "inspect/registers.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "inspect/registers_parse.h"
#include "spec/vtd_regs.h"

#define FILE_BYTES_MAX (16u << 20)
#define NAME_BYTES     32

/* ---- names --------------------------------------------------------------------------------- */

/* Without _REG. */
static void bare_name(const char *name, char bare[NAME_BYTES])
{
    snprintf(bare, NAME_BYTES, "%s", name);
    size_t length = strlen(bare);
    if (length > 4 && strcasecmp(bare + length - 4, "_REG") == 0)
        bare[length - 4] = '\0';
}

static enum inspect_register find(const char *name)
{
    char bare[NAME_BYTES];
    unsigned reg = 0;
    bare_name(name, bare);
    while (reg < INSPECT_REGISTER_COUNT && strcasecmp(bare, inspect_register_name((enum inspect_register)reg)) != 0)
        reg++;
    return (enum inspect_register)reg;
}

/* A fault record, or half of one: FRCDn, FRCDn_LO, FRCDn_HI. */
struct record_name {
    unsigned long index;
    bool low, high;
};

static bool is_record(const char *name, struct record_name *record)
{
    char bare[NAME_BYTES], *end;
    bare_name(name, bare);
    if (strncasecmp(bare, "FRCD", 4) != 0 || !isdigit((unsigned char)bare[4]))
        return false;
    record->index = strtoul(bare + 4, &end, 10);
    record->low = *end == '\0' || strcasecmp(end, "_LO") == 0;
    record->high = *end == '\0' || strcasecmp(end, "_HI") == 0;
    return record->low || record->high;
}

bool register_is_record(const char *name)
{
    struct record_name record;
    return is_record(name, &record);
}

bool register_known(const char *name)
{
    return find(name) != INSPECT_REGISTER_COUNT || register_is_record(name);
}

bool register_is_place(const char *name)
{
    return strcasecmp(name, "BASE") == 0 || strcasecmp(name, "SEGMENT") == 0;
}

/* ---- values -------------------------------------------------------------------------------- */

bool register_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, text[0] == '0' && tolower((unsigned char)text[1]) == 'x' ? 16 : 10);
    if (errno != 0 || *end != '\0' || number > max)
        return false;
    *value = number;
    return true;
}

/* Tells apart what is no number at all and what does not fit. */
static int take_number(const char *name, const char *text, unsigned bits, uint64_t *value, struct inspect_why *why)
{
    uint64_t max = bits < 64 ? ((uint64_t)1 << bits) - 1 : UINT64_MAX;
    if (register_number(text, max, value))
        return 0;
    const char *digits = text[0] == '0' && tolower((unsigned char)text[1]) == 'x' ? text + 2 : text;
    size_t length = strspn(digits, digits == text ? "0123456789" : "0123456789abcdefABCDEF");
    if (length == 0 || digits[length] != '\0')
        return inspect_fail(why, -EINVAL, "%.32s: '%.40s' is not a number (hexadecimal ones begin with 0x)", name, text);
    return inspect_fail(why, -EINVAL, "%.32s: %.40s does not fit into %u bits", name, text, bits);
}

/* Both halves in one hexadecimal number. */
static int take_whole_record(const char *name, const char *text, uint64_t record[2], struct inspect_why *why)
{
    char low[19];
    size_t length = strlen(text);
    record[1] = 0;
    if (length <= 18 || strncasecmp(text, "0x", 2) != 0)
        return take_number(name, text, 64, &record[0], why);
    char high[35];
    snprintf(low, sizeof low, "0x%s", text + length - 16);
    snprintf(high, sizeof high, "%.*s", (int)(length - 16 < sizeof high ? length - 16 : sizeof high - 1), text);
    int result = take_number(name, low, 64, &record[0], why);
    return result != 0 ? result : take_number(name, high, 64, &record[1], why);
}

static int set_record(struct inspect_unit *unit, const struct record_name *which, const char *name, const char *value,
                      struct inspect_why *why)
{
    if (which->index >= INSPECT_FRCD_MAX)
        return inspect_fail(why, -EINVAL, "%.32s: there are %u fault records at most", name, INSPECT_FRCD_MAX);
    uint64_t *record = unit->fault[which->index];
    int result = which->low && which->high ? take_whole_record(name, value, record, why)
                                           : take_number(name, value, 64, &record[which->high], why);
    if (result == 0 && which->index >= unit->fault_count)
        unit->fault_count = (unsigned)which->index + 1;
    return result;
}

int inspect_register_set(struct inspect_unit *unit, const char *name, const char *value, struct inspect_why *why)
{
    struct record_name record;
    if (is_record(name, &record))
        return set_record(unit, &record, name, value, why);
    enum inspect_register reg = find(name);
    if (reg == INSPECT_REGISTER_COUNT)
        return inspect_fail(why, -EINVAL, "there is no register '%.32s'", name);
    int result = take_number(name, value, inspect_register_bits(reg), &unit->value[reg], why);
    if (result == 0)
        unit->known |= (uint64_t)1 << reg;
    return result;
}

int register_set_place(struct inspect_unit *unit, const char *name, const char *value, struct inspect_why *why)
{
    uint64_t number = 0;
    bool is_base = strcasecmp(name, "BASE") == 0;
    int result = take_number(name, value, is_base ? 64 : 16, &number, why);
    if (result == 0 && is_base)
        unit->base = number;
    else if (result == 0)
        unit->segment = (uint16_t)number;
    return result;
}

/* ---- units --------------------------------------------------------------------------------- */

struct inspect_unit *register_unit_add(struct inspect_registers *registers, int *result, struct inspect_why *why)
{
    if (registers->count >= INSPECT_UNITS_MAX) {
        *result = inspect_fail(why, -EINVAL, "more than %u units", INSPECT_UNITS_MAX);
        return NULL;
    }
    struct inspect_unit *unit = realloc(registers->unit, (registers->count + 1) * sizeof *unit);
    if (unit == NULL) {
        *result = inspect_fail(why, -ENOMEM, "out of memory");
        return NULL;
    }
    registers->unit = unit;
    unit += registers->count++;
    memset(unit, 0, sizeof *unit);
    return unit;
}

bool register_unit_empty(const struct inspect_unit *unit)
{
    return unit->known == 0 && unit->fault_count == 0;
}

void inspect_registers_free(struct inspect_registers *registers)
{
    free(registers->unit);
    *registers = (struct inspect_registers){.count = 0};
}

/* ---- files --------------------------------------------------------------------------------- */

static char letter_at(const char *text, size_t bytes, size_t *at)
{
    while (*at < bytes && isspace((unsigned char)text[*at]))
        ++*at;
    if (*at >= bytes)
        return '\0';
    return text[(*at)++];
}

/* A line of the kernel's log begins with [ too. */
static bool is_json(const char *text, size_t bytes)
{
    size_t at = 0;
    char first = letter_at(text, bytes, &at), second = letter_at(text, bytes, &at);
    return first == '{' || (first == '[' && (second == '{' || second == ']'));
}

int inspect_registers_parse(const char *text, size_t bytes, struct inspect_registers *registers,
                            struct inspect_why *why)
{
    struct inspect_registers read = {.count = 0};
    int result = is_json(text, bytes) ? registers_parse_json(text, bytes, &read, why) : registers_parse_text(text, bytes, &read, why);
    if (result != 0)
        inspect_registers_free(&read);
    else
        *registers = read;
    return result;
}

static int read_all(FILE *file, const char *path, char **text, size_t *bytes, struct inspect_why *why)
{
    *text = malloc(FILE_BYTES_MAX);
    if (*text == NULL)
        return inspect_fail(why, -ENOMEM, "out of memory");
    *bytes = fread(*text, 1, FILE_BYTES_MAX, file);
    if (ferror(file))
        return inspect_fail(why, -EINVAL, "cannot read %s: %s", path, strerror(errno));
    if (*bytes == FILE_BYTES_MAX)
        return inspect_fail(why, -EINVAL, "%s is too large for a file of registers", path);
    return 0;
}

int inspect_registers_load(const char *path, struct inspect_registers *registers, struct inspect_why *why)
{
    struct inspect_why reason = {""};
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return inspect_fail(why, errno == ENOENT || errno == EACCES ? -errno : -EINVAL, "cannot open %s: %s", path,
                            strerror(errno));
    int result = read_all(file, path, &text, &bytes, why);
    fclose(file);
    if (result == 0) {
        result = inspect_registers_parse(text, bytes, registers, &reason);
        if (result != 0)
            inspect_fail(why, result, "%.100s: %.150s", path, reason.text);
    }
    free(text);
    return result;
}
