/* SPDX-License-Identifier: MIT */
/* bench/touch.h - does a call look at a page? */
#ifndef BENCH_TOUCH_H
#define BENCH_TOUCH_H

#include <stdint.h>

/* From now on the page is out of bounds; the first access is noted and lets everything through again. One page at a time,
 * one thread. 0, or -1. */
int bench_touch_watch(uint8_t *page);
/* Ends it: was there an access? */
int bench_touch_seen(void);

/* Unmaps 2 MiB that were mapped as 512 pages and covers their leaf table: does the unmap (without its sync) look into that
 * table? 1 or 0; -1: could not be found out. */
int bench_unmap_reads_table(void);

#endif
