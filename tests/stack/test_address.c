/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_address.c - what map, unmap and translate take and refuse, in both stages: windows, edges,
 * wrap-around, holes. A refused call has changed nothing: checked by DMA.
 */
#include "tests/stack/rig.h"

#define KIB4       RIG_PAGE
#define MIB2       (UINT64_C(2) << 20)
#define GIB        (UINT64_C(1) << 30)
#define WINDOW     UINT64_C(0xfee00000)
#define WINDOW_END UINT64_C(0xfef00000)
#define RW         (IOMMU_READ | IOMMU_WRITE)

struct bench {
    struct rig rig;
    struct iommu_domain *domain;
    struct iommu_attachment *attachment;
    struct iommu_geometry geometry;
    uint32_t pasid;
    uint64_t page; /* word 0 is 1 */
};

static void open_bench(struct bench *bench, enum iommu_stage stage)
{
    rig_open(&bench->rig, &(struct rig_config){0});
    bench->page = rig_page(&bench->rig, 1);
    bench->domain = rig_domain(&bench->rig, stage);
    iommu_domain_geometry(bench->domain, &bench->geometry);
    bench->pasid = rig_attach(&bench->rig, bench->domain, 0, &bench->attachment);
}

static void close_bench(struct bench *bench)
{
    assert_int_equal(iommu_detach(bench->attachment), 0);
    assert_int_equal(iommu_domain_free(bench->domain), 0);
    rig_page_done(&bench->rig, bench->page);
    rig_close(&bench->rig);
}

static int map(struct bench *bench, uint64_t iova, uint64_t pa, uint64_t len)
{
    return iommu_map(bench->domain, iova, pa, len, RW);
}

static int unmap(struct bench *bench, uint64_t iova, uint64_t len)
{
    return iommu_unmap(bench->domain, iova, len, NULL);
}

static void is_hole(struct bench *bench, uint64_t iova)
{
    uint64_t pa;
    assert_int_equal(iommu_iova_to_phys(bench->domain, iova, &pa), -IOMMU_ENOENT);
}

static void both_stages(void (*test)(struct bench *bench))
{
    struct bench bench;
    open_bench(&bench, IOMMU_STAGE_SECOND);
    test(&bench);
    close_bench(&bench);
    open_bench(&bench, IOMMU_STAGE_FIRST);
    test(&bench);
    close_bench(&bench);
}

/* ---- the interrupt window */

static void window(struct bench *bench)
{
    const uint64_t page = bench->page;
    assert_int_equal(map(bench, WINDOW, page, KIB4), -IOMMU_ERANGE);
    assert_int_equal(map(bench, WINDOW_END - KIB4, page, KIB4), -IOMMU_ERANGE);
    /* reaches in from below */
    assert_int_equal(map(bench, WINDOW - KIB4, GIB, 2 * KIB4), -IOMMU_ERANGE);
    /* begins at its end */
    assert_int_equal(map(bench, WINDOW_END - KIB4, GIB, 2 * KIB4), -IOMMU_ERANGE);
    assert_int_equal(map(bench, 3 * GIB, 4 * GIB, GIB), -IOMMU_ERANGE);          /* around it */
    is_hole(bench, WINDOW - KIB4);
    is_hole(bench, WINDOW);
    is_hole(bench, 3 * GIB);

    /* The other side: no address may lead there. */
    assert_int_equal(map(bench, RIG_IOVA, WINDOW, KIB4), -IOMMU_ERANGE);
    assert_int_equal(map(bench, RIG_IOVA, WINDOW_END - KIB4, KIB4), -IOMMU_ERANGE);
    assert_int_equal(map(bench, RIG_IOVA, WINDOW - KIB4, 2 * KIB4), -IOMMU_ERANGE);
    assert_int_equal(map(bench, 4 * GIB, 3 * GIB, GIB), -IOMMU_ERANGE);
    is_hole(bench, RIG_IOVA);

    /* Its neighbours are ordinary. */
    assert_int_equal(map(bench, WINDOW - KIB4, page, KIB4), 0);
    assert_int_equal(map(bench, WINDOW_END, page, KIB4), 0);
    rig_assert_reads(&bench->rig, 0, bench->pasid, WINDOW - KIB4, 1);
    rig_assert_reads(&bench->rig, 0, bench->pasid, WINDOW_END, 1);
    rig_assert_blocked(&bench->rig, 0, bench->pasid, WINDOW, true);
    assert_int_equal(unmap(bench, WINDOW - KIB4, KIB4), 0);
    assert_int_equal(unmap(bench, WINDOW_END, KIB4), 0);
}

