/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * A unit's state as bytes: what software can bring about can be saved and restored, register by register.
 */
#include "tests/model_vtd/careless.h"
#include "tests/model_vtd/state_image.h"

/* ---- Layout ------------------------------------------------------------------------------------- */

static void test_state_begins_and_ends_as_documented(void **state)
{
    struct fx f;
    struct image image;
    fx_preset(&f, "scalable");
    fx_create(&f);
    image_save(f.model, &image);
    const uint8_t *bytes = image.bytes;
    assert_memory_equal(bytes, "VTDSTATE", 8);
    assert_int_equal(sb_get(bytes, 8, 4), 1);
    assert_int_equal(sb_get(bytes, 12, 4), image.size);
    assert_int_equal(sb_get(bytes, 16, 8), f.config.cap);
    assert_int_equal(sb_get(bytes, 24, 8), f.config.ecap);
    assert_int_equal(sb_get(bytes, 32, 4), (unsigned)f.config.major << 4 | f.config.minor);
    assert_int_equal(sb_get(bytes, 36, 4), f.config.address_bits);
    assert_int_equal(sb_get(bytes, image.size - 4, 4), sb_crc(bytes, image.size - 4));
    assert_int_equal(sb_crc((const uint8_t *)"123456789", 9), 0xCBF43926);
    for (uint32_t type = SB_REGISTERS; type <= SB_COMMANDS; type++)
        assert_true(sb_section(bytes, image.size, type) != 0);
    assert_int_equal(sb_section(bytes, image.size, SB_DICE), 0);
    assert_int_equal(sb_get(bytes, sb_register(bytes, image.size, VTD_REG_FECTL), 8), VTD_FECTL_IM);
    assert_int_equal(sb_register(bytes, image.size, VTD_REG_GCMD), 0);
    assert_int_equal(sb_register(bytes, image.size, VTD_REG_CAP), 0);
    fx_end(&f);
}

static void test_state_length_can_be_asked_for(void **state)
{
    struct fx f;
    uint8_t bytes[IOMMU_MODEL_VTD_STATE_MAX];
    size_t needed = 0, again = 0;
    fx_begin(&f, "scalable");
    assert_int_equal(iommu_model_vtd_save(f.model, NULL, 0, &needed), -28);
    memset(bytes, 0xAA, sizeof(bytes));
    assert_int_equal(iommu_model_vtd_save(f.model, bytes, needed - 1, &again), -28);
    assert_int_equal(again, needed);
    assert_int_equal(bytes[needed - 1], 0xAA);
    assert_int_equal(iommu_model_vtd_save(f.model, bytes, needed, &again), 0);
    assert_int_equal(bytes[needed], 0xAA);
    fx_end(&f);
}

static void test_the_longest_state_fits(void **state)
{
    struct fx f;
    struct image image;
    fx_preset(&f, "page-requests");
    f.config.cap = (f.config.cap & ~VTD_CAP_NFR) | SPEC_PUT(VTD_CAP_NFR, (uint64_t)255);
    f.config.ecap |= VTD_ECAP_MTS | VTD_ECAP_IR | VTD_ECAP_EIM;
    f.config.cap |= VTD_CAP_PLMR | VTD_CAP_PHMR;
    f.config.cap = (f.config.cap & ~VTD_CAP_FRO) | SPEC_PUT(VTD_CAP_FRO, (uint64_t)0x100);
    f.config.ecap = (f.config.ecap & ~VTD_ECAP_IRO) | SPEC_PUT(VTD_ECAP_IRO, (uint64_t)0x80);
    f.config.lies.enabled = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_SLOW_DEVICE_TLB);
    fx_create(&f);
    fx_enable(&f);
    for (unsigned i = 0; i < 20; i++)
        fx_submit(&f, VTD_QI_TYPE_DEVTLB | SPEC_PUT(VTD_QI_DEVTLB_SID, (uint64_t)FX_RID), 0x7000);
    image_save(f.model, &image);
    assert_int_equal(sb_get(image.bytes, sb_section(image.bytes, image.size, SB_QUEUE) + 12, 4), 16);
    image_restore(f.model, &image);
    fx_end(&f);
}

/* ---- What can be brought about can be moved ----------------------------------------------------- */

