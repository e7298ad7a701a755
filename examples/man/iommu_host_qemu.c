/* SPDX-License-Identifier: MIT */
/* Of iommu_host_qemu(3): copy through the VT-d of a real QEMU. */
#include <iommukit/host/qemu.h>
#include <stdio.h>

int read_through_qemu(uint64_t iova, void *data, size_t bytes)
{
    struct iommu_qemu_config config = {.scalable = true, .devices = 1};
    struct iommu_qemu *qemu;
    const char *why;
    int result = iommu_qemu_create(&config, &qemu, &why);

    if (result) {
        fprintf(stderr, "QEMU: %s\n", why);
        return result;
    }
    result = iommu_qemu_dma(qemu, 0, iova, data, bytes, false);
    iommu_qemu_destroy(qemu);
    return result;
}
