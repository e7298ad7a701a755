/* SPDX-License-Identifier: MIT */
/*
 * Tables that come back: leaf tables with their last leaf, what a trim finds, and the list of the dead.
 * platform: core
 */
#include "tests/core/table_rig.h"

static void test_B45_a_leaf_table_goes_with_its_last_leaf(void **state)
{
    struct rig rig;
    size_t pages;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, ALL, false));
    map_ok(&rig, SIZE_2M, PA, SIZE_4K, RW);
    pages = rig.host.pages;
    map_ok(&rig, 2 * SIZE_2M - 3 * SIZE_4K, PA, 9 * SIZE_4K, RW); /* across two */
    assert_int_equal(rig.host.pages, pages + 1);
    unmap(&rig, 2 * SIZE_2M + 2 * SIZE_4K, 4 * SIZE_4K, 0);
    assert_int_equal(rig.gather.dead_tables, 0);
    unmap(&rig, 2 * SIZE_2M - 3 * SIZE_4K, 5 * SIZE_4K, 0); /* part of one, and all that is left of the other */
    assert_int_not_equal(rig.gather.dead_tables, 0);
    assert_int_equal(rig.pt.unsynced, 1);
    leads_to(&rig, SIZE_2M, PA, 12);
    unmap(&rig, SIZE_2M, SIZE_4K, 0);
    assert_int_equal(rig.pt.unsynced, 2);
    assert_int_equal(rig.host.pages, pages + 1);

    map_ok(&rig, SIZE_2M, PA, SIZE_2M, RW); /* nothing is in the way of a large page */
    leads_to(&rig, SIZE_2M, PA, 21);
    iommu_pt_free_dead(&rig.pt, &rig.gather);
    assert_int_equal(rig.pt.unsynced, 0);
    assert_int_equal(rig.host.pages, pages - 1);
    rig_stop(&rig);
}

static void test_B45_refusals_leave_the_counts_alone(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_first, 3, ALL, true));
    map_ok(&rig, SIZE_2M - SIZE_4K, PA, 2 * SIZE_4K, RW); /* one leaf in each of two tables */
    map_fails(&rig, SIZE_2M, SIZE_4K, -IOMMU_EEXIST);
    map_fails(&rig, SIZE_2M - 4 * SIZE_4K, 8 * SIZE_4K, -IOMMU_EEXIST);
    map_fails(&rig, 0, SIZE_2M, -IOMMU_EEXIST);
    map_fails(&rig, SIZE_4K, 2 * SIZE_2M, -IOMMU_EEXIST);
    unmap(&rig, SIZE_2M - 2 * SIZE_4K, 2 * SIZE_4K, -IOMMU_ENOENT);
    unmap(&rig, SIZE_2M - SIZE_4K, 3 * SIZE_4K, -IOMMU_ENOENT);
    unmap(&rig, 0, SIZE_2M, -IOMMU_ENOENT);
    leads_nowhere(&rig, 0);
    leads_nowhere(&rig, 2 * SIZE_2M - SIZE_4K);
    assert_int_equal(rig.gather.dead_tables, 0);
    unmap(&rig, SIZE_2M, SIZE_4K, 0);
    assert_int_equal(rig.pt.unsynced, 1);
    unmap(&rig, SIZE_2M - SIZE_4K, SIZE_4K, 0);
    assert_int_equal(rig.pt.unsynced, 2);
    rig_stop(&rig);
}

static void trim_leaves_the_top(struct shape shape)
{
    struct rig rig;

    rig_start(&rig, format_config(shape.format, shape.levels, ALL, shape.coherent));
    for (uint64_t at = 0; at < 8 * SIZE_1G; at += SIZE_1G / 2)
        map_ok(&rig, at + SIZE_4K, PA, SIZE_4K, RW);
    map_ok(&rig, 64 * SIZE_1G, PA, SIZE_1G, RW);
    for (uint64_t at = 0; at < 8 * SIZE_1G; at += SIZE_1G / 2)
        unmap(&rig, at + SIZE_4K, SIZE_4K, 0);
    iommu_pt_free_dead(&rig.pt, &rig.gather);
    iommu_pt_trim(&rig.pt, &rig.gather);
    iommu_pt_free_dead(&rig.pt, &rig.gather);
    leads_to(&rig, 64 * SIZE_1G, PA, 30);
    assert_int_equal(rig.host.pages, shape.levels - 2); /* those on the way to the large page */
    unmap(&rig, 64 * SIZE_1G, SIZE_1G, 0);
    iommu_pt_trim(&rig.pt, &rig.gather);
    iommu_pt_free_dead(&rig.pt, &rig.gather);
    assert_int_equal(rig.host.pages, 1);
    rig_stop(&rig);
}

