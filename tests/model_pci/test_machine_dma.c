/* SPDX-License-Identifier: MIT */
/*
 * Devices' requests in a machine of models: through which unit, under which requester id, page by
 * page, with a PASID or not at all. The translation tables are laid out by hand. platform: model
 */
#include "tests/model_pci/world.h"

#include <string.h>

#define ROOT   0x100000u /* tables, by physical address; each a page */
#define BUFFER 0x200000u
#define FAULTS 0x400u /* of the preset's fault records */

static int setup(void **state)
{
    static struct world world;
    unsigned index;

    world_describe(&world);
    world_open(&world);
    for (index = 0; index < WORLD_FUNCTIONS; index++)
        world_set_command(&world, index, 6);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static uint64_t *words(struct world *world, uint64_t pa)
{
    return iommu_posix_memory(world->memory, pa, 4096);
}

/* Legacy tables of one bus: every device function 0 of that bus into one 48-bit second-stage table,
 * whose first level-1 table is at ROOT + 5000h. */
static void make_tables(struct world *world, size_t bus)
{
    size_t device;

    words(world, ROOT)[2 * bus] = (ROOT + 0x1000) | 1;
    for (device = 0; device < 256; device += 8) {
        words(world, ROOT + 0x1000)[2 * device] = (ROOT + 0x2000) | 1;
        words(world, ROOT + 0x1000)[2 * device + 1] = 7 << 8 | 2;
    }
    words(world, ROOT + 0x2000)[0] = (ROOT + 0x3000) | 3;
    words(world, ROOT + 0x3000)[0] = (ROOT + 0x4000) | 3;
    words(world, ROOT + 0x4000)[0] = (ROOT + 0x5000) | 3;
}

static void map(struct world *world, uint64_t iova, uint64_t pa, unsigned rights)
{
    words(world, ROOT + 0x5000)[iova >> 12] = pa | rights;
}

static void switch_on(struct world *world, unsigned unit)
{
    uint64_t base = WORLD_UNIT_BASE + 0x10000 * unit;

    iommu_model_machine_write64(world->machine, base + 0x20, ROOT);
    iommu_model_machine_write32(world->machine, base + 0x18, 1u << 30);
    assert_int_equal(iommu_model_machine_read32(world->machine, base + 0x1C), 1u << 30);
    iommu_model_machine_write32(world->machine, base + 0x18, 1u << 31);
    assert_int_equal(iommu_model_machine_read32(world->machine, base + 0x1C), 3u << 30);
}

/* Requester id and reason in a unit's first fault record. */
static uint64_t fault_record(struct world *world, unsigned unit)
{
    return iommu_model_machine_read64(world->machine,
                                      WORLD_UNIT_BASE + 0x10000 * unit + FAULTS + 8);
}

/* ---- without translation ------------------------------------------------------------------ */

static void test_machine_dma_reaches_memory_as_it_is_at_first(void **state)
{
    struct world *world = *state;
    uint8_t data[10000], back[10000];
    struct iommu_model_machine_stats stats;
    struct iommu_model_result last;

    memset(data, 0x5A, sizeof(data));
    assert_true(
        world_dma(world, WORLD_ENDPOINT, BUFFER + 100, true, data, sizeof(data), NULL, &last));
    assert_int_equal(last.outcome, IOMMU_MODEL_OK);
    assert_memory_equal(iommu_posix_memory(world->memory, BUFFER + 100, sizeof(data)), data,
                        sizeof(data));
    assert_true(world_dma(world, WORLD_PORT, BUFFER + 100, false, back, sizeof(back), NULL, NULL));
    assert_memory_equal(back, data, sizeof(data));
    iommu_model_machine_stats(world->machine, &stats);
    assert_int_equal(stats.requests, 6);
    assert_int_equal(stats.bytes_written, sizeof(data));
    assert_int_equal(stats.bytes_read, sizeof(data));
}

static void test_machine_dma_without_bus_mastering(void **state)
{
    struct world *world = *state;
    struct iommu_model_machine_stats stats;
    struct iommu_model_dma_result result;
    struct iommu_model_result last;
    uint32_t value = 1;

    world_set_command(world, WORLD_ENDPOINT, 2);
    assert_false(world_dma(world, WORLD_ENDPOINT, BUFFER, true, &value, 4, &result, &last));
    assert_int_equal(result.done, 0);
    assert_true(result.fault_address == BUFFER);
    assert_int_equal(last.outcome, IOMMU_MODEL_UNSUPPORTED);
    assert_int_equal(words(world, BUFFER)[0], 0);
    iommu_model_machine_stats(world->machine, &stats);
    assert_int_equal(stats.withheld, 1);
    assert_int_equal(stats.requests, 0);
}

static void test_machine_dma_where_no_memory_is(void **state)
{
    struct world *world = *state;
    struct iommu_model_dma_result result;
    uint8_t data[8192] = {0};

    assert_false(
        world_dma(world, WORLD_ENDPOINT, WORLD_RAM - 4096, false, data, 8192, &result, NULL));
    assert_int_equal(result.done, 4096);
    assert_true(result.fault_address == WORLD_RAM);
}

static void test_machine_dma_over_the_end_of_addresses(void **state)
{
    struct world *world = *state;
    uint8_t data[16] = {0};

    assert_false(world_dma(world, WORLD_ENDPOINT, UINT64_MAX - 7, false, data, 16, NULL, NULL));
    assert_true(world_dma(world, WORLD_ENDPOINT, UINT64_MAX, false, data, 0, NULL, NULL));
}

static void test_machine_dma_of_no_function(void **state)
{
    struct world *world = *state;
    struct iommu_model_result last;
    uint8_t data;

    assert_false(world_dma(world, WORLD_FUNCTIONS, BUFFER, false, &data, 1, NULL, &last));
    assert_int_equal(last.outcome, IOMMU_MODEL_UNSUPPORTED);
}

static void test_machine_dma_behind_no_unit(void **state)
{
    struct world *world = *state;
    uint64_t value = 0x1122334455667788;

    switch_on(world, 0);
    switch_on(world, 1);
    assert_true(world_dma(world, WORLD_PORT_CONVENTIONAL, BUFFER + 1, true, &value, 8, NULL, NULL));
    assert_memory_equal(iommu_posix_memory(world->memory, BUFFER + 1, 8), &value, 8);
}

/* ---- translated --------------------------------------------------------------------------- */

static void test_machine_dma_is_split_and_translated_page_by_page(void **state)
{
    struct world *world = *state;
    uint8_t data[8192];
    size_t index;

    for (index = 0; index < sizeof(data); index++)
        data[index] = (uint8_t)(index / 32);
    make_tables(world, 0);
    map(world, 0x10000, BUFFER + 0x8000, 3);
    map(world, 0x11000, BUFFER + 0x3000, 3);
    map(world, 0x12000, BUFFER + 0x5000, 3);
    switch_on(world, 0);
    assert_true(world_dma(world, WORLD_ACCELERATOR, 0x10800, true, data, sizeof(data), NULL, NULL));
    assert_memory_equal(iommu_posix_memory(world->memory, BUFFER + 0x8800, 0x800), data, 0x800);
    assert_memory_equal(iommu_posix_memory(world->memory, BUFFER + 0x3000, 0x1000), data + 0x800,
                        0x1000);
    assert_memory_equal(iommu_posix_memory(world->memory, BUFFER + 0x5000, 0x800), data + 0x1800,
                        0x800);
}

static void test_machine_dma_stops_at_the_first_refused_page(void **state)
{
    struct world *world = *state;
    struct iommu_model_dma_result result;
    struct iommu_model_result last;
    uint8_t data[8192];

    memset(data, 0x77, sizeof(data));
    make_tables(world, 0);
    map(world, 0x10000, BUFFER + 0x8000, 3);
    map(world, 0x11000, BUFFER + 0x3000, 1);
    switch_on(world, 0);
    assert_false(world_dma(world, WORLD_ACCELERATOR, 0x10F00, true, data, 0x1000, &result, &last));
    assert_int_equal(result.done, 0x100);
    assert_true(result.fault_address == 0x11000);
    assert_int_equal(last.outcome, IOMMU_MODEL_BLOCKED);
    assert_int_equal(last.fault, 5);
    assert_int_equal(fault_record(world, 0) & 0xFFFF, 0x0008);
    assert_int_equal(words(world, BUFFER + 0x3000)[0], 0);
}

static void test_machine_dma_goes_through_the_functions_own_unit(void **state)
{
    struct world *world = *state;
    uint32_t value = 0xABCD;

    switch_on(world, 2); /* empty tables: everything is blocked there */
    assert_true(world_dma(world, WORLD_ENDPOINT, BUFFER, true, &value, 4, NULL, NULL));
    assert_false(world_dma(world, WORLD_SEGMENT_1, BUFFER, true, &value, 4, NULL, NULL));
    assert_int_equal(fault_record(world, 2) & 0xFFFF, 0x8000);
    assert_int_equal(fault_record(world, 0), 0);
}

/* Behind the bridge everybody is 05:00.0. */
static void test_machine_dma_carries_the_alias_of_a_conventional_bridge(void **state)
{
    struct world *world = *state;
    uint32_t value = 0x1234;

    assert_int_equal(iommu_model_machine_alias(world->machine, WORLD_CONVENTIONAL), 0x0500);
    assert_int_equal(iommu_model_machine_alias(world->machine, WORLD_CONVENTIONAL_1), 0x0500);
    assert_int_equal(iommu_model_machine_alias(world->machine, WORLD_BRIDGE), 0x0400);
    assert_int_equal(iommu_model_machine_alias(world->machine, WORLD_ENDPOINT), 0x0300);
    switch_on(world, 1);
    assert_false(world_dma(world, WORLD_CONVENTIONAL, 0x10000, true, &value, 4, NULL, NULL));
    assert_int_equal(fault_record(world, 1) & 0xFFFF, 0x0500);
}

static void test_machine_dma_to_the_interrupt_window(void **state)
{
    struct world *world = *state;
    struct iommu_model_machine_stats stats;
    struct iommu_model_result last;
    uint32_t value = 0x41;

    make_tables(world, 0);
    switch_on(world, 0);
    assert_true(world_dma(world, WORLD_ACCELERATOR, 0xFEE00000, true, &value, 4, NULL, &last));
    assert_int_equal(last.outcome, IOMMU_MODEL_INTERRUPT);
    iommu_model_machine_stats(world->machine, &stats);
    assert_int_equal(stats.interrupts, 1);
    assert_int_equal(stats.bytes_written, 0);
}

/* ---- PASIDs ------------------------------------------------------------------------------- */

static bool dma_with_pasid(struct world *world, unsigned function, uint32_t pasid,
                           struct iommu_model_result *last)
{
    uint32_t value = 0;
    struct iommu_model_dma access = {.has_pasid = true,
                                     .pasid = pasid,
                                     .address = 0x10000,
                                     .data = &value,
                                     .bytes = sizeof(value)};
    struct iommu_model_dma_result result;

    iommu_model_machine_dma(world->machine, function, &access, &result, last);
    return result.ok;
}

static uint64_t requests(struct world *world)
{
    struct iommu_model_machine_stats stats;

    iommu_model_machine_stats(world->machine, &stats);
    return stats.requests;
}

static void test_B18_pasid_is_sent_only_where_the_function_may(void **state)
{
    struct world *world = *state;
    struct iommu_model_result last;

    assert_false(dma_with_pasid(world, WORLD_ENDPOINT, 1, &last));
    assert_int_equal(last.outcome, IOMMU_MODEL_UNSUPPORTED);
    assert_int_equal(requests(world), 0);
    world_set_pasid(world, WORLD_ENDPOINT, 1);
    dma_with_pasid(world, WORLD_ENDPOINT, 255, &last);
    assert_int_equal(requests(world), 1);
    assert_false(dma_with_pasid(world, WORLD_ENDPOINT, 256, &last)); /* eight bits wide */
    assert_int_equal(requests(world), 1);
    assert_false(dma_with_pasid(world, WORLD_CONVENTIONAL, 1, &last));
    assert_int_equal(requests(world), 1);
}

/* A unit in legacy mode knows no PASIDs: what is mapped for the function is not for them. */
static void test_B18_pasid_arrives_at_the_unit(void **state)
{
    struct world *world = *state;
    struct iommu_model_result last;
    uint32_t value;

    make_tables(world, 0);
    map(world, 0x10000, BUFFER, 3);
    switch_on(world, 0);
    world_set_pasid(world, WORLD_ACCELERATOR, 1);
    assert_true(world_dma(world, WORLD_ACCELERATOR, 0x10000, false, &value, 4, NULL, NULL));
    assert_false(dma_with_pasid(world, WORLD_ACCELERATOR, 0x12345, &last));
    assert_int_equal(last.outcome, IOMMU_MODEL_BLOCKED);
    assert_int_equal(fault_record(world, 0) >> 31 & 1, 1);
    assert_int_equal(fault_record(world, 0) >> 40 & 0xFFFFF, 0x12345);
}

static void test_B18_pasid_needs_prefixes_on_the_whole_path(void **state)
{
    struct world world;
    struct iommu_model_result last;

    world_describe(&world);
    world.functions[WORLD_SWITCH_DOWN].pci.no_prefixes = true;
    world_open(&world);
    world_set_command(&world, WORLD_ENDPOINT, 6);
    world_set_command(&world, WORLD_ACCELERATOR, 6);
    world_set_pasid(&world, WORLD_ENDPOINT, 1);
    world_set_pasid(&world, WORLD_ACCELERATOR, 1);
    assert_false(dma_with_pasid(&world, WORLD_ENDPOINT, 1, &last));
    assert_int_equal(requests(&world), 0);
    dma_with_pasid(&world, WORLD_ACCELERATOR, 1, &last);
    assert_int_equal(requests(&world), 1);
    (void)*state;
    world_close(&world);
}

/* ---- the accelerator, wired up ------------------------------------------------------------ */

static void start_accelerator(struct world *world)
{
    uint64_t bar = WORLD_BAR0;

    iommu_model_machine_write64(world->machine, bar + 0x1000, 1);
    iommu_model_machine_write64(world->machine, bar + 0x1020, 1);
    iommu_model_machine_write32(world->machine, bar + 0x2000, 8);
    iommu_model_machine_write32(world->machine, bar + 0x2008, 0x11);
    iommu_model_machine_write32(world->machine, bar + 0x200C, 21);
    iommu_model_machine_write32(world->machine, bar + 0xA0, 1u << 20);
    assert_int_equal(iommu_model_machine_read32(world->machine, bar + 0xA8), 0);
    iommu_model_machine_write32(world->machine, bar + 0xA0, 6u << 20);
    assert_int_equal(iommu_model_machine_read32(world->machine, bar + 0xA8), 0);
}

static uint8_t move_through_accelerator(struct world *world, uint64_t from, uint64_t to,
                                        uint32_t size)
{
    struct iommu_model_dsa *dsa =
        iommu_model_machine_accelerator(world->machine, WORLD_ACCELERATOR);
    uint64_t descriptor[8] = {(uint64_t)0x0300000C << 32, 0x13000, from, to, size};

    words(world, BUFFER + 0x9000)[0] = 0;
    assert_int_equal(iommu_model_dsa_submit(dsa, 0, 0, false, descriptor),
                     IOMMU_MODEL_DSA_ACCEPTED);
    assert_int_equal(iommu_model_dsa_run(dsa, 1), 1);
    return (uint8_t)words(world, BUFFER + 0x9000)[0];
}

static void test_machine_accelerator_moves_through_its_unit(void **state)
{
    struct world *world = *state;

    make_tables(world, 0);
    map(world, 0x10000, BUFFER + 0x8000, 3);
    map(world, 0x11000, BUFFER + 0x3000, 3);
    map(world, 0x12000, BUFFER + 0x5000, 1);
    map(world, 0x13000, BUFFER + 0x9000, 3);
    switch_on(world, 0);
    start_accelerator(world);
    memset(words(world, BUFFER + 0x8000), 0x3C, 4096);
    assert_int_equal(move_through_accelerator(world, 0x10000, 0x11000, 4096), 1);
    assert_memory_equal(words(world, BUFFER + 0x3000), words(world, BUFFER + 0x8000), 4096);
    assert_int_equal(move_through_accelerator(world, 0x10000, 0x12000, 64), 0x83);
    assert_true(words(world, BUFFER + 0x9000)[1] == 0x12000);
    assert_int_equal(words(world, BUFFER + 0x5000)[0], 0);
}

static void test_machine_accelerator_wants_bus_mastering_and_pasids(void **state)
{
    struct world *world = *state;
    uint64_t bar = WORLD_BAR0;

    iommu_model_machine_write64(world->machine, bar + 0x1000, 1);
    iommu_model_machine_write64(world->machine, bar + 0x1020, 1);
    iommu_model_machine_write32(world->machine, bar + 0x2008, 0x10000011);
    world_set_command(world, WORLD_ACCELERATOR, 2);
    iommu_model_machine_write32(world->machine, bar + 0xA0, 1u << 20);
    assert_int_equal(iommu_model_machine_read32(world->machine, bar + 0xA8), 0x12);
    world_set_command(world, WORLD_ACCELERATOR, 6);
    iommu_model_machine_write32(world->machine, bar + 0xA0, 1u << 20);
    assert_int_equal(iommu_model_machine_read32(world->machine, bar + 0xA8), 0x13);
    world_set_pasid(world, WORLD_ACCELERATOR, 1);
    iommu_model_machine_write32(world->machine, bar + 0xA0, 1u << 20);
    assert_int_equal(iommu_model_machine_read32(world->machine, bar + 0xA8), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_machine_dma_reaches_memory_as_it_is_at_first),
        TEST(test_machine_dma_without_bus_mastering),
        TEST(test_machine_dma_where_no_memory_is),
        TEST(test_machine_dma_over_the_end_of_addresses),
        TEST(test_machine_dma_of_no_function),
        TEST(test_machine_dma_behind_no_unit),
        TEST(test_machine_dma_is_split_and_translated_page_by_page),
        TEST(test_machine_dma_stops_at_the_first_refused_page),
        TEST(test_machine_dma_goes_through_the_functions_own_unit),
        TEST(test_machine_dma_carries_the_alias_of_a_conventional_bridge),
        TEST(test_machine_dma_to_the_interrupt_window),
        TEST(test_B18_pasid_is_sent_only_where_the_function_may),
        TEST(test_B18_pasid_arrives_at_the_unit),
        TEST(test_B18_pasid_needs_prefixes_on_the_whole_path),
        TEST(test_machine_accelerator_moves_through_its_unit),
        TEST(test_machine_accelerator_wants_bus_mastering_and_pasids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
