/* SPDX-License-Identifier: MIT */
/*
 * iommukit/model/host.h - what a hardware model needs from the program it runs in: the memory that its DMA and
 * its table walks reach, and storage for its own state.
 */
#ifndef IOMMUKIT_MODEL_HOST_H
#define IOMMUKIT_MODEL_HOST_H

#include "iommukit/config.h"

/*
 * Physical memory as a device sees it. Each access returns 0, or -1 where there is no memory (nothing has
 * been transferred then). read64, write64 and cas64 are aligned and single-copy atomic, with acquire and
 * release order.
 */
struct iommu_model_memory {
    void *ctx; /* handed to each call */
    /* Any bytes, as a device's data moves: no alignment, no atomicity beyond a byte. */
    int (*read)(void *ctx, uint64_t pa, void *to, size_t bytes);
    int (*write)(void *ctx, uint64_t pa, const void *from, size_t bytes);
    /* One aligned word. */
    int (*read64)(void *ctx, uint64_t pa, uint64_t *value);
    int (*write64)(void *ctx, uint64_t pa, uint64_t value);
    /* 0: *expected was there and `desired` is now; 1: it was not, *expected holds what is. */
    int (*cas64)(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired);
    /*
     * Read a table entry of `count` (at most 8) words on a walk; `how` are IOMMU_MODEL_FETCH_* bits. NULL: read64
     * of each word. A memory that lies answers here with what this walk would find in it.
     */
    int (*fetch)(void *ctx, uint64_t pa, uint64_t *words, unsigned count, unsigned how);
    /* This word will be read soon: a hint, of which nothing may be seen but that the read is quicker. May be NULL. */
    void (*prefetch)(void *ctx, uint64_t pa);
    /* The unit has finished what was under way before an invalidation: no fetch is older than this. May be NULL. */
    void (*settled)(void *ctx);
    /*
     * The page of memory at pa, a multiple of 4096, as 512 words that read64 would read: walks then look at them
     * directly, as a read64 would, and never write there. NULL: no page, or one that may move or go while a model
     * lives; it is read with the hooks above then. May be NULL, and is not called where there is `fetch`.
     */
    const uint64_t *(*table)(void *ctx, uint64_t pa);
};

#define IOMMU_MODEL_FETCH_UNSNOOPED 1u /* past the CPU's caches */
#define IOMMU_MODEL_FETCH_DRY       2u /* a look that leaves no trace */

/*
 * The program around a model. A model tells the threads that call it apart by the 4 KiB page that their stack is in,
 * so two of them may not have their stacks in the same page; where threads have stacks of their own, they do not.
 */
struct iommu_model_host {
    struct iommu_model_memory memory;
    /*
     * The model's own state; zeroed. NULL from alloc while running: the model drops cached state instead. How much it asks
     * for is the guest's to say, for every page, route, domain and PASID that it uses is remembered until it invalidates
     * them, and the name of a {domain, PASID} for good: who wants a bound gives NULL beyond it.
     */
    void *ctx;
    void *(*alloc)(void *ctx, size_t bytes);
    void (*free)(void *ctx, void *object, size_t bytes);
    /* One lock for each model instance; lock_create may return NULL for none. All NULL: one thread at a time. */
    void *(*lock_create)(void *ctx);
    void (*lock_destroy)(void *ctx, void *lock);
    void (*lock_acquire)(void *ctx, void *lock);
    void (*lock_release)(void *ctx, void *lock);
};

#endif
