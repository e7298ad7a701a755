/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_events.c - how events reach those who handle them: whose handler, what it may do, the unit's
 * message and its re-arming, errors of the command queue.
 */
#include "tests/stack/rig.h"

#include "tests/stack/queue.h"

enum { FSTS = 0x34, FECTL = 0x38, IQT = 0x88 };
#define MASKED      (UINT32_C(1) << 31)
#define FSTS_ALL    0x73u /* without the index of a record, which counts only while there is one */
#define MSI_ADDRESS UINT64_C(0xfee0100c)
#define MSI_DATA    0x31u

struct bench {
    struct rig rig;
    struct iommu_domain *domain, *other;
    struct iommu_attachment *attachment, *other_attachment; /* device 0, PASIDs 5 and 6 */
    uint64_t page;
    unsigned calls, domain_calls;
    struct iommu_event last;
};

static void open_bench(struct bench *bench, const struct rig_config *config)
{
    rig_open(&bench->rig, config);
    bench->calls = bench->domain_calls = 0;
    bench->page = rig_page(&bench->rig, 1);
    bench->domain = rig_domain(&bench->rig, IOMMU_STAGE_SECOND);
    bench->other = rig_domain_mapping(&bench->rig, IOMMU_STAGE_SECOND, RIG_IOVA, bench->page);
    assert_int_equal(iommu_attach(bench->domain, bench->rig.device[0], iommu_route_pasid(5), NULL,
                                  &bench->attachment), 0);
    assert_int_equal(iommu_attach(bench->other, bench->rig.device[0], iommu_route_pasid(6), NULL,
                                  &bench->other_attachment), 0);
}

static void close_bench(struct bench *bench)
{
    if (bench->attachment != NULL)
        assert_int_equal(iommu_detach(bench->attachment), 0);
    assert_int_equal(iommu_detach(bench->other_attachment), 0);
    assert_int_equal(iommu_domain_free(bench->domain), 0);
    assert_int_equal(iommu_domain_free(bench->other), 0);
    rig_page_done(&bench->rig, bench->page);
    rig_close(&bench->rig);
}

static bool reads(struct bench *bench, uint32_t pasid, uint64_t iova)
{
    uint64_t value;
    return rig_read(&bench->rig, 0, pasid, iova, &value);
}

/* ---- whose handler, and what it may do */

static void count_all(void *ctx, const struct iommu_event *event)
{
    struct bench *bench = ctx;
    bench->calls++;
    bench->last = *event;
}

static void count_domain(void *ctx, const struct iommu_event *event)
{
    struct bench *bench = ctx;
    assert_ptr_equal(event->attachment, bench->attachment);
    bench->domain_calls++;
}

static void test_B62_handlers_of_instance_and_domain(void **state)
{
    struct bench bench;
    open_bench(&bench, &(struct rig_config){0});
    iommu_set_event_handler(bench.rig.iommu, count_all, &bench);
    iommu_domain_set_event_handler(bench.domain, count_domain, &bench);
    assert_false(reads(&bench, 5, RIG_IOVA));            /* both hear of it */
    assert_false(reads(&bench, 6, RIG_IOVA + RIG_PAGE)); /* another domain's */
    assert_false(reads(&bench, 7, RIG_IOVA));            /* nobody's */
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 3);
    assert_int_equal(bench.calls, 3);
    assert_int_equal(bench.domain_calls, 1);

    iommu_domain_set_event_handler(bench.domain, NULL, NULL);
    assert_false(reads(&bench, 5, RIG_IOVA));
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 1);
    assert_int_equal(bench.calls, 4);
    assert_int_equal(bench.domain_calls, 1);

    /* Without any handler records are cleared all the same. */
    iommu_set_event_handler(bench.rig.iommu, NULL, NULL);
    assert_false(reads(&bench, 5, RIG_IOVA));
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 1);
    assert_int_equal(rig_reg32(&bench.rig, 0, FSTS) & FSTS_ALL, 0);
    close_bench(&bench);
}

/*
 * Paging by hand: what was missing is mapped, what was there before goes. No lock is held
 * meanwhile.
 */
static void page_in(void *ctx, const struct iommu_event *event)
{
    struct bench *bench = ctx;
    struct iommu_strict_counts counts;
    struct iommu_attachment *found;
    struct iommu_domain *domain = iommu_attachment_domain(event->attachment);
    iommu_strict_counts(bench->rig.strict, &counts);
    assert_int_equal(counts.locks_held, 0);
    assert_int_equal(iommu_lookup(event->device, event->pasid, &found), 0);
    assert_ptr_equal(found, event->attachment);
    if (bench->calls++ > 0)
        assert_int_equal(iommu_unmap(domain, event->address - RIG_PAGE, RIG_PAGE, NULL), 0);
    assert_int_equal(iommu_map(domain, event->address, bench->page, RIG_PAGE, IOMMU_READ), 0);
}

