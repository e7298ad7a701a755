/* SPDX-License-Identifier: MIT */
/*
 * Routes: chosen and automatic PASIDs, handles, lookup, iteration, replace, claims, widths, removal, and what
 * happens when the hardware fails in between.
 * platform: core
 */
#include "tests/core/fixture.h"
#include "tests/core/formats.h"

#define RW (IOMMU_READ | IOMMU_WRITE)
#define PA ((uint64_t)1 << 41)

static int try_attach(struct iommu_domain *domain, struct iommu_device *device,
                      struct iommu_route route)
{
    struct iommu_attachment *at = (struct iommu_attachment *)&at;
    struct iommu_attachment *before = at;
    int result = iommu_attach(domain, device, route, NULL, &at);

    if (result)
        assert_ptr_equal(at, before);
    return result;
}

/* ---- PASIDs ------------------------------------------------------------------------------------------- */

static void test_B53_a_pasid_of_ones_own_choice(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_device_pasid_limit(device), 1024);
    mock_attach(domain, device, iommu_route_pasid(77));
    assert_ptr_equal(mock_route(device, 77), domain);
    assert_int_equal(try_attach(domain, device, iommu_route_pasid(77)), -IOMMU_EBUSY);
    assert_int_equal(try_attach(domain, device, iommu_route_pasid(0)), -IOMMU_ERANGE);
    assert_int_equal(try_attach(domain, device, iommu_route_pasid(1024)), -IOMMU_ERANGE);
    assert_int_equal(try_attach(domain, device, iommu_route_auto(9, 8)), -IOMMU_ERANGE);
    assert_int_equal(try_attach(domain, device, iommu_route_auto(0, 8)), -IOMMU_ERANGE);
    assert_int_equal(try_attach(domain, device, iommu_route_auto(5000, 6000)), -IOMMU_ERANGE);
    mock_attach(domain, device, iommu_route_auto(77, 78));
    assert_int_equal(try_attach(domain, device, iommu_route_auto(77, 78)), -IOMMU_ENOSPC);
    mock_attach(domain, device, iommu_route_auto(1023, IOMMU_PASID_LAST)); /* cut to the limit */
    assert_int_equal(try_attach(domain, device, iommu_route_auto(1023, 2000)), -IOMMU_ENOSPC);
    mock_attach(domain, device, iommu_route_rid());
    assert_int_equal(try_attach(domain, device, iommu_route_rid()), -IOMMU_EBUSY);
    device_gone(device);
    domain_gone(domain);
}

static void test_B53_two_devices_have_pasids_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *one = mock_device(&f->mock, 8), *two = mock_device(&f->mock, 16);
    struct iommu_domain *first = mock_domain(&f->mock), *second = mock_domain(&f->mock);

    mock_attach(first, one, iommu_route_pasid(3));
    mock_attach(second, two, iommu_route_pasid(3));
    assert_ptr_equal(mock_route(one, 3), first);
    assert_ptr_equal(mock_route(two, 3), second);
    device_gone(one);
    device_gone(two);
    domain_gone(first);
    domain_gone(second);
}

static void test_B31_pasids_to_the_last_and_none_leaks(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_attachment *at[64];
    struct iommu_device *device;
    struct trace before, full;

    f->mock.pasid_limit = 64;
    device = mock_device(&f->mock, 8);
    before = trace_take(f);
    for (uint32_t i = 1; i < 64; i++) {
        at[i] = mock_attach(domain, device, iommu_route_any());
        assert_int_equal(iommu_attachment_pasid(at[i]), i); /* never 0, lowest first */
    }
    full = trace_take(f);
    assert_int_equal(try_attach(domain, device, iommu_route_any()), -IOMMU_ENOSPC);
    trace_assert_same(f, full);
    assert_int_equal(iommu_detach(at[63]), 0);
    assert_int_equal(iommu_detach(at[20]), 0);
    at[20] = mock_attach(domain, device, iommu_route_any());
    at[63] = mock_attach(domain, device, iommu_route_any());
    assert_int_equal(iommu_attachment_pasid(at[20]), 20);
    assert_int_equal(iommu_attachment_pasid(at[63]), 63);
    for (uint32_t i = 1; i < 64; i++)
        assert_int_equal(iommu_detach(at[i]), 0);
    trace_assert_same(f, before);
    device_gone(device);
    domain_gone(domain);
}

