/* SPDX-License-Identifier: MIT */
/* test_memory_damage.c - dumps that are cut off, packed, damaged, huge, or no files; and what reading costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/inspect/memory_check.h"

/* ---- what a file lacks --------------------------------------------------------------------- */

/* Cut anywhere: opens with a warning, or is refused; what it gives is right, what it lost is absent. */
static void cut_everywhere(struct image_file (*make)(const struct image_piece *, size_t), size_t step)
{
    struct image_file whole = make(pieces, PIECES);
    unsigned opened_cut = 0;
    for (size_t keep = 1; keep < whole.bytes; keep += step) {
        struct image_file file = {malloc(keep), keep};
        struct inspect_memory *memory = NULL;
        struct inspect_why why;
        assert_non_null(file.data);
        memcpy(file.data, whole.data, keep);
        if (try_open(file, INSPECT_MEMORY_DETECT, 0, &memory, &why) != 0) {
            assert_true(why.text[0] != '\0');
            continue;
        }
        opened_cut++;
        if (keep != 32 + KB(64) && keep != 64 + KB(80)) /* just between two of LiME's pieces nothing can be told */
            assert_non_null(inspect_memory_warning(memory));
        if (keep > 500 + KB(64))
            page_reads(memory, 0x10f000);
        absent(memory, 0x2022ff, 1);
        inspect_memory_close(memory);
    }
    assert_true(opened_cut > 5);
    free(whole.data);
}

static void test_memory_cut_files(void **state)
{
    cut_everywhere(image_elf64, 997);
    cut_everywhere(image_elf32, 3001);
    cut_everywhere(image_lime, 997);
}

static void test_memory_cut_inside_segment(void **state)
{
    struct image_file file = image_elf64(pieces, 1);
    file.bytes = elf_segment(file, 0)->p_offset + KB(16) + 100;
    struct inspect_memory *memory = opened(file);
    assert_non_null(strstr(inspect_memory_warning(memory), "truncated"));
    assert_non_null(strstr(inspect_memory_warning(memory), "48 KiB"));
    extents(memory, 1, (const uint64_t[][2]){{0x100000, 0x104063}});
    page_reads(memory, 0x103000);
    page_absent(memory, 0x104000);
    reads(memory, 0x104000, 100);
    absent(memory, 0x104000, 101);
    inspect_memory_close(memory);
}

static void test_memory_one_byte_short(void **state)
{
    struct image_file file = image_elf64(pieces, 1);
    file.bytes--;
    struct inspect_memory *memory = opened(file);
    assert_non_null(strstr(inspect_memory_warning(memory), "1 KiB"));
    reads(memory, 0x10f000, 4095);
    absent(memory, 0x10ffff, 1);
    page_absent(memory, 0x10f000);
    inspect_memory_close(memory);

    file = image_elf64(pieces, 2); /* of a piece of one byte nothing is left */
    elf_segment(file, 1)->p_paddr = 0;
    elf_segment(file, 1)->p_offset = file.bytes;
    elf_segment(file, 1)->p_filesz = 1;
    memory = opened(file);
    assert_non_null(inspect_memory_warning(memory));
    extents(memory, 1, (const uint64_t[][2]){{0x100000, 0x10ffff}});
    inspect_memory_close(memory);
}

/* Segments that promise more than addresses can name: what is missing is too much to count, and is told all the same. */
static void test_memory_promises_everything(void **state)
{
    struct image_file file = image_elf64(pieces, PIECES);
    for (size_t i = 0; i < PIECES; i++) {
        elf_segment(file, i)->p_paddr = (uint64_t)i << 62;
        elf_segment(file, i)->p_filesz = (uint64_t)1 << 63;
    }
    elf_segment(file, 2)->p_filesz -= 1;
    struct inspect_memory *memory = opened(file);
    assert_non_null(strstr(inspect_memory_warning(memory), "18014398509481984 KiB"));
    absent(memory, (uint64_t)1 << 61, 8);
    inspect_memory_close(memory);
}

static void test_memory_lime_cut_header(void **state)
{
    struct image_file file = image_lime(pieces, 2);
    file.bytes = 32 + KB(64) + 10;
    struct inspect_memory *memory = opened(file);
    assert_non_null(strstr(inspect_memory_warning(memory), "truncated"));
    reads(memory, 0x100000, KB(64));
    absent(memory, 0x110000, 1);
    inspect_memory_close(memory);
}

