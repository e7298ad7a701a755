/* SPDX-License-Identifier: MIT */
/* platform: core */
/*
 * test_mutants_reach.c - a map and an attach that meet, addresses beyond the last, and mapping reserved regions where
 * there is nothing to map.
 * Stores of this machine pass each other rarely, and never on demand: so core/reach.c is compiled once more here, with
 * fences at which the test does what the other side did just before its own. The map's side is at its flush.
 */
#include <stdatomic.h>

static void at_fence(void);
#undef atomic_thread_fence
#define atomic_thread_fence(order) at_fence()
#include "core/reach.c" /* NOLINT(bugprone-suspicious-include): see above */

#include "tests/core/fixture.h"

#define RW     (IOMMU_READ | IOMMU_WRITE)
#define PAGE   UINT64_C(4096)
#define BEYOND (UINT64_C(1) << 32) /* the narrow device's last address, and 1 */
#define PA     UINT64_C(0x20000000000)

static void (*meanwhile)(struct iommu_domain *domain);
static struct iommu_domain *whose;
static unsigned fences;

static void at_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    fences++;
    if (meanwhile != NULL)
        meanwhile(whose);
}

static void no_more(void)
{
    meanwhile = NULL;
    fences = 0;
}

/* Once the page is in the table, and before the map looks at the limit. */
static void narrow(void *ctx)
{
    struct iommu_domain *domain = ctx;
    uint64_t pa;
    assert_int_equal(iommu_iova_to_phys(domain, BEYOND, &pa), 0);
    domain->limit_bits = 32;
}

static void test_B39_B52_map_enters_and_looks_at_the_limit(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t pa;
    no_more();
    assert_int_equal(iommu_map(domain, BEYOND + PAGE, PA, PAGE, RW), 0); /* brings the tables */
    counted_at_flush(&f->host, narrow, domain);
    assert_int_equal(iommu_map(domain, BEYOND, PA, PAGE, RW), -IOMMU_ERANGE);
    assert_int_equal(domain->limit_bits, 32);
    assert_int_equal(iommu_iova_to_phys(domain, BEYOND, &pa), -IOMMU_ENOENT);
    domain_gone(domain);
}

/* Once the limit is written. The rival looked at it before that. */
static void enter(struct iommu_domain *domain)
{
    if (domain->limit_bits != 32)
        return;
    no_more();
    domain->limit_bits = REACH_ALL;
    assert_int_equal(iommu_map(domain, BEYOND, PA, PAGE, RW), 0);
    domain->limit_bits = 32;
}

static void test_B39_B52_attach_narrows_and_looks_at_the_table(void **state)
{
    struct fixture *f = *state;
    const struct iommu_device_config config = {.rid = 16, .dma_bits = 32};
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_attachment *attachment;
    struct iommu_device *device;
    uint64_t pa;
    no_more();
    assert_int_equal(iommu_device_add(&f->mock.iommu, &config, &device), 0);
    whose = domain;
    meanwhile = enter;
    assert_int_equal(iommu_attach(domain, device, iommu_route_rid(), NULL, &attachment),
                     -IOMMU_EFAULT);
    assert_null(meanwhile);
    assert_int_equal(domain->limit_bits, REACH_ALL);
    assert_int_equal(iommu_iova_to_phys(domain, BEYOND, &pa), 0);
    device_gone(device);
    domain_gone(domain);
}

