/* SPDX-License-Identifier: MIT */
/*
 * Domains and their ids. A domain has one id on each unit that it has routes on: it is the tag
 * under which the unit caches the domain's translations. Architecture: "Domain identifier",
 * "Interrupt address range".
 *
 * An id is given back when its last route is gone and clean. Where that flush failed it stays the
 * domain's: flushes go on covering it, and nobody else ever gets it. Tags are under domain.lock,
 * ids under unit.lock, in this order.
 */
#include "drivers/vtd/vtd.h"

static size_t tag_bytes(const struct vtd_domain *domain)
{
    return domain->tag_count * sizeof(*domain->tags);
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
    return iommu_pt_init(&domain->pt, domain->iommu->platform, &pt);
}

int vtd_domain_init(struct iommu_domain *domain, const struct iommu_domain_config *config)
{
    struct vtd_domain *d = vtd_domain_of(domain);
    const struct vtd *vtd = vtd_of(domain->iommu);
    int result = 0;

    d->tag_count = vtd->unit_count;
    d->tags = host_alloc(vtd->base.platform, tag_bytes(d));
    if (!d->tags)
        return -IOMMU_ENOMEM;
    if (config->type != IOMMU_DOMAIN_IDENTITY)
        result = init_table(domain, config);
    else if (!can_pass_through(vtd, unit_of(config->device)))
        result = -IOMMU_EOPNOTSUPP;
    if (result) {
        host_free(vtd->base.platform, d->tags, tag_bytes(d));
        d->tags = NULL;
    }
    return result;
}

/* Withheld ids go under with it: they stay taken on their units. The page table is the core's
 * to free. */
void vtd_domain_fini(struct iommu_domain *domain)
{
    struct vtd_domain *d = vtd_domain_of(domain);

    host_free(domain->iommu->platform, d->tags, tag_bytes(d));
    d->tags = NULL;
}

/* Requests to it are interrupts, and translations into it are refused: neither side can be
 * mapped. */
bool vtd_range_reserved(struct iommu_domain *domain, uint64_t first, uint64_t last)
{
    (void)domain;
    return first <= VTD_INTERRUPT_LAST && last >= VTD_INTERRUPT_FIRST;
}

int vtd_tag_get(struct vtd_domain *domain, struct vtd_unit *unit, uint32_t *did)
{
    const struct iommu_platform *platform = unit->platform;
    struct vtd_tag *tag = &domain->tags[unit->index];
    int result = 0;

    host_lock(platform, &domain->base.lock);
    if (tag->users == 0 && !tag->withheld) {
        host_lock(platform, &unit->lock);
        result = vtd_ids_alloc(&unit->ids, &tag->did);
        host_unlock(platform, &unit->lock);
    }
    if (result == 0) {
        tag->users++;
        *did = tag->did;
    }
    host_unlock(platform, &domain->base.lock);
    return result;
}

void vtd_tag_put(struct vtd_domain *domain, struct vtd_unit *unit, bool withhold)
{
    const struct iommu_platform *platform = unit->platform;
    struct vtd_tag *tag = &domain->tags[unit->index];

    host_lock(platform, &domain->base.lock);
    tag->withheld |= withhold;
    if (--tag->users == 0 && !tag->withheld) {
        host_lock(platform, &unit->lock);
        vtd_ids_free(&unit->ids, tag->did);
        host_unlock(platform, &unit->lock);
    }
    host_unlock(platform, &domain->base.lock);
}
