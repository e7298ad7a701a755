/* SPDX-License-Identifier: MIT */
/* tests/inspect/test_audit_reach.c - mappings that reach what they should not, and reserved regions. */
#include "tests/inspect/audit_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define PASID  100u
#define ELSE   UINT64_C(0x50000000) /* an address where the flaw is mapped */
#define KERNEL UINT64_C(0x2000000)

/* Device 0 with the flaw's domain, device 1 in order. */
static struct iommu_domain *open_world(struct world *world, enum iommu_stage stage)
{
    world_open(world, &(struct world_config){.preset = NULL});
    world_tenant(world, stage, 1, IOMMU_NO_PASID);
    return world_tenant(world, stage, 0, PASID);
}

/* Physical pages mapped at ELSE. */
static void reach(enum iommu_stage stage, uint64_t pa, uint64_t bytes, uint32_t prot, const char *ids)
{
    struct world world;
    struct iommu_domain *domain = open_world(&world, stage);
    world_map_at(&world, domain, ELSE, pa, bytes, prot);
    audit_check(&world, ids);
}

/* ---- RAM */

static void test_ram_writable(void **state)
{
    reach(IOMMU_STAGE_SECOND, 0, WORLD_RAM, WORLD_RW,
          "ram-wide-writable device-table-writable page-table-writable invalidation-queue-writable "
          "interrupt-table-writable frame-writable-twice");
}

static void test_ram_readable(void **state)
{
    reach(IOMMU_STAGE_SECOND, 0, WORLD_RAM, IOMMU_READ,
          "ram-wide-readable device-table-readable page-table-readable invalidation-queue-readable "
          "interrupt-table-readable frame-readable-elsewhere");
}

static void test_ram_identity(void **state)
{
    struct world world;
    struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
    world_map_at(&world, domain, 0, 0, WORLD_RAM, WORLD_RW);
    audit_check(&world, "ram-wide-writable identity-mapping device-table-writable page-table-writable "
                        "invalidation-queue-writable interrupt-table-writable frame-writable-twice");
}

/* Where RAM is not known, a stretch of 1 GiB is told, however it came about, and less is not. */
static void test_ram_unknown(void **state)
{
    for (unsigned gib = 0; gib < 2; gib++) {
        struct world world;
        struct audit_run run = {.pages = WORLD_TABLES, .no_iomem = true};
        struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
        world_map_at(&world, domain, ELSE, UINT64_C(1) << 32, 1 << 29, WORLD_RW);
        world_map_at(&world, domain, 4 * ELSE, (UINT64_C(1) << 32) + (1 << 29), (1 << 29) - (gib ? 0 : 1 << 21),
                     WORLD_RW);
        audit_run(&world, &run);
        audit_expect(&run, gib ? "ram-wide-writable" : NULL);
        if (gib)
            assert_int_equal(run.findings.finding[0].severity, INSPECT_MEDIUM);
        audit_run_done(&run);
        world_close(&world);
    }
}

/* The same frames over and over are not all of RAM. */
static void test_ram_many_times(void **state)
{
    struct world world;
    struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
    uint64_t pa = world_map(&world, domain, ELSE, 1 << 22, WORLD_RW);
    for (uint64_t i = 1; i < 32; i++)
        world_map_at(&world, domain, ELSE + (i << 22), pa, 1 << 22, WORLD_RW);
    audit_check(&world, NULL);
}

static void test_identity(void **state)
{
    struct world world;
    struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
    world_map_at(&world, domain, 0x3000000, 0x3000000, 1 << 20, WORLD_RW);
    audit_check(&world, "identity-mapping");
    domain = open_world(&world, IOMMU_STAGE_SECOND);
    world_map_at(&world, domain, 0x3000000, 0x3000000, (1 << 20) - WORLD_PAGE, WORLD_RW);
    audit_check(&world, NULL);
}

/* ---- tables */

enum which { ROOT, CONTEXT, DIRECTORY, PASIDS, PAGES, QUEUE, INTERRUPTS };

