/* SPDX-License-Identifier: MIT */
/* bench/rows_iova.c - rows 8, 9 and 11: addresses, and the whole cycle around them. */
#include "bench/rows.h"

/* They wait for the calls they time. */
#if __has_include("iommukit/dma.h")
#include "bench/dma.h"
#else
void bench_row_iova(struct bench *bench, struct bench_result *result)
{
    (void)bench;
    bench_missing(bench_part(result, BENCH_TIMES_FASTER, 8, 4, "alloc+free"), BENCH_NOT_BUILT);
}

void bench_row_iova_random(struct bench *bench, struct bench_result *result)
{
    (void)bench;
    bench_missing(bench_part(result, BENCH_TIMES_FASTER, 20000, 5000, "free+alloc"), BENCH_NOT_BUILT);
    bench_missing(bench_part(result, BENCH_TIMES_LIMIT, 0.5, BENCH_NO_MUST, "free+alloc, of a DRAM load"), BENCH_NOT_BUILT);
}

void bench_row_cycle(struct bench *bench, struct bench_result *result)
{
    (void)bench;
    bench_missing(bench_part(result, BENCH_TIMES_FASTER, 4, 2.5, "cycle, 4K"), BENCH_NOT_BUILT);
    bench_missing(bench_part(result, BENCH_TIMES_FASTER, 4, 2.5, "cycle, 16x4K"), BENCH_NOT_BUILT);
}
#endif
