/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_one_caller.c - domains whose calls do not overlap keep no table in which nothing is left, also on a host with
 * locks, and whatever others do: attach, detach, work on other domains. ThreadSanitizer runs it as well.
 */
#include <pthread.h>

#include "iommukit/driver.h"
#include "tests/stack/queue.h"
#include "tests/stack/rig.h"

#define GIB    (UINT64_C(1) << 30)
#define SPARSE 40u /* mappings, each below tables of its own */
#define ROUNDS 300u
#define TIMEOUT_MS 20

/* Memory below what the host hands out. */
#define REGION UINT64_C(0x80000)

static const struct iommu_model_region_config one_page = {.base = REGION, .limit = REGION + 0xfff, .rid = 1 << 3};

static struct iommu_domain *domain_of(struct rig *rig, bool one_caller)
{
    const struct iommu_domain_config config = {.one_caller = one_caller};
    struct iommu_domain *domain = NULL;
    assert_int_equal(iommu_domain_alloc(rig->iommu, &config, &domain), 0);
    return domain;
}

static bool has_top(const struct rig *rig, const struct iommu_domain *domain)
{
    return domain->pt.root != rig->iommu->no_table;
}

static void come_and_go(struct iommu_domain *domain, uint64_t page)
{
    for (uint64_t i = 0; i < SPARSE; i++)
        assert_int_equal(iommu_map(domain, i * GIB, page, RIG_PAGE, IOMMU_READ), 0);
    for (uint64_t i = 0; i < SPARSE; i++)
        assert_int_equal(iommu_unmap(domain, i * GIB, RIG_PAGE, NULL), 0);
}

