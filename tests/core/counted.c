/* SPDX-License-Identifier: MIT */
/* tests/core/counted.c - see counted.h. */
#include "tests/core/counted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define WORDS      512u
#define LINE_WORDS 8u
#define GARBAGE    0x5a5a5a5a5a5a5a5bu /* present in any format */

static bool fails_now(struct counted *host)
{
    host->allocations++;
    if (host->fail_at == 0 || --host->fail_at)
        return false;
    host->failed = true;
    return true;
}

static void *take(void *ctx, size_t bytes)
{
    struct counted *host = ctx;
    void *object = NULL;

    pthread_mutex_lock(&host->mutex);
    if (!fails_now(host)) {
        object = calloc(1, bytes);
        host->objects++;
        host->bytes += bytes;
    }
    pthread_mutex_unlock(&host->mutex);
    return object;
}

static void give(void *ctx, void *object, size_t bytes)
{
    struct counted *host = ctx;

    pthread_mutex_lock(&host->mutex);
    assert_true(host->objects > 0 && host->bytes >= bytes);
    host->objects--;
    host->bytes -= bytes;
    pthread_mutex_unlock(&host->mutex);
    memset(object, 0xa5, bytes);
    free(object);
}

static size_t page_index(const struct counted *host, const void *page)
{
    size_t offset = (size_t)((const char *)page - (const char *)host->memory);

    assert_true(offset < host->arena_pages * IOMMU_PAGE_SIZE);
    return offset / IOMMU_PAGE_SIZE;
}

/* Single pages are recycled; bigger blocks are not, no test needs many. */
static void *page_take(void *ctx, unsigned order)
{
    struct counted *host = ctx;
    size_t count = (size_t)1 << order;
    void (*meanwhile)(void *) = host->meanwhile;
    uint64_t *page = NULL;

    if (meanwhile) {
        host->meanwhile = NULL;
        meanwhile(host->meanwhile_ctx);
    }
    pthread_mutex_lock(&host->mutex);
    if (!fails_now(host)) {
        size_t index;

        if (order == 0 && host->free_count) {
            index = host->free_list[--host->free_count];
        } else {
            index = (host->next_never_used + count - 1) / count * count;
            assert_true(index + count <= host->arena_pages);
            host->next_never_used = index + count;
        }
        page = host->memory + index * WORDS;
        memset(page, 0, count * IOMMU_PAGE_SIZE);
        for (size_t i = index; i < index + count; i++) {
            host->live[i] = true;
            __atomic_store_n(&host->flushed[i], 0, __ATOMIC_RELAXED);
        }
        for (size_t i = 0; i < count * WORDS; i++)
            __atomic_store_n(&host->view[index * WORDS + i], GARBAGE, __ATOMIC_RELAXED);
        host->pages += count;
    }
    pthread_mutex_unlock(&host->mutex);
    return page;
}

static void page_give(void *ctx, void *page, unsigned order)
{
    struct counted *host = ctx;
    size_t count = (size_t)1 << order, index = page_index(host, page);

    pthread_mutex_lock(&host->mutex);
    for (size_t i = index; i < index + count; i++) {
        assert_true(host->live[i]);
        host->live[i] = false;
        host->free_list[host->free_count++] = i;
    }
    memset(page, 0x5b, count * IOMMU_PAGE_SIZE);
    host->pages -= count;
    pthread_mutex_unlock(&host->mutex);
}

static void check_pointer(const struct counted *host, uint64_t entry)
{
    uint64_t pa = entry & host->watch_address;

    if ((entry & host->watch_present) && counted_in_arena(host, pa))
        assert_true(__atomic_load_n(&host->flushed[(pa - ARENA_PHYS) / IOMMU_PAGE_SIZE],
                                    __ATOMIC_RELAXED) == UINT64_MAX);
}

static void flush(void *ctx, const void *va, size_t bytes)
{
    struct counted *host = ctx;
    void (*at_flush)(void *) = host->at_flush;
    size_t first = (size_t)((const char *)va - (const char *)host->memory) / 64;
    size_t last = (size_t)((const char *)va - (const char *)host->memory + bytes - 1) / 64;

    assert_true(bytes > 0 && last / 64 < host->arena_pages);
    assert_int_equal(first / 64, last / 64); /* a table is a page */
    for (size_t line = first; line <= last; line++) {
        for (size_t i = line * LINE_WORDS; i < (line + 1) * LINE_WORDS; i++) {
            uint64_t entry = __atomic_load_n(&host->memory[i], __ATOMIC_ACQUIRE);

            if (host->watch_present)
                check_pointer(host, entry);
            __atomic_store_n(&host->view[i], entry, __ATOMIC_RELAXED);
        }
        __atomic_fetch_or(&host->flushed[line / 64], (uint64_t)1 << line % 64, __ATOMIC_RELAXED);
    }
    __atomic_fetch_add(&host->flushes, 1, __ATOMIC_RELAXED);
    if (at_flush) {
        host->at_flush = NULL;
        at_flush(host->at_flush_ctx);
    }
}

