/* SPDX-License-Identifier: MIT */
/* Of iommu_route(3): untagged requests into one domain, PASID 5 into another. */
#include <iommukit/iommu.h>

int two_routes(struct iommu_device *device, struct iommu_domain *whole, struct iommu_domain *tenant)
{
    struct iommu_attachment *rid, *five;
    int result = iommu_attach(whole, device, iommu_route_rid(), NULL, &rid);

    if (result)
        return result;
    result = iommu_attach(tenant, device, iommu_route_pasid(5), NULL, &five);
    if (result)
        iommu_detach(rid);
    return result;
}
