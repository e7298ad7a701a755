/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_bringup.c - a unit's life: from reset, through start, stop, start, to the end; units that
 * differ; tables that are none. The registers are read by number, past the driver. What firmware
 * left behind is in test_takeover.c.
 */
#include "tests/stack/rig.h"

#include <string.h>

#include "tests/stack/commands.h"
#include "tests/stack/queue.h"

enum { GSTS = 0x1c, RTADDR = 0x20, FSTS = 0x34, FECTL = 0x38, IQA = 0x90, IECTL = 0xa0 };
#define BIT32(n) (UINT32_C(1) << (n))
#define BIT64(n) (UINT64_C(1) << (n))
#define TE       BIT32(31)
#define SRTP     BIT32(30)
#define QIE      BIT32(26)
#define MASKED   BIT32(31)

#define CAP_RWBF    BIT64(4)
#define CAP_CM      BIT64(7)
#define CAP_SAGAW   (UINT64_C(0x1f) << 8)
#define CAP_ND      UINT64_C(7)
#define ECAP_C      BIT64(0)
#define ECAP_SMPWCS BIT64(48)
#define ECAP_SSADS  BIT64(45)
#define ECAP_EAFS   BIT64(34)
#define ECAP_PSS    (UINT64_C(0x1f) << 35)

/* ---- from reset */

static void test_B20_from_reset_scalable(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    assert_int_equal(rig_reg32(&rig, 0, GSTS) & (TE | SRTP | QIE), TE | SRTP | QIE);
    assert_int_equal(rig_reg64(&rig, 0, RTADDR) >> 10 & 3, 1); /* table mode: scalable */
    /* which knows 32-byte descriptors only */
    assert_int_equal(rig_reg64(&rig, 0, IQA) >> 11 & 1, 1);
    assert_int_equal(rig_reg32(&rig, 0, FECTL) & MASKED, MASKED);
    assert_int_equal(rig_reg32(&rig, 0, IECTL) & MASKED, MASKED);
    assert_int_equal(rig_reg32(&rig, 0, FSTS), 0);

    struct iommu_vtd_unit_info info;
    assert_int_equal(iommu_vtd_unit_count(rig.iommu), 1);
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &info), 0);
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 1, &info), -IOMMU_EINVAL);
    assert_int_equal(info.base, rig_unit_base(0));
    assert_int_equal(info.mode, IOMMU_VTD_MODE_SCALABLE);
    assert_int_equal(info.root_table, rig_reg64(&rig, 0, RTADDR) & ~(RIG_PAGE - 1));
    assert_int_equal(info.pasid_limit, 1u << 20);
    assert_int_equal(info.domain_ids, 1u << 16);
    assert_true(info.queued);
    assert_int_equal(iommu_vtd_device_unit(rig.device[0]), 0);
    rig_close(&rig);
}

static void test_from_reset_legacy(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.mode = IOMMU_VTD_MODE_LEGACY});
    assert_int_equal(rig_reg32(&rig, 0, GSTS) & (TE | SRTP | QIE), TE | SRTP | QIE);
    assert_int_equal(rig_reg64(&rig, 0, RTADDR) >> 10 & 3, 0);
    assert_int_equal(rig_reg64(&rig, 0, IQA) >> 11 & 1, 0);
    struct iommu_vtd_unit_info info;
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &info), 0);
    assert_int_equal(info.mode, IOMMU_VTD_MODE_LEGACY);
    assert_int_equal(info.pasid_limit, 0);
    rig_close(&rig);
}

static void test_from_reset_without_queue(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.preset = "legacy", .vtd = {.no_queue = true}});
    assert_int_equal(rig_reg32(&rig, 0, GSTS) & (TE | SRTP | QIE), TE | SRTP);
    struct iommu_vtd_unit_info info;
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &info), 0);
    assert_false(info.queued);
    rig_close(&rig);
}

static void one_bit_at_a_time(const struct rig_config *config)
{
    struct rig rig;
    struct rig_commands commands;
    rig_open_hardware(&rig, config);
    rig_commands_watch(&rig, &commands);
    assert_int_equal(rig_create_driver(&rig), 0);
    assert_int_equal(commands.writes, 0);
    rig_add_devices(&rig);
    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_int_equal(iommu_start(rig.iommu), 0); /* started already */
    assert_int_equal(iommu_stop(rig.iommu), 0);
    assert_int_equal(iommu_start(rig.iommu), 0);
    rig_end_driver(&rig);
    assert_true(commands.writes >= 6);
    assert_int_equal(commands.worst, 1);
    assert_int_equal(rig_reg32(&rig, 0, GSTS) & (TE | QIE), 0);
    rig_close(&rig);
}

