/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/drop.h - removal from the caches, as precise as the invalidation that asks for it.
 */
#ifndef IOMMUKIT_MODELS_VTD_DROP_H
#define IOMMUKIT_MODELS_VTD_DROP_H

#include "models/vtd/model.h"

/* Pages that an invalidation covers. */
struct vtdm_range {
    uint64_t first, last; /* page numbers, both inside */
};

/* ADDR and AM of a descriptor or of IVA; an address that is not aligned to AM counts as misuse. */
static inline struct vtdm_range vtdm_range_of(struct iommu_model_vtd *m, uint64_t address, unsigned am)
{
    uint64_t page = address >> VTD_PAGE_LG2;
    uint64_t mask = am >= 52 ? VTD_ALL_ONES >> VTD_PAGE_LG2 : SPEC_BIT64(am) - 1;
    if (page & mask)
        vtdm_misuse(m, "an invalidation's address is not aligned to its mask");
    return (struct vtdm_range){ page & ~mask, page | mask };
}

void vtdm_drop_all(struct iommu_model_vtd *m); /* context, PASID, translations */

void vtdm_drop_contexts(struct iommu_model_vtd *m);
void vtdm_drop_contexts_of_domain(struct iommu_model_vtd *m, uint16_t did);
/* did counts in legacy mode only; fm: VTD_FM_* */
void vtdm_drop_context(struct iommu_model_vtd *m, uint16_t rid, unsigned fm, uint16_t did);

void vtdm_drop_pasids(struct iommu_model_vtd *m);
void vtdm_drop_pasids_of_domain(struct iommu_model_vtd *m, uint16_t did);
void vtdm_drop_pasid(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid);

/* IOTLB together with the paging-structure cache; hint: only leaves changed. */
void vtdm_drop_translations(struct iommu_model_vtd *m);
void vtdm_drop_domain(struct iommu_model_vtd *m, uint16_t did);
void vtdm_drop_domain_pages(struct iommu_model_vtd *m, uint16_t did, struct vtdm_range range,
                            bool hint);
void vtdm_drop_tagged(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid);
void vtdm_drop_tagged_pages(struct iommu_model_vtd *m, uint16_t did, uint32_t pasid,
                            struct vtdm_range range, bool hint);

#endif
