/* SPDX-License-Identifier: MIT */
/* scenarios_bringup.c - from whatever firmware or an earlier driver left, to translation on every unit. */
#include "conformance/bench.h"
#include "conformance/registers.h"

#define RW (IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE)

static void every_unit(struct bench *bench)
{
    for (unsigned i = 0; i < bench->unit_count; i++)
        if (!(iommu_model_machine_read32(bench->machine, bench_unit_base(i) + REG_GSTS) & GCMD_TE))
            bench_fail(bench, FINDING_UNIT_LEFT_OFF,
                       "after init, GSTS.TES of unit %u is 0: its devices reach all of memory", i);
    for (unsigned i = 0; i < BENCH_DEVICES; i++)
        bench_expect_blocked(bench, i, BENCH_NO_PASID, bench_page(bench), true, FINDING_OPEN_ROUTE,
                             FINDING_OPEN_ROUTE);
}

/* Devices of every unit do ordinary work, one after the other. */
static void each_device(struct bench *bench)
{
    for (unsigned i = 0; i < BENCH_DEVICES; i++) {
        unsigned device = (i + (unsigned)bench->seed) % BENCH_DEVICES,
                 domain = bench_domain(bench, device);
        uint64_t iova = bench_iova(bench), pa = bench_page(bench);
        bench_map(bench, domain, iova, pa, BENCH_PAGE, RW);
        uint32_t pasid = bench_attach(bench, domain, device, bench_some_pasid(bench, device));
        bench_expect_page(bench, device, pasid, iova, pa);
        bench_expect_write(bench, device, pasid, iova, pa);
    }
}

/* The regions of machine.c, each in whole pages. */
static const struct {
    uint64_t first, pages;
    bool last_device; /* else device 1 */
    bool odd;         /* starts within its first page, for most seeds: a page more */
} regions[] = {{0x80000, 3, false, false}, {0x90000, 2, true, true}};

static unsigned owner(const struct bench *bench, unsigned region)
{
    return regions[region].last_device ? bench->device_count - 1 : 1;
}

static uint64_t pages_of(const struct bench *bench, unsigned region)
{
    return regions[region].pages + (regions[region].odd && bench->seed % 3 != 0);
}

/* Firmware's DMA at every moment of init. */
static void firmware_dma(struct bench *bench)
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t address =
                     regions[i].first + bench->at_hook_value[0]++ % pages_of(bench, i) * BENCH_PAGE,
                 value = 0;
        bool was = bench->calling;
        bench->calling = false;
        bool passed = bench_dma(bench, owner(bench, i), BENCH_NO_PASID, address, &value, false);
        bench->calling = was;
        if (!passed)
            bench_fail(bench, FINDING_RESERVED_DEAD,
                       "firmware's DMA of %s to its reserved page %#llx is blocked during init, "
                       "reason %02x (%s)",
                       bench_who(bench, owner(bench, i), BENCH_NO_PASID),
                       (unsigned long long)address, bench->last.fault,
                       iommu_model_vtd_fault_name(bench->last.fault));
    }
}

static void expect_region(struct bench *bench, unsigned region)
{
    for (uint64_t i = 0; i < pages_of(bench, region); i++) {
        uint64_t address = regions[region].first + i * BENCH_PAGE, value = 0;
        if (!bench_dma(bench, owner(bench, region), BENCH_NO_PASID, address, &value,
                       bench_random(bench) % 2 != 0))
            bench_fail(bench, FINDING_RESERVED_DEAD,
                       "DMA of %s to its reserved page %#llx is blocked, reason %02x (%s)",
                       bench_who(bench, owner(bench, region), BENCH_NO_PASID),
                       (unsigned long long)address, bench->last.fault,
                       iommu_model_vtd_fault_name(bench->last.fault));
        if (bench->last.pa != address)
            bench_fail(bench, FINDING_RESERVED_DEAD, "DMA to reserved page %#llx reaches %#llx",
                       (unsigned long long)address, (unsigned long long)bench->last.pa);
    }
}

