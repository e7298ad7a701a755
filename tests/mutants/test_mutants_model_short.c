/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * The short way of a miss (models/vtd/short.c), by itself: what it answers, and what it leaves to the long way, which
 * would give the same answer.
 */
#include "tests/model_vtd/fixture.h"

#include "models/vtd/front.h"
#include "models/vtd/words.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define DID 5
#define IOVA ((uint64_t)0x5000)
#define NEXT (IOVA + 0x1000)
#define PAGE ((uint64_t)0x800000)
#define WINDOW ((uint64_t)0xFEE00000)

enum way { LEGACY, SECOND, FIRST, WAYS };

struct rig {
    struct fx f;
    uint64_t table, entry; /* the route's: of its page table, of its PASID entry */
    struct iommu_model_request request;
    struct iommu_model_result result;
};

static uint64_t map(struct rig *rig, enum way way, uint64_t iova, uint64_t pa, uint64_t bits)
{
    if (way == FIRST)
        return fx_map_first(&rig->f, rig->table, 4, iova, pa, 1, bits);
    return fx_map_second(&rig->f, rig->table, 4, iova, pa, 1, bits);
}

/* One page has been read, so that the caller has a front that knows the route; the next one is mapped. Its leaf. */
static uint64_t begin_on(struct rig *rig, const char *preset, enum way way, uint64_t bits)
{
    fx_begin(&rig->f, way == LEGACY ? "legacy" : preset);
    rig->f.host.memory.table = NULL; /* with it, see test_near.c */
    rig->table = fx_page(&rig->f);
    if (way == LEGACY)
        fx_legacy_context(&rig->f, FX_RID, VTD_TT_UNTRANSLATED, DID, rig->table, 4);
    else if (way == SECOND)
        rig->entry = fx_second_entry(&rig->f, FX_RID, 1, DID, rig->table, 4);
    else
        rig->entry = fx_first_entry(&rig->f, FX_RID, 1, DID, rig->table, 4);
    rig->request = fx_request(FX_RID, way == LEGACY ? FX_PLAIN : 1, NEXT, IOMMU_MODEL_READ);
    map(rig, way, IOVA, PAGE, way == FIRST ? VTD_FS_US | VTD_FS_RW : R | W);
    assert_true(fx_reads(&rig->f, way == LEGACY ? FX_PLAIN : 1, IOVA, PAGE));
    return map(rig, way, NEXT, PAGE + 0x1000, bits);
}

static uint64_t begin(struct rig *rig, enum way way, uint64_t bits)
{
    return begin_on(rig, "scalable", way, bits);
}

static struct vtdm_asker asker(struct rig *rig)
{
    unsigned slot = 0;
    while (!rig->f.model->front[slot])
        slot++;
    struct vtdm_front *front = rig->f.model->front[slot];
    return (struct vtdm_asker){ rig->f.model, front, &front->way[vtdm_front_way(vtdm_front_id(&rig->request))] };
}

static bool answered(struct rig *rig)
{
    struct vtdm_asker who = asker(rig);
    memset(&rig->result, 0xFF, sizeof(rig->result));
    struct vtdm_copy *copy = vtdm_front_copy_of(who.front->copy, who.way->start, rig->request.address);
    return vtdm_short(who.m, who.front, who.way, copy, &rig->request, &rig->result);
}

static bool left_alone(struct rig *rig)
{
    uint64_t before = fx_stats(&rig->f).iotlb_entries;
    return !answered(rig) && fx_stats(&rig->f).iotlb_entries == before;
}

#define USABLE(way) ((way) == FIRST ? VTD_FS_US | VTD_FS_RW | VTD_FS_A | VTD_FS_D : R | W)

