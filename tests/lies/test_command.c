/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_command.c - "strict-command": one change in one write, and the next one when the status has followed; who does
 * it otherwise gets less than he asked for.
 */
#include "tests/lies/hand.h"

static uint32_t status(struct hand *h)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 16; i++)
        value = hand_read32(h, VTD_REG_GSTS);
    return value;
}

static uint64_t misuse(struct hand *h)
{
    struct iommu_model_vtd_stats stats;
    iommu_model_vtd_stats(iommu_model_machine_unit(h->machine, 0), &stats);
    return stats.misuse;
}

static void open_unit(struct hand *h, const char *preset, unsigned round)
{
    hand_open(h, preset, HAND_LIE(STRICT_COMMAND), hand_seed(round));
}

static void test_strict_command_spares_a_driver_that_polls(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        open_unit(&h, "scalable", round);
        hand_start(&h);
        HAND_CHECK(&h, (status(&h) & (VTD_GSTS_TES | VTD_GSTS_QIES | VTD_GSTS_RTPS)) ==
                           (VTD_GSTS_TES | VTD_GSTS_QIES | VTD_GSTS_RTPS));
        HAND_CHECK(&h, hand_wait(&h));
        HAND_CHECK(&h, misuse(&h) == 0);
        HAND_CHECK(&h, !hand_struck(&h, IOMMU_MODEL_LIE_STRICT_COMMAND));
        hand_close(&h);
    }
}

static void test_strict_command_two_changes_at_once_are_one(void **state)
{
    unsigned seen[2] = {0, 0};
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        open_unit(&h, "scalable", round);
        hand_write64(&h, VTD_REG_RTADDR, hand_table(&h));
        HAND_CHECK(&h, hand_command(&h, VTD_GCMD_SRTP));
        hand_write32(&h, VTD_REG_GCMD, VTD_GCMD_TE | VTD_GCMD_QIE);
        uint32_t now = status(&h);
        HAND_CHECK(&h, !(now & VTD_GSTS_TES) != !(now & VTD_GSTS_QIES));
        HAND_CHECK(&h, misuse(&h) != 0);
        seen[(now & VTD_GSTS_TES) != 0]++;
        hand_close(&h);
    }
    assert_true(seen[0] && seen[1]);
}

/* SRTP written without the enables that are on: one of the changes happens, and some day it is the wrong one. */
static void test_strict_command_exposes_a_dropped_enable(void **state)
{
    unsigned dropped = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        open_unit(&h, "scalable", round);
        hand_start(&h);
        hand_write32(&h, VTD_REG_GCMD, VTD_GCMD_SRTP);
        uint32_t now = status(&h);
        dropped += !(now & VTD_GSTS_TES) || !(now & VTD_GSTS_QIES);
        hand_close(&h);
    }
    assert_true(dropped > 0);
}

/* TE before SRTP has finished. */
static void test_strict_command_exposes_a_driver_that_does_not_poll(void **state)
{
    unsigned lost = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        open_unit(&h, "scalable", round);
        hand_write64(&h, VTD_REG_RTADDR, hand_table(&h));
        hand_write32(&h, VTD_REG_GCMD, VTD_GCMD_SRTP);
        hand_write32(&h, VTD_REG_GCMD, VTD_GCMD_TE);
        uint32_t now = status(&h);
        lost += (now & (VTD_GSTS_TES | VTD_GSTS_RTPS)) != (VTD_GSTS_TES | VTD_GSTS_RTPS);
        HAND_CHECK(&h, hand_struck(&h, IOMMU_MODEL_LIE_STRICT_COMMAND));
        HAND_CHECK(&h, misuse(&h) != 0);
        hand_close(&h);
    }
    assert_int_equal(lost, HAND_SEEDS);
}

