/* SPDX-License-Identifier: MIT */
/*
 * The enumerator on tables written by hand: every format and page size, who has which way in, what hardware would
 * refuse. Hostile ones are in test_tables_hostile.c, the model's opinion in test_walk.c.
 */
#include <errno.h>
#include <string.h>

#include "tests/inspect/tables_made.h"


static struct made made;

static int end(void **state)
{
    made_close(&made);
    return 0;
}

static void check_range(const struct told *told, uint64_t iova, uint64_t pa, uint64_t bytes, const char *rights)
{
    const struct inspect_range *range = told_range(told, iova);
    if (range == NULL) {
        fail_msg("nothing is told at %#llx", (unsigned long long)iova);
        return;
    }
    assert_int_equal(range->pa, pa);
    assert_int_equal(range->bytes, bytes);
    assert_int_equal(range->read, strchr(rights, 'r') != NULL);
    assert_int_equal(range->write, strchr(rights, 'w') != NULL);
    assert_int_equal(range->user, strchr(rights, 's') == NULL);
}

/* ---- second stage ------------------------------------------------------------------------------------------------- */

static void legacy_world(unsigned levels)
{
    made_open(&made, MADE_LEGACY_MODE);
    uint64_t top = made_page(&made);
    made_legacy_context(&made, MADE_RID, top | VTD_LCE0_P, MADE_LEGACY(levels - 2, 7));
    made_second(&made, top, levels, 1, 0x5000, 0xabc000 | MADE_RW_SECOND);
    made_second(&made, top, levels, 1, 0x6000, 0xabd000 | MADE_RW_SECOND);  /* continues */
    made_second(&made, top, levels, 1, 0x7000, 0xabe000 | VTD_SS_R);        /* other rights */
    made_second(&made, top, levels, 1, 0x8000, 0xac0000 | VTD_SS_R);        /* elsewhere */
    made_second(&made, top, levels, 1, 0x9000, 0xac1000 | VTD_SS_W);
    made_second(&made, top, levels, 2, 0x40000000 + 0x200000, 0x7e00000 | MADE_RW_SECOND);
    made_second(&made, top, levels, 3, 0x80000000, 0x1c0000000 | MADE_RW_SECOND);
    made_second(&made, top, levels, 1, (UINT64_C(1) << (12 + 9 * levels)) - 4096, 0xdef000 | MADE_RW_SECOND);
}

static void check_legacy(unsigned levels)
{
    legacy_world(levels);
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->result, 0);
    assert_int_equal(told->troubles, 0);
    assert_int_equal(told->routes, 1);
    assert_int_equal(told->route[0].rid, MADE_RID);
    assert_int_equal(told->route[0].kind, INSPECT_KIND_SECOND);
    assert_int_equal(told->route[0].did, 7);
    assert_int_equal(told->route[0].levels, levels);
    assert_false(told->route[0].has_pasid);
    assert_int_equal(told->ranges, 7);
    check_range(told, 0x5000, 0xabc000, 0x2000, "rw");
    check_range(told, 0x7000, 0xabe000, 0x1000, "r");
    check_range(told, 0x8000, 0xac0000, 0x1000, "r");
    check_range(told, 0x9000, 0xac1000, 0x1000, "w");
    check_range(told, 0x40200000, 0x7e00000, 0x200000, "rw");
    check_range(told, 0x80000000, 0x1c0000000, 0x40000000, "rw");
    check_range(told, (UINT64_C(1) << (12 + 9 * levels)) - 4096, 0xdef000, 0x1000, "rw");
}

static void test_tables_legacy_three_levels(void **state)
{
    check_legacy(3);
}

static void test_tables_legacy_four_levels(void **state)
{
    check_legacy(4);
}

static void test_tables_legacy_five_levels(void **state)
{
    check_legacy(5);
}

