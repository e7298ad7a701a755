/* SPDX-License-Identifier: MIT */
/*
 * models/lies/chance.h - the lies of one part of a machine: which it tells, the chance that drives
 * them, and where they struck lately. Lock: the part's. Used by units, memory and device TLBs.
 */
#ifndef IOMMUKIT_MODELS_LIES_CHANCE_H
#define IOMMUKIT_MODELS_LIES_CHANCE_H

#include "iommukit/model/lies.h"

struct model_lies {
    uint32_t allowed; /* by the configuration */
    uint32_t enabled; /* of them, those told now */
    uint32_t one_in;
    uint64_t state;
    uint64_t struck; /* how often; the latest are in the ring */
    struct iommu_model_strike ring[IOMMU_MODEL_STRIKES_MAX];
};

/* salt keeps parts of one machine from throwing the same dice. */
void model_lies_init(struct model_lies *lies, const struct iommu_model_lies *config, uint64_t salt);
void model_lies_tell(struct model_lies *lies, uint32_t enabled);

static inline bool model_lies_on(const struct model_lies *lies, enum iommu_model_lie lie)
{
    return (lies->enabled & IOMMU_MODEL_LIE(lie)) != 0;
}

uint64_t model_random(struct model_lies *lies);
unsigned model_below(struct model_lies *lies, unsigned below); /* 0 to below - 1 */
/* Is the lie told, and is this one of the times when it happens? */
static inline bool model_now_and_then(struct model_lies *lies, enum iommu_model_lie lie, unsigned habit)
{
    return model_lies_on(lies, lie) && model_below(lies, lies->one_in ? lies->one_in : habit) == 0;
}

/* Strikes. Whoever makes one begins with model_strike_of, so that what it does not say says so. */
struct iommu_model_strike model_strike_of(enum iommu_model_lie lie, const char *what,
                                          uint64_t address);
/* Keeps it, and gives it its number. Returns false for one that only repeats the last. */
bool model_strike_keep(struct model_lies *lies, struct iommu_model_strike *strike);
unsigned model_strikes_copy(const struct model_lies *lies, struct iommu_model_strike *out,
                            unsigned max);

#endif
