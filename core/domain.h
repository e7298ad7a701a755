/* SPDX-License-Identifier: MIT */
/*
 * core/domain.h - domains as the rest of the core sees them. Everything here wants iommu.lock, unless it says otherwise.
 */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "core/host.h"
#include "iommukit/driver.h"

/* Make and free a domain that is not counted: the caller's count or the device's own. */
int domain_create(struct iommu *iommu, const struct iommu_domain_config *config,
                  struct iommu_domain **domain);
void domain_destroy(struct iommu_domain *domain);

/* Enter an attachment into the domain's list of routes. Flushes may be walking it: they see it or do not, and what
 * they have to know of it the driver tells them under domain.lock. */
static inline void domain_link(struct iommu_domain *domain, struct iommu_attachment *attachment)
{
    attachment->domain = domain;
    attachment->domain_prev = NULL;
    attachment->domain_next = domain->attachments;
    if (domain->attachments)
        domain->attachments->domain_prev = attachment; /* nobody walks backwards */
    __atomic_store_n(&domain->attachments, attachment, __ATOMIC_RELEASE);
}

/* Take it out, while nobody walks the list. */
static inline void domain_unlink(struct iommu_attachment *attachment)
{
    struct iommu_domain *domain = attachment->domain;

    host_lock(domain->iommu->platform, &domain->lock);
    if (attachment->domain_prev)
        attachment->domain_prev->domain_next = attachment->domain_next;
    else
        domain->attachments = attachment->domain_next;
    if (attachment->domain_next)
        attachment->domain_next->domain_prev = attachment->domain_prev;
    host_unlock(domain->iommu->platform, &domain->lock);
}

/* Has it a table of its own, with every route at it? Any thread. */
static inline bool domain_has_table(const struct iommu_domain *domain)
{
    return __atomic_load_n(&domain->has_table, __ATOMIC_ACQUIRE);
}

/* Routes whose detach failed: hardware may still be at the table. */
static inline void domain_count_withheld(struct iommu_domain *domain, int difference)
{
    __atomic_store_n(&domain->withheld, domain->withheld + (size_t)difference, __ATOMIC_RELEASE);
}

/* See to it, before the first map; no lock may be held but iommu.lock. -ENOMEM, and what ops->move_table returns: then
 * nothing is mapped and the domain may be used further. */
int domain_make_table(struct iommu_domain *domain);
/* Give it back if nothing is in it and no hardware at it. Under domain.lock, and nobody maps; iommu.lock need not be held. */
void domain_drop_table(struct iommu_domain *domain);

/* iommu_map_reserved() for a caller that holds the lock. */
int domain_map_reserved(struct iommu_domain *domain, struct iommu_device *device);

#endif
