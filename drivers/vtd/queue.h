/* SPDX-License-Identifier: MIT */
/*
 * The invalidation queue's short ways: filling slots and looking whether a wait is over. They are here and not in
 * queue.c because every unmap goes them once or twice; what happens rarely is there. Used by queue.c, cache.c and, for
 * the most frequent operation of all, flush.c.
 */
#ifndef DRIVERS_VTD_QUEUE_H
#define DRIVERS_VTD_QUEUE_H

#include "drivers/vtd/vtd.h"
#include "spec/vtd_queue.h"

#define VTD_QUEUE_PENDING 1 /* not over yet */

/* ---- of queue.c; unit->lock held but by the last two -------------------------------------------------- */

int vtd_queue_make_room(struct vtd_unit *unit); /* two slots */
void vtd_queue_nudge(struct vtd_unit *unit);
int vtd_queue_past_epoch(struct vtd_unit *unit, struct vtd_ticket ticket);
int vtd_queue_wait_longer(struct vtd_unit *unit, struct vtd_ticket ticket);

/* ---- the ring: unit->lock held ------------------------------------------------------------------------ */

static inline uint64_t *vtd_queue_slot(const struct vtd_queue *queue, uint32_t offset)
{
    return (uint64_t *)(void *)((uint8_t *)queue->ring + offset);
}

static inline uint32_t vtd_queue_next(const struct vtd_queue *queue, uint32_t offset)
{
    return (offset + queue->slot_bytes) & queue->offsets;
}

static inline uint32_t *vtd_queue_owner(const struct vtd_queue *queue, uint32_t offset)
{
    return &queue->owner[offset / VTD_QI_NARROW_BYTES];
}

/* For so many and one more? One slot is never used: head == tail means empty. Without a ring there is no room. */
static inline bool vtd_queue_has_room_above(const struct vtd_queue *queue, unsigned slots)
{
    return ((queue->head - vtd_queue_next(queue, queue->tail)) & queue->offsets) > slots * queue->slot_bytes;
}

/* Of the wait that comes next. 0 is nobody's number. */
static inline uint32_t vtd_queue_next_seq(const struct vtd_queue *queue)
{
    return queue->seq == UINT32_MAX ? 1 : queue->seq + 1;
}

/* The second half of a wide slot is zero from the start. Volatile: compilers would put the words together in a vector
 * register, and that takes longer than a second store. */
static inline void vtd_queue_fill(struct vtd_unit *unit, uint64_t qword0, uint64_t qword1, uint32_t seq)
{
    struct vtd_queue *queue = &unit->queue;
    volatile uint64_t *slot = vtd_queue_slot(queue, queue->tail);

    slot[0] = qword0;
    slot[1] = qword1;
    *vtd_queue_owner(queue, queue->tail) = seq;
    queue->tail = vtd_queue_next(queue, queue->tail);
    unit->descriptors++;
}

static inline void vtd_queue_tell_tail(struct vtd_unit *unit)
{
    host_barrier(unit->platform); /* descriptors before the register */
    unit->queue.posted = unit->queue.tail;
    unit->mmio_writes++;
    host_mmio_write64(unit->platform, unit->regs + VTD_REG_IQT, unit->queue.tail);
}

/*
 * Room for it is the caller's business. Status write only: an interrupt in the same descriptor, or neither, upsets some
 * emulators.
 */
static inline void vtd_queue_end(struct vtd_unit *unit, uint32_t seq)
{
    struct vtd_queue *queue = &unit->queue;

    vtd_queue_fill(unit, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW | SPEC_PUT(VTD_QI_WAIT_DATA, (uint64_t)seq), queue->done_pa,
                   seq);
    queue->seq = seq;
    queue->whole = true;
    unit->waits++;
    vtd_queue_tell_tail(unit);
}

/* Fill between open and post. Nothing reaches the hardware before post, unless the ring is full. */
static inline struct vtd_ticket vtd_queue_open(struct vtd_unit *unit)
{
    unit->queue.error = 0;
    if (unit->queue.stuck)
        vtd_queue_nudge(unit);
    return (struct vtd_ticket){vtd_queue_next_seq(&unit->queue), unit->queue.epoch};
}

/* Keeps a slot for the wait. */
static inline void vtd_queue_put(struct vtd_unit *unit, struct vtd_ticket ticket, uint64_t qword0, uint64_t qword1)
{
    struct vtd_queue *queue = &unit->queue;

    if (!queue->error && !vtd_queue_has_room_above(queue, 1))
        queue->error = vtd_queue_make_room(unit);
    if (!queue->error)
        vtd_queue_fill(unit, qword0, qword1, ticket.seq);
}

/* On an error the number is not stored by this wait; a later one that completes will be at least as high. */
static inline int vtd_queue_post(struct vtd_unit *unit, struct vtd_ticket ticket)
{
    struct vtd_queue *queue = &unit->queue;

    if (!queue->error && !vtd_queue_has_room_above(queue, 0))
        queue->error = vtd_queue_make_room(unit);
    if (!queue->error)
        vtd_queue_end(unit, ticket.seq);
    return queue->error;
}

/* ---- the descriptor that every unmap needs ------------------------------------------------------------ */

/* MAMV is said not to bind the PASID form; emulators let it, and so do we. */
static inline bool vtd_by_page(const struct vtd_unit *unit, const struct vtd_range *range)
{
    return range->lg2 < unit->page_orders;
}

static inline uint64_t vtd_iotlb_word(const struct vtd_unit *unit, unsigned granularity, uint32_t did)
{
    return VTD_QI_TYPE_IOTLB | SPEC_PUT(VTD_QI_IOTLB_G, (uint64_t)granularity) |
           SPEC_PUT(VTD_QI_IOTLB_DID, (uint64_t)did) | unit->queue.drain;
}

/* The second word, of the form with PASID as well. */
static inline uint64_t vtd_pages_word(const struct vtd_range *range, bool leaf_only)
{
    return range->first | SPEC_PUT(VTD_QI_IOTLB1_AM, (uint64_t)range->lg2) | (leaf_only ? VTD_QI_IOTLB1_IH : 0);
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
static inline int vtd_queue_look(struct vtd_unit *unit, struct vtd_ticket ticket)
{
    uint32_t done = vtd_queue_completed(&unit->queue);

    if (__atomic_load_n(&unit->queue.epoch, __ATOMIC_ACQUIRE) != ticket.epoch)
        return vtd_queue_past_epoch(unit, ticket);
    return vtd_queue_reached(done, ticket.seq) ? 0 : VTD_QUEUE_PENDING;
}

/* -VTD_EAGAIN: aborted; -EIO: refused; -ETIMEDOUT. The clock is looked at only if the first look is not enough. */
static inline int vtd_queue_wait(struct vtd_unit *unit, struct vtd_ticket ticket)
{
    int result = vtd_queue_look(unit, ticket);

    return result == VTD_QUEUE_PENDING ? vtd_queue_wait_longer(unit, ticket) : result;
}

#endif
