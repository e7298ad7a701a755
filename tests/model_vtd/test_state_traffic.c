/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_state_traffic.c - a unit moves to another model in the middle of everything, at thousands of random moments:
 * neither the driver nor its devices notice. The same run goes without and with the moves, and both leave the same
 * trace: every register access and every interrupt, every DMA and what it brought, every result of a call.
 *
 *     IOMMUKIT_SEED=n   start from this seed; otherwise the clock's
 */
#include "tests/stack/rig.h"

#include <string.h>

#include "iommukit/model/state.h"
#include "models/machine/machine.h"
#include "models/vtd/model.h"
#include "tests/common/seed.h"
#include "tests/model_vtd/state_bytes.h"

#define POINTS 4000u /* quick, and enough for what is rare */
#define RUN_POINTS 25u
#define STEPS 80u
#define TRACE 200000u
#define SLOTS 6u
#define DOMAINS 3u
#define DEVICES 2u
#define LIE(name) IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_##name)

/* All that throw no dice because of what is in a cache. The second kind ends calls with errors, which bringing up
 * and shutting down do not expect. */
static const uint32_t slow = LIE(STRICT_COMMAND) | LIE(SLOW_QUEUE) | LIE(SLOW_DEVICE_TLB) | LIE(NEVER_EVICT) |
                             LIE(PAGING_CACHES);
static const uint32_t failing = LIE(DEVICE_STRAY) | LIE(QUEUE_ERROR);
static const char *const presets[] = { "scalable", "page-requests", "caching-mode", "legacy", "legacy-no-queue",
                                       "small" };

/* What was under way at the moments of the moves. */
struct seen {
    unsigned points, command, invalidation, descriptor, held, late, fault, masked_event, error;
};

struct run {
    struct rig rig;
    const char *preset;
    uint64_t *trace;
    unsigned length;
    unsigned moments, until_move, every; /* every 0: no moves */
    struct seed op, when;
    struct seen *seen;
    void (*relax)(void *ctx);
    struct iommu_domain *domain[DOMAINS];
    struct iommu_attachment *at[DOMAINS][DEVICES];
    uint64_t page[DOMAINS][SLOTS];
    uint64_t fresh; /* never mapped */
    unsigned sent;
    bool stale; /* an invalidation has failed: what a device still reaches is the caches' affair */
};

static void note(struct run *run, uint64_t what, uint64_t value)
{
    assert_true(run->length + 2 <= TRACE);
    run->trace[run->length++] = what;
    run->trace[run->length++] = value;
}

static void note_result(struct run *run, uint64_t what, int result)
{
    note(run, what, (uint64_t)result);
    run->stale = run->stale || result == -IOMMU_EIO;
}

/* ---- The move ----------------------------------------------------------------------------------- */

static void look(struct seen *seen, const uint8_t *bytes, size_t size)
{
    size_t commands = sb_section(bytes, size, SB_COMMANDS), queue = sb_section(bytes, size, SB_QUEUE);
    size_t faults = sb_section(bytes, size, SB_FAULTS), head = sb_register(bytes, size, VTD_REG_IQH);
    uint64_t records = sb_get(bytes, faults + 4, 4), pending = 0;
    uint64_t fectl = sb_get(bytes, sb_register(bytes, size, VTD_REG_FECTL), 8);
    for (uint64_t i = 0; i < records; i++)
        pending |= sb_get(bytes, faults + 16 + i * 16, 8) >> 63;
    seen->points++;
    seen->command += sb_get(bytes, commands, 4) != 0;
    seen->invalidation += (sb_get(bytes, commands + 16, 4) | sb_get(bytes, commands + 20, 4)) != 0;
    seen->descriptor += head && sb_get(bytes, head, 8) != sb_get(bytes, sb_register(bytes, size, VTD_REG_IQT), 8);
    seen->held += (sb_get(bytes, queue, 4) & 8) != 0;
    seen->late += sb_get(bytes, queue + 12, 4) != 0;
    seen->fault += pending != 0;
    seen->masked_event += (fectl & VTD_FECTL_IM) && (fectl & VTD_FECTL_IP);
    seen->error += (sb_get(bytes, sb_register(bytes, size, VTD_REG_FSTS), 8) & (VTD_FSTS_IQE | VTD_FSTS_ICE)) != 0;
}

