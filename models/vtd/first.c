/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/first.c - the first-stage walk, alone or nested on a second stage.
 *
 * Architecture: "First-stage translation", "First-stage paging entries", "Nested translation",
 * "Accessed, extended accessed and dirty flags". Under nesting every table pointer and the final address
 * are inputs of the second stage. Lock: held. Called by translate.c.
 */
#include "models/vtd/entries.h"

struct walk {
    struct vtdm_tx *tx;
    const struct vtdm_route *route;
    uint64_t address;
    unsigned level;        /* of the table to be read next */
    uint64_t table, guest; /* that table: in host memory, and as the first stage names it */
    bool write, user;      /* rights left so far */
    bool extended;
    bool finished;
    uint64_t leaf;         /* the leaf entry */
};

static const char *const level_names[] = {
    "", "first-stage level 1", "first-stage level 2", "first-stage level 3",
    "first-stage level 4", "first-stage level 5",
};

static bool nested(const struct walk *w)
{
    return w->route->pgtt == VTD_PGTT_NESTED;
}

/* Where a first-stage table lies in host memory. */
static uint8_t locate(struct walk *w, uint64_t guest, uint8_t denied)
{
    struct vtdm_second second;
    w->guest = w->table = guest;
    if (!nested(w))
        return VTD_FAULT_NONE;
    if (vtdm_second_limit(w->tx, guest))
        return vtdm_refuse(w->tx, VTD_FAULT_SFS_POINTER_BEYOND);
    uint8_t fault = vtdm_second_walk(w->tx, guest, false, &second);
    if (fault)
        return fault;
    if (!second.read)
        return vtdm_refuse(w->tx, denied);
    w->table = second.pa;
    return VTD_FAULT_NONE;
}

static bool remembered(struct walk *w)
{
    for (unsigned level = 2; level <= w->route->first_levels; level++) {
        struct vtdm_paging entry;
        if (!vtdm_paging_find(w->tx, w->address, level, w->route->tag, &entry) ||
            (w->route->extended && !entry.extended))
            continue;
        vtdm_step(w->tx, level_names[level], entry.table, 0, NULL, 0, true);
        vtdm_decide(w->tx, "remembered, next table follows");
        w->level = level - 1;
        w->table = entry.table;
        w->guest = entry.guest;
        w->write = entry.write;
        w->user = entry.user;
        return true;
    }
    return false;
}

static uint8_t start(struct walk *w)
{
    w->write = w->user = true;
    w->extended = w->route->extended;
    if (remembered(w))
        return VTD_FAULT_NONE;
    w->level = w->route->first_levels;
    return locate(w, w->route->first, VTD_FAULT_SFS_TOP_NO_READ);
}

static bool write_permitted(const struct walk *w)
{
    if (w->tx->privileged)
        return w->write || !w->route->write_protect;
    return w->write && w->user;
}

/* Under nesting, updating a flag is a write to the guest's table. */
static uint8_t table_writable(struct walk *w)
{
    struct vtdm_second second;
    if (!nested(w))
        return VTD_FAULT_NONE;
    uint8_t fault = vtdm_second_walk(w->tx, w->guest, true, &second);
    if (fault)
        return fault;
    return second.write ? VTD_FAULT_NONE : VTD_FAULT_SFS_NO_WRITE;
}

static uint8_t set_flags(struct walk *w, uint64_t at, uint64_t *entry)
{
    const struct iommu_model_memory *memory = &w->tx->m->host->memory;
    uint64_t want = VTD_FS_A;
    if (w->route->extended)
        want |= VTD_FS_EA;
    if (vtdm_first_is_leaf(w->level, *entry) && w->tx->write && write_permitted(w))
        want |= VTD_FS_D;
    if ((*entry & want) == want)
        return VTD_FAULT_NONE;
    if (!w->route->snooped)
        return VTD_FAULT_SFS_UPDATE_NOT_SNOOPED;
    uint8_t fault = table_writable(w);
    if (fault || w->tx->dry)
        return fault;
    int result = memory->cas64(memory->ctx, at, entry, *entry | want);
    if (result < 0)
        return VTD_FAULT_SFS_UPDATE_FAILED;
    if (result > 0)
        return VTDM_AGAIN;
    *entry |= want;
    return VTD_FAULT_NONE;
}

