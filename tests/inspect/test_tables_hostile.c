/* SPDX-License-Identifier: MIT */
/*
 * The enumerator on tables that are wrong or mean harm: what hardware would refuse is trouble and no mapping, what the
 * dump lacks is said, tables that point at themselves and at each other end, and limits are kept.
 */
#include <errno.h>
#include <string.h>

#include "tests/common/seed.h"
#include "tests/inspect/tables_made.h"

#define FAR (UINT64_C(1) << 46) /* beyond the host's width */

static struct made made;

static int end(void **state)
{
    made_close(&made);
    return 0;
}

static uint64_t first_world(void)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t top = made_page(&made);
    made_first(&made, top, 4, 1, 0x1000, 0xa0000 | MADE_RW_FIRST);
    made_first(&made, top, 4, 2, 0x200000, 0x7e00000 | MADE_RW_FIRST);
    made_first(&made, top, 4, 3, 0x40000000, 0x1c0000000 | MADE_RW_FIRST);
    made_pasid_first(&made, MADE_RID, 3, top, 7);
    return top;
}

static uint64_t *context_words(void)
{
    return made_word(&made, (*made_word(&made, made.root) & VTD_PTR) + MADE_RID * 32);
}

/* One trouble of this kind, at this word, and as many ranges and routes as said. */
static const struct inspect_trouble *expect(enum inspect_trouble_kind kind, const uint64_t *word, unsigned routes,
                                            unsigned ranges)
{
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->result, 0);
    assert_int_equal(told->troubles, 1);
    if (told->trouble[0].kind != kind)
        fail_msg("%s: %s", inspect_trouble_name(told->trouble[0].kind), told->trouble[0].text);
    if (word != NULL)
        assert_int_equal(told->trouble[0].entry, *word);
    assert_int_equal(told->routes, routes);
    assert_int_equal(told->ranges, ranges);
    return &told->trouble[0];
}

/* Sets bits in a word, expects one trouble, and takes them back. */
static void spoil(uint64_t *word, uint64_t bits, enum inspect_trouble_kind kind, unsigned routes, unsigned ranges)
{
    uint64_t before = *word;
    *word |= bits;
    expect(kind, word, routes, ranges);
    *word = before;
}

/* ---- what hardware refuses ---------------------------------------------------------------------------------------- */

static void test_tables_bad_legacy_entries(void **state)
{
    uint64_t top = made_sizes(&made, MADE_LEGACY_MODE, MADE_RW_SECOND);
    uint64_t *root = made_word(&made, made.root), *context = made_word(&made, (*root & VTD_PTR) + MADE_RID * 16);
    spoil(&root[0], FAR, INSPECT_TROUBLE_BEYOND_WIDTH, 0, 0);
    spoil(&root[0], SPEC_BIT64(1), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&root[0], SPEC_BIT64(11), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&root[1], SPEC_BIT64(63), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&context[0], FAR, INSPECT_TROUBLE_BEYOND_WIDTH, 0, 0);
    spoil(&context[0], SPEC_BIT64(4), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&context[1], SPEC_BIT64(7), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&context[1], SPEC_BIT64(24), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&context[0], SPEC_PUT(VTD_LCE0_TT, UINT64_C(3)), INSPECT_TROUBLE_BAD_TYPE, 0, 0);
    spoil(&context[1], 4, INSPECT_TROUBLE_BAD_TYPE, 0, 0); /* AW 6 */
    made.unit[0].value[INSPECT_ECAP] &= ~(VTD_ECAP_PT | VTD_ECAP_DT);
    spoil(&context[0], SPEC_PUT(VTD_LCE0_TT, UINT64_C(1)), INSPECT_TROUBLE_BAD_TYPE, 0, 0);
    spoil(&context[0], SPEC_PUT(VTD_LCE0_TT, UINT64_C(2)), INSPECT_TROUBLE_BAD_TYPE, 0, 0);
    made.unit[0].value[INSPECT_CAP] &= ~VTD_CAP_ND; /* 4 bits */
    spoil(&context[1], MADE_LEGACY(0, 16), INSPECT_TROUBLE_RESERVED, 0, 0);
    made.unit[0].value[INSPECT_CAP] &= ~SPEC_BIT64(8 + VTD_AW_48);
    expect(INSPECT_TROUBLE_BAD_TYPE, NULL, 0, 0);
    assert_int_not_equal(top, 0);
}

