/* SPDX-License-Identifier: MIT */
/* tables.c - see tables.h: the order of a walk, first each unit's routes, then each domain's page tables. */
#include "inspect/tables_walker.h"

#include <errno.h>
#include <stdlib.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define DEFAULT_ENTRIES  ((uint64_t)1 << 30)
#define DEFAULT_ROUTES   ((uint64_t)1 << 21)
#define DEFAULT_TROUBLES 10000u
#define DEFAULT_REPEATS  1024u

/* A unit that can do everything. */
#define ANY_CAP                                                                                                        \
    (SPEC_PUT(VTD_CAP_ND, (uint64_t)VTD_CAP_ND_MAX) | SPEC_PUT(VTD_CAP_MGAW, (uint64_t)56) |                           \
     SPEC_PUT(VTD_CAP_SAGAW, (uint64_t)(VTD_SAGAW_39 | VTD_SAGAW_48 | VTD_SAGAW_57)) |                                 \
     SPEC_PUT(VTD_CAP_SSLPS, (uint64_t)(VTD_SSLPS_2M | VTD_SSLPS_1G)) | VTD_CAP_PLMR | VTD_CAP_PHMR | VTD_CAP_FS1GP |  \
     VTD_CAP_FS5LP)
#define ANY_ECAP                                                                                                       \
    (VTD_ECAP_C | VTD_ECAP_QI | VTD_ECAP_DT | VTD_ECAP_PT | VTD_ECAP_SC | VTD_ECAP_MTS | VTD_ECAP_NEST |               \
     VTD_ECAP_PRS | VTD_ECAP_SRS | VTD_ECAP_EAFS | SPEC_PUT(VTD_ECAP_PSS, (uint64_t)(VTD_PASID_BITS - 1)) |            \
     VTD_ECAP_PASID | VTD_ECAP_SMTS | VTD_ECAP_SSADS | VTD_ECAP_SSTS | VTD_ECAP_FSTS | VTD_ECAP_SMPWCS |               \
     VTD_ECAP_RPS | VTD_ECAP_RPRIVS)

static bool knows(const struct inspect_unit *unit, enum inspect_register reg)
{
    return unit->known >> reg & 1;
}

uint64_t inspect_unit_cap(const struct inspect_unit *unit)
{
    return knows(unit, INSPECT_CAP) ? unit->value[INSPECT_CAP] : ANY_CAP;
}

uint64_t inspect_unit_ecap(const struct inspect_unit *unit)
{
    return knows(unit, INSPECT_ECAP) ? unit->value[INSPECT_ECAP] : ANY_ECAP;
}

static bool has_status(const struct inspect_unit *unit, uint64_t bit)
{
    return !knows(unit, INSPECT_GSTS) || (unit->value[INSPECT_GSTS] & bit);
}

static enum inspect_mode table_mode(const struct inspect_unit *unit)
{
    switch (SPEC_GET(VTD_RTADDR_TTM, unit->value[INSPECT_RTADDR])) {
    case VTD_TTM_LEGACY:
        return INSPECT_MODE_LEGACY;
    case VTD_TTM_SCALABLE:
        return INSPECT_MODE_SCALABLE;
    default:
        return INSPECT_MODE_OFF;
    }
}

enum inspect_mode inspect_unit_mode(const struct inspect_unit *unit)
{
    if (!knows(unit, INSPECT_RTADDR) || !has_status(unit, VTD_GSTS_TES))
        return INSPECT_MODE_OFF;
    return table_mode(unit);
}

const char *inspect_kind_name(enum inspect_kind kind)
{
    static const char *const names[] = {"first", "second", "nested", "pass-through"};
    return names[kind];
}

const char *inspect_trouble_name(enum inspect_trouble_kind kind)
{
    static const char *const names[] = {
        [INSPECT_TROUBLE_ABSENT] = "absent",
        [INSPECT_TROUBLE_UNREADABLE] = "unreadable",
        [INSPECT_TROUBLE_RESERVED] = "reserved",
        [INSPECT_TROUBLE_BAD_TYPE] = "bad-type",
        [INSPECT_TROUBLE_BEYOND_WIDTH] = "beyond-width",
        [INSPECT_TROUBLE_MISALIGNED] = "misaligned",
        [INSPECT_TROUBLE_LOOP] = "loop",
        [INSPECT_TROUBLE_LIMIT] = "limit",
        [INSPECT_TROUBLE_REGISTERS] = "registers",
        [INSPECT_TROUBLE_UNREACHABLE] = "unreachable",
        [INSPECT_TROUBLE_DENIED] = "denied",
    };
    return names[kind];
}

void inspect_route_rights(const struct inspect_route *route, const struct inspect_range *range, bool *read, bool *write)
{
    bool first = route->kind == INSPECT_KIND_FIRST || route->kind == INSPECT_KIND_NESTED;
    /* Privileged requests come with a PASID, or are all those without where RID_PRIV says so. */
    bool privileged = route->supervisor && (route->has_pasid ? !range->user : route->privileged);
    bool refused = route->blocked || (!route->has_pasid && route->privileged && !route->supervisor);
    *read = range->read && !refused;
    *write = range->write && !refused;
    if (!first || refused)
        return;
    if (!range->user && !privileged)
        *read = *write = false;
    else if (privileged && !route->write_protect && route->kind == INSPECT_KIND_FIRST)
        *write = true; /* under nesting the second stage's right is already in */
}

/* ---- queues and the interrupt table --------------------------------------------------------------------------- */

