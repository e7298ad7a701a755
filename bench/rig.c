/* SPDX-License-Identifier: MIT */
/* bench/rig.c - see rig.h. */
#include "bench/rig.h"

#include <stdlib.h>
#include <string.h>

#define UNIT_BASE UINT64_C(0xFED90000)

struct bench_rig *bench_own_rig;

/* ---- the bench's unit on a posix host --------------------------------------------------------------------------- */

static uint32_t bus_read32(void *ctx, uint64_t pa)
{
    return bench_unit_read32(ctx, (uint32_t)(pa - UNIT_BASE));
}

static uint64_t bus_read64(void *ctx, uint64_t pa)
{
    return bench_unit_read64(ctx, (uint32_t)(pa - UNIT_BASE));
}

static void bus_write32(void *ctx, uint64_t pa, uint32_t value)
{
    bench_unit_write32(ctx, (uint32_t)(pa - UNIT_BASE), value);
}

static void bus_write64(void *ctx, uint64_t pa, uint64_t value)
{
    bench_unit_write64(ctx, (uint32_t)(pa - UNIT_BASE), value);
}

static int open_unit(struct bench_rig *rig, const struct iommu_model_unit_config *like, uint64_t ram_bytes)
{
    struct iommu_posix_config config = {.ram_bytes = ram_bytes, .ram_fd = -1, .read32 = bus_read32, .read64 = bus_read64,
                                        .write32 = bus_write32, .write64 = bus_write64};
    rig->unit = bench_unit_create(NULL, (uint32_t)like->major << 4 | like->minor, like->cap, like->ecap);
    if (rig->unit == NULL)
        return -1;
    config.bus_ctx = rig->unit;
    if (iommu_posix_create(&config, &rig->own_posix) < 0)
        return -1;
    rig->posix = rig->own_posix;
    bench_unit_memory(rig->unit, iommu_posix_memory(rig->posix, 0, 0));
    rig->platform = iommu_posix_platform(rig->posix);
    return 0;
}

/* ---- the machine, also for its firmware table ----------------------------------------------------------------- */

static int open_machine(struct bench_rig *rig, struct iommu_model_unit_config *unit, const struct bench_rig_config *wanted)
{
    const struct iommu_model_function_config function = {
        .pci = {.rid = BENCH_RID, .kind = IOMMU_MODEL_PCI_INTEGRATED, .vendor = 0x8086, .device = 0x0B25,
                .class_code = 0x088000, .pasid_bits = 20}};
    const struct iommu_model_machine_config config = {
        .units = unit, .unit_count = 1, .functions = &function, .function_count = 1};
    unit->base = UNIT_BASE;
    unit->include_all = true;
    if (!iommu_model_unit_preset(wanted->noncoherent ? "scalable-noncoherent" : "scalable", unit))
        return -1;
    if (iommu_host_model_create(&config, wanted->hardware == BENCH_MODEL ? wanted->ram_bytes : 0, &rig->host, NULL) < 0)
        return -1;
    rig->posix = iommu_host_model_posix(rig->host);
    rig->platform = iommu_host_model_platform(rig->host);
    iommu_model_pci_write32(iommu_model_machine_function(iommu_host_model_machine(rig->host), BENCH_FUNCTION), 4, 6);
    return 0;
}

static int open_driver(struct bench_rig *rig)
{
    const struct iommu_device_config device = {.rid = BENCH_RID, .pasid_bits = 20};
    struct iommu_vtd_config config = {0};
    config.dmar = iommu_model_machine_dmar(iommu_host_model_machine(rig->host), &config.dmar_bytes);
    if (iommu_vtd_create(rig->platform, &config, &rig->iommu) < 0)
        return -1;
    if (iommu_device_add(rig->iommu, &device, &rig->device) < 0)
        return -1;
    return iommu_start(rig->iommu) < 0 ? -1 : 0;
}

int bench_rig_open(struct bench_rig *rig, const struct bench_rig_config *config)
{
    struct iommu_model_unit_config unit = {0};
    int result;
    *rig = (struct bench_rig){0};
    result = open_machine(rig, &unit, config);
    if (result == 0 && config->hardware == BENCH_UNIT)
        result = open_unit(rig, &unit, config->ram_bytes);
    if (result == 0 && config->counted) {
        result = iommu_strict_create(rig->platform, &rig->strict) < 0 ? -1 : 0;
        if (result == 0)
            rig->platform = iommu_strict_platform(rig->strict);
    }
    if (result == 0)
        result = open_driver(rig);
    if (result != 0)
        bench_rig_close(rig);
    return result;
}

void bench_rig_close(struct bench_rig *rig)
{
    if (rig->device != NULL)
        iommu_device_remove(rig->device);
    if (rig->iommu != NULL)
        iommu_destroy(rig->iommu);
    if (rig->strict != NULL)
        iommu_strict_destroy(rig->strict);
    iommu_posix_destroy(rig->own_posix);
    if (rig->unit != NULL)
        bench_unit_destroy(rig->unit);
    if (rig->host != NULL)
        iommu_host_model_destroy(rig->host);
    *rig = (struct bench_rig){0};
}

/* ---- our table behind the peers' interface -------------------------------------------------------------------- */

static void *own_create(void)
{
    struct iommu_domain *domain = NULL;
    return iommu_domain_alloc(bench_own_rig->iommu, NULL, &domain) < 0 ? NULL : domain;
}

static void own_destroy(void *table)
{
    iommu_domain_free(table);
}

static int own_map(void *table, const struct bench_sweep *sweep)
{
    uint64_t iova = sweep->iova, pa = sweep->pa;
    for (unsigned i = 0; i < sweep->count; i++, iova += sweep->stride, pa += sweep->stride)
        if (iommu_map(table, iova, pa, sweep->len, IOMMU_READ | IOMMU_WRITE) != 0)
            return -1;
    return 0;
}

static int own_unmap(void *table, const struct bench_sweep *sweep)
{
    struct iommu_gather gather;
    uint64_t iova = sweep->iova;
    iommu_gather_init(&gather);
    for (unsigned i = 0; i < sweep->count; i++, iova += sweep->stride)
        if (iommu_unmap(table, iova, sweep->len, &gather) != 0)
            return -1;
    return iommu_sync(table, &gather);
}

const struct bench_peer_table bench_own_table = {"iommukit", own_create, own_destroy, own_map, own_unmap};
