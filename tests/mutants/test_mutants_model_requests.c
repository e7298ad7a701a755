/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_model_requests.c - requests at the edges, page requests, what is recorded and told, and what the unit
 * says of its own caches ("never-evict", "random-evict").
 */
#include "tests/model_vtd/fixture.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define PAGE ((uint64_t)0x800000)
#define OTHER ((uint64_t)0x900000)
#define NEVER_EVICT IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_NEVER_EVICT)
#define RANDOM_EVICT IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_RANDOM_EVICT)

/* PASID 1 of FX_RID, domain 5, with one page; returns the leaf. */
static uint64_t begin(struct fx *f, uint32_t lies)
{
    fx_preset(f, "scalable");
    f->config.lies = (struct iommu_model_lies){ .enabled = lies, .seed = 1, .one_in = 1 };
    fx_create(f);
    fx_enable(f);
    uint64_t table = fx_page(f);
    fx_second_entry(f, FX_RID, 1, 5, table, 4);
    return fx_map_second(f, table, 4, 0x5000, PAGE, 1, R);
}

static uint64_t record_hi(struct fx *f, unsigned index)
{
    return fx_read64(f, VTD_REG_FRCD(f->config.cap, index) + 8);
}

/* ---- Requests ----------------------------------------------------------------------------------------- */

/* What a request without PASID says of its PASID means nothing. */
static void test_B64_fields_of_a_pasid_that_is_not_there(void **state)
{
    struct fx f;
    struct iommu_model_request request = fx_request(FX_RID, FX_PLAIN, 0x5000, IOMMU_MODEL_READ);
    fx_preset(&f, "scalable");
    f.config.major = 8;
    fx_create(&f);
    fx_enable(&f);
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 0, 5, table, 4);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R);
    request.pasid = UINT32_MAX;
    request.execute = true;
    fx_send(&f, &request);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    fx_end(&f);
}

/* In abort mode nothing else is looked at. */
static void test_B62_abort_mode_before_the_pasid(void **state)
{
    struct fx f;
    fx_preset(&f, "esrtps");
    fx_create(&f);
    f.root = fx_page(&f);
    fx_set_root(&f, VTD_TTM_ABORT);
    fx_command(&f, VTD_GCMD_TE);
    assert_int_equal(fx_read_fault(&f, 1L << 20, 0x5000), VTD_FAULT_RTA_ABORT_MODE);
    fx_end(&f);
}

/* A translation request is a read, whatever it asks for. */
static void test_B62_a_translation_request_is_recorded_as_a_read(void **state)
{
    struct fx f;
    struct iommu_model_request request = fx_request(FX_RID, 1, 0x5000, IOMMU_MODEL_WRITE);
    begin(&f, 0);
    fx_put(&f, fx_pasid_entry(&f, FX_RID, 1) + 24, 1); /* a reserved bit */
    fx_put(&f, fx_context_entry(&f, FX_RID), fx_get(&f, fx_context_entry(&f, FX_RID)) | VTD_SCE0_DTE);
    request.at = IOMMU_MODEL_TRANSLATION_REQUEST;
    fx_send(&f, &request);
    assert_true(f.result.recorded);
    assert_true((record_hi(&f, 0) & VTD_FRCD_HI_T1) && !(record_hi(&f, 0) & VTD_FRCD_HI_T2));
    fx_end(&f);
}

static void test_model_a_request_that_crosses_a_page(void **state)
{
    struct fx f;
    struct iommu_model_request request = fx_request(FX_RID, 1, 0x5FFE, IOMMU_MODEL_READ);
    begin(&f, 0);
    iommu_model_vtd_explain(f.model, &request, &f.result, NULL);
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_send(&f, &request);
    assert_int_equal(fx_stats(&f).misuse, 1);
    request.address = 0x5FFC;
    fx_send(&f, &request);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);
}

