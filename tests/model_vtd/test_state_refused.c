/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * States that no unit can be in, and bytes that are no state: refused with a reason, and without a trace.
 */
#include "tests/common/seed.h"
#include "tests/model_vtd/state_image.h"

/* ---- Bytes ---------------------------------------------------------------------------------------- */

static void test_every_truncation_is_refused(void **state)
{
    struct fx f;
    struct image image;
    image_busy_unit(&f);
    image_save(f.model, &image);
    size_t without_counts = sb_section(image.bytes, image.size, SB_STATISTICS);
    size_t without_dice = sb_section(image.bytes, image.size, SB_DICE);
    for (size_t size = 0; size < image.size; size++) {
        uint8_t *exact = malloc(size + !size); /* exactly as long, for a sanitizer */
        assert_non_null(exact);
        memcpy(exact, image.bytes, size);
        image_refused(f.model, exact, size, size < SB_HEADER + 4 ? "no state" : NULL);
        bool whole = size + 4 == without_counts || size + 4 == without_dice; /* what may be missing is */
        if (size >= SB_HEADER + 4)
            sb_seal(exact, size);
        if (size >= SB_HEADER + 4 && !whole)
            image_refused(f.model, exact, size, NULL);
        free(exact);
    }
    image_refused(f.model, image.bytes, image.size + 1, "as many bytes");
    fx_end(&f);
}

static void test_every_flipped_byte_is_refused(void **state)
{
    struct seed seed = seed_start();
    struct fx f;
    struct image image;
    image_busy_unit(&f);
    image_save(f.model, &image);
    for (size_t at = 0; at < image.size; at++) {
        uint8_t was = image.bytes[at];
        image.bytes[at] ^= (uint8_t)(1 + seed_below(&seed, 255));
        image_refused(f.model, image.bytes, image.size, NULL);
        image.bytes[at] = was;
    }
    image.bytes[image.size - 5] ^= 1; /* of a count, so only the check sum can tell */
    image_refused(f.model, image.bytes, image.size, "check sum");
    image.bytes[image.size - 5] ^= 1;
    image_restore(f.model, &image);
    fx_end(&f);
}

/* With the check sum made right: refused without a trace, or a state that can be saved again as it is. */
static void test_flipped_bits_below_a_good_check_sum(void **state)
{
    struct fx f;
    struct image image, again;
    unsigned taken = 0;
    image_busy_unit(&f);
    image_save(f.model, &image);
    for (size_t bit = 0; bit < (image.size - 4) * 8; bit++) {
        struct image changed = image;
        changed.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        sb_seal(changed.bytes, changed.size);
        if (bit / 8 >= 12 && bit / 8 < 16)
            continue; /* the length, which the seal has made right */
        const char *why = NULL;
        if (iommu_model_vtd_restore(f.model, changed.bytes, changed.size, &why)) {
            image_refused(f.model, changed.bytes, changed.size, why);
            continue;
        }
        image_save(f.model, &again);
        bool whole = sb_section(changed.bytes, changed.size, SB_DICE) &&
                     sb_section(changed.bytes, changed.size, SB_STATISTICS);
        if (whole)
            image_same(&changed, &again);
        taken++;
        image_restore(f.model, &image);
    }
    assert_true(taken > 1000); /* counts, addresses, dice */
    fx_end(&f);
}

struct wrong {
    uint32_t section; /* or 0: the register at offset `at` */
    uint32_t at;
    unsigned width;
    uint64_t value;
    const char *reason;
};

