/* SPDX-License-Identifier: MIT */
/*
 * The accelerator's commands and their error codes, by number, and what each of them leaves alone.
 * platform: model
 */
#include "tests/model_dsa/rig.h"

#include <string.h>

#define SOURCE (RIG_BASE)
#define DEST   (RIG_BASE + 4 * RIG_PAGE)

static int setup(void **state)
{
    *state = rig_new(NULL);
    return 0;
}

static int setup_started(void **state)
{
    setup(state);
    rig_start(*state);
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

/* A move of one byte from SOURCE + index to DEST + index. */
static void submit_move(struct rig *rig, unsigned queue, uint32_t pasid, unsigned index)
{
    struct rig_descriptor move = {
        .opcode = 3, .source = SOURCE + index, .dest = DEST + index, .size = 1};

    assert_int_equal(rig_submit(rig, queue, pasid, &move), IOMMU_MODEL_DSA_ACCEPTED);
}

static uint32_t occupancy(struct rig *rig, unsigned queue)
{
    return rig_read(rig, 0x2018 + 32 * queue) & 0xFFFF;
}

static bool is_on(struct rig *rig, unsigned queue)
{
    return rig_read(rig, 0x2018 + 32 * queue) >> 30 == 1;
}

/* ---- the device --------------------------------------------------------------------------- */

static void test_dsa_invalid_commands(void **state)
{
    static const uint32_t invalid[] = {0, 13, 14, 15, 31};
    struct rig *rig = *state;
    size_t index;

    for (index = 0; index < sizeof(invalid) / sizeof(invalid[0]); index++)
        assert_int_equal(rig_command(rig, invalid[index], 0), 0x01);
}

static void test_dsa_enable_device_twice(void **state)
{
    assert_int_equal(rig_command(*state, 1, 0), 0x10);
}

static void test_dsa_enable_device_without_configuration(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_command(rig, 1, 0), 0x11);
    assert_int_equal(rig_read(rig, 0x90), 0);
}

static void test_dsa_enable_device_wants_bus_mastering(void **state)
{
    struct rig *rig = *state;

    rig_group(rig, 0, 1, 1);
    rig->bus_master = false;
    assert_int_equal(rig_command(rig, 1, 0), 0x12);
    assert_int_equal(rig_read(rig, 0x90), 0);
    rig->bus_master = true;
    assert_int_equal(rig_command(rig, 1, 0), 0);
}

static void test_dsa_enable_device_wants_the_pasid_capability(void **state)
{
    struct rig *rig = *state;

    rig_group(rig, 0, 1, 1);
    rig_configure(rig, 0, 8, 0, RIG_DEDICATED(5), 16);
    rig->pasid_enabled = false;
    assert_int_equal(rig_command(rig, 1, 0), 0x13);
    rig_configure(rig, 0, 8, 0, RIG_UNTAGGED, 16);
    assert_int_equal(rig_command(rig, 1, 0), 0);
}

static void test_dsa_enable_device_counts_entries(void **state)
{
    struct rig *rig = *state;

    rig_group(rig, 0, 3, 1);
    rig_configure(rig, 0, 60, 0, RIG_UNTAGGED, 16);
    rig_configure(rig, 1, 5, 0, RIG_UNTAGGED, 16);
    assert_int_equal(rig_command(rig, 1, 0), 0x14);
    rig_configure(rig, 1, 4, 0, RIG_UNTAGGED, 16);
    assert_int_equal(rig_command(rig, 1, 0), 0);
}

static void test_dsa_enable_device_checks_groups(void **state)
{
    struct rig *rig = *state;

    rig_group(rig, 0, 1, 1);
    rig_group(rig, 1, 1, 2);
    assert_int_equal(rig_command(rig, 1, 0), 0x15);
    rig_group(rig, 1, 2, 1);
    assert_int_equal(rig_command(rig, 1, 0), 0x16);
    rig_group(rig, 1, 2, 0);
    assert_int_equal(rig_command(rig, 1, 0), 0x17);
    rig_group(rig, 1, 0, 0);
    rig_configure(rig, 1, 8, 0, RIG_UNTAGGED, 16);
    assert_int_equal(rig_command(rig, 1, 0), 0x18);
    rig_group(rig, 1, 2, 2);
    assert_int_equal(rig_command(rig, 1, 0), 0);
}

