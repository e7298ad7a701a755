/* SPDX-License-Identifier: MIT */
/*
 * memory.h - a machine's physical memory, out of a file: ELF core, kdump, LiME, or raw; plain or zstd.
 *
 * Reading is by physical address. What the file does not hold is reported as such and never guessed. The file is not
 * trusted: headers that make no sense are an error on opening, not a crash later. What a truncated file has lost is
 * absent, with a warning (a kdump file is refused then). Segments that overlap are the same memory twice; the one that
 * begins lower is used.
 * An open image is read-only and keeps no more than a bounded cache; several threads may not share one.
 */
#ifndef INSPECT_MEMORY_H
#define INSPECT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/why.h"

#define INSPECT_PAGE 4096u

enum inspect_memory_format {
    INSPECT_MEMORY_DETECT, /* by what the file begins with; raw is never detected */
    INSPECT_MEMORY_ELF,    /* ELF core whose p_paddr are physical addresses */
    INSPECT_MEMORY_KDUMP,  /* makedumpfile's compressed formats, flattened or not, through libkdumpfile */
    INSPECT_MEMORY_LIME,
    INSPECT_MEMORY_RAW,    /* the file is the memory from raw_base on */
};

struct inspect_memory_options {
    const char *path;
    enum inspect_memory_format format;
    uint64_t raw_base;
};

/* One stretch of physical memory that the file holds. */
struct inspect_extent {
    uint64_t base, last; /* inclusive */
};

struct inspect_memory;

/* 0; -ENOENT, -EACCES, -EINVAL (not such a file, or malformed), -ENOMEM, with the reason in *why. */
int inspect_memory_open(const struct inspect_memory_options *options, struct inspect_memory **memory,
                        struct inspect_why *why);
void inspect_memory_close(struct inspect_memory *memory);

/* "ELF core", "kdump-compressed", ..., with ", zstd" where it was. */
const char *inspect_memory_format_name(const struct inspect_memory *memory);

/* What is wrong with a file that could still be opened (it was cut off), one sentence; NULL: nothing. */
const char *inspect_memory_warning(const struct inspect_memory *memory);

/* 0; -ENODATA: (part of) it is not in the file; -EIO: the file could not be read. On failure `to` is undefined. */
int inspect_memory_read(struct inspect_memory *memory, uint64_t address, void *to, size_t bytes);

/*
 * The page that starts at `address` (4 KiB aligned), or NULL if the file does not hold all of it (*result: -ENODATA,
 * -EIO; result may be NULL). Valid until the next call for this image; the quick way for table walks.
 */
const void *inspect_memory_page(struct inspect_memory *memory, uint64_t address, int *result);

/* The extents in ascending order, merged; index from 0. False: no more. Of a filtered kdump: memory that existed. */
bool inspect_memory_extent(const struct inspect_memory *memory, size_t index, struct inspect_extent *extent);

#endif
