/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_random.c - random sequences of calls and DMA on random machines, against an oracle of flat arrays and the
 * independent checker.
 *
 *     IOMMUKIT_SEED=n   start from this seed; otherwise the clock's
 *     IOMMUKIT_SEEDS=n  that many sequences; otherwise as many as fit into a few seconds
 *     IOMMUKIT_STEPS=n  calls in each; otherwise 400
 */
#include <stdlib.h>
#include <time.h>

#include "tests/random/attempt.h"

#define PROGRAM     "build/tests/test_random"
#define SECONDS     8
#define STEPS       400u
#define CHECK_EVERY 5u
#define TOGETHER    4u /* sequences that are cut down */

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *given = getenv(name);
    return given != NULL ? strtoull(given, NULL, 0) : otherwise;
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void prepare(struct attempt *attempt, uint64_t seed)
{
    uint64_t steps = number("IOMMUKIT_STEPS", STEPS);

    attempt->seed = seed;
    attempt->steps = (unsigned)(steps < ATTEMPT_OPS_MAX ? steps : ATTEMPT_OPS_MAX);
    attempt->check_every = CHECK_EVERY;
    attempt->replay = false;
    world_choose(&attempt->setup, seed);
}

static void report(struct attempt *attempt)
{
    unsigned long long seed = attempt->seed;
    unsigned step = attempt->step;

    print_message("seed %llu fails at step %u: %s\n", seed, step, attempt->text);
    attempt_shrink(attempt);
    print_message("cut down to %u calls:\n", attempt->count);
    attempt_print(attempt, PROGRAM);
    fail_msg("seed %llu, step %u: %s", seed, step, attempt->text);
}

struct sums {
    uint64_t landed, blocked, made[OP_COUNT], refused[OP_COUNT];
};

static void add(struct sums *sums, const struct attempt *attempt)
{
    sums->landed += attempt->landed;
    sums->blocked += attempt->blocked;
    for (unsigned i = 0; i < OP_COUNT; i++) {
        sums->made[i] += attempt->made[i];
        sums->refused[i] += attempt->refused[i];
    }
}

/* A run that never gets anywhere shows nothing. */
static void check_sums(const struct sums *sums, bool many)
{
    uint64_t made = 0, refused = 0;

    for (unsigned i = 0; i < OP_COUNT; i++) {
        made += sums->made[i];
        refused += sums->refused[i];
        if (many && i != OP_DMA && i != OP_EVENTS && i != OP_AUX_IDS)
            assert_true(sums->made[i] > 0);
        if (getenv("IOMMUKIT_VERBOSE") != NULL)
            print_message("    kind %u: %llu made, %llu refused\n", i,
                          (unsigned long long)sums->made[i], (unsigned long long)sums->refused[i]);
    }
    print_message("%llu calls succeeded, %llu were refused; %llu DMAs landed, %llu were blocked\n",
                  (unsigned long long)made, (unsigned long long)refused,
                  (unsigned long long)sums->landed, (unsigned long long)sums->blocked);
}

static void test_B79_random_sequences_agree_with_an_oracle(void **state)
{
    uint64_t seed = number("IOMMUKIT_SEED", (uint64_t)time(NULL) * 1000), first = seed;
    uint64_t seeds = number("IOMMUKIT_SEEDS", UINT64_MAX), until = now_ms() + SECONDS * 1000;
    struct sums sums = {0};
    struct attempt *attempt = attempt_new();

    assert_non_null(attempt);
    for (; seed - first < seeds && (seeds != UINT64_MAX || now_ms() < until); seed++) {
        prepare(attempt, seed);
        if (getenv("IOMMUKIT_VERBOSE") != NULL)
            print_message("    seed %llu: %s\n", (unsigned long long)seed, attempt->setup.name);
        if (!attempt_run(attempt))
            report(attempt);
        add(&sums, attempt);
    }
    print_message("seeds %llu to %llu\n", (unsigned long long)first, (unsigned long long)seed - 1);
    check_sums(&sums, seed - first >= 50);
    attempt_delete(attempt);
}

/* Hardware that loses invalidations. Returns how many calls show it, and the next seed to begin with. */
static unsigned found_by(struct attempt *attempt, enum world_sabotage sabotage, uint64_t *seed)
{
    unsigned tries = 0;

    do {
        assert_true(tries++ < 50);
        prepare(attempt, (*seed)++);
        attempt->setup = (struct world_setup){
            .name = "sabotaged", .domains = 4, .alike = true, .sabotage = sabotage};
    } while (attempt_run(attempt));
    attempt_shrink(attempt);
    attempt_print(attempt, PROGRAM);
    return attempt->count;
}

/*
 * Is it found, and by how few calls? What is left of a sequence when no call can go alone is not the shortest that there
 * is, and no number bounds it: three domains that take each other's ids, or pages that go from one table to the next,
 * are a story of nineteen calls. So several sequences are held to a number together: the mean is about 9, and one in
 * some hundred has more than 16.
 */
static void finds(enum world_sabotage sabotage, unsigned at_most)
{
    struct attempt *attempt = attempt_new();
    uint64_t first = number("IOMMUKIT_SEED", (uint64_t)time(NULL) * 1000), seed = first;
    unsigned calls = 0;

    assert_non_null(attempt);
    for (unsigned i = 0; i < TOGETHER; i++)
        calls += found_by(attempt, sabotage, &seed);
    if (calls > TOGETHER * at_most)
        fail_msg("%u calls are left of %u sequences; replay: IOMMUKIT_SEED=%llu %s", calls, TOGETHER,
                 (unsigned long long)first, PROGRAM);
    attempt_delete(attempt);
}

static void test_B79_a_lost_iotlb_invalidation_is_found_and_cut_down(void **state)
{
    finds(WORLD_LOSES_IOTLB, 18);
}

static void test_B79_a_lost_pasid_cache_invalidation_is_found_and_cut_down(void **state)
{
    finds(WORLD_LOSES_PASID, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B79_random_sequences_agree_with_an_oracle),
        cmocka_unit_test(test_B79_a_lost_iotlb_invalidation_is_found_and_cut_down),
        cmocka_unit_test(test_B79_a_lost_pasid_cache_invalidation_is_found_and_cut_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
