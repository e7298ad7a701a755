/* SPDX-License-Identifier: MIT */
/* config_mutate.c - damaged configuration spaces: capability lists that loop, leave the space, overlap. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/damage.h"
#include "fuzz/smoke.h"

static void put(uint8_t *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* An endpoint with everything: express, ATS, PRI, PASID, ACS, two DVSECs. */
static void sound(uint8_t space[4096])
{
    static const uint16_t ids[] = {0x01, 0x0f, 0x13, 0x1b, 0x0d, 0x23, 0x23, 0x10};
    put(space, 0x0b258086, 4);
    put(space + 4, 0x00100546, 4);
    space[0x34] = 0x40;
    put(space + 0x40, 0x6001, 2);
    put(space + 0x60, 0x00920010, 4);
    put(space + 0x84, 1u << 21, 4);
    for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        unsigned at = 0x100 + 0x40 * i;
        put(space + at, ids[i] | 1u << 16 | (i + 1 < sizeof ids / sizeof ids[0] ? (at + 0x40) << 20 : 0), 4);
        put(space + at + 4, ids[i] == 0x23 ? 0x01808086 : 0x00011404, 4);
        put(space + at + 8, 5, 2);
    }
}

static uint8_t *make(uint64_t seed, uint64_t index, size_t *bytes)
{
    static const size_t sizes[] = {64, 256, 4096};
    struct seed state = damage_seed(seed, index);
    uint64_t times = seed_below(&state, 12);
    uint8_t *data = calloc(1, 4096);

    if (data == NULL)
        abort();
    sound(data);
    *bytes = sizes[seed_below(&state, 3)];
    for (uint64_t i = 0; i < times; i++) {
        /* Mostly where lists begin and go on. */
        size_t at = seed_below(&state, 2) ? 0x34 + seed_below(&state, 0x2e) : 0x100 + 0x40 * seed_below(&state, 8);
        if (at + 4 <= *bytes && seed_below(&state, 3) != 0)
            data[at + seed_below(&state, 4)] = (uint8_t)seed_below(&state, 256);
        else
            damage(&state, data, bytes, *bytes);
    }
    return data;
}

const struct smoke_target smoke_target = {"damaged configuration spaces", 2000000, 16384, make};