static void test_B64_B71_interrupt_window_cannot_be_mapped(void **state)
{
    both_stages(window);
}

/* ---- the edges */

static void edges(struct bench *bench)
{
    const uint64_t last = bench->geometry.last, page = bench->page;
    assert_int_equal(bench->geometry.first, 0);
    assert_int_equal(last & (KIB4 - 1), KIB4 - 1);
    assert_int_equal(map(bench, 0, page, KIB4), 0);
    assert_int_equal(map(bench, last - KIB4 + 1, page, KIB4), 0);
    rig_assert_reads(&bench->rig, 0, bench->pasid, 0, 1);
    rig_assert_reads(&bench->rig, 0, bench->pasid, last - KIB4 + 1, 1);

    assert_int_equal(map(bench, last + 1, page, KIB4), -IOMMU_ERANGE);
    assert_int_equal(map(bench, last - KIB4 + 1, GIB, 2 * KIB4), -IOMMU_ERANGE);
    /* len is no multiple of a page */
    assert_int_equal(map(bench, (last >> 1) + 1, 0, last), -IOMMU_EINVAL);
    /* the very last page */
    assert_int_equal(map(bench, UINT64_MAX - KIB4 + 1, page, KIB4), -IOMMU_ERANGE);

    /* The highest physical page, and one beyond. */
    const uint64_t pa_last = bench->geometry.pa_last;
    assert_int_equal(map(bench, RIG_IOVA, pa_last - KIB4 + 1, KIB4), 0);
    assert_int_equal(unmap(bench, RIG_IOVA, KIB4), 0);
    assert_int_equal(map(bench, RIG_IOVA, pa_last + 1, KIB4), -IOMMU_ERANGE);
    assert_int_equal(map(bench, RIG_IOVA, pa_last - KIB4 + 1, 2 * KIB4), -IOMMU_ERANGE);
    is_hole(bench, RIG_IOVA);

    uint64_t pa;
    assert_int_equal(iommu_iova_to_phys(bench->domain, last, &pa), 0);
    assert_int_equal(pa, page + KIB4 - 1);
    is_hole(bench, last + 1);
    is_hole(bench, UINT64_MAX);
    assert_int_equal(unmap(bench, last - KIB4 + 1, KIB4), 0);
    assert_int_equal(unmap(bench, 0, KIB4), 0);
    assert_int_equal(unmap(bench, 0, KIB4), -IOMMU_ENOENT);
}

static void test_edges_of_the_aperture(void **state)
{
    both_stages(edges);
}

static void wrong_arguments(struct bench *bench)
{
    const uint64_t page = bench->page;
    struct iommu_domain *domain = bench->domain;
    assert_int_equal(map(bench, RIG_IOVA, page, 0), -IOMMU_EINVAL);
    assert_int_equal(map(bench, RIG_IOVA + 1, page, KIB4), -IOMMU_EINVAL);
    assert_int_equal(map(bench, RIG_IOVA, page + 8, KIB4), -IOMMU_EINVAL);
    assert_int_equal(map(bench, RIG_IOVA, page, KIB4 + 1), -IOMMU_EINVAL);
    assert_int_equal(map(bench, RIG_IOVA, page, KIB4 / 2), -IOMMU_EINVAL);
    /* Wrap-around of either side. */
    assert_int_equal(map(bench, UINT64_MAX - KIB4 + 1, page, 2 * KIB4), -IOMMU_EINVAL);
    assert_int_equal(map(bench, RIG_IOVA, UINT64_MAX - KIB4 + 1, 2 * KIB4), -IOMMU_EINVAL);
    assert_int_equal(map(bench, RIG_IOVA, 0, UINT64_MAX - KIB4 + 1), -IOMMU_EINVAL);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, KIB4, 0), -IOMMU_EINVAL);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, KIB4, IOMMU_CACHE), -IOMMU_EINVAL);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, KIB4, RW | 1u << 7), -IOMMU_EINVAL);
    assert_int_equal(iommu_map(NULL, RIG_IOVA, page, KIB4, RW), -IOMMU_EINVAL);
    is_hole(bench, RIG_IOVA);
    rig_assert_blocked(&bench->rig, 0, bench->pasid, RIG_IOVA, false);

    assert_int_equal(unmap(bench, RIG_IOVA, 0), -IOMMU_EINVAL);
    assert_int_equal(unmap(bench, RIG_IOVA + 1, KIB4), -IOMMU_EINVAL);
    assert_int_equal(unmap(bench, RIG_IOVA, KIB4 - 1), -IOMMU_EINVAL);
    assert_int_equal(unmap(bench, UINT64_MAX - KIB4 + 1, 2 * KIB4), -IOMMU_EINVAL);
    assert_int_equal(unmap(bench, RIG_IOVA, KIB4), -IOMMU_ENOENT);
    assert_int_equal(iommu_unmap(NULL, RIG_IOVA, KIB4, NULL), -IOMMU_EINVAL);
    uint64_t pa;
    assert_int_equal(iommu_iova_to_phys(NULL, RIG_IOVA, &pa), -IOMMU_EINVAL);
    assert_int_equal(iommu_iova_to_phys(domain, RIG_IOVA, NULL), -IOMMU_EINVAL);
}

