/* SPDX-License-Identifier: MIT */
/*
 * platform: core
 *
 * Sound DMAR tables: every field of every record, by number.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/dmar/opened.h"

#define UNIT_BASE 0xfed91000u

static void test_dmar_unit(void **state)
{
    struct opened o;
    struct iommu_dmar_record r;

    opened_begin(&o);
    dmar_unit(&o.b, 1, 0x1234, 0x8877665544332000);
    opened_finish(&o);
    opened_expect_none(&o);
    assert_int_equal(o.dmar.address_bits, 39);
    assert_int_equal(o.dmar.flags, 1);
    assert_int_equal(o.dmar.length, 64);
    assert_ptr_equal(o.dmar.bytes, o.b.bytes);
    assert_int_equal(opened_records(&o), 1);
    r = opened_record(&o, 0);
    assert_int_equal(r.type, IOMMU_DMAR_UNIT);
    assert_int_equal(r.offset, 48);
    assert_int_equal(r.length, 16);
    assert_int_equal(r.flags, 1);
    assert_int_equal(r.size_lg2, 0);
    assert_int_equal(r.segment, 0x1234);
    assert_true(r.base == 0x8877665544332000);
    assert_int_equal(r.scopes, 64);
    assert_int_equal(opened_scopes(&o, 0), 0);
    opened_free(&o);
}

static void test_dmar_unit_of_many_pages(void **state)
{
    struct opened o;

    opened_begin(&o);
    dmar_unit(&o.b, 0, 0, UNIT_BASE);
    dmar_poke(&o.b, o.b.record + 5, 0xf4, 1); /* the upper half is reserved */
    opened_finish(&o);
    opened_expect_none(&o);
    assert_int_equal(opened_record(&o, 0).size_lg2, 4);
    opened_free(&o);
}

static void test_dmar_reserved_region(void **state)
{
    struct opened o;
    struct iommu_dmar_record r;

    opened_begin_with_unit(&o, UNIT_BASE);
    dmar_region(&o.b, 0xfedc, 0x1122334455667000, 0x1122334455668fff);
    dmar_scope(&o.b, 1, 0, 0, "14.0");
    opened_finish(&o);
    opened_expect_none(&o);
    r = opened_record(&o, 1);
    assert_int_equal(r.type, IOMMU_DMAR_RESERVED);
    assert_int_equal(r.segment, 0xfedc);
    assert_true(r.base == 0x1122334455667000);
    assert_true(r.limit == 0x1122334455668fff);
    assert_int_equal(r.flags, 0);
    assert_int_equal(r.scopes, 64 + 24);
    assert_int_equal(opened_scopes(&o, 1), 1);
    opened_free(&o);
}

static void test_dmar_ats(void **state)
{
    struct opened o;
    struct iommu_dmar_record r;

    opened_begin_with_unit(&o, UNIT_BASE);
    dmar_ats(&o.b, 1, 0x0102);
    dmar_ats(&o.b, 0, 3);
    dmar_scope(&o.b, 2, 0, 0x17, "2.0");
    opened_finish(&o);
    opened_expect_none(&o);
    r = opened_record(&o, 1);
    assert_int_equal(r.type, IOMMU_DMAR_ATS);
    assert_int_equal(r.flags, 1);
    assert_int_equal(r.segment, 0x0102);
    assert_int_equal(r.scopes, 64 + 8);
    assert_int_equal(opened_record(&o, 2).flags, 0);
    assert_int_equal(opened_scope(&o, 2, 0).type, IOMMU_DMAR_SCOPE_BRIDGE);
    assert_int_equal(opened_scope(&o, 2, 0).start_bus, 0x17);
    opened_free(&o);
}

static void test_dmar_affinity(void **state)
{
    struct opened o;
    struct iommu_dmar_record r;

    opened_begin(&o);
    dmar_affinity(&o.b, UNIT_BASE, 0x89abcdef); /* before its unit: unusual, but clear */
    dmar_unit(&o.b, 1, 0, UNIT_BASE);
    opened_finish(&o);
    opened_expect_none(&o);
    r = opened_record(&o, 0);
    assert_int_equal(r.type, IOMMU_DMAR_AFFINITY);
    assert_true(r.base == UNIT_BASE);
    assert_true(r.proximity == 0x89abcdef);
    assert_int_equal(r.scopes, 0);
    assert_int_equal(opened_scopes(&o, 0), 0);
    opened_free(&o);
}

