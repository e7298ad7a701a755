/* SPDX-License-Identifier: MIT */
/*
 * Where a route and a domain meet: attach, detach, replace. Under iommu.lock, ops of driver.h; but the domain's first
 * table comes under domain.lock alone.
 *
 * The order, in both modes:
 *   attach   allocate everything; fill, flush, publish, flush; invalidate where the unit wants it
 *   detach   clear P, flush; invalidate, wait; clear the rest, flush; give the domain id back
 *   replace  detach and attach in one; until the old translations are gone the way back is to set P
 *
 * An attachment is `live` from before its entry is published until its invalidations are done:
 * flushes of the domain that run meanwhile cover it. Not before: the device's PASIDs may still be
 * off, and then it must not be asked about one. One that was replaced is about to leave its
 * domain's list; a flush that still finds it there asks for too much, which does no harm.
 */
#include "drivers/vtd/entry.h"

/* ---- one route's entry, whichever the mode -------------------------------------------------- */

static uint32_t index_of(uint32_t pasid)
{
    return pasid == IOMMU_NO_PASID ? VTD_RID_PASID : pasid;
}

static struct vtd_domain *domain_of(const struct vtd_attachment *a)
{
    return vtd_domain_of(a->base.domain);
}

static struct vtd_device *device_of(const struct vtd_attachment *a)
{
    return vtd_device_of(a->base.device);
}

static bool present(const struct vtd_attachment *a)
{
    if (!device_of(a)->unit->scalable)
        return vtd_context_any_present(device_of(a));
    return a->entry && (vtd_load(a->entry) & VTD_PE0_P);
}

static inline void publish(const struct vtd_attachment *a)
{
    struct vtd_device *device = device_of(a);
    struct vtd_entry_config config;

    if (device->unit->scalable) {
        config = vtd_entry_for_domain(domain_of(a), a->did);
        vtd_entry_enter(device->unit, &config, a->entry);
    } else {
        uint64_t value[2];

        vtd_entry_for_domain_legacy(device->unit, domain_of(a), a->did, device->ats_allowed, value);
        vtd_context_publish(device, value);
    }
}

static inline void block(const struct vtd_attachment *a)
{
    if (device_of(a)->unit->scalable)
        vtd_entry_block(device_of(a)->unit, a->entry);
    else
        vtd_context_block(device_of(a));
}

static inline void clear(const struct vtd_attachment *a)
{
    if (device_of(a)->unit->scalable)
        vtd_entry_clear(device_of(a)->unit, a->entry, VTD_PE_QWORDS);
    else
        vtd_context_clear(device_of(a));
}

static void lock(const struct vtd_attachment *a)
{
    host_lock(a->base.domain->iommu->platform, &a->base.domain->lock);
}

static void unlock(const struct vtd_attachment *a)
{
    host_unlock(a->base.domain->iommu->platform, &a->base.domain->lock);
}

/* Under the lock: the domain may get its first table meanwhile. */
static inline void show(struct vtd_attachment *a)
{
    lock(a);
    a->live = a->shown = true;
    publish(a);
    unlock(a);
}

/* From here on the entry may become another's. */
static inline void unshow(struct vtd_attachment *a)
{
    lock(a);
    a->shown = false;
    block(a);
    unlock(a);
}

static int appeared(const struct vtd_attachment *a)
{
    return vtd_route_appeared(device_of(a), a->base.pasid, a->did,
                              vtd_domain_pgtt(a->base.domain));
}

/* On error P is clear and the rest stays, for caches that may still hold it. */
static int hide(struct vtd_attachment *a)
{
    int result;

    unshow(a);
    result = vtd_route_vanished(device_of(a), a->base.pasid, a->did, vtd_domain_pgtt(a->base.domain));
    a->doubtful = result != 0;
    if (result)
        device_of(a)->in_doubt = true;
    else
        clear(a);
    return result;
}

/* Entered, and taken out again when the hardware does not take notice of it. */
static int enter(struct vtd_attachment *a)
{
    int result;

    show(a);
    result = appeared(a);
    if (result) {
        (void)hide(a);
        lock(a);
        a->live = false; /* what follows may switch PASIDs off */
        unlock(a);
    }
    return result;
}

/* A domain that has an id on the unit has been looked at before. */
static bool fits(const struct vtd_attachment *a)
{
    const struct vtd_unit *unit = device_of(a)->unit;

    return domain_of(a)->tags[unit->index].held || vtd_format_fits(unit, a->base.domain);
}

/* ---- attach --------------------------------------------------------------------------------- */

static void count_in(struct vtd_device *device, const struct vtd_attachment *a)
{
    device->routes++;
    if (vtd_is_rid(&a->base)) {
        device->rid_attached = true;
        device->rid_did = a->did;
    }
}

static void count_out(struct vtd_device *device, const struct vtd_attachment *a)
{
    device->routes--;
    if (vtd_is_rid(&a->base))
        device->rid_attached = false;
}

static inline void find_entry(struct vtd_attachment *a)
{
    if (device_of(a)->unit->scalable)
        a->entry = vtd_pasid_entry(device_of(a), index_of(a->base.pasid));
}

/* A table for the route's entry, zeroed and not linked yet; *table NULL: it is there. */
static int table_for(const struct vtd_attachment *a, uint64_t **table)
{
    struct vtd_unit *unit = device_of(a)->unit;

    *table = NULL;
    if (!unit->scalable || a->entry)
        return 0;
    *table = vtd_table_alloc(unit, 0);
    return *table ? 0 : -IOMMU_ENOMEM;
}

static void link_table(struct vtd_attachment *a, uint64_t *table)
{
    vtd_pasid_link(device_of(a), index_of(a->base.pasid), table);
    find_entry(a);
}

