/* SPDX-License-Identifier: MIT */
/*
 * The reader of register files, and the table that decodes them, fed by libFuzzer:
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -I. fuzz/registers.c \
 *         inspect/registers.c inspect/registers_json.c inspect/registers_text.c inspect/fields*.c inspect/bdf.c \
 *         inspect/why.c build/libiommukit.a -ljansson -o fuzz-registers
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "registers: %s\n", what);
    abort();
}

static void check_field(const struct inspect_field *field, unsigned bits)
{
    need(field->low <= field->high && field->high < bits, "a field lies outside of its register");
    need(memchr(field->words, '\0', sizeof field->words) != NULL && field->words[0] != '\0', "a value without words");
}

static void check_unit(const struct inspect_unit *unit)
{
    struct inspect_field field;

    need(unit->known != 0 || unit->fault_count != 0, "a unit without registers");
    need(unit->known >> INSPECT_REGISTER_COUNT == 0 && unit->fault_count <= INSPECT_FRCD_MAX, "more than there are");
    for (unsigned reg = 0; reg < INSPECT_REGISTER_COUNT; reg++) {
        need(inspect_register_bits(reg) == 64 || unit->value[reg] <= UINT32_MAX, "a value is too wide");
        for (size_t i = 0; inspect_register_field(unit, reg, i, &field); i++)
            check_field(&field, inspect_register_bits(reg));
    }
    for (unsigned fault = 0; fault < unit->fault_count; fault++)
        for (size_t i = 0; inspect_fault_field(unit->fault[fault], i, &field); i++)
            check_field(&field, 128);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inspect_registers registers = {.count = 0};
    struct inspect_why why = {""};
    char *copy = malloc(size + !size); /* exactly as long, so that a sanitizer sees a byte read too far */
    int result;

    if (copy == NULL)
        return 0;
    if (size != 0)
        memcpy(copy, data, size);
    result = inspect_registers_parse(copy, size, &registers, &why);
    free(copy);
    need(result == 0 || (result == -EINVAL && why.text[0] != '\0' && registers.unit == NULL), "a strange refusal");
    need(result != 0 || (registers.count >= 1 && registers.count <= INSPECT_UNITS_MAX), "a strange number of units");
    for (unsigned i = 0; registers.unit != NULL && i < registers.count; i++)
        check_unit(&registers.unit[i]);
    inspect_registers_free(&registers);
    return 0;
}
