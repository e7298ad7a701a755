/* SPDX-License-Identifier: MIT */
/*
 * One page beside another in the same table, small or large, which iommu_map() and iommu_unmap() do by themselves
 * (core/pagetable_page.h): it is refused, flushed and taken out like any other.
 * platform: core
 */
#include "core/reach.h"
#include "tests/core/fixture.h"
#include "tests/core/formats.h"

#define RW   (IOMMU_READ | IOMMU_WRITE)
#define PA   ((uint64_t)1 << 41)
#define HERE ((uint64_t)1 << 30)
#define NEXT (HERE + SIZE_4K)

static struct iommu_domain *with_a_page(struct fixture *f)
{
    struct iommu_domain *domain;

    f->mock.table.coherent = true;
    domain = mock_domain(&f->mock);
    assert_true(domain->pt.plain);
    assert_int_equal(iommu_map(domain, HERE, PA, SIZE_4K, RW), 0);
    return domain;
}

static void test_B42_malformed_maps_beside_a_page(void **state)
{
    const struct {
        uint64_t iova, pa, len;
        uint32_t prot;
        int result;
    } calls[] = {
        {NEXT + 1, PA, SIZE_4K, RW, -IOMMU_EINVAL},
        {NEXT, PA + 8, SIZE_4K, RW, -IOMMU_EINVAL},
        {NEXT, PA, SIZE_4K, 0, -IOMMU_EINVAL},
        {NEXT, PA, SIZE_4K, 8 | RW, -IOMMU_EINVAL},
        {NEXT | (uint64_t)1 << 48, PA, SIZE_4K, RW, -IOMMU_ERANGE}, /* one bit more than the table has, for the same entry */
        {NEXT, (uint64_t)1 << 52, SIZE_4K, RW, -IOMMU_ERANGE},
        {NEXT, MOCK_MSI_FIRST, SIZE_4K, RW, -IOMMU_ERANGE},
        {HERE, PA, SIZE_4K, RW, -IOMMU_EEXIST},
    };
    struct fixture *f = *state;
    struct iommu_domain *domain = with_a_page(f);
    uint64_t pa;

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        assert_int_equal(iommu_map(domain, calls[i].iova, calls[i].pa, calls[i].len, calls[i].prot), calls[i].result);
    domain->limit_bits = 30;
    assert_int_equal(iommu_map(domain, NEXT, PA, SIZE_4K, RW), -IOMMU_ERANGE);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 0); /* it was never in */
    domain->limit_bits = REACH_ALL;
    assert_int_equal(iommu_iova_to_phys(domain, NEXT, &pa), -IOMMU_ENOENT);
    assert_int_equal(iommu_map(domain, NEXT, PA, SIZE_4K, RW), 0);
    domain_gone(domain);
}

static void test_B42_malformed_unmaps_beside_a_page(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = with_a_page(f);
    struct iommu_gather gather;
    uint64_t pa;

    assert_int_equal(iommu_map(domain, NEXT, PA, SIZE_4K, RW), 0);
    iommu_gather_init(&gather);
    assert_int_equal(iommu_unmap(domain, NEXT, SIZE_4K, &gather), 0);
    assert_int_equal(iommu_unmap(domain, NEXT, SIZE_4K, &gather), -IOMMU_ENOENT);
    assert_int_equal(iommu_unmap(domain, HERE + 1, SIZE_4K, &gather), -IOMMU_EINVAL);
    assert_int_equal(iommu_unmap(domain, HERE | (uint64_t)1 << 48, SIZE_4K, &gather), -IOMMU_ENOENT);
    assert_int_equal(iommu_iova_to_phys(domain, HERE, &pa), 0);
    assert_true(pa == PA);
    assert_true(gather.first == NEXT && gather.last == NEXT + SIZE_4K - 1);
    assert_int_equal(iommu_sync(domain, &gather), 0);
    domain_gone(domain);
}

static void test_B42_a_page_that_cannot_be_flushed_is_taken_out(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = with_a_page(f);
    size_t before = f->mock.calls[MOCK_FLUSH_MAP];
    uint64_t pa;

    mock_fail(&f->mock, MOCK_FLUSH_MAP, -IOMMU_EIO);
    assert_int_equal(iommu_map(domain, NEXT, PA, SIZE_4K, RW), -IOMMU_EIO);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_MAP], before + 1);
    assert_int_equal(iommu_iova_to_phys(domain, NEXT, &pa), -IOMMU_ENOENT);
    assert_int_equal(iommu_map(domain, NEXT, PA, SIZE_4K, RW), 0);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_MAP], before + 2);
    domain_gone(domain);
}

