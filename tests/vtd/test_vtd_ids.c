/* SPDX-License-Identifier: MIT */
/* platform: core */
/* Domain ids of a unit: every one is handed out once, 0 last or never, and a freed one returns. */
#include "tests/vtd/host.h"

#include <string.h>

#include "drivers/vtd/vtd.h"

static void take_all(struct vtd_ids *ids, uint32_t expected)
{
    uint8_t *seen = calloc(65536, 1);
    uint32_t id, count = 0;

    assert_non_null(seen);
    while (vtd_ids_alloc(ids, &id) == 0) {
        assert_true(id < ids->limit);
        assert_int_equal(seen[id]++, 0);
        count++;
    }
    assert_int_equal(count, expected);
    assert_int_equal(ids->used, expected);
    free(seen);
}

static void test_B40_all_ids_of_every_width(void **state)
{
    for (unsigned width = 4; width <= 16; width += 2) {
        for (unsigned zero = 0; zero < 2; zero++) {
            struct test_host host = {0, 0};
            struct iommu_platform platform = test_host_platform(&host);
            struct vtd_ids ids;

            assert_int_equal(vtd_ids_init(&ids, &platform, width, zero), 0);
            take_all(&ids, (1u << width) - (zero ? 0 : 1));
            vtd_ids_fini(&ids, &platform);
            assert_int_equal(host.live, 0);
        }
    }
}

static void test_B40_zero_comes_last(void **state)
{
    struct test_host host = {0, 0};
    struct iommu_platform platform = test_host_platform(&host);
    struct vtd_ids ids;
    uint32_t id = 99;

    assert_int_equal(vtd_ids_init(&ids, &platform, 4, true), 0);
    for (uint32_t i = 1; i < 16; i++) {
        assert_int_equal(vtd_ids_alloc(&ids, &id), 0);
        assert_int_equal(id, i);
    }
    assert_int_equal(vtd_ids_alloc(&ids, &id), 0);
    assert_int_equal(id, 0);
    assert_int_equal(vtd_ids_alloc(&ids, &id), -IOMMU_ENOSPC);
    vtd_ids_free(&ids, 0);
    assert_int_equal(vtd_ids_alloc(&ids, &id), 0);
    assert_int_equal(id, 0);
    vtd_ids_fini(&ids, &platform);
}

static void test_B40_freed_ids_return(void **state)
{
    static const uint32_t freed[] = {1, 63, 64, 65, 4095, 4096, 65535, 30000};
    struct test_host host = {0, 0};
    struct iommu_platform platform = test_host_platform(&host);
    struct vtd_ids ids;
    uint32_t id;

    assert_int_equal(vtd_ids_init(&ids, &platform, 16, false), 0);
    take_all(&ids, 65535);
    for (unsigned i = 0; i < sizeof(freed) / sizeof(freed[0]); i++) {
        vtd_ids_free(&ids, freed[i]);
        assert_int_equal(ids.used, 65534);
        assert_int_equal(vtd_ids_alloc(&ids, &id), 0);
        assert_int_equal(id, freed[i]);
        assert_int_equal(vtd_ids_alloc(&ids, &id), -IOMMU_ENOSPC);
    }
    vtd_ids_fini(&ids, &platform);
}

static void test_B42_no_memory_leaves_nothing(void **state)
{
    for (unsigned n = 1; n <= 2; n++) {
        struct test_host host = {0, n};
        struct iommu_platform platform = test_host_platform(&host);
        struct vtd_ids ids;

        assert_int_equal(vtd_ids_init(&ids, &platform, 16, true), -IOMMU_ENOMEM);
        assert_int_equal(host.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B40_all_ids_of_every_width),
        cmocka_unit_test(test_B40_zero_comes_last),
        cmocka_unit_test(test_B40_freed_ids_return),
        cmocka_unit_test(test_B42_no_memory_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
