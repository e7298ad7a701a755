/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/protected.c - protected memory regions.
 *
 * Architecture: "Protected memory enable, base and limit registers". While they are enabled, no DMA
 * reaches the regions. With translation on, hardware may or may not block translated addresses there;
 * this model does, so that a driver that leaves firmware's protection on is found out.
 * Lock: held. Called by registers.c and translate.c.
 */
#include "models/vtd/model.h"

/* Regions are multiples of this; the low bits of a limit count as ones. */
#define REGION_BYTES ((uint64_t)1 << 20)

void vtdm_pmen_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    if (!vtdm_later(m, &m->pace.pmen))
        vtdm_pmen_run(m);
}

void vtdm_pmen_run(struct iommu_model_vtd *m)
{
    vtdm_front_outdate(m);
    if (m->reg[VTDM_PMEN] & VTD_PMEN_EPM)
        m->reg[VTDM_PMEN] |= VTD_PMEN_PRS;
    else
        m->reg[VTDM_PMEN] &= ~(uint64_t)VTD_PMEN_PRS;
}

void vtdm_region_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    (void)old;
    (void)lanes;
    vtdm_front_outdate(m);
    if (m->reg[VTDM_PMEN] & VTD_PMEN_PRS)
        vtdm_misuse(m, "a protected region changed while protection was on");
}

static bool inside(uint64_t address, uint64_t base, uint64_t limit)
{
    return address >= base && address <= (limit | (REGION_BYTES - 1));
}

bool vtdm_protected(const struct iommu_model_vtd *m, uint64_t address)
{
    if (!(m->reg[VTDM_PMEN] & VTD_PMEN_PRS))
        return false;
    if (vtdm_cap(m, VTD_CAP_PLMR) && inside(address, m->reg[VTDM_PLMBASE], m->reg[VTDM_PLMLIMIT]))
        return true;
    return vtdm_cap(m, VTD_CAP_PHMR) &&
           inside(address, m->reg[VTDM_PHMBASE], m->reg[VTDM_PHMLIMIT]);
}
