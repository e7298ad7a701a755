/* SPDX-License-Identifier: MIT */
/*
 * Configuration space of modelled functions, by number: header, BARs, capability chains, and the
 * rules about PASID, ATS and PRI. platform: model
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "iommukit/model/pci.h"

static const struct iommu_model_pci_config full = {
    .rid = 0x0108,
    .kind = IOMMU_MODEL_PCI_ENDPOINT,
    .vendor = 0x8086,
    .device = 0x0B25,
    .class_code = 0x088000,
    .pasid_bits = 20,
    .ats = true,
    .pri = true,
    .acs = true,
    .scalable_iov = true,
    .ats_queue_depth = 16,
    .bar = {0x200000000000, 0, 0xF0000000},
    .bar_bytes = {0x10000, 0, 0x20000},
};

static struct iommu_model_pci make(struct iommu_model_pci_config config)
{
    struct iommu_model_pci function;

    iommu_model_pci_init(&function, &config);
    return function;
}

/* Where an extended capability is; 0: not there. Walks as software does, with its bound. */
static uint32_t find(const struct iommu_model_pci *function, uint32_t id)
{
    uint32_t at = 0x100, steps;

    for (steps = 0; steps < 480 && at; steps++) {
        uint32_t header = iommu_model_pci_read32(function, at);

        if (header == 0 || header == UINT32_MAX)
            return 0;
        if ((header & 0xFFFF) == id)
            return at;
        at = header >> 20;
        assert_int_equal(at & 3, 0);
    }
    assert_true(steps < 480);
    return 0;
}

static uint32_t read_control(const struct iommu_model_pci *function, uint32_t id)
{
    return iommu_model_pci_read32(function, find(function, id) + 4) >> 16;
}

/* As software does: read the dword, change the control half, write it back. */
static void write_control(struct iommu_model_pci *function, uint32_t id, uint32_t control)
{
    uint32_t at = find(function, id) + 4;

    iommu_model_pci_write32(function, at,
                            (iommu_model_pci_read32(function, at) & 0xFFFF) | control << 16);
}

/* ---- header ------------------------------------------------------------------------------- */

static void test_pci_endpoint_header(void **state)
{
    struct iommu_model_pci function = make(full);

    assert_int_equal(iommu_model_pci_read32(&function, 0x00), 0x0B258086);
    assert_int_equal(iommu_model_pci_read32(&function, 0x04), 0x00100002);
    assert_int_equal(iommu_model_pci_read32(&function, 0x08), 0x08800000);
    assert_int_equal(iommu_model_pci_read32(&function, 0x0C) >> 16 & 0xFF, 0);
    assert_int_equal(iommu_model_pci_read32(&function, 0x34), 0x40);
}

static void test_pci_bridge_header(void **state)
{
    struct iommu_model_pci bridge =
        make((struct iommu_model_pci_config){.rid = 0x0310,
                                             .kind = IOMMU_MODEL_PCI_ROOT_PORT,
                                             .vendor = 0x8086,
                                             .device = 1,
                                             .class_code = 0x060400,
                                             .secondary_bus = 4,
                                             .subordinate_bus = 7,
                                             .multifunction = true});

    assert_int_equal(iommu_model_pci_read32(&bridge, 0x0C) >> 16 & 0xFF, 0x81);
    assert_int_equal(iommu_model_pci_read32(&bridge, 0x18), 0x00070403);
    iommu_model_pci_write32(&bridge, 0x18, 0x00FFFF00);
    assert_int_equal(iommu_model_pci_read32(&bridge, 0x18), 0x00070403);
    assert_true(iommu_model_pci_bus_master(&bridge));
}

static void test_pci_express_types(void **state)
{
    static const struct {
        enum iommu_model_pci_kind kind;
        uint32_t type, prefix;
    } kinds[] = {
        {IOMMU_MODEL_PCI_ENDPOINT, 0, 1},        {IOMMU_MODEL_PCI_ROOT_PORT, 4, 1},
        {IOMMU_MODEL_PCI_SWITCH_UP, 5, 1},       {IOMMU_MODEL_PCI_SWITCH_DOWN, 6, 1},
        {IOMMU_MODEL_PCI_TO_CONVENTIONAL, 7, 0}, {IOMMU_MODEL_PCI_INTEGRATED, 9, 1},
    };
    size_t index;

    for (index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++) {
        struct iommu_model_pci function =
            make((struct iommu_model_pci_config){.kind = kinds[index].kind});

        assert_int_equal(iommu_model_pci_read32(&function, 0x40),
                         0x00020010 | kinds[index].type << 20);
        assert_int_equal(iommu_model_pci_read32(&function, 0x64) >> 21 & 1, kinds[index].prefix);
    }
}