/* Another model takes over; the old one is wiped first, so that nothing of it can help. */
static void move(struct run *run)
{
    struct machine_unit *unit = &run->rig.machine->units[0];
    struct iommu_model_vtd *next = NULL;
    uint8_t bytes[IOMMU_MODEL_VTD_STATE_MAX];
    const char *why = "";
    size_t size;
    assert_int_equal(iommu_model_vtd_save(unit->vtd, bytes, sizeof(bytes), &size), 0);
    look(run->seen, bytes, size);
    assert_int_equal(iommu_model_vtd_create(&unit->vtd->config, &next, NULL), 0);
    if (iommu_model_vtd_restore(next, bytes, size, &why))
        fail_msg("%s: not restored: %s", run->preset, why);
    iommu_model_vtd_reset(unit->vtd);
    iommu_model_vtd_destroy(unit->vtd);
    unit->vtd = next;
}

static void moment(struct run *run)
{
    run->moments++;
    if (!run->every || run->until_move--)
        return;
    run->until_move = (unsigned)seed_below(&run->when, 2 * run->every);
    move(run);
}

static bool access(struct rig *rig, enum rig_moment kind, uint64_t address, uint64_t *value)
{
    struct run *run = rig->filter_ctx;
    moment(run);
    note(run, (uint64_t)kind << 56 | address, *value);
    if (run->sent != rig->messages.count)
        note(run, 'm', rig->messages.address ^ rig->messages.data);
    run->sent = rig->messages.count;
    return true;
}

static void relax(void *ctx)
{
    struct rig *rig = ctx;
    struct run *run = rig->filter_ctx;
    moment(run);
    if (run->relax)
        run->relax(ctx);
}

/* ---- What driver and devices do ----------------------------------------------------------------- */

static unsigned below(struct run *run, unsigned limit)
{
    return (unsigned)seed_below(&run->op, limit);
}

static bool scalable(const struct run *run)
{
    return strncmp(run->preset, "legacy", 6) != 0;
}

static uint64_t iova(unsigned slot)
{
    return RIG_IOVA + slot * (slot & 1 ? RIG_PAGE : UINT64_C(0x200000));
}

static void map_or_unmap(struct run *run)
{
    unsigned d = below(run, DOMAINS), slot = below(run, SLOTS);
    if (run->page[d][slot]) {
        note_result(run, 'u', iommu_unmap(run->domain[d], iova(slot), RIG_PAGE, NULL));
        rig_page_done(&run->rig, run->page[d][slot]);
        run->page[d][slot] = 0;
        return;
    }
    run->page[d][slot] = rig_page(&run->rig, d * 100 + slot);
    note(run, 'p', run->page[d][slot]);
    note_result(run, 'm', iommu_map(run->domain[d], iova(slot), run->page[d][slot], RIG_PAGE,
                                    IOMMU_READ | IOMMU_WRITE));
}

/* With PASIDs, each domain to each device; without, the RID to one of them. */
static void attach_or_detach(struct run *run)
{
    unsigned d = below(run, DOMAINS), n = below(run, DEVICES);
    if (run->at[d][n]) {
        note_result(run, 'd', iommu_detach(run->at[d][n]));
        run->at[d][n] = NULL;
        return;
    }
    struct iommu_route route = scalable(run) ? iommu_route_pasid(1 + d) : iommu_route_rid();
    note_result(run, 'a', iommu_attach(run->domain[d], run->rig.device[n], route, NULL, &run->at[d][n]));
}

/* To what is mapped, and to what is not; attached or not. A move empties the caches, which may be seen only where
 * the driver itself was told that they are not clean. */
