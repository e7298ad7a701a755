/* SPDX-License-Identifier: MIT */
/* try.c - the copied template on a modelled machine: what a port will do, before there is a machine for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommukit/model/machine.h"
#include "iommukit/vtd.h"
#include "template.h"

#define MEMORY_PA    0x10000000u
#define MEMORY_BYTES (16u << 20)
#define MUST(call)                                                                                       \
    do {                                                                                                 \
        int result_ = (call);                                                                            \
        if (result_ < 0)                                                                                 \
            return printf("%s: %s\n", #call, iommu_strerror(result_)), 1;                                \
    } while (0)

static unsigned char *memory; /* the machine's, from MEMORY_PA on */
static struct iommu_model_machine *machine;
static struct template_host host;

/* ---- the machine: on a real one all of this falls away ------------------------------------------------ */

static void *at(uint64_t pa, size_t bytes)
{
    return pa >= MEMORY_PA && pa - MEMORY_PA <= MEMORY_BYTES - bytes ? memory + (pa - MEMORY_PA) : NULL;
}

static int read_memory(void *ctx, uint64_t pa, void *to, size_t bytes)
{
    (void)ctx;
    if (!at(pa, bytes))
        return -1;
    memcpy(to, at(pa, bytes), bytes);
    return 0;
}

static int write_memory(void *ctx, uint64_t pa, const void *from, size_t bytes)
{
    (void)ctx;
    if (!at(pa, bytes))
        return -1;
    memcpy(at(pa, bytes), from, bytes);
    return 0;
}

static int read_word(void *ctx, uint64_t pa, uint64_t *value)
{
    return read_memory(ctx, pa, value, 8);
}

static int write_word(void *ctx, uint64_t pa, uint64_t value)
{
    return write_memory(ctx, pa, &value, 8);
}

static int exchange_word(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    uint64_t found;

    if (read_word(ctx, pa, &found))
        return -1;
    if (found == *expected)
        return write_word(ctx, pa, desired);
    *expected = found;
    return 1;
}

static void *model_alloc(void *ctx, size_t bytes)
{
    (void)ctx;
    return calloc(1, bytes);
}

static void model_free(void *ctx, void *object, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(object);
}

static int make_machine(void)
{
    static const struct iommu_model_host model = {
        .memory = {.read = read_memory, .write = write_memory, .read64 = read_word, .write64 = write_word,
                   .cas64 = exchange_word},
        .alloc = model_alloc, .free = model_free};
    struct iommu_model_unit_config unit = {.base = 0xFED90000, .include_all = true};
    const struct iommu_model_function_config function = {
        .pci = {.rid = 1 << 3, .kind = IOMMU_MODEL_PCI_ENDPOINT, .vendor = 0x8086, .device = 1, .pasid_bits = 20}};
    const struct iommu_model_machine_config config = {
        .units = &unit, .unit_count = 1, .functions = &function, .function_count = 1};

    iommu_model_unit_preset("scalable", &unit);
    return iommu_model_machine_create(&model, &config, &machine, NULL);
}

/* Registers and configuration space that are not memory but calls. */
static void *map_registers(void *ctx, uint64_t pa, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    return (void *)(uintptr_t)pa;
}

static uint32_t read32(void *ctx, const volatile void *reg)
{
    (void)ctx;
    return iommu_model_machine_read32(machine, (uintptr_t)reg);
}

static uint64_t read64(void *ctx, const volatile void *reg)
{
    (void)ctx;
    return iommu_model_machine_read64(machine, (uintptr_t)reg);
}

static void write32(void *ctx, volatile void *reg, uint32_t value)
{
    (void)ctx;
    iommu_model_machine_write32(machine, (uintptr_t)reg, value);
}

static void write64(void *ctx, volatile void *reg, uint64_t value)
{
    (void)ctx;
    iommu_model_machine_write64(machine, (uintptr_t)reg, value);
}

static uint32_t pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    (void)ctx;
    return iommu_model_machine_pci_read32(machine, segment, rid, offset);
}

static void pci_write32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset, uint32_t value)
{
    (void)ctx;
    iommu_model_machine_pci_write32(machine, segment, rid, offset, value);
}

static void print(const char *line)
{
    puts(line);
}

/* ---- the port: this stays ----------------------------------------------------------------------------- */

static void on_event(void *ctx, const struct iommu_event *event)
{
    (void)ctx;
    printf("device %#x, address %#llx: %s\n", event->rid, (unsigned long long)event->address, event->reason_name);
}

int main(void)
{
    struct iommu_platform *platform = &host.platform;
    struct iommu_vtd_config vtd = {0};
    struct iommu *iommu;
    struct iommu_device *device;
    struct iommu_domain *domain;
    struct iommu_attachment *route;
    uint64_t word = 0;

    memory = aligned_alloc(2u << 20, MEMORY_BYTES); /* large blocks are aligned physically, too */
    if (!memory || make_machine())
        return 1;
    template_init(&host, &(struct template_config){.offset = (uintptr_t)memory - MEMORY_PA, .memory_pa = MEMORY_PA,
                                                   .memory_bytes = MEMORY_BYTES, .print = print});
    platform->mmio_map = map_registers; /* falls away with the machine */
    platform->mmio_read32 = read32;
    platform->mmio_read64 = read64;
    platform->mmio_write32 = write32;
    platform->mmio_write64 = write64;
    platform->pci_read32 = pci_read32;
    platform->pci_write32 = pci_write32;

    vtd.dmar = iommu_model_machine_dmar(machine, &vtd.dmar_bytes); /* yours: the ACPI table */
    MUST(iommu_vtd_create(platform, &vtd, &iommu));
    iommu_set_event_handler(iommu, on_event, NULL);
    MUST(iommu_device_add(iommu, &(struct iommu_device_config){.rid = 1 << 3}, &device));
    MUST(iommu_start(iommu));
    MUST(iommu_domain_alloc(iommu, &(struct iommu_domain_config){0}, &domain));

    unsigned char *page = platform->page_alloc(platform->ctx, 0);
    memcpy(page, "isolated", sizeof "isolated");
    MUST(iommu_map(domain, 0x40000000, platform->virt_to_phys(platform->ctx, page), 4096, IOMMU_READ));
    MUST(iommu_attach(domain, device, iommu_route_rid(), NULL, &route));

    pci_write32(NULL, 0, 1 << 3, 4, 6); /* bus mastering: the device's driver switches it on */
    struct iommu_model_dma read = {.address = 0x40000000, .data = &word, .bytes = sizeof word};
    struct iommu_model_dma_result result;
    iommu_model_machine_dma(machine, 0, &read, &result, NULL);
    MUST(iommu_handle_events(iommu));
    printf("the device reads \"%.8s\" at 0x40000000\n", result.ok ? (const char *)&word : "nothing");

    MUST(iommu_device_remove(device));
    MUST(iommu_domain_free(domain));
    MUST(iommu_destroy(iommu));
    iommu_model_machine_destroy(machine);
    free(memory);
    return result.ok ? 0 : 1;
}
