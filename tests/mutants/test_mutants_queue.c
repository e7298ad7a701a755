/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_queue.c - the invalidation queue at its limits: more descriptors than it has slots, a unit that is gone
 * meanwhile, one that takes its time, and who finds out when routes went without a confirmation.
 */
#include "tests/stack/rig.h"

#include <pthread.h>
#include <time.h>

#include "tests/stack/queue.h"

enum { GCMD = 0x18, FSTS = 0x34, IQH = 0x80, IQT = 0x88 };
#define QIE        (UINT32_C(1) << 26)
#define ROUTES     300u /* more than the ring takes */
#define TIMEOUT_MS 40u

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* One first-stage domain on many PASIDs: each unmap takes a descriptor for every one of them. */
struct crowd {
    struct rig rig;
    struct iommu_domain *domain;
    struct iommu_attachment *at[ROUTES];
    uint64_t page;
};

static void open_crowd(struct crowd *crowd)
{
    rig_open(&crowd->rig, &(struct rig_config){.vtd = {.no_ats = true, .timeout_ms = TIMEOUT_MS}});
    crowd->page = rig_page(&crowd->rig, 1);
    crowd->domain = rig_domain_mapping(&crowd->rig, IOMMU_STAGE_FIRST, RIG_IOVA, crowd->page);
    for (unsigned i = 0; i < ROUTES; i++) {
        rig_attach(&crowd->rig, crowd->domain, 0, &crowd->at[i]);
        rig_assert_reads(&crowd->rig, 0, iommu_attachment_pasid(crowd->at[i]), RIG_IOVA, 1);
    }
}

static void unmap_reaches_all(struct crowd *crowd, struct iommu_gather *gather)
{
    assert_int_equal(iommu_sync(crowd->domain, gather), 0);
    for (unsigned i = 0; i < ROUTES; i++)
        rig_assert_blocked(&crowd->rig, 0, iommu_attachment_pasid(crowd->at[i]), RIG_IOVA, false);
}

static void close_crowd(struct crowd *crowd)
{
    for (unsigned i = 0; i < ROUTES; i++)
        assert_int_equal(iommu_detach(crowd->at[i]), 0);
    assert_int_equal(iommu_domain_free(crowd->domain), 0);
    rig_page_done(&crowd->rig, crowd->page);
    rig_close(&crowd->rig);
}

static void start_unmap(struct crowd *crowd, struct iommu_gather *gather)
{
    iommu_gather_init(gather);
    assert_int_equal(iommu_unmap(crowd->domain, RIG_IOVA, RIG_PAGE, gather), 0);
}

static void test_B45_more_descriptors_than_slots(void **state)
{
    struct crowd crowd;
    struct iommu_gather gather;
    open_crowd(&crowd);
    start_unmap(&crowd, &gather);
    unmap_reaches_all(&crowd, &gather);
    close_crowd(&crowd);
}

static void test_B45_B60_full_queue_stands_still(void **state)
{
    struct crowd crowd;
    struct rig_stall stall;
    struct iommu_gather gather;
    open_crowd(&crowd);
    start_unmap(&crowd, &gather);
    rig_stall_begin(&crowd.rig, &stall, 0);
    uint64_t started = now_ms();
    assert_int_equal(iommu_sync(crowd.domain, &gather), -IOMMU_ETIMEDOUT);
    assert_true(now_ms() - started < 100 * TIMEOUT_MS);
    assert_true(rig_logged(&crowd.rig, "queue is full"));
    rig_stall_end(&crowd.rig);
    unmap_reaches_all(&crowd, &gather);
    close_crowd(&crowd);
}

/* The unit refuses one of the descriptors while the ring is full. */
static void corrupt(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    if (moment != RIG_WRITE64 || address != rig_unit_base(0) + IQT)
        return;
    uint64_t slot = rig_queue_slot(rig, 0, rig_reg64(rig, 0, IQT));
    rig_words(rig, slot & ~(RIG_PAGE - 1))[(slot & (RIG_PAGE - 1)) / 8] = 0xf;
    rig_watch(rig, NULL, NULL);
    (void)value;
}

static void test_B45_B60_full_queue_stops_at_an_error(void **state)
{
    struct crowd crowd;
    struct iommu_gather gather;
    open_crowd(&crowd);
    start_unmap(&crowd, &gather);
    rig_watch(&crowd.rig, corrupt, NULL);
    int result = iommu_sync(crowd.domain, &gather);
    assert_true(result == 0 || result == -IOMMU_EIO);
    assert_false(rig_logged(&crowd.rig, "queue is full"));
    assert_int_equal(iommu_handle_events(crowd.rig.iommu), 1);
    if (result != 0)
        unmap_reaches_all(&crowd, &gather);
    close_crowd(&crowd);
}

