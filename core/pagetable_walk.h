/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_walk.h - entries, and a place in a tree of them.
 *
 * A walk stands at an address, in one table of one level, and remembers the tables above it. Going to a higher
 * address climbs only as far as needed, so a range of any size visits each table once, without recursion.
 *
 * No lock. Entries are 64-bit atomics. Relaxed order does for leaves, because nobody derives a pointer from
 * them; table pointers are published with release and read with acquire order.
 */
#ifndef CORE_PAGETABLE_WALK_H
#define CORE_PAGETABLE_WALK_H

#include <stdatomic.h>

#include "core/host.h"
#include "iommukit/pagetable.h"

#define PT_ENTRIES 512u

/* Low bits that links between dead tables use, see core/pagetable_dead.c. No format reads them as present. */
#define PT_DEAD_BITS ((uint64_t)0xf00)

typedef _Atomic uint64_t pt_entry;

struct pt_walk {
    const struct iommu_pt *pt;
    uint64_t iova;                            /* where it stands */
    unsigned level;                           /* of the table it stands in; 1: leaves of 4 KiB */
    pt_entry *table[IOMMU_PT_LEVELS_MAX + 1]; /* [level .. levels] are valid */
};

/* ---- entries ------------------------------------------------------------------------------------------ */

static inline uint64_t pt_load(const pt_entry *entry)
{
    return atomic_load_explicit(entry, memory_order_acquire);
}

static inline bool pt_is_present(const struct iommu_pt *pt, uint64_t value)
{
    return (value & pt->config.format->present) != 0;
}

/* Does this entry of a table of `level` point at another table? */
static inline bool pt_is_table(const struct iommu_pt *pt, unsigned level, uint64_t value)
{
    return level > 1 && pt_is_present(pt, value) && !(value & pt->config.format->large);
}

static inline pt_entry *pt_table_of(const struct iommu_pt *pt, uint64_t value)
{
    return host_phys_to_virt(pt->platform, value & pt->config.format->address);
}

/* Is it known that hardware sees this pointer? */
static inline bool pt_is_visible(const struct iommu_pt *pt, uint64_t value)
{
    return pt->config.coherent || (value & pt->config.format->flushed);
}

/* log2 of what one entry of a table of `level` covers; shift(level + 1) is what the whole table covers. */
static inline unsigned pt_shift(unsigned level)
{
    return IOMMU_PAGE_LG2 + 9 * (level - 1);
}

static inline uint64_t pt_span(unsigned level)
{
    return (uint64_t)1 << pt_shift(level);
}

/* Hardware that does not snoop its walks sees [entry, entry + count) from here on. */
static inline void pt_flush(const struct iommu_pt *pt, const pt_entry *entry, size_t count)
{
    if (!pt->config.coherent && count)
        host_cache_flush(pt->platform, entry, count * sizeof(*entry));
}

/* ---- the walk ----------------------------------------------------------------------------------------- */

static inline struct pt_walk walk_start(const struct iommu_pt *pt, uint64_t iova)
{
    struct pt_walk walk = {.pt = pt, .iova = iova, .level = pt->config.levels};
    walk.table[walk.level] = (pt_entry *)pt->root;
    return walk;
}

static inline unsigned walk_index(const struct pt_walk *walk)
{
    return (unsigned)(walk->iova >> pt_shift(walk->level)) % PT_ENTRIES;
}

static inline pt_entry *walk_entry(const struct pt_walk *walk)
{
    return &walk->table[walk->level][walk_index(walk)];
}

/* First and last address that the entry covers. */
static inline uint64_t walk_first(const struct pt_walk *walk)
{
    return walk->iova & ~(pt_span(walk->level) - 1);
}

static inline uint64_t walk_last(const struct pt_walk *walk)
{
    return walk->iova | (pt_span(walk->level) - 1);
}

/* Into the table that the current entry, `value`, points at. */
static inline void walk_down(struct pt_walk *walk, uint64_t value)
{
    walk->level--;
    walk->table[walk->level] = pt_table_of(walk->pt, value);
}

/* To another address (at most one past the end of the tree), up to the lowest table that covers it. */
static inline void walk_to(struct pt_walk *walk, uint64_t iova)
{
    uint64_t differs = walk->iova ^ iova;

    while (walk->level < walk->pt->config.levels && differs >> pt_shift(walk->level + 1))
        walk->level++;
    walk->iova = iova;
}

/*
 * The entry of `lowest` level for iova, or NULL: something above is missing, a large page, or not known to have reached
 * memory. Only a short cut: who gets NULL walks.
 */
static inline pt_entry *pt_entry_at(const struct iommu_pt *pt, uint64_t iova, unsigned lowest)
{
    pt_entry *table = (pt_entry *)pt->root;

    for (unsigned level = pt->config.levels; level > lowest; level--) {
        uint64_t value = pt_load(&table[(iova >> pt_shift(level)) % PT_ENTRIES]);

        if (!pt_is_table(pt, level, value) || !pt_is_visible(pt, value))
            return NULL;
        table = pt_table_of(pt, value);
    }
    return &table[(iova >> pt_shift(lowest)) % PT_ENTRIES];
}

/* The level whose leaf is just [iova, last], if it is above 1; else 0. */
static inline unsigned pt_block_level(uint64_t iova, uint64_t last)
{
    for (unsigned level = 2; level <= IOMMU_PT_LEVELS_MAX; level++)
        if (last - iova == pt_span(level) - 1)
            return iova & (pt_span(level) - 1) ? 0 : level;
    return 0;
}

/* ---- shared by map and unmap -------------------------------------------------------------------------- */

/* Clear [iova, last], which is mapped throughout; tables that it covers or empties go to the gather. */
void pt_clear(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint8_t leaf_lg2,
              struct iommu_gather *gather);

/* Of pagetable_unmap.c: the range of the gather grows by [iova, last], which had leaves of leaf_lg2. */
void pt_note(struct iommu_gather *gather, uint64_t iova, uint64_t last, uint8_t leaf_lg2);

#endif
