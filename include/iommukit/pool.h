/* SPDX-License-Identifier: MIT */
/*
 * iommukit/pool.h - the four memory hooks out of one fixed piece of memory: for hosts that allocate statically, or
 * that want a bound on what the library can ever take. Nothing comes from elsewhere, nothing is given back.
 *
 *     static _Alignas(2 << 20) unsigned char memory[64 * 4096];
 *     static struct iommu_pool pool;
 *
 *     iommu_pool_init(&pool, memory, sizeof memory);
 *     iommu_pool_hooks(&pool, &platform);      sets ctx, alloc, free, page_alloc, page_free
 *
 * Pages come in buddies that merge again when they are freed. An object takes 32 bytes to 2 KiB, rounded up to a power
 * of two, out of pages that stay with objects of that size; a larger one takes pages. So what a load needed
 * once it gets again. `least_free` tells how near to the end the pool has been: run your load, look, and size it.
 *
 * Locking: calls may come from several threads at once, as the library's do, and not from interrupt handlers that can
 * interrupt such a call: a spinlock is held for a few instructions. Header only; needs memset and GCC's or Clang's
 * __atomic functions.
 */
#ifndef IOMMUKIT_POOL_H
#define IOMMUKIT_POOL_H

#include "iommukit/platform.h"

#define IOMMU_POOL_ORDERS     10u /* the library asks for 4096 << 9 bytes at most */
#define IOMMU_POOL_SMALLEST   5u  /* lg2 of the smallest object */
#define IOMMU_POOL_OBJECTS    7u  /* sizes of objects: 32 bytes to 2 KiB */
#define IOMMU_POOL_NOT_FREE   0xFFu /* no order: the page is in use, or inside a larger free block */

/* Lies in what is free. */
struct iommu_pool_block {
    struct iommu_pool_block *next, *previous; /* previous: of pages only */
};

/* Caller-owned storage. May be the first member of a larger ctx. Read the counters, leave the rest alone. */
struct iommu_pool {
    size_t pages;       /* that there are */
    size_t free_pages;  /* now */
    size_t least_free;  /* ever */
    uintptr_t first;    /* number of the first page: address >> 12 */
    uint8_t *order;     /* of each page: a free block's order at its first page, else IOMMU_POOL_NOT_FREE */
    struct iommu_pool_block *free_blocks[IOMMU_POOL_ORDERS];   /* by order */
    struct iommu_pool_block *free_objects[IOMMU_POOL_OBJECTS]; /* by size */
    unsigned char busy; /* the spinlock */
};

/* ---- inside: the spinlock --------------------------------------------------------------------------------- */

/* The page of that number. */
static inline struct iommu_pool_block *iommu_pool_at(uintptr_t page)
{
    return (struct iommu_pool_block *)(page << IOMMU_PAGE_LG2); /* NOLINT(performance-no-int-to-ptr) */
}

/* Held for the few instructions of one allocation. */
static inline void iommu_pool_lock(struct iommu_pool *pool)
{
    while (__atomic_test_and_set(&pool->busy, __ATOMIC_ACQUIRE)) {
    }
}

/* The reverse. */
static inline void iommu_pool_unlock(struct iommu_pool *pool)
{
    __atomic_clear(&pool->busy, __ATOMIC_RELEASE);
}

/* ---- inside: pages; the lock is held ---------------------------------------------------------------------- */

/* Make a free block known. */
static inline void iommu_pool_link(struct iommu_pool *pool, uintptr_t page, unsigned order)
{
    struct iommu_pool_block *block = iommu_pool_at(page), **head = &pool->free_blocks[order];

    block->previous = NULL;
    block->next = *head;
    if (*head)
        (*head)->previous = block;
    *head = block;
    pool->order[page - pool->first] = (uint8_t)order;
}

/* Take a free block off its list. */
static inline void iommu_pool_unlink(struct iommu_pool *pool, uintptr_t page, unsigned order)
{
    struct iommu_pool_block *block = iommu_pool_at(page);

    if (block->previous)
        block->previous->next = block->next;
    else
        pool->free_blocks[order] = block->next;
    if (block->next)
        block->next->previous = block->previous;
    pool->order[page - pool->first] = IOMMU_POOL_NOT_FREE;
}

/* Is the other half of a larger block there, and all of it free? */
static inline bool iommu_pool_can_merge(const struct iommu_pool *pool, uintptr_t buddy, unsigned order)
{
    return buddy >= pool->first && buddy - pool->first < pool->pages && pool->order[buddy - pool->first] == order;
}

/* Give a block back; with its other half free it becomes a larger one. */
static inline void iommu_pool_put(struct iommu_pool *pool, uintptr_t page, unsigned order)
{
    pool->free_pages += (size_t)1 << order;
    while (order + 1 < IOMMU_POOL_ORDERS && iommu_pool_can_merge(pool, page ^ (uintptr_t)1 << order, order)) {
        iommu_pool_unlink(pool, page ^ (uintptr_t)1 << order, order);
        page &= ~((uintptr_t)1 << order);
        order++;
    }
    iommu_pool_link(pool, page, order);
}

/* 0: there are not so many in one piece. */
static inline uintptr_t iommu_pool_take(struct iommu_pool *pool, unsigned order)
{
    unsigned from = order;
    uintptr_t page;

    while (from < IOMMU_POOL_ORDERS && !pool->free_blocks[from])
        from++;
    if (from >= IOMMU_POOL_ORDERS)
        return 0;
    page = (uintptr_t)pool->free_blocks[from] >> IOMMU_PAGE_LG2;
    iommu_pool_unlink(pool, page, from);
    for (; from > order; from--)
        iommu_pool_link(pool, page + ((uintptr_t)1 << (from - 1)), from - 1);
    pool->free_pages -= (size_t)1 << order;
    if (pool->free_pages < pool->least_free)
        pool->least_free = pool->free_pages;
    return page;
}

