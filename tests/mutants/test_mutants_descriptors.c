/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_descriptors.c - what is sent for each change of the tables, in which order: the tables of
 * "Guidance to software for invalidations" and the rules of caching mode, line by line. One post each.
 *
 *     cc G d r      context cache: granularity, domain, requester
 *     pc G d p      PASID cache
 *     tlb G d       IOTLB
 *     ptlb G d p    IOTLB by PASID
 *     dev r         device-TLB of a requester; pdev r p: of one of its PASIDs
 *     wait
 *
 * Domains are 0, and A to Z in the order in which they first occur; requesters are their device's number.
 */
#include "tests/stack/rig.h"

#include <stdio.h>
#include <string.h>

#include "tests/stack/queue.h"

#define CAP_CM (UINT64_C(1) << 7)

struct story {
    struct rig rig;
    struct rig_queue queue;
    uint64_t did[26];
    char said[1024];
};

static char domain_name(struct story *story, uint64_t did)
{
    for (unsigned i = 0; did != 0 && i < 26; i++) {
        if (story->did[i] == 0)
            story->did[i] = did;
        if (story->did[i] == did)
            return (char)('A' + i);
    }
    return '0';
}

static unsigned device_of(uint64_t rid)
{
    return rid == 0 ? 0 : (unsigned)(rid >> 3) - 1;
}

/* One descriptor as a line of the guidance. */
static void tell(struct story *story, const struct rig_descriptor *d, char *line, size_t room)
{
    uint64_t word = d->word[0];
    char did =
        domain_name(story, d->type == RIG_WAIT || d->type == RIG_DEVTLB || d->type == RIG_PDEVTLB
                               ? 0
                               : word >> 16 & 0xffff);
    unsigned upper = (unsigned)(word >> 32 & 0xfffff);
    switch (d->type) {
    case RIG_CONTEXT_CACHE:
        snprintf(line, room, "cc %u %c %u", d->granularity, did, device_of(word >> 32 & 0xffff));
        break;
    case RIG_PASID_CACHE:
        snprintf(line, room, "pc %u %c %u", d->granularity, did, upper);
        break;
    case RIG_IOTLB:
        snprintf(line, room, "tlb %u %c", d->granularity, did);
        break;
    case RIG_PIOTLB:
        snprintf(line, room, "ptlb %u %c %u", d->granularity, did, upper);
        break;
    case RIG_DEVTLB:
        snprintf(line, room, "dev %u", device_of(word >> 32 & 0xffff));
        break;
    case RIG_PDEVTLB:
        snprintf(line, room, "pdev %u %u%s", device_of(word >> 16 & 0xffff), upper,
                 d->word[1] & 1 ? " all" : "");
        break;
    case RIG_WAIT:
        snprintf(line, room, "wait");
        break;
    default:
        snprintf(line, room, "type %u", d->type);
        break;
    }
}

static void begin(struct story *story, const struct rig_config *config)
{
    memset(story, 0, sizeof *story);
    rig_open(&story->rig, config);
    rig_queue_watch(&story->rig, &story->queue, 0);
}

/* Since the last time, this was sent. */
static void sent(struct story *story, const char *wanted)
{
    story->said[0] = '\0';
    for (unsigned i = 0; i < story->queue.count; i++) {
        char line[64];
        tell(story, &story->queue.at[i], line, sizeof line);
        if (i > 0)
            strncat(story->said, ", ", sizeof story->said - strlen(story->said) - 1);
        strncat(story->said, line, sizeof story->said - strlen(story->said) - 1);
    }
    assert_string_equal(story->said, wanted);
    story->queue.count = 0;
}

static void end(struct story *story)
{
    rig_watch(&story->rig, NULL, NULL);
    rig_close(&story->rig);
}

static void add(struct story *story)
{
    const struct iommu_device_config device = {.rid = rig_rid(0)};
    assert_int_equal(iommu_device_add(story->rig.iommu, &device, &story->rig.device[0]), 0);
}

static void removed(struct story *story)
{
    assert_int_equal(iommu_device_remove(story->rig.device[0]), 0);
    story->rig.device[0] = NULL;
}

static struct iommu_attachment *attach(struct story *story, struct iommu_domain *domain,
                                       uint32_t pasid)
{
    struct iommu_attachment *made;
    struct iommu_route route =
        pasid == IOMMU_NO_PASID ? iommu_route_rid() : iommu_route_pasid(pasid);
    assert_int_equal(iommu_attach(domain, story->rig.device[0], route, NULL, &made), 0);
    return made;
}

