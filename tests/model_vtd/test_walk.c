/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * Walks: every number of levels and page size, both stages, nested, pass-through; rights; flags.
 */
#include "tests/model_vtd/fixture.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define PAGE ((uint64_t)0x123000)

static uint64_t large(unsigned level)
{
    static const uint64_t at[] = { 0, PAGE, 0x600000, 0x40000000 };
    return at[level];
}

/* Input addresses whose index differs at each level. */
#define IOVA3 ((uint64_t)0x7A80604000)
#define IOVA4 ((uint64_t)0x007A7A80604000)
#define IOVA5 ((uint64_t)0x0F57A7A80604000)

static void check_second(const char *preset, unsigned levels, uint64_t iova, unsigned leaf)
{
    struct fx f;
    uint64_t inside = ((uint64_t)1 << VTD_LEVEL_SHIFT(leaf)) - 1;
    fx_begin(&f, preset);
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 0, 5, table, levels);
    fx_map_second(&f, table, levels, iova & ~inside, large(leaf), leaf, R | W);
    struct iommu_model_request write = fx_request(FX_RID, FX_PLAIN, iova + 0x10, IOMMU_MODEL_WRITE);
    fx_send(&f, &write);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    assert_int_equal(f.result.pa, large(leaf) | ((iova + 0x10) & inside));
    assert_int_equal(f.result.page_lg2, VTD_LEVEL_SHIFT(leaf));
    assert_int_equal(f.result.domain_id, 5);
    assert_false(f.result.cached);
    /* root, context, directory, PASID entry, levels */
    assert_int_equal(f.explanation.count, 4 + levels - leaf + 1);
    assert_string_equal(f.explanation.step[f.explanation.count - 1].decision, "leaf");
    assert_int_equal(fx_dma(&f, FX_RID, FX_PLAIN, iova + 0x20, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
    assert_true(f.result.cached);
    assert_int_equal(f.result.pa, large(leaf) | ((iova + 0x20) & inside));
    fx_end(&f);
}

static void test_B20_second_stage_of_all_levels_and_sizes(void **state)
{
    for (unsigned leaf = 1; leaf <= 3; leaf++) {
        check_second("3-level", 3, IOVA3, leaf);
        check_second("scalable", 4, IOVA4, leaf);
        check_second("5-level", 4, IOVA4, leaf);
        check_second("5-level", 5, IOVA5, leaf);
    }
}

static void check_first(const char *preset, unsigned levels, uint64_t iova, unsigned leaf)
{
    struct fx f;
    uint64_t inside = ((uint64_t)1 << VTD_LEVEL_SHIFT(leaf)) - 1;
    fx_begin(&f, preset);
    uint64_t table = fx_page(&f);
    fx_first_entry(&f, FX_RID, 9, 1, table, levels);
    uint64_t entry = fx_map_first(&f, table, levels, iova & ~inside, large(leaf), leaf,
                                  VTD_FS_RW | VTD_FS_US);
    assert_int_equal(fx_dma(&f, FX_RID, 9, iova + 0x10, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
    assert_int_equal(f.result.pa, large(leaf) | ((iova + 0x10) & inside));
    assert_int_equal(f.result.page_lg2, VTD_LEVEL_SHIFT(leaf));
    assert_int_equal(fx_get(&f, entry) & (VTD_FS_A | VTD_FS_D), VTD_FS_A);
    fx_end(&f);
}

static void test_B20_first_stage_of_all_levels_and_sizes(void **state)
{
    for (unsigned leaf = 1; leaf <= 3; leaf++) {
        check_first("scalable", 4, IOVA4, leaf);
        check_first("5-level", 5, IOVA5, leaf);
        check_first("scalable", 4, 0xFFFF800000000000u | IOVA4, leaf); /* upper half */
    }
}

static void check_legacy(const char *preset, unsigned levels, uint64_t iova, unsigned leaf)
{
    struct fx f;
    uint64_t inside = ((uint64_t)1 << VTD_LEVEL_SHIFT(leaf)) - 1;
    fx_begin(&f, preset);
    uint64_t table = fx_page(&f);
    fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, 7, table, levels);
    fx_map_second(&f, table, levels, iova & ~inside, large(leaf), leaf, R | W);
    assert_true(fx_reads(&f, FX_PLAIN, iova + 0x10, large(leaf) | ((iova + 0x10) & inside)));
    assert_int_equal(f.result.domain_id, 7);
    fx_end(&f);
}

static void test_model_legacy_walks(void **state)
{
    for (unsigned leaf = 1; leaf <= 3; leaf++)
        check_legacy("legacy", 4, IOVA4, leaf);
    check_legacy("legacy-no-queue", 3, IOVA3, 1);
}

static void test_B20_the_pasid_chooses_the_table(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    static const uint32_t pasids[] = { 1, 63, 64, 8191 };
    uint64_t pages[4];
    for (unsigned i = 0; i < 4; i++) {
        uint64_t table = fx_page(&f);
        pages[i] = fx_page(&f);
        fx_second_entry(&f, FX_RID, pasids[i], 10 + i, table, 4);
        fx_map_second(&f, table, 4, 0x5000, pages[i], 1, R | W);
    }
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 4; i++) {
            assert_true(fx_reads(&f, pasids[i], 0x5000, pages[i]));
            assert_int_equal(f.result.domain_id, 10 + i);
            assert_int_equal(f.result.cached, round);
        }
    fx_end(&f);
}

static void test_B20_all_twenty_bits_of_a_pasid_count(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_scalable_context(&f, FX_RID, VTD_SCE0_PASIDE, VTD_PDTS_MAX);
    fx_second_entry(&f, FX_RID, 0xFFFFF, 5, table, 4);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R);
    assert_true(fx_reads(&f, 0xFFFFF, 0x5000, PAGE));
    assert_int_equal(fx_read_fault(&f, 0x7FFFF, 0x5000), VTD_FAULT_SPD_NOT_PRESENT);
    fx_end(&f);
}

