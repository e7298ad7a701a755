/* SPDX-License-Identifier: MIT */
/*
 * Pages for tables that a unit reads, counted. Called under iommu.lock.
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
