/* SPDX-License-Identifier: MIT */
/* platform: core */
/*
 * Formats for units that differ, and what entries say in each capability. Units are filled in by
 * hand; bits of entries are stated by number.
 */
#include "tests/vtd/host.h"

#include "drivers/vtd/vtd.h"

#define BIT(n) ((uint64_t)1 << (n))

#define PAGE_4K BIT(12)
#define PAGE_2M BIT(21)
#define PAGE_1G BIT(30)

#define SCALABLE_BOTH \
    (VTD_ECAP_SMTS | VTD_ECAP_SSTS | VTD_ECAP_FSTS | VTD_ECAP_SMPWCS | VTD_ECAP_C | VTD_ECAP_SC)

static struct vtd_unit unit_with(unsigned sagaw, uint64_t cap, uint64_t ecap, bool scalable)
{
    struct vtd_unit unit = {.cap = cap | (uint64_t)sagaw << 8 | (uint64_t)56 << 16,
                            .ecap = ecap,
                            .scalable = scalable};

    if (vtd_unit_has_stage(&unit, IOMMU_STAGE_SECOND))
        unit.ss_bits = vtd_caps_ss_bits(unit.cap);
    if (vtd_unit_has_stage(&unit, IOMMU_STAGE_FIRST))
        unit.fs_bits = (cap & VTD_CAP_FS5LP) ? 56 : 47;
    return unit;
}

static struct vtd machine_with(struct vtd_unit *units, unsigned count)
{
    struct vtd vtd = {.units = units, .unit_count = count, .dmar = {.address_bits = 46}};

    return vtd;
}

static int choose(struct vtd_unit *units, unsigned count, enum iommu_stage stage, unsigned bits,
                  struct iommu_pt_config *config)
{
    struct vtd vtd = machine_with(units, count);

    return vtd_format_choose(&vtd, NULL, stage, bits, config);
}

/* ---- geometry ------------------------------------------------------------------------------------ */

static void test_one_unit_gives_its_best(void **state)
{
    struct vtd_unit unit = unit_with(1 << 1 | 1 << 2, BIT(34) | BIT(35), SCALABLE_BOTH, true);
    struct iommu_pt_config config;

    assert_int_equal(choose(&unit, 1, IOMMU_STAGE_AUTO, 0, &config), 0);
    assert_int_equal(config.format->stage, IOMMU_STAGE_SECOND);
    assert_int_equal(config.levels, 4);
    assert_int_equal(config.iova_bits, 48);
    assert_int_equal(config.pa_bits, 46);
    assert_int_equal(config.page_sizes, PAGE_4K | PAGE_2M | PAGE_1G);
    assert_true(config.coherent && config.snoop);
}

static void test_narrow_wish_saves_a_level(void **state)
{
    struct vtd_unit unit = unit_with(1 << 1 | 1 << 2, 0, SCALABLE_BOTH, true);
    struct iommu_pt_config config;

    assert_int_equal(choose(&unit, 1, IOMMU_STAGE_SECOND, 32, &config), 0);
    assert_int_equal(config.levels, 3);
    assert_int_equal(config.iova_bits, 32);
    assert_int_equal(choose(&unit, 1, IOMMU_STAGE_SECOND, 49, &config), -IOMMU_EOPNOTSUPP);
}

static void test_first_stage_hands_out_the_lower_half(void **state)
{
    struct vtd_unit unit = unit_with(1 << 2, VTD_CAP_FS1GP, SCALABLE_BOTH, true);
    struct iommu_pt_config config;

    assert_int_equal(choose(&unit, 1, IOMMU_STAGE_FIRST, 0, &config), 0);
    assert_int_equal(config.levels, 4);
    assert_int_equal(config.iova_bits, 47);
    assert_int_equal(config.page_sizes, PAGE_4K | PAGE_2M | PAGE_1G);
    unit = unit_with(1 << 2, VTD_CAP_FS5LP, SCALABLE_BOTH, true);
    assert_int_equal(choose(&unit, 1, IOMMU_STAGE_FIRST, 0, &config), 0);
    assert_int_equal(config.levels, 5);
    assert_int_equal(config.iova_bits, 56);
    assert_int_equal(config.page_sizes, PAGE_4K | PAGE_2M);
}

