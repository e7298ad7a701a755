/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_empty.c - domains that nothing was ever mapped into: they are attached like any other and cost next to nothing,
 * and their first map is usable at once, whatever hardware has kept of the time before.
 */
#include "tests/stack/rig.h"

#include <pthread.h>

#include "iommukit/driver.h"
#include "tests/stack/queue.h"

#define CAP_CM      (UINT64_C(1) << 7)
#define NEVER_EVICT {.enabled = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_NEVER_EVICT)}

static const struct rig_config shapes[] = {
    {.vtd = {.no_ats = true}, .lies = NEVER_EVICT},
    {.preset = "scalable-noncoherent", .track_flushes = true, .lies = NEVER_EVICT},
    {.cap_set = CAP_CM, .lies = NEVER_EVICT},
    {.second_unit = true, .lies = NEVER_EVICT},
    {.preset = "legacy", .lies = NEVER_EVICT},
    {.preset = "legacy", .cap_set = CAP_CM, .lies = NEVER_EVICT},
    {.preset = "legacy", .vtd = {.no_queue = true}},
};

static bool is_legacy(const struct rig_config *shape)
{
    return shape->preset != NULL && shape->preset[0] == 'l';
}

/* Devices look before and after, by RID and, where there are any, by PASID. */
static void first_map(const struct rig_config *shape, enum iommu_stage stage)
{
    struct rig rig;
    struct iommu_attachment *near, *far, *tagged = NULL;
    uint32_t pasid = IOMMU_NO_PASID;
    rig_open(&rig, shape);
    uint64_t page = rig_page(&rig, 7);
    struct iommu_domain *domain = rig_domain(&rig, stage);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &near), 0);
    assert_int_equal(iommu_attach(domain, rig.device[3], iommu_route_rid(), NULL, &far), 0);
    if (!is_legacy(shape))
        pasid = rig_attach(&rig, domain, 1, &tagged);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, false);
    rig_assert_blocked(&rig, 3, IOMMU_NO_PASID, RIG_IOVA, true);
    if (tagged != NULL)
        rig_assert_blocked(&rig, 1, pasid, RIG_IOVA, false);

    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ | IOMMU_WRITE), 0);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, 7);
    rig_assert_reads(&rig, 3, IOMMU_NO_PASID, RIG_IOVA, 7);
    if (tagged != NULL)
        rig_assert_reads(&rig, 1, pasid, RIG_IOVA, 7);
    if (shape->track_flushes)
        rig_assert_flushed(&rig);

    assert_int_equal(iommu_detach(near), 0);
    assert_int_equal(iommu_detach(far), 0);
    if (tagged != NULL)
        assert_int_equal(iommu_detach(tagged), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B14_B43_first_map_of_an_attached_domain(void **state)
{
    for (unsigned i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        first_map(&shapes[i], IOMMU_STAGE_SECOND);
        if (!is_legacy(&shapes[i]))
            first_map(&shapes[i], IOMMU_STAGE_FIRST);
    }
}

static void test_B80_empty_domains_have_no_tables(void **state)
{
    struct rig rig;
    struct iommu_domain *domain[16];
    uint64_t pa;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t before = rig_pages(&rig);
    for (unsigned i = 0; i < 16; i++) {
        domain[i] = rig_domain(&rig, i % 2 ? IOMMU_STAGE_FIRST : IOMMU_STAGE_SECOND);
        assert_int_equal(iommu_iova_to_phys(domain[i], RIG_IOVA, &pa), -IOMMU_ENOENT);
        assert_int_equal(iommu_unmap(domain[i], RIG_IOVA, RIG_PAGE, NULL), -IOMMU_ENOENT);
        assert_int_equal(iommu_domain_trim(domain[i]), 0);
    }
    assert_int_equal(rig_pages(&rig), before);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(iommu_domain_free(domain[i]), 0);
    assert_int_equal(rig_pages(&rig), before);
    rig_close(&rig);
}

static void live(struct rig *rig)
{
    struct iommu_domain *domain = rig_domain_mapping(rig, IOMMU_STAGE_SECOND, RIG_IOVA, 0);
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
}

/* A domain's tables serve the next one, and need not be cleared again. */
static void test_B80_the_next_domain_takes_no_pages(void **state)
{
    struct rig rig;
    struct iommu_strict_counts before, after;
    rig_open(&rig, &(struct rig_config){0});
    live(&rig);
    assert_int_equal(rig.iommu->table_pages.zero, 4);
    iommu_strict_counts(rig.strict, &before);
    live(&rig);
    iommu_strict_counts(rig.strict, &after);
    assert_int_equal(after.page_allocs, before.page_allocs);

    /* Full tables are not kept. */
    struct iommu_domain *full = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_map(full, RIG_IOVA, RIG_PAGE, RIG_PAGE << 11, IOMMU_READ), 0);
    assert_int_equal(iommu_domain_free(full), 0);
    assert_int_equal(rig.iommu->table_pages.count, rig.iommu->table_pages.zero);
    rig_close(&rig);
}

