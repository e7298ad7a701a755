/* SPDX-License-Identifier: MIT */
/*
 * models/lies/chance.c - dice and memory of one liar. The dice are thrown only while a lie is told,
 * so that an honest machine does not depend on them. Lock: the owner's. Called by units, memory and
 * device TLBs.
 */
#include "models/lies/chance.h"

/* A walk reads a page entry by entry; those strikes are one. */
#define REPEAT_BYTES ((uint64_t)4096)

void model_lies_init(struct model_lies *lies, const struct iommu_model_lies *config, uint64_t salt)
{
    __builtin_memset(lies, 0, sizeof(*lies));
    lies->allowed = lies->enabled = config->enabled;
    lies->one_in = config->one_in;
    lies->state = config->seed ^ salt * 0x9E3779B97F4A7C15u;
}

void model_lies_tell(struct model_lies *lies, uint32_t enabled)
{
    lies->enabled = lies->allowed & enabled;
}

/* splitmix64: any state is a good one, also 0. */
uint64_t model_random(struct model_lies *lies)
{
    uint64_t z = lies->state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* By multiplication: a 64-bit remainder is a library call on 32-bit processors. */
unsigned model_below(struct model_lies *lies, unsigned below)
{
    return (unsigned)((model_random(lies) >> 32) * below >> 32);
}

struct iommu_model_strike model_strike_of(enum iommu_model_lie lie, const char *what,
                                          uint64_t address)
{
    return (struct iommu_model_strike){
        .lie = lie,
        .what = what,
        .address = address,
        .unit = IOMMU_MODEL_NONE,
        .rid = IOMMU_MODEL_NONE,
        .pasid = IOMMU_MODEL_NONE,
        .domain = IOMMU_MODEL_NONE,
        .descriptors = UINT64_MAX,
    };
}

static bool repeats(const struct model_lies *lies, const struct iommu_model_strike *strike)
{
    const struct iommu_model_strike *last;

    if (!lies->struck)
        return false;
    last = &lies->ring[(lies->struck - 1) % IOMMU_MODEL_STRIKES_MAX];
    return last->what == strike->what && last->unit == strike->unit && last->rid == strike->rid &&
           last->pasid == strike->pasid && last->descriptors == strike->descriptors &&
           last->address / REPEAT_BYTES == strike->address / REPEAT_BYTES;
}

bool model_strike_keep(struct model_lies *lies, struct iommu_model_strike *strike)
{
    if (repeats(lies, strike))
        return false;
    strike->number = lies->struck + 1;
    lies->ring[lies->struck % IOMMU_MODEL_STRIKES_MAX] = *strike;
    lies->struck++;
    return true;
}

unsigned model_strikes_copy(const struct model_lies *lies, struct iommu_model_strike *out,
                            unsigned max)
{
    unsigned held = lies->struck < IOMMU_MODEL_STRIKES_MAX ? (unsigned)lies->struck
                                                           : IOMMU_MODEL_STRIKES_MAX;
    unsigned count = held < max ? held : max, index;

    for (index = 0; index < count; index++)
        out[index] = lies->ring[(lies->struck - count + index) % IOMMU_MODEL_STRIKES_MAX];
    return count;
}