static void reserved(struct bench *bench)
{
    if (bench->seed % 2 != 0)
        bench->at_hook = firmware_dma;
    bench_init(bench);
    bench->at_hook = NULL;
    for (unsigned i = 0; i < 2; i++) {
        expect_region(bench, i);
        uint64_t end = regions[i].first + pages_of(bench, i) * BENCH_PAGE;
        bench_expect_blocked(bench, owner(bench, i), BENCH_NO_PASID, end, false,
                             FINDING_RESERVED_OPEN, FINDING_RESERVED_OPEN);
        bench_expect_blocked(bench, owner(bench, i), BENCH_NO_PASID, regions[i].first - BENCH_PAGE,
                             true, FINDING_RESERVED_OPEN, FINDING_RESERVED_OPEN);
        bench_expect_blocked(bench, 0, BENCH_NO_PASID, regions[i].first, false,
                             FINDING_RESERVED_OPEN, FINDING_RESERVED_OPEN);
    }
}

/* Firmware protects low memory until somebody translates; left on, it blocks what is mapped. */
static void protected_memory(struct bench *bench)
{
    bench_init(bench);
    each_device(bench);
}

/* An earlier driver worked here, and was left without a word (a crash, a kexec). Its caches are still warm. */
static void takeover(struct bench *bench)
{
    uint64_t iova = bench_iova(bench), fresh = bench_iova(bench), pa = bench_page(bench);
    bench_init(bench);
    for (unsigned i = 0; i < BENCH_DEVICES; i++) {
        unsigned domain = bench_domain(bench, i);
        bench_map(bench, domain, iova, bench_page(bench), BENCH_PAGE, RW);
        bench_attach(bench, domain, i, BENCH_NO_PASID);
        bench_touch(bench, i, BENCH_NO_PASID, iova);
    }
    bench->domain_count = bench->route_count = 0;
    bench->second_driver = true;
    bench_init(bench);
    for (unsigned i = 0; i < BENCH_DEVICES; i++)
        bench_expect_blocked(bench, i, BENCH_NO_PASID, iova, false, FINDING_TAKEOVER,
                             FINDING_TAKEOVER);
    unsigned domain = bench_domain(bench, 1);
    bench_map(bench, domain, fresh, pa, BENCH_PAGE, RW);
    bench_attach(bench, domain, 1, BENCH_NO_PASID);
    bench_expect_page(bench, 1, BENCH_NO_PASID, fresh, pa);
    bench_expect_blocked(bench, 1, BENCH_NO_PASID, iova, false, FINDING_TAKEOVER, FINDING_TAKEOVER);
}

/* Down and up again on the same machine. */
static void restart(struct bench *bench)
{
    uint64_t iova = bench_iova(bench), pa = bench_page(bench);
    for (unsigned round = 0; round < 2; round++) {
        unsigned domain = bench_domain(bench, 0);
        bench_map(bench, domain, iova, pa, BENCH_PAGE, RW);
        bench_attach(bench, domain, 0, BENCH_NO_PASID);
        bench_expect_page(bench, 0, BENCH_NO_PASID, iova, pa);
        if (!bench_take_down(bench))
            return;
        bench->domain_count = bench->route_count = 0;
        bench_init(bench);
        bench_expect_blocked(bench, 0, BENCH_NO_PASID, iova, false, FINDING_OPEN_ROUTE,
                             FINDING_TAKEOVER);
    }
}

const struct scenario scenarios_bringup[] = {
    {"every-unit", "every unit on, every device blocked", 0, every_unit},
    {"each-device", "a device of each unit at work", 0, each_device},
    {"reserved", "firmware's devices at work throughout", NEEDS_REGIONS | NEEDS_NO_INIT, reserved},
    {"protected-memory", "firmware left protected memory on", NEEDS_PROTECTED | NEEDS_NO_INIT,
     protected_memory},
    {"takeover", "an earlier driver left everything running", NEEDS_NO_INIT, takeover},
    {"restart", "down and up again", NEEDS_FINI | NEEDS_DETACH | NEEDS_FREE, restart},
    {0},
};
