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
#include "core/pagetable_idle.h"
#include "core/pagetable_page.h"
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

    return pt_pages_in(walk->iova, end);
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
    if (pt_pin(pt, entry, 1, &value) != PT_PINNED)
        return false;
    if (pt_counts(pt))
        unmap->pinned[unmap->pinned[0] != NULL] = entry;
    return pt_run_all(pt_table_of(pt, value) + pt_slot(unmap->walk.iova), count);
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

/*
 * One caller at a time: nobody is on the way down, and tables above the leaf tables can go as well when they are empty.
 * They are looked at only when an entry of theirs has been cleared, first near that.
 */
void pt_prune_now(struct iommu_pt *pt, uint64_t iova, struct iommu_gather *gather)
{
    struct pt_walk walk = walk_start(pt, iova);
    uint64_t value = pt_load(walk_entry(&walk));

    for (; pt_is_table(pt, walk.level, value); value = pt_load(walk_entry(&walk)))
        walk_down(&walk, value);
    while (walk.level > 1 && walk.level < pt->config.levels) {
        pt_entry *table = walk.table[walk.level];

        if (pt_run_any(&table[walk_index(&walk) & ~7u], 8) || pt_run_any(table, PT_ENTRIES))
            return;
        walk.level++;
        (void)pt_unlink_empty(pt, walk_entry(&walk), walk.level, gather);
    }
}

/* The count has gone to 0: the table goes unless somebody has pinned it since. */
void pt_drop_empty(struct iommu_pt *pt, pt_entry *entry, uint64_t iova, struct iommu_gather *gather)
{
    if (gather->keep_idle)
        gather->idle = true;
    else if (pt_unlink_empty(pt, entry, 2, gather))
        pt_prune(pt, iova, gather);
}

void pt_unlink_idle(struct iommu_pt *pt, uint64_t iova, struct iommu_gather *gather)
{
    pt_entry *entry = pt_entry_at(pt, iova, 2);

    if (entry)
        pt_drop_empty(pt, entry, iova, gather);
}

/* Clear leaves of a leaf table, on which the caller has `pins`. */
static void clear_slot(struct iommu_pt *pt, pt_entry *entry, pt_entry *run, uint64_t iova, unsigned count, unsigned pins,
                       struct iommu_gather *gather)
{
    pt_run_fill(pt, run, count, 0, 0);
    pt_flush(pt, run, count);
    if (pt_unpin(pt, entry, count + pins))
        pt_drop_empty(pt, entry, iova, gather);
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
            clear_slot(pt, entry, pt_table_of(pt, value) + pt_slot(walk.iova), walk.iova, slot_count(&walk, last),
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

static __attribute__((noinline)) int unmap_range(struct iommu_pt *pt, uint64_t iova, uint64_t last,
                                                 struct iommu_gather *gather)
{
    struct unmap unmap = {.walk = walk_start(pt, iova), .first = iova, .last = last, .leaf_lg2 = 63};
    int result = check(&unmap);

    if (!result) {
        clear(pt, iova, last, unmap.pinned, gather);
        pt_prune(pt, iova, gather);
        pt_prune(pt, last, gather);
        pt_note(gather, iova, last, unmap.leaf_lg2);
        return 0;
    }
    for (unsigned i = 0; i < 2; i++)
        if (unmap.pinned[i])
            (void)pt_unpin(pt, unmap.pinned[i], 1);
    return result;
}

static PT_INLINE int unmap_short(struct iommu_pt *pt, uint64_t iova, uint64_t last, struct iommu_gather *gather,
                                 bool plain)
{
    unsigned level = pt_block_level(iova, last);

    if (!level && !pt_is_within_table(iova, last))
        return 1;
    return level ? pt_unmap_entry(pt, iova, level, gather, plain, true)
                 : pt_unmap_pages(pt, iova, pt_pages_in(iova, last), gather, plain);
}

static __attribute__((noinline)) int unmap_any(struct iommu_pt *pt, uint64_t iova, uint64_t last,
                                               struct iommu_gather *gather)
{
    int result = pt_is_plain(pt) ? unmap_short(pt, iova, last, gather, true)
                                 : unmap_short(pt, iova, last, gather, false);

    return result > 0 ? unmap_range(pt, iova, last, gather) : result;
}

/* One page is by itself, so that no more registers are saved than that takes. */
int iommu_pt_unmap(struct iommu_pt *pt, uint64_t iova, uint64_t last, struct iommu_gather *gather)
{
    int result;

    if (last > pt->last)
        return -IOMMU_ENOENT;
    if (last - iova >= IOMMU_PAGE_SIZE || !pt_is_plain(pt))
        return unmap_any(pt, iova, last, gather);
    result = pt_unmap_pages(pt, iova, 1, gather, true);
    return result > 0 ? unmap_range(pt, iova, last, gather) : result;
}
