/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/paging.c - the paging-structure cache: upper-level entries, so that a walk can start low.
 *
 * Architecture: "Paging-structure caches". An entry of level n is named by the address bits that choose
 * it. Lock: held. Called by second.c, first.c.
 */
#include "models/vtd/translate.h"

/* An entry in one word: the table's address with these. A nested one has a second word, of a kind of its own. */
#define TABLE_THERE    SPEC_BIT64(0)
#define TABLE_READ     SPEC_BIT64(1)
#define TABLE_WRITE    SPEC_BIT64(2)
#define TABLE_USER     SPEC_BIT64(3)
#define TABLE_ABSENT   SPEC_BIT64(4)
#define TABLE_NESTED   SPEC_BIT64(5)
#define TABLE_EXTENDED SPEC_BIT64(6)
#define TABLE_ADDRESS  0x000FFFFFFFFFF000u

static uint64_t pack(const struct vtdm_paging *entry)
{
    return TABLE_THERE | (entry->table & TABLE_ADDRESS) | (entry->read ? TABLE_READ : 0) |
           (entry->write ? TABLE_WRITE : 0) | (entry->user ? TABLE_USER : 0) |
           (entry->absent ? TABLE_ABSENT : 0) | (entry->nested ? TABLE_NESTED : 0) |
           (entry->extended ? TABLE_EXTENDED : 0);
}

static struct vtdm_paging unpack(uint64_t word)
{
    return (struct vtdm_paging){
        .table = word & TABLE_ADDRESS, .guest = word & TABLE_ADDRESS, .read = word & TABLE_READ,
        .write = word & TABLE_WRITE, .user = word & TABLE_USER, .absent = word & TABLE_ABSENT,
        .nested = word & TABLE_NESTED, .extended = word & TABLE_EXTENDED,
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
        entry->guest = *word & TABLE_ADDRESS;
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

static void store(struct vtdm_tlb *tlb, struct vtdm_set *set, unsigned kind, uint64_t place, uint64_t value)
{
    uint64_t *word = vtdm_tlb_make(tlb, set, kind, place);
    if (word)
        *word = value;
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
        store(&tx->m->paging, &space->tables, kind + VTDM_TABLE_KINDS, place, TABLE_THERE | (entry->guest & TABLE_ADDRESS));
    store(&tx->m->paging, &space->tables, kind, place, pack(entry));
}
