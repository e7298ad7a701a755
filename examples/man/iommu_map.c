/* SPDX-License-Identifier: MIT */
/* Of iommu_map(3): lend two buffers to a device, take both back with one flush. */
#include <iommukit/iommu.h>

int lend(struct iommu_domain *domain, uint64_t in, uint64_t out)
{
    int result = iommu_map(domain, 0x10000, in, 4096, IOMMU_READ);

    if (result)
        return result;
    result = iommu_map(domain, 0x20000, out, 4096, IOMMU_READ | IOMMU_WRITE);
    if (result)
        iommu_unmap(domain, 0x10000, 4096, NULL); /* NULL: returns when no device can reach it */
    return result;
}

int take_back(struct iommu_domain *domain)
{
    struct iommu_gather gather;
    int result;

    iommu_gather_init(&gather);
    result = iommu_unmap(domain, 0x10000, 4096, &gather);
    if (!result)
        result = iommu_unmap(domain, 0x20000, 4096, &gather);
    /* The device may still reach both until this returns 0. */
    return result ? result : iommu_sync(domain, &gather);
}