static void test_B20_the_requester_chooses_the_directory(void **state)
{
    struct fx f;
    static const unsigned rids[] = { 0x0000, 0x0310, 0x0390, 0xFFFF };
    fx_begin(&f, "scalable");
    for (unsigned i = 0; i < 4; i++) {
        uint64_t table = fx_page(&f);
        fx_second_entry(&f, rids[i], 3, 20 + i, table, 4);
        fx_map_second(&f, table, 4, 0x5000, PAGE + i * 0x1000, 1, R);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(fx_dma(&f, rids[i], 3, 0x5000, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
        assert_int_equal(f.result.pa, PAGE + i * 0x1000);
    }
    fx_end(&f);
}

static void test_model_rights_are_the_and_of_all_levels(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 2, 5, table, 4);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R | W);
    uint64_t upper = fx_entry_second(&f, table, 4, 0x5000, 3);
    fx_put(&f, upper, fx_get(&f, upper) & ~W);
    assert_true(fx_reads(&f, 2, 0x5000, PAGE));
    assert_false(f.result.write);
    assert_int_equal(fx_dma(&f, FX_RID, 2, 0x5000, IOMMU_MODEL_WRITE), IOMMU_MODEL_BLOCKED);
    assert_int_equal(f.result.fault, VTD_FAULT_SGN_NO_WRITE);
    assert_int_equal(fx_dma(&f, FX_RID, 2, 0x5000, IOMMU_MODEL_ATOMIC), IOMMU_MODEL_BLOCKED);
    fx_end(&f);
}

