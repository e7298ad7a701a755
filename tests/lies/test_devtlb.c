/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_devtlb.c - "device-tlb" and "slow-device-tlb": an endpoint that answers from what it holds. Only the right
 * invalidation, of the right PASID, waited for, makes it ask again.
 */
#include "tests/lies/hand.h"

#define PASID 5u
#define DID   7u

struct scene {
    uint64_t table, leaf, page, other;
};

static void begin(struct hand *h, struct scene *s, uint32_t lies, uint64_t seed)
{
    hand_open(h, "scalable", lies, seed);
    hand_start(h);
    s->table = hand_table(h);
    s->page = hand_buffer(h, 1);
    s->other = hand_buffer(h, 2);
    s->leaf = hand_map(h, s->table, HAND_IOVA, s->page);
    hand_attach(h, PASID, DID, s->table);
    hand_attach(h, PASID + 1, DID, s->table);
    hand_ats(h);
    HAND_CHECK(h, hand_reads(h, PASID, HAND_IOVA, 1));
    HAND_CHECK(h, hand_reads(h, PASID + 1, HAND_IOVA, 1));
    HAND_CHECK(h, hand_stats(h).devtlb_entries == 2);
    hand_put(h, s->leaf, s->other | 0x67);
}

static void test_B59_devtlb_forgets_when_it_is_told(void **state)
{
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        struct scene s;
        begin(&h, &s, HAND_LIE(DEVICE_TLB), hand_seed(round));
        hand_submit(&h, VTD_QI_TYPE_IOTLB | (uint64_t)VTD_QI_IOTLB_G_DOMAIN << 4 | DID << 16, 0);
        hand_devtlb(&h, PASID);
        hand_devtlb(&h, PASID + 1);
        HAND_CHECK(&h, hand_wait(&h));
        HAND_CHECK(&h, hand_stats(&h).devtlb_entries == 0);
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 2));
        HAND_CHECK(&h, hand_reads(&h, PASID + 1, HAND_IOVA, 2));
        HAND_CHECK(&h, !hand_struck(&h, IOMMU_MODEL_LIE_DEVICE_TLB));
        hand_close(&h);
    }
}

static void test_B59_devtlb_exposes_a_driver_that_forgets_it(void **state)
{
    struct hand h;
    struct scene s;
    begin(&h, &s, HAND_LIE(DEVICE_TLB), hand_seed(0));
    hand_flush_domain(&h, DID);
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 1));
    HAND_CHECK(&h, hand_struck(&h, IOMMU_MODEL_LIE_DEVICE_TLB));
    HAND_CHECK(&h, hand_stats(&h).devtlb_hits == 1);
    hand_close(&h);
}

static void test_B59_devtlb_exposes_an_invalidation_without_the_pasid(void **state)
{
    struct hand h;
    struct scene s;
    begin(&h, &s, HAND_LIE(DEVICE_TLB), hand_seed(0));
    hand_submit(&h, VTD_QI_TYPE_IOTLB | (uint64_t)VTD_QI_IOTLB_G_DOMAIN << 4 | DID << 16, 0);
    hand_submit(&h, VTD_QI_TYPE_DEVTLB | (uint64_t)HAND_RID << 32, VTD_QI_DEVTLB1_S | UINT64_C(0x7FFFFFFFFFFFF000));
    HAND_CHECK(&h, hand_wait(&h));
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 1));
    hand_devtlb(&h, PASID); /* the one PASID, and not its neighbour */
    HAND_CHECK(&h, hand_wait(&h));
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 2));
    HAND_CHECK(&h, hand_reads(&h, PASID + 1, HAND_IOVA, 1));
    hand_close(&h);
}

/* Before the unit's own IOTLB has been emptied, the device only fetches the old translation again. */
static void test_B59_devtlb_exposes_the_wrong_order(void **state)
{
    struct hand h;
    struct scene s;
    begin(&h, &s, HAND_LIE(DEVICE_TLB), hand_seed(0));
    hand_devtlb(&h, PASID);
    HAND_CHECK(&h, hand_wait(&h));
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 1));
    hand_flush_domain(&h, DID);
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 1));
    hand_close(&h);
}

static void test_B59_devtlb_ranges_and_global(void **state)
{
    struct hand h;
    struct scene s;
    begin(&h, &s, HAND_LIE(DEVICE_TLB), hand_seed(0));
    hand_flush_domain(&h, DID);
    /* Another page: nothing is dropped. */
    hand_submit(&h, VTD_QI_TYPE_PDEVTLB | (uint64_t)HAND_RID << 16 | (uint64_t)PASID << 32, HAND_IOVA + HAND_PAGE);
    HAND_CHECK(&h, hand_wait(&h));
    HAND_CHECK(&h, hand_stats(&h).devtlb_entries == 2);
    /* This page, of every PASID. */
    hand_submit(&h, VTD_QI_TYPE_PDEVTLB | (uint64_t)HAND_RID << 16 | (uint64_t)PASID << 32,
                HAND_IOVA | VTD_QI_PDEVTLB1_G);
    HAND_CHECK(&h, hand_wait(&h));
    HAND_CHECK(&h, hand_stats(&h).devtlb_entries == 0);
    HAND_CHECK(&h, hand_reads(&h, PASID + 1, HAND_IOVA, 2));
    hand_close(&h);
}