static void test_one_change_in_one_command(void **state)
{
    one_bit_at_a_time(&(struct rig_config){0});
    one_bit_at_a_time(&(struct rig_config){.preset = "legacy", .cap_set = CAP_RWBF});
    one_bit_at_a_time(&(struct rig_config){.preset = "legacy-no-queue"});
}

/* ---- units that differ */

static void each_gets(struct rig *rig, unsigned device, struct iommu_geometry *geometry)
{
    const struct iommu_domain_config config = {.device = rig->device[device]};
    struct iommu_domain *domain;
    struct iommu_attachment *attachment;
    uint64_t page = rig_page(rig, device);
    assert_int_equal(iommu_domain_alloc(rig->iommu, &config, &domain), 0);
    iommu_domain_geometry(domain, geometry);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0);
    uint32_t pasid = rig_attach(rig, domain, device, &attachment);
    rig_assert_reads(rig, device, pasid, RIG_IOVA, device);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(rig, page);
}

/*
 * 5 levels, snooped, all ids, no Caching Mode; and 3 levels, unsnooped, 256 domain ids, 10-bit
 * PASIDs, Caching Mode.
 */
static void test_B24_B75_every_unit_gets_what_suits_it(void **state)
{
    struct rig rig;
    rig_open(&rig,
             &(struct rig_config){
                 .preset = "5-level",
                 .second_unit = true,
                 .second_preset = "3-level",
                 .second_cap_clear = CAP_ND,
                 .second_cap_set = CAP_CM | 2,
                 .second_ecap_clear = ECAP_C | ECAP_SMPWCS | ECAP_SSADS | ECAP_EAFS | ECAP_PSS,
                 .second_ecap_set = UINT64_C(9) << 35,
             });
    struct iommu_vtd_unit_info first, second;
    assert_int_equal(iommu_vtd_unit_count(rig.iommu), 2);
    int one = iommu_vtd_device_unit(rig.device[0]), two = iommu_vtd_device_unit(rig.device[2]);
    assert_int_not_equal(one, two);
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, (unsigned)one, &first), 0);
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, (unsigned)two, &second), 0);
    assert_int_equal(first.domain_ids, 1u << 16);
    /* usable: Caching Mode keeps id 0 for itself */
    assert_int_equal(second.domain_ids, (1u << 8) - 1);
    assert_int_equal(iommu_device_pasid_limit(rig.device[0]), 1u << 20);
    assert_int_equal(iommu_device_pasid_limit(rig.device[2]), 1u << 10);

    struct iommu_geometry geometry;
    each_gets(&rig, 0, &geometry);
    assert_int_equal(geometry.levels, 5);
    each_gets(&rig, 2, &geometry);
    assert_int_equal(geometry.levels, 3);

    /* A unit's domain ids run out alone. */
    struct iommu_domain *domain[256];
    struct iommu_attachment *at[256], *none;
    const struct iommu_domain_config config = {.device = rig.device[2]};
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(iommu_domain_alloc(rig.iommu, &config, &domain[i]), 0);
        int result = iommu_attach(domain[i], rig.device[2], iommu_route_any(), NULL,
                                  i < 255 ? &at[i] : &none);
        assert_int_equal(result, i < 255 ? 0 : -IOMMU_ENOSPC);
        assert_true(i == 255 || iommu_vtd_attachment_domain_id(at[i]) != 0);
    }
    each_gets(&rig, 0, &geometry);
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(i < 255 ? iommu_detach(at[i]) : 0, 0);
        assert_int_equal(iommu_domain_free(domain[i]), 0);
    }
    rig_close(&rig);
}

/*
 * A device behind a unit that remaps interrupts only has no IOMMU, and not the other unit either.
 */
static void test_interrupt_only_unit_is_left_alone(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.second_unit = true,
                                        .second_preset = "legacy",
                                        .second_cap_clear = CAP_SAGAW});
    struct iommu_model_vtd_stats stats;
    rig_unit_stats(&rig, 1, &stats);
    assert_int_equal(stats.register_writes, 0);
    assert_int_equal(iommu_vtd_unit_count(rig.iommu), 1);
    assert_int_equal(iommu_vtd_device_unit(rig.device[0]), 0);
    assert_int_equal(iommu_vtd_device_unit(rig.device[2]), -IOMMU_ENODEV);
    assert_true(iommu_capable(rig.iommu, IOMMU_CAP_AUX_DOMAIN)); /* it says nothing about DMA */
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_AUTO);
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_attach(domain, rig.device[2], iommu_route_rid(), NULL, &attachment),
                     -IOMMU_ENODEV);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static bool nobody_there(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    if (address - rig_unit_base(1) >= RIG_PAGE)
        return true;
    if (moment == RIG_READ32 || moment == RIG_READ64)
        *value = UINT64_MAX;
    else
        (*(unsigned *)rig->filter_ctx)++;
    return false;
}

