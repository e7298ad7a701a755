/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * What each invalidation removes, and what it leaves: for each type the one that fits and those that
 * miss by one domain, one PASID, one bit of the mask, one hint.
 */
#include "tests/model_vtd/fixture.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define OLD ((uint64_t)0x800000)
#define NEW ((uint64_t)0x900000)

/* ---- Second stage: PASIDs 1 and 2 share domain 5, PASID 3 is domain 6 --------------------------- */

struct bed {
    struct fx f;
    uint64_t table, other; /* of domains 5 and 6 */
    uint64_t pasid1;
};

static void second_begin(struct bed *b)
{
    fx_begin(&b->f, "scalable");
    b->table = fx_page(&b->f);
    b->other = fx_page(&b->f);
    b->pasid1 = fx_second_entry(&b->f, FX_RID, 1, 5, b->table, 4);
    fx_second_entry(&b->f, FX_RID, 2, 5, b->table, 4);
    fx_second_entry(&b->f, FX_RID, 3, 6, b->other, 4);
}

/* A page that the device has used, then moved behind the unit's back. */
static void use_and_move(struct fx *f, long pasid, uint64_t table, uint64_t iova)
{
    fx_map_second(f, table, 4, iova, OLD, 1, R | W);
    assert_true(fx_reads(f, pasid, iova, OLD));
    fx_map_second(f, table, 4, iova, NEW, 1, R | W);
    assert_true(fx_reads(f, pasid, iova, OLD)); /* never evicted */
}