static struct iommu_domain *identity(struct story *story)
{
    const struct iommu_domain_config config = {.type = IOMMU_DOMAIN_IDENTITY};
    struct iommu_domain *domain;
    assert_int_equal(iommu_domain_alloc(story->rig.iommu, &config, &domain), 0);
    return domain;
}

/* ---- legacy mode ------------------------------------------------------------------------------------ */

static void legacy(bool caching, const char *const wanted[6])
{
    struct story story;
    begin(&story, &(struct rig_config){.preset = "legacy",
                                       .no_devices = true,
                                       .vtd = {.no_ats = true},
                                       .cap_set = caching ? CAP_CM : 0});
    struct iommu_domain *domain = rig_domain(&story.rig, IOMMU_STAGE_AUTO);
    struct iommu_domain *other = rig_domain(&story.rig, IOMMU_STAGE_AUTO);
    add(&story);
    sent(&story, wanted[0]);
    struct iommu_attachment *rid = attach(&story, domain, IOMMU_NO_PASID);
    sent(&story, wanted[1]);
    assert_int_equal(iommu_map(domain, RIG_IOVA, 0, RIG_PAGE, IOMMU_READ), 0);
    sent(&story, wanted[2]);
    assert_int_equal(iommu_replace(rid, other), 0);
    sent(&story, wanted[3]);
    assert_int_equal(iommu_detach(rid), 0);
    sent(&story, wanted[4]);
    removed(&story);
    sent(&story, wanted[5]);
    assert_int_equal(iommu_domain_free(domain), 0);
    assert_int_equal(iommu_domain_free(other), 0);
    end(&story);
}

static void test_B44_legacy_mode(void **state)
{
    legacy(false, (const char *const[6]){"", "", "cc 3 A 0, tlb 2 A, wait", "cc 3 A 0, tlb 2 A, wait",
                                         "cc 3 B 0, tlb 2 B, wait", ""});
}

static void test_B43_legacy_mode_with_caching(void **state)
{
    legacy(true,
           (const char *const[6]){
               "cc 1 0 0, tlb 1 0, wait",          /* a root entry appeared */
               "cc 3 0 0, tlb 2 0, tlb 2 A, wait", /* faulty entries are kept under domain 0 */
               "cc 3 A 0, tlb 2 A, wait, tlb 3 A, wait", /* the domain's first table, and what is in it */
               "cc 3 A 0, tlb 2 A, wait, cc 3 0 0, tlb 2 0, tlb 2 B, wait",
               "cc 3 B 0, tlb 2 B, wait",
               "",
           });
}

/* ---- scalable mode ---------------------------------------------------------------------------------- */

static void scalable(bool caching, const char *const wanted[11])
{
    struct story story;
    begin(&story, &(struct rig_config){.no_devices = true,
                                       .vtd = {.no_ats = true},
                                       .cap_set = caching ? CAP_CM : 0});
    struct iommu_domain *second = rig_domain(&story.rig, IOMMU_STAGE_SECOND);
    struct iommu_domain *first = rig_domain(&story.rig, IOMMU_STAGE_FIRST);
    struct iommu_domain *through = identity(&story);
    add(&story);
    sent(&story, wanted[0]);
    struct iommu_attachment *rid = attach(&story, second, IOMMU_NO_PASID);
    sent(&story, wanted[1]);
    struct iommu_attachment *tagged =
        attach(&story, first, 5); /* the first PASID: the context entry changes */
    sent(&story, wanted[2]);
    struct iommu_attachment *more = attach(&story, through, 6);
    sent(&story, wanted[3]);
    assert_int_equal(iommu_replace(rid, first), 0);
    sent(&story, wanted[4]);
    assert_int_equal(iommu_replace(tagged, second), 0);
    sent(&story, wanted[5]);
    assert_int_equal(iommu_detach(tagged), 0);
    sent(&story, wanted[6]);
    assert_int_equal(iommu_detach(more), 0);
    sent(&story, wanted[7]);
    assert_int_equal(iommu_detach(rid), 0);
    sent(&story, wanted[8]);
    rid = attach(&story, through, IOMMU_NO_PASID);
    sent(&story, wanted[9]);
    assert_int_equal(iommu_detach(rid), 0);
    removed(&story);
    sent(&story, wanted[10]);
    assert_int_equal(iommu_domain_free(second), 0);
    assert_int_equal(iommu_domain_free(first), 0);
    assert_int_equal(iommu_domain_free(through), 0);
    end(&story);
}

