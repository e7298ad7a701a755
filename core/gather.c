/* SPDX-License-Identifier: MIT */
/*
 * core/gather.c - invalidate, wait, free.
 *
 * The only place that frees the tables of a living domain, and it does so after ops->flush_unmap() has come
 * back. It takes domain.lock for the freeing, because an attach may be looking through the table (core/reach.c)
 * and may have gone down a pointer just before it was cleared.
 */
#include "core/gather.h"

#include "core/domain.h"
#include "core/host.h"

static __attribute__((noinline)) void free_dead(struct iommu_domain *domain, struct iommu_gather *gather)
{
    host_lock(domain->iommu->platform, &domain->lock);
    iommu_pt_free_dead(&domain->pt, gather);
    if (domain->pt.one_caller)
        domain_drop_table(domain);
    host_unlock(domain->iommu->platform, &domain->lock);
}

/* The gather is done with, but not empty, after that. */
static inline int flush(struct iommu_domain *domain, struct iommu_gather *gather)
{
    int result = domain->ops->flush_unmap ? domain->ops->flush_unmap(domain, gather) : 0;

    if (!result && gather->dead_tables)
        free_dead(domain, gather);
    return result;
}

int iommu_sync(struct iommu_domain *domain, struct iommu_gather *gather)
{
    int result;

    if (!domain || !gather)
        return -IOMMU_EINVAL;
    if (!gather->domain)
        return 0;
    if (gather->domain != domain)
        return -IOMMU_EINVAL;
    result = flush(domain, gather);
    if (!result)
        iommu_gather_init(gather);
    return result;
}

/* Hardware may still walk these tables: append the domain's earlier ones to them and keep them all. */
static void keep_dead(struct iommu_domain *domain, struct iommu_gather *gather)
{
    struct iommu_gather all;

    if (!gather->dead_tables)
        return;
    host_lock(domain->iommu->platform, &domain->lock);
    all.dead_tables = domain->dead_tables;
    iommu_pt_move_dead(&domain->pt, gather, &all);
    domain->dead_tables = all.dead_tables;
    host_unlock(domain->iommu->platform, &domain->lock);
}

int iommu_domain_trim(struct iommu_domain *domain)
{
    struct iommu_gather empty;
    int result;

    if (!domain)
        return -IOMMU_EINVAL;
    if (domain->type != IOMMU_DOMAIN_UNMANAGED)
        return 0;
    iommu_gather_init(&empty);
    iommu_pt_trim(&domain->pt, &empty);
    if (empty.dead_tables) {
        empty.first = 0;
        empty.last = iommu_pt_last(&domain->pt);
        empty.leaf_lg2 = IOMMU_PAGE_LG2;
    }
    result = gather_settle(domain, &empty);
    host_lock(domain->iommu->platform, &domain->lock);
    domain_drop_table(domain);
    host_unlock(domain->iommu->platform, &domain->lock);
    iommu_pt_stock_drain(&domain->iommu->table_pages, domain->iommu->platform);
    return result;
}

int gather_settle(struct iommu_domain *domain, struct iommu_gather *gather)
{
    int result;

    if (gather->first > gather->last)
        return 0;
    gather->domain = domain;
    result = flush(domain, gather);
    if (result)
        keep_dead(domain, gather);
    return result;
}
