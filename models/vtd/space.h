/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/space.h - an address space as the unit's caches tell them apart: a domain's second stage (with
 * pass-through), or the first stage of one PASID in a domain.
 *
 * A space is made when something of it is first remembered and lives as long as the unit, so that a pointer to it is
 * always good. Its stamps tell those who copied something of it (front.h) that it may have changed.
 */
#ifndef IOMMUKIT_MODELS_VTD_SPACE_H
#define IOMMUKIT_MODELS_VTD_SPACE_H

#include "models/vtd/cache.h"
#include "models/vtd/tlb.h"

struct iommu_model_vtd;

/* Pages share a stamp with every eighth other one: invalidating one page spares most copies of the others. */
#define VTDM_STAMPS 8u
/* Stamps are multiples of this, so that who keeps one has room for a number. */
#define VTDM_STAMP  0x10000u

struct vtdm_space {
    struct vtdm_cached cached;       /* name: domain id and PASID; VTDM_NO_PASID: second stage */
    struct vtdm_set leaves, tables;  /* in the IOTLB, in the paging-structure cache */
    bool passes;                     /* has had pass-through translations */
    bool nested;                     /* its tables were found through a second stage */
    uint32_t stamp[VTDM_STAMPS];     /* by page number; read without the lock */
    uint64_t lost;                   /* goes up when a pointer to a table may have gone; see cursor.h */
};

struct vtdm_space *vtdm_space_find(const struct iommu_model_vtd *m, uint16_t did, uint32_t pasid);
/* NULL: no memory. */
struct vtdm_space *vtdm_space_make(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid);

/* front.c: no copy of anything may be used any more; every change of a route, or of what lets one be used. */
void vtdm_front_outdate(struct iommu_model_vtd *m);

/* A stamp that has been everywhere could be mistaken for what it was: every copy goes then. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it */
static inline void vtdm_space_change(struct iommu_model_vtd *m, uint32_t *stamp)
{
    uint32_t next = *stamp + VTDM_STAMP;
    __atomic_store_n(stamp, next, __ATOMIC_RELEASE);
    if (!next)
        vtdm_front_outdate(m);
}

/* Translations of pages first to last are about to change. */
static inline void vtdm_space_touch(struct iommu_model_vtd *m, struct vtdm_space *space, uint64_t first, uint64_t last)
{
    if (last - first >= VTDM_STAMPS)
        last = first + VTDM_STAMPS - 1;
    do {
        vtdm_space_change(m, &space->stamp[first % VTDM_STAMPS]);
    } while (first++ != last);
}

void vtdm_space_forget_leaves(struct iommu_model_vtd *m, struct vtdm_space *space);
void vtdm_space_forget_tables(struct iommu_model_vtd *m, struct vtdm_space *space);

#endif
