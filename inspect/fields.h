/* SPDX-License-Identifier: MIT */
/*
 * fields.h - registers and fault records, field by field: where it is, its value, and what that value means.
 *
 * Bits outside of every field are told only where one of them is set, last and as fields named "reserved": hardware
 * does not set them, so the value was misread or is of a later revision.
 */
#ifndef INSPECT_FIELDS_H
#define INSPECT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/registers.h"

struct inspect_field {
    const char *name;
    unsigned high, low;  /* bits, inclusive; up to 127 in a fault record */
    uint64_t value;      /* shifted down */
    const char *meaning; /* what the field is */
    char words[96];      /* what this value means: "yes", "48 bits", "0x55d4000" */
};

/* "extended capabilities" */
const char *inspect_register_meaning(enum inspect_register reg);

/* The field of a known register; index from 0. False: no more. Some words depend on the unit's other registers. */
bool inspect_register_field(const struct inspect_unit *unit, enum inspect_register reg, size_t index,
                            struct inspect_field *field);
/* The same of a fault record: low, high. */
bool inspect_fault_field(const uint64_t record[2], size_t index, struct inspect_field *field);

#endif
