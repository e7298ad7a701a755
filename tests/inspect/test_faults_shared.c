/* SPDX-License-Identifier: MIT */
/*
 * test_faults_shared.c - the real lines of IOMMUKIT_SHARED/faults/lines.jsonl: every row, read as it was labelled.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "inspect/faults/faults.h"

#define ROW_BYTES 65536

struct first {
    unsigned told;
    struct inspect_fault fault;
};

static void note(void *ctx, const struct inspect_fault *fault)
{
    struct first *first = ctx;
    if (first->told++ == 0)
        first->fault = *fault;
}

static void read_row(json_t *row, struct first *first)
{
    struct inspect_fault_reader *reader = inspect_fault_reader_new(note, first);
    json_t *line = json_object_get(row, "line"), *following = json_object_get(row, "following");

    assert_non_null(reader);
    inspect_fault_reader_line(reader, json_string_value(line), json_string_length(line));
    for (size_t i = 0; i < json_array_size(following); i++) {
        line = json_array_get(following, i);
        inspect_fault_reader_line(reader, json_string_value(line), json_string_length(line));
    }
    inspect_fault_reader_end(reader);
    inspect_fault_reader_free(reader);
}

static unsigned differs(json_t *row, const char *member, const char *had)
{
    const char *wanted = json_string_value(json_object_get(row, member));

    if (had != NULL && had[0] == '\0')
        had = NULL;
    if (wanted == NULL ? had == NULL : had != NULL && strcmp(wanted, had) == 0)
        return 0;
    print_error("%s is %s, not %s, of\n%s\n", member, had ? had : "null", wanted ? wanted : "null",
                json_string_value(json_object_get(row, "line")));
    return 1;
}

static unsigned check_row(json_t *row)
{
    struct first first = {0};
    const struct inspect_fault *fault = &first.fault;
    json_t *pasid = json_object_get(row, "pasid");
    char address[32];

    read_row(row, &first);
    snprintf(address, sizeof address, "0x%" PRIx64, fault->address);
    unsigned problems = differs(row, "vendor", inspect_fault_vendor_name(fault->vendor)) +
                        differs(row, "kind", inspect_fault_kind_name(fault->kind)) +
                        differs(row, "device", fault->device) +
                        differs(row, "access", inspect_fault_access_name(fault->access)) +
                        differs(row, "address", fault->has_address ? address : NULL) +
                        differs(row, "code", fault->code) + (first.told != 1);
    if (json_is_integer(pasid) ? !fault->has_pasid || fault->pasid != json_integer_value(pasid) : fault->has_pasid)
        problems++;
    return problems + (fault->meaning[0] == '\0') + (fault->advice[0] == '\0');
}

static void test_every_row(void **state)
{
    const char *shared = getenv("IOMMUKIT_SHARED");
    static char row[ROW_BYTES];
    char path[4096];
    unsigned rows = 0, problems = 0;
    FILE *file;

    snprintf(path, sizeof path, "%s/faults/lines.jsonl", shared != NULL ? shared : "");
    file = shared != NULL ? fopen(path, "r") : NULL;
    if (file == NULL)
        skip();
    while (fgets(row, sizeof row, file) != NULL) {
        json_t *object = json_loads(row, 0, NULL);
        assert_non_null(object);
        problems += check_row(object);
        json_decref(object);
        rows++;
    }
    fclose(file);
    print_message("%u rows\n", rows);
    assert_true(rows > 0);
    assert_int_equal(problems, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
