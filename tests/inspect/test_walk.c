/* SPDX-License-Identifier: MIT */
/*
 * One translation: the steps and verdicts of made tables, pages that the dump lacks, and registers of real units, which
 * can do more than the model. What the enumerator says of the same tables is compared in test_walk_agrees.c.
 */
#include <errno.h>
#include <string.h>

#include "inspect/walk.h"
#include "spec/vtd_faults.h"
#include "tests/inspect/tables_made.h"


static struct made made;
static struct inspect_walk_result result;

static int end(void **state)
{
    made_close(&made);
    return 0;
}

static int try(const struct inspect_walk_request *request)
{
    struct inspect_walk *walk;
    struct inspect_why why = {.text = ""};
    made_memory(&made);
    int failed = inspect_walk_open(&made.machine, &walk, &why);
    if (failed == 0) {
        failed = inspect_walk_look(walk, request, &result, &why);
        inspect_walk_close(walk);
    }
    assert_true((failed == 0) == (why.text[0] == '\0'));
    return failed;
}

static struct inspect_walk_request request(uint64_t iova, bool write, long pasid)
{
    return (struct inspect_walk_request){
        .device = {0, MADE_RID}, .has_pasid = pasid >= 0, .pasid = pasid >= 0 ? (uint32_t)pasid : 0, .iova = iova,
        .write = write,
    };
}

static void look(uint64_t iova, bool write, long pasid)
{
    struct inspect_walk_request asked = request(iova, write, pasid);
    assert_int_equal(try(&asked), 0);
}

static void mapped(uint64_t iova, bool write, long pasid, uint64_t pa, uint64_t bytes)
{
    look(iova, write, pasid);
    assert_int_equal(result.outcome, INSPECT_WALK_MAPPED);
    assert_int_equal(result.pa, pa);
    assert_int_equal(result.bytes, bytes);
}

static void faults(uint64_t iova, bool write, long pasid, unsigned code)
{
    look(iova, write, pasid);
    assert_int_equal(result.outcome, INSPECT_WALK_FAULT);
    assert_int_equal(result.fault, code);
    assert_string_equal(result.fault_name, iommu_model_vtd_fault_name((uint8_t)code));
}

/* ---- verdicts ----------------------------------------------------------------------------------------------------- */

static void test_walk_legacy(void **state)
{
    made_sizes(&made, MADE_LEGACY_MODE, VTD_SS_R);
    mapped(0x1234, false, -1, 0xa0234, 0x1000);
    assert_true(result.read && !result.write);
    mapped(0x212345, true, -1, 0x7e12345, 0x200000);
    assert_true(result.read && result.write);
    mapped(0x7fffffff, true, -1, 0x1ffffffff, 0x40000000);
    faults(0x1000, true, -1, VTD_FAULT_LGN_NO_WRITE);
    faults(0x2000, false, -1, VTD_FAULT_LGN_NO_READ);
    faults(0x1000, false, 3, VTD_FAULT_RTA_PASID_IN_LEGACY);
    faults(UINT64_C(1) << 48, false, -1, VTD_FAULT_LGN_BEYOND_LIMIT);
    struct inspect_walk_request asked = request(0x1000, false, -1);
    asked.device.rid = 0x0128;
    assert_int_equal(try(&asked), 0);
    assert_int_equal(result.fault, VTD_FAULT_LRT_NOT_PRESENT);
}

static void test_walk_scalable(void **state)
{
    made_sizes(&made, MADE_SCALABLE_MODE, VTD_SS_R);
    mapped(0x1234, false, 3, 0xa0234, 0x1000);
    faults(0x1000, true, 3, VTD_FAULT_SGN_NO_WRITE);
    faults(0x2000, false, 3, VTD_FAULT_SSS_NOT_PRESENT);
    faults(0x1000, false, 4, VTD_FAULT_SPT_NOT_PRESENT);
    faults(0x1000, false, 64, VTD_FAULT_SPD_NOT_PRESENT);
    faults(0x1000, false, -1, VTD_FAULT_SPT_NOT_PRESENT); /* RID_PASID 0 has no entry */
}

