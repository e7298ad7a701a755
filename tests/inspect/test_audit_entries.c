/* SPDX-License-Identifier: MIT */
/* tests/inspect/test_audit_entries.c - one flaw in a root, context, PASID or page-table entry each. */
#include "tests/inspect/audit_check.h"

#include <string.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define PASID 100u

/* Device 0 with a domain for itself and one for a PASID, device 1 with one for itself. */
static void open_world(struct world *world, enum iommu_stage stage)
{
    world_open(world, &(struct world_config){.preset = NULL});
    world_tenant(world, stage, 0, IOMMU_NO_PASID);
    world_tenant(world, stage, 0, PASID);
    world_tenant(world, stage, 1, IOMMU_NO_PASID);
}

static void open_legacy(struct world *world, uint64_t cap_set)
{
    world_open(world, &(struct world_config){
                          .preset = "legacy", .mode = IOMMU_VTD_MODE_LEGACY, .cap_set = cap_set});
    world_tenant(world, IOMMU_STAGE_AUTO, 0, IOMMU_NO_PASID);
    world_tenant(world, IOMMU_STAGE_AUTO, 1, IOMMU_NO_PASID);
}

static void change(struct world *world, uint64_t at, uint64_t clear, uint64_t set)
{
    assert_true(at != 0);
    world_poke(world, at, (world_peek(world, at) & ~clear) | set);
}

static uint64_t pasid_word(struct world *world, unsigned device, uint32_t pasid, unsigned word)
{
    uint64_t entry = world_pasid_entry(world, world_rid(device), pasid);
    assert_true(entry != 0);
    return entry + word * 8;
}

/* The leaf's, or another level's, entry of WORLD_IOVA. */
static uint64_t page_word(struct world *world, unsigned device, uint32_t pasid, unsigned level)
{
    uint64_t entry = world_peek(world, pasid_word(world, device, pasid, 0));
    if (SPEC_GET(VTD_PE0_PGTT, entry) == VTD_PGTT_FIRST)
        entry = world_peek(world, pasid_word(world, device, pasid, 2));
    return world_page_entry(world, entry & VTD_PTR, 4, level, WORLD_IOVA);
}

/* ---- what requests may pass */

static void test_pass_through_legacy(void **state)
{
    struct world world;
    open_legacy(&world, 0);
    change(&world, world_context_entry(&world, world_rid(0)), VTD_LCE0_TT,
           SPEC_PUT(VTD_LCE0_TT, (uint64_t)VTD_TT_PASS_THROUGH));
    audit_check(&world, "pass-through");
}

static void test_pass_through_scalable(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, pasid_word(&world, 0, PASID, 0), VTD_PE0_PGTT,
           SPEC_PUT(VTD_PE0_PGTT, (uint64_t)VTD_PGTT_PASS_THROUGH));
    audit_run(&world, &run);
    audit_expect(&run, "pass-through");
    assert_int_equal(run.findings.count, 1);
    assert_int_equal(run.findings.finding[0].severity, INSPECT_HIGH);
    assert_int_equal(run.findings.finding[0].device.rid, world_rid(0));
    assert_true(run.findings.finding[0].has_pasid && run.findings.finding[0].pasid == PASID);
    audit_run_done(&run);
    world_close(&world);
}

static void test_supervisor(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_FIRST);
    change(&world, pasid_word(&world, 0, PASID, 2), 0, VTD_PE2_SRE);
    audit_check(&world, "supervisor-requests");
}

static void test_ats(void **state)
{
    const struct inspect_bdf outside = {0, world_rid(1)};
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL, .input = {.external = &outside, .external_count = 1}};
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, world_context_entry(&world, world_rid(0)), 0, VTD_SCE0_DTE);
    audit_run(&world, &run);
    audit_expect(&run, "ats-trusted");
    assert_int_equal(run.findings.finding[0].severity, INSPECT_INFO); /* on bus 0 */
    audit_run_done(&run);
    change(&world, world_context_entry(&world, world_rid(1)), 0, VTD_SCE0_DTE);
    audit_run(&world, &run);
    assert_int_equal(run.findings.count, 2);
    assert_int_equal(run.findings.finding[0].severity, INSPECT_HIGH); /* on an external port */
    assert_int_equal(run.findings.finding[0].device.rid, world_rid(1));
    audit_run_done(&run);
    world_close(&world);
}

