/* SPDX-License-Identifier: MIT */
/*
 * core/toptable.c - domains with nothing in them.
 *
 * A domain that was never mapped into has no table of its own. Its top table is the instance's page of zeros, which
 * all such domains share and nobody writes to: what walks it, hardware included, finds that nothing is mapped. So it
 * can be attached like any other. The first map makes a top table and has the driver point the domain's routes at it.
 * Nothing could be translated until then; hardware may look at the old page or at the new one until it has confirmed.
 *
 * All of that is under domain.lock, and so is entering a route: it gets the old table and is moved with the others, or
 * gets the new one. A top table stays until the domain goes; but where one caller at a time maps and unmaps, or while the
 * domain is trimmed, an empty one that no route is at goes, and the domain is as it was before its first map.
 */
#include "core/domain.h"
#include "core/host.h"
#include "core/pagetable_pages.h"
#include "core/pagetable_run.h"

int iommu_domain_init_table(struct iommu_domain *domain, const struct iommu_pt_config *config)
{
    return iommu_pt_init_at(&domain->pt, domain->iommu->platform, config, domain->iommu->no_table);
}

/* All zero for hardware before anything points at it. */
static void put_on_top(struct iommu_pt *pt, const pt_entry *top)
{
    pt_flush(pt, top, PT_ENTRIES);
    pt_order(pt);
    __atomic_store_n(&pt->root, (uint64_t *)(uintptr_t)top, __ATOMIC_RELEASE); /* lookups come without the lock */
}

/*
 * Routes that were not confirmed may still be at the old table: the next map asks for them again. The page is taken before
 * the lock, for a host that is asked for one may sleep.
 */
int domain_make_table(struct iommu_domain *domain)
{
    const struct iommu_platform *platform = domain->iommu->platform;
    struct pt_pages pages = {{NULL, NULL}};
    int result = pt_pages_get(&domain->pt, &pages, 1, 0);

    if (result)
        return result;
    host_lock(platform, &domain->lock);
    if (domain->pt.root == domain->iommu->no_table)
        put_on_top(&domain->pt, pt_pages_pop(&pages, PT_PAGE_ZERO));
    if (domain->ops->move_table)
        result = domain->ops->move_table(domain);
    if (!result)
        __atomic_store_n(&domain->has_table, true, __ATOMIC_RELEASE);
    host_unlock(platform, &domain->lock);
    pt_pages_put(&domain->pt, &pages);
    return result;
}

/* A route is on the list before hardware is told of it, and counted as withheld before it leaves the list in doubt. */
static bool has_routes(const struct iommu_domain *domain)
{
    return __atomic_load_n(&domain->attachments, __ATOMIC_ACQUIRE) || __atomic_load_n(&domain->withheld, __ATOMIC_ACQUIRE);
}

void domain_drop_table(struct iommu_domain *domain)
{
    struct pt_pages pages = {{NULL, NULL}};
    pt_entry *top = pt_top(&domain->pt);

    if (domain->pt.root == domain->iommu->no_table || !domain->ops->move_table || has_routes(domain) ||
        pt_run_any(top, PT_ENTRIES))
        return;
    __atomic_store_n(&domain->has_table, false, __ATOMIC_RELEASE);
    pt_pages_push(&pages, PT_PAGE_ZERO, top);
    __atomic_store_n(&domain->pt.root, domain->iommu->no_table, __ATOMIC_RELEASE);
    pt_pages_put(&domain->pt, &pages);
}
