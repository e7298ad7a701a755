/* SPDX-License-Identifier: MIT */
/*
 * iommukit/host/strict.h - a test host around any other: counts every call, poisons freed pages, fails the n-th
 * allocation, and notes what a platform must never be asked: a double free, a wrong size or order, an unknown
 * page, a lock taken twice or released by somebody else, a register outside the mapped windows or misaligned.
 * Such a call is not passed on. Any thread may call.
 */
#ifndef IOMMUKIT_HOST_STRICT_H
#define IOMMUKIT_HOST_STRICT_H

#include "iommukit/error.h"
#include "iommukit/platform.h"

/* One such wrapper. */
struct iommu_strict;

/* Counts since creation; those that end in _live or _held: now. */
struct iommu_strict_counts {
    uint64_t allocs, frees;             /* objects */
    uint64_t page_allocs, page_frees;   /* pages of 4 KiB */
    uint64_t objects_live, bytes_live, pages_live; /* bytes_live: of objects */
    uint64_t pages_held;                /* freed, kept from reuse */
    uint64_t locks_live;                /* initialised and not yet finished */
    uint64_t locks_held;                /* acquired now: 0 inside an event handler */
    uint64_t windows_live;              /* mmio_map without mmio_unmap */
    uint64_t mmio_reads, mmio_writes, cache_flushes, cache_flush_bytes, barriers; /* calls of hooks, and bytes */
    uint64_t cache_flush_lines; /* of 64 bytes */
    uint64_t lock_acquires, log_lines;  /* likewise */
    uint64_t violations;                /* see iommu_strict_violation */
};

IOMMU_BEGIN_DECLS

/* inner must outlive the wrapper. A hook that inner lacks is absent here, too, where its absence means something
 * (cache_flush, fill_words, now_ns, cpu, locks, configuration space); cpu_offset is, so that cpu is called. -ENOMEM.
 * *strict is the caller's until iommu_strict_destroy(). */
int iommu_strict_create(const struct iommu_platform *inner, struct iommu_strict **strict);
/* Give held pages back and free the wrapper. */
void iommu_strict_destroy(struct iommu_strict *strict);
/* Its hooks; they live as long as the wrapper. */
const struct iommu_platform *iommu_strict_platform(struct iommu_strict *strict);

/* The counts so far. */
void iommu_strict_counts(const struct iommu_strict *strict, struct iommu_strict_counts *counts);

/* Fail the n-th allocation from now (objects and pages together, 1 = the next one), once; 0: none. */
void iommu_strict_fail_nth(struct iommu_strict *strict, uint64_t n);
/* Did that failure happen yet? */
bool iommu_strict_failed(const struct iommu_strict *strict);

/* Freed pages: filled with this byte (default 0xDB). With `hold` the page is kept from reuse, so that a device
 * that still reads it meets the poison; held pages go back at destroy. */
void iommu_strict_poison(struct iommu_strict *strict, uint8_t byte, bool hold);
/* Was the page freed (and is held)? Lets a machine trap device reads of it. */
bool iommu_strict_is_poisoned(const struct iommu_strict *strict, uint64_t pa);

/* Do all held pages still contain nothing but poison? If not, somebody (CPU or device) wrote to a freed page;
 * that is a violation, too. */
bool iommu_strict_held_intact(struct iommu_strict *strict);

/* First violation in words, NULL: none. */
const char *iommu_strict_violation(const struct iommu_strict *strict);

IOMMU_END_DECLS

#endif
