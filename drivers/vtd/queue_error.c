/* SPDX-License-Identifier: MIT */
/*
 * Errors of the invalidation queue. Architecture: "Queued invalidation" error handling, "Fault
 * status register", "Invalidation queue error record register". Called with unit->lock held by
 * whoever finds the fault status register saying so: a waiter, somebody short of room, the event
 * loop.
 *
 *   IQE  a descriptor could not be fetched or understood. The unit stands at it: it is replaced by
 *        a wait, and the operation it belonged to fails with -EIO.
 *   ITE  a device did not answer a device-TLB invalidation. Waits that were fetched are aborted
 *        without a trace: all are repeated, without that device.
 *   ICE  a device answered what nobody asked. Noted.
 */
#include "drivers/vtd/queue.h"

static uint64_t scrap(const struct vtd_unit *unit)
{
    return host_virt_to_phys(unit->platform, &unit->queue.status[VTD_STATUS_SCRAP]);
}

static void note(struct vtd_unit *unit, uint32_t kind, uint16_t rid, uint8_t code)
{
    struct vtd_queue_error error = {kind, rid, code};

    if (unit->error_count < VTD_QUEUE_ERRORS)
        unit->errors[unit->error_count++] = error;
}

/*
 * Waits that were not fetched yet would store their numbers later, above those of waits that are
 * gone for good: let them store elsewhere. What completed so far stays completed.
 */
static void end_epoch(struct vtd_unit *unit, uint32_t head, uint32_t bad_seq)
{
    struct vtd_queue *queue = &unit->queue;
    uint32_t slot = head;

    for (; slot != queue->tail; slot = vtd_queue_next(queue, slot))
        if ((vtd_queue_slot(queue, slot)[0] & VTD_QI_TYPE_BITS) == VTD_QI_TYPE_WAIT)
            vtd_queue_slot(queue, slot)[1] = scrap(unit);
    queue->completed_before = __atomic_load_n(queue->status, __ATOMIC_ACQUIRE);
    queue->bad_seq = bad_seq;
    __atomic_store_n(&queue->epoch, queue->epoch + 1, __ATOMIC_RELEASE);
}

/* What was changed in the ring comes first. Some units need the tail once more to go on; it does
 * no harm on others. */
static void resume(struct vtd_unit *unit, uint32_t error)
{
    host_barrier(unit->platform);
    vtd_write32(unit, VTD_REG_FSTS, error);
    vtd_write64(unit, VTD_REG_IQT, unit->queue.posted);
}

/* Stands in for what the unit cannot digest. */
static void replace_slot(struct vtd_unit *unit, uint32_t slot)
{
    uint64_t *words = vtd_queue_slot(&unit->queue, slot);

    words[1] = scrap(unit);
    words[0] = VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW;
}

/* With nothing left to fetch the complaint is about the tail itself: nobody's descriptor is at
 * fault. */
static void queue_error(struct vtd_unit *unit, uint32_t head, uint64_t record)
{
    struct vtd_queue *queue = &unit->queue;
    uint32_t culprit = 0;

    vtd_log_value(unit, IOMMU_LOG_ERROR, "invalidation queue error (FSTS.IQE), descriptor",
                  vtd_queue_slot(queue, head)[0]);
    note(unit, VTD_FSTS_IQE, 0, (uint8_t)SPEC_GET(VTD_IQERCD_IQEI, record));
    if (head != queue->posted) {
        culprit = *vtd_queue_owner(queue, head);
        replace_slot(unit, head);
    }
    end_epoch(unit, head, culprit);
    resume(unit, VTD_FSTS_IQE);
}

/* Older units do not say who it was. */
static bool device_is(const struct vtd_device *device, uint16_t rid)
{
    return rid != 0 && vtd_rid(device) == rid;
}

static void devtlb_timeout(struct vtd_unit *unit, uint32_t head, uint64_t record)
{
    uint16_t rid = (uint16_t)SPEC_GET(VTD_IQERCD_ITESID, record);

    vtd_log_value(unit, IOMMU_LOG_ERROR, "device-TLB invalidation timed out (FSTS.ITE), device",
                  rid);
    note(unit, VTD_FSTS_ITE, rid, 0);
    unit->ite_total++;
    for (struct vtd_device *device = unit->devices; device; device = device->unit_next) {
        if (device_is(device, rid)) {
            device->ite_stamp = unit->ite_total;
            device->ite_count++;
        }
    }
    end_epoch(unit, head, 0);
    resume(unit, VTD_FSTS_ITE);
}

/* Also while the unit is being stopped: somebody may still be waiting. */
void vtd_queue_recover(struct vtd_unit *unit, uint32_t fsts)
{
    uint64_t record;
    uint32_t head;

    if (fsts == UINT32_MAX || !unit->queue.ring ||
        !(fsts & (VTD_FSTS_IQE | VTD_FSTS_ITE | VTD_FSTS_ICE)))
        return;
    record = vtd_read64(unit, VTD_REG_IQERCD);
    head = (uint32_t)vtd_read64(unit, VTD_REG_IQH) & unit->queue.offsets;
    if (fsts & VTD_FSTS_IQE)
        queue_error(unit, head, record);
    if (fsts & VTD_FSTS_ITE)
        devtlb_timeout(unit, head, record);
    if (fsts & VTD_FSTS_ICE) {
        note(unit, VTD_FSTS_ICE, (uint16_t)SPEC_GET(VTD_IQERCD_ICESID, record), 0);
        vtd_write32(unit, VTD_REG_FSTS, VTD_FSTS_ICE);
    }
}
