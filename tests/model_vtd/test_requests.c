/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * Kinds of requests: the interrupt window, translation off, translation requests and translated
 * requests (ATS), page requests.
 */
#include "tests/model_vtd/fixture.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define PAGE ((uint64_t)0x800000)
#define WINDOW ((uint64_t)0xFEE00000)

static enum iommu_model_outcome send(struct fx *f, long pasid, uint64_t address,
                                     enum iommu_model_access access, uint32_t bytes)
{
    struct iommu_model_request request = fx_request(FX_RID, pasid, address, access);
    request.bytes = bytes;
    fx_send(f, &request);
    return f->result.outcome;
}

/* ---- Interrupt window --------------------------------------------------------------------------- */

static void test_B64_a_write_with_pasid_is_never_an_interrupt(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, 5, table, 4);
    for (uint64_t offset = 0; offset < 0x100000; offset += 0x33000) {
        uint64_t at = (WINDOW + offset) & ~(uint64_t)3;
        assert_int_equal(send(&f, 1, at, IOMMU_MODEL_WRITE, 4), IOMMU_MODEL_BLOCKED);
        assert_int_equal(f.result.fault, VTD_FAULT_SSS_NOT_PRESENT);
        fx_map_second(&f, table, 4, at & ~(uint64_t)0xFFF, PAGE, 1, R | W);
        assert_int_equal(send(&f, 1, at, IOMMU_MODEL_WRITE, 4), IOMMU_MODEL_OK);
        assert_int_equal(f.result.pa, PAGE + (at & 0xFFF));
        assert_int_equal(send(&f, FX_PLAIN, at, IOMMU_MODEL_WRITE, 4), IOMMU_MODEL_INTERRUPT);
    }
    fx_end(&f);
}

static void test_B64_no_output_reaches_the_window(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, 5, table, 4);
    fx_map_second(&f, table, 4, 0xC0000000, 0xC0000000, 3, R | W); /* identity, 3 to 4 GiB */
    for (unsigned round = 0; round < 2; round++) { /* from the walk, then from the IOTLB */
        assert_int_equal(send(&f, 1, WINDOW + 0x10, IOMMU_MODEL_WRITE, 4), IOMMU_MODEL_BLOCKED);
        assert_int_equal(f.result.fault, VTD_FAULT_SGN_INTERRUPT_RANGE);
        assert_int_equal(f.result.cached, round);
        assert_int_equal(send(&f, 1, WINDOW - 4, IOMMU_MODEL_WRITE, 4), IOMMU_MODEL_OK);
        assert_int_equal(send(&f, 1, WINDOW + 0x100000, IOMMU_MODEL_WRITE, 4), IOMMU_MODEL_OK);
    }
    fx_end(&f);
}

static void test_model_plain_requests_to_the_window(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    assert_int_equal(send(&f, FX_PLAIN, WINDOW, IOMMU_MODEL_WRITE, 4), IOMMU_MODEL_INTERRUPT);
    assert_int_equal(send(&f, FX_PLAIN, WINDOW + 0xFFFFC, IOMMU_MODEL_WRITE, 4),
                     IOMMU_MODEL_INTERRUPT);
    assert_int_equal(send(&f, FX_PLAIN, WINDOW, IOMMU_MODEL_READ, 0), IOMMU_MODEL_OK);
    assert_int_equal(fx_stats(&f).faults, 0);
    assert_int_equal(send(&f, FX_PLAIN, WINDOW, IOMMU_MODEL_WRITE, 8), IOMMU_MODEL_BLOCKED);
    assert_int_equal(f.result.fault, VTD_FAULT_IR_MALFORMED);
    assert_int_equal(send(&f, FX_PLAIN, WINDOW + 2, IOMMU_MODEL_WRITE, 4), IOMMU_MODEL_BLOCKED);
    assert_int_equal(send(&f, FX_PLAIN, WINDOW, IOMMU_MODEL_READ, 4), IOMMU_MODEL_BLOCKED);
    assert_int_equal(send(&f, FX_PLAIN, WINDOW, IOMMU_MODEL_ATOMIC, 4), IOMMU_MODEL_BLOCKED);
    assert_int_equal(send(&f, FX_PLAIN, WINDOW + 0x100000, IOMMU_MODEL_WRITE, 4),
                     IOMMU_MODEL_BLOCKED);
    assert_int_equal(f.result.fault, VTD_FAULT_SRT_NOT_PRESENT); /* just behind it: a DMA */
    fx_end(&f);
}

