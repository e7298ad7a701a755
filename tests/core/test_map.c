/* SPDX-License-Identifier: MIT */
/*
 * iommu_map, iommu_unmap, iommu_sync: what they refuse, what they flush, what is left when a flush fails; and
 * reserved regions with the domain that keeps firmware's DMA going.
 * platform: core
 */
#include "tests/core/fixture.h"
#include "tests/core/formats.h"

#define RW  (IOMMU_READ | IOMMU_WRITE)
#define PA  ((uint64_t)1 << 41)
#define TOP (((uint64_t)1 << 48) - SIZE_4K)

static void test_B42_malformed_maps(void **state)
{
    const struct {
        uint64_t iova, pa, len;
        uint32_t prot;
        int result;
    } calls[] = {
        {1, PA, SIZE_4K, RW, -IOMMU_EINVAL},
        {0, PA + 8, SIZE_4K, RW, -IOMMU_EINVAL},
        {0, PA, SIZE_4K + 1, RW, -IOMMU_EINVAL},
        {0, PA, 0, RW, -IOMMU_EINVAL},
        {0, PA, SIZE_4K, 0, -IOMMU_EINVAL},
        {0, PA, SIZE_4K, IOMMU_CACHE, -IOMMU_EINVAL},
        {0, PA, SIZE_4K, 8 | RW, -IOMMU_EINVAL},
        {-SIZE_4K, PA, 2 * SIZE_4K, RW, -IOMMU_EINVAL},
        {0, -SIZE_4K, 2 * SIZE_4K, RW, -IOMMU_EINVAL},
        {-SIZE_4K, PA, SIZE_4K, RW, -IOMMU_ERANGE}, /* iova + len == 2^64 is no overflow */
        {TOP, PA, 2 * SIZE_4K, RW, -IOMMU_ERANGE},
        {0, (uint64_t)1 << 52, SIZE_4K, RW, -IOMMU_ERANGE},
        {0, -SIZE_4K, SIZE_4K, RW, -IOMMU_ERANGE},
        {MOCK_MSI_LAST + 1 - SIZE_4K, PA, SIZE_4K, RW, -IOMMU_ERANGE},
        {MOCK_MSI_FIRST - SIZE_4K, PA, 2 * SIZE_4K, RW, -IOMMU_ERANGE},
        {0, MOCK_MSI_FIRST, SIZE_4K, RW, -IOMMU_ERANGE},
    };
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct trace trace = trace_take(f);

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        assert_int_equal(iommu_map(domain, calls[i].iova, calls[i].pa, calls[i].len, calls[i].prot),
                         calls[i].result);
    assert_int_equal(iommu_map(NULL, 0, PA, SIZE_4K, RW), -IOMMU_EINVAL);
    trace_assert_same(f, trace);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_MAP], 0);
    assert_int_equal(iommu_map(domain, TOP, PA, SIZE_4K, RW), 0);
    assert_int_equal(iommu_map(domain, MOCK_MSI_LAST + 1, MOCK_MSI_LAST + 1, SIZE_4K, IOMMU_WRITE),
                     0);
    domain_gone(domain);
}

static void test_B46_first_stage_maps_no_writes_without_reads(void **state)
{
    const struct iommu_domain_config config = {.stage = IOMMU_STAGE_FIRST};
    struct fixture *f = *state;
    struct iommu_domain *domain;
    struct iommu_geometry geometry;

    assert_int_equal(iommu_domain_alloc(&f->mock.iommu, &config, &domain), 0);
    iommu_domain_geometry(domain, &geometry);
    assert_int_equal(geometry.stage, IOMMU_STAGE_FIRST);
    assert_int_equal(geometry.last, ((uint64_t)1 << 47) - 1); /* the lower canonical half */
    assert_int_equal(geometry.levels, 4);
    assert_int_equal(geometry.pa_last, ((uint64_t)1 << 52) - 1);
    assert_int_equal(geometry.page_sizes, SIZE_4K | SIZE_2M | SIZE_1G);
    assert_int_equal(iommu_map(domain, 0, PA, SIZE_4K, IOMMU_WRITE), -IOMMU_EINVAL);
    assert_int_equal(iommu_map(domain, (uint64_t)1 << 47, PA, SIZE_4K, RW), -IOMMU_ERANGE);
    assert_int_equal(iommu_map(domain, geometry.last + 1 - SIZE_4K, PA, SIZE_4K, RW), 0);
    domain_gone(domain);
}

