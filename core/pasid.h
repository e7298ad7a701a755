/* SPDX-License-Identifier: MIT */
/*
 * core/pasid.h - a device's PASIDs: which are free, taken or withheld, and whose they are.
 *
 * All under iommu.lock.
 */
#ifndef CORE_PASID_H
#define CORE_PASID_H

#include "iommukit/driver.h"

/* The lowest free PASID in [min, max], max below the device's limit, and the memory for its attachment, in which only
 * `pasid` is set: the rest is what the last user left, or zero. -ENOSPC: none is free; -ENOMEM. */
int pasid_take(struct iommu_device *device, uint32_t min, uint32_t max, struct iommu_attachment **slot);
/* Give both back: free for the next. */
void pasid_release(struct iommu_device *device, uint32_t pasid);
/* Taken, and nobody's, until it is given back; the memory stays the caller's. */
void pasid_withhold(struct iommu_device *device, uint32_t pasid);

/* NULL: free, withheld or out of range. */
struct iommu_attachment *pasid_get(const struct iommu_device *device, uint32_t pasid);
bool pasid_is_free(const struct iommu_device *device, uint32_t pasid);
/* The attachment with the lowest PASID that is at least `from`, or NULL. */
struct iommu_attachment *pasid_next(const struct iommu_device *device, uint32_t from);

#endif
