/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_reserved.c - firmware's DMA into its reserved memory goes on: before the start, at it, while
 * somebody else has the device's RID, and afterwards. Nobody else gets in.
 */
#include "tests/stack/rig.h"

/* Memory below what the host hands out. */
#define REGION  UINT64_C(0x80000)
#define PRESENT UINT64_C(1)

static const struct iommu_model_region_config one_page = {
    .base = REGION, .limit = REGION + 0xfff, .rid = 1 << 3};

static void fill(struct rig *rig, uint64_t first, uint64_t pages)
{
    for (uint64_t pa = first; pa < first + pages * RIG_PAGE; pa += RIG_PAGE)
        for (unsigned i = 0; i < RIG_PAGE / 8; i++)
            rig_words(rig, pa)[i] = pa;
}

static void firmware_works(struct rig *rig)
{
    rig_assert_reads(rig, 0, IOMMU_NO_PASID, REGION + 8, REGION);
    assert_true(rig_write(rig, 0, IOMMU_NO_PASID, REGION, REGION));
}

/*
 * At the write that switches translation on, the way to the region must be there. 018h: commands,
 * bit 31.
 */
struct switching {
    bool seen, ready, scalable;
};

static void watch_switch(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct switching *switching = rig->probe_ctx;
    if (moment != RIG_WRITE32 || address != rig_unit_base(0) + 0x18 || (value >> 31 & 1) == 0)
        return;
    uint64_t entry = switching->scalable ? rig_pasid_entry(rig, 0, rig_rid(0), 0)
                                         : rig_context_entry(rig, 0, rig_rid(0));
    switching->seen = true;
    switching->ready = entry != 0 && (rig_physical64(rig, entry) & PRESENT) != 0;
}

static void across_the_start(const struct rig_config *config, bool scalable)
{
    struct rig rig;
    struct switching switching = {.scalable = scalable};
    rig_open_hardware(&rig, config);
    fill(&rig, REGION, 2);
    firmware_works(&rig);
    assert_int_equal(rig_create_driver(&rig), 0);
    rig_add_devices(&rig);
    firmware_works(&rig);
    rig_watch(&rig, watch_switch, &switching);
    assert_int_equal(iommu_start(rig.iommu), 0);
    rig_watch(&rig, NULL, NULL);
    assert_true(switching.seen);
    assert_true(switching.ready);

    firmware_works(&rig);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, REGION + RIG_PAGE, false);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, REGION - RIG_PAGE, false);
    for (unsigned i = 1; i < RIG_DEVICES; i++) {
        rig_assert_blocked(&rig, i, IOMMU_NO_PASID, REGION, false);
        rig_assert_blocked(&rig, i, IOMMU_NO_PASID, REGION, true);
    }
    rig_close(&rig);
}

static void test_B71_firmware_dma_survives_the_start(void **state)
{
    across_the_start(&(struct rig_config){.regions = &one_page, .region_count = 1}, true);
    across_the_start(
        &(struct rig_config){.preset = "caching-mode", .regions = &one_page, .region_count = 1},
        true);
    across_the_start(
        &(struct rig_config){.preset = "scalable-first", .regions = &one_page, .region_count = 1},
        true);
    across_the_start(
        &(struct rig_config){.preset = "legacy", .regions = &one_page, .region_count = 1}, false);
    across_the_start(
        &(struct rig_config){.preset = "legacy-no-queue", .regions = &one_page, .region_count = 1},
        false);
}

static void whose_rid(const struct rig_config *config)
{
    struct rig rig;
    rig_open(&rig, config);
    fill(&rig, REGION, 1);
    uint64_t page = rig_page(&rig, 1), pa;
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_AUTO, RIG_IOVA, page);
    struct iommu_attachment *attachment;

    /* Without the region: refused, and firmware goes on. */
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &attachment),
                     -IOMMU_EFAULT);
    firmware_works(&rig);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, false);
    assert_int_equal(iommu_lookup(rig.device[0], IOMMU_NO_PASID, &attachment), -IOMMU_ENOENT);

    assert_int_equal(iommu_map_reserved(domain, rig.device[0]), 0);
    assert_int_equal(iommu_map_reserved(domain, rig.device[0]), 0); /* it is there already */
    assert_int_equal(iommu_iova_to_phys(domain, REGION + 5, &pa), 0);
    assert_int_equal(pa, REGION + 5);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &attachment), 0);
    firmware_works(&rig);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, 1);

    /* Out of it again: the library's own domain takes over, with nothing else in it. */
    assert_int_equal(iommu_detach(attachment), 0);
    firmware_works(&rig);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, false);

    /* And nothing is left when the device is gone. */
    assert_int_equal(iommu_device_remove(rig.device[0]), 0);
    rig.device[0] = NULL;
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, REGION, false);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B71_firmware_dma_survives_the_device_s_ordinary_domain(void **state)
{
    whose_rid(&(struct rig_config){.regions = &one_page, .region_count = 1});
    whose_rid(
        &(struct rig_config){.preset = "caching-mode", .regions = &one_page, .region_count = 1});
    whose_rid(&(struct rig_config){.preset = "legacy", .regions = &one_page, .region_count = 1});
    whose_rid(
        &(struct rig_config){.preset = "legacy-no-queue", .regions = &one_page, .region_count = 1});
}

