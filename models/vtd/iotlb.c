/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/iotlb.c - finished translations and the rights they carry.
 *
 * Architecture: "IOTLB", "Tagging of cached translations", "Access rights". A translation is found by
 * domain id (and PASID, where a first stage is involved), size and address: nothing else keeps one
 * domain's pages from another's. Lock: held. Called by translate.c.
 */
#include "models/vtd/translate.h"
#include "models/vtd/words.h"

static uint64_t pack(const struct vtdm_page *page)
{
    return VTDM_LEAF_THERE | (page->pa & VTDM_LEAF_ADDRESS) | SPEC_PUT(VTDM_LEAF_FAULT, (uint64_t)page->fault) |
           (page->second_read ? VTDM_LEAF_READ : 0) | (page->second_write ? VTDM_LEAF_WRITE : 0) |
           (page->first_write ? VTDM_LEAF_FIRST_WRITE : 0) | (page->user ? VTDM_LEAF_USER : 0) |
           (page->dirty ? VTDM_LEAF_DIRTY : 0) | (page->extended ? VTDM_LEAF_EXTENDED : 0) |
           (page->absent ? VTDM_LEAF_ABSENT : 0);
}

static struct vtdm_page unpack(uint64_t leaf, uint8_t lg2)
{
    return (struct vtdm_page){
        .pa = leaf & VTDM_LEAF_ADDRESS, .lg2 = lg2, .fault = (uint8_t)SPEC_GET(VTDM_LEAF_FAULT, leaf),
        .absent = leaf & VTDM_LEAF_ABSENT, .second_read = leaf & VTDM_LEAF_READ, .second_write = leaf & VTDM_LEAF_WRITE,
        .first_write = leaf & VTDM_LEAF_FIRST_WRITE, .user = leaf & VTDM_LEAF_USER, .dirty = leaf & VTDM_LEAF_DIRTY,
        .extended = leaf & VTDM_LEAF_EXTENDED,
    };
}

static bool privileged_write(const struct vtdm_tx *tx)
{
    return tx->privileged && !tx->route.write_protect;
}

static bool user_allowed(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    return tx->privileged || page->user;
}

bool vtdm_may_write(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    return page->second_write && user_allowed(tx, page) &&
           (page->first_write || privileged_write(tx));
}

/* A write has to walk again if the dirty flag is not known to be set; so has the extended flag. */
static bool usable(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    if (page->fault)
        return true;
    if (tx->write && !page->dirty && vtdm_may_write(tx, page))
        return false;
    return !(tx->route.extended && vtdm_uses_first(&tx->route)) || page->extended;
}

/* The smallest page that will do. */
bool vtdm_iotlb_search(struct vtdm_tx *tx, struct vtdm_page *page)
{
    struct vtdm_space *space = vtdm_space_of(tx, tx->route.tag);
    for (unsigned kinds = space ? space->leaves.kinds : 0; kinds; kinds &= kinds - 1) {
        unsigned kind = vtdm_tlb_lowest(kinds);
        uint8_t lg2 = VTDM_LEAF_LG2(kind);
        const uint64_t *leaf = vtdm_tlb_find(&tx->m->iotlb, &space->leaves, kind, tx->request->address >> lg2);
        if (!leaf || !*leaf)
            continue;
        *page = unpack(*leaf, lg2);
        if (!usable(tx, page)) {
            tx->overruled = true;
            continue;
        }
        tx->kept = space;
        return true;
    }
    return false;
}

bool vtdm_iotlb_find(struct vtdm_tx *tx, struct vtdm_page *page)
{
    vtdm_evict(tx);
    if (tx->fresh || !vtdm_iotlb_search(tx, page))
        return false;
    if (!tx->dry)
        tx->m->stats.iotlb_hits++;
    tx->cached = true;
    vtdm_step(tx, "IOTLB", page->pa, 0, NULL, 0, true);
    vtdm_decide(tx, page->fault ? "remembered fault" : "translation found");
    return true;
}

/* Only Caching Mode lets a unit remember that there is nothing. First-stage faults never stay. */
static bool may_keep(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    if (!page->fault && !page->absent)
        return true;
    return vtdm_cap(tx->m, VTD_CAP_CM) && tx->route.pgtt == VTD_PGTT_SECOND;
}

void vtdm_iotlb_put(struct vtdm_tx *tx, const struct vtdm_page *page)
{
    struct iommu_model_vtd *m = tx->m;
    bool passes = tx->route.pgtt == VTD_PGTT_PASS_THROUGH;
    if (tx->dry || !may_keep(tx, page))
        return;
    struct vtdm_space *space = vtdm_space_for(tx, tx->route.tag);
    unsigned kind = VTDM_LEAF_KIND(page->lg2);
    uint64_t *leaf = space ? vtdm_tlb_make(&m->iotlb, &space->leaves, kind, tx->request->address >> page->lg2) : NULL;
    if (!leaf)
        return;
    if (tx->overruled) /* somebody may have a copy of what was not good enough for this request */
        vtdm_space_touch(m, space, 0, VTDM_STAMPS - 1);
    vtdm_tlb_fill(&space->leaves, kind, leaf, pack(page) | (passes ? VTDM_LEAF_PASS : 0));
    space->passes |= passes;
    tx->kept = space;
}

/* A zero-length read may need no read right, if the unit says so and some right is there. */
static bool read_allowed(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    const struct iommu_model_request *request = tx->request;
    if (page->second_read)
        return true;
    return request->at == IOMMU_MODEL_UNTRANSLATED && request->access == IOMMU_MODEL_READ &&
           request->bytes == 0 && vtdm_cap(tx->m, VTD_CAP_ZLR) && vtdm_may_write(tx, page);
}

uint8_t vtdm_rights(const struct vtdm_tx *tx, const struct vtdm_page *page)
{
    bool legacy = tx->route.legacy;
    if (!user_allowed(tx, page))
        return VTD_FAULT_SGN_USER;
    if (tx->write && !vtdm_may_write(tx, page))
        return legacy ? VTD_FAULT_LGN_NO_WRITE : VTD_FAULT_SGN_NO_WRITE;
    if (tx->read && !read_allowed(tx, page))
        return legacy ? VTD_FAULT_LGN_NO_READ : VTD_FAULT_SGN_NO_READ;
    return VTD_FAULT_NONE;
}
