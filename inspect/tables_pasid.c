/* SPDX-License-Identifier: MIT */
/* tables_pasid.c - PASID directory and PASID tables behind one scalable context entry. */
#include "inspect/tables_walker.h"

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define ENTRIES_A_PAGE (VTD_PAGE_BYTES / VTD_PDE_BYTES)

/* The context entry at hand. */
struct source {
    const uint64_t *context;
    uint64_t address;
    uint32_t rid_pasid;
    unsigned pasid_bits; /* that requests can carry; 0: none are allowed */
    bool directory_fpd; /* of the directory entry at hand */
};

static enum inspect_kind kind_of(uint64_t type)
{
    switch (type) {
    case VTD_PGTT_FIRST:
        return INSPECT_KIND_FIRST;
    case VTD_PGTT_SECOND:
        return INSPECT_KIND_SECOND;
    case VTD_PGTT_NESTED:
        return INSPECT_KIND_NESTED;
    default:
        return INSPECT_KIND_PASS;
    }
}

static void set_tables(struct inspect_route *route)
{
    unsigned first = SPEC_GET(VTD_PE2_FSPM, route->entry[2]) == VTD_FSPM_5LEVEL ? 5 : 4;
    unsigned second = (unsigned)VTD_AW_LEVELS(SPEC_GET(VTD_PE0_AW, route->entry[0]));
    uint64_t first_top = route->entry[2] & VTD_PE2_FSPTPTR, second_top = route->entry[0] & VTD_PE0_SSPTPTR;
    if (route->kind == INSPECT_KIND_FIRST || route->kind == INSPECT_KIND_NESTED) {
        route->top = first_top;
        route->levels = first;
    }
    if (route->kind == INSPECT_KIND_SECOND) {
        route->top = second_top;
        route->levels = second;
    }
    if (route->kind == INSPECT_KIND_NESTED) {
        route->second_top = second_top;
        route->second_levels = second;
    }
}

static void set_flags(struct inspect_route *route, const struct source *source)
{
    const uint64_t *context = source->context, *entry = route->entry;
    route->ats = context[0] & VTD_SCE0_DTE;
    route->page_requests = context[0] & VTD_SCE0_PRE;
    route->supervisor = entry[2] & VTD_PE2_SRE;
    route->write_protect = entry[2] & VTD_PE2_WPE;
    route->execute_disable = entry[2] & SPEC_BIT64(5); /* where it was before it became ignored */
    route->privileged = !route->has_pasid && (context[1] & VTD_SCE1_RID_PRIV);
    route->blocked = route->has_pasid && (source->pasid_bits == 0 || route->pasid >> source->pasid_bits);
    route->fault_processing_disabled =
        (context[0] & VTD_SCE0_FPD) || source->directory_fpd || (entry[0] & VTD_PE0_FPD);
    route->no_snoop_forced = entry[1] & VTD_PE1_PGSNP;
}

static bool tell_blocked(struct tables_walker *walker, const struct inspect_route *route)
{
    struct tables_place place = {route->entry_address, route->entry[0], 0};
    if (!route->blocked)
        return true;
    return tables_trouble(walker, INSPECT_TROUBLE_UNREACHABLE, place,
                          "PASID %#x has an entry that no request reaches: %s", route->pasid,
                          route->context[0] & VTD_SCE0_PASIDE ? "it is wider than the unit's PASIDs (ECAP.PSS)"
                                                              : "the context entry allows no PASIDs (PASIDE = 0)");
}

static bool tell_route(struct tables_walker *walker, const struct source *source, uint32_t pasid,
                       const uint64_t *words, uint64_t address)
{
    struct inspect_route route = {
        .unit = walker->unit,
        .rid = walker->rid,
        .has_pasid = pasid != source->rid_pasid,
        .pasid = pasid,
        .rid_pasid = pasid == source->rid_pasid,
        .kind = kind_of(SPEC_GET(VTD_PE0_PGTT, words[0])),
        .did = (uint16_t)SPEC_GET(VTD_PE1_DID, words[1]),
        .context_entry_address = source->address,
        .entry_address = address,
    };
    for (unsigned i = 0; i < 4; i++)
        route.context[i] = source->context[i];
    for (unsigned i = 0; i < VTD_PE_QWORDS; i++)
        route.entry[i] = words[i];
    set_tables(&route);
    set_flags(&route, source);
    return tell_blocked(walker, &route) && tables_add_route(walker, &route);
}

