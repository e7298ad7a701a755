/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/wait.c - the wait descriptor: status write, completion event, and the waits that are lost.
 *
 * Architecture: "Invalidation wait descriptor", "Invalidation completion event". Every earlier
 * descriptor has been executed when its turn comes, so it completes at once, unless a device did not
 * answer. Lock: held. Called through the table in invalidate.c.
 */
#include "models/vtd/queue.h"

#define STORE_ATTEMPTS 64
#define LOST_HABIT 16u /* of so many waits, one is lost */

enum vtd_iqei vtdm_wait_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    if ((d->words[0] & VTD_QI_WAIT_PD) && !vtdm_ecap(m, VTD_ECAP_PDS))
        return VTD_IQEI_RESERVED;
    return VTD_IQEI_NONE;
}

/* A dword store that other threads see whole: the qword around it is exchanged. */
static bool store_dword(struct iommu_model_vtd *m, uint64_t address, uint32_t value)
{
    const struct iommu_model_memory *memory = &m->host->memory;
    unsigned shift = address & 4 ? 32 : 0;
    uint64_t mask = (uint64_t)UINT32_MAX << shift;
    uint64_t old = 0; /* a guess; the first attempt tells */
    for (unsigned i = 0; i < STORE_ATTEMPTS; i++) {
        uint64_t desired = (old & ~mask) | (uint64_t)value << shift;
        int result = memory->cas64(memory->ctx, address & ~(uint64_t)7, &old, desired);
        if (result <= 0)
            return result == 0;
    }
    return memory->write && memory->write(memory->ctx, address, &value, sizeof(value)) == 0;
}

/* "lost-completion": neither the status nor the event that would say the same. */
static bool lost(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    if (!(d->words[0] & VTD_QI_WAIT_SW) ||
        !model_now_and_then(&m->lies, IOMMU_MODEL_LIE_LOST_COMPLETION, LOST_HABIT))
        return false;
    vtdm_strike_at(m, IOMMU_MODEL_LIE_LOST_COMPLETION, "the status of a wait was not written",
                   d->words[1] & VTD_QI_WAIT1_ADDR);
    return true;
}

void vtdm_wait_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d)
{
    uint32_t status = (uint32_t)SPEC_GET(VTD_QI_WAIT_DATA, d->words[0]);
    if (m->queue.timed_out) {
        vtdm_queue_time_out(m, m->queue.timed_out_sid);
        return;
    }
    vtdm_settled(m);
    if (lost(m, d))
        return;
    if ((d->words[0] & VTD_QI_WAIT_SW) &&
        !store_dword(m, d->words[1] & VTD_QI_WAIT1_ADDR, status))
        vtdm_misuse(m, "the status address of a wait is no memory");
    if (d->words[0] & VTD_QI_WAIT_IF)
        vtdm_completion_event(m);
}
