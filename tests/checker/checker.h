/* SPDX-License-Identifier: MIT */
/*
 * checker.h - holds the tables in memory against the API's own books. It shares no code and no constants with
 * core, driver and model: every offset and bit is written down here once more, by number.
 *
 *     struct checker checker = {0};
 *     rig_open_hardware(&checker.rig, &config);
 *     checker_watch(&checker);             // before the driver is created: it sees every page come and go
 *     rig_create_driver(&checker.rig);
 *     checker_start(&checker);             // pages so far are the units' own
 *     ...
 *     if (checker_run(&checker, &facts, CHECKER_ALL) > 0) ... checker.finding[0] ...
 *
 * Pages belong to whom the calling thread has named: checker_owner(CHECKER_DOMAIN(n)) around iommu_domain_alloc
 * and iommu_map of domain n, nobody (the driver) otherwise. Nothing may change while the checker runs.
 */
#ifndef IOMMUKIT_TEST_CHECKER_H
#define IOMMUKIT_TEST_CHECKER_H

#include <pthread.h>

#include "tests/stack/rig.h"

#define CHECKER_DOMAINS_MAX  80u
#define CHECKER_FINDINGS_MAX 8u
#define CHECKER_TEXT         240u
#define CHECKER_ROUTES_MAX   256u /* of one device */

/* Owners of pages. */
#define CHECKER_UNITS     0 /* what the driver made for its units: queues, roots */
#define CHECKER_DRIVER    1 /* context and PASID tables */
#define CHECKER_DOMAIN(n) ((int)(n) + 2)

/* Mappings that follow one another in pages of one size. */
struct checker_run {
    uint64_t first, last, pa;
    uint32_t prot; /* IOMMU_READ, IOMMU_WRITE */
    uint8_t leaf_lg2;
};

/* What the test knows: handles, and what should be mapped. NULL handles: not there. */
struct checker_facts {
    struct iommu_device *const *devices; /* RIG_DEVICES of them, RIDs as in the rig */
    struct iommu_domain *const *domains;
    unsigned domain_count;
    const struct iommu_gather *const *gathers; /* they hold pages */
    unsigned gather_count;
    /* The index-th run of a domain, by rising address; false: there are no more. NULL: not compared. */
    bool (*run)(void *ctx, unsigned domain, unsigned index, struct checker_run *run);
    void *ctx;
    uint32_t rid_changed; /* bit n: device n's untagged route may have changed since the last run */
};

enum checker_depth {
    CHECKER_ROUTES, /* every attachment's entry, ids, counts */
    CHECKER_ALL,    /* every entry of every table, every page */
};

/* ---- what follows is the checker's own ------------------------------------------------------------------ */

enum checker_page_state { CHECKER_NEVER, CHECKER_LIVE, CHECKER_INNER, CHECKER_FREED };

struct checker_page {
    uint64_t parent; /* where the pointer to it was found in this run */
    uint32_t seen;   /* the run in which it was */
    uint8_t state, order;
    int16_t owner;
};

struct checker_unit {
    uint64_t cap, ecap, root;
    bool scalable;
    struct iommu_vtd_unit_info info;
    uint32_t did[CHECKER_DOMAINS_MAX]; /* id + 1 of each domain; 0: none */
    unsigned ids;
    uint64_t pages; /* of tables, found */
};

struct checker_domain {
    uint64_t root;      /* its top table; 0: none */
    uint64_t cap, ecap; /* what all units that it is attached on can do */
    unsigned routes;
};

struct checker_route {
    struct iommu_attachment *attachment;
    uint32_t pasid; /* as in the table; 0: untagged */
    unsigned domain;
    bool seen;
};

struct checker {
    struct rig rig; /* first: the platform's context is this checker, too */
    pthread_mutex_t lock;
    void *(*page_alloc)(void *ctx, unsigned order);
    void (*page_free)(void *ctx, void *page, unsigned order);
    uint8_t *memory;
    struct checker_page *pages; /* by page number */
    uint64_t page_count, page_high;
    uint32_t round;
    unsigned address_bits; /* of the host */

    const struct checker_facts *facts;
    enum checker_depth depth;
    struct checker_unit unit[RIG_UNITS];
    struct checker_domain domain[CHECKER_DOMAINS_MAX];
    struct checker_route route[CHECKER_ROUTES_MAX];
    unsigned routes;
    struct {
        const struct iommu_device *device;
        uint64_t word[8];
    } rid_entry[RIG_DEVICES];

    char finding[CHECKER_FINDINGS_MAX][CHECKER_TEXT];
    unsigned findings;
};

void checker_watch(struct checker *checker);
void checker_start(struct checker *checker);
void checker_stop(struct checker *checker);
/* The domain's top table, and whether that is the one that all empty domains share. */
uint64_t checker_root(const struct checker *checker, const struct iommu_domain *domain);
bool checker_is_empty(const struct checker *checker, uint64_t root);
/* Whose pages this thread allocates from now on. */
void checker_owner(int owner);

/* Returns the number of findings; the first few are in finding[]. */
unsigned checker_run(struct checker *checker, const struct checker_facts *facts,
                     enum checker_depth depth);

/* By hand: log2 of the page that translates iova; 0: none. Any thread, for addresses that are its own. */
unsigned checker_leaf_lg2(struct checker *checker, const struct iommu_domain *domain, uint64_t iova);

/* For its files. */
void checker_find(struct checker *checker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
uint64_t *checker_words(struct checker *checker, uint64_t pa);
/* `parent` points at the page: it must be alive, whole, of this owner, and pointed at from here alone. */
bool checker_claim(struct checker *checker, uint64_t page, unsigned order, int owner,
                   uint64_t parent, const char *what);
void checker_pages(struct checker *checker);   /* what nothing points at */
void checker_gathers(struct checker *checker); /* what gathers hold */
void checker_unit_tables(struct checker *checker, unsigned index);
void checker_routes(struct checker *checker, unsigned unit, unsigned device);
void checker_domain_tree(struct checker *checker, unsigned domain);
/* The domain's number; CHECKER_DOMAINS_MAX: nobody knows it. */
unsigned checker_domain_number(const struct checker *checker, const struct iommu_domain *domain);

#endif
