/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/ledger.h - what the model's caches may hold: everything that it has read
 * since it was last told to forget it, and nothing else. Kept from its explanations and from the
 * descriptors alone. Without it a known difference ("QEMU holds less") could hide a model that
 * forgets too little.
 */
#ifndef TESTS_DIFFERENTIAL_LEDGER_H
#define TESTS_DIFFERENTIAL_LEDGER_H

#include "tests/differential/attempt.h"

#define LEDGER_LINES 2048u

enum ledger_kind { LEDGER_CONTEXT, LEDGER_PASID, LEDGER_TABLE, LEDGER_PAGE };

struct ledger_line {
    enum ledger_kind kind;
    uint16_t rid, did; /* rid: contexts and PASID entries */
    uint32_t pasid;
    unsigned lg2;   /* of the bytes that a page or an upper-level entry stands for */
    uint64_t first; /* address */
};

struct ledger {
    bool scalable;
    struct ledger_line line[LEDGER_LINES];
    unsigned count;
};

/* An access of the model's: may it hold what it used? What it read, it may hold from now on. */
bool ledger_access(struct ledger *ledger, uint16_t rid, const struct segment *segment);
void ledger_invalidated(struct ledger *ledger, uint64_t w0, uint64_t w1);

#endif
