/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_order.c - fill, flush, publish, flush, invalidate, wait, free: watched at every point where
 * hardware could look. The units here do not snoop, so that each flush is such a point.
 */
#include "tests/stack/rig.h"

#include "iommukit/driver.h"

/* Invalidation queue tail: 088h. */
#define TAIL_OFFSET UINT64_C(0x88)
#define PRESENT     UINT64_C(1)

static const struct rig_config watched = {
    .preset = "scalable-noncoherent",
    .track_flushes = true,
    .hold_freed = true,
    .vtd = {.no_ats = true}, /* what device-TLBs add is shown in test_devtlb.c */
};

struct watch {
    uint32_t pasid;
    uint64_t entry;         /* its physical address, 0: table not there yet */
    unsigned half_built;    /* seen: present with a field missing */
    bool seen_filled;       /* not present, other fields filled, and flushed so */
    bool seen_present;
    bool cleared_at_tail;   /* when the invalidations went out */
    bool rest_kept_at_tail;
    unsigned tails;
    unsigned frees_before_tail;
};

static void read_entry(struct rig *rig, const struct watch *watch, uint64_t word[8])
{
    for (unsigned i = 0; i < 8; i++)
        word[i] = rig_physical64(rig, watch->entry + UINT64_C(8) * i);
}

static void watch_moment(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct watch *watch = rig->probe_ctx;
    if (watch->entry == 0)
        watch->entry = rig_pasid_entry(rig, 0, rig_rid(0), watch->pasid);
    if (watch->entry == 0)
        return;

    uint64_t word[8];
    read_entry(rig, watch, word);
    bool present = (word[0] & PRESENT) != 0;
    bool did = (word[1] & 0xffff) != 0;
    if (present && !did)
        watch->half_built++;
    if (moment == RIG_FLUSH && !present && did && address <= watch->entry &&
        address + value >= watch->entry + 64)
        watch->seen_filled = true;
    if (present)
        watch->seen_present = true;
    if (moment != RIG_PAGE_FREE && address == rig_unit_base(0) + TAIL_OFFSET) {
        watch->tails++;
        watch->cleared_at_tail = !present;
        watch->rest_kept_at_tail = did;
    }
    if (moment == RIG_PAGE_FREE && watch->tails == 0)
        watch->frees_before_tail++;
    (void)value;
}

static void test_B43_attach_publishes_last(void **state)
{
    struct rig rig;
    rig_open(&rig, &watched);
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_attachment *attachment;
    struct watch watch = {.pasid = 300};
    rig_watch(&rig, watch_moment, &watch);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_pasid(300), NULL, &attachment),
                     0);
    rig_watch(&rig, NULL, NULL);
    assert_true(watch.seen_filled);
    assert_int_equal(watch.half_built, 0);
    rig_assert_flushed(&rig);
    rig_assert_reads(&rig, 0, 300, RIG_IOVA, 1);

    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B43_attach_without_caching_mode_costs_no_invalidation(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *first, *second;
    rig_attach(&rig, domain, 0, &first); /* the first one may switch PASIDs on */
    struct iommu_vtd_unit_info before, after;
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &before), 0);
    rig_attach(&rig, domain, 0, &second);
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &after), 0);
    assert_int_equal(after.descriptors, before.descriptors);
    assert_int_equal(after.mmio_writes, before.mmio_writes);
    assert_int_equal(iommu_detach(first), 0);
    assert_int_equal(iommu_detach(second), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static void test_B44_detach_clears_present_invalidates_then_zeroes(void **state)
{
    struct rig rig;
    rig_open(&rig, &watched);
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_attachment *attachment;
    struct watch watch = {.pasid = rig_attach(&rig, domain, 0, &attachment)};
    rig_assert_reads(&rig, 0, watch.pasid, RIG_IOVA, 1);
    rig_watch(&rig, watch_moment, &watch);
    assert_int_equal(iommu_detach(attachment), 0);
    rig_watch(&rig, NULL, NULL);

    assert_int_equal(watch.tails, 1); /* one batch, one wait */
    assert_true(watch.cleared_at_tail);
    assert_true(watch.rest_kept_at_tail);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(rig_physical64(&rig, watch.entry + UINT64_C(8) * i), 0);
    rig_assert_flushed(&rig);
    rig_assert_blocked(&rig, 0, watch.pasid, RIG_IOVA, false);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/*
 * Domain id and PASID of a domain that is gone go to the next one; nothing of the old one may come
 * along.
 */
static void ids_carry_nothing_over(enum iommu_stage stage)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page[2] = {rig_page(&rig, 1), rig_page(&rig, 2)};
    uint32_t did[2];
    for (unsigned i = 0; i < 2; i++) {
        struct iommu_domain *domain = rig_domain_mapping(&rig, stage, RIG_IOVA, page[i]);
        struct iommu_attachment *attachment;
        uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
        did[i] = iommu_vtd_attachment_domain_id(attachment);
        assert_int_equal(pasid, 1);
        rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1 + i);
        assert_int_equal(iommu_detach(attachment), 0);
        rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
        assert_int_equal(iommu_domain_free(domain), 0);
    }
    assert_int_equal(did[0], did[1]); /* or this has shown nothing */
    rig_page_done(&rig, page[0]);
    rig_page_done(&rig, page[1]);
    rig_close(&rig);
}