static void test_tables_bad_scalable_entries(void **state)
{
    made_sizes(&made, MADE_SCALABLE_MODE, MADE_RW_SECOND);
    uint64_t *root = made_word(&made, made.root), *context = context_words();
    uint64_t *directory = made_word(&made, context[0] & VTD_PTR), all = made.unit[0].value[INSPECT_ECAP];
    spoil(&root[0], FAR, INSPECT_TROUBLE_BEYOND_WIDTH, 0, 0);
    spoil(&root[0], SPEC_BIT64(3), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&root[1], MADE_BASE | SPEC_BIT64(3) | 1, INSPECT_TROUBLE_RESERVED, 1, 3); /* the other half stands */
    spoil(&context[0], FAR, INSPECT_TROUBLE_BEYOND_WIDTH, 0, 0);
    spoil(&context[0], SPEC_BIT64(7), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&context[0], VTD_SCE0_HPTE, INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&context[0], VTD_SCE0_PRE, INSPECT_TROUBLE_BAD_TYPE, 0, 0); /* without DTE */
    spoil(&context[1], SPEC_BIT64(21), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&context[2], 1, INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&context[3], SPEC_BIT64(63), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(directory, FAR, INSPECT_TROUBLE_BEYOND_WIDTH, 0, 0);
    spoil(directory, SPEC_BIT64(2), INSPECT_TROUBLE_RESERVED, 0, 0);
    made.unit[0].value[INSPECT_ECAP] = all & ~(VTD_ECAP_RPS | VTD_ECAP_RPRIVS | VTD_ECAP_DT);
    spoil(&context[1], 9, INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&context[1], VTD_SCE1_RID_PRIV, INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&context[0], VTD_SCE0_DTE, INSPECT_TROUBLE_RESERVED, 0, 0);
    made.unit[0].value[INSPECT_ECAP] = all & ~VTD_ECAP_PASID;
    expect(INSPECT_TROUBLE_RESERVED, context, 0, 0);
    made.unit[0].value[INSPECT_ECAP] = all;
    context[0] &= ~VTD_SCE0_PDTS;
    context[1] = 1u << 13; /* RID_PASID beyond the directory */
    expect(INSPECT_TROUBLE_BAD_TYPE, &context[1], 0, 0);
}

static void test_tables_bad_pasid_entries(void **state)
{
    made_sizes(&made, MADE_SCALABLE_MODE, MADE_RW_SECOND);
    uint64_t *words = made_pasid(&made, MADE_RID, 3), all = made.unit[0].value[INSPECT_ECAP];
    spoil(&words[0], FAR, INSPECT_TROUBLE_BEYOND_WIDTH, 0, 0);
    spoil(&words[0], SPEC_BIT64(5), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&words[0], VTD_PE0_SSADE, INSPECT_TROUBLE_RESERVED, 0, 0); /* no SSADS */
    spoil(&words[1], SPEC_BIT64(16), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&words[1], VTD_PE1_EMTE, INSPECT_TROUBLE_RESERVED, 0, 0); /* no MTS */
    spoil(&words[2], SPEC_BIT64(1), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&words[2], VTD_PE2_EAFE, INSPECT_TROUBLE_RESERVED, 0, 0); /* no EAFS */
    for (unsigned i = 3; i < 8; i++)
        spoil(&words[i], SPEC_BIT64(20), INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&words[0], SPEC_PUT(VTD_PE0_PGTT, UINT64_C(5)), INSPECT_TROUBLE_BAD_TYPE, 0, 0); /* 7 */
    spoil(&words[0], SPEC_PUT(VTD_PE0_AW, UINT64_C(4)), INSPECT_TROUBLE_BAD_TYPE, 0, 0);   /* 6 */
    made.unit[0].value[INSPECT_ECAP] = all & ~VTD_ECAP_SSTS;
    expect(INSPECT_TROUBLE_BAD_TYPE, words, 0, 0);
    made.unit[0].value[INSPECT_ECAP] = all & ~(VTD_ECAP_SC | VTD_ECAP_SMPWCS);
    spoil(&words[1], VTD_PE1_PGSNP, INSPECT_TROUBLE_RESERVED, 0, 0);
    spoil(&words[1], VTD_PE1_PWSNP, INSPECT_TROUBLE_RESERVED, 0, 0);
    made.unit[0].value[INSPECT_ECAP] = all | VTD_ECAP_HPTS; /* now words 4 and 5 have fields */
    words[4] = VTD_PE4_HPTSZ;
    assert_int_equal(made_walk(&made, NULL)->troubles, 0);
    words[4] = 0;
    made.unit[0].value[INSPECT_CAP] &= ~VTD_CAP_ND;
    spoil(&words[1], 16, INSPECT_TROUBLE_RESERVED, 0, 0);
}

static void test_tables_bad_first_stage_pasid_entries(void **state)
{
    first_world();
    uint64_t *words = made_pasid(&made, MADE_RID, 3), all = made.unit[0].value[INSPECT_ECAP];
    spoil(&words[2], FAR, INSPECT_TROUBLE_BEYOND_WIDTH, 0, 0);
    spoil(&words[2], SPEC_PUT(VTD_PE2_FSPM, UINT64_C(2)), INSPECT_TROUBLE_BAD_TYPE, 0, 0);
    made.unit[0].value[INSPECT_CAP] &= ~VTD_CAP_FS5LP;
    spoil(&words[2], SPEC_PUT(VTD_PE2_FSPM, UINT64_C(1)), INSPECT_TROUBLE_BAD_TYPE, 0, 0);
    made.unit[0].value[INSPECT_ECAP] = all & ~VTD_ECAP_SRS;
    spoil(&words[2], VTD_PE2_SRE, INSPECT_TROUBLE_RESERVED, 0, 0);
    made.unit[0].value[INSPECT_ECAP] = all & ~(VTD_ECAP_NEST | VTD_ECAP_FSTS);
    expect(INSPECT_TROUBLE_BAD_TYPE, words, 0, 0);
    spoil(&words[0], SPEC_PUT(VTD_PE0_PGTT, UINT64_C(3)), INSPECT_TROUBLE_BAD_TYPE, 0, 0);
    made.unit[0].value[INSPECT_ECAP] = all;
    words[0] |= SPEC_PUT(VTD_PE0_PGTT, UINT64_C(3)) | SPEC_PUT(VTD_PE0_AW, UINT64_C(1));
    words[2] = UINT64_C(1) << 39; /* beyond the second stage's width */
    expect(INSPECT_TROUBLE_BAD_TYPE, &words[2], 0, 0);
}

static void test_tables_bad_second_stage_entries(void **state)
{
    uint64_t top = made_sizes(&made, MADE_LEGACY_MODE, MADE_RW_SECOND);
    uint64_t *small = made_slot(&made, top, 4, 1, 0x1000, 0), *middle = made_slot(&made, top, 4, 2, 0x200000, 0);
    uint64_t *large = made_slot(&made, top, 4, 3, 0x40000000, 0), *upper = made_slot(&made, top, 4, 4, 0, 0);
    spoil(small, FAR, INSPECT_TROUBLE_BEYOND_WIDTH, 1, 2);
    spoil(small, SPEC_BIT64(62), INSPECT_TROUBLE_RESERVED, 1, 2);
    spoil(middle, SPEC_BIT64(12), INSPECT_TROUBLE_MISALIGNED, 1, 2);
    spoil(middle, SPEC_BIT64(20), INSPECT_TROUBLE_MISALIGNED, 1, 2);
    spoil(large, SPEC_BIT64(21), INSPECT_TROUBLE_MISALIGNED, 1, 2);
    spoil(upper, FAR, INSPECT_TROUBLE_BEYOND_WIDTH, 1, 0);
    spoil(upper, SPEC_BIT64(11), INSPECT_TROUBLE_RESERVED, 1, 0);
    spoil(upper, VTD_SS_PS, INSPECT_TROUBLE_BAD_TYPE, 1, 0);
    made.unit[0].value[INSPECT_ECAP] |= VTD_ECAP_SSIRWS; /* bit 62 has a meaning then */
    *small |= SPEC_BIT64(62);
    assert_int_equal(made_walk(&made, NULL)->troubles, 0);
    *small &= ~SPEC_BIT64(62);
    made.unit[0].value[INSPECT_ECAP] &= ~VTD_ECAP_SC;
    spoil(small, VTD_SS_SNP, INSPECT_TROUBLE_RESERVED, 1, 2);
    made.unit[0].value[INSPECT_CAP] &= ~SPEC_PUT(VTD_CAP_SSLPS, UINT64_C(2));
    expect(INSPECT_TROUBLE_BAD_TYPE, large, 1, 2);
    *large = 0;
    made.unit[0].value[INSPECT_CAP] &= ~VTD_CAP_SSLPS;
    expect(INSPECT_TROUBLE_BAD_TYPE, middle, 1, 1);
}

static void test_tables_bad_first_stage_entries(void **state)
{
    uint64_t top = first_world();
    uint64_t *small = made_slot(&made, top, 4, 1, 0x1000, 0), *middle = made_slot(&made, top, 4, 2, 0x200000, 0);
    uint64_t *large = made_slot(&made, top, 4, 3, 0x40000000, 0), *upper = made_slot(&made, top, 4, 4, 0, 0);
    spoil(small, FAR, INSPECT_TROUBLE_BEYOND_WIDTH, 1, 2);
    spoil(middle, SPEC_BIT64(13), INSPECT_TROUBLE_MISALIGNED, 1, 2);
    spoil(large, SPEC_BIT64(29), INSPECT_TROUBLE_MISALIGNED, 1, 2);
    spoil(upper, VTD_FS_PS, INSPECT_TROUBLE_BAD_TYPE, 1, 0);
    made.unit[0].value[INSPECT_CAP] &= ~VTD_CAP_FS1GP;
    expect(INSPECT_TROUBLE_BAD_TYPE, large, 1, 2);
}

/* A unit whose input address is narrower than its tables. */
static void test_tables_beyond_the_input_width(void **state)
{
    uint64_t top = made_sizes(&made, MADE_LEGACY_MODE, MADE_RW_SECOND);
    made_second(&made, top, 4, 1, UINT64_C(1) << 36, 0xb0000 | MADE_RW_SECOND);
    assert_int_equal(made_walk(&made, NULL)->ranges, 4);
    made.unit[0].value[INSPECT_CAP] &= ~VTD_CAP_MGAW;
    made.unit[0].value[INSPECT_CAP] |= SPEC_PUT(VTD_CAP_MGAW, UINT64_C(35));
    const struct inspect_trouble *trouble = expect(INSPECT_TROUBLE_UNREACHABLE, NULL, 1, 3);
    assert_int_equal(trouble->iova, UINT64_C(1) << 36);
    assert_true(trouble->has_domain && !trouble->has_rid);
}

/* Who does not know what the unit can do refuses nothing for it. */
static void test_tables_unknown_capabilities(void **state)
{
    made_sizes(&made, MADE_SCALABLE_MODE, MADE_RW_SECOND);
    made.machine.address_bits = 0;
    made.unit[0].known &= ~(UINT64_C(1) << INSPECT_CAP | UINT64_C(1) << INSPECT_ECAP | UINT64_C(1) << INSPECT_GSTS);
    made.unit[0].value[INSPECT_CAP] = made.unit[0].value[INSPECT_ECAP] = 0;
    made_pasid(&made, MADE_RID, 3)[1] |= VTD_PE1_PWSNP | VTD_PE1_PGSNP;
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->troubles, 0);
    assert_int_equal(told->ranges, 3);
}