static bool stale(struct fx *f, long pasid, uint64_t iova)
{
    assert_int_equal(fx_dma(f, FX_RID, pasid, iova, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
    return f->result.pa == OLD;
}

static void submit(struct fx *f, uint64_t w0, uint64_t w1)
{
    fx_submit(f, w0, w1);
    assert_true(fx_wait(f));
    assert_int_equal(fx_read32(f, VTD_REG_FSTS) & ~VTD_FSTS_FRI, 0);
}

#define PAGE(did) fx_iotlb(VTD_QI_IOTLB_G_PAGE, did)

static void test_model_page_invalidation_by_domain_and_address(void **state)
{
    static const struct {
        unsigned did;
        uint64_t word;
        bool removes;
    } rows[] = {
        { 5, 0x8000, true },          { 5, 0x8000 | VTD_QI_IOTLB1_IH, true },
        { 6, 0x8000, false },         { 5, 0x9000, false },
        { 5, 0x7000, false },         { 5, 0x8000 | 3, true },
        { 5, 3, false },     { 5, 4, true }, /* 16 pages reach it, 8 do not */
        { 5, 18, true },     { 5, 0x40000000 | 18, false },
        { 0, 0x8000, false },         { 5 | 0x100, 0x8000, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        second_begin(&b);
        use_and_move(&b.f, 1, b.table, 0x8000);
        submit(&b.f, PAGE(rows[i].did), rows[i].word);
        assert_int_equal(stale(&b.f, 1, 0x8000), !rows[i].removes);
        assert_int_equal(stale(&b.f, 2, 0x8000), !rows[i].removes); /* shares the domain */
        fx_end(&b.f);
    }
}

static void test_model_page_invalidation_of_large_pages(void **state)
{
    for (unsigned level = 2; level <= 3; level++) {
        struct bed b;
        unsigned lg2 = VTD_LEVEL_SHIFT(level);
        uint64_t iova = (uint64_t)1 << lg2, last = 2 * iova - 0x1000;
        second_begin(&b);
        fx_map_second(&b.f, b.table, 4, iova, (uint64_t)4 << 30, level, R);
        assert_true(fx_reads(&b.f, 1, iova, (uint64_t)4 << 30));
        fx_map_second(&b.f, b.table, 4, iova, (uint64_t)5 << 30, level, R);
        submit(&b.f, PAGE(5), (last + 0x1000) | VTD_QI_IOTLB1_IH); /* the page behind it */
        assert_true(fx_reads(&b.f, 1, iova, (uint64_t)4 << 30));
        submit(&b.f, PAGE(5), last | VTD_QI_IOTLB1_IH); /* its last 4 KiB */
        assert_true(fx_reads(&b.f, 1, iova, (uint64_t)5 << 30));
        fx_end(&b.f);
    }
}

static void test_model_domain_and_global_invalidation(void **state)
{
    static const struct {
        unsigned g, did;
        bool five, six; /* removed */
    } rows[] = {
        { VTD_QI_IOTLB_G_DOMAIN, 5, true, false },
        { VTD_QI_IOTLB_G_DOMAIN, 6, false, true },
        { VTD_QI_IOTLB_G_DOMAIN, 7, false, false },
        { VTD_QI_IOTLB_G_GLOBAL, 0, true, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        second_begin(&b);
        use_and_move(&b.f, 1, b.table, 0x8000);
        use_and_move(&b.f, 3, b.other, 0x8000);
        submit(&b.f, fx_iotlb(rows[i].g, rows[i].did), 0);
        assert_int_equal(stale(&b.f, 1, 0x8000), !rows[i].five);
        assert_int_equal(stale(&b.f, 3, 0x8000), !rows[i].six);
        fx_end(&b.f);
    }
}

/* Type 6 is not for second-stage entries, however well domain and PASID fit. */
static void test_model_pasid_invalidation_leaves_second_stage(void **state)
{
    struct bed b;
    second_begin(&b);
    use_and_move(&b.f, 1, b.table, 0x8000);
    submit(&b.f, fx_piotlb(VTD_QI_PIOTLB_G_PASID, 5, 1), 0);
    submit(&b.f, fx_piotlb(VTD_QI_PIOTLB_G_PAGE, 5, 1), 0x8000);
    assert_true(stale(&b.f, 1, 0x8000));
    fx_end(&b.f);
}

/* A table that was unlinked: with the hint, the unit may go on using it. */
static void test_model_hint_keeps_upper_levels(void **state)
{
    for (unsigned hint = 0; hint < 2; hint++) {
        struct bed b;
        second_begin(&b);
        fx_map_second(&b.f, b.table, 4, 0x8000, OLD, 1, R);
        fx_map_second(&b.f, b.table, 4, 0x9000, OLD, 1, R);
        assert_true(fx_reads(&b.f, 1, 0x8000, OLD));
        uint64_t dead = fx_entry_second(&b.f, b.table, 4, 0x8000, 2);
        uint64_t fresh = fx_page(&b.f);
        fx_put(&b.f, fresh + 9 * 8, NEW | R);
        fx_put(&b.f, dead, fresh | R | W);
        submit(&b.f, PAGE(5), 4 | (hint ? VTD_QI_IOTLB1_IH : 0));
        assert_true(fx_reads(&b.f, 1, 0x9000, hint ? OLD : NEW));
        fx_end(&b.f);
    }
}

static void test_model_hint_and_upper_levels_of_each_level(void **state)
{
    for (unsigned level = 2; level <= 4; level++)
        for (unsigned miss = 0; miss < 2; miss++) {
            struct bed b;
            second_begin(&b);
            fx_map_second(&b.f, b.table, 4, 0x8000, OLD, 1, R);
            assert_true(fx_reads(&b.f, 1, 0x8000, OLD));
            uint64_t entry = fx_entry_second(&b.f, b.table, 4, 0x8000, level);
            fx_put(&b.f, entry, 0);
            uint64_t far = (uint64_t)1 << VTD_LEVEL_SHIFT(level); /* outside the entry's span */
            submit(&b.f, PAGE(5), miss ? far : 0x9000);
            /* 0xA000 was never used: only the upper levels can lead there */
            struct iommu_model_request request = fx_request(FX_RID, 1, 0xA000, IOMMU_MODEL_READ);
            fx_send(&b.f, &request);
            assert_int_equal(b.f.result.fault, VTD_FAULT_SSS_NOT_PRESENT);
            unsigned steps = b.f.explanation.count;
            assert_int_equal(steps, miss ? 4 : 2 + (4 - level + 1));
            fx_end(&b.f);
        }
}

/* ---- PASID and context cache -------------------------------------------------------------------- */

static void test_model_pasid_cache_invalidation(void **state)
{
    static const struct {
        unsigned g, did;
        uint32_t pasid;
        bool removes;
    } rows[] = {
        { VTD_QI_PC_G_PASID, 5, 1, true },   { VTD_QI_PC_G_PASID, 5, 2, false },
        { VTD_QI_PC_G_PASID, 6, 1, false },  { VTD_QI_PC_G_PASID, 0, 1, false },
        { VTD_QI_PC_G_DOMAIN, 5, 9, true },  { VTD_QI_PC_G_DOMAIN, 6, 1, false },
        { VTD_QI_PC_G_GLOBAL, 0, 0, true },  { VTD_QI_PC_G_PASID, 5, 0x10001, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        second_begin(&b);
        fx_map_second(&b.f, b.table, 4, 0x8000, OLD, 1, R);
        fx_map_second(&b.f, b.other, 4, 0x8000, NEW, 1, R);
        assert_true(stale(&b.f, 1, 0x8000));
        fx_second_entry(&b.f, FX_RID, 1, 6, b.other, 4); /* changed in place: still the old one */
        assert_true(stale(&b.f, 1, 0x8000));
        submit(&b.f, fx_pc(rows[i].g, rows[i].did, rows[i].pasid), 0);
        assert_int_equal(stale(&b.f, 1, 0x8000), !rows[i].removes);
        fx_end(&b.f);
    }
}

/* The PASID is free again, but its entry was never flushed: the next tenant gets the last one's page. */
static void test_B58_a_stale_pasid_entry_serves_the_old_domain(void **state)
{
    struct bed b;
    second_begin(&b);
    fx_map_second(&b.f, b.table, 4, 0x8000, OLD, 1, R);
    assert_true(fx_reads(&b.f, 1, 0x8000, OLD));
    fx_put(&b.f, b.pasid1, 0); /* detached */
    submit(&b.f, fx_iotlb(VTD_QI_IOTLB_G_DOMAIN, 5), 0);
    assert_true(fx_reads(&b.f, 1, 0x8000, OLD));
    submit(&b.f, fx_pc(VTD_QI_PC_G_PASID, 5, 1), 0);
    assert_int_equal(fx_read_fault(&b.f, 1, 0x8000), VTD_FAULT_SPT_NOT_PRESENT);
    fx_end(&b.f);
}

static void test_model_scalable_context_invalidation(void **state)
{
    static const struct {
        unsigned g, rid, fm, did;
        bool removes;
    } rows[] = {
        { VTD_QI_CC_G_DEVICE, FX_RID, 0, 99, true }, /* the domain does not count */
        { VTD_QI_CC_G_DEVICE, FX_RID + 1, 0, 0, false },
        { VTD_QI_CC_G_DEVICE, FX_RID + 4, 0, 0, false },
        { VTD_QI_CC_G_DEVICE, FX_RID + 4, VTD_FM_BIT2, 0, true },
        { VTD_QI_CC_G_DEVICE, FX_RID + 2, VTD_FM_BIT2, 0, false },
        { VTD_QI_CC_G_DEVICE, FX_RID + 6, VTD_FM_BITS21, 0, true },
        { VTD_QI_CC_G_DEVICE, FX_RID + 1, VTD_FM_BITS21, 0, false },
        { VTD_QI_CC_G_DEVICE, FX_RID + 7, VTD_FM_BITS210, 0, true },
        { VTD_QI_CC_G_DEVICE, FX_RID + 8, VTD_FM_BITS210, 0, false },
        { VTD_QI_CC_G_DOMAIN, 0, 0, 99, true }, /* acts as global */
        { VTD_QI_CC_G_GLOBAL, 0, 0, 0, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        second_begin(&b);
        fx_map_second(&b.f, b.table, 4, 0x8000, OLD, 1, R);
        assert_true(stale(&b.f, 1, 0x8000));
        fx_put(&b.f, fx_context_entry(&b.f, FX_RID), 0);
        assert_true(stale(&b.f, 1, 0x8000));
        submit(&b.f, fx_cc(rows[i].g, rows[i].did, rows[i].rid, rows[i].fm), 0);
        uint8_t fault = fx_read_fault(&b.f, 1, 0x8000);
        assert_int_equal(fault, rows[i].removes ? VTD_FAULT_SCT_NOT_PRESENT : 0);
        fx_end(&b.f);
    }
}

/* The context cache says nothing about PASIDs: a new directory shows only after both. */
static void test_model_context_invalidation_leaves_the_pasid_cache(void **state)
{
    struct bed b;
    second_begin(&b);
    fx_map_second(&b.f, b.table, 4, 0x8000, OLD, 1, R);
    assert_true(fx_reads(&b.f, 1, 0x8000, OLD));
    uint64_t context = fx_context_entry(&b.f, FX_RID);
    fx_put(&b.f, context, fx_page(&b.f) | VTD_SCE0_PASIDE | 1);
    submit(&b.f, fx_cc(VTD_QI_CC_G_DEVICE, 0, FX_RID, 0), 0);
    assert_true(fx_reads(&b.f, 1, 0x8000, OLD));
    submit(&b.f, fx_pc(VTD_QI_PC_G_DOMAIN, 5, 0), 0);
    assert_int_equal(fx_read_fault(&b.f, 1, 0x8000), VTD_FAULT_SPD_NOT_PRESENT);
    fx_end(&b.f);
}

/* ---- First stage: PASIDs 1 and 2 of domain 1 ---------------------------------------------------- */

#define FIRST (VTD_FS_RW | VTD_FS_US)

static void first_begin(struct bed *b)
{
    fx_begin(&b->f, "scalable");
    b->table = fx_page(&b->f);
    b->other = fx_page(&b->f);
    b->pasid1 = fx_first_entry(&b->f, FX_RID, 1, 1, b->table, 4);
    fx_first_entry(&b->f, FX_RID, 2, 1, b->other, 4);
    for (uint64_t iova = 0x8000; iova <= 0x9000; iova += 0x1000) {
        fx_map_first(&b->f, b->table, 4, iova, OLD, 1, FIRST);
        fx_map_first(&b->f, b->other, 4, iova, OLD, 1, FIRST);
        assert_true(stale(&b->f, 1, iova));
        assert_true(stale(&b->f, 2, iova));
        fx_map_first(&b->f, b->table, 4, iova, NEW, 1, FIRST);
        fx_map_first(&b->f, b->other, 4, iova, NEW, 1, FIRST);
    }
}

static void test_model_first_stage_invalidation(void **state)
{
    static const struct {
        uint64_t w0, w1;
        bool removes[3]; /* {1, 8000} {1, 9000} {2, 8000} */
    } rows[] = {
        { 6 | 3 << 4 | 1 << 16 | (uint64_t)1 << 32, 0x8000, { true, false, false } },
        { 6 | 3 << 4 | 1 << 16 | (uint64_t)1 << 32, 0x8000 | 0x40, { true, false, false } },
        { 6 | 3 << 4 | 1 << 16 | (uint64_t)1 << 32, 0x8001, { true, true, false } },
        { 6 | 3 << 4 | 1 << 16 | (uint64_t)2 << 32, 0x8000, { false, false, true } },
        { 6 | 3 << 4 | 2 << 16 | (uint64_t)1 << 32, 0x8000, { false, false, false } },
        { 6 | 3 << 4 | 1 << 16 | (uint64_t)1 << 32, 0xA000, { false, false, false } },
        { 6 | 3 << 4 | 1 << 16 | (uint64_t)1 << 32, 52, { true, true, false } },
        { 6 | 2 << 4 | 1 << 16 | (uint64_t)1 << 32, 0, { true, true, false } },
        { 6 | 2 << 4 | 2 << 16 | (uint64_t)1 << 32, 0, { false, false, false } },
        { 6 | 2 << 4 | 1 << 16 | (uint64_t)3 << 32, 0, { false, false, false } },
        { 2 | 2 << 4 | 1 << 16, 0, { true, true, true } },
        { 2 | 2 << 4 | 2 << 16, 0, { false, false, false } },
        { 2 | 1 << 4, 0, { true, true, true } },
        /* a page of the domain: its address means nothing to a first stage, so all of them go */
        { 2 | 3 << 4 | 1 << 16, 0x700000, { true, true, true } },
        { 2 | 3 << 4 | 2 << 16, 0x8000, { false, false, false } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        first_begin(&b);
        submit(&b.f, rows[i].w0, rows[i].w1);
        assert_int_equal(stale(&b.f, 1, 0x8000), !rows[i].removes[0]);
        assert_int_equal(stale(&b.f, 1, 0x9000), !rows[i].removes[1]);
        assert_int_equal(stale(&b.f, 2, 0x8000), !rows[i].removes[2]);
        fx_end(&b.f);
    }
}

static void test_model_first_stage_hint(void **state)
{
    for (unsigned hint = 0; hint < 2; hint++) {
        struct bed b;
        first_begin(&b);
        uint64_t fresh = fx_page(&b.f);
        fx_put(&b.f, fx_entry_second(&b.f, b.table, 4, 0xA000, 2), fresh | FIRST | VTD_FS_P);
        fx_put(&b.f, fresh + 10 * 8, NEW | FIRST | VTD_FS_P);
        submit(&b.f, fx_piotlb(VTD_QI_PIOTLB_G_PAGE, 1, 1), 0x8000 | (hint ? 0x40 : 0));
        assert_int_equal(fx_read_fault(&b.f, 1, 0xA000), hint ? VTD_FAULT_SFS_NOT_PRESENT : 0);
        fx_end(&b.f);
    }
}

/* ---- Nested ------------------------------------------------------------------------------------- */

static void nested_begin(struct bed *b)
{
    fx_begin(&b->f, "scalable");
    b->table = fx_page(&b->f); /* first stage; guest addresses equal host addresses */
    b->other = fx_page(&b->f); /* second stage */
    b->pasid1 = fx_nested_entry(&b->f, FX_RID, 1, 5, b->table, b->other, 4);
    for (uint64_t pa = 0; pa < (uint64_t)1 << 20; pa += 4096)
        fx_map_second(&b->f, b->other, 4, pa, pa, 1, R | W);
    fx_map_second(&b->f, b->other, 4, 0x600000, OLD, 1, R | W);
    fx_map_first(&b->f, b->table, 4, 0x8000, 0x600000, 1, FIRST);
    assert_true(stale(&b->f, 1, 0x8000));
    fx_map_second(&b->f, b->other, 4, 0x600000, NEW, 1, R | W);
    assert_true(stale(&b->f, 1, 0x8000));
}

static void test_B72_nested_invalidation(void **state)
{
    static const struct {
        uint64_t w0, w1;
        bool removes;
    } rows[] = {
        { 2 | 3 << 4 | 5 << 16, 0x600000, true },
        { 2 | 3 << 4 | 5 << 16, 0x100000 | 0x40, true }, /* any page of the domain */
        { 2 | 2 << 4 | 5 << 16, 0, true },
        { 2 | 2 << 4 | 6 << 16, 0, false },
        { 6 | 3 << 4 | 5 << 16 | (uint64_t)1 << 32, 0x8000, true },
        { 6 | 3 << 4 | 5 << 16 | (uint64_t)1 << 32, 0x600000, false }, /* guest address: wrong kind */
        { 6 | 2 << 4 | 5 << 16 | (uint64_t)1 << 32, 0, true },
        { 6 | 2 << 4 | 5 << 16 | (uint64_t)2 << 32, 0, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        nested_begin(&b);
        submit(&b.f, rows[i].w0, rows[i].w1);
        assert_int_equal(stale(&b.f, 1, 0x8000), !rows[i].removes);
        fx_end(&b.f);
    }
}

/* The host moved a page that holds a guest's table: even a leaf-only flush of the second stage counts. */
static void test_B72_a_moved_first_stage_table(void **state)
{
    struct bed b;
    nested_begin(&b);
    uint64_t leaf_table = fx_get(&b.f, fx_entry_second(&b.f, b.table, 4, 0x8000, 2)) & VTD_FS_ADDR;
    uint64_t copy = fx_page(&b.f);
    fx_put(&b.f, copy + 8 * 8, 0x601000 | FIRST | VTD_FS_P);
    fx_map_second(&b.f, b.other, 4, 0x601000, NEW, 1, R | W);
    fx_map_second(&b.f, b.other, 4, leaf_table, copy, 1, R | W);
    submit(&b.f, fx_piotlb(VTD_QI_PIOTLB_G_PAGE, 5, 1), 0x8000 | 0x40);
    assert_int_equal(fx_dma(&b.f, FX_RID, 1, 0x8000, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
    assert_int_equal(fx_get(&b.f, leaf_table + 64) & VTD_FS_ADDR, 0x600000); /* the old table */
    submit(&b.f, PAGE(5), leaf_table | 0x40);
    assert_true(fx_reads(&b.f, 1, 0x8000, NEW));
    assert_true(fx_get(&b.f, copy + 64) & VTD_FS_A);
    fx_end(&b.f);
}

/* ---- Pass-through ------------------------------------------------------------------------------- */

static void test_model_pass_through_is_remembered_by_domain(void **state)
{
    struct bed b;
    second_begin(&b);
    uint64_t entry = fx_pasid_entry(&b.f, FX_RID, 4);
    fx_put(&b.f, entry + 8, 5);
    fx_put(&b.f, entry, (uint64_t)VTD_PGTT_PASS_THROUGH << 6 | 1);
    assert_true(fx_reads(&b.f, 4, 0x8000, 0x8000));
    fx_map_second(&b.f, b.table, 4, 0x8000, OLD, 1, R);
    /* the same domain id for a second stage, which the rules forbid: the identity shows through */
    assert_true(fx_reads(&b.f, 1, 0x8000, 0x8000));
    submit(&b.f, fx_piotlb(VTD_QI_PIOTLB_G_PASID, 5, 4), 0);
    assert_true(fx_reads(&b.f, 1, 0x8000, OLD));
    fx_end(&b.f);
}

/* ---- Names and lists ---------------------------------------------------------------------------- */

/* Address 2 MiB * n and address 4 KiB * n have the same number n, at different sizes. */
static void test_model_the_size_is_part_of_the_name(void **state)
{
    struct bed b;
    second_begin(&b);
    for (uint64_t n = 1; n < 512; n++) {
        fx_map_second(&b.f, b.table, 4, n << 21, n << 21, 2, R);
        fx_map_second(&b.f, b.table, 4, n << 12, OLD, 1, R);
        assert_true(fx_reads(&b.f, 1, n << 21, n << 21));
        assert_true(fx_reads(&b.f, 1, n << 12, OLD));
    }
    fx_end(&b.f);
}

static void test_model_one_pasid_of_many(void **state)
{
    const unsigned count = 300;
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_map_first(&f, table, 4, 0x8000, OLD, 1, FIRST);
    for (uint32_t pasid = 1; pasid <= count; pasid++) {
        fx_first_entry(&f, FX_RID, pasid, 1, table, 4);
        assert_true(fx_reads(&f, pasid, 0x8000, OLD));
    }
    for (uint32_t pasid = 1; pasid <= count; pasid += 7) {
        submit(&f, fx_piotlb(VTD_QI_PIOTLB_G_PASID, 1, pasid), 0);
        submit(&f, fx_pc(VTD_QI_PC_G_PASID, 1, pasid), 0);
    }
    assert_int_equal(fx_stats(&f).iotlb_entries, count - (count + 6) / 7);
    assert_int_equal(fx_stats(&f).pasid_entries, count - (count + 6) / 7);
    fx_end(&f);
}

/* Masks so large that the unit goes through lists: still exact at both ends. */
static void test_model_large_masks_are_exact(void **state)
{
    static const struct {
        uint64_t iova;
        bool removes;
    } rows[] = { { 0x3FF000, false }, { 0x400000, true }, { 0x7FF000, true }, { 0x800000, false } };
    for (size_t i = 0; i < 4; i++) {
        struct bed b;
        second_begin(&b);
        use_and_move(&b.f, 1, b.table, rows[i].iova);
        submit(&b.f, PAGE(5), 0x400000 | 10);
        assert_int_equal(stale(&b.f, 1, rows[i].iova), !rows[i].removes);
        fx_end(&b.f);
    }
}

/* A page of the domain reaches upper levels of a first stage, unless only leaves changed. */
static void test_model_domain_page_and_first_stage_tables(void **state)
{
    for (unsigned hint = 0; hint < 2; hint++) {
        struct bed b;
        first_begin(&b);
        uint64_t fresh = fx_page(&b.f);
        fx_put(&b.f, fx_entry_second(&b.f, b.table, 4, 0xA000, 2), fresh | FIRST | VTD_FS_P);
        fx_put(&b.f, fresh + 10 * 8, NEW | FIRST | VTD_FS_P);
        submit(&b.f, PAGE(1), 0x8000 | (hint ? 0x40 : 0));
        assert_int_equal(fx_read_fault(&b.f, 1, 0xA000), hint ? VTD_FAULT_SFS_NOT_PRESENT : 0);
        fx_end(&b.f);
    }
}

/* ---- Odds ---------------------------------------------------------------------------------------- */

static void test_model_unaligned_invalidation_is_misuse(void **state)
{
    struct bed b;
    second_begin(&b);
    use_and_move(&b.f, 1, b.table, 0x8000);
    fx_submit(&b.f, PAGE(5), 0x9000 | 1);
    assert_true(fx_wait(&b.f));
    assert_int_equal(fx_stats(&b.f).misuse, 1);
    assert_false(stale(&b.f, 1, 0x8000));
    fx_end(&b.f);
}

/* A unit short of memory forgets, which is allowed; it never answers wrongly. */
static void test_model_without_memory_nothing_is_remembered(void **state)
{
    struct bed b;
    second_begin(&b);
    fx_map_second(&b.f, b.table, 4, 0x8000, OLD, 1, R);
    b.f.allocations_left = 0;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(fx_reads(&b.f, 1, 0x8000, OLD));
        assert_false(b.f.result.cached);
    }
    b.f.allocations_left = 7; /* some entries find room, growing does not */
    for (uint64_t iova = 0; iova < 0x200000; iova += 0x1000) {
        fx_map_second(&b.f, b.table, 4, iova, OLD, 1, R);
        assert_true(fx_reads(&b.f, 1, iova, OLD));
    }
    b.f.allocations_left = -1;
    fx_end(&b.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_page_invalidation_by_domain_and_address),
        cmocka_unit_test(test_model_page_invalidation_of_large_pages),
        cmocka_unit_test(test_model_domain_and_global_invalidation),
        cmocka_unit_test(test_model_pasid_invalidation_leaves_second_stage),
        cmocka_unit_test(test_model_hint_keeps_upper_levels),
        cmocka_unit_test(test_model_hint_and_upper_levels_of_each_level),
        cmocka_unit_test(test_model_pasid_cache_invalidation),
        cmocka_unit_test(test_B58_a_stale_pasid_entry_serves_the_old_domain),
        cmocka_unit_test(test_model_scalable_context_invalidation),
        cmocka_unit_test(test_model_context_invalidation_leaves_the_pasid_cache),
        cmocka_unit_test(test_model_first_stage_invalidation),
        cmocka_unit_test(test_model_first_stage_hint),
        cmocka_unit_test(test_B72_nested_invalidation),
        cmocka_unit_test(test_B72_a_moved_first_stage_table),
        cmocka_unit_test(test_model_pass_through_is_remembered_by_domain),
        cmocka_unit_test(test_model_unaligned_invalidation_is_misuse),
        cmocka_unit_test(test_model_without_memory_nothing_is_remembered),
        cmocka_unit_test(test_model_the_size_is_part_of_the_name),
        cmocka_unit_test(test_model_one_pasid_of_many),
        cmocka_unit_test(test_model_large_masks_are_exact),
        cmocka_unit_test(test_model_domain_page_and_first_stage_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