/* All ones from every register. */
static bool vanish(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    (void)rig;
    (void)address;
    if (moment == RIG_READ32)
        *value = UINT32_MAX;
    if (moment == RIG_READ64)
        *value = UINT64_MAX;
    return moment != RIG_WRITE64;
}

static void test_B60_B68_unit_is_gone(void **state)
{
    struct crowd crowd;
    struct iommu_gather gather;
    open_crowd(&crowd);
    start_unmap(&crowd, &gather);
    crowd.rig.filter = vanish;
    assert_int_equal(iommu_sync(crowd.domain, &gather), -IOMMU_EIO);
    crowd.rig.filter = NULL;
    assert_int_equal(iommu_handle_events(crowd.rig.iommu),
                     0); /* what it seemed to say was nothing */
    unmap_reaches_all(&crowd, &gather);
    close_crowd(&crowd);
}

/* ---- a queue that was stuck ------------------------------------------------------------------------- */

static bool swallow(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    unsigned *swallowed = rig->filter_ctx;
    bool tail = moment == RIG_WRITE64 && address == rig_unit_base(0) + IQT;
    *swallowed += tail;
    (void)value;
    return !tail;
}

/* Writes of the tail got lost: the next who comes tells the unit once more. Nobody queues anything meanwhile. */
static void test_B60_stuck_queue_is_nudged(void **state)
{
    struct rig rig;
    struct iommu_attachment *at;
    unsigned swallowed = 0;
    rig_open(&rig, &(struct rig_config){.vtd = {.no_ats = true, .timeout_ms = TIMEOUT_MS}});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    uint32_t pasid = rig_attach(&rig, domain, 0, &at);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1);
    struct iommu_gather gather;
    iommu_gather_init(&gather);
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, &gather), 0);
    rig.filter = swallow;
    rig.filter_ctx = &swallowed;
    assert_int_equal(iommu_sync(domain, &gather), -IOMMU_ETIMEDOUT);
    assert_int_equal(swallowed, 1);
    uint64_t descriptors = rig_descriptors(&rig, 0);
    assert_int_equal(iommu_sync(domain, &gather), -IOMMU_ETIMEDOUT);
    assert_int_equal(swallowed, 2);
    assert_int_equal(rig_descriptors(&rig, 0), descriptors);
    rig.filter = NULL;
    assert_int_equal(iommu_sync(domain, &gather), 0);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* ---- switching off ---------------------------------------------------------------------------------- */

struct lag {
    unsigned reads; /* the head seems to be behind so many times more */
    bool off_early; /* QIE went off while it did */
};

static bool head_lags(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    struct lag *lag = rig->filter_ctx;
    uint64_t offset = address - rig_unit_base(0);
    if (moment == RIG_READ64 && offset == IQH && lag->reads > 0) {
        lag->reads--;
        *value ^= 32;
    }
    if (moment == RIG_WRITE32 && offset == GCMD && !(*value & (QIE | UINT32_C(1) << 31)) &&
        lag->reads > 0)
        lag->off_early = true;
    return true;
}

static void test_queue_goes_off_when_it_is_empty(void **state)
{
    struct rig rig;
    struct lag lag = {.reads = 5};
    rig_open(&rig, &(struct rig_config){0});
    rig.filter = head_lags;
    rig.filter_ctx = &lag;
    assert_int_equal(iommu_stop(rig.iommu), 0);
    assert_int_equal(lag.reads, 0);
    assert_false(lag.off_early);
    rig.filter = NULL;
    rig_close(&rig);
}

/* ---- routes that went without a confirmation -------------------------------------------------------- */

/* First-stage invalidations go by PASID; those of a lost route by nothing but the domain id that it held. */
static void test_B45_B58_lost_route_of_a_first_stage(void **state)
{
    struct rig rig;
    struct rig_queue queue;
    struct iommu_attachment *lost, *kept;
    rig_open(&rig, &(struct rig_config){.vtd = {.no_ats = true}});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_FIRST, RIG_IOVA, page);
    rig_attach(&rig, domain, 0, &lost);
    rig_attach(&rig, domain, 0, &kept);
    rig_watch(&rig, corrupt, NULL);
    assert_int_equal(iommu_detach(lost), -IOMMU_EIO);
    rig_queue_watch(&rig, &queue, 0);
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    rig_watch(&rig, NULL, NULL);
    assert_int_equal(rig_queue_count(&queue, RIG_PIOTLB), 1);
    assert_int_equal(rig_queue_nth(&queue, RIG_IOTLB, 0)->granularity, 2);
    assert_int_equal(iommu_detach(kept), 0);
    assert_int_equal(iommu_device_remove(rig.device[0]), 0);
    rig.device[0] = NULL;
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* The RID went in doubt while the device keeps translations: nothing is entered before all of it is clean. */
static void test_B44_B58_B59_device_in_doubt_is_emptied_first(void **state)
{
    struct rig rig;
    struct rig_queue queue;
    struct iommu_attachment *rid, *tagged;
    rig_open(&rig, &(struct rig_config){.watch_devtlbs = true});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    rig_attach(&rig, domain, 0, &tagged);
    rig_watch(&rig, corrupt, NULL);
    assert_int_equal(iommu_detach(rid), -IOMMU_EIO);
    rig_watch(&rig, corrupt, NULL);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &rid),
                     -IOMMU_EIO);
    rig_queue_watch(&rig, &queue, 0);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    rig_watch(&rig, NULL, NULL);
    assert_int_equal(rig_queue_nth(&queue, RIG_IOTLB, 0)->granularity, 1);
    assert_int_equal(rig_queue_count(&queue, RIG_DEVTLB), 1);
    assert_int_equal(rig_queue_count(&queue, RIG_PDEVTLB), 1);
    assert_int_equal(iommu_detach(rid), 0);
    assert_int_equal(iommu_detach(tagged), 0);
    assert_int_equal(iommu_device_remove(rig.device[0]), 0);
    rig.device[0] = NULL;
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

