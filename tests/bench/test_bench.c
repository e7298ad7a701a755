/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/test_bench.c - what the bench concludes from times: ratios within a round, the fastest rival, goal, must and
 * short, and that nothing is concluded from what failed. Times are made up here; none is measured.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/counts.h"
#include "bench/limits.h"
#include "bench/measure.h"
#include "bench/touch.h"
#include "bench/unit.h"
#include "spec/vtd_queue.h"
#include "spec/vtd_regs.h"

static const struct bench smoke = {.options = {.smoke = true}};

/* An op that takes `each` ns and fails from its n-th call on. All calls are written down. */
struct made_up {
    double each;
    double first;      /* added to the first call */
    unsigned fails_at; /* 0: never */
    unsigned calls;
    char name;
};

static char written[64]; /* the names in the order of the calls */
static unsigned written_count;
static double slower = 1; /* the machine, with each round of two ops, which are called twice */

static uint64_t run_made_up(void *ctx, unsigned times)
{
    struct made_up *op = ctx;
    unsigned round = written_count / 4;
    double machine = pow(slower, round);
    if (written_count < sizeof written - 1)
        written[written_count++] = op->name;
    op->calls++;
    if (op->fails_at != 0 && op->calls >= op->fails_at)
        return BENCH_FAILED;
    return (uint64_t)(1000 * (op->each * times * machine + (op->calls == 1 ? op->first : 0)));
}

static struct bench_op op_of(const char *name, struct made_up *ctx)
{
    struct bench_op made = {.run = run_made_up, .ctx = ctx, .each = 1};
    strcpy(made.name, name);
    return made;
}

static struct bench_part *against(enum bench_sense sense, double goal, double must, double own, double first, double second)
{
    static struct bench_result result;
    struct made_up times[3] = {{.each = own}, {.each = first}, {.each = second}};
    struct bench_op ops[3] = {op_of("own", &times[0]), op_of("first", &times[1]), op_of("second", &times[2])};
    struct bench_samples samples;
    memset(&result, 0, sizeof result);
    struct bench_part *part = bench_part(&result, sense, goal, must, "part");
    bench_take(&smoke, ops, 3, &samples);
    bench_against(part, ops, &samples, 0, 1, 2);
    bench_give(&samples);
    return part;
}

static void near(double value, double wanted)
{
    if (fabs(value - wanted) > wanted * 0.01)
        fail_msg("%g, not %g", value, wanted);
}

static void test_the_fastest_rival_counts(void **state)
{
    struct bench_part *part = against(BENCH_TIMES_FASTER, 2, 1.5, 10, 40, 30);
    near(part->median, 3);
    assert_string_equal(part->rival, "second");
    part = against(BENCH_TIMES_LIMIT, 2, 3, 40, 10, 20);
    near(part->median, 4);
    assert_string_equal(part->rival, "first");
}

static void test_goal_must_and_short(void **state)
{
    assert_int_equal(against(BENCH_TIMES_FASTER, 2, 1.5, 10, 21, 99)->verdict, BENCH_GOAL);
    assert_int_equal(against(BENCH_TIMES_FASTER, 2, 1.5, 10, 17, 99)->verdict, BENCH_MUST);
    assert_int_equal(against(BENCH_TIMES_FASTER, 2, 1.5, 10, 14, 99)->verdict, BENCH_SHORT);
    assert_int_equal(against(BENCH_TIMES_LIMIT, 1.2, 1.5, 11, 10, 99)->verdict, BENCH_GOAL);
    assert_int_equal(against(BENCH_TIMES_LIMIT, 1.2, 1.5, 14, 10, 99)->verdict, BENCH_MUST);
    assert_int_equal(against(BENCH_TIMES_LIMIT, 1.2, 1.5, 16, 10, 99)->verdict, BENCH_SHORT);
    assert_int_equal(against(BENCH_TIMES_FASTER, 2, BENCH_NO_MUST, 10, 1, 99)->verdict, BENCH_MUST);
    assert_int_equal(against(BENCH_TIMES_LIMIT, 2, BENCH_NO_MUST, 99, 1, 99)->verdict, BENCH_MUST);
}

static void test_counts_are_judged(void **state)
{
    struct bench_result result = {0};
    struct bench_part *part = bench_part(&result, BENCH_NUMBER, 0, 0, "tables");
    assert_int_equal(part->verdict, BENCH_OPEN);
    bench_fixed(part, 0);
    assert_int_equal(part->verdict, BENCH_GOAL);
    bench_fixed(part, 1);
    assert_int_equal(part->verdict, BENCH_SHORT);
}

