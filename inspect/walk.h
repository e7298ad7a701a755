/* SPDX-License-Identifier: MIT */
/*
 * walk.h - one translation, step by step, as hardware would do it on the tables in a dump.
 *
 * The hardware model does the walking, brought to the state that the registers tell, with the dump as its memory. It
 * shares no code with the enumerator of tables.h, so the two check each other. The model's caches are empty and no
 * accessed or dirty bit is set; where a bit would have to be set and cannot, the fault is told.
 */
#ifndef INSPECT_WALK_H
#define INSPECT_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/bdf.h"
#include "inspect/tables.h"
#include "inspect/why.h"
#include "iommukit/model/vtd.h"

struct inspect_walk_request {
    struct inspect_bdf device;
    bool has_pasid;
    uint32_t pasid;
    uint64_t iova;
    bool write;               /* else read */
    bool execute, privileged; /* with a PASID only */
};

enum inspect_walk_outcome {
    INSPECT_WALK_MAPPED,
    INSPECT_WALK_FAULT,
    INSPECT_WALK_INTERRUPT, /* no memory access: the write is an interrupt message */
    INSPECT_WALK_ABSENT,    /* the dump lacks a page that is needed: no telling */
};

struct inspect_walk_result {
    enum inspect_walk_outcome outcome;
    uint64_t pa;              /* of the iova; mapped */
    uint64_t bytes;           /* of the page; mapped */
    bool read, write;         /* what the translation allows; mapped */
    uint8_t fault;            /* fault: reason code; 0: protected memory, which records none */
    const char *fault_name;   /* static */
    bool unreadable;          /* absent: it is there, but reading the file failed */
    uint64_t absent;          /* absent: where */
    unsigned unit;            /* that was asked, index into inspect_registers */
    struct iommu_model_explanation explanation;
};

struct inspect_walk;

/* 0, -ENOMEM, -EINVAL: no unit's RTADDR is known, or its capabilities contradict each other. */
int inspect_walk_open(const struct inspect_machine *machine, struct inspect_walk **walk, struct inspect_why *why);
void inspect_walk_close(struct inspect_walk *walk);

/*
 * Asks the unit of the device's segment that has a context entry for it, the first if none has. -ENODEV: the segment
 * has no unit with a known RTADDR.
 */
int inspect_walk_look(struct inspect_walk *walk, const struct inspect_walk_request *request,
                      struct inspect_walk_result *result, struct inspect_why *why);

/* What a step found and decided, as a sentence: "present: second stage, domain 7, tables at 0x5612000". */
#define INSPECT_WALK_MEANING 256
const char *inspect_walk_meaning(const struct iommu_model_step *step, char text[INSPECT_WALK_MEANING]);

#endif
