/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_map.c - entering mappings.
 *
 * The ordinary cases have short ways, core/pagetable_short.c. Any other takes three passes, so that a refusal has changed
 * nothing:
 *   look   at every entry of the range: something there is -EEXIST; count the tables that are missing. The leaf
 *          tables at both ends are shared with others and pinned at once
 *   stock  get that many pages; -ENOMEM
 *   fill   the leaves in runs, linking tables from the pages. A leaf table is filled before it is linked
 * Threads on disjoint ranges may want the same table. It is linked by compare-exchange; the loser uses the winner's
 * and has a page left over, which goes back at the end. A table above the leaf tables cannot go away meanwhile: an
 * unmap unlinks only what its range covers, and that would be part of ours.
 *
 * Order: fill, flush, publish (its pointer), flush; then the same for the leaves, a run at a time. One barrier at the
 * end of the call does for all that was flushed: what a pointer leads to is there before it, see pt_flush(). What the
 * caller reads when this has returned is ordered behind what was entered: behind the pin, or, where there was none, a
 * fence.
 *
 * Settled pointers. A thread may meet a pointer that another has published but not flushed yet; or one in the place of
 * an empty table that was unlinked, which hardware may remember until somebody has invalidated: whoever unlinked it
 * (pt->unsynced counts), or whoever published the new one. A pointer of which neither is the case is settled and has
 * format->flushed. Who meets one without it flushes it; if nothing is unsynced it is settled then, otherwise the caller
 * is told, invalidates for itself (map->renewed), and then says so: pt_map_settle().
 *
 * Takes no lock but the stock's. Called by core/map.c and drivers.
 */
#include "core/pagetable_map.h"

#include "core/pagetable_count.h"
#include "core/pagetable_run.h"

