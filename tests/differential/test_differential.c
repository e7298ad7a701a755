/* SPDX-License-Identifier: MIT */
/*
 * QEMU's VT-d against the model: random tables, DMA, changes and invalidations; both must do the
 * same. See differential.h.
 *
 * platform: qemu
 *
 * IOMMUKIT_SEED repeats a run, IOMMUKIT_EPISODE one world of it (with IOMMUKIT_UNIT, the unit's
 * name), and IOMMUKIT_SECONDS runs each test for that long (`make qemu-fuzz SECONDS=n`).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/differential/differential.h"

#define VERIFIED_MAJOR 7 /* of QEMU, for which known.c has been run */
#define TESTS          3

static const struct unit_kind kinds[TESTS] = {
    {"scalable, 48 bits", true, 48},
    {"scalable, 39 bits", true, 39},
    {"legacy, 48 bits", false, 48},
};

static struct seed master;

static double seconds_now(void)
{
    struct timespec time;

    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* False: no QEMU, or one that nobody has compared yet. */
static bool begin(struct twin *twin, const struct unit_kind *kind)
{
    const char *why;
    int result = twin_start(twin, kind, &why);

    if (result == -IOMMU_ENODEV) {
        print_message("skipped: %s\n", why);
        return false;
    }
    if (result)
        fail_msg("%s", why);
    if (twin->major == VERIFIED_MAJOR)
        return true;
    print_message("skipped: the known differences are those of QEMU %d, this is %s\n",
                  VERIFIED_MAJOR, iommu_qemu_version(twin->qemu));
    twin_stop(twin);
    return false;
}

static bool finished(const struct tally *tally, uint64_t dmas, double start)
{
    const char *seconds = getenv("IOMMUKIT_SECONDS");

    if (seconds)
        return seconds_now() - start > strtod(seconds, NULL) / TESTS;
    return tally->dmas >= dmas;
}

static void report(const struct unit_kind *kind, const struct tally *tally, double seconds)
{
    printf("# %s: %llu DMAs in %llu worlds, %.1f s; %llu accesses blocked, %llu explained by a "
           "known difference; "
           "%llu avoided, %llu bad descriptors, QEMU died %llu times\n",
           kind->name, (unsigned long long)tally->dmas, (unsigned long long)tally->episodes,
           seconds, (unsigned long long)tally->blocked, (unsigned long long)tally->known,
           (unsigned long long)tally->avoided, (unsigned long long)tally->bad_descriptors,
           (unsigned long long)tally->deaths);
}

/* Dying of a hostile world is QEMU's affair, but it must not hide the rest. */
static void compare(unsigned which, uint64_t dmas)
{
    const struct unit_kind *kind = &kinds[which];
    const char *only = getenv("IOMMUKIT_EPISODE"), *unit = getenv("IOMMUKIT_UNIT");
    struct seed worlds = {master.state + which}; /* its own, however long the others take */
    struct tally tally = {0};
    double start = seconds_now();
    struct twin twin;

    if (only && unit && strcmp(unit, kind->name) != 0)
        skip();
    if (!begin(&twin, kind))
        skip();
    do {
        uint64_t world = only ? strtoull(only, NULL, 0) : seed_next(&worlds);

        if (episode_run(&twin, world, &tally))
            continue;
        printf("# QEMU died in world 0x%" PRIx64 "\n", world);
        twin_stop(&twin);
        assert_true(tally.deaths < 5 + tally.episodes / 20);
        if (!begin(&twin, kind))
            fail();
    } while (!only && !finished(&tally, dmas, start));
    twin_stop(&twin);
    report(kind, &tally, seconds_now() - start);
}

static void test_B20_differential_scalable(void **state)
{
    compare(0, 7000);
}

static void test_B20_differential_39_bits(void **state)
{
    compare(1, 2000);
}

static void test_differential_legacy_unit(void **state)
{
    compare(2, 1500);
}

static int summary(void **state)
{
    known_print();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B20_differential_scalable),
        cmocka_unit_test(test_B20_differential_39_bits),
        cmocka_unit_test(test_differential_legacy_unit),
    };

    master = seed_start();
    return cmocka_run_group_tests(tests, NULL, summary);
}
