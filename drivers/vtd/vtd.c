/* SPDX-License-Identifier: MIT */
/*
 * The driver as the core sees it: create, start, stop, destroy, capabilities, the table of ops.
 * Called by the host (create) and by the core, under iommu.lock but for create and capabilities.
 */
#include "drivers/vtd/entry.h"

#define TIMEOUT_MS 1000u

/* ---- capabilities: fixed at create ---------------------------------------------------------- */

bool vtd_unit_capable(const struct vtd_unit *unit, enum iommu_cap cap)
{
    switch (cap) {
    case IOMMU_CAP_CACHE_COHERENCY:
        return unit->ecap & VTD_ECAP_SC;
    case IOMMU_CAP_INTR_REMAP:
        return unit->ecap & VTD_ECAP_IR;
    case IOMMU_CAP_AUX_DOMAIN:
        return unit->pasid_limit > 1;
    case IOMMU_CAP_FIRST_STAGE:
        return vtd_unit_has_stage(unit, IOMMU_STAGE_FIRST);
    case IOMMU_CAP_SECOND_STAGE:
        return vtd_unit_has_stage(unit, IOMMU_STAGE_SECOND);
    case IOMMU_CAP_PASID_SECOND_STAGE:
        return unit->pasid_limit > 1 && vtd_unit_has_stage(unit, IOMMU_STAGE_SECOND);
    case IOMMU_CAP_PASS_THROUGH:
        return unit->ecap & VTD_ECAP_PT;
    case IOMMU_CAP_DEVICE_TLB:
        return (unit->ecap & VTD_ECAP_DT) && !unit->vtd->no_ats;
    case IOMMU_CAP_COUNT:
        break;
    }
    return false;
}

static bool capable(struct iommu *iommu, enum iommu_cap cap)
{
    const struct vtd *vtd = vtd_of(iommu);

    for (unsigned i = 0; i < vtd->unit_count; i++)
        if (!vtd_unit_capable(&vtd->units[i], cap))
            return false;
    return true;
}

/* ---- start and stop ------------------------------------------------------------------------- */

/* Device-TLBs are used while the unit translates, not longer. */
static int resume_ats(struct vtd *vtd)
{
    for (unsigned i = 0; i < vtd->unit_count; i++) {
        for (struct vtd_device *d = vtd->units[i].devices; d; d = d->unit_next) {
            int result = d->routes ? vtd_ats_enable(d) : 0;

            if (result)
                return result;
        }
    }
    return 0;
}

static void suspend_ats(struct vtd *vtd)
{
    for (unsigned i = 0; i < vtd->unit_count; i++)
        for (struct vtd_device *d = vtd->units[i].devices; d; d = d->unit_next)
            if (vtd_ats_disable(d))
                d->in_doubt = true;
}

static int stop_units(struct vtd *vtd, unsigned count)
{
    int result = 0;

    for (unsigned i = 0; i < count; i++) {
        int one = vtd_unit_stop(&vtd->units[i]);

        result = result ? result : one;
    }
    return result;
}

static int stop(struct iommu *iommu)
{
    struct vtd *vtd = vtd_of(iommu);

    suspend_ats(vtd);
    return stop_units(vtd, vtd->unit_count);
}

static bool any_on(struct vtd *vtd)
{
    for (unsigned i = 0; i < vtd->unit_count; i++)
        if (vtd_unit_is_on(&vtd->units[i]))
            return true;
    return false;
}

/* All units through one step before the next; see bringup.c. */
static int start_units(struct vtd *vtd, unsigned *touched)
{
    static int (*const steps[])(struct vtd_unit *) = {vtd_unit_prepare, vtd_unit_set_root,
                                                      vtd_unit_translate};

    for (unsigned step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
        for (unsigned i = 0; i < vtd->unit_count; i++) {
            int result;

            *touched = *touched > i + 1 ? *touched : i + 1;
            result = steps[step](&vtd->units[i]);
            if (result)
                return result;
        }
    }
    return 0;
}

static int start(struct iommu *iommu)
{
    struct vtd *vtd = vtd_of(iommu);
    unsigned touched = 0;
    int result;

    if (vtd->takeover == IOMMU_VTD_REFUSE && any_on(vtd)) {
        vtd_log_at(iommu->platform, IOMMU_LOG_ERROR, 0, "a unit is in use already");
        return -IOMMU_EBUSY;
    }
    result = start_units(vtd, &touched);
    if (result == 0)
        result = resume_ats(vtd);
    if (result) {
        suspend_ats(vtd);
        (void)stop_units(vtd, touched);
    }
    return result;
}

/* ---- create and destroy --------------------------------------------------------------------- */

static void free_instance(struct vtd *vtd)
{
    const struct iommu_platform *platform = vtd->base.platform;

    host_free(platform, vtd->units, vtd->unit_room * sizeof(*vtd->units));
    host_free(platform, vtd->table, vtd->table_bytes);
    host_free(platform, vtd, sizeof(*vtd));
}

static bool running(struct vtd *vtd)
{
    for (unsigned i = 0; i < vtd->unit_count; i++)
        if (vtd->units[i].running)
            return true;
    return false;
}