static void test_B42_B79_no_memory_for_the_first_table(void **state)
{
    struct rig rig;
    struct iommu_attachment *at;
    rig_open(&rig, &(struct rig_config){0});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    uint32_t pasid = rig_attach(&rig, domain, 0, &at);
    uint64_t before = rig_pages(&rig);
    iommu_strict_fail_nth(rig.strict, 1);
    assert_int_equal(iommu_map(domain, RIG_IOVA, 0, RIG_PAGE, IOMMU_READ), -IOMMU_ENOMEM);
    iommu_strict_fail_nth(rig.strict, 0);
    assert_int_equal(rig_pages(&rig), before);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

/* ---- hardware that does not confirm --------------------------------------------------------------------- */

static void test_B42_B60_first_map_that_is_not_confirmed(void **state)
{
    struct rig rig;
    struct rig_stall stall;
    struct iommu_attachment *at;
    rig_open(&rig, &(struct rig_config){.vtd = {.no_ats = true, .timeout_ms = 20}, .lies = NEVER_EVICT});
    uint64_t page = rig_page(&rig, 7);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    uint32_t pasid = rig_attach(&rig, domain, 0, &at);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    rig_stall_begin(&rig, &stall, 0);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), -IOMMU_ETIMEDOUT);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    rig_stall_end(&rig);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 7);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* Two units, of which one does not answer: the error is told, and the other one is asked all the same. */
