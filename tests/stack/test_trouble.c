/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_trouble.c - hardware that does not answer: status bits that never come, a queue that stands
 * still, a unit that is gone. Every wait ends, the error says what was waited for, and nothing is
 * given back that hardware might use.
 */
#include "tests/stack/rig.h"

#include "iommukit/driver.h"

#include <time.h>

#include "tests/stack/queue.h"

enum { GSTS = 0x1c, RTADDR = 0x20 };
#define TES        (UINT32_C(1) << 31)
#define RTPS       (UINT32_C(1) << 30)
#define QIES       (UINT32_C(1) << 26)
#define TIMEOUT_MS 20u
#define SOON_MS    (UINT64_C(100) * TIMEOUT_MS)
#define MIB2       (UINT64_C(2) << 20)

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- a bit of the status register that does not move */

struct stuck {
    unsigned unit;
    uint32_t mask, value;
};

static bool status_stuck(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    const struct stuck *stuck = rig->filter_ctx;
    if (moment == RIG_READ32 && address == rig_unit_base(stuck->unit) + GSTS)
        *value = (*value & ~(uint64_t)stuck->mask) | stuck->value;
    return true;
}

static void start_fails(uint32_t bit, const char *name, unsigned unit)
{
    struct rig rig;
    struct stuck stuck = {.unit = unit, .mask = bit};
    struct iommu_strict_counts before, after;
    rig_open(&rig, &(struct rig_config){.second_unit = true,
                                        .not_started = true,
                                        .vtd = {.timeout_ms = TIMEOUT_MS}});
    uint64_t page = rig_page(&rig, 1), value;
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_AUTO, RIG_IOVA, page);
    struct iommu_attachment *attachment;
    uint32_t pasid = rig_attach(&rig, domain, 2, &attachment);
    iommu_strict_counts(rig.strict, &before);
    rig.filter = status_stuck;
    rig.filter_ctx = &stuck;
    uint64_t started = now_ms();
    assert_int_equal(iommu_start(rig.iommu), -IOMMU_ETIMEDOUT);
    assert_true(now_ms() - started < SOON_MS);
    assert_true(rig_logged(&rig, name));
    rig.filter = NULL;

    /* All as it was: both units off, nothing lost, nothing kept. */
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(rig_reg32(&rig, i, GSTS) & (TES | QIES), 0);
    iommu_strict_counts(rig.strict, &after);
    assert_int_equal(after.pages_live, before.pages_live);
    assert_int_equal(after.objects_live, before.objects_live);
    assert_true(rig_read(&rig, 2, IOMMU_NO_PASID, page, &value)); /* untranslated */

    /* Once it answers again, it can be started. */
    assert_int_equal(iommu_start(rig.iommu), 0);
    rig_assert_reads(&rig, 2, pasid, RIG_IOVA, 1);
    rig_assert_blocked(&rig, 2, IOMMU_NO_PASID, page, false);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_start_fails_midway(void **state)
{
    for (unsigned unit = 0; unit < 2; unit++) {
        start_fails(QIES, "QIES", unit);
        start_fails(RTPS, "RTPS", unit);
        start_fails(TES, "TES", unit);
    }
}

static void test_stop_can_be_tried_again(void **state)
{
    struct rig rig;
    struct stuck stuck = {.mask = TES, .value = TES};
    rig_open(&rig, &(struct rig_config){.vtd = {.timeout_ms = TIMEOUT_MS}});
    rig.filter = status_stuck;
    rig.filter_ctx = &stuck;
    /* the unit says "on" and is off: the next command is two changes at once */
    rig.expect_misuse = true;
    assert_int_equal(iommu_stop(rig.iommu), -IOMMU_ETIMEDOUT);
    assert_true(rig_logged(&rig, "TES"));
    rig.filter = NULL;
    assert_int_equal(iommu_stop(rig.iommu), 0);
    assert_int_equal(rig_reg32(&rig, 0, GSTS) & (TES | QIES), 0);
    assert_int_equal(iommu_start(rig.iommu), 0);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, false);
    rig_close(&rig);
}

/* ---- tables of a unit that could not be switched off */

struct frees {
    uint64_t kept[4]; /* pages that must not be given back */
    unsigned wrong;
};

static void watch_frees(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct frees *frees = rig->probe_ctx;
    for (unsigned i = 0; moment == RIG_PAGE_FREE && i < 4; i++)
        frees->wrong += frees->kept[i] != 0 && frees->kept[i] - address < RIG_PAGE << value;
}