static void test_dsa_disable_device(void **state)
{
    struct rig *rig = *state;

    *rig_at(rig, 0, SOURCE) = 0xA5;
    submit_move(rig, 0, 0, 0);
    assert_int_equal(rig_command(rig, 2, 0), 0);
    assert_int_equal(*rig_at(rig, 0, DEST), 0xA5); /* drained, not thrown away */
    assert_false(is_on(rig, 0));
    assert_int_equal(rig_read(rig, 0x2008), RIG_DEDICATED(5));
    assert_int_equal(rig_command(rig, 2, 0), 0x31);
    assert_int_equal(rig_command(rig, 1, 0), 0);
}

static void test_dsa_commands_that_want_the_device(void **state)
{
    static const uint32_t commands[] = {3, 4, 7, 8, 9, 10, 11, 12};
    struct rig *rig = *state;
    size_t index;

    for (index = 0; index < sizeof(commands) / sizeof(commands[0]); index++)
        assert_int_equal(rig_command(rig, commands[index], 1), 0x32);
}

static void test_dsa_drain_all(void **state)
{
    struct rig *rig = *state;

    memset(rig_at(rig, 0, SOURCE), 0x11, 8);
    memset(rig_at(rig, 1, SOURCE), 0x22, 8);
    submit_move(rig, 0, 0, 0);
    submit_move(rig, 0, 0, 1);
    submit_move(rig, 1, 0, 0);
    assert_int_equal(rig_command(rig, 3, 0), 0);
    assert_int_equal(rig_at(rig, 0, DEST)[1], 0x11);
    assert_int_equal(rig_at(rig, 1, DEST)[0], 0x22);
    assert_true(is_on(rig, 0) && occupancy(rig, 0) == 0);
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 100), 0);
}

static void test_dsa_abort_all(void **state)
{
    struct rig *rig = *state;
    struct iommu_model_dsa_stats stats;

    submit_move(rig, 0, 0, 0);
    submit_move(rig, 1, 0, 0);
    assert_int_equal(rig_command(rig, 4, 0), 0);
    assert_false(rig->has_last); /* no DMA of any kind */
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 100), 0);
    iommu_model_dsa_stats(rig->dsa, &stats);
    assert_int_equal(stats.aborted, 2);
    assert_true(is_on(rig, 0) && is_on(rig, 1));
}

static void test_dsa_reset_device(void **state)
{
    struct rig *rig = *state;

    submit_move(rig, 0, 0, 0);
    iommu_model_dsa_write32(rig->dsa, 0x88, 1);
    assert_int_equal(rig_command(rig, 5, 0), 0);
    assert_false(rig->has_last);
    assert_int_equal(rig_read(rig, 0x90), 0);
    assert_int_equal(rig_read(rig, 0x2008), 0);
    assert_int_equal(iommu_model_dsa_read64(rig->dsa, 0x1000), 0);
    assert_int_equal(rig_read(rig, 0x88), 0);
    rig_start(rig);
    assert_int_equal(occupancy(rig, 0), 0);
}

/* ---- one queue on ------------------------------------------------------------------------- */

/* A device that is on, with queue 0 in a group; configure the queue and try to enable it. */
static uint32_t try_queue(struct rig *rig, uint32_t size, uint32_t mode, uint32_t limits)
{
    rig_configure(rig, 0, size, size, mode, limits);
    return rig_command(rig, 6, 0);
}

static void test_dsa_enable_queue_errors(void **state)
{
    struct rig *rig = *state;

    rig_group(rig, 0, 1, 1);
    rig_configure(rig, 0, 8, 0, RIG_UNTAGGED, 16);
    assert_int_equal(rig_command(rig, 6, 8), 0x02);
    assert_int_equal(rig_command(rig, 6, 0), 0x20);
    assert_int_equal(rig_command(rig, 1, 0), 0);
    assert_int_equal(try_queue(rig, 0, RIG_UNTAGGED, 16), 0x22);
    assert_int_equal(try_queue(rig, 65, RIG_UNTAGGED, 16), 0x22);
    assert_int_equal(try_queue(rig, 8, 0x01, 16), 0x23);
    assert_int_equal(try_queue(rig, 8, RIG_UNTAGGED | 2, 16), 0x25);
    assert_int_equal(try_queue(rig, 8, 0x10, 16), 0x26); /* shared, but no PASIDs */
    assert_int_equal(try_queue(rig, 8, RIG_UNTAGGED, 16 | 1 << 5), 0x27);
    assert_int_equal(try_queue(rig, 8, RIG_UNTAGGED, 17), 0x28);
    assert_false(is_on(rig, 0));
    assert_int_equal(try_queue(rig, 8, RIG_UNTAGGED, 16), 0);
    assert_int_equal(rig_command(rig, 6, 0), 0x21);
}