static void test_B42_malformed_domains(void **state)
{
    const struct iommu_domain_config bad[] = {
        {.type = (enum iommu_domain_type)7}, {.stage = (enum iommu_stage)7}, {.iova_bits = 65}};
    struct fixture *f = *state;
    struct iommu_device *uncovered = mock_device(&f->mock, MOCK_RID_UNCOVERED);
    const struct iommu_domain_config for_uncovered = {.device = uncovered};
    struct iommu_domain *domain;

    for (size_t i = 0; i < 3; i++)
        assert_int_equal(iommu_domain_alloc(&f->mock.iommu, &bad[i], &domain), -IOMMU_EINVAL);
    assert_int_equal(iommu_domain_alloc(NULL, NULL, &domain), -IOMMU_EINVAL);
    assert_int_equal(iommu_domain_alloc(&f->mock.iommu, NULL, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_domain_alloc(&f->mock.iommu, &for_uncovered, &domain), -IOMMU_ENODEV);
    mock_fail(&f->mock, MOCK_DOMAIN_INIT, -IOMMU_EOPNOTSUPP);
    assert_int_equal(iommu_domain_alloc(&f->mock.iommu, NULL, &domain), -IOMMU_EOPNOTSUPP);
    device_gone(uncovered);
}

/* ---- gathers ------------------------------------------------------------------------------------------ */

static void test_B45_unmap_flushes_before_it_frees(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock), *other = mock_domain(&f->mock);
    struct iommu_gather gather;
    size_t empty = pages_in_use(f), full;

    f->mock.table.page_sizes = SIZE_4K;
    iommu_gather_init(&gather);
    assert_int_equal(iommu_sync(domain, &gather), 0);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 0); /* an empty gather */
    assert_int_equal(iommu_map(domain, SIZE_1G, PA + SIZE_4K, SIZE_1G, RW), 0);
    full = pages_in_use(f);
    assert_int_equal(iommu_unmap(domain, SIZE_1G, SIZE_2M, &gather), 0);
    assert_int_equal(iommu_unmap(domain, SIZE_1G + SIZE_2M, SIZE_1G - SIZE_2M, &gather), 0);
    assert_int_equal(iommu_unmap(other, 0, SIZE_4K, &gather), -IOMMU_EINVAL);
    assert_int_equal(iommu_sync(other, &gather), -IOMMU_EINVAL);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 0);
    assert_int_equal(pages_in_use(f), full);

    mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_ETIMEDOUT);
    assert_int_equal(iommu_sync(domain, &gather), -IOMMU_ETIMEDOUT);
    assert_int_equal(pages_in_use(f), full);
    assert_ptr_equal(gather.domain, domain);
    assert_int_equal(iommu_sync(domain, &gather), 0);
    assert_int_equal(f->mock.flushed_first, SIZE_1G);
    assert_int_equal(f->mock.flushed_last, 2 * SIZE_1G - 1);
    assert_int_equal(pages_in_use(f), empty + 2); /* the two tables above are covered in part */
    assert_null(gather.domain);
    assert_int_equal(iommu_sync(NULL, &gather), -IOMMU_EINVAL);
    assert_int_equal(iommu_sync(domain, NULL), -IOMMU_EINVAL);
    domain_gone(domain);
    domain_gone(other);
}

