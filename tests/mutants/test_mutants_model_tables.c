/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_model_tables.c - entries and walks: what the unit makes of one bit, what of it is remembered, and what
 * it does when an entry changes while its flags are being set.
 */
#include "tests/model_vtd/fixture.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define PAGE ((uint64_t)0x800000)
#define OTHER ((uint64_t)0x900000)
#define BIT62 ((uint64_t)1 << 62)
#define ZERO_LENGTH 0u

/* ---- Memory whose updates of entries fail on purpose -------------------------------------------------- */

static int (*real_cas)(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired);
static uint64_t refused_bits;

static int cas_refusing(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    return (desired & refused_bits) ? -1 : real_cas(ctx, pa, expected, desired);
}

/* Somebody else is always a little faster; an ignored bit is another each time. */
static int cas_outrun(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    (void)ctx;
    (void)pa;
    (void)desired;
    *expected ^= (uint64_t)1 << 52;
    return 1;
}

/* ---- Scenes ------------------------------------------------------------------------------------------- */

static void set(struct fx *f, uint64_t pa, uint64_t bits)
{
    fx_put(f, pa, fx_get(f, pa) | bits);
}

static void clear(struct fx *f, uint64_t pa, uint64_t bits)
{
    fx_put(f, pa, fx_get(f, pa) & ~bits);
}

/* PASID 1 of FX_RID, domain 5; returns the top table. */
static uint64_t second(struct fx *f, const char *preset)
{
    fx_begin(f, preset);
    uint64_t table = fx_page(f);
    fx_second_entry(f, FX_RID, 1, 5, table, 4);
    return table;
}

static uint64_t first(struct fx *f, uint64_t *entry)
{
    fx_begin(f, "scalable");
    uint64_t table = fx_page(f);
    *entry = fx_first_entry(f, FX_RID, 1, 5, table, 4);
    return table;
}

static uint8_t send(struct fx *f, uint64_t address, enum iommu_model_access access, bool privileged, uint32_t bytes)
{
    struct iommu_model_request request = fx_request(FX_RID, 1, address, access);
    request.privileged = privileged;
    request.bytes = bytes;
    fx_send(f, &request);
    return f->result.fault;
}

static uint8_t write_fault(struct fx *f, uint64_t address)
{
    return send(f, address, IOMMU_MODEL_WRITE, false, 4);
}

/* ---- Context and PASID entries ------------------------------------------------------------------------ */

static void test_B62_a_unit_without_pasids(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable-no-pasid");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 0, 5, table, 4);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R);
    assert_true(fx_reads(&f, FX_PLAIN, 0x5000, PAGE));
    assert_int_equal(fx_read_fault(&f, 2, 0x5000), VTD_FAULT_SCT_NO_PASIDE); /* whatever PSS would say */
    fx_flush_all(&f);
    set(&f, fx_context_entry(&f, FX_RID), VTD_SCE0_PASIDE);
    assert_int_equal(fx_read_fault(&f, FX_PLAIN, 0x5000), VTD_FAULT_SCT_RESERVED);
    fx_end(&f);
}

static void test_model_only_a_first_stage_has_a_mode(void **state)
{
    struct fx f;
    uint64_t table = second(&f, "scalable");
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R);
    set(&f, fx_pasid_entry(&f, FX_RID, 1) + 16, VTD_PE2_FSPM);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    fx_end(&f);
}

static void test_model_domain_0_belongs_to_caching_mode(void **state)
{
    static const struct {
        const char *preset;
        unsigned did;
        bool told;
    } rows[] = {
        { "legacy", 0, false }, { "legacy-caching-mode", 0, true }, { "legacy-caching-mode", 5, false },
        { "scalable", 0, false }, { "caching-mode", 0, true }, { "caching-mode", 5, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx f;
        struct iommu_model_request request = fx_request(FX_RID, FX_PLAIN, 0x5000, IOMMU_MODEL_READ);
        fx_begin(&f, rows[i].preset);
        uint64_t table = fx_page(&f);
        if (f.config.ecap & VTD_ECAP_SMTS)
            fx_second_entry(&f, FX_RID, 0, rows[i].did, table, 4);
        else
            fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, rows[i].did, table, 4);
        fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R);
        iommu_model_vtd_explain(f.model, &request, &f.result, NULL);
        assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
        assert_int_equal(fx_stats(&f).misuse, 0); /* nobody used it yet */
        assert_true(fx_reads(&f, FX_PLAIN, 0x5000, PAGE));
        assert_int_equal(fx_stats(&f).misuse, rows[i].told);
        fx_end(&f);
    }
}

