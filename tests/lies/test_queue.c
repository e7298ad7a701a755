/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_queue.c - "slow-queue", "stalled-queue", "iqe", "lost-completion", "ite" and "ice": a driver that waits with a
 * limit and looks at the error bits gets through or learns of the failure; one that does not wait is caught.
 */
#include "tests/lies/hand.h"

#define PASID 5u
#define DID   7u
#define ERRORS (VTD_FSTS_IQE | VTD_FSTS_ITE | VTD_FSTS_ICE)

static uint64_t global_iotlb(void)
{
    return VTD_QI_TYPE_IOTLB | (uint64_t)VTD_QI_IOTLB_G_GLOBAL << 4;
}

/* A page that is mapped, read, and then mapped elsewhere. */
struct remap {
    uint64_t table, leaf, page, other;
};

static void remap_begin(struct hand *h, struct remap *r, uint32_t lies, uint64_t seed)
{
    hand_open_often(h, "scalable", lies, seed, lies == HAND_LIE(QUEUE_ERROR) ? 3 : 0);
    hand_start(h);
    r->table = hand_table(h);
    r->page = hand_buffer(h, 1);
    r->other = hand_buffer(h, 2);
    r->leaf = hand_map(h, r->table, HAND_IOVA, r->page);
    hand_attach(h, PASID, DID, r->table);
    HAND_CHECK(h, hand_reads(h, PASID, HAND_IOVA, 1));
    hand_put(h, r->leaf, r->other | 0x67);
}

static void test_B60_slow_queue_spares_a_driver_that_waits(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        struct remap r;
        remap_begin(&h, &r, HAND_LIE(SLOW_QUEUE), hand_seed(round));
        hand_flush_domain(&h, DID);
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 2));
        hand_close(&h);
    }
}

static void test_B60_slow_queue_exposes_a_driver_that_does_not_wait(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        struct remap r;
        remap_begin(&h, &r, HAND_LIE(SLOW_QUEUE) | HAND_LIE(NEVER_EVICT), hand_seed(round));
        hand_submit(&h, global_iotlb(), 0);
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 1)); /* still the old page */
        HAND_CHECK(&h, hand_struck(&h, IOMMU_MODEL_LIE_NEVER_EVICT));
        HAND_CHECK(&h, hand_wait(&h));
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 2));
        hand_close(&h);
    }
}

/* Register reads let time pass, too. */
static void test_B60_slow_queue_gets_on_while_registers_are_read(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        hand_open(&h, "scalable", HAND_LIE(SLOW_QUEUE), hand_seed(round));
        hand_start(&h);
        hand_submit(&h, global_iotlb(), 0);
        unsigned reads = 0;
        while (hand_read64(&h, VTD_REG_IQH) != h.tail)
            assert_true(++reads < 64);
        hand_close(&h);
    }
}

static void test_B60_stalled_queue_never_completes_again(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        unsigned waits = 0;
        hand_open(&h, "scalable", HAND_LIE(STALLED_QUEUE), hand_seed(round));
        hand_start(&h);
        while (hand_wait(&h))
            assert_true(++waits < 2000);
        assert_true(waits >= 8); /* it begins well */
        HAND_CHECK(&h, hand_struck(&h, IOMMU_MODEL_LIE_STALLED_QUEUE));
        HAND_CHECK(&h, hand_read64(&h, VTD_REG_IQH) != h.tail);
        HAND_CHECK(&h, !(hand_read32(&h, VTD_REG_FSTS) & ERRORS)); /* and no error says so */
        HAND_CHECK(&h, !hand_done(&h));
        hand_close(&h);
    }
}

/* Clears IQE as often as it comes; the refused descriptor is tried again. */
static bool done_with_recovery(struct hand *h)
{
    for (unsigned i = 0; i < 16; i++) {
        if (hand_done(h))
            return true;
        if (!(hand_read32(h, VTD_REG_FSTS) & VTD_FSTS_IQE))
            return false;
        assert_int_equal(hand_read64(h, VTD_REG_IQERCD) & VTD_IQERCD_IQEI, VTD_IQEI_FETCH);
        hand_write32(h, VTD_REG_FSTS, VTD_FSTS_IQE);
    }
    return false;
}

static void test_B60_iqe_stops_the_queue_until_it_is_cleared(void **state)
{
    unsigned errors = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        struct remap r;
        remap_begin(&h, &r, HAND_LIE(QUEUE_ERROR), hand_seed(round));
        for (unsigned i = 0; i < 4; i++)
            hand_submit(&h, global_iotlb(), 0);
        hand_submit_wait(&h);
        bool refused = hand_read32(&h, VTD_REG_FSTS) & VTD_FSTS_IQE;
        errors += refused;
        HAND_CHECK(&h, refused == hand_struck(&h, IOMMU_MODEL_LIE_QUEUE_ERROR));
        HAND_CHECK(&h, refused == (hand_read64(&h, VTD_REG_IQH) != h.tail));
        HAND_CHECK(&h, done_with_recovery(&h));
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 2));
        hand_close(&h);
    }
    assert_true(errors > 0);
}

