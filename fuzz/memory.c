/* SPDX-License-Identifier: MIT */
/*
 * The reader of memory dumps, fed by libFuzzer:
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -I. fuzz/memory.c \
 *         inspect/memory*.c inspect/why.c -lelf -lzstd -o fuzz-memory
 *
 * Each input is opened as what it looks like, and as raw memory. Whatever opens must keep its word: extents ascend and
 * do not touch, what they tell can be read, what lies between them cannot, and pages and reads agree.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inspect/memory.h"

#define EXTENTS 32 /* looked at */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "memory dump: %s\n", what);
    abort();
}

static void check_page(struct inspect_memory *memory, uint64_t address)
{
    uint8_t copy[INSPECT_PAGE];
    int result = 1;
    const uint8_t *page = inspect_memory_page(memory, address & ~(uint64_t)(INSPECT_PAGE - 1), &result);
    int again = inspect_memory_read(memory, address & ~(uint64_t)(INSPECT_PAGE - 1), copy, sizeof copy);

    need(result == 0 || result == -ENODATA || result == -EIO, "an unknown result");
    need((page != NULL) == (result == 0) && result == again, "page and read disagree");
    need(page == NULL || memcmp(page, copy, sizeof copy) == 0, "page and read differ");
}

/* kdump files may have left pages out, so there the ends of extents need not be readable. */
static void check_extent(struct inspect_memory *memory, const struct inspect_extent *extent, bool kept)
{
    uint8_t byte;

    need(extent->base <= extent->last, "an extent ends before it begins");
    need(!kept || inspect_memory_read(memory, extent->base, &byte, 1) == 0, "an extent's first byte is absent");
    need(!kept || inspect_memory_read(memory, extent->last, &byte, 1) == 0, "an extent's last byte is absent");
    if (extent->last != UINT64_MAX && kept)
        need(inspect_memory_read(memory, extent->last + 1, &byte, 1) == -ENODATA, "a byte after an extent is there");
    check_page(memory, extent->base);
    check_page(memory, extent->last);
    check_page(memory, extent->base + (extent->last - extent->base) / 2);
}

static void check(struct inspect_memory *memory)
{
    bool kept = strncmp(inspect_memory_format_name(memory), "kdump", 5) != 0;
    struct inspect_extent extent, before = {0, 0};
    size_t count = 0;

    for (; count < EXTENTS && inspect_memory_extent(memory, count, &extent); count++) {
        need(count == 0 || (before.last < extent.base && extent.base - before.last > 1), "extents touch or descend");
        check_extent(memory, &extent, kept);
        before = extent;
    }
    need(count != 0, "it opened but holds nothing");
    check_page(memory, 0);
    check_page(memory, UINT64_MAX);
}

static void open_as(const char *path, enum inspect_memory_format format)
{
    struct inspect_memory_options options = {path, format, format == INSPECT_MEMORY_RAW ? 0x100000 : 0};
    struct inspect_memory *memory = NULL;
    struct inspect_why why = {""};
    int result = inspect_memory_open(&options, &memory, &why);

    need((result == 0) == (memory != NULL), "result and image disagree");
    need(result == 0 || why.text[0] != '\0', "refused without a reason");
    if (result != 0)
        return;
    check(memory);
    inspect_memory_close(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    char path[64];

    if (file < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    open_as(path, INSPECT_MEMORY_DETECT);
    open_as(path, INSPECT_MEMORY_RAW);
    (void)close(file);
    return 0;
}
