/* SPDX-License-Identifier: MIT */
/* bench/rows.h - the rows' functions; their goals are in rows.c. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "bench/measure.h"

typedef void bench_row_fn(struct bench *bench, struct bench_result *result);

bench_row_fn bench_row_4k, bench_row_16x4k, bench_row_256x4k, bench_row_2m, bench_row_1g, bench_row_blocks; /* rows_map.c */
bench_row_fn bench_row_flushes, bench_row_memory;                                                     /* rows_count.c */
bench_row_fn bench_row_iova, bench_row_iova_random, bench_row_cycle;                                  /* rows_iova.c */
bench_row_fn bench_row_invalidate, bench_row_attach;                                                  /* rows_driver.c */
bench_row_fn bench_row_domain;                                                                        /* rows_domain.c */
bench_row_fn bench_row_hit, bench_row_miss, bench_row_cold, bench_row_model_invalidate;               /* rows_model.c */
bench_row_fn bench_row_pasids;                                                                        /* rows_pasids.c */
bench_row_fn bench_row_threads;                                                                       /* rows_threads.c */

#define BENCH_NEEDS_LINUX "needs PEERS=linux"
#define BENCH_NEEDS_GLIB  "needs the GLib peer"
#define BENCH_NOT_BUILT   "not built yet"

#endif
