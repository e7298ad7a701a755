/* SPDX-License-Identifier: MIT */
/* break_rmrr.c - linked into the example kernel with --wrap=vtd_for_each_reserved: no device has a reserved region. */
#include "drivers/vtd/vtd.h"

int __wrap_vtd_for_each_reserved(struct iommu_device *device, iommu_reserved_fn fn, void *ctx);

int __wrap_vtd_for_each_reserved(struct iommu_device *device, iommu_reserved_fn fn, void *ctx)
{
    return 0;
}
