/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/batch.c - many accesses of one device at once, such as a scatter-gather list.
 *
 * Those that the caller's front answers need nothing else. Of the others, a few at a time take the
 * lock together, and their walks first go as far as the last table: by the time the leaf of the first is looked at,
 * the others' leaves are on their way from memory. Lock: taken here. Called by device models.
 */
#include "models/vtd/near.h"

/* So many leaves on their way at once; while they are, nobody else gets the lock. */
#define TOGETHER 16u

/* The leading addresses that the front answers. */
static unsigned quick(struct iommu_model_vtd *m, uintptr_t caller, const struct iommu_model_request *request,
                      const uint64_t *addresses, struct iommu_model_result *results, unsigned count)
{
    struct vtdm_front *front = vtdm_front_find(m, caller);
    struct vtdm_asked asked;
    const uint64_t *next = addresses, *end = addresses + count;
    if (!front || !vtdm_front_asked(front, request, &asked))
        return 0;
    while (next != end &&
           vtdm_front_answer(&asked, vtdm_front_copy_of(asked.copies, asked.start, *next), *next, results)) {
        next++;
        results++;
    }
    vtdm_front_count(front, (uint64_t)(next - addresses));
    return (unsigned)(next - addresses);
}

/* false: the caller's front does not know the way of these requests. */
static bool may_ask(struct vtdm_asker *asker, struct iommu_model_vtd *m, uintptr_t caller,
                    const struct iommu_model_request *like)
{
    struct vtdm_asked asked;
    struct vtdm_front *front = vtdm_front_find(m, caller);
    const struct vtdm_way *way = front ? vtdm_front_asked(front, like, &asked) : NULL;
    if (!way)
        return false;
    *asker = (struct vtdm_asker){ m, front, way };
    return true;
}

/* The leaves of those that the caches do not hold, all on their way from memory together. */
static void look_ahead(const struct vtdm_asker *asker, const struct iommu_model_request *like,
                       const uint64_t *addresses, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct vtdm_cursor *cursor = vtdm_cursor_of(asker, addresses[i]);
        if (cursor)
            __builtin_prefetch(vtdm_cursor_entry(cursor, addresses[i]));
        else
            vtdm_short_ahead(asker, like, addresses[i]);
    }
}

static inline bool answered(const struct vtdm_asker *asker, const struct iommu_model_request *request,
                            struct iommu_model_result *result)
{
    struct vtdm_copy *copy = vtdm_front_copy_of(asker->front->copy, asker->way->start, request->address);
    return vtdm_near(asker, copy, request, request->address, result) ||
           vtdm_short(asker->m, asker->front, asker->way, copy, request, result);
}

static void together(struct iommu_model_vtd *m, uintptr_t caller, const struct iommu_model_request *like,
                     const uint64_t *addresses, struct iommu_model_result *results, unsigned count)
{
    struct iommu_model_request request = *like;
    struct vtdm_asker asker;
    vtdm_lock(m);
    bool known = may_ask(&asker, m, caller, like);
    if (known && count > 1)
        look_ahead(&asker, like, addresses, count);
    for (unsigned i = 0; i < count; i++) {
        request.address = addresses[i];
        if (known && answered(&asker, &request, &results[i]))
            continue;
        vtdm_translate(m, &request, caller, &results[i], NULL);
        known = may_ask(&asker, m, caller, like);
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
