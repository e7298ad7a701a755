/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/attempt.h - one DMA, what was predicted of it, and what became of it. Used
 * by episode.c.
 */
#ifndef TESTS_DIFFERENTIAL_ATTEMPT_H
#define TESTS_DIFFERENTIAL_ATTEMPT_H

#include "tests/differential/differential.h"

#define CHUNK_BYTES 16u

/* The part of a DMA that lies in one page. */
struct segment {
    uint64_t iova;
    unsigned at, bytes; /* from the DMA's first byte */
    struct prediction predicted;
    struct iommu_model_result result;
    struct iommu_model_explanation explanation;
    uint8_t data[CHUNK_BYTES]; /* reads: what is to come; writes: what was there */
};

struct attempt {
    unsigned device, segments, bytes;
    unsigned at; /* in the device's buffer */
    bool write;
    struct segment segment[2];
    struct record qemu, model;
    const uint8_t *got; /* what a read brought; NULL: not known yet */
};

void attempt_make(struct attempt *attempt, unsigned device, uint64_t iova, unsigned bytes,
                  bool write);
/* Is the model's answer what QEMU is expected to do? */
bool attempt_agrees(const struct twin *twin, const struct attempt *attempt,
                    const struct segment *segment);
/* The known differences that explain why not; 0: none does. */
uint32_t attempt_rules(const struct twin *twin, const struct segment *segment);
/* The first segment whose fault is recorded; a second fault of the same requester merges with
 * it. */
const struct segment *attempt_first_recorded(const struct attempt *attempt);
void attempt_print(const struct twin *twin, const struct attempt *attempt);

#endif
