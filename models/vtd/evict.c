/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/evict.c - the lie "random-evict": a cache may forget whatever it likes, whenever it likes.
 *
 * Architecture: "Caching translation information". Lock: held. Called before every look into a cache.
 */
#include "models/vtd/translate.h"

#define EVICT_HABIT 4u

void vtdm_evict(struct vtdm_tx *tx)
{
    struct iommu_model_vtd *m = tx->m;
    struct vtdm_cache *caches[] = { &m->context, &m->pasid, &m->iotlb, &m->paging };
    if (tx->dry || !model_now_and_then(&m->lies, IOMMU_MODEL_LIE_RANDOM_EVICT, EVICT_HABIT))
        return;
    unsigned which = model_below(&m->lies, sizeof(caches) / sizeof(caches[0]));
    vtdm_cache_drop_any(caches[which], model_random(&m->lies));
}
