/* SPDX-License-Identifier: MIT */
/*
 * machine.c - a modelled machine from a real ACPI DMAR table: its units at their addresses, the bridges and
 * endpoints its scopes name, the firmware regions, and an accelerator behind each unit that can have one.
 *
 * Which unit a function belongs to is decided here from the table, not asked of the driver: where the two
 * disagree, DMA goes astray and the run says so.
 */
#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommukit/dmar.h"

#include "share.h"

#define TABLE_BYTES_MAX (1u << 20)
#define FUNCTIONS_MAX   1024u
#define UNITS_MAX       256u
#define REGIONS_MAX     256u
#define BUSES_EACH      4u /* below a bridge on a root bus: room for bridges below bridges */
#define UNIT_PRESET     "scalable"
#define UNIT_BASE_USUAL UINT64_C(0xfed90000)
#define ACCELERATOR_ID  0x0b25u
#define BAR_FIRST       UINT64_C(0x200000000000) /* above all memory and below 47 bits */
#define BAR_STEP        UINT64_C(0x1000000)

static struct iommu_model_function_config *find(struct machine *machine, uint16_t segment, uint16_t rid)
{
    for (unsigned i = 0; i < machine->config.function_count; i++) {
        struct iommu_model_function_config *function = &machine->functions[i];
        if (function->pci.segment == segment && function->pci.rid == rid)
            return function;
    }
    return NULL;
}

/* NULL: no room. An existing function is given back as it is. */
static struct iommu_model_function_config *add(struct machine *machine, uint16_t segment, uint16_t rid,
                                               enum iommu_model_pci_kind kind)
{
    struct iommu_model_function_config *function = find(machine, segment, rid);
    if (function != NULL || machine->config.function_count == FUNCTIONS_MAX)
        return function;
    function = &machine->functions[machine->config.function_count++];
    *function = (struct iommu_model_function_config){
        .pci = {.segment = segment, .rid = rid, .kind = kind, .vendor = 0x8086, .device = 0x1000},
        .unit = IOMMU_MODEL_NO_UNIT,
    };
    return function;
}

static void make_accelerator(struct machine *machine, struct iommu_model_function_config *function)
{
    uint64_t index = (uint64_t)(function - machine->functions);
    function->accelerator = true;
    function->pci.device = ACCELERATOR_ID;
    function->pci.class_code = 0x088000;
    function->pci.pasid_bits = 20;
    function->pci.ats = true;
    function->pci.scalable_iov = true;
    function->pci.bar[0] = BAR_FIRST + index * BAR_STEP;
    function->pci.bar_bytes[0] = IOMMU_MODEL_DSA_BAR0_BYTES;
    function->pci.bar[1] = BAR_FIRST + index * BAR_STEP + BAR_STEP / 2;
    function->pci.bar_bytes[1] = (uint64_t)IOMMU_MODEL_DSA_QUEUES_MAX * IOMMU_MODEL_DSA_PORTAL_BYTES;
}

static uint16_t rid_of(uint8_t bus, const uint8_t *pair)
{
    return (uint16_t)(bus << 8 | (pair[0] & 0x1f) << 3 | (pair[1] & 7));
}

/* Is the bus below some bridge, or a place where the table says that devices are? */
static bool bus_taken(const struct machine *machine, const struct iommu_dmar *dmar, uint16_t segment, unsigned bus)
{
    for (unsigned i = 0; i < machine->config.function_count; i++) {
        const struct iommu_model_pci_config *pci = &machine->functions[i].pci;
        if (pci->segment == segment && pci->secondary_bus != 0 && bus >= pci->secondary_bus &&
            bus <= pci->subordinate_bus)
            return true;
    }
    for (struct iommu_dmar_record record = {0}; iommu_dmar_next(dmar, &record);)
        for (struct iommu_dmar_scope scope = {0}; iommu_dmar_next_scope(dmar, &record, &scope);)
            if (record.segment == segment && scope.start_bus == bus)
                return true;
    return false;
}

