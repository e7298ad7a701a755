/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_takeover.c - units that firmware or an earlier kernel left running, with tables, a queue,
 * faults, events and protected memory of its own. Registers are read and written by number, past
 * the driver.
 */
#include "tests/stack/commands.h"
#include "tests/stack/rig.h"

enum {
    GCMD = 0x18,
    GSTS = 0x1c,
    RTADDR = 0x20,
    FSTS = 0x34,
    FECTL = 0x38,
    FEDATA = 0x3c,
    FEADDR = 0x40,
    PMEN = 0x64,
    PLMBASE = 0x68,
    PLMLIMIT = 0x6c,
    IQH = 0x80,
    IQT = 0x88,
    IQA = 0x90,
};
#define BIT32(n) (UINT32_C(1) << (n))
#define BIT64(n) (UINT64_C(1) << (n))
#define TE       BIT32(31)
#define SRTP     BIT32(30)
#define QIE      BIT32(26)
#define ONE_SHOT (SRTP | BIT32(29) | BIT32(27) | BIT32(24))
#define MASKED   BIT32(31)
#define CAP_PLMR BIT64(5)

/* Firmware's own root table: everything of bus 0 passes through, legacy mode. */
struct firmware {
    uint64_t root, contexts, queue, page;
};

/*
 * Root entry: present, pointer. Context entry: present, type 2 (pass-through), width code 2, domain
 * id 5.
 */
static void make_tables(struct rig *rig, struct firmware *firmware)
{
    firmware->root = rig_page(rig, 0);
    firmware->contexts = rig_page(rig, 0);
    firmware->queue = rig_page(rig, 0);
    firmware->page = rig_page(rig, 0xf00d);
    rig_words(rig, firmware->root)[0] = firmware->contexts | 1;
    for (unsigned i = 0; i < RIG_DEVICES; i++) {
        rig_words(rig, firmware->contexts)[(size_t)rig_rid(i) * 2] = 1 | 2 << 2;
        rig_words(rig, firmware->contexts)[(size_t)rig_rid(i) * 2 + 1] = 2 | 5 << 8;
    }
    /* but for the last: it faults */
    rig_words(rig, firmware->contexts)[(size_t)rig_rid(3) * 2] = 0;
}

static void firmware_command(struct rig *rig, uint32_t bit)
{
    rig_set_reg32(rig, 0, GCMD, (rig_reg32(rig, 0, GSTS) & ~ONE_SHOT) | bit);
}

/*
 * Two descriptors: global IOTLB invalidation, then a wait (status write to the end of the queue's
 * page).
 */
static void use_queue(struct rig *rig, struct firmware *firmware)
{
    uint64_t *word = rig_words(rig, firmware->queue);
    word[0] = 2 | 1 << 4;
    word[2] = 5 | BIT64(5) | BIT64(32);
    word[3] = firmware->queue + RIG_PAGE - 8;
    rig_set_reg64(rig, 0, IQT, 0);
    rig_set_reg64(rig, 0, IQA, firmware->queue);
    firmware_command(rig, QIE);
    rig_set_reg64(rig, 0, IQT, 32);
    assert_int_equal(rig_reg64(rig, 0, IQH), 32);
}

static void firmware_runs(struct rig *rig, struct firmware *firmware)
{
    make_tables(rig, firmware);
    rig_set_reg64(rig, 0, RTADDR, firmware->root);
    firmware_command(rig, SRTP);
    use_queue(rig, firmware);
    rig_set_reg32(rig, 0, FEDATA, 0x55);
    rig_set_reg32(rig, 0, FEADDR, 0xfee01000);
    rig_set_reg32(rig, 0, FECTL, 0);
    firmware_command(rig, TE);

    rig_assert_reads(rig, 0, IOMMU_NO_PASID, firmware->page, 0xf00d);
    uint64_t value;
    for (unsigned i = 0; i < 12; i++)
        /* records full, overflow */
        assert_false(rig_read(rig, 3, IOMMU_NO_PASID, firmware->page, &value));
    assert_int_equal(rig->messages.count, 1);
    assert_int_equal(rig_reg32(rig, 0, FSTS) & 3, 3);
}

static void firmware_gone(struct rig *rig, struct firmware *firmware)
{
    rig_page_done(rig, firmware->root);
    rig_page_done(rig, firmware->contexts);
    rig_page_done(rig, firmware->queue);
    rig_page_done(rig, firmware->page);
}

static void taken_over(const struct rig_config *config)
{
    struct rig rig;
    struct firmware firmware;
    struct rig_commands commands;
    rig_open_hardware(&rig, config);
    firmware_runs(&rig, &firmware);
    rig_commands_watch(&rig, &commands);
    assert_int_equal(rig_create_driver(&rig), 0);
    rig_add_devices(&rig);
    /* until start nothing changes */
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, firmware.page, 0xf00d);
    assert_int_equal(commands.writes, 0);

    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_int_equal(commands.worst, 1);
    /* no record, no overflow, no queue error */
    assert_int_equal(rig_reg32(&rig, 0, FSTS) & 0x73, 0);
    assert_int_equal(rig_reg32(&rig, 0, FECTL) & MASKED, MASKED);
    assert_int_equal(iommu_handle_events(rig.iommu), 0); /* firmware's faults are nobody's now */
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, firmware.page, false);
    assert_int_equal(rig.messages.count, 1);

    struct iommu_domain *domain =
        rig_domain_mapping(&rig, IOMMU_STAGE_AUTO, RIG_IOVA, firmware.page);
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &attachment), 0);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, 0xf00d);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    firmware_gone(&rig, &firmware);
    rig_close(&rig);
}

