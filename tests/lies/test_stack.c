/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_stack.c - the whole stack on a machine that lies: under every lie that hardware may tell and be sound, nothing
 * changes for callers; under those that break it, calls end and say so, and what they report as done is done.
 */
#include "tests/stack/rig.h"

#include <time.h>

#define ROUNDS 6u
#define LIE(name) IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_##name)
#define MIB2   (UINT64_C(2) << 20)
#define TIMEOUT_MS 30u

#define DEVICE_TLBS (LIE(DEVICE_TLB) | LIE(SLOW_DEVICE_TLB))
#define ALL_SOUND                                                                                            \
    (LIE(LATE_WRITES) | LIE(NOT_PRESENT) | LIE(NEVER_EVICT) | LIE(PAGING_CACHES) | LIE(POISON) |             \
     LIE(STRICT_COMMAND) | LIE(SLOW_QUEUE) | LIE(TORN_FETCH) | DEVICE_TLBS)

struct world {
    const char *name, *preset;
    uint64_t cap_set;
    uint32_t lies;
};

#define CM (UINT64_C(1) << 7)

static const struct world sound[] = {
    {"late-writes", "scalable-noncoherent", 0, LIE(LATE_WRITES)},
    {"late-writes, remembering", "scalable-noncoherent", CM, LIE(LATE_WRITES) | LIE(NOT_PRESENT)},
    {"not-present", "caching-mode", 0, LIE(NOT_PRESENT)},
    {"never-evict", "scalable", 0, LIE(NEVER_EVICT) | LIE(PAGING_CACHES)},
    {"random-evict", "scalable", 0, LIE(RANDOM_EVICT)},
    {"random-evict, remembering", "caching-mode", 0, LIE(RANDOM_EVICT)},
    {"poison", "scalable", 0, LIE(POISON)},
    {"strict-command", "scalable", 0, LIE(STRICT_COMMAND)},
    {"slow-queue", "scalable", 0, LIE(SLOW_QUEUE) | LIE(POISON)},
    {"device-tlb", "scalable", 0, LIE(DEVICE_TLB)},
    {"slow-device-tlb", "scalable", 0, LIE(SLOW_DEVICE_TLB) | LIE(SLOW_QUEUE) | LIE(POISON)},
    {"everything that keeps", "scalable-noncoherent", CM, ALL_SOUND},
    {"everything that forgets", "scalable-noncoherent", CM,
     (ALL_SOUND & ~LIE(NEVER_EVICT)) | LIE(RANDOM_EVICT)},
};

static void tell(struct rig *rig)
{
    struct iommu_model_strike strikes[IOMMU_MODEL_STRIKES_MAX];
    unsigned count = iommu_model_machine_strikes(rig->machine, strikes, IOMMU_MODEL_STRIKES_MAX);
    char text[256];
    for (unsigned i = 0; i < count; i++) {
        iommu_model_strike_text(&strikes[i], text, sizeof text);
        print_message("# %s\n", text);
    }
}

static bool struck(struct rig *rig, enum iommu_model_lie lie)
{
    struct iommu_model_strike strikes[IOMMU_MODEL_STRIKES_MAX];
    unsigned count = iommu_model_machine_strikes(rig->machine, strikes, IOMMU_MODEL_STRIKES_MAX);
    for (unsigned i = 0; i < count; i++)
        if (strikes[i].lie == lie)
            return true;
    return false;
}

