/* SPDX-License-Identifier: MIT */
/*
 * core/error.c - error numbers in words. No lock, no state.
 */
#include "iommukit/error.h"

const char *iommu_strerror(int result)
{
    switch (-(long long)result) {
    case 0:
        return "success";
    case IOMMU_EPERM:
        return "auxiliary domains are not enabled on this device";
    case IOMMU_ENOENT:
        return "not attached or not mapped";
    case IOMMU_EIO:
        return "the hardware reported an error";
    case IOMMU_ENOMEM:
        return "out of memory";
    case IOMMU_EFAULT:
        return "the domain's mappings do not suit the device";
    case IOMMU_EBUSY:
        return "in use";
    case IOMMU_EEXIST:
        return "already mapped";
    case IOMMU_EXDEV:
        return "domain and device do not belong together";
    case IOMMU_ENODEV:
        return "no IOMMU covers the device";
    case IOMMU_EINVAL:
        return "invalid argument";
    case IOMMU_ENOSPC:
        return "no PASID or domain id is free";
    case IOMMU_ERANGE:
        return "PASID or address out of range";
    case IOMMU_EOPNOTSUPP:
        return "not supported by hardware, mode or driver";
    case IOMMU_ETIMEDOUT:
        return "the hardware did not answer in time";
    default:
        return result > 0 ? "success" : "unknown error";
    }
}
