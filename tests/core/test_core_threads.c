/* SPDX-License-Identifier: MIT */
/*
 * Threads on disjoint ranges that share tables, and control calls beside them. Repeated under ThreadSanitizer.
 * platform: core
 */
#include "tests/core/fixture.h"
#include "tests/core/formats.h"

#define THREADS 4u
#define ROUNDS  60u
#define RW      (IOMMU_READ | IOMMU_WRITE)
#define PA      ((uint64_t)1 << 41)

struct worker {
    pthread_t thread;
    struct iommu_domain *domain;
    struct iommu_device *device;
    unsigned number;
    bool *stop;
};

static void start(struct worker *workers, unsigned count, void *(*work)(void *))
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
}

static void join(struct worker *workers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

/* Small pages, interleaved with those of the others, and a whole table's worth of one's own. */
static void *map_and_unmap(void *argument)
{
    const struct worker *me = argument;
    uint64_t own = SIZE_1G + me->number * SIZE_2M, pa;
    struct iommu_gather gather;

    iommu_gather_init(&gather);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t far = (uint64_t)round << 31; /* new tables every round */

        for (unsigned i = 0; i < 8; i++) {
            uint64_t iova = far + (i * THREADS + me->number) * SIZE_4K;

            assert_int_equal(iommu_map(me->domain, iova, PA + iova, SIZE_4K, RW), 0);
            assert_int_equal(iommu_iova_to_phys(me->domain, iova + 5, &pa), 0);
            assert_int_equal(pa, PA + iova + 5);
        }
        assert_int_equal(iommu_map(me->domain, own, PA + SIZE_4K, SIZE_2M, RW), 0);
        assert_int_equal(iommu_map(me->domain, own, PA, SIZE_4K, RW), -IOMMU_EEXIST);
        assert_int_equal(iommu_unmap(me->domain, own, SIZE_2M, round % 2 ? NULL : &gather), 0);
        for (unsigned i = 0; i < 8; i++) {
            uint64_t iova = far + (i * THREADS + me->number) * SIZE_4K;

            assert_int_equal(iommu_unmap(me->domain, iova, SIZE_4K, &gather), 0);
            assert_int_equal(iommu_iova_to_phys(me->domain, iova, &pa), -IOMMU_ENOENT);
        }
        assert_int_equal(iommu_sync(me->domain, &gather), 0);
    }
    return NULL;
}

static void disjoint(struct fixture *f, bool coherent)
{
    struct worker workers[THREADS];
    struct iommu_domain *domain;

    f->mock.table.coherent = coherent;
    domain = mock_domain(&f->mock);
    for (unsigned i = 0; i < THREADS; i++)
        workers[i] = (struct worker){.domain = domain, .number = i};
    start(workers, THREADS, map_and_unmap);
    join(workers, THREADS);
    assert_false(iommu_pt_any_mapped(&domain->pt, 0));
    iommu_pt_stock_drain(&f->mock.iommu.table_pages, &f->host.platform);
    if (!coherent)
        counted_assert_flushed(&f->host, format_software(&format_second));
    domain_gone(domain);
}

static void test_B52_disjoint_ranges_need_no_lock(void **state)
{
    disjoint(*state, true);
}

static void test_B52_B75_nor_where_walks_are_not_coherent(void **state)
{
    struct fixture *f = *state;

    counted_watch_pointers(&f->host, format_second.present, FORMAT_ADDRESS);
    disjoint(f, false);
}

/*
 * One page each in the same few leaf tables, which come and go with them, and a neighbour's unmapped page looked at:
 * now with a sync at once, now with a gather that lives on.
 */
static void *share_leaf_tables(void *argument)
{
    const struct worker *me = argument;
    struct iommu_gather gather;

    iommu_gather_init(&gather);
    for (unsigned round = 0; round < 40 * ROUNDS; round++) {
        uint64_t iova = round % 3 * SIZE_2M + me->number * 4 * SIZE_4K, pa;
        unsigned count = 1 + round % 4;

        assert_int_equal(iommu_map(me->domain, iova, PA + iova, count * SIZE_4K, RW), 0);
        assert_int_equal(iommu_map(me->domain, iova, PA, SIZE_4K, RW), -IOMMU_EEXIST);
        assert_int_equal(iommu_iova_to_phys(me->domain, iova, &pa), 0);
        assert_int_equal(pa, PA + iova);
        assert_int_equal(iommu_unmap(me->domain, iova, count * SIZE_4K, round % 2 ? NULL : &gather), 0);
        assert_int_equal(iommu_iova_to_phys(me->domain, iova, &pa), -IOMMU_ENOENT);
        assert_int_equal(iommu_unmap(me->domain, iova, SIZE_4K, NULL), -IOMMU_ENOENT);
        if (round % 8 == 7)
            assert_int_equal(iommu_sync(me->domain, &gather), 0);
    }
    assert_int_equal(iommu_sync(me->domain, &gather), 0);
    return NULL;
}

