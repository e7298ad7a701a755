/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_isolation.c - the promise itself: the same address under two ids is two pages, and nothing
 * else.
 */
#include "tests/stack/rig.h"

enum { A = UINT64_C(0xaaaa), B = UINT64_C(0xbbbb), C = UINT64_C(0xcccc) };

/* Two domains on device 0, both with RIG_IOVA, each its own page. */
struct pair {
    struct rig rig;
    uint64_t page_a, page_b;
    struct iommu_domain *a, *b;
    struct iommu_attachment *at_a, *at_b;
    uint32_t pasid_a, pasid_b;
};

static void pair_open(struct pair *pair, const struct rig_config *config, enum iommu_stage stage)
{
    rig_open(&pair->rig, config);
    pair->page_a = rig_page(&pair->rig, A);
    pair->page_b = rig_page(&pair->rig, B);
    pair->a = rig_domain_mapping(&pair->rig, stage, RIG_IOVA, pair->page_a);
    pair->b = rig_domain_mapping(&pair->rig, stage, RIG_IOVA, pair->page_b);
    pair->pasid_a = rig_attach(&pair->rig, pair->a, 0, &pair->at_a);
    pair->pasid_b = rig_attach(&pair->rig, pair->b, 0, &pair->at_b);
}

static void pair_close(struct pair *pair)
{
    assert_int_equal(iommu_detach(pair->at_a), 0);
    assert_int_equal(iommu_detach(pair->at_b), 0);
    assert_int_equal(iommu_domain_free(pair->a), 0);
    assert_int_equal(iommu_domain_free(pair->b), 0);
    rig_page_done(&pair->rig, pair->page_a);
    rig_page_done(&pair->rig, pair->page_b);
    rig_close(&pair->rig);
}

static void same_address_two_pages(enum iommu_stage stage)
{
    struct pair pair;
    pair_open(&pair, &(struct rig_config){0}, stage);
    assert_int_not_equal(pair.pasid_a, pair.pasid_b);
    /* Twice, so that the second answer may come from a cache. */
    for (int i = 0; i < 2; i++) {
        rig_assert_reads(&pair.rig, 0, pair.pasid_a, RIG_IOVA, A);
        rig_assert_reads(&pair.rig, 0, pair.pasid_b, RIG_IOVA, B);
    }
    assert_true(rig_write(&pair.rig, 0, pair.pasid_a, RIG_IOVA + 8, C));
    assert_int_equal(rig_words(&pair.rig, pair.page_a)[1], C);
    assert_int_equal(rig_words(&pair.rig, pair.page_b)[1], B);
    pair_close(&pair);
}

static void test_B12_B13_same_address_two_pages_second_stage(void **state)
{
    same_address_two_pages(IOMMU_STAGE_SECOND);
}

static void test_B12_B13_same_address_two_pages_first_stage(void **state)
{
    same_address_two_pages(IOMMU_STAGE_FIRST);
}

static void only_in_one(enum iommu_stage stage)
{
    struct pair pair;
    pair_open(&pair, &(struct rig_config){0}, stage);
    const uint64_t only_a = RIG_IOVA + 16 * RIG_PAGE;
    assert_int_equal(iommu_map(pair.a, only_a, pair.page_a, RIG_PAGE, IOMMU_READ | IOMMU_WRITE), 0);
    rig_assert_reads(&pair.rig, 0, pair.pasid_a, only_a, A); /* now it is in the caches */
    rig_assert_blocked(&pair.rig, 0, pair.pasid_b, only_a, false);
    rig_assert_blocked(&pair.rig, 0, pair.pasid_b, only_a, true);
    assert_int_equal(rig_words(&pair.rig, pair.page_a)[0], A);
    pair_close(&pair);
}

static void test_B14_B62_mapped_elsewhere_is_a_fault_second_stage(void **state)
{
    only_in_one(IOMMU_STAGE_SECOND);
}

static void test_B14_B62_mapped_elsewhere_is_a_fault_first_stage(void **state)
{
    only_in_one(IOMMU_STAGE_FIRST);
}

static void read_only(enum iommu_stage stage)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, A);
    struct iommu_domain *domain = rig_domain(&rig, stage);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0);
    struct iommu_attachment *attachment;
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);

    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, A);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, true);
    assert_int_equal(rig.event.reason, 0x85); /* no write right */
    assert_int_equal(rig_words(&rig, page)[0], A);

    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B15_read_only_blocks_writes_second_stage(void **state)
{
    read_only(IOMMU_STAGE_SECOND);
}

static void test_B15_read_only_blocks_writes_first_stage(void **state)
{
    read_only(IOMMU_STAGE_FIRST);
}

