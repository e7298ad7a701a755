/* SPDX-License-Identifier: MIT */
/*
 * Which invalidations a change of root, context and PASID tables needs. Architecture:
 * "Invalidation guidance to software", "Caching mode", "Write buffer flushing". Called under
 * iommu.lock (vtd_routes_moved: under domain.lock) after the entry was written and flushed; each
 * call returns when the hardware has finished.
 *
 * appeared   not present to present. Hardware remembers nothing about entries that were not there,
 *            except with caching mode; chipsets with write buffers must be made to write them.
 * vanished   present to not present: always invalidated.
 */
#include "drivers/vtd/queue.h"

struct route {
    struct vtd_device *device;
    uint32_t pasid; /* as in the table */
    bool untagged;
    uint32_t did;
    enum vtd_pgtt pgtt;
};

static struct route route_of(struct vtd_device *device, uint32_t pasid, uint32_t did,
                             enum vtd_pgtt pgtt)
{
    struct route route = {device, pasid, false, did, pgtt};

    if (pasid == IOMMU_NO_PASID) {
        route.untagged = true;
        route.pasid = VTD_RID_PASID;
    }
    return route;
}

static int settle(struct vtd_unit *unit)
{
    int result = 0;

    if (!unit->wbf)
        return 0;
    host_lock(unit->platform, &unit->lock);
    if (unit->running)
        result = vtd_flush_write_buffer(unit);
    host_unlock(unit->platform, &unit->lock);
    return result;
}

static void context_of_device(struct vtd_flush *flush, const struct vtd_device *device,
                              uint32_t did)
{
    uint16_t rids[VTD_RIDS_MAX];
    unsigned count = vtd_device_rids(device, rids);

    for (unsigned i = 0; i < count; i++)
        vtd_emit_context_device(flush, did, rids[i]);
}

/* Second-stage translations are tagged with the domain id; the others with id and PASID. */
static void translations(struct vtd_flush *flush, const struct route *route)
{
    if (route->pgtt == VTD_PGTT_FIRST || route->pgtt == VTD_PGTT_PASS_THROUGH)
        vtd_emit_piotlb_all(flush, route->did, route->pasid);
    else
        vtd_emit_iotlb_domain(flush, route->did);
}

/* ---- one route ------------------------------------------------------------------------------ */

/* With caching mode, entries that were found faulty are remembered under domain id 0. */
static void emit_appeared(struct vtd_flush *flush, const void *arg)
{
    const struct route *route = arg;

    if (flush->unit->scalable) {
        vtd_emit_pasid_one(flush, 0, route->pasid);
        vtd_emit_pasid_one(flush, route->did, route->pasid);
        translations(flush, route);
        return;
    }
    context_of_device(flush, route->device, 0);
    vtd_emit_iotlb_domain(flush, 0);
    vtd_emit_iotlb_domain(flush, route->did);
}

int vtd_route_appeared(struct vtd_device *device, uint32_t pasid, uint32_t did, enum vtd_pgtt pgtt)
{
    struct route route = route_of(device, pasid, did, pgtt);

    if (vtd_cm(device->unit))
        return vtd_flush_run(device->unit, emit_appeared, &route);
    return settle(device->unit);
}

static void emit_vanished(struct vtd_flush *flush, const void *arg)
{
    const struct route *route = arg;

    if (flush->unit->scalable) {
        /* Emulators keep "this device is passed through" with the context. */
        if (route->pgtt == VTD_PGTT_PASS_THROUGH)
            context_of_device(flush, route->device, 0);
        vtd_emit_pasid_one(flush, route->did, route->pasid);
        translations(flush, route);
    } else {
        context_of_device(flush, route->device, route->did);
        vtd_emit_iotlb_domain(flush, route->did);
    }
    if (route->untagged)
        vtd_emit_devtlb(flush, route->device, NULL);
    else
        vtd_emit_devtlb_pasid(flush, route->device, route->pasid, NULL);
}

int vtd_route_vanished(struct vtd_device *device, uint32_t pasid, uint32_t did, enum vtd_pgtt pgtt)
{
    struct route route = route_of(device, pasid, did, pgtt);

    return vtd_flush_run(device->unit, emit_vanished, &route);
}