/* Pages of different sizes that are adjacent are one range, whose sizes are told. */
static void test_tables_ranges_merge_over_sizes_and_tables(void **state)
{
    made_open(&made, MADE_LEGACY_MODE);
    uint64_t top = made_page(&made);
    made_legacy_context(&made, MADE_RID, top | VTD_LCE0_P, MADE_LEGACY(VTD_AW_48, 7));
    made_second(&made, top, 4, 1, 0x3fffffff000, 0x7dff000 | MADE_RW_SECOND); /* last of its table at three levels */
    made_second(&made, top, 4, 2, 0x40000000000, 0x7e00000 | MADE_RW_SECOND);
    made_second(&made, top, 4, 1, 0x40000200000, 0x8000000 | MADE_RW_SECOND);
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->ranges, 1);
    check_range(told, 0x3fffffff000, 0x7dff000, 0x202000, "rw");
    assert_int_equal(told->range[0].smallest_lg2, 12);
    assert_int_equal(told->range[0].largest_lg2, 21);
}

/* Rights are what all levels leave; nothing left is no mapping. */
static void test_tables_second_stage_rights_of_all_levels(void **state)
{
    made_open(&made, MADE_LEGACY_MODE);
    uint64_t top = made_page(&made);
    made_legacy_context(&made, MADE_RID, top | VTD_LCE0_P, MADE_LEGACY(VTD_AW_39, 7));
    made_second(&made, top, 3, 1, 0x1000, 0xa0000 | MADE_RW_SECOND);
    made_second(&made, top, 3, 1, 0x40001000, 0xb0000 | MADE_RW_SECOND);
    made_second(&made, top, 3, 1, 0x80001000, 0xc0000 | VTD_SS_W);
    *made_slot(&made, top, 3, 3, 0x40001000, 0) &= ~VTD_SS_W;
    *made_slot(&made, top, 3, 2, 0x80001000, 0) &= ~VTD_SS_W;
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->ranges, 2);
    assert_int_equal(told->troubles, 0);
    check_range(told, 0x1000, 0xa0000, 0x1000, "rw");
    check_range(told, 0x40001000, 0xb0000, 0x1000, "r");
}

static void test_tables_second_stage_ignored_bits(void **state)
{
    made_open(&made, MADE_LEGACY_MODE);
    uint64_t top = made_page(&made);
    made_legacy_context(&made, MADE_RID, top | VTD_LCE0_P | VTD_LCE0_FPD, MADE_LEGACY(VTD_AW_39, 7) | VTD_LCE1_IGNORED);
    made_second(&made, top, 3, 1, 0x1000,
                0xa0000 | MADE_RW_SECOND | VTD_SS_IGNORED | VTD_SS_PS | VTD_SS_SNP | VTD_SS_EMT | VTD_SS_A | VTD_SS_D);
    *made_slot(&made, top, 3, 1, 0x2000, 0) = VTD_SS_RSVD_TABLE | UINT64_C(0xfffff) << 40; /* not present */
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->troubles, 0);
    assert_int_equal(told->ranges, 1);
    check_range(told, 0x1000, 0xa0000, 0x1000, "rw");
    assert_true(told->route[0].fault_processing_disabled);
}

/* ---- legacy contexts ---------------------------------------------------------------------------------------------- */

static void test_tables_legacy_types(void **state)
{
    made_open(&made, MADE_LEGACY_MODE);
    uint64_t top = made_page(&made);
    made_second(&made, top, 4, 1, 0x1000, 0xa0000 | MADE_RW_SECOND);
    made_legacy_context(&made, 0x0100, top | SPEC_PUT(VTD_LCE0_TT, UINT64_C(1)) | VTD_LCE0_P,
                        MADE_LEGACY(VTD_AW_48, 1));
    made_legacy_context(&made, 0x01ff, VTD_ALL_ONES << 46 | SPEC_PUT(VTD_LCE0_TT, UINT64_C(2)) | VTD_LCE0_P,
                        MADE_LEGACY(VTD_AW_57, 2));
    made_legacy_context(&made, 0xffff, top | VTD_LCE0_P, MADE_LEGACY(VTD_AW_48, 3));
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->troubles, 0);
    assert_int_equal(told->routes, 3);
    assert_true(told->route[0].ats);
    assert_false(told->route[2].ats);
    assert_int_equal(told->route[1].kind, INSPECT_KIND_PASS);
    assert_int_equal(told->route[1].top, 0);
    assert_int_equal(told->route[2].rid, 0xffff);
    assert_int_equal(told->route[0].domain, told->route[2].domain);
    assert_int_equal(told->ranges, 2); /* shared tables once, pass-through once */
    check_range(told, 0, 0, UINT64_C(1) << 46, "rw");
    assert_int_equal(told_tables(told, INSPECT_TABLE_ROOT), 1);
    assert_int_equal(told_tables(told, INSPECT_TABLE_CONTEXT), 2);
    assert_int_equal(told_tables(told, INSPECT_TABLE_PAGE), 4);
}

