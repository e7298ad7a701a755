/* SPDX-License-Identifier: MIT */
/* Of iommu_host_model(3): a driver under test on a machine that needs no hardware. */
#include <iommukit/host/model.h>
#include <iommukit/vtd.h>

int start_on_model(struct iommu_model_host_machine **host, struct iommu **iommu)
{
    struct iommu_vtd_config vtd = {0};
    int result = iommu_host_model_create(NULL, 0, host, NULL);

    if (result)
        return result;
    vtd.dmar = iommu_model_machine_dmar(iommu_host_model_machine(*host), &vtd.dmar_bytes);
    result = iommu_vtd_create(iommu_host_model_platform(*host), &vtd, iommu);
    if (result)
        iommu_host_model_destroy(*host);
    return result;
}
