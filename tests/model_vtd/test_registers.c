/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * The register file: reset values, masks, access rules; the global command register; capabilities that
 * no unit has; register-based invalidation errors; protected memory.
 */
#include "tests/model_vtd/fixture.h"

static void test_model_reset_values(void **state)
{
    struct fx f;
    fx_preset(&f, "page-requests");
    fx_create(&f);
    for (uint32_t offset = 0; offset < iommu_model_vtd_register_bytes(f.model); offset += 4) {
        uint32_t value = 0;
        if (offset == VTD_REG_VER)
            value = 0x60;
        if (offset == VTD_REG_CAP || offset == VTD_REG_CAP + 4)
            value = (uint32_t)(f.config.cap >> 8 * (offset - VTD_REG_CAP));
        if (offset == VTD_REG_ECAP || offset == VTD_REG_ECAP + 4)
            value = (uint32_t)(f.config.ecap >> 8 * (offset - VTD_REG_ECAP));
        if (offset == VTD_REG_FECTL || offset == VTD_REG_IECTL || offset == VTD_REG_PECTL)
            value = 0x80000000;
        assert_int_equal(fx_read32(&f, offset), value);
    }
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_end(&f);
}

static void test_model_what_software_can_write(void **state)
{
    static const struct {
        uint32_t offset, sticks;
    } dwords[] = {
        { VTD_REG_VER, 0x50 },          { VTD_REG_GCMD, 0 },
        { VTD_REG_FEDATA, 0x0000FFFF }, { VTD_REG_FEADDR, 0xFFFFFFFC },
        { VTD_REG_FEUADDR, 0 },         { VTD_REG_FSTS, 0 },
        { VTD_REG_IEDATA, 0x0000FFFF }, { VTD_REG_IEADDR, 0xFFFFFFFC },
        { VTD_REG_ICS, 0 },             { VTD_REG_IQH, 0 },
        { VTD_REG_IQT, 0x0007FFF0 },    { VTD_REG_IQA, 0xFFFFF807 },
        { VTD_REG_IQA + 4, 0x00003FFF }, { VTD_REG_RTADDR, 0xFFFFFC00 },
        { VTD_REG_RTADDR + 4, 0x00003FFF }, { VTD_REG_IQERCD, 0 },
        { VTD_REG_PMEN, 0x80000001 },   { VTD_REG_PQA, 0 },
        { VTD_REG_FECTL, 0x80000000 },  { VTD_REG_CAP, 0 },
    };
    struct fx f;
    fx_preset(&f, "scalable");
    fx_create(&f);
    for (size_t i = 0; i < sizeof(dwords) / sizeof(dwords[0]); i++) {
        uint32_t sticks = dwords[i].sticks;
        if (dwords[i].offset == VTD_REG_CAP)
            sticks = (uint32_t)f.config.cap;
        if (dwords[i].offset == VTD_REG_GCMD)
            continue;
        fx_write32(&f, dwords[i].offset, 0xFFFFFFFF);
        assert_int_equal(fx_read32(&f, dwords[i].offset), sticks);
    }
    fx_end(&f);
}

static uint64_t misuse_of_write32(struct fx *f, uint32_t offset, uint32_t value)
{
    uint64_t before = fx_stats(f).misuse;
    fx_write32(f, offset, value);
    return fx_stats(f).misuse - before;
}

static void test_model_reserved_writes_are_counted(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    fx_create(&f);
    static const uint32_t gaps[] = { 0x004, 0x030, 0x048, 0x054, 0x058, 0x060, 0x098, 0x0D8, 0x0F0,
                                     0x100, 0x300, 0x3FC, 0x480, 0xFFC };
    for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
        assert_int_equal(misuse_of_write32(&f, gaps[i], 1), 1);
        assert_int_equal(fx_read32(&f, gaps[i]), 0);
    }
    assert_int_equal(misuse_of_write32(&f, VTD_REG_FEADDR, 1), 1);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_FEADDR, 4), 0);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_FEUADDR, 0x100), 1); /* no EIM */
    assert_int_equal(misuse_of_write32(&f, VTD_REG_FEUADDR, 0), 0);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD, 1), 1);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_RTADDR + 4, 0x4000), 1); /* above 46 bits */
    assert_non_null(fx_stats(&f).last_misuse);
    fx_end(&f);
}

