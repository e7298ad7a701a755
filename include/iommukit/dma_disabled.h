/* SPDX-License-Identifier: MIT */
/*
 * iommukit/dma_disabled.h - the calls of dma.h with the library compiled out; see disabled.h.
 */
#ifndef IOMMUKIT_DMA_DISABLED_H
#define IOMMUKIT_DMA_DISABLED_H

#include "iommukit/dma.h"

IOMMU_BEGIN_DECLS

static inline int iommu_disabled_dma_init(struct iommu_domain *domain,
                                          const struct iommu_dma_config *config)
{
    (void)domain;
    (void)config;
    return -IOMMU_ENODEV;
}
#define iommu_dma_init iommu_disabled_dma_init

/* NOLINTBEGIN(readability-non-const-parameter): the signature of the call it stands for */
static inline int iommu_disabled_iova_alloc(struct iommu_domain *domain, uint64_t len,
                                            uint64_t *iova)
{
    (void)domain;
    (void)len;
    (void)iova;
    return -IOMMU_ENODEV;
}
#define iommu_iova_alloc iommu_disabled_iova_alloc

static inline int iommu_disabled_iova_free(struct iommu_domain *domain, uint64_t iova, uint64_t len)
{
    (void)domain;
    (void)iova;
    (void)len;
    return -IOMMU_ENODEV;
}
#define iommu_iova_free iommu_disabled_iova_free

static inline int iommu_disabled_iova_trim(struct iommu_domain *domain)
{
    (void)domain;
    return -IOMMU_ENODEV;
}
#define iommu_iova_trim iommu_disabled_iova_trim

static inline int iommu_disabled_dma_map(struct iommu_domain *domain, uint64_t pa, uint64_t len,
                                         uint32_t prot, uint64_t *iova)
{
    (void)domain;
    (void)pa;
    (void)len;
    (void)prot;
    (void)iova;
    return -IOMMU_ENODEV;
}
#define iommu_dma_map iommu_disabled_dma_map
/* NOLINTEND(readability-non-const-parameter) */

static inline int iommu_disabled_dma_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t len)
{
    (void)domain;
    (void)iova;
    (void)len;
    return -IOMMU_ENODEV;
}
#define iommu_dma_unmap iommu_disabled_dma_unmap

static inline int iommu_disabled_dma_flush(struct iommu_domain *domain)
{
    (void)domain;
    return -IOMMU_ENODEV;
}
#define iommu_dma_flush iommu_disabled_dma_flush

static inline int iommu_disabled_dma_flush_due(struct iommu_domain *domain)
{
    (void)domain;
    return -IOMMU_ENODEV;
}
#define iommu_dma_flush_due iommu_disabled_dma_flush_due

IOMMU_END_DECLS

#endif
