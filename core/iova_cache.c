/* SPDX-License-Identifier: MIT */
/*
 * core/iova_cache.c - filling, emptying and handing over magazines; what bypasses them.
 *
 * Locks: cache.lock around a magazine's owner and the making of magazines, then space.lock around the tree. The CPU
 * that asks is always the one whose magazine it is.
 */
#include "core/iova_cache.h"

#include "core/host.h"

#define HALF (IOVA_MAGAZINE / 2)

/* Small spaces go without: what a CPU keeps could be what another one lacks. */
#define PAGES_TO_SPARE ((uint64_t)1 << 18)

/* ---- the tree, locked --------------------------------------------------------------------------------- */

static const struct iommu_platform *platform_of(const struct iova_space *space)
{
    return space->cache->platform;
}

static int take_locked(struct iova_space *space, unsigned order, uint64_t limit, uint64_t *near,
                       struct iova_block *blocks, unsigned count)
{
    int taken;

    host_lock(platform_of(space), &space->lock);
    taken = iova_tree_take(space, order, limit, near, blocks, count);
    host_unlock(platform_of(space), &space->lock);
    return taken;
}

static void put_locked(struct iova_space *space, unsigned order, const struct iova_block *blocks,
                       unsigned count)
{
    host_lock(platform_of(space), &space->lock);
    iova_tree_put(space, order, blocks, count);
    host_unlock(platform_of(space), &space->lock);
}

/* ---- whose magazine ----------------------------------------------------------------------------------- */

/* The owner's blocks go back to its tree. Under cache.lock, which keeps the owner from its end. */
static void empty(struct iova_magazine *magazine)
{
    uintptr_t owner = atomic_load_explicit(&magazine->owner, memory_order_relaxed);
    unsigned order = owner % 8;

    _Static_assert(IOVA_CACHED <= 8, "an order fits the bits that alignment leaves");
    if (owner)
        put_locked((struct iova_space *)(owner - order), order, magazine->block, magazine->count);
    magazine->count = 0;
}

/* The space's row for that order; NULL: no memory. */
static struct iova_row *find_row(struct iova_cache *cache, struct iova_space *space, unsigned order)
{
    /* Domains of one order each: a bucket each. */
    struct iova_row **row = &cache->row[(space->bucket + order * 37u) % IOVA_BUCKETS];

    if (!*row)
        *row = host_alloc(cache->platform, sizeof(**row));
    if (*row)
        atomic_store_explicit(&space->row[order], *row, memory_order_release);
    return *row;
}

static struct iova_magazine **find_place(struct iova_cache *cache, struct iova_space *space, unsigned order)
{
    uint32_t number = iova_cpu(space);
    struct iova_row *row = number < IOVA_CPUS ? find_row(cache, space, order) : NULL;

    return row ? &row->of[number] : NULL;
}

static struct iova_magazine *claim_locked(struct iova_cache *cache, struct iova_space *space,
                                          unsigned order)
{
    struct iova_magazine **place = find_place(cache, space, order);

    if (!place)
        return NULL;
    if (!*place)
        *place = host_alloc(cache->platform, sizeof(**place));
    if (!*place)
        return NULL;
    empty(*place);
    (*place)->batch = 1;
    (*place)->near = IOVA_ANYWHERE;
    atomic_store_explicit(&(*place)->owner, iova_owner(space, order), memory_order_relaxed);
    return *place;
}

/* This CPU's magazine for that, taken from another space if need be. NULL: none to be had. */
static struct iova_magazine *claim(struct iova_space *space, unsigned order)
{
    struct iova_cache *cache = space->cache;
    struct iova_magazine *magazine;

    if (order >= IOVA_CACHED)
        return NULL;
    magazine = iova_magazine(space, order);
    if (magazine)
        return magazine;
    host_lock(cache->platform, &cache->lock);
    magazine = claim_locked(cache, space, order);
    host_unlock(cache->platform, &cache->lock);
    return magazine;
}

/* ---- the slow ways ------------------------------------------------------------------------------------ */

int iova_take_slowly(struct iova_space *space, unsigned order, uint32_t limit_bits,
                     struct iova_block *block)
{
    uint64_t limit = ((uint64_t)1 << limit_bits) - 1;
    struct iova_magazine *magazine = claim(space, order);
    int taken;

