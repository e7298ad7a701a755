/* SPDX-License-Identifier: MIT */
/* platform: core */
/*
 * test_mutants_pagetable.c - a page table's smallest steps: counts and pins by themselves, what a rival does between
 * the two steps of a map, and which ranges go the short way.
 * Between a load and a store no hook is called: so core/pagetable_map.c is compiled once more here, with atomics at
 * which the test does what another thread did just before.
 */
#include <stdatomic.h>

static void at_write(void);
static void at_fence(void);
#undef atomic_fetch_add_explicit
#define atomic_fetch_add_explicit(entry, bits, order) (at_write(), atomic_fetch_add(entry, bits))
#undef atomic_store_explicit
#define atomic_store_explicit(entry, value, order) (at_write(), (void)atomic_exchange(entry, value))
#undef atomic_thread_fence
#define atomic_thread_fence(order) at_fence()
#include "core/pagetable_map.c" /* NOLINT(bugprone-suspicious-include): see above */

#include "core/pagetable_idle.h"
#include "core/pagetable_page.h"
#include "tests/core/table_rig.h"

static void (*meanwhile)(pt_entry *entry);
static pt_entry *whose;
static void (*fence)(void);

static void at_write(void)
{
    void (*rival)(pt_entry *) = meanwhile;

    meanwhile = NULL;
    if (rival)
        rival(whose);
}

static void at_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (fence)
        fence();
}

/* ---- counts and pins -------------------------------------------------------------------------------------- */

#define ONE ((uint64_t)1 << format_second.count_shift)

/* What a pointer at a leaf table holds that hardware sees everywhere. */
static const uint64_t settled = PA | 3 | (uint64_t)1 << 62;

static void lock_nothing(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    (void)lock;
}

/* A host of several threads. */
static const struct iommu_platform threads = {.lock_acquire = lock_nothing};

static struct iommu_pt table_of(const struct iommu_pt_format *format)
{
    struct iommu_pt pt = {.platform = &threads, .config = format_config(format, 4, ALL, true)};

    return pt;
}

static void pin_one(pt_entry *entry)
{
    *entry += ONE;
}

static void unlink_it(pt_entry *entry)
{
    *entry = 0;
}

static void test_B52_a_count_loses_no_pin(void **state)
{
    const struct iommu_pt pt = table_of(&format_second);
    pt_entry entry = settled + 5 * ONE;

    (void)state;
    whose = &entry;
    meanwhile = pin_one;
    assert_int_equal(pt_count_of(&pt, pt_count_add(&entry, ONE)), 6);
    assert_true(entry == settled + 7 * ONE);
    whose = NULL;
}

/* The pointer at a leaf table in a tree of three levels, which the short ways pin. */
static _Alignas(4096) pt_entry upper[PT_ENTRIES], middle[PT_ENTRIES];
static pt_entry *const entry_found = &middle[0];

static bool find_place(unsigned least)
{
    struct iommu_pt pt = table_of(&format_second);
    struct pt_place place;

    pt.config.levels = 3;
    pt.root = (uint64_t *)(void *)upper;
    upper[0] = (settled & ~FORMAT_ADDRESS) | (uintptr_t)middle;
    if (!pt_find_place(&pt, 0, least, true, &place))
        return false;
    assert_ptr_equal(place.entry, entry_found);
    assert_ptr_equal(place.slot, (void *)(uintptr_t)PA);
    return true;
}

static void test_B52_pins_of_settled_tables(void **state)
{
    (void)state;
    *entry_found = settled + ONE;
    assert_true(find_place(1));
    assert_true(*entry_found == settled + 2 * ONE);
    *entry_found = settled;
    whose = entry_found;
    meanwhile = unlink_it;
    assert_false(find_place(1)); /* nothing in it to look at, and nothing is written */
    assert_true(*entry_found == settled);
    meanwhile = NULL;
    assert_true(find_place(0));
}

