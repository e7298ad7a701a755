/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * What is asked again and again: answered from copies, and nobody can tell. Each invalidation that would change the
 * answer does, each count counts.
 */
#include "tests/model_vtd/fixture.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define DID 5
#define IOVA ((uint64_t)0x5000)
#define PAGE ((uint64_t)0x800000)
#define OTHER ((uint64_t)0x900000)

/* PASID 1 of FX_RID with a page; it has been read twice, so that a copy answers from now on. */
static uint64_t begin(struct fx *f, const char *preset, uint64_t bits)
{
    fx_begin(f, preset);
    uint64_t table = fx_page(f);
    fx_second_entry(f, FX_RID, 1, DID, table, 4);
    uint64_t leaf = fx_map_second(f, table, 4, IOVA, PAGE, 1, bits);
    for (unsigned i = 0; i < 2; i++)
        if (bits & R)
            assert_true(fx_reads(f, 1, IOVA, PAGE));
    return leaf;
}

/* The table says OTHER now: which page is it still? */
static bool stale(struct fx *f)
{
    struct iommu_model_request request = fx_request(FX_RID, 1, IOVA, IOMMU_MODEL_READ);
    iommu_model_vtd_translate(f->model, &request, &f->result, NULL);
    assert_int_equal(f->result.outcome, IOMMU_MODEL_OK);
    assert_true(f->result.pa == PAGE || f->result.pa == OTHER);
    return f->result.pa == PAGE;
}

/* ---- Counts and results --------------------------------------------------------------------------------- */

static void test_model_repeated_requests_are_counted_one_by_one(void **state)
{
    for (unsigned legacy = 0; legacy < 2; legacy++) {
        struct fx f;
        fx_begin(&f, legacy ? "legacy" : "scalable");
        uint64_t table = fx_page(&f);
        if (legacy)
            fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, DID, table, 4);
        else
            fx_second_entry(&f, FX_RID, 1, DID, table, 4);
        fx_map_second(&f, table, 4, IOVA, PAGE, 1, R);
        struct iommu_model_request request = fx_request(FX_RID, legacy ? FX_PLAIN : 1, IOVA, IOMMU_MODEL_READ);
        for (unsigned i = 0; i < 10; i++) {
            struct iommu_model_result result;
            memset(&result, 0xFF, sizeof(result));
            request.address = IOVA + 16 * i;
            iommu_model_vtd_translate(f.model, &request, &result, NULL);
            const struct iommu_model_result wanted = {
                .pa = PAGE + 16 * i, .outcome = IOMMU_MODEL_OK, .page_lg2 = 12, .read = true, .cached = i > 0,
                .domain_id = DID,
            };
            assert_memory_equal(&result, &wanted, offsetof(struct iommu_model_result, recorded) + 1);
        }
        struct iommu_model_vtd_stats stats = fx_stats(&f);
        assert_int_equal(stats.translations, 10);
        assert_int_equal(stats.iotlb_hits, 9);
        assert_int_equal(stats.context_hits, 9);
        assert_int_equal(stats.pasid_hits, legacy ? 0 : 9);
        assert_int_equal(stats.faults + stats.misuse, 0);
        fx_end(&f);
    }
}

/* The counts of a copy belong to the mode in which it was used. */
static void test_model_counts_survive_what_empties_the_caches(void **state)
{
    struct fx f;
    begin(&f, "scalable", R);
    for (unsigned i = 0; i < 5; i++)
        assert_true(stale(&f));
    struct iommu_model_vtd_stats before = fx_stats(&f), after;
    fx_submit(&f, fx_pc(VTD_QI_PC_G_GLOBAL, 0, 0), 0);
    assert_true(stale(&f)); /* the first with an empty PASID cache */
    assert_true(stale(&f));
    after = fx_stats(&f);
    assert_int_equal(after.translations - before.translations, 2);
    assert_int_equal(after.iotlb_hits - before.iotlb_hits, 2);
    assert_int_equal(after.context_hits - before.context_hits, 2);
    assert_int_equal(after.pasid_hits - before.pasid_hits, 1);
    fx_end(&f);
}