static void test_B44_B58_ids_carry_nothing_over_second_stage(void **state)
{
    ids_carry_nothing_over(IOMMU_STAGE_SECOND);
}

static void test_B44_B58_ids_carry_nothing_over_first_stage(void **state)
{
    ids_carry_nothing_over(IOMMU_STAGE_FIRST);
}

static void test_B45_unmap_frees_tables_after_the_wait(void **state)
{
    struct rig rig;
    rig_open(&rig, &watched);
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *attachment;
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
    const uint64_t iova = UINT64_C(1) << 30, bytes = UINT64_C(2) << 20;
    for (uint64_t offset = 0; offset < bytes; offset += RIG_PAGE)
        assert_int_equal(iommu_map(domain, iova + offset, page, RIG_PAGE, IOMMU_READ), 0);
    rig_assert_reads(&rig, 0, pasid, iova, 1);

    struct iommu_strict_counts before, gathered, synced;
    iommu_strict_counts(rig.strict, &before);
    struct iommu_gather gather;
    iommu_gather_init(&gather);
    assert_int_equal(iommu_unmap(domain, iova, bytes, &gather), 0);
    iommu_strict_counts(rig.strict, &gathered);
    assert_int_equal(gathered.page_frees, before.page_frees);
    assert_true(gather.dead_tables != 0);

    struct watch watch = {.pasid = pasid};
    rig_watch(&rig, watch_moment, &watch);
    assert_int_equal(iommu_sync(domain, &gather), 0);
    rig_watch(&rig, NULL, NULL);
    iommu_pt_stock_drain(&rig.iommu->table_pages, rig.iommu->platform); /* pages that sync set free */
    iommu_strict_counts(rig.strict, &synced);
    assert_int_equal(watch.tails, 1);
    assert_int_equal(watch.frees_before_tail, 0);
    assert_true(synced.page_frees > gathered.page_frees);
    rig_assert_flushed(&rig);
    rig_assert_blocked(&rig, 0, pasid, iova, false);

    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void unmap_is_seen(enum iommu_stage stage, bool rid)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 1), other = rig_page(&rig, 2);
    struct iommu_domain *domain = rig_domain_mapping(&rig, stage, RIG_IOVA, page);
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_attach(domain, rig.device[0],
                                  rid ? iommu_route_rid() : iommu_route_any(), NULL, &attachment),
                     0);
    uint32_t pasid = iommu_attachment_pasid(attachment);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1); /* cached from here on */
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    assert_int_equal(iommu_map(domain, RIG_IOVA, other, RIG_PAGE, IOMMU_READ), 0);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 2);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_page_done(&rig, other);
    rig_close(&rig);
}

static void test_B45_unmap_reaches_the_caches_second_stage(void **state)
{
    unmap_is_seen(IOMMU_STAGE_SECOND, false);
}

