/* SPDX-License-Identifier: MIT */
/*
 * platform/strict/strict.h - the strict host's state, shared by strict.c (memory, counts) and
 * watch.c (registers, locks, configuration space).
 */
#ifndef PLATFORM_STRICT_STRICT_H
#define PLATFORM_STRICT_STRICT_H

#include <pthread.h>

#include "iommukit/host/strict.h"
#include "platform/strict/ledger.h"

#define STRICT_WINDOWS 256u /* more register windows than any machine has units */

struct strict_window {
    uintptr_t first;
    size_t bytes; /* 0: free slot */
};

struct iommu_strict {
    struct iommu_platform platform; /* what the library gets */
    const struct iommu_platform *inner;
    pthread_mutex_t mutex; /* guards all below */
    struct iommu_strict_counts counts;
    struct ledger ledger;
    struct strict_window windows[STRICT_WINDOWS];
    unsigned windows_top; /* no slot at or above it was ever used */
    uint64_t fail_in;     /* allocations until the one that fails; 0: none fails */
    bool failed;
    bool hold;
    uint8_t poison;
    char violation[160]; /* written once, with the first violation */
};

/* Fill the hooks of watch.c into strict->platform. */
void strict_watch(struct iommu_strict *strict);

void *strict_to_virt(const struct iommu_strict *strict, uint64_t pa);

/* With the mutex held. */
void strict_violation(struct iommu_strict *strict, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