/* Hardware may remember the leaf table that went; the one in its place must not be looked for there. */
static void test_B45_a_new_table_before_the_sync_of_the_old_one(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_gather gather;

    iommu_gather_init(&gather);
    assert_int_equal(iommu_map(domain, SIZE_4K, PA, SIZE_4K, RW), 0);
    assert_int_equal(iommu_unmap(domain, SIZE_4K, SIZE_4K, &gather), 0);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 0);
    assert_int_equal(iommu_map(domain, 8 * SIZE_4K, PA, SIZE_4K, RW), 0);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 1);
    assert_int_equal(iommu_map(domain, 9 * SIZE_4K, PA, SIZE_4K, RW), 0); /* it is there by now */
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 1);
    assert_int_equal(iommu_sync(domain, &gather), 0);
    assert_int_equal(iommu_map(domain, SIZE_2M, PA, SIZE_4K, RW), 0); /* nothing is in doubt any more */
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 2);
    domain_gone(domain);
}

/* Both ends of a range are in tables that others may use at once; the flush has put both beyond doubt. */
static void test_B45_both_ends_of_a_range_are_settled(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_gather gather;

    iommu_gather_init(&gather);
    assert_int_equal(iommu_map(domain, SIZE_2M - SIZE_4K, PA, 2 * SIZE_4K, RW), 0);
    assert_int_equal(iommu_unmap(domain, SIZE_2M - SIZE_4K, 2 * SIZE_4K, &gather), 0);
    assert_int_equal(iommu_map(domain, SIZE_2M - SIZE_4K, PA, 2 * SIZE_4K, RW), 0);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 1);
    assert_int_equal(iommu_map(domain, SIZE_2M - 2 * SIZE_4K, PA, SIZE_4K, RW), 0);
    assert_int_equal(iommu_map(domain, SIZE_2M + SIZE_4K, PA, SIZE_4K, RW), 0);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 1);
    assert_int_equal(iommu_sync(domain, &gather), 0);
    domain_gone(domain);
}

