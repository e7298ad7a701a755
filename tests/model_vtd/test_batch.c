/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * Many accesses in one call: each is answered as if it had come alone, and counts as such. Units that are twins get
 * the same accesses, one in a batch, the other one by one.
 */
#include "tests/model_vtd/fixture.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define ACCESSES 100
#define IOVA ((uint64_t)0x40000000)
#define PAGE ((uint64_t)0x800000)

struct twin {
    struct fx f;
    unsigned prefetches;
    uint64_t last_prefetch;
};

static struct twin *of_memory;

static void prefetch(void *ctx, uint64_t pa)
{
    (void)ctx;
    of_memory->prefetches++;
    of_memory->last_prefetch = pa;
}

enum stage { SECOND, FIRST, NESTED, PASS, STAGES };

static void route(struct fx *f, enum stage stage, uint64_t table, uint64_t guest)
{
    if (stage == SECOND)
        fx_second_entry(f, FX_RID, 1, 5, table, 4);
    else if (stage == FIRST)
        fx_first_entry(f, FX_RID, 1, 5, guest, 4);
    else if (stage == NESTED)
        fx_nested_entry(f, FX_RID, 1, 5, guest, table, 4);
    else
        fx_put(f, fx_pasid_entry(f, FX_RID, 1), VTD_PE0_P | SPEC_PUT(VTD_PE0_PGTT, (uint64_t)VTD_PGTT_PASS_THROUGH) |
                                                    SPEC_PUT(VTD_PE0_AW, (uint64_t)2));
}

/* Every third page is missing, every fifth cannot be written, and one 2M page follows. */
static void twin_begin(struct twin *t, enum stage stage, bool hook)
{
    memset(t, 0, sizeof(*t));
    of_memory = t;
    fx_preset(&t->f, "scalable");
    t->f.host.memory.prefetch = hook ? prefetch : NULL;
    if (hook) /* one hook or the other */
        t->f.host.memory.table = NULL;
    fx_create(&t->f);
    fx_enable(&t->f);
    uint64_t table = fx_page(&t->f), guest = fx_page(&t->f);
    for (uint64_t i = 0; i < ACCESSES; i++) {
        if (i % 3 == 0)
            continue;
        fx_map_second(&t->f, table, 4, IOVA + i * 4096, PAGE + i * 4096, 1, i % 5 ? R | W : R);
        fx_map_first(&t->f, guest, 4, IOVA + i * 4096, stage == NESTED ? IOVA + i * 4096 : PAGE + i * 4096, 1,
                     VTD_FS_US | (i % 5 ? VTD_FS_RW : 0));
    }
    fx_map_second(&t->f, table, 4, IOVA + (2 << 20), PAGE, 2, R | W);
    for (uint64_t pa = 0; pa < (uint64_t)2 << 20; pa += 4096) /* the guest's tables */
        fx_map_second(&t->f, table, 4, pa, pa, 1, R | W);
    route(&t->f, stage, table, guest);
}

static void some_addresses(uint64_t *addresses, uint64_t seed)
{
    for (unsigned i = 0; i < ACCESSES; i++) {
        addresses[i] = IOVA + fx_random(&seed) % ACCESSES * 4096 + 8 * (i % 16);
        if (i % 10 == 9)
            addresses[i] += 2 << 20;
    }
    addresses[50] = (uint64_t)1 << 50; /* beyond what the tables translate */
}

static void compare(struct twin *one, struct twin *other, const struct iommu_model_request *like, const uint64_t *addresses,
                    unsigned count)
{
    struct iommu_model_result results[ACCESSES], result;
    struct iommu_model_request request = *like;
    memset(results, 0xFF, sizeof(results));
    iommu_model_vtd_translate_batch(one->f.model, like, addresses, results, count);
    for (unsigned i = 0; i < count; i++) {
        request.address = addresses[i];
        iommu_model_vtd_translate(other->f.model, &request, &result, NULL);
        assert_int_equal(results[i].outcome, result.outcome);
        assert_int_equal(results[i].pa, result.pa);
        assert_int_equal(results[i].page_lg2, result.page_lg2);
        assert_int_equal(results[i].fault, result.fault);
        assert_int_equal(results[i].read, result.read);
        assert_int_equal(results[i].write, result.write);
        assert_int_equal(results[i].cached, result.cached);
        assert_int_equal(results[i].domain_id, result.domain_id);
        assert_int_equal(results[i].recorded, result.recorded);
    }
    struct iommu_model_vtd_stats a = fx_stats(&one->f), b = fx_stats(&other->f);
    assert_in_range(a.table_reads, b.table_reads, b.table_reads + count);
    a.table_reads = b.table_reads;
    assert_memory_equal(&a, &b, sizeof(a));
}

static void test_model_a_batch_answers_as_one_by_one(void **state)
{
    for (unsigned stage = 0; stage < STAGES; stage++)
        for (unsigned hook = 0; hook < 2; hook++) {
            struct twin one, other;
            uint64_t addresses[ACCESSES];
            twin_begin(&other, stage, false);
            twin_begin(&one, stage, hook);
            for (unsigned round = 0; round < 6; round++) {
                struct iommu_model_request like = fx_request(FX_RID, 1, 0, round % 3 ? IOMMU_MODEL_READ : IOMMU_MODEL_WRITE);
                some_addresses(addresses, round + 1);
                compare(&one, &other, &like, addresses, ACCESSES);
                if (round == 3) {
                    fx_flush_all(&one.f);
                    fx_flush_all(&other.f);
                }
            }
            assert_int_equal(one.prefetches > 0, hook && (stage == SECOND || stage == FIRST));
            fx_end(&one.f);
            fx_end(&other.f);
        }
}

