/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/pace.c - a unit that takes its time. Time passes when software reads a register, and when
 * the host says so; what is under way has a count of such looks left.
 *
 * Architecture: "Global command register" (one change in one write, the next one after the status has
 * followed), "Context command register", "IOTLB invalidate register", "Protected memory enable". Lies:
 * "strict-command" here; what is slow about the queue is in queue.c and counts its looks there.
 * Lock: held but in the public call. Called by registers.c, command.c, regcache.c, protected.c.
 */
#include "models/vtd/model.h"

bool vtdm_later(struct iommu_model_vtd *m, unsigned *looks)
{
    if (!model_lies_on(&m->lies, IOMMU_MODEL_LIE_STRICT_COMMAND))
        return false;
    *looks = 1 + model_below(&m->lies, VTDM_COMMAND_LOOKS);
    return true;
}

static unsigned bits_set(uint32_t value)
{
    unsigned count = 0;
    for (; value; value &= value - 1)
        count++;
    return count;
}

/* Of several changes in one write the architecture promises nothing; one of them happens. */
static uint32_t only_one(struct iommu_model_vtd *m, uint32_t bits)
{
    unsigned count = bits_set(bits);
    if (count == 1)
        return bits;
    vtdm_strike_at(m, IOMMU_MODEL_LIE_STRICT_COMMAND,
                   "one change of several in a global command was carried out", bits);
    for (unsigned skipped = model_below(&m->lies, count); skipped; skipped--)
        bits &= bits - 1;
    return bits & -bits;
}

/* Two commands at once: one of the two gets lost. True: it is the new one. */
static bool collides(struct iommu_model_vtd *m)
{
    if (!m->pace.gcmd)
        return false;
    vtdm_misuse(m, "a global command before the last one had finished");
    vtdm_strike_at(m, IOMMU_MODEL_LIE_STRICT_COMMAND,
                   "of two global commands that overlapped one was lost", m->pace.command);
    return model_below(&m->lies, 2) == 0;
}

void vtdm_command_later(struct iommu_model_vtd *m, uint32_t command, uint32_t changes,
                        uint32_t starts)
{
    if (!(changes | starts) || collides(m))
        return;
    uint32_t chosen = only_one(m, changes | starts);
    m->pace.command = command;
    m->pace.changes = changes & chosen;
    m->pace.starts = starts & chosen;
    m->pace.gcmd = 1 + model_below(&m->lies, VTDM_COMMAND_LOOKS);
    if (m->pace.starts & VTD_GCMD_SRTP)
        m->reg[VTDM_GSTS] &= ~(uint64_t)VTD_GSTS_RTPS;
    if ((m->pace.starts & VTD_GCMD_WBF) && vtdm_cap(m, VTD_CAP_RWBF))
        m->reg[VTDM_GSTS] |= VTD_GSTS_WBFS;
}

/* True when this look was the last one. */
static bool done(unsigned *looks)
{
    return *looks && --*looks == 0;
}

/* An honest unit has nothing left to do. */
void vtdm_tick(struct iommu_model_vtd *m)
{
    if (done(&m->pace.gcmd))
        vtdm_command_run(m, m->pace.command, m->pace.changes, m->pace.starts);
    if (done(&m->pace.ccmd))
        vtdm_ccmd_run(m);
    if (done(&m->pace.iotlb))
        vtdm_iotlb_run(m);
    if (done(&m->pace.pmen))
        vtdm_pmen_run(m);
    vtdm_queue_tick(m);
    vtdm_queue_run(m);
}

void iommu_model_vtd_step(struct iommu_model_vtd *m)
{
    vtdm_lock(m);
    vtdm_tick(m);
    vtdm_unlock(m);
}
