/* SPDX-License-Identifier: MIT */
/* audit_collect.c - what the walk tells: routes, ranges and table pages are kept, trouble becomes findings at once. */
#include "inspect/audit_state.h"

#include <errno.h>
#include <stdlib.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

/* ---- routes */

static struct audit_domain *domain_of(struct audit *audit, unsigned number)
{
    while (audit->domains.count <= number)
        if (audit_grow(audit, &audit->domains, sizeof(struct audit_domain)) == NULL)
            return NULL;
    return audit_domain_at(audit, number);
}

static unsigned privilege_of(const struct inspect_route *route)
{
    return 1u << (route->supervisor | route->write_protect << 1 | route->privileged << 2 | route->has_pasid << 3);
}

static bool join_domain(struct audit *audit, const struct inspect_route *route)
{
    struct audit_domain *domain = domain_of(audit, route->domain);
    if (domain == NULL)
        return false;
    if (!domain->known || (!domain->reachable && !route->blocked))
        domain->route = (unsigned)audit->routes.count - 1;
    domain->known = true;
    domain->kind = route->kind;
    domain->routes++;
    if (route->blocked)
        return true;
    domain->reachable = true;
    domain->privileges |= privilege_of(route);
    return true;
}

static bool on_route(void *ctx, const struct inspect_route *route)
{
    struct audit *audit = ctx;
    bool scalable = route->entry_address != route->context_entry_address;
    struct audit_route *kept = audit_grow(audit, &audit->routes, sizeof *kept);
    if (kept == NULL)
        return false;
    *kept = (struct audit_route){
        .unit = route->unit, .domain = route->domain, .rid = route->rid, .did = route->did, .pasid = route->pasid,
        .has_pasid = route->has_pasid, .blocked = route->blocked, .ats = route->ats,
        .page_requests = route->page_requests, .supervisor = route->supervisor,
        .write_protect = route->write_protect, .privileged = route->privileged,
        .silenced = route->fault_processing_disabled, .kind = route->kind,
        .top = route->top, .second_top = route->second_top,
        .directory = scalable ? route->context[0] & (VTD_SCE0_PASIDDIRPTR | VTD_SCE0_PDTS) : 0,
        .context_address = route->context_entry_address, .context = route->context[0],
        .entry_address = route->entry_address, .entry = scalable ? route->entry[0] : route->context[0],
    };
    return join_domain(audit, route);
}

/* ---- ranges */

static bool cut(struct audit *audit, const char *what, unsigned count)
{
    if (!audit->cut)
        audit_find(audit, AUDIT_STOPPED, "the first %u %s were judged and there are more", count, what);
    audit->cut = true;
    return false;
}

static bool on_range(void *ctx, const struct inspect_range *range)
{
    struct audit *audit = ctx;
    const struct audit_domain *domain = audit_domain_at(audit, range->domain);
    if (domain->kind == INSPECT_KIND_PASS || !domain->reachable || range->bytes == 0)
        return true; /* pass-through is a finding of its own; what is blocked reaches nothing */
    if (audit->ranges.count >= AUDIT_RANGES_MAX)
        return cut(audit, "mapped ranges", AUDIT_RANGES_MAX);
    struct inspect_range *kept = audit_grow(audit, &audit->ranges, sizeof *kept);
    if (kept != NULL)
        *kept = *range;
    return kept != NULL;
}

static int by_domain(const void *a, const void *b)
{
    const struct inspect_range *x = a, *y = b;
    if (x->domain != y->domain)
        return x->domain < y->domain ? -1 : 1;
    return x->iova < y->iova ? -1 : x->iova > y->iova;
}

static void settle_ranges(struct audit *audit)
{
    bool sorted = true;
    struct inspect_range *range = audit->ranges.item;
    for (size_t i = 1; i < audit->ranges.count && sorted; i++)
        sorted = by_domain(&range[i - 1], &range[i]) <= 0;
    if (!sorted)
        qsort(range, audit->ranges.count, sizeof *range, by_domain);
    for (size_t i = 0; i < audit->ranges.count; i++) {
        struct audit_domain *domain = audit_domain_at(audit, range[i].domain);
        if (domain->ranges++ == 0)
            domain->first_range = i;
    }
}

/* ---- tables */

static enum audit_group group_of(enum inspect_table_role role)
{
    switch (role) {
    case INSPECT_TABLE_PAGE:
        return AUDIT_PAGE_TABLES;
    case INSPECT_TABLE_QUEUE:
        return AUDIT_QUEUE;
    case INSPECT_TABLE_INTERRUPT:
        return AUDIT_INTERRUPTS;
    case INSPECT_TABLE_PAGE_REQUEST:
        return AUDIT_PAGE_REQUESTS;
    default:
        return AUDIT_DEVICE_TABLES;
    }
}

/* An address register keeps its value when its feature is switched off. */
static bool in_use(const struct audit *audit, const struct inspect_table *table)
{
    const struct inspect_unit *unit = audit_registers(audit, table->unit);
    uint64_t status = unit->value[INSPECT_GSTS];
    if (!audit_known(unit, INSPECT_GSTS))
        return true;
    if (table->role == INSPECT_TABLE_QUEUE)
        return status & VTD_GSTS_QIES;
    return table->role != INSPECT_TABLE_INTERRUPT || (status & VTD_GSTS_IRES);
}

