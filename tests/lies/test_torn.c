/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_torn.c - "torn-fetch": the device walks between any two stores, and may have begun a few stores ago. An entry
 * that is filled first and made present last is never seen half-built; one that is written in any other order is.
 */
#include <errno.h>
#include <string.h>

#include "spec/vtd_faults.h"
#include "tests/lies/hand.h"

#define PASID 5u
#define OLD   7u /* domain ids */
#define NEW   8u

struct look {
    struct hand h;
    uint64_t entry, old_table, new_table;
    unsigned looks, present, half; /* half: domain id of one and table of the other, or neither */
};

static bool is(const struct look *l, const uint64_t *words, unsigned did, uint64_t table)
{
    (void)l;
    return (words[1] & 0xFFFF) == did && words[2] == table;
}

static void judge(struct look *l, const struct iommu_model_step *step)
{
    if (step->address != l->entry || step->cached || !(step->entry[0] & VTD_PE0_P))
        return;
    l->present++;
    if (!is(l, step->entry, OLD, l->old_table) && !is(l, step->entry, NEW, l->new_table))
        l->half++;
}

/* A real request, so that it fills caches as a device's does. */
static void walk(void *ctx)
{
    struct look *l = ctx;
    const struct iommu_model_request request = {
        .rid = HAND_RID, .has_pasid = true, .pasid = PASID, .address = HAND_IOVA, .bytes = 8};
    struct iommu_model_explanation steps;
    struct iommu_model_result result;

    iommu_model_vtd_translate(iommu_model_machine_unit(l->h.machine, 0), &request, &result, &steps);
    l->looks++;
    for (unsigned i = 0; i < steps.count; i++)
        judge(l, &steps.step[i]);
}

static void begin(struct look *l, uint64_t seed)
{
    *l = (struct look){0};
    const char *why =
        hand_try(&l->h, "scalable", HAND_LIE(TORN_FETCH) | HAND_LIE(RANDOM_EVICT), seed, 1);
    assert_null(why);
    hand_start(&l->h);
    l->old_table = hand_table(&l->h);
    l->new_table = hand_table(&l->h);
    l->entry = hand_pasid_entry(&l->h, PASID);
}

static void watch(struct look *l, bool on)
{
    assert_int_equal(iommu_host_model_between_stores(l->h.host, on ? walk : NULL, l), 0);
}

static void store(struct look *l, unsigned word, uint64_t value)
{
    hand_at(&l->h, l->entry)[word] = value;
}

static uint64_t first_stage(void)
{
    return (uint64_t)VTD_PGTT_FIRST << 6;
}

static uint64_t tag(unsigned did)
{
    return did | VTD_PE1_PWSNP;
}

static void publish(struct look *l, unsigned did, uint64_t table)
{
    store(l, 2, table);
    store(l, 1, tag(did));
    store(l, 0, first_stage() | VTD_PE0_P);
}

/* Present cleared, caches clean, then the rest. */
static void retire(struct look *l)
{
    store(l, 0, first_stage());
    hand_flush_pasid(&l->h, OLD, PASID);
    store(l, 1, 0);
    store(l, 2, 0);
}

static void test_B57_torn_fetch_spares_a_driver_that_publishes_last(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct look l;
        begin(&l, hand_seed(round));
        watch(&l, true);
        for (unsigned i = 0; i < 4; i++) {
            publish(&l, OLD, l.old_table);
            retire(&l);
            publish(&l, NEW, l.new_table);
            retire(&l);
        }
        watch(&l, false);
        assert_true(l.looks >= 48); /* every store was followed by one */
        assert_true(l.present > 0);
        HAND_CHECK(&l.h, l.half == 0);
        hand_close(&l.h);
    }
}

static void test_B57_torn_fetch_exposes_present_first(void **state)
{
    struct look l;
    begin(&l, hand_seed(0));
    watch(&l, true);
    store(&l, 0, first_stage() | VTD_PE0_P);
    store(&l, 1, tag(OLD));
    store(&l, 2, l.old_table);
    watch(&l, false);
    assert_int_equal(l.looks, 3);
    assert_true(l.half > 0);
    hand_close(&l.h);
}