static const struct wrong wrongs[] = {
    { 0, VTD_REG_GSTS, 8, 1, "a bit that it does not have" },
    { 0, VTD_REG_GSTS, 8, VTD_GSTS_AFLS, "a bit that it does not have" },
    { 0, VTD_REG_GSTS, 8, VTD_GSTS_QIES | VTD_GSTS_WBFS, "write buffer" },
    { 0, VTD_REG_GSTS, 8, VTD_GSTS_QIES | VTD_GSTS_IRES, "interrupt remapping" },
    { 0, VTD_REG_GSTS, 8, VTD_GSTS_QIES | VTD_GSTS_IRTPS, "interrupt remapping" },
    { 0, VTD_REG_GSTS, 8, VTD_GSTS_QIES | VTD_GSTS_CFIS, "interrupt remapping" },
    { 0, VTD_REG_RTADDR, 8, (uint64_t)1 << 46, "a bit that it does not have" },
    { 0, VTD_REG_RTADDR, 8, 1, "a bit that it does not have" },
    { 0, VTD_REG_FSTS, 8, VTD_FSTS_PPF, "a bit that it does not have" },
    { 0, VTD_REG_FSTS, 8, (uint64_t)0xFF << 8, "beyond the last" },
    { 0, VTD_REG_FECTL, 8, VTD_FECTL_IP, "an event" },
    { 0, VTD_REG_IECTL, 8, VTD_FECTL_IP | VTD_FECTL_IM, "an event" },
    { 0, VTD_REG_PECTL, 8, VTD_FECTL_IP | VTD_FECTL_IM, "an event" },
    { 0, VTD_REG_FEADDR, 8, 1, "a bit that it does not have" },
    { 0, VTD_REG_FEADDR, 8, (uint64_t)1 << 32, "a bit that it does not have" },
    { 0, VTD_REG_IQH, 8, 0x1000, "head lies outside" },
    { 0, VTD_REG_IQH, 8, 0x10, "between two descriptors" },
    { 0, VTD_REG_IQT, 8, 1, "a bit that it does not have" },
    { 0, VTD_REG_IQA, 8, 8, "a bit that it does not have" },
    { 0, VTD_REG_CCMD, 8, VTD_CCMD_ICC, "busy for ever" },
    { 0, VTD_REG_PMEN, 8, VTD_PMEN_EPM, "would never follow" },
    { 0, VTD_REG_PMEN, 8, VTD_PMEN_PRS, "would never follow" },
    { 0, VTD_REG_IQERCD, 8, 16, "a bit that it does not have" },
    { SB_REGISTERS, 0, 4, 0, "never changes" },
    { SB_REGISTERS, 0, 4, VTD_REG_GSTS + 1, "does not have" },
    { SB_REGISTERS, 0, 4, VTD_REG_RTADDR, "a register twice" },
    { SB_REGISTERS, 4, 4, 1, "reserved field" },
    { SB_ROOT, 0, 8, (uint64_t)1 << 46, "root table" },
    { SB_ROOT, 0, 8, 1, "root table" },
    { SB_FAULTS, 0, 4, 256, "beyond the last" },
    { SB_FAULTS, 4, 4, 0, "fault records" },
    { SB_FAULTS, 4, 4, UINT32_MAX, "fault records" },
    { SB_FAULTS, 8, 8, 1, "no fault fills in" },
    { SB_FAULTS, 16, 8, VTD_FRCD_HI_F, "no fault fills in" },
    { SB_FAULTS, 24, 8, 0x1000, "no fault fills in" },
    { SB_FAULTS, 32, 8, 1, "no fault fills in" },
    { SB_FAULTS, 16, 8, (uint64_t)0x71 << 32 | 1 << 16, "no fault fills in" },
    { SB_FAULTS, 16, 8, (uint64_t)0x71 << 32 | VTD_FRCD_HI_EXE, "no fault fills in" },
    { SB_FAULTS, 16, 8, (uint64_t)0x71 << 32 | VTD_FRCD_HI_AT, "no fault fills in" },
    { SB_QUEUE, 0, 4, 64, "a flag or a requester id" },
    { SB_QUEUE, 0, 4, 2, "there was none" },
    { SB_QUEUE, 4, 4, 0x10000, "a flag or a requester id" },
    { SB_QUEUE, 4, 4, 1, "although none did" },
    { SB_QUEUE, 8, 4, 1, "slower than any" },
    { SB_QUEUE, 12, 4, 17, "more device-TLB requests" },
    { SB_QUEUE, 12, 4, 0, "wrong length" },
    { SB_QUEUE, 12, 4, 2, "wrong length" },
    { SB_QUEUE, 16, 4, 0x10000, "a flag or a requester id" },
    { SB_QUEUE, 20, 4, 4, "a flag or a requester id" },
    { SB_QUEUE, 20, 4, 2, "no descriptor asks for" },
    { SB_QUEUE, 24, 4, 1, "no descriptor asks for" },
    { SB_QUEUE, 28, 4, 13, "slower than any" },
    { SB_QUEUE, 32, 8, 0x7001, "no descriptor asks for" },
    { SB_QUEUE, 40, 8, 0x3000, "no descriptor asks for" },
    { SB_QUEUE, 40, 8, 0x9000, "no descriptor asks for" }, /* aligned, but no power of two */
    { SB_QUEUE, 40, 8, 0x800, "no descriptor asks for" },
    { SB_QUEUE, 40, 8, 0, "no descriptor asks for" },
    { SB_COMMANDS, 0, 4, 5, "longer than any" },
    { SB_COMMANDS, 0, 4, 0, "cannot give" },
    { SB_COMMANDS, 4, 4, 1, "cannot give" },
    { SB_COMMANDS, 8, 4, 0, "cannot give" },
    { SB_COMMANDS, 8, 4, VTD_GCMD_QIE | VTD_GCMD_TE, "cannot give" },
    { SB_COMMANDS, 8, 4, VTD_GCMD_SRTP, "cannot give" },
    { SB_COMMANDS, 12, 4, VTD_GCMD_SRTP, "cannot give" },
    { SB_COMMANDS, 16, 4, 5, "longer than any" },
    { SB_COMMANDS, 20, 4, 5, "longer than any" },
    { SB_COMMANDS, 24, 4, UINT32_MAX, "longer than any" },
    { SB_COMMANDS, 28, 4, 1, "reserved field" },
    { SB_DICE, 0, 4, IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_QUEUE_ERROR), "may not tell" },
    { SB_DICE, 4, 4, 1, "reserved field" },
};