static void test_model_what_the_short_way_answers(void **state)
{
    for (enum way way = LEGACY; way < WAYS; way++) {
        struct rig rig;
        begin(&rig, way, USABLE(way));
        for (unsigned cached = 0; cached < 2; cached++) {
            assert_true(answered(&rig));
            const struct iommu_model_result wanted = {
                .pa = PAGE + 0x1000, .outcome = IOMMU_MODEL_OK, .page_lg2 = 12, .read = true, .write = true,
                .cached = cached, .domain_id = DID,
            };
            assert_memory_equal(&rig.result, &wanted, offsetof(struct iommu_model_result, recorded) + 1);
            assert_int_equal(fx_stats(&rig.f).iotlb_hits, cached);
        }
        rig.request.access = IOMMU_MODEL_ATOMIC;
        assert_true(answered(&rig));
        fx_end(&rig.f);
    }
}

/* The lowest table is remembered, and found. */
static void test_model_one_entry_is_read(void **state)
{
    for (enum way way = LEGACY; way < WAYS; way++) {
        struct rig rig;
        begin(&rig, way, USABLE(way));
        uint64_t reads = fx_stats(&rig.f).table_reads;
        assert_true(answered(&rig));
        assert_int_equal(fx_stats(&rig.f).table_reads, reads + 1);
        fx_end(&rig.f);
    }
}

static void test_model_what_is_not_ordinary_is_left_alone(void **state)
{
    for (enum way way = LEGACY; way < WAYS; way++) {
        struct rig rig;
        begin(&rig, way, USABLE(way));
        rig.request.bytes = 0x1000;
        rig.request.address = NEXT + 1; /* crosses a page */
        assert_true(left_alone(&rig));
        rig.request.bytes = 8;
        rig.request.address = NEXT | (uint64_t)1 << 60; /* the same entries, and not an address */
        assert_true(left_alone(&rig));
        rig.request.address = NEXT + 0x1000; /* not present */
        assert_true(left_alone(&rig));
        rig.request.address = WINDOW;
        map(&rig, way, WINDOW, PAGE + 0x2000, USABLE(way));
        assert_int_equal(left_alone(&rig), way != SECOND); /* upper levels of a first stage want their flags first */
        rig.request.address = NEXT;
        rig.request.privileged = way == FIRST;
        if (way == FIRST) {
            fx_dma(&rig.f, FX_RID, 1, IOVA, IOMMU_MODEL_READ);
            assert_true(left_alone(&rig));
        }
        rig.request.privileged = false;
        rig.f.model->epoch++;
        assert_true(left_alone(&rig));
        fx_end(&rig.f);
    }
}

/* Each bit of the leaf that the short way wants otherwise. */
static void test_model_entries_that_the_short_way_leaves_alone(void **state)
{
    static const struct {
        enum way way;
        enum iommu_model_access access;
        uint64_t toggle, pa;
    } odd[] = {
        { SECOND, IOMMU_MODEL_READ, R, PAGE },
        { SECOND, IOMMU_MODEL_READ, R | W, PAGE },
        { SECOND, IOMMU_MODEL_WRITE, W, PAGE },
        { SECOND, IOMMU_MODEL_READ, VTD_SS_TM, PAGE },
        { SECOND, IOMMU_MODEL_READ, 0, WINDOW },
        { FIRST, IOMMU_MODEL_READ, VTD_FS_P, PAGE },
        { FIRST, IOMMU_MODEL_READ, VTD_FS_US, PAGE },
        { FIRST, IOMMU_MODEL_READ, VTD_FS_US | VTD_FS_RW, PAGE },
        { FIRST, IOMMU_MODEL_WRITE, VTD_FS_RW, PAGE },
        { FIRST, IOMMU_MODEL_READ, VTD_FS_A, PAGE },
        { FIRST, IOMMU_MODEL_WRITE, VTD_FS_D, PAGE },
        { FIRST, IOMMU_MODEL_READ, (uint64_t)1 << 51, PAGE },
        { FIRST, IOMMU_MODEL_READ, 0, WINDOW },
    };
    for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct rig rig;
        uint64_t leaf = begin(&rig, odd[i].way, USABLE(odd[i].way));
        rig.request.access = odd[i].access;
        fx_put(&rig.f, leaf, (fx_get(&rig.f, leaf) & ~VTD_SS_ADDR) | odd[i].pa);
        fx_put(&rig.f, leaf, fx_get(&rig.f, leaf) ^ odd[i].toggle);
        assert_true(left_alone(&rig));
        fx_end(&rig.f);
    }
}

