/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_model_registers.c - which units can be made, and what their registers and commands take: each rule by
 * the one access that only this rule is about.
 */
#include "tests/model_vtd/fixture.h"

#define STRICT IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_STRICT_COMMAND)

static void begin(struct fx *f, const char *preset, uint64_t cap_on, uint64_t ecap_on)
{
    fx_preset(f, preset);
    f->config.cap |= cap_on;
    f->config.ecap |= ecap_on;
    fx_create(f);
}

/* ---- Configurations ----------------------------------------------------------------------------------- */

enum missing {
    NO_CONFIG, NO_HOST, NO_ALLOC, NO_FREE, NO_READ64, NO_WRITE64, NO_CAS64, NO_ACQUIRE, NO_RELEASE, ALL_THERE
};

static void *lock_create(void *ctx)
{
    return ctx;
}

static void lock_nothing(void *ctx, void *lock)
{
    (void)ctx;
    (void)lock;
}

static int create_without(struct fx *f, enum missing what)
{
    const char *why = NULL;
    int error;

    fx_preset(f, "scalable");
    f->host.lock_create = lock_create;
    f->host.lock_acquire = what == NO_ACQUIRE ? NULL : lock_nothing;
    f->host.lock_release = what == NO_RELEASE ? NULL : lock_nothing;
    f->config.host = what == NO_HOST ? NULL : &f->host;
    f->host.alloc = what == NO_ALLOC ? NULL : f->host.alloc;
    f->host.free = what == NO_FREE ? NULL : f->host.free;
    f->host.memory.read64 = what == NO_READ64 ? NULL : f->host.memory.read64;
    f->host.memory.write64 = what == NO_WRITE64 ? NULL : f->host.memory.write64;
    f->host.memory.cas64 = what == NO_CAS64 ? NULL : f->host.memory.cas64;
    error = iommu_model_vtd_create(what == NO_CONFIG ? NULL : &f->config, &f->model, &why);
    assert_int_equal(why != NULL, error != 0);
    return error;
}

static void test_model_create_needs_every_hook(void **state)
{
    for (enum missing what = NO_CONFIG; what < ALL_THERE; what++) {
        struct fx f;
        assert_int_equal(create_without(&f, what), -22);
        free(f.memory);
    }
    struct fx f;
    assert_int_equal(create_without(&f, ALL_THERE), 0);
    fx_end(&f);
    iommu_model_vtd_destroy(NULL);
}

static void test_model_widths_have_limits(void **state)
{
    static const struct {
        uint8_t mgaw, address_bits;
        uint64_t cap;
        bool good;
    } rows[] = {
        { 19, 46, 0, true },  { 18, 46, 0, false }, { 56, 46, 0, true },  { 57, 46, 0, false },
        { 47, 32, 0, true },  { 47, 31, 0, false }, { 47, 52, 0, true },  { 47, 53, 0, false },
        { 47, 46, VTD_CAP_ECMDS, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx f;
        fx_preset(&f, "scalable");
        f.config.cap = (f.config.cap & ~VTD_CAP_MGAW) | SPEC_PUT(VTD_CAP_MGAW, (uint64_t)rows[i].mgaw) | rows[i].cap;
        f.config.address_bits = rows[i].address_bits;
        assert_int_equal(iommu_model_vtd_create(&f.config, &f.model, NULL), rows[i].good ? 0 : -22);
        if (rows[i].good)
            fx_end(&f);
        else
            free(f.memory);
    }
}

/* ---- Commands ----------------------------------------------------------------------------------------- */

static void test_model_translation_without_a_root_table_is_told_once(void **state)
{
    struct fx f;
    begin(&f, "scalable", 0, 0);
    fx_command(&f, VTD_GCMD_TE);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_uncommand(&f, VTD_GCMD_TE);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);
}

static void test_model_a_queue_that_is_not_there(void **state)
{
    struct fx f;
    begin(&f, "legacy-no-queue", 0, 0);
    fx_command(&f, VTD_GCMD_QIE);
    assert_false(fx_read32(&f, VTD_REG_GSTS) & VTD_GSTS_QIES);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);
}

