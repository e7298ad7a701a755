/* SPDX-License-Identifier: MIT */
/* audit_regions.c - reserved regions of the DMAR table: mapped for their devices, closed to others, outside RAM. */
#include "inspect/audit_state.h"

#include <string.h>

#define WIDE ((uint64_t)512 << 20)

#define REGION "the region %#llx to %#llx"
#define REGION_OF(region) (unsigned long long)(region)->first, (unsigned long long)(region)->last

/* ---- the region alone */

static void check_region(struct audit *audit, const struct audit_record *region)
{
    uint64_t most = region->last - region->first;
    if (most >= WIDE)
        audit_find(audit, AUDIT_REGION_WIDE, REGION ": %llu MiB", REGION_OF(region), (unsigned long long)(most >> 20));
    /* An image's extents say what was dumped, which may include what firmware keeps for itself. */
    if (audit->input->ram != NULL && audit_ram_within(audit, region->first, region->last) != 0)
        audit_find(audit, AUDIT_REGION_RAM, REGION ": %llu KiB of it are System RAM", REGION_OF(region),
                   (unsigned long long)(audit_ram_within(audit, region->first, region->last) >> 10));
}

/* ---- its devices */

static uint16_t segment_of(const struct audit *audit, const struct audit_route *route)
{
    return audit_registers(audit, route->unit)->segment;
}

/* How far the domain maps [first, last] one to one for reads and writes: first if not at all. */
static uint64_t mapped_until(const struct audit *audit, unsigned domain, uint64_t first, uint64_t last)
{
    const struct audit_domain *of = audit_domain_at(audit, domain);
    for (size_t i = of->first_range; i < of->first_range + of->ranges && first <= last; i++) {
        const struct inspect_range *range = audit_range_at(audit, i);
        bool read, write;
        if (range->iova != range->pa || range->iova > first || range->iova + (range->bytes - 1) < first)
            continue;
        audit_rights(audit, range, &read, &write);
        if (!read || !write)
            continue;
        first = range->iova + range->bytes;
    }
    return first;
}

/* All its DMA is refused: somebody may want it so. */
static void tell_blocked(struct audit *audit, const struct audit_record *region, uint16_t rid)
{
    struct inspect_finding *finding =
        audit_find(audit, AUDIT_REGION_UNMAPPED, REGION ": the device has no entry", REGION_OF(region));
    audit_severity(finding, INSPECT_LOW);
    if (finding == NULL)
        return;
    finding->has_device = true;
    finding->device = (struct inspect_bdf){region->record.segment, rid};
}

static void check_device(struct audit *audit, const struct audit_record *region, const struct audit_route *route)
{
    if (route->kind == INSPECT_KIND_PASS)
        return;
    uint64_t until = mapped_until(audit, route->domain, region->first, region->last);
    if (until > region->last)
        return;
    audit_of_route(audit,
                   audit_find(audit, AUDIT_REGION_UNMAPPED,
                              REGION " is not mapped one to one, readable and writable, from %#llx on (entry %#llx)",
                              REGION_OF(region), (unsigned long long)until, (unsigned long long)route->entry_address),
                   route);
}

static bool covered(const struct audit *audit, uint16_t segment)
{
    for (unsigned i = 0; i < audit->input->machine.registers->count; i++)
        if (audit_registers(audit, i)->segment == segment)
            return true;
    return false;
}

/* The routes for requests without PASID of the devices that the scopes name; what is left has none. */
static void check_devices(struct audit *audit, const struct audit_record *region)
{
    uint8_t left[sizeof region->scopes.named];
    if (!covered(audit, region->record.segment))
        return;
    memcpy(left, region->scopes.named, sizeof left);
    for (size_t i = 0; i < audit->routes.count; i++) {
        const struct audit_route *route = audit_route_at(audit, i);
        unsigned bit = 1u << route->rid % 8;
        if (segment_of(audit, route) != region->record.segment || !(left[route->rid / 8] & bit) || route->has_pasid)
            continue;
        left[route->rid / 8] &= (uint8_t)~bit;
        check_device(audit, region, route);
    }
    for (unsigned rid = 0; rid < 8 * sizeof left; rid++)
        if (left[rid / 8] >> rid % 8 & 1)
            tell_blocked(audit, region, (uint16_t)rid);
}

/* ---- other devices */

static void check_others(struct audit *audit, const struct audit_record *region)
{
    unsigned latest = UINT32_MAX;
    for (size_t i = 0; i < audit->routes.count; i++) {
        const struct audit_route *route = audit_route_at(audit, i);
        if (route->domain == latest || route->blocked || segment_of(audit, route) != region->record.segment ||
            audit_scope_of(region, route->rid) != AUDIT_OUTSIDE ||
            !audit_touches(audit, route->domain, AUDIT_WRITE, region->first, region->last))
            continue;
        latest = route->domain;
        const struct inspect_range *range =
            audit_range_to(audit, route->domain, region->first, region->last, AUDIT_WRITE);
        audit_of_route(audit,
                       audit_find(audit, AUDIT_REGION_ELSEWHERE,
                                  REGION ": %#llx bytes at %#llx are mapped to %#llx (entry %#llx)", REGION_OF(region),
                                  (unsigned long long)range->bytes, (unsigned long long)range->iova,
                                  (unsigned long long)range->pa, (unsigned long long)route->entry_address),
                       route);
    }
}

void audit_regions(struct audit *audit)
{
    for (size_t i = 0; i < audit->records.count; i++) {
        const struct audit_record *region = audit_record_at(audit, i);
        if (region->record.type != IOMMU_DMAR_RESERVED)
            continue;
        check_region(audit, region);
        check_devices(audit, region);
        check_others(audit, region);
    }
}
