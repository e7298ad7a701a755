/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/episode.c - one random world: tables, then DMA, changes and invalidations in
 * turn.
 *
 * What a write did is seen in memory at once. What a read brought stays in the device's buffer;
 * all buffers are emptied at the end, with translation off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/differential/world.h"

/* ---- an account ---------------------------------------------------------------------------- */

void world_say(struct world *world, const char *format, ...)
{
    size_t used = strlen(world->said);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(world->said + used, sizeof world->said - used, format, arguments);
    va_end(arguments);
}

_Noreturn void world_differ(struct world *world, const struct attempt *attempt, const char *what)
{
    const char *line;

    print_error("QEMU %s (%s) and the model differ: %s\n", iommu_qemu_version(world->twin->qemu),
                world->twin->kind->name, what);
    print_error("  replay: IOMMUKIT_EPISODE=0x%" PRIx64
                " IOMMUKIT_UNIT=\"%s\" build/tests/test_differential\n",
                world->seed, world->twin->kind->name);
    print_error("  tables: %s mode, root %#" PRIx64 "\n",
                world->tables.scalable ? "scalable" : "legacy", world->tables.root);
    if (attempt)
        attempt_print(world->twin, attempt);
    print_error("  what was done in this world:\n");
    for (line = strtok(world->said, "\n"); line; line = strtok(NULL, "\n"))
        print_error("%s\n", line); /* cmocka prints no more than a few lines at once */
    fail();
    abort();
}

/* ---- buffers ------------------------------------------------------------------------------- */

static void fill_pattern(uint8_t *page)
{
    uint64_t i, word;

    for (i = 0; i < VTD_PAGE_BYTES / 8; i++) {
        word = arena_content(i * 8 + 3);
        if (i * 8 < READS_AT)
            word = (word & ~(uint64_t)0xFFFF0000FFFF) |
                   0x3100000031; /* as an interrupt: fixed, vector 31h */
        memcpy(page + i * 8, &word, 8);
    }
}

static bool load_buffers(struct world *world)
{
    unsigned i;

    fill_pattern(world->twin->arena.ram + world->twin->arena.pattern);
    for (i = 0; i < DEVICES; i++) {
        if (!twin_transfer(world->twin, world->tables.device[i].index, world->twin->arena.pattern,
                           0, READS_END, false))
            return false;
    }
    return true;
}

/* ---- DMA ----------------------------------------------------------------------------------- */

static void ask_model(struct world *world, struct attempt *attempt, struct segment *segment)
{
    struct iommu_model_request request = {
        .rid = world->tables.device[attempt->device].rid,
        .access = attempt->write ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ,
        .address = segment->iova,
        .bytes = segment->bytes,
    };

    iommu_model_vtd_translate(world->twin->model, &request, &segment->result,
                              &segment->explanation);
}

/* Could the model, with what it holds, reach something that must not be touched? */
static bool model_avoids(struct world *world, const struct attempt *attempt,
                         const struct segment *segment)
{
    struct iommu_model_request request = {
        .rid = world->tables.device[attempt->device].rid,
        .access = attempt->write ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ,
        .address = segment->iova,
        .bytes = segment->bytes,
    };
    struct iommu_model_explanation explanation;
    struct iommu_model_result result;

    view_begin(&world->twin->model_view);
    iommu_model_vtd_explain(world->twin->model, &request, &result, &explanation);
    return world->twin->model_view.forbidden;
}

/* Only memory and holes; writes only where nothing but data lies. */
static bool safe(const struct world *world, const struct attempt *attempt,
                 const struct segment *segment)
{
    const struct arena *arena = &world->twin->arena;
    uint64_t pa = segment->predicted.pa;

    if (segment->predicted.avoid)
        return false;
    if (segment->predicted
            .nowhere) /* a whole, aligned doubleword is an interrupt to both, and a harmless one */
        return !attempt->write ||
               (segment->bytes == 4 && segment->iova % 4 == 0 && segment->at == 0);
    if (segment->predicted.blocked || arena_is_hole(arena, pa))
        return true;
    return attempt->write ? arena_is_data(arena, pa) : arena_is_ram(arena, pa);
}

/* Prediction for all segments, or none: QEMU's caches are then as they were. */
static bool plan(struct world *world, struct attempt *attempt)
{
    static struct qemu_caches before;
    unsigned i;

    before = world->caches;
    for (i = 0; i < attempt->segments; i++) {
        struct segment *segment = &attempt->segment[i];

        predict(&world->caches, world->twin, &world->tables, attempt->device, segment->iova,
                segment->bytes, attempt->write, &segment->predicted);
        if (!safe(world, attempt, segment) || model_avoids(world, attempt, segment)) {
            world->caches = before;
            return false;
        }
    }
    return true;
}