static void test_walk_privileged(void **state)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t top = made_page(&made);
    made_first(&made, top, 4, 1, 0x1000, 0xa0000 | (MADE_RW_FIRST & ~VTD_FS_US));
    made_pasid_first(&made, MADE_RID, 3, top, 7);
    struct inspect_walk_request asked = request(0x1000, true, 3);
    faults(0x1000, true, 3, VTD_FAULT_SGN_USER);
    asked.privileged = true;
    assert_int_equal(try(&asked), 0);
    assert_int_equal(result.fault, VTD_FAULT_SPT_NO_SUPERVISOR);
    made_pasid(&made, MADE_RID, 3)[2] |= VTD_PE2_SRE;
    assert_int_equal(try(&asked), 0);
    assert_int_equal(result.outcome, INSPECT_WALK_MAPPED);
}

static void test_walk_interrupt_range(void **state)
{
    made_sizes(&made, MADE_LEGACY_MODE, VTD_SS_R);
    look(0xfee00000, true, -1);
    assert_int_equal(result.outcome, INSPECT_WALK_INTERRUPT);
    faults(0xfee00000, false, -1, VTD_FAULT_IR_MALFORMED);
    faults(0xfee00001, true, -1, VTD_FAULT_IR_MALFORMED);
}

/* Off, everything goes through as it is. */
static void test_walk_translation_off(void **state)
{
    made_sizes(&made, MADE_LEGACY_MODE, VTD_SS_R);
    made_set(&made, INSPECT_GSTS, VTD_GSTS_RTPS);
    mapped(0x123456, true, -1, 0x123456, 0x1000);
    made.unit[0].known &= ~(UINT64_C(1) << INSPECT_GSTS); /* not known: on */
    faults(0x123456, true, -1, VTD_FAULT_LGN_NO_WRITE);
}

static void test_walk_protected_memory(void **state)
{
    made_sizes(&made, MADE_LEGACY_MODE, VTD_SS_R);
    made.unit[0].value[INSPECT_CAP] |= VTD_CAP_PLMR | VTD_CAP_PHMR;
    made_set(&made, INSPECT_PMEN, VTD_PMEN_EPM | VTD_PMEN_PRS);
    made_set(&made, INSPECT_PLMBASE, 0x7e00000);
    made_set(&made, INSPECT_PLMLIMIT, 0x7e00000);
    made_set(&made, INSPECT_PHMBASE, 0x1c0000000);
    made_set(&made, INSPECT_PHMLIMIT, 0x1c0000000);
    look(0x200000, true, -1);
    assert_int_equal(result.outcome, INSPECT_WALK_FAULT);
    assert_int_equal(result.fault, 0);
    assert_non_null(strstr(result.fault_name, "protected"));
    look(0x40000000, true, -1);
    assert_int_equal(result.outcome, INSPECT_WALK_FAULT);
    mapped(0x48000000, true, -1, 0x1c8000000, 0x40000000);
    made_set(&made, INSPECT_PMEN, VTD_PMEN_EPM);
    mapped(0x200000, true, -1, 0x7e00000, 0x200000);
}

/* ---- steps -------------------------------------------------------------------------------------------------------- */

static void check_step(unsigned index, const char *what, uint64_t address, uint64_t entry, const char *meaning)
{
    const struct iommu_model_step *step = &result.explanation.step[index];
    char text[INSPECT_WALK_MEANING];
    assert_true(index < result.explanation.count);
    assert_string_equal(step->what, what);
    assert_int_equal(step->address, address);
    assert_int_equal(step->entry[0], entry);
    if (strstr(inspect_walk_meaning(step, text), meaning) == NULL)
        fail_msg("step %u means \"%s\", not \"%s\"", index, text, meaning);
}

