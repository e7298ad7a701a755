/* SPDX-License-Identifier: MIT */
/*
 * models/dsa/registers.c - what BAR 0 reads as and what writes to it change, dword by dword:
 * capabilities, control and status, group and queue configuration. CMD is not here: commands take
 * time. ("Memory-mapped registers", "Work queue configuration", "Group configuration".)
 *
 * Lock: `lock` is held by the callers, the doors in device.c.
 */
#include "models/dsa/dsa.h"

#include "spec/bits.h"

#define GENCTRL_WRITABLE (SPEC_DSA_GENCTRL_SWERR_INT | SPEC_DSA_GENCTRL_HALT_INT)
#define COMMANDS         SPEC_MASK32(SPEC_DSA_CMD_ABORT_PASID, SPEC_DSA_CMD_ENABLE_DEVICE)
#define WORD             4u

/* ---- capabilities ------------------------------------------------------------------------- */

static uint64_t gencap(const struct iommu_model_dsa *dsa)
{
    return SPEC_DSA_GENCAP_CMDCAP | SPEC_DSA_GENCAP_CONFIGURABLE |
           SPEC_PUT(SPEC_DSA_GENCAP_MAX_XFER_LG2, (uint64_t)dsa->config.max_transfer_lg2);
}

static uint64_t wqcap(const struct iommu_model_dsa *dsa)
{
    uint64_t shared = dsa->config.dedicated_only ? 0 : SPEC_DSA_WQCAP_SHARED;

    return SPEC_PUT(SPEC_DSA_WQCAP_TOTAL_SIZE, (uint64_t)dsa->config.total_size) |
           SPEC_PUT(SPEC_DSA_WQCAP_COUNT, (uint64_t)dsa->config.queues) | shared |
           SPEC_DSA_WQCAP_DEDICATED | SPEC_DSA_WQCAP_PRIORITY | SPEC_DSA_WQCAP_OCCUPANCY;
}

static uint64_t table_offsets(void)
{
    uint64_t groups = DSA_GRPCFG_AT / SPEC_DSA_OFFSET_UNIT,
             queues = DSA_WQCFG_AT / SPEC_DSA_OFFSET_UNIT;

    return SPEC_PUT(SPEC_DSA_OFFSETS0_GRPCFG, groups) | SPEC_PUT(SPEC_DSA_OFFSETS0_WQCFG, queues);
}

static uint64_t capability(const struct iommu_model_dsa *dsa, uint32_t offset)
{
    switch (offset) {
    case SPEC_DSA_REG_VERSION:
        return SPEC_DSA_VERSION_1;
    case SPEC_DSA_REG_GENCAP:
        return gencap(dsa);
    case SPEC_DSA_REG_WQCAP:
        return wqcap(dsa);
    case SPEC_DSA_REG_GRPCAP:
        return SPEC_PUT(SPEC_DSA_GRPCAP_COUNT, (uint64_t)dsa->config.groups);
    case SPEC_DSA_REG_ENGCAP:
        return SPEC_PUT(SPEC_DSA_ENGCAP_COUNT, (uint64_t)dsa->config.engines);
    case SPEC_DSA_REG_OPCAP:
        return dsa_opcap();
    case SPEC_DSA_REG_OFFSETS:
        return table_offsets();
    default:
        return 0;
    }
}

/* ---- group configuration ------------------------------------------------------------------ */

static uint64_t all_engines(const struct iommu_model_dsa *dsa)
{
    return UINT64_MAX >> (64u - dsa->config.engines);
}

static uint32_t half(uint64_t value, uint32_t offset)
{
    return (uint32_t)(offset & WORD ? value >> 32 : value);
}

static void set_half(uint64_t *value, uint32_t offset, uint32_t to)
{
    if (offset & WORD)
        *value = (uint32_t)*value | (uint64_t)to << 32;
    else
        *value = (*value & ~(uint64_t)UINT32_MAX) | to;
}

static uint32_t read_group(const struct dsa_group *group, uint32_t offset)
{
    switch (offset & ~WORD) {
    case SPEC_DSA_GRPCFG_WQS:
        return half(group->queues, offset);
    case SPEC_DSA_GRPCFG_ENGINES:
        return half(group->engines, offset);
    case SPEC_DSA_GRPCFG_FLAGS:
        return offset & WORD ? 0 : group->flags;
    default:
        return 0;
    }
}

/* Bits of queues and engines that do not exist stay 0. False: nothing there can be changed. */
static bool set_group(const struct iommu_model_dsa *dsa, struct dsa_group *group, uint32_t offset,
                      uint32_t value)
{
    switch (offset & ~WORD) {
    case SPEC_DSA_GRPCFG_WQS:
        set_half(&group->queues, offset, value & half(dsa_all_queues(dsa), offset));
        return true;
    case SPEC_DSA_GRPCFG_ENGINES:
        set_half(&group->engines, offset, value & half(all_engines(dsa), offset));
        return true;
    case SPEC_DSA_GRPCFG_FLAGS:
        if (offset == SPEC_DSA_GRPCFG_FLAGS)
            group->flags = value;
        return offset == SPEC_DSA_GRPCFG_FLAGS;
    default:
        return false;
    }
}

static void write_group(struct iommu_model_dsa *dsa, struct dsa_group *group, uint32_t offset,
                        uint32_t value)
{
    bool open = dsa->state == SPEC_DSA_STATE_DISABLED;

    if (!open || (!set_group(dsa, group, offset, value) && value))
        dsa->stats.misuse++;
}

/* ---- queue configuration ------------------------------------------------------------------ */

