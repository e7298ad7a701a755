/* SPDX-License-Identifier: MIT */
/*
 * The origin's calls on the mock driver.
 * platform: core
 */
#include "tests/core/fixture.h"

#define AUX IOMMU_DEV_FEAT_AUX

static struct iommu_device *enabled_device(struct mock *mock, uint16_t rid)
{
    struct iommu_device *device = mock_device(mock, rid);

    assert_int_equal(iommu_enable_aux_domain(device), 0);
    return device;
}

/* ---- capability --------------------------------------------------------------------------------------- */

static void test_B1_capable_hardware_says_yes(void **state)
{
    struct fixture *f = *state;

    assert_true(iommu_capable(&f->mock.iommu, IOMMU_CAP_AUX_DOMAIN));
}

static void test_B2_B25_a_driver_that_does_not_know_says_no(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);

    f->mock.capable = false;
    assert_false(iommu_capable(&f->mock.iommu, IOMMU_CAP_AUX_DOMAIN));
    f->mock.ops.capable = NULL;
    f->mock.ops.device_capable = NULL;
    assert_false(iommu_capable(&f->mock.iommu, IOMMU_CAP_AUX_DOMAIN));
    assert_false(iommu_device_capable(device, IOMMU_CAP_AUX_DOMAIN));
    assert_false(iommu_dev_has_feature(device, AUX));
    assert_false(iommu_capable(NULL, IOMMU_CAP_AUX_DOMAIN));
    assert_false(iommu_device_capable(NULL, IOMMU_CAP_AUX_DOMAIN));
    device_gone(device);
}

static void test_B24_the_device_answers_for_itself(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *with = mock_device(&f->mock, 8), *without;

    f->mock.pasid_limit = 0;
    without = mock_device(&f->mock, 16);
    assert_true(iommu_dev_has_feature(with, AUX));
    assert_false(iommu_dev_has_feature(without, AUX));
    assert_false(iommu_dev_has_feature(with, (enum iommu_dev_features)7));
    assert_false(iommu_dev_has_feature(NULL, AUX));
    device_gone(with);
    device_gone(without);
}

/* ---- enable, disable ---------------------------------------------------------------------------------- */

static void test_B3_enable_once_and_twice(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = enabled_device(&f->mock, 8);

    assert_int_equal(iommu_enable_aux_domain(device), 0);
    assert_int_equal(f->mock.calls[MOCK_ENABLE], 1);
    device_gone(device);
    assert_int_equal(f->mock.calls[MOCK_DISABLE], 1);
}

static void test_B4_enable_without_ops_is_invalid(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *covered = mock_device(&f->mock, 8);
    struct iommu_device *uncovered = mock_device(&f->mock, MOCK_RID_UNCOVERED);

    assert_int_equal(iommu_enable_aux_domain(uncovered), -IOMMU_EINVAL);
    assert_int_equal(iommu_dev_enable_feature(uncovered, AUX), -IOMMU_ENODEV);
    assert_int_equal(iommu_enable_aux_domain(NULL), -IOMMU_EINVAL);
    f->mock.ops.enable_auxd = NULL;
    assert_int_equal(iommu_enable_aux_domain(covered), -IOMMU_EINVAL);
    assert_int_equal(iommu_dev_enable_feature(covered, AUX), -IOMMU_EOPNOTSUPP);
    assert_int_equal(iommu_dev_enable_feature(covered, (enum iommu_dev_features)1), -IOMMU_EINVAL);
    assert_int_equal(iommu_dev_enable_feature(NULL, AUX), -IOMMU_EINVAL);
    device_gone(covered);
    device_gone(uncovered);
}

static void test_B5_enable_passes_the_drivers_error_on(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    const int errors[] = {-IOMMU_EIO, -IOMMU_EOPNOTSUPP, -77};

    for (size_t i = 0; i < 3; i++) {
        mock_fail(&f->mock, MOCK_ENABLE, errors[i]);
        assert_int_equal(iommu_enable_aux_domain(device), errors[i]);
        assert_false(iommu_dev_feature_enabled(device, AUX));
    }
    device_gone(device);
}