static void test_dead_unit_is_ignored(void **state)
{
    struct rig rig;
    unsigned writes = 0;
    rig_open_hardware(&rig, &(struct rig_config){.second_unit = true});
    rig.filter = nobody_there;
    rig.filter_ctx = &writes;
    assert_int_equal(rig_create_driver(&rig), 0);
    rig_add_devices(&rig);
    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_int_equal(writes, 0);
    assert_int_equal(iommu_vtd_unit_count(rig.iommu), 1);
    assert_int_equal(iommu_vtd_device_unit(rig.device[2]), -IOMMU_ENODEV);
    rig_close(&rig);
}

/* ---- tables that are no tables */

static int create_with(struct rig *rig, const void *dmar, size_t bytes)
{
    const struct iommu_vtd_config config = {.dmar = dmar, .dmar_bytes = bytes};
    struct iommu *iommu = NULL;
    int result = iommu_vtd_create(&rig->platform, &config, &iommu);
    assert_null(iommu);
    return result;
}

static void test_malformed_table_is_refused(void **state)
{
    struct rig rig;
    struct iommu_strict_counts counts;
    uint8_t copy[1024];
    size_t bytes;
    rig_open_hardware(&rig, &(struct rig_config){0});
    const void *table = iommu_model_machine_dmar(rig.machine, &bytes);
    assert_true(bytes <= sizeof copy);
    memcpy(copy, table, bytes);

    assert_int_equal(create_with(&rig, NULL, 0), -IOMMU_EINVAL);
    assert_int_equal(create_with(&rig, copy, 47), -IOMMU_EINVAL);
    assert_int_equal(create_with(&rig, copy, bytes - 1), -IOMMU_EINVAL);
    copy[bytes - 1] ^= 1;
    assert_int_equal(create_with(&rig, copy, bytes), -IOMMU_EINVAL); /* checksum */
    copy[bytes - 1] ^= 1;
    copy[0] ^= 1;
    copy[9] = (uint8_t)(copy[9] + (copy[0] & 1 ? -1 : 1));
    assert_int_equal(create_with(&rig, copy, bytes), -IOMMU_EINVAL); /* signature */

    iommu_strict_counts(rig.strict, &counts);
    assert_int_equal(counts.mmio_writes, 0);
    rig_close(&rig);
}

/* ---- write buffers */

static void write_buffers(const struct rig_config *config, bool misuse)
{
    struct rig rig;
    struct rig_commands commands;
    rig_open(&rig, config);
    rig.expect_misuse = misuse; /* the model knows that it has no write buffer */
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_AUTO);
    struct iommu_attachment *attachment;
    rig_commands_watch(&rig, &commands);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &attachment), 0);
    assert_int_equal(commands.flushes, 1); /* the context entry became present */
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(commands.flushes, 2);
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(commands.flushes, 2); /* the invalidation flushed it */
    assert_int_equal(commands.worst, 1);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(commands.flushes, 2);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_write_buffer_is_flushed_where_there_is_one(void **state)
{
    write_buffers(&(struct rig_config){.preset = "legacy", .cap_set = CAP_RWBF}, false);
    write_buffers(&(struct rig_config){.preset = "legacy-no-queue"}, false);
    write_buffers(
        &(struct rig_config){.preset = "legacy", .vtd = {.force_write_buffer_flush = true}}, true);
}

/* ---- root table switch */