static void test_B76_unit_that_firmware_left_on_is_taken_over(void **state)
{
    taken_over(&(struct rig_config){0});
    taken_over(&(struct rig_config){.preset = "esrtps"});
    taken_over(&(struct rig_config){.preset = "caching-mode"});
    taken_over(&(struct rig_config){.mode = IOMMU_VTD_MODE_LEGACY});
    taken_over(&(struct rig_config){.preset = "legacy", .vtd = {.no_queue = true}});
}

static void test_B76_refused_take_over_changes_nothing(void **state)
{
    struct rig rig;
    struct firmware firmware;
    struct iommu_model_vtd_stats before, after;
    rig_open_hardware(&rig, &(struct rig_config){.vtd = {.takeover = IOMMU_VTD_REFUSE}});
    firmware_runs(&rig, &firmware);
    rig_unit_stats(&rig, 0, &before);
    assert_int_equal(rig_create_driver(&rig), 0);
    rig_add_devices(&rig);
    assert_int_equal(iommu_start(rig.iommu), -IOMMU_EBUSY);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, firmware.page, 0xf00d);
    rig_end_driver(&rig);
    rig_unit_stats(&rig, 0, &after);
    assert_int_equal(after.register_writes, before.register_writes);
    assert_int_equal(rig_reg64(&rig, 0, RTADDR), firmware.root);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, firmware.page, 0xf00d);
    firmware_gone(&rig, &firmware);
    rig_close(&rig);
}

/* An unknown descriptor stops firmware's queue: it will never drain. */
static void test_B76_stuck_queue_of_firmware_does_not_hang(void **state)
{
    struct rig rig;
    struct firmware firmware;
    rig_open_hardware(&rig, &(struct rig_config){.vtd = {.timeout_ms = 20}});
    firmware_runs(&rig, &firmware);
    rig_words(&rig, firmware.queue)[4] = 0xf;
    rig_set_reg64(&rig, 0, IQT, 64);
    assert_int_equal(rig_reg64(&rig, 0, IQH), 32);
    rig.expect_misuse = true; /* a queue that is not empty is switched off: there is no other way */
    assert_int_equal(rig_create_driver(&rig), 0);
    rig_add_devices(&rig);
    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_int_equal(rig_reg32(&rig, 0, GSTS) & (TE | QIE), TE | QIE);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, firmware.page, false);
    firmware_gone(&rig, &firmware);
    rig_close(&rig);
}

/*
 * Says that it is on (bit 26 of the status), whatever it is told; counts what is fed into
 * firmware's ring then.
 */
struct unstoppable {
    uint64_t ring;
    unsigned fed;
};

static bool stays_on(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    struct unstoppable *queue = rig->filter_ctx;
    if (moment == RIG_READ32 && address == rig_unit_base(0) + GSTS)
        *value |= QIE;
    if (moment == RIG_WRITE64 && address == rig_unit_base(0) + IQT &&
        rig_reg64(rig, 0, IQA) == queue->ring)
        queue->fed++;
    return true;
}

static void test_B76_firmware_s_queue_is_not_fed(void **state)
{
    struct rig rig;
    struct firmware firmware;
    rig_open_hardware(&rig, &(struct rig_config){.vtd = {.timeout_ms = 20}});
    firmware_runs(&rig, &firmware);
    struct unstoppable queue = {.ring = firmware.queue};
    assert_int_equal(rig_create_driver(&rig), 0);
    rig_add_devices(&rig);
    rig.filter = stays_on;
    rig.filter_ctx = &queue;
    rig.expect_misuse = true; /* the next commands switch the queue on again, as the status says */
    assert_int_equal(iommu_start(rig.iommu), -IOMMU_ETIMEDOUT);
    assert_true(rig_logged(&rig, "QIES"));
    assert_int_equal(queue.fed, 0);
    rig.filter = NULL;
    assert_int_equal(iommu_start(rig.iommu), 0);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, firmware.page, false);
    firmware_gone(&rig, &firmware);
    rig_close(&rig);
}

static void test_protected_memory_is_opened(void **state)
{
    struct rig rig;
    rig_open_hardware(&rig, &(struct rig_config){.cap_set = CAP_PLMR});
    uint64_t page = rig_page(&rig, 77), value;
    rig_set_reg32(&rig, 0, PLMBASE, 0);
    rig_set_reg32(&rig, 0, PLMLIMIT, 0xfff00000);
    rig_set_reg32(&rig, 0, PMEN, BIT32(31));
    assert_false(rig_read(&rig, 0, IOMMU_NO_PASID, page, &value));

    assert_int_equal(rig_create_driver(&rig), 0);
    rig_add_devices(&rig);
    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_int_equal(rig_reg32(&rig, 0, PMEN) & (BIT32(31) | 1), 0);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_AUTO, RIG_IOVA, page);
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &attachment), 0);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, 77);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B76_unit_that_firmware_left_on_is_taken_over),
        cmocka_unit_test(test_B76_refused_take_over_changes_nothing),
        cmocka_unit_test(test_B76_stuck_queue_of_firmware_does_not_hang),
        cmocka_unit_test(test_B76_firmware_s_queue_is_not_fed),
        cmocka_unit_test(test_protected_memory_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
