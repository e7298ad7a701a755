/* SPDX-License-Identifier: MIT */
/* pci.c - configuration space, as memory where the MCFG table says; segment 0 from bus 0 on. */
#include "kernel.h"

static uint64_t window;
static unsigned last_bus;

void pci_init(void)
{
    const uint8_t *mcfg = acpi_find("MCFG");

    window = load(mcfg + 44, 8);
    last_bus = mcfg[55];
}

uint32_t pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    if (segment || rid >> 8u > last_bus)
        return UINT32_MAX;
    return *(volatile uint32_t *)at(window + ((uint64_t)rid << 12) + offset);
}

void pci_write32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset, uint32_t value)
{
    if (segment == 0 && rid >> 8u <= last_bus)
        *(volatile uint32_t *)at(window + ((uint64_t)rid << 12) + offset) = value;
}

uint16_t pci_find(uint32_t id, unsigned index)
{
    for (uint32_t rid = 0; rid <= UINT16_MAX; rid++)
        if (pci_read32(NULL, 0, (uint16_t)rid, 0) == id && index-- == 0)
            return (uint16_t)rid;
    fail("a PCI device is missing");
}
