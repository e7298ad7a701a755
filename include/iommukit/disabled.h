/* SPDX-License-Identifier: MIT */
/*
 * iommukit/disabled.h - the calls of iommu.h and error.h with the library compiled out.
 *
 * Included by iommu.h when IOMMUKIT_DISABLED is 1; not for direct use. Each call has an inline stand-in of
 * another name, and a macro that leads to it: the prototypes stay as they are and nothing is left to link.
 */
#ifndef IOMMUKIT_DISABLED_H
#define IOMMUKIT_DISABLED_H

#include "iommukit/iommu.h"

IOMMU_BEGIN_DECLS

static inline const char *iommu_disabled_strerror(int result)
{
    (void)result;
    return "IOMMU support is not compiled in";
}
#define iommu_strerror iommu_disabled_strerror

static inline bool iommu_disabled_capable(struct iommu *iommu, enum iommu_cap cap)
{
    (void)iommu;
    (void)cap;
    return false;
}
#define iommu_capable iommu_disabled_capable

static inline bool iommu_disabled_device_capable(struct iommu_device *device, enum iommu_cap cap)
{
    (void)device;
    (void)cap;
    return false;
}
#define iommu_device_capable iommu_disabled_device_capable

static inline int iommu_disabled_start(struct iommu *iommu)
{
    (void)iommu;
    return -IOMMU_ENODEV;
}
#define iommu_start iommu_disabled_start

static inline int iommu_disabled_stop(struct iommu *iommu)
{
    (void)iommu;
    return -IOMMU_ENODEV;
}
#define iommu_stop iommu_disabled_stop

static inline int iommu_disabled_destroy(struct iommu *iommu)
{
    (void)iommu;
    return -IOMMU_ENODEV;
}
#define iommu_destroy iommu_disabled_destroy

static inline int iommu_disabled_device_add(struct iommu *iommu,
                                            const struct iommu_device_config *config,
                                            struct iommu_device **device)
{
    (void)iommu;
    (void)config;
    (void)device;
    return -IOMMU_ENODEV;
}
#define iommu_device_add iommu_disabled_device_add

static inline int iommu_disabled_device_remove(struct iommu_device *device)
{
    (void)device;
    return -IOMMU_ENODEV;
}
#define iommu_device_remove iommu_disabled_device_remove

static inline struct iommu *iommu_disabled_device_instance(const struct iommu_device *device)
{
    (void)device;
    return NULL;
}
#define iommu_device_instance iommu_disabled_device_instance

static inline uint16_t iommu_disabled_device_rid(const struct iommu_device *device)
{
    (void)device;
    return 0;
}
#define iommu_device_rid iommu_disabled_device_rid

static inline uint16_t iommu_disabled_device_segment(const struct iommu_device *device)
{
    (void)device;
    return 0;
}
#define iommu_device_segment iommu_disabled_device_segment

static inline void *iommu_disabled_device_cookie(const struct iommu_device *device)
{
    (void)device;
    return NULL;
}
#define iommu_device_cookie iommu_disabled_device_cookie

static inline uint32_t iommu_disabled_device_pasid_limit(const struct iommu_device *device)
{
    (void)device;
    return 0;
}
#define iommu_device_pasid_limit iommu_disabled_device_pasid_limit

static inline int iommu_disabled_device_find(struct iommu *iommu, uint16_t segment, uint16_t rid,
                                             struct iommu_device **device)
{
    (void)iommu;
    (void)segment;
    (void)rid;
    (void)device;
    return -IOMMU_ENODEV;
}
#define iommu_device_find iommu_disabled_device_find

static inline int iommu_disabled_device_claim(struct iommu_device *device, const void *owner)
{
    (void)device;
    (void)owner;
    return -IOMMU_ENODEV;
}
#define iommu_device_claim iommu_disabled_device_claim

static inline int iommu_disabled_device_unclaim(struct iommu_device *device, const void *owner)
{
    (void)device;
    (void)owner;
    return -IOMMU_ENODEV;
}
#define iommu_device_unclaim iommu_disabled_device_unclaim

static inline int iommu_disabled_for_each_reserved(struct iommu_device *device,
                                                   iommu_reserved_fn fn, void *ctx)
{
    (void)device;
    (void)fn;
    (void)ctx;
    return -IOMMU_ENODEV;
}
#define iommu_for_each_reserved iommu_disabled_for_each_reserved

static inline int iommu_disabled_map_reserved(struct iommu_domain *domain,
                                              struct iommu_device *device)
{
    (void)domain;
    (void)device;
    return -IOMMU_ENODEV;
}
#define iommu_map_reserved iommu_disabled_map_reserved

static inline int iommu_disabled_domain_alloc(struct iommu *iommu,
                                              const struct iommu_domain_config *config,
                                              struct iommu_domain **domain)
{
    (void)iommu;
    (void)config;
    (void)domain;
    return -IOMMU_ENODEV;
}
#define iommu_domain_alloc iommu_disabled_domain_alloc

static inline int iommu_disabled_domain_free(struct iommu_domain *domain)
{
    (void)domain;
    return -IOMMU_ENODEV;
}
#define iommu_domain_free iommu_disabled_domain_free

static inline void iommu_disabled_domain_geometry(const struct iommu_domain *domain,
                                                  struct iommu_geometry *geometry)
{
    (void)domain;
    __builtin_memset(geometry, 0, sizeof(*geometry));
}
#define iommu_domain_geometry iommu_disabled_domain_geometry

static inline void *iommu_disabled_domain_cookie(const struct iommu_domain *domain)
{
    (void)domain;
    return NULL;
}
#define iommu_domain_cookie iommu_disabled_domain_cookie