static void test_model_a_large_page_is_copied_piece_by_piece(void **state)
{
    for (unsigned level = 2; level <= 3; level++) {
        struct fx f;
        fx_begin(&f, "scalable");
        uint64_t table = fx_page(&f), bytes = SPEC_BIT64(12 + 9 * (level - 1)), iova = 4 * bytes, pa = 2 * bytes;
        fx_second_entry(&f, FX_RID, 1, DID, table, 4);
        fx_map_second(&f, table, 4, iova, pa, level, R);
        for (unsigned round = 0; round < 3; round++)
            for (uint64_t at = 0x234; at < bytes; at += bytes / 8 + 4096) {
                assert_true(fx_reads(&f, 1, iova + at, pa + at));
                assert_int_equal(f.result.page_lg2, 12 + 9 * (level - 1));
                assert_int_equal(f.result.cached, round || at != 0x234);
            }
        assert_int_equal(fx_stats(&f).iotlb_entries, 1);

        /* One page of it invalidated: all of it is. */
        fx_map_second(&f, table, 4, iova, 0, level, R);
        fx_submit(&f, fx_iotlb(VTD_QI_IOTLB_G_PAGE, DID), iova + 0x7000);
        assert_true(fx_reads(&f, 1, iova + 0x234, 0x234));
        fx_end(&f);
    }
}

/* ---- What changes the answer ---------------------------------------------------------------------------- */

static void flush_page(struct fx *f)
{
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_PAGE, DID), IOVA | VTD_QI_IOTLB1_IH);
}

static void flush_range(struct fx *f)
{
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_PAGE, DID), SPEC_PUT(VTD_QI_IOTLB1_AM, UINT64_C(3))); /* from address 0 */
}

static void flush_wide_range(struct fx *f)
{
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_PAGE, DID), SPEC_PUT(VTD_QI_IOTLB1_AM, UINT64_C(9)));
}

static void flush_global(struct fx *f)
{
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_GLOBAL, 0), 0);
}

static void flush_domain(struct fx *f)
{
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_DOMAIN, DID), 0);
}

static void flush_other_page(struct fx *f)
{
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_PAGE, DID), IOVA + 0x1000);
}

static void flush_other_page_of_that_stamp(struct fx *f)
{
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_PAGE, DID), IOVA + 0x8000);
}

static void flush_other_domain(struct fx *f)
{
    fx_submit(f, fx_iotlb(VTD_QI_IOTLB_G_DOMAIN, DID + 1), 0);
}

static void flush_pasid_cache(struct fx *f)
{
    fx_submit(f, fx_pc(VTD_QI_PC_G_GLOBAL, 0, 0), 0);
}

static void flush_contexts(struct fx *f)
{
    fx_submit(f, fx_cc(VTD_QI_CC_G_GLOBAL, 0, 0, 0), 0);
}

static void test_B45_copies_end_when_what_they_copied_does(void **state)
{
    static const struct {
        void (*flush)(struct fx *f);
        bool ends;
    } cases[] = {
        { flush_page, true }, { flush_range, true }, { flush_wide_range, true }, { flush_domain, true },
        { flush_global, true }, { flush_other_page, false }, { flush_other_page_of_that_stamp, false },
        { flush_other_domain, false }, { flush_pasid_cache, false }, { flush_contexts, false },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fx f;
        uint64_t leaf = begin(&f, "scalable", R);
        fx_put(&f, leaf, OTHER | R);
        assert_true(stale(&f));
        cases[i].flush(&f);
        assert_int_equal(stale(&f), !cases[i].ends);
        assert_int_equal(f.result.cached, !cases[i].ends);
        assert_int_equal(stale(&f), !cases[i].ends);
        assert_int_equal(fx_stats(&f).misuse, 0);
        fx_end(&f);
    }
}

/* Context and PASID entries are cached as well: the route changes when they are told to. */
static void test_B58_copies_follow_a_pasid_to_its_next_domain(void **state)
{
    const uint64_t flushes[] = {fx_pc(VTD_QI_PC_G_GLOBAL, 0, 0), fx_pc(VTD_QI_PC_G_DOMAIN, DID, 0),
                                fx_pc(VTD_QI_PC_G_PASID, DID, 1)};
    for (unsigned i = 0; i < 3; i++) {
        struct fx f;
        begin(&f, "scalable", R);
        uint64_t table = fx_page(&f);
        fx_map_second(&f, table, 4, IOVA, OTHER, 1, R);
        fx_second_entry(&f, FX_RID, 1, DID + 1, table, 4);
        assert_true(stale(&f));
        fx_submit(&f, flushes[i], 0);
        assert_false(stale(&f));
        assert_int_equal(f.result.domain_id, DID + 1);
        fx_end(&f);
    }
}

