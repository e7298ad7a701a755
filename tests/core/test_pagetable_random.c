/* SPDX-License-Identifier: MIT */
/*
 * Random maps and unmaps against a flat array that knows nothing of tables.
 * platform: core
 *
 * IOMMUKIT_SEED repeats a run; it prints the seed it took.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/common/seed.h"
#include "tests/core/counted.h"
#include "tests/core/formats.h"

#define PAGES ((3 * SIZE_1G) / SIZE_4K) /* of the window that the array covers */
#define NONE  UINT64_MAX

/* One window of the address space; what page i of it leads to, and how large its page is. */
struct oracle {
    uint64_t base;
    uint64_t *pa;
    uint8_t *lg2;
    uint32_t *prot;
};

struct run {
    struct counted host;
    struct iommu_pt pt;
    struct iommu_gather gather;
    struct oracle oracle;
    struct seed seed;
    unsigned maps, unmaps, refused;
};

static void compare_page(struct run *run, uint64_t page)
{
    const struct oracle *oracle = &run->oracle;
    uint64_t iova = oracle->base + page * SIZE_4K, pa;
    uint8_t lg2;
    uint32_t prot;

    if (iommu_pt_lookup(&run->pt, iova, &pa, &lg2, &prot)) {
        assert_int_equal(oracle->pa[page], NONE);
        return;
    }
    assert_int_equal(oracle->pa[page], pa);
    assert_int_equal(oracle->prot[page], prot);
    assert_int_equal(oracle->lg2[page], lg2);
}

static void compare(struct run *run, uint64_t first, uint64_t count)
{
    uint64_t last = first + count < PAGES ? first + count : PAGES - 1;

    for (int i = 0; i < 16; i++)
        compare_page(run, seed_below(&run->seed, PAGES));
    for (uint64_t page = first ? first - 1 : 0; page <= last; page += count > 600 ? 97 : 1)
        compare_page(run, page);
    compare_page(run, last);
}

/* A range with a taste for the edges of tables. */
static void pick(struct run *run, uint64_t *first, uint64_t *count)
{
    static const uint64_t grain[] = {1, 1, 512, 512, 262144};
    static const uint64_t most[] = {6, 1200, 3, 40, 2};
    uint64_t kind = seed_below(&run->seed, 5);

    *first = seed_below(&run->seed, PAGES / grain[kind]) * grain[kind];
    *count = (1 + seed_below(&run->seed, most[kind])) * grain[kind];
    if (seed_below(&run->seed, 3) == 0) {
        *first += seed_below(&run->seed, 3);
        *count += seed_below(&run->seed, 3);
    }
    if (seed_below(&run->seed, 16) == 0)
        *first = PAGES - 1; /* the top page */
    if (*first >= PAGES)
        *first = PAGES - 1;
    if (*count > PAGES - *first)
        *count = PAGES - *first;
}

static int expected_map(const struct run *run, uint64_t first, uint64_t count)
{
    for (uint64_t page = first; page < first + count; page++)
        if (run->oracle.pa[page] != NONE)
            return -IOMMU_EEXIST;
    return 0;
}

static int expected_unmap(const struct run *run, uint64_t first, uint64_t count)
{
    for (uint64_t page = first; page < first + count;) {
        uint64_t size;

        if (run->oracle.pa[page] == NONE)
            return -IOMMU_ENOENT;
        size = (uint64_t)1 << (run->oracle.lg2[page] - 12);
        if (page % size || page + size > first + count)
            return -IOMMU_EINVAL;
        page += size;
    }
    return 0;
}

/* The size of each page is taken from the table, and must be one that fits there. */
static void note_map(struct run *run, uint64_t first, uint64_t count, uint64_t pa, uint32_t prot)
{
    for (uint64_t page = first; page < first + count;) {
        uint64_t iova = run->oracle.base + page * SIZE_4K, found, size;
        uint8_t lg2;
        uint32_t found_prot;

        assert_int_equal(iommu_pt_lookup(&run->pt, iova, &found, &lg2, &found_prot), 0);
        assert_true(run->pt.config.page_sizes >> lg2 & 1);
        size = (uint64_t)1 << (lg2 - 12);
        assert_true(page % size == 0 && page + size <= first + count);
        assert_int_equal(found % (size * SIZE_4K), 0);
        for (uint64_t i = page; i < page + size; i++) {
            run->oracle.pa[i] = pa + (i - first) * SIZE_4K;
            run->oracle.lg2[i] = lg2;
            run->oracle.prot[i] = prot;
        }
        page += size;
    }
}

