/* SPDX-License-Identifier: MIT */
/*
 * core/device.h - devices as the rest of the core sees them. Everything here wants iommu.lock.
 */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include "iommukit/driver.h"

/* The device that sends requests with this RID, aliases included; NULL: unknown. */
struct iommu_device *device_lookup(const struct iommu *iommu, uint16_t segment, uint16_t rid);

#endif
