/* SPDX-License-Identifier: MIT */
/* scenarios_map.c - what appears: mappings and attachments, used at once, at a moment when caches know better. */
#include "conformance/bench.h"

#define RW (IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE)

/* A domain attached to some route of a device; every theme begins with one. */
static unsigned attached(struct bench *bench, unsigned device, uint32_t *pasid)
{
    unsigned domain = bench_domain(bench, device);
    *pasid = bench_attach(bench, domain, device, bench_some_pasid(bench, device));
    return domain;
}

static void expect_range(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                         uint64_t pa, unsigned pages)
{
    for (unsigned i = 0; i < pages; i += 1 + bench_pick(bench, 3))
        bench_expect_page(bench, device, pasid, iova + i * BENCH_PAGE, pa + i * BENCH_PAGE);
    bench_expect_page(bench, device, pasid, iova + (pages - 1) * BENCH_PAGE,
                      pa + (pages - 1) * BENCH_PAGE);
}

static void map_attach(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES), pages = 1 + bench_pick(bench, 20);
    uint64_t iova = bench_iova(bench), pa = bench_pages(bench, pages);
    unsigned domain = bench_domain(bench, device);
    bench_map(bench, domain, iova, pa, pages * BENCH_PAGE, RW);
    uint32_t pasid = bench_attach(bench, domain, device, bench_some_pasid(bench, device));
    expect_range(bench, device, pasid, iova, pa, pages);
    bench_expect_write(bench, device, pasid, iova, pa);
}

/* The page next door was looked up in vain, so its absence may be remembered. */
static void map_after_miss(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES), pages = 1 + bench_pick(bench, 20);
    uint64_t iova = bench_iova(bench), pa = bench_pages(bench, pages);
    uint32_t pasid;
    unsigned domain = attached(bench, device, &pasid);
    if (bench_random(bench) % 2 == 0) /* with the tables there, or without */
        bench_map(bench, domain, iova + 64 * BENCH_PAGE, bench_page(bench), BENCH_PAGE, RW);
    for (unsigned i = 0; i < pages; i++)
        bench_touch(bench, device, pasid, iova + i * BENCH_PAGE);
    bench_map(bench, domain, iova, pa, pages * BENCH_PAGE, RW);
    expect_range(bench, device, pasid, iova, pa, pages);
}

/* The route was tried before it was attached. */
static void attach_after_miss(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench), pa = bench_page(bench);
    uint32_t pasid = bench_some_pasid(bench, device);
    unsigned domain = bench_domain(bench, device);
    bench_map(bench, domain, iova, pa, BENCH_PAGE, RW);
    bench_touch(bench, device, pasid, iova);
    if (pasid != BENCH_NO_PASID &&
        bench_random(bench) % 2 == 0) { /* a neighbour in the same PASID table first */
        unsigned other = bench_domain(bench, device);
        bench_attach(bench, other, device, bench_new_pasid(bench, device));
        bench_touch(bench, device, pasid, iova);
    }
    if (bench_is_attached(bench, device, pasid))
        pasid = bench_new_pasid(bench, device);
    pasid = bench_attach(bench, domain, device, pasid);
    bench_expect_page(bench, device, pasid, iova, pa);
}

/* One mapping after the other into tables that are there already. */
static void map_many(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t base = bench_iova(bench);
    uint32_t pasid;
    unsigned domain = attached(bench, device, &pasid);
    for (unsigned i = 0; i < 12; i++) {
        uint64_t iova = base + (i * 3 + bench_pick(bench, 2)) * BENCH_PAGE, pa = bench_page(bench);
        bench_touch(bench, device, pasid, iova);
        bench_map(bench, domain, iova, pa, BENCH_PAGE, RW);
        bench_expect_page(bench, device, pasid, iova, pa);
    }
    /* Elsewhere in the same table, where nothing was ever stored but zeroes. */
    bench_expect_blocked(bench, device, pasid, base ^ 0x100000, false, FINDING_OPEN_ROUTE,
                         FINDING_OPEN_ROUTE);
}

static void rights(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench), pa = bench_page(bench);
    uint32_t pasid;
    unsigned domain = attached(bench, device, &pasid);
    bench_map(bench, domain, iova, pa, BENCH_PAGE, IOMMU_CONFORM_READ);
    bench_expect_page(bench, device, pasid, iova, pa);
    bench_expect_blocked(bench, device, pasid, iova, true, FINDING_WRONG_RIGHTS,
                         FINDING_WRONG_RIGHTS);
    bench_expect_page(bench, device, pasid, iova, pa);
}

