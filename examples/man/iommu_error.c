/* SPDX-License-Identifier: MIT */
/* Of iommu_error(3): say what went wrong. */
#include <iommukit/iommu.h>
#include <stdio.h>

int start_or_say(struct iommu *iommu)
{
    int result = iommu_start(iommu);

    if (result == -IOMMU_EOPNOTSUPP)
        fputs("this machine's IOMMU cannot be driven here\n", stderr);
    else if (result)
        fprintf(stderr, "IOMMU: %s\n", iommu_strerror(result));
    return result;
}
