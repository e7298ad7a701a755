/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/witness.c - was what a cache remembered still true? After a translation that used a cache,
 * the tables are walked once more, past all caches and over what software wrote; if that ends
 * elsewhere, a strike tells so. This is what lets a failing test speak of "a stale IOTLB entry".
 *
 * Stale is not wrong by itself: between a change and the end of its invalidation it is allowed. Only
 * units that were told to keep things ("never-evict", "not-present", "paging-caches") are watched.
 * Architecture: "Caching translation information". Lock: held. Called by translate.c.
 */
#include "models/vtd/translate.h"

static const uint32_t watched = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_NEVER_EVICT) |
                                IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_NOT_PRESENT) |
                                IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_PAGING_CACHES);

static uint64_t landing(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    return page->pa | (tx->request->address & (SPEC_BIT64(page->lg2) - 1));
}

static bool same(const struct vtdm_tx *tx, const struct vtdm_page *page, uint8_t fault,
                 const struct vtdm_page *now, uint8_t fault_now)
{
    if (fault != fault_now)
        return false;
    return fault || landing(tx, page) == landing(tx, now);
}

/* The cache that decided, as far as one can tell: the one that is looked at last. */
static struct iommu_model_strike describe(const struct vtdm_tx *tx, uint8_t fault)
{
    enum iommu_model_lie lie = IOMMU_MODEL_LIE_NEVER_EVICT;
    const char *what = "a stale context-cache entry was used";
    if (tx->remembered & VTDM_FROM_PASID)
        what = "a stale PASID-cache or context-cache entry was used";
    if (tx->remembered & VTDM_FROM_PAGING) {
        lie = IOMMU_MODEL_LIE_PAGING_CACHES;
        what = "a stale pointer to a page table was used";
    }
    if (tx->cached) {
        lie = IOMMU_MODEL_LIE_NEVER_EVICT;
        what = "a stale IOTLB entry was used";
    }
    if (fault && vtdm_cap(tx->m, VTD_CAP_CM)) {
        lie = IOMMU_MODEL_LIE_NOT_PRESENT;
        what = "a remembered fault was used that the tables no longer justify";
    }
    return model_strike_of(lie, what, tx->request->address);
}

void vtdm_witness(const struct vtdm_tx *tx, const struct vtdm_page *page, uint8_t fault)
{
    struct iommu_model_vtd *m = tx->m;
    struct vtdm_page now = { .lg2 = VTD_PAGE_LG2 };
    struct vtdm_tx fresh;
    uint64_t reads = m->stats.table_reads;
    if (tx->dry || !(m->lies.enabled & watched))
        return;
    vtdm_begin(&fresh, m, tx->request);
    fresh.dry = fresh.fresh = true;
    uint8_t fault_now = vtdm_remap(&fresh, &now);
    m->stats.table_reads = reads;
    if (same(tx, page, fault, &now, fault_now))
        return;
    struct iommu_model_strike strike = describe(tx, fault);
    strike.page = fault ? 0 : landing(tx, page) & ~(uint64_t)(VTD_PAGE_BYTES - 1);
    strike.rid = tx->request->rid;
    strike.pasid = tx->request->has_pasid ? tx->request->pasid : IOMMU_MODEL_NONE;
    strike.domain = tx->routed ? tx->route.did : IOMMU_MODEL_NONE;
    vtdm_strike(m, &strike);
}

bool vtdm_truth(struct iommu_model_vtd *m, const struct iommu_model_request *request, uint64_t *pa)
{
    struct vtdm_page page = { .lg2 = VTD_PAGE_LG2 };
    struct vtdm_tx fresh;
    vtdm_lock(m);
    uint64_t reads = m->stats.table_reads;
    vtdm_begin(&fresh, m, request);
    fresh.dry = fresh.fresh = true;
    bool lands = vtdm_enabled(m, VTD_GSTS_TES) && vtdm_remap(&fresh, &page) == VTD_FAULT_NONE;
    m->stats.table_reads = reads;
    vtdm_unlock(m);
    *pa = lands ? landing(&fresh, &page) : 0;
    return lands;
}
