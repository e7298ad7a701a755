/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_checker.c - the checker is quiet where all is well and finds what is planted: one flaw a test, most of them
 * one bit in memory.
 */
#include <string.h>

#include "drivers/vtd/vtd.h" /* flaws in the books need their fields; the checker itself knows none of them */
#include "tests/checker/checker.h"

#include "iommukit/driver.h"
#include "tests/stack/view.h"

#define DOMAINS 4u
#define IOVA    RIG_IOVA
#define TARGET  (UINT64_C(5) << 30)
#define MIB2    (UINT64_C(2) << 20)

/*
 * Domain 0: second stage, untagged on device 0, PASID 5 on device 0, PASID 5 on device 1.
 * Domain 1: first stage, PASID 70 on device 0. Domain 2: second stage, not attached. Domain 3: pass-through, PASID 9.
 */
struct bench {
    struct checker checker;
    struct iommu_domain *domain[DOMAINS];
    struct checker_run run[DOMAINS][2];
    struct iommu_attachment *attachment[5];
    struct iommu_gather gather;
    const struct iommu_gather *gathers[1];
    struct checker_facts facts;
};

static bool bench_run(void *ctx, unsigned domain, unsigned index, struct checker_run *run)
{
    struct bench *bench = ctx;

    if (index >= 2 || bench->run[domain][index].prot == 0)
        return false;
    *run = bench->run[domain][index];
    return true;
}

static void map(struct bench *bench, unsigned domain, unsigned index, uint64_t bytes, uint32_t prot)
{
    uint64_t iova = IOVA + index * MIB2, pa = TARGET + (domain * 2 + index) * MIB2;

    checker_owner(CHECKER_DOMAIN(domain));
    assert_int_equal(iommu_map(bench->domain[domain], iova, pa, bytes, prot), 0);
    checker_owner(CHECKER_DRIVER);
    bench->run[domain][index] =
        (struct checker_run){iova, iova + bytes - 1, pa, prot, bytes == MIB2 ? 21 : 12};
}

static void make_domains(struct bench *bench)
{
    static const struct iommu_domain_config config[DOMAINS] = {{.stage = IOMMU_STAGE_SECOND},
                                                               {.stage = IOMMU_STAGE_FIRST},
                                                               {.stage = IOMMU_STAGE_SECOND},
                                                               {.type = IOMMU_DOMAIN_IDENTITY}};
    unsigned count = bench->checker.rig.config.mode == IOMMU_VTD_MODE_LEGACY ? 1 : DOMAINS;

    for (unsigned i = 0; i < count; i++) {
        checker_owner(CHECKER_DOMAIN(i));
        assert_int_equal(
            iommu_domain_alloc(bench->checker.rig.iommu, &config[i], &bench->domain[i]), 0);
        if (i < 3) {
            map(bench, i, 0, 3 * RIG_PAGE, IOMMU_READ | IOMMU_WRITE);
            map(bench, i, 1, MIB2, IOMMU_READ);
        }
    }
    checker_owner(CHECKER_DRIVER);
}

static void attach(struct bench *bench, unsigned index, unsigned domain, unsigned device,
                   struct iommu_route route)
{
    assert_int_equal(iommu_attach(bench->domain[domain], bench->checker.rig.device[device], route,
                                  NULL, &bench->attachment[index]),
                     0);
}

static void bench_open(struct bench *bench, const struct rig_config *config)
{
    memset(bench, 0, sizeof *bench);
    struct rig *rig = &bench->checker.rig;

    rig_open_hardware(rig, config);
    checker_watch(&bench->checker);
    assert_int_equal(rig_create_driver(rig), 0);
    checker_start(&bench->checker);
    rig_add_devices(rig);
    assert_int_equal(iommu_start(rig->iommu), 0);
    make_domains(bench);
    attach(bench, 0, 0, 0, iommu_route_rid());
    if (config->mode != IOMMU_VTD_MODE_LEGACY) {
        attach(bench, 1, 0, 0, iommu_route_pasid(5));
        attach(bench, 2, 0, 1, iommu_route_pasid(5));
        attach(bench, 3, 1, 0, iommu_route_pasid(70));
        attach(bench, 4, 3, 0, iommu_route_pasid(9));
    }
    iommu_gather_init(&bench->gather);
    bench->gathers[0] = &bench->gather;
    bench->facts = (struct checker_facts){.devices = rig->device,
                                          .domains = bench->domain,
                                          .domain_count = DOMAINS,
                                          .gathers = bench->gathers,
                                          .gather_count = 1,
                                          .run = bench_run,
                                          .ctx = bench};
}

