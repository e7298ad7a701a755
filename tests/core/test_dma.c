/* SPDX-License-Identifier: MIT */
/*
 * Address and mapping in one call: strict and lazy, both bounds, failing flushes, memory.
 * platform: core
 */
#include "iommukit/dma.h"
#include "tests/core/fixture.h"
#include "tests/core/formats.h"

#define RW   (IOMMU_READ | IOMMU_WRITE)
#define PA   ((uint64_t)1 << 40)
#define AGE  1000000u

static uint64_t now;

static uint64_t told_now(void *ctx)
{
    (void)ctx;
    return now;
}

static uint32_t only_cpu(void *ctx)
{
    (void)ctx;
    return 5;
}

static int clock_setup(void **state)
{
    int result = fixture_setup(state);
    struct fixture *f = *state;

    now = 77;
    f->host.platform.now_ns = told_now;
    f->host.platform.cpu = only_cpu;
    return result;
}

#define CLOCK_TEST(name) cmocka_unit_test_setup_teardown(name, clock_setup, fixture_teardown)

static struct iommu_domain *lazy_domain(struct fixture *f, uint32_t count)
{
    const struct iommu_dma_config config = {.lazy_count = count, .lazy_age_ns = AGE};
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_dma_init(domain, &config), 0);
    return domain;
}

static uint64_t map(struct iommu_domain *domain, uint64_t pa, uint64_t len)
{
    uint64_t iova = 0, found;

    assert_int_equal(iommu_dma_map(domain, pa, len, RW, &iova), 0);
    assert_int_equal(iommu_iova_to_phys(domain, iova + len - 1, &found), 0);
    assert_int_equal(found, pa + len - 1);
    return iova;
}

static unsigned flushes(const struct fixture *f)
{
    return f->mock.calls[MOCK_FLUSH_UNMAP];
}

/* ---- strict ------------------------------------------------------------------------------------------- */

static void test_map_and_unmap(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    const uint64_t lens[] = {SIZE_4K, 3 * SIZE_4K, 64 * SIZE_4K, SIZE_2M, 5 * SIZE_2M, SIZE_1G};

    for (unsigned i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        uint64_t pa, iova = map(domain, PA, lens[i]);
        unsigned before = flushes(f);

        assert_int_equal(iommu_dma_unmap(domain, iova, lens[i]), 0);
        assert_int_equal(flushes(f), before + 1);
        assert_int_equal(iommu_iova_to_phys(domain, iova, &pa), -IOMMU_ENOENT);
        assert_int_equal(iommu_dma_unmap(domain, iova, lens[i]), -IOMMU_ENOENT);
        assert_int_equal(iommu_iova_free(domain, iova, lens[i]), -IOMMU_ENOENT);
    }
    assert_int_equal(iommu_dma_flush(domain), 0);
    assert_int_equal(iommu_dma_flush_due(domain), 0);
    domain_gone(domain);
}

static void test_wrong_unmaps_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t iova, bare, pa;
    unsigned before;

    assert_int_equal(iommu_dma_unmap(domain, SIZE_4K, SIZE_4K), -IOMMU_ENOENT);
    iova = map(domain, PA, 4 * SIZE_4K);
    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &bare), 0);
    before = flushes(f);
    assert_int_equal(iommu_dma_unmap(NULL, iova, SIZE_4K), -IOMMU_EINVAL);
    assert_int_equal(iommu_dma_unmap(domain, iova, 0), -IOMMU_EINVAL);
    assert_int_equal(iommu_dma_unmap(domain, iova + 1, 4 * SIZE_4K), -IOMMU_EINVAL);
    assert_int_equal(iommu_dma_unmap(domain, iova, SIZE_4K), -IOMMU_ENOENT);
    assert_int_equal(iommu_dma_unmap(domain, iova, 3 * SIZE_4K), -IOMMU_EINVAL); /* more is mapped */
    assert_int_equal(iommu_dma_unmap(domain, iova, 8 * SIZE_4K), -IOMMU_ENOENT);
    assert_int_equal(iommu_dma_unmap(domain, bare, SIZE_4K), -IOMMU_ENOENT); /* nothing is mapped */
    assert_int_equal(flushes(f), before);
    assert_int_equal(iommu_iova_to_phys(domain, iova + 3 * SIZE_4K, &pa), 0);
    assert_int_equal(iommu_iova_free(domain, bare, SIZE_4K), 0);
    assert_int_equal(iommu_dma_unmap(domain, iova, 4 * SIZE_4K), 0);
    iova = map(domain, PA, 3 * SIZE_4K);
    assert_int_equal(iommu_dma_unmap(domain, iova, 4 * SIZE_4K), -IOMMU_ENOENT);
    assert_int_equal(iommu_dma_unmap(domain, iova, 3 * SIZE_4K), 0);
    domain_gone(domain);
}

