/* SPDX-License-Identifier: MIT */
/* world.c - kinds of machines, opening and closing them, DMA and faults. */
#include "tests/random/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/stack/view.h"

#define CAP_ND     UINT64_C(7)
#define CAP_CM     (UINT64_C(1) << 7)
#define CAP_SAGAW  (UINT64_C(0x1f) << 8)
#define CAP_MGAW   (UINT64_C(0x3f) << 16)
#define CAP_SSLPS  (UINT64_C(0xf) << 34)
#define CAP_PSI    (UINT64_C(1) << 39)
#define CAP_MAMV   (UINT64_C(0x3f) << 48)
#define CAP_RWBF   (UINT64_C(1) << 4)
#define ECAP_C     (UINT64_C(1) << 0)
#define ECAP_SC    (UINT64_C(1) << 7)
#define ECAP_EAFS  (UINT64_C(1) << 34)
#define ECAP_SSADS (UINT64_C(1) << 45)
#define ECAP_SMPWC (UINT64_C(1) << 48)
#define MGAW(bits) ((uint64_t)((bits)-1) << 16)

static const struct {
    const char *name;
    struct rig_config config;
    bool roomy; /* many domains, PASIDs, both stages */
} kinds[] = {
    {"scalable", {0}, true},
    {"scalable", {0}, true},
    {"caching-mode", {.preset = "caching-mode"}, true},
    {"esrtps", {.preset = "esrtps"}, true},
    {"not coherent", {.preset = "scalable-noncoherent"}, true},
    {"walks not coherent", {.ecap_clear = ECAP_SMPWC | ECAP_SSADS | ECAP_EAFS}, true},
    {"not coherent, caching mode", {.preset = "scalable-noncoherent", .cap_set = CAP_CM}, true},
    {"second stage only", {.preset = "scalable-second"}, false},
    {"first stage only", {.preset = "scalable-first"}, false},
    {"no PASIDs", {.preset = "scalable-no-pasid"}, false},
    {"3 levels", {.preset = "3-level"}, false},
    {"5 levels", {.preset = "5-level"}, true},
    {"small", {.preset = "small"}, false},
    {"no large pages", {.cap_clear = CAP_SSLPS}, true},
    {"no page-selective invalidation", {.cap_clear = CAP_PSI | CAP_MAMV}, true},
    {"masks of 4 pages at most", {.cap_clear = CAP_MAMV, .cap_set = UINT64_C(2) << 48}, true},
    {"no snoop control", {.ecap_clear = ECAP_SC}, true},
    {"narrow addresses", {.cap_clear = CAP_MGAW, .cap_set = MGAW(42)}, false},
    {"legacy mode", {.mode = IOMMU_VTD_MODE_LEGACY}, false},
    {"legacy", {.preset = "legacy"}, false},
    {"legacy, caching mode", {.preset = "legacy-caching-mode"}, false},
    {"legacy, not coherent", {.preset = "legacy", .ecap_clear = ECAP_C}, false},
    {"legacy, registers", {.preset = "legacy", .vtd = {.no_queue = true}}, false},
    {"legacy, no queue, write buffers", {.preset = "legacy-no-queue"}, false},
    {"legacy, no queue, caching mode", {.preset = "legacy-no-queue", .cap_set = CAP_CM}, false},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void also(struct world_setup *setup, const char *what)
{
    size_t used = strlen(setup->name);
    snprintf(setup->name + used, sizeof setup->name - used, ", %s", what);
}

static void choose_second_unit(struct world_setup *setup, uint64_t *random)
{
    static const char *const preset[] = {
        "scalable-second",      "3-level",       "5-level", "small", "legacy", "caching-mode",
        "scalable-noncoherent", "scalable-first"};

    setup->config.second_unit = true;
    if (rig_random(random) % 2 == 0) {
        also(setup, "two units");
        return;
    }
    setup->config.second_preset = preset[rig_random(random) % 8];
    setup->alike = false;
    also(setup, "another unit:");
    also(setup, setup->config.second_preset);
}

static void choose_scarcity(struct world_setup *setup, uint64_t *random)
{
    static const uint8_t widths[] = {1, 2, 3, 6, 7, 10, 255};

    if (rig_random(random) % 3 == 0) {
        setup->config.pasid_bits = widths[rig_random(random) % 7];
        also(setup, "few PASIDs");
    }
    if (rig_random(random) % 4 == 0) {
        setup->config.cap_clear |= CAP_ND;
        setup->config.cap_set &= ~CAP_ND;
        setup->domains = 20;
        also(setup, "16 domain ids");
    }
    if (rig_random(random) % 8 == 0) {
        setup->config.no_siov = true;
        also(setup, "no Scalable IOV");
    }
}

/* ---- lies ----------------------------------------------------------------------------------------------- */

/* CAP and ECAP of a unit, as the rig will make it. */
static bool capabilities(const struct rig_config *config, unsigned index, uint64_t *cap,
                         uint64_t *ecap)
{
    bool other = index == 1 && config->second_preset != NULL;
    struct iommu_model_unit_config unit = {0};
    const char *preset = other ? config->second_preset : config->preset;

    if (!iommu_model_unit_preset(preset != NULL ? preset : "scalable", &unit))
        return false;
    *cap = (unit.cap & ~(other ? config->second_cap_clear : config->cap_clear)) |
           (other ? config->second_cap_set : config->cap_set);
    *ecap = (unit.ecap & ~(other ? config->second_ecap_clear : config->ecap_clear)) |
            (other ? config->second_ecap_set : config->ecap_set);
    return true;
}

static bool may_lie(const struct rig_config *config, uint32_t lies)
{
    const struct iommu_model_lies asked = {.enabled = lies};
    uint64_t cap, ecap;

    for (unsigned i = 0; i < (config->second_unit ? 2u : 1u); i++)
        if (!capabilities(config, i, &cap, &ecap) ||
            iommu_model_lies_forbidden(&asked, cap, ecap) != NULL)
            return false;
    return true;
}

/* Those that callers must not notice: sound hardware's, and stray completions. What makes calls fail (stalled and
 * refusing queues, lost answers) is not here. One that keeps does not forget. */
static void choose_lies(struct world_setup *setup, uint64_t *random)
{
    static const enum iommu_model_lie sound[] = {
        IOMMU_MODEL_LIE_LATE_WRITES,     IOMMU_MODEL_LIE_NOT_PRESENT,
        IOMMU_MODEL_LIE_NEVER_EVICT,     IOMMU_MODEL_LIE_RANDOM_EVICT,
        IOMMU_MODEL_LIE_PAGING_CACHES,   IOMMU_MODEL_LIE_POISON,
        IOMMU_MODEL_LIE_STRICT_COMMAND,  IOMMU_MODEL_LIE_SLOW_QUEUE,
        IOMMU_MODEL_LIE_TORN_FETCH,      IOMMU_MODEL_LIE_DEVICE_TLB,
        IOMMU_MODEL_LIE_SLOW_DEVICE_TLB, IOMMU_MODEL_LIE_DEVICE_STRAY};
    bool forgets = rig_random(random) % 2;

    setup->config.lies.seed = rig_random(random);
    for (unsigned i = 0; i < sizeof sound / sizeof sound[0]; i++) {
        uint32_t lie = IOMMU_MODEL_LIE(sound[i]);
        if (sound[i] == (forgets ? IOMMU_MODEL_LIE_NEVER_EVICT : IOMMU_MODEL_LIE_RANDOM_EVICT))
            continue;
        if (rig_random(random) % 2 == 0 || !may_lie(&setup->config, lie))
            continue;
        setup->config.lies.enabled |= lie;
        also(setup, iommu_model_lie_name(sound[i]));
    }
    if (setup->config.lies.enabled & IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_TORN_FETCH))
        setup->between = rig_random(random) % 4 == 0;
    if (setup->between)
        also(setup, "reads between stores");
    if (setup->config.lies.enabled & IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_POISON))
        setup->config.hold_freed = false; /* the machine is to learn of pages that are given back */
}