static void test_B15_write_only_blocks_reads(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, A);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_WRITE), 0);
    struct iommu_attachment *attachment;
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);

    assert_true(rig_write(&rig, 0, pasid, RIG_IOVA, C));
    assert_int_equal(rig_words(&rig, page)[0], C);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    assert_int_equal(rig.event.reason, 0x86); /* no read right */

    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B16_untagged_uses_the_ordinary_domain(void **state)
{
    struct pair pair;
    pair_open(&pair, &(struct rig_config){0}, IOMMU_STAGE_SECOND);
    uint64_t page = rig_page(&pair.rig, C);
    struct iommu_domain *ordinary =
        rig_domain_mapping(&pair.rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_attachment *rid;

    /* nothing attached to the RID yet */
    rig_assert_blocked(&pair.rig, 0, IOMMU_NO_PASID, RIG_IOVA, false);
    assert_int_equal(iommu_attach(ordinary, pair.rig.device[0], iommu_route_rid(), NULL, &rid), 0);
    rig_assert_reads(&pair.rig, 0, IOMMU_NO_PASID, RIG_IOVA, C);
    rig_assert_reads(&pair.rig, 0, pair.pasid_a, RIG_IOVA, A);
    rig_assert_reads(&pair.rig, 0, pair.pasid_b, RIG_IOVA, B);

    assert_int_equal(iommu_detach(rid), 0);
    rig_assert_blocked(&pair.rig, 0, IOMMU_NO_PASID, RIG_IOVA, false);
    rig_assert_reads(&pair.rig, 0, pair.pasid_a, RIG_IOVA, A);
    assert_int_equal(iommu_domain_free(ordinary), 0);
    rig_page_done(&pair.rig, page);
    pair_close(&pair);
}

static void test_B17_two_devices_do_not_see_each_other(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page_a = rig_page(&rig, A), page_b = rig_page(&rig, B);
    struct iommu_domain *a = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page_a);
    struct iommu_domain *b = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page_b);
    struct iommu_attachment *at_a, *at_b;
    /* The very same PASID on both devices: the RID must tell them apart. */
    assert_int_equal(iommu_attach(a, rig.device[0], iommu_route_pasid(77), NULL, &at_a), 0);
    assert_int_equal(iommu_attach(b, rig.device[1], iommu_route_pasid(77), NULL, &at_b), 0);

    for (int i = 0; i < 2; i++) {
        rig_assert_reads(&rig, 0, 77, RIG_IOVA, A);
        rig_assert_reads(&rig, 1, 77, RIG_IOVA, B);
        rig_assert_blocked(&rig, 2, 77, RIG_IOVA, false);
    }
    assert_int_equal(iommu_detach(at_a), 0);
    rig_assert_blocked(&rig, 0, 77, RIG_IOVA, false);
    rig_assert_reads(&rig, 1, 77, RIG_IOVA, B);

    assert_int_equal(iommu_detach(at_b), 0);
    assert_int_equal(iommu_domain_free(a), 0);
    assert_int_equal(iommu_domain_free(b), 0);
    rig_page_done(&rig, page_a);
    rig_page_done(&rig, page_b);
    rig_close(&rig);
}

/*
 * The same PASID on two devices in first-stage format: the caches are tagged with the PASID there.
 */
static void test_B17_first_stage_same_pasid_on_two_devices(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page_a = rig_page(&rig, A), page_b = rig_page(&rig, B);
    struct iommu_domain *a = rig_domain_mapping(&rig, IOMMU_STAGE_FIRST, RIG_IOVA, page_a);
    struct iommu_domain *b = rig_domain_mapping(&rig, IOMMU_STAGE_FIRST, RIG_IOVA, page_b);
    struct iommu_attachment *at_a, *at_b;
    assert_int_equal(iommu_attach(a, rig.device[0], iommu_route_pasid(5), NULL, &at_a), 0);
    assert_int_equal(iommu_attach(b, rig.device[1], iommu_route_pasid(5), NULL, &at_b), 0);
    for (int i = 0; i < 2; i++) {
        rig_assert_reads(&rig, 0, 5, RIG_IOVA, A);
        rig_assert_reads(&rig, 1, 5, RIG_IOVA, B);
    }
    assert_int_equal(iommu_detach(at_a), 0);
    assert_int_equal(iommu_detach(at_b), 0);
    assert_int_equal(iommu_domain_free(a), 0);
    assert_int_equal(iommu_domain_free(b), 0);
    rig_page_done(&rig, page_a);
    rig_page_done(&rig, page_b);
    rig_close(&rig);
}

