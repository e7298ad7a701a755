/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_run.c - see pagetable_run.h.
 *
 * Eight entries at a time where the compiler has vectors for it, without a branch on what an entry holds, and without
 * atomics: a vector store of aligned 64-bit words is seen by hardware as those words. ThreadSanitizer does not know
 * that hardware's readers aside (a lookup by the range's owner) nobody looks; for it, and only for it, a run is a
 * loop of relaxed atomics.
 */
#include "core/pagetable_run.h"

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ONE_BY_ONE 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define ONE_BY_ONE 1
#endif

/* Vectors of two, the size that every 64-bit machine has: compilers take wider ones apart on the stack. A step is four of
 * them, a cache line of most machines. */
#define PAIR ((ptrdiff_t)2)
#define STEP (4 * PAIR)

/* From here on the host may do better. */
#define LONG_RUN 32u

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

/* How many of `count` come one by one before whole pairs begin. */
static unsigned head(const pt_entry *entry, unsigned count)
{
#ifdef ONE_BY_ONE
    (void)entry;
    return count;
#else
    return (uintptr_t)entry % sizeof(pair) && count ? 1 : 0;
#endif
}

bool pt_run_any(const pt_entry *entry, unsigned count)
{
    const pt_entry *end = entry + count;
    pair a = {0}, b = {0}, c = {0}, d = {0};
    uint64_t rest = 0;

    for (unsigned left = head(entry, count); left; left--)
        rest |= get(entry++);
    for (; end - entry >= STEP; entry += STEP) {
        a |= at(entry)[0];
        b |= at(entry)[1];
        c |= at(entry)[2];
        d |= at(entry)[3];
    }
    for (; end - entry >= PAIR; entry += PAIR)
        a |= at(entry)[0];
    if (entry < end)
        rest |= get(entry);
    a |= b | c | d;
    return (rest | a[0] | a[1]) != 0;
}

/* The top bit of v | -v is set unless v is 0. A macro: not every machine's calls can return a vector. */
#define FILLED(value) ((value) | (0 - (value)))

bool pt_run_all(const pt_entry *entry, unsigned count)
{
    const pt_entry *end = entry + count;
    pair a = {UINT64_MAX, UINT64_MAX}, b = a;
    uint64_t rest = UINT64_MAX;

    for (unsigned left = head(entry, count); left; left--, entry++)
        rest &= FILLED(get(entry));
    for (; end - entry >= STEP; entry += STEP) {
        a &= FILLED(at(entry)[0]) & FILLED(at(entry)[1]);
        b &= FILLED(at(entry)[2]) & FILLED(at(entry)[3]);
    }
    for (; end - entry >= PAIR; entry += PAIR)
        a &= FILLED(at(entry)[0]);
    if (entry < end)
        rest &= FILLED(get(entry));
    a &= b;
    return (rest & a[0] & a[1]) >> 63;
}

static void fill(pt_entry *entry, unsigned count, uint64_t value, uint64_t step)
{
    const pt_entry *end = entry + count;
    pair next;

    for (unsigned left = head(entry, count); left; left--, value += step)
        put(entry++, value);
    next = (pair){value, value + step};
    for (; end - entry >= STEP; entry += STEP, next += STEP * step) {
        to(entry)[0] = next;
        to(entry)[1] = next + PAIR * step;
        to(entry)[2] = next + 2 * PAIR * step;
        to(entry)[3] = next + 3 * PAIR * step;
    }
    for (; end - entry >= PAIR; entry += PAIR, next += PAIR * step)
        to(entry)[0] = next;
    if (entry < end)
        put(entry, next[0]);
}

void pt_run_fill(const struct iommu_pt *pt, pt_entry *entry, unsigned count, uint64_t value, uint64_t step)
{
#ifdef ONE_BY_ONE
    (void)pt;
#else
    if (count >= LONG_RUN && pt->platform->fill_words) {
        pt->platform->fill_words(pt->platform->ctx, (uint64_t *)entry, count, value, step);
        return;
    }
#endif
    fill(entry, count, value, step);
}
