/* SPDX-License-Identifier: MIT */
/*
 * platform: core
 *
 * Tables cut off and damaged everywhere: each result is compared with the slow reading of check.c.
 * Every copy is exactly as long as it says, so that a sanitizer notices a byte read too far.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "iommukit/dmar.h"
#include "tests/dmar/build.h"
#include "tests/dmar/check.h"

static void check_copy(const uint8_t *bytes, size_t length, const char *name, const char *how,
                       size_t at)
{
    uint8_t *copy = malloc(length + !length);
    const char *wrong;

    assert_non_null(copy);
    memcpy(copy, bytes, length);
    wrong = dmar_check(copy, length);
    free(copy);
    if (wrong)
        fail_msg("%s, %s %zu: %s", name, how, at, wrong);
}

/* A table with everything that can be wrong in it, so that more damage meets damage. */
static void build_ruin(struct dmar_build *b)
{
    dmar_begin(b, 39, 1);
    dmar_unit(b, 1, 0, 0xfed90000);
    dmar_scope(b, 3, 2, 0xf0, "1f.0");
    dmar_unit(b, 1, 0, 0xfed90000);
    dmar_unit(b, 1, 0, 0xfed91000);
    dmar_unit(b, 1, 0, 0xfed92001);
    dmar_unit(b, 1, 1, 0xfed92000);
    dmar_unit(b, 0, 1, 0xfed93000);
    dmar_region(b, 0, 0x1000, 0x1fff);
    dmar_scope(b, 6, 0, 0, "14.0 0.0");
    dmar_put(b, 0x0301, 4);
    dmar_region(b, 0, 0x1800, 0x2800);
    dmar_region(b, 0, 0x9000, 0x8fff);
    dmar_ats(b, 0, 0);
    dmar_record(b, 7);
    dmar_affinity(b, 0xfed92001, 1);
    dmar_namespace(b, 1, "\\_SB");
    dmar_poke(b, b->length - 1, 'X', 1);
    dmar_property(b, 0);
    dmar_scope(b, 1, 0, 0, "2.0");
    dmar_record(b, 1);
}

static size_t table_count(void)
{
    return dmar_machine_count + 1;
}

static const char *build_table(size_t i, struct dmar_build *b)
{
    if (i == dmar_machine_count) {
        build_ruin(b);
        dmar_end(b);
        return "ruin";
    }
    dmar_machines[i].build(b);
    dmar_end(b);
    return dmar_machines[i].name;
}

static void test_dmar_ruin_is_read_as_expected(void **state)
{
    struct dmar_build b;

    build_table(dmar_machine_count, &b);
    check_copy(b.bytes, b.length, "ruin", "as it is", 0);
    dmar_free(&b);
}

/* Fewer bytes than the header states. */
static void test_dmar_short_of_bytes(void **state)
{
    for (size_t i = 0; i < table_count(); i++) {
        struct dmar_build b;
        const char *name = build_table(i, &b);

        for (size_t length = 0; length <= b.length; length++)
            check_copy(b.bytes, length, name, "given up to", length);
        dmar_free(&b);
    }
}

/* A header that knows about it. */
static void test_dmar_cut_off_everywhere(void **state)
{
    for (size_t i = 0; i < table_count(); i++) {
        struct dmar_build b;
        const char *name = build_table(i, &b);

        for (size_t length = b.length; length >= 48; length--) {
            b.length = length;
            dmar_end(&b);
            check_copy(b.bytes, length, name, "cut off at", length);
        }
        dmar_free(&b);
    }
}

static void damage_byte(struct dmar_build *b, const char *name, size_t at)
{
    static const uint8_t values[] = {0, 1, 2, 3, 4, 6, 7, 8, 9, 15, 16, 17, 23, 24, 0x7f, 0xff};
    uint8_t good = b->bytes[at];

    for (unsigned i = 0; i < 8 + sizeof(values); i++) {
        b->bytes[at] = i < 8 ? (uint8_t)(good ^ 1u << i) : values[i - 8];
        check_copy(b->bytes, b->length, name, "checksum bad, byte", at);
        dmar_seal(b);
        check_copy(b->bytes, b->length, name, "byte", at);
    }
    b->bytes[at] = good;
}

static void test_dmar_every_byte_damaged(void **state)
{
    for (size_t i = 0; i < table_count(); i++) {
        struct dmar_build b;
        const char *name = build_table(i, &b);

        /* The longest repeats itself. */
        for (size_t at = 0; at < b.length && at < 400; at++)
            damage_byte(&b, name, at);
        dmar_free(&b);
    }
}

static void test_dmar_every_value_of_every_byte_of_ruin(void **state)
{
    struct dmar_build b;

    build_table(dmar_machine_count, &b);
    for (size_t at = 0; at < b.length; at++) {
        uint8_t good = b.bytes[at];

        for (unsigned value = 0; value < 256; value++) {
            b.bytes[at] = (uint8_t)value;
            dmar_seal(&b);
            check_copy(b.bytes, b.length, "ruin", "byte", at);
        }
        b.bytes[at] = good;
    }
    dmar_free(&b);
}

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Opening and walking a table that makes the parser read again as often as it can. */
static double time_of(struct dmar_build *b)
{
    double start = seconds();
    struct iommu_dmar dmar;
    struct iommu_dmar_record r = {0};

    dmar_end(b);
    assert_int_equal(iommu_dmar_open(b->bytes, b->length, &dmar, NULL, NULL), 0);
    while (iommu_dmar_next(&dmar, &r))
        ;
    dmar_free(b);
    return seconds() - start;
}

/* Units, then repetitions of the last that claim the segment, then units that claim it, too. */
static void test_dmar_worst_case_ends(void **state)
{
    struct dmar_build b;

    dmar_begin(&b, 39, 0);
    for (unsigned i = 0; i < 1024; i++)
        dmar_unit(&b, i >= 341, 0, 0xfe000000 + 0x1000ull * (i < 341 || i >= 682 ? i : 340));
    assert_true(time_of(&b) < 20.0); /* 0.4 s where this was written; sanitizers take their time */
}

/* The same number of bytes as records of nothing. */
static void test_dmar_many_small_things_end(void **state)
{
    struct dmar_build b;

    dmar_begin(&b, 39, 0);
    dmar_unit(&b, 1, 0, 0xfed90000);
    while (b.length < 48 + 0xfff0) {
        dmar_put(&b, 0x0801, 6);
        dmar_put(&b, 0, 2);
    }
    for (unsigned i = 0; i < 20000; i++)
        dmar_record(&b, 0xffff);
    assert_true(time_of(&b) < 20.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dmar_ruin_is_read_as_expected),
        cmocka_unit_test(test_dmar_short_of_bytes),
        cmocka_unit_test(test_dmar_cut_off_everywhere),
        cmocka_unit_test(test_dmar_every_byte_damaged),
        cmocka_unit_test(test_dmar_every_value_of_every_byte_of_ruin),
        cmocka_unit_test(test_dmar_worst_case_ends),
        cmocka_unit_test(test_dmar_many_small_things_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
