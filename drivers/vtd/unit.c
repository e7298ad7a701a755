/* SPDX-License-Identifier: MIT */
/*
 * Making and unmaking a unit: map its registers, read what it can do, decide how to drive it, get
 * the memory it will need. Architecture: "Capability register", "DMA remapping hardware unit
 * definition". Called by create and destroy, alone with the unit. Nothing is written to the
 * hardware here.
 */
#include "drivers/vtd/vtd.h"
#include "spec/dmar.h"

static int map(struct vtd_unit *unit, size_t bytes)
{
    unit->regs = host_mmio_map(unit->platform, unit->base, bytes);
    unit->regs_bytes = bytes;
    return unit->regs ? 0 : -IOMMU_ENODEV;
}

static void unmap(struct vtd_unit *unit)
{
    if (unit->regs)
        host_mmio_unmap(unit->platform, unit->regs, unit->regs_bytes);
    unit->regs = NULL;
}

/* Fault and IOTLB registers may lie beyond what firmware says the block has. */
static int map_all(struct vtd_unit *unit)
{
    size_t needed = vtd_caps_register_bytes(unit->cap, unit->ecap);

    if (needed <= unit->regs_bytes)
        return 0;
    vtd_log_value(unit, IOMMU_LOG_WARNING, "register block is larger than the table says:", needed);
    unmap(unit);
    return map(unit, (needed + VTD_PAGE_BYTES - 1) & ~(size_t)(VTD_PAGE_BYTES - 1));
}

/* False: nobody is there. */
static bool read_capabilities(struct vtd_unit *unit, const struct iommu_vtd_config *config)
{
    unit->version = vtd_read32(unit, VTD_REG_VER);
    unit->cap = vtd_read64(unit, VTD_REG_CAP);
    unit->ecap = vtd_read64(unit, VTD_REG_ECAP);
    if (unit->cap == UINT64_MAX && unit->ecap == UINT64_MAX)
        return false;
    vtd_caps_quirks(config->quirks, config->quirk_count, unit->base, &unit->cap, &unit->ecap);
    vtd_caps_check(&unit->cap, &unit->ecap);
    return true;
}

static int choose_mode(struct vtd_unit *unit, enum iommu_vtd_mode mode)
{
    bool able = vtd_caps_can_scalable(unit->cap, unit->ecap);

    if (mode == IOMMU_VTD_MODE_SCALABLE && !able) {
        vtd_log(unit, IOMMU_LOG_ERROR, "no scalable mode");
        return -IOMMU_EOPNOTSUPP;
    }
    unit->scalable = able && mode != IOMMU_VTD_MODE_LEGACY;
    return 0;
}

/* From some version on the invalidation registers answer with errors: the queue is not a choice
 * then. */
static bool wants_queue(const struct vtd_unit *unit, const struct iommu_vtd_config *config)
{
    bool only_queue = SPEC_GET(VTD_VER_MAJOR, unit->version) >= VTD_MAJOR_QUEUE_ONLY;

    return (unit->ecap & VTD_ECAP_QI) && (unit->scalable || only_queue || !config->no_queue);
}

static int check_drivable(const struct vtd_unit *unit)
{
    bool snooped = (unit->ecap & VTD_ECAP_C) && vtd_unit_snoops(unit);

    if (!snooped && !host_can_flush(unit->platform)) {
        vtd_log(unit, IOMMU_LOG_ERROR,
                "tables are not snooped and the platform cannot flush caches");
        return -IOMMU_EOPNOTSUPP;
    }
    if (!(unit->ecap & VTD_ECAP_QI) &&
        SPEC_GET(VTD_VER_MAJOR, unit->version) >= VTD_MAJOR_QUEUE_ONLY) {
        vtd_log(unit, IOMMU_LOG_ERROR, "no way to invalidate its caches");
        return -IOMMU_EOPNOTSUPP;
    }
    return 0;
}

