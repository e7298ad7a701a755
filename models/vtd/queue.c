/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/queue.c - the invalidation queue: fetch, errors, and who may run it.
 *
 * Architecture: "Queued invalidation interface", "Queued invalidation errors". The head moves past a
 * descriptor once it has been fetched and found good. A bad one stops the queue until software clears
 * IQE. A device that does not answer is noticed at the next wait, or when the queue runs dry: pending
 * waits are then lost, and the queue stands still until software clears ITE.
 * Lock: held, dropped around each request to a device; one thread runs the queue at a time, others may
 * move the tail meanwhile. Called by registers.c after every write.
 */
#include "models/vtd/queue.h"

static bool wide(const struct iommu_model_vtd *m)
{
    return m->reg[VTDM_IQA] & VTD_IQA_DW;
}

static uint64_t ring_bytes(const struct iommu_model_vtd *m)
{
    return (uint64_t)VTD_PAGE_BYTES << SPEC_GET(VTD_IQA_QS, m->reg[VTDM_IQA]);
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

static bool fetch(struct iommu_model_vtd *m, struct vtdm_descriptor *d)
{
    const struct iommu_model_memory *memory = &m->host->memory;
    uint64_t address = (m->reg[VTDM_IQA] & VTD_IQA_IQA) + m->reg[VTDM_IQH];
    unsigned words = wide(m) ? 4 : 2;
    for (unsigned i = 0; i < words; i++)
        if (memory->read64(memory->ctx, address + (uint64_t)i * 8, &d->words[i]) != 0)
            return false;
    return true;
}

static void advance(struct iommu_model_vtd *m)
{
    uint64_t bytes = wide(m) ? VTD_QI_WIDE_BYTES : VTD_QI_NARROW_BYTES;
    m->reg[VTDM_IQH] = (m->reg[VTDM_IQH] + bytes) & (ring_bytes(m) - 1);
}

/* Sends the request that a descriptor prepared; the host may call back into the model. */
static void send_request(struct iommu_model_vtd *m)
{
    struct iommu_model_devtlb_invalidation request = m->queue.request;
    bool acknowledged = true;
    m->queue.outgoing = false;
    vtdm_unlock(m);
    if (m->config.devtlb_invalidate)
        acknowledged = m->config.devtlb_invalidate(m->config.ctx, &request);
    vtdm_lock(m);
    if (acknowledged || m->queue.timed_out)
        return;
    m->queue.timed_out = true;
    m->queue.timed_out_sid = request.rid;
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

static void one_descriptor(struct iommu_model_vtd *m)
{
    struct vtdm_descriptor d = { { 0, 0, 0, 0 } };
    enum vtd_iqei error = check_queue(m);
    if (!error && !fetch(m, &d))
        error = VTD_IQEI_FETCH;
    if (!error)
        error = vtdm_descriptor_check(m, &d);
    if (error) {
        queue_error(m, error);
        return;
    }
    advance(m);
    m->stats.descriptors++;
    m->queue.executed_any = true;
    m->queue.wait_was_last = SPEC_GET(VTD_QI_TYPE, d.words[0]) == VTD_QI_TYPE_WAIT;
    vtdm_descriptor_run(m, &d);
    if (m->queue.outgoing)
        send_request(m);
    if (m->queue.responding)
        send_response(m);
}

void vtdm_queue_run(struct iommu_model_vtd *m)
{
    if (m->queue.running)
        return;
    m->queue.running = true;
    while (has_work(m))
        one_descriptor(m);
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

void vtdm_iqa_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    if (vtdm_enabled(m, VTD_GSTS_QIES) && m->reg[VTDM_IQH] != m->reg[VTDM_IQT])
        vtdm_misuse(m, "the queue was moved while it was not empty");
}