static void test_B6_disable_is_harmless(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_device *uncovered = mock_device(&f->mock, MOCK_RID_UNCOVERED);

    iommu_disable_aux_domain(NULL);
    iommu_disable_aux_domain(uncovered);
    iommu_disable_aux_domain(device);
    assert_int_equal(iommu_dev_disable_feature(device, AUX), 0);
    assert_int_equal(iommu_dev_disable_feature(uncovered, AUX), 0);
    assert_int_equal(iommu_dev_disable_feature(NULL, AUX), -IOMMU_EINVAL);
    assert_int_equal(iommu_dev_disable_feature(device, (enum iommu_dev_features)1), -IOMMU_EINVAL);
    assert_int_equal(f->mock.calls[MOCK_DISABLE], 0);

    f->mock.ops.disable_auxd = NULL;
    assert_int_equal(iommu_enable_aux_domain(device), 0);
    iommu_disable_aux_domain(device);
    assert_false(iommu_dev_feature_enabled(device, AUX));
    device_gone(device);
    device_gone(uncovered);
}

static void test_B7_B29_no_attach_unless_enabled(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_aux_attach_device(domain, device), -IOMMU_EPERM);
    assert_int_equal(iommu_enable_aux_domain(device), 0);
    assert_int_equal(iommu_aux_attach_device(domain, device), 0);
    assert_int_equal(iommu_aux_detach_device(domain, device), 0);
    iommu_disable_aux_domain(device);
    assert_int_equal(iommu_aux_attach_device(domain, device), -IOMMU_EPERM);
    assert_int_equal(iommu_enable_aux_domain(device), 0);
    assert_int_equal(iommu_aux_attach_device(domain, device), 0);
    assert_int_equal(iommu_aux_detach_device(domain, device), 0);
    device_gone(device);
    domain_gone(domain);
}

static void test_B27_feature_enabled_mirrors(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);

    assert_false(iommu_dev_feature_enabled(device, AUX));
    assert_int_equal(iommu_dev_enable_feature(device, AUX), 0);
    assert_true(iommu_dev_feature_enabled(device, AUX));
    iommu_disable_aux_domain(device);
    assert_false(iommu_dev_feature_enabled(device, AUX));
    assert_int_equal(iommu_enable_aux_domain(device), 0);
    assert_true(iommu_dev_feature_enabled(device, AUX));
    assert_false(iommu_dev_feature_enabled(device, (enum iommu_dev_features)1));
    assert_int_equal(iommu_dev_disable_feature(device, AUX), 0);
    assert_false(iommu_dev_feature_enabled(device, AUX));
    assert_false(iommu_dev_feature_enabled(NULL, AUX));
    device_gone(device);
}

static void test_B37_disable_with_attachments_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = enabled_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);
    int pasid;

    assert_int_equal(iommu_aux_attach_device(domain, device), 0);
    pasid = iommu_auxiliary_id(domain);
    assert_int_equal(iommu_dev_disable_feature(device, AUX), -IOMMU_EBUSY);
    iommu_disable_aux_domain(device);
    assert_true(iommu_dev_feature_enabled(device, AUX));
    assert_int_equal(f->mock.calls[MOCK_DISABLE], 0);
    assert_ptr_equal(mock_route(device, (uint32_t)pasid), domain);
    assert_int_equal(iommu_aux_detach_device(domain, device), 0);
    assert_int_equal(iommu_dev_disable_feature(device, AUX), 0);
    device_gone(device);
    domain_gone(domain);
}

/* ---- ids ---------------------------------------------------------------------------------------------- */

static void test_B8_B9_B10_the_id_of_a_domain(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = enabled_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_auxiliary_id(domain), -IOMMU_ENOENT);
    assert_int_equal(iommu_aux_attach_device(domain, device), 0);
    assert_int_equal(iommu_auxiliary_id(domain), iommu_aux_get_pasid(domain, device));
    assert_true(iommu_auxiliary_id(domain) >= 1);
    f->mock.ops.auxd_id = NULL;
    assert_int_equal(iommu_auxiliary_id(domain), -IOMMU_EINVAL);
    assert_int_equal(iommu_auxiliary_id(NULL), -IOMMU_EINVAL);
    f->mock.ops.auxd_id = iommu_domain_auxd_id;
    assert_int_equal(iommu_aux_detach_device(domain, device), 0);
    assert_int_equal(iommu_auxiliary_id(domain), -IOMMU_ENOENT);
    device_gone(device);
    domain_gone(domain);
}

