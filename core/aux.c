/* SPDX-License-Identifier: MIT */
/*
 * core/aux.c - the origin's calls, on top of attachments.
 *
 * The layer adds three things: whether a device is enabled (device->aux_enabled), how many sub-devices share an
 * attachment (attachment->aux_users), and which PASID a domain would like. Everything else is attach_route()
 * and detach_route(). All under iommu.lock.
 */
#include "core/attachment.h"
#include "core/host.h"
#include "core/pasid.h"
#include "iommukit/aux.h"

static void lock(struct iommu *iommu)
{
    host_lock(iommu->platform, &iommu->lock);
}

static void unlock(struct iommu *iommu)
{
    host_unlock(iommu->platform, &iommu->lock);
}

/* ---- on and off --------------------------------------------------------------------------------------- */

static int enable(struct iommu_device *device)
{
    int result = 0;

    lock(device->iommu);
    if (!device->aux_enabled)
        result = device->ops->enable_auxd(device);
    if (!result)
        device->aux_enabled = true;
    unlock(device->iommu);
    return result;
}

static int disable(struct iommu_device *device)
{
    int result = 0;

    lock(device->iommu);
    if (device->aux_enabled && device->pasid_count) {
        result = -IOMMU_EBUSY;
    } else if (device->aux_enabled) {
        if (device->ops->disable_auxd)
            device->ops->disable_auxd(device);
        device->aux_enabled = false;
    }
    unlock(device->iommu);
    return result;
}

int iommu_enable_aux_domain(struct iommu_device *device)
{
    if (!device || !device->ops || !device->ops->enable_auxd)
        return -IOMMU_EINVAL;
    return enable(device);
}

void iommu_disable_aux_domain(struct iommu_device *device)
{
    if (device && device->ops)
        (void)disable(device);
}

bool iommu_dev_has_feature(struct iommu_device *device, enum iommu_dev_features feature)
{
    return feature == IOMMU_DEV_FEAT_AUX && iommu_device_capable(device, IOMMU_CAP_AUX_DOMAIN);
}

int iommu_dev_enable_feature(struct iommu_device *device, enum iommu_dev_features feature)
{
    if (!device || feature != IOMMU_DEV_FEAT_AUX)
        return -IOMMU_EINVAL;
    if (!device->ops)
        return -IOMMU_ENODEV;
    if (!device->ops->enable_auxd)
        return -IOMMU_EOPNOTSUPP;
    return enable(device);
}

int iommu_dev_disable_feature(struct iommu_device *device, enum iommu_dev_features feature)
{
    if (!device || feature != IOMMU_DEV_FEAT_AUX)
        return -IOMMU_EINVAL;
    return device->ops ? disable(device) : 0;
}

bool iommu_dev_feature_enabled(struct iommu_device *device, enum iommu_dev_features feature)
{
    bool enabled;

    if (!device || feature != IOMMU_DEV_FEAT_AUX)
        return false;
    lock(device->iommu);
    enabled = device->aux_enabled;
    unlock(device->iommu);
    return enabled;
}

/* ---- attach and detach, under the lock ---------------------------------------------------------------- */

/* The PASID that the domain has on another device, where it is free on this one; otherwise any. */
static struct iommu_route preferred(const struct iommu_domain *domain,
                                    const struct iommu_device *device)
{
    const struct iommu_attachment *elsewhere = aux_find(domain, NULL);

    if (elsewhere && elsewhere->pasid < device->pasid_limit &&
        pasid_is_free(device, elsewhere->pasid))
        return iommu_route_pasid(elsewhere->pasid);
    return iommu_route_any();
}

static int aux_attach(struct iommu_domain *domain, struct iommu_device *device)
{
    struct iommu_attachment *at;

    if (!device->ops)
        return -IOMMU_ENODEV;
    if (!device->aux_enabled)
        return -IOMMU_EPERM;
    at = aux_find(domain, device);
    if (!at)
        return attach_route(domain, device, preferred(domain, device), 1, NULL, &at);
    if (at->aux_users == UINT32_MAX)
        return -IOMMU_EBUSY;
    at->aux_users++;
    return 0;
}

static int aux_detach(struct iommu_domain *domain, struct iommu_device *device)
{
    struct iommu_attachment *at = aux_find(domain, device);

    if (!at)
        return -IOMMU_ENOENT;
    if (at->aux_users > 1) {
        at->aux_users--;
        return 0;
    }
    return detach_route(at);
}

/* The second version's rule: on an enabled device the ordinary call means the auxiliary one. */
static int attach_as_it_stands(struct iommu_domain *domain, struct iommu_device *device)
{
    struct iommu_attachment *at;

    if (device->aux_enabled)
        return aux_attach(domain, device);
    return attach_route(domain, device, iommu_route_rid(), 0, NULL, &at);
}

static int detach_as_it_stands(struct iommu_domain *domain, struct iommu_device *device)
{
    int result = device->aux_enabled ? aux_detach(domain, device) : -IOMMU_ENOENT;

    if (result != -IOMMU_ENOENT)
        return result;
    if (!device->rid_attachment || device->rid_attachment->domain != domain)
        return -IOMMU_ENOENT;
    return detach_route(device->rid_attachment);
}

static int pasid_of_pair(struct iommu_domain *domain, struct iommu_device *device)
{
    const struct iommu_attachment *at = aux_find(domain, device);

    return at ? (int)at->pasid : -IOMMU_ENOENT;
}

/* ---- the calls ---------------------------------------------------------------------------------------- */

static int with_lock(struct iommu_domain *domain, struct iommu_device *device,
                     int (*what)(struct iommu_domain *, struct iommu_device *))
{
    int result;

    if (!domain || !device)
        return -IOMMU_EINVAL;
    if (domain->iommu != device->iommu)
        return -IOMMU_EXDEV;
    lock(device->iommu);
    result = what(domain, device);
    unlock(device->iommu);
    return result;
}

int iommu_aux_attach_device(struct iommu_domain *domain, struct iommu_device *device)
{
    return with_lock(domain, device, aux_attach);
}

int iommu_aux_detach_device(struct iommu_domain *domain, struct iommu_device *device)
{
    return with_lock(domain, device, aux_detach);
}

int iommu_aux_get_pasid(struct iommu_domain *domain, struct iommu_device *device)
{
    return with_lock(domain, device, pasid_of_pair);
}

int iommu_attach_device(struct iommu_domain *domain, struct iommu_device *device)
{
    return with_lock(domain, device, attach_as_it_stands);
}

int iommu_detach_device(struct iommu_domain *domain, struct iommu_device *device)
{
    return with_lock(domain, device, detach_as_it_stands);
}

/* ---- one id for a domain ------------------------------------------------------------------------------ */

int iommu_auxiliary_id(struct iommu_domain *domain)
{
    int result;

    if (!domain || !domain->ops->auxd_id)
        return -IOMMU_EINVAL;
    lock(domain->iommu);
    result = domain->ops->auxd_id(domain);
    unlock(domain->iommu);
    return result;
}

int iommu_domain_auxd_id(struct iommu_domain *domain)
{
    const struct iommu_attachment *first = aux_find(domain, NULL);

    if (!first)
        return -IOMMU_ENOENT;
    for (const struct iommu_attachment *at = first; at; at = at->domain_next)
        if (at->aux_users && at->pasid != first->pasid)
            return -IOMMU_EXDEV;
    return (int)first->pasid;
}