/* ---- registers ---------------------------------------------------------------------------------------------------- */

static void test_tables_registers_that_lead_nowhere(void **state)
{
    made_sizes(&made, MADE_SCALABLE_MODE, MADE_RW_SECOND);
    assert_int_equal(inspect_unit_mode(&made.unit[0]), INSPECT_MODE_SCALABLE);
    made_set(&made, INSPECT_GSTS, VTD_GSTS_RTPS);
    expect(INSPECT_TROUBLE_REGISTERS, NULL, 1, 3); /* off, but told */
    assert_int_equal(inspect_unit_mode(&made.unit[0]), INSPECT_MODE_OFF);
    made_set(&made, INSPECT_GSTS, VTD_GSTS_TES);
    expect(INSPECT_TROUBLE_REGISTERS, NULL, 0, 0);
    made_set(&made, INSPECT_GSTS, VTD_GSTS_TES | VTD_GSTS_RTPS);
    made_set(&made, INSPECT_RTADDR, made.root | SPEC_PUT(VTD_RTADDR_TTM, UINT64_C(2)));
    expect(INSPECT_TROUBLE_REGISTERS, NULL, 0, 0);
    made_set(&made, INSPECT_RTADDR, made.root | SPEC_PUT(VTD_RTADDR_TTM, UINT64_C(3)));
    expect(INSPECT_TROUBLE_REGISTERS, NULL, 0, 0);
    made_set(&made, INSPECT_RTADDR, 0);
    expect(INSPECT_TROUBLE_REGISTERS, NULL, 0, 0);
    made.unit[0].known = 0;
    assert_int_equal(made_walk(&made, NULL)->result, -EINVAL);
    assert_int_equal(inspect_unit_mode(&made.unit[0]), INSPECT_MODE_OFF);
}

