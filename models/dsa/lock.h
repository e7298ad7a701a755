/* SPDX-License-Identifier: MIT */
/*
 * models/dsa/lock.h - a model's lock, made of the host's four hooks; without them, or when the host
 * makes none, one thread at a time is promised. Used by the accelerator and the machine.
 */
#ifndef IOMMUKIT_MODELS_DSA_LOCK_H
#define IOMMUKIT_MODELS_DSA_LOCK_H

#include "iommukit/model/host.h"

struct model_lock {
    const struct iommu_model_host *host;
    void *lock; /* NULL: nothing to take */
};

static inline void model_lock_init(struct model_lock *lock, const struct iommu_model_host *host)
{
    lock->host = host;
    lock->lock = host->lock_create ? host->lock_create(host->ctx) : NULL;
}

static inline void model_lock_fini(struct model_lock *lock)
{
    if (lock->lock)
        lock->host->lock_destroy(lock->host->ctx, lock->lock);
}

static inline void model_lock_take(const struct model_lock *lock)
{
    if (lock->lock)
        lock->host->lock_acquire(lock->host->ctx, lock->lock);
}

static inline void model_lock_give(const struct model_lock *lock)
{
    if (lock->lock)
        lock->host->lock_release(lock->host->ctx, lock->lock);
}

#endif
