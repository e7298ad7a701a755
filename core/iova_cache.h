/* SPDX-License-Identifier: MIT */
/*
 * core/iova_cache.h - magazines: blocks on their way from a free to the next alloc.
 *
 * They belong to a CPU (whatever the platform's hook calls so) and serve all domains of an instance. A magazine holds
 * blocks of one domain and one order; which, is its owner. Only its CPU looks into it or changes it, without a lock or
 * a locked instruction. Ownership changes under cache.lock: the CPU's own hands, when it needs the magazine for
 * somebody else, or those of a domain's end, which merely strikes its name out: by then no CPU uses it for that domain.
 */
#ifndef CORE_IOVA_CACHE_H
#define CORE_IOVA_CACHE_H

#include "core/iova.h"

#define IOVA_CPUS     256u
#define IOVA_BUCKETS  256u
#define IOVA_MAGAZINE 64u /* blocks; refilled and emptied by half of it at most */

struct iova_magazine {
    _Atomic uintptr_t owner; /* see iova_owner(); 0: nobody, and the blocks are nobody's */
    unsigned count;
    unsigned batch;          /* of the next refill: little for who comes by once */
    uint64_t near;           /* for the tree */
    struct iova_block block[IOVA_MAGAZINE];
};

/* The magazines of those spaces and orders that fall into one bucket: each CPU has one for them all, or NULL. */
struct iova_row {
    struct iova_magazine *of[IOVA_CPUS]; /* written by the CPU, under cache.lock */
};

struct iova_cache {
    void (*release)(struct iova_cache *cache); /* called by iommu_fini() */
    const struct iommu_platform *platform;
    uint32_t next_bucket;
    struct iommu_lock lock;
    struct iova_row *row[IOVA_BUCKETS]; /* under lock */
    struct iova_row none;               /* the row of spaces that have not asked for one yet: no magazines */
};

/* A space and an order in one word: spaces are aligned to more than there are orders. */
static inline uintptr_t iova_owner(const struct iova_space *space, unsigned order)
{
    return (uintptr_t)space + order;
}

/* The number that the calling thread keeps for the host, or that all callers have; IOVA_UNKNOWN: ask iova_cpu(). */
#define IOVA_UNKNOWN UINT32_MAX
static inline uint32_t iova_cpu_at_hand(const struct iova_space *space)
{
#if defined(__x86_64__) || defined(__aarch64__)
    uint32_t number;

    if (__builtin_expect(!space->cpu_offset, 0))
        return space->only_cpu;
#if defined(__x86_64__)
    __asm__ volatile("movl %%fs:(%1), %0" : "=r"(number) : "r"(space->cpu_offset));
#else
    __asm__ volatile("mrs %0, tpidr_el0\n\tldr %w0, [%0, %1]" : "=&r"(number) : "r"(space->cpu_offset));
#endif
    return number - 1;
#else
    return space->only_cpu;
#endif
}

static inline uint32_t iova_cpu(const struct iova_space *space)
{
    uint32_t number = iova_cpu_at_hand(space);

    return number == IOVA_UNKNOWN && space->cpu ? space->cpu(space->cpu_ctx) : number;
}

/* That CPU's magazine, if it has one for that; or NULL. */
static inline struct iova_magazine *iova_magazine_of(const struct iova_space *space, unsigned order, uint32_t number)
{
    struct iova_magazine *magazine;
    struct iova_row *row;

    if (number >= IOVA_CPUS)
        return NULL;
    row = atomic_load_explicit(&space->row[order], memory_order_acquire);
    magazine = row->of[number];
    if (!magazine || atomic_load_explicit(&magazine->owner, memory_order_relaxed) != iova_owner(space, order))
        return NULL;
    return magazine;
}

static inline struct iova_magazine *iova_magazine(const struct iova_space *space, unsigned order)
{
    return iova_magazine_of(space, order, iova_cpu(space));
}

/* Join the instance's cache, which the first domain creates. Under iommu.lock. */
int iova_cache_join(struct iova_space *space);
/* Forget what magazines hold of this space: its tree is about to go. */
void iova_cache_leave(struct iova_space *space);
/* Give that back to the tree; no call of the space runs meanwhile. */
void iova_cache_drain(struct iova_space *space);

/* What the two below leave to be done. */
int iova_take_slowly(struct iova_space *space, unsigned order, uint32_t limit_bits,
                     struct iova_block *block);
void iova_put_slowly(struct iova_space *space, unsigned order, uint64_t page, iova_state *state);

/* Do devices that emit addresses of so many bits reach the block? It is aligned and not at 0: where it begins it ends. */
static inline bool iova_is_reached(uint64_t page, uint32_t limit_bits)
{
    return page << IOMMU_PAGE_LG2 >> limit_bits == 0;
}

/* A block that all devices reach; the caller hands it out. Errors of iova_tree_take. */
static inline int iova_take(struct iova_space *space, unsigned order, struct iova_block *block)
{
    struct iova_magazine *magazine = order < IOVA_CACHED ? iova_magazine(space, order) : NULL;
    uint32_t bits = __atomic_load_n(&space->domain->limit_bits, __ATOMIC_RELAXED);

    if (magazine && magazine->count &&
        iova_is_reached(magazine->block[magazine->count - 1].page, bits)) {
        const struct iova_block *top = &magazine->block[--magazine->count];

        block->page = top->page; /* word by word: to load both at once would wait for the stores of each */
        block->state = top->state;
        return 0;
    }
    return iova_take_slowly(space, order, bits, block);
}

/* Give it back; its state says so already. */
static inline void iova_put(struct iova_space *space, unsigned order, uint64_t page,
                            iova_state *state)
{
    struct iova_magazine *magazine = order < IOVA_CACHED ? iova_magazine(space, order) : NULL;

    if (magazine && magazine->count < IOVA_MAGAZINE) {
        struct iova_block *top = &magazine->block[magazine->count++];

        top->page = page;
        top->state = state;
        return;
    }
    iova_put_slowly(space, order, page, state);
}

#endif