static void test_B57_torn_fetch_exposes_an_entry_changed_in_place(void **state)
{
    unsigned half = 0;
    for (unsigned round = 0; round < HAND_MANY && !half; round++) {
        struct look l;
        begin(&l, hand_seed(round));
        publish(&l, OLD, l.old_table);
        watch(&l, true);
        publish(&l, NEW, l.new_table);
        watch(&l, false);
        half += l.half;
        hand_close(&l.h);
    }
    assert_true(half > 0);
}

/* Between no two stores is anything wrong to be seen, since Present goes first; but a fetch that had begun before
 * finds the other pieces empty. */
static void test_B57_torn_fetch_exposes_an_entry_zeroed_before_the_wait(void **state)
{
    unsigned half = 0, struck = 0;
    for (unsigned round = 0; round < HAND_MANY && !(half && struck); round++) {
        struct look l;
        begin(&l, hand_seed(round));
        publish(&l, OLD, l.old_table);
        watch(&l, true);
        store(&l, 0, 0);
        store(&l, 2, 0);
        store(&l, 1, 0);
        watch(&l, false);
        half += l.half;
        struck += hand_struck(&l.h, IOMMU_MODEL_LIE_TORN_FETCH);
        hand_close(&l.h);
    }
    assert_true(half > 0);
    assert_true(struck > 0);
}

/* One large copy is many stores; so is a compiler's memset. */
static void test_B57_torn_fetch_sees_the_stores_of_library_calls(void **state)
{
    struct look l;
    const uint64_t entry[8] = {first_stage() | VTD_PE0_P, tag(OLD), 0, 0, 0, 0, 0, 0};
    begin(&l, hand_seed(0));
    watch(&l, true);
    memcpy((void *)(uintptr_t)hand_at(&l.h, l.entry), entry, sizeof(entry));
    unsigned looks = l.looks;
    assert_true(looks >= 1);
    uint64_t page = hand_raw_table(&l.h);
    memset((void *)(uintptr_t)hand_at(&l.h, page), 0xFF, HAND_PAGE);
    assert_true(l.looks >= looks + 16);
    assert_int_equal(*hand_at(&l.h, page + HAND_PAGE - 8), UINT64_MAX);
    looks = l.looks;
    hand_free(&l.h, page);
    uint64_t buffer = hand_buffer(&l.h, 1); /* buffers are nobody's tables */
    assert_int_equal(l.looks, looks);
    hand_buffer_done(&l.h, buffer);
    watch(&l, false);
    store(&l, 3, 0);
    assert_int_equal(l.looks, looks);
    hand_close(&l.h);
}

static void test_torn_fetch_is_refused_where_it_cannot_be(void **state)
{
    struct hand honest, one, two;
    struct look l = {0};
    assert_null(hand_try(&honest, "scalable", 0, 1, 0));
    assert_int_equal(iommu_host_model_between_stores(honest.host, walk, &l), -EINVAL);
    assert_int_equal(iommu_host_model_between_stores(honest.host, NULL, NULL), 0);
    assert_null(hand_try(&one, "scalable", HAND_LIE(TORN_FETCH), 1, 0));
    assert_null(hand_try(&two, "scalable", HAND_LIE(TORN_FETCH), 1, 0));
    assert_int_equal(iommu_host_model_between_stores(one.host, walk, &l), 0);
    assert_int_equal(iommu_host_model_between_stores(two.host, walk, &l), -EBUSY);
    assert_int_equal(iommu_host_model_between_stores(two.host, NULL, NULL), 0);
    hand_close(&one); /* ends its watch */
    assert_int_equal(iommu_host_model_between_stores(two.host, walk, &l), 0);
    hand_close(&two);
    hand_close(&honest);
}

int main(void)
{
#if !defined(__linux__) || !defined(__x86_64__)
    print_message("# skipped: stores are watched on x86-64 Linux only\n");
    return 77;
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B57_torn_fetch_spares_a_driver_that_publishes_last),
        cmocka_unit_test(test_B57_torn_fetch_exposes_present_first),
        cmocka_unit_test(test_B57_torn_fetch_exposes_an_entry_changed_in_place),
        cmocka_unit_test(test_B57_torn_fetch_exposes_an_entry_zeroed_before_the_wait),
        cmocka_unit_test(test_B57_torn_fetch_sees_the_stores_of_library_calls),
        cmocka_unit_test(test_torn_fetch_is_refused_where_it_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
