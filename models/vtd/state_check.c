/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/state_check.c - could a unit be in this state? Refused is what no software could have brought about;
 * accepted is also what only careless software would, because its unit must be able to move, too.
 *
 * Lock: held. Called by restore.c.
 */
#include "models/vtd/queue.h"
#include "models/vtd/state.h"

static bool off_limits(const struct iommu_model_vtd *m, uint64_t feature, uint64_t value)
{
    return value && !vtdm_ecap(m, feature);
}

/* ---- Registers ------------------------------------------------------------------------------------ */

static const char *bits(const struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    for (unsigned id = 0; id < VTDM_REGISTERS; id++) {
        uint64_t holds = vtdm_register_holds(m, id);
        if (holds && !(state->registers_seen & SPEC_BIT64(id)))
            return "a register is missing";
        if (state->reg[id] & ~holds)
            return "a register holds a bit that it does not have on this unit";
    }
    return NULL;
}

/* Status bits of features that the unit lacks. */
static const char *features(const struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    uint64_t status = state->reg[VTDM_GSTS], errors = state->reg[VTDM_FSTS], error = state->reg[VTDM_IQERCD];
    if ((status & VTD_GSTS_WBFS) && !vtdm_cap(m, VTD_CAP_RWBF))
        return "a write buffer is flushed that the unit does not have";
    if (off_limits(m, VTD_ECAP_QI, (status & VTD_GSTS_QIES) | (errors & VTD_FSTS_IQE)))
        return "a queue is on, or has failed, that the unit does not have";
    if (off_limits(m, VTD_ECAP_DT, (errors & (VTD_FSTS_ICE | VTD_FSTS_ITE)) |
                                       (error & (VTD_IQERCD_ITESID | VTD_IQERCD_ICESID))))
        return "a device-TLB failed although the unit knows none";
    if (off_limits(m, VTD_ECAP_IR, status & (VTD_GSTS_IRES | VTD_GSTS_IRTPS | VTD_GSTS_CFIS)))
        return "interrupt remapping is on that the unit does not have";
    return NULL;
}

static bool any_record(const struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    for (unsigned i = 0; i < m->records; i++)
        if (state->record[i].hi & VTD_FRCD_HI_F)
            return true;
    return false;
}

/* An event waits only while it is masked and its cause is there. */
static bool waits(uint64_t control, bool cause)
{
    return !(control & VTD_FECTL_IP) || ((control & VTD_FECTL_IM) && cause);
}

static const char *events(const struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    const uint32_t errors = VTD_FSTS_PFO | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE;
    bool fault = (state->reg[VTDM_FSTS] & errors) || any_record(m, state);
    if (!waits(state->reg[VTDM_FECTL], fault) || !waits(state->reg[VTDM_IECTL], state->reg[VTDM_ICS] != 0) ||
        !waits(state->reg[VTDM_PECTL], state->reg[VTDM_PRS] != 0))
        return "an event is pending that is not masked, or has no cause";
    return NULL;
}

static const char *root(const struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    if (state->root & ~vtdm_register_holds(m, VTDM_RTADDR))
        return "the root table lies beyond the host's addresses, or has a mode that the unit lacks";
    return NULL;
}

/* ---- Faults --------------------------------------------------------------------------------------- */

static bool good_record(const struct vtdm_record *record)
{
    uint64_t with_pasid = VTD_FRCD_HI_PV | VTD_FRCD_HI_PRIV | VTD_FRCD_HI_EXE;
    uint8_t reason = (uint8_t)SPEC_GET(VTD_FRCD_HI_FR, record->hi);
    if (!record->lo && !record->hi)
        return true;
    if ((record->lo & VTD_FRCD_LO_RSVD) || (record->hi & VTD_FRCD_HI_RSVD))
        return false;
    if (!(record->hi & VTD_FRCD_HI_PP) && (record->hi & with_pasid))
        return false;
    return SPEC_GET(VTD_FRCD_HI_AT, record->hi) <= VTD_AT_TRANSLATED && vtdm_fault_rule(reason)->name;
}

static const char *faults(const struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    if (state->next_record >= m->records || SPEC_GET(VTD_FSTS_FRI, state->reg[VTDM_FSTS]) >= m->records)
        return "a fault record beyond the last";
    for (unsigned i = 0; i < m->records; i++)
        if (!good_record(&state->record[i]))
            return "a fault record that no fault fills in so";
    return NULL;
}

