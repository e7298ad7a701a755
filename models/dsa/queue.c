/* SPDX-License-Identifier: MIT */
/*
 * models/dsa/queue.c - descriptors between submission and execution: the pool they wait in, the
 * portals they come through, the order in which queues are served. ("Work queues", "Portals".)
 *
 * Lock: submit takes `lock`, run takes `engine` and then `lock` for moments. Called by tenants'
 * threads (submit) and by whoever lets the engines work (run).
 */
#include "models/dsa/dsa.h"

#include "models/pci/le.h"
#include "spec/bits.h"

/* ---- entries ------------------------------------------------------------------------------ */

static const struct dsa_list empty_list = {DSA_NO_ENTRY, DSA_NO_ENTRY, 0};

void dsa_pool_init(struct iommu_model_dsa *dsa)
{
    uint32_t index;

    for (index = 0; index < dsa->config.total_size; index++)
        dsa->entries[index].next = index + 1 < dsa->config.total_size ? index + 1 : DSA_NO_ENTRY;
    dsa->free_entries = 0;
    for (index = 0; index < dsa->config.queues; index++)
        dsa->queues[index].list = empty_list;
}

static void append(struct iommu_model_dsa *dsa, struct dsa_list *list, uint32_t entry)
{
    dsa->entries[entry].next = DSA_NO_ENTRY;
    if (list->count++)
        dsa->entries[list->last].next = entry;
    else
        list->first = entry;
    list->last = entry;
}

static uint32_t take_first(const struct iommu_model_dsa *dsa, struct dsa_list *list)
{
    uint32_t entry = list->first;

    list->first = dsa->entries[entry].next;
    list->count--;
    return entry;
}

static void release(struct iommu_model_dsa *dsa, uint32_t entry)
{
    dsa->entries[entry].next = dsa->free_entries;
    dsa->free_entries = entry;
}

bool dsa_pop_locked(struct iommu_model_dsa *dsa, struct dsa_list *list, struct dsa_work *work)
{
    uint32_t entry;

    if (!list->count)
        return false;
    entry = take_first(dsa, list);
    *work = dsa->entries[entry].work;
    release(dsa, entry);
    return true;
}

void dsa_abort_locked(struct iommu_model_dsa *dsa, struct dsa_list *list)
{
    dsa->stats.aborted += list->count;
    while (list->count)
        release(dsa, take_first(dsa, list));
}

struct dsa_list dsa_take_pasid_locked(struct iommu_model_dsa *dsa, struct dsa_queue *queue,
                                      uint32_t pasid)
{
    struct dsa_list all = queue->list, taken = empty_list;

    queue->list = empty_list;
    while (all.count) {
        uint32_t entry = take_first(dsa, &all);
        const struct dsa_work *work = &dsa->entries[entry].work;

        append(dsa, work->has_pasid && work->pasid == pasid ? &taken : &queue->list, entry);
    }
    return taken;
}

/* ---- portals ------------------------------------------------------------------------------ */

uint32_t dsa_queue_size(const struct dsa_queue *queue)
{
    return queue->config[SPEC_DSA_WQCFG_SIZE / 4] & SPEC_DSA_WQCFG_SIZE_ENTRIES;
}

static uint32_t mode(const struct dsa_queue *queue)
{
    return queue->config[SPEC_DSA_WQCFG_MODE / 4];
}

bool dsa_queue_dedicated(const struct dsa_queue *queue)
{
    return mode(queue) & SPEC_DSA_WQCFG_MODE_DEDICATED;
}

/* Unprivileged submissions to a shared queue come through the limited portal. */
static uint32_t room(const struct dsa_queue *queue, bool privileged)
{
    uint32_t size = dsa_queue_size(queue), threshold = queue->config[SPEC_DSA_WQCFG_THRESHOLD / 4];
    uint32_t limit =
        dsa_queue_dedicated(queue) || privileged || threshold > size ? size : threshold;

    if (!queue->accepting || queue->list.count >= limit)
        return 0;
    return limit - queue->list.count;
}

/* Whose PASID: a dedicated queue's own, a shared queue's from the submission. What a tenant wrote
 * into the descriptor's field never counts. */
