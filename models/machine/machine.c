/* SPDX-License-Identifier: MIT */
/*
 * models/machine/machine.c - putting a machine together and taking it apart: units, functions,
 * accelerators, the firmware table, and the wires between them.
 *
 * Lock: created here; see machine.h for the rule. Called by hosts (create before anything else
 * runs, destroy after everything has stopped), and by the parts through the wires at the end.
 */
#include "models/machine/machine.h"

#define ADDRESS_BITS_DEFAULT 46u
#define PAGE_BYTES           4096u
#define DSA_QUEUES           8u
#define DSA_ENGINES          4u
#define DSA_GROUPS           4u
#define DSA_ENTRIES          128u
#define DSA_TRANSFER_LG2     21u

/* ---- wires -------------------------------------------------------------------------------- */

static void unit_event(void *ctx, enum iommu_model_event event, uint64_t address, uint32_t data)
{
    const struct machine_unit *unit = ctx;

    if (unit->machine->event)
        unit->machine->event(unit->machine->ctx, unit->index, event, address, data);
}

static bool unit_devtlb_invalidate(void *ctx,
                                   const struct iommu_model_devtlb_invalidation *invalidation)
{
    const struct machine_unit *unit = ctx;

    return machine_devtlb_invalidate(unit->machine, unit->index, invalidation);
}

static void unit_strike(void *ctx, const struct iommu_model_strike *strike)
{
    const struct machine_unit *unit = ctx;

    machine_strike_of_unit(unit->machine, unit->index, strike);
}

static void unit_page_response(void *ctx, const struct iommu_model_page_response *response)
{
    const struct machine_unit *unit = ctx;

    if (unit->machine->page_response)
        unit->machine->page_response(unit->machine->ctx, unit->index, response);
}

static void dsa_dma(void *ctx, const struct iommu_model_dma *access,
                    struct iommu_model_dma_result *result)
{
    const struct machine_function *function = ctx;

    iommu_model_machine_dma(function->machine, function->index, access, result, NULL);
}

static bool dsa_pasid_enabled(void *ctx)
{
    const struct machine_function *function = ctx;
    bool enabled;

    model_lock_take(&function->machine->lock);
    enabled = iommu_model_pci_pasid_enabled(&function->pci);
    model_lock_give(&function->machine->lock);
    return enabled;
}

static bool dsa_bus_master(void *ctx)
{
    const struct machine_function *function = ctx;
    bool enabled;

    model_lock_take(&function->machine->lock);
    enabled = iommu_model_pci_bus_master(&function->pci);
    model_lock_give(&function->machine->lock);
    return enabled;
}

static void dsa_interrupt(void *ctx, uint32_t cause)
{
    const struct machine_function *function = ctx;

    if (function->machine->interrupt)
        function->machine->interrupt(function->machine->ctx, function->index, cause);
}

/* ---- parts -------------------------------------------------------------------------------- */

static int refuse(const char **why, const char *text)
{
    *why = text;
    return -MACHINE_EINVAL;
}

static int create_unit(struct machine_unit *unit, const struct iommu_model_lies *lies,
                       const char **why)
{
    struct iommu_model_vtd_config config = {
        .host = unit->machine->host,
        .major = unit->config.major,
        .minor = unit->config.minor,
        .cap = unit->config.cap,
        .ecap = unit->config.ecap,
        .address_bits = unit->machine->address_bits,
        .ctx = unit,
        .event = unit_event,
        .devtlb_invalidate = unit_devtlb_invalidate,
        .page_response = unit_page_response,
        .merge_faults = unit->config.merge_faults,
        .lies = machine_unit_lies(unit->machine, lies, unit->index),
        .strike = unit_strike,
    };
    int result;

    if (!unit->config.base || unit->config.base % PAGE_BYTES)
        return refuse(why, "a unit's registers are not at a page boundary above 0");
    result = iommu_model_vtd_create(&config, &unit->vtd, why);
    if (result)
        return result;
    unit->bytes = iommu_model_vtd_register_bytes(unit->vtd);
    return 0;
}

