/* SPDX-License-Identifier: MIT */
/* acpi.c - from the RSDP, through RSDT or XSDT, to a table by its name. */
#include "kernel.h"

static const uint8_t *root;
static unsigned entry_bytes; /* of the root table: 4 (RSDT) or 8 (XSDT) */

uint64_t load(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;

    memcpy(&value, bytes, count);
    return value;
}

uint8_t acpi_sum(const uint8_t *bytes, size_t length)
{
    uint8_t sum = 0;

    while (length--)
        sum = (uint8_t)(sum + *bytes++);
    return sum;
}

static const uint8_t *sound(const uint8_t *table, size_t length)
{
    if (acpi_sum(table, length))
        fail("an ACPI table's checksum");
    return table;
}

void acpi_init(const uint8_t *boot_info)
{
    const uint8_t *rsdp = sound(at(load(boot_info + 32, 8)), 20);

    entry_bytes = rsdp[15] >= 2 ? 8 : 4; /* revision */
    root = at(load(rsdp + (entry_bytes == 8 ? 24 : 16), entry_bytes));
    sound(root, load(root + 4, 4));
}

const uint8_t *acpi_find(const char *signature)
{
    const uint8_t *last = root + load(root + 4, 4);

    for (const uint8_t *entry = root + 36; entry + entry_bytes <= last; entry += entry_bytes) {
        const uint8_t *table = at(load(entry, entry_bytes));

        if (!memcmp(table, signature, 4))
            return sound(table, load(table + 4, 4));
    }
    fail(signature); /* no such table */
}
