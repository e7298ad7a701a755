/* SPDX-License-Identifier: MIT */
/*
 * Descriptors from portal to completion record: whose PASID goes out, what the operations do, how
 * far they got when the bus refused, where errors are told.
 * platform: model
 */
#include "tests/model_dsa/rig.h"

#include <string.h>

#define A      (RIG_BASE)
#define B      (RIG_BASE + 6 * RIG_PAGE)
#define RECORD (RIG_BASE + 15 * RIG_PAGE)

static int setup(void **state)
{
    *state = rig_new(NULL);
    rig_start(*state);
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

static void scribble(struct rig *rig, unsigned space, uint64_t address, size_t bytes)
{
    uint8_t *at = rig_at(rig, space, address);
    size_t index;

    for (index = 0; index < bytes; index++)
        at[index] = (uint8_t)(index * 7 + index / 256 + space);
}

static struct rig_descriptor move(uint64_t from, uint64_t to, uint32_t size)
{
    return (struct rig_descriptor){.opcode = 3, .source = from, .dest = to, .size = size};
}

static uint32_t done_of(uint64_t record)
{
    return (uint32_t)(record >> 32);
}

/* ---- whose PASID -------------------------------------------------------------------------- */

static void test_B18_dedicated_queue_sends_the_pasid_in_its_register(void **state)
{
    struct rig *rig = *state;
    uint8_t descriptor[64] = {6}; /* the descriptor's PASID field says 6 and is not believed */

    assert_int_equal(iommu_model_dsa_submit(rig->dsa, 0, 7, true, descriptor),
                     IOMMU_MODEL_DSA_ACCEPTED);
    scribble(rig, 0, A, 100);
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 10), 1);
    assert_int_equal(rig_do(rig, 0, 7, move(A, B, 100)), 1 | (uint64_t)100 << 32);
    assert_memory_equal(rig_at(rig, 0, B), rig_at(rig, 0, A), 100);
    assert_true(rig->last.has_pasid);
    assert_int_equal(rig->last.pasid, 5);
    assert_int_equal(rig->privileged_accesses, 0);
    assert_int_equal(rig->space[1].accesses + rig->space[2].accesses + rig->space[3].accesses, 0);
}

static void test_B18_the_pasid_register_holds_twenty_bits(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor descriptor = move(A, B, 1);

    assert_int_equal(rig_command(rig, 7, 1), 0);
    rig_configure(rig, 0, 8, 0, RIG_DEDICATED(0xFFFFF), 16);
    assert_int_equal(rig_command(rig, 6, 0), 0);
    rig_submit(rig, 0, 0, &descriptor);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(rig->last.pasid, 0xFFFFF);
}

static void test_B18_shared_queue_sends_the_submissions_pasid(void **state)
{
    struct rig *rig = *state;
    uint32_t pasid;

    for (pasid = 5; pasid <= 7; pasid++) {
        scribble(rig, pasid - 5, A, 64);
        assert_int_equal(rig_do(rig, 2, pasid, move(A, B, 64)) & 0xFF, 1);
        assert_memory_equal(rig_at(rig, pasid - 5, B), rig_at(rig, pasid - 5, A), 64);
        assert_int_equal(rig->last.pasid, pasid);
    }
}

static void test_B19_a_wrong_pasid_meets_faults_only(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor descriptor = move(A, B, 64);

    assert_int_equal(rig_submit(rig, 2, 8, &descriptor), IOMMU_MODEL_DSA_ACCEPTED);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(rig_swerr(rig, 0) >> 8 & 0xFF, 3);
    assert_int_equal(rig_swerr(rig, 0) >> 40, 8);
    assert_int_equal(rig_swerr(rig, 2), A);
    assert_int_equal(rig->space[0].accesses + rig->space[1].accesses + rig->space[2].accesses, 0);
}

static void test_dsa_queue_without_pasid_sends_untagged(void **state)
{
    struct rig *rig = *state;

    scribble(rig, 3, A, 32);
    assert_int_equal(rig_do(rig, 3, 5, move(A, B, 32)) & 0xFF, 1);
    assert_false(rig->last.has_pasid);
    assert_int_equal(rig->space[0].accesses, 0);
}