static void test_dmar_namespace_device(void **state)
{
    struct opened o;
    struct iommu_dmar_record r;

    opened_begin_with_unit(&o, UNIT_BASE);
    dmar_scope(&o.b, 5, 0x42, 0, "15.1");
    dmar_namespace(&o.b, 0x42, "\\_SB.PCI0.I2C1");
    dmar_namespace(&o.b, 0x43, "");
    opened_finish(&o);
    opened_expect_none(&o);
    r = opened_record(&o, 1);
    assert_int_equal(r.type, IOMMU_DMAR_NAMESPACE);
    assert_int_equal(r.device_number, 0x42);
    assert_string_equal(r.name, "\\_SB.PCI0.I2C1");
    assert_int_equal(r.scopes, 0);
    assert_string_equal(opened_record(&o, 2).name, "");
    assert_int_equal(opened_scope(&o, 0, 0).type, IOMMU_DMAR_SCOPE_NAMESPACE);
    assert_int_equal(opened_scope(&o, 0, 0).enumeration_id, 0x42);
    opened_free(&o);
}

static void test_dmar_translation_caches(void **state)
{
    struct opened o;
    struct iommu_dmar_record r;

    opened_begin_with_unit(&o, UNIT_BASE);
    dmar_atc(&o.b, 1, 0x0203);
    dmar_scope(&o.b, 1, 0, 0x6a, "1.0");
    dmar_poke(&o.b, o.b.scope + 2, 0xff, 1); /* reserved here */
    opened_finish(&o);
    opened_expect_none(&o);
    r = opened_record(&o, 1);
    assert_int_equal(r.type, IOMMU_DMAR_ATC);
    assert_int_equal(r.flags, 1);
    assert_int_equal(r.segment, 0x0203);
    assert_int_equal(r.scopes, 64 + 8);
    assert_int_equal(opened_scope(&o, 1, 0).flags, 0);
    opened_free(&o);
}

static void test_dmar_properties(void **state)
{
    struct opened o;
    struct iommu_dmar_record r;

    opened_begin_with_unit(&o, UNIT_BASE);
    dmar_property(&o.b, 0x0304);
    dmar_scope(&o.b, 1, 0, 0x6a, "1.0");
    dmar_poke(&o.b, o.b.scope + 2, 0x1d, 1);
    opened_finish(&o);
    opened_expect_none(&o);
    r = opened_record(&o, 1);
    assert_int_equal(r.type, IOMMU_DMAR_PROPERTY);
    assert_int_equal(r.flags, 0);
    assert_int_equal(r.segment, 0x0304);
    assert_int_equal(opened_scope(&o, 1, 0).flags, 0x1d);
    opened_free(&o);
}

static void test_dmar_scopes(void **state)
{
    static const uint8_t path[] = {0x1c, 4, 0, 0, 0x1f, 7};
    struct opened o;
    struct iommu_dmar_scope s;

    opened_begin_with_unit(&o, UNIT_BASE);
    dmar_scope(&o.b, 3, 0x21, 0xf0, "1f.0");
    dmar_scope(&o.b, 4, 7, 0xf1, "1f.1");
    dmar_scope(&o.b, 1, 0, 0x80, "1c.4 0.0 1f.7");
    opened_finish(&o);
    opened_expect_none(&o);
    assert_int_equal(opened_scopes(&o, 0), 3);
    s = opened_scope(&o, 0, 0);
    assert_int_equal(s.offset, 64);
    assert_int_equal(s.length, 8);
    assert_int_equal(s.type, IOMMU_DMAR_SCOPE_IOAPIC);
    assert_int_equal(s.enumeration_id, 0x21);
    assert_int_equal(s.start_bus, 0xf0);
    assert_int_equal(s.path_length, 1);
    assert_int_equal(opened_scope(&o, 0, 1).type, IOMMU_DMAR_SCOPE_HPET);
    s = opened_scope(&o, 0, 2);
    assert_int_equal(s.type, IOMMU_DMAR_SCOPE_ENDPOINT);
    assert_int_equal(s.length, 12);
    assert_int_equal(s.path_length, 3);
    assert_memory_equal(s.path, path, sizeof(path));
    opened_free(&o);
}

/* The end is the end, however often one asks, and what was delivered last stays. */
static void test_dmar_end_of_walk(void **state)
{
    struct opened o;
    struct iommu_dmar_record r, last;
    struct iommu_dmar_scope s, last_scope;

    opened_begin_with_unit(&o, UNIT_BASE);
    dmar_scope(&o.b, 3, 2, 0xf0, "1f.0");
    opened_finish(&o);
    last = r = opened_record(&o, 0);
    last_scope = s = opened_scope(&o, 0, 0);
    for (int i = 0; i < 3; i++) {
        assert_false(iommu_dmar_next(&o.dmar, &r));
        assert_false(iommu_dmar_next_scope(&o.dmar, &r, &s));
        assert_memory_equal(&r, &last, sizeof(r));
        assert_memory_equal(&s, &last_scope, sizeof(s));
    }
    opened_free(&o);
}

