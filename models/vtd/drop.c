/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/drop.c - what each kind of invalidation takes out of which cache, and no more.
 *
 * Architecture: "Context-cache invalidation", "PASID-cache invalidation", "IOTLB invalidation", with
 * "Tagging of cached translations". Whoever copied a route (front.h) hears of every removal from the
 * context and PASID caches. Lock: held. Called by invalidate.c, regcache.c and command.c.
 */
#include "models/vtd/drop.h"
#include "models/vtd/words.h"

void vtdm_drop_all(struct iommu_model_vtd *m)
{
    vtdm_drop_contexts(m);
    vtdm_drop_pasids(m);
    vtdm_drop_translations(m);
}

void vtdm_drop_contexts(struct iommu_model_vtd *m)
{
    vtdm_front_outdate(m);
    vtdm_cache_clear(&m->context);
}

void vtdm_drop_contexts_of_domain(struct iommu_model_vtd *m, uint16_t did)
{
    vtdm_front_outdate(m);
    if (m->table_mode != VTD_TTM_LEGACY)
        vtdm_cache_clear(&m->context);
    else
        vtdm_cache_drop_domain(&m->context, did);
}

static void drop_one_context(struct iommu_model_vtd *m, uint16_t rid, uint16_t did)
{
    struct vtdm_name name = { rid, VTDM_NO_PASID, (uint8_t)m->table_mode };
    struct vtdm_cached *entry = vtdm_cache_find(&m->context, &name);
    if (entry && (m->table_mode != VTD_TTM_LEGACY || entry->did == did))
        vtdm_cache_drop(&m->context, entry);
}

void vtdm_drop_context(struct iommu_model_vtd *m, uint16_t rid, unsigned fm, uint16_t did)
{
    static const uint8_t ignored[] = {
        [VTD_FM_EXACT] = 0, [VTD_FM_BIT2] = 4, [VTD_FM_BITS21] = 6, [VTD_FM_BITS210] = 7,
    };
    vtdm_front_outdate(m);
    for (unsigned function = 0; function < 8; function++)
        if (!(function & ~(unsigned)ignored[fm & 3]))
            drop_one_context(m, (uint16_t)((rid & ~ignored[fm & 3]) | function), did);
}

void vtdm_drop_pasids(struct iommu_model_vtd *m)
{
    vtdm_front_outdate(m);
    vtdm_cache_clear(&m->pasid);
}

void vtdm_drop_pasids_of_domain(struct iommu_model_vtd *m, uint16_t did)
{
    vtdm_front_outdate(m);
    vtdm_cache_drop_domain(&m->pasid, did);
}

void vtdm_drop_pasid(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid)
{
    vtdm_front_outdate(m);
    vtdm_cache_drop_pasid(&m->pasid, did, pasid);
}

void vtdm_drop_translations(struct iommu_model_vtd *m)
{
    vtdm_front_outdate(m);
    vtdm_tlb_clear(&m->iotlb);
    vtdm_tlb_clear(&m->paging);
}

static struct vtdm_space *as_space(struct vtdm_cached *entry)
{
    return (struct vtdm_space *)(void *)entry;
}

static void forget(struct iommu_model_vtd *m, struct vtdm_space *space)
{
    vtdm_space_forget_leaves(m, space);
    vtdm_space_forget_tables(m, space);
}

void vtdm_drop_domain(struct iommu_model_vtd *m, uint16_t did)
{
    struct vtdm_cached *entry = vtdm_cache_of_domain(&m->spaces, did);
    for (; entry; entry = vtdm_cache_next_of_domain(entry))
        forget(m, as_space(entry));
}

/* Mostly it is one page, for which calls would cost as much as the work: so these are inline. */

/* Of one kind; mostly of one place. */
static VTDM_INLINE void drop_kind(struct vtdm_tlb *tlb, struct vtdm_set *set, unsigned kind, unsigned lg2,
                                  struct vtdm_range range)
{
    uint64_t first = range.first >> (lg2 - VTD_PAGE_LG2), last = range.last >> (lg2 - VTD_PAGE_LG2);
    uint64_t *word;
    if (first != last) {
        vtdm_tlb_drop(tlb, set, kind, first, last);
        return;
    }
    word = vtdm_tlb_find(tlb, set, kind, first);
    if (word)
        vtdm_tlb_empty(set, kind, word);
}

/* Stamps are of small pages: a large one may have been copied to any of them. */
static VTDM_INLINE void drop_leaves(struct iommu_model_vtd *m, struct vtdm_space *space, struct vtdm_range range)
{
    bool large = space->leaves.kinds & ~1u;
    vtdm_space_touch(m, space, range.first, large ? range.first + VTDM_STAMPS - 1 : range.last);
    for (unsigned kinds = space->leaves.kinds; kinds; kinds &= kinds - 1) {
        unsigned kind = vtdm_tlb_lowest(kinds);
        drop_kind(&m->iotlb, &space->leaves, kind, VTDM_LEAF_LG2(kind), range);
    }
}

static VTDM_INLINE void drop_tables(struct iommu_model_vtd *m, struct vtdm_space *space, struct vtdm_range range)
{
    space->lost++;
    for (unsigned kinds = space->tables.kinds; kinds; kinds &= kinds - 1) {
        unsigned kind = vtdm_tlb_lowest(kinds);
        drop_kind(&m->paging, &space->tables, kind, VTD_LEVEL_SHIFT(VTDM_TABLE_LEVEL(kind)), range);
    }
}

static VTDM_INLINE void drop_pages(struct iommu_model_vtd *m, struct vtdm_space *space, struct vtdm_range range,
                                   bool hint)
{
    drop_leaves(m, space, range);
    if (!hint)
        drop_tables(m, space, range);
}

/*
 * The address is one of the second stage, so it says nothing about first-stage input: all first-stage
 * and nested translations of the domain go. Upper levels of a nested first stage hold a second-stage
 * result, so even a leaf of the second stage changes them.
 */
void vtdm_drop_domain_pages(struct iommu_model_vtd *m, uint16_t did, struct vtdm_range range,
                            bool hint)
{
    struct vtdm_cached *entry = vtdm_cache_of_domain(&m->spaces, did);
    for (; entry; entry = vtdm_cache_next_of_domain(entry)) {
        struct vtdm_space *space = as_space(entry);
        if (entry->name.pasid == VTDM_NO_PASID) {
            drop_pages(m, space, range, hint);
            continue;
        }
        vtdm_space_forget_leaves(m, space);
        if (!hint || space->nested)
            vtdm_space_forget_tables(m, space);
    }
}

/* Pass-through translations have no page table of their own to name, so they go with any PASID. */
static void drop_passes(struct iommu_model_vtd *m, uint16_t did)
{
    struct vtdm_space *space = vtdm_space_find(m, did, VTDM_NO_PASID);
    if (!space || !space->passes)
        return;
    vtdm_space_touch(m, space, 0, VTDM_STAMPS - 1);
    vtdm_tlb_drop_marked(&m->iotlb, &space->leaves, VTDM_LEAF_PASS);
    space->passes = false;
}

void vtdm_drop_tagged(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid)
{
    struct vtdm_space *space = vtdm_space_find(m, did, pasid);
    if (space)
        forget(m, space);
    drop_passes(m, did);
}

void vtdm_drop_tagged_pages(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid,
                            struct vtdm_range range, bool hint)
{
    struct vtdm_space *space = vtdm_space_find(m, did, pasid);
    if (space)
        drop_pages(m, space, range, hint);
}
