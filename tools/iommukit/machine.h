/* SPDX-License-Identifier: MIT */
/* machine.h - which modelled machine to build: the built-in one, or what an ACPI DMAR table describes. */
#ifndef IOMMUKIT_TOOL_MACHINE_H
#define IOMMUKIT_TOOL_MACHINE_H

#include "iommukit/model/machine.h"

/* A firmware region and the function (index) that must keep reaching it. */
struct machine_region {
    uint64_t first, last;
    unsigned function;
};

struct machine {
    struct iommu_model_machine_config config;
    struct iommu_model_unit_config *units;
    struct iommu_model_function_config *functions;
    struct machine_region *regions;
    unsigned region_count;
    void *dmar;
    size_t dmar_bytes;
    unsigned bare_units; /* units that no PCI device can sit behind */
    const char *note;    /* what had to be assumed; NULL: nothing */
};

/* 0, or SHARE_USAGE after saying why. path NULL: the built-in machine. */
int machine_load(const char *path, struct machine *machine);
void machine_unload(struct machine *machine);

#endif