static void test_B44_scalable_mode(void **state)
{
    scalable(false, (const char *const[11]){
                        "",
                        "",
                        "cc 3 0 0, pc 0 A 0, tlb 2 A, wait",
                        "",
                        "pc 1 A 0, tlb 2 A, wait",
                        "pc 1 B 5, ptlb 2 B 5, wait",
                        "pc 1 A 5, tlb 2 A, wait",
                        "cc 3 0 0, pc 1 C 6, ptlb 2 C 6, wait",
                        "pc 1 B 0, ptlb 2 B 0, wait",
                        "",
                        "cc 3 0 0, pc 1 A 0, ptlb 2 A 0, wait, cc 3 0 0, wait",
                    });
}

static void test_B43_scalable_mode_with_caching(void **state)
{
    scalable(true, (const char *const[11]){
                       "cc 1 0 0, pc 3 0 0, tlb 1 0, wait, cc 3 0 0, pc 0 0 0, tlb 2 0, wait",
                       "pc 1 0 0, pc 1 A 0, tlb 2 A, wait",
                       ("cc 3 0 0, pc 0 A 0, tlb 2 A, pc 0 0 0, tlb 2 0, wait, pc 1 0 5, pc 1 B 5, "
                        "ptlb 2 B 5, wait"),
                       "pc 1 0 6, pc 1 C 6, ptlb 2 C 6, wait",
                       "pc 1 A 0, tlb 2 A, wait, pc 1 0 0, pc 1 B 0, ptlb 2 B 0, wait",
                       "pc 1 B 5, ptlb 2 B 5, wait, pc 1 0 5, pc 1 A 5, tlb 2 A, wait",
                       "pc 1 A 5, tlb 2 A, wait",
                       "cc 3 0 0, pc 1 C 6, ptlb 2 C 6, wait",
                       "pc 1 B 0, ptlb 2 B 0, wait",
                       "pc 1 0 0, pc 1 A 0, ptlb 2 A 0, wait",
                       "cc 3 0 0, pc 1 A 0, ptlb 2 A 0, wait, cc 3 0 0, pc 0 0 0, tlb 2 0, wait",
                   });
}

/* ---- devices with translations of their own ---------------------------------------------------------- */