/* ---- large pages -------------------------------------------------------------------------------------- */

#define FAR (8 * SIZE_1G) /* as far as 33 bits reach, and one more */

static const uint64_t large[] = {SIZE_2M, SIZE_1G};

static struct iommu_domain *with_a_large_page(struct fixture *f, uint64_t size)
{
    struct iommu_domain *domain;

    f->mock.table.coherent = true;
    domain = mock_domain(&f->mock);
    assert_int_equal(iommu_map(domain, FAR, PA, size, RW), 0);
    return domain;
}

static void refuse_beside(struct iommu_domain *domain, uint64_t size)
{
    const struct {
        uint64_t iova, pa;
        uint32_t prot;
        int result;
    } calls[] = {
        {FAR + size + 1, PA, RW, -IOMMU_EINVAL},
        {FAR + size, PA, 0, -IOMMU_EINVAL},
        {FAR + size, PA, 8 | RW, -IOMMU_EINVAL},
        {FAR + size, PA, IOMMU_CACHE, -IOMMU_EINVAL},
        {(FAR + size) | (uint64_t)1 << 48, PA, RW, -IOMMU_ERANGE},
        {FAR + size, (uint64_t)1 << 52, RW, -IOMMU_ERANGE},
        {FAR + size, MOCK_MSI_FIRST & ~(size - 1), RW, -IOMMU_ERANGE},
        {MOCK_MSI_FIRST & ~(size - 1), PA, RW, -IOMMU_ERANGE},
        {FAR, PA, RW, -IOMMU_EEXIST},
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        assert_int_equal(iommu_map(domain, calls[i].iova, calls[i].pa, size, calls[i].prot), calls[i].result);
}

static void test_B42_malformed_maps_beside_a_large_page(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        struct iommu_domain *domain = with_a_large_page(f, large[i]);
        size_t flushes = f->mock.calls[MOCK_FLUSH_UNMAP];
        uint64_t pa;

        refuse_beside(domain, large[i]);
        domain->limit_bits = 33;
        assert_int_equal(iommu_map(domain, FAR + large[i], PA, large[i], RW), -IOMMU_ERANGE);
        assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], flushes); /* it was never in */
        domain->limit_bits = REACH_ALL;
        assert_int_equal(iommu_iova_to_phys(domain, FAR + large[i], &pa), -IOMMU_ENOENT);
        assert_int_equal(iommu_map(domain, FAR + large[i], PA, large[i], RW), 0);
        domain_gone(domain);
    }
}

/* So long, but not so aligned: small pages. */
static void test_B42_a_range_as_long_as_a_large_page(void **state)
{
    const uint64_t off[][2] = {{SIZE_4K, 0}, {0, SIZE_4K}, {SIZE_4K, SIZE_4K}};
    struct fixture *f = *state;
    struct iommu_domain *domain = with_a_large_page(f, SIZE_2M);

    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        uint64_t iova = FAR + SIZE_2M + off[i][0], pa;

        assert_int_equal(iommu_map(domain, iova, PA + off[i][1], SIZE_2M, RW), 0);
        assert_int_equal(iommu_iova_to_phys(domain, iova, &pa), 0);
        assert_true(pa == PA + off[i][1]);
        assert_int_equal(iommu_iova_to_phys(domain, iova + SIZE_2M - 1, &pa), 0);
        assert_true(pa == PA + off[i][1] + SIZE_2M - 1);
        assert_int_equal(iommu_iova_to_phys(domain, iova + SIZE_2M, &pa), -IOMMU_ENOENT);
        assert_int_equal(iommu_unmap(domain, iova, SIZE_2M, NULL), 0);
    }
    domain_gone(domain);
}

static void test_B42_a_large_page_that_hardware_does_not_know(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain;

    f->mock.table.page_sizes = SIZE_4K;
    domain = with_a_large_page(f, SIZE_2M);
    assert_int_equal(iommu_map(domain, FAR + SIZE_1G - SIZE_4K, PA, SIZE_4K, RW), 0);
    assert_int_equal(iommu_map(domain, FAR + SIZE_2M, PA, SIZE_2M, RW), 0);
    assert_int_equal(iommu_unmap(domain, FAR + SIZE_2M, SIZE_4K, NULL), 0);
    domain_gone(domain);
}