static void test_walk_steps_of_legacy(void **state)
{
    uint64_t top = made_sizes(&made, MADE_LEGACY_MODE, VTD_SS_R);
    mapped(0x212345, true, -1, 0x7e12345, 0x200000);
    uint64_t root = *made_word(&made, made.root), context = (root & VTD_PTR) + MADE_RID * 16;
    assert_int_equal(result.explanation.count, 5);
    check_step(0, "root entry", made.root, root, "context table follows: table at 0x");
    check_step(1, "context entry", context, *made_word(&made, context), "second stage, domain 7, 4 levels at 0x");
    check_step(2, "second-stage level 4", top, *made_word(&made, top), "next table follows: 0x");
    check_step(4, "second-stage level 2", (*made_slot(&made, top, 4, 3, 0, 0) & VTD_PTR) + 8, 0x7e00083,
               "leaf: 0x7e00000, rw");
    assert_int_equal(result.explanation.step[4].index, 1);
}

static void test_walk_steps_of_scalable(void **state)
{
    made_sizes(&made, MADE_SCALABLE_MODE, VTD_SS_R);
    made_pasid_first(&made, MADE_RID, 4, made_page(&made), 9);
    uint64_t *words = made_pasid(&made, MADE_RID, 5);
    words[0] = SPEC_PUT(VTD_PE0_PGTT, UINT64_C(4)) | VTD_PE0_P;
    words[1] = 10;
    mapped(0x1000, false, 3, 0xa0000, 0x1000);
    assert_int_equal(result.explanation.count, 8);
    check_step(1, "scalable context entry", result.explanation.step[1].address, result.explanation.step[1].entry[0],
               "for PASIDs below 0x100000, requests without PASID use 0, with PASID are allowed");
    check_step(3, "PASID table entry", result.explanation.step[3].address, made_pasid(&made, MADE_RID, 3)[0],
               "second stage, domain 7, 4 levels at 0x");
    check_step(7, "second-stage level 1", result.explanation.step[7].address, 0xa0001, "leaf: 0xa0000, r-");
    faults(0x1000, false, 4, VTD_FAULT_SFS_NOT_PRESENT);
    check_step(3, "PASID table entry", result.explanation.step[3].address, made_pasid(&made, MADE_RID, 4)[0],
               "first stage, domain 9, 4 levels at 0x");
    mapped(0x1000, false, 5, 0x1000, 0x1000);
    check_step(3, "PASID table entry", result.explanation.step[3].address, made_pasid(&made, MADE_RID, 5)[0],
               "pass-through, domain 10");
    made_first(&made, made_pasid(&made, MADE_RID, 4)[2], 4, 2, 0, 0x7e00000 | VTD_FS_PAT_LARGE | VTD_FS_P | VTD_FS_A);
    faults(0x1000, true, 4, VTD_FAULT_SGN_USER);
    check_step(6, "first-stage level 2", result.explanation.step[6].address, 0x7e010a1,
               "user request to a supervisor page: 0x7e00000, r-, privileged only");
}

/* ---- what the dump lacks ------------------------------------------------------------------------------------------ */

#define ELSEWHERE UINT64_C(0x3ffff000)

static void check_absent(uint64_t *word)
{
    uint64_t before = *word;
    char text[INSPECT_WALK_MEANING];
    *word = (*word & 0xfff) | ELSEWHERE;
    look(0x1000, false, 3);
    assert_int_equal(result.outcome, INSPECT_WALK_ABSENT);
    assert_int_equal(result.absent & ~UINT64_C(0xfff), ELSEWHERE);
    assert_false(result.unreadable);
    const struct iommu_model_step *last = &result.explanation.step[result.explanation.count - 1];
    assert_int_equal(last->address, result.absent);
    assert_int_equal(last->words, 0);
    assert_string_equal(inspect_walk_meaning(last, text), "not in the dump");
    *word = before;
}

static void test_walk_absent_pages(void **state)
{
    uint64_t top = made_sizes(&made, MADE_SCALABLE_MODE, VTD_SS_R);
    uint64_t *context = made_word(&made, (*made_word(&made, made.root) & VTD_PTR) + MADE_RID * 32);
    check_absent(&made.unit[0].value[INSPECT_RTADDR]);
    check_absent(made_word(&made, made.root));
    check_absent(context);
    check_absent(made_word(&made, *context & VTD_PTR));
    check_absent(&made_pasid(&made, MADE_RID, 3)[0]);
    for (unsigned level = 4; level > 1; level--)
        check_absent(made_slot(&made, top, 4, level, 0x1000, 0));
    mapped(0x1000, false, 3, 0xa0000, 0x1000);
}

