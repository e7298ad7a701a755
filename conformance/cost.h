/* SPDX-License-Identifier: MIT */
/* cost.h - see cost.c. */
#ifndef IOMMUKIT_CONFORMANCE_COST_H
#define IOMMUKIT_CONFORMANCE_COST_H

#include "conformance/bench.h"

/* Measures every operation on every unit (or one) into result->costs. -ENOMEM. */
int cost_measure(struct bench *bench, const char *unit, struct iommu_conform_result *result);

#endif