/* The entry names a table; finding it may take a second-stage walk. */
static uint8_t descend(struct walk *w, uint64_t entry)
{
    vtdm_decide(w->tx, "present, next table follows");
    uint8_t fault = locate(w, entry & VTD_FS_ADDR, VTD_FAULT_SFS_NO_READ);
    if (fault)
        return fault;
    struct vtdm_paging next = {
        .table = w->table, .guest = w->guest, .write = w->write, .user = w->user,
        .nested = nested(w), .extended = w->extended,
    };
    vtdm_paging_put(w->tx, w->address, w->level, w->route->tag, &next);
    w->level--;
    return VTD_FAULT_NONE;
}

static uint8_t evaluate(struct walk *w, uint64_t at, uint64_t *entry)
{
    bool write = w->write, user = w->user;
    if (!(*entry & VTD_FS_P))
        return vtdm_refuse(w->tx, VTD_FAULT_SFS_NOT_PRESENT);
    if (vtdm_first_reserved(w->tx->m, nested(w), w->level, *entry))
        return vtdm_refuse(w->tx, VTD_FAULT_SFS_RESERVED);
    w->write = write && (*entry & VTD_FS_RW);
    w->user = user && (*entry & VTD_FS_US);
    uint8_t fault = set_flags(w, at, entry);
    if (fault == VTDM_AGAIN) {
        w->write = write;
        w->user = user;
        return fault;
    }
    if (fault)
        return vtdm_refuse(w->tx, fault);
    if (!vtdm_first_is_leaf(w->level, *entry))
        return descend(w, *entry);
    w->leaf = *entry;
    w->finished = true;
    vtdm_decide(w->tx, "leaf");
    return VTD_FAULT_NONE;
}

static uint8_t one_level(struct walk *w)
{
    unsigned index = vtdm_index(w->address, w->level);
    uint64_t at = w->table + (uint64_t)index * VTD_PTE_BYTES;
    uint64_t entry = 0;
    bool top = w->level == w->route->first_levels;
    bool readable = vtdm_read_entry(w->tx, at, &entry, 1, w->route->snooped);
    vtdm_step(w->tx, level_names[w->level], at, index, &entry, 1, false);
    if (!readable)
        return vtdm_refuse(w->tx, top ? VTD_FAULT_SFS_TOP_ACCESS : VTD_FAULT_SFS_ACCESS);
    uint8_t fault = VTDM_AGAIN;
    for (unsigned i = 0; i < VTDM_ATTEMPTS && fault == VTDM_AGAIN; i++)
        fault = evaluate(w, at, &entry);
    return fault == VTDM_AGAIN ? vtdm_refuse(w->tx, VTD_FAULT_SFS_UPDATE_FAILED) : fault;
}

/* The first stage's output goes through the second stage; the smaller page of the two counts. */
static uint8_t translate_output(struct walk *w, uint64_t output, struct vtdm_page *page)
{
    struct vtdm_second second;
    uint8_t fault = vtdm_second_limit(w->tx, output);
    if (fault)
        return vtdm_refuse(w->tx, fault);
    fault = vtdm_second_walk(w->tx, output, w->tx->write && write_permitted(w), &second);
    if (fault)
        return fault;
    page->second_read = second.read;
    page->second_write = second.write;
    page->dirty = page->dirty && second.dirty;
    if (second.lg2 < page->lg2)
        page->lg2 = second.lg2;
    page->pa = second.pa & ~(SPEC_BIT64(page->lg2) - 1);
    return VTD_FAULT_NONE;
}

uint8_t vtdm_first_walk(struct vtdm_tx *tx, uint64_t address, struct vtdm_page *page)
{
    struct walk w = { .tx = tx, .route = &tx->route, .address = address };
    uint8_t fault = start(&w);
    while (!fault && !w.finished)
        fault = one_level(&w);
    if (fault)
        return fault;
    unsigned lg2 = VTD_LEVEL_SHIFT(w.level);
    uint64_t inside = SPEC_BIT64(lg2) - 1;
    uint64_t output = (w.leaf & VTD_FS_ADDR & ~inside) | (address & inside);
    page->pa = output & ~inside;
    page->lg2 = (uint8_t)lg2;
    page->first_write = w.write;
    page->user = w.user;
    page->second_read = page->second_write = true;
    page->dirty = w.leaf & VTD_FS_D;
    page->extended = w.extended;
    return nested(&w) ? translate_output(&w, output, page) : VTD_FAULT_NONE;
}