static void after_root(const char *preset, unsigned each)
{
    struct rig rig;
    struct rig_queue queue;
    rig_open_hardware(&rig, &(struct rig_config){.preset = preset});
    assert_int_equal(rig_create_driver(&rig), 0);
    rig_add_devices(&rig);
    rig_queue_watch(&rig, &queue, 0);
    assert_int_equal(iommu_start(rig.iommu), 0);
    rig_watch(&rig, NULL, NULL);
    assert_int_equal(rig_queue_count(&queue, RIG_CONTEXT_CACHE), each);
    assert_int_equal(rig_queue_count(&queue, RIG_PASID_CACHE), each);
    assert_int_equal(rig_queue_count(&queue, RIG_IOTLB), each);
    assert_int_equal(rig_queue_count(&queue, RIG_WAIT), each);
    for (unsigned i = 0; i < queue.count; i++)
        assert_false(queue.at[i].translating); /* before translation goes on */
    if (each != 0) {
        /* global, all three */
        assert_int_equal(rig_queue_nth(&queue, RIG_CONTEXT_CACHE, 0)->granularity, 1);
        assert_int_equal(rig_queue_nth(&queue, RIG_PASID_CACHE, 0)->granularity, 3);
        assert_int_equal(rig_queue_nth(&queue, RIG_IOTLB, 0)->granularity, 1);
        assert_int_equal(queue.at[0].type, RIG_CONTEXT_CACHE);
        assert_int_equal(queue.at[1].type, RIG_PASID_CACHE);
        assert_int_equal(queue.at[2].type, RIG_IOTLB);
    }
    rig_close(&rig);
}

static void test_new_root_empties_the_caches_or_the_unit_does(void **state)
{
    after_root("scalable", 1);
    after_root("esrtps", 0);
}

/* ---- stop and start */

static void stop_and_start(const struct rig_config *config)
{
    struct rig rig;
    rig_open(&rig, config);
    bool pasids = iommu_device_pasid_limit(rig.device[0]) != 0;
    uint64_t page = rig_page(&rig, 1), other = rig_page(&rig, 2), value;
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_AUTO, RIG_IOVA, page);
    struct iommu_attachment *rid, *tagged = NULL;
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    uint32_t pasid = pasids ? rig_attach(&rig, domain, 0, &tagged) : IOMMU_NO_PASID;
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, 1);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1);

    assert_int_equal(iommu_stop(rig.iommu), 0);
    assert_int_equal(rig_reg32(&rig, 0, GSTS) & (TE | QIE), 0);
    assert_true(rig_read(&rig, 0, IOMMU_NO_PASID, page, &value)); /* untranslated now */
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(iommu_map(domain, RIG_IOVA + RIG_PAGE, other, RIG_PAGE, IOMMU_READ), 0);

    assert_int_equal(iommu_start(rig.iommu), 0);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA + RIG_PAGE, 2);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA + RIG_PAGE, 2);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, false);
    assert_int_equal(iommu_detach(rid), 0);
    if (tagged != NULL)
        assert_int_equal(iommu_detach(tagged), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_page_done(&rig, other);
    rig_close(&rig);
}

static void test_stop_and_start_keep_attachments(void **state)
{
    stop_and_start(&(struct rig_config){0});
    stop_and_start(&(struct rig_config){.preset = "esrtps"});
    stop_and_start(&(struct rig_config){.preset = "caching-mode"});
    stop_and_start(&(struct rig_config){.preset = "legacy"});
    stop_and_start(&(struct rig_config){.preset = "legacy-no-queue"});
}

/*
 * Attached before the first start: nothing is there to be invalidated, all of it works afterwards.
 */
static void test_attached_before_the_start(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.not_started = true});
    uint64_t page = rig_page(&rig, 4);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_AUTO, RIG_IOVA, page);
    struct iommu_attachment *attachment;
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
    assert_int_equal(rig_descriptors(&rig, 0), 0);
    assert_int_equal(iommu_start(rig.iommu), 0);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 4);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_destroy_leaves_the_unit_off(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.second_unit = true});
    assert_int_equal(iommu_destroy(rig.iommu), -IOMMU_EBUSY); /* devices */
    assert_int_equal(rig_reg32(&rig, 0, GSTS) & (TE | QIE), TE | QIE);
    rig_end_driver(&rig);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(rig_reg32(&rig, i, GSTS) & (TE | QIE), 0);
        assert_int_equal(rig_reg32(&rig, i, FECTL) & MASKED, MASKED);
    }
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B20_from_reset_scalable),
        cmocka_unit_test(test_from_reset_legacy),
        cmocka_unit_test(test_from_reset_without_queue),
        cmocka_unit_test(test_one_change_in_one_command),
        cmocka_unit_test(test_B24_B75_every_unit_gets_what_suits_it),
        cmocka_unit_test(test_interrupt_only_unit_is_left_alone),
        cmocka_unit_test(test_dead_unit_is_ignored),
        cmocka_unit_test(test_malformed_table_is_refused),
        cmocka_unit_test(test_write_buffer_is_flushed_where_there_is_one),
        cmocka_unit_test(test_new_root_empties_the_caches_or_the_unit_does),
        cmocka_unit_test(test_stop_and_start_keep_attachments),
        cmocka_unit_test(test_attached_before_the_start),
        cmocka_unit_test(test_destroy_leaves_the_unit_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