static void careless_run(unsigned preset, uint64_t seed, unsigned steps)
{
    struct careless c;
    struct image image, again;
    assert_true(careless_begin(&c, preset, seed));
    struct iommu_model_vtd *twin = careless_twin(&c);
    assert_non_null(twin);
    for (unsigned i = 0; i < steps; i++) {
        const char *why = NULL;
        careless_step(&c);
        image_save(c.model, &image);
        if (iommu_model_vtd_restore(twin, image.bytes, image.size, &why))
            fail_msg("%s, seed 0x%llx, step %u: %s", iommu_model_vtd_preset_name(preset), (unsigned long long)seed, i,
                     why);
        image_save(twin, &again);
        image_same(&image, &again);
    }
    assert_int_equal(c.wrong, 0);
    iommu_model_vtd_destroy(twin);
    careless_end(&c);
}

static void test_any_state_that_software_brings_about_can_be_restored(void **state)
{
    struct seed seed = seed_start();
    for (unsigned round = 0; round < 8; round++)
        for (unsigned preset = 0; iommu_model_vtd_preset_name(preset); preset++)
            careless_run(preset, seed_next(&seed), 300);
}

/* What every register reads after it was written with ones, and with a mixture. */
static void fill_registers(struct iommu_model_vtd *model, uint64_t pattern)
{
    for (uint32_t offset = 0; offset < iommu_model_vtd_register_bytes(model); offset += 4)
        if (offset != VTD_REG_GCMD)
            iommu_model_vtd_write32(model, offset, (uint32_t)pattern);
}

static void test_every_register_makes_the_round_trip(void **state)
{
    static const uint64_t patterns[] = { 0x7FFFFFFF, 0x55555555, 0x2AAAAAAA, 0x12345678 };
    for (unsigned preset = 0; iommu_model_vtd_preset_name(preset); preset++)
        for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
            struct fx f;
            struct image image;
            struct iommu_model_vtd *other;
            fx_preset(&f, iommu_model_vtd_preset_name(preset));
            f.config.ecap |= (f.config.ecap & VTD_ECAP_SMTS) ? VTD_ECAP_IR | VTD_ECAP_EIM : 0;
            fx_create(&f);
            fill_registers(f.model, patterns[i]);
            image_save(f.model, &image);
            assert_int_equal(iommu_model_vtd_create(&f.config, &other, NULL), 0);
            fill_registers(other, ~patterns[i] & 0x7FFFFFFF);
            image_restore(other, &image);
            for (uint32_t at = 0; at < iommu_model_vtd_register_bytes(other); at += 4)
                if (iommu_model_vtd_read32(other, at) != iommu_model_vtd_read32(f.model, at))
                    fail_msg("register %x", at);
            iommu_model_vtd_destroy(other);
            fx_end(&f);
        }
}

static unsigned settlements;

static void on_settled(void *ctx)
{
    (void)ctx;
    settlements++;
}

static void test_caches_are_empty_and_work_goes_on_after_a_restore(void **state)
{
    struct fx f;
    struct image image;
    image_busy_unit(&f);
    image_save(f.model, &image);
    f.host.memory.settled = on_settled; /* no later walk may use what was read before */
    settlements = 0;
    assert_int_equal(fx_stats(&f).iotlb_entries, 1);
    image_restore(f.model, &image);
    assert_int_equal(settlements, 1);
    assert_int_equal(fx_stats(&f).iotlb_entries, 0);
    assert_int_equal(fx_stats(&f).context_entries + fx_stats(&f).pasid_entries + fx_stats(&f).paging_entries, 0);
    assert_int_equal(f.devtlbs, 0);
    for (unsigned i = 0; i < 16; i++)
        iommu_model_vtd_step(f.model);
    assert_int_equal(f.devtlbs, 1);
    assert_int_equal(f.devtlb[0].rid, FX_RID);
    assert_int_equal(f.devtlb[0].address, 0x7000);
    assert_int_equal(f.devtlb[0].bytes, 0x1000);
    assert_false(fx_read32(&f, VTD_REG_GSTS) & VTD_GSTS_TES);
    fx_end(&f);
}

static void test_a_masked_event_leaves_after_the_move(void **state)
{
    struct fx f;
    struct image image;
    image_busy_unit(&f);
    fx_write32(&f, VTD_REG_FEADDR, 0xFEE00000);
    fx_write32(&f, VTD_REG_FEDATA, 0x41);
    image_save(f.model, &image);
    iommu_model_vtd_reset(f.model);
    image_restore(f.model, &image);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 0);
    fx_write32(&f, VTD_REG_FECTL, 0);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1);
    assert_int_equal(f.event_data, 0x41);
    assert_int_equal(fx_read32(&f, VTD_REG_FECTL), 0);
    fx_end(&f);
}

