/* SPDX-License-Identifier: MIT */
/* platform: model */
/* test_scale.c - the edges: 65,536 domains on one device, the last PASID, every domain id taken. */
#include "tests/stack/rig.h"

#define DOMAINS    65536u
#define LAST_PASID ((1u << 20) - 1)

static void test_B11_B40_B80_65536_auxiliary_domains_on_one_device(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 5);
    struct iommu_domain **domains = test_calloc(DOMAINS, sizeof(void *)), *extra;
    struct iommu_attachment **attachments = test_calloc(DOMAINS, sizeof(void *)), *none;
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    for (unsigned i = 0; i < DOMAINS; i++) {
        domains[i] = rig_domain(&rig, IOMMU_STAGE_SECOND);
        assert_int_equal(rig_attach(&rig, domains[i], 0, &attachments[i]), i + 1);
    }

    /* Every domain id of the unit is taken now: one more is refused, and nothing has changed. */
    struct iommu_vtd_unit_info info;
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &info), 0);
    assert_int_equal(info.domain_ids_used, DOMAINS);
    struct iommu_strict_counts before, after;
    extra = rig_domain(&rig, IOMMU_STAGE_SECOND);
    iommu_strict_counts(rig.strict, &before);
    assert_int_equal(iommu_attach(extra, rig.device[0], iommu_route_any(), NULL, &none),
                     -IOMMU_ENOSPC);
    iommu_strict_counts(rig.strict, &after);
    assert_int_equal(after.objects_live, before.objects_live);
    assert_int_equal(after.pages_live, before.pages_live);
    assert_int_equal(iommu_lookup(rig.device[0], DOMAINS + 1, &none), -IOMMU_ENOENT);
    assert_int_equal(iommu_domain_free(extra), 0);

    /* A sample: one among all can see its page, its neighbours cannot. */
    for (unsigned i = 1; i < DOMAINS; i += 4099) {
        assert_int_equal(iommu_map(domains[i], RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0);
        rig_assert_reads(&rig, 0, i + 1, RIG_IOVA, 5);
        rig_assert_blocked(&rig, 0, i, RIG_IOVA, false);
        rig_assert_blocked(&rig, 0, i + 2, RIG_IOVA, false);
    }
    for (unsigned i = 0; i < DOMAINS; i++) {
        assert_int_equal(iommu_detach(attachments[i]), 0);
        assert_int_equal(iommu_domain_free(domains[i]), 0);
    }
    test_free(domains);
    test_free(attachments);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B18_B31_last_pasid_is_reachable(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    assert_int_equal(iommu_device_pasid_limit(rig.device[0]), 1u << 20);
    uint64_t page = rig_page(&rig, 6);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_attachment *last, *none;
    assert_int_equal(
        iommu_attach(domain, rig.device[0], iommu_route_pasid(LAST_PASID), NULL, &last), 0);
    rig_assert_reads(&rig, 0, LAST_PASID, RIG_IOVA, 6);
    rig_assert_blocked(&rig, 0, LAST_PASID - 1, RIG_IOVA, false);
    assert_int_equal(
        iommu_attach(domain, rig.device[0], iommu_route_pasid(LAST_PASID + 1), NULL, &none),
        -IOMMU_ERANGE);
    assert_int_equal(
        iommu_attach(domain, rig.device[0], iommu_route_pasid(LAST_PASID), NULL, &none),
        -IOMMU_EBUSY);
    assert_int_equal(iommu_attach(domain, rig.device[0],
                                  iommu_route_auto(LAST_PASID, UINT32_MAX - 1), NULL, &none),
                     -IOMMU_ENOSPC);
    assert_int_equal(iommu_detach(last), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B31_exhausted_pasids_leak_nothing_and_return(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.pasid_bits = 6});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *at[64], *none;
    for (unsigned i = 1; i < 64; i++)
        assert_int_equal(rig_attach(&rig, domain, 0, &at[i]), i);
    struct iommu_strict_counts before, after;
    iommu_strict_counts(rig.strict, &before);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_any(), NULL, &none),
                     -IOMMU_ENOSPC);
    iommu_strict_counts(rig.strict, &after);
    assert_int_equal(after.objects_live, before.objects_live);
    assert_int_equal(iommu_detach(at[17]), 0);
    assert_int_equal(rig_attach(&rig, domain, 0, &at[17]), 17);
    for (unsigned i = 1; i < 64; i++)
        assert_int_equal(iommu_detach(at[i]), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

/* Domain ids per unit: with 4 bits of them and Caching Mode, 15 domains fit (0 is not usable). */
static void test_B40_domain_ids_run_out_and_come_back(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){
                       .cap_clear = 7, .cap_set = UINT64_C(1) << 7, .second_unit = true});
    struct iommu_domain *domains[17];
    struct iommu_attachment *at[17], *elsewhere;
    for (unsigned i = 0; i < 17; i++)
        domains[i] = rig_domain(&rig, IOMMU_STAGE_SECOND);
    unsigned taken = 0;
    int result = 0;
    while (taken < 17 && result == 0) {
        result = iommu_attach(domains[taken], rig.device[0], iommu_route_any(), NULL, &at[taken]);
        taken += result == 0;
    }
    assert_int_equal(result, -IOMMU_ENOSPC);
    assert_int_equal(taken, 15);
    /* The other unit has its own, and a domain that has an id may take more routes. */
    assert_int_equal(iommu_attach(domains[16], rig.device[2], iommu_route_any(), NULL, &elsewhere),
                     0);
    struct iommu_attachment *again;
    rig_attach(&rig, domains[0], 1, &again);
    assert_int_equal(iommu_detach(at[3]), 0);
    rig_attach(&rig, domains[16], 0, &at[3]);
    assert_int_equal(iommu_detach(again), 0);
    assert_int_equal(iommu_detach(elsewhere), 0);
    for (unsigned i = 0; i < taken; i++)
        assert_int_equal(iommu_detach(at[i]), 0);
    struct iommu_vtd_unit_info info;
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &info), 0);
    assert_int_equal(info.domain_ids_used, 0);
    for (unsigned i = 0; i < 17; i++)
        assert_int_equal(iommu_domain_free(domains[i]), 0);
    rig_close(&rig);
}

static void test_B41_sub_tables_grow_on_demand(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *at[4];
    static const uint32_t pasids[4] = {1, 2, 1000, 900000};
    assert_int_equal(iommu_enable_aux_domain(rig.device[0]), 0);
    struct iommu_vtd_unit_info info;
    assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &info), 0);
    uint64_t pages = info.table_pages, grew[4];
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(
            iommu_attach(domain, rig.device[0], iommu_route_pasid(pasids[i]), NULL, &at[i]), 0);
        assert_int_equal(iommu_vtd_unit_info(rig.iommu, 0, &info), 0);
        grew[i] = info.table_pages - pages;
        pages = info.table_pages;
        assert_true(rig_pasid_entry(&rig, 0, rig_rid(0), pasids[i]) != 0);
    }
    assert_true(grew[0] <= 1); /* PASID 0's table may be there already */
    assert_int_equal(grew[1], 0);
    assert_int_equal(grew[2], 1);
    assert_int_equal(grew[3], 1);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(iommu_detach(at[i]), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B11_B40_B80_65536_auxiliary_domains_on_one_device),
        cmocka_unit_test(test_B18_B31_last_pasid_is_reachable),
        cmocka_unit_test(test_B31_exhausted_pasids_leak_nothing_and_return),
        cmocka_unit_test(test_B40_domain_ids_run_out_and_come_back),
        cmocka_unit_test(test_B41_sub_tables_grow_on_demand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
