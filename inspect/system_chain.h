/* SPDX-License-Identifier: MIT */
/*
 * system_chain.h - can this device serve many domains at once, and if not, which link of the chain fails?
 *
 * The links go from the firmware over the kernel, the unit and the bridges to the device, its driver and its state. Each
 * is judged for itself, so that what is behind the first failing one is known as well.
 */
#ifndef INSPECT_SYSTEM_CHAIN_H
#define INSPECT_SYSTEM_CHAIN_H

#include "inspect/system.h"

#define INSPECT_LINKS_MAX 24u

struct inspect_link {
    const char *name;
    enum inspect_answer ok; /* INSPECT_UNKNOWN: it could not be found out */
    char detail[320];       /* what was seen */
    char change[320];       /* what to change; "" where nothing need be */
};

struct inspect_chain {
    unsigned count;
    struct inspect_link link[INSPECT_LINKS_MAX];
};

void inspect_chain_walk(const struct inspect_system *system, int function, struct inspect_chain *chain);

/* INSPECT_YES: every link holds; INSPECT_NO: one fails; INSPECT_UNKNOWN: none fails, but not all are known. */
enum inspect_answer inspect_chain_holds(const struct inspect_chain *chain);
/* The first link that fails, or NULL. */
const struct inspect_link *inspect_chain_break(const struct inspect_chain *chain);

#endif