static void test_tables_queues_are_told(void **state)
{
    made_open(&made, MADE_LEGACY_MODE);
    made_set(&made, INSPECT_IQA, 0x700000 | 2);
    made_set(&made, INSPECT_IRTA, 0x800000 | 15);
    made_set(&made, INSPECT_PQA, 0x900000 | 1);
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->tables, 4);
    assert_int_equal(told->table[0].role, INSPECT_TABLE_QUEUE);
    assert_int_equal(told->table[0].bytes, 16384);
    assert_int_equal(told->table[1].role, INSPECT_TABLE_INTERRUPT);
    assert_int_equal(told->table[1].address, 0x800000);
    assert_int_equal(told->table[1].bytes, 1 << 20);
    assert_int_equal(told->table[2].role, INSPECT_TABLE_PAGE_REQUEST);
    assert_int_equal(told->table[2].bytes, 8192);
    assert_int_equal(told->table[3].role, INSPECT_TABLE_ROOT);
}

/* ---- what the dump lacks ------------------------------------------------------------------------------------------ */

#define ELSEWHERE UINT64_C(0x3ffff000)

static void check_absent(uint64_t *word, unsigned routes, unsigned ranges)
{
    uint64_t before = *word;
    *word = (*word & 0xfff) | ELSEWHERE;
    const struct inspect_trouble *trouble = expect(INSPECT_TROUBLE_ABSENT, NULL, routes, ranges);
    assert_int_equal(trouble->address & ~UINT64_C(0xfff), ELSEWHERE);
    *word = before;
}

