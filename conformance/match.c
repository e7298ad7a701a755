/* SPDX-License-Identifier: MIT */
/* match.c - which scenario makes sense for which adapter on which machine under which lies. */
#include "conformance/match.h"

#include <stddef.h>

#include "conformance/bench.h"

static bool adapter_has(const struct iommu_conform_adapter *adapter, uint32_t needs)
{
    const struct {
        uint32_t need;
        bool there;
    } calls[] = {
        {NEEDS_UNMAP, adapter->unmap != NULL},
        {NEEDS_DETACH, adapter->detach != NULL},
        {NEEDS_PASID, adapter->attach_pasid != NULL},
        {NEEDS_PASID_DETACH, adapter->detach_pasid != NULL},
        {NEEDS_REPLACE, adapter->replace != NULL},
        {NEEDS_FREE, adapter->domain_free != NULL},
        {NEEDS_FAULTS, adapter->faults != NULL},
        {NEEDS_FINI, adapter->fini != NULL},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if ((needs & calls[i].need) && !calls[i].there)
            return false;
    return true;
}

static bool machine_has(const struct unit_row *row, uint32_t needs)
{
    uint64_t cap = 0, ecap = 0;
    unit_capabilities(row, 0, &cap, &ecap);
    const struct {
        uint32_t need;
        bool there;
    } features[] = {
        {NEEDS_PASID, (ecap & ECAP_PASID) != 0},  {NEEDS_ATS, (ecap & ECAP_DT) != 0},
        {NEEDS_RWBF, (cap & CAP_RWBF) != 0},      {NEEDS_FEW_IDS, (cap & CAP_ND) <= 1},
        {NEEDS_PROTECTED, (cap & CAP_PLMR) != 0},
    };
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        if ((needs & features[i].need) && !features[i].there)
            return false;
    return true;
}

bool match_possible(const struct iommu_conform_adapter *adapter, const struct scenario *scenario,
                    const struct unit_row *row, uint32_t lies)
{
    if ((scenario->needs & NEEDS_SOUND) && bench_lies_broken(lies))
        return false;
    if ((scenario->needs & NEEDS_LIVE_QUEUE) && (lies & bench_final_lies()))
        return false;
    return adapter_has(adapter, scenario->needs) && machine_has(row, scenario->needs);
}
