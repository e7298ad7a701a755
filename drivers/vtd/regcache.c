/* SPDX-License-Identifier: MIT */
/*
 * Invalidation through registers, for legacy units without a queue. Architecture: "Context command
 * register", "IOTLB registers". unit->lock is held; a command has completed when the call returns.
 * Called by cache.c only, and never while the queue is on: then these registers are dead.
 */
#include "drivers/vtd/vtd.h"

/* The unit says what it did; nothing means that it did not. */
static int done(const struct vtd_unit *unit, uint64_t granularity, const char *name)
{
    if (granularity)
        return 0;
    vtd_log(unit, IOMMU_LOG_ERROR, name);
    return -IOMMU_EIO;
}

int vtd_reg_context(struct vtd_unit *unit, unsigned granularity, uint32_t did, uint16_t rid)
{
    uint64_t command = VTD_CCMD_ICC | SPEC_PUT(VTD_CCMD_CIRG, (uint64_t)granularity) |
                       SPEC_PUT(VTD_CCMD_SID, (uint64_t)rid) |
                       SPEC_PUT(VTD_CCMD_DID, (uint64_t)did);
    int result;

    host_barrier(unit->platform);
    vtd_write64(unit, VTD_REG_CCMD, command);
    result = vtd_wait64(unit, VTD_REG_CCMD, VTD_CCMD_ICC, 0, "CCMD.ICC did not clear");
    if (result)
        return result;
    return done(unit, SPEC_GET(VTD_CCMD_CAIG, vtd_read64(unit, VTD_REG_CCMD)),
                "context-cache invalidation was refused (CCMD.CAIG)");
}

static uint64_t drain(const struct vtd_unit *unit)
{
    uint64_t bits = 0;

    if (unit->cap & VTD_CAP_DRD)
        bits |= VTD_IOTLB_DR;
    if (unit->cap & VTD_CAP_DWD)
        bits |= VTD_IOTLB_DW;
    return bits;
}

/* The range counts for page granularity only. */
int vtd_reg_iotlb(struct vtd_unit *unit, unsigned granularity, uint32_t did,
                  const struct vtd_range *range, bool leaf_only)
{
    uint32_t reg = VTD_REG_IOTLB(unit->ecap);
    uint64_t command = VTD_IOTLB_IVT | SPEC_PUT(VTD_IOTLB_IIRG, (uint64_t)granularity) |
                       SPEC_PUT(VTD_IOTLB_DID, (uint64_t)did) | drain(unit);
    int result;

    host_barrier(unit->platform);
    if (granularity == VTD_IOTLB_IIRG_PAGE)
        vtd_write64(unit, VTD_REG_IVA(unit->ecap),
                    range->first | (leaf_only ? VTD_IVA_IH : 0) | range->lg2);
    vtd_write64(unit, reg, command);
    result = vtd_wait64(unit, reg, VTD_IOTLB_IVT, 0, "IOTLB.IVT did not clear");
    if (result)
        return result;
    return done(unit, SPEC_GET(VTD_IOTLB_IAIG, vtd_read64(unit, reg)),
                "IOTLB invalidation was refused (IOTLB.IAIG)");
}
