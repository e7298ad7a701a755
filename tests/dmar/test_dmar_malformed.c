/* SPDX-License-Identifier: MIT */
/*
 * platform: core
 *
 * Each malformation of the table, its records and scopes on its own, and what becomes of it. Most
 * tables here start with a sound unit that includes all, so that there is something left to keep;
 * the damage follows at offset 64.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/dmar/opened.h"

#define BASE   0xfed90000u
#define SECOND 0xfed91000u

static void expect_refused(struct opened *o, int result)
{
    struct iommu_dmar before;

    memset(&o->dmar, 0x5a, sizeof(o->dmar));
    before = o->dmar;
    assert_int_equal(iommu_dmar_open(o->b.bytes, o->b.length, &o->dmar, NULL, NULL), result);
    assert_memory_equal(&o->dmar, &before, sizeof(before));
}

/* ---- The table itself -------------------------------------------------------------------- */

static void test_dmar_refuses_other_tables(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    memcpy(o.b.bytes, "APIC", 4);
    dmar_end(&o.b);
    expect_refused(&o, -IOMMU_EINVAL);
    opened_free(&o);
    assert_int_equal(iommu_dmar_open(NULL, 0, &o.dmar, NULL, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_dmar_open(NULL, 64, &o.dmar, NULL, NULL), -IOMMU_EINVAL);
}

static void test_dmar_refuses_bad_checksum(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_end(&o.b);
    o.b.bytes[9]++;
    expect_refused(&o, -IOMMU_EINVAL);
    opened_free(&o);
}

static void test_dmar_refuses_short_table(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    for (size_t length = 0; length < 48; length++) {
        dmar_poke(&o.b, 4, length, 4);
        dmar_seal(&o.b);
        expect_refused(&o, -IOMMU_EINVAL);
    }
    opened_free(&o);
}

static void test_dmar_refuses_length_beyond_bytes(void **state)
{
    static const uint32_t lengths[] = {65, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        dmar_poke(&o.b, 4, lengths[i], 4);
        dmar_seal(&o.b);
        expect_refused(&o, -IOMMU_EINVAL);
    }
    opened_free(&o);
}

static void test_dmar_without_unit_is_no_iommu(void **state)
{
    struct opened o;

    opened_begin(&o);
    dmar_end(&o.b);
    expect_refused(&o, -IOMMU_ENODEV);
    dmar_region(&o.b, 0, 0x1000, 0x1fff);
    dmar_end(&o.b);
    expect_refused(&o, -IOMMU_ENODEV);
    opened_free(&o);
}

/* As a notebook has it whose firmware switched its only unit off. */
static void test_dmar_with_unusable_unit_is_no_iommu(void **state)
{
    struct opened o;

    opened_begin(&o);
    dmar_unit(&o.b, 1, 0, 0);
    dmar_region(&o.b, 0, 0x90e11000, 0x90e30fff);
    dmar_scope(&o.b, 1, 0, 0, "1d.0");
    opened_finish(&o);
    assert_int_equal(o.result, -IOMMU_ENODEV);
    assert_int_equal(o.count, 1);
    assert_true(opened_warned(&o, IOMMU_DMAR_UNIT_BAD_BASE, 48));
    expect_refused(&o, -IOMMU_ENODEV);
    opened_free(&o);
}

static void test_dmar_address_width(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_poke(&o.b, 36, 10, 1);
    dmar_end(&o.b);
    expect_refused(&o, -IOMMU_ENODEV);
    dmar_poke(&o.b, 36, 11, 1);
    opened_finish(&o);
    opened_expect_none(&o);
    assert_int_equal(o.dmar.address_bits, 12);
    dmar_poke(&o.b, 36, 63, 1);
    opened_finish(&o);
    opened_expect_none(&o);
    assert_int_equal(o.dmar.address_bits, 64);
    dmar_poke(&o.b, 36, 255, 1);
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_ADDRESS_BITS, 36);
    assert_int_equal(o.dmar.address_bits, 64);
    opened_free(&o);
}

/* ---- Records ----------------------------------------------------------------------------- */

static void stops_at_length(unsigned length)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_region(&o.b, 0, 0x1000, 0x1fff);
    dmar_poke(&o.b, o.b.record + 2, length, 2);
    dmar_unit(&o.b, 0, 0, SECOND);
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_RECORD_TRUNCATED, 64);
    assert_int_equal(o.dmar.length, 64);
    assert_int_equal(opened_records(&o), 1);
    opened_free(&o);
}

static void test_dmar_stops_at_record_length_0(void **state)
{
    stops_at_length(0);
}