static void test_tables_absent_pages(void **state)
{
    uint64_t top = made_sizes(&made, MADE_SCALABLE_MODE, MADE_RW_SECOND);
    uint64_t *context = context_words(), directory = *context;
    check_absent(&made.unit[0].value[INSPECT_RTADDR], 0, 0);
    check_absent(made_word(&made, made.root), 0, 0);
    check_absent(made_word(&made, *context & VTD_PTR), 0, 0);
    check_absent(&made_pasid(&made, MADE_RID, 3)[0], 1, 0);
    check_absent(made_slot(&made, top, 4, 4, 0x1000, 0), 1, 0);
    check_absent(made_slot(&made, top, 4, 3, 0x1000, 0), 1, 1);
    check_absent(made_slot(&made, top, 4, 2, 0x1000, 0), 1, 2);
    *context = (*context & 0xfff) | ELSEWHERE; /* each page of the directory */
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->troubles, 32);
    assert_int_equal(told->trouble[31].address, ELSEWHERE + 31 * MADE_PAGE);
    assert_true(told->trouble[0].has_rid && told->trouble[0].rid == MADE_RID);
    *context = directory;
    assert_int_equal(made_walk(&made, NULL)->troubles, 0);
}

/* ---- loops -------------------------------------------------------------------------------------------------------- */

/* 512 pointers to itself, a tree of 512^4. The page maps itself, which matters: the device can write it. */
static void test_tables_a_table_of_pointers_to_itself(void **state)
{
    made_open(&made, MADE_LEGACY_MODE);
    uint64_t top = made_page(&made);
    made_legacy_context(&made, MADE_RID, top | VTD_LCE0_P, MADE_LEGACY(VTD_AW_57, 7));
    for (unsigned i = 0; i < 512; i++)
        *made_word(&made, top + i * 8) = top | MADE_RW_SECOND;
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->result, 0);
    assert_int_equal(told_tables(told, INSPECT_TABLE_PAGE), 5);
    assert_int_equal(told->ranges, 512);
    assert_int_equal(told->range[511].pa, top);
    assert_int_equal(told->troubles, 4); /* one for each level that has a next one */
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(told->trouble[i].kind, INSPECT_TROUBLE_LOOP);
}