static void transfer(struct run *run)
{
    if (run->stale)
        return;
    unsigned d = below(run, DOMAINS), n = below(run, DEVICES), slot = below(run, SLOTS + 1);
    uint64_t address = slot == SLOTS ? run->fresh : iova(slot), value = run->length;
    uint32_t pasid = scalable(run) ? 1 + d : IOMMU_NO_PASID;
    bool passed = below(run, 2) ? rig_write(&run->rig, n, pasid, address, value)
                                : rig_read(&run->rig, n, pasid, address, &value);
    note(run, 'x', passed ? value : ~(uint64_t)run->rig.last.fault);
}

static void handle(struct run *run)
{
    note(run, 'h', (uint64_t)iommu_handle_events(run->rig.iommu));
    note(run, 'e', run->rig.events);
    note(run, 'f', run->rig.event.address ^ (uint64_t)run->rig.event.pasid << 32 ^ run->rig.event.reason);
}

/* Past the driver: an interrupt that is masked for a while. */
static void mask(struct run *run)
{
    rig_set_reg32(&run->rig, 0, VTD_REG_FECTL, below(run, 2) ? VTD_FECTL_IM : 0);
    note(run, 'c', rig_reg32(&run->rig, 0, VTD_REG_FECTL));
}

static void step(struct run *run)
{
    unsigned what = below(run, 16);
    if (what < 5)
        map_or_unmap(run);
    else if (what < 8)
        attach_or_detach(run);
    else if (what < 13)
        transfer(run);
    else if (what < 15)
        handle(run);
    else
        mask(run);
    moment(run);
}

/* ---- A run -------------------------------------------------------------------------------------- */

static void open_run(struct run *run, uint64_t seed)
{
    const struct rig_config config = {
        .preset = run->preset, .not_started = true, .no_devices = true, .ram_bytes = UINT64_C(64) << 20,
        .vtd = { .fault_msi_address = 0xFEE01000, .fault_msi_data = 0x31 },
        .lies = { .seed = seed } };
    struct rig_config chosen = config;
    struct iommu_model_vtd_config unit = {0};
    assert_true(iommu_model_vtd_preset(run->preset, &unit));
    for (unsigned lie = 0; lie < IOMMU_MODEL_LIE_COUNT; lie++) {
        struct iommu_model_lies more = { .enabled = chosen.lies.enabled | IOMMU_MODEL_LIE(lie) };
        if (((slow | failing) & IOMMU_MODEL_LIE(lie)) && below(run, 3) &&
            !iommu_model_lies_forbidden(&more, unit.cap, unit.ecap))
            chosen.lies.enabled = more.enabled;
    }
    rig_open_hardware(&run->rig, &chosen);
    run->rig.filter = access;
    run->rig.filter_ctx = run;
    run->relax = run->rig.platform.relax;
    run->rig.platform.relax = relax;
    iommu_model_machine_tell(run->rig.machine, slow);
    assert_int_equal(rig_create_driver(&run->rig), 0);
    rig_add_devices(&run->rig);
    assert_int_equal(iommu_start(run->rig.iommu), 0);
    run->fresh = UINT64_C(0x7000000000);
    for (unsigned d = 0; d < DOMAINS; d++)
        run->domain[d] = rig_domain(&run->rig, below(run, 2) ? IOMMU_STAGE_AUTO : IOMMU_STAGE_SECOND);
}

static void empty(struct run *run, unsigned d)
{
    for (unsigned n = 0; n < DEVICES; n++)
        if (run->at[d][n])
            note_result(run, 'd', iommu_detach(run->at[d][n]));
    for (unsigned slot = 0; slot < SLOTS; slot++)
        if (run->page[d][slot]) {
            note_result(run, 'u', iommu_unmap(run->domain[d], iova(slot), RIG_PAGE, NULL));
            rig_page_done(&run->rig, run->page[d][slot]);
        }
}

