/* SPDX-License-Identifier: MIT */
/*
 * After the page table of a domain changed: every unit, every tag, every device-TLB. Architecture:
 * "IOTLB invalidation", "PASID-based IOTLB invalidation", "Device-TLB invalidation". Called by map
 * and unmap without iommu.lock; domain.lock is held until all units have answered, so that routes
 * neither come nor go meanwhile.
 *
 * All units are given their work before the first is waited for. One whose wait was aborted is
 * given it again; the others are not.
 */
#include "drivers/vtd/vtd.h"

struct change {
    struct vtd_domain *domain;
    struct vtd_range range;
    bool leaf_only; /* no table went: caches of table pointers may stay */
    bool appeared;  /* else it vanished */
};

static unsigned order_of(uint64_t pages_apart)
{
    unsigned lg2 = 0;

    while (pages_apart >> lg2)
        lg2++;
    return lg2;
}

/* The smallest aligned power of two pages that covers both. */
struct vtd_range vtd_range_cover(uint64_t first, uint64_t last)
{
    struct vtd_range range;

    range.lg2 = order_of((first ^ last) >> VTD_PAGE_LG2);
    range.first = first >> VTD_PAGE_LG2 >> range.lg2 << range.lg2 << VTD_PAGE_LG2;
    return range;
}

static bool on_unit(const struct iommu_attachment *attachment, const struct vtd_unit *unit)
{
    const struct vtd_attachment *a = (const struct vtd_attachment *)attachment;

    return a->live && ((const struct vtd_device *)attachment->device)->unit == unit;
}

/* First-stage translations are tagged by PASID: one invalidation for each route. */
static void emit_first_stage(struct vtd_flush *flush, const struct change *change, uint32_t did)
{
    struct iommu_attachment *a = change->domain->base.attachments;

    for (; a; a = a->domain_next)
        if (on_unit(a, flush->unit))
            vtd_emit_piotlb_range(flush, did, vtd_is_rid(a) ? VTD_RID_PASID : a->pasid,
                                  &change->range, change->leaf_only);
}

static void emit_devtlbs(struct vtd_flush *flush, const struct change *change)
{
    struct iommu_attachment *a = change->domain->base.attachments;

    for (; a; a = a->domain_next) {
        if (!on_unit(a, flush->unit))
            continue;
        if (vtd_is_rid(a))
            vtd_emit_devtlb(flush, vtd_device_of(a->device), &change->range);
        else
            vtd_emit_devtlb_pasid(flush, vtd_device_of(a->device), a->pasid, &change->range);
    }
}

static void emit_vanished(struct vtd_flush *flush, const struct change *change,
                          const struct vtd_tag *tag)
{
    if (change->domain->base.stage == IOMMU_STAGE_FIRST) {
        emit_first_stage(flush, change, tag->did);
        /* Routes that went without confirmation are on no list any more. */
        if (tag->withheld)
            vtd_emit_iotlb_domain(flush, tag->did);
    } else {
        vtd_emit_iotlb_range(flush, tag->did, &change->range, change->leaf_only);
    }
    if (flush->unit->ats_count)
        emit_devtlbs(flush, change);
}

/* First-stage entries that were not present are never remembered, nor is anything by devices. */
static void emit_appeared(struct vtd_flush *flush, const struct change *change,
                          const struct vtd_tag *tag)
{
    struct vtd_unit *unit = flush->unit;

    if (vtd_cm(unit) && change->domain->base.stage != IOMMU_STAGE_FIRST)
        vtd_emit_iotlb_range(flush, tag->did, &change->range, false);
    else if (unit->running && unit->wbf)
        flush->error = vtd_flush_write_buffer(unit);
}

static void emit(struct vtd_flush *flush, const struct change *change, const struct vtd_tag *tag)
{
    vtd_flush_begin(flush);
    if (change->appeared)
        emit_appeared(flush, change, tag);
    else
        emit_vanished(flush, change, tag);
    vtd_flush_end(flush);
}

static void start(struct vtd_domain *domain, struct vtd *vtd)
{
    for (unsigned i = 0; i < domain->tag_count; i++) {
        struct vtd_tag *tag = &domain->tags[i];
        struct vtd_flush flush = {.unit = &vtd->units[i]};

        flush.pending = tag->users || tag->withheld;
        tag->flush = flush;
    }
}

/* Once round: true if somebody has to be asked again. */
static bool go_round(const struct change *change, int *result)
{
    struct vtd_domain *domain = change->domain;
    bool again = false;

    for (unsigned i = 0; i < domain->tag_count; i++)
        if (domain->tags[i].flush.pending)
            emit(&domain->tags[i].flush, change, &domain->tags[i]);
    for (unsigned i = 0; i < domain->tag_count; i++) {
        struct vtd_flush *flush = &domain->tags[i].flush;
        int one = flush->pending ? vtd_flush_wait(flush) : 0;

        flush->pending = one == -VTD_EAGAIN;
        if (flush->pending)
            again = true;
        else if (one && !*result)
            *result = one;
    }
    return again;
}

static int flush_domain(const struct change *change)
{
    struct iommu_domain *domain = &change->domain->base;
    const struct iommu_platform *platform = domain->iommu->platform;
    bool again;
    int result = 0;

    host_lock(platform, &domain->lock);
    start(change->domain, vtd_of(domain->iommu));
    do
        again = go_round(change, &result);
    while (again);
    host_unlock(platform, &domain->lock);
    return result;
}

/* Nothing at all on ordinary hardware: not even a lock. */
int vtd_flush_map(struct iommu_domain *domain, uint64_t first, uint64_t last)
{
    struct change change = {vtd_domain_of(domain), vtd_range_cover(first, last), false, true};

    return vtd_of(domain->iommu)->map_flush ? flush_domain(&change) : 0;
}

int vtd_flush_unmap(struct iommu_domain *domain, const struct iommu_gather *gather)
{
    struct change change = {vtd_domain_of(domain), vtd_range_cover(gather->first, gather->last),
                            gather->dead_tables == 0, false};

    return flush_domain(&change);
}