/* A count must not run into what is beside it. */
static void test_B52_a_count_has_an_end(void **state)
{
    const struct iommu_pt pt = table_of(&format_second);
    const uint64_t full = settled + PT_COUNT_MOST * ONE;
    pt_entry entry = full - ONE;
    uint64_t value;

    (void)state;
    for (unsigned least = 0; least < 2; least++) {
        *entry_found = full - ONE;
        assert_true(find_place(least));
        assert_true(*entry_found == full);
        assert_false(find_place(least));
        assert_true(*entry_found == full);
    }
    assert_int_equal(pt_pin(&pt, &entry, 2, &value), PT_FULL);
    assert_int_equal(pt_pin(&pt, &entry, 1, &value), PT_PINNED);
    assert_true(entry == full);
}

/* It adds first, so it finds out afterwards. */
static void test_B52_a_pin_that_came_too_late_is_taken_back(void **state)
{
    (void)state;
    *entry_found = settled;
    whose = entry_found;
    meanwhile = unlink_it;
    assert_false(find_place(0));
    assert_null(meanwhile);
    assert_true(*entry_found == 0);
}

static void test_B52_what_is_no_table_is_not_pinned(void **state)
{
    const struct iommu_pt pt = table_of(&format_second);
    const uint64_t large_page = PA | 3 | format_second.large;
    pt_entry entry = 0;
    uint64_t value;

    (void)state;
    assert_int_equal(pt_pin(&pt, &entry, 1, &value), PT_GONE);
    assert_true(entry == 0);
    entry = large_page;
    assert_int_equal(pt_pin(&pt, &entry, 1, &value), PT_GONE);
    assert_true(entry == large_page);
}

/* Without a count those bits are hardware's, which may note there that it has been by. */
static void test_B52_no_count_is_read_where_there_is_none(void **state)
{
    const struct iommu_pt pt = table_of(&format_uncounted);
    pt_entry entry = PA | 0x303;
    uint64_t value;

    (void)state;
    assert_int_equal(pt_pin(&pt, &entry, PT_ENTRIES, &value), PT_PINNED);
    assert_true(entry == (PA | 0x303));
}

/* ---- a rival between the two steps of a map --------------------------------------------------------------- */

static void prepare(struct rig *rig, struct pt_map *map, uint64_t iova, uint64_t len)
{
    assert_int_equal(pt_map_prepare(map, &rig->pt, iova, iova + len - 1, PA + SIZE_4K, RW), 0);
}

static int commit(struct rig *rig, struct pt_map *map, struct iommu_gather *undo)
{
    iommu_gather_init(undo);
    return pt_map_commit(map, &rig->pt, undo);
}

/* All of it but the 2 MiB at `hole`, in which the rival maps a page before it takes everything away. */
struct rivals {
    uint64_t first, hole;
};

static void map_around(struct rig *rig, struct rivals part)
{
    for (uint64_t at = part.first; at < part.first + SIZE_1G; at += SIZE_2M)
        if (at != part.hole)
            map_ok(rig, at, PA, SIZE_2M, RW);
}

static void take_away(struct rig *rig, struct rivals part)
{
    map_ok(rig, part.hole, PA, SIZE_2M, RW);
    unmap(rig, part.first, SIZE_1G, 0);
}

/* A map with `len` bytes in either of two parts has looked, and has a page for each leaf table. */
static void tables_vanish(bool both, uint64_t len)
{
    const struct rivals part[2] = {{0, SIZE_1G - SIZE_2M}, {SIZE_1G, SIZE_1G}};
    struct iommu_gather undo;
    struct pt_map map;
    struct rig rig;

    rig_start(&rig, format_config(&format_second, 4, ALL, true));
    map_around(&rig, part[0]);
    map_around(&rig, part[1]);
    prepare(&rig, &map, SIZE_1G - len, 2 * len);
    take_away(&rig, part[0]);
    if (both)
        take_away(&rig, part[1]);
    assert_int_equal(commit(&rig, &map, &undo), -IOMMU_EEXIST);
    assert_int_equal(undo.first, SIZE_1G - len);
    assert_int_equal(undo.last, SIZE_1G - 1);
    leads_nowhere(&rig, SIZE_1G - SIZE_4K);
    leads_nowhere(&rig, SIZE_1G);
    iommu_pt_move_dead(&rig.pt, &undo, &rig.gather);
    rig_stop(&rig);
}

