/* SPDX-License-Identifier: MIT */
/* Of iommu_model_pci(3): a function as firmware hands it over, then with bus mastering on. */
#include <iommukit/model/pci.h>

void make_function(struct iommu_model_pci *function)
{
    struct iommu_model_pci_config config = {
        .rid = 2 << 3, .kind = IOMMU_MODEL_PCI_ENDPOINT, .vendor = 0x8086, .device = 0x0b25, .pasid_bits = 20, .ats = true};

    iommu_model_pci_init(function, &config);
    iommu_model_pci_write32(function, 0x04, iommu_model_pci_read32(function, 0x04) | 0x4);
}