static void test_B2_no_pasids_no_auxiliary_routes(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_device *device, *uncovered = mock_device(&f->mock, MOCK_RID_UNCOVERED);

    f->mock.pasid_limit = 0;
    device = mock_device(&f->mock, 8);
    assert_int_equal(try_attach(domain, device, iommu_route_any()), -IOMMU_EOPNOTSUPP);
    assert_int_equal(try_attach(domain, uncovered, iommu_route_any()), -IOMMU_ENODEV);
    assert_int_equal(try_attach(domain, uncovered, iommu_route_rid()), -IOMMU_ENODEV);
    assert_int_equal(iommu_attach_device(domain, uncovered), -IOMMU_ENODEV);
    assert_int_equal(iommu_aux_attach_device(domain, uncovered), -IOMMU_ENODEV);
    assert_int_equal(try_attach(NULL, device, iommu_route_rid()), -IOMMU_EINVAL);
    assert_int_equal(try_attach(domain, NULL, iommu_route_rid()), -IOMMU_EINVAL);
    mock_attach(domain, device, iommu_route_rid());
    device_gone(device);
    device_gone(uncovered);
    domain_gone(domain);
}

/* ---- handles ------------------------------------------------------------------------------------------ */

struct visit {
    uint32_t pasid[8];
    unsigned count, stop_at;
};

static int visit(void *ctx, struct iommu_attachment *attachment)
{
    struct visit *visit = ctx;

    visit->pasid[visit->count++] = iommu_attachment_pasid(attachment);
    return visit->count == visit->stop_at ? 42 : 0;
}

static void test_B54_handles_lookup_and_iteration(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_attachment *at, *found = NULL;
    struct visit all = {.count = 0}, some = {.stop_at = 2};
    int cookie;

    f->mock.pasid_limit = 1u << 20;
    device_gone(device);
    device = mock_device(&f->mock, 8);
    assert_int_equal(
        iommu_attach(domain, device, iommu_route_pasid(IOMMU_PASID_LAST), &cookie, &at), 0);
    assert_ptr_equal(iommu_attachment_cookie(at), &cookie);
    assert_ptr_equal(iommu_attachment_device(at), device);
    assert_ptr_equal(iommu_attachment_domain(at), domain);
    assert_int_equal(iommu_lookup(device, IOMMU_PASID_LAST, &found), 0);
    assert_ptr_equal(found, at);
    assert_int_equal(iommu_lookup(device, 4, &found), -IOMMU_ENOENT);
    assert_int_equal(iommu_lookup(device, 0, &found), -IOMMU_ENOENT);
    assert_int_equal(iommu_lookup(device, IOMMU_PASID_LAST + 1, &found), -IOMMU_ENOENT);
    assert_int_equal(iommu_lookup(device, IOMMU_NO_PASID, &found), -IOMMU_ENOENT);
    assert_int_equal(iommu_lookup(NULL, 4, &found), -IOMMU_EINVAL);

    mock_attach(domain, device, iommu_route_pasid(5000));
    mock_attach(domain, device, iommu_route_pasid(3));
    at = mock_attach(domain, device, iommu_route_rid());
    assert_int_equal(iommu_lookup(device, IOMMU_NO_PASID, &found), 0);
    assert_ptr_equal(found, at);
    assert_int_equal(iommu_for_each_attachment(device, visit, &all), 0);
    assert_int_equal(all.count, 4);
    assert_int_equal(all.pasid[0], IOMMU_NO_PASID);
    assert_int_equal(all.pasid[1], 3);
    assert_int_equal(all.pasid[2], 5000);
    assert_int_equal(all.pasid[3], IOMMU_PASID_LAST);
    assert_int_equal(iommu_for_each_attachment(device, visit, &some), 42);
    assert_int_equal(some.count, 2);
    some.count = 0;
    some.stop_at = 0;
    assert_int_equal(iommu_domain_for_each_attachment(domain, visit, &some), 0);
    assert_int_equal(some.count, 4);
    device_gone(device);
    domain_gone(domain);
}

