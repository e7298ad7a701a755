/* SPDX-License-Identifier: MIT */
/*
 * models/dsa/device.c - an accelerator as a whole: creation, the doors of BAR 0, delivery of
 * interrupts. ("Memory-mapped registers".)
 *
 * Lock: takes both, see dsa.h. Called by the machine that owns the device, or by tests.
 */
#include "models/dsa/dsa.h"

#include "spec/bits.h"

static bool in_range(unsigned value, unsigned max)
{
    return value >= 1 && value <= max;
}

static bool possible(const struct iommu_model_dsa_config *config)
{
    return config->host && config->dma && in_range(config->queues, IOMMU_MODEL_DSA_QUEUES_MAX) &&
           in_range(config->engines, DSA_ENGINES_MAX) && in_range(config->groups, DSA_GROUPS_MAX) &&
           in_range(config->total_size, UINT16_MAX) && config->max_transfer_lg2 <= 31;
}

int iommu_model_dsa_create(const struct iommu_model_dsa_config *config,
                           struct iommu_model_dsa **out)
{
    const struct iommu_model_host *host = config->host;
    struct iommu_model_dsa *dsa;

    *out = NULL;
    if (!possible(config))
        return -DSA_EINVAL;
    dsa = host->alloc(host->ctx, sizeof(*dsa));
    if (!dsa)
        return -DSA_ENOMEM;
    dsa->config = *config;
    dsa->entries = host->alloc(host->ctx, config->total_size * sizeof(*dsa->entries));
    if (!dsa->entries) {
        host->free(host->ctx, dsa, sizeof(*dsa));
        return -DSA_ENOMEM;
    }
    model_lock_init(&dsa->engine, host);
    model_lock_init(&dsa->lock, host);
    dsa_pool_init(dsa);
    *out = dsa;
    return 0;
}

void iommu_model_dsa_destroy(struct iommu_model_dsa *dsa)
{
    const struct iommu_model_host *host;

    if (!dsa)
        return;
    host = dsa->config.host;
    model_lock_fini(&dsa->lock);
    model_lock_fini(&dsa->engine);
    host->free(host->ctx, dsa->entries, dsa->config.total_size * sizeof(*dsa->entries));
    host->free(host->ctx, dsa, sizeof(*dsa));
}

uint64_t dsa_all_queues(const struct iommu_model_dsa *dsa)
{
    return UINT64_MAX >> (64u - dsa->config.queues);
}

void dsa_reset_locked(struct iommu_model_dsa *dsa)
{
    unsigned index;

    for (index = 0; index < dsa->config.queues; index++) {
        struct dsa_queue *queue = &dsa->queues[index];

        queue->enabled = queue->accepting = false;
        __builtin_memset(queue->config, 0, sizeof(queue->config));
    }
    __builtin_memset(dsa->groups, 0, sizeof(dsa->groups));
    __builtin_memset(dsa->swerr, 0, sizeof(dsa->swerr));
    dsa->state = SPEC_DSA_STATE_DISABLED;
    dsa->genctrl = dsa->intcause = 0;
}

/* The handler may come back through any door, so it is called with nothing held. */
void dsa_leave(struct iommu_model_dsa *dsa)
{
    uint32_t pending = dsa->pending;

    dsa->pending = 0;
    model_lock_give(&dsa->lock);
    if (pending && dsa->config.interrupt)
        dsa->config.interrupt(dsa->config.ctx, pending);
}

/* ---- BAR 0 -------------------------------------------------------------------------------- */

uint32_t iommu_model_dsa_read32(struct iommu_model_dsa *dsa, uint32_t offset)
{
    uint32_t value;

    model_lock_take(&dsa->lock);
    value = dsa_read_locked(dsa, offset & ~3u);
    model_lock_give(&dsa->lock);
    return value;
}

uint64_t iommu_model_dsa_read64(struct iommu_model_dsa *dsa, uint32_t offset)
{
    uint64_t value;

    offset &= ~7u;
    model_lock_take(&dsa->lock);
    value = dsa_read_locked(dsa, offset) | (uint64_t)dsa_read_locked(dsa, offset + 4) << 32;
    model_lock_give(&dsa->lock);
    return value;
}

void iommu_model_dsa_write32(struct iommu_model_dsa *dsa, uint32_t offset, uint32_t value)
{
    offset &= ~3u;
    if (offset == SPEC_DSA_REG_CMD)
        dsa_command(dsa, value);
    model_lock_take(&dsa->lock);
    if (offset != SPEC_DSA_REG_CMD)
        dsa_write_locked(dsa, offset, value);
    dsa_leave(dsa);
}

void iommu_model_dsa_write64(struct iommu_model_dsa *dsa, uint32_t offset, uint64_t value)
{
    offset &= ~7u;
    iommu_model_dsa_write32(dsa, offset, (uint32_t)value);
    iommu_model_dsa_write32(dsa, offset + 4, (uint32_t)(value >> 32));
}

void iommu_model_dsa_stats(struct iommu_model_dsa *dsa, struct iommu_model_dsa_stats *stats)
{
    model_lock_take(&dsa->lock);
    *stats = dsa->stats;
    model_lock_give(&dsa->lock);
}
