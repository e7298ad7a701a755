/* SPDX-License-Identifier: MIT */
/* tests/inspect/test_audit_hostile.c - tables made to exhaust the audit, and tables full of noise: it ends. */
#include "tests/inspect/audit_check.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define SECONDS_MOST 20.0
#define RW           (VTD_SS_R | VTD_SS_W)

static double run_for(struct world *world, struct audit_run *run)
{
    clock_t begin = clock();
    audit_run(world, run);
    return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

static void fill(struct world *world, uint64_t table, uint64_t entry, uint64_t step)
{
    uint64_t *words = iommu_posix_memory(world->memory, table, WORLD_PAGE);
    assert_non_null(words);
    for (unsigned i = 0; i < VTD_PT_ENTRIES; i++)
        words[i] = entry + i * step;
}

/* Each of four levels names the next one 512 times: 2^36 mappings in four pages. */
static void bomb(uint64_t repeats, const char *limit)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL, .input = {.machine = {.limits = {.repeats = repeats}}}};
    world_open(&world, &(struct world_config){.preset = NULL});
    world_tenant(&world, IOMMU_STAGE_SECOND, 0, 1);
    uint64_t level[4];
    for (unsigned i = 0; i < 4; i++)
        level[i] = world_table(&world);
    fill(&world, level[0], 0x1000 | RW, 2 * WORLD_PAGE);
    for (unsigned i = 1; i < 4; i++)
        fill(&world, level[i], level[i - 1] | RW, 0);
    uint64_t entry = world_pasid_entry(&world, world_rid(0), 1);
    world_poke(&world, entry, (world_peek(&world, entry) & ~VTD_PTR) | level[3]);
    assert_true(run_for(&world, &run) < SECONDS_MOST);
    assert_non_null(strstr(audit_first(&run, "stopped-here")->evidence, limit));
    audit_run_done(&run);
    world_close(&world);
}

static void test_bomb(void **state)
{
    bomb(0, "page tables");                    /* the walk stops */
    bomb(UINT64_C(1) << 40, "mapped ranges");  /* the audit does */
}

/* Every table page full of noise, many times over. */
static void test_noise(void **state)
{
    for (unsigned seed = 0; seed < 60; seed++) {
        struct world world;
        struct audit_run run = {.pages = seed % 2 ? WORLD_ALL : WORLD_TABLES,
                                .input = {.machine = {.limits = {.entries = 1 << 22}}}};
        srandom(seed);
        world_open(&world, &(struct world_config){.preset = seed % 3 ? NULL : "page-requests"});
        for (unsigned device = 0; device < WORLD_DEVICES; device++)
            world_tenant(&world, device ? IOMMU_STAGE_FIRST : IOMMU_STAGE_SECOND, device, 7);
        uint64_t root = world_register(&world, VTD_REG_RTADDR, 64) & VTD_RTADDR_RTA;
        for (unsigned i = 0; i < 200; i++) {
            const struct world_block *block = &world.block[(unsigned)random() % world.blocks];
            uint64_t at = block->pa + (uint64_t)random() % (block->pages * VTD_PT_ENTRIES) * 8;
            const struct world_block *target = &world.block[(unsigned)random() % world.blocks];
            if (at >= root && at < root + 64)
                continue; /* what bus 0 leads to stays in reach */
            world_poke(&world, at, target->pa | ((uint64_t)random() & 0xfff) | 1);
        }
        audit_run(&world, &run);
        audit_run_done(&run);
        world_close(&world);
    }
}

/* Two thousand domains that all map the same frames, and none is compared with each other. */
static void test_all_share(void **state)
{
    struct world world;
    struct audit_run run = {.pages = WORLD_ALL};
    world_open(&world, &(struct world_config){.preset = NULL});
    world_tenant(&world, IOMMU_STAGE_SECOND, 0, 1);
    uint64_t leaves = world_table(&world), middle = world_table(&world);
    uint64_t buffer = iommu_posix_buffer_alloc(world.memory, 1 << 21);
    fill(&world, leaves, buffer | RW, WORLD_PAGE);
    fill(&world, middle, 0, 0);
    world_poke(&world, middle, leaves | RW);
    uint64_t entry = world_pasid_entry(&world, world_rid(0), 1);
    uint64_t words[VTD_PE_QWORDS];
    for (unsigned i = 0; i < VTD_PE_QWORDS; i++)
        words[i] = world_peek(&world, entry + i * 8);
    uint64_t directory = world_directory_entry(&world, world_rid(0), 0);
    for (unsigned table = 1; table < 33; table++) {
        uint64_t page = world_table(&world);
        uint64_t *to = iommu_posix_memory(world.memory, page, WORLD_PAGE);
        for (unsigned i = 0; i < VTD_PE_ENTRIES; i++) {
            uint64_t top = world_table(&world), upper = world_table(&world);
            *(uint64_t *)iommu_posix_memory(world.memory, top, 8) = upper | RW;
            *(uint64_t *)iommu_posix_memory(world.memory, upper, 8) = middle | RW;
            memcpy(&to[i * VTD_PE_QWORDS], words, sizeof words);
            to[i * VTD_PE_QWORDS] = (words[0] & ~VTD_PTR) | top;
            to[i * VTD_PE_QWORDS + 1] = (words[1] & ~VTD_PE1_DID) | (1000 + table * VTD_PE_ENTRIES + i);
        }
        world_poke(&world, directory + table * 8, page | VTD_PDE_P);
    }
    assert_true(run_for(&world, &run) < SECONDS_MOST);
    audit_expect(&run, "frame-writable-twice");
    assert_non_null(strstr(run.findings.finding[0].evidence, "2048 domains"));
    audit_run_done(&run);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_all_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
