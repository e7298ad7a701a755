/* SPDX-License-Identifier: MIT */
/*
 * accelerator.h - a small driver for the modelled accelerator (Intel DSA's registers and descriptors): what the
 * owner of a shared device does besides calling the IOMMU library.
 */
#ifndef IOMMUKIT_TOOL_ACCELERATOR_H
#define IOMMUKIT_TOOL_ACCELERATOR_H

#include <stdbool.h>

#include "iommukit/model/dsa.h"

enum accelerator_opcode { ACCELERATOR_MOVE = 3, ACCELERATOR_FILL = 4, ACCELERATOR_COMPARE = 5 };

/* All queues into one group with all engines, then the device on. NULL, or what failed. */
const char *accelerator_enable(struct iommu_model_dsa *dsa);
unsigned accelerator_queues(struct iommu_model_dsa *dsa);

/* Configure and enable one queue. dedicated: requests carry `pasid`; shared: the submission's. */
const char *accelerator_queue_enable(struct iommu_model_dsa *dsa, unsigned queue, bool dedicated,
                                     uint32_t pasid);
/* Let a dedicated queue finish, then switch it off. */
const char *accelerator_queue_disable(struct iommu_model_dsa *dsa, unsigned queue);
/* Let everything that a PASID submitted to shared queues finish. */
const char *accelerator_drain_pasid(struct iommu_model_dsa *dsa, uint32_t pasid);

/*
 * Submit one descriptor and let the device run. `record` is where the completion record appears, at bus address
 * record_iova. True: the record reports success (for a comparison: equal).
 */
struct accelerator_work {
    enum accelerator_opcode opcode;
    uint64_t source;      /* address, or the pattern of a fill */
    uint64_t destination; /* or the second source */
    uint32_t bytes;
    uint32_t claimed_pasid; /* what the submitter writes into the descriptor; nobody should believe it */
};
bool accelerator_do(struct iommu_model_dsa *dsa, unsigned queue, uint32_t pasid, uint64_t record_iova,
                    volatile uint8_t *record, const struct accelerator_work *work);

#endif