static void test_model_zero_length_read_of_a_write_only_page(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 2, 5, table, 4);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, W);
    struct iommu_model_request request = fx_request(FX_RID, 2, 0x5000, IOMMU_MODEL_READ);
    request.bytes = 0;
    fx_send(&f, &request);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    request.bytes = 1;
    fx_send(&f, &request);
    assert_int_equal(f.result.fault, VTD_FAULT_SGN_NO_READ);
    fx_end(&f);

    fx_preset(&f, "scalable");
    f.config.cap &= ~VTD_CAP_ZLR;
    fx_create(&f);
    fx_enable(&f);
    table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 2, 5, table, 4);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, W);
    request.bytes = 0;
    fx_send(&f, &request);
    assert_int_equal(f.result.fault, VTD_FAULT_SGN_NO_READ);
    fx_end(&f);
}

static void test_model_first_stage_flags(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    uint64_t pasid = fx_first_entry(&f, FX_RID, 2, 1, table, 4);
    uint64_t entry = fx_map_first(&f, table, 4, 0x5000, PAGE, 1, VTD_FS_RW | VTD_FS_US);
    assert_true(fx_reads(&f, 2, 0x5000, PAGE));
    for (unsigned level = 4; level >= 2; level--)
        assert_true(fx_get(&f, fx_entry_second(&f, table, 4, 0x5000, level)) & VTD_FS_A);
    assert_false(fx_get(&f, entry) & VTD_FS_D);
    /* a hit must not save the dirty flag */
    assert_int_equal(fx_dma(&f, FX_RID, 2, 0x5000, IOMMU_MODEL_WRITE), IOMMU_MODEL_OK);
    assert_true(fx_get(&f, entry) & VTD_FS_D);
    assert_int_equal(fx_dma(&f, FX_RID, 2, 0x5000, IOMMU_MODEL_WRITE), IOMMU_MODEL_OK);
    assert_true(f.result.cached);
    /* the extended flag is off until EAFE asks for it */
    assert_false(fx_get(&f, entry) & VTD_FS_EA);
    fx_put(&f, pasid + 16, fx_get(&f, pasid + 16) | VTD_PE2_EAFE);
    fx_submit(&f, fx_pc(VTD_QI_PC_G_PASID, 1, 2), 0);
    assert_true(fx_wait(&f));
    assert_true(fx_reads(&f, 2, 0x5000, PAGE));
    for (unsigned level = 4; level >= 1; level--)
        assert_true(fx_get(&f, fx_entry_second(&f, table, 4, 0x5000, level)) & VTD_FS_EA);
    fx_end(&f);
}

static void test_model_a_refused_write_sets_no_dirty_flag(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_first_entry(&f, FX_RID, 2, 1, table, 4);
    uint64_t entry = fx_map_first(&f, table, 4, 0x5000, PAGE, 1, VTD_FS_US);
    fx_dma(&f, FX_RID, 2, 0x5000, IOMMU_MODEL_WRITE);
    assert_int_equal(f.result.fault, VTD_FAULT_SGN_NO_WRITE);
    assert_false(fx_get(&f, entry) & VTD_FS_D);
    fx_end(&f);
}

static void test_model_second_stage_flags_only_with_ssade(void **state)
{
    struct fx f;
    for (unsigned on = 0; on < 2; on++) {
        fx_begin(&f, "scalable");
        uint64_t table = fx_page(&f);
        uint64_t pasid = fx_second_entry(&f, FX_RID, 2, 5, table, 4);
        uint64_t entry = fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R | W);
        if (on)
            fx_put(&f, pasid, fx_get(&f, pasid) | VTD_PE0_SSADE);
        assert_true(fx_reads(&f, 2, 0x5000, PAGE));
        assert_int_equal(fx_get(&f, entry) & (VTD_SS_A | VTD_SS_D), on ? VTD_SS_A : 0);
        assert_int_equal(fx_get(&f, table) & (VTD_SS_A | VTD_SS_D), on ? VTD_SS_A : 0);
        fx_dma(&f, FX_RID, 2, 0x5000, IOMMU_MODEL_WRITE);
        assert_int_equal(fx_get(&f, entry) & VTD_SS_D, on ? VTD_SS_D : 0);
        fx_end(&f);
    }
}

