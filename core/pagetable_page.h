/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_page.h - pages of one table in and out, small or large, where all on the way down is there and settled.
 *
 * In a header, so that core/map.c has no calls to make: those were a quarter of the time. See PT_INLINE for `plain`.
 *
 * Takes no lock. A range belongs to one call at a time, see pagetable_count.h.
 */
#ifndef CORE_PAGETABLE_PAGE_H
#define CORE_PAGETABLE_PAGE_H

#include "core/pagetable_count.h"
#include "core/pagetable_dead.h"
#include "core/pagetable_run.h"

/* Where pages are in a pinned leaf table. */
struct pt_place {
    pt_entry *entry, *slot; /* the pointer at the table, and the first leaf */
    uint64_t one;           /* what counts one leaf or pin in that pointer */
};

/* Take pins, and leaves that are gone, away. True: nothing is left. */
static PT_INLINE bool pt_place_leave(const struct pt_place *place, unsigned count)
{
    uint64_t bits = place->one * count;

    return !((pt_count_add(place->entry, 0 - bits) - bits) & (place->one * PT_COUNT_MASK));
}

/*
 * Pin the leaf table of iova's page, if it is there and settled and has at least so many leaves. Looked at first and pinned
 * then; so the place is known beforehand, and what is read there need not wait for the pin's result. If the pointer is
 * another one by then the pin is taken back.
 */
static PT_INLINE bool pt_find_place(const struct iommu_pt *pt, uint64_t iova, unsigned least, bool plain,
                                    struct pt_place *place)
{
    const struct pt_view view = pt_view(pt, plain);
    uint64_t value, count;

    if (!view.count_shift || !pt_find_entry(&view, iova, 2, plain, &place->entry))
        return false;
    value = pt_load(place->entry);
    count = (value >> view.count_shift) & PT_COUNT_MASK;
    if (!(value & view.settled) || count - least >= PT_COUNT_MOST - least)
        return false;
    place->slot = pt_table_in(&view, value, plain) + pt_slot(iova);
    place->one = (uint64_t)1 << view.count_shift;
    value ^= pt_count_add(place->entry, place->one);
    if (!(value & (view.settled | view.address)))
        return true;
    (void)pt_count_add(place->entry, 0 - place->one);
    return false;
}

/* ---- in ------------------------------------------------------------------------------------------------ */

/*
 * The same for `count` leaves, if there may be room for them. To add first and look then is for one pin at a time: the
 * count does not run over, however many threads do it.
 */
static PT_INLINE bool pt_find_room(const struct iommu_pt *pt, uint64_t iova, unsigned count, bool plain,
                                   struct pt_place *place)
{
    const struct pt_view view = pt_view(pt, plain);
    uint64_t value;

    if (!view.count_shift || !pt_find_entry(&view, iova, 2, plain, &place->entry))
        return false;
    place->one = (uint64_t)1 << view.count_shift;
    value = pt_load(place->entry);
    do
        if (!(value & view.settled) || ((value >> view.count_shift) & PT_COUNT_MASK) > PT_COUNT_MOST - count)
            return false;
    while (!pt_exchange(place->entry, &value, value + place->one * count));
    place->slot = pt_table_in(&view, value, plain) + pt_slot(iova);
    return true;
}

/* Pages within one leaf table. 1: it is not to be had like that; nothing has changed then. -EEXIST. */
static PT_INLINE int pt_map_pages(struct iommu_pt *pt, uint64_t iova, unsigned count, uint64_t leaf, bool plain)
{
    struct pt_place place;

    if (!(PT_IS_ONE(count) ? pt_find_place(pt, iova, 0, plain, &place) : pt_find_room(pt, iova, count, plain, &place)))
        return 1;
    if (pt_any(place.slot, count)) {
        (void)pt_place_leave(&place, count);
        return -IOMMU_EEXIST;
    }
    pt_set(pt, place.slot, count, leaf, IOMMU_PAGE_SIZE);
    if (!plain)
        pt_flush(pt, place.slot, count);
    return 0;
}

/* ---- out ----------------------------------------------------------------------------------------------- */