static void test_model_qword_access_needs_a_qword_register(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    fx_create(&f);
    fx_write64(&f, VTD_REG_IQA, 0x123456789000);
    assert_int_equal(fx_stats(&f).misuse, 0);
    assert_int_equal(fx_read32(&f, VTD_REG_IQA), 0x56789000);
    assert_int_equal(fx_read32(&f, VTD_REG_IQA + 4), 0x1234);
    fx_write32(&f, VTD_REG_IQA, 0xABCDE000);
    assert_int_equal(fx_read64(&f, VTD_REG_IQA), 0x1234ABCDE000);
    fx_write64(&f, VTD_REG_FECTL, (uint64_t)0x99 << 32);
    assert_int_equal(fx_stats(&f).misuse, 1);
    assert_int_equal(fx_read32(&f, VTD_REG_FEDATA), 0x99);
    fx_read64(&f, VTD_REG_FSTS);
    assert_int_equal(fx_stats(&f).misuse, 2);
    fx_end(&f);
}

static void test_model_root_table_is_latched_by_srtp(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 2, 5, table, 4);
    fx_map_second(&f, table, 4, 0x5000, 0x80000, 1, VTD_SS_R);
    fx_write64(&f, VTD_REG_RTADDR, FX_NOWHERE); /* nothing happens yet */
    assert_true(fx_reads(&f, 2, 0x5000, 0x80000));
    fx_dma(&f, 0x0500, 2, 0x5000, IOMMU_MODEL_READ);
    assert_int_equal(f.result.fault, VTD_FAULT_SRT_NOT_PRESENT);
    fx_end(&f);
}

static void test_model_each_command_bit_alone_is_no_misuse(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    fx_uncommand(&f, VTD_GCMD_TE);
    fx_uncommand(&f, VTD_GCMD_QIE);
    assert_int_equal(fx_read32(&f, VTD_REG_GSTS), VTD_GSTS_RTPS);
    assert_int_equal(fx_read32(&f, VTD_REG_GCMD), 0);
    assert_int_equal(fx_stats(&f).misuse, 0);
    assert_int_equal(fx_stats(&f).commands, 5);
    fx_end(&f);
}

static void test_model_strict_command_register(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    /* the classic: a command without the level bits switches the rest off */
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD, VTD_GCMD_SRTP), 1);
    assert_int_equal(fx_read32(&f, VTD_REG_GSTS), VTD_GSTS_RTPS);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD, VTD_GCMD_QIE | VTD_GCMD_TE), 1);
    assert_int_equal(fx_read32(&f, VTD_REG_GSTS), VTD_GSTS_RTPS | VTD_GSTS_QIES | VTD_GSTS_TES);
    /* a status written back restarts its one-shot bits */
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD, fx_read32(&f, VTD_REG_GSTS)), 0);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD,
                                       fx_read32(&f, VTD_REG_GSTS) & ~VTD_GCMD_TE), 1);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD, VTD_GCMD_QIE | VTD_GCMD_WBF), 1);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD, VTD_GCMD_QIE | VTD_GCMD_IRE), 1);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD, VTD_GCMD_QIE | VTD_GCMD_SIRTP), 1);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD, VTD_GCMD_QIE | VTD_GCMD_SFL), 1);
    fx_end(&f);
}

static void test_model_commands_out_of_order(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    fx_create(&f);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD, VTD_GCMD_TE), 1); /* no root table */
    fx_end(&f);

    fx_begin(&f, "scalable");
    fx_write64(&f, VTD_REG_RTADDR, f.root); /* legacy mode while TE is on, without ESRTPS */
    uint64_t before = fx_stats(&f).misuse;
    fx_command(&f, VTD_GCMD_SRTP);
    assert_int_equal(fx_stats(&f).misuse - before, 1);
    fx_end(&f);

    fx_begin(&f, "esrtps");
    fx_write64(&f, VTD_REG_RTADDR, f.root);
    fx_command(&f, VTD_GCMD_SRTP);
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_end(&f);
}