static void test_dmar_stops_at_record_below_header(void **state)
{
    stops_at_length(1);
    stops_at_length(3);
}

static void test_dmar_stops_at_record_past_table(void **state)
{
    stops_at_length(24 + 16 + 1);
    stops_at_length(0xffff);
}

/* Three bytes cannot even hold a header. */
static void test_dmar_stops_at_remainder(void **state)
{
    for (size_t rest = 1; rest < 4; rest++) {
        struct opened o;

        opened_begin_with_unit(&o, BASE);
        o.b.record = 0;
        for (size_t i = 0; i < rest; i++)
            o.b.bytes[o.b.length++] = 0;
        opened_finish(&o);
        opened_expect(&o, IOMMU_DMAR_RECORD_TRUNCATED, 64);
        assert_int_equal(opened_records(&o), 1);
        opened_free(&o);
    }
}

/* What was valid before the end is kept, but not what is half there. */
static void test_dmar_truncation_spares_earlier_records_only(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_unit(&o.b, 0, 1, SECOND);
    dmar_scope(&o.b, 1, 0, 0, "2.0");
    o.b.length -= 1;
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_RECORD_TRUNCATED, 64);
    assert_int_equal(opened_records(&o), 1);
    opened_free(&o);
}

static void test_dmar_drops_record_below_fixed_part(void **state)
{
    static const unsigned fixed[] = {16, 24, 8, 20, 9, 8, 8};

    for (unsigned type = 0; type < 7; type++) {
        for (unsigned length = 4; length < fixed[type]; length++) {
            struct opened o;

            opened_begin_with_unit(&o, BASE);
            dmar_record(&o.b, type);
            dmar_put(&o.b, 0, length - 4);
            dmar_unit(&o.b, 0, 1, SECOND);
            opened_finish(&o);
            opened_expect(&o, IOMMU_DMAR_RECORD_SHORT, 64);
            assert_int_equal(opened_records(&o), 2);
            assert_true(opened_record(&o, 1).base == SECOND);
            opened_free(&o);
        }
    }
}

static void test_dmar_skips_unknown_record(void **state)
{
    static const unsigned types[] = {7, 255, 256, 0xffff};

    for (size_t i = 0; i < 4; i++) {
        struct opened o;

        opened_begin_with_unit(&o, BASE);
        dmar_record(&o.b, types[i]);
        dmar_put(&o.b, 0x0101010101010101, 4 * i);
        dmar_unit(&o.b, 0, 1, SECOND);
        opened_finish(&o);
        opened_expect(&o, IOMMU_DMAR_RECORD_UNKNOWN, 64);
        assert_int_equal(opened_records(&o), 2);
        opened_free(&o);
    }
}

/* A header and nothing else is a whole record, also as the table's last four bytes. */
static void test_dmar_skips_bare_header_at_end(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_record(&o.b, 8);
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_RECORD_UNKNOWN, 64);
    assert_int_equal(o.dmar.length, 68);
    opened_free(&o);
}

static void test_dmar_reads_1024_records(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    for (unsigned i = 0; i < 1023; i++)
        dmar_affinity(&o.b, BASE, i);
    opened_finish(&o);
    opened_expect_none(&o);
    assert_int_equal(opened_records(&o), 1024);
    dmar_affinity(&o.b, BASE, 0);
    dmar_affinity(&o.b, BASE, 0);
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_RECORDS_TOO_MANY, 64 + 1023 * 20);
    assert_int_equal(opened_records(&o), 1024);
    opened_free(&o);
}

/* ---- Scopes ------------------------------------------------------------------------------ */

static void drops_rest_at_scope_length(unsigned length)
{
    struct opened o;

    opened_begin(&o);
    dmar_unit(&o.b, 1, 0, BASE);
    dmar_scope(&o.b, 3, 2, 0, "1f.0");
    dmar_scope(&o.b, 1, 0, 0, "2.0");
    dmar_poke(&o.b, o.b.scope + 1, length, 1);
    dmar_scope(&o.b, 4, 0, 0, "1f.0");
    dmar_region(&o.b, 0, 0x1000, 0x1fff);
    dmar_scope(&o.b, 1, 0, 0, "14.0");
    opened_finish(&o);
    opened_expect(&o, IOMMU_DMAR_SCOPE_BAD_LENGTH, 72);
    assert_int_equal(opened_records(&o), 2);
    assert_int_equal(opened_scopes(&o, 0), 1);
    assert_int_equal(opened_scopes(&o, 1), 1);
    opened_free(&o);
}

