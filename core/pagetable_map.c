/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_map.c - entering mappings.
 *
 * A range within one leaf table that is there, the ordinary case, is short: pin, check, fill (pagetable_count.h).
 * Any other takes three passes, so that a refusal has changed nothing:
 *   look   at every entry of the range: something there is -EEXIST; count the tables that are missing. The leaf
 *          tables at both ends are shared with others and pinned at once
 *   stock  get that many pages; -ENOMEM
 *   fill   the leaves in runs, linking tables from the pages. A leaf table is filled before it is linked
 * Threads on disjoint ranges may want the same table. It is linked by compare-exchange; the loser uses the winner's
 * and has a page left over, which goes back at the end. A table above the leaf tables cannot go away meanwhile: an
 * unmap unlinks only what its range covers, and that would be part of ours.
 *
 * Order: fill, flush, publish (its pointer), flush; then the same for the leaves, a run at a time. Where walks are not
 * coherent a thread may meet a pointer that another has published but not flushed yet; format->flushed tells, and who
 * meets one without it flushes before relying on it. What the caller reads when this has returned is ordered behind
 * what was entered: behind the pin, or, where there was none, a fence.
 *
 * Takes no lock but the stock's. Called by core/map.c and drivers.
 */
#include "core/pagetable_map.h"

#include "core/pagetable_count.h"
#include "core/pagetable_run.h"

static uint64_t leaf_bits(const struct iommu_pt *pt, uint32_t prot)
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

static struct pt_map map_start(struct iommu_pt *pt, uint64_t first, uint64_t last, uint64_t pa,
                               uint32_t prot)
{
    struct pt_map map = {.walk = walk_start(pt, first),
                         .first = first,
                         .last = last,
                         .distance = pa - first,
                         .leaf = leaf_bits(pt, prot)};

    for (unsigned level = 1; level <= pt->config.levels; level++)
        if ((map.distance & (pt_span(level) - 1)) == 0)
            map.sizes |= pt->config.page_sizes & pt_span(level);
    return map;
}

/* ---- look --------------------------------------------------------------------------------------------- */

/* Blocks of 2^shift bytes that [first, last] touches, and those that it covers. */
static uint64_t blocks_touched(uint64_t first, uint64_t last, unsigned shift)
{
    return (last >> shift) - (first >> shift) + 1;
}

static uint64_t blocks_covered(uint64_t first, uint64_t last, unsigned shift)
{
    uint64_t begin = (first + ((uint64_t)1 << shift) - 1) >> shift;
    uint64_t end = (last + 1) >> shift;

    return end > begin ? end - begin : 0;
}

struct missing {
    uint64_t tables; /* of all levels */
    uint64_t full;   /* of these leaf tables that have no empty entry in the end */
};

/*
 * How many tables have to go below empty entries, of a table of `level`, that cover [first, last]? One for each
 * block that an entry would cover, less those within a leaf: of all leaves above, the smallest size covers
 * most.
 */
static struct missing tables_missing(const struct pt_map *map, unsigned level, uint64_t first,
                                     uint64_t last)
{
    struct missing missing = {0, 0};
    unsigned leaf_shift = 0;

    for (; level > 1; level--) {
        unsigned shift = pt_shift(level);

        if (map->sizes & pt_span(level))
            leaf_shift = shift;
        missing.tables += blocks_touched(first, last, shift);
        missing.full = blocks_covered(first, last, shift);
        if (leaf_shift) {
            uint64_t leaves = blocks_covered(first, last, leaf_shift) << (leaf_shift - shift);

            missing.tables -= leaves;
            missing.full -= leaves;
        }
    }
    return missing;
}

/* The end of the empty entries that begin at the current one, within this table and map->last. */
static uint64_t hole_last(const struct pt_map *map)
{
    const struct pt_walk *walk = &map->walk;
    const pt_entry *table = walk->table[walk->level];
    uint64_t last = walk_last(walk);

    for (unsigned index = walk_index(walk) + 1; index < PT_ENTRIES && last < map->last; index++) {
        if (pt_is_present(walk->pt, pt_load(&table[index])))
            break;
        last += pt_span(walk->level);
    }
    return last < map->last ? last : map->last;
}