static void test_B60_copies_follow_a_context(void **state)
{
    for (unsigned which = 0; which < 3; which++) {
        struct fx f;
        struct iommu_model_request request = fx_request(FX_RID, FX_PLAIN, IOVA, IOMMU_MODEL_READ);
        fx_begin(&f, "legacy");
        uint64_t table = fx_page(&f), other = fx_page(&f);
        fx_map_second(&f, table, 4, IOVA, PAGE, 1, R);
        fx_map_second(&f, other, 4, IOVA, OTHER, 1, R);
        uint64_t entry = fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, DID, table, 4);
        for (unsigned i = 0; i < 2; i++)
            fx_send(&f, &request);
        fx_put(&f, entry, other | 1);
        fx_put(&f, entry + 8, fx_get(&f, entry + 8) + (1 << 8));
        fx_submit(&f, which == 0 ? fx_cc(VTD_QI_CC_G_GLOBAL, 0, 0, 0)
                                 : which == 1 ? fx_cc(VTD_QI_CC_G_DOMAIN, DID, 0, 0)
                                              : fx_cc(VTD_QI_CC_G_DEVICE, DID, FX_RID, 0), 0);
        fx_send(&f, &request);
        assert_int_equal(f.result.pa, OTHER);
        fx_end(&f);
    }
}

