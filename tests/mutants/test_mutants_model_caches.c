/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_model_caches.c - the table of translations by itself: what a large range takes out and what it leaves;
 * and whose front is whose.
 */
#include "models/vtd/front.h"
#include "tests/model_vtd/fixture.h"

#define EVERYTHING ((uint64_t)1 << 40)

static bool no_more;

static void *object_alloc(void *ctx, size_t bytes)
{
    return no_more ? NULL : calloc(1, bytes);
}

static void object_free(void *ctx, void *object, size_t bytes)
{
    free(object);
}

static const struct iommu_model_host objects = { .alloc = object_alloc, .free = object_free };

static uint64_t *put(struct vtdm_tlb *tlb, struct vtdm_set *set, unsigned kind, uint64_t place)
{
    uint64_t *word = vtdm_tlb_make(tlb, set, kind, place);
    assert_non_null(word);
    vtdm_tlb_fill(set, kind, word, 1);
    return word;
}

static bool holds(const struct vtdm_tlb *tlb, const struct vtdm_set *set, unsigned kind, uint64_t place)
{
    const uint64_t *word = vtdm_tlb_find(tlb, set, kind, place);
    return word && *word;
}

/* More places than the table has: all of its groups are looked at, those of the set and kind are taken out. */
static void test_B45_a_range_larger_than_the_table(void **state)
{
    struct vtdm_tlb tlb;
    struct vtdm_set one = { .serial = 0 }, other = { .serial = 0 };
    assert_true(vtdm_tlb_create(&tlb, &objects));
    vtdm_tlb_forget(&tlb, &one);
    vtdm_tlb_forget(&tlb, &other);
    for (uint64_t place = 5; place < 200; place++)
        put(&tlb, &one, 0, place);
    put(&tlb, &one, 1, 100);
    put(&tlb, &other, 0, 100);
    vtdm_tlb_drop(&tlb, &one, 0, 10, EVERYTHING);
    for (uint64_t place = 5; place < 200; place++)
        assert_int_equal(holds(&tlb, &one, 0, place), place < 10);
    assert_true(holds(&tlb, &one, 1, 100));
    assert_true(holds(&tlb, &other, 0, 100));
    put(&tlb, &one, 0, EVERYTHING);
    put(&tlb, &one, 0, EVERYTHING + 1);
    vtdm_tlb_drop(&tlb, &one, 0, 0, EVERYTHING);
    assert_false(holds(&tlb, &one, 0, EVERYTHING));
    assert_true(holds(&tlb, &one, 0, EVERYTHING + 1));
    vtdm_tlb_destroy(&tlb);
}

/* Sets that are forgotten again and again leave their places to others: the table does not grow. */
static void test_B45_what_is_forgotten_makes_room(void **state)
{
    struct vtdm_tlb tlb;
    struct vtdm_set kept = { .serial = 0 }, set = { .serial = 0 };
    assert_true(vtdm_tlb_create(&tlb, &objects));
    vtdm_tlb_forget(&tlb, &kept);
    vtdm_tlb_forget(&tlb, &set);
    for (uint64_t place = 0; place < 64; place += 8)
        put(&tlb, &kept, 0, place);
    for (unsigned round = 0; round < 1000; round++) {
        for (uint64_t place = 0; place < 64; place += 8)
            assert_int_equal(put(&tlb, &set, 0, place)[1], 0); /* nothing of another's is left in the group */
        put(&tlb, &set, 0, 9);
        vtdm_tlb_forget(&tlb, &set);
        assert_false(holds(&tlb, &set, 0, 0));
    }
    assert_int_equal(tlb.slots, 64);
    assert_int_equal(vtdm_tlb_count(&tlb, 1), 8);
    for (uint64_t place = 0; place < 64; place += 8)
        assert_true(holds(&tlb, &kept, 0, place));
    vtdm_tlb_destroy(&tlb);
}

/* The same where each round fills other places: now and then the table is made anew, with what is somebody's. */
static void test_B45_what_is_forgotten_is_left_behind(void **state)
{
    struct vtdm_tlb tlb;
    struct vtdm_set kept = { .serial = 0 }, set = { .serial = 0 };
    assert_true(vtdm_tlb_create(&tlb, &objects));
    vtdm_tlb_forget(&tlb, &kept);
    vtdm_tlb_forget(&tlb, &set);
    put(&tlb, &kept, 0, 5);
    for (uint64_t round = 0; round < 1000; round++) {
        for (uint64_t place = 0; place < 64; place += 8) {
            const uint64_t *words = vtdm_tlb_make(&tlb, &set, 0, round * 64 + place);
            for (unsigned i = 0; i < VTDM_GROUP; i++)
                assert_int_equal(words[i], 0);
            put(&tlb, &set, 0, round * 64 + place);
        }
        vtdm_tlb_forget(&tlb, &set);
        assert_false(holds(&tlb, &set, 0, round * 64));
        assert_int_equal(vtdm_tlb_count(&tlb, 1), 1);
    }
    assert_int_equal(tlb.slots, 64);
    assert_true(holds(&tlb, &kept, 0, 5));
    vtdm_tlb_destroy(&tlb);
}

