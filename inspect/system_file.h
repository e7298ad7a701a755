/* SPDX-License-Identifier: MIT */
/*
 * system_file.h - reading below the root of a machine's /sys and /proc, which may be a copy that somebody sent.
 *
 * Every read has a bound, and only regular files are read: a pipe or a device that lies in a copy would never end.
 * Paths begin without a slash, "sys/class/iommu".
 */
#ifndef INSPECT_SYSTEM_FILE_H
#define INSPECT_SYSTEM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSPECT_PATH  1024u
#define INSPECT_ENTRY 64u /* a name in a directory; longer ones are none of the kernel's */

/* "ROOT/path"; false: too long. The formatted path has no leading slash. */
bool inspect_path(char to[INSPECT_PATH], const char *root, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* 0, -ENOENT, -EACCES, -EINVAL (no regular file), -EFBIG (there is more than `size`, which was read), -EIO. */
int inspect_file_read(const char *path, void *to, size_t size, size_t *length);

/* An open descriptor of a regular file, or the same errors. */
int inspect_file_open(const char *path);

/* What is not printable ASCII becomes '?': texts end on terminals and in JSON. */
void inspect_printable(char *text);

/* The file's first line, printable and without spaces at its end; false: not readable. */
bool inspect_file_line(const char *path, char *text, size_t size);
/* A number alone in a file; base as for strtoull. */
bool inspect_file_number(const char *path, int base, uint64_t *value);
/* The last part of what a symbolic link points to; the link is not followed. */
bool inspect_file_link(const char *path, char *name, size_t size);
bool inspect_file_exists(const char *path);

struct inspect_listing {
    unsigned count;
    bool cut; /* there were more than max */
    char (*name)[INSPECT_ENTRY]; /* sorted; owned */
};

/* What a directory contains, without names that begin with a dot. 0, -ENOENT, -EACCES, -EIO, -ENOMEM. */
int inspect_list(const char *path, unsigned max, struct inspect_listing *listing);
void inspect_listing_free(struct inspect_listing *listing);

#endif
