/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * Several threads on one model: devices that translate while software moves pages and invalidates, and
 * a device-TLB whose answer makes the host call the model again.
 */
#include "tests/model_vtd/fixture.h"

#include <pthread.h>

#define READERS 3
#define ROUNDS 3000
#define R VTD_SS_R
#define IOVA ((uint64_t)0x5000)
#define FIRST_PA ((uint64_t)0x1000000)

static void *lock_create(void *ctx)
{
    pthread_mutex_t *lock = malloc(sizeof(*lock));
    if (lock)
        pthread_mutex_init(lock, NULL);
    return lock;
}

static void lock_destroy(void *ctx, void *lock)
{
    pthread_mutex_destroy(lock);
    free(lock);
}

static void lock_acquire(void *ctx, void *lock)
{
    pthread_mutex_lock(lock);
}

static void lock_release(void *ctx, void *lock)
{
    pthread_mutex_unlock(lock);
}

static void begin(struct fx *f)
{
    fx_preset(f, "scalable");
    f->host.lock_create = lock_create;
    f->host.lock_destroy = lock_destroy;
    f->host.lock_acquire = lock_acquire;
    f->host.lock_release = lock_release;
    fx_create(f);
    fx_enable(f);
}

struct shared {
    struct fx f;
    uint64_t floor; /* pages below this one have been invalidated */
    bool stop;
    unsigned wrong;
};