static struct dsa_work make_work(const struct iommu_model_dsa *dsa, unsigned index, uint32_t pasid,
                                 bool privileged, const void *descriptor)
{
    const struct dsa_queue *queue = &dsa->queues[index];
    uint32_t config = mode(queue);
    struct dsa_work work = {.queue = index};

    if (dsa_queue_dedicated(queue)) {
        work.has_pasid = config & SPEC_DSA_WQCFG_MODE_PASID_ENABLE;
        work.pasid = work.has_pasid ? SPEC_GET(SPEC_DSA_WQCFG_MODE_PASID, config) : 0;
        work.privileged = config & SPEC_DSA_WQCFG_MODE_PRIV;
    } else {
        work.has_pasid = true;
        work.pasid = pasid & SPEC_DSA_DESC_PASID_PASID;
        work.privileged = privileged;
    }
    work.transfer_lg2 =
        SPEC_GET(SPEC_DSA_WQCFG_LIMITS_XFER_LG2, queue->config[SPEC_DSA_WQCFG_LIMITS / 4]);
    __builtin_memcpy(work.descriptor, descriptor, sizeof(work.descriptor));
    le_put32(work.descriptor + SPEC_DSA_DESC_PASID,
             work.pasid | (work.privileged ? SPEC_DSA_DESC_PASID_PRIV : 0));
    return work;
}

/* The sizes of all enabled queues together fit into the pool, so one with room finds an entry. */
static void enqueue(struct iommu_model_dsa *dsa, const struct dsa_work *work)
{
    uint32_t entry = dsa->free_entries;

    dsa->free_entries = dsa->entries[entry].next;
    dsa->entries[entry].work = *work;
    append(dsa, &dsa->queues[work->queue].list, entry);
    dsa->stats.submitted++;
}

/* A shared queue can say no. A dedicated one cannot: the write has been posted. */
static enum iommu_model_dsa_submit refuse(struct iommu_model_dsa *dsa, const struct dsa_work *work)
{
    struct dsa_error error = {.code = IOMMU_MODEL_DSA_ERROR_DROPPED};

    if (!dsa_queue_dedicated(&dsa->queues[work->queue])) {
        dsa->stats.retried++;
        return IOMMU_MODEL_DSA_RETRY;
    }
    dsa->stats.dropped++;
    dsa_error_locked(dsa, work, &error);
    return IOMMU_MODEL_DSA_DROPPED;
}

enum iommu_model_dsa_submit iommu_model_dsa_submit(struct iommu_model_dsa *dsa, unsigned queue,
                                                   uint32_t pasid, bool privileged,
                                                   const void *descriptor)
{
    enum iommu_model_dsa_submit result = IOMMU_MODEL_DSA_ACCEPTED;
    struct dsa_work work;

    if (queue >= dsa->config.queues)
        return IOMMU_MODEL_DSA_DROPPED;
    model_lock_take(&dsa->lock);
    work = make_work(dsa, queue, pasid, privileged, descriptor);
    if (room(&dsa->queues[queue], work.privileged))
        enqueue(dsa, &work);
    else
        result = refuse(dsa, &work);
    dsa_leave(dsa);
    return result;
}

/* ---- engines ------------------------------------------------------------------------------ */

static bool next_work(struct iommu_model_dsa *dsa, struct dsa_work *work)
{
    bool found = false;
    unsigned tried;

    model_lock_take(&dsa->lock);
    for (tried = 0; tried < dsa->config.queues && !found; tried++) {
        struct dsa_queue *queue = &dsa->queues[dsa->next_queue];

        dsa->next_queue = (dsa->next_queue + 1) % dsa->config.queues;
        found = dsa_pop_locked(dsa, &queue->list, work);
    }
    model_lock_give(&dsa->lock);
    return found;
}

unsigned iommu_model_dsa_run(struct iommu_model_dsa *dsa, unsigned limit)
{
    struct dsa_work work;
    unsigned done = 0;

    model_lock_take(&dsa->engine);
    while (done < limit && next_work(dsa, &work)) {
        dsa_execute(dsa, &work);
        done++;
    }
    model_lock_give(&dsa->engine);
    model_lock_take(&dsa->lock);
    dsa_leave(dsa);
    return done;
}
