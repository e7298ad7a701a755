/* SPDX-License-Identifier: MIT */
/*
 * One page beside another in the same leaf table, which iommu_map() and iommu_unmap() do by themselves (core/pagetable_page.h):
 * it is refused, flushed and taken out like any other.
 * platform: core
 */
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
    domain->limit_bits = 64;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B42_malformed_maps_beside_a_page),
        FIXTURE_TEST(test_B42_malformed_unmaps_beside_a_page),
        FIXTURE_TEST(test_B42_a_page_that_cannot_be_flushed_is_taken_out),
    };
    return cmocka_run_group_tests_name("map_page", tests, NULL, NULL);
}
