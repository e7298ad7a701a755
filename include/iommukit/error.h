/* SPDX-License-Identifier: MIT */
/*
 * iommukit/error.h - what a call returns when it refuses.
 *
 * A call returns 0 (or a count where documented) on success and one of these, negated, on failure. The
 * numbers equal Linux's errno values so that a host kernel can pass them on; the library neither reads nor
 * writes errno. A refused call has changed nothing unless its comment says otherwise.
 */
#ifndef IOMMUKIT_ERROR_H
#define IOMMUKIT_ERROR_H

#include "iommukit/config.h"

/* The errors. A call returns them negated. */
enum iommu_error {
    IOMMU_EPERM = 1,       /* auxiliary domains are not enabled on this device */
    IOMMU_ENOENT = 2,      /* not attached, not mapped, no such route */
    IOMMU_EIO = 5,         /* the hardware reported an error (see the event handler) */
    IOMMU_ENOMEM = 12,     /* the platform had no memory */
    IOMMU_EFAULT = 14,     /* the domain does not suit the device's addresses: something is mapped beyond its
                              reach, or a DIRECT reserved region of it is not mapped one to one */
    IOMMU_EBUSY = 16,      /* in use: PASID taken, routes exist, another owner */
    IOMMU_EEXIST = 17,     /* (part of) the range is mapped already */
    IOMMU_EXDEV = 18,      /* domain and device belong to different instances, or the device's unit cannot walk
                              the domain's page-table format; or the answer differs between devices */
    IOMMU_ENODEV = 19,     /* no IOMMU covers this device; the hardware is absent or dead */
    IOMMU_EINVAL = 22,     /* malformed argument; from the origin's calls also "no such op" */
    IOMMU_ENOSPC = 28,     /* PASIDs or domain ids exhausted */
    IOMMU_ERANGE = 34,     /* PASID or address outside what device or domain can use */
    IOMMU_EOPNOTSUPP = 95, /* hardware, mode or driver cannot do this */
    IOMMU_ETIMEDOUT = 110, /* a wait for the hardware reached its deadline */
};

IOMMU_BEGIN_DECLS

/* A short English phrase for a return value of this library, negative or 0; static, never NULL. Any context. */
const char *iommu_strerror(int result);

IOMMU_END_DECLS

#endif
