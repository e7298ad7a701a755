/* SPDX-License-Identifier: MIT */
/*
 * oracle.h - what should be, in flat arrays: who is attached where, what each domain maps, what a sync still owes.
 * It predicts what a call may return. One oracle a thread; a thread knows its own domains and routes only.
 */
#ifndef IOMMUKIT_TEST_ORACLE_H
#define IOMMUKIT_TEST_ORACLE_H

#include "tests/random/op.h"
#include "tests/random/world.h"

#define ORACLE_DOMAINS 20u
#define ORACLE_ROUTES  96u
#define ORACLE_GATHERS 3u
#define ORACLE_RUNS    192u /* of a domain */
#define ORACLE_STALE   48u  /* of a domain */
#define ORACLE_NOBODY  0xffu

struct oracle_route {
    bool used;
    uint8_t device, domain;
    uint32_t pasid; /* or IOMMU_NO_PASID */
    uint32_t aux_users;
    struct iommu_attachment *handle;
};

struct oracle_device {
    struct iommu_device *handle;
    unsigned reach; /* bits */
    uint32_t limit;
    bool aux;
    uint8_t owner, owner_count;
};

/* Unmapped, and not synced yet: devices may still reach it. */
struct oracle_stale {
    struct checker_run run;
    uint8_t gather;
};

struct oracle_domain {
    struct iommu_domain *handle;
    bool identity, shared; /* shared: with other threads' oracles, which map elsewhere */
    struct iommu_geometry geometry;
    struct checker_run run[ORACLE_RUNS]; /* by rising address */
    unsigned runs;
    struct oracle_stale stale[ORACLE_STALE];
    unsigned stales;
};

struct oracle {
    struct world *world;
    bool running;
    struct oracle_device device[RIG_DEVICES];
    struct oracle_domain domain[ORACLE_DOMAINS];
    unsigned domains;      /* slots in use */
    unsigned first_domain; /* number of slot 0 among all threads' domains, if it is not shared */
    struct oracle_route route[ORACLE_ROUTES];
    struct iommu_gather gather[ORACLE_GATHERS];
    uint8_t gather_of[ORACLE_GATHERS];    /* domain, ORACLE_NOBODY: empty */
    uint32_t pasid_first, pasid_last;     /* this thread's own */
    uint64_t iova_base, pool, pool_bytes; /* of mappings in the shared domain; of targets */
};

/* What a call may return. Nothing in `must`: 0. */
struct verdict {
    int must[10];
    unsigned musts;
    int may[6];
    unsigned mays;
};
void verdict_must(struct verdict *verdict, int error, bool applies);
void verdict_may(struct verdict *verdict, int error, bool applies);
bool verdict_allows(const struct verdict *verdict, int result);

void oracle_init(struct oracle *oracle, struct world *world, unsigned domains);

/* Among all threads' domains. The shared one is number 0. */
unsigned oracle_number(const struct oracle *oracle, unsigned domain);

/* ---- routes */

struct oracle_route *oracle_route(struct oracle *oracle, unsigned device, uint32_t pasid);
/* The pair's auxiliary attachment. device RIG_DEVICES: on any but `except`. */
struct oracle_route *oracle_aux(struct oracle *oracle, unsigned domain, unsigned device);
unsigned oracle_pasids(const struct oracle *oracle, unsigned device); /* attached */
unsigned oracle_domain_routes(const struct oracle *oracle, unsigned domain);
struct oracle_route *oracle_add_route(struct oracle *oracle, unsigned device, uint32_t pasid,
                                      unsigned domain);
/* Lowest free PASID of [min, max], cut to the device's limit; 0: none. */
uint32_t oracle_free_pasid(struct oracle *oracle, unsigned device, uint32_t min, uint32_t max);

void oracle_predict_attach(struct oracle *oracle, unsigned domain, unsigned device, uint32_t min,
                           uint32_t max, struct verdict *verdict);
void oracle_predict_replace(struct oracle *oracle, const struct oracle_route *route,
                            unsigned domain, struct verdict *verdict);
void oracle_predict_alloc(struct oracle *oracle, const struct op *op, struct verdict *verdict);

/* ---- mappings */

void oracle_predict_map(struct oracle *oracle, const struct op *op, struct verdict *verdict);
void oracle_map(struct oracle *oracle, const struct op *op);
void oracle_predict_unmap(struct oracle *oracle, const struct op *op, struct verdict *verdict);
/* gather: where it is owed, or ORACLE_NOBODY. */
void oracle_unmap(struct oracle *oracle, const struct op *op, unsigned gather);
void oracle_synced(struct oracle *oracle, unsigned domain, unsigned gather);
const struct checker_run *oracle_find(const struct oracle *oracle, unsigned domain, uint64_t iova);

/* ---- DMA */

/* Where it may land; blocked: it may, too, be blocked. */
#define ORACLE_TARGETS 16u
struct oracle_reach {
    uint64_t pa[ORACLE_TARGETS];
    unsigned count;
    bool blocked;
};
void oracle_reach(struct oracle *oracle, unsigned device, uint32_t pasid, uint64_t iova, bool write,
                  struct oracle_reach *reach);

#endif