static void try_map(struct run *run, uint64_t first, uint64_t count)
{
    uint64_t iova = run->oracle.base + first * SIZE_4K;
    uint64_t pa =
        ((uint64_t)1 << 41) + seed_below(&run->seed, 64) * SIZE_1G + (first % 262144) * SIZE_4K;
    uint32_t prot = seed_below(&run->seed, 2) ? IOMMU_READ : IOMMU_READ | IOMMU_WRITE;
    size_t pages = run->host.pages;
    struct iommu_gather undo;
    int result, expected = expected_map(run, first, count);

    if (seed_below(&run->seed, 4) == 0)
        pa += seed_below(&run->seed, 1024) * SIZE_4K; /* small pages only */
    if (!expected && seed_below(&run->seed, 8) == 0)
        counted_fail(&run->host, 1 + seed_below(&run->seed, 4));
    iommu_gather_init(&undo);
    result = iommu_pt_map(&run->pt, iova, iova + count * SIZE_4K - 1, pa, prot, &undo);
    if (run->host.failed)
        expected = -IOMMU_ENOMEM;
    counted_fail(&run->host, 0);
    assert_int_equal(result, expected);
    if (result) {
        run->refused++;
        assert_int_equal(run->host.pages, pages);
        return;
    }
    run->maps++;
    note_map(run, first, count, pa, prot);
}

static void try_unmap(struct run *run, uint64_t first, uint64_t count)
{
    uint64_t iova = run->oracle.base + first * SIZE_4K;
    int expected = expected_unmap(run, first, count);

    assert_int_equal(iommu_pt_unmap(&run->pt, iova, iova + count * SIZE_4K - 1, &run->gather),
                     expected);
    if (expected) {
        run->refused++;
        return;
    }
    run->unmaps++;
    assert_true(run->gather.first <= iova && run->gather.last >= iova + count * SIZE_4K - 1);
    for (uint64_t page = first; page < first + count; page++)
        run->oracle.pa[page] = NONE;
}

/* Let an unmap meet what a map has left: the whole stretch around a page. */
static void pick_mapped(struct run *run, uint64_t *first, uint64_t *count)
{
    uint64_t page = seed_below(&run->seed, PAGES), end;

    while (page && run->oracle.pa[page] == NONE)
        page--;
    *first = page;
    while (*first && run->oracle.pa[*first - 1] != NONE && page - *first < 600000)
        --*first;
    for (end = page; end < PAGES && run->oracle.pa[end] != NONE;)
        end++;
    *count = end > *first ? end - *first : 1;
    if (seed_below(&run->seed, 2)) { /* part of it */
        uint64_t skip = seed_below(&run->seed, *count);

        *first += skip;
        *count -= skip;
    }
}

static void step(struct run *run)
{
    uint64_t first, count;

    if (seed_below(&run->seed, 2)) {
        pick(run, &first, &count);
        try_map(run, first, count);
    } else {
        if (seed_below(&run->seed, 3))
            pick_mapped(run, &first, &count);
        else
            pick(run, &first, &count);
        try_unmap(run, first, count);
    }
    compare(run, first, count);
    if (seed_below(&run->seed, 10) == 0) {
        iommu_pt_free_dead(&run->pt, &run->gather);
        iommu_gather_init(&run->gather);
    }
}

static void run_one(struct seed *seed, const struct iommu_pt_config *config, unsigned steps)
{
    static struct run run;

    run = (struct run){.seed = {seed_next(seed)}};
    counted_init(&run.host, 32768);
    counted_watch_pointers(&run.host, config->format->present, FORMAT_ADDRESS);
    assert_int_equal(iommu_pt_init(&run.pt, &run.host.platform, config), 0);
    iommu_gather_init(&run.gather);
    run.oracle.base = seed_below(seed, 2) ? 0 : iommu_pt_last(&run.pt) + 1 - PAGES * SIZE_4K;
    run.oracle.pa = malloc(PAGES * sizeof(uint64_t));
    run.oracle.lg2 = calloc(PAGES, 1);
    run.oracle.prot = calloc(PAGES, sizeof(uint32_t));
    for (uint64_t page = 0; page < PAGES; page++)
        run.oracle.pa[page] = NONE;

    for (unsigned i = 0; i < steps; i++)
        step(&run);
    assert_true(run.maps && run.unmaps && run.refused);
    iommu_pt_free_dead(&run.pt, &run.gather); /* the links between the dead are for the CPU alone */
    if (!config->coherent)
        counted_assert_flushed(&run.host, format_software(config->format));
    iommu_pt_fini(&run.pt);
    counted_fini(&run.host);
    free(run.oracle.pa);
    free(run.oracle.lg2);
    free(run.oracle.prot);
}

static void test_B79_random_maps_agree_with_a_flat_array(void **state)
{
    const struct iommu_pt_format *formats[] = {&format_second, &format_first, &format_uncounted};
    const uint64_t sizes[] = {SIZE_4K, SIZE_4K | SIZE_2M, SIZE_4K | SIZE_2M | SIZE_1G};
    struct seed seed = seed_start();

    (void)state;
    for (int i = 0; i < 12; i++) {
        struct iommu_pt_config config = format_config(formats[i % 3], 3 + (unsigned)i / 3 % 3,
                                                      sizes[seed_below(&seed, 3)], i % 4 < 2);

        run_one(&seed, &config, 250);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B79_random_maps_agree_with_a_flat_array),
    };

    return cmocka_run_group_tests_name("pagetable_random", tests, NULL, NULL);
}