static void test_dsa_privilege_comes_from_queue_or_submission(void **state)
{
    struct rig *rig = *state;
    uint8_t descriptor[64] = {0};

    descriptor[7] = 4; /* fill */
    descriptor[26] = 0x10;
    descriptor[32] = 8;
    iommu_model_dsa_submit(rig->dsa, 2, 5, true, descriptor);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(rig->privileged_accesses, 1);
    assert_int_equal(rig_command(rig, 7, 1), 0);
    rig_configure(rig, 0, 8, 0, RIG_DEDICATED(5) | 1u << 29, 16);
    assert_int_equal(rig_command(rig, 6, 0), 0);
    iommu_model_dsa_submit(rig->dsa, 0, 0, false, descriptor);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(rig->privileged_accesses, 2);
}

/* ---- portals ------------------------------------------------------------------------------ */

static void test_dsa_dedicated_queue_drops_what_does_not_fit(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor noop = {0};
    unsigned index;

    for (index = 0; index < 8; index++)
        assert_int_equal(rig_submit(rig, 0, 0, &noop), IOMMU_MODEL_DSA_ACCEPTED);
    assert_int_equal(rig_swerr(rig, 0), 0);
    assert_int_equal(rig_submit(rig, 0, 0, &noop), IOMMU_MODEL_DSA_DROPPED);
    assert_int_equal(rig_swerr(rig, 0), 0xDu | 0x80u << 8 | (uint64_t)5 << 40);
    assert_int_equal(rig_submit(rig, 1, 0, &noop), IOMMU_MODEL_DSA_ACCEPTED);
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 100), 9);
}

static void test_dsa_shared_queue_says_retry(void **state)
{
    struct rig *rig = *state;
    uint8_t noop[64] = {0};
    unsigned index;

    for (index = 0; index < 3; index++)
        assert_int_equal(iommu_model_dsa_submit(rig->dsa, 2, 5, false, noop),
                         IOMMU_MODEL_DSA_ACCEPTED);
    assert_int_equal(iommu_model_dsa_submit(rig->dsa, 2, 5, false, noop), IOMMU_MODEL_DSA_RETRY);
    for (index = 3; index < 8; index++)
        assert_int_equal(iommu_model_dsa_submit(rig->dsa, 2, 5, true, noop),
                         IOMMU_MODEL_DSA_ACCEPTED);
    assert_int_equal(iommu_model_dsa_submit(rig->dsa, 2, 5, true, noop), IOMMU_MODEL_DSA_RETRY);
    assert_int_equal(rig_swerr(rig, 0), 0);
    assert_int_equal(rig_command(rig, 7, 1u << 2), 0);
    assert_int_equal(iommu_model_dsa_submit(rig->dsa, 2, 5, true, noop), IOMMU_MODEL_DSA_RETRY);
}

static void test_dsa_portal_of_no_queue(void **state)
{
    struct rig *rig = *state;
    uint8_t noop[64] = {0};

    assert_int_equal(iommu_model_dsa_submit(rig->dsa, 8, 5, true, noop), IOMMU_MODEL_DSA_DROPPED);
    assert_int_equal(iommu_model_dsa_submit(rig->dsa, UINT32_MAX, 5, true, noop),
                     IOMMU_MODEL_DSA_DROPPED);
}

static void test_dsa_queues_are_served_in_turn(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor descriptor = {.opcode = 4, .dest = A, .size = 1};
    unsigned index;

    for (index = 0; index < 4; index++)
        rig_submit(rig, 0, 0, &descriptor);
    rig_submit(rig, 1, 0, &descriptor);
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 2), 2);
    assert_int_equal(rig->space[0].accesses, 1);
    assert_int_equal(rig->space[1].accesses, 1);
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 0), 0);
}

/* ---- operations --------------------------------------------------------------------------- */

static void test_dsa_move_larger_than_the_buffer(void **state)
{
    struct rig *rig = *state;

    scribble(rig, 0, A + 5, 20000);
    assert_int_equal(rig_do(rig, 0, 0, move(A + 5, B + 9, 20000)), 1 | (uint64_t)20000 << 32);
    assert_memory_equal(rig_at(rig, 0, B + 9), rig_at(rig, 0, A + 5), 20000);
    assert_int_equal(*rig_at(rig, 0, B + 8), 0);
    assert_int_equal(*rig_at(rig, 0, B + 9 + 20000), 0);
}

static void test_dsa_fill_repeats_its_pattern(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor fill = {
        .opcode = 4, .source = 0x8877665544332211, .dest = A + 3, .size = 9001};
    unsigned index;

    assert_int_equal(rig_do(rig, 0, 0, fill), 1 | (uint64_t)9001 << 32);
    for (index = 0; index < 9001; index++)
        assert_int_equal(rig_at(rig, 0, A + 3)[index], 0x11 * (1 + index % 8));
    assert_int_equal(rig_at(rig, 0, A + 3)[9001], 0);
}

