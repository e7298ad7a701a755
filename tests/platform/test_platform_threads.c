/* SPDX-License-Identifier: MIT */
/*
 * The posix and strict hosts under several threads: nothing is handed out twice, no count is lost.
 *
 * platform: strict
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "iommukit/host/posix.h"
#include "iommukit/host/strict.h"

#define THREADS 4u
#define ROUNDS  400u
#define PAGES   16u

struct worker {
    pthread_t thread;
    const struct iommu_platform *platform;
    struct iommu_posix *posix;
    struct iommu_lock *lock;
    unsigned *counter; /* guarded by lock */
    unsigned seed, faults;
};

/* Take some pages, mark them, see the marks again, give them back. */
static void churn(struct worker *worker)
{
    const struct iommu_platform *p = worker->platform;
    uint64_t *pages[PAGES];
    unsigned i;

    for (i = 0; i < PAGES; i++) {
        pages[i] = p->page_alloc(p->ctx, i % 4);
        worker->faults += !pages[i] || pages[i][0] || pages[i][511];
        if (pages[i])
            pages[i][0] = pages[i][511] = (uint64_t)worker->seed << 32 | i;
    }
    for (i = 0; i < PAGES; i++) {
        if (!pages[i])
            continue;
        worker->faults +=
            pages[i][0] != ((uint64_t)worker->seed << 32 | i) || pages[i][511] != pages[i][0];
        p->page_free(p->ctx, pages[i], i % 4);
    }
}

static void use_buffer(struct worker *worker, size_t bytes)
{
    uint64_t pa = iommu_posix_buffer_alloc(worker->posix, bytes);
    uint8_t *memory = iommu_posix_memory(worker->posix, pa, bytes);

    if (!pa || !memory) {
        worker->faults++;
        return;
    }
    memset(memory, (int)worker->seed, bytes);
    worker->faults +=
        memory[0] != (uint8_t)worker->seed || memory[bytes - 1] != (uint8_t)worker->seed;
    iommu_posix_buffer_free(worker->posix, pa, bytes);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    const struct iommu_platform *p = worker->platform;
    unsigned i;

    for (i = 0; i < ROUNDS; i++) {
        void *object = p->alloc(p->ctx, 64 + i);

        churn(worker);
        use_buffer(worker, 4096 + i * 16);
        p->lock_acquire(p->ctx, worker->lock);
        ++*worker->counter;
        p->lock_release(p->ctx, worker->lock);
        p->free(p->ctx, object, 64 + i);
    }
    return NULL;
}

static void run(struct iommu_posix *posix, const struct iommu_platform *platform)
{
    struct worker workers[THREADS];
    struct iommu_lock lock;
    unsigned counter = 0, i;

    assert_int_equal(platform->lock_init(platform->ctx, &lock), 0);
    for (i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.platform = platform,
                                     .posix = posix,
                                     .lock = &lock,
                                     .counter = &counter,
                                     .seed = i + 1};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].faults, 0);
    }
    assert_int_equal(counter, THREADS * ROUNDS);
    platform->lock_fini(platform->ctx, &lock);
}

static struct iommu_posix *make_posix(void)
{
    struct iommu_posix_config config = {.ram_bytes = (uint64_t)64 << 20, .ram_fd = -1};
    struct iommu_posix *posix;

    assert_int_equal(iommu_posix_create(&config, &posix), 0);
    return posix;
}

static void test_posix_threads(void **state)
{
    struct iommu_posix *posix = make_posix();

    run(posix, iommu_posix_platform(posix));
    assert_int_equal(iommu_posix_pages_used(posix), 0);
    assert_int_equal(iommu_posix_bad_frees(posix), 0);
    iommu_posix_destroy(posix);
}

static void test_strict_threads(void **state)
{
    struct iommu_posix *posix = make_posix();
    struct iommu_strict_counts counts;
    struct iommu_strict *strict;

    assert_int_equal(iommu_strict_create(iommu_posix_platform(posix), &strict), 0);
    run(posix, iommu_strict_platform(strict));
    iommu_strict_counts(strict, &counts);
    assert_null(iommu_strict_violation(strict));
    assert_int_equal(counts.allocs, THREADS * ROUNDS);
    assert_int_equal(counts.frees, THREADS * ROUNDS);
    assert_int_equal(counts.page_allocs, THREADS * ROUNDS * PAGES / 4 * 15);
    assert_int_equal(counts.lock_acquires, THREADS * ROUNDS);
    assert_int_equal(
        counts.pages_live + counts.objects_live + counts.locks_live + counts.locks_held, 0);
    iommu_strict_destroy(strict);
    assert_int_equal(iommu_posix_pages_used(posix), 0);
    iommu_posix_destroy(posix);
}

/* ---- numbers of threads ------------------------------------------------------------------------------- */

#define NUMBERS 256u /* that are given out at a time */
#define CROWD   300u

struct numbered {
    pthread_t thread;
    pthread_barrier_t *all; /* alive, and have one */
    const struct iommu_platform *platform;
    uint32_t number, kept;
};

/* What the thread keeps where the platform says; elsewhere what it should be. */
static uint32_t kept_number(const struct iommu_platform *platform, uint32_t number)
{
    uint32_t kept = number + 1;

#if defined(__x86_64__)
    __asm__ volatile("movl %%fs:(%1), %0" : "=r"(kept) : "r"(platform->cpu_offset));
#else
    (void)platform;
#endif
    return kept;
}

static void *take_number(void *argument)
{
    struct numbered *me = argument;
    const struct iommu_platform *p = me->platform;

    me->number = p->cpu(p->ctx);
    me->kept = kept_number(p, me->number);
    pthread_barrier_wait(me->all);
    if (p->cpu(p->ctx) != me->number)
        me->kept = 0;
    return NULL;
}

static void take_numbers(const struct iommu_platform *platform, struct numbered *crowd, unsigned count)
{
    pthread_barrier_t all;

    pthread_barrier_init(&all, NULL, count);
    for (unsigned i = 0; i < count; i++) {
        crowd[i] = (struct numbered){.platform = platform, .all = &all};
        assert_int_equal(pthread_create(&crowd[i].thread, NULL, take_number, &crowd[i]), 0);
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(crowd[i].thread, NULL);
    pthread_barrier_destroy(&all);
}

static void test_numbers_of_threads(void **state)
{
    struct iommu_posix *posix = make_posix();
    struct numbered crowd[CROWD];

    for (unsigned round = 0; round < 3; round++) { /* numbers come back with the end of their threads */
        unsigned count = round == 1 ? CROWD : NUMBERS, given = 0;
        bool seen[NUMBERS] = {false};

        take_numbers(iommu_posix_platform(posix), crowd, count);
        for (unsigned i = 0; i < count; i++) {
            assert_int_equal(crowd[i].kept, crowd[i].number + 1);
            if (crowd[i].number >= NUMBERS)
                continue;
            assert_false(seen[crowd[i].number]);
            seen[crowd[i].number] = true;
            given++;
        }
        assert_int_equal(given, NUMBERS);
    }
    iommu_posix_destroy(posix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_posix_threads),
        cmocka_unit_test(test_strict_threads),
        cmocka_unit_test(test_numbers_of_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