static void test_B42_what_cannot_be_trimmed(void **state)
{
    struct fixture *f = *state;
    const struct iommu_domain_config config = {.type = IOMMU_DOMAIN_IDENTITY};
    struct iommu_domain *identity;
    assert_int_equal(iommu_domain_trim(NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_domain_alloc(&f->mock.iommu, &config, &identity), 0);
    assert_int_equal(iommu_domain_trim(identity), 0);
    domain_gone(identity);
}

static void map_one_page(void *ctx);

struct meanwhile {
    struct iommu_domain *domain;
    struct iommu_device *device;
    uint64_t iova;
    int result;
};

static unsigned unmap_flushes(const struct fixture *f)
{
    return f->mock.calls[MOCK_FLUSH_UNMAP];
}

/* A page comes and goes, and with it its leaf table, which hardware may remember. */
static void leave_in_doubt(struct iommu_domain *domain, uint64_t iova, struct iommu_gather *gather)
{
    iommu_gather_init(gather);
    assert_int_equal(iommu_map(domain, iova, PA, SIZE_4K, RW), 0);
    assert_int_equal(iommu_unmap(domain, iova, SIZE_4K, gather), 0);
}

static void doubt_is_everybodys(struct fixture *f, bool coherent)
{
    struct meanwhile m = {.iova = 9 * SIZE_4K, .result = 1};
    struct iommu_gather gather;
    unsigned before = unmap_flushes(f);

    f->mock.table.coherent = coherent;
    m.domain = mock_domain(&f->mock);
    f->mock.in_flush = map_one_page;
    f->mock.in_flush_ctx = &m;
    leave_in_doubt(m.domain, SIZE_4K, &gather);
    assert_int_equal(iommu_map(m.domain, 8 * SIZE_4K, PA, SIZE_4K, RW), 0);
    assert_int_equal(m.result, 0);
    assert_int_equal(unmap_flushes(f), before + 2); /* who came meanwhile cannot rely on the other's flush yet */
    assert_int_equal(iommu_map(m.domain, 10 * SIZE_4K, PA, 3 * SIZE_4K, RW), 0);
    assert_int_equal(unmap_flushes(f), before + 2); /* this one can */
    assert_int_equal(iommu_sync(m.domain, &gather), 0);
    domain_gone(m.domain);
}

static void test_B45_nobody_relies_on_a_new_table_that_is_in_doubt(void **state)
{
    doubt_is_everybodys(*state, true);
    doubt_is_everybodys(*state, false);
}

static void test_B45_a_failed_flush_leaves_the_doubt(void **state)
{
    struct fixture *f = *state;
    struct meanwhile m = {.domain = mock_domain(&f->mock), .iova = 9 * SIZE_4K, .result = 1};
    struct iommu_gather gather;

    leave_in_doubt(m.domain, SIZE_4K, &gather);
    f->mock.in_flush = map_one_page;
    f->mock.in_flush_ctx = &m;
    mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_EIO); /* the one meanwhile, whose page is out again by a second flush */
    assert_int_equal(iommu_map(m.domain, 8 * SIZE_4K, PA, SIZE_4K, RW), 0);
    assert_int_equal(m.result, -IOMMU_EIO);
    assert_int_equal(unmap_flushes(f), 3);
    mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_EIO);
    assert_int_equal(iommu_map(m.domain, SIZE_2M - SIZE_4K, PA, 2 * SIZE_4K, RW), -IOMMU_EIO); /* in doubt: the second table */
    assert_int_equal(unmap_flushes(f), 5);
    assert_int_equal(iommu_map(m.domain, SIZE_2M, PA, SIZE_4K, RW), 0);
    assert_int_equal(unmap_flushes(f), 6);
    assert_int_equal(iommu_map(m.domain, SIZE_2M + SIZE_4K, PA, SIZE_4K, RW), 0);
    assert_int_equal(unmap_flushes(f), 6);
    assert_int_equal(iommu_sync(m.domain, &gather), 0);
    domain_gone(m.domain);
}

/* One large page, and several, where a leaf table was. */
static void test_B45_large_pages_in_the_place_of_a_table(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_map(domain, 0, PA, SIZE_4K, RW), 0); /* the tables above stay */
    for (uint64_t count = 1; count < 3; count++) {
        uint64_t at = count * 4 * SIZE_2M;
        unsigned before = unmap_flushes(f);
        struct iommu_gather gather;

        leave_in_doubt(domain, at, &gather);
        assert_int_equal(iommu_map(domain, at, PA, count * SIZE_2M, RW), 0);
        assert_int_equal(unmap_flushes(f), before + 1);
        assert_int_equal(iommu_sync(domain, &gather), 0);
        assert_int_equal(unmap_flushes(f), before + 2);
        assert_int_equal(iommu_map(domain, at + 2 * SIZE_2M, PA, count * SIZE_2M, RW), 0);
        assert_int_equal(unmap_flushes(f), before + 2);
    }
    domain_gone(domain);
}

/* A host without locks has one caller: empty tables above the leaf tables go as well, and are as much in doubt. */
static void test_B45_with_one_caller_all_empty_tables_go(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain;
    struct iommu_gather gather;
    size_t empty;

    f->host.platform.lock_acquire = f->host.platform.lock_release = NULL;
    domain = mock_domain(&f->mock);
    empty = pages_in_use(f);
    leave_in_doubt(domain, SIZE_4K, &gather);
    assert_int_equal(iommu_map(domain, SIZE_1G, PA, SIZE_1G, RW), 0); /* below a new table of its own */
    assert_int_equal(unmap_flushes(f), 1);
    assert_int_equal(iommu_sync(domain, &gather), 0);
    assert_int_equal(pages_in_use(f), empty + 1);
    assert_int_equal(iommu_unmap(domain, SIZE_1G, SIZE_1G, NULL), 0);
    assert_int_equal(pages_in_use(f), empty);
    domain_gone(domain);
}