/* A processor changes the entry between the unit's read and its update. */
static void test_model_a_changed_entry_is_looked_at_again(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f), other = fx_page(&f);
    fx_first_entry(&f, FX_RID, 2, 1, table, 4);
    fx_map_first(&f, table, 4, 0x5000, PAGE, 1, VTD_FS_US);
    assert_true(fx_reads(&f, 2, 0x5000, PAGE)); /* upper levels are remembered now */
    uint64_t entry = fx_map_first(&f, table, 4, 0x6000, PAGE, 1, VTD_FS_US);
    f.cas_conflicts = 1;
    f.cas_conflict_value = other | VTD_FS_P | VTD_FS_US;
    assert_true(fx_reads(&f, 2, 0x6000, other));
    assert_true(fx_get(&f, entry) & VTD_FS_A);
    fx_map_first(&f, table, 4, 0x7000, PAGE, 1, VTD_FS_US);
    f.cas_conflicts = 1;
    f.cas_conflict_value = 0;
    assert_int_equal(fx_read_fault(&f, 2, 0x7000), VTD_FAULT_SFS_NOT_PRESENT);
    fx_end(&f);
}

static void test_model_supervisor_rights(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    uint64_t pasid = fx_first_entry(&f, FX_RID, 2, 1, table, 4);
    fx_map_first(&f, table, 4, 0x5000, PAGE, 1, 0); /* supervisor, read-only */
    fx_put(&f, pasid + 16, fx_get(&f, pasid + 16) | VTD_PE2_SRE);
    assert_int_equal(fx_read_fault(&f, 2, 0x5000), VTD_FAULT_SGN_USER);
    struct iommu_model_request request = fx_request(FX_RID, 2, 0x5000, IOMMU_MODEL_WRITE);
    request.privileged = true;
    fx_send(&f, &request);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    fx_put(&f, pasid + 16, fx_get(&f, pasid + 16) | VTD_PE2_WPE);
    fx_submit(&f, fx_pc(VTD_QI_PC_G_PASID, 1, 2), 0);
    fx_submit(&f, fx_piotlb(VTD_QI_PIOTLB_G_PASID, 1, 2), 0);
    assert_true(fx_wait(&f));
    fx_send(&f, &request);
    assert_int_equal(f.result.fault, VTD_FAULT_SGN_NO_WRITE);
    fx_end(&f);
}

static void test_model_pass_through(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t entry = fx_pasid_entry(&f, FX_RID, 2);
    fx_put(&f, entry + 8, 1);
    fx_put(&f, entry, (uint64_t)VTD_PGTT_PASS_THROUGH << 6 | 1);
    assert_true(fx_reads(&f, 2, 0x3FFFFFFFF123, 0x3FFFFFFFF123));
    assert_int_equal(fx_read_fault(&f, 2, 0x400000000000), VTD_FAULT_SGN_BEYOND_HAW);
    fx_end(&f);
    fx_begin(&f, "legacy");
    fx_legacy_context(&f, FX_RID, VTD_TT_PASS_THROUGH, 3, 0, 4);
    assert_true(fx_reads(&f, FX_PLAIN, 0x3FFFFFFFF123, 0x3FFFFFFFF123));
    assert_int_equal(fx_read_fault(&f, FX_PLAIN, 0x400000000000), VTD_FAULT_LGN_BEYOND_LIMIT);
    fx_end(&f);
}

static void test_model_rid_pasid_names_the_entry_of_plain_requests(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    uint64_t context = fx_scalable_context(&f, FX_RID, VTD_SCE0_PASIDE, 0);
    fx_put(&f, context + 8, 37);
    fx_second_entry(&f, FX_RID, 37, 5, table, 4);
    fx_map_second(&f, table, 4, 0x5000, PAGE, 1, R);
    assert_true(fx_reads(&f, FX_PLAIN, 0x5000, PAGE));
    assert_int_equal(fx_read_fault(&f, 37, 0x5000), VTD_FAULT_SCT_RID_PASID_USED);
    assert_int_equal(fx_read_fault(&f, 0, 0x5000), VTD_FAULT_SPT_NOT_PRESENT);
    fx_end(&f);
}