static void test_fields_out_of_range_are_refused_one_by_one(void **state)
{
    struct fx f;
    struct image image;
    image_busy_unit(&f);
    image_save(f.model, &image);
    for (unsigned i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        const struct wrong *wrong = &wrongs[i];
        struct image changed = image;
        size_t at = wrong->section ? sb_section(image.bytes, image.size, wrong->section)
                                   : sb_register(image.bytes, image.size, wrong->at);
        assert_true(at != 0);
        sb_put(changed.bytes, at + (wrong->section ? wrong->at : 0), wrong->width, wrong->value);
        sb_seal(changed.bytes, changed.size);
        image_refused(f.model, changed.bytes, changed.size, wrong->reason);
    }
    fx_end(&f);
}

/* The same on a unit that has nothing. */
static void test_status_of_what_an_old_unit_lacks_is_refused(void **state)
{
    static const struct wrong old[] = {
        { 0, VTD_REG_GSTS, 8, VTD_GSTS_QIES, "a queue is on" },
        { 0, VTD_REG_FSTS, 8, VTD_FSTS_IQE, "a queue is on" },
        { 0, VTD_REG_FSTS, 8, VTD_FSTS_ITE, "a device-TLB failed" },
        { 0, VTD_REG_FSTS, 8, VTD_FSTS_ICE, "a device-TLB failed" },
        { SB_ROOT, 0, 8, (uint64_t)1 << 10, "root table" },
        { SB_QUEUE, 0, 4, 1, "work of a queue" },
        { SB_QUEUE, 0, 4, 4, "knows none" },
    };
    struct fx f;
    struct image image;
    fx_preset(&f, "legacy-no-queue");
    fx_create(&f);
    image_save(f.model, &image);
    for (unsigned i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
        struct image changed = image;
        size_t at = old[i].section ? sb_section(image.bytes, image.size, old[i].section) + old[i].at
                                   : sb_register(image.bytes, image.size, old[i].at);
        sb_put(changed.bytes, at, old[i].width, old[i].value);
        sb_seal(changed.bytes, changed.size);
        image_refused(f.model, changed.bytes, changed.size, old[i].reason);
    }
    fx_end(&f);
}

/* It has a queue, but knows no device-TLBs. */
static void test_errors_of_devices_need_device_tlbs(void **state)
{
    static const uint64_t ids[] = { VTD_IQERCD_ITESID, VTD_IQERCD_ICESID };
    struct fx f;
    struct image image;
    fx_preset(&f, "scalable");
    f.config.ecap &= ~VTD_ECAP_DT;
    fx_create(&f);
    image_save(f.model, &image);
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct image changed = image;
        sb_put(changed.bytes, sb_register(image.bytes, image.size, VTD_REG_IQERCD), 8, ids[i] & (0 - ids[i]));
        sb_seal(changed.bytes, changed.size);
        image_refused(f.model, changed.bytes, changed.size, "a device-TLB failed");
    }
    fx_end(&f);
}

static void test_a_device_that_timed_out_has_a_name(void **state)
{
    struct fx f;
    struct image image, again;
    image_busy_unit(&f);
    image_save(f.model, &image);
    size_t flags = sb_section(image.bytes, image.size, SB_QUEUE);
    sb_put(image.bytes, flags, 4, sb_get(image.bytes, flags, 4) | 4);
    sb_put(image.bytes, flags + 4, 4, 0x108);
    sb_seal(image.bytes, image.size);
    image_restore(f.model, &image);
    image_save(f.model, &again);
    image_same(&image, &again);
    fx_end(&f);
}