static void test_wrong_maps_keep_nothing(void **state)
{
    struct fixture *f = *state;
    const struct iommu_domain_config identity = {.type = IOMMU_DOMAIN_IDENTITY};
    struct iommu_domain *domain = mock_domain(&f->mock), *through = NULL;
    uint64_t iova = map(domain, PA, SIZE_4K), again = 7;

    assert_int_equal(iommu_dma_unmap(domain, iova, SIZE_4K), 0);
    assert_int_equal(iommu_dma_map(NULL, PA, SIZE_4K, RW, &again), -IOMMU_EINVAL);
    assert_int_equal(iommu_domain_alloc(&f->mock.iommu, &identity, &through), 0);
    assert_int_equal(iommu_dma_map(through, PA, SIZE_4K, RW, &again), -IOMMU_EINVAL);
    domain_gone(through);
    assert_int_equal(iommu_dma_map(domain, PA, SIZE_4K, RW, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_dma_map(domain, PA, 0, RW, &again), -IOMMU_EINVAL);
    assert_int_equal(iommu_dma_map(domain, PA + 1, SIZE_4K, RW, &again), -IOMMU_EINVAL);
    assert_int_equal(iommu_dma_map(domain, PA, SIZE_4K, 0, &again), -IOMMU_EINVAL);
    assert_int_equal(iommu_dma_map(domain, MOCK_MSI_FIRST, SIZE_4K, RW, &again), -IOMMU_ERANGE);
    assert_int_equal(again, 7);
    assert_int_equal(map(domain, PA, SIZE_4K), iova); /* it has come back each time */
    domain_gone(domain);
}

static void test_mappings_of_the_callers_are_gone_round(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t iova;

    assert_int_equal(iommu_map(domain, SIZE_4K, PA, 5 * SIZE_4K, RW), 0);
    iova = map(domain, PA, SIZE_4K);
    assert_true(iova > 5 * SIZE_4K);
    assert_int_equal(iommu_map(domain, SIZE_1G, PA, 2 * SIZE_1G, RW), 0);
    assert_int_equal(iommu_map(domain, 4 * SIZE_1G, PA, 64 * SIZE_1G, RW), 0);
    assert_int_equal(iommu_dma_map(domain, PA, SIZE_1G, RW, &iova), -IOMMU_EEXIST);
    domain_gone(domain);
}

/* What a device may still reach is not used again, whether it was map that failed or unmap. */
static void test_a_failing_flush_keeps_the_address(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    const int errors[] = {-IOMMU_EIO, -IOMMU_ETIMEDOUT};
    uint64_t iova, pa;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t kept = map(domain, PA, SIZE_4K);

        if (i < 2) {
            mock_fail(&f->mock, MOCK_FLUSH_UNMAP, errors[i]);
            assert_int_equal(iommu_dma_unmap(domain, kept, SIZE_4K), errors[i]);
        } else {
            assert_int_equal(iommu_dma_unmap(domain, kept, SIZE_4K), 0); /* next in line */
            mock_fail(&f->mock, MOCK_FLUSH_MAP, errors[i - 2]);
            assert_int_equal(iommu_dma_map(domain, PA, SIZE_4K, RW, &pa), errors[i - 2]);
        }
        assert_int_equal(iommu_iova_to_phys(domain, kept, &pa), -IOMMU_ENOENT);
        assert_int_equal(iommu_dma_unmap(domain, kept, SIZE_4K), -IOMMU_ENOENT);
        assert_int_equal(iommu_iova_free(domain, kept, SIZE_4K), -IOMMU_ENOENT);
        for (unsigned k = 0; k < 100; k++) {
            iova = map(domain, PA, SIZE_4K);
            assert_int_not_equal(iova, kept);
        }
        assert_int_equal(iommu_dma_unmap(domain, iova, SIZE_4K), 0);
    }
    domain_gone(domain);
}