static void test_tables_a_table_that_names_its_grandparent(void **state)
{
    uint64_t top = made_sizes(&made, MADE_LEGACY_MODE, MADE_RW_SECOND);
    *made_slot(&made, top, 4, 2, 0x600000, 0) = *made_slot(&made, top, 4, 4, 0, 0);
    const struct told *told = made_walk(&made, NULL);
    assert_non_null(told_trouble(told, INSPECT_TROUBLE_LOOP));
    assert_int_equal(told_trouble(told, INSPECT_TROUBLE_LOOP)->iova, 0x600000);
    assert_int_equal(told->troubles, 1);
    /* As the last table, the level 3 table is two pages more: the level 2 table and its 1 GiB leaf's address. */
    assert_int_equal(told->ranges, 5);
}

/* A mapped page that is its own table: the recursive trick of some systems, one entry of many. */
static void test_tables_first_stage_maps_itself(void **state)
{
    uint64_t top = first_world();
    *made_word(&made, top + 510 * 8) = top | VTD_FS_P | VTD_FS_RW | VTD_FS_US | VTD_FS_A;
    const struct told *told = made_walk(&made, NULL);
    const struct inspect_range *self = told_range(told, 0xffffff7fbfdfe000);
    assert_non_null(told_trouble(told, INSPECT_TROUBLE_LOOP));
    assert_non_null(self);
    assert_int_equal(self->pa, top);
}

/* Three pages whose 512 entries each name the next: 512^3 leaves. */
static void test_tables_that_fan_out(void **state)
{
    made_open(&made, MADE_LEGACY_MODE);
    uint64_t page[4];
    for (unsigned level = 0; level < 4; level++)
        page[level] = made_page(&made);
    for (unsigned level = 0; level < 3; level++)
        for (unsigned i = 0; i < 512; i++)
            *made_word(&made, page[level] + i * 8) = page[level + 1] | MADE_RW_SECOND;
    *made_word(&made, page[3]) = 0xa0000 | MADE_RW_SECOND;
    made_legacy_context(&made, MADE_RID, page[0] | VTD_LCE0_P, MADE_LEGACY(VTD_AW_48, 7));
    made.machine.limits.repeats = 100;
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->result, 0);
    assert_int_equal(told_tables(told, INSPECT_TABLE_PAGE), 104);
    assert_int_equal(told->ranges, 101);
    assert_int_equal(told->troubles, 1);
    assert_int_equal(told->trouble[0].kind, INSPECT_TROUBLE_LIMIT);
    assert_int_equal(told->trouble[0].iova, UINT64_C(101) << 21);
}

/* The same table in two places is not trouble. */
static void test_tables_two_pointers_to_one_table(void **state)
{
    uint64_t top = made_sizes(&made, MADE_LEGACY_MODE, MADE_RW_SECOND);
    *made_slot(&made, top, 4, 2, 0x400000, 0) = *made_slot(&made, top, 4, 2, 0x1000, 0);
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->troubles, 0);
    assert_int_equal(told->ranges, 4);
    assert_int_equal(told_range(told, 0x401000)->pa, 0xa0000);
}

/* Nested: the guest's tables name themselves. */
static void test_tables_nested_loop(void **state)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t first = made_page(&made), second = made_page(&made);
    for (unsigned i = 0; i < 512; i++)
        *made_word(&made, first + i * 8) = first | VTD_FS_P | VTD_FS_RW | VTD_FS_US | VTD_FS_A;
    made_second(&made, second, 4, 1, first, first | MADE_RW_SECOND);
    made_pasid_first(&made, MADE_RID, 1, first, 4);
    made_pasid(&made, MADE_RID, 1)[0] =
        second | SPEC_PUT(VTD_PE0_AW, UINT64_C(2)) | SPEC_PUT(VTD_PE0_PGTT, UINT64_C(3)) | VTD_PE0_P;
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->result, 0);
    assert_int_equal(told->ranges, 512);
    assert_non_null(told_trouble(told, INSPECT_TROUBLE_LOOP));
}

