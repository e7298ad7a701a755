/* SPDX-License-Identifier: MIT */
/*
 * The page-table walk by itself: both formats, three to five levels, all page sizes, the top page, refusals
 * that change nothing, tables counted to the page, and what reaches hardware that does not snoop.
 * platform: core
 */
#include "tests/core/table_rig.h"

/* ---- shapes ------------------------------------------------------------------------------------------- */

static void top_page(struct shape shape)
{
    struct rig rig;
    uint64_t last, top;

    rig_start(&rig, format_config(shape.format, shape.levels, ALL, shape.coherent));
    last = iommu_pt_last(&rig.pt);
    top = last & ~(SIZE_4K - 1);
    assert_int_equal(last + 1,
                     (uint64_t)1 << (12 + 9 * shape.levels - (shape.format == &format_first)));
    map_ok(&rig, top, PA, SIZE_4K, RW);
    map_ok(&rig, 0, PA, SIZE_4K, RW);
    leads_to(&rig, last, PA + 0xfff, 12);
    leads_nowhere(&rig, top - 1);
    leads_nowhere(&rig, last + 1);
    leads_nowhere(&rig, UINT64_MAX);
    assert_true(iommu_pt_any_mapped(&rig.pt, last));
    unmap(&rig, top, SIZE_4K, 0);
    assert_false(iommu_pt_any_mapped(&rig.pt, SIZE_4K));
    assert_true(iommu_pt_any_mapped(&rig.pt, 0xfff));
    assert_int_equal(iommu_pt_unmap(&rig.pt, top, last + SIZE_4K, &rig.gather), -IOMMU_ENOENT);
    rig_stop(&rig);
}

static void test_B39_top_page_of_every_shape(void **state)
{
    (void)state;
    each_shape(top_page);
}

/* Read the tree as hardware would: through what has been flushed. */
static uint64_t device_walk(const struct rig *rig, uint64_t iova, unsigned *page_lg2)
{
    const struct iommu_pt_format *format = rig->pt.config.format;
    uint64_t table = iommu_pt_root(&rig->pt);
    unsigned level = rig->pt.config.levels;

    for (;; level--) {
        uint64_t entry;

        *page_lg2 = 12 + 9 * (level - 1);
        entry = counted_view(&rig->host, ENTRY(table, iova >> *page_lg2 & 511));
        if (!(entry & format->present) || level == 1 || (entry & format->large))
            return entry;
        assert_int_equal(entry & format->table, format->table);
        table = entry & format->address;
    }
}

static void all_sizes_in_one_range(struct shape shape)
{
    /* 4K pages up to 2M, 2M pages up to 1G, 1G pages, and down again */
    uint64_t first = SIZE_1G - SIZE_2M - 3 * SIZE_4K, last = 3 * SIZE_1G + SIZE_2M + SIZE_4K - 1;
    uint64_t at = first;
    struct rig rig;

    rig_start(&rig, format_config(shape.format, shape.levels, ALL, shape.coherent));
    map_ok(&rig, first, PA + first, last - first + 1, RW);
    leads_nowhere(&rig, first - 1);
    while (at <= last) {
        unsigned expected = at % SIZE_1G == 0 && last - at >= SIZE_1G - 1   ? 30
                            : at % SIZE_2M == 0 && last - at >= SIZE_2M - 1 ? 21
                                                                            : 12;
        leads_to(&rig, at, PA + at, expected);
        leads_to(&rig, at + 0x123, PA + at + 0x123, expected);
        if (!shape.coherent) {
            unsigned lg2;
            uint64_t entry = device_walk(&rig, at, &lg2);

            assert_int_equal(lg2, expected);
            assert_int_equal(entry & FORMAT_ADDRESS, PA + at);
            assert_int_equal(!!(entry & shape.format->large), expected > 12);
        }
        at += (uint64_t)1 << expected;
    }
    leads_nowhere(&rig, last + 1);
    unmap(&rig, first, last - first + 1, 0);
    assert_false(iommu_pt_any_mapped(&rig.pt, 0));
    assert_int_equal(rig.gather.first, first);
    assert_int_equal(rig.gather.last, last);
    assert_int_equal(rig.gather.leaf_lg2, 12);
    rig_stop(&rig);
}