/* Before relying on a pointer that hardware may not be able to see yet, see above. */
static void make_visible(const struct iommu_pt *pt, pt_entry *entry, uint64_t value)
{
    if (pt_is_visible(pt, value))
        return;
    pt_flush(pt, entry, 1);
    atomic_fetch_or_explicit(entry, pt->config.format->flushed, memory_order_release);
}

static void enter(struct pt_walk *walk, uint64_t value)
{
    make_visible(walk->pt, walk_entry(walk), value);
    walk_down(walk, value);
}

/* The leaves that go into the leaf table at the current entry, and what they are. */
static unsigned slot_count(const struct pt_map *map)
{
    uint64_t end = walk_last(&map->walk) < map->last ? walk_last(&map->walk) : map->last;

    return (unsigned)((end - map->walk.iova + 1) >> IOMMU_PAGE_LG2);
}

static unsigned slot_index(uint64_t iova)
{
    return (unsigned)(iova >> IOMMU_PAGE_LG2) % PT_ENTRIES;
}

/* A leaf table is there already. One that is ours alone can only be empty, and may still go. */
static int look_at_slot(struct pt_map *map, uint64_t value, struct missing *missing)
{
    const struct iommu_pt *pt = map->walk.pt;
    pt_entry *entry = walk_entry(&map->walk);
    unsigned count = slot_count(map);
    bool shared = pt_counts(pt) && count < PT_ENTRIES;

    if (pt_counts(pt) && count == PT_ENTRIES) {
        missing->tables++;
        return pt_count_of(pt, value) ? -IOMMU_EEXIST : 0;
    }
    switch (pt_pin(pt, entry, count, &value)) {
    case PT_GONE: /* while we looked: it is missing now */
        missing->tables++;
        return 0;
    case PT_FULL:
        return -IOMMU_EEXIST;
    case PT_PINNED:
        break;
    }
    if (shared)
        map->hold[map->hold[0].entry != NULL] = (struct pt_hold){entry, count};
    make_visible(pt, entry, value);
    return pt_run_any(pt_table_of(pt, value) + slot_index(map->walk.iova), count) ? -IOMMU_EEXIST : 0;
}

static int look(struct pt_map *map, struct missing *missing)
{
    struct pt_walk *walk = &map->walk;
    int result = 0;

    *missing = (struct missing){0, 0};
    while (!result && walk->iova <= map->last) {
        uint64_t value = pt_load(walk_entry(walk));
        bool table = pt_is_table(walk->pt, walk->level, value);
        struct missing more;
        uint64_t last;

        if (table && walk->level > 2) {
            enter(walk, value);
        } else if (table) {
            result = look_at_slot(map, value, missing);
            walk_to(walk, walk_last(walk) + 1);
        } else if (pt_is_present(walk->pt, value)) {
            result = -IOMMU_EEXIST;
        } else {
            last = hole_last(map);
            more = tables_missing(map, walk->level, walk->iova, last);
            missing->tables += more.tables;
            missing->full += more.full;
            walk_to(walk, last + 1);
        }
    }
    return result;
}

void pt_map_cancel(struct pt_map *map)
{
    const struct iommu_pt *pt = map->walk.pt;

    for (unsigned i = 0; i < 2; i++)
        if (map->hold[i].entry)
            (void)pt_unpin(pt, map->hold[i].entry, map->hold[i].count);
    map->hold[0].entry = map->hold[1].entry = NULL;
    pt_pages_put(pt, &map->pages);
}

/* ---- fill --------------------------------------------------------------------------------------------- */

/*
 * Put a table into the current, empty entry; false: there is one by now. The entry may hold the count of a pin that
 * came too late, see pagetable_count.h.
 */
static bool publish(struct pt_map *map, pt_entry *table, uint64_t bits)
{
    const struct iommu_pt *pt = map->walk.pt;
    pt_entry *entry = walk_entry(&map->walk);
    uint64_t found = pt_load(entry), value;

    pt_flush(pt, table, PT_ENTRIES);
    do {
        if (pt_is_present(pt, found))
            return false;
        value = found + (host_virt_to_phys(pt->platform, (const void *)table) | pt->config.format->table) + bits;
    } while (!atomic_compare_exchange_weak_explicit(entry, &found, value, memory_order_seq_cst, memory_order_acquire));
    make_visible(pt, entry, value);
    return true;
}

