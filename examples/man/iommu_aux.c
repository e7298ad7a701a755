/* SPDX-License-Identifier: MIT */
/* Of iommu_aux(3): the calls of 2018. */
#include <iommukit/aux.h>

/* A number for the device's register, or negative. */
int give_queue(struct iommu_device *device, struct iommu_domain *domain)
{
    int result = iommu_enable_aux_domain(device);

    if (!result)
        result = iommu_attach_device(domain, device); /* in auxiliary mode, now that it is enabled */
    return result ? result : iommu_auxiliary_id(domain);
}