static void test_pci_port_that_passes_no_prefixes(void **state)
{
    struct iommu_model_pci port = make(
        (struct iommu_model_pci_config){.kind = IOMMU_MODEL_PCI_ROOT_PORT, .no_prefixes = true});

    assert_int_equal(iommu_model_pci_read32(&port, 0x64) >> 21 & 1, 0);
}

static void test_pci_conventional_function(void **state)
{
    struct iommu_model_pci_config config = full;
    struct iommu_model_pci function;

    config.kind = IOMMU_MODEL_PCI_CONVENTIONAL;
    function = make(config);
    assert_int_equal(iommu_model_pci_read32(&function, 0x04) >> 20, 0);
    assert_int_equal(iommu_model_pci_read32(&function, 0x34), 0);
    assert_int_equal(iommu_model_pci_read32(&function, 0x100), UINT32_MAX);
    assert_false(iommu_model_pci_pasid_enabled(&function));
    assert_false(iommu_model_pci_ats_enabled(&function));
}

static void test_pci_accesses_outside_the_space(void **state)
{
    struct iommu_model_pci function = make(full), before = function;

    assert_int_equal(iommu_model_pci_read32(&function, 0x1000), UINT32_MAX);
    assert_int_equal(iommu_model_pci_read32(&function, UINT32_MAX), UINT32_MAX);
    iommu_model_pci_write32(&function, 0x1000, UINT32_MAX);
    iommu_model_pci_write32(&function, UINT32_MAX, UINT32_MAX);
    assert_memory_equal(&function, &before, sizeof(before));
    assert_int_equal(iommu_model_pci_read32(&function, 3), 0x0B258086);
}

static void test_pci_command_register(void **state)
{
    struct iommu_model_pci function = make(full);

    assert_false(iommu_model_pci_bus_master(&function));
    iommu_model_pci_write32(&function, 0x04, 0xFFFFFFFF);
    assert_int_equal(iommu_model_pci_read32(&function, 0x04), 0x00100406);
    assert_true(iommu_model_pci_bus_master(&function));
    assert_int_equal(iommu_model_pci_misuse(&function), 0);
}

/* ---- BARs --------------------------------------------------------------------------------- */

static void test_pci_bar_sizing(void **state)
{
    struct iommu_model_pci function = make(full);

    assert_int_equal(iommu_model_pci_read32(&function, 0x10), 0x00000004);
    assert_int_equal(iommu_model_pci_read32(&function, 0x14), 0x2000);
    iommu_model_pci_write32(&function, 0x10, 0xFFFFFFFF);
    iommu_model_pci_write32(&function, 0x14, 0xFFFFFFFF);
    assert_int_equal(iommu_model_pci_read32(&function, 0x10), 0xFFFF0004);
    assert_int_equal(iommu_model_pci_read32(&function, 0x14), 0xFFFFFFFF);
    iommu_model_pci_write32(&function, 0x20, 0xFFFFFFFF);
    assert_int_equal(iommu_model_pci_read32(&function, 0x20), 0xFFFE0004);
    iommu_model_pci_write32(&function, 0x18, 0xFFFFFFFF); /* not there */
    assert_int_equal(iommu_model_pci_read32(&function, 0x18), 0);
}

static void test_pci_bar_larger_than_four_gigabytes(void **state)
{
    struct iommu_model_pci function = make((struct iommu_model_pci_config){
        .bar = {(uint64_t)1 << 40}, .bar_bytes = {(uint64_t)1 << 33}});

    iommu_model_pci_write32(&function, 0x10, 0xFFFFFFFF);
    iommu_model_pci_write32(&function, 0x14, 0xFFFFFFFF);
    assert_int_equal(iommu_model_pci_read32(&function, 0x10), 0x4);
    assert_int_equal(iommu_model_pci_read32(&function, 0x14), 0xFFFFFFFE);
}

static void test_pci_bar_moves_and_goes_with_memory_decoding(void **state)
{
    struct iommu_model_pci function = make(full);

    assert_true(iommu_model_pci_bar(&function, 0) == 0x200000000000);
    assert_true(iommu_model_pci_bar(&function, 1) == 0);
    assert_true(iommu_model_pci_bar(&function, 2) == 0xF0000000);
    assert_true(iommu_model_pci_bar(&function, 3) == 0);
    iommu_model_pci_write32(&function, 0x10, 0x00051234);
    iommu_model_pci_write32(&function, 0x14, 0x3000);
    assert_true(iommu_model_pci_bar(&function, 0) == 0x300000050000);
    iommu_model_pci_write32(&function, 0x04, 0);
    assert_true(iommu_model_pci_bar(&function, 0) == 0);
}