static void test_tables_of_a_unit_that_stays_on_are_given_up(void **state)
{
    struct rig rig;
    struct stuck stuck = {.mask = TES, .value = TES};
    rig_open(&rig, &(struct rig_config){.vtd = {.timeout_ms = TIMEOUT_MS}});
    uint64_t zeros = (uint64_t)((uint8_t *)rig.iommu->no_table - (uint8_t *)iommu_posix_memory(rig.memory, 0, 0));
    struct frees frees = {.kept = {rig_reg64(&rig, 0, RTADDR) & ~(RIG_PAGE - 1),
                                   rig_context_entry(&rig, 0, rig_rid(0)) & ~(RIG_PAGE - 1),
                                   rig_queue_slot(&rig, 0, 0), zeros}};
    rig.filter = status_stuck;
    rig.filter_ctx = &stuck;
    rig_watch(&rig, watch_frees, &frees);
    rig.expect_misuse = true;
    rig.expect_withheld = true;
    rig_end_driver(&rig);
    assert_int_equal(frees.wrong, 0);
    rig_close(&rig);
}

/* ---- a queue that stands still */

static void test_B58_B60_stalled_queue_in_a_detach(void **state)
{
    struct rig rig;
    struct rig_stall stall;
    struct iommu_attachment *attachment, *again;
    struct iommu_vtd_unit_info before, after;
    rig_open(&rig, &(struct rig_config){.vtd = {.timeout_ms = TIMEOUT_MS}});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_domain *other = rig_domain(&rig, IOMMU_STAGE_SECOND);
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
    uint64_t entry = rig_pasid_entry(&rig, 0, rig_rid(0), pasid);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1);
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &before), 0);

    rig_stall_begin(&rig, &stall, 0);
    uint64_t started = now_ms();
    assert_int_equal(iommu_detach(attachment), -IOMMU_ETIMEDOUT);
    assert_true(now_ms() - started < SOON_MS);
    assert_true(rig_logged(&rig, "wait"));
    assert_int_equal(rig_physical64(&rig, entry) & 1, 0);                /* blocked in the table */
    /* not wiped: caches may hold it */
    assert_int_not_equal(rig_physical64(&rig, entry + 8) & 0xffff, 0);
    assert_int_equal(iommu_lookup(rig.device[0], pasid, &again), -IOMMU_ENOENT);
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &after), 0);
    assert_int_equal(after.domain_ids_used, before.domain_ids_used);
    assert_int_equal(iommu_domain_free(domain), -IOMMU_EBUSY);

    rig_stall_end(&rig);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    /* It came late: whether it came at all nobody knows. The PASID and the id stay out of use. */
    assert_int_equal(iommu_attach(other, rig.device[0], iommu_route_pasid(pasid), NULL, &again),
                     -IOMMU_EBUSY);
    rig_attach(&rig, other, 0, &again);
    assert_int_not_equal(iommu_attachment_pasid(again), pasid);
    assert_int_equal(iommu_detach(again), 0);
    assert_int_equal(iommu_domain_free(domain), -IOMMU_EBUSY);
    assert_int_equal(iommu_device_remove(rig.device[0]), 0);
    rig.device[0] = NULL;
    assert_int_equal(iommu_domain_free(domain), 0);
    assert_int_equal(iommu_domain_free(other), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B45_B60_stalled_queue_in_a_sync(void **state)
{
    struct rig rig;
    struct rig_stall stall;
    struct iommu_attachment *attachment;
    struct iommu_strict_counts before, after;
    struct iommu_gather gather;
    rig_open(&rig, &(struct rig_config){.vtd = {.timeout_ms = TIMEOUT_MS}});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
    const uint64_t lazy = 64 * MIB2, strict = 96 * MIB2;
    for (uint64_t offset = 0; offset < MIB2; offset += RIG_PAGE) {
        assert_int_equal(iommu_map(domain, lazy + offset, page, RIG_PAGE, IOMMU_READ), 0);
        assert_int_equal(iommu_map(domain, strict + offset, page, RIG_PAGE, IOMMU_READ), 0);
    }
    rig_assert_reads(&rig, 0, pasid, lazy, 1);
    iommu_gather_init(&gather);
    assert_int_equal(iommu_unmap(domain, lazy, MIB2, &gather), 0);
    assert_true(gather.dead_tables != 0);

    iommu_strict_counts(rig.strict, &before);
    rig_stall_begin(&rig, &stall, 0);
    assert_int_equal(iommu_sync(domain, &gather), -IOMMU_ETIMEDOUT);
    assert_ptr_equal(gather.domain, domain);
    assert_true(gather.dead_tables != 0);
    /* unmapped, perhaps cached */
    assert_int_equal(iommu_unmap(domain, strict, MIB2, NULL), -IOMMU_ETIMEDOUT);
    iommu_strict_counts(rig.strict, &after);
    assert_int_equal(after.page_frees, before.page_frees); /* hardware may still walk these */
    uint64_t pa;
    assert_int_equal(iommu_iova_to_phys(domain, strict, &pa), -IOMMU_ENOENT);

    rig_stall_end(&rig);
    assert_int_equal(iommu_sync(domain, &gather), 0); /* tried again */
    iommu_pt_stock_drain(&rig.iommu->table_pages, rig.iommu->platform);
    iommu_strict_counts(rig.strict, &after);
    assert_true(after.page_frees > before.page_frees);
    rig_assert_blocked(&rig, 0, pasid, lazy, false);
    rig_assert_blocked(&rig, 0, pasid, strict, false);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0); /* with the tables that were kept for it */
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* Caching Mode: attach and map wait too. They fail, and leave nothing behind. */
static void test_B42_B60_stalled_queue_in_attach_and_map(void **state)
{
    struct rig rig;
    struct rig_stall stall;
    struct iommu_attachment *attachment, *tried = NULL;
    uint64_t pa;
    rig_open(&rig,
             &(struct rig_config){.preset = "caching-mode", .vtd = {.timeout_ms = TIMEOUT_MS}});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_domain *other = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
    rig_stall_begin(&rig, &stall, 0);
    assert_int_equal(iommu_map(domain, 2 * RIG_IOVA, page, RIG_PAGE, IOMMU_READ), -IOMMU_ETIMEDOUT);
    assert_int_equal(iommu_iova_to_phys(domain, 2 * RIG_IOVA, &pa), -IOMMU_ENOENT);
    assert_int_equal(iommu_attach(other, rig.device[0], iommu_route_pasid(70), NULL, &tried),
                     -IOMMU_ETIMEDOUT);
    assert_null(tried);
    assert_int_equal(iommu_lookup(rig.device[0], 70, &tried), -IOMMU_ENOENT);
    assert_int_equal(iommu_replace(attachment, other), -IOMMU_ETIMEDOUT);
    assert_ptr_equal(iommu_attachment_domain(attachment), domain);
    rig_stall_end(&rig);

    rig_assert_blocked(&rig, 0, 70, RIG_IOVA, false);
    rig_assert_blocked(&rig, 0, pasid, 2 * RIG_IOVA, false);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1); /* the old translation is in force */
    assert_int_equal(iommu_map(domain, 2 * RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0);
    rig_assert_reads(&rig, 0, pasid, 2 * RIG_IOVA, 1);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_device_remove(rig.device[0]), 0);
    rig.device[0] = NULL;
    assert_int_equal(iommu_domain_free(domain), 0);
    assert_int_equal(iommu_domain_free(other), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* One unit's trouble is not the other's. */
static void test_B60_the_other_unit_goes_on(void **state)
{
    struct rig rig;
    struct rig_stall stall;
    struct iommu_attachment *here, *there;
    rig_open(&rig, &(struct rig_config){.second_unit = true, .vtd = {.timeout_ms = TIMEOUT_MS}});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    uint32_t pasid = rig_attach(&rig, domain, 2, &there);
    rig_attach(&rig, domain, 0, &here);
    rig_assert_reads(&rig, 2, pasid, RIG_IOVA, 1);
    rig_stall_begin(&rig, &stall, 0);
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), -IOMMU_ETIMEDOUT);
    rig_assert_blocked(&rig, 2, pasid, RIG_IOVA, false); /* flushed there */
    assert_int_equal(iommu_detach(there), 0);
    rig_stall_end(&rig);
    assert_int_equal(iommu_detach(here), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* ---- removal */

static void test_B68_removal_with_live_attachments(void **state)
{
    struct rig rig;
    struct iommu_attachment *rid, *at[3];
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    for (unsigned i = 0; i < 3; i++)
        rig_attach(&rig, domain, 0, &at[i]);
    rig_assert_reads(&rig, 0, 2, RIG_IOVA, 1);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, 1);
    assert_int_equal(iommu_device_remove(rig.device[0]), 0);
    rig.device[0] = NULL;
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, false);
    rig_assert_blocked(&rig, 0, 2, RIG_IOVA, false);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B68_removal_while_the_queue_stands_still(void **state)
{
    struct rig rig;
    struct rig_stall stall;
    struct iommu_attachment *attachment;
    rig_open(&rig, &(struct rig_config){.vtd = {.timeout_ms = TIMEOUT_MS}});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
    uint64_t entry = rig_pasid_entry(&rig, 0, rig_rid(0), pasid);
    struct frees frees = {.kept = {entry & ~(RIG_PAGE - 1)}};
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1);
    rig_watch(&rig, watch_frees, &frees);
    rig_stall_begin(&rig, &stall, 0);
    uint64_t started = now_ms();
    assert_int_equal(iommu_device_remove(rig.device[0]), -IOMMU_ETIMEDOUT);
    assert_true(now_ms() - started < SOON_MS);
    rig.device[0] = NULL;
    assert_int_equal(frees.wrong, 0);
    assert_int_equal(rig_physical64(&rig, entry) & 1, 0);
    rig_stall_end(&rig);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    rig_watch(&rig, NULL, NULL);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig.expect_withheld = true; /* the device's PASID tables */
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* The unit is gone from the bus: all ones. */
static bool gone(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    if (moment == RIG_READ32 || moment == RIG_READ64)
        *value = UINT64_MAX;
    (void)address;
    return false;
}

static void test_B68_unit_that_is_gone(void **state)
{
    struct rig rig;
    struct iommu_attachment *attachment;
    rig_open(&rig, &(struct rig_config){.vtd = {.timeout_ms = TIMEOUT_MS}});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    rig_attach(&rig, domain, 0, &attachment);
    rig.filter = gone;
    uint64_t started = now_ms();
    int result = iommu_detach(attachment);
    assert_true(result == -IOMMU_EIO || result == -IOMMU_ETIMEDOUT);
    assert_true(iommu_handle_events(rig.iommu) <= 0);
    for (unsigned i = 0; i < RIG_DEVICES; i++) {
        result = iommu_device_remove(rig.device[i]);
        assert_true(result == 0 || result == -IOMMU_EIO || result == -IOMMU_ETIMEDOUT);
        rig.device[i] = NULL;
    }
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_end_driver(&rig);
    assert_true(now_ms() - started < 2 * SOON_MS);
    rig.expect_withheld = true;
    rig_close(&rig);
}

/* ---- two instances */

static void test_two_instances_share_nothing(void **state)
{
    struct rig a, b;
    struct iommu_attachment *at_a, *at_b;
    rig_open(&a, &(struct rig_config){0});
    rig_open(&b, &(struct rig_config){.preset = "small"});
    uint64_t page_a = rig_page(&a, 10), page_b = rig_page(&b, 20);
    struct iommu_domain *in_a = rig_domain_mapping(&a, IOMMU_STAGE_SECOND, RIG_IOVA, page_a);
    struct iommu_domain *in_b = rig_domain_mapping(&b, IOMMU_STAGE_SECOND, RIG_IOVA, page_b);
    assert_int_equal(iommu_attach(in_a, a.device[0], iommu_route_pasid(3), NULL, &at_a), 0);
    assert_int_equal(iommu_attach(in_b, b.device[0], iommu_route_pasid(3), NULL, &at_b), 0);
    rig_assert_reads(&a, 0, 3, RIG_IOVA, 10);
    rig_assert_reads(&b, 0, 3, RIG_IOVA, 20);
    struct iommu_attachment *none;
    assert_int_equal(iommu_attach(in_a, b.device[1], iommu_route_pasid(3), NULL, &none),
                     -IOMMU_EXDEV);
    assert_int_equal(iommu_map_reserved(in_a, b.device[1]), -IOMMU_EXDEV);

    assert_int_equal(iommu_detach(at_a), 0);
    rig_assert_reads(&b, 0, 3, RIG_IOVA, 20);
    assert_int_equal(iommu_domain_free(in_a), 0);
    rig_page_done(&a, page_a);
    rig_close(&a);
    rig_assert_reads(&b, 0, 3, RIG_IOVA, 20);
    assert_int_equal(iommu_unmap(in_b, RIG_IOVA, RIG_PAGE, NULL), 0);
    rig_assert_blocked(&b, 0, 3, RIG_IOVA, false);
    assert_int_equal(iommu_detach(at_b), 0);
    assert_int_equal(iommu_domain_free(in_b), 0);
    rig_page_done(&b, page_b);
    rig_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_fails_midway),
        cmocka_unit_test(test_stop_can_be_tried_again),
        cmocka_unit_test(test_tables_of_a_unit_that_stays_on_are_given_up),
        cmocka_unit_test(test_B58_B60_stalled_queue_in_a_detach),
        cmocka_unit_test(test_B45_B60_stalled_queue_in_a_sync),
        cmocka_unit_test(test_B42_B60_stalled_queue_in_attach_and_map),
        cmocka_unit_test(test_B60_the_other_unit_goes_on),
        cmocka_unit_test(test_B68_removal_with_live_attachments),
        cmocka_unit_test(test_B68_removal_while_the_queue_stands_still),
        cmocka_unit_test(test_B68_unit_that_is_gone),
        cmocka_unit_test(test_two_instances_share_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
