/* SPDX-License-Identifier: MIT */
/*
 * platform/posix/lock.c - locks that cost one atomic operation where nobody else wants them.
 *
 * What the library does under a lock is over in some ten nanoseconds, unless it waits for hardware: then in up to a
 * second. So who finds a lock taken looks again for a while, then lets others run, and at last sleeps between two looks.
 * A mutex of pthreads has a second atomic operation when it is given back, to learn whether somebody sleeps.
 *
 * The thread sanitizer is told what this is, so that it watches the order in which locks are taken.
 */
#include "platform/posix/lock.h"

#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WATCHED 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define WATCHED 1
#endif
#ifdef WATCHED
#include <sanitizer/tsan_interface.h>
#define TELL(what) what
#else
#define TELL(what) (void)0
#endif

#define PAUSES_MOST 64u /* between two looks: some microseconds */
#define LOOKS       32u
#define YIELDS      100u
#define NAP_NS      50000

static atomic_uint *word_of(struct iommu_lock *lock)
{
    return (atomic_uint *)(void *)lock;
}

int posix_lock_init(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    atomic_init(word_of(lock), 0);
    TELL(__tsan_mutex_create(lock, 0));
    return 0;
}

void posix_lock_fini(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    (void)lock;
    TELL(__tsan_mutex_destroy(lock, 0));
}

static void pause_for(unsigned pauses)
{
    for (; pauses; pauses--) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#else
        atomic_signal_fence(memory_order_seq_cst);
#endif
    }
}

/*
 * Each look takes the lock's line away from whoever holds it, and who gets the lock then fetches everything that it
 * guards from the other core: that costs more than many a call. So looks become rarer, and meanwhile the other thread
 * gets through several calls.
 */
static bool looks_free(atomic_uint *word)
{
    unsigned pauses = 8;

    for (unsigned i = 0; i < LOOKS; i++) {
        pause_for(pauses);
        if (!atomic_load_explicit(word, memory_order_relaxed))
            return true;
        if (pauses < PAUSES_MOST)
            pauses *= 2;
    }
    return false;
}

static void stand_back(unsigned times)
{
    const struct timespec nap = {.tv_nsec = NAP_NS};

    if (times < YIELDS)
        sched_yield();
    else
        nanosleep(&nap, NULL);
}

/* Apart, so that who finds the lock free saves no registers. */
static __attribute__((noinline)) void wait_for(atomic_uint *word)
{
    unsigned times = 0;

    do
        while (!looks_free(word))
            stand_back(times++);
    while (atomic_exchange_explicit(word, 1, memory_order_acquire));
}

void posix_lock_take(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    TELL(__tsan_mutex_pre_lock(lock, 0));
    if (atomic_exchange_explicit(word_of(lock), 1, memory_order_acquire))
        wait_for(word_of(lock));
    TELL(__tsan_mutex_post_lock(lock, 0, 0));
}

void posix_lock_give(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    TELL((void)__tsan_mutex_pre_unlock(lock, 0));
    atomic_store_explicit(word_of(lock), 0, memory_order_release);
    TELL(__tsan_mutex_post_unlock(lock, 0));
}
