/* SPDX-License-Identifier: MIT */
/* bench/linux/amd_v2.c - the processor's format on AMD, io_pgtable_v2.c, four levels. */
#include "drivers/iommu/amd/io_pgtable_v2.c"

#include "linux.h"

#define INIT_FNS io_pgtable_amd_iommu_v2_init_fns

static bool prepare(struct protection_domain *domain)
{
    domain->flags = PD_IOMMUV2_MASK;
    return true;
}

#include "amd.h"

/* Calls into the driver: nobody has to hear of a change. */
int amd_iommu_domain_set_gcr3(struct iommu_domain *domain, u32 pasid, unsigned long cr3)
{
    (void)domain, (void)pasid, (void)cr3;
    return 0;
}

int amd_iommu_flush_tlb(struct iommu_domain *domain, u32 pasid)
{
    (void)domain, (void)pasid;
    return 0;
}

int amd_iommu_flush_page(struct iommu_domain *domain, u32 pasid, u64 address)
{
    (void)domain, (void)pasid, (void)address;
    return 0;
}

const struct bench_peer_table bench_linux_amd_v2 = {"AMD v2", amd_create, amd_destroy, amd_map, amd_unmap};