static void test_model_interrupt_remapping_without_a_table_is_told_once(void **state)
{
    struct fx f;
    begin(&f, "scalable", 0, VTD_ECAP_IR);
    fx_command(&f, VTD_GCMD_CFI); /* needs no table */
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_command(&f, VTD_GCMD_IRE);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_uncommand(&f, VTD_GCMD_IRE);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);
}

static void test_model_a_fault_log_that_is_not_there(void **state)
{
    struct fx f;
    begin(&f, "scalable", 0, 0);
    fx_command(&f, VTD_GCMD_EAFL);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_command(&f, VTD_GCMD_SFL);
    assert_int_equal(fx_stats(&f).misuse, 2);
    fx_end(&f);
}

/* "strict-command": a write that changes nothing is no command, so it meets none that is under way. */
static void test_model_strict_command_of_no_change(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.lies = (struct iommu_model_lies){ .enabled = STRICT, .seed = 1 };
    fx_create(&f);
    for (unsigned i = 0; i < 4; i++)
        fx_write32(&f, VTD_REG_GCMD, 0);
    struct iommu_model_strike strike;
    assert_int_equal(iommu_model_vtd_strikes(f.model, &strike, 1), 0);
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_end(&f);
}

/* "strict-command": the registers of the old kind while they are at work. */
static void test_model_strict_command_registers_are_busy(void **state)
{
    struct fx f;
    fx_preset(&f, "legacy-no-queue");
    f.config.lies = (struct iommu_model_lies){ .enabled = STRICT, .seed = 1 };
    fx_create(&f);
    uint32_t iotlb = VTD_REG_IOTLB(f.config.ecap);
    uint64_t global = VTD_IOTLB_IVT | SPEC_PUT(VTD_IOTLB_IIRG, (uint64_t)VTD_IOTLB_IIRG_GLOBAL);
    uint64_t contexts = VTD_CCMD_ICC | SPEC_PUT(VTD_CCMD_CIRG, (uint64_t)VTD_CCMD_CIRG_GLOBAL);
    fx_write64(&f, VTD_REG_CCMD, contexts);
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_write64(&f, VTD_REG_CCMD, contexts);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_write64(&f, iotlb, global);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_write64(&f, iotlb, global);
    assert_int_equal(fx_stats(&f).misuse, 2);
    fx_end(&f);
}

static void test_model_reset_empties_every_cache(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, 5, table, 4);
    fx_map_second(&f, table, 4, 0x5000, 0x800000, 1, VTD_SS_R);
    assert_true(fx_reads(&f, 1, 0x5000, 0x800000));
    struct iommu_model_vtd_stats stats = fx_stats(&f);
    assert_true(stats.context_entries && stats.pasid_entries && stats.iotlb_entries && stats.paging_entries);
    iommu_model_vtd_reset(f.model);
    stats = fx_stats(&f);
    assert_false(stats.context_entries || stats.pasid_entries || stats.iotlb_entries || stats.paging_entries);
    fx_end(&f);
}

/* ---- Accesses ----------------------------------------------------------------------------------------- */

static void test_model_registers_that_a_unit_lacks(void **state)
{
    struct fx f;
    begin(&f, "scalable", 0, 0);
    fx_write32(&f, VTD_REG_PLMBASE, 0x100000);
    assert_int_equal(fx_stats(&f).misuse, 1);
    assert_int_equal(fx_read32(&f, VTD_REG_PLMBASE), 0);
    fx_write32(&f, 0x30, 0); /* there is no register, so there is nothing to write */
    assert_int_equal(fx_stats(&f).misuse, 2);
    assert_int_equal(fx_read32(&f, 0x30), 0);
    assert_int_equal(fx_stats(&f).misuse, 2);
    fx_end(&f);
}

