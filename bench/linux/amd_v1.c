/* SPDX-License-Identifier: MIT */
/* bench/linux/amd_v1.c - AMD's own format, io_pgtable.c, four levels from the start. */
#include "drivers/iommu/amd/io_pgtable.c"

#include "linux.h"

#define INIT_FNS io_pgtable_amd_iommu_v1_init_fns

static bool prepare(struct protection_domain *domain)
{
    u64 *root = (u64 *)get_zeroed_page(GFP_KERNEL);
    amd_iommu_domain_set_pt_root(domain, virt_to_phys(root) | PAGE_MODE_4_LEVEL);
    return root != NULL;
}

#include "amd.h"

/* Calls into the driver: nobody has to hear of a change. */
void amd_iommu_domain_update(struct protection_domain *domain)
{
    (void)domain;
}

void amd_iommu_domain_flush_complete(struct protection_domain *domain)
{
    (void)domain;
}

void amd_iommu_domain_flush_tlb_pde(struct protection_domain *domain)
{
    (void)domain;
}

void amd_iommu_update_and_flush_device_table(struct protection_domain *domain)
{
    (void)domain;
}

const struct bench_peer_table bench_linux_amd_v1 = {"AMD v1", amd_create, amd_destroy, amd_map, amd_unmap};
