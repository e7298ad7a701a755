/* SPDX-License-Identifier: MIT */
/* audit_route.c - what a context or PASID entry allows, each for itself. */
#include "inspect/audit_state.h"

#include <endian.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

/* The entry that decides: the PASID entry, in legacy mode the context entry. */
#define ENTRY "the entry at %#llx is %#llx"
#define ENTRY_OF(route) (unsigned long long)(route)->entry_address, (unsigned long long)(route)->entry
#define CONTEXT "the context entry at %#llx is %#llx"
#define CONTEXT_OF(route) (unsigned long long)(route)->context_address, (unsigned long long)(route)->context

static bool scalable(const struct audit_route *route)
{
    return route->directory != 0;
}

/* ---- each route */

static void check_pass_through(struct audit *audit, const struct audit_route *route)
{
    if (route->kind == INSPECT_KIND_PASS && !route->blocked)
        audit_of_route(audit,
                       audit_find(audit, AUDIT_PASS_THROUGH, ENTRY ": %s, domain id %u", ENTRY_OF(route),
                                  scalable(route) ? "PGTT is 4" : "TT is 2", route->did),
                       route);
}

static void check_supervisor(struct audit *audit, const struct audit_route *route)
{
    bool first = route->kind == INSPECT_KIND_FIRST || route->kind == INSPECT_KIND_NESTED;
    if (!first || !route->supervisor || !route->has_pasid || route->blocked)
        return;
    struct inspect_finding *finding =
        audit_find(audit, AUDIT_SUPERVISOR, ENTRY ": SRE is 1 and WPE %d", ENTRY_OF(route), route->write_protect);
    audit_of_route(audit, finding, route);
    audit_severity(finding, route->write_protect ? INSPECT_LOW : INSPECT_MEDIUM);
}

static void check_did(struct audit *audit, const struct audit_route *route)
{
    const struct inspect_unit *unit = audit_registers(audit, route->unit);
    if (route->did == 0 && audit_known(unit, INSPECT_CAP) && (unit->value[INSPECT_CAP] & VTD_CAP_CM))
        audit_of_route(audit,
                       audit_find(audit, AUDIT_DID_ZERO, ENTRY ": domain id 0, and CAP.CM is 1", ENTRY_OF(route)),
                       route);
}

static void check_width(struct audit *audit, const struct audit_route *route)
{
    const struct inspect_unit *unit = audit_registers(audit, route->unit);
    unsigned bits = (unsigned)SPEC_GET(VTD_ECAP_PSS, unit->value[INSPECT_ECAP]) + 1;
    if (!route->has_pasid || !audit_known(unit, INSPECT_ECAP) || route->pasid >> bits == 0)
        return;
    audit_of_route(audit,
                   audit_find(audit, AUDIT_PASID_BEYOND, ENTRY ": PASID %#x has more than the unit's %u bits",
                              ENTRY_OF(route), route->pasid, bits),
                   route);
}

/* FPD in the context entry silences all of the device: told once, with the device. */
static void check_silenced(struct audit *audit, const struct audit_route *route, bool new_device)
{
    bool whole = route->context & VTD_SCE0_FPD;
    if (!route->silenced || (whole && !new_device))
        return;
    if (whole)
        audit_of_device(audit, audit_find(audit, AUDIT_FAULT_SILENCED, CONTEXT ": FPD is 1", CONTEXT_OF(route)),
                        route->unit, route->rid);
    else
        audit_of_route(audit,
                       audit_find(audit, AUDIT_FAULT_SILENCED,
                                  ENTRY ": FPD is 1 in it or in the directory's entry", ENTRY_OF(route)),
                       route);
}

/* ---- each device */

/* Directories of up to 256 entries do not fill their page; what is behind the end is out of reach. */
static void check_directory_end(struct audit *audit, const struct audit_route *route)
{
    uint64_t directory = route->directory & VTD_SCE0_PASIDDIRPTR;
    unsigned entries = 1u << VTD_PDTS_ENTRIES_LG2(SPEC_GET(VTD_SCE0_PDTS, route->directory));
    unsigned stale = 0, first = 0;
    if (!scalable(route) || entries >= INSPECT_PAGE / VTD_PDE_BYTES)
        return;
    const uint64_t *words = inspect_memory_page(audit->input->machine.memory, directory, NULL);
    if (words == NULL)
        return;
    for (unsigned i = entries; i < INSPECT_PAGE / VTD_PDE_BYTES; i++)
        if ((le64toh(words[i]) & VTD_PDE_P) && stale++ == 0)
            first = i;
    if (stale != 0)
        audit_of_device(audit,
                        audit_find(audit, AUDIT_PASID_BEYOND,
                                   "%u entries behind the %u of the PASID directory at %#llx; the first is %u, %#llx",
                                   stale, entries, (unsigned long long)directory, first,
                                   (unsigned long long)le64toh(words[first])),
                        route->unit, route->rid);
}

static void check_page_requests(struct audit *audit, const struct audit_route *route)
{
    const struct inspect_unit *unit = audit_registers(audit, route->unit);
    if (route->page_requests && audit_known(unit, INSPECT_PQA) && (unit->value[INSPECT_PQA] & VTD_PQA_PQA) == 0)
        audit_of_device(audit,
                        audit_find(audit, AUDIT_PAGE_REQUEST_QUEUE, CONTEXT ": PRE is 1, and PQA is 0",
                                   CONTEXT_OF(route)),
                        route->unit, route->rid);
}

static bool listed(const struct inspect_bdf *list, size_t count, uint16_t segment, uint16_t rid)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].segment == segment && list[i].rid == rid)
            return true;
    return false;
}

static void check_present(struct audit *audit, const struct audit_route *route)
{
    const struct inspect_audit_input *input = audit->input;
    uint16_t segment = audit_registers(audit, route->unit)->segment;
    if (input->present != NULL && !listed(input->present, input->present_count, segment, route->rid))
        audit_of_device(audit,
                        audit_find(audit, AUDIT_DEVICE_MISSING,
                                   CONTEXT ", and the list of devices has no such function", CONTEXT_OF(route)),
                        route->unit, route->rid);
}

/* ---- all */

void audit_routes(struct audit *audit)
{
    for (size_t i = 0; i < audit->routes.count; i++) {
        const struct audit_route *route = audit_route_at(audit, i);
        bool new_device = audit_new_device(audit, i);
        check_pass_through(audit, route);
        check_supervisor(audit, route);
        check_did(audit, route);
        check_width(audit, route);
        check_silenced(audit, route, new_device);
        if (!new_device)
            continue;
        check_directory_end(audit, route);
        check_page_requests(audit, route);
        check_present(audit, route);
    }
    if (audit->input->present == NULL)
        audit_not_judged(audit, "entries of devices that do not exist: give the machine's devices with --devices");
}
