/* SPDX-License-Identifier: MIT */
/*
 * The DMAR parser, and the list of what a table says, fed by libFuzzer:
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -I. fuzz/dmar.c tests/dmar/check.c \
 *         tests/inspect/listed.c drivers/vtd/dmar.c inspect/system*.c inspect/bdf.c inspect/why.c -lpci -lz -o fuzz-dmar
 *
 * Each input is read as it is, and once more with its header repaired, for no fuzzer guesses a
 * checksum.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dmar/check.h"
#include "tests/inspect/listed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_it(const uint8_t *bytes, size_t size)
{
    const char *wrong = dmar_check(bytes, size);

    if (!wrong)
        wrong = dmar_listed(bytes, size);
    if (!wrong)
        return;
    (void)fprintf(stderr, "DMAR table of %zu bytes: %s\n", size, wrong);
    abort();
}

static void repair(uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;

    memcpy(bytes, "DMAR", 4);
    for (size_t i = 0; i < 4; i++)
        bytes[4 + i] = (uint8_t)(size >> 8 * i);
    bytes[9] = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[9] = (uint8_t)-sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    if (size > 1 << 20)
        return 0;
    /* Exactly as long as the table, so that a sanitizer sees a byte read too far. */
    copy = calloc(1, size + !size);
    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    read_it(copy, size);
    if (size >= 48) {
        repair(copy, size);
        read_it(copy, size);
    }
    free(copy);
    return 0;
}
