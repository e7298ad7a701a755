/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/space.c - see space.h.
 *
 * Architecture: "Tagging of cached translations". Lock: held. Called by iotlb.c, paging.c and drop.c.
 */
#include "models/vtd/space.h"
#include "models/vtd/model.h"

static struct vtdm_name name_of(uint16_t did, uint32_t pasid)
{
    return (struct vtdm_name){ .place = did, .pasid = pasid };
}

struct vtdm_space *vtdm_space_find(const struct iommu_model_vtd *m, uint16_t did, uint32_t pasid)
{
    struct vtdm_name name = name_of(did, pasid);
    return (struct vtdm_space *)(void *)vtdm_cache_find(&m->spaces, &name);
}

struct vtdm_space *vtdm_space_make(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid)
{
    struct vtdm_name name = name_of(did, pasid);
    struct vtdm_space *space = (struct vtdm_space *)(void *)vtdm_cache_put(&m->spaces, &name, did);
    if (space && !space->leaves.serial) { /* it is new */
        vtdm_space_forget_leaves(m, space);
        vtdm_space_forget_tables(m, space);
    }
    return space;
}

void vtdm_space_forget_leaves(struct iommu_model_vtd *m, struct vtdm_space *space)
{
    vtdm_tlb_forget(&m->iotlb, &space->leaves);
    vtdm_space_touch(m, space, 0, VTDM_STAMPS - 1);
    space->passes = false;
}

void vtdm_space_forget_tables(struct iommu_model_vtd *m, struct vtdm_space *space)
{
    vtdm_tlb_forget(&m->paging, &space->tables);
    space->lost++;
    space->nested = false;
}
