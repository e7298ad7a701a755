/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * Fault records: order, overflow, clearing, merging; the fault event and its mask.
 */
#include "tests/model_vtd/fixture.h"

#define RECORDS 8 /* of the preset "scalable" */

static uint32_t at(struct fx *f, unsigned index)
{
    return VTD_REG_FRCD(f->config.cap, index);
}

static bool pending(struct fx *f, unsigned index)
{
    return fx_read32(f, at(f, index) + VTD_FRCD_TOP) & VTD_FRCD_TOP_F;
}

static void clear(struct fx *f, unsigned index)
{
    fx_write32(f, at(f, index) + VTD_FRCD_TOP, VTD_FRCD_TOP_F);
}

static unsigned fri(struct fx *f)
{
    return SPEC_GET(VTD_FSTS_FRI, fx_read32(f, VTD_REG_FSTS));
}

static uint32_t status(struct fx *f)
{
    return fx_read32(f, VTD_REG_FSTS) & ~VTD_FSTS_FRI;
}

static void bad_read(struct fx *f, uint64_t address)
{
    assert_int_equal(fx_dma(f, FX_RID, 5, address, IOMMU_MODEL_READ), IOMMU_MODEL_BLOCKED);
}

static void test_B62_all_fields_of_a_record(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    fx_scalable_context(&f, 0xABCD, VTD_SCE0_PASIDE, 7);
    struct iommu_model_request request = fx_request(0xABCD, 0xFEDCB, 0x123456789ABC,
                                                    IOMMU_MODEL_ATOMIC);
    request.privileged = request.execute = true;
    fx_send(&f, &request);
    uint64_t lo = fx_read64(&f, at(&f, 0)), hi = fx_read64(&f, at(&f, 0) + 8);
    assert_int_equal(lo, 0x123456789000);
    /* F, T1, AT 0, PV FEDCB, FR 51, PP, EXE, PRIV, T2, SID */
    assert_int_equal(hi, 0xCFEDCB51F000ABCD);
    assert_true(f.result.recorded);
    request.access = IOMMU_MODEL_WRITE;
    request.has_pasid = false;
    fx_send(&f, &request);
    assert_int_equal(fx_read64(&f, at(&f, 1) + 8), 0x800000510000ABCD);
    fx_end(&f);
}

static void test_model_records_fill_in_a_ring(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    for (unsigned i = 0; i < RECORDS - 1; i++)
        bad_read(&f, i * 0x1000);
    assert_int_equal(fri(&f), 0);
    for (unsigned i = 0; i < RECORDS - 1; i++) {
        assert_int_equal(fx_read64(&f, at(&f, i)), i * 0x1000);
        clear(&f, i);
    }
    assert_int_equal(status(&f), 0);
    bad_read(&f, 0x10000);
    assert_int_equal(fri(&f), RECORDS - 1);
    bad_read(&f, 0x11000); /* wraps */
    assert_true(pending(&f, 0));
    assert_int_equal(fri(&f), RECORDS - 1);
    assert_int_equal(fx_read64(&f, at(&f, 0)), 0x11000);
    fx_end(&f);
}

static void test_B63_overflow_is_told_and_later_faults_are_lost(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    for (unsigned i = 0; i < RECORDS; i++)
        bad_read(&f, i * 0x1000);
    assert_int_equal(status(&f), VTD_FSTS_PPF);
    bad_read(&f, 0x100000);
    assert_false(f.result.recorded);
    assert_int_equal(status(&f), VTD_FSTS_PPF | VTD_FSTS_PFO);
    clear(&f, 0);
    bad_read(&f, 0x101000); /* a record is free, but the overflow has not been cleared */
    assert_false(f.result.recorded);
    assert_false(pending(&f, 0));
    fx_write32(&f, VTD_REG_FSTS, VTD_FSTS_PFO);
    assert_int_equal(status(&f), VTD_FSTS_PPF);
    bad_read(&f, 0x102000);
    assert_true(f.result.recorded);
    assert_int_equal(fx_read64(&f, at(&f, 0)), 0x102000);
    struct iommu_model_vtd_stats stats = fx_stats(&f);
    assert_int_equal(stats.faults, RECORDS + 3);
    assert_int_equal(stats.faults_recorded, RECORDS + 1);
    assert_int_equal(stats.faults_lost, 2);
    fx_end(&f);
}

static void test_model_one_record(void **state)
{
    struct fx f;
    fx_begin(&f, "small");
    bad_read(&f, 0x1000);
    bad_read(&f, 0x2000);
    assert_int_equal(status(&f), VTD_FSTS_PPF | VTD_FSTS_PFO);
    assert_int_equal(fx_read64(&f, at(&f, 0)), 0x1000);
    fx_end(&f);
}

