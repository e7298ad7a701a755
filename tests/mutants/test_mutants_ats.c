/* SPDX-License-Identifier: MIT */
/* platform: core */
/*
 * test_mutants_ats.c - which devices may keep translations: what the endpoint says of itself, and what firmware says of
 * the way to it (ATSR: root ports that pass ATS; SATC: integrated devices). A bus of four functions, and a table
 * of bytes.
 */
#include "tests/vtd/host.h"

#include <string.h>

#include "drivers/vtd/vtd.h"

#define INTEGRATED   0x0018u /* 00:03.0 */
#define UNALIGNED    0x0020u /* 00:04.0: integrated too, but its requests may start anywhere */
#define BEHIND       0x0100u /* 01:00.0, below the root port 00:01.0 */
#define BEHIND_OTHER 0x0200u /* 02:00.0, below 00:02.0 */
#define PORT         0x0008u
#define OTHER_PORT   0x0010u
#define ATS_OFFSET   0x100u

/* ---- the bus ---------------------------------------------------------------------------------------- */

static uint32_t port_read(uint32_t bus, uint32_t offset)
{
    return offset == 0x0c ? 0x00010000 : offset == 0x18 ? bus << 16 | bus << 8 : 0;
}

static uint32_t pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    bool integrated = rid == INTEGRATED || rid == UNALIGNED;
    (void)ctx;
    if (segment != 0)
        return UINT32_MAX;
    if (rid == PORT || rid == OTHER_PORT)
        return port_read(rid == PORT ? 1 : 2, offset);
    switch (offset) {
    case 0x04:
        return 0x00100000; /* there is a list */
    case 0x34:
        return 0x40;
    case 0x40: /* PCI Express: an endpoint, integrated or not */
        return (integrated ? 0x92u : 0x02u) << 16 | 0x10;
    case ATS_OFFSET:
        return 0x0001000f;
    case ATS_OFFSET + 4:
        return rid == UNALIGNED ? 0 : 1u << 5; /* aligned requests */
    default:
        return 0;
    }
}

/* ---- the table -------------------------------------------------------------------------------------- */

struct table {
    uint8_t bytes[256];
    uint32_t length;
};

static void record(struct table *table, uint8_t type, uint8_t flags, uint8_t segment,
                   const uint8_t *scope)
{
    uint8_t *at = table->bytes + table->length;
    at[0] = type;
    at[2] = scope != NULL ? 16 : 8;
    at[4] = flags;
    at[6] = segment;
    if (scope != NULL)
        memcpy(at + 8, scope, 8);
    table->length += at[2];
}

static void start(struct table *table)
{
    memset(table, 0, sizeof *table);
    memcpy(table->bytes, "DMAR", 4);
    table->bytes[8] = 1;
    table->bytes[36] = 47;
    memcpy(table->bytes + 48, (const uint8_t[]){0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe},
           12); /* a unit */
    table->length = 64;
}

static const uint8_t port_scope[8] = {2, 8, 0, 0, 0, 0, 1, 0};
static const uint8_t device_scope[8] = {1, 8, 0, 0, 0, 0, 3, 0};

enum { ATSR = 2, SATC = 5 };

/* ---- a device on a unit ----------------------------------------------------------------------------- */

struct scene {
    struct test_host host;
    struct iommu_platform platform;
    struct iommu iommu;
    struct vtd vtd;
    struct vtd_unit unit;
    struct vtd_device device;
    uint64_t ring;
};

static bool may(struct table *table, uint16_t rid, bool scalable)
{
    struct scene scene = {.unit = {.scalable = scalable, .ecap = VTD_ECAP_DT}};
    uint8_t sum = 0;
    memcpy(table->bytes + 4, &table->length, 4);
    table->bytes[9] = 0;
    for (uint32_t i = 0; i < table->length; i++)
        sum = (uint8_t)(sum + table->bytes[i]);
    table->bytes[9] = (uint8_t)-sum;
    assert_int_equal(iommu_dmar_open(table->bytes, table->length, &scene.vtd.dmar, NULL, NULL), 0);
    scene.platform = test_host_platform(&scene.host);
    scene.platform.pci_read32 = pci_read32;
    scene.unit.platform = scene.iommu.platform = &scene.platform;
    scene.unit.vtd = &scene.vtd;
    scene.unit.queue.ring = &scene.ring;
    scene.device.unit = &scene.unit;
    scene.device.base.iommu = &scene.iommu;
    scene.device.base.config.rid = rid;
    vtd_endpoint_read(&scene.device);
    return vtd_ats_may(&scene.device);
}

static void test_B59_integrated_devices_need_no_port(void **state)
{
    struct table table;
    start(&table);
    assert_true(may(&table, INTEGRATED, true));
    assert_false(may(&table, BEHIND, true)); /* firmware names no port */
}

static void test_B59_device_that_does_not_align_its_requests(void **state)
{
    struct table table;
    start(&table);
    assert_false(may(&table, UNALIGNED, true));
}

static void test_B59_only_below_ports_that_firmware_names(void **state)
{
    struct table table;
    start(&table);
    record(&table, ATSR, 0, 0, port_scope);
    assert_true(may(&table, BEHIND, true));
    assert_false(may(&table, BEHIND_OTHER, true));
}

static void test_B59_all_ports_of_the_segment(void **state)
{
    struct table table;
    start(&table);
    record(&table, ATSR, 1, 1, NULL); /* another segment */
    assert_false(may(&table, BEHIND, true));
    record(&table, ATSR, 1, 0, NULL);
    assert_true(may(&table, BEHIND, true));
    assert_true(may(&table, BEHIND_OTHER, true));
}

/* In legacy mode hardware itself looks after a device that cannot do without its cache. */
static void test_B59_cache_that_the_device_requires(void **state)
{
    struct table table;
    start(&table);
    record(&table, SATC, 1, 0, device_scope);
    assert_true(may(&table, INTEGRATED, true));
    assert_false(may(&table, INTEGRATED, false));
    start(&table);
    record(&table, SATC, 0, 0, device_scope);
    assert_true(may(&table, INTEGRATED, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B59_integrated_devices_need_no_port),
        cmocka_unit_test(test_B59_device_that_does_not_align_its_requests),
        cmocka_unit_test(test_B59_only_below_ports_that_firmware_names),
        cmocka_unit_test(test_B59_all_ports_of_the_segment),
        cmocka_unit_test(test_B59_cache_that_the_device_requires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