static int lock_init(void *ctx, struct iommu_lock *lock)
{
    struct counted *host = ctx;
    bool fails;

    pthread_mutex_lock(&host->mutex);
    fails = fails_now(host);
    host->locks += !fails;
    pthread_mutex_unlock(&host->mutex);
    return fails ? -12 : pthread_mutex_init((pthread_mutex_t *)lock, NULL);
}

static void lock_fini(void *ctx, struct iommu_lock *lock)
{
    struct counted *host = ctx;

    pthread_mutex_lock(&host->mutex);
    host->locks--;
    pthread_mutex_unlock(&host->mutex);
    pthread_mutex_destroy((pthread_mutex_t *)lock);
}

static void lock_acquire(void *ctx, struct iommu_lock *lock)
{
    struct counted *host = ctx;

    __atomic_fetch_add(&host->takings, 1, __ATOMIC_RELAXED);
    pthread_mutex_lock((pthread_mutex_t *)lock);
}

static void lock_release(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    pthread_mutex_unlock((pthread_mutex_t *)lock);
}

static void *map_arena(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

void counted_init(struct counted *host, size_t arena_pages)
{
    _Static_assert(sizeof(pthread_mutex_t) <= sizeof(struct iommu_lock), "it holds a mutex");
    memset(host, 0, sizeof(*host));
    pthread_mutex_init(&host->mutex, NULL);
    host->arena_pages = arena_pages;
    host->memory = map_arena(arena_pages * IOMMU_PAGE_SIZE);
    host->view = map_arena(arena_pages * IOMMU_PAGE_SIZE);
    host->flushed = calloc(arena_pages, sizeof(*host->flushed));
    host->live = calloc(arena_pages, sizeof(*host->live));
    host->free_list = calloc(arena_pages, sizeof(*host->free_list));
    host->platform =
        (struct iommu_platform){.ctx = host,
                                .alloc = take,
                                .free = give,
                                .page_alloc = page_take,
                                .page_free = page_give,
                                .phys_to_virt_offset = (uintptr_t)host->memory - ARENA_PHYS,
                                .cache_flush = flush,
                                .lock_init = lock_init,
                                .lock_fini = lock_fini,
                                .lock_acquire = lock_acquire,
                                .lock_release = lock_release};
}

void counted_fini(struct counted *host)
{
    assert_int_equal(host->objects, 0);
    assert_int_equal(host->bytes, 0);
    assert_int_equal(host->pages, 0);
    assert_int_equal(host->locks, 0);
    munmap(host->memory, host->arena_pages * IOMMU_PAGE_SIZE);
    munmap(host->view, host->arena_pages * IOMMU_PAGE_SIZE);
    free(host->flushed);
    free(host->live);
    free(host->free_list);
    pthread_mutex_destroy(&host->mutex);
}

void counted_fail(struct counted *host, size_t nth)
{
    host->fail_at = nth;
    host->failed = false;
}

void counted_meanwhile(struct counted *host, void (*fn)(void *ctx), void *ctx)
{
    host->meanwhile = fn;
    host->meanwhile_ctx = ctx;
}

void counted_at_flush(struct counted *host, void (*fn)(void *ctx), void *ctx)
{
    host->at_flush = fn;
    host->at_flush_ctx = ctx;
}

static void *look(void *ctx, uint64_t pa)
{
    struct counted *host = ctx;
    void (*at_look)(void *) = host->at_look;

    host->looks++;
    host->looked_at = pa;
    if (at_look && pa == host->look_at) {
        host->at_look = NULL;
        at_look(host->at_look_ctx);
    }
    return (void *)(uintptr_t)(pa + host->platform.phys_to_virt_offset);
}

static uint64_t physical(void *ctx, const void *va)
{
    const struct counted *host = ctx;

    return (uint64_t)(uintptr_t)va - host->platform.phys_to_virt_offset;
}

void counted_look_by_hooks(struct counted *host)
{
    host->platform.phys_to_virt = look;
    host->platform.virt_to_phys = physical;
}

void counted_at_look(struct counted *host, uint64_t pa, void (*fn)(void *ctx), void *ctx)
{
    host->look_at = pa;
    host->at_look = fn;
    host->at_look_ctx = ctx;
}

bool counted_in_arena(const struct counted *host, uint64_t pa)
{
    return pa >= ARENA_PHYS && pa - ARENA_PHYS < host->arena_pages * IOMMU_PAGE_SIZE;
}

uint64_t counted_view(const struct counted *host, uint64_t pa)
{
    assert_true(counted_in_arena(host, pa));
    return __atomic_load_n(&host->view[(pa - ARENA_PHYS) / 8], __ATOMIC_RELAXED);
}

void counted_assert_flushed(struct counted *host, uint64_t ignored)
{
    for (size_t page = 0; page < host->next_never_used; page++) {
        if (!host->live[page])
            continue;
        assert_true(host->flushed[page] == UINT64_MAX);
        for (size_t i = page * WORDS; i < (page + 1) * WORDS; i++)
            if ((host->memory[i] ^ host->view[i]) & ~ignored)
                fail_msg("page %zu entry %zu: CPU %016llx, device %016llx", page, i % WORDS,
                         (unsigned long long)host->memory[i], (unsigned long long)host->view[i]);
    }
}

void counted_watch_pointers(struct counted *host, uint64_t present, uint64_t address)
{
    host->watch_present = present;
    host->watch_address = address;
}
