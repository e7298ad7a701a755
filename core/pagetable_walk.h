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

/* Is this a pointer at a table, and known to be what hardware sees? See core/pagetable_map.c. */
static inline bool pt_is_settled(const struct iommu_pt *pt, uint64_t value)
{
    return (value & pt->config.format->flushed) != 0;
}

/* May hardware remember an empty table that was unlinked somewhere, or other pointers to it? */
static inline bool pt_is_unsynced(const struct iommu_pt *pt)
{
    return __atomic_load_n(&pt->unsynced, __ATOMIC_SEQ_CST) != 0;
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

/*
 * Hardware that does not snoop its walks sees [entry, entry + count) from the next read-modify-write or pt_order() on.
 * A pointer is published by a read-modify-write, so what it points at is there before it.
 */
static inline void pt_flush(const struct iommu_pt *pt, const pt_entry *entry, size_t count)
{
    if (!pt->config.coherent && count)
        host_cache_flush(pt->platform, entry, count * sizeof(*entry));
}

/* At the end of a map: all of it is there before the caller tells the device. An unmap leaves this to the sync. */
static inline void pt_order(const struct iommu_pt *pt)
{
    if (!pt->config.coherent)
        host_barrier(pt->platform);
}

/* A domain's first map changes it while others look, see core/toptable.c. */
static inline pt_entry *pt_top(const struct iommu_pt *pt)
{
    return (pt_entry *)__atomic_load_n(&pt->root, __ATOMIC_ACQUIRE);
}

/* A leaf's bits without address and `large`. */
static inline uint64_t pt_leaf_bits(const struct iommu_pt *pt, uint32_t prot)
{
    const struct iommu_pt_format *format = pt->config.format;
    uint64_t bits = format->leaf;

    if (prot & IOMMU_READ)
        bits |= format->read;
    if (prot & IOMMU_WRITE)
        bits |= format->write;
    if ((prot & IOMMU_CACHE) && pt->config.snoop)
        bits |= format->snoop;
    return bits;
}

/* The entry of a leaf table for iova. */
static inline unsigned pt_slot(uint64_t iova)
{
    return (unsigned)(iova >> IOMMU_PAGE_LG2) % PT_ENTRIES;
}

/* ---- the walk ----------------------------------------------------------------------------------------- */

static inline struct pt_walk walk_start(const struct iommu_pt *pt, uint64_t iova)
{
    struct pt_walk walk = {.pt = pt, .iova = iova, .level = pt->config.levels};
    walk.table[walk.level] = pt_top(pt);
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

/* ---- short cuts --------------------------------------------------------------------------------------- */

/*
 * The short ways through map and unmap exist twice: `plain` for hosts whose physical addresses are a constant away from
 * their virtual ones and hardware that snoops its walks and has entries as below, where no hook is called, masks are part
 * of the instructions, and the compiler keeps all in registers; and for the others. `plain` is a constant to the compiler:
 * all that gets it is PT_INLINE.
 */
#define PT_PLAIN_ADDRESS     UINT64_C(0x000ffffffffff000)
#define PT_PLAIN_SETTLED     (UINT64_C(3) << 62) /* whichever of them the format has */
#define PT_PLAIN_LARGE       (UINT64_C(1) << 7)
#define PT_PLAIN_COUNT_SHIFT 52u

#define PT_INLINE inline __attribute__((always_inline))
#define PT_SELDOM(condition) __builtin_expect((condition), 0)

static inline bool pt_is_plain(const struct iommu_pt *pt)
{
    return pt->plain;
}

/* What the short ways ask of a table again and again; in registers, where no store between makes it be read again. */
struct pt_view {
    const struct iommu_pt *pt;
    uint64_t settled, address, large, offset;
    unsigned count_shift;
};

static PT_INLINE struct pt_view pt_view(const struct iommu_pt *pt, bool plain)
{
    const struct iommu_pt_format *format = pt->config.format;
    uint64_t offset = pt->platform->phys_to_virt_offset;

    return plain ? (struct pt_view){pt, PT_PLAIN_SETTLED, PT_PLAIN_ADDRESS, PT_PLAIN_LARGE, offset, PT_PLAIN_COUNT_SHIFT}
                 : (struct pt_view){pt, format->flushed, format->address, format->large, offset, format->count_shift};
}

static PT_INLINE pt_entry *pt_table_in(const struct pt_view *view, uint64_t value, bool plain)
{
    uint64_t pa = value & view->address;

    return plain ? (pt_entry *)(uintptr_t)(pa + view->offset) : host_phys_to_virt(view->pt->platform, pa);
}

/* From a table of `level` to the one below. False: its pointer is missing, a large page, or not settled. */
static PT_INLINE bool pt_step(const struct pt_view *view, pt_entry **table, uint64_t iova, unsigned level, bool plain)
{
    uint64_t value = pt_load(&(*table)[(iova >> pt_shift(level)) % PT_ENTRIES]);

    if (!(value & view->settled))
        return false;
    *table = pt_table_in(view, value, plain);
    return true;
}

/*
 * The entry of level `lowest`, 2 or 3, for iova. False: something above is missing, a large page, or not settled; the
 * caller walks. Without a loop: the shifts are constants then. Most tables have four levels.
 */
static PT_INLINE bool pt_find_entry(const struct pt_view *view, uint64_t iova, unsigned lowest, bool plain,
                                    pt_entry **entry)
{
    pt_entry *table = pt_top(view->pt);
    unsigned levels = view->pt->config.levels;

    if (PT_SELDOM(levels > 4) && !pt_step(view, &table, iova, 5, plain))
        return false;
    if (!PT_SELDOM(levels < 4) && !pt_step(view, &table, iova, 4, plain))
        return false;
    if (lowest == 2 && !pt_step(view, &table, iova, 3, plain))
        return false;
    *entry = &table[(iova >> pt_shift(lowest)) % PT_ENTRIES];
    return true;
}

/* The same, or NULL. */
static inline pt_entry *pt_entry_at(const struct iommu_pt *pt, uint64_t iova, unsigned lowest)
{
    const struct pt_view view = pt_view(pt, false);
    pt_entry *entry;

    return pt_find_entry(&view, iova, lowest, false, &entry) ? entry : NULL;
}

/* Is [iova, last] part of what one leaf table maps, and not all of it? */
static inline bool pt_is_within_table(uint64_t iova, uint64_t last)
{
    return iova >> pt_shift(2) == last >> pt_shift(2) && last - iova < pt_span(2) - 1;
}

static inline unsigned pt_pages_in(uint64_t iova, uint64_t last)
{
    return (unsigned)((last - iova + 1) >> IOMMU_PAGE_LG2);
}

/* The level whose leaf is just [iova, last], if it is 2 or 3; else 0: larger pages are left to who walks. */
static inline unsigned pt_block_level(uint64_t iova, uint64_t last)
{
    uint64_t within = last - iova;

    if ((iova & within) || (within != pt_span(2) - 1 && within != pt_span(3) - 1))
        return 0;
    return within == pt_span(2) - 1 ? 2 : 3;
}

/* ---- shared by map and unmap -------------------------------------------------------------------------- */

/* Clear [iova, last], which is mapped throughout; tables that it covers or empties go to the gather. */
void pt_clear(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint8_t leaf_lg2,
              struct iommu_gather *gather);

#endif
