/* SPDX-License-Identifier: MIT */
/* two_tenants.c - one device, two domains, the same address: the README's example. */
#include <iommukit/aux.h>
#include <iommukit/host/model.h>
#include <iommukit/vtd.h>
#include <stdio.h>

int main(void)
{
    struct iommu_model_host_machine *host; /* a modelled machine; yours is real */
    struct iommu *iommu;
    struct iommu_device *device;
    struct iommu_domain *domain[2];
    struct iommu_vtd_config vtd = {0};
    int wrong = iommu_host_model_create(NULL, 0, &host, NULL);
    struct iommu_model_machine *machine = iommu_host_model_machine(host);
    iommu_model_pci_write32(iommu_model_machine_function(machine, 0), 4, 6); /* bus mastering on */
    vtd.dmar = iommu_model_machine_dmar(machine, &vtd.dmar_bytes);
    wrong |= iommu_vtd_create(iommu_host_model_platform(host), &vtd, &iommu);
    wrong |= iommu_device_add(iommu, &(struct iommu_device_config){.rid = 1 << 3}, &device);
    wrong |= iommu_start(iommu) | iommu_enable_aux_domain(device);
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t page = iommu_posix_buffer_alloc(iommu_host_model_posix(host), 4096), word = 0;
        *(uint64_t *)iommu_posix_memory(iommu_host_model_posix(host), page, 8) = 0x1111 * (i + 1);
        wrong |= iommu_domain_alloc(iommu, &(struct iommu_domain_config){0}, &domain[i]);
        wrong |= iommu_map(domain[i], 0x10000, page, 4096, IOMMU_READ);
        wrong |= iommu_attach_device(domain[i], device);
        uint32_t pasid = (uint32_t)iommu_auxiliary_id(domain[i]); /* goes into the device's register */
        struct iommu_model_dma read = {true, false, pasid, 0x10000, false, &word, sizeof word};
        struct iommu_model_dma_result result; /* what the device then does by itself */
        iommu_model_machine_dma(machine, 0, &read, &result, NULL);
        printf("PASID %u reads %#llx at 0x10000\n", pasid, (unsigned long long)word);
        wrong |= !result.ok || word != 0x1111 * (i + 1);
    }
    wrong |= iommu_device_remove(device) | iommu_domain_free(domain[0]) | iommu_domain_free(domain[1]);
    wrong |= iommu_destroy(iommu);
    iommu_host_model_destroy(host);
    return wrong != 0; /* a real program looks at each call */
}
