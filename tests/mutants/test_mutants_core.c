/* SPDX-License-Identifier: MIT */
/* platform: core */
/*
 * test_mutants_core.c - what nothing else asks of the core: refusals one by one, what a rival does between two steps of
 * a map, and what is not done where nothing has to be.
 */
#include "tests/core/fixture.h"
#include "tests/core/formats.h"

#include "core/attachment.h"
#include "core/firmware.h"

#define RW (IOMMU_READ | IOMMU_WRITE)
#define PA 0x0000020000000000u /* beyond the arena */

static int count_calls(void *ctx, struct iommu_attachment *attachment)
{
    (void)attachment;
    ++*(unsigned *)ctx;
    return 0;
}

static void test_B42_nothing_where_something_is_needed(void **state)
{
    struct fixture *f = *state;
    const struct iommu_device_config config = {.rid = 8};
    struct iommu_device *device = mock_device(&f->mock, 16), *found = device;
    struct iommu_domain *domain = mock_domain(&f->mock);
    unsigned calls = 0;

    assert_int_equal(iommu_device_add(NULL, &config, &found), -IOMMU_EINVAL);
    assert_int_equal(iommu_device_add(&f->mock.iommu, NULL, &found), -IOMMU_EINVAL);
    assert_int_equal(iommu_device_add(&f->mock.iommu, &config, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_device_find(NULL, 0, 16, &found), -IOMMU_EINVAL);
    assert_int_equal(iommu_device_find(&f->mock.iommu, 0, 16, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_for_each_attachment(NULL, count_calls, &calls), -IOMMU_EINVAL);
    assert_int_equal(iommu_for_each_attachment(device, NULL, &calls), -IOMMU_EINVAL);
    assert_int_equal(iommu_domain_for_each_attachment(NULL, count_calls, &calls), -IOMMU_EINVAL);
    mock_attach(domain, device, iommu_route_rid());
    assert_int_equal(iommu_domain_for_each_attachment(domain, NULL, &calls), -IOMMU_EINVAL);
    assert_int_equal(iommu_for_each_attachment(device, NULL, &calls), -IOMMU_EINVAL);
    assert_ptr_equal(found, device);
    assert_int_equal(calls, 0);
    device_gone(device);
    domain_gone(domain);
}

/* ---- pairs ------------------------------------------------------------------------------------------------ */

static void test_B30_a_pair_of_two_instances(void **state)
{
    struct fixture *f = *state;
    struct mock other;
    mock_init(&other, &f->host);
    struct iommu_device *device = mock_device(&other, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_aux_detach_device(domain, device), -IOMMU_EXDEV);
    assert_int_equal(iommu_aux_get_pasid(domain, device), -IOMMU_EXDEV);
    assert_int_equal(iommu_detach_device(domain, device), -IOMMU_EXDEV);
    assert_int_equal(iommu_aux_attach_device(domain, device), -IOMMU_EXDEV);
    device_gone(device);
    domain_gone(domain);
    mock_fini(&other);
}

static void test_B35_users_of_a_pair_are_counted_to_the_end(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_enable_aux_domain(device), 0);
    assert_int_equal(iommu_aux_attach_device(domain, device), 0);
    domain->attachments->aux_users = UINT32_MAX;
    assert_int_equal(iommu_aux_attach_device(domain, device), -IOMMU_EBUSY);
    assert_int_equal(domain->attachments->aux_users, UINT32_MAX);
    domain->attachments->aux_users = 1;
    assert_int_equal(iommu_aux_detach_device(domain, device), 0);
    assert_int_equal(iommu_aux_detach_device(domain, device), -IOMMU_ENOENT);
    device_gone(device);
    domain_gone(domain);
}

/* ---- firmware's domain ------------------------------------------------------------------------------------ */

static void test_B71_a_driver_that_cannot_attach_has_no_such_device(void **state)
{
    const struct iommu_device_config config = {.rid = MOCK_RID_FIRMWARE};
    struct fixture *f = *state;
    struct iommu_ops ops = f->mock.ops;
    struct trace before = trace_take(f);
    struct iommu_device *device;

    f->mock.ops.attach = NULL;
    assert_int_equal(iommu_device_add(&f->mock.iommu, &config, &device), -IOMMU_EOPNOTSUPP);
    f->mock.ops = ops;
    f->mock.ops.detach = NULL;
    assert_int_equal(iommu_device_add(&f->mock.iommu, &config, &device), -IOMMU_EOPNOTSUPP);
    f->mock.ops = ops;
    trace_assert_same(f, before);
}

/* Nothing goes as it should; afterwards the RID is free, and known to be. */
static void test_B71_neither_the_new_domain_nor_firmwares(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, MOCK_RID_FIRMWARE);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_map_reserved(domain, device), 0);
    f->mock.ops.replace = NULL;
    mock_fail(&f->mock, MOCK_DETACH, -IOMMU_EIO);
    mock_fail(&f->mock, MOCK_ATTACH, -IOMMU_EIO);
    assert_int_equal(iommu_attach_device(domain, device), -IOMMU_EIO);
    assert_false(firmware_in_force(device));
    assert_int_equal(iommu_attach_device(domain, device), 0);
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), domain);
    device_gone(device);
    domain_gone(domain);
}