static const uint32_t wqcfg_writable[DSA_WQCFG_WORDS] = {
    [SPEC_DSA_WQCFG_SIZE / WORD] = SPEC_DSA_WQCFG_SIZE_ENTRIES,
    [SPEC_DSA_WQCFG_THRESHOLD / WORD] = SPEC_DSA_WQCFG_THRESHOLD_ENTRIES,
    [SPEC_DSA_WQCFG_MODE / WORD] = SPEC_DSA_WQCFG_MODE_DEDICATED |
                                   SPEC_DSA_WQCFG_MODE_BLOCK_ON_FAULT |
                                   SPEC_DSA_WQCFG_MODE_PRIORITY | SPEC_DSA_WQCFG_MODE_PASID |
                                   SPEC_DSA_WQCFG_MODE_PASID_ENABLE | SPEC_DSA_WQCFG_MODE_PRIV,
    [SPEC_DSA_WQCFG_LIMITS / WORD] =
        SPEC_DSA_WQCFG_LIMITS_XFER_LG2 | SPEC_DSA_WQCFG_LIMITS_BATCH_LG2,
};

static uint32_t queue_state(const struct iommu_model_dsa *dsa, const struct dsa_queue *queue)
{
    uint32_t state = queue->enabled ? SPEC_DSA_WQ_STATE_ON : SPEC_DSA_WQ_STATE_OFF;

    return SPEC_PUT(SPEC_DSA_WQCFG_STATE_OCCUPANCY, queue->list.count) |
           (dsa->config.dedicated_only ? 0 : SPEC_DSA_WQCFG_STATE_MODE_SUPPORT) |
           SPEC_PUT(SPEC_DSA_WQCFG_STATE_STATE, state);
}

static uint32_t read_queue(const struct iommu_model_dsa *dsa, const struct dsa_queue *queue,
                           uint32_t offset)
{
    return offset == SPEC_DSA_WQCFG_STATE ? queue_state(dsa, queue) : queue->config[offset / WORD];
}

/* State and occupancy are written back by software that copies whole blocks; that is no misuse. */
static void write_queue(struct iommu_model_dsa *dsa, struct dsa_queue *queue, uint32_t offset,
                        uint32_t value)
{
    uint32_t writable = wqcfg_writable[offset / WORD];

    if (queue->enabled) {
        dsa->stats.misuse++;
        return;
    }
    if (value & ~writable && offset != SPEC_DSA_WQCFG_STATE)
        dsa->stats.misuse++;
    queue->config[offset / WORD] = value & writable;
}

/* ---- dispatch ----------------------------------------------------------------------------- */

/* Index in a table, or false when the offset lies outside of it. */
static bool in_table(uint32_t *offset, uint32_t at, uint32_t bytes, unsigned count, unsigned *index)
{
    if (*offset < at || (*offset - at) / bytes >= count)
        return false;
    *index = (*offset - at) / bytes;
    *offset = (*offset - at) % bytes;
    return true;
}

static uint32_t read_control(const struct iommu_model_dsa *dsa, uint32_t offset)
{
    switch (offset) {
    case SPEC_DSA_REG_GENCTRL:
        return dsa->genctrl;
    case SPEC_DSA_REG_GENSTS:
        return SPEC_PUT(SPEC_DSA_GENSTS_STATE, (uint32_t)dsa->state);
    case SPEC_DSA_REG_INTCAUSE:
        return dsa->intcause;
    case SPEC_DSA_REG_CMDSTS:
        return dsa->cmdsts;
    case SPEC_DSA_REG_CMDCAP:
        return COMMANDS;
    default:
        return 0;
    }
}

uint32_t dsa_read_locked(const struct iommu_model_dsa *dsa, uint32_t offset)
{
    unsigned index;

    if (offset < SPEC_DSA_REG_GENCFG)
        return half(capability(dsa, offset & ~WORD), offset);
    if (in_table(&offset, SPEC_DSA_REG_SWERR, 8, 4, &index))
        return half(dsa->swerr[index], offset);
    if (in_table(&offset, DSA_GRPCFG_AT, SPEC_DSA_GRPCFG_BYTES, dsa->config.groups, &index))
        return read_group(&dsa->groups[index], offset);
    if (in_table(&offset, DSA_WQCFG_AT, SPEC_DSA_WQCFG_MIN_BYTES, dsa->config.queues, &index))
        return read_queue(dsa, &dsa->queues[index], offset);
    return read_control(dsa, offset);
}

static void write_control(struct iommu_model_dsa *dsa, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case SPEC_DSA_REG_GENCTRL:
        dsa->genctrl = value & GENCTRL_WRITABLE;
        break;
    case SPEC_DSA_REG_INTCAUSE:
        dsa->intcause &= ~value;
        break;
    case SPEC_DSA_REG_SWERR:
        dsa_error_acknowledge_locked(dsa, value);
        break;
    default:
        if (value)
            dsa->stats.misuse++;
    }
}

void dsa_write_locked(struct iommu_model_dsa *dsa, uint32_t offset, uint32_t value)
{
    unsigned index;

    if (in_table(&offset, DSA_GRPCFG_AT, SPEC_DSA_GRPCFG_BYTES, dsa->config.groups, &index))
        write_group(dsa, &dsa->groups[index], offset, value);
    else if (in_table(&offset, DSA_WQCFG_AT, SPEC_DSA_WQCFG_MIN_BYTES, dsa->config.queues, &index))
        write_queue(dsa, &dsa->queues[index], offset, value);
    else
        write_control(dsa, offset, value);
}
