/* SPDX-License-Identifier: MIT */
/*
 * The invalidation queue: a ring of descriptors that the unit works off. Architecture: "Queued
 * invalidation interface". Called by cache.c and, for its life, by bringup.c.
 *
 * One operation is open, put ..., post: all its descriptors, one wait at the end, one write of the
 * tail. The wait stores its number into memory; numbers rise in ring order and waits complete in
 * ring order, so "stored number is at least mine" means done. unit->lock is held from open to post
 * and not while waiting: meanwhile others queue.
 *
 * When the queue reports an error (queue_error.c) the epoch ends: all waits that have not
 * completed by then are off, and whoever holds a ticket of a past epoch asks again. Invalidations
 * may be repeated freely, which makes this simpler than finding out which of them were lost.
 */
#include "drivers/vtd/queue.h"

#define SLOTS_LG2 8u
#define SLOTS     (1u << SLOTS_LG2)

/* Polls of the status word between two looks at the fault status register. */
#define POLLS_PER_CHECK 64u

static size_t owner_bytes(const struct vtd_queue *queue)
{
    return (queue->offsets + queue->slot_bytes) / VTD_QI_NARROW_BYTES * sizeof(*queue->owner);
}

/* On error some of it may be there, for vtd_queue_free(). */
int vtd_queue_alloc(struct vtd_unit *unit)
{
    struct vtd_queue *queue = &unit->queue;
    /* 256-bit descriptors wherever scalable mode is used, which knows no others. */
    unsigned slot_lg2 = unit->scalable ? VTD_QI_WIDE_LG2 : VTD_QI_NARROW_LG2;

    queue->slot_bytes = 1u << slot_lg2;
    queue->offsets = (SLOTS - 1) << slot_lg2;
    queue->order = SLOTS_LG2 + slot_lg2 - VTD_PAGE_LG2;
    queue->drain = SPEC_PUT(VTD_QI_IOTLB_DR, SPEC_GET(VTD_CAP_DRD, unit->cap)) |
                   SPEC_PUT(VTD_QI_IOTLB_DW, SPEC_GET(VTD_CAP_DWD, unit->cap));
    queue->ring = host_page_alloc(unit->platform, queue->order);
    queue->status = host_page_alloc(unit->platform, 0);
    queue->owner = host_alloc(unit->platform, owner_bytes(queue));
    if (!queue->ring || !queue->status || !queue->owner)
        return -IOMMU_ENOMEM;
    queue->done_pa = host_virt_to_phys(unit->platform, &queue->status[VTD_STATUS_DONE]);
    return 0;
}

void vtd_queue_free(struct vtd_unit *unit)
{
    struct vtd_queue *queue = &unit->queue;

    host_page_free(unit->platform, queue->ring, queue->order);
    host_page_free(unit->platform, queue->status, 0);
    host_free(unit->platform, queue->owner, owner_bytes(queue));
    queue->ring = NULL;
    queue->status = NULL;
    queue->owner = NULL;
}

/* The tail goes to 0 before the queue is switched on: some units work off whatever lies below
 * it. */
int vtd_queue_enable(struct vtd_unit *unit)
{
    struct vtd_queue *queue = &unit->queue;
    uint64_t address = host_virt_to_phys(unit->platform, queue->ring);

    queue->head = queue->tail = queue->posted = 0;
    queue->whole = false;
    queue->stuck = false;
    queue->error = 0;
    if (unit->scalable)
        address |= VTD_IQA_DW;
    vtd_write64(unit, VTD_REG_IQT, 0);
    vtd_write64(unit, VTD_REG_IQA, address | SPEC_PUT(VTD_IQA_QS, (uint64_t)queue->order));
    return vtd_command(unit, VTD_GCMD_QIE, true, "GSTS.QIES did not set");
}

static bool drained(struct vtd_unit *unit)
{
    return (vtd_read64(unit, VTD_REG_IQH) & VTD_IQH_QH) ==
           (vtd_read64(unit, VTD_REG_IQT) & VTD_IQT_QT);
}

/*
 * Switching it off with work inside is undefined. A queue that firmware left and that will not
 * drain is switched off all the same: nothing it could still do matters to us.
 */
int vtd_queue_disable(struct vtd_unit *unit)
{
    struct iommu_deadline deadline = deadline_start(unit->platform, unit->vtd->timeout_ms);

    while (!drained(unit)) {
        if (deadline_passed(&deadline) && !drained(unit)) {
            vtd_log(unit, IOMMU_LOG_WARNING,
                    "IQH did not reach IQT; queue is switched off as it is");
            break;
        }
        host_relax(unit->platform);
    }
    return vtd_command(unit, VTD_GCMD_QIE, false, "GSTS.QIES did not clear");
}

