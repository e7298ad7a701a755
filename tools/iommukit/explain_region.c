/* SPDX-License-Identifier: MIT */
/* explain_region.c - faults at addresses that firmware reserved for DMA, where the DMAR table is given. */
#include <inttypes.h>
#include <stdio.h>

#include "explain.h"
#include "iommukit/dmar.h"

static bool find_region(const struct source *source, uint64_t address, struct iommu_dmar_record *region)
{
    struct iommu_dmar dmar;

    if (iommu_dmar_open(source->dmar, source->dmar_bytes, &dmar, NULL, NULL) != 0)
        return false;
    *region = (struct iommu_dmar_record){0};
    while (iommu_dmar_next(&dmar, region))
        if (region->type == IOMMU_DMAR_RESERVED && address >= (region->base & ~UINT64_C(4095)) &&
            address <= (region->limit | 4095))
            return true;
    return false;
}

void explain_region(const struct explain *explain, struct inspect_fault *fault)
{
    struct iommu_dmar_record region;

    if (explain->source == NULL || explain->source->dmar == NULL || !fault->has_address ||
        fault->kind != INSPECT_FAULT_DMA || !find_region(explain->source, fault->address, &region))
        return;
    snprintf(
        fault->advice, sizeof fault->advice,
        "The address lies in a region that firmware reserved for DMA, 0x%" PRIx64 "-0x%" PRIx64
        " (RMRR): BIOS, USB or graphics firmware still uses it, and it is not mapped for this device. Look whether the "
        "region names the device (`iommukit dmar`), update the BIOS, turn off USB legacy support.",
        region.base, region.limit);
}