/* ---- The queue ------------------------------------------------------------------------------------ */

static bool good_request(const struct iommu_model_devtlb_invalidation *request)
{
    uint64_t bytes = request->bytes;
    if (!request->has_pasid && (request->global || request->pasid))
        return false;
    if (request->pasid >> VTD_PASID_BITS)
        return false;
    if (!bytes)
        return !request->address;
    return bytes >= VTD_PAGE_BYTES && !(bytes & (bytes - 1)) && !(request->address & (bytes - 1));
}

static const char *requests(const struct iommu_model_vtd *m, const struct vtdm_queue *queue)
{
    if (off_limits(m, VTD_ECAP_DT, queue->late_count | queue->timed_out))
        return "a device-TLB request on a unit that knows none";
    if (!queue->timed_out && queue->timed_out_sid)
        return "a device that timed out although none did";
    for (unsigned i = 0; i < queue->late_count; i++) {
        if (queue->late[i].looks > VTDM_LATE_LOOKS)
            return "a device-TLB that is slower than any";
        if (!good_request(&queue->late[i].request))
            return "a device-TLB request that no descriptor asks for";
    }
    return NULL;
}

static const char *queue(const struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    const struct vtdm_queue *q = &state->queue;
    uint64_t head = state->reg[VTDM_IQH];
    if (head & ~vtdm_ring_places(state->reg[VTDM_IQA]))
        return "the queue's head lies outside of the ring, or between two descriptors";
    if (head && !(state->reg[VTDM_GSTS] & VTD_GSTS_QIES))
        return "the queue's head has moved although the queue is off";
    if (off_limits(m, VTD_ECAP_QI, q->executed_any | q->held | q->stalled | q->spared))
        return "work of a queue that the unit does not have";
    if (q->wait_was_last && !q->executed_any)
        return "the last descriptor was a wait although there was none";
    if (q->looks > (q->held ? VTDM_SLOW_LOOKS : 0))
        return "a descriptor that is slower than any";
    return requests(m, q);
}

/* ---- Commands under way --------------------------------------------------------------------------- */

static bool one_bit(uint32_t value)
{
    return value && !(value & (value - 1));
}

/* Exactly one change, or one thing started, is what a unit does at a time. */
static bool good_command(const struct vtdm_pace *pace)
{
    if (!pace->gcmd)
        return !(pace->command | pace->changes | pace->starts);
    if ((pace->command & ~(VTD_GCMD_LEVEL | VTD_GCMD_ONESHOT)) || (pace->changes & ~VTD_GCMD_LEVEL) ||
        (pace->starts & ~(VTD_GCMD_ONESHOT & pace->command)))
        return false;
    return one_bit(pace->changes | pace->starts);
}

static const char *commands(const struct vtdm_state *state)
{
    const struct vtdm_pace *pace = &state->pace;
    uint64_t protection = state->reg[VTDM_PMEN];
    if (pace->gcmd > VTDM_COMMAND_LOOKS || pace->ccmd > VTDM_COMMAND_LOOKS ||
        pace->iotlb > VTDM_COMMAND_LOOKS || pace->pmen > VTDM_COMMAND_LOOKS)
        return "a command that takes longer than any";
    if (!good_command(pace))
        return "a global command that software cannot give";
    if (((state->reg[VTDM_CCMD] & VTD_CCMD_ICC) && !pace->ccmd) ||
        ((state->reg[VTDM_IOTLB] & VTD_IOTLB_IVT) && !pace->iotlb))
        return "an invalidation register that would stay busy for ever";
    if (!pace->pmen && !(protection & VTD_PMEN_EPM) != !(protection & VTD_PMEN_PRS))
        return "protected memory whose status would never follow";
    return NULL;
}

static const char *dice(const struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    return (state->lies & ~m->lies.allowed) ? "a lie that this model may not tell" : NULL;
}

const char *vtdm_state_problem(const struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    const char *problem = bits(m, state);
    if (!problem)
        problem = features(m, state);
    if (!problem)
        problem = root(m, state);
    if (!problem)
        problem = faults(m, state);
    if (!problem)
        problem = events(m, state);
    if (!problem)
        problem = queue(m, state);
    if (!problem)
        problem = commands(state);
    return problem ? problem : dice(m, state);
}
