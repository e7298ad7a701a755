/* SPDX-License-Identifier: MIT */
/*
 * bench/peer.h - what a peer offers to the bench, and what it gets from it. A peer is a shared object that exports
 * `iommukit_bench_peer`; the bench loads those beside the command. Loops are on the peer's side of the interface, so
 * that no indirect call is counted against it.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_PEER_VERSION 1u

/* What the bench provides: the page allocator that iommukit uses as well, and a remapping unit that executes its
 * queue within the write of the tail register. Addresses in descriptors and tables are CPU addresses. */
struct bench_peer_host {
    void *ctx;
    void *(*page_alloc)(void *ctx, unsigned order); /* zeroed */
    void (*page_free)(void *ctx, void *page, unsigned order);
    uint8_t *memory; /* all pages lie in here */
    size_t memory_bytes;
    void *unit;
    uint32_t (*read32)(void *unit, uint32_t offset);
    uint64_t (*read64)(void *unit, uint32_t offset);
    void (*write32)(void *unit, uint32_t offset, uint32_t value);
    void (*write64)(void *unit, uint32_t offset, uint64_t value);
    uint64_t cap, ecap;
};

/* `count` calls of `len` bytes each, in pages of `page` bytes, `stride` apart. */
struct bench_sweep {
    uint64_t iova, pa, len, page, stride;
    unsigned count;
};

/* A page table. map and unmap return 0, or anything else when one of the calls failed. */
struct bench_peer_table {
    const char *name;
    void *(*create)(void);
    void (*destroy)(void *table);
    int (*map)(void *table, const struct bench_sweep *sweep);
    int (*unmap)(void *table, const struct bench_sweep *sweep);
};

/* An allocator of address ranges; a slot holds the address of one page, 0: none. */
struct bench_peer_iova {
    const char *name;
    void *(*create)(void);
    void (*destroy)(void *domain);
    /* For each of `order`: free what the slot holds and allocate again. cached: through the fast path, if there is one. */
    int (*exchange)(void *domain, uint64_t *slots, const uint32_t *order, unsigned times, bool cached);
    /* Only free; the slots hold nothing then. */
    void (*release)(void *domain, uint64_t *slots, const uint32_t *order, unsigned times, bool cached);
};

/* A driver on the bench's unit. */
struct bench_peer_driver {
    const char *name;
    void *(*create)(void);
    void (*destroy)(void *driver);
    /* One invalidation and its wait, `times` over. */
    int (*submit)(void *driver, unsigned times);
    int (*attach)(void *driver, uint32_t pasid, unsigned count);
    int (*detach)(void *driver, uint32_t pasid, unsigned count);
    /* Unmap what the slot holds, invalidate, wait, free the address; allocate an address and map `pages` there. */
    int (*cycle)(void *driver, uint64_t *slots, unsigned slot_count, unsigned pages, unsigned times);
};

/* A translation cache with a walk behind it, as a virtual machine monitor has one. */
struct bench_peer_tlb {
    const char *name;
    void *(*create)(const uint8_t *memory, uint64_t root);
    void (*destroy)(void *tlb);
    uint64_t (*translate)(void *tlb, const uint64_t *iova, unsigned count); /* the sum of the results */
    void (*invalidate_page)(void *tlb, uint64_t iova);
    void (*clear)(void *tlb);
};

struct bench_peer {
    unsigned version;
    const char *name;  /* "Linux 6.1" */
    const char *build; /* "gcc 12.2 -O2" */
    void (*open)(const struct bench_peer_host *host);
    void (*set_cpu)(unsigned cpu); /* of the calling thread; NULL: no matter */
    const struct bench_peer_table *tables;
    unsigned table_count;
    const struct bench_peer_iova *iova;     /* NULL: none, as the next two */
    const struct bench_peer_driver *driver;
    const struct bench_peer_tlb *tlb;
};

#endif
