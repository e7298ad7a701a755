/* SPDX-License-Identifier: MIT */
/*
 * The library compiled out. Every call of iommu.h, aux.h and dma.h is made here; the program links because none of
 * them is left.
 * platform: core
 */
#define IOMMUKIT_DISABLED 1

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "iommukit/aux.h"
#include "iommukit/dma.h"

#define GONE (-IOMMU_ENODEV)

static void test_B23_the_origins_calls_are_errors_or_nothing(void **state)
{
    (void)state;
    assert_false(iommu_capable(NULL, IOMMU_CAP_AUX_DOMAIN));
    assert_false(iommu_device_capable(NULL, IOMMU_CAP_AUX_DOMAIN));
    assert_int_equal(iommu_enable_aux_domain(NULL), GONE);
    iommu_disable_aux_domain(NULL);
    assert_int_equal(iommu_auxiliary_id(NULL), GONE);
    assert_false(iommu_dev_has_feature(NULL, IOMMU_DEV_FEAT_AUX));
    assert_int_equal(iommu_dev_enable_feature(NULL, IOMMU_DEV_FEAT_AUX), GONE);
    assert_int_equal(iommu_dev_disable_feature(NULL, IOMMU_DEV_FEAT_AUX), GONE);
    assert_false(iommu_dev_feature_enabled(NULL, IOMMU_DEV_FEAT_AUX));
    assert_int_equal(iommu_aux_attach_device(NULL, NULL), GONE);
    assert_int_equal(iommu_aux_detach_device(NULL, NULL), GONE);
    assert_int_equal(iommu_aux_get_pasid(NULL, NULL), GONE);
    assert_int_equal(iommu_attach_device(NULL, NULL), GONE);
    assert_int_equal(iommu_detach_device(NULL, NULL), GONE);
}

static void test_B23_and_so_are_all_others(void **state)
{
    struct iommu_geometry geometry = {.levels = 9};
    struct iommu_device_config device_config = {.rid = 8};
    struct iommu_attachment *attachment = NULL;
    struct iommu_device *device = NULL;
    struct iommu_domain *domain = NULL;
    struct iommu_gather gather;
    uint64_t pa = 0;

    (void)state;
    iommu_gather_init(&gather);
    assert_int_equal(iommu_start(NULL), GONE);
    assert_int_equal(iommu_stop(NULL), GONE);
    assert_int_equal(iommu_destroy(NULL), GONE);
    assert_int_equal(iommu_device_add(NULL, &device_config, &device), GONE);
    assert_int_equal(iommu_device_remove(device), GONE);
    assert_null(iommu_device_instance(device));
    assert_int_equal(iommu_device_rid(device), 0);
    assert_int_equal(iommu_device_segment(device), 0);
    assert_null(iommu_device_cookie(device));
    assert_int_equal(iommu_device_pasid_limit(device), 0);
    assert_int_equal(iommu_device_find(NULL, 0, 8, &device), GONE);
    assert_int_equal(iommu_device_claim(device, &pa), GONE);
    assert_int_equal(iommu_device_unclaim(device, &pa), GONE);
    assert_int_equal(iommu_for_each_reserved(device, NULL, NULL), GONE);
    assert_int_equal(iommu_map_reserved(domain, device), GONE);
    assert_int_equal(iommu_domain_alloc(NULL, NULL, &domain), GONE);
    assert_int_equal(iommu_domain_free(domain), GONE);
    iommu_domain_geometry(domain, &geometry);
    assert_int_equal(geometry.levels, 0);
    assert_null(iommu_domain_cookie(domain));
    assert_int_equal(iommu_map(domain, 0, 0, 4096, IOMMU_READ), GONE);
    assert_int_equal(iommu_unmap(domain, 0, 4096, &gather), GONE);
    assert_int_equal(iommu_sync(domain, &gather), GONE);
    assert_int_equal(iommu_iova_to_phys(domain, 0, &pa), GONE);
    assert_int_equal(iommu_attach(domain, device, iommu_route_any(), NULL, &attachment), GONE);
    assert_int_equal(iommu_replace(attachment, domain), GONE);
    assert_int_equal(iommu_detach(attachment), GONE);
    assert_int_equal(iommu_attachment_pasid(attachment), IOMMU_NO_PASID);
    assert_null(iommu_attachment_domain(attachment));
    assert_null(iommu_attachment_device(attachment));
    assert_null(iommu_attachment_cookie(attachment));
    assert_int_equal(iommu_lookup(device, 1, &attachment), GONE);
    assert_int_equal(iommu_for_each_attachment(device, NULL, NULL), GONE);
    assert_int_equal(iommu_domain_for_each_attachment(domain, NULL, NULL), GONE);
    iommu_set_event_handler(NULL, NULL, NULL);
    iommu_domain_set_event_handler(domain, NULL, NULL);
    assert_int_equal(iommu_handle_events(NULL), GONE);
    assert_non_null(iommu_strerror(GONE));
}

static void test_and_so_are_addresses(void **state)
{
    uint64_t iova = 7;

    (void)state;
    assert_int_equal(iommu_dma_init(NULL, NULL), GONE);
    assert_int_equal(iommu_iova_alloc(NULL, 4096, &iova), GONE);
    assert_int_equal(iommu_iova_free(NULL, iova, 4096), GONE);
    assert_int_equal(iommu_iova_trim(NULL), GONE);
    assert_int_equal(iommu_dma_map(NULL, 0, 4096, IOMMU_READ, &iova), GONE);
    assert_int_equal(iommu_dma_unmap(NULL, iova, 4096), GONE);
    assert_int_equal(iommu_dma_flush(NULL), GONE);
    assert_int_equal(iommu_dma_flush_due(NULL), GONE);
    assert_int_equal(iova, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B23_the_origins_calls_are_errors_or_nothing),
        cmocka_unit_test(test_B23_and_so_are_all_others),
        cmocka_unit_test(test_and_so_are_addresses),
    };

    return cmocka_run_group_tests_name("disabled", tests, NULL, NULL);
}
