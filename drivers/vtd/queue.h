/* SPDX-License-Identifier: MIT */
/*
 * The invalidation queue's short ways: filling slots and looking whether a wait is over. They are here and not in
 * queue.c because every unmap goes them once or twice; what happens rarely is there. Used by queue.c and cache.c.
 */
#ifndef DRIVERS_VTD_QUEUE_H
#define DRIVERS_VTD_QUEUE_H

#include "drivers/vtd/vtd.h"
#include "spec/vtd_queue.h"

#define VTD_QUEUE_PENDING 1 /* not over yet */

/* ---- of queue.c; unit->lock held but by the last two -------------------------------------------------- */

int vtd_queue_make_room(struct vtd_unit *unit); /* two slots */
void vtd_queue_nudge(struct vtd_unit *unit);
int vtd_queue_past_epoch(struct vtd_unit *unit, const struct vtd_ticket *ticket);
int vtd_queue_wait_longer(struct vtd_unit *unit, const struct vtd_ticket *ticket);

/* ---- the ring: unit->lock held ------------------------------------------------------------------------ */

static inline uint64_t *vtd_queue_slot(const struct vtd_queue *queue, uint32_t slot)
{
    return queue->ring + (((size_t)slot << queue->slot_lg2) / sizeof(uint64_t));
}

/* One slot is never used: head == tail means empty. */
static inline uint32_t vtd_queue_room(const struct vtd_queue *queue)
{
    return (queue->head - queue->tail - 1) & (queue->slots - 1);
}

/* The second half of a wide slot is zero from the start. */
static inline void vtd_queue_fill(struct vtd_unit *unit, uint64_t qword0, uint64_t qword1)
{
    struct vtd_queue *queue = &unit->queue;
    uint64_t *slot = vtd_queue_slot(queue, queue->tail);

    slot[0] = qword0;
    slot[1] = qword1;
    queue->owner[queue->tail] = queue->filling;
    queue->tail = (queue->tail + 1) & (queue->slots - 1);
    unit->descriptors++;
}

static inline void vtd_queue_tell_tail(struct vtd_unit *unit)
{
    host_barrier(unit->platform); /* descriptors before the register */
    unit->mmio_writes++;
    host_mmio_write64(unit->platform, unit->regs + VTD_REG_IQT, (uint64_t)unit->queue.tail << unit->queue.slot_lg2);
    unit->queue.posted = unit->queue.tail;
}

/* Fill between open and post. Nothing reaches the hardware before post, unless the ring is full. */
static inline void vtd_queue_open(struct vtd_unit *unit, struct vtd_ticket *ticket)
{
    struct vtd_queue *queue = &unit->queue;

    queue->error = 0;
    if (queue->stuck)
        vtd_queue_nudge(unit);
    queue->filling = queue->seq == UINT32_MAX ? 1 : queue->seq + 1; /* 0 is nobody's number */
    ticket->seq = queue->filling;
    ticket->epoch = __atomic_load_n(&queue->epoch, __ATOMIC_RELAXED);
}

/* Keeps a slot for the wait. */
static inline void vtd_queue_put(struct vtd_unit *unit, uint64_t qword0, uint64_t qword1)
{
    struct vtd_queue *queue = &unit->queue;

    if (!queue->error && vtd_queue_room(queue) < 2)
        queue->error = vtd_queue_make_room(unit);
    if (!queue->error)
        vtd_queue_fill(unit, qword0, qword1);
}

/*
 * Status write only: an interrupt in the same descriptor, or neither, upsets some emulators. On an error the number is
 * not stored by this wait; a later one that completes will be at least as high.
 */
static inline int vtd_queue_post(struct vtd_unit *unit, const struct vtd_ticket *ticket)
{
    struct vtd_queue *queue = &unit->queue;

    if (!queue->error && vtd_queue_room(queue) < 1)
        queue->error = vtd_queue_make_room(unit);
    if (queue->error)
        return queue->error;
    vtd_queue_fill(unit, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW | SPEC_PUT(VTD_QI_WAIT_DATA, (uint64_t)ticket->seq),
                   host_virt_to_phys(unit->platform, &queue->status[VTD_STATUS_DONE]));
    queue->seq = ticket->seq;
    queue->whole = true;
    unit->waits++;
    vtd_queue_tell_tail(unit);
    return 0;
}

/* ---- waiting: unit->lock not held --------------------------------------------------------------------- */

static inline uint32_t vtd_queue_completed(const struct vtd_queue *queue)
{
    return __atomic_load_n(&queue->status[VTD_STATUS_DONE], __ATOMIC_ACQUIRE);
}

static inline bool vtd_queue_reached(uint32_t done, uint32_t seq)
{
    return (int32_t)(done - seq) >= 0;
}

/*
 * The status word is read before the epoch. A number of a later epoch in the status word was stored after that epoch had
 * begun, so the second read sees it.
 */
static inline int vtd_queue_look(struct vtd_unit *unit, const struct vtd_ticket *ticket)
{
    uint32_t done = vtd_queue_completed(&unit->queue);

    if (__atomic_load_n(&unit->queue.epoch, __ATOMIC_ACQUIRE) != ticket->epoch)
        return vtd_queue_past_epoch(unit, ticket);
    return vtd_queue_reached(done, ticket->seq) ? 0 : VTD_QUEUE_PENDING;
}

/* -VTD_EAGAIN: aborted; -EIO: refused; -ETIMEDOUT. The clock is looked at only if the first look is not enough. */
static inline int vtd_queue_wait(struct vtd_unit *unit, const struct vtd_ticket *ticket)
{
    int result = vtd_queue_look(unit, ticket);

    return result == VTD_QUEUE_PENDING ? vtd_queue_wait_longer(unit, ticket) : result;
}

#endif
