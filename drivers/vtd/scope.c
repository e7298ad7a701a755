/* SPDX-License-Identifier: MIT */
/*
 * Which records of the DMAR table speak of a device. Architecture: "Device scope structure". No
 * lock, no state; called when devices become known.
 *
 * A scope is a path of (device, function) pairs from a start bus; each pair but the last names a
 * bridge whose secondary bus is the next. It means the function at its end, and of a bridge
 * everything below too. Virtual functions go with their physical function. Without configuration
 * space a path of one pair can be followed, and nothing is known to be below a bridge.
 */
#include "drivers/vtd/pci.h"
#include "drivers/vtd/vtd.h"
#include "spec/dmar.h"

#define DEVICES   32u
#define FUNCTIONS 8u

static bool pair_rid(uint32_t bus, const uint8_t *pair, uint16_t *rid)
{
    if (bus > 0xff || pair[0] >= DEVICES || pair[1] >= FUNCTIONS)
        return false;
    *rid = (uint16_t)(bus << 8 | (uint32_t)pair[0] << 3 | pair[1]);
    return true;
}

/* Where the path ends. False: it leads through something that is no bridge. */
static bool follow(struct vtd_pci *pci, const struct iommu_dmar_scope *scope)
{
    uint32_t bus = scope->start_bus, subordinate;

    for (unsigned i = 0; i < scope->path_length; i++) {
        if (i > 0 && !vtd_pci_bridge(pci, &bus, &subordinate))
            return false;
        if (!pair_rid(bus, scope->path + (size_t)i * 2, &pci->rid))
            return false;
    }
    return true;
}

static bool below(const struct vtd_pci *pci, uint16_t rid)
{
    uint32_t secondary, subordinate, bus = rid >> 8;

    return vtd_pci_bridge(pci, &secondary, &subordinate) && bus >= secondary && bus <= subordinate;
}

static bool names(const struct iommu_platform *platform, uint16_t segment,
                  const struct iommu_dmar_scope *scope, uint16_t rid)
{
    struct vtd_pci pci = {platform, segment, 0};

    if (scope->type != IOMMU_DMAR_SCOPE_ENDPOINT && scope->type != IOMMU_DMAR_SCOPE_BRIDGE)
        return false;
    if (!follow(&pci, scope))
        return false;
    if (pci.rid == rid)
        return true;
    return scope->type == IOMMU_DMAR_SCOPE_BRIDGE ? below(&pci, rid)
                                                  : vtd_pci_has_virtual(&pci, rid);
}

bool vtd_scope_covers(const struct iommu_platform *platform, const struct iommu_dmar *dmar,
                      const struct iommu_dmar_record *record, uint16_t rid)
{
    struct iommu_dmar_scope scope;

    __builtin_memset(&scope, 0, sizeof(scope));
    while (iommu_dmar_next_scope(dmar, record, &scope))
        if (names(platform, record->segment, &scope, rid))
            return true;
    return false;
}

bool vtd_scope_find(const struct iommu_platform *platform, const struct iommu_dmar *dmar,
                    enum iommu_dmar_type type, uint16_t segment, uint16_t rid,
                    struct iommu_dmar_record *record)
{
    __builtin_memset(record, 0, sizeof(*record));
    while (iommu_dmar_next(dmar, record)) {
        if (record->type != type || record->segment != segment)
            continue;
        if (vtd_scope_covers(platform, dmar, record, rid))
            return true;
    }
    return false;
}

/* The segment's unit for everything that no other unit names, wherever it stands in the table. */
static bool find_catch_all(const struct iommu_dmar *dmar, uint16_t segment,
                           struct iommu_dmar_record *unit)
{
    __builtin_memset(unit, 0, sizeof(*unit));
    while (iommu_dmar_next(dmar, unit))
        if (unit->type == IOMMU_DMAR_UNIT && unit->segment == segment &&
            (unit->flags & SPEC_DMAR_DRHD_F_INCLUDE_PCI_ALL))
            return true;
    return false;
}

bool vtd_scope_find_unit(const struct iommu_platform *platform, const struct iommu_dmar *dmar,
                         uint16_t segment, uint16_t rid, struct iommu_dmar_record *unit)
{
    return vtd_scope_find(platform, dmar, IOMMU_DMAR_UNIT, segment, rid, unit) ||
           find_catch_all(dmar, segment, unit);
}