/* ---- limits ------------------------------------------------------------------------------------------------------- */

static void test_tables_limit_of_routes(void **state)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t top = made_page(&made);
    uint64_t *words = made_pasid(&made, MADE_RID, 0), *context = context_words();
    for (unsigned i = 0; i < 64; i++) {
        words[i * 8] = top | SPEC_PUT(VTD_PE0_AW, UINT64_C(2)) | SPEC_PUT(VTD_PE0_PGTT, UINT64_C(2)) | VTD_PE0_P;
        words[i * 8 + 1] = 3;
    }
    uint64_t *directory = made_word(&made, *context & VTD_PTR);
    for (unsigned i = 1; i < 16384; i++) /* one table, and every PASID there can be */
        directory[i] = directory[0];
    made.machine.limits.routes = 1000;
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->result, 0);
    assert_int_equal(told->routes, 1000);
    assert_int_equal(told_tables(told, INSPECT_TABLE_PAGE), 1); /* of the routes that were told */
    assert_int_equal(told->troubles, 1);
    assert_int_equal(told->trouble[0].kind, INSPECT_TROUBLE_LIMIT);
}

static void test_tables_limit_of_entries(void **state)
{
    made_sizes(&made, MADE_LEGACY_MODE, MADE_RW_SECOND);
    for (uint64_t entries = 512; entries < 512 * 6; entries += 512) {
        made.machine.limits.entries = entries;
        const struct told *told = made_walk(&made, NULL);
        assert_int_equal(told->result, 0);
        assert_int_equal(told->tables, entries / 512);
        assert_int_equal(told->trouble[0].kind, INSPECT_TROUBLE_LIMIT);
        assert_int_equal(told->troubles, 1);
    }
    made.machine.limits.entries = 512 * 6;
    assert_int_equal(made_walk(&made, NULL)->troubles, 0);
}

static void test_tables_limit_of_troubles(void **state)
{
    uint64_t top = made_sizes(&made, MADE_LEGACY_MODE, MADE_RW_SECOND);
    for (unsigned i = 0; i < 512; i++)
        *made_word(&made, top + i * 8) = FAR | MADE_RW_SECOND;
    made.machine.limits.troubles = 5;
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->result, 0);
    assert_int_equal(told->troubles, 6);
    assert_int_equal(told->trouble[4].kind, INSPECT_TROUBLE_BEYOND_WIDTH);
    assert_int_equal(told->trouble[5].kind, INSPECT_TROUBLE_LIMIT);
}

/* A walk ends when its visitor has had enough, wherever that is. */
struct stop {
    unsigned left;
};

static bool stop_route(void *ctx, const struct inspect_route *route)
{
    return ((struct stop *)ctx)->left-- != 0;
}

static bool stop_table(void *ctx, const struct inspect_table *table)
{
    return ((struct stop *)ctx)->left-- != 0;
}

static bool stop_range(void *ctx, const struct inspect_range *range)
{
    return ((struct stop *)ctx)->left-- != 0;
}

static bool stop_trouble(void *ctx, const struct inspect_trouble *trouble)
{
    return ((struct stop *)ctx)->left-- != 0;
}

static void test_tables_the_visitor_stops(void **state)
{
    uint64_t top = made_sizes(&made, MADE_SCALABLE_MODE, MADE_RW_SECOND);
    struct inspect_why why;
    unsigned calls = 0;
    int result = -ECANCELED;
    *made_slot(&made, top, 4, 1, 0x2000, 0) = FAR | VTD_SS_R;
    made_memory(&made);
    for (; result == -ECANCELED && calls < 100; calls++) {
        struct stop stop = {calls};
        const struct inspect_visitor visitor = {&stop, stop_route, stop_table, stop_range, stop_trouble};
        result = inspect_tables_walk(&made.machine, NULL, &visitor, &why);
    }
    assert_int_equal(result, 0);
    assert_int_equal(calls - 1, 1 + 4 + 4 + 3 + 1); /* route, tables above, page tables, ranges, trouble */
    const struct inspect_visitor silent = {.ctx = NULL};
    assert_int_equal(inspect_tables_walk(&made.machine, NULL, &silent, &why), 0);
}

