/* SPDX-License-Identifier: MIT */
/*
 * tests/common/seed.h - random numbers that can be had again.
 *
 *     struct seed seed = seed_start();
 *
 * says which seed it took; IOMMUKIT_SEED=that runs the test again with the same numbers.
 */
#ifndef TESTS_COMMON_SEED_H
#define TESTS_COMMON_SEED_H

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct seed {
    uint64_t state;
};

static inline struct seed seed_start(void)
{
    const char *given = getenv("IOMMUKIT_SEED");
    struct timespec now;
    struct seed start;

    timespec_get(&now, TIME_UTC);
    start.state =
        given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_sec ^ (uint64_t)now.tv_nsec << 20;
    printf("# again: IOMMUKIT_SEED=0x%" PRIx64 " %s\n", start.state, program_invocation_name);
    return start;
}

/* splitmix64 */
static inline uint64_t seed_next(struct seed *seed)
{
    uint64_t z = seed->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 to below - 1 */
static inline uint64_t seed_below(struct seed *seed, uint64_t below)
{
    return seed_next(seed) % below;
}

#endif