static void bench_close(struct bench *bench)
{
    struct rig *rig = &bench->checker.rig;

    for (unsigned i = 0; i < 5; i++)
        if (bench->attachment[i] != NULL)
            assert_int_equal(iommu_detach(bench->attachment[i]), 0);
    for (unsigned i = 0; i < DOMAINS; i++)
        assert_int_equal(iommu_domain_free(bench->domain[i]), 0);
    rig_close(rig);
    checker_stop(&bench->checker);
}

static void quiet(struct bench *bench)
{
    for (unsigned depth = CHECKER_ROUTES; depth <= CHECKER_ALL; depth++)
        if (checker_run(&bench->checker, &bench->facts, (enum checker_depth)depth) != 0)
            fail_msg("%s", bench->checker.finding[0]);
}

static void finds(struct bench *bench, const char *words, enum checker_depth depth)
{
    unsigned count = checker_run(&bench->checker, &bench->facts, depth);

    for (unsigned i = 0; i < count && i < CHECKER_FINDINGS_MAX; i++)
        if (strstr(bench->checker.finding[i], words) != NULL)
            return;
    fail_msg("%u findings, none with '%s'; the first: %s", count, words,
             count != 0 ? bench->checker.finding[0] : "");
}

/* ---- planting: the word changes, is found, and changes back --------------------------------------------- */

static uint64_t *word_at(struct bench *bench, uint64_t at)
{
    return checker_words(&bench->checker, at);
}

static void planted(struct bench *bench, uint64_t at, uint64_t value, const char *words,
                    enum checker_depth depth)
{
    uint64_t before = *word_at(bench, at);

    *word_at(bench, at) = value;
    finds(bench, words, depth);
    *word_at(bench, at) = before;
    bench->facts.rid_changed = ~UINT32_C(0); /* and back */
    quiet(bench);
    bench->facts.rid_changed = 0;
    quiet(bench);
}

static void flipped(struct bench *bench, uint64_t at, unsigned bit, const char *words,
                    enum checker_depth depth)
{
    planted(bench, at, *word_at(bench, at) ^ UINT64_C(1) << bit, words, depth);
}

static uint64_t entry_of(struct bench *bench, unsigned device, uint32_t pasid)
{
    return rig_pasid_entry(&bench->checker.rig, 0, rig_rid(device), pasid);
}

static uint64_t context_of(struct bench *bench, unsigned device)
{
    return rig_context_entry(&bench->checker.rig, 0, rig_rid(device));
}

/* Address of the entry for iova at a level of domain's table. */
static uint64_t table_entry(struct bench *bench, unsigned domain, uint64_t iova, unsigned level)
{
    struct iommu_geometry geometry;
    uint64_t table = checker_root(&bench->checker, bench->domain[domain]);

    iommu_domain_geometry(bench->domain[domain], &geometry);
    for (unsigned at = geometry.levels;; at--) {
        uint64_t entry = table + (iova >> (12 + 9 * (at - 1)) & 511) * 8;
        if (at == level)
            return entry;
        table = *word_at(bench, entry) & UINT64_C(0x000ffffffffff000);
    }
}

/* ---- the tests ------------------------------------------------------------------------------------------ */

static void test_B78_quiet_where_all_is_well(void **state)
{
    static const struct rig_config config[] = {
        {0}, {.second_unit = true}, {.cap_set = UINT64_C(1) << 7}, {.mode = IOMMU_VTD_MODE_LEGACY}};
    static struct bench bench;

    for (unsigned i = 0; i < 4; i++) {
        bench_open(&bench, &config[i]);
        quiet(&bench);
        assert_int_equal(iommu_unmap(bench.domain[0], IOVA + MIB2, MIB2, &bench.gather), 0);
        bench.run[0][1].prot = 0;
        quiet(&bench);
        assert_int_equal(iommu_unmap(bench.domain[0], IOVA, 3 * RIG_PAGE, &bench.gather), 0);
        bench.run[0][0].prot = 0;
        quiet(&bench);
        assert_int_equal(iommu_sync(bench.domain[0], &bench.gather), 0);
        quiet(&bench);
        bench_close(&bench);
    }
}

static void test_B78_finds_live_entries_without_attachment(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    uint64_t empty = entry_of(&bench, 0, 6), live = entry_of(&bench, 0, 5);

    memcpy(word_at(&bench, empty), word_at(&bench, live), 64);
    finds(&bench, "which is not attached", CHECKER_ALL);
    memset(word_at(&bench, empty), 0, 64);
    quiet(&bench);
    /* Not live, and not cleared either. */
    planted(&bench, empty + 8, 7, "is not present, yet word 1 is 0x7", CHECKER_ALL);
    bench_close(&bench);
}