static void test_B19_B56_stale_or_wrong_id_gets_faults(void **state)
{
    struct pair pair;
    pair_open(&pair, &(struct rig_config){0}, IOMMU_STAGE_SECOND);
    rig_assert_reads(&pair.rig, 0, pair.pasid_a, RIG_IOVA, A);
    rig_assert_blocked(&pair.rig, 0, 4711, RIG_IOVA, false);
    rig_assert_blocked(&pair.rig, 0, 4711, RIG_IOVA, true);
    rig_assert_blocked(&pair.rig, 0, (1u << 20) - 1, RIG_IOVA, true);

    assert_int_equal(iommu_detach(pair.at_a), 0);
    rig_assert_blocked(&pair.rig, 0, pair.pasid_a, RIG_IOVA, false);
    rig_assert_blocked(&pair.rig, 0, pair.pasid_a, RIG_IOVA, true);
    assert_null(pair.rig.event.attachment);
    rig_assert_reads(&pair.rig, 0, pair.pasid_b, RIG_IOVA, B);

    /* The id goes to another domain at once: late requests land there or nowhere. */
    assert_int_equal(
        iommu_attach(pair.b, pair.rig.device[0], iommu_route_pasid(pair.pasid_a), NULL, &pair.at_a),
        0);
    rig_assert_reads(&pair.rig, 0, pair.pasid_a, RIG_IOVA, B);
    pair_close(&pair);
}

static void test_B54_B62_fault_names_attachment_and_cookie(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    int cookie = 0;
    struct iommu_attachment *attachment, *found;
    assert_int_equal(
        iommu_attach(domain, rig.device[1], iommu_route_pasid(9), &cookie, &attachment), 0);
    rig_assert_blocked(&rig, 1, 9, RIG_IOVA, true);
    assert_ptr_equal(rig.event.attachment, attachment);
    assert_ptr_equal(rig.event.device, rig.device[1]);
    assert_ptr_equal(iommu_attachment_cookie(rig.event.attachment), &cookie);
    assert_non_null(rig.event.reason_name);
    assert_int_equal(iommu_lookup(rig.device[1], 9, &found), 0);
    assert_ptr_equal(found, attachment);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_lookup(rig.device[1], 9, &found), -IOMMU_ENOENT);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

/*
 * The device's own registers carry the id: a queue that was given the wrong one, or a stale one,
 * gets faults.
 */
static void test_B18_id_is_a_pasid_within_the_width(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.pasid_bits = 8});
    assert_int_equal(iommu_device_pasid_limit(rig.device[0]), 256);
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_pasid(256), NULL, &attachment),
                     -IOMMU_ERANGE);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_pasid(0), NULL, &attachment),
                     -IOMMU_ERANGE);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_pasid(255), NULL, &attachment),
                     0);
    assert_int_equal(iommu_attachment_pasid(attachment), 255);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static void many(unsigned count)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    struct iommu_domain **domains = test_calloc(count, sizeof(void *));
    struct iommu_attachment **attachments = test_calloc(count, sizeof(void *));
    uint64_t *pages = test_calloc(count, sizeof *pages);
    uint32_t last = 0;
    for (unsigned i = 0; i < count; i++) {
        pages[i] = rig_page(&rig, 1000 + i);
        domains[i] = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, pages[i]);
        uint32_t pasid = rig_attach(&rig, domains[i], 0, &attachments[i]);
        assert_true(pasid > last); /* lowest first, so rising: all differ */
        last = pasid;
    }
    for (unsigned i = 0; i < count; i++)
        rig_assert_reads(&rig, 0, iommu_attachment_pasid(attachments[i]), RIG_IOVA, 1000 + i);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(iommu_detach(attachments[i]), 0);
        assert_int_equal(iommu_domain_free(domains[i]), 0);
        rig_page_done(&rig, pages[i]);
    }
    test_free(domains);
    test_free(attachments);
    test_free(pages);
    rig_close(&rig);
}

static void test_B11_two_domains_on_one_device(void **state)
{
    many(2);
}

static void test_B11_tens_of_domains_on_one_device(void **state)
{
    many(60);
}

static void test_B11_thousands_of_domains_on_one_device(void **state)
{
    many(3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B11_two_domains_on_one_device),
        cmocka_unit_test(test_B11_tens_of_domains_on_one_device),
        cmocka_unit_test(test_B11_thousands_of_domains_on_one_device),
        cmocka_unit_test(test_B12_B13_same_address_two_pages_second_stage),
        cmocka_unit_test(test_B12_B13_same_address_two_pages_first_stage),
        cmocka_unit_test(test_B14_B62_mapped_elsewhere_is_a_fault_second_stage),
        cmocka_unit_test(test_B14_B62_mapped_elsewhere_is_a_fault_first_stage),
        cmocka_unit_test(test_B15_read_only_blocks_writes_second_stage),
        cmocka_unit_test(test_B15_read_only_blocks_writes_first_stage),
        cmocka_unit_test(test_B15_write_only_blocks_reads),
        cmocka_unit_test(test_B16_untagged_uses_the_ordinary_domain),
        cmocka_unit_test(test_B17_two_devices_do_not_see_each_other),
        cmocka_unit_test(test_B17_first_stage_same_pasid_on_two_devices),
        cmocka_unit_test(test_B18_id_is_a_pasid_within_the_width),
        cmocka_unit_test(test_B19_B56_stale_or_wrong_id_gets_faults),
        cmocka_unit_test(test_B54_B62_fault_names_attachment_and_cookie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
