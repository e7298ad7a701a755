/* SPDX-License-Identifier: MIT */
/*
 * core/iova.c - addresses by themselves: alloc, free, trim.
 *
 * No lock here, see core/iova.h.
 */
#include "core/dma.h"

/* Not inlined: else registers that only it needs would be saved by those who do without. */
#define IOVA_APART __attribute__((noinline))

/* ---- all there is to it ------------------------------------------------------------------------------- */

IOVA_APART static int alloc_any(struct iommu_domain *domain, uint64_t len, uint64_t *iova)
{
    unsigned order = iova_order(len);
    struct iova_block block;
    struct iommu_dma *dma;
    int result;

    if (!domain || !iova || order >= IOVA_ORDERS)
        return -IOMMU_EINVAL;
    result = dma_use(domain, &dma);
    if (!result)
        result = iova_take(&dma->space, order, &block);
    if (result)
        return result;
    iova_hand_out(block.state, order);
    *iova = block.page << IOMMU_PAGE_LG2;
    return 0;
}

IOVA_APART static int free_any(struct iommu_domain *domain, uint64_t iova, uint64_t len)
{
    unsigned order = iova_order(len);
    struct iommu_dma *dma;
    iova_state *state;

    if (!domain || order >= IOVA_ORDERS || (iova & (IOMMU_PAGE_SIZE - 1)))
        return -IOMMU_EINVAL;
    dma = dma_of(domain);
    state = dma ? iova_find(&dma->space, iova >> IOMMU_PAGE_LG2, order) : NULL;
    if (!state)
        return -IOMMU_ENOENT;
    iova_take_back(state);
    iova_put(&dma->space, order, iova >> IOMMU_PAGE_LG2, state);
    return 0;
}

/* ---- a page by way of a magazine at hand -------------------------------------------------------------- */

/*
 * What most calls want, and the same as above in half as many instructions: the order is known, and nothing is called
 * that registers would have to be saved for. Whatever does not fit goes the way above.
 */

int iommu_iova_alloc(struct iommu_domain *domain, uint64_t len, uint64_t *iova)
{
    struct iommu_dma *dma = domain ? dma_of(domain) : NULL;
    struct iova_magazine *magazine;
    struct iova_block *top;

    if (!dma || len != IOMMU_PAGE_SIZE || !iova)
        return alloc_any(domain, len, iova);
    magazine = iova_magazine_of(&dma->space, 0, iova_cpu_at_hand(&dma->space));
    if (!magazine || !magazine->count)
        return alloc_any(domain, len, iova);
    top = &magazine->block[magazine->count - 1];
    if (!iova_is_reached(top->page, __atomic_load_n(&domain->limit_bits, __ATOMIC_RELAXED)))
        return alloc_any(domain, len, iova);
    magazine->count--;
    *iova = top->page << IOMMU_PAGE_LG2;
    iova_hand_out(top->state, 0);
    return 0;
}

int iommu_iova_free(struct iommu_domain *domain, uint64_t iova, uint64_t len)
{
    struct iommu_dma *dma = domain ? dma_of(domain) : NULL;
    uint64_t page = iova >> IOMMU_PAGE_LG2;
    struct iova_magazine *magazine;
    struct iova_block *top;
    iova_state *state;

    if (!dma || len != IOMMU_PAGE_SIZE || (iova & (IOMMU_PAGE_SIZE - 1)))
        return free_any(domain, iova, len);
    magazine = iova_magazine_of(&dma->space, 0, iova_cpu_at_hand(&dma->space));
    if (!magazine || magazine->count == IOVA_MAGAZINE)
        return free_any(domain, iova, len);
    state = iova_find_at(&dma->space, page, 0, 0);
    if (!state)
        return -IOMMU_ENOENT;
    iova_take_back(state);
    top = &magazine->block[magazine->count++];
    top->page = page;
    top->state = state;
    return 0;
}

int iommu_iova_trim(struct iommu_domain *domain)
{
    struct iommu_dma *dma = domain ? dma_of(domain) : NULL;

    if (!dma)
        return -IOMMU_EINVAL;
    iova_cache_drain(&dma->space);
    return 0;
}