/* Memory that did not answer is no entry, so there is nothing to remember. */
static void test_model_what_could_not_be_read_is_not_remembered(void **state)
{
    struct fx f;
    uint64_t table = second(&f, "caching-mode");
    uint64_t directory = fx_directory_entry(&f, FX_RID, 1), entry = fx_get(&f, directory);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R);
    fx_put(&f, directory, FX_NOWHERE | 1);
    assert_int_equal(fx_read_fault(&f, 1, 0x5000), VTD_FAULT_SPT_ACCESS);
    fx_put(&f, directory, entry);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    fx_end(&f);
}

/* ---- First stage -------------------------------------------------------------------------------------- */

/* A write sets D where it is allowed, and nowhere else. */
static void test_model_first_stage_dirty_follows_the_right(void **state)
{
    static const struct {
        uint64_t mode, bits;
        bool privileged;
        uint8_t fault;
    } rows[] = {
        { 0, VTD_FS_RW, true, 0 },
        { 0, VTD_FS_US, true, 0 },
        { VTD_PE2_WPE, VTD_FS_RW | VTD_FS_US, true, 0 },
        { VTD_PE2_WPE, VTD_FS_US, true, VTD_FAULT_SGN_NO_WRITE },
        { 0, VTD_FS_RW | VTD_FS_US, false, 0 },
        { 0, VTD_FS_RW, false, VTD_FAULT_SGN_USER },
        { 0, VTD_FS_US, false, VTD_FAULT_SGN_NO_WRITE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx f;
        uint64_t entry, table = first(&f, &entry);
        uint64_t leaf = fx_map_first(&f, table, 4, 0x5000, PAGE, 1, rows[i].bits);
        set(&f, entry + 16, VTD_PE2_SRE | rows[i].mode);
        assert_int_equal(send(&f, 0x5000, IOMMU_MODEL_WRITE, rows[i].privileged, 4), rows[i].fault);
        assert_int_equal(fx_get(&f, leaf) & (VTD_FS_A | VTD_FS_D), rows[i].fault ? VTD_FS_A : VTD_FS_A | VTD_FS_D);
        fx_end(&f);
    }
}

/* The extended flag is asked for once; then the caches answer as they do without it. */
static void test_model_extended_accesses_are_remembered(void **state)
{
    struct fx f;
    uint64_t entry, table = first(&f, &entry);
    set(&f, entry + 16, VTD_PE2_EAFE);
    fx_map_first(&f, table, 4, 0x5000, PAGE, 1, VTD_FS_US);
    fx_map_first(&f, table, 4, 0x6000, OTHER, 1, VTD_FS_US);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    uint64_t reads = fx_stats(&f).table_reads;
    const struct iommu_model_request again = fx_request(FX_RID, 1, 0x5000, IOMMU_MODEL_READ);
    fx_send(&f, &again);
    assert_true(f.result.cached);
    assert_int_equal(fx_stats(&f).table_reads, reads);
    assert_true(fx_reads(&f, 1, 0x6000, OTHER)); /* the tables on the way are known */
    assert_int_equal(fx_stats(&f).table_reads, reads + 1);
    fx_end(&f);
}

/* A refusal needs no second look: the entry that was remembered says it already. */
static void test_model_a_remembered_page_refuses_by_itself(void **state)
{
    struct fx f;
    uint64_t entry, table = first(&f, &entry);
    set(&f, entry + 16, VTD_PE2_SRE);
    fx_map_first(&f, table, 4, 0x5000, PAGE, 1, VTD_FS_US); /* read-only */
    fx_map_first(&f, table, 4, 0x6000, PAGE, 1, VTD_FS_RW); /* not for users */
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    assert_int_equal(write_fault(&f, 0x5000), VTD_FAULT_SGN_NO_WRITE);
    assert_true(f.result.cached);
    assert_int_equal(send(&f, 0x6000, IOMMU_MODEL_READ, true, 4), 0);
    assert_int_equal(write_fault(&f, 0x6000), VTD_FAULT_SGN_USER);
    assert_true(f.result.cached);
    fx_end(&f);
}

static void test_model_first_stage_entry_changes_under_the_update(void **state)
{
    struct fx f;
    uint64_t entry, table = first(&f, &entry);
    fx_map_first(&f, table, 4, 0x5000, PAGE, 1, VTD_FS_US);
    fx_map_first(&f, table, 4, 0x6000, OTHER, 1, VTD_FS_US);
    fx_map_first(&f, table, 4, 0x7000, OTHER, 1, VTD_FS_US);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE)); /* the upper levels have their flags now */
    f.cas_conflicts = 1;
    f.cas_conflict_value = OTHER | VTD_FS_P | VTD_FS_US | VTD_FS_RW;
    assert_int_equal(write_fault(&f, 0x6000), 0); /* what is there by then allows it */
    f.host.memory.cas64 = cas_outrun;
    assert_int_equal(fx_read_fault(&f, 1, 0x7000), VTD_FAULT_SFS_UPDATE_FAILED);
    fx_end(&f);
}

