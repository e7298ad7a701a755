/* SPDX-License-Identifier: MIT */
/*
 * core/attachment.c - routes into domains: attach, detach, look up.
 *
 * An attachment is on its domain's list from before the driver writes the first table entry until after the
 * caches are clean, so that every flush which runs meanwhile covers it.
 *
 * All under iommu.lock. Replacing is in core/replace.c, the RID's fallback in core/firmware.c.
 */
#include "core/attachment.h"

#include "core/domain.h"
#include "core/firmware.h"
#include "core/host.h"
#include "core/pasid.h"
#include "core/reach.h"

/* ---- the object --------------------------------------------------------------------------------------- */

struct iommu_attachment *attachment_make(struct iommu_device *device, uint32_t pasid)
{
    struct iommu_attachment *made =
        host_alloc(device->iommu->platform, attachment_bytes(device->ops));

    if (made) {
        made->device = device;
        made->pasid = pasid;
    }
    return made;
}

void attachment_free(struct iommu_attachment *attachment)
{
    const struct iommu_device *device = attachment->device;

    host_free(device->iommu->platform, attachment, attachment_bytes(device->ops));
}

uint32_t iommu_attachment_pasid(const struct iommu_attachment *attachment)
{
    return attachment->pasid;
}

struct iommu_domain *iommu_attachment_domain(const struct iommu_attachment *attachment)
{
    return attachment->domain;
}

struct iommu_device *iommu_attachment_device(const struct iommu_attachment *attachment)
{
    return attachment->device;
}

void *iommu_attachment_cookie(const struct iommu_attachment *attachment)
{
    return attachment->cookie;
}

/* ---- attach ------------------------------------------------------------------------------------------- */

static bool is_rid(struct iommu_route route)
{
    return route.min == IOMMU_NO_PASID && route.max == IOMMU_NO_PASID;
}

static int take_pasid(struct iommu_device *device, struct iommu_route route, struct iommu_attachment **slot)
{
    uint32_t max = route.max;
    int result;

    if (device->pasid_limit == 0)
        return -IOMMU_EOPNOTSUPP;
    if (route.min < IOMMU_PASID_FIRST || route.min > route.max || route.min >= device->pasid_limit)
        return -IOMMU_ERANGE;
    if (device->owner)
        return -IOMMU_EBUSY;
    if (max >= device->pasid_limit)
        max = device->pasid_limit - 1;
    result = pasid_take(device, route.min, max, slot);
    if (result)
        return result == -IOMMU_ENOSPC && route.min == route.max ? -IOMMU_EBUSY : result;
    (*slot)->device = device;
    attachment_renew(*slot);
    return 0;
}

/* The route, and the object that stands for it. */
static int take_route(struct iommu_device *device, struct iommu_route route, struct iommu_attachment **made)
{
    if (!is_rid(route))
        return take_pasid(device, route, made);
    if (device->rid_attachment)
        return -IOMMU_EBUSY;
    *made = attachment_make(device, IOMMU_NO_PASID);
    return *made ? 0 : -IOMMU_ENOMEM;
}

/* The route is ours and the domain is as narrow as the device needs it: now the hardware. */
static int enter(struct iommu_domain *domain, struct iommu_attachment *attachment)
{
    struct iommu_device *device = attachment->device;
    int result;

    domain_link(domain, attachment);
    if (attachment->pasid == IOMMU_NO_PASID && firmware_in_force(device))
        result = firmware_yield(device, attachment);
    else
        result = device->ops->attach(attachment);
    if (result)
        domain_unlink(attachment);
    return result;
}

static void record(struct iommu_attachment *attachment)
{
    struct iommu_device *device = attachment->device;

    if (attachment->pasid == IOMMU_NO_PASID)
        device->rid_attachment = attachment;
    else
        device->pasid_count++;
}

/* All that can fail once the route has been taken; on failure everything but the route is as before. */
static int attach_taken(struct iommu_domain *domain, struct iommu_attachment *attachment)
{
    struct iommu_device *device = attachment->device;
    int result = reach_narrow(domain, device, attachment->pasid);

    if (result)
        return result;
    result = enter(domain, attachment);
    if (result)
        reach_widen(domain, device);
    return result;
}