/* What memory has where a read should land; nothing there: zeros. */
static void expect_data(struct world *world, struct segment *segment)
{
    const struct prediction *predicted = &segment->predicted;

    memset(segment->data, 0, sizeof segment->data);
    if (!predicted->blocked && !predicted->nowhere &&
        arena_is_ram(&world->twin->arena, predicted->pa))
        memcpy(segment->data, world->twin->arena.ram + predicted->pa, segment->bytes);
}

/* The model's answer must be QEMU's, or a known difference must say why not. */
static void judge_model(struct world *world, struct attempt *attempt, struct segment *segment)
{
    char names[256];
    uint32_t rules;

    if (attempt_agrees(world->twin, attempt, segment))
        return;
    rules = attempt_rules(world->twin, segment);
    if (!rules)
        world_differ(world, attempt, "no known difference explains the prediction");
    known_names(rules, names, sizeof names);
    known_count(rules);
    world->tally->known++;
}

static void check_write(struct world *world, const struct attempt *attempt)
{
    unsigned i;

    for (i = 0; i < attempt->segments; i++) {
        const struct segment *segment = &attempt->segment[i];
        const uint8_t *wrote =
            world->twin->arena.ram + world->twin->arena.pattern + attempt->at + segment->at;
        uint8_t *place;

        if (segment->predicted.blocked || segment->predicted.nowhere ||
            !arena_is_data(&world->twin->arena, segment->predicted.pa))
            continue;
        place = world->twin->arena.ram + segment->predicted.pa;
        if (memcmp(place, wrote, segment->bytes) != 0)
            world_differ(world, attempt, "QEMU's write did not arrive where it should");
        memcpy(place, segment->data, segment->bytes); /* as it was */
    }
}

static void check_records(struct world *world, struct attempt *attempt)
{
    const struct segment *first = attempt_first_recorded(attempt);
    const struct record *qemu = &attempt->qemu, *model = &attempt->model;
    uint16_t rid = world->tables.device[attempt->device].rid;

    if (qemu->there != (first != NULL))
        world_differ(world, attempt, first ? "QEMU recorded no fault" : "QEMU recorded a fault");
    if (first &&
        (qemu->rid != rid || qemu->read != !attempt->write ||
         qemu->page != (first->iova & VTD_FRCD_LO_FI) || qemu->reason != first->predicted.reason))
        world_differ(world, attempt, "QEMU's fault record is another");
    if (model->there && (model->rid != rid || model->read == attempt->write))
        world_differ(world, attempt, "the model's fault record is wrong");
    if (model->there && first && first == &attempt->segment[0] && first->result.recorded &&
        model->page != qemu->page)
        world_differ(world, attempt, "the model's fault record names another page");
}

static void say_dma(struct world *world, const struct attempt *attempt)
{
    unsigned i;

    world_say(world, "    device %u %s %u at %#" PRIx64 ":", attempt->device,
              attempt->write ? "writes" : "reads", attempt->bytes, attempt->segment[0].iova);
    for (i = 0; i < attempt->segments; i++) {
        const struct prediction *predicted = &attempt->segment[i].predicted;

        if (predicted->blocked)
            world_say(world, " blocked, %02xh", predicted->reason);
        else
            world_say(world, " to %#" PRIx64, predicted->pa);
        world_say(world, "%s", predicted->from ? " (held)" : "");
    }
    world_say(world, "\n");
}

static void carry_out(struct world *world, struct attempt *attempt)
{
    unsigned i;

    say_dma(world, attempt);
    for (i = 0; i < attempt->segments; i++) {
        expect_data(world, &attempt->segment[i]);
        ask_model(world, attempt, &attempt->segment[i]);
        if (!ledger_access(&world->ledger, world->tables.device[attempt->device].rid,
                           &attempt->segment[i]))
            world_differ(world, attempt, "the model still holds what it was told to forget");
        judge_model(world, attempt, &attempt->segment[i]);
        world->tally->blocked += attempt->segment[i].predicted.blocked;
    }
    world->dead =
        !twin_transfer(world->twin, world->tables.device[attempt->device].index,
                       attempt->segment[0].iova, attempt->at, attempt->bytes, attempt->write);
    if (world->dead)
        return;
    twin_records(world->twin, &attempt->qemu, &attempt->model);
    if (attempt->write)
        check_write(world, attempt);
    check_records(world, attempt);
    world->tally->dmas++;
}

