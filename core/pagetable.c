/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable.c - a tree's life, and questions to it.
 *
 * No lock here. Who asks iommu_pt_any_mapped() or pt_peek() while others unmap holds the lock under which iommu_sync()
 * frees, see core/gather.c; a lookup pins the leaf table that it reads.
 */
#include "core/pagetable_count.h"
#include "core/pagetable_dead.h"
#include "core/pagetable_run.h"

/* Bits that have two meanings? What software keeps lies beside all else, and what links dead tables is not present. */
static bool format_is_sane(const struct iommu_pt_format *format)
{
    uint64_t count = format->count_shift ? (((uint64_t)1 << PT_COUNT_BITS) - 1) << format->count_shift : 0;
    uint64_t taken = format->present | format->table | format->leaf | format->large | format->read | format->write |
                     format->snoop | format->address;

    if (format->present & PT_DEAD_BITS || format->count_shift > 64 - PT_COUNT_BITS)
        return false;
    return format->flushed && !(taken & (count | format->flushed)) && !(count & format->flushed);
}

static bool config_is_sane(const struct iommu_platform *platform,
                           const struct iommu_pt_config *config)
{
    uint64_t possible = 0;

    if (!config->format || !format_is_sane(config->format) || config->levels < 3 || config->levels > IOMMU_PT_LEVELS_MAX)
        return false;
    if (config->iova_bits <= IOMMU_PAGE_LG2 || config->iova_bits > pt_shift(config->levels + 1u))
        return false;
    if (config->pa_bits <= IOMMU_PAGE_LG2 || config->pa_bits > 63)
        return false;
    for (unsigned level = 1; level <= config->levels; level++)
        possible |= pt_span(level);
    if (!(config->page_sizes & IOMMU_PAGE_SIZE) || (config->page_sizes & ~possible))
        return false;
    return config->coherent || host_can_flush(platform);
}

/* As pt_view() tells those who ask for `plain`. */
static bool is_laid_out_plainly(const struct iommu_pt_format *format)
{
    return format->address == PT_PLAIN_ADDRESS && format->large == PT_PLAIN_LARGE &&
           format->count_shift == PT_PLAIN_COUNT_SHIFT && !(format->table & PT_PLAIN_SETTLED) &&
           !(format->flushed & ~PT_PLAIN_SETTLED);
}

/* First-stage addresses are canonical: with all bits of the tree in use, the upper half would be the sign-extended one. */
static uint64_t last_of(const struct iommu_pt_config *config)
{
    unsigned bits = config->iova_bits;

    if (config->format->stage == IOMMU_STAGE_FIRST && bits == pt_shift(config->levels + 1u))
        bits--;
    return ((uint64_t)1 << bits) - 1;
}

int iommu_pt_init_at(struct iommu_pt *pt, const struct iommu_platform *platform, const struct iommu_pt_config *config,
                     uint64_t *top)
{
    if (!config_is_sane(platform, config))
        return -IOMMU_EINVAL;
    pt->platform = platform;
    pt->config = *config;
    pt->stock = NULL;
    pt->unsynced = 0;
    pt->one_caller = !platform->lock_acquire;
    pt->last = last_of(config);
    pt->plain = config->coherent && is_laid_out_plainly(config->format) && !platform->phys_to_virt;
    pt->root = top;
    return 0;
}

int iommu_pt_init(struct iommu_pt *pt, const struct iommu_platform *platform,
                  const struct iommu_pt_config *config)
{
    int result = iommu_pt_init_at(pt, platform, config, NULL);

    if (result)
        return result;
    pt->root = host_page_alloc(platform, 0);
    if (!pt->root)
        return -IOMMU_ENOMEM;
    pt_flush(pt, (pt_entry *)pt->root, PT_ENTRIES);
    pt_order(pt);
    return 0;
}

void iommu_pt_fini(struct iommu_pt *pt)
{
    pt_free_tree(pt);
    pt->root = NULL;
}

uint64_t iommu_pt_root(const struct iommu_pt *pt)
{
    return host_virt_to_phys(pt->platform, pt->root);
}

uint64_t iommu_pt_last(const struct iommu_pt *pt)
{
    return pt->last;
}

/* What a leaf allows, in the words of iommu_map. */
static uint32_t prot_of(const struct iommu_pt *pt, uint64_t leaf)
{
    const struct iommu_pt_format *format = pt->config.format;
    uint32_t prot = 0;

    if ((leaf & format->read) == format->read)
        prot |= IOMMU_READ;
    if (format->write && (leaf & format->write) == format->write)
        prot |= IOMMU_WRITE;
    if (format->snoop && (leaf & format->snoop) == format->snoop)
        prot |= IOMMU_CACHE;
    return prot;
}