/* In the next turn whatever is there then will be entered. */
static int add_table(struct pt_map *map)
{
    pt_entry *table = pt_pages_pop(&map->pages, PT_PAGE_ZERO);

    if (!table)
        return -IOMMU_EEXIST; /* tables have vanished since we looked: somebody works on our range */
    if (!publish(map, table, 0))
        pt_pages_push(&map->pages, PT_PAGE_ZERO, table);
    return 0;
}

static void fill_slot(struct pt_map *map, pt_entry *table, unsigned count)
{
    uint64_t iova = map->walk.iova;

    pt_run_fill(table + slot_index(iova), count, (iova + map->distance) | map->leaf, IOMMU_PAGE_SIZE);
}

/* A leaf table with our leaves in it. */
static int add_slot(struct pt_map *map)
{
    unsigned count = slot_count(map);
    pt_entry *table = pt_pages_pop(&map->pages, count == PT_ENTRIES ? PT_PAGE_ANY : PT_PAGE_ZERO);

    if (!table)
        return -IOMMU_EEXIST;
    fill_slot(map, table, count);
    if (!publish(map, table, pt_count_bits(map->walk.pt, count))) {
        pt_pages_push(&map->pages, PT_PAGE_ANY, table);
        return 0;
    }
    map->added = true;
    walk_to(&map->walk, walk_last(&map->walk) + 1);
    return 0;
}

/* Is the table pinned since we looked? Then its entries are known to be empty, and the pins are taken over. */
static bool take_hold(struct pt_map *map, const pt_entry *entry)
{
    for (unsigned i = 0; i < 2; i++)
        if (map->hold[i].entry == entry) {
            map->hold[i].entry = NULL;
            return true;
        }
    return false;
}

/* A leaf table is there. It may go before we have it: then this has changed nothing, and the next turn adds one. */
static int use_slot(struct pt_map *map)
{
    const struct iommu_pt *pt = map->walk.pt;
    pt_entry *entry = walk_entry(&map->walk), *run;
    unsigned count = slot_count(map);
    uint64_t value = pt_load(entry);

    if (!take_hold(map, entry)) {
        enum pt_pin pin = pt_pin(pt, entry, count, &value);

        if (pin != PT_PINNED)
            return pin == PT_GONE ? 0 : -IOMMU_EEXIST;
        make_visible(pt, entry, value);
        if (pt_run_any(pt_table_of(pt, value) + slot_index(map->walk.iova), count)) {
            (void)pt_unpin(pt, entry, count);
            return -IOMMU_EEXIST;
        }
    }
    fill_slot(map, pt_table_of(pt, value), count);
    run = pt_table_of(pt, value) + slot_index(map->walk.iova);
    pt_flush(pt, run, count);
    walk_to(&map->walk, walk_last(&map->walk) + 1);
    return 0;
}

/* The largest page that fits here, as the level of its leaf; at most the level of the current table. */
static unsigned best_level(const struct pt_map *map)
{
    unsigned level = map->walk.level;

    for (; level > 1; level--) {
        uint64_t within = pt_span(level) - 1;

        if ((map->sizes & pt_span(level)) && !(map->walk.iova & within) &&
            map->last - map->walk.iova >= within)
            break;
    }
    return level;
}

/* Large leaves into the empty entries that follow in the current table, as far as whole pages fit. */
static void fill_large(struct pt_map *map)
{
    struct pt_walk *walk = &map->walk;
    const struct iommu_pt *pt = walk->pt;
    unsigned start = walk_index(walk), index = start;
    uint64_t span = pt_span(walk->level),
             room = (map->last - walk->iova + 1) >> pt_shift(walk->level);
    uint64_t leaf = map->leaf | pt->config.format->large;
    uint64_t value = (walk->iova + map->distance) | leaf;
    pt_entry *table = walk->table[walk->level];

    for (; index < PT_ENTRIES && index - start < room; index++, value += span) {
        if (pt_is_present(pt, atomic_load_explicit(&table[index], memory_order_relaxed)))
            break;
        atomic_store_explicit(&table[index], value, memory_order_relaxed);
    }
    pt_flush(pt, &table[start], index - start);
    walk_to(walk, walk->iova + (index - start) * span);
}

