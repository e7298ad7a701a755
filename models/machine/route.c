/* SPDX-License-Identifier: MIT */
/*
 * models/machine/route.c - software's accesses on their way down: register space by physical
 * address, and configuration space by segment and requester id. What nobody claims reads as all
 * ones. ("Memory-mapped registers", "Configuration space header".)
 *
 * Lock: the machine's around configuration space; units and accelerators bring their own, and are
 * called without it. Called by the host's register hooks, from any thread.
 */
#include "models/machine/machine.h"

/* Who answers at an address: one of the two is set, or neither. */
struct target {
    struct iommu_model_vtd *unit;
    struct iommu_model_dsa *accelerator;
    uint32_t offset;
};

static bool find_unit(const struct iommu_model_machine *machine, uint64_t pa, struct target *target)
{
    unsigned index;

    for (index = 0; index < machine->unit_count; index++) {
        const struct machine_unit *unit = &machine->units[index];

        if (pa < unit->config.base || pa - unit->config.base >= unit->bytes)
            continue;
        *target = (struct target){.unit = unit->vtd, .offset = (uint32_t)(pa - unit->config.base)};
        return true;
    }
    return false;
}

/* Where software has put BAR 0 by now; firmware's address to begin with. */
static bool find_accelerator(const struct iommu_model_machine *machine, uint64_t pa,
                             struct target *target)
{
    unsigned index;

    for (index = 0; index < machine->function_count; index++) {
        const struct machine_function *function = &machine->functions[index];
        uint64_t base = function->dsa ? iommu_model_pci_bar(&function->pci, 0) : 0;

        if (!base || pa < base || pa - base >= IOMMU_MODEL_DSA_BAR0_BYTES)
            continue;
        *target = (struct target){.accelerator = function->dsa, .offset = (uint32_t)(pa - base)};
        return true;
    }
    return false;
}

static struct target find(struct iommu_model_machine *machine, uint64_t pa)
{
    struct target target = {0};

    if (find_unit(machine, pa, &target))
        return target;
    model_lock_take(&machine->lock);
    if (!find_accelerator(machine, pa, &target))
        machine->stats.unclaimed++;
    model_lock_give(&machine->lock);
    return target;
}

uint32_t iommu_model_machine_read32(struct iommu_model_machine *machine, uint64_t pa)
{
    struct target target = find(machine, pa);

    if (target.unit)
        return iommu_model_vtd_read32(target.unit, target.offset);
    if (target.accelerator)
        return iommu_model_dsa_read32(target.accelerator, target.offset);
    return UINT32_MAX;
}

uint64_t iommu_model_machine_read64(struct iommu_model_machine *machine, uint64_t pa)
{
    struct target target = find(machine, pa);

    if (target.unit)
        return iommu_model_vtd_read64(target.unit, target.offset);
    if (target.accelerator)
        return iommu_model_dsa_read64(target.accelerator, target.offset);
    return UINT64_MAX;
}

void iommu_model_machine_write32(struct iommu_model_machine *machine, uint64_t pa, uint32_t value)
{
    struct target target = find(machine, pa);

    if (target.unit)
        iommu_model_vtd_write32(target.unit, target.offset, value);
    else if (target.accelerator)
        iommu_model_dsa_write32(target.accelerator, target.offset, value);
}

void iommu_model_machine_write64(struct iommu_model_machine *machine, uint64_t pa, uint64_t value)
{
    struct target target = find(machine, pa);

    if (target.unit)
        iommu_model_vtd_write64(target.unit, target.offset, value);
    else if (target.accelerator)
        iommu_model_dsa_write64(target.accelerator, target.offset, value);
}

/* ---- configuration space ------------------------------------------------------------------ */

uint32_t iommu_model_machine_pci_read32(struct iommu_model_machine *machine, uint16_t segment,
                                        uint16_t rid, uint32_t offset)
{
    const struct machine_function *function = machine_find(machine, segment, rid);
    uint32_t value;

    if (!function)
        return UINT32_MAX;
    model_lock_take(&machine->lock);
    value = iommu_model_pci_read32(&function->pci, offset);
    model_lock_give(&machine->lock);
    return value;
}

void iommu_model_machine_pci_write32(struct iommu_model_machine *machine, uint16_t segment,
                                     uint16_t rid, uint32_t offset, uint32_t value)
{
    struct machine_function *function = machine_find(machine, segment, rid);
    bool ats;

    if (!function)
        return;
    model_lock_take(&machine->lock);
    ats = iommu_model_pci_ats_enabled(&function->pci);
    iommu_model_pci_write32(&function->pci, offset, value);
    if (iommu_model_pci_ats_enabled(&function->pci) != ats)
        devtlb_clear(&function->devtlb); /* switching ATS empties what the function holds */
    model_lock_give(&machine->lock);
}
