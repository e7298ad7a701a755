/* SPDX-License-Identifier: MIT */
/*
 * models/machine/topology.c - who sits behind whom: the tree that the bridges' bus numbers
 * describe, and what follows from it for requests (alias requester ids, whether a PASID gets
 * through) and for firmware's tables (paths, which unit may serve whom). ("PCI side", "Device
 * scope".)
 *
 * Lock: none; runs once, while the machine is created.
 */
#include "models/machine/machine.h"

#include "models/pci/pci.h"
#include "spec/pci.h"

static bool is_bridge(const struct machine_function *function)
{
    return pci_kind_is_bridge(function->pci.config.kind);
}

static uint8_t bus_of(const struct machine_function *function)
{
    return (uint8_t)(function->pci.config.rid >> 8);
}

static bool leads_to(const struct machine_function *bridge, uint16_t segment, uint8_t bus)
{
    return is_bridge(bridge) && bridge->pci.config.segment == segment &&
           bridge->pci.config.secondary_bus == bus;
}

struct machine_function *machine_find(const struct iommu_model_machine *machine, uint16_t segment,
                                      uint16_t rid)
{
    unsigned index;

    for (index = 0; index < machine->function_count; index++) {
        const struct iommu_model_pci_config *config = &machine->functions[index].pci.config;

        if (config->segment == segment && config->rid == rid)
            return &machine->functions[index];
    }
    return NULL;
}

/* ---- the tree ----------------------------------------------------------------------------- */

static const char *find_parent(struct iommu_model_machine *machine,
                               struct machine_function *function)
{
    unsigned index;

    function->parent = MACHINE_NO_PARENT;
    for (index = 0; index < machine->function_count; index++) {
        if (!leads_to(&machine->functions[index], function->pci.config.segment, bus_of(function)))
            continue;
        if (function->parent != MACHINE_NO_PARENT)
            return "two bridges lead to the same bus";
        function->parent = index;
    }
    return NULL;
}

/* A bridge's secondary bus has a higher number than the bus it is on, so no walk upwards can go in
 * circles. */
static const char *check_bridge(const struct machine_function *function)
{
    const struct iommu_model_pci_config *config = &function->pci.config;

    if (!is_bridge(function))
        return NULL;
    if (config->secondary_bus <= bus_of(function))
        return "a bridge's secondary bus must have a higher number than its own";
    if (config->subordinate_bus < config->secondary_bus)
        return "a bridge's subordinate bus is below its secondary bus";
    return NULL;
}

static bool passes_prefixes(const struct machine_function *function)
{
    const struct iommu_model_pci_config *config = &function->pci.config;

    return !config->no_prefixes && config->kind != IOMMU_MODEL_PCI_TO_CONVENTIONAL;
}

/* The bridge nearest to the root has the last word on the requester id. */
static void walk_up(const struct iommu_model_machine *machine, struct machine_function *function)
{
    const struct machine_function *at = function;

    function->alias = function->pci.config.rid;
    function->prefixes = !function->pci.config.no_prefixes;
    for (function->depth = 0; at->parent != MACHINE_NO_PARENT; function->depth++) {
        at = &machine->functions[at->parent];
        function->prefixes = function->prefixes && passes_prefixes(at);
        if (at->pci.config.kind == IOMMU_MODEL_PCI_TO_CONVENTIONAL)
            function->alias = (uint16_t)(at->pci.config.secondary_bus << 8);
    }
}

static bool shares_slot(const struct iommu_model_machine *machine,
                        const struct machine_function *function)
{
    unsigned index, others = 0;

    for (index = 0; index < machine->function_count; index++) {
        const struct iommu_model_pci_config *config = &machine->functions[index].pci.config;

        if (config->segment == function->pci.config.segment &&
            (config->rid | 7u) == (function->pci.config.rid | 7u) &&
            config->rid != function->pci.config.rid)
            others++;
    }
    return others > 0;
}

static void mark_multifunction(const struct iommu_model_machine *machine,
                               struct machine_function *function)
{
    if (shares_slot(machine, function))
        function->pci.space[SPEC_PCI_HEADER_TYPE] |= (uint8_t)SPEC_PCI_HEADER_MULTIFUNCTION;
}

const char *machine_topology(struct iommu_model_machine *machine)
{
    const char *problem = NULL;
    unsigned index;

    for (index = 0; index < machine->function_count && !problem; index++) {
        struct machine_function *function = &machine->functions[index];
        const struct iommu_model_pci_config *config = &function->pci.config;

        if (machine_find(machine, config->segment, config->rid) != function)
            return "two functions have the same requester id";
        problem = check_bridge(function);
        if (!problem)
            problem = find_parent(machine, function);
        mark_multifunction(machine, function);
    }
    for (index = 0; index < machine->function_count && !problem; index++) {
        walk_up(machine, &machine->functions[index]);
        if (machine->functions[index].depth >= MACHINE_PATH_MAX)
            problem = "a function lies behind more bridges than a DMAR path can name";
    }
    return problem;
}

/* ---- what a generated table can say ------------------------------------------------------- */

static const struct machine_unit *catch_all(const struct iommu_model_machine *machine,
                                            uint16_t segment)
{
    unsigned index;

    for (index = 0; index < machine->unit_count; index++)
        if (machine->units[index].config.include_all &&
            machine->units[index].config.segment == segment)
            return &machine->units[index];
    return NULL;
}

/* The unit that software finds for a function: that of the nearest bridge (or of itself) with a
 * scope of its own, else the one that takes everything. A bridge without a unit has no scope. */
static uint32_t unit_by_table(const struct iommu_model_machine *machine,
                              const struct machine_function *function)
{
    const struct machine_unit *rest = catch_all(machine, function->pci.config.segment);
    const struct machine_function *at = function;

    for (;;) {
        if (at->unit != IOMMU_MODEL_NO_UNIT && !machine->units[at->unit].config.include_all)
            return at->unit;
        if (at->parent == MACHINE_NO_PARENT)
            break;
        at = &machine->functions[at->parent];
    }
    return rest ? rest->index : IOMMU_MODEL_NO_UNIT;
}

const char *machine_check_scopes(const struct iommu_model_machine *machine)
{
    unsigned index;

    for (index = 0; index < machine->unit_count; index++) {
        const struct machine_unit *unit = &machine->units[index];

        if (unit->config.include_all && catch_all(machine, unit->config.segment) != unit)
            return "two units take everything in one segment";
    }
    for (index = 0; index < machine->function_count; index++) {
        const struct machine_function *function = &machine->functions[index];

        if (!is_bridge(function) && unit_by_table(machine, function) != function->unit)
            return "no DMAR table can put this function behind its unit and the others behind "
                   "theirs";
    }
    return NULL;
}
