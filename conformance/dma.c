/* SPDX-License-Identifier: MIT */
/*
 * dma.c - devices at work: requests that must pass or must not, and words for those that should not have.
 *
 * Before each request that must be blocked the unit is asked how it would answer (a dry run that shows every step), so
 * that a leak can be told by the cache or the entry that let it through.
 */
#include <stdio.h>
#include <string.h>

#include "conformance/bench.h"

#define MARK UINT64_C(0x5eed000000000000)

uint64_t bench_marker(uint64_t pa)
{
    return MARK | pa;
}

const char *bench_who(struct bench *bench, unsigned device, uint32_t pasid)
{
    static char names[2][48];
    static unsigned turn;
    char *name = names[turn++ % 2];
    uint16_t rid = bench->device[device].rid;
    int used =
        snprintf(name, sizeof names[0], "device %02x:%02x.%x", rid >> 8, rid >> 3 & 0x1f, rid & 7);
    if (pasid != BENCH_NO_PASID)
        snprintf(name + used, sizeof names[0] - (size_t)used, " with PASID %u", pasid);
    return name;
}

static struct iommu_model_request request_for(const struct bench *bench, unsigned device,
                                              uint32_t pasid, uint64_t iova, bool write)
{
    return (struct iommu_model_request){.rid = bench->device[device].rid,
                                        .has_pasid = pasid != BENCH_NO_PASID,
                                        .pasid = pasid == BENCH_NO_PASID ? 0 : pasid,
                                        .access = write ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ,
                                        .at = IOMMU_MODEL_UNTRANSLATED,
                                        .address = iova,
                                        .bytes = 8};
}

void bench_explain(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova, bool write,
                   struct iommu_model_result *result, struct iommu_model_explanation *steps)
{
    const struct iommu_model_request request = request_for(bench, device, pasid, iova, write);
    iommu_model_vtd_explain(bench_vtd(bench, device), &request, result, steps);
}

static bool through_own_tlb(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                            uint64_t *value, bool write)
{
    uint64_t pa;
    if (!bench_devtlb_find(bench, device, pasid, iova, write, &pa))
        return false;
    uint64_t *word = iommu_posix_memory(bench->memory, pa, sizeof *word);
    bench->last = (struct iommu_model_result){.outcome = IOMMU_MODEL_OK, .pa = pa, .cached = true};
    if (word == NULL)
        return false;
    if (write)
        *word = *value;
    else
        *value = *word;
    return true;
}

bool bench_dma(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova, uint64_t *value,
               bool write)
{
    if (bench_ats_on(bench, device)) {
        bench_devtlb_fill(bench, device, pasid, iova, write);
        if (through_own_tlb(bench, device, pasid, iova, value, write))
            return true;
    }
    const struct iommu_model_dma access = {.has_pasid = pasid != BENCH_NO_PASID,
                                           .pasid = pasid == BENCH_NO_PASID ? 0 : pasid,
                                           .address = iova,
                                           .write = write,
                                           .data = value,
                                           .bytes = sizeof *value};
    struct iommu_model_dma_result result;
    iommu_model_machine_dma(bench->machine, device, &access, &result, &bench->last);
    return result.ok;
}

void bench_touch(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova)
{
    uint64_t value = 0;
    (void)bench_dma(bench, device, pasid, iova, &value, false);
}

/* ---- must pass */

static void check_flushed(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                          bool write)
{
    struct iommu_model_result result;
    struct iommu_model_explanation steps;
    bench_explain(bench, device, pasid, iova, write, &result, &steps);
    const struct iommu_model_step *step = bench_unflushed(bench, device, &steps);
    if (step == NULL)
        return;
    uint64_t shadow = 0;
    memcpy(&shadow, bench->frame[step->address / BENCH_PAGE].shadow + step->address % BENCH_PAGE,
           sizeof shadow);
    bench_fail(bench, FINDING_ENTRY_NOT_FLUSHED,
               "the %s at %#llx for %s was never written back: the CPU wrote %#llx, a walk that "
               "does not snoop reads %#llx",
               step->what, (unsigned long long)step->address, bench_who(bench, device, pasid),
               (unsigned long long)step->entry[0], (unsigned long long)shadow);
}

void bench_expect_page(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                       uint64_t pa)
{
    uint64_t value = 0;
    check_flushed(bench, device, pasid, iova, false);
    if (!bench_dma(bench, device, pasid, iova, &value, false))
        bench_blame(bench, device, pasid, iova, false);
    if (value == bench_marker(pa))
        return;
    bench_fail(bench,
               bench->reused && bench->last.cached ? FINDING_REUSED_EARLY : FINDING_WRONG_PAGE,
               "%s read %#llx at IOVA %#llx, which is page %#llx; page %#llx is mapped there "
               "(domain id %u, %s)",
               bench_who(bench, device, pasid), (unsigned long long)value, (unsigned long long)iova,
               (unsigned long long)bench->last.pa, (unsigned long long)pa, bench->last.domain_id,
               bench->last.cached ? "from a stale IOTLB entry" : "by the tables in memory");
}

