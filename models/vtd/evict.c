/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/evict.c - the lie "random-evict": a cache may forget whatever it likes, whenever it likes.
 *
 * Architecture: "Caching translation information". Lock: held. Called before every look into a cache, while the
 * lie is told.
 */
#include "models/vtd/translate.h"

#define EVICT_HABIT 4u

void vtdm_evict_some(struct vtdm_tx *tx)
{
    struct iommu_model_vtd *m = tx->m;
    uint64_t random;
    if (tx->dry || !model_now_and_then(&m->lies, IOMMU_MODEL_LIE_RANDOM_EVICT, EVICT_HABIT))
        return;
    unsigned which = model_below(&m->lies, 4);
    random = model_random(&m->lies);
    if (which < 2)
        vtdm_cache_drop_any(which ? &m->pasid : &m->context, random);
    else
        vtdm_tlb_drop_any(which == 2 ? &m->iotlb : &m->paging, random);
}
