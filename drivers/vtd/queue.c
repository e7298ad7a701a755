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
#include "drivers/vtd/vtd.h"
#include "spec/vtd_queue.h"

#define SLOTS_LG2 8u
#define SLOTS     (1u << SLOTS_LG2)

/* Polls of the status word between two looks at the fault status register. */
#define POLLS_PER_CHECK 64u

static size_t owner_bytes(const struct vtd_queue *queue)
{
    return queue->slots * sizeof(*queue->owner);
}

/* On error some of it may be there, for vtd_queue_free(). */
int vtd_queue_alloc(struct vtd_unit *unit)
{
    struct vtd_queue *queue = &unit->queue;

    /* 256-bit descriptors wherever scalable mode is used, which knows no others. */
    queue->slot_lg2 = unit->scalable ? VTD_QI_WIDE_LG2 : VTD_QI_NARROW_LG2;
    queue->slots = SLOTS;
    queue->order = SLOTS_LG2 + queue->slot_lg2 - VTD_PAGE_LG2;
    queue->ring = host_page_alloc(unit->platform, queue->order);
    queue->status = host_page_alloc(unit->platform, 0);
    queue->owner = host_alloc(unit->platform, owner_bytes(queue));
    return queue->ring && queue->status && queue->owner ? 0 : -IOMMU_ENOMEM;
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

/* ---- filling -------------------------------------------------------------------------------- */

static uint32_t next(const struct vtd_queue *queue, uint32_t slot)
{
    return (slot + 1) & (queue->slots - 1);
}

/* One slot is never used: head == tail means empty. */
static uint32_t room(const struct vtd_queue *queue)
{
    return (queue->head - queue->tail - 1) & (queue->slots - 1);
}

static void tell_tail(struct vtd_unit *unit)
{
    host_barrier(unit->platform); /* descriptors before the register */
    vtd_write64(unit, VTD_REG_IQT, (uint64_t)unit->queue.tail << unit->queue.slot_lg2);
    unit->queue.posted = unit->queue.tail;
}

/* False: the unit is gone. */
static bool learn_head(struct vtd_unit *unit)
{
    uint64_t head = vtd_read64(unit, VTD_REG_IQH);

    if (head == UINT64_MAX)
        return false;
    unit->queue.head =
        (uint32_t)((head & VTD_IQH_QH) >> unit->queue.slot_lg2) & (unit->queue.slots - 1);
    return true;
}

/* The ring is full: let the unit work on what is there until two slots are free. */
static int make_room(struct vtd_unit *unit)
{
    struct iommu_deadline deadline = deadline_start(unit->platform, unit->vtd->timeout_ms);

    if (learn_head(unit) && room(&unit->queue) >= 2)
        return 0;
    tell_tail(unit);
    for (;;) {
        bool last = deadline_passed(&deadline);

        vtd_queue_recover(unit, vtd_read32(unit, VTD_REG_FSTS));
        if (!learn_head(unit))
            return -IOMMU_EIO;
        if (room(&unit->queue) >= 2)
            return 0;
        if (last)
            break;
        host_relax(unit->platform);
    }
    vtd_log_value(unit, IOMMU_LOG_ERROR, "queue is full and IQH does not move from slot",
                  unit->queue.head);
    unit->queue.stuck = true;
    return -IOMMU_ETIMEDOUT;
}

static uint32_t completed(const struct vtd_queue *queue)
{
    return __atomic_load_n(&queue->status[VTD_STATUS_DONE], __ATOMIC_ACQUIRE);
}

static bool reached(uint32_t done, uint32_t seq)
{
    return (int32_t)(done - seq) >= 0;
}

/*
 * A queue that ran out of time gets no more work, but one nudge for each who comes with some. One
 * that is empty works, even if a completion of it got lost.
 */
static void nudge(struct vtd_unit *unit)
{
    struct vtd_queue *queue = &unit->queue;

    vtd_write64(unit, VTD_REG_IQT, (uint64_t)queue->posted << queue->slot_lg2);
    if (reached(completed(queue), queue->seq) || (learn_head(unit) && queue->head == queue->posted))
        queue->stuck = false;
}

void vtd_queue_open(struct vtd_unit *unit, struct vtd_ticket *ticket)
{
    struct vtd_queue *queue = &unit->queue;

    if (queue->stuck)
        nudge(unit);
    queue->error = queue->stuck ? -IOMMU_ETIMEDOUT : 0;
    queue->filling = queue->seq == UINT32_MAX ? 1 : queue->seq + 1; /* 0 is nobody's number */
    ticket->seq = queue->filling;
    ticket->epoch = __atomic_load_n(&queue->epoch, __ATOMIC_RELAXED);
}

static void fill(struct vtd_unit *unit, uint64_t qword0, uint64_t qword1)
{
    struct vtd_queue *queue = &unit->queue;
    uint64_t *slot = queue->ring + (((size_t)queue->tail << queue->slot_lg2) / sizeof(uint64_t));

    slot[0] = qword0;
    slot[1] = qword1;
    if (queue->slot_lg2 == VTD_QI_WIDE_LG2)
        slot[2] = slot[3] = 0;
    queue->owner[queue->tail] = queue->filling;
    queue->tail = next(queue, queue->tail);
    unit->descriptors++;
}

/* Keeps a slot for the wait. */
void vtd_queue_put(struct vtd_unit *unit, uint64_t qword0, uint64_t qword1)
{
    struct vtd_queue *queue = &unit->queue;

    if (!queue->error && room(queue) < 2)
        queue->error = make_room(unit);
    if (!queue->error)
        fill(unit, qword0, qword1);
}

/*
 * Status write only: an interrupt in the same descriptor, or neither, upsets some emulators. On an
 * error the number is not stored by this wait; a later one that completes will be at least as
 * high.
 */
int vtd_queue_post(struct vtd_unit *unit, struct vtd_ticket *ticket)
{
    struct vtd_queue *queue = &unit->queue;
    uint64_t status = host_virt_to_phys(unit->platform, &queue->status[VTD_STATUS_DONE]);

    if (!queue->error && room(queue) < 1)
        queue->error = make_room(unit);
    if (queue->error)
        return queue->error;
    fill(unit,
         VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW | SPEC_PUT(VTD_QI_WAIT_DATA, (uint64_t)ticket->seq),
         status);
    queue->seq = ticket->seq;
    unit->waits++;
    tell_tail(unit);
    return 0;
}

/* ---- waiting -------------------------------------------------------------------------------- */

#define PENDING 1

/* The epoch has ended since: did it still count, was it the culprit, or must it be repeated? */
static int past_epoch(struct vtd_unit *unit, const struct vtd_ticket *ticket)
{
    const struct vtd_queue *queue = &unit->queue;
    int result = -VTD_EAGAIN;

    host_lock(unit->platform, &unit->lock);
    if (queue->epoch == ticket->epoch + 1) {
        if (ticket->seq == queue->bad_seq)
            result = -IOMMU_EIO;
        else if (reached(queue->completed_before, ticket->seq))
            result = 0;
    }
    host_unlock(unit->platform, &unit->lock);
    return result;
}

/*
 * The status word is read before the epoch. A number of a later epoch in the status word was
 * stored after that epoch had begun, so the second read sees it.
 */
static int look(struct vtd_unit *unit, const struct vtd_ticket *ticket)
{
    uint32_t done = completed(&unit->queue);

    if (__atomic_load_n(&unit->queue.epoch, __ATOMIC_ACQUIRE) != ticket->epoch)
        return past_epoch(unit, ticket);
    return reached(done, ticket->seq) ? 0 : PENDING;
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

int vtd_queue_wait(struct vtd_unit *unit, const struct vtd_ticket *ticket)
{
    struct iommu_deadline deadline = deadline_start(unit->platform, unit->vtd->timeout_ms);

    for (unsigned polls = 1;; polls++) {
        bool last = deadline_passed(&deadline);
        int result = look(unit, ticket);

        if (result != PENDING)
            return result;
        if (last || polls % POLLS_PER_CHECK == 0) {
            check_errors(unit);
            result = look(unit, ticket);
            if (result != PENDING)
                return result;
        }
        if (last)
            return give_up(unit);
        host_relax(unit->platform);
    }
}
