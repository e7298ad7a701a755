/* SPDX-License-Identifier: MIT */
/* tests/inspect/test_audit_silent.c - what looks like a flaw and is none, or is part of another one. */
#include "tests/inspect/audit_check.h"

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define PASID 100u
#define ELSE  UINT64_C(0x50000000)

static void change(struct world *world, uint64_t at, uint64_t clear, uint64_t set)
{
    assert_true(at != 0);
    world_poke(world, at, (world_peek(world, at) & ~clear) | set);
}

static void open_world(struct world *world)
{
    world_open(world, &(struct world_config){.preset = NULL});
}

/* ---- entries that no request reaches */

static void test_blocked(void **state)
{
    const struct iommu_model_region_config region = {.base = 0x70000000, .limit = 0x701fffff, .rid = world_rid(1)};
    struct world world;
    world_open(&world, &(struct world_config){.regions = &region, .region_count = 1});
    struct iommu_domain *domain = world_tenant(&world, IOMMU_STAGE_SECOND, 0, PASID);
    world_map_at(&world, domain, 0x3000000, 0x3000000, 1 << 20, WORLD_RW);
    world_map_at(&world, domain, ELSE, world.interrupt_table, WORLD_PAGE, WORLD_RW);
    world_map_at(&world, domain, 2 * ELSE, region.base, WORLD_PAGE, WORLD_RW);
    world_tenant(&world, IOMMU_STAGE_SECOND, 0, PASID + 1);
    world_tenant(&world, IOMMU_STAGE_SECOND, 0, PASID + 2);
    uint64_t entry = world_pasid_entry(&world, world_rid(0), PASID + 1);
    change(&world, entry, VTD_PE0_PGTT, SPEC_PUT(VTD_PE0_PGTT, (uint64_t)VTD_PGTT_PASS_THROUGH));
    change(&world, world_pasid_entry(&world, world_rid(0), PASID + 2) + 8, VTD_PE1_DID,
           world_peek(&world, world_pasid_entry(&world, world_rid(0), PASID) + 8) & VTD_PE1_DID);
    change(&world, world_context_entry(&world, world_rid(0)), VTD_SCE0_PASIDE, 0);
    audit_check(&world, "pasid-stale");
}

/* A domain's finding names a device that reaches it. */
static void test_blocked_in_part(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world);
    struct iommu_domain *domain = world_tenant(&world, IOMMU_STAGE_SECOND, 0, PASID);
    world_attach(&world, domain, 1, PASID);
    world_map_at(&world, domain, ELSE, world.interrupt_table, WORLD_PAGE, WORLD_RW);
    change(&world, world_context_entry(&world, world_rid(0)), VTD_SCE0_PASIDE, 0);
    audit_run(&world, &run);
    audit_expect(&run, "pasid-stale interrupt-table-writable");
    assert_int_equal(audit_first(&run, "interrupt-table-writable")->device.rid, world_rid(1));
    audit_run_done(&run);
    world_close(&world);
}

/* The owner's domain, which another device would share if its PASIDs were on. */
static void test_blocked_from_region(void **state)
{
    const struct iommu_model_region_config region = {.base = 0x70000000, .limit = 0x701fffff, .rid = world_rid(1)};
    struct world world;
    world_open(&world, &(struct world_config){.regions = &region, .region_count = 1});
    struct iommu_domain *domain = world_domain(&world, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_map_reserved(domain, world.device[1]), 0);
    world_attach(&world, domain, 1, IOMMU_NO_PASID);
    world_attach(&world, domain, 0, PASID);
    change(&world, world_context_entry(&world, world_rid(0)), VTD_SCE0_PASIDE, 0);
    audit_check(&world, "pasid-stale");
}

/* ---- what is off does no harm */

static void test_interrupts_off(void **state)
{
    struct world world;
    open_world(&world);
    struct iommu_domain *domain = world_tenant(&world, IOMMU_STAGE_SECOND, 0, PASID);
    world_map_at(&world, domain, ELSE, world.interrupt_table, WORLD_PAGE, WORLD_RW);
    world_poke(&world, world.interrupt_table, 1); /* whose source is not checked */
    world_set_register(&world, "GSTS", world_register(&world, VTD_REG_GSTS, 32) & ~VTD_GSTS_IRES);
    audit_check(&world, "interrupt-remapping-off");
}

static void test_translation_off(void **state)
{
    struct world world;
    open_world(&world);
    world_set_register(&world, "GSTS", world_register(&world, VTD_REG_GSTS, 32) & ~(VTD_GSTS_TES | VTD_GSTS_QIES));
    world_set_register(&world, "FECTL", VTD_FECTL_IM);
    world_set_register(&world, "PMEN", VTD_PMEN_EPM | VTD_PMEN_PRS);
    audit_check(&world, "translation-off");
}

/* What lies behind the end of a small interrupt table is not part of it. */
static void test_small_interrupt_table(void **state)
{
    struct world world;
    open_world(&world);
    world_poke(&world, world.interrupt_table + 5 * 16, 1);
    world_set_register(&world, "IRTA", world.interrupt_table); /* two entries */
    audit_check(&world, NULL);
}