static void test_B71_read_only_is_not_enough(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.regions = &one_page, .region_count = 1});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_map(domain, REGION, REGION, RIG_PAGE, IOMMU_READ), 0);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &attachment),
                     -IOMMU_EFAULT);
    assert_int_equal(iommu_unmap(domain, REGION, RIG_PAGE, NULL), 0);
    assert_int_equal(
        iommu_map(domain, REGION, REGION + RIG_PAGE, RIG_PAGE, IOMMU_READ | IOMMU_WRITE), 0);
    assert_int_equal(iommu_map_reserved(domain, rig.device[0]), -IOMMU_EEXIST);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &attachment),
                     -IOMMU_EFAULT);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static void test_B55_B71_replace_into_a_domain_without_the_region(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.regions = &one_page, .region_count = 1});
    fill(&rig, REGION, 1);
    struct iommu_domain *with = rig_domain(&rig, IOMMU_STAGE_SECOND),
                        *without = rig_domain(&rig, IOMMU_STAGE_SECOND);
    struct iommu_attachment *attachment;
    assert_int_equal(iommu_map_reserved(with, rig.device[0]), 0);
    assert_int_equal(iommu_attach(with, rig.device[0], iommu_route_rid(), NULL, &attachment), 0);
    assert_int_equal(iommu_replace(attachment, without), -IOMMU_EFAULT);
    assert_ptr_equal(iommu_attachment_domain(attachment), with);
    firmware_works(&rig);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(with), 0);
    assert_int_equal(iommu_domain_free(without), 0);
    rig_close(&rig);
}

/* Tagged requests are not firmware's: a domain for them needs no region, and does not get at it. */
static void test_B71_auxiliary_domains_are_not_concerned(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.regions = &one_page, .region_count = 1});
    fill(&rig, REGION, 1);
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_attachment *attachment;
    uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
    rig_assert_reads(&rig, 0, pasid, RIG_IOVA, 1);
    rig_assert_blocked(&rig, 0, pasid, REGION, false);
    firmware_works(&rig);
    assert_int_equal(iommu_detach(attachment), 0);
    firmware_works(&rig);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

static void test_B71_bounds_are_rounded_outwards(void **state)
{
    static const struct iommu_model_region_config crooked[] = {
        {.base = REGION + 0x800, .limit = REGION + 0x17ff, .rid = 1 << 3},
        /* shares a page with the first */
        {.base = REGION + 0x1800, .limit = REGION + 0x1fff, .rid = 1 << 3},
        /* two bytes, two pages */
        {.base = REGION + 0x5fff, .limit = REGION + 0x6000, .rid = 2 << 3},
    };
    struct rig rig;
    rig_open(&rig, &(struct rig_config){.regions = crooked, .region_count = 3});
    fill(&rig, REGION - RIG_PAGE, 10);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, REGION, REGION);
    rig_assert_reads(&rig, 0, IOMMU_NO_PASID, REGION + 0x1ff8, REGION + RIG_PAGE);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, REGION - 8, false);
    rig_assert_blocked(&rig, 0, IOMMU_NO_PASID, REGION + 0x2000, false);
    rig_assert_reads(&rig, 1, IOMMU_NO_PASID, REGION + 0x5000, REGION + 0x5000);
    rig_assert_reads(&rig, 1, IOMMU_NO_PASID, REGION + 0x6ff8, REGION + 0x6000);
    rig_assert_blocked(&rig, 1, IOMMU_NO_PASID, REGION + 0x7000, false);
    rig_assert_blocked(&rig, 1, IOMMU_NO_PASID, REGION, false);
    rig_close(&rig);
}

struct told {
    unsigned direct, windows;
    uint64_t first, last;
};

static int note_region(void *ctx, const struct iommu_reserved_region *region)
{
    struct told *told = ctx;
    if (region->type == IOMMU_RESERVED_MSI) {
        told->windows++;
        assert_int_equal(region->first, 0xfee00000);
        assert_int_equal(region->last, 0xfeefffff);
        return 0;
    }
    told->direct++;
    told->first = region->first;
    told->last = region->last;
    assert_int_equal(region->prot & (IOMMU_READ | IOMMU_WRITE), IOMMU_READ | IOMMU_WRITE);
    return 0;
}

static int stop_at_once(void *ctx, const struct iommu_reserved_region *region)
{
    return 4711;
}

static void test_B71_regions_are_told(void **state)
{
    struct rig rig;
    struct told told = {0}, other = {0};
    rig_open(&rig, &(struct rig_config){.regions = &one_page, .region_count = 1});
    assert_int_equal(iommu_for_each_reserved(rig.device[0], note_region, &told), 0);
    assert_int_equal(told.direct, 1);
    assert_int_equal(told.windows, 1);
    assert_int_equal(told.first, REGION);
    assert_int_equal(told.last, REGION + 0xfff);
    assert_int_equal(iommu_for_each_reserved(rig.device[1], note_region, &other), 0);
    assert_int_equal(other.direct, 0);
    assert_int_equal(other.windows, 1);
    assert_int_equal(iommu_for_each_reserved(rig.device[1], stop_at_once, NULL), 4711);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B71_firmware_dma_survives_the_start),
        cmocka_unit_test(test_B71_firmware_dma_survives_the_device_s_ordinary_domain),
        cmocka_unit_test(test_B71_read_only_is_not_enough),
        cmocka_unit_test(test_B55_B71_replace_into_a_domain_without_the_region),
        cmocka_unit_test(test_B71_auxiliary_domains_are_not_concerned),
        cmocka_unit_test(test_B71_bounds_are_rounded_outwards),
        cmocka_unit_test(test_B71_regions_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