static void *reader(void *argument)
{
    struct shared *s = argument;
    while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
        struct iommu_model_request request = fx_request(FX_RID, 1, IOVA, IOMMU_MODEL_READ);
        struct iommu_model_result result;
        uint64_t floor = __atomic_load_n(&s->floor, __ATOMIC_ACQUIRE);
        iommu_model_vtd_translate(s->f.model, &request, &result, NULL);
        if (result.outcome != IOMMU_MODEL_OK || result.pa < floor)
            __atomic_fetch_add(&s->wrong, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void test_B52_no_stale_page_after_the_wait(void **state)
{
    struct shared *s = calloc(1, sizeof(*s));
    pthread_t threads[READERS];
    assert_non_null(s);
    begin(&s->f);
    uint64_t table = fx_page(&s->f);
    fx_second_entry(&s->f, FX_RID, 1, 5, table, 4);
    uint64_t leaf = fx_map_second(&s->f, table, 4, IOVA, FIRST_PA, 1, R);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, s), 0);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        uint64_t pa = FIRST_PA + round * 4096;
        fx_put(&s->f, leaf, pa | R);
        fx_submit(&s->f, fx_iotlb(VTD_QI_IOTLB_G_PAGE, 5), IOVA | VTD_QI_IOTLB1_IH);
        assert_true(fx_wait(&s->f));
        __atomic_store_n(&s->floor, pa, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(s->wrong, 0);
    assert_int_equal(fx_stats(&s->f).misuse, 0);
    fx_end(&s->f);
    free(s);
}

/* ---- Counts ------------------------------------------------------------------------------------- */

#define CALLERS 4
#define REQUESTS 20000

static void *counted(void *argument)
{
    struct shared *s = argument;
    struct iommu_model_request request = fx_request(FX_RID, 1, IOVA, IOMMU_MODEL_READ);
    uint64_t addresses[2] = { IOVA, IOVA + 8 };
    struct iommu_model_result results[2];
    for (unsigned i = 0; i < REQUESTS; i++) {
        iommu_model_vtd_translate(s->f.model, &request, &results[0], NULL);
        iommu_model_vtd_translate_batch(s->f.model, &request, addresses, results, 2);
        if (results[1].pa != FIRST_PA + 8)
            __atomic_fetch_add(&s->wrong, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Nobody waits for anybody, and still no request is lost from the count. */
static void test_model_requests_of_all_threads_are_counted(void **state)
{
    struct shared *s = calloc(1, sizeof(*s));
    pthread_t threads[CALLERS];
    assert_non_null(s);
    begin(&s->f);
    uint64_t table = fx_page(&s->f);
    fx_second_entry(&s->f, FX_RID, 1, 5, table, 4);
    fx_map_second(&s->f, table, 4, IOVA, FIRST_PA, 1, R);
    assert_true(fx_reads(&s->f, 1, IOVA, FIRST_PA));
    for (unsigned i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, counted, s), 0);
    for (unsigned i = 0; i < 200; i++) {
        fx_submit(&s->f, fx_cc(VTD_QI_CC_G_GLOBAL, 0, 0, 0), 0);
        fx_stats(&s->f);
    }
    for (unsigned i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    struct iommu_model_vtd_stats stats = fx_stats(&s->f);
    assert_int_equal(s->wrong, 0);
    assert_int_equal(stats.translations, 1 + 3 * CALLERS * REQUESTS);
    assert_int_equal(stats.iotlb_hits, 3 * CALLERS * REQUESTS);
    assert_int_equal(stats.pasid_hits, 3 * CALLERS * REQUESTS);
    fx_end(&s->f);
    free(s);
}

/* ---- Callbacks that call back ------------------------------------------------------------------- */

static bool devtlb_reads_a_register(void *ctx, const struct iommu_model_devtlb_invalidation *i)
{
    struct fx *f = ctx;
    f->devtlbs++;
    return iommu_model_vtd_read32(f->model, VTD_REG_GSTS) & VTD_GSTS_QIES;
}

static void event_reads_a_register(void *ctx, enum iommu_model_event event, uint64_t address,
                                   uint32_t data)
{
    struct fx *f = ctx;
    f->events[event] += iommu_model_vtd_read32(f->model, VTD_REG_ICS) & VTD_ICS_IWC;
}

static void test_model_callbacks_run_without_the_lock(void **state)
{
    struct fx f;
    begin(&f);
    iommu_model_vtd_destroy(f.model);
    f.config.devtlb_invalidate = devtlb_reads_a_register;
    f.config.event = event_reads_a_register;
    fx_create(&f);
    fx_enable(&f);
    fx_write32(&f, VTD_REG_IECTL, 0);
    fx_submit(&f, VTD_QI_TYPE_DEVTLB, 0);
    fx_submit(&f, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_IF, 0);
    assert_int_equal(f.devtlbs, 1);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_COMPLETION], 1);
    fx_end(&f);
}

/* Many PASIDs, each with a domain of its own, used and flushed one by one. */
static void test_B11_sixty_thousand_domains(void **state)
{
    const unsigned count = 60000;
    struct fx f;
    fx_begin(&f, "scalable");
    uint64_t table = fx_page(&f);
    fx_scalable_context(&f, FX_RID, VTD_SCE0_PASIDE, VTD_PDTS_MAX);
    uint64_t leaf = fx_map_second(&f, table, 4, IOVA, FIRST_PA, 1, R);
    for (unsigned pasid = 1; pasid <= count; pasid++) {
        fx_second_entry(&f, FX_RID, pasid, pasid, table, 4);
        assert_true(fx_reads(&f, pasid, IOVA, FIRST_PA));
    }
    assert_int_equal(fx_stats(&f).pasid_entries, count);
    assert_int_equal(fx_stats(&f).iotlb_entries, count);
    fx_put(&f, leaf, 0);
    for (unsigned pasid = 1; pasid <= count; pasid++) {
        fx_flush_pasid_domain(&f, pasid);
        assert_int_equal(fx_read_fault(&f, pasid, IOVA), VTD_FAULT_SSS_NOT_PRESENT);
        if (pasid < count)
            assert_true(fx_reads(&f, pasid + 1, IOVA, FIRST_PA)); /* the neighbour keeps its own */
    }
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B52_no_stale_page_after_the_wait),
        cmocka_unit_test(test_model_requests_of_all_threads_are_counted),
        cmocka_unit_test(test_model_callbacks_run_without_the_lock),
        cmocka_unit_test(test_B11_sixty_thousand_domains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
