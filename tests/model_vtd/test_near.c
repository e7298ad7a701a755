/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * A host that lets the unit look into its tables (iommu_model_memory.table): nobody can tell but by the hooks that are
 * called. Units that are twins, one with that hook and one without, get the same requests, the same changes of tables
 * and the same invalidations.
 */
#include "tests/model_vtd/fixture.h"

#include "models/vtd/front.h"
#include "models/vtd/words.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define DID 5
#define IOVA ((uint64_t)0x40000000)
#define WINDOW ((uint64_t)0xFEE00000)
#define PAGE ((uint64_t)0x800000)
#define MIB2 ((uint64_t)2 << 20)
#define PAGES 12u
#define LIST 8u

enum stage { LEGACY, SECOND, FLAGS, FIRST, NESTED, STAGES };

struct twin {
    struct fx f;
    enum stage stage;
    uint64_t table; /* of the stage that requests name addresses of */
};

static bool first(const struct twin *t)
{
    return t->stage >= FIRST;
}

static uint64_t map(struct twin *t, uint64_t iova, uint64_t pa)
{
    const uint64_t bits = VTD_FS_US | VTD_FS_RW | VTD_FS_A | VTD_FS_D;
    return first(t) ? fx_map_first(&t->f, t->table, 4, iova, pa, 1, bits) :
                      fx_map_second(&t->f, t->table, 4, iova, pa, 1, R | W | VTD_SS_A | VTD_SS_D);
}

static uint64_t entry_of(struct twin *t, uint64_t iova, unsigned level)
{
    uint64_t table = t->table;
    for (unsigned at = 4;; at--) {
        uint64_t where = table + (iova >> VTD_LEVEL_SHIFT(at) & 511) * 8;
        if (at == level)
            return where;
        table = fx_get(&t->f, where) & VTD_SS_ADDR;
    }
}

static long pasid_of(const struct twin *t)
{
    return t->stage == LEGACY ? FX_PLAIN : 1;
}

static void set_route(struct twin *t)
{
    uint64_t at, host;
    if (t->stage == LEGACY) {
        fx_legacy_context(&t->f, FX_RID, VTD_TT_UNTRANSLATED, DID, t->table, 4);
    } else if (t->stage == FIRST) {
        fx_first_entry(&t->f, FX_RID, 1, DID, t->table, 4);
    } else if (t->stage == NESTED) {
        host = fx_page(&t->f);
        fx_nested_entry(&t->f, FX_RID, 1, DID, t->table, host, 4);
        for (uint64_t pa = 0; pa < FX_MEMORY; pa += MIB2)
            fx_map_second(&t->f, host, 4, pa, pa, 2, R | W);
    } else {
        at = fx_second_entry(&t->f, FX_RID, 1, DID, t->table, 4);
        if (t->stage == FLAGS)
            fx_put(&t->f, at, fx_get(&t->f, at) | VTD_PE0_SSADE);
    }
}

/* Neighbours in three leaf tables; the interrupt window lies in the third one's 2 MiB. */
static const uint64_t regions[3] = { IOVA, IOVA + MIB2, WINDOW & ~(MIB2 - 1) };

static void twin_begin(struct twin *t, enum stage stage, bool hook)
{
    t->stage = stage;
    fx_preset(&t->f, stage == LEGACY ? "legacy" : "scalable");
    if (!hook)
        t->f.host.memory.table = NULL;
    fx_create(&t->f);
    fx_enable(&t->f);
    t->table = fx_page(&t->f);
    for (unsigned i = 0; i < 3; i++)
        for (uint64_t page = 0; page < PAGES; page++)
            if (page != 3)
                map(t, regions[i] + page * 4096, PAGE + (i * PAGES + page) * 4096);
    map(t, WINDOW, PAGE);
    set_route(t);
}

/* ---- What is done to both ------------------------------------------------------------------------------- */

static uint64_t some_address(uint64_t *seed)
{
    uint64_t random = fx_random(seed), address = regions[random % 8 < 6 ? 0 : random % 3] + random / 64 % PAGES * 4096;
    if (random % 61 == 0)
        return WINDOW;
    return random % 53 == 0 ? address | (uint64_t)1 << 55 : address + random / 4096 % 16 * 8;
}

