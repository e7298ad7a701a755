/* SPDX-License-Identifier: MIT */
/* smoke.h - what a target brings along for its short run without libFuzzer (smoke.c): inputs from a seed. */
#ifndef IOMMUKIT_FUZZ_SMOKE_H
#define IOMMUKIT_FUZZ_SMOKE_H

#include <stddef.h>
#include <stdint.h>

struct smoke_target {
    const char *inputs; /* "damaged tables" */
    uint64_t count;     /* for five to ten seconds */
    unsigned batch;     /* as many in a few seconds even on a slow machine, or one of them does not end */
    /* Allocates input `index`; the same for the same seed and index. */
    uint8_t *(*make)(uint64_t seed, uint64_t index, size_t *bytes);
};

extern const struct smoke_target smoke_target;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
