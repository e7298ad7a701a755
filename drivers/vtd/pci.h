/* SPDX-License-Identifier: MIT */
/*
 * drivers/vtd/pci.h - configuration space of one function, through the platform's hooks. Without
 * them no function is there.
 */
#ifndef DRIVERS_VTD_PCI_H
#define DRIVERS_VTD_PCI_H

#include "core/host.h"

struct vtd_pci {
    const struct iommu_platform *platform;
    uint16_t segment, rid;
};

uint32_t vtd_pci_read32(const struct vtd_pci *pci, uint32_t offset);
void vtd_pci_write32(const struct vtd_pci *pci, uint32_t offset, uint32_t value);

/* Walk of the extended capabilities; start zeroed. */
struct vtd_pci_walk {
    uint32_t offset, id;
    unsigned steps;
};
bool vtd_pci_next_extended(const struct vtd_pci *pci, struct vtd_pci_walk *walk);

/* Offset of the capability; 0: not there. */
uint32_t vtd_pci_find_extended(const struct vtd_pci *pci, uint32_t id);
uint32_t vtd_pci_find(const struct vtd_pci *pci, uint32_t id);

/* Buses below a bridge, both included. False: no bridge there. */
bool vtd_pci_bridge(const struct vtd_pci *pci, uint32_t *secondary, uint32_t *subordinate);

/* Is `rid` one of the enabled virtual functions of this function? */
bool vtd_pci_has_virtual(const struct vtd_pci *pci, uint16_t rid);

#endif
