/* SPDX-License-Identifier: MIT */
/*
 * system_alias.c - devices that are known to send requests under the address of another function of their slot.
 *
 * All of these are known from IOMMU faults that named a function which is not there, or is another device.
 */
#include <stddef.h>

#include "inspect/system_ties.h"

#define MARVELL  0x1b4b
#define RICOH    0x1180
#define GLENFLY  0x6766
#define HIGHPOINT 0x1103

static const struct {
    uint16_t vendor, device;
    uint8_t function;
} alias[] = {
    /* Card readers: everything under function 0. */
    {RICOH, 0xe476, 0},
    {RICOH, 0xe832, 0},
    /* Sound beside graphics. */
    {GLENFLY, 0x3d40, 0},
    {GLENFLY, 0x3d41, 0},
    /* SATA and RAID controllers: under function 1, mostly one that does not exist. */
    {MARVELL, 0x9120, 1},
    {MARVELL, 0x9123, 1},
    {MARVELL, 0x9125, 1},
    {MARVELL, 0x9128, 1},
    {MARVELL, 0x9130, 1},
    {MARVELL, 0x9172, 1},
    {MARVELL, 0x917a, 1},
    {MARVELL, 0x9182, 1},
    {MARVELL, 0x9183, 1},
    {MARVELL, 0x91a0, 1},
    {MARVELL, 0x9215, 1},
    {MARVELL, 0x9220, 1},
    {MARVELL, 0x9230, 1},
    {MARVELL, 0x9235, 1},
    {HIGHPOINT, 0x0642, 1},
    {HIGHPOINT, 0x0645, 1},
};

int inspect_alias_function(uint16_t vendor, uint16_t device)
{
    for (size_t i = 0; i < sizeof alias / sizeof alias[0]; i++)
        if (alias[i].vendor == vendor && alias[i].device == device)
            return alias[i].function;
    return -1;
}