/* Nor is there an answer where no memory answers. */
static void test_model_tables_that_are_no_memory(void **state)
{
    struct rig rig;
    begin(&rig, SECOND, R);
    fx_put(&rig.f, fx_entry_second(&rig.f, rig.table, 4, (uint64_t)1 << 30, 3), FX_NOWHERE | R | W);
    rig.request.address = (uint64_t)1 << 30;
    assert_true(left_alone(&rig));
    fx_end(&rig.f);
}

static void test_model_protected_memory_is_left_alone(void **state)
{
    struct rig rig;
    begin(&rig, SECOND, R);
    rig.f.model->reg[VTDM_PMEN] |= VTD_PMEN_PRS;
    assert_true(left_alone(&rig));
    fx_end(&rig.f);
}

/* Caching Mode: a remembered refusal, in the IOTLB and above. */
static void test_model_remembered_refusals_are_left_alone(void **state)
{
    static const uint64_t leaves[] = {
        VTDM_LEAF_ABSENT, SPEC_PUT(VTDM_LEAF_FAULT, (uint64_t)VTD_FAULT_SSS_NOT_PRESENT),
    };
    for (unsigned i = 0; i < 2; i++) {
        struct rig rig;
        begin(&rig, SECOND, R | W);
        assert_true(answered(&rig));
        struct vtdm_space *space = vtdm_space_find(rig.f.model, DID, VTDM_NO_PASID);
        uint64_t *word = vtdm_tlb_find(&rig.f.model->iotlb, &space->leaves, 0, NEXT >> 12);
        *word |= leaves[i];
        assert_true(left_alone(&rig));
        vtdm_tlb_empty(&space->leaves, 0, word);
        word = vtdm_tlb_find(&rig.f.model->paging, &space->tables, VTDM_TABLE_KIND(2), NEXT >> 21);
        *word |= VTDM_TABLE_ABSENT;
        assert_true(left_alone(&rig));
        fx_end(&rig.f);
    }
}

/* A group of small pages that holds none of this one does not hide the large page. */
static void test_model_a_large_page_next_to_small_ones(void **state)
{
    struct rig rig;
    begin(&rig, SECOND, R | W);
    struct vtdm_space *space = vtdm_space_find(rig.f.model, DID, VTDM_NO_PASID);
    uint64_t *word = vtdm_tlb_find(&rig.f.model->iotlb, &space->leaves, 0, IOVA >> 12), large = *word & ~VTDM_LEAF_ADDRESS;
    vtdm_tlb_fill(&space->leaves, 1, vtdm_tlb_make(&rig.f.model->iotlb, &space->leaves, 1, 0), PAGE | large);
    assert_true(answered(&rig));
    assert_true(rig.result.cached);
    assert_int_equal(rig.result.page_lg2, 21);
    assert_int_equal(rig.result.pa, PAGE + NEXT);
    fx_end(&rig.f);
}

/* Below an entry that leaves no right nothing is looked at. */
static void test_model_no_right_half_way(void **state)
{
    const uint64_t far = (uint64_t)1 << 30;
    struct rig rig;
    begin(&rig, SECOND, R | W);
    map(&rig, SECOND, far, PAGE, R | VTD_SS_TM); /* reserved */
    uint64_t upper = fx_entry_second(&rig.f, rig.table, 4, far, 3), lower = fx_entry_second(&rig.f, rig.table, 4, far, 2);
    fx_put(&rig.f, upper, (fx_get(&rig.f, upper) & ~W) | R);
    fx_put(&rig.f, lower, (fx_get(&rig.f, lower) & ~R) | W);
    rig.request.address = far;
    iommu_model_vtd_translate(rig.f.model, &rig.request, &rig.result, NULL);
    assert_int_equal(rig.result.fault, VTD_FAULT_SSS_NOT_PRESENT);
    fx_end(&rig.f);
}

