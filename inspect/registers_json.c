/* SPDX-License-Identifier: MIT */
/* registers_json.c - registers from JSON: one unit, an array of them, or an object with "units". */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "inspect/registers_parse.h"

/* A member's value as text, so that JSON and lines are judged alike. False: neither string nor whole number. */
static bool as_text(const json_t *value, char *text, size_t bytes)
{
    if (json_is_string(value))
        return snprintf(text, bytes, "%s", json_string_value(value)) < (int)bytes;
    if (json_is_integer(value))
        return snprintf(text, bytes, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) < (int)bytes;
    return false;
}

static int take_text(struct inspect_unit *unit, const char *name, const json_t *value, struct inspect_why *why)
{
    char text[64];
    if (!as_text(value, text, sizeof text))
        return inspect_fail(why, -EINVAL, "%.32s is not a number", name);
    return register_is_place(name) ? register_set_place(unit, name, text, why)
                                   : inspect_register_set(unit, name, text, why);
}

/* "FRCD0": ["0xlow", "0xhigh"] */
static int take_pair(struct inspect_unit *unit, const char *name, const json_t *pair, struct inspect_why *why)
{
    static const char *const half[] = {"LO", "HI"};
    for (size_t i = 0; i < 2; i++) {
        char part[48];
        snprintf(part, sizeof part, "%.32s_%s", name, half[i]);
        int result = take_text(unit, part, json_array_get(pair, i), why);
        if (result != 0)
            return result;
    }
    return 0;
}

static int take_unit(json_t *object, struct inspect_registers *registers, struct inspect_why *why)
{
    int result = 0;
    const char *name;
    json_t *value;
    struct inspect_unit *unit = register_unit_add(registers, &result, why);
    if (unit == NULL)
        return result;
    json_object_foreach(object, name, value) {
        if (!register_known(name) && !register_is_place(name))
            continue;
        if (json_is_array(value) && json_array_size(value) == 2)
            result = take_pair(unit, name, value, why);
        else
            result = take_text(unit, name, value, why);
        if (result != 0)
            return result;
    }
    if (register_unit_empty(unit))
        return inspect_fail(why, -EINVAL, "no register in it (such as \"CAP\": \"0x...\")");
    return 0;
}

static int take_root(json_t *root, struct inspect_registers *registers, struct inspect_why *why)
{
    json_t *units = json_is_object(root) ? json_object_get(root, "units") : root;
    if (units == NULL)
        return take_unit(root, registers, why);
    if (!json_is_array(units) || json_array_size(units) == 0)
        return inspect_fail(why, -EINVAL, "there are no units in it");
    for (size_t i = 0; i < json_array_size(units); i++) {
        json_t *unit = json_array_get(units, i);
        if (!json_is_object(unit))
            return inspect_fail(why, -EINVAL, "unit %zu is not an object", i);
        int result = take_unit(unit, registers, why);
        if (result != 0)
            return result;
    }
    return 0;
}

int registers_parse_json(const char *text, size_t bytes, struct inspect_registers *registers, struct inspect_why *why)
{
    json_error_t error;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        return inspect_fail(why, -EINVAL, "line %d: %.120s", error.line, error.text);
    int result = take_root(root, registers, why);
    json_decref(root);
    return result;
}
