/* SPDX-License-Identifier: MIT */
/*
 * core/dma_lazy.c - unmaps that wait for a flush.
 *
 * Two batches: one fills while the other is being flushed, or waits to be flushed again because hardware has failed.
 * Both together are bounded, and an unmap that finds no room is a strict one. Addresses and tables of a batch are free only
 * when its flush has been waited for.
 *
 * lazy.lock guards the filling batch and who flushes; it is not held while waiting for hardware.
 */
#include "core/dma.h"
#include "core/gather.h"
#include "core/host.h"
#include "core/pagetable_idle.h"

struct entry {
    struct iova_block block;
    uint64_t len; /* in bytes */
};

struct batch {
    struct iommu_gather gather;
    uint64_t since; /* of the first entry */
    uint32_t count; /* under lock */
};

struct dma_lazy {
    struct iommu_lock lock;
    uint64_t age_ns;
    uint32_t limit;
    uint32_t filling;      /* which of the two */
    bool flushing;         /* the other one, by some thread; it alone touches it */
    struct batch batch[2];
    struct entry entry[];  /* limit of the one, limit of the other */
};

static const struct iommu_platform *platform_of(const struct iommu_dma *dma)
{
    return dma->space.domain->iommu->platform;
}

static size_t lazy_bytes(uint32_t limit)
{
    return sizeof(struct dma_lazy) + 2 * (size_t)limit * sizeof(struct entry);
}

static struct entry *entry_of(struct dma_lazy *lazy, uint32_t which, uint32_t at)
{
    return &lazy->entry[which * lazy->limit + at];
}

int dma_lazy_create(struct iommu_dma *dma, const struct iommu_dma_config *config)
{
    const struct iommu_platform *platform = platform_of(dma);
    struct dma_lazy *lazy = host_alloc(platform, lazy_bytes(config->lazy_count));
    int result;

    if (!lazy)
        return -IOMMU_ENOMEM;
    result = host_lock_init(platform, &lazy->lock);
    if (result) {
        host_free(platform, lazy, lazy_bytes(config->lazy_count));
        return result;
    }
    lazy->limit = config->lazy_count;
    lazy->age_ns = config->lazy_age_ns;
    iommu_gather_init(&lazy->batch[0].gather);
    iommu_gather_init(&lazy->batch[1].gather);
    dma->lazy = lazy;
    return 0;
}

void dma_lazy_destroy(struct iommu_dma *dma)
{
    struct dma_lazy *lazy = dma->lazy;

    if (!lazy)
        return;
    for (unsigned which = 0; which < 2; which++)
        (void)gather_settle(dma->space.domain, &lazy->batch[which].gather);
    host_lock_fini(platform_of(dma), &lazy->lock);
    host_free(platform_of(dma), lazy, lazy_bytes(lazy->limit));
}

/* ---- flushing ----------------------------------------------------------------------------------------- */

enum turn { NOTHING, ELSEWHERE, MINE };

/* Which batch is to be flushed next? The one that has waited longer. With MINE it is the caller's. */
static enum turn begin_flush(struct iommu_dma *dma, bool due_only, uint32_t *which)
{
    struct dma_lazy *lazy = dma->lazy;
    enum turn turn = NOTHING;

    host_lock(platform_of(dma), &lazy->lock);
    *which = lazy->batch[!lazy->filling].count ? !lazy->filling : lazy->filling;
    if (lazy->flushing)
        turn = ELSEWHERE;
    else if (lazy->batch[*which].count &&
             (!due_only || host_now(platform_of(dma)) - lazy->batch[*which].since >= lazy->age_ns))
        turn = MINE;
    if (turn == MINE) {
        lazy->flushing = true;
        lazy->filling = !*which;
    }
    host_unlock(platform_of(dma), &lazy->lock);
    return turn;
}

static void end_flush(struct iommu_dma *dma, uint32_t which, bool flushed)
{
    host_lock(platform_of(dma), &dma->lazy->lock);
    if (flushed)
        dma->lazy->batch[which].count = 0;
    dma->lazy->flushing = false;
    host_unlock(platform_of(dma), &dma->lazy->lock);
}

