/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/event.c - event messages: faults, invalidation completions, page requests.
 *
 * Architecture: "Fault event", "Invalidation completion event", "Page request event": one mask bit and
 * one pending bit each. An event that finds the mask set stays pending, and leaves when the mask is
 * cleared or when software has dealt with its cause. Messages go to the outbox; vtdm_unlock sends them.
 * Lock: held. Called by fault.c, queue.c, page_request.c and registers.c.
 */
#include "models/vtd/model.h"

struct source {
    enum iommu_model_event event;
    uint8_t control, data, address, upper; /* enum vtdm_reg */
};

static const struct source fault_source = {
    IOMMU_MODEL_EVENT_FAULT, VTDM_FECTL, VTDM_FEDATA, VTDM_FEADDR, VTDM_FEUADDR,
};
static const struct source completion_source = {
    IOMMU_MODEL_EVENT_COMPLETION, VTDM_IECTL, VTDM_IEDATA, VTDM_IEADDR, VTDM_IEUADDR,
};
static const struct source page_source = {
    IOMMU_MODEL_EVENT_PAGE_REQUEST, VTDM_PECTL, VTDM_PEDATA, VTDM_PEADDR, VTDM_PEUADDR,
};

static void send_if_unmasked(struct iommu_model_vtd *m, const struct source *source)
{
    if ((m->reg[source->control] & VTD_FECTL_IM) || !(m->reg[source->control] & VTD_FECTL_IP))
        return;
    m->reg[source->control] &= ~(uint64_t)VTD_FECTL_IP;
    m->outbox[source->event] = (struct vtdm_message){
        true, m->reg[source->upper] << 32 | m->reg[source->address], (uint32_t)m->reg[source->data],
    };
    m->outgoing = true;
}

static void raise_event(struct iommu_model_vtd *m, const struct source *source)
{
    m->reg[source->control] |= VTD_FECTL_IP;
    send_if_unmasked(m, source);
}

static void withdraw(struct iommu_model_vtd *m, const struct source *source)
{
    m->reg[source->control] &= ~(uint64_t)VTD_FECTL_IP;
}

void vtdm_fault_event(struct iommu_model_vtd *m)
{
    raise_event(m, &fault_source);
}

void vtdm_completion_event(struct iommu_model_vtd *m)
{
    if (m->reg[VTDM_ICS] & VTD_ICS_IWC)
        return;
    m->reg[VTDM_ICS] |= VTD_ICS_IWC;
    raise_event(m, &completion_source);
}

void vtdm_page_event(struct iommu_model_vtd *m)
{
    raise_event(m, &page_source);
}

void vtdm_fectl_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    send_if_unmasked(m, &fault_source);
}

void vtdm_iectl_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    send_if_unmasked(m, &completion_source);
}

void vtdm_pectl_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    send_if_unmasked(m, &page_source);
}

void vtdm_fault_event_settle(struct iommu_model_vtd *m)
{
    const uint32_t errors = VTD_FSTS_PFO | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE;
    if (!(m->reg[VTDM_FSTS] & errors) && !vtdm_fault_pending(m))
        withdraw(m, &fault_source);
}

/* Clearing IQE or ITE lets the queue run on; registers.c starts it when the write is done. */
void vtdm_fsts_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    vtdm_fault_event_settle(m);
}

void vtdm_ics_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    if (!(m->reg[VTDM_ICS] & VTD_ICS_IWC))
        withdraw(m, &completion_source);
}

void vtdm_prs_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    if (!(m->reg[VTDM_PRS] & (VTD_PRS_PPR | VTD_PRS_PRO)))
        withdraw(m, &page_source);
}