/* The bridge whose secondary side this function sits on; NULL: a root bus. */
static const struct iommu_model_pci_config *parent_of(const struct machine *machine,
                                                      const struct iommu_model_pci_config *child)
{
    for (unsigned i = 0; i < machine->config.function_count; i++) {
        const struct iommu_model_pci_config *pci = &machine->functions[i].pci;
        if (pci->segment == child->segment && pci->secondary_bus != 0 && pci->secondary_bus == child->rid >> 8)
            return pci;
    }
    return NULL;
}

/* Give the bridge buses: from the end of its parent's, or on a root bus a block that nothing else uses. */
static bool number_bridge(const struct machine *machine, const struct iommu_dmar *dmar,
                          struct iommu_model_pci_config *bridge)
{
    const struct iommu_model_pci_config *parent = parent_of(machine, bridge);
    if (parent != NULL) {
        if (parent->secondary_bus == parent->subordinate_bus)
            return false;
        bridge->secondary_bus = (uint8_t)(parent->secondary_bus + 1);
        bridge->subordinate_bus = parent->subordinate_bus;
        return true;
    }
    unsigned run = 0;
    for (unsigned bus = (bridge->rid >> 8) + 1u; bus < 256 && run < BUSES_EACH; bus++) {
        run = bus_taken(machine, dmar, bridge->segment, bus) ? 0 : run + 1;
        bridge->subordinate_bus = (uint8_t)bus;
    }
    bridge->secondary_bus = (uint8_t)(bridge->subordinate_bus - (BUSES_EACH - 1));
    return run == BUSES_EACH;
}

/* The function that `depth` pairs of the scope's path lead to, bridges on the way made; NULL: no room. */
static struct iommu_model_function_config *follow(struct machine *machine, const struct iommu_dmar *dmar,
                                                  uint16_t segment, const struct iommu_dmar_scope *scope,
                                                  unsigned depth, bool bridge)
{
    uint8_t bus = scope->start_bus;
    struct iommu_model_function_config *function = NULL;
    for (unsigned i = 0; i < depth; i++) {
        bool inner = i + 1 < depth || bridge;
        function = add(machine, segment, rid_of(bus, scope->path + (size_t)2 * i),
                       inner ? IOMMU_MODEL_PCI_ROOT_PORT : IOMMU_MODEL_PCI_INTEGRATED);
        if (function == NULL)
            return NULL;
        if (inner && function->pci.secondary_bus == 0) {
            function->pci.kind = IOMMU_MODEL_PCI_ROOT_PORT;
            function->pci.class_code = 0x060400;
            if (!number_bridge(machine, dmar, &function->pci))
                return NULL;
        }
        bus = function->pci.secondary_bus;
    }
    return function;
}

static bool is_pci(const struct iommu_dmar_scope *scope)
{
    return scope->type == IOMMU_DMAR_SCOPE_ENDPOINT || scope->type == IOMMU_DMAR_SCOPE_BRIDGE;
}

/* First every bridge that any record names, so that an endpoint is never mistaken for one later. */
static bool build_bridges(struct machine *machine, const struct iommu_dmar *dmar)
{
    for (struct iommu_dmar_record record = {0}; iommu_dmar_next(dmar, &record);)
        for (struct iommu_dmar_scope scope = {0}; iommu_dmar_next_scope(dmar, &record, &scope);) {
            bool bridge = scope.type == IOMMU_DMAR_SCOPE_BRIDGE;
            unsigned depth = bridge ? scope.path_length : scope.path_length - 1u;
            if (is_pci(&scope) && depth > 0 &&
                follow(machine, dmar, record.segment, &scope, depth, true) == NULL)
                return false;
        }
    return true;
}

/* One unit's scopes: its functions belong to it; the first endpoint, or a new one below the first bridge,
 * becomes the accelerator. */