/* ---- when there is no room, or no progress --------------------------------------------------- */

/* False: the unit is gone. */
static bool learn_head(struct vtd_unit *unit)
{
    uint64_t head = vtd_read64(unit, VTD_REG_IQH);

    if (head == UINT64_MAX)
        return false;
    unit->queue.head = (uint32_t)head & unit->queue.offsets;
    return true;
}

/* Memory tells as much as the register if a wait is the last that was posted, and is over. */
static void learn_from_wait(struct vtd_queue *queue)
{
    if (queue->whole && vtd_queue_reached(vtd_queue_completed(queue), queue->seq))
        queue->head = queue->posted;
}

/* The ring is full: let the unit work on what is there until two slots are free. */
int vtd_queue_make_room(struct vtd_unit *unit)
{
    struct iommu_deadline deadline = deadline_start(unit->platform, unit->vtd->timeout_ms);

    learn_from_wait(&unit->queue);
    if (vtd_queue_has_room_above(&unit->queue, 1) || (learn_head(unit) && vtd_queue_has_room_above(&unit->queue, 1)))
        return 0;
    unit->queue.whole = false;
    vtd_queue_tell_tail(unit);
    for (;;) {
        bool last = deadline_passed(&deadline);

        vtd_queue_recover(unit, vtd_read32(unit, VTD_REG_FSTS));
        if (!learn_head(unit))
            return -IOMMU_EIO;
        if (vtd_queue_has_room_above(&unit->queue, 1))
            return 0;
        if (last)
            break;
        host_relax(unit->platform);
    }
    vtd_log_value(unit, IOMMU_LOG_ERROR, "queue is full and IQH does not move from",
                  unit->queue.head);
    unit->queue.stuck = true;
    return -IOMMU_ETIMEDOUT;
}

/*
 * A queue that ran out of time gets no more work, but one nudge for each who comes with some. One
 * that is empty works, even if a completion of it got lost.
 */
void vtd_queue_nudge(struct vtd_unit *unit)
{
    struct vtd_queue *queue = &unit->queue;

    vtd_write64(unit, VTD_REG_IQT, queue->posted);
    if (vtd_queue_reached(vtd_queue_completed(queue), queue->seq) || (learn_head(unit) && queue->head == queue->posted))
        queue->stuck = false;
    queue->error = queue->stuck ? -IOMMU_ETIMEDOUT : 0;
}

/* ---- waiting -------------------------------------------------------------------------------- */

/* The epoch has ended since: did it still count, was it the culprit, or must it be repeated? */
int vtd_queue_past_epoch(struct vtd_unit *unit, struct vtd_ticket ticket)
{
    const struct vtd_queue *queue = &unit->queue;
    int result = -VTD_EAGAIN;

    host_lock(unit->platform, &unit->lock);
    if (queue->epoch == ticket.epoch + 1) {
        if (ticket.seq == queue->bad_seq)
            result = -IOMMU_EIO;
        else if (vtd_queue_reached(queue->completed_before, ticket.seq))
            result = 0;
    }
    host_unlock(unit->platform, &unit->lock);
    return result;
}

static void check_errors(struct vtd_unit *unit)
{
    host_lock(unit->platform, &unit->lock);
    vtd_queue_recover(unit, vtd_read32(unit, VTD_REG_FSTS));
    host_unlock(unit->platform, &unit->lock);
}

static int give_up(struct vtd_unit *unit)
{
    host_lock(unit->platform, &unit->lock);
    unit->queue.stuck = true;
    vtd_log_value(unit, IOMMU_LOG_ERROR, "invalidation wait descriptor did not complete; IQH is",
                  vtd_read64(unit, VTD_REG_IQH));
    host_unlock(unit->platform, &unit->lock);
    return -IOMMU_ETIMEDOUT;
}

/* For who has looked once. */
int vtd_queue_wait_longer(struct vtd_unit *unit, struct vtd_ticket ticket)
{
    struct iommu_deadline deadline = deadline_start(unit->platform, unit->vtd->timeout_ms);

    for (unsigned polls = 1;; polls++) {
        bool last = deadline_passed(&deadline);
        int result;

        if (last || polls % POLLS_PER_CHECK == 0)
            check_errors(unit);
        result = vtd_queue_look(unit, ticket);
        if (result != VTD_QUEUE_PENDING)
            return result;
        if (last)
            return give_up(unit);
        host_relax(unit->platform);
    }
}
