/* SPDX-License-Identifier: MIT */
/* Of iommu_pool(3): a platform that never asks anybody for memory. */
#include <iommukit/pool.h>

static _Alignas(4096) unsigned char memory[256 * 4096];
static struct iommu_pool pool;

bool fixed_memory(struct iommu_platform *platform)
{
    iommu_pool_hooks(&pool, platform);
    return iommu_pool_init(&pool, memory, sizeof memory) > 0;
}
