/* SPDX-License-Identifier: MIT */
/*
 * A machine of models as software meets it: the generated DMAR table by number, register and
 * configuration space, and the configurations that cannot be. platform: model
 */
#include "tests/model_pci/world.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    static struct world world;

    world_describe(&world);
    world_open(&world);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

/* ---- the table ---------------------------------------------------------------------------- */

static void test_machine_dmar_header(void **state)
{
    struct world *world = *state;
    size_t bytes, at;
    const uint8_t *dmar = iommu_model_machine_dmar(world->machine, &bytes);
    uint8_t sum = 0;

    assert_memory_equal(dmar, "DMAR", 4);
    assert_int_equal(dmar[4] | dmar[5] << 8 | dmar[6] << 16 | dmar[7] << 24, bytes);
    for (at = 0; at < bytes; at++)
        sum = (uint8_t)(sum + dmar[at]);
    assert_int_equal(sum, 0);
    assert_int_equal(dmar[8], 1);
    assert_int_equal(dmar[36], 45);
    assert_int_equal(dmar[37], 0);
    for (at = 38; at < 48; at++)
        assert_int_equal(dmar[at], 0);
}

/* Everything behind the header, byte by byte. */
/* clang-format off */
static const uint8_t structures[] = {
    /* DRHD, unit 0: the accelerator, and the root port with all that is below it */
    0, 0, 32, 0, 0, 0, 0, 0, 0x00, 0x00, 0xD8, 0xFE, 0, 0, 0, 0,
    1, 8, 0, 0, 0, 0, 1, 0,
    2, 8, 0, 0, 0, 0, 2, 0,
    /* DRHD, unit 2: through the root port of segment 1 */
    0, 0, 26, 0, 0, 0, 1, 0, 0x00, 0x00, 0xDA, 0xFE, 0, 0, 0, 0,
    1, 10, 0, 0, 0, 0, 0x1F, 0, 0, 0,
    /* DRHD, unit 1: the rest of segment 0, last */
    0, 0, 16, 0, 1, 0, 0, 0, 0x00, 0x00, 0xD9, 0xFE, 0, 0, 0, 0,
    /* RMRR of 05:02.0 */
    1, 0, 36, 0, 0, 0, 0, 0, 0x00, 0x00, 0x10, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0x10, 0, 0, 0, 0, 0,
    1, 12, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0,
    /* RMRR in segment 1 */
    1, 0, 34, 0, 0, 0, 1, 0, 0x00, 0x00, 0x20, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0x2F, 0, 0, 0, 0, 0,
    1, 10, 0, 0, 0, 0, 0x1F, 0, 0, 0,
    /* ATSR, all ports of segment 0 */
    2, 0, 8, 0, 1, 0, 0, 0,
};
/* clang-format on */

static void test_machine_dmar_structures(void **state)
{
    struct world *world = *state;
    size_t bytes;
    const uint8_t *dmar = iommu_model_machine_dmar(world->machine, &bytes);

    assert_int_equal(bytes, 48 + sizeof(structures));
    assert_memory_equal(dmar + 48, structures, sizeof(structures));
}

static void test_machine_presents_a_given_table_unchanged(void **state)
{
    static const char table[] = "not much of a table, but as given";
    struct world world;
    size_t bytes;
    const void *dmar;

    world_describe(&world);
    world.config.dmar = table;
    world.config.dmar_bytes = sizeof(table);
    world.units[1].include_all = false; /* which a generated table could not describe */
    world_open(&world);
    dmar = iommu_model_machine_dmar(world.machine, &bytes);
    assert_ptr_not_equal(dmar, table);
    assert_int_equal(bytes, sizeof(table));
    assert_memory_equal(dmar, table, sizeof(table));
    world_close(&world);
}

static void test_machine_without_ats_has_no_atsr(void **state)
{
    struct world world;
    size_t with, without;

    world_describe(&world);
    world_open(&world);
    iommu_model_machine_dmar(world.machine, &with);
    world_close(&world);
    world.functions[WORLD_ACCELERATOR].pci.ats = false;
    world_open(&world);
    iommu_model_machine_dmar(world.machine, &without);
    assert_int_equal(with - without, 8);
    world_close(&world);
}

static void test_machine_address_width_in_the_table(void **state)
{
    struct world world;
    size_t bytes;

    world_describe(&world);
    world.config.address_bits = 39;
    world_open(&world);
    assert_int_equal(((const uint8_t *)iommu_model_machine_dmar(world.machine, &bytes))[36], 38);
    world_close(&world);
}