static void test_domain_for_all_takes_the_least_of_all(void **state)
{
    struct vtd_unit units[] = {
        unit_with(1 << 1 | 1 << 2, BIT(34) | BIT(35), SCALABLE_BOTH, true),
        unit_with(1 << 1, BIT(34), VTD_ECAP_C, false),
    };
    struct iommu_pt_config config;

    assert_int_equal(choose(units, 2, IOMMU_STAGE_AUTO, 0, &config), 0);
    assert_int_equal(config.levels, 3);
    assert_int_equal(config.iova_bits, 39);
    assert_int_equal(config.page_sizes, PAGE_4K | PAGE_2M);
    assert_true(config.coherent);
    assert_false(config.snoop);
}

static void test_one_unsnooped_unit_makes_the_domain_so(void **state)
{
    struct vtd_unit units[] = {
        unit_with(1 << 2, 0, SCALABLE_BOTH, true),
        unit_with(1 << 2, 0, SCALABLE_BOTH & ~VTD_ECAP_SMPWCS, true), /* C does not count here */
    };
    struct iommu_pt_config config;

    assert_int_equal(choose(units, 2, IOMMU_STAGE_AUTO, 0, &config), 0);
    assert_false(config.coherent);
}

static void test_units_without_a_common_width_have_no_common_domain(void **state)
{
    struct vtd_unit units[] = {
        unit_with(1 << 1, 0, VTD_ECAP_C, false),
        unit_with(1 << 2, 0, VTD_ECAP_C, false),
    };
    struct vtd vtd = machine_with(units, 2);
    struct iommu_pt_config config;

    assert_int_equal(choose(units, 2, IOMMU_STAGE_AUTO, 0, &config), -IOMMU_EOPNOTSUPP);
    assert_int_equal(vtd_format_choose(&vtd, &units[1], IOMMU_STAGE_AUTO, 0, &config), 0);
    assert_int_equal(config.levels, 4);
}

static void test_B46_automatic_stage_is_one_that_all_have(void **state)
{
    struct vtd_unit units[] = {
        unit_with(1 << 2, 0, SCALABLE_BOTH & ~VTD_ECAP_SSTS, true),
        unit_with(1 << 2, 0, SCALABLE_BOTH, true),
    };
    struct iommu_pt_config config;

    assert_int_equal(choose(units, 2, IOMMU_STAGE_AUTO, 0, &config), 0);
    assert_int_equal(config.format->stage, IOMMU_STAGE_FIRST);
    assert_int_equal(choose(units, 1, IOMMU_STAGE_SECOND, 0, &config), -IOMMU_EOPNOTSUPP);
}

/* ---- meeting a unit ------------------------------------------------------------------------------ */

static void test_unit_refuses_what_it_cannot_walk(void **state)
{
    struct vtd_unit big = unit_with(1 << 1 | 1 << 2, BIT(34) | BIT(35), SCALABLE_BOTH, true);
    struct vtd_unit others[] = {
        unit_with(1 << 1, BIT(34) | BIT(35), SCALABLE_BOTH, true),                     /* levels */
        unit_with(1 << 2, BIT(34), SCALABLE_BOTH, true),                               /* 1 GiB */
        unit_with(1 << 2, BIT(34) | BIT(35), SCALABLE_BOTH & ~VTD_ECAP_SMPWCS, true),  /* snooping */
        unit_with(1 << 2, BIT(34) | BIT(35), SCALABLE_BOTH & ~VTD_ECAP_SC, true),      /* SNP */
        unit_with(1 << 2, BIT(34) | BIT(35), SCALABLE_BOTH & ~VTD_ECAP_SSTS, true),    /* stage */
    };
    struct iommu_domain domain = {.type = IOMMU_DOMAIN_UNMANAGED, .stage = IOMMU_STAGE_SECOND};

    assert_int_equal(choose(&big, 1, IOMMU_STAGE_SECOND, 0, &domain.pt.config), 0);
    assert_true(vtd_format_fits(&big, &domain));
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(vtd_format_fits(&others[i], &domain));
    domain.type = IOMMU_DOMAIN_IDENTITY;
    assert_false(vtd_format_fits(&big, &domain)); /* no pass-through */
}

