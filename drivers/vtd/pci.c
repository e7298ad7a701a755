/* SPDX-License-Identifier: MIT */
/*
 * Walks through configuration space. PCI: "Capabilities list", "Extended capabilities", "Type 1
 * header", "Single root I/O virtualisation". No lock of its own; called by endpoint.c and scope.c
 * under iommu.lock. Lists in the field run in circles: every walk is bounded.
 */
#include "drivers/vtd/pci.h"

#include "spec/pci.h"

#define NOTHING UINT32_MAX

uint32_t vtd_pci_read32(const struct vtd_pci *pci, uint32_t offset)
{
    return host_pci_read32(pci->platform, pci->segment, pci->rid, offset);
}

void vtd_pci_write32(const struct vtd_pci *pci, uint32_t offset, uint32_t value)
{
    host_pci_write32(pci->platform, pci->segment, pci->rid, offset, value);
}

bool vtd_pci_next_extended(const struct vtd_pci *pci, struct vtd_pci_walk *walk)
{
    uint32_t header;

    if (walk->offset == 0)
        walk->offset = SPEC_PCI_EXT_FIRST;
    else
        walk->offset =
            (uint32_t)SPEC_GET(SPEC_PCI_EXT_NEXT, vtd_pci_read32(pci, walk->offset)) & ~3u;
    if (walk->offset < SPEC_PCI_EXT_FIRST || walk->steps++ >= SPEC_PCI_EXT_MAX)
        return false;
    header = vtd_pci_read32(pci, walk->offset);
    walk->id = (uint32_t)SPEC_GET(SPEC_PCI_EXT_ID, header);
    return header != 0 && header != NOTHING;
}

uint32_t vtd_pci_find_extended(const struct vtd_pci *pci, uint32_t id)
{
    struct vtd_pci_walk walk = {0, 0, 0};

    while (vtd_pci_next_extended(pci, &walk))
        if (walk.id == id)
            return walk.offset;
    return 0;
}

uint32_t vtd_pci_find(const struct vtd_pci *pci, uint32_t id)
{
    uint32_t status = vtd_pci_read32(pci, SPEC_PCI_COMMAND) >> 16;
    uint32_t offset = vtd_pci_read32(pci, SPEC_PCI_CAP_POINTER) & 0xfc;

    if (!(status & SPEC_PCI_STATUS_CAP_LIST))
        return 0;
    for (unsigned steps = 0; steps < SPEC_PCI_CAP_MAX && offset >= SPEC_PCI_CAP_FIRST; steps++) {
        uint32_t header = vtd_pci_read32(pci, offset);

        if (header == NOTHING)
            return 0;
        if ((header & 0xff) == id)
            return offset;
        offset = (header >> 8) & 0xfc;
    }
    return 0;
}

bool vtd_pci_bridge(const struct vtd_pci *pci, uint32_t *secondary, uint32_t *subordinate)
{
    uint32_t type = vtd_pci_read32(pci, SPEC_PCI_CACHE_LINE); /* dword of the header type */
    uint32_t buses = vtd_pci_read32(pci, SPEC_PCI_PRIMARY_BUS);

    if (type == NOTHING || buses == NOTHING)
        return false;
    if (SPEC_GET(SPEC_PCI_HEADER_LAYOUT, type >> 16) != SPEC_PCI_HEADER_BRIDGE)
        return false;
    *secondary = (buses >> 8) & 0xff;
    *subordinate = (buses >> 16) & 0xff;
    return true;
}

bool vtd_pci_has_virtual(const struct vtd_pci *pci, uint16_t rid)
{
    uint32_t cap = vtd_pci_find_extended(pci, SPEC_PCI_EXT_ID_SRIOV);
    uint32_t count, places, first, stride;

    if (!cap || !(vtd_pci_read32(pci, cap + SPEC_PCI_SRIOV_CTRL) & SPEC_PCI_SRIOV_CTRL_VFE))
        return false;
    count = vtd_pci_read32(pci, cap + SPEC_PCI_SRIOV_NUM) & 0xffff;
    places = vtd_pci_read32(pci, cap + SPEC_PCI_SRIOV_OFFSET); /* stride is its upper half */
    first = pci->rid + (places & 0xffff);
    stride = places >> 16;
    if (rid < first || count == 0)
        return false;
    if (stride == 0)
        return rid == first;
    return (rid - first) % stride == 0 && (rid - first) / stride < count;
}