static void test_B45_strict_unmaps_keep_tables_that_are_in_doubt(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain;
    size_t pages;

    f->mock.table.page_sizes = SIZE_4K;
    domain = mock_domain(&f->mock);
    assert_int_equal(iommu_map(domain, 0, PA, 4 * SIZE_2M, RW), 0);
    pages = pages_in_use(f);
    for (unsigned i = 0; i < 3; i++) {
        mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_EIO);
        assert_int_equal(iommu_unmap(domain, i * SIZE_2M, SIZE_2M, NULL), -IOMMU_EIO);
        assert_int_equal(pages_in_use(f), pages);
    }
    assert_int_equal(iommu_unmap(domain, 0, SIZE_2M, NULL), -IOMMU_ENOENT);
    assert_int_equal(iommu_unmap(domain, 3 * SIZE_2M, SIZE_2M, NULL), 0);
    assert_int_equal(pages_in_use(f), pages - 1);
    domain_gone(domain); /* and with it the three */
}

static void test_B42_a_map_that_cannot_be_flushed_is_taken_out(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t pa;

    mock_fail(&f->mock, MOCK_FLUSH_MAP, -IOMMU_ETIMEDOUT);
    assert_int_equal(iommu_map(domain, 0, PA, SIZE_1G + SIZE_4K, RW), -IOMMU_ETIMEDOUT);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 1);
    assert_int_equal(iommu_iova_to_phys(domain, 0, &pa), -IOMMU_ENOENT);
    assert_false(iommu_pt_any_mapped(&domain->pt, 0));
    assert_int_equal(iommu_map(domain, 0, PA, SIZE_1G + SIZE_4K, RW), 0);
    assert_int_equal(iommu_iova_to_phys(domain, SIZE_1G + 5, &pa), 0);
    assert_int_equal(pa, PA + SIZE_1G + 5);
    assert_int_equal(iommu_iova_to_phys(NULL, 0, &pa), -IOMMU_EINVAL);
    assert_int_equal(iommu_iova_to_phys(domain, 0, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_unmap(domain, -SIZE_4K, SIZE_4K, NULL), -IOMMU_ENOENT);
    assert_int_equal(iommu_unmap(domain, 0, 1, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_unmap(NULL, 0, SIZE_4K, NULL), -IOMMU_EINVAL);
    domain_gone(domain);
}

/* ---- meanwhile, in another thread --------------------------------------------------------------------- */

static void attach_narrow(void *ctx)
{
    struct meanwhile *m = ctx;
    struct iommu_attachment *at;

    m->result = iommu_attach(m->domain, m->device, iommu_route_any(), NULL, &at);
}

static void map_one_page(void *ctx)
{
    struct meanwhile *m = ctx;

    m->result = iommu_map(m->domain, m->iova, m->iova, SIZE_4K, RW);
}

static void test_B39_a_narrow_device_comes_while_a_map_is_under_way(void **state)
{
    const struct iommu_device_config config = {.rid = 8, .dma_bits = 40};
    struct fixture *f = *state;
    struct meanwhile m = {.domain = mock_domain(&f->mock), .result = 1};
    uint64_t high = (uint64_t)1 << 40;

    assert_int_equal(iommu_device_add(&f->mock.iommu, &config, &m.device), 0);
    counted_meanwhile(&f->host, attach_narrow, &m);
    assert_int_equal(iommu_map(m.domain, high - SIZE_4K, PA, 2 * SIZE_4K, RW), -IOMMU_ERANGE);
    assert_int_equal(m.result, 0); /* it had looked, and nothing was there yet */
    assert_false(iommu_pt_any_mapped(&m.domain->pt, 0));
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 1); /* the device may have seen it */
    device_gone(m.device);
    domain_gone(m.domain);
}

