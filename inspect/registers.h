/* SPDX-License-Identifier: MIT */
/*
 * registers.h - what the units' registers were: from a file, from the command line, or out of a dump.
 *
 * A file is JSON, {"CAP": "0x...", "ECAP": ...} for one unit, {"units": [{"base": ..., ...}, ...]} or an array for
 * several, or text, one "NAME VALUE", "NAME: VALUE" or "NAME = VALUE" a line (as Linux's debugfs prints them too).
 * Names are the architecture's, with or without _REG and in either case; unknown JSON members are ignored.
 */
#ifndef INSPECT_REGISTERS_H
#define INSPECT_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/memory.h"
#include "inspect/why.h"

enum inspect_register {
    INSPECT_VER, INSPECT_CAP, INSPECT_ECAP, INSPECT_GSTS, INSPECT_RTADDR, INSPECT_CCMD, INSPECT_FSTS, INSPECT_FECTL,
    INSPECT_FEDATA, INSPECT_FEADDR, INSPECT_FEUADDR, INSPECT_PMEN, INSPECT_PLMBASE, INSPECT_PLMLIMIT, INSPECT_PHMBASE,
    INSPECT_PHMLIMIT, INSPECT_IQH, INSPECT_IQT, INSPECT_IQA, INSPECT_ICS, INSPECT_IECTL, INSPECT_IEDATA,
    INSPECT_IEADDR, INSPECT_IEUADDR, INSPECT_IQERCD, INSPECT_IRTA, INSPECT_PQH, INSPECT_PQT, INSPECT_PQA, INSPECT_PRS,
    INSPECT_PECTL, INSPECT_PEDATA, INSPECT_PEADDR, INSPECT_PEUADDR, INSPECT_REGISTER_COUNT
};

#define INSPECT_UNITS_MAX  64u
#define INSPECT_FRCD_MAX   256u

struct inspect_unit {
    uint64_t base;     /* physical address of the register block; 0: not known */
    uint16_t segment;
    uint64_t known;    /* bit (1 << enum inspect_register): the value is there */
    uint64_t value[INSPECT_REGISTER_COUNT];
    unsigned fault_count; /* fault records that are there */
    uint64_t fault[INSPECT_FRCD_MAX][2]; /* low, high */
};

struct inspect_registers {
    unsigned count;
    struct inspect_unit *unit; /* count of them; owned */
};

/* Each: 0 or -EINVAL, -ENOENT, -ENOMEM ... with the reason in *why; *registers is untouched then. */
int inspect_registers_load(const char *path, struct inspect_registers *registers, struct inspect_why *why);
/* From text in memory (for tests and fuzzing), JSON or lines. */
int inspect_registers_parse(const char *text, size_t bytes, struct inspect_registers *registers,
                            struct inspect_why *why);
/* "CAP", "0x..." : one register by name into *unit. -EINVAL: no such register, not a number, too wide. */
int inspect_register_set(struct inspect_unit *unit, const char *name, const char *value, struct inspect_why *why);
/*
 * The register blocks that the units of a DMAR table have in this image. -ENODATA: the image holds none of them
 * (most dumps leave device memory out; the sentence says how to get the registers otherwise).
 */
int inspect_registers_find(struct inspect_memory *memory, const void *dmar, size_t dmar_bytes,
                           struct inspect_registers *registers, struct inspect_why *why);
void inspect_registers_free(struct inspect_registers *registers);

/* "CAP" ... and how wide it is. */
const char *inspect_register_name(enum inspect_register reg);
unsigned inspect_register_bits(enum inspect_register reg);

#endif
