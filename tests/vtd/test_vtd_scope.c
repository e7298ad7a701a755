/* SPDX-License-Identifier: MIT */
/* platform: core */
/*
 * Which unit serves which device: endpoint and bridge scopes, paths through bridges, virtual functions,
 * the catch-all of a segment. The bus is a small table of bridges and one physical function.
 */
#include "tests/vtd/host.h"

#include <string.h>

#include "drivers/vtd/pci.h"
#include "drivers/vtd/vtd.h"

#define RID(bus, dev, fn) ((uint16_t)((bus) << 8 | (dev) << 3 | (fn)))

#define UNIT_A 0xfed90000u
#define UNIT_B 0xfed91000u

/* ---- the bus ------------------------------------------------------------------------------------- */

static const struct bridge {
    uint16_t rid;
    uint8_t secondary, subordinate;
} bridges[] = {
    {RID(0, 1, 0), 1, 4},
    {RID(1, 0, 0), 2, 3},
    {RID(0, 2, 0), 5, 5},
};

/* 05:00.0 has four virtual functions from 05:01.0 on, two numbers apart. */
#define PHYSICAL RID(5, 0, 0)
#define SRIOV    0x100u

static uint32_t physical_read(uint32_t offset)
{
    switch (offset) {
    case SRIOV:
        return 0x10010; /* SR-IOV, version 1, last */
    case SRIOV + 8:
        return 1; /* virtual functions enabled */
    case SRIOV + 0x10:
        return 4;
    case SRIOV + 0x14:
        return 2u << 16 | 8;
    default:
        return 0;
    }
}

static uint32_t pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    (void)ctx;
    if (segment != 0)
        return UINT32_MAX;
    for (unsigned i = 0; i < sizeof(bridges) / sizeof(bridges[0]); i++) {
        if (bridges[i].rid != rid)
            continue;
        if (offset == 0x0c)
            return 0x00010000; /* header type 1 */
        return offset == 0x18 ? (uint32_t)bridges[i].subordinate << 16 | bridges[i].secondary << 8 : 0;
    }
    return rid == PHYSICAL ? physical_read(offset) : UINT32_MAX;
}

/* ---- the table ----------------------------------------------------------------------------------- */

static uint8_t table[512];
static size_t length;

static void put(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        table[length++] = bytes[i];
}

static void start_table(void)
{
    static const char signature[] = {'D', 'M', 'A', 'R'};

    memset(table, 0, sizeof(table));
    memcpy(table, signature, sizeof(signature));
    table[8] = 1;
    table[36] = 47;
    length = 48;
}

/* Scopes are given as ready bytes. */
static void add_unit(uint32_t base, uint8_t flags, const uint8_t *scopes, size_t bytes)
{
    uint8_t head[16] = {0, 0, (uint8_t)(16 + bytes), 0, flags};

    memcpy(head + 8, &base, sizeof(base));
    put(head, sizeof(head));
    put(scopes, bytes);
}

static struct iommu_dmar finish_table(void)
{
    struct iommu_dmar dmar;
    uint32_t bytes = (uint32_t)length;
    uint8_t sum = 0;

    memcpy(table + 4, &bytes, sizeof(bytes));
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + table[i]);
    table[9] = (uint8_t)-sum;
    assert_int_equal(iommu_dmar_open(table, length, &dmar, NULL, NULL), 0);
    return dmar;
}

static struct test_host bench;

static uint64_t unit_of(const struct iommu_dmar *dmar, uint16_t segment, uint16_t rid, bool bus)
{
    struct iommu_platform platform = test_host_platform(&bench);
    struct iommu_dmar_record record;

    platform.pci_read32 = bus ? pci_read32 : NULL;
    return vtd_scope_find_unit(&platform, dmar, segment, rid, &record) ? record.base : 0;
}

/* ---- tests --------------------------------------------------------------------------------------- */

static void test_endpoint_scope_names_one_function(void **state)
{
    static const uint8_t scope[] = {1, 8, 0, 0, 0, 0, 3, 1};
    struct iommu_dmar dmar;

    start_table();
    add_unit(UNIT_A, 0, scope, sizeof(scope));
    dmar = finish_table();
    assert_int_equal(unit_of(&dmar, 0, RID(0, 3, 1), true), UNIT_A);
    assert_int_equal(unit_of(&dmar, 0, RID(0, 3, 1), false), UNIT_A);
    assert_int_equal(unit_of(&dmar, 0, RID(0, 3, 0), true), 0);
    assert_int_equal(unit_of(&dmar, 1, RID(0, 3, 1), true), 0);
}

static void test_bridge_scope_covers_all_below(void **state)
{
    static const uint8_t scope[] = {2, 8, 0, 0, 0, 0, 1, 0};
    struct iommu_dmar dmar;

    start_table();
    add_unit(UNIT_A, 0, scope, sizeof(scope));
    dmar = finish_table();
    assert_int_equal(unit_of(&dmar, 0, RID(0, 1, 0), true), UNIT_A);
    assert_int_equal(unit_of(&dmar, 0, RID(1, 0, 0), true), UNIT_A);
    assert_int_equal(unit_of(&dmar, 0, RID(4, 31, 7), true), UNIT_A);
    assert_int_equal(unit_of(&dmar, 0, RID(5, 0, 0), true), 0);
    assert_int_equal(unit_of(&dmar, 0, RID(1, 0, 0), false), 0); /* nobody to ask what is below */
}

