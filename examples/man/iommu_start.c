/* SPDX-License-Identifier: MIT */
/* Of iommu_start(3): from the ACPI table to translation, and back. */
#include <iommukit/vtd.h>

/* Devices with reserved regions first; then every other route is blocked. */
int isolate_machine(const struct iommu_platform *platform, const void *dmar, size_t bytes, struct iommu **iommu)
{
    struct iommu_vtd_config config = {.dmar = dmar, .dmar_bytes = bytes};
    int result = iommu_vtd_create(platform, &config, iommu);

    if (result)
        return result;
    result = iommu_start(*iommu);
    if (result)
        iommu_destroy(*iommu);
    return result;
}