static void test_dsa_compare(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor compare = {.opcode = 5, .source = A, .dest = B, .size = 9000};

    scribble(rig, 0, A, 9000);
    scribble(rig, 0, B, 9000);
    assert_int_equal(rig_do(rig, 0, 0, compare), 1 | (uint64_t)9000 << 32);
    rig_at(rig, 0, B)[8999] ^= 1;
    assert_int_equal(rig_do(rig, 0, 0, compare), 0x101 | (uint64_t)8999 << 32);
    rig_at(rig, 0, B)[0] ^= 1;
    assert_int_equal(rig_do(rig, 0, 0, compare), 0x101);
}

static void test_dsa_compare_with_pattern(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor compare = {
        .opcode = 6, .source = A, .dest = 0x0101010101010102, .size = 5000};

    memset(rig_at(rig, 0, A), 1, 5000);
    assert_int_equal(rig_do(rig, 0, 0, compare), 0x101);
    compare.dest = 0x0101010101010101;
    assert_int_equal(rig_do(rig, 0, 0, compare), 1 | (uint64_t)5000 << 32);
}

static void test_dsa_noop_and_drain(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_do(rig, 0, 0, (struct rig_descriptor){.opcode = 0}), 1);
    assert_int_equal(rig_do(rig, 0, 0, (struct rig_descriptor){.opcode = 2}), 1);
    assert_int_equal(rig_do(rig, 0, 0, (struct rig_descriptor){.opcode = 0, .flags = 1}), 1);
}

/* ---- page faults -------------------------------------------------------------------------- */

static void test_dsa_read_fault_reports_progress_and_can_be_resumed(void **state)
{
    struct rig *rig = *state;
    uint64_t record;

    scribble(rig, 0, A, 20000);
    rig->space[0].page[2] = RIG_ABSENT;
    record = rig_do(rig, 0, 0, move(A + 100, B, 16000));
    assert_int_equal(record & 0xFF, 0x03);
    assert_int_equal(done_of(record), 2 * RIG_PAGE - 100);
    assert_int_equal(rig_qword(rig, 0, RECORD + 8), A + 2 * RIG_PAGE);
    assert_memory_equal(rig_at(rig, 0, B), rig_at(rig, 0, A + 100), done_of(record));
    assert_int_equal(rig_at(rig, 0, B)[done_of(record)], 0);
    rig->space[0].page[2] = 0;
    record = rig_do(rig, 0, 0,
                    move(A + 100 + done_of(record), B + done_of(record), 16000 - done_of(record)));
    assert_int_equal(record & 0xFF, 1);
    assert_memory_equal(rig_at(rig, 0, B), rig_at(rig, 0, A + 100), 16000);
}

static void test_dsa_write_fault_is_told_from_a_read_fault(void **state)
{
    struct rig *rig = *state;
    uint64_t record;

    scribble(rig, 0, A, 9000);
    rig->space[0].page[7] = RIG_READ_ONLY;
    record = rig_do(rig, 0, 0, move(A, B + 96, 9000));
    assert_int_equal(record & 0xFF, 0x83);
    assert_int_equal(done_of(record), RIG_PAGE - 96);
    assert_int_equal(rig_qword(rig, 0, RECORD + 8), B + RIG_PAGE);
    rig->space[0].page[7] = 0;
    record = rig_do(rig, 0, 0, move(A + 4000, B + 96 + 4000, 5000));
    assert_int_equal(record, 1 | (uint64_t)5000 << 32);
    assert_memory_equal(rig_at(rig, 0, B + 96), rig_at(rig, 0, A), 9000);
}

static void test_dsa_fill_fault(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor fill = {
        .opcode = 4, .source = ~(uint64_t)0, .dest = A + 4000, .size = 200};

    rig->space[0].page[1] = RIG_ABSENT;
    assert_int_equal(rig_do(rig, 0, 0, fill), 0x83 | (uint64_t)96 << 32);
    assert_int_equal(rig_qword(rig, 0, RECORD + 8), A + RIG_PAGE);
}

static void test_dsa_compare_fault_in_the_second_source(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor compare = {.opcode = 5, .source = A, .dest = B, .size = 9000};

    rig->space[0].page[8] = RIG_ABSENT;
    assert_int_equal(rig_do(rig, 0, 0, compare), 0x03 | (uint64_t)(2 * RIG_PAGE) << 32);
    assert_int_equal(rig_qword(rig, 0, RECORD + 8), B + 2 * RIG_PAGE);
}