/* Tables of another kind of route are not walked. */
static void test_model_other_routes_are_left_alone(void **state)
{
    struct rig rig;
    begin(&rig, FIRST, USABLE(FIRST));
    struct vtdm_asker who = asker(&rig);
    struct vtdm_route *route = &who.front->route[who.way - who.front->way].route;
    route->pgtt = VTD_PGTT_NESTED;
    assert_true(left_alone(&rig));
    route->pgtt = VTD_PGTT_FIRST;
    route->extended = true;
    assert_true(left_alone(&rig));
    route->extended = false;
    rig.request.privileged = true;
    assert_false(vtdm_short(who.m, who.front, who.way, who.front->copy, &rig.request, &rig.result));
    rig.request.privileged = false;
    assert_true(answered(&rig));
    fx_end(&rig.f);
}

/* The long way leaves the front as it is, and puts nothing into it that the caches do not hold. */
static void test_model_the_long_way_keeps_the_front(void **state)
{
    for (enum way way = LEGACY; way < WAYS; way++) {
        struct rig rig;
        begin(&rig, way, USABLE(way));
        struct vtdm_asker who = asker(&rig);
        uint64_t entries = fx_stats(&rig.f).iotlb_entries;
        fx_dma(&rig.f, FX_RID, way == LEGACY ? FX_PLAIN : 1, NEXT + 0x1000, IOMMU_MODEL_READ);
        assert_int_equal(rig.f.result.outcome, IOMMU_MODEL_BLOCKED);
        assert_int_equal(who.way->id, vtdm_front_id(&rig.request));
        assert_int_equal(fx_stats(&rig.f).iotlb_entries, entries);
        fx_end(&rig.f);
    }
}

static void test_model_memory_for_a_front_only(void **state)
{
    struct rig rig;
    fx_begin(&rig.f, "scalable");
    rig.table = fx_page(&rig.f);
    fx_second_entry(&rig.f, FX_RID, 1, DID, rig.table, 4);
    map(&rig, SECOND, IOVA, PAGE, R);
    rig.f.allocations_left = 1;
    struct iommu_model_request request = fx_request(FX_RID, 1, IOVA, IOMMU_MODEL_READ);
    for (unsigned i = 0; i < 2; i++) {
        iommu_model_vtd_translate(rig.f.model, &request, &rig.result, NULL);
        assert_int_equal(rig.result.outcome, IOMMU_MODEL_OK);
        assert_false(rig.result.cached);
    }
    fx_end(&rig.f);
}

/* A walk that does not snoop cannot set flags, and where they are set it need not. */
static void test_model_flags_that_are_set_already(void **state)
{
    for (unsigned flags = 0; flags < 2; flags++) {
        struct rig rig;
        uint64_t leaf = begin(&rig, FIRST, USABLE(FIRST) & ~(flags ? 0 : VTD_FS_A));
        fx_put(&rig.f, rig.entry + 8, fx_get(&rig.f, rig.entry + 8) & ~VTD_PE1_PWSNP);
        fx_flush_all(&rig.f);
        fx_dma(&rig.f, FX_RID, 1, NEXT, IOMMU_MODEL_READ);
        assert_int_equal(rig.f.result.outcome, flags ? IOMMU_MODEL_OK : IOMMU_MODEL_BLOCKED);
        assert_int_equal((fx_get(&rig.f, leaf) & VTD_FS_A) != 0, flags);
        fx_end(&rig.f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_what_the_short_way_answers),
        cmocka_unit_test(test_model_one_entry_is_read),
        cmocka_unit_test(test_model_what_is_not_ordinary_is_left_alone),
        cmocka_unit_test(test_model_entries_that_the_short_way_leaves_alone),
        cmocka_unit_test(test_model_tables_that_are_no_memory),
        cmocka_unit_test(test_model_protected_memory_is_left_alone),
        cmocka_unit_test(test_model_remembered_refusals_are_left_alone),
        cmocka_unit_test(test_model_a_large_page_next_to_small_ones),
        cmocka_unit_test(test_model_no_right_half_way),
        cmocka_unit_test(test_model_other_routes_are_left_alone),
        cmocka_unit_test(test_model_the_long_way_keeps_the_front),
        cmocka_unit_test(test_model_memory_for_a_front_only),
        cmocka_unit_test(test_model_flags_that_are_set_already),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
