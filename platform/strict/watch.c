/* SPDX-License-Identifier: MIT */
/*
 * platform/strict/watch.c - registers, barriers, locks, configuration space: counted, checked,
 * passed on. The hooks are installed by strict.c.
 */
#include <stdatomic.h>

#include "platform/strict/strict.h"

/* Its address names the running thread. */
static _Thread_local char thread_mark;

static uint64_t this_thread(void)
{
    return (uintptr_t)&thread_mark;
}

static void count(struct iommu_strict *strict, uint64_t *counter, uint64_t by)
{
    pthread_mutex_lock(&strict->mutex);
    *counter += by;
    pthread_mutex_unlock(&strict->mutex);
}

/* ---- register windows ---------------------------------------------------------------------- */

static struct strict_window *find_window(struct iommu_strict *strict, uintptr_t first, size_t bytes)
{
    unsigned i;

    for (i = 0; i < strict->windows_top; i++) {
        if (strict->windows[i].first == first && strict->windows[i].bytes == bytes)
            return &strict->windows[i];
    }
    return NULL;
}

static struct strict_window *free_window(struct iommu_strict *strict)
{
    struct strict_window *window = find_window(strict, 0, 0);

    if (!window && strict->windows_top < STRICT_WINDOWS)
        window = &strict->windows[strict->windows_top++];
    return window;
}

static void note_window(struct iommu_strict *strict, uintptr_t first, size_t bytes)
{
    struct strict_window *window;

    pthread_mutex_lock(&strict->mutex);
    window = free_window(strict);
    if (window) {
        *window = (struct strict_window){first, bytes};
        strict->counts.windows_live++;
    } else {
        strict_violation(strict, "mmio_map: %u windows are mapped, none was unmapped",
                         STRICT_WINDOWS);
    }
    pthread_mutex_unlock(&strict->mutex);
}

static void *hook_mmio_map(void *ctx, uint64_t pa, size_t bytes)
{
    struct iommu_strict *strict = ctx;
    const struct iommu_platform *inner = strict->inner;
    void *base =
        inner->mmio_map ? inner->mmio_map(inner->ctx, pa, bytes) : strict_to_virt(strict, pa);

    if (base && bytes)
        note_window(strict, (uintptr_t)base, bytes);
    return base;
}

static void hook_mmio_unmap(void *ctx, void *base, size_t bytes)
{
    struct iommu_strict *strict = ctx;
    const struct iommu_platform *inner = strict->inner;
    struct strict_window *window;

    pthread_mutex_lock(&strict->mutex);
    window = bytes ? find_window(strict, (uintptr_t)base, bytes) : NULL;
    if (window) {
        *window = (struct strict_window){0, 0};
        strict->counts.windows_live--;
    } else {
        strict_violation(strict, "mmio_unmap(%p, %zu): not what was mapped", base, bytes);
    }
    pthread_mutex_unlock(&strict->mutex);
    if (window && inner->mmio_unmap)
        inner->mmio_unmap(inner->ctx, base, bytes);
}

static bool inside_window(const struct iommu_strict *strict, uintptr_t at, size_t width)
{
    unsigned i;

    for (i = 0; i < strict->windows_top; i++) {
        uintptr_t offset = at - strict->windows[i].first; /* enormous when `at` lies below */

        if (offset < strict->windows[i].bytes && strict->windows[i].bytes - offset >= width)
            return true;
    }
    return false;
}

/* Count one register access; true: it may go on. */
static bool access_allowed(struct iommu_strict *strict, const volatile void *reg, size_t width,
                           uint64_t *counter)
{
    uintptr_t at = (uintptr_t)reg;
    bool aligned = at % width == 0, inside;

    pthread_mutex_lock(&strict->mutex);
    ++*counter;
    inside = inside_window(strict, at, width);
    if (!inside)
        strict_violation(strict, "register access of %zu bytes at %#llx: no window there", width,
                         (unsigned long long)at);
    else if (!aligned)
        strict_violation(strict, "register access of %zu bytes at %#llx: not aligned", width,
                         (unsigned long long)at);
    pthread_mutex_unlock(&strict->mutex);
    return inside && aligned;
}

/* ---- registers: what the inner host lacks is one volatile access, as platform.h says ------- */

static uint32_t hook_mmio_read32(void *ctx, const volatile void *reg)
{
    struct iommu_strict *strict = ctx;
    const struct iommu_platform *inner = strict->inner;

    if (!access_allowed(strict, reg, sizeof(uint32_t), &strict->counts.mmio_reads))
        return UINT32_MAX;
    return inner->mmio_read32 ? inner->mmio_read32(inner->ctx, reg)
                              : *(const volatile uint32_t *)reg;
}