static void test_B71_firmware_does_not_come_back(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, MOCK_RID_FIRMWARE);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_map_reserved(domain, device), 0);
    assert_int_equal(iommu_attach_device(domain, device), 0);
    mock_fail(&f->mock, MOCK_REPLACE, -IOMMU_EIO);
    mock_fail(&f->mock, MOCK_DETACH, -IOMMU_EIO);
    assert_int_equal(iommu_detach_device(domain, device), -IOMMU_EIO);
    assert_false(firmware_in_force(device));
    device_gone(device);
    domain_gone(domain);
}

/* ---- what is not done ------------------------------------------------------------------------------------- */

static void test_B45_sync_takes_no_lock_where_no_table_died(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_gather gather;

    assert_int_equal(iommu_map(domain, 0, PA, 3 * SIZE_4K, RW), 0);
    iommu_gather_init(&gather);
    assert_int_equal(iommu_unmap(domain, 0, SIZE_4K, &gather), 0);
    size_t takings = f->host.takings;
    assert_int_equal(iommu_sync(domain, &gather), 0);
    assert_int_equal(f->host.takings, takings);
    mock_fail(&f->mock, MOCK_FLUSH_UNMAP, -IOMMU_EIO);
    assert_int_equal(iommu_unmap(domain, SIZE_4K, SIZE_4K, NULL), -IOMMU_EIO);
    assert_int_equal(f->host.takings, takings); /* and nothing is kept back */
    domain_gone(domain);
}

/* The stock's lock is for pages: where tables are there, a map leaves it alone. */
static void test_a_map_takes_no_lock_where_no_table_is_missing(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_map(domain, SIZE_2M - 2 * SIZE_4K, PA, 4 * SIZE_4K, RW), 0);
    size_t takings = f->host.takings;
    assert_int_equal(iommu_unmap(domain, SIZE_2M - SIZE_4K, 2 * SIZE_4K, NULL), 0);
    assert_int_equal(iommu_map(domain, SIZE_2M - SIZE_4K, PA, 2 * SIZE_4K, RW), 0); /* a leaf in either table */
    assert_int_equal(f->host.takings, takings);
    domain_gone(domain);
}

/* The caller's lock for anything else: a host that is asked for memory may sleep. */
static void take_and_give_back(void *ctx)
{
    pthread_mutex_t *mutex = ctx;

    assert_int_equal(pthread_mutex_trylock(mutex), 0);
    assert_int_equal(pthread_mutex_unlock(mutex), 0);
}

static void test_a_first_map_asks_for_memory_without_a_lock(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_pt_config config = domain->pt.config;

    iommu_pt_fini(&domain->pt);
    assert_int_equal(iommu_domain_init_table(domain, &config), 0);
    domain->has_table = false;
    counted_meanwhile(&f->host, take_and_give_back, &domain->lock);
    assert_int_equal(iommu_map(domain, 0, PA, SIZE_4K, RW), 0);
    assert_null(f->host.meanwhile);
    assert_ptr_not_equal(domain->pt.root, f->mock.iommu.no_table);
    domain_gone(domain);
}

static void test_B42_unmap_beyond_the_last_address(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t last = iommu_pt_last(&domain->pt);
    struct iommu_gather gather;

    iommu_gather_init(&gather);
    assert_int_equal(iommu_map(domain, last - 0xfff, PA, SIZE_4K, RW), 0);
    assert_int_equal(iommu_pt_unmap(&domain->pt, last - 0xfff, last + SIZE_4K, &gather), -IOMMU_ENOENT);
    assert_int_equal(iommu_unmap(domain, last + 1, SIZE_4K, NULL), -IOMMU_ENOENT);
    domain_gone(domain);
}

/* ---- a rival between two steps ---------------------------------------------------------------------------- */

struct rival {
    struct iommu_domain *domain;
    uint64_t iova, bytes;
    int result;
};

static void map_there(void *ctx)
{
    struct rival *rival = ctx;
    rival->result = iommu_map(rival->domain, rival->iova, PA, rival->bytes, RW);
}

