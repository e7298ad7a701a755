/* SPDX-License-Identifier: MIT */
/*
 * core/reach.c - does a domain suit a device's addresses?
 *
 * An attach that narrows the limit and a map that goes beyond it may run at the same time, the map without a
 * lock. Each first writes its own part and then looks at the other's, with a full fence between: attach narrows and
 * looks at the table; map enters and looks at the limit. Whoever comes second sees the other and goes back. (Both
 * may; then both calls are refused.) The map's fence is the pin that it took on its leaf table, for a pinned table
 * counts as one that has mappings; or one of its own, see core/pagetable_map.c.
 *
 * Looking at a table while others unmap is safe under domain.lock: iommu_sync frees dead tables under it.
 */
#include "core/reach.h"

#include <stdatomic.h>

#include "core/host.h"
#include "core/pagetable_count.h"

static void set_limit(struct iommu_domain *domain, uint32_t bits)
{
    __atomic_store_n(&domain->limit_bits, bits, __ATOMIC_SEQ_CST);
}

/* ---- DIRECT regions, which may be unmapped while we look ------------------------------------------------ */

static int check_direct(void *ctx, const struct iommu_reserved_region *region)
{
    const struct iommu_domain *domain = ctx;
    uint64_t pa, at = region->first;
    uint8_t page_lg2;
    uint32_t prot;

    if (region->type != IOMMU_RESERVED_DIRECT)
        return 0;
    for (;;) {
        if (pt_peek(&domain->pt, at, &pa, &page_lg2, &prot) || pa != at ||
            (region->prot & (IOMMU_READ | IOMMU_WRITE) & ~prot))
            return -IOMMU_EFAULT;
        at |= ((uint64_t)1 << page_lg2) - 1;
        if (at >= region->last)
            return 0;
        at++;
    }
}

static int check_table(struct iommu_domain *domain, struct iommu_device *device, uint32_t pasid)
{
    uint64_t beyond = (uint64_t)1 << domain->limit_bits;

    atomic_thread_fence(memory_order_seq_cst); /* the limit is out before the table is read */
    if (iommu_pt_any_mapped(&domain->pt, beyond))
        return -IOMMU_EFAULT;
    if (pasid == IOMMU_NO_PASID && device->ops->for_each_reserved)
        return device->ops->for_each_reserved(device, check_direct, domain);
    return 0;
}

/* ---- the limit ---------------------------------------------------------------------------------------- */

int reach_narrow_now(struct iommu_domain *domain, struct iommu_device *device, uint32_t pasid)
{
    uint32_t before = domain->limit_bits;
    int result;

    host_lock(domain->iommu->platform, &domain->lock);
    if (device->address_bits < before)
        set_limit(domain, device->address_bits);
    result = check_table(domain, device, pasid);
    if (result)
        set_limit(domain, before);
    host_unlock(domain->iommu->platform, &domain->lock);
    return result;
}

void reach_widen(struct iommu_domain *domain, const struct iommu_device *gone)
{
    /* Unless it was this one that narrowed the limit stays. */
    uint32_t bits = gone->address_bits > domain->limit_bits ? domain->limit_bits : REACH_ALL;
    const struct iommu_attachment *at = domain->attachments;

    for (; at && bits > domain->limit_bits; at = at->domain_next) /* nobody is below the limit */
        if (at->device->address_bits < bits)
            bits = at->device->address_bits;
    if (bits != domain->limit_bits)
        set_limit(domain, bits);
}
