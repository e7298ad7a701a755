/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_flush.c - a flush that looks where its domain is without a lock, and a route that comes at that moment.
 * What one processor clears passes its own later look, but rarely, and never on demand: so drivers/vtd/flush.c is
 * compiled once more here, with fences at which the test does what another thread did just before.
 */
#include <stdatomic.h>

static void at_fence(void);
#undef atomic_thread_fence
#define atomic_thread_fence(order) at_fence()
#include "drivers/vtd/flush.c" /* NOLINT(bugprone-suspicious-include): see above */

#include "tests/stack/rig.h"

static struct {
    struct rig *rig;
    struct iommu_domain *domain;
    struct iommu_attachment *route;
    unsigned fences, descriptors;
    bool attach; /* a route comes */
} at;

static unsigned descriptors_of(struct rig *rig)
{
    struct iommu_model_vtd_stats stats;
    rig_unit_stats(rig, 0, &stats);
    return (unsigned)stats.descriptors;
}

/* By now the table says that nothing is mapped, to everybody. */
static void at_fence(void)
{
    uint64_t pa;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    at.fences++;
    assert_int_equal(iommu_iova_to_phys(at.domain, RIG_IOVA, &pa), -IOMMU_ENOENT);
    if (at.attach)
        (void)rig_attach(at.rig, at.domain, 0, &at.route);
    at.attach = false;
    at.descriptors = descriptors_of(at.rig);
}

static void begin(struct rig *rig, const struct rig_config *config, uint64_t *page)
{
    rig_open(rig, config);
    *page = rig_page(rig, 1);
    at.rig = rig;
    at.domain = rig_domain_mapping(rig, IOMMU_STAGE_SECOND, RIG_IOVA, *page);
    at.route = NULL;
    at.attach = false;
    at.fences = 0;
}

static void end(struct rig *rig, uint64_t page)
{
    if (at.route)
        assert_int_equal(iommu_detach(at.route), 0);
    assert_int_equal(iommu_domain_free(at.domain), 0);
    rig_page_done(rig, page);
    rig_close(rig);
}

static void test_B45_a_domain_that_is_nowhere_is_looked_at_behind_a_fence(void **state)
{
    struct rig rig;
    uint64_t page;
    unsigned before;
    (void)state;
    begin(&rig, &(struct rig_config){0}, &page);
    before = descriptors_of(&rig);
    assert_int_equal(iommu_unmap(at.domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(at.fences, 1);
    assert_int_equal(descriptors_of(&rig), before);
    end(&rig, page);
}

static void test_B45_B52_a_route_that_comes_just_then_is_flushed(void **state)
{
    struct rig rig;
    uint64_t page;
    (void)state;
    begin(&rig, &(struct rig_config){0}, &page);
    at.attach = true;
    assert_int_equal(iommu_unmap(at.domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_non_null(at.route);
    assert_int_equal(descriptors_of(&rig), at.descriptors + 3); /* IOTLB, device TLB, wait */
    end(&rig, page);
}

static void test_B45_units_are_looked_at_behind_a_fence(void **state)
{
    struct rig rig;
    uint64_t page;
    (void)state;
    begin(&rig, &(struct rig_config){.second_unit = true}, &page);
    assert_int_equal(iommu_unmap(at.domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(at.fences, 1);
    end(&rig, page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B45_a_domain_that_is_nowhere_is_looked_at_behind_a_fence),
        cmocka_unit_test(test_B45_B52_a_route_that_comes_just_then_is_flushed),
        cmocka_unit_test(test_B45_units_are_looked_at_behind_a_fence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