static void test_dsa_enable_queue_wants_the_pasid_capability(void **state)
{
    struct rig *rig = *state;

    rig_group(rig, 0, 1, 1);
    assert_int_equal(rig_command(rig, 1, 0), 0);
    rig->pasid_enabled = false;
    assert_int_equal(try_queue(rig, 8, RIG_DEDICATED(5), 16), 0x26);
    rig->pasid_enabled = true;
    assert_int_equal(try_queue(rig, 8, RIG_DEDICATED(5), 16), 0);
}

static void test_dsa_enable_queue_wants_an_engine(void **state)
{
    struct rig *rig = *state;

    rig_group(rig, 0, 2, 1);
    assert_int_equal(rig_command(rig, 1, 0), 0);
    assert_int_equal(try_queue(rig, 8, RIG_UNTAGGED, 16), 0x02);
}

static void test_dsa_dedicated_only_device_has_no_shared_queues(void **state)
{
    struct iommu_model_dsa_config config = {.queues = 1,
                                            .engines = 1,
                                            .groups = 1,
                                            .total_size = 8,
                                            .max_transfer_lg2 = 16,
                                            .dedicated_only = true};
    struct rig *rig = rig_new(&config);

    assert_int_equal(rig_read(rig, 0x24) >> 16 & 3, 2);
    assert_int_equal(rig_read(rig, 0x2018), 0);
    rig_group(rig, 0, 1, 1);
    assert_int_equal(rig_command(rig, 1, 0), 0);
    assert_int_equal(try_queue(rig, 8, RIG_SHARED, 16), 0x24);
    assert_int_equal(try_queue(rig, 8, RIG_DEDICATED(5), 16), 0);
    rig_free(rig);
}

static void test_dsa_sizes_changed_after_the_device_is_on(void **state)
{
    struct rig *rig = *state;

    rig_group(rig, 0, 3, 1);
    assert_int_equal(rig_command(rig, 1, 0), 0);
    assert_int_equal(try_queue(rig, 64, RIG_UNTAGGED, 16), 0);
    rig_configure(rig, 1, 1, 0, RIG_UNTAGGED, 16);
    assert_int_equal(rig_command(rig, 6, 1), 0x22);
    assert_int_equal(rig_command(rig, 7, 1), 0);
    assert_int_equal(rig_command(rig, 6, 1), 0);
}

/* ---- some queues -------------------------------------------------------------------------- */

static void test_dsa_queue_commands_want_existing_queues(void **state)
{
    struct rig *rig = *state;
    uint32_t command;

    for (command = 7; command <= 10; command++) {
        assert_int_equal(rig_command(rig, command, 0), 0x02);
        assert_int_equal(rig_command(rig, command, 0x100), 0x02);
        assert_int_equal(rig_command(rig, command, 1u << 16 | 1), 0x02);
        assert_int_equal(rig_command(rig, command, 0xFu << 16 | 1), 0x02);
    }
    assert_true(is_on(rig, 0));
}

static void test_dsa_queue_groups_of_sixteen(void **state)
{
    struct iommu_model_dsa_config config = {
        .queues = 64, .engines = 1, .groups = 1, .total_size = 64, .max_transfer_lg2 = 16};
    struct rig *rig = rig_new(&config);
    unsigned queue;

    rig_group(rig, 0, UINT64_MAX, 1);
    for (queue = 0; queue < 64; queue++)
        rig_configure(rig, queue, 1, 0, RIG_UNTAGGED, 0);
    assert_int_equal(rig_command(rig, 1, 0), 0);
    for (queue = 0; queue < 64; queue++)
        assert_int_equal(rig_command(rig, 6, queue), 0);
    assert_int_equal(rig_command(rig, 7, 3u << 16 | 0x8001), 0);
    for (queue = 0; queue < 64; queue++)
        assert_int_equal(is_on(rig, queue), queue != 48 && queue != 63);
    rig_free(rig);
}