static uint64_t table_of(struct world *world, enum which which)
{
    uint16_t rid = world_rid(1);
    switch (which) {
    case ROOT:
        return world_root_entry(world, rid);
    case CONTEXT:
        return world_context_entry(world, rid);
    case DIRECTORY:
        return world_directory_entry(world, rid, 0);
    case PASIDS:
        return world_pasid_entry(world, rid, 0);
    case PAGES:
        return world_peek(world, world_pasid_entry(world, rid, 0));
    case QUEUE:
        return world_register(world, VTD_REG_IQA, 64);
    default:
        return world->interrupt_table;
    }
}

/* One page of each kind, for writes and for reads. */
static void test_tables(void **state)
{
    static const struct {
        enum which which;
        const char *writable, *readable;
    } cases[] = {
        {ROOT, "device-table-writable", "device-table-readable"},
        {CONTEXT, "device-table-writable", "device-table-readable"},
        {DIRECTORY, "device-table-writable", "device-table-readable"},
        {PASIDS, "device-table-writable", "device-table-readable"},
        {PAGES, "page-table-writable", "page-table-readable"},
        {QUEUE, "invalidation-queue-writable", "invalidation-queue-readable"},
        {INTERRUPTS, "interrupt-table-writable", "interrupt-table-readable"},
    };
    for (unsigned i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        struct iommu_domain *domain = open_world(&world, i % 4 < 2 ? IOMMU_STAGE_SECOND : IOMMU_STAGE_FIRST);
        uint64_t pa = table_of(&world, cases[i / 2].which) & VTD_SS_ADDR;
        world_map_at(&world, domain, ELSE, pa, WORLD_PAGE, i % 2 ? IOMMU_READ : WORLD_RW);
        audit_check(&world, i % 2 ? cases[i / 2].readable : cases[i / 2].writable);
    }
}

static void test_page_request_queue(void **state)
{
    for (unsigned i = 0; i < 2; i++) {
        struct world world;
        struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
        uint64_t pa = world_map(&world, domain, ELSE, 4 * WORLD_PAGE, i ? IOMMU_READ : WORLD_RW);
        world_set_register(&world, "PQA", (pa - 4 * WORLD_PAGE) | 3); /* of 8 pages the last 4 are mapped */
        audit_check(&world, i ? "page-request-queue-readable" : "page-request-queue-writable");
    }
}

/* The queue's register keeps its value when the queue is off. */
static void test_queue_not_in_use(void **state)
{
    struct world world;
    struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
    world_map_at(&world, domain, ELSE, table_of(&world, QUEUE) & VTD_SS_ADDR, WORLD_PAGE, WORLD_RW);
    world_set_register(&world, "GSTS", world_register(&world, VTD_REG_GSTS, 32) & ~VTD_GSTS_QIES);
    audit_check(&world, "invalidation-queue-off");
}

/* Supervisor pages of a PASID whose requests are all user's are out of reach. */
static void test_supervisor_page(void **state)
{
    struct world world;
    struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_FIRST);
    world_map_at(&world, domain, ELSE, world.interrupt_table, WORLD_PAGE, WORLD_RW);
    uint64_t top = world_peek(&world, world_pasid_entry(&world, world_rid(0), PASID) + 16);
    uint64_t leaf = world_page_entry(&world, top, 4, 1, ELSE);
    world_poke(&world, leaf, world_peek(&world, leaf) & ~VTD_FS_US);
    audit_check(&world, NULL);
}

static void test_unit_registers(void **state)
{
    reach(IOMMU_STAGE_SECOND, WORLD_UNIT_BASE, WORLD_PAGE, WORLD_RW, "unit-registers-writable");
}

/* ---- the kernel */

static void kernel(uint64_t pa, uint32_t prot, const char *ids)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL,
                            .input = {.has_kernel = true, .kernel = {KERNEL, KERNEL + 0x1fffff}}};
    struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
    world_map_at(&world, domain, ELSE, pa, 2 * WORLD_PAGE, prot);
    audit_run(&world, &run);
    audit_expect(&run, ids);
    audit_run_done(&run);
    world_close(&world);
}