static void test_B42_tables_that_vanish_are_a_refusal(void **state)
{
    (void)state;
    tables_vanish(false, SIZE_4K); /* no page is left for the second leaf table */
    tables_vanish(false, SIZE_2M);
    tables_vanish(true, SIZE_4K); /* nor for the table above it */
}

/* The leaf table was missing, and is full now: this cannot be pinned, so no pin is given back. */
static void test_B42_a_full_table_is_left_alone(void **state)
{
    struct iommu_gather undo;
    struct pt_map map;
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, SIZE_4K, true));
    prepare(&rig, &map, 0, 300 * SIZE_4K);
    map_ok(&rig, 0, PA, SIZE_2M, RW);
    assert_int_equal(commit(&rig, &map, &undo), -IOMMU_EEXIST);
    assert_true(undo.first > undo.last); /* nothing to be undone */
    unmap(&rig, 0, SIZE_2M, 0);
    rig_stop(&rig);
}

/* And here there would be room in it, but not at that place. */
static void test_B42_a_page_of_a_rivals_keeps_no_pin_of_ours(void **state)
{
    struct iommu_gather undo;
    struct pt_map map;
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, SIZE_4K, true));
    prepare(&rig, &map, 0, SIZE_4K);
    map_ok(&rig, 0, PA, SIZE_4K, RW);
    assert_int_equal(commit(&rig, &map, &undo), -IOMMU_EEXIST);
    unmap(&rig, 0, SIZE_4K, 0);
    assert_int_equal(rig.pt.unsynced, 1);
    rig_stop(&rig);
}

static void map_a_page(void *ctx)
{
    map_ok(ctx, SIZE_4K, PA, SIZE_4K, RW);
}

/* A whole leaf table is filled and flushed, and then there is one. */
static void test_B42_a_whole_table_comes_second(void **state)
{
    struct iommu_gather undo;
    struct pt_map map;
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, SIZE_4K, false));
    map_ok(&rig, SIZE_1G - SIZE_4K, PA, SIZE_4K, RW); /* brings the tables above */
    prepare(&rig, &map, 0, SIZE_2M);
    counted_at_flush(&rig.host, map_a_page, &rig);
    assert_int_equal(commit(&rig, &map, &undo), -IOMMU_EEXIST);
    leads_to(&rig, SIZE_4K, PA, 12);
    leads_nowhere(&rig, 0);
    unmap(&rig, SIZE_4K, SIZE_4K, 0);
    iommu_pt_free_dead(&rig.pt, &rig.gather);
    counted_at_flush(&rig.host, map_a_page, &rig); /* and in the short way */
    assert_int_equal(iommu_pt_map(&rig.pt, 0, SIZE_2M - 1, PA + SIZE_4K, RW, &undo), -IOMMU_EEXIST);
    leads_to(&rig, SIZE_4K, PA, 12);
    leads_nowhere(&rig, 0);
    rig_stop(&rig);
}

/* An empty table that a lazy unmap has left is unlinked after the map has looked at it: there is a page for another. */
static void test_B52_an_idle_table_goes_before_it_is_used(void **state)
{
    struct iommu_gather undo;
    struct pt_map map;
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, SIZE_4K, true));
    map_ok(&rig, 0, PA, SIZE_4K, RW);
    rig.gather.keep_idle = true;
    unmap(&rig, 0, SIZE_4K, 0);
    rig.gather.keep_idle = false;
    prepare(&rig, &map, 0, SIZE_2M);
    pt_unlink_idle(&rig.pt, 0, &rig.gather);
    assert_int_equal(rig.pt.unsynced, 1);
    assert_int_equal(commit(&rig, &map, &undo), 0);
    assert_true(map.renewed);
    leads_to(&rig, SIZE_2M - SIZE_4K, PA + SIZE_2M, 12);
    rig_stop(&rig);
}