static void test_dsa_disable_queue_drains_it(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor noop = {0};

    *rig_at(rig, 0, SOURCE) = 0x77;
    submit_move(rig, 0, 0, 0);
    submit_move(rig, 1, 0, 0);
    assert_int_equal(rig_command(rig, 7, 1), 0);
    assert_int_equal(*rig_at(rig, 0, DEST), 0x77);
    assert_int_equal(occupancy(rig, 1), 1);
    assert_false(is_on(rig, 0));
    assert_int_equal(rig_submit(rig, 0, 0, &noop), IOMMU_MODEL_DSA_DROPPED);
    assert_int_equal(rig_read(rig, 0x2000), 8); /* the configuration stays */
}

static void test_dsa_drain_queue(void **state)
{
    struct rig *rig = *state;

    submit_move(rig, 0, 0, 0);
    submit_move(rig, 1, 0, 0);
    assert_int_equal(rig_command(rig, 8, 1), 0);
    assert_int_equal(occupancy(rig, 0), 0);
    assert_int_equal(occupancy(rig, 1), 1);
    assert_true(is_on(rig, 0));
}

static void test_dsa_drain_pasid(void **state)
{
    struct rig *rig = *state;

    rig_at(rig, 1, SOURCE)[1] = 0x66;
    rig_at(rig, 1, SOURCE)[2] = 0x67;
    submit_move(rig, 2, 5, 0);
    submit_move(rig, 2, 6, 1);
    submit_move(rig, 1, 0, 2);
    assert_int_equal(rig_command(rig, 11, 6), 0);
    assert_int_equal(rig_at(rig, 1, DEST)[1], 0x66);
    assert_int_equal(rig_at(rig, 1, DEST)[2], 0x67);
    assert_int_equal(occupancy(rig, 2), 1);
    assert_int_equal(occupancy(rig, 1), 0);
    assert_int_equal(rig->space[0].accesses, 0);
}

static void test_dsa_abort_pasid(void **state)
{
    struct rig *rig = *state;

    *rig_at(rig, 0, SOURCE) = 0x55;
    submit_move(rig, 2, 6, 0);
    submit_move(rig, 2, 5, 0);
    submit_move(rig, 1, 0, 0);
    submit_move(rig, 3, 0, 0);
    assert_int_equal(rig_command(rig, 12, 6), 0);
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 100), 2);
    assert_int_equal(rig->space[1].accesses, 0);
    assert_int_equal(*rig_at(rig, 0, DEST), 0x55);
}

/* Untagged work carries no PASID, not PASID 0. */
static void test_dsa_untagged_work_is_of_no_pasid(void **state)
{
    struct rig *rig = *state;

    submit_move(rig, 3, 0, 0);
    assert_int_equal(rig_command(rig, 12, 0), 0);
    assert_int_equal(occupancy(rig, 3), 1);
}

/* ---- B65: the life of one sub-device, and siblings that never notice ---- */

static void fill_and_submit(struct rig *rig, unsigned queue, unsigned count)
{
    unsigned index;

    memset(rig_at(rig, queue, SOURCE), 0x40 + (int)queue, 16);
    for (index = 0; index < count; index++)
        submit_move(rig, queue, 0, index);
}

static void check_untouched(struct rig *rig, unsigned queue, unsigned count)
{
    assert_true(is_on(rig, queue));
    assert_int_equal(occupancy(rig, queue), count);
    assert_int_equal(rig_read(rig, 0x2008 + 32 * queue),
                     queue == 0 ? RIG_DEDICATED(5) : RIG_UNTAGGED);
    assert_int_equal(*rig_at(rig, queue, DEST), 0);
}

static void test_B65_abort_of_one_queue_leaves_siblings_alone(void **state)
{
    struct rig *rig = *state;

    fill_and_submit(rig, 0, 4);
    fill_and_submit(rig, 1, 4);
    fill_and_submit(rig, 3, 4);
    assert_int_equal(rig_command(rig, 9, 1u << 1), 0);
    check_untouched(rig, 0, 4);
    check_untouched(rig, 3, 4);
    assert_true(is_on(rig, 1));
    assert_int_equal(occupancy(rig, 1), 0);
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 100), 8);
    assert_int_equal(rig_at(rig, 0, DEST)[3], 0x40);
    assert_int_equal(rig_at(rig, 1, DEST)[3], 0);
    assert_int_equal(rig_at(rig, 3, DEST)[3], 0x43);
}