/* Switches of the whole unit. */
static void test_B62_copies_end_with_translation(void **state)
{
    struct fx f;
    begin(&f, "scalable", R);
    fx_uncommand(&f, VTD_GCMD_TE);
    assert_int_equal(fx_dma(&f, FX_RID, FX_PLAIN, IOVA, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
    assert_int_equal(f.result.pa, IOVA);
    fx_dma(&f, FX_RID, 1, IOVA, IOMMU_MODEL_READ);
    assert_int_not_equal(f.result.pa, PAGE);
    fx_end(&f);
}

static void test_model_copies_end_with_protected_memory(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.cap |= VTD_CAP_PLMR;
    fx_create(&f);
    fx_enable(&f);
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, DID, table, 4);
    fx_map_second(&f, table, 4, IOVA, PAGE, 1, R);
    fx_write32(&f, VTD_REG_PLMBASE, 0x800000);
    fx_write32(&f, VTD_REG_PLMLIMIT, 0x800000);
    for (unsigned i = 0; i < 2; i++)
        assert_true(fx_reads(&f, 1, IOVA, PAGE));
    fx_write32(&f, VTD_REG_PMEN, VTD_PMEN_EPM);
    assert_int_equal(fx_dma(&f, FX_RID, 1, IOVA, IOMMU_MODEL_READ), IOMMU_MODEL_UNSUPPORTED);
    fx_write32(&f, VTD_REG_PLMBASE, 0x900000); /* misuse, but it takes effect */
    fx_write32(&f, VTD_REG_PLMLIMIT, 0x900000);
    for (unsigned i = 0; i < 2; i++)
        assert_true(fx_reads(&f, 1, IOVA, PAGE));
    fx_write32(&f, VTD_REG_PLMBASE, 0x800000);
    assert_int_equal(fx_dma(&f, FX_RID, 1, IOVA, IOMMU_MODEL_READ), IOMMU_MODEL_UNSUPPORTED);
    fx_end(&f);
}

static void test_model_copies_end_with_a_reset(void **state)
{
    struct fx f;
    begin(&f, "scalable", R);
    iommu_model_vtd_reset(f.model);
    fx_dma(&f, FX_RID, FX_PLAIN, IOVA, IOMMU_MODEL_READ);
    assert_int_equal(f.result.pa, IOVA);
    fx_dma(&f, FX_RID, 1, IOVA, IOMMU_MODEL_READ);
    assert_int_not_equal(f.result.pa, PAGE);
    fx_end(&f);
}

/* A walk for the dirty flag finds another page: from then on that is the answer to reads, too. */
static void test_B65_copies_end_when_a_walk_overrules_the_cache(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.ecap |= VTD_ECAP_SSADS | VTD_ECAP_SMPWCS;
    fx_create(&f);
    fx_enable(&f);
    uint64_t table = fx_page(&f), entry = fx_second_entry(&f, FX_RID, 1, DID, table, 4);
    fx_put(&f, entry, fx_get(&f, entry) | VTD_PE0_SSADE);
    fx_put(&f, entry + 8, fx_get(&f, entry + 8) | VTD_PE1_PWSNP);
    uint64_t leaf = fx_map_second(&f, table, 4, IOVA, PAGE, 1, R | W);
    for (unsigned i = 0; i < 2; i++)
        assert_true(fx_reads(&f, 1, IOVA, PAGE));
    fx_put(&f, leaf, OTHER | R | W);
    assert_true(stale(&f));
    assert_int_equal(fx_dma(&f, FX_RID, 1, IOVA, IOMMU_MODEL_WRITE), IOMMU_MODEL_OK);
    assert_int_equal(f.result.pa, OTHER);
    assert_true(fx_get(&f, leaf) & VTD_SS_D);
    assert_false(stale(&f));
    fx_end(&f);
}

/* ---- What copies do not answer -------------------------------------------------------------------------- */

static void test_B55_copies_give_no_right_that_the_table_does_not(void **state)
{
    static const uint64_t bits[] = { R, W, R | W };
    for (unsigned i = 0; i < 3; i++) {
        struct fx f;
        begin(&f, "scalable", bits[i]);
        for (unsigned round = 0; round < 3; round++) {
            bool reads = bits[i] & R, writes = bits[i] & W;
            assert_int_equal(fx_dma(&f, FX_RID, 1, IOVA, IOMMU_MODEL_READ) == IOMMU_MODEL_OK, reads);
            assert_int_equal(fx_dma(&f, FX_RID, 1, IOVA, IOMMU_MODEL_WRITE) == IOMMU_MODEL_OK, writes);
            assert_int_equal(fx_dma(&f, FX_RID, 1, IOVA, IOMMU_MODEL_ATOMIC) == IOMMU_MODEL_OK, reads && writes);
        }
        fx_end(&f);
    }
}

static void test_model_requests_of_another_kind_go_the_long_way(void **state)
{
    struct fx f;
    struct iommu_model_request request = fx_request(FX_RID, 1, IOVA, IOMMU_MODEL_READ);
    begin(&f, "scalable", R);
    request.privileged = true;
    iommu_model_vtd_translate(f.model, &request, &f.result, NULL);
    assert_int_equal(f.result.fault, VTD_FAULT_SPT_NO_SUPERVISOR);
    request.privileged = false;
    request.at = IOMMU_MODEL_TRANSLATED;
    iommu_model_vtd_translate(f.model, &request, &f.result, NULL);
    assert_int_equal(f.result.fault, VTD_FAULT_SCT_NO_DTE);
    request.at = IOMMU_MODEL_UNTRANSLATED;
    request.address = IOVA + 4090;
    request.bytes = 8;
    iommu_model_vtd_translate(f.model, &request, &f.result, NULL);
    assert_int_equal(fx_stats(&f).misuse, 1);
    request.address = IOVA;
    request.bytes = 4097;
    iommu_model_vtd_translate(f.model, &request, &f.result, NULL);
    assert_int_equal(fx_stats(&f).misuse, 2);
    request.bytes = 4096;
    iommu_model_vtd_translate(f.model, &request, &f.result, &f.explanation);
    assert_int_equal(f.result.pa, PAGE);
    assert_true(f.explanation.count > 0);
    assert_int_equal(fx_stats(&f).misuse, 2);
    fx_end(&f);
}

static void test_B64_a_request_to_execute_goes_the_long_way(void **state)
{
    struct fx f;
    struct iommu_model_request request = fx_request(FX_RID, 1, IOVA, IOMMU_MODEL_READ);
    fx_preset(&f, "scalable");
    f.config.major = 8;
    fx_create(&f);
    fx_enable(&f);
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, DID, table, 4);
    fx_map_second(&f, table, 4, IOVA, PAGE, 1, R);
    for (unsigned i = 0; i < 2; i++)
        assert_true(fx_reads(&f, 1, IOVA, PAGE));
    request.execute = true;
    iommu_model_vtd_translate(f.model, &request, &f.result, NULL);
    assert_int_equal(f.result.fault, VTD_FAULT_RTA_EXECUTE);
    fx_end(&f);
}

