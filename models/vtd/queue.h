/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/queue.h - what the invalidation queue and its descriptors need of each other.
 */
#ifndef IOMMUKIT_MODELS_VTD_QUEUE_H
#define IOMMUKIT_MODELS_VTD_QUEUE_H

#include "models/vtd/model.h"

struct vtdm_descriptor {
    uint64_t words[4]; /* the last two are 0 in a narrow queue */
};

/* invalidate.c: VTD_IQEI_NONE if the unit accepts the descriptor in its table mode. */
enum vtd_iqei vtdm_descriptor_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);
void vtdm_descriptor_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);

/* wait.c */
enum vtd_iqei vtdm_wait_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);
void vtdm_wait_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);

/* device.c: requests to device-TLBs; they are only prepared here, queue.c sends them. */
enum vtd_iqei vtdm_devtlb_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);
enum vtd_iqei vtdm_pdevtlb_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);
enum vtd_iqei vtdm_response_check(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);
void vtdm_devtlb_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);
void vtdm_pdevtlb_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);
void vtdm_response_run(struct iommu_model_vtd *m, const struct vtdm_descriptor *d);

/* queue.c: the bits of a head that is a place in the ring of that IQA. */
uint64_t vtdm_ring_places(uint64_t iqa);
/* Stops the queue; sid of the device that did not answer. */
void vtdm_queue_time_out(struct iommu_model_vtd *m, uint16_t sid);

#endif