static void test_model_translation_off(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    fx_create(&f);
    assert_int_equal(send(&f, FX_PLAIN, 0x12345678, IOMMU_MODEL_WRITE, 4), IOMMU_MODEL_OK);
    assert_int_equal(f.result.pa, 0x12345678);
    assert_int_equal(send(&f, FX_PLAIN, WINDOW, IOMMU_MODEL_WRITE, 4), IOMMU_MODEL_INTERRUPT);
    struct iommu_model_request request = fx_request(FX_RID, FX_PLAIN, 0x1000, IOMMU_MODEL_READ);
    request.at = IOMMU_MODEL_TRANSLATED;
    fx_send(&f, &request);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_UNSUPPORTED);
    request.at = IOMMU_MODEL_TRANSLATION_REQUEST;
    fx_send(&f, &request);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_UNSUPPORTED);
    assert_int_equal(fx_stats(&f).faults, 0);
    fx_end(&f);
}

/* ---- ATS ---------------------------------------------------------------------------------------- */

static void ask(struct fx *f, long pasid, uint64_t address, bool no_write)
{
    struct iommu_model_request request = fx_request(FX_RID, pasid, address, IOMMU_MODEL_READ);
    request.at = IOMMU_MODEL_TRANSLATION_REQUEST;
    request.no_write = no_write;
    fx_send(f, &request);
}

static uint64_t ats_begin(struct fx *f)
{
    fx_begin(f, "scalable");
    uint64_t table = fx_page(f);
    fx_scalable_context(f, FX_RID, VTD_SCE0_PASIDE | VTD_SCE0_DTE, 0);
    fx_second_entry(f, FX_RID, 1, 5, table, 4);
    return table;
}

static void test_model_translation_requests(void **state)
{
    struct fx f;
    uint64_t table = ats_begin(&f);
    fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R | W);
    fx_map_second(&f, table, 4, 0x9000, PAGE, 1, R);
    fx_map_second(&f, table, 4, 0x200000, PAGE, 2, R | W);
    ask(&f, 1, 0x8000, false);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    assert_true(f.result.read && f.result.write && f.result.pa == PAGE);
    ask(&f, 1, 0x8000, true); /* NW is honoured */
    assert_true(f.result.read && !f.result.write);
    ask(&f, 1, 0x9000, false); /* fewer rights than asked: success all the same */
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    assert_true(f.result.read && !f.result.write && f.result.pa == PAGE);
    ask(&f, 1, 0x200000, false);
    assert_int_equal(f.result.page_lg2, 21);
    ask(&f, 1, 0xA000, false); /* nothing there: success without rights, no record */
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    assert_false(f.result.read || f.result.write || f.result.recorded);
    assert_int_equal(f.result.fault, VTD_FAULT_SSS_NOT_PRESENT);
    assert_false(fx_read32(&f, VTD_REG_FSTS));
    fx_end(&f);
}

static void test_model_no_write_flag_without_support(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.ecap &= ~VTD_ECAP_NWFS;
    fx_create(&f);
    fx_enable(&f);
    uint64_t table = fx_page(&f);
    fx_scalable_context(&f, FX_RID, VTD_SCE0_PASIDE | VTD_SCE0_DTE, 0);
    fx_second_entry(&f, FX_RID, 1, 5, table, 4);
    fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R | W);
    ask(&f, 1, 0x8000, true);
    assert_true(f.result.read && f.result.write);
    fx_end(&f);
}

