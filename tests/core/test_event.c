/* SPDX-License-Identifier: MIT */
/*
 * From a driver's record to the handlers; error numbers in words; a host that leaves hooks out.
 * platform: core
 */
#include "core/host.h"
#include "tests/core/fixture.h"

struct seen {
    struct iommu_event event;
    unsigned count;
    struct iommu_domain *map_in;
};

static void note(void *ctx, const struct iommu_event *event)
{
    struct seen *seen = ctx;

    seen->event = *event;
    seen->count++;
    if (seen->map_in) { /* no lock is held: all of this is allowed */
        struct iommu_attachment *at = NULL;

        assert_int_equal(iommu_map(seen->map_in, event->address, 0x1000, 0x1000, IOMMU_READ), 0);
        assert_int_equal(iommu_lookup(event->device, event->pasid, &at), 0);
        assert_ptr_equal(at, event->attachment);
    }
}

static void test_B62_a_fault_reaches_its_domain(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_attachment *at = mock_attach(domain, device, iommu_route_pasid(5));
    struct iommu_event event = {.type = IOMMU_EVENT_FAULT, .rid = 8, .pasid = 5, .address = 0x7000};
    struct seen all = {.count = 0}, own = {.map_in = domain};

    iommu_set_event_handler(&f->mock.iommu, note, &all);
    iommu_domain_set_event_handler(domain, note, &own);
    iommu_report_event(&f->mock.iommu, &event);
    assert_int_equal(all.count, 1);
    assert_int_equal(own.count, 1);
    assert_ptr_equal(own.event.device, device);
    assert_ptr_equal(own.event.attachment, at);
    assert_int_equal(own.event.address, 0x7000);

    event.pasid = 6; /* blocked: nobody's */
    iommu_report_event(&f->mock.iommu, &event);
    assert_ptr_equal(all.event.device, device);
    assert_null(all.event.attachment);
    event.rid = 9; /* unknown */
    iommu_report_event(&f->mock.iommu, &event);
    assert_null(all.event.device);
    event = (struct iommu_event){.type = IOMMU_EVENT_QUEUE, .rid = 8, .pasid = 5};
    iommu_report_event(&f->mock.iommu, &event);
    assert_null(all.event.device);
    assert_int_equal(all.count, 4);
    assert_int_equal(own.count, 1);

    iommu_set_event_handler(&f->mock.iommu, NULL, NULL);
    iommu_report_event(&f->mock.iommu, &event);
    assert_int_equal(all.count, 4);
    iommu_set_event_handler(NULL, note, NULL);
    iommu_domain_set_event_handler(NULL, note, NULL);
    assert_int_equal(iommu_handle_events(NULL), -IOMMU_EINVAL);
    device_gone(device);
    domain_gone(domain);
}

static void test_B62_every_error_has_words(void **state)
{
    const int errors[] = {IOMMU_EPERM,      IOMMU_ENOENT,   IOMMU_EIO,    IOMMU_ENOMEM,
                          IOMMU_EFAULT,     IOMMU_EBUSY,    IOMMU_EEXIST, IOMMU_EXDEV,
                          IOMMU_ENODEV,     IOMMU_EINVAL,   IOMMU_ENOSPC, IOMMU_ERANGE,
                          IOMMU_EOPNOTSUPP, IOMMU_ETIMEDOUT};

    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        for (size_t j = 0; j <= i; j++)
            assert_int_equal(!strcmp(iommu_strerror(-errors[i]), iommu_strerror(-errors[j])),
                             i == j);
    assert_string_equal(iommu_strerror(0), "success");
    assert_string_equal(iommu_strerror(5), "success");
    assert_string_equal(iommu_strerror(-9999), "unknown error");
    assert_string_equal(iommu_strerror(INT32_MIN), "unknown error");
}

static uint64_t clock_now;

static uint64_t ticking(void *ctx)
{
    (void)ctx;
    return clock_now += 300000;
}

static void test_B60_deadlines_with_and_without_a_clock(void **state)
{
    struct iommu_platform bare = {.phys_to_virt_offset = 0}, timed = {.now_ns = ticking};
    struct iommu_deadline deadline = deadline_start(&bare, 2);
    unsigned polls = 0;

    (void)state;
    while (!deadline_passed(&deadline))
        polls++;
    assert_int_equal(polls, 2000);
    assert_true(deadline_passed(&deadline));
    clock_now = UINT64_MAX - 500000; /* wraps on the way */
    deadline = deadline_start(&timed, 2);
    for (polls = 0; !deadline_passed(&deadline);)
        polls++;
    assert_int_equal(polls, 6);
}

static void test_B75_a_bare_host_has_defaults(void **state)
{
    struct iommu_platform bare = {.phys_to_virt_offset = 0};
    uint64_t reg[2] = {0x1122334455667788, 0};
    struct iommu_lock lock;

    (void)state;
    assert_int_equal(host_mmio_read32(&bare, &reg[0]), 0x55667788);
    assert_int_equal(host_mmio_read64(&bare, &reg[0]), 0x1122334455667788);
    host_mmio_write32(&bare, &reg[1], 0xaabbccdd);
    assert_int_equal(reg[1], 0xaabbccdd);
    host_mmio_write64(&bare, &reg[1], 0x0102030405060708);
    assert_int_equal(reg[1], 0x0102030405060708);
    assert_ptr_equal(host_mmio_map(&bare, (uintptr_t)reg, 16), reg);
    host_mmio_unmap(&bare, reg, 16);
    assert_int_equal(host_virt_to_phys(&bare, reg), (uintptr_t)reg);
    assert_false(host_can_flush(&bare));
    assert_int_equal(host_pci_read32(&bare, 0, 8, 0), UINT32_MAX);
    host_pci_write32(&bare, 0, 8, 4, 0);
    host_cache_flush(&bare, reg, 16);
    host_barrier(&bare);
    host_relax(&bare);
    host_log(&bare, IOMMU_LOG_INFO, "nobody listens");
    assert_int_equal(host_lock_init(&bare, &lock), 0);
    host_lock(&bare, &lock);
    host_unlock(&bare, &lock);
    host_lock_fini(&bare, &lock);
    host_free(&bare, NULL, 8);
    host_page_free(&bare, NULL, 0);
    assert_int_equal(host_now(&bare), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B62_a_fault_reaches_its_domain),
        cmocka_unit_test(test_B62_every_error_has_words),
        cmocka_unit_test(test_B60_deadlines_with_and_without_a_clock),
        cmocka_unit_test(test_B75_a_bare_host_has_defaults),
    };

    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
