/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_memory.c - "late-writes" and "poison": a driver that flushes, and frees after the wait, notices nothing; one
 * that forgets either is caught.
 */
#include "spec/vtd_faults.h"
#include "tests/lies/hand.h"

#define PASID 5u
#define DID   7u

static void test_B75_late_writes_spare_a_driver_that_flushes(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        hand_open(&h, "scalable-noncoherent", HAND_LIE(LATE_WRITES), hand_seed(round));
        hand_start(&h);
        uint64_t page = hand_buffer(&h, 1), other = hand_buffer(&h, 2), table = hand_table(&h);
        uint64_t leaf = hand_map(&h, table, HAND_IOVA, page);
        hand_attach(&h, PASID, DID, table);
        hand_attach_first(&h, PASID + 1, DID + 1, table);
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 1));
        HAND_CHECK(&h, hand_reads(&h, PASID + 1, HAND_IOVA, 1));
        HAND_CHECK(&h, hand_blocked(&h, PASID, HAND_IOVA + HAND_PAGE));
        hand_put(&h, leaf, other | 0x67);
        hand_flush_pasid(&h, DID, PASID);
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 2));
        HAND_CHECK(&h, hand_stats(&h).stale_fetches == 0);
        hand_close(&h);
    }
}

/* In some rounds the line leaves the cache early; in the others the forgotten flush shows. */
static bool unflushed_leaf_is_missed(uint64_t seed)
{
    struct hand h;
    hand_open(&h, "scalable-noncoherent", HAND_LIE(LATE_WRITES), seed);
    hand_start(&h);
    uint64_t table = hand_table(&h), page = hand_buffer(&h, 1);
    hand_attach(&h, PASID, DID, table);
    *hand_at(&h, hand_leaf(&h, table, HAND_IOVA)) = page | 0x67;
    bool missed = !hand_reads(&h, PASID, HAND_IOVA, 1);
    HAND_CHECK(&h, missed == hand_struck(&h, IOMMU_MODEL_LIE_LATE_WRITES));
    unsigned reads = 0;
    while (!hand_reads(&h, PASID, HAND_IOVA, 1))
        assert_true(++reads < 400); /* at some time the line leaves the cache by itself */
    hand_close(&h);
    return missed;
}

static void test_B75_late_writes_expose_a_leaf_that_was_not_flushed(void **state)
{
    unsigned missed = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++)
        missed += unflushed_leaf_is_missed(hand_seed(round));
    assert_true(missed > 0);
}

/* The zeroes of a new table are in the cache; in memory there is whatever was there before. */
static bool garbage_lets_through(uint64_t seed)
{
    struct hand h;
    uint64_t got = 0;
    hand_open(&h, "scalable-noncoherent", HAND_LIE(LATE_WRITES), seed);
    hand_start(&h);
    uint64_t table = hand_raw_table(&h);
    hand_attach(&h, PASID, DID, table);
    bool through = false;
    for (unsigned i = 0; i < 64 && !through; i++)
        through = hand_dma(&h, PASID, (uint64_t)i << 39, false, &got) ||
                  h.last.fault != VTD_FAULT_SSS_NOT_PRESENT;
    bool struck = hand_struck(&h, IOMMU_MODEL_LIE_LATE_WRITES);
    hand_close(&h);
    return through && struck;
}

static void test_B75_late_writes_expose_a_table_that_was_published_unflushed(void **state)
{
    unsigned through = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++)
        through += garbage_lets_through(hand_seed(round));
    assert_true(through > 0);
}

/* hand_submit flushes no descriptor, and the status word is read as it is. */
static void test_B75_late_writes_queue_and_status_are_always_snooped(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        hand_open(&h, "scalable-noncoherent", HAND_LIE(LATE_WRITES), hand_seed(round));
        hand_start(&h);
        for (unsigned i = 0; i < 8; i++) {
            hand_submit(&h, VTD_QI_TYPE_IOTLB | (uint64_t)VTD_QI_IOTLB_G_GLOBAL << 4, 0);
            HAND_CHECK(&h, hand_wait(&h));
        }
        hand_close(&h);
    }
}

/* A legacy unit walks its page tables the way ECAP.C says. */
static void test_B75_late_writes_reach_legacy_page_tables(void **state)
{
    unsigned missed = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        hand_open(&h, "legacy-no-queue", HAND_LIE(LATE_WRITES), hand_seed(round));
        uint64_t root = hand_table(&h), context = hand_table(&h), top = hand_table(&h), page = hand_buffer(&h, 4);
        uint64_t middle = hand_table(&h), bottom = hand_table(&h);
        hand_put(&h, context + HAND_RID * VTD_LCE_BYTES + 8, DID << 8 | 1);
        hand_put(&h, context + HAND_RID * VTD_LCE_BYTES, top | 1);
        hand_put(&h, root, context | 1);
        hand_put(&h, top + (HAND_IOVA >> 30) * 8, middle | 3);
        hand_put(&h, middle, bottom | 3);
        hand_write64(&h, VTD_REG_RTADDR, root);
        HAND_CHECK(&h, hand_command(&h, VTD_GCMD_SRTP));
        HAND_CHECK(&h, hand_command(&h, VTD_GCMD_TE));
        *hand_at(&h, bottom) = page | 3;
        missed += !hand_reads(&h, HAND_PLAIN, HAND_IOVA, 4);
        hand_flush(&h, bottom, 8);
        HAND_CHECK(&h, hand_reads(&h, HAND_PLAIN, HAND_IOVA, 4));
        hand_close(&h);
    }
    assert_true(missed > 0);
}

