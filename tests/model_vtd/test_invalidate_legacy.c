/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * Invalidation on units in legacy mode: context-cache descriptors, and the two register pairs that do
 * the same where there is no queue.
 */
#include "tests/model_vtd/fixture.h"

#define R VTD_SS_R
#define OLD ((uint64_t)0x800000)
#define NEW ((uint64_t)0x900000)

struct bed {
    struct fx f;
    uint64_t table;
};

static bool stale(struct fx *f, uint64_t iova)
{
    assert_int_equal(fx_dma(f, FX_RID, FX_PLAIN, iova, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
    return f->result.pa == OLD;
}

static void submit(struct fx *f, uint64_t w0, uint64_t w1)
{
    fx_submit(f, w0, w1);
    assert_true(fx_wait(f));
}

static void legacy_begin(struct bed *b, const char *preset)
{
    unsigned levels = strcmp(preset, "legacy") == 0 ? 4 : 3;
    fx_begin(&b->f, preset);
    b->table = fx_page(&b->f);
    fx_legacy_context(&b->f, FX_RID, VTD_TT_UNTRANSLATED, 5, b->table, levels);
    fx_map_second(&b->f, b->table, levels, 0x8000, OLD, 1, R);
    assert_true(stale(&b->f, 0x8000));
    fx_map_second(&b->f, b->table, levels, 0x8000, NEW, 1, R);
    assert_true(stale(&b->f, 0x8000));
}

static void test_model_legacy_context_invalidation(void **state)
{
    static const struct {
        unsigned g, rid, fm, did;
        bool removes;
    } rows[] = {
        { VTD_QI_CC_G_DEVICE, FX_RID, 0, 5, true },
        { VTD_QI_CC_G_DEVICE, FX_RID, 0, 6, false }, /* the old domain id is needed */
        { VTD_QI_CC_G_DEVICE, FX_RID + 7, VTD_FM_BITS210, 5, true },
        { VTD_QI_CC_G_DEVICE, FX_RID + 1, 0, 5, false },
        { VTD_QI_CC_G_DOMAIN, 0, 0, 5, true },
        { VTD_QI_CC_G_DOMAIN, 0, 0, 6, false },
        { VTD_QI_CC_G_GLOBAL, 0, 0, 0, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        legacy_begin(&b, "legacy");
        fx_put(&b.f, fx_context_entry(&b.f, FX_RID), 0);
        assert_true(stale(&b.f, 0x8000));
        submit(&b.f, fx_cc(rows[i].g, rows[i].did, rows[i].rid, rows[i].fm), 0);
        assert_int_equal(fx_read_fault(&b.f, FX_PLAIN, 0x8000),
                         rows[i].removes ? VTD_FAULT_LCT_NOT_PRESENT : 0);
        fx_end(&b.f);
    }
}

static unsigned ccmd(struct fx *f, uint64_t command)
{
    fx_write64(f, VTD_REG_CCMD, command | VTD_CCMD_ICC);
    uint64_t value = fx_read64(f, VTD_REG_CCMD);
    assert_false(value & VTD_CCMD_ICC);
    return (unsigned)SPEC_GET(VTD_CCMD_CAIG, value);
}

static void test_model_context_command_register(void **state)
{
    static const struct {
        uint64_t command;
        unsigned done;
        bool removes;
    } rows[] = {
        { (uint64_t)1 << 61, 1, true },
        { (uint64_t)2 << 61 | 5, 2, true },
        { (uint64_t)2 << 61 | 4, 2, false },
        { (uint64_t)3 << 61 | FX_RID << 16 | 5, 3, true },
        { (uint64_t)3 << 61 | FX_RID << 16 | 4, 3, false },
        { (uint64_t)3 << 61 | (FX_RID + 3) << 16 | 5 | (uint64_t)3 << 32, 3, true },
        { 0, 0, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        legacy_begin(&b, "legacy-no-queue");
        fx_put(&b.f, fx_context_entry(&b.f, FX_RID), 0);
        assert_int_equal(ccmd(&b.f, rows[i].command), rows[i].done);
        assert_int_equal(fx_read_fault(&b.f, FX_PLAIN, 0x8000),
                         rows[i].removes ? VTD_FAULT_LCT_NOT_PRESENT : 0);
        assert_int_equal(fx_stats(&b.f).misuse, 0);
        fx_end(&b.f);
    }
}

static unsigned iotlb(struct fx *f, uint64_t iva, uint64_t command)
{
    uint32_t at = VTD_REG_IOTLB(f->config.ecap);
    fx_write64(f, VTD_REG_IVA(f->config.ecap), iva);
    /* in two halves: the upper one starts it */
    fx_write32(f, at, (uint32_t)command);
    fx_write32(f, at + 4, (uint32_t)((command | VTD_IOTLB_IVT) >> 32));
    uint64_t value = fx_read64(f, at);
    assert_false(value & VTD_IOTLB_IVT);
    return (unsigned)SPEC_GET(VTD_IOTLB_IAIG, value);
}

static void test_model_iotlb_register(void **state)
{
    static const struct {
        uint64_t iva, command;
        unsigned done;
        bool removes;
        uint64_t cap_off;
    } rows[] = {
        { 0, (uint64_t)1 << 60, 1, true, 0 },
        { 0, (uint64_t)2 << 60 | (uint64_t)5 << 32, 2, true, 0 },
        { 0, (uint64_t)2 << 60 | (uint64_t)6 << 32, 2, false, 0 },
        { 0x8000, (uint64_t)3 << 60 | (uint64_t)5 << 32, 3, true, 0 },
        { 0x9000, (uint64_t)3 << 60 | (uint64_t)5 << 32, 3, false, 0 },
        { 0x8000, (uint64_t)3 << 60 | (uint64_t)6 << 32, 3, false, 0 },
        { 9, (uint64_t)3 << 60 | (uint64_t)5 << 32, 3, true, 0 },
        { 10, (uint64_t)3 << 60 | (uint64_t)5 << 32, 0, false, 0 }, /* above MAMV */
        { 0x9000, (uint64_t)3 << 60 | (uint64_t)5 << 32, 2, true, VTD_CAP_PSI },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        legacy_begin(&b, "legacy-no-queue");
        if (rows[i].cap_off) {
            fx_end(&b.f);
            fx_preset(&b.f, "legacy-no-queue");
            b.f.config.cap &= ~rows[i].cap_off;
            fx_create(&b.f);
            fx_enable(&b.f);
            b.table = fx_page(&b.f);
            fx_legacy_context(&b.f, FX_RID, VTD_TT_UNTRANSLATED, 5, b.table, 3);
            uint64_t leaf = fx_map_second(&b.f, b.table, 3, 0x8000, OLD, 1, R);
            assert_true(stale(&b.f, 0x8000));
            fx_put(&b.f, leaf, NEW | R);
        }
        assert_int_equal(iotlb(&b.f, rows[i].iva, rows[i].command), rows[i].done);
        assert_int_equal(stale(&b.f, 0x8000), !rows[i].removes);
        fx_end(&b.f);
    }
}

static void test_model_registers_are_for_legacy_units_without_queue(void **state)
{
    struct bed b;
    legacy_begin(&b, "legacy"); /* the queue is on */
    assert_int_equal(ccmd(&b.f, (uint64_t)1 << 61), 0);
    assert_int_equal(iotlb(&b.f, 0, (uint64_t)1 << 60), 0);
    assert_true(stale(&b.f, 0x8000));
    assert_int_equal(fx_stats(&b.f).misuse, 2);
    fx_uncommand(&b.f, VTD_GCMD_QIE);
    assert_int_equal(iotlb(&b.f, 0, (uint64_t)1 << 60), 1);
    fx_end(&b.f);

    fx_preset(&b.f, "legacy");
    b.f.config.major = 6;
    fx_create(&b.f);
    assert_int_equal(ccmd(&b.f, (uint64_t)1 << 61), 0);
    assert_int_equal(iotlb(&b.f, 0, (uint64_t)1 << 60), 0);
    fx_end(&b.f);

    fx_begin(&b.f, "scalable");
    fx_uncommand(&b.f, VTD_GCMD_QIE);
    assert_int_equal(ccmd(&b.f, (uint64_t)1 << 61), 0); /* scalable mode */
    assert_int_equal(iotlb(&b.f, 0, (uint64_t)1 << 60), 0);
    fx_end(&b.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_legacy_context_invalidation),
        cmocka_unit_test(test_model_context_command_register),
        cmocka_unit_test(test_model_iotlb_register),
        cmocka_unit_test(test_model_registers_are_for_legacy_units_without_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
