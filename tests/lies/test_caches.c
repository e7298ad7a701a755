/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_caches.c - "never-evict", "random-evict", "not-present", "paging-caches": a cache may keep anything until it
 * is invalidated, and forget anything at any time. A driver has to live with both.
 */
#include <string.h>

#include "tests/lies/hand.h"

#define PASID 5u
#define DID   7u

struct scene {
    uint64_t table, leaf, page, other;
};

static void begin(struct hand *h, struct scene *s, const char *preset, uint32_t lies, uint64_t seed)
{
    hand_open(h, preset, lies, seed);
    hand_start(h);
    s->table = hand_table(h);
    s->page = hand_buffer(h, 1);
    s->other = hand_buffer(h, 2);
    s->leaf = hand_map(h, s->table, HAND_IOVA, s->page);
    hand_attach(h, PASID, DID, s->table);
    if (strcmp(preset, "caching-mode") == 0)
        hand_flush_pasid(h, DID, PASID);
    HAND_CHECK(h, hand_reads(h, PASID, HAND_IOVA, 1));
}

static void test_B45_never_evict_tells_of_a_stale_entry(void **state)
{
    struct hand h;
    struct scene s;
    struct iommu_model_strike strike;
    begin(&h, &s, "scalable", HAND_LIE(NEVER_EVICT), hand_seed(0));
    HAND_CHECK(&h, !hand_struck(&h, IOMMU_MODEL_LIE_NEVER_EVICT));
    hand_put(&h, s.leaf, s.other | 0x67);
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 1));
    assert_int_equal(iommu_model_machine_strikes(h.machine, &strike, 1), 1);
    assert_string_equal(strike.what, "a stale IOTLB entry was used");
    assert_int_equal(strike.page, s.page);
    assert_int_equal(strike.domain, DID);
    assert_int_equal(strike.pasid, PASID);
    assert_int_equal(strike.rid, HAND_RID);

    /* The wrong domain, and the wrong page, change nothing; the right one does. */
    hand_flush_domain(&h, DID + 1);
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 1));
    hand_submit(&h, VTD_QI_TYPE_IOTLB | (uint64_t)VTD_QI_IOTLB_G_PAGE << 4 | DID << 16, HAND_IOVA + HAND_PAGE);
    HAND_CHECK(&h, hand_wait(&h));
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 1));
    hand_flush_domain(&h, DID);
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 2));
    hand_close(&h);
}

/* PASID cleared and given to another domain, without a flush of the PASID cache. */
static void test_B58_never_evict_tells_of_a_stale_pasid_entry(void **state)
{
    struct hand h;
    struct scene s;
    begin(&h, &s, "scalable", HAND_LIE(NEVER_EVICT), hand_seed(0));
    uint64_t table = hand_table(&h);
    hand_map(&h, table, HAND_IOVA, s.other);
    hand_attach(&h, PASID, DID + 1, table);
    hand_flush_domain(&h, DID);
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 1));
    HAND_CHECK(&h, hand_struck(&h, IOMMU_MODEL_LIE_NEVER_EVICT));
    hand_close(&h);
}

static void test_random_evict_changes_no_answer_of_a_driver_that_flushes(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        struct scene s;
        begin(&h, &s, "caching-mode", HAND_LIE(RANDOM_EVICT), hand_seed(round));
        for (unsigned i = 0; i < 16; i++) {
            hand_put(&h, s.leaf, (i % 2 ? s.page : s.other) | 0x67);
            hand_flush_domain(&h, DID);
            HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, i % 2 ? 1 : 2));
            HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, i % 2 ? 1 : 2));
        }
        hand_close(&h);
    }
}

/* A leaf that is changed without an invalidation: who counts on the old one meanwhile is wrong some day. */
static void test_random_evict_exposes_a_driver_that_counts_on_a_cache(void **state)
{
    unsigned changed = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        struct scene s;
        begin(&h, &s, "scalable", HAND_LIE(RANDOM_EVICT), hand_seed(round));
        hand_put(&h, s.leaf, s.other | 0x67);
        for (unsigned i = 0; i < 16; i++) {
            uint64_t got = 0;
            HAND_CHECK(&h, hand_dma(&h, PASID, HAND_IOVA, false, &got));
            changed += got == 2;
        }
        hand_close(&h);
    }
    assert_true(changed > 0);
}

static void test_B43_not_present_spares_a_driver_that_invalidates(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        struct scene s;
        begin(&h, &s, "caching-mode", HAND_LIE(NOT_PRESENT), hand_seed(round));
        HAND_CHECK(&h, hand_blocked(&h, PASID, HAND_IOVA + HAND_PAGE));
        hand_put(&h, s.leaf + 8, s.other | 0x67);
        hand_flush_domain(&h, DID);
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA + HAND_PAGE, 2));
        HAND_CHECK(&h, !hand_struck(&h, IOMMU_MODEL_LIE_NOT_PRESENT));
        hand_close(&h);
    }
}

static void test_B43_not_present_exposes_a_map_without_invalidation(void **state)
{
    struct hand h;
    struct scene s;
    begin(&h, &s, "caching-mode", HAND_LIE(NOT_PRESENT), hand_seed(0));
    HAND_CHECK(&h, hand_blocked(&h, PASID, HAND_IOVA + HAND_PAGE));
    hand_put(&h, s.leaf + 8, s.other | 0x67);
    HAND_CHECK(&h, hand_blocked(&h, PASID, HAND_IOVA + HAND_PAGE));
    HAND_CHECK(&h, hand_struck(&h, IOMMU_MODEL_LIE_NOT_PRESENT));
    hand_close(&h);
}

/* A table is replaced by another one; a leaf hint keeps the pointer to it. */
static void test_B45_paging_caches_expose_a_leaf_hint_too_many(void **state)
{
    for (unsigned hint = 0; hint < 2; hint++) {
        struct hand h;
        struct scene s;
        begin(&h, &s, "scalable", HAND_LIE(PAGING_CACHES), hand_seed(0));
        uint64_t level1 = hand_table(&h);
        hand_put(&h, level1, s.other | 0x67);
        uint64_t level3 = *hand_at(&h, s.table) & VTD_SS_ADDR;
        uint64_t level2 = *hand_at(&h, level3 + (HAND_IOVA >> 30) * 8) & VTD_SS_ADDR;
        hand_put(&h, level2, level1 | 3);
        hand_submit(&h, VTD_QI_TYPE_IOTLB | (uint64_t)VTD_QI_IOTLB_G_PAGE << 4 | DID << 16,
                    HAND_IOVA | 9 | (hint ? VTD_QI_IOTLB1_IH : 0));
        HAND_CHECK(&h, hand_wait(&h));
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, hint ? 1 : 2));
        HAND_CHECK(&h, hand_struck(&h, IOMMU_MODEL_LIE_PAGING_CACHES) == (hint == 1));
        hand_close(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B45_never_evict_tells_of_a_stale_entry),
        cmocka_unit_test(test_B58_never_evict_tells_of_a_stale_pasid_entry),
        cmocka_unit_test(test_random_evict_changes_no_answer_of_a_driver_that_flushes),
        cmocka_unit_test(test_random_evict_exposes_a_driver_that_counts_on_a_cache),
        cmocka_unit_test(test_B43_not_present_spares_a_driver_that_invalidates),
        cmocka_unit_test(test_B43_not_present_exposes_a_map_without_invalidation),
        cmocka_unit_test(test_B45_paging_caches_expose_a_leaf_hint_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