static int create_units(struct iommu_model_machine *machine,
                        const struct iommu_model_machine_config *config, const char **why)
{
    unsigned index;
    int result = 0;

    if (!config->unit_count)
        return 0;
    machine->units =
        machine->host->alloc(machine->host->ctx, config->unit_count * sizeof(*machine->units));
    if (!machine->units)
        return -MACHINE_ENOMEM;
    machine->unit_count = config->unit_count;
    for (index = 0; index < config->unit_count && !result; index++) {
        struct machine_unit *unit = &machine->units[index];

        unit->machine = machine;
        unit->index = index;
        unit->config = config->units[index];
        result = create_unit(unit, &config->lies, why);
    }
    return result;
}

static uint64_t power_of_two(uint64_t at_least)
{
    uint64_t bytes = 16;

    while (bytes < at_least && bytes < (uint64_t)1 << 62)
        bytes <<= 1;
    return bytes;
}

/* Numbers that the configuration leaves at 0, and how large the BARs must be for them. */
static void accelerator_defaults(struct iommu_model_function_config *config)
{
    struct iommu_model_dsa_config *dsa = &config->dsa;

    dsa->queues = dsa->queues ? dsa->queues : DSA_QUEUES;
    dsa->engines = dsa->engines ? dsa->engines : DSA_ENGINES;
    dsa->groups = dsa->groups ? dsa->groups : DSA_GROUPS;
    dsa->total_size = dsa->total_size ? dsa->total_size : DSA_ENTRIES;
    dsa->max_transfer_lg2 = dsa->max_transfer_lg2 ? dsa->max_transfer_lg2 : DSA_TRANSFER_LG2;
    if (!config->pci.bar_bytes[0])
        config->pci.bar_bytes[0] = IOMMU_MODEL_DSA_BAR0_BYTES;
    if (!config->pci.bar_bytes[1])
        config->pci.bar_bytes[1] =
            power_of_two((uint64_t)dsa->queues * IOMMU_MODEL_DSA_PORTAL_BYTES);
}

static int create_accelerator(struct machine_function *function,
                              struct iommu_model_function_config *config, const char **why)
{
    struct iommu_model_dsa_config *dsa = &config->dsa;
    int result;

    if (!config->pci.bar[0] || config->pci.bar_bytes[0] < IOMMU_MODEL_DSA_BAR0_BYTES)
        return refuse(why, "an accelerator's BAR 0 has no address or is too small");
    dsa->host = function->machine->host;
    dsa->ctx = function;
    dsa->dma = dsa_dma;
    dsa->pasid_enabled = dsa_pasid_enabled;
    dsa->bus_master = dsa_bus_master;
    dsa->interrupt = dsa_interrupt;
    result = iommu_model_dsa_create(dsa, &function->dsa);
    if (result == -MACHINE_EINVAL)
        return refuse(why,
                      "an accelerator with these numbers of queues, engines or groups cannot be");
    return result;
}

static const char *check_bars(const struct iommu_model_pci_config *config)
{
    unsigned index;

    for (index = 0; index < 3; index++) {
        uint64_t bytes = config->bar_bytes[index];

        if (bytes && (bytes < 16 || (bytes & (bytes - 1)) || (config->bar[index] & (bytes - 1))))
            return "a BAR's size is no power of two of 16 or more, or its address is not a "
                   "multiple of it";
        if (config->bar[index] && !bytes)
            return "a BAR has an address but no size";
    }
    return NULL;
}

static int create_function(struct machine_function *function,
                           struct iommu_model_function_config config, const char **why)
{
    const struct iommu_model_machine *machine = function->machine;
    int result;