/* A scope list ends with its record, not with the table. */
static void test_dmar_scopes_stay_in_their_record(void **state)
{
    struct opened o;

    opened_begin(&o);
    dmar_unit(&o.b, 0, 0, UNIT_BASE);
    dmar_scope(&o.b, 1, 0, 0, "2.0");
    dmar_unit(&o.b, 1, 0, UNIT_BASE + 0x1000);
    dmar_scope(&o.b, 3, 2, 0, "1f.0");
    dmar_scope(&o.b, 4, 0, 0, "1f.0");
    opened_finish(&o);
    assert_int_equal(opened_scopes(&o, 0), 1);
    assert_int_equal(opened_scopes(&o, 1), 2);
    opened_free(&o);
}

static void test_dmar_machines_are_sound(void **state)
{
    for (size_t i = 0; i < dmar_machine_count; i++) {
        struct opened o = {0};

        dmar_machines[i].build(&o.b);
        opened_finish(&o);
        opened_expect_none(&o);
        assert_true(opened_records(&o) > 0);
        opened_free(&o);
    }
}

/* Firmware puts tables anywhere; the words in them are not aligned to anything. */
static void test_dmar_at_any_address(void **state)
{
    struct dmar_build b;

    dmar_machines[5].build(&b);
    dmar_end(&b);
    for (size_t shift = 0; shift < 8; shift++) {
        uint8_t *bytes = malloc(b.length + shift);
        struct iommu_dmar dmar;
        struct iommu_dmar_record r = {0};
        size_t n = 0;

        assert_non_null(bytes);
        memcpy(bytes + shift, b.bytes, b.length);
        assert_int_equal(iommu_dmar_open(bytes + shift, b.length, &dmar, NULL, NULL), 0);
        while (iommu_dmar_next(&dmar, &r))
            n++;
        assert_int_equal(n, 4 + 1 + 1 + 4);
        free(bytes);
    }
    dmar_free(&b);
}

/* Many callers map more than the table. */
static void test_dmar_more_bytes_than_table(void **state)
{
    struct opened o;

    opened_begin_with_unit(&o, UNIT_BASE);
    dmar_end(&o.b);
    dmar_unit(&o.b, 1, 0, UNIT_BASE + 0x1000);
    o.result = iommu_dmar_open(o.b.bytes, o.b.length, &o.dmar, NULL, NULL);
    assert_int_equal(o.result, 0);
    assert_int_equal(o.dmar.length, 64);
    assert_int_equal(opened_records(&o), 1);
    opened_free(&o);
}

static void test_dmar_words(void **state)
{
    for (unsigned i = 0; i < IOMMU_DMAR_WARNING_COUNT; i++)
        assert_true(strlen(iommu_dmar_warning_text((enum iommu_dmar_warning)i)) > 10);
    assert_string_equal(iommu_dmar_warning_text(IOMMU_DMAR_WARNING_COUNT), "unknown warning");
    assert_string_equal(iommu_dmar_warning_text((enum iommu_dmar_warning) - 1), "unknown warning");
    assert_string_equal(iommu_dmar_type_name(IOMMU_DMAR_UNIT), "DRHD");
    assert_string_equal(iommu_dmar_type_name(IOMMU_DMAR_RESERVED), "RMRR");
    assert_string_equal(iommu_dmar_type_name(IOMMU_DMAR_ATS), "ATSR");
    assert_string_equal(iommu_dmar_type_name(IOMMU_DMAR_AFFINITY), "RHSA");
    assert_string_equal(iommu_dmar_type_name(IOMMU_DMAR_NAMESPACE), "ANDD");
    assert_string_equal(iommu_dmar_type_name(IOMMU_DMAR_ATC), "SATC");
    assert_string_equal(iommu_dmar_type_name(IOMMU_DMAR_PROPERTY), "SIDP");
    assert_string_equal(iommu_dmar_type_name((enum iommu_dmar_type)7), "unknown");
    assert_string_equal(iommu_dmar_type_name((enum iommu_dmar_type) - 1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dmar_unit),
        cmocka_unit_test(test_dmar_unit_of_many_pages),
        cmocka_unit_test(test_dmar_reserved_region),
        cmocka_unit_test(test_dmar_ats),
        cmocka_unit_test(test_dmar_affinity),
        cmocka_unit_test(test_dmar_namespace_device),
        cmocka_unit_test(test_dmar_translation_caches),
        cmocka_unit_test(test_dmar_properties),
        cmocka_unit_test(test_dmar_scopes),
        cmocka_unit_test(test_dmar_end_of_walk),
        cmocka_unit_test(test_dmar_scopes_stay_in_their_record),
        cmocka_unit_test(test_dmar_machines_are_sound),
        cmocka_unit_test(test_dmar_at_any_address),
        cmocka_unit_test(test_dmar_more_bytes_than_table),
        cmocka_unit_test(test_dmar_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