static void test_B62_handler_may_map_and_unmap(void **state)
{
    struct bench bench;
    open_bench(&bench, &(struct rig_config){.preset = "caching-mode"});
    iommu_domain_set_event_handler(bench.domain, page_in, &bench);
    for (unsigned i = 0; i < 20; i++) {
        assert_false(reads(&bench, 5, RIG_IOVA + i * RIG_PAGE));
        assert_int_equal(iommu_handle_events(bench.rig.iommu), 1);
        rig_assert_reads(&bench.rig, 0, 5, RIG_IOVA + i * RIG_PAGE, 1);
        assert_true(i == 0 || !reads(&bench, 5, RIG_IOVA + (i - 1) * RIG_PAGE));
        iommu_domain_set_event_handler(bench.domain, NULL, NULL);
        assert_int_equal(iommu_handle_events(bench.rig.iommu), i == 0 ? 0 : 1);
        iommu_domain_set_event_handler(bench.domain, page_in, &bench);
    }
    close_bench(&bench);
}

/* ---- the message */

static void test_B62_fault_message_is_sent_and_armed_again(void **state)
{
    struct bench bench;
    open_bench(&bench, &(struct rig_config){
                           .vtd = {.fault_msi_address = MSI_ADDRESS, .fault_msi_data = MSI_DATA}});
    struct rig *rig = &bench.rig;
    assert_int_equal(rig_reg32(rig, 0, FECTL) & MASKED, 0);
    assert_int_equal(rig->messages.count, 0);
    for (unsigned i = 1; i <= 3; i++) {
        assert_false(reads(&bench, 5, RIG_IOVA));
        assert_int_equal(rig->messages.count, i);
        assert_int_equal(rig->messages.event, IOMMU_MODEL_EVENT_FAULT);
        assert_int_equal(rig->messages.address, MSI_ADDRESS);
        assert_int_equal(rig->messages.data, MSI_DATA);
        assert_false(reads(&bench, 5, RIG_IOVA)); /* one message until somebody looks */
        assert_int_equal(rig->messages.count, i);
        assert_int_equal(iommu_handle_events(rig->iommu), 2);
    }
    /* Also after an overflow, and after a stop. */
    for (unsigned i = 0; i < 20; i++)
        assert_false(reads(&bench, 5, RIG_IOVA));
    assert_int_equal(rig->messages.count, 4);
    assert_int_equal(iommu_handle_events(rig->iommu), 9);
    assert_int_equal(iommu_stop(rig->iommu), 0);
    assert_int_equal(rig_reg32(rig, 0, FECTL) & MASKED, MASKED);
    assert_int_equal(iommu_start(rig->iommu), 0);
    assert_false(reads(&bench, 5, RIG_IOVA));
    assert_int_equal(rig->messages.count, 5);
    assert_int_equal(iommu_handle_events(rig->iommu), 1);
    close_bench(&bench);
}

/* ---- errors of the command queue */

/* Turns the descriptor `skip` places after the old tail into one that no unit knows, once. */
struct corruption {
    unsigned skip;
    bool done;
};

static void corrupt(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct corruption *corruption = rig->probe_ctx;
    if (corruption->done || moment != RIG_WRITE64 || address != rig_unit_base(0) + IQT)
        return;
    uint64_t slot =
        rig_queue_slot(rig, 0, rig_reg64(rig, 0, IQT) + UINT64_C(32) * corruption->skip);
    rig_words(rig, slot & ~(RIG_PAGE - 1))[(slot & (RIG_PAGE - 1)) / 8] = 0xf;
    corruption->done = true;
    (void)value;
}

static void start_corrupting(struct rig *rig, struct corruption *corruption, unsigned skip)
{
    *corruption = (struct corruption){.skip = skip};
    rig_watch(rig, corrupt, corruption);
}

/* The queue's complaint comes once; afterwards everything works. */
static void queue_complained(struct bench *bench)
{
    rig_watch(&bench->rig, NULL, NULL);
    bench->calls = 0;
    iommu_set_event_handler(bench->rig.iommu, count_all, bench);
    assert_int_equal(iommu_handle_events(bench->rig.iommu), 1);
    assert_int_equal(bench->last.type, IOMMU_EVENT_QUEUE);
    assert_int_equal(bench->last.reason, 3); /* not a descriptor type */
    assert_int_equal(bench->last.pasid, IOMMU_NO_PASID);
    assert_null(bench->last.device);
    assert_non_null(bench->last.reason_name);
    assert_int_equal(iommu_handle_events(bench->rig.iommu), 0);
    assert_int_equal(rig_reg32(&bench->rig, 0, FSTS) & FSTS_ALL, 0);
    assert_true(rig_logged(&bench->rig, "IQE"));
}

