/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_devtlb.c - devices that keep translations: in which order ATS goes on and off, what is sent
 * to a device's TLB when something vanishes (with the PASID, or untagged), and a device that does
 * not answer.
 */
#include "tests/stack/rig.h"

#include "tests/stack/queue.h"

#define MIB2    (UINT64_C(2) << 20)
#define DTE     (UINT64_C(1) << 2) /* of a scalable context entry */
#define PASIDE  (UINT64_C(1) << 3)
#define ENABLED UINT32_C(0x80000000) /* ATS control register, upper half of the dword */

static const struct rig_config watched = {.watch_devtlbs = true};

static const struct iommu_model_pci *function(struct rig *rig, unsigned device)
{
    return iommu_model_machine_function(rig->machine, device);
}

static bool ats_on(struct rig *rig, unsigned device)
{
    return iommu_model_pci_ats_enabled(function(rig, device));
}

/* ---- order of switching */

/* Offset of an extended capability, from configuration space alone. */
static uint32_t find_capability(struct rig *rig, unsigned device, uint16_t id)
{
    for (uint32_t at = 0x100; at != 0;) {
        uint32_t header = iommu_model_machine_pci_read32(rig->machine, 0, rig_rid(device), at);
        if ((header & 0xffff) == id)
            return at;
        at = header >> 20;
    }
    return 0;
}

struct switching {
    uint32_t ats;       /* offset of the register */
    unsigned ons, offs;
    bool dte_before_on, pasid_before_on, dte_at_off;
    unsigned devtlbs_at_off; /* had been sent when it went off */
};

static uint64_t context(struct rig *rig)
{
    return rig_physical64(rig, rig_context_entry(rig, 0, rig_rid(0)));
}

static void watch_switching(struct rig *rig, enum rig_moment moment, uint64_t address,
                            uint64_t value)
{
    struct switching *switching = rig->probe_ctx;
    if (moment != RIG_PCI_WRITE || address != ((uint64_t)rig_rid(0) << 12 | switching->ats))
        return;
    if ((value & ENABLED) != 0) {
        switching->ons++;
        switching->dte_before_on = (context(rig) & DTE) != 0;
        switching->pasid_before_on =
            iommu_model_pci_pasid_enabled(function(rig, 0)) && (context(rig) & PASIDE) != 0;
    } else if (ats_on(rig, 0)) {
        switching->offs++;
        switching->dte_at_off = (context(rig) & DTE) != 0;
        switching->devtlbs_at_off = rig->devtlb.count;
    }
}