static void test_wrong_arguments_are_refused(void **state)
{
    both_stages(wrong_arguments);
}

/* ---- what is there already, and what is not */

static void occupied(struct bench *bench)
{
    const uint64_t page = bench->page;
    assert_int_equal(map(bench, RIG_IOVA + 4 * KIB4, page, KIB4), 0);
    /* even the same */
    assert_int_equal(map(bench, RIG_IOVA + 4 * KIB4, page, KIB4), -IOMMU_EEXIST);
    assert_int_equal(map(bench, RIG_IOVA, GIB, 8 * KIB4), -IOMMU_EEXIST);
    assert_int_equal(map(bench, RIG_IOVA, GIB, MIB2), -IOMMU_EEXIST);
    for (unsigned i = 0; i < 8; i++)
        if (i != 4)
            is_hole(bench, RIG_IOVA + i * KIB4); /* all or nothing */
    rig_assert_blocked(&bench->rig, 0, bench->pasid, RIG_IOVA, false);
    rig_assert_reads(&bench->rig, 0, bench->pasid, RIG_IOVA + 4 * KIB4, 1);

    /* A hole inside a range: nothing of it is unmapped. */
    assert_int_equal(map(bench, RIG_IOVA + 6 * KIB4, page, KIB4), 0);
    assert_int_equal(unmap(bench, RIG_IOVA + 4 * KIB4, 3 * KIB4), -IOMMU_ENOENT);
    rig_assert_reads(&bench->rig, 0, bench->pasid, RIG_IOVA + 4 * KIB4, 1);
    rig_assert_reads(&bench->rig, 0, bench->pasid, RIG_IOVA + 6 * KIB4, 1);
    assert_int_equal(unmap(bench, RIG_IOVA + 4 * KIB4, KIB4), 0);
    assert_int_equal(unmap(bench, RIG_IOVA + 6 * KIB4, KIB4), 0);
}

static void test_occupied_and_missing_pages(void **state)
{
    both_stages(occupied);
}

static void large_pages(struct bench *bench)
{
    const uint64_t iova = 4 * GIB;
    uint64_t pa;
    rig_words(&bench->rig, GIB)[0] = 11;
    assert_int_equal(map(bench, iova, GIB, 2 * MIB2), 0);
    rig_assert_reads(&bench->rig, 0, bench->pasid, iova, 11);
    assert_int_equal(unmap(bench, iova, KIB4), -IOMMU_EINVAL); /* would cut it in two */
    assert_int_equal(unmap(bench, iova + KIB4, MIB2 - KIB4), -IOMMU_EINVAL);
    assert_int_equal(unmap(bench, iova, MIB2 + KIB4), -IOMMU_EINVAL);
    rig_assert_reads(&bench->rig, 0, bench->pasid, iova, 11);
    assert_int_equal(iommu_iova_to_phys(bench->domain, iova + MIB2 + 12345, &pa), 0);
    assert_int_equal(pa, GIB + MIB2 + 12345);
    assert_int_equal(unmap(bench, iova, MIB2), 0); /* one of the two */
    rig_assert_blocked(&bench->rig, 0, bench->pasid, iova, false);
    is_hole(bench, iova);
    assert_int_equal(unmap(bench, iova + MIB2, MIB2), 0);
}

static void test_B73_large_pages_are_not_cut(void **state)
{
    both_stages(large_pages);
}

static void test_write_only_is_for_the_second_stage(void **state)
{
    struct bench bench;
    open_bench(&bench, IOMMU_STAGE_FIRST);
    assert_int_equal(iommu_map(bench.domain, RIG_IOVA, bench.page, KIB4, IOMMU_WRITE),
                     -IOMMU_EINVAL);
    is_hole(&bench, RIG_IOVA);
    close_bench(&bench);
    open_bench(&bench, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_map(bench.domain, RIG_IOVA, bench.page, KIB4, IOMMU_WRITE), 0);
    assert_true(rig_write(&bench.rig, 0, bench.pasid, RIG_IOVA, 5));
    close_bench(&bench);
}