static void test_B42_malformed_unmaps_beside_a_large_page(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        uint64_t size = large[i], next = FAR + size, pa;
        struct iommu_domain *domain = with_a_large_page(f, size);
        struct iommu_gather gather;

        iommu_gather_init(&gather);
        assert_int_equal(iommu_map(domain, next, PA, size, RW), 0);
        assert_int_equal(iommu_map(domain, next + 2 * size, PA, SIZE_4K, RW), 0);
        gather.domain = domain;
        assert_int_equal(iommu_unmap(domain, next, size, &gather), 0);
        assert_true(gather.first == next && gather.last == next + size - 1 && ((uint64_t)1 << gather.leaf_lg2) == size);
        assert_int_equal(iommu_unmap(domain, next, size, &gather), -IOMMU_ENOENT);
        assert_int_equal(iommu_unmap(domain, next + 2 * size, size, &gather), -IOMMU_ENOENT);
        assert_int_equal(iommu_unmap(domain, FAR + SIZE_4K, size, &gather), -IOMMU_EINVAL);
        assert_int_equal(iommu_unmap(domain, FAR + 1, size, &gather), -IOMMU_EINVAL);
        assert_int_equal(iommu_unmap(domain, FAR | (uint64_t)1 << 48, size, &gather), -IOMMU_ENOENT);
        assert_int_equal(iommu_iova_to_phys(domain, FAR, &pa), 0);
        assert_int_equal(iommu_iova_to_phys(domain, next + 2 * size, &pa), 0);
        assert_int_equal(iommu_sync(domain, &gather), 0);
        domain_gone(domain);
    }
}

static void test_B42_a_large_page_that_cannot_be_flushed_is_taken_out(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        struct iommu_domain *domain = with_a_large_page(f, large[i]);
        uint64_t pa;

        mock_fail(&f->mock, MOCK_FLUSH_MAP, -IOMMU_EIO);
        assert_int_equal(iommu_map(domain, FAR + large[i], PA, large[i], RW), -IOMMU_EIO);
        assert_int_equal(iommu_iova_to_phys(domain, FAR + large[i], &pa), -IOMMU_ENOENT);
        assert_int_equal(iommu_iova_to_phys(domain, FAR, &pa), 0);
        domain_gone(domain);
    }
}

/* In a table of three levels its place is in the top table, which all domains share as long as nothing is mapped. */
static void test_B46_a_large_page_is_not_entered_into_the_shared_top_table(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain;
    uint64_t *shared, *before;

    f->mock.table.coherent = true;
    f->mock.table.levels = 3;
    f->mock.table.iova_bits = 39;
    domain = mock_domain(&f->mock);
    before = domain->iommu->no_table;
    shared = domain->iommu->no_table = domain->pt.root;
    domain->has_table = false;
    assert_int_equal(iommu_map(domain, FAR, PA, SIZE_1G, RW), 0);
    assert_ptr_not_equal(domain->pt.root, shared);
    assert_true(shared[FAR / SIZE_1G] == 0);
    domain->iommu->no_table = before;
    f->host.platform.page_free(f->host.platform.ctx, shared, 0);
    domain_gone(domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B42_malformed_maps_beside_a_page),
        FIXTURE_TEST(test_B42_malformed_unmaps_beside_a_page),
        FIXTURE_TEST(test_B42_a_page_that_cannot_be_flushed_is_taken_out),
        FIXTURE_TEST(test_B42_malformed_maps_beside_a_large_page),
        FIXTURE_TEST(test_B42_a_range_as_long_as_a_large_page),
        FIXTURE_TEST(test_B42_a_large_page_that_hardware_does_not_know),
        FIXTURE_TEST(test_B42_malformed_unmaps_beside_a_large_page),
        FIXTURE_TEST(test_B42_a_large_page_that_cannot_be_flushed_is_taken_out),
        FIXTURE_TEST(test_B46_a_large_page_is_not_entered_into_the_shared_top_table),
    };
    return cmocka_run_group_tests_name("map_page", tests, NULL, NULL);
}
