/* SPDX-License-Identifier: MIT */
/*
 * machine.c - the machine of one run: units as the row says, endpoints that master the bus, reserved regions where the
 * scenario wants them, and what firmware leaves behind.
 */
#include <string.h>

#include "conformance/bench.h"
#include "conformance/registers.h"

#define UNIT_BASE             UINT64_C(0xfed90000)
#define UNIT_STRIDE           UINT64_C(0x10000)
#define REGION_BASE           UINT64_C(0x80000)
#define PCI_COMMAND           4u
#define PCI_MEMORY_AND_MASTER 6u

uint64_t bench_unit_base(unsigned unit)
{
    return UNIT_BASE + unit * UNIT_STRIDE;
}

static uint16_t rid_of(unsigned device)
{
    return (uint16_t)((device + 1) << 3);
}

/* Half of the devices sit behind the second unit. */
static unsigned unit_of(const struct bench *bench, unsigned device)
{
    return bench->unit_count > 1 && device % BENCH_DEVICES >= BENCH_DEVICES / 2 ? 1 : 0;
}

static uint8_t address_bits(const struct unit_row *row)
{
    uint8_t bits = 52;
    for (unsigned i = 0; i < UNITS_MAX && row->unit[i].preset != NULL; i++) {
        struct iommu_model_vtd_config config = {0};
        iommu_model_vtd_preset(row->unit[i].preset, &config);
        bits = config.address_bits < bits ? config.address_bits : bits;
    }
    return bits;
}

static void set_units(struct bench *bench, struct iommu_model_unit_config *units)
{
    for (unsigned i = 0; i < UNITS_MAX; i++) {
        if (!unit_capabilities(bench->unit, i, &bench->cap[i], &bench->ecap[i]))
            break;
        units[i] =
            (struct iommu_model_unit_config){.base = bench_unit_base(i), .include_all = i == 0};
        iommu_model_unit_preset(bench->unit->unit[i].preset, &units[i]);
        units[i].cap = bench->cap[i];
        units[i].ecap = bench->ecap[i];
        units[i].honest = bench_lies_forbidden(bench->cap[i], bench->ecap[i], bench->telling);
        bench->unit_count = i + 1;
    }
}

static void set_functions(struct bench *bench, struct iommu_model_function_config *functions)
{
    bench->device_count =
        bench->scenario->needs & NEEDS_MANY_DEVICES ? BENCH_DEVICES_MAX : BENCH_DEVICES;
    for (unsigned i = 0; i < bench->device_count; i++) {
        bench->device_unit[i] = unit_of(bench, i);
        bench->device[i].rid = rid_of(i);
        bool ats = (bench->ecap[bench->device_unit[i]] & ECAP_DT) != 0;
        functions[i] =
            (struct iommu_model_function_config){.pci = {.rid = rid_of(i),
                                                         .kind = IOMMU_MODEL_PCI_INTEGRATED,
                                                         .vendor = 0x1234,
                                                         .device = (uint16_t)(1 + i),
                                                         .class_code = 0x088000,
                                                         .pasid_bits = 20,
                                                         .ats = ats,
                                                         .scalable_iov = true},
                                                 .unit = bench->device_unit[i]};
    }
}

/* Two: one of whole pages, and one that starts and ends within pages (as found in the field) for most seeds. */
static unsigned set_regions(const struct bench *bench, struct iommu_model_region_config *regions)
{
    if (!(bench->scenario->needs & NEEDS_REGIONS))
        return 0;
    const uint64_t odd = bench->seed % 3 == 0 ? 0 : 0x800;
    regions[0] = (struct iommu_model_region_config){
        .base = REGION_BASE, .limit = REGION_BASE + 3 * BENCH_PAGE - 1, .rid = rid_of(1)};
    regions[1] = (struct iommu_model_region_config){.base = REGION_BASE + 0x10000 + odd,
                                                    .limit = REGION_BASE + 0x12000 + odd - 1,
                                                    .rid = rid_of(bench->device_count - 1)};
    return 2;
}

