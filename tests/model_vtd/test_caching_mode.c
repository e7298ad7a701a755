/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * Caching Mode: what is not there is remembered, under which tag, and what makes the unit look again;
 * and that a unit without Caching Mode remembers none of it.
 */
#include "tests/model_vtd/fixture.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define PAGE ((uint64_t)0x800000)

static void submit(struct fx *f, uint64_t w0, uint64_t w1)
{
    fx_submit(f, w0, w1);
    assert_true(fx_wait(f));
}

static uint64_t second(struct fx *f, const char *preset)
{
    fx_begin(f, preset);
    uint64_t table = fx_page(f);
    fx_second_entry(f, FX_RID, 1, 5, table, 4);
    return table;
}

static void test_model_without_caching_mode_nothing_missing_is_remembered(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    assert_int_equal(fx_read_fault(&f, 1, 0x5000), VTD_FAULT_SRT_NOT_PRESENT);
    fx_directory_entry(&f, FX_RID, 1);
    assert_int_equal(fx_read_fault(&f, 1, 0x5000), VTD_FAULT_SPD_NOT_PRESENT);
    fx_pasid_entry(&f, FX_RID, 1);
    assert_int_equal(fx_read_fault(&f, 1, 0x5000), VTD_FAULT_SPT_NOT_PRESENT);
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, 5, table, 4);
    assert_int_equal(fx_read_fault(&f, 1, 0x5000), VTD_FAULT_SSS_NOT_PRESENT);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_end(&f);
}

static void test_model_missing_pages_are_remembered_under_their_domain(void **state)
{
    static const struct {
        uint64_t w0, w1;
        bool helps;
    } rows[] = {
        { 2 | 3 << 4 | 5 << 16, 0x8000, true },
        { 2 | 3 << 4 | 5 << 16, 0x8000 | 0x40, true }, /* a leaf in a table that was there */
        { 2 | 3 << 4 | 5 << 16, 0x9000, false },
        { 2 | 3 << 4 | 6 << 16, 0x8000, false },
        { 2 | 3 << 4, 0x8000, false },
        { 2 | 2 << 4 | 5 << 16, 0, true },
        { 2 | 2 << 4, 0, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx f;
        uint64_t table = second(&f, "caching-mode");
        fx_map_second(&f, table, 4, 0x1000, PAGE, 1, R); /* the table exists */
        assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SSS_NOT_PRESENT);
        fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R);
        assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SSS_NOT_PRESENT);
        assert_true(f.result.cached);
        submit(&f, rows[i].w0, rows[i].w1);
        assert_int_equal(fx_reads(&f, 1, 0x8000, PAGE), rows[i].helps);
        fx_end(&f);
    }
}

/* A missing table is remembered as such: pages under it that nobody asked for are missing too. */
static void test_model_missing_tables_are_remembered(void **state)
{
    for (unsigned hint = 0; hint < 2; hint++) {
        struct fx f;
        uint64_t table = second(&f, "caching-mode");
        assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SSS_NOT_PRESENT);
        fx_map_second(&f, table, 4, 0x9000, PAGE, 1, R);
        assert_int_equal(fx_read_fault(&f, 1, 0x9000), VTD_FAULT_SSS_NOT_PRESENT);
        submit(&f, fx_iotlb(3, 5), 0x9000 | (hint ? 0x40 : 0));
        assert_int_equal(fx_reads(&f, 1, 0x9000, PAGE), !hint);
        fx_end(&f);
    }
}

static void test_model_reserved_bits_are_remembered(void **state)
{
    struct fx f;
    uint64_t table = second(&f, "caching-mode");
    uint64_t leaf = fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R | (uint64_t)1 << 62);
    assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SSS_RESERVED);
    fx_put(&f, leaf, PAGE | R);
    assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SSS_RESERVED);
    fx_flush_domain(&f, 5);
    assert_true(fx_reads(&f, 1, 0x8000, PAGE));
    fx_end(&f);
}

static void test_model_first_stage_is_never_remembered_as_missing(void **state)
{
    struct fx f;
    fx_begin(&f, "caching-mode");
    uint64_t table = fx_page(&f);
    fx_first_entry(&f, FX_RID, 1, 1, table, 4);
    assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SFS_NOT_PRESENT);
    fx_map_first(&f, table, 4, 0x8000, PAGE, 1, VTD_FS_US);
    assert_true(fx_reads(&f, 1, 0x8000, PAGE));
    fx_end(&f);
}

