/* SPDX-License-Identifier: MIT */
/* bench/counts.c - see counts.h. */
#include "bench/counts.h"

#include <stdlib.h>
#include <string.h>

#include "bench/rig.h"
#include "iommukit/driver.h"

#define PAGE  UINT64_C(4096)
#define LINE  64u
#define IOVA  (UINT64_C(64) << 30)
#define PA    (UINT64_C(8) << 30 | PAGE)
#define MIB2  (UINT64_C(1) << 21)
#define FULL  (1u << 20)

/* ---- flushes --------------------------------------------------------------------------------------------------- */

static struct iommu_strict_counts counts_of(const struct bench_rig *rig)
{
    struct iommu_strict_counts counts;
    iommu_strict_counts(rig->strict, &counts);
    return counts;
}

/* Lines that hold `words` entries from the one at `index` on. */
static double lines_of(uint64_t index, uint64_t words)
{
    uint64_t first = index * 8 / LINE, last = ((index + words) * 8 - 1) / LINE;
    return (double)(last - first + 1);
}

/*
 * Lines that have to change: the entries, where the leaf table is there already; otherwise each new table as a whole (it
 * was another page before), and the entries that point at them.
 */
static double touched_by_map(uint64_t iova, uint64_t pages, uint64_t new_tables)
{
    if (new_tables == 0)
        return lines_of(iova / PAGE, pages);
    return (double)(new_tables * (PAGE / LINE)) + lines_of(iova / MIB2, new_tables);
}

/* Going back: the entries, or those that pointed at the tables; and one of each table but one, which links them until
 * they may be freed. */
static double touched_by_unmap(uint64_t iova, uint64_t pages, uint64_t new_tables)
{
    return new_tables == 0 ? lines_of(iova / PAGE, pages) : lines_of(iova / MIB2, new_tables) + (double)(new_tables - 1);
}

static void most(double *most, uint64_t value)
{
    if ((double)value > *most)
        *most = (double)value;
}

static int flush_case(struct bench_rig *rig, struct iommu_domain *domain, uint64_t iova, uint64_t len,
                      struct bench_flush_counts *sum)
{
    struct iommu_strict_counts start = counts_of(rig), mapped, done;
    uint64_t tables = iova < IOVA + MIB2 ? 0 : len / MIB2; /* that were not there before */
    if (iommu_map(domain, iova, PA, len, IOMMU_READ | IOMMU_WRITE) != 0)
        return -1;
    mapped = counts_of(rig);
    if (iommu_unmap(domain, iova, len, NULL) != 0)
        return -1;
    done = counts_of(rig);
    sum->lines += (double)(done.cache_flush_lines - start.cache_flush_lines);
    sum->touched += touched_by_map(iova, len / PAGE, tables) + touched_by_unmap(iova, len / PAGE, tables);
    most(&sum->map_fences, mapped.barriers - start.barriers);
    most(&sum->unmap_fences, done.barriers - mapped.barriers);
    return 0;
}

int bench_counts_flushes(struct bench_flush_counts *counts)
{
    static const struct { uint64_t at, pages; } cases[] = {{0, 1}, {5, 1}, {16, 16}, {31, 16}, {256, 255}, {512, 512}, {1024, 1024}};
    struct iommu_attachment *attachment = NULL;
    struct iommu_domain *domain = NULL;
    struct bench_rig rig;
    int result = 0;
    *counts = (struct bench_flush_counts){0};
    if (bench_rig_open(&rig, &(struct bench_rig_config){.hardware = BENCH_UNIT, .counted = true, .noncoherent = true}) != 0)
        return -1;
    /* The last page of the first 2 MiB stays, and with it that leaf table. */
    if (iommu_domain_alloc(rig.iommu, NULL, &domain) != 0 || iommu_map(domain, IOVA + MIB2 - PAGE, PA, PAGE, IOMMU_READ) != 0 ||
        iommu_attach(domain, rig.device, iommu_route_any(), NULL, &attachment) != 0)
        result = -1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] && result == 0; i++)
        result = flush_case(&rig, domain, IOVA + cases[i].at * PAGE, cases[i].pages * PAGE, counts);
    if (attachment != NULL)
        (void)iommu_detach(attachment);
    iommu_domain_free(domain);
    bench_rig_close(&rig);
    return result;
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

static double bytes_live(const struct bench_rig *rig)
{
    struct iommu_strict_counts counts = counts_of(rig);
    return (double)counts.bytes_live + (double)counts.pages_live * PAGE;
}

