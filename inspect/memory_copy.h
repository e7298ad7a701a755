/* SPDX-License-Identifier: MIT */
/* memory_copy.h - a temporary file that takes the place of a dump which cannot be read where it is. */
#ifndef INSPECT_MEMORY_COPY_H
#define INSPECT_MEMORY_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "inspect/why.h"

struct memory_copy {
    const char *path, *folder; /* of what it is a copy, and where it lies */
    int file;
    uint64_t bytes;            /* how long it will be */
};

int memory_copy_open(struct memory_copy *copy, const char *path, struct inspect_why *why);
/* The copy reaches at least so far. -EINVAL: that is more than any dump has. */
int memory_copy_extend(struct memory_copy *copy, uint64_t offset, uint64_t count, struct inspect_why *why);
/* After it has been extended; bytes that are not written are 0. */
int memory_copy_write(struct memory_copy *copy, uint64_t offset, const void *bytes, size_t count,
                      struct inspect_why *why);
/* result = 0: the copy replaces *file, which is closed. Otherwise the copy is given up. Returns the result. */
int memory_copy_close(struct memory_copy *copy, int result, int *file, struct inspect_why *why);

#endif
