/* SPDX-License-Identifier: MIT */
/* tests/inspect/test_audit_firmware.c - the DMAR table against the tables: units, scopes, who may use ATS. */
#include "tests/inspect/audit_check.h"

#include <errno.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"
#include "tests/dmar/build.h"

#define ENDPOINT  1
#define BRIDGE    2
#define ALL       1
#define OTHER     UINT64_C(0xfed91000)
#define FAR_BUS   5u
#define FAR_RID   (FAR_BUS << 8 | 8)

/* Legacy mode, devices 00:01.0 and 00:02.0. */
static void open_world(struct world *world)
{
    world_open(world, &(struct world_config){.preset = "legacy", .mode = IOMMU_VTD_MODE_LEGACY});
    world_tenant(world, IOMMU_STAGE_AUTO, 0, IOMMU_NO_PASID);
    world_tenant(world, IOMMU_STAGE_AUTO, 1, IOMMU_NO_PASID);
}

/* Bus 5 gets what bus 0 has. */
static void open_far(struct world *world)
{
    open_world(world);
    world_poke(world, world_root_entry(world, FAR_RID), world_peek(world, world_root_entry(world, world_rid(0))));
}

static struct audit_run judge(struct world *world, struct dmar_build *table)
{
    struct audit_run run = {.pages = WORLD_ALL};
    dmar_end(table);
    run.input.dmar = table->bytes;
    run.input.dmar_bytes = table->length;
    audit_run(world, &run);
    dmar_free(table);
    return run;
}

static void check(struct world *world, struct dmar_build *table, const char *ids)
{
    struct audit_run run = judge(world, table);
    audit_expect(&run, ids);
    audit_run_done(&run);
    world_close(world);
}

static void test_unit_missing(void **state)
{
    struct world world;
    struct dmar_build table;
    open_world(&world);
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, 0, 0, OTHER);
    dmar_scope(&table, ENDPOINT, 0, 0, "9.0");
    dmar_unit(&table, ALL, 0, WORLD_UNIT_BASE);
    check(&world, &table, "unit-without-registers");
}

static void test_scope_missing(void **state)
{
    struct world world;
    struct dmar_build table;
    struct audit_run run;
    open_world(&world);
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, 0, 0, WORLD_UNIT_BASE);
    dmar_scope(&table, ENDPOINT, 0, 0, "1.0");
    run = judge(&world, &table);
    audit_expect(&run, "device-outside-scope");
    assert_int_equal(run.findings.count, 1);
    assert_int_equal(run.findings.finding[0].device.rid, world_rid(1));
    audit_run_done(&run);
    world_close(&world);
}

static void test_scope_elsewhere(void **state)
{
    struct world world;
    struct dmar_build table;
    open_world(&world);
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, 0, 0, OTHER);
    dmar_scope(&table, ENDPOINT, 0, 0, "2.0");
    dmar_unit(&table, ALL, 0, WORLD_UNIT_BASE);
    check(&world, &table, "unit-without-registers device-outside-scope");
}

/* Which buses a bridge has is not in the table: no judgement. A bridge on a higher bus is no excuse. */
static void test_scope_below_bridge(void **state)
{
    struct world world;
    struct dmar_build table;
    open_far(&world);
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, 0, 0, WORLD_UNIT_BASE);
    dmar_scope(&table, ENDPOINT, 0, 0, "1.0");
    dmar_scope(&table, ENDPOINT, 0, 0, "2.0");
    dmar_scope(&table, BRIDGE, 0, 3, "1c.0");
    check(&world, &table, NULL);
    open_far(&world);
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, 0, 0, WORLD_UNIT_BASE);
    dmar_scope(&table, ENDPOINT, 0, 0, "1.0");
    dmar_scope(&table, ENDPOINT, 0, 0, "2.0");
    dmar_scope(&table, BRIDGE, 0, FAR_BUS, "1c.0");
    check(&world, &table, "device-outside-scope");
}

