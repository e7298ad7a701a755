/* SPDX-License-Identifier: MIT */
/* platform: strict */
/*
 * test_failure.c - every allocation of every call fails once; the state afterwards is the state
 * before: pages, objects, domain ids, PASIDs, and every word of every table.
 */
#include "tests/stack/rig.h"

#include "iommukit/driver.h"
#include "tests/stack/view.h"

#define MIB2 (UINT64_C(2) << 20)

/* What the calls under test work on. */
struct scene {
    struct rig rig;
    struct iommu_domain *domain, *other;
    struct iommu_attachment *attachment; /* other at PASID 40 of device 0 */
    struct iommu_domain *made;           /* results of the call under test */
    struct iommu_attachment *attached;
    struct iommu_device *added;
};

typedef int (*call_fn)(struct scene *scene);

struct snapshot {
    struct iommu_strict_counts counts;
    struct iommu_vtd_unit_info unit;
    uint64_t tables; /* hash over every table page */
};

static void take(struct scene *scene, struct snapshot *snapshot)
{
    iommu_pt_stock_drain(&scene->rig.iommu->table_pages, scene->rig.iommu->platform);
    iommu_strict_counts(scene->rig.strict, &snapshot->counts);
    assert_int_equal(iommu_vtd_unit_info(scene->rig.iommu, 0, &snapshot->unit), 0);
    snapshot->tables = rig_view_hash(&scene->rig);
}

static void same(const struct snapshot *a, const struct snapshot *b, bool tables)
{
    assert_int_equal(a->counts.objects_live, b->counts.objects_live);
    assert_int_equal(a->counts.bytes_live, b->counts.bytes_live);
    assert_int_equal(a->counts.pages_live, b->counts.pages_live);
    assert_int_equal(a->unit.domain_ids_used, b->unit.domain_ids_used);
    if (tables)
        assert_int_equal(a->tables, b->tables);
}