static void test_model_faulty_pasid_entries_are_remembered_under_domain_0(void **state)
{
    static const struct {
        unsigned g, did;
        uint32_t pasid;
        bool helps;
    } rows[] = {
        { VTD_QI_PC_G_PASID, 0, 1, true },  { VTD_QI_PC_G_PASID, 5, 1, false },
        { VTD_QI_PC_G_PASID, 0, 2, false }, { VTD_QI_PC_G_DOMAIN, 0, 0, true },
        { VTD_QI_PC_G_DOMAIN, 5, 0, false }, { VTD_QI_PC_G_GLOBAL, 0, 0, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (unsigned directory = 0; directory < 2; directory++) {
            struct fx f;
            fx_begin(&f, "caching-mode");
            uint64_t table = fx_page(&f);
            fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R);
            if (directory)
                fx_directory_entry(&f, FX_RID, 1);
            else
                fx_pasid_entry(&f, FX_RID, 1);
            uint8_t fault = directory ? VTD_FAULT_SPD_NOT_PRESENT : VTD_FAULT_SPT_NOT_PRESENT;
            assert_int_equal(fx_read_fault(&f, 1, 0x8000), fault);
            fx_second_entry(&f, FX_RID, 1, 5, table, 4);
            assert_int_equal(fx_read_fault(&f, 1, 0x8000), fault);
            submit(&f, fx_pc(rows[i].g, rows[i].did, rows[i].pasid), 0);
            assert_int_equal(fx_reads(&f, 1, 0x8000, PAGE), rows[i].helps);
            fx_end(&f);
        }
}

static void test_model_faulty_scalable_contexts_are_remembered(void **state)
{
    struct fx f;
    fx_begin(&f, "caching-mode");
    uint64_t table = fx_page(&f);
    fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R);
    assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SRT_NOT_PRESENT);
    fx_second_entry(&f, FX_RID, 1, 5, table, 4);
    assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SRT_NOT_PRESENT);
    submit(&f, fx_cc(VTD_QI_CC_G_DEVICE, 0, FX_RID + 1, 0), 0);
    assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SRT_NOT_PRESENT);
    submit(&f, fx_cc(VTD_QI_CC_G_DEVICE, 0, FX_RID, 0), 0);
    assert_true(fx_reads(&f, 1, 0x8000, PAGE));
    fx_end(&f);
}

static void test_model_faulty_legacy_contexts_are_remembered_under_domain_0(void **state)
{
    static const struct {
        unsigned g, did;
        bool helps;
    } rows[] = {
        { VTD_QI_CC_G_DEVICE, 0, true }, { VTD_QI_CC_G_DEVICE, 5, false },
        { VTD_QI_CC_G_DOMAIN, 0, true }, { VTD_QI_CC_G_DOMAIN, 5, false },
        { VTD_QI_CC_G_GLOBAL, 0, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx f;
        fx_begin(&f, "legacy-caching-mode");
        uint64_t table = fx_page(&f);
        fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R);
        fx_context_entry(&f, FX_RID);
        assert_int_equal(fx_read_fault(&f, FX_PLAIN, 0x8000), VTD_FAULT_LCT_NOT_PRESENT);
        fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, 5, table, 4);
        assert_int_equal(fx_read_fault(&f, FX_PLAIN, 0x8000), VTD_FAULT_LCT_NOT_PRESENT);
        submit(&f, fx_cc(rows[i].g, rows[i].did, FX_RID, 0), 0);
        assert_int_equal(fx_reads(&f, FX_PLAIN, 0x8000, PAGE), rows[i].helps);
        fx_end(&f);
    }
}

/* Legacy mode has no reason "not present": what is remembered is a page without rights. */
static void test_model_missing_legacy_pages_are_remembered(void **state)
{
    struct fx f;
    fx_begin(&f, "legacy-caching-mode");
    uint64_t table = fx_page(&f);
    fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, 5, table, 4);
    assert_int_equal(fx_read_fault(&f, FX_PLAIN, 0x8000), VTD_FAULT_LGN_NO_READ);
    fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R | W);
    assert_int_equal(fx_read_fault(&f, FX_PLAIN, 0x8000), VTD_FAULT_LGN_NO_READ);
    fx_dma(&f, FX_RID, FX_PLAIN, 0x8000, IOMMU_MODEL_WRITE);
    assert_int_equal(f.result.fault, VTD_FAULT_LGN_NO_WRITE);
    submit(&f, fx_iotlb(3, 5), 0x8000);
    assert_true(fx_reads(&f, FX_PLAIN, 0x8000, PAGE));
    fx_end(&f);
}