static void test_model_translation_request_answers(void **state)
{
    static const struct {
        uint32_t pasid;
        uint64_t address;
        uint8_t fault;
        enum iommu_model_outcome outcome;
        bool recorded;
    } rows[] = {
        { 2, 0, VTD_FAULT_SPT_NOT_PRESENT, IOMMU_MODEL_OK, false },
        { 3, 0, VTD_FAULT_SPT_RESERVED, IOMMU_MODEL_ABORTED, true },
        { 1, 0x8000, VTD_FAULT_SSS_RESERVED, IOMMU_MODEL_ABORTED, true },
        { 1, (uint64_t)1 << 48, VTD_FAULT_SGN_BEYOND_LIMIT, IOMMU_MODEL_OK, false },
        { 1, 0x9000, VTD_FAULT_SGN_INTERRUPT_RANGE, IOMMU_MODEL_ABORTED, true },
        { 1 << 13, 0, VTD_FAULT_SCT_PASID_BEYOND, IOMMU_MODEL_UNSUPPORTED, true },
        { 0, 0, VTD_FAULT_SCT_RID_PASID_USED, IOMMU_MODEL_UNSUPPORTED, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx f;
        uint64_t table = ats_begin(&f);
        fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R | (uint64_t)1 << 62);
        fx_map_second(&f, table, 4, 0x9000, WINDOW, 1, R);
        fx_put(&f, fx_second_entry(&f, FX_RID, 3, 5, table, 4) + 24, 1);
        ask(&f, rows[i].pasid, rows[i].address, true);
        assert_int_equal(f.result.fault, rows[i].fault);
        assert_int_equal(f.result.outcome, rows[i].outcome);
        assert_int_equal(f.result.recorded, rows[i].recorded);
        assert_false(f.result.read || f.result.write);
        if (rows[i].recorded)
            assert_int_equal(SPEC_GET(VTD_FRCD_HI_AT,
                                      fx_read64(&f, VTD_REG_FRCD(f.config.cap, 0) + 8)), 1);
        fx_end(&f);
    }
}

static void test_model_translation_requests_set_dirty_when_they_ask_for_write(void **state)
{
    struct fx f;
    ats_begin(&f);
    uint64_t table = fx_page(&f);
    fx_first_entry(&f, FX_RID, 2, 1, table, 4);
    uint64_t leaf = fx_map_first(&f, table, 4, 0x8000, PAGE, 1, VTD_FS_RW | VTD_FS_US);
    ask(&f, 2, 0x8000, true);
    assert_int_equal(fx_get(&f, leaf) & (VTD_FS_A | VTD_FS_D), VTD_FS_A);
    assert_false(f.result.write);
    ask(&f, 2, 0x8000, false);
    assert_int_equal(fx_get(&f, leaf) & (VTD_FS_A | VTD_FS_D), VTD_FS_A | VTD_FS_D);
    assert_true(f.result.write);
    fx_map_first(&f, table, 4, 0x9000, PAGE, 1, VTD_FS_US); /* 91h is recorded even here */
    f.cas_fails = true;
    ask(&f, 2, 0x9000, true);
    assert_int_equal(f.result.fault, VTD_FAULT_SFS_UPDATE_FAILED);
    assert_true(f.result.recorded);
    fx_end(&f);
}

static void test_model_translation_requests_into_the_window(void **state)
{
    struct fx f;
    ats_begin(&f);
    ask(&f, FX_PLAIN, WINDOW + 0x1000, false);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    assert_true(!f.result.read && f.result.write);
    ask(&f, FX_PLAIN, WINDOW + 0x1000, true);
    assert_true(!f.result.read && !f.result.write);
    fx_end(&f);
}

static void test_model_translated_requests(void **state)
{
    struct fx f;
    ats_begin(&f);
    struct iommu_model_request request = fx_request(FX_RID, FX_PLAIN, 0x123450, IOMMU_MODEL_WRITE);
    request.at = IOMMU_MODEL_TRANSLATED;
    fx_send(&f, &request);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    assert_int_equal(f.result.pa, 0x123450);
    request.rid = FX_OTHER_RID; /* no context at all */
    fx_send(&f, &request);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_BLOCKED);
    fx_end(&f);

    fx_begin(&f, "legacy");
    fx_legacy_context(&f, FX_RID, VTD_TT_DEVICE_TLB, 5, fx_page(&f), 4);
    fx_legacy_context(&f, FX_OTHER_RID, VTD_TT_PASS_THROUGH, 6, 0, 4);
    request.rid = FX_RID;
    fx_send(&f, &request);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    request.rid = FX_OTHER_RID;
    fx_send(&f, &request);
    assert_int_equal(f.result.fault, VTD_FAULT_LCT_BLOCKED);
    ask(&f, FX_PLAIN, 0x8000, false); /* legacy, not present: no rights */
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    assert_false(f.result.read || f.result.write);
    fx_end(&f);
}

