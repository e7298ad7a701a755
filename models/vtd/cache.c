/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/cache.c - a hash table that forgets nothing by itself.
 *
 * Architecture: "Caching translation information". Lock: the model's. Called by context.c, pasid.c
 * and space.c, which fill it, and by drop.c, which empties it. Without memory for a new entry nothing is remembered, which
 * a cache may always do; without memory to grow, its lists get longer.
 */
#include "models/vtd/cache.h"

#define FIRST_BUCKETS ((size_t)64)

static size_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * 0x9E3779B97F4A7C15u ^ (b + 0x7F4A7C15u) * 0xC2B2AE3D27D4EB4Fu;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    return (size_t)(x ^ x >> 32);
}

static size_t name_slot(const struct vtdm_name *name, size_t buckets)
{
    return mix(name->place, name->pasid) & (buckets - 1);
}

static size_t pasid_slot(uint16_t did, uint32_t pasid, size_t buckets)
{
    return mix(did, (uint64_t)pasid << 8) & (buckets - 1);
}

static void link_in(struct vtdm_link **list, struct vtdm_link *link)
{
    link->next = *list;
    link->at = list;
    if (*list)
        (*list)->at = &link->next;
    *list = link;
}

static void link_out(struct vtdm_link *link)
{
    *link->at = link->next;
    if (link->next)
        link->next->at = link->at;
}

static void link_tags(struct vtdm_cache *cache, struct vtdm_cached *entry)
{
    size_t n = cache->buckets;
    link_in(&cache->by_domain[vtdm_domain_slot(entry->did, n)], &entry->by_domain);
    link_in(&cache->by_pasid[pasid_slot(entry->did, entry->name.pasid, n)], &entry->by_pasid);
}

/* The three lists' heads are one allocation. */
static bool set_buckets(struct vtdm_cache *cache, size_t buckets)
{
    struct vtdm_link **heads =
        cache->host->alloc(cache->host->ctx, 3 * buckets * sizeof(struct vtdm_link *));
    if (!heads)
        return false;
    cache->by_name = heads;
    cache->by_domain = heads + buckets;
    cache->by_pasid = heads + 2 * buckets;
    cache->buckets = buckets;
    return true;
}

static void free_buckets(const struct vtdm_cache *cache, struct vtdm_link **heads, size_t buckets)
{
    cache->host->free(cache->host->ctx, heads, 3 * buckets * sizeof(struct vtdm_link *));
}

static void grow(struct vtdm_cache *cache)
{
    struct vtdm_link **old = cache->by_name;
    size_t old_buckets = cache->buckets;
    if (!set_buckets(cache, 2 * old_buckets))
        return;
    for (size_t i = 0; i < old_buckets; i++) {
        struct vtdm_link *next;
        for (struct vtdm_link *link = old[i]; link; link = next) {
            struct vtdm_cached *entry = VTDM_OWNER(link, by_name);
            next = link->next;
            link_in(&cache->by_name[name_slot(&entry->name, cache->buckets)], link);
            link_tags(cache, entry);
        }
    }
    free_buckets(cache, old, old_buckets);
}

bool vtdm_cache_create(struct vtdm_cache *cache, const struct iommu_model_host *host,
                       size_t entry_bytes)
{
    cache->host = host;
    cache->entry_bytes = entry_bytes;
    cache->count = 0;
    return set_buckets(cache, FIRST_BUCKETS);
}

void vtdm_cache_clear(struct vtdm_cache *cache)
{
    for (size_t i = 0; i < cache->buckets; i++)
        while (cache->by_name[i])
            vtdm_cache_drop(cache, VTDM_OWNER(cache->by_name[i], by_name));
}

void vtdm_cache_destroy(struct vtdm_cache *cache)
{
    if (!cache->by_name)
        return;
    vtdm_cache_clear(cache);
    free_buckets(cache, cache->by_name, cache->buckets);
    cache->by_name = NULL;
}

static bool same_name(const struct vtdm_name *a, const struct vtdm_name *b)
{
    return a->place == b->place && a->pasid == b->pasid && a->mode == b->mode;
}

struct vtdm_cached *vtdm_cache_find(const struct vtdm_cache *cache, const struct vtdm_name *name)
{
    struct vtdm_link *link = cache->by_name[name_slot(name, cache->buckets)];
    for (; link; link = link->next)
        if (same_name(&VTDM_OWNER(link, by_name)->name, name))
            return VTDM_OWNER(link, by_name);
    return NULL;
}

static struct vtdm_cached *add(struct vtdm_cache *cache, const struct vtdm_name *name)
{
    struct vtdm_cached *entry = cache->host->alloc(cache->host->ctx, cache->entry_bytes);
    if (!entry)
        return NULL;
    if (cache->count >= cache->buckets)
        grow(cache);
    cache->count++;
    entry->name = *name;
    link_in(&cache->by_name[name_slot(name, cache->buckets)], &entry->by_name);
    return entry;
}

struct vtdm_cached *vtdm_cache_put(struct vtdm_cache *cache, const struct vtdm_name *name, uint16_t did)
{
    struct vtdm_cached *entry = vtdm_cache_find(cache, name);
    if (entry) {
        link_out(&entry->by_domain);
        link_out(&entry->by_pasid);
    } else {
        entry = add(cache, name);
        if (!entry)
            return NULL;
    }
    entry->did = did;
    link_tags(cache, entry);
    return entry;
}

void vtdm_cache_drop(struct vtdm_cache *cache, struct vtdm_cached *entry)
{
    link_out(&entry->by_name);
    link_out(&entry->by_domain);
    link_out(&entry->by_pasid);
    cache->count--;
    cache->host->free(cache->host->ctx, entry, cache->entry_bytes);
}

void vtdm_cache_drop_any(struct vtdm_cache *cache, uint64_t random)
{
    for (size_t i = 0; i < cache->buckets && cache->count; i++) {
        struct vtdm_link *link = cache->by_name[(random + i) & (cache->buckets - 1)];
        if (!link)
            continue;
        vtdm_cache_drop(cache, VTDM_OWNER(link, by_name));
        return;
    }
}

void vtdm_cache_drop_domain(struct vtdm_cache *cache, uint16_t did)
{
    struct vtdm_cached *next, *entry = vtdm_cache_of_domain(cache, did);
    for (; entry; entry = next) {
        next = vtdm_cache_next_of_domain(entry);
        vtdm_cache_drop(cache, entry);
    }
}

void vtdm_cache_drop_pasid(struct vtdm_cache *cache, uint16_t did, uint32_t pasid)
{
    struct vtdm_link *next;
    struct vtdm_link *link = cache->by_pasid[pasid_slot(did, pasid, cache->buckets)];
    for (; link; link = next) {
        struct vtdm_cached *entry = VTDM_OWNER(link, by_pasid);
        next = link->next;
        if (entry->did == did && entry->name.pasid == pasid)
            vtdm_cache_drop(cache, entry);
    }
}
