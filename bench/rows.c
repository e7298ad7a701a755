/* SPDX-License-Identifier: MIT */
/* bench/rows.c - the table: what is measured, what is wanted. The parts' numbers are beside their measurements. */
#include "bench/rows.h"

#include <stdio.h>

#include "bench/limits.h"
#include "bench/peers.h"

const struct bench_row bench_rows[BENCH_ROWS] = {
    {1, "4K map+unmap pair, warm", "2x the fastest peer", "1.5x", bench_row_4k},
    {2, "16x4K pair", "4x", "2.5x", bench_row_16x4k},
    {3, "256x4K map", "5x; 1.1x of check-then-store", "3.5x", bench_row_256x4k},
    {4, "2M as 512x4K pair", "10x; map 1.3x of the store limit; unmap reads no table", "6x", bench_row_2m},
    {5, "1 GiB as 4K in one call", "map 1.25x of the store limit; unmap 5 us", "1.5x; 40 us", bench_row_1g},
    {6, "2M and 1G block pair", "1.5x", "1x", bench_row_blocks},
    {7, "non-coherent walks", "one flush a touched line, one fence a call", "the same", bench_row_flushes},
    {8, "IOVA alloc+free, steady", "8x Linux's magazines", "4x", bench_row_iova},
    {9, "IOVA, 2^18 live, random order", "20000x Linux's tree; 0.5x of a DRAM load", "5000x", bench_row_iova_random},
    {10, "invalidate, synchronous unit", "one tail write, one status word; 4 ns a submit", "counts; 8 ns", bench_row_invalidate},
    {11, "strict cycle: IOVA, map, unmap, invalidate, free", "4x Linux's parts", "2.5x", bench_row_cycle},
    {12, "attach and detach a PASID", "no invalidation on attach; 5x Linux", "2.5x", bench_row_attach},
    {13, "domain create, map, unmap, destroy", "2x of zeroing its tables", "4x", bench_row_domain},
    {14, "memory", "8.03 B a mapping; no table kept; empty domain 256 B; 2^20 PASIDs 400 MiB", "8.1; none; 512 B; 512 MiB",
     bench_row_memory},
    {15, "model, IOTLB hit, full path", "8x the QEMU-shaped table; large pages as fast", "5x", bench_row_hit},
    {16, "model, miss with warm tables", "12x", "6x", bench_row_miss},
    {17, "model, cold dependent miss", "1.10x of a DRAM load", "1.5x", bench_row_cold},
    {18, "model, page-selective invalidation of 1,000", "1000x; wide ones in constant time", "200x",
     bench_row_model_invalidate},
    {19, "64 active PASIDs of 2^20 attached", "1.05x of 64 of 64", "1.2x", bench_row_pasids},
    {20, "two threads", "1.9x", "1.7x", bench_row_threads},
};

/* ---- the run -------------------------------------------------------------------------------------------------- */

void bench_open(struct bench *bench, const struct bench_options *options)
{
    *bench = (struct bench){.options = *options};
    if (options->peers != NULL)
        bench_peers_load(bench, options->peers);
}

enum bench_verdict bench_row_verdict(const struct bench_result *result)
{
    enum bench_verdict worst = BENCH_GOAL;
    bool open = result->part_count == 0;
    for (unsigned i = 0; i < result->part_count; i++) {
        if (result->parts[i].verdict > worst)
            worst = result->parts[i].verdict;
        open |= result->parts[i].verdict == BENCH_OPEN;
    }
    return open && worst != BENCH_SHORT ? BENCH_OPEN : worst; /* short stays short, whatever else there may be */
}

void bench_row_run(struct bench *bench, const struct bench_row *row, struct bench_result *result)
{
    *result = (struct bench_result){0};
    row->run(bench, result);
    result->verdict = bench_row_verdict(result);
}

const struct bench_part *bench_decisive(const struct bench_result *result)
{
    const struct bench_part *found = NULL;
    for (unsigned i = 0; i < result->part_count; i++)
        if (result->parts[i].verdict != BENCH_OPEN && (found == NULL || result->parts[i].verdict > found->verdict))
            found = &result->parts[i];
    return found;
}

const char *bench_verdict_name(enum bench_verdict verdict)
{
    static const char *const names[] = {NULL, "goal", "must", "short"};
    return names[verdict];
}

#define TEXT(number) #number
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *bench_compiler(void)
{
#ifdef __clang__
    return "clang " VERSION(__clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    return "gcc " __VERSION__;
#endif
}

/* ---- the machine ---------------------------------------------------------------------------------------------- */

static double store_ns(struct bench *bench)
{
    struct bench_op ops[BENCH_OPS_MAX];
    struct bench_samples samples;
    struct bench_stores stores;
    struct bench_result result = {0};
    struct bench_part *part = bench_part(&result, BENCH_TIMES_LIMIT, 1, 1, "stores");
    if (bench_stores_open(&stores, 512, 4096, 64) != 0)
        return 0;
    unsigned count = bench_stores_ops(&stores, ops);
    bench_take(bench, ops, count, &samples);
    bench_against(part, ops, &samples, 0, 0, count);
    bench_give(&samples);
    bench_stores_close(&stores);
    return part->rival_ns / 512;
}

bool bench_limit(struct bench *bench, unsigned index, char name[BENCH_NAME], double *ns)
{
    static const char *const names[] = {"store limit, an 8-byte entry of 256 KiB", "cache line between two cores, there and back"};
    if (index >= sizeof names / sizeof names[0])
        return false;
    snprintf(name, BENCH_NAME, "%s", names[index]);
    *ns = index == 0 ? store_ns(bench) : bench_ping_pong(bench->options.smoke ? 100 : 100000);
    return true;
}