/* ---- Page requests ------------------------------------------------------------------------------ */

static uint64_t pages_begin(struct fx *f)
{
    fx_begin(f, "page-requests");
    uint64_t queue = fx_page(f);
    fx_scalable_context(f, FX_RID, VTD_SCE0_PASIDE | VTD_SCE0_DTE | VTD_SCE0_PRE, 0);
    fx_first_entry(f, FX_RID, 1, 1, fx_page(f), 4);
    fx_write64(f, VTD_REG_PQA, queue);
    fx_write32(f, VTD_REG_PEDATA, 0x61);
    fx_write32(f, VTD_REG_PECTL, 0);
    return queue;
}

static const struct iommu_model_page_request usual = {
    .rid = FX_RID, .has_pasid = true, .pasid = 1, .read = true, .write = true, .last = true,
    .group = 0x155, .address = 0x123000,
};

static void test_B61_page_requests_are_queued(void **state)
{
    struct fx f;
    uint64_t queue = pages_begin(&f);
    assert_int_equal(iommu_model_vtd_page_request(f.model, &usual), IOMMU_MODEL_PAGE_QUEUED);
    assert_int_equal(fx_read64(&f, VTD_REG_PQT), 32);
    assert_int_equal(fx_get(&f, queue), (uint64_t)1 << 32 | FX_RID << 16 | 1 << 8 | 1);
    assert_int_equal(fx_get(&f, queue + 8), 0x123000 | 0x155 << 3 | 7);
    assert_int_equal(fx_read32(&f, VTD_REG_PRS), VTD_PRS_PPR);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_PAGE_REQUEST], 1);
    iommu_model_vtd_page_request(f.model, &usual);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_PAGE_REQUEST], 1);
    fx_write32(&f, VTD_REG_PRS, VTD_PRS_PPR);
    iommu_model_vtd_page_request(f.model, &usual);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_PAGE_REQUEST], 2);
    assert_int_equal(fx_stats(&f).page_requests, 3);
    fx_end(&f);
}

static void test_B61_a_full_page_queue(void **state)
{
    struct fx f;
    pages_begin(&f);
    for (unsigned i = 0; i < 127; i++)
        assert_int_equal(iommu_model_vtd_page_request(f.model, &usual), IOMMU_MODEL_PAGE_QUEUED);
    assert_int_equal(iommu_model_vtd_page_request(f.model, &usual), IOMMU_MODEL_PAGE_SUCCESS);
    assert_int_equal(fx_read32(&f, VTD_REG_PRS), VTD_PRS_PPR | VTD_PRS_PRO);
    struct iommu_model_page_request part = usual;
    part.last = false;
    assert_int_equal(iommu_model_vtd_page_request(f.model, &part), IOMMU_MODEL_PAGE_DROPPED);
    fx_write64(&f, VTD_REG_PQH, fx_read64(&f, VTD_REG_PQT));
    fx_write32(&f, VTD_REG_PRS, VTD_PRS_PPR | VTD_PRS_PRO);
    assert_int_equal(iommu_model_vtd_page_request(f.model, &usual), IOMMU_MODEL_PAGE_QUEUED);
    assert_int_equal(fx_read64(&f, VTD_REG_PQT), 0); /* around the end */
    fx_end(&f);
}