void bench_expect_write(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                        uint64_t pa)
{
    uint64_t *word = iommu_posix_memory(bench->memory, pa, sizeof *word), value = ~bench_marker(pa);
    check_flushed(bench, device, pasid, iova, true);
    if (!bench_dma(bench, device, pasid, iova, &value, true))
        bench_blame(bench, device, pasid, iova, true);
    bool arrived = *word == value;
    *word = bench_marker(pa);
    if (!arrived)
        bench_fail(bench, FINDING_WRONG_PAGE,
                   "%s wrote to IOVA %#llx; it reached %#llx, but page %#llx is mapped there",
                   bench_who(bench, device, pasid), (unsigned long long)iova,
                   (unsigned long long)bench->last.pa, (unsigned long long)pa);
}

/* ---- must not pass */

static const struct iommu_model_step *last_cached(const struct iommu_model_explanation *steps)
{
    for (unsigned i = steps->count; i > 0; i--)
        if (steps->step[i - 1].cached)
            return &steps->step[i - 1];
    return NULL;
}

static const struct iommu_model_step *freed_step(const struct bench *bench,
                                                 const struct iommu_model_explanation *steps)
{
    for (unsigned i = 0; i < steps->count; i++)
        if (!steps->step[i].cached && bench_is_freed(bench, steps->step[i].address))
            return &steps->step[i];
    return NULL;
}

static bool is_level(const struct iommu_model_step *step)
{
    return strstr(step->what, "level") != NULL;
}

/* What let it through. */
static void __attribute__((noreturn))
leak(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova, bool write,
     const struct iommu_model_explanation *steps, enum finding live, enum finding stale)
{
    const char *verb = write ? "wrote to" : "read";
    const char *who = bench_who(bench, device, pasid);
    const struct iommu_model_step *cached = last_cached(steps), *freed = freed_step(bench, steps);
    unsigned long long pa = bench->last.pa & ~(BENCH_PAGE - 1), at = iova;
    if (freed != NULL)
        bench_fail(bench, FINDING_FREED_TABLE,
                   "%s %s page %#llx (IOVA %#llx) through the freed table page %#llx after %s", who,
                   verb, pa, at, (unsigned long long)(freed->address & ~(BENCH_PAGE - 1)),
                   bench->doing);
    if (cached == NULL)
        bench_fail(bench, live,
                   "%s %s page %#llx (IOVA %#llx) after %s: the tables in memory still allow it, "
                   "domain id %u",
                   who, verb, pa, at, bench->doing, bench->last.domain_id);
    if (is_level(cached))
        bench_fail(bench, FINDING_STALE_TABLE,
                   "%s %s page %#llx (IOVA %#llx) through a remembered %s table pointer of domain "
                   "id %u after %s",
                   who, verb, pa, at, cached->what, bench->last.domain_id, bench->doing);
    bench_fail(bench, stale,
               "%s %s page %#llx (IOVA %#llx) through a stale %s entry of domain id %u after %s",
               who, verb, pa, at, cached->what, bench->last.domain_id, bench->doing);
}

void bench_expect_blocked(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                          bool write, enum finding live, enum finding stale)
{
    struct iommu_model_result result;
    struct iommu_model_explanation steps;
    uint64_t value = MARK, pa;
    if (bench_ats_on(bench, device) && bench_devtlb_find(bench, device, pasid, iova, write, &pa))
        bench_fail(bench, FINDING_STALE_DEVICE_TLB,
                   "%s still %s page %#llx (IOVA %#llx) through its own TLB after %s",
                   bench_who(bench, device, pasid), write ? "writes to" : "reads",
                   (unsigned long long)pa, (unsigned long long)iova, bench->doing);
    bench_explain(bench, device, pasid, iova, write, &result, &steps);
    const struct iommu_model_step *freed = freed_step(bench, &steps);
    if (freed != NULL)
        bench_fail(bench, FINDING_FREED_TABLE,
                   "for %s the unit walks the freed table page %#llx (%s, IOVA %#llx) after %s",
                   bench_who(bench, device, pasid),
                   (unsigned long long)(freed->address & ~(BENCH_PAGE - 1)), freed->what,
                   (unsigned long long)iova, bench->doing);
    if (bench_dma(bench, device, pasid, iova, &value, write))
        leak(bench, device, pasid, iova, write, &steps, live, stale);
    check_flushed(bench, device, pasid, iova, write);
}