/* ---- scalable contexts and PASIDs --------------------------------------------------------------------------------- */

static void test_tables_pasids_of_a_device(void **state)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t first = made_page(&made), second = made_page(&made);
    made_first(&made, first, 4, 1, 0x1000, 0xa0000 | MADE_RW_FIRST);
    made_second(&made, second, 4, 1, 0x1000, 0xb0000 | MADE_RW_SECOND);
    made_pasid_second(&made, MADE_RID, 0, second, 3);
    made_pasid_first(&made, MADE_RID, 5, first, 4);
    made_pasid_first(&made, MADE_RID, 0xfffff, first, 5);
    made_pasid_first(&made, 0x0092, 64, first, 6); /* the upper half of its bus */
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->result, 0);
    assert_int_equal(told->troubles, 0);
    assert_int_equal(told->routes, 4);
    assert_false(told->route[0].has_pasid);
    assert_true(told->route[0].rid_pasid);
    assert_int_equal(told->route[0].kind, INSPECT_KIND_SECOND);
    assert_true(told->route[1].has_pasid);
    assert_int_equal(told->route[1].pasid, 5);
    assert_int_equal(told->route[1].kind, INSPECT_KIND_FIRST);
    assert_int_equal(told->route[1].did, 4);
    assert_int_equal(told->route[2].pasid, 0xfffff);
    assert_int_equal(told->route[2].domain, told->route[1].domain);
    assert_int_equal(told->route[3].rid, 0x0092);
    assert_int_equal(told->route[3].pasid, 64);
    assert_int_equal(told->ranges, 2);
    assert_int_equal(told_tables(told, INSPECT_TABLE_PASID_DIRECTORY), 2);
    assert_int_equal(told_tables(told, INSPECT_TABLE_PASID), 3);
    assert_int_equal(told->route[1].entry[2], first);
    assert_int_equal(*made_word(&made, told->route[1].entry_address), told->route[1].entry[0]);
    assert_int_equal(*made_word(&made, told->route[1].context_entry_address), told->route[1].context[0]);
}

static void test_tables_rid_pasid_is_the_context_entrys(void **state)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t top = made_page(&made);
    made_second(&made, top, 4, 1, 0x1000, 0xb0000 | MADE_RW_SECOND);
    made_pasid_second(&made, MADE_RID, 0, top, 3);
    made_pasid_second(&made, MADE_RID, 9, top, 3);
    uint64_t low = *made_word(&made, (*made_word(&made, made.root) & VTD_PTR) + MADE_RID * 32);
    made_context(&made, MADE_RID, low, 9 | VTD_SCE1_RID_PRIV);
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->routes, 2);
    assert_true(told->route[0].has_pasid);
    assert_false(told->route[0].privileged);
    assert_false(told->route[1].has_pasid);
    assert_true(told->route[1].rid_pasid);
    assert_true(told->route[1].privileged);
    assert_int_equal(told->route[1].pasid, 9);
}

static void test_tables_entries_that_no_request_reaches(void **state)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t top = made_page(&made);
    made_pasid_second(&made, MADE_RID, 0, top, 3);
    made_pasid_second(&made, MADE_RID, 1, top, 3);
    made_pasid_second(&made, MADE_RID, 256, top, 3);
    made.unit[0].value[INSPECT_ECAP] &= ~VTD_ECAP_PSS;
    made.unit[0].value[INSPECT_ECAP] |= SPEC_PUT(VTD_ECAP_PSS, UINT64_C(7));
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->routes, 3);
    assert_false(told->route[0].blocked || told->route[1].blocked);
    assert_true(told->route[2].blocked);
    assert_int_equal(told->troubles, 1);
    assert_int_equal(told->trouble[0].kind, INSPECT_TROUBLE_UNREACHABLE);
    assert_int_equal(told->trouble[0].pasid, 256);
    *made_word(&made, (*made_word(&made, made.root) & VTD_PTR) + MADE_RID * 32) &= ~VTD_SCE0_PASIDE;
    told = made_walk(&made, NULL);
    assert_false(told->route[0].blocked);
    assert_true(told->route[1].blocked && told->route[2].blocked);
    assert_int_equal(told->troubles, 2);
}