/* Tables that unmaps of the batch left empty: before the flush, so that it covers them. Of those that a range touches
 * only the last can be: it begins where the first one does, or lies within it. */
static void unlink_idle(struct iommu_dma *dma, uint32_t which)
{
    struct batch *batch = &dma->lazy->batch[which];

    if (!batch->gather.idle)
        return;
    batch->gather.keep_idle = batch->gather.idle = false;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct entry *entry = entry_of(dma->lazy, which, i);

        pt_unlink_idle(&dma->space.domain->pt, (entry->block.page << IOMMU_PAGE_LG2) + entry->len - 1, &batch->gather);
    }
}

static int flush_batch(struct iommu_dma *dma, uint32_t which)
{
    struct batch *batch = &dma->lazy->batch[which];
    int result;

    unlink_idle(dma, which);
    result = iommu_sync(dma->space.domain, &batch->gather);
    for (uint32_t i = 0; !result && i < batch->count; i++) {
        const struct entry *entry = entry_of(dma->lazy, which, i);

        iova_put(&dma->space, iova_order(entry->len), entry->block.page, entry->block.state);
    }
    end_flush(dma, which, !result);
    return result;
}

/* One batch, if it is time. Another thread that is at it already will do. */
static int flush_some(struct iommu_dma *dma, bool due_only)
{
    uint32_t which;

    return begin_flush(dma, due_only, &which) == MINE ? flush_batch(dma, which) : 0;
}

int iommu_dma_flush(struct iommu_domain *domain)
{
    struct iommu_dma *dma;
    int result = 0;

    if (!domain)
        return -IOMMU_EINVAL;
    dma = dma_of(domain);
    if (!dma || !dma->lazy)
        return 0;
    for (unsigned batches = 2; batches && !result;) { /* what comes meanwhile need not be flushed */
        uint32_t which;
        enum turn turn = begin_flush(dma, false, &which);

        if (turn == NOTHING)
            return 0;
        if (turn == ELSEWHERE) {
            host_relax(platform_of(dma));
            continue;
        }
        result = flush_batch(dma, which);
        batches--;
    }
    return result;
}

int iommu_dma_flush_due(struct iommu_domain *domain)
{
    struct iommu_dma *dma;

    if (!domain)
        return -IOMMU_EINVAL;
    dma = dma_of(domain);
    return dma && dma->lazy ? flush_some(dma, true) : 0;
}

/* ---- waiting ------------------------------------------------------------------------------------------ */

static uint32_t waiting(const struct dma_lazy *lazy)
{
    return lazy->batch[0].count + lazy->batch[1].count;
}

static void append(struct iommu_dma *dma, struct iova_block block, uint64_t len)
{
    struct dma_lazy *lazy = dma->lazy;
    struct batch *batch = &lazy->batch[lazy->filling];

    if (!batch->count)
        batch->since = host_now(platform_of(dma));
    *entry_of(lazy, lazy->filling, batch->count++) = (struct entry){block, len};
    iova_take_back(block.state);
}

int dma_lazy_unmap(struct iommu_dma *dma, struct iova_block block, uint64_t len, bool *waits)
{
    struct dma_lazy *lazy = dma->lazy;
    struct batch *batch;
    bool full;
    int result = 0;

    host_lock(platform_of(dma), &lazy->lock);
    batch = &lazy->batch[lazy->filling];
    *waits = waiting(lazy) < lazy->limit;
    if (*waits) {
        batch->gather.keep_idle = true;
        result = iommu_unmap(dma->space.domain, block.page << IOMMU_PAGE_LG2, len, &batch->gather);
        *waits = !result;
    }
    if (*waits)
        append(dma, block, len);
    full = waiting(lazy) == lazy->limit;
    host_unlock(platform_of(dma), &lazy->lock);
    return *waits ? flush_some(dma, !full) : result;
}
