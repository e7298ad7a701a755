/* SPDX-License-Identifier: MIT */
/*
 * The stock of table pages between two uses: what comes out of it is empty where it has to be, it is bounded, and its
 * lock is taken once a call.
 * platform: core
 */
#include "tests/core/table_rig.h"

struct store {
    struct rig rig;
    struct iommu_pt_stock stock;
};

static void store_start(struct store *store)
{
    rig_start(&store->rig, format_config(&format_second, 4, SIZE_4K, true));
    assert_int_equal(iommu_pt_stock_init(&store->stock, &store->rig.host.platform), 0);
    store->rig.pt.stock = &store->stock;
}

static void store_stop(struct store *store)
{
    iommu_pt_free_dead(&store->rig.pt, &store->rig.gather);
    iommu_pt_fini(&store->rig.pt);
    iommu_pt_stock_fini(&store->stock, &store->rig.host.platform);
    counted_fini(&store->rig.host);
}

/* A leaf at the same place of each of some tables. */
static void map_sparsely(struct rig *rig, uint64_t from, unsigned tables)
{
    for (unsigned i = 0; i < tables; i++)
        map_ok(rig, from + i * SIZE_2M, PA, SIZE_4K, RW);
}

static void give_back(struct rig *rig, uint64_t from, unsigned tables)
{
    for (unsigned i = 0; i < tables; i++)
        unmap(rig, from + i * SIZE_2M, SIZE_4K, 0);
    iommu_pt_free_dead(&rig->pt, &rig->gather);
}

static void test_B45_a_table_that_was_full_comes_back_empty(void **state)
{
    struct store store;
    struct rig *rig = &store.rig;
    size_t allocations;

    (void)state;
    store_start(&store);
    map_ok(rig, 0, PA, 3 * SIZE_2M, RW);
    unmap(rig, 0, 3 * SIZE_2M, 0);
    iommu_pt_free_dead(&rig->pt, &rig->gather);
    allocations = rig->host.allocations;
    map_ok(rig, 5 * SIZE_4K, PA, SIZE_4K, RW);
    map_ok(rig, SIZE_2M, PA, SIZE_4K, RW);
    assert_int_equal(rig->host.allocations, allocations);
    for (uint64_t at = 0; at < 2 * SIZE_2M; at += SIZE_4K)
        if (at != 5 * SIZE_4K && at != SIZE_2M)
            leads_nowhere(rig, at);
    map_ok(rig, 0, PA, 5 * SIZE_4K, RW); /* nothing is in the way either */
    map_ok(rig, SIZE_2M + SIZE_4K, PA, SIZE_2M - SIZE_4K, RW);
    store_stop(&store);
}

/* Those that were emptied have been linked to each other through their first entry. */
static void test_B45_tables_that_were_emptied_come_back_empty(void **state)
{
    struct store store;
    struct rig *rig = &store.rig;
    size_t allocations;

    (void)state;
    store_start(&store);
    map_sparsely(rig, SIZE_4K, 9);
    give_back(rig, SIZE_4K, 9);
    assert_int_equal(store.stock.zero, 9);
    allocations = rig->host.allocations;
    for (unsigned round = 0; round < 2; round++) {
        map_sparsely(rig, 7 * SIZE_4K, 9);
        map_sparsely(rig, 0, 9);
        for (uint64_t at = SIZE_4K; at < 7 * SIZE_4K; at += SIZE_4K)
            leads_nowhere(rig, 8 * SIZE_2M + at);
        give_back(rig, 0, 9);
        give_back(rig, 7 * SIZE_4K, 9);
    }
    assert_int_equal(rig->host.allocations, allocations);
    store_stop(&store);
}