static void one_of_two_stalls(unsigned unit)
{
    struct rig rig;
    struct rig_stall stall;
    struct iommu_attachment *near, *far;
    rig_open(&rig, &(struct rig_config){.second_unit = true, .vtd = {.no_ats = true, .timeout_ms = 20}});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    rig_attach(&rig, domain, 0, &near);
    rig_attach(&rig, domain, 3, &far);
    uint64_t before = rig_descriptors(&rig, !unit);
    rig_stall_begin(&rig, &stall, unit);
    assert_int_equal(iommu_map(domain, RIG_IOVA, 0, RIG_PAGE, IOMMU_READ), -IOMMU_ETIMEDOUT);
    assert_true(rig_descriptors(&rig, !unit) > before);
    rig_stall_end(&rig);
    assert_int_equal(iommu_detach(near), 0);
    assert_int_equal(iommu_detach(far), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static void test_B42_B60_first_map_on_two_units(void **state)
{
    one_of_two_stalls(0);
    one_of_two_stalls(1);
}

/* ---- others at the same time ---------------------------------------------------------------------------- */

struct switched {
    struct iommu_domain *from;
    uint64_t root; /* of the other's table */
    uint32_t pasid;
    unsigned maps;
};

/* The route is the other domain's now: the first table of the one that it left is none of its business. */
static void map_meanwhile(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct switched *switched = rig->probe_ctx;
    uint64_t entry = rig_pasid_entry(rig, 0, rig_rid(0), switched->pasid);
    (void)address;
    (void)value;
    if (moment != RIG_BARRIER || switched->maps > 0 || rig_physical64(rig, entry) >> 12 != switched->root >> 12)
        return;
    switched->maps++;
    assert_int_equal(iommu_map(switched->from, RIG_IOVA, 0, RIG_PAGE, IOMMU_READ), 0);
}

static void test_B55_replaced_routes_keep_their_new_table(void **state)
{
    struct rig rig;
    struct iommu_attachment *at;
    struct switched switched = {0};
    rig_open(&rig, &(struct rig_config){.vtd = {.no_ats = true}});
    uint64_t page = rig_page(&rig, 7);
    struct iommu_domain *to = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    switched.from = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_domain *from = switched.from;
    uint32_t pasid = switched.pasid = rig_attach(&rig, from, 0, &at);
    switched.root = iommu_pt_root(&to->pt);
    rig_watch(&rig, map_meanwhile, &switched);
    assert_int_equal(iommu_replace(at, to), 0);
    rig_watch(&rig, NULL, NULL);
    assert_int_equal(switched.maps, 1);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 7);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(from), 0);
    assert_int_equal(iommu_domain_free(to), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

struct crew {
    struct rig rig;
    struct iommu_domain *domain, *other;
    uint64_t page;
    pthread_barrier_t gate;
};

struct mapper {
    struct crew *crew;
    uint64_t iova;
};

static void *map_first(void *ctx)
{
    const struct mapper *mapper = ctx;
    uint64_t pa;
    pthread_barrier_wait(&mapper->crew->gate);
    (void)iommu_iova_to_phys(mapper->crew->domain, mapper->iova, &pa);
    return iommu_map(mapper->crew->domain, mapper->iova, mapper->crew->page, RIG_PAGE, IOMMU_READ) ? ctx : NULL;
}

/* Attaches, and now and then replaces, while two others map for the first time. */
static void one_round(struct crew *crew, unsigned round)
{
    struct mapper mappers[2] = {{crew, RIG_IOVA}, {crew, RIG_IOVA + (UINT64_C(1) << 39)}};
    struct iommu_attachment *early, *late;
    pthread_t threads[2];
    void *failed;
    crew->domain = rig_domain(&crew->rig, round % 2 ? IOMMU_STAGE_FIRST : IOMMU_STAGE_SECOND);
    uint32_t before = rig_attach(&crew->rig, crew->domain, 0, &early);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, map_first, &mappers[i]), 0);
    pthread_barrier_wait(&crew->gate);
    uint32_t after = rig_attach(&crew->rig, round % 3 ? crew->domain : crew->other, 1, &late);
    if (round % 3 == 0)
        assert_int_equal(iommu_replace(late, crew->domain), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    for (unsigned i = 0; i < 2; i++) {
        rig_assert_reads(&crew->rig, 0, before, mappers[i].iova, 7);
        rig_assert_reads(&crew->rig, 1, after, mappers[i].iova, 7);
    }
    assert_int_equal(iommu_detach(early), 0);
    assert_int_equal(iommu_detach(late), 0);
    assert_int_equal(iommu_domain_free(crew->domain), 0);
}

static void test_B52_two_first_maps_and_an_attach(void **state)
{
    struct crew crew = {0};
    rig_open(&crew.rig, &(struct rig_config){.vtd = {.no_ats = true}, .lies = NEVER_EVICT});
    crew.page = rig_page(&crew.rig, 7);
    crew.other = rig_domain(&crew.rig, IOMMU_STAGE_SECOND);
    pthread_barrier_init(&crew.gate, NULL, 3);
    for (unsigned round = 0; round < 200; round++)
        one_round(&crew, round);
    pthread_barrier_destroy(&crew.gate);
    assert_int_equal(iommu_domain_free(crew.other), 0);
    rig_page_done(&crew.rig, crew.page);
    rig_close(&crew.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B14_B43_first_map_of_an_attached_domain),
        cmocka_unit_test(test_B80_empty_domains_have_no_tables),
        cmocka_unit_test(test_B80_the_next_domain_takes_no_pages),
        cmocka_unit_test(test_B42_B79_no_memory_for_the_first_table),
        cmocka_unit_test(test_B42_B60_first_map_that_is_not_confirmed),
        cmocka_unit_test(test_B42_B60_first_map_on_two_units),
        cmocka_unit_test(test_B55_replaced_routes_keep_their_new_table),
        cmocka_unit_test(test_B52_two_first_maps_and_an_attach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