static bool build_unit(struct machine *machine, const struct iommu_dmar *dmar,
                       const struct iommu_dmar_record *record, unsigned unit)
{
    struct iommu_model_function_config *first = NULL;
    for (struct iommu_dmar_scope scope = {0}; iommu_dmar_next_scope(dmar, record, &scope);) {
        if (!is_pci(&scope))
            continue;
        struct iommu_model_function_config *function =
            follow(machine, dmar, record->segment, &scope, scope.path_length, scope.type == IOMMU_DMAR_SCOPE_BRIDGE);
        if (function == NULL)
            return false;
        function->unit = unit;
        if (function->pci.secondary_bus != 0 && scope.type == IOMMU_DMAR_SCOPE_BRIDGE) {
            function = add(machine, record->segment, (uint16_t)(function->pci.secondary_bus << 8),
                           IOMMU_MODEL_PCI_ENDPOINT);
            if (function == NULL)
                return false;
            function->unit = unit;
        }
        if (first == NULL && function->pci.secondary_bus == 0)
            first = function;
    }
    if (first != NULL)
        make_accelerator(machine, first);
    else if ((record->flags & 1) == 0)
        machine->bare_units++;
    return true;
}

/* The unit that takes what no scope names gets an accelerator of its own in a free slot of bus 0. */
static bool build_rest(struct machine *machine, uint16_t segment, unsigned unit)
{
    for (unsigned i = 0; i < machine->config.function_count; i++)
        if (machine->functions[i].pci.segment == segment && machine->functions[i].unit == IOMMU_MODEL_NO_UNIT)
            machine->functions[i].unit = unit;
    for (unsigned slot = 1; slot < 32; slot++) {
        if (find(machine, segment, (uint16_t)(slot << 3)) != NULL)
            continue;
        struct iommu_model_function_config *function =
            add(machine, segment, (uint16_t)(slot << 3), IOMMU_MODEL_PCI_INTEGRATED);
        if (function == NULL)
            return false;
        function->unit = unit;
        make_accelerator(machine, function);
        return true;
    }
    return false;
}

static bool build_region(struct machine *machine, const struct iommu_dmar *dmar,
                         const struct iommu_dmar_record *record)
{
    for (struct iommu_dmar_scope scope = {0}; iommu_dmar_next_scope(dmar, record, &scope);) {
        if (scope.type != IOMMU_DMAR_SCOPE_ENDPOINT)
            continue;
        const struct iommu_model_function_config *function =
            follow(machine, dmar, record->segment, &scope, scope.path_length, false);
        if (function == NULL || machine->region_count == REGIONS_MAX)
            return false;
        if (function->pci.secondary_bus != 0 || record->limit < record->base)
            continue; /* the table calls a bridge an endpoint, or means nothing */
        machine->regions[machine->region_count++] = (struct machine_region){
            .first = record->base & ~(SHARE_PAGE - 1),
            .last = record->limit | (SHARE_PAGE - 1),
            .function = (unsigned)(function - machine->functions),
        };
    }
    return true;
}

/* Every modelled unit is as capable as they come; the table decides where it is and whom it serves. */
static void add_unit(struct machine *machine, const struct iommu_dmar_record *record)
{
    struct iommu_model_vtd_config kind = {0};
    iommu_model_vtd_preset(UNIT_PRESET, &kind);
    machine->units[machine->config.unit_count++] = (struct iommu_model_unit_config){
        .base = record->base,
        .segment = record->segment,
        .include_all = (record->flags & 1) != 0,
        .major = kind.major,
        .minor = kind.minor,
        .cap = kind.cap,
        .ecap = kind.ecap,
    };
}

static bool build(struct machine *machine, const struct iommu_dmar *dmar)
{
    if (!build_bridges(machine, dmar))
        return false;
    for (struct iommu_dmar_record record = {0}; iommu_dmar_next(dmar, &record);) {
        if (record.type != IOMMU_DMAR_UNIT)
            continue;
        if (machine->config.unit_count == UNITS_MAX)
            return false;
        add_unit(machine, &record);
        if (!build_unit(machine, dmar, &record, machine->config.unit_count - 1))
            return false;
    }
    for (struct iommu_dmar_record record = {0}; iommu_dmar_next(dmar, &record);)
        if (record.type == IOMMU_DMAR_RESERVED && !build_region(machine, dmar, &record))
            return false;
    for (unsigned i = 0; i < machine->config.unit_count; i++)
        if (machine->units[i].include_all && !build_rest(machine, machine->units[i].segment, i))
            return false;
    return true;
}

