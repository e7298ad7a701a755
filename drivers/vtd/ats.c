/* SPDX-License-Identifier: MIT */
/*
 * Letting a device keep translations, and stopping it. Architecture: "Device-TLB", "ATS capability
 * reporting" in the BIOS chapter. Under iommu.lock; called by attach.c, pasid.c and when
 * translation goes on and off.
 *
 * ATS is on while the device has routes and its unit translates. The unit must allow it first
 * (DTE, or the translation type in legacy mode) and the endpoint second; off the other way round:
 * a live device that gets refused drops out of ATS by itself.
 */
#include "drivers/vtd/vtd.h"
#include "spec/dmar.h"

/* Does firmware say that the way to this device carries ATS? */
static bool path_may(const struct vtd_device *device)
{
    const struct vtd_unit *unit = device->unit;
    const struct iommu_dmar *dmar = &unit->vtd->dmar;
    uint16_t segment = unit->segment;
    struct iommu_dmar_record record;

    /* In legacy mode hardware looks after devices that need their cache; nobody else may. */
    if (vtd_scope_find(unit->platform, dmar, IOMMU_DMAR_ATC, segment, vtd_rid(device), &record))
        return unit->scalable || !(record.flags & SPEC_DMAR_SATC_F_ATC_REQUIRED);
    if (vtd_endpoint_is_integrated(device))
        return true;
    __builtin_memset(&record, 0, sizeof(record));
    while (iommu_dmar_next(dmar, &record)) {
        if (record.type != IOMMU_DMAR_ATS || record.segment != segment)
            continue;
        if ((record.flags & SPEC_DMAR_ATSR_F_ALL_PORTS) ||
            vtd_scope_covers(unit->platform, dmar, &record, vtd_rid(device)))
            return true;
    }
    return false;
}

bool vtd_ats_may(const struct vtd_device *device)
{
    const struct vtd_unit *unit = device->unit;

    if (unit->vtd->no_ats || (device->base.config.flags & IOMMU_DEVICE_NO_ATS))
        return false;
    if (!(unit->ecap & VTD_ECAP_DT) || !unit->queue.ring || !device->ats_cap)
        return false;
    return path_may(device);
}

static void set_on(struct vtd_device *device, bool on)
{
    struct vtd_unit *unit = device->unit;

    host_lock(unit->platform, &unit->lock);
    unit->ats_count += on ? 1u : (unsigned)-1;
    device->ats_on = on;
    host_unlock(unit->platform, &unit->lock);
}

static bool unit_running(struct vtd_unit *unit)
{
    bool running;

    host_lock(unit->platform, &unit->lock);
    running = unit->running;
    host_unlock(unit->platform, &unit->lock);
    return running;
}

/* In legacy mode the entry decides; pass-through, for one, goes without. */
static bool entry_allows(struct vtd_device *device)
{
    uint64_t *entry;

    if (device->unit->scalable)
        return true;
    entry = vtd_context_entry(device->unit, vtd_rid(device));
    return entry && SPEC_GET(VTD_LCE0_TT, vtd_load(entry)) == VTD_TT_DEVICE_TLB;
}

/* What an earlier driver let it keep may still be there. A device that does not answer gets no ATS. */
static int forget(struct vtd_device *device)
{
    device->devtlb_left = vtd_devtlb_flush(device) != 0;
    device->ats_allowed = !device->devtlb_left;
    return 0;
}

static void keep_first(int *first, int result)
{
    if (!*first)
        *first = result;
}

/*
 * From set_on on, flushes cover the device's TLB; nothing is in it before the endpoint's bit is set. Flushes
 * that began before do not: they have to be over, for until then the unit may hand the device what they are
 * about.
 */
int vtd_ats_start(struct vtd_device *device)
{
    int result = 0;

    if (!unit_running(device->unit) || !entry_allows(device))
        return 0;
    if (device->unit->scalable)
        result = vtd_context_change(device, 0, VTD_SCE0_DTE);
    if (result) {
        (void)vtd_context_change(device, VTD_SCE0_DTE, 0);
        return result;
    }
    set_on(device, true);
    result = device->devtlb_left ? forget(device) : vtd_drain(device->unit);
    if (result == 0 && device->ats_allowed) {
        vtd_endpoint_set_ats(device, true);
        return 0;
    }
    set_on(device, false);
    if (device->unit->scalable)
        keep_first(&result, vtd_context_change(device, VTD_SCE0_DTE, 0));
    return result;
}

/*
 * Off in the endpoint first: from then on it fetches nothing more, and what it has is emptied. It
 * answers that request with ATS off, too. The unit's permission goes last, here or, in legacy mode,
 * with the entry that the caller takes away.
 *
 * One that did not answer is not trusted to be empty: no ATS any more.
 */
int vtd_ats_disable(struct vtd_device *device)
{
    if (!device->ats_on)
        return 0;
    vtd_endpoint_set_ats(device, false);
    if (vtd_devtlb_flush(device)) {
        vtd_log_value(device->unit, IOMMU_LOG_WARNING, "no ATS any more for device",
                      vtd_rid(device));
        device->ats_allowed = false;
    }
    set_on(device, false);
    return device->unit->scalable ? vtd_context_change(device, VTD_SCE0_DTE, 0) : 0;
}
