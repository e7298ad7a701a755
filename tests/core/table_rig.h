/* SPDX-License-Identifier: MIT */
/*
 * tests/core/table_rig.h - one table by itself on a counting host that watches the order of flushes.
 */
#ifndef TESTS_CORE_TABLE_RIG_H
#define TESTS_CORE_TABLE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/core/counted.h"
#include "tests/core/formats.h"

#define RW                  (IOMMU_READ | IOMMU_WRITE)
#define PA                  0x0000020000000000u /* beyond the arena */
#define ALL                 (SIZE_4K | SIZE_2M | SIZE_1G)
#define ENTRY(table, index) ((table) + 8 * (uint64_t)(index))

struct shape {
    const struct iommu_pt_format *format;
    unsigned levels;
    bool coherent;
};

struct rig {
    struct counted host;
    struct iommu_pt pt;
    struct iommu_gather gather;
};

static inline void rig_start(struct rig *rig, struct iommu_pt_config config)
{
    counted_init(&rig->host, 16384);
    counted_watch_pointers(&rig->host, config.format->present, FORMAT_ADDRESS);
    assert_int_equal(iommu_pt_init(&rig->pt, &rig->host.platform, &config), 0);
    iommu_gather_init(&rig->gather);
}

static inline void rig_stop(struct rig *rig)
{
    iommu_pt_free_dead(&rig->pt, &rig->gather);
    if (!rig->pt.config.coherent)
        counted_assert_flushed(&rig->host, format_software(rig->pt.config.format));
    iommu_pt_fini(&rig->pt);
    iommu_pt_fini(&rig->pt); /* harmless */
    counted_fini(&rig->host);
}

/* For every format, number of levels, and kind of hardware. */
static inline void each_shape(void (*test)(struct shape))
{
    const struct iommu_pt_format *formats[] = {&format_second, &format_first, &format_uncounted};

    for (size_t f = 0; f < 3; f++)
        for (unsigned levels = 3; levels <= 5; levels++)
            for (int coherent = 0; coherent < 2; coherent++)
                test((struct shape){formats[f], levels, coherent});
}

static inline void map_ok(struct rig *rig, uint64_t iova, uint64_t pa, uint64_t len, uint32_t prot)
{
    struct iommu_gather undo;

    iommu_gather_init(&undo);
    assert_int_equal(iommu_pt_map(&rig->pt, iova, iova + len - 1, pa, prot, &undo), 0);
    assert_true(undo.first > undo.last && undo.dead_tables == 0);
}

static inline void map_fails(struct rig *rig, uint64_t iova, uint64_t len, int result)
{
    struct iommu_gather undo;
    size_t pages = rig->host.pages;

    iommu_gather_init(&undo);
    assert_int_equal(iommu_pt_map(&rig->pt, iova, iova + len - 1, PA, RW, &undo), result);
    assert_true(undo.first > undo.last && undo.dead_tables == 0);
    assert_int_equal(rig->host.pages, pages);
}

static inline void unmap(struct rig *rig, uint64_t iova, uint64_t len, int result)
{
    assert_int_equal(iommu_pt_unmap(&rig->pt, iova, iova + len - 1, &rig->gather), result);
}

static inline void leads_to(struct rig *rig, uint64_t iova, uint64_t pa, unsigned page_lg2)
{
    uint64_t found;
    uint8_t lg2;
    uint32_t prot;

    assert_int_equal(iommu_pt_lookup(&rig->pt, iova, &found, &lg2, &prot), 0);
    assert_int_equal(found, pa);
    assert_int_equal(lg2, page_lg2);
}

static inline void leads_nowhere(struct rig *rig, uint64_t iova)
{
    uint64_t pa;
    uint8_t lg2;
    uint32_t prot;

    assert_int_equal(iommu_pt_lookup(&rig->pt, iova, &pa, &lg2, &prot), -IOMMU_ENOENT);
}

#endif