/* ---- replace ------------------------------------------------------------------------------------------ */

static void test_B55_replace_switches_or_leaves_all_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *one = mock_domain(&f->mock), *two = mock_domain(&f->mock);
    struct iommu_attachment *before = mock_attach(two, device, iommu_route_pasid(1));
    struct iommu_attachment *at = mock_attach(one, device, iommu_route_pasid(9));
    struct trace trace = trace_take(f);

    assert_int_equal(iommu_replace(at, one), 0);
    assert_int_equal(f->mock.calls[MOCK_REPLACE], 0); /* nothing happens */
    mock_fail(&f->mock, MOCK_REPLACE, -IOMMU_EIO);
    assert_int_equal(iommu_replace(at, two), -IOMMU_EIO);
    assert_ptr_equal(mock_route(device, 9), one);
    assert_ptr_equal(iommu_attachment_domain(at), one);
    trace_assert_same(f, trace);

    assert_int_equal(iommu_replace(at, two), 0);
    assert_ptr_equal(mock_route(device, 9), two);
    assert_ptr_equal(iommu_attachment_domain(at), two);
    assert_null(one->attachments);
    assert_int_equal(iommu_domain_free(two), -IOMMU_EBUSY);
    trace_assert_same(f, trace);
    assert_int_equal(iommu_detach(before), 0); /* the list is whole */
    assert_ptr_equal(two->attachments, at);
    assert_int_equal(iommu_replace(NULL, two), -IOMMU_EINVAL);
    assert_int_equal(iommu_replace(at, NULL), -IOMMU_EINVAL);
    f->mock.ops.replace = NULL;
    assert_int_equal(iommu_replace(at, one), -IOMMU_EOPNOTSUPP);
    assert_int_equal(iommu_detach(at), 0);
    domain_gone(one);
    domain_gone(two);
    device_gone(device);
}

static void test_B55_replace_of_an_auxiliary_keeps_pairs_single(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *one = mock_domain(&f->mock), *two = mock_domain(&f->mock);
    struct iommu_attachment *at = NULL;

    assert_int_equal(iommu_enable_aux_domain(device), 0);
    assert_int_equal(iommu_aux_attach_device(one, device), 0);
    assert_int_equal(iommu_aux_attach_device(one, device), 0);
    assert_int_equal(iommu_lookup(device, 1, &at), 0);
    assert_int_equal(iommu_replace(at, two), 0);
    assert_int_equal(iommu_auxiliary_id(one), -IOMMU_ENOENT);
    assert_int_equal(iommu_auxiliary_id(two), 1);
    assert_int_equal(iommu_aux_attach_device(one, device), 0);
    assert_int_equal(iommu_replace(at, one), -IOMMU_EBUSY);
    assert_int_equal(iommu_aux_detach_device(two, device), 0);
    assert_int_equal(iommu_aux_get_pasid(two, device), 1); /* two users moved along */
    assert_int_equal(iommu_aux_detach_device(two, device), 0);
    assert_int_equal(iommu_aux_get_pasid(two, device), -IOMMU_ENOENT);
    device_gone(device);
    domain_gone(one);
    domain_gone(two);
}

/* ---- widths ------------------------------------------------------------------------------------------- */

