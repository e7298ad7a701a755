/* SPDX-License-Identifier: MIT */
/*
 * Domains and their ids. A domain has one id on each unit that it has routes on: it is the tag
 * under which the unit caches the domain's translations. Architecture: "Domain identifier".
 *
 * An id is given back when its last route is gone and clean. Where that flush failed it stays the
 * domain's: flushes go on covering it, and nobody else ever gets it. Called under iommu.lock; who
 * holds an id is under unit.lock as well, because flushes look at that with nothing else held.
 */
#include "drivers/vtd/vtd.h"

static size_t tag_bytes(const struct vtd_domain *domain)
{
    return domain->tag_count * sizeof(*domain->tags);
}

static void free_tags(struct vtd_domain *domain)
{
    if (domain->tags != &domain->only)
        host_free(domain->base.iommu->platform, domain->tags, tag_bytes(domain));
}

/* The unit a device is behind; NULL: none, or no device was named. */
static const struct vtd_unit *unit_of(const struct iommu_device *device)
{
    if (!device || !device->ops)
        return NULL;
    return ((const struct vtd_device *)device)->unit;
}

static bool can_pass_through(const struct vtd *vtd, const struct vtd_unit *only)
{
    if (only)
        return only->ecap & VTD_ECAP_PT;
    for (unsigned i = 0; i < vtd->unit_count; i++)
        if (vtd->units[i].ecap & VTD_ECAP_PT)
            return true;
    return false;
}

static int init_table(struct iommu_domain *domain, const struct iommu_domain_config *config)
{
    const struct vtd_unit *only = unit_of(config->device);
    struct iommu_pt_config pt;
    int result =
        vtd_format_choose(vtd_of(domain->iommu), only, config->stage, config->iova_bits, &pt);

    if (result)
        return result;
    domain->stage = pt.format->stage;
    return iommu_domain_init_table(domain, &pt);
}

int vtd_domain_init(struct iommu_domain *domain, const struct iommu_domain_config *config)
{
    struct vtd_domain *d = vtd_domain_of(domain);
    const struct vtd *vtd = vtd_of(domain->iommu);
    int result = 0;

    d->tag_count = vtd->unit_count;
    d->tags = d->tag_count == 1 ? &d->only : host_alloc(vtd->base.platform, tag_bytes(d));
    if (!d->tags)
        return -IOMMU_ENOMEM;
    if (config->type != IOMMU_DOMAIN_IDENTITY)
        result = init_table(domain, config);
    else if (!can_pass_through(vtd, unit_of(config->device)))
        result = -IOMMU_EOPNOTSUPP;
    if (result)
        free_tags(d);
    return result;
}

/* Withheld ids go under with it: they stay taken on their units. The page table is the core's
 * to free. */
void vtd_domain_fini(struct iommu_domain *domain)
{
    free_tags(vtd_domain_of(domain));
}

/* Under unit->lock. Flushes look at it before they take that, to see which units they concern. */
static void set_held(struct vtd_tag *tag, bool held)
{
    __atomic_store_n(&tag->held, held, __ATOMIC_RELAXED);
}

/* From here on flushes cover the id. */
int vtd_tag_hold(struct vtd_tag *tag, struct vtd_unit *unit)
{
    int result;

    host_lock(unit->platform, &unit->lock);
    result = vtd_ids_alloc(&unit->ids, &tag->did);
    if (result == 0)
        set_held(tag, true);
    host_unlock(unit->platform, &unit->lock);
    return result;
}

void vtd_tag_let_go(struct vtd_tag *tag, struct vtd_unit *unit)
{
    host_lock(unit->platform, &unit->lock);
    set_held(tag, false);
    vtd_ids_free(&unit->ids, tag->did);
    host_unlock(unit->platform, &unit->lock);
}

void vtd_tag_withhold(struct vtd_tag *tag, struct vtd_unit *unit)
{
    host_lock(unit->platform, &unit->lock);
    tag->withheld = true;
    host_unlock(unit->platform, &unit->lock);
}
