/* SPDX-License-Identifier: MIT */
/*
 * QEMU's VT-d with tables made by hand and edu's DMA through them: that the QEMU host carries a
 * driver, and that the constants in spec/ mean to QEMU what they say. None of the library's driver
 * runs here.
 *
 * platform: qemu
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/qemu/by_hand.h"

#define IOVA ((uint64_t)0x123456789000)
#define STAGE_IOVA \
    ((uint64_t)0x7FFFFFFFF000) /* the last page of a domain: below 2^47 for any QEMU */
#define READ     1u
#define WRITE    2u
#define NO_WRITE 0x05
#define NO_READ  0x06

struct rig {
    struct by_hand unit;
    struct iommu_qemu *qemu;
};

static void rig_start(struct rig *rig, bool scalable, unsigned devices)
{
    struct iommu_qemu_config config = {.scalable = scalable, .devices = devices};
    const char *why;
    int result = iommu_qemu_create(&config, &rig->qemu, &why);

    if (result == -IOMMU_ENODEV) {
        print_message("skipped: %s\n", why);
        skip();
    }
    if (result)
        fail_msg("%s", why);
    by_hand_start(&rig->unit, rig->qemu, scalable);
}

/* A domain for device `index`, in which it reaches its staging page and nothing else yet. */
static uint64_t domain_for(struct rig *rig, unsigned index, uint16_t did)
{
    uint64_t top = by_hand_page(&rig->unit);

    by_hand_map(&rig->unit, top, STAGE_IOVA, iommu_qemu_stage(rig->qemu, index, STAGE_IOVA, 0),
                READ | WRITE);
    by_hand_attach(&rig->unit, iommu_qemu_device_rid(rig->qemu, index), top, did);
    return top;
}

static uint8_t *memory(struct rig *rig, uint64_t pa)
{
    return iommu_posix_memory(iommu_qemu_posix(rig->qemu), pa, 4096);
}

static void expect_fault(struct rig *rig, unsigned index, uint64_t page, unsigned reason, bool read)
{
    struct by_hand_fault fault;

    assert_true(by_hand_fault(&rig->unit, &fault));
    assert_int_equal(fault.rid, iommu_qemu_device_rid(rig->qemu, index));
    assert_true(fault.page == page);
    assert_int_equal(fault.reason, reason);
    assert_int_equal(fault.read, read);
}

static void expect_no_fault(struct rig *rig)
{
    struct by_hand_fault fault;

    assert_false(by_hand_fault(&rig->unit, &fault));
}

static void expect_write(struct rig *rig, unsigned index, uint64_t iova, const char *text,
                         bool lands, uint64_t pa)
{
    char data[32] = "";

    strncpy(data, text, sizeof data - 1);
    memset(memory(rig, pa), 0xEE, 4096);
    assert_int_equal(iommu_qemu_dma(rig->qemu, index, iova + 16, data, sizeof data, true), 0);
    assert_int_equal(memcmp(memory(rig, pa) + 16, data, sizeof data) == 0, lands);
    assert_int_equal(memory(rig, pa)[lands ? 15 : 16], 0xEE);
}

static void mapped_lands_unmapped_faults(bool scalable)
{
    struct rig rig;
    uint64_t top, page, other;
    char data[32] = "x";

    rig_start(&rig, scalable, 1);
    top = domain_for(&rig, 0, 7);
    page = by_hand_page(&rig.unit);
    other = by_hand_page(&rig.unit);
    by_hand_map(&rig.unit, top, IOVA, page, READ | WRITE);
    by_hand_map(&rig.unit, top, IOVA + 4096, other, READ);
    by_hand_enable(&rig.unit);

    expect_write(&rig, 0, IOVA, "a page that is mapped", true, page);
    memcpy(memory(&rig, page), "read me", 8);
    assert_int_equal(iommu_qemu_dma(rig.qemu, 0, IOVA, data, sizeof data, false), 0);
    assert_string_equal(data, "read me");
    expect_no_fault(&rig);

    expect_write(&rig, 0, page, "its physical address", false, page);
    expect_fault(&rig, 0, page, NO_WRITE, false);
    expect_write(&rig, 0, IOVA + 4096, "a page to be read only", false, other);
    expect_fault(&rig, 0, IOVA + 4096, NO_WRITE, false);
    assert_int_equal(iommu_qemu_dma(rig.qemu, 0, IOVA + 4096, data, sizeof data, false), 0);
    assert_int_equal((uint8_t)data[0], 0xEE);
    expect_no_fault(&rig);

    assert_int_equal(iommu_qemu_dma(rig.qemu, 0, IOVA + 8192, data, sizeof data, false), 0);
    assert_memory_equal(data, (char[32]){0}, sizeof data); /* what a blocked read gives */
    expect_fault(&rig, 0, IOVA + 8192, NO_READ, true);
    iommu_qemu_destroy(rig.qemu);
}