static void test_dsa_compare_finds_a_difference_before_a_fault(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor compare = {.opcode = 5, .source = A, .dest = B + 4000, .size = 200};

    rig->space[0].page[7] = RIG_ABSENT;
    rig_at(rig, 0, A)[50] = 1;
    assert_int_equal(rig_do(rig, 0, 0, compare), 0x101 | (uint64_t)50 << 32);
    assert_int_equal(rig_qword(rig, 0, RECORD + 8), 0);
}

static void test_dsa_faults_are_counted(void **state)
{
    struct rig *rig = *state;
    struct iommu_model_dsa_stats stats;

    rig->space[0].page[0] = RIG_ABSENT;
    rig_do(rig, 0, 0, move(A, B, 1));
    rig_do(rig, 1, 0, move(A, B, 1));
    iommu_model_dsa_stats(rig->dsa, &stats);
    assert_int_equal(stats.page_faults, 1);
    assert_int_equal(stats.completed, 2);
    assert_int_equal(stats.submitted, 2);
}

/* ---- what is wrong with a descriptor ------------------------------------------------------- */

static void test_dsa_invalid_flags_are_named(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_do(rig, 0, 0, (struct rig_descriptor){.flags = 0x800002}) & 0xFF, 0x11);
    assert_int_equal(rig_qword(rig, 0, RECORD + 16), 0x800002);
}

static void test_dsa_requesting_a_record_without_an_address(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor noop = {.flags = 8};

    rig_submit(rig, 0, 0, &noop);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(rig_swerr(rig, 0) >> 8 & 0xFF, 0x11);
    assert_int_equal(rig_swerr(rig, 1) >> 32, 8);
}

static void test_dsa_reserved_fields(void **state)
{
    static const unsigned reserved[] = {38, 39, 40, 63};
    struct rig *rig = *state;
    struct rig_descriptor sized = {.opcode = 0, .size = 1};
    unsigned index;

    assert_int_equal(rig_do(rig, 0, 0, sized) & 0xFF, 0x12);
    for (index = 0; index < 4; index++) {
        uint8_t bytes[64] = {0};

        bytes[reserved[index]] = 1;
        iommu_model_dsa_submit(rig->dsa, 0, 0, false, bytes);
        iommu_model_dsa_run(rig->dsa, 1);
        assert_int_equal(rig_swerr(rig, 0) >> 8 & 0xFF, 0x12);
        iommu_model_dsa_write32(rig->dsa, 0xC0, 3);
    }
}

static void test_dsa_sizes_out_of_range(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_do(rig, 0, 0, move(A, B, 0)) & 0xFF, 0x13);
    assert_int_equal(rig_do(rig, 0, 0, move(A, B, 0x10001)) & 0xFF, 0x13);
    assert_int_equal(rig_do(rig, 0, 0, move(~(uint64_t)0, B, 2)) & 0xFF, 0x13);
    assert_int_equal(rig_do(rig, 0, 0, move(A, ~(uint64_t)0, 2)) & 0xFF, 0x13);
    assert_int_equal(rig_do(rig, 0, 0, move(A, ~(uint64_t)0, 1)) & 0xFF, 0x83);
    assert_int_equal(rig_do(rig, 0, 0, move(A, A + 0x10000, 0x10000)) & 0x7F, 0x03);
}

static void test_dsa_a_queues_own_transfer_limit(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_command(rig, 7, 1), 0);
    rig_configure(rig, 0, 8, 0, RIG_DEDICATED(5), 4);
    assert_int_equal(rig_command(rig, 6, 0), 0);
    assert_int_equal(rig_do(rig, 0, 0, move(A, B, 16)) & 0xFF, 1);
    assert_int_equal(rig_do(rig, 0, 0, move(A, B, 17)) & 0xFF, 0x13);
}

static void test_dsa_overlapping_buffers(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_do(rig, 0, 0, move(A, A + 63, 64)) & 0xFF, 0x16);
    assert_int_equal(rig_do(rig, 0, 0, move(A + 63, A, 64)) & 0xFF, 0x16);
    assert_int_equal(rig_do(rig, 0, 0, move(A, A, 64)) & 0xFF, 0x16);
    assert_int_equal(rig_do(rig, 0, 0, move(A, A + 64, 64)) & 0xFF, 0x01);
}

/* ---- completion records ------------------------------------------------------------------- */