/* A right that was missing is asked for again; a page that is not there is not held. */
static void test_B59_devtlb_rights(void **state)
{
    struct hand h;
    struct scene s;
    uint64_t value = 9;
    begin(&h, &s, HAND_LIE(DEVICE_TLB), hand_seed(0));
    uint64_t leaf = hand_leaf(&h, s.table, HAND_IOVA + HAND_PAGE);
    HAND_CHECK(&h, hand_blocked(&h, PASID, HAND_IOVA + HAND_PAGE));
    hand_put(&h, leaf, s.page | VTD_SS_R);
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA + HAND_PAGE, 1));
    HAND_CHECK(&h, !hand_dma(&h, PASID, HAND_IOVA + HAND_PAGE, true, &value));
    hand_put(&h, leaf, s.page | VTD_SS_R | VTD_SS_W);
    hand_flush_domain(&h, DID);
    HAND_CHECK(&h, hand_dma(&h, PASID, HAND_IOVA + HAND_PAGE, true, &value));
    HAND_CHECK(&h, *hand_at(&h, s.page) == 9);
    hand_close(&h);
}

static void test_B59_devtlb_is_empty_after_ats_was_switched(void **state)
{
    struct hand h;
    struct scene s;
    begin(&h, &s, HAND_LIE(DEVICE_TLB), hand_seed(0));
    uint32_t at = 0x100;
    while ((iommu_model_machine_pci_read32(h.machine, 0, HAND_RID, at) & 0xFFFF) != 0x0F)
        at = iommu_model_machine_pci_read32(h.machine, 0, HAND_RID, at) >> 20;
    iommu_model_machine_pci_write32(h.machine, 0, HAND_RID, at + 4, 0);
    assert_int_equal(hand_stats(&h).devtlb_entries, 0);
    hand_flush_domain(&h, DID);
    HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 2)); /* the unit translates again */
    hand_close(&h);
}

/* Detach, and another domain at the same PASID: what the device still holds leads to the old one. */
static void test_B58_devtlb_exposes_a_pasid_reused_too_early(void **state)
{
    for (unsigned told = 0; told < 2; told++) {
        struct hand h;
        struct scene s;
        begin(&h, &s, HAND_LIE(DEVICE_TLB), hand_seed(0));
        uint64_t entry = hand_pasid_entry(&h, PASID), table = hand_table(&h), page = hand_buffer(&h, 3);
        hand_put(&h, entry, *hand_at(&h, entry) & ~(uint64_t)VTD_PE0_P);
        hand_flush_pasid(&h, DID, PASID);
        if (told)
            hand_devtlb(&h, PASID);
        HAND_CHECK(&h, hand_wait(&h));
        hand_map(&h, table, HAND_IOVA, page);
        hand_attach(&h, PASID, DID + 1, table);
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, told ? 3 : 1));
        hand_close(&h);
    }
}

static void test_B59_slow_devtlb_holds_until_it_acknowledges(void **state)
{
    unsigned held = 0;
    for (unsigned round = 0; round < HAND_SEEDS; round++) {
        struct hand h;
        struct scene s;
        begin(&h, &s, HAND_LIE(SLOW_DEVICE_TLB), hand_seed(round));
        hand_submit(&h, VTD_QI_TYPE_IOTLB | (uint64_t)VTD_QI_IOTLB_G_DOMAIN << 4 | DID << 16, 0);
        hand_devtlb(&h, PASID);
        hand_devtlb(&h, PASID + 1);
        hand_submit_wait(&h);
        held += hand_reads(&h, PASID, HAND_IOVA, 1); /* nobody has waited yet */
        HAND_CHECK(&h, (uint32_t)*hand_at(&h, h.status) != h.status_value);
        HAND_CHECK(&h, hand_done(&h));
        HAND_CHECK(&h, hand_reads(&h, PASID, HAND_IOVA, 2));
        HAND_CHECK(&h, hand_reads(&h, PASID + 1, HAND_IOVA, 2));
        hand_close(&h);
    }
    assert_int_equal(held, HAND_SEEDS);
}

/* More requests than a slow device takes at once: the queue waits, nothing is lost. */
static void test_B59_slow_devtlb_takes_a_long_batch(void **state)
{
    struct hand h;
    struct scene s;
    begin(&h, &s, HAND_LIE(SLOW_DEVICE_TLB), hand_seed(0));
    for (unsigned i = 0; i < 60; i++)
        hand_devtlb(&h, PASID + i);
    HAND_CHECK(&h, hand_wait(&h));
    HAND_CHECK(&h, hand_stats(&h).devtlb_entries == 0);
    hand_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B59_devtlb_forgets_when_it_is_told),
        cmocka_unit_test(test_B59_devtlb_exposes_a_driver_that_forgets_it),
        cmocka_unit_test(test_B59_devtlb_exposes_an_invalidation_without_the_pasid),
        cmocka_unit_test(test_B59_devtlb_exposes_the_wrong_order),
        cmocka_unit_test(test_B59_devtlb_ranges_and_global),
        cmocka_unit_test(test_B59_devtlb_rights),
        cmocka_unit_test(test_B59_devtlb_is_empty_after_ats_was_switched),
        cmocka_unit_test(test_B58_devtlb_exposes_a_pasid_reused_too_early),
        cmocka_unit_test(test_B59_slow_devtlb_holds_until_it_acknowledges),
        cmocka_unit_test(test_B59_slow_devtlb_takes_a_long_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
