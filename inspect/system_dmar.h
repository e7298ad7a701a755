/* SPDX-License-Identifier: MIT */
/*
 * system_dmar.h - the whole ACPI DMAR table as data: every record that lies in it, usable or not, and what is wrong.
 *
 * <iommukit/dmar.h> is what a driver reads: it delivers what can be used. People want to see the rest too, so the
 * records here are the table's own, in its order, and that parser's complaints are among the warnings.
 */
#ifndef INSPECT_SYSTEM_DMAR_H
#define INSPECT_SYSTEM_DMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/system.h"
#include "iommukit/dmar.h"

/* One bridge or device on the way, as it lies in the table. */
struct inspect_dmar_step {
    uint8_t device, function;
};

struct inspect_dmar_scope {
    size_t offset;
    uint8_t type, length, flags, enumeration_id, start_bus;
    unsigned path_length;
    const struct inspect_dmar_step *path; /* in the table */
    bool resolved;            /* bdf is known */
    struct inspect_bdf bdf;
    int function;             /* in the machine, or INSPECT_NONE */
};

struct inspect_dmar_record {
    size_t offset;
    uint16_t type, length;
    bool complete;            /* it has its fixed part; else only type and length are set */
    uint8_t flags, size_lg2;
    uint16_t segment;
    uint64_t base, limit;
    uint32_t proximity;
    uint8_t device_number;
    char name[256];
    unsigned first_scope, scope_count;
};

struct inspect_dmar_warning {
    size_t offset;            /* of the record, scope or field */
    char text[200];
};

struct inspect_dmar {
    const uint8_t *bytes;     /* the caller's */
    size_t size;
    uint32_t length;          /* as the header states */
    uint8_t revision, checksum;
    char oem_id[7], oem_table_id[9], creator_id[5];
    uint32_t oem_revision, creator_revision;
    uint16_t address_bits;    /* 1 to 256: as the table states */
    uint8_t flags;
    unsigned record_count, scope_count, warning_count;
    struct inspect_dmar_record *record;   /* these three owned */
    struct inspect_dmar_scope *scope;
    struct inspect_dmar_warning *warning; /* in the order of the table */
};

/*
 * machine: where scopes name devices of, or NULL. `bytes` must stay while the result is used. -EINVAL: it is no DMAR
 * table; everything else is a warning.
 */
int inspect_dmar_read(const uint8_t *bytes, size_t size, const struct inspect_system *machine,
                      struct inspect_dmar *dmar, struct inspect_why *why);
void inspect_dmar_free(struct inspect_dmar *dmar);

/* "endpoint", "bridge", "I/O APIC", ...; "unknown" */
const char *inspect_dmar_scope_name(unsigned type);

#endif
