/* SPDX-License-Identifier: MIT */
/*
 * platform/strict/ledger.c - a hash table of live things. Called by strict.c under its mutex.
 *
 * Linear probing without tombstones: removing an entry moves later ones of the same run back, so
 * that a million pages that come and go leave nothing behind.
 */
#include "platform/strict/ledger.h"

#include <stdlib.h>

#define FIRST_SIZE_LG2 8u

static size_t size_of(const struct ledger *ledger)
{
    return (size_t)1 << ledger->size_lg2;
}

/* Where an entry belongs if nobody sits there. Addresses differ in their middle bits: multiply,
 * take the top. */
static size_t home_of(const struct ledger *ledger, enum ledger_kind kind, uint64_t key)
{
    uint64_t mixed = (key ^ (uint64_t)kind << 60) * 0x9E3779B97F4A7C15u;

    return (size_t)(mixed >> (64 - ledger->size_lg2));
}

static size_t after(const struct ledger *ledger, size_t at)
{
    return (at + 1) & (size_of(ledger) - 1);
}

static void put(struct ledger *ledger, const struct ledger_entry *entry)
{
    size_t at = home_of(ledger, entry->kind, entry->key);

    while (ledger->entries[at].kind != LEDGER_EMPTY)
        at = after(ledger, at);
    ledger->entries[at] = *entry;
    ledger->used++;
}

static bool grow(struct ledger *ledger)
{
    struct ledger larger = {.size_lg2 = ledger->entries ? ledger->size_lg2 + 1 : FIRST_SIZE_LG2};
    size_t i;

    larger.entries = calloc(size_of(&larger), sizeof *larger.entries);
    if (!larger.entries)
        return false;
    for (i = 0; ledger->entries && i < size_of(ledger); i++) {
        if (ledger->entries[i].kind != LEDGER_EMPTY)
            put(&larger, &ledger->entries[i]);
    }
    free(ledger->entries);
    *ledger = larger;
    return true;
}

bool ledger_add(struct ledger *ledger, enum ledger_kind kind, uint64_t key, uint64_t value)
{
    struct ledger_entry entry = {key, value, kind};

    if (!ledger->entries || ledger->used >= size_of(ledger) / 2) {
        if (!grow(ledger))
            return false;
    }
    put(ledger, &entry);
    return true;
}

struct ledger_entry *ledger_find(const struct ledger *ledger, enum ledger_kind kind, uint64_t key)
{
    size_t at;

    if (!ledger->entries)
        return NULL;
    at = home_of(ledger, kind, key);
    while (ledger->entries[at].kind != LEDGER_EMPTY) {
        struct ledger_entry *entry = &ledger->entries[at];

        if (entry->kind == kind && entry->key == key)
            return entry;
        at = after(ledger, at);
    }
    return NULL;
}

/* May the entry at `from` move back to the gap? Only if its home does not lie between the two. */
static bool may_move(const struct ledger *ledger, size_t gap, size_t from)
{
    const struct ledger_entry *entry = &ledger->entries[from];
    size_t mask = size_of(ledger) - 1;
    size_t home = home_of(ledger, entry->kind, entry->key);

    return ((from - home) & mask) >= ((from - gap) & mask);
}

void ledger_remove(struct ledger *ledger, const struct ledger_entry *entry)
{
    size_t gap = (size_t)(entry - ledger->entries);
    size_t at = after(ledger, gap);

    while (ledger->entries[at].kind != LEDGER_EMPTY) {
        if (may_move(ledger, gap, at)) {
            ledger->entries[gap] = ledger->entries[at];
            gap = at;
        }
        at = after(ledger, at);
    }
    ledger->entries[gap] = (struct ledger_entry){.kind = LEDGER_EMPTY};
    ledger->used--;
}

struct ledger_entry *ledger_next(const struct ledger *ledger, enum ledger_kind kind,
                                 size_t *position)
{
    while (ledger->entries && *position < size_of(ledger)) {
        struct ledger_entry *entry = &ledger->entries[(*position)++];

        if (entry->kind == kind)
            return entry;
    }
    return NULL;
}

void ledger_fini(struct ledger *ledger)
{
    free(ledger->entries);
    *ledger = (struct ledger){0};
}
