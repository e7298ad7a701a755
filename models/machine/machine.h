/* SPDX-License-Identifier: MIT */
/*
 * models/machine/machine.h - the inside of a modelled machine. machine.c puts it together and takes
 * it apart, topology.c works out who sits behind whom, dmar.c describes that to software, route.c
 * carries register and configuration accesses down, dma.c carries the devices' requests up.
 *
 * Locks: one, for configuration spaces and counters. It is a leaf: nothing is called with it held,
 * so that it may be taken below a unit's or an accelerator's own. What create has set up never
 * changes afterwards.
 */
#ifndef IOMMUKIT_MODELS_MACHINE_MACHINE_H
#define IOMMUKIT_MODELS_MACHINE_MACHINE_H

#include "iommukit/model/machine.h"
#include "models/devtlb/devtlb.h"
#include "models/dsa/lock.h"
#include "models/lies/chance.h"
#include "models/memory/view.h"

/* Errno's numbers, negated on return. */
#define MACHINE_ENOMEM 12
#define MACHINE_EINVAL 22

#define MACHINE_NO_PARENT UINT32_MAX
#define MACHINE_PATH_MAX  124u /* a device scope's length is one byte */

struct machine_unit {
    struct iommu_model_machine *machine;
    unsigned index;
    struct iommu_model_unit_config config;
    struct iommu_model_vtd *vtd;
    uint32_t bytes; /* of registers */
};

struct machine_function {
    struct iommu_model_machine *machine;
    unsigned index;
    struct iommu_model_pci pci;
    uint32_t unit;   /* IOMMU_MODEL_NO_UNIT: straight to memory */
    uint32_t parent; /* the bridge above; MACHINE_NO_PARENT: on a root bus */
    unsigned depth;  /* bridges above */
    uint16_t alias;  /* requester id on the root bus */
    bool prefixes;   /* PASIDs pass every port on the way */
    struct iommu_model_dsa *dsa;
    struct model_devtlb devtlb; /* the machine's lock guards it */
};

struct iommu_model_machine {
    const struct iommu_model_host *base; /* as create got it */
    const struct iommu_model_host *host; /* what the parts get: base, or the view's */
    struct model_view view;              /* valid if host is not base */
    struct model_lies lies;
    struct model_lock lock;
    uint8_t address_bits;
    struct machine_unit *units;
    unsigned unit_count;
    struct machine_function *functions;
    unsigned function_count;
    uint8_t *dmar;
    size_t dmar_bytes;
    struct iommu_model_machine_stats stats;
    void *ctx;
    void (*event)(void *ctx, unsigned unit, enum iommu_model_event event, uint64_t address,
                  uint32_t data);
    void (*interrupt)(void *ctx, unsigned function, uint32_t cause);
    bool (*devtlb_invalidate)(void *ctx, unsigned unit,
                              const struct iommu_model_devtlb_invalidation *invalidation);
    void (*page_response)(void *ctx, unsigned unit,
                          const struct iommu_model_page_response *response);
};

/* NULL: nothing there. Compares what never changes, so no lock. */
struct machine_function *machine_find(const struct iommu_model_machine *machine, uint16_t segment,
                                      uint16_t rid);

/* topology.c: fill in parents, depths, aliases, prefixes; then check units against what a DMAR
 * table can say. NULL, or why the machine is impossible. */
const char *machine_topology(struct iommu_model_machine *machine);
const char *machine_check_scopes(const struct iommu_model_machine *machine);

/* lies.c: before the parts are created; their lies; what a lie in a unit or in memory reports.
 * Creation: 0, -MACHINE_ENOMEM. */
int machine_lies_init(struct iommu_model_machine *machine, const struct iommu_model_lies *lies);
void machine_lies_fini(struct iommu_model_machine *machine);
struct iommu_model_lies machine_unit_lies(const struct iommu_model_machine *machine,
                                          const struct iommu_model_lies *lies, unsigned index);
int machine_lies_of_function(struct machine_function *function);
void machine_strike_of_unit(struct iommu_model_machine *machine, unsigned unit,
                            const struct iommu_model_strike *strike);
void machine_lies_stats(struct iommu_model_machine *machine,
                        struct iommu_model_machine_stats *stats);

/* ats.c: does the function translate by itself? Then this does a request for it. */
bool machine_uses_devtlb(const struct machine_function *function);
void machine_devtlb_translate(struct machine_function *function,
                              const struct iommu_model_request *access,
                              struct iommu_model_result *result);
/* false: nobody there to acknowledge. */
bool machine_devtlb_invalidate(struct iommu_model_machine *machine, unsigned unit,
                               const struct iommu_model_devtlb_invalidation *invalidation);

/* dmar.c: generate the table into machine->dmar. 0, -MACHINE_ENOMEM, -MACHINE_EINVAL with *why. */
int machine_dmar_generate(struct iommu_model_machine *machine,
                          const struct iommu_model_region_config *regions, unsigned region_count,
                          const char **why);

#endif