static void open_scene(struct scene *scene, bool second_unit)
{
    *scene = (struct scene){0};
    rig_open(&scene->rig, &(struct rig_config){.track_flushes = true, .pasid_bits = 20, .second_unit = second_unit});
    scene->domain = rig_domain(&scene->rig, IOMMU_STAGE_SECOND);
    scene->other = rig_domain(&scene->rig, IOMMU_STAGE_FIRST);
    assert_int_equal(iommu_enable_aux_domain(scene->rig.device[0]), 0);
    assert_int_equal(iommu_attach(scene->other, scene->rig.device[0], iommu_route_pasid(40), NULL,
                                  &scene->attachment), 0);
    /* The top table stays with the domain. */
    assert_int_equal(iommu_map(scene->other, RIG_IOVA, 0, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(iommu_unmap(scene->other, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(iommu_domain_trim(scene->other), 0);
}

static void close_scene(struct scene *scene)
{
    assert_int_equal(iommu_detach(scene->attachment), 0);
    assert_int_equal(iommu_domain_free(scene->domain), 0);
    assert_int_equal(iommu_domain_free(scene->other), 0);
    rig_close(&scene->rig);
}

/*
 * Fail allocation 1, 2, 3, ... until the call succeeds without meeting the failure; then undo it.
 */
static void every_allocation_with(bool second_unit, call_fn call, call_fn undo, bool tables)
{
    struct scene scene;
    struct snapshot before, after;
    unsigned n = 1;
    open_scene(&scene, second_unit);
    for (;; n++) {
        take(&scene, &before);
        iommu_strict_fail_nth(scene.rig.strict, n);
        int result = call(&scene);
        bool failed = iommu_strict_failed(scene.rig.strict);
        iommu_strict_fail_nth(scene.rig.strict, 0);
        if (!failed) {
            assert_int_equal(result, 0);
            break;
        }
        assert_int_equal(result, -IOMMU_ENOMEM);
        take(&scene, &after);
        same(&before, &after, tables);
        assert_true(n < 1000);
    }
    print_message("%u allocations failed in turn\n", n - 1);
    assert_int_equal(undo(&scene), 0);
    close_scene(&scene);
}

static void every_allocation(call_fn call, call_fn undo, bool tables)
{
    every_allocation_with(false, call, undo, tables);
    every_allocation_with(true, call, undo, tables);
}

static int call_domain(struct scene *scene)
{
    const struct iommu_domain_config config = {.stage = IOMMU_STAGE_SECOND};
    return iommu_domain_alloc(scene->rig.iommu, &config, &scene->made);
}

static int undo_domain(struct scene *scene)
{
    return iommu_domain_free(scene->made);
}

static int call_attach(struct scene *scene)
{
    return iommu_attach(scene->domain, scene->rig.device[0], iommu_route_pasid(90000), NULL,
                        &scene->attached);
}

static int call_attach_rid(struct scene *scene)
{
    return iommu_attach(scene->domain, scene->rig.device[1], iommu_route_rid(), NULL,
                        &scene->attached);
}

static int undo_attach(struct scene *scene)
{
    return iommu_detach(scene->attached);
}

static int call_aux_attach(struct scene *scene)
{
    return iommu_aux_attach_device(scene->domain, scene->rig.device[0]);
}

static int undo_aux_attach(struct scene *scene)
{
    return iommu_aux_detach_device(scene->domain, scene->rig.device[0]);
}

static int call_map(struct scene *scene)
{
    return iommu_map(scene->other, MIB2 * 700 - RIG_PAGE, RIG_PAGE, MIB2 * 2,
                     IOMMU_READ | IOMMU_WRITE);
}

static int undo_map(struct scene *scene)
{
    return iommu_unmap(scene->other, MIB2 * 700 - RIG_PAGE, MIB2 * 2, NULL);
}

static int call_replace(struct scene *scene)
{
    return iommu_replace(scene->attachment, scene->domain);
}

static int undo_replace(struct scene *scene)
{
    return iommu_replace(scene->attachment, scene->other);
}

static int call_enable(struct scene *scene)
{
    return iommu_enable_aux_domain(scene->rig.device[2]);
}

static int undo_enable(struct scene *scene)
{
    return iommu_dev_disable_feature(scene->rig.device[2], IOMMU_DEV_FEAT_AUX);
}

static int call_add(struct scene *scene)
{
    const struct iommu_device_config config = {.rid = 0x1f8, .pasid_bits = 20};
    return iommu_device_add(scene->rig.iommu, &config, &scene->added);
}

static int undo_add(struct scene *scene)
{
    return iommu_device_remove(scene->added);
}

/*
 * Unmapping and detaching allocate nothing: that is what makes them safe to call when memory is
 * short.
 */
static void test_B42_B79_unmap_and_detach_allocate_nothing(void **state)
{
    struct scene scene;
    struct iommu_strict_counts before, after;
    open_scene(&scene, false);
    assert_int_equal(call_map(&scene), 0);
    assert_int_equal(call_attach(&scene), 0);
    iommu_strict_counts(scene.rig.strict, &before);
    assert_int_equal(undo_map(&scene), 0);
    assert_int_equal(undo_attach(&scene), 0);
    iommu_strict_counts(scene.rig.strict, &after);
    assert_int_equal(after.allocs, before.allocs);
    assert_int_equal(after.page_allocs, before.page_allocs);
    close_scene(&scene);
}

static void test_B42_B79_domain_alloc(void **state)
{
    every_allocation(call_domain, undo_domain, true);
}

static void test_B42_B79_attach(void **state)
{
    every_allocation(call_attach, undo_attach, true);
}

static void test_B42_B79_attach_rid(void **state)
{
    every_allocation(call_attach_rid, undo_attach, true);
}

static void test_B42_B79_aux_attach(void **state)
{
    every_allocation(call_aux_attach, undo_aux_attach, true);
}

static void test_B42_B79_map(void **state)
{
    every_allocation(call_map, undo_map, false); /* empty tables may stay */
}

static void test_B42_B79_replace(void **state)
{
    every_allocation(call_replace, undo_replace, true);
}

static void test_B42_B79_enable(void **state)
{
    every_allocation(call_enable, undo_enable, true);
}

static void test_B42_B79_device_add(void **state)
{
    every_allocation(call_add, undo_add, true);
}

/* Bring-up: the driver's create and start with every allocation failing once. */
static void test_B42_B79_create_and_start(void **state)
{
    unsigned n = 1;
    for (;; n++) {
        struct rig rig;
        rig_open_hardware(&rig, &(struct rig_config){0});
        iommu_strict_fail_nth(rig.strict, n);
        int result = rig_create_driver(&rig);
        if (result == 0)
            result = iommu_start(rig.iommu);
        else
            rig.iommu = NULL;
        bool failed = iommu_strict_failed(rig.strict);
        iommu_strict_fail_nth(rig.strict, 0);
        assert_int_equal(result, failed ? -IOMMU_ENOMEM : 0);
        if (failed && rig.iommu != NULL) {
            /* What failed can be tried again. */
            assert_int_equal(iommu_start(rig.iommu), 0);
        }
        rig_close(&rig);
        if (!failed)
            break;
        assert_true(n < 1000);
    }
    print_message("%u allocations failed in turn\n", n - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B42_B79_unmap_and_detach_allocate_nothing),
        cmocka_unit_test(test_B42_B79_domain_alloc),
        cmocka_unit_test(test_B42_B79_attach),
        cmocka_unit_test(test_B42_B79_attach_rid),
        cmocka_unit_test(test_B42_B79_aux_attach),
        cmocka_unit_test(test_B42_B79_map),
        cmocka_unit_test(test_B42_B79_replace),
        cmocka_unit_test(test_B42_B79_enable),
        cmocka_unit_test(test_B42_B79_device_add),
        cmocka_unit_test(test_B42_B79_create_and_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