static void test_B39_a_domain_mapped_beyond_the_devices_reach(void **state)
{
    const struct iommu_device_config narrow_config = {.rid = 16, .dma_bits = 32};
    struct fixture *f = *state;
    struct iommu_device *wide = mock_device(&f->mock, 8), *narrow;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_attachment *at, *on_wide = mock_attach(domain, wide, iommu_route_any());
    uint64_t above = (uint64_t)1 << 32, pa;

    assert_int_equal(iommu_device_add(&f->mock.iommu, &narrow_config, &narrow), 0);
    assert_int_equal(iommu_map(domain, above, PA, SIZE_4K, RW), 0);
    assert_int_equal(try_attach(domain, narrow, iommu_route_any()), -IOMMU_EFAULT);
    assert_int_equal(iommu_replace(mock_attach(domain, wide, iommu_route_any()), domain), 0);
    assert_int_equal(iommu_iova_to_phys(domain, above, &pa), 0);
    assert_int_equal(iommu_map(domain, above + SIZE_4K, PA, SIZE_4K, RW), 0); /* not narrowed */
    assert_int_equal(iommu_unmap(domain, above, 2 * SIZE_4K, NULL), 0);

    at = mock_attach(domain, narrow, iommu_route_any());
    assert_int_equal(iommu_map(domain, above, PA, SIZE_4K, RW), -IOMMU_ERANGE);
    assert_int_equal(iommu_map(domain, above - SIZE_4K, PA, 2 * SIZE_4K, RW), -IOMMU_ERANGE);
    assert_int_equal(iommu_map(domain, above - SIZE_4K, PA, SIZE_4K, RW), 0);
    assert_int_equal(iommu_detach(on_wide), 0);
    assert_int_equal(iommu_map(domain, above, PA, SIZE_4K, RW), -IOMMU_ERANGE);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_map(domain, above, PA, SIZE_4K, RW), 0); /* wide again */
    device_gone(wide);
    device_gone(narrow);
    domain_gone(domain);
}

static void test_B39_a_failed_attach_leaves_no_narrow_domain(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock), *other = mock_domain(&f->mock);
    struct iommu_attachment *at;
    struct iommu_device *narrow;

    f->mock.address_bits = 39;
    narrow = mock_device(&f->mock, 8);
    mock_fail(&f->mock, MOCK_ATTACH, -IOMMU_EIO);
    assert_int_equal(try_attach(domain, narrow, iommu_route_any()), -IOMMU_EIO);
    assert_int_equal(iommu_map(domain, (uint64_t)1 << 40, PA, SIZE_4K, RW), 0);

    at = mock_attach(other, narrow, iommu_route_any());
    assert_int_equal(iommu_replace(at, domain), -IOMMU_EFAULT);
    assert_int_equal(iommu_unmap(domain, (uint64_t)1 << 40, SIZE_4K, NULL), 0);
    assert_int_equal(iommu_replace(at, domain), 0);
    assert_int_equal(iommu_map(domain, (uint64_t)1 << 40, PA, SIZE_4K, RW), -IOMMU_ERANGE);
    assert_int_equal(iommu_map(other, (uint64_t)1 << 40, PA, SIZE_4K, RW), 0);
    device_gone(narrow);
    domain_gone(domain);
    domain_gone(other);
}