/* ---- entries ------------------------------------------------------------------------------------- */

static void build(const struct vtd_unit *unit, enum vtd_pgtt pgtt, uint64_t value[8])
{
    struct vtd_entry_config config = {.pgtt = pgtt,
                                      .did = 0x1234,
                                      .ss_root = 0x10000,
                                      .ss_levels = 4,
                                      .fs_root = 0x20000,
                                      .fs_levels = 5};
    const struct iommu_platform platform = {0};
    struct vtd_unit with_host = *unit;

    with_host.platform = &platform;
    vtd_entry_enter(&with_host, &config, value);
    for (unsigned i = 3; i < 8; i++)
        assert_int_equal(value[i], 0);
}

static void test_B46_every_kind_of_pasid_entry(void **state)
{
    struct vtd_unit unit = unit_with(1 << 2, 0, SCALABLE_BOTH, true);
    uint64_t value[8];

    build(&unit, VTD_PGTT_FIRST, value);
    assert_int_equal(value[0], 1 | 1 << 6 | 2 << 2);
    assert_int_equal(value[1], 0x1234 | BIT(23) | BIT(24));
    assert_int_equal(value[2], 0x20000 | 1 << 2);
    build(&unit, VTD_PGTT_SECOND, value);
    assert_int_equal(value[0], 1 | 2 << 6 | 2 << 2 | 0x10000);
    assert_int_equal(value[1], 0x1234 | BIT(23));
    assert_int_equal(value[2], 0);
    build(&unit, VTD_PGTT_NESTED, value);
    assert_int_equal(value[0], 1 | 3 << 6 | 2 << 2 | 0x10000);
    assert_int_equal(value[2], 0x20000 | 1 << 2);
    build(&unit, VTD_PGTT_PASS_THROUGH, value);
    assert_int_equal(value[0], 1 | 4 << 6 | 2 << 2);
    assert_int_equal(value[1], 0x1234);
}

static void test_snoop_bits_need_their_capability(void **state)
{
    struct vtd_unit unit =
        unit_with(1 << 2, 0, SCALABLE_BOTH & ~(VTD_ECAP_SMPWCS | VTD_ECAP_SC), true);
    uint64_t value[8];

    for (unsigned pgtt = VTD_PGTT_FIRST; pgtt <= VTD_PGTT_PASS_THROUGH; pgtt++) {
        build(&unit, (enum vtd_pgtt)pgtt, value);
        assert_int_equal(value[1], 0x1234);
    }
}

/* ---- ranges -------------------------------------------------------------------------------------- */

static void check_range(uint64_t first, uint64_t last, uint64_t base, unsigned lg2)
{
    struct vtd_range range = vtd_range_cover(first, last);

    assert_int_equal(range.first, base);
    assert_int_equal(range.lg2, lg2);
}

static void test_smallest_aligned_range(void **state)
{
    check_range(0x5000, 0x5fff, 0x5000, 0);
    check_range(0x4000, 0x5fff, 0x4000, 1);
    check_range(0x5000, 0x6fff, 0x4000, 2);
    check_range(0x200000, 0x3fffff, 0x200000, 9);
    check_range(0x1ff000, 0x200fff, 0, 10);
    check_range(0x40000000, 0x7fffffff, 0x40000000, 18);
    check_range(0, UINT64_MAX, 0, 52);
    check_range(UINT64_MAX - 0xfff, UINT64_MAX, UINT64_MAX - 0xfff, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_unit_gives_its_best),
        cmocka_unit_test(test_narrow_wish_saves_a_level),
        cmocka_unit_test(test_first_stage_hands_out_the_lower_half),
        cmocka_unit_test(test_domain_for_all_takes_the_least_of_all),
        cmocka_unit_test(test_one_unsnooped_unit_makes_the_domain_so),
        cmocka_unit_test(test_units_without_a_common_width_have_no_common_domain),
        cmocka_unit_test(test_B46_automatic_stage_is_one_that_all_have),
        cmocka_unit_test(test_unit_refuses_what_it_cannot_walk),
        cmocka_unit_test(test_B46_every_kind_of_pasid_entry),
        cmocka_unit_test(test_snoop_bits_need_their_capability),
        cmocka_unit_test(test_smallest_aligned_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
