/* SPDX-License-Identifier: MIT */
/*
 * The short ways of attaching and detaching. They are here and not where their long ways are because a route takes each
 * of them once, and calling them took longer than what they do. Under iommu.lock; used by attach.c, and by those whose
 * long ways they are.
 *
 * Architecture: "Software managed table entries" (atomicity, order of updates). Hardware may fetch an entry at any
 * moment, in pieces of 16 bytes. So P is in the store that comes last when an entry appears, and first and alone when it
 * goes.
 */
#ifndef DRIVERS_VTD_ENTRY_H
#define DRIVERS_VTD_ENTRY_H

#include "drivers/vtd/vtd.h"

/* ---- what leads to the entry ------------------------------------------------------------------------- */

static inline void *vtd_pasid_table(const struct vtd_device *device, uint64_t pointer)
{
    return host_phys_to_virt(device->unit->platform, pointer & VTD_PDE_SMPTBLPTR);
}

/* NULL: no table there yet. */
static inline uint64_t *vtd_pasid_entry(const struct vtd_device *device, uint32_t pasid)
{
    uint64_t pointer = vtd_load(&device->directory[SPEC_GET(VTD_PDE_INDEX, pasid)]);

    if (!(pointer & VTD_PDE_P))
        return NULL;
    return (uint64_t *)vtd_pasid_table(device, pointer) + (size_t)SPEC_GET(VTD_PE_INDEX, pasid) * VTD_PE_QWORDS;
}

/* ---- the order in which an entry becomes and stops being visible -------------------------------------- */

/* Unrolled, because then words that are known do not go through memory first. */

/* fill, flush, publish, flush: `words` qwords, of which the first holds P and becomes visible last. */
static inline void vtd_entry_publish(const struct vtd_unit *unit, uint64_t *entry, const uint64_t *value, unsigned words)
{
#pragma GCC unroll 8
    for (unsigned i = 1; i < words; i++)
        vtd_store(&entry[i], value[i]);
    vtd_write_back(unit, entry, words * sizeof(*entry));
    host_barrier(unit->platform);
    vtd_store(&entry[0], value[0]);
    vtd_write_back(unit, entry, sizeof(*entry));
    host_barrier(unit->platform);
}

/* Clear P, which is bit 0 of every kind of entry. The rest stays: caches may still have to be matched against it. */
static inline void vtd_entry_block(const struct vtd_unit *unit, uint64_t *entry)
{
    vtd_store(&entry[0], vtd_load(&entry[0]) & ~(uint64_t)1);
    vtd_write_back(unit, entry, sizeof(*entry));
    host_barrier(unit->platform);
}

static inline void vtd_entry_clear(const struct vtd_unit *unit, uint64_t *entry, unsigned words)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < words; i++)
        vtd_store(&entry[i], 0);
    vtd_write_back(unit, entry, words * sizeof(*entry));
    host_barrier(unit->platform);
}

/* What the entry is to say. */
static inline struct vtd_entry_config vtd_entry_for_domain(const struct vtd_domain *domain, uint32_t did)
{
    struct vtd_entry_config config = {.pgtt = vtd_domain_pgtt(&domain->base), .did = did};
    const struct iommu_pt *pt = &domain->base.pt;

    if (config.pgtt == VTD_PGTT_FIRST) {
        config.fs_root = iommu_pt_root(pt);
        config.fs_levels = pt->config.levels;
    } else if (config.pgtt == VTD_PGTT_SECOND) {
        config.ss_root = iommu_pt_root(pt);
        config.ss_levels = pt->config.levels;
    }
    return config;
}

/* ---- the domain's id ---------------------------------------------------------------------------------- */

static inline int vtd_tag_get(struct vtd_domain *domain, struct vtd_unit *unit, uint32_t *did)
{
    struct vtd_tag *tag = &domain->tags[unit->index];
    int result = tag->held ? 0 : vtd_tag_hold(tag, unit);

    if (result)
        return result;
    tag->users++;
    *did = tag->did;
    return 0;
}

/* withhold: the hardware did not confirm that it has forgotten the id. */
static inline void vtd_tag_put(struct vtd_domain *domain, struct vtd_unit *unit, bool withhold)
{
    struct vtd_tag *tag = &domain->tags[unit->index];

    if (withhold)
        vtd_tag_withhold(tag, unit);
    if (--tag->users == 0 && !tag->withheld)
        vtd_tag_let_go(tag, unit);
}

/* ---- the device --------------------------------------------------------------------------------------- */

/* Requests with PASID on. For a device that has PASIDs. */
static inline int vtd_pasid_enable(struct vtd_device *device)
{
    return device->pasid_on ? 0 : vtd_pasid_switch(device, true);
}

static inline int vtd_pasid_disable(struct vtd_device *device)
{
    return device->pasid_on ? vtd_pasid_switch(device, false) : 0;
}

/* ATS on, where device and unit may. */
static inline int vtd_ats_enable(struct vtd_device *device)
{
    return device->ats_allowed && !device->ats_on ? vtd_ats_start(device) : 0;
}

#endif
