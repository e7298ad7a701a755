/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/batch.c - many accesses of one device at once, such as a scatter-gather list.
 *
 * Those that the caller's front answers need nothing else. Of those that go the long way, a few at a time take the
 * lock together, and their walks first go as far as the last table: by the time the leaf of the first is looked at,
 * the others' leaves are on their way from memory. Lock: taken here. Called by device models.
 */
#include "models/vtd/front.h"

/* So many leaves on their way at once; while they are, nobody else gets the lock. */
#define TOGETHER 16u

/* The leading addresses that the front answers. */
static unsigned quick(struct iommu_model_vtd *m, uintptr_t caller, const struct iommu_model_request *request,
                      const uint64_t *addresses, struct iommu_model_result *results, unsigned count)
{
    struct vtdm_front *front = vtdm_front_find(m, caller);
    struct vtdm_asked asked;
    unsigned done = 0;
    bool there = front && vtdm_front_asked(front, request, &asked);
    if (!there)
        return 0;
    while (done < count && vtdm_front_answer(front, &asked, addresses[done], &results[done]))
        done++;
    vtdm_front_count(front, done);
    return done;
}

/* The route is there when something has been translated before. */
static void look_ahead(struct vtdm_tx *tx)
{
    struct vtdm_page page;
    struct vtdm_second second;
    if (vtdm_check_input(tx) || vtdm_iotlb_search(tx, &page))
        return;
    if (tx->route.pgtt == VTD_PGTT_SECOND)
        vtdm_second_walk(tx, tx->request->address, false, &second);
    else if (tx->route.pgtt == VTD_PGTT_FIRST)
        vtdm_first_walk(tx, tx->request->address, &page);
}

static void look_ahead_all(struct iommu_model_vtd *m, uintptr_t caller, struct iommu_model_request *request,
                           const uint64_t *addresses, unsigned count)
{
    struct vtdm_tx tx;
    vtdm_begin(&tx, m, request);
    tx.ahead = true;
    tx.front = m->host->memory.prefetch && count > 1 ? vtdm_front_open(m, caller) : NULL;
    if (!vtdm_front_ordinary(request) || !vtdm_front_route(&tx))
        return;
    for (unsigned i = 0; i < count; i++) {
        request->address = addresses[i];
        look_ahead(&tx);
    }
}

static void together(struct iommu_model_vtd *m, uintptr_t caller, const struct iommu_model_request *like,
                     const uint64_t *addresses, struct iommu_model_result *results, unsigned count)
{
    struct iommu_model_request request = *like;
    vtdm_lock(m);
    look_ahead_all(m, caller, &request, addresses, count);
    for (unsigned i = 0; i < count; i++) {
        request.address = addresses[i];
        vtdm_translate(m, &request, caller, &results[i], NULL);
    }
    vtdm_unlock(m);
}

void iommu_model_vtd_translate_batch(struct iommu_model_vtd *m, const struct iommu_model_request *request,
                                     const uint64_t *addresses, struct iommu_model_result *results, unsigned count)
{
    uintptr_t caller = VTDM_CALLER();
    unsigned done = quick(m, caller, request, addresses, results, count);
    while (done < count) {
        unsigned some = count - done < TOGETHER ? count - done : TOGETHER;
        together(m, caller, request, &addresses[done], &results[done], some);
        done += some;
        done += quick(m, caller, request, &addresses[done], &results[done], count - done);
    }
}