static void test_kernel(void **state)
{
    kernel(KERNEL - WORLD_PAGE, WORLD_RW, "kernel-text-writable");
    kernel(KERNEL + 0x1ff000, IOMMU_READ, "kernel-text-readable");
    kernel(KERNEL - 2 * WORLD_PAGE, WORLD_RW, NULL);
    kernel(KERNEL + 0x200000, WORLD_RW, NULL);
}

/* ---- frames */

static void test_frame_writable(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
    struct iommu_domain *other = world_tenant(&world, IOMMU_STAGE_FIRST, 2, 9);
    char first[40];
    uint64_t pa = world_map(&world, domain, ELSE, 16 * WORLD_PAGE, WORLD_RW);
    world_map_at(&world, other, ELSE, pa + 2 * WORLD_PAGE, 3 * WORLD_PAGE, WORLD_RW);
    world_map_at(&world, other, 2 * ELSE, pa + 8 * WORLD_PAGE, WORLD_PAGE, WORLD_RW);
    audit_run(&world, &run);
    audit_expect(&run, "frame-writable-twice");
    assert_int_equal(run.findings.count, 1);
    snprintf(first, sizeof first, "16 KiB from %#" PRIx64 " on", pa + 2 * WORLD_PAGE);
    assert_non_null(strstr(run.findings.finding[0].evidence, first));
    audit_run_done(&run);
    world_close(&world);
}

static void test_frame_readable(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
    struct iommu_domain *other = world_tenant(&world, IOMMU_STAGE_SECOND, 2, 9);
    uint64_t pa = world_map(&world, other, ELSE, 4 * WORLD_PAGE, IOMMU_READ);
    world_map_at(&world, domain, 2 * ELSE, pa + WORLD_PAGE, WORLD_PAGE, WORLD_RW);
    audit_run(&world, &run);
    audit_expect(&run, "frame-readable-elsewhere");
    assert_int_equal(run.findings.finding[0].device.rid, world_rid(0)); /* the writer */
    assert_non_null(strstr(run.findings.finding[0].evidence,
                           "at 0xa0000000, can be read by 00:03.0 PASID 9 at 0x50001000; 2 domains"));
    audit_run_done(&run);
    world_close(&world);
}

/* Whoever is met first. */
static void test_frame_readable_inside(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
    struct iommu_domain *other = world_tenant(&world, IOMMU_STAGE_SECOND, 2, 9);
    uint64_t pa = world_map(&world, domain, ELSE, 4 * WORLD_PAGE, WORLD_RW);
    world_map_at(&world, other, 2 * ELSE, pa + WORLD_PAGE, WORLD_PAGE, IOMMU_READ);
    audit_run(&world, &run);
    audit_expect(&run, "frame-readable-elsewhere");
    assert_non_null(strstr(run.findings.finding[0].evidence, "read by 00:03.0 PASID 9 at 0xa0000000"));
    audit_run_done(&run);
    world_close(&world);
}

/* Read by both, or adjacent: nobody gets anything from the other. */
static void test_frame_fine(void **state)
{
    struct world world;
    struct iommu_domain *domain = open_world(&world, IOMMU_STAGE_SECOND);
    struct iommu_domain *other = world_tenant(&world, IOMMU_STAGE_SECOND, 2, 9);
    uint64_t pa = world_map(&world, domain, ELSE, WORLD_PAGE, IOMMU_READ);
    world_map_at(&world, other, ELSE, pa, WORLD_PAGE, IOMMU_READ);
    uint64_t two = world_map(&world, domain, 2 * ELSE, 2 * WORLD_PAGE, WORLD_RW);
    assert_int_equal(iommu_unmap(domain, 2 * ELSE, WORLD_PAGE, NULL), 0);
    world_map_at(&world, other, 2 * ELSE, two, WORLD_PAGE, WORLD_RW);
    audit_check(&world, NULL);
}

/* ---- the interrupt window: the driver refuses such mappings, so entries are forged */

