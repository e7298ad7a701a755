/* SPDX-License-Identifier: MIT */
/*
 * What a unit can do, from its CAP and ECAP values alone. Architecture: "Capability register",
 * "Extended capability register". Pure functions, no lock; called while a unit is created.
 *
 * Registers of emulators and of early silicon contradict themselves, and quirks can make them. The
 * rule: a feature without its prerequisite is absent. After vtd_caps_check() the rest of the
 * driver tests one bit and trusts it.
 */
#include "drivers/vtd/vtd.h"

/* Each needs all bits of `needs`. A row comes after the rows of what it needs. */
static const struct dependency {
    uint64_t feature, needs;
} dependencies[] = {
    {VTD_ECAP_DT, VTD_ECAP_QI},
    {VTD_ECAP_IR, VTD_ECAP_QI},
    {VTD_ECAP_EIM, VTD_ECAP_IR},
    {VTD_ECAP_SMTS, VTD_ECAP_QI},
    {VTD_ECAP_SSTS, VTD_ECAP_SMTS},
    {VTD_ECAP_FSTS, VTD_ECAP_SMTS},
    {VTD_ECAP_NEST, VTD_ECAP_SMTS | VTD_ECAP_FSTS | VTD_ECAP_SSTS},
    {VTD_ECAP_PRS, VTD_ECAP_DT | VTD_ECAP_SMTS},
    {VTD_ECAP_SRS, VTD_ECAP_SMTS},
    {VTD_ECAP_SMPWCS, VTD_ECAP_SMTS},
    {VTD_ECAP_EAFS, VTD_ECAP_FSTS | VTD_ECAP_SMPWCS},
    {VTD_ECAP_PASID, VTD_ECAP_SMTS},
    {VTD_ECAP_PSS, VTD_ECAP_PASID},
    {VTD_ECAP_RPS, VTD_ECAP_SMTS},
    {VTD_ECAP_SSADS, VTD_ECAP_SMPWCS},
    {VTD_ECAP_DIT, VTD_ECAP_DT},
    {VTD_ECAP_PDS, VTD_ECAP_QI},
    {VTD_ECAP_RPRIVS, VTD_ECAP_SRS},
};

/* 30-bit and 64-bit second-stage tables (bits 0 and 4) were never built. */
#define WIDTHS (VTD_SAGAW_39 | VTD_SAGAW_48 | VTD_SAGAW_57)

uint32_t vtd_caps_widths(uint64_t cap)
{
    return (uint32_t)SPEC_GET(VTD_CAP_SAGAW, cap) & WIDTHS;
}

static void drop_dependents(uint64_t *ecap)
{
    for (unsigned i = 0; i < sizeof(dependencies) / sizeof(dependencies[0]); i++)
        if ((*ecap & dependencies[i].needs) != dependencies[i].needs)
            *ecap &= ~dependencies[i].feature;
}

/* 1 GiB pages without 2 MiB pages is no legal value: then neither. */
static void check_page_sizes(uint64_t *cap)
{
    uint32_t sizes = (uint32_t)SPEC_GET(VTD_CAP_SSLPS, *cap);

    if (!(sizes & VTD_SSLPS_2M))
        sizes = 0;
    sizes &= VTD_SSLPS_2M | VTD_SSLPS_1G;
    *cap = (*cap & ~VTD_CAP_SSLPS) | SPEC_PUT(VTD_CAP_SSLPS, (uint64_t)sizes);
}

void vtd_caps_check(uint64_t *cap, uint64_t *ecap)
{
    drop_dependents(ecap);
    /* Scalable mode that knows neither stage has nothing to offer. */
    if (!(*ecap & (VTD_ECAP_SSTS | VTD_ECAP_FSTS))) {
        *ecap &= ~VTD_ECAP_SMTS;
        drop_dependents(ecap);
    }
    if (!(*ecap & VTD_ECAP_FSTS))
        *cap &= ~(VTD_CAP_FS1GP | VTD_CAP_FS5LP);
    if (SPEC_GET(VTD_CAP_ND, *cap) > VTD_CAP_ND_MAX)
        *cap = (*cap & ~VTD_CAP_ND) | VTD_CAP_ND_MAX;
    if (!(*cap & VTD_CAP_PSI))
        *cap &= ~VTD_CAP_MAMV;
    check_page_sizes(cap);
    *cap = (*cap & ~VTD_CAP_SAGAW) | SPEC_PUT(VTD_CAP_SAGAW, (uint64_t)vtd_caps_widths(*cap));
}

void vtd_caps_quirks(const struct iommu_vtd_quirk *quirks, unsigned count, uint64_t base,
                     uint64_t *cap, uint64_t *ecap)
{
    for (unsigned i = 0; i < count; i++) {
        if (quirks[i].base && quirks[i].base != base)
            continue;
        *cap = (*cap & ~quirks[i].cap_clear) | quirks[i].cap_set;
        *ecap = (*ecap & ~quirks[i].ecap_clear) | quirks[i].ecap_set;
    }
}

/* The widest tables, but no wider than what reaches the unit. 0: it does not remap DMA. */
uint8_t vtd_caps_ss_bits(uint64_t cap)
{
    uint32_t widths = vtd_caps_widths(cap);
    uint32_t reach = (uint32_t)SPEC_GET(VTD_CAP_MGAW, cap) + 1;
    uint32_t bits = 0;

    for (uint32_t aw = VTD_AW_39; aw <= VTD_AW_57; aw++)
        if (widths & SPEC_BIT32(aw))
            bits = VTD_AW_BITS(aw);
    return (uint8_t)(bits < reach ? bits : reach);
}

bool vtd_caps_can_scalable(uint64_t cap, uint64_t ecap)
{
    return (ecap & VTD_ECAP_SMTS) && vtd_caps_widths(cap);
}

/* PSS is the width of PASIDs - 1; the field can say more than a PASID has bits. */
uint32_t vtd_caps_pasid_limit(uint64_t ecap)
{
    uint32_t width = (uint32_t)SPEC_GET(VTD_ECAP_PSS, ecap) + 1;

    if (!(ecap & VTD_ECAP_PASID))
        return 0;
    return SPEC_BIT32(width < VTD_PASID_BITS ? width : VTD_PASID_BITS);
}

size_t vtd_caps_register_bytes(uint64_t cap, uint64_t ecap)
{
    size_t records = (size_t)SPEC_GET(VTD_CAP_NFR, cap) + 1;
    size_t faults = VTD_REG_FRCD(cap, 0) + records * VTD_FRCD_BYTES;
    size_t iotlb = VTD_REG_IOTLB(ecap) + sizeof(uint64_t);
    size_t bytes = faults > iotlb ? faults : iotlb;

    return bytes > VTD_PAGE_BYTES ? bytes : VTD_PAGE_BYTES;
}
