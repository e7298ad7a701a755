/* SPDX-License-Identifier: MIT */
/*
 * core/dma.h - what hangs off a domain whose addresses the library hands out. Who only frees domains and instances
 * calls through the pointers in here and so does not link the rest.
 */
#ifndef CORE_DMA_H
#define CORE_DMA_H

#include "core/iova_cache.h"

struct dma_lazy;

struct iommu_dma {
    struct iova_space space;
    void (*release)(struct iommu_dma *dma); /* called when the domain, without a route by then, is freed */
    struct dma_lazy *lazy;                  /* NULL: strict */
};

/* The domain's; NULL: not set up yet. */
static inline struct iommu_dma *dma_of(struct iommu_domain *domain)
{
    return __atomic_load_n(&domain->dma, __ATOMIC_ACQUIRE);
}

/* Set it up by default, or find that somebody has been faster. Errors of iommu_dma_init. */
int dma_first_use(struct iommu_domain *domain, struct iommu_dma **dma);

/* The domain's, set up if it has to be. */
static inline int dma_use(struct iommu_domain *domain, struct iommu_dma **dma)
{
    *dma = dma_of(domain);
    return *dma ? 0 : dma_first_use(domain, dma);
}

/* ---- unmaps that wait for a flush: dma_lazy.c --------------------------------------------------------- */

int dma_lazy_create(struct iommu_dma *dma, const struct iommu_dma_config *config);
/* Everything that waits goes with the domain, which has no route any more. */
void dma_lazy_destroy(struct iommu_dma *dma);
/* Unmap; the block goes back to the space after the flush. *waits false: no room to wait, nothing has changed. Errors
 * of iommu_unmap with nothing changed (!*waits); of the flush, if one fell due (*waits). */
int dma_lazy_unmap(struct iommu_dma *dma, struct iova_block block, uint64_t len, bool *waits);

#endif
