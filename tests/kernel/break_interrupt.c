/* SPDX-License-Identifier: MIT */
/* break_interrupt.c - linked into the example kernel with --wrap=vtd_write32: the fault event stays masked. */
#include "drivers/vtd/vtd.h"
#include "spec/vtd_regs.h"

void __real_vtd_write32(struct vtd_unit *unit, uint32_t reg, uint32_t value);
void __wrap_vtd_write32(struct vtd_unit *unit, uint32_t reg, uint32_t value);

void __wrap_vtd_write32(struct vtd_unit *unit, uint32_t reg, uint32_t value)
{
    if (reg != VTD_REG_FECTL)
        __real_vtd_write32(unit, reg, value);
}
