/* SPDX-License-Identifier: MIT */
/* lane.h - the two ways to drive devices. */
#ifndef IOMMUKIT_TOOL_LANE_H
#define IOMMUKIT_TOOL_LANE_H

#include "iommukit/host/model.h"

#include "machine.h"
#include "share.h"

/* share->hardware of the modelled lane. */
struct model_hardware {
    struct machine machine;
    struct iommu_model_host_machine *host;
    struct iommu_device **devices; /* by function of the machine; NULL: bridge */
};

extern const struct share_lane share_lane_model;
extern const struct share_lane share_lane_qemu;

#endif
