/* SPDX-License-Identifier: MIT */
/*
 * tests/core/counted.h - a host that counts what it hands out, fails on demand, and keeps a second view of
 * memory as a device sees it that does not snoop.
 *
 * Pages come from an arena whose physical addresses differ from its virtual ones. `view` is what has been
 * flushed; it changes in cache_flush only. A page that was never flushed reads as garbage there.
 */
#ifndef TESTS_CORE_COUNTED_H
#define TESTS_CORE_COUNTED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iommukit/platform.h"

#define ARENA_PHYS 0x100000000u /* where it lies for the hardware */

struct counted {
    struct iommu_platform platform;
    pthread_mutex_t mutex;
    /* what is out now */
    size_t objects, bytes, pages, locks;
    /* since counted_init */
    size_t allocations, flushes, takings; /* takings: of locks */
    size_t fail_at; /* this allocation fails, counted from 1 = the next; 0: none */
    bool failed;    /* it has */
    size_t looks;   /* through hooks, see counted_look_by_hooks() */
    void (*meanwhile)(void *ctx), (*at_flush)(void *ctx), (*at_look)(void *ctx);
    void *meanwhile_ctx, *at_flush_ctx, *at_look_ctx;
    uint64_t look_at, looked_at;
    /* the arena */
    size_t arena_pages, next_never_used;
    uint64_t *memory, *view;
    uint64_t *flushed; /* a page's 64 lines */
    bool *live;
    size_t *free_list, free_count;
    uint64_t watch_present, watch_address; /* counted_watch_pointers() */
};

void counted_init(struct counted *host, size_t arena_pages);
/* Asserts that everything came back. */
void counted_fini(struct counted *host);

void counted_fail(struct counted *host, size_t nth);

/* The next page_alloc calls fn first, with no lock held: what another thread does just then. */
void counted_meanwhile(struct counted *host, void (*fn)(void *ctx), void *ctx);

/* The same, called after the next cache_flush. */
void counted_at_flush(struct counted *host, void (*fn)(void *ctx), void *ctx);

/* From now on pages are found through hooks, which count. A domain that is older has to see that they are there. */
void counted_look_by_hooks(struct counted *host);
/* The next look at the page at this physical address calls fn first. */
void counted_at_look(struct counted *host, uint64_t pa, void (*fn)(void *ctx), void *ctx);

/* The device's view of the entry at this physical address. */
uint64_t counted_view(const struct counted *host, uint64_t pa);
bool counted_in_arena(const struct counted *host, uint64_t pa);

/* Asserts that the device sees what the CPU wrote, in all live pages, `ignored` bits aside. */
void counted_assert_flushed(struct counted *host, uint64_t ignored);

/* From now on assert at every flush that a pointer (an entry with `present`, into the arena) becomes visible
 * only when all of the page that it points at is. */
void counted_watch_pointers(struct counted *host, uint64_t present, uint64_t address);

#endif
