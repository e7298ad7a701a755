/* SPDX-License-Identifier: MIT */
/*
 * glance.c - what a device that looks at any moment would see. A watched route is walked without side effects after
 * every store (with the lie "torn-fetch") and at every hook. Each answer must be the old one, the new one, or "not
 * present".
 */
#include "conformance/bench.h"

/* Reasons that say no more than "nothing there (yet)". */
bool bench_is_absence(uint8_t reason)
{
    static const uint8_t absent[] = {0x01, 0x02, 0x05, 0x06, 0x31, 0x39,
                                     0x41, 0x45, 0x51, 0x59, 0x71, 0x79};
    for (unsigned i = 0; i < sizeof absent; i++)
        if (absent[i] == reason)
            return true;
    return false;
}

static bool same(const struct bench_seen *seen, const struct iommu_model_result *result)
{
    if (seen->outcome != result->outcome || seen->fault != result->fault)
        return false;
    return result->outcome != IOMMU_MODEL_OK ||
           (seen->pa == result->pa && seen->domain_id == result->domain_id);
}

void bench_glance(struct bench *bench)
{
    struct bench_watch *watch = &bench->watch;
    struct iommu_model_result result;
    bench_explain(bench, watch->device, watch->pasid, watch->iova, false, &result, NULL);
    for (unsigned i = 0; i < watch->seen_count; i++)
        if (same(&watch->seen[i], &result))
            return;
    if (watch->seen_count < SEEN_MAX)
        watch->seen[watch->seen_count++] =
            (struct bench_seen){result.outcome, result.pa, result.domain_id, result.fault};
}

static void between_stores(void *ctx)
{
    struct bench *bench = ctx;
    bench->in_hook++;
    bench_glance(bench);
    bench->in_hook--;
}

/* Where the host cannot stop between stores, the looks at each hook have to do. */
void bench_watch_begin(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova)
{
    bench->watch = (struct bench_watch){.on = true, .device = device, .pasid = pasid, .iova = iova};
    if (bench_told(bench, IOMMU_MODEL_LIE_TORN_FETCH))
        (void)iommu_host_model_between_stores(bench->host, between_stores, bench);
}

void bench_watch_end(struct bench *bench)
{
    if (bench->watch.on && bench->host != NULL && bench_told(bench, IOMMU_MODEL_LIE_TORN_FETCH))
        (void)iommu_host_model_between_stores(bench->host, NULL, NULL);
    bench->watch.on = false;
}

static void odd(struct bench *bench, const struct bench_seen *seen,
                const struct iommu_model_result *before, const struct iommu_model_result *after)
{
    const struct bench_watch *watch = &bench->watch;
    const char *who = bench_who(bench, watch->device, watch->pasid);
    bool mapped = (before->outcome == IOMMU_MODEL_OK && seen->pa == before->pa) ||
                  (after->outcome == IOMMU_MODEL_OK && seen->pa == after->pa);
    if (seen->outcome == IOMMU_MODEL_OK && !mapped)
        bench_fail(bench, FINDING_HALF_BUILT,
                   "during %s %s could reach page %#llx, which is mapped nowhere: an entry was "
                   "present before it was complete",
                   bench->doing, who, (unsigned long long)(seen->pa & ~(BENCH_PAGE - 1)));
    if (seen->outcome == IOMMU_MODEL_OK)
        bench_fail(bench, FINDING_CHANGED_IN_PLACE,
                   "during %s %s could reach page %#llx under domain id %u: neither the old route "
                   "nor the new one",
                   bench->doing, who, (unsigned long long)(seen->pa & ~(BENCH_PAGE - 1)),
                   seen->domain_id);
    bench_fail(bench, FINDING_HALF_BUILT,
               "during %s a request of %s would have been answered with reason %02x (%s): an entry "
               "was present and not complete",
               bench->doing, who, seen->fault, iommu_model_vtd_fault_name(seen->fault));
}

void bench_expect_whole(struct bench *bench, const struct iommu_model_result *before)
{
    const struct bench_watch *watch = &bench->watch;
    struct iommu_model_result after;
    bench_explain(bench, watch->device, watch->pasid, watch->iova, false, &after, NULL);
    for (unsigned i = 0; i < watch->seen_count; i++) {
        const struct bench_seen *seen = &watch->seen[i];
        if (!same(seen, before) && !same(seen, &after) &&
            (seen->outcome == IOMMU_MODEL_OK || !bench_is_absence(seen->fault)))
            odd(bench, seen, before, &after);
    }
}
