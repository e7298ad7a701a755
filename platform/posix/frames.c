/* SPDX-License-Identifier: MIT */
/*
 * platform/posix/frames.c - the buddy allocator behind page_alloc and the buffers. Called by
 * posix.c.
 *
 * The bookkeeping lies beside the memory, in one sparse mapping: the operating system commits the
 * part that belongs to frames in use. Every block's first frame knows the block's length and use,
 * which is what finds a double free at the cost of one compare.
 */
#include "platform/posix/frames.h"

#include <stddef.h>
#include <sys/mman.h>

#include "iommukit/host/posix.h"

static unsigned lg2_floor(uint32_t value)
{
    return 31u - (unsigned)__builtin_clz(value);
}

static unsigned lg2_ceil(uint32_t value)
{
    return value == 1 ? 0 : lg2_floor(value - 1) + 1;
}

static void list_push(struct frame_pool *pool, uint32_t at, unsigned order)
{
    uint32_t next = pool->free[order];

    pool->frames[at] = (struct frame){.next = next, .count = 1u << order, .use = FRAME_FREE};
    if (next)
        pool->frames[next].prev = at;
    pool->free[order] = at;
    pool->nonempty |= 1u << order;
}

static void list_remove(struct frame_pool *pool, uint32_t at, unsigned order)
{
    struct frame *frame = &pool->frames[at];

    if (frame->next)
        pool->frames[frame->next].prev = frame->prev;
    if (frame->prev)
        pool->frames[frame->prev].next = frame->next;
    else
        pool->free[order] = frame->next;
    if (!pool->free[order])
        pool->nonempty &= ~(1u << order);
    frame->use = FRAME_INNER;
}

static bool is_free_block(const struct frame_pool *pool, uint32_t at, unsigned order)
{
    if (at < pool->first || at >= pool->end)
        return false;
    return pool->frames[at].use == FRAME_FREE && pool->frames[at].count == 1u << order;
}

/* Give back one naturally aligned block, together with every free buddy. */
static void free_block(struct frame_pool *pool, uint32_t at, unsigned order)
{
    while (order + 1 < FRAME_ORDERS && is_free_block(pool, at ^ 1u << order, order)) {
        list_remove(pool, at ^ 1u << order, order);
        pool->frames[at].use = FRAME_INNER;
        at &= ~(1u << order);
        order++;
    }
    list_push(pool, at, order);
}

/* Any range is a row of naturally aligned blocks. */
static void free_range(struct frame_pool *pool, uint32_t at, uint32_t count)
{
    while (count) {
        unsigned order = (unsigned)__builtin_ctz(at);

        if (order > lg2_floor(count))
            order = lg2_floor(count);
        free_block(pool, at, order);
        at += 1u << order;
        count -= 1u << order;
    }
}

/* The smallest block that is large enough, split down to `order`; 0: none. */
static uint32_t take_block(struct frame_pool *pool, unsigned order)
{
    uint32_t large_enough = pool->nonempty & (UINT32_MAX << order);
    unsigned found;
    uint32_t at;

    if (!large_enough)
        return 0;
    found = (unsigned)__builtin_ctz(large_enough);
    at = pool->free[found];
    list_remove(pool, at, found);
    while (found > order) {
        found--;
        list_push(pool, at + (1u << found), found);
    }
    return at;
}

/*
 * Below 4 GiB a PC has its firmware, its IOMMUs' registers and the window in which writes become interrupts, and no
 * memory: what lies there cannot be mapped for a device.
 */
#define HOLE_FIRST (UINT32_C(0xFEC00000) >> 12)
#define HOLE_END   (UINT32_C(1) << 20)

static void free_all(struct frame_pool *pool)
{
    uint32_t below = pool->end < HOLE_FIRST ? pool->end : HOLE_FIRST;
    uint32_t above = pool->first > HOLE_END ? pool->first : HOLE_END;

    if (pool->first < below)
        free_range(pool, pool->first, below - pool->first);
    if (above < pool->end)
        free_range(pool, above, pool->end - above);
}

int frames_init(struct frame_pool *pool, uint32_t first, uint32_t end)
{
    void *frames;

    if (first == 0 || first >= end || (first >= HOLE_FIRST && end <= HOLE_END))
        return -IOMMU_EINVAL;
    frames = mmap(NULL, (size_t)end * sizeof(struct frame), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (frames == MAP_FAILED)
        return -IOMMU_ENOMEM;
    *pool = (struct frame_pool){.frames = frames, .first = first, .end = end};
    if (pthread_mutex_init(&pool->lock, NULL)) {
        munmap(frames, (size_t)end * sizeof(struct frame));
        return -IOMMU_ENOMEM;
    }
    free_all(pool);
    return 0;
}

void frames_fini(struct frame_pool *pool)
{
    pthread_mutex_destroy(&pool->lock);
    munmap(pool->frames, (size_t)pool->end * sizeof(struct frame));
}

uint32_t frames_take(struct frame_pool *pool, uint32_t count, enum frame_use use)
{
    unsigned order;
    uint32_t at;

    if (count == 0 || count > pool->end - pool->first || count > 1u << 31)
        return 0;
    order = lg2_ceil(count);
    pthread_mutex_lock(&pool->lock);
    at = take_block(pool, order);
    if (at) {
        pool->frames[at].count = count;
        pool->frames[at].use = use;
        free_range(pool, at + count, (1u << order) - count);
    }
    pthread_mutex_unlock(&pool->lock);
    if (at)
        atomic_fetch_add_explicit(&pool->used, count, memory_order_relaxed);
    return at;
}

static bool put_back(struct frame_pool *pool, uint32_t first, uint32_t count, enum frame_use use,
                     bool keep)
{
    struct frame *frame;
    bool ours;

    if (first < pool->first || first >= pool->end)
        return false;
    pthread_mutex_lock(&pool->lock);
    frame = &pool->frames[first];
    ours = frame->use == use && frame->count == count;
    if (ours && keep)
        frame->use = FRAME_KEPT;
    else if (ours)
        free_range(pool, first, count);
    pthread_mutex_unlock(&pool->lock);
    if (ours)
        atomic_fetch_sub_explicit(&pool->used, count, memory_order_relaxed);
    return ours;
}

bool frames_give(struct frame_pool *pool, uint32_t first, uint32_t count, enum frame_use use)
{
    return put_back(pool, first, count, use, false);
}

bool frames_keep(struct frame_pool *pool, uint32_t first, uint32_t count, enum frame_use use)
{
    return put_back(pool, first, count, use, true);
}

void frames_release(struct frame_pool *pool, uint32_t first)
{
    pthread_mutex_lock(&pool->lock);
    free_range(pool, first, pool->frames[first].count);
    pthread_mutex_unlock(&pool->lock);
}