static void test_B46_identity_domains_have_no_table(void **state)
{
    const struct iommu_domain_config config = {.type = IOMMU_DOMAIN_IDENTITY};
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain;
    struct iommu_geometry geometry;
    uint64_t pa;

    assert_int_equal(iommu_domain_alloc(&f->mock.iommu, &config, &domain), 0);
    iommu_domain_geometry(domain, &geometry);
    assert_int_equal(geometry.levels, 0);
    assert_int_equal(geometry.last, UINT64_MAX);
    assert_int_equal(iommu_map(domain, 0, 0, SIZE_4K, RW), -IOMMU_EINVAL);
    assert_int_equal(iommu_unmap(domain, 0, SIZE_4K, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_iova_to_phys(domain, 0x123456789, &pa), 0);
    assert_int_equal(pa, 0x123456789);
    mock_attach(domain, device, iommu_route_rid());
    mock_attach(domain, device, iommu_route_any());
    device_gone(device);
    domain_gone(domain);
}

/* ---- claims ------------------------------------------------------------------------------------------- */

static void test_B35_claims_keep_pasids_out(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_attachment *at = mock_attach(domain, device, iommu_route_any());
    int guest, other;

    assert_int_equal(iommu_device_claim(device, &guest), -IOMMU_EBUSY);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_device_claim(device, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_device_claim(device, &guest), 0);
    assert_int_equal(iommu_device_claim(device, &guest), 0);
    assert_int_equal(iommu_device_claim(device, &other), -IOMMU_EBUSY);
    assert_int_equal(try_attach(domain, device, iommu_route_any()), -IOMMU_EBUSY);
    mock_attach(domain, device, iommu_route_rid());
    assert_int_equal(iommu_device_unclaim(device, &other), -IOMMU_ENOENT);
    assert_int_equal(iommu_device_unclaim(device, &guest), 0);
    assert_int_equal(try_attach(domain, device, iommu_route_any()), -IOMMU_EBUSY);
    assert_int_equal(iommu_device_unclaim(device, &guest), 0);
    assert_int_equal(iommu_device_unclaim(device, &guest), -IOMMU_ENOENT);
    mock_attach(domain, device, iommu_route_any());
    assert_int_equal(iommu_device_claim(device, &other), -IOMMU_EBUSY);
    device_gone(device);
    domain_gone(domain);
}

/* ---- doubt -------------------------------------------------------------------------------------------- */

static void test_B58_a_pasid_in_doubt_is_not_handed_out_again(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock), *next = mock_domain(&f->mock);
    struct iommu_attachment *at = mock_attach(domain, device, iommu_route_any()), *found;

    mock_fail(&f->mock, MOCK_DETACH, -IOMMU_ETIMEDOUT);
    assert_int_equal(iommu_detach(at), -IOMMU_ETIMEDOUT);
    assert_null(mock_route(device, 1));
    assert_int_equal(iommu_lookup(device, 1, &found), -IOMMU_ENOENT);
    assert_int_equal(try_attach(next, device, iommu_route_pasid(1)), -IOMMU_EBUSY);
    at = mock_attach(next, device, iommu_route_any());
    assert_int_equal(iommu_attachment_pasid(at), 2);
    assert_int_equal(iommu_domain_free(domain), -IOMMU_EBUSY);
    device_gone(device);
    domain_gone(domain);
    domain_gone(next);
}

static void test_B68_removal_goes_through_when_the_hardware_is_dead(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_enable_aux_domain(device), 0);
    assert_int_equal(iommu_aux_attach_device(domain, device), 0);
    for (int i = 0; i < 5; i++)
        mock_attach(domain, device, iommu_route_any());
    mock_attach(domain, device, iommu_route_rid());
    mock_fail(&f->mock, MOCK_DETACH, -IOMMU_ETIMEDOUT);
    assert_int_equal(iommu_device_remove(device), -IOMMU_ETIMEDOUT);
    assert_int_equal(iommu_auxiliary_id(domain), -IOMMU_ENOENT);
    domain_gone(domain);
    assert_int_equal(iommu_device_remove(NULL), -IOMMU_EINVAL);
}

/* ---- devices ------------------------------------------------------------------------------------------ */

