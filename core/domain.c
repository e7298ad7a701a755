/* SPDX-License-Identifier: MIT */
/*
 * core/domain.c - a domain's life and its list of routes.
 *
 * Control calls take iommu.lock; routes leave the list under domain.lock as well, because flushes walk it from
 * threads that hold nothing else.
 */
#include "core/domain.h"

#include "core/dma.h"
#include "core/host.h"
#include "core/reach.h"

static size_t domain_bytes(const struct iommu_ops *ops)
{
    return ops->domain_size ? ops->domain_size : sizeof(struct iommu_domain);
}

static int check_config(struct iommu *iommu, const struct iommu_domain_config *config)
{
    if (config->type != IOMMU_DOMAIN_UNMANAGED && config->type != IOMMU_DOMAIN_IDENTITY)
        return -IOMMU_EINVAL;
    if (config->stage != IOMMU_STAGE_AUTO && config->stage != IOMMU_STAGE_FIRST &&
        config->stage != IOMMU_STAGE_SECOND)
        return -IOMMU_EINVAL;
    if (config->iova_bits > 64)
        return -IOMMU_EINVAL;
    if (config->device && config->device->iommu != iommu)
        return -IOMMU_EXDEV;
    if (config->device && !config->device->ops)
        return -IOMMU_ENODEV;
    return iommu->ops->domain_init ? 0 : -IOMMU_EOPNOTSUPP;
}

/* Free the object and what core and table hold; the driver has not been, or is no longer, part of it. */
static void release(struct iommu_domain *domain)
{
    const struct iommu_platform *platform = domain->iommu->platform;
    struct iommu_gather doubtful;

    if (domain->pt.root == domain->iommu->no_table)
        domain->pt.root = NULL; /* not its own */
    iommu_gather_init(&doubtful);
    doubtful.dead_tables = domain->dead_tables;
    iommu_pt_free_dead(&domain->pt, &doubtful);
    iommu_pt_fini(&domain->pt);
    host_lock_fini(platform, &domain->lock);
    host_free(platform, domain, domain_bytes(domain->ops));
}

int domain_create(struct iommu *iommu, const struct iommu_domain_config *config,
                  struct iommu_domain **domain)
{
    const struct iommu_platform *platform = iommu->platform;
    struct iommu_domain *made;
    int result = check_config(iommu, config);

    if (result)
        return result;
    made = host_alloc(platform, domain_bytes(iommu->ops));
    if (!made)
        return -IOMMU_ENOMEM;
    made->iommu = iommu;
    made->ops = iommu->ops;
    made->type = config->type;
    made->limit_bits = REACH_ALL;
    made->cookie = config->cookie;
    result = host_lock_init(platform, &made->lock);
    if (result) {
        host_free(platform, made, domain_bytes(iommu->ops));
        return result;
    }
    result = iommu->ops->domain_init(made, config);
    if (result) {
        release(made);
        return result;
    }
    made->pt.stock = &iommu->table_pages;
    made->pt.one_caller = made->pt.one_caller || config->one_caller;
    made->has_table = made->pt.root != iommu->no_table;
    *domain = made;
    return 0;
}

void domain_destroy(struct iommu_domain *domain)
{
    if (domain->dma)
        domain->dma->release(domain->dma);
    if (domain->ops->domain_fini)
        domain->ops->domain_fini(domain);
    release(domain);
}

int iommu_domain_alloc(struct iommu *iommu, const struct iommu_domain_config *config,
                       struct iommu_domain **domain)
{
    static const struct iommu_domain_config plain;
    int result;

    if (!iommu || !domain)
        return -IOMMU_EINVAL;
    host_lock(iommu->platform, &iommu->lock);
    result = domain_create(iommu, config ? config : &plain, domain);
    if (!result)
        iommu->domain_count++;
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}

int iommu_domain_free(struct iommu_domain *domain)
{
    struct iommu *iommu;
    bool busy;

    if (!domain)
        return 0;
    iommu = domain->iommu;
    host_lock(iommu->platform, &iommu->lock);
    busy = domain->attachments || domain->withheld;
    if (!busy) {
        domain_destroy(domain);
        iommu->domain_count--;
    }
    host_unlock(iommu->platform, &iommu->lock);
    return busy ? -IOMMU_EBUSY : 0;
}

static uint64_t last_of_bits(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

void iommu_domain_geometry(const struct iommu_domain *domain, struct iommu_geometry *geometry)
{
    struct iommu_geometry all = {.last = UINT64_MAX,
                                 .page_sizes = ~(IOMMU_PAGE_SIZE - 1),
                                 .pa_last = UINT64_MAX,
                                 .stage = domain->stage};

    if (domain->type == IOMMU_DOMAIN_UNMANAGED) {
        all.last = iommu_pt_last(&domain->pt);
        all.page_sizes = domain->pt.config.page_sizes;
        all.pa_last = last_of_bits(domain->pt.config.pa_bits);
        all.levels = domain->pt.config.levels;
    }
    *geometry = all;
}

void *iommu_domain_cookie(const struct iommu_domain *domain)
{
    return domain->cookie;
}

/* ---- the list of routes ------------------------------------------------------------------------------- */

int iommu_domain_for_each_attachment(struct iommu_domain *domain, iommu_attachment_fn fn, void *ctx)
{
    struct iommu_attachment *at;
    struct iommu *iommu;
    int result = 0;

    if (!domain || !fn)
        return -IOMMU_EINVAL;
    /* Not domain.lock: fn may map, unmap and sync. */
    iommu = domain->iommu;
    host_lock(iommu->platform, &iommu->lock);
    for (at = domain->attachments; at && !result; at = at->domain_next)
        result = fn(ctx, at);
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}
