/* SPDX-License-Identifier: MIT */
/*
 * core/map.h - iommu_map() in two steps. No lock.
 */
#ifndef CORE_MAP_H
#define CORE_MAP_H

#include "core/pagetable_map.h"
#include "iommukit/driver.h"

/* All checks, and all memory. Then map_commit() or pt_map_cancel(), once; after a failure neither. */
int map_prepare(struct pt_map *map, struct iommu_domain *domain, uint64_t iova, uint64_t pa,
                uint64_t len, uint32_t prot);
/* The mapping is usable, or it is out again. */
int map_commit(struct pt_map *map, struct iommu_domain *domain);

#endif