/* A whole tree dies: its leaf tables are as they were, those above are emptied on the way. */
static void test_B45_a_tree_that_was_covered_comes_back_empty(void **state)
{
    struct store store;
    struct rig *rig = &store.rig;

    (void)state;
    store_start(&store);
    for (unsigned round = 0; round < 2; round++) {
        map_ok(rig, SIZE_1G, PA, SIZE_1G, RW);
        unmap(rig, SIZE_1G, SIZE_1G, 0);
        iommu_pt_free_dead(&rig->pt, &rig->gather);
        map_ok(rig, 513 * SIZE_1G, PA, SIZE_4K, RW); /* a new table of each level */
        leads_nowhere(rig, 513 * SIZE_1G + SIZE_2M);
        leads_nowhere(rig, 514 * SIZE_1G);
        assert_false(iommu_pt_any_mapped(&rig->pt, 513 * SIZE_1G + SIZE_4K));
        unmap(rig, 513 * SIZE_1G, SIZE_4K, 0);
        iommu_pt_trim(&rig->pt, &rig->gather);
        iommu_pt_free_dead(&rig->pt, &rig->gather);
    }
    store_stop(&store);
}

static void test_B45_a_stock_is_bounded(void **state)
{
    const uint64_t many = (IOMMU_PT_STOCK_MAX + 40) * SIZE_2M;
    struct store store;
    struct rig *rig = &store.rig;
    size_t in_tree;

    (void)state;
    store_start(&store);
    map_ok(rig, 0, PA, SIZE_4K, RW);
    in_tree = rig->host.pages;
    map_sparsely(rig, SIZE_2M, 3 * IOMMU_PT_STOCK_ZERO_MAX);
    give_back(rig, SIZE_2M, 3 * IOMMU_PT_STOCK_ZERO_MAX);
    assert_int_equal(store.stock.zero, IOMMU_PT_STOCK_ZERO_MAX);
    assert_int_equal(store.stock.count, IOMMU_PT_STOCK_ZERO_MAX);
    assert_int_equal(rig->host.pages, in_tree + IOMMU_PT_STOCK_ZERO_MAX);

    map_ok(rig, 4 * SIZE_1G, PA, many, RW);
    unmap(rig, 4 * SIZE_1G, many, 0);
    iommu_pt_free_dead(&rig->pt, &rig->gather);
    assert_int_equal(store.stock.count, IOMMU_PT_STOCK_MAX);
    assert_in_range(store.stock.zero, 0, IOMMU_PT_STOCK_ZERO_MAX);
    iommu_pt_stock_drain(&store.stock, &rig->host.platform);
    assert_int_equal(store.stock.count, 0);
    assert_int_equal(store.stock.zero, 0);
    assert_in_range(rig->host.pages, in_tree,
                    in_tree + 1); /* the table that leads to 4 GiB and beyond */
    store_stop(&store);
}

static void test_B79_the_stock_is_asked_once_a_call(void **state)
{
    struct store store;
    struct rig *rig = &store.rig;
    size_t takings;

    (void)state;
    store_start(&store);
    map_sparsely(rig, SIZE_4K, 9);
    takings = rig->host.takings;
    give_back(rig, SIZE_4K, 9);
    assert_int_equal(rig->host.takings, takings + 1);
    map_ok(rig, 513 * SIZE_1G, PA, SIZE_4K, RW); /* three tables */
    assert_int_equal(rig->host.takings, takings + 2);
    map_ok(rig, 513 * SIZE_1G + SIZE_4K, PA, 3 * SIZE_4K, RW);
    assert_int_equal(rig->host.takings, takings + 2);
    store_stop(&store);
}

/* Tables that are empty serve the next tree; what they led to goes to the host. */
static void test_B45_a_tree_leaves_empty_pages_at_most(void **state)
{
    struct store store;
    struct rig *rig = &store.rig;

    (void)state;
    store_start(&store);
    map_ok(rig, 0, PA, 4 * SIZE_2M, RW);
    iommu_pt_fini(&rig->pt);
    assert_int_equal(store.stock.zero, store.stock.count);
    assert_int_equal(rig->host.pages, store.stock.count);
    store_stop(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B45_a_table_that_was_full_comes_back_empty),
        cmocka_unit_test(test_B45_tables_that_were_emptied_come_back_empty),
        cmocka_unit_test(test_B45_a_tree_that_was_covered_comes_back_empty),
        cmocka_unit_test(test_B45_a_stock_is_bounded),
        cmocka_unit_test(test_B79_the_stock_is_asked_once_a_call),
        cmocka_unit_test(test_B45_a_tree_leaves_empty_pages_at_most),
    };

    return cmocka_run_group_tests_name("table_pages", tests, NULL, NULL);
}
