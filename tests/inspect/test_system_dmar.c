/* SPDX-License-Identifier: MIT */
/*
 * inspect/system_dmar.c: every record of a table is listed, usable or not, and what is wrong is said. That it says what
 * iasl says is dmar_iasl.py's part.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inspect/system_dmar.h"
#include "tests/dmar/build.h"
#include "tests/inspect/listed.h"

static void test_dmar_shows_all(void **state)
{
    for (size_t i = 0; i < dmar_machine_count; i++) {
        struct dmar_build b;
        dmar_machines[i].build(&b);
        dmar_end(&b);
        const char *wrong = dmar_listed(b.bytes, b.length);
        if (wrong != NULL)
            fail_msg("%s: %s", dmar_machines[i].name, wrong);
        dmar_free(&b);
    }
}

/* Wherever a table ends, it is read to there. */
static void test_dmar_cut_off(void **state)
{
    struct dmar_build b;
    dmar_machines[0].build(&b);
    dmar_end(&b);
    for (size_t size = 0; size <= b.length; size++) {
        uint8_t *copy = malloc(size + !size); /* exactly as long, so that a sanitizer sees what is read behind it */
        struct inspect_dmar dmar;
        struct inspect_why why;
        assert_non_null(copy);
        memcpy(copy, b.bytes, size);
        int result = inspect_dmar_read(copy, size, NULL, &dmar, &why);
        assert_int_equal(result, size < 48 ? -EINVAL : 0);
        if (result == 0) {
            assert_int_equal(dmar.warning_count > 0, size < b.length);
            inspect_dmar_free(&dmar);
        }
        free(copy);
    }
    dmar_free(&b);
}

/* More records than a table can sensibly have: as many as the parser reads, and a warning. */
static void test_dmar_bounded(void **state)
{
    struct dmar_build b;
    struct inspect_dmar dmar;
    struct inspect_why why;
    dmar_begin(&b, 39, 1);
    for (unsigned i = 0; i < 2000; i++)
        dmar_ats(&b, 1, 0);
    dmar_end(&b);
    assert_int_equal(inspect_dmar_read(b.bytes, b.length, NULL, &dmar, &why), 0);
    assert_int_equal(dmar.record_count, 1024);
    assert_true(dmar.warning_count >= 1);
    inspect_dmar_free(&dmar);
    dmar_free(&b);
}

/* A scope of odd length ends its record; the next record is read all the same. */
static void test_dmar_odd_scope(void **state)
{
    struct dmar_build b;
    struct inspect_dmar dmar;
    struct inspect_why why;
    dmar_begin(&b, 39, 1);
    dmar_unit(&b, 1, 0, 0xfed90000);
    dmar_scope(&b, 1, 0, 0, "2.0");
    size_t first = b.scope;
    dmar_scope(&b, 1, 0, 0, "3.0");
    dmar_unit(&b, 0, 1, 0xfed91000);
    dmar_scope(&b, 1, 0, 0, "4.0");
    dmar_poke(&b, first + 1, 9, 1);
    dmar_end(&b);
    assert_int_equal(inspect_dmar_read(b.bytes, b.length, NULL, &dmar, &why), 0);
    assert_int_equal(dmar.record_count, 2);
    assert_int_equal(dmar.record[0].scope_count, 0);
    assert_int_equal(dmar.record[1].scope_count, 1);
    assert_int_equal(dmar.warning_count, 1);
    assert_int_equal(dmar.warning[0].offset, first);
    inspect_dmar_free(&dmar);
    dmar_free(&b);
}

/* What a driver can live with, and somebody should know. */
static void test_dmar_doubtful(void **state)
{
    static const char *const words[] = {"opted out of", "serves no device", "of no device"};
    struct dmar_build b;
    struct inspect_dmar dmar;
    struct inspect_why why;
    dmar_begin(&b, 39, 2);
    dmar_unit(&b, 0, 0, 0xfed90000);
    dmar_region(&b, 0, 0x1000, 0x1fff);
    dmar_end(&b);
    assert_int_equal(inspect_dmar_read(b.bytes, b.length, NULL, &dmar, &why), 0);
    assert_int_equal(dmar.warning_count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_non_null(strstr(dmar.warning[i].text, words[i]));
    inspect_dmar_free(&dmar);
    dmar_free(&b);
}

static void test_dmar_names(void **state)
{
    struct dmar_build b;
    struct inspect_dmar dmar;
    struct inspect_why why;
    dmar_begin(&b, 39, 3);
    dmar_unit(&b, 1, 0, 0xfed90000);
    dmar_namespace(&b, 7, "\\_SB.PCI0.\x1b[1m");
    memcpy(b.bytes + 10, "OEM\n\x80x", 6);
    dmar_end(&b);
    assert_int_equal(inspect_dmar_read(b.bytes, b.length, NULL, &dmar, &why), 0);
    assert_string_equal(dmar.oem_id, "OEM??x");
    assert_string_equal(dmar.record[1].name, "\\_SB.PCI0.?[1m");
    assert_int_equal(dmar.record[1].device_number, 7);
    assert_string_equal(inspect_dmar_scope_name(3), "I/O APIC");
    assert_string_equal(inspect_dmar_scope_name(0), "unknown");
    assert_string_equal(inspect_dmar_scope_name(200), "unknown");
    inspect_dmar_free(&dmar);
    dmar_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dmar_shows_all),
        cmocka_unit_test(test_dmar_cut_off),
        cmocka_unit_test(test_dmar_bounded),
        cmocka_unit_test(test_dmar_odd_scope),
        cmocka_unit_test(test_dmar_doubtful),
        cmocka_unit_test(test_dmar_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
