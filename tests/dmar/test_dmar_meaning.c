/* SPDX-License-Identifier: MIT */
/*
 * platform: core
 *
 * DMAR records whose form is right and whose meaning is not: units, reserved regions, names and
 * proximities, each fault on its own, and what becomes of it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/dmar/opened.h"

#define BASE   0xfed90000u
#define SECOND 0xfed91000u
#define THIRD  0xfed92000u

/* ---- Units ------------------------------------------------------------------------------- */

static void ignores_base(uint64_t base, unsigned size_lg2)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_unit(&o.b, 0, 1, base);
    dmar_poke(&o.b, o.b.record + 5, size_lg2, 1);
    dmar_scope(&o.b, 99, 0, 0, "2.0"); /* of an ignored record nothing is told */
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_UNIT_BAD_BASE, 64);
    assert_int_equal(opened_records(&o), 1);
    opened_free(&o);
}

static void test_dmar_ignores_unit_without_base(void **state)
{
    ignores_base(0, 0);
}

static void test_dmar_ignores_unit_with_unaligned_base(void **state)
{
    ignores_base(SECOND + 1, 0);
    ignores_base(SECOND + 0x800, 0);
    ignores_base(UINT64_MAX, 0);
}

static void test_dmar_ignores_unit_past_last_address(void **state)
{
    struct opened o;

    ignores_base(0xfffffffffffff000, 1);
    ignores_base(0xfffffffff8001000, 15);
    opened_begin_with_unit(&o, BASE);
    dmar_unit(&o.b, 0, 1, 0xfffffffffffff000);
    opened_finish(&o);
    opened_expect_none(&o);
    opened_free(&o);
}

static void test_dmar_ignores_duplicate_unit(void **state)
{
    struct opened o;

    opened_begin(&o);
    dmar_unit(&o.b, 0, 0, BASE);
    dmar_scope(&o.b, 1, 0, 0, "2.0");
    dmar_unit(&o.b, 0, 1, BASE);
    dmar_unit(&o.b, 0, 0, BASE);
    dmar_unit(&o.b, 1, 0, SECOND);
    opened_finish(&o);
    assert_int_equal(o.result, 0);
    assert_int_equal(o.count, 2);
    assert_true(opened_warned(&o, IOMMU_DMAR_UNIT_DUPLICATE, 72));
    assert_true(opened_warned(&o, IOMMU_DMAR_UNIT_DUPLICATE, 88));
    assert_int_equal(opened_records(&o), 2);
    assert_int_equal(opened_record(&o, 0).offset, 48);
    assert_true(opened_record(&o, 1).base == SECOND);
    opened_free(&o);
}

/* A unit that is ignored claims nothing: neither its base nor the rest of its segment. */
static void test_dmar_ignored_unit_claims_nothing(void **state)
{
    struct opened o;

    opened_begin(&o);
    dmar_unit(&o.b, 0, 0, BASE);
    dmar_unit(&o.b, 1, 0, BASE);
    dmar_unit(&o.b, 1, 0, SECOND + 1);
    dmar_unit(&o.b, 1, 0, SECOND);
    opened_finish(&o);
    assert_int_equal(o.count, 2);
    assert_true(opened_warned(&o, IOMMU_DMAR_UNIT_DUPLICATE, 64));
    assert_true(opened_warned(&o, IOMMU_DMAR_UNIT_BAD_BASE, 80));
    assert_int_equal(opened_records(&o), 2);
    assert_int_equal(opened_record(&o, 1).flags, 1);
    opened_free(&o);
}

static void test_dmar_include_all_not_last(void **state)
{
    struct opened o;

    opened_begin(&o);
    dmar_unit(&o.b, 1, 0, BASE);
    dmar_unit(&o.b, 0, 0, SECOND);
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_INCLUDE_ALL_NOT_LAST, 48);
    assert_int_equal(opened_records(&o), 2);
    assert_int_equal(opened_record(&o, 0).flags, 1);
    opened_free(&o);
}

