/* SPDX-License-Identifier: MIT */
/*
 * scenarios_torn.c - a device that looks at any moment, between any two stores. No request goes out before the change
 * under test, so that the walks see memory and not a cache.
 */
#include "conformance/bench.h"

#define RW (IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE)

struct scene {
    unsigned device, domain;
    uint32_t pasid;
    uint64_t iova;
    struct iommu_model_result before;
};

static void begin(struct bench *bench, struct scene *scene)
{
    bench_explain(bench, scene->device, scene->pasid, scene->iova, false, &scene->before, NULL);
    bench_watch_begin(bench, scene->device, scene->pasid, scene->iova);
}

static void end(struct bench *bench, struct scene *scene)
{
    bench_watch_end(bench);
    bench_expect_whole(bench, &scene->before);
}

static struct scene set(struct bench *bench)
{
    struct scene scene = {.device = bench_pick(bench, BENCH_DEVICES), .iova = bench_iova(bench)};
    scene.pasid = bench_some_pasid(bench, scene.device);
    scene.domain = bench_domain(bench, scene.device);
    bench_map(bench, scene.domain, scene.iova, bench_page(bench), BENCH_PAGE, RW);
    return scene;
}

static void torn_attach(struct bench *bench)
{
    struct scene scene = set(bench);
    /* With a neighbour's entry in the same table, or with no table at all. */
    if (scene.pasid != BENCH_NO_PASID && bench_random(bench) % 2 == 0)
        bench_attach(bench, bench_domain(bench, scene.device), scene.device,
                     scene.pasid ^ 1 ? scene.pasid ^ 1 : 2);
    begin(bench, &scene);
    uint32_t got = bench_attach(bench, scene.domain, scene.device, scene.pasid);
    if (got != scene.pasid)
        bench_leave(bench, BENCH_INCONCLUSIVE); /* the driver chooses: another route was watched */
    end(bench, &scene);
}

static void torn_detach(struct bench *bench)
{
    struct scene scene = set(bench);
    scene.pasid = bench_attach(bench, scene.domain, scene.device, scene.pasid);
    if (scene.pasid != BENCH_NO_PASID && bench->adapter->detach_pasid == NULL)
        return;
    begin(bench, &scene);
    bench_detach(bench, scene.domain, scene.device, scene.pasid);
    end(bench, &scene);
}

static void torn_again(struct bench *bench)
{
    struct scene scene = set(bench);
    scene.pasid = bench_attach(bench, scene.domain, scene.device, scene.pasid);
    if (scene.pasid != BENCH_NO_PASID && bench->adapter->detach_pasid == NULL)
        return;
    bench_detach(bench, scene.domain, scene.device, scene.pasid);
    unsigned next = bench_domain(bench, scene.device);
    bench_map(bench, next, scene.iova, bench_page(bench), BENCH_PAGE, RW);
    begin(bench, &scene);
    bench_attach(bench, next, scene.device, scene.pasid);
    end(bench, &scene);
}

static void torn_replace(struct bench *bench)
{
    struct scene scene = set(bench);
    scene.pasid = bench_attach(bench, scene.domain, scene.device, scene.pasid);
    unsigned next = bench_domain(bench, scene.device);
    bench_map(bench, next, scene.iova, bench_page(bench), BENCH_PAGE, RW);
    begin(bench, &scene);
    if (bench_try_replace(bench, scene.device, scene.pasid, next) < 0)
        bench_leave(bench, BENCH_INCONCLUSIVE);
    end(bench, &scene);
}

/* New tables are linked in below entries that the unit may be reading. */
static void torn_map(struct bench *bench)
{
    struct scene scene = {.device = bench_pick(bench, BENCH_DEVICES), .iova = bench_iova(bench)};
    scene.domain = bench_domain(bench, scene.device);
    scene.pasid =
        bench_attach(bench, scene.domain, scene.device, bench_some_pasid(bench, scene.device));
    if (bench_random(bench) % 2 == 0)
        bench_map(bench, scene.domain, scene.iova ^ 0x40000, bench_page(bench), BENCH_PAGE, RW);
    begin(bench, &scene);
    bench_map(bench, scene.domain, scene.iova, bench_page(bench), BENCH_PAGE, RW);
    end(bench, &scene);
}

static void torn_unmap(struct bench *bench)
{
    struct scene scene = set(bench);
    scene.pasid = bench_attach(bench, scene.domain, scene.device, scene.pasid);
    begin(bench, &scene);
    bench_unmap(bench, scene.domain, scene.iova, BENCH_PAGE);
    end(bench, &scene);
}

const struct scenario scenarios_torn[] = {
    {"torn-attach", "a look after each store of attach", NEEDS_SOUND | NEEDS_TORN, torn_attach},
    {"torn-detach", "a look after each store of detach", NEEDS_DETACH | NEEDS_SOUND | NEEDS_TORN,
     torn_detach},
    {"torn-again", "a look after each store of an attach where one was before",
     NEEDS_DETACH | NEEDS_SOUND | NEEDS_TORN, torn_again},
    {"torn-replace", "a look after each store of replace", NEEDS_REPLACE | NEEDS_SOUND | NEEDS_TORN,
     torn_replace},
    {"torn-map", "a look after each store of map", NEEDS_SOUND | NEEDS_TORN, torn_map},
    {"torn-unmap", "a look after each store of unmap", NEEDS_UNMAP | NEEDS_SOUND | NEEDS_TORN,
     torn_unmap},
    {0},
};