/* ---- lazy --------------------------------------------------------------------------------------------- */

static void test_lazy_is_bounded_by_count(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 4);
    uint64_t iova[64];

    for (unsigned i = 0; i < 64; i++)
        iova[i] = map(domain, PA, SIZE_4K);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(iommu_dma_unmap(domain, iova[i], SIZE_4K), 0);
        assert_int_equal(flushes(f), (i + 1) / 4);
        assert_int_equal(iommu_dma_unmap(domain, iova[i], SIZE_4K), -IOMMU_ENOENT);
    }
    domain_gone(domain);
}

static void test_lazy_is_bounded_by_age(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 100);
    uint64_t a = map(domain, PA, SIZE_4K), b = map(domain, PA, SIZE_4K), c = map(domain, PA, SIZE_4K);

    assert_int_equal(iommu_dma_flush_due(domain), 0);
    assert_int_equal(iommu_dma_unmap(domain, a, SIZE_4K), 0);
    now += AGE - 1;
    assert_int_equal(iommu_dma_unmap(domain, b, SIZE_4K), 0);
    assert_int_equal(iommu_dma_flush_due(domain), 0);
    assert_int_equal(flushes(f), 0);
    now++; /* the first is of age */
    assert_int_equal(iommu_dma_flush_due(domain), 0);
    assert_int_equal(flushes(f), 1);
    assert_int_equal(iommu_dma_flush_due(domain), 0);
    assert_int_equal(flushes(f), 1);
    assert_int_equal(iommu_dma_unmap(domain, c, SIZE_4K), 0);
    now += AGE - 1;
    assert_int_equal(iommu_dma_unmap(domain, map(domain, PA, SIZE_4K), SIZE_4K), 0);
    assert_int_equal(flushes(f), 1);
    now++;
    assert_int_equal(iommu_dma_unmap(domain, map(domain, PA, SIZE_4K), SIZE_4K), 0);
    assert_int_equal(flushes(f), 2);
    domain_gone(domain);
}

static void test_what_waits_is_not_used_again(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 8);
    uint64_t waits = map(domain, PA, 8 * SIZE_4K), iova;

    assert_int_equal(iommu_dma_unmap(domain, waits, 8 * SIZE_4K), 0);
    for (unsigned i = 0; i < 40; i++) {
        iova = map(domain, PA, 8 * SIZE_4K);
        assert_int_not_equal(iova, waits);
    }
    assert_int_equal(iommu_iova_free(domain, waits, 8 * SIZE_4K), -IOMMU_ENOENT);
    assert_int_equal(iommu_iova_alloc(domain, SIZE_1G, &iova), 0);
    assert_int_equal(flushes(f), 0);
    assert_int_equal(iommu_dma_flush(domain), 0);
    assert_int_equal(flushes(f), 1);
    assert_int_equal(map(domain, PA, 8 * SIZE_4K), waits);
    domain_gone(domain);
}

/* So mapping there again, which takes no flush, and none falls due because a table had to go. */
static void test_an_empty_table_stays_until_the_flush(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 100);
    size_t none;
    uint64_t iova;

    iova = map(domain, PA, SIZE_4K);
    assert_int_equal(iommu_dma_unmap(domain, iova, SIZE_4K), 0);
    assert_int_equal(iommu_dma_flush(domain), 0);
    none = pages_in_use(f);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(iommu_dma_unmap(domain, map(domain, PA, SIZE_4K), SIZE_4K), 0);
        assert_int_equal(pages_in_use(f), none + 1);
    }
    iova = map(domain, PA, SIZE_4K);
    assert_int_equal(flushes(f), 1);
    assert_int_equal(iommu_dma_flush(domain), 0);
    assert_int_equal(pages_in_use(f), none + 1); /* in use again */
    assert_int_equal(iommu_dma_unmap(domain, iova, SIZE_4K), 0);
    mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_EIO);
    assert_int_equal(iommu_dma_flush(domain), -IOMMU_EIO);
    assert_int_equal(pages_in_use(f), none + 1); /* hardware may be in it */
    assert_int_equal(iommu_dma_flush(domain), 0);
    assert_int_equal(pages_in_use(f), none);
    domain_gone(domain);
}

