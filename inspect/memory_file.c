/* SPDX-License-Identifier: MIT */
/*
 * memory_file.c - the file behind an image.
 *
 * Read with pread only: /proc/vmcore cannot always be mapped, and a mapped file that shrinks ends the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/memory_image.h"

int memory_file_read(int file, uint64_t offset, void *to, size_t bytes)
{
    char *at = to;
    while (bytes != 0) {
        if (offset > INT64_MAX)
            return -ENODATA;
        ssize_t done = pread(file, at, bytes, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -EIO;
        if (done == 0)
            return -ENODATA;
        at += done;
        offset += (uint64_t)done;
        bytes -= (size_t)done;
    }
    return 0;
}

static int size_of(int file, uint64_t *bytes)
{
    struct stat about;
    if (fstat(file, &about) != 0 || (!S_ISREG(about.st_mode) && !S_ISBLK(about.st_mode)))
        return -EINVAL;
    off_t end = S_ISREG(about.st_mode) ? about.st_size : lseek(file, 0, SEEK_END);
    if (end < 0)
        return -EINVAL;
    *bytes = (uint64_t)end;
    return 0;
}

/* Its copy, if it cannot be read as it is. */
static int replace(struct inspect_memory *memory, const char *path, struct inspect_why *why)
{
    uint8_t start[4];
    int result = 0;
    if (memory_file_read(memory->file, 0, start, sizeof start) == 0 && memory_is_packed(start, sizeof start)) {
        memory->packed = true;
        result = memory_unpack(path, &memory->file, why);
    }
    if (result == 0 && memory_is_flat(memory->file))
        result = memory_unflatten(path, &memory->file, why);
    return result;
}

int memory_file_open(struct inspect_memory *memory, const char *path, struct inspect_why *why)
{
    uint64_t bytes;
    /* O_NONBLOCK: a pipe without a writer must not hang. */
    memory->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (memory->file < 0)
        return inspect_fail(why, errno == ENOENT || errno == EACCES || errno == ENOMEM ? -errno : -EINVAL,
                            "cannot open %s: %s", path, strerror(errno));
    if (size_of(memory->file, &bytes) != 0)
        return inspect_fail(why, -EINVAL, "%s is neither a file nor a disk", path);
    int result = replace(memory, path, why);
    if (result == 0 && size_of(memory->file, &memory->file_bytes) != 0)
        return inspect_fail(why, -EINVAL, "the unpacked copy of %s cannot be read", path);
    return result;
}