static void test_model_interrupt_remapping_registers(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.ecap |= VTD_ECAP_IR;
    fx_create(&f);
    fx_write64(&f, VTD_REG_IRTA, 0x1000 | 7);
    assert_int_equal(misuse_of_write32(&f, VTD_REG_GCMD, VTD_GCMD_IRE), 1); /* no table yet */
    fx_command(&f, VTD_GCMD_SIRTP);
    fx_uncommand(&f, VTD_GCMD_IRE);
    fx_command(&f, VTD_GCMD_CFI);
    fx_command(&f, VTD_GCMD_IRE);
    assert_int_equal(fx_read32(&f, VTD_REG_GSTS), VTD_GSTS_IRTPS | VTD_GSTS_IRES | VTD_GSTS_CFIS);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);
}

static void test_model_write_buffer_flush(void **state)
{
    struct fx f;
    fx_preset(&f, "legacy-no-queue");
    fx_create(&f);
    fx_command(&f, VTD_GCMD_WBF);
    assert_false(fx_read32(&f, VTD_REG_GSTS) & VTD_GSTS_WBFS);
    assert_int_equal(fx_stats(&f).write_buffer_flushes, 1);
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_end(&f);
}

static void test_model_translation_off_flushes_only_scalable_units(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 2, 5, table, 4);
    uint64_t leaf = fx_map_second(&f, table, 4, 0x5000, 0x80000, 1, VTD_SS_R);
    assert_true(fx_reads(&f, 2, 0x5000, 0x80000));
    fx_put(&f, leaf, 0);
    fx_uncommand(&f, VTD_GCMD_TE);
    assert_int_equal(fx_stats(&f).iotlb_entries, 0);
    assert_int_equal(fx_stats(&f).pasid_entries, 0);
    assert_int_equal(fx_stats(&f).context_entries, 0);
    assert_int_equal(fx_stats(&f).paging_entries, 0);
    fx_command(&f, VTD_GCMD_TE);
    assert_int_equal(fx_read_fault(&f, 2, 0x5000), VTD_FAULT_SSS_NOT_PRESENT);
    fx_end(&f);

    fx_begin(&f, "legacy");
    table = fx_page(&f);
    fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, 5, table, 4);
    leaf = fx_map_second(&f, table, 4, 0x5000, 0x80000, 1, VTD_SS_R);
    assert_true(fx_reads(&f, FX_PLAIN, 0x5000, 0x80000));
    fx_put(&f, leaf, 0);
    fx_uncommand(&f, VTD_GCMD_TE);
    fx_command(&f, VTD_GCMD_TE);
    assert_true(fx_reads(&f, FX_PLAIN, 0x5000, 0x80000)); /* stale, as allowed */
    fx_end(&f);
}

static void test_model_esrtps_flushes_and_its_absence_does_not(void **state)
{
    static const char *const presets[] = { "scalable", "esrtps" };
    for (unsigned flushes = 0; flushes < 2; flushes++) {
        struct fx f;
        fx_begin(&f, presets[flushes]);
        uint64_t table = fx_page(&f);
        fx_second_entry(&f, FX_RID, 2, 5, table, 4);
        uint64_t leaf = fx_map_second(&f, table, 4, 0x5000, 0x80000, 1, VTD_SS_R);
        assert_true(fx_reads(&f, 2, 0x5000, 0x80000));
        fx_put(&f, leaf, 0);
        fx_set_root(&f, VTD_TTM_SCALABLE);
        assert_int_equal(fx_reads(&f, 2, 0x5000, 0x80000), !flushes);
        fx_end(&f);
    }
}

/* ---- Protected memory --------------------------------------------------------------------------- */

static bool plain_write_lands(struct fx *f, uint64_t address)
{
    return fx_dma(f, FX_RID, FX_PLAIN, address, IOMMU_MODEL_WRITE) == IOMMU_MODEL_OK;
}

