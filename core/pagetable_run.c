/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_run.c - see pagetable_run.h.
 *
 * Four entries at a time where the compiler has vectors for it, without a branch on what an entry holds, and without
 * atomics: a vector store of aligned 64-bit words is seen by hardware as those words. ThreadSanitizer does not know
 * that hardware's readers aside (a lookup by the range's owner) nobody looks; for it, and only for it, a run is a
 * loop of relaxed atomics.
 */
#include "core/pagetable_run.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ONE_BY_ONE 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define ONE_BY_ONE 1
#endif

/* Two vectors of two, the size that every 64-bit machine has: compilers take wider ones apart on the stack. */
#define STEP 4

typedef uint64_t pair __attribute__((vector_size(16), may_alias));

static const pair *at(const pt_entry *entry)
{
    return (const pair *)entry;
}

static pair *to(pt_entry *entry)
{
    return (pair *)entry;
}

static uint64_t get(const pt_entry *entry)
{
    return atomic_load_explicit(entry, memory_order_relaxed);
}

static void put(pt_entry *entry, uint64_t value)
{
    atomic_store_explicit(entry, value, memory_order_relaxed);
}

/* How many of `count` come one by one before whole vectors begin. */
static unsigned head(const pt_entry *entry, unsigned count)
{
#ifdef ONE_BY_ONE
    (void)entry;
    return count;
#else
    unsigned before = (unsigned)(0 - ((uintptr_t)entry / sizeof(*entry))) % STEP;

    return before < count ? before : count;
#endif
}

bool pt_run_any(const pt_entry *entry, unsigned count)
{
    const pt_entry *end = entry + count;
    pair even = {0}, odd = {0};
    uint64_t rest = 0;

    for (unsigned left = head(entry, count); left; left--)
        rest |= get(entry++);
    for (; end - entry >= STEP; entry += STEP) {
        even |= at(entry)[0];
        odd |= at(entry)[1];
    }
    while (entry < end)
        rest |= get(entry++);
    even |= odd;
    return (rest | even[0] | even[1]) != 0;
}

/* The top bit of v | -v is set unless v is 0. */
bool pt_run_all(const pt_entry *entry, unsigned count)
{
    const pt_entry *end = entry + count;
    pair even = {UINT64_MAX, UINT64_MAX}, odd = even;
    uint64_t rest = UINT64_MAX;

    for (unsigned left = head(entry, count); left; left--, entry++)
        rest &= get(entry) | (0 - get(entry));
    for (; end - entry >= STEP; entry += STEP) {
        even &= at(entry)[0] | (0 - at(entry)[0]);
        odd &= at(entry)[1] | (0 - at(entry)[1]);
    }
    for (; entry < end; entry++)
        rest &= get(entry) | (0 - get(entry));
    even &= odd;
    return (rest & even[0] & even[1]) >> 63;
}

void pt_run_fill(pt_entry *entry, unsigned count, uint64_t value, uint64_t step)
{
    const pt_entry *end = entry + count;
    pair even, odd;

    for (unsigned left = head(entry, count); left; left--, value += step)
        put(entry++, value);
    even = (pair){value, value + step};
    odd = even + 2 * step;
    for (; end - entry >= STEP; entry += STEP) {
        to(entry)[0] = even;
        to(entry)[1] = odd;
        even += STEP * step;
        odd += STEP * step;
    }
    for (value = even[0]; entry < end; value += step)
        put(entry++, value);
}

void pt_run_clear(pt_entry *entry, unsigned count)
{
    const pt_entry *end = entry + count;

    for (unsigned left = head(entry, count); left; left--)
        put(entry++, 0);
    for (; end - entry >= STEP; entry += STEP)
        to(entry)[0] = to(entry)[1] = (pair){0};
    while (entry < end)
        put(entry++, 0);
}
