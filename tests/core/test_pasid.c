/* SPDX-License-Identifier: MIT */
/*
 * The table of a device's PASIDs by itself: to 2^20, lowest first, against a flat array, and its memory.
 * platform: core
 */
#include "core/pasid.h"
#include "tests/common/seed.h"
#include "tests/core/fixture.h"

#define LIMIT (1u << 20)

/* A device of nobody's; any pointer will do for an attachment, except in pasid_next's callers. */
static struct iommu_device device_of(struct fixture *f, uint32_t limit)
{
    struct iommu_device device = {.iommu = &f->mock.iommu, .pasid_limit = limit};

    return device;
}

static struct iommu_attachment *owner(uint32_t pasid)
{
    return (struct iommu_attachment *)((uintptr_t)pasid << 4);
}

static void test_B31_B80_a_million_pasids(void **state)
{
    struct fixture *f = *state;
    struct iommu_device device = device_of(f, LIMIT);
    struct trace before = trace_take(f);
    uint32_t pasid = 0;

    for (uint32_t expected = 1; expected < LIMIT; expected++) {
        assert_int_equal(pasid_take(&device, 1, LIMIT - 1, &pasid), 0);
        assert_true(pasid == expected);
        pasid_set(&device, pasid, owner(pasid));
    }
    assert_in_range((f->host.bytes - before.bytes) * 10 / LIMIT, 80,
                    100); /* tenths of a byte each */
    assert_int_equal(pasid_take(&device, 1, LIMIT - 1, &pasid), -IOMMU_ENOSPC);
    for (uint32_t at = 1; at < LIMIT; at += 1023)
        assert_ptr_equal(pasid_get(&device, at), owner(at));

    /* the highest that is free, many times over, is found no slower than the first */
    for (int i = 0; i < 100000; i++) {
        pasid_release(&device, LIMIT - 1);
        assert_int_equal(pasid_take(&device, 1, LIMIT - 1, &pasid), 0);
        assert_true(pasid == LIMIT - 1);
    }
    for (pasid = 1; pasid < LIMIT; pasid++)
        pasid_release(&device, pasid);
    trace_assert_same(f, before); /* nothing is left of it */
    assert_null(device.pasids);
}

static void test_B31_withheld_pasids_are_skipped(void **state)
{
    struct fixture *f = *state;
    struct iommu_device device = device_of(f, 4096);
    uint32_t pasid = 0;

    for (uint32_t i = 1; i <= 3000; i++)
        assert_int_equal(pasid_take(&device, 1, 4095, &pasid), 0);
    pasid_set(&device, 2999, owner(2999));
    assert_null(pasid_get(&device, 17)); /* taken, nobody's */
    assert_false(pasid_is_free(&device, 17));
    assert_ptr_equal(pasid_next(&device, 1), owner(2999));
    assert_null(pasid_next(&device, 3000));
    assert_null(pasid_next(&device, 5000));
    pasid_release(&device, 17);
    assert_int_equal(pasid_take(&device, 18, 3000, &pasid), -IOMMU_ENOSPC);
    assert_int_equal(pasid_take(&device, 18, 4000, &pasid), 0);
    assert_int_equal(pasid, 3001);
    assert_int_equal(pasid_take(&device, 1, 4095, &pasid), 0);
    assert_int_equal(pasid, 17);
    pasid_fini(&device);
    pasid_fini(&device);
}

static void test_B31_B79_random_ids_agree_with_a_flat_array(void **state)
{
    struct fixture *f = *state;
    uint32_t limit = 5000, pasid, *taken = calloc(limit, sizeof(*taken));
    struct iommu_device device = device_of(f, limit);
    struct seed seed = seed_start();

    for (int i = 0; i < 40000; i++) {
        uint32_t min = 1 + (uint32_t)seed_below(&seed, limit - 1);
        uint32_t max = min + (uint32_t)seed_below(&seed, limit - min), expected = min;

        if (seed_below(&seed, 100) < 45) {
            if (taken[min])
                pasid_release(&device, min);
            taken[min] = 0;
            continue;
        }
        while (expected <= max && taken[expected])
            expected++;
        if (pasid_take(&device, min, max, &pasid)) {
            assert_true(expected == max + 1);
            continue;
        }
        assert_int_equal(pasid, expected);
        pasid_set(&device, pasid, owner(pasid));
        taken[pasid] = 1;
        assert_ptr_equal(pasid_get(&device, pasid), owner(pasid));
        while (min < limit && !taken[min])
            min++;
        assert_ptr_equal(pasid_next(&device, expected), owner(pasid));
        assert_ptr_equal(pasid_next(&device, min), min < limit ? owner(min) : NULL);
    }
    pasid_fini(&device);
    free(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B31_B80_a_million_pasids),
        FIXTURE_TEST(test_B31_withheld_pasids_are_skipped),
        FIXTURE_TEST(test_B31_B79_random_ids_agree_with_a_flat_array),
    };

    return cmocka_run_group_tests_name("pasid", tests, NULL, NULL);
}
