/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_short.c - the ordinary maps, without the passes of pagetable_map.c.
 *
 * What a range touches is one entry, one run in a leaf table that is there, or one leaf table that is not: pin, look,
 * fill, see pagetable_count.h; or fill and link. All that is on the way is settled. Anything else is 1, nothing has been
 * changed then, and the caller takes the long way.
 *
 * Takes no lock but the stock's. Called by core/map.c.
 */
#include "core/pagetable_count.h"
#include "core/pagetable_map.h"
#include "core/pagetable_page.h"
#include "core/pagetable_run.h"

/* [iova, last] is a whole leaf table of small pages, where there is none. 1: anything else. */
static PT_INLINE int map_table(struct iommu_pt *pt, uint64_t iova, uint64_t leaf, bool plain)
{
    const struct pt_view view = pt_view(pt, plain);
    uint64_t empty = 0, bits = pt_count_bits(pt, PT_ENTRIES) | pt->config.format->flushed | pt->config.format->table;
    pt_entry *entry, *table;
    struct pt_pages pages = {{NULL, NULL}};

    if (!pt_counts(pt) || !pt_find_entry(&view, iova, 2, plain, &entry) || pt_load(entry) || pt_is_unsynced(pt))
        return 1;
    if (pt_pages_get(pt, &pages, 0, 1))
        return -IOMMU_ENOMEM;
    table = pt_pages_pop(&pages, PT_PAGE_ANY);
    pt_run_fill(pt, table, PT_ENTRIES, leaf, IOMMU_PAGE_SIZE);
    if (!plain)
        pt_flush(pt, table, PT_ENTRIES);
    if (!pt_exchange(entry, &empty, bits | host_virt_to_phys(pt->platform, (const void *)table))) {
        pt_pages_push(&pages, PT_PAGE_ANY, table);
        pt_pages_put(pt, &pages);
        return 1;
    }
    if (!plain)
        pt_flush(pt, entry, 1);
    return 0;
}

static PT_INLINE int map_several(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t leaf, bool plain)
{
    int result;

    if (pt_is_within_table(iova, last))
        return pt_map_pages(pt, iova, pt_pages_in(iova, last), leaf, plain);
    result = pt_map_block(pt, iova, last, leaf, plain);
    return result > 0 && pt_block_level(iova, last) == 2 ? map_table(pt, iova, leaf, plain) : result;
}

static __attribute__((noinline)) int map_through_hooks(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t leaf)
{
    int result = map_several(pt, iova, last, leaf, false);

    if (!result)
        pt_order(pt);
    return result;
}

int pt_map_short(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t pa, uint32_t prot)
{
    uint64_t leaf = pa | pt_leaf_bits(pt, prot);

    return pt_is_plain(pt) ? map_several(pt, iova, last, leaf, true) : map_through_hooks(pt, iova, last, leaf);
}
