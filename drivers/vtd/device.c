/* SPDX-License-Identifier: MIT */
/*
 * Devices: finding the unit, making and removing what leads there, capabilities. Architecture:
 * "Context entry", "PASID directory". Under iommu.lock, but for vtd_device_capable(), which reads
 * what does not change.
 *
 * In scalable mode a known device has a present context entry with an empty PASID directory: all
 * of its routes are blocked. In legacy mode its context entry is its one route, and absent until
 * attached.
 */
#include "drivers/vtd/entry.h"

static struct vtd_unit *unit_at(struct vtd *vtd, uint64_t base)
{
    for (unsigned i = 0; i < vtd->unit_count; i++)
        if (vtd->units[i].base == base)
            return &vtd->units[i];
    return NULL;
}

/* The table's units include some that remap no DMA: a device behind such a one has no IOMMU. */
static struct vtd_unit *find_unit(const struct iommu_device *device)
{
    struct vtd *vtd = vtd_of(device->iommu);
    struct iommu_dmar_record record;

    if (!vtd_scope_find_unit(vtd->base.platform, &vtd->dmar, device->config.segment,
                             device->config.rid, &record))
        return NULL;
    return unit_at(vtd, record.base);
}

static uint32_t pasid_limit(const struct vtd_device *device)
{
    const struct vtd_unit *unit = device->unit;
    uint32_t width = device->base.config.pasid_bits;
    uint32_t limit;

    if (width == 0)
        width = device->pasid_width;
    if (width == 0 || !unit->scalable)
        return 0;
    limit = SPEC_BIT32(width < VTD_PASID_BITS ? width : VTD_PASID_BITS);
    return limit < unit->pasid_limit ? limit : unit->pasid_limit;
}

static void enlist(struct vtd_device *device)
{
    struct vtd_unit *unit = device->unit;

    host_lock(unit->platform, &unit->lock);
    device->unit_next = unit->devices;
    unit->devices = device;
    host_unlock(unit->platform, &unit->lock);
}

static void strike_off(struct vtd_device *device)
{
    struct vtd_unit *unit = device->unit;
    struct vtd_device **link = &unit->devices;

    host_lock(unit->platform, &unit->lock);
    while (*link && *link != device)
        link = &(*link)->unit_next;
    if (*link)
        *link = device->unit_next;
    host_unlock(unit->platform, &unit->lock);
}

/* On error the directory may be in hardware's hands only if the invalidation failed, and so
 * stays. */
static int enter_context(struct vtd_device *device)
{
    uint64_t value[VTD_SCE_BYTES / sizeof(uint64_t)];
    int result;

    vtd_context_value_scalable(device, value);
    vtd_context_publish(device, value);
    result = vtd_context_appeared(device);
    if (result) {
        vtd_context_block(device);
        if (vtd_context_changed(device))
            vtd_directory_free(device, true);
        else
            vtd_context_clear(device);
    }
    return result;
}

static int make_tables(struct vtd_device *device)
{
    uint16_t rids[VTD_RIDS_MAX];
    unsigned count = vtd_device_rids(device, rids);
    bool scalable = device->unit->scalable;
    int result = scalable ? vtd_directory_alloc(device) : 0;

    if (result)
        return result;
    result = vtd_context_reserve(device->unit, rids, count);
    if (result == 0 && vtd_context_any_present(device))
        result = -IOMMU_EBUSY;
    if (result == 0 && scalable)
        result = enter_context(device);
    if (result)
        vtd_directory_free(device, false);
    return result;
}

int vtd_probe_device(struct iommu_device *base)
{
    struct vtd_device *device = vtd_device_of(base);
    struct vtd_unit *unit = find_unit(base);
    int result;

    if (!unit)
        return -IOMMU_ENODEV;
    device->unit = unit;
    vtd_endpoint_read(device);
    base->pasid_limit = pasid_limit(device);
    base->address_bits = unit->ss_bits > unit->fs_bits ? unit->ss_bits : unit->fs_bits;
    device->ats_allowed = vtd_ats_may(device);
    result = make_tables(device);
    if (result)
        return result;
    device->devtlb_left = vtd_endpoint_has_ats_on(device); /* firmware or an earlier driver */
    vtd_endpoint_set_ats(device, false);
    enlist(device);
    return 0;
}

/*
 * What hardware may still read when it did not confirm is never used for anything else again. ATS
 * went with the last route.
 */
int vtd_release_device(struct iommu_device *base)
{
    struct vtd_device *device = vtd_device_of(base);
    bool scalable = device->unit->scalable;
    int result = 0;

    vtd_context_block(device);
    if (scalable || device->in_doubt)
        result = vtd_context_changed(device);
    if (result == 0)
        vtd_context_clear(device);
    strike_off(device);
    if (device->pasid_on)
        vtd_endpoint_set_pasid(device, false);
    vtd_directory_free(device, result != 0);
    return result;
}

int vtd_device_settle(struct vtd_device *device)
{
    int result = vtd_context_changed(device);

    if (result == 0)
        device->in_doubt = false;
    return result;
}

/* ---- capabilities --------------------------------------------------------------------------- */

/* The endpoint answers for itself, unless whoever added it said how many PASIDs it has. */
static bool endpoint_shares(const struct vtd_device *device)
{
    return device->base.config.pasid_bits || (device->pasid_cap && device->siov);
}

bool vtd_device_capable(struct iommu_device *base, enum iommu_cap cap)
{
    const struct vtd_device *device = vtd_device_of(base);

    if (!vtd_unit_capable(device->unit, cap))
        return false;
    switch (cap) {
    case IOMMU_CAP_AUX_DOMAIN:
        return base->pasid_limit > 1 && endpoint_shares(device);
    case IOMMU_CAP_PASID_SECOND_STAGE:
        return base->pasid_limit > 1;
    case IOMMU_CAP_DEVICE_TLB:
        return device->ats_allowed;
    default:
        return true;
    }
}

int vtd_enable_auxd(struct iommu_device *base)
{
    if (!vtd_device_capable(base, IOMMU_CAP_AUX_DOMAIN))
        return -IOMMU_EOPNOTSUPP;
    return vtd_pasid_enable(vtd_device_of(base));
}

/* On failure PASIDs stay on, and each of them blocked. */
void vtd_disable_auxd(struct iommu_device *base)
{
    (void)vtd_pasid_disable(vtd_device_of(base));
}