static void test_B45_trim_gives_back_what_holds_nothing(void **state)
{
    (void)state;
    each_shape(trim_leaves_the_top);
}

/* With one caller at a time they go as soon as they hold nothing, whatever it was that they held last. */
static void one_caller_keeps_nothing(struct shape shape)
{
    const uint64_t at[] = {SIZE_4K, SIZE_1G + SIZE_2M, 2 * SIZE_1G, 3 * SIZE_1G - SIZE_4K, 5 * SIZE_1G - 3 * SIZE_4K,
                           6 * SIZE_1G + 2 * SIZE_2M};
    const uint64_t len[] = {SIZE_4K, SIZE_2M, SIZE_1G - SIZE_2M, 2 * SIZE_4K, 2 * SIZE_2M, SIZE_1G - SIZE_2M};
    struct rig rig;

    rig_start(&rig, format_config(shape.format, shape.levels, ALL, shape.coherent));
    rig.pt.one_caller = true;
    for (unsigned i = 0; i < 6; i++)
        map_ok(&rig, at[i], PA + (at[i] & (SIZE_1G - 1)), len[i], RW);
    unmap(&rig, SIZE_1G + SIZE_2M, SIZE_2M, 0);
    leads_to(&rig, 2 * SIZE_1G, PA, 21);
    for (unsigned i = 0; i < 6; i++)
        unmap(&rig, at[i], len[i], i == 1 ? -IOMMU_ENOENT : 0);
    iommu_pt_free_dead(&rig.pt, &rig.gather);
    if (shape.format->count_shift)
        assert_int_equal(rig.host.pages, 1);
    assert_int_equal(rig.pt.unsynced, 0);
    rig_stop(&rig);
}

static void test_B45_one_caller_keeps_no_empty_table(void **state)
{
    (void)state;
    each_shape(one_caller_keeps_nothing);
}

static void map_and_drop(struct rig *rig, uint64_t iova, uint64_t len)
{
    map_ok(rig, iova, PA + SIZE_4K, len, RW);
    unmap(rig, iova, len, 0);
    iommu_pt_free_dead(&rig->pt, &rig->gather);
}

/* One page of any content is by itself. The lock is for more, and for nothing where there is nothing. */
static void test_B52_a_table_at_a_time_takes_no_lock(void **state)
{
    struct iommu_pt_stock stock;
    struct rig rig;
    size_t takings, pages;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, SIZE_4K, true));
    assert_int_equal(iommu_pt_stock_init(&stock, &rig.host.platform), 0);
    rig.pt.stock = &stock;
    takings = rig.host.takings;
    map_ok(&rig, SIZE_1G - SIZE_4K, PA, SIZE_4K, RW); /* keeps the tables above */
    for (unsigned i = 0; i < 3; i++)
        map_and_drop(&rig, 0, SIZE_2M);
    assert_int_equal(rig.host.takings, takings);
    pages = rig.host.pages;
    map_and_drop(&rig, 0, 2 * SIZE_2M);
    assert_int_equal(rig.host.takings, takings + 1); /* to put the second away */
    assert_int_equal(stock.count, 1);
    map_and_drop(&rig, 0, 2 * SIZE_2M);
    assert_int_equal(rig.host.takings, takings + 3);
    assert_int_equal(rig.host.pages, pages + 1);
    iommu_pt_stock_drain(&stock, &rig.host.platform);
    assert_int_equal(rig.host.pages, pages - 1);
    iommu_pt_stock_fini(&stock, &rig.host.platform);
    rig.pt.stock = NULL;
    rig_stop(&rig);
}

/* An unmap of one tree does not touch it; of the tops of several, slot 0 reads as not present to hardware. */
static void test_B45_dead_trees_are_linked_by_their_tops(void **state)
{
    struct rig rig;
    uint64_t at, trees = 0;

    (void)state;
    rig_start(&rig, format_config(&format_first, 4, SIZE_4K, true));
    map_ok(&rig, 0, PA, 2 * SIZE_1G, RW);
    unmap(&rig, 0, SIZE_1G, 0);
    at = rig.gather.dead_tables & ~(SIZE_4K - 1);
    assert_int_not_equal(rig.host.memory[(at - ARENA_PHYS) / 8] & format_first.present, 0);
    unmap(&rig, SIZE_1G, SIZE_1G, 0);
    assert_int_equal(rig.gather.dead_tables & format_first.present, 0);
    for (at = rig.gather.dead_tables; !(at & 1u << 11); trees++) {
        uint64_t slot = rig.host.memory[((at & ~(SIZE_4K - 1)) - ARENA_PHYS) / 8];
        assert_int_equal(slot & format_first.present, 0);
        at = slot;
    }
    assert_int_equal(trees, 2); /* the second GiB, and the child that was in its slot 0 */
    iommu_pt_free_dead(&rig.pt, &rig.gather);
    assert_int_equal(rig.host.pages, 2);
    rig_stop(&rig);
}

