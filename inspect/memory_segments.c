/* SPDX-License-Identifier: MIT */
/*
 * memory_segments.c - which part of the file is which physical memory.
 *
 * Segments may come in any order and may overlap: a kernel's core holds the kernel's own image twice, in the memory
 * map and once more for its virtual addresses. They are the same memory, so one copy is enough: the segment that
 * begins lower keeps what both have, the longer one if they begin together.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "inspect/memory_image.h"

/* Room for one more, or NULL with the reason. */
static struct memory_segment *one_more(struct memory_segments *segments, int *result, struct inspect_why *why)
{
    if (segments->count >= MEMORY_SEGMENTS_MAX) {
        *result = inspect_fail(why, -EINVAL, "more than %u segments: this is no memory dump", MEMORY_SEGMENTS_MAX);
        return NULL;
    }
    if (segments->item == NULL || segments->count == segments->room) {
        size_t room = segments->room != 0 ? 2 * segments->room : 16;
        struct memory_segment *item = realloc(segments->item, room * sizeof *item);
        if (item == NULL) {
            *result = inspect_fail(why, -ENOMEM, "out of memory");
            return NULL;
        }
        segments->item = item;
        segments->room = room;
    }
    return &segments->item[segments->count++];
}

static int append(struct memory_segments *segments, struct memory_segment segment, struct inspect_why *why)
{
    int result = 0;
    struct memory_segment *added = one_more(segments, &result, why);
    if (added != NULL)
        *added = segment;
    return result;
}

int memory_segments_add(struct memory_segments *segments, uint64_t base, uint64_t bytes, uint64_t offset,
                        struct inspect_why *why)
{
    if (bytes == 0)
        return 0;
    if (bytes - 1 > UINT64_MAX - base || bytes - 1 > UINT64_MAX - offset)
        return inspect_fail(why, -EINVAL, "a segment at %#" PRIx64 " with %#" PRIx64 " bytes wraps round", base, bytes);
    return append(segments, (struct memory_segment){base, base + (bytes - 1), offset}, why);
}

/* A file that was cut off in the middle is still worth reading: what it lost is absent. */
static void cut_off(struct inspect_memory *memory)
{
    struct memory_segments *segments = &memory->segments;
    uint64_t missing = 0;
    size_t kept = 0;
    for (size_t i = 0; i < segments->count; i++) {
        struct memory_segment segment = segments->item[i];
        uint64_t bytes_1 = segment.last - segment.base; /* one less than it has: that always fits */
        uint64_t there = segment.offset < memory->file_bytes ? memory->file_bytes - segment.offset : 0;
        if (bytes_1 >= there) {
            uint64_t more = bytes_1 - there + 1;
            missing = missing + more >= missing ? missing + more : UINT64_MAX;
            segment.last = segment.base + there - 1;
        }
        if (there != 0)
            segments->item[kept++] = segment;
    }
    segments->count = kept;
    if (missing != 0)
        snprintf(memory->warning, sizeof memory->warning,
                 "the file is truncated: %" PRIu64 " KiB that its headers promise are not in it",
                 missing / 1024 + (missing % 1024 != 0));
}

static int by_base(const void *a, const void *b)
{
    const struct memory_segment *x = a, *y = b;
    if (x->base != y->base)
        return x->base < y->base ? -1 : 1;
    if (x->last != y->last)
        return x->last > y->last ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static void trim(struct memory_segments *segments)
{
    size_t kept = 0;
    for (size_t i = 0; i < segments->count; i++) {
        struct memory_segment segment = segments->item[i];
        if (kept != 0 && segment.base <= segments->item[kept - 1].last) {
            uint64_t last = segments->item[kept - 1].last;
            if (segment.last <= last)
                continue;
            segment.offset += last + 1 - segment.base;
            segment.base = last + 1;
        }
        segments->item[kept++] = segment;
    }
    segments->count = kept;
}

static int merge(const struct memory_segments *segments, struct memory_segments *extents, struct inspect_why *why)
{
    for (size_t i = 0; i < segments->count; i++) {
        const struct memory_segment *segment = &segments->item[i];
        struct memory_segment *before = extents->count != 0 ? &extents->item[extents->count - 1] : NULL;
        int result = 0;
        if (before != NULL && before->last + 1 == segment->base)
            before->last = segment->last;
        else
            result = append(extents, *segment, why);
        if (result != 0)
            return result;
    }
    return 0;
}

int memory_segments_settle(struct inspect_memory *memory, struct inspect_why *why)
{
    cut_off(memory);
    if (memory->segments.count == 0)
        return inspect_fail(why, -EINVAL, "there is no memory in it%s%s", memory->warning[0] != '\0' ? ": " : "",
                            memory->warning);
    qsort(memory->segments.item, memory->segments.count, sizeof *memory->segments.item, by_base);
    trim(&memory->segments);
    return merge(&memory->segments, &memory->extents, why);
}

const struct memory_segment *memory_segments_find(struct inspect_memory *memory, uint64_t address)
{
    const struct memory_segment *item = memory->segments.item;
    size_t low = 0, high = memory->segments.count;
    if (memory->latest < high && item[memory->latest].base <= address && address <= item[memory->latest].last)
        return &item[memory->latest];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (address < item[middle].base) {
            high = middle;
        } else if (address > item[middle].last) {
            low = middle + 1;
        } else {
            memory->latest = middle;
            return &item[middle];
        }
    }
    return NULL;
}