/* ---- Nested: guest addresses are 16 MiB above the host addresses they stand for ---- */

#define GUEST(pa) ((pa) + ((uint64_t)16 << 20))

struct nest {
    struct fx f;
    uint64_t first, second; /* first is a host address; the entry holds GUEST(first) */
};

/* First-stage tables made by hand, each linked by its guest address. */
static uint64_t nest_map(struct nest *n, uint64_t iova, uint64_t guest, uint64_t bits)
{
    uint64_t table = n->first;
    for (unsigned level = 4; level > 1; level--) {
        uint64_t entry = table + ((iova >> VTD_LEVEL_SHIFT(level)) & 511) * 8;
        if (!(fx_get(&n->f, entry) & 1))
            fx_put(&n->f, entry, GUEST(fx_page(&n->f)) | VTD_FS_P | VTD_FS_RW | VTD_FS_US);
        table = (fx_get(&n->f, entry) & VTD_FS_ADDR) - ((uint64_t)16 << 20);
    }
    uint64_t entry = table + ((iova >> 12) & 511) * 8;
    fx_put(&n->f, entry, guest | bits | VTD_FS_P);
    return entry;
}

static void nest_begin(struct nest *n)
{
    fx_begin(&n->f, "scalable");
    n->first = fx_page(&n->f);
    n->second = fx_page(&n->f);
    fx_nested_entry(&n->f, FX_RID, 2, 5, GUEST(n->first), n->second, 4);
    for (uint64_t pa = 0; pa < (uint64_t)1 << 20; pa += 4096)
        fx_map_second(&n->f, n->second, 4, GUEST(pa), pa, 1, R | W);
}

static void test_model_nested(void **state)
{
    struct nest n;
    nest_begin(&n);
    uint64_t entry = nest_map(&n, 0x5000, GUEST(0x80000), VTD_FS_RW | VTD_FS_US);
    assert_int_equal(fx_dma(&n.f, FX_RID, 2, 0x5010, IOMMU_MODEL_WRITE), IOMMU_MODEL_OK);
    assert_int_equal(n.f.result.pa, 0x80010);
    assert_int_equal(n.f.result.domain_id, 5);
    assert_int_equal(fx_get(&n.f, entry) & (VTD_FS_A | VTD_FS_D), VTD_FS_A | VTD_FS_D);
    assert_true(n.f.explanation.count <= IOMMU_MODEL_STEPS_MAX);
    assert_true(fx_reads(&n.f, 2, 0x5020, 0x80020));
    assert_true(n.f.result.cached);
    fx_end(&n.f);
}

static void test_model_nested_rights_are_of_both_stages(void **state)
{
    struct nest n;
    nest_begin(&n);
    nest_map(&n, 0x5000, GUEST(0x80000), VTD_FS_RW | VTD_FS_US);
    nest_map(&n, 0x6000, GUEST(0x81000), VTD_FS_US);
    fx_map_second(&n.f, n.second, 4, GUEST(0x80000), 0x80000, 1, R);
    fx_dma(&n.f, FX_RID, 2, 0x5000, IOMMU_MODEL_WRITE);
    assert_int_equal(n.f.result.fault, VTD_FAULT_SGN_NO_WRITE);
    fx_dma(&n.f, FX_RID, 2, 0x6000, IOMMU_MODEL_WRITE);
    assert_int_equal(n.f.result.fault, VTD_FAULT_SGN_NO_WRITE);
    assert_true(fx_reads(&n.f, 2, 0x5000, 0x80000));
    fx_end(&n.f);
}

