/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_page.h - one page in, one out, small or large, where all on the way down is there and settled.
 *
 * In a header, so that core/map.c has no calls to make: those were a quarter of the time. See PT_INLINE for `plain`.
 *
 * Takes no lock. A range belongs to one call at a time, see pagetable_count.h.
 */
#ifndef CORE_PAGETABLE_PAGE_H
#define CORE_PAGETABLE_PAGE_H

#include "core/pagetable_count.h"
#include "core/pagetable_dead.h"

/* The place of one page in a pinned leaf table. */
struct pt_place {
    pt_entry *entry, *slot; /* the pointer at its table, and its leaf */
    uint64_t one;           /* what counts one leaf or pin in that pointer */
    bool alone;             /* one caller at a time */
};

/* As pt_count_add(). */
static PT_INLINE uint64_t pt_place_add(const struct pt_place *place, uint64_t bits)
{
    uint64_t value;

    if (!place->alone)
        return atomic_fetch_add_explicit(place->entry, bits, memory_order_seq_cst);
    value = pt_load(place->entry);
    atomic_store_explicit(place->entry, value + bits, memory_order_relaxed);
    return value;
}

/* Take a pin, and leaves that are gone, away. True: nothing is left. */
static PT_INLINE bool pt_place_leave(const struct pt_place *place, unsigned count)
{
    uint64_t bits = place->one * count;

    return !((pt_place_add(place, 0 - bits) - bits) & (place->one * PT_COUNT_MASK));
}

/*
 * Pin the leaf table of iova's page, if it is there and settled and has at least so many leaves. Looked at first and pinned
 * then; so the leaf's place is known beforehand, and what is read there need not wait for the pin's result. If the pointer
 * is another one by then the pin is taken back.
 */
static PT_INLINE bool pt_find_place(const struct iommu_pt *pt, uint64_t iova, unsigned least, bool plain, struct pt_place *place)
{
    const struct pt_view view = pt_view(pt);
    const unsigned shift = pt->config.format->count_shift;
    uint64_t value, count;

    place->alone = pt_is_alone(pt);
    place->entry = pt_entry_in(&view, iova, 2, plain);
    if (!place->entry || (!plain && !shift))
        return false;
    value = pt_load(place->entry);
    count = (value >> shift) & PT_COUNT_MASK;
    if (!(value & view.settled) || count - least >= PT_COUNT_MOST - least)
        return false;
    place->slot = pt_table_in(&view, value, plain) + pt_slot(iova);
    place->one = (uint64_t)1 << shift;
    value ^= pt_place_add(place, place->one);
    if (!(value & (view.settled | view.address)))
        return true;
    (void)pt_place_add(place, 0 - place->one);
    return false;
}

/* One small page in a plain table. 1: its leaf table is not to be had like that; nothing has changed then. -EEXIST. */
static PT_INLINE int pt_map_page(struct iommu_pt *pt, uint64_t iova, uint64_t leaf)
{
    struct pt_place place;

    if (!pt_find_place(pt, iova, 0, true, &place))
        return 1;
    if (pt_load(place.slot)) {
        (void)pt_place_add(&place, 0 - place.one);
        return -IOMMU_EEXIST;
    }
    atomic_store_explicit(place.slot, leaf, memory_order_relaxed);
    return 0;
}

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

/* One small page in a plain table. 1: its leaf table is not to be had like that; nothing has changed then. -ENOENT. */
static PT_INLINE int pt_unmap_page(struct iommu_pt *pt, uint64_t iova, struct iommu_gather *gather)
{
    struct pt_place place;

    if (!pt_find_place(pt, iova, 1, true, &place))
        return 1;
    if (!pt_load(place.slot)) {
        (void)pt_place_add(&place, 0 - place.one);
        return -IOMMU_ENOENT;
    }
    atomic_store_explicit(place.slot, 0, memory_order_relaxed);
    pt_note(gather, iova, iova | (IOMMU_PAGE_SIZE - 1), IOMMU_PAGE_LG2);
    if (pt_place_leave(&place, 2))
        pt_drop_empty(pt, place.entry, iova, gather);
    return 0;
}

/* ---- large pages --------------------------------------------------------------------------------------- */

/*
 * The range is one large page, whose entry is there and empty, and nothing is unsynced. 1: anything else. The exchange
 * is the fence.
 */
static PT_INLINE int pt_map_block(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t leaf, bool plain)
{
    const struct pt_view view = pt_view(pt);
    unsigned level = pt_block_level(iova, last);
    pt_entry *entry;
    uint64_t empty = 0;

    if (!level || !(pt->config.page_sizes & pt_span(level)) || (leaf & (pt_span(level) - 1) & pt->config.format->address))
        return 1;
    entry = pt_entry_in(&view, iova, level, plain);
    if (!entry || pt_load(entry) || pt_is_unsynced(pt) ||
        !pt_exchange(pt, entry, &empty, leaf | pt->config.format->large))
        return 1;
    if (!plain)
        pt_flush(pt, entry, 1);
    return 0;
}

/* On a host with one caller at a time: tables above iova's entry that have become empty go to the gather. */
void pt_prune(struct iommu_pt *pt, uint64_t iova, struct iommu_gather *gather);

/* The range is one large page, or a leaf table full of small ones, unread. 1: anything else. */
static PT_INLINE int pt_unmap_block(struct iommu_pt *pt, uint64_t iova, uint64_t last, struct iommu_gather *gather, bool plain)
{
    const struct pt_view view = pt_view(pt);
    unsigned level = pt_block_level(iova, last);
    pt_entry *entry = level ? pt_entry_in(&view, iova, level, plain) : NULL;
    uint64_t value = entry ? pt_load(entry) : 0;
    bool table = pt_is_table(pt, level, value);

    if (!pt_is_present(pt, value) || (table && (level > 2 || !pt_counts(pt) || pt_count_of(pt, value) != PT_ENTRIES)))
        return 1;
    atomic_store_explicit(entry, 0, memory_order_release);
    if (!plain)
        pt_flush(pt, entry, 1);
    if (table)
        pt_bury(pt, pt_table_in(&view, value, plain), 1, gather);
    if (pt_one_caller(pt))
        pt_prune(pt, iova, gather);
    pt_note(gather, iova, last, (uint8_t)pt_shift(table ? 1 : level));
    return 0;
}

#endif
