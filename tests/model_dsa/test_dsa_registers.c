/* SPDX-License-Identifier: MIT */
/*
 * The accelerator's register file, by number: what reads, what may be written when.
 * platform: model
 */
#include "tests/model_dsa/rig.h"

#include <string.h>

static int setup(void **state)
{
    *state = rig_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

static void test_dsa_capabilities(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_read(rig, 0x00), 0x100);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x10), 1u << 31 | 16u << 16 | 1u << 4);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x20),
                     (uint64_t)1 << 52 | (uint64_t)1 << 51 | (uint64_t)3 << 48 | 8u << 16 | 64);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x30), 4);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x38), 2);
    assert_int_equal(rig_read(rig, 0xB0), 0x1FFE);
}

static void test_dsa_opcap_claims_what_works(void **state)
{
    struct rig *rig = *state;
    uint32_t opcap = rig_read(rig, 0x40), opcode;

    assert_int_equal(opcap, 1u << 0 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6);
    assert_int_equal(rig_read(rig, 0x44), 0);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x48), 0);
    rig_start(rig);
    for (opcode = 0; opcode < 256; opcode++) {
        uint64_t record = rig_do(rig, 0, 0, (struct rig_descriptor){.opcode = opcode});
        bool claimed = opcode < 32 && opcap >> opcode & 1;

        assert_int_equal((record & 0x7F) == 0x10, !claimed);
    }
}

static void test_dsa_wide_registers_in_parts(void **state)
{
    struct rig *rig = *state;
    uint64_t wqcap = iommu_model_dsa_read64(rig->dsa, 0x20);

    assert_int_equal(rig_read(rig, 0x20), (uint32_t)wqcap);
    assert_int_equal(rig_read(rig, 0x24), (uint32_t)(wqcap >> 32));
    iommu_model_dsa_write32(rig->dsa, 0x1000, 0x3);
    iommu_model_dsa_write32(rig->dsa, 0x1024, 0xFFFFFFFF);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x1000), 3);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x1020), 0);
}

static void test_dsa_table_offsets_lie_in_the_bar(void **state)
{
    struct rig *rig = *state;
    uint64_t offsets = iommu_model_dsa_read64(rig->dsa, 0x60);
    uint32_t groups = (uint32_t)(offsets & 0xFFFF) * 0x100;
    uint32_t queues = (uint32_t)(offsets >> 16 & 0xFFFF) * 0x100;

    assert_true(groups >= 0x100 && groups + 64 * 64 <= queues);
    assert_true(queues + 64 * 32 <= IOMMU_MODEL_DSA_BAR0_BYTES);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x68), 0);
}

static void test_dsa_groups_hold_existing_queues_and_engines(void **state)
{
    struct rig *rig = *state;

    rig_group(rig, 1, UINT64_MAX, UINT64_MAX);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x1040), 0xFF);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x1060), 0x3);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x1048), 0);
}

static void test_dsa_groups_are_fixed_while_the_device_is_on(void **state)
{
    struct rig *rig = *state;
    struct iommu_model_dsa_stats stats;

    rig_start(rig);
    iommu_model_dsa_write64(rig->dsa, 0x1000, 0);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x1000), 0xF);
    iommu_model_dsa_stats(rig->dsa, &stats);
    assert_int_equal(stats.misuse, 2);
}

static void test_dsa_queue_configuration_reads_back(void **state)
{
    struct rig *rig = *state;

    rig_configure(rig, 3, 0xFFFF0007, 0xFFFF0005, 0x3FFFFFFB, 0xFFFFFFFF);
    assert_int_equal(rig_read(rig, 0x2060), 7);
    assert_int_equal(rig_read(rig, 0x2064), 5);
    assert_int_equal(rig_read(rig, 0x2068), 0x3FFFFFF3);
    assert_int_equal(rig_read(rig, 0x206C), 0x1FF);
    assert_int_equal(rig_read(rig, 0x2040), 0);
    assert_int_equal(rig_read(rig, 0x2080), 0);
}

