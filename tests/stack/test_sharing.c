/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_sharing.c - one domain on several routes, several routes on one device, and what may not be
 * done to them.
 */
#include "tests/stack/rig.h"

static void test_B32_one_domain_auxiliary_on_two_devices(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.second_unit = true});
    uint64_t page = rig_page(&rig, 5);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    assert_int_equal(iommu_enable_aux_domain(rig.device[2]), 0);
    assert_int_equal(iommu_aux_attach_device(domain, rig.device[0]), 0);
    assert_int_equal(iommu_aux_attach_device(domain, rig.device[2]), 0);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0); /* once */
    rig_assert_reads(&rig, 0, (uint32_t)iommu_aux_get_pasid(domain, rig.device[0]), RIG_IOVA, 5);
    rig_assert_reads(&rig, 2, (uint32_t)iommu_aux_get_pasid(domain, rig.device[2]), RIG_IOVA, 5);
    assert_int_equal(iommu_aux_detach_device(domain, rig.device[0]), 0);
    rig_assert_reads(&rig, 2, (uint32_t)iommu_aux_get_pasid(domain, rig.device[2]), RIG_IOVA, 5);
    assert_int_equal(iommu_aux_detach_device(domain, rig.device[2]), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B33_ordinary_here_auxiliary_there(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 5);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    assert_int_equal(iommu_enable_aux_domain(rig.device[1]), 0);
    assert_int_equal(iommu_attach_device(domain, rig.device[0]), 0); /* not enabled: its RID */
    assert_int_equal(iommu_attach_device(domain, rig.device[1]), 0); /* enabled: auxiliary */
    uint32_t pasid = (uint32_t)iommu_auxiliary_id(domain);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, 5);
    rig_assert_reads(&rig, 1, pasid, RIG_IOVA, 5);
    rig_assert_blocked(&rig, 1, IOMMU_NO_PASID, RIG_IOVA, false);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    assert_int_equal(iommu_detach_device(domain, rig.device[0]), 0);
    rig_assert_reads(&rig, 1, pasid, RIG_IOVA, 5);
    assert_int_equal(iommu_detach_device(domain, rig.device[1]), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B34_sub_devices_share_the_pasid_and_are_counted(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 5);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(iommu_aux_attach_device(domain, rig.device[0]), 0);
    uint32_t pasid = (uint32_t)iommu_aux_get_pasid(domain, rig.device[0]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(iommu_aux_detach_device(domain, rig.device[0]), 0);
        assert_int_equal(iommu_aux_get_pasid(domain, rig.device[0]), pasid);
        rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 5);
    }
    assert_int_equal(iommu_aux_detach_device(domain, rig.device[0]), 0);
    assert_int_equal(iommu_aux_get_pasid(domain, rig.device[0]), -IOMMU_ENOENT);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    assert_int_equal(iommu_aux_detach_device(domain, rig.device[0]), -IOMMU_ENOENT);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B35_replacing_the_rid_domain_disturbs_nobody(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page[3] = {rig_page(&rig, 1), rig_page(&rig, 2), rig_page(&rig, 3)};
    struct iommu_domain *first = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page[0]);
    struct iommu_domain *second = rig_domain_mapping(&rig, IOMMU_STAGE_FIRST, RIG_IOVA, page[1]);
    struct iommu_domain *auxiliary =
        rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page[2]);
    struct iommu_attachment *rid, *aux;
    assert_int_equal(iommu_attach(first, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    uint32_t pasid = rig_attach(&rig, auxiliary, 0, &aux);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, 1);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 3);

    assert_int_equal(iommu_replace(rid, second), 0);
    assert_ptr_equal(iommu_attachment_domain(rid), second);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, 2);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 3);

    /* Nor may the whole device go to a foreign owner meanwhile. */
    int owner;
    assert_int_equal(iommu_device_claim(rig.device[0], &owner), -IOMMU_EBUSY);
    assert_int_equal(iommu_detach(aux), 0);
    assert_int_equal(iommu_device_claim(rig.device[0], &owner), 0);
    assert_int_equal(iommu_attach(auxiliary, rig.device[0], iommu_route_any(), NULL, &aux),
                     -IOMMU_EBUSY);
    assert_int_equal(iommu_device_unclaim(rig.device[0], &owner), 0);

    assert_int_equal(iommu_detach(rid), 0);
    assert_int_equal(iommu_domain_free(first), 0);
    assert_int_equal(iommu_domain_free(second), 0);
    assert_int_equal(iommu_domain_free(auxiliary), 0);
    for (unsigned i = 0; i < 3; i++)
        rig_page_done(&rig, page[i]);
    rig_close(&rig);
}

