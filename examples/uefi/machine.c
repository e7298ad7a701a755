/* SPDX-License-Identifier: MIT */
/* machine.c - the firmware's ACPI tables, and the PCI functions that answer where MCFG says. */
#include <efi.h>
#include <efilib.h>
#include <iommukit/error.h>
#include <stdio.h>
#include <string.h>

#include "inspect/system_config.h"
#include "uefi.h"

#define HEADER_BYTES 36u /* of an ACPI table */
#define MCFG_FIRST   44u
#define MCFG_BYTES   16u
#define FUNCTIONS    4096u /* more are left out */

/* ---- tables ----------------------------------------------------------------------------------------------- */

static uint64_t load(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;

    while (count--)
        value = value << 8 | bytes[count];
    return value;
}

static const uint8_t *at(uint64_t address)
{
    return (const uint8_t *)(uintptr_t)address;
}

static const uint8_t *root_pointer(void)
{
    EFI_GUID acpi2 = ACPI_20_TABLE_GUID;

    for (UINTN i = 0; i < ST->NumberOfTableEntries; i++)
        if (memcmp(&ST->ConfigurationTable[i].VendorGuid, &acpi2, sizeof acpi2) == 0)
            return ST->ConfigurationTable[i].VendorTable;
    return NULL;
}

const void *machine_table(const char *signature, size_t *bytes)
{
    const uint8_t *root = root_pointer();
    const uint8_t *list = root ? at(load(root + 24, 8)) : NULL; /* XSDT */
    uint32_t length = list ? (uint32_t)load(list + 4, 4) : 0;

    for (uint32_t offset = HEADER_BYTES; offset + 8 <= length; offset += 8) {
        const uint8_t *table = at(load(list + offset, 8));

        if (table && memcmp(table, signature, 4) == 0) {
            *bytes = load(table + 4, 4);
            return table;
        }
    }
    return NULL;
}

/* ---- configuration space ---------------------------------------------------------------------------------- */

/* The 4 KiB of a function, or NULL. */
static const volatile uint32_t *window(uint16_t segment, uint16_t rid)
{
    size_t bytes = 0;
    const uint8_t *mcfg = machine_table("MCFG", &bytes);

    for (size_t i = MCFG_FIRST; mcfg && i + MCFG_BYTES <= bytes; i += MCFG_BYTES)
        if (load(mcfg + i + 8, 2) == segment && rid >> 8 >= mcfg[i + 10] && rid >> 8 <= mcfg[i + 11])
            return (const volatile uint32_t *)(const void *)at(load(mcfg + i, 8) + ((uint64_t)rid << 12));
    return NULL;
}

uint32_t machine_config_read(uint16_t segment, uint16_t rid, uint32_t offset)
{
    const volatile uint32_t *space = window(segment, rid);

    return space ? space[offset / 4] : UINT32_MAX;
}

/* ---- functions -------------------------------------------------------------------------------------------- */

static void read_function(struct inspect_system *system, uint16_t segment, uint16_t rid)
{
    struct inspect_function *function = &system->function[system->function_count++];
    const volatile uint32_t *space = window(segment, rid);
    static uint32_t bytes[INSPECT_CONFIG_MAX / 4];

    for (unsigned i = 0; i < INSPECT_CONFIG_MAX / 4; i++)
        bytes[i] = space[i];
    memset(function, 0, sizeof *function);
    function->bdf = (struct inspect_bdf){segment, rid};
    inspect_bdf_print(function->bdf, function->name);
    inspect_config_decode((const uint8_t *)bytes, INSPECT_CONFIG_MAX, &function->config);
    function->config.acs_control |= function->config.acs_capability; /* an operating system will switch it on */
    function->above = function->physical = function->group = function->iommu = INSPECT_NONE;
}

static void read_slot(struct inspect_system *system, uint16_t segment, uint16_t slot)
{
    for (uint16_t function = 0; function < 8 && system->function_count < FUNCTIONS; function++) {
        uint16_t rid = (uint16_t)(slot + function);

        if ((uint16_t)machine_config_read(segment, rid, 0) != UINT16_MAX)
            read_function(system, segment, rid);
        else if (function == 0)
            return;
        if (function == 0 && !(machine_config_read(segment, rid, 12) >> 16 & 0x80))
            return; /* one function only */
    }
}

int machine_find(struct inspect_system *system)
{
    size_t bytes = 0;
    const uint8_t *mcfg = machine_table("MCFG", &bytes);

    system->function = memory_alloc(FUNCTIONS * sizeof *system->function);
    if (!system->function)
        return -IOMMU_ENOMEM;
    for (size_t i = MCFG_FIRST; mcfg && i + MCFG_BYTES <= bytes; i += MCFG_BYTES)
        for (unsigned slot = mcfg[i + 10] * 32u; slot < (mcfg[i + 11] + 1) * 32u; slot++)
            read_slot(system, (uint16_t)load(mcfg + i + 8, 2), (uint16_t)(slot << 3));
    for (unsigned i = 0; i < system->function_count; i++)
        system->function[i].above = inspect_system_bridge_to(system, system->function[i].bdf.segment,
                                                             (uint8_t)(system->function[i].bdf.rid >> 8));
    return 0;
}
