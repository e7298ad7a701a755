/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_odds.c - single steps that nothing else looks at: what start writes and waits for, devices with
 * several requester ids, replacing when it cannot be, answers about one device.
 */
#include "tests/stack/rig.h"

#include <string.h>

#include "tests/stack/commands.h"
#include "tests/stack/queue.h"

enum {
    GSTS = 0x1c,
    FSTS = 0x34,
    FECTL = 0x38,
    FEUADDR = 0x44,
    PMEN = 0x64,
    IQT = 0x88,
    IQA = 0x90,
    IECTL = 0xa0,
    PECTL = 0xe0
};
#define GCMD     0x18u
#define BIT32(n) (UINT32_C(1) << (n))
#define BIT64(n) (UINT64_C(1) << (n))
#define MASKED   BIT32(31)
#define CAP_RWBF BIT64(4)
#define CAP_ND   UINT64_C(7)
#define ECAP_EIM BIT64(4)
#define ECAP_IR  BIT64(3)
#define ECAP_PRS BIT64(29)

/* ---- start ------------------------------------------------------------------------------------------ */

/* Firmware may have left any of the events unmasked. */
static void test_B76_events_are_masked(void **state)
{
    struct rig rig;
    rig_open_hardware(&rig, &(struct rig_config){.ecap_set = ECAP_PRS});
    for (unsigned i = 0; i < 3; i++)
        rig_set_reg32(&rig, 0, (const uint32_t[]){FECTL, IECTL, PECTL}[i], 0);
    assert_int_equal(rig_create_driver(&rig), 0);
    assert_int_equal(iommu_start(rig.iommu), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(rig_reg32(&rig, 0, (const uint32_t[]){FECTL, IECTL, PECTL}[i]) & MASKED,
                         MASKED);
    rig_close(&rig);
}

static void test_B62_upper_half_of_the_message_address(void **state)
{
    struct rig rig;
    rig_open(&rig,
             &(struct rig_config){.ecap_set = ECAP_EIM | ECAP_IR,
                                  .vtd = {.fault_msi_address = UINT64_C(0x12345600fee00000)}});
    assert_int_equal(rig_reg32(&rig, 0, FEUADDR), 0x12345600);
    rig_close(&rig);
}

/* Once before the root table is named, once before it is used. */
static void test_B43_write_buffer_at_the_start(void **state)
{
    struct rig rig;
    struct rig_commands commands = {0};
    rig_open(&rig,
             &(struct rig_config){.preset = "legacy", .cap_set = CAP_RWBF, .not_started = true});
    rig_commands_watch(&rig, &commands);
    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_int_equal(commands.flushes, 2);
    rig_watch(&rig, NULL, NULL);
    rig_close(&rig);
}

/* Firmware's queue stopped at an error, and was switched off as it was. */
static void test_B76_errors_of_the_past_are_cleared(void **state)
{
    struct rig rig;
    rig_open_hardware(&rig, &(struct rig_config){0});
    uint64_t ring = rig_page(&rig, UINT64_MAX);
    rig.expect_misuse = true; /* firmware's */
    rig_set_reg64(&rig, 0, IQA, ring);
    rig_set_reg32(&rig, 0, GCMD, BIT32(26));
    rig_set_reg64(&rig, 0, IQT, 16);
    rig_set_reg32(&rig, 0, GCMD, 0);
    assert_int_equal(rig_reg32(&rig, 0, FSTS) & BIT32(4), BIT32(4));
    assert_int_equal(rig_create_driver(&rig), 0);
    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_int_equal(rig_reg32(&rig, 0, FSTS), 0);
    assert_int_equal(iommu_handle_events(rig.iommu), 0);
    rig_page_done(&rig, ring);
    rig_close(&rig);
}

/* The register block of unit 0 says something else: these bits read as 1 so many times more. */
struct sticky {
    uint32_t offset, bits;
    unsigned times;
    bool enabled_early; /* TE or SRTP was set while they did */
};

static bool stick(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    struct sticky *sticky = rig->filter_ctx;
    uint64_t offset = address - rig_unit_base(0);
    if (moment == RIG_READ32 && offset == sticky->offset && sticky->times > 0) {
        sticky->times--;
        *value |= sticky->bits;
    }
    if (moment == RIG_WRITE32 && offset == GCMD && (*value & (MASKED | BIT32(30))) &&
        sticky->times > 0)
        sticky->enabled_early = true;
    return true;
}

static int start_with(const struct rig_config *config, struct sticky *sticky)
{
    struct rig rig;
    struct rig_config bare = *config;
    bare.not_started = true;
    bare.vtd.timeout_ms = 30;
    rig_open(&rig, &bare);
    rig.filter = stick;
    rig.filter_ctx = sticky;
    rig.expect_misuse =
        true; /* a status that is not the unit's own leads to commands that are not its own */
    int result = iommu_start(rig.iommu);
    rig.filter = NULL;
    if (result != 0)
        assert_int_equal(rig_reg32(&rig, 0, GSTS) & MASKED, 0);
    rig_close(&rig);
    return result;
}

/* PMEN.PRS says when protection is off. Until then our tables may not be used. */
static void test_B76_protected_memory_is_waited_for(void **state)
{
    struct sticky sticky = {.offset = PMEN, .bits = 1, .times = 4};
    const struct rig_config config = {.preset = "legacy-no-queue"};
    assert_int_equal(start_with(&config, &sticky), 0);
    assert_int_equal(sticky.times, 0);
    sticky.times = UINT32_MAX;
    assert_int_equal(start_with(&config, &sticky), -IOMMU_ETIMEDOUT);
}

static void test_B60_write_buffer_that_does_not_empty(void **state)
{
    struct sticky sticky = {.offset = GSTS, .bits = BIT32(27), .times = UINT32_MAX};
    assert_int_equal(start_with(&(struct rig_config){.preset = "legacy-no-queue"}, &sticky),
                     -IOMMU_ETIMEDOUT);
    assert_false(sticky.enabled_early);
}

/* ---- several requester ids -------------------------------------------------------------------------- */

static bool present(struct rig *rig, uint16_t rid)
{
    uint64_t entry = rig_context_entry(rig, 0, rid);
    return entry != 0 && (rig_physical64(rig, entry) & 1);
}

static void aliases(const char *preset)
{
    static const uint16_t other[3] = {0x0038, 0x0510,
                                      0x0518}; /* the device's own bus, and twice another */
    const struct iommu_device_config device = {
        .rid = rig_rid(0), .aliases = other, .alias_count = 3};
    const struct iommu_device_config rival = {.rid = 0x0510};
    struct iommu_vtd_unit_info before, after = {0};
    struct iommu_attachment *attachment;
    struct iommu_device *second;
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.preset = preset, .no_devices = true});
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &before), 0);
    for (unsigned n = 1; rig.device[0] == NULL; n++) { /* each allocation fails once */
        iommu_strict_fail_nth(rig.strict, n);
        int result = iommu_device_add(rig.iommu, &device, &rig.device[0]);
        bool refused = iommu_strict_failed(rig.strict);
        iommu_strict_fail_nth(rig.strict, 0);
        assert_int_equal(result, refused ? -IOMMU_ENOMEM : 0);
        assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &after), 0);
        if (refused)
            assert_int_equal(after.table_pages, before.table_pages);
    }
    assert_true(after.table_pages >= before.table_pages + 2);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_AUTO);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &attachment), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_true(present(&rig, other[i]));
    assert_true(present(&rig, rig_rid(0)));
    assert_int_equal(iommu_device_add(rig.iommu, &rival, &second), -IOMMU_EBUSY);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_device_remove(rig.device[0]), 0);
    rig.device[0] = NULL;
    for (unsigned i = 0; i < 3; i++)
        assert_false(present(&rig, other[i]));
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static void test_B20_B42_device_with_aliases(void **state)
{
    aliases("legacy");
    aliases("scalable");
}

