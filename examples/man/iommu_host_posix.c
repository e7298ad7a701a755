/* SPDX-License-Identifier: MIT */
/* Of iommu_host_posix(3): memory with physical addresses in an ordinary program. */
#include <iommukit/host/posix.h>
#include <string.h>

int greet(void)
{
    struct iommu_posix_config config = {.ram_bytes = 64 << 20, .ram_fd = -1};
    struct iommu_posix *host;
    uint64_t buffer;
    int result = iommu_posix_create(&config, &host);

    if (result)
        return result;
    buffer = iommu_posix_buffer_alloc(host, 4096);
    if (buffer)
        strcpy(iommu_posix_memory(host, buffer, 4096), "DMA me");
    iommu_posix_destroy(host);
    return 0;
}
