/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_map.c - entering mappings.
 *
 * Three passes, so that a refusal has changed nothing:
 *   look   at every entry of the range: something there is -EEXIST; count the tables that are missing
 *   stock  allocate that many; -ENOMEM
 *   fill   the leaves in runs, linking tables from the stock
 * Threads on disjoint ranges may want the same table. It is linked by compare-exchange; the loser uses the
 * winner's and has one left over, which is freed at the end. A table on our way cannot go away meanwhile:
 * an unmap unlinks only what its range covers, and that would be part of ours.
 *
 * Order: fill (a zeroed table), flush, publish (its pointer), flush; then the same for the leaves, a run at a
 * time. Where walks are not coherent a thread may meet a pointer that another has published but not flushed
 * yet; format->flushed tells, and who meets one without it flushes before relying on it.
 *
 * Takes no lock. Called by core/map.c and drivers.
 */
#include "core/pagetable_map.h"

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

/*
 * How many tables have to go below empty entries, of a table of `level`, that cover [first, last]? One for each
 * block that an entry would cover, less those within a leaf: of all leaves above, the smallest size covers
 * most.
 */
static uint64_t tables_missing(const struct pt_map *map, unsigned level, uint64_t first,
                               uint64_t last)
{
    uint64_t missing = 0;
    unsigned leaf_shift = 0;

    for (; level > 1; level--) {
        unsigned shift = pt_shift(level);

        if (map->sizes & pt_span(level))
            leaf_shift = shift;
        missing += blocks_touched(first, last, shift);
        if (leaf_shift)
            missing -= blocks_covered(first, last, leaf_shift) << (leaf_shift - shift);
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
        if (pt_load(&table[index]))
            break;
        last += pt_span(walk->level);
    }
    return last < map->last ? last : map->last;
}

/* Down a pointer that hardware may not be able to see yet, see above. */
static void enter(struct pt_walk *walk, uint64_t value)
{
    const struct iommu_pt *pt = walk->pt;
    pt_entry *entry = walk_entry(walk);
    uint64_t flushed = pt->config.format->flushed;

    if (!pt->config.coherent && !(value & flushed)) {
        pt_flush(pt, entry, 1);
        atomic_fetch_or_explicit(entry, flushed, memory_order_release);
    }
    walk_down(walk, value);
}

static int look(struct pt_map *map, uint64_t *missing)
{
    struct pt_walk *walk = &map->walk;

    *missing = 0;
    while (walk->iova <= map->last) {
        uint64_t value = pt_load(walk_entry(walk));
        uint64_t last;

        if (pt_is_table(walk->pt, walk->level, value)) {
            enter(walk, value);
            continue;
        }
        if (pt_is_present(walk->pt, value))
            return -IOMMU_EEXIST;
        last = hole_last(map);
        *missing += tables_missing(map, walk->level, walk->iova, last);
        walk_to(walk, last + 1);
    }
    return 0;
}

/* ---- stock -------------------------------------------------------------------------------------------- */

void pt_map_cancel(struct pt_map *map)
{
    while (map->stock) {
        pt_entry *table = map->stock;

        map->stock = (pt_entry *)(uintptr_t)pt_load(&table[0]);
        host_page_free(map->walk.pt->platform, table, 0);
    }
}

/* A page where the hardware cannot reach it is no better than none. */
static bool is_reachable(const struct iommu_pt *pt, const pt_entry *table)
{
    uint64_t pa = host_virt_to_phys(pt->platform, table);

    return (pa & ~pt->config.format->address) == 0 &&
           (pt->config.pa_bits == 64 || pa >> pt->config.pa_bits == 0);
}

static int stock_up(struct pt_map *map, uint64_t count)
{
    const struct iommu_pt *pt = map->walk.pt;

    for (; count; count--) {
        pt_entry *table = host_page_alloc(pt->platform, 0);

        if (!table) {
            pt_map_cancel(map);
            return -IOMMU_ENOMEM;
        }
        atomic_store_explicit(&table[0], (uintptr_t)map->stock, memory_order_relaxed);
        map->stock = table;
        if (!is_reachable(pt, table)) {
            pt_map_cancel(map);
            return -IOMMU_ENOMEM;
        }
    }
    return 0;
}

/* ---- fill --------------------------------------------------------------------------------------------- */

/* Put a table from the stock into the current, empty entry, and enter whatever is there then. */
static int add_table(struct pt_map *map)
{
    const struct iommu_pt *pt = map->walk.pt;
    pt_entry *entry = walk_entry(&map->walk), *table = map->stock;
    uint64_t found = 0, next, value;

    if (!table)
        return -IOMMU_EEXIST; /* tables have vanished since we looked: somebody works on our range */
    next = pt_load(&table[0]);
    value = host_virt_to_phys(pt->platform, table) | pt->config.format->table;

    atomic_store_explicit(&table[0], 0, memory_order_relaxed); /* fill */
    pt_flush(pt, table, PT_ENTRIES);
    if (atomic_compare_exchange_strong_explicit(
            entry, &found, value, memory_order_acq_rel,
            memory_order_acquire)) { /* publish; enter() flushes */
        map->stock = (pt_entry *)(uintptr_t)next;
        enter(&map->walk, value);
        return 0;
    }
    atomic_store_explicit(&table[0], next, memory_order_relaxed); /* back into the stock */
    if (!pt_is_table(pt, map->walk.level, found))
        return -IOMMU_EEXIST;
    enter(&map->walk, found);
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

/* Leaves into the empty entries that follow in the current table, as far as whole pages fit. */
static void fill_run(struct pt_map *map)
{
    struct pt_walk *walk = &map->walk;
    const struct iommu_pt *pt = walk->pt;
    unsigned start = walk_index(walk), index = start;
    uint64_t span = pt_span(walk->level),
             room = (map->last - walk->iova + 1) >> pt_shift(walk->level);
    uint64_t leaf = map->leaf | (walk->level > 1 ? pt->config.format->large : 0);
    uint64_t value = (walk->iova + map->distance) | leaf;
    pt_entry *table = walk->table[walk->level];

    for (; index < PT_ENTRIES && index - start < room; index++, value += span) {
        if (atomic_load_explicit(&table[index], memory_order_relaxed))
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

        if (pt_is_table(walk->pt, walk->level, value))
            enter(walk, value);
        else if (value)
            result = -IOMMU_EEXIST;
        else if (best_level(map) < walk->level)
            result = add_table(map);
        else
            fill_run(map);
    }
    return result;
}

/* ---- in two steps, and in one ------------------------------------------------------------------------- */

int pt_map_prepare(struct pt_map *map, struct iommu_pt *pt, uint64_t first, uint64_t last,
                   uint64_t pa, uint32_t prot)
{
    uint64_t missing;
    int result;

    *map = map_start(pt, first, last, pa, prot);
    result = look(map, &missing);
    return result ? result : stock_up(map, missing);
}

int pt_map_commit(struct pt_map *map, struct iommu_pt *pt, struct iommu_gather *undo)
{
    int result;

    walk_to(&map->walk, map->first);
    result = fill(map);
    if (result && map->walk.iova > map->first)
        pt_clear(pt, map->first, map->walk.iova - 1, IOMMU_PAGE_LG2, undo);
    pt_map_cancel(map); /* what is left over */
    return result;
}

int iommu_pt_map(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t pa, uint32_t prot,
                 struct iommu_gather *undo)
{
    struct pt_map map;
    int result = pt_map_prepare(&map, pt, iova, last, pa, prot);

    return result ? result : pt_map_commit(&map, pt, undo);
}
