/* SPDX-License-Identifier: MIT */
/*
 * core/pasid.h - a device's PASIDs: which are free, taken or withheld, and whose they are.
 *
 * All under iommu.lock.
 */
#ifndef CORE_PASID_H
#define CORE_PASID_H

#include "iommukit/driver.h"

/* The lowest free PASID in [min, max], max below the device's limit. It belongs to nobody yet.
 * -ENOSPC: none is free; -ENOMEM. */
int pasid_take(struct iommu_device *device, uint32_t min, uint32_t max, uint32_t *pasid);
/* Give it back: free for the next. */
void pasid_release(struct iommu_device *device, uint32_t pasid);

/* Record who has a PASID that was taken; NULL withholds it. */
void pasid_set(struct iommu_device *device, uint32_t pasid, struct iommu_attachment *attachment);
/* NULL: free, withheld or out of range. */
struct iommu_attachment *pasid_get(const struct iommu_device *device, uint32_t pasid);
bool pasid_is_free(const struct iommu_device *device, uint32_t pasid);
/* The attachment with the lowest PASID that is at least `from`, or NULL. */
struct iommu_attachment *pasid_next(const struct iommu_device *device, uint32_t from);

/* Forget everything, withheld PASIDs included. */
void pasid_fini(struct iommu_device *device);

#endif