static void window(uint64_t iova, uint64_t pa, uint32_t pasid, const char *ids)
{
    struct world world;
    world_open(&world, &(struct world_config){.preset = NULL});
    struct iommu_domain *domain = world_domain(&world, IOMMU_STAGE_SECOND);
    uint64_t ram = world_map(&world, domain, iova & ~UINT64_C(0x1fffff), 0x200000, WORLD_RW);
    world_attach(&world, domain, 0, pasid);
    uint64_t top = world_peek(&world, world_pasid_entry(&world, world_rid(0), pasid == IOMMU_NO_PASID ? 0 : pasid));
    uint64_t table = world_table(&world);
    world_poke(&world, world_page_entry(&world, top, 4, 2, iova), table | VTD_SS_R | VTD_SS_W);
    world_poke(&world, world_page_entry(&world, top, 4, 1, iova), (pa != 0 ? pa : ram) | VTD_SS_R | VTD_SS_W);
    audit_check(&world, ids);
}

static void test_window(void **state)
{
    window(ELSE, VTD_INTERRUPT_FIRST, IOMMU_NO_PASID, "interrupt-window-target");
    window(ELSE, VTD_INTERRUPT_LAST + 1, IOMMU_NO_PASID, NULL);
}

/* As another driver would have made it. */
static void window_input(uint32_t pasid, const char *ids)
{
    struct world world;
    world_open(&world, &(struct world_config){.preset = NULL});
    struct iommu_domain *domain = world_tenant(&world, IOMMU_STAGE_SECOND, 0, pasid);
    uint64_t iova = UINT64_C(0xfec00000);
    uint64_t ram = world_map(&world, domain, iova, WORLD_PAGE, WORLD_RW);
    uint64_t top = world_peek(&world, world_pasid_entry(&world, world_rid(0), pasid == IOMMU_NO_PASID ? 0 : pasid));
    uint64_t table = world_table(&world);
    world_poke(&world, world_page_entry(&world, top, 4, 2, VTD_INTERRUPT_LAST), table | VTD_SS_R | VTD_SS_W);
    world_poke(&world, table + 0xff * 8, ram | VTD_SS_R | VTD_SS_W);
    audit_check(&world, ids);
}

static void test_window_input(void **state)
{
    window_input(IOMMU_NO_PASID, "interrupt-window-mapped");
    window_input(PASID, NULL); /* requests with PASID are translated there as anywhere */
}

/* ---- the DMAR table */

#define REGION_BASE  UINT64_C(0x70000000)
#define REGION_LIMIT UINT64_C(0x701fffff)

static void open_region(struct world *world, uint64_t base, uint64_t limit)
{
    const struct iommu_model_region_config region = {.base = base, .limit = limit, .rid = world_rid(1)};
    world_open(world, &(struct world_config){.regions = &region, .region_count = 1});
}

static struct iommu_domain *region_domain(struct world *world)
{
    struct iommu_domain *domain = world_domain(world, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_map_reserved(domain, world->device[1]), 0);
    world_attach(world, domain, 1, IOMMU_NO_PASID);
    return domain;
}

static void test_region_unmapped(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_region(&world, REGION_BASE, REGION_LIMIT);
    region_domain(&world);
    uint64_t top = world_peek(&world, world_pasid_entry(&world, world_rid(1), 0));
    world_poke(&world, world_page_entry(&world, top, 4, 2, REGION_BASE), 0);
    audit_run(&world, &run);
    audit_expect(&run, "reserved-region-unmapped");
    assert_int_equal(run.findings.finding[0].severity, INSPECT_MEDIUM);
    assert_int_equal(run.findings.finding[0].device.rid, world_rid(1));
    assert_false(run.findings.finding[0].has_pasid);
    audit_run_done(&run);
    world_poke(&world, world_context_entry(&world, world_rid(1)), 0);
    audit_run(&world, &run);
    audit_expect(&run, "reserved-region-unmapped");
    assert_int_equal(run.findings.finding[0].severity, INSPECT_LOW); /* the device is blocked altogether */
    audit_run_done(&run);
    world_close(&world);
}