/* Fills the rest of a table of which `iova` is the hole's beginning, and takes the whole table away. */
static void fill_and_unmap(void *ctx)
{
    struct rival *rival = ctx;
    map_there(rival);
    if (rival->result == 0)
        rival->result = iommu_unmap(rival->domain, 0, SIZE_2M, NULL);
}

static void test_B42_the_first_page_is_taken(void **state)
{
    struct fixture *f = *state;
    struct rival rival = {mock_domain(&f->mock), 0, SIZE_4K, 1};

    counted_meanwhile(&f->host, map_there, &rival);
    assert_int_equal(iommu_map(rival.domain, 0, PA, 4 * SIZE_4K, RW), -IOMMU_EEXIST);
    assert_int_equal(rival.result, 0);
    assert_int_equal(f->mock.calls[MOCK_FLUSH_UNMAP], 0); /* nothing was there to be seen */
    domain_gone(rival.domain);
}

/* Its table comes in between the flush of ours and the moment that ours would be published. */
static void test_B52_the_rival_publishes_first(void **state)
{
    struct fixture *f = *state;
    struct rival rival = {mock_domain(&f->mock), SIZE_4K, SIZE_4K, 1};
    size_t empty = pages_in_use(f);
    uint64_t pa;

    counted_at_flush(&f->host, map_there, &rival);
    assert_int_equal(iommu_map(rival.domain, 0, PA, SIZE_4K, RW), 0);
    assert_int_equal(rival.result, 0);
    assert_int_equal(pages_in_use(f), empty + 3);
    assert_int_equal(iommu_iova_to_phys(rival.domain, 0, &pa), 0);
    assert_int_equal(iommu_iova_to_phys(rival.domain, SIZE_4K, &pa), 0);
    domain_gone(rival.domain);
}

/* In place of the table there is a large page now. */
static void test_B42_the_rival_publishes_a_page(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct rival rival = {domain, SIZE_2M, SIZE_2M, 1};
    uint64_t pa;

    assert_int_equal(iommu_map(domain, 0, PA, SIZE_4K, RW), 0); /* so that the leaf table is all that is missing */
    counted_at_flush(&f->host, map_there, &rival);
    assert_int_equal(iommu_map(domain, SIZE_2M, PA, SIZE_4K, RW), -IOMMU_EEXIST);
    assert_int_equal(rival.result, 0);
    assert_int_equal(iommu_iova_to_phys(domain, SIZE_2M, &pa), 0);
    assert_int_equal(iommu_unmap(domain, SIZE_2M, SIZE_2M, NULL), 0);
    domain_gone(domain);
}

/* The table at the range's beginning is shared with others: it is ours from the first look on. */
static void test_B42_a_rival_finds_no_room_under_the_map(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct rival rival = {domain, SIZE_4K, SIZE_2M - SIZE_4K, 1};
    uint64_t pa;

    assert_int_equal(iommu_map(domain, 0, PA, SIZE_4K, RW), 0);
    counted_meanwhile(&f->host, fill_and_unmap, &rival);
    assert_int_equal(iommu_map(domain, SIZE_4K, PA + SIZE_4K, SIZE_2M, RW), 0);
    assert_int_equal(rival.result, -IOMMU_EEXIST);
    for (uint64_t at = 0; at < SIZE_2M + SIZE_4K; at += SIZE_4K) {
        assert_int_equal(iommu_iova_to_phys(domain, at, &pa), 0);
        assert_int_equal(pa, PA + at);
    }
    domain_gone(domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B42_nothing_where_something_is_needed),
        FIXTURE_TEST(test_B30_a_pair_of_two_instances),
        FIXTURE_TEST(test_B35_users_of_a_pair_are_counted_to_the_end),
        FIXTURE_TEST(test_B71_a_driver_that_cannot_attach_has_no_such_device),
        FIXTURE_TEST(test_B71_neither_the_new_domain_nor_firmwares),
        FIXTURE_TEST(test_B71_firmware_does_not_come_back),
        FIXTURE_TEST(test_B45_sync_takes_no_lock_where_no_table_died),
        FIXTURE_TEST(test_a_map_takes_no_lock_where_no_table_is_missing),
        FIXTURE_TEST(test_a_first_map_asks_for_memory_without_a_lock),
        FIXTURE_TEST(test_B42_unmap_beyond_the_last_address),
        FIXTURE_TEST(test_B42_the_first_page_is_taken),
        FIXTURE_TEST(test_B52_the_rival_publishes_first),
        FIXTURE_TEST(test_B42_the_rival_publishes_a_page),
        FIXTURE_TEST(test_B42_a_rival_finds_no_room_under_the_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
