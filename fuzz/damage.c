/* SPDX-License-Identifier: MIT */
/* damage.c - see damage.h. */
#include "fuzz/damage.h"

#include <string.h>

struct seed damage_seed(uint64_t seed, uint64_t index)
{
    struct seed state = {seed * 0xd1342543de82ef95 + index};

    (void)seed_next(&state);
    return state;
}

/* Numbers that off-by-one errors and overflows like. */
static uint64_t odd_number(struct seed *seed, uint64_t bytes)
{
    static const uint64_t numbers[] = {0, 1, 2, 3, 0x7f, 0xff, 0xfff, 0x1000, 0x1001, 0x7fff, 0xffff, 0x7fffffff,
                                       0x80000000, 0xffffffff, 0x100000000, ~0ull >> 1, 1ull << 63, ~0xfffull, ~0ull};
    uint64_t which = seed_below(seed, sizeof(numbers) / sizeof(numbers[0]) + 3);

    if (which < sizeof(numbers) / sizeof(numbers[0]))
        return numbers[which];
    return which % 2 ? bytes + seed_below(seed, 5) - 2 : seed_next(seed);
}

static void put_number(struct seed *seed, uint8_t *data, size_t bytes, size_t within)
{
    size_t size = (size_t)1 << seed_below(seed, 4), at = (size_t)seed_below(seed, within) / size * size;
    uint64_t number = odd_number(seed, bytes);

    if (at + size <= bytes)
        memcpy(data + at, &number, size);
}

static void move_piece(struct seed *seed, uint8_t *data, size_t bytes, size_t within)
{
    size_t from = (size_t)seed_below(seed, within), to = (size_t)seed_below(seed, within);
    size_t length = (size_t)seed_below(seed, 64);

    if (from + length <= bytes && to + length <= bytes)
        memmove(data + to, data + from, length);
}

void damage(struct seed *seed, uint8_t *data, size_t *bytes, size_t within)
{
    size_t reach = within < *bytes ? within : *bytes;

    if (reach == 0)
        return;
    switch (seed_below(seed, 8)) {
    case 0:
        data[seed_below(seed, reach)] ^= (uint8_t)(1u << seed_below(seed, 8));
        break;
    case 1:
        data[seed_below(seed, reach)] = (uint8_t)seed_next(seed);
        break;
    case 2:
        *bytes = (size_t)seed_below(seed, seed_below(seed, 2) ? *bytes : reach);
        break;
    case 3:
        move_piece(seed, data, *bytes, reach);
        break;
    default:
        put_number(seed, data, *bytes, reach);
        break;
    }
}
