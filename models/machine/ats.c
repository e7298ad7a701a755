/* SPDX-License-Identifier: MIT */
/*
 * models/machine/ats.c - endpoints that translate for themselves: a request of a function whose
 * ATS is on asks the function's own TLB first, then its unit for a translation, and goes to
 * memory with the address so found. ("Address translation services", "Translation requests and
 * translated requests", "Device-TLB invalidation".) Only machines with the lie "device-tlb" do
 * this.
 *
 * Lock: the machine's around the TLBs, never while a unit is asked. Called by dma.c and, through
 * the wires, by units.
 */
#include "models/machine/machine.h"
#include "models/vtd/model.h"

/* The interrupt window is not for translations. */
#define WINDOW_FIRST 0xFEE00000u
#define WINDOW_LAST  0xFEEFFFFFu

static bool lies_with_devtlb(const struct iommu_model_machine *machine)
{
    return model_lies_on(&machine->lies, IOMMU_MODEL_LIE_DEVICE_TLB) ||
           model_lies_on(&machine->lies, IOMMU_MODEL_LIE_SLOW_DEVICE_TLB);
}

bool machine_uses_devtlb(const struct machine_function *function)
{
    const struct iommu_model_machine *machine = function->machine;
    bool uses;

    if (!function->devtlb.entries)
        return false;
    model_lock_take(&machine->lock);
    uses = lies_with_devtlb(machine) && iommu_model_pci_ats_enabled(&function->pci);
    model_lock_give(&machine->lock);
    return uses;
}

static struct iommu_model_vtd *unit_of(const struct machine_function *function)
{
    return function->machine->units[function->unit].vtd;
}

/* ---- one request ----------------------------------------------------------------------------- */

static bool held(struct machine_function *function, const struct iommu_model_request *access,
                 struct devtlb_entry *found)
{
    struct iommu_model_machine *machine = function->machine;
    const struct devtlb_entry *entry;

    model_lock_take(&machine->lock);
    entry = devtlb_find(&function->devtlb, access);
    if (entry) {
        *found = *entry;
        machine->stats.devtlb_hits++;
    }
    model_lock_give(&machine->lock);
    return entry != NULL;
}

/* Stale is not wrong by itself, see vtd/witness.c. */
static void witness(struct machine_function *function, const struct iommu_model_request *access,
                    uint64_t pa)
{
    struct iommu_model_strike strike =
        model_strike_of(IOMMU_MODEL_LIE_DEVICE_TLB, "a stale entry of the device's TLB was used",
                        access->address);
    uint64_t now;

    if (vtdm_truth(unit_of(function), access, &now) && now == pa)
        return;
    strike.unit = function->unit;
    strike.rid = access->rid;
    strike.pasid = access->has_pasid ? access->pasid : IOMMU_MODEL_NONE;
    strike.page = pa & ~(uint64_t)0xFFF;
    model_lock_take(&function->machine->lock);
    model_strike_keep(&function->machine->lies, &strike);
    model_lock_give(&function->machine->lock);
}

static uint64_t serial_of(struct machine_function *function)
{
    uint64_t serial;

    model_lock_take(&function->machine->lock);
    serial = function->devtlb.serial;
    model_lock_give(&function->machine->lock);
    return serial;
}

/* An answer without the right that was asked for is no permission: the access is not made. */
static bool granted(const struct iommu_model_request *access,
                    const struct iommu_model_result *answer)
{
    bool reads = access->access != IOMMU_MODEL_WRITE, writes = access->access != IOMMU_MODEL_READ;

    return answer->outcome == IOMMU_MODEL_OK && (answer->read || !reads) &&
           (answer->write || !writes);
}

static bool ask(struct machine_function *function, const struct iommu_model_request *access,
                struct iommu_model_result *answer)
{
    struct iommu_model_request request = *access;
    uint64_t serial = serial_of(function);

    request.at = IOMMU_MODEL_TRANSLATION_REQUEST;
    request.no_write = access->access == IOMMU_MODEL_READ;
    iommu_model_vtd_translate(unit_of(function), &request, answer, NULL);
    if (!granted(access, answer)) {
        if (answer->outcome == IOMMU_MODEL_OK)
            answer->outcome = IOMMU_MODEL_BLOCKED;
        return false;
    }
    model_lock_take(&function->machine->lock);
    devtlb_put(&function->devtlb, access, answer, serial);
    model_lock_give(&function->machine->lock);
    return true;
}

/* With an address that it has translated itself. The unit only asks whether the function may do
 * that; a PASID does not travel with such a request. */
static void send_translated(struct machine_function *function,
                            const struct iommu_model_request *access, uint64_t pa,
                            struct iommu_model_result *result)
{
    struct iommu_model_request request = *access;

    request.at = IOMMU_MODEL_TRANSLATED;
    request.has_pasid = request.privileged = request.execute = false;
    request.pasid = 0;
    request.address = pa;
    iommu_model_vtd_translate(unit_of(function), &request, result, NULL);
}

static bool to_window(const struct iommu_model_request *access)
{
    return !access->has_pasid && access->address >= WINDOW_FIRST && access->address <= WINDOW_LAST;
}

void machine_devtlb_translate(struct machine_function *function,
                              const struct iommu_model_request *access,
                              struct iommu_model_result *result)
{
    struct iommu_model_result answer = {.outcome = IOMMU_MODEL_BLOCKED};
    struct devtlb_entry entry;

    if (to_window(access)) {
        iommu_model_vtd_translate(unit_of(function), access, result, NULL);
        return;
    }
    if (held(function, access, &entry)) {
        uint64_t pa = entry.pa + (access->address - entry.address);

        witness(function, access, pa);
        send_translated(function, access, pa, result);
        result->cached = true;
        return;
    }
    if (!ask(function, access, &answer)) {
        *result = answer;
        return;
    }
    send_translated(function, access, answer.pa, result);
    result->domain_id = answer.domain_id;
}

/* ---- invalidations --------------------------------------------------------------------------- */

/* A function with ATS answers also while it is switched off: software empties its TLB after that.
 * One without does not know the request and lets it time out. */
static bool acknowledges(struct iommu_model_machine *machine, unsigned unit,
                         const struct machine_function *function,
                         const struct iommu_model_devtlb_invalidation *invalidation)
{
    if (machine->devtlb_invalidate)
        return machine->devtlb_invalidate(machine->ctx, unit, invalidation);
    return function && function->pci.at_ats;
}

bool machine_devtlb_invalidate(struct iommu_model_machine *machine, unsigned unit,
                               const struct iommu_model_devtlb_invalidation *invalidation)
{
    struct machine_function *function =
        machine_find(machine, machine->units[unit].config.segment, invalidation->rid);

    if (!acknowledges(machine, unit, function, invalidation))
        return false;
    if (!function || !function->devtlb.entries)
        return true;
    model_lock_take(&machine->lock);
    devtlb_invalidate(&function->devtlb, invalidation);
    model_lock_give(&machine->lock);
    return true;
}
