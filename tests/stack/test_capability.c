/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_capability.c - who may have many domains: units, modes, endpoints, and systems of unequal
 * units.
 */
#include "tests/stack/rig.h"

#define ECAP_PASID (UINT64_C(1) << 40)

static void answers(const struct rig_config *config, bool system, bool device)
{
    struct rig rig;
    rig_open(&rig, config);
    assert_int_equal(iommu_capable(rig.iommu, IOMMU_CAP_AUX_DOMAIN), system);
    assert_int_equal(iommu_device_capable(rig.device[0], IOMMU_CAP_AUX_DOMAIN), device);
    assert_int_equal(iommu_dev_has_feature(rig.device[0], IOMMU_DEV_FEAT_AUX), device);
    rig_close(&rig);
}

static void test_B1_capable_on_scalable_hardware(void **state)
{
    answers(&(struct rig_config){0}, true, true);
}

static void test_B2_not_capable_in_legacy_mode(void **state)
{
    answers(&(struct rig_config){.mode = IOMMU_VTD_MODE_LEGACY}, false, false);
    answers(&(struct rig_config){.preset = "legacy"}, false, false);
}

static void test_B2_not_capable_without_pasids(void **state)
{
    answers(&(struct rig_config){.ecap_clear = ECAP_PASID | UINT64_C(0x1f) << 35}, false, false);
}

static void test_B24_mixed_system_answers_no_device_answers_yes(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.second_unit = true, .second_preset = "legacy"});
    assert_false(iommu_capable(rig.iommu, IOMMU_CAP_AUX_DOMAIN));
    assert_true(iommu_device_capable(rig.device[0], IOMMU_CAP_AUX_DOMAIN));
    assert_false(iommu_device_capable(rig.device[2], IOMMU_CAP_AUX_DOMAIN));
    assert_int_equal(iommu_enable_aux_domain(rig.device[2]), -IOMMU_EOPNOTSUPP);
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    rig_close(&rig);
}

static void test_B26_endpoint_without_pasid_capability(void **state)
{
    answers(&(struct rig_config){.pasid_bits = 255}, true, false);
}

static void test_B26_endpoint_without_scalable_iov(void **state)
{
    answers(&(struct rig_config){.no_siov = true}, true, false);
}

static void test_B2_legacy_refuses_auxiliary_domains_in_words(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.mode = IOMMU_VTD_MODE_LEGACY});
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), -IOMMU_EOPNOTSUPP);
    assert_false(iommu_dev_feature_enabled(rig.device[0], IOMMU_DEV_FEAT_AUX));
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_AUTO);
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_any(), NULL, &attachment),
                     -IOMMU_EOPNOTSUPP);
    assert_true(iommu_strerror(-IOMMU_EOPNOTSUPP)[0] != '\0');
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