static void test_model_protected_memory(void **state)
{
    struct fx f;
    fx_preset(&f, "legacy-no-queue");
    fx_create(&f);
    fx_write32(&f, VTD_REG_PLMBASE, 0xFFFFFFFF);
    assert_int_equal(fx_read32(&f, VTD_REG_PLMBASE), 0xFFF00000); /* alignment 1 MiB */
    fx_write32(&f, VTD_REG_PLMBASE, 0x00200000);
    fx_write32(&f, VTD_REG_PLMLIMIT, 0x00300000);
    fx_write64(&f, VTD_REG_PHMBASE, 0x100000000);
    fx_write64(&f, VTD_REG_PHMLIMIT, 0x100000000);
    assert_true(plain_write_lands(&f, 0x200000));
    uint64_t before = fx_stats(&f).misuse;
    fx_write32(&f, VTD_REG_PMEN, VTD_PMEN_EPM);
    assert_int_equal(fx_read32(&f, VTD_REG_PMEN), VTD_PMEN_EPM | VTD_PMEN_PRS);
    assert_true(plain_write_lands(&f, 0x1FF000));
    assert_false(plain_write_lands(&f, 0x200000));
    assert_int_equal(f.result.outcome, IOMMU_MODEL_UNSUPPORTED);
    assert_false(plain_write_lands(&f, 0x3FF000));
    assert_true(plain_write_lands(&f, 0x400000));
    assert_false(plain_write_lands(&f, 0x100000000));
    assert_false(plain_write_lands(&f, 0x1000FF000));
    assert_true(plain_write_lands(&f, 0x100100000));
    assert_int_equal(fx_stats(&f).misuse, before);
    fx_write32(&f, VTD_REG_PLMBASE, 0x00500000); /* base above limit, and protection is on */
    assert_int_equal(fx_stats(&f).misuse, before + 1);
    assert_true(plain_write_lands(&f, 0x200000));
    fx_write32(&f, VTD_REG_PMEN, 0);
    assert_int_equal(fx_read32(&f, VTD_REG_PMEN), 0);
    assert_true(plain_write_lands(&f, 0x100000000));
    fx_end(&f);
}

/* Firmware's protection that a driver forgot blocks translated DMA too. */
static void test_model_protected_memory_behind_translation(void **state)
{
    struct fx f;
    fx_begin(&f, "legacy-no-queue");
    uint64_t table = fx_page(&f);
    fx_legacy_context(&f, FX_RID, VTD_TT_UNTRANSLATED, 5, table, 3);
    fx_map_second(&f, table, 3, 0x5000, 0x200000, 1, VTD_SS_R | VTD_SS_W);
    fx_write32(&f, VTD_REG_PLMBASE, 0x00200000);
    fx_write32(&f, VTD_REG_PLMLIMIT, 0x00200000);
    assert_true(plain_write_lands(&f, 0x5000));
    fx_write32(&f, VTD_REG_PMEN, VTD_PMEN_EPM);
    assert_false(plain_write_lands(&f, 0x5000));
    fx_end(&f);
}

/* ---- Capabilities ------------------------------------------------------------------------------- */

