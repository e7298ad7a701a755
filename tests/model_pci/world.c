/* SPDX-License-Identifier: MIT */
/* tests/model_pci/world.c - see world.h. */
#include "tests/model_pci/world.h"

#include <string.h>

static const struct iommu_model_pci_config pci[WORLD_FUNCTIONS] = {
    [WORLD_ACCELERATOR] = {.rid = 0x0008,
                           .kind = IOMMU_MODEL_PCI_INTEGRATED,
                           .pasid_bits = 20,
                           .ats = true,
                           .scalable_iov = true,
                           .bar = {WORLD_BAR0}},
    [WORLD_PORT] = {.rid = 0x0010,
                    .kind = IOMMU_MODEL_PCI_ROOT_PORT,
                    .secondary_bus = 1,
                    .subordinate_bus = 3},
    [WORLD_SWITCH_UP] = {.rid = 0x0100,
                         .kind = IOMMU_MODEL_PCI_SWITCH_UP,
                         .secondary_bus = 2,
                         .subordinate_bus = 3},
    [WORLD_SWITCH_DOWN] = {.rid = 0x0208,
                           .kind = IOMMU_MODEL_PCI_SWITCH_DOWN,
                           .secondary_bus = 3,
                           .subordinate_bus = 3},
    [WORLD_ENDPOINT] = {.rid = 0x0300, .kind = IOMMU_MODEL_PCI_ENDPOINT, .pasid_bits = 8},
    [WORLD_PORT_CONVENTIONAL] = {.rid = 0x0018,
                                 .kind = IOMMU_MODEL_PCI_ROOT_PORT,
                                 .secondary_bus = 4,
                                 .subordinate_bus = 5},
    [WORLD_BRIDGE] = {.rid = 0x0400,
                      .kind = IOMMU_MODEL_PCI_TO_CONVENTIONAL,
                      .secondary_bus = 5,
                      .subordinate_bus = 5},
    [WORLD_CONVENTIONAL] = {.rid = 0x0510, .kind = IOMMU_MODEL_PCI_CONVENTIONAL},
    [WORLD_CONVENTIONAL_1] = {.rid = 0x0511, .kind = IOMMU_MODEL_PCI_CONVENTIONAL},
    [WORLD_PORT_SEGMENT_1] = {.segment = 1,
                              .rid = 0x00F8,
                              .kind = IOMMU_MODEL_PCI_ROOT_PORT,
                              .secondary_bus = 0x80,
                              .subordinate_bus = 0x80},
    [WORLD_SEGMENT_1] = {.segment = 1, .rid = 0x8000, .kind = IOMMU_MODEL_PCI_ENDPOINT},
};

static const uint32_t unit_of[WORLD_FUNCTIONS] = {
    0, 0, 0, 0, 0, IOMMU_MODEL_NO_UNIT, IOMMU_MODEL_NO_UNIT, 1, 1, IOMMU_MODEL_NO_UNIT, 2};

void world_describe(struct world *world)
{
    unsigned index;

    memset(world, 0, sizeof(*world));
    for (index = 0; index < WORLD_UNITS; index++) {
        assert_true(iommu_model_unit_preset("legacy", &world->units[index]));
        world->units[index].base = WORLD_UNIT_BASE + 0x10000 * index;
    }
    world->units[1].include_all = true;
    world->units[2].segment = 1;
    for (index = 0; index < WORLD_FUNCTIONS; index++) {
        world->functions[index].pci = pci[index];
        world->functions[index].pci.vendor = 0x8086;
        world->functions[index].pci.device = (uint16_t)index;
        world->functions[index].unit = unit_of[index];
    }
    world->functions[WORLD_ACCELERATOR].accelerator = true;
    world->regions[0] = (struct iommu_model_region_config){0, 0x100000, 0x10FFFF, 0x0510};
    world->regions[1] = (struct iommu_model_region_config){1, 0x200000, 0x2FFFFF, 0x8000};
    world->config = (struct iommu_model_machine_config){.units = world->units,
                                                        .unit_count = WORLD_UNITS,
                                                        .functions = world->functions,
                                                        .function_count = WORLD_FUNCTIONS,
                                                        .regions = world->regions,
                                                        .region_count = WORLD_REGIONS};
}

void world_open(struct world *world)
{
    const char *why = NULL;
    int result = iommu_host_model_create(&world->config, WORLD_RAM, &world->host, &why);

    if (result)
        print_error("%d %s\n", result, why);
    assert_int_equal(result, 0);
    assert_null(why);
    world->machine = iommu_host_model_machine(world->host);
    world->memory = iommu_host_model_posix(world->host);
}

void world_close(struct world *world)
{
    iommu_host_model_destroy(world->host);
}

void world_refused(struct world *world, const char *word)
{
    const char *why = NULL;

    assert_int_equal(iommu_host_model_create(&world->config, WORLD_RAM, &world->host, &why), -22);
    assert_null(world->host);
    assert_non_null(why);
    if (!strstr(why, word))
        print_error("no \"%s\" in \"%s\"\n", word, why);
    assert_non_null(strstr(why, word));
}

bool world_dma(struct world *world, unsigned function, uint64_t address, bool write, void *data,
               size_t bytes, struct iommu_model_dma_result *result, struct iommu_model_result *last)
{
    struct iommu_model_dma access = {
        .address = address, .write = write, .data = data, .bytes = bytes};
    struct iommu_model_dma_result unwanted;

    if (!result)
        result = &unwanted;
    iommu_model_machine_dma(world->machine, function, &access, result, last);
    assert_int_equal(result->ok, result->done == bytes);
    return result->ok;
}

void world_set_command(struct world *world, unsigned function, uint32_t command)
{
    iommu_model_machine_pci_write32(world->machine, world->functions[function].pci.segment,
                                    world->functions[function].pci.rid, 4, command);
}

void world_set_pasid(struct world *world, unsigned function, uint32_t control)
{
    const struct iommu_model_pci_config *config = &world->functions[function].pci;
    uint32_t at = 0x100;

    while (at) {
        uint32_t header =
            iommu_model_machine_pci_read32(world->machine, config->segment, config->rid, at);
        if ((header & 0xFFFF) == 0x1B)
            break;
        at = header >> 20;
    }
    assert_true(at);
    iommu_model_machine_pci_write32(world->machine, config->segment, config->rid, at + 4,
                                    control << 16);
}
