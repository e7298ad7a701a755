/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_faults.c - every way to be blocked has its reason code, and the event says who, where, how
 * and why. Reasons are stated by number, as the architecture has them.
 */
#include "tests/stack/rig.h"

#define WINDOW UINT64_C(0xfee00000)

struct bench {
    struct rig rig;
    struct iommu_domain *domain;
    struct iommu_attachment *attachment; /* device 0, PASID 5 */
    uint64_t page;                       /* mapped at RIG_IOVA */
};

static void open_bench(struct bench *bench, const struct rig_config *config, enum iommu_stage stage)
{
    rig_open(&bench->rig, config);
    bench->page = rig_page(&bench->rig, 1);
    bench->domain = rig_domain_mapping(&bench->rig, stage, RIG_IOVA, bench->page);
    bench->attachment = NULL;
    if (iommu_device_pasid_limit(bench->rig.device[0]) != 0)
        assert_int_equal(iommu_attach(bench->domain, bench->rig.device[0], iommu_route_pasid(5),
                                      bench, &bench->attachment),
                         0);
}

static void close_bench(struct bench *bench)
{
    if (bench->attachment != NULL)
        assert_int_equal(iommu_detach(bench->attachment), 0);
    assert_int_equal(iommu_domain_free(bench->domain), 0);
    rig_page_done(&bench->rig, bench->page);
    rig_close(&bench->rig);
}

/* ---- one request, straight into the unit: also what a well-behaved endpoint would not send */

static struct iommu_model_request tagged(unsigned device, uint32_t pasid, uint64_t address,
                                         bool write)
{
    return (struct iommu_model_request){.rid = rig_rid(device),
                                        .has_pasid = true,
                                        .pasid = pasid,
                                        .address = address,
                                        .access = write ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ,
                                        .bytes = 8};
}

static struct iommu_model_request untagged(unsigned device, uint64_t address, bool write)
{
    struct iommu_model_request request = tagged(device, 0, address, write);
    request.has_pasid = false;
    return request;
}

static void blocked(struct rig *rig, struct iommu_model_request request, uint8_t reason)
{
    struct iommu_model_result result;
    unsigned before = rig->events;
    iommu_model_vtd_translate(iommu_model_machine_unit(rig->machine, 0), &request, &result, NULL);
    assert_int_equal(result.outcome, IOMMU_MODEL_BLOCKED);
    assert_int_equal(iommu_handle_events(rig->iommu), 1);
    assert_int_equal(rig->events, before + 1);

    const struct iommu_event *event = &rig->event;
    assert_int_equal(event->type, IOMMU_EVENT_FAULT);
    assert_int_equal(event->reason, reason);
    assert_string_equal(event->reason_name, iommu_vtd_fault_name(reason));
    assert_int_equal(event->segment, 0);
    assert_int_equal(event->rid, request.rid);
    assert_int_equal(event->pasid, request.has_pasid ? request.pasid : IOMMU_NO_PASID);
    assert_int_equal(event->address, request.address & ~(RIG_PAGE - 1));
    assert_int_equal(event->write, request.access == IOMMU_MODEL_WRITE);
    assert_int_equal(event->privileged, request.has_pasid && request.privileged);
    assert_false(event->execute);
}

/* ---- reasons, scalable mode */

static void test_B56_B62_pasids_that_are_not_attached(void **state)
{
    struct bench bench;
    open_bench(&bench, &(struct rig_config){.pasid_bits = 8}, IOMMU_STAGE_SECOND);
    struct rig *rig = &bench.rig;
    blocked(rig, tagged(0, 6, RIG_IOVA, false), 0x59);    /* in the table, not present */
    blocked(rig, tagged(0, 200, RIG_IOVA, true), 0x51);   /* no table */
    /* beyond the device's width, within the directory */
    blocked(rig, tagged(0, 8191, RIG_IOVA, true), 0x51);
    blocked(rig, tagged(0, 8192, RIG_IOVA, false), 0x46); /* beyond the directory */
    blocked(rig, tagged(0, (1u << 20) - 1, RIG_IOVA, false), 0x46);
    /* RID_PASID, which only untagged requests use */
    blocked(rig, tagged(0, 0, RIG_IOVA, false), 0x48);
    /* a device whose PASIDs nobody switched on */
    blocked(rig, tagged(1, 5, RIG_IOVA, false), 0x45);
    close_bench(&bench);
}