    limit = limit >> IOMMU_PAGE_LG2; /* the last whole page; none below 4 KiB */
    if (!magazine || magazine->count) { /* what it holds lies beyond the limit */
        taken = take_locked(space, order, limit, NULL, block, 1);
        return taken < 0 ? taken : 0;
    }
    taken = take_locked(space, order, limit, &magazine->near, magazine->block, magazine->batch);
    if (taken < 0)
        return taken;
    magazine->batch = magazine->batch < HALF ? magazine->batch * 2 : HALF;
    /* Those at the end go first, and the lowest shall. */
    for (int low = 0, high = taken - 1; low < high; low++, high--) {
        struct iova_block kept = magazine->block[low];

        magazine->block[low] = magazine->block[high];
        magazine->block[high] = kept;
    }
    magazine->count = (unsigned)taken - 1;
    *block = magazine->block[taken - 1];
    return 0;
}

void iova_put_slowly(struct iova_space *space, unsigned order, uint64_t page, iova_state *state)
{
    struct iova_magazine *magazine = claim(space, order);
    struct iova_block block = {page, state};

    if (!magazine) {
        put_locked(space, order, &block, 1);
        return;
    }
    if (magazine->count == IOVA_MAGAZINE) { /* the upper half was used last: it stays */
        put_locked(space, order, magazine->block, HALF);
        magazine->count -= HALF;
        for (unsigned i = 0; i < magazine->count; i++)
            magazine->block[i] = magazine->block[i + HALF];
    }
    magazine->block[magazine->count++] = block;
}

/* ---- life --------------------------------------------------------------------------------------------- */

static void cache_release(struct iova_cache *cache)
{
    const struct iommu_platform *platform = cache->platform;

    for (unsigned i = 0; i < IOVA_BUCKETS; i++) {
        struct iova_row *row = cache->row[i];

        for (unsigned number = 0; row && number < IOVA_CPUS; number++)
            host_free(platform, row->of[number], sizeof(*row->of[number]));
        host_free(platform, row, sizeof(*row));
    }
    host_lock_fini(platform, &cache->lock);
    host_free(platform, cache, sizeof(*cache));
}

static int cache_create(struct iommu *iommu)
{
    struct iova_cache *cache = host_alloc(iommu->platform, sizeof(*cache));

    if (!cache)
        return -IOMMU_ENOMEM;
    if (host_lock_init(iommu->platform, &cache->lock)) {
        host_free(iommu->platform, cache, sizeof(*cache));
        return -IOMMU_ENOMEM;
    }
    cache->platform = iommu->platform;
    cache->release = cache_release;
    iommu->iova_cache = cache;
    return 0;
}

int iova_cache_join(struct iova_space *space)
{
    struct iommu *iommu = space->domain->iommu;
    const struct iommu_platform *platform = iommu->platform;
    int result = iommu->iova_cache ? 0 : cache_create(iommu);

    if (result)
        return result;
    space->cache = iommu->iova_cache;
    space->bucket = space->cache->next_bucket++;
    for (unsigned order = 0; order < IOVA_CACHED; order++)
        atomic_init(&space->row[order], &space->cache->none);
    space->only_cpu = IOVA_UNKNOWN;
    if (space->last - space->first < PAGES_TO_SPARE)
        return 0;
    space->cpu = platform->cpu;
    space->cpu_ctx = platform->ctx;
    if (platform->cpu)
        space->cpu_offset = platform->cpu_offset;
    else if (!platform->lock_acquire) /* one caller at a time */
        space->only_cpu = 0;
    return 0;
}

static void strike(struct iova_space *space, unsigned order, bool keep)
{
    struct iova_row *row = atomic_load_explicit(&space->row[order], memory_order_relaxed);

    for (unsigned number = 0; number < IOVA_CPUS; number++) {
        struct iova_magazine *magazine = row->of[number];

        if (!magazine ||
            atomic_load_explicit(&magazine->owner, memory_order_relaxed) != iova_owner(space, order))
            continue;
        if (keep)
            empty(magazine);
        atomic_store_explicit(&magazine->owner, 0, memory_order_relaxed);
    }
}

/* Strike the space out of every CPU's magazines. */
static void leave(struct iova_space *space, bool keep)
{
    struct iova_cache *cache = space->cache;

    host_lock(cache->platform, &cache->lock);
    for (unsigned order = 0; order < IOVA_CACHED; order++)
        strike(space, order, keep);
    host_unlock(cache->platform, &cache->lock);
}

void iova_cache_leave(struct iova_space *space)
{
    leave(space, false);
}

void iova_cache_drain(struct iova_space *space)
{
    leave(space, true);
}
