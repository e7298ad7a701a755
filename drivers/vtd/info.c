/* SPDX-License-Identifier: MIT */
/*
 * Looking in: iommukit/vtd.h's questions about units, devices and attachments. Takes unit->lock
 * and no other, so that callbacks may ask too.
 */
#include "drivers/vtd/vtd.h"

unsigned iommu_vtd_unit_count(const struct iommu *iommu)
{
    return vtd_is(iommu) ? ((const struct vtd *)iommu)->unit_count : 0;
}

static void fixed(const struct vtd_unit *unit, struct iommu_vtd_unit_info *info)
{
    info->base = unit->base;
    info->segment = unit->segment;
    info->include_all = unit->include_all;
    info->mode = unit->scalable ? IOMMU_VTD_MODE_SCALABLE : IOMMU_VTD_MODE_LEGACY;
    info->version = unit->version;
    info->cap = unit->cap;
    info->ecap = unit->ecap;
    info->root_table = host_virt_to_phys(unit->platform, unit->root);
    info->queued = unit->queue.ring != NULL;
    info->pasid_limit = unit->pasid_limit;
}

static void moving(const struct vtd_unit *unit, struct iommu_vtd_unit_info *info)
{
    info->domain_ids = unit->ids.limit - (vtd_cm(unit) ? 1 : 0);
    info->domain_ids_used = unit->ids.used;
    info->mmio_reads = unit->mmio_reads;
    info->mmio_writes = unit->mmio_writes;
    info->descriptors = unit->descriptors;
    info->waits = unit->waits;
    info->faults = unit->faults;
    info->table_pages = vtd_load(&unit->table_pages);
    info->withheld_pages = vtd_load(&unit->withheld_pages);
}

int iommu_vtd_unit_info(struct iommu *iommu, unsigned index, struct iommu_vtd_unit_info *info)
{
    struct vtd_unit *unit;

    if (index >= iommu_vtd_unit_count(iommu))
        return -IOMMU_EINVAL;
    unit = &vtd_of(iommu)->units[index];
    __builtin_memset(info, 0, sizeof(*info));
    fixed(unit, info);
    host_lock(iommu->platform, &unit->lock);
    moving(unit, info);
    host_unlock(iommu->platform, &unit->lock);
    return 0;
}

int iommu_vtd_device_unit(const struct iommu_device *device)
{
    const struct vtd_device *d = (const struct vtd_device *)device;

    if (!device->ops || !vtd_is(device->iommu))
        return -IOMMU_ENODEV;
    return (int)d->unit->index;
}

uint32_t iommu_vtd_attachment_domain_id(const struct iommu_attachment *attachment)
{
    return ((const struct vtd_attachment *)attachment)->did;
}