/* ---- configuration space ------------------------------------------------------------------ */

static void test_machine_configuration_space_is_found_by_segment_and_rid(void **state)
{
    struct world *world = *state;
    unsigned index;

    for (index = 0; index < WORLD_FUNCTIONS; index++) {
        const struct iommu_model_pci_config *config = &world->functions[index].pci;

        assert_int_equal(
            iommu_model_machine_pci_read32(world->machine, config->segment, config->rid, 0),
            index << 16 | 0x8086);
        assert_int_equal(
            iommu_model_machine_pci_read32(world->machine, config->segment + 2, config->rid, 0),
            UINT32_MAX);
    }
    assert_int_equal(iommu_model_machine_pci_read32(world->machine, 0, 0x0020, 0), UINT32_MAX);
    iommu_model_machine_pci_write32(world->machine, 0, 0x0020, 4, 6);
}

static void test_machine_marks_multifunction_slots(void **state)
{
    struct world *world = *state;

    assert_int_equal(iommu_model_machine_pci_read32(world->machine, 0, 0x0510, 0xC) >> 16, 0x80);
    assert_int_equal(iommu_model_machine_pci_read32(world->machine, 0, 0x0511, 0xC) >> 16, 0x80);
    assert_int_equal(iommu_model_machine_pci_read32(world->machine, 0, 0x0300, 0xC) >> 16, 0x00);
}

/* ---- registers ---------------------------------------------------------------------------- */

static void test_machine_routes_registers_by_address(void **state)
{
    struct world *world = *state;
    const struct iommu_platform *platform = iommu_host_model_platform(world->host);
    uint8_t *unit = platform->mmio_map(platform->ctx, WORLD_UNIT_BASE + 0x10000, 0x1000);
    uint8_t *bar = platform->mmio_map(platform->ctx, WORLD_BAR0, 0x10000);

    assert_true(iommu_model_machine_read64(world->machine, WORLD_UNIT_BASE + 8) ==
                world->units[0].cap);
    assert_true(platform->mmio_read64(platform->ctx, unit + 0x10) == world->units[1].ecap);
    platform->mmio_write64(platform->ctx, unit + 0x20, 0x123000);
    assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_UNIT_BASE + 0x10020),
                     0x123000);
    assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_UNIT_BASE + 0x20), 0);
    assert_int_equal(platform->mmio_read32(platform->ctx, bar), 0x100);
    platform->mmio_write32(platform->ctx, bar + 0x88, 1);
    assert_int_equal(iommu_model_machine_read64(world->machine, WORLD_BAR0 + 0x88), 1);
}

static void test_machine_unclaimed_registers(void **state)
{
    struct world *world = *state;
    struct iommu_model_machine_stats stats;

    assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_UNIT_BASE - 4), UINT32_MAX);
    assert_true(iommu_model_machine_read64(world->machine, WORLD_BAR0 + 0x10000) == UINT64_MAX);
    assert_true(iommu_model_machine_read64(world->machine, 0) == UINT64_MAX);
    iommu_model_machine_write32(world->machine, 0, 1);
    iommu_model_machine_write64(world->machine, UINT64_MAX - 7, 1);
    iommu_model_machine_stats(world->machine, &stats);
    assert_int_equal(stats.unclaimed, 5);
}

static void test_machine_bar_moves(void **state)
{
    struct world *world = *state;

    iommu_model_machine_pci_write32(world->machine, 0, 0x0008, 0x10, 0x00100000);
    assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_BAR0), UINT32_MAX);
    assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_BAR0 + 0x100000), 0x100);
    world_set_command(world, WORLD_ACCELERATOR, 0); /* memory decoding off */
    assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_BAR0 + 0x100000), UINT32_MAX);
}

static void test_machine_parts(void **state)
{
    struct world *world = *state;

    assert_int_equal(iommu_model_machine_unit_count(world->machine), 3);
    assert_int_equal(iommu_model_machine_function_count(world->machine), WORLD_FUNCTIONS);
    assert_non_null(iommu_model_machine_unit(world->machine, 2));
    assert_null(iommu_model_machine_unit(world->machine, 3));
    assert_non_null(iommu_model_machine_function(world->machine, WORLD_SEGMENT_1));
    assert_null(iommu_model_machine_function(world->machine, WORLD_FUNCTIONS));
    assert_non_null(iommu_model_machine_accelerator(world->machine, WORLD_ACCELERATOR));
    assert_null(iommu_model_machine_accelerator(world->machine, WORLD_PORT));
    assert_null(iommu_model_machine_accelerator(world->machine, WORLD_FUNCTIONS));
}

