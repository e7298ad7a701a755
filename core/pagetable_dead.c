/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_dead.c - unlinked tables between the unmap and the end of the wait.
 *
 * A link of the list is the physical address of the top of a dead tree, with what it is in low bits that no format
 * reads as present: to hardware that still comes by, and until a sync has waited it may, a link is an empty entry.
 * The link to the next tree is in slot 0 of the top, whose own child there becomes a tree of the list first. The last
 * one has none: an unmap that buries one tree does not touch it.
 *
 * No lock. iommu_sync() frees under domain.lock, see core/gather.c.
 */
#include "core/pagetable_dead.h"

#include "core/pagetable_count.h"
#include "core/pagetable_pages.h"
#include "core/pagetable_run.h"

#define LEVEL_SHIFT 8u
#define LEVEL_MASK  ((uint64_t)7 << LEVEL_SHIFT)
#define LAST        ((uint64_t)1 << 11)
#define STRETCH     64u /* entries looked at together */

_Static_assert((LEVEL_MASK | LAST) == PT_DEAD_BITS, "as iommu_pt_init() checks the format");

struct dead {
    pt_entry *top;
    unsigned level;
};

static void add(const struct iommu_pt *pt, struct dead dead, struct iommu_gather *gather)
{
    uint64_t link = host_virt_to_phys(pt->platform, (const void *)dead.top) | (uint64_t)dead.level << LEVEL_SHIFT;

    if (gather->dead_tables) {
        atomic_store_explicit(&dead.top[0], gather->dead_tables, memory_order_relaxed);
        pt_flush(pt, dead.top, 1);
    }
    gather->dead_tables = gather->dead_tables ? link : link | LAST;
}

void pt_bury(const struct iommu_pt *pt, pt_entry *top, unsigned level, struct iommu_gather *gather)
{
    while (top) {
        struct dead dead = {top, level};
        uint64_t below = 0;

        if (gather->dead_tables && level > 1)
            below = pt_load(&top[0]);
        add(pt, dead, gather);
        top = pt_is_table(pt, level, below) ? pt_table_of(pt, below) : NULL;
        level--;
    }
}

bool pt_unlink_empty(struct iommu_pt *pt, pt_entry *entry, unsigned level, struct iommu_gather *gather)
{
    uint64_t value = pt_load(entry);
    pt_entry *table = pt_table_of(pt, value);

    if (!pt_is_table(pt, level, value) || (pt_counts(pt) && pt_count_of(pt, value)))
        return false;
    /* First, so that who finds the entry empty finds this. */
    __atomic_fetch_add(&pt->unsynced, 1, __ATOMIC_SEQ_CST);
    if (!pt_exchange(entry, &value, 0)) {
        __atomic_fetch_sub(&pt->unsynced, 1, __ATOMIC_SEQ_CST);
        return false;
    }
    pt_flush(pt, entry, 1);
    pt_bury(pt, table, PT_DEAD_EMPTIED, gather);
    return true;
}

static struct dead take(const struct iommu_pt *pt, struct iommu_gather *gather)
{
    uint64_t link = gather->dead_tables;
    struct dead dead = {host_phys_to_virt(pt->platform, link & ~(IOMMU_PAGE_SIZE - 1)),
                        (unsigned)((link & LEVEL_MASK) >> LEVEL_SHIFT)};

    gather->dead_tables = 0;
    if (!(link & LAST))
        gather->dead_tables = atomic_load_explicit(&dead.top[0], memory_order_relaxed);
    return dead;
}

void iommu_pt_move_dead(const struct iommu_pt *pt, struct iommu_gather *from, struct iommu_gather *to)
{
    while (from->dead_tables) {
        struct dead dead = take(pt, from);

        pt_bury(pt, dead.top, dead.level, to);
    }
}

/* The first entry from `index` on that holds something, or PT_ENTRIES. Most tables that die hold next to nothing. */
static unsigned next_held(const pt_entry *table, unsigned index)
{
    while (index < PT_ENTRIES && !pt_load(&table[index])) {
        unsigned rest = STRETCH - index % STRETCH;

        if (!pt_run_any(&table[index], rest))
            index += rest;
        else
            for (; rest && !pt_load(&table[index]); rest--)
                index++;
    }
    return index;
}

/* All tables of a tree, children before parents. Those above level 1 are emptied on the way. */
static void fell(const struct iommu_pt *pt, struct dead dead, struct pt_pages *pages)
{
    pt_entry *table[IOMMU_PT_LEVELS_MAX + 1];
    unsigned next[IOMMU_PT_LEVELS_MAX + 1];
    unsigned at = dead.level;

    table[at] = dead.top;
    next[at] = 0;
    while (at <= dead.level) {
        uint64_t value;

        if (at > 1)
            next[at] = next_held(table[at], next[at]);
        if (at == 1 || next[at] == PT_ENTRIES) {
            pt_pages_push(pages, at > 1 ? PT_PAGE_ZERO : PT_PAGE_ANY, table[at]);
            at++;
            continue;
        }
        value = pt_load(&table[at][next[at]]);
        atomic_store_explicit(&table[at][next[at]++], 0, memory_order_relaxed);
        if (pt_is_table(pt, at, value)) {
            table[--at] = pt_table_of(pt, value);
            next[at] = 0;
        }
    }
}

static void take_all(struct iommu_pt *pt, struct iommu_gather *gather, struct pt_pages *pages)
{
    uint32_t emptied = 0;

    while (gather->dead_tables) {
        struct dead dead = take(pt, gather);

        if (dead.level != PT_DEAD_EMPTIED) {
            fell(pt, dead, pages);
            continue;
        }
        atomic_store_explicit(&dead.top[0], 0, memory_order_relaxed); /* may be what linked it */
        pt_pages_push(pages, PT_PAGE_ZERO, dead.top);
        emptied++;
    }
    if (emptied)
        __atomic_fetch_sub(&pt->unsynced, emptied, __ATOMIC_SEQ_CST);
}

void iommu_pt_free_dead(struct iommu_pt *pt, struct iommu_gather *gather)
{
    struct pt_pages pages = {{NULL, NULL}};

    take_all(pt, gather, &pages);
    pt_pages_put(pt, &pages);
}

void pt_free_tree(struct iommu_pt *pt)
{
    struct pt_pages pages = {{NULL, NULL}};
    struct iommu_gather all;

    iommu_gather_init(&all);
    pt_bury(pt, (pt_entry *)pt->root, pt->config.levels, &all);
    take_all(pt, &all, &pages);
    pt_pages_free(pt->platform, &pages, PT_PAGE_ANY);
    pt_pages_put(pt, &pages);
}
