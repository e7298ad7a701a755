/* SPDX-License-Identifier: MIT */
/* scenarios_unmap.c - what goes: pages that devices have used, alone, many, with their tables, among neighbours. */
#include "conformance/bench.h"

#define RW    (IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE)
#define TABLE 512u /* pages that one table of leaves covers */

struct route {
    unsigned domain, device;
    uint32_t pasid;
};

static struct route attached(struct bench *bench, unsigned device)
{
    struct route route = {.domain = bench_domain(bench, device), .device = device};
    route.pasid = bench_attach(bench, route.domain, device, bench_some_pasid(bench, device));
    return route;
}

static void use(struct bench *bench, const struct route *route, uint64_t iova, uint64_t pa,
                unsigned pages)
{
    for (unsigned i = 0; i < pages; i++)
        bench_expect_page(bench, route->device, route->pasid, iova + i * BENCH_PAGE,
                          pa + i * BENCH_PAGE);
}

static void expect_gone(struct bench *bench, const struct route *route, uint64_t iova,
                        unsigned pages)
{
    for (unsigned i = 0; i < pages; i++)
        bench_expect_blocked(bench, route->device, route->pasid, iova + i * BENCH_PAGE,
                             bench_random(bench) % 2 != 0, FINDING_LIVE_PAGE, FINDING_STALE_PAGE);
}

static void unmap_one(struct bench *bench)
{
    struct route route = attached(bench, bench_pick(bench, BENCH_DEVICES));
    uint64_t iova = bench_iova(bench), pa = bench_page(bench);
    bench_map(bench, route.domain, iova, pa, BENCH_PAGE, RW);
    use(bench, &route, iova, pa, 1);
    bench_unmap(bench, route.domain, iova, BENCH_PAGE);
    expect_gone(bench, &route, iova, 1);
}

/* Any length at any alignment: what an address mask of pages has to cover. */
static void unmap_range(struct bench *bench)
{
    struct route route = attached(bench, bench_pick(bench, BENCH_DEVICES));
    unsigned pages = 2 + bench_pick(bench, bench_random(bench) % 8 == 0 ? 700 : 40);
    uint64_t iova = bench_iova(bench), pa = bench_pages(bench, pages);
    bench_map(bench, route.domain, iova, pa, pages * BENCH_PAGE, RW);
    use(bench, &route, iova, pa, pages);
    bench_unmap(bench, route.domain, iova, pages * BENCH_PAGE);
    expect_gone(bench, &route, iova, pages);
}

/* A piece goes, before and behind stay. The map calls are three, so that no large page is cut. */
static void unmap_between(struct bench *bench)
{
    struct route route = attached(bench, bench_pick(bench, BENCH_DEVICES));
    unsigned count[3] = {1 + bench_pick(bench, 5), 1 + bench_pick(bench, 9),
                         1 + bench_pick(bench, 5)};
    uint64_t iova[3], pa[3], next = bench_iova(bench);
    for (unsigned i = 0; i < 3; i++) {
        iova[i] = next;
        pa[i] = bench_pages(bench, count[i]);
        bench_map(bench, route.domain, iova[i], pa[i], count[i] * BENCH_PAGE, RW);
        use(bench, &route, iova[i], pa[i], count[i]);
        next += count[i] * BENCH_PAGE;
    }
    bench_unmap(bench, route.domain, iova[1], count[1] * BENCH_PAGE);
    expect_gone(bench, &route, iova[1], count[1]);
    use(bench, &route, iova[0], pa[0], count[0]);
    use(bench, &route, iova[2], pa[2], count[2]);
}

