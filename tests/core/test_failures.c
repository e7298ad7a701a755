/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of every call fails once, every op of the driver fails once: memory, pages, routes and
 * reach are as before, and the call works afterwards.
 * platform: core
 */
#include "core/reach.h"
#include "tests/core/fixture.h"
#include "tests/core/formats.h"

#define RW   (IOMMU_READ | IOMMU_WRITE)
#define PA   ((uint64_t)1 << 41)
#define HIGH ((uint64_t)1 << 46)

/* What the calls below work with; made afresh for each of them. */
struct scene {
    struct mock *mock;
    struct iommu_device *device, *firmware; /* both with auxiliary domains enabled */
    struct iommu_domain *domain, *other;
    struct iommu_attachment *on_other; /* device, PASID 500 */
    struct iommu_device *made_device;
    struct iommu_domain *made_domain;
    struct iommu_attachment *made;
};

static void scene_open(struct scene *s, struct mock *mock)
{
    memset(s, 0, sizeof(*s));
    s->mock = mock;
    mock->address_bits = 40;
    s->device = mock_device(mock, 8);
    s->firmware = mock_device(mock, MOCK_RID_FIRMWARE);
    s->domain = mock_domain(mock);
    s->other = mock_domain(mock);
    assert_int_equal(iommu_enable_aux_domain(s->device), 0);
    assert_int_equal(iommu_enable_aux_domain(s->firmware), 0);
    s->on_other = mock_attach(s->other, s->device, iommu_route_pasid(500));
}

static void scene_close(struct scene *s)
{
    device_gone(s->device);
    device_gone(s->firmware);
    if (s->made_device)
        device_gone(s->made_device);
    domain_gone(s->domain);
    domain_gone(s->other);
    domain_gone(s->made_domain);
}

/* Routes and reach; memory is counted apart. */
static void assert_untouched(const struct scene *s)
{
    struct iommu_domain *domain = s->domain;

    assert_null(domain->attachments);
    assert_int_equal(domain->withheld, 0);
    assert_int_equal(s->device->pasid_count, 1);
    assert_int_equal(s->firmware->pasid_count, 0);
    for (uint32_t pasid = 0; pasid < 1024; pasid++)
        assert_ptr_equal(mock_route(s->device, pasid), pasid == 500 ? s->other : NULL);
    assert_ptr_equal(mock_route(s->firmware, IOMMU_NO_PASID), s->firmware->firmware_domain);
    assert_null(mock_route(s->firmware, 1));
    assert_ptr_equal(iommu_attachment_domain(s->on_other), s->other);
    assert_int_equal(iommu_auxiliary_id(domain), -IOMMU_ENOENT);
    assert_int_equal(domain->limit_bits, REACH_ALL);
    assert_false(iommu_pt_any_mapped(&domain->pt, 0));
    assert_null(s->made_device);
    assert_null(s->made_domain);
    assert_null(s->made);
}

/* ---- the calls ---------------------------------------------------------------------------------------- */

static int add_plain(struct scene *s)
{
    const struct iommu_device_config config = {.rid = 0x300};

    return iommu_device_add(&s->mock->iommu, &config, &s->made_device);
}

static int add_with_firmware(struct scene *s)
{
    const struct iommu_device_config config = {.segment = 3, .rid = MOCK_RID_FIRMWARE};

    return iommu_device_add(&s->mock->iommu, &config, &s->made_device);
}

static int make_domain(struct scene *s)
{
    return iommu_domain_alloc(&s->mock->iommu, NULL, &s->made_domain);
}

static int map_small(struct scene *s)
{
    return iommu_map(s->domain, HIGH, PA, SIZE_4K, RW);
}

static int map_across(struct scene *s)
{
    return iommu_map(s->domain, HIGH - 5 * SIZE_4K, PA - 5 * SIZE_4K, SIZE_1G + 9 * SIZE_4K, RW);
}

static int map_reserved(struct scene *s)
{
    return iommu_map_reserved(s->domain, s->firmware);
}

static int attach_rid(struct scene *s)
{
    return iommu_attach(s->domain, s->device, iommu_route_rid(), NULL, &s->made);
}

static int attach_first_pasid(struct scene *s)
{
    return iommu_attach(s->domain, s->firmware, iommu_route_any(), NULL, &s->made);
}

static int attach_far_pasid(struct scene *s)
{
    return iommu_attach(s->domain, s->device, iommu_route_pasid(900), NULL, &s->made);
}

static int replace(struct scene *s)
{
    return iommu_replace(s->on_other, s->domain);
}

static int aux_attach(struct scene *s)
{
    return iommu_aux_attach_device(s->domain, s->firmware);
}

static int attach_device(struct scene *s)
{
    return iommu_attach_device(s->domain, s->device);
}

struct call {
    const char *name;
    int (*fn)(struct scene *s);
    enum mock_op ops[3];
    bool keeps_tables; /* empty ones, after a failed flush */
};

