/* SPDX-License-Identifier: MIT */
/*
 * memory_kdump.c - makedumpfile's and diskdump's compressed formats, through libkdumpfile.
 *
 * Which pages were memory, and which of them were kept, is in the file's bitmaps: extents tell the former, and a
 * page that was filtered out is absent when it is read.
 *
 * libkdumpfile reads what lies beyond the file's end as zeroes, which would be a guess, and does not survive some
 * headers that were cut off. So a file that is not whole is refused before: the headers say where page descriptors
 * begin, and the last ones where the last page ends.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/memory_image.h"

#ifdef INSPECT_KDUMP
#include <libkdumpfile/kdumpfile.h>

#define BLOCK_MAX (1u << 16)

struct memory_kdump {
    kdump_ctx_t *context;
    struct memory_kdump *next; /* of those that were closed */
};

/* ---- is the file whole? -------------------------------------------------------------------- */

#define DESCRIPTORS 1024u /* at the end; several may share one page of zeroes that lies further up */

/* The blocks of a file: header, sub-header, bitmap of memory, bitmap of what was kept, descriptors, pages. */
struct layout {
    uint64_t kept_at, kept_bytes; /* the second bitmap */
    uint64_t descriptors_at;
};

struct descriptor {
    int64_t offset;
    uint32_t bytes, flags;
    uint64_t page_flags;
};

static bool find_layout(const struct inspect_memory *memory, struct layout *layout)
{
    static const uint64_t places[] = {428, 416}; /* of the block size, in 64-bit and in 32-bit headers */
    for (size_t i = 0; i < 2; i++) {
        uint32_t blocks[3]; /* block size, sub-header, bitmaps */
        if (memory_file_read(memory->file, places[i], blocks, sizeof blocks) != 0 || blocks[0] < INSPECT_PAGE ||
            blocks[0] > BLOCK_MAX || (blocks[0] & (blocks[0] - 1)) != 0)
            continue;
        layout->kept_bytes = (uint64_t)(blocks[2] / 2) * blocks[0];
        layout->kept_at = ((uint64_t)1 + blocks[1]) * blocks[0] + layout->kept_bytes;
        layout->descriptors_at = ((uint64_t)1 + blocks[1] + blocks[2]) * blocks[0];
        return layout->descriptors_at <= memory->file_bytes;
    }
    return false;
}

/* False: the bitmap cannot be read. */
static bool count_kept(const struct inspect_memory *memory, const struct layout *layout, uint64_t *kept)
{
    uint64_t words[512];
    *kept = 0;
    for (uint64_t at = 0; at < layout->kept_bytes; at += sizeof words) {
        if (memory_file_read(memory->file, layout->kept_at + at, words, sizeof words) != 0)
            return false;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            *kept += (unsigned)__builtin_popcountll(words[i]);
    }
    return true;
}

static bool is_whole(const struct inspect_memory *memory)
{
    struct layout layout;
    uint64_t kept;
    if (!find_layout(memory, &layout) || !count_kept(memory, &layout, &kept) ||
        kept > (memory->file_bytes - layout.descriptors_at) / sizeof(struct descriptor))
        return false;
    for (uint64_t i = kept > DESCRIPTORS ? kept - DESCRIPTORS : 0; i < kept; i++) {
        struct descriptor page;
        if (memory_file_read(memory->file, layout.descriptors_at + i * sizeof page, &page, sizeof page) != 0 ||
            page.offset < 0 || (uint64_t)page.offset > memory->file_bytes ||
            page.bytes > memory->file_bytes - (uint64_t)page.offset)
            return false;
    }
    return true;
}

/* ---- opening and reading ------------------------------------------------------------------- */

static int take_extents(struct inspect_memory *memory, struct inspect_why *why)
{
    kdump_attr_t map = {.type = KDUMP_BITMAP};
    kdump_num_t page = 0;
    if (kdump_get_number_attr(memory->kdump->context, KDUMP_ATTR_PAGE_SIZE, &page) != KDUMP_OK || page < INSPECT_PAGE ||
        (page & (page - 1)) != 0)
        return inspect_fail(why, -EINVAL, "the kdump file has no usable page size");
    if (kdump_get_typed_attr(memory->kdump->context, KDUMP_ATTR_MEMORY_PAGEMAP, &map) != KDUMP_OK)
        return inspect_fail(why, -EINVAL, "the kdump file does not tell which pages are memory");
    for (kdump_addr_t first = 0, end; kdump_bmp_find_set(map.val.bitmap, &first) == KDUMP_OK; first = end) {
        end = first;
        if (kdump_bmp_find_clear(map.val.bitmap, &end) != KDUMP_OK || end <= first || end > UINT64_MAX / page)
            break;
        int result = memory_segments_add(&memory->extents, first * page, (end - first) * page, 0, why);
        if (result != 0)
            return result;
    }
    if (memory->extents.count == 0)
        return inspect_fail(why, -EINVAL, "there is no memory in the kdump file");
    return 0;
}

int memory_kdump_open(struct inspect_memory *memory, const char *path, struct inspect_why *why)
{
    if (!is_whole(memory))
        return inspect_fail(why, -EINVAL, "%s: the kdump file is truncated or damaged", path);
    kdump_ctx_t *context = kdump_new();
    memory->kdump = calloc(1, sizeof *memory->kdump);
    if (memory->kdump == NULL || (memory->kdump->context = context) == NULL)
        return inspect_fail(why, -ENOMEM, "out of memory");
    /* A mapped file that shrinks would end the program. */
    (void)kdump_set_number_attr(context, KDUMP_ATTR_FILE_MMAP_POLICY, KDUMP_MMAP_NEVER);
    if (kdump_open_fd(context, memory->file) != KDUMP_OK)
        return inspect_fail(why, -EINVAL, "libkdumpfile refuses %.100s: %.120s", path, kdump_get_err(context));
    return take_extents(memory, why);
}

int memory_kdump_read(struct inspect_memory *memory, uint64_t address, void *to, size_t bytes)
{
    size_t done = bytes;
    switch (kdump_read(memory->kdump->context, KDUMP_MACHPHYSADDR, address, to, &done)) {
    case KDUMP_OK:
        return 0;
    case KDUMP_ERR_NODATA:
    case KDUMP_ERR_EOF: /* the file was cut off */
        return -ENODATA;
    default:
        return -EIO;
    }
}

/*
 * kdump_free (0.5.1) uses memory that it has freed before, whatever the file was like. So contexts stay until the
 * program ends: one for each kdump file that was opened, which are few.
 */
void memory_kdump_close(struct memory_kdump *kdump)
{
    static _Atomic(struct memory_kdump *) closed;
    if (kdump != NULL)
        kdump->next = atomic_exchange(&closed, kdump);
}

#else

int memory_kdump_open(struct inspect_memory *memory, const char *path, struct inspect_why *why)
{
    (void)memory;
    return inspect_fail(why, -EINVAL, "%s is a kdump-compressed file, and this iommukit was built without "
                        "libkdumpfile; makedumpfile -E writes an ELF core instead", path);
}

int memory_kdump_read(struct inspect_memory *memory, uint64_t address, void *to, size_t bytes)
{
    (void)memory, (void)address, (void)to, (void)bytes;
    return -EIO;
}

void memory_kdump_close(struct memory_kdump *kdump)
{
    (void)kdump;
}

#endif