/* A table's worth of leaves goes, so that the table may go, too; then the place is used again. */
static void unmap_table(struct bench *bench)
{
    struct route route = attached(bench, bench_pick(bench, BENCH_DEVICES));
    unsigned pages = 2 * TABLE;
    uint64_t iova = (bench_iova(bench) >> 21 << 21),
             pa = bench_pages(bench, pages + 1) + BENCH_PAGE;
    bench_map(bench, route.domain, iova, pa, pages * BENCH_PAGE, RW);
    for (unsigned i = 0; i < pages; i += 100)
        bench_expect_page(bench, route.device, route.pasid, iova + i * BENCH_PAGE,
                          pa + i * BENCH_PAGE);
    bench_unmap(bench, route.domain, iova, pages * BENCH_PAGE);
    for (unsigned i = 0; i < pages; i += 50)
        expect_gone(bench, &route, iova + i * BENCH_PAGE, 1);
    uint64_t again = bench_page(bench);
    bench_map(bench, route.domain, iova + 7 * BENCH_PAGE, again, BENCH_PAGE, RW);
    bench_expect_page(bench, route.device, route.pasid, iova + 7 * BENCH_PAGE, again);
    expect_gone(bench, &route, iova + 8 * BENCH_PAGE, 1);
}

static void remap(struct bench *bench)
{
    struct route route = attached(bench, bench_pick(bench, BENCH_DEVICES));
    uint64_t iova = bench_iova(bench);
    for (unsigned i = 0; i < 6; i++) {
        unsigned pages = 1 + bench_pick(bench, 4);
        uint64_t pa = bench_pages(bench, pages);
        bench_map(bench, route.domain, iova, pa, pages * BENCH_PAGE, RW);
        use(bench, &route, iova, pa, pages);
        bench_unmap(bench, route.domain, iova, pages * BENCH_PAGE);
    }
    expect_gone(bench, &route, iova, 4);
}

/* Small pages, then a large one in their place, then small ones. */
static void change_size(struct bench *bench)
{
    struct route route = attached(bench, bench_pick(bench, BENCH_DEVICES));
    const uint64_t bytes = TABLE * BENCH_PAGE;
    uint64_t iova = bench_iova(bench) >> 21 << 21, first = bench_page(bench),
             last = bench_page(bench);
    uint64_t middle = (bench_pages(bench, 3 * TABLE) + bytes - 1) / bytes * bytes;
    bench_map(bench, route.domain, iova + 3 * BENCH_PAGE, first, BENCH_PAGE, RW);
    bench_expect_page(bench, route.device, route.pasid, iova + 3 * BENCH_PAGE, first);
    bench_unmap(bench, route.domain, iova + 3 * BENCH_PAGE, BENCH_PAGE);
    bench_map(bench, route.domain, iova, middle, bytes, RW);
    for (unsigned i = 0; i < 6; i++)
        bench_expect_page(bench, route.device, route.pasid, iova + i * BENCH_PAGE,
                          middle + i * BENCH_PAGE);
    bench_unmap(bench, route.domain, iova, bytes);
    bench_map(bench, route.domain, iova + 5 * BENCH_PAGE, last, BENCH_PAGE, RW);
    bench_expect_page(bench, route.device, route.pasid, iova + 5 * BENCH_PAGE, last);
    expect_gone(bench, &route, iova + 4 * BENCH_PAGE, 1);
}

/* Two domains with the same addresses: what goes in one stays in the other, and in no cache under the wrong name. */
static void unmap_two_domains(struct bench *bench)
{
    struct route route[2] = {attached(bench, 0), attached(bench, 1)};
    uint64_t iova = bench_iova(bench), pa[2];
    for (unsigned i = 0; i < 2; i++) {
        pa[i] = bench_page(bench);
        bench_map(bench, route[i].domain, iova, pa[i], BENCH_PAGE, RW);
        use(bench, &route[i], iova, pa[i], 1);
    }
    unsigned goes = bench_pick(bench, 2);
    bench_unmap(bench, route[goes].domain, iova, BENCH_PAGE);
    expect_gone(bench, &route[goes], iova, 1);
    use(bench, &route[1 - goes], iova, pa[1 - goes], 1);
}