/* Two ops, 10 and 20 ns. */
static void take_two(struct bench_part *part, unsigned rival_fails_at)
{
    struct made_up times[2] = {{.each = 10, .name = 'a'}, {.each = 20, .name = 'b', .fails_at = rival_fails_at}};
    struct bench_op ops[2] = {op_of("own", &times[0]), op_of("rival", &times[1])};
    struct bench_samples samples;
    memset(written, 0, sizeof written);
    written_count = 0;
    bench_take(&smoke, ops, 2, &samples);
    bench_against(part, ops, &samples, 0, 1, 1);
    bench_give(&samples);
}

/* The machine gets slower with every round: the times run away, the ratios do not. */
static void test_ratios_are_taken_within_a_round(void **state)
{
    struct bench_result result = {0};
    struct bench_part *part = bench_part(&result, BENCH_TIMES_FASTER, 2, 1, "part");
    slower = 8;
    take_two(part, 0);
    slower = 1;
    near(part->median, 2);
    near(part->p10, 2);
    near(part->p90, 2);
    assert_true(part->ns > 10 * 1000 * 8);
}

static void test_the_order_rotates(void **state)
{
    struct bench_result result = {0};
    take_two(bench_part(&result, BENCH_TIMES_FASTER, 2, 1, "part"), 0);
    assert_string_equal(written, "aabb" "aabb" "bbaa" "aabb"); /* how often for a slice, then three rounds: warm, and timed */
}

/* It takes its memory from the operating system: what it lasts does not make a slice. */
static void test_the_first_run_says_nothing(void **state)
{
    struct made_up cold = {.each = 1, .first = 1000};
    struct bench_op op = op_of("cold", &cold);
    struct bench_samples samples;
    bench_take(&smoke, &op, 1, &samples);
    assert_false(samples.failed);
    assert_int_equal(cold.calls, 2 + 2 + 2 + 2 * 3); /* 1 twice, 2, 4, 8 twice, and the slices */
    bench_give(&samples);
}

static void test_nothing_is_concluded_from_a_failure(void **state)
{
    for (unsigned call = 1; call <= 8; call++) {
        struct bench_result result = {0};
        struct bench_part *part = bench_part(&result, BENCH_TIMES_FASTER, 2, 1, "part");
        take_two(part, call);
        assert_int_equal(part->verdict, BENCH_OPEN);
        assert_string_equal(part->missing, "rival failed");
    }
}

static enum bench_verdict verdict_of(enum bench_verdict first, enum bench_verdict second)
{
    struct bench_result result = {.part_count = 2, .parts = {{.verdict = first}, {.verdict = second}}};
    return bench_row_verdict(&result);
}

static void test_the_worst_part_decides(void **state)
{
    struct bench_result result = {.part_count = 3, .parts = {{.verdict = BENCH_GOAL}, {.verdict = BENCH_SHORT}, {.verdict = BENCH_MUST}}};
    struct bench_result none = {.part_count = 1};
    assert_ptr_equal(bench_decisive(&result), &result.parts[1]);
    assert_null(bench_decisive(&none));
    assert_int_equal(verdict_of(BENCH_GOAL, BENCH_GOAL), BENCH_GOAL);
    assert_int_equal(verdict_of(BENCH_GOAL, BENCH_MUST), BENCH_MUST);
    assert_int_equal(verdict_of(BENCH_MUST, BENCH_SHORT), BENCH_SHORT);
    assert_int_equal(verdict_of(BENCH_GOAL, BENCH_OPEN), BENCH_OPEN);
    assert_int_equal(verdict_of(BENCH_SHORT, BENCH_OPEN), BENCH_SHORT);
}

static void test_a_chain_visits_every_line(void **state)
{
    enum { LINES = 1000 };
    uint64_t *memory = aligned_alloc(64, LINES * 64);
    bool seen[LINES] = {false};
    struct bench_chain chain;
    uint64_t at = 0;
    bench_chain_open(&chain, memory, LINES * 64);
    for (unsigned i = 0; i < LINES; i++, at = memory[at * 8]) {
        assert_true(at < LINES && !seen[at]);
        seen[at] = true;
    }
    assert_int_equal(at, 0);
    free(memory);
}