/* Without memory to grow the last place stays free; the places of what is forgotten do not. */
static void test_B45_a_full_table_goes_on_with_what_is_forgotten(void **state)
{
    struct vtdm_tlb tlb;
    struct vtdm_set set = { .serial = 0 };
    unsigned taken = 0;
    assert_true(vtdm_tlb_create(&tlb, &objects));
    vtdm_tlb_forget(&tlb, &set);
    no_more = true;
    for (uint64_t place = 0; place < 63 * 8; place += 8)
        put(&tlb, &set, 0, place);
    assert_null(vtdm_tlb_make(&tlb, &set, 0, 63 * 8));
    assert_non_null(vtdm_tlb_make(&tlb, &set, 0, 1)); /* in a group that there is */
    vtdm_tlb_forget(&tlb, &set);
    for (uint64_t place = 0; place < 30 * 8; place += 8)
        taken += vtdm_tlb_make(&tlb, &set, 0, place) != NULL;
    assert_in_range(taken, 28, 30);
    no_more = false;
    vtdm_tlb_destroy(&tlb);
}

/* However large it has become; without memory for a small one it stays as it is, and empty. */
static void test_B45_a_table_that_is_cleared_is_small_again(void **state)
{
    for (unsigned lacking = 0; lacking < 2; lacking++) {
        struct vtdm_tlb tlb;
        struct vtdm_set set = { .serial = 0 };
        assert_true(vtdm_tlb_create(&tlb, &objects));
        vtdm_tlb_forget(&tlb, &set);
        for (uint64_t place = 0; place < 100 * 8; place += 8)
            put(&tlb, &set, 0, place);
        size_t large = tlb.slots;
        const void *small;
        assert_true(large > 64);
        no_more = lacking;
        vtdm_tlb_clear(&tlb);
        no_more = false;
        assert_int_equal(tlb.slots, lacking ? large : 64);
        assert_int_equal(vtdm_tlb_count(&tlb, 1), 0);
        assert_int_equal(put(&tlb, &set, 0, 8)[1], 0);
        assert_false(holds(&tlb, &set, 0, 0));
        vtdm_tlb_forget(&tlb, &set);
        vtdm_tlb_clear(&tlb);
        small = tlb.word;
        vtdm_tlb_clear(&tlb);
        assert_ptr_equal(tlb.word, small); /* nothing is asked for then */
        vtdm_tlb_destroy(&tlb);
    }
}

/* A nested table has two addresses: an entry that has lost one of them is none. */
static void test_B45_half_of_a_nested_entry(void **state)
{
    const struct vtdm_paging entry = { .table = 0x7000, .guest = 0x5000, .nested = true, .write = true };
    struct iommu_model_request request = fx_request(FX_RID, 1, 0, IOMMU_MODEL_READ);
    struct vtdm_paging found;
    struct vtdm_tx tx;
    struct fx f;
    fx_begin(&f, "scalable");
    vtdm_begin(&tx, f.model, &request);
    tx.route.did = 5;
    vtdm_paging_put(&tx, 0, 2, 1, &entry);
    assert_true(vtdm_paging_find(&tx, 0, 2, 1, &found));
    assert_int_equal(found.guest, 0x5000);
    assert_int_equal(found.table, 0x7000);
    struct vtdm_space *space = vtdm_space_find(f.model, 5, 1);
    uint64_t word = *vtdm_tlb_find(&f.model->paging, &space->tables, VTDM_TABLE_KIND(2), 0);
    vtdm_tlb_fill(&space->tables, VTDM_TABLE_KIND(2),
                  vtdm_tlb_make(&f.model->paging, &space->tables, VTDM_TABLE_KIND(2), 64), word); /* no group of guests there */
    assert_false(vtdm_paging_find(&tx, (uint64_t)64 << 21, 2, 1, &found));
    vtdm_tlb_drop(&f.model->paging, &space->tables, VTDM_TABLE_KIND(2) + VTDM_TABLE_KINDS, 0, 0);
    assert_false(vtdm_paging_find(&tx, 0, 2, 1, &found));
    fx_end(&f);
}