static void test_a_table_mode_that_was_latched_moves(void **state)
{
    struct fx f;
    struct image image;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f), page = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, 5, table, 4);
    fx_map_second(&f, table, 4, 0x7000, page, 1, VTD_SS_R);
    fx_write64(&f, VTD_REG_RTADDR, 0); /* not latched */
    image_save(f.model, &image);
    iommu_model_vtd_reset(f.model);
    image_restore(f.model, &image);
    assert_true(fx_reads(&f, 1, 0x7000, page));
    fx_end(&f);
}

static void test_dice_and_counts_go_on_where_they_were(void **state)
{
    struct fx f;
    struct image image, later, again;
    struct iommu_model_vtd_stats stats;
    image_busy_unit(&f);
    fx_write32(&f, VTD_REG_CAP + 4, 1); /* nothing happens */
    fx_write32(&f, 0xF0C, 1);           /* misuse */
    image_save(f.model, &image);
    fx_command(&f, VTD_GCMD_SRTP);
    image_save(f.model, &later);
    image_restore(f.model, &image);
    iommu_model_vtd_stats(f.model, &stats);
    assert_true(stats.misuse > 0);
    assert_non_null(stats.last_misuse);
    fx_command(&f, VTD_GCMD_SRTP);
    image_save(f.model, &again);
    image_same(&later, &again);
    fx_end(&f);
}

/* ---- Circumstances ------------------------------------------------------------------------------ */

static void test_without_memory_nothing_changes(void **state)
{
    struct fx f;
    struct image image, after;
    const char *why = "?";
    image_busy_unit(&f);
    image_save(f.model, &image);
    f.allocations_left = 0;
    assert_int_equal(iommu_model_vtd_restore(f.model, image.bytes, image.size, &why), -12);
    assert_null(why);
    image_save(f.model, &after);
    image_same(&image, &after);
    assert_int_equal(fx_stats(&f).iotlb_entries, 1);
    fx_end(&f);
}

static void test_nobody_is_saved_in_the_middle_of_a_question(void **state)
{
    struct seed seed = { 1 };
    unsigned busy = 0;
    for (unsigned round = 0; round < 40; round++) {
        struct careless c;
        assert_true(careless_begin(&c, 0, seed_next(&seed)));
        for (unsigned i = 0; i < 300; i++)
            careless_step(&c);
        assert_int_equal(c.wrong, 0);
        busy += c.busy;
        careless_end(&c);
    }
    assert_true(busy > 0);
}

/* A head between two wide descriptors would pass its tail for ever. */
static void test_the_head_stays_in_a_ring_that_changes(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    fx_create(&f);
    fx_enable_queue(&f, false);
    uint64_t wide = fx_page(&f);
    fx_submit(&f, VTD_QI_TYPE_WAIT, 0);
    assert_int_equal(fx_read64(&f, VTD_REG_IQH), 16);
    for (unsigned i = 0; i < 4096; i += 16)
        fx_put(&f, wide + i, VTD_QI_TYPE_WAIT);
    fx_write64(&f, VTD_REG_IQA, wide | VTD_IQA_DW);
    assert_int_equal(fx_read64(&f, VTD_REG_IQH), 0);
    fx_write64(&f, VTD_REG_IQT, 64); /* comes to an end, if only with an error */
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_begins_and_ends_as_documented),
        cmocka_unit_test(test_state_length_can_be_asked_for),
        cmocka_unit_test(test_the_longest_state_fits),
        cmocka_unit_test(test_any_state_that_software_brings_about_can_be_restored),
        cmocka_unit_test(test_every_register_makes_the_round_trip),
        cmocka_unit_test(test_caches_are_empty_and_work_goes_on_after_a_restore),
        cmocka_unit_test(test_a_masked_event_leaves_after_the_move),
        cmocka_unit_test(test_a_table_mode_that_was_latched_moves),
        cmocka_unit_test(test_dice_and_counts_go_on_where_they_were),
        cmocka_unit_test(test_without_memory_nothing_changes),
        cmocka_unit_test(test_nobody_is_saved_in_the_middle_of_a_question),
        cmocka_unit_test(test_the_head_stays_in_a_ring_that_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
