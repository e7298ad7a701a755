/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/drop.c - what each kind of invalidation takes out of which cache, and no more.
 *
 * Architecture: "Context-cache invalidation", "PASID-cache invalidation", "IOTLB invalidation", with
 * "Tagging of cached translations". Lock: held. Called by invalidate.c, regcache.c and command.c.
 */
#include "models/vtd/drop.h"
#include "models/vtd/model.h"

/* Up to this many pages, entries are looked up by name; above, the domain's list is searched. */
#define PROBE_PAGES 512u

static const uint8_t page_sizes[] = { VTD_LEAF_4K_LG2, VTD_LEAF_2M_LG2, VTD_LEAF_1G_LG2 };
static const uint8_t table_sizes[] = { 21, 30, 39, 48 };

struct vtdm_range vtdm_range_of(struct iommu_model_vtd *m, uint64_t address, unsigned am)
{
    uint64_t page = address >> VTD_PAGE_LG2;
    uint64_t mask = am >= 52 ? VTD_ALL_ONES >> VTD_PAGE_LG2 : SPEC_BIT64(am) - 1;
    if (page & mask)
        vtdm_misuse(m, "an invalidation's address is not aligned to its mask");
    return (struct vtdm_range){ page & ~mask, page | mask };
}

void vtdm_drop_all(struct iommu_model_vtd *m)
{
    vtdm_drop_contexts(m);
    vtdm_drop_pasids(m);
    vtdm_drop_translations(m);
}

void vtdm_drop_contexts(struct iommu_model_vtd *m)
{
    vtdm_cache_clear(&m->context);
}

void vtdm_drop_contexts_of_domain(struct iommu_model_vtd *m, uint16_t did)
{
    if (m->table_mode != VTD_TTM_LEGACY)
        vtdm_cache_clear(&m->context);
    else
        vtdm_cache_drop_domain(&m->context, did, VTDM_SECOND, NULL, NULL);
}

static void drop_one_context(struct iommu_model_vtd *m, uint16_t rid, uint16_t did)
{
    struct vtdm_name name = { rid, VTDM_NO_PASID, 0, (uint8_t)m->table_mode };
    struct vtdm_cached *entry = vtdm_cache_find(&m->context, &name);
    if (entry && (m->table_mode != VTD_TTM_LEGACY || entry->did == did))
        vtdm_cache_drop(&m->context, entry);
}

void vtdm_drop_context(struct iommu_model_vtd *m, uint16_t rid, unsigned fm, uint16_t did)
{
    static const uint8_t ignored[] = {
        [VTD_FM_EXACT] = 0, [VTD_FM_BIT2] = 4, [VTD_FM_BITS21] = 6, [VTD_FM_BITS210] = 7,
    };
    for (unsigned function = 0; function < 8; function++)
        if (!(function & ~(unsigned)ignored[fm & 3]))
            drop_one_context(m, (uint16_t)((rid & ~ignored[fm & 3]) | function), did);
}

void vtdm_drop_pasids(struct iommu_model_vtd *m)
{
    vtdm_cache_clear(&m->pasid);
}

void vtdm_drop_pasids_of_domain(struct iommu_model_vtd *m, uint16_t did)
{
    vtdm_cache_drop_domain(&m->pasid, did, VTDM_TAGGED, NULL, NULL);
}

void vtdm_drop_pasid(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid)
{
    vtdm_cache_drop_pasid(&m->pasid, did, pasid, NULL, NULL);
}

void vtdm_drop_translations(struct iommu_model_vtd *m)
{
    vtdm_cache_clear(&m->iotlb);
    vtdm_cache_clear(&m->paging);
}

void vtdm_drop_domain(struct iommu_model_vtd *m, uint16_t did)
{
    for (unsigned class = 0; class < VTDM_CLASSES; class++) {
        vtdm_cache_drop_domain(&m->iotlb, did, class, NULL, NULL);
        vtdm_cache_drop_domain(&m->paging, did, class, NULL, NULL);
    }
}

static bool overlaps(const struct vtdm_cached *entry, const void *argument)
{
    const struct vtdm_range *range = argument;
    unsigned shift = entry->name.lg2 - VTD_PAGE_LG2;
    return entry->name.place >= range->first >> shift && entry->name.place <= range->last >> shift;
}

static bool is_nested(const struct vtdm_cached *entry, const void *argument)
{
    (void)argument;
    return ((const struct vtdm_paging *)(const void *)entry)->nested;
}

/*
 * Entries named {did, pasid} that overlap the range, for each size the cache can hold. Those named
 * VTDM_NO_PASID are the ones of second stage and pass-through: a first stage always has a PASID.
 */
static void drop_pages(struct vtdm_cache *cache, const uint8_t *sizes, unsigned count, uint16_t did,
                       uint32_t pasid, const struct vtdm_range *range)
{
    if (range->last - range->first >= PROBE_PAGES) {
        vtdm_cache_drop_pasid(cache, did, pasid, overlaps, range);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned shift = sizes[i] - VTD_PAGE_LG2;
        for (uint64_t place = range->first >> shift; place <= range->last >> shift; place++) {
            struct vtdm_name name = { place, pasid, did, sizes[i] };
            struct vtdm_cached *entry = vtdm_cache_find(cache, &name);
            if (entry)
                vtdm_cache_drop(cache, entry);
        }
    }
}

static void drop_leaves(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid,
                        const struct vtdm_range *range)
{
    drop_pages(&m->iotlb, page_sizes, sizeof(page_sizes), did, pasid, range);
}

static void drop_tables(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid,
                        const struct vtdm_range *range)
{
    drop_pages(&m->paging, table_sizes, sizeof(table_sizes), did, pasid, range);
}

/*
 * The address is one of the second stage, so it says nothing about first-stage input: all first-stage
 * and nested translations of the domain go. Upper levels of a nested first stage hold a second-stage
 * result, so even a leaf of the second stage changes them.
 */
void vtdm_drop_domain_pages(struct iommu_model_vtd *m, uint16_t did, struct vtdm_range range,
                            bool hint)
{
    drop_leaves(m, did, VTDM_NO_PASID, &range);
    vtdm_cache_drop_domain(&m->iotlb, did, VTDM_TAGGED, NULL, NULL);
    if (!hint)
        drop_tables(m, did, VTDM_NO_PASID, &range);
    vtdm_cache_drop_domain(&m->paging, did, VTDM_TAGGED, hint ? is_nested : NULL, NULL);
}

/* Pass-through translations have no page table of their own to name, so they go with any PASID. */
void vtdm_drop_tagged(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid)
{
    vtdm_cache_drop_pasid(&m->iotlb, did, pasid, NULL, NULL);
    vtdm_cache_drop_pasid(&m->paging, did, pasid, NULL, NULL);
    vtdm_cache_drop_domain(&m->iotlb, did, VTDM_PASS, NULL, NULL);
}

void vtdm_drop_tagged_pages(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid,
                            struct vtdm_range range, bool hint)
{
    drop_leaves(m, did, pasid, &range);
    if (!hint)
        drop_tables(m, did, pasid, &range);
}
