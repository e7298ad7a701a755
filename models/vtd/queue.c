/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/queue.c - the invalidation queue: fetch, errors, and who may run it.
 *
 * Architecture: "Queued invalidation interface", "Queued invalidation errors". The head moves past a
 * descriptor once it has been fetched and found good. A bad one stops the queue until software clears
 * IQE. A device that does not answer is noticed at the next wait, or when the queue runs dry: pending
 * waits are then lost, and the queue stands still until software clears ITE.
 * Lock: held, dropped around each request to a device; one thread runs the queue at a time, others may
 * move the tail meanwhile. Called by registers.c after every write, by pace.c when time has passed.
 *
 * Lies: "slow-queue", "stalled-queue", "iqe", "ite", "ice", "slow-device-tlb", each where the honest
 * queue would go on at once.
 */
#include "models/vtd/queue.h"

/* Of so many descriptors, or requests to devices, one meets it. */
#define STALL_HABIT 48u
#define ERROR_HABIT 16u
#define DEVICE_HABIT 8u
#define TOGETHER 16u /* descriptors read at once */
#define WARM_UP 8u    /* descriptors before the queue may stall */

static bool wide(const struct iommu_model_vtd *m)
{
    return m->reg[VTDM_IQA] & VTD_IQA_DW;
}

static uint64_t ring_bytes(const struct iommu_model_vtd *m)
{
    return (uint64_t)VTD_PAGE_BYTES << SPEC_GET(VTD_IQA_QS, m->reg[VTDM_IQA]);
}

uint64_t vtdm_ring_places(uint64_t iqa)
{
    uint64_t bytes = (uint64_t)VTD_PAGE_BYTES << SPEC_GET(VTD_IQA_QS, iqa);
    return bytes - ((iqa & VTD_IQA_DW) ? VTD_QI_WIDE_BYTES : VTD_QI_NARROW_BYTES);
}

static bool stopped(const struct iommu_model_vtd *m)
{
    return m->reg[VTDM_FSTS] & (VTD_FSTS_IQE | VTD_FSTS_ITE);
}

static bool has_work(const struct iommu_model_vtd *m)
{
    return vtdm_enabled(m, VTD_GSTS_QIES) && !stopped(m) &&
           m->reg[VTDM_IQH] != m->reg[VTDM_IQT];
}

static uint64_t head(const struct iommu_model_vtd *m)
{
    return (m->reg[VTDM_IQA] & VTD_IQA_IQA) + m->reg[VTDM_IQH];
}

static void queue_error(struct iommu_model_vtd *m, enum vtd_iqei why)
{
    m->reg[VTDM_IQERCD] &= ~VTD_IQERCD_IQEI;
    m->reg[VTDM_IQERCD] |= SPEC_PUT(VTD_IQERCD_IQEI, (uint64_t)why);
    vtdm_fault_status(m, VTD_FSTS_IQE);
}

void vtdm_queue_time_out(struct iommu_model_vtd *m, uint16_t sid)
{
    m->queue.timed_out = false;
    m->reg[VTDM_IQERCD] &= ~VTD_IQERCD_ITESID;
    m->reg[VTDM_IQERCD] |= SPEC_PUT(VTD_IQERCD_ITESID, (uint64_t)sid);
    vtdm_fault_status(m, VTD_FSTS_ITE);
}

/* What is wrong with the queue as it is set up, before any descriptor is looked at. */
static enum vtd_iqei check_queue(const struct iommu_model_vtd *m)
{
    if (m->table_mode == VTD_TTM_RESERVED)
        return VTD_IQEI_BAD_TTM;
    if (wide(m) && !vtdm_ecap(m, VTD_ECAP_SMTS | VTD_ECAP_ADMS))
        return VTD_IQEI_BAD_WIDTH;
    if (!wide(m) && m->table_mode != VTD_TTM_LEGACY)
        return VTD_IQEI_BAD_WIDTH;
    if (wide(m) && (m->reg[VTDM_IQT] & VTD_IQT_MISALIGNED))
        return VTD_IQEI_TAIL_MISALIGNED;
    if (m->reg[VTDM_IQT] >= ring_bytes(m))
        return VTD_IQEI_BAD_TAIL;
    return VTD_IQEI_NONE;
}

/* ---- Lies about the queue --------------------------------------------------------------------- */

static bool stalls(struct iommu_model_vtd *m)
{
    if (!model_lies_on(&m->lies, IOMMU_MODEL_LIE_STALLED_QUEUE))
        return false;
    if (!m->queue.stalled && m->stats.descriptors >= WARM_UP &&
        model_now_and_then(&m->lies, IOMMU_MODEL_LIE_STALLED_QUEUE, STALL_HABIT)) {
        m->queue.stalled = true;
        vtdm_strike_at(m, IOMMU_MODEL_LIE_STALLED_QUEUE, "the queue stopped before this descriptor",
                       head(m));
    }
    return m->queue.stalled;
}