/* A table was emptied and unlinked, and hardware may remember it; another keeps those above it. */
static void unlink_one(struct rig *rig)
{
    rig_start(rig, format_config(&format_second, 4, SIZE_4K, true));
    map_ok(rig, SIZE_1G - SIZE_4K, PA, SIZE_4K, RW);
    map_ok(rig, 0, PA, SIZE_4K, RW);
    unmap(rig, 0, SIZE_4K, 0);
    assert_int_equal(rig->pt.unsynced, 1);
}

static void test_B45_a_rivals_table_in_the_place_of_an_old_one(void **state)
{
    struct iommu_gather undo;
    struct pt_map map;
    struct rig rig;

    (void)state;
    unlink_one(&rig);
    prepare(&rig, &map, 0, SIZE_4K);
    assert_false(map.renewed);
    map_ok(&rig, SIZE_4K, PA, SIZE_4K, RW); /* who has not invalidated yet */
    assert_int_equal(commit(&rig, &map, &undo), 0);
    assert_true(map.renewed);
    rig_stop(&rig);
}

static struct rig *fenced;
static unsigned fences;

static void see_it(void)
{
    leads_to(fenced, 0, PA, 21);
    leads_to(fenced, SIZE_2M, PA + SIZE_2M, 21);
    fences++;
}

/* Large leaves take no pin: a fence has to keep what the caller reads next behind them, see core/reach.c. */
static void test_B39_B52_a_map_is_fenced_before_the_limit_is_read(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, ALL, true));
    map_ok(&rig, 2 * SIZE_2M, PA, SIZE_4K, RW); /* brings the tables */
    fenced = &rig;
    fences = 0;
    fence = see_it;
    map_ok(&rig, 0, PA, 2 * SIZE_2M, RW);
    fence = NULL;
    assert_int_equal(fences, 1);
    rig_stop(&rig);
}

/* ---- the short ways --------------------------------------------------------------------------------------- */

static int map_shortly(struct rig *rig, uint64_t iova, uint64_t len)
{
    return pt_map_short(&rig->pt, iova, iova + len - 1, PA, RW);
}

static void test_ordinary_ranges_go_the_short_way(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, ALL, true));
    assert_int_equal(map_shortly(&rig, 0, SIZE_4K), 1); /* its tables are missing */
    map_ok(&rig, 0, PA, SIZE_4K, RW);
    map_ok(&rig, SIZE_1G, PA + SIZE_4K, SIZE_4K, RW);
    assert_int_equal(map_shortly(&rig, SIZE_4K, SIZE_4K), 0);
    assert_int_equal(map_shortly(&rig, 2 * SIZE_4K, 16 * SIZE_4K), 0);
    assert_int_equal(map_shortly(&rig, 17 * SIZE_4K, 16 * SIZE_4K), -IOMMU_EEXIST);
    assert_int_equal(map_shortly(&rig, SIZE_2M, SIZE_2M), 0);
    assert_int_equal(map_shortly(&rig, 2 * SIZE_1G, SIZE_1G), 0);
    leads_to(&rig, 17 * SIZE_4K, PA + 15 * SIZE_4K, 12);
    leads_to(&rig, SIZE_2M, PA, 21);
    leads_to(&rig, 2 * SIZE_1G, PA, 30);
    assert_int_equal(map_shortly(&rig, 2 * SIZE_2M, 2 * SIZE_2M), 1); /* two pages */
    map_ok(&rig, 2 * SIZE_2M, PA + SIZE_4K, 3 * SIZE_2M, RW);
    unmap(&rig, 3 * SIZE_2M, SIZE_4K, 0);
    assert_int_equal(map_shortly(&rig, 3 * SIZE_2M, SIZE_4K),
                     0); /* tables that a long map brought are settled, too */
    rig_stop(&rig);
}