static void test_region_read_only(void **state)
{
    struct world world;
    open_region(&world, REGION_BASE, REGION_LIMIT);
    region_domain(&world);
    uint64_t top = world_peek(&world, world_pasid_entry(&world, world_rid(1), 0));
    uint64_t leaf = world_page_entry(&world, top, 4, 2, REGION_BASE);
    world_poke(&world, leaf, world_peek(&world, leaf) & ~VTD_SS_W);
    audit_check(&world, "reserved-region-unmapped");
}

static void test_region_foreign(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_region(&world, REGION_BASE, REGION_LIMIT);
    region_domain(&world);
    struct iommu_domain *other = world_tenant(&world, IOMMU_STAGE_SECOND, 2, IOMMU_NO_PASID);
    world_map_at(&world, other, ELSE, REGION_LIMIT + 1 - WORLD_PAGE, 2 * WORLD_PAGE, WORLD_RW);
    world_attach(&world, other, 2, PASID);
    audit_run(&world, &run);
    audit_expect(&run, "reserved-region-foreign");
    assert_int_equal(run.findings.count, 1); /* the domain once */
    assert_int_equal(run.findings.finding[0].device.rid, world_rid(2));
    audit_run_done(&run);
    world_close(&world);
}

/* Mapped, but to something else. */
static void test_region_moved(void **state)
{
    struct world world;
    open_region(&world, REGION_BASE, REGION_LIMIT);
    region_domain(&world);
    uint64_t top = world_peek(&world, world_pasid_entry(&world, world_rid(1), 0));
    uint64_t leaf = world_page_entry(&world, top, 4, 2, REGION_BASE);
    world_poke(&world, leaf, world_peek(&world, leaf) + (1 << 24));
    audit_check(&world, "reserved-region-unmapped");
}

/* What only a PASID of the device maps is no help to its plain requests. */
static void test_region_of_pasid(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_region(&world, REGION_BASE, REGION_LIMIT);
    world_attach(&world, region_domain(&world), 1, PASID);
    world_poke(&world, world_pasid_entry(&world, world_rid(1), 0), 0);
    audit_run(&world, &run);
    audit_expect(&run, "reserved-region-unmapped");
    assert_int_equal(run.findings.finding[0].severity, INSPECT_LOW);
    audit_run_done(&run);
    world_close(&world);
}

/* A dump may hold what firmware keeps for itself; only /proc/iomem says what is RAM in use. */
static void test_region_in_ram(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    open_region(&world, 0x3c00000, 0x3c0ffff);
    region_domain(&world);
    audit_run(&world, &run);
    audit_expect(&run, "reserved-region-in-ram");
    audit_run_done(&run);
    run.no_iomem = true;
    audit_run(&world, &run);
    audit_expect(&run, NULL);
    audit_run_done(&run);
    world_close(&world);
}

static void test_region_wide(void **state)
{
    struct world world;
    open_region(&world, 0x80000000, 0xa0000fff);
    region_domain(&world);
    audit_check(&world, "reserved-region-wide");
    open_region(&world, 0x80000000, 0x9fffffff);
    region_domain(&world);
    audit_check(&world, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ram_writable),
        cmocka_unit_test(test_ram_readable),
        cmocka_unit_test(test_ram_identity),
        cmocka_unit_test(test_ram_unknown),
        cmocka_unit_test(test_ram_many_times),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_page_request_queue),
        cmocka_unit_test(test_queue_not_in_use),
        cmocka_unit_test(test_supervisor_page),
        cmocka_unit_test(test_unit_registers),
        cmocka_unit_test(test_kernel),
        cmocka_unit_test(test_frame_writable),
        cmocka_unit_test(test_frame_readable),
        cmocka_unit_test(test_frame_readable_inside),
        cmocka_unit_test(test_frame_fine),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_window_input),
        cmocka_unit_test(test_region_unmapped),
        cmocka_unit_test(test_region_read_only),
        cmocka_unit_test(test_region_moved),
        cmocka_unit_test(test_region_of_pasid),
        cmocka_unit_test(test_region_foreign),
        cmocka_unit_test(test_region_in_ram),
        cmocka_unit_test(test_region_wide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