static void test_B62_pasid_wider_than_the_unit(void **state)
{
    struct bench bench;
    open_bench(&bench, &(struct rig_config){.preset = "small"}, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_device_pasid_limit(bench.rig.device[0]), 1u << 10);
    blocked(&bench.rig, tagged(0, 1024, RIG_IOVA, false), 0x89);
    blocked(&bench.rig, tagged(0, (1u << 20) - 1, RIG_IOVA, true), 0x89);
    blocked(&bench.rig, tagged(0, 1023, RIG_IOVA, true), 0x51);
    close_bench(&bench);
}

static void test_B62_untagged_and_nothing_attached(void **state)
{
    struct bench bench;
    open_bench(&bench, &(struct rig_config){0}, IOMMU_STAGE_SECOND);
    blocked(&bench.rig, untagged(0, RIG_IOVA, false), 0x59); /* shares its table with PASID 5 */
    assert_ptr_equal(bench.rig.event.device, bench.rig.device[0]);
    assert_null(bench.rig.event.attachment);
    blocked(&bench.rig, untagged(1, RIG_IOVA, true), 0x51);
    close_bench(&bench);
}

static void test_B62_requesters_nobody_knows(void **state)
{
    struct bench bench;
    open_bench(&bench, &(struct rig_config){0}, IOMMU_STAGE_SECOND);
    struct iommu_model_request request = untagged(0, RIG_IOVA, true);
    request.rid = 5 << 3;
    blocked(&bench.rig, request, 0x41); /* its context entry is not present */
    assert_null(bench.rig.event.device);
    assert_null(bench.rig.event.attachment);
    request.rid = 0x80 | 7; /* upper half of the bus: the root entry has no table */
    blocked(&bench.rig, request, 0x39);
    request.rid = 0x4200;
    blocked(&bench.rig, request, 0x39);
    assert_null(bench.rig.event.device);

    /* A known device becomes unknown. */
    assert_int_equal(iommu_device_remove(bench.rig.device[3]), 0);
    bench.rig.device[3] = NULL;
    blocked(&bench.rig, untagged(3, RIG_IOVA, true), 0x41);
    blocked(&bench.rig, tagged(3, 1, RIG_IOVA, true), 0x41);
    assert_null(bench.rig.event.device);
    close_bench(&bench);
}

