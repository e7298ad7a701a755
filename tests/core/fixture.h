/* SPDX-License-Identifier: MIT */
/*
 * tests/core/fixture.h - a counted host with a mock on it, fresh for every test; nothing may be left behind.
 */
#ifndef TESTS_CORE_FIXTURE_H
#define TESTS_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/core/mock.h"

struct fixture {
    struct counted host;
    struct mock mock;
};

static inline int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    counted_init(&fixture->host, 4096);
    mock_init(&fixture->mock, &fixture->host);
    *state = fixture;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    mock_fini(&fixture->mock);
    counted_fini(&fixture->host);
    free(fixture);
    return 0;
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Pages that tables and the hardware's structures are made of: those in the instance's stock are not. */
static inline size_t pages_in_use(const struct fixture *fixture)
{
    const struct iommu_pt_stock *stock = &fixture->mock.iommu.table_pages;
    size_t spares = 0;

    for (unsigned i = 0; i < IOMMU_PT_STOCK_SPARES; i++)
        spares += stock->spare[i].page != NULL;
    return fixture->host.pages - stock->count - spares;
}

/* What must be the same after a call that was refused. */
struct trace {
    size_t objects, bytes, pages, locks;
};

static inline struct trace trace_take(const struct fixture *fixture)
{
    const struct counted *host = &fixture->host;
    struct trace trace = {host->objects, host->bytes, pages_in_use(fixture), host->locks};

    return trace;
}

static inline void trace_assert_same(const struct fixture *fixture, struct trace before)
{
    struct trace after = trace_take(fixture);

    assert_int_equal(after.objects, before.objects);
    assert_int_equal(after.bytes, before.bytes);
    assert_int_equal(after.pages, before.pages);
    assert_int_equal(after.locks, before.locks);
}

static inline void domain_gone(struct iommu_domain *domain)
{
    assert_int_equal(iommu_domain_free(domain), 0);
}

static inline void device_gone(struct iommu_device *device)
{
    assert_int_equal(iommu_device_remove(device), 0);
}

#endif