/* Neither read nor write nor both: whatever it is, it gets no more than the table gives. */
static void test_model_an_access_that_is_none(void **state)
{
    struct fx f;
    struct iommu_model_request request = fx_request(FX_RID, 1, IOVA, (enum iommu_model_access)3);
    begin(&f, "scalable", R);
    iommu_model_vtd_translate(f.model, &request, &f.result, NULL);
    assert_int_equal(f.result.fault, VTD_FAULT_SGN_NO_WRITE);
    fx_end(&f);
}

/* Requester 0 without PASID, page 0: what a copy and a route that are none look like. */
static void test_model_no_copy_is_no_answer(void **state)
{
    struct fx f;
    struct iommu_model_result wanted;
    const struct iommu_model_request request = { .rid = 0, .access = IOMMU_MODEL_READ, .address = 0x10, .bytes = 4 };
    begin(&f, "scalable", R);
    struct iommu_model_request good = fx_request(FX_RID, 1, IOVA, IOMMU_MODEL_READ);
    iommu_model_vtd_translate(f.model, &good, &f.result, NULL); /* from here, so that there is a front */
    iommu_model_vtd_explain(f.model, &request, &wanted, NULL);
    iommu_model_vtd_translate(f.model, &request, &f.result, NULL);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_BLOCKED);
    assert_int_equal(f.result.fault, wanted.fault);
    fx_end(&f);
}

/* Each use of a reserved domain id counts. */
static void test_B43_misuse_of_domain_0_is_counted_each_time(void **state)
{
    for (unsigned legacy = 0; legacy < 2; legacy++) {
        struct fx f;
        fx_preset(&f, legacy ? "legacy" : "caching-mode");
        f.config.cap |= VTD_CAP_CM;
        fx_create(&f);
        fx_enable(&f);
        uint64_t table = fx_page(&f);
        if (legacy)
            fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, 0, table, 4);
        else
            fx_second_entry(&f, FX_RID, 1, 0, table, 4);
        fx_map_second(&f, table, 4, IOVA, PAGE, 1, R);
        for (unsigned i = 1; i < 5; i++) {
            assert_int_equal(fx_dma(&f, FX_RID, legacy ? FX_PLAIN : 1, IOVA, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
            assert_int_equal(fx_stats(&f).misuse, i);
        }
        fx_end(&f);
    }
}

/* A unit that begins to lie is watched from its next request on. */
static void test_B45_lies_take_effect_at_once(void **state)
{
    struct iommu_model_strike strike;
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.lies = (struct iommu_model_lies){ .enabled = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_NEVER_EVICT), .seed = 1 };
    fx_create(&f);
    fx_enable(&f);
    iommu_model_vtd_tell(f.model, 0);
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, DID, table, 4);
    uint64_t leaf = fx_map_second(&f, table, 4, IOVA, PAGE, 1, R);
    for (unsigned i = 0; i < 2; i++)
        assert_true(fx_reads(&f, 1, IOVA, PAGE));
    fx_put(&f, leaf, OTHER | R);
    assert_true(stale(&f));
    assert_int_equal(iommu_model_vtd_strikes(f.model, &strike, 1), 0);
    iommu_model_vtd_tell(f.model, IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_NEVER_EVICT));
    assert_true(stale(&f));
    assert_int_equal(iommu_model_vtd_strikes(f.model, &strike, 1), 1);
    assert_true(stale(&f));
    fx_end(&f);
}

/* ---- Numbers that come around --------------------------------------------------------------------------- */

/* A page's stamp is back where it was after 65536 changes; the copy is not taken for a good one. */
static void test_B45_a_stamp_that_comes_around(void **state)
{
    struct fx f;
    uint64_t leaf = begin(&f, "scalable", R);
    fx_put(&f, leaf, OTHER | R);
    assert_true(stale(&f));
    for (unsigned i = 0; i < 65536; i++)
        fx_submit(&f, fx_iotlb(VTD_QI_IOTLB_G_PAGE, DID), IOVA | VTD_QI_IOTLB1_IH);
    assert_false(stale(&f));
    fx_end(&f);
}

