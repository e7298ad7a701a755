/* SPDX-License-Identifier: MIT */
/*
 * memory_copy.c - a temporary file without a name, for what cannot be read where it is: packed and flattened dumps.
 *
 * What is not written is a hole, so a copy takes no more room than what is in it. Its size is bounded: a few
 * kilobytes can unpack to petabytes.
 */
#include "inspect/memory_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 512
#define LARGEST    ((uint64_t)16 << 40) /* more memory than a machine has */

/* Large files belong into /var/tmp: /tmp is often memory. */
int memory_copy_open(struct memory_copy *copy, const char *path, struct inspect_why *why)
{
    const char *wanted = getenv("TMPDIR");
    const char *const folders[] = {wanted != NULL && wanted[0] != '\0' ? wanted : "/var/tmp", "/tmp"};
    *copy = (struct memory_copy){.path = path, .file = -1};
    for (size_t i = 0; i < 2 && copy->file < 0; i++) {
        char name[PATH_BYTES];
        copy->folder = folders[i];
        if (snprintf(name, sizeof name, "%s/iommukit-XXXXXX", folders[i]) >= (int)sizeof name)
            continue;
        copy->file = mkostemp(name, O_CLOEXEC);
        if (copy->file >= 0)
            unlink(name);
    }
    if (copy->file < 0)
        return inspect_fail(why, -EINVAL, "cannot unpack %s: no temporary file in %s: %s; set TMPDIR", path,
                            copy->folder, strerror(errno));
    return 0;
}

static int no_room(const struct memory_copy *copy, uint64_t offset, const char *what, struct inspect_why *why)
{
    return inspect_fail(why, -EINVAL, "cannot unpack %.100s: %s in %.60s after %" PRIu64 " MiB; set TMPDIR to a "
                        "folder with more room", copy->path, what, copy->folder, offset >> 20);
}

int memory_copy_write(struct memory_copy *copy, uint64_t offset, const void *bytes, size_t count,
                      struct inspect_why *why)
{
    const uint8_t *from = bytes;
    while (count != 0) {
        ssize_t done = pwrite(copy->file, from, count, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return no_room(copy, offset, done < 0 ? strerror(errno) : "nothing was written", why);
        from += done;
        offset += (uint64_t)done;
        count -= (size_t)done;
    }
    return 0;
}

int memory_copy_extend(struct memory_copy *copy, uint64_t offset, uint64_t count, struct inspect_why *why)
{
    if (offset > LARGEST || count > LARGEST - offset)
        return inspect_fail(why, -EINVAL, "%s unpacks to more than %u TiB", copy->path, (unsigned)(LARGEST >> 40));
    if (offset + count > copy->bytes)
        copy->bytes = offset + count;
    return 0;
}

int memory_copy_close(struct memory_copy *copy, int result, int *file, struct inspect_why *why)
{
    if (result == 0 && ftruncate(copy->file, (off_t)copy->bytes) != 0)
        result = no_room(copy, copy->bytes, strerror(errno), why);
    if (result == 0) {
        close(*file);
        *file = copy->file;
    } else if (copy->file >= 0) {
        close(copy->file);
    }
    return result;
}
