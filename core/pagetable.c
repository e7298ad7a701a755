/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable.c - a table's life, questions to it, and the list of its dead.
 *
 * Dead tables are linked through slot 0 of each, by physical address. Such a link is page aligned, so to
 * hardware that still comes by (and until a sync has waited it may) slot 0 reads as not present, like to any
 * thread of ours that looked at the parent a moment ago.
 *
 * No lock here. Who asks iommu_pt_any_mapped() while others unmap holds the lock under which iommu_sync()
 * frees, see core/gather.c.
 */
#include "core/pagetable_walk.h"

static bool config_is_sane(const struct iommu_platform *platform,
                           const struct iommu_pt_config *config)
{
    uint64_t possible = 0;

    if (!config->format || config->levels < 3 || config->levels > IOMMU_PT_LEVELS_MAX)
        return false;
    if (config->iova_bits <= IOMMU_PAGE_LG2 || config->iova_bits > pt_shift(config->levels + 1u))
        return false;
    if (config->pa_bits <= IOMMU_PAGE_LG2 || config->pa_bits > 64)
        return false;
    for (unsigned level = 1; level <= config->levels; level++)
        possible |= pt_span(level);
    if (!(config->page_sizes & IOMMU_PAGE_SIZE) || (config->page_sizes & ~possible))
        return false;
    return config->coherent || host_can_flush(platform);
}

int iommu_pt_init(struct iommu_pt *pt, const struct iommu_platform *platform,
                  const struct iommu_pt_config *config)
{
    if (!config_is_sane(platform, config))
        return -IOMMU_EINVAL;
    pt->platform = platform;
    pt->config = *config;
    pt->root = host_page_alloc(platform, 0);
    if (!pt->root)
        return -IOMMU_ENOMEM;
    pt_flush(pt, (pt_entry *)pt->root, PT_ENTRIES);
    return 0;
}

void iommu_pt_fini(struct iommu_pt *pt)
{
    struct iommu_gather all;

    if (!pt->root)
        return;
    iommu_gather_init(&all);
    pt_bury(pt, (pt_entry *)pt->root, pt->config.levels, &all);
    iommu_pt_free_dead(pt, &all);
    pt->root = NULL;
}

uint64_t iommu_pt_root(const struct iommu_pt *pt)
{
    return host_virt_to_phys(pt->platform, pt->root);
}

uint64_t iommu_pt_last(const struct iommu_pt *pt)
{
    unsigned bits = pt->config.iova_bits;

    /* First-stage addresses are canonical: with all bits of the tree in use, the upper half would be the
     * sign-extended one. */
    if (pt->config.format->stage == IOMMU_STAGE_FIRST && bits == pt_shift(pt->config.levels + 1u))
        bits--;
    return ((uint64_t)1 << bits) - 1;
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

int iommu_pt_lookup(const struct iommu_pt *pt, uint64_t iova, uint64_t *pa, uint8_t *page_lg2,
                    uint32_t *prot)
{
    struct pt_walk walk = walk_start(pt, iova);
    uint64_t value, within;

    if (iova > iommu_pt_last(pt))
        return -IOMMU_ENOENT;
    for (value = pt_load(walk_entry(&walk)); pt_is_table(pt, walk.level, value);) {
        walk_down(&walk, value);
        value = pt_load(walk_entry(&walk));
    }
    if (!pt_is_present(pt, value))
        return -IOMMU_ENOENT;

    within = pt_span(walk.level) - 1;
    *pa = (value & pt->config.format->address & ~within) | (iova & within);
    *page_lg2 = (uint8_t)pt_shift(walk.level);
    *prot = prot_of(pt, value);
    return 0;
}

bool iommu_pt_any_mapped(const struct iommu_pt *pt, uint64_t first)
{
    struct pt_walk walk = walk_start(pt, first);
    uint64_t last = iommu_pt_last(pt);

    while (walk.iova <= last) {
        uint64_t value = pt_load(walk_entry(&walk));

        if (pt_is_table(pt, walk.level, value))
            walk_down(&walk, value);
        else if (pt_is_present(pt, value))
            return true;
        else
            walk_to(&walk, walk_last(&walk) + 1);
    }
    return false;
}

/* ---- the dead ----------------------------------------------------------------------------------------- */

static void bury_one(const struct iommu_pt *pt, pt_entry *table, struct iommu_gather *gather)
{
    atomic_store_explicit(&table[0], gather->dead_tables, memory_order_relaxed);
    gather->dead_tables = host_virt_to_phys(pt->platform, table);
}

/* Children before parents: a table's slot 0 is needed for the way down until all below it is done. */
void pt_bury(const struct iommu_pt *pt, pt_entry *top, unsigned level, struct iommu_gather *gather)
{
    pt_entry *table[IOMMU_PT_LEVELS_MAX + 1];
    unsigned next[IOMMU_PT_LEVELS_MAX + 1];
    unsigned at = level;

    table[at] = top;
    next[at] = 0;
    while (at <= level) {
        uint64_t value;

        if (at == 1 || next[at] == PT_ENTRIES) {
            bury_one(pt, table[at++], gather);
            continue;
        }
        value = pt_load(&table[at][next[at]++]);
        if (pt_is_table(pt, at, value)) {
            table[--at] = pt_table_of(pt, value);
            next[at] = 0;
        }
    }
}

void iommu_pt_free_dead(struct iommu_pt *pt, struct iommu_gather *gather)
{
    while (gather->dead_tables) {
        pt_entry *table = host_phys_to_virt(pt->platform, gather->dead_tables);

        gather->dead_tables = atomic_load_explicit(&table[0], memory_order_relaxed);
        host_page_free(pt->platform, table, 0);
    }
}