/* Setting a flag in the guest's table is a write: it marks the page of that table, which may fail. */
static void test_model_nested_update_needs_the_second_stage_flags(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f), guest = fx_page(&f);
    set(&f, fx_nested_entry(&f, FX_RID, 1, 5, guest, table, 4), VTD_PE0_SSADE);
    fx_map_first(&f, guest, 4, 0x5000, 0x5000, 1, VTD_FS_US);
    for (uint64_t pa = 0; pa < (uint64_t)2 << 20; pa += 4096)
        fx_map_second(&f, table, 4, pa, pa, 1, R | W);
    real_cas = f.host.memory.cas64;
    f.host.memory.cas64 = cas_refusing;
    refused_bits = VTD_SS_D;
    assert_int_equal(fx_read_fault(&f, 1, 0x5000), VTD_FAULT_SSS_UPDATE_FAILED);
    f.host.memory.cas64 = real_cas;
    assert_true(fx_reads(&f, 1, 0x5000, 0x5000));
    fx_end(&f);
}

/* ---- Second stage ------------------------------------------------------------------------------------- */

static void test_model_second_stage_entry_changes_under_the_update(void **state)
{
    struct fx f;
    uint64_t table = second(&f, "scalable");
    set(&f, fx_pasid_entry(&f, FX_RID, 1), VTD_PE0_SSADE);
    for (uint64_t iova = 0x5000; iova < 0x8000; iova += 0x1000)
        fx_map_second(&f, table, 4, iova, PAGE, 1, R | W);
    assert_true(fx_reads(&f, 1, 0x5000, PAGE));
    f.cas_conflicts = 1; /* and the value is 0: it is gone */
    assert_int_equal(fx_read_fault(&f, 1, 0x6000), VTD_FAULT_SSS_NOT_PRESENT);
    f.host.memory.cas64 = cas_outrun;
    assert_int_equal(fx_read_fault(&f, 1, 0x7000), VTD_FAULT_SSS_UPDATE_FAILED);
    fx_end(&f);
}

/* A walk that is not snooped cannot set flags; it need not, where they are set. */
static void test_model_flags_that_are_set_need_no_update(void **state)
{
    struct fx f;
    uint64_t table = second(&f, "scalable"), entry = fx_pasid_entry(&f, FX_RID, 1);
    set(&f, entry, VTD_PE0_SSADE);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R | W);
    fx_map_second(&f, table, 4, 0x6000, PAGE, 1, R | W);
    assert_int_equal(write_fault(&f, 0x5000), 0);
    clear(&f, entry + 8, VTD_PE1_PWSNP);
    fx_flush_pasid_domain(&f, 5);
    assert_int_equal(write_fault(&f, 0x5000), 0);
    assert_false(f.result.cached);
    assert_int_equal(write_fault(&f, 0x6000), VTD_FAULT_SSS_UPDATE_NOT_SNOOPED);
    fx_end(&f);
}

/* Caching Mode: a table that is known to be missing is not looked for. */
static void test_model_a_missing_table_is_not_read(void **state)
{
    struct fx f;
    second(&f, "caching-mode");
    assert_int_equal(fx_read_fault(&f, 1, 0x8000), VTD_FAULT_SSS_NOT_PRESENT);
    uint64_t reads = fx_stats(&f).table_reads;
    assert_int_equal(fx_read_fault(&f, 1, 0x9000), VTD_FAULT_SSS_NOT_PRESENT);
    assert_false(f.result.cached);
    assert_int_equal(fx_stats(&f).table_reads, reads);
    fx_end(&f);
}