static void test_B78_finds_attachments_without_live_entry(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    flipped(&bench, entry_of(&bench, 0, 5), 0, "is attached and has no live entry", CHECKER_ROUTES);
    flipped(&bench, entry_of(&bench, 0, 0), 0, "PASID 0 is attached and has no live entry",
            CHECKER_ROUTES);
    flipped(&bench, context_of(&bench, 1), 0, "has no context entry", CHECKER_ROUTES);
    flipped(&bench, context_of(&bench, 1), 3, "allows none", CHECKER_ROUTES);
    bench_close(&bench);
    bench_open(&bench, &(struct rig_config){.mode = IOMMU_VTD_MODE_LEGACY});
    flipped(&bench, context_of(&bench, 0), 0, "is attached and has no live entry", CHECKER_ROUTES);
    bench_close(&bench);
}

static void test_B78_finds_entries_of_unknown_requesters(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    flipped(&bench, context_of(&bench, 3) + 64, 0, "which is no device", CHECKER_ALL);
    bench_close(&bench);
}

static void test_B78_finds_freed_and_foreign_pages(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){.hold_freed = true});
    uint64_t at = table_entry(&bench, 0, IOVA, 2),
             foreign = *word_at(&bench, table_entry(&bench, 2, IOVA, 2));
    uint64_t entry = entry_of(&bench, 0, 5), dead = *word_at(&bench, at);

    planted(&bench, at, foreign, "is linked twice", CHECKER_ALL);
    planted(&bench, at, (entry & ~UINT64_C(0xfff)) | 3, "a page of the driver's tables",
            CHECKER_ALL);
    planted(&bench, entry, *word_at(&bench, entry) ^ 0x1000, "leads to the table", CHECKER_ROUTES);
    /* 2 MiB go in one piece, and the table with them. */
    checker_owner(CHECKER_DOMAIN(0));
    assert_int_equal(
        iommu_map(bench.domain[0], IOVA + 3 * RIG_PAGE, TARGET, MIB2 - 3 * RIG_PAGE, IOMMU_READ),
        0);
    checker_owner(CHECKER_DRIVER);
    assert_int_equal(iommu_unmap(bench.domain[0], IOVA, MIB2, NULL), 0);
    iommu_pt_stock_drain(&bench.checker.rig.iommu->table_pages, bench.checker.rig.iommu->platform);
    bench.run[0][0] = bench.run[0][1];
    bench.run[0][1].prot = 0;
    quiet(&bench);
    planted(&bench, at, dead, "a page that has been freed", CHECKER_ALL);
    planted(&bench, at, TARGET | 3, "no page that was ever allocated", CHECKER_ALL);
    bench_close(&bench);
}

static void test_B78_finds_shared_and_split_domain_ids(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    uint64_t first = entry_of(&bench, 0, 5) + 8, other = entry_of(&bench, 0, 70) + 8;

    planted(&bench, other, *word_at(&bench, first), "is used by two domains", CHECKER_ROUTES);
    planted(&bench, first, *word_at(&bench, first) + 7, "has two ids on unit 0", CHECKER_ROUTES);
    planted(&bench, first, *word_at(&bench, first) + 7, "its attachment", CHECKER_ROUTES);
    bench_close(&bench);
    bench_open(&bench, &(struct rig_config){.cap_set = UINT64_C(1) << 7});
    first = entry_of(&bench, 0, 70) + 8;
    planted(&bench, first, *word_at(&bench, first) & ~UINT64_C(0xffff), "cannot be used on unit 0",
            CHECKER_ROUTES);
    bench_close(&bench);
}

static void test_B78_finds_wrong_counts(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    struct vtd_unit *unit = &vtd_of(bench.checker.rig.iommu)->units[0];

    unit->ids.used++;
    finds(&bench, "domain ids are in its tables", CHECKER_ROUTES);
    unit->ids.used--;
    unit->table_pages++;
    finds(&bench, "the driver counts", CHECKER_ALL);
    unit->table_pages--;
    quiet(&bench);
    bench_close(&bench);
}

static void test_B78_finds_a_pasid_that_is_attached_twice(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});

    bench.attachment[0]->pasid = 5;
    finds(&bench, "PASID 0x5 is attached twice", CHECKER_ROUTES);
    bench.attachment[0]->pasid = IOMMU_NO_PASID;
    quiet(&bench);
    bench_close(&bench);
}