/* No device and no domain is left. */
static void destroy(struct iommu *iommu)
{
    struct vtd *vtd = vtd_of(iommu);

    if (running(vtd))
        (void)stop(iommu);
    for (unsigned i = 0; i < vtd->unit_count; i++)
        vtd_unit_destroy(&vtd->units[i]);
    iommu_fini(iommu);
    free_instance(vtd);
}

static const struct iommu_ops ops = {
    .name = "vtd",
    .domain_size = sizeof(struct vtd_domain),
    .device_size = sizeof(struct vtd_device),
    .attachment_size = sizeof(struct vtd_attachment),
    .capable = capable,
    .device_capable = vtd_device_capable,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .probe_device = vtd_probe_device,
    .release_device = vtd_release_device,
    .for_each_reserved = vtd_for_each_reserved,
    .domain_init = vtd_domain_init,
    .domain_fini = vtd_domain_fini,
    /* Requests to it are interrupts, and translations into it are refused: neither side can be mapped. */
    .reserved_first = VTD_INTERRUPT_FIRST,
    .reserved_last = VTD_INTERRUPT_LAST,
    .attach = vtd_attach,
    .detach = vtd_detach,
    .replace = vtd_replace,
    .move_table = vtd_move_table,
    .flush_map = vtd_flush_map,
    .flush_unmap = vtd_flush_unmap,
    .handle_events = vtd_handle_events,
    .enable_auxd = vtd_enable_auxd,
    .disable_auxd = vtd_disable_auxd,
    .auxd_id = iommu_domain_auxd_id,
};

bool vtd_is(const struct iommu *iommu)
{
    return iommu && iommu->ops == &ops;
}

static void warn(void *ctx, enum iommu_dmar_warning warning, size_t offset)
{
    (void)offset;
    vtd_log_at(ctx, IOMMU_LOG_WARNING, 0, iommu_dmar_warning_text(warning));
}

/* The caller's table need not stay: scopes are read again whenever a device comes. */
static int copy_table(struct vtd *vtd, const struct iommu_platform *platform,
                      const struct iommu_vtd_config *config)
{
    struct iommu_dmar dmar;
    int result = iommu_dmar_open(config->dmar, config->dmar_bytes, &dmar, NULL, NULL);

    if (result)
        return result;
    vtd->table_bytes = dmar.length;
    vtd->table = host_alloc(platform, vtd->table_bytes);
    if (!vtd->table)
        return -IOMMU_ENOMEM;
    __builtin_memcpy(vtd->table, dmar.bytes, vtd->table_bytes);
    return iommu_dmar_open(vtd->table, vtd->table_bytes, &vtd->dmar, warn,
                           (void *)(uintptr_t)platform);
}

static int make_room(struct vtd *vtd)
{
    struct iommu_dmar_record record;

    __builtin_memset(&record, 0, sizeof(record));
    while (iommu_dmar_next(&vtd->dmar, &record))
        vtd->unit_room += record.type == IOMMU_DMAR_UNIT;
    vtd->units = host_alloc(vtd->base.platform, vtd->unit_room * sizeof(*vtd->units));
    return vtd->units ? 0 : -IOMMU_ENOMEM;
}

static int make_units(struct vtd *vtd, const struct iommu_vtd_config *config)
{
    struct iommu_dmar_record record;
    int result = make_room(vtd);

    __builtin_memset(&record, 0, sizeof(record));
    while (result == 0 && iommu_dmar_next(&vtd->dmar, &record))
        if (record.type == IOMMU_DMAR_UNIT)
            result = vtd_unit_create(vtd, &record, config);
    for (unsigned i = 0; i < vtd->unit_count; i++)
        vtd->base.flush_maps |= vtd_cm(&vtd->units[i]) || vtd->units[i].wbf;
    return result == 0 && vtd->unit_count == 0 ? -IOMMU_ENODEV : result;
}

static void take_options(struct vtd *vtd, const struct iommu_vtd_config *config)
{
    vtd->takeover = config->takeover;
    vtd->no_ats = config->no_ats;
    vtd->fault_msi_address = config->fault_msi_address;
    vtd->fault_msi_data = config->fault_msi_data;
    vtd->timeout_ms = config->timeout_ms ? config->timeout_ms : TIMEOUT_MS;
}

int iommu_vtd_create(const struct iommu_platform *platform, const struct iommu_vtd_config *config,
                     struct iommu **iommu)
{
    struct vtd *vtd;
    int result;

    if (!platform || !platform->alloc || !platform->free || !config || !iommu)
        return -IOMMU_EINVAL;
    vtd = host_alloc(platform, sizeof(*vtd));
    if (!vtd)
        return -IOMMU_ENOMEM;
    result = iommu_init(&vtd->base, &ops, platform); /* looks at the other hooks */
    if (result) {
        host_free(platform, vtd, sizeof(*vtd));
        return result;
    }
    take_options(vtd, config);
    result = copy_table(vtd, platform, config);
    if (result == 0)
        result = make_units(vtd, config);
    if (result)
        destroy(&vtd->base);
    else
        *iommu = &vtd->base;
    return result;
}