/* A directory ends where PDTS says; what is behind it is not looked at. */
static void test_tables_directory_size(void **state)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t top = made_page(&made);
    made_pasid_second(&made, MADE_RID, 64 * 128 - 1, top, 3);
    made_pasid_second(&made, MADE_RID, 64 * 128, top, 3);
    *made_word(&made, (*made_word(&made, made.root) & VTD_PTR) + MADE_RID * 32) &= ~VTD_SCE0_PDTS;
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->routes, 1);
    assert_int_equal(told->route[0].pasid, 64 * 128 - 1);
    assert_int_equal(told->table[2].role, INSPECT_TABLE_PASID_DIRECTORY);
    assert_int_equal(told->table[2].bytes, 1024);
}

static void test_tables_flags_of_a_route(void **state)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t top = made_page(&made);
    made_pasid_first(&made, MADE_RID, 5, top, 4);
    uint64_t *words = made_pasid(&made, MADE_RID, 5);
    words[0] |= VTD_PE0_FPD;
    words[1] |= VTD_PE1_PGSNP | VTD_PE1_PWSNP;
    words[2] |= VTD_PE2_SRE | VTD_PE2_WPE;
    *made_word(&made, (*made_word(&made, made.root) & VTD_PTR) + MADE_RID * 32) |= VTD_SCE0_DTE | VTD_SCE0_PRE;
    const struct inspect_route *route = &made_walk(&made, NULL)->route[0];
    assert_true(route->ats && route->page_requests && route->supervisor && route->write_protect);
    assert_true(route->fault_processing_disabled && route->no_snoop_forced);
    words[0] &= ~VTD_PE0_FPD;
    uint64_t *context = made_word(&made, (*made_word(&made, made.root) & VTD_PTR) + MADE_RID * 32);
    uint64_t *directory = made_word(&made, *context & VTD_PTR);
    *context |= VTD_SCE0_FPD;
    assert_true(made_walk(&made, NULL)->route[0].fault_processing_disabled);
    *context &= ~VTD_SCE0_FPD;
    *directory |= VTD_PDE_FPD;
    assert_true(made_walk(&made, NULL)->route[0].fault_processing_disabled);
    *directory &= ~VTD_PDE_FPD;
    words[1] = 4;
    words[2] = top;
    *made_word(&made, (*made_word(&made, made.root) & VTD_PTR) + MADE_RID * 32) &= ~(VTD_SCE0_DTE | VTD_SCE0_PRE);
    route = &made_walk(&made, NULL)->route[0];
    assert_false(route->ats || route->page_requests || route->supervisor || route->write_protect);
    assert_false(route->fault_processing_disabled || route->no_snoop_forced);
}

/* ---- first stage -------------------------------------------------------------------------------------------------- */

static void check_first(unsigned levels)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t top = made_page(&made), half = UINT64_C(1) << (11 + 9 * levels), upper = -half;
    made_first(&made, top, levels, 1, 0x1000, 0xa0000 | MADE_RW_FIRST);
    made_first(&made, top, levels, 1, 0x2000, 0xb0000 | VTD_FS_P | VTD_FS_US | VTD_FS_XD | VTD_FS_G | VTD_FS_PAT_4K);
    made_first(&made, top, levels, 1, 0x3000, 0xc0000 | VTD_FS_P | VTD_FS_RW);
    made_first(&made, top, levels, 2, 0x40200000, 0x7e00000 | VTD_FS_PAT_LARGE | MADE_RW_FIRST);
    made_first(&made, top, levels, 3, 0x80000000, 0x1c0000000 | MADE_RW_FIRST);
    made_first(&made, top, levels, 1, half - 4096, 0xd0000 | MADE_RW_FIRST);
    made_first(&made, top, levels, 1, upper, 0xd1000 | MADE_RW_FIRST); /* not adjacent: half the space between */
    made_first(&made, top, levels, 1, -UINT64_C(4096), 0xf0000 | MADE_RW_FIRST);
    made_pasid_first(&made, MADE_RID, 0, top, 4);
    if (levels == 5)
        made_pasid(&made, MADE_RID, 0)[2] |= SPEC_PUT(VTD_PE2_FSPM, UINT64_C(1));
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->troubles, 0);
    assert_int_equal(told->route[0].levels, levels);
    assert_int_equal(told->ranges, 8);
    check_range(told, 0x1000, 0xa0000, 0x1000, "rw");
    check_range(told, 0x2000, 0xb0000, 0x1000, "r");
    check_range(told, 0x3000, 0xc0000, 0x1000, "rws");
    check_range(told, 0x40200000, 0x7e00000, 0x200000, "rw");
    check_range(told, 0x80000000, 0x1c0000000, 0x40000000, "rw");
    check_range(told, half - 4096, 0xd0000, 0x1000, "rw");
    check_range(told, upper, 0xd1000, 0x1000, "rw");
    check_range(told, -UINT64_C(4096), 0xf0000, 0x1000, "rw");
    assert_false(told_range(told, 0x2000)->execute);
    assert_true(told_range(told, 0x2000)->global && told_range(told, 0x1000)->execute);
}