static void test_B78_finds_broken_lists(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    struct iommu_domain *hidden = bench.domain[1];

    bench.attachment[3]->domain = bench.domain[2];
    finds(&bench, "attachments, devices list", CHECKER_ROUTES);
    bench.attachment[3]->domain = hidden;
    bench.domain[1] = NULL;
    finds(&bench, "a domain that nobody has", CHECKER_ROUTES);
    bench.domain[1] = hidden;
    quiet(&bench);
    bench_close(&bench);
}

static void test_B78_finds_reserved_bits(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    struct rig *rig = &bench.checker.rig;
    uint64_t root = rig_reg64(rig, 0, 0x20) & ~UINT64_C(0xfff), context = context_of(&bench, 0);
    uint64_t directory = *word_at(&bench, context) & ~UINT64_C(0xfff),
             entry = entry_of(&bench, 0, 5);

    flipped(&bench, root, 5, "root entry", CHECKER_ALL);
    flipped(&bench, context, 7, "context entry", CHECKER_ROUTES);
    flipped(&bench, context, 4, "context entry",
            CHECKER_ROUTES); /* page requests: the unit has none */
    flipped(&bench, context + 8, 30, "context entry", CHECKER_ROUTES);
    flipped(&bench, context + 24, 0, "context entry", CHECKER_ROUTES);
    flipped(&bench, directory, 3, "PASID directory entry", CHECKER_ALL);
    flipped(&bench, entry, 5, "PASID entry", CHECKER_ROUTES);
    flipped(&bench, entry, 60, "PASID entry", CHECKER_ROUTES);
    flipped(&bench, entry + 8, 16, "PASID entry", CHECKER_ROUTES);
    flipped(&bench, entry + 16, 9, "PASID entry", CHECKER_ROUTES);
    flipped(&bench, entry + 56, 1, "PASID entry", CHECKER_ROUTES);
    flipped(&bench, table_entry(&bench, 0, IOVA, 1), 62, "reserved bits", CHECKER_ALL);
    flipped(&bench, table_entry(&bench, 0, IOVA, 1), 50, "reserved bits", CHECKER_ALL);
    flipped(&bench, table_entry(&bench, 0, IOVA, 2), 11, "reserved bits", CHECKER_ALL);
    flipped(&bench, table_entry(&bench, 0, IOVA + MIB2, 2), 15, "reserved bits", CHECKER_ALL);
    flipped(&bench, table_entry(&bench, 1, IOVA + MIB2, 2), 15, "reserved bits", CHECKER_ALL);
    bench_close(&bench);
    bench_open(&bench, &(struct rig_config){.mode = IOMMU_VTD_MODE_LEGACY});
    flipped(&bench, context_of(&bench, 0), 5, "context entry", CHECKER_ROUTES);
    flipped(&bench, context_of(&bench, 0) + 8, 7, "context entry", CHECKER_ROUTES);
    bench_close(&bench);
}

static void test_B78_finds_wrong_widths_and_types(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    uint64_t second = entry_of(&bench, 0, 5), first = entry_of(&bench, 0, 70);

    flipped(&bench, second, 2, "levels, domain 0 has 4", CHECKER_ROUTES); /* width 3: 5 levels */
    flipped(&bench, second, 2, "cannot do table type 2 with 5 levels", CHECKER_ROUTES);
    flipped(&bench, first + 16, 2, "cannot do table type 1 with 5 levels", CHECKER_ROUTES);
    planted(&bench, second, *word_at(&bench, second) ^ 0x0c0, "wants 2",
            CHECKER_ROUTES); /* type 1 */
    planted(&bench, second, *word_at(&bench, second) ^ 0x180, "wants 2",
            CHECKER_ROUTES); /* type 4 */
    planted(&bench, second, *word_at(&bench, second) | 0x140, "table type 7", CHECKER_ROUTES);
    bench_close(&bench);
    bench_open(&bench, &(struct rig_config){.mode = IOMMU_VTD_MODE_LEGACY});
    uint64_t context = context_of(&bench, 0);
    planted(&bench, context, (*word_at(&bench, context) & ~UINT64_C(0xc)) | 8, "wants 2",
            CHECKER_ROUTES);
    planted(&bench, context, *word_at(&bench, context) | 0xc, "type 3 is not available",
            CHECKER_ROUTES);
    flipped(&bench, context + 8, 1, "cannot do table type 2", CHECKER_ROUTES);
    bench_close(&bench);
}

