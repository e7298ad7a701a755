/* SPDX-License-Identifier: MIT */
/* match.h - see match.c. */
#ifndef IOMMUKIT_CONFORMANCE_MATCH_H
#define IOMMUKIT_CONFORMANCE_MATCH_H

#include "conformance/scenario.h"
#include "conformance/units.h"
#include "iommukit/conformance/adapter.h"

bool match_possible(const struct iommu_conform_adapter *adapter, const struct scenario *scenario,
                    const struct unit_row *row, uint32_t lies);

#endif
