/* SPDX-License-Identifier: MIT */
/*
 * platform/posix/frames.h - who owns which 4 KiB frame of the host's memory. Used by posix.c
 * alone.
 *
 * A buddy allocator over frame numbers. It never touches the frames themselves: what a device
 * still reads from a freed page stays as it was left. Frame 0 is never in a pool, so 0 means
 * "none".
 */
#ifndef PLATFORM_POSIX_FRAMES_H
#define PLATFORM_POSIX_FRAMES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FRAME_ORDERS 32u

enum frame_use {
    FRAME_INNER,  /* not the first frame of anything */
    FRAME_FREE,   /* first frame of a free block */
    FRAME_PAGE,   /* first frame of page_alloc's blocks */
    FRAME_BUFFER, /* first frame of a caller's buffer */
    FRAME_KEPT,   /* given back, and kept from reuse for a while */
};

struct frame {
    uint32_t next, prev; /* neighbours in the free list of its order */
    uint32_t count;      /* frames in the block that starts here */
    uint32_t use;        /* enum frame_use */
};

struct frame_pool {
    pthread_mutex_t lock; /* guards everything but `used` */
    struct frame *frames; /* indexed by frame number */
    uint32_t first, end;  /* [first, end) may be handed out */
    uint32_t free[FRAME_ORDERS];
    uint32_t nonempty; /* bit n: free[n] is not empty */
    _Atomic uint64_t used;
};

/* 0, -IOMMU_EINVAL (nothing in the range) or -IOMMU_ENOMEM. */
int frames_init(struct frame_pool *pool, uint32_t first, uint32_t end);
void frames_fini(struct frame_pool *pool);

/* `count` adjacent frames, aligned to the next power of two; 0: none left. */
uint32_t frames_take(struct frame_pool *pool, uint32_t count, enum frame_use use);
/* False, and nothing happens, unless exactly this block was taken for this use. */
bool frames_give(struct frame_pool *pool, uint32_t first, uint32_t count, enum frame_use use);
/* The same, but nobody gets the block until it is released. */
bool frames_keep(struct frame_pool *pool, uint32_t first, uint32_t count, enum frame_use use);
void frames_release(struct frame_pool *pool, uint32_t first);

#endif
