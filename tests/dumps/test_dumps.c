/* SPDX-License-Identifier: MIT */
/*
 * Tables that Linux built under QEMU, and small ones of our own: the model finds every mapping
 * where an independent walker found it, agrees with the translations that QEMU still held, and
 * faults in between.
 *
 * platform: model
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/dumps/dump.h"

#define PATH_BYTES 1024

static struct seed master;

static void report(const char *name, const struct comparison *sum)
{
    printf("# %s: %zu mappings, %zu live translations (and %zu unmapped but not flushed), %zu of "
           "QEMU's last ones "
           "as they were, %zu pages in between; %zu wrong\n",
           name, sum->mappings, sum->live, sum->stale, sum->history, sum->gaps, sum->wrong);
}

/* ---- real ones ----------------------------------------------------------------------------- */

static struct comparison compare_real(const char *name)
{
    const char *shared = getenv("IOMMUKIT_SHARED"), *wrong;
    struct comparison sum;
    char folder[PATH_BYTES];
    struct dump dump;

    snprintf(folder, sizeof folder, "%s/dumps/%s", shared ? shared : "", name);
    if (!shared || access(folder, R_OK)) {
        print_message("skipped: no dump at $IOMMUKIT_SHARED/dumps/%s\n", name);
        skip();
    }
    wrong = dump_load(&dump, folder);
    if (wrong)
        fail_msg("%s: %s", folder, wrong);
    sum = dump_compare(&dump, &master, false);
    dump_free(&dump);
    report(name, &sum);
    assert_int_equal(sum.wrong, 0);
    assert_true(sum.mappings > 1000 && sum.live > 10 && sum.gaps > 1000);
    return sum;
}

static void test_B20_dump_linux_scalable_second_stage(void **state)
{
    assert_true(compare_real("sm-72").stale > 0); /* lazy unmapping */
}

static void test_B20_dump_linux_scalable_first_stage(void **state)
{
    assert_int_equal(compare_real("fl-10").stale, 0);
}

static void test_dump_linux_legacy(void **state)
{
    assert_int_equal(compare_real("legacy-72").stale, 0);
}

/* ---- our own ------------------------------------------------------------------------------- */

static const char *const files[] = {"tables.elf.zst", "regs.json", "maps.json", "trace.log.zst"};

static void remove_folder(const char *folder)
{
    char path[PATH_BYTES + 32];
    size_t i;

    for (i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void make(char *folder, size_t bytes, enum made_kind kind)
{
    const char *temporary = getenv("TMPDIR");

    snprintf(folder, bytes, "%s/iommukit-dump-XXXXXX", temporary ? temporary : "/tmp");
    assert_non_null(mkdtemp(folder));
    assert_true(made_write(folder, kind));
}

static void made_agrees(enum made_kind kind, const char *name)
{
    char folder[PATH_BYTES];
    struct comparison sum;
    const char *wrong;
    struct dump dump;

    make(folder, sizeof folder, kind);
    wrong = dump_load(&dump, folder);
    remove_folder(folder);
    if (wrong)
        fail_msg("%s", wrong);
    sum = dump_compare(&dump, &master, false);
    dump_free(&dump);
    report(name, &sum);
    assert_int_equal(sum.wrong, 0);
    assert_int_equal(sum.mappings, 8);
    assert_int_equal(sum.live, 1);
    assert_int_equal(sum.history, 1);
}

static void test_dump_made_legacy(void **state)
{
    made_agrees(MADE_LEGACY, "made, legacy");
}

static void test_B20_dump_made_second_stage(void **state)
{
    made_agrees(MADE_SECOND, "made, second stage");
}

static void test_B20_dump_made_first_stage(void **state)
{
    made_agrees(MADE_FIRST, "made, first stage");
}

/* A judge that never objects is none: lie to it about one mapping, in each way. */
static void test_dump_disagreement_is_found(void **state)
{
    char folder[PATH_BYTES];
    unsigned how;

    for (how = 0; how < 5; how++) {
        struct comparison sum;
        struct mapping *mapping;
        struct dump dump;

        make(folder, sizeof folder, MADE_SECOND);
        assert_null(dump_load(&dump, folder));
        remove_folder(folder);
        mapping = &dump.requester[0].mapping[2];
        if (how == 0)
            mapping->pa += 4096;
        else if (how == 1)
            mapping->entry ^= 2;
        else if (how == 2) /* one mapping less: that page should fault */
            memmove(mapping, mapping + 1, (--dump.requester[0].mappings - 2) * sizeof *mapping);
        else if (how == 3)
            dump.live[0].entry += 4096;
        else
            dump.requester[0].did++;
        sum = dump_compare(&dump, &master, true);
        dump_free(&dump);
        assert_true(sum.wrong > 0);
    }
}

/* Whatever is wrong with the files, it is said, and nothing else happens. */
static void test_dump_bad_files(void **state)
{
    static const char junk[] = "not what it should be";
    char folder[PATH_BYTES], path[PATH_BYTES + 32];
    unsigned i;

    for (i = 0; i < 12; i++) {
        struct dump dump;
        bool packed = strstr(files[i % 4], ".zst") != NULL;
        FILE *file;

        make(folder, sizeof folder, MADE_LEGACY);
        snprintf(path, sizeof path, "%s/%s", folder, files[i % 4]);
        if (i < 4) {
            unlink(path);
        } else if (i < 8 || !packed) { /* not packed, and junk; others hold no JSON */
            file = fopen(path, "w");
            assert_non_null(file);
            fputs(junk, file);
            fclose(file);
        } else {
            assert_true(made_pack(path, junk, i == 11 ? 0 : sizeof junk));
        }
        /* A trace without a line that is known says nothing, packed or not; everything else is refused. */
        if (i == 7)
            assert_null(dump_load(&dump, folder));
        else
            assert_non_null(dump_load(&dump, folder));
        dump_free(&dump);
        remove_folder(folder);
    }
}

static void test_dump_cut_files(void **state)
{
    char folder[PATH_BYTES], path[PATH_BYTES + 32];
    unsigned cut;

    for (cut = 1; cut < 4096 * 4; cut = cut * 2 + 1) {
        size_t bytes;
        uint8_t *core;
        struct dump dump;

        make(folder, sizeof folder, MADE_LEGACY);
        snprintf(path, sizeof path, "%s/tables.elf.zst", folder);
        core = image_unpack(path, &bytes);
        assert_non_null(core);
        assert_true(made_pack(path, core, cut));
        free(core);
        assert_non_null(dump_load(&dump, folder));
        remove_folder(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B20_dump_linux_scalable_second_stage),
        cmocka_unit_test(test_B20_dump_linux_scalable_first_stage),
        cmocka_unit_test(test_dump_linux_legacy),
        cmocka_unit_test(test_dump_made_legacy),
        cmocka_unit_test(test_B20_dump_made_second_stage),
        cmocka_unit_test(test_B20_dump_made_first_stage),
        cmocka_unit_test(test_dump_disagreement_is_found),
        cmocka_unit_test(test_dump_bad_files),
        cmocka_unit_test(test_dump_cut_files),
    };

    master = seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