/* The unit's count of pages is right in legacy mode, where a device has no directory. */
static void test_pages_are_counted(void **state)
{
    struct rig rig;
    struct iommu_vtd_unit_info before, after;
    const struct iommu_device_config device = {.rid = rig_rid(0)};
    rig_open(&rig, &(struct rig_config){.preset = "legacy"});
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &before), 0);
    assert_int_equal(iommu_device_remove(rig.device[0]), 0);
    assert_int_equal(iommu_device_add(rig.iommu, &device, &rig.device[0]), 0);
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &after), 0);
    assert_int_equal(after.table_pages, before.table_pages);
    rig_close(&rig);
}

/* ---- replace ---------------------------------------------------------------------------------------- */

static void test_B55_replace_without_a_domain_id_left(void **state)
{
    struct rig rig;
    struct iommu_domain *domain[32];
    struct iommu_attachment *at[32];
    unsigned count = 0;
    rig_open(&rig, &(struct rig_config){.cap_clear = CAP_ND}); /* 16 */
    uint64_t page = rig_page(&rig, 1);
    for (;; count++) {
        assert_true(count < 32);
        domain[count] = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
        int result =
            iommu_attach(domain[count], rig.device[0], iommu_route_any(), NULL, &at[count]);
        if (result == -IOMMU_ENOSPC)
            break;
        assert_int_equal(result, 0);
    }
    assert_int_equal(iommu_replace(at[0], domain[count]), -IOMMU_ENOSPC);
    assert_ptr_equal(iommu_attachment_domain(at[0]), domain[0]);
    rig_assert_reads(&rig, 0, iommu_attachment_pasid(at[0]), RIG_IOVA, 1);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(iommu_detach(at[i]), 0);
    for (unsigned i = 0; i <= count; i++)
        assert_int_equal(iommu_domain_free(domain[i]), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B39_B55_replace_into_a_format_the_unit_cannot_walk(void **state)
{
    struct rig rig;
    struct iommu_domain *first;
    struct iommu_attachment *at;
    rig_open(&rig, &(struct rig_config){.second_unit = true, .second_preset = "legacy"});
    const struct iommu_domain_config config = {.stage = IOMMU_STAGE_FIRST, .device = rig.device[0]};
    uint64_t page = rig_page(&rig, 3);
    assert_int_equal(iommu_domain_alloc(rig.iommu, &config, &first), 0);
    const struct iommu_domain_config plain = {.device = rig.device[2]};
    struct iommu_domain *domain;
    assert_int_equal(iommu_domain_alloc(rig.iommu, &plain, &domain), 0);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(iommu_attach(domain, rig.device[2], iommu_route_rid(), NULL, &at), 0);
    assert_int_equal(iommu_replace(at, first), -IOMMU_EXDEV);
    rig_assert_reads(&rig, 2, IOMMU_NO_PASID, RIG_IOVA, 3);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(first), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* The context entry changes after the RID went from one domain to another: caches of the other are meant. */
static void test_B44_context_changes_after_a_replace(void **state)
{
    struct rig rig;
    struct rig_queue queue;
    struct iommu_attachment *rid, *tagged;
    rig_open(&rig, &(struct rig_config){.vtd = {.no_ats = true}});
    struct iommu_domain *one = rig_domain(&rig, IOMMU_STAGE_SECOND),
                        *two = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_attach(one, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    assert_int_equal(iommu_replace(rid, two), 0);
    rig_queue_watch(&rig, &queue, 0);
    assert_int_equal(iommu_attach(one, rig.device[0], iommu_route_any(), NULL, &tagged), 0);
    rig_watch(&rig, NULL, NULL);
    assert_int_equal(rig_queue_nth(&queue, RIG_IOTLB, 0)->granularity, 2);
    assert_int_equal(rig_queue_nth(&queue, RIG_IOTLB, 0)->word[0] >> 16 & 0xffff,
                     iommu_vtd_attachment_domain_id(rid));
    assert_int_equal(iommu_detach(tagged), 0);
    assert_int_equal(iommu_detach(rid), 0);
    assert_int_equal(iommu_domain_free(one), 0);
    assert_int_equal(iommu_domain_free(two), 0);
    rig_close(&rig);
}

/* ---- one device, one page --------------------------------------------------------------------------- */

static void test_B1_B26_what_one_device_can(void **state)
{
    struct rig rig;
    struct iommu_attachment *attachment;
    rig_open(&rig, &(struct rig_config){
                       .no_siov = true, .pasid_bits = 255, .ecap_clear = BIT64(6) | BIT64(7)});
    assert_false(iommu_device_capable(rig.device[0], IOMMU_CAP_PASS_THROUGH));
    assert_false(iommu_device_capable(rig.device[0], IOMMU_CAP_CACHE_COHERENCY));
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), -IOMMU_EOPNOTSUPP);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_pasid(5), NULL, &attachment),
                     -IOMMU_EOPNOTSUPP);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
    rig_open(&rig, &(struct rig_config){.no_siov = true}); /* PASIDs, but nothing to share */
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), -IOMMU_EOPNOTSUPP);
    rig_close(&rig);
}