/* Entries that show the one empty table get the domain's own: the entry first, then what hangs off it. */
static void test_B43_first_table_of_a_domain(void **state)
{
    struct story story;
    begin(&story, &(struct rig_config){.vtd = {.no_ats = true}});
    struct iommu_domain *domain = rig_domain(&story.rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *at = attach(&story, domain, 7);
    story.queue.count = 0;
    assert_int_equal(iommu_map(domain, RIG_IOVA, 0, RIG_PAGE, IOMMU_READ), 0);
    sent(&story, "pc 0 A 0, tlb 2 A, wait");
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    sent(&story, "tlb 3 A, wait");
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    end(&story);
}

/* Two routes when the context entry changes: no single domain would do. */
static void test_B59_start_and_stop_with_two_routes(void **state)
{
    struct story story;
    begin(&story, &(struct rig_config){.no_devices = true, .watch_devtlbs = true});
    struct iommu_domain *domain = rig_domain(&story.rig, IOMMU_STAGE_SECOND);
    add(&story);
    struct iommu_attachment *rid = attach(&story, domain, IOMMU_NO_PASID);
    sent(&story, "cc 3 0 0, wait");
    struct iommu_attachment *tagged = attach(&story, domain, 5);
    /* ATS off and its permission too, requests with PASID on, ATS on again: the capability may not change under it */
    sent(&story,
         "dev 0, wait, cc 3 0 0, pc 0 A 0, tlb 2 A, wait, cc 3 0 0, pc 0 A 0, tlb 2 A, wait, "
         "cc 3 0 0, pc 0 A 0, tlb 2 A, wait");
    assert_int_equal(iommu_stop(story.rig.iommu), 0);
    sent(&story, "dev 0, pdev 0 0 all, wait, cc 3 0 0, pc 3 0 0, tlb 1 0, wait, wait");
    assert_int_equal(iommu_start(story.rig.iommu), 0);
    sent(&story, "cc 1 0 0, pc 3 0 0, tlb 1 0, wait, cc 3 0 0, pc 3 0 0, tlb 1 0, wait");
    assert_int_equal(iommu_detach(tagged), 0);
    sent(&story, "pc 1 A 5, tlb 2 A, pdev 0 5, wait");
    assert_int_equal(iommu_detach(rid), 0);
    sent(&story, "pc 1 A 0, tlb 2 A, dev 0, wait, dev 0, pdev 0 0 all, wait, cc 3 0 0, wait");
    removed(&story);
    sent(&story, "cc 3 0 0, wait");
    assert_int_equal(iommu_domain_free(domain), 0);
    end(&story);
}

static bool ats_on(const struct story *story)
{
    return iommu_model_pci_ats_enabled(iommu_model_machine_function(story->rig.machine, 0));
}

/* In legacy mode the entry that comes and goes is the one that allows ATS, and pass-through does not. */
static void test_B59_legacy_replace_takes_ats_along(void **state)
{
    struct story story;
    begin(&story,
          &(struct rig_config){.preset = "legacy", .no_devices = true, .watch_devtlbs = true});
    struct iommu_domain *domain = rig_domain(&story.rig, IOMMU_STAGE_AUTO);
    struct iommu_domain *other = rig_domain(&story.rig, IOMMU_STAGE_AUTO);
    struct iommu_domain *through = identity(&story);
    add(&story);
    struct iommu_attachment *rid = attach(&story, domain, IOMMU_NO_PASID);
    assert_true(ats_on(&story));
    sent(&story, "");
    assert_int_equal(iommu_replace(rid, other), 0);
    assert_true(ats_on(&story));
    sent(&story, "dev 0, wait, cc 3 A 0, tlb 2 A, wait");
    assert_int_equal(iommu_replace(rid, through), 0);
    assert_false(ats_on(&story));
    sent(&story, "dev 0, wait, cc 3 B 0, tlb 2 B, wait");
    assert_int_equal(iommu_replace(rid, domain), 0);
    assert_true(ats_on(&story));
    sent(&story, "cc 3 A 0, tlb 2 A, wait");
    assert_int_equal(iommu_detach(rid), 0);
    assert_false(ats_on(&story));
    sent(&story, "dev 0, wait, cc 3 B 0, tlb 2 B, wait");
    assert_int_equal(iommu_domain_free(domain), 0);
    assert_int_equal(iommu_domain_free(other), 0);
    assert_int_equal(iommu_domain_free(through), 0);
    end(&story);
}

/* A flush that is under way when its TLB is switched on does not cover the device: it has to be over before the device
 * may ask. */
static void test_B59_device_may_ask_when_nothing_is_under_way(void **state)
{
    struct story story;
    struct rig_stall stall;
    struct iommu_attachment *first;
    begin(&story, &(struct rig_config){.preset = "legacy", .vtd.timeout_ms = 20});
    uint64_t page = rig_page(&story.rig, 1);
    struct iommu_domain *busy = rig_domain_mapping(&story.rig, IOMMU_STAGE_AUTO, RIG_IOVA, page);
    struct iommu_domain *domain = rig_domain(&story.rig, IOMMU_STAGE_AUTO);
    assert_int_equal(iommu_attach(busy, story.rig.device[1], iommu_route_rid(), NULL, &first), 0);
    rig_stall_begin(&story.rig, &stall, 0);
    assert_int_equal(iommu_unmap(busy, RIG_IOVA, RIG_PAGE, NULL), -IOMMU_ETIMEDOUT);
    story.rig.filter = NULL; /* the queue would go on if it were told */
    story.queue.count = 0;
    struct iommu_attachment *rid = attach(&story, domain, IOMMU_NO_PASID);
    assert_true(ats_on(&story));
    sent(&story, "tlb 3 A, dev 1, wait, wait");
    assert_int_equal(iommu_detach(rid), 0);
    assert_int_equal(iommu_detach(first), 0);
    assert_int_equal(iommu_domain_free(busy), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&story.rig, page);
    story.queue.count = 0;
    end(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B44_legacy_mode),
        cmocka_unit_test(test_B43_legacy_mode_with_caching),
        cmocka_unit_test(test_B44_scalable_mode),
        cmocka_unit_test(test_B43_scalable_mode_with_caching),
        cmocka_unit_test(test_B43_first_table_of_a_domain),
        cmocka_unit_test(test_B59_start_and_stop_with_two_routes),
        cmocka_unit_test(test_B59_legacy_replace_takes_ats_along),
        cmocka_unit_test(test_B59_device_may_ask_when_nothing_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
