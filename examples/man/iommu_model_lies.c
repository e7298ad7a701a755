/* SPDX-License-Identifier: MIT */
/* Of iommu_model_lies(3): memory that shows a store late, and pages that are poisoned when freed. */
#include <iommukit/model/lies.h>
#include <stdio.h>

bool choose(struct iommu_model_lies *lies, uint64_t cap, uint64_t ecap)
{
    const char *why;

    lies->enabled = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_LATE_WRITES) | IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_POISON);
    lies->seed = 2018;
    why = iommu_model_lies_forbidden(lies, cap, ecap);
    if (why)
        fprintf(stderr, "this unit may not lie so: %s\n", why);
    return !why;
}
