/* SPDX-License-Identifier: MIT */
/*
 * The table of a device's PASIDs by itself: to 2^20, lowest first, against a flat array, and its memory.
 * platform: core
 */
#include "core/pasid.h"
#include "tests/common/seed.h"
#include "tests/core/fixture.h"

#define LIMIT (1u << 20)

/* A device of nobody's. */
static struct iommu_device device_of(struct fixture *f, uint32_t limit)
{
    struct iommu_device device = {.iommu = &f->mock.iommu, .ops = f->mock.iommu.ops, .pasid_limit = limit};

    return device;
}

/* What pasid_take() found, marked as the one of that PASID. */
static int take(struct iommu_device *device, uint32_t min, uint32_t max, uint32_t *pasid)
{
    struct iommu_attachment *slot;
    int result = pasid_take(device, min, max, &slot);

    if (result == 0) {
        *pasid = slot->pasid;
        slot->cookie = (void *)((uintptr_t)slot->pasid << 4);
    }
    return result;
}

static bool is_of(const struct iommu_attachment *slot, uint32_t pasid)
{
    return slot && slot->pasid == pasid && slot->cookie == (void *)((uintptr_t)pasid << 4);
}

static void test_B31_B80_a_million_pasids(void **state)
{
    struct fixture *f = *state;
    struct iommu_device device = device_of(f, LIMIT);
    struct trace before = trace_take(f);
    uint32_t pasid = 0;
    size_t bytes;

    for (uint32_t expected = 1; expected < LIMIT; expected++) {
        assert_int_equal(take(&device, 1, LIMIT - 1, &pasid), 0);
        assert_true(pasid == expected);
    }
    bytes = (f->host.bytes - before.bytes) * 10 / LIMIT; /* tenths of a byte each */
    assert_in_range(bytes, device.ops->attachment_size * 10, device.ops->attachment_size * 10 + 10);
    assert_int_equal(take(&device, 1, LIMIT - 1, &pasid), -IOMMU_ENOSPC);
    for (uint32_t at = 1; at < LIMIT; at += 1023)
        assert_true(is_of(pasid_get(&device, at), at));

    /* the highest that is free, many times over, is found no slower than the first */
    for (int i = 0; i < 100000; i++) {
        pasid_release(&device, LIMIT - 1);
        assert_int_equal(take(&device, 1, LIMIT - 1, &pasid), 0);
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
    struct trace before = trace_take(f);
    uint32_t pasid = 0;

    for (uint32_t i = 1; i <= 3000; i++) {
        assert_int_equal(take(&device, 1, 4095, &pasid), 0);
        if (i != 2999)
            pasid_withhold(&device, i);
    }
    assert_null(pasid_get(&device, 17)); /* taken, nobody's */
    assert_false(pasid_is_free(&device, 17));
    assert_true(is_of(pasid_next(&device, 1), 2999));
    assert_null(pasid_next(&device, 3000));
    assert_null(pasid_next(&device, 5000));
    pasid_release(&device, 17);
    assert_int_equal(take(&device, 18, 3000, &pasid), -IOMMU_ENOSPC);
    assert_int_equal(take(&device, 18, 4000, &pasid), 0);
    assert_int_equal(pasid, 3001);
    assert_int_equal(take(&device, 1, 4095, &pasid), 0);
    assert_int_equal(pasid, 17);
    assert_true(is_of(pasid_get(&device, 17), 17)); /* no longer withheld */
    for (uint32_t i = 1; i <= 3001; i++)
        pasid_release(&device, i);
    trace_assert_same(f, before);
}

/* What is given back first may be the first of its block, or of its chunk: the others stay where they are. */
static void test_B80_memory_goes_with_the_last_of_its_neighbours(void **state)
{
    static const uint32_t some[] = {32, 33, 63, 64, 1023, 1024};
    struct fixture *f = *state;
    struct iommu_device device = device_of(f, 4096);
    struct trace before = trace_take(f);
    uint32_t pasid = 0;

    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(take(&device, some[i], some[i], &pasid), 0);
    for (unsigned i = 0; i < 6; i++) {
        size_t bytes = trace_take(f).bytes;
        pasid_release(&device, some[i]);
        assert_int_equal(f->host.bytes < bytes, i >= 2); /* 63 is the last of the three */
        assert_null(pasid_get(&device, some[i]));
        for (unsigned k = i + 1; k < 6; k++)
            assert_true(is_of(pasid_get(&device, some[k]), some[k]));
    }
    trace_assert_same(f, before);
}

static void test_B31_B79_random_ids_agree_with_a_flat_array(void **state)
{
    struct fixture *f = *state;
    uint32_t limit = 5000, pasid, *taken = calloc(limit, sizeof(*taken));
    struct iommu_device device = device_of(f, limit);
    struct trace before = trace_take(f);
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
        if (take(&device, min, max, &pasid)) {
            assert_true(expected == max + 1);
            continue;
        }
        assert_int_equal(pasid, expected);
        taken[pasid] = 1;
        assert_true(is_of(pasid_get(&device, pasid), pasid));
        while (min < limit && !taken[min])
            min++;
        assert_true(is_of(pasid_next(&device, expected), pasid));
        if (min < limit)
            assert_true(is_of(pasid_next(&device, min), min));
        else
            assert_null(pasid_next(&device, min));
    }
    for (pasid = 1; pasid < limit; pasid++)
        if (taken[pasid])
            pasid_release(&device, pasid);
    trace_assert_same(f, before);
    free(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B31_B80_a_million_pasids),
        FIXTURE_TEST(test_B31_withheld_pasids_are_skipped),
        FIXTURE_TEST(test_B80_memory_goes_with_the_last_of_its_neighbours),
        FIXTURE_TEST(test_B31_B79_random_ids_agree_with_a_flat_array),
    };

    return cmocka_run_group_tests_name("pasid", tests, NULL, NULL);
}
