/* SPDX-License-Identifier: MIT */
/* bench/counts.h - flushes and memory, counted by hooks around the host. Exact, so that tests can hold them. */
#ifndef BENCH_COUNTS_H
#define BENCH_COUNTS_H

#include <stdbool.h>

/* Over maps of 1, 16, 256 and 512 pages in warm and fresh tables, walks not coherent. */
struct bench_flush_counts {
    double touched;      /* cache lines whose contents changed, of tables that were there and of new ones */
    double lines;        /* lines flushed */
    double map_fences;   /* most barriers in one iommu_map; a flush by itself has none, see platform.h */
    double unmap_fences; /* ... in one iommu_unmap and iommu_sync, with a device attached */
};
int bench_counts_flushes(struct bench_flush_counts *counts);

struct bench_memory_counts {
    double mapping;    /* bytes of tables for each page of 4 GiB */
    double sparse;     /* pages mapped, one every 2 MiB, and unmapped again */
    double kept;       /* tables that this left in a domain of one caller; the stock's are not the domain's */
    double kept_by_many; /* the same in a domain of several callers */
    double stock;      /* pages that it left in the instance's stock */
    double empty;      /* bytes of a domain with nothing in it, tables included */
    double attached;   /* PASIDs that could be attached */
    double pasids_mib; /* for 2^20 of them, extrapolated where fewer were attached */
};
int bench_counts_memory(bool small, struct bench_memory_counts *counts);

#endif