static void test_B55_replace_a_pasid_route_switches_at_once(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page[2] = {rig_page(&rig, 1), rig_page(&rig, 2)};
    struct iommu_domain *domain[2];
    for (unsigned i = 0; i < 2; i++)
        domain[i] = rig_domain_mapping(&rig, i == 0 ? IOMMU_STAGE_FIRST : IOMMU_STAGE_SECOND,
                                       RIG_IOVA, page[i]);
    struct iommu_attachment *attachment;
    uint32_t pasid = rig_attach(&rig, domain[0], 0, &attachment);
    for (unsigned i = 0; i < 6; i++) {
        rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1 + i % 2);
        /* the same: nothing happens */
        assert_int_equal(iommu_replace(attachment, domain[i % 2]), 0);
        rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1 + i % 2);
        assert_int_equal(iommu_replace(attachment, domain[(i + 1) % 2]), 0);
        assert_int_equal(iommu_attachment_pasid(attachment), pasid);
    }
    assert_int_equal(iommu_domain_free(domain[0]), -IOMMU_EBUSY);
    assert_int_equal(iommu_detach(attachment), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(iommu_domain_free(domain[i]), 0);
        rig_page_done(&rig, page[i]);
    }
    rig_close(&rig);
}

static void test_B36_wrong_detaches_are_harmless(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 5);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_domain *stranger = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    assert_int_equal(iommu_enable_aux_domain(rig.device[1]), 0);
    assert_int_equal(iommu_aux_attach_device(domain, rig.device[0]), 0);
    uint32_t pasid = (uint32_t)iommu_auxiliary_id(domain);
    assert_int_equal(iommu_aux_detach_device(domain, rig.device[1]), -IOMMU_ENOENT);
    assert_int_equal(iommu_aux_detach_device(stranger, rig.device[0]), -IOMMU_ENOENT);
    assert_int_equal(iommu_detach_device(stranger, rig.device[0]), -IOMMU_ENOENT);
    assert_int_equal(iommu_detach(NULL), -IOMMU_EINVAL);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 5);
    assert_int_equal(iommu_aux_detach_device(domain, rig.device[0]), 0);
    assert_int_equal(iommu_aux_detach_device(domain, rig.device[0]), -IOMMU_ENOENT);
    assert_int_equal(iommu_domain_free(domain), 0);
    assert_int_equal(iommu_domain_free(stranger), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B38_domain_with_routes_cannot_be_freed(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 5);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_attachment *attachment;
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
    assert_int_equal(iommu_domain_free(domain), -IOMMU_EBUSY);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 5);
    assert_int_equal(iommu_destroy(rig.iommu), -IOMMU_EBUSY);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 5);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B39_mapped_beyond_the_device_is_refused(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.no_devices = true});
    const struct iommu_device_config narrow = {.rid = rig_rid(0), .dma_bits = 32};
    assert_int_equal(iommu_device_add(rig.iommu, &narrow, &rig.device[0]), 0);
    uint64_t page = rig_page(&rig, 5), high = UINT64_C(1) << 33;
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, high, page);
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_any(), NULL, &attachment),
                     -IOMMU_EFAULT);
    /* still as wide as before */
    assert_int_equal(iommu_map(domain, high + RIG_PAGE, page, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(iommu_unmap(domain, high, 2 * RIG_PAGE, NULL), 0);

    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_any(), NULL, &attachment), 0);
    assert_int_equal(iommu_map(domain, high, page, RIG_PAGE, IOMMU_READ), -IOMMU_ERANGE);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0);
    rig_assert_reads(&rig, 0, iommu_attachment_pasid(attachment), RIG_IOVA, 5);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_map(domain, high, page, RIG_PAGE, IOMMU_READ), 0); /* wide again */
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B39_unit_that_cannot_walk_the_format_is_refused(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.second_unit = true, .second_preset = "legacy"});
    const struct iommu_domain_config config = {.stage = IOMMU_STAGE_FIRST, .device = rig.device[0]};
    struct iommu_domain *domain;
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_domain_alloc(rig.iommu, &config, &domain), 0);
    assert_int_equal(iommu_attach(domain, rig.device[2], iommu_route_rid(), NULL, &attachment),
                     -IOMMU_EXDEV);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static void test_B37_disable_with_attachments_is_refused(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 5);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    assert_int_equal(iommu_dev_enable_feature(rig.device[0], IOMMU_DEV_FEAT_AUX), 0);
    assert_int_equal(iommu_aux_attach_device(domain, rig.device[0]), 0);
    uint32_t pasid = (uint32_t)iommu_auxiliary_id(domain);
    assert_int_equal(iommu_dev_disable_feature(rig.device[0], IOMMU_DEV_FEAT_AUX), -IOMMU_EBUSY);
    iommu_disable_aux_domain(rig.device[0]);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 5);
    assert_int_equal(iommu_aux_detach_device(domain, rig.device[0]), 0);
    assert_int_equal(iommu_dev_disable_feature(rig.device[0], IOMMU_DEV_FEAT_AUX), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B32_one_domain_auxiliary_on_two_devices),
        cmocka_unit_test(test_B33_ordinary_here_auxiliary_there),
        cmocka_unit_test(test_B34_sub_devices_share_the_pasid_and_are_counted),
        cmocka_unit_test(test_B35_replacing_the_rid_domain_disturbs_nobody),
        cmocka_unit_test(test_B36_wrong_detaches_are_harmless),
        cmocka_unit_test(test_B37_disable_with_attachments_is_refused),
        cmocka_unit_test(test_B38_domain_with_routes_cannot_be_freed),
        cmocka_unit_test(test_B39_mapped_beyond_the_device_is_refused),
        cmocka_unit_test(test_B39_unit_that_cannot_walk_the_format_is_refused),
        cmocka_unit_test(test_B55_replace_a_pasid_route_switches_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
