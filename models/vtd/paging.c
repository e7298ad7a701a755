/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/paging.c - the paging-structure cache: upper-level entries, so that a walk can start low.
 *
 * Architecture: "Paging-structure caches". An entry of level n is named by the address bits that choose
 * it, so the name's size is what one entry of that level spans. Lock: held. Called by second.c, first.c.
 */
#include "models/vtd/translate.h"

static struct vtdm_name name_of(const struct vtdm_tx *tx, uint64_t address, unsigned level,
                                uint32_t tag)
{
    unsigned shift = VTD_LEVEL_SHIFT(level);
    return (struct vtdm_name){ address >> shift, tag, tx->route.did, (uint8_t)shift };
}

const struct vtdm_paging *vtdm_paging_find(struct vtdm_tx *tx, uint64_t address, unsigned level,
                                           uint32_t tag)
{
    struct vtdm_name name = name_of(tx, address, level, tag);
    vtdm_evict(tx);
    const struct vtdm_cached *entry = vtdm_cache_find(&tx->m->paging, &name);
    if (tx->fresh)
        return NULL;
    if (entry)
        tx->remembered |= VTDM_FROM_PAGING;
    return (const struct vtdm_paging *)(const void *)entry;
}

void vtdm_paging_put(struct vtdm_tx *tx, uint64_t address, unsigned level, uint32_t tag,
                     const struct vtdm_paging *what)
{
    struct vtdm_name name = name_of(tx, address, level, tag);
    if (tx->dry)
        return;
    struct vtdm_cached *cached =
        vtdm_cache_put(&tx->m->paging, &name, tx->route.did,
                       tag == VTDM_NO_PASID ? VTDM_SECOND : VTDM_TAGGED);
    if (!cached)
        return;
    struct vtdm_paging *entry = (struct vtdm_paging *)(void *)cached;
    struct vtdm_cached head = *cached;
    *entry = *what;
    entry->cached = head;
}
