/* SPDX-License-Identifier: MIT */
/*
 * iommukit/model/lies.h - what silicon may do and emulators do not. Each lie is one that the architecture
 * permits to such a unit; one that its capabilities forbid is refused with a reason. One seed drives them all.
 * The calls here keep no state and run in any context.
 */
#ifndef IOMMUKIT_MODEL_LIES_H
#define IOMMUKIT_MODEL_LIES_H

#include "iommukit/config.h"

/* The lies. */
enum iommu_model_lie {
    IOMMU_MODEL_LIE_LATE_WRITES,     /* "late-writes": walks that do not snoop see a store when its line is flushed,
                                        or at a random early write-back */
    IOMMU_MODEL_LIE_NOT_PRESENT,     /* "not-present": what was not present is remembered (Caching Mode) */
    IOMMU_MODEL_LIE_NEVER_EVICT,     /* "never-evict": caches keep everything until it is invalidated */
    IOMMU_MODEL_LIE_RANDOM_EVICT,    /* "random-evict": entries vanish at any moment */
    IOMMU_MODEL_LIE_PAGING_CACHES,   /* "paging-caches": pointers to tables are cached */
    IOMMU_MODEL_LIE_POISON,          /* "poison": freed pages are overwritten, and device reads of them trapped */
    IOMMU_MODEL_LIE_STRICT_COMMAND,  /* "strict-command": a command write that changes two bits, drops an enable, or
                                        comes before the last one finished, is carried out as badly as it may be */
    IOMMU_MODEL_LIE_SLOW_QUEUE,      /* "slow-queue": descriptors are carried out some register reads later */
    IOMMU_MODEL_LIE_STALLED_QUEUE,   /* "stalled-queue": at some moment the queue stops for good */
    IOMMU_MODEL_LIE_QUEUE_ERROR,     /* "iqe": a descriptor is refused now and then */
    IOMMU_MODEL_LIE_DEVICE_TIMEOUT,  /* "ite": a device-TLB invalidation times out now and then */
    IOMMU_MODEL_LIE_DEVICE_STRAY,    /* "ice": an unexpected completion now and then */
    IOMMU_MODEL_LIE_LOST_COMPLETION, /* "lost-completion": a wait's status write never arrives */
    IOMMU_MODEL_LIE_TORN_FETCH,      /* "torn-fetch": the device walks between any two stores of the driver, and reads
                                        entries in 16-byte pieces in any order */
    IOMMU_MODEL_LIE_DEVICE_TLB,      /* "device-tlb": the endpoint answers from what it holds, tagged with PASIDs */
    IOMMU_MODEL_LIE_SLOW_DEVICE_TLB, /* "slow-device-tlb": and is slow to acknowledge invalidations */
    IOMMU_MODEL_LIE_COUNT            /* number of the above */
};

#define IOMMU_MODEL_LIE(lie) ((uint32_t)1 << (lie)) /* its bit in a set of lies */

/* Which lies are told, and how. All zero: none. */
struct iommu_model_lies {
    uint32_t enabled; /* IOMMU_MODEL_LIE() of each */
    uint64_t seed;    /* of every random choice; the same seed repeats a run */
    uint32_t one_in;  /* what happens "now and then" happens once in so many; 0: each lie's own habit */
};

#define IOMMU_MODEL_NONE UINT32_MAX /* no unit, device, PASID or domain to name */

/* A moment at which a lie struck: what a failing test needs to say what happened. */
struct iommu_model_strike {
    uint64_t number;      /* 1, 2, ... since creation */
    enum iommu_model_lie lie;
    const char *what;     /* "read a page that was freed"; static */
    uint64_t address;     /* what it is about: an entry, a page, a descriptor, an I/O virtual address */
    uint64_t page;        /* where a stale translation led; 0: nothing to say */
    uint32_t unit, rid, pasid, domain; /* IOMMU_MODEL_NONE: nothing to say */
    uint64_t descriptors; /* that the unit had carried out by then; UINT64_MAX: nothing to say */
};

#define IOMMU_MODEL_STRIKES_MAX 32u /* so many are kept, the latest */

IOMMU_BEGIN_DECLS

/* The name in quotes above; NULL: no such lie. */
const char *iommu_model_lie_name(enum iommu_model_lie lie);
/* One sentence on what it does. */
const char *iommu_model_lie_about(enum iommu_model_lie lie);
/* The lie of that name, or IOMMU_MODEL_LIE_COUNT. */
enum iommu_model_lie iommu_model_lie_find(const char *name);
/* May a unit with these capabilities lie so? NULL: yes; otherwise why not. */
const char *iommu_model_lies_forbidden(const struct iommu_model_lies *lies, uint64_t cap, uint64_t ecap);

/* One line: "poison: the device read a page that was freed: 0x7f000, device 00:01.0, PASID 3, domain 5, after 17
 * descriptors". Always ends in a NUL; returns the length without it. bytes must not be 0. */
size_t iommu_model_strike_text(const struct iommu_model_strike *strike, char *text, size_t bytes);

IOMMU_END_DECLS

#endif