void world_choose(struct world_setup *setup, uint64_t seed)
{
    uint64_t random = seed;
    size_t kind = rig_random(&random) % KINDS;

    *setup = (struct world_setup){.config = kinds[kind].config, .alike = true};
    snprintf(setup->name, sizeof setup->name, "%s", kinds[kind].name);
    setup->domains = 3 + (unsigned)(rig_random(&random) % 5);
    if (rig_random(&random) % 4 == 0)
        choose_second_unit(setup, &random);
    choose_scarcity(setup, &random);
    if (rig_random(&random) % 3 == 0) {
        setup->config.hold_freed = true;
        also(setup, "freed pages are kept");
    }
    if (rig_random(&random) % 4 == 0) {
        setup->config.device_flags = IOMMU_DEVICE_NO_ATS;
        also(setup, "no ATS");
    }
    if (rig_random(&random) % 4 != 0)
        choose_lies(setup, &random);
}

void world_choose_roomy(struct world_setup *setup, uint64_t seed)
{
    uint64_t random = seed;
    size_t kind;

    do
        kind = rig_random(&random) % KINDS;
    while (!kinds[kind].roomy);
    *setup = (struct world_setup){.config = kinds[kind].config, .alike = true};
    snprintf(setup->name, sizeof setup->name, "%s", kinds[kind].name);
    setup->config.second_unit = rig_random(&random) % 2;
    if (setup->config.second_unit)
        also(setup, "two units");
    if (rig_random(&random) % 2)
        choose_lies(setup, &random);
    /* What one thread has stored and not flushed yet, another one's device may meet. */
    setup->config.lies.enabled &= ~IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_LATE_WRITES);
    setup->between = false;
}