static void test_B80_one_caller_leaves_no_table(void **state)
{
    struct rig rig;
    struct iommu_attachment *attachment;
    (void)state;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 3);
    struct iommu_domain *domain = domain_of(&rig, true);
    uint64_t before = rig_pages(&rig);
    come_and_go(domain, page);
    assert_false(has_top(&rig, domain));
    assert_int_equal(rig_pages(&rig), before);

    /* A top table that a route is at stays, and is as good as any other. */
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
    uint64_t attached = rig_pages(&rig);
    come_and_go(domain, page);
    assert_int_equal(rig_pages(&rig), attached + 1);
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 3);
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    rig_assert_blocked(&rig, 0, pasid, RIG_IOVA, false);
    assert_int_equal(iommu_domain_trim(domain), 0);
    assert_true(has_top(&rig, domain));
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_trim(domain), 0);
    assert_false(has_top(&rig, domain));
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* The others keep what a thread could be on its way through, until they are trimmed. */
static void test_B80_several_callers_are_trimmed(void **state)
{
    struct rig rig;
    uint64_t pa;
    (void)state;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 3);
    struct iommu_domain *domain = domain_of(&rig, false);
    uint64_t before = rig_pages(&rig);
    come_and_go(domain, page);
    assert_int_equal(rig_pages(&rig), before + SPARSE + 2); /* one for each GiB, and what is above them */
    assert_int_equal(iommu_map(domain, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(iommu_domain_trim(domain), 0);
    assert_int_equal(iommu_iova_to_phys(domain, RIG_IOVA, &pa), 0);
    assert_int_equal(rig_pages(&rig), before + 4);
    assert_int_equal(iommu_unmap(domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(iommu_domain_trim(domain), 0);
    assert_int_equal(rig_pages(&rig), before);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* ---- hardware that does not confirm */

/* A domain of one caller, attached, with one page mapped. */
struct doubt {
    struct rig rig;
    struct iommu_domain *domain;
    struct iommu_attachment *attachment;
    uint64_t page;
    uint64_t before; /* pages before the map, with the device's tables */
};

static void doubt_begin(struct doubt *d)
{
    rig_open(&d->rig, &(struct rig_config){.vtd = {.timeout_ms = TIMEOUT_MS}});
    d->page = rig_page(&d->rig, 3);
    d->domain = domain_of(&d->rig, true);
    rig_attach(&d->rig, d->domain, 0, &d->attachment);
    d->before = rig_pages(&d->rig);
    assert_int_equal(iommu_map(d->domain, RIG_IOVA, d->page, RIG_PAGE, IOMMU_READ), 0);
}

static void doubt_end(struct doubt *d)
{
    rig_page_done(&d->rig, d->page);
    rig_close(&d->rig);
}

/* Hardware that did not confirm a detach may still walk from the top. */
static void test_B58_B60_a_top_table_in_doubt_stays(void **state)
{
    struct rig_stall stall;
    struct doubt d;
    (void)state;
    doubt_begin(&d);
    rig_stall_begin(&d.rig, &stall, 0);
    assert_int_equal(iommu_detach(d.attachment), -IOMMU_ETIMEDOUT);
    rig_stall_end(&d.rig);
    assert_int_equal(iommu_unmap(d.domain, RIG_IOVA, RIG_PAGE, NULL), 0);
    assert_int_equal(iommu_domain_trim(d.domain), 0);
    assert_true(has_top(&d.rig, d.domain));
    assert_int_equal(iommu_device_remove(d.rig.device[0]), 0);
    d.rig.device[0] = NULL;
    assert_int_equal(iommu_domain_trim(d.domain), 0);
    assert_false(has_top(&d.rig, d.domain));
    assert_int_equal(iommu_domain_free(d.domain), 0);
    doubt_end(&d);
}

/* What a sync that failed has kept goes with the domain, whether that has a top table or not. */
static void test_B45_B60_tables_in_doubt_outlive_the_top(void **state)
{
    struct rig_stall stall;
    struct doubt d;
    (void)state;
    doubt_begin(&d);
    rig_stall_begin(&d.rig, &stall, 0);
    assert_int_equal(iommu_unmap(d.domain, RIG_IOVA, RIG_PAGE, NULL), -IOMMU_ETIMEDOUT);
    rig_stall_end(&d.rig);
    assert_int_equal(iommu_detach(d.attachment), 0);
    assert_int_equal(iommu_domain_trim(d.domain), 0);
    assert_false(has_top(&d.rig, d.domain));
    assert_true(rig_pages(&d.rig) > d.before);
    assert_int_equal(iommu_domain_free(d.domain), 0);
    assert_int_equal(rig_pages(&d.rig), d.before);
    doubt_end(&d);
}

/* ---- what comes back from the stock */

/* Leaf tables that were emptied together: nothing of what linked them, then or in the stock, is in them afterwards. */
static void test_B80_tables_come_back_empty(void **state)
{
    const uint64_t mib2 = UINT64_C(2) << 20;
    struct rig rig;
    struct iommu_gather gather;
    (void)state;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 3);
    struct iommu_domain *domain = domain_of(&rig, false);
    for (unsigned round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 12; i++)
            assert_int_equal(iommu_map(domain, i * mib2 + 20 * RIG_PAGE, page, RIG_PAGE, IOMMU_READ), 0);
        for (uint64_t i = 0; round && i < 12; i++) {
            assert_int_equal(iommu_map(domain, i * mib2, page, 20 * RIG_PAGE, IOMMU_READ), 0);
            assert_int_equal(iommu_map(domain, i * mib2 + 21 * RIG_PAGE, page, mib2 - 21 * RIG_PAGE, IOMMU_READ), 0);
        }
        iommu_gather_init(&gather);
        for (uint64_t i = 0; !round && i < 12; i++)
            assert_int_equal(iommu_unmap(domain, i * mib2 + 20 * RIG_PAGE, RIG_PAGE, &gather), 0);
        assert_int_equal(iommu_sync(domain, &gather), 0);
    }
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

/* More than a page on top has room for, and more than the stock: what it does not hold is the host's. */
static void test_B80_the_stock_has_an_end(void **state)
{
    struct rig rig;
    (void)state;
    rig_open(&rig, &(struct rig_config){0});
    struct iommu_domain *domain = domain_of(&rig, false);
    uint64_t before = rig_pages(&rig);
    for (unsigned round = 0; round < 2; round++) {
        struct iommu_strict_counts counts;
        assert_int_equal(iommu_map(domain, 8 * GIB, RIG_PAGE, 3 * GIB, IOMMU_READ), 0);
        assert_int_equal(iommu_unmap(domain, 8 * GIB, 3 * GIB, NULL), 0);
        iommu_strict_counts(rig.strict, &counts);
        assert_int_equal(rig.iommu->table_pages.count, IOMMU_PT_STOCK_MAX);
        assert_true(counts.pages_live <= before + IOMMU_PT_STOCK_MAX + 3);
    }
    assert_int_equal(iommu_domain_trim(domain), 0);
    assert_int_equal(rig_pages(&rig), before);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

/* ---- threads: one maps, the other attaches */

struct work {
    struct iommu_domain *domain, *other;
    struct iommu_device *device;
    uint64_t page;
    const char *wrong; /* cmocka's assertions belong to the main thread */
};

#define EXPECT(condition)             \
    do {                              \
        if (!(condition)) {           \
            work->wrong = #condition; \
            return NULL;              \
        }                             \
    } while (0)

static void *map_and_unmap(void *argument)
{
    struct work *work = argument;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t pa = 0, iova = (1 + round % 3) * GIB;
        EXPECT(iommu_map(work->domain, iova, work->page, RIG_PAGE, IOMMU_READ) == 0);
        EXPECT(iommu_map(work->domain, 8 * GIB, work->page, (UINT64_C(2) << 20) + RIG_PAGE, IOMMU_READ) == 0);
        EXPECT(iommu_iova_to_phys(work->domain, iova, &pa) == 0 && pa == work->page);
        EXPECT(iommu_unmap(work->domain, iova, RIG_PAGE, NULL) == 0);
        EXPECT(iommu_unmap(work->domain, 8 * GIB, (UINT64_C(2) << 20) + RIG_PAGE, NULL) == 0);
    }
    return NULL;
}

/* By RID the attach looks for firmware's region in the table; the other domain has it, and takes from the same stock. */
static void *attach_and_detach(void *argument)
{
    struct work *work = argument;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct iommu_attachment *attachment = NULL;
        EXPECT(iommu_attach(work->domain, work->device, iommu_route_rid(), NULL, &attachment) == -IOMMU_EFAULT);
        EXPECT(iommu_map(work->other, 8 * GIB, work->page, UINT64_C(2) << 20, IOMMU_READ) == 0);
        EXPECT(iommu_attach(work->other, work->device, iommu_route_rid(), NULL, &attachment) == 0);
        EXPECT(iommu_unmap(work->other, 8 * GIB, UINT64_C(2) << 20, NULL) == 0);
        EXPECT(iommu_detach(attachment) == 0);
        EXPECT(iommu_attach(work->domain, work->device, iommu_route_any(), NULL, &attachment) == 0);
        EXPECT(iommu_detach(attachment) == 0);
    }
    return NULL;
}

static void test_B52_one_caller_maps_while_others_attach(void **state)
{
    struct rig rig;
    pthread_t thread;
    (void)state;
    rig_open(&rig, &(struct rig_config){.regions = &one_page, .region_count = 1});
    struct work work = {.domain = domain_of(&rig, true), .other = domain_of(&rig, true), .device = rig.device[0],
                        .page = rig_page(&rig, 3)};
    struct work mapping = work;
    assert_int_equal(iommu_map_reserved(work.other, rig.device[0]), 0);
    uint64_t before = rig_pages(&rig);
    assert_int_equal(pthread_create(&thread, NULL, map_and_unmap, &mapping), 0);
    attach_and_detach(&work);
    pthread_join(thread, NULL);
    assert_null(work.wrong);
    assert_null(mapping.wrong);
    assert_int_equal(iommu_domain_trim(work.domain), 0);
    assert_false(has_top(&rig, work.domain));
    assert_int_equal(rig_pages(&rig), before);
    assert_int_equal(iommu_domain_free(work.domain), 0);
    assert_int_equal(iommu_domain_free(work.other), 0);
    rig_page_done(&rig, work.page);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B80_one_caller_leaves_no_table),
        cmocka_unit_test(test_B80_several_callers_are_trimmed),
        cmocka_unit_test(test_B58_B60_a_top_table_in_doubt_stays),
        cmocka_unit_test(test_B45_B60_tables_in_doubt_outlive_the_top),
        cmocka_unit_test(test_B80_tables_come_back_empty),
        cmocka_unit_test(test_B80_the_stock_has_an_end),
        cmocka_unit_test(test_B52_one_caller_maps_while_others_attach),
    };
    return cmocka_run_group_tests_name("one_caller", tests, NULL, NULL);
}