static uint64_t hook_mmio_read64(void *ctx, const volatile void *reg)
{
    struct iommu_strict *strict = ctx;
    const struct iommu_platform *inner = strict->inner;

    if (!access_allowed(strict, reg, sizeof(uint64_t), &strict->counts.mmio_reads))
        return UINT64_MAX;
    return inner->mmio_read64 ? inner->mmio_read64(inner->ctx, reg)
                              : *(const volatile uint64_t *)reg;
}

static void hook_mmio_write32(void *ctx, volatile void *reg, uint32_t value)
{
    struct iommu_strict *strict = ctx;
    const struct iommu_platform *inner = strict->inner;

    if (!access_allowed(strict, reg, sizeof value, &strict->counts.mmio_writes))
        return;
    if (inner->mmio_write32)
        inner->mmio_write32(inner->ctx, reg, value);
    else
        *(volatile uint32_t *)reg = value;
}

static void hook_mmio_write64(void *ctx, volatile void *reg, uint64_t value)
{
    struct iommu_strict *strict = ctx;
    const struct iommu_platform *inner = strict->inner;

    if (!access_allowed(strict, reg, sizeof value, &strict->counts.mmio_writes))
        return;
    if (inner->mmio_write64)
        inner->mmio_write64(inner->ctx, reg, value);
    else
        *(volatile uint64_t *)reg = value;
}

/* ---- order and time ------------------------------------------------------------------------ */

static void hook_cache_flush(void *ctx, const void *va, size_t bytes)
{
    struct iommu_strict *strict = ctx;

    pthread_mutex_lock(&strict->mutex);
    strict->counts.cache_flushes++;
    strict->counts.cache_flush_bytes += bytes;
    if (bytes)
        strict->counts.cache_flush_lines += ((uintptr_t)va + bytes - 1) / 64 - (uintptr_t)va / 64 + 1;
    pthread_mutex_unlock(&strict->mutex);
    strict->inner->cache_flush(strict->inner->ctx, va, bytes);
}

static void hook_dma_barrier(void *ctx)
{
    struct iommu_strict *strict = ctx;

    count(strict, &strict->counts.barriers, 1);
    if (strict->inner->dma_barrier)
        strict->inner->dma_barrier(strict->inner->ctx);
    else
        atomic_thread_fence(memory_order_seq_cst);
}

static void hook_fill_words(void *ctx, uint64_t *words, size_t count, uint64_t value, uint64_t step)
{
    const struct iommu_strict *strict = ctx;

    strict->inner->fill_words(strict->inner->ctx, words, count, value, step);
}

static uint64_t hook_now_ns(void *ctx)
{
    const struct iommu_strict *strict = ctx;

    return strict->inner->now_ns(strict->inner->ctx);
}

static void hook_relax(void *ctx)
{
    const struct iommu_strict *strict = ctx;

    strict->inner->relax(strict->inner->ctx);
}

/* ---- locks: one entry in the ledger each, its value the holder ----------------------------- */

static int hook_lock_init(void *ctx, struct iommu_lock *lock)
{
    struct iommu_strict *strict = ctx;
    int result = strict->inner->lock_init(strict->inner->ctx, lock);
    bool noted;

    if (result)
        return result;
    pthread_mutex_lock(&strict->mutex);
    if (ledger_find(&strict->ledger, LEDGER_LOCK, (uintptr_t)lock)) {
        strict_violation(strict, "lock_init(%p): initialised before and not finished",
                         (void *)lock);
        noted = true;
    } else {
        noted = ledger_add(&strict->ledger, LEDGER_LOCK, (uintptr_t)lock, 0);
        strict->counts.locks_live += noted;
    }
    pthread_mutex_unlock(&strict->mutex);
    if (noted)
        return 0;
    strict->inner->lock_fini(strict->inner->ctx, lock);
    return -IOMMU_ENOMEM;
}

static void hook_lock_fini(void *ctx, struct iommu_lock *lock)
{
    struct iommu_strict *strict = ctx;
    struct ledger_entry *entry;
    bool good = false;

    pthread_mutex_lock(&strict->mutex);
    entry = ledger_find(&strict->ledger, LEDGER_LOCK, (uintptr_t)lock);
    if (!entry) {
        strict_violation(strict, "lock_fini(%p): not a live lock", (void *)lock);
    } else if (entry->value) {
        strict_violation(strict, "lock_fini(%p): the lock is held", (void *)lock);
    } else {
        ledger_remove(&strict->ledger, entry);
        strict->counts.locks_live--;
        good = true;
    }
    pthread_mutex_unlock(&strict->mutex);
    if (good)
        strict->inner->lock_fini(strict->inner->ctx, lock);
}