static bool slow(struct iommu_model_vtd *m)
{
    if (!model_lies_on(&m->lies, IOMMU_MODEL_LIE_SLOW_QUEUE))
        return false;
    if (!m->queue.held) {
        m->queue.held = true;
        m->queue.looks = 1 + model_below(&m->lies, VTDM_SLOW_LOOKS);
    }
    if (m->queue.looks)
        return true;
    m->queue.held = false;
    return false;
}

/* Software that puts things right and tries again has to get through: never twice in a row. */
static bool injected_error(struct iommu_model_vtd *m)
{
    if (m->queue.spared) {
        m->queue.spared = false;
        return false;
    }
    if (!model_now_and_then(&m->lies, IOMMU_MODEL_LIE_QUEUE_ERROR, ERROR_HABIT))
        return false;
    m->queue.spared = true;
    vtdm_strike_at(m, IOMMU_MODEL_LIE_QUEUE_ERROR, "this descriptor could not be fetched", head(m));
    return true;
}

/* Nobody waited for it, so it changes nothing but the status. */
static void stray_completion(struct iommu_model_vtd *m, uint16_t sid)
{
    if (!model_now_and_then(&m->lies, IOMMU_MODEL_LIE_DEVICE_STRAY, DEVICE_HABIT))
        return;
    if (!(m->reg[VTDM_FSTS] & VTD_FSTS_ICE)) {
        m->reg[VTDM_IQERCD] &= ~VTD_IQERCD_ICESID;
        m->reg[VTDM_IQERCD] |= SPEC_PUT(VTD_IQERCD_ICESID, (uint64_t)sid);
    }
    vtdm_fault_status(m, VTD_FSTS_ICE);
    vtdm_strike_at(m, IOMMU_MODEL_LIE_DEVICE_STRAY, "a completion came that nobody waited for",
                   head(m));
}

static bool injected_timeout(struct iommu_model_vtd *m, uint16_t rid)
{
    if (!model_now_and_then(&m->lies, IOMMU_MODEL_LIE_DEVICE_TIMEOUT, DEVICE_HABIT))
        return false;
    struct iommu_model_strike strike = model_strike_of(
        IOMMU_MODEL_LIE_DEVICE_TIMEOUT, "a device-TLB invalidation was lost on its way", head(m));
    strike.rid = rid;
    vtdm_strike(m, &strike);
    return true;
}

void vtdm_queue_tick(struct iommu_model_vtd *m)
{
    if (m->queue.looks)
        m->queue.looks--;
    for (unsigned i = 0; i < m->queue.late_count; i++)
        if (m->queue.late[i].looks)
            m->queue.late[i].looks--;
}

/* ---- Descriptors ------------------------------------------------------------------------------ */

/*
 * Descriptors that were read together. Software leaves those before the tail alone until they have been executed; but the
 * queue may stop, move, or be fed anew whenever the lock is dropped, so what is left then is read again, and the
 * registers of the queue are looked at then, too: not for every descriptor.
 */
struct batch {
    unsigned next, count;
    uint64_t bytes_each, ring_last;
    struct vtdm_descriptor descriptor[TOGETHER];
};

/* Wide ones from the head to the tail, or to the end of the ring, in one piece. */
static void read_several(const struct iommu_model_vtd *m, struct batch *batch)
{
    const struct iommu_model_memory *memory = &m->host->memory;
    uint64_t from = m->reg[VTDM_IQH], tail = m->reg[VTDM_IQT];
    uint64_t bytes = (tail > from ? tail : ring_bytes(m)) - from;
    if (!memory->read || !wide(m))
        return;
    if (bytes > sizeof(batch->descriptor))
        bytes = sizeof(batch->descriptor);
    if (memory->read(memory->ctx, head(m), batch->descriptor, bytes) == 0)
        batch->count = (unsigned)bytes / VTD_QI_WIDE_BYTES;
}

static bool read_one(const struct iommu_model_vtd *m, struct batch *batch)
{
    const struct iommu_model_memory *memory = &m->host->memory;
    struct vtdm_descriptor *d = &batch->descriptor[0];
    for (unsigned i = 0; i < 4; i++) {
        bool there = (size_t)i * 8 < batch->bytes_each;
        d->words[i] = 0;
        if (there && memory->read64(memory->ctx, head(m) + (uint64_t)i * 8, &d->words[i]) != 0)
            return false;
    }
    batch->count = 1;
    return true;
}

/* false: they cannot be read. */
static bool refill(struct iommu_model_vtd *m, struct batch *batch)
{
    batch->next = batch->count = 0;
    batch->bytes_each = wide(m) ? VTD_QI_WIDE_BYTES : VTD_QI_NARROW_BYTES;
    batch->ring_last = ring_bytes(m) - 1;
    read_several(m, batch);
    return batch->count || read_one(m, batch);
}

static enum vtd_iqei fetch(struct iommu_model_vtd *m, struct batch *batch, const struct vtdm_descriptor **d)
{
    bool empty = batch->next >= batch->count;
    enum vtd_iqei error = empty ? check_queue(m) : VTD_IQEI_NONE;
    if (error)
        return error;
    if (injected_error(m) || (empty && !refill(m, batch)))
        return VTD_IQEI_FETCH;
    *d = &batch->descriptor[batch->next++];
    return vtdm_descriptor_check(m, *d);
}