/* Large and aligned, so that a driver will want large pages; the unit may have none, or none of that size. */
static void large(struct bench *bench)
{
    const unsigned pages = 512;
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench) >> 21 << 21, pa = bench_pages(bench, 3 * pages);
    uint32_t pasid;
    unsigned domain = attached(bench, device, &pasid);
    uint64_t start = (pa + pages * BENCH_PAGE - 1) / (pages * BENCH_PAGE) * (pages * BENCH_PAGE);
    bench_map(bench, domain, iova, start, pages * BENCH_PAGE, RW);
    for (unsigned i = 0; i < 6; i++) {
        unsigned page = bench_pick(bench, pages);
        bench_expect_page(bench, device, pasid, iova + page * BENCH_PAGE,
                          start + page * BENCH_PAGE);
    }
    bench_expect_blocked(bench, device, pasid, iova + pages * BENCH_PAGE, false, FINDING_OPEN_ROUTE,
                         FINDING_OPEN_ROUTE);
}

/* As high as the driver goes along: what it accepts must work, and what no unit can walk it must not accept. */
static void widths(struct bench *bench)
{
    static const uint8_t bits[] = {30, 38, 39, 40, 47, 48, 52, 56, 57, 60};
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t pa = bench_page(bench);
    uint32_t pasid;
    unsigned domain = attached(bench, device, &pasid);
    for (unsigned i = 0; i < sizeof bits; i++) {
        uint64_t iova = (UINT64_C(1) << bits[i]) - BENCH_PAGE;
        if (bench_try_map(bench, domain, iova, pa, BENCH_PAGE, RW) < 0) {
            if (bits[i] <= 38 && !bench_broken_hardware(bench))
                bench_fail(bench, FINDING_REFUSED,
                           "mapping IOVA %#llx, in reach of every unit, was refused",
                           (unsigned long long)iova);
            continue;
        }
        bench_expect_page(bench, device, pasid, iova, pa);
    }
}

static void interrupt_window(struct bench *bench)
{
    static const uint64_t inside[] = {0xfee00000, 0xfee01000, 0xfeeff000};
    unsigned device = bench_pick(bench, BENCH_DEVICES), i = bench_pick(bench, 3);
    uint32_t pasid;
    unsigned domain = attached(bench, device, &pasid);
    if (bench_try_map(bench, domain, inside[i], bench_page(bench), BENCH_PAGE, RW) >= 0)
        bench_fail(
            bench, FINDING_WINDOW_MAPPED,
            "IOVA %#llx was mapped; untagged writes there are interrupts and never reach the page",
            (unsigned long long)inside[i]);
}

/* The device's unit wants its write buffer flushed after every new entry. */
static void write_buffer(struct bench *bench)
{
    struct bench_counts before, after;
    unsigned domain = bench_domain(bench, 0);
    bench_attach(bench, domain, 0, BENCH_NO_PASID);
    for (unsigned i = 0; i < 2; i++) {
        bench_counts(bench, &before);
        bench_map(bench, domain, bench_iova(bench), bench_page(bench), BENCH_PAGE, RW);
        bench_counts(bench, &after);
        if (after.write_buffer_flushes == before.write_buffer_flushes &&
            after.register_invalidations == before.register_invalidations &&
            after.tails == before.tails)
            bench_fail(
                bench, FINDING_WRITE_BUFFER,
                "map returned without a write-buffer flush or an invalidation, CAP.RWBF is 1");
    }
}

const struct scenario scenarios_map[] = {
    {"map-attach", "map, attach, use", 0, map_attach},
    {"map-after-miss", "a device looks before there is something to see; then it is mapped", 0,
     map_after_miss},
    {"attach-after-miss", "a route is tried before it is attached", 0, attach_after_miss},
    {"map-many", "mappings one after the other, each used at once", 0, map_many},
    {"rights", "a read-only page, read and written", 0, rights},
    {"large", "two megabytes in one go", 0, large},
    {"widths", "addresses up to the highest that the driver accepts", 0, widths},
    {"interrupt-window", "a mapping where messages go", 0, interrupt_window},
    {"write-buffer", "a unit with a write buffer in front", NEEDS_RWBF, write_buffer},
    {0},
};