/* Lists of every length, and none at all. */
static void test_model_batches_of_all_lengths(void **state)
{
    struct twin one, other;
    uint64_t addresses[ACCESSES];
    struct iommu_model_request like = fx_request(FX_RID, 1, 0, IOMMU_MODEL_READ);
    twin_begin(&one, SECOND, true);
    twin_begin(&other, SECOND, false);
    for (unsigned count = 0; count < 40; count++) {
        some_addresses(addresses, count + 1);
        compare(&one, &other, &like, addresses, count);
    }
    fx_end(&one.f);
    fx_end(&other.f);
}

/* Requests that the short way leaves alone, in a batch as well. */
static void test_model_a_batch_of_other_requests(void **state)
{
    for (unsigned kind = 0; kind < 5; kind++) {
        struct twin one, other;
        uint64_t addresses[ACCESSES];
        struct iommu_model_request like = fx_request(FX_RID, 1, 0, IOMMU_MODEL_READ);
        twin_begin(&one, SECOND, true);
        twin_begin(&other, SECOND, true);
        some_addresses(addresses, 1);
        compare(&one, &other, &like, addresses, ACCESSES);
        if (kind == 0)
            like.at = IOMMU_MODEL_TRANSLATION_REQUEST;
        else if (kind == 1)
            like.privileged = true;
        else if (kind == 2)
            like.bytes = 4095;
        else if (kind == 3)
            like.at = IOMMU_MODEL_TRANSLATED;
        else
            like.access = IOMMU_MODEL_ATOMIC;
        compare(&one, &other, &like, addresses, ACCESSES);
        fx_end(&one.f);
        fx_end(&other.f);
    }
}

/* The leaves of the accesses to come are asked for before the first is looked at, once each, and nothing else is. */
static void test_model_leaves_are_asked_for_ahead(void **state)
{
    struct twin t;
    struct iommu_model_result results[4];
    uint64_t addresses[4];
    struct iommu_model_request like = fx_request(FX_RID, 1, 0, IOMMU_MODEL_READ);
    twin_begin(&t, SECOND, true);
    for (unsigned i = 0; i < 4; i++)
        addresses[i] = IOVA + (1 + 3 * (uint64_t)i) * 4096;
    assert_true(fx_reads(&t.f, 1, IOVA + 2 * 4096, PAGE + 2 * 4096)); /* so that there is a route */
    assert_int_equal(t.prefetches, 0);
    iommu_model_vtd_translate_batch(t.f.model, &like, addresses, results, 1); /* nothing to overlap with */
    assert_int_equal(t.prefetches, 0);
    iommu_model_vtd_translate_batch(t.f.model, &like, addresses + 1, results, 3);
    assert_int_equal(t.prefetches, 3);
    assert_int_equal(fx_get(&t.f, t.last_prefetch) & VTD_SS_ADDR, PAGE + 10 * 4096);
    iommu_model_vtd_translate_batch(t.f.model, &like, addresses, results, 4); /* all in the caches */
    assert_int_equal(t.prefetches, 3);
    like.at = IOMMU_MODEL_TRANSLATED; /* these walk no tables */
    for (unsigned i = 0; i < 4; i++)
        addresses[i] += 15 * 4096;
    iommu_model_vtd_translate_batch(t.f.model, &like, addresses, results, 4);
    assert_int_equal(t.prefetches, 3);
    fx_end(&t.f);
}

/* On the way there nothing is asked for: upper levels are looked at as they come. */
static void test_model_only_leaves_are_asked_for(void **state)
{
    for (unsigned stage = SECOND; stage <= FIRST; stage++) {
        struct twin t;
        struct iommu_model_result results[2];
        const uint64_t addresses[2] = { IOVA + 4096, IOVA + 4 * 4096 };
        struct iommu_model_request like = fx_request(FX_RID, 1, IOVA + 4096, IOMMU_MODEL_READ);
        twin_begin(&t, stage, true);
        iommu_model_vtd_translate(t.f.model, &like, &results[0], NULL);
        fx_flush_domain(&t.f, 5);
        iommu_model_vtd_translate_batch(t.f.model, &like, addresses, results, 2);
        assert_int_equal(t.prefetches, 2);
        assert_int_equal(fx_get(&t.f, t.last_prefetch) & VTD_SS_ADDR, PAGE + 4 * 4096);
        assert_int_equal(results[1].pa, PAGE + 4 * 4096);
        fx_end(&t.f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_a_batch_answers_as_one_by_one),
        cmocka_unit_test(test_model_batches_of_all_lengths),
        cmocka_unit_test(test_model_a_batch_of_other_requests),
        cmocka_unit_test(test_model_leaves_are_asked_for_ahead),
        cmocka_unit_test(test_model_only_leaves_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
