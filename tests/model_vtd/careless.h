/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * tests/model_vtd/careless.h - a unit whose software does anything, in any order: what it brings about is what
 * software can bring about. Needs no test framework.
 */
#ifndef TESTS_MODEL_VTD_CARELESS_H
#define TESTS_MODEL_VTD_CARELESS_H

#include "iommukit/model/state.h"
#include "tests/common/seed.h"

#define CARELESS_MEMORY ((size_t)256 << 10)

struct careless {
    struct iommu_model_host host;
    struct iommu_model_vtd_config config;
    struct iommu_model_vtd *model;
    uint8_t *memory;
    struct seed seed;
    unsigned busy; /* saves that were refused from within a callback */
    unsigned wrong; /* that were not */
};

/* false: no memory. preset: by number. */
bool careless_begin(struct careless *c, unsigned preset, uint64_t seed);
void careless_end(struct careless *c);
/* Another unit of the same configuration on the same memory. */
struct iommu_model_vtd *careless_twin(struct careless *c);
void careless_step(struct careless *c);

#endif