/* ---- what the units say of themselves ------------------------------------------------------------------- */

static bool has(uint64_t capabilities, unsigned bit)
{
    return (capabilities >> bit & 1) != 0;
}

/* Offsets 008h and 010h. CAP 12:8 widths (39, 48, 57 bits in bits 1 to 3), 21:16 the most that arrives - 1, 2:0 ids,
 * 7 Caching Mode, 60 first stage of 5 levels. ECAP 43 scalable mode, 46 and 47 its stages, 40 PASIDs, 39:35 their
 * width - 1. */
static void read_unit(struct world *world, unsigned index)
{
    struct world_unit *unit = &world->unit[index];
    unsigned most;

    unit->cap = rig_reg64(&world->checker.rig, index, 0x08);
    unit->ecap = rig_reg64(&world->checker.rig, index, 0x10);
    unit->scalable = has(unit->ecap, 43) && world->setup.config.mode != IOMMU_VTD_MODE_LEGACY;
    most = (unsigned)(unit->cap >> 16 & 0x3f) + 1;
    for (unsigned i = 1; i <= 3; i++)
        if (has(unit->cap, 8 + i))
            unit->ss_bits = 30 + 9 * i;
    if (unit->ss_bits > most)
        unit->ss_bits = most;
    if (unit->scalable && !has(unit->ecap, 46))
        unit->ss_bits = 0;
    if (unit->scalable && has(unit->ecap, 47))
        unit->fs_bits = has(unit->cap, 60) ? 56 : 47;
    if (unit->scalable && has(unit->ecap, 40))
        unit->pasid_limit = UINT32_C(2) << (unit->ecap >> 35 & 0x1f);
    unit->ids = (UINT32_C(16) << 2 * (unit->cap & 7)) - has(unit->cap, 7);
}

/* ---- faults --------------------------------------------------------------------------------------------- */

static void on_event(void *ctx, const struct iommu_event *event)
{
    struct world *world = ctx;
    const struct world_fault came = {event->rid, event->pasid, event->address & ~(RIG_PAGE - 1),
                                     event->write};

    if (event->type != IOMMU_EVENT_FAULT || !world->single)
        return;
    world->events++;
    for (unsigned i = 0; i < world->faults && i < WORLD_EVENTS_MAX; i++)
        if (world->fault[i].rid == came.rid && world->fault[i].pasid == came.pasid &&
            world->fault[i].page == came.page &&
            (world->fault[i].write == came.write || world->asks))
            return;
    if (world->faults > WORLD_EVENTS_MAX)
        return;
    world->came = came;
    world->strange = &world->came;
}

bool world_dma(struct world *world, unsigned device, uint32_t pasid, uint64_t iova, bool write,
               uint64_t *value, struct iommu_model_result *last)
{
    const struct iommu_model_dma access = {.has_pasid = pasid != IOMMU_NO_PASID,
                                           .pasid = pasid == IOMMU_NO_PASID ? 0 : pasid,
                                           .address = iova,
                                           .write = write,
                                           .data = value,
                                           .bytes = sizeof *value};
    struct iommu_model_dma_result result;

    iommu_model_machine_dma(world->checker.rig.machine, device, &access, &result, last);
    if (last->recorded && world->single) {
        if (world->faults < WORLD_EVENTS_MAX)
            world->fault[world->faults] =
                (struct world_fault){rig_rid(device), pasid, iova & ~(RIG_PAGE - 1), write};
        world->faults++;
    }
    return result.ok;
}

/* ---- sabotage ------------------------------------------------------------------------------------------- */

/* Before the tail is written (088h), descriptors of the kinds that get lost become context cache invalidations, which
 * do no harm: type 1, granularity 1 or 3. */