static int fill(struct pt_map *map)
{
    struct pt_walk *walk = &map->walk;
    int result = 0;

    while (!result && walk->iova <= map->last) {
        uint64_t value = pt_load(walk_entry(walk));

        if (pt_is_table(walk->pt, walk->level, value)) {
            if (walk->level == 2)
                result = use_slot(map);
            else
                enter(walk, value);
        } else if (pt_is_present(walk->pt, value)) {
            result = -IOMMU_EEXIST;
        } else if (best_level(map) == walk->level) {
            fill_large(map);
        } else {
            result = walk->level == 2 ? add_slot(map) : add_table(map);
        }
    }
    return result;
}

/* ---- in two steps, and in one ------------------------------------------------------------------------- */

int pt_map_prepare(struct pt_map *map, struct iommu_pt *pt, uint64_t first, uint64_t last,
                   uint64_t pa, uint32_t prot)
{
    struct missing missing;
    int result;

    *map = map_start(pt, first, last, pa, prot);
    result = look(map, &missing);
    if (!result)
        result = pt_pages_get(pt, &map->pages, missing.tables - missing.full, missing.full);
    if (result)
        pt_map_cancel(map);
    return result;
}

int pt_map_commit(struct pt_map *map, struct iommu_pt *pt, struct iommu_gather *undo)
{
    int result;

    walk_to(&map->walk, map->first);
    result = fill(map);
    atomic_thread_fence(memory_order_seq_cst);
    if (result && map->walk.iova > map->first)
        pt_clear(pt, map->first, map->walk.iova - 1, IOMMU_PAGE_LG2, undo);
    pt_map_cancel(map); /* what is left over */
    return result;
}

bool pt_map_renewed(const struct pt_map *map)
{
    return map->added && __atomic_load_n(&map->walk.pt->unsynced, __ATOMIC_SEQ_CST);
}

/* The range lies within one leaf table. 1: that is not there, or all else that wants the long way. */
static int map_in_slot(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t pa, uint32_t prot)
{
    pt_entry *entry = pt_entry_at(pt, iova, 2), *run;
    unsigned count = (unsigned)((last - iova + 1) >> IOMMU_PAGE_LG2);
    uint64_t value;

    if (!entry || !pt_counts(pt) || !pt_is_visible(pt, pt_load(entry)))
        return 1;
    if ((count == 1 ? pt_pin_one(pt, entry, 0, &value) : pt_pin(pt, entry, count, &value)) != PT_PINNED)
        return 1;
    run = pt_table_of(pt, value) + slot_index(iova);
    if (count == 1 ? pt_load(run) != 0 : pt_run_any(run, count)) {
        (void)pt_unpin(pt, entry, count);
        return -IOMMU_EEXIST;
    }
    if (count == 1)
        atomic_store_explicit(run, pa | leaf_bits(pt, prot), memory_order_relaxed);
    else
        pt_run_fill(run, count, pa | leaf_bits(pt, prot), IOMMU_PAGE_SIZE);
    pt_flush(pt, run, count);
    return 0;
}

/* The range is one large page, whose entry is there and empty. 1: anything else. */
static int map_block(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t pa, uint32_t prot)
{
    unsigned level = pt_block_level(iova, last);
    pt_entry *entry;

    if (!level || level > pt->config.levels || !(pt->config.page_sizes & pt_span(level)) || (pa & (pt_span(level) - 1)))
        return 1;
    entry = pt_entry_at(pt, iova, level);
    if (!entry || pt_is_present(pt, pt_load(entry)))
        return 1;
    atomic_store_explicit(entry, pa | leaf_bits(pt, prot) | pt->config.format->large, memory_order_relaxed);
    pt_flush(pt, entry, 1);
    atomic_thread_fence(memory_order_seq_cst);
    return 0;
}

int pt_map(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t pa, uint32_t prot, struct iommu_gather *undo,
           bool *renewed)
{
    struct pt_map map;
    int result;

    *renewed = false;
    if (iova >> pt_shift(2) == last >> pt_shift(2)) {
        result = map_in_slot(pt, iova, last, pa, prot);
        if (result <= 0)
            return result;
    }
    if (!map_block(pt, iova, last, pa, prot))
        return 0;
    result = pt_map_prepare(&map, pt, iova, last, pa, prot);
    if (result)
        return result;
    result = pt_map_commit(&map, pt, undo);
    *renewed = pt_map_renewed(&map);
    return result;
}

int iommu_pt_map(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t pa, uint32_t prot,
                 struct iommu_gather *undo)
{
    bool renewed;

    return pt_map(pt, iova, last, pa, prot, undo, &renewed);
}
