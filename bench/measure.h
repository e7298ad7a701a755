/* SPDX-License-Identifier: MIT */
/*
 * bench/measure.h - slices. Absolute times move by half from run to run on a machine with neighbours; the ratio of two
 * things that ran within the same millisecond does not. So candidate, peers and limits take turns in slices of a fraction
 * of a millisecond, in an order that rotates, and every ratio is taken within one round.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench/bench.h"

#define BENCH_OPS_MAX 16u
#define BENCH_FAILED  UINT64_MAX

struct bench_op {
    char name[BENCH_NAME];
    uint64_t (*run)(void *ctx, unsigned times); /* the nanoseconds that count, or BENCH_FAILED */
    void *ctx;
    double each; /* operations in one of `times` */
};

uint64_t bench_now(void); /* nanoseconds */

/*
 * Takes ops[0] as the candidate, the others as its rivals, and fills the part. sense says which way the ratio goes. Only
 * rivals from `first` on count, `count` of them: one measurement may serve several parts.
 */
struct bench_samples {
    unsigned ops, slices;
    double *ns; /* by op, then by slice; per operation */
    bool failed;
    unsigned failed_op;
};
void bench_take(const struct bench *bench, const struct bench_op *ops, unsigned count, struct bench_samples *samples);
void bench_give(struct bench_samples *samples);

/* Parts. Each returns it, for more to be said. */
struct bench_part *bench_part(struct bench_result *result, enum bench_sense sense, double goal, double must,
                              const char *name);
void bench_missing(struct bench_part *part, const char *why);
/* A number: counted, or one time for all. */
void bench_fixed(struct bench_part *part, double value);
/* candidate against the fastest of ops[first .. first + count). */
void bench_against(struct bench_part *part, const struct bench_op *ops, const struct bench_samples *samples, unsigned candidate,
                   unsigned first, unsigned count);
/* The candidate's own time. */
void bench_alone(struct bench_part *part, const struct bench_op *ops, const struct bench_samples *samples, unsigned candidate);
void bench_count(struct bench_result *result, const char *name, double value);

/* Rounds of one slice each on two sets of threads, for what is no list of ops. */
unsigned bench_rounds(const struct bench *bench);

#endif
