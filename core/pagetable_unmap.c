/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_unmap.c - taking mappings out.
 *
 * A range within one leaf table is short: pin, look, clear (pagetable_count.h). Any other takes two passes, so that a
 * refusal has changed nothing: the first looks at the whole range, the second clears it. The leaf tables at both ends
 * are shared with others and pinned in between; of those that the range covers, the counts say whether they are full.
 *
 * Order: clear, flush, and later, by others: invalidate, wait, free. A table that the range covers is unlinked with
 * all below it, unread, and goes to the gather; nobody else can be working on it, because other threads' ranges are
 * disjoint. So does a leaf table whose last leaf goes. Until a sync has waited, hardware may remember the empty table:
 * pt->unsynced tells those who put another one in its place.
 *
 * Takes no lock, allocates and frees nothing. Called by core/map.c and drivers.
 */
#include "core/pagetable_count.h"
#include "core/pagetable_dead.h"
#include "core/pagetable_run.h"

struct unmap {
    struct pt_walk walk;
    uint64_t first, last;
    uint8_t leaf_lg2;    /* smallest page, which invalidation must know */
    pt_entry *pinned[2]; /* entries of leaf tables that the range has in part */
};

static void note_leaf(struct unmap *unmap, unsigned level)
{
    if (pt_shift(level) < unmap->leaf_lg2)
        unmap->leaf_lg2 = (uint8_t)pt_shift(level);
}

/* The part of the current entry's leaf table that lies within `last`. */
static unsigned slot_count(const struct pt_walk *walk, uint64_t last)
{
    uint64_t end = walk_last(walk) < last ? walk_last(walk) : last;

    return (unsigned)((end - walk->iova + 1) >> IOMMU_PAGE_LG2);
}

static unsigned slot_index(uint64_t iova)
{
    return (unsigned)(iova >> IOMMU_PAGE_LG2) % PT_ENTRIES;
}

/* ---- looking ------------------------------------------------------------------------------------------ */

static bool slot_is_mapped(struct unmap *unmap)
{
    const struct iommu_pt *pt = unmap->walk.pt;
    pt_entry *entry = walk_entry(&unmap->walk);
    unsigned count = slot_count(&unmap->walk, unmap->last);
    uint64_t value = pt_load(entry);

    note_leaf(unmap, 1);
    if (pt_counts(pt) && count == PT_ENTRIES)
        return pt_count_of(pt, value) >= PT_ENTRIES;
    if (pt_pin_one(pt, entry, 1, &value) != PT_PINNED)
        return false;
    if (pt_counts(pt))
        unmap->pinned[unmap->pinned[0] != NULL] = entry;
    return pt_run_all(pt_table_of(pt, value) + slot_index(unmap->walk.iova), count);
}

/* Is the range mapped throughout, in whole pages? */
static int check(struct unmap *unmap)
{
    struct pt_walk *walk = &unmap->walk;

    while (walk->iova <= unmap->last) {
        uint64_t value = pt_load(walk_entry(walk));

        if (!pt_is_present(walk->pt, value))
            return -IOMMU_ENOENT;
        if (!pt_is_table(walk->pt, walk->level, value)) {
            if (walk_first(walk) < unmap->first || walk_last(walk) > unmap->last)
                return -IOMMU_EINVAL;
            note_leaf(unmap, walk->level);
        } else if (walk->level > 2) {
            walk_down(walk, value);
            continue;
        } else if (!slot_is_mapped(unmap)) {
            return -IOMMU_ENOENT;
        }
        walk_to(walk, walk_last(walk) + 1);
    }
    return 0;
}

/* ---- clearing ----------------------------------------------------------------------------------------- */

/* The count has gone to 0: unlink the table unless somebody has pinned it since. */
static void unlink_empty(struct iommu_pt *pt, pt_entry *entry, struct iommu_gather *gather)
{
    uint64_t value = pt_load(entry);
    pt_entry *table = pt_table_of(pt, value);

    if (!pt_is_table(pt, 2, value) || pt_count_of(pt, value))
        return;
    /* First, so that who finds the entry empty finds this. */
    __atomic_fetch_add(&pt->unsynced, 1, __ATOMIC_SEQ_CST);
    if (!atomic_compare_exchange_strong_explicit(entry, &value, 0, memory_order_seq_cst, memory_order_relaxed)) {
        __atomic_fetch_sub(&pt->unsynced, 1, __ATOMIC_SEQ_CST);
        return;
    }
    pt_flush(pt, entry, 1);
    pt_bury(pt, table, PT_DEAD_EMPTIED, gather);
}

/* Clear leaves of a leaf table, on which the caller has `pins`. */
static void clear_slot(struct iommu_pt *pt, pt_entry *entry, uint64_t value, uint64_t iova, unsigned count,
                       unsigned pins, struct iommu_gather *gather)
{
    pt_entry *run = pt_table_of(pt, value) + slot_index(iova);

    if (count == 1)
        atomic_store_explicit(run, 0, memory_order_relaxed);
    else
        pt_run_clear(run, count);
    pt_flush(pt, run, count);
    if (pt_unpin(pt, entry, count + pins))
        unlink_empty(pt, entry, gather);
}