/* ---- identity domains, and the gather */

static void test_B46_identity_domain_has_no_table(void **state)
{
    struct bench bench;
    struct iommu_domain *identity;
    uint64_t pa = 0;
    const struct iommu_domain_config config = {.type = IOMMU_DOMAIN_IDENTITY};
    open_bench(&bench, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_domain_alloc(bench.rig.iommu, &config, &identity), 0);
    assert_int_equal(iommu_map(identity, RIG_IOVA, bench.page, KIB4, RW), -IOMMU_EINVAL);
    assert_int_equal(iommu_unmap(identity, RIG_IOVA, KIB4, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_iova_to_phys(identity, UINT64_C(0x123456789), &pa), 0);
    assert_int_equal(pa, UINT64_C(0x123456789));
    assert_int_equal(iommu_domain_free(identity), 0);
    close_bench(&bench);
}

static void test_B45_gather_serves_one_domain_at_a_time(void **state)
{
    struct bench bench;
    struct iommu_gather gather;
    open_bench(&bench, IOMMU_STAGE_SECOND);
    struct iommu_domain *other =
        rig_domain_mapping(&bench.rig, IOMMU_STAGE_SECOND, RIG_IOVA, bench.page);
    assert_int_equal(map(&bench, RIG_IOVA, bench.page, KIB4), 0);
    iommu_gather_init(&gather);
    assert_int_equal(iommu_sync(bench.domain, &gather), 0); /* empty */
    assert_int_equal(iommu_sync(bench.domain, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_unmap(bench.domain, RIG_IOVA, KIB4, &gather), 0);
    assert_int_equal(iommu_unmap(other, RIG_IOVA, KIB4, &gather), -IOMMU_EINVAL);
    assert_int_equal(iommu_sync(other, &gather), -IOMMU_EINVAL);
    uint64_t pa;
    assert_int_equal(iommu_iova_to_phys(other, RIG_IOVA, &pa), 0); /* refused: nothing happened */
    assert_int_equal(iommu_sync(bench.domain, &gather), 0);
    assert_null(gather.domain);
    assert_int_equal(iommu_unmap(other, RIG_IOVA, KIB4, &gather), 0); /* free for the next */
    assert_int_equal(iommu_sync(other, &gather), 0);
    assert_int_equal(iommu_domain_free(other), 0);
    close_bench(&bench);
}

/* ---- aperture by request */

static void test_domain_as_narrow_as_asked_for(void **state)
{
    struct bench bench;
    struct iommu_domain *narrow;
    struct iommu_geometry geometry;
    struct iommu_attachment *attachment;
    open_bench(&bench, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_domain_alloc(bench.rig.iommu,
                                        &(struct iommu_domain_config){.iova_bits = 32}, &narrow),
                     0);
    iommu_domain_geometry(narrow, &geometry);
    assert_int_equal(geometry.last, UINT32_MAX);
    assert_int_equal(iommu_map(narrow, UINT64_C(1) << 32, bench.page, KIB4, RW), -IOMMU_ERANGE);
    assert_int_equal(iommu_map(narrow, UINT32_MAX - KIB4 + 1, bench.page, KIB4, RW), 0);
    uint32_t pasid = rig_attach(&bench.rig, narrow, 1, &attachment);
    rig_assert_reads(&bench.rig, 1, pasid, UINT32_MAX - KIB4 + 1, 1);
    rig_assert_blocked(&bench.rig, 1, pasid, UINT64_C(1) << 32, false);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(narrow), 0);
    assert_int_equal(iommu_domain_alloc(bench.rig.iommu,
                                        &(struct iommu_domain_config){.iova_bits = 58}, &narrow),
                     -IOMMU_EOPNOTSUPP);
    assert_int_equal(iommu_domain_alloc(bench.rig.iommu,
                                        &(struct iommu_domain_config){.iova_bits = 65}, &narrow),
                     -IOMMU_EINVAL);
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B64_B71_interrupt_window_cannot_be_mapped),
        cmocka_unit_test(test_edges_of_the_aperture),
        cmocka_unit_test(test_wrong_arguments_are_refused),
        cmocka_unit_test(test_occupied_and_missing_pages),
        cmocka_unit_test(test_B73_large_pages_are_not_cut),
        cmocka_unit_test(test_write_only_is_for_the_second_stage),
        cmocka_unit_test(test_B46_identity_domain_has_no_table),
        cmocka_unit_test(test_B45_gather_serves_one_domain_at_a_time),
        cmocka_unit_test(test_domain_as_narrow_as_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