/* Two tables that it covers, and one that it shares. */
static void test_an_empty_table_at_the_end_of_a_range(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 100);
    const uint64_t len = 2 * SIZE_2M + SIZE_4K;
    uint64_t iova = map(domain, PA + SIZE_4K, len);
    size_t before = pages_in_use(f);

    assert_int_equal(iommu_dma_unmap(domain, iova, len), 0);
    assert_int_equal(pages_in_use(f), before);
    assert_int_equal(iommu_dma_flush(domain), 0);
    assert_int_equal(flushes(f), 1);
    assert_int_equal(pages_in_use(f), before - 3);
    domain_gone(domain);
}

/* A strict unmap where there is no room to wait gives its table back at once, as ever. */
static void test_a_strict_unmap_keeps_no_table(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 1);
    uint64_t waits = map(domain, PA + SIZE_4K, SIZE_2M), strict = map(domain, PA + SIZE_4K, SIZE_4K);
    size_t before = pages_in_use(f);

    mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_EIO);
    assert_int_equal(iommu_dma_unmap(domain, waits, SIZE_2M), -IOMMU_EIO);
    assert_int_equal(iommu_dma_unmap(domain, strict, SIZE_4K), 0);
    assert_int_equal(pages_in_use(f), before - 1);
    domain_gone(domain);
}

static void test_a_flush_without_empty_tables_looks_at_none(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 100);
    uint64_t iova = map(domain, PA, SIZE_4K);

    (void)map(domain, PA, SIZE_4K);
    assert_int_equal(iommu_dma_unmap(domain, iova, SIZE_4K), 0);
    counted_look_by_hooks(&f->host);
    assert_int_equal(iommu_dma_flush(domain), 0);
    assert_int_equal(f->host.looks, 0);
    domain_gone(domain);
    assert_true(f->host.looks > 0);
}

static void test_flushes_of_nothing(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 100);
    size_t takings = f->host.takings;

    assert_int_equal(iommu_dma_flush(domain), 0);
    assert_int_equal(f->host.takings, takings + 1); /* a look is enough */
    assert_int_equal(iommu_dma_flush(NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_dma_flush_due(NULL), -IOMMU_EINVAL);
    domain_gone(domain);
}

/* Everything keeps waiting; the bound on count holds by strict unmaps. */
static void test_a_failing_lazy_flush_keeps_everything(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 3);
    uint64_t iova[6], again;

    for (unsigned i = 0; i < 6; i++)
        iova[i] = map(domain, PA, SIZE_2M); /* with tables of their own: blocks */
    assert_int_equal(iommu_dma_unmap(domain, iova[0], SIZE_2M), 0);
    mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_EIO);
    assert_int_equal(iommu_dma_flush(domain), -IOMMU_EIO);
    assert_int_equal(iommu_dma_unmap(domain, iova[1], SIZE_2M), 0);
    assert_int_equal(flushes(f), 1);
    mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_ETIMEDOUT);
    assert_int_equal(iommu_dma_unmap(domain, iova[2], SIZE_2M), -IOMMU_ETIMEDOUT); /* full */
    assert_int_equal(flushes(f), 2);
    assert_int_equal(iommu_dma_unmap(domain, iova[3], SIZE_2M), 0); /* no room: strict */
    assert_int_equal(flushes(f), 3);
    again = map(domain, PA, SIZE_2M);
    assert_int_equal(again, iova[3]); /* the lowest that is free */
    assert_int_equal(iommu_dma_flush(domain), 0); /* both batches */
    assert_int_equal(flushes(f), 5);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(map(domain, PA, SIZE_2M), iova[i]);
    domain_gone(domain);
}

/* Age counts from the oldest, which has failed once. */
static void test_what_failed_is_tried_first(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 100);
    uint64_t a = map(domain, PA, SIZE_4K), b = map(domain, PA, SIZE_4K);

    assert_int_equal(iommu_dma_unmap(domain, a, SIZE_4K), 0);
    mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_EIO);
    assert_int_equal(iommu_dma_flush(domain), -IOMMU_EIO);
    now += AGE;
    assert_int_equal(iommu_dma_unmap(domain, b, SIZE_4K), 0);
    assert_int_equal(flushes(f), 2);
    assert_int_equal(map(domain, PA, SIZE_4K), a);
    domain_gone(domain);
}

