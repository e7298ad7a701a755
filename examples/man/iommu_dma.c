/* SPDX-License-Identifier: MIT */
/* Of iommu_dma(3): map a buffer wherever there is room. */
#include <iommukit/dma.h>

int send(struct iommu_domain *domain, uint64_t buffer, void (*transmit)(uint64_t address, uint64_t bytes))
{
    uint64_t address;
    int result = iommu_dma_map(domain, buffer, 8192, IOMMU_READ, &address);

    if (result)
        return result;
    transmit(address, 8192);
    return iommu_dma_unmap(domain, address, 8192);
}
