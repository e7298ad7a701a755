/* SPDX-License-Identifier: MIT */
/*
 * devtlb.c - endpoints with ATS on: each asks for translations, keeps them, tagged with its PASID, and uses them until
 * it is told to forget them.
 */
#include "conformance/bench.h"

static struct iommu_model_request translation_request(const struct bench *bench, unsigned device,
                                                      uint32_t pasid, uint64_t iova, bool write)
{
    return (struct iommu_model_request){.rid = bench->device[device].rid,
                                        .has_pasid = pasid != BENCH_NO_PASID,
                                        .pasid = pasid == BENCH_NO_PASID ? 0 : pasid,
                                        .no_write = !write,
                                        .access = write ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ,
                                        .at = IOMMU_MODEL_TRANSLATION_REQUEST,
                                        .address = iova,
                                        .bytes = 8};
}

bool bench_devtlb_find(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                       bool write, uint64_t *pa)
{
    for (unsigned i = 0; i < BENCH_TLB_MAX; i++) {
        const struct bench_tlb_entry *entry = &bench->tlb[i];
        if (!entry->valid || entry->device != device || entry->pasid != pasid ||
            entry->page != (iova & ~(BENCH_PAGE - 1)) || (write && !entry->write))
            continue;
        *pa = entry->pa + iova % BENCH_PAGE;
        return true;
    }
    return false;
}

static bool may_ask(const struct bench *bench, unsigned device, uint32_t pasid)
{
    return pasid == BENCH_NO_PASID ||
           iommu_model_pci_pasid_enabled(iommu_model_machine_function(bench->machine, device));
}

void bench_devtlb_fill(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                       bool write)
{
    uint64_t pa;
    struct iommu_model_result result;
    const struct iommu_model_request request =
        translation_request(bench, device, pasid, iova, write);
    if (bench_machine_tlbs(bench) || !may_ask(bench, device, pasid) ||
        bench_devtlb_find(bench, device, pasid, iova, write, &pa))
        return;
    iommu_model_vtd_translate(bench_vtd(bench, device), &request, &result, NULL);
    if (result.outcome != IOMMU_MODEL_OK || !(write ? result.write : result.read))
        return;
    struct bench_tlb_entry *entry = &bench->tlb[bench_pick(bench, BENCH_TLB_MAX)];
    *entry = (struct bench_tlb_entry){.valid = true,
                                      .device = device,
                                      .pasid = pasid,
                                      .page = iova & ~(BENCH_PAGE - 1),
                                      .pa = result.pa & ~(BENCH_PAGE - 1),
                                      .write = result.write};
}

static bool hit(const struct bench_tlb_entry *entry,
                const struct iommu_model_devtlb_invalidation *request)
{
    if (request->has_pasid && !request->global && entry->pasid != request->pasid)
        return false;
    if (!request->has_pasid && entry->pasid != BENCH_NO_PASID)
        return false;
    return request->bytes == 0 || entry->page - request->address < request->bytes;
}

/* Acknowledged by endpoints that have the capability, whether it is on or off; a dead one stays silent. */
bool bench_devtlb_invalidate(void *ctx, unsigned unit,
                             const struct iommu_model_devtlb_invalidation *request)
{
    struct bench *bench = ctx;
    for (unsigned device = 0; device < bench->device_count; device++) {
        if (bench->device[device].rid != request->rid || bench->device_unit[device] != unit)
            continue;
        if (bench->devtlb_dead >> device & 1)
            return false;
        for (unsigned i = 0; i < BENCH_TLB_MAX; i++)
            if (bench->tlb[i].valid && bench->tlb[i].device == device &&
                hit(&bench->tlb[i], request))
                bench->tlb[i].valid = false;
        return (bench->ecap[unit] & ECAP_DT) != 0;
    }
    return false;
}