/* A host with registers of its own fills and clears long runs. */
static unsigned filled;

static void fill_words(void *ctx, uint64_t *words, size_t count, uint64_t value, uint64_t step)
{
    (void)ctx;
    filled++;
    for (size_t i = 0; i < count; i++, value += step)
        words[i] = value;
}

static void test_B79_the_host_fills_long_runs(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, SIZE_4K, true));
    rig.host.platform.fill_words = fill_words;
    filled = 0;
    map_ok(&rig, 0, PA, 31 * SIZE_4K, RW);
    assert_int_equal(filled, 0);
    map_ok(&rig, 31 * SIZE_4K, PA, 32 * SIZE_4K, RW);
    map_ok(&rig, SIZE_2M, PA, SIZE_2M, RW);
#ifndef __SANITIZE_THREAD__
    assert_int_equal(filled, 2);
#endif
    for (uint64_t at = 0; at < SIZE_2M; at += SIZE_4K)
        leads_to(&rig, SIZE_2M + at, PA + at, 12);
    unmap(&rig, 0, 63 * SIZE_4K, 0);
    leads_nowhere(&rig, 0);
    leads_nowhere(&rig, 62 * SIZE_4K);
    rig_stop(&rig);
}

static int init_with(const struct counted *host, struct iommu_pt_format format)
{
    struct iommu_pt_config config = format_config(&format, 4, ALL, true);
    struct iommu_pt pt;
    int result = iommu_pt_init(&pt, &host->platform, &config);

    if (result == 0)
        iommu_pt_fini(&pt);
    return result;
}

static void test_B42_bits_of_software_are_nobody_elses(void **state)
{
    struct iommu_pt_format format = format_second;
    struct counted host;
    const uint64_t taken[] = {0, 1, 1u << 7, 1u << 11, SIZE_4K, (uint64_t)1 << 52, (uint64_t)1 << 61};

    (void)state;
    counted_init(&host, 16);
    for (unsigned i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        format.flushed = taken[i];
        assert_int_equal(init_with(&host, format), -IOMMU_EINVAL);
    }
    format.flushed = format_second.flushed;
    format.count_shift = 55;
    assert_int_equal(init_with(&host, format), -IOMMU_EINVAL);
    format.count_shift = 51;
    assert_int_equal(init_with(&host, format), -IOMMU_EINVAL);
    format.count_shift = 55; /* beside `flushed`, but not within the entry */
    format.flushed = (uint64_t)1 << 53;
    assert_int_equal(init_with(&host, format), -IOMMU_EINVAL);
    format.count_shift = 54;
    assert_int_equal(init_with(&host, format), 0);
    format.present |= 1u << 8; /* a link between dead tables would be present */
    assert_int_equal(init_with(&host, format), -IOMMU_EINVAL);
    counted_fini(&host);
}

/* The short ways that know an entry's bits are for entries that have them. */
static void test_entries_of_another_layout_are_not_plain(void **state)
{
    enum { OTHERS = 5 };
    struct iommu_pt_format other[OTHERS];
    struct counted host;
    struct iommu_pt pt;

    (void)state;
    counted_init(&host, 16);
    for (unsigned i = 0; i < OTHERS; i++)
        other[i] = format_second;
    other[0].address &= ~((uint64_t)1 << 51);
    other[1].large = 1u << 8;
    other[2].count_shift = 0;
    other[3].table |= (uint64_t)1 << 63; /* would be taken for `flushed` */
    other[4].flushed = 1u << 9;
    for (unsigned i = 0; i <= OTHERS; i++) {
        struct iommu_pt_config config = format_config(i < OTHERS ? &other[i] : &format_second, 4, ALL, true);

        assert_int_equal(iommu_pt_init(&pt, &host.platform, &config), 0);
        assert_int_equal(pt.plain, i == OTHERS);
        iommu_pt_fini(&pt);
    }
    counted_fini(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B45_a_leaf_table_goes_with_its_last_leaf),
        cmocka_unit_test(test_B45_refusals_leave_the_counts_alone),
        cmocka_unit_test(test_B45_trim_gives_back_what_holds_nothing),
        cmocka_unit_test(test_B45_one_caller_keeps_no_empty_table),
        cmocka_unit_test(test_B52_a_table_at_a_time_takes_no_lock),
        cmocka_unit_test(test_B45_dead_trees_are_linked_by_their_tops),
        cmocka_unit_test(test_B79_the_host_fills_long_runs),
        cmocka_unit_test(test_B42_bits_of_software_are_nobody_elses),
        cmocka_unit_test(test_entries_of_another_layout_are_not_plain),
    };

    return cmocka_run_group_tests_name("pagetable_counts", tests, NULL, NULL);
}