static void test_faults_silenced(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, pasid_word(&world, 0, PASID, 0), 0, VTD_PE0_FPD);
    audit_run(&world, &run);
    audit_expect(&run, "fault-processing-disabled");
    assert_true(run.findings.count == 1 && run.findings.finding[0].has_pasid);
    audit_run_done(&run);
    change(&world, world_context_entry(&world, world_rid(0)), 0, VTD_SCE0_FPD);
    audit_run(&world, &run);
    assert_int_equal(run.findings.count, 1); /* the device once, not each PASID */
    assert_false(run.findings.finding[0].has_pasid);
    audit_run_done(&run);
    world_close(&world);
}

static void test_page_requests_without_queue(void **state)
{
    struct world world;
    world_open(&world, &(struct world_config){.preset = "page-requests"});
    world_tenant(&world, IOMMU_STAGE_SECOND, 0, IOMMU_NO_PASID);
    change(&world, world_context_entry(&world, world_rid(0)), 0, VTD_SCE0_DTE | VTD_SCE0_PRE);
    audit_check(&world, "page-request-queue-missing ats-trusted");
}

/* ---- domain ids, PASID tables */

static void test_did_two_tables(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    uint64_t did = world_peek(&world, pasid_word(&world, 0, PASID, 1)) & VTD_PE1_DID;
    uint64_t plain = world_peek(&world, world_context_entry(&world, world_rid(1)) + 8) & VTD_SCE1_RID_PASID;
    change(&world, pasid_word(&world, 1, (uint32_t)plain, 1), VTD_PE1_DID, did);
    struct audit_run run = {.pages = WORLD_ALL};
    audit_run(&world, &run);
    audit_expect(&run, "did-two-tables");
    assert_true(run.findings.count == 1 && run.findings.finding[0].has_device);
    audit_run_done(&run);
    world_close(&world);
}

static void test_did_two_tables_legacy(void **state)
{
    struct world world;
    open_legacy(&world, 0);
    uint64_t did = world_peek(&world, world_context_entry(&world, world_rid(0)) + 8) & VTD_LCE1_DID;
    change(&world, world_context_entry(&world, world_rid(1)) + 8, VTD_LCE1_DID, did);
    audit_check(&world, "did-two-tables");
}

/* First-stage translations are tagged with the PASID too: only the same one clashes. */
static void test_did_of_first_stage(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world, IOMMU_STAGE_FIRST);
    world_tenant(&world, IOMMU_STAGE_FIRST, 2, PASID);
    world_tenant(&world, IOMMU_STAGE_FIRST, 2, PASID + 1);
    uint64_t did = world_peek(&world, pasid_word(&world, 2, PASID, 1)) & VTD_PE1_DID;
    change(&world, pasid_word(&world, 2, PASID + 1, 1), VTD_PE1_DID, did);
    audit_run(&world, &run);
    audit_expect(&run, NULL);
    audit_run_done(&run);
    change(&world, pasid_word(&world, 0, PASID, 1), VTD_PE1_DID, did);
    audit_run(&world, &run);
    audit_expect(&run, "did-two-tables");
    assert_int_equal(run.findings.count, 1);
    audit_run_done(&run);
    world_close(&world);
}

static void test_did_mixed_stages(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    world_tenant(&world, IOMMU_STAGE_FIRST, 2, PASID);
    uint64_t did = world_peek(&world, pasid_word(&world, 0, PASID, 1)) & VTD_PE1_DID;
    change(&world, pasid_word(&world, 2, PASID, 1), VTD_PE1_DID, did);
    audit_check(&world, "did-mixed-stages");
}

static void test_table_two_dids(void **state)
{
    struct world world;
    world_open(&world, &(struct world_config){.preset = NULL});
    struct iommu_domain *domain = world_tenant(&world, IOMMU_STAGE_SECOND, 0, PASID);
    world_attach(&world, domain, 1, PASID);
    change(&world, pasid_word(&world, 1, PASID, 1), VTD_PE1_DID, 0x3333);
    audit_check(&world, "table-two-dids");
}

static void test_did_zero(void **state)
{
    struct world world;
    open_legacy(&world, VTD_CAP_CM);
    change(&world, world_context_entry(&world, world_rid(0)) + 8, VTD_LCE1_DID, 0);
    audit_check(&world, "did-zero");
}

static void test_pasid_table_shared(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world, IOMMU_STAGE_SECOND);
    uint64_t context = world_context_entry(&world, world_rid(0));
    world_poke(&world, world_context_entry(&world, world_rid(1)), world_peek(&world, context));
    audit_run(&world, &run);
    audit_expect(&run, "pasid-table-shared");
    assert_int_equal(run.findings.finding[0].severity, INSPECT_MEDIUM);
    audit_run_done(&run);
    world_poke(&world, world_context_entry(&world, world_rid(1)), 0);
    world_poke(&world, context + VTD_SCE_BYTES, world_peek(&world, context)); /* 00:01.1 */
    audit_run(&world, &run);
    audit_expect(&run, "pasid-table-shared");
    assert_int_equal(run.findings.finding[0].severity, INSPECT_INFO); /* functions of a slot may be one device */
    audit_run_done(&run);
    world_close(&world);
}