void world_dma(struct world *world, unsigned device, uint64_t iova)
{
    struct attempt *attempt = &world->attempt[world->attempts];
    bool write = tables_chance(&world->tables, 2), window;
    unsigned bytes;

    if (world->attempts == ATTEMPTS || (!write && world->reads[device] == READS))
        return;
    window = iova >= VTD_INTERRUPT_FIRST && iova <= VTD_INTERRUPT_LAST;
    bytes = write && window ? 4 : 1 + (unsigned)tables_below(&world->tables, CHUNK_BYTES);
    if (write && window)
        iova &= ~(uint64_t)3;
    attempt_make(attempt, device, iova, bytes, write);
    attempt->at = write ? (world->writes % CHUNKS) * CHUNK_BYTES
                        : READS_AT + world->reads[device] * CHUNK_BYTES;
    if (!plan(world, attempt)) {
        world->tally->avoided++;
        return;
    }
    world->attempts++;
    world->writes += write;
    world->reads[device] += !write;
    carry_out(world, attempt);
}

static void any_dma(struct world *world)
{
    unsigned device = (unsigned)tables_below(&world->tables, DEVICES);

    world_dma(world, device, tables_iova(&world->tables, &world->tables.device[device]));
}

/* ---- start and end ------------------------------------------------------------------------- */

static void begin(struct world *world, uint64_t seed)
{
    struct tables *tables = &world->tables;
    unsigned i;

    world->seed = seed;
    *tables = (struct tables){.arena = &world->twin->arena, .seed = {seed}};
    tables->scalable = world->twin->kind->scalable && !tables_chance(tables, 4);
    tables->rid_pasid = world->twin->major < 11;
    tables->hostile = !tables_chance(tables, 3);
    tables->width = world->twin->kind->aw_bits;
    for (i = 0; i < DEVICES; i++) {
        tables->device[i].index = i + 1 < DEVICES ? i : TWIN_DEVICES - 1;
        tables->device[i].rid = iommu_qemu_device_rid(world->twin->qemu, tables->device[i].index);
    }
    tables_build(tables);
    twin_mode(world->twin, tables->root, tables->scalable ? VTD_TTM_SCALABLE : VTD_TTM_LEGACY,
              tables->scalable || (world->twin->kind->scalable && tables_chance(tables, 2)));
    world->dead = !iommu_qemu_alive(world->twin->qemu) || !load_buffers(world);
    twin_enable(world->twin, true);
    predict_enabled(&world->caches, world->twin, tables);
    world->ledger.scalable = tables->scalable;
}

static void check_reads(struct world *world, unsigned device)
{
    const uint8_t *buffer = world->twin->arena.ram + world->twin->arena.dump;
    unsigned i, k;

    for (i = 0; i < world->attempts; i++) {
        struct attempt *attempt = &world->attempt[i];

        if (attempt->write || attempt->device != device)
            continue;
        for (k = 0; k < attempt->segments; k++) {
            struct segment *segment = &attempt->segment[k];

            attempt->got = buffer + attempt->at;
            if (memcmp(buffer + attempt->at + segment->at, segment->data, segment->bytes) != 0)
                world_differ(world, attempt, "QEMU's read brought something else");
        }
    }
}

static void check_data(struct world *world)
{
    const struct arena *arena = &world->twin->arena;
    uint64_t at;

    for (at = arena->data; at < arena->data + DATA_BYTES; at += 8) {
        if (*arena_words(arena, at) == arena_content(at))
            continue;
        print_error("%#" PRIx64 " was written\n", at);
        world_differ(world, NULL, "a write of QEMU's arrived where none should");
    }
}

static void end(struct world *world)
{
    unsigned i;

    twin_enable(world->twin, false);
    for (i = 0; i < DEVICES && !world->dead; i++) {
        world->dead = !twin_transfer(world->twin, world->tables.device[i].index,
                                     world->twin->arena.dump, 0, READS_END, true);
        if (!world->dead)
            check_reads(world, i);
    }
    if (!world->dead)
        check_data(world);
}

bool episode_run(struct twin *twin, uint64_t seed, struct tally *tally)
{
    static struct world world;
    unsigned step;

    memset(&world, 0, sizeof world);
    world.twin = twin;
    world.tally = tally;
    begin(&world, seed);
    for (step = 0; step < STEPS && !world.dead; step++) {
        if (tables_chance(&world.tables, 200))
            world_bad_descriptor(&world);
        else if (tables_chance(&world.tables, 4))
            world_change(&world);
        else
            any_dma(&world);
    }
    if (!world.dead)
        end(&world);
    tally->episodes++;
    tally->deaths += world.dead;
    if (world.dead)
        printf("# QEMU died; what was done in this world:\n%s", world.said);
    return !world.dead;
}
