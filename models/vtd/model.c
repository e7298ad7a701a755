/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/model.c - a unit's life: create, reset, destroy; its lock and its outbox.
 *
 * Lock: vtdm_lock and vtdm_unlock (model.h) are the only users of the host's lock. Called by host programs.
 */
#include "models/vtd/drop.h"
#include "models/vtd/model.h"

#define ERROR_INVALID (-22)
#define ERROR_MEMORY (-12)

void vtdm_unlock_and_send(struct iommu_model_vtd *m)
{
    struct vtdm_message messages[VTDM_EVENTS];
    __builtin_memcpy(messages, m->outbox, sizeof(messages));
    __builtin_memset(m->outbox, 0, sizeof(m->outbox));
    m->outgoing = false;
    if (m->lock)
        m->host->lock_release(m->host->ctx, m->lock);
    for (unsigned event = 0; event < VTDM_EVENTS; event++)
        if (messages[event].waiting && m->config.event)
            m->config.event(m->config.ctx, (enum iommu_model_event)event, messages[event].address, messages[event].data);
}

void vtdm_misuse(struct iommu_model_vtd *m, const char *what)
{
    m->stats.misuse++;
    m->stats.last_misuse = what;
}

void vtdm_settled(struct iommu_model_vtd *m)
{
    if (m->host->memory.settled)
        m->host->memory.settled(m->host->memory.ctx);
}

void vtdm_strike(struct iommu_model_vtd *m, struct iommu_model_strike *strike)
{
    strike->descriptors = m->stats.descriptors;
    if (model_strike_keep(&m->lies, strike) && m->config.strike)
        m->config.strike(m->config.ctx, strike);
}

void vtdm_strike_at(struct iommu_model_vtd *m, enum iommu_model_lie lie, const char *what,
                    uint64_t address)
{
    struct iommu_model_strike strike = model_strike_of(lie, what, address);
    vtdm_strike(m, &strike);
}

static bool create_caches(struct iommu_model_vtd *m)
{
    return vtdm_cache_create(&m->context, m->host, sizeof(struct vtdm_context)) &&
           vtdm_cache_create(&m->pasid, m->host, sizeof(struct vtdm_pasid)) &&
           vtdm_cache_create(&m->spaces, m->host, sizeof(struct vtdm_space)) &&
           vtdm_tlb_create(&m->iotlb, m->host) && vtdm_tlb_create(&m->paging, m->host);
}

static void power_on(struct iommu_model_vtd *m)
{
    vtdm_drop_all(m);
    __builtin_memset(m->record, 0, sizeof(m->record));
    m->next_record = 0;
    m->root_table = 0;
    m->table_mode = VTD_TTM_LEGACY;
    __builtin_memset(m->outbox, 0, sizeof(m->outbox));
    m->outgoing = false;
    m->queue.wait_was_last = m->queue.executed_any = false;
    m->queue.timed_out = m->queue.outgoing = m->queue.responding = false;
    m->queue.held = m->queue.stalled = m->queue.spared = false;
    m->queue.late_count = 0;
    __builtin_memset(&m->pace, 0, sizeof(m->pace));
    vtdm_registers_reset(m);
}

int iommu_model_vtd_create(const struct iommu_model_vtd_config *config,
                           struct iommu_model_vtd **model, const char **why)
{
    const char *problem = vtdm_capability_problem(config);
    if (!problem)
        problem = iommu_model_lies_forbidden(&config->lies, config->cap, config->ecap);
    if (why)
        *why = problem;
    if (problem)
        return ERROR_INVALID;
    struct iommu_model_vtd *m = config->host->alloc(config->host->ctx, sizeof(*m));
    if (!m)
        return ERROR_MEMORY;
    m->config = *config;
    m->host = config->host;
    m->records = (unsigned)SPEC_GET(VTD_CAP_NFR, config->cap) + 1;
    model_lies_init(&m->lies, &config->lies, 0);
    if (m->host->lock_create)
        m->lock = m->host->lock_create(m->host->ctx);
    if (!create_caches(m)) {
        iommu_model_vtd_destroy(m);
        return ERROR_MEMORY;
    }
    power_on(m);
    *model = m;
    return 0;
}

void iommu_model_vtd_destroy(struct iommu_model_vtd *m)
{
    if (!m)
        return;
    vtdm_cache_destroy(&m->context);
    vtdm_cache_destroy(&m->pasid);
    vtdm_cache_destroy(&m->spaces);
    vtdm_tlb_destroy(&m->iotlb);
    vtdm_tlb_destroy(&m->paging);
    vtdm_front_destroy(m);
    if (m->lock && m->host->lock_destroy)
        m->host->lock_destroy(m->host->ctx, m->lock);
    m->host->free(m->host->ctx, m, sizeof(*m));
}

void iommu_model_vtd_reset(struct iommu_model_vtd *m)
{
    vtdm_lock(m);
    power_on(m);
    vtdm_unlock(m);
}

void iommu_model_vtd_stats(struct iommu_model_vtd *m, struct iommu_model_vtd_stats *stats)
{
    vtdm_lock(m);
    *stats = vtdm_counts(m);
    stats->iotlb_entries = vtdm_tlb_count(&m->iotlb, VTDM_LEAF_KINDS);
    stats->context_entries = m->context.count;
    stats->pasid_entries = m->pasid.count;
    stats->paging_entries = vtdm_tlb_count(&m->paging, VTDM_TABLE_KINDS);
    vtdm_unlock(m);
}

void iommu_model_vtd_tell(struct iommu_model_vtd *m, uint32_t enabled)
{
    vtdm_lock(m);
    vtdm_front_outdate(m);
    model_lies_tell(&m->lies, enabled);
    vtdm_queue_run(m); /* what a lie held back may go now */
    vtdm_unlock(m);
}

unsigned iommu_model_vtd_strikes(struct iommu_model_vtd *m, struct iommu_model_strike *out,
                                 unsigned max)
{
    vtdm_lock(m);
    unsigned count = model_strikes_copy(&m->lies, out, max);
    vtdm_unlock(m);
    return count;
}