static void test_machine_accelerator_defaults(void **state)
{
    struct world *world = *state;

    assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_BAR0 + 0x20), 8u << 16 | 128);
    assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_BAR0 + 0x10) >> 16 & 0x1F,
                     21);
    assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_BAR0 + 0x30), 4);
    assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_BAR0 + 0x38), 4);
}

/* ---- machines that cannot be --------------------------------------------------------------- */

static void test_machine_refuses_wrong_units(void **state)
{
    struct world world;

    world_describe(&world), world.units[0].base = 0x1001, world_refused(&world, "page");
    world_describe(&world), world.units[0].base = 0, world_refused(&world, "page");
    world_describe(&world), world.units[1].base = world.units[0].base,
                            world_refused(&world, "overlap");
    world_describe(&world), world.units[0].base = WORLD_BAR0 + 0x4000,
                            world_refused(&world, "overlap");
    world_describe(&world), world.units[0].include_all = true, world_refused(&world, "everything");
    world_describe(&world), world.units[0].cap = ~(uint64_t)0, world_refused(&world, "CAP");
    world_describe(&world), world.config.address_bits = 31, world_refused(&world, "width");
    world_describe(&world), world.config.address_bits = 53, world_refused(&world, "width");
}

static void test_machine_refuses_wrong_functions(void **state)
{
    struct world world;

    world_describe(&world), world.functions[WORLD_CONVENTIONAL_1].pci.rid = 0x0510;
    world_refused(&world, "requester id");
    world_describe(&world), world.functions[WORLD_ENDPOINT].unit = 3, world_refused(&world, "unit");
    world_describe(&world), world.functions[WORLD_ENDPOINT].unit = 2,
                            world_refused(&world, "segment");
    world_describe(&world), world.functions[WORLD_ENDPOINT].pci.pasid_bits = 21;
    world_refused(&world, "20 bits");
    world_describe(&world), world.functions[WORLD_ACCELERATOR].pci.bar[0] = 0;
    world_refused(&world, "BAR 0");
    world_describe(&world), world.functions[WORLD_ACCELERATOR].pci.bar[0] = WORLD_BAR0 + 0x1000;
    world_refused(&world, "multiple");
    world_describe(&world), world.functions[WORLD_ENDPOINT].pci.bar_bytes[1] = 24;
    world_refused(&world, "power of two");
    world_describe(&world), world.functions[WORLD_ACCELERATOR].dsa.queues = 65;
    world_refused(&world, "queues");
}

static void test_machine_refuses_wrong_topology(void **state)
{
    struct world world;

    world_describe(&world), world.functions[WORLD_BRIDGE].pci.secondary_bus = 4;
    world_refused(&world, "higher");
    world_describe(&world), world.functions[WORLD_BRIDGE].pci.subordinate_bus = 4;
    world_refused(&world, "subordinate");
    world_describe(&world), world.functions[WORLD_PORT_CONVENTIONAL].pci.secondary_bus = 1;
    world_refused(&world, "same bus");
}

static void test_machine_refuses_what_no_table_can_say(void **state)
{
    struct world world;

    /* below a bridge of unit 0, but behind the unit of the rest */
    world_describe(&world), world.functions[WORLD_ENDPOINT].unit = 1, world_refused(&world, "DMAR");
    /* behind no unit where one takes everything */
    world_describe(&world), world.functions[WORLD_CONVENTIONAL].unit = IOMMU_MODEL_NO_UNIT;
    world_refused(&world, "DMAR");
    world_describe(&world), world.regions[0].rid = 0x0777, world_refused(&world, "region");
}

static void test_machine_empty(void **state)
{
    struct iommu_model_machine_config config = {0};
    struct iommu_model_host_machine *host;
    size_t bytes;

    assert_int_equal(iommu_host_model_create(&config, 1 << 21, &host, NULL), 0);
    iommu_model_machine_dmar(iommu_host_model_machine(host), &bytes);
    assert_int_equal(bytes, 48);
    assert_int_equal(iommu_model_machine_read32(iommu_host_model_machine(host), 0), UINT32_MAX);
    iommu_host_model_destroy(host);
}

/* ---- without memory ----------------------------------------------------------------------- */

struct scarce {
    unsigned fail_nth;
    size_t bytes_live;
};