static void test_B75_largest_pages_that_fit(void **state)
{
    (void)state;
    each_shape(all_sizes_in_one_range);
}

static void test_B75_sizes_that_the_unit_lacks_are_not_used(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, SIZE_4K | SIZE_1G, false));
    map_ok(&rig, SIZE_1G, PA, SIZE_1G + SIZE_2M, RW);
    leads_to(&rig, SIZE_1G, PA, 30);
    leads_to(&rig, 2 * SIZE_1G, PA + SIZE_1G, 12);
    map_ok(&rig, 4 * SIZE_1G, PA + SIZE_4K, SIZE_2M, RW); /* differently aligned */
    leads_to(&rig, 4 * SIZE_1G, PA + SIZE_4K, 12);
    rig_stop(&rig);
}

static void test_B15_rights_and_bits_of_a_leaf(void **state)
{
    static const uint32_t prots[] = {IOMMU_READ, IOMMU_WRITE, RW, RW | IOMMU_CACHE};
    struct rig rig;
    uint64_t pa;
    uint8_t lg2;
    uint32_t prot;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, ALL, false));
    for (unsigned i = 0; i < 4; i++) {
        unsigned page_lg2;

        map_ok(&rig, i * SIZE_2M, PA, i % 2 ? SIZE_2M : SIZE_4K, prots[i]);
        assert_int_equal(iommu_pt_lookup(&rig.pt, i * SIZE_2M, &pa, &lg2, &prot), 0);
        assert_int_equal(prot, prots[i]);
        assert_int_equal(device_walk(&rig, i * SIZE_2M, &page_lg2),
                         PA | (prots[i] & 3) | (i % 2 ? 1u << 7 : 0) |
                             (prots[i] & IOMMU_CACHE ? 1u << 11 : 0));
    }
    rig_stop(&rig);

    rig_start(&rig, format_config(&format_first, 4, ALL, true));
    map_ok(&rig, 0, PA, SIZE_4K, IOMMU_READ);
    assert_int_equal(iommu_pt_lookup(&rig.pt, 0, &pa, &lg2, &prot), 0);
    assert_int_equal(prot, IOMMU_READ);
    rig_stop(&rig);
}

static void test_B39_impossible_configurations_are_refused(void **state)
{
    const struct iommu_pt_config good = format_config(&format_second, 4, ALL, true);
    struct iommu_pt_format links = format_second, counts = format_second;
    struct iommu_pt_config bad[11];
    struct counted host;
    struct iommu_pt pt;

    (void)state;
    links.present |= 1u << 11; /* a link of the list of dead tables would be an entry */
    counts.count_shift = 55;
    for (int i = 0; i < 11; i++)
        bad[i] = good;
    bad[0].format = NULL;
    bad[1].levels = 2;
    bad[2].levels = 6;
    bad[3].iova_bits = 49;
    bad[4].iova_bits = 12;
    bad[5].pa_bits = 12;
    bad[6].page_sizes = SIZE_2M;
    bad[7].page_sizes = ALL | 1u << 13;
    bad[8].pa_bits = 64;
    bad[9].format = &links;
    bad[10].format = &counts;
    counted_init(&host, 4);
    for (int i = 0; i < 11; i++)
        assert_int_equal(iommu_pt_init(&pt, &host.platform, &bad[i]), -IOMMU_EINVAL);
    host.platform.cache_flush = NULL;
    bad[0] = good;
    bad[0].coherent = false;
    assert_int_equal(iommu_pt_init(&pt, &host.platform, &bad[0]), -IOMMU_EINVAL);
    assert_int_equal(host.allocations, 0);
    counted_fail(&host, 1);
    assert_int_equal(iommu_pt_init(&pt, &host.platform, &good), -IOMMU_ENOMEM);
    counted_fini(&host);
}

