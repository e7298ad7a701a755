/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/front.c - fronts: who has one, what is put into it, and what makes it useless; see front.h.
 *
 * Architecture: "Caching translation information". A unit that lies has none, because its lies strike between any
 * two looks into a cache. Lock: held, for everything here.
 */
#include "models/vtd/front.h"

void vtdm_front_outdate(struct iommu_model_vtd *m)
{
    __atomic_store_n(&m->epoch, m->epoch + 1, __ATOMIC_RELEASE);
}

void vtdm_front_destroy(struct iommu_model_vtd *m)
{
    for (unsigned i = 0; i < VTDM_FRONTS; i++)
        if (m->front[i])
            m->host->free(m->host->ctx, m->front[i], sizeof(*m->front[i]));
}

static void count(struct iommu_model_vtd_stats *stats, const struct vtdm_front *front)
{
    uint64_t hits = __atomic_load_n(&front->hits, __ATOMIC_RELAXED);
    uint64_t all = hits + front->walks;
    stats->translations += all;
    stats->iotlb_hits += hits;
    stats->context_hits += all;
    stats->pasid_hits += front->scalable ? all : 0;
    stats->table_reads += front->walks;
}

static void forget(struct vtdm_front *front)
{
    __builtin_memset(front->way, 0, sizeof(front->way));
    __builtin_memset(front->copy, 0, sizeof(front->copy));
    __builtin_memset(front->cursor, 0, sizeof(front->cursor));
    front->ways = 0;
}

/* Called by its owner: nobody else may write the number of hits. */
static void refresh(struct iommu_model_vtd *m, struct vtdm_front *front)
{
    if (front->epoch == m->epoch)
        return;
    count(&m->stats, front);
    __atomic_store_n(&front->hits, 0, __ATOMIC_RELAXED);
    front->walks = 0;
    forget(front);
    front->scalable = m->table_mode != VTD_TTM_LEGACY;
    front->epoch = m->epoch;
}

/* Who comes second to a slot has none, and goes the long way always. */
struct vtdm_front *vtdm_front_open(struct iommu_model_vtd *m, uintptr_t caller)
{
    struct vtdm_front **slot = &m->front[vtdm_front_slot(caller)];
    struct vtdm_front *front = *slot;
    if (m->lies.enabled || (front && front->caller != caller))
        return NULL;
    if (!front) {
        front = m->host->alloc(m->host->ctx, sizeof(*front));
        if (!front)
            return NULL;
        front->caller = caller;
        __atomic_store_n(slot, front, __ATOMIC_RELEASE);
    }
    refresh(m, front);
    return front;
}

/* ---- Routes ------------------------------------------------------------------------------------------------- */

bool vtdm_front_route(struct vtdm_tx *tx)
{
    uint64_t id = vtdm_front_id(tx->request);
    unsigned at = vtdm_front_way(id);
    if (!tx->front || tx->front->way[at].id != id)
        return false;
    const struct vtdm_kept_route *kept = &tx->front->route[at];
    tx->route = kept->route;
    tx->privileged = kept->privileged;
    tx->fpd = kept->fpd;
    tx->routed = true;
    tx->m->stats.context_hits++;
    tx->m->stats.pasid_hits += !kept->route.legacy;
    return true;
}

/* A number that comes again would make good what copies another way left. */
static void keep_route(const struct vtdm_tx *tx, uint64_t id, unsigned at)
{
    struct vtdm_front *front = tx->front;
    if (front->ways == VTDM_STAMP - VTDM_WAY_NUMBER)
        forget(front);
    front->ways += VTDM_WAY_NUMBER;
    front->way[at] = (struct vtdm_way){
        .id = id, .stamps = tx->kept->stamp, .number = front->ways,
        .start = at * VTDM_WAY_APART * VTDM_PLACE,
        .plan = vtdm_short_plan(tx->m, &tx->route, front->ways / VTDM_WAY_NUMBER),
    };
    front->route[at] = (struct vtdm_kept_route){ tx->privileged, tx->fpd, tx->route };
}

/* ---- Copies ------------------------------------------------------------------------------------------------- */

/* A write that has to walk for its dirty flag has to go the long way. */
static uint32_t denied(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    return (page->second_read ? 0 : VTDM_COPY_NO_READ) |
           (page->dirty && vtdm_may_write(tx, page) ? 0 : VTDM_COPY_NO_WRITE);
}

void vtdm_front_keep(const struct vtdm_tx *tx, const struct vtdm_page *page, const struct iommu_model_result *result)
{
    uint64_t id = vtdm_front_id(tx->request);
    unsigned at = vtdm_front_way(id);
    if (!tx->front || !tx->kept || result->outcome != IOMMU_MODEL_OK)
        return;
    if (tx->front->way[at].id != id)
        keep_route(tx, id, at);
    const struct vtdm_way *way = &tx->front->way[at];
    struct vtdm_copy *copy = vtdm_front_copy_of(tx->front->copy, way->start, tx->request->address);
    vtdm_front_mark(copy, way, tx->request->address, result->pa, denied(tx, page));
    __builtin_memcpy((char *)copy + VTDM_COPIED_AT, (const char *)result + VTDM_ANSWER_AT,
                     offsetof(struct vtdm_copy, mark) - VTDM_COPIED_AT);
    copy->cached = true;
}

/* ---- Counts ------------------------------------------------------------------------------------------------- */

struct iommu_model_vtd_stats vtdm_counts(const struct iommu_model_vtd *m)
{
    struct iommu_model_vtd_stats stats = m->stats;
    for (unsigned i = 0; i < VTDM_FRONTS; i++)
        if (m->front[i])
            count(&stats, m->front[i]);
    return stats;
}

/* Fronts go on counting, so what they have counted is taken off. */
void vtdm_set_counts(struct iommu_model_vtd *m, const struct iommu_model_vtd_stats *stats)
{
    m->stats = (struct iommu_model_vtd_stats){ .translations = 0 };
    struct iommu_model_vtd_stats fronts = vtdm_counts(m);
    m->stats = *stats;
    m->stats.translations -= fronts.translations;
    m->stats.iotlb_hits -= fronts.iotlb_hits;
    m->stats.context_hits -= fronts.context_hits;
    m->stats.pasid_hits -= fronts.pasid_hits;
    m->stats.table_reads -= fronts.table_reads;
}
