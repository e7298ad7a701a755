/* SPDX-License-Identifier: MIT */
/*
 * The static pool: what many tenants of one device do, out of one array; with every size of the array that is too
 * small for it, the first call that lacks memory says so and nothing else happens.
 *
 * platform: strict
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "iommukit/host/model.h"
#include "iommukit/host/strict.h"
#include "iommukit/pool.h"
#include "iommukit/vtd.h"

#define PAGE    IOMMU_PAGE_SIZE
#define BYTES   ((size_t)4 << 20)
#define TENANTS 8u
#define SPANS   4u /* of each tenant, far apart: tables of their own */
#define IOVA    UINT64_C(0x10000)

static struct iommu_pool pool;

/* The model's hooks keep their ctx; memory comes from here. */
static void *hook_alloc(void *ctx, size_t bytes)
{
    return iommu_pool_alloc(&pool, bytes);
}

static void hook_free(void *ctx, void *object, size_t bytes)
{
    iommu_pool_free(&pool, object, bytes);
}

static void *hook_page_alloc(void *ctx, unsigned order)
{
    return iommu_pool_page_alloc(&pool, order);
}

static void hook_page_free(void *ctx, void *page, unsigned order)
{
    iommu_pool_page_free(&pool, page, order);
}

struct bench {
    struct iommu_model_host_machine *host;
    struct iommu_platform pooled;
    struct iommu_strict *strict;
    uint8_t *memory;
    uint64_t buffer; /* a page of each tenant */
};

static int set_up(void **state)
{
    static struct bench bench;
    struct iommu_posix *posix;

    assert_int_equal(iommu_host_model_create(NULL, 0, &bench.host, NULL), 0);
    posix = iommu_host_model_posix(bench.host);
    bench.memory = iommu_posix_memory(posix, iommu_posix_buffer_alloc(posix, BYTES), BYTES);
    bench.buffer = iommu_posix_buffer_alloc(posix, TENANTS * PAGE);
    memset(bench.memory, 0xCC, BYTES);
    assert_int_equal(iommu_pool_init(&pool, bench.memory, BYTES), BYTES / PAGE - 1);
    bench.pooled = *iommu_host_model_platform(bench.host);
    bench.pooled.alloc = hook_alloc;
    bench.pooled.free = hook_free;
    bench.pooled.page_alloc = hook_page_alloc;
    bench.pooled.page_free = hook_page_free;
    assert_int_equal(iommu_strict_create(&bench.pooled, &bench.strict), 0);
    iommu_model_pci_write32(iommu_model_machine_function(iommu_host_model_machine(bench.host), 0), 4, 6);
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    assert_null(iommu_strict_violation(bench->strict));
    iommu_strict_destroy(bench->strict);
    iommu_host_model_destroy(bench->host);
    return 0;
}

/* ---- the allocator itself --------------------------------------------------------------------------------- */

static void test_pool_pages(void **state)
{
    struct bench *bench = *state;
    size_t before = pool.free_pages;
    const struct iommu_platform *p = iommu_strict_platform(bench->strict);

    for (unsigned round = 0; round < 20; round++) {
        uint8_t *pages[IOMMU_POOL_ORDERS];

        for (unsigned order = 0; order < IOMMU_POOL_ORDERS; order++) {
            size_t bytes = (size_t)PAGE << order;
            uint8_t *page = pages[order] = p->page_alloc(p->ctx, order);

            assert_non_null(page);
            assert_true(page >= bench->memory && page + bytes <= bench->memory + BYTES);
            assert_int_equal(((uintptr_t)page - bench->pooled.phys_to_virt_offset) & (bytes - 1), 0);
            assert_true(page[0] == 0 && memcmp(page, page + 1, bytes - 1) == 0);
            memset(page, 0xEE, bytes);
        }
        for (unsigned order = 0; order < IOMMU_POOL_ORDERS; order++)
            p->page_free(p->ctx, pages[(order + round) % IOMMU_POOL_ORDERS], (order + round) % IOMMU_POOL_ORDERS);
    }
    assert_int_equal(pool.free_pages, before);
    assert_true(pool.least_free < before);
}

