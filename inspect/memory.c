/* SPDX-License-Identifier: MIT */
/*
 * memory.c - see memory.h: which format it is, and reading through a cache of pages.
 *
 * The cache is an array in which each page has one place. Table walks come back to the same few pages, and tables
 * are often neighbours, so nothing cleverer is needed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/memory_image.h"

#define CACHE_PAGES 4096u /* 16 MiB at most */

struct memory_slot {
    uint8_t *page; /* NULL: nothing has been here yet */
    uint64_t address;
    bool valid;
};

struct memory_cache {
    struct memory_slot slot[CACHE_PAGES];
};

/* ---- opening ------------------------------------------------------------------------------- */

static bool begins_with(int file, const char *start)
{
    char there[16];
    size_t length = strlen(start);
    return memory_file_read(file, 0, there, length) == 0 && memcmp(there, start, length) == 0;
}

static enum inspect_memory_format detect(int file)
{
    if (begins_with(file, "\177ELF"))
        return INSPECT_MEMORY_ELF;
    if (begins_with(file, "EMiL"))
        return INSPECT_MEMORY_LIME;
    if (begins_with(file, "KDUMP   ") || begins_with(file, "DISKDUMP"))
        return INSPECT_MEMORY_KDUMP;
    return INSPECT_MEMORY_DETECT;
}

static int open_format(struct inspect_memory *memory, const struct inspect_memory_options *options,
                       struct inspect_why *why)
{
    switch (memory->format) {
    case INSPECT_MEMORY_ELF:
        return memory_elf_open(memory, options->path, why);
    case INSPECT_MEMORY_LIME:
        return memory_lime_open(memory, options->path, why);
    case INSPECT_MEMORY_KDUMP:
        return memory_kdump_open(memory, options->path, why);
    case INSPECT_MEMORY_RAW:
        return memory_segments_add(&memory->segments, options->raw_base, memory->file_bytes, 0, why);
    case INSPECT_MEMORY_DETECT:
        break;
    }
    return inspect_fail(why, -EINVAL, "%s is no ELF core, kdump or LiME file; if it is memory as it was, give the "
                        "format raw", options->path);
}

static const char *format_name(enum inspect_memory_format format)
{
    switch (format) {
    case INSPECT_MEMORY_ELF:
        return "ELF core";
    case INSPECT_MEMORY_KDUMP:
        return "kdump-compressed";
    case INSPECT_MEMORY_LIME:
        return "LiME";
    case INSPECT_MEMORY_RAW:
        return "raw";
    case INSPECT_MEMORY_DETECT:
        break;
    }
    return "unknown";
}

static int open_image(struct inspect_memory *memory, const struct inspect_memory_options *options,
                      struct inspect_why *why)
{
    int result = memory_file_open(memory, options->path, why);
    if (result != 0)
        return result;
    memory->format = options->format != INSPECT_MEMORY_DETECT ? options->format : detect(memory->file);
    result = open_format(memory, options, why);
    if (result == 0 && memory->kdump == NULL)
        result = memory_segments_settle(memory, why);
    if (result != 0)
        return result;
    snprintf(memory->name, sizeof memory->name, "%s%s", format_name(memory->format), memory->packed ? ", zstd" : "");
    memory->cache = calloc(1, sizeof *memory->cache);
    return memory->cache != NULL ? 0 : inspect_fail(why, -ENOMEM, "out of memory");
}

int inspect_memory_open(const struct inspect_memory_options *options, struct inspect_memory **memory,
                        struct inspect_why *why)
{
    struct inspect_memory *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return inspect_fail(why, -ENOMEM, "out of memory");
    opened->file = -1;
    int result = open_image(opened, options, why);
    if (result != 0)
        inspect_memory_close(opened);
    else
        *memory = opened;
    return result;
}

void inspect_memory_close(struct inspect_memory *memory)
{
    if (memory == NULL)
        return;
    memory_kdump_close(memory->kdump);
    if (memory->file >= 0)
        close(memory->file);
    free(memory->segments.item);
    free(memory->extents.item);
    for (unsigned i = 0; memory->cache != NULL && i < CACHE_PAGES; i++)
        free(memory->cache->slot[i].page);
    free(memory->cache);
    free(memory);
}

const char *inspect_memory_format_name(const struct inspect_memory *memory)
{
    return memory->name;
}

const char *inspect_memory_warning(const struct inspect_memory *memory)
{
    return memory->warning[0] != '\0' ? memory->warning : NULL;
}

bool inspect_memory_extent(const struct inspect_memory *memory, size_t index, struct inspect_extent *extent)
{
    if (index >= memory->extents.count)
        return false;
    *extent = (struct inspect_extent){memory->extents.item[index].base, memory->extents.item[index].last};
    return true;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Past the cache; may cross segments that are neighbours. */
static int read_through(struct inspect_memory *memory, uint64_t address, void *to, size_t bytes)
{
    uint8_t *at = to;
    if (memory->kdump != NULL)
        return memory_kdump_read(memory, address, to, bytes);
    while (bytes != 0) {
        const struct memory_segment *segment = memory_segments_find(memory, address);
        if (segment == NULL)
            return -ENODATA;
        uint64_t rest = segment->last - address; /* one less than there is */
        size_t piece = rest < bytes ? (size_t)rest + 1 : bytes;
        int result = memory_file_read(memory->file, segment->offset + (address - segment->base), at, piece);
        if (result != 0)
            return result;
        at += piece;
        address += piece; /* 0 after the last byte there can be; `bytes` is 0 then, or it is not there */
        bytes -= piece;
        if (address == 0 && bytes != 0)
            return -ENODATA;
    }
    return 0;
}

/* The page, or why not. */
static int find_page(struct inspect_memory *memory, uint64_t address, const uint8_t **page)
{
    struct memory_slot *slot = &memory->cache->slot[address / INSPECT_PAGE % CACHE_PAGES];
    if (address % INSPECT_PAGE != 0)
        return -ENODATA;
    if (!slot->valid || slot->address != address) {
        if (slot->page == NULL)
            slot->page = malloc(INSPECT_PAGE);
        if (slot->page == NULL)
            return -EIO;
        int result = read_through(memory, address, slot->page, INSPECT_PAGE);
        slot->valid = result == 0;
        slot->address = address;
        if (result != 0)
            return result;
    }
    *page = slot->page;
    return 0;
}

const void *inspect_memory_page(struct inspect_memory *memory, uint64_t address, int *result)
{
    const uint8_t *page = NULL;
    int found = find_page(memory, address, &page);
    if (result != NULL)
        *result = found;
    return page;
}

int inspect_memory_read(struct inspect_memory *memory, uint64_t address, void *to, size_t bytes)
{
    uint64_t within = address % INSPECT_PAGE;
    if (bytes <= INSPECT_PAGE - within) {
        const uint8_t *page = inspect_memory_page(memory, address - within, NULL);
        if (page != NULL) {
            memcpy(to, page + within, bytes);
            return 0;
        }
    }
    return read_through(memory, address, to, bytes); /* large, over a border, or in a page that is partly there */
}