static void test_dmar_scope_length_0(void **state)
{
    drops_rest_at_scope_length(0);
}

static void test_dmar_scope_length_odd(void **state)
{
    drops_rest_at_scope_length(9);
    drops_rest_at_scope_length(15);
}

static void test_dmar_scope_length_below_8(void **state)
{
    for (unsigned length = 1; length < 8; length++)
        drops_rest_at_scope_length(length);
}

/* Within the table, but past its record. */
static void test_dmar_scope_length_past_record(void **state)
{
    drops_rest_at_scope_length(18);
    drops_rest_at_scope_length(254);
}

static void test_dmar_scope_remainder(void **state)
{
    for (size_t rest = 1; rest < 8; rest++) {
        struct opened o;

        opened_begin(&o);
        dmar_unit(&o.b, 1, 0, BASE);
        dmar_scope(&o.b, 3, 2, 0, "1f.0");
        dmar_put(&o.b, 0x0801, rest);
        dmar_region(&o.b, 0, 0x1000, 0x1fff);
        opened_finish(&o);
        opened_expect(&o, IOMMU_DMAR_SCOPE_BAD_LENGTH, 72);
        assert_int_equal(opened_scopes(&o, 0), 1);
        assert_int_equal(opened_records(&o), 2);
        opened_free(&o);
    }
}

static void test_dmar_skips_unknown_scope(void **state)
{
    static const unsigned types[] = {0, 6, 255};

    for (size_t i = 0; i < 3; i++) {
        struct opened o;

        opened_begin(&o);
        dmar_unit(&o.b, 1, 0, BASE);
        dmar_scope(&o.b, types[i], 2, 0, "1.0 2.0");
        dmar_scope(&o.b, 4, 0, 0, "1f.0");
        opened_finish(&o);
        opened_expect(&o, IOMMU_DMAR_SCOPE_UNKNOWN, 64);
        assert_int_equal(opened_scopes(&o, 0), 1);
        assert_int_equal(opened_scope(&o, 0, 0).type, IOMMU_DMAR_SCOPE_HPET);
        opened_free(&o);
    }
}

/* Every kind of record with scopes is looked at. */
static void test_dmar_bad_scopes_in_every_record(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, BASE);
    dmar_put(&o.b, 0, 2);
    dmar_region(&o.b, 0, 0x1000, 0x1fff);
    dmar_put(&o.b, 0, 2);
    dmar_ats(&o.b, 0, 0);
    dmar_put(&o.b, 0, 2);
    dmar_atc(&o.b, 0, 0);
    dmar_put(&o.b, 0, 2);
    dmar_property(&o.b, 0);
    dmar_put(&o.b, 0, 2);
    opened_finish(&o);
    assert_int_equal(o.result, 0);
    assert_int_equal(o.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(o.warning[i], IOMMU_DMAR_SCOPE_BAD_LENGTH);
    assert_int_equal(opened_records(&o), 5);
    opened_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dmar_refuses_other_tables),
        cmocka_unit_test(test_dmar_refuses_bad_checksum),
        cmocka_unit_test(test_dmar_refuses_short_table),
        cmocka_unit_test(test_dmar_refuses_length_beyond_bytes),
        cmocka_unit_test(test_dmar_without_unit_is_no_iommu),
        cmocka_unit_test(test_dmar_with_unusable_unit_is_no_iommu),
        cmocka_unit_test(test_dmar_address_width),
        cmocka_unit_test(test_dmar_stops_at_record_length_0),
        cmocka_unit_test(test_dmar_stops_at_record_below_header),
        cmocka_unit_test(test_dmar_stops_at_record_past_table),
        cmocka_unit_test(test_dmar_stops_at_remainder),
        cmocka_unit_test(test_dmar_truncation_spares_earlier_records_only),
        cmocka_unit_test(test_dmar_drops_record_below_fixed_part),
        cmocka_unit_test(test_dmar_skips_unknown_record),
        cmocka_unit_test(test_dmar_skips_bare_header_at_end),
        cmocka_unit_test(test_dmar_reads_1024_records),
        cmocka_unit_test(test_dmar_scope_length_0),
        cmocka_unit_test(test_dmar_scope_length_odd),
        cmocka_unit_test(test_dmar_scope_length_below_8),
        cmocka_unit_test(test_dmar_scope_length_past_record),
        cmocka_unit_test(test_dmar_scope_remainder),
        cmocka_unit_test(test_dmar_skips_unknown_scope),
        cmocka_unit_test(test_dmar_bad_scopes_in_every_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
