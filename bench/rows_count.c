/* SPDX-License-Identifier: MIT */
/* bench/rows_count.c - rows 7 and 14: numbers that are the same on every machine. `make check` holds them as tests. */
#include "bench/counts.h"
#include "bench/rows.h"

void bench_row_flushes(struct bench *bench, struct bench_result *result)
{
    struct bench_flush_counts counts;
    struct bench_part *lines = bench_part(result, BENCH_NUMBER, 1, 1, "flushes a touched line");
    struct bench_part *map = bench_part(result, BENCH_NUMBER, 1, 1, "fences a map");
    struct bench_part *unmap = bench_part(result, BENCH_NUMBER, 1, 1, "fences an unmap and sync");
    (void)bench;
    if (bench_counts_flushes(&counts) != 0)
        return;
    bench_fixed(lines, counts.lines / counts.touched);
    bench_fixed(map, counts.map_fences);
    bench_fixed(unmap, counts.unmap_fences);
    bench_count(result, "lines touched", counts.touched);
    bench_count(result, "lines flushed", counts.lines);
}

void bench_row_memory(struct bench *bench, struct bench_result *result)
{
    struct bench_memory_counts counts;
    struct bench_part *mapping = bench_part(result, BENCH_NUMBER, 8.03, 8.1, "bytes a mapping");
    struct bench_part *kept = bench_part(result, BENCH_NUMBER, 0, 0, "tables kept by the domain after sparse unmap");
    struct bench_part *empty = bench_part(result, BENCH_NUMBER, 256, 512, "bytes of an empty domain");
    struct bench_part *pasids = bench_part(result, BENCH_NUMBER, 400, 512, "MiB for 2^20 attached PASIDs");
    if (bench_counts_memory(bench->options.smoke, &counts) != 0)
        return;
    bench_fixed(mapping, counts.mapping);
    bench_fixed(kept, counts.kept);
    bench_fixed(empty, counts.empty);
    bench_fixed(pasids, counts.pasids_mib);
    bench_count(result, "PASIDs attached, each to its own domain", counts.attached);
    bench_count(result, "sparse mappings", counts.sparse);
    bench_count(result, "tables kept with several callers", counts.kept_by_many);
    bench_count(result, "pages in the instance's stock", counts.stock);
}
