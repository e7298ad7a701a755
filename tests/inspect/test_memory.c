/* SPDX-License-Identifier: MIT */
/* test_memory.c - physical memory out of dump files (inspect/memory.h): every format, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/inspect/memory_check.h"

/* ---- formats ------------------------------------------------------------------------------- */

static void test_memory_elf64(void **state)
{
    check_pieces(opened(image_elf64(pieces, PIECES)), "ELF core");
    check_pieces(opened(image_pack(image_elf64(pieces, PIECES))), "ELF core, zstd");
}

static void test_memory_elf32(void **state)
{
    check_pieces(opened(image_elf32(pieces, PIECES)), "ELF core");
}

static void test_memory_lime(void **state)
{
    check_pieces(opened(image_lime(pieces, PIECES)), "LiME");
    check_pieces(opened(image_pack(image_lime(pieces, PIECES))), "LiME, zstd");
}

static void test_memory_raw(void **state)
{
    struct inspect_memory *memory = NULL;
    struct inspect_why why;
    for (unsigned packed = 0; packed < 2; packed++) {
        struct image_file file = image_raw(0x40000000, KB(8));
        if (packed)
            file = image_pack(file);
        assert_int_equal(try_open(file, INSPECT_MEMORY_RAW, 0x40000000, &memory, &why), 0);
        assert_string_equal(inspect_memory_format_name(memory), packed ? "raw, zstd" : "raw");
        extents(memory, 1, (const uint64_t[][2]){{0x40000000, 0x40001fff}});
        page_reads(memory, 0x40001000);
        absent(memory, 0x40002000, 1);
        absent(memory, 0, 8);
        inspect_memory_close(memory);
    }
    refused(image_raw(0, KB(8)), "raw"); /* never guessed */
    memory = NULL;
    assert_int_equal(try_open(image_raw(0, KB(8)), INSPECT_MEMORY_RAW, UINT64_MAX - 4095, &memory, &why), -EINVAL);
    assert_non_null(strstr(why.text, "wraps"));
}

/* The last byte that an address can name. */
static void test_memory_top_of_addresses(void **state)
{
    static const struct image_piece ends[] = {{0, 4096, false}, {UINT64_MAX - 4095, 4096, false}};
    struct inspect_memory *memory = opened(image_elf64(ends, 2));
    extents(memory, 2, (const uint64_t[][2]){{0, 4095}, {UINT64_MAX - 4095, UINT64_MAX}});
    page_reads(memory, UINT64_MAX - 4095);
    reads(memory, UINT64_MAX, 1);
    absent(memory, UINT64_MAX, 2);
    inspect_memory_close(memory);
}

static void test_memory_kdump(void **state)
{
    static const struct image_piece filtered[] = {
        {0x100000, KB(64), false}, {0x110000, KB(16), true}, {0x200000, KB(8), false}};
    for (unsigned packed = 0; packed < 2; packed++) {
        struct image_file file = image_kdump(filtered, 3);
        struct inspect_memory *memory = opened_kdump(packed ? image_pack(file) : file);
        assert_string_equal(inspect_memory_format_name(memory),
                            packed ? "kdump-compressed, zstd" : "kdump-compressed");
        extents(memory, 2, (const uint64_t[][2]){{0x100000, 0x113fff}, {0x200000, 0x201fff}}); /* what existed */
        reads(memory, 0x100000, KB(64));
        reads(memory, 0x200ffc, 8);
        page_reads(memory, 0x10f000);
        page_absent(memory, 0x110000);
        absent(memory, 0x10fffc, 8);
        absent(memory, 0x300000, 8);
        absent(memory, 0, 8);
        absent(memory, UINT64_MAX - 7, 8);
        inspect_memory_close(memory);
    }
}

/* The library would read zeroes beyond the end. */
static void test_memory_kdump_cut(void **state)
{
    struct image_file whole = image_kdump(pieces, 2);
    size_t bytes = whole.bytes;
    inspect_memory_close(opened_kdump(whole));
    for (size_t keep = 8; keep < bytes; keep = keep + 1501 < bytes || keep == bytes - 1 ? keep + 1501 : bytes - 1) {
        struct image_file file = image_kdump(pieces, 2);
        file.bytes = keep;
        refused(file, keep > KB(4) ? "truncated" : "");
    }
}

/* What looks whole, but not to the library. */
static void test_memory_kdump_refused(void **state)
{
    inspect_memory_close(opened_kdump(image_kdump(pieces, 2)));
    for (unsigned i = 0; i < 2; i++) {
        struct image_file file = image_kdump(pieces, 2);
        memset(file.data + (i == 0 ? 436 : 440), i == 0 ? 0 : 0xff, 4); /* no bitmaps; more pages than they have */
        refused(file, "libkdumpfile");
    }
}

