/* SPDX-License-Identifier: MIT */
/*
 * models/devtlb/devtlb.h - the translations that an endpoint holds. No lock here: the machine that
 * owns the endpoint brings its own.
 */
#ifndef IOMMUKIT_MODELS_DEVTLB_DEVTLB_H
#define IOMMUKIT_MODELS_DEVTLB_DEVTLB_H

#include "iommukit/model/vtd.h"

#define DEVTLB_ENTRIES  512u
#define DEVTLB_UNTAGGED UINT32_MAX /* of requests without PASID */

struct devtlb_entry {
    uint64_t address, pa; /* of the page's first byte */
    uint32_t pasid;
    uint8_t page_lg2; /* 0: free */
    bool read, write, privileged;
};

struct model_devtlb {
    struct devtlb_entry *entries; /* DEVTLB_ENTRIES of them; NULL: the endpoint holds nothing */
    unsigned top;                 /* none beyond */
    unsigned next;                /* to be replaced when all are taken */
    uint64_t serial;              /* changes with every removal */
};

/* Does it hold a translation that lets this access through? */
const struct devtlb_entry *devtlb_find(const struct model_devtlb *tlb,
                                       const struct iommu_model_request *access);
/* The answer to a translation request; one without rights is not held. `serial` is what it was
 * when the request was sent: an answer that an invalidation has overtaken is not kept. */
void devtlb_put(struct model_devtlb *tlb, const struct iommu_model_request *access,
                const struct iommu_model_result *answer, uint64_t serial);
void devtlb_invalidate(struct model_devtlb *tlb,
                       const struct iommu_model_devtlb_invalidation *invalidation);
void devtlb_clear(struct model_devtlb *tlb);
unsigned devtlb_count(const struct model_devtlb *tlb);

#endif