/* Taken one by one and given back in another order, they are large blocks again. */
static void test_pool_merges(void **state)
{
    struct bench *bench = *state;
    static void *taken[BYTES / PAGE];
    unsigned count = 0;

    while ((taken[count] = iommu_pool_page_alloc(&pool, 0)))
        count++;
    assert_int_equal(count, pool.pages);
    assert_int_equal(pool.free_pages, 0);
    assert_null(iommu_pool_alloc(&pool, 1));
    for (unsigned i = 0; i < count; i++)
        iommu_pool_page_free(&pool, taken[i * 7 % count], 0);
    assert_int_equal(pool.free_pages, count);
    assert_ptr_equal(iommu_pool_page_alloc(&pool, 9), bench->memory + BYTES / 2);
    assert_null(iommu_pool_page_alloc(&pool, 9)); /* the other half lacks the page that keeps count */
    assert_non_null(iommu_pool_page_alloc(&pool, 8));
    assert_null(iommu_pool_page_alloc(&pool, IOMMU_POOL_ORDERS));
}

static void test_pool_objects(void **state)
{
    static uint8_t *object[5000];

    for (unsigned round = 0; round < 3; round++) {
        size_t least = pool.least_free;

        for (size_t bytes = 1; bytes < 5000; bytes += 37) {
            object[bytes] = iommu_pool_alloc(&pool, bytes);
            assert_non_null(object[bytes]);
            assert_int_equal((uintptr_t)object[bytes] % _Alignof(max_align_t), 0);
            for (size_t at = 0; at < bytes; at++)
                assert_int_equal(object[bytes][at], 0);
            memset(object[bytes], 0xAA, bytes);
        }
        for (size_t bytes = 1; bytes < 5000; bytes += 37)
            iommu_pool_free(&pool, object[bytes], bytes);
        assert_true(round == 0 || pool.least_free == least); /* what it once needed it gets again */
    }
    assert_null(iommu_pool_alloc(&pool, SIZE_MAX));
    assert_null(iommu_pool_alloc(&pool, BYTES));
}

static void test_pool_too_small(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(iommu_pool_init(&pool, bench->memory, 0), 0);
    assert_int_equal(iommu_pool_init(&pool, bench->memory, PAGE - 1), 0);
    assert_int_equal(iommu_pool_init(&pool, bench->memory, PAGE), 0); /* keeping count took it */
    assert_null(iommu_pool_page_alloc(&pool, 0));
    assert_int_equal(iommu_pool_init(&pool, bench->memory + 1, PAGE), 0); /* no whole page */
    assert_int_equal(iommu_pool_init(&pool, bench->memory + 1, 2 * PAGE), 1); /* the count fits into what is lost */
    assert_ptr_equal(iommu_pool_page_alloc(&pool, 0), bench->memory + PAGE);
    assert_null(iommu_pool_page_alloc(&pool, 0));
}

static void *churn(void *ctx)
{
    uint8_t mark = *(uint8_t *)ctx;

    for (unsigned round = 0; round < 5000; round++) {
        size_t bytes = 1u + round * 31u % 6000u;
        uint8_t *object = iommu_pool_alloc(&pool, bytes);

        if (!object || object[0] || object[bytes - 1])
            return ctx;
        memset(object, mark, bytes);
        if (object[0] != mark || object[bytes - 1] != mark)
            return ctx;
        iommu_pool_free(&pool, object, bytes);
    }
    return NULL;
}

static void test_pool_threads(void **state)
{
    pthread_t thread[4];
    uint8_t mark[4] = {1, 2, 3, 4};
    void *wrong;

    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, churn, &mark[i]), 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], &wrong), 0);
        assert_null(wrong);
    }
}

static void test_pool_hooks(void **state)
{
    struct iommu_platform platform = {0};

    iommu_pool_hooks(&pool, &platform);
    assert_ptr_equal(platform.ctx, &pool);
    void *page = platform.page_alloc(platform.ctx, 1), *object = platform.alloc(platform.ctx, 100);

    assert_true(page && object);
    platform.page_free(platform.ctx, page, 1);
    platform.free(platform.ctx, object, 100);
}

/* ---- the library on it ------------------------------------------------------------------------------------ */

struct tenants {
    struct iommu *iommu;
    struct iommu_device *device;
    struct iommu_domain *domain[TENANTS];
    struct iommu_attachment *route[TENANTS];
};

