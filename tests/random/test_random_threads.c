/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_random_threads.c - random sequences of several threads at once on the same devices. Each has domains, PASIDs
 * and, in one domain that all share, addresses of its own; so each has an oracle of its own, which must hold whatever
 * the others do. Between rounds, when all are quiet, the checker looks at everything. ThreadSanitizer runs it, too.
 *
 * IOMMUKIT_SEED, IOMMUKIT_SEEDS and IOMMUKIT_STEPS as in test_random.c; the order of the threads is not repeated.
 */
#include <stdlib.h>
#include <time.h>

#include "tests/random/play.h"

#define THREADS 4u
#define ROUNDS  4u
#define DOMAINS 5u /* of each: the shared one and its own */

struct crew {
    struct world world;
    struct player player[THREADS];
    unsigned steps;
};

struct worker {
    struct player *player;
    unsigned steps, failed_at;
    struct op last;
};

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *given = getenv(name);
    return given != NULL ? strtoull(given, NULL, 0) : otherwise;
}

static void *live(void *argument)
{
    struct worker *worker = argument;

    for (worker->failed_at = 0; worker->failed_at < worker->steps; worker->failed_at++) {
        choose_op(worker->player, &worker->last);
        if (!play(worker->player, &worker->last))
            break;
    }
    return NULL;
}

static void fail_with(const struct player *player, uint64_t seed, const struct op *op)
{
    char line[400] = "(between rounds)";

    if (op != NULL)
        op_print(op, line, sizeof line);
    print_message("    %s;\n    replay: IOMMUKIT_SEED=%llu IOMMUKIT_SEEDS=1 "
                  "build/tests/test_random_threads\n",
                  line, (unsigned long long)seed);
    fail_msg("seed %llu: %s", (unsigned long long)seed, player->text);
}

static void play_round(struct crew *crew, uint64_t seed)
{
    struct worker worker[THREADS];
    pthread_t thread[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        worker[i] = (struct worker){.player = &crew->player[i], .steps = crew->steps};
        assert_int_equal(pthread_create(&thread[i], NULL, live, &worker[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < THREADS; i++)
        if (crew->player[i].failure != NULL)
            fail_with(&crew->player[i], seed, &worker[i].last);
    if (!play_check(crew->player, THREADS, CHECKER_ALL))
        fail_with(crew->player, seed, NULL);
    if (world_complaint(&crew->world) != NULL)
        fail_msg("seed %llu: %s", (unsigned long long)seed, world_complaint(&crew->world));
}

/* Devices are made by one and known to all. */
static void share(struct crew *crew)
{
    struct player *first = crew->player;
    struct op alloc = {.kind = OP_DOMAIN_ALLOC, .stage = IOMMU_STAGE_AUTO, .device = OP_ANY};

    for (uint8_t i = 0; i < RIG_DEVICES; i++)
        assert_true(play(first, &(struct op){.kind = OP_DEVICE_ADD, .device = i}));
    assert_true(play(first, &alloc));
    for (unsigned i = 0; i < THREADS; i++) {
        struct player *player = &crew->player[i];
        for (unsigned n = 0; n < RIG_DEVICES; n++)
            player->oracle.device[n] = first->oracle.device[n];
        player->oracle.domain[0] = first->oracle.domain[0];
    }
    for (unsigned i = 0; i < THREADS; i++)
        crew->player[i].oracle.domain[0].shared = true;
}

static void open_crew(struct crew *crew, uint64_t seed)
{
    struct world_setup setup;
    const char *why = "";

    world_choose_roomy(&setup, seed);
    if (!world_open(&crew->world, &setup, &why))
        fail_msg("%s: %s", setup.name, why);
    crew->world.single = false;
    for (unsigned i = 0; i < THREADS; i++) {
        struct oracle *oracle = &crew->player[i].oracle;
        play_init(&crew->player[i], &crew->world, DOMAINS, seed * THREADS + i);
        oracle->first_domain = i * (DOMAINS - 1);
        oracle->pasid_first = 1 + i * 50;
        oracle->pasid_last = oracle->pasid_first + 49;
        oracle->iova_base = (UINT64_C(3) << 36) + ((uint64_t)i << 30);
        oracle->pool_bytes = WORLD_POOL_BYTES / THREADS;
        oracle->pool = WORLD_POOL + i * oracle->pool_bytes;
    }
    share(crew);
    for (unsigned i = 0; i < THREADS; i++)
        crew->player[i].threaded = true;
}

static void close_crew(struct crew *crew, uint64_t seed)
{
    struct player *first = crew->player;
    const char *why;

    for (unsigned i = 0; i < THREADS; i++) {
        for (uint8_t n = 0; n < ORACLE_GATHERS; n++)
            if (crew->player[i].oracle.gather_of[n] == 0)
                assert_true(play(&crew->player[i], &(struct op){.kind = OP_SYNC, .gather = n}));
        if (!play_end(&crew->player[i]))
            fail_with(&crew->player[i], seed, NULL);
    }
    first->threaded = false;
    first->oracle.domain[0].shared = false;
    if (!play_end(first))
        fail_with(first, seed, NULL);
    why = world_close(&crew->world);
    if (why != NULL)
        fail_msg("seed %llu: %s", (unsigned long long)seed, why);
}

static void test_B52_B79_threads_each_agree_with_an_oracle_of_their_own(void **state)
{
    uint64_t seed = number("IOMMUKIT_SEED", (uint64_t)time(NULL) * 1000),
             seeds = number("IOMMUKIT_SEEDS", 24);
    struct crew *crew = calloc(1, sizeof *crew);
    uint64_t landed = 0;

    assert_non_null(crew);
    crew->steps = (unsigned)number("IOMMUKIT_STEPS", 250);
    for (; seeds > 0; seeds--, seed++) {
        open_crew(crew, seed);
        for (unsigned i = 0; i < ROUNDS; i++)
            play_round(crew, seed);
        close_crew(crew, seed);
        for (unsigned i = 0; i < THREADS; i++)
            landed += crew->player[i].landed;
    }
    print_message("the last seed was %llu; %llu DMAs landed\n", (unsigned long long)seed - 1,
                  (unsigned long long)landed);
    free(crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B52_B79_threads_each_agree_with_an_oracle_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