    if (config.accelerator)
        accelerator_defaults(&config);
    *why = check_bars(&config.pci);
    if (*why)
        return -MACHINE_EINVAL;
    if (config.pci.pasid_bits > 20)
        return refuse(why, "a PASID has at most 20 bits");
    if (config.unit != IOMMU_MODEL_NO_UNIT &&
        (config.unit >= machine->unit_count ||
         machine->units[config.unit].config.segment != config.pci.segment))
        return refuse(why, "a function's unit does not exist or is in another segment");
    function->unit = config.unit;
    iommu_model_pci_init(&function->pci, &config.pci);
    result = machine_lies_of_function(function);
    if (result)
        return result;
    return config.accelerator ? create_accelerator(function, &config, why) : 0;
}

static int create_functions(struct iommu_model_machine *machine,
                            const struct iommu_model_machine_config *config, const char **why)
{
    unsigned index;
    int result = 0;

    if (!config->function_count)
        return 0;
    machine->functions = machine->host->alloc(machine->host->ctx,
                                              config->function_count * sizeof(*machine->functions));
    if (!machine->functions)
        return -MACHINE_ENOMEM;
    machine->function_count = config->function_count;
    for (index = 0; index < config->function_count && !result; index++) {
        machine->functions[index].machine = machine;
        machine->functions[index].index = index;
        result = create_function(&machine->functions[index], config->functions[index], why);
    }
    return result;
}

/* ---- addresses and the table --------------------------------------------------------------- */

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b ? b - a < a_bytes : a - b < b_bytes;
}

static const char *check_unit_addresses(const struct iommu_model_machine *machine, unsigned index)
{
    const struct machine_unit *unit = &machine->units[index];
    unsigned other;

    for (other = 0; other < index; other++)
        if (overlap(unit->config.base, unit->bytes, machine->units[other].config.base,
                    machine->units[other].bytes))
            return "two units' registers overlap";
    for (other = 0; other < machine->function_count; other++)
        if (machine->functions[other].dsa &&
            overlap(unit->config.base, unit->bytes, machine->functions[other].pci.config.bar[0],
                    IOMMU_MODEL_DSA_BAR0_BYTES))
            return "a unit's registers overlap an accelerator's";
    return NULL;
}

static int check_addresses(const struct iommu_model_machine *machine, const char **why)
{
    unsigned index;

    for (index = 0; index < machine->unit_count; index++) {
        *why = check_unit_addresses(machine, index);
        if (*why)
            return -MACHINE_EINVAL;
    }
    return 0;
}

static int copy_table(struct iommu_model_machine *machine,
                      const struct iommu_model_machine_config *config)
{
    machine->dmar = machine->host->alloc(machine->host->ctx, config->dmar_bytes);
    if (!machine->dmar)
        return -MACHINE_ENOMEM;
    machine->dmar_bytes = config->dmar_bytes;
    __builtin_memcpy(machine->dmar, config->dmar, config->dmar_bytes);
    return 0;
}

/* A given table may lie about the machine; a generated one must not. */
static int create_table(struct iommu_model_machine *machine,
                        const struct iommu_model_machine_config *config, const char **why)
{
    unsigned index;

    if (config->dmar && config->dmar_bytes)
        return copy_table(machine, config);
    *why = machine_check_scopes(machine);
    if (*why)
        return -MACHINE_EINVAL;
    for (index = 0; index < config->region_count; index++)
        if (!machine_find(machine, config->regions[index].segment, config->regions[index].rid))
            return refuse(why, "a region belongs to a function that does not exist");
    return machine_dmar_generate(machine, config->regions, config->region_count, why);
}

static int assemble(struct iommu_model_machine *machine,
                    const struct iommu_model_machine_config *config, const char **why)
{
    int result;

    if (machine->address_bits < 32 || machine->address_bits > 52)
        return refuse(why, "the host address width must be 32 to 52 bits");
    result = machine_lies_init(machine, &config->lies);
    if (result)
        return result;
    result = create_units(machine, config, why);
    if (result)
        return result;
    result = create_functions(machine, config, why);
    if (result)
        return result;
    result = check_addresses(machine, why);
    if (result)
        return result;
    *why = machine_topology(machine);
    if (*why)
        return -MACHINE_EINVAL;
    return create_table(machine, config, why);
}

