/* SPDX-License-Identifier: MIT */
/* platform: core */
/*
 * test_mutants_firmware.c - what the world outside the unit says, at its edges: a configuration space of 4 KiB that a
 * test writes, and a DMAR table that ends where memory does.
 */
#include "tests/vtd/host.h"

#include <string.h>
#include <sys/mman.h>

#include "drivers/vtd/pci.h"
#include "iommukit/dmar.h"

/* ---- configuration space ---------------------------------------------------------------------------- */

#define RID 0x0100u /* 01:00.0 */

static uint32_t space[1024];
static bool gone;

static uint32_t pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    (void)ctx;
    (void)segment;
    return gone || rid != RID ? UINT32_MAX : space[offset / 4];
}

static struct iommu_platform platform;

static struct vtd_pci function(void)
{
    static struct test_host host;
    memset(space, 0, sizeof space);
    gone = false;
    platform = test_host_platform(&host);
    platform.pci_read32 = pci_read32;
    return (struct vtd_pci){.platform = &platform, .rid = RID};
}

static void test_list_of_capabilities(void **state)
{
    struct vtd_pci pci = function();
    space[0x34 / 4] = 0x50;
    space[0x50 / 4] = 0x6005;
    space[0x60 / 4] = 0x0010;
    assert_int_equal(vtd_pci_find(&pci, 0x10), 0); /* the status register knows of no list */
    space[1] = 0x00100000;
    assert_int_equal(vtd_pci_find(&pci, 0x10), 0x60);
    assert_int_equal(vtd_pci_find(&pci, 0x05), 0x50);
    assert_int_equal(vtd_pci_find(&pci, 0x11), 0);
    assert_int_equal(vtd_pci_find(&pci, 0xff), 0);
    space[0x60 / 4] = UINT32_MAX; /* where nothing answers is no capability FFh */
    assert_int_equal(vtd_pci_find(&pci, 0xff), 0);
}

static void test_bridges(void **state)
{
    struct vtd_pci pci = function();
    uint32_t first = 0, last = 0;
    space[0x18 / 4] = 0x00040300;
    assert_false(vtd_pci_bridge(&pci, &first, &last)); /* an endpoint's header */
    space[0x0c / 4] = 0x00810000;                      /* of several functions */
    assert_true(vtd_pci_bridge(&pci, &first, &last));
    assert_int_equal(first, 3);
    assert_int_equal(last, 4);
    space[0x18 / 4] = UINT32_MAX;
    assert_false(vtd_pci_bridge(&pci, &first, &last));
    space[0x18 / 4] = 0x00040300;
    gone = true;
    assert_false(vtd_pci_bridge(&pci, &first, &last));
}

static void sriov(uint32_t control, uint32_t count, uint32_t first, uint32_t stride)
{
    space[0x100 / 4] = 0x00010010;
    space[0x108 / 4] = control;
    space[0x110 / 4] = count;
    space[0x114 / 4] = stride << 16 | first;
}

static void test_virtual_functions(void **state)
{
    struct vtd_pci pci = function();
    assert_false(vtd_pci_has_virtual(&pci, RID + 8));
    sriov(1, 3, 8, 2);
    for (uint16_t at = 0; at < 16; at++)
        assert_int_equal(vtd_pci_has_virtual(&pci, (uint16_t)(RID + at)),
                         at == 8 || at == 10 || at == 12);
    assert_false(vtd_pci_has_virtual(&pci, RID - 2));
    sriov(0, 3, 8, 2); /* not enabled */
    assert_false(vtd_pci_has_virtual(&pci, RID + 8));
    sriov(1, 0, 8, 2);
    assert_false(vtd_pci_has_virtual(&pci, RID + 8));
    sriov(1, 0, 8, 0);
    assert_false(vtd_pci_has_virtual(&pci, RID + 8));
    sriov(1, 1, 8, 0); /* the stride of one is none */
    assert_true(vtd_pci_has_virtual(&pci, RID + 8));
    assert_false(vtd_pci_has_virtual(&pci, RID + 9));
}

/* ---- the end of a table ----------------------------------------------------------------------------- */

/* Bytes right before a page that nobody may touch. */
static uint8_t *at_the_end(size_t bytes)
{
    uint8_t *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + 4096, 4096, PROT_NONE), 0);
    return pages + 4096 - bytes;
}

static void seal(uint8_t *table, uint32_t length)
{
    uint8_t sum = 0;
    memcpy(table, "DMAR", 4);
    memcpy(table + 4, &length, 4);
    table[8] = 1;
    table[36] = 47;
    for (uint32_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + table[i]);
    table[9] = (uint8_t)(table[9] - sum);
}

/* A whole unit, and then the beginning of a record. */
static void test_record_cut_short(void **state)
{
    for (uint32_t more = 1; more < 4; more++) {
        uint32_t length = 64 + more;
        uint8_t *table = at_the_end(length);
        struct iommu_dmar dmar;
        memcpy(table + 48, (const uint8_t[]){0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe}, 12);
        seal(table, length);
        (void)iommu_dmar_open(table, length, &dmar, NULL, NULL);
    }
}

/* The same with a unit's scope. */
static void test_scope_cut_short(void **state)
{
    for (uint8_t more = 1; more < 6; more++) {
        uint32_t length = 64 + more;
        uint8_t *table = at_the_end(length);
        struct iommu_dmar dmar;
        memcpy(table + 48,
               (const uint8_t[]){0, 0, (uint8_t)(16 + more), 0, 0, 0, 0, 0, 0, 0, 0xd9, 0xfe}, 12);
        table[64] = 1;
        seal(table, length);
        (void)iommu_dmar_open(table, length, &dmar, NULL, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_of_capabilities), cmocka_unit_test(test_bridges),
        cmocka_unit_test(test_virtual_functions),    cmocka_unit_test(test_record_cut_short),
        cmocka_unit_test(test_scope_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