/* One domain on two devices, of two units where there are two: each unit's caches know it. */
static void unmap_two_devices(struct bench *bench)
{
    unsigned first = bench_pick(bench, BENCH_DEVICES), second = bench_other_device(first);
    struct route route[2] = {attached(bench, first), {.device = second}};
    uint64_t iova = bench_iova(bench), pa = bench_page(bench);
    uint32_t pasid = bench_some_pasid(bench, second);
    if (bench_try_attach(bench, route[0].domain, second, &pasid) < 0)
        return; /* the units differ too much */
    route[1] = (struct route){route[0].domain, second, pasid};
    bench_map(bench, route[0].domain, iova, pa, BENCH_PAGE, RW);
    use(bench, &route[0], iova, pa, 1);
    use(bench, &route[1], iova, pa, 1);
    bench_unmap(bench, route[0].domain, iova, BENCH_PAGE);
    expect_gone(bench, &route[0], iova, 1);
    expect_gone(bench, &route[1], iova, 1);
}

/* While pages are being freed, devices go on asking: hooks.c makes sure of it, see below. */
static void ask_on(struct bench *bench)
{
    struct iommu_model_result result;
    struct iommu_model_explanation steps;
    bool was = bench->calling;
    bench->calling = false;
    bench_explain(bench, (unsigned)bench->at_hook_value[0], (uint32_t)bench->at_hook_value[1],
                  bench->at_hook_value[2], false, &result, &steps);
    bench->calling = was;
    for (unsigned i = 0; i < steps.count; i++)
        if (!steps.step[i].cached && bench_is_freed(bench, steps.step[i].address))
            bench_fail(bench, FINDING_FREED_TABLE,
                       "during %s: %s would still be led through table page %#llx, which has just "
                       "been freed (%s)",
                       bench->doing,
                       bench_who(bench, (unsigned)bench->at_hook_value[0],
                                 (uint32_t)bench->at_hook_value[1]),
                       (unsigned long long)(steps.step[i].address & ~(BENCH_PAGE - 1)),
                       steps.step[i].what);
}

static void free_order(struct bench *bench)
{
    struct route route = attached(bench, bench_pick(bench, BENCH_DEVICES));
    uint64_t iova = bench_iova(bench) >> 21 << 21, pa = bench_pages(bench, TABLE + 1) + BENCH_PAGE;
    bench_map(bench, route.domain, iova, pa, TABLE * BENCH_PAGE, RW);
    /* Used, so that upper tables are remembered; the page asked for afterwards is one that is not. */
    bench_expect_page(bench, route.device, route.pasid, iova + 9 * BENCH_PAGE, pa + 9 * BENCH_PAGE);
    bench->at_hook_value[0] = route.device;
    bench->at_hook_value[1] = route.pasid;
    bench->at_hook_value[2] = iova + 10 * BENCH_PAGE;
    bench->at_hook = ask_on;
    bench_unmap(bench, route.domain, iova, TABLE * BENCH_PAGE);
    if (bench->adapter->detach != NULL &&
        (route.pasid == BENCH_NO_PASID || bench->adapter->detach_pasid != NULL)) {
        bench_detach(bench, route.domain, route.device, route.pasid);
        bench_free(bench, route.domain);
    }
    bench->at_hook = NULL;
}

const struct scenario scenarios_unmap[] = {
    {"unmap-one", "a page that was used is unmapped", NEEDS_UNMAP, unmap_one},
    {"unmap-range", "a range of any length and alignment", NEEDS_UNMAP, unmap_range},
    {"unmap-between", "a piece between others", NEEDS_UNMAP, unmap_between},
    {"unmap-table", "whole tables' worth of pages, and the place used again", NEEDS_UNMAP,
     unmap_table},
    {"remap", "the same address, another page each time", NEEDS_UNMAP, remap},
    {"change-size", "small pages, a large one, small ones in one place", NEEDS_UNMAP, change_size},
    {"unmap-two-domains", "two domains, the same address", NEEDS_UNMAP, unmap_two_domains},
    {"unmap-two-devices", "one domain on devices of different units", NEEDS_UNMAP,
     unmap_two_devices},
    {"free-order", "devices go on asking while tables are freed", NEEDS_UNMAP, free_order},
    {0},
};
