/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/fetch.c - how a walk reads an entry: snooping the CPU's caches or not, or leaving no trace.
 *
 * Architecture: "Snoop behaviour of structure accesses" (ECAP.C, and PWSNP for the page tables of a
 * PASID entry), "Atomicity of structure entries". Lock: held. Called by every step of a walk.
 */
#include "models/vtd/translate.h"

bool vtdm_tables_snooped(const struct vtdm_tx *tx)
{
    return vtdm_ecap(tx->m, VTD_ECAP_C);
}

bool vtdm_read_entry(const struct vtdm_tx *tx, uint64_t address, uint64_t *words, unsigned count,
                     bool snooped)
{
    unsigned how = (tx->dry ? IOMMU_MODEL_FETCH_DRY : 0) |
                   (snooped || tx->fresh ? 0 : IOMMU_MODEL_FETCH_UNSNOOPED);
    return vtdm_fetch(tx->m, address, words, count, how);
}
