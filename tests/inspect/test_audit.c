/* SPDX-License-Identifier: MIT */
/* tests/inspect/test_audit.c - machines in order give no finding; what is missing is said and not found. */
#include "tests/inspect/audit_check.h"

#include <string.h>

#include "spec/vtd_regs.h"

static void tenants(struct world *world, enum iommu_stage stage, bool pasids)
{
    for (unsigned device = 0; device < WORLD_DEVICES; device++) {
        struct iommu_domain *domain = world_tenant(world, stage, device, IOMMU_NO_PASID);
        world_map(world, domain, WORLD_IOVA + (1 << 21), 1 << 21, WORLD_RW);
        world_map(world, domain, WORLD_IOVA + (1 << 23), WORLD_PAGE, IOMMU_READ);
        for (uint32_t pasid = 1; pasids && pasid < 4; pasid++)
            world_tenant(world, stage, device, pasid * 100);
    }
}

static void clean(struct world_config config, enum iommu_stage stage, bool pasids)
{
    struct world world;
    world_open(&world, &config);
    tenants(&world, stage, pasids);
    audit_check(&world, NULL);
}

static void test_clean_legacy(void **state)
{
    clean((struct world_config){.preset = "legacy", .mode = IOMMU_VTD_MODE_LEGACY}, IOMMU_STAGE_AUTO, false);
}

static void test_clean_scalable_second(void **state)
{
    clean((struct world_config){.preset = "scalable-second"}, IOMMU_STAGE_SECOND, false);
}

static void test_clean_scalable_first(void **state)
{
    clean((struct world_config){.preset = "scalable-first"}, IOMMU_STAGE_FIRST, false);
}

static void test_clean_pasids(void **state)
{
    clean((struct world_config){.preset = NULL}, IOMMU_STAGE_SECOND, true);
    clean((struct world_config){.preset = NULL}, IOMMU_STAGE_FIRST, true);
}

static void test_clean_other_units(void **state)
{
    static const char *const presets[] = {"caching-mode", "esrtps", "3-level", "5-level", "scalable-noncoherent"};
    for (unsigned i = 0; i < sizeof presets / sizeof presets[0]; i++)
        clean((struct world_config){.preset = presets[i]}, IOMMU_STAGE_AUTO, true);
}

/* One domain on several devices and several PASIDs is one domain, not sharing between domains. */
static void test_clean_shared_domain(void **state)
{
    struct world world;
    world_open(&world, &(struct world_config){.preset = NULL});
    struct iommu_domain *domain = world_tenant(&world, IOMMU_STAGE_SECOND, 0, IOMMU_NO_PASID);
    world_attach(&world, domain, 1, IOMMU_NO_PASID);
    world_attach(&world, domain, 1, 7);
    world_attach(&world, domain, 2, 9);
    audit_check(&world, NULL);
}

static void test_clean_reserved_region(void **state)
{
    const struct iommu_model_region_config region = {.base = 0x70000000, .limit = 0x701fffff, .rid = world_rid(1)};
    struct world world;
    world_open(&world, &(struct world_config){.regions = &region, .region_count = 1});
    struct iommu_domain *domain = world_domain(&world, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_map_reserved(domain, world.device[1]), 0);
    world_attach(&world, domain, 1, IOMMU_NO_PASID);
    world_tenant(&world, IOMMU_STAGE_SECOND, 0, IOMMU_NO_PASID);
    audit_check(&world, NULL);
}

/* A filtered dump: what cannot be told without RAM is not guessed. */
static void test_clean_filtered(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_TABLES, .no_iomem = true, .no_dmar = true};
    world_open(&world, &(struct world_config){.preset = NULL});
    tenants(&world, IOMMU_STAGE_SECOND, true);
    audit_run(&world, &run);
    audit_expect(&run, NULL);
    assert_true(run.findings.not_judged_count >= 3);
    assert_non_null(strstr(run.findings.not_judged[0], "--dmar"));
    audit_run_done(&run);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean_legacy),
        cmocka_unit_test(test_clean_scalable_second),
        cmocka_unit_test(test_clean_scalable_first),
        cmocka_unit_test(test_clean_pasids),
        cmocka_unit_test(test_clean_other_units),
        cmocka_unit_test(test_clean_shared_domain),
        cmocka_unit_test(test_clean_reserved_region),
        cmocka_unit_test(test_clean_filtered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
