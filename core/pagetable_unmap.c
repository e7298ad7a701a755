/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_unmap.c - taking mappings out.
 *
 * Two passes, so that a refusal has changed nothing: the first looks at the whole range, the second clears it.
 * Order: clear, flush, and later, by others: invalidate, wait, free. A table that the range covers completely
 * is unlinked with all below it and goes to the gather; nobody else can be working on it, because other
 * threads' ranges are disjoint. A table that is covered in part stays, even when nothing is left in it.
 *
 * Takes no lock, allocates and frees nothing. Called by core/map.c and drivers.
 */
#include "core/pagetable_walk.h"

/* Is [iova, last] mapped throughout, in whole pages? The smallest of them is what invalidation must know. */
static int check(const struct iommu_pt *pt, uint64_t iova, uint64_t last, uint8_t *leaf_lg2)
{
    struct pt_walk walk = walk_start(pt, iova);

    while (walk.iova <= last) {
        uint64_t value = pt_load(walk_entry(&walk));

        if (pt_is_table(pt, walk.level, value)) {
            walk_down(&walk, value);
            continue;
        }
        if (!pt_is_present(pt, value))
            return -IOMMU_ENOENT;
        if (walk_first(&walk) < iova || walk_last(&walk) > last)
            return -IOMMU_EINVAL;
        if (pt_shift(walk.level) < *leaf_lg2)
            *leaf_lg2 = (uint8_t)pt_shift(walk.level);
        walk_to(&walk, walk_last(&walk) + 1);
    }
    return 0;
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

void pt_clear(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint8_t leaf_lg2,
              struct iommu_gather *gather)
{
    struct pt_walk walk = walk_start(pt, iova);

    while (walk.iova <= last) {
        uint64_t value = pt_load(walk_entry(&walk));

        if (walk_first(&walk) >= walk.iova && walk_last(&walk) <= last)
            clear_run(&walk, last, gather);
        else if (pt_is_table(pt, walk.level, value))
            walk_down(&walk, value);
        else
            walk_to(&walk, walk_last(&walk) + 1); /* vanished: somebody else works on this range */
    }
    if (iova < gather->first)
        gather->first = iova;
    if (last > gather->last)
        gather->last = last;
    if (leaf_lg2 < gather->leaf_lg2)
        gather->leaf_lg2 = leaf_lg2;
}

int iommu_pt_unmap(struct iommu_pt *pt, uint64_t iova, uint64_t last, struct iommu_gather *gather)
{
    uint8_t leaf_lg2 = 63;
    int result;

    if (last > iommu_pt_last(pt))
        return -IOMMU_ENOENT;
    result = check(pt, iova, last, &leaf_lg2);
    if (result)
        return result;
    pt_clear(pt, iova, last, leaf_lg2, gather);
    return 0;
}
