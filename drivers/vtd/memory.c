/* SPDX-License-Identifier: MIT */
/*
 * Memory that a unit reads: pages for tables, and the order in which an entry becomes and stops
 * being visible. Architecture: "Software managed table entries" (atomicity, order of updates).
 * Called under iommu.lock from context.c, pasid.c and attach.c.
 *
 * Hardware may fetch an entry at any moment, in pieces of 16 bytes. So P is in the store that
 * comes last when an entry appears, and first and alone when it goes.
 */
#include "drivers/vtd/vtd.h"

/* Atomic, because whoever asks for the counts need not hold iommu.lock. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it */
static void count(uint64_t *pages, unsigned order)
{
    __atomic_fetch_add(pages, (uint64_t)1 << order, __ATOMIC_RELAXED);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it */
static void uncount(uint64_t *pages, unsigned order)
{
    __atomic_fetch_sub(pages, (uint64_t)1 << order, __ATOMIC_RELAXED);
}

void *vtd_table_alloc(struct vtd_unit *unit, unsigned order)
{
    void *table = host_page_alloc(unit->platform, order);

    if (table)
        count(&unit->table_pages, order);
    return table;
}

void vtd_table_free(struct vtd_unit *unit, void *table, unsigned order)
{
    if (!table)
        return;
    host_page_free(unit->platform, table, order);
    uncount(&unit->table_pages, order);
}

void vtd_table_withhold(struct vtd_unit *unit, unsigned order)
{
    uncount(&unit->table_pages, order);
    count(&unit->withheld_pages, order);
}

/* fill, flush, publish, flush */
void vtd_entry_publish(const struct vtd_unit *unit, uint64_t *entry, const uint64_t *value,
                       unsigned words)
{
    for (unsigned i = 1; i < words; i++)
        vtd_store(&entry[i], value[i]);
    vtd_write_back(unit, entry, words * sizeof(*entry));
    host_barrier(unit->platform);
    vtd_store(&entry[0], value[0]);
    vtd_write_back(unit, entry, sizeof(*entry));
    host_barrier(unit->platform);
}

/* P is bit 0 of every kind of entry. The rest stays for those who still hold the entry in a
 * cache. */
void vtd_entry_block(const struct vtd_unit *unit, uint64_t *entry)
{
    vtd_store(&entry[0], vtd_load(&entry[0]) & ~(uint64_t)1);
    vtd_write_back(unit, entry, sizeof(*entry));
    host_barrier(unit->platform);
}

void vtd_entry_clear(const struct vtd_unit *unit, uint64_t *entry, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        vtd_store(&entry[i], 0);
    vtd_write_back(unit, entry, words * sizeof(*entry));
    host_barrier(unit->platform);
}
