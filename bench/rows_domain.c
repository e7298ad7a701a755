/* SPDX-License-Identifier: MIT */
/* bench/rows_domain.c - row 13: a domain's whole life, against zeroing the pages that it takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/rig.h"
#include "bench/rows.h"

#define PAGE       UINT64_C(4096)
#define IOVA       (UINT64_C(64) << 30)
#define TABLES_MAX 8u

static bool live(struct iommu *iommu)
{
    struct iommu_domain *domain;
    return iommu_domain_alloc(iommu, NULL, &domain) == 0 && iommu_map(domain, IOVA, PAGE, PAGE, IOMMU_READ) == 0 &&
           iommu_unmap(domain, IOVA, PAGE, NULL) == 0 && iommu_domain_free(domain) == 0;
}

static uint64_t lives(void *ctx, unsigned times)
{
    struct iommu *iommu = ctx;
    uint64_t start = bench_now();
    for (unsigned i = 0; i < times; i++)
        if (!live(iommu))
            return BENCH_FAILED;
    return bench_now() - start;
}

static uint64_t peer_lives(void *ctx, unsigned times)
{
    const struct bench_peer_table *ops = ctx;
    const struct bench_sweep one = {.iova = IOVA, .pa = PAGE, .len = PAGE, .page = PAGE, .count = 1};
    uint64_t start = bench_now();
    for (unsigned i = 0; i < times; i++) {
        void *table = ops->create();
        if (table == NULL || ops->map(table, &one) != 0 || ops->unmap(table, &one) != 0)
            return BENCH_FAILED;
        ops->destroy(table);
    }
    return bench_now() - start;
}

struct zeroing {
    uint8_t *memory;
    unsigned pages;
};

static uint64_t zero(void *ctx, unsigned times)
{
    const struct zeroing *zeroing = ctx;
    uint64_t start = bench_now();
    for (unsigned i = 0; i < times; i++)
        for (unsigned page = 0; page < zeroing->pages; page++) {
            memset(zeroing->memory + page * PAGE, 0, PAGE);
            __asm__ volatile("" ::"r"(zeroing->memory) : "memory");
        }
    return bench_now() - start;
}

/* Pages of tables for one mapping: of the format, not of what an implementation happens to allocate. */
static unsigned levels_of(struct bench_rig *rig)
{
    struct iommu_geometry geometry = {0};
    struct iommu_domain *domain;
    if (iommu_domain_alloc(rig->iommu, NULL, &domain) != 0)
        return 0;
    iommu_domain_geometry(domain, &geometry);
    iommu_domain_free(domain);
    return geometry.levels <= TABLES_MAX ? geometry.levels : 0;
}

static void count_life(struct bench_result *result)
{
    struct iommu_strict_counts before, after;
    struct bench_rig rig;
    if (bench_rig_open(&rig, &(struct bench_rig_config){.hardware = BENCH_MODEL, .counted = true}) != 0)
        return;
    iommu_strict_counts(rig.strict, &before);
    live(rig.iommu);
    iommu_strict_counts(rig.strict, &after);
    bench_count(result, "objects", (double)(after.allocs - before.allocs));
    bench_count(result, "pages", (double)(after.page_allocs - before.page_allocs));
    bench_rig_close(&rig);
}

/* Ours, zeroing, and every peer's table. */
static unsigned fill_ops(const struct bench *bench, struct bench_op *ops, struct iommu *iommu, struct zeroing *zeroing)
{
    unsigned count = 2;
    ops[0] = (struct bench_op){.name = "iommukit", .run = lives, .ctx = iommu, .each = 1};
    ops[1] = (struct bench_op){.name = "zeroing", .run = zero, .ctx = zeroing, .each = 1};
    for (unsigned i = 0; i < bench->peer_count; i++)
        for (unsigned j = 0; j < bench->peers[i]->table_count && count < BENCH_OPS_MAX; j++, count++) {
            ops[count] = (struct bench_op){.run = peer_lives, .ctx = (void *)&bench->peers[i]->tables[j], .each = 1};
            snprintf(ops[count].name, BENCH_NAME, "%.24s, %.24s", bench->peers[i]->tables[j].name, bench->peers[i]->build);
        }
    return count;
}

static void compare(struct bench *bench, struct bench_result *result, struct bench_part *part, struct iommu *iommu,
                    struct zeroing *zeroing)
{
    struct bench_op ops[BENCH_OPS_MAX];
    struct bench_samples samples;
    unsigned count = fill_ops(bench, ops, iommu, zeroing);
    bench_take(bench, ops, count, &samples);
    bench_against(part, ops, &samples, 0, 1, 1);
    if (count > 2) { /* for the reader; nothing hangs on it */
        struct bench_part *faster = bench_part(result, BENCH_TIMES_FASTER, 0, BENCH_NO_MUST, "against Linux");
        bench_against(faster, ops, &samples, 0, 2, count - 2);
    }
    bench_give(&samples);
}

void bench_row_domain(struct bench *bench, struct bench_result *result)
{
    struct bench_part *part = bench_part(result, BENCH_TIMES_LIMIT, 2, 4, "life, of zeroing its tables");
    struct zeroing zeroing = {.memory = aligned_alloc(PAGE, TABLES_MAX * PAGE)};
    struct bench_rig rig;
    if (zeroing.memory != NULL && bench_rig_open(&rig, &(struct bench_rig_config){.hardware = BENCH_MODEL}) == 0) {
        zeroing.pages = levels_of(&rig);
        compare(bench, result, part, rig.iommu, &zeroing);
        bench_rig_close(&rig);
    }
    free(zeroing.memory);
    count_life(result);
}