/* The leaf that the walk stands at. */
static int answer(const struct pt_walk *walk, uint64_t leaf, uint64_t *pa, uint8_t *page_lg2, uint32_t *prot)
{
    const struct iommu_pt *pt = walk->pt;
    uint64_t within = pt_span(walk->level) - 1;

    if (!pt_is_present(pt, leaf))
        return -IOMMU_ENOENT;
    *pa = (leaf & pt->config.format->address & ~within) | (walk->iova & within);
    *page_lg2 = (uint8_t)pt_shift(walk->level);
    *prot = prot_of(pt, leaf);
    return 0;
}

/* To the leaf's place, at most down to level `lowest`. Returns what is there. */
static uint64_t descend(struct pt_walk *walk, unsigned lowest)
{
    uint64_t value = pt_load(walk_entry(walk));

    while (walk->level > lowest && pt_is_table(walk->pt, walk->level, value)) {
        walk_down(walk, value);
        value = pt_load(walk_entry(walk));
    }
    return value;
}

int iommu_pt_lookup(const struct iommu_pt *pt, uint64_t iova, uint64_t *pa, uint8_t *page_lg2,
                    uint32_t *prot)
{
    struct pt_walk walk = walk_start(pt, iova);
    pt_entry *pinned;
    uint64_t value;

    if (iova > iommu_pt_last(pt))
        return -IOMMU_ENOENT;
    value = descend(&walk, 2);
    if (!pt_is_table(pt, 2, value))
        return answer(&walk, value, pa, page_lg2, prot);
    pinned = walk_entry(&walk);
    if (pt_pin(pt, pinned, 1, &value) != PT_PINNED)
        return -IOMMU_ENOENT;
    walk_down(&walk, value);
    value = pt_load(walk_entry(&walk));
    (void)pt_unpin(pt, pinned, 1);
    return answer(&walk, value, pa, page_lg2, prot);
}

int pt_peek(const struct iommu_pt *pt, uint64_t iova, uint64_t *pa, uint8_t *page_lg2, uint32_t *prot)
{
    struct pt_walk walk = walk_start(pt, iova);

    if (iova > iommu_pt_last(pt))
        return -IOMMU_ENOENT;
    return answer(&walk, descend(&walk, 1), pa, page_lg2, prot);
}

/* A pinned table counts as one with leaves, unless it begins below `first`: then its leaves have to be looked at. */
static bool nothing_below(const struct pt_walk *walk, uint64_t value, uint64_t first)
{
    return walk->level == 2 && pt_counts(walk->pt) &&
           (pt_count_of(walk->pt, value) == 0 || walk_first(walk) >= first);
}

bool iommu_pt_any_mapped(const struct iommu_pt *pt, uint64_t first)
{
    struct pt_walk walk = walk_start(pt, first);
    uint64_t last = iommu_pt_last(pt);

    while (walk.iova <= last) {
        uint64_t value = pt_load(walk_entry(&walk));
        bool table = pt_is_table(pt, walk.level, value);

        if (table && nothing_below(&walk, value, first)) {
            if (pt_count_of(pt, value))
                return true;
        } else if (table) {
            walk_down(&walk, value);
            continue;
        } else if (pt_is_present(pt, value)) {
            return true;
        }
        walk_to(&walk, walk_last(&walk) + 1);
    }
    return false;
}

/* ---- trimming ----------------------------------------------------------------------------------------- */

static void unlink_if_empty(struct iommu_pt *pt, pt_entry *entry, unsigned level, struct iommu_gather *gather)
{
    if (!pt_run_any(pt_table_of(pt, pt_load(entry)), PT_ENTRIES))
        (void)pt_unlink_empty(pt, entry, level, gather);
}

/* Children first: what is above them may hold nothing then. */
void iommu_pt_trim(struct iommu_pt *pt, struct iommu_gather *gather)
{
    pt_entry *table[IOMMU_PT_LEVELS_MAX + 1];
    unsigned next[IOMMU_PT_LEVELS_MAX + 1];
    unsigned top = pt->config.levels, at = top;

    table[at] = (pt_entry *)pt->root;
    next[at] = 0;
    for (;;) {
        uint64_t value;

        if (at == 1 || next[at] == PT_ENTRIES) {
            if (at++ == top)
                return;
            unlink_if_empty(pt, &table[at][next[at] - 1], at, gather);
            continue;
        }
        value = pt_load(&table[at][next[at]++]);
        if (pt_is_table(pt, at, value)) {
            table[--at] = pt_table_of(pt, value);
            next[at] = 0;
        }
    }
}