static void advance(struct iommu_model_vtd *m, const struct batch *batch)
{
    m->reg[VTDM_IQH] = (m->reg[VTDM_IQH] + batch->bytes_each) & batch->ring_last;
}

/* The host may call back into the model. A request that was lost reaches no device. */
static void send(struct iommu_model_vtd *m, const struct iommu_model_devtlb_invalidation *request)
{
    bool acknowledged = !injected_timeout(m, request->rid);
    stray_completion(m, request->rid);
    if (acknowledged && m->config.devtlb_invalidate) {
        vtdm_unlock(m);
        acknowledged = m->config.devtlb_invalidate(m->config.ctx, request);
        vtdm_lock(m);
    }
    if (acknowledged || m->queue.timed_out)
        return;
    m->queue.timed_out = true;
    m->queue.timed_out_sid = request->rid;
}

/* What a descriptor prepared; a slow device gets it later. */
static void send_request(struct iommu_model_vtd *m)
{
    struct iommu_model_devtlb_invalidation request = m->queue.request;
    m->queue.outgoing = false;
    if (!model_lies_on(&m->lies, IOMMU_MODEL_LIE_SLOW_DEVICE_TLB)) {
        send(m, &request);
        return;
    }
    struct vtdm_late *late = &m->queue.late[m->queue.late_count++];
    late->request = request;
    late->looks = 1 + model_below(&m->lies, VTDM_LATE_LOOKS);
}

/* Requests whose time has come, in whatever order that is. */
static void send_late(struct iommu_model_vtd *m)
{
    for (unsigned i = 0; i < m->queue.late_count;) {
        struct iommu_model_devtlb_invalidation request = m->queue.late[i].request;
        if (m->queue.late[i].looks) {
            i++;
            continue;
        }
        m->queue.late[i] = m->queue.late[--m->queue.late_count];
        send(m, &request);
    }
}

/* A wait completes after the requests before it; and there is room for so many only. */
static bool waits_for_devices(const struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    if (!m->queue.late_count)
        return false;
    return m->queue.late_count == VTDM_LATE || SPEC_GET(VTD_QI_TYPE, d->words[0]) == VTD_QI_TYPE_WAIT;
}

static void send_response(struct iommu_model_vtd *m)
{
    struct iommu_model_page_response response = m->queue.response;
    m->queue.responding = false;
    if (!m->config.page_response)
        return;
    vtdm_unlock(m);
    m->config.page_response(m->config.ctx, &response);
    vtdm_lock(m);
}

/* What a descriptor has prepared for others; the lock is dropped meanwhile. */
static void send_prepared(struct iommu_model_vtd *m)
{
    if (m->queue.outgoing)
        send_request(m);
    if (m->queue.responding)
        send_response(m);
}

/* false: nothing more to be done now. */
static bool one_descriptor(struct iommu_model_vtd *m, struct batch *batch)
{
    const struct vtdm_descriptor *d = NULL;
    enum vtd_iqei error = fetch(m, batch, &d);
    if (error) {
        queue_error(m, error);
        return false;
    }
    if (waits_for_devices(m, d))
        return false;
    advance(m, batch);
    m->stats.descriptors++;
    m->queue.executed_any = true;
    m->queue.wait_was_last = SPEC_GET(VTD_QI_TYPE, d->words[0]) == VTD_QI_TYPE_WAIT;
    vtdm_descriptor_run(m, d);
    if (m->queue.outgoing || m->queue.responding) {
        batch->count = 0;
        send_prepared(m);
    }
    return true;
}

void vtdm_queue_run(struct iommu_model_vtd *m)
{
    struct batch batch;
    if (m->queue.running)
        return;
    m->queue.running = true;
    batch.next = batch.count = 0;
    send_late(m);
    while (has_work(m) && !slow(m) && !stalls(m) && one_descriptor(m, &batch))
        ;
    if (m->queue.timed_out && !stopped(m))
        vtdm_queue_time_out(m, m->queue.timed_out_sid);
    m->queue.running = false;
}

void vtdm_queue_enable(struct iommu_model_vtd *m)
{
    m->queue.executed_any = m->queue.wait_was_last = false;
    if (m->reg[VTDM_IQT])
        vtdm_misuse(m, "the queue was enabled with a tail that is not 0");
}

void vtdm_queue_disable(struct iommu_model_vtd *m)
{
    if (m->reg[VTDM_IQH] != m->reg[VTDM_IQT])
        vtdm_misuse(m, "the queue was disabled before it was empty");
    else if (m->queue.executed_any && !m->queue.wait_was_last)
        vtdm_misuse(m, "the queue was disabled after a descriptor that is no wait");
    m->queue.timed_out = false;
    m->reg[VTDM_IQH] = 0;
}

/* The head stays a place in the ring, or it could run past its tail for ever. */
void vtdm_iqa_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    if (vtdm_enabled(m, VTD_GSTS_QIES) && m->reg[VTDM_IQH] != m->reg[VTDM_IQT])
        vtdm_misuse(m, "the queue was moved while it was not empty");
    m->reg[VTDM_IQH] &= vtdm_ring_places(m->reg[VTDM_IQA]);
}
