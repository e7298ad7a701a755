/* SPDX-License-Identifier: MIT */
/* registers_names.c - see registers.h: names, places and widths. Needs no C library; examples/uefi has it, too. */
#include "inspect/registers_parse.h"
#include "spec/vtd_regs.h"

static const struct {
    const char *name;
    unsigned offset, bits;
} table[INSPECT_REGISTER_COUNT] = {
#define REGISTER(NAME, BITS) [INSPECT_##NAME] = {#NAME, VTD_REG_##NAME, BITS}
    REGISTER(VER, 32),      REGISTER(CAP, 64),      REGISTER(ECAP, 64),     REGISTER(GSTS, 32),
    REGISTER(RTADDR, 64),   REGISTER(CCMD, 64),     REGISTER(FSTS, 32),     REGISTER(FECTL, 32),
    REGISTER(FEDATA, 32),   REGISTER(FEADDR, 32),   REGISTER(FEUADDR, 32),  REGISTER(PMEN, 32),
    REGISTER(PLMBASE, 32),  REGISTER(PLMLIMIT, 32), REGISTER(PHMBASE, 64),  REGISTER(PHMLIMIT, 64),
    REGISTER(IQH, 64),      REGISTER(IQT, 64),      REGISTER(IQA, 64),      REGISTER(ICS, 32),
    REGISTER(IECTL, 32),    REGISTER(IEDATA, 32),   REGISTER(IEADDR, 32),   REGISTER(IEUADDR, 32),
    REGISTER(IQERCD, 64),   REGISTER(IRTA, 64),     REGISTER(PQH, 64),      REGISTER(PQT, 64),
    REGISTER(PQA, 64),      REGISTER(PRS, 32),      REGISTER(PECTL, 32),    REGISTER(PEDATA, 32),
    REGISTER(PEADDR, 32),   REGISTER(PEUADDR, 32),
#undef REGISTER
};

const char *inspect_register_name(enum inspect_register reg)
{
    return table[reg].name;
}

unsigned inspect_register_bits(enum inspect_register reg)
{
    return table[reg].bits;
}

unsigned register_offset(enum inspect_register reg)
{
    return table[reg].offset;
}
