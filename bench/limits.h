/* SPDX-License-Identifier: MIT */
/* bench/limits.h - what the machine allows: stores, stores after a check, one load from memory, a line between two cores. */
#ifndef BENCH_LIMITS_H
#define BENCH_LIMITS_H

#include "bench/measure.h"

/* `count` runs of `words` 8-byte words, `stride` bytes apart: the entries that a map writes. */
struct bench_stores {
    uint64_t *buffer;
    size_t words, stride;
    unsigned count;
};

int bench_stores_open(struct bench_stores *stores, size_t words, size_t stride, unsigned count);
void bench_stores_close(struct bench_stores *stores);
/* Adds one op for each way to do it; returns how many. A store of rising values, or of zeros (memset). */
unsigned bench_stores_ops(struct bench_stores *stores, struct bench_op *ops);
/* The same, each run checked for zero first. */
unsigned bench_checked_ops(struct bench_stores *stores, struct bench_op *ops);

/* A chain of loads in random order through `bytes` at `memory`, each line visited once. */
struct bench_chain {
    uint64_t *memory;
    size_t lines;
    uint64_t at;
};
void bench_chain_open(struct bench_chain *chain, void *memory, size_t bytes);
struct bench_op bench_chain_op(struct bench_chain *chain);

/* There and back of a cache line between two threads; ns, 0: no second thread. */
double bench_ping_pong(unsigned rounds);

#endif
