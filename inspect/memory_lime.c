/* SPDX-License-Identifier: MIT */
/*
 * memory_lime.c - LiME's format, version 1: a header before each stretch of memory, little-endian:
 * magic (4 bytes), version (4), first address (8), last address (8), reserved (8).
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inspect/memory_image.h"

#define MAGIC   0x4c694d45u
#define VERSION 1u

struct header {
    uint32_t magic, version;
    uint64_t first, last;
    uint8_t reserved[8];
};
_Static_assert(sizeof(struct header) == 32, "as in the file");

static const char *unfit(const struct header *header)
{
    if (le32toh(header->magic) != MAGIC)
        return "no LiME header where one should be";
    if (le32toh(header->version) != VERSION)
        return "an unknown version of LiME's format";
    if (le64toh(header->last) < le64toh(header->first) || le64toh(header->last) - le64toh(header->first) == UINT64_MAX)
        return "a LiME range that ends before it begins";
    return NULL;
}

int memory_lime_open(struct inspect_memory *memory, const char *path, struct inspect_why *why)
{
    struct header header;
    uint64_t at = 0;
    while (at < memory->file_bytes) {
        int result = memory_file_read(memory->file, at, &header, sizeof header);
        if (result == -ENODATA && at != 0) { /* not even the next header is whole */
            snprintf(memory->warning, sizeof memory->warning, "the file is truncated within a LiME header");
            return 0;
        }
        const char *wrong = result != 0 ? "cannot read a LiME header" : unfit(&header);
        if (wrong != NULL)
            return inspect_fail(why, -EINVAL, "%s: %s, at byte %llu", path, wrong, (unsigned long long)at);
        uint64_t first = le64toh(header.first), bytes = le64toh(header.last) - first + 1;
        at += sizeof header;
        result = memory_segments_add(&memory->segments, first, bytes, at, why);
        if (result != 0)
            return result;
        if (bytes > memory->file_bytes - at)
            break; /* cut off here, which memory_segments_settle finds */
        at += bytes;
    }
    return 0;
}