/* A command takes effect when the status says so, not when it is written; RTPS drops first. */
static void test_strict_command_takes_effect_with_its_status(void **state)
{
    struct hand h;
    open_unit(&h, "scalable", 0);
    hand_start(&h);
    uint64_t page = hand_buffer(&h, 1), value;
    HAND_CHECK(&h, !hand_dma(&h, HAND_PLAIN, page, false, &value));
    hand_write32(&h, VTD_REG_GCMD, VTD_GCMD_QIE);
    HAND_CHECK(&h, !hand_dma(&h, HAND_PLAIN, page, false, &value)); /* translation is still on */
    (void)status(&h);
    HAND_CHECK(&h, hand_dma(&h, HAND_PLAIN, page, false, &value));

    hand_write32(&h, VTD_REG_GCMD, VTD_GCMD_QIE | VTD_GCMD_SRTP);
    struct iommu_model_vtd *unit = iommu_model_machine_unit(h.machine, 0);
    bool dropped = false;
    for (unsigned i = 0; i < 64 && !dropped; i++) { /* a look may be the last one before it is set */
        dropped = !(iommu_model_vtd_read32(unit, VTD_REG_GSTS) & VTD_GSTS_RTPS);
        if (!dropped) {
            (void)status(&h);
            hand_write32(&h, VTD_REG_GCMD, VTD_GCMD_QIE | VTD_GCMD_SRTP);
        }
    }
    assert_true(dropped);
    HAND_CHECK(&h, status(&h) & VTD_GSTS_RTPS);
    hand_close(&h);
}

/* Registers of the old kind: the go bit stays for a while, and what it does is done when it goes. */
static void test_strict_command_register_invalidation_takes_a_while(void **state)
{
    unsigned stale = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        open_unit(&h, "legacy-no-queue", round);
        uint32_t iotlb = VTD_REG_IOTLB(h.ecap);
        uint64_t root = hand_table(&h), context = hand_table(&h), page = hand_buffer(&h, 1);
        uint64_t top = hand_table(&h), middle = hand_table(&h), bottom = hand_table(&h);
        hand_put(&h, context + HAND_RID * VTD_LCE_BYTES + 8, 7 << 8 | 1);
        hand_put(&h, context + HAND_RID * VTD_LCE_BYTES, top | 1);
        hand_put(&h, root, context | 1);
        hand_put(&h, top + (HAND_IOVA >> 30) * 8, middle | 3);
        hand_put(&h, middle, bottom | 3);
        hand_put(&h, bottom, page | 3);
        hand_write64(&h, VTD_REG_RTADDR, root);
        HAND_CHECK(&h, hand_command(&h, VTD_GCMD_SRTP));
        HAND_CHECK(&h, hand_command(&h, VTD_GCMD_TE));
        HAND_CHECK(&h, hand_reads(&h, HAND_PLAIN, HAND_IOVA, 1));

        hand_put(&h, bottom, 0);
        hand_write64(&h, iotlb, VTD_IOTLB_IVT | SPEC_PUT(VTD_IOTLB_IIRG, (uint64_t)VTD_IOTLB_IIRG_GLOBAL));
        stale += hand_reads(&h, HAND_PLAIN, HAND_IOVA, 1);
        unsigned polls = 0;
        while (hand_read64(&h, iotlb) & VTD_IOTLB_IVT)
            assert_true(++polls < 16);
        HAND_CHECK(&h, SPEC_GET(VTD_IOTLB_IAIG, hand_read64(&h, iotlb)) == VTD_IOTLB_IIRG_GLOBAL);
        HAND_CHECK(&h, hand_blocked(&h, HAND_PLAIN, HAND_IOVA));
        hand_close(&h);
    }
    assert_int_equal(stale, HAND_SEEDS);
}

/* The write-buffer flush is pending until WBFS drops. */
static void test_strict_command_write_buffer_flush_is_pending(void **state)
{
    unsigned pending = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        open_unit(&h, "legacy-no-queue", round);
        hand_write32(&h, VTD_REG_GCMD, VTD_GCMD_WBF);
        pending += (hand_read32(&h, VTD_REG_GSTS) & VTD_GSTS_WBFS) != 0;
        HAND_CHECK(&h, !(status(&h) & VTD_GSTS_WBFS));
        hand_close(&h);
    }
    assert_true(pending > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strict_command_spares_a_driver_that_polls),
        cmocka_unit_test(test_strict_command_two_changes_at_once_are_one),
        cmocka_unit_test(test_strict_command_exposes_a_dropped_enable),
        cmocka_unit_test(test_strict_command_exposes_a_driver_that_does_not_poll),
        cmocka_unit_test(test_strict_command_takes_effect_with_its_status),
        cmocka_unit_test(test_strict_command_register_invalidation_takes_a_while),
        cmocka_unit_test(test_strict_command_write_buffer_flush_is_pending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