static void test_model_table_mode_needs_scalable_or_abort_mode(void **state)
{
    static const struct {
        const char *preset;
        uint64_t ecap;
        bool there;
    } rows[] = { { "legacy", 0, false }, { "legacy", VTD_ECAP_ADMS, true }, { "scalable", 0, true } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx f;
        begin(&f, rows[i].preset, 0, rows[i].ecap);
        fx_write64(&f, VTD_REG_RTADDR, 0x5000 | VTD_RTADDR_TTM);
        assert_int_equal(fx_read64(&f, VTD_REG_RTADDR), 0x5000 | (rows[i].there ? VTD_RTADDR_TTM : 0));
        assert_int_equal(fx_stats(&f).misuse, !rows[i].there);
        fx_end(&f);
    }
}

static void test_model_accesses_of_the_wrong_size_or_place(void **state)
{
    struct fx f;
    begin(&f, "scalable", 0, 0);
    uint32_t record = VTD_REG_FRCD(f.config.cap, 1);
    (void)fx_read64(&f, VTD_REG_CAP);
    (void)fx_read64(&f, record);
    fx_write64(&f, record + 8, 0);
    assert_int_equal(fx_stats(&f).misuse, 0);
    (void)fx_read32(&f, VTD_REG_CAP + 2);
    assert_int_equal(fx_stats(&f).misuse, 1);
    (void)fx_read64(&f, VTD_REG_CAP + 4); /* not aligned, though it starts in a qword register */
    assert_int_equal(fx_stats(&f).misuse, 2);
    (void)fx_read64(&f, VTD_REG_GCMD); /* two registers */
    assert_int_equal(fx_stats(&f).misuse, 3);
    fx_write32(&f, VTD_REG_FEDATA + 1, 0);
    assert_int_equal(fx_stats(&f).misuse, 4);
    fx_write64(&f, VTD_REG_RTADDR + 4, 0);
    assert_int_equal(fx_stats(&f).misuse, 5);
    fx_write64(&f, VTD_REG_FEDATA - 4, 0); /* FECTL and FEDATA */
    assert_int_equal(fx_stats(&f).misuse, 6);
    fx_end(&f);
}

/* A region that the unit lacks is not there, rather than at address 0. */
static void test_model_protected_regions_that_a_unit_lacks(void **state)
{
    for (unsigned high = 0; high < 2; high++) {
        struct fx f;
        begin(&f, "scalable", high ? VTD_CAP_PHMR : VTD_CAP_PLMR, 0);
        if (high) {
            fx_write64(&f, VTD_REG_PHMBASE, 0x800000);
            fx_write64(&f, VTD_REG_PHMLIMIT, 0x800000);
        } else {
            fx_write32(&f, VTD_REG_PLMBASE, 0x800000);
            fx_write32(&f, VTD_REG_PLMLIMIT, 0x800000);
        }
        fx_write32(&f, VTD_REG_PMEN, VTD_PMEN_EPM);
        assert_int_equal(fx_dma(&f, FX_RID, FX_PLAIN, 0x1000, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
        assert_int_equal(fx_dma(&f, FX_RID, FX_PLAIN, 0x8FF000, IOMMU_MODEL_READ), IOMMU_MODEL_UNSUPPORTED);
        assert_int_equal(fx_dma(&f, FX_RID, FX_PLAIN, 0x900000, IOMMU_MODEL_READ), IOMMU_MODEL_OK);
        fx_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_create_needs_every_hook),
        cmocka_unit_test(test_model_widths_have_limits),
        cmocka_unit_test(test_model_translation_without_a_root_table_is_told_once),
        cmocka_unit_test(test_model_a_queue_that_is_not_there),
        cmocka_unit_test(test_model_interrupt_remapping_without_a_table_is_told_once),
        cmocka_unit_test(test_model_a_fault_log_that_is_not_there),
        cmocka_unit_test(test_model_strict_command_of_no_change),
        cmocka_unit_test(test_model_strict_command_registers_are_busy),
        cmocka_unit_test(test_model_reset_empties_every_cache),
        cmocka_unit_test(test_model_registers_that_a_unit_lacks),
        cmocka_unit_test(test_model_table_mode_needs_scalable_or_abort_mode),
        cmocka_unit_test(test_model_accesses_of_the_wrong_size_or_place),
        cmocka_unit_test(test_model_protected_regions_that_a_unit_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
