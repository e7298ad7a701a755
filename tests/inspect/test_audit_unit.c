/* SPDX-License-Identifier: MIT */
/* tests/inspect/test_audit_unit.c - one flaw in a unit's registers, queue, fault records or interrupt table each. */
#include "tests/inspect/audit_check.h"

#include <string.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

static void open_world(struct world *world)
{
    world_open(world, &(struct world_config){.preset = NULL});
    world_tenant(world, IOMMU_STAGE_SECOND, 0, IOMMU_NO_PASID);
}

/* A world in which one register says something else: bits cleared, then set. */
static void register_flaw(const char *name, uint32_t offset, unsigned bits, uint64_t clear, uint64_t set,
                          const char *ids)
{
    struct world world;
    open_world(&world);
    world_set_register(&world, name, (world_register(&world, offset, bits) & ~clear) | set);
    audit_check(&world, ids);
}

#define FLAW32(NAME, clear, set, ids) register_flaw(#NAME, VTD_REG_##NAME, 32, clear, set, ids)
#define FLAW64(NAME, clear, set, ids) register_flaw(#NAME, VTD_REG_##NAME, 64, clear, set, ids)

static void test_translation_off(void **state)
{
    FLAW32(GSTS, VTD_GSTS_TES, 0, "translation-off");
}

static void test_table_mode(void **state)
{
    FLAW64(RTADDR, VTD_RTADDR_TTM, SPEC_PUT(VTD_RTADDR_TTM, (uint64_t)VTD_TTM_RESERVED), "table-mode-invalid");
}

static void test_no_root_table(void **state)
{
    FLAW32(GSTS, VTD_GSTS_RTPS, 0, "registers-incomplete");
}

static void test_interrupts_off(void **state)
{
    FLAW32(GSTS, VTD_GSTS_IRES, 0, "interrupt-remapping-off");
}

static void test_interrupts_missing(void **state)
{
    FLAW64(ECAP, VTD_ECAP_IR, 0, "interrupt-remapping-missing");
}

static void test_interrupts_compatible(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    FLAW32(GSTS, 0, VTD_GSTS_CFIS, "compatibility-interrupts");
    open_world(&world);
    world_set_register(&world, "GSTS", world_register(&world, VTD_REG_GSTS, 32) | VTD_GSTS_CFIS);
    world_set_register(&world, "IRTA", world_register(&world, VTD_REG_IRTA, 64) | VTD_IRTA_EIME);
    audit_run(&world, &run);
    assert_int_equal(audit_first(&run, "compatibility-interrupts")->severity, INSPECT_INFO); /* EIME blocks them */
    audit_run_done(&run);
    world_close(&world);
}

static void test_interrupts_eim_required(void **state)
{
    FLAW64(ECAP, 0, VTD_ECAP_EIM | VTD_ECAP_EIMER, "interrupt-eim-required");
}

static void test_interrupt_source(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world);
    world_poke(&world, world.interrupt_table + 5 * 16, 0x0000000000310001);
    world_poke(&world, world.interrupt_table + 5 * 16 + 8, 0x0000000000040008); /* source 00:01.0, verified */
    audit_run(&world, &run);
    audit_expect(&run, NULL);
    audit_run_done(&run);
    world_poke(&world, world.interrupt_table + 9 * 16, 0x0000000000320001);
    world_poke(&world, world.interrupt_table + 9 * 16 + 8, 0x0000000000000008); /* SVT 0 */
    audit_run(&world, &run);
    audit_expect(&run, "interrupt-source-unchecked");
    assert_non_null(strstr(run.findings.finding[0].evidence, "1 of 2"));
    assert_non_null(strstr(run.findings.finding[0].evidence, "the first is 9"));
    audit_run_done(&run);
    world_close(&world);
}

static void test_queue_off(void **state)
{
    FLAW32(GSTS, VTD_GSTS_QIES, 0, "invalidation-queue-off");
}

static void test_queue_error(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world);
    world_set_register(&world, "FSTS", VTD_FSTS_IQE);
    world_set_register(&world, "IQERCD", VTD_IQEI_RESERVED);
    world_set_register(&world, "IQT", world_register(&world, VTD_REG_IQT, 64) ^ 0x40);
    audit_run(&world, &run);
    audit_expect(&run, "invalidation-queue-error");
    assert_non_null(strstr(run.findings.finding[0].evidence, "reserved bits"));
    audit_run_done(&run);
    world_close(&world);
}

static void test_queue_pending(void **state)
{
    struct world world;
    open_world(&world);
    world_set_register(&world, "IQT", world_register(&world, VTD_REG_IQT, 64) ^ 0x40);
    audit_check(&world, "invalidation-pending");
}