static void test_what_was_started_was_asked_for(void **state)
{
    struct fx f;
    struct image image;
    image_busy_unit(&f);
    image_save(f.model, &image);
    size_t commands = sb_section(image.bytes, image.size, SB_COMMANDS);
    sb_put(image.bytes, commands + 8, 4, 0);
    sb_put(image.bytes, commands + 12, 4, VTD_GCMD_SRTP);
    sb_seal(image.bytes, image.size);
    image_refused(f.model, image.bytes, image.size, "cannot give");
    fx_end(&f);
}

static void test_an_iotlb_register_is_not_busy_for_ever(void **state)
{
    struct fx f;
    struct image image;
    image_busy_unit(&f);
    image_save(f.model, &image);
    uint32_t offset = (uint32_t)SPEC_GET(VTD_ECAP_IRO, f.config.ecap) * 16 + 8;
    sb_put(image.bytes, sb_register(image.bytes, image.size, offset), 8, VTD_IOTLB_IVT);
    sb_seal(image.bytes, image.size);
    image_refused(f.model, image.bytes, image.size, "busy for ever");
    fx_end(&f);
}

static void test_an_event_without_a_cause_is_refused(void **state)
{
    struct fx f;
    struct image image;
    fx_preset(&f, "scalable");
    fx_create(&f);
    image_save(f.model, &image);
    sb_put(image.bytes, sb_register(image.bytes, image.size, VTD_REG_FECTL), 8, VTD_FECTL_IM | VTD_FECTL_IP);
    sb_seal(image.bytes, image.size);
    image_refused(f.model, image.bytes, image.size, "an event");
    fx_end(&f);
}

static void test_a_device_tlb_request_has_a_pasid_of_20_bits(void **state)
{
    struct fx f;
    struct image image;
    image_busy_unit(&f);
    image_save(f.model, &image);
    size_t request = sb_section(image.bytes, image.size, SB_QUEUE) + 16;
    sb_put(image.bytes, request + 4, 4, 3);
    sb_put(image.bytes, request + 8, 4, 0xFFFFF);
    sb_seal(image.bytes, image.size);
    image_restore(f.model, &image);
    sb_put(image.bytes, request + 8, 4, 0x100000);
    sb_seal(image.bytes, image.size);
    image_refused(f.model, image.bytes, image.size, "no descriptor asks for");
    fx_end(&f);
}

static void test_a_head_that_has_moved_needs_a_queue_that_is_on(void **state)
{
    struct fx f;
    struct image image;
    fx_preset(&f, "scalable");
    fx_create(&f);
    image_save(f.model, &image);
    sb_put(image.bytes, sb_register(image.bytes, image.size, VTD_REG_IQH), 8, 0x20);
    sb_seal(image.bytes, image.size);
    image_refused(f.model, image.bytes, image.size, "although the queue is off");
    fx_end(&f);
}

static void test_a_state_of_another_unit_is_refused(void **state)
{
    static const struct {
        size_t at;
        unsigned width;
        uint64_t flip;
        const char *reason;
    } header[] = {
        { 0, 1, 1, "no state" },
        { 8, 4, 3, "version of the format" },
        { 16, 8, 1, "other capabilities" },
        { 24, 8, VTD_ECAP_PT, "other capabilities" },
        { 32, 4, 1, "another version" },
        { 36, 4, 1, "another address width" },
    };
    struct fx f;
    struct image image;
    image_busy_unit(&f);
    image_save(f.model, &image);
    for (unsigned i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
        struct image changed = image;
        sb_put(changed.bytes, header[i].at, header[i].width,
               sb_get(image.bytes, header[i].at, header[i].width) ^ header[i].flip);
        sb_seal(changed.bytes, changed.size);
        image_refused(f.model, changed.bytes, changed.size, header[i].reason);
    }
    fx_end(&f);
}

/* ---- Sections ----------------------------------------------------------------------------------- */

/* Appends a section before the check sum. */
static void append(struct image *image, uint32_t type, const uint8_t *content, size_t bytes)
{
    size_t at = image->size - 4;
    sb_put(image->bytes, at, 4, type);
    sb_put(image->bytes, at + 4, 4, bytes);
    if (bytes)
        memcpy(image->bytes + at + 8, content, bytes);
    image->size += 8 + bytes;
    sb_seal(image->bytes, image->size);
}

/* The section goes; false: it was not there. */
static void cut(struct image *image, uint32_t type)
{
    size_t at = sb_section(image->bytes, image->size, type);
    assert_true(at != 0);
    size_t end = at + sb_get(image->bytes, at - 4, 4);
    memmove(image->bytes + at - 8, image->bytes + end, image->size - end);
    image->size -= end - (at - 8);
    sb_seal(image->bytes, image->size);
}

