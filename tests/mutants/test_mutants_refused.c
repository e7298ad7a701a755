/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_mutants_refused.c - one life of a device, and at each of its invalidations in turn the unit refuses the
 * descriptor. Whatever call that hits fails, leaves what was there, and works when it is tried again; a route that was
 * on its way out is out. The device never stops sending meanwhile, so that whatever may be remembered too early is.
 */
#include "tests/stack/rig.h"

#include "tests/stack/queue.h"

#define IQT    UINT64_C(0x88)
#define TAGGED 5u

struct life {
    struct rig rig;
    unsigned skip; /* tail writes to let pass */
    bool done;     /* one was refused */
    bool pending;  /* and the call that it hit has not come back yet */
    bool
        in_doubt; /* a route went without its invalidation: until the next attach caches may hold it */
    uint64_t page[2];
    uint64_t table_pages; /* before the device came */
};

static void send(struct life *life)
{
    uint64_t value;
    (void)rig_read(&life->rig, 0, IOMMU_NO_PASID, RIG_IOVA, &value);
    (void)rig_read(&life->rig, 0, TAGGED, RIG_IOVA, &value);
}

static void refuse(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct life *life = rig->probe_ctx;
    if (moment == RIG_BARRIER || moment == RIG_FLUSH)
        send(life);
    if (life->done || moment != RIG_WRITE64 || address != rig_unit_base(0) + IQT || value == 0)
        return;
    if (life->skip-- > 0)
        return;
    uint64_t slot = rig_queue_slot(rig, 0, rig_reg64(rig, 0, IQT));
    rig_words(rig, slot & ~(RIG_PAGE - 1))[(slot & (RIG_PAGE - 1)) / 8] = 0xf;
    life->done = life->pending = true;
}

/*
 * Did the call fail of it? Then it is time to pick up the unit's complaint. Switching ATS off on the way may fail
 * and cost nothing but a device that is not trusted.
 */
static bool failed(struct life *life, int result)
{
    assert_true(result == 0 || (result == -IOMMU_EIO && life->pending));
    if (life->pending)
        assert_true(iommu_handle_events(life->rig.iommu) >= 1);
    life->pending = false;
    return result != 0;
}

static const struct iommu_model_pci *endpoint(struct life *life)
{
    return iommu_model_machine_function(life->rig.machine, 0);
}

struct switches {
    bool ats, pasids;
};

static struct switches switches(struct life *life)
{
    return (struct switches){iommu_model_pci_ats_enabled(endpoint(life)),
                             iommu_model_pci_pasid_enabled(endpoint(life))};
}

static void blocked(struct life *life, uint32_t pasid)
{
    if (!life->in_doubt)
        rig_assert_blocked(&life->rig, 0, pasid, RIG_IOVA, false);
}

static uint64_t table_pages(struct life *life)
{
    struct iommu_vtd_unit_info info;
    assert_int_equal(iommu_vtd_unit_info(life->rig.iommu, 0, &info), 0);
    return info.table_pages;
}

static void add(struct life *life)
{
    const struct iommu_device_config device = {.rid = rig_rid(0)};
    life->table_pages = table_pages(life);
    if (failed(life, iommu_device_add(life->rig.iommu, &device, &life->rig.device[0])))
        assert_int_equal(iommu_device_add(life->rig.iommu, &device, &life->rig.device[0]), 0);
}

static uint32_t pasid_of(struct iommu_route route)
{
    return route.min;
}

static struct iommu_attachment *attach(struct life *life, struct iommu_domain *domain,
                                       struct iommu_route route, uint64_t value)
{
    struct iommu_attachment *made = NULL;
    struct switches before = switches(life);
    blocked(life, pasid_of(route));
    if (failed(life, iommu_attach(domain, life->rig.device[0], route, NULL, &made))) {
        assert_null(made);
        assert_true(before.ats || !switches(life).ats); /* or off now: not trusted any more */
        assert_int_equal(switches(life).pasids, before.pasids);
        rig_assert_blocked(&life->rig, 0, pasid_of(route), RIG_IOVA, false);
        assert_int_equal(iommu_attach(domain, life->rig.device[0], route, NULL, &made), 0);
    }
    life->in_doubt = false;
    rig_assert_reads(&life->rig, 0, pasid_of(route), RIG_IOVA, value);
    return made;
}

static void replace(struct life *life, struct iommu_attachment *at, struct iommu_domain *domain,
                    uint64_t before, uint64_t after)
{
    uint32_t pasid = iommu_attachment_pasid(at);
    rig_assert_reads(&life->rig, 0, pasid, RIG_IOVA, before);
    if (failed(life, iommu_replace(at, domain))) {
        rig_assert_reads(&life->rig, 0, pasid, RIG_IOVA, before);
        assert_int_equal(iommu_replace(at, domain), 0);
    }
    rig_assert_reads(&life->rig, 0, pasid, RIG_IOVA, after);
}

static void detach(struct life *life, struct iommu_attachment *at)
{
    uint32_t pasid = iommu_attachment_pasid(at);
    if (failed(life, iommu_detach(at)))
        life->in_doubt = true;
    blocked(life, pasid);
}