static struct iommu_model_request some_request(const struct twin *t, uint64_t *seed)
{
    static const uint32_t bytes[4] = { 8, 0, 64, 4096 };
    uint64_t random = fx_random(seed);
    struct iommu_model_request request = fx_request(FX_RID, pasid_of(t), some_address(seed), IOMMU_MODEL_READ);
    request.access = random % 4 == 3 ? IOMMU_MODEL_ATOMIC : random % 2 ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ;
    request.bytes = bytes[random / 16 % 31 < 28 ? 0 : random / 512 % 4];
    request.privileged = first(t) && random / 65536 % 16 == 0;
    return request;
}

static void change_leaf(struct twin *t, uint64_t random)
{
    static const uint64_t bits[10] = { R, W, VTD_FS_US, VTD_FS_A, VTD_FS_D, VTD_SS_A, VTD_SS_D, VTD_SS_TM,
                                       (uint64_t)1 << 51, (uint64_t)1 << 14 };
    uint64_t at = entry_of(t, regions[random % 3] + random / 4 % PAGES * 4096, 1);
    if (at < FX_MEMORY)
        fx_put(&t->f, at, random / 64 % 40 == 0 ? WINDOW | R | W : fx_get(&t->f, at) ^ bits[random / 64 % 10]);
}

/* The pointer to a leaf table: to another one, to none, to no memory, with fewer rights, or a large page. */
static void change_table(struct twin *t, uint64_t random)
{
    uint64_t at = entry_of(t, regions[random % 2], 2), value = fx_get(&t->f, at);
    if (random / 4 % 8 < 4)
        value = fx_get(&t->f, entry_of(t, regions[random / 32 % 3], 2));
    else if (random / 4 % 8 == 4)
        value ^= W;
    else if (random / 4 % 8 == 5)
        value = (value & ~VTD_SS_ADDR) | (random / 32 % 4 ? fx_get(&t->f, entry_of(t, WINDOW, 2)) & VTD_SS_ADDR : FX_NOWHERE);
    else if (random / 4 % 8 == 6)
        value ^= R;
    else
        value = (value & ~VTD_SS_ADDR) | VTD_SS_PS | PAGE;
    fx_put(&t->f, at, value);
}

static void forget(struct twin *t, uint64_t random)
{
    uint64_t page = regions[random / 8 % 3] + random / 32 % PAGES * 4096, hint = random / 4096 % 2 ? VTD_QI_IOTLB1_IH : 0;
    if (random % 8 < 3)
        fx_submit(&t->f, first(t) && random / 8192 % 2 ? fx_piotlb(VTD_QI_PIOTLB_G_PAGE, DID, 1) :
                                                         fx_iotlb(VTD_QI_IOTLB_G_PAGE, DID), page | hint);
    else if (random % 8 < 5)
        fx_submit(&t->f, first(t) ? fx_piotlb(VTD_QI_PIOTLB_G_PASID, DID, 1) : fx_iotlb(VTD_QI_IOTLB_G_DOMAIN, DID), 0);
    else if (random % 8 == 5)
        fx_submit(&t->f, fx_iotlb(VTD_QI_IOTLB_G_DOMAIN, DID), 0);
    else if (random % 8 == 6)
        fx_submit(&t->f, fx_iotlb(VTD_QI_IOTLB_G_GLOBAL, 0), 0);
    else
        fx_submit(&t->f, fx_cc(VTD_QI_CC_G_GLOBAL, 0, 0, 0), 0);
}

/* ---- Twins ----------------------------------------------------------------------------------------------- */

static void same(const struct iommu_model_result *a, const struct iommu_model_result *b)
{
    assert_int_equal(a->outcome, b->outcome);
    assert_int_equal(a->pa, b->pa);
    assert_int_equal(a->page_lg2, b->page_lg2);
    assert_int_equal(a->read, b->read);
    assert_int_equal(a->write, b->write);
    assert_int_equal(a->cached, b->cached);
    assert_int_equal(a->domain_id, b->domain_id);
    assert_int_equal(a->fault, b->fault);
    assert_int_equal(a->recorded, b->recorded);
}