/* Units of other segments may follow, and so may some that are ignored. */
static void test_dmar_include_all_last_of_its_segment(void **state)
{
    struct opened o;

    opened_begin(&o);
    dmar_unit(&o.b, 1, 0, BASE);
    dmar_unit(&o.b, 0, 1, SECOND);
    dmar_unit(&o.b, 1, 1, THIRD);
    opened_finish(&o);
    opened_expect_none(&o);
    dmar_unit(&o.b, 0, 0, BASE);
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_UNIT_DUPLICATE, 96);
    opened_free(&o);
}

static void test_dmar_include_all_twice(void **state)
{
    struct opened o;

    opened_begin(&o);
    dmar_unit(&o.b, 1, 0, BASE);
    dmar_unit(&o.b, 0x81, 0, SECOND);
    dmar_unit(&o.b, 1, 1, THIRD);
    opened_finish(&o);
    assert_int_equal(o.result, 0);
    assert_int_equal(o.count, 2);
    assert_true(opened_warned(&o, IOMMU_DMAR_INCLUDE_ALL_NOT_LAST, 48));
    assert_true(opened_warned(&o, IOMMU_DMAR_INCLUDE_ALL_TWICE, 64));
    assert_int_equal(opened_records(&o), 3);
    assert_int_equal(opened_record(&o, 0).flags, 1);
    assert_int_equal(opened_record(&o, 1).flags, 0x80);
    assert_int_equal(opened_record(&o, 2).flags, 1);
    opened_free(&o);
}

/* ---- The others -------------------------------------------------------------------------- */

static void region(uint64_t base, uint64_t limit, bool aligned)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_region(&o.b, 0, base, limit);
    opened_finish(&o);
    if (aligned)
        opened_expect_none(&o);
    else
        opened_expect(&o, IOMMU_DMAR_REGION_UNALIGNED, 64);
    assert_int_equal(opened_records(&o), 2);
    assert_true(opened_record(&o, 1).base == base);
    assert_true(opened_record(&o, 1).limit == limit);
    opened_free(&o);
}

static void test_dmar_region_unaligned(void **state)
{
    region(0x1000, 0x2fff, true);
    region(0x1001, 0x2fff, false);
    region(0x1000, 0x2ffe, false);
    region(0x1000, 0x3000, false);
    region(0x1000, 0x1000, false);
    region(0, 0, false);
    region(0, UINT64_MAX, true);
    region(UINT64_MAX, UINT64_MAX, false);
}

static void test_dmar_region_inverted(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_region(&o.b, 0, 0x2000, 0x1fff);
    dmar_region(&o.b, 0, 0x1000, 0x2fff); /* no overlap with what is dropped */
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_REGION_INVERTED, 64);
    assert_int_equal(opened_records(&o), 2);
    assert_true(opened_record(&o, 1).base == 0x1000);
    opened_free(&o);
}

static void regions(uint64_t base, uint64_t limit, bool overlap)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_region(&o.b, 0, 0x10000, 0x1ffff);
    dmar_region(&o.b, 1, base, limit);
    opened_finish(&o);
    if (overlap)
        opened_expect(&o, IOMMU_DMAR_REGION_OVERLAP, 88);
    else
        opened_expect_none(&o);
    assert_int_equal(opened_records(&o), 3);
    opened_free(&o);
}

static void test_dmar_region_overlap(void **state)
{
    regions(0xf000, 0xffff, false);
    regions(0xf000, 0x10fff, true);
    regions(0x10000, 0x1ffff, true);
    regions(0x18000, 0x18fff, true);
    regions(0, UINT64_MAX, true);
    regions(0x1f000, 0x20fff, true);
    regions(0x20000, 0x20fff, false);
}