static void sabotage(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    const struct world *world = (const struct world *)(const void *)rig;
    uint64_t ring = rig_reg64(rig, 0, 0x90), at = rig_reg64(rig, 0, 0x88);
    unsigned bytes = ring >> 11 & 1 ? 32 : 16;
    bool iotlb = world->setup.sabotage == WORLD_LOSES_IOTLB;

    if (moment != RIG_WRITE64 || address != rig_unit_base(0) + 0x88)
        return;
    for (; at != value; at = (at + bytes) % (RIG_PAGE << (ring & 7))) {
        uint64_t *slot = iommu_posix_memory(rig->memory, (ring & ~(RIG_PAGE - 1)) + at, 16);
        unsigned type = (unsigned)(slot[0] & 0xf);
        if (iotlb ? type == 2 || type == 6 : type == 7 || type == 1) {
            slot[0] = iotlb ? 0x11 : 0x12;
            slot[1] = 0;
        }
    }
}

/* ---- life ----------------------------------------------------------------------------------------------- */

bool world_open(struct world *world, const struct world_setup *setup, const char **why)
{
    struct rig *rig = &world->checker.rig;

    memset(world, 0, sizeof *world);
    world->setup = *setup;
    world->setup.config.ram_bytes = WORLD_POOL + WORLD_POOL_BYTES;
    rig_open_hardware(rig, &world->setup.config);
    world->single = true;
    world->asks =
        (setup->config.lies.enabled & (IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_DEVICE_TLB) |
                                       IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_SLOW_DEVICE_TLB))) != 0;
    checker_watch(&world->checker);
    if (rig_create_driver(rig) != 0) {
        *why = "the driver cannot be created";
        return false;
    }
    checker_start(&world->checker);
    for (unsigned i = 0; i < iommu_model_machine_unit_count(rig->machine); i++)
        read_unit(world, i);
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        world->unit_of[i] = setup->config.second_unit && i >= 2 ? 1 : 0;
    iommu_set_event_handler(rig->iommu, on_event, world);
    if (setup->sabotage != WORLD_HONEST)
        rig->probe = sabotage;
    if (iommu_start(rig->iommu) != 0) {
        *why = "iommu_start fails";
        return false;
    }
    return true;
}

/* Late writes: a walk met what had been stored and not flushed. Poison: a page that had been freed. */
static const char *caught_lying(struct world *world)
{
    struct iommu_model_machine *machine = world->checker.rig.machine;
    struct iommu_model_strike strike[IOMMU_MODEL_STRIKES_MAX];
    unsigned count;

    if (world->setup.config.lies.enabled == 0)
        return NULL;
    count = iommu_model_machine_strikes(machine, strike, IOMMU_MODEL_STRIKES_MAX);
    for (unsigned i = 0; i < count; i++) {
        /* Between a store and its flush a device may see either. */
        bool late = strike[i].lie == IOMMU_MODEL_LIE_LATE_WRITES && !world->setup.between;
        if (!late && strike[i].lie != IOMMU_MODEL_LIE_POISON)
            continue;
        (void)iommu_model_strike_text(&strike[i], world->strike, sizeof world->strike);
        return world->strike;
    }
    return NULL;
}

const char *world_complaint(struct world *world)
{
    struct rig *rig = &world->checker.rig;
    struct iommu_model_vtd_stats stats;

    for (unsigned i = 0; i < iommu_model_machine_unit_count(rig->machine); i++) {
        iommu_model_vtd_stats(iommu_model_machine_unit(rig->machine, i), &stats);
        if (stats.misuse != 0)
            return stats.last_misuse;
    }
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        if (iommu_model_pci_misuse(iommu_model_machine_function(rig->machine, i)) != 0)
            return "configuration space was misused";
    if (caught_lying(world) != NULL)
        return world->strike;
    return iommu_strict_violation(rig->strict);
}

const char *world_close(struct world *world)
{
    struct rig *rig = &world->checker.rig;
    struct iommu_strict_counts counts;
    const char *wrong;

    if (iommu_destroy(rig->iommu) != 0)
        return "iommu_destroy fails";
    wrong = world_complaint(world);
    iommu_strict_counts(rig->strict, &counts);
    if (wrong == NULL &&
        counts.objects_live + counts.pages_live + counts.windows_live + counts.locks_live != 0)
        wrong = "objects, pages, windows or locks are left at the end";
    if (wrong == NULL && !iommu_strict_held_intact(rig->strict))
        wrong = "a freed page was written to";
    if (wrong != NULL)
        return wrong;
    checker_stop(&world->checker);
    rig_view_unwrap(rig);
    iommu_strict_destroy(rig->strict);
    iommu_host_model_destroy(rig->host);
    return NULL;
}
