/* SPDX-License-Identifier: MIT */
/* bench/linux/iova.c - iova.c with its magazines, and the tree below them. */
#include "lib/rbtree.c"

#include "drivers/iommu/iova.c"

#include "linux.h"

#define FIRST_PFN 1u
#define LIMIT_PFN ((1ul << 36) - 1) /* 48 bits of addresses */

static void *create(void)
{
    struct iova_domain *domain = calloc(1, sizeof *domain);
    BUG_ON(!domain || iova_cache_get());
    init_iova_domain(domain, PAGE_SIZE, FIRST_PFN);
    BUG_ON(iova_domain_init_rcaches(domain));
    return domain;
}

static void destroy(void *domain)
{
    put_iova_domain(domain);
    iova_cache_put();
    free(domain);
}

uint64_t bench_linux_iova_alloc(void *domain, unsigned long pages)
{
    return alloc_iova_fast(domain, pages, LIMIT_PFN, true) << PAGE_SHIFT;
}

void bench_linux_iova_free(void *domain, uint64_t iova, unsigned long pages)
{
    free_iova_fast(domain, iova >> PAGE_SHIFT, pages);
}

static int exchange_cached(void *domain, uint64_t *slots, const uint32_t *order, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        uint64_t *slot = &slots[order[i]];
        if (*slot)
            bench_linux_iova_free(domain, *slot, 1);
        *slot = bench_linux_iova_alloc(domain, 1);
        if (!*slot)
            return -1;
    }
    return 0;
}

static int exchange(void *domain, uint64_t *slots, const uint32_t *order, unsigned times, bool cached)
{
    if (cached)
        return exchange_cached(domain, slots, order, times);
    for (unsigned i = 0; i < times; i++) {
        uint64_t *slot = &slots[order[i]];
        struct iova *iova;
        if (*slot)
            free_iova(domain, *slot >> PAGE_SHIFT);
        iova = alloc_iova(domain, 1, LIMIT_PFN, true);
        if (!iova)
            return -1;
        *slot = iova->pfn_lo << PAGE_SHIFT;
    }
    return 0;
}

static void release(void *domain, uint64_t *slots, const uint32_t *order, unsigned times, bool cached)
{
    for (unsigned i = 0; i < times; i++) {
        uint64_t *slot = &slots[order[i]];
        if (cached)
            bench_linux_iova_free(domain, *slot, 1);
        else
            free_iova(domain, *slot >> PAGE_SHIFT);
        *slot = 0;
    }
}

const struct bench_peer_iova bench_linux_iova = {"iova.c", create, destroy, exchange, release};