/* ---- refusals ----------------------------------------------------------------------------------------- */

static void test_B42_what_is_mapped_stays_as_it_is(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, ALL, false));
    map_ok(&rig, SIZE_2M, PA, SIZE_2M, RW);               /* one large page */
    map_ok(&rig, 8 * SIZE_2M + SIZE_4K, PA, SIZE_4K, RW); /* one small one */
    map_fails(&rig, SIZE_2M, SIZE_4K, -IOMMU_EEXIST);
    map_fails(&rig, SIZE_2M + SIZE_4K, SIZE_4K, -IOMMU_EEXIST);
    map_fails(&rig, 0, SIZE_1G, -IOMMU_EEXIST);
    map_fails(&rig, 3 * SIZE_2M, 6 * SIZE_2M, -IOMMU_EEXIST); /* the last table has the small one */
    leads_nowhere(&rig, 3 * SIZE_2M);
    leads_to(&rig, SIZE_2M, PA, 21);
    leads_to(&rig, 8 * SIZE_2M + SIZE_4K, PA, 12);
    rig_stop(&rig);
}

static void test_B42_an_unmap_is_all_or_nothing(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_first, 4, ALL, false));
    map_ok(&rig, 0, PA, 2 * SIZE_2M, RW);
    map_ok(&rig, 2 * SIZE_2M, PA, 4 * SIZE_4K, RW);
    unmap(&rig, 0, 3 * SIZE_2M, -IOMMU_ENOENT);             /* a hole at the end */
    unmap(&rig, SIZE_1G, SIZE_4K, -IOMMU_ENOENT);           /* nothing at all */
    unmap(&rig, 0, SIZE_2M + SIZE_4K, -IOMMU_EINVAL);       /* cut at its end */
    unmap(&rig, SIZE_4K, SIZE_2M - SIZE_4K, -IOMMU_EINVAL); /* at its beginning */
    unmap(&rig, SIZE_4K, SIZE_4K, -IOMMU_EINVAL);           /* in the middle */
    assert_true(rig.gather.first > rig.gather.last);
    leads_to(&rig, 0, PA, 21);
    leads_to(&rig, SIZE_2M, PA + SIZE_2M, 21);
    leads_to(&rig, 2 * SIZE_2M + 3 * SIZE_4K, PA + 3 * SIZE_4K, 12);
    unmap(&rig, 0, SIZE_2M, 0);
    assert_int_equal(rig.gather.leaf_lg2, 21);
    unmap(&rig, SIZE_2M, SIZE_2M + SIZE_4K, 0);
    assert_int_equal(rig.gather.leaf_lg2, 12);
    leads_to(&rig, 2 * SIZE_2M + SIZE_4K, PA + SIZE_4K, 12);
    rig_stop(&rig);
}

static void test_B42_B79_every_allocation_of_a_map_fails_once(void **state)
{
    uint64_t first = SIZE_1G - 3 * SIZE_4K, len = 2 * SIZE_2M + 6 * SIZE_4K;
    size_t nth = 0, pages;
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 5, SIZE_4K, false));
    pages = rig.host.pages;
    for (;;) {
        struct iommu_gather undo;
        int result;

        iommu_gather_init(&undo);
        counted_fail(&rig.host, ++nth);
        result = iommu_pt_map(&rig.pt, first, first + len - 1, PA, RW, &undo);
        if (!rig.host.failed) {
            assert_int_equal(result, 0);
            break;
        }
        assert_int_equal(result, -IOMMU_ENOMEM);
        assert_int_equal(rig.host.pages, pages);
        assert_false(iommu_pt_any_mapped(&rig.pt, 0));
    }
    counted_fail(&rig.host, 0);
    /* levels 4, 3; two of level 2; one, two and one of level 1: as many as were needed, none left over */
    assert_int_equal(nth, 9);
    assert_int_equal(rig.host.pages, pages + 8);
    rig_stop(&rig);
}