static void test_dsa_record_that_is_not_requested_tells_errors_only(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor quiet = {.flags = 4, .record = RECORD};

    memset(rig_at(rig, 0, RECORD), 0xEE, 32);
    rig_submit(rig, 0, 0, &quiet);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(*rig_at(rig, 0, RECORD), 0xEE);
    quiet.opcode = 0x42;
    rig_submit(rig, 0, 0, &quiet);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(*rig_at(rig, 0, RECORD), 0x10);
    assert_int_equal(rig_swerr(rig, 0), 0);
}

static void test_dsa_misaligned_record(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor descriptor = {
        .opcode = 4, .flags = 0xC, .record = RECORD + 16, .dest = A, .size = 8};

    rig_submit(rig, 0, 0, &descriptor);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(rig_swerr(rig, 0) >> 8 & 0xFF, 0x1B);
    assert_false(rig->has_last);
}

static void test_dsa_record_that_does_not_translate(void **state)
{
    struct rig *rig = *state;
    struct rig_descriptor descriptor = {
        .opcode = 4, .flags = 0xC, .record = RECORD, .source = 0x99, .dest = A, .size = 1};

    rig->space[0].page[15] = RIG_READ_ONLY;
    rig_submit(rig, 0, 0, &descriptor);
    iommu_model_dsa_run(rig->dsa, 1);
    assert_int_equal(rig_swerr(rig, 0), 0x2Du | 0x1Au << 8 | (uint64_t)4 << 32 | (uint64_t)5 << 40);
    assert_int_equal(rig_swerr(rig, 2), RECORD + 8);
    assert_int_equal(*rig_at(rig, 0, A), 0x99); /* the operation itself was carried out */
    rig->space[0].page[15] = 0;
    assert_int_equal(*rig_at(rig, 0, RECORD), 0);
}

static void test_dsa_record_carries_the_queues_pasid(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_do(rig, 2, 7, (struct rig_descriptor){0}), 1);
    assert_int_equal(rig->last.pasid, 7);
    assert_int_equal(*rig_at(rig, 0, RECORD), 0);
    assert_int_equal(*rig_at(rig, 1, RECORD), 0);
}

/* The status must be the last thing that becomes visible, in one piece. */
static void test_dsa_status_is_written_last(void **state)
{
    struct rig *rig = *state;

    rig_do(rig, 0, 0, (struct rig_descriptor){0});
    assert_true(rig->last.write);
    assert_int_equal(rig->last.address, RECORD);
    assert_int_equal(rig->last.bytes, 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_B18_dedicated_queue_sends_the_pasid_in_its_register),
        TEST(test_B18_the_pasid_register_holds_twenty_bits),
        TEST(test_B18_shared_queue_sends_the_submissions_pasid),
        TEST(test_B19_a_wrong_pasid_meets_faults_only),
        TEST(test_dsa_queue_without_pasid_sends_untagged),
        TEST(test_dsa_privilege_comes_from_queue_or_submission),
        TEST(test_dsa_dedicated_queue_drops_what_does_not_fit),
        TEST(test_dsa_shared_queue_says_retry),
        TEST(test_dsa_portal_of_no_queue),
        TEST(test_dsa_queues_are_served_in_turn),
        TEST(test_dsa_move_larger_than_the_buffer),
        TEST(test_dsa_fill_repeats_its_pattern),
        TEST(test_dsa_compare),
        TEST(test_dsa_compare_with_pattern),
        TEST(test_dsa_noop_and_drain),
        TEST(test_dsa_read_fault_reports_progress_and_can_be_resumed),
        TEST(test_dsa_write_fault_is_told_from_a_read_fault),
        TEST(test_dsa_fill_fault),
        TEST(test_dsa_compare_fault_in_the_second_source),
        TEST(test_dsa_compare_finds_a_difference_before_a_fault),
        TEST(test_dsa_faults_are_counted),
        TEST(test_dsa_invalid_flags_are_named),
        TEST(test_dsa_requesting_a_record_without_an_address),
        TEST(test_dsa_reserved_fields),
        TEST(test_dsa_sizes_out_of_range),
        TEST(test_dsa_a_queues_own_transfer_limit),
        TEST(test_dsa_overlapping_buffers),
        TEST(test_dsa_record_that_is_not_requested_tells_errors_only),
        TEST(test_dsa_misaligned_record),
        TEST(test_dsa_record_that_does_not_translate),
        TEST(test_dsa_record_carries_the_queues_pasid),
        TEST(test_dsa_status_is_written_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