static inline int iommu_disabled_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa,
                                     uint64_t len, uint32_t prot)
{
    (void)domain;
    (void)iova;
    (void)pa;
    (void)len;
    (void)prot;
    return -IOMMU_ENODEV;
}
#define iommu_map iommu_disabled_map

static inline int iommu_disabled_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t len,
                                       struct iommu_gather *gather)
{
    (void)domain;
    (void)iova;
    (void)len;
    (void)gather;
    return -IOMMU_ENODEV;
}
#define iommu_unmap iommu_disabled_unmap

static inline int iommu_disabled_sync(struct iommu_domain *domain, struct iommu_gather *gather)
{
    (void)domain;
    (void)gather;
    return -IOMMU_ENODEV;
}
#define iommu_sync iommu_disabled_sync

static inline int iommu_disabled_domain_trim(struct iommu_domain *domain)
{
    (void)domain;
    return -IOMMU_ENODEV;
}
#define iommu_domain_trim iommu_disabled_domain_trim

/* NOLINTBEGIN(readability-non-const-parameter): the signature of the call it stands for */
static inline int iommu_disabled_iova_to_phys(struct iommu_domain *domain, uint64_t iova,
                                              uint64_t *pa)
{
    (void)domain;
    (void)iova;
    (void)pa;
    return -IOMMU_ENODEV;
}
/* NOLINTEND(readability-non-const-parameter) */
#define iommu_iova_to_phys iommu_disabled_iova_to_phys

static inline int iommu_disabled_attach(struct iommu_domain *domain, struct iommu_device *device,
                                        struct iommu_route route, void *cookie,
                                        struct iommu_attachment **attachment)
{
    (void)domain;
    (void)device;
    (void)route;
    (void)cookie;
    (void)attachment;
    return -IOMMU_ENODEV;
}
#define iommu_attach iommu_disabled_attach

static inline int iommu_disabled_replace(struct iommu_attachment *attachment,
                                         struct iommu_domain *domain)
{
    (void)attachment;
    (void)domain;
    return -IOMMU_ENODEV;
}
#define iommu_replace iommu_disabled_replace

static inline int iommu_disabled_detach(struct iommu_attachment *attachment)
{
    (void)attachment;
    return -IOMMU_ENODEV;
}
#define iommu_detach iommu_disabled_detach

static inline uint32_t iommu_disabled_attachment_pasid(const struct iommu_attachment *attachment)
{
    (void)attachment;
    return IOMMU_NO_PASID;
}
#define iommu_attachment_pasid iommu_disabled_attachment_pasid

static inline struct iommu_domain *
iommu_disabled_attachment_domain(const struct iommu_attachment *attachment)
{
    (void)attachment;
    return NULL;
}
#define iommu_attachment_domain iommu_disabled_attachment_domain

static inline struct iommu_device *
iommu_disabled_attachment_device(const struct iommu_attachment *attachment)
{
    (void)attachment;
    return NULL;
}
#define iommu_attachment_device iommu_disabled_attachment_device

static inline void *iommu_disabled_attachment_cookie(const struct iommu_attachment *attachment)
{
    (void)attachment;
    return NULL;
}
#define iommu_attachment_cookie iommu_disabled_attachment_cookie

static inline int iommu_disabled_lookup(struct iommu_device *device, uint32_t pasid,
                                        struct iommu_attachment **attachment)
{
    (void)device;
    (void)pasid;
    (void)attachment;
    return -IOMMU_ENODEV;
}
#define iommu_lookup iommu_disabled_lookup

static inline int iommu_disabled_for_each_attachment(struct iommu_device *device,
                                                     iommu_attachment_fn fn, void *ctx)
{
    (void)device;
    (void)fn;
    (void)ctx;
    return -IOMMU_ENODEV;
}
#define iommu_for_each_attachment iommu_disabled_for_each_attachment

static inline int iommu_disabled_domain_for_each_attachment(struct iommu_domain *domain,
                                                            iommu_attachment_fn fn, void *ctx)
{
    (void)domain;
    (void)fn;
    (void)ctx;
    return -IOMMU_ENODEV;
}
#define iommu_domain_for_each_attachment iommu_disabled_domain_for_each_attachment

static inline int iommu_disabled_attach_device(struct iommu_domain *domain,
                                               struct iommu_device *device)
{
    (void)domain;
    (void)device;
    return -IOMMU_ENODEV;
}
#define iommu_attach_device iommu_disabled_attach_device

static inline int iommu_disabled_detach_device(struct iommu_domain *domain,
                                               struct iommu_device *device)
{
    (void)domain;
    (void)device;
    return -IOMMU_ENODEV;
}
#define iommu_detach_device iommu_disabled_detach_device

static inline void iommu_disabled_set_event_handler(struct iommu *iommu, iommu_event_fn fn,
                                                    void *ctx)
{
    (void)iommu;
    (void)fn;
    (void)ctx;
}
#define iommu_set_event_handler iommu_disabled_set_event_handler

static inline void iommu_disabled_domain_set_event_handler(struct iommu_domain *domain,
                                                           iommu_event_fn fn, void *ctx)
{
    (void)domain;
    (void)fn;
    (void)ctx;
}
#define iommu_domain_set_event_handler iommu_disabled_domain_set_event_handler

static inline int iommu_disabled_handle_events(struct iommu *iommu)
{
    (void)iommu;
    return -IOMMU_ENODEV;
}
#define iommu_handle_events iommu_disabled_handle_events

IOMMU_END_DECLS

#endif