static void test_tables_first_stage_four_levels(void **state)
{
    check_first(4);
}

static void test_tables_first_stage_five_levels(void **state)
{
    check_first(5);
}

static void test_tables_first_stage_rights_of_all_levels(void **state)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t top = made_page(&made);
    made_first(&made, top, 4, 1, 0x1000, 0xa0000 | MADE_RW_FIRST);
    made_first(&made, top, 4, 1, 0x2000, 0xa1000 | (MADE_RW_FIRST & ~VTD_FS_US)); /* adjacent, for others */
    made_first(&made, top, 4, 1, 0x40001000, 0xb0000 | MADE_RW_FIRST);
    *made_slot(&made, top, 4, 2, 0x1000, 0) &= ~VTD_FS_RW;
    *made_slot(&made, top, 4, 3, 0x40001000, 0) &= ~VTD_FS_US;
    made_pasid_first(&made, MADE_RID, 0, top, 4);
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->ranges, 3);
    check_range(told, 0x1000, 0xa0000, 0x1000, "r");
    check_range(told, 0x2000, 0xa1000, 0x1000, "rs");
    check_range(told, 0x40001000, 0xb0000, 0x1000, "rws");
}

static void check_rights(const struct inspect_route *route, const struct inspect_range *range, const char *rights)
{
    bool read, write;
    inspect_route_rights(route, range, &read, &write);
    assert_int_equal(read, strchr(rights, 'r') != NULL);
    assert_int_equal(write, strchr(rights, 'w') != NULL);
}

static void test_tables_rights_of_a_route(void **state)
{
    struct inspect_range user = {.read = true, .user = true}, supervisor = {.read = true};
    struct inspect_route route = {.kind = INSPECT_KIND_FIRST, .has_pasid = true};
    check_rights(&route, &user, "r");
    check_rights(&route, &supervisor, "");
    route.supervisor = true; /* privileged requests: write unless WPE */
    check_rights(&route, &user, "r");
    check_rights(&route, &supervisor, "rw");
    route.write_protect = true;
    check_rights(&route, &supervisor, "r");
    route.has_pasid = false; /* without PASID they are privileged where the context entry says so */
    route.write_protect = false;
    check_rights(&route, &supervisor, "");
    route.privileged = true;
    check_rights(&route, &supervisor, "rw");
    check_rights(&route, &user, "rw");
    route.supervisor = false; /* and refused where the PASID entry takes none */
    check_rights(&route, &user, "");
    route = (struct inspect_route){.kind = INSPECT_KIND_SECOND, .has_pasid = true, .blocked = true};
    check_rights(&route, &user, "");
    route = (struct inspect_route){.kind = INSPECT_KIND_SECOND};
    check_rights(&route, &supervisor, "r");
}

/* ---- nested ------------------------------------------------------------------------------------------------------- */

#define GUEST UINT64_C(0x40000000) /* where the guest sees its tables' pages begin */

/* First-stage tables that lie in guest memory: their pages are mapped to GUEST + (pa - MADE_BASE). */
static uint64_t guest_of(uint64_t pa)
{
    return GUEST + (pa - MADE_BASE);
}

