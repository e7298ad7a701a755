/* SPDX-License-Identifier: MIT */
/*
 * iommukit/aux_disabled.h - the calls of aux.h with the library compiled out; see disabled.h.
 */
#ifndef IOMMUKIT_AUX_DISABLED_H
#define IOMMUKIT_AUX_DISABLED_H

#include "iommukit/aux.h"

IOMMU_BEGIN_DECLS

static inline int iommu_disabled_enable_aux_domain(struct iommu_device *device)
{
    (void)device;
    return -IOMMU_ENODEV;
}
#define iommu_enable_aux_domain iommu_disabled_enable_aux_domain

static inline void iommu_disabled_disable_aux_domain(struct iommu_device *device)
{
    (void)device;
}
#define iommu_disable_aux_domain iommu_disabled_disable_aux_domain

static inline int iommu_disabled_auxiliary_id(struct iommu_domain *domain)
{
    (void)domain;
    return -IOMMU_ENODEV;
}
#define iommu_auxiliary_id iommu_disabled_auxiliary_id

static inline bool iommu_disabled_dev_has_feature(struct iommu_device *device,
                                                  enum iommu_dev_features feature)
{
    (void)device;
    (void)feature;
    return false;
}
#define iommu_dev_has_feature iommu_disabled_dev_has_feature

static inline int iommu_disabled_dev_enable_feature(struct iommu_device *device,
                                                    enum iommu_dev_features feature)
{
    (void)device;
    (void)feature;
    return -IOMMU_ENODEV;
}
#define iommu_dev_enable_feature iommu_disabled_dev_enable_feature

static inline int iommu_disabled_dev_disable_feature(struct iommu_device *device,
                                                     enum iommu_dev_features feature)
{
    (void)device;
    (void)feature;
    return -IOMMU_ENODEV;
}
#define iommu_dev_disable_feature iommu_disabled_dev_disable_feature

static inline bool iommu_disabled_dev_feature_enabled(struct iommu_device *device,
                                                      enum iommu_dev_features feature)
{
    (void)device;
    (void)feature;
    return false;
}
#define iommu_dev_feature_enabled iommu_disabled_dev_feature_enabled

static inline int iommu_disabled_aux_attach_device(struct iommu_domain *domain,
                                                   struct iommu_device *device)
{
    (void)domain;
    (void)device;
    return -IOMMU_ENODEV;
}
#define iommu_aux_attach_device iommu_disabled_aux_attach_device

static inline int iommu_disabled_aux_detach_device(struct iommu_domain *domain,
                                                   struct iommu_device *device)
{
    (void)domain;
    (void)device;
    return -IOMMU_ENODEV;
}
#define iommu_aux_detach_device iommu_disabled_aux_detach_device

static inline int iommu_disabled_aux_get_pasid(struct iommu_domain *domain,
                                               struct iommu_device *device)
{
    (void)domain;
    (void)device;
    return -IOMMU_ENODEV;
}
#define iommu_aux_get_pasid iommu_disabled_aux_get_pasid

IOMMU_END_DECLS

#endif