static int read_table(const char *path, struct machine *machine)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return share_refuse("cannot open %s: %s", path, strerror(errno));
    machine->dmar = malloc(TABLE_BYTES_MAX);
    machine->dmar_bytes = machine->dmar == NULL ? 0 : fread(machine->dmar, 1, TABLE_BYTES_MAX, file);
    bool failed = ferror(file) != 0 || machine->dmar == NULL;
    fclose(file);
    return failed ? share_refuse("cannot read %s", path) : 0;
}

/* Some firmware leaves a unit's register base 0. No system can use such a unit; a model of it can stand anywhere. */
static bool repair_base(struct machine *machine)
{
    enum { LENGTH = 4, CHECKSUM = 9, RECORDS = 48, UNIT_BASE = 8, UNIT_BYTES = 16 };
    uint8_t *table = machine->dmar;
    if (machine->dmar_bytes < RECORDS + UNIT_BYTES || memcmp(table, "DMAR", LENGTH) != 0)
        return false;
    uint8_t *unit = table + RECORDS, any = 0;
    for (unsigned i = 0; i < 8; i++)
        any |= unit[UNIT_BASE + i];
    if (unit[0] != IOMMU_DMAR_UNIT || unit[1] != 0 || any != 0)
        return false;

    uint8_t sum = 0;
    for (unsigned i = 0; i < 4; i++)
        unit[UNIT_BASE + i] = (uint8_t)(UNIT_BASE_USUAL >> 8 * i);
    for (size_t i = 0; i < machine->dmar_bytes; i++)
        sum = (uint8_t)(sum + table[i]);
    table[CHECKSUM] = (uint8_t)(table[CHECKSUM] - sum);
    machine->note = "the table gives its unit no register base, so no system can use it: modelled at fed90000";
    return true;
}

static int load_table(const char *path, struct machine *machine)
{
    struct iommu_dmar dmar;
    int result = read_table(path, machine);
    if (result != 0)
        return result;
    int opened = iommu_dmar_open(machine->dmar, machine->dmar_bytes, &dmar, NULL, NULL);
    if (opened == -IOMMU_ENODEV && repair_base(machine))
        opened = iommu_dmar_open(machine->dmar, machine->dmar_bytes, &dmar, NULL, NULL);
    if (opened < 0)
        return share_refuse("%s: %s: %s", path,
                            opened == -IOMMU_ENODEV ? "the table describes no remapping unit"
                                                    : "not a sound ACPI DMAR table",
                            iommu_strerror(opened));
    machine->config.address_bits = dmar.address_bits;
    machine->config.dmar = machine->dmar;
    machine->config.dmar_bytes = machine->dmar_bytes;
    return build(machine, &dmar) ? 0 : share_refuse("%s: describes more than this command models", path);
}

static void built_in(struct machine *machine)
{
    add_unit(machine, &(struct iommu_dmar_record){.base = UNIT_BASE_USUAL, .flags = 1});
    build_rest(machine, 0, 0);
}

int machine_load(const char *path, struct machine *machine)
{
    *machine = (struct machine){0};
    machine->units = calloc(UNITS_MAX, sizeof *machine->units);
    machine->functions = calloc(FUNCTIONS_MAX, sizeof *machine->functions);
    machine->regions = calloc(REGIONS_MAX, sizeof *machine->regions);
    if (machine->units == NULL || machine->functions == NULL || machine->regions == NULL)
        return share_refuse("no memory to build a machine");
    machine->config.units = machine->units;
    machine->config.functions = machine->functions;
    if (path != NULL)
        return load_table(path, machine);
    built_in(machine);
    return 0;
}

void machine_unload(struct machine *machine)
{
    free(machine->units);
    free(machine->functions);
    free(machine->regions);
    free(machine->dmar);
}