int attach_route(struct iommu_domain *domain, struct iommu_device *device, struct iommu_route route,
                 uint32_t aux_users, void *cookie, struct iommu_attachment **attachment)
{
    struct iommu_attachment *made;
    int result;

    if (!device->ops)
        return -IOMMU_ENODEV;
    if (domain->iommu != device->iommu)
        return -IOMMU_EXDEV;
    if (!device->ops->attach || !device->ops->detach)
        return -IOMMU_EOPNOTSUPP;
    result = take_route(device, route, &made);
    if (result)
        return result;
    made->aux_users = aux_users;
    made->cookie = cookie;
    result = attach_taken(domain, made);
    if (result) {
        attachment_give_back(made);
        return result;
    }
    record(made);
    *attachment = made;
    return 0;
}

int iommu_attach(struct iommu_domain *domain, struct iommu_device *device, struct iommu_route route,
                 void *cookie, struct iommu_attachment **attachment)
{
    struct iommu *iommu;
    int result;

    if (!domain || !device || !attachment)
        return -IOMMU_EINVAL;
    iommu = device->iommu;
    host_lock(iommu->platform, &iommu->lock);
    result = attach_route(domain, device, route, 0, cookie, attachment);
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}

/* ---- detach ------------------------------------------------------------------------------------------- */

/* Off the lists. */
static void strike(struct iommu_attachment *attachment)
{
    struct iommu_device *device = attachment->device;

    domain_unlink(attachment);
    reach_widen(attachment->domain, device);
    if (attachment->pasid == IOMMU_NO_PASID)
        device->rid_attachment = NULL;
    else
        device->pasid_count--;
}

/* The dead handle becomes the note that holds the domain until the device is removed. A PASID whose caches are in doubt
 * stays taken. */
static void withhold(struct iommu_attachment *attachment)
{
    struct iommu_device *device = attachment->device;

    if (attachment->pasid != IOMMU_NO_PASID)
        pasid_withhold(device, attachment->pasid);
    attachment->domain_next = device->withheld;
    device->withheld = attachment;
}

int detach_route(struct iommu_attachment *attachment)
{
    struct iommu_device *device = attachment->device;
    int result;

    if (attachment->pasid == IOMMU_NO_PASID && device->firmware_domain)
        result = firmware_resume(device, attachment);
    else
        result = device->ops->detach(attachment);
    if (result) /* before it leaves the list, see domain_drop_table() */
        domain_count_withheld(attachment->domain, 1);
    strike(attachment);
    if (result)
        withhold(attachment);
    else
        attachment_give_back(attachment);
    return result;
}

int detach_route_for_good(struct iommu_attachment *attachment)
{
    int result = attachment->device->ops->detach(attachment);

    strike(attachment);
    attachment_give_back(attachment);
    return result;
}

int iommu_detach(struct iommu_attachment *attachment)
{
    struct iommu *iommu;
    int result;

    if (!attachment)
        return -IOMMU_EINVAL;
    iommu = attachment->device->iommu;
    host_lock(iommu->platform, &iommu->lock);
    result = detach_route(attachment);
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}

/* ---- look up ------------------------------------------------------------------------------------------ */

struct iommu_attachment *route_owner(const struct iommu_device *device, uint32_t pasid)
{
    return pasid == IOMMU_NO_PASID ? device->rid_attachment : pasid_get(device, pasid);
}

struct iommu_attachment *aux_find(const struct iommu_domain *domain,
                                  const struct iommu_device *device)
{
    struct iommu_attachment *at = domain->attachments;

    while (at && !(at->aux_users && (!device || at->device == device)))
        at = at->domain_next;
    return at;
}

int iommu_lookup(struct iommu_device *device, uint32_t pasid, struct iommu_attachment **attachment)
{
    struct iommu_attachment *found;
    struct iommu *iommu;

    if (!device || !attachment)
        return -IOMMU_EINVAL;
    iommu = device->iommu;
    host_lock(iommu->platform, &iommu->lock);
    found = route_owner(device, pasid);
    host_unlock(iommu->platform, &iommu->lock);
    if (!found)
        return -IOMMU_ENOENT;
    *attachment = found;
    return 0;
}

int iommu_for_each_attachment(struct iommu_device *device, iommu_attachment_fn fn, void *ctx)
{
    struct iommu_attachment *at;
    struct iommu *iommu;
    int result = 0;

    if (!device || !fn)
        return -IOMMU_EINVAL;
    iommu = device->iommu;
    host_lock(iommu->platform, &iommu->lock);
    if (device->rid_attachment)
        result = fn(ctx, device->rid_attachment);
    at = pasid_next(device, IOMMU_PASID_FIRST);
    while (at && !result) {
        result = fn(ctx, at);
        at = pasid_next(device, at->pasid + 1);
    }
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}