static void test_B14_B15_B62_second_stage(void **state)
{
    struct bench bench;
    open_bench(&bench, &(struct rig_config){0}, IOMMU_STAGE_SECOND);
    struct rig *rig = &bench.rig;
    struct iommu_geometry geometry;
    iommu_domain_geometry(bench.domain, &geometry);
    assert_int_equal(iommu_map(bench.domain, 0x1000, bench.page, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(iommu_map(bench.domain, 0x2000, bench.page, RIG_PAGE, IOMMU_WRITE), 0);
    blocked(rig, tagged(0, 5, RIG_IOVA + RIG_PAGE, false), 0x79);
    assert_ptr_equal(rig->event.attachment, bench.attachment);
    assert_ptr_equal(iommu_attachment_cookie(rig->event.attachment), &bench);
    blocked(rig, tagged(0, 5, 0x1000, true), 0x85);
    blocked(rig, tagged(0, 5, 0x2000, false), 0x86);
    blocked(rig, tagged(0, 5, geometry.last + 1, false), 0x84);
    blocked(rig, tagged(0, 5, UINT64_MAX - 4095, true), 0x84);
    struct iommu_model_request privileged = tagged(0, 5, RIG_IOVA, true);
    privileged.privileged = true;
    blocked(rig, privileged, 0x5d); /* no entry of ours allows supervisor requests */
    close_bench(&bench);
}

static void test_B14_B15_B62_first_stage(void **state)
{
    struct bench bench;
    open_bench(&bench, &(struct rig_config){0}, IOMMU_STAGE_FIRST);
    struct rig *rig = &bench.rig;
    assert_int_equal(iommu_map(bench.domain, 0x1000, bench.page, RIG_PAGE, IOMMU_READ), 0);
    blocked(rig, tagged(0, 5, RIG_IOVA + RIG_PAGE, true), 0x71);
    blocked(rig, tagged(0, 5, 0x1000, true), 0x85);
    blocked(rig, tagged(0, 5, UINT64_C(1) << 47, false), 0x80); /* not canonical */
    blocked(rig, tagged(0, 5, UINT64_C(1) << 63, false), 0x80);
    blocked(rig, tagged(0, 5, UINT64_MAX - 4095, false), 0x71); /* canonical, and never mapped */
    struct iommu_model_request privileged = tagged(0, 5, RIG_IOVA, false);
    privileged.privileged = true;
    blocked(rig, privileged, 0x5d);
    close_bench(&bench);
}

static void test_B46_B62_pass_through(void **state)
{
    struct bench bench;
    struct iommu_domain *identity;
    struct iommu_attachment *attachment;
    const struct iommu_domain_config config = {.type = IOMMU_DOMAIN_IDENTITY};
    open_bench(&bench, &(struct rig_config){0}, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_domain_alloc(bench.rig.iommu, &config, &identity), 0);
    assert_int_equal(
        iommu_attach(identity, bench.rig.device[0], iommu_route_pasid(9), NULL, &attachment), 0);
    rig_assert_reads(&bench.rig, 0, 9, bench.page, 1);
    /* above the host's 46 bits */
    blocked(&bench.rig, tagged(0, 9, UINT64_C(1) << 46, false), 0x83);
    blocked(&bench.rig, tagged(0, 9, WINDOW, true), 0x87);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(identity), 0);
    close_bench(&bench);
}

/* ---- the interrupt window */

static uint64_t interrupts(struct rig *rig)
{
    struct iommu_model_machine_stats stats;
    iommu_model_machine_stats(rig->machine, &stats);
    return stats.interrupts;
}

static bool message(struct rig *rig, uint32_t pasid)
{
    uint32_t data = 0x31;
    const struct iommu_model_dma access = {.has_pasid = pasid != IOMMU_NO_PASID,
                                           .pasid = pasid,
                                           .address = WINDOW,
                                           .write = true,
                                           .data = &data,
                                           .bytes = sizeof data};
    struct iommu_model_dma_result result;
    iommu_model_machine_dma(rig->machine, 0, &access, &result, &rig->last);
    return result.ok;
}

static void test_B64_tagged_write_is_never_an_interrupt(void **state)
{
    struct bench bench;
    open_bench(&bench, &(struct rig_config){0}, IOMMU_STAGE_SECOND);
    struct rig *rig = &bench.rig;
    uint64_t before = interrupts(rig);
    assert_true(message(rig, IOMMU_NO_PASID)); /* untagged it is one, attached or not */
    assert_int_equal(interrupts(rig), before + 1);
    assert_false(message(rig, 5));
    assert_int_equal(interrupts(rig), before + 1);
    assert_int_equal(iommu_handle_events(rig->iommu), 1);
    assert_int_equal(rig->event.reason, 0x79);
    assert_int_equal(rig->event.pasid, 5);
    blocked(rig, tagged(0, 6, WINDOW, true), 0x59);
    assert_int_equal(interrupts(rig), before + 1);

    /* Untagged, but no message: too long, or a read. */
    blocked(rig, untagged(0, WINDOW, true), 0x29);
    blocked(rig, untagged(0, WINDOW, false), 0x29);
    close_bench(&bench);
}

/* ---- reasons, legacy mode */

static void test_B62_legacy_mode(void **state)
{
    struct bench bench;
    struct iommu_attachment *attachment;
    open_bench(&bench, &(struct rig_config){.mode = IOMMU_VTD_MODE_LEGACY}, IOMMU_STAGE_AUTO);
    struct rig *rig = &bench.rig;
    struct iommu_geometry geometry;
    iommu_domain_geometry(bench.domain, &geometry);
    struct iommu_model_request unknown = untagged(0, RIG_IOVA, true);
    unknown.rid = 0x4200;
    blocked(rig, unknown, 0x01);
    blocked(rig, untagged(0, RIG_IOVA, true), 0x02);
    blocked(rig, tagged(0, 5, RIG_IOVA, false), 0x31);

    assert_int_equal(
        iommu_attach(bench.domain, rig->device[0], iommu_route_rid(), NULL, &attachment), 0);
    assert_int_equal(iommu_map(bench.domain, 0x1000, bench.page, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(iommu_map(bench.domain, 0x2000, bench.page, RIG_PAGE, IOMMU_WRITE), 0);
    /* there is no code for "not present" */
    blocked(rig, untagged(0, RIG_IOVA + RIG_PAGE, false), 0x06);
    blocked(rig, untagged(0, RIG_IOVA + RIG_PAGE, true), 0x05);
    blocked(rig, untagged(0, 0x1000, true), 0x05);
    blocked(rig, untagged(0, 0x2000, false), 0x06);
    blocked(rig, untagged(0, geometry.last + 1, false), 0x04);
    blocked(rig, untagged(0, WINDOW, true), 0x29);
    assert_int_equal(iommu_detach(attachment), 0);
    close_bench(&bench);
}

/* ---- many of them */

struct seen {
    uint64_t address[256];
    unsigned faults, overflows, after_overflow;
};

static void note(void *ctx, const struct iommu_event *event)
{
    struct seen *seen = ctx;
    if (event->type == IOMMU_EVENT_OVERFLOW)
        seen->overflows++;
    if (event->type == IOMMU_EVENT_FAULT && seen->faults < 256)
        seen->address[seen->faults++] = event->address;
}

static void fault_n(struct rig *rig, unsigned first, unsigned count)
{
    uint64_t value;
    for (unsigned i = 0; i < count; i++)
        assert_false(rig_read(rig, 0, 5, RIG_IOVA + (1 + first + i) * RIG_PAGE, &value));
}

static void in_order(const struct seen *seen, unsigned from, unsigned first, unsigned count)
{
    assert_true(seen->faults >= from + count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(seen->address[from + i], RIG_IOVA + (1 + first + i) * RIG_PAGE);
}

/* Eight records: 5, then 8, then 7: the second and third lots go round the end. */
static void test_B62_records_come_in_order_and_wrap(void **state)
{
    struct bench bench;
    struct seen seen = {0};
    open_bench(&bench, &(struct rig_config){0}, IOMMU_STAGE_SECOND);
    iommu_set_event_handler(bench.rig.iommu, note, &seen);
    fault_n(&bench.rig, 0, 5);
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 5);
    in_order(&seen, 0, 0, 5);
    fault_n(&bench.rig, 5, 8);
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 8);
    in_order(&seen, 5, 5, 8);
    fault_n(&bench.rig, 13, 7);
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 7);
    in_order(&seen, 13, 13, 7);
    assert_int_equal(seen.overflows, 0);
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 0);
    close_bench(&bench);
}

