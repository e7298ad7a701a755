/* SPDX-License-Identifier: MIT */
/* memory_mutate.c - damaged dumps of every format; most of the damage is in their headers. */
#include "fuzz/damage.h"
#include "fuzz/smoke.h"
#include "tests/inspect/images.h"

#define PIECES 4
#define KDUMPS 64 /* the first inputs of a seed; no more, for what libkdumpfile holds stays, see inspect/memory_kdump.c */

static struct image_file some_image(struct seed *seed, uint64_t index)
{
    struct image_piece piece[PIECES];
    size_t count = 1 + (size_t)seed_below(seed, PIECES);

    for (size_t i = 0; i < count; i++)
        piece[i] = (struct image_piece){4096 * seed_below(seed, 32), 4096 * (1 + seed_below(seed, 3)), false};
    if (index < KDUMPS)
        return image_kdump(piece, count);
    switch (seed_below(seed, 8)) {
    case 0:
        return image_elf32(piece, count);
    case 1:
    case 2:
        return image_lime(piece, count);
    default:
        return image_elf64(piece, count);
    }
}

static uint8_t *make(uint64_t seed, uint64_t index, size_t *bytes)
{
    struct seed state = damage_seed(seed, index);
    struct image_file file = some_image(&state, index);
    uint64_t times = 1 + seed_below(&state, 5);

    for (uint64_t i = 0; i < times; i++)
        damage(&state, file.data, &file.bytes, seed_below(&state, 4) ? 512 : file.bytes);
    if (seed_below(&state, 16) == 0) {
        file = image_flatten(file);
        damage(&state, file.data, &file.bytes, file.bytes);
    }
    if (seed_below(&state, 16) == 0) {
        file = image_pack(file);
        if (seed_below(&state, 2))
            damage(&state, file.data, &file.bytes, file.bytes);
    }
    *bytes = file.bytes;
    return file.data;
}

const struct smoke_target smoke_target = {"damaged dumps", 40000, 256, make};