/* ---- an attachment is covered before it can be used ------------------------------------------------- */

struct race {
    struct iommu_domain *domain;
    uint32_t pasid;
    bool done;
    pthread_t other;
};

static void *unmap(void *ctx)
{
    const struct race *race = ctx;
    return iommu_unmap(race->domain, RIG_IOVA, RIG_PAGE, NULL) ? ctx : NULL;
}

/* As soon as the entry is there, the device uses it and somebody else unmaps. */
static void unmap_at_once(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct race *race = rig->probe_ctx;
    uint64_t entry = rig_pasid_entry(rig, 0, rig_rid(0), race->pasid), word;
    if (race->done || moment != RIG_BARRIER || entry == 0 || !(rig_physical64(rig, entry) & 1))
        return;
    race->done = true;
    assert_true(rig_read(rig, 0, race->pasid, RIG_IOVA, &word));
    assert_int_equal(pthread_create(&race->other, NULL, unmap, race), 0);
    (void)address;
    (void)value;
}

static void test_B45_B52_unmap_while_a_route_appears(void **state)
{
    struct rig rig;
    struct iommu_attachment *first, *at;
    void *failed;
    rig_open(&rig, &(struct rig_config){.vtd = {.no_ats = true}});
    uint64_t page = rig_page(&rig, 1);
    struct race race = {.pasid = 77};
    race.domain = rig_domain_mapping(&rig, IOMMU_STAGE_FIRST, RIG_IOVA, page);
    rig_attach(&rig, race.domain, 0, &first);
    rig_watch(&rig, unmap_at_once, &race);
    assert_int_equal(
        iommu_attach(race.domain, rig.device[0], iommu_route_pasid(race.pasid), NULL, &at), 0);
    rig_watch(&rig, NULL, NULL);
    assert_true(race.done);
    assert_int_equal(pthread_join(race.other, &failed), 0);
    assert_null(failed);
    rig_assert_blocked(&rig, 0, race.pasid, RIG_IOVA, false);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_detach(first), 0);
    assert_int_equal(iommu_domain_free(race.domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* Many times round the ring. Where the head is, the waits have told. */
static void test_B45_unmaps_read_no_register(void **state)
{
    struct rig rig;
    struct iommu_attachment *at;
    struct iommu_vtd_unit_info before, after;
    rig_open(&rig, &(struct rig_config){.vtd = {.no_ats = true}});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    rig_attach(&rig, domain, 0, &at);
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &before), 0);
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t iova = RIG_IOVA + (1 + i % 16) * RIG_PAGE;
        assert_int_equal(iommu_map(domain, iova, page, RIG_PAGE, IOMMU_READ), 0);
        assert_int_equal(iommu_unmap(domain, iova, RIG_PAGE, NULL), 0);
    }
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &after), 0);
    assert_int_equal(after.mmio_reads, before.mmio_reads);
    assert_int_equal(after.mmio_writes - before.mmio_writes, 1000);
    assert_int_equal(after.descriptors - before.descriptors, 2000);
    assert_int_equal(after.waits - before.waits, 1000);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B45_unmaps_read_no_register),
        cmocka_unit_test(test_B45_more_descriptors_than_slots),
        cmocka_unit_test(test_B45_B60_full_queue_stands_still),
        cmocka_unit_test(test_B45_B60_full_queue_stops_at_an_error),
        cmocka_unit_test(test_B60_B68_unit_is_gone),
        cmocka_unit_test(test_B60_stuck_queue_is_nudged),
        cmocka_unit_test(test_queue_goes_off_when_it_is_empty),
        cmocka_unit_test(test_B45_B58_lost_route_of_a_first_stage),
        cmocka_unit_test(test_B44_B58_B59_device_in_doubt_is_emptied_first),
        cmocka_unit_test(test_B45_B52_unmap_while_a_route_appears),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
