/* SPDX-License-Identifier: MIT */
/*
 * core/domain.h - domains as the rest of the core sees them. Everything here wants iommu.lock.
 */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "iommukit/driver.h"

/* Make and free a domain that is not counted: the caller's count or the device's own. */
int domain_create(struct iommu *iommu, const struct iommu_domain_config *config,
                  struct iommu_domain **domain);
void domain_destroy(struct iommu_domain *domain);

/* Enter an attachment into the domain's list of routes, or take it out. */
void domain_link(struct iommu_domain *domain, struct iommu_attachment *attachment);
void domain_unlink(struct iommu_attachment *attachment);

/* iommu_map_reserved() for a caller that holds the lock. */
int domain_map_reserved(struct iommu_domain *domain, struct iommu_device *device);

#endif
