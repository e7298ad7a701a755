/* SPDX-License-Identifier: MIT */
/* scenario.h - a scenario: a name, what it needs, and a function that works on a bench. */
#ifndef IOMMUKIT_CONFORMANCE_SCENARIO_H
#define IOMMUKIT_CONFORMANCE_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

struct bench;

/* Calls that the adapter must have, and features that the machine must have. */
enum scenario_needs {
    NEEDS_UNMAP = 1u << 0,
    NEEDS_DETACH = 1u << 1,
    NEEDS_PASID = 1u << 2, /* attach_pasid, and PASIDs behind unit 0 */
    NEEDS_PASID_DETACH = 1u << 3,
    NEEDS_REPLACE = 1u << 4,
    NEEDS_FREE = 1u << 5,
    NEEDS_FAULTS = 1u << 6,
    NEEDS_FINI = 1u << 7,
    NEEDS_ATS = 1u << 8, /* device-TLBs at unit 0 */
    NEEDS_RWBF = 1u << 9,
    NEEDS_REGIONS = 1u << 10,   /* the machine gets reserved regions */
    NEEDS_FEW_IDS = 1u << 11,   /* at most 64 domain ids */
    NEEDS_PROTECTED = 1u << 12, /* protected memory registers */
    NEEDS_NO_INIT = 1u << 13,   /* the scenario brings the driver up itself */
    NEEDS_SOUND = 1u << 14,     /* not under lies that break the hardware */
    NEEDS_MANY_DEVICES = 1u << 15,
    NEEDS_TORN = 1u << 16, /* "torn-fetch" and "late-writes" are told, whatever was asked for */
    NEEDS_LIVE_QUEUE = 1u << 17, /* not under lies of what does not come back */
};

struct scenario {
    const char *name, *about;
    uint32_t needs;
    void (*run)(struct bench *bench);
};

/* The themes; each ends with a row without name. */
extern const struct scenario scenarios_bringup[], scenarios_map[], scenarios_unmap[],
    scenarios_attach[], scenarios_pasid[], scenarios_torn[], scenarios_devtlb[],
    scenarios_trouble[], scenarios_fault[];

const struct scenario *scenario_at(unsigned index);

#endif
