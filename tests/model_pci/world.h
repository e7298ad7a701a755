/* SPDX-License-Identifier: MIT */
/*
 * tests/model_pci/world.h - a machine with a bit of everything: two segments, three units, a
 * switch, a bridge to a conventional bus, an accelerator.
 *
 *   segment 0, unit 0:    00:01.0 accelerator
 *                         00:02.0 root port - 01:00.0 and 02:01.0 switch - 03:00.0 endpoint
 *   segment 0, unit 1:    00:03.0 root port - 04:00.0 bridge - 05:02.0, 05:02.1 conventional
 *   segment 1, unit 2:    00:1F.0 root port - 80:00.0 endpoint
 */
#ifndef IOMMUKIT_TESTS_MODEL_PCI_WORLD_H
#define IOMMUKIT_TESTS_MODEL_PCI_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "iommukit/host/model.h"

enum world_function {
    WORLD_ACCELERATOR,
    WORLD_PORT,
    WORLD_SWITCH_UP,
    WORLD_SWITCH_DOWN,
    WORLD_ENDPOINT,
    WORLD_PORT_CONVENTIONAL,
    WORLD_BRIDGE,
    WORLD_CONVENTIONAL,
    WORLD_CONVENTIONAL_1,
    WORLD_PORT_SEGMENT_1,
    WORLD_SEGMENT_1,
    WORLD_FUNCTIONS
};

#define WORLD_UNITS     3u
#define WORLD_REGIONS   2u
#define WORLD_UNIT_BASE 0xFED80000u /* and every 10000h */
#define WORLD_BAR0      0x200000000000u
#define WORLD_RAM       ((uint64_t)64 << 20)

struct world {
    struct iommu_model_unit_config units[WORLD_UNITS];
    struct iommu_model_function_config functions[WORLD_FUNCTIONS];
    struct iommu_model_region_config regions[WORLD_REGIONS];
    struct iommu_model_machine_config config;
    struct iommu_model_host_machine *host;
    struct iommu_model_machine *machine;
    struct iommu_posix *memory;
};

/* Fill in the configuration; a test may change it before it opens the world. */
void world_describe(struct world *world);
void world_open(struct world *world);
void world_close(struct world *world);
/* Creation must be refused with -22 and a reason that contains the word. */
void world_refused(struct world *world, const char *word);

/* One DMA; false: refused. Bus mastering must be on. */
bool world_dma(struct world *world, unsigned function, uint64_t address, bool write, void *data,
               size_t bytes, struct iommu_model_dma_result *result,
               struct iommu_model_result *last);
void world_set_command(struct world *world, unsigned function, uint32_t command);
/* The PASID control register, as software writes it. */
void world_set_pasid(struct world *world, unsigned function, uint32_t control);

#endif
