/* SPDX-License-Identifier: MIT */
/* two_tenants.c - one device, two domains, the same address: the README's example. */
#include <iommukit/aux.h>
#include <iommukit/host/model.h>
#include <iommukit/vtd.h>
#include <stdio.h>

#define TRY(call) do { int r_ = (call); if (r_ < 0) { puts(#call); puts(iommu_strerror(r_)); return 1; } } while (0)

int main(void)
{
    struct iommu_model_host_machine *host; /* a modelled machine; yours would be real */
    struct iommu *iommu;
    struct iommu_device *device;
    struct iommu_domain *domain[2];
    struct iommu_vtd_config vtd = {0};

    TRY(iommu_host_model_create(NULL, 0, &host, NULL));
    vtd.dmar = iommu_model_machine_dmar(iommu_host_model_machine(host), &vtd.dmar_bytes);
    TRY(iommu_vtd_create(iommu_host_model_platform(host), &vtd, &iommu));
    TRY(iommu_device_add(iommu, &(struct iommu_device_config){.rid = 1 << 3}, &device)); /* 00:01.0 */
    TRY(iommu_start(iommu));
    TRY(iommu_enable_aux_domain(device));

    for (unsigned i = 0; i < 2; i++) {
        uint64_t word = 0, page = iommu_posix_buffer_alloc(iommu_host_model_posix(host), 4096);
        *(uint64_t *)iommu_posix_memory(iommu_host_model_posix(host), page, 8) = 0x1111 * (i + 1);
        TRY(iommu_domain_alloc(iommu, &(struct iommu_domain_config){0}, &domain[i]));
        TRY(iommu_map(domain[i], 0x10000, page, 4096, IOMMU_READ));
        TRY(iommu_attach_device(domain[i], device));
        struct iommu_model_dma read = {.has_pasid = true, .pasid = (uint32_t)iommu_auxiliary_id(domain[i]),
                                       .address = 0x10000, .data = &word, .bytes = sizeof word};
        struct iommu_model_dma_result result; /* what the device would do by itself */
        iommu_model_machine_dma(iommu_host_model_machine(host), 0, &read, &result, NULL);
        printf("PASID %u at 0x10000 reads %#llx\n", read.pasid, (unsigned long long)word);
    }
    return 0;
}
