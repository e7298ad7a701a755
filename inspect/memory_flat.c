/* SPDX-License-Identifier: MIT */
/*
 * memory_flat.c - makedumpfile's flattened format, put in order.
 *
 * What is written through a pipe, and what QEMU writes as kdump, cannot go back to fill in its headers: it is a
 * header of 4 KiB, then pieces, each with its place in the dump and its length as 64-bit big-endian numbers, and at
 * the end one with -1 for both. A file without that end was cut off.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "inspect/memory_copy.h"
#include "inspect/memory_image.h"

#define SIGNATURE    "makedumpfile"
#define HEADER_BYTES 4096u
#define BUFFER_BYTES 65536u

struct piece {
    uint64_t offset, bytes;
};

bool memory_is_flat(int file)
{
    char start[sizeof SIGNATURE];
    return memory_file_read(file, 0, start, sizeof start) == 0 && memcmp(start, SIGNATURE, sizeof start) == 0;
}

static int cut_off(const struct memory_copy *copy, uint64_t at, struct inspect_why *why)
{
    return inspect_fail(why, -EINVAL, "%.150s is damaged: the flattened dump is cut off or wrong at byte %" PRIu64,
                        copy->path, at);
}

static int copy_piece(struct memory_copy *copy, int from, uint64_t at, struct piece piece, struct inspect_why *why)
{
    uint8_t buffer[BUFFER_BYTES];
    while (piece.bytes != 0) {
        size_t part = piece.bytes < sizeof buffer ? (size_t)piece.bytes : sizeof buffer;
        if (memory_file_read(from, at, buffer, part) != 0)
            return cut_off(copy, at, why);
        int result = memory_copy_write(copy, piece.offset, buffer, part, why);
        if (result != 0)
            return result;
        at += part;
        piece.offset += part;
        piece.bytes -= part;
    }
    return 0;
}

static int copy_all(struct memory_copy *copy, int from, struct inspect_why *why)
{
    for (uint64_t at = HEADER_BYTES;;) {
        struct piece piece;
        if (memory_file_read(from, at, &piece, sizeof piece) != 0)
            return cut_off(copy, at, why);
        piece = (struct piece){be64toh(piece.offset), be64toh(piece.bytes)};
        if (piece.offset == UINT64_MAX && piece.bytes == UINT64_MAX)
            return 0;
        if (piece.bytes == 0 || piece.bytes > INT64_MAX) /* every step gets on */
            return cut_off(copy, at, why);
        int result = memory_copy_extend(copy, piece.offset, piece.bytes, why);
        if (result == 0)
            result = copy_piece(copy, from, at + sizeof piece, piece, why);
        if (result != 0)
            return result;
        at += sizeof piece + piece.bytes;
    }
}

int memory_unflatten(const char *path, int *file, struct inspect_why *why)
{
    struct memory_copy copy;
    int result = memory_copy_open(&copy, path, why);
    if (result == 0)
        result = copy_all(&copy, *file, why);
    return memory_copy_close(&copy, result, file, why);
}