/* As it comes through a pipe, and from QEMU. What is inside may be any format. */
static void test_memory_flattened(void **state)
{
    struct inspect_memory *memory = opened_kdump(image_flatten(image_kdump(pieces, 2)));
    assert_string_equal(inspect_memory_format_name(memory), "kdump-compressed");
    reads(memory, 0x100000, KB(80));
    inspect_memory_close(memory);
    check_pieces(opened(image_flatten(image_elf64(pieces, PIECES))), "ELF core");
    check_pieces(opened(image_pack(image_flatten(image_elf64(pieces, PIECES)))), "ELF core, zstd");
}

static void test_memory_flattened_damaged(void **state)
{
    struct image_file whole = image_flatten(image_elf64(pieces, PIECES));
    size_t bytes = whole.bytes;
    free(whole.data);
    for (size_t keep = 100; keep < bytes; keep += 4999) {
        struct image_file file = image_flatten(image_elf64(pieces, PIECES));
        file.bytes = keep;
        refused(file, "cut off");
    }
    struct image_file file = image_flatten(image_elf64(pieces, PIECES));
    memset(file.data + KB(4) + 8, 0, 8); /* a piece without bytes */
    refused(file, "cut off or wrong at byte 4096");
    file = image_flatten(image_elf64(pieces, PIECES));
    memset(file.data + KB(4), 0x7f, 8);
    refused(file, "16 TiB");
    file = image_flatten(image_elf64(pieces, PIECES));
    memset(file.data + KB(4) + 8, 0x7f, 8);
    refused(file, "16 TiB");
    file = image_flatten(image_elf64(pieces, PIECES));
    memset(file.data + KB(4) + 8, 0xff, 8);
    refused(file, "wrong");
}

static void test_memory_shared_dumps(void **state)
{
    static const char *const names[] = {"sm-72", "legacy-72", "fl-10"};
    const char *shared = getenv("IOMMUKIT_SHARED");
    if (shared == NULL)
        skip();
    for (size_t i = 0; i < 3; i++) {
        char path[512];
        struct inspect_memory *memory = NULL;
        struct inspect_extent extent;
        snprintf(path, sizeof path, "%s/dumps/%s/tables.elf.zst", shared, names[i]);
        struct inspect_memory_options options = {.path = path};
        assert_int_equal(inspect_memory_open(&options, &memory, NULL), 0);
        assert_true(inspect_memory_extent(memory, 0, &extent));
        assert_non_null(inspect_memory_page(memory, extent.base, NULL));
        inspect_memory_close(memory);
    }
}

/* ---- ELF's corners ------------------------------------------------------------------------- */

static void test_memory_elf_refused(void **state)
{
    struct image_file file = image_elf64(pieces, PIECES);
    elf_header(file)->e_type = ET_EXEC;
    refused(file, "no core");

    file = image_elf64(pieces, PIECES); /* a big-endian machine's, as it would be */
    elf_header(file)->e_ident[EI_DATA] = ELFDATA2MSB;
    elf_header(file)->e_type = __builtin_bswap16(ET_CORE);
    elf_header(file)->e_version = __builtin_bswap32(EV_CURRENT);
    refused(file, "big-endian");

    file = image_elf64(pieces, PIECES);
    elf_header(file)->e_phentsize = 40;
    refused(file, "unknown size");

    refused(image_elf64(pieces, 0), "no memory segments");

    file = image_elf64(pieces, PIECES); /* a process's core */
    for (size_t i = 0; i < PIECES; i++)
        elf_segment(file, i)->p_paddr = 0;
    refused(file, "physical addresses");

    file = image_elf64(pieces, PIECES);
    elf_segment(file, 1)->p_paddr = UINT64_MAX - 4096;
    refused(file, "wraps");

    file = image_elf64(pieces, PIECES);
    elf_segment(file, 1)->p_offset = UINT64_MAX - 4096;
    refused(file, "wraps");

    file = image_elf64(pieces, PIECES);
    elf_header(file)->e_phnum = PN_XNUM; /* and no section that tells the number */
    refused(file, "");

    file = image_elf64(pieces, PIECES);
    file.bytes = 20;
    refused(file, "header");
}

/* vmalloc's memory in /proc/kcore has no physical address; one segment at 0 is a small machine. */
static void test_memory_elf_odd_addresses(void **state)
{
    static const struct image_piece at_0[] = {{0, KB(8), false}};
    struct image_file file = image_elf64(pieces, PIECES);
    elf_segment(file, 1)->p_paddr = UINT64_MAX;
    struct inspect_memory *memory = opened(file);
    reads(memory, 0x100000, KB(64));
    absent(memory, 0x110000, 8);
    absent(memory, UINT64_MAX, 1);
    inspect_memory_close(memory);

    memory = opened(image_elf64(at_0, 1));
    page_reads(memory, 0);
    inspect_memory_close(memory);
}

