/* SPDX-License-Identifier: MIT */
/* iommukit/conformance/builtin.h - the adapters that the command brings along. Static tables; any thread may ask. */
#ifndef IOMMUKIT_CONFORMANCE_BUILTIN_H
#define IOMMUKIT_CONFORMANCE_BUILTIN_H

#include "iommukit/conformance/adapter.h"

IOMMU_BEGIN_DECLS

/* Ours, through iommu.h and vtd.h. */
extern const struct iommu_conform_adapter iommu_conform_iommukit;

/*
 * A deliberately ordinary driver with the field's bugs. "sample" has all of them, "sample:NAME" one,
 * "sample:none" none of them. Static. NULL: no such name.
 */
const struct iommu_conform_adapter *iommu_conform_sample(const char *name);
/* The bugs, one after the other; NULL after the last. */
const char *iommu_conform_sample_bug(unsigned index);
const char *iommu_conform_sample_bug_about(unsigned index);

IOMMU_END_DECLS

#endif