static void test_B65_reset_of_one_queue_leaves_siblings_alone(void **state)
{
    struct rig *rig = *state;

    fill_and_submit(rig, 0, 4);
    fill_and_submit(rig, 1, 4);
    fill_and_submit(rig, 3, 4);
    assert_int_equal(rig_command(rig, 10, 1u << 1), 0);
    check_untouched(rig, 0, 4);
    check_untouched(rig, 3, 4);
    assert_false(is_on(rig, 1));
    assert_int_equal(rig_read(rig, 0x2020), 0);
    assert_int_equal(rig_read(rig, 0x2028), 0);
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 100), 8);
    assert_int_equal(rig->space[1].accesses, 0);
}

static void test_B65_life_of_a_sub_device(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor move = {.opcode = 3, .source = SOURCE, .dest = DEST, .size = 8};
    unsigned round;

    fill_and_submit(rig, 3, 4);
    assert_int_equal(rig_command(rig, 7, 1u << 1), 0);
    for (round = 0; round < 3; round++) {
        unsigned space = round % 3;

        rig_configure(rig, 1, 8, 0, RIG_DEDICATED(5 + space), 16);
        assert_int_equal(rig_command(rig, 6, 1), 0);
        memset(rig_at(rig, space, SOURCE), 0x60 + (int)round, 8);
        assert_int_equal(rig_submit(rig, 1, 0, &move), IOMMU_MODEL_DSA_ACCEPTED);
        assert_int_equal(rig_command(rig, 8, 1u << 1), 0);
        assert_int_equal(rig_at(rig, space, DEST)[7], 0x60 + (int)round);
        assert_int_equal(rig_submit(rig, 1, 0, &move), IOMMU_MODEL_DSA_ACCEPTED);
        assert_int_equal(rig_command(rig, 9, 1u << 1), 0);
        assert_int_equal(rig_command(rig, 10, 1u << 1), 0);
        assert_int_equal(rig->space[space].accesses, 2);
        check_untouched(rig, 3, 4);
    }
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 100), 4);
}

#define AS_CREATED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define STARTED(test)    cmocka_unit_test_setup_teardown(test, setup_started, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AS_CREATED(test_dsa_invalid_commands),
        STARTED(test_dsa_enable_device_twice),
        AS_CREATED(test_dsa_enable_device_without_configuration),
        AS_CREATED(test_dsa_enable_device_wants_bus_mastering),
        AS_CREATED(test_dsa_enable_device_wants_the_pasid_capability),
        AS_CREATED(test_dsa_enable_device_counts_entries),
        AS_CREATED(test_dsa_enable_device_checks_groups),
        STARTED(test_dsa_disable_device),
        AS_CREATED(test_dsa_commands_that_want_the_device),
        STARTED(test_dsa_drain_all),
        STARTED(test_dsa_abort_all),
        STARTED(test_dsa_reset_device),
        AS_CREATED(test_dsa_enable_queue_errors),
        AS_CREATED(test_dsa_enable_queue_wants_the_pasid_capability),
        AS_CREATED(test_dsa_enable_queue_wants_an_engine),
        cmocka_unit_test(test_dsa_dedicated_only_device_has_no_shared_queues),
        AS_CREATED(test_dsa_sizes_changed_after_the_device_is_on),
        STARTED(test_dsa_queue_commands_want_existing_queues),
        cmocka_unit_test(test_dsa_queue_groups_of_sixteen),
        STARTED(test_dsa_disable_queue_drains_it),
        STARTED(test_dsa_drain_queue),
        STARTED(test_dsa_drain_pasid),
        STARTED(test_dsa_abort_pasid),
        STARTED(test_dsa_untagged_work_is_of_no_pasid),
        STARTED(test_B65_abort_of_one_queue_leaves_siblings_alone),
        STARTED(test_B65_reset_of_one_queue_leaves_siblings_alone),
        STARTED(test_B65_life_of_a_sub_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