/* ---- the calls ---------------------------------------------------------------------------- */

bool iommu_model_unit_preset(const char *name, struct iommu_model_unit_config *unit)
{
    struct iommu_model_vtd_config config = {0};

    if (!iommu_model_vtd_preset(name, &config))
        return false;
    unit->major = config.major;
    unit->minor = config.minor;
    unit->cap = config.cap;
    unit->ecap = config.ecap;
    return true;
}

int iommu_model_machine_create(const struct iommu_model_host *host,
                               const struct iommu_model_machine_config *config,
                               struct iommu_model_machine **out, const char **why)
{
    struct iommu_model_machine *machine = host->alloc(host->ctx, sizeof(*machine));
    const char *reason = "out of memory";
    int result = -MACHINE_ENOMEM;

    if (machine) {
        machine->base = machine->host = host;
        machine->address_bits = config->address_bits ? config->address_bits : ADDRESS_BITS_DEFAULT;
        machine->ctx = config->ctx;
        machine->event = config->event;
        machine->interrupt = config->interrupt;
        machine->devtlb_invalidate = config->devtlb_invalidate;
        machine->page_response = config->page_response;
        model_lock_init(&machine->lock, host);
        result = assemble(machine, config, &reason);
    }
    if (result == -MACHINE_ENOMEM)
        reason = "out of memory";
    if (why)
        *why = result ? reason : NULL;
    *out = result ? NULL : machine;
    if (result && machine)
        iommu_model_machine_destroy(machine);
    return result;
}

void iommu_model_machine_destroy(struct iommu_model_machine *machine)
{
    const struct iommu_model_host *host;
    unsigned index;

    if (!machine)
        return;
    host = machine->base;
    for (index = 0; index < machine->function_count; index++)
        if (machine->functions[index].dsa)
            iommu_model_dsa_destroy(machine->functions[index].dsa);
    for (index = 0; index < machine->unit_count; index++)
        if (machine->units[index].vtd)
            iommu_model_vtd_destroy(machine->units[index].vtd);
    machine_lies_fini(machine);
    if (machine->functions)
        host->free(host->ctx, machine->functions,
                   machine->function_count * sizeof(*machine->functions));
    if (machine->units)
        host->free(host->ctx, machine->units, machine->unit_count * sizeof(*machine->units));
    if (machine->dmar)
        host->free(host->ctx, machine->dmar, machine->dmar_bytes);
    model_lock_fini(&machine->lock);
    host->free(host->ctx, machine, sizeof(*machine));
}

const void *iommu_model_machine_dmar(const struct iommu_model_machine *machine, size_t *bytes)
{
    *bytes = machine->dmar_bytes;
    return machine->dmar;
}

void iommu_model_machine_stats(struct iommu_model_machine *machine,
                               struct iommu_model_machine_stats *stats)
{
    model_lock_take(&machine->lock);
    *stats = machine->stats;
    model_lock_give(&machine->lock);
    machine_lies_stats(machine, stats);
}

uint16_t iommu_model_machine_alias(const struct iommu_model_machine *machine, unsigned index)
{
    return index < machine->function_count ? machine->functions[index].alias : 0;
}

unsigned iommu_model_machine_unit_count(const struct iommu_model_machine *machine)
{
    return machine->unit_count;
}

unsigned iommu_model_machine_function_count(const struct iommu_model_machine *machine)
{
    return machine->function_count;
}

struct iommu_model_vtd *iommu_model_machine_unit(struct iommu_model_machine *machine,
                                                 unsigned index)
{
    return index < machine->unit_count ? machine->units[index].vtd : NULL;
}

struct iommu_model_pci *iommu_model_machine_function(struct iommu_model_machine *machine,
                                                     unsigned index)
{
    return index < machine->function_count ? &machine->functions[index].pci : NULL;
}

struct iommu_model_dsa *iommu_model_machine_accelerator(struct iommu_model_machine *machine,
                                                        unsigned index)
{
    return index < machine->function_count ? machine->functions[index].dsa : NULL;
}