/* Not a byte in common, but a page that both are rounded to. */
static void test_dmar_region_overlap_in_page(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_region(&o.b, 0, 0x1000, 0x17ff);
    dmar_region(&o.b, 0, 0x1800, 0x1fff);
    opened_finish(&o);
    assert_int_equal(o.count, 3);
    assert_true(opened_warned(&o, IOMMU_DMAR_REGION_UNALIGNED, 64));
    assert_true(opened_warned(&o, IOMMU_DMAR_REGION_UNALIGNED, 88));
    assert_true(opened_warned(&o, IOMMU_DMAR_REGION_OVERLAP, 88));
    opened_free(&o);
}

/* One byte each, the first and the last of a page. */
static void test_dmar_region_overlap_of_bytes(void **state)
{
    static const uint64_t at[] = {0x1000, 0x1fff, 0x1000};
    struct opened o;

    for (size_t i = 0; i < 2; i++) {
        opened_begin_with_unit(&o, BASE);
        dmar_region(&o.b, 0, at[i], at[i]);
        dmar_region(&o.b, 0, at[i + 1], at[i + 1]);
        opened_finish(&o);
        assert_int_equal(opened_records(&o), 3);
        assert_true(opened_warned(&o, IOMMU_DMAR_REGION_OVERLAP, 88));
        opened_free(&o);
    }
}

static void test_dmar_name_without_end(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_namespace(&o.b, 1, "\\_SB.PCI0.I2C0");
    dmar_poke(&o.b, o.b.length - 1, 'X', 1);
    dmar_unit(&o.b, 0, 1, SECOND); /* begins with a 0, which ends nothing before it */
    dmar_namespace(&o.b, 2, "\\_SB.PCI0.I2C1");
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_NAME_UNTERMINATED, 64);
    assert_int_equal(opened_records(&o), 3);
    assert_int_equal(opened_record(&o, 2).device_number, 2);
    opened_free(&o);
}

static void test_dmar_affinity_of_no_unit(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_affinity(&o.b, SECOND, 1);
    dmar_affinity(&o.b, BASE, 2);
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_AFFINITY_UNKNOWN_UNIT, 64);
    assert_int_equal(opened_records(&o), 2);
    assert_int_equal(opened_record(&o, 1).proximity, 2);
    opened_free(&o);
}

/* A unit that is ignored is no unit to be near to. */
static void test_dmar_affinity_of_ignored_unit(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_unit(&o.b, 0, 1, SECOND + 8);
    dmar_affinity(&o.b, SECOND + 8, 1);
    opened_finish(&o);
    assert_int_equal(o.count, 2);
    assert_true(opened_warned(&o, IOMMU_DMAR_UNIT_BAD_BASE, 64));
    assert_true(opened_warned(&o, IOMMU_DMAR_AFFINITY_UNKNOWN_UNIT, 80));
    assert_int_equal(opened_records(&o), 1);
    opened_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dmar_ignores_unit_without_base),
        cmocka_unit_test(test_dmar_ignores_unit_with_unaligned_base),
        cmocka_unit_test(test_dmar_ignores_unit_past_last_address),
        cmocka_unit_test(test_dmar_ignores_duplicate_unit),
        cmocka_unit_test(test_dmar_ignored_unit_claims_nothing),
        cmocka_unit_test(test_dmar_include_all_not_last),
        cmocka_unit_test(test_dmar_include_all_last_of_its_segment),
        cmocka_unit_test(test_dmar_include_all_twice),
        cmocka_unit_test(test_dmar_region_unaligned),
        cmocka_unit_test(test_dmar_region_inverted),
        cmocka_unit_test(test_dmar_region_overlap),
        cmocka_unit_test(test_dmar_region_overlap_in_page),
        cmocka_unit_test(test_dmar_region_overlap_of_bytes),
        cmocka_unit_test(test_dmar_name_without_end),
        cmocka_unit_test(test_dmar_affinity_of_no_unit),
        cmocka_unit_test(test_dmar_affinity_of_ignored_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
