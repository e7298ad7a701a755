/* SPDX-License-Identifier: MIT */
/* Of iommu_conform(3): try a driver of one's own. */
#include <iommukit/conformance/conformance.h>
#include <stdio.h>

int try_driver(const struct iommu_conform_adapter *adapter)
{
    struct iommu_conform_options options = {.adapter = adapter, .lie = "none"};
    struct iommu_conform_result result;
    int wrong = iommu_conform_run(&options, &result);

    if (wrong)
        return wrong;
    for (unsigned index = 0; index < result.failure_count; index++)
        printf("%s: %s\n  again: %s\n", result.failures[index].finding, result.failures[index].observed,
               result.failures[index].replay);
    wrong = result.failure_count > 0;
    iommu_conform_result_free(&result);
    return wrong;
}
