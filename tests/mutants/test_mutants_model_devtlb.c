/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_model_devtlb.c - an endpoint's translation cache by itself: which access an entry answers, which
 * place a new answer takes, and what an invalidation leaves alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/devtlb/devtlb.h"

#define IOVA UINT64_C(0x40000000)
#define PAGE UINT64_C(4096)

static void begin(struct model_devtlb *tlb)
{
    memset(tlb, 0, sizeof(*tlb));
    tlb->entries = calloc(DEVTLB_ENTRIES, sizeof(*tlb->entries));
    assert_non_null(tlb->entries);
}

static struct iommu_model_request access_to(long pasid, uint64_t address, enum iommu_model_access access)
{
    return (struct iommu_model_request){
        .has_pasid = pasid >= 0, .pasid = pasid >= 0 ? (uint32_t)pasid : 0, .address = address, .access = access,
    };
}

/* An answer of one page; its host address is the other plus 1 GiB. */
static void put(struct model_devtlb *tlb, long pasid, uint64_t address, bool read, bool write)
{
    struct iommu_model_request access = access_to(pasid, address, IOMMU_MODEL_READ);
    struct iommu_model_result answer = { .pa = address + IOVA, .page_lg2 = 12, .read = read, .write = write };

    devtlb_put(tlb, &access, &answer, tlb->serial);
}

static bool holds(const struct model_devtlb *tlb, long pasid, uint64_t address, enum iommu_model_access access)
{
    struct iommu_model_request request = access_to(pasid, address, access);

    return devtlb_find(tlb, &request) != NULL;
}

static void test_B59_devtlb_an_entry_answers_its_own_page_and_tag(void **state)
{
    struct model_devtlb tlb;
    struct iommu_model_request request = access_to(5, IOVA + PAGE, IOMMU_MODEL_READ);

    begin(&tlb);
    put(&tlb, 5, IOVA + PAGE, true, true);
    assert_true(holds(&tlb, 5, IOVA + PAGE, IOMMU_MODEL_READ));
    assert_true(holds(&tlb, 5, IOVA + PAGE + 0xFFF, IOMMU_MODEL_READ));
    assert_false(holds(&tlb, 5, IOVA + PAGE - 1, IOMMU_MODEL_READ));
    assert_false(holds(&tlb, 5, IOVA + 2 * PAGE, IOMMU_MODEL_READ));
    assert_false(holds(&tlb, 6, IOVA + PAGE, IOMMU_MODEL_READ));
    assert_false(holds(&tlb, -1, IOVA + PAGE, IOMMU_MODEL_READ));
    request.privileged = true; /* was answered for others */
    assert_null(devtlb_find(&tlb, &request));
    free(tlb.entries);
}

static void test_B59_devtlb_an_entry_answers_what_it_has_rights_for(void **state)
{
    for (unsigned rights = 1; rights < 4; rights++) {
        struct model_devtlb tlb;

        begin(&tlb);
        put(&tlb, 5, IOVA, rights & 1, rights & 2);
        assert_int_equal(devtlb_count(&tlb), 1);
        assert_int_equal(holds(&tlb, 5, IOVA, IOMMU_MODEL_READ), rights & 1);
        assert_int_equal(holds(&tlb, 5, IOVA, IOMMU_MODEL_WRITE), rights >> 1);
        assert_int_equal(holds(&tlb, 5, IOVA, IOMMU_MODEL_ATOMIC), rights == 3);
        free(tlb.entries);
    }
}

static void test_B59_devtlb_what_is_not_held(void **state)
{
    struct model_devtlb tlb;
    struct iommu_model_request access = access_to(5, IOVA, IOMMU_MODEL_READ);
    struct iommu_model_result answer = { .pa = PAGE, .page_lg2 = 12, .read = true };

    begin(&tlb);
    put(&tlb, 5, IOVA, false, false); /* no right at all */
    assert_int_equal(devtlb_count(&tlb), 0);
    devtlb_put(&tlb, &access, &answer, tlb.serial + 1); /* overtaken by an invalidation */
    assert_int_equal(devtlb_count(&tlb), 0);
    free(tlb.entries);

    memset(&tlb, 0, sizeof(tlb)); /* an endpoint that holds nothing */
    put(&tlb, 5, IOVA, true, true);
    assert_int_equal(devtlb_count(&tlb), 0);
    assert_false(holds(&tlb, 5, IOVA, IOMMU_MODEL_READ));
}