static const struct call calls[] = {
    {"device_add", add_plain, {MOCK_PROBE}, false},
    {"device_add with regions",
     add_with_firmware,
     {MOCK_PROBE, MOCK_DOMAIN_INIT, MOCK_ATTACH},
     false},
    {"domain_alloc", make_domain, {MOCK_DOMAIN_INIT}, false},
    {"map", map_small, {MOCK_FLUSH_MAP}, true},
    {"map across tables", map_across, {MOCK_FLUSH_MAP}, true},
    {"map_reserved", map_reserved, {MOCK_FLUSH_MAP}, true},
    {"attach RID", attach_rid, {MOCK_ATTACH}, false},
    {"attach the first PASID", attach_first_pasid, {MOCK_ATTACH}, false},
    {"attach a PASID", attach_far_pasid, {MOCK_ATTACH}, false},
    {"replace", replace, {MOCK_REPLACE}, false},
    {"aux_attach", aux_attach, {MOCK_ATTACH}, false},
    {"attach_device", attach_device, {MOCK_ATTACH}, false},
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static size_t fail_each_allocation(struct fixture *f, const struct call *call)
{
    size_t nth = 1;
    struct scene s;

    scene_open(&s, &f->mock);
    for (;; nth++) {
        struct trace before = trace_take(f);
        int result;

        /* what comes from the stock cannot fail */
        iommu_pt_stock_drain(&f->mock.iommu.table_pages, &f->host.platform);
        counted_fail(&f->host, nth);
        result = call->fn(&s);
        counted_fail(&f->host, 0);
        if (!result)
            break;
        assert_int_equal(result, -IOMMU_ENOMEM);
        trace_assert_same(f, before);
        assert_untouched(&s);
        assert_in_range(nth, 1, 100);
    }
    scene_close(&s);
    return nth - 1;
}

static void test_B42_B79_every_allocation_fails_once(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < CALLS; i++) {
        size_t failed = fail_each_allocation(f, &calls[i]);

        print_message("# %s: %zu\n", calls[i].name, failed);
        assert_true(failed > 0);
    }
}

static void fail_op(struct fixture *f, const struct call *call, enum mock_op op)
{
    struct trace before;
    struct scene s;

    scene_open(&s, &f->mock);
    before = trace_take(f);
    mock_fail(&f->mock, op, -IOMMU_EIO);
    assert_int_equal(call->fn(&s), -IOMMU_EIO);
    assert_int_equal(f->mock.fail[op].result, 0);
    if (!call->keeps_tables)
        trace_assert_same(f, before);
    assert_untouched(&s);
    assert_int_equal(call->fn(&s), 0);
    scene_close(&s);
}

static void test_B42_B79_every_op_fails_once(void **state)
{
    for (size_t i = 0; i < CALLS; i++)
        for (size_t j = 0; j < 3 && calls[i].ops[j]; j++)
            fail_op(*state, &calls[i], calls[i].ops[j]);
}

static void test_B42_an_instance_that_cannot_start(void **state)
{
    struct fixture *f = *state;
    struct iommu_platform incomplete[4];
    struct mock mock;

    memset(&mock, 0, sizeof(mock));
    mock.ops = f->mock.ops;
    counted_fail(&f->host, 1);
    assert_int_equal(iommu_init(&mock.iommu, &mock.ops, &f->host.platform), -IOMMU_ENOMEM);
    assert_int_equal(iommu_init(&mock.iommu, &mock.ops, &f->host.platform), 0);
    mock_fail(&mock, MOCK_START, -IOMMU_ETIMEDOUT);
    assert_int_equal(iommu_start(&mock.iommu), -IOMMU_ETIMEDOUT);
    assert_int_equal(iommu_start(&mock.iommu), 0);
    assert_int_equal(iommu_start(&mock.iommu), 0);
    assert_int_equal(mock.calls[MOCK_START], 2);
    assert_int_equal(iommu_stop(&mock.iommu), 0);
    assert_int_equal(iommu_start(&mock.iommu), 0);
    assert_int_equal(mock.calls[MOCK_START], 3);
    assert_int_equal(iommu_destroy(&mock.iommu), 0);
    assert_int_equal(iommu_start(NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_stop(NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_destroy(NULL), -IOMMU_EINVAL);

    for (int i = 0; i < 4; i++)
        incomplete[i] = f->host.platform;
    incomplete[0].page_free = NULL;
    incomplete[1].lock_release = NULL;
    incomplete[2].virt_to_phys = (uint64_t(*)(void *, const void *))(uintptr_t)1;
    incomplete[3].alloc = NULL;
    for (int i = 0; i < 4; i++)
        assert_int_equal(iommu_init(&mock.iommu, &mock.ops, &incomplete[i]), -IOMMU_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B42_B79_every_allocation_fails_once),
        FIXTURE_TEST(test_B42_B79_every_op_fails_once),
        FIXTURE_TEST(test_B42_an_instance_that_cannot_start),
    };

    return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}
