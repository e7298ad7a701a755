/* SPDX-License-Identifier: MIT */
/* Of iommu_domain(3): a domain for one device, as wide as its unit can. */
#include <iommukit/iommu.h>

int domain_for(struct iommu_device *device, struct iommu_domain **domain, uint64_t *last)
{
    struct iommu_domain_config config = {.device = device};
    struct iommu_geometry geometry;
    int result = iommu_domain_alloc(iommu_device_instance(device), &config, domain);

    if (result)
        return result;
    iommu_domain_geometry(*domain, &geometry);
    *last = geometry.last;
    return 0;
}