/* A dry run walks everything anew: 5 levels nested in 5 levels make more steps than there is room for. */
static void test_model_an_explanation_has_its_limit(void **state)
{
    struct fx f;
    struct {
        struct iommu_model_explanation explanation;
        struct iommu_model_step beyond[64];
    } room;
    struct iommu_model_request request = fx_request(FX_RID, 1, 0x5000, IOMMU_MODEL_READ);
    memset(&room, 0, sizeof(room));
    fx_begin(&f, "5-level");
    uint64_t table = fx_page(&f), guest = fx_page(&f);
    fx_nested_entry(&f, FX_RID, 1, 5, guest | 4, table, 5); /* FSPM: 5 levels */
    fx_map_first(&f, guest, 5, 0x5000, 0x5000, 1, VTD_FS_US);
    for (uint64_t pa = 0; pa < (uint64_t)2 << 20; pa += 4096)
        fx_map_second(&f, table, 5, pa, pa, 1, R | W);
    iommu_model_vtd_explain(f.model, &request, &f.result, &room.explanation);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    assert_int_equal(room.explanation.count, IOMMU_MODEL_STEPS_MAX);
    assert_null(room.beyond[0].what);
    fx_end(&f);
}

/* ---- Page requests ------------------------------------------------------------------------------------ */

static uint64_t pages_begin(struct fx *f)
{
    uint64_t queue;
    fx_begin(f, "page-requests");
    queue = fx_page(f);
    fx_scalable_context(f, FX_RID, VTD_SCE0_PASIDE | VTD_SCE0_DTE | VTD_SCE0_PRE, 0);
    fx_write64(f, VTD_REG_PQA, queue);
    return queue;
}

static enum iommu_model_page_answer page_request(struct fx *f, long pasid, uint64_t address)
{
    const struct iommu_model_page_request request = {
        .rid = FX_RID, .has_pasid = pasid >= 0, .pasid = pasid >= 0 ? (uint32_t)pasid : 7, .privileged = pasid < 0,
        .execute = pasid < 0, .read = true, .last = true, .group = 1, .address = address,
    };
    return iommu_model_vtd_page_request(f->model, &request);
}

static void test_B61_a_page_request_without_pasid(void **state)
{
    struct fx f;
    uint64_t queue = pages_begin(&f);
    fx_first_entry(&f, FX_RID, 0, 1, fx_page(&f), 4);
    assert_int_equal(page_request(&f, FX_PLAIN, 0x5000), IOMMU_MODEL_PAGE_QUEUED);
    assert_int_equal(fx_get(&f, queue), (uint64_t)FX_RID << 16 | 1);
    assert_int_equal(fx_get(&f, queue + 8), 0x5000 | 1 << 3 | 5);
    fx_end(&f);
}

static void test_B61_the_page_queue_moves_only_while_it_is_empty(void **state)
{
    struct fx f;
    uint64_t queue = pages_begin(&f);
    fx_first_entry(&f, FX_RID, 1, 1, fx_page(&f), 4);
    assert_int_equal(page_request(&f, 1, 0x5000), IOMMU_MODEL_PAGE_QUEUED);
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_write64(&f, VTD_REG_PQA, queue);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_write64(&f, VTD_REG_PQH, fx_read64(&f, VTD_REG_PQT));
    fx_write64(&f, VTD_REG_PQA, queue);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);
}

/* Room alone does not let page requests in again: software has to clear PRO. */
static void test_B61_an_overflow_lasts_until_it_is_cleared(void **state)
{
    struct fx f;
    pages_begin(&f);
    fx_first_entry(&f, FX_RID, 1, 1, fx_page(&f), 4);
    for (unsigned i = 0; i < 127; i++)
        assert_int_equal(page_request(&f, 1, 0x5000), IOMMU_MODEL_PAGE_QUEUED);
    assert_int_equal(page_request(&f, 1, 0x5000), IOMMU_MODEL_PAGE_SUCCESS);
    fx_write64(&f, VTD_REG_PQH, fx_read64(&f, VTD_REG_PQT));
    assert_int_equal(page_request(&f, 1, 0x5000), IOMMU_MODEL_PAGE_SUCCESS);
    fx_write32(&f, VTD_REG_PRS, VTD_PRS_PRO);
    assert_int_equal(page_request(&f, 1, 0x5000), IOMMU_MODEL_PAGE_QUEUED);
    fx_end(&f);
}