/* A device named twice is named; regions of segments whose registers nobody gave are not judged. */
static void test_scope_fine(void **state)
{
    struct world world;
    struct dmar_build table;
    open_world(&world);
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, 0, 0, WORLD_UNIT_BASE);
    dmar_scope(&table, ENDPOINT, 0, 0, "1.0");
    dmar_scope(&table, ENDPOINT, 0, 0, "2.0");
    dmar_region(&table, 1, 0x80000000, 0x80000fff);
    dmar_scope(&table, ENDPOINT, 0, 0, "1.0");
    check(&world, &table, NULL);
    open_world(&world);
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, 0, 0, WORLD_UNIT_BASE);
    dmar_scope(&table, ENDPOINT, 0, 0, "1.0");
    dmar_scope(&table, ENDPOINT, 0, 0, "2.0");
    dmar_unit(&table, 0, 0, OTHER);
    dmar_scope(&table, ENDPOINT, 0, 0, "1.0");
    check(&world, &table, "unit-without-registers");
}

/* ---- device-TLBs */

static void allow_ats(struct world *world, unsigned rid)
{
    uint64_t at = world_context_entry(world, (uint16_t)rid);
    world_poke(world, at, world_peek(world, at) | SPEC_PUT(VTD_LCE0_TT, (uint64_t)VTD_TT_DEVICE_TLB));
}

static enum inspect_severity ats_severity(bool ports, unsigned segment, bool integrated)
{
    struct world world;
    struct dmar_build table;
    open_far(&world);
    allow_ats(&world, FAR_RID); /* and 00:01.0, whose entry it is */
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, ALL, 0, WORLD_UNIT_BASE);
    if (ports)
        dmar_ats(&table, 1, segment);
    if (integrated) {
        dmar_atc(&table, 0, 0);
        dmar_scope(&table, ENDPOINT, 0, FAR_BUS, "1.0");
    }
    struct audit_run run = judge(&world, &table);
    audit_expect(&run, "ats-trusted");
    assert_int_equal(run.findings.count, 2);
    enum inspect_severity worst = run.findings.finding[0].severity;
    audit_run_done(&run);
    world_close(&world);
    return worst;
}

static void test_ats(void **state)
{
    assert_int_equal(ats_severity(false, 0, false), INSPECT_MEDIUM);
    assert_int_equal(ats_severity(true, 0, false), INSPECT_INFO);
    assert_int_equal(ats_severity(true, 1, false), INSPECT_MEDIUM);
    assert_int_equal(ats_severity(false, 0, true), INSPECT_INFO);
}

/* ---- what else */

/* A register file that does not say where its one unit is means the table's one unit. */
static void test_lone_unit(void **state)
{
    struct world world;
    struct dmar_build table;
    struct audit_run run;
    open_world(&world);
    world_drop_register(&world, "base");
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, ALL, 0, WORLD_UNIT_BASE);
    run = judge(&world, &table);
    audit_expect(&run, NULL);
    audit_run_done(&run);
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, 0, 0, OTHER);
    dmar_scope(&table, ENDPOINT, 0, 0, "9.0");
    dmar_unit(&table, ALL, 0, WORLD_UNIT_BASE);
    check(&world, &table, "unit-without-registers");
}

static void test_bad_table(void **state)
{
    static const uint8_t garbage[64] = "DMAR";
    struct inspect_registers registers = {.count = 0};
    struct inspect_audit_input input = {.dmar = garbage, .dmar_bytes = sizeof garbage};
    struct inspect_findings findings;
    struct inspect_why why = {""};
    input.machine.registers = &registers;
    assert_int_equal(inspect_audit(&input, &findings, &why), -EINVAL);
    assert_true(why.text[0] != '\0');
    assert_int_equal(findings.count, 0);
}

/* Regions beyond what is kept are told; nothing is lost silently. */
static void test_many_records(void **state)
{
    struct world world;
    struct dmar_build table;
    open_world(&world);
    dmar_begin(&table, 46, 1);
    dmar_unit(&table, ALL, 0, WORLD_UNIT_BASE);
    for (unsigned i = 0; i < 300; i++)
        dmar_region(&table, 0, 0x80000000 + i * WORLD_PAGE, 0x80000000 + i * WORLD_PAGE + 0xfff);
    check(&world, &table, "stopped-here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unit_missing),   cmocka_unit_test(test_scope_missing),
        cmocka_unit_test(test_scope_elsewhere), cmocka_unit_test(test_scope_below_bridge),
        cmocka_unit_test(test_scope_fine),
        cmocka_unit_test(test_ats),            cmocka_unit_test(test_lone_unit),
        cmocka_unit_test(test_bad_table),      cmocka_unit_test(test_many_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