static void test_limits_store_what_they_say(void **state)
{
    struct bench_op ops[BENCH_OPS_MAX];
    struct bench_stores stores;
    assert_int_equal(bench_stores_open(&stores, 256, 4096, 3), 0);
    unsigned count = bench_checked_ops(&stores, ops);
    for (unsigned i = 0; i < count; i++) {
        ops[i].run(ops[i].ctx, 1);
        for (unsigned run = 0; run < 3; run++) {
            assert_int_equal(stores.buffer[run * 512], 3);
            assert_int_equal(stores.buffer[run * 512 + 255], 3 + 255 * 4096);
            assert_int_equal(stores.buffer[run * 512 + 256], 0);
        }
    }
    assert_true(bench_stores_ops(&stores, ops) >= 3);
    ops[0].run(ops[0].ctx, 1);
    assert_int_equal(stores.buffer[255], 0);
    bench_stores_close(&stores);
}

static void test_the_unit_executes_its_queue(void **state)
{
    uint64_t *memory = aligned_alloc(4096, 2 * 4096);
    struct bench_unit *unit = bench_unit_create((uint8_t *)memory, 0x50, 0, 0);
    struct bench_unit_counts counts;
    uint32_t *word = (uint32_t *)(void *)(memory + 512);
    memset(memory, 0, 2 * 4096);
    memory[0] = VTD_QI_TYPE_IOTLB | SPEC_PUT(VTD_QI_IOTLB_G, (uint64_t)VTD_QI_IOTLB_G_PAGE);
    memory[4] = VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW | SPEC_PUT(VTD_QI_WAIT_DATA, UINT64_C(77));
    memory[5] = 4096;
    bench_unit_write64(unit, VTD_REG_IQA, VTD_IQA_DW);
    bench_unit_write32(unit, VTD_REG_GCMD, VTD_GCMD_QIE);
    assert_true(bench_unit_read32(unit, VTD_REG_GSTS) & VTD_GSTS_QIES);
    bench_unit_write32(unit, VTD_REG_IQT, 64);
    bench_unit_counts(unit, &counts);
    assert_int_equal(*word, 77);
    assert_int_equal(counts.descriptors, 2);
    assert_int_equal(counts.tail_writes, 1);
    assert_int_equal(counts.status_writes, 1);
    assert_int_equal(bench_unit_read64(unit, VTD_REG_IQH), 64);
    bench_unit_destroy(unit);
    free(memory);
}

static void test_a_touched_page_is_noticed(void **state)
{
    volatile uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_int_equal(bench_touch_watch((uint8_t *)page), 0);
    assert_int_equal(bench_touch_seen(), 0);
    assert_int_equal(bench_touch_watch((uint8_t *)page), 0);
    page[100] = 1;
    assert_int_equal(bench_touch_seen(), 1);
    assert_int_equal(page[100], 1);
    munmap((void *)page, 4096);
}

static void test_what_is_counted(void **state)
{
    struct bench_flush_counts flushes;
    struct bench_memory_counts memory;
    assert_int_equal(bench_counts_flushes(&flushes), 0);
    assert_true(flushes.touched == 275);
    assert_true(flushes.lines == flushes.touched); /* fewer, and a walk could miss something; more, and it costs */
    assert_true(flushes.map_fences == 1 && flushes.unmap_fences == 1);
    assert_int_equal(bench_counts_memory(true, &memory), 0);
    assert_true(memory.mapping >= 8 && memory.mapping <= 8.03);
    assert_true(memory.kept == 0 && memory.kept_by_many > 0 && memory.stock <= 16);
    assert_true(memory.attached == 4096);
    assert_true(memory.pasids_mib > 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_fastest_rival_counts),
        cmocka_unit_test(test_goal_must_and_short),
        cmocka_unit_test(test_counts_are_judged),
        cmocka_unit_test(test_ratios_are_taken_within_a_round),
        cmocka_unit_test(test_the_order_rotates),
        cmocka_unit_test(test_the_first_run_says_nothing),
        cmocka_unit_test(test_nothing_is_concluded_from_a_failure),
        cmocka_unit_test(test_the_worst_part_decides),
        cmocka_unit_test(test_a_chain_visits_every_line),
        cmocka_unit_test(test_limits_store_what_they_say),
        cmocka_unit_test(test_the_unit_executes_its_queue),
        cmocka_unit_test(test_a_touched_page_is_noticed),
        cmocka_unit_test(test_what_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