static void test_B78_finds_mappings_that_differ(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    uint64_t last = table_entry(&bench, 2, IOVA + 2 * RIG_PAGE, 1), leaf = *word_at(&bench, last);

    planted(&bench, last + 8, TARGET | 3, "which nobody asked for", CHECKER_ALL);
    planted(&bench, last, 0, "is not in the table", CHECKER_ALL);
    planted(&bench, last, leaf + RIG_PAGE, "not to 0x", CHECKER_ALL);
    planted(&bench, last, leaf ^ 2, "the rights 1, not 3", CHECKER_ALL);
    planted(&bench, table_entry(&bench, 1, IOVA, 1),
            *word_at(&bench, table_entry(&bench, 1, IOVA, 1)) ^ 2, "the rights 1, not 3",
            CHECKER_ALL);
    /* A table pointer's rights count as well. */
    flipped(&bench, table_entry(&bench, 2, IOVA, 2), 1, "the rights 1, not 3", CHECKER_ALL);
    bench.run[2][0].pa += RIG_PAGE;
    finds(&bench, "iommu_iova_to_phys", CHECKER_ALL);
    bench.run[2][0].pa -= RIG_PAGE;
    bench_close(&bench);
}

static void test_B78_finds_tables_that_are_linked_twice(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    uint64_t at = table_entry(&bench, 0, IOVA, 2), context = context_of(&bench, 0);
    uint64_t slot = (*word_at(&bench, context) & ~UINT64_C(0xfff)) + 8; /* PASIDs 64 to 127 */

    planted(&bench, at + 16, *word_at(&bench, at), "is linked twice", CHECKER_ALL);
    planted(&bench, slot + 8, *word_at(&bench, slot), "is linked twice", CHECKER_ALL);
    bench_close(&bench);
}

static void test_B78_finds_pages_that_nothing_points_at(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    struct iommu_platform *platform = &bench.checker.rig.platform;

    planted(&bench, table_entry(&bench, 2, IOVA, 2), 0, "leak: nothing points at page",
            CHECKER_ALL);
    void *page = platform->page_alloc(platform->ctx, 0);
    finds(&bench, "of the driver's tables", CHECKER_ALL);
    platform->page_free(platform->ctx, page, 0);
    quiet(&bench);
    bench_close(&bench);
}

static void test_B78_finds_an_untagged_entry_that_changed(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});

    quiet(&bench);
    flipped(&bench, entry_of(&bench, 0, 0) + 8, 24, "of its untagged entry",
            CHECKER_ROUTES); /* a harmless bit */
    bench_close(&bench);
}

static void test_B78_finds_the_wrong_root(void **state)
{
    static struct bench bench;
    bench_open(&bench, &(struct rig_config){0});
    struct rig *rig = &bench.checker.rig;
    uint64_t before = rig_reg64(rig, 0, 0x20);

    rig_set_reg64(rig, 0, 0x20, before & ~UINT64_C(0xc00));
    finds(&bench, "has the wrong mode", CHECKER_ROUTES);
    rig_set_reg64(rig, 0, 0x20, context_of(&bench, 0) & ~UINT64_C(0xfff));
    finds(&bench, "root table register", CHECKER_ROUTES);
    rig_set_reg64(rig, 0, 0x20, before);
    bench.facts.rid_changed = ~UINT32_C(0);
    quiet(&bench);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B78_quiet_where_all_is_well),
        cmocka_unit_test(test_B78_finds_live_entries_without_attachment),
        cmocka_unit_test(test_B78_finds_attachments_without_live_entry),
        cmocka_unit_test(test_B78_finds_entries_of_unknown_requesters),
        cmocka_unit_test(test_B78_finds_freed_and_foreign_pages),
        cmocka_unit_test(test_B78_finds_shared_and_split_domain_ids),
        cmocka_unit_test(test_B78_finds_wrong_counts),
        cmocka_unit_test(test_B78_finds_a_pasid_that_is_attached_twice),
        cmocka_unit_test(test_B78_finds_broken_lists),
        cmocka_unit_test(test_B78_finds_reserved_bits),
        cmocka_unit_test(test_B78_finds_wrong_widths_and_types),
        cmocka_unit_test(test_B78_finds_mappings_that_differ),
        cmocka_unit_test(test_B78_finds_tables_that_are_linked_twice),
        cmocka_unit_test(test_B78_finds_pages_that_nothing_points_at),
        cmocka_unit_test(test_B78_finds_an_untagged_entry_that_changed),
        cmocka_unit_test(test_B78_finds_the_wrong_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