static int create(struct bench *bench, struct tenants *t)
{
    struct iommu_vtd_config config = {0};
    int result;

    config.dmar = iommu_model_machine_dmar(iommu_host_model_machine(bench->host), &config.dmar_bytes);
    result = iommu_vtd_create(iommu_strict_platform(bench->strict), &config, &t->iommu);
    if (!result)
        result = iommu_device_add(t->iommu, &(struct iommu_device_config){.rid = 1 << 3}, &t->device);
    return result ? result : iommu_start(t->iommu);
}

static int move_in(struct bench *bench, struct tenants *t, unsigned who)
{
    int result = iommu_domain_alloc(t->iommu, &(struct iommu_domain_config){0}, &t->domain[who]);

    for (uint64_t span = 0; span < SPANS && !result; span++)
        result = iommu_map(t->domain[who], IOVA + (span << 30), bench->buffer + who * PAGE, PAGE, IOMMU_READ);
    return result ? result : iommu_attach(t->domain[who], t->device, iommu_route_any(), NULL, &t->route[who]);
}

static void check_reads(struct bench *bench, const struct tenants *t, unsigned who)
{
    uint64_t word = 0, pa = bench->buffer + who * PAGE;
    struct iommu_model_dma_result result;

    *(uint64_t *)iommu_posix_memory(iommu_host_model_posix(bench->host), pa, 8) = 0x1111u * (who + 1);
    struct iommu_model_dma read = {
        true, false, iommu_attachment_pasid(t->route[who]), IOVA + ((uint64_t)(SPANS - 1) << 30), false, &word, 8};
    iommu_model_machine_dma(iommu_host_model_machine(bench->host), 0, &read, &result, NULL);
    assert_true(result.ok);
    assert_int_equal(word, 0x1111u * (who + 1));
}

static void leave(struct tenants *t)
{
    if (t->device)
        assert_int_equal(iommu_device_remove(t->device), 0);
    for (unsigned who = 0; who < TENANTS; who++)
        if (t->domain[who])
            assert_int_equal(iommu_domain_free(t->domain[who]), 0);
    if (t->iommu)
        assert_int_equal(iommu_destroy(t->iommu), 0);
}

/* Everything, or as far as memory goes. Returns how many tenants moved in, -1: not even the instance. */
static int play(struct bench *bench)
{
    struct tenants t = {0};
    int result = create(bench, &t), inside = -1;

    if (!result)
        for (inside = 0; (unsigned)inside < TENANTS; inside++)
            if ((result = move_in(bench, &t, (unsigned)inside)))
                break;
    assert_true(result == 0 || result == -IOMMU_ENOMEM);
    for (int who = 0; who < inside; who++)
        check_reads(bench, &t, (unsigned)who);
    leave(&t);
    return inside;
}

static void test_pool_share(void **state)
{
    struct bench *bench = *state;
    size_t least, left;

    assert_int_equal(play(bench), TENANTS);
    least = pool.least_free;
    left = pool.free_pages;
    for (unsigned round = 0; round < 20; round++) {
        assert_int_equal(play(bench), TENANTS);
        assert_int_equal(pool.free_pages, left);
        assert_int_equal(pool.least_free, least);
    }
}

/* least_free told what the load needs: one page less is too little, and every smaller pool fails cleanly. */
static void test_pool_runs_out(void **state)
{
    struct bench *bench = *state;
    size_t needed;
    int before = -1;

    assert_int_equal(play(bench), TENANTS);
    needed = pool.pages - pool.least_free;
    for (size_t pages = 1; pages <= needed; pages++) {
        int inside;

        assert_int_equal(iommu_pool_init(&pool, bench->memory, (pages + 1) * PAGE), pages);
        inside = play(bench);
        assert_int_equal(play(bench), inside); /* nothing was lost on the way out */
        assert_true(inside >= before);
        assert_int_equal(inside == (int)TENANTS, pages >= needed);
        before = inside;
    }
    assert_int_equal(before, TENANTS);
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_pool_pages),   POOL_TEST(test_pool_merges), POOL_TEST(test_pool_objects),
        POOL_TEST(test_pool_too_small), POOL_TEST(test_pool_threads), POOL_TEST(test_pool_hooks),
        POOL_TEST(test_pool_share),   POOL_TEST(test_pool_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