static void test_B52_another_map_brings_the_tables(void **state)
{
    struct fixture *f = *state;
    struct meanwhile m = {.domain = mock_domain(&f->mock), .iova = SIZE_4K, .result = 1};
    size_t empty = pages_in_use(f);
    uint64_t pa;

    counted_meanwhile(&f->host, map_one_page, &m);
    assert_int_equal(iommu_map(m.domain, 0, PA, SIZE_4K, RW), 0);
    assert_int_equal(m.result, 0);
    assert_int_equal(pages_in_use(f), empty + 3); /* one set of tables; the other has gone back */
    assert_int_equal(iommu_iova_to_phys(m.domain, 0, &pa), 0);
    assert_int_equal(pa, PA);
    assert_int_equal(iommu_iova_to_phys(m.domain, SIZE_4K, &pa), 0);
    assert_int_equal(pa, SIZE_4K);
    domain_gone(m.domain);
}

static void test_B42_a_map_into_the_same_range_is_found_out(void **state)
{
    struct fixture *f = *state;
    struct meanwhile m = {
        .domain = mock_domain(&f->mock), .iova = 5 * SIZE_2M + SIZE_4K, .result = 1};
    uint64_t pa;

    counted_meanwhile(&f->host, map_one_page, &m);
    assert_int_equal(iommu_map(m.domain, 0, PA, 6 * SIZE_2M - SIZE_4K, RW), -IOMMU_EEXIST);
    assert_int_equal(m.result, 0);
    assert_int_equal(iommu_iova_to_phys(m.domain, m.iova, &pa), 0);
    assert_int_equal(pa, m.iova);
    for (uint64_t at = 0; at < 6 * SIZE_2M; at += SIZE_4K)
        if (at != m.iova)
            assert_int_equal(iommu_iova_to_phys(m.domain, at, &pa), -IOMMU_ENOENT);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 1);
    domain_gone(m.domain);
}

/* ---- reserved regions --------------------------------------------------------------------------------- */

static int count_region(void *ctx, const struct iommu_reserved_region *region)
{
    unsigned *count = ctx;

    assert_memory_equal(region, &mock_regions[*count], sizeof(*region));
    return ++*count == 3 ? 9 : 0;
}

static void test_B71_firmwares_dma_goes_on(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, MOCK_RID_FIRMWARE);
    struct iommu_domain *keep = mock_route(device, IOMMU_NO_PASID), *domain = mock_domain(&f->mock);
    struct iommu_attachment *at;
    unsigned count = 0;
    uint64_t pa;

    assert_int_equal(iommu_for_each_reserved(device, count_region, &count), 9);
    assert_int_equal(iommu_for_each_reserved(NULL, count_region, &count), -IOMMU_EINVAL);

    /* from the beginning, with these regions and nothing else, and out of sight */
    assert_non_null(keep);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(iommu_iova_to_phys(keep, mock_regions[i].first, &pa), 0);
        assert_int_equal(pa, mock_regions[i].first);
        assert_int_equal(iommu_iova_to_phys(keep, mock_regions[i].last, &pa), 0);
        assert_int_equal(pa, mock_regions[i].last);
        assert_int_equal(iommu_iova_to_phys(keep, mock_regions[i].first - 1, &pa), -IOMMU_ENOENT);
        assert_int_equal(iommu_iova_to_phys(keep, mock_regions[i].last + 1, &pa), -IOMMU_ENOENT);
    }
    assert_int_equal(iommu_lookup(device, IOMMU_NO_PASID, &at), -IOMMU_ENOENT);

    /* a domain without them does not get the RID; PASIDs do not matter */
    assert_int_equal(iommu_attach_device(domain, device), -IOMMU_EFAULT);
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), keep);
    mock_attach(domain, device, iommu_route_any());
    assert_int_equal(iommu_map_reserved(domain, device), 0);
    assert_int_equal(iommu_map_reserved(domain, device), 0);

    at = mock_attach(domain, device, iommu_route_rid());
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), domain);
    assert_int_equal(f->mock.calls[MOCK_REPLACE], 1); /* no hole */
    assert_int_equal(iommu_detach(at), 0);
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), keep);
    assert_int_equal(f->mock.calls[MOCK_REPLACE], 2);
    at = mock_attach(domain, device, iommu_route_rid());
    mock_fail(&f->mock, MOCK_REPLACE, -IOMMU_ENOSPC); /* then with a hole */
    assert_int_equal(iommu_detach(at), 0);
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), keep);
    device_gone(device);
    domain_gone(domain);
}