static void test_B17_devices_are_told_apart_by_address(void **state)
{
    const uint16_t aliases[] = {0x200, 0x208};
    int cookie;
    const struct iommu_device_config with_aliases = {
        .segment = 1, .rid = 8, .aliases = aliases, .alias_count = 2, .cookie = &cookie};
    const struct iommu_device_config clash = {.segment = 1, .rid = 0x208};
    const struct iommu_device_config same_elsewhere = {.segment = 2, .rid = 0x208};
    const struct iommu_device_config bad[] = {
        {.rid = 1, .alias_count = 1}, {.rid = 1, .aliases = aliases, .alias_count = 8},
        {.rid = 1, .dma_bits = 65},   {.rid = 1, .dma_bits = 12},
        {.rid = 1, .pasid_bits = 21}, {.rid = 1, .flags = 2}};
    struct fixture *f = *state;
    struct iommu_device *device, *other, *found = NULL;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(iommu_device_add(&f->mock.iommu, &bad[i], &device), -IOMMU_EINVAL);
    assert_int_equal(iommu_device_add(&f->mock.iommu, &with_aliases, &device), 0);
    assert_int_equal(iommu_device_add(&f->mock.iommu, &clash, &other), -IOMMU_EBUSY);
    assert_int_equal(iommu_device_add(&f->mock.iommu, &with_aliases, &other), -IOMMU_EBUSY);
    assert_int_equal(iommu_device_add(&f->mock.iommu, &same_elsewhere, &other), 0);
    assert_int_equal(iommu_device_find(&f->mock.iommu, 1, 0x208, &found), 0);
    assert_ptr_equal(found, device);
    assert_int_equal(iommu_device_find(&f->mock.iommu, 2, 0x208, &found), 0);
    assert_ptr_equal(found, other);
    assert_int_equal(iommu_device_find(&f->mock.iommu, 2, 8, &found), -IOMMU_ENOENT);
    assert_int_equal(iommu_device_rid(device), 8);
    assert_int_equal(iommu_device_segment(device), 1);
    assert_ptr_equal(iommu_device_cookie(device), &cookie);
    assert_ptr_equal(iommu_device_instance(device), &f->mock.iommu);
    device_gone(device);
    device_gone(other);
}

static void test_B17_objects_of_two_instances_do_not_mix(void **state)
{
    struct fixture *f = *state;
    struct mock second;
    struct iommu_device *device = mock_device(&f->mock, 8), *foreign;
    struct iommu_domain *domain;
    struct iommu_attachment *at;

    mock_init(&second, &f->host);
    foreign = mock_device(&second, 8);
    domain = mock_domain(&f->mock);
    assert_int_equal(try_attach(domain, foreign, iommu_route_any()), -IOMMU_EXDEV);
    assert_int_equal(iommu_map_reserved(domain, foreign), -IOMMU_EXDEV);
    assert_int_equal(iommu_enable_aux_domain(foreign), 0);
    assert_int_equal(iommu_aux_attach_device(domain, foreign), -IOMMU_EXDEV);
    assert_int_equal(iommu_aux_detach_device(domain, foreign), -IOMMU_EXDEV);
    at = mock_attach(domain, device, iommu_route_any());
    {
        const struct iommu_domain_config config = {.device = foreign};
        struct iommu_domain *there = mock_domain(&second), *none;

        assert_int_equal(iommu_replace(at, there), -IOMMU_EXDEV);
        assert_int_equal(iommu_domain_alloc(&f->mock.iommu, &config, &none), -IOMMU_EXDEV);
        domain_gone(there);
    }
    device_gone(device);
    device_gone(foreign);
    domain_gone(domain);
    mock_fini(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B53_a_pasid_of_ones_own_choice),
        FIXTURE_TEST(test_B53_two_devices_have_pasids_of_their_own),
        FIXTURE_TEST(test_B31_pasids_to_the_last_and_none_leaks),
        FIXTURE_TEST(test_B2_no_pasids_no_auxiliary_routes),
        FIXTURE_TEST(test_B54_handles_lookup_and_iteration),
        FIXTURE_TEST(test_B55_replace_switches_or_leaves_all_as_it_was),
        FIXTURE_TEST(test_B55_replace_of_an_auxiliary_keeps_pairs_single),
        FIXTURE_TEST(test_B39_a_domain_mapped_beyond_the_devices_reach),
        FIXTURE_TEST(test_B39_a_failed_attach_leaves_no_narrow_domain),
        FIXTURE_TEST(test_B46_identity_domains_have_no_table),
        FIXTURE_TEST(test_B35_claims_keep_pasids_out),
        FIXTURE_TEST(test_B58_a_pasid_in_doubt_is_not_handed_out_again),
        FIXTURE_TEST(test_B68_removal_goes_through_when_the_hardware_is_dead),
        FIXTURE_TEST(test_B17_devices_are_told_apart_by_address),
        FIXTURE_TEST(test_B17_objects_of_two_instances_do_not_mix),
    };

    return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