static void test_B10_an_ordinary_attachment_gives_no_auxiliary_id(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = enabled_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_attachment *by_pasid = mock_attach(domain, device, iommu_route_pasid(5));
    struct iommu_attachment *by_rid = mock_attach(domain, device, iommu_route_rid());

    assert_int_equal(iommu_auxiliary_id(domain), -IOMMU_ENOENT);
    assert_int_equal(iommu_aux_get_pasid(domain, device), -IOMMU_ENOENT);
    assert_int_equal(iommu_aux_attach_device(domain, device), 0);
    assert_int_equal(iommu_auxiliary_id(domain), 1); /* one of its own */
    assert_int_equal(iommu_detach(by_pasid), 0);
    assert_int_equal(iommu_detach(by_rid), 0);
    assert_int_equal(iommu_aux_detach_device(domain, device), 0);
    device_gone(device);
    domain_gone(domain);
}

static void test_B11_B12_thousands_of_domains_with_ids_of_their_own(void **state)
{
    enum { COUNT = 3000 };
    struct fixture *f = *state;
    static struct iommu_domain *domain[COUNT];
    bool seen[4096] = {false};
    struct iommu_device *device;

    f->mock.pasid_limit = 4096;
    device = enabled_device(&f->mock, 8);
    for (int i = 0; i < COUNT; i++) {
        int id;

        domain[i] = mock_domain(&f->mock);
        assert_int_equal(iommu_aux_attach_device(domain[i], device), 0);
        id = iommu_auxiliary_id(domain[i]);
        assert_in_range(id, 1, 4095);
        assert_false(seen[id]);
        seen[id] = true;
    }
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(mock_route(device, (uint32_t)iommu_auxiliary_id(domain[i])), domain[i]);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(iommu_aux_detach_device(domain[i], device), 0);
        domain_gone(domain[i]);
    }
    device_gone(device);
}

static void test_B48_the_pasid_is_the_pairs(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *one = enabled_device(&f->mock, 8), *two = enabled_device(&f->mock, 16);
    struct iommu_domain *domain = mock_domain(&f->mock), *other = mock_domain(&f->mock);

    assert_int_equal(iommu_aux_attach_device(other, two), 0); /* takes 1 on two */
    assert_int_equal(iommu_aux_attach_device(domain, one), 0);
    assert_int_equal(iommu_aux_get_pasid(domain, one), 1);
    assert_int_equal(iommu_aux_get_pasid(domain, two), -IOMMU_ENOENT);
    assert_int_equal(iommu_aux_attach_device(domain, two), 0);
    assert_int_equal(iommu_aux_get_pasid(domain, two), 2); /* 1 is not free there */
    assert_int_equal(iommu_auxiliary_id(domain), -IOMMU_EXDEV);
    assert_int_equal(iommu_aux_detach_device(domain, two), 0);
    assert_int_equal(iommu_aux_get_pasid(domain, two), -IOMMU_ENOENT);
    assert_int_equal(iommu_auxiliary_id(domain), 1);
    assert_int_equal(iommu_aux_get_pasid(NULL, two), -IOMMU_EINVAL);
    assert_int_equal(iommu_aux_get_pasid(domain, NULL), -IOMMU_EINVAL);
    device_gone(one);
    device_gone(two);
    domain_gone(domain);
    domain_gone(other);
}

static void test_B48_the_same_pasid_elsewhere_if_it_is_free(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *one = enabled_device(&f->mock, 8), *two = enabled_device(&f->mock, 16);
    struct iommu_domain *first = mock_domain(&f->mock), *second = mock_domain(&f->mock);

    assert_int_equal(iommu_aux_attach_device(first, one), 0);
    assert_int_equal(iommu_aux_attach_device(second, one), 0);
    assert_int_equal(iommu_aux_attach_device(second, two), 0);
    assert_int_equal(iommu_aux_get_pasid(second, one), 2);
    assert_int_equal(iommu_aux_get_pasid(second, two), 2);
    assert_int_equal(iommu_auxiliary_id(second), 2);
    device_gone(one);
    device_gone(two);
    domain_gone(first);
    domain_gone(second);
}

