/* SPDX-License-Identifier: MIT */
/*
 * core/gather.h - flushing what the core itself has taken out of a table. No lock may be held but iommu.lock.
 */
#ifndef CORE_GATHER_H
#define CORE_GATHER_H

#include "iommukit/driver.h"

/* iommu_sync() for a gather that lives no longer than the call: if the hardware fails, its dead tables go to
 * the domain, which keeps them as long as itself. An empty gather: 0. */
int gather_settle(struct iommu_domain *domain, struct iommu_gather *gather);

#endif