/* Caching Mode: a reserved bit is remembered, for reads and for writes, in both modes. */
static void test_model_a_reserved_bit_is_remembered(void **state)
{
    for (unsigned legacy = 0; legacy < 2; legacy++) {
        struct fx f;
        uint8_t fault = legacy ? VTD_FAULT_LSS_RESERVED : VTD_FAULT_SSS_RESERVED;
        long pasid = legacy ? FX_PLAIN : 1;
        fx_begin(&f, legacy ? "legacy-caching-mode" : "caching-mode");
        uint64_t table = fx_page(&f);
        if (legacy)
            fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, 5, table, 4);
        else
            fx_second_entry(&f, FX_RID, 1, 5, table, 4);
        uint64_t leaf = fx_map_second(&f, table, 4, 0x8000, PAGE, 1, R | W | BIT62);
        assert_int_equal(fx_read_fault(&f, pasid, 0x8000), fault);
        clear(&f, leaf, BIT62);
        assert_int_equal(fx_read_fault(&f, pasid, 0x8000), fault);
        assert_true(f.result.cached);
        fx_dma(&f, FX_RID, pasid, 0x8000, IOMMU_MODEL_WRITE);
        assert_int_equal(f.result.fault, fault);
        assert_true(f.result.cached);
        fx_end(&f);
    }
}

static void test_model_rights_of_a_write_only_page(void **state)
{
    struct fx f;
    uint64_t table = second(&f, "scalable");
    set(&f, fx_context_entry(&f, FX_RID), VTD_SCE0_DTE);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, W);
    assert_int_equal(write_fault(&f, 0x5000), 0);
    assert_int_equal(send(&f, 0x5000, IOMMU_MODEL_READ, false, 4), VTD_FAULT_SGN_NO_READ);
    /* ZLR: a read of no bytes is allowed; nothing else of no bytes is */
    assert_int_equal(send(&f, 0x5000, IOMMU_MODEL_READ, false, ZERO_LENGTH), 0);
    assert_int_equal(send(&f, 0x5000, IOMMU_MODEL_ATOMIC, false, ZERO_LENGTH), VTD_FAULT_SGN_NO_READ);
    struct iommu_model_request request = fx_request(FX_RID, 1, 0x5000, IOMMU_MODEL_READ);
    request.bytes = ZERO_LENGTH;
    request.at = IOMMU_MODEL_TRANSLATION_REQUEST;
    fx_send(&f, &request);
    assert_int_equal(f.result.fault, VTD_FAULT_SGN_NO_READ);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    assert_true(!f.result.read && f.result.write);
    fx_end(&f);
}

/* ZLR wants some right to be there. */
static void test_model_a_zero_length_read_of_nothing(void **state)
{
    struct fx f;
    struct iommu_model_request request = fx_request(FX_RID, FX_PLAIN, 0x5000, IOMMU_MODEL_READ);
    fx_begin(&f, "legacy");
    fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, 5, fx_page(&f), 4);
    request.bytes = ZERO_LENGTH;
    fx_send(&f, &request);
    assert_int_equal(f.result.fault, VTD_FAULT_LGN_NO_READ);
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B62_a_unit_without_pasids),
        cmocka_unit_test(test_model_only_a_first_stage_has_a_mode),
        cmocka_unit_test(test_model_domain_0_belongs_to_caching_mode),
        cmocka_unit_test(test_model_what_could_not_be_read_is_not_remembered),
        cmocka_unit_test(test_model_first_stage_dirty_follows_the_right),
        cmocka_unit_test(test_model_extended_accesses_are_remembered),
        cmocka_unit_test(test_model_a_remembered_page_refuses_by_itself),
        cmocka_unit_test(test_model_first_stage_entry_changes_under_the_update),
        cmocka_unit_test(test_model_nested_update_needs_the_second_stage_flags),
        cmocka_unit_test(test_model_second_stage_entry_changes_under_the_update),
        cmocka_unit_test(test_model_flags_that_are_set_need_no_update),
        cmocka_unit_test(test_model_a_missing_table_is_not_read),
        cmocka_unit_test(test_model_a_reserved_bit_is_remembered),
        cmocka_unit_test(test_model_rights_of_a_write_only_page),
        cmocka_unit_test(test_model_a_zero_length_read_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
