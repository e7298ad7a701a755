/* SPDX-License-Identifier: MIT */
/*
 * platform/strict/ledger.h - what is alive, by kind and address. Used by strict.c alone, under its
 * mutex.
 *
 * A hash table with open addressing. The kind is part of the key: a lock may live at the very
 * address of the object that contains it.
 */
#ifndef PLATFORM_STRICT_LEDGER_H
#define PLATFORM_STRICT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ledger_kind {
    LEDGER_EMPTY,
    LEDGER_OBJECT, /* key: pointer; value: bytes */
    LEDGER_PAGE,   /* key: physical address; value: order */
    LEDGER_HELD,   /* the same, freed and kept from reuse */
    LEDGER_LOCK,   /* key: pointer; value: the thread that holds it, 0: none */
};

struct ledger_entry {
    uint64_t key, value;
    enum ledger_kind kind;
};

struct ledger {
    struct ledger_entry *entries;
    size_t used;
    unsigned size_lg2; /* meaningless while entries is NULL */
};

/* False: no memory. The key must not be there. */
bool ledger_add(struct ledger *ledger, enum ledger_kind kind, uint64_t key, uint64_t value);
/* Valid until the next add or remove; NULL: not there. */
struct ledger_entry *ledger_find(const struct ledger *ledger, enum ledger_kind kind, uint64_t key);
void ledger_remove(struct ledger *ledger, const struct ledger_entry *entry);
/* Entries in no order: *position starts at 0; NULL: no more of this kind. */
struct ledger_entry *ledger_next(const struct ledger *ledger, enum ledger_kind kind,
                                 size_t *position);
void ledger_fini(struct ledger *ledger);

#endif
