/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/fault.c - fault records, the fault status register, and what each reason means.
 *
 * Architecture: "Fault logging", "Fault recording registers", "Fault reason codes". Records fill in a
 * ring; a fault that finds its record taken sets the overflow bit and is lost, and so are those after
 * it until software clears that bit. Lock: held. Called by translate.c, queue.c and registers.c.
 */
#include "models/vtd/model.h"

#define RULE(code, name, symbol, qualified, meaning, answer) [code] = { meaning, qualified, answer },
static const struct vtdm_fault_rule rules[256] = { VTD_FAULTS(RULE) };
#undef RULE

const struct vtdm_fault_rule *vtdm_fault_rule(uint8_t reason)
{
    return &rules[reason];
}

const char *iommu_model_vtd_fault_name(uint8_t reason)
{
    if (reason == VTD_FAULT_NONE)
        return "no fault";
    return rules[reason].name ? rules[reason].name : "unknown fault reason";
}

bool vtdm_fault_pending(const struct iommu_model_vtd *m)
{
    for (unsigned i = 0; i < m->records; i++)
        if (m->record[i].hi & VTD_FRCD_HI_F)
            return true;
    return false;
}

static bool status_set(const struct iommu_model_vtd *m)
{
    const uint32_t errors = VTD_FSTS_PFO | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE;
    return (m->reg[VTDM_FSTS] & errors) || vtdm_fault_pending(m);
}

void vtdm_fault_status(struct iommu_model_vtd *m, uint32_t bit)
{
    bool quiet = !status_set(m);
    m->reg[VTDM_FSTS] |= bit;
    if (quiet)
        vtdm_fault_event(m);
}

static void fill(struct vtdm_record *record, const struct vtdm_fault_report *report)
{
    bool t1 = report->type & 2, t2 = report->type & 1;
    uint64_t hi = VTD_FRCD_HI_F | SPEC_PUT(VTD_FRCD_HI_SID, (uint64_t)report->rid) |
                  SPEC_PUT(VTD_FRCD_HI_FR, (uint64_t)report->reason) |
                  SPEC_PUT(VTD_FRCD_HI_AT, (uint64_t)report->at);
    if (t1)
        hi |= VTD_FRCD_HI_T1;
    if (t2)
        hi |= VTD_FRCD_HI_T2;
    if (report->has_pasid) {
        hi |= VTD_FRCD_HI_PP | SPEC_PUT(VTD_FRCD_HI_PV, (uint64_t)report->pasid);
        if (report->privileged)
            hi |= VTD_FRCD_HI_PRIV;
        if (report->execute)
            hi |= VTD_FRCD_HI_EXE;
    }
    record->lo = report->address & VTD_FRCD_LO_FI;
    record->hi = hi;
}

static bool merges(const struct iommu_model_vtd *m, uint16_t rid)
{
    if (!m->config.merge_faults)
        return false;
    for (unsigned i = 0; i < m->records; i++)
        if ((m->record[i].hi & VTD_FRCD_HI_F) && SPEC_GET(VTD_FRCD_HI_SID, m->record[i].hi) == rid)
            return true;
    return false;
}

bool vtdm_fault_record(struct iommu_model_vtd *m, const struct vtdm_fault_report *report)
{
    struct vtdm_record *record = &m->record[m->next_record];
    bool first = !vtdm_fault_pending(m), quiet = !status_set(m);
    m->stats.faults_lost++; /* until proven recorded */
    if (m->reg[VTDM_FSTS] & VTD_FSTS_PFO)
        return false;
    if (merges(m, report->rid))
        return false;
    if (record->hi & VTD_FRCD_HI_F) {
        vtdm_fault_status(m, VTD_FSTS_PFO);
        return false;
    }
    m->stats.faults_lost--;
    m->stats.faults_recorded++;
    fill(record, report);
    if (first) {
        m->reg[VTDM_FSTS] &= ~(uint64_t)VTD_FSTS_FRI;
        m->reg[VTDM_FSTS] |= SPEC_PUT(VTD_FSTS_FRI, m->next_record);
    }
    m->next_record = (m->next_record + 1) % m->records;
    if (quiet)
        vtdm_fault_event(m);
    return true;
}

uint32_t vtdm_record_read(const struct iommu_model_vtd *m, uint32_t offset)
{
    const struct vtdm_record *record = &m->record[offset / VTD_FRCD_BYTES];
    uint64_t half = offset & 8 ? record->hi : record->lo;
    return (uint32_t)(offset & 4 ? half >> 32 : half);
}

/* Only F can be written, with 1, through the top dword. */
void vtdm_record_write(struct iommu_model_vtd *m, uint32_t offset, uint32_t value)
{
    if (offset % VTD_FRCD_BYTES != VTD_FRCD_TOP || !(value & VTD_FRCD_TOP_F))
        return;
    m->record[offset / VTD_FRCD_BYTES].hi &= ~VTD_FRCD_HI_F;
    vtdm_fault_event_settle(m);
}