/* makedumpfile leaves pages out by p_filesz below p_memsz. */
static void test_memory_elf_filtered(void **state)
{
    static const struct image_piece some[] = {{0x1000, 4096, false}, {0x2000, 4096, true}, {0x3000, 4096, false}};
    struct image_file file = image_elf64(some, 3);
    elf_segment(file, 2)->p_memsz = KB(8); /* and the file goes on, with something else */
    file.data = realloc(file.data, file.bytes + KB(8));
    assert_non_null(file.data);
    memset(file.data + file.bytes, 0xee, KB(8));
    file.bytes += KB(8);
    struct inspect_memory *memory = opened(file);
    page_reads(memory, 0x1000);
    page_absent(memory, 0x2000);
    page_reads(memory, 0x3000);
    page_absent(memory, 0x4000);
    inspect_memory_close(memory);
}

/* The kernel's own image comes twice in /proc/vmcore. Where copies differ, the segment that begins lower counts. */
static void test_memory_elf_overlap(void **state)
{
    static const struct image_piece twice[] = {
        {0x104000, KB(16), false}, {0x100000, KB(32), false}, {0x106000, KB(16), false}, {0x100000, KB(4), false}};
    struct image_file file = image_elf64(twice, 4);
    memset(file.data + elf_segment(file, 0)->p_offset, 0xff, KB(16));
    memset(file.data + elf_segment(file, 3)->p_offset, 0xff, KB(4));
    memset(file.data + elf_segment(file, 2)->p_offset, 0xff, KB(8));
    struct inspect_memory *memory = opened(file);
    extents(memory, 1, (const uint64_t[][2]){{0x100000, 0x109fff}});
    reads(memory, 0x100000, KB(40));
    page_reads(memory, 0x107000);
    page_reads(memory, 0x108000);
    inspect_memory_close(memory);
}

/* More headers than e_phnum can say: the number is in the first section's sh_info. */
static void test_memory_elf_many_segments(void **state)
{
    enum { COUNT = 70000, BYTES = 64 };
    Elf64_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_ehsize = sizeof header,
                         .e_phoff = sizeof header + sizeof(Elf64_Shdr), .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = PN_XNUM, .e_shoff = sizeof header, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 1};
    Elf64_Shdr section = {.sh_info = COUNT};
    size_t start = header.e_phoff + COUNT * sizeof(Elf64_Phdr);
    struct image_file file = {calloc(1, start + COUNT * BYTES), start + COUNT * BYTES};
    assert_non_null(file.data);
    memcpy(file.data, &header, sizeof header);
    memcpy(file.data + header.e_shoff, &section, sizeof section);
    for (size_t i = 0; i < COUNT; i++) {
        Elf64_Phdr segment = {.p_type = PT_LOAD, .p_offset = start + i * BYTES, .p_paddr = i * 2 * BYTES,
                              .p_filesz = BYTES, .p_memsz = BYTES};
        memcpy(file.data + header.e_phoff + i * sizeof segment, &segment, sizeof segment);
        for (size_t k = 0; k < BYTES; k++)
            file.data[segment.p_offset + k] = image_byte(segment.p_paddr + k);
    }
    struct inspect_memory *memory = opened(file);
    reads(memory, 0, BYTES);
    reads(memory, 69999u * 2 * BYTES, BYTES);
    reads(memory, 35000u * 2 * BYTES + 3, 8);
    absent(memory, 35000u * 2 * BYTES + BYTES - 3, 8);
    inspect_memory_close(memory);
}

static void test_memory_lime_refused(void **state)
{
    size_t second = 32 + KB(64);
    struct image_file file = image_lime(pieces, PIECES);
    file.data[second] ^= 1;
    refused(file, "no LiME header");
    file = image_lime(pieces, PIECES);
    file.data[second + 4] = 2;
    refused(file, "version");
    file = image_lime(pieces, PIECES);
    memset(file.data + second + 8, 0xff, 8);
    refused(file, "ends before it begins");
    file = image_lime(pieces, PIECES);
    memset(file.data + 8, 0, 8);
    memset(file.data + 16, 0xff, 8); /* 2^64 bytes */
    refused(file, "ends before it begins");
    file = image_lime(pieces, 1);
    file.bytes = 31;
    refused(file, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_elf64),
        cmocka_unit_test(test_memory_elf32),
        cmocka_unit_test(test_memory_lime),
        cmocka_unit_test(test_memory_raw),
        cmocka_unit_test(test_memory_top_of_addresses),
        cmocka_unit_test(test_memory_kdump),
        cmocka_unit_test(test_memory_kdump_cut),
        cmocka_unit_test(test_memory_kdump_refused),
        cmocka_unit_test(test_memory_flattened),
        cmocka_unit_test(test_memory_flattened_damaged),
        cmocka_unit_test(test_memory_shared_dumps),
        cmocka_unit_test(test_memory_elf_refused),
        cmocka_unit_test(test_memory_elf_odd_addresses),
        cmocka_unit_test(test_memory_elf_filtered),
        cmocka_unit_test(test_memory_elf_overlap),
        cmocka_unit_test(test_memory_elf_many_segments),
        cmocka_unit_test(test_memory_lime_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
