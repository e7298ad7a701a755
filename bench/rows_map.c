/* SPDX-License-Identifier: MIT */
/*
 * bench/rows_map.c - rows 1 to 6: the page table alone. No route is attached, so that no invalidation is in it; the peers'
 * calls have none either. Physical addresses are off by a page where pages of 4 KiB are wanted, or a larger one would do.
 */
#include <string.h>

#include "bench/limits.h"
#include "bench/rig.h"
#include "bench/rows.h"
#include "bench/tables.h"
#include "bench/touch.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (MIB * KIB)
#define PAGE (4 * KIB)
#define IOVA (64 * GIB)
#define PA   (8 * GIB + PAGE) /* never aligned to more than a page; clear of the interrupt window */

static struct bench_sweep pages(uint64_t len, uint64_t stride, unsigned count)
{
    return (struct bench_sweep){.iova = IOVA, .pa = PA, .len = len, .page = PAGE, .stride = stride, .count = count};
}

/* The last page of every 2 MiB from IOVA on: keeps the leaf tables where they are. */
static struct bench_sweep anchors(unsigned tables)
{
    return (struct bench_sweep){.iova = IOVA + 2 * MIB - PAGE, .pa = 16 * GIB, .len = PAGE, .page = PAGE, .stride = 2 * MIB,
                                .count = tables};
}

/* Sets up the rig and one measurement; the parts are taken from it by the caller. */
struct measured {
    struct bench_rig rig;
    struct bench_tables tables;
    struct bench_op ops[BENCH_OPS_MAX + 8];
    struct bench_samples samples;
    unsigned peers; /* ops[1 .. peers] */
};

static bool open_rig(struct measured *measured)
{
    memset(measured, 0, sizeof *measured);
    if (bench_rig_open(&measured->rig, &(struct bench_rig_config){.hardware = BENCH_MODEL}) != 0)
        return false;
    bench_own_rig = &measured->rig;
    return true;
}

static bool take(struct bench *bench, struct measured *measured, struct bench_sweep sweep, struct bench_sweep kept,
                 enum bench_timed timed)
{
    const struct bench_tables_config config = {.sweep = sweep, .anchors = kept, .timed = timed};
    if (bench_tables_open(bench, &config, &measured->tables) != 0)
        return false;
    memcpy(measured->ops, measured->tables.ops, sizeof measured->tables.ops);
    measured->peers = measured->tables.count - 1;
    bench_take(bench, measured->ops, measured->tables.count, &measured->samples);
    return true;
}

static void drop(struct measured *measured)
{
    bench_give(&measured->samples);
    bench_tables_close(&measured->tables);
}

/* One measurement, one part: against the fastest of the peers. */
static void faster(struct bench *bench, struct measured *measured, struct bench_part *part, struct bench_sweep sweep,
                   struct bench_sweep kept, enum bench_timed timed)
{
    if (!take(bench, measured, sweep, kept, timed)) {
        bench_missing(part, "no memory");
        return;
    }
    if (measured->peers == 0)
        bench_missing(part, BENCH_NEEDS_LINUX);
    else
        bench_against(part, measured->ops, &measured->samples, 0, 1, measured->peers);
    part->ns = measured->peers == 0 ? 0 : part->ns;
    drop(measured);
}

/* Ours against stores of the same entries. */
static void within(struct bench *bench, struct measured *measured, struct bench_part *part, struct bench_sweep sweep,
                   struct bench_sweep kept, bool checked)
{
    const struct bench_tables_config config = {.sweep = sweep, .anchors = kept, .timed = BENCH_MAP};
    struct bench none = *bench;
    struct bench_stores stores;
    none.peer_count = 0;
    if (bench_tables_open(&none, &config, &measured->tables) != 0)
        return;
    if (bench_stores_open(&stores, sweep.len / PAGE, sweep.stride / PAGE * 8, sweep.count) == 0) {
        measured->ops[0] = measured->tables.ops[0];
        unsigned limits = (checked ? bench_checked_ops : bench_stores_ops)(&stores, measured->ops + 1);
        bench_take(bench, measured->ops, 1 + limits, &measured->samples);
        bench_against(part, measured->ops, &measured->samples, 0, 1, limits);
        bench_stores_close(&stores);
    }
    drop(measured);
}

void bench_row_4k(struct bench *bench, struct bench_result *result)
{
    struct bench_part *pair = bench_part(result, BENCH_TIMES_FASTER, 2, 1.5, "pair");
    struct measured measured;
    if (open_rig(&measured))
        faster(bench, &measured, pair, pages(PAGE, PAGE, 256), anchors(1), BENCH_PAIR);
    bench_rig_close(&measured.rig);
}

void bench_row_16x4k(struct bench *bench, struct bench_result *result)
{
    struct bench_part *pair = bench_part(result, BENCH_TIMES_FASTER, 4, 2.5, "pair");
    struct measured measured;
    if (open_rig(&measured))
        faster(bench, &measured, pair, pages(16 * PAGE, 16 * PAGE, 31), anchors(1), BENCH_PAIR);
    bench_rig_close(&measured.rig);
}

