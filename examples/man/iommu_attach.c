/* SPDX-License-Identifier: MIT */
/* Of iommu_attach(3): a tenant comes, moves to other tables, goes. */
#include <iommukit/iommu.h>

int serve(struct iommu_device *device, struct iommu_domain *first, struct iommu_domain *second, uint32_t *queue_pasid)
{
    struct iommu_attachment *route;
    int result = iommu_attach(first, device, iommu_route_any(), NULL, &route);

    if (result)
        return result; /* -IOMMU_ENOSPC: no PASID is free */
    *queue_pasid = iommu_attachment_pasid(route); /* for the device's register */
    result = iommu_replace(route, second);        /* on failure the first is in force */
    if (!result)
        result = iommu_detach(route); /* on 0 the PASID may be another's */
    return result;
}
