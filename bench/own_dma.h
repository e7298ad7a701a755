/* SPDX-License-Identifier: MIT */
/* bench/own_dma.h - the calls behind rows 8, 9 and 11 under the names that the rows use; the only place to look at when they
 * change. */
#ifndef BENCH_OWN_DMA_H
#define BENCH_OWN_DMA_H

#include "iommukit/iommu.h"

#ifndef BENCH_HAS_DMA
#define BENCH_HAS_DMA 0 /* meson.build sees whether core/ has them */
#endif

#if BENCH_HAS_DMA
#include "iommukit/dma.h"

/* An address of that many bytes, 0: none. */
static inline uint64_t own_iova_alloc(struct iommu_domain *domain, uint64_t len)
{
    uint64_t iova;
    return iommu_iova_alloc(domain, len, &iova) == 0 ? iova : 0;
}

static inline void own_iova_free(struct iommu_domain *domain, uint64_t iova, uint64_t len)
{
    iommu_iova_free(domain, iova, len);
}

static inline uint64_t own_dma_map(struct iommu_domain *domain, uint64_t pa, uint64_t len)
{
    uint64_t iova;
    return iommu_dma_map(domain, pa, len, IOMMU_READ | IOMMU_WRITE, &iova) == 0 ? iova : 0;
}

static inline bool own_dma_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t len)
{
    return iommu_dma_unmap(domain, iova, len) == 0;
}
#endif

#endif