/* An identity domain for a named device is its unit's business. */
static void test_B46_pass_through_of_one_unit(void **state)
{
    struct rig rig;
    struct iommu_domain *domain;
    rig_open(&rig, &(struct rig_config){.second_unit = true,
                                        .second_preset = "scalable",
                                        .second_ecap_clear = BIT64(6)});
    struct iommu_domain_config config = {.type = IOMMU_DOMAIN_IDENTITY, .device = rig.device[2]};
    assert_int_equal(iommu_domain_alloc(rig.iommu, &config, &domain), -IOMMU_EOPNOTSUPP);
    config.device = rig.device[0];
    assert_int_equal(iommu_domain_alloc(rig.iommu, &config, &domain), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static bool ats_on(struct rig *rig)
{
    return iommu_model_pci_ats_enabled(iommu_model_machine_function(rig->machine, 0));
}

/* Requests with PASID go off while the ordinary domain uses ATS: it comes back. */
static void test_B28_B59_ats_outlives_the_pasids(void **state)
{
    struct rig rig;
    struct iommu_attachment *rid;
    rig_open(&rig, &(struct rig_config){.watch_devtlbs = true});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    assert_true(ats_on(&rig));
    iommu_disable_aux_domain(rig.device[0]);
    assert_true(ats_on(&rig));
    assert_int_equal(iommu_detach(rid), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

/* The PASID capability may not change under ATS: a device that does not answer is done with it, and gets PASIDs. */
static void test_B60_no_ats_for_a_device_that_does_not_answer(void **state)
{
    struct rig rig;
    struct iommu_attachment *rid, *tagged;
    rig_open(&rig, &(struct rig_config){.watch_devtlbs = true});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    rig.devtlb.dead = 1;
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_any(), NULL, &tagged), 0);
    assert_false(ats_on(&rig));
    assert_true(iommu_handle_events(rig.iommu) >= 1);
    assert_string_equal(rig.event.reason_name, "a device did not answer a device-TLB invalidation");
    assert_int_equal(iommu_detach(tagged), 0);
    assert_int_equal(iommu_detach(rid), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

/* A complaint that nobody waits for: the tail itself is none. */
static void test_B60_complaint_about_the_tail(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    rig.expect_misuse = true;
    rig_set_reg64(&rig, 0, IQT, 16);
    assert_true(iommu_handle_events(rig.iommu) >= 1);
    assert_int_equal(rig.event.type, IOMMU_EVENT_QUEUE);
    assert_string_equal(rig.event.reason_name,
                        "invalidation queue error: a descriptor was refused");
    rig_close(&rig);
}

static void test_B45_B59_one_page_is_one_page(void **state)
{
    struct rig rig;
    struct iommu_attachment *at;
    rig_open(&rig, &(struct rig_config){.watch_devtlbs = true});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &at), 0);
    rig.devtlb.count = 0;
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(rig.devtlb.count, 1);
    assert_int_equal(rig.devtlb.at[0].bytes, RIG_PAGE);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B62_names_of_reasons(void **state)
{
    const char *unknown = iommu_vtd_fault_name(0xff);
    for (unsigned reason = 1; reason <= 0xd; reason++)
        assert_string_not_equal(iommu_vtd_fault_name((uint8_t)reason), unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B76_events_are_masked),
        cmocka_unit_test(test_B62_upper_half_of_the_message_address),
        cmocka_unit_test(test_B43_write_buffer_at_the_start),
        cmocka_unit_test(test_B76_errors_of_the_past_are_cleared),
        cmocka_unit_test(test_B76_protected_memory_is_waited_for),
        cmocka_unit_test(test_B60_write_buffer_that_does_not_empty),
        cmocka_unit_test(test_B20_B42_device_with_aliases),
        cmocka_unit_test(test_pages_are_counted),
        cmocka_unit_test(test_B55_replace_without_a_domain_id_left),
        cmocka_unit_test(test_B39_B55_replace_into_a_format_the_unit_cannot_walk),
        cmocka_unit_test(test_B44_context_changes_after_a_replace),
        cmocka_unit_test(test_B1_B26_what_one_device_can),
        cmocka_unit_test(test_B46_pass_through_of_one_unit),
        cmocka_unit_test(test_B28_B59_ats_outlives_the_pasids),
        cmocka_unit_test(test_B60_no_ats_for_a_device_that_does_not_answer),
        cmocka_unit_test(test_B60_complaint_about_the_tail),
        cmocka_unit_test(test_B45_B59_one_page_is_one_page),
        cmocka_unit_test(test_B62_names_of_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
