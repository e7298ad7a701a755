/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * tests/model_vtd/state_image.h - states of models in tests: saved, compared, restored, refused.
 */
#ifndef TESTS_MODEL_VTD_STATE_IMAGE_H
#define TESTS_MODEL_VTD_STATE_IMAGE_H

#include "iommukit/model/state.h"
#include "tests/model_vtd/fixture.h"
#include "tests/model_vtd/state_bytes.h"

struct image {
    uint8_t bytes[IOMMU_MODEL_VTD_STATE_MAX + 64]; /* room for what does not belong there */
    size_t size;
};

void image_save(struct iommu_model_vtd *model, struct image *image);
void image_restore(struct iommu_model_vtd *model, const struct image *image);
void image_same(const struct image *a, const struct image *b);
/* The model is what it was, down to its caches. `reason`: what the refusal has to speak of; NULL: anything. */
void image_refused(struct iommu_model_vtd *model, const uint8_t *bytes, size_t size, const char *reason);
/* A unit with something of everything: entries cached, a fault pending and masked, a command under way. */
void image_busy_unit(struct fx *f);

#endif
