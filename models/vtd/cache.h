/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/cache.h - what the unit remembers: an entry stays until an invalidation takes it out.
 *
 * One structure serves the context cache, the PASID cache and the list of address spaces (space.h); for
 * translations see tlb.h. An entry is found by its name; it is also on the list of its domain and on the list of
 * its {domain, PASID}, so that an invalidation costs what it removes and not what the cache holds.
 */
#ifndef IOMMUKIT_MODELS_VTD_CACHE_H
#define IOMMUKIT_MODELS_VTD_CACHE_H

#include "iommukit/model/host.h"

#define VTDM_NO_PASID UINT32_MAX

struct vtdm_name {
    uint64_t place; /* context, PASID: requester id; space: domain id */
    uint32_t pasid; /* VTDM_NO_PASID where the name has none */
    uint8_t mode;   /* context: table mode */
};

struct vtdm_link {
    struct vtdm_link *next;
    struct vtdm_link **at; /* what points here */
};

/* First member of every cached thing. */
struct vtdm_cached {
    struct vtdm_link by_name, by_domain, by_pasid;
    struct vtdm_name name;
    uint16_t did; /* the tag that invalidations compare */
};

struct vtdm_context {
    struct vtdm_cached cached;
    uint64_t words[4];
    uint8_t fault; /* Caching Mode: the entry is faulty, with this reason */
    bool fpd;
};

struct vtdm_pasid {
    struct vtdm_cached cached;
    uint64_t words[8];
    uint8_t fault;
    bool fpd; /* of directory or entry */
};

/* A finished translation; also what the walks produce. */
struct vtdm_page {
    uint64_t pa;                    /* of the page's first byte */
    uint8_t lg2;
    uint8_t fault;                  /* Caching Mode: the walk ended in this reason */
    bool absent;                    /* legacy: no right at all, which is only cached in Caching Mode */
    bool second_read, second_write; /* true where there is no second stage */
    bool first_write, user;         /* true where there is no first stage */
    bool dirty;                     /* a write needs no further flag in memory */
    bool extended;                  /* the extended accessed flag is set */
};

/* An upper-level entry: for an address with this prefix, the next table is there. */
struct vtdm_paging {
    uint64_t table; /* in host memory */
    uint64_t guest; /* nested first stage: where the guest believes it to be */
    bool read, write, user;
    bool absent;    /* Caching Mode: there is none */
    bool nested;
    bool extended;
};

struct vtdm_cache {
    const struct iommu_model_host *host;
    size_t entry_bytes;
    size_t buckets; /* a power of two */
    size_t count;
    struct vtdm_link **by_name, **by_domain, **by_pasid;
};

bool vtdm_cache_create(struct vtdm_cache *cache, const struct iommu_model_host *host,
                       size_t entry_bytes);
void vtdm_cache_destroy(struct vtdm_cache *cache);
void vtdm_cache_clear(struct vtdm_cache *cache);

struct vtdm_cached *vtdm_cache_find(const struct vtdm_cache *cache, const struct vtdm_name *name);
/* The entry of that name, new or found, with this tag; NULL without memory: not remembered then. */
struct vtdm_cached *vtdm_cache_put(struct vtdm_cache *cache, const struct vtdm_name *name, uint16_t did);
void vtdm_cache_drop(struct vtdm_cache *cache, struct vtdm_cached *entry);

/* Some entry, if there is one. */
void vtdm_cache_drop_any(struct vtdm_cache *cache, uint64_t random);
void vtdm_cache_drop_domain(struct vtdm_cache *cache, uint16_t did);
void vtdm_cache_drop_pasid(struct vtdm_cache *cache, uint16_t did, uint32_t pasid);

/* ---- The entries of a domain one by one ------------------------------------------------------------------- */

#define VTDM_OWNER(link, member) \
    ((struct vtdm_cached *)(void *)((char *)(link) - offsetof(struct vtdm_cached, member)))

/* Software gives domains numbers in a row. */
static inline size_t vtdm_domain_slot(uint16_t did, size_t buckets)
{
    return did & (buckets - 1);
}

static inline struct vtdm_cached *vtdm_cache_from(struct vtdm_link *link, uint16_t did)
{
    while (link && VTDM_OWNER(link, by_domain)->did != did)
        link = link->next;
    return link ? VTDM_OWNER(link, by_domain) : NULL;
}

/* The first, and the one after. NULL: no more. */
static inline struct vtdm_cached *vtdm_cache_of_domain(const struct vtdm_cache *cache, uint16_t did)
{
    return vtdm_cache_from(cache->by_domain[vtdm_domain_slot(did, cache->buckets)], did);
}

static inline struct vtdm_cached *vtdm_cache_next_of_domain(const struct vtdm_cached *entry)
{
    return vtdm_cache_from(entry->by_domain.next, entry->did);
}

#endif