/* Without a first stage there is nothing of a PASID's to forget: copies of the domain's pages stay good. */
static void test_B45_a_pasid_is_not_its_domain(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_second_entry(&f, FX_RID, 1, 5, table, 4);
    fx_map_second(&f, table, 4, 0x5000, 0x800000, 1, VTD_SS_R);
    assert_true(fx_reads(&f, 1, 0x5000, 0x800000));
    const struct vtdm_space *space = vtdm_space_find(f.model, 5, VTDM_NO_PASID);
    uint32_t stamp = space->stamp[5];
    fx_submit(&f, fx_piotlb(VTD_QI_PIOTLB_G_PASID, 5, 1), 0);
    assert_int_equal(space->stamp[5], stamp);
    fx_submit(&f, fx_iotlb(VTD_QI_IOTLB_G_PAGE, 5), 0x6000);
    assert_int_equal(space->stamp[5], stamp);
    fx_submit(&f, fx_iotlb(VTD_QI_IOTLB_G_PAGE, 5), 0x5000);
    assert_int_not_equal(space->stamp[5], stamp);
    fx_end(&f);
}

static void test_model_any_entry_can_be_evicted(void **state)
{
    const struct vtdm_name name = { .place = FX_RID, .pasid = 1 };
    struct vtdm_cache cache;
    assert_true(vtdm_cache_create(&cache, &objects, sizeof(struct vtdm_context)));
    assert_non_null(vtdm_cache_put(&cache, &name, 5));
    vtdm_cache_drop_any(&cache, 12345);
    assert_int_equal(cache.count, 0);
    assert_null(vtdm_cache_find(&cache, &name));
    vtdm_cache_destroy(&cache);
}

/* Context entries of one table mode mean nothing in another. */
static void test_B60_a_context_is_of_one_table_mode(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    fx_create(&f);
    f.root = fx_page(&f);
    fx_set_root(&f, VTD_TTM_LEGACY);
    fx_command(&f, VTD_GCMD_TE);
    uint64_t table = fx_page(&f), contexts = fx_page(&f);
    fx_put(&f, f.root + (FX_RID >> 8) * 16, contexts | VTD_LRE0_P);
    fx_put(&f, contexts + (FX_RID & 0xFF) * 16, table | VTD_LCE0_P);
    fx_put(&f, contexts + (FX_RID & 0xFF) * 16 + 8, 5 << 8 | 2);
    fx_map_second(&f, table, 4, 0x5000, 0x800000, 1, VTD_SS_R);
    assert_true(fx_reads(&f, FX_PLAIN, 0x5000, 0x800000));
    f.root = fx_page(&f);
    fx_set_root(&f, VTD_TTM_SCALABLE); /* with translation on, which is misuse, but leaves the caches as they are */
    assert_int_equal(fx_read_fault(&f, FX_PLAIN, 0x5000), VTD_FAULT_SRT_NOT_PRESENT);
    fx_end(&f);
}

/* A front belongs to one caller; another one that comes to its slot gets none. */
static void test_model_a_front_is_of_one_caller(void **state)
{
    const uintptr_t caller = 0x7F0001, other = caller + ((uintptr_t)1 << 17);
    struct fx f;
    fx_begin(&f, "scalable");
    assert_int_equal(vtdm_front_slot(caller), vtdm_front_slot(other));
    struct vtdm_front *front = vtdm_front_open(f.model, caller);
    assert_non_null(front);
    assert_ptr_equal(vtdm_front_find(f.model, caller), front);
    assert_null(vtdm_front_find(f.model, other));
    assert_null(vtdm_front_open(f.model, other));
    assert_ptr_equal(vtdm_front_open(f.model, caller), front);
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B45_a_range_larger_than_the_table),
        cmocka_unit_test(test_B45_what_is_forgotten_makes_room),
        cmocka_unit_test(test_B45_what_is_forgotten_is_left_behind),
        cmocka_unit_test(test_B45_a_full_table_goes_on_with_what_is_forgotten),
        cmocka_unit_test(test_B45_a_table_that_is_cleared_is_small_again),
        cmocka_unit_test(test_B45_half_of_a_nested_entry),
        cmocka_unit_test(test_B45_a_pasid_is_not_its_domain),
        cmocka_unit_test(test_model_any_entry_can_be_evicted),
        cmocka_unit_test(test_B60_a_context_is_of_one_table_mode),
        cmocka_unit_test(test_model_a_front_is_of_one_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