/* What firmware does before it hands over: remap interrupts (an empty table is enough), protect low memory. */
static void firmware(struct bench *bench)
{
    uint64_t base = bench_unit_base(0);
    iommu_model_machine_tell(bench->machine, 0); /* no lies yet */
    if (bench->unit->firmware_ir) {
        iommu_model_machine_write64(bench->machine, base + REG_IRTA, 0x1000);
        iommu_model_machine_write32(bench->machine, base + REG_GCMD, GCMD_SIRTP);
        iommu_model_machine_write32(bench->machine, base + REG_GCMD, GCMD_IRE);
    }
    if ((bench->scenario->needs & NEEDS_PROTECTED) && (bench->cap[0] & CAP_PLMR)) {
        iommu_model_machine_write32(bench->machine, base + REG_PLMBASE, 0);
        iommu_model_machine_write32(bench->machine, base + REG_PLMLIMIT,
                                    (uint32_t)(BENCH_RAM - (1 << 20)));
        iommu_model_machine_write32(bench->machine, base + REG_PMEN, UINT32_C(1) << 31);
    }
    iommu_model_machine_tell(bench->machine, bench->telling);
}

bool bench_told(const struct bench *bench, enum iommu_model_lie lie)
{
    return (bench->telling & IOMMU_MODEL_LIE(lie)) != 0;
}

bool bench_machine_tlbs(const struct bench *bench)
{
    return bench_told(bench, IOMMU_MODEL_LIE_DEVICE_TLB) ||
           bench_told(bench, IOMMU_MODEL_LIE_SLOW_DEVICE_TLB);
}

void bench_machine_open(struct bench *bench)
{
    struct iommu_model_unit_config units[UNITS_MAX] = {0};
    struct iommu_model_function_config functions[BENCH_DEVICES_MAX];
    struct iommu_model_region_config regions[2];
    const char *why = NULL;
    set_units(bench, units);
    set_functions(bench, functions);
    const struct iommu_model_machine_config config = {
        .address_bits = address_bits(bench->unit),
        .units = units,
        .unit_count = bench->unit_count,
        .functions = functions,
        .function_count = bench->device_count,
        .regions = regions,
        .region_count = set_regions(bench, regions),
        .ctx = bench,
        .devtlb_invalidate = bench_machine_tlbs(bench) ? NULL : bench_devtlb_invalidate,
        .lies = {.enabled = bench->telling, .seed = bench->seed},
    };
    if (iommu_host_model_create(&config, BENCH_RAM, &bench->host, &why) < 0)
        bench_fail(bench, FINDING_INIT_FAILED, "the machine itself cannot be built: %s", why);
    bench->machine = iommu_host_model_machine(bench->host);
    bench->memory = iommu_host_model_posix(bench->host);
    bench->ram = iommu_posix_memory(bench->memory, 0, BENCH_RAM);
    for (unsigned i = 0; i < bench->device_count; i++)
        iommu_model_pci_write32(iommu_model_machine_function(bench->machine, i), PCI_COMMAND,
                                PCI_MEMORY_AND_MASTER);
    firmware(bench);
}

void bench_machine_close(struct bench *bench)
{
    if (bench->host != NULL)
        iommu_host_model_destroy(bench->host);
    bench->host = NULL;
}

struct iommu_model_vtd *bench_vtd(const struct bench *bench, unsigned device)
{
    return iommu_model_machine_unit(bench->machine, bench->device_unit[device]);
}

bool bench_has_pasid(const struct bench *bench, unsigned device)
{
    return (bench->ecap[bench->device_unit[device]] & ECAP_PASID) != 0 &&
           bench->adapter->attach_pasid != NULL;
}

bool bench_ats_on(const struct bench *bench, unsigned device)
{
    return (bench->ecap[bench->device_unit[device]] & ECAP_DT) != 0 &&
           iommu_model_pci_ats_enabled(iommu_model_machine_function(bench->machine, device));
}

unsigned bench_other_device(unsigned device)
{
    return (device + BENCH_DEVICES / 2) % BENCH_DEVICES;
}
