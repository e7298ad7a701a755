/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_run.h - many entries of one table at once: look, fill, clear.
 *
 * The entries belong to the caller's range, so nobody else writes them. Nobody else reads them but hardware, and an attach
 * that looks for firmware's regions (pt_peek), which finds of each entry what was or what will be, as hardware does.
 *
 * Eight entries at a time where the compiler has vectors for it, without a branch on what an entry holds, and without
 * atomics: a vector store of aligned 64-bit words is seen by hardware as those words. ThreadSanitizer does not know
 * that hardware's readers aside (a lookup by the range's owner) nobody looks; for it, and only for it, a run is a
 * loop of relaxed atomics.
 */
#ifndef CORE_PAGETABLE_RUN_H
#define CORE_PAGETABLE_RUN_H

#include <stddef.h>

#include "core/pagetable_walk.h"

/* From so many entries on the host may do better. */
#define PT_LONG_RUN 32u

/* Is any of them, are all of them something other than 0? */
bool pt_run_any(const pt_entry *entry, unsigned count);
bool pt_run_all(const pt_entry *entry, unsigned count);
/* value, value + step, value + 2 * step, ... */
void pt_run_fill(const struct iommu_pt *pt, pt_entry *entry, unsigned count, uint64_t value, uint64_t step);

/* ---- the same in the caller's own code, for the short ways: a call takes as long as four entries ---------- */

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PT_ONE_BY_ONE 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define PT_ONE_BY_ONE 1
#endif

/* Vectors of two, the size that every 64-bit machine has: compilers take wider ones apart on the stack. A step is four of
 * them, a cache line of most machines. */
#define PT_PAIR ((ptrdiff_t)2)
#define PT_STEP (4 * PT_PAIR)

typedef uint64_t pt_pair __attribute__((vector_size(16), may_alias));

static inline const pt_pair *pt_pairs(const pt_entry *entry)
{
    return (const pt_pair *)entry;
}

static inline pt_pair *pt_pairs_of(pt_entry *entry)
{
    return (pt_pair *)entry;
}

static inline uint64_t pt_get(const pt_entry *entry)
{
    return atomic_load_explicit(entry, memory_order_relaxed);
}

static inline void pt_put(pt_entry *entry, uint64_t value)
{
    atomic_store_explicit(entry, value, memory_order_relaxed);
}

/* How many of `count` come one by one before whole pairs begin. */
static inline unsigned pt_head(const pt_entry *entry, unsigned count)
{
#ifdef PT_ONE_BY_ONE
    (void)entry;
    return count;
#else
    return (uintptr_t)entry % sizeof(pt_pair) && count ? 1 : 0;
#endif
}

static PT_INLINE bool pt_run_any_here(const pt_entry *entry, unsigned count)
{
    const pt_entry *end = entry + count;
    pt_pair a = {0}, b = {0}, c = {0}, d = {0};
    uint64_t rest = 0;

    for (unsigned left = pt_head(entry, count); left; left--)
        rest |= pt_get(entry++);
    for (; end - entry >= PT_STEP; entry += PT_STEP) {
        a |= pt_pairs(entry)[0];
        b |= pt_pairs(entry)[1];
        c |= pt_pairs(entry)[2];
        d |= pt_pairs(entry)[3];
    }
    for (; end - entry >= PT_PAIR; entry += PT_PAIR)
        a |= pt_pairs(entry)[0];
    if (entry < end)
        rest |= pt_get(entry);
    a |= b | c | d;
    return (rest | a[0] | a[1]) != 0;
}

/* The top bit of v | -v is set unless v is 0. A macro: not every machine's calls can return a vector. */
#define PT_FILLED(value) ((value) | (0 - (value)))

static PT_INLINE bool pt_run_all_here(const pt_entry *entry, unsigned count)
{
    const pt_entry *end = entry + count;
    pt_pair a = {UINT64_MAX, UINT64_MAX}, b = a;
    uint64_t rest = UINT64_MAX;

    for (unsigned left = pt_head(entry, count); left; left--, entry++)
        rest &= PT_FILLED(pt_get(entry));
    for (; end - entry >= PT_STEP; entry += PT_STEP) {
        a &= PT_FILLED(pt_pairs(entry)[0]) & PT_FILLED(pt_pairs(entry)[1]);
        b &= PT_FILLED(pt_pairs(entry)[2]) & PT_FILLED(pt_pairs(entry)[3]);
    }
    for (; end - entry >= PT_PAIR; entry += PT_PAIR)
        a &= PT_FILLED(pt_pairs(entry)[0]);
    if (entry < end)
        rest &= PT_FILLED(pt_get(entry));
    a &= b;
    return (rest & a[0] & a[1]) >> 63;
}

static PT_INLINE void pt_run_fill_here(pt_entry *entry, unsigned count, uint64_t value, uint64_t step)
{
    const pt_entry *end = entry + count;
    pt_pair next;

    for (unsigned left = pt_head(entry, count); left; left--, value += step)
        pt_put(entry++, value);
    next = (pt_pair){value, value + step};
    for (; end - entry >= PT_STEP; entry += PT_STEP, next += PT_STEP * step) {
        pt_pairs_of(entry)[0] = next;
        pt_pairs_of(entry)[1] = next + PT_PAIR * step;
        pt_pairs_of(entry)[2] = next + 2 * PT_PAIR * step;
        pt_pairs_of(entry)[3] = next + 3 * PT_PAIR * step;
    }
    for (; end - entry >= PT_PAIR; entry += PT_PAIR, next += PT_PAIR * step)
        pt_pairs_of(entry)[0] = next;
    if (entry < end)
        pt_put(entry, next[0]);
}

/* ---- one or several: who has a constant 1 gets no loops ---------------------------------------------------- */

#define PT_IS_ONE(count) (__builtin_constant_p(count) && (count) == 1)

static PT_INLINE bool pt_any(const pt_entry *entry, unsigned count)
{
    return PT_IS_ONE(count) ? pt_get(entry) != 0 : pt_run_any_here(entry, count);
}

static PT_INLINE bool pt_all(const pt_entry *entry, unsigned count)
{
    return PT_IS_ONE(count) ? pt_get(entry) != 0 : pt_run_all_here(entry, count);
}

/* A call for long runs only. */
static PT_INLINE void pt_set(const struct iommu_pt *pt, pt_entry *entry, unsigned count, uint64_t value, uint64_t step)
{
    if (PT_IS_ONE(count))
        pt_put(entry, value);
    else if (count < PT_LONG_RUN)
        pt_run_fill_here(entry, count, value, step);
    else
        pt_run_fill(pt, entry, count, value, step);
}

#endif
