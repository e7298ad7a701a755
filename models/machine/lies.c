/* SPDX-License-Identifier: MIT */
/*
 * models/machine/lies.c - a machine that lies: the same lies for every unit, a memory between
 * host and models, TLBs in endpoints, and one list of all strikes. What each lie does is in the
 * rooms that tell it: vtd/, memory/, devtlb/.
 *
 * Lock: the machine's around the list. Strikes come in with a unit's or the memory's lock held.
 * Called by machine.c, by hosts and by tests.
 */
#include "models/machine/machine.h"

#define SALT_MACHINE 2u
#define SALT_UNITS   16u

static bool has_view(const struct iommu_model_machine *machine)
{
    return machine->host != machine->base;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void strike_of_memory(void *ctx, const struct iommu_model_strike *strike)
{
    struct iommu_model_machine *machine = ctx;
    struct iommu_model_strike copy = *strike;

    model_lock_take(&machine->lock);
    model_strike_keep(&machine->lies, &copy);
    model_lock_give(&machine->lock);
}

void machine_strike_of_unit(struct iommu_model_machine *machine, unsigned unit,
                            const struct iommu_model_strike *strike)
{
    struct iommu_model_strike copy = *strike;

    copy.unit = unit;
    model_lock_take(&machine->lock);
    model_strike_keep(&machine->lies, &copy);
    model_lock_give(&machine->lock);
}

int machine_lies_init(struct iommu_model_machine *machine, const struct iommu_model_lies *lies)
{
    model_lies_init(&machine->lies, lies, SALT_MACHINE);
    if (!model_view_wanted(lies->enabled))
        return 0;
    if (!model_view_init(&machine->view, machine->base, lies, machine, strike_of_memory))
        return -MACHINE_ENOMEM;
    machine->host = &machine->view.host;
    return 0;
}

void machine_lies_fini(struct iommu_model_machine *machine)
{
    const struct iommu_model_host *host = machine->base;
    unsigned index;

    for (index = 0; index < machine->function_count; index++)
        if (machine->functions[index].devtlb.entries)
            host->free(host->ctx, machine->functions[index].devtlb.entries,
                       DEVTLB_ENTRIES * sizeof(struct devtlb_entry));
    if (has_view(machine))
        model_view_fini(&machine->view);
}

struct iommu_model_lies machine_unit_lies(const struct iommu_model_machine *machine,
                                          const struct iommu_model_lies *lies, unsigned index)
{
    struct iommu_model_lies own = *lies;

    own.enabled &= ~machine->units[index].config.honest;
    own.seed += (SALT_UNITS + index) * 0x9E3779B97F4A7C15u;
    return own;
}

int machine_lies_of_function(struct machine_function *function)
{
    const struct iommu_model_host *host = function->machine->base;
    uint32_t holding = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_DEVICE_TLB) |
                       IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_SLOW_DEVICE_TLB);

    if (!(function->machine->lies.allowed & holding) || !function->pci.at_ats)
        return 0;
    function->devtlb.entries =
        host->alloc(host->ctx, DEVTLB_ENTRIES * sizeof(struct devtlb_entry));
    return function->devtlb.entries ? 0 : -MACHINE_ENOMEM;
}

void machine_lies_stats(struct iommu_model_machine *machine,
                        struct iommu_model_machine_stats *stats)
{
    unsigned index;

    model_lock_take(&machine->lock);
    for (index = 0; index < machine->function_count; index++)
        stats->devtlb_entries += devtlb_count(&machine->functions[index].devtlb);
    model_lock_give(&machine->lock);
    if (has_view(machine))
        model_view_stats(&machine->view, stats);
}

/* ---- what hosts and tests say ---------------------------------------------------------------- */

void iommu_model_machine_step(struct iommu_model_machine *machine)
{
    unsigned index;

    for (index = 0; index < machine->unit_count; index++)
        iommu_model_vtd_step(machine->units[index].vtd);
}

void iommu_model_machine_tell(struct iommu_model_machine *machine, uint32_t enabled)
{
    unsigned index;

    model_lock_take(&machine->lock);
    model_lies_tell(&machine->lies, enabled);
    model_lock_give(&machine->lock);
    for (index = 0; index < machine->unit_count; index++)
        iommu_model_vtd_tell(machine->units[index].vtd, enabled);
    if (has_view(machine))
        model_view_tell(&machine->view, enabled);
}

unsigned iommu_model_machine_strikes(struct iommu_model_machine *machine,
                                     struct iommu_model_strike *out, unsigned max)
{
    unsigned count;

    model_lock_take(&machine->lock);
    count = model_strikes_copy(&machine->lies, out, max);
    model_lock_give(&machine->lock);
    return count;
}

void iommu_model_machine_taken(struct iommu_model_machine *machine, uint64_t pa, uint64_t bytes,
                               bool table)
{
    if (has_view(machine))
        model_view_taken(&machine->view, pa, bytes, table);
}

void iommu_model_machine_given(struct iommu_model_machine *machine, uint64_t pa, uint64_t bytes)
{
    if (has_view(machine))
        model_view_given(&machine->view, pa, bytes);
}

void iommu_model_machine_flushed(struct iommu_model_machine *machine, uint64_t pa, uint64_t bytes)
{
    if (has_view(machine))
        model_view_flushed(&machine->view, pa, bytes);
}

void iommu_model_machine_storing(struct iommu_model_machine *machine, uint64_t pa)
{
    if (has_view(machine))
        model_view_storing(&machine->view, pa);
}

void iommu_model_machine_between(struct iommu_model_machine *machine, bool between)
{
    if (has_view(machine))
        model_view_between(&machine->view, between);
}
