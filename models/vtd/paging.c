/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/paging.c - the paging-structure cache: upper-level entries, so that a walk can start low.
 *
 * Architecture: "Paging-structure caches". An entry of level n is named by the address bits that choose
 * it. Lock: held. Called by second.c, first.c.
 */
#include "models/vtd/translate.h"
#include "models/vtd/words.h"

static uint64_t pack(const struct vtdm_paging *entry)
{
    return VTDM_TABLE_THERE | (entry->table & VTDM_TABLE_ADDRESS) | (entry->read ? VTDM_TABLE_READ : 0) |
           (entry->write ? VTDM_TABLE_WRITE : 0) | (entry->user ? VTDM_TABLE_USER : 0) |
           (entry->absent ? VTDM_TABLE_ABSENT : 0) | (entry->nested ? VTDM_TABLE_NESTED : 0) |
           (entry->extended ? VTDM_TABLE_EXTENDED : 0);
}

static struct vtdm_paging unpack(uint64_t word)
{
    return (struct vtdm_paging){
        .table = word & VTDM_TABLE_ADDRESS, .guest = word & VTDM_TABLE_ADDRESS, .read = word & VTDM_TABLE_READ,
        .write = word & VTDM_TABLE_WRITE, .user = word & VTDM_TABLE_USER, .absent = word & VTDM_TABLE_ABSENT,
        .nested = word & VTDM_TABLE_NESTED, .extended = word & VTDM_TABLE_EXTENDED,
    };
}

static bool search(struct vtdm_tx *tx, uint64_t address, unsigned level, uint32_t tag,
                   struct vtdm_paging *entry)
{
    const struct vtdm_space *space = vtdm_space_of(tx, tag);
    uint64_t place = address >> VTD_LEVEL_SHIFT(level);
    unsigned kind = VTDM_TABLE_KIND(level);
    const uint64_t *word = space ? vtdm_tlb_find(&tx->m->paging, &space->tables, kind, place) : NULL;
    if (!word || !*word)
        return false;
    *entry = unpack(*word);
    if (!entry->nested)
        return true;
    word = vtdm_tlb_find(&tx->m->paging, &space->tables, kind + VTDM_TABLE_KINDS, place);
    if (word)
        entry->guest = *word & VTDM_TABLE_ADDRESS;
    return word && *word;
}

bool vtdm_paging_find(struct vtdm_tx *tx, uint64_t address, unsigned level, uint32_t tag,
                      struct vtdm_paging *entry)
{
    vtdm_evict(tx);
    if (tx->fresh || !search(tx, address, level, tag, entry))
        return false;
    tx->remembered |= VTDM_FROM_PAGING;
    return true;
}

void vtdm_paging_keep(struct iommu_model_vtd *m, struct vtdm_space *space, unsigned kind, uint64_t place, uint64_t value)
{
    uint64_t *word = vtdm_tlb_make(&m->paging, &space->tables, kind, place);
    if (word) {
        space->lost += *word && *word != value;
        vtdm_tlb_fill(&space->tables, kind, word, value);
    }
}

void vtdm_paging_put(struct vtdm_tx *tx, uint64_t address, unsigned level, uint32_t tag,
                     const struct vtdm_paging *entry)
{
    uint64_t place = address >> VTD_LEVEL_SHIFT(level);
    unsigned kind = VTDM_TABLE_KIND(level);
    if (tx->dry)
        return;
    struct vtdm_space *space = vtdm_space_for(tx, tag);
    if (!space)
        return;
    space->nested |= entry->nested;
    if (entry->nested)
        vtdm_paging_keep(tx->m, space, kind + VTDM_TABLE_KINDS, place,
                         VTDM_TABLE_THERE | (entry->guest & VTDM_TABLE_ADDRESS));
    vtdm_paging_keep(tx->m, space, kind, place, pack(entry));
}
