/* SPDX-License-Identifier: MIT */
/* audit_firmware.c - the DMAR table beside the remapping tables: units, device scopes, device-TLBs. */
#include "inspect/audit_state.h"

#include <errno.h>

#include "spec/dmar.h"

/* ---- the table */

/* The requester of a scope whose path leads through no bridge. */
static bool scope_rid(const struct iommu_dmar_scope *scope, uint16_t *rid)
{
    if (scope->path_length != 1)
        return false;
    *rid = (uint16_t)(scope->start_bus << 8 | (scope->path[0] & 0x1f) << 3 | (scope->path[1] & 7));
    return true;
}

/* Which buses lie behind a bridge is in configuration space, which nobody gave us. */
static void take_scopes(const struct audit *audit, struct audit_record *record)
{
    struct iommu_dmar_scope scope = {.offset = 0};
    record->scopes.below = 256;
    while (iommu_dmar_next_scope(&audit->dmar, &record->record, &scope)) {
        uint16_t rid = 0;
        bool direct = scope_rid(&scope, &rid);
        if (scope.type != IOMMU_DMAR_SCOPE_ENDPOINT && scope.type != IOMMU_DMAR_SCOPE_BRIDGE)
            continue;
        if (direct)
            record->scopes.named[rid / 8] |= (uint8_t)(1u << rid % 8);
        if ((!direct || scope.type == IOMMU_DMAR_SCOPE_BRIDGE) && scope.start_bus < record->scopes.below)
            record->scopes.below = scope.start_bus;
    }
}

enum audit_scope audit_scope_of(const struct audit_record *record, uint16_t rid)
{
    if (record->scopes.named[rid / 8] >> rid % 8 & 1)
        return AUDIT_NAMED;
    return rid >> 8 > (int)record->scopes.below ? AUDIT_PERHAPS : AUDIT_OUTSIDE;
}

static void take_records(struct audit *audit)
{
    struct iommu_dmar_record record = {.offset = 0};
    while (iommu_dmar_next(&audit->dmar, &record)) {
        if (record.type == IOMMU_DMAR_AFFINITY || record.type == IOMMU_DMAR_NAMESPACE)
            continue;
        if (audit->records.count == AUDIT_RECORDS_MAX) {
            audit_find(audit, AUDIT_STOPPED, "the first %u records of the DMAR table were judged", AUDIT_RECORDS_MAX);
            return;
        }
        struct audit_record *kept = audit_grow(audit, &audit->records, sizeof *kept);
        if (kept == NULL)
            return;
        kept->record = record;
        kept->first = record.base & ~(uint64_t)(INSPECT_PAGE - 1);
        kept->last = record.limit | (INSPECT_PAGE - 1);
        take_scopes(audit, kept);
    }
}

int audit_open_dmar(struct audit *audit, struct inspect_why *why)
{
    const struct inspect_audit_input *input = audit->input;
    if (input->dmar == NULL) {
        audit_not_judged(audit, "units without registers, device scopes and reserved regions: give the DMAR table "
                                "(/sys/firmware/acpi/tables/DMAR) with --dmar");
        return 0;
    }
    int result = iommu_dmar_open(input->dmar, input->dmar_bytes, &audit->dmar, NULL, NULL);
    if (result != 0)
        return inspect_fail(why, -EINVAL, "the DMAR table is not sound, or describes no usable unit");
    audit->has_dmar = true;
    take_records(audit);
    return 0;
}

bool audit_in_region(const struct audit *audit, uint64_t first, uint64_t last)
{
    for (size_t i = 0; i < audit->records.count; i++) {
        const struct audit_record *region = audit_record_at(audit, i);
        if (region->record.type == IOMMU_DMAR_RESERVED && first >= region->first && last <= region->last)
            return true;
    }
    return false;
}

/* ---- units */

static unsigned count_units(const struct audit *audit)
{
    unsigned count = 0;
    for (size_t i = 0; i < audit->records.count; i++)
        count += audit_record_at(audit, i)->record.type == IOMMU_DMAR_UNIT;
    return count;
}

/* Is this record that unit? A register file that does not say where its only unit is can mean the only one there is. */
static bool is_unit(const struct audit *audit, const struct iommu_dmar_record *record,
                    const struct inspect_unit *unit, bool only)
{
    if (record->type != IOMMU_DMAR_UNIT)
        return false;
    return unit->base == record->base || (unit->base == 0 && only && audit->input->machine.registers->count == 1);
}

static void check_units(struct audit *audit, bool only)
{
    const struct inspect_registers *registers = audit->input->machine.registers;
    for (size_t i = 0; i < audit->records.count; i++) {
        const struct iommu_dmar_record *record = &audit_record_at(audit, i)->record;
        bool given = record->type != IOMMU_DMAR_UNIT;
        for (unsigned unit = 0; unit < registers->count && !given; unit++)
            given = is_unit(audit, record, &registers->unit[unit], only);
        if (!given)
            audit_find(audit, AUDIT_UNIT_MISSING, "the unit at %#llx of segment %u", (unsigned long long)record->base,
                       record->segment);
    }
}

