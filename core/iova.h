/* SPDX-License-Identifier: MIT */
/*
 * core/iova.h - addresses of one domain: a tree that knows which are free (iova_tree.c), and magazines above it that
 * belong to the CPUs and serve all domains (iova_cache.c).
 *
 * Numbers are of 4 KiB pages here. A block is 2^order pages, aligned to its size; its first page is its address.
 *
 * What is handed out shows in a byte of state, in the tree's node that the block lies in. Whoever hands a block out or
 * takes it back writes that byte and nobody else does, so that no locked instruction is needed; and a free that does
 * not fit is found out. The rest of the tree is under space.lock. Walking down to the byte of a block that is handed
 * out needs no lock: the nodes above it stay as long as it does.
 */
#ifndef CORE_IOVA_H
#define CORE_IOVA_H

#include <stdatomic.h>

#include "core/host.h"
#include "iommukit/dma.h"
#include "iommukit/driver.h"

#define IOVA_SLOT_LG2   6u
#define IOVA_SLOTS      (1u << IOVA_SLOT_LG2)
#define IOVA_ORDERS     19u /* 4 KiB to 1 GiB */
#define IOVA_CACHED     6u  /* orders that magazines hold: blocks within one leaf */
#define IOVA_LEVELS_MAX 9u  /* 52 bits of page number */

struct iova_cache;
struct iova_row;

typedef _Atomic uint8_t iova_state; /* of a block, at its first slot: 1 + order while handed out, or 0 */

/* A node of `level` has 64 slots of 64^level pages. Level 0: a leaf. */
struct iova_node {
    uint64_t used;     /* slots that are not wholly free; those without a child are taken, or withheld */
    uint64_t withheld; /* slots that lie in windows */
    uint8_t level;
    uint8_t shift;     /* log2 of the pages in a slot: 6 for each level */
    uint8_t best;      /* 1 + order of the largest block that is free below; 0: none */
    iova_state state[IOVA_SLOTS];
    uint8_t apart[40]; /* no cache line holds the state of two nodes */
};

struct iova_branch {
    struct iova_node node;     /* first; level is not 0 */
    uint8_t best[IOVA_SLOTS];  /* of each slot */
    struct iova_node *_Atomic child[IOVA_SLOTS];
};

struct iova_space {
    /* what every call reads */
    /* covers all that was ever handed out; grows at the top. Aligned: see iova_owner() */
    _Alignas(8) struct iova_node *_Atomic root;
    struct iova_row *_Atomic row[IOVA_CACHED]; /* magazines of each order, by CPU; see iova_cache.h */
    ptrdiff_t cpu_offset;        /* which CPU? As the platform says; else */
    uint32_t (*cpu)(void *ctx);  /* its hook; else */
    uint32_t only_cpu;           /* this one */
    uint32_t bucket;             /* of the rows */
    void *cpu_ctx;
    struct iova_cache *cache;
    struct iommu_domain *domain;
    uint32_t window_count;
    struct iommu_dma_window *windows; /* in pages */
    uint64_t first, last; /* pages to hand out, bar windows */
    /* under lock */
    size_t live; /* blocks out of the tree */
    struct iommu_lock lock;
};

/* One block, as magazines and their refills pass it round. */
struct iova_block {
    uint64_t page;
    iova_state *state;
};

/* ---- bits --------------------------------------------------------------------------------------------- */

/* Index of the lowest bit that is set; bits is not 0. Not every target has the compiler's own without a library. */
static inline unsigned iova_lowest(uint64_t bits)
{
#if defined(__x86_64__) || defined(__aarch64__)
    return (unsigned)__builtin_ctzll(bits);
#else
    unsigned at = 0;

    for (unsigned half = 32; half; half /= 2) {
        if (!(bits & (((uint64_t)1 << half) - 1))) {
            bits >>= half;
            at += half;
        }
    }
    return at;
#endif
}

/* Order of the smallest block that holds len bytes; IOVA_ORDERS: none does. */
static inline unsigned iova_order(uint64_t len)
{
    uint64_t above = len - 1; /* wraps for 0 */
    unsigned order = 0;

    if (above >= IOMMU_IOVA_BYTES_MAX || (len & (IOMMU_PAGE_SIZE - 1)))
        return IOVA_ORDERS;
    above >>= IOMMU_PAGE_LG2;
#if defined(__x86_64__) || defined(__aarch64__)
    order = above ? 64 - (unsigned)__builtin_clzll(above) : 0;
#else
    for (; above; above >>= 1)
        order++;
#endif
    return order;
}

/* ---- the tree: iova_tree.c ---------------------------------------------------------------------------- */

/* Of the node that a block lies in. */
static inline unsigned iova_level(unsigned order)
{
    return (order >= IOVA_SLOT_LG2 ? 1u : 0u) + (order >= 2 * IOVA_SLOT_LG2 ? 1u : 0u) +
           (order >= 3 * IOVA_SLOT_LG2 ? 1u : 0u);
}

/* The byte of the block at `page`, if that is handed out with that order; or NULL. No lock. */
static inline iova_state *iova_find_at(struct iova_space *space, uint64_t page, unsigned order,
                                       unsigned level)
{
    struct iova_node *node = atomic_load_explicit(&space->root, memory_order_acquire);
    iova_state *state;
    unsigned shift;

    if (!node || node->level < level)
        return NULL;
    shift = node->shift;
    if (page >> shift >= IOVA_SLOTS)
        return NULL;
    for (; shift > level * IOVA_SLOT_LG2; shift -= IOVA_SLOT_LG2) {
        struct iova_branch *branch = (struct iova_branch *)node;

        node = atomic_load_explicit(&branch->child[(page >> shift) % IOVA_SLOTS], memory_order_acquire);
        if (!node)
            return NULL;
    }
    state = &node->state[(page >> shift) % IOVA_SLOTS];
    if (atomic_load_explicit(state, memory_order_relaxed) != 1 + order)
        return NULL;
    return (page & (((uint64_t)1 << order) - 1)) ? NULL : state;
}

static inline iova_state *iova_find(struct iova_space *space, uint64_t page, unsigned order)
{
    return iova_find_at(space, page, order, iova_level(order));
}

static inline void iova_hand_out(iova_state *state, unsigned order)
{
    atomic_store_explicit(state, (uint8_t)(1 + order), memory_order_relaxed);
}

static inline void iova_take_back(iova_state *state)
{
    atomic_store_explicit(state, 0, memory_order_relaxed);
}

/* Take up to `count` blocks of one leaf (of a larger order one: a window may touch the next), none of which ends beyond page `limit`.
 * near: rather from the leaf of that page, else from one that nobody has begun; it is set for the next time, and
 * IOVA_ANYWHERE at first. NULL: the lowest. Returns how many, -ENOSPC or -ENOMEM. */
#define IOVA_ANYWHERE UINT64_MAX
int iova_tree_take(struct iova_space *space, unsigned order, uint64_t limit, uint64_t *near,
                   struct iova_block *blocks, unsigned count);
/* Give blocks back, one or more. */
void iova_tree_put(struct iova_space *space, unsigned order, const struct iova_block *blocks,
                   unsigned count);
/* Free every node; nothing is handed out, or will be given back. */
void iova_tree_drop(struct iova_space *space);

#endif