/* More routes than a front has numbers for, and then the first again: each lands on its own page. */
static void test_B58_more_pasids_than_a_front_can_number(void **state)
{
    const unsigned count = 65536 + 1200, pasids = 600; /* which takes turns in the ways */
    struct fx f;
    fx_begin(&f, "scalable");
    fx_scalable_context(&f, FX_RID, VTD_SCE0_PASIDE, VTD_PDTS_MAX);
    for (unsigned i = 0; i < pasids; i++) {
        uint64_t table = fx_page(&f);
        fx_second_entry(&f, FX_RID, i + 1, i + 1, table, 4);
        fx_map_second(&f, table, 4, IOVA, PAGE + 4096 * i, 1, R);
    }
    for (unsigned i = 0; i < count; i++) {
        struct iommu_model_request request = fx_request(FX_RID, i % pasids + 1, IOVA, IOMMU_MODEL_READ);
        iommu_model_vtd_translate(f.model, &request, &f.result, NULL);
        assert_int_equal(f.result.pa, PAGE + 4096 * (i % pasids));
    }
    fx_end(&f);
}

/* Nor for what the caches would remember: what is found is right, and forgotten. */
static void test_model_no_memory_for_translations(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, DID, table, 4);
    for (uint64_t i = 0; i < 100; i++)
        fx_map_second(&f, table, 4, i * 0x10000, PAGE + i * 4096, 1, R);
    assert_true(fx_reads(&f, 1, 0, PAGE));
    f.allocations_left = 0;
    for (unsigned round = 0; round < 2; round++)
        for (uint64_t i = 0; i < 100; i++)
            assert_true(fx_reads(&f, 1, i * 0x10000, PAGE + i * 4096));
    assert_int_equal(fx_stats(&f).iotlb_entries, 63);
    f.allocations_left = -1;
    for (uint64_t i = 0; i < 100; i++)
        assert_true(fx_reads(&f, 1, i * 0x10000, PAGE + i * 4096));
    assert_int_equal(fx_stats(&f).iotlb_entries, 100);
    fx_end(&f);
}

/* Without memory for a front everything goes the long way. */
static void test_model_no_memory_for_a_front(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, DID, table, 4);
    fx_map_second(&f, table, 4, IOVA, PAGE, 1, R);
    f.allocations_left = 0;
    for (unsigned i = 0; i < 3; i++)
        assert_true(fx_reads(&f, 1, IOVA, PAGE));
    f.allocations_left = -1;
    for (unsigned i = 0; i < 3; i++)
        assert_true(fx_reads(&f, 1, IOVA, PAGE));
    assert_int_equal(fx_stats(&f).iotlb_hits, 2);
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_repeated_requests_are_counted_one_by_one),
        cmocka_unit_test(test_model_counts_survive_what_empties_the_caches),
        cmocka_unit_test(test_model_a_large_page_is_copied_piece_by_piece),
        cmocka_unit_test(test_B45_copies_end_when_what_they_copied_does),
        cmocka_unit_test(test_B58_copies_follow_a_pasid_to_its_next_domain),
        cmocka_unit_test(test_B60_copies_follow_a_context),
        cmocka_unit_test(test_B62_copies_end_with_translation),
        cmocka_unit_test(test_model_copies_end_with_protected_memory),
        cmocka_unit_test(test_model_copies_end_with_a_reset),
        cmocka_unit_test(test_B65_copies_end_when_a_walk_overrules_the_cache),
        cmocka_unit_test(test_B55_copies_give_no_right_that_the_table_does_not),
        cmocka_unit_test(test_model_requests_of_another_kind_go_the_long_way),
        cmocka_unit_test(test_B64_a_request_to_execute_goes_the_long_way),
        cmocka_unit_test(test_model_no_copy_is_no_answer),
        cmocka_unit_test(test_B43_misuse_of_domain_0_is_counted_each_time),
        cmocka_unit_test(test_B45_lies_take_effect_at_once),
        cmocka_unit_test(test_B45_a_stamp_that_comes_around),
        cmocka_unit_test(test_B58_more_pasids_than_a_front_can_number),
        cmocka_unit_test(test_model_an_access_that_is_none),
        cmocka_unit_test(test_model_no_memory_for_a_front),
        cmocka_unit_test(test_model_no_memory_for_translations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