/* ---- inside: objects; the lock is held -------------------------------------------------------------------- */

/* Cut one more page into objects of that size. */
static inline void iommu_pool_cut(struct iommu_pool *pool, unsigned size)
{
    size_t bytes = (size_t)1 << (size + IOMMU_POOL_SMALLEST), at;
    uintptr_t page = iommu_pool_take(pool, 0);

    for (at = 0; page && at < IOMMU_PAGE_SIZE; at += bytes) {
        struct iommu_pool_block *object = (struct iommu_pool_block *)(void *)((char *)iommu_pool_at(page) + at);

        object->next = pool->free_objects[size];
        pool->free_objects[size] = object;
    }
}

/* Which size of objects; IOMMU_POOL_OBJECTS or more: pages, of this order + IOMMU_POOL_OBJECTS. */
static inline unsigned iommu_pool_size(size_t bytes)
{
    unsigned size = 0;

    while (size < IOMMU_POOL_OBJECTS + IOMMU_POOL_ORDERS && (size_t)1 << (size + IOMMU_POOL_SMALLEST) < bytes)
        size++;
    return size;
}

/* ---- the hooks -------------------------------------------------------------------------------------------- */

/* The hook page_alloc; ctx, here and below, is the pool. The pages are the caller's until iommu_pool_page_free().
 * NULL: no piece of memory is large enough. */
static inline void *iommu_pool_page_alloc(void *ctx, unsigned order)
{
    struct iommu_pool *self = (struct iommu_pool *)ctx;
    uintptr_t page;

    iommu_pool_lock(self);
    page = iommu_pool_take(self, order);
    iommu_pool_unlock(self);
    return page ? __builtin_memset(iommu_pool_at(page), 0, (size_t)IOMMU_PAGE_SIZE << order) : NULL;
}

/* The hook page_free. */
static inline void iommu_pool_page_free(void *ctx, void *page, unsigned order)
{
    struct iommu_pool *self = (struct iommu_pool *)ctx;

    iommu_pool_lock(self);
    iommu_pool_put(self, (uintptr_t)page >> IOMMU_PAGE_LG2, order);
    iommu_pool_unlock(self);
}

/* The hook alloc. The object is the caller's until iommu_pool_free(). NULL: nothing of that size is left. */
static inline void *iommu_pool_alloc(void *ctx, size_t bytes)
{
    struct iommu_pool *self = (struct iommu_pool *)ctx;
    unsigned size = iommu_pool_size(bytes);
    struct iommu_pool_block *object;

    if (size >= IOMMU_POOL_OBJECTS)
        return iommu_pool_page_alloc(ctx, size - IOMMU_POOL_OBJECTS);
    iommu_pool_lock(self);
    if (!self->free_objects[size])
        iommu_pool_cut(self, size);
    object = self->free_objects[size];
    if (object)
        self->free_objects[size] = object->next;
    iommu_pool_unlock(self);
    return object ? __builtin_memset(object, 0, (size_t)1 << (size + IOMMU_POOL_SMALLEST)) : NULL;
}

/* The hook free. */
static inline void iommu_pool_free(void *ctx, void *object, size_t bytes)
{
    struct iommu_pool *self = (struct iommu_pool *)ctx;
    struct iommu_pool_block *block = (struct iommu_pool_block *)object;
    unsigned size = iommu_pool_size(bytes);

    if (size >= IOMMU_POOL_OBJECTS) {
        iommu_pool_page_free(ctx, object, size - IOMMU_POOL_OBJECTS);
        return;
    }
    iommu_pool_lock(self);
    block->next = self->free_objects[size];
    self->free_objects[size] = block;
    iommu_pool_unlock(self);
}

/* ---- setting up ------------------------------------------------------------------------------------------- */

/*
 * The memory need not be aligned; what lies outside whole pages is lost, and one byte for each page goes into keeping
 * count. Align it to 2 MiB, virtually and physically, if you mean to have large blocks from it: a block is aligned in
 * virtual addresses, so the two must agree modulo 2 MiB. Returns the number of pages; 0: too small.
 */
static inline size_t iommu_pool_init(struct iommu_pool *pool, void *memory, size_t bytes)
{
    uintptr_t start = (uintptr_t)memory, end = (start + bytes) >> IOMMU_PAGE_LG2;
    size_t all = end - ((start + IOMMU_PAGE_SIZE - 1) >> IOMMU_PAGE_LG2);
    size_t index;

    __builtin_memset(pool, 0, sizeof *pool);
    if (bytes < IOMMU_PAGE_SIZE || all > bytes >> IOMMU_PAGE_LG2)
        return 0;
    pool->order = (uint8_t *)memory;
    pool->first = (start + all + IOMMU_PAGE_SIZE - 1) >> IOMMU_PAGE_LG2;
    pool->pages = end > pool->first ? end - pool->first : 0;
    __builtin_memset(pool->order, IOMMU_POOL_NOT_FREE, pool->pages);
    for (index = 0; index < pool->pages; index++)
        iommu_pool_put(pool, pool->first + index, 0);
    pool->least_free = pool->free_pages;
    return pool->pages;
}

/* Set ctx and the four hooks. */
static inline void iommu_pool_hooks(struct iommu_pool *pool, struct iommu_platform *platform)
{
    platform->ctx = pool;
    platform->alloc = iommu_pool_alloc;
    platform->free = iommu_pool_free;
    platform->page_alloc = iommu_pool_page_alloc;
    platform->page_free = iommu_pool_page_free;
}

#endif
