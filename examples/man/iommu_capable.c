/* SPDX-License-Identifier: MIT */
/* Of iommu_capable(3): can this device hold many domains, in the stage that is wanted?. */
#include <iommukit/iommu.h>

bool suits_tenants(struct iommu_device *device)
{
    return iommu_device_capable(device, IOMMU_CAP_AUX_DOMAIN) &&
           iommu_device_capable(device, IOMMU_CAP_PASID_SECOND_STAGE) && iommu_device_pasid_limit(device) > 8;
}
