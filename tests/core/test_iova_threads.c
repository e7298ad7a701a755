/* SPDX-License-Identifier: MIT */
/*
 * Addresses from many threads, of one domain and of their own; freed by others; lazily; beside domains that end.
 * No address is held twice at a time. Repeated under ThreadSanitizer.
 * platform: core
 */
#include <stdatomic.h>

#include "iommukit/dma.h"
#include "tests/core/fixture.h"
#include "tests/core/formats.h"
#include "tests/core/iova_oracle.h"

#define THREADS 4u
#define ROUNDS  400u
#define HELD    80u
#define RW      (IOMMU_READ | IOMMU_WRITE)
#define PA      ((uint64_t)1 << 40)
#define PAGES   (1u << 16) /* that get an owner: the lowest */

struct worker {
    pthread_t thread;
    struct mock *mock;
    struct iommu_domain *shared;
    unsigned number;
    _Atomic uint8_t *owner; /* of each page of `shared` */
    _Atomic uint64_t *hand_over;
};

static _Thread_local uint32_t my_number;

static uint32_t my_cpu(void *ctx)
{
    (void)ctx;
    return my_number;
}

static uint64_t told_now(void *ctx)
{
    static _Atomic uint64_t now;

    (void)ctx;
    return now++;
}

static void own(const struct worker *me, uint64_t iova, unsigned order)
{
    for (uint64_t page = iova / SIZE_4K; page < iova / SIZE_4K + ((uint64_t)1 << order); page++)
        if (page < PAGES && atomic_exchange(&me->owner[page], 1) != 0)
            fail_msg("0x%llx is held twice", (unsigned long long)iova);
}

static void disown(const struct worker *me, uint64_t iova, unsigned order)
{
    for (uint64_t page = iova / SIZE_4K; page < iova / SIZE_4K + ((uint64_t)1 << order); page++)
        if (page < PAGES)
            assert_int_equal(atomic_exchange(&me->owner[page], 0), 1);
}

/* What one thread has allocated another may free. */
static void trade(const struct worker *me, uint64_t iova)
{
    uint64_t other = atomic_exchange(me->hand_over, iova);

    if (other) {
        disown(me, other, 0);
        assert_int_equal(iommu_iova_free(me->shared, other, SIZE_4K), 0);
    }
}

static void *exchange(void *argument)
{
    const struct worker *me = argument;
    uint64_t held[HELD] = {0}, iova;

    my_number = me->number;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < HELD; i++) {
            unsigned order = i % 8;

            if (held[i]) {
                disown(me, held[i], order);
                assert_int_equal(iommu_iova_free(me->shared, held[i], SIZE_4K << order), 0);
                held[i] = 0;
            }
            if ((i + round) % 3 == 0)
                continue;
            assert_int_equal(iommu_iova_alloc(me->shared, SIZE_4K << order, &held[i]), 0);
            own(me, held[i], order);
        }
        assert_int_equal(iommu_iova_alloc(me->shared, SIZE_4K, &iova), 0);
        own(me, iova, 0);
        trade(me, iova);
    }
    return NULL;
}

/* Domains that come and go take magazines from `shared`, and leave theirs behind. */
static void *come_and_go(void *argument)
{
    const struct worker *me = argument;

    my_number = me->number;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct iommu_domain *domain = mock_domain(me->mock);
        uint64_t iova[70];

        for (unsigned i = 0; i < 70; i++)
            assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &iova[i]), 0);
        for (unsigned i = 0; i < 70; i++)
            assert_int_equal(iommu_iova_free(domain, iova[i], SIZE_4K), 0);
        assert_int_equal(iommu_domain_free(domain), 0);
    }
    return NULL;
}

static void *map_and_unmap(void *argument)
{
    const struct worker *me = argument;

    my_number = me->number;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t iova[4], pa;

        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(iommu_dma_map(me->shared, PA + me->number * SIZE_1G + i * SIZE_4K,
                                           SIZE_4K << 2 * i, RW, &iova[i]), 0);
            own(me, iova[i], 2 * i);
        }
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(iommu_iova_to_phys(me->shared, iova[i], &pa), 0);
            assert_int_equal(pa, PA + me->number * SIZE_1G + i * SIZE_4K);
            disown(me, iova[i], 2 * i);
            assert_int_equal(iommu_dma_unmap(me->shared, iova[i], SIZE_4K << 2 * i), 0);
        }
        if (round % 50 == me->number)
            assert_int_equal(iommu_dma_flush(me->shared), 0);
    }
    return NULL;
}

