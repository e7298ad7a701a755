/* SPDX-License-Identifier: MIT */
/* tests/inspect/test_audit_command.c - `iommukit audit` from outside: statuses, JSON, options; and real dumps. */
#include "tests/inspect/audit_check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT (1u << 20)

static char output[OUTPUT];

/* Runs the command with these arguments, output and errors into `output`; its status. */
static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...)
{
    char arguments[4096], line[5000];
    va_list list;
    va_start(list, format);
    vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    snprintf(line, sizeof line, "%s %s 2>&1", TEST_COMMAND, arguments);
    FILE *pipe = popen(line, "r"); /* NOLINT(cert-env33-c): the command under test, with our own arguments */
    assert_non_null(pipe);
    output[fread(output, 1, OUTPUT - 1, pipe)] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static json_t *parsed(void)
{
    json_error_t error;
    json_t *object = json_loads(output, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL)
        fail_msg("no JSON (%s): %s", error.text, output);
    return object;
}

static const char *text(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static void open_world(struct world *world)
{
    world_open(world, &(struct world_config){.preset = NULL});
    world_tenant(world, IOMMU_STAGE_SECOND, 0, IOMMU_NO_PASID);
    world_tenant(world, IOMMU_STAGE_SECOND, 1, 9);
}

#define FILES        "audit --memory %s --regs %s --dmar %s --iomem %s"
#define FILES_OF(w)  (w)->path.memory, (w)->path.registers, (w)->path.dmar, (w)->path.iomem

static void test_nothing_found(void **state)
{
    struct world world;
    open_world(&world);
    world_save(&world, WORLD_ALL);
    assert_int_equal(run(FILES " --json", FILES_OF(&world)), 0);
    json_t *object = parsed();
    assert_int_equal(json_array_size(json_object_get(object, "findings")), 0);
    assert_true(json_array_size(json_object_get(object, "not_judged")) > 0); /* devices, kernel */
    json_decref(object);
    assert_int_equal(run(FILES, FILES_OF(&world)), 0);
    assert_non_null(strstr(output, "No findings."));
    assert_non_null(strstr(output, "--devices"));
    world_close(&world);
}

static void test_found(void **state)
{
    struct world world;
    open_world(&world);
    assert_false(world_dma(&world, 1, 9, 0x123456000));
    world_set_register(&world, "FECTL", 0x80000000);
    world_save(&world, WORLD_ALL);
    assert_int_equal(run(FILES " --json", FILES_OF(&world)), 1);
    json_t *object = parsed(), *findings = json_object_get(object, "findings");
    assert_int_equal(json_array_size(findings), 2);
    const json_t *fault = json_array_get(findings, 0), *masked = json_array_get(findings, 1);
    assert_string_equal(text(fault, "id"), "fault-pending");
    assert_string_equal(text(fault, "severity"), "low");
    assert_string_equal(text(fault, "device"), "00:02.0");
    assert_int_equal(json_integer_value(json_object_get(fault, "pasid")), 9);
    assert_non_null(strstr(text(fault, "evidence"), "0x123456000"));
    assert_non_null(text(fault, "fix"));
    assert_true(json_is_null(json_object_get(masked, "device")) && json_is_null(json_object_get(masked, "pasid")));
    json_decref(object);
    assert_int_equal(run(FILES, FILES_OF(&world)), 1);
    assert_non_null(strstr(output, "fault-events-masked"));
    assert_non_null(strstr(output, "2 findings: 0 high, 0 medium, 2 low, 0 info"));
    world_close(&world);
}

/* Info alone is no finding that a script should stop at. */
static void test_info(void **state)
{
    struct world world;
    open_world(&world);
    world_set_register(&world, "IQT", 0x7e0);
    world_save(&world, WORLD_ALL);
    assert_int_equal(run(FILES, FILES_OF(&world)), 0);
    assert_non_null(strstr(output, "invalidation-pending"));
    world_close(&world);
}

static void save(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static void test_options(void **state)
{
    struct world world;
    char extra[WORLD_PATH + 16];
    open_world(&world);
    world_map_at(&world, world.domain[0], 0x50000000, 0x2001000, WORLD_PAGE, WORLD_RW);
    world_save(&world, WORLD_ALL);
    snprintf(extra, sizeof extra, "%s/extra", world.path.folder);
    save(extra, "ffffffff81000000 T _text\nffffffff81002000 T _etext\n");
    assert_int_equal(run(FILES " --symbols %s --kernel-base 0x2000000", FILES_OF(&world), extra), 1);
    assert_non_null(strstr(output, "kernel-text-writable"));
    assert_int_equal(run(FILES " --symbols %s --kernel-base 0x1fff000", FILES_OF(&world), extra), 0);
    assert_int_equal(run(FILES " --symbols %s", FILES_OF(&world), extra), 2); /* the core has no note */
    assert_non_null(strstr(output, "--kernel-base"));
    assert_int_equal(run(FILES " --kernel-base 0x2000000", FILES_OF(&world)), 2);
    save(extra, "0000:00:01.0 VGA\n00:03.0 Ethernet\n");
    assert_int_equal(run(FILES " --devices %s", FILES_OF(&world), extra), 1);
    assert_non_null(strstr(output, "device-missing"));
    assert_null(strstr(output, "00:01.0"));
    save(extra, "nothing here\n");
    assert_int_equal(run(FILES " --devices %s", FILES_OF(&world), extra), 2);
    assert_int_equal(run(FILES " --external nonsense", FILES_OF(&world)), 2);
    assert_int_equal(run(FILES " --external 00:01.0", FILES_OF(&world)), 0);
    unlink(extra);
    world_close(&world);
}

static void test_usage(void **state)
{
    assert_int_equal(run("audit"), 2);
    assert_int_equal(run("audit --memory /dev/null"), 2);
    assert_int_equal(run("audit --memory /dev/null --reg RTADDR=0x1000"), 2);
    assert_int_equal(run("audit stray"), 2);
    assert_int_equal(run("audit --help"), 0);
}

static void test_list(void **state)
{
    assert_int_equal(run("audit --list"), 0);
    assert_non_null(strstr(output, "page-table-writable (high)"));
    assert_int_equal(run("audit --list --json"), 0);
    json_t *object = parsed(), *kinds = json_object_get(object, "kinds");
    size_t i, k;
    assert_true(json_array_size(kinds) >= 25);
    for (i = 0; i < json_array_size(kinds); i++) {
        const char *id = text(json_array_get(kinds, i), "id");
        assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyz-"), strlen(id));
        assert_non_null(text(json_array_get(kinds, i), "fix"));
        for (k = 0; k < i; k++)
            assert_string_not_equal(id, text(json_array_get(kinds, k), "id"));
    }
    json_decref(object);
}

/* The page without the backslashes before its dashes, into `output`. */
static void manual(void)
{
    FILE *file = fopen(TEST_MANUALS "/iommukit-audit.1", "r");
    size_t i = 0;
    int c;
    assert_non_null(file);
    while ((c = fgetc(file)) != EOF && i < OUTPUT - 1)
        if (c != '\\')
            output[i++] = (char)c;
    output[i] = '\0';
    fclose(file);
}

static void test_manual(void **state)
{
    const struct inspect_audit_kind *kind;
    char entry[512];
    manual();
    for (unsigned i = 0; (kind = inspect_audit_kind(i)) != NULL; i++) {
        snprintf(entry, sizeof entry, ".BR %s \" (%s)\"\n%s\n", kind->id, inspect_severity_name(kind->severity),
                 kind->about);
        if (strstr(output, entry) == NULL)
            fail_msg("the manual does not have: %s", entry);
    }
}

/* ---- dumps of Linux guests: what is told of them, and that `walk` agrees */

static void check_walk(const char *folder, const char *device, uint64_t iova)
{
    assert_int_equal(run("walk --memory %s/tables.elf.zst --regs %s/regs.json --device %s --iova %#llx --json", folder,
                         folder, device, (unsigned long long)iova),
                     0);
    json_t *object = parsed();
    assert_string_equal(text(object, "result"), "mapped");
    assert_int_equal(strtoull(text(object, "pa"), NULL, 0), iova);
    assert_true(json_is_true(json_object_get(object, "write")));
    json_decref(object);
}

static void check_dump(const char *folder)
{
    assert_int_equal(run("audit --memory %s/tables.elf.zst --regs %s/regs.json --json", folder, folder), 1);
    json_t *object = parsed(), *findings = json_object_get(object, "findings");
    assert_int_equal(json_array_size(findings), 1);
    const json_t *finding = json_array_get(findings, 0);
    assert_string_equal(text(finding, "id"), "identity-mapping");
    assert_string_equal(text(finding, "device"), "00:1f.0"); /* the ISA bridge */
    assert_non_null(strstr(text(finding, "evidence"), "0 to 0xffffff"));
    json_decref(object);
    check_walk(folder, "00:1f.0", 0x1000);
    check_walk(folder, "00:1f.2", 0xfff000);
}

static void test_linux(void **state)
{
    static const char *const names[] = {"sm-72", "legacy-72", "fl-10"};
    const char *shared = getenv("IOMMUKIT_SHARED");
    char folder[1024];
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(folder, sizeof folder, "%s/dumps/%s", shared != NULL ? shared : "", names[i]);
        if (shared == NULL || access(folder, R_OK) != 0)
            skip();
        check_dump(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_found), cmocka_unit_test(test_found), cmocka_unit_test(test_info),
        cmocka_unit_test(test_options),       cmocka_unit_test(test_usage), cmocka_unit_test(test_list),
        cmocka_unit_test(test_manual),        cmocka_unit_test(test_linux),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