/* Who holds the lock may change while we look, but not to or from this thread. */
static bool may_acquire(struct iommu_strict *strict, const struct iommu_lock *lock)
{
    const struct ledger_entry *entry;
    bool may = false;

    pthread_mutex_lock(&strict->mutex);
    entry = ledger_find(&strict->ledger, LEDGER_LOCK, (uintptr_t)lock);
    if (!entry)
        strict_violation(strict, "lock_acquire(%p): not a live lock", (const void *)lock);
    else if (entry->value == this_thread())
        strict_violation(strict, "lock_acquire(%p): this thread holds it", (const void *)lock);
    else
        may = true;
    pthread_mutex_unlock(&strict->mutex);
    return may;
}

static void hook_lock_acquire(void *ctx, struct iommu_lock *lock)
{
    struct iommu_strict *strict = ctx;
    struct ledger_entry *entry;

    if (!may_acquire(strict, lock))
        return;
    strict->inner->lock_acquire(strict->inner->ctx, lock);
    pthread_mutex_lock(&strict->mutex);
    entry = ledger_find(&strict->ledger, LEDGER_LOCK, (uintptr_t)lock);
    if (entry)
        entry->value = this_thread();
    else
        strict_violation(strict, "lock_acquire(%p): the lock was finished meanwhile", (void *)lock);
    strict->counts.lock_acquires++;
    strict->counts.locks_held++;
    pthread_mutex_unlock(&strict->mutex);
}

static void hook_lock_release(void *ctx, struct iommu_lock *lock)
{
    struct iommu_strict *strict = ctx;
    struct ledger_entry *entry;
    bool held;

    pthread_mutex_lock(&strict->mutex);
    entry = ledger_find(&strict->ledger, LEDGER_LOCK, (uintptr_t)lock);
    held = entry && entry->value == this_thread();
    if (held) {
        entry->value = 0;
        strict->counts.locks_held--;
    } else {
        strict_violation(strict, "lock_release(%p): this thread does not hold it", (void *)lock);
    }
    pthread_mutex_unlock(&strict->mutex);
    if (held)
        strict->inner->lock_release(strict->inner->ctx, lock);
}

/* ---- configuration space, log -------------------------------------------------------------- */

static bool config_allowed(struct iommu_strict *strict, uint32_t offset)
{
    bool allowed = offset < 4096 && offset % 4 == 0;

    if (allowed)
        return true;
    pthread_mutex_lock(&strict->mutex);
    strict_violation(strict, "configuration space at %#x: not a dword of it", offset);
    pthread_mutex_unlock(&strict->mutex);
    return false;
}

static uint32_t hook_pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    struct iommu_strict *strict = ctx;

    if (!config_allowed(strict, offset))
        return UINT32_MAX;
    return strict->inner->pci_read32(strict->inner->ctx, segment, rid, offset);
}

static void hook_pci_write32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset,
                             uint32_t value)
{
    struct iommu_strict *strict = ctx;

    if (config_allowed(strict, offset))
        strict->inner->pci_write32(strict->inner->ctx, segment, rid, offset, value);
}

static uint32_t hook_cpu(void *ctx)
{
    struct iommu_strict *strict = ctx;

    return strict->inner->cpu(strict->inner->ctx);
}

static void hook_log(void *ctx, enum iommu_log_level level, const char *text)
{
    struct iommu_strict *strict = ctx;

    count(strict, &strict->counts.log_lines, 1);
    if (strict->inner->log)
        strict->inner->log(strict->inner->ctx, level, text);
}

/* ---- installation -------------------------------------------------------------------------- */

void strict_watch(struct iommu_strict *strict)
{
    struct iommu_platform *platform = &strict->platform;
    const struct iommu_platform *inner = strict->inner;

    platform->mmio_map = hook_mmio_map;
    platform->mmio_unmap = hook_mmio_unmap;
    platform->mmio_read32 = hook_mmio_read32;
    platform->mmio_read64 = hook_mmio_read64;
    platform->mmio_write32 = hook_mmio_write32;
    platform->mmio_write64 = hook_mmio_write64;
    platform->dma_barrier = hook_dma_barrier;
    platform->log = hook_log;
    platform->cache_flush = inner->cache_flush ? hook_cache_flush : NULL;
    platform->fill_words = inner->fill_words ? hook_fill_words : NULL;
    platform->now_ns = inner->now_ns ? hook_now_ns : NULL;
    platform->relax = inner->relax ? hook_relax : NULL;
    platform->cpu = inner->cpu ? hook_cpu : NULL;
    platform->pci_read32 = inner->pci_read32 ? hook_pci_read32 : NULL;
    platform->pci_write32 = inner->pci_write32 ? hook_pci_write32 : NULL;
    if (!inner->lock_init)
        return;
    platform->lock_init = hook_lock_init;
    platform->lock_fini = hook_lock_fini;
    platform->lock_acquire = hook_lock_acquire;
    platform->lock_release = hook_lock_release;
}