#define CHECK(rig, world, what)                                     \
    do {                                                            \
        if (!(what)) {                                              \
            tell(rig);                                              \
            fail_msg("%s, seed %llu: not so: %s", (world)->name,    \
                     (unsigned long long)(rig)->config.lies.seed, #what); \
        }                                                           \
    } while (0)

static bool reads(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova, uint64_t value)
{
    uint64_t got = ~value;
    return rig_read(rig, device, pasid, iova, &got) && got == value;
}

static bool blocked(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova)
{
    uint64_t got;
    return !rig_read(rig, device, pasid, iova, &got);
}

static void open_world(struct rig *rig, const struct world *world, uint64_t seed, bool honest_first)
{
    const struct rig_config config = {.preset = world->preset,
                                      .cap_set = world->cap_set,
                                      .not_started = true,
                                      .no_devices = true,
                                      .vtd = {.timeout_ms = honest_first ? TIMEOUT_MS : 0},
                                      .ram_bytes = UINT64_C(64) << 20,
                                      .lies = {.enabled = world->lies, .seed = seed}};
    rig_open_hardware(rig, &config);
    if (honest_first)
        iommu_model_machine_tell(rig->machine, 0);
    assert_int_equal(rig_create_driver(rig), 0);
    rig_add_devices(rig);
    assert_int_equal(iommu_start(rig->iommu), 0);
}

/* A table's worth of small pages, so that to unmap them is to give up the table. */
static void fill_table(struct iommu_domain *domain, uint64_t iova, uint64_t page)
{
    for (uint64_t offset = 0; offset < MIB2; offset += RIG_PAGE)
        assert_int_equal(iommu_map(domain, iova + offset, page, RIG_PAGE, IOMMU_READ), 0);
}

/* Map, use, remap, unmap with its tables, reuse the PASID for somebody else; on the RID, too. */
static void live(struct rig *rig, const struct world *world, enum iommu_stage stage, uint64_t *state)
{
    uint64_t page = rig_page(rig, 1), other = rig_page(rig, 2);
    struct iommu_domain *a = rig_domain(rig, stage), *b = rig_domain(rig, stage);
    struct iommu_attachment *at, *rid;
    uint32_t pasid = rig_attach(rig, a, 0, &at);
    const uint64_t iova = RIG_IOVA + (rig_random(state) % 64) * MIB2;

    CHECK(rig, world, blocked(rig, 0, pasid, iova));
    assert_int_equal(iommu_map(a, iova, page, RIG_PAGE, IOMMU_READ | IOMMU_WRITE), 0);
    CHECK(rig, world, reads(rig, 0, pasid, iova, 1));
    CHECK(rig, world, blocked(rig, 0, pasid, iova + RIG_PAGE));
    assert_int_equal(iommu_unmap(a, iova, RIG_PAGE, NULL), 0);
    CHECK(rig, world, blocked(rig, 0, pasid, iova));
    fill_table(a, iova, other);
    CHECK(rig, world, reads(rig, 0, pasid, iova, 2));
    assert_int_equal(iommu_unmap(a, iova, MIB2, NULL), 0);
    CHECK(rig, world, blocked(rig, 0, pasid, iova + RIG_PAGE));
    assert_int_equal(iommu_map(a, iova, page, RIG_PAGE, IOMMU_READ), 0);
    CHECK(rig, world, reads(rig, 0, pasid, iova, 1));

    assert_int_equal(iommu_map(b, iova, other, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(iommu_detach(at), 0);
    CHECK(rig, world, blocked(rig, 0, pasid, iova));
    assert_int_equal(iommu_attach(b, rig->device[0], iommu_route_pasid(pasid), NULL, &at), 0);
    CHECK(rig, world, reads(rig, 0, pasid, iova, 2));
    assert_int_equal(iommu_attach(a, rig->device[0], iommu_route_rid(), NULL, &rid), 0);
    CHECK(rig, world, reads(rig, 0, IOMMU_NO_PASID, iova, 1));
    assert_int_equal(iommu_detach(rid), 0);
    CHECK(rig, world, blocked(rig, 0, IOMMU_NO_PASID, iova));
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(a), 0);
    assert_int_equal(iommu_domain_free(b), 0);
    CHECK(rig, world, blocked(rig, 0, pasid, iova));
    rig_page_done(rig, page);
    rig_page_done(rig, other);
}

static void check_traps(struct rig *rig, const struct world *world)
{
    struct iommu_model_machine_stats stats;
    iommu_model_machine_stats(rig->machine, &stats);
    CHECK(rig, world, stats.freed_reads == 0 && stats.freed_writes == 0);
}

static void test_B45_lies_of_sound_hardware_change_nothing(void **state)
{
    uint64_t seed = rig_seed("test_lies_stack");
    for (unsigned i = 0; i < sizeof sound / sizeof sound[0]; i++)
        for (unsigned round = 0; round < ROUNDS; round++) {
            struct rig rig;
            uint64_t random = seed + round;
            open_world(&rig, &sound[i], seed + round, false);
            live(&rig, &sound[i], IOMMU_STAGE_SECOND, &random);
            live(&rig, &sound[i], IOMMU_STAGE_FIRST, &random);
            check_traps(&rig, &sound[i]);
            CHECK(&rig, &sound[i], !struck(&rig, IOMMU_MODEL_LIE_LATE_WRITES));
            rig_close(&rig);
        }
}

/* ---- a device that walks while an unmap waits for its sync */

/* Until the sync the tables of an unmapped range lead on, and what is in them is the old or nothing; and it is what
 * software left there, not what happens to be in its cache: the links of the list of dead tables as well. */
static void unlinked_round(const struct world *world, enum iommu_stage stage, uint64_t seed)
{
    struct rig rig;
    struct iommu_attachment *at;
    struct iommu_gather gather;
    open_world(&rig, world, seed, false);
    uint64_t page = rig_page(&rig, 1), got;
    struct iommu_domain *domain = rig_domain(&rig, stage);
    uint32_t pasid = rig_attach(&rig, domain, 0, &at);
    for (unsigned table = 0; table < 3; table++) {
        fill_table(domain, RIG_IOVA + table * MIB2, page);
        CHECK(&rig, world, reads(&rig, 0, pasid, RIG_IOVA + table * MIB2 + RIG_PAGE, 1));
    }
    iommu_gather_init(&gather);
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, 3 * MIB2, &gather), 0);
    for (unsigned table = 0; table < 3; table++)
        (void)rig_read(&rig, 0, pasid, RIG_IOVA + table * MIB2, &got);
    CHECK(&rig, world, !struck(&rig, IOMMU_MODEL_LIE_LATE_WRITES));
    assert_int_equal(iommu_sync(domain, &gather), 0);
    for (unsigned table = 0; table < 3; table++)
        CHECK(&rig, world, blocked(&rig, 0, pasid, RIG_IOVA + table * MIB2));
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    check_traps(&rig, world);
    rig_close(&rig);
}

