/* SPDX-License-Identifier: MIT */
/* Of iommu_vtd(3): which units are there, and what are they doing. */
#include <iommukit/vtd.h>
#include <inttypes.h>
#include <stdio.h>

void list_units(struct iommu *iommu)
{
    for (unsigned index = 0; index < iommu_vtd_unit_count(iommu); index++) {
        struct iommu_vtd_unit_info unit;

        if (iommu_vtd_unit_info(iommu, index, &unit))
            continue;
        printf("unit at %#" PRIx64 ": %s mode, %" PRIu32 " PASIDs, %" PRIu64 " faults\n", unit.base,
               unit.mode == IOMMU_VTD_MODE_SCALABLE ? "scalable" : "legacy", unit.pasid_limit, unit.faults);
    }
}
