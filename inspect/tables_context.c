/* SPDX-License-Identifier: MIT */
/* tables_context.c - root and context entries of one unit, legacy and scalable: who has which way in. */
#include "inspect/tables_walker.h"

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define BUSES 256u

static bool wants(const struct tables_walker *walker, unsigned rid, unsigned mask)
{
    return !walker->filter->has_rid || ((walker->filter->rid ^ rid) & mask) == 0;
}

/* ---- legacy ---------------------------------------------------------------------------------------------------- */

static bool legacy_route(struct tables_walker *walker, const uint64_t *words, uint64_t address)
{
    uint64_t type = SPEC_GET(VTD_LCE0_TT, words[0]);
    bool pass = type == VTD_TT_PASS_THROUGH;
    struct inspect_route route = {
        .unit = walker->unit,
        .rid = walker->rid,
        .kind = pass ? INSPECT_KIND_PASS : INSPECT_KIND_SECOND,
        .did = (uint16_t)SPEC_GET(VTD_LCE1_DID, words[1]),
        .top = pass ? 0 : words[0] & VTD_LCE0_SSPTPTR,
        .levels = pass ? 0 : (unsigned)VTD_AW_LEVELS(SPEC_GET(VTD_LCE1_AW, words[1])),
        .ats = type == VTD_TT_DEVICE_TLB,
        .fault_processing_disabled = words[0] & VTD_LCE0_FPD,
        .context_entry_address = address,
        .entry_address = address,
        .context = {words[0], words[1], 0, 0},
    };
    return tables_add_route(walker, &route);
}

static bool legacy_entry(struct tables_walker *walker, const uint64_t *words, uint64_t address)
{
    struct tables_flaw flaw;
    if (!(words[0] & VTD_LCE0_P))
        return true;
    if (!tables_legacy_context_sound(walker, words, &flaw))
        return tables_flaw(walker, "context entry", address, &flaw);
    return legacy_route(walker, words, address);
}

static bool legacy_contexts(struct tables_walker *walker, unsigned bus, uint64_t table)
{
    enum tables_read read = tables_read(walker, table, "context table", 0, walker->context);
    if (read != TABLES_READ)
        return read == TABLES_MISSING;
    if (!tables_tell_table(walker, INSPECT_TABLE_CONTEXT, 0, table, VTD_PAGE_BYTES))
        return false;
    for (unsigned devfn = 0; devfn < VTD_LCE_ENTRIES; devfn++) {
        unsigned rid = bus << 8 | devfn;
        if (!wants(walker, rid, 0xffff))
            continue;
        walker->rid = (uint16_t)rid;
        walker->has_rid = true;
        if (!legacy_entry(walker, &walker->context[(size_t)devfn * 2], table + (uint64_t)devfn * VTD_LCE_BYTES))
            return false;
    }
    walker->has_rid = false;
    return true;
}

static bool legacy_bus(struct tables_walker *walker, unsigned bus, uint64_t address)
{
    const uint64_t *words = &walker->root[(size_t)bus * 2];
    struct tables_flaw flaw;
    if (!(words[0] & VTD_LRE0_P))
        return true;
    if (!tables_root_sound(walker, words[0], words[1], &flaw))
        return tables_flaw(walker, "root entry", address, &flaw);
    return legacy_contexts(walker, bus, words[0] & VTD_LRE0_CTP);
}

/* ---- scalable -------------------------------------------------------------------------------------------------- */

static bool scalable_entry(struct tables_walker *walker, const uint64_t *words, uint64_t address)
{
    struct tables_flaw flaw;
    if (!(words[0] & VTD_SCE0_P))
        return true;
    if (!tables_context_sound(walker, words, &flaw))
        return tables_flaw(walker, "context entry", address, &flaw);
    return tables_pasid_routes(walker, words, address);
}

/* Half a bus: 128 device functions from `first` on. */
static bool scalable_contexts(struct tables_walker *walker, unsigned first, uint64_t table)
{
    enum tables_read read = tables_read(walker, table, "context table", 0, walker->context);
    if (read != TABLES_READ)
        return read == TABLES_MISSING;
    if (!tables_tell_table(walker, INSPECT_TABLE_CONTEXT, 0, table, VTD_PAGE_BYTES))
        return false;
    for (unsigned i = 0; i < VTD_SCE_ENTRIES; i++) {
        if (!wants(walker, first + i, 0xffff))
            continue;
        walker->rid = (uint16_t)(first + i);
        walker->has_rid = true;
        if (!scalable_entry(walker, &walker->context[(size_t)i * 4], table + (uint64_t)i * VTD_SCE_BYTES))
            return false;
    }
    walker->has_rid = false;
    return true;
}

static bool scalable_bus(struct tables_walker *walker, unsigned bus, uint64_t address)
{
    struct tables_flaw flaw;
    for (unsigned half = 0; half < 2; half++) {
        uint64_t word = walker->root[bus * 2 + half];
        unsigned first = bus << 8 | half << 7;
        bool fine = true;
        if (!(word & VTD_SRE0_LP) || !wants(walker, first, 0xff80))
            continue;
        if (tables_root_sound(walker, word, 0, &flaw))
            fine = scalable_contexts(walker, first, word & VTD_SRE0_LCTP);
        else
            fine = tables_flaw(walker, "root entry", address + (uint64_t)half * 8, &flaw);
        if (!fine)
            return false;
    }
    return true;
}

/* ---- both ------------------------------------------------------------------------------------------------------ */

typedef bool bus_fn(struct tables_walker *walker, unsigned bus, uint64_t address);

static bool buses(struct tables_walker *walker, uint64_t root, bus_fn *each)
{
    enum tables_read read = tables_read(walker, root, "root table", 0, walker->root);
    if (read != TABLES_READ)
        return read == TABLES_MISSING;
    if (!tables_tell_table(walker, INSPECT_TABLE_ROOT, 0, root, VTD_PAGE_BYTES))
        return false;
    for (unsigned bus = 0; bus < BUSES; bus++)
        if (wants(walker, bus << 8, 0xff00) && !each(walker, bus, root + (uint64_t)bus * VTD_ROOT_BYTES))
            return false;
    return true;
}

bool tables_legacy_routes(struct tables_walker *walker, uint64_t root)
{
    if (walker->filter->has_pasid)
        return true; /* no requests with PASID in legacy mode */
    return buses(walker, root, legacy_bus);
}

bool tables_scalable_routes(struct tables_walker *walker, uint64_t root)
{
    return buses(walker, root, scalable_bus);
}
