/* SPDX-License-Identifier: MIT */
/*
 * Switching a unit on and off. Architecture: "Programming considerations", "Global command
 * register", "Set root table pointer operation". Under iommu.lock; each step takes unit->lock.
 *
 *   prepare     events masked, old faults cleared, a queue left running drained and replaced
 *   set_root    translation off if it was on, our root table, caches emptied
 *   translate   fault event, translation on, protected memory regions off
 *
 * Start takes all units through one step before the next: some chipsets want every queue running
 * before any root table is set. Between set_root and translate a unit that had been translating
 * passes DMA through untranslated; taking over without that gap would need the old tables.
 */
#include "drivers/vtd/queue.h"

static bool status(struct vtd_unit *unit, uint32_t bit)
{
    uint32_t gsts = vtd_read32(unit, VTD_REG_GSTS);

    return gsts != UINT32_MAX && (gsts & bit);
}

/* By us or by whoever was here before. */
bool vtd_unit_is_on(struct vtd_unit *unit)
{
    bool on;

    host_lock(unit->platform, &unit->lock);
    on = status(unit, VTD_GSTS_TES | VTD_GSTS_QIES);
    host_unlock(unit->platform, &unit->lock);
    return on;
}

static void mask_events(struct vtd_unit *unit)
{
    vtd_write32(unit, VTD_REG_FECTL, VTD_FECTL_IM);
    if (unit->ecap & VTD_ECAP_QI)
        vtd_write32(unit, VTD_REG_IECTL, VTD_IECTL_IM);
    if (unit->ecap & VTD_ECAP_PRS)
        vtd_write32(unit, VTD_REG_PECTL, VTD_PECTL_IM);
}

static void clear_errors(struct vtd_unit *unit)
{
    uint32_t errors = VTD_FSTS_PFO | VTD_FSTS_IQE;

    if (unit->ecap & VTD_ECAP_DT)
        errors |= VTD_FSTS_ICE | VTD_FSTS_ITE;
    errors &= vtd_read32(unit, VTD_REG_FSTS);
    if (errors)
        vtd_write32(unit, VTD_REG_FSTS, errors);
}

static void clear_faults(struct vtd_unit *unit)
{
    unsigned records = (unsigned)SPEC_GET(VTD_CAP_NFR, unit->cap) + 1;

    for (unsigned i = 0; i < records; i++) {
        uint32_t top = VTD_REG_FRCD(unit->cap, i) + VTD_FRCD_TOP;

        if (vtd_read32(unit, top) & VTD_FRCD_TOP_F)
            vtd_write32(unit, top, VTD_FRCD_TOP_F);
    }
    clear_errors(unit);
}

/*
 * A queue that stood at a bad descriptor says so again when its error is cleared: that must not
 * stop ours.
 */
static int retire_queue(struct vtd_unit *unit)
{
    int result = vtd_queue_disable(unit);

    if (result == 0)
        clear_errors(unit);
    return result;
}

int vtd_unit_prepare(struct vtd_unit *unit)
{
    int result = 0;

    host_lock(unit->platform, &unit->lock);
    mask_events(unit);
    clear_faults(unit);
    if (status(unit, VTD_GSTS_QIES))
        result = retire_queue(unit);
    if (result == 0 && unit->queue.ring) {
        unit->has_our_memory = true;
        result = vtd_queue_enable(unit);
    }
    host_unlock(unit->platform, &unit->lock);
    return result;
}

static int set_root_locked(struct vtd_unit *unit)
{
    uint64_t mode = unit->scalable ? VTD_TTM_SCALABLE : VTD_TTM_LEGACY;
    uint64_t root = host_virt_to_phys(unit->platform, unit->root);
    int result = 0;

    if (status(unit, VTD_GSTS_TES))
        result = vtd_command(unit, VTD_GCMD_TE, false, "GSTS.TES did not clear");
    if (result == 0 && unit->wbf)
        result = vtd_flush_write_buffer(unit);
    if (result)
        return result;
    unit->has_our_memory = true;
    vtd_write64(unit, VTD_REG_RTADDR, root | SPEC_PUT(VTD_RTADDR_TTM, mode));
    result = vtd_command(unit, VTD_GCMD_SRTP, true, "GSTS.RTPS did not set");
    unit->running = result == 0;
    return result;
}