/* What memory did not answer is a fault of the moment. */
static void test_model_unreadable_tables_are_not_remembered(void **state)
{
    struct fx f;
    uint64_t table = second(&f, "caching-mode");
    uint64_t entry = fx_pasid_entry(&f, FX_RID, 1);
    fx_put(&f, table, FX_NOWHERE | R | W);
    assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SSS_ACCESS);
    fx_put(&f, table, 0);
    fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R);
    fx_submit(&f, fx_iotlb(3, 5), 0x40000000); /* drops the upper level, not the page */
    assert_true(fx_wait(&f));
    assert_true(fx_reads(&f, 1, 0x8000, PAGE));
    (void)entry;
    fx_end(&f);
}

static void test_model_unreadable_contexts_are_not_remembered(void **state)
{
    struct fx f;
    fx_begin(&f, "caching-mode");
    uint64_t table = fx_page(&f);
    fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R);
    fx_put(&f, f.root + (FX_RID >> 8) * 16, FX_NOWHERE | 1);
    assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SCT_ACCESS);
    fx_put(&f, f.root + (FX_RID >> 8) * 16, 0);
    fx_second_entry(&f, FX_RID, 1, 5, table, 4);
    assert_true(fx_reads(&f, 1, 0x8000, PAGE));
    fx_end(&f);
}

/* A faulty legacy entry may carry a domain id; it is remembered under 0 all the same. */
static void test_model_the_id_in_a_faulty_context_does_not_count(void **state)
{
    struct fx f;
    fx_begin(&f, "legacy-caching-mode");
    uint64_t table = fx_page(&f);
    fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R);
    fx_legacy_context(&f, FX_RID, 3, 5, table, 4);
    assert_int_equal(fx_read_fault(&f, FX_PLAIN, 0x8000), VTD_FAULT_LCT_INVALID);
    fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, 5, table, 4);
    submit(&f, fx_cc(VTD_QI_CC_G_DEVICE, 5, FX_RID, 0), 0);
    assert_int_equal(fx_read_fault(&f, FX_PLAIN, 0x8000), VTD_FAULT_LCT_INVALID);
    submit(&f, fx_cc(VTD_QI_CC_G_DEVICE, 0, FX_RID, 0), 0);
    assert_true(fx_reads(&f, FX_PLAIN, 0x8000, PAGE));
    fx_end(&f);
}

/* The tag of a nested translation is not that of the second stage: a missing leaf is not kept there. */
static void test_model_missing_leaves_under_nesting_are_not_remembered(void **state)
{
    struct fx f;
    fx_begin(&f, "caching-mode");
    uint64_t first = fx_page(&f), table = fx_page(&f);
    fx_nested_entry(&f, FX_RID, 1, 5, first, table, 4);
    for (uint64_t pa = 0; pa < (uint64_t)1 << 20; pa += 4096)
        fx_map_second(&f, table, 4, pa, pa, 1, R | W);
    fx_map_first(&f, first, 4, 0x8000, 0x1F0000, 1, VTD_FS_RW | VTD_FS_US);
    assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SSS_NOT_PRESENT);
    fx_map_second(&f, table, 4, 0x1F0000, PAGE, 1, R | W);
    assert_true(fx_reads(&f, 1, 0x8000, PAGE));
    fx_end(&f);
}

static void test_model_domain_0_is_misuse_in_caching_mode(void **state)
{
    struct fx f;
    fx_begin(&f, "caching-mode");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, 0, table, 4);
    fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R);
    assert_true(fx_reads(&f, 1, 0x8000, PAGE));
    assert_true(fx_stats(&f).misuse > 0);
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_without_caching_mode_nothing_missing_is_remembered),
        cmocka_unit_test(test_model_missing_pages_are_remembered_under_their_domain),
        cmocka_unit_test(test_model_missing_tables_are_remembered),
        cmocka_unit_test(test_model_reserved_bits_are_remembered),
        cmocka_unit_test(test_model_first_stage_is_never_remembered_as_missing),
        cmocka_unit_test(test_model_faulty_pasid_entries_are_remembered_under_domain_0),
        cmocka_unit_test(test_model_faulty_scalable_contexts_are_remembered),
        cmocka_unit_test(test_model_faulty_legacy_contexts_are_remembered_under_domain_0),
        cmocka_unit_test(test_model_missing_legacy_pages_are_remembered),
        cmocka_unit_test(test_model_unreadable_tables_are_not_remembered),
        cmocka_unit_test(test_model_domain_0_is_misuse_in_caching_mode),
        cmocka_unit_test(test_model_unreadable_contexts_are_not_remembered),
        cmocka_unit_test(test_model_the_id_in_a_faulty_context_does_not_count),
        cmocka_unit_test(test_model_missing_leaves_under_nesting_are_not_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