/* Enter [iova, last], just cleared, into the gather; leaf_lg2 of the smallest page in it. */
static inline void pt_note(struct iommu_gather *gather, uint64_t iova, uint64_t last, uint8_t leaf_lg2)
{
    if (iova < gather->first)
        gather->first = iova;
    if (last > gather->last)
        gather->last = last;
    if (leaf_lg2 < gather->leaf_lg2)
        gather->leaf_lg2 = leaf_lg2;
}

/* The table has become empty: unlink it unless somebody has pinned it since. */
void pt_drop_empty(struct iommu_pt *pt, pt_entry *entry, uint64_t iova, struct iommu_gather *gather);

/* Pages within one leaf table. 1: it is not to be had like that; nothing has changed then. -ENOENT. */
static PT_INLINE int pt_unmap_pages(struct iommu_pt *pt, uint64_t iova, unsigned count, struct iommu_gather *gather,
                                    bool plain)
{
    struct pt_place place;

    if (!pt_find_place(pt, iova, 1, plain, &place))
        return 1;
    if (!pt_all(place.slot, count)) {
        (void)pt_place_leave(&place, 1);
        return -IOMMU_ENOENT;
    }
    pt_set(pt, place.slot, count, 0, 0);
    if (!plain)
        pt_flush(pt, place.slot, count);
    pt_note(gather, iova, iova + (count * IOMMU_PAGE_SIZE - 1), IOMMU_PAGE_LG2);
    if (pt_place_leave(&place, count + 1))
        pt_drop_empty(pt, place.entry, iova, gather);
    return 0;
}

/* ---- large pages --------------------------------------------------------------------------------------- */

/*
 * One large page, which is aligned, of a level that hardware may not know. 1: its entry is not there or not empty, or
 * something is unsynced. The exchange is the fence.
 */
static PT_INLINE int pt_map_large(struct iommu_pt *pt, uint64_t iova, uint64_t leaf, unsigned level, bool plain)
{
    const struct pt_view view = pt_view(pt, plain);
    pt_entry *entry;
    uint64_t empty = 0;

    if (!(pt->config.page_sizes & pt_span(level)) || !pt_find_entry(&view, iova, level, plain, &entry))
        return 1;
    if (pt_load(entry) || pt_is_unsynced(pt) || !pt_exchange(entry, &empty, leaf | view.large))
        return 1;
    if (!plain)
        pt_flush(pt, entry, 1);
    return 0;
}

/* The range is one large page? As pt_map_large(). 1: it is not. */
static PT_INLINE int pt_map_block(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t leaf, bool plain)
{
    unsigned level = pt_block_level(iova, last);

    if (!level || (leaf & (last - iova) & pt->config.format->address))
        return 1;
    return pt_map_large(pt, iova, leaf, level, plain);
}

/* Tables above iova's entry, which has been cleared, go to the gather if they are empty. One caller at a time. */
void pt_prune_now(struct iommu_pt *pt, uint64_t iova, struct iommu_gather *gather);

/* The same where it may be. */
static PT_INLINE void pt_prune(struct iommu_pt *pt, uint64_t iova, struct iommu_gather *gather)
{
    if (PT_SELDOM(pt_one_caller(pt)))
        pt_prune_now(pt, iova, gather);
}

/*
 * What one entry of `level` maps: a large page, or, if `tables` (a constant, too) may be, a leaf table full of small ones,
 * unread. 1: anything else; nothing has changed then.
 */
static PT_INLINE int pt_unmap_entry(struct iommu_pt *pt, uint64_t iova, unsigned level, struct iommu_gather *gather,
                                    bool plain, bool tables)
{
    const struct pt_view view = pt_view(pt, plain);
    pt_entry *entry;
    uint64_t value;
    bool table;

    if (!pt_find_entry(&view, iova, level, plain, &entry))
        return 1;
    value = pt_load(entry);
    table = !(value & view.large); /* or nothing */
    if (table && (!tables || level > 2 || !view.count_shift || pt_count_of(pt, value) != PT_ENTRIES))
        return 1;
    atomic_store_explicit(entry, 0, memory_order_release);
    if (!plain)
        pt_flush(pt, entry, 1);
    if (table)
        pt_bury(pt, pt_table_in(&view, value, plain), 1, gather);
    pt_prune(pt, iova, gather);
    pt_note(gather, iova, iova | (pt_span(level) - 1), (uint8_t)pt_shift(table ? 1 : level));
    return 0;
}

#endif