static void test_model_nested_marks_the_guest_tables_dirty(void **state)
{
    struct nest n;
    nest_begin(&n);
    uint64_t pasid = fx_pasid_entry(&n.f, FX_RID, 2);
    fx_put(&n.f, pasid, fx_get(&n.f, pasid) | VTD_PE0_SSADE);
    nest_map(&n, 0x5000, GUEST(0x80000), VTD_FS_RW | VTD_FS_US);
    assert_true(fx_reads(&n.f, 2, 0x5000, 0x80000));
    uint64_t table = fx_get(&n.f, fx_entry_second(&n.f, n.second, 4, GUEST(n.first), 1));
    uint64_t page = fx_get(&n.f, fx_entry_second(&n.f, n.second, 4, GUEST(0x80000), 1));
    assert_int_equal(table & (VTD_SS_A | VTD_SS_D), VTD_SS_A | VTD_SS_D);
    assert_int_equal(page & (VTD_SS_A | VTD_SS_D), VTD_SS_A);
    fx_end(&n.f);
}

static void test_model_nested_page_size_is_the_smaller(void **state)
{
    struct nest n;
    nest_begin(&n);
    /* a 2 MiB first-stage leaf, by hand in the level 2 table */
    nest_map(&n, 0x200000, 0, 0);
    uint64_t table = n.first;
    for (unsigned level = 4; level > 2; level--)
        table = (fx_get(&n.f, table) & VTD_FS_ADDR) - ((uint64_t)16 << 20);
    fx_put(&n.f, table + 8, 0x4000000 | VTD_FS_PS | VTD_FS_P | VTD_FS_RW | VTD_FS_US);
    fx_map_second(&n.f, n.second, 4, 0x4000000, 0x91000, 1, R | W);
    fx_map_second(&n.f, n.second, 4, 0x4001000, 0x84000, 1, R | W);
    assert_true(fx_reads(&n.f, 2, 0x200010, 0x91010));
    assert_int_equal(n.f.result.page_lg2, 12);
    assert_true(fx_reads(&n.f, 2, 0x201010, 0x84010));
    fx_end(&n.f);
}

/* The first stage's dirty flag is set already; the second stage's is not. */
static void test_model_nested_write_after_read_marks_the_second_stage(void **state)
{
    struct nest n;
    nest_begin(&n);
    uint64_t pasid = fx_pasid_entry(&n.f, FX_RID, 2);
    fx_put(&n.f, pasid, fx_get(&n.f, pasid) | VTD_PE0_SSADE);
    nest_map(&n, 0x5000, GUEST(0x80000), VTD_FS_RW | VTD_FS_US | VTD_FS_A | VTD_FS_D);
    assert_true(fx_reads(&n.f, 2, 0x5000, 0x80000));
    uint64_t page = fx_entry_second(&n.f, n.second, 4, GUEST(0x80000), 1);
    assert_false(fx_get(&n.f, page) & VTD_SS_D);
    assert_int_equal(fx_dma(&n.f, FX_RID, 2, 0x5000, IOMMU_MODEL_WRITE), IOMMU_MODEL_OK);
    assert_true(fx_get(&n.f, page) & VTD_SS_D);
    fx_end(&n.f);
}

/* Rights that an upper level took away stay away when that level comes from the cache. */
static void test_model_remembered_upper_levels_keep_their_rights(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t second = fx_page(&f), first = fx_page(&f);
    fx_second_entry(&f, FX_RID, 2, 5, second, 4);
    fx_first_entry(&f, FX_RID, 3, 1, first, 4);
    for (uint64_t iova = 0x5000; iova <= 0x7000; iova += 0x1000) {
        fx_map_second(&f, second, 4, iova, PAGE, 1, R | W);
        fx_map_first(&f, first, 4, iova, PAGE, 1, VTD_FS_RW | VTD_FS_US);
    }
    uint64_t upper = fx_entry_second(&f, second, 4, 0x5000, 2);
    fx_put(&f, upper, fx_get(&f, upper) & ~W);
    upper = fx_entry_second(&f, first, 4, 0x5000, 2);
    fx_put(&f, upper, fx_get(&f, upper) & ~VTD_FS_RW);
    assert_true(fx_reads(&f, 2, 0x5000, PAGE));
    assert_true(fx_reads(&f, 3, 0x5000, PAGE));
    fx_dma(&f, FX_RID, 2, 0x6000, IOMMU_MODEL_WRITE);
    assert_int_equal(f.result.fault, VTD_FAULT_SGN_NO_WRITE);
    fx_dma(&f, FX_RID, 3, 0x6000, IOMMU_MODEL_WRITE);
    assert_int_equal(f.result.fault, VTD_FAULT_SGN_NO_WRITE);
    fx_put(&f, upper, fx_get(&f, upper) & ~VTD_FS_US);
    fx_submit(&f, fx_piotlb(VTD_QI_PIOTLB_G_PASID, 1, 3), 0);
    assert_int_equal(fx_read_fault(&f, 3, 0x5000), VTD_FAULT_SGN_USER);
    assert_int_equal(fx_read_fault(&f, 3, 0x7000), VTD_FAULT_SGN_USER);
    fx_end(&f);
}

