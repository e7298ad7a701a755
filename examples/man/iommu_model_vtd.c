/* SPDX-License-Identifier: MIT */
/* Of iommu_model_vtd(3): a VMM: where does the guest's device really read?. */
#include <iommukit/model/vtd.h>
#include <stdio.h>

bool guest_dma(struct iommu_model_vtd *unit, uint16_t rid, uint64_t iova, uint32_t bytes, uint64_t *guest_physical)
{
    struct iommu_model_request request = {.rid = rid, .access = IOMMU_MODEL_READ, .address = iova, .bytes = bytes};
    struct iommu_model_result result;

    iommu_model_vtd_translate(unit, &request, &result, NULL);
    if (result.outcome != IOMMU_MODEL_OK) {
        fprintf(stderr, "blocked: %s\n", iommu_model_vtd_fault_name(result.fault));
        return false;
    }
    *guest_physical = result.pa;
    return true;
}
