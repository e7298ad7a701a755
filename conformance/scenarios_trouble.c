/* SPDX-License-Identifier: MIT */
/* scenarios_trouble.c - units that stop working: the call has to end, and must not say that all went well. */
#include "conformance/bench.h"

#define RW (IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE)

struct stage {
    unsigned domain, device;
    uint32_t pasid;
    uint64_t iova, pa;
};

static struct stage working(struct bench *bench)
{
    struct stage stage = {.device = bench_pick(bench, BENCH_DEVICES),
                          .iova = bench_iova(bench),
                          .pa = bench_page(bench)};
    stage.domain = bench_domain(bench, stage.device);
    bench_map(bench, stage.domain, stage.iova, stage.pa, BENCH_PAGE, RW);
    stage.pasid =
        bench_attach(bench, stage.domain, stage.device, bench_some_pasid(bench, stage.device));
    bench_expect_page(bench, stage.device, stage.pasid, stage.iova, stage.pa);
    return stage;
}

/* Nothing was confirmed, so either the call says so, or nothing was needed. */
static void judge(struct bench *bench, const struct stage *stage, int result, const char *what)
{
    uint64_t value;
    if (result < 0)
        bench_leave(bench, BENCH_DONE);
    if (bench_dma(bench, stage->device, stage->pasid, stage->iova, &value, false))
        bench_fail(bench, FINDING_FALSE_SUCCESS,
                   "%s returned success although the unit has stopped taking commands, and %s "
                   "still reads page %#llx",
                   what, bench_who(bench, stage->device, stage->pasid),
                   (unsigned long long)bench->last.pa);
    bench_leave(bench, BENCH_DONE);
}

static void stalled_unmap(struct bench *bench)
{
    struct stage stage = working(bench);
    bench->stalled = true;
    judge(bench, &stage, bench_try_unmap(bench, stage.domain, stage.iova, BENCH_PAGE), "unmap");
}

static void stalled_detach(struct bench *bench)
{
    struct stage stage = working(bench);
    if (stage.pasid != BENCH_NO_PASID && bench->adapter->detach_pasid == NULL)
        return;
    bench->stalled = true;
    judge(bench, &stage, bench_try_detach(bench, stage.domain, stage.device, stage.pasid),
          "detach");
}

static void stalled_attach(struct bench *bench)
{
    uint64_t iova = bench_iova(bench);
    unsigned domain = bench_domain(bench, 0);
    uint32_t pasid = BENCH_NO_PASID;
    bench_map(bench, domain, iova, bench_page(bench), BENCH_PAGE, RW);
    bench_touch(bench, 0, pasid, iova);
    bench->stalled = true;
    (void)bench_try_attach(bench, domain, 0, &pasid);
    (void)bench_try_map(bench, domain, bench_iova(bench), bench_page(bench), BENCH_PAGE, RW);
    bench_leave(bench, BENCH_DONE);
}

/* A unit that does not react from the first command on. */
static void stalled_init(struct bench *bench)
{
    bench->stalled = true;
    bench->offered = (struct iommu_conform_host){.platform = &bench->platform,
                                                 .devices = bench->device,
                                                 .device_count = bench->device_count};
    bench->offered.dmar = iommu_model_machine_dmar(bench->machine, &bench->offered.dmar_bytes);
    bench_enter(bench, "init");
    int result = bench->adapter->init(&bench->offered, &bench->driver);
    bench->calling = false;
    if (result >= 0)
        bench_fail(bench, FINDING_FALSE_SUCCESS, "init succeeded although no unit took a command");
    bench_leave(bench, BENCH_DONE);
}

static uint32_t fault_status(struct bench *bench, unsigned device)
{
    return iommu_model_machine_read32(bench->machine,
                                      bench_unit_base(bench->device_unit[device]) + 0x34);
}

/* Whatever the lies do to the queue: a run of ordinary work must end, and success must mean success. */
static void long_work(struct bench *bench)
{
    struct stage stage = working(bench);
    for (unsigned i = 0; i < 30; i++) {
        if (bench_try_unmap(bench, stage.domain, stage.iova, BENCH_PAGE) < 0)
            bench_leave(bench, bench_broken_hardware(bench) ? BENCH_INCONCLUSIVE : BENCH_DONE);
        bench_expect_blocked(bench, stage.device, stage.pasid, stage.iova, false,
                             FINDING_FALSE_SUCCESS, FINDING_FALSE_SUCCESS);
        bench_map(bench, stage.domain, stage.iova, stage.pa, BENCH_PAGE, RW);
        bench_expect_page(bench, stage.device, stage.pasid, stage.iova, stage.pa);
    }
}

/* Errors that hardware gets over: a call may fail, the next ones must not go on failing. */
static void recovers(struct bench *bench)
{
    struct stage stage = working(bench);
    unsigned failed = 0, since = 0;
    for (unsigned i = 0; i < 40; i++) {
        uint64_t iova = stage.iova + (8 + i) * BENCH_PAGE;
        if (bench_try_map(bench, stage.domain, iova, stage.pa, BENCH_PAGE, RW) < 0)
            bench_leave(bench, BENCH_INCONCLUSIVE);
        int result = bench_try_unmap(bench, stage.domain, iova, BENCH_PAGE);
        failed += result < 0;
        since = result < 0 ? since + 1 : 0;
        if (since == 12)
            bench_fail(
                bench, FINDING_NO_RECOVERY,
                "unmap fails for the %uth time in a row (%d), %u of %u tries failed; FSTS is %#x",
                since, result, failed, i + 1, fault_status(bench, stage.device));
    }
}

/* More invalidations than the queue has slots: it has to wrap. */
static void queue_wraps(struct bench *bench)
{
    struct stage stage = working(bench);
    for (unsigned i = 0; i < 300; i++) {
        bench_unmap(bench, stage.domain, stage.iova, BENCH_PAGE);
        bench_map(bench, stage.domain, stage.iova, stage.pa, BENCH_PAGE, RW);
        if (i % 50 == 0)
            bench_expect_page(bench, stage.device, stage.pasid, stage.iova, stage.pa);
    }
    bench_unmap(bench, stage.domain, stage.iova, BENCH_PAGE);
    bench_expect_blocked(bench, stage.device, stage.pasid, stage.iova, false, FINDING_LIVE_PAGE,
                         FINDING_STALE_PAGE);
}

const struct scenario scenarios_trouble[] = {
    {"stalled-unmap", "the unit stops taking commands; unmap", NEEDS_UNMAP | NEEDS_SOUND,
     stalled_unmap},
    {"stalled-detach", "the unit stops taking commands; detach", NEEDS_DETACH | NEEDS_SOUND,
     stalled_detach},
    {"stalled-attach", "the unit stops taking commands; attach and map", NEEDS_SOUND,
     stalled_attach},
    {"stalled-init", "a unit that never takes a command", NEEDS_NO_INIT | NEEDS_SOUND,
     stalled_init},
    {"long-work", "thirty rounds of unmap and map, whatever happens to the queue", NEEDS_UNMAP,
     long_work},
    {"recovers", "errors that hardware gets over", NEEDS_UNMAP | NEEDS_LIVE_QUEUE, recovers},
    {"queue-wraps", "more invalidations than slots", NEEDS_UNMAP, queue_wraps},
    {0},
};
