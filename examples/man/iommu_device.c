/* SPDX-License-Identifier: MIT */
/* Of iommu_device(3): a network card that emits 40-bit addresses. */
#include <iommukit/iommu.h>

int add_card(struct iommu *iommu, void *card, struct iommu_device **device)
{
    struct iommu_device_config config = {
        .rid = 3 << 8, /* 03:00.0: bus << 8 | device << 3 | function */
        .dma_bits = 40,
        .cookie = card, /* iommu_device_cookie(event->device) in the event handler */
    };

    return iommu_device_add(iommu, &config, device);
}