/* ---- stale PASIDs */

static void test_pasids_off(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, world_context_entry(&world, world_rid(0)), VTD_SCE0_PASIDE, 0);
    audit_check(&world, "pasid-stale");
}

static void test_pasid_beyond_directory(void **state)
{
    struct world world;
    world_open(&world, &(struct world_config){.preset = NULL});
    world_tenant(&world, IOMMU_STAGE_SECOND, 0, PASID);
    uint64_t directory = world_directory_entry(&world, world_rid(0), 0);
    change(&world, world_context_entry(&world, world_rid(0)), VTD_SCE0_PDTS, 0);
    world_poke(&world, directory + 130 * 8, world_table(&world) | VTD_PDE_P);
    audit_check(&world, "pasid-stale");
}

static void test_pasid_beyond_width(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    uint64_t ecap = world_register(&world, VTD_REG_ECAP, 64);
    world_set_register(&world, "ECAP", (ecap & ~VTD_ECAP_PSS) | SPEC_PUT(VTD_ECAP_PSS, (uint64_t)5));
    audit_check(&world, "pasid-stale");
}

/* ---- entries that hardware refuses */

static void test_root_reserved(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, world_root_entry(&world, world_rid(0)), 0, 1 << 5);
    audit_check(&world, "root-entry-reserved-bits");
}

static void test_context_reserved(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, world_context_entry(&world, world_rid(0)), 0, 1 << 7);
    audit_run(&world, &run);
    audit_expect(&run, "context-entry-reserved-bits");
    assert_int_equal(run.findings.finding[0].device.rid, world_rid(0));
    audit_run_done(&run);
    world_close(&world);
}

static void test_context_reserved_legacy(void **state)
{
    struct world world;
    open_legacy(&world, 0);
    change(&world, world_context_entry(&world, world_rid(1)), 0, 1 << 6);
    audit_check(&world, "context-entry-reserved-bits");
}

static void test_pasid_reserved(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, pasid_word(&world, 0, PASID, 6), 0, 1);
    audit_run(&world, &run);
    audit_expect(&run, "pasid-entry-reserved-bits");
    assert_true(run.findings.finding[0].has_pasid && run.findings.finding[0].pasid == PASID);
    audit_run_done(&run);
    world_close(&world);
}

static void test_directory_reserved(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, world_directory_entry(&world, world_rid(0), PASID), 0, 1 << 4);
    audit_check(&world, "pasid-entry-reserved-bits");
}

static void test_page_reserved(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, page_word(&world, 0, PASID, 1), 0, SPEC_BIT64(62));
    audit_check(&world, "page-entry-reserved-bits");
}

static void test_page_size(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, page_word(&world, 0, PASID, 4), 0, VTD_SS_PS);
    audit_check(&world, "page-size-unsupported");
}

static void test_page_misaligned(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    world_poke(&world, page_word(&world, 0, PASID, 2), 0x3001000 | VTD_SS_PS | VTD_SS_R | VTD_SS_W);
    audit_check(&world, "page-misaligned");
}

static void test_entry_invalid(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, pasid_word(&world, 0, PASID, 0), VTD_PE0_PGTT, SPEC_PUT(VTD_PE0_PGTT, (uint64_t)6));
    audit_check(&world, "entry-invalid");
    open_legacy(&world, 0);
    change(&world, world_context_entry(&world, world_rid(0)), 0, SPEC_PUT(VTD_LCE0_TT, (uint64_t)VTD_TT_RESERVED));
    audit_check(&world, "entry-invalid");
}

static void test_pointer_beyond_width(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, page_word(&world, 0, PASID, 1), 0, SPEC_BIT64(48));
    audit_check(&world, "pointer-beyond-width");
}

static void test_loop(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    uint64_t at = page_word(&world, 0, PASID, 2);
    world_poke(&world, at, (at & ~(WORLD_PAGE - 1)) | VTD_SS_R | VTD_SS_W);
    /* seen as a table of leaves, the table maps itself and whatever else it points to */
    audit_check(&world, "page-table-loop page-table-writable");
}

static void test_address_beyond_width(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    uint64_t cap = world_register(&world, VTD_REG_CAP, 64);
    world_set_register(&world, "CAP", (cap & ~VTD_CAP_MGAW) | SPEC_PUT(VTD_CAP_MGAW, (uint64_t)29));
    audit_check(&world, "address-beyond-width");
}

