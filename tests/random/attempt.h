/* SPDX-License-Identifier: MIT */
/*
 * attempt.h - one run of a random sequence, in a process of its own: whatever happens to it is a result. A run that
 * fails is cut down to the calls that it takes.
 */
#ifndef IOMMUKIT_TEST_ATTEMPT_H
#define IOMMUKIT_TEST_ATTEMPT_H

#include "tests/random/play.h"

#define ATTEMPT_OPS_MAX 20000u

struct attempt {
    /* Told. */
    uint64_t seed;
    struct world_setup setup;
    unsigned steps;
    unsigned check_every; /* full checks; routes are checked after each step */
    bool replay;          /* op[] is given, not chosen */
    /* Found. */
    bool finished, failed;
    unsigned step;       /* that failed; == count: at the end */
    const char *failure; /* its kind */
    char text[PLAY_TEXT];
    uint64_t landed, blocked;
    uint64_t made[OP_COUNT], refused[OP_COUNT];
    unsigned count;
    struct op op[ATTEMPT_OPS_MAX];
};

/* Shared with the processes that try. */
struct attempt *attempt_new(void);
void attempt_delete(struct attempt *attempt);
/* False: it failed. */
bool attempt_run(struct attempt *attempt);
/* A failed attempt's op[] becomes so short that no op can go alone, and fails in the same way. */
void attempt_shrink(struct attempt *attempt);
/* As a test case. */
void attempt_print(const struct attempt *attempt, const char *program);

#endif