/* ---- tables ------------------------------------------------------------------------------------------- */

static void dead_tables_wait(struct shape shape)
{
    uint64_t len = SIZE_1G << 9 * (shape.levels - 3); /* what one entry of the top covers */
    struct rig rig;
    size_t empty, full;

    /* pages of 1G and below at both ends, so that every level has tables */
    rig_start(&rig, format_config(shape.format, shape.levels, ALL, shape.coherent));
    empty = rig.host.pages;
    map_ok(&rig, 0, PA, 3 * SIZE_4K, RW);
    map_ok(&rig, 3 * SIZE_4K, PA + 3 * SIZE_4K, len - 6 * SIZE_4K, RW);
    map_ok(&rig, len - 3 * SIZE_4K, PA, 3 * SIZE_4K, RW);
    full = rig.host.pages;
    assert_true(full > empty);
    unmap(&rig, 0, len, 0);
    assert_int_equal(rig.host.pages, full); /* free comes after the wait */
    leads_nowhere(&rig, SIZE_2M);
    if (!shape.coherent) {
        unsigned lg2;

        assert_int_equal(device_walk(&rig, SIZE_2M, &lg2), 0);
    }
    iommu_pt_free_dead(&rig.pt, &rig.gather);
    assert_int_equal(rig.gather.dead_tables, 0);
    assert_int_equal(rig.host.pages, empty);
    rig_stop(&rig);
}

static void test_B45_dead_tables_stay_until_they_are_freed(void **state)
{
    (void)state;
    each_shape(dead_tables_wait);
}

/* No room for a count: what a range covers in part stays, even when nothing is left in it. */
static void test_B45_uncounted_tables_covered_in_part_stay(void **state)
{
    struct rig rig;
    size_t pages;

    (void)state;
    rig_start(&rig, format_config(&format_uncounted, 4, ALL, false));
    map_ok(&rig, SIZE_2M, PA, SIZE_4K, RW);
    map_ok(&rig, SIZE_2M + SIZE_4K, PA, SIZE_4K, RW);
    pages = rig.host.pages;
    unmap(&rig, SIZE_2M, SIZE_4K, 0);
    leads_to(&rig, SIZE_2M + SIZE_4K, PA, 12);
    unmap(&rig, SIZE_2M + SIZE_4K, SIZE_4K, 0);
    assert_int_equal(rig.gather.dead_tables, 0);
    assert_int_equal(rig.host.pages, pages);

    /* an empty table is used, not replaced: smaller pages go into it */
    map_ok(&rig, SIZE_2M, PA, 2 * SIZE_2M, RW);
    leads_to(&rig, SIZE_2M, PA, 12);
    leads_to(&rig, 2 * SIZE_2M, PA + SIZE_2M, 21);
    assert_int_equal(rig.host.pages, pages);
    unmap(&rig, SIZE_2M, SIZE_2M, 0); /* now it is covered */
    assert_int_not_equal(rig.gather.dead_tables, 0);
    iommu_pt_free_dead(&rig.pt, &rig.gather);
    assert_int_equal(rig.host.pages, pages - 1);
    rig_stop(&rig);
}

static void test_B75_two_mappings_share_tables_and_flushes_are_few(void **state)
{
    struct rig rig;
    size_t pages, flushes;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, ALL, false));
    map_ok(&rig, 0, PA, SIZE_4K, RW);
    pages = rig.host.pages;
    flushes = rig.host.flushes;
    map_ok(&rig, SIZE_4K, PA, 400 * SIZE_4K, RW);
    assert_int_equal(rig.host.flushes, flushes + 1); /* one run */
    unmap(&rig, SIZE_4K, 400 * SIZE_4K, 0);
    assert_int_equal(rig.host.flushes, flushes + 2);
    assert_int_equal(rig.host.pages, pages);
    rig_stop(&rig);
}