/* All that a unit is in the end, but for how much its caches saved it. */
static void note_state(struct run *run)
{
    static const unsigned of_caches[] = { 4, 5, 6, 10 }; /* hits, table reads */
    uint8_t bytes[IOMMU_MODEL_VTD_STATE_MAX];
    size_t size;
    assert_int_equal(iommu_model_vtd_save(run->rig.machine->units[0].vtd, bytes, sizeof(bytes), &size), 0);
    for (unsigned i = 0; i < sizeof(of_caches) / sizeof(of_caches[0]); i++)
        sb_put(bytes, sb_section(bytes, size, SB_STATISTICS) + of_caches[i] * 8, 8, 0);
    for (size_t at = 0; at < size - 4; at += 8)
        note(run, 's', sb_get(bytes, at, at + 8 <= size ? 8 : 4));
}

/* After an error of the queue, a domain may be freed when its devices have gone, and pages may stay withheld. */
static void close_run(struct run *run)
{
    struct iommu_strict_counts counts;
    for (unsigned d = 0; d < DOMAINS; d++)
        empty(run, d);
    for (unsigned n = 0; n < RIG_DEVICES; n++) {
        note_result(run, 'r', iommu_device_remove(run->rig.device[n]));
        run->rig.device[n] = NULL;
    }
    for (unsigned d = 0; d < DOMAINS; d++)
        note(run, 'g', (uint64_t)iommu_domain_free(run->domain[d]));
    rig_end_driver(&run->rig);
    for (uint32_t at = 0; at < run->rig.machine->units[0].bytes; at += 4)
        note(run, at, rig_reg32(&run->rig, 0, at));
    note_state(run);
    iommu_strict_counts(run->rig.strict, &counts);
    note(run, 'w', counts.pages_live);
    run->rig.expect_withheld = counts.pages_live != 0;
    rig_close(&run->rig);
}

static void play(struct run *run, const char *preset, uint64_t seed, unsigned every, struct seen *seen)
{
    uint64_t *trace = run->trace;
    *run = (struct run){ .trace = trace, .preset = preset, .every = every, .seen = seen,
                         .op = { seed }, .when = { ~seed } };
    open_run(run, seed);
    iommu_model_machine_tell(run->rig.machine, slow | failing);
    for (unsigned i = 0; i < STEPS; i++)
        step(run);
    iommu_model_machine_tell(run->rig.machine, slow);
    close_run(run);
}

static void compare(const struct run *still, const struct run *moved, uint64_t seed)
{
    for (unsigned i = 0; i < still->length && i < moved->length; i += 2)
        if (still->trace[i] != moved->trace[i] || still->trace[i + 1] != moved->trace[i + 1])
            fail_msg("%s, replay: IOMMUKIT_SEED=0x%llx: event %u is %llx %llx, without moves %llx %llx", still->preset,
                     (unsigned long long)seed, i / 2, (unsigned long long)moved->trace[i],
                     (unsigned long long)moved->trace[i + 1], (unsigned long long)still->trace[i],
                     (unsigned long long)still->trace[i + 1]);
    assert_int_equal(still->length, moved->length);
}

static void test_neither_driver_nor_devices_notice_a_move(void **state)
{
    struct seed seed = seed_start();
    struct seen seen = {0};
    static struct run still, moved;
    still.trace = malloc(TRACE * sizeof(uint64_t));
    moved.trace = malloc(TRACE * sizeof(uint64_t));
    assert_true(still.trace && moved.trace);
    for (unsigned round = 0; seen.points < POINTS; round++) {
        const char *preset = presets[round % (sizeof(presets) / sizeof(presets[0]))];
        uint64_t start = seed.state;
        uint64_t own = seed_next(&seed);
        play(&still, preset, own, 0, &seen);
        play(&moved, preset, own, still.moments / RUN_POINTS + 1, &seen);
        compare(&still, &moved, start);
    }
    print_message("# %u moves: %u commands under way, %u invalidations by register, %u descriptors waiting, %u of them "
                  "slow, %u device-TLB requests late, %u faults pending, %u events masked, %u errors\n", seen.points,
                  seen.command, seen.invalidation, seen.descriptor, seen.held, seen.late, seen.fault,
                  seen.masked_event, seen.error);
    assert_true(seen.command && seen.invalidation && seen.descriptor && seen.held && seen.late && seen.fault &&
                seen.masked_event && seen.error);
    free(still.trace);
    free(moved.trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neither_driver_nor_devices_notice_a_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