/* Requests with PASID on, before ATS; ATS with the first route. */
static int open_device(struct vtd_device *device, const struct vtd_attachment *a)
{
    int result = vtd_is_rid(&a->base) ? 0 : vtd_pasid_enable(device);

    if (result || !device->unit->scalable)
        return result;
    return vtd_ats_enable(device);
}

/* Without routes the device has nothing that it could keep in a TLB. */
static void close_device(struct vtd_device *device)
{
    if (device->routes == 0 && vtd_ats_disable(device))
        device->in_doubt = true;
}

static int attach_with(struct vtd_attachment *a, struct vtd_device *device, uint64_t *table)
{
    bool pasid_was_on = device->pasid_on;
    int result = open_device(device, a);

    if (result == 0) {
        if (table)
            link_table(a, table);
        result = enter(a);
    }
    if (result) {
        close_device(device);
        if (!pasid_was_on)
            (void)vtd_pasid_disable(device);
        return result;
    }
    count_in(device, a);
    if (!device->unit->scalable)
        (void)vtd_ats_enable(device); /* after its entry, which allows it */
    return 0;
}

int vtd_attach(struct iommu_attachment *attachment)
{
    struct vtd_attachment *a = vtd_attachment_of(attachment);
    struct vtd_device *device = device_of(a);
    struct vtd_unit *unit = device->unit;
    uint64_t *table;
    int result;

    if (!fits(a))
        return -IOMMU_EXDEV;
    find_entry(a);
    if (present(a))
        return -IOMMU_EBUSY;
    result = device->in_doubt ? vtd_device_settle(device) : 0;
    if (result)
        return result;
    result = table_for(a, &table);
    if (result)
        return result;
    result = vtd_tag_get(domain_of(a), unit, &a->did);
    if (result == 0) {
        result = attach_with(a, device, table);
        if (result)
            vtd_tag_put(domain_of(a), unit, a->doubtful);
    }
    if (result && table && !a->entry)
        vtd_table_free(unit, table, 0);
    return result;
}

int vtd_detach(struct iommu_attachment *attachment)
{
    struct vtd_attachment *a = vtd_attachment_of(attachment);
    struct vtd_device *device = device_of(a);
    int result;

    /* In legacy mode the entry that goes is the one that allows ATS. */
    if (!device->unit->scalable)
        (void)vtd_ats_disable(device);
    result = hide(a);
    count_out(device, a);
    close_device(device);
    vtd_tag_put(domain_of(a), device->unit, result != 0);
    return result;
}

/* ---- replace -------------------------------------------------------------------------------- */

/* Old out, new in. On error the new one has left no trace that `hide` could remove. */
static int exchange(struct vtd_attachment *from, struct vtd_attachment *to)
{
    struct vtd_device *device = device_of(from);
    uint32_t pasid = from->base.pasid;
    int result;

    to->entry = from->entry;
    unshow(from);
    result = vtd_route_vanished(device, pasid, from->did, vtd_domain_pgtt(from->base.domain));
    if (result == 0)
        result = enter(to);
    return result;
}

int vtd_replace(struct iommu_attachment *attachment, struct iommu_attachment *next)
{
    struct vtd_attachment *from = vtd_attachment_of(attachment), *to = vtd_attachment_of(next);
    struct vtd_device *device = device_of(from);
    struct vtd_unit *unit = device->unit;
    int result;

    if (!fits(to))
        return -IOMMU_EXDEV;
    result = vtd_tag_get(domain_of(to), unit, &to->did);
    if (result)
        return result;
    if (!unit->scalable)
        (void)vtd_ats_disable(device);
    result = exchange(from, to);
    if (result) {
        vtd_tag_put(domain_of(to), unit, to->doubtful);
        show(from);
        (void)appeared(from);
    } else {
        vtd_tag_put(domain_of(from), unit, false);
        count_out(device, from);
        count_in(device, to);
    }
    if (!unit->scalable)
        (void)vtd_ats_enable(device);
    return result;
}

/* ---- the domain's first table --------------------------------------------------------------- */

/* One aligned store, in which nothing else of the entry changes. */
static void point_at(const struct vtd_unit *unit, uint64_t *word, uint64_t root)
{
    vtd_store(word, (vtd_load(word) & (VTD_PAGE_BYTES - 1)) | root);
    vtd_write_back(unit, word, sizeof(*word));
}

static void move(const struct vtd_attachment *a)
{
    struct vtd_device *device = device_of(a);
    uint64_t root = iommu_pt_root(&a->base.domain->pt);
    uint16_t rids[VTD_RIDS_MAX];
    unsigned count;

    if (device->unit->scalable) {
        point_at(device->unit, vtd_entry_root(a->base.domain, a->entry), root);
        return;
    }
    count = vtd_device_rids(device, rids);
    for (unsigned i = 0; i < count; i++)
        point_at(device->unit, vtd_context_entry(device->unit, rids[i]), root);
}

static int tell_units(const struct iommu_domain *domain)
{
    struct vtd *vtd = vtd_of(domain->iommu);
    int result = 0;

    for (unsigned i = 0; i < vtd->unit_count; i++) {
        int one = vtd_routes_moved(&vtd->units[i], domain);

        result = result ? result : one;
    }
    return result;
}

/* Present entries change in place: neither the old table nor the new one leads anywhere. */
int vtd_move_table(struct iommu_domain *domain)
{
    for (struct iommu_attachment *at = vtd_first_route(domain); at; at = at->domain_next)
        if (vtd_attachment_of(at)->shown)
            move(vtd_attachment_of(at));
    host_barrier(domain->iommu->platform);
    return tell_units(domain);
}