/* Clear one entry; what hangs below it goes to the gather. */
static void clear_entry(const struct pt_walk *walk, pt_entry *entry, struct iommu_gather *gather)
{
    uint64_t value = pt_load(entry);

    atomic_store_explicit(entry, 0, memory_order_release);
    if (pt_is_table(walk->pt, walk->level, value))
        pt_bury(walk->pt, pt_table_of(walk->pt, value), walk->level - 1, gather);
}

/*
 * Clear the entries of the current table that lie within `last`, flush them at once, and go on behind them. It
 * stops before an entry that reaches beyond `last`: that one can only be a table, for the caller to enter.
 */
static void clear_run(struct pt_walk *walk, uint64_t last, struct iommu_gather *gather)
{
    unsigned start = walk_index(walk), index = start;
    uint64_t room = (last - walk->iova + 1) >> pt_shift(walk->level);
    pt_entry *table = walk->table[walk->level];

    for (; index < PT_ENTRIES && index - start < room; index++)
        clear_entry(walk, &table[index], gather);
    pt_flush(walk->pt, &table[start], index - start);
    walk_to(walk, walk->iova + ((uint64_t)(index - start) << pt_shift(walk->level)));
}

void pt_note(struct iommu_gather *gather, uint64_t iova, uint64_t last, uint8_t leaf_lg2)
{
    if (iova < gather->first)
        gather->first = iova;
    if (last > gather->last)
        gather->last = last;
    if (leaf_lg2 < gather->leaf_lg2)
        gather->leaf_lg2 = leaf_lg2;
}

/* With a pin on each of the entries in `pinned`. */
static void clear(struct iommu_pt *pt, uint64_t iova, uint64_t last, pt_entry *const pinned[2],
                  struct iommu_gather *gather)
{
    struct pt_walk walk = walk_start(pt, iova);

    while (walk.iova <= last) {
        pt_entry *entry = walk_entry(&walk);
        uint64_t value = pt_load(entry);

        if (walk_first(&walk) >= walk.iova && walk_last(&walk) <= last) {
            clear_run(&walk, last, gather);
            continue;
        }
        if (pt_is_table(pt, walk.level, value) && walk.level > 2) {
            walk_down(&walk, value);
            continue;
        }
        if (pt_is_table(pt, walk.level, value))
            clear_slot(pt, entry, value, walk.iova, slot_count(&walk, last),
                       entry == pinned[0] || entry == pinned[1], gather);
        walk_to(&walk, walk_last(&walk) + 1); /* no table: vanished, somebody else works on this range */
    }
}

void pt_clear(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint8_t leaf_lg2,
              struct iommu_gather *gather)
{
    pt_entry *const none[2] = {NULL, NULL};

    clear(pt, iova, last, none, gather);
    pt_note(gather, iova, last, leaf_lg2);
}

/* ---- all of it ---------------------------------------------------------------------------------------- */

/* The range lies within one leaf table. 1: that is not there, or the whole range. */
static int unmap_in_slot(struct iommu_pt *pt, uint64_t iova, uint64_t last, struct iommu_gather *gather)
{
    unsigned count = (unsigned)((last - iova + 1) >> IOMMU_PAGE_LG2);
    pt_entry *entry = pt_entry_at(pt, iova, 2);
    pt_entry *run;
    uint64_t value;

    if (!entry || !pt_counts(pt) || count == PT_ENTRIES || pt_pin_one(pt, entry, 1, &value) != PT_PINNED)
        return 1;
    run = pt_table_of(pt, value) + slot_index(iova);
    if (count == 1 ? !pt_load(run) : !pt_run_all(run, count)) {
        (void)pt_unpin(pt, entry, 1);
        return -IOMMU_ENOENT;
    }
    clear_slot(pt, entry, value, iova, count, 1, gather);
    pt_note(gather, iova, last, IOMMU_PAGE_LG2);
    return 0;
}

/* The range is one large page. 1: anything else. */
static int unmap_block(struct iommu_pt *pt, uint64_t iova, uint64_t last, struct iommu_gather *gather)
{
    unsigned level = pt_block_level(iova, last);
    pt_entry *entry = level && level <= pt->config.levels ? pt_entry_at(pt, iova, level) : NULL;
    uint64_t value = entry ? pt_load(entry) : 0;

    if (!pt_is_present(pt, value) || pt_is_table(pt, level, value))
        return 1;
    atomic_store_explicit(entry, 0, memory_order_release);
    pt_flush(pt, entry, 1);
    pt_note(gather, iova, last, (uint8_t)pt_shift(level));
    return 0;
}

int iommu_pt_unmap(struct iommu_pt *pt, uint64_t iova, uint64_t last, struct iommu_gather *gather)
{
    struct unmap unmap;
    int result = 1;

    if (last > iommu_pt_last(pt))
        return -IOMMU_ENOENT;
    if (iova >> pt_shift(2) == last >> pt_shift(2))
        result = unmap_in_slot(pt, iova, last, gather);
    if (result > 0)
        result = unmap_block(pt, iova, last, gather);
    if (result <= 0)
        return result;

    unmap = (struct unmap){.walk = walk_start(pt, iova), .first = iova, .last = last, .leaf_lg2 = 63};
    result = check(&unmap);
    if (!result) {
        clear(pt, iova, last, unmap.pinned, gather);
        pt_note(gather, iova, last, unmap.leaf_lg2);
        return 0;
    }
    for (unsigned i = 0; i < 2; i++)
        if (unmap.pinned[i])
            (void)pt_unpin(pt, unmap.pinned[i], 1);
    return result;
}