static bool wants(const struct tables_walker *walker, const struct source *source, uint32_t pasid)
{
    return !walker->filter->has_pasid || (walker->filter->pasid == pasid && pasid != source->rid_pasid);
}

static bool pasid_entry(struct tables_walker *walker, const struct source *source, uint32_t pasid,
                        const uint64_t *words, uint64_t address)
{
    struct tables_flaw flaw;
    if (!(words[0] & VTD_PE0_P) || !wants(walker, source, pasid))
        return true;
    walker->pasid = pasid;
    walker->has_pasid = true;
    bool fine = tables_pasid_sound(walker, words, &flaw) ? tell_route(walker, source, pasid, words, address)
                                                         : tables_flaw(walker, "PASID entry", address, &flaw);
    walker->has_pasid = false;
    return fine;
}

static bool pasid_table(struct tables_walker *walker, const struct source *source, uint32_t first, uint64_t table)
{
    enum tables_read read = tables_read(walker, table, "PASID table", 0, walker->pasids);
    if (read != TABLES_READ)
        return read == TABLES_MISSING;
    if (!tables_tell_table(walker, INSPECT_TABLE_PASID, 0, table, VTD_PAGE_BYTES))
        return false;
    for (unsigned i = 0; i < VTD_PE_ENTRIES; i++)
        if (!pasid_entry(walker, source, first + i, &walker->pasids[(size_t)i * VTD_PE_QWORDS],
                         table + (uint64_t)i * VTD_PE_BYTES))
            return false;
    return true;
}

static bool directory_entry(struct tables_walker *walker, struct source *source, unsigned index, uint64_t entry,
                            uint64_t address)
{
    struct tables_flaw flaw;
    if (!(entry & VTD_PDE_P))
        return true;
    if (walker->filter->has_pasid && walker->filter->pasid / VTD_PE_ENTRIES != index)
        return true;
    if (!tables_directory_sound(walker, entry, &flaw))
        return tables_flaw(walker, "PASID directory entry", address, &flaw);
    source->directory_fpd = entry & VTD_PDE_FPD;
    return pasid_table(walker, source, index * VTD_PE_ENTRIES, entry & VTD_PDE_SMPTBLPTR);
}

/* One page of the directory, whose entries count from `first`. */
static bool directory_page(struct tables_walker *walker, struct source *source, unsigned first, unsigned count,
                           uint64_t page)
{
    enum tables_read read = tables_read(walker, page, "PASID directory", 0, walker->directory);
    if (read != TABLES_READ)
        return read == TABLES_MISSING;
    for (unsigned i = 0; i < count; i++)
        if (!directory_entry(walker, source, first + i, walker->directory[i], page + (uint64_t)i * VTD_PDE_BYTES))
            return false;
    return true;
}

bool tables_pasid_routes(struct tables_walker *walker, const uint64_t *context, uint64_t context_address)
{
    uint64_t directory = context[0] & VTD_SCE0_PASIDDIRPTR;
    unsigned entries = 1u << VTD_PDTS_ENTRIES_LG2(SPEC_GET(VTD_SCE0_PDTS, context[0]));
    struct source source = {
        .context = context,
        .address = context_address,
        .rid_pasid = (uint32_t)SPEC_GET(VTD_SCE1_RID_PASID, context[1]),
    };
    if (context[0] & VTD_SCE0_PASIDE)
        source.pasid_bits = (unsigned)SPEC_GET(VTD_ECAP_PSS, walker->ecap) + 1;
    if (!tables_tell_table(walker, INSPECT_TABLE_PASID_DIRECTORY, 0, directory, (uint64_t)entries * VTD_PDE_BYTES))
        return false;
    for (unsigned first = 0; first < entries; first += ENTRIES_A_PAGE) {
        unsigned count = entries - first < ENTRIES_A_PAGE ? entries - first : ENTRIES_A_PAGE;
        if (!directory_page(walker, &source, first, count, directory + (uint64_t)first * VTD_PDE_BYTES))
            return false;
    }
    return true;
}