static void test_device_tlb_timeout(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world);
    world_set_register(&world, "FSTS", VTD_FSTS_ITE | VTD_FSTS_ICE);
    world_set_register(&world, "IQERCD",
                       SPEC_PUT(VTD_IQERCD_ITESID, (uint64_t)0x10) | SPEC_PUT(VTD_IQERCD_ICESID, (uint64_t)0x18));
    audit_run(&world, &run);
    audit_expect(&run, "device-tlb-timeout device-tlb-unexpected-completion");
    assert_int_equal(audit_first(&run, "device-tlb-timeout")->device.rid, 0x10);
    assert_int_equal(audit_first(&run, "device-tlb-unexpected-completion")->device.rid, 0x18);
    audit_run_done(&run);
    world_close(&world);
}

static void test_fault_pending(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world);
    world_tenant(&world, IOMMU_STAGE_SECOND, 1, 77);
    assert_false(world_dma(&world, 1, 77, 0x123456000));
    audit_run(&world, &run);
    audit_expect(&run, "fault-pending");
    const struct inspect_finding *finding = audit_first(&run, "fault-pending");
    assert_int_equal(finding->device.rid, world_rid(1));
    assert_true(finding->has_pasid && finding->pasid == 77);
    assert_non_null(strstr(finding->evidence, "write of 0x123456000, reason 79h"));
    audit_run_done(&run);
    world_close(&world);
}

/* An interrupt fault has an index where DMA has an address. */
static void test_fault_of_interrupt(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world);
    world_set_register(&world, "FSTS", VTD_FSTS_PPF);
    world_set_register(&world, "FRCD0_LO", (uint64_t)0x21 << 48);
    world_set_register(&world, "FRCD0_HI", VTD_FRCD_HI_F | (uint64_t)0x22 << 32 | 0x08);
    audit_run(&world, &run);
    audit_expect(&run, "fault-pending");
    assert_non_null(strstr(run.findings.finding[0].evidence, "interrupt index 33"));
    assert_false(run.findings.finding[0].has_pasid);
    audit_run_done(&run);
    world_close(&world);
}

static void test_fault_without_record(void **state)
{
    FLAW32(FSTS, 0, VTD_FSTS_PPF, "fault-pending");
}

static void test_fault_overflow(void **state)
{
    FLAW32(FSTS, 0, VTD_FSTS_PFO, "fault-overflow");
}

static void test_fault_masked(void **state)
{
    FLAW32(FECTL, 0, VTD_FECTL_IM, "fault-events-masked");
}

static void test_protected_memory(void **state)
{
    FLAW32(PMEN, VTD_ALL_ONES, VTD_PMEN_EPM | VTD_PMEN_PRS, "protected-memory-enabled");
}

static void test_page_request_overflow(void **state)
{
    FLAW32(PRS, VTD_ALL_ONES, VTD_PRS_PRO, "page-request-overflow");
}

static void test_registers_incomplete(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world);
    world_drop_register(&world, "ECAP");
    world_drop_register(&world, "FSTS");
    audit_run(&world, &run);
    audit_expect(&run, "registers-incomplete");
    assert_non_null(strstr(run.findings.finding[0].evidence, "ECAP, FSTS"));
    audit_run_done(&run);
    world_close(&world);
}

/* In legacy mode the registers do as well, so less is wrong. */
static void test_severity_of_queue_off(void **state)
{
    static const struct {
        const char *preset;
        enum iommu_vtd_mode mode;
        enum inspect_severity severity;
    } cases[] = {{"scalable", IOMMU_VTD_MODE_SCALABLE, INSPECT_MEDIUM}, {"legacy", IOMMU_VTD_MODE_LEGACY, INSPECT_LOW}};
    for (unsigned i = 0; i < 2; i++) {
        struct world world;
        struct audit_run run = {.pages = WORLD_ALL};
        world_open(&world, &(struct world_config){.preset = cases[i].preset, .mode = cases[i].mode});
        world_set_register(&world, "GSTS", world_register(&world, VTD_REG_GSTS, 32) & ~VTD_GSTS_QIES);
        audit_run(&world, &run);
        audit_expect(&run, "invalidation-queue-off");
        assert_int_equal(run.findings.finding[0].severity, cases[i].severity);
        audit_run_done(&run);
        world_close(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_translation_off),
        cmocka_unit_test(test_table_mode),
        cmocka_unit_test(test_no_root_table),
        cmocka_unit_test(test_interrupts_off),
        cmocka_unit_test(test_interrupts_missing),
        cmocka_unit_test(test_interrupts_compatible),
        cmocka_unit_test(test_interrupts_eim_required),
        cmocka_unit_test(test_interrupt_source),
        cmocka_unit_test(test_queue_off),
        cmocka_unit_test(test_queue_error),
        cmocka_unit_test(test_queue_pending),
        cmocka_unit_test(test_device_tlb_timeout),
        cmocka_unit_test(test_fault_pending),
        cmocka_unit_test(test_fault_of_interrupt),
        cmocka_unit_test(test_fault_without_record),
        cmocka_unit_test(test_fault_overflow),
        cmocka_unit_test(test_fault_masked),
        cmocka_unit_test(test_protected_memory),
        cmocka_unit_test(test_page_request_overflow),
        cmocka_unit_test(test_registers_incomplete),
        cmocka_unit_test(test_severity_of_queue_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