static void test_qemu_vtd_scalable_by_hand(void **state)
{
    mapped_lands_unmapped_faults(true);
}

static void test_qemu_vtd_legacy_by_hand(void **state)
{
    mapped_lands_unmapped_faults(false);
}

static void test_qemu_vtd_unmap_and_invalidate(void **state)
{
    struct rig rig;
    uint64_t top, page;

    rig_start(&rig, true, 1);
    top = domain_for(&rig, 0, 7);
    page = by_hand_page(&rig.unit);
    by_hand_map(&rig.unit, top, IOVA, page, READ | WRITE);
    by_hand_enable(&rig.unit);
    expect_write(&rig, 0, IOVA, "before", true, page);
    by_hand_map(&rig.unit, top, IOVA, page, 0);
    by_hand_invalidate_page(&rig.unit, 7, IOVA);
    expect_write(&rig, 0, IOVA, "after", false, page);
    expect_fault(&rig, 0, IOVA, NO_WRITE, false);
    iommu_qemu_destroy(rig.qemu);
}

/* The same address in two domains: two pages. */
static void two_domains(bool scalable)
{
    struct rig rig;
    uint64_t tops[2], pages[2];
    unsigned i;

    rig_start(&rig, scalable, 2);
    for (i = 0; i < 2; i++) {
        tops[i] = domain_for(&rig, i, (uint16_t)(i + 1));
        pages[i] = by_hand_page(&rig.unit);
        by_hand_map(&rig.unit, tops[i], IOVA, pages[i], READ | WRITE);
    }
    by_hand_enable(&rig.unit);
    for (i = 0; i < 4; i++) {
        memset(memory(&rig, pages[!(i & 1)]), 0x11, 4096);
        expect_write(&rig, i & 1, IOVA, "mine", true, pages[i & 1]);
        assert_int_equal(memory(&rig, pages[!(i & 1)])[16], 0x11);
    }
    expect_no_fault(&rig);
    iommu_qemu_destroy(rig.qemu);
}

static void test_qemu_vtd_two_domains_scalable(void **state)
{
    two_domains(true);
}

static void test_qemu_vtd_two_domains_legacy(void **state)
{
    two_domains(false);
}

/* A device without a context entry: nothing gets through, and one transfer alone shows it. */
static void test_qemu_vtd_no_context_blocks(void **state)
{
    struct by_hand_fault fault;
    struct rig rig;
    uint64_t page;

    rig_start(&rig, true, 2);
    domain_for(&rig, 0, 1);
    page = by_hand_page(&rig.unit);
    memset(memory(&rig, page), 0x11, 4096);
    by_hand_enable(&rig.unit);
    assert_int_equal(iommu_qemu_transfer(rig.qemu, 1, page, 256, true), 0);
    assert_int_equal(memory(&rig, page)[0], 0x11);
    assert_true(by_hand_fault(&rig.unit, &fault));
    assert_int_equal(fault.rid, iommu_qemu_device_rid(rig.qemu, 1));
    iommu_qemu_destroy(rig.qemu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_qemu_vtd_scalable_by_hand),
        cmocka_unit_test(test_qemu_vtd_legacy_by_hand),
        cmocka_unit_test(test_qemu_vtd_unmap_and_invalidate),
        cmocka_unit_test(test_qemu_vtd_two_domains_scalable),
        cmocka_unit_test(test_qemu_vtd_two_domains_legacy),
        cmocka_unit_test(test_qemu_vtd_no_context_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
