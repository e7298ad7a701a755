/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/state.h - a unit's state as bytes: the layout, which docs/STATE.md describes, and what it says once it
 * has been read. save.c writes it, restore.c reads it, state_check.c decides whether a unit may be in it.
 */
#ifndef IOMMUKIT_MODELS_VTD_STATE_H
#define IOMMUKIT_MODELS_VTD_STATE_H

#include "iommukit/model/state.h"
#include "models/vtd/model.h"

#define STATE_MAGIC        0x4554415453445456u /* "VTDSTATE", little-endian */
#define STATE_VERSION      1u
#define STATE_HEADER_BYTES 40u
#define STATE_BYTES_AT     12u /* where the total length is */
#define STATE_CHECK_BYTES  4u  /* CRC-32, at the end */

#define STATE_MAY_SKIP 0x80000000u /* in a section's type: who does not know it may go on without */

enum state_section {
    STATE_REGISTERS = 1,
    STATE_ROOT = 2,
    STATE_FAULTS = 3,
    STATE_QUEUE = 4,
    STATE_COMMANDS = 5,
    STATE_REQUIRED_LAST = STATE_COMMANDS,
};
#define STATE_DICE       (STATE_MAY_SKIP | 1u)
#define STATE_STATISTICS (STATE_MAY_SKIP | 2u)

/* Flags of the queue, and of a device-TLB request. */
#define STATE_QUEUE_EXECUTED  1u
#define STATE_QUEUE_WAIT_LAST 2u
#define STATE_QUEUE_TIMED_OUT 4u
#define STATE_QUEUE_HELD      8u
#define STATE_QUEUE_STALLED   16u
#define STATE_QUEUE_SPARED    32u
#define STATE_LATE_PASID      1u
#define STATE_LATE_GLOBAL     2u

/* What was read from bytes: nothing of it is in a model yet. */
struct vtdm_state {
    uint64_t reg[VTDM_REGISTERS];
    uint64_t registers_seen; /* a bit each */
    uint64_t root;           /* as in RTADDR: the table and its mode, latched */
    struct vtdm_record record[256];
    unsigned next_record;
    struct vtdm_queue queue;
    struct vtdm_pace pace;
    unsigned required_seen;  /* a bit each */
    bool has_dice, has_statistics;
    uint32_t lies;
    uint64_t dice;
    struct iommu_model_vtd_stats stats;
};

#define STATE_COUNTS 16u
/* Of the statistics, those that are counts since creation, in the order of the format. */
void vtdm_state_counts(struct iommu_model_vtd_stats *stats, uint64_t *counts[STATE_COUNTS]);

uint32_t vtdm_state_check_sum(const uint8_t *bytes, size_t size);

/* state_check.c: NULL if the unit could be in this state, else what is wrong. */
const char *vtdm_state_problem(const struct iommu_model_vtd *m, const struct vtdm_state *state);

#endif
