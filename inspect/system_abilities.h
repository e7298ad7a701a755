/* SPDX-License-Identifier: MIT */
/* system_abilities.h - what a remapping unit can do, by name and in words. */
#ifndef INSPECT_SYSTEM_ABILITIES_H
#define INSPECT_SYSTEM_ABILITIES_H

#include "inspect/system.h"

/* Of Intel units; the names are what --require takes. */
enum inspect_ability {
    INSPECT_CAN_SCALABLE, INSPECT_CAN_PASID, INSPECT_CAN_FIRST_STAGE, INSPECT_CAN_SECOND_STAGE, INSPECT_CAN_NESTED,
    INSPECT_CAN_QUEUED, INSPECT_CAN_DEVICE_TLB, INSPECT_CAN_PAGE_REQUESTS, INSPECT_CAN_REMAP_INTERRUPTS,
    INSPECT_CAN_X2APIC, INSPECT_CAN_POST_INTERRUPTS, INSPECT_CAN_PASS_THROUGH, INSPECT_CAN_SNOOP,
    INSPECT_CAN_COHERENT, INSPECT_CAN_DIRTY, INSPECT_CAN_CACHE_ABSENT, INSPECT_ABILITY_COUNT
};

/* INSPECT_UNKNOWN: not an Intel unit, or its registers could not be read. */
enum inspect_answer inspect_iommu_can(const struct inspect_iommu *iommu, enum inspect_ability ability);
const char *inspect_ability_name(enum inspect_ability ability);  /* "first-stage" */
const char *inspect_ability_words(enum inspect_ability ability); /* "first-stage tables, as a processor's" */

/* Numbers of an Intel unit whose registers are known. */
unsigned inspect_iommu_pasid_bits(const struct inspect_iommu *iommu);  /* 0: no PASIDs */
unsigned inspect_iommu_domain_bits(const struct inspect_iommu *iommu);
unsigned inspect_iommu_address_bits(const struct inspect_iommu *iommu);
bool inspect_iommu_has_levels(const struct inspect_iommu *iommu, unsigned levels); /* 3, 4 or 5, second stage */

/* Several words about units of any vendor, "Intel VT-d 1.0 at 0xfed90000: ..." */
void inspect_iommu_words(const struct inspect_iommu *iommu, char *text, size_t size);
const char *inspect_vendor_name(enum inspect_vendor vendor);

#endif
