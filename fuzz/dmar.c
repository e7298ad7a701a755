/* SPDX-License-Identifier: MIT */
/*
 * The DMAR parser, fed by libFuzzer:
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. fuzz/dmar.c \
 *         tests/dmar/check.c drivers/vtd/dmar.c -o fuzz-dmar
 *
 * Each input is read as it is, and once more with its header repaired, for no fuzzer guesses a
 * checksum.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dmar/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_it(const uint8_t *bytes, size_t size)
{
    const char *wrong = dmar_check(bytes, size);

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
