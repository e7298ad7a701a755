/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/cursor.h - the leaf tables that a caller's requests led to, where the host's memory lets the unit look at
 * them directly (iommu_model_memory.table).
 *
 * A cursor stands for what the paging-structure cache holds of 2 MiB of a way's addresses, and is good for as long as
 * the space has lost nothing that this cache held of it. They belong to the caller's front and go with it. No cursor
 * is made where an address is no ordinary one, so that who finds one need not ask for what all of a route, or all of
 * the 2 MiB, have in common: the kind of route, the width of addresses, the interrupt window, protected memory. Nor
 * need it look for a large page: to find one a walk has to start above the table, which then was lost.
 */
#ifndef IOMMUKIT_MODELS_VTD_CURSOR_H
#define IOMMUKIT_MODELS_VTD_CURSOR_H

#include "models/vtd/space.h"
#include "models/vtd/words.h"
#include "spec/vtd_tables.h"

#define VTDM_CURSORS 64u

struct vtdm_cursor {
    uint64_t region;       /* of which way and addresses; 0: none */
    uint64_t lost;         /* what the space had lost when it was made */
    const uint64_t *table; /* VTD_PT_ENTRIES entries */
    uint64_t rights;       /* VTDM_LEAF_* that the levels above leave to an entry of it */
};

/* Of a route: what leaf entries must be like, and what they then say. */
struct vtdm_plan {
    struct vtdm_space *space;
    uint64_t regions;         /* the name of its first region; see below */
    uint64_t checked, wanted; /* bits of an entry: of those checked, these and no others are set */
    uint64_t dirty;           /* the bit that says that a write needs no further flag in memory; 0: none needs one */
    uint64_t always;          /* VTDM_LEAF_* of each translation */
    unsigned shift;           /* brings an entry's rights to where VTDM_LEAF_* has them */
    struct vtdm_tail {
        uint16_t domain_id;
        uint8_t fault;
        bool recorded;
    } tail;                   /* of each result */
};

/*
 * A region's name: no other way has it, and it is not 0. Its last digits tell the cursor's place, so that neighbouring
 * regions are apart, and the same region of ways that follow one another.
 */
static inline uint64_t vtdm_cursor_region(const struct vtdm_plan *plan, uint64_t address)
{
    return plan->regions + (address >> VTD_LEVEL_SHIFT(2));
}

static inline uint64_t vtdm_cursor_regions(uint32_t way)
{
    return (uint64_t)way << 46 | way;
}

static inline const uint64_t *vtdm_cursor_entry(const struct vtdm_cursor *cursor, uint64_t address)
{
    return &cursor->table[address / VTD_PAGE_BYTES % VTD_PT_ENTRIES];
}

/* The translation as the IOTLB keeps it, which denies everything where the entry gives no right. 0: it has to be judged. */
static inline uint64_t vtdm_cursor_leaf(const struct vtdm_cursor *cursor, const struct vtdm_plan *plan, uint64_t address)
{
    uint64_t entry = __atomic_load_n(vtdm_cursor_entry(cursor, address), __ATOMIC_ACQUIRE);
    uint64_t rights = entry << plan->shift & cursor->rights;
    if ((entry & plan->checked) != plan->wanted)
        return 0;
    return (entry & VTD_SS_ADDR) | rights | plan->always | ((entry & plan->dirty) ? VTDM_LEAF_DIRTY : 0);
}

#endif