static void test_dsa_queue_configuration_is_fixed_while_it_is_on(void **state)
{
    struct rig *rig = *state;
    uint32_t word;

    rig_start(rig);
    for (word = 0; word < 8; word++) {
        uint32_t old = rig_read(rig, 0x2000 + 4 * word);

        iommu_model_dsa_write32(rig->dsa, 0x2000 + 4 * word, ~old);
        assert_int_equal(rig_read(rig, 0x2000 + 4 * word), old);
    }
    assert_int_equal(rig_command(rig, 7, 0x1), 0);
    iommu_model_dsa_write32(rig->dsa, 0x2008, RIG_DEDICATED(9));
    assert_int_equal(rig_read(rig, 0x2008), RIG_DEDICATED(9));
}

static void test_dsa_queue_state_and_occupancy(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor noop = {0};

    assert_int_equal(rig_read(rig, 0x2018), 1u << 29);
    rig_start(rig);
    assert_int_equal(rig_read(rig, 0x2018), 1u << 30 | 1u << 29);
    rig_submit(rig, 0, 0, &noop);
    rig_submit(rig, 0, 0, &noop);
    assert_int_equal(rig_read(rig, 0x2018), 1u << 30 | 1u << 29 | 2);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(rig_read(rig, 0x2018) & 0xFFFF, 1);
    assert_int_equal(rig_read(rig, 0x2038) & 0xFFFF, 0);
}

static void test_dsa_read_only_registers(void **state)
{
    static const uint32_t offsets[] = {0x00, 0x10, 0x20, 0x30, 0x38,  0x40,
                                       0x60, 0x90, 0xA8, 0xB0, 0x2018};
    struct rig *rig = *state;
    size_t index;

    for (index = 0; index < sizeof(offsets) / sizeof(offsets[0]); index++) {
        uint32_t old = rig_read(rig, offsets[index]);

        iommu_model_dsa_write32(rig->dsa, offsets[index], ~old);
        assert_int_equal(rig_read(rig, offsets[index]), old);
    }
}

static void test_dsa_state_register(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_read(rig, 0x90), 0);
    rig_start(rig);
    assert_int_equal(rig_read(rig, 0x90), 1);
    assert_int_equal(rig_command(rig, 2, 0), 0);
    assert_int_equal(rig_read(rig, 0x90), 0);
}

/* An error with nowhere to go: a descriptor with a bad opcode and no completion record. */
static void cause_error(struct rig *rig, unsigned queue, uint32_t opcode)
{
    struct rig_descriptor bad = {.opcode = opcode};

    assert_int_equal(rig_submit(rig, queue, 7, &bad), IOMMU_MODEL_DSA_ACCEPTED);
    iommu_model_dsa_run(rig->dsa, 1);
}

static void test_dsa_software_error_fields(void **state)
{
    struct rig *rig = *state;

    rig_start(rig);
    assert_int_equal(rig_swerr(rig, 0), 0);
    cause_error(rig, 2, 0x42);
    assert_int_equal(rig_swerr(rig, 0),
                     0xDu | 0x10u << 8 | 2u << 16 | (uint64_t)0x42 << 32 | (uint64_t)7 << 40);
    assert_int_equal(rig_swerr(rig, 1), 0);
    assert_int_equal(rig_read(rig, 0x98) & 1, 1);
}

static void test_dsa_software_error_keeps_the_first_and_marks_overflow(void **state)
{
    struct rig *rig = *state;
    uint64_t first;

    rig_start(rig);
    cause_error(rig, 0, 0x42);
    first = rig_swerr(rig, 0);
    assert_int_equal(first & 3, 1);
    cause_error(rig, 1, 0x43);
    assert_int_equal(rig_swerr(rig, 0), first | 2);
    iommu_model_dsa_write64(rig->dsa, 0xC0, 3);
    assert_int_equal(rig_swerr(rig, 0), 0);
    cause_error(rig, 1, 0x44);
    assert_int_equal(rig_swerr(rig, 0) & 3, 1);
    assert_int_equal(rig_swerr(rig, 0) >> 32 & 0xFF, 0x44);
}

static void test_dsa_software_error_bits_clear_one_by_one(void **state)
{
    struct rig *rig = *state;

    rig_start(rig);
    cause_error(rig, 0, 0x42);
    cause_error(rig, 0, 0x42);
    iommu_model_dsa_write32(rig->dsa, 0xC0, 2);
    assert_int_equal(rig_swerr(rig, 0) & 3, 1);
    iommu_model_dsa_write32(rig->dsa, 0xC0, 1);
    assert_int_equal(rig_swerr(rig, 0), 0);
}

