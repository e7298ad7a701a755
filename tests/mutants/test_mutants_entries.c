/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_entries.c - entries that are there already, that a failed call takes back while the device keeps
 * sending, and pages that are given up because the unit did not confirm; a flush amidst an attach that fails.
 */
#include "tests/stack/rig.h"

#include "tests/stack/queue.h"

#define IQT             UINT64_C(0x88)
#define TAGGED          5u
#define SCT_NOT_PRESENT 0x41

static uint64_t *word(struct rig *rig, uint64_t entry)
{
    return &rig_words(rig, entry & ~(RIG_PAGE - 1))[(entry & (RIG_PAGE - 1)) / 8];
}

static void pages(struct rig *rig, uint64_t *tables, uint64_t *withheld)
{
    struct iommu_vtd_unit_info info;
    assert_int_equal(iommu_vtd_unit_info(rig->iommu, 0, &info), 0);
    *tables = info.table_pages;
    *withheld = info.withheld_pages;
}

static bool tells_tail(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    return moment == RIG_WRITE64 && address == rig_unit_base(0) + IQT &&
           value != rig_reg64(rig, 0, IQT);
}

static void spoil_next_descriptor(struct rig *rig)
{
    *word(rig, rig_queue_slot(rig, 0, rig_reg64(rig, 0, IQT))) = 0xf;
}

/* ---- somebody was here before ----------------------------------------------------------------------- */

/* No call of ours leaves such an entry: what is there is not ours to overwrite. */
static void never_overwritten(const char *preset, struct iommu_route route)
{
    const struct iommu_device_config config = {.rid = rig_rid(0)};
    struct iommu_attachment *at;
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.preset = preset, .vtd = {.no_ats = true}});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_AUTO);
    assert_int_equal(iommu_attach(domain, rig.device[0], route, NULL, &at), 0);
    uint64_t context = rig_context_entry(&rig, 0, rig_rid(0));
    uint64_t entry =
        route.min == IOMMU_NO_PASID ? context : rig_pasid_entry(&rig, 0, rig_rid(0), route.min);
    assert_int_equal(iommu_detach(at), 0);
    *word(&rig, entry) = 0xff1;
    assert_int_equal(iommu_attach(domain, rig.device[0], route, NULL, &at), -IOMMU_EBUSY);
    assert_int_equal(*word(&rig, entry), 0xff1);
    *word(&rig, entry) = 0;
    assert_int_equal(iommu_attach(domain, rig.device[0], route, NULL, &at), 0);
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_device_remove(rig.device[0]), 0);
    *word(&rig, context) = 0xff1;
    int result = iommu_device_add(rig.iommu, &config, &rig.device[0]);
    if (result != 0)
        rig.device[0] = NULL;
    assert_int_equal(result, -IOMMU_EBUSY);
    assert_int_equal(*word(&rig, context), 0xff1);
    *word(&rig, context) = 0;
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static void test_B41_present_entry_is_never_overwritten(void **state)
{
    never_overwritten("scalable", iommu_route_pasid(TAGGED));
    never_overwritten("legacy", iommu_route_rid());
}

/* ---- a device that fails to come, and to go --------------------------------------------------------- */

/* The first so many descriptors are refused, and the device sends at each step: what may be remembered is. */
struct noise {
    unsigned refuse;
};
static struct rig *noisy;
static uint64_t (*clock_of_rig)(void *ctx);

static void send(struct rig *rig)
{
    uint64_t value;
    (void)rig_read(rig, 0, IOMMU_NO_PASID, RIG_IOVA, &value);
}

static void disturb(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct noise *noise = rig->probe_ctx;
    if (moment == RIG_BARRIER || moment == RIG_FLUSH)
        send(rig);
    if (noise->refuse == 0 || !tells_tail(rig, moment, address, value))
        return;
    noise->refuse--;
    spoil_next_descriptor(rig);
}

/* Between an invalidation that is done and what comes after it. */
static uint64_t send_and_tell_time(void *ctx)
{
    send(noisy);
    return clock_of_rig(ctx);
}

static void make_noise(struct rig *rig, struct noise *noise)
{
    noisy = rig;
    clock_of_rig = rig->platform.now_ns;
    rig->platform.now_ns = send_and_tell_time;
    rig_watch(rig, disturb, noise);
}

static void no_more_noise(struct rig *rig)
{
    rig_watch(rig, NULL, NULL);
    rig->platform.now_ns = clock_of_rig;
}

/* With caching mode something is sent when an entry appears, and can fail. Device 1 has brought the table. */
static void open_half(struct rig *rig, bool hold_freed)
{
    const struct iommu_device_config second = {.rid = rig_rid(1)};
    rig_open(rig, &(struct rig_config){.preset = "caching-mode",
                                       .no_devices = true,
                                       .hold_freed = hold_freed,
                                       .vtd = {.no_ats = true}});
    assert_int_equal(iommu_device_add(rig->iommu, &second, &rig->device[1]), 0);
}

static void assert_zero(struct rig *rig, uint64_t entry)
{
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(*word(rig, entry + 8 * i), 0);
}

