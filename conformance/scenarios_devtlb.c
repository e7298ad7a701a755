/* SPDX-License-Identifier: MIT */
/* scenarios_devtlb.c - endpoints that keep translations themselves; if the driver lets them. */
#include "conformance/bench.h"

#define RW (IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE)

static void expect_gone(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                        unsigned pages)
{
    for (unsigned i = 0; i < pages; i++)
        bench_expect_blocked(bench, device, pasid, iova + i * BENCH_PAGE, false,
                             FINDING_STALE_DEVICE_TLB, FINDING_STALE_DEVICE_TLB);
}

static void devtlb_unmap(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES), pages = 1 + bench_pick(bench, 20);
    uint64_t iova = bench_iova(bench), pa = bench_pages(bench, pages);
    unsigned domain = bench_domain(bench, device);
    bench_map(bench, domain, iova, pa, pages * BENCH_PAGE, RW);
    uint32_t pasid = bench_attach(bench, domain, device, bench_some_pasid(bench, device));
    for (unsigned i = 0; i < pages; i++)
        bench_expect_page(bench, device, pasid, iova + i * BENCH_PAGE, pa + i * BENCH_PAGE);
    bench_unmap(bench, domain, iova, pages * BENCH_PAGE);
    expect_gone(bench, device, pasid, iova, pages);
}

/* Untagged and tagged translations of one address beside one another. */
static void devtlb_pasid(struct bench *bench)
{
    uint64_t iova = bench_iova(bench), pa[2];
    uint32_t pasid[2] = {BENCH_NO_PASID, bench_new_pasid(bench, 0)};
    unsigned domain[2];
    for (unsigned i = 0; i < 2; i++) {
        pa[i] = bench_page(bench);
        domain[i] = bench_domain(bench, 0);
        bench_map(bench, domain[i], iova, pa[i], BENCH_PAGE, RW);
        pasid[i] = bench_attach(bench, domain[i], 0, pasid[i]);
        bench_expect_page(bench, 0, pasid[i], iova, pa[i]);
    }
    unsigned goes = bench_pick(bench, 2);
    bench_unmap(bench, domain[goes], iova, BENCH_PAGE);
    expect_gone(bench, 0, pasid[goes], iova, 1);
    bench_expect_page(bench, 0, pasid[1 - goes], iova, pa[1 - goes]);
}

static void devtlb_detach(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench), pa = bench_page(bench);
    unsigned domain = bench_domain(bench, device);
    bench_map(bench, domain, iova, pa, BENCH_PAGE, RW);
    uint32_t pasid = bench_some_pasid(bench, device);
    if (pasid != BENCH_NO_PASID && bench->adapter->detach_pasid == NULL)
        pasid = BENCH_NO_PASID;
    pasid = bench_attach(bench, domain, device, pasid);
    bench_expect_page(bench, device, pasid, iova, pa);
    bench_detach(bench, domain, device, pasid);
    expect_gone(bench, device, pasid, iova, 1);
}

static void devtlb_two_devices(struct bench *bench)
{
    uint64_t iova = bench_iova(bench), pa = bench_page(bench);
    unsigned domain = bench_domain(bench, 0);
    bench_map(bench, domain, iova, pa, BENCH_PAGE, RW);
    bench_attach(bench, domain, 0, BENCH_NO_PASID);
    uint32_t none = BENCH_NO_PASID;
    if (bench_try_attach(bench, domain, 1, &none) < 0)
        return;
    bench_expect_page(bench, 0, BENCH_NO_PASID, iova, pa);
    bench_expect_page(bench, 1, BENCH_NO_PASID, iova, pa);
    bench_unmap(bench, domain, iova, BENCH_PAGE);
    expect_gone(bench, 0, BENCH_NO_PASID, iova, 1);
    expect_gone(bench, 1, BENCH_NO_PASID, iova, 1);
}

/* A device that died does not answer its invalidations. The call may fail; it must end, and others must not suffer. */
static void dead_device(struct bench *bench)
{
    uint64_t iova = bench_iova(bench), pa = bench_page(bench), other = bench_page(bench);
    unsigned dies = bench_domain(bench, 0), lives = bench_domain(bench, 1);
    bench_map(bench, dies, iova, pa, BENCH_PAGE, RW);
    bench_map(bench, lives, iova, other, BENCH_PAGE, RW);
    bench_attach(bench, dies, 0, BENCH_NO_PASID);
    bench_attach(bench, lives, 1, BENCH_NO_PASID);
    bench_expect_page(bench, 0, BENCH_NO_PASID, iova, pa);
    bench_expect_page(bench, 1, BENCH_NO_PASID, iova, other);
    if (!bench_ats_on(bench, 0) || bench_machine_tlbs(bench))
        return;
    bench->devtlb_dead = 1;
    if (bench_try_unmap(bench, dies, iova, BENCH_PAGE) >= 0)
        bench_fail(
            bench, FINDING_FALSE_SUCCESS,
            "unmap succeeded although the device never acknowledged the invalidation of its TLB");
    if (bench_try_unmap(bench, lives, iova, BENCH_PAGE) < 0)
        bench_fail(bench, FINDING_NO_RECOVERY,
                   "after the time-out of one device, unmap for another one fails");
    expect_gone(bench, 1, BENCH_NO_PASID, iova, 1);
    bench_leave(bench, BENCH_DONE);
}

const struct scenario scenarios_devtlb[] = {
    {"devtlb-unmap", "pages that a device remembers are unmapped", NEEDS_ATS | NEEDS_UNMAP,
     devtlb_unmap},
    {"devtlb-pasid", "tagged and untagged translations of one address",
     NEEDS_ATS | NEEDS_UNMAP | NEEDS_PASID, devtlb_pasid},
    {"devtlb-detach", "a route that a device remembers is closed", NEEDS_ATS | NEEDS_DETACH,
     devtlb_detach},
    {"devtlb-two-devices", "two devices remember one page", NEEDS_ATS | NEEDS_UNMAP,
     devtlb_two_devices},
    {"dead-device", "a device that does not acknowledge", NEEDS_ATS | NEEDS_UNMAP | NEEDS_SOUND,
     dead_device},
    {0},
};