/* An endpoint scope on a bridge means the bridge itself. */
static void test_endpoint_scope_on_a_bridge_means_just_it(void **state)
{
    static const uint8_t scope[] = {1, 8, 0, 0, 0, 0, 1, 0};
    struct iommu_dmar dmar;

    start_table();
    add_unit(UNIT_A, 0, scope, sizeof(scope));
    dmar = finish_table();
    assert_int_equal(unit_of(&dmar, 0, RID(0, 1, 0), true), UNIT_A);
    assert_int_equal(unit_of(&dmar, 0, RID(1, 0, 0), true), 0);
}

static void test_path_leads_through_secondary_buses(void **state)
{
    static const uint8_t scope[] = {1, 12, 0, 0, 0, 0, 1, 0, 0, 0, 9, 2};
    struct iommu_dmar dmar;

    start_table();
    add_unit(UNIT_A, 0, scope, sizeof(scope));
    dmar = finish_table();
    assert_int_equal(unit_of(&dmar, 0, RID(2, 9, 2), true), UNIT_A);
    assert_int_equal(unit_of(&dmar, 0, RID(0, 9, 2), true), 0);
    assert_int_equal(unit_of(&dmar, 0, RID(2, 9, 2), false), 0);
}

static void test_path_through_something_that_is_no_bridge_leads_nowhere(void **state)
{
    static const uint8_t scope[] = {1, 10, 0, 0, 0, 0, 7, 0, 9, 2};
    struct iommu_dmar dmar;

    start_table();
    add_unit(UNIT_A, 0, scope, sizeof(scope));
    dmar = finish_table();
    for (unsigned bus = 0; bus < 256; bus++)
        assert_int_equal(unit_of(&dmar, 0, RID(bus, 9, 2), true), 0);
}

static void test_pairs_that_are_no_function_are_nobodys(void **state)
{
    static const uint8_t scope[] = {1, 8, 0, 0, 0, 0, 32, 8};
    struct iommu_dmar dmar;

    start_table();
    add_unit(UNIT_A, 0, scope, sizeof(scope));
    dmar = finish_table();
    assert_int_equal(unit_of(&dmar, 0, RID(1, 1, 0), true), 0);
    assert_int_equal(unit_of(&dmar, 0, RID(0, 0, 0), true), 0);
}

static void test_catch_all_takes_the_rest_of_its_segment(void **state)
{
    static const uint8_t scope[] = {1, 8, 0, 0, 0, 0, 3, 0};
    struct iommu_dmar dmar;

    start_table();
    add_unit(UNIT_B, 1, NULL, 0); /* before the other: still the last resort */
    add_unit(UNIT_A, 0, scope, sizeof(scope));
    dmar = finish_table();
    assert_int_equal(unit_of(&dmar, 0, RID(0, 3, 0), true), UNIT_A);
    assert_int_equal(unit_of(&dmar, 0, RID(9, 3, 0), true), UNIT_B);
    assert_int_equal(unit_of(&dmar, 1, RID(9, 3, 0), true), 0);
}

static void test_virtual_functions_go_with_their_physical_one(void **state)
{
    static const uint8_t scope[] = {1, 8, 0, 0, 0, 5, 0, 0};
    struct iommu_dmar dmar;

    start_table();
    add_unit(UNIT_A, 0, scope, sizeof(scope));
    add_unit(UNIT_B, 1, NULL, 0);
    dmar = finish_table();
    assert_int_equal(unit_of(&dmar, 0, PHYSICAL, true), UNIT_A);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(unit_of(&dmar, 0, (uint16_t)(PHYSICAL + 8 + 2 * i), true), UNIT_A);
    assert_int_equal(unit_of(&dmar, 0, PHYSICAL + 9, true), UNIT_B);
    assert_int_equal(unit_of(&dmar, 0, PHYSICAL + 16, true), UNIT_B);
    assert_int_equal(unit_of(&dmar, 0, PHYSICAL + 1, true), UNIT_B);
}

/* A list of capabilities that runs in a circle comes to an end. */
static uint32_t circle(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    (void)ctx, (void)segment, (void)rid;
    return offset == 0x100 ? 0x10410001u : offset == 0x104 ? 0x10010001u : 0;
}

static void test_capabilities_in_a_circle_come_to_an_end(void **state)
{
    struct iommu_platform platform = test_host_platform(&bench);
    struct vtd_pci pci = {&platform, 0, 0};

    platform.pci_read32 = circle;
    assert_int_equal(vtd_pci_find_extended(&pci, 0x1b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoint_scope_names_one_function),
        cmocka_unit_test(test_bridge_scope_covers_all_below),
        cmocka_unit_test(test_endpoint_scope_on_a_bridge_means_just_it),
        cmocka_unit_test(test_path_leads_through_secondary_buses),
        cmocka_unit_test(test_path_through_something_that_is_no_bridge_leads_nowhere),
        cmocka_unit_test(test_pairs_that_are_no_function_are_nobodys),
        cmocka_unit_test(test_catch_all_takes_the_rest_of_its_segment),
        cmocka_unit_test(test_virtual_functions_go_with_their_physical_one),
        cmocka_unit_test(test_capabilities_in_a_circle_come_to_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