static void test_B75_a_pointer_that_another_left_unflushed_is_flushed(void **state)
{
    struct rig rig;
    uint64_t *root;
    unsigned lg2;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, ALL, false));
    map_ok(&rig, 0, PA, SIZE_4K, RW);
    /* as another thread leaves it between publish and flush */
    root = rig.pt.root;
    root[0] &= ~format_second.flushed;
    rig.host.view[(uint64_t *)root - rig.host.memory] = 0;
    assert_int_equal(device_walk(&rig, 0, &lg2), 0);
    map_ok(&rig, SIZE_4K, PA + SIZE_4K, SIZE_4K, RW);
    assert_int_equal(device_walk(&rig, SIZE_4K, &lg2) & FORMAT_ADDRESS, PA + SIZE_4K);
    assert_true(root[0] & format_second.flushed);
    rig_stop(&rig);
}

static void test_B80_a_huge_range_costs_its_tables_only(void **state)
{
    struct iommu_pt_config config = format_config(&format_second, 5, ALL, false);
    struct rig rig;
    uint64_t len;

    (void)state;
    config.pa_bits = 52;
    rig_start(&rig, config);
    len = (uint64_t)1 << 50; /* 2^20 pages of 1G in 2048 tables */
    map_ok(&rig, len, 0, len, RW);
    assert_int_equal(rig.host.pages, 1 + 4 + 2048);
    assert_false(iommu_pt_any_mapped(&rig.pt, 2 * len));
    assert_true(iommu_pt_any_mapped(&rig.pt, 0));
    leads_to(&rig, 2 * len - 1, len - 1, 30);
    unmap(&rig, len, len, 0);
    assert_false(iommu_pt_any_mapped(&rig.pt, 0));
    iommu_pt_free_dead(&rig.pt, &rig.gather);
    assert_int_equal(rig.host.pages, 1);
    rig_stop(&rig);
}

static void test_B75_a_page_out_of_the_hardwares_reach_is_no_table(void **state)
{
    struct iommu_pt_config config = format_config(&format_second, 3, ALL, true);
    struct counted host;
    struct iommu_gather undo;
    struct iommu_pt pt;

    (void)state;
    config.pa_bits = 32; /* the arena is above */
    counted_init(&host, 16);
    assert_int_equal(iommu_pt_init(&pt, &host.platform, &config), 0);
    iommu_gather_init(&undo);
    assert_int_equal(iommu_pt_map(&pt, 0, SIZE_4K - 1, 0, RW, &undo), -IOMMU_ENOMEM);
    assert_int_equal(host.pages, 1);
    iommu_pt_fini(&pt);
    counted_fini(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B39_top_page_of_every_shape),
        cmocka_unit_test(test_B75_largest_pages_that_fit),
        cmocka_unit_test(test_B75_sizes_that_the_unit_lacks_are_not_used),
        cmocka_unit_test(test_B15_rights_and_bits_of_a_leaf),
        cmocka_unit_test(test_B39_impossible_configurations_are_refused),
        cmocka_unit_test(test_B42_what_is_mapped_stays_as_it_is),
        cmocka_unit_test(test_B42_an_unmap_is_all_or_nothing),
        cmocka_unit_test(test_B42_B79_every_allocation_of_a_map_fails_once),
        cmocka_unit_test(test_B45_dead_tables_stay_until_they_are_freed),
        cmocka_unit_test(test_B45_uncounted_tables_covered_in_part_stay),
        cmocka_unit_test(test_B75_two_mappings_share_tables_and_flushes_are_few),
        cmocka_unit_test(test_B75_a_pointer_that_another_left_unflushed_is_flushed),
        cmocka_unit_test(test_B80_a_huge_range_costs_its_tables_only),
        cmocka_unit_test(test_B75_a_page_out_of_the_hardwares_reach_is_no_table),
    };

    return cmocka_run_group_tests_name("pagetable", tests, NULL, NULL);
}
