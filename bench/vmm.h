/* SPDX-License-Identifier: MIT */
/*
 * bench/vmm.h - the model as the author of a virtual machine monitor embeds it: tables made by the driver on a modelled
 * machine, and routes into them. Rows that need the registers for themselves get a second unit over the same tables.
 */
#ifndef BENCH_VMM_H
#define BENCH_VMM_H

#include "bench/rig.h"

struct bench_vmm {
    struct bench_rig rig;
    struct iommu_domain *domain;
    struct iommu_attachment *attachment;
    struct iommu_model_vtd *unit; /* the machine's */
    uint32_t pasid;
    uint64_t root; /* of the domain's table, physical */
};

int bench_vmm_open(struct bench_vmm *vmm, uint64_t ram_bytes);
void bench_vmm_close(struct bench_vmm *vmm);
struct iommu_model_request bench_vmm_request(const struct bench_vmm *vmm, uint64_t iova);
/* Empties the domain's entries in the unit's caches. */
int bench_vmm_forget(struct bench_vmm *vmm);
/* Translates each; the sum of the results, 0: one was blocked. */
uint64_t bench_vmm_translate(const struct bench_vmm *vmm, struct iommu_model_vtd *unit, const uint64_t *iova, unsigned count);

/* The same in one call for BENCH_BATCH at a time, as the pieces of a list. */
uint64_t bench_vmm_translate_list(const struct bench_vmm *vmm, struct iommu_model_vtd *unit, const uint64_t *iova, unsigned count);

/* A unit of one's own over the machine's tables, its queue driven by hand. */
struct bench_second {
    struct iommu_model_host host;
    struct iommu_model_vtd *unit;
    uint8_t *memory;
    uint64_t queue; /* physical: one page of 128 wide descriptors */
    struct iommu_posix *posix;
};
int bench_second_open(struct bench_vmm *vmm, struct bench_second *second);
void bench_second_close(struct bench_second *second);
/* Writes the descriptors and runs the queue until it has executed them; times the writing of the tail. */
uint64_t bench_second_run(struct bench_second *second, const uint64_t (*descriptors)[2], unsigned count);

#define BENCH_QUEUE_SLOTS 128u
#define BENCH_BATCH       64u

#endif
