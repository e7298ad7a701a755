/* SPDX-License-Identifier: MIT */
/*
 * models/machine/dma.c - a function's DMA on its way up: may the function send it, one request a 4
 * KiB page, translation by its unit, memory. ("Requests with and without PASID", "Requester id
 * aliases".)
 *
 * Lock: the machine's, for the look at configuration space and for the counters, never while a
 * request is under way. Called by the accelerators, by hosts and by tests, from any thread.
 */
#include "models/machine/machine.h"

#define PAGE_BYTES 4096u

struct transfer {
    struct machine_function *function;
    const struct iommu_model_dma *access;
    bool privileged;
    struct iommu_model_result translation;
    struct iommu_model_machine_stats stats; /* to be added to the machine's */
};

/* A PASID travels in a prefix: the function must have it switched on and have the width for it, and
 * every port on the way must pass it on. */
static bool may_send_pasid(const struct machine_function *function, uint32_t pasid)
{
    if (!iommu_model_pci_pasid_enabled(&function->pci) || !function->prefixes)
        return false;
    return pasid < (uint32_t)1 << function->pci.config.pasid_bits;
}

static bool may_send(struct transfer *transfer)
{
    const struct iommu_model_dma *access = transfer->access;
    const struct machine_function *function = transfer->function;
    bool allowed;

    if (access->bytes && access->address + (access->bytes - 1) < access->address)
        return false;
    model_lock_take(&function->machine->lock);
    allowed = iommu_model_pci_bus_master(&function->pci) &&
              (!access->has_pasid || may_send_pasid(function, access->pasid));
    transfer->privileged = access->has_pasid && access->privileged &&
                           iommu_model_pci_privileged_enabled(&function->pci);
    model_lock_give(&function->machine->lock);
    return allowed;
}

/* A function that no unit remaps reaches memory as it is. */
static void translate(struct transfer *transfer, uint64_t address, size_t bytes)
{
    const struct iommu_model_dma *access = transfer->access;
    struct machine_function *function = transfer->function;
    struct iommu_model_request request = {
        .rid = function->alias,
        .has_pasid = access->has_pasid,
        .pasid = access->pasid,
        .privileged = transfer->privileged,
        .access = access->write ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ,
        .at = IOMMU_MODEL_UNTRANSLATED,
        .address = address,
        .bytes = (uint32_t)bytes,
    };

    if (function->unit != IOMMU_MODEL_NO_UNIT && machine_uses_devtlb(function)) {
        machine_devtlb_translate(function, &request, &transfer->translation);
        return;
    }
    if (function->unit != IOMMU_MODEL_NO_UNIT) {
        iommu_model_vtd_translate(function->machine->units[function->unit].vtd, &request,
                                  &transfer->translation, NULL);
        return;
    }
    transfer->translation = (struct iommu_model_result){
        .outcome = IOMMU_MODEL_OK, .pa = address, .page_lg2 = 12, .read = true, .write = true};
}

static bool access_memory(struct transfer *transfer, uint8_t *data, size_t bytes)
{
    const struct iommu_model_memory *memory = &transfer->function->machine->host->memory;
    uint64_t pa = transfer->translation.pa;

    if (transfer->access->write) {
        if (memory->write(memory->ctx, pa, data, bytes))
            return false;
        transfer->stats.bytes_written += bytes;
        return true;
    }
    if (memory->read(memory->ctx, pa, data, bytes))
        return false;
    transfer->stats.bytes_read += bytes;
    return true;
}

/* One request. An interrupt message is a write that went through without reaching memory. */
static bool carry(struct transfer *transfer, uint64_t address, uint8_t *data, size_t bytes)
{
    transfer->stats.requests++;
    translate(transfer, address, bytes);
    if (transfer->translation.outcome == IOMMU_MODEL_INTERRUPT) {
        transfer->stats.interrupts++;
        return true;
    }
    if (transfer->translation.outcome == IOMMU_MODEL_OK && access_memory(transfer, data, bytes))
        return true;
    transfer->stats.refused++;
    return false;
}

static size_t to_page_end(uint64_t address, size_t left)
{
    size_t bytes = PAGE_BYTES - (size_t)(address & (PAGE_BYTES - 1));

    return bytes < left ? bytes : left;
}

static size_t carry_all(struct transfer *transfer)
{
    const struct iommu_model_dma *access = transfer->access;
    size_t done = 0;

    while (done < access->bytes) {
        uint64_t address = access->address + done;
        size_t bytes = to_page_end(address, access->bytes - done);

        if (!carry(transfer, address, (uint8_t *)access->data + done, bytes))
            break;
        done += bytes;
    }
    return done;
}

static void add_stats(struct iommu_model_machine *machine,
                      const struct iommu_model_machine_stats *more)
{
    model_lock_take(&machine->lock);
    machine->stats.requests += more->requests;
    machine->stats.refused += more->refused;
    machine->stats.interrupts += more->interrupts;
    machine->stats.withheld += more->withheld;
    machine->stats.bytes_read += more->bytes_read;
    machine->stats.bytes_written += more->bytes_written;
    model_lock_give(&machine->lock);
}

void iommu_model_machine_dma(struct iommu_model_machine *machine, unsigned index,
                             const struct iommu_model_dma *access,
                             struct iommu_model_dma_result *result, struct iommu_model_result *last)
{
    struct transfer transfer = {.access = access,
                                .translation = {.outcome = IOMMU_MODEL_UNSUPPORTED}};

    *result = (struct iommu_model_dma_result){.fault_address = access->address};
    if (index < machine->function_count) {
        transfer.function = &machine->functions[index];
        if (may_send(&transfer)) {
            result->done = carry_all(&transfer);
            result->ok = result->done == access->bytes;
            result->fault_address = result->ok ? 0 : access->address + result->done;
        } else {
            transfer.stats.withheld++;
        }
        add_stats(machine, &transfer.stats);
    }
    if (last)
        *last = transfer.translation;
}
