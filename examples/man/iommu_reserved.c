/* SPDX-License-Identifier: MIT */
/* Of iommu_reserved(3): what firmware has reserved, before a domain of our own takes over. */
#include <iommukit/iommu.h>
#include <inttypes.h>
#include <stdio.h>

static int show(void *ctx, const struct iommu_reserved_region *region)
{
    (void)ctx;
    printf("%#" PRIx64 "-%#" PRIx64 " %s\n", region->first, region->last,
           region->type == IOMMU_RESERVED_DIRECT ? "direct" : "msi");
    return 0; /* go on */
}

int take_over(struct iommu_domain *domain, struct iommu_device *device)
{
    int result;

    iommu_for_each_reserved(device, show, NULL);
    result = iommu_map_reserved(domain, device); /* the firmware's DMA goes on meanwhile */
    return result ? result : iommu_attach_device(domain, device);
}