static void test_model_only_the_top_bit_of_a_record_is_writable(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    bad_read(&f, 0x7000);
    uint64_t hi = fx_read64(&f, at(&f, 0) + 8);
    fx_write32(&f, at(&f, 0), 0xFFFFFFFF);
    fx_write32(&f, at(&f, 0) + 8, 0xFFFFFFFF);
    fx_write32(&f, at(&f, 0) + VTD_FRCD_TOP, 0x7FFFFFFF);
    assert_int_equal(fx_read64(&f, at(&f, 0)), 0x7000);
    assert_int_equal(fx_read64(&f, at(&f, 0) + 8), hi);
    clear(&f, 0);
    assert_int_equal(fx_read64(&f, at(&f, 0) + 8), hi & ~VTD_FRCD_HI_F);
    fx_end(&f);
}

static void test_model_merging_is_an_option(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.merge_faults = true;
    fx_create(&f);
    fx_enable(&f);
    bad_read(&f, 0x1000);
    bad_read(&f, 0x2000);
    assert_false(f.result.recorded);
    assert_false(pending(&f, 1));
    fx_dma(&f, FX_OTHER_RID, 5, 0x3000, IOMMU_MODEL_READ);
    assert_true(pending(&f, 1));
    assert_int_equal(status(&f), VTD_FSTS_PPF);
    fx_end(&f);
}

static void test_model_index_restarts_when_remapping_is_off(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    bad_read(&f, 0x1000);
    clear(&f, 0);
    fx_uncommand(&f, VTD_GCMD_TE);
    fx_command(&f, VTD_GCMD_TE);
    bad_read(&f, 0x2000);
    assert_true(pending(&f, 0));
    assert_false(pending(&f, 1));
    fx_end(&f);
}

static void arm(struct fx *f)
{
    fx_write32(f, VTD_REG_FEDATA, 0x41);
    fx_write32(f, VTD_REG_FEADDR, 0xFEE01000);
    fx_write32(f, VTD_REG_FECTL, 0);
}

static void test_model_fault_event_is_sent_once(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    arm(&f);
    bad_read(&f, 0x1000);
    bad_read(&f, 0x2000);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1);
    assert_int_equal(f.event_address, 0xFEE01000);
    assert_int_equal(f.event_data, 0x41);
    clear(&f, 0);
    bad_read(&f, 0x3000); /* record 1 is still pending */
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1);
    clear(&f, 1);
    clear(&f, 2);
    bad_read(&f, 0x4000);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 2);
    fx_end(&f);
}

static void test_model_masked_fault_event_waits(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    arm(&f);
    fx_write32(&f, VTD_REG_FECTL, VTD_FECTL_IM);
    bad_read(&f, 0x1000);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 0);
    assert_int_equal(fx_read32(&f, VTD_REG_FECTL), VTD_FECTL_IM | VTD_FECTL_IP);
    fx_write32(&f, VTD_REG_FECTL, 0);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1);
    assert_int_equal(fx_read32(&f, VTD_REG_FECTL), 0);
    clear(&f, 0);

    fx_write32(&f, VTD_REG_FECTL, VTD_FECTL_IM);
    bad_read(&f, 0x2000);
    clear(&f, 1); /* dealt with before the mask went: nothing is sent */
    assert_int_equal(fx_read32(&f, VTD_REG_FECTL), VTD_FECTL_IM);
    fx_write32(&f, VTD_REG_FECTL, 0);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1);
    fx_end(&f);
}

static void test_model_event_goes_to_a_32_bit_apic_id(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.ecap |= VTD_ECAP_IR | VTD_ECAP_EIM;
    fx_create(&f);
    fx_enable(&f);
    arm(&f);
    fx_write32(&f, VTD_REG_FEUADDR, 0x12345600);
    bad_read(&f, 0x1000);
    assert_int_equal(f.event_address, 0x12345600FEE01000);
    fx_end(&f);
}

/* Records survive translation being switched off, and go with a reset. */
static void test_model_reset_clears_records(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    bad_read(&f, 0x1000);
    fx_uncommand(&f, VTD_GCMD_TE);
    assert_true(pending(&f, 0));
    iommu_model_vtd_reset(f.model);
    assert_false(pending(&f, 0));
    assert_int_equal(fx_read32(&f, VTD_REG_FSTS), 0);
    assert_int_equal(fx_read32(&f, VTD_REG_FECTL), VTD_FECTL_IM);
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B62_all_fields_of_a_record),
        cmocka_unit_test(test_model_records_fill_in_a_ring),
        cmocka_unit_test(test_B63_overflow_is_told_and_later_faults_are_lost),
        cmocka_unit_test(test_model_one_record),
        cmocka_unit_test(test_model_only_the_top_bit_of_a_record_is_writable),
        cmocka_unit_test(test_model_merging_is_an_option),
        cmocka_unit_test(test_model_index_restarts_when_remapping_is_off),
        cmocka_unit_test(test_model_fault_event_is_sent_once),
        cmocka_unit_test(test_model_masked_fault_event_waits),
        cmocka_unit_test(test_model_event_goes_to_a_32_bit_apic_id),
        cmocka_unit_test(test_model_reset_clears_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
