/* SPDX-License-Identifier: MIT */
/*
 * Regions that the device's RID must or must not reach. Architecture: "Reserved memory region
 * reporting", "Interrupt address range". Under iommu.lock; nothing is kept.
 *
 * Firmware's regions come before the interrupt window. They are rounded outwards to pages: DMA to
 * the rest of a page that firmware uses must not break.
 */
#include "drivers/vtd/vtd.h"

#define PAGE_OFFSET (IOMMU_PAGE_SIZE - 1)

static int report_firmware(const struct iommu_dmar_record *record, iommu_reserved_fn fn, void *ctx)
{
    struct iommu_reserved_region region = {
        .first = record->base & ~PAGE_OFFSET,
        .last = record->limit | PAGE_OFFSET,
        .prot = IOMMU_READ | IOMMU_WRITE,
        .type = IOMMU_RESERVED_DIRECT,
    };

    return fn(ctx, &region);
}

static int report_interrupts(iommu_reserved_fn fn, void *ctx)
{
    struct iommu_reserved_region region = {
        .first = VTD_INTERRUPT_FIRST,
        .last = VTD_INTERRUPT_LAST,
        .prot = 0,
        .type = IOMMU_RESERVED_MSI,
    };

    return fn(ctx, &region);
}

int vtd_for_each_reserved(struct iommu_device *device, iommu_reserved_fn fn, void *ctx)
{
    const struct vtd *vtd = vtd_of(device->iommu);
    const struct iommu_device_config *config = &device->config;
    struct iommu_dmar_record record;

    __builtin_memset(&record, 0, sizeof(record));
    while (iommu_dmar_next(&vtd->dmar, &record)) {
        int result = 0;

        if (record.type != IOMMU_DMAR_RESERVED || record.segment != config->segment)
            continue;
        if (vtd_scope_covers(vtd->base.platform, &vtd->dmar, &record, config->rid))
            result = report_firmware(&record, fn, ctx);
        if (result)
            return result;
    }
    return report_interrupts(fn, ctx);
}
