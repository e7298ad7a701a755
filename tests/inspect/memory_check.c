/* SPDX-License-Identifier: MIT */
/* tests/inspect/memory_check.c - see memory_check.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/inspect/memory_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct image_piece pieces[PIECES] = {
    {0x100000, KB(64), false},
    {0x110000, KB(16), false},
    {0x200000, KB(8) + 0x300, false},
};

int try_open(struct image_file file, enum inspect_memory_format format, uint64_t base,
                    struct inspect_memory **memory, struct inspect_why *why)
{
    char path[IMAGE_PATH];
    image_save(file, path);
    struct inspect_memory_options options = {path, format, base};
    why->text[0] = '\0';
    int result = inspect_memory_open(&options, memory, why);
    unlink(path);
    return result;
}

struct inspect_memory *opened(struct image_file file)
{
    struct inspect_memory *memory = NULL;
    struct inspect_why why;
    int result = try_open(file, INSPECT_MEMORY_DETECT, 0, &memory, &why);
    if (result != 0)
        print_error("%s\n", why.text);
    assert_int_equal(result, 0);
    return memory;
}

void refused(struct image_file file, const char *words)
{
    struct inspect_memory *memory = NULL;
    struct inspect_why why;
    assert_int_equal(try_open(file, INSPECT_MEMORY_DETECT, 0, &memory, &why), -EINVAL);
    if (strstr(why.text, words) == NULL)
        fail_msg("expected '%s' in: %s", words, why.text);
    assert_null(memory);
}

void reads(struct inspect_memory *memory, uint64_t address, size_t bytes)
{
    uint8_t *got = malloc(bytes);
    assert_non_null(got);
    assert_int_equal(inspect_memory_read(memory, address, got, bytes), 0);
    for (size_t i = 0; i < bytes; i++)
        if (got[i] != image_byte(address + i))
            fail_msg("%#llx differs", (unsigned long long)(address + i));
    free(got);
}

void absent(struct inspect_memory *memory, uint64_t address, size_t bytes)
{
    uint8_t *got = malloc(bytes);
    assert_non_null(got);
    assert_int_equal(inspect_memory_read(memory, address, got, bytes), -ENODATA);
    free(got);
}

void page_reads(struct inspect_memory *memory, uint64_t address)
{
    int result = -1;
    const uint8_t *page = inspect_memory_page(memory, address, &result);
    assert_non_null(page);
    assert_int_equal(result, 0);
    for (size_t i = 0; i < INSPECT_PAGE; i++)
        assert_int_equal(page[i], image_byte(address + i));
}

void page_absent(struct inspect_memory *memory, uint64_t address)
{
    int result = 0;
    assert_null(inspect_memory_page(memory, address, &result));
    assert_int_equal(result, -ENODATA);
}

void extents(struct inspect_memory *memory, size_t count, const uint64_t (*wanted)[2])
{
    struct inspect_extent extent;
    for (size_t i = 0; i < count; i++) {
        assert_true(inspect_memory_extent(memory, i, &extent));
        assert_int_equal(extent.base, wanted[i][0]);
        assert_int_equal(extent.last, wanted[i][1]);
    }
    assert_false(inspect_memory_extent(memory, count, &extent));
}

void check_pieces(struct inspect_memory *memory, const char *name)
{
    static const uint64_t wanted[][2] = {{0x100000, 0x113fff}, {0x200000, 0x2022ff}};
    assert_string_equal(inspect_memory_format_name(memory), name);
    assert_null(inspect_memory_warning(memory));
    extents(memory, 2, wanted);
    reads(memory, 0x100000, KB(80));      /* across two pieces */
    reads(memory, 0x10fffd, 7);           /* the same, over a page's border */
    reads(memory, 0x100007, 8);
    page_reads(memory, 0x10f000);
    page_reads(memory, 0x201000);
    reads(memory, 0x202100, 0x200);       /* to the last byte of a page that is not whole */
    page_absent(memory, 0x202000);
    absent(memory, 0x2022ff, 2);
    absent(memory, 0xfffff, 1);
    absent(memory, 0xfffff, 2);
    absent(memory, 0x113ffc, 8);
    absent(memory, 0x114000, 1);
    absent(memory, 0x150000, KB(100));
    absent(memory, UINT64_MAX, 1);
    absent(memory, UINT64_MAX - 3, 16);
    page_absent(memory, 0x114000);
    page_absent(memory, 0x100800);        /* not a page's address */
    page_absent(memory, 1);
    page_reads(memory, 0x100000);
    assert_non_null(inspect_memory_page(memory, 0x101000, NULL));
    assert_null(inspect_memory_page(memory, 0, NULL));
    inspect_memory_close(memory);
}

struct inspect_memory *opened_kdump(struct image_file file)
{
    struct inspect_memory *memory = NULL;
    struct inspect_why why;
    int result = try_open(file, INSPECT_MEMORY_DETECT, 0, &memory, &why);
    if (result != 0 && strstr(why.text, "built without") != NULL) {
        print_message("skipped: %s\n", why.text);
        skip();
    }
    if (result != 0)
        print_error("%s\n", why.text);
    assert_int_equal(result, 0);
    return memory;
}

Elf64_Ehdr *elf_header(struct image_file file)
{
    return (Elf64_Ehdr *)(void *)file.data;
}

Elf64_Phdr *elf_segment(struct image_file file, size_t index)
{
    return (Elf64_Phdr *)(void *)(file.data + sizeof(Elf64_Ehdr)) + 1 + index;
}