static void nested_world(void)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t first = made_page(&made), second = made_page(&made);
    made_first(&made, first, 4, 1, 0x1000, 0x80000000 | MADE_RW_FIRST);
    made_first(&made, first, 4, 1, 0x2000, 0x80005000 | MADE_RW_FIRST); /* read only in the second stage */
    made_first(&made, first, 4, 1, 0x3000, 0x80006000 | VTD_FS_P | VTD_FS_US | VTD_FS_A);
    made_first(&made, first, 4, 1, 0x4000, 0x80009000 | MADE_RW_FIRST); /* not in the second stage */
    made_first(&made, first, 4, 2, 0x40000000, 0x80200000 | MADE_RW_FIRST);
    for (unsigned i = 0; i < made.pages; i++) /* upper entries point to guest addresses */
        for (unsigned k = 0; k < 512; k++)
            if ((made.page[i][k] & VTD_FS_P) && (made.page[i][k] & VTD_PTR & ~VTD_FS_XD) >= MADE_BASE &&
                (made.page[i][k] & VTD_SS_ADDR) < MADE_BASE + made.pages * MADE_PAGE && i != 0)
                made.page[i][k] += GUEST - MADE_BASE;
    unsigned tables = made.pages;
    for (unsigned i = 0; i < tables; i++)
        made_second(&made, second, 4, 1, guest_of(MADE_BASE + i * MADE_PAGE),
                    (MADE_BASE + i * MADE_PAGE) | MADE_RW_SECOND);
    made_second(&made, second, 4, 1, 0x80000000, 0x123000 | MADE_RW_SECOND);
    made_second(&made, second, 4, 1, 0x80005000, 0x456000 | VTD_SS_R);
    made_second(&made, second, 4, 1, 0x80006000, 0x789000 | MADE_RW_SECOND);
    made_second(&made, second, 4, 1, 0x80200000, 0xa00000 | MADE_RW_SECOND);
    made_second(&made, second, 4, 1, 0x80201000, 0xa01000 | MADE_RW_SECOND);
    made_second(&made, second, 4, 1, 0x803ff000, 0xbff000 | MADE_RW_SECOND);
    made_pasid_first(&made, MADE_RID, 1, guest_of(first), 4);
    made_pasid(&made, MADE_RID, 1)[0] =
        second | SPEC_PUT(VTD_PE0_AW, UINT64_C(2)) | SPEC_PUT(VTD_PE0_PGTT, UINT64_C(3)) | VTD_PE0_P;
}

static void test_tables_nested(void **state)
{
    nested_world();
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->troubles, 0);
    assert_int_equal(told->routes, 1);
    assert_int_equal(told->route[0].kind, INSPECT_KIND_NESTED);
    assert_int_equal(told->route[0].second_levels, 4);
    assert_int_equal(told->ranges, 5);
    check_range(told, 0x1000, 0x123000, 0x1000, "rw");
    check_range(told, 0x2000, 0x456000, 0x1000, "r");
    check_range(told, 0x3000, 0x789000, 0x1000, "r");
    check_range(told, 0x40000000, 0xa00000, 0x2000, "rw");
    check_range(told, 0x401ff000, 0xbff000, 0x1000, "rw");
    assert_int_equal(told_range(told, 0x40000000)->largest_lg2, 12);
    assert_true(told_tables(told, INSPECT_TABLE_PAGE) >= 4 + 4); /* of both stages */
}

/* Two guests' tables on one second stage: its tables are told once. */
static void test_tables_nested_share_a_second_stage(void **state)
{
    nested_world();
    unsigned before = told_tables(made_walk(&made, NULL), INSPECT_TABLE_PAGE);
    uint64_t other = made_page(&made);
    made_second(&made, made_pasid(&made, MADE_RID, 1)[0] & VTD_PE0_SSPTPTR, 4, 1, guest_of(other),
                other | MADE_RW_SECOND);
    uint64_t *words = made_pasid(&made, MADE_RID, 1), *copy = made_pasid(&made, MADE_RID, 2);
    memcpy(copy, words, 64);
    copy[2] = guest_of(other);
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->routes, 2);
    assert_int_not_equal(told->route[0].domain, told->route[1].domain);
    assert_int_equal(told_tables(told, INSPECT_TABLE_PAGE), before + 1); /* its own top */
}