/* Bits of the device's context entry: 3 PASIDE. */
static void test_B28_enable_turns_pasids_on_in_unit_and_device(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    struct iommu_domain *ordinary = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *rid;
    assert_int_equal(iommu_attach(ordinary, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    const struct iommu_model_pci *function = iommu_model_machine_function(rig.machine, 0);
    uint64_t context = rig_context_entry(&rig, 0, rig_rid(0));
    assert_false(iommu_model_pci_pasid_enabled(function));
    assert_int_equal(rig_physical64(&rig, context) >> 3 & 1, 0);
    /* The unit holds the context entry in its cache now. */
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, false);

    uint64_t before = rig_descriptors(&rig, 0);
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    assert_true(rig_descriptors(&rig, 0) > before);
    assert_true(iommu_model_pci_pasid_enabled(function));
    assert_int_equal(rig_physical64(&rig, context) >> 3 & 1, 1);
    assert_true(iommu_dev_feature_enabled(rig.device[0], IOMMU_DEV_FEAT_AUX));

    /* Had the cached context entry stayed, this would be fault 45h: PASIDs not enabled. */
    uint64_t page = rig_page(&rig, 7);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    assert_int_equal(iommu_attach_device(domain, rig.device[0]), 0);
    rig_assert_reads(&rig, 0, (uint32_t)iommu_auxiliary_id(domain), RIG_IOVA, 7);

    assert_int_equal(iommu_dev_disable_feature(rig.device[0], IOMMU_DEV_FEAT_AUX), -IOMMU_EBUSY);
    assert_int_equal(iommu_detach_device(domain, rig.device[0]), 0);
    assert_int_equal(iommu_dev_disable_feature(rig.device[0], IOMMU_DEV_FEAT_AUX), 0);
    assert_false(iommu_model_pci_pasid_enabled(function));
    assert_int_equal(rig_physical64(&rig, context) >> 3 & 1, 0);

    assert_int_equal(iommu_detach(rid), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    assert_int_equal(iommu_domain_free(ordinary), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B7_B29_after_disable_attach_is_refused(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_aux_attach_device(domain, rig.device[0]), -IOMMU_EPERM);
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    iommu_disable_aux_domain(rig.device[0]);
    assert_int_equal(iommu_aux_attach_device(domain, rig.device[0]), -IOMMU_EPERM);
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    assert_int_equal(iommu_aux_attach_device(domain, rig.device[0]), 0);
    iommu_disable_aux_domain(rig.device[0]); /* must change nothing now */
    assert_true(iommu_dev_feature_enabled(rig.device[0], IOMMU_DEV_FEAT_AUX));
    assert_int_equal(iommu_aux_detach_device(domain, rig.device[0]), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static void test_B24_units_of_different_modes_work_side_by_side(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.second_unit = true, .second_preset = "legacy"});
    uint64_t page = rig_page(&rig, 3);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_AUTO, RIG_IOVA, page);
    struct iommu_attachment *scalable, *legacy;
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_any(), NULL, &scalable), 0);
    assert_int_equal(iommu_attach(domain, rig.device[2], iommu_route_rid(), NULL, &legacy), 0);
    rig_assert_reads(&rig, 0, iommu_attachment_pasid(scalable), RIG_IOVA, 3);
    rig_assert_reads(&rig, 2, IOMMU_NO_PASID, RIG_IOVA, 3);
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    rig_assert_blocked(&rig, 0, iommu_attachment_pasid(scalable), RIG_IOVA, false);
    rig_assert_blocked(&rig, 2, IOMMU_NO_PASID, RIG_IOVA, false);
    assert_int_equal(iommu_detach(scalable), 0);
    assert_int_equal(iommu_detach(legacy), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B2_scalable_mode_asked_of_legacy_hardware(void **state)
{
    struct rig rig;
    rig_open_hardware(&rig,
                      &(struct rig_config){.preset = "legacy", .mode = IOMMU_VTD_MODE_SCALABLE});
    assert_int_equal(rig_create_driver(&rig), -IOMMU_EOPNOTSUPP);
    rig.iommu = NULL;
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B1_capable_on_scalable_hardware),
        cmocka_unit_test(test_B2_not_capable_in_legacy_mode),
        cmocka_unit_test(test_B2_not_capable_without_pasids),
        cmocka_unit_test(test_B2_legacy_refuses_auxiliary_domains_in_words),
        cmocka_unit_test(test_B2_scalable_mode_asked_of_legacy_hardware),
        cmocka_unit_test(test_B7_B29_after_disable_attach_is_refused),
        cmocka_unit_test(test_B24_mixed_system_answers_no_device_answers_yes),
        cmocka_unit_test(test_B24_units_of_different_modes_work_side_by_side),
        cmocka_unit_test(test_B26_endpoint_without_pasid_capability),
        cmocka_unit_test(test_B26_endpoint_without_scalable_iov),
        cmocka_unit_test(test_B28_enable_turns_pasids_on_in_unit_and_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