/* ---- devices */

struct place {
    bool own_known, own, own_all; /* is the unit in the table; does it name the device; does it take all others */
    bool perhaps;                 /* buses below bridges are not known */
    bool elsewhere;
    uint64_t other;               /* the unit that names it */
};

static struct place place_of(const struct audit *audit, const struct audit_route *route, bool only)
{
    const struct inspect_unit *unit = audit_registers(audit, route->unit);
    struct place place = {.own_known = false};
    for (size_t i = 0; i < audit->records.count; i++) {
        const struct audit_record *record = audit_record_at(audit, i);
        if (record->record.type != IOMMU_DMAR_UNIT || record->record.segment != unit->segment)
            continue;
        enum audit_scope scope = audit_scope_of(record, route->rid);
        place.perhaps |= scope == AUDIT_PERHAPS;
        if (is_unit(audit, &record->record, unit, only)) {
            place.own_known = true;
            place.own = scope == AUDIT_NAMED;
            place.own_all = record->record.flags & SPEC_DMAR_DRHD_F_INCLUDE_PCI_ALL;
        } else if (scope == AUDIT_NAMED) {
            place.elsewhere = true;
            place.other = record->record.base;
        }
    }
    return place;
}

static void check_scope(struct audit *audit, const struct audit_route *route, bool only)
{
    struct place place = place_of(audit, route, only);
    struct inspect_finding *finding = NULL;
    if (!place.own_known || place.own)
        return;
    if (place.elsewhere)
        finding = audit_find(audit, AUDIT_SCOPE, "the context entry at %#llx is %#llx; the DMAR table names the device "
                                                 "in the scopes of the unit at %#llx",
                             (unsigned long long)route->context_address, (unsigned long long)route->context,
                             (unsigned long long)place.other);
    else if (!place.own_all && !place.perhaps)
        finding = audit_find(audit, AUDIT_SCOPE, "the context entry at %#llx is %#llx; no scope of the unit names the "
                                                 "device",
                             (unsigned long long)route->context_address, (unsigned long long)route->context);
    audit_of_device(audit, finding, route->unit, route->rid);
}

/* ---- device-TLBs */

struct ats {
    bool integrated; /* firmware lists the device as an integrated one with a device-TLB */
    bool ports;      /* it lists ports that pass ATS, or all */
};

static struct ats ats_of(const struct audit *audit, const struct audit_route *route)
{
    uint16_t segment = audit_registers(audit, route->unit)->segment;
    struct ats ats = {false, false};
    for (size_t i = 0; i < audit->records.count; i++) {
        const struct audit_record *record = audit_record_at(audit, i);
        if (record->record.segment != segment)
            continue;
        ats.ports |= record->record.type == IOMMU_DMAR_ATS;
        ats.integrated |=
            record->record.type == IOMMU_DMAR_ATC && audit_scope_of(record, route->rid) == AUDIT_NAMED;
    }
    return ats;
}

static bool external(const struct audit *audit, const struct audit_route *route)
{
    const struct inspect_audit_input *input = audit->input;
    for (size_t i = 0; i < input->external_count; i++)
        if (input->external[i].rid == route->rid &&
            input->external[i].segment == audit_registers(audit, route->unit)->segment)
            return true;
    return false;
}

/* The less is known in the device's favour, the worse. Devices on bus 0 are part of the root complex. */
static void check_ats(struct audit *audit, const struct audit_route *route)
{
    struct ats ats = ats_of(audit, route);
    enum inspect_severity severity = INSPECT_INFO;
    const char *why = "whether it sits on an external port is not known";
    if (external(audit, route)) {
        severity = INSPECT_HIGH;
        why = "the device sits on an external port";
    } else if (ats.integrated) {
        why = "firmware lists the device as integrated, with a device-TLB";
    } else if (audit->has_dmar && !ats.ports && route->rid >> 8 != 0) {
        severity = INSPECT_MEDIUM;
        why = "the DMAR table lists no port that passes ATS";
    } else if (route->rid >> 8 == 0) {
        why = "the device is on bus 0, part of the root complex";
    }
    struct inspect_finding *finding =
        audit_find(audit, AUDIT_ATS, "the context entry at %#llx is %#llx, which lets translated requests through; %s",
                   (unsigned long long)route->context_address, (unsigned long long)route->context, why);
    audit_of_device(audit, finding, route->unit, route->rid);
    audit_severity(finding, severity);
}

/* ---- all */

void audit_firmware(struct audit *audit)
{
    bool only = audit->has_dmar && count_units(audit) == 1;
    if (audit->has_dmar)
        check_units(audit, only);
    for (size_t i = 0; i < audit->routes.count; i++) {
        const struct audit_route *route = audit_route_at(audit, i);
        if (!audit_new_device(audit, i))
            continue;
        if (audit->has_dmar)
            check_scope(audit, route, only);
        if (route->ats)
            check_ats(audit, route);
    }
}