static void test_unknown_sections_are_passed_over_or_refused(void **state)
{
    struct fx f;
    struct image image, changed, again;
    image_busy_unit(&f);
    image_save(f.model, &image);
    changed = image;
    append(&changed, 0x80000077, (const uint8_t *)"later", 5);
    iommu_model_vtd_reset(f.model);
    image_restore(f.model, &changed);
    image_save(f.model, &again);
    image_same(&image, &again);
    for (uint32_t type = 6; type < 0x80000000; type = type * 3 + 1) {
        changed = image;
        append(&changed, type, NULL, 0);
        image_refused(f.model, changed.bytes, changed.size, "must be understood");
    }
    changed = image;
    append(&changed, 0, NULL, 0);
    image_refused(f.model, changed.bytes, changed.size, "must be understood");
    fx_end(&f);
}

/* A type that may be passed over, and then no length. */
static void test_half_a_section_is_refused(void **state)
{
    struct fx f;
    struct image image;
    image_busy_unit(&f);
    image_save(f.model, &image);
    sb_put(image.bytes, image.size - 4, 4, 0x80000077);
    image.size += 4;
    sb_seal(image.bytes, image.size);
    image_refused(f.model, image.bytes, image.size, "behind the end");
    fx_end(&f);
}

static void test_sections_are_there_once_and_in_any_order(void **state)
{
    static const uint32_t types[] = { SB_REGISTERS, SB_ROOT, SB_FAULTS, SB_QUEUE, SB_COMMANDS, SB_DICE, SB_STATISTICS };
    struct fx f;
    struct image image, changed, again;
    uint8_t content[IOMMU_MODEL_VTD_STATE_MAX];
    image_busy_unit(&f);
    image_save(f.model, &image);
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t at = sb_section(image.bytes, image.size, types[i]);
        size_t bytes = (size_t)sb_get(image.bytes, at - 4, 4);
        memcpy(content, image.bytes + at, bytes);
        changed = image;
        cut(&changed, types[i]);
        if (types[i] < 0x80000000)
            image_refused(f.model, changed.bytes, changed.size, "missing");
        else
            image_restore(f.model, &changed);
        append(&changed, types[i], content, bytes);
        image_restore(f.model, &changed);
        image_save(f.model, &again);
        image_same(&image, &again);
        if (image.size + bytes < sizeof(changed.bytes) - 8) {
            append(&changed, types[i], content, bytes);
            image_refused(f.model, changed.bytes, changed.size, "a section twice");
        }
    }
    fx_end(&f);
}

static void test_a_register_that_is_missing_is_refused(void **state)
{
    struct fx f;
    struct image image;
    fx_begin(&f, "scalable");
    image_save(f.model, &image);
    size_t at = sb_section(image.bytes, image.size, SB_REGISTERS);
    memmove(image.bytes + at, image.bytes + at + 16, image.size - at - 16);
    image.size -= 16;
    sb_put(image.bytes, at - 4, 4, sb_get(image.bytes, at - 4, 4) - 16);
    sb_seal(image.bytes, image.size);
    image_refused(f.model, image.bytes, image.size, "a register is missing");
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_every_flipped_byte_is_refused),
        cmocka_unit_test(test_flipped_bits_below_a_good_check_sum),
        cmocka_unit_test(test_fields_out_of_range_are_refused_one_by_one),
        cmocka_unit_test(test_status_of_what_an_old_unit_lacks_is_refused),
        cmocka_unit_test(test_errors_of_devices_need_device_tlbs),
        cmocka_unit_test(test_a_device_that_timed_out_has_a_name),
        cmocka_unit_test(test_what_was_started_was_asked_for),
        cmocka_unit_test(test_an_iotlb_register_is_not_busy_for_ever),
        cmocka_unit_test(test_half_a_section_is_refused),
        cmocka_unit_test(test_an_event_without_a_cause_is_refused),
        cmocka_unit_test(test_a_device_tlb_request_has_a_pasid_of_20_bits),
        cmocka_unit_test(test_a_head_that_has_moved_needs_a_queue_that_is_on),
        cmocka_unit_test(test_a_state_of_another_unit_is_refused),
        cmocka_unit_test(test_unknown_sections_are_passed_over_or_refused),
        cmocka_unit_test(test_sections_are_there_once_and_in_any_order),
        cmocka_unit_test(test_a_register_that_is_missing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
