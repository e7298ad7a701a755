/* SPDX-License-Identifier: MIT */
/* break_invalidation.c - linked into the example kernel with --wrap=vtd_flush_unmap: an unmap leaves the IOTLB as it is. */
#include "drivers/vtd/vtd.h"

int __wrap_vtd_flush_unmap(struct iommu_domain *domain, const struct iommu_gather *gather);

int __wrap_vtd_flush_unmap(struct iommu_domain *domain, const struct iommu_gather *gather)
{
    return 0;
}
