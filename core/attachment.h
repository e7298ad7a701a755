/* SPDX-License-Identifier: MIT */
/*
 * core/attachment.h - attachments as the rest of the core sees them. Everything here wants iommu.lock.
 */
#ifndef CORE_ATTACHMENT_H
#define CORE_ATTACHMENT_H

#include "core/pasid.h"

/* iommu_attach(); aux_users is 0, or 1 for the auxiliary layer. */
int attach_route(struct iommu_domain *domain, struct iommu_device *device, struct iommu_route route,
                 uint32_t aux_users, void *cookie, struct iommu_attachment **attachment);

/* iommu_detach(). */
int detach_route(struct iommu_attachment *attachment);
/* The same for a device that is on its way out: firmware does not get the route back, nothing is withheld. */
int detach_route_for_good(struct iommu_attachment *attachment);

/* Who has the route? NULL: it is blocked, or firmware's. */
struct iommu_attachment *route_owner(const struct iommu_device *device, uint32_t pasid);

/* The auxiliary attachment of the pair, or NULL. device NULL: of any device. */
struct iommu_attachment *aux_find(const struct iommu_domain *domain,
                                  const struct iommu_device *device);

static inline size_t attachment_bytes(const struct iommu_ops *ops)
{
    return ops->attachment_size ? ops->attachment_size : sizeof(struct iommu_attachment);
}

/* The object alone, for whom pasid_take() has none: zeroed but for device and pasid, on no list. NULL: no memory. */
struct iommu_attachment *attachment_make(struct iommu_device *device, uint32_t pasid);
void attachment_free(struct iommu_attachment *attachment);
/* Zero the driver's part, for another attach. */
static inline void attachment_renew(struct iommu_attachment *attachment)
{
    __builtin_memset(attachment + 1, 0, attachment_bytes(attachment->device->ops) - sizeof(*attachment));
}
/* The memory of a route that is no more, wherever it came from, and its PASID. */
static inline void attachment_give_back(struct iommu_attachment *attachment)
{
    if (attachment->pasid == IOMMU_NO_PASID)
        attachment_free(attachment);
    else
        pasid_release(attachment->device, attachment->pasid);
}

#endif
