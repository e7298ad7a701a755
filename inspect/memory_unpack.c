/* SPDX-License-Identifier: MIT */
/* memory_unpack.c - a zstd file, unpacked into a copy whose blocks of zeroes are holes. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "inspect/memory_copy.h"
#include "inspect/memory_image.h"

#define HOLE 4096u

struct unpack {
    struct memory_copy copy;
    int from;
    ZSTD_DCtx *context;
    uint8_t *in, *out;
    size_t in_bytes, out_bytes;
};

bool memory_is_packed(const uint8_t *start, size_t bytes)
{
    static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    return bytes >= sizeof magic && memcmp(start, magic, sizeof magic) == 0;
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

/* Frames and their buffers are multiples of HOLE, so holes are where a file system has them. */
static int store(struct unpack *unpack, size_t count, struct inspect_why *why)
{
    uint64_t offset = unpack->copy.bytes;
    int result = memory_copy_extend(&unpack->copy, offset, count, why);
    for (size_t at = 0; at < count && result == 0;) {
        size_t piece = count - at < HOLE ? count - at : HOLE;
        if (!is_zero(unpack->out + at, piece))
            result = memory_copy_write(&unpack->copy, offset + at, unpack->out + at, piece, why);
        at += piece;
    }
    return result;
}

static int damaged(const struct unpack *unpack, const char *what, struct inspect_why *why)
{
    return inspect_fail(why, -EINVAL, "%.120s is damaged: the zstd stream %s after %" PRIu64 " KiB unpacked",
                        unpack->copy.path, what, unpack->copy.bytes >> 10);
}

/* Everything that is in the input buffer. *open: a frame has begun and not ended. */
static int feed(struct unpack *unpack, ZSTD_inBuffer *in, bool *open, struct inspect_why *why)
{
    bool more = true; /* the output was full, so the decoder may hold more */
    while (in->pos < in->size || more) {
        ZSTD_outBuffer out = {unpack->out, unpack->out_bytes, 0};
        size_t hint = ZSTD_decompressStream(unpack->context, &out, in);
        if (ZSTD_isError(hint))
            return damaged(unpack, ZSTD_getErrorName(hint), why);
        int result = store(unpack, out.pos, why);
        if (result != 0)
            return result;
        *open = hint != 0;
        more = *open && out.pos == out.size;
    }
    return 0;
}

static int unpack_all(struct unpack *unpack, struct inspect_why *why)
{
    bool open = true;
    for (;;) {
        ssize_t got = read(unpack->from, unpack->in, unpack->in_bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return inspect_fail(why, -EINVAL, "cannot read %s: %s", unpack->copy.path, strerror(errno));
        if (got == 0)
            return open ? damaged(unpack, "is cut off: it ends", why) : 0;
        ZSTD_inBuffer in = {unpack->in, (size_t)got, 0};
        int result = feed(unpack, &in, &open, why);
        if (result != 0)
            return result;
    }
}

static int allocate(struct unpack *unpack, struct inspect_why *why)
{
    unpack->in_bytes = ZSTD_DStreamInSize();
    unpack->out_bytes = ZSTD_DStreamOutSize();
    unpack->in = malloc(unpack->in_bytes);
    unpack->out = malloc(unpack->out_bytes);
    unpack->context = ZSTD_createDCtx();
    if (unpack->in == NULL || unpack->out == NULL || unpack->context == NULL)
        return inspect_fail(why, -ENOMEM, "out of memory");
    return 0;
}

int memory_unpack(const char *path, int *file, struct inspect_why *why)
{
    struct unpack unpack = {.from = *file};
    int result = memory_copy_open(&unpack.copy, path, why);
    if (result == 0)
        result = allocate(&unpack, why);
    if (result == 0)
        result = unpack_all(&unpack, why);
    ZSTD_freeDCtx(unpack.context);
    free(unpack.in);
    free(unpack.out);
    return memory_copy_close(&unpack.copy, result, file, why);
}
