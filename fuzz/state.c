/* SPDX-License-Identifier: MIT */
/*
 * Saved states of a modelled unit, fed by libFuzzer: each input as it is, and once more with a header and a check sum
 * that fit, so that what lies behind them is reached.
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -I. fuzz/state.c \
 *         tests/model_vtd/careless.c tests/model_vtd/state_bytes.c build/libiommukit-model.a -o fuzz-state
 *
 * A state that is refused has changed nothing. One that is taken reads back as itself, and the unit works on: it
 * answers, and it comes to an end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model_vtd/careless.h"
#include "tests/model_vtd/state_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNITS 4u
#define STEPS 24u

struct unit {
    struct careless software;
    uint8_t start[IOMMU_MODEL_VTD_STATE_MAX];
    size_t start_bytes;
};

static const char *const presets[UNITS] = {"page-requests", "legacy", "legacy-no-queue", "small"};

static void need(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "state: %s\n", what);
    abort();
}

static unsigned preset_number(const char *name)
{
    unsigned number = 0;

    while (strcmp(iommu_model_vtd_preset_name(number), name) != 0)
        number++;
    return number;
}

static struct unit *unit_of(unsigned which)
{
    static struct unit *units[UNITS];

    if (units[which] == NULL) {
        struct unit *unit = calloc(1, sizeof(*unit));
        need(unit != NULL && careless_begin(&unit->software, preset_number(presets[which]), which), "no memory");
        for (unsigned i = 0; i < 100; i++)
            careless_step(&unit->software);
        need(iommu_model_vtd_save(unit->software.model, unit->start, sizeof(unit->start), &unit->start_bytes) == 0,
             "the first state cannot be saved");
        units[which] = unit;
    }
    return units[which];
}

static size_t save(struct unit *unit, uint8_t *bytes)
{
    size_t size = 0;

    need(iommu_model_vtd_save(unit->software.model, bytes, IOMMU_MODEL_VTD_STATE_MAX, &size) == 0, "cannot be saved");
    return size;
}

/* The same bytes again: what was taken is what is there. */
static void check_taken(struct unit *unit)
{
    uint8_t first[IOMMU_MODEL_VTD_STATE_MAX], second[IOMMU_MODEL_VTD_STATE_MAX];
    size_t size = save(unit, first);

    need(iommu_model_vtd_restore(unit->software.model, first, size, NULL) == 0, "its own state is refused");
    need(save(unit, second) == size && memcmp(first, second, size) == 0, "a state changed on its way");
    unit->software.seed.state = size;
    for (unsigned i = 0; i < STEPS; i++)
        careless_step(&unit->software);
    size = save(unit, first);
    need(iommu_model_vtd_restore(unit->software.model, first, size, NULL) == 0, "the state after some work is refused");
    need(iommu_model_vtd_restore(unit->software.model, unit->start, unit->start_bytes, NULL) == 0, "no way back");
}

static void try(struct unit *unit, const uint8_t *bytes, size_t size)
{
    uint8_t now[IOMMU_MODEL_VTD_STATE_MAX];
    const char *why = NULL;
    int result = iommu_model_vtd_restore(unit->software.model, bytes, size, &why);

    if (result == 0) {
        check_taken(unit);
        return;
    }
    need(result == -22 && why != NULL, "a strange refusal");
    need(save(unit, now) == unit->start_bytes && memcmp(now, unit->start, unit->start_bytes) == 0,
         "a refused state left a trace");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + !size); /* exactly as long, so that a sanitizer sees a byte read too far */

    need(copy != NULL, "no memory");
    for (unsigned which = 0; which < UNITS; which++) {
        struct unit *unit = unit_of(which);
        if (size != 0)
            memcpy(copy, data, size);
        try(unit, copy, size);
        if (size < SB_HEADER + 4)
            continue;
        memcpy(copy, unit->start, SB_HEADER);
        sb_seal(copy, size);
        try(unit, copy, size);
    }
    free(copy);
    return 0;
}