static void ask(struct twin twins[2], uint64_t *seed)
{
    struct iommu_model_request request = some_request(&twins[0], seed);
    struct iommu_model_result results[2][LIST];
    uint64_t addresses[LIST];
    unsigned count = fx_random(seed) % 4 ? 1 : LIST;
    memset(results, 0xFF, sizeof(results));
    for (unsigned i = 0; i < count; i++)
        addresses[i] = i ? some_address(seed) : request.address;
    for (unsigned t = 0; t < 2; t++) {
        if (count == 1)
            iommu_model_vtd_translate(twins[t].f.model, &request, results[t], NULL);
        else
            iommu_model_vtd_translate_batch(twins[t].f.model, &request, addresses, results[t], count);
    }
    for (unsigned i = 0; i < count; i++)
        same(&results[0][i], &results[1][i]);
}

static void test_model_tables_looked_into_or_read_by_hook(void **state)
{
    uint64_t seed = fx_seed();
    for (enum stage stage = LEGACY; stage < STAGES; stage++) {
        struct twin twins[2];
        for (unsigned t = 0; t < 2; t++)
            twin_begin(&twins[t], stage, t);
        for (unsigned step = 0; step < 20000; step++) {
            uint64_t random = fx_random(&seed);
            if (random % 64 < 56)
                ask(twins, &seed);
            for (unsigned t = 0; t < 2 && random % 64 >= 56; t++) {
                if (random % 64 < 60)
                    change_leaf(&twins[t], random / 64);
                else if (random % 64 < 61)
                    change_table(&twins[t], random / 64);
                else
                    forget(&twins[t], random / 64);
            }
            struct iommu_model_vtd_stats a = fx_stats(&twins[0].f), b = fx_stats(&twins[1].f);
            assert_memory_equal(&a, &b, sizeof(a));
        }
        assert_int_equal(twins[1].f.tables > 0, stage != NESTED);
        assert_int_equal(twins[0].f.tables, 0);
        for (unsigned t = 0; t < 2; t++)
            fx_end(&twins[t].f);
    }
}

/* ---- Which hooks are called ------------------------------------------------------------------------------ */

/* Reads page `page` of region 0, and returns how many words were read by hook. */
static unsigned reads(struct twin *t, uint64_t page)
{
    unsigned before = t->f.reads;
    struct iommu_model_request request = fx_request(FX_RID, pasid_of(t), IOVA + page * 4096, IOMMU_MODEL_READ);
    iommu_model_vtd_translate(t->f.model, &request, &t->f.result, NULL);
    assert_int_equal(t->f.result.outcome, IOMMU_MODEL_OK);
    assert_int_equal(t->f.result.pa, PAGE + page * 4096);
    return t->f.reads - before;
}

/* This page of region 0 and the next, which nobody has asked for; no word is read by hook. */
static void batch_of_two(struct twin *t, uint64_t page)
{
    const uint64_t addresses[2] = { IOVA + page * 4096, IOVA + (page + 1) * 4096 };
    struct iommu_model_request like = fx_request(FX_RID, pasid_of(t), 0, IOMMU_MODEL_READ);
    struct iommu_model_result results[2];
    unsigned before = t->f.reads;
    iommu_model_vtd_translate_batch(t->f.model, &like, addresses, results, 2);
    assert_int_equal(results[1].pa, PAGE + (page + 1) * 4096);
    assert_int_equal(t->f.reads, before);
}

/* The first walk finds the leaf table, two more use it, from then on it is looked into. */
static void test_model_a_table_in_use_is_asked_for_once(void **state)
{
    for (enum stage stage = LEGACY; stage < NESTED; stage++) {
        struct twin t;
        twin_begin(&t, stage, true);
        assert_true(reads(&t, 0) > 1);
        assert_int_equal(t.f.tables, 0);
        assert_int_equal(reads(&t, 1), 1);
        assert_int_equal(t.f.tables, 0);
        assert_int_equal(reads(&t, 2), 1);
        assert_int_equal(t.f.tables, 1);
        for (unsigned page = 4; page < PAGES - 2; page++)
            assert_int_equal(reads(&t, page), 0);
        batch_of_two(&t, PAGES - 2);
        assert_int_equal(t.f.tables, 1);
        fx_end(&t.f);
    }
}