/* What another thread does while one flushes: it waits for its turn, fills what room there is, and then is strict. */
static struct {
    struct iommu_domain *domain;
    uint64_t iova[8], flushing;
    unsigned nested;
} meanwhile;

static int flush_with_company(struct iommu_domain *domain, const struct iommu_gather *gather)
{
    (void)gather;
    if (meanwhile.nested++)
        return 0;
    assert_ptr_equal(domain, meanwhile.domain);
    now += 2 * AGE;
    assert_int_equal(iommu_dma_flush_due(domain), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(iommu_dma_unmap(domain, meanwhile.iova[i], SIZE_4K), 0);
    assert_int_equal(meanwhile.nested, 1);
    assert_int_equal(iommu_dma_unmap(domain, meanwhile.iova[3], SIZE_4K), 0); /* no room */
    assert_int_equal(meanwhile.nested, 2);
    for (unsigned i = 0; i < 20; i++)
        assert_int_not_equal(map(domain, PA, SIZE_4K), meanwhile.flushing);
    return 0;
}

static void test_what_others_do_during_a_flush(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = lazy_domain(f, 4);

    memset(&meanwhile, 0, sizeof(meanwhile));
    meanwhile.domain = domain;
    meanwhile.flushing = map(domain, PA, SIZE_4K);
    for (unsigned i = 0; i < 4; i++)
        meanwhile.iova[i] = map(domain, PA, SIZE_4K);
    f->mock.ops.flush_unmap = flush_with_company;
    assert_int_equal(iommu_dma_unmap(domain, meanwhile.flushing, SIZE_4K), 0);
    assert_int_equal(meanwhile.nested, 0);
    assert_int_equal(iommu_dma_flush(domain), 0);
    assert_int_equal(meanwhile.nested, 3); /* this one, the strict one, the other batch */
    assert_int_equal(iommu_dma_flush(domain), 0);
    assert_int_equal(meanwhile.nested, 3);
    domain_gone(domain);
}

static void test_a_lazy_domain_ends_with_all_that_waits(void **state)
{
    struct fixture *f = *state;

    for (unsigned fails = 0; fails < 3; fails++) {
        struct iommu_domain *domain = lazy_domain(f, 50);
        uint64_t iova[10];

        for (unsigned i = 0; i < 10; i++)
            iova[i] = map(domain, PA + SIZE_4K, SIZE_2M);
        for (unsigned i = 0; i < 10; i++) {
            assert_int_equal(iommu_dma_unmap(domain, iova[i], SIZE_2M), 0);
            if (i == 4 && fails) {
                mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_EIO);
                assert_int_equal(iommu_dma_flush(domain), -IOMMU_EIO);
            }
        }
        if (fails == 2)
            mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_EIO);
        domain_gone(domain);
        f->mock.fail[MOCK_FLUSH_UNMAP].result = 0;
    }
}

/* ---- memory runs out ---------------------------------------------------------------------------------- */

static void test_maps_of_a_full_range_keep_nothing(void **state)
{
    struct fixture *f = *state;
    const struct iommu_dma_config config = {.first = SIZE_4K, .last = 2 * SIZE_4K - 1};
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t iova, again = 7;

    assert_int_equal(iommu_dma_init(domain, &config), 0);
    iova = map(domain, PA, SIZE_4K);
    assert_int_equal(iommu_dma_map(domain, PA, SIZE_4K, RW, &again), -IOMMU_ENOSPC);
    assert_int_equal(again, 7);
    assert_int_equal(iommu_dma_unmap(domain, iova, SIZE_4K), 0);
    assert_int_equal(map(domain, PA, SIZE_4K), iova);
    domain_gone(domain);
}

static int (*inner_lock)(void *ctx, struct iommu_lock *lock);
static void *(*inner_alloc)(void *ctx, size_t bytes);
static unsigned locks_left; /* before one fails */