/* ---- a domain's routes ---------------------------------------------------------------------- */

/* The id stands for them all, except in the context cache. */
static void emit_moved(struct vtd_flush *flush, const void *arg)
{
    const struct iommu_domain *domain = arg;
    const struct vtd_attachment *any = NULL;

    for (struct iommu_attachment *at = vtd_first_route(domain); at; at = at->domain_next) {
        const struct vtd_attachment *a = vtd_attachment_of(at);

        if (!a->shown || vtd_device_of(at->device)->unit != flush->unit)
            continue;
        any = a;
        if (!flush->unit->scalable)
            context_of_device(flush, vtd_device_of(at->device), a->did);
    }
    if (!any)
        return;
    vtd_emit_pasid_domain(flush, any->did);
    vtd_emit_iotlb_domain(flush, any->did);
}

int vtd_routes_moved(struct vtd_unit *unit, const struct iommu_domain *domain)
{
    return vtd_flush_run(unit, emit_moved, domain);
}

/* ---- a device's context entries ------------------------------------------------------------- */

static void emit_context_appeared(struct vtd_flush *flush, const void *arg)
{
    context_of_device(flush, arg, 0);
    vtd_emit_pasid_domain(flush, 0);
    vtd_emit_iotlb_domain(flush, 0);
}

int vtd_context_appeared(struct vtd_device *device)
{
    if (vtd_cm(device->unit))
        return vtd_flush_run(device->unit, emit_context_appeared, device);
    return settle(device->unit);
}

/* By domain id where the device has just the one; flushing more than that is the simpler truth. */
static void emit_context_changed(struct vtd_flush *flush, const void *arg)
{
    struct vtd_device *device = (struct vtd_device *)(uintptr_t)arg;

    context_of_device(flush, device, device->rid_did);
    if (device->in_doubt || device->routes > (device->rid_attached ? 1u : 0u)) {
        vtd_emit_pasid_global(flush);
        vtd_emit_iotlb_global(flush);
    } else if (device->rid_attached) {
        vtd_emit_pasid_domain(flush, device->rid_did);
        vtd_emit_iotlb_domain(flush, device->rid_did);
    }
    if (vtd_cm(flush->unit)) {
        vtd_emit_pasid_domain(flush, 0);
        vtd_emit_iotlb_domain(flush, 0);
    }
    vtd_emit_devtlb_everything(flush, device);
}

int vtd_context_changed(struct vtd_device *device)
{
    return vtd_flush_run(device->unit, emit_context_changed, device);
}

static void emit_devtlb_everything(struct vtd_flush *flush, const void *arg)
{
    vtd_emit_devtlb_everything(flush, (struct vtd_device *)(uintptr_t)arg);
}

int vtd_devtlb_flush(struct vtd_device *device)
{
    return vtd_flush_run(device->unit, emit_devtlb_everything, device);
}

static void emit_nothing(struct vtd_flush *flush, const void *arg)
{
    (void)arg;
    vtd_emit_wait(flush);
}

/* Nothing comes after the last wait, and that one is over. */
static bool is_idle(struct vtd_unit *unit)
{
    const struct vtd_queue *queue = &unit->queue;
    bool idle;

    host_lock(unit->platform, &unit->lock);
    idle = queue->whole && vtd_queue_reached(vtd_queue_completed(queue), queue->seq);
    host_unlock(unit->platform, &unit->lock);
    return idle;
}

int vtd_drain(struct vtd_unit *unit)
{
    return is_idle(unit) ? 0 : vtd_flush_run(unit, emit_nothing, NULL);
}

/* ---- the unit ------------------------------------------------------------------------------- */

static void emit_everything(struct vtd_flush *flush, const void *arg)
{
    (void)arg;
    vtd_emit_context_global(flush);
    vtd_emit_pasid_global(flush);
    vtd_emit_iotlb_global(flush);
}

int vtd_flush_everything(struct vtd_unit *unit)
{
    return vtd_flush_run(unit, emit_everything, NULL);
}

int vtd_root_changed(struct vtd_unit *unit)
{
    if (vtd_cm(unit))
        return vtd_flush_everything(unit);
    return settle(unit);
}
