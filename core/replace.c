/* SPDX-License-Identifier: MIT */
/*
 * core/replace.c - pointing a route at another domain.
 *
 * While the hardware switches, the route is on both domains' lists: the attachment on the old one's, a
 * stand-in on the new one's, so flushes of either cover it. Afterwards the attachment, whose address the
 * caller holds, takes the stand-in's place.
 *
 * All under iommu.lock; routes leave a list, and take another's place, under its domain's lock.
 */
#include "core/attachment.h"
#include "core/domain.h"
#include "core/host.h"
#include "core/reach.h"

/* The driver's part of the stand-in becomes the attachment's, and its place in the list too. */
static void take_place(struct iommu_attachment *attachment, struct iommu_attachment *next)
{
    struct iommu_domain *domain = next->domain;
    size_t whole = attachment->device->ops->attachment_size;
    size_t driver_part = whole ? whole - sizeof(*attachment) : 0;

    host_lock(domain->iommu->platform, &domain->lock);
    __builtin_memcpy(attachment + 1, next + 1, driver_part);
    attachment->domain = domain;
    attachment->domain_next = next->domain_next;
    attachment->domain_prev = next->domain_prev;
    if (next->domain_prev)
        next->domain_prev->domain_next = attachment;
    else
        domain->attachments = attachment;
    if (next->domain_next)
        next->domain_next->domain_prev = attachment;
    host_unlock(domain->iommu->platform, &domain->lock);
}

static int switch_over(struct iommu_attachment *attachment, struct iommu_attachment *next,
                       struct iommu_domain *domain)
{
    struct iommu_device *device = attachment->device;
    struct iommu_domain *old = attachment->domain;
    int result = reach_narrow(domain, device, attachment->pasid);

    if (result)
        return result;
    domain_link(domain, next);
    result = device->ops->replace(attachment, next);
    if (result) {
        domain_unlink(next);
        reach_widen(domain, device);
        return result;
    }
    domain_unlink(attachment);
    reach_widen(old, device);
    take_place(attachment, next);
    return 0;
}

static int replace(struct iommu_attachment *attachment, struct iommu_domain *domain)
{
    struct iommu_device *device = attachment->device;
    struct iommu_attachment *next;
    int result;

    if (attachment->domain == domain)
        return 0;
    if (domain->iommu != device->iommu)
        return -IOMMU_EXDEV;
    if (!device->ops->replace)
        return -IOMMU_EOPNOTSUPP;
    if (attachment->aux_users && aux_find(domain, device))
        return -IOMMU_EBUSY; /* the pair would have two auxiliary attachments */
    next = attachment_make(device, attachment->pasid);
    if (!next)
        return -IOMMU_ENOMEM;
    next->aux_users = attachment->aux_users;
    next->cookie = attachment->cookie;
    result = switch_over(attachment, next, domain);
    attachment_free(next);
    return result;
}

int iommu_replace(struct iommu_attachment *attachment, struct iommu_domain *domain)
{
    struct iommu *iommu;
    int result;

    if (!attachment || !domain)
        return -IOMMU_EINVAL;
    iommu = attachment->device->iommu;
    host_lock(iommu->platform, &iommu->lock);
    result = replace(attachment, domain);
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}