static void test_model_explain_changes_nothing(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_first_entry(&f, FX_RID, 2, 1, table, 4);
    uint64_t entry = fx_map_first(&f, table, 4, 0x5000, PAGE, 1, VTD_FS_RW | VTD_FS_US);
    uint64_t before = fx_get(&f, entry);
    struct iommu_model_vtd_stats stats = fx_stats(&f);
    struct iommu_model_request request = fx_request(FX_RID, 2, 0x5000, IOMMU_MODEL_WRITE);
    iommu_model_vtd_explain(f.model, &request, &f.result, &f.explanation);
    assert_int_equal(f.result.outcome, IOMMU_MODEL_OK);
    assert_int_equal(f.result.pa, PAGE);
    assert_int_equal(f.explanation.count, 8);
    assert_string_equal(f.explanation.step[3].what, "PASID table entry");
    assert_int_equal(f.explanation.step[3].words, 8);
    request.pasid = 3;
    iommu_model_vtd_explain(f.model, &request, &f.result, &f.explanation);
    assert_int_equal(f.result.fault, VTD_FAULT_SPT_NOT_PRESENT);
    assert_false(f.result.recorded);
    struct iommu_model_vtd_stats after = fx_stats(&f);
    assert_memory_equal(&stats, &after, sizeof(stats));
    assert_int_equal(fx_get(&f, entry), before);
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B20_second_stage_of_all_levels_and_sizes),
        cmocka_unit_test(test_B20_first_stage_of_all_levels_and_sizes),
        cmocka_unit_test(test_model_legacy_walks),
        cmocka_unit_test(test_B20_the_pasid_chooses_the_table),
        cmocka_unit_test(test_B20_all_twenty_bits_of_a_pasid_count),
        cmocka_unit_test(test_B20_the_requester_chooses_the_directory),
        cmocka_unit_test(test_model_rights_are_the_and_of_all_levels),
        cmocka_unit_test(test_model_zero_length_read_of_a_write_only_page),
        cmocka_unit_test(test_model_first_stage_flags),
        cmocka_unit_test(test_model_a_refused_write_sets_no_dirty_flag),
        cmocka_unit_test(test_model_second_stage_flags_only_with_ssade),
        cmocka_unit_test(test_model_a_changed_entry_is_looked_at_again),
        cmocka_unit_test(test_model_supervisor_rights),
        cmocka_unit_test(test_model_pass_through),
        cmocka_unit_test(test_model_rid_pasid_names_the_entry_of_plain_requests),
        cmocka_unit_test(test_model_nested),
        cmocka_unit_test(test_model_nested_rights_are_of_both_stages),
        cmocka_unit_test(test_model_nested_marks_the_guest_tables_dirty),
        cmocka_unit_test(test_model_explain_changes_nothing),
        cmocka_unit_test(test_model_nested_page_size_is_the_smaller),
        cmocka_unit_test(test_model_nested_write_after_read_marks_the_second_stage),
        cmocka_unit_test(test_model_remembered_upper_levels_keep_their_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