static void unmap_and_map(struct life *life, struct iommu_domain *domain, uint32_t pasid,
                          uint64_t value)
{
    struct iommu_gather gather;
    iommu_gather_init(&gather);
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, &gather), 0);
    if (failed(life, iommu_sync(domain, &gather)))
        assert_int_equal(iommu_sync(domain, &gather), 0);
    rig_assert_blocked(&life->rig, 0, pasid, RIG_IOVA, false);
    if (failed(life, iommu_map(domain, RIG_IOVA, life->page[0], RIG_PAGE, IOMMU_READ))) {
        rig_assert_blocked(&life->rig, 0, pasid, RIG_IOVA, false);
        assert_int_equal(iommu_map(domain, RIG_IOVA, life->page[0], RIG_PAGE, IOMMU_READ), 0);
    }
    rig_assert_reads(&life->rig, 0, pasid, RIG_IOVA, value);
}

/* Pages that the unit may still read are given up, and counted. */
static void take_away(struct life *life)
{
    struct iommu_vtd_unit_info before, after;
    assert_int_equal(iommu_vtd_unit_info(life->rig.iommu, 0, &before), 0);
    bool gave_up = failed(life, iommu_device_remove(life->rig.device[0]));
    life->rig.device[0] = NULL;
    life->in_doubt = false;
    blocked(life, IOMMU_NO_PASID);
    assert_int_equal(iommu_vtd_unit_info(life->rig.iommu, 0, &after), 0);
    if (!gave_up) {
        assert_int_equal(after.withheld_pages, before.withheld_pages);
        return;
    }
    life->rig.expect_withheld = true;
    assert_int_equal(after.table_pages + after.withheld_pages,
                     before.table_pages + before.withheld_pages);
}

static bool live(const struct rig_config *config, unsigned skip)
{
    struct life life = {.skip = skip};
    struct rig_config bare = *config;
    bare.no_devices = true;
    rig_open(&life.rig, &bare);
    for (unsigned i = 0; i < 2; i++)
        life.page[i] = rig_page(&life.rig, i + 1);
    struct iommu_domain *one =
        rig_domain_mapping(&life.rig, IOMMU_STAGE_AUTO, RIG_IOVA, life.page[0]);
    struct iommu_domain *two =
        rig_domain_mapping(&life.rig, IOMMU_STAGE_AUTO, RIG_IOVA, life.page[1]);
    rig_watch(&life.rig, refuse, &life);
    add(&life);
    bool pasids = iommu_device_pasid_limit(life.rig.device[0]) != 0;
    struct iommu_attachment *rid, *tagged = NULL;
    rid = attach(&life, one, iommu_route_rid(), 1);
    if (pasids)
        tagged = attach(&life, two, iommu_route_pasid(TAGGED), 2);
    unmap_and_map(&life, one, IOMMU_NO_PASID, 1);
    replace(&life, rid, two, 1, 2);
    if (pasids) {
        replace(&life, tagged, one, 2, 1);
        detach(&life, tagged);
    }
    detach(&life, rid);
    rid = attach(&life, one, iommu_route_rid(), 1);
    detach(&life, rid);
    take_away(&life);
    bool done = life.done;
    rig_watch(&life.rig, NULL, NULL);
    assert_int_equal(iommu_domain_free(one), 0);
    assert_int_equal(iommu_domain_free(two), 0);
    rig_page_done(&life.rig, life.page[0]);
    rig_page_done(&life.rig, life.page[1]);
    rig_close(&life.rig);
    return done;
}

static void live_through_all(const struct rig_config *config)
{
    unsigned skip = 0;
    while (live(config, skip))
        skip++;
    assert_true(skip > 3);
}

static void test_B42_B60_scalable_mode(void **state)
{
    live_through_all(&(struct rig_config){.vtd = {.no_ats = true}});
}

static void test_B42_B60_scalable_mode_with_caching(void **state)
{
    live_through_all(&(struct rig_config){.preset = "caching-mode", .vtd = {.no_ats = true}});
}

static void test_B42_B60_scalable_mode_with_device_tlbs(void **state)
{
    live_through_all(&(struct rig_config){.watch_devtlbs = true});
    live_through_all(&(struct rig_config){.preset = "caching-mode", .watch_devtlbs = true});
}

static void test_B42_B60_legacy_mode(void **state)
{
    live_through_all(&(struct rig_config){.preset = "legacy", .vtd = {.no_ats = true}});
    live_through_all(
        &(struct rig_config){.preset = "legacy-caching-mode", .vtd = {.no_ats = true}});
}

static void test_B42_B60_legacy_mode_with_device_tlbs(void **state)
{
    live_through_all(&(struct rig_config){.preset = "legacy", .watch_devtlbs = true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B42_B60_scalable_mode),
        cmocka_unit_test(test_B42_B60_scalable_mode_with_caching),
        cmocka_unit_test(test_B42_B60_scalable_mode_with_device_tlbs),
        cmocka_unit_test(test_B42_B60_legacy_mode),
        cmocka_unit_test(test_B42_B60_legacy_mode_with_device_tlbs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
