/* SPDX-License-Identifier: MIT */
/*
 * iommukit/conformance/conformance.h - run the suite against a driver, and what it found.
 *
 * A run is one scenario on one modelled machine with one set of lies (iommukit/model/lies.h) and one seed; runs
 * share nothing, so any of them can be repeated alone. Hosted code: it uses signals (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
 * SIGTRAP, SIGVTALRM) while it runs, and gives them back. One suite at a time in a process.
 */
#ifndef IOMMUKIT_CONFORMANCE_CONFORMANCE_H
#define IOMMUKIT_CONFORMANCE_CONFORMANCE_H

#include "iommukit/conformance/adapter.h"

#define IOMMU_CONFORM_OBSERVED_BYTES 320u /* room for what was observed, NUL included */
#define IOMMU_CONFORM_REPLAY_BYTES   200u /* and for the line that repeats it */

/* What to run. All zero but for the adapter: every scenario. */
struct iommu_conform_options {
    const struct iommu_conform_adapter *adapter;
    const char *driver;   /* its name in replay lines; NULL: the adapter's */
    unsigned seeds;       /* for each scenario and lie; 0: 4 */
    uint64_t first_seed;  /* 0: 1 */
    const char *scenario; /* NULL: every one */
    const char *unit;     /* NULL: every one */
    const char *lie;      /* a name, "none", "all" (together); NULL: none, each alone, all */
    bool cost;            /* measure operations instead (struct iommu_conform_cost) */
    void *ctx;            /* handed to progress() */
    /* Called between runs; false: stop here. NULL: nobody is told. */
    bool (*progress)(void *ctx, uint64_t done, uint64_t total);
};

/* What failed, once for each finding and scenario: the first run that showed it, and how many did. */
struct iommu_conform_failure {
    const char *finding;   /* its name: "stale-page" */
    const char *behaviour; /* "B45" */
    const char *section;   /* of the architecture, by topic */
    const char *rule;      /* what should have been */
    const char *scenario, *unit, *lie; /* of the first run that showed it */
    uint64_t seed, count;  /* that run's seed; number of runs */
    char observed[IOMMU_CONFORM_OBSERVED_BYTES]; /* what was seen instead, in a sentence */
    char replay[IOMMU_CONFORM_REPLAY_BYTES];     /* the command line that repeats that run */
};

/* What an operation does at the unit's interfaces. */
enum iommu_conform_item {
    IOMMU_CONFORM_INVALIDATIONS, /* descriptors, or register commands, without waits */
    IOMMU_CONFORM_WAITS,         /* times that software waited for the unit */
    IOMMU_CONFORM_MMIO_WRITES,   /* register writes */
    IOMMU_CONFORM_MMIO_READS,    /* register reads */
    IOMMU_CONFORM_FLUSHED_LINES, /* cache lines written back */
    IOMMU_CONFORM_ITEMS          /* number of the above */
};

/* An operation on a unit: what the driver spent, item by item, and what the architecture asks for. */
struct iommu_conform_cost {
    const char *operation; /* "unmap, 64 pages" */
    const char *unit;      /* by its name in the suite */
    uint32_t spent[IOMMU_CONFORM_ITEMS], needed[IOMMU_CONFORM_ITEMS]; /* by enum iommu_conform_item */
};

/* What came out. */
struct iommu_conform_result {
    const char *driver;    /* its name, as in the options */
    uint64_t runs;         /* carried out */
    uint64_t skipped;      /* the unit's capabilities forbid the lie */
    uint64_t inconclusive; /* the lie broke the hardware, and the driver said so: nothing more to ask */
    uint64_t failed;       /* runs in which something failed */
    bool stopped;          /* by progress() */
    struct iommu_conform_failure *failures;
    unsigned failure_count;
    unsigned findings;     /* distinct names among them */
    struct iommu_conform_cost *costs;
    unsigned cost_count;
};

IOMMU_BEGIN_DECLS

/* Run what the options ask for. What fills *result lives until iommu_conform_result_free().
 * -EINVAL: no such scenario, unit or lie, or the adapter lacks a needed call; -ENOMEM. */
int iommu_conform_run(const struct iommu_conform_options *options, struct iommu_conform_result *result);
/* Free what the result holds, not the struct. */
void iommu_conform_result_free(struct iommu_conform_result *result);

/* What there is, by index; NULL after the last. */
const char *iommu_conform_scenario_name(unsigned index);
const char *iommu_conform_scenario_about(unsigned index);
const char *iommu_conform_unit_name(unsigned index);
const char *iommu_conform_unit_about(unsigned index);
const char *iommu_conform_finding_name(unsigned index);
const char *iommu_conform_finding_rule(unsigned index);
/* "invalidations", "MMIO writes" ... */
const char *iommu_conform_item_name(enum iommu_conform_item item);

IOMMU_END_DECLS

#endif