/* What the caller has to invalidate is no more and no less than what was unmapped. */
static void test_B45_a_gather_knows_what_was_unmapped(void **state)
{
    const uint64_t len[] = {SIZE_4K, 3 * SIZE_4K, SIZE_2M, 2 * SIZE_2M, SIZE_1G};
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, ALL, true));
    for (unsigned i = 0; i < 5; i++) {
        map_ok(&rig, i * SIZE_1G, PA, len[i], RW);
        unmap(&rig, i * SIZE_1G, len[i], 0);
        assert_int_equal(rig.gather.first, i * SIZE_1G);
        assert_int_equal(rig.gather.last, i * SIZE_1G + len[i] - 1);
        assert_int_equal(rig.gather.leaf_lg2, i < 2 ? 12 : i < 4 ? 21 : 30);
        iommu_pt_free_dead(&rig.pt, &rig.gather);
        iommu_gather_init(&rig.gather);
    }
    rig_stop(&rig);
}

/* No hook is told to write back what is not of the table: the last two of its entries are the last of its page. */
static void test_B75_a_flush_ends_with_the_table(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, ALL, false));
    map_ok(&rig, SIZE_1G - 2 * SIZE_2M, PA, 2 * SIZE_2M, RW);
    unmap(&rig, SIZE_1G - 2 * SIZE_2M, 2 * SIZE_2M, 0);
    rig_stop(&rig);
}

/* Both ends of the range are pinned while it is looked at; the pins become the leaves' share. */
static void test_B45_a_map_across_tables_leaves_no_pin(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, SIZE_4K, true));
    map_ok(&rig, 0, PA, SIZE_4K, RW);
    map_ok(&rig, SIZE_2M + SIZE_4K, PA, SIZE_4K, RW);
    map_ok(&rig, SIZE_2M - SIZE_4K, PA, 2 * SIZE_4K, RW);
    unmap(&rig, SIZE_2M, 2 * SIZE_4K, 0);
    assert_int_equal(rig.pt.unsynced, 1);
    unmap(&rig, SIZE_2M - SIZE_4K, SIZE_4K, 0);
    unmap(&rig, 0, SIZE_4K, 0);
    assert_int_equal(rig.pt.unsynced, 2);
    rig_stop(&rig);
}

static void test_B45_a_refused_unmap_of_many_tables_leaves_no_pin(void **state)
{
    struct rig rig;

    (void)state;
    rig_start(&rig, format_config(&format_second, 4, SIZE_4K, true));
    map_ok(&rig, 0, PA, 4 * SIZE_2M, RW);
    unmap(&rig, 0, 5 * SIZE_2M, -IOMMU_ENOENT);
    for (uint64_t at = 0; at < 4 * SIZE_2M; at += SIZE_2M / 2)
        unmap(&rig, at, SIZE_2M / 2, 0);
    assert_int_equal(rig.pt.unsynced, 4);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B52_a_count_loses_no_pin),
        cmocka_unit_test(test_B52_pins_of_settled_tables),
        cmocka_unit_test(test_B52_a_count_has_an_end),
        cmocka_unit_test(test_B52_a_pin_that_came_too_late_is_taken_back),
        cmocka_unit_test(test_B52_what_is_no_table_is_not_pinned),
        cmocka_unit_test(test_B52_no_count_is_read_where_there_is_none),
        cmocka_unit_test(test_B42_tables_that_vanish_are_a_refusal),
        cmocka_unit_test(test_B42_a_full_table_is_left_alone),
        cmocka_unit_test(test_B42_a_page_of_a_rivals_keeps_no_pin_of_ours),
        cmocka_unit_test(test_B42_a_whole_table_comes_second),
        cmocka_unit_test(test_B52_an_idle_table_goes_before_it_is_used),
        cmocka_unit_test(test_B45_a_rivals_table_in_the_place_of_an_old_one),
        cmocka_unit_test(test_B39_B52_a_map_is_fenced_before_the_limit_is_read),
        cmocka_unit_test(test_ordinary_ranges_go_the_short_way),
        cmocka_unit_test(test_B45_a_gather_knows_what_was_unmapped),
        cmocka_unit_test(test_B75_a_flush_ends_with_the_table),
        cmocka_unit_test(test_B45_a_map_across_tables_leaves_no_pin),
        cmocka_unit_test(test_B45_a_refused_unmap_of_many_tables_leaves_no_pin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