static void run(struct fixture *f, const struct iommu_dma_config *config, bool hook,
                void *(*work)(void *))
{
    _Atomic uint8_t *owner = calloc(PAGES, sizeof(*owner));
    _Atomic uint64_t hand_over = 0;
    struct worker workers[THREADS + 1];
    struct iommu_domain *shared;

    f->host.platform.now_ns = told_now;
    f->host.platform.cpu = hook ? my_cpu : NULL;
    shared = mock_domain(&f->mock);
    if (config)
        assert_int_equal(iommu_dma_init(shared, config), 0);
    for (unsigned i = 0; i <= THREADS; i++) {
        workers[i] = (struct worker){.mock = &f->mock, .shared = shared, .number = i,
                                     .owner = owner, .hand_over = &hand_over};
        assert_int_equal(pthread_create(&workers[i].thread, NULL,
                                        i == THREADS ? come_and_go : work, &workers[i]), 0);
    }
    for (unsigned i = 0; i <= THREADS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    domain_gone(shared);
    free((void *)owner);
}

static void test_no_address_is_held_twice(void **state)
{
    run(*state, NULL, true, exchange);
}

static void test_nor_without_a_hook(void **state)
{
    run(*state, NULL, false, exchange);
}

static void test_map_and_unmap_strictly(void **state)
{
    run(*state, NULL, true, map_and_unmap);
}

static void test_map_and_unmap_lazily(void **state)
{
    const struct iommu_dma_config config = {.lazy_count = 20, .lazy_age_ns = 300};

    run(*state, &config, true, map_and_unmap);
}

/* ---- a number at hand ---------------------------------------------------------------------------------- */

static void test_a_number_that_a_thread_keeps_is_not_asked_for(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t first, again;
    unsigned before;
    size_t takings;

    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &first), 0);
    assert_int_equal(iommu_iova_free(domain, first, SIZE_4K), 0);
    assert_in_range(asked, 1, 9);
    before = asked;
    takings = f->host.takings;
    assert_comes_back(f, domain, first);
    if (f->host.platform.cpu_offset)
        assert_int_equal(asked, before);

    kept = 1000 + 1; /* too many threads: what number 3 has is not for this one, nor anything else without a lock */
    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &again), 0);
    assert_int_not_equal(again, first);
    assert_int_equal(iommu_iova_free(domain, again, SIZE_4K), 0);
    assert_true(f->host.takings >= takings + 2);
    kept = 3 + 1;
    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &again), 0);
    assert_int_equal(again, first);
    domain_gone(domain);
}

static void *flush_what_is_due(void *argument)
{
    struct iommu_domain *domain = argument;

    for (unsigned round = 0; round < ROUNDS; round++) {
        assert_int_equal(iommu_dma_flush_due(domain), 0);
        assert_int_equal(iommu_dma_flush(domain), 0);
    }
    return NULL;
}

/* A timer's thread that flushes all domains also meets one that is being set up. */
static void test_flushes_while_a_domain_is_set_up(void **state)
{
    const struct iommu_dma_config lazy = {.lazy_count = 8, .lazy_age_ns = 1};
    struct fixture *f = *state;
    struct iommu_domain *domain;
    pthread_t thread;
    uint64_t iova;

    f->host.platform.now_ns = told_now;
    domain = mock_domain(&f->mock);
    assert_int_equal(pthread_create(&thread, NULL, flush_what_is_due, domain), 0);
    assert_int_equal(iommu_dma_init(domain, &lazy), 0);
    assert_int_equal(iommu_dma_map(domain, PA, SIZE_4K, RW, &iova), 0);
    assert_int_equal(iommu_dma_unmap(domain, iova, SIZE_4K), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    domain_gone(domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_no_address_is_held_twice),
        FIXTURE_TEST(test_nor_without_a_hook),
        FIXTURE_TEST(test_map_and_unmap_strictly),
        FIXTURE_TEST(test_map_and_unmap_lazily),
        FIXTURE_TEST(test_flushes_while_a_domain_is_set_up),
        THREAD_TEST(test_a_number_that_a_thread_keeps_is_not_asked_for),
    };

    return cmocka_run_group_tests_name("iova_threads", tests, NULL, NULL);
}