static void test_B79_tables_that_wait_for_a_sync_are_flushed(void **state)
{
    static const struct world world = {"late-writes, remembering paths", "scalable-noncoherent", 0,
                                       LIE(LATE_WRITES) | LIE(NEVER_EVICT) | LIE(PAGING_CACHES)};
    uint64_t seed = rig_seed("test_lies_stack");
    for (unsigned round = 0; round < ROUNDS; round++) {
        unlinked_round(&world, IOMMU_STAGE_SECOND, seed + round);
        unlinked_round(&world, IOMMU_STAGE_FIRST, seed + round);
    }
}

/* ---- a device that walks between any two stores */

struct between {
    struct rig *rig;
    uint32_t pasid;
    uint64_t looks, wrong;
};

/* Page A, page B, or nothing; never anything else. */
static void look(void *ctx)
{
    struct between *b = ctx;
    uint64_t got = 0;
    b->looks++;
    if (rig_read(b->rig, 0, b->pasid, RIG_IOVA, &got) && got != 1 && got != 2)
        b->wrong++;
}

static void torn_round(const struct world *world, uint64_t seed)
{
    struct rig rig;
    struct iommu_attachment *at;
    open_world(&rig, world, seed, false);
    uint64_t page = rig_page(&rig, 1), other = rig_page(&rig, 2);
    struct iommu_domain *a = rig_domain_mapping(&rig, IOMMU_STAGE_FIRST, RIG_IOVA, page);
    struct iommu_domain *b = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, other);
    struct between between = {.rig = &rig, .pasid = 300};
    assert_int_equal(iommu_host_model_between_stores(rig.host, look, &between), 0);
    assert_int_equal(iommu_attach(a, rig.device[0], iommu_route_pasid(300), NULL, &at), 0);
    CHECK(&rig, world, reads(&rig, 0, 300, RIG_IOVA, 1));
    assert_int_equal(iommu_replace(at, b), 0);
    CHECK(&rig, world, reads(&rig, 0, 300, RIG_IOVA, 2));
    assert_int_equal(iommu_unmap(b, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(iommu_map(b, RIG_IOVA - RIG_PAGE, other, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(iommu_map(b, RIG_IOVA, other, RIG_PAGE, IOMMU_READ), 0);
    CHECK(&rig, world, reads(&rig, 0, 300, RIG_IOVA, 2));
    assert_int_equal(iommu_detach(at), 0);
    CHECK(&rig, world, blocked(&rig, 0, 300, RIG_IOVA));
    assert_int_equal(iommu_host_model_between_stores(rig.host, NULL, NULL), 0);
    CHECK(&rig, world, between.looks > 10 && between.wrong == 0);
    assert_int_equal(iommu_domain_free(a), 0);
    assert_int_equal(iommu_domain_free(b), 0);
    rig_page_done(&rig, page);
    rig_page_done(&rig, other);
    check_traps(&rig, world);
    rig_close(&rig);
}

static void test_B57_torn_fetches_see_old_or_new(void **state)
{
    static const struct world torn[] = {
        {"torn-fetch", "scalable", 0, LIE(TORN_FETCH) | LIE(RANDOM_EVICT) | LIE(POISON)},
        {"torn-fetch, keeping", "scalable", 0, LIE(TORN_FETCH) | LIE(NEVER_EVICT) | LIE(POISON)},
        {"torn-fetch, late", "scalable-noncoherent", 0, LIE(TORN_FETCH) | LIE(RANDOM_EVICT) | LIE(LATE_WRITES)},
    };
    uint64_t seed = rig_seed("test_lies_stack");
    for (unsigned i = 0; i < sizeof torn / sizeof torn[0]; i++)
        for (unsigned round = 0; round < ROUNDS; round++)
            torn_round(&torn[i], seed + round);
}

/* ---- hardware that fails */

static const struct world broken[] = {
    {"stalled-queue", "scalable", 0, LIE(STALLED_QUEUE)},
    {"iqe", "scalable", 0, LIE(QUEUE_ERROR)},
    {"ite", "scalable", 0, LIE(DEVICE_TIMEOUT)},
    {"ice", "scalable", 0, LIE(DEVICE_STRAY)},
    {"lost-completion", "scalable", 0, LIE(LOST_COMPLETION)},
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Unmaps until something fails, or for a while; what succeeded holds. */
static int use(struct rig *rig, const struct world *world, struct iommu_domain *domain, uint32_t pasid, uint64_t page)
{
    int result = 0;
    for (unsigned i = 0; i < 40 && result == 0; i++) {
        uint64_t before = now_ms();
        if (iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ) != 0)
            return -1;
        CHECK(rig, world, reads(rig, 0, pasid, RIG_IOVA, 1));
        result = iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL);
        CHECK(rig, world, result != 0 || blocked(rig, 0, pasid, RIG_IOVA));
        CHECK(rig, world, now_ms() - before < 100 * TIMEOUT_MS);
    }
    return result;
}

/* Hardware works again. Software may have given up pages, that is no leak; it may have given up the unit as well. */
static void put_away(struct rig *rig, struct iommu_attachment *at, struct iommu_domain *domain, uint64_t page)
{
    struct iommu_strict_counts counts;
    if (iommu_detach(at) != 0)
        return;
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(rig, page);
    rig_end_driver(rig);
    iommu_strict_counts(rig->strict, &counts);
    rig->expect_withheld = counts.pages_live != 0;
    rig_close(rig);
}

/* What software gave up stays where it is, so that nobody calls it lost. */
static struct rig rigs[sizeof broken / sizeof broken[0] * ROUNDS];

static void break_down(struct rig *rig, const struct world *world, uint64_t seed)
{
    struct iommu_attachment *at;
    open_world(rig, world, seed, true);
    uint64_t page = rig_page(rig, 1);
    struct iommu_domain *domain = rig_domain(rig, IOMMU_STAGE_SECOND);
    uint32_t pasid = rig_attach(rig, domain, 0, &at);
    iommu_model_machine_tell(rig->machine, UINT32_MAX);
    int result = use(rig, world, domain, pasid, page);
    if (world->lies == LIE(DEVICE_STRAY))
        CHECK(rig, world, result == 0);
    iommu_model_machine_tell(rig->machine, 0);
    put_away(rig, at, domain, page);
}

static void test_B60_lies_of_failing_hardware_end_with_an_answer(void **state)
{
    uint64_t seed = rig_seed("test_lies_stack");
    for (unsigned i = 0; i < sizeof broken / sizeof broken[0]; i++)
        for (unsigned round = 0; round < ROUNDS; round++)
            break_down(&rigs[i * ROUNDS + round], &broken[i], seed + round);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B45_lies_of_sound_hardware_change_nothing),
        cmocka_unit_test(test_B79_tables_that_wait_for_a_sync_are_flushed),
        cmocka_unit_test(test_B57_torn_fetches_see_old_or_new),
        cmocka_unit_test(test_B60_lies_of_failing_hardware_end_with_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