/* The same first stage on another second one is another domain. */
static void test_tables_nested_on_two_second_stages(void **state)
{
    nested_world();
    uint64_t *words = made_pasid(&made, MADE_RID, 1);
    uint64_t top = words[0] & VTD_PE0_SSPTPTR, other = made_page(&made);
    memcpy(made_word(&made, other), made_word(&made, top), MADE_PAGE);
    words = made_pasid(&made, MADE_RID, 1);
    uint64_t *copy = made_pasid(&made, MADE_RID, 2);
    memcpy(copy, words, 64);
    copy[0] += other - top;
    const struct told *told = made_walk(&made, NULL);
    assert_int_not_equal(told->route[0].domain, told->route[1].domain);
    assert_int_equal(told->ranges, 10);
}

/* Rights of the second stage's upper levels count, guest addresses may be above the host's width, not above its own. */
static void test_tables_nested_addresses(void **state)
{
    nested_world();
    uint64_t *words = made_pasid(&made, MADE_RID, 1), second = words[0] & VTD_PE0_SSPTPTR, far = UINT64_C(1) << 47;
    uint64_t first = words[2] - GUEST + MADE_BASE;
    uint64_t leaf = (*made_word(&made, first) & VTD_SS_ADDR) - GUEST + MADE_BASE;
    leaf = (*made_word(&made, leaf) & VTD_SS_ADDR) - GUEST + MADE_BASE;
    leaf = (*made_word(&made, leaf) & VTD_SS_ADDR) - GUEST + MADE_BASE;
    *made_word(&made, leaf + 5 * 8) = far | MADE_RW_FIRST;
    *made_word(&made, leaf + 6 * 8) = far << 1 | 0x80000000 | MADE_RW_FIRST; /* 49 bits on 48 */
    made_second(&made, second, 4, 1, far, 0xdd000 | MADE_RW_SECOND);
    *made_slot(&made, second, 4, 2, far, 0) &= ~VTD_SS_W;
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->ranges, 6);
    check_range(told, 0x5000, 0xdd000, 0x1000, "r");
}

/* What the second stage does not have is skipped as a whole, what it has is not read again and again. */
static void test_tables_nested_takes_few_reads(void **state)
{
    nested_world();
    uint64_t *words = made_pasid(&made, MADE_RID, 1), second = words[0] & VTD_PE0_SSPTPTR;
    uint64_t first = words[2] - GUEST + MADE_BASE;
    uint64_t middle = (*made_word(&made, first) & VTD_SS_ADDR) - GUEST + MADE_BASE;
    *made_word(&made, middle + 16) = UINT64_C(0x100000000) | VTD_FS_PS | MADE_RW_FIRST;
    *made_slot(&made, second, 4, 3, 0x100000000, MADE_RW_SECOND) = UINT64_C(0x3ffff000) | MADE_RW_SECOND;
    for (unsigned i = 0; i < 512; i++)
        made_second(&made, second, 4, 1, 0x80200000 + i * MADE_PAGE, (0x900000 + i * 2 * MADE_PAGE) | MADE_RW_SECOND);
    made.machine.limits.entries = 200 * 512;
    const struct told *told = made_walk(&made, NULL);
    assert_null(told_trouble(told, INSPECT_TROUBLE_LIMIT));
    assert_int_equal(told->ranges, 3 + 512);
}

static void test_tables_nested_table_that_the_host_denies(void **state)
{
    nested_world();
    uint64_t second = made_pasid(&made, MADE_RID, 1)[0] & VTD_PE0_SSPTPTR, first = made_pasid(&made, MADE_RID, 1)[2];
    *made_slot(&made, second, 4, 1, first, 0) = VTD_SS_W;
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->ranges, 0);
    assert_non_null(told_trouble(told, INSPECT_TROUBLE_DENIED));
    *made_slot(&made, second, 4, 2, first, 0) = UINT64_C(0x30000000) | MADE_RW_SECOND;
    told = made_walk(&made, NULL);
    assert_int_equal(told->ranges, 0);
    assert_null(told_trouble(told, INSPECT_TROUBLE_DENIED));
    assert_non_null(told_trouble(told, INSPECT_TROUBLE_ABSENT));
}

/* ---- filters ------------------------------------------------------------------------------------------------------ */