/* Unlinks a level-1 table, and frees it before or after the wait. */
static void unlink_and_free(struct hand *h, bool wait_first, bool leaf_hint)
{
    uint64_t table = hand_table(h), page = hand_buffer(h, 1);
    hand_map(h, table, HAND_IOVA, page);
    hand_attach(h, PASID, DID, table);
    HAND_CHECK(h, hand_reads(h, PASID, HAND_IOVA, 1));

    uint64_t level3 = *hand_at(h, table) & VTD_SS_ADDR;
    uint64_t level2 = *hand_at(h, level3 + (HAND_IOVA >> 30) * 8) & VTD_SS_ADDR;
    uint64_t level1 = *hand_at(h, level2) & VTD_SS_ADDR;
    hand_put(h, level2, 0);
    if (!wait_first)
        hand_free(h, level1);
    hand_submit(h, VTD_QI_TYPE_IOTLB | (uint64_t)VTD_QI_IOTLB_G_PAGE << 4 | DID << 16,
                HAND_IOVA | 9 | (leaf_hint ? VTD_QI_IOTLB1_IH : 0));
    if (!wait_first)
        hand_blocked(h, PASID, HAND_IOVA + HAND_PAGE); /* through the cached pointer, not the IOTLB */
    HAND_CHECK(h, hand_wait(h));
    if (wait_first)
        hand_free(h, level1);
    hand_blocked(h, PASID, HAND_IOVA + HAND_PAGE);
    hand_buffer_done(h, page);
}

static void poisoned(bool wait_first, bool leaf_hint, bool caught)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        hand_open(&h, "scalable", HAND_LIE(POISON) | HAND_LIE(SLOW_QUEUE) | HAND_LIE(PAGING_CACHES),
                  hand_seed(round));
        hand_start(&h);
        unlink_and_free(&h, wait_first, leaf_hint);
        HAND_CHECK(&h, (hand_stats(&h).freed_reads != 0) == caught);
        HAND_CHECK(&h, hand_struck(&h, IOMMU_MODEL_LIE_POISON) == caught);
        hand_close(&h);
    }
}

static void test_B45_poison_spares_a_table_freed_after_the_wait(void **state)
{
    poisoned(true, false, false);
}

static void test_B45_poison_traps_a_table_freed_before_the_wait(void **state)
{
    poisoned(false, false, true);
}

static void test_B45_poison_traps_a_leaf_hint_while_a_table_died(void **state)
{
    poisoned(true, true, true);
}

static void test_B45_poison_traps_a_buffer_freed_while_mapped(void **state)
{
    struct hand h;
    uint64_t value = 0;
    hand_open(&h, "scalable", HAND_LIE(POISON), hand_seed(0));
    hand_start(&h);
    uint64_t table = hand_table(&h), page = hand_buffer(&h, 1);
    hand_map(&h, table, HAND_IOVA, page);
    hand_attach(&h, PASID, DID, table);
    hand_buffer_done(&h, page);
    assert_true(hand_dma(&h, PASID, HAND_IOVA, false, &value));
    assert_int_equal(value, 0xDBDBDBDBDBDBDBDB);
    assert_true(hand_dma(&h, PASID, HAND_IOVA + 8, true, &value));
    assert_int_equal(hand_stats(&h).freed_reads, 1);
    assert_int_equal(hand_stats(&h).freed_writes, 1);
    assert_int_equal(hand_stats(&h).freed_address, page + 8);
    hand_close(&h);
}

static void test_B45_poison_pages_stay_out_of_reuse_for_a_while(void **state)
{
    struct hand h;
    hand_open(&h, "scalable", HAND_LIE(POISON), hand_seed(0));
    uint64_t used = iommu_posix_pages_used(h.memory), page = hand_table(&h);
    hand_free(&h, page);
    assert_int_equal(iommu_posix_pages_used(h.memory), used);
    for (unsigned i = 0; i < 32; i++)
        assert_true(hand_table(&h) != page);
    hand_free(&h, page); /* twice: refused */
    assert_int_equal(iommu_posix_bad_frees(h.memory), 1);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B75_late_writes_spare_a_driver_that_flushes),
        cmocka_unit_test(test_B75_late_writes_expose_a_leaf_that_was_not_flushed),
        cmocka_unit_test(test_B75_late_writes_expose_a_table_that_was_published_unflushed),
        cmocka_unit_test(test_B75_late_writes_queue_and_status_are_always_snooped),
        cmocka_unit_test(test_B75_late_writes_reach_legacy_page_tables),
        cmocka_unit_test(test_B45_poison_spares_a_table_freed_after_the_wait),
        cmocka_unit_test(test_B45_poison_traps_a_table_freed_before_the_wait),
        cmocka_unit_test(test_B45_poison_traps_a_leaf_hint_while_a_table_died),
        cmocka_unit_test(test_B45_poison_traps_a_buffer_freed_while_mapped),
        cmocka_unit_test(test_B45_poison_pages_stay_out_of_reuse_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