/* ---- sharing ------------------------------------------------------------------------------------------ */

static void test_B30_B34_sub_devices_share_a_pasid_and_are_counted(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = enabled_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock), *next = mock_domain(&f->mock);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(iommu_aux_attach_device(domain, device), 0);
        assert_int_equal(iommu_auxiliary_id(domain), 1);
    }
    assert_int_equal(f->mock.calls[MOCK_ATTACH], 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(iommu_aux_detach_device(domain, device), 0);
        assert_ptr_equal(mock_route(device, 1), domain);
    }
    assert_int_equal(f->mock.calls[MOCK_DETACH], 0);
    assert_int_equal(iommu_aux_detach_device(domain, device), 0);
    assert_null(mock_route(device, 1));
    assert_int_equal(iommu_aux_attach_device(next, device), 0);
    assert_int_equal(iommu_auxiliary_id(next), 1); /* free again */
    device_gone(device);
    domain_gone(domain);
    domain_gone(next);
}

static void test_B32_one_domain_on_two_devices_is_one_table(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *one = enabled_device(&f->mock, 8), *two = enabled_device(&f->mock, 16);
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t pa = 0;

    assert_int_equal(iommu_aux_attach_device(domain, one), 0);
    assert_int_equal(iommu_map(domain, 0x1000, 0x5000, 0x1000, IOMMU_READ), 0);
    assert_int_equal(iommu_aux_attach_device(domain, two), 0);
    assert_ptr_equal(mock_route(one, 1), domain);
    assert_ptr_equal(mock_route(two, 1), domain);
    assert_int_equal(iommu_iova_to_phys(mock_route(two, 1), 0x1234, &pa), 0);
    assert_int_equal(pa, 0x5234);
    device_gone(one);
    assert_ptr_equal(mock_route(two, 1), domain);
    device_gone(two);
    domain_gone(domain);
}

static void test_B33_ordinary_on_one_and_auxiliary_on_another(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *plain = mock_device(&f->mock, 8), *aux = enabled_device(&f->mock, 16);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_attach_device(domain, plain), 0);
    assert_int_equal(iommu_aux_attach_device(domain, aux), 0);
    assert_ptr_equal(mock_route(plain, IOMMU_NO_PASID), domain);
    assert_null(mock_route(aux, IOMMU_NO_PASID));
    assert_ptr_equal(mock_route(aux, 1), domain);
    assert_int_equal(iommu_detach_device(domain, plain), 0);
    assert_ptr_equal(mock_route(aux, 1), domain);
    device_gone(plain);
    device_gone(aux);
    domain_gone(domain);
}

static void test_B35_the_rids_domain_changes_and_auxiliaries_stay(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = enabled_device(&f->mock, 8);
    struct iommu_domain *base = mock_domain(&f->mock), *next = mock_domain(&f->mock);
    struct iommu_domain *tenant = mock_domain(&f->mock);
    struct iommu_attachment *rid = mock_attach(base, device, iommu_route_rid());
    int owner;

    assert_int_equal(iommu_aux_attach_device(tenant, device), 0);
    assert_int_equal(iommu_replace(rid, next), 0);
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), next);
    assert_ptr_equal(mock_route(device, 1), tenant);
    assert_int_equal(iommu_detach(rid), 0);
    assert_ptr_equal(mock_route(device, 1), tenant);

    assert_int_equal(iommu_device_claim(device, &owner), -IOMMU_EBUSY);
    assert_int_equal(iommu_aux_detach_device(tenant, device), 0);
    assert_int_equal(iommu_device_claim(device, &owner), 0);
    assert_int_equal(iommu_aux_attach_device(tenant, device), -IOMMU_EBUSY);
    assert_int_equal(iommu_device_unclaim(device, &owner), 0);
    device_gone(device);
    domain_gone(base);
    domain_gone(next);
    domain_gone(tenant);
}

/* ---- misuse ------------------------------------------------------------------------------------------- */

