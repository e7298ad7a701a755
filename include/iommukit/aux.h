/* SPDX-License-Identifier: MIT */
/*
 * iommukit/aux.h - the origin's calls by name, as thin layers over iommu.h.
 *
 * Three generations of one idea:
 *   1. the 2018 proposal: iommu_enable_aux_domain, iommu_disable_aux_domain, iommu_auxiliary_id, with
 *      IOMMU_CAP_AUX_DOMAIN and the rule that iommu_attach_device on an enabled device attaches in auxiliary
 *      mode (both in iommu.h);
 *   2. the form that Linux 5.2 merged: iommu_dev_*_feature and iommu_aux_*;
 *   3. what they stand on here: iommu_attach with a PASID. New code should use that.
 *
 * "Auxiliary" is a property of the attachment: one domain may serve the RID of one device and be auxiliary on
 * another. Generations 1 and 2 share one state per device and may be mixed. An auxiliary attachment of
 * a pair {domain, device} is made once and counted: sub-devices in one domain share its PASID.
 *
 * Any thread may call; all of it runs under the instance's lock, as the control calls of iommu.h do.
 */
#ifndef IOMMUKIT_AUX_H
#define IOMMUKIT_AUX_H

#include "iommukit/iommu.h"

/* What a device may have switched on by the calls of 5.2; Linux had more. */
enum iommu_dev_features {
    IOMMU_DEV_FEAT_AUX, /* auxiliary domains */
};

IOMMU_BEGIN_DECLS

/* ---- 2018 --------------------------------------------------------------------------------------------- */

/* Enable several domains on the device: PASIDs on in the unit's entry for it and in the endpoint.
 * -EINVAL: the device has no IOMMU ops, or its driver lacks enable_auxd (or device is NULL); otherwise the
 * driver's own answer, unchanged (VT-d: -EOPNOTSUPP, -ENOMEM, -EIO, -ETIMEDOUT). Enabling twice: 0. */
int iommu_enable_aux_domain(struct iommu_device *device);

/* The reverse. Harmless with no ops, no op, or when never enabled. With auxiliary attachments it changes
 * nothing; iommu_dev_disable_feature says so. */
void iommu_disable_aux_domain(struct iommu_device *device);

/* The domain's id for finer-grained translation, to be written into the device's register: its PASID.
 * -EINVAL: the driver has no auxd_id (or domain is NULL); -ENOENT: not attached in auxiliary mode; -EXDEV: it
 * is attached to several devices under different PASIDs, ask iommu_aux_get_pasid. */
int iommu_auxiliary_id(struct iommu_domain *domain);

/* ---- 5.2 ---------------------------------------------------------------------------------------------- */

/* Unit and endpoint could do it (PASIDs, Scalable IOV DVSEC); no device driver needed, no state looked at. */
bool iommu_dev_has_feature(struct iommu_device *device, enum iommu_dev_features feature);
/* As iommu_enable_aux_domain, but: -ENODEV no IOMMU; -EOPNOTSUPP the driver lacks it; -EINVAL unknown feature. */
int iommu_dev_enable_feature(struct iommu_device *device, enum iommu_dev_features feature);
/* -EBUSY while PASIDs are attached, and nothing has changed; not enabled: 0. */
int iommu_dev_disable_feature(struct iommu_device *device, enum iommu_dev_features feature);
/* Mirrors enable and disable exactly. */
bool iommu_dev_feature_enabled(struct iommu_device *device, enum iommu_dev_features feature);

/*
 * Attach in auxiliary mode. The first attach of the pair takes a PASID: the domain's, where it is auxiliary on
 * another device already and that PASID is free on this one, otherwise the lowest free one. Further attaches
 * are counted. -EPERM: not enabled; -EXDEV, here and below: domain and device belong to different instances;
 * otherwise as iommu_attach.
 */
int iommu_aux_attach_device(struct iommu_domain *domain, struct iommu_device *device);
/* Undo one attach; the last one detaches the route. -ENOENT: the pair is not attached; nothing has changed. */
int iommu_aux_detach_device(struct iommu_domain *domain, struct iommu_device *device);
/* The PASID of the pair, at least 1. -ENOENT: not attached (any more). */
int iommu_aux_get_pasid(struct iommu_domain *domain, struct iommu_device *device);

IOMMU_END_DECLS

#if IOMMUKIT_DISABLED
#include "iommukit/aux_disabled.h"
#endif

#endif