static void test_B71_a_detach_that_fails_is_one_here_too(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, MOCK_RID_FIRMWARE);
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_attachment *at;

    assert_int_equal(iommu_map_reserved(domain, device), 0);
    at = mock_attach(domain, device, iommu_route_rid());
    f->mock.ops.replace = NULL;
    mock_fail(&f->mock, MOCK_DETACH, -IOMMU_EIO);
    assert_int_equal(iommu_detach(at), -IOMMU_EIO);
    assert_null(mock_route(device, IOMMU_NO_PASID));
    assert_int_equal(iommu_domain_free(domain), -IOMMU_EBUSY);
    at = mock_attach(domain, device, iommu_route_rid());
    assert_int_equal(iommu_detach(at), 0);
    assert_non_null(mock_route(device, IOMMU_NO_PASID));
    mock_attach(domain, device, iommu_route_rid()); /* without replace, too */
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), domain);
    device_gone(device);
    domain_gone(domain);
}

static void test_B71_an_attach_that_fails_leaves_firmwares_domain(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, MOCK_RID_FIRMWARE);
    struct iommu_domain *keep = mock_route(device, IOMMU_NO_PASID), *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_map_reserved(domain, device), 0);
    mock_fail(&f->mock, MOCK_REPLACE, -IOMMU_EIO);
    assert_int_equal(iommu_attach_device(domain, device), -IOMMU_EIO);
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), keep);
    f->mock.ops.replace = NULL;
    mock_fail(&f->mock, MOCK_ATTACH, -IOMMU_ENOSPC);
    assert_int_equal(iommu_attach_device(domain, device), -IOMMU_ENOSPC);
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), keep);
    assert_int_equal(iommu_attach_device(domain, device), 0);
    device_gone(device);
    domain_gone(domain);
}

static void test_B71_map_reserved_is_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, MOCK_RID_FIRMWARE);
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t first = mock_regions[1].first, pa;

    /* one page is mapped one to one already, a later one is not */
    assert_int_equal(iommu_map(domain, first + SIZE_4K, first + SIZE_4K, SIZE_4K, RW), 0);
    assert_int_equal(iommu_map(domain, first + SIZE_2M, PA, SIZE_4K, RW), 0);
    assert_int_equal(iommu_map_reserved(domain, device), -IOMMU_EEXIST);
    assert_int_equal(iommu_iova_to_phys(domain, mock_regions[0].first, &pa), -IOMMU_ENOENT);
    assert_int_equal(iommu_iova_to_phys(domain, first, &pa), -IOMMU_ENOENT);
    assert_int_equal(iommu_iova_to_phys(domain, first + SIZE_4K, &pa), 0);
    assert_int_equal(iommu_unmap(domain, first + SIZE_2M, SIZE_4K, NULL), 0);
    assert_int_equal(iommu_map(domain, first + SIZE_2M, first + SIZE_2M, SIZE_4K, IOMMU_READ), 0);
    assert_int_equal(iommu_map_reserved(domain, device), -IOMMU_EEXIST); /* not enough rights */
    assert_int_equal(iommu_unmap(domain, first + SIZE_2M, SIZE_4K, NULL), 0);
    assert_int_equal(iommu_map_reserved(domain, device), 0);
    for (uint64_t at = first; at < mock_regions[1].last; at += SIZE_4K) {
        assert_int_equal(iommu_iova_to_phys(domain, at, &pa), 0);
        assert_int_equal(pa, at);
    }
    assert_int_equal(iommu_attach_device(domain, device), 0);
    device_gone(device);
    domain_gone(domain);
}

