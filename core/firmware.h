/* SPDX-License-Identifier: MIT */
/*
 * core/firmware.h - the domain that a device with DIRECT reserved regions uses while nobody else gives it one.
 *
 * It maps these regions one to one and nothing else, and holds the RID whenever no caller's attachment does.
 * Callers never see it: the RID counts as free. All under iommu.lock.
 */
#ifndef CORE_FIRMWARE_H
#define CORE_FIRMWARE_H

#include "iommukit/driver.h"

/* For a device that is being added. Without DIRECT regions: 0, and nothing is made. */
int firmware_init(struct iommu_device *device);
/* For one that is being removed; the first error of the hardware. */
int firmware_fini(struct iommu_device *device);

bool firmware_in_force(const struct iommu_device *device);

/* Let `next`, which is on its domain's list, take the RID over. On failure the firmware domain holds it. */
int firmware_yield(struct iommu_device *device, struct iommu_attachment *next);
/* Take the RID back from `gone`, which is still on its list. Result and consequences as of ops->detach. */
int firmware_resume(struct iommu_device *device, struct iommu_attachment *gone);

#endif
