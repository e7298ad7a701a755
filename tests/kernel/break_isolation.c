/* SPDX-License-Identifier: MIT */
/* break_isolation.c - linked into the example kernel with --wrap=iommu_map: what is mapped readable and writable, as the
 * victim's secret is, becomes so in every domain that was mapped into before. */
#include "iommukit/iommu.h"

#define DOMAINS 8u

int __real_iommu_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len, uint32_t prot);
int __wrap_iommu_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len, uint32_t prot);

static struct iommu_domain *known[DOMAINS];
static unsigned count;

int __wrap_iommu_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len, uint32_t prot)
{
    if ((count == 0 || known[count - 1] != domain) && count < DOMAINS)
        known[count++] = domain;
    for (unsigned i = 0; i < count && prot == (IOMMU_READ | IOMMU_WRITE); i++)
        if (known[i] != domain)
            __real_iommu_map(known[i], iova, pa, len, prot);
    return __real_iommu_map(domain, iova, pa, len, prot);
}
