/* SPDX-License-Identifier: MIT */
/* scenarios_fault.c - what was blocked is reported, with everything that names it; also after a storm. */
#include "conformance/bench.h"

#define RW         (IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE)
#define FAULTS_MAX 64u

static void drain(struct bench *bench)
{
    struct iommu_conform_fault faults[FAULTS_MAX];
    for (unsigned i = 0; i < 50; i++) {
        bench_enter(bench, "faults");
        int count = bench->adapter->faults(bench->driver, faults, FAULTS_MAX);
        bench->calling = false;
        if (count <= 0)
            return;
    }
}

static void expect_fault(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                         bool write)
{
    struct iommu_conform_fault fault[FAULTS_MAX] = {{0}};
    bench_enter(bench, "faults");
    int count = bench->adapter->faults(bench->driver, fault, FAULTS_MAX);
    bench->calling = false;
    const char *who = bench_who(bench, device, pasid);
    if (count < 1)
        bench_fail(bench, FINDING_FAULT_LOST,
                   "%s was blocked at IOVA %#llx (reason %02x), and nothing is reported", who,
                   (unsigned long long)iova, bench->last.fault);
    if (count != 1 || fault[0].rid != bench->device[device].rid || fault[0].pasid != pasid ||
        (fault[0].address ^ iova) >= BENCH_PAGE || fault[0].write != write ||
        fault[0].reason != bench->last.fault)
        bench_fail(bench, FINDING_FAULT_WRONG,
                   "%s was blocked %s IOVA %#llx, reason %02x; reported: %d faults, RID %04x, "
                   "PASID %#x, %s %#llx, reason %02x",
                   who, write ? "writing" : "reading", (unsigned long long)iova, bench->last.fault,
                   count, fault[0].rid, fault[0].pasid, fault[0].write ? "write" : "read",
                   (unsigned long long)fault[0].address, fault[0].reason);
}

static void blocked(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova, bool write)
{
    uint64_t value = 0;
    if (bench_dma(bench, device, pasid, iova, &value, write))
        bench_fail(bench, FINDING_OPEN_ROUTE, "%s reached page %#llx",
                   bench_who(bench, device, pasid), (unsigned long long)bench->last.pa);
}

/* A device that asks for a translation first, and is told that there is none, sends nothing that could be recorded. */
static bool not_recorded(const struct bench *bench, unsigned device)
{
    return bench_machine_tlbs(bench) && bench_ats_on(bench, device);
}

static void fault_reported(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench);
    unsigned domain = bench_domain(bench, device);
    uint32_t pasid = bench_attach(bench, domain, device, bench_some_pasid(bench, device));
    bench_map(bench, domain, iova, bench_page(bench), BENCH_PAGE, IOMMU_CONFORM_READ);
    if (not_recorded(bench, device))
        return;
    drain(bench);
    for (unsigned i = 0; i < 3; i++) {
        bool write = i == 2 || bench_random(bench) % 2 != 0;
        uint64_t at = i == 2 ? iova : iova + (1 + bench_pick(bench, 9)) * BENCH_PAGE + UINT64_C(16) * i;
        blocked(bench, device, pasid, at, write);
        expect_fault(bench, device, pasid, at, write);
    }
}

static void fault_storm(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench);
    bench_attach(bench, bench_domain(bench, device), device, BENCH_NO_PASID);
    if (not_recorded(bench, device))
        return;
    for (unsigned i = 0; i < 40; i++)
        blocked(bench, device, BENCH_NO_PASID, iova + i * BENCH_PAGE, false);
    drain(bench);
    blocked(bench, device, BENCH_NO_PASID, iova, false);
    struct iommu_conform_fault fault[FAULTS_MAX];
    bench_enter(bench, "faults");
    int count = bench->adapter->faults(bench->driver, fault, FAULTS_MAX);
    bench->calling = false;
    if (count < 1)
        bench_fail(bench, FINDING_FAULT_STORM,
                   "forty faults were collected as far as they were recorded; the next one is not "
                   "reported (FSTS %#x)",
                   iommu_model_machine_read32(bench->machine,
                                              bench_unit_base(bench->device_unit[device]) + 0x34));
}

const struct scenario scenarios_fault[] = {
    {"fault-reported", "blocked requests, one at a time", NEEDS_FAULTS, fault_reported},
    {"fault-storm", "more faults than records", NEEDS_FAULTS, fault_storm},
    {0},
};
