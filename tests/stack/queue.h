/* SPDX-License-Identifier: MIT */
/*
 * queue.h - the invalidation queue as the hardware sees it: what was put in, by number, and a queue
 * that stalls.
 */
#ifndef IOMMUKIT_TEST_QUEUE_H
#define IOMMUKIT_TEST_QUEUE_H

#include "tests/stack/rig.h"

/* Descriptor types. */
enum {
    RIG_CONTEXT_CACHE = 1,
    RIG_IOTLB = 2,
    RIG_DEVTLB = 3,
    RIG_WAIT = 5,
    RIG_PIOTLB = 6,
    RIG_PASID_CACHE = 7,
    RIG_PDEVTLB = 8,
};

struct rig_descriptor {
    unsigned type, granularity; /* bits 3:0 and 5:4 */
    uint64_t word[2];
    unsigned post;              /* of the tail's write that made it visible, from 1 */
    bool translating;           /* TES was 1 then */
};

#define RIG_DESCRIPTORS_MAX 256u
struct rig_queue {
    unsigned unit;
    struct rig_descriptor at[RIG_DESCRIPTORS_MAX];
    unsigned count, posts;
};

/* Watch a unit's queue from now on; takes the rig's probe. */
void rig_queue_watch(struct rig *rig, struct rig_queue *queue, unsigned unit);
/* For a test's own probe: call it first. */
void rig_queue_see(struct rig *rig, struct rig_queue *queue, enum rig_moment moment,
                   uint64_t address, uint64_t value);
unsigned rig_queue_count(const struct rig_queue *queue, unsigned type);
/* The n-th of a type, from 0; fails the test when there is none. */
const struct rig_descriptor *rig_queue_nth(const struct rig_queue *queue, unsigned type,
                                           unsigned n);
/* Physical address of the slot that the hardware would fetch at byte offset `tail`. */
uint64_t rig_queue_slot(struct rig *rig, unsigned unit, uint64_t tail);

/*
 * Does a unit's queue, or a status word of its waits, lie in this page? Those are always snooped.
 */
bool rig_queue_owns(struct rig *rig, uint64_t page);

/*
 * A unit that does not get round to its queue: writes of the tail are held back until the end.
 * Takes the filter.
 */
struct rig_stall {
    unsigned unit;
    bool written;
    uint64_t tail;
};
void rig_stall_begin(struct rig *rig, struct rig_stall *stall, unsigned unit);
void rig_stall_end(struct rig *rig);

#endif