static void test_pci_bar_sizes_that_cannot_be(void **state)
{
    struct iommu_model_pci function =
        make((struct iommu_model_pci_config){.bar = {0x10000, 0x20000}, .bar_bytes = {8, 0x3000}});

    assert_int_equal(iommu_model_pci_read32(&function, 0x10), 0);
    assert_int_equal(iommu_model_pci_read32(&function, 0x18), 0);
}

/* ---- extended capabilities ---------------------------------------------------------------- */

static void test_pci_chain_ends_and_holds_each_once(void **state)
{
    static const uint32_t ids[] = {0x0F, 0x13, 0x1B, 0x0D, 0x23};
    struct iommu_model_pci function = make(full);
    uint32_t at = 0x100, steps = 0, seen = 0;
    size_t index;

    while (at) {
        uint32_t header = iommu_model_pci_read32(&function, at);

        assert_int_equal(header >> 16 & 0xF, 1);
        for (index = 0; index < 5; index++)
            if ((header & 0xFFFF) == ids[index])
                seen |= 1u << index;
        at = header >> 20;
        assert_true(++steps <= 5);
    }
    assert_int_equal(steps, 5);
    assert_int_equal(seen, 0x1F);
}

static void test_pci_chain_of_any_subset(void **state)
{
    unsigned subset;

    for (subset = 0; subset < 32; subset++) {
        struct iommu_model_pci function =
            make((struct iommu_model_pci_config){.ats = subset & 1,
                                                 .pri = subset >> 1 & 1,
                                                 .pasid_bits = subset >> 2 & 1 ? 16 : 0,
                                                 .acs = subset >> 3 & 1,
                                                 .scalable_iov = subset >> 4 & 1});

        assert_int_equal(find(&function, 0x0F) != 0, subset & 1);
        assert_int_equal(find(&function, 0x13) != 0, subset >> 1 & 1);
        assert_int_equal(find(&function, 0x1B) != 0, subset >> 2 & 1);
        assert_int_equal(find(&function, 0x0D) != 0, subset >> 3 & 1);
        assert_int_equal(find(&function, 0x23) != 0, subset >> 4 & 1);
    }
}

static void test_B26_pasid_capability_says_its_width(void **state)
{
    static const uint8_t widths[] = {1, 8, 16, 20};
    size_t index;

    for (index = 0; index < sizeof(widths); index++) {
        struct iommu_model_pci function =
            make((struct iommu_model_pci_config){.pasid_bits = widths[index]});

        assert_int_equal(iommu_model_pci_read32(&function, find(&function, 0x1B) + 4),
                         (uint32_t)widths[index] << 8 | 4);
    }
}

static void test_B26_scalable_iov_dvsec(void **state)
{
    struct iommu_model_pci function = make(full);
    uint32_t at = find(&function, 0x23);

    assert_int_equal(iommu_model_pci_read32(&function, at + 4), 0x01808086);
    assert_int_equal(iommu_model_pci_read32(&function, at + 8) & 0xFFFF, 5);
    assert_int_equal(iommu_model_pci_read32(&function, at + 12), 1);
}

static void test_pci_pasid_enabling(void **state)
{
    struct iommu_model_pci function = make(full);

    write_control(&function, 0x1B, 1);
    assert_true(iommu_model_pci_pasid_enabled(&function));
    assert_false(iommu_model_pci_privileged_enabled(&function));
    write_control(&function, 0x1B, 5);
    assert_true(iommu_model_pci_privileged_enabled(&function));
    write_control(&function, 0x1B, 4);
    assert_false(iommu_model_pci_pasid_enabled(&function));
    assert_false(iommu_model_pci_privileged_enabled(&function));
    assert_int_equal(iommu_model_pci_misuse(&function), 0);
}

static void test_pci_pasid_switched_while_ats_is_on(void **state)
{
    struct iommu_model_pci function = make(full);

    write_control(&function, 0x1B, 1);
    write_control(&function, 0x0F, 0x8000);
    assert_true(iommu_model_pci_ats_enabled(&function));
    write_control(&function, 0x1B, 1);
    assert_int_equal(iommu_model_pci_misuse(&function), 0);
    assert_null(iommu_model_pci_last_misuse(&function));
    write_control(&function, 0x1B, 0);
    assert_int_equal(iommu_model_pci_misuse(&function), 1);
    assert_non_null(iommu_model_pci_last_misuse(&function));
    write_control(&function, 0x0F, 0);
    write_control(&function, 0x1B, 1);
    assert_int_equal(iommu_model_pci_misuse(&function), 1);
}

