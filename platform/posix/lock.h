/* SPDX-License-Identifier: MIT */
/*
 * platform/posix/lock.h - the four lock hooks of iommu_platform.
 */
#ifndef PLATFORM_POSIX_LOCK_H
#define PLATFORM_POSIX_LOCK_H

#include "iommukit/platform.h"

int posix_lock_init(void *ctx, struct iommu_lock *lock);
void posix_lock_fini(void *ctx, struct iommu_lock *lock);
void posix_lock_take(void *ctx, struct iommu_lock *lock);
void posix_lock_give(void *ctx, struct iommu_lock *lock);

#endif
