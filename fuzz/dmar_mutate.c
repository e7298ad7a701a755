/* SPDX-License-Identifier: MIT */
#include "fuzz/smoke.h"
#include "tests/dmar/build.h"

#include <string.h>

/* splitmix64: any state is a good one, so seed and index can simply be mixed into it. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t limit)
{
    return limit ? (size_t)(draw(state) % limit) : 0;
}

/* Where some record begins; the header's end if there is none. */
static size_t some_record(const struct dmar_build *b, uint64_t *state)
{
    size_t at = 48, found = 48, seen = 0;

    while (at + 4 <= b->length) {
        size_t length = b->bytes[at + 2] | (size_t)b->bytes[at + 3] << 8;

        if (length < 4 || length > b->length - at)
            break;
        if (below(state, ++seen) == 0)
            found = at;
        at += length;
    }
    return found;
}

/* Numbers that firmware and off-by-one errors like. */
static uint64_t odd_number(uint64_t *state)
{
    static const uint64_t numbers[] = {
        0,  1,    2,    3,    4,     6,      7,      8,          9,     15,        16,
        17, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0xffff, 0xfed90000, ~0ull, ~0xfffull, 1ull << 63};
    size_t n = sizeof(numbers) / sizeof(numbers[0]);
    size_t i = below(state, n + 1);

    return i < n ? numbers[i] : draw(state);
}

/* Copy a record to the end: bases repeat, catch-alls come twice, the order is lost. */
static void repeat_record(struct dmar_build *b, uint64_t *state)
{
    size_t from = some_record(b, state);
    size_t length;

    if (from + 4 > b->length)
        return;
    length = b->bytes[from + 2] | (size_t)b->bytes[from + 3] << 8;
    if (length > b->length - from || length < 4)
        return;
    dmar_record(b, 0);
    dmar_put(b, 0, length - 4);
    memcpy(b->bytes + b->record, b->bytes + from, length);
}

static void damage(struct dmar_build *b, uint64_t *state)
{
    size_t at = below(state, b->length);
    size_t record = some_record(b, state);
    size_t field = record + below(state, 24);
    size_t size = (size_t)1 << below(state, 4);

    switch (below(state, 8)) {
    case 0:
        b->bytes[at] ^= (uint8_t)(1u << below(state, 8));
        break;
    case 1:
        b->bytes[at] = (uint8_t)draw(state);
        break;
    case 2:
        b->length = 48 + below(state, b->length - 47);
        break;
    case 3:
    case 4:
        repeat_record(b, state);
        break;
    case 5:
        if (record + 3 < b->length)
            dmar_poke(b, record + 2 * below(state, 2), below(state, 40), 2);
        break;
    default:
        if (field + size <= b->length)
            dmar_poke(b, field, odd_number(state), size);
        break;
    }
}

/* A table of machines.c with damage. */
static uint8_t *make(uint64_t seed, uint64_t index, size_t *bytes)
{
    struct dmar_build table = {0}, *b = &table;
    uint64_t state = seed * 0xd1342543de82ef95 + index;
    size_t times;

    draw(&state);
    times = 1 + below(&state, 6);
    dmar_machines[below(&state, dmar_machine_count)].build(b);
    for (size_t i = 0; i < times; i++)
        damage(b, &state);
    if (below(&state, 16) != 0) { /* else header and checksum do not fit */
        memcpy(b->bytes, "DMAR", 4);
        dmar_end(b);
    }
    *bytes = table.length;
    return table.bytes;
}

const struct smoke_target smoke_target = {"damaged tables", 100000, 256, make};
