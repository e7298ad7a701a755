/* SPDX-License-Identifier: MIT */
/* bench/measure.c - slices, and the ratios within them. */
#include "bench/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICE_NS       200000.0
#define SMOKE_SLICE_NS 5000.0
#define SLICES_MAX     601u
#define SLICES_MIN     9u
#define SMOKE_SLICES   3u
#define TIMES_MAX      (1u << 22)

uint64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double budget(const struct bench *bench)
{
    return (bench->options.seconds > 0 ? bench->options.seconds : 1.0) * 1e9;
}

unsigned bench_rounds(const struct bench *bench)
{
    double rounds = budget(bench) / (4 * SLICE_NS);
    if (bench->options.smoke)
        return SMOKE_SLICES;
    return rounds < SLICES_MIN ? SLICES_MIN : rounds > SLICES_MAX ? SLICES_MAX : (unsigned)rounds;
}

/* What is not timed (undoing it) must not make a slice endless. */
static bool fills_slice(const struct bench_op *op, unsigned times, double slice, bool *failed)
{
    uint64_t start = bench_now(), taken = op->run(op->ctx, times), whole = bench_now() - start;
    *failed = taken == BENCH_FAILED;
    return *failed || (double)taken >= slice || (double)whole >= 8 * slice;
}

/*
 * How often for one slice. Asked twice: the first run of all takes its memory from the operating system, which lasts many
 * times as long as what is measured. A slice of one run would then be nothing but the way back of its lines into the cache.
 */
static unsigned calibrate(const struct bench *bench, const struct bench_op *op)
{
    const double slice = bench->options.smoke ? SMOKE_SLICE_NS : SLICE_NS;
    bool failed = false;
    for (unsigned times = 1; times < TIMES_MAX; times *= 2)
        if (fills_slice(op, times, slice, &failed) && (failed || fills_slice(op, times, slice, &failed)))
            return failed ? 0 : times;
    return TIMES_MAX;
}

/*
 * The first run brings back what the others' turns have put out of the caches and does not count: limits share a buffer, so
 * that one of them nearly always inherits it warm, and the candidate never does.
 */
static uint64_t slice_of(const struct bench_op *op, unsigned times)
{
    return op->run(op->ctx, 1) == BENCH_FAILED ? BENCH_FAILED : op->run(op->ctx, times);
}

static bool round_of(const struct bench_op *ops, const unsigned *times, unsigned count, unsigned slice,
                     struct bench_samples *samples)
{
    for (unsigned turn = 0; turn < count; turn++) {
        unsigned at = (turn + slice) % count; /* who inherits whose caches rotates */
        uint64_t taken = slice_of(&ops[at], times[at]);
        if (taken == BENCH_FAILED) {
            samples->failed = true;
            samples->failed_op = at;
            return false;
        }
        samples->ns[at * SLICES_MAX + slice] = (double)taken / times[at] / ops[at].each;
    }
    return true;
}

void bench_take(const struct bench *bench, const struct bench_op *ops, unsigned count, struct bench_samples *samples)
{
    unsigned times[BENCH_OPS_MAX], least = bench->options.smoke ? SMOKE_SLICES : SLICES_MIN;
    uint64_t start;
    *samples = (struct bench_samples){.ops = count, .ns = calloc((size_t)count * SLICES_MAX, sizeof(double))};
    samples->failed = samples->ns == NULL;
    for (unsigned i = 0; i < count && !samples->failed; i++) {
        times[i] = calibrate(bench, &ops[i]);
        samples->failed = times[i] == 0;
        samples->failed_op = i;
    }
    start = bench_now();
    while (!samples->failed && samples->slices < SLICES_MAX) {
        bool enough = bench->options.smoke || (double)(bench_now() - start) > budget(bench);
        if (samples->slices >= least && enough)
            break;
        if (round_of(ops, times, count, samples->slices, samples))
            samples->slices++;
    }
}