static void test_dsa_interrupt_causes(void **state)
{
    struct rig *rig = *state;

    rig_start(rig);
    cause_error(rig, 0, 0x42);
    assert_int_equal(rig->interrupts, 0); /* not asked for in GENCTRL */
    iommu_model_dsa_write32(rig->dsa, 0x88, 0xFFFFFFFF);
    assert_int_equal(rig_read(rig, 0x88), 3);
    cause_error(rig, 0, 0x42);
    assert_int_equal(rig->interrupts, 1);
    iommu_model_dsa_write32(rig->dsa, 0xA0, 1u << 31 | 3u << 20);
    assert_int_equal(rig->interrupts, 3);
    assert_int_equal(rig_read(rig, 0x98), 3);
    iommu_model_dsa_write32(rig->dsa, 0x98, 1);
    assert_int_equal(rig_read(rig, 0x98), 2);
}

static void test_dsa_descriptor_interrupt(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor noop = {.flags = 1u << 4};

    rig_start(rig);
    rig_submit(rig, 0, 0, &noop);
    assert_int_equal(rig->interrupts, 0);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(rig->interrupts, IOMMU_MODEL_DSA_INTERRUPT_DESCRIPTOR);
    assert_int_equal(rig->interrupt_calls, 1);
}

static void unused_dma(void *ctx, const struct iommu_model_dma *access,
                       struct iommu_model_dma_result *result)
{
    fail();
}

static void test_dsa_create_refuses_impossible_numbers(void **state)
{
    struct rig *rig = *state;
    struct iommu_model_dsa_config good = {.host = &rig->host,
                                          .queues = 64,
                                          .engines = 64,
                                          .groups = 64,
                                          .total_size = 65535,
                                          .max_transfer_lg2 = 31,
                                          .dma = unused_dma};
    struct iommu_model_dsa_config bad[8];
    struct iommu_model_dsa *dsa;
    unsigned index;

    for (index = 0; index < 8; index++)
        bad[index] = good;
    bad[0].queues = 0, bad[1].queues = 65, bad[2].engines = 65, bad[3].groups = 65;
    bad[4].total_size = 0, bad[5].total_size = 65536, bad[6].max_transfer_lg2 = 32,
    bad[7].dma = NULL;
    for (index = 0; index < 8; index++) {
        assert_int_equal(iommu_model_dsa_create(&bad[index], &dsa), -22);
        assert_null(dsa);
    }
    assert_int_equal(iommu_model_dsa_create(&good, &dsa), 0);
    assert_int_equal(iommu_model_dsa_read32(dsa, 0x24), 0x1Bu << 16);
    assert_int_equal(iommu_model_dsa_read32(dsa, 0x20), 64u << 16 | 65535u);
    iommu_model_dsa_destroy(dsa);
    iommu_model_dsa_destroy(NULL);
}

static void test_dsa_create_without_memory(void **state)
{
    struct rig *rig = *state;
    struct iommu_model_dsa_config config = {.host = &rig->host,
                                            .queues = 1,
                                            .engines = 1,
                                            .groups = 1,
                                            .total_size = 1,
                                            .dma = unused_dma};
    struct iommu_model_dsa *dsa;
    size_t live = rig->bytes_live;
    unsigned nth;

    for (nth = 1; nth <= 2; nth++) {
        rig->fail_alloc = nth;
        assert_int_equal(iommu_model_dsa_create(&config, &dsa), -12);
        assert_int_equal(rig->bytes_live, live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_dsa_capabilities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_opcap_claims_what_works, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_wide_registers_in_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_table_offsets_lie_in_the_bar, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_groups_hold_existing_queues_and_engines, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_dsa_groups_are_fixed_while_the_device_is_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_dsa_queue_configuration_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_queue_configuration_is_fixed_while_it_is_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_dsa_queue_state_and_occupancy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_read_only_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_state_register, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_software_error_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_software_error_keeps_the_first_and_marks_overflow,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_software_error_bits_clear_one_by_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_dsa_interrupt_causes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_descriptor_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dsa_create_refuses_impossible_numbers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_dsa_create_without_memory, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
