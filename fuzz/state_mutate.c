/* SPDX-License-Identifier: MIT */
/* state_mutate.c - states that software brought about, damaged below their header. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/damage.h"
#include "fuzz/smoke.h"
#include "tests/model_vtd/careless.h"
#include "tests/model_vtd/state_bytes.h"

#define SOUND 48u

struct image {
    uint8_t bytes[IOMMU_MODEL_VTD_STATE_MAX];
    size_t size;
};

/* The same for the same seed. */
static const struct image *sound(uint64_t seed, unsigned which)
{
    static struct image images[SOUND];
    static uint64_t of;
    static bool made;

    for (unsigned i = 0; (!made || of != seed) && i < SOUND; i++) {
        struct careless c;
        unsigned presets = 1;
        while (iommu_model_vtd_preset_name(presets))
            presets++;
        if (!careless_begin(&c, i % presets, seed + i))
            abort();
        for (unsigned step = 0; step < 50 * i; step++)
            careless_step(&c);
        if (iommu_model_vtd_save(c.model, images[i].bytes, sizeof(images[i].bytes), &images[i].size))
            abort();
        careless_end(&c);
    }
    made = true;
    of = seed;
    return &images[which];
}

static uint8_t *make(uint64_t seed, uint64_t index, size_t *bytes)
{
    struct seed state = damage_seed(seed, index);
    const struct image *image = sound(seed, (unsigned)seed_below(&state, SOUND));
    uint64_t times = seed_below(&state, 5);
    uint8_t *data = malloc(sizeof(image->bytes));

    if (data == NULL)
        abort();
    *bytes = image->size;
    memcpy(data, image->bytes, image->size);
    for (uint64_t i = 0; i < times && *bytes > SB_HEADER; i++) {
        size_t below = *bytes - SB_HEADER;
        damage(&state, data + SB_HEADER, &below, below);
        *bytes = below + SB_HEADER;
    }
    if (seed_below(&state, 8) == 0)
        damage(&state, data, bytes, *bytes);
    return data;
}

const struct smoke_target smoke_target = {"damaged states", 40000, 512, make};