static bool tell_queue(struct tables_walker *walker, enum inspect_register reg, enum inspect_table_role role,
                       uint64_t bytes)
{
    uint64_t address = walker->registers->value[reg] & VTD_PTR;
    if (!knows(walker->registers, reg) || address == 0)
        return true;
    return tables_tell_table(walker, role, 0, address, bytes);
}

static bool tell_queues(struct tables_walker *walker)
{
    const uint64_t *value = walker->registers->value;
    uint64_t page = VTD_PAGE_BYTES;
    uint64_t interrupts = (uint64_t)16 << (SPEC_GET(VTD_IRTA_S, value[INSPECT_IRTA]) + 1);
    return tell_queue(walker, INSPECT_IQA, INSPECT_TABLE_QUEUE, page << SPEC_GET(VTD_IQA_QS, value[INSPECT_IQA])) &&
           tell_queue(walker, INSPECT_IRTA, INSPECT_TABLE_INTERRUPT, interrupts) &&
           tell_queue(walker, INSPECT_PQA, INSPECT_TABLE_PAGE_REQUEST,
                      page << SPEC_GET(VTD_PQA_PQS, value[INSPECT_PQA]));
}

/* ---- units ---------------------------------------------------------------------------------------------------- */

static bool bad_registers(struct tables_walker *walker, const char *what)
{
    struct tables_place place = {0, walker->registers->value[INSPECT_RTADDR], 0};
    return tables_trouble(walker, INSPECT_TROUBLE_REGISTERS, place, "%s", what);
}

static bool walk_roots(struct tables_walker *walker)
{
    uint64_t root = walker->registers->value[INSPECT_RTADDR] & VTD_RTADDR_RTA;
    if (!has_status(walker->registers, VTD_GSTS_TES) &&
        !bad_registers(walker, "translation is off (GSTS.TES = 0): every device reaches all memory, "
                               "whatever these tables say"))
        return false;
    if (root == 0 || !has_status(walker->registers, VTD_GSTS_RTPS))
        return bad_registers(walker, "no root table has been set (RTADDR is 0, or GSTS.RTPS is)");
    if (table_mode(walker->registers) == INSPECT_MODE_LEGACY)
        return tables_legacy_routes(walker, root);
    if (table_mode(walker->registers) == INSPECT_MODE_SCALABLE)
        return tables_scalable_routes(walker, root);
    if (SPEC_GET(VTD_RTADDR_TTM, walker->registers->value[INSPECT_RTADDR]) == VTD_TTM_ABORT)
        return bad_registers(walker, "the unit aborts all DMA (RTADDR.TTM = 3): no device reaches anything");
    return bad_registers(walker, "the table mode is reserved (RTADDR.TTM = 2): every request faults");
}

static bool walk_unit(struct tables_walker *walker, unsigned unit)
{
    const struct inspect_unit *registers = &walker->machine->registers->unit[unit];
    if (walker->filter->has_rid && walker->filter->segment != registers->segment)
        return true;
    walker->unit = unit;
    walker->registers = registers;
    walker->cap = inspect_unit_cap(registers);
    walker->ecap = inspect_unit_ecap(registers);
    walker->traits = tables_traits(walker);
    walker->has_rid = walker->has_pasid = walker->has_domain = false;
    if (!knows(registers, INSPECT_RTADDR))
        return bad_registers(walker, "RTADDR is not known: where the tables begin cannot be found");
    return tell_queues(walker) && walk_roots(walker);
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

/* Where there are too many routes, those that were told still get their page tables. */
static void walk_all(struct tables_walker *walker)
{
    bool more = true;
    for (unsigned i = 0; more && i < walker->machine->registers->count; i++)
        more = walk_unit(walker, i);
    more = more || (walker->result == 0 && walker->left.routes == 0);
    for (unsigned i = 0; more && i < walker->domains.count; i++)
        more = tables_walk_domain(walker, i);
}

static bool any_root(const struct inspect_registers *registers)
{
    for (unsigned i = 0; i < registers->count; i++)
        if (knows(&registers->unit[i], INSPECT_RTADDR))
            return true;
    return false;
}

static struct inspect_limits limits(const struct inspect_limits *asked)
{
    return (struct inspect_limits){
        .entries = asked->entries ? asked->entries : DEFAULT_ENTRIES,
        .routes = asked->routes ? asked->routes : DEFAULT_ROUTES,
        .troubles = asked->troubles ? asked->troubles : DEFAULT_TROUBLES,
        .repeats = asked->repeats ? asked->repeats : DEFAULT_REPEATS,
    };
}

int inspect_tables_walk(const struct inspect_machine *machine, const struct inspect_filter *filter,
                        const struct inspect_visitor *visitor, struct inspect_why *why)
{
    static const struct inspect_filter everything = {.has_rid = false};
    if (!any_root(machine->registers))
        return inspect_fail(why, -EINVAL, "no unit's RTADDR is known, so there is no telling where its tables begin");
    struct tables_walker *walker = calloc(1, sizeof *walker);
    if (walker == NULL)
        return inspect_fail(why, -ENOMEM, "out of memory");
    walker->machine = machine;
    walker->filter = filter != NULL ? filter : &everything;
    walker->visitor = visitor;
    walker->left = limits(&machine->limits);
    walk_all(walker);
    int result = walker->result;
    tables_domains_free(&walker->domains);
    tables_domains_free(&walker->parents);
    tables_seen_clear(&walker->seen);
    free(walker);
    if (result == -ENOMEM)
        inspect_fail(why, result, "out of memory");
    if (result == -ECANCELED)
        inspect_fail(why, result, "stopped");
    return result;
}
