/* SPDX-License-Identifier: MIT */
/*
 * iommukit/config.h - version and build options. Every public header includes this one.
 *
 * IOMMUKIT_DISABLED  define to 1 to compile the library out: every call of iommu.h and aux.h becomes
 *                    an inline error or a no-op, so that callers build and link unchanged.
 */
#ifndef IOMMUKIT_CONFIG_H
#define IOMMUKIT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of these headers, by the rules of docs/STABILITY.md. */
#define IOMMUKIT_VERSION_MAJOR 0
#define IOMMUKIT_VERSION_MINOR 1
#define IOMMUKIT_VERSION_PATCH 0

#ifndef IOMMUKIT_DISABLED
#define IOMMUKIT_DISABLED 0
#endif

/* Around declarations of functions: C linkage where C++ reads them. */
#ifdef __cplusplus
#define IOMMU_BEGIN_DECLS extern "C" {
#define IOMMU_END_DECLS   }
#else
#define IOMMU_BEGIN_DECLS
#define IOMMU_END_DECLS
#endif

#endif