static int two_that_overlap(struct iommu_device *device, iommu_reserved_fn fn, void *ctx)
{
    const struct iommu_reserved_region regions[] = {
        {0x400000, 0x7fffff, RW, IOMMU_RESERVED_DIRECT},
        {0x3ff000, 0x900fff, RW, IOMMU_RESERVED_DIRECT},
        {0x500000, 0x500fff, RW, IOMMU_RESERVED_DIRECT},
    };
    int result = 0;

    (void)device;
    for (int i = 0; i < 3 && !result; i++)
        result = fn(ctx, &regions[i]);
    return result;
}

static void test_B71_regions_may_overlap(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t pa;

    f->mock.ops.for_each_reserved = two_that_overlap;
    mock_fail(&f->mock, MOCK_FLUSH_MAP, -IOMMU_EIO);
    f->mock.fail[MOCK_FLUSH_MAP].skip = 2; /* of the last of three holes */
    assert_int_equal(iommu_map_reserved(domain, device), -IOMMU_EIO);
    assert_false(iommu_pt_any_mapped(&domain->pt, 0));
    assert_int_equal(iommu_map_reserved(domain, device), 0);
    for (uint64_t at = 0x3ff000; at <= 0x900fff; at += SIZE_4K) {
        assert_int_equal(iommu_iova_to_phys(domain, at, &pa), 0);
        assert_int_equal(pa, at);
    }
    assert_int_equal(iommu_iova_to_phys(domain, 0x3fefff, &pa), -IOMMU_ENOENT);
    assert_int_equal(iommu_iova_to_phys(domain, 0x901000, &pa), -IOMMU_ENOENT);
    device_gone(device);
    domain_gone(domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B42_malformed_maps),
        FIXTURE_TEST(test_B46_first_stage_maps_no_writes_without_reads),
        FIXTURE_TEST(test_B42_malformed_domains),
        FIXTURE_TEST(test_B45_unmap_flushes_before_it_frees),
        FIXTURE_TEST(test_B45_a_new_table_before_the_sync_of_the_old_one),
        FIXTURE_TEST(test_B45_both_ends_of_a_range_are_settled),
        FIXTURE_TEST(test_B42_what_cannot_be_trimmed),
        FIXTURE_TEST(test_B45_nobody_relies_on_a_new_table_that_is_in_doubt),
        FIXTURE_TEST(test_B45_a_failed_flush_leaves_the_doubt),
        FIXTURE_TEST(test_B45_large_pages_in_the_place_of_a_table),
        FIXTURE_TEST(test_B45_with_one_caller_all_empty_tables_go),
        FIXTURE_TEST(test_B45_strict_unmaps_keep_tables_that_are_in_doubt),
        FIXTURE_TEST(test_B42_a_map_that_cannot_be_flushed_is_taken_out),
        FIXTURE_TEST(test_B39_a_narrow_device_comes_while_a_map_is_under_way),
        FIXTURE_TEST(test_B52_another_map_brings_the_tables),
        FIXTURE_TEST(test_B42_a_map_into_the_same_range_is_found_out),
        FIXTURE_TEST(test_B71_firmwares_dma_goes_on),
        FIXTURE_TEST(test_B71_a_detach_that_fails_is_one_here_too),
        FIXTURE_TEST(test_B71_an_attach_that_fails_leaves_firmwares_domain),
        FIXTURE_TEST(test_B71_map_reserved_is_all_or_nothing),
        FIXTURE_TEST(test_B71_regions_may_overlap),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