static void test_B61_page_requests_need_translation(void **state)
{
    struct fx f;
    pages_begin(&f);
    fx_first_entry(&f, FX_RID, 1, 1, fx_page(&f), 4);
    fx_uncommand(&f, VTD_GCMD_TE);
    assert_int_equal(page_request(&f, 1, 0x5000), IOMMU_MODEL_PAGE_DROPPED);
    assert_int_equal(fx_read64(&f, VTD_REG_PQT), 0);
    assert_int_equal(fx_stats(&f).faults, 0);
    fx_end(&f);
}

static bool cached(struct fx *f, uint64_t address)
{
    assert_int_equal(fx_dma(f, FX_RID, 1, address, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
    return f->result.cached;
}

/* The page that a device asks for again is one that it should not find any more; nested, that is the domain. */
static void test_B61_page_requests_drop_what_is_remembered(void **state)
{
    for (unsigned nested = 0; nested < 2; nested++) {
        struct fx f;
        pages_begin(&f);
        uint64_t table = fx_page(&f), guest = fx_page(&f);
        for (uint64_t pa = 0; pa < (uint64_t)2 << 20; pa += 4096)
            fx_map_second(&f, table, 4, pa, pa, 1, R | W);
        if (nested)
            fx_nested_entry(&f, FX_RID, 1, 5, guest, table, 4);
        else
            fx_second_entry(&f, FX_RID, 1, 5, table, 4);
        fx_map_first(&f, guest, 4, 0x5000, 0x5000, 1, VTD_FS_US);
        fx_map_first(&f, guest, 4, 0x6000, 0x6000, 1, VTD_FS_US);
        for (unsigned round = 0; round < 2; round++)
            assert_int_equal(cached(&f, 0x5000) + cached(&f, 0x6000), 2 * round);
        assert_int_equal(page_request(&f, 1, 0x5000), IOMMU_MODEL_PAGE_QUEUED);
        assert_int_equal(cached(&f, 0x6000), !nested);
        assert_false(cached(&f, 0x5000));
        fx_end(&f);
    }
}

/* ---- Faults and their event --------------------------------------------------------------------------- */

static void test_model_the_name_of_no_fault(void **state)
{
    assert_string_equal(iommu_model_vtd_fault_name(VTD_FAULT_NONE), "no fault");
}

static void test_B62_a_record_that_was_read_does_not_merge(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.merge_faults = true;
    fx_create(&f);
    fx_enable(&f);
    fx_read_fault(&f, 1, 0x5000);
    assert_true(f.result.recorded);
    fx_read_fault(&f, 1, 0x6000);
    assert_false(f.result.recorded);
    fx_write32(&f, VTD_REG_FRCD(f.config.cap, 0) + VTD_FRCD_TOP, VTD_FRCD_TOP_F);
    fx_read_fault(&f, 1, 0x7000);
    assert_true(f.result.recorded);
    fx_end(&f);
}

/* A descriptor that the queue stops at; putting it right and clearing IQE lets the queue go on. */
static uint64_t bad_descriptor(struct fx *f)
{
    uint64_t at = f->queue + f->tail;
    fx_submit(f, 0xF, 0);
    assert_true(fx_read32(f, VTD_REG_FSTS) & VTD_FSTS_IQE);
    return at;
}

static void repair(struct fx *f, uint64_t at)
{
    fx_put(f, at, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_FN);
    fx_write32(f, VTD_REG_FSTS, VTD_FSTS_IQE);
    assert_false(fx_read32(f, VTD_REG_FSTS) & VTD_FSTS_IQE);
}

static bool pending(struct fx *f)
{
    return fx_read32(f, VTD_REG_FECTL) & VTD_FECTL_IP;
}

static void clear_record(struct fx *f, unsigned index)
{
    fx_write32(f, VTD_REG_FRCD(f->config.cap, index) + VTD_FRCD_TOP, VTD_FRCD_TOP_F);
}

/* The event that is masked is withdrawn when its last cause is gone, be that a record or a status bit. */
static void test_B62_a_pending_event_ends_with_its_last_cause(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    fx_read_fault(&f, 1, 0x5000);
    assert_true(pending(&f));
    clear_record(&f, 0);
    assert_false(pending(&f));

    uint64_t at = bad_descriptor(&f);
    fx_read_fault(&f, 1, 0x5000);
    clear_record(&f, 1);
    assert_true(pending(&f)); /* IQE is left */
    repair(&f, at);
    assert_false(pending(&f));

    at = bad_descriptor(&f);
    fx_read_fault(&f, 1, 0x5000);
    repair(&f, at);
    assert_true(pending(&f)); /* the record is left */
    clear_record(&f, 2);
    assert_false(pending(&f));
    fx_end(&f);
}

static void test_B62_no_second_event_while_a_cause_is_left(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    fx_write32(&f, VTD_REG_FECTL, 0);
    bad_descriptor(&f);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1);
    fx_read_fault(&f, 1, 0x5000);
    assert_true(f.result.recorded);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1);
    fx_end(&f);
}

