/* SPDX-License-Identifier: MIT */
/* setup_model.c - the modelled machine, the driver on top of it, and the devices to share. */
#include <stdio.h>
#include <stdlib.h>

#include "lane.h"

#define TENANTS_DEFAULT 8u

static struct iommu_model_machine *machine_of(const struct model_hardware *hardware)
{
    return iommu_host_model_machine(hardware->host);
}

/* Firmware's DMA of this function into its region, as it went on before the driver came. */
static bool region_reached(struct share *share, const struct machine_region *region)
{
    uint64_t word = share_random(share);
    const struct iommu_model_dma access = {
        .address = region->first, .write = true, .data = &word, .bytes = sizeof word};
    struct iommu_model_dma_result result;
    const uint64_t *memory = iommu_posix_memory(share->memory, region->first, sizeof word);
    if (memory == NULL)
        return false;
    iommu_model_machine_dma(machine_of(share->hardware), region->function, &access, &result, NULL);
    return result.ok && *memory == word;
}

static void check_regions(struct share *share, const struct machine *machine)
{
    for (unsigned i = 0; i < machine->region_count; i++) {
        if (region_reached(share, &machine->regions[i]))
            share->reserved_checked++;
        else
            share_leak(share, "a device of the firmware cannot reach its reserved region at %#llx",
                       (unsigned long long)machine->regions[i].first);
    }
}

static bool is_bridge(const struct iommu_model_function_config *function)
{
    return function->pci.secondary_bus != 0;
}

static int add_devices(struct share *share, struct model_hardware *hardware)
{
    const struct iommu_model_machine_config *config = &hardware->machine.config;
    hardware->devices = calloc(config->function_count, sizeof(struct iommu_device *));
    share->devices = calloc(config->function_count, sizeof *share->devices);
    if (hardware->devices == NULL || share->devices == NULL)
        return share_refuse("no memory for %u devices", config->function_count);

    for (unsigned i = 0; i < config->function_count; i++) {
        const struct iommu_model_function_config *function = &config->functions[i];
        if (is_bridge(function))
            continue;
        /* Bus mastering is the business of whoever drives the device. */
        iommu_model_pci_write32(iommu_model_machine_function(machine_of(hardware), i), 4, 6);
        const struct iommu_device_config device = {.segment = function->pci.segment, .rid = function->pci.rid};
        int result = share_device_add(share, &device, &hardware->devices[i]);
        if (result != 0)
            return result;
        if (function->accelerator) {
            share->devices[share->device_count].device = hardware->devices[i];
            share->devices[share->device_count++].function = i;
        }
    }
    if (share->device_count == 0)
        return share_refuse("no PCI device can sit behind any unit of this table: nothing to share");
    return 0;
}

static int create_driver(struct share *share, struct model_hardware *hardware)
{
    struct iommu_vtd_config config = {.mode = share->options->mode};
    config.dmar = iommu_model_machine_dmar(machine_of(hardware), &config.dmar_bytes);
    int result = iommu_vtd_create(iommu_host_model_platform(hardware->host), &config, &share->iommu);
    return result == 0 ? 0 : share_refuse("the driver refuses this machine: %s", iommu_strerror(result));
}

/* Room for buffers, tables and what firmware reserved below 4 GiB; the system commits what is touched. */
static uint64_t memory_bytes(const struct share *share)
{
    const uint64_t each = 2 * share->options->bytes + 64 * SHARE_PAGE;
    return (UINT64_C(8) << 30) + share->tenant_count * each;
}

static void choose_tenants(struct share *share, const struct machine *machine)
{
    unsigned accelerators = 0;
    for (unsigned i = 0; i < machine->config.function_count; i++)
        accelerators += machine->functions[i].accelerator;
    unsigned wanted = share->options->tenants;
    share->tenant_count = wanted != 0 ? wanted : TENANTS_DEFAULT;
    if (wanted == 0 && share->tenant_count < 2 * accelerators)
        share->tenant_count = 2 * accelerators;
}

int share_setup_model(struct share *share)
{
    struct model_hardware *hardware = calloc(1, sizeof *hardware);
    if (hardware == NULL)
        return share_refuse("no memory");
    share->hardware = hardware;
    share->platform_name = "model";
    share->lane = &share_lane_model;

    int result = machine_load(share->options->dmar, &hardware->machine);
    if (result != 0)
        return result;
    choose_tenants(share, &hardware->machine);
    if (hardware->machine.note != NULL)
        share_note(share, hardware->machine.note);
    if (hardware->machine.bare_units != 0)
        share_note(share, "no PCI device can sit behind some unit of the table: only others are shared");

    const char *why = "";
    if (iommu_host_model_create(&hardware->machine.config, memory_bytes(share), &hardware->host, &why) < 0)
        return share_refuse("cannot build the modelled machine: %s", why);
    share->memory = iommu_host_model_posix(hardware->host);

    result = create_driver(share, hardware);
    if (result == 0)
        result = add_devices(share, hardware);
    if (result == 0)
        result = share_start(share);
    for (unsigned i = 0; result == 0 && i < share->device_count; i++)
        result = share_device_open(share, &share->devices[i]);
    if (result == 0)
        check_regions(share, &hardware->machine);
    return result;
}

void share_teardown_model(struct share *share)
{
    struct model_hardware *hardware = share->hardware;
    if (hardware == NULL)
        return;
    for (unsigned i = 0; hardware->devices != NULL && i < hardware->machine.config.function_count; i++)
        if (hardware->devices[i] != NULL && !hardware->machine.functions[i].accelerator)
            iommu_device_remove(hardware->devices[i]);
    for (unsigned i = 0; i < share->device_count; i++)
        share_device_close(share, &share->devices[i]);
    int result = share->iommu == NULL ? 0 : iommu_destroy(share->iommu);
    if (result < 0)
        share_leak(share, "the instance cannot be destroyed: %s", iommu_strerror(result));
    else if (share->memory != NULL && iommu_posix_pages_used(share->memory) != 0)
        share_leak(share, "%llu pages were never given back",
                   (unsigned long long)iommu_posix_pages_used(share->memory));
    iommu_host_model_destroy(hardware->host);
    free(hardware->devices);
    machine_unload(&hardware->machine);
    free(hardware);
}