static void coming_and_going(struct fixture *f, bool coherent)
{
    struct worker workers[THREADS];
    struct iommu_domain *domain;
    size_t before;

    f->mock.table.coherent = coherent;
    domain = mock_domain(&f->mock);
    before = pages_in_use(f);
    for (unsigned i = 0; i < THREADS; i++)
        workers[i] = (struct worker){.domain = domain, .number = i};
    start(workers, THREADS, share_leaf_tables);
    join(workers, THREADS);
    assert_false(iommu_pt_any_mapped(&domain->pt, 0));
    assert_int_equal(domain->pt.unsynced, 0);
    assert_int_equal(iommu_domain_trim(domain), 0);
    assert_int_equal(pages_in_use(f), before);
    assert_int_equal(f->mock.iommu.table_pages.count, 0);
    domain_gone(domain);
}

static void test_B45_B52_shared_leaf_tables_come_and_go(void **state)
{
    coming_and_going(*state, true);
    coming_and_going(*state, false);
}

static void *attach_and_detach(void *argument)
{
    const struct worker *me = argument;

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct iommu_attachment *at;

        assert_int_equal(iommu_attach(me->domain, me->device, iommu_route_any(), NULL, &at), 0);
        assert_int_equal(iommu_aux_attach_device(me->domain, me->device), 0);
        assert_true(iommu_auxiliary_id(me->domain) > 0);
        assert_int_equal(iommu_detach(at), 0);
        assert_int_equal(iommu_aux_detach_device(me->domain, me->device), 0);
    }
    return NULL;
}

static void test_B52_attach_and_map_from_many_threads(void **state)
{
    struct fixture *f = *state;
    struct worker workers[2 * THREADS];
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_enable_aux_domain(device), 0);
    for (unsigned i = 0; i < 2 * THREADS; i++)
        workers[i] = (struct worker){.domain = domain, .device = device, .number = i % THREADS};
    start(workers, THREADS, map_and_unmap);
    start(workers + THREADS, THREADS, attach_and_detach);
    join(workers, 2 * THREADS);
    assert_int_equal(device->pasid_count, 0);
    assert_null(domain->attachments);
    device_gone(device);
    domain_gone(domain);
}

/* ---- a narrow device comes while others map high ------------------------------------------------------ */

static void *map_high(void *argument)
{
    const struct worker *me = argument;
    uint64_t iova = ((uint64_t)1 << 40) + me->number * SIZE_1G;

    while (!__atomic_load_n(me->stop, __ATOMIC_ACQUIRE)) {
        int result = iommu_map(me->domain, iova, PA, 512 * SIZE_4K + SIZE_4K, RW);

        assert_true(result == 0 || result == -IOMMU_ERANGE);
        if (result == 0)
            assert_int_equal(iommu_unmap(me->domain, iova, 513 * SIZE_4K, NULL), 0);
    }
    return NULL;
}

static void test_B39_B52_no_window_between_attach_and_map(void **state)
{
    struct fixture *f = *state;
    struct worker workers[THREADS];
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_device *narrow;
    unsigned attached = 0;
    bool stop = false;

    f->mock.address_bits = 39;
    narrow = mock_device(&f->mock, 8);
    for (unsigned i = 0; i < THREADS; i++)
        workers[i] = (struct worker){.domain = domain, .number = i, .stop = &stop};
    start(workers, THREADS, map_high);
    for (unsigned round = 0; round < 3000 && attached < 50; round++) {
        struct iommu_attachment *at;
        int result = iommu_attach(domain, narrow, iommu_route_any(), NULL, &at);

        assert_true(result == 0 || result == -IOMMU_EFAULT);
        if (result)
            continue;
        attached++;
        /* a map may be on its way in or out, but none may stay */
        assert_int_equal(iommu_map(domain, (uint64_t)1 << 45, PA, SIZE_4K, RW), -IOMMU_ERANGE);
        assert_int_equal(iommu_detach(at), 0);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    join(workers, THREADS);
    assert_false(iommu_pt_any_mapped(&domain->pt, 0));
    device_gone(narrow);
    domain_gone(domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B52_disjoint_ranges_need_no_lock),
        FIXTURE_TEST(test_B52_B75_nor_where_walks_are_not_coherent),
        FIXTURE_TEST(test_B45_B52_shared_leaf_tables_come_and_go),
        FIXTURE_TEST(test_B52_attach_and_map_from_many_threads),
        FIXTURE_TEST(test_B39_B52_no_window_between_attach_and_map),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