/* Somebody truncates the file while it is open: no signal, the rest is absent. */
static void test_memory_file_shrinks(void **state)
{
    char path[IMAGE_PATH];
    struct inspect_memory *memory = NULL;
    image_save(image_elf64(pieces, PIECES), path);
    struct inspect_memory_options options = {.path = path};
    assert_int_equal(inspect_memory_open(&options, &memory, NULL), 0);
    page_reads(memory, 0x100000);
    assert_int_equal(truncate(path, 0), 0);
    page_reads(memory, 0x100000); /* still held */
    page_absent(memory, 0x101000);
    absent(memory, 0x100000, KB(16));
    inspect_memory_close(memory);
    unlink(path);
}

/* ---- zstd ---------------------------------------------------------------------------------- */

static void test_memory_zstd_damaged(void **state)
{
    struct image_file file = image_pack(image_elf64(pieces, PIECES));
    file.bytes -= 5;
    refused(file, "cut off");
    file = image_pack(image_elf64(pieces, PIECES));
    file.bytes = 6;
    refused(file, "cut off");
    file = image_pack(image_elf64(pieces, PIECES));
    memset(file.data + 8, 0xff, 64);
    refused(file, "damaged");
    file = image_pack(image_raw(0, KB(4)));
    refused(file, "raw");
}

/* Several frames one after the other, as pzstd writes them. */
static void test_memory_zstd_frames(void **state)
{
    struct image_file whole = image_elf64(pieces, PIECES), packed = {NULL, 0};
    for (size_t at = 0; at < whole.bytes; at += KB(20)) {
        size_t bytes = whole.bytes - at < KB(20) ? whole.bytes - at : KB(20);
        struct image_file part = {malloc(bytes), bytes};
        assert_non_null(part.data);
        memcpy(part.data, whole.data + at, bytes);
        part = image_pack(part);
        packed.data = realloc(packed.data, packed.bytes + part.bytes);
        assert_non_null(packed.data);
        memcpy(packed.data + packed.bytes, part.data, part.bytes);
        packed.bytes += part.bytes;
        free(part.data);
    }
    free(whole.data);
    check_pieces(opened(packed), "ELF core, zstd");
}

