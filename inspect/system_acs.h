/* SPDX-License-Identifier: MIT */
/*
 * system_acs.h - does Access Control Services keep a function's requests away from its neighbours?
 *
 * A port or a function of several could pass a request on to a neighbour without the IOMMU seeing it. ACS has a bit
 * for each way; Linux asks for all four of INSPECT_ACS_GROUP to give a device a group of its own, and for the two of
 * INSPECT_ACS_PASID on the whole path to turn PASIDs on, because a request with a PASID must not be routed by an
 * address that is not yet translated.
 */
#ifndef INSPECT_SYSTEM_ACS_H
#define INSPECT_SYSTEM_ACS_H

#include "inspect/system.h"

#define INSPECT_ACS_GROUP 0x1du /* source validation, request and completion redirect, upstream forwarding */
#define INSPECT_ACS_PASID 0x14u /* request redirect, upstream forwarding */

struct inspect_acs {
    enum inspect_answer ok; /* INSPECT_UNKNOWN: its capabilities could not be read */
    bool needed;            /* false: a function alone in its slot needs none */
    bool present;           /* it has the capability */
    uint16_t missing;       /* bits that it has and that are switched off */
};

/* index: of the function. */
struct inspect_acs inspect_acs_check(const struct inspect_system *system, int index, uint16_t bits);

/* "request redirect, upstream forwarding" */
void inspect_acs_names(uint16_t bits, char *text, size_t size);

/* Are there several functions in its slot? */
bool inspect_has_siblings(const struct inspect_system *system, int index);

/* Is this a bridge with conventional PCI on either side? INSPECT_UNKNOWN: capabilities could not be read. */
enum inspect_answer inspect_is_conventional(const struct inspect_function *function);

#endif
