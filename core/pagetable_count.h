/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_count.h - how a leaf table stays while somebody is in it, and goes when nothing is.
 *
 * The entry that points at a leaf table also holds its count, in ten bits that hardware ignores: the leaves that are
 * present, and the pins of calls under way. Link and count are one word, so "nothing is left" and "unlink it" are one
 * compare-exchange, and a table whose count is not 0 stays where it is.
 *
 *   map     pins as many as it has leaves, then looks whether their places are empty, and fills them; the pins have
 *           become the leaves' share. A refusal takes them back.
 *   unmap   pins one, looks, clears, and takes leaves and pin away together. Who brings the count to 0 tries to unlink;
 *           that fails if somebody has pinned the table meanwhile, which is right.
 *   lookup  pins one while it reads; it is part of what works on its range.
 *   peek    pins nothing, and so may come at any time, from whoever holds the lock under which dead tables are freed.
 *
 * A call that only took a pin back does not unlink: it has no gather. Then an empty table stays, to be used again, or
 * to be covered or trimmed. A range belongs to one call at a time, so of a table that a call covers nobody else holds a
 * pin: a count of 512 says that all is mapped, and its leaves need no reading.
 *
 * Entries that point at no table never have a count, but for a moment: pt_find_place() adds first and looks then, which is
 * cheaper than a compare-exchange. So "is it empty" is asked of the format's present bits, never of the whole word.
 *
 * A pin is a sequentially consistent read-modify-write: what the caller reads afterwards is ordered behind it, as
 * core/reach.c needs.
 */
#ifndef CORE_PAGETABLE_COUNT_H
#define CORE_PAGETABLE_COUNT_H

#include "core/pagetable_walk.h"

#define PT_COUNT_BITS 10u
#define PT_COUNT_MASK (((uint64_t)1 << PT_COUNT_BITS) - 1)
/* Leaves, and far more pins than there are threads; well below what ten bits hold, for those that add first. */
#define PT_COUNT_MOST (PT_ENTRIES + PT_ENTRIES / 2)

enum pt_pin {
    PT_PINNED,
    PT_GONE, /* the entry points at no table */
    PT_FULL, /* there cannot be room for so many leaves */
};

static inline bool pt_counts(const struct iommu_pt *pt)
{
    return pt->config.format->count_shift != 0;
}

static inline uint64_t pt_count_of(const struct iommu_pt *pt, uint64_t value)
{
    return (value >> pt->config.format->count_shift) & PT_COUNT_MASK;
}

/* `count` as it stands in an entry; 0 where there is no place for it. */
static inline uint64_t pt_count_bits(const struct iommu_pt *pt, unsigned count)
{
    return pt_counts(pt) ? (uint64_t)count << pt->config.format->count_shift : 0;
}

/* Nobody else is on the way down: what is empty can go. */
static inline bool pt_one_caller(const struct iommu_pt *pt)
{
    return pt->one_caller;
}

/* Put `next` in the place of *value. False: something else is there, *value by now. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it */
static inline bool pt_exchange(pt_entry *entry, uint64_t *value, uint64_t next)
{
    return atomic_compare_exchange_strong_explicit(entry, value, next, memory_order_seq_cst, memory_order_acquire);
}

/* Returns what was there. */
static PT_INLINE uint64_t pt_count_add(pt_entry *entry, uint64_t bits)
{
    return atomic_fetch_add_explicit(entry, bits, memory_order_seq_cst);
}

/* Take pins, and leaves that are gone, away. True: nothing is left. */
static inline bool pt_unpin(const struct iommu_pt *pt, pt_entry *entry, unsigned count)
{
    if (!pt_counts(pt))
        return false;
    return pt_count_of(pt, pt_count_add(entry, 0 - pt_count_bits(pt, count))) == count;
}

/* Pin a leaf table for `count` leaves. */
static inline enum pt_pin pt_pin(const struct iommu_pt *pt, pt_entry *entry, unsigned count, uint64_t *value)
{
    *value = pt_load(entry);
    do {
        if (!pt_is_table(pt, 2, *value))
            return PT_GONE;
        if (!pt_counts(pt))
            return PT_PINNED;
        if (pt_count_of(pt, *value) + count > PT_COUNT_MOST)
            return PT_FULL;
    } while (!pt_exchange(entry, value, *value + pt_count_bits(pt, count)));
    return PT_PINNED;
}

/*
 * As iommu_pt_lookup(), while others may map and unmap whatever they like, also the page that is asked for: a pin would be
 * lost with an entry that they clear, and taken away from nothing. Under domain.lock, see core/gather.c.
 */
int pt_peek(const struct iommu_pt *pt, uint64_t iova, uint64_t *pa, uint8_t *page_lg2, uint32_t *prot);

#endif