/* Setting the root pointer empties the caches on newer units only. */
int vtd_unit_set_root(struct vtd_unit *unit)
{
    int result;

    host_lock(unit->platform, &unit->lock);
    result = set_root_locked(unit);
    host_unlock(unit->platform, &unit->lock);
    if (result == 0 && !(unit->cap & VTD_CAP_ESRTPS))
        result = vtd_flush_everything(unit);
    return result;
}

/* The message first, the mask last. The upper half of the address exists with 32-bit APIC ids
 * only. */
static void set_fault_event(struct vtd_unit *unit)
{
    uint64_t address = unit->vtd->fault_msi_address;

    if (!address)
        return;
    vtd_write32(unit, VTD_REG_FEDATA, unit->vtd->fault_msi_data);
    if (unit->ecap & VTD_ECAP_EIM)
        vtd_write32(unit, VTD_REG_FEUADDR, (uint32_t)(address >> 32));
    vtd_write32(unit, VTD_REG_FEADDR, (uint32_t)address);
    vtd_write32(unit, VTD_REG_FECTL, 0);
}

/* Firmware protects memory this way until somebody translates; left on, it would block what we
 * map. */
static int unprotect(struct vtd_unit *unit)
{
    if (!(unit->cap & (VTD_CAP_PLMR | VTD_CAP_PHMR)))
        return 0;
    vtd_write32(unit, VTD_REG_PMEN, 0);
    return vtd_wait32(unit, VTD_REG_PMEN, VTD_PMEN_PRS, 0, "PMEN.PRS did not clear");
}

int vtd_unit_translate(struct vtd_unit *unit)
{
    int result = 0;

    host_lock(unit->platform, &unit->lock);
    set_fault_event(unit);
    if (unit->wbf)
        result = vtd_flush_write_buffer(unit);
    if (result == 0)
        result = vtd_command(unit, VTD_GCMD_TE, true, "GSTS.TES did not set");
    if (result == 0)
        result = unprotect(unit);
    host_unlock(unit->platform, &unit->lock);
    return result;
}

/*
 * A queue whose last descriptor is no wait, even an empty one, cannot be switched off everywhere.
 * Whether the wait completes does not matter: switching off decides.
 */
static void last_wait(struct vtd_unit *unit)
{
    struct vtd_ticket ticket;
    int result;

    if (!unit->queue.ring || !unit->has_our_memory || !status(unit, VTD_GSTS_QIES))
        return; /* off, or not ours */
    ticket = vtd_queue_open(unit);
    result = vtd_queue_post(unit, ticket);
    host_unlock(unit->platform, &unit->lock);
    if (result == 0)
        (void)vtd_queue_wait(unit, ticket);
    host_lock(unit->platform, &unit->lock);
}

/* Every step is tried even if the one before failed; the first error is returned. */
int vtd_unit_stop(struct vtd_unit *unit)
{
    int result = 0;

    host_lock(unit->platform, &unit->lock);
    if (status(unit, VTD_GSTS_TES))
        result = vtd_command(unit, VTD_GCMD_TE, false, "GSTS.TES did not clear");
    last_wait(unit);
    unit->running = false;
    if (status(unit, VTD_GSTS_QIES)) {
        int disabled = vtd_queue_disable(unit);

        result = result ? result : disabled;
    }
    vtd_write32(unit, VTD_REG_FECTL, VTD_FECTL_IM);
    if (result == 0)
        unit->has_our_memory = false;
    host_unlock(unit->platform, &unit->lock);
    return result;
}