static void test_B42_B44_device_that_failed_to_come_left_nothing(void **state)
{
    const struct iommu_device_config config = {.rid = rig_rid(0)};
    struct noise noise = {.refuse = 1};
    uint64_t tables[2], withheld[2];
    struct rig rig;
    open_half(&rig, true);
    pages(&rig, &tables[0], &withheld[0]);
    make_noise(&rig, &noise);
    assert_int_equal(iommu_device_add(rig.iommu, &config, &rig.device[0]), -IOMMU_EIO);
    no_more_noise(&rig);
    rig.device[0] = NULL;
    pages(&rig, &tables[1], &withheld[1]);
    assert_int_equal(tables[0], tables[1]);
    assert_int_equal(withheld[0], withheld[1]);
    assert_zero(&rig, rig_context_entry(&rig, 0, rig_rid(0)));
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, false);
    assert_int_equal(rig.event.reason, SCT_NOT_PRESENT); /* nothing else is remembered */
    assert_int_equal(iommu_device_add(rig.iommu, &config, &rig.device[0]), 0);
    rig_close(&rig);
}

/* Nor was it confirmed that it is gone. */
static void test_B42_B44_device_that_failed_to_come_and_to_go(void **state)
{
    const struct iommu_device_config config = {.rid = rig_rid(0)};
    struct noise noise = {.refuse = 2};
    uint64_t tables[3], withheld[3];
    struct rig rig;
    open_half(&rig, false);
    pages(&rig, &tables[0], &withheld[0]);
    make_noise(&rig, &noise);
    assert_int_equal(iommu_device_add(rig.iommu, &config, &rig.device[0]), -IOMMU_EIO);
    no_more_noise(&rig);
    rig.device[0] = NULL;
    pages(&rig, &tables[1], &withheld[1]);
    assert_int_equal(tables[1], tables[0]);
    assert_int_equal(iommu_device_add(rig.iommu, &config, &rig.device[0]), 0);
    pages(&rig, &tables[2], &withheld[2]);
    assert_int_equal(withheld[1] - withheld[0], tables[2] - tables[0]);
    assert_int_equal(withheld[1], withheld[2]);
    rig.expect_withheld = true;
    rig_close(&rig);
}

static void use_a_pasid(struct rig *rig, struct iommu_domain *domain)
{
    struct iommu_attachment *at;
    assert_int_equal(iommu_attach(domain, rig->device[0], iommu_route_pasid(TAGGED), NULL, &at), 0);
    assert_int_equal(iommu_detach(at), 0);
}

/* Directory and table of a device whose end was not confirmed. */
static void test_B44_pages_given_up_are_counted(void **state)
{
    const struct iommu_device_config config = {.rid = rig_rid(0)};
    struct noise noise = {.refuse = 1};
    uint64_t without, with, after, withheld;
    struct rig rig;
    open_half(&rig, false);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    pages(&rig, &without, &withheld);
    assert_int_equal(withheld, 0);
    assert_int_equal(iommu_device_add(rig.iommu, &config, &rig.device[0]), 0);
    use_a_pasid(&rig, domain);
    pages(&rig, &with, &withheld);
    assert_true(with >= without + 2);
    make_noise(&rig, &noise);
    assert_int_equal(iommu_device_remove(rig.device[0]), -IOMMU_EIO);
    no_more_noise(&rig);
    rig.device[0] = NULL;
    pages(&rig, &after, &withheld);
    assert_int_equal(after, without);
    assert_int_equal(withheld, with - without);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig.expect_withheld = true;
    rig_close(&rig);
}

/* ---- a flush while an attach fails ------------------------------------------------------------------ */

struct meeting {
    struct iommu_domain *domain;
    bool refused, met;
};

/* The entry is there: refuse to take notice. Later, with PASIDs off and ATS about to come on again, somebody unmaps. */
static void meet(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct meeting *meeting = rig->probe_ctx;
    const struct iommu_model_pci *function = iommu_model_machine_function(rig->machine, 0);
    uint64_t entry = rig_pasid_entry(rig, 0, rig_rid(0), TAGGED);
    if (!meeting->refused && entry != 0 && (*word(rig, entry) & 1) &&
        tells_tail(rig, moment, address, value)) {
        meeting->refused = true;
        spoil_next_descriptor(rig);
    }
    if (moment != RIG_PCI_WRITE || !meeting->refused || meeting->met ||
        iommu_model_pci_pasid_enabled(function) || iommu_model_pci_ats_enabled(function))
        return;
    meeting->met = true;
    rig->devtlb.count = 0;
    assert_int_equal(iommu_unmap(meeting->domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    for (unsigned i = 0; i < rig->devtlb.count; i++)
        assert_false(rig->devtlb.at[i].has_pasid);
}

/* A device whose PASIDs are off must not be asked about one: it might not answer. */
static void test_B52_B59_unmap_while_an_attach_fails(void **state)
{
    struct rig rig;
    struct iommu_attachment *rid, *tagged;
    rig_open(&rig, &(struct rig_config){.preset = "caching-mode", .watch_devtlbs = true});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *plain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct meeting meeting = {.domain =
                                  rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page)};
    assert_int_equal(iommu_attach(plain, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    rig_watch(&rig, meet, &meeting);
    assert_int_equal(
        iommu_attach(meeting.domain, rig.device[0], iommu_route_pasid(TAGGED), NULL, &tagged),
        -IOMMU_EIO);
    rig_watch(&rig, NULL, NULL);
    assert_true(meeting.met);
    assert_int_equal(iommu_detach(rid), 0);
    assert_int_equal(iommu_domain_free(plain), 0);
    assert_int_equal(iommu_domain_free(meeting.domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B41_present_entry_is_never_overwritten),
        cmocka_unit_test(test_B42_B44_device_that_failed_to_come_left_nothing),
        cmocka_unit_test(test_B42_B44_device_that_failed_to_come_and_to_go),
        cmocka_unit_test(test_B44_pages_given_up_are_counted),
        cmocka_unit_test(test_B52_B59_unmap_while_an_attach_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
