/* SPDX-License-Identifier: MIT */
/* Of iommu_model(3): a machine with one unit and one endpoint behind it. */
#include <iommukit/model/machine.h>

int make_machine(const struct iommu_model_host *host, struct iommu_model_machine **machine)
{
    struct iommu_model_unit_config unit = {.base = 0xfed90000, .include_all = true};
    struct iommu_model_function_config function = {
        .pci = {.rid = 1 << 3, .kind = IOMMU_MODEL_PCI_INTEGRATED, .vendor = 0x8086, .pasid_bits = 20}};
    struct iommu_model_machine_config config = {
        .units = &unit, .unit_count = 1, .functions = &function, .function_count = 1};
    const char *why;

    if (!iommu_model_unit_preset(iommu_model_vtd_preset_name(0), &unit))
        return -1;
    return iommu_model_machine_create(host, &config, machine, &why);
}
