/* SPDX-License-Identifier: MIT */
/* platform: core */
/* Capabilities: what contradicts itself is cut down to what can be relied on. Bits are stated by number. */
#include "tests/vtd/host.h"

#include "drivers/vtd/vtd.h"

#define BIT(n) ((uint64_t)1 << (n))

#define QI     BIT(1)
#define DT     BIT(2)
#define NEST   BIT(26)
#define PRS    BIT(29)
#define PASID  BIT(40)
#define SMTS   BIT(43)
#define SSTS   BIT(46)
#define FSTS   BIT(47)
#define SMPWCS BIT(48)
#define PSS20  ((uint64_t)19 << 35)

static uint64_t checked(uint64_t ecap)
{
    uint64_t cap = 0;

    vtd_caps_check(&cap, &ecap);
    return ecap;
}

static void test_feature_without_prerequisite_is_absent(void **state)
{
    assert_int_equal(checked(DT), 0);
    assert_int_equal(checked(DT | QI), DT | QI);
    assert_int_equal(checked(SMTS | SSTS | PASID | PSS20), 0);
    assert_int_equal(checked(QI | SMTS | FSTS | NEST), QI | SMTS | FSTS);
    assert_int_equal(checked(QI | SMTS | SSTS | PRS), QI | SMTS | SSTS);
    assert_int_equal(checked(QI | SMTS | SSTS | PSS20), QI | SMTS | SSTS);
    assert_int_equal(checked(QI | SMPWCS), QI);
}

static void test_scalable_mode_needs_a_stage(void **state)
{
    assert_int_equal(checked(QI | SMTS | PASID | PSS20), QI);
    assert_int_equal(checked(QI | SMTS | SSTS | PASID | PSS20), QI | SMTS | SSTS | PASID | PSS20);
}

static void test_page_sizes_that_are_no_legal_value(void **state)
{
    uint64_t cap = BIT(35), ecap = 0; /* 1 GiB without 2 MiB */

    vtd_caps_check(&cap, &ecap);
    assert_int_equal(cap, 0);
    cap = BIT(34) | BIT(35) | BIT(36) | BIT(37);
    vtd_caps_check(&cap, &ecap);
    assert_int_equal(cap, BIT(34) | BIT(35));
}

static void test_domain_id_width_is_cut_to_16_bits(void **state)
{
    uint64_t cap = 7, ecap = 0;

    vtd_caps_check(&cap, &ecap);
    assert_int_equal(cap, 6);
}

static uint8_t ss_bits(unsigned sagaw, unsigned mgaw)
{
    return vtd_caps_ss_bits((uint64_t)sagaw << 8 | (uint64_t)(mgaw - 1) << 16);
}

static void test_input_width_is_the_lesser_of_tables_and_reach(void **state)
{
    assert_int_equal(ss_bits(1 << 1, 39), 39);
    assert_int_equal(ss_bits(1 << 1 | 1 << 2, 39), 39);
    assert_int_equal(ss_bits(1 << 2, 52), 48);
    assert_int_equal(ss_bits(1 << 2 | 1 << 3, 57), 57);
    assert_int_equal(ss_bits(0, 48), 0);           /* remaps interrupts only */
    assert_int_equal(ss_bits(1 << 0 | 1 << 4, 64), 0); /* obsolete widths */
}

static void test_B31_pasid_limit(void **state)
{
    assert_int_equal(vtd_caps_pasid_limit(PSS20), 0);
    assert_int_equal(vtd_caps_pasid_limit(PASID), 2);
    assert_int_equal(vtd_caps_pasid_limit(PASID | (uint64_t)9 << 35), 1024);
    assert_int_equal(vtd_caps_pasid_limit(PASID | PSS20), 1 << 20);
    assert_int_equal(vtd_caps_pasid_limit(PASID | (uint64_t)31 << 35), 1 << 20);
}

static void test_quirks_clear_then_set_and_know_their_unit(void **state)
{
    const struct iommu_vtd_quirk quirks[] = {
        {.base = 0x1000, .cap_set = 1},
        {.base = 0x2000, .cap_set = 2},
        {.base = 0, .ecap_clear = 0xf0, .ecap_set = 0x10},
    };
    uint64_t cap = 0, ecap = 0xff;

    vtd_caps_quirks(quirks, 3, 0x2000, &cap, &ecap);
    assert_int_equal(cap, 2);
    assert_int_equal(ecap, 0x1f);
}

static void test_register_block_reaches_fault_and_iotlb_registers(void **state)
{
    uint64_t cap = (uint64_t)0x3ff << 24 | (uint64_t)255 << 40; /* FRO, NFR */
    uint64_t ecap = (uint64_t)0x200 << 8;                        /* IRO */

    assert_int_equal(vtd_caps_register_bytes(0, 0), 4096);
    assert_int_equal(vtd_caps_register_bytes(cap, 0), 0x3ff0 + 256 * 16);
    assert_int_equal(vtd_caps_register_bytes(0, ecap), 0x2000 + 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_feature_without_prerequisite_is_absent),
        cmocka_unit_test(test_scalable_mode_needs_a_stage),
        cmocka_unit_test(test_page_sizes_that_are_no_legal_value),
        cmocka_unit_test(test_domain_id_width_is_cut_to_16_bits),
        cmocka_unit_test(test_input_width_is_the_lesser_of_tables_and_reach),
        cmocka_unit_test(test_B31_pasid_limit),
        cmocka_unit_test(test_quirks_clear_then_set_and_know_their_unit),
        cmocka_unit_test(test_register_block_reaches_fault_and_iotlb_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