/* ---- Watched caches ----------------------------------------------------------------------------------- */

static unsigned strikes(struct fx *f)
{
    struct iommu_model_strike strike[8];
    return iommu_model_vtd_strikes(f->model, strike, 8);
}

/* "never-evict": a stale page is told of when it is used, and only if somebody wants to know. */
static void test_B45_only_watched_units_tell_of_stale_entries(void **state)
{
    for (unsigned watched = 0; watched < 2; watched++) {
        struct fx f;
        struct iommu_model_request request = fx_request(FX_RID, 1, 0x5000, IOMMU_MODEL_READ);
        uint64_t leaf = begin(&f, watched ? NEVER_EVICT : 0);
        for (unsigned round = 0; round < 3; round++)
            assert_true(fx_reads(&f, 1, 0x5000, PAGE));
        assert_int_equal(strikes(&f), 0); /* not stale */
        fx_put(&f, leaf, OTHER | R);
        iommu_model_vtd_explain(f.model, &request, &f.result, NULL);
        assert_true(f.result.cached);
        assert_int_equal(strikes(&f), 0); /* only looked at */
        assert_true(fx_reads(&f, 1, 0x5000, PAGE));
        assert_int_equal(strikes(&f), watched);
        fx_end(&f);
    }
}

/* Even where the translation is the only thing that is remembered, or the context entry is what is stale. */
static void test_B45_stale_by_itself_and_stale_from_the_start(void **state)
{
    struct fx f;
    uint64_t leaf = begin(&f, NEVER_EVICT);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    fx_submit(&f, fx_cc(VTD_QI_CC_G_GLOBAL, 0, 0, 0), 0);
    fx_submit(&f, fx_pc(VTD_QI_PC_G_GLOBAL, 0, 0), 0);
    assert_true(fx_wait(&f));
    fx_put(&f, leaf, OTHER | R);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    assert_int_equal(strikes(&f), 1);
    fx_end(&f);

    begin(&f, NEVER_EVICT);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    fx_put(&f, fx_context_entry(&f, FX_RID), 0);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    assert_int_equal(strikes(&f), 1);
    fx_end(&f);
}