static void test_nested_table_unmapped(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    change(&world, pasid_word(&world, 0, PASID, 2), 0, 0x5000000);
    change(&world, pasid_word(&world, 0, PASID, 0), VTD_PE0_PGTT, SPEC_PUT(VTD_PE0_PGTT, (uint64_t)VTD_PGTT_NESTED));
    audit_check(&world, "nested-table-unmapped");
}

/* ---- devices and the dump */

static void test_device_missing(void **state)
{
    const struct inspect_bdf there[] = {{0, world_rid(0)}, {0, world_rid(2)}};
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL, .input = {.present = there, .present_count = 2}};
    open_world(&world, IOMMU_STAGE_SECOND);
    audit_run(&world, &run);
    audit_expect(&run, "device-missing");
    assert_int_equal(run.findings.count, 1);
    assert_int_equal(run.findings.finding[0].device.rid, world_rid(1));
    audit_run_done(&run);
    world_close(&world);
}

static void test_table_absent(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_TABLES};
    open_world(&world, IOMMU_STAGE_SECOND);
    world.blocks--; /* a page that the unit reads is left out */
    audit_run(&world, &run);
    audit_expect(&run, "table-absent");
    assert_int_equal(run.findings.finding[0].severity, INSPECT_INFO);
    audit_run_done(&run);
    world_close(&world);
}

static void test_root_absent(void **state)
{
    struct world world;
    open_world(&world, IOMMU_STAGE_SECOND);
    world_set_register(&world, "RTADDR", (UINT64_C(1) << 40) | SPEC_PUT(VTD_RTADDR_TTM, (uint64_t)VTD_TTM_SCALABLE));
    audit_check(&world, "table-absent");
}

static void test_stopped(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL, .input = {.machine = {.limits = {.entries = 4096}}}};
    open_world(&world, IOMMU_STAGE_SECOND);
    audit_run(&world, &run);
    audit_expect(&run, "stopped-here");
    assert_int_equal(run.findings.finding[0].severity, INSPECT_LOW);
    audit_run_done(&run);
    world_close(&world);
}

/* Many of a kind: some are told, and how many there were. */
static void test_many(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    world_open(&world, &(struct world_config){.preset = NULL});
    struct iommu_domain *domain = world_tenant(&world, IOMMU_STAGE_SECOND, 0, 1);
    for (uint32_t pasid = 2; pasid < 102; pasid++)
        world_attach(&world, domain, 0, pasid);
    for (uint32_t pasid = 1; pasid < 102; pasid++)
        change(&world, pasid_word(&world, 0, pasid, 7), 0, 1);
    audit_run(&world, &run);
    audit_expect(&run, "pasid-entry-reserved-bits stopped-here");
    assert_int_equal(run.findings.count, 65);
    assert_non_null(strstr(audit_first(&run, "stopped-here")->evidence, "101 findings"));
    audit_run_done(&run);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pass_through_legacy),
        cmocka_unit_test(test_pass_through_scalable),
        cmocka_unit_test(test_supervisor),
        cmocka_unit_test(test_ats),
        cmocka_unit_test(test_faults_silenced),
        cmocka_unit_test(test_page_requests_without_queue),
        cmocka_unit_test(test_did_two_tables),
        cmocka_unit_test(test_did_two_tables_legacy),
        cmocka_unit_test(test_did_of_first_stage),
        cmocka_unit_test(test_did_mixed_stages),
        cmocka_unit_test(test_table_two_dids),
        cmocka_unit_test(test_did_zero),
        cmocka_unit_test(test_pasid_table_shared),
        cmocka_unit_test(test_pasids_off),
        cmocka_unit_test(test_pasid_beyond_directory),
        cmocka_unit_test(test_pasid_beyond_width),
        cmocka_unit_test(test_root_reserved),
        cmocka_unit_test(test_context_reserved),
        cmocka_unit_test(test_context_reserved_legacy),
        cmocka_unit_test(test_pasid_reserved),
        cmocka_unit_test(test_directory_reserved),
        cmocka_unit_test(test_page_reserved),
        cmocka_unit_test(test_page_size),
        cmocka_unit_test(test_page_misaligned),
        cmocka_unit_test(test_entry_invalid),
        cmocka_unit_test(test_pointer_beyond_width),
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_address_beyond_width),
        cmocka_unit_test(test_nested_table_unmapped),
        cmocka_unit_test(test_device_missing),
        cmocka_unit_test(test_table_absent),
        cmocka_unit_test(test_root_absent),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