static void test_model_impossible_capabilities(void **state)
{
    static const struct {
        const char *preset;
        uint64_t cap_off, cap_on, ecap_off, ecap_on;
    } rows[] = {
        { "scalable", 0, 0, VTD_ECAP_QI, 0 },
        { "legacy", 0, 0, VTD_ECAP_QI, 0 },
        { "scalable", 0, 0, VTD_ECAP_FSTS, 0 },            /* NEST is left */
        { "scalable", 0, 0, VTD_ECAP_SSTS, 0 },
        { "scalable", 0, 0, VTD_ECAP_PASID, 0 },           /* PSS is left */
        { "scalable", 0, 0, VTD_ECAP_SMPWCS, 0 },          /* SSADS is left */
        { "legacy", 0, 0, 0, VTD_ECAP_PASID },
        { "legacy", 0, 0, 0, VTD_ECAP_NEST },
        { "legacy", 0, 0, 0, VTD_ECAP_EIM },
        { "legacy", 0, 0, 0, VTD_ECAP_SMPWCS },
        { "scalable", 0, 0, VTD_ECAP_DT, VTD_ECAP_PRS },
        { "scalable", 0, 0, 0, (uint64_t)1 << 32 },
        { "scalable", 0, (uint64_t)1 << 13, 0, 0 },
        { "scalable", 0, (uint64_t)7, 0, 0 },              /* ND 7 */
        { "scalable", 0, (uint64_t)1 << 8, 0, 0 },         /* SAGAW bit 0 */
        { "scalable", (uint64_t)1 << 34, 0, 0, 0 },        /* SSLPS 2 */
        { "scalable", 0, (uint64_t)1 << 36, 0, 0 },
        { "scalable", VTD_CAP_FRO, 0, 0, 0 },
        { "scalable", 0, 0, VTD_ECAP_IRO, 0 },
        { "scalable", 0, 0, VTD_ECAP_IRO, (uint64_t)0x40 << 8 }, /* on the fault records */
        { "scalable", 0, VTD_CAP_RWBF, 0, 0 },
        { "legacy", 0, VTD_CAP_AFL, 0, 0 },
        { "scalable", 0, 0, 0, VTD_ECAP_ERS },
        { "scalable", 0, 0, 0, VTD_ECAP_VCS },
        { "scalable", 0, 0, 0, VTD_ECAP_HPTS },
        { "scalable", 0, 0, 0, (uint64_t)0x14 << 35 },     /* 21-bit PASIDs */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx f;
        const char *why = NULL;
        fx_preset(&f, rows[i].preset);
        f.config.cap = (f.config.cap & ~rows[i].cap_off) | rows[i].cap_on;
        f.config.ecap = (f.config.ecap & ~rows[i].ecap_off) | rows[i].ecap_on;
        assert_int_equal(iommu_model_vtd_create(&f.config, &f.model, &why), -22);
        assert_non_null(why);
        assert_int_equal(f.allocations, 0);
        free(f.memory);
    }
}

static void test_model_every_preset_starts(void **state)
{
    unsigned count = 0;
    for (const char *name; (name = iommu_model_vtd_preset_name(count)); count++) {
        struct fx f;
        fx_begin(&f, name);
        assert_int_equal(fx_stats(&f).misuse, 0);
        assert_non_null(iommu_model_vtd_preset_about(count));
        fx_end(&f);
    }
    assert_true(count >= 10);
    struct iommu_model_vtd_config config;
    assert_false(iommu_model_vtd_preset("nonsense", &config));
    assert_false(iommu_model_vtd_preset("scalab", &config));
}

static void test_model_create_without_memory(void **state)
{
    for (long left = 0;; left++) {
        struct fx f;
        fx_preset(&f, "scalable");
        f.allocations_left = left;
        int error = iommu_model_vtd_create(&f.config, &f.model, NULL);
        if (!error) {
            assert_true(left >= 5);
            fx_end(&f);
            return;
        }
        assert_int_equal(error, -12);
        assert_int_equal(f.allocations, 0);
        free(f.memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_reset_values),
        cmocka_unit_test(test_model_what_software_can_write),
        cmocka_unit_test(test_model_reserved_writes_are_counted),
        cmocka_unit_test(test_model_qword_access_needs_a_qword_register),
        cmocka_unit_test(test_model_root_table_is_latched_by_srtp),
        cmocka_unit_test(test_model_each_command_bit_alone_is_no_misuse),
        cmocka_unit_test(test_model_strict_command_register),
        cmocka_unit_test(test_model_commands_out_of_order),
        cmocka_unit_test(test_model_interrupt_remapping_registers),
        cmocka_unit_test(test_model_write_buffer_flush),
        cmocka_unit_test(test_model_translation_off_flushes_only_scalable_units),
        cmocka_unit_test(test_model_esrtps_flushes_and_its_absence_does_not),
        cmocka_unit_test(test_model_protected_memory),
        cmocka_unit_test(test_model_protected_memory_behind_translation),
        cmocka_unit_test(test_model_impossible_capabilities),
        cmocka_unit_test(test_model_every_preset_starts),
        cmocka_unit_test(test_model_create_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