static bool on_table(void *ctx, const struct inspect_table *table)
{
    struct audit *audit = ctx;
    uint64_t first = table->address & ~(uint64_t)(INSPECT_PAGE - 1);
    if (table->role == INSPECT_TABLE_CONTEXT)
        audit->context_table = first;
    if (!in_use(audit, table))
        return true;
    for (uint64_t done = 0; done < table->bytes; done += INSPECT_PAGE) {
        if (audit->pages.count >= AUDIT_PAGES_MAX)
            return cut(audit, "table pages", AUDIT_PAGES_MAX);
        struct audit_page *page = audit_grow(audit, &audit->pages, sizeof *page);
        if (page == NULL)
            return false;
        *page = (struct audit_page){first + done, group_of(table->role)};
    }
    return true;
}

static int by_group(const void *a, const void *b)
{
    const struct audit_page *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->address < y->address ? -1 : x->address > y->address;
}

static void settle_pages(struct audit *audit)
{
    struct audit_page *page = audit->pages.item;
    size_t next = 0;
    if (audit->pages.count > 1)
        qsort(page, audit->pages.count, sizeof *page, by_group);
    for (unsigned group = 0; group <= AUDIT_GROUPS; group++) {
        while (next < audit->pages.count && page[next].group < group)
            next++;
        audit->group_first[group] = next;
    }
}

/* ---- trouble */

/* Which entry a flaw is in: of a page table, a PASID, a device or a bus. */
static enum audit_kind_index by_entry(const struct audit *audit, const struct inspect_trouble *trouble)
{
    if (trouble->has_domain)
        return AUDIT_RESERVED_PAGE;
    if (trouble->has_pasid)
        return AUDIT_RESERVED_PASID;
    if (!trouble->has_rid)
        return AUDIT_RESERVED_ROOT;
    bool context = (trouble->address & ~(uint64_t)(INSPECT_PAGE - 1)) == audit->context_table;
    return context ? AUDIT_RESERVED_CONTEXT : AUDIT_RESERVED_PASID;
}

static enum audit_kind_index kind_of(const struct audit *audit, const struct inspect_trouble *trouble)
{
    switch (trouble->kind) {
    case INSPECT_TROUBLE_RESERVED:
        return by_entry(audit, trouble);
    case INSPECT_TROUBLE_BAD_TYPE:
        return trouble->has_domain ? AUDIT_PAGE_SIZE : AUDIT_ENTRY_INVALID;
    case INSPECT_TROUBLE_BEYOND_WIDTH:
        return AUDIT_POINTER_WIDE;
    case INSPECT_TROUBLE_MISALIGNED:
        return AUDIT_PAGE_MISALIGNED;
    case INSPECT_TROUBLE_LOOP:
        return AUDIT_LOOP;
    case INSPECT_TROUBLE_UNREACHABLE:
        return trouble->has_domain ? AUDIT_INPUT_WIDTH : AUDIT_PASID_BEYOND;
    case INSPECT_TROUBLE_DENIED:
        return AUDIT_NESTED_DENIED;
    case INSPECT_TROUBLE_LIMIT:
        return AUDIT_STOPPED;
    default:
        return AUDIT_KIND_COUNT;
    }
}

static void locate(struct audit *audit, struct inspect_finding *finding, const struct inspect_trouble *trouble)
{
    if (finding == NULL)
        return;
    if (trouble->has_domain) {
        audit_of_route(audit, finding, audit_route_of(audit, trouble->domain));
    } else if (trouble->has_rid) {
        audit_of_device(audit, finding, trouble->unit, trouble->rid);
        finding->has_pasid = trouble->has_pasid;
        finding->pasid = trouble->has_pasid ? trouble->pasid : 0;
    }
}

static bool on_trouble(void *ctx, const struct inspect_trouble *trouble)
{
    struct audit *audit = ctx;
    enum audit_kind_index kind = kind_of(audit, trouble);
    if (trouble->kind == INSPECT_TROUBLE_ABSENT || trouble->kind == INSPECT_TROUBLE_UNREADABLE) {
        if (audit->absent++ == 0)
            audit->first_absent = trouble->address;
        return true;
    }
    if (kind < AUDIT_KIND_COUNT) /* the registers' trouble is found in the registers */
        locate(audit, audit_find(audit, kind, "%s", trouble->text), trouble);
    return !audit->no_memory;
}

/* ---- the walk */

int audit_collect(struct audit *audit, struct inspect_why *why)
{
    struct inspect_machine machine = audit->input->machine;
    const struct inspect_visitor visitor = {
        .ctx = audit, .route = on_route, .table = on_table, .range = on_range, .trouble = on_trouble};
    if (machine.limits.routes == 0 || machine.limits.routes > AUDIT_ROUTES_MAX)
        machine.limits.routes = AUDIT_ROUTES_MAX;
    if (machine.address_bits == 0 && audit->has_dmar)
        machine.address_bits = audit->dmar.address_bits;
    int result = inspect_tables_walk(&machine, NULL, &visitor, why);
    if (audit->no_memory)
        return inspect_fail(why, -ENOMEM, "out of memory");
    if (result != 0 && !(result == -ECANCELED && audit->cut))
        return result;
    settle_ranges(audit);
    settle_pages(audit);
    if (audit->absent != 0)
        audit_find(audit, AUDIT_ABSENT, "%llu tables are not in the dump; the first that is missing begins at %#llx",
                   (unsigned long long)audit->absent, (unsigned long long)audit->first_absent);
    return 0;
}