static void test_pci_ats_capability_and_control(void **state)
{
    struct iommu_model_pci function = make(full);

    assert_int_equal(iommu_model_pci_read32(&function, find(&function, 0x0F) + 4), 0x0070);
    write_control(&function, 0x0F, 0x8003);
    assert_int_equal(read_control(&function, 0x0F), 0x8003);
    write_control(&function, 0x0F, 0x8000); /* the unit cannot change while it is on */
    assert_int_equal(read_control(&function, 0x0F), 0x8003);
    assert_int_equal(iommu_model_pci_misuse(&function), 1);
    write_control(&function, 0x0F, 0);
    assert_int_equal(read_control(&function, 0x0F), 0);
    assert_false(iommu_model_pci_ats_enabled(&function));
}

static void test_pci_pri_stops_and_starts(void **state)
{
    struct iommu_model_pci function = make(full);
    uint32_t at = find(&function, 0x13);

    assert_int_equal(iommu_model_pci_read32(&function, at + 4), 0x81000000);
    assert_int_equal(iommu_model_pci_read32(&function, at + 8), 64);
    iommu_model_pci_write32(&function, at + 12, 32);
    assert_int_equal(iommu_model_pci_read32(&function, at + 12), 32);
    iommu_model_pci_write32(&function, at + 4, 1);
    assert_int_equal(iommu_model_pci_read32(&function, at + 4), 0x80000001);
    iommu_model_pci_write32(&function, at + 4, 0);
    assert_int_equal(iommu_model_pci_read32(&function, at + 4), 0x81000000);
    iommu_model_pci_write32(&function, at + 4, 2);
    assert_int_equal(iommu_model_pci_misuse(&function), 0);
    iommu_model_pci_write32(&function, at + 4, 3);
    assert_int_equal(iommu_model_pci_misuse(&function), 1);
}

static void test_pci_acs(void **state)
{
    struct iommu_model_pci function = make(full);

    assert_int_equal(iommu_model_pci_read32(&function, find(&function, 0x0D) + 4), 0x5F);
    write_control(&function, 0x0D, 0x1D);
    assert_int_equal(read_control(&function, 0x0D), 0x1D);
    assert_int_equal(iommu_model_pci_misuse(&function), 0);
}

static void test_pci_reserved_bits_in_capabilities(void **state)
{
    static const struct {
        uint32_t id, control;
    } wrong[] = {{0x1B, 8}, {0x1B, 2}, {0x0F, 0x20}, {0x0D, 0x80}};
    size_t index;

    for (index = 0; index < sizeof(wrong) / sizeof(wrong[0]); index++) {
        struct iommu_model_pci function = make(full);

        write_control(&function, wrong[index].id, wrong[index].control);
        assert_int_equal(iommu_model_pci_misuse(&function), 1);
        assert_int_equal(read_control(&function, wrong[index].id), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pci_endpoint_header),
        cmocka_unit_test(test_pci_bridge_header),
        cmocka_unit_test(test_pci_express_types),
        cmocka_unit_test(test_pci_port_that_passes_no_prefixes),
        cmocka_unit_test(test_pci_conventional_function),
        cmocka_unit_test(test_pci_accesses_outside_the_space),
        cmocka_unit_test(test_pci_command_register),
        cmocka_unit_test(test_pci_bar_sizing),
        cmocka_unit_test(test_pci_bar_larger_than_four_gigabytes),
        cmocka_unit_test(test_pci_bar_moves_and_goes_with_memory_decoding),
        cmocka_unit_test(test_pci_bar_sizes_that_cannot_be),
        cmocka_unit_test(test_pci_chain_ends_and_holds_each_once),
        cmocka_unit_test(test_pci_chain_of_any_subset),
        cmocka_unit_test(test_B26_pasid_capability_says_its_width),
        cmocka_unit_test(test_B26_scalable_iov_dvsec),
        cmocka_unit_test(test_pci_pasid_enabling),
        cmocka_unit_test(test_pci_pasid_switched_while_ats_is_on),
        cmocka_unit_test(test_pci_ats_capability_and_control),
        cmocka_unit_test(test_pci_pri_stops_and_starts),
        cmocka_unit_test(test_pci_acs),
        cmocka_unit_test(test_pci_reserved_bits_in_capabilities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
