/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/entries.h - what entries of page tables say, for the walks of second.c and first.c and the short one of
 * short.c.
 *
 * Architecture: "Second-stage paging entries", "First-stage paging entries".
 */
#ifndef IOMMUKIT_MODELS_VTD_ENTRIES_H
#define IOMMUKIT_MODELS_VTD_ENTRIES_H

#include "models/vtd/translate.h"

/* Is it an address that the first stage can translate? */
static inline bool vtdm_canonical(const struct vtdm_route *route, uint64_t address)
{
    uint64_t mask = route->first_levels == 5 ? VTD_CANONICAL_5LEVEL : VTD_CANONICAL_4LEVEL;
    uint64_t upper = address & mask;
    return upper == 0 || upper == mask;
}

static inline bool vtdm_second_is_leaf(unsigned level, uint64_t entry)
{
    return level <= 1 || (entry & VTD_SS_PS);
}

static inline bool vtdm_second_size_supported(const struct iommu_model_vtd *m, unsigned level)
{
    uint64_t sizes = SPEC_GET(VTD_CAP_SSLPS, m->config.cap);
    return level == 1 || (level == 2 && (sizes & VTD_SSLPS_2M)) ||
           (level == 3 && (sizes & VTD_SSLPS_1G));
}

/* Reserved bits of a leaf of any size. */
static inline uint64_t vtdm_second_leaf_reserved(const struct iommu_model_vtd *m)
{
    return VTD_PTE_RSVD(m->config.address_bits) | VTD_SS_RSVD_LEAF | (vtdm_ecap(m, VTD_ECAP_SC) ? 0 : VTD_SS_SNP);
}

static inline bool vtdm_second_reserved(const struct iommu_model_vtd *m, unsigned level, uint64_t entry)
{
    if (!vtdm_second_is_leaf(level, entry))
        return entry & (VTD_PTE_RSVD(m->config.address_bits) | VTD_SS_RSVD_TABLE);
    uint64_t mask = vtdm_second_leaf_reserved(m);
    if (level == 2)
        mask |= VTD_SS_RSVD_2M;
    if (level == 3)
        mask |= VTD_SS_RSVD_1G;
    return !vtdm_second_size_supported(m, level) || (entry & mask);
}

/* Do walks see what is in the CPU's caches? */
static inline bool vtdm_snooped(const struct iommu_model_vtd *m, const struct vtdm_route *route)
{
    return route->legacy ? vtdm_ecap(m, VTD_ECAP_C) : route->snooped;
}

static inline bool vtdm_first_is_leaf(unsigned level, uint64_t entry)
{
    return level <= 1 || (entry & VTD_FS_PS);
}

static inline bool vtdm_first_size_supported(const struct iommu_model_vtd *m, unsigned level)
{
    return level <= 2 || (level == 3 && vtdm_cap(m, VTD_CAP_FS1GP));
}

/* Under nesting the address is the second stage's to judge. */
static inline bool vtdm_first_reserved(const struct iommu_model_vtd *m, bool nested, unsigned level, uint64_t entry)
{
    uint64_t mask = nested ? 0 : VTD_PTE_RSVD(m->config.address_bits);
    if (!vtdm_first_is_leaf(level, entry))
        return entry & mask;
    if (level == 2)
        mask |= VTD_FS_RSVD_2M;
    if (level == 3)
        mask |= VTD_FS_RSVD_1G;
    return !vtdm_first_size_supported(m, level) || (entry & mask);
}

#endif