void bench_give(struct bench_samples *samples)
{
    free(samples->ns);
    samples->ns = NULL;
}

/* ---- statistics ---------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

struct spread {
    double median, p10, p90;
};

static struct spread spread_of(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, by_size);
    return (struct spread){values[count / 2], values[count / 10], values[count - 1 - count / 10]};
}

static struct spread time_of(const struct bench_samples *samples, unsigned op)
{
    double values[SLICES_MAX] = {0};
    memcpy(values, samples->ns + (size_t)op * SLICES_MAX, samples->slices * sizeof *values);
    return spread_of(values, samples->slices);
}

static struct spread ratio_of(const struct bench_samples *samples, unsigned above, unsigned below)
{
    double values[SLICES_MAX] = {0};
    for (unsigned i = 0; i < samples->slices; i++)
        values[i] = samples->ns[(size_t)above * SLICES_MAX + i] / samples->ns[(size_t)below * SLICES_MAX + i];
    return spread_of(values, samples->slices);
}

/* ---- parts --------------------------------------------------------------------------------------------------- */

struct bench_part *bench_part(struct bench_result *result, enum bench_sense sense, double goal, double must,
                              const char *name)
{
    struct bench_part *part = &result->parts[result->part_count++];
    *part = (struct bench_part){.sense = sense, .goal = goal, .must = must};
    snprintf(part->name, sizeof part->name, "%s", name);
    snprintf(part->missing, sizeof part->missing, "not measured");
    return part;
}

void bench_missing(struct bench_part *part, const char *why)
{
    snprintf(part->missing, sizeof part->missing, "%s", why);
}

static bool reaches(const struct bench_part *part, double mark)
{
    return part->sense == BENCH_TIMES_FASTER ? part->median >= mark : part->median <= mark;
}

static void judge(struct bench_part *part, struct spread spread)
{
    part->missing[0] = '\0';
    part->median = spread.median;
    part->p10 = spread.p10;
    part->p90 = spread.p90;
    if (reaches(part, part->goal))
        part->verdict = BENCH_GOAL;
    else
        part->verdict = part->must == BENCH_NO_MUST || reaches(part, part->must) ? BENCH_MUST : BENCH_SHORT;
}

void bench_fixed(struct bench_part *part, double value)
{
    judge(part, (struct spread){value, value, value});
}

static bool usable(struct bench_part *part, const struct bench_op *ops, const struct bench_samples *samples)
{
    if (!samples->failed && samples->slices > 0)
        return true;
    snprintf(part->missing, sizeof part->missing, "%.48s failed", samples->ns ? ops[samples->failed_op].name : "memory");
    return false;
}

void bench_alone(struct bench_part *part, const struct bench_op *ops, const struct bench_samples *samples, unsigned candidate)
{
    if (!usable(part, ops, samples))
        return;
    judge(part, time_of(samples, candidate));
    part->ns = part->median;
}

void bench_against(struct bench_part *part, const struct bench_op *ops, const struct bench_samples *samples, unsigned candidate,
                   unsigned first, unsigned count)
{
    unsigned fastest = first;
    double least = INFINITY;
    if (!usable(part, ops, samples))
        return;
    for (unsigned i = first; i < first + count; i++) {
        double lead = ratio_of(samples, i, candidate).median;
        if (lead < least) {
            least = lead;
            fastest = i;
        }
    }
    snprintf(part->rival, sizeof part->rival, "%s", ops[fastest].name);
    part->ns = time_of(samples, candidate).median;
    part->rival_ns = time_of(samples, fastest).median;
    judge(part, part->sense == BENCH_TIMES_FASTER ? ratio_of(samples, fastest, candidate)
                                                  : ratio_of(samples, candidate, fastest));
}

void bench_count(struct bench_result *result, const char *name, double value)
{
    struct bench_count *count = &result->counts[result->count_count++];
    snprintf(count->name, sizeof count->name, "%s", name);
    count->value = value;
}