static void test_memory_zstd_without_room(void **state)
{
    struct rlimit before, limit;
    char path[IMAGE_PATH];
    struct inspect_memory *memory = NULL;
    struct inspect_why why;
    image_save(image_pack(image_elf64(pieces, PIECES)), path);
    struct inspect_memory_options options = {.path = path};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){KB(32), before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int result = inspect_memory_open(&options, &memory, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    unlink(path);
    assert_int_equal(result, -EINVAL);
    assert_non_null(strstr(why.text, "TMPDIR"));
}

/* What the unpacked copies that are open take on the disk. */
static uint64_t bytes_of_copies(void)
{
    uint64_t bytes = 0;
    for (int file = 3; file < 64; file++) {
        char link[64], target[IMAGE_PATH];
        struct stat about;
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t length = readlink(link, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        if (strstr(target, "/iommukit-") != NULL && fstat(file, &about) == 0)
            bytes += (uint64_t)about.st_blocks * 512;
    }
    return bytes;
}

/* Zeroes cost no room. */
static void test_memory_zstd_holes(void **state)
{
    struct image_file file = {calloc(1, MB(256)), MB(256)};
    struct inspect_memory *memory = NULL;
    struct inspect_why why;
    uint8_t bytes[8];
    assert_non_null(file.data);
    for (size_t i = 0; i < 4096; i++)
        file.data[MB(200) + i] = image_byte(MB(200) + i);
    file.data[MB(100) + 5] = 1;
    assert_int_equal(try_open(image_pack(file), INSPECT_MEMORY_RAW, 0, &memory, &why), 0);
    assert_true(bytes_of_copies() > 0 && bytes_of_copies() < MB(1));
    page_reads(memory, MB(200));
    assert_int_equal(inspect_memory_read(memory, MB(100), bytes, 8), 0);
    assert_int_equal(bytes[5], 1);
    assert_int_equal(inspect_memory_read(memory, MB(256) - 8, bytes, 8), 0);
    assert_int_equal(bytes[7], 0);
    absent(memory, MB(256), 1);
    inspect_memory_close(memory);
}

/* ---- paths --------------------------------------------------------------------------------- */

static int open_path(const char *path, struct inspect_why *why)
{
    struct inspect_memory *memory = NULL;
    struct inspect_memory_options options = {.path = path};
    int result = inspect_memory_open(&options, &memory, why);
    assert_null(memory);
    return result;
}

static void test_memory_bad_paths(void **state)
{
    struct inspect_why why;
    char path[IMAGE_PATH];
    struct image_file empty = {calloc(1, 1), 0};
    image_save(empty, path);
    assert_int_equal(open_path(path, &why), -EINVAL);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(open_path(path, &why), -ENOENT);
    assert_non_null(strstr(why.text, path));
    assert_int_equal(open_path("/", &why), -EINVAL);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(open_path(path, &why), -EINVAL); /* and does not wait for somebody to write */
    unlink(path);
    assert_int_equal(open_path("/dev/null", &why), -EINVAL);
}

/* ---- cost ---------------------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* 64 GiB of nothing with a page at the end: nothing but headers and that page is read. */
static void test_memory_huge_sparse(void **state)
{
    char path[IMAGE_PATH];
    struct image_piece piece = {0x100000000, KB(4), false};
    struct image_file file = image_elf64(&piece, 1);
    uint64_t large = MB(64 << 10), start = elf_segment(file, 0)->p_offset;
    elf_segment(file, 0)->p_filesz = elf_segment(file, 0)->p_memsz = large;
    image_save(file, path);
    int hole = open(path, O_WRONLY);
    bool fits = ftruncate(hole, (off_t)(start + large)) == 0 &&
                pwrite(hole, "end", 3, (off_t)(start + large - 3)) == 3;
    close(hole);
    if (!fits) {
        unlink(path);
        skip();
    }
    struct inspect_memory *memory = NULL;
    struct inspect_memory_options options = {.path = path};
    char bytes[3];
    double begin = seconds();
    assert_int_equal(inspect_memory_open(&options, &memory, NULL), 0);
    assert_int_equal(inspect_memory_read(memory, 0x100000000 + large - 3, bytes, 3), 0);
    double took = seconds() - begin;
    unlink(path);
    assert_memory_equal(bytes, "end", 3);
    page_reads(memory, 0x100000000);
    inspect_memory_close(memory);
    print_message("64 GiB, sparse: opened and read in %.1f ms\n", took * 1e3);
    assert_true(took < 1);
}

/* Pages that share a place in the cache push each other out, and are still right. */
static void test_memory_cache_collisions(void **state)
{
    static const struct image_piece far[] = {
        {0x1000, KB(8), false}, {0x1000 + MB(16), KB(8), false}, {0x1000 + MB(64), KB(8), false}};
    struct inspect_memory *memory = opened(image_elf64(far, 3));
    for (unsigned round = 0; round < 4; round++)
        for (unsigned i = 0; i < 3; i++) {
            page_reads(memory, far[i].base);
            page_absent(memory, far[i].base + MB(32));
            page_reads(memory, far[i].base + 4096);
        }
    inspect_memory_close(memory);
}

/* As a walk of a million entries does: a page for each of them, in an order that misses half of the time. */
static void test_memory_million_pages(void **state)
{
    static const struct image_piece large[] = {{0, MB(32), false}};
    struct inspect_memory *memory = opened(image_elf64(large, 1));
    double begin = seconds();
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 1000000; i++) {
        const uint64_t *page = inspect_memory_page(memory, i * 7919 % 8192 * 4096, NULL);
        assert_non_null(page);
        sum += page[i % 512];
    }
    double random = seconds() - begin;
    begin = seconds();
    for (uint64_t i = 0; i < 1000000; i++) {
        uint64_t entry;
        assert_int_equal(inspect_memory_read(memory, i * 8, &entry, 8), 0);
        sum += entry;
    }
    print_message("a million pages %.0f ms, a million entries %.0f ms (%llx)\n", random * 1e3,
                  (seconds() - begin) * 1e3, (unsigned long long)sum);
    inspect_memory_close(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_cut_files),
        cmocka_unit_test(test_memory_cut_inside_segment),
        cmocka_unit_test(test_memory_one_byte_short),
        cmocka_unit_test(test_memory_promises_everything),
        cmocka_unit_test(test_memory_lime_cut_header),
        cmocka_unit_test(test_memory_file_shrinks),
        cmocka_unit_test(test_memory_zstd_damaged),
        cmocka_unit_test(test_memory_zstd_frames),
        cmocka_unit_test(test_memory_zstd_without_room),
        cmocka_unit_test(test_memory_zstd_holes),
        cmocka_unit_test(test_memory_bad_paths),
        cmocka_unit_test(test_memory_huge_sparse),
        cmocka_unit_test(test_memory_cache_collisions),
        cmocka_unit_test(test_memory_million_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