static int per_mapping(struct bench_rig *rig, struct bench_memory_counts *counts)
{
    struct iommu_domain *domain;
    uint64_t len = (uint64_t)FULL * PAGE, before;
    if (iommu_domain_alloc(rig->iommu, NULL, &domain) != 0)
        return -1;
    before = counts_of(rig).pages_live;
    if (iommu_map(domain, IOVA, PA, len, IOMMU_READ) != 0)
        return -1;
    counts->mapping = (double)(counts_of(rig).pages_live - before) * PAGE / FULL;
    return iommu_domain_free(domain);
}

static int come_and_go(struct iommu_domain *domain, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (iommu_map(domain, IOVA + i * MIB2, PA, PAGE, IOMMU_READ) != 0)
            return -1;
    for (unsigned i = 0; i < count; i++)
        if (iommu_unmap(domain, IOVA + i * MIB2, PAGE, NULL) != 0)
            return -1;
    return 0;
}

/* Tables that stay with the domain, and pages that stay with the instance. */
static int sparse(struct bench_rig *rig, unsigned count, bool one_caller, double *kept, double *stock)
{
    struct iommu_domain *domain;
    uint64_t before, after;
    if (iommu_domain_alloc(rig->iommu, &(struct iommu_domain_config){.one_caller = one_caller}, &domain) != 0)
        return -1;
    iommu_pt_stock_drain(&rig->iommu->table_pages, rig->platform); /* what an earlier domain left would hide as much here */
    before = counts_of(rig).pages_live;
    if (come_and_go(domain, count) != 0)
        return -1;
    after = counts_of(rig).pages_live;
    iommu_pt_stock_drain(&rig->iommu->table_pages, rig->platform);
    *kept = (double)(counts_of(rig).pages_live - before);
    *stock = (double)(after - before) - *kept;
    return iommu_domain_free(domain);
}

static int empty(struct bench_rig *rig, struct bench_memory_counts *counts)
{
    enum { DOMAINS = 16 };
    struct iommu_domain *domains[DOMAINS];
    double before = bytes_live(rig);
    for (unsigned i = 0; i < DOMAINS; i++)
        if (iommu_domain_alloc(rig->iommu, NULL, &domains[i]) != 0)
            return -1;
    counts->empty = (bytes_live(rig) - before) / DOMAINS;
    for (unsigned i = 0; i < DOMAINS; i++)
        iommu_domain_free(domains[i]);
    return 0;
}

struct route {
    struct iommu_domain *domain;
    struct iommu_attachment *attachment;
};

static unsigned attach_many(struct bench_rig *rig, struct route *routes, unsigned wanted)
{
    unsigned i = 0;
    for (; i < wanted; i++) {
        if (iommu_domain_alloc(rig->iommu, NULL, &routes[i].domain) != 0)
            break;
        if (iommu_attach(routes[i].domain, rig->device, iommu_route_any(), NULL, &routes[i].attachment) != 0) {
            iommu_domain_free(routes[i].domain);
            break;
        }
    }
    return i;
}

/* A first step tells what each costs; the rest is attached only if it fits into a gigabyte. */
static int attached(struct bench_rig *rig, bool small, struct bench_memory_counts *counts)
{
    const unsigned step = 4096, all = FULL - 1; /* PASID 0 is never handed out */
    struct route *routes = calloc(all, sizeof *routes);
    double start = bytes_live(rig), each;
    unsigned done;
    if (routes == NULL)
        return -1;
    done = attach_many(rig, routes, step);
    each = (bytes_live(rig) - start) / step;
    if (done == step && !small && each * FULL < 1e9)
        done += attach_many(rig, routes + step, all - step);
    counts->attached = done;
    counts->pasids_mib = done == 0 ? 0 : (bytes_live(rig) - start) / done * FULL / (1 << 20);
    for (unsigned i = 0; i < done; i++) {
        iommu_detach(routes[i].attachment);
        iommu_domain_free(routes[i].domain);
    }
    free(routes);
    return 0;
}

int bench_counts_memory(bool small, struct bench_memory_counts *counts)
{
    struct bench_rig rig;
    int result;
    *counts = (struct bench_memory_counts){0};
    if (bench_rig_open(&rig, &(struct bench_rig_config){.hardware = BENCH_UNIT, .counted = true}) != 0)
        return -1;
    result = per_mapping(&rig, counts);
    counts->sparse = small ? 512 : 32768;
    if (result == 0)
        result = sparse(&rig, (unsigned)counts->sparse, false, &counts->kept_by_many, &counts->stock);
    if (result == 0)
        result = sparse(&rig, (unsigned)counts->sparse, true, &counts->kept, &counts->stock);
    if (result == 0)
        result = empty(&rig, counts);
    if (result == 0)
        result = attached(&rig, small, counts);
    bench_rig_close(&rig);
    return result;
}
