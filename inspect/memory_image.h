/* SPDX-License-Identifier: MIT */
/*
 * memory_image.h - the inside of an open image, shared by memory*.c only.
 *
 * A format's reader turns its headers into segments: where in the file which physical memory lies. Everything else
 * (what is cut off, overlaps, reading, the cache) is the same for all and lies in memory.c and memory_segments.c.
 * kdump files have no segments; libkdumpfile finds their pages.
 */
#ifndef INSPECT_MEMORY_IMAGE_H
#define INSPECT_MEMORY_IMAGE_H

#include "inspect/memory.h"

/* More pieces than any real machine's memory map has; bounds what a hostile header costs. */
#define MEMORY_SEGMENTS_MAX (1u << 20)

struct memory_segment {
    uint64_t base, last; /* physical, inclusive */
    uint64_t offset;     /* of base in the file */
};

struct memory_segments {
    struct memory_segment *item;
    size_t count, room;
};

struct memory_kdump;
struct memory_cache;

struct inspect_memory {
    enum inspect_memory_format format;
    int file;                        /* what is read: the file, or its unpacked copy */
    uint64_t file_bytes;
    bool packed;
    struct memory_segments segments; /* ascending, none overlaps another */
    struct memory_segments extents;  /* the same, adjacent ones merged; offsets mean nothing */
    size_t latest;                   /* the segment that was used last: most likely the next one, too */
    struct memory_kdump *kdump;
    struct memory_cache *cache;
    char name[40];
    char warning[200];               /* empty: the file is whole */
};

/* ---- memory_segments.c ---- */

/* One more; nothing for bytes = 0. -ENOMEM, -EINVAL (wraps round, too many). */
int memory_segments_add(struct memory_segments *segments, uint64_t base, uint64_t bytes, uint64_t offset,
                        struct inspect_why *why);
/* Cuts off what the file does not have (with a warning), sorts, trims what overlaps, makes the extents. */
int memory_segments_settle(struct inspect_memory *memory, struct inspect_why *why);
/* The segment that holds the address, or NULL. */
const struct memory_segment *memory_segments_find(struct inspect_memory *memory, uint64_t address);

/* ---- memory_file.c ---- */

/* All bytes at this place of the file: 0; -ENODATA: the file ends before; -EIO. */
int memory_file_read(int file, uint64_t offset, void *to, size_t bytes);
/* Opens it; a packed or flattened file is replaced by a copy without a name. Sets file, file_bytes and packed. */
int memory_file_open(struct inspect_memory *memory, const char *path, struct inspect_why *why);

/* ---- memory_unpack.c, memory_flat.c ---- */

bool memory_is_packed(const uint8_t *start, size_t bytes);
/* Replaces *file by what it holds, unpacked. A stream that ends early or is damaged is an error. */
int memory_unpack(const char *path, int *file, struct inspect_why *why);

/* The same for makedumpfile's flattened format. */
bool memory_is_flat(int file);
int memory_unflatten(const char *path, int *file, struct inspect_why *why);

/* ---- one for each format: fills segments, leaves the rest ---- */

int memory_elf_open(struct inspect_memory *memory, const char *path, struct inspect_why *why);
int memory_lime_open(struct inspect_memory *memory, const char *path, struct inspect_why *why);

/* ---- memory_kdump.c; all but open are for an image that has kdump != NULL ---- */

int memory_kdump_open(struct inspect_memory *memory, const char *path, struct inspect_why *why);
int memory_kdump_read(struct inspect_memory *memory, uint64_t address, void *to, size_t bytes);
void memory_kdump_close(struct memory_kdump *kdump);

#endif
