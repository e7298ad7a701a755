/* SPDX-License-Identifier: MIT */
/* bench/tables.h - the same sweep over our table and every peer's, as ops. */
#ifndef BENCH_TABLES_H
#define BENCH_TABLES_H

#include "bench/measure.h"

enum bench_timed { BENCH_MAP, BENCH_UNMAP, BENCH_PAIR };

struct bench_table_run {
    const struct bench_peer_table *ops;
    void *table;
    struct bench_sweep sweep, second; /* second.count 0: none */
    enum bench_timed timed;
};

/* Ours first, then the peers' tables; anchors stay mapped in each, so that its leaf tables stay. Returns the number of
 * ops, 0: no memory. */
struct bench_tables {
    struct bench_table_run runs[BENCH_OPS_MAX];
    struct bench_op ops[BENCH_OPS_MAX];
    unsigned count;
};
struct bench_tables_config {
    struct bench_sweep sweep;
    struct bench_sweep anchors; /* count 0: none */
    enum bench_timed timed;
};
int bench_tables_open(struct bench *bench, const struct bench_tables_config *config, struct bench_tables *tables);
void bench_tables_close(struct bench_tables *tables);

#endif