/* ---- privileges */

/* SRE matters for user processes: first stage, with PASID. */
static void test_supervisor(void **state)
{
    struct world world;
    open_world(&world);
    world_tenant(&world, IOMMU_STAGE_SECOND, 0, PASID);
    world_tenant(&world, IOMMU_STAGE_FIRST, 1, IOMMU_NO_PASID);
    change(&world, world_pasid_entry(&world, world_rid(0), PASID) + 16, 0, VTD_PE2_SRE);
    change(&world, world_pasid_entry(&world, world_rid(1), 0) + 16, 0, VTD_PE2_SRE);
    audit_check(&world, NULL);
}

/* Plain requests that count as privileged reach supervisor pages. */
static void test_privileged(void **state)
{
    for (unsigned privileged = 0; privileged < 2; privileged++) {
        struct world world;
        world_open(&world, &(struct world_config){.preset = "page-requests"});
        struct iommu_domain *domain = world_tenant(&world, IOMMU_STAGE_FIRST, 1, IOMMU_NO_PASID);
        world_map_at(&world, domain, ELSE, world.interrupt_table, WORLD_PAGE, WORLD_RW);
        uint64_t entry = world_pasid_entry(&world, world_rid(1), 0);
        uint64_t leaf = world_page_entry(&world, world_peek(&world, entry + 16), 4, 1, ELSE);
        change(&world, leaf, VTD_FS_US, 0);
        change(&world, entry + 16, 0, VTD_PE2_SRE);
        if (privileged)
            change(&world, world_context_entry(&world, world_rid(1)) + 8, 0, VTD_SCE1_RID_PRIV);
        audit_check(&world, privileged ? "interrupt-table-writable" : NULL);
    }
}

/* ---- ids */

/* Two guests' tables on one second stage: its id stands for the second stage. */
static void test_nested(void **state)
{
    struct world world;
    open_world(&world);
    struct iommu_domain *domain = world_tenant(&world, IOMMU_STAGE_SECOND, 0, PASID);
    world_attach(&world, domain, 0, PASID + 1);
    world_map(&world, domain, ELSE, WORLD_PAGE, WORLD_RW);
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t entry = world_pasid_entry(&world, world_rid(0), PASID + i);
        change(&world, entry, VTD_PE0_PGTT, SPEC_PUT(VTD_PE0_PGTT, (uint64_t)VTD_PGTT_NESTED));
        change(&world, entry + 16, VTD_PE2_FSPTPTR, i ? ELSE : WORLD_IOVA);
    }
    audit_check(&world, NULL);
}

/* Pass-through has no table that ids could disagree about, and needs no region mapped. */
static void test_pass_through(void **state)
{
    const struct iommu_model_region_config region = {.base = 0x70000000, .limit = 0x701fffff, .rid = world_rid(1)};
    struct world world;
    world_open(&world, &(struct world_config){.preset = "legacy",
                                              .mode = IOMMU_VTD_MODE_LEGACY,
                                              .regions = &region,
                                              .region_count = 1});
    for (unsigned device = 0; device < 2; device++) {
        if (device == 0)
            world_tenant(&world, IOMMU_STAGE_AUTO, device, IOMMU_NO_PASID);
        uint64_t entry = world_context_entry(&world, world_rid(device));
        change(&world, entry, VTD_LCE0_TT, SPEC_PUT(VTD_LCE0_TT, (uint64_t)VTD_TT_PASS_THROUGH));
    }
    audit_check(&world, "pass-through");
}

/* ---- odds */

/* A legacy entry has no PASID directory, whatever lies at address 0. */
static void test_no_directory(void **state)
{
    struct world world;
    world_open(&world, &(struct world_config){.preset = "legacy", .mode = IOMMU_VTD_MODE_LEGACY});
    world_tenant(&world, IOMMU_STAGE_AUTO, 0, IOMMU_NO_PASID);
    world_poke(&world, 0xff8, 1);
    audit_check(&world, NULL);
}

/* Where a unit's registers are is not known: page 0 is not meant. */
static void test_no_base(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL, .no_dmar = true};
    open_world(&world);
    struct iommu_domain *domain = world_tenant(&world, IOMMU_STAGE_SECOND, 0, PASID);
    world_map_at(&world, domain, ELSE, 0, WORLD_PAGE, WORLD_RW);
    world_drop_register(&world, "base");
    audit_run(&world, &run);
    audit_expect(&run, NULL);
    audit_run_done(&run);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocked),         cmocka_unit_test(test_blocked_in_part),
        cmocka_unit_test(test_blocked_from_region),
        cmocka_unit_test(test_interrupts_off),  cmocka_unit_test(test_translation_off),
        cmocka_unit_test(test_small_interrupt_table),
        cmocka_unit_test(test_supervisor),      cmocka_unit_test(test_privileged),
        cmocka_unit_test(test_nested),          cmocka_unit_test(test_pass_through),
        cmocka_unit_test(test_no_directory),    cmocka_unit_test(test_no_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