static struct pt_map map_start(struct iommu_pt *pt, uint64_t first, uint64_t last, uint64_t pa,
                               uint32_t prot)
{
    struct pt_map map = {.walk = walk_start(pt, first),
                         .first = first,
                         .last = last,
                         .distance = pa - first,
                         .leaf = pt_leaf_bits(pt, prot)};

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

static void mark_settled(const struct iommu_pt *pt, pt_entry *entry, unsigned level)
{
    uint64_t value = pt_load(entry);

    while (pt_is_table(pt, level, value) && !pt_is_settled(pt, value))
        if (pt_exchange(entry, &value, value | pt->config.format->flushed))
            return;
}

/* Before relying on the pointer in the current entry, see above. */
static void settle(struct pt_map *map, uint64_t value)
{
    const struct iommu_pt *pt = map->walk.pt;

    if (pt_is_settled(pt, value))
        return;
    pt_flush(pt, walk_entry(&map->walk), 1);
    if (pt_is_unsynced(pt))
        map->renewed = true;
    else
        mark_settled(pt, walk_entry(&map->walk), map->walk.level);
}

/* Nothing is in the way of our leaf here, so its tables stay. */
static void settle_path(const struct iommu_pt *pt, uint64_t iova)
{
    struct pt_walk walk = walk_start(pt, iova);
    uint64_t value = pt_load(walk_entry(&walk));

    for (; pt_is_table(pt, walk.level, value); value = pt_load(walk_entry(&walk))) {
        mark_settled(pt, walk_entry(&walk), walk.level);
        walk_down(&walk, value);
    }
}

void pt_map_settle(const struct iommu_pt *pt, uint64_t first, uint64_t last)
{
    settle_path(pt, first);
    if (first >> pt_shift(2) != last >> pt_shift(2))
        settle_path(pt, last);
}

static void enter(struct pt_map *map, uint64_t value)
{
    settle(map, value);
    walk_down(&map->walk, value);
}

/* The leaves that go into the leaf table at the current entry, and what they are. */
static unsigned slot_count(const struct pt_map *map)
{
    uint64_t end = walk_last(&map->walk) < map->last ? walk_last(&map->walk) : map->last;

    return pt_pages_in(map->walk.iova, end);
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
    settle(map, value);
    return pt_run_any(pt_table_of(pt, value) + pt_slot(map->walk.iova), count) ? -IOMMU_EEXIST : 0;
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
            enter(map, value);
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
 * Put a table into an empty entry; false: there is one by now. The entry may hold the count of a pin that came too late,
 * see pagetable_count.h.
 */
static bool publish(const struct iommu_pt *pt, pt_entry *entry, const pt_entry *table, uint64_t bits)
{
    uint64_t found = pt_load(entry);

    bits |= host_virt_to_phys(pt->platform, (const void *)table) | pt->config.format->table;
    pt_flush(pt, table, PT_ENTRIES);
    do {
        if (pt_is_present(pt, found))
            return false;
    } while (!pt_exchange(entry, &found, found + bits));
    return true;
}

/* In the next turn whatever is there then will be entered. */
static int add_table(struct pt_map *map)
{
    pt_entry *table = pt_pages_pop(&map->pages, PT_PAGE_ZERO);

    if (!table)
        return -IOMMU_EEXIST; /* tables have vanished since we looked: somebody works on our range */
    if (!publish(map->walk.pt, walk_entry(&map->walk), table, 0))
        pt_pages_push(&map->pages, PT_PAGE_ZERO, table);
    return 0;
}

static void fill_slot(struct pt_map *map, pt_entry *table, unsigned count)
{
    uint64_t iova = map->walk.iova;

    pt_run_fill(map->walk.pt, table + pt_slot(iova), count, (iova + map->distance) | map->leaf, IOMMU_PAGE_SIZE);
}

/*
 * A leaf table with our leaves in it. Others may want one in this entry, too; a table may have come and gone there since
 * we looked: whether ours is settled can only be asked now that it is in.
 */
static int add_slot(struct pt_map *map)
{
    const struct iommu_pt *pt = map->walk.pt;
    unsigned count = slot_count(map);
    pt_entry *table = pt_pages_pop(&map->pages, PT_PAGE_ZERO);

    if (!table)
        return -IOMMU_EEXIST;
    fill_slot(map, table, count);
    if (!publish(pt, walk_entry(&map->walk), table, pt_count_bits(pt, count))) {
        pt_pages_push(&map->pages, PT_PAGE_ANY, table);
        return 0;
    }
    settle(map, pt_load(walk_entry(&map->walk)));
    walk_to(&map->walk, walk_last(&map->walk) + 1);
    return 0;
}

/*
 * Leaf tables that hold nothing but our leaves, as many as follow in the current table. Nobody else meets them before we
 * return: they are settled from the beginning, or never, and their entries are flushed together.
 */
static int add_slots(struct pt_map *map)
{
    const struct iommu_pt *pt = map->walk.pt;
    pt_entry *start = walk_entry(&map->walk), *table = start;
    uint64_t bits = pt_count_bits(pt, PT_ENTRIES), iova = map->walk.iova, within = pt_span(2) - 1;
    unsigned done = 0, room = PT_ENTRIES - walk_index(&map->walk);

    if (pt_is_unsynced(pt))
        map->renewed = true;
    else
        bits |= pt->config.format->flushed;
    for (; done < room && iova <= map->last && map->last - iova >= within; done++, iova += pt_span(2)) {
        table = pt_is_present(pt, pt_load(start + done)) ? start : pt_pages_pop(&map->pages, PT_PAGE_ANY);
        if (!table || table == start)
            break;
        pt_run_fill(pt, table, PT_ENTRIES, (iova + map->distance) | map->leaf, IOMMU_PAGE_SIZE);
        if (!publish(pt, start + done, table, bits)) {
            pt_pages_push(&map->pages, PT_PAGE_ANY, table);
            break;
        }
    }
    pt_flush(pt, start, done);
    walk_to(&map->walk, iova);
    return table ? 0 : -IOMMU_EEXIST;
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
        settle(map, value);
        if (pt_run_any(pt_table_of(pt, value) + pt_slot(map->walk.iova), count)) {
            (void)pt_unpin(pt, entry, count);
            return -IOMMU_EEXIST;
        }
    }
    fill_slot(map, pt_table_of(pt, value), count);
    run = pt_table_of(pt, value) + pt_slot(map->walk.iova);
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
    map->renewed = map->renewed || pt_is_unsynced(pt); /* the leaves may be where an empty table was */
    walk_to(walk, walk->iova + (index - start) * span);
}

static int add_below(struct pt_map *map)
{
    if (map->walk.level > 2)
        return add_table(map);
    return slot_count(map) < PT_ENTRIES ? add_slot(map) : add_slots(map);
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
                enter(map, value);
        } else if (pt_is_present(walk->pt, value)) {
            result = -IOMMU_EEXIST;
        } else if (best_level(map) == walk->level) {
            fill_large(map);
        } else {
            result = add_below(map);
        }
    }
    return result;
}

/* ---- in two steps ------------------------------------------------------------------------------------- */

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
    pt_order(pt);
    return result;
}

/* ---- in one ------------------------------------------------------------------------------------------- */

int iommu_pt_map(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t pa, uint32_t prot,
                 struct iommu_gather *undo)
{
    struct pt_map map;
    int result = pt_map_short(pt, iova, last, pa, prot);

    if (result <= 0)
        return result;
    result = pt_map_prepare(&map, pt, iova, last, pa, prot);
    return result ? result : pt_map_commit(&map, pt, undo);
}