/* ---- garbage ------------------------------------------------------------------------------------------------------ */

/* Pointers into the memory and next to it, with bits that may or may not make sense. */
static uint64_t garbage(struct seed *seed)
{
    uint64_t word = (MADE_BASE + (seed_below(seed, 24) << 12)) | seed_below(seed, 4096);
    switch (seed_below(seed, 8)) {
    case 0:
        return seed_next(seed);
    case 1:
        return word ^ UINT64_C(1) << seed_below(seed, 64);
    case 2:
        return 0;
    case 3:
        return word | 3;
    default:
        return word & ~UINT64_C(0xff8);
    }
}

static bool count_route(void *ctx, const struct inspect_route *route)
{
    ((unsigned *)ctx)[0]++;
    return true;
}

static bool count_range(void *ctx, const struct inspect_range *range)
{
    assert_true(range->bytes != 0 && range->bytes % MADE_PAGE == 0 && (range->read || range->write));
    assert_true(range->iova + (range->bytes - 1) >= range->iova);
    assert_int_equal((range->pa + (range->bytes - 1)) >> 46, 0);
    ((unsigned *)ctx)[1]++;
    return true;
}

static bool count_trouble(void *ctx, const struct inspect_trouble *trouble)
{
    ((unsigned *)ctx)[2]++;
    return true;
}

/* Any memory, any registers: the walk ends, and what it tells is within what it was told. */
static void test_tables_garbage(void **state)
{
    struct seed seed = seed_start();
    made_open(&made, MADE_SCALABLE_MODE);
    for (unsigned i = 0; i < 20; i++)
        made_page(&made);
    made.machine.limits = (struct inspect_limits){.entries = 1 << 18, .routes = 900, .troubles = 500, .repeats = 20};
    for (unsigned round = 0; round < 300; round++) {
        for (unsigned i = 0; i < made.pages; i++)
            for (unsigned k = 0; k < 512; k++)
                made.page[i][k] = seed_below(&seed, 3) ? 0 : garbage(&seed);
        made_set(&made, INSPECT_RTADDR, made.root | seed_below(&seed, 2) << 10);
        made_memory(&made);
        unsigned told[3] = {0};
        const struct inspect_visitor visitor = {told, count_route, NULL, count_range, count_trouble};
        assert_int_equal(inspect_tables_walk(&made.machine, NULL, &visitor, NULL), 0);
        assert_true(told[0] <= 900 && told[2] <= 503);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_tables_bad_legacy_entries, end),
        cmocka_unit_test_teardown(test_tables_bad_scalable_entries, end),
        cmocka_unit_test_teardown(test_tables_bad_pasid_entries, end),
        cmocka_unit_test_teardown(test_tables_bad_first_stage_pasid_entries, end),
        cmocka_unit_test_teardown(test_tables_bad_second_stage_entries, end),
        cmocka_unit_test_teardown(test_tables_bad_first_stage_entries, end),
        cmocka_unit_test_teardown(test_tables_beyond_the_input_width, end),
        cmocka_unit_test_teardown(test_tables_unknown_capabilities, end),
        cmocka_unit_test_teardown(test_tables_registers_that_lead_nowhere, end),
        cmocka_unit_test_teardown(test_tables_queues_are_told, end),
        cmocka_unit_test_teardown(test_tables_absent_pages, end),
        cmocka_unit_test_teardown(test_tables_a_table_of_pointers_to_itself, end),
        cmocka_unit_test_teardown(test_tables_a_table_that_names_its_grandparent, end),
        cmocka_unit_test_teardown(test_tables_first_stage_maps_itself, end),
        cmocka_unit_test_teardown(test_tables_that_fan_out, end),
        cmocka_unit_test_teardown(test_tables_two_pointers_to_one_table, end),
        cmocka_unit_test_teardown(test_tables_nested_loop, end),
        cmocka_unit_test_teardown(test_tables_limit_of_routes, end),
        cmocka_unit_test_teardown(test_tables_limit_of_entries, end),
        cmocka_unit_test_teardown(test_tables_limit_of_troubles, end),
        cmocka_unit_test_teardown(test_tables_the_visitor_stops, end),
        cmocka_unit_test_teardown(test_tables_garbage, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
