/* SPDX-License-Identifier: MIT */
/* bench/rows_pasids.c - row 19: many PASIDs attached, few of them in use. */
#include <stdlib.h>

#include "bench/rig.h"
#include "bench/rows.h"

#define ACTIVE 64u
#define PAGE   UINT64_C(4096)
#define IOVA   (UINT64_C(64) << 30)
#define ALL    (UINT32_C(1) << 20)

struct crowd {
    struct bench_rig rig;
    struct iommu_domain *active[ACTIVE], *idle;
    uint32_t pasid[ACTIVE];
    struct iommu_model_vtd *unit;
};

static void close_crowd(struct crowd *crowd)
{
    if (crowd->rig.device != NULL && iommu_device_remove(crowd->rig.device) == 0)
        crowd->rig.device = NULL; /* and with it every attachment */
    for (unsigned i = 0; i < ACTIVE; i++)
        iommu_domain_free(crowd->active[i]);
    iommu_domain_free(crowd->idle);
    bench_rig_close(&crowd->rig);
}

static int attach(struct crowd *crowd, struct iommu_domain *domain, uint32_t pasid)
{
    struct iommu_attachment *attachment;
    return iommu_attach(domain, crowd->rig.device, iommu_route_pasid(pasid), NULL, &attachment);
}

/* The active ones spread evenly over 1 to total - 1. A unit has 2^16 domain ids, so that the idle ones share a domain. */
static int fill(struct crowd *crowd, uint32_t total)
{
    const uint32_t stride = total / ACTIVE;
    for (unsigned i = 0; i < ACTIVE; i++) {
        crowd->pasid[i] = 1 + i * stride;
        if (iommu_domain_alloc(crowd->rig.iommu, NULL, &crowd->active[i]) != 0 ||
            iommu_map(crowd->active[i], IOVA, PAGE, 2 * PAGE, IOMMU_READ) != 0 ||
            attach(crowd, crowd->active[i], crowd->pasid[i]) != 0)
            return -1;
    }
    if (iommu_domain_alloc(crowd->rig.iommu, NULL, &crowd->idle) != 0)
        return -1;
    for (uint32_t pasid = 1; stride > 1 && pasid < total; pasid++)
        if (pasid % stride != 1 && attach(crowd, crowd->idle, pasid) != 0)
            return -1;
    return 0;
}

static int open_crowd(struct crowd *crowd, uint32_t total)
{
    *crowd = (struct crowd){0};
    if (bench_rig_open(&crowd->rig, &(struct bench_rig_config){.hardware = BENCH_MODEL}) != 0)
        return -1;
    crowd->unit = iommu_model_machine_unit(iommu_host_model_machine(crowd->rig.host), 0);
    return fill(crowd, total);
}

static uint64_t translate(void *ctx, unsigned times)
{
    const struct crowd *crowd = ctx;
    struct iommu_model_request request = {.rid = BENCH_RID, .has_pasid = true, .address = IOVA, .bytes = 8};
    struct iommu_model_result result;
    uint64_t start = bench_now();
    for (unsigned i = 0; i < times * ACTIVE; i++) {
        request.pasid = crowd->pasid[i % ACTIVE];
        iommu_model_vtd_translate(crowd->unit, &request, &result, NULL);
        if (result.outcome != IOMMU_MODEL_OK)
            return BENCH_FAILED;
    }
    return bench_now() - start;
}

static uint64_t remap(void *ctx, unsigned times)
{
    const struct crowd *crowd = ctx;
    uint64_t start = bench_now();
    for (unsigned i = 0; i < times * ACTIVE; i++) {
        struct iommu_domain *domain = crowd->active[i % ACTIVE];
        if (iommu_map(domain, IOVA + 8 * PAGE, PAGE, PAGE, IOMMU_READ) != 0 ||
            iommu_unmap(domain, IOVA + 8 * PAGE, PAGE, NULL) != 0)
            return BENCH_FAILED;
    }
    return bench_now() - start;
}

static void compare(struct bench *bench, struct crowd *many, struct crowd *few, struct bench_part *part,
                    uint64_t (*run)(void *, unsigned))
{
    struct bench_op ops[2] = {{.name = "64 of 2^20", .run = run, .ctx = many, .each = ACTIVE},
                              {.name = "64 of 64", .run = run, .ctx = few, .each = ACTIVE}};
    struct bench_samples samples;
    bench_take(bench, ops, 2, &samples);
    bench_against(part, ops, &samples, 0, 1, 1);
    bench_give(&samples);
}

void bench_row_pasids(struct bench *bench, struct bench_result *result)
{
    struct bench_part *hit = bench_part(result, BENCH_TIMES_LIMIT, 1.05, 1.2, "translation");
    struct bench_part *strict = bench_part(result, BENCH_TIMES_LIMIT, 1.05, 1.2, "map, strict unmap");
    struct crowd *crowds = calloc(2, sizeof *crowds);
    if (crowds == NULL)
        return;
    if (open_crowd(&crowds[0], bench->options.smoke ? 4096 : ALL) == 0 && open_crowd(&crowds[1], ACTIVE) == 0) {
        compare(bench, &crowds[0], &crowds[1], hit, translate);
        compare(bench, &crowds[0], &crowds[1], strict, remap);
    }
    close_crowd(&crowds[0]);
    close_crowd(&crowds[1]);
    free(crowds);
}