/* The same page again, then a place that became free, then a new one, then the oldest. */
static void test_B59_devtlb_places(void **state)
{
    struct model_devtlb tlb;
    struct iommu_model_devtlb_invalidation one = { .has_pasid = true, .pasid = 5, .address = IOVA, .bytes = PAGE };
    uint64_t held = 0;

    begin(&tlb);
    put(&tlb, 5, IOVA, true, false);
    put(&tlb, 5, IOVA, true, true);
    assert_int_equal(devtlb_count(&tlb), 1);
    assert_true(holds(&tlb, 5, IOVA, IOMMU_MODEL_WRITE));
    for (unsigned index = 1; index < DEVTLB_ENTRIES; index++)
        put(&tlb, 5, IOVA + index * PAGE, true, true);
    assert_int_equal(devtlb_count(&tlb), DEVTLB_ENTRIES);
    devtlb_invalidate(&tlb, &one);
    assert_int_equal(devtlb_count(&tlb), DEVTLB_ENTRIES - 1);
    put(&tlb, 6, IOVA, true, true);
    assert_int_equal(devtlb_count(&tlb), DEVTLB_ENTRIES);
    put(&tlb, 7, IOVA, true, true); /* no place is free: one entry goes */
    assert_int_equal(devtlb_count(&tlb), DEVTLB_ENTRIES);
    assert_true(holds(&tlb, 7, IOVA, IOMMU_MODEL_WRITE));
    for (unsigned index = 0; index < DEVTLB_ENTRIES; index++)
        held += holds(&tlb, 5, IOVA + index * PAGE, IOMMU_MODEL_READ);
    assert_true(held == DEVTLB_ENTRIES - 2 || held == DEVTLB_ENTRIES - 1);
    free(tlb.entries);
}

static void test_B59_devtlb_invalidation_ranges(void **state)
{
    static const struct {
        uint64_t address, bytes;
        bool hits;
    } rows[] = {
        { IOVA + PAGE, PAGE, true },
        { IOVA, PAGE, false },            /* just below */
        { IOVA + 2 * PAGE, PAGE, false }, /* just above */
        { IOVA, 2 * PAGE, true },
        { 0, 0, true },                   /* everything */
        { IOVA + 8 * PAGE, 0, true },     /* whatever the address says */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct model_devtlb tlb;
        struct iommu_model_devtlb_invalidation what = {
            .has_pasid = true, .pasid = 5, .address = rows[i].address, .bytes = rows[i].bytes,
        };

        begin(&tlb);
        put(&tlb, 5, IOVA + PAGE, true, true);
        devtlb_invalidate(&tlb, &what);
        assert_int_equal(devtlb_count(&tlb), !rows[i].hits);
        free(tlb.entries);
    }
}

static void test_B59_devtlb_invalidation_tags(void **state)
{
    static const struct {
        bool has_pasid, global;
        uint32_t pasid;
        unsigned left; /* bit 0: untagged, bit 1: PASID 0, bit 2: PASID 5 */
    } rows[] = {
        { false, false, 0, 6 }, { true, false, 0, 5 }, { true, false, 5, 3 }, { true, true, 9, 1 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct model_devtlb tlb;
        struct iommu_model_devtlb_invalidation what = {
            .has_pasid = rows[i].has_pasid, .global = rows[i].global, .pasid = rows[i].pasid,
        };
        unsigned left = 0;

        begin(&tlb);
        put(&tlb, -1, IOVA, true, true);
        put(&tlb, 0, IOVA, true, true);
        put(&tlb, 5, IOVA, true, true);
        devtlb_invalidate(&tlb, &what);
        left |= holds(&tlb, -1, IOVA, IOMMU_MODEL_READ) ? 1 : 0;
        left |= holds(&tlb, 0, IOVA, IOMMU_MODEL_READ) ? 2 : 0;
        left |= holds(&tlb, 5, IOVA, IOMMU_MODEL_READ) ? 4 : 0;
        assert_int_equal(left, rows[i].left);
        free(tlb.entries);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B59_devtlb_an_entry_answers_its_own_page_and_tag),
        cmocka_unit_test(test_B59_devtlb_an_entry_answers_what_it_has_rights_for),
        cmocka_unit_test(test_B59_devtlb_what_is_not_held),
        cmocka_unit_test(test_B59_devtlb_places),
        cmocka_unit_test(test_B59_devtlb_invalidation_ranges),
        cmocka_unit_test(test_B59_devtlb_invalidation_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