void bench_row_256x4k(struct bench *bench, struct bench_result *result)
{
    struct bench_part *map = bench_part(result, BENCH_TIMES_FASTER, 5, 3.5, "map");
    struct bench_part *limit = bench_part(result, BENCH_TIMES_LIMIT, 1.1, BENCH_NO_MUST, "map, of check-then-store");
    struct measured measured;
    if (open_rig(&measured)) {
        faster(bench, &measured, map, pages(MIB, 2 * MIB, 64), anchors(64), BENCH_MAP);
        within(bench, &measured, limit, pages(MIB, 2 * MIB, 64), anchors(64), true);
    }
    bench_rig_close(&measured.rig);
}

void bench_row_2m(struct bench *bench, struct bench_result *result)
{
    struct bench_part *pair = bench_part(result, BENCH_TIMES_FASTER, 10, 6, "pair");
    struct bench_part *limit = bench_part(result, BENCH_TIMES_LIMIT, 1.3, BENCH_NO_MUST, "map, of the store limit");
    struct bench_part *reads = bench_part(result, BENCH_NUMBER, 0, BENCH_NO_MUST, "leaf tables unmap reads");
    const struct bench_sweep none = {0};
    struct measured measured;
    if (open_rig(&measured)) {
        faster(bench, &measured, pair, pages(2 * MIB, 2 * MIB, 64), none, BENCH_PAIR);
        within(bench, &measured, limit, pages(2 * MIB, 2 * MIB, 64), none, false);
    }
    bench_rig_close(&measured.rig);
    int looked = bench_unmap_reads_table();
    if (looked >= 0)
        bench_fixed(reads, looked);
}

/* ---- 1 GiB: the unmap alone, its sync apart ------------------------------------------------------------------- */

static uint64_t unmap_1g(void *ctx, unsigned times)
{
    const struct bench_table_run *run = ctx;
    uint64_t total = 0;
    for (unsigned i = 0; i < times; i++) {
        struct iommu_gather gather;
        uint64_t start;
        iommu_gather_init(&gather);
        if (run->ops->map(run->table, &run->sweep) != 0)
            return BENCH_FAILED;
        start = bench_now();
        if (iommu_unmap(run->table, run->sweep.iova, run->sweep.len, &gather) != 0)
            return BENCH_FAILED;
        total += bench_now() - start;
        if (iommu_sync(run->table, &gather) != 0)
            return BENCH_FAILED;
    }
    return total;
}

void bench_row_1g(struct bench *bench, struct bench_result *result)
{
    struct bench_part *map = bench_part(result, BENCH_TIMES_LIMIT, 1.25, 1.5, "map, of the store limit");
    struct bench_part *unmap = bench_part(result, BENCH_NANOSECONDS, 5e3, 40e3, "unmap, its sync apart");
    const struct bench_tables_config config = {.sweep = pages(GIB, GIB, 1)};
    const struct bench_sweep none = {0};
    struct bench alone = *bench;
    struct measured measured;
    alone.peer_count = 0;
    if (open_rig(&measured)) {
        within(bench, &measured, map, pages(GIB, GIB, 1), none, false);
        if (bench_tables_open(&alone, &config, &measured.tables) == 0) {
            measured.tables.ops[0].run = unmap_1g;
            bench_take(bench, measured.tables.ops, 1, &measured.samples);
            bench_alone(unmap, measured.tables.ops, &measured.samples, 0);
            drop(&measured);
        }
    }
    bench_rig_close(&measured.rig);
}

/* ---- blocks --------------------------------------------------------------------------------------------------- */

void bench_row_blocks(struct bench *bench, struct bench_result *result)
{
    struct bench_part *small = bench_part(result, BENCH_TIMES_FASTER, 1.5, 1, "2M pair");
    struct bench_part *large = bench_part(result, BENCH_TIMES_FASTER, 1.5, 1, "1G pair");
    const struct bench_sweep two = {.iova = 64 * GIB, .pa = 8 * GIB, .len = 2 * MIB, .page = 2 * MIB, .stride = 2 * MIB,
                                    .count = 256};
    const struct bench_sweep one = {.iova = 512 * GIB, .pa = 8 * GIB, .len = GIB, .page = GIB, .stride = GIB, .count = 256};
    const struct bench_sweep two_kept = {.iova = 65 * GIB - 2 * MIB, .pa = 0, .len = 2 * MIB, .page = 2 * MIB, .count = 1};
    const struct bench_sweep one_kept = {.iova = 1023 * GIB, .pa = 0, .len = GIB, .page = GIB, .count = 1};
    struct measured measured;
    if (open_rig(&measured)) {
        faster(bench, &measured, small, two, two_kept, BENCH_PAIR);
        faster(bench, &measured, large, one, one_kept, BENCH_PAIR);
    }
    bench_rig_close(&measured.rig);
}