/* ---- units -------------------------------------------------------------------------------------------------------- */

/* What units of this day report: more than the model does, and registers where the model has others. */
static void test_walk_real_capabilities(void **state)
{
    static const uint64_t real[][2] = {
        {0x19ed008c40780c66, 0x3ee9e86f050df}, /* server, scalable mode, performance counters */
        {0x1c0000c40660462, 0x29a00f0505e},    /* client graphics */
        {0xd2008c40660462, 0xf050da},
        {0x8d2078c106f0466, 0xf020df},
        {UINT64_MAX & ~SPEC_PUT(VTD_CAP_ND, UINT64_C(1)) & ~SPEC_PUT(VTD_CAP_SSLPS, UINT64_C(12)) &
             ~SPEC_PUT(VTD_CAP_MGAW, UINT64_C(7)),
         UINT64_MAX & ~VTD_ECAP_PSS},
    };
    for (unsigned i = 0; i < sizeof real / sizeof real[0]; i++) {
        made_sizes(&made, MADE_LEGACY_MODE, VTD_SS_R);
        made_set(&made, INSPECT_CAP, real[i][0]);
        made_set(&made, INSPECT_ECAP, real[i][1]);
        look(0x1000, false, -1);
        if (SPEC_GET(VTD_CAP_SAGAW, real[i][0]) & VTD_SAGAW_48)
            assert_int_equal(result.outcome, INSPECT_WALK_MAPPED);
        end(state);
    }
    made_sizes(&made, MADE_LEGACY_MODE, VTD_SS_R);
}

static void test_walk_capabilities_that_contradict(void **state)
{
    struct inspect_walk_request asked = request(0x1000, false, -1);
    made_sizes(&made, MADE_LEGACY_MODE, VTD_SS_R);
    made_set(&made, INSPECT_ECAP, VTD_ECAP_NEST);
    assert_int_equal(try(&asked), -EINVAL);
    made.unit[0].known = 0;
    assert_int_equal(try(&asked), -EINVAL);
}

/* The unit that knows the device answers; segments are told apart. */
static void test_walk_two_units(void **state)
{
    struct inspect_walk_request asked = request(0x1000, false, -1);
    made_sizes(&made, MADE_LEGACY_MODE, VTD_SS_R);
    uint64_t empty = made_page(&made);
    made.registers.count = 2;
    made.unit[1] = made.unit[0];
    made.unit[0].value[INSPECT_RTADDR] = empty;
    mapped(0x1000, false, -1, 0xa0000, 0x1000);
    assert_int_equal(result.unit, 1);
    made.unit[1].segment = 1;
    faults(0x1000, false, -1, VTD_FAULT_LRT_NOT_PRESENT);
    assert_int_equal(result.unit, 0);
    asked.device.segment = 1;
    assert_int_equal(try(&asked), 0);
    assert_int_equal(result.outcome, INSPECT_WALK_MAPPED);
    asked.device.segment = 2;
    assert_int_equal(try(&asked), -ENODEV);
    made.unit[1].known &= ~(UINT64_C(1) << INSPECT_RTADDR);
    asked.device.segment = 1;
    assert_int_equal(try(&asked), -ENODEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_walk_legacy, end),
        cmocka_unit_test_teardown(test_walk_scalable, end),
        cmocka_unit_test_teardown(test_walk_privileged, end),
        cmocka_unit_test_teardown(test_walk_interrupt_range, end),
        cmocka_unit_test_teardown(test_walk_translation_off, end),
        cmocka_unit_test_teardown(test_walk_protected_memory, end),
        cmocka_unit_test_teardown(test_walk_steps_of_legacy, end),
        cmocka_unit_test_teardown(test_walk_steps_of_scalable, end),
        cmocka_unit_test_teardown(test_walk_absent_pages, end),
        cmocka_unit_test_teardown(test_walk_real_capabilities, end),
        cmocka_unit_test_teardown(test_walk_capabilities_that_contradict, end),
        cmocka_unit_test_teardown(test_walk_two_units, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
