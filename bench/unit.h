/* SPDX-License-Identifier: MIT */
/*
 * bench/unit.h - a VT-d unit that does nothing but keep its promises: it executes its queue within the write of the tail
 * register, forgets what it is told to forget (a small direct-mapped cache, so that an invalidation touches memory) and
 * writes the status. It costs next to nothing, so that what is measured is the driver: ours, or Linux's.
 */
#ifndef BENCH_UNIT_H
#define BENCH_UNIT_H

#include <stdint.h>

struct bench_unit;

/* Descriptors and status lie at `memory` + physical address. */
struct bench_unit *bench_unit_create(uint8_t *memory, uint32_t version, uint64_t cap, uint64_t ecap);
void bench_unit_destroy(struct bench_unit *unit);
/* Several threads may write registers at a time. */
void bench_unit_share(struct bench_unit *unit);
void bench_unit_memory(struct bench_unit *unit, uint8_t *memory);

/* `at` is the unit: these are hooks. */
uint32_t bench_unit_read32(void *at, uint32_t offset);
uint64_t bench_unit_read64(void *at, uint32_t offset);
void bench_unit_write32(void *at, uint32_t offset, uint32_t value);
void bench_unit_write64(void *at, uint32_t offset, uint64_t value);

struct bench_unit_counts {
    uint64_t tail_writes, descriptors, waits, status_writes;
};
void bench_unit_counts(const struct bench_unit *unit, struct bench_unit_counts *counts);

#endif
