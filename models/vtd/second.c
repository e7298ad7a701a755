/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/second.c - the second-stage walk, of legacy contexts, of PASID entries, and below a
 * nested first stage.
 *
 * Architecture: "Second-stage translation", "Second-stage paging entries", "Accessed and dirty flags".
 * Lock: held. Called by translate.c and first.c.
 */
#include "models/vtd/entries.h"

struct walk {
    struct vtdm_tx *tx;
    const struct vtdm_route *route;
    uint64_t address;
    bool mark_dirty;   /* the access writes, as far as the first stage allows */
    unsigned level;    /* of the table to be read next */
    uint64_t table;
    bool read, write;  /* rights left so far */
    bool finished;
    struct vtdm_second *out;
};

static const char *const level_names[] = {
    "", "second-stage level 1", "second-stage level 2", "second-stage level 3",
    "second-stage level 4", "second-stage level 5",
};

static uint8_t choose(const struct walk *w, uint8_t legacy, uint8_t scalable)
{
    return w->route->legacy ? legacy : scalable;
}

uint8_t vtdm_second_limit(const struct vtdm_tx *tx, uint64_t address)
{
    if (!(address >> tx->route.second_bits))
        return VTD_FAULT_NONE;
    return tx->route.legacy ? VTD_FAULT_LGN_BEYOND_LIMIT : VTD_FAULT_SGN_BEYOND_LIMIT;
}

/* Legacy mode has no reason of its own for this: the missing right becomes the fault. */
static uint8_t absent(struct walk *w)
{
    w->finished = true;
    w->read = w->write = false;
    if (!w->route->legacy)
        return vtdm_refuse(w->tx, VTD_FAULT_SSS_NOT_PRESENT);
    w->out->absent = true;
    vtdm_decide(w->tx, "no rights");
    return VTD_FAULT_NONE;
}

/* Starts below the deepest upper-level entry that is remembered; else at the top. */
static uint8_t start(struct walk *w)
{
    w->level = w->route->second_levels;
    w->table = w->route->second;
    w->read = w->write = true;
    for (unsigned level = 2; level <= w->route->second_levels; level++) {
        struct vtdm_paging entry;
        if (!vtdm_paging_find(w->tx, w->address, level, VTDM_NO_PASID, &entry))
            continue;
        vtdm_step(w->tx, level_names[level], entry.table, 0, NULL, 0, true);
        if (entry.absent)
            return absent(w);
        vtdm_decide(w->tx, "remembered, next table follows");
        w->level = level - 1;
        w->table = entry.table;
        w->read = entry.read;
        w->write = entry.write;
        break;
    }
    return VTD_FAULT_NONE;
}

/* Sets the flags that this use of the entry calls for. */
static uint8_t set_flags(struct walk *w, uint64_t at, uint64_t *entry)
{
    const struct iommu_model_memory *memory = &w->tx->m->host->memory;
    uint64_t want = VTD_SS_A;
    if (!w->route->second_flags)
        return VTD_FAULT_NONE;
    if (vtdm_second_is_leaf(w->level, *entry) && w->mark_dirty && w->write && (*entry & VTD_SS_W))
        want |= VTD_SS_D;
    if ((*entry & want) == want)
        return VTD_FAULT_NONE;
    if (!w->route->snooped)
        return VTD_FAULT_SSS_UPDATE_NOT_SNOOPED;
    if (w->tx->dry)
        return VTD_FAULT_NONE;
    int result = memory->cas64(memory->ctx, at, entry, *entry | want);
    if (result < 0)
        return VTD_FAULT_SSS_UPDATE_FAILED;
    if (result > 0)
        return VTDM_AGAIN;
    *entry |= want;
    return VTD_FAULT_NONE;
}

static void finish(struct walk *w, uint64_t entry)
{
    unsigned lg2 = VTD_LEVEL_SHIFT(w->level);
    uint64_t inside = SPEC_BIT64(lg2) - 1;
    w->out->pa = (entry & VTD_SS_ADDR & ~inside) | (w->address & inside);
    w->out->lg2 = (uint8_t)lg2;
    w->out->dirty = !w->route->second_flags || (entry & VTD_SS_D);
    w->finished = true;
    vtdm_decide(w->tx, "leaf");
}

static void descend(struct walk *w, uint64_t entry)
{
    struct vtdm_paging next = { .table = entry & VTD_SS_ADDR, .read = w->read, .write = w->write };
    vtdm_paging_put(w->tx, w->address, w->level, VTDM_NO_PASID, &next);
    vtdm_decide(w->tx, "present, next table follows");
    w->table = next.table;
    w->level--;
}

static uint8_t not_present(struct walk *w)
{
    struct vtdm_paging none = { .absent = true };
    if (w->level > 1 && vtdm_cap(w->tx->m, VTD_CAP_CM))
        vtdm_paging_put(w->tx, w->address, w->level, VTDM_NO_PASID, &none);
    return absent(w);
}

/* One look at an entry that has been read. */
static uint8_t evaluate(struct walk *w, uint64_t at, uint64_t *entry)
{
    if (!(*entry & (VTD_SS_R | VTD_SS_W)))
        return not_present(w);
    if (vtdm_second_reserved(w->tx->m, w->level, *entry))
        return choose(w, VTD_FAULT_LSS_RESERVED, VTD_FAULT_SSS_RESERVED);
    uint8_t fault = set_flags(w, at, entry);
    if (fault)
        return fault;
    w->read = w->read && (*entry & VTD_SS_R);
    w->write = w->write && (*entry & VTD_SS_W);
    if (!w->read && !w->write)
        return absent(w);
    if (vtdm_second_is_leaf(w->level, *entry))
        finish(w, *entry);
    else
        descend(w, *entry);
    return VTD_FAULT_NONE;
}

static uint8_t unreadable(const struct walk *w)
{
    if (w->level == w->route->second_levels)
        return choose(w, VTD_FAULT_LCT_INVALID, VTD_FAULT_SSS_TOP_ACCESS);
    return choose(w, VTD_FAULT_LSS_ACCESS, VTD_FAULT_SSS_ACCESS);
}

static uint8_t one_level(struct walk *w)
{
    unsigned index = vtdm_index(w->address, w->level);
    uint64_t at = w->table + (uint64_t)index * VTD_PTE_BYTES;
    uint64_t entry = 0;
    bool readable = vtdm_read_entry(w->tx, at, &entry, 1, vtdm_snooped(w->tx->m, w->route));
    vtdm_step(w->tx, level_names[w->level], at, index, &entry, 1, false);
    if (!readable)
        return vtdm_refuse(w->tx, unreadable(w));
    uint8_t fault = VTDM_AGAIN;
    for (unsigned i = 0; i < VTDM_ATTEMPTS && fault == VTDM_AGAIN; i++)
        fault = evaluate(w, at, &entry);
    if (fault == VTDM_AGAIN)
        fault = VTD_FAULT_SSS_UPDATE_FAILED;
    return fault ? vtdm_refuse(w->tx, fault) : fault;
}

uint8_t vtdm_second_walk(struct vtdm_tx *tx, uint64_t address, bool write, struct vtdm_second *out)
{
    struct walk w = {
        .tx = tx, .route = &tx->route, .address = address, .mark_dirty = write, .out = out,
    };
    *out = (struct vtdm_second){ .lg2 = VTD_LEAF_4K_LG2 };
    uint8_t fault = start(&w);
    while (!fault && !w.finished)
        fault = one_level(&w);
    out->read = w.read;
    out->write = w.write;
    return fault;
}