static void test_tables_filters(void **state)
{
    made_open(&made, MADE_SCALABLE_MODE);
    uint64_t top = made_page(&made);
    made_pasid_second(&made, 0x0010, 0, top, 3);
    made_pasid_second(&made, 0x0090, 0, top, 3);
    made_pasid_second(&made, 0x0090, 7, top, 3);
    made_pasid_second(&made, 0x0110, 7, top, 3);
    struct inspect_filter filter = {.has_rid = true, .rid = 0x0090};
    assert_int_equal(made_walk(&made, &filter)->routes, 2);
    filter.has_pasid = true;
    filter.pasid = 7;
    assert_int_equal(made_walk(&made, &filter)->routes, 1);
    filter.pasid = 0; /* that entry is of requests without PASID */
    assert_int_equal(made_walk(&made, &filter)->routes, 0);
    filter = (struct inspect_filter){.has_pasid = true, .pasid = 7};
    assert_int_equal(made_walk(&made, &filter)->routes, 2);
    filter = (struct inspect_filter){.has_rid = true, .rid = 0x0090, .segment = 1};
    assert_int_equal(made_walk(&made, &filter)->routes, 0);
    made.unit[0].segment = 1;
    assert_int_equal(made_walk(&made, &filter)->routes, 2);
}

static void test_tables_two_units(void **state)
{
    legacy_world(4);
    made.registers.count = 2;
    made.unit[1] = made.unit[0];
    made.unit[1].value[INSPECT_CAP] &= ~VTD_CAP_SSLPS; /* reads the same tables differently */
    const struct told *told = made_walk(&made, NULL);
    assert_int_equal(told->routes, 2);
    assert_int_equal(told->route[1].unit, 1);
    assert_int_equal(told->route[1].index, 1);
    assert_int_not_equal(told->route[0].domain, told->route[1].domain);
    assert_int_equal(told->troubles, 2);
    assert_int_equal(told->trouble[0].unit, 1);
    assert_int_equal(told->trouble[0].kind, INSPECT_TROUBLE_BAD_TYPE);
    made.unit[1] = made.unit[0];
    made.unit[1].value[INSPECT_ECAP] &= ~VTD_ECAP_SC; /* no bits that it would mind, but it might */
    told = made_walk(&made, NULL);
    assert_int_not_equal(told->route[0].domain, told->route[1].domain);
    made.unit[1] = made.unit[0];
    told = made_walk(&made, NULL);
    assert_int_equal(told->route[0].domain, told->route[1].domain);
    assert_int_equal(told->ranges, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_tables_legacy_three_levels, end),
        cmocka_unit_test_teardown(test_tables_legacy_four_levels, end),
        cmocka_unit_test_teardown(test_tables_legacy_five_levels, end),
        cmocka_unit_test_teardown(test_tables_ranges_merge_over_sizes_and_tables, end),
        cmocka_unit_test_teardown(test_tables_second_stage_rights_of_all_levels, end),
        cmocka_unit_test_teardown(test_tables_second_stage_ignored_bits, end),
        cmocka_unit_test_teardown(test_tables_legacy_types, end),
        cmocka_unit_test_teardown(test_tables_pasids_of_a_device, end),
        cmocka_unit_test_teardown(test_tables_rid_pasid_is_the_context_entrys, end),
        cmocka_unit_test_teardown(test_tables_entries_that_no_request_reaches, end),
        cmocka_unit_test_teardown(test_tables_directory_size, end),
        cmocka_unit_test_teardown(test_tables_flags_of_a_route, end),
        cmocka_unit_test_teardown(test_tables_first_stage_four_levels, end),
        cmocka_unit_test_teardown(test_tables_first_stage_five_levels, end),
        cmocka_unit_test_teardown(test_tables_first_stage_rights_of_all_levels, end),
        cmocka_unit_test(test_tables_rights_of_a_route),
        cmocka_unit_test_teardown(test_tables_nested, end),
        cmocka_unit_test_teardown(test_tables_nested_share_a_second_stage, end),
        cmocka_unit_test_teardown(test_tables_nested_on_two_second_stages, end),
        cmocka_unit_test_teardown(test_tables_nested_addresses, end),
        cmocka_unit_test_teardown(test_tables_nested_takes_few_reads, end),
        cmocka_unit_test_teardown(test_tables_nested_table_that_the_host_denies, end),
        cmocka_unit_test_teardown(test_tables_filters, end),
        cmocka_unit_test_teardown(test_tables_two_units, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