static void derive(struct vtd_unit *unit, const struct iommu_vtd_config *config)
{
    unit->wbf = (unit->cap & VTD_CAP_RWBF) || config->force_write_buffer_flush;
    unit->ss_bits = vtd_unit_has_stage(unit, IOMMU_STAGE_SECOND) ? vtd_caps_ss_bits(unit->cap) : 0;
    if (vtd_unit_has_stage(unit, IOMMU_STAGE_FIRST))
        unit->fs_bits = (unit->cap & VTD_CAP_FS5LP) ? 56 : 47;
    if (unit->cap & VTD_CAP_PSI)
        unit->page_orders = (uint8_t)(SPEC_GET(VTD_CAP_MAMV, unit->cap) + 1);
    unit->pasid_limit = unit->scalable ? vtd_caps_pasid_limit(unit->ecap) : 0;
}

static int allocate(struct vtd_unit *unit, const struct iommu_vtd_config *config)
{
    unsigned did_bits = 4 + 2 * (unsigned)SPEC_GET(VTD_CAP_ND, unit->cap);
    int result = vtd_ids_init(&unit->ids, unit->platform, did_bits, !vtd_cm(unit));

    if (result)
        return result;
    unit->root = vtd_table_alloc(unit, 0);
    if (!unit->root)
        return -IOMMU_ENOMEM;
    vtd_write_back(unit, unit->root, VTD_PAGE_BYTES);
    return wants_queue(unit, config) ? vtd_queue_alloc(unit) : 0;
}

static int set_up(struct vtd_unit *unit, const struct iommu_vtd_config *config)
{
    int result = choose_mode(unit, config->mode);

    if (result == 0)
        result = check_drivable(unit);
    if (result == 0)
        result = map_all(unit);
    if (result)
        return result;
    derive(unit, config);
    result = host_lock_init(unit->platform, &unit->lock);
    if (result)
        return result;
    result = allocate(unit, config);
    if (result)
        host_lock_fini(unit->platform, &unit->lock);
    return result;
}

static void drop(struct vtd_unit *unit)
{
    vtd_queue_free(unit);
    vtd_context_free_all(unit);
    vtd_table_free(unit, unit->root, 0);
    vtd_ids_fini(&unit->ids, unit->platform);
    unmap(unit);
    __builtin_memset(unit, 0, sizeof(*unit));
}

/* Units that cannot remap DMA are left out; devices behind them then have no IOMMU. */
int vtd_unit_create(struct vtd *vtd, const struct iommu_dmar_record *record,
                    const struct iommu_vtd_config *config)
{
    struct vtd_unit *unit = &vtd->units[vtd->unit_count];
    int result;

    unit->vtd = vtd;
    unit->platform = vtd->base.platform;
    unit->index = vtd->unit_count;
    unit->base = record->base;
    unit->segment = record->segment;
    unit->include_all = record->flags & SPEC_DMAR_DRHD_F_INCLUDE_PCI_ALL;
    if (map(unit, (size_t)VTD_PAGE_BYTES << record->size_lg2)) {
        vtd_log(unit, IOMMU_LOG_WARNING, "registers cannot be mapped: unit ignored");
        drop(unit);
        return 0;
    }
    if (!read_capabilities(unit, config)) {
        vtd_log(unit, IOMMU_LOG_WARNING, "no unit answers: ignored");
        drop(unit);
        return 0;
    }
    if (vtd_caps_ss_bits(unit->cap) == 0) {
        vtd_log(unit, IOMMU_LOG_INFO, "remaps interrupts only: left alone");
        drop(unit);
        return 0;
    }
    result = set_up(unit, config);
    if (result) {
        drop(unit);
        return result;
    }
    vtd->unit_count++;
    return 0;
}

/* A unit that could not be switched off goes on reading our tables and queue: they are lost. */
void vtd_unit_destroy(struct vtd_unit *unit)
{
    if (unit->has_our_memory) {
        vtd_log(unit, IOMMU_LOG_ERROR, "still on: its tables are given up");
        unit->root = NULL;
        unit->vtd->base.no_table = NULL;
        unit->queue.ring = NULL;
        unit->queue.status = NULL;
    }
    host_lock_fini(unit->platform, &unit->lock);
    drop(unit);
}