static void *scarce_alloc(void *ctx, size_t bytes)
{
    struct scarce *scarce = ctx;

    if (scarce->fail_nth && --scarce->fail_nth == 0)
        return NULL;
    scarce->bytes_live += bytes;
    return calloc(1, bytes);
}

static void scarce_free(void *ctx, void *object, size_t bytes)
{
    struct scarce *scarce = ctx;

    scarce->bytes_live -= bytes;
    free(object);
}

static int no_word(void *ctx, uint64_t pa, uint64_t *value)
{
    return -1;
}

static int no_store(void *ctx, uint64_t pa, uint64_t value)
{
    return -1;
}

static int no_exchange(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    return -1;
}

/* Every allocation fails once; a host without locks is one thread at a time. */
static void test_machine_create_without_memory(void **state)
{
    struct scarce scarce = {0};
    struct iommu_model_host host = {
        .ctx = &scarce,
        .alloc = scarce_alloc,
        .free = scarce_free,
        .memory = {.read64 = no_word, .write64 = no_store, .cas64 = no_exchange}};
    struct iommu_model_machine *machine = NULL;
    struct world world;
    unsigned nth;

    world_describe(&world);
    for (nth = 1; !machine; nth++) {
        const char *why = NULL;
        int result;

        /* cppcheck-suppress unreadVariable ; the world's host counts down to it */
        scarce.fail_nth = nth;
        result = iommu_model_machine_create(&host, &world.config, &machine, &why);
        assert_int_equal(result, machine ? 0 : -12);
        assert_int_equal(why == NULL, machine != NULL);
        assert_int_equal(scarce.bytes_live == 0, machine == NULL);
        assert_true(nth < 100);
    }
    assert_true(nth > 8);
    iommu_model_machine_destroy(machine);
    assert_int_equal(scarce.bytes_live, 0);
    iommu_model_machine_destroy(NULL);
}

/* ---- the default -------------------------------------------------------------------------- */

static void count_line(void *ctx, enum iommu_log_level level, const char *text)
{
    ++*(unsigned *)ctx;
}

static void test_machine_default_of_the_host(void **state)
{
    struct iommu_model_host_machine *host;
    struct iommu_model_machine *machine;
    const struct iommu_platform *platform;
    unsigned lines = 0;

    assert_int_equal(iommu_host_model_create(NULL, 0, &host, NULL), 0);
    machine = iommu_host_model_machine(host);
    platform = iommu_host_model_platform(host);
    assert_int_equal(iommu_model_machine_unit_count(machine), 1);
    assert_non_null(iommu_model_machine_accelerator(machine, 0));
    assert_int_equal(platform->pci_read32(platform->ctx, 0, 0x08, 0), 0x0B258086);
    assert_int_equal(platform->pci_read32(platform->ctx, 0, 0x10, 8) >> 8, 0x020000);
    assert_int_equal(platform->pci_read32(platform->ctx, 0, 0x18, 0), UINT32_MAX);
    iommu_host_model_set_log(host, count_line, &lines);
    platform->log(platform->ctx, IOMMU_LOG_INFO, "one");
    iommu_host_model_set_log(host, NULL, NULL);
    platform->log(platform->ctx, IOMMU_LOG_INFO, "two");
    assert_int_equal(lines, 1);
    iommu_host_model_destroy(host);
    iommu_host_model_destroy(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_machine_dmar_header),
        TEST(test_machine_dmar_structures),
        cmocka_unit_test(test_machine_presents_a_given_table_unchanged),
        cmocka_unit_test(test_machine_without_ats_has_no_atsr),
        cmocka_unit_test(test_machine_address_width_in_the_table),
        TEST(test_machine_configuration_space_is_found_by_segment_and_rid),
        TEST(test_machine_marks_multifunction_slots),
        TEST(test_machine_routes_registers_by_address),
        TEST(test_machine_unclaimed_registers),
        TEST(test_machine_bar_moves),
        TEST(test_machine_parts),
        TEST(test_machine_accelerator_defaults),
        cmocka_unit_test(test_machine_refuses_wrong_units),
        cmocka_unit_test(test_machine_refuses_wrong_functions),
        cmocka_unit_test(test_machine_refuses_wrong_topology),
        cmocka_unit_test(test_machine_refuses_what_no_table_can_say),
        cmocka_unit_test(test_machine_empty),
        cmocka_unit_test(test_machine_create_without_memory),
        cmocka_unit_test(test_machine_default_of_the_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
