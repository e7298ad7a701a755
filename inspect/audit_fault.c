/* SPDX-License-Identifier: MIT */
/* audit_fault.c - the fault records that one unit still holds, decoded. */
#include "inspect/audit_state.h"

#include <iommukit/vtd.h>

#include "spec/vtd_faults.h"
#include "spec/vtd_regs.h"

static const char *request_of(uint64_t high)
{
    static const char *const names[] = {"write", "page request", "read", "atomic access"};
    return names[((high & VTD_FRCD_HI_T1) ? 2 : 0) + ((high & VTD_FRCD_HI_T2) ? 1 : 0)];
}

static void decode(struct audit *audit, unsigned unit, unsigned index)
{
    const uint64_t *record = audit_registers(audit, unit)->fault[index];
    unsigned reason = (unsigned)SPEC_GET(VTD_FRCD_HI_FR, record[1]);
    struct inspect_finding *finding;
    if (reason >= VTD_FAULT_IR_FIRST && reason <= VTD_FAULT_IR_LAST)
        finding = audit_find(audit, AUDIT_FAULT_PENDING,
                             "record %u, %#llx:%#llx: interrupt index %llu, reason %02xh: %s", index,
                             (unsigned long long)record[1], (unsigned long long)record[0],
                             (unsigned long long)SPEC_GET(VTD_FRCD_LO_IIDX, record[0]), reason,
                             iommu_vtd_fault_name((uint8_t)reason));
    else
        finding = audit_find(audit, AUDIT_FAULT_PENDING, "record %u, %#llx:%#llx: %s of %#llx, reason %02xh: %s", index,
                             (unsigned long long)record[1], (unsigned long long)record[0], request_of(record[1]),
                             (unsigned long long)(record[0] & VTD_FRCD_LO_FI), reason,
                             iommu_vtd_fault_name((uint8_t)reason));
    audit_of_device(audit, finding, unit, (uint16_t)SPEC_GET(VTD_FRCD_HI_SID, record[1]));
    if (finding != NULL && (record[1] & VTD_FRCD_HI_PP)) {
        finding->has_pasid = true;
        finding->pasid = (uint32_t)SPEC_GET(VTD_FRCD_HI_PV, record[1]);
    }
}

void audit_faults(struct audit *audit, unsigned index)
{
    const struct inspect_unit *unit = audit_registers(audit, index);
    uint64_t status = audit_known(unit, INSPECT_FSTS) ? unit->value[INSPECT_FSTS] : 0;
    unsigned pending = 0;
    for (unsigned i = 0; i < unit->fault_count; i++)
        if (unit->fault[i][1] & VTD_FRCD_HI_F) {
            decode(audit, index, i);
            pending++;
        }
    if (pending == 0 && (status & VTD_FSTS_PPF))
        audit_find(audit, AUDIT_FAULT_PENDING, "unit %u: FSTS is %#llx: PPF is 1; the record was not given", index,
                   (unsigned long long)status);
    if (status & VTD_FSTS_PFO)
        audit_find(audit, AUDIT_FAULT_OVERFLOW, "unit %u: FSTS is %#llx: PFO is 1", index, (unsigned long long)status);
}
