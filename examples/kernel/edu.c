/* SPDX-License-Identifier: MIT */
/* edu.c - the DMA engine of QEMU's edu device. It moves its buffer 100 ms after it was told to. */
#include "kernel.h"

#define BUFFER 0x40000u /* where the two address registers say it is */
#define POLLS  100000000u

enum { FROM = 0x80 / 8, TO = 0x88 / 8, BYTES = 0x90 / 8, COMMAND = 0x98 / 8, RUNNING = 1 };

void edu_init(struct edu *edu, unsigned index)
{
    edu->rid = pci_find(0x11E81234, index);
    edu->registers = at(pci_read32(NULL, 0, edu->rid, 0x10) & ~15u); /* BAR 0, where firmware put it */
    pci_write32(NULL, 0, edu->rid, 4, 6);                            /* command: memory, bus master */
}

void edu_begin(const struct edu *edu, enum edu_direction direction, uint64_t address)
{
    edu->registers[FROM] = direction == EDU_READS ? address : BUFFER;
    edu->registers[TO] = direction == EDU_READS ? BUFFER : address;
    edu->registers[BYTES] = EDU_BYTES;
    edu->registers[COMMAND] = direction; /* bit 0 runs it, bit 1 is the way */
}

/* A transfer that the IOMMU blocks ends like any other: nobody tells the device. */
void edu_end(const struct edu *edu)
{
    for (unsigned polls = 0; edu->registers[COMMAND] & RUNNING; polls++)
        if (polls == POLLS)
            fail("an edu device does not answer");
}