static void test_B36_a_wrong_detach_is_harmless(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = enabled_device(&f->mock, 8),
                        *other = enabled_device(&f->mock, 16);
    struct iommu_domain *domain = mock_domain(&f->mock), *stranger = mock_domain(&f->mock);

    assert_int_equal(iommu_aux_detach_device(domain, device), -IOMMU_ENOENT);
    assert_int_equal(iommu_detach_device(domain, device), -IOMMU_ENOENT);
    assert_int_equal(iommu_detach(NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_aux_attach_device(domain, device), 0);
    assert_int_equal(iommu_aux_detach_device(stranger, device), -IOMMU_ENOENT);
    assert_int_equal(iommu_aux_detach_device(domain, other), -IOMMU_ENOENT);
    assert_int_equal(iommu_detach_device(domain, other), -IOMMU_ENOENT);
    assert_int_equal(iommu_aux_detach_device(NULL, device), -IOMMU_EINVAL);
    assert_int_equal(iommu_aux_detach_device(domain, NULL), -IOMMU_EINVAL);
    assert_ptr_equal(mock_route(device, 1), domain);
    assert_int_equal(iommu_aux_detach_device(domain, device), 0);
    assert_int_equal(iommu_aux_detach_device(domain, device), -IOMMU_ENOENT);
    device_gone(device);
    device_gone(other);
    domain_gone(domain);
    domain_gone(stranger);
}

static void test_B38_a_domain_with_routes_stays(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = enabled_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_aux_attach_device(domain, device), 0);
    assert_int_equal(iommu_domain_free(domain), -IOMMU_EBUSY);
    assert_int_equal(iommu_auxiliary_id(domain), 1);
    assert_int_equal(iommu_destroy(&f->mock.iommu), -IOMMU_EBUSY);
    assert_int_equal(iommu_aux_detach_device(domain, device), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    assert_int_equal(iommu_domain_free(NULL), 0);
    device_gone(device);
}

static void test_B21_partial_drivers_do_not_crash(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_attachment *at;

    for (unsigned without = 0; without < 8; without++) {
        struct iommu_ops *ops = &f->mock.ops, whole = f->mock.ops;
        bool enable = !(without & 1);

        ops->enable_auxd = enable ? ops->enable_auxd : NULL;
        ops->disable_auxd = without & 2 ? NULL : ops->disable_auxd;
        ops->auxd_id = without & 4 ? NULL : ops->auxd_id;
        assert_int_equal(iommu_enable_aux_domain(device), enable ? 0 : -IOMMU_EINVAL);
        assert_int_equal(iommu_aux_attach_device(domain, device), enable ? 0 : -IOMMU_EPERM);
        assert_int_equal(iommu_auxiliary_id(domain), without & 4 ? -IOMMU_EINVAL
                                                     : enable    ? 1
                                                                 : -IOMMU_ENOENT);
        assert_int_equal(iommu_aux_detach_device(domain, device), enable ? 0 : -IOMMU_ENOENT);
        iommu_disable_aux_domain(device);
        assert_false(iommu_dev_feature_enabled(device, AUX));
        *ops = whole;
    }
    f->mock.ops.attach = NULL;
    assert_int_equal(iommu_attach(domain, device, iommu_route_rid(), NULL, &at), -IOMMU_EOPNOTSUPP);
    f->mock.iommu.flush_maps = false;
    f->mock.ops.flush_unmap = NULL;
    f->mock.ops.reserved_last = 0;
    assert_int_equal(iommu_map(domain, 0, 0x1000, 0x1000, IOMMU_READ), 0);
    assert_int_equal(iommu_unmap(domain, 0, 0x1000, NULL), 0);
    f->mock.ops.handle_events = NULL;
    assert_int_equal(iommu_handle_events(&f->mock.iommu), 0);
    device_gone(device);
    domain_gone(domain);
}

static void test_B21_B25_a_driver_without_any_ops(void **state)
{
    static const struct iommu_ops none;
    struct fixture *f = *state;
    const struct iommu_device_config config = {.rid = 8};
    struct iommu iommu = {0};
    struct iommu_device *device;
    struct iommu_domain *domain;

    assert_int_equal(iommu_init(&iommu, &none, &f->host.platform), 0);
    assert_int_equal(iommu_start(&iommu), 0);
    assert_int_equal(iommu_device_add(&iommu, &config, &device), 0);
    assert_int_equal(iommu_enable_aux_domain(device), -IOMMU_EINVAL);
    assert_int_equal(iommu_domain_alloc(&iommu, NULL, &domain), -IOMMU_EOPNOTSUPP);
    assert_int_equal(iommu_device_pasid_limit(device), 0);
    assert_int_equal(iommu_handle_events(&iommu), 0);
    assert_int_equal(iommu_device_remove(device), 0);
    assert_int_equal(iommu_destroy(&iommu), 0);
}

/* ---- the second version's rule ------------------------------------------------------------------------ */

static void test_B16_the_ordinary_call_means_the_rid_unless_enabled(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, 8);
    struct iommu_domain *base = mock_domain(&f->mock), *tenant = mock_domain(&f->mock);

    assert_int_equal(iommu_attach_device(base, device), 0);
    assert_int_equal(iommu_attach_device(tenant, device), -IOMMU_EBUSY);
    assert_int_equal(iommu_enable_aux_domain(device), 0);
    assert_int_equal(iommu_attach_device(tenant, device), 0);
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), base);
    assert_ptr_equal(mock_route(device, (uint32_t)iommu_auxiliary_id(tenant)), tenant);

    /* the same domain twice: the auxiliary attachment goes first */
    assert_int_equal(iommu_attach_device(base, device), 0);
    assert_int_equal(iommu_aux_get_pasid(base, device), 2);
    assert_int_equal(iommu_detach_device(base, device), 0);
    assert_null(mock_route(device, 2));
    assert_ptr_equal(mock_route(device, IOMMU_NO_PASID), base);
    assert_int_equal(iommu_detach_device(base, device), 0);
    assert_null(mock_route(device, IOMMU_NO_PASID));
    assert_int_equal(iommu_detach_device(base, device), -IOMMU_ENOENT);
    assert_int_equal(iommu_detach_device(tenant, device), 0);
    device_gone(device);
    domain_gone(base);
    domain_gone(tenant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_B1_capable_hardware_says_yes),
        FIXTURE_TEST(test_B2_B25_a_driver_that_does_not_know_says_no),
        FIXTURE_TEST(test_B24_the_device_answers_for_itself),
        FIXTURE_TEST(test_B3_enable_once_and_twice),
        FIXTURE_TEST(test_B4_enable_without_ops_is_invalid),
        FIXTURE_TEST(test_B5_enable_passes_the_drivers_error_on),
        FIXTURE_TEST(test_B6_disable_is_harmless),
        FIXTURE_TEST(test_B7_B29_no_attach_unless_enabled),
        FIXTURE_TEST(test_B27_feature_enabled_mirrors),
        FIXTURE_TEST(test_B37_disable_with_attachments_changes_nothing),
        FIXTURE_TEST(test_B8_B9_B10_the_id_of_a_domain),
        FIXTURE_TEST(test_B10_an_ordinary_attachment_gives_no_auxiliary_id),
        FIXTURE_TEST(test_B11_B12_thousands_of_domains_with_ids_of_their_own),
        FIXTURE_TEST(test_B48_the_pasid_is_the_pairs),
        FIXTURE_TEST(test_B48_the_same_pasid_elsewhere_if_it_is_free),
        FIXTURE_TEST(test_B30_B34_sub_devices_share_a_pasid_and_are_counted),
        FIXTURE_TEST(test_B32_one_domain_on_two_devices_is_one_table),
        FIXTURE_TEST(test_B33_ordinary_on_one_and_auxiliary_on_another),
        FIXTURE_TEST(test_B35_the_rids_domain_changes_and_auxiliaries_stay),
        FIXTURE_TEST(test_B36_a_wrong_detach_is_harmless),
        FIXTURE_TEST(test_B38_a_domain_with_routes_stays),
        FIXTURE_TEST(test_B21_partial_drivers_do_not_crash),
        FIXTURE_TEST(test_B21_B25_a_driver_without_any_ops),
        FIXTURE_TEST(test_B16_the_ordinary_call_means_the_rid_unless_enabled),
    };

    return cmocka_run_group_tests_name("aux", tests, NULL, NULL);
}
