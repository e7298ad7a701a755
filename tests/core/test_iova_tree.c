/* SPDX-License-Identifier: MIT */
/*
 * The tree below the magazines: what it costs, what it forgets, what it does at its edges.
 * platform: core
 */
#include "tests/core/formats.h"
#include "tests/core/iova_oracle.h"

static uint64_t take(struct iommu_domain *domain, uint64_t len)
{
    uint64_t iova = 0;

    assert_int_equal(iommu_iova_alloc(domain, len, &iova), 0);
    return iova;
}

/* What lies below the range, or in a big window, takes no nodes. */
static void test_the_way_past_withheld_addresses_is_short(void **state)
{
    struct fixture *f = *state;
    const struct iommu_dma_window window = {0, ((uint64_t)1 << 40) - 1};
    const struct iommu_dma_config configs[] = {{.first = (uint64_t)1 << 40}, {.windows = &window, .window_count = 1}};

    for (unsigned i = 0; i < 2; i++) {
        struct iommu_domain *domain = domain_with(f, &configs[i]);
        size_t before = f->host.bytes;

        assert_int_equal(take(domain, SIZE_1G), (uint64_t)1 << 40);
        assert_in_range(f->host.bytes, before + 1, before + 8192);
        domain_gone(domain);
    }
}

/* A node has gone from the lower part of a range; its place is as good as before. */
static void test_what_a_node_leaves_is_whole_again(void **state)
{
    struct fixture *f = *state;
    const uint64_t first = 16 * SIZE_1G, big = SIZE_4K << 12;
    const struct iommu_dma_config config = {.first = first, .last = first + big + 64 * SIZE_4K - 1};
    struct iommu_domain *domain = domain_with(f, &config);

    assert_int_equal(take(domain, big), first);
    assert_int_equal(take(domain, SIZE_4K), first + big);
    assert_int_equal(iommu_iova_free(domain, first, big), 0);
    while (take(domain, SIZE_4K) != first)
        ; /* the tail is the better fit: fill it */
    assert_int_equal(iommu_iova_free(domain, first, SIZE_4K), 0);
    assert_int_equal(take(domain, big), first);
    domain_gone(domain);
}

/* A refill of several stops at the width of the devices, in its midst or before its first. */
static void test_a_refill_minds_the_width(void **state)
{
    struct fixture *f = *state;
    const struct iommu_device_config narrow = {.rid = 8, .dma_bits = 15};
    struct iommu_device *device = NULL;

    assert_int_equal(iommu_device_add(&f->mock.iommu, &narrow, &device), 0);
    for (unsigned first = 1; first <= 2; first++) {
        const struct iommu_dma_config config = {.first = first * SIZE_4K};
        struct iommu_domain *domain = domain_with(f, &config);
        struct iommu_attachment *at = mock_attach(domain, device, iommu_route_any());
        uint64_t iova;

        for (unsigned page = first; page < 8; page++)
            assert_int_equal(take(domain, SIZE_4K), page * SIZE_4K);
        assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &iova), -IOMMU_ENOSPC);
        assert_int_equal(iommu_detach(at), 0);
        domain_gone(domain);
    }
    device_gone(device);
}

/* Big blocks have no magazines that would do without: what cannot be had fails at once. */
static void test_a_node_that_cannot_be_had_is_an_error(void **state)
{
    struct fixture *f = *state;
    const struct iommu_dma_config high = {.first = 16 * SIZE_1G};
    bool failed = true;

    for (size_t nth = 1; failed; nth++) {
        struct iommu_domain *domain = domain_with(f, &high);
        uint64_t iova;
        int result;

        counted_fail(&f->host, nth);
        result = iommu_iova_alloc(domain, SIZE_2M, &iova);
        failed = f->host.failed;
        counted_fail(&f->host, 0);
        assert_int_equal(result, failed ? -IOMMU_ENOMEM : 0);
        assert_true(failed || nth > 3);
        domain_gone(domain);
    }
}

/* From the second address on: few as they are, no leaf is touched by both. */
static void test_two_cpus_never_share_a_leaf(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t a, b;

    a = take(domain, SIZE_4K);
    cpu_now = 1;
    b = take(domain, SIZE_4K);
    assert_int_not_equal(a / (64 * SIZE_4K), b / (64 * SIZE_4K));
    domain_gone(domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_the_way_past_withheld_addresses_is_short),
        FIXTURE_TEST(test_what_a_node_leaves_is_whole_again),
        CPUS_TEST(test_a_refill_minds_the_width),
        FIXTURE_TEST(test_a_node_that_cannot_be_had_is_an_error),
        CPUS_TEST(test_two_cpus_never_share_a_leaf),
    };

    return cmocka_run_group_tests_name("iova_tree", tests, NULL, NULL);
}