static void test_B28_B59_pasid_then_ats_and_back(void **state)
{
    struct rig rig;
    struct iommu_attachment *attachment;
    rig_open(&rig, &watched);
    struct switching switching = {.ats = find_capability(&rig, 0, 0x0f) + 4};
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_false(ats_on(&rig, 0));
    assert_int_equal(context(&rig) & (DTE | PASIDE), 0);
    rig_watch(&rig, watch_switching, &switching);

    rig_attach(&rig, domain, 0, &attachment);
    assert_true(ats_on(&rig, 0));
    assert_int_equal(switching.ons, 1);
    assert_true(switching.dte_before_on);
    assert_true(switching.pasid_before_on);

    /* Off in the device first, then its TLB is emptied, then the unit refuses. */
    assert_int_equal(iommu_detach(attachment), 0);
    assert_false(ats_on(&rig, 0));
    assert_int_equal(switching.offs, 1);
    assert_true(switching.dte_at_off);
    assert_true(rig.devtlb.count > switching.devtlbs_at_off);
    assert_int_equal(context(&rig) & DTE, 0);
    rig_watch(&rig, NULL, NULL);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

/*
 * The PASID capability must not change under ATS: the RID's attachment has it on when the first
 * PASID comes.
 */
static void test_B28_B59_pasids_go_on_while_ats_is_in_use(void **state)
{
    struct rig rig;
    struct iommu_attachment *rid, *tagged;
    rig_open(&rig, &watched);
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    assert_true(ats_on(&rig, 0));
    assert_false(iommu_model_pci_pasid_enabled(function(&rig, 0)));
    uint32_t pasid = rig_attach(&rig, domain, 0, &tagged); /* the model would count a misuse */
    assert_true(ats_on(&rig, 0));
    assert_true(iommu_model_pci_pasid_enabled(function(&rig, 0)));
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, 1);
    assert_int_equal(iommu_detach(rid), 0);
    assert_true(ats_on(&rig, 0));
    assert_int_equal(iommu_detach(tagged), 0);
    assert_false(ats_on(&rig, 0));
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void never_on(const struct rig_config *config)
{
    struct rig rig;
    struct iommu_attachment *rid, *tagged = NULL;
    rig_open(&rig, config);
    struct rig_queue queue;
    rig_queue_watch(&rig, &queue, 0);
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_AUTO, RIG_IOVA, page);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    if (iommu_device_pasid_limit(rig.device[0]) != 0)
        rig_attach(&rig, domain, 0, &tagged);
    assert_false(ats_on(&rig, 0));
    assert_false(iommu_device_capable(rig.device[0], IOMMU_CAP_DEVICE_TLB));
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(iommu_stop(rig.iommu), 0);
    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_false(ats_on(&rig, 0));
    assert_int_equal(iommu_detach(rid), 0);
    if (tagged != NULL)
        assert_int_equal(iommu_detach(tagged), 0);
    assert_int_equal(rig_queue_count(&queue, RIG_DEVTLB) + rig_queue_count(&queue, RIG_PDEVTLB), 0);
    rig_watch(&rig, NULL, NULL);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B59_ats_can_be_ruled_out(void **state)
{
    never_on(&(struct rig_config){.watch_devtlbs = true, .device_flags = IOMMU_DEVICE_NO_ATS});
    never_on(&(struct rig_config){.watch_devtlbs = true, .vtd = {.no_ats = true}});
    /* the unit cannot */
    never_on(&(struct rig_config){.watch_devtlbs = true, .ecap_clear = 1u << 2});
    never_on(
        &(struct rig_config){.preset = "legacy", .watch_devtlbs = true, .vtd = {.no_ats = true}});
}

/* Stop and start: off while the unit does not translate. */
static void test_B59_ats_follows_translation(void **state)
{
    struct rig rig;
    struct iommu_attachment *attachment;
    rig_open(&rig, &watched);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_FIRST);
    rig_attach(&rig, domain, 0, &attachment);
    assert_true(ats_on(&rig, 0));
    assert_int_equal(iommu_stop(rig.iommu), 0); /* a request while translation is off is a misuse */
    assert_false(ats_on(&rig, 0));
    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_true(ats_on(&rig, 0));
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

/* ---- what is sent */

struct pair {
    struct rig rig;
    struct rig_queue queue;
    struct iommu_domain *domain;
    struct iommu_attachment *rid, *tagged;
    uint32_t pasid;
    uint64_t page;
};

static void open_pair(struct pair *pair, const struct rig_config *config, enum iommu_stage stage)
{
    rig_open(&pair->rig, config);
    pair->page = rig_page(&pair->rig, 1);
    pair->domain = rig_domain_mapping(&pair->rig, stage, RIG_IOVA, pair->page);
    assert_int_equal(
        iommu_attach(pair->domain, pair->rig.device[0], iommu_route_rid(), NULL, &pair->rid), 0);
    pair->tagged = NULL;
    pair->pasid = IOMMU_NO_PASID;
    if (iommu_device_pasid_limit(pair->rig.device[0]) != 0)
        pair->pasid = rig_attach(&pair->rig, pair->domain, 0, &pair->tagged);
    pair->rig.devtlb.count = 0;
    rig_queue_watch(&pair->rig, &pair->queue, 0);
}

static void close_pair(struct pair *pair)
{
    rig_watch(&pair->rig, NULL, NULL);
    if (pair->rid != NULL)
        assert_int_equal(iommu_detach(pair->rid), 0);
    if (pair->tagged != NULL)
        assert_int_equal(iommu_detach(pair->tagged), 0);
    assert_int_equal(iommu_domain_free(pair->domain), 0);
    rig_page_done(&pair->rig, pair->page);
    rig_close(&pair->rig);
}

/* The n-th that reached the device. */
static const struct iommu_model_devtlb_invalidation *sent(struct pair *pair, unsigned n,
                                                          uint32_t pasid)
{
    assert_true(pair->rig.devtlb.count > n);
    const struct iommu_model_devtlb_invalidation *one = &pair->rig.devtlb.at[n];
    assert_int_equal(one->rid, rig_rid(0));
    assert_int_equal(one->has_pasid, pasid != IOMMU_NO_PASID);
    if (one->has_pasid)
        assert_int_equal(one->pasid, pasid);
    assert_false(one->global);
    return one;
}

/* One batch: IOTLB first, then the device's, then the wait, and nothing after it. */
static void one_batch(const struct rig_queue *queue, unsigned iotlbs, unsigned devtlbs)
{
    assert_int_equal(queue->posts, 1);
    assert_int_equal(queue->count, iotlbs + devtlbs + 1);
    for (unsigned i = 0; i < queue->count; i++) {
        unsigned type = queue->at[i].type;
        if (i < iotlbs)
            assert_true(type == RIG_IOTLB || type == RIG_PIOTLB);
        else if (i < iotlbs + devtlbs)
            assert_true(type == RIG_DEVTLB || type == RIG_PDEVTLB);
        else
            assert_int_equal(type, RIG_WAIT);
    }
}

static void unmap_one_page(enum iommu_stage stage, unsigned iotlbs)
{
    struct pair pair;
    open_pair(&pair, &watched, stage);
    assert_int_equal(iommu_unmap(pair.domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    one_batch(&pair.queue, iotlbs, 2);
    assert_int_equal(pair.rig.devtlb.count, 2);
    bool first_tagged = pair.rig.devtlb.at[0].has_pasid;
    for (unsigned i = 0; i < 2; i++) {
        const struct iommu_model_devtlb_invalidation *one =
            sent(&pair, i, (i == 0) == first_tagged ? pair.pasid : IOMMU_NO_PASID);
        assert_true(one->bytes == 0 ||
                    (one->address <= RIG_IOVA && one->address + one->bytes > RIG_IOVA));
    }
    /* Types 3 and 8 carry requester and PASID where the architecture has them. */
    const struct rig_descriptor *untagged = rig_queue_nth(&pair.queue, RIG_DEVTLB, 0);
    const struct rig_descriptor *tagged = rig_queue_nth(&pair.queue, RIG_PDEVTLB, 0);
    assert_int_equal(untagged->word[0] >> 32 & 0xffff, rig_rid(0));
    assert_int_equal(tagged->word[0] >> 16 & 0xffff, rig_rid(0));
    assert_int_equal(tagged->word[0] >> 32 & 0xfffff, pair.pasid);
    close_pair(&pair);
}

static void test_B45_B59_unmap_reaches_device_tlbs_with_their_tags(void **state)
{
    unmap_one_page(IOMMU_STAGE_SECOND, 1);
    unmap_one_page(IOMMU_STAGE_FIRST, 2); /* tagged by PASID: one for each */
}

static void test_B45_B59_range_covers_what_was_unmapped(void **state)
{
    struct pair pair;
    struct iommu_gather gather;
    open_pair(&pair, &watched, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_map(pair.domain, 16 * MIB2, 0, MIB2, IOMMU_READ), 0);
    assert_int_equal(
        iommu_map(pair.domain, 17 * MIB2 + 5 * RIG_PAGE, pair.page, RIG_PAGE, IOMMU_READ), 0);
    iommu_gather_init(&gather);
    assert_int_equal(iommu_unmap(pair.domain, 17 * MIB2 + 5 * RIG_PAGE, RIG_PAGE, &gather), 0);
    assert_int_equal(iommu_unmap(pair.domain, 16 * MIB2, MIB2, &gather), 0);
    assert_int_equal(pair.rig.devtlb.count, 0); /* not before the sync */
    assert_int_equal(iommu_sync(pair.domain, &gather), 0);
    assert_int_equal(pair.rig.devtlb.count, 2);
    for (unsigned i = 0; i < 2; i++) {
        const struct iommu_model_devtlb_invalidation *one = &pair.rig.devtlb.at[i];
        assert_true(one->bytes == 0 || (one->address <= 16 * MIB2 &&
                                        one->address + one->bytes > 17 * MIB2 + 5 * RIG_PAGE));
        assert_true(one->bytes <= 4 * MIB2);
    }
    close_pair(&pair);
}

/* A descriptor covers everything of one tag: no length, its own PASID. */
static void test_B44_B59_detach_empties_the_device_tlb_of_that_tag(void **state)
{
    struct pair pair;
    open_pair(&pair, &watched, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_detach(pair.tagged), 0);
    pair.tagged = NULL;
    assert_int_equal(pair.rig.devtlb.count, 1);
    assert_int_equal(sent(&pair, 0, pair.pasid)->bytes, 0);
    assert_int_equal(pair.queue.posts, 1);
    assert_int_equal(pair.queue.at[pair.queue.count - 1].type, RIG_WAIT);
    assert_int_equal(pair.queue.at[pair.queue.count - 2].type, RIG_PDEVTLB);
    assert_int_equal(pair.queue.at[0].type, RIG_PASID_CACHE);
    close_pair(&pair);

    open_pair(&pair, &watched, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_detach(pair.rid), 0);
    pair.rid = NULL;
    assert_int_equal(pair.rig.devtlb.count, 1);
    assert_int_equal(sent(&pair, 0, IOMMU_NO_PASID)->bytes, 0);
    close_pair(&pair);
}

static void test_B55_B59_replace_empties_the_device_tlb_of_that_tag(void **state)
{
    struct pair pair;
    open_pair(&pair, &watched, IOMMU_STAGE_SECOND);
    struct iommu_domain *other = rig_domain(&pair.rig, IOMMU_STAGE_FIRST);
    assert_int_equal(iommu_replace(pair.tagged, other), 0);
    assert_int_equal(pair.rig.devtlb.count, 1);
    assert_int_equal(sent(&pair, 0, pair.pasid)->bytes, 0);
    assert_true(ats_on(&pair.rig, 0));
    assert_int_equal(iommu_detach(pair.tagged), 0);
    pair.tagged = NULL;
    assert_int_equal(iommu_domain_free(other), 0);
    close_pair(&pair);
}

/* Mapping is free: devices remember nothing of what was not there. */
static void test_B59_map_sends_nothing(void **state)
{
    struct pair pair;
    open_pair(&pair, &(struct rig_config){.preset = "caching-mode", .watch_devtlbs = true},
              IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_map(pair.domain, 5 * MIB2, pair.page, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(pair.rig.devtlb.count, 0);
    assert_int_equal(rig_queue_count(&pair.queue, RIG_IOTLB), 1);
    close_pair(&pair);
}

/*
 * Legacy mode: the translation type in the context entry allows ATS, and one kind of descriptor
 * does it all.
 */
static void test_B45_B59_legacy_mode(void **state)
{
    struct pair pair;
    open_pair(&pair, &(struct rig_config){.preset = "legacy", .watch_devtlbs = true},
              IOMMU_STAGE_AUTO);
    assert_true(ats_on(&pair.rig, 0));
    assert_int_equal(context(&pair.rig) >> 2 & 3, 1);
    assert_int_equal(iommu_unmap(pair.domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    one_batch(&pair.queue, 1, 1);
    assert_int_equal(pair.rig.devtlb.count, 1);
    sent(&pair, 0, IOMMU_NO_PASID);
    assert_int_equal(iommu_detach(pair.rid), 0);
    pair.rid = NULL;
    assert_false(ats_on(&pair.rig, 0));
    assert_true(pair.rig.devtlb.count > 1);
    assert_int_equal(pair.rig.devtlb.at[pair.rig.devtlb.count - 1].bytes, 0);
    close_pair(&pair);
}

/* ---- no answer */

/*
 * Device 0 dies with a domain that device 1 uses too: an error for whoever waits, and device 1 goes
 * on.
 */
static void test_B60_dead_device_tlb_does_not_wedge_others(void **state)
{
    struct rig rig;
    struct iommu_attachment *at[2];
    uint32_t pasid[2];
    rig_open(&rig, &(struct rig_config){.watch_devtlbs = true, .vtd = {.timeout_ms = 50}});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_domain *own = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_attachment *own_at;
    for (unsigned i = 0; i < 2; i++)
        pasid[i] = rig_attach(&rig, domain, i, &at[i]);
    uint32_t own_pasid = rig_attach(&rig, own, 1, &own_at);
    rig.devtlb.dead = 1u << 0;
    rig_assert_reads(&rig, 1, pasid[1], RIG_IOVA, 1);

    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), -IOMMU_ETIMEDOUT);
    assert_true(iommu_handle_events(rig.iommu) >= 1);
    assert_int_equal(rig.event.type, IOMMU_EVENT_QUEUE);
    assert_int_equal(rig.event.rid, rig_rid(0)); /* who it was */
    assert_true(rig_logged(&rig, "ITE"));
    rig_assert_blocked(&rig, 1, pasid[1], RIG_IOVA, false); /* the others' caches are clean */

    /* Who has nothing to do with it, notices nothing. */
    assert_int_equal(iommu_unmap(own, RIG_IOVA, RIG_PAGE, NULL), 0);
    rig_assert_blocked(&rig, 1, own_pasid, RIG_IOVA, false);
    assert_int_equal(iommu_detach(own_at), 0);
    assert_int_equal(iommu_detach(at[1]), 0);

    /*
     * It does not answer to the end: its route is blocked, its ids stay out of use until it is
     * removed.
     */
    assert_int_equal(iommu_detach(at[0]), -IOMMU_ETIMEDOUT);
    rig_assert_blocked(&rig, 0, pasid[0], RIG_IOVA, true);
    assert_int_equal(iommu_domain_free(domain), -IOMMU_EBUSY);
    assert_int_equal(iommu_device_remove(rig.device[0]), 0);
    rig.device[0] = NULL;
    assert_int_equal(iommu_domain_free(domain), 0);
    assert_int_equal(iommu_domain_free(own), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B28_B59_pasid_then_ats_and_back),
        cmocka_unit_test(test_B28_B59_pasids_go_on_while_ats_is_in_use),
        cmocka_unit_test(test_B59_ats_can_be_ruled_out),
        cmocka_unit_test(test_B59_ats_follows_translation),
        cmocka_unit_test(test_B45_B59_unmap_reaches_device_tlbs_with_their_tags),
        cmocka_unit_test(test_B45_B59_range_covers_what_was_unmapped),
        cmocka_unit_test(test_B44_B59_detach_empties_the_device_tlb_of_that_tag),
        cmocka_unit_test(test_B55_B59_replace_empties_the_device_tlb_of_that_tag),
        cmocka_unit_test(test_B59_map_sends_nothing),
        cmocka_unit_test(test_B45_B59_legacy_mode),
        cmocka_unit_test(test_B60_dead_device_tlb_does_not_wedge_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