static void overflow(const struct rig_config *config, unsigned records)
{
    struct bench bench;
    struct seen seen = {0};
    open_bench(&bench, config, IOMMU_STAGE_SECOND);
    iommu_set_event_handler(bench.rig.iommu, note, &seen);
    for (unsigned round = 0; round < 3; round++) {
        seen = (struct seen){0};
        fault_n(&bench.rig, 0, records + 4);
        assert_int_equal(iommu_handle_events(bench.rig.iommu), records + 1);
        in_order(&seen, 0, 0, records);
        assert_int_equal(seen.overflows, 1);
        /* Afterwards it works as before. */
        fault_n(&bench.rig, 100, 1);
        assert_int_equal(iommu_handle_events(bench.rig.iommu), 1);
        in_order(&seen, records, 100, 1);
        assert_int_equal(seen.overflows, 1);
    }
    close_bench(&bench);
}

/* 47:40: records - 1; 33:24: their place / 16. */
static void test_B63_overflow_is_reported_and_over(void **state)
{
    overflow(&(struct rig_config){.preset = "small"}, 1);
    overflow(&(struct rig_config){0}, 8);
    overflow(&(struct rig_config){.cap_clear = UINT64_C(0xff) << 40 | UINT64_C(0x3ff) << 24,
                                  .cap_set = UINT64_C(63) << 40 | UINT64_C(0x80) << 24}, 64);
}

/* A unit with many records, all of them pending: they are handed out to the last. */
static void test_B63_storm_is_worked_off(void **state)
{
    struct bench bench;
    struct seen seen = {0};
    open_bench(&bench,
               &(struct rig_config){.cap_clear = UINT64_C(0xff) << 40 | UINT64_C(0x3ff) << 24,
                                    .cap_set = UINT64_C(255) << 40 | UINT64_C(0x80) << 24},
               IOMMU_STAGE_SECOND);
    iommu_set_event_handler(bench.rig.iommu, note, &seen);
    fault_n(&bench.rig, 0, 200);
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 200);
    in_order(&seen, 0, 0, 200);
    seen.faults = 0;
    fault_n(&bench.rig, 200, 100); /* round the end */
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 100);
    in_order(&seen, 0, 200, 100);
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B56_B62_pasids_that_are_not_attached),
        cmocka_unit_test(test_B62_pasid_wider_than_the_unit),
        cmocka_unit_test(test_B62_untagged_and_nothing_attached),
        cmocka_unit_test(test_B62_requesters_nobody_knows),
        cmocka_unit_test(test_B14_B15_B62_second_stage),
        cmocka_unit_test(test_B14_B15_B62_first_stage),
        cmocka_unit_test(test_B46_B62_pass_through),
        cmocka_unit_test(test_B64_tagged_write_is_never_an_interrupt),
        cmocka_unit_test(test_B62_legacy_mode),
        cmocka_unit_test(test_B62_records_come_in_order_and_wrap),
        cmocka_unit_test(test_B63_overflow_is_reported_and_over),
        cmocka_unit_test(test_B63_storm_is_worked_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