static void test_B61_page_requests_that_the_tables_refuse(void **state)
{
    struct fx f;
    pages_begin(&f);
    struct iommu_model_page_request request = usual;
    request.pasid = 2;
    assert_int_equal(iommu_model_vtd_page_request(f.model, &request), IOMMU_MODEL_PAGE_INVALID);
    uint64_t hi = fx_read64(&f, VTD_REG_FRCD(f.config.cap, 0) + 8);
    assert_int_equal(SPEC_GET(VTD_FRCD_HI_FR, hi), VTD_FAULT_SPT_NOT_PRESENT);
    assert_true(!(hi & VTD_FRCD_HI_T1) && (hi & VTD_FRCD_HI_T2)); /* a page request */
    request.last = false;
    assert_int_equal(iommu_model_vtd_page_request(f.model, &request), IOMMU_MODEL_PAGE_DROPPED);
    fx_second_entry(&f, FX_OTHER_RID, 1, 5, fx_page(&f), 4); /* its context has no PRE */
    request = usual;
    request.rid = FX_OTHER_RID;
    assert_int_equal(iommu_model_vtd_page_request(f.model, &request), IOMMU_MODEL_PAGE_INVALID);
    hi = fx_read64(&f, VTD_REG_FRCD(f.config.cap, 2) + 8);
    assert_int_equal(SPEC_GET(VTD_FRCD_HI_FR, hi), VTD_FAULT_SCT_NO_PRE);
    fx_end(&f);

    fx_preset(&f, "page-requests");
    fx_create(&f);
    f.root = fx_page(&f);
    fx_set_root(&f, VTD_TTM_LEGACY);
    fx_command(&f, VTD_GCMD_TE);
    assert_int_equal(iommu_model_vtd_page_request(f.model, &usual), IOMMU_MODEL_PAGE_INVALID);
    hi = fx_read64(&f, VTD_REG_FRCD(f.config.cap, 0) + 8);
    assert_int_equal(SPEC_GET(VTD_FRCD_HI_FR, hi), VTD_FAULT_RTA_PAGE_REQUEST_IN_LEGACY);
    fx_end(&f);
}

static void test_B61_group_responses_reach_the_device(void **state)
{
    struct fx f;
    pages_begin(&f);
    fx_submit(&f, VTD_QI_TYPE_PGRSP | VTD_QI_PGRSP_PP | 1 << 12 | (uint64_t)FX_RID << 16 |
              (uint64_t)1 << 32, VTD_QI_PGRSP1_LPIG | 0x155 << 3);
    assert_true(fx_wait(&f));
    assert_int_equal(f.responses, 1);
    assert_int_equal(f.response.rid, FX_RID);
    assert_true(f.response.has_pasid);
    assert_int_equal(f.response.pasid, 1);
    assert_int_equal(f.response.group, 0x155);
    assert_int_equal(f.response.code, 1);
    fx_end(&f);
}

/* A page request drops what the unit remembers of that page. */
static void test_model_page_request_drops_the_translation(void **state)
{
    struct fx f;
    pages_begin(&f);
    uint64_t table = fx_page(&f);
    fx_first_entry(&f, FX_RID, 3, 1, table, 4);
    uint64_t leaf = fx_map_first(&f, table, 4, 0x8000, PAGE, 1, VTD_FS_US);
    assert_true(fx_reads(&f, 3, 0x8000, PAGE));
    fx_put(&f, leaf, 0);
    struct iommu_model_page_request request = usual;
    request.pasid = 3;
    request.address = 0x9000;
    iommu_model_vtd_page_request(f.model, &request);
    assert_true(fx_reads(&f, 3, 0x8000, PAGE));
    request.address = 0x8000;
    iommu_model_vtd_page_request(f.model, &request);
    assert_int_equal(fx_read_fault(&f, 3, 0x8000), VTD_FAULT_SFS_NOT_PRESENT);
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B64_a_write_with_pasid_is_never_an_interrupt),
        cmocka_unit_test(test_B64_no_output_reaches_the_window),
        cmocka_unit_test(test_model_plain_requests_to_the_window),
        cmocka_unit_test(test_model_translation_off),
        cmocka_unit_test(test_model_translation_requests),
        cmocka_unit_test(test_model_no_write_flag_without_support),
        cmocka_unit_test(test_model_translation_request_answers),
        cmocka_unit_test(test_model_translation_requests_set_dirty_when_they_ask_for_write),
        cmocka_unit_test(test_model_translation_requests_into_the_window),
        cmocka_unit_test(test_model_translated_requests),
        cmocka_unit_test(test_B61_page_requests_are_queued),
        cmocka_unit_test(test_B61_a_full_page_queue),
        cmocka_unit_test(test_B61_page_requests_that_the_tables_refuse),
        cmocka_unit_test(test_B61_group_responses_reach_the_device),
        cmocka_unit_test(test_model_page_request_drops_the_translation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