/* The same refusal by the old page and by the new one: nothing went wrong. */
static void test_B45_a_refusal_that_stays_one(void **state)
{
    struct fx f;
    uint64_t leaf = begin(&f, NEVER_EVICT);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    fx_put(&f, leaf, OTHER | R);
    assert_int_equal(fx_dma(&f, FX_RID, 1, 0x5000, IOMMU_MODEL_WRITE), IOMMU_MODEL_BLOCKED);
    assert_true(f.result.cached);
    assert_int_equal(strikes(&f), 0);
    fx_end(&f);
}

static uint64_t held(struct fx *f)
{
    struct iommu_model_vtd_stats stats = fx_stats(f);
    return stats.context_entries + stats.pasid_entries + stats.iotlb_entries + stats.paging_entries;
}

/* "random-evict" strikes requests; a dry run leaves everything where it is. */
static void test_model_a_dry_run_evicts_nothing(void **state)
{
    struct fx f;
    struct iommu_model_request request = fx_request(FX_RID, 1, 0x5000, IOMMU_MODEL_READ);
    begin(&f, RANDOM_EVICT);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    uint64_t before = held(&f);
    assert_true(before > 0);
    for (unsigned i = 0; i < 32; i++)
        iommu_model_vtd_explain(f.model, &request, &f.result, NULL);
    assert_int_equal(held(&f), before);
    fx_end(&f);
}

/* Told once in a thousand million times, it strikes nothing; told every time, it strikes whatever there is. */
static void test_model_evicted_now_and_then(void **state)
{
    for (unsigned always = 0; always < 2; always++) {
        const uint64_t count = 200;
        struct fx f;
        fx_preset(&f, "scalable");
        f.config.lies = (struct iommu_model_lies){ .enabled = RANDOM_EVICT, .one_in = always ? 1 : 1000000000 };
        fx_create(&f);
        fx_enable(&f);
        uint64_t table = fx_page(&f);
        fx_second_entry(&f, FX_RID, 1, 5, table, 4);
        uint64_t leaf = fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R);
        for (unsigned i = 0; i < count; i++)
            assert_true(fx_reads(&f, 1, 0x5000, PAGE));
        struct iommu_model_vtd_stats stats = fx_stats(&f);
        assert_int_equal(stats.iotlb_hits < count - 1, always);
        assert_int_equal(stats.context_hits < count - 1, always);
        assert_int_equal(stats.pasid_hits < count - 1, always);
        fx_put(&f, leaf, OTHER | R);
        if (!always) /* nobody watches this unit */
            assert_true(fx_reads(&f, 1, 0x5000, PAGE));
        assert_int_equal(strikes(&f), 0);
        fx_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B64_fields_of_a_pasid_that_is_not_there),
        cmocka_unit_test(test_B62_abort_mode_before_the_pasid),
        cmocka_unit_test(test_B62_a_translation_request_is_recorded_as_a_read),
        cmocka_unit_test(test_model_a_request_that_crosses_a_page),
        cmocka_unit_test(test_model_an_explanation_has_its_limit),
        cmocka_unit_test(test_B61_a_page_request_without_pasid),
        cmocka_unit_test(test_B61_the_page_queue_moves_only_while_it_is_empty),
        cmocka_unit_test(test_B61_an_overflow_lasts_until_it_is_cleared),
        cmocka_unit_test(test_B61_page_requests_need_translation),
        cmocka_unit_test(test_B61_page_requests_drop_what_is_remembered),
        cmocka_unit_test(test_model_the_name_of_no_fault),
        cmocka_unit_test(test_B62_a_record_that_was_read_does_not_merge),
        cmocka_unit_test(test_B62_a_pending_event_ends_with_its_last_cause),
        cmocka_unit_test(test_B62_no_second_event_while_a_cause_is_left),
        cmocka_unit_test(test_B45_only_watched_units_tell_of_stale_entries),
        cmocka_unit_test(test_B45_stale_by_itself_and_stale_from_the_start),
        cmocka_unit_test(test_B45_a_refusal_that_stays_one),
        cmocka_unit_test(test_model_a_dry_run_evicts_nothing),
        cmocka_unit_test(test_model_evicted_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