/* Widest and narrowest in any order: the limit is the narrowest's that is there. */
static void test_B39_limit_follows_the_narrowest(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    static const uint8_t bits[3] = {36, 32, 40}, left[3] = {32, 40, REACH_ALL};
    struct iommu_device *device[3];
    struct iommu_attachment *at[3];
    no_more();
    for (unsigned i = 0; i < 3; i++) {
        const struct iommu_device_config config = {.rid = (uint16_t)(8 * i + 8),
                                                   .dma_bits = bits[i]};
        assert_int_equal(iommu_device_add(&f->mock.iommu, &config, &device[i]), 0);
        assert_int_equal(iommu_attach(domain, device[i], iommu_route_rid(), NULL, &at[i]), 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(iommu_detach(at[i]), 0);
        assert_int_equal(domain->limit_bits, left[i]);
        device_gone(device[i]);
    }
    domain_gone(domain);
}

/* Neither has an address that has to be looked at. */
static void test_B39_where_all_is_within_reach_nobody_looks(void **state)
{
    struct fixture *f = *state;
    const struct iommu_domain_config through = {.type = IOMMU_DOMAIN_IDENTITY};
    struct iommu_device *device = mock_device(&f->mock, MOCK_RID_FIRMWARE);
    struct iommu_domain *identity, *domain = mock_domain(&f->mock);
    no_more();
    assert_int_equal(iommu_map_reserved(domain, device), 0);
    mock_attach(domain, device, iommu_route_rid());
    assert_int_not_equal(fences, 0);
    fences = 0;
    mock_attach(domain, device, iommu_route_pasid(1)); /* the domain is as narrow already */
    assert_int_equal(fences, 0);
    assert_int_equal(iommu_detach_device(domain, device), 0);
    assert_int_equal(iommu_domain_alloc(&f->mock.iommu, &through, &identity), 0);
    mock_attach(identity, device, iommu_route_rid()); /* with the regions that firmware uses */
    assert_int_equal(fences, 0);
    device_gone(device);
    domain_gone(identity);
    domain_gone(domain);
}

static unsigned barriers;

static void count_barrier(void *ctx)
{
    (void)ctx;
    barriers++;
}

static void flush_nothing(void *ctx, const void *va, size_t bytes)
{
    (void)ctx;
    (void)va;
    (void)bytes;
}

static void test_B43_host_without_a_barrier_of_its_own_gets_a_fence(void **state)
{
    struct iommu_platform platform = {0};
    no_more();
    host_barrier(&platform);
    assert_int_equal(fences, 1);
    platform.dma_barrier = count_barrier;
    host_barrier(&platform);
    assert_int_equal(fences, 1);
    assert_int_equal(barriers, 1);
    platform = (struct iommu_platform){.cache_flush = flush_nothing};
    host_barrier(&platform); /* flushes are ordered by no processor */
    assert_int_equal(fences, 2);
}

/* The tree is walked by the bits that it has: an address beyond its last one would be a low one. */
static void test_B42_what_is_beyond_the_tree_is_not_at_its_beginning(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t pa, beyond = iommu_pt_last(&domain->pt) + 1;
    uint8_t lg2;
    uint32_t prot;
    no_more();
    assert_int_equal(iommu_map(domain, 0, PA, PAGE, RW), 0);
    assert_int_equal(iommu_unmap(domain, beyond, PAGE, NULL), -IOMMU_ENOENT);
    assert_int_equal(pt_peek(&domain->pt, 0, &pa, &lg2, &prot), 0);
    assert_int_equal(pt_peek(&domain->pt, beyond, &pa, &lg2, &prot), -IOMMU_ENOENT);
    assert_int_equal(iommu_iova_to_phys(domain, 0, &pa), 0);
    domain_gone(domain);
}

/* ---- reserved regions ------------------------------------------------------------------------------- */

static void test_B71_nothing_to_map(void **state)
{
    const struct iommu_device_config uncovered = {.rid = MOCK_RID_UNCOVERED};
    const struct iommu_domain_config through = {.type = IOMMU_DOMAIN_IDENTITY};
    struct fixture *f = *state;
    struct iommu_device *alone, *firmware = mock_device(&f->mock, MOCK_RID_FIRMWARE);
    struct iommu_domain *identity, *domain = mock_domain(&f->mock);
    no_more();
    assert_int_equal(iommu_map_reserved(NULL, firmware), -IOMMU_EINVAL);
    assert_int_equal(iommu_map_reserved(domain, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_device_add(&f->mock.iommu, &uncovered, &alone), 0);
    assert_int_equal(iommu_map_reserved(domain, alone), 0); /* no IOMMU, no regions */
    assert_int_equal(iommu_domain_alloc(&f->mock.iommu, &through, &identity), 0);
    assert_int_equal(iommu_map_reserved(identity, firmware), 0); /* all of memory is there */
    f->mock.ops.for_each_reserved = NULL;                        /* a driver that knows of none */
    assert_int_equal(iommu_map_reserved(domain, firmware), 0);
    device_gone(alone);
    device_gone(firmware);
    domain_gone(identity);
    domain_gone(domain);
}

struct rival {
    struct iommu_domain *domain;
    struct iommu_gather gather;
    uint64_t first; /* of a leaf table that is full */
};

static void unmap_the_table(void *ctx)
{
    struct rival *rival = ctx;
    assert_int_equal(iommu_unmap(rival->domain, rival->first, 512 * PAGE, &rival->gather), 0);
}

/* The attach stands at the pointer to the leaf table and looks into it next. It owns no part of the range. */
static void test_B52_a_region_is_unmapped_while_attach_looks_for_it(void **state)
{
    struct fixture *f = *state;
    const struct iommu_reserved_region *region = &mock_regions[0];
    uint64_t pa, len = region->last - region->first + 1;
    struct iommu_device *device = mock_device(&f->mock, MOCK_RID_FIRMWARE);
    struct iommu_attachment *attachment;
    no_more();
    counted_look_by_hooks(&f->host);
    struct rival rival = {.domain = mock_domain(&f->mock), .first = region->first};
    iommu_gather_init(&rival.gather);
    assert_int_equal(iommu_map_reserved(rival.domain, device), 0);
    assert_int_equal(iommu_map(rival.domain, region->first + len, PA, 512 * PAGE - len, RW), 0);
    assert_int_equal(iommu_iova_to_phys(rival.domain, region->first, &pa), 0);
    counted_at_look(&f->host, f->host.looked_at, unmap_the_table, &rival);
    assert_int_equal(iommu_attach(rival.domain, device, iommu_route_rid(), NULL, &attachment), -IOMMU_EFAULT);
    assert_null(f->host.at_look);

    /* Nothing is left of the look: a table that comes and goes there holds what it is said to hold. */
    assert_int_equal(iommu_sync(rival.domain, &rival.gather), 0);
    assert_int_equal(iommu_map(rival.domain, region->first + PAGE, PA, PAGE, RW), 0);
    assert_int_equal(iommu_iova_to_phys(rival.domain, region->first + PAGE, &pa), 0);
    assert_int_equal(pa, PA);
    assert_int_equal(iommu_iova_to_phys(rival.domain, region->first, &pa), -IOMMU_ENOENT);
    assert_int_equal(iommu_unmap(rival.domain, region->first + PAGE, PAGE, &rival.gather), 0);
    assert_int_not_equal(rival.gather.dead_tables, 0);
    assert_int_equal(iommu_sync(rival.domain, &rival.gather), 0);
    device_gone(device);
    domain_gone(rival.domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B39_B52_map_enters_and_looks_at_the_limit),
        FIXTURE_TEST(test_B39_B52_attach_narrows_and_looks_at_the_table),
        FIXTURE_TEST(test_B39_limit_follows_the_narrowest),
        FIXTURE_TEST(test_B39_where_all_is_within_reach_nobody_looks),
        FIXTURE_TEST(test_B42_what_is_beyond_the_tree_is_not_at_its_beginning),
        FIXTURE_TEST(test_B43_host_without_a_barrier_of_its_own_gets_a_fence),
        FIXTURE_TEST(test_B71_nothing_to_map),
        FIXTURE_TEST(test_B52_a_region_is_unmapped_while_attach_looks_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
