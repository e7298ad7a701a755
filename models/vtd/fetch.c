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

void vtdm_expect_entry(const struct vtdm_tx *tx, uint64_t address)
{
    const struct iommu_model_memory *memory = &tx->m->host->memory;
    memory->prefetch(memory->ctx, address);
}

bool vtdm_read_entry(const struct vtdm_tx *tx, uint64_t address, uint64_t *words, unsigned count,
                     bool snooped)
{
    const struct iommu_model_memory *memory = &tx->m->host->memory;
    unsigned how = (tx->dry ? IOMMU_MODEL_FETCH_DRY : 0) |
                   (snooped || tx->fresh ? 0 : IOMMU_MODEL_FETCH_UNSNOOPED);
    tx->m->stats.table_reads++;
    if (memory->fetch)
        return memory->fetch(memory->ctx, address, words, count, how) == 0;
    for (unsigned i = 0; i < count; i++)
        if (memory->read64(memory->ctx, address + (uint64_t)i * 8, &words[i]) != 0)
            return false;
    return true;
}