static void test_B45_unmap_reaches_the_caches_first_stage(void **state)
{
    unmap_is_seen(IOMMU_STAGE_FIRST, false);
}

static void test_B45_unmap_reaches_the_caches_of_the_rid(void **state)
{
    unmap_is_seen(IOMMU_STAGE_SECOND, true);
    unmap_is_seen(IOMMU_STAGE_FIRST, true);
}

static void test_B45_unmap_reaches_every_route_and_unit(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.second_unit = true});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_attachment *at[4];
    uint32_t pasid[4];
    for (unsigned i = 0; i < 4; i++) {
        pasid[i] = rig_attach(&rig, domain, i, &at[i]);
        rig_assert_reads(&rig, i, pasid[i], RIG_IOVA, 1);
    }
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    for (unsigned i = 0; i < 4; i++)
        rig_assert_blocked(&rig, i, pasid[i], RIG_IOVA, true);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(iommu_detach(at[i]), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B45_lazy_unmap_waits_for_its_sync(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.vtd = {.no_ats = true}});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *attachment;
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
    struct iommu_gather gather;
    iommu_gather_init(&gather);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(iommu_map(domain, RIG_IOVA + i * RIG_PAGE, page, RIG_PAGE, IOMMU_READ), 0);
        rig_assert_reads(&rig, 0, pasid, RIG_IOVA + i * RIG_PAGE, 1);
    }
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(iommu_unmap(domain, RIG_IOVA + i * RIG_PAGE, RIG_PAGE, &gather), 0);
    uint64_t before = rig_descriptors(&rig, 0);
    assert_int_equal(iommu_sync(domain, &gather), 0);
    assert_int_equal(rig_descriptors(&rig, 0) - before, 2); /* one invalidation, one wait */
    for (unsigned i = 0; i < 8; i++)
        rig_assert_blocked(&rig, 0, pasid, RIG_IOVA + i * RIG_PAGE, false);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B47_ordinary_entry_stays_as_it_is(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    struct iommu_domain *ordinary = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *rid, *at[100];
    assert_int_equal(iommu_attach(ordinary, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    uint64_t entry = rig_pasid_entry(&rig, 0, rig_rid(0), 0), before[8];
    assert_true(entry != 0);
    for (unsigned i = 0; i < 8; i++)
        before[i] = rig_physical64(&rig, entry + UINT64_C(8) * i);

    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_FIRST);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 100; i++)
            rig_attach(&rig, domain, 0, &at[i]);
        for (unsigned i = 0; i < 100; i++)
            assert_int_equal(iommu_detach(at[i]), 0);
        assert_int_equal(rig_pasid_entry(&rig, 0, rig_rid(0), 0), entry);
        for (unsigned i = 0; i < 8; i++)
            assert_int_equal(rig_physical64(&rig, entry + UINT64_C(8) * i), before[i]);
    }
    assert_int_equal(iommu_detach(rid), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    assert_int_equal(iommu_domain_free(ordinary), 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B43_attach_publishes_last),
        cmocka_unit_test(test_B43_attach_without_caching_mode_costs_no_invalidation),
        cmocka_unit_test(test_B44_detach_clears_present_invalidates_then_zeroes),
        cmocka_unit_test(test_B44_B58_ids_carry_nothing_over_second_stage),
        cmocka_unit_test(test_B44_B58_ids_carry_nothing_over_first_stage),
        cmocka_unit_test(test_B45_unmap_frees_tables_after_the_wait),
        cmocka_unit_test(test_B45_unmap_reaches_the_caches_second_stage),
        cmocka_unit_test(test_B45_unmap_reaches_the_caches_first_stage),
        cmocka_unit_test(test_B45_unmap_reaches_the_caches_of_the_rid),
        cmocka_unit_test(test_B45_unmap_reaches_every_route_and_unit),
        cmocka_unit_test(test_B45_lazy_unmap_waits_for_its_sync),
        cmocka_unit_test(test_B47_ordinary_entry_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
