/* SPDX-License-Identifier: MIT */
/*
 * The origin's names with its signatures, and those of Linux 5.2: an assignment to a function pointer compiles
 * only if they agree (with -Werror, which the pragma below makes of it).
 * platform: core
 */
#pragma GCC diagnostic error "-Wincompatible-pointer-types"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "iommukit/aux.h"
#include "iommukit/driver.h"

static void test_B22_the_origins_functions_ops_and_capability(void **state)
{
    int (*enable)(struct iommu_device *) = iommu_enable_aux_domain;
    void (*disable)(struct iommu_device *) = iommu_disable_aux_domain;
    int (*id)(struct iommu_domain *) = iommu_auxiliary_id;
    int (*attach)(struct iommu_domain *, struct iommu_device *) = iommu_attach_device;
    enum iommu_cap cap = IOMMU_CAP_AUX_DOMAIN;
    struct iommu_ops ops = {.enable_auxd = enable, .disable_auxd = disable, .auxd_id = id};

    (void)state;
    assert_ptr_equal(ops.enable_auxd, enable);
    assert_ptr_equal(ops.disable_auxd, disable);
    assert_ptr_equal(ops.auxd_id, id);
    assert_non_null(attach);
    assert_in_range(cap, 0, IOMMU_CAP_COUNT - 1);
}

static void test_B22_the_names_of_5_2(void **state)
{
    bool (*has)(struct iommu_device *, enum iommu_dev_features) = iommu_dev_has_feature;
    int (*enable)(struct iommu_device *, enum iommu_dev_features) = iommu_dev_enable_feature;
    int (*disable)(struct iommu_device *, enum iommu_dev_features) = iommu_dev_disable_feature;
    bool (*enabled)(struct iommu_device *, enum iommu_dev_features) = iommu_dev_feature_enabled;
    int (*attach)(struct iommu_domain *, struct iommu_device *) = iommu_aux_attach_device;
    int (*detach)(struct iommu_domain *, struct iommu_device *) = iommu_aux_detach_device;
    int (*pasid)(struct iommu_domain *, struct iommu_device *) = iommu_aux_get_pasid;

    (void)state;
    assert_true(has && enable && disable && enabled && attach && detach && pasid);
    assert_false(has(NULL, IOMMU_DEV_FEAT_AUX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B22_the_origins_functions_ops_and_capability),
        cmocka_unit_test(test_B22_the_names_of_5_2),
    };

    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