static void test_B60_lost_completion_is_never_written(void **state)
{
    unsigned lost = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        hand_open_often(&h, "scalable", HAND_LIE(LOST_COMPLETION), hand_seed(round), 4);
        hand_start(&h);
        for (unsigned i = 0; i < 8; i++) {
            bool done = hand_wait(&h);
            lost += !done;
            HAND_CHECK(&h, done || hand_struck(&h, IOMMU_MODEL_LIE_LOST_COMPLETION));
            HAND_CHECK(&h, hand_read64(&h, VTD_REG_IQH) == h.tail); /* the queue itself went on */
        }
        hand_close(&h);
    }
    assert_true(lost > 0);
}

/* The device-TLB request is to be sent again after ITE has been cleared, and its wait, too. */
static void test_B60_ite_loses_the_wait_and_names_the_device(void **state)
{
    unsigned timeouts = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        unsigned tries = 0;
        hand_open_often(&h, "scalable", HAND_LIE(DEVICE_TIMEOUT), hand_seed(round), 2);
        hand_start(&h);
        for (;;) {
            hand_devtlb(&h, PASID);
            hand_submit_wait(&h);
            if (!(hand_read32(&h, VTD_REG_FSTS) & VTD_FSTS_ITE))
                break;
            assert_true(++tries < 100);
            HAND_CHECK(&h, !hand_done(&h));
            HAND_CHECK(&h, SPEC_GET(VTD_IQERCD_ITESID, hand_read64(&h, VTD_REG_IQERCD)) == HAND_RID);
            HAND_CHECK(&h, hand_struck(&h, IOMMU_MODEL_LIE_DEVICE_TIMEOUT));
            hand_write32(&h, VTD_REG_FSTS, VTD_FSTS_ITE);
        }
        HAND_CHECK(&h, hand_done(&h));
        timeouts += tries;
        hand_close(&h);
    }
    assert_true(timeouts > 0);
}

static void test_B60_ice_is_told_and_changes_nothing(void **state)
{
    unsigned strays = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        hand_open(&h, "scalable", HAND_LIE(DEVICE_STRAY), hand_seed(round));
        hand_start(&h);
        for (unsigned i = 0; i < 8; i++)
            hand_devtlb(&h, PASID);
        HAND_CHECK(&h, hand_wait(&h));
        bool stray = hand_read32(&h, VTD_REG_FSTS) & VTD_FSTS_ICE;
        HAND_CHECK(&h, stray == hand_struck(&h, IOMMU_MODEL_LIE_DEVICE_STRAY));
        if (stray)
            HAND_CHECK(&h, SPEC_GET(VTD_IQERCD_ICESID, hand_read64(&h, VTD_REG_IQERCD)) == HAND_RID);
        hand_write32(&h, VTD_REG_FSTS, VTD_FSTS_ICE);
        HAND_CHECK(&h, !(hand_read32(&h, VTD_REG_FSTS) & ERRORS));
        strays += stray;
        hand_close(&h);
    }
    assert_true(strays > 0);
}

/* one_in makes a lie as frequent as a test wants it, and a machine can be told when to begin. */
static void test_B60_lies_begin_when_they_are_told(void **state)
{
    struct hand h;
    const char *why = hand_try(&h, "scalable", HAND_LIE(LOST_COMPLETION) | HAND_LIE(SLOW_QUEUE), hand_seed(0), 1);
    assert_null(why);
    iommu_model_machine_tell(h.machine, 0);
    hand_start(&h);
    for (unsigned i = 0; i < 100; i++)
        HAND_CHECK(&h, hand_wait(&h));
    iommu_model_machine_tell(h.machine, HAND_LIE(LOST_COMPLETION));
    HAND_CHECK(&h, !hand_wait(&h));
    iommu_model_machine_tell(h.machine, HAND_LIE(STALLED_QUEUE)); /* not configured: not told */
    HAND_CHECK(&h, hand_wait(&h));
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B60_slow_queue_spares_a_driver_that_waits),
        cmocka_unit_test(test_B60_slow_queue_exposes_a_driver_that_does_not_wait),
        cmocka_unit_test(test_B60_slow_queue_gets_on_while_registers_are_read),
        cmocka_unit_test(test_B60_stalled_queue_never_completes_again),
        cmocka_unit_test(test_B60_iqe_stops_the_queue_until_it_is_cleared),
        cmocka_unit_test(test_B60_lost_completion_is_never_written),
        cmocka_unit_test(test_B60_ite_loses_the_wait_and_names_the_device),
        cmocka_unit_test(test_B60_ice_is_told_and_changes_nothing),
        cmocka_unit_test(test_B60_lies_begin_when_they_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
