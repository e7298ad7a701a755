/* SPDX-License-Identifier: MIT */
/* Of iommu_host_strict(3): what does one domain cost, and is everything given back?. */
#include <iommukit/host/strict.h>
#include <iommukit/iommu.h>
#include <inttypes.h>
#include <stdio.h>

void cost_of_domain(struct iommu_strict *strict, struct iommu *iommu)
{
    struct iommu_domain_config config = {0};
    struct iommu_strict_counts before, with;
    struct iommu_domain *domain;

    iommu_strict_counts(strict, &before);
    if (iommu_domain_alloc(iommu, &config, &domain))
        return;
    iommu_strict_counts(strict, &with);
    printf("%" PRIu64 " bytes and %" PRIu64 " pages\n", with.bytes_live - before.bytes_live,
           with.pages_live - before.pages_live);
    iommu_domain_free(domain);
    if (iommu_strict_violation(strict))
        printf("misuse: %s\n", iommu_strict_violation(strict));
}
