/* SPDX-License-Identifier: MIT */
/* system_ties.h - why the devices of an IOMMU group are in one group. */
#ifndef INSPECT_SYSTEM_TIES_H
#define INSPECT_SYSTEM_TIES_H

#include "inspect/system.h"

enum inspect_tie_kind {
    INSPECT_TIE_BRIDGE,       /* a port without (enough) ACS */
    INSPECT_TIE_FUNCTIONS,    /* functions of one device without ACS */
    INSPECT_TIE_CONVENTIONAL, /* behind a bridge to conventional PCI: one requester id for all */
    INSPECT_TIE_ALIAS,        /* a device that sends requests under another's address */
    INSPECT_TIE_UNREADABLE,   /* configuration space could not be read far enough to tell */
    INSPECT_TIE_UNEXPLAINED,
};

struct inspect_tie {
    enum inspect_tie_kind kind;
    int culprit;              /* the bridge, the first function, the device; INSPECT_NONE for the last two kinds */
    bool has_acs;             /* BRIDGE, FUNCTIONS: the capability is there, but */
    uint16_t missing;         /* these bits of it are off */
    unsigned device_count;
    int *device;              /* indices of the functions that it ties; owned */
    char text[400];           /* a sentence */
};

struct inspect_ties {
    unsigned count;
    struct inspect_tie *tie;  /* owned */
};

/* index: of the group. Nothing for a device alone. 0 or -ENOMEM. */
int inspect_ties_find(const struct inspect_system *system, unsigned index, struct inspect_ties *ties);
void inspect_ties_free(struct inspect_ties *ties);

const char *inspect_tie_name(enum inspect_tie_kind kind); /* "bridge-without-acs" */

/*
 * Some devices send requests under the address of another function of their slot, whether that function exists or not.
 * -1: this one is not known for that; else the function number.
 */
int inspect_alias_function(uint16_t vendor, uint16_t device);

#endif
