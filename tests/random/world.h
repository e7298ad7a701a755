/* SPDX-License-Identifier: MIT */
/*
 * world.h - the machine that a random sequence runs on, chosen by its seed, with what the tests know of its units
 * from their registers alone.
 */
#ifndef IOMMUKIT_TEST_WORLD_H
#define IOMMUKIT_TEST_WORLD_H

#include "tests/checker/checker.h"

/* DMA targets lie here: memory that nobody allocates. */
#define WORLD_POOL       (UINT64_C(1) << 30)
#define WORLD_POOL_BYTES (UINT64_C(1) << 30)

#define WORLD_EVENTS_MAX 64u

enum world_sabotage {
    WORLD_HONEST,
    WORLD_LOSES_IOTLB, /* translation cache invalidations do something else: a failure that must be found */
    WORLD_LOSES_PASID, /* the same, of PASID and context caches */
};

struct world_setup {
    char name[240];
    struct rig_config config;
    unsigned domains; /* slots in use */
    bool alike;       /* all units can do the same */
    bool between;     /* devices read between any two stores of a call */
    enum world_sabotage sabotage;
};

/* A unit, by number. */
struct world_unit {
    uint64_t cap, ecap;
    bool scalable;
    unsigned ss_bits, fs_bits; /* width of addresses; 0: no such stage */
    uint32_t pasid_limit, ids;
};

/* A fault that was recorded and that iommu_handle_events has to bring. */
struct world_fault {
    uint16_t rid;
    uint32_t pasid;
    uint64_t page;
    bool write;
};

struct world {
    struct checker checker; /* first: the rig's context */
    struct world_setup setup;
    struct world_unit unit[RIG_UNITS];
    unsigned unit_of[RIG_DEVICES];
    struct world_fault fault[WORLD_EVENTS_MAX];
    unsigned faults;                   /* may exceed the array: then only counted */
    unsigned events;                   /* FAULT events that came */
    const struct world_fault *strange; /* an event that nobody caused; NULL: none */
    struct world_fault came;
    char strike[200]; /* a lie that was believed, in words */
    bool
        asks; /* endpoints with device-TLBs ask first: such a fault is no write, and there may be two */
    bool single; /* one thread: events are compared */
};

void world_choose(struct world_setup *setup, uint64_t seed);
/* For threads: no scarcity, and nothing that several of them would fight for. */
void world_choose_roomy(struct world_setup *setup, uint64_t seed);
/* False: it could not be built; the reason is in *why. */
bool world_open(struct world *world, const struct world_setup *setup, const char **why);
/* Domains and devices are gone: ends the driver and looks at what is left. NULL: nothing. */
const char *world_close(struct world *world);

/* 8 bytes of DMA. True: they went through. */
bool world_dma(struct world *world, unsigned device, uint32_t pasid, uint64_t iova, bool write,
               uint64_t *value, struct iommu_model_result *last);

/* A platform rule broken, a model misused; NULL: neither. */
const char *world_complaint(struct world *world);

#endif