static int failing_lock(void *ctx, struct iommu_lock *lock)
{
    return locks_left-- ? inner_lock(ctx, lock) : -IOMMU_ENOMEM;
}

static void test_every_lock_fails_once(void **state)
{
    struct fixture *f = *state;
    const struct iommu_dma_config config = {.lazy_count = 9, .lazy_age_ns = AGE};
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct trace before = trace_take(f);
    unsigned failed = 0;
    int result;

    inner_lock = f->host.platform.lock_init;
    f->host.platform.lock_init = failing_lock;
    do {
        locks_left = failed;
        result = iommu_dma_init(domain, &config);
        if (!f->mock.iommu.iova_cache && result)
            trace_assert_same(f, before);
        assert_true(!result || result == -IOMMU_ENOMEM);
    } while (result && ++failed);
    assert_int_equal(failed, 3); /* the domain's, the instance's, that of lazy mode */
    f->host.platform.lock_init = inner_lock;
    domain_gone(domain);
}

static void *never_empty(void *ctx, size_t bytes)
{
    assert_true(bytes > 0);
    return inner_alloc(ctx, bytes);
}

/* A host may well answer with NULL. */
static void test_no_object_has_no_bytes(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);

    inner_alloc = f->host.platform.alloc;
    f->host.platform.alloc = never_empty;
    (void)map(domain, PA, SIZE_4K);
    f->host.platform.alloc = inner_alloc;
    domain_gone(domain);
}

static void test_every_allocation_fails_once(void **state)
{
    struct fixture *f = *state;
    const struct iommu_dma_config config = {.lazy_count = 9, .lazy_age_ns = AGE};

    for (size_t nth = 1; nth < 24; nth++) {
        struct iommu_domain *domain = mock_domain(&f->mock);
        struct trace before = trace_take(f);
        uint64_t iova;
        int result;

        counted_fail(&f->host, nth);
        result = iommu_dma_init(domain, &config);
        if (result) {
            assert_int_equal(result, -IOMMU_ENOMEM);
            counted_fail(&f->host, 0);
            before.objects += f->mock.iommu.iova_cache && nth > 1 && f->host.objects > before.objects;
            assert_int_equal(f->host.objects, before.objects);
            assert_null(domain->dma);
        } else {
            result = iommu_dma_map(domain, PA + SIZE_4K, SIZE_2M, RW, &iova);
            assert_true(result == 0 || result == -IOMMU_ENOMEM);
            counted_fail(&f->host, 0);
            if (!result)
                assert_int_equal(iommu_dma_unmap(domain, iova, SIZE_2M), 0);
        }
        domain_gone(domain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_map_and_unmap),
        CLOCK_TEST(test_map_and_unmap),
        CLOCK_TEST(test_wrong_unmaps_change_nothing),
        CLOCK_TEST(test_wrong_maps_keep_nothing),
        CLOCK_TEST(test_mappings_of_the_callers_are_gone_round),
        CLOCK_TEST(test_a_failing_flush_keeps_the_address),
        CLOCK_TEST(test_lazy_is_bounded_by_count),
        CLOCK_TEST(test_lazy_is_bounded_by_age),
        CLOCK_TEST(test_what_waits_is_not_used_again),
        CLOCK_TEST(test_an_empty_table_stays_until_the_flush),
        CLOCK_TEST(test_an_empty_table_at_the_end_of_a_range),
        CLOCK_TEST(test_a_strict_unmap_keeps_no_table),
        CLOCK_TEST(test_a_flush_without_empty_tables_looks_at_none),
        CLOCK_TEST(test_flushes_of_nothing),
        CLOCK_TEST(test_a_failing_lazy_flush_keeps_everything),
        CLOCK_TEST(test_what_failed_is_tried_first),
        CLOCK_TEST(test_what_others_do_during_a_flush),
        CLOCK_TEST(test_a_lazy_domain_ends_with_all_that_waits),
        CLOCK_TEST(test_maps_of_a_full_range_keep_nothing),
        CLOCK_TEST(test_every_allocation_fails_once),
        CLOCK_TEST(test_every_lock_fails_once),
        CLOCK_TEST(test_no_object_has_no_bytes),
    };

    return cmocka_run_group_tests_name("dma", tests, NULL, NULL);
}
