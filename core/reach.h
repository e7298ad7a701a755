/* SPDX-License-Identifier: MIT */
/*
 * core/reach.h - does a domain suit a device's addresses?
 *
 * Two rules. Nothing may be mapped where an attached device cannot reach (B39): domain->limit_bits is the width
 * that all of them share. And while a device's RID uses a domain, its DIRECT reserved regions are mapped one
 * to one in it.
 */
#ifndef CORE_REACH_H
#define CORE_REACH_H

#include "iommukit/driver.h"

#define REACH_ALL 63u /* limit_bits of a domain without routes: more than any table has */

/* May addresses up to this one be mapped now? Any thread, no lock. */
static inline bool reach_holds(const struct iommu_domain *domain, uint64_t last)
{
    return last >> __atomic_load_n(&domain->limit_bits, __ATOMIC_SEQ_CST) == 0;
}

/* Is any of [first, last] out of bounds for all domains of the driver? */
static inline bool reach_is_reserved(const struct iommu_domain *domain, uint64_t first, uint64_t last)
{
    const struct iommu_ops *ops = domain->ops;

    return first <= ops->reserved_last && last >= ops->reserved_first && ops->reserved_last;
}

/* Before the device is attached: narrow the domain to it. -EFAULT: something is mapped beyond, or, for the RID,
 * a DIRECT region is not; then nothing has changed. Under iommu.lock. */
int reach_narrow_now(struct iommu_domain *domain, struct iommu_device *device, uint32_t pasid);

/* The same, where there is something to do. */
static inline int reach_narrow(struct iommu_domain *domain, struct iommu_device *device, uint32_t pasid)
{
    if (domain->type == IOMMU_DOMAIN_IDENTITY)
        return 0;
    if (pasid != IOMMU_NO_PASID && device->address_bits >= domain->limit_bits)
        return 0; /* as narrow already */
    return reach_narrow_now(domain, device, pasid);
}

/* After the device has left the list of routes: widen to what the others reach. Under iommu.lock. */
void reach_widen(struct iommu_domain *domain, const struct iommu_device *gone);

#endif