/* A remembered refusal is one, whatever rights it has; the copy of the page has become too old. */
static void test_model_a_refusal_is_not_answered_from_a_cursor(void **state)
{
    static const uint64_t odd[2] = { VTDM_LEAF_ABSENT, SPEC_PUT(VTDM_LEAF_FAULT, (uint64_t)VTD_FAULT_SSS_RESERVED) };
    for (unsigned i = 0; i < 2; i++) {
        struct twin t;
        twin_begin(&t, SECOND, true);
        for (unsigned page = 4; page < PAGES; page++)
            reads(&t, page);
        struct vtdm_space *space = vtdm_space_find(t.f.model, DID, VTDM_NO_PASID);
        uint64_t *word = vtdm_tlb_find(&t.f.model->iotlb, &space->leaves, 0, (IOVA >> 12) + 8);
        *word |= odd[i];
        space->stamp[((IOVA >> 12) + 8) % VTDM_STAMPS] += VTDM_STAMP;
        uint64_t hits = fx_stats(&t.f).iotlb_hits;
        fx_dma(&t.f, FX_RID, 1, IOVA + 8 * 4096, IOMMU_MODEL_READ);
        assert_int_equal(t.f.result.outcome, i ? IOMMU_MODEL_BLOCKED : IOMMU_MODEL_OK);
        struct iommu_model_request request = fx_request(FX_RID, 1, IOVA + 8 * 4096, IOMMU_MODEL_READ);
        iommu_model_vtd_translate(t.f.model, &request, &t.f.result, NULL);
        assert_int_equal(t.f.result.fault, i ? VTD_FAULT_SSS_RESERVED : 0);
        assert_int_equal(fx_stats(&t.f).iotlb_hits, hits + 2);
        fx_end(&t.f);
    }
}

static void prefetch(void *ctx, uint64_t pa)
{
}

/* A batch that looks ahead meets each table twice, but uses it once. */
static void test_model_tables_of_one_batch_are_not_asked_for(void **state)
{
    const uint64_t addresses[2] = { IOVA, IOVA + MIB2 };
    struct iommu_model_result results[2];
    struct iommu_model_request like = fx_request(FX_RID, 1, 0, IOMMU_MODEL_READ);
    struct twin t;
    twin_begin(&t, SECOND, true);
    t.f.host.memory.prefetch = prefetch;
    reads(&t, 0);
    fx_flush_domain(&t.f, DID);
    iommu_model_vtd_translate_batch(t.f.model, &like, addresses, results, 2);
    assert_int_equal(results[1].pa, PAGE + PAGES * 4096);
    assert_int_equal(t.f.tables, 0);
    fx_end(&t.f);
}

/* Not where a table is no memory that stays, nor where walks find something else than what reads find. */
static int fetch(void *ctx, uint64_t pa, uint64_t *words, unsigned count, unsigned how)
{
    struct fx *f = ctx;
    for (unsigned i = 0; i < count; i++)
        if (f->host.memory.read64(f, pa + 8 * i, &words[i]) != 0)
            return -1;
    return 0;
}

static const uint64_t *no_table(void *ctx, uint64_t pa)
{
    return NULL;
}

static void test_model_tables_that_are_not_looked_into(void **state)
{
    for (unsigned how = 0; how < 3; how++) {
        struct twin t;
        twin_begin(&t, SECOND, how > 0);
        if (how == 1)
            t.f.host.memory.table = no_table;
        if (how == 2)
            t.f.host.memory.fetch = fetch;
        reads(&t, 0);
        for (unsigned page = 4; page < PAGES; page++)
            assert_int_equal(reads(&t, page), 1);
        assert_int_equal(t.f.tables, 0);
        fx_end(&t.f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_tables_looked_into_or_read_by_hook),
        cmocka_unit_test(test_model_a_table_in_use_is_asked_for_once),
        cmocka_unit_test(test_model_tables_of_one_batch_are_not_asked_for),
        cmocka_unit_test(test_model_a_refusal_is_not_answered_from_a_cursor),
        cmocka_unit_test(test_model_tables_that_are_not_looked_into),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