static void unmap_works(struct bench *bench)
{
    assert_int_equal(iommu_map(bench->other, 8 * RIG_IOVA, bench->page, RIG_PAGE, IOMMU_READ), 0);
    rig_assert_reads(&bench->rig, 0, 6, 8 * RIG_IOVA, 1);
    assert_int_equal(iommu_unmap(bench->other, 8 * RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_false(reads(bench, 6, 8 * RIG_IOVA));
    assert_int_equal(iommu_handle_events(bench->rig.iommu), 1);
}

static void test_B60_refused_descriptor_in_a_sync(void **state)
{
    for (unsigned skip = 0; skip < 2; skip++) { /* the invalidation, or its wait */
        struct bench bench;
        struct corruption corruption;
        struct iommu_gather gather;
        open_bench(&bench, &(struct rig_config){.vtd = {.no_ats = true}});
        rig_assert_reads(&bench.rig, 0, 6, RIG_IOVA, 1);
        iommu_gather_init(&gather);
        assert_int_equal(iommu_unmap(bench.other, RIG_IOVA, RIG_PAGE, &gather), 0);
        start_corrupting(&bench.rig, &corruption, skip);
        assert_int_equal(iommu_sync(bench.other, &gather), -IOMMU_EIO);
        assert_ptr_equal(gather.domain, bench.other); /* as it was: to be tried again */
        queue_complained(&bench);
        assert_int_equal(iommu_sync(bench.other, &gather), 0);
        assert_false(reads(&bench, 6, RIG_IOVA));
        assert_int_equal(iommu_handle_events(bench.rig.iommu), 1);
        unmap_works(&bench);
        close_bench(&bench);
    }
}

/* The PASID and the domain's id stay out of use, and the domain stays, until the device is gone. */
static void test_B58_B60_refused_descriptor_in_a_detach(void **state)
{
    struct bench bench;
    struct corruption corruption;
    struct iommu_vtd_unit_info before, after;
    open_bench(&bench, &(struct rig_config){.vtd = {.no_ats = true}});
    assert_int_equal(iommu_vtd_unit_info(bench.rig.iommu, 0, &before), 0);
    start_corrupting(&bench.rig, &corruption, 0);
    assert_int_equal(iommu_detach(bench.attachment), -IOMMU_EIO);
    queue_complained(&bench);
    assert_false(reads(&bench, 5, RIG_IOVA));
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 1);
    assert_int_equal(iommu_lookup(bench.rig.device[0], 5, &bench.attachment), -IOMMU_ENOENT);
    assert_int_equal(iommu_attach(bench.other, bench.rig.device[0], iommu_route_pasid(5), NULL,
                                  &bench.attachment),
                     -IOMMU_EBUSY);
    assert_int_equal(iommu_vtd_unit_info(bench.rig.iommu, 0, &after), 0);
    assert_int_equal(after.domain_ids_used, before.domain_ids_used);
    assert_int_equal(iommu_domain_free(bench.domain), -IOMMU_EBUSY);
    unmap_works(&bench);

    bench.attachment = NULL;
    assert_int_equal(iommu_detach(bench.other_attachment), 0);
    assert_int_equal(iommu_device_remove(bench.rig.device[0]), 0);
    const struct iommu_device_config config = {.rid = rig_rid(0)};
    assert_int_equal(iommu_device_add(bench.rig.iommu, &config, &bench.rig.device[0]), 0);
    assert_int_equal(iommu_attach(bench.other, bench.rig.device[0], iommu_route_pasid(6), NULL,
                                  &bench.other_attachment), 0);
    close_bench(&bench);
}

static void test_B60_refused_descriptor_in_an_attach(void **state)
{
    struct bench bench;
    struct corruption corruption;
    struct iommu_attachment *attachment = NULL;
    open_bench(&bench, &(struct rig_config){.preset = "caching-mode", .vtd = {.no_ats = true}});
    start_corrupting(&bench.rig, &corruption, 0);
    assert_int_equal(
        iommu_attach(bench.other, bench.rig.device[0], iommu_route_pasid(9), NULL, &attachment),
        -IOMMU_EIO);
    queue_complained(&bench);
    assert_false(reads(&bench, 9, RIG_IOVA));
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 1);
    assert_int_equal(
        iommu_attach(bench.other, bench.rig.device[0], iommu_route_pasid(9), NULL, &attachment), 0);
    rig_assert_reads(&bench.rig, 0, 9, RIG_IOVA, 1);
    assert_int_equal(iommu_detach(attachment), 0);
    unmap_works(&bench);
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B62_handlers_of_instance_and_domain),
        cmocka_unit_test(test_B62_handler_may_map_and_unmap),
        cmocka_unit_test(test_B62_fault_message_is_sent_and_armed_again),
        cmocka_unit_test(test_B60_refused_descriptor_in_a_sync),
        cmocka_unit_test(test_B58_B60_refused_descriptor_in_a_detach),
        cmocka_unit_test(test_B60_refused_descriptor_in_an_attach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
