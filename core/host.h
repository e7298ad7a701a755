/* SPDX-License-Identifier: MIT */
/*
 * core/host.h - the hooks of struct iommu_platform with their documented defaults filled in.
 *
 * Everything that core and drivers want from the host goes through here, so that "this hook may be NULL" is
 * decided in one place. No lock is needed for any of it, except that host_lock() takes one.
 */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include <stdatomic.h>

#include "iommukit/error.h"
#include "iommukit/platform.h"

/* ---- memory ------------------------------------------------------------------------------------------- */

/* Zeroed object for the CPU alone, or NULL. */
static inline void *host_alloc(const struct iommu_platform *platform, size_t bytes)
{
    return platform->alloc(platform->ctx, bytes);
}

/* `bytes` as it was asked for. NULL object: nothing happens. */
static inline void host_free(const struct iommu_platform *platform, void *object, size_t bytes)
{
    if (object)
        platform->free(platform->ctx, object, bytes);
}

/* (4096 << order) zeroed bytes that the hardware may read, or NULL. */
static inline void *host_page_alloc(const struct iommu_platform *platform, unsigned order)
{
    return platform->page_alloc(platform->ctx, order);
}

static inline void host_page_free(const struct iommu_platform *platform, void *page, unsigned order)
{
    if (page)
        platform->page_free(platform->ctx, page, order);
}

static inline uint64_t host_virt_to_phys(const struct iommu_platform *platform, const void *va)
{
    if (platform->virt_to_phys)
        return platform->virt_to_phys(platform->ctx, va);
    return (uint64_t)(uintptr_t)va - platform->phys_to_virt_offset;
}

static inline void *host_phys_to_virt(const struct iommu_platform *platform, uint64_t pa)
{
    if (platform->phys_to_virt)
        return platform->phys_to_virt(platform->ctx, pa);
    return (void *)(uintptr_t)(pa + platform->phys_to_virt_offset);
}

/* Can a unit be driven whose table walks do not snoop the CPU's caches? */
static inline bool host_can_flush(const struct iommu_platform *platform)
{
    return platform->cache_flush != NULL;
}

/* Does the processor keep stores in order by itself? Flushes it does not. */
#if defined(__x86_64__) || defined(__i386__)
#define HOST_ORDERS_STORES true
#else
#define HOST_ORDERS_STORES false
#endif

/* Order earlier stores, and flushes, before later stores that a device may see. */
static inline void host_barrier(const struct iommu_platform *platform)
{
    if (platform->dma_barrier)
        platform->dma_barrier(platform->ctx);
    else if (HOST_ORDERS_STORES && !platform->cache_flush)
        atomic_thread_fence(memory_order_release); /* for the compiler; NOLINT(bugprone-branch-clone): two orders */
    else
        atomic_thread_fence(memory_order_seq_cst);
}

/* Write the lines of [va, va + bytes) back: they are there by the next atomic read-modify-write or host_barrier(). */
static inline void host_cache_flush(const struct iommu_platform *platform, const volatile void *va,
                                    size_t bytes)
{
    if (platform->cache_flush)
        platform->cache_flush(platform->ctx, (const void *)va, bytes);
}

/* ---- registers ---------------------------------------------------------------------------------------- */

/* NULL: the host cannot. */
static inline void *host_mmio_map(const struct iommu_platform *platform, uint64_t pa, size_t bytes)
{
    if (platform->mmio_map)
        return platform->mmio_map(platform->ctx, pa, bytes);
    return host_phys_to_virt(platform, pa);
}

static inline void host_mmio_unmap(const struct iommu_platform *platform, void *base, size_t bytes)
{
    if (platform->mmio_unmap)
        platform->mmio_unmap(platform->ctx, base, bytes);
}

static inline uint32_t host_mmio_read32(const struct iommu_platform *platform,
                                        const volatile void *reg)
{
    if (platform->mmio_read32)
        return platform->mmio_read32(platform->ctx, reg);
    return *(const volatile uint32_t *)reg;
}

static inline uint64_t host_mmio_read64(const struct iommu_platform *platform,
                                        const volatile void *reg)
{
    if (platform->mmio_read64)
        return platform->mmio_read64(platform->ctx, reg);
#if UINTPTR_MAX > UINT32_MAX
    return *(const volatile uint64_t *)reg;
#else
    uint32_t low = *(const volatile uint32_t *)reg;
    uint32_t high = *((const volatile uint32_t *)reg + 1);
    return (uint64_t)high << 32 | low;
#endif
}

static inline void host_mmio_write32(const struct iommu_platform *platform, volatile void *reg,
                                     uint32_t value)
{
    if (platform->mmio_write32)
        platform->mmio_write32(platform->ctx, reg, value);
    else
        *(volatile uint32_t *)reg = value;
}

static inline void host_mmio_write64(const struct iommu_platform *platform, volatile void *reg,
                                     uint64_t value)
{
    if (platform->mmio_write64) {
        platform->mmio_write64(platform->ctx, reg, value);
        return;
    }
#if UINTPTR_MAX > UINT32_MAX
    *(volatile uint64_t *)reg = value;
#else
    *(volatile uint32_t *)reg = (uint32_t)value;
    *((volatile uint32_t *)reg + 1) = (uint32_t)(value >> 32);
#endif
}

/* ---- configuration space ------------------------------------------------------------------------------ */

/* Without a hook no function is there: all ones. */
static inline uint32_t host_pci_read32(const struct iommu_platform *platform, uint16_t segment,
                                       uint16_t rid, uint32_t offset)
{
    if (!platform->pci_read32)
        return UINT32_MAX;
    return platform->pci_read32(platform->ctx, segment, rid, offset);
}

static inline void host_pci_write32(const struct iommu_platform *platform, uint16_t segment,
                                    uint16_t rid, uint32_t offset, uint32_t value)
{
    if (platform->pci_write32)
        platform->pci_write32(platform->ctx, segment, rid, offset, value);
}

/* ---- time --------------------------------------------------------------------------------------------- */

/* Nanoseconds; always 0 on a host without a clock. */
static inline uint64_t host_now(const struct iommu_platform *platform)
{
    return platform->now_ns ? platform->now_ns(platform->ctx) : 0;
}

/* Between two polls. */
static inline void host_relax(const struct iommu_platform *platform)
{
    if (platform->relax)
        platform->relax(platform->ctx);
}

/*
 * A limit for one wait:
 *
 *     struct iommu_deadline deadline = deadline_start(platform, 1000);
 *     while (!ready()) {
 *         if (deadline_passed(&deadline))
 *             return -IOMMU_ETIMEDOUT;
 *         host_relax(platform);
 *     }
 *
 * The loop above looks once more after the clock has run out only if the caller does; a host that was
 * stopped for longer than the limit should therefore poll a last time before it gives up.
 */
struct iommu_deadline {
    const struct iommu_platform *platform;
    uint64_t limit; /* with a clock: nanoseconds to wait; without: polls left */
    uint64_t start;
};

static inline struct iommu_deadline deadline_start(const struct iommu_platform *platform,
                                                   uint32_t milliseconds)
{
    uint64_t unit = platform->now_ns ? 1000000u : 1000u; /* one poll is taken as 1 us */
    struct iommu_deadline deadline = {platform, milliseconds * unit, host_now(platform)};
    return deadline;
}

/* Counts as one poll. */
static inline bool deadline_passed(struct iommu_deadline *deadline)
{
    if (deadline->platform->now_ns)
        return host_now(deadline->platform) - deadline->start >= deadline->limit;
    if (deadline->limit == 0)
        return true;
    deadline->limit--;
    return false;
}

/* ---- mutual exclusion --------------------------------------------------------------------------------- */

static inline int host_lock_init(const struct iommu_platform *platform, struct iommu_lock *lock)
{
    return platform->lock_init ? platform->lock_init(platform->ctx, lock) : 0;
}

static inline void host_lock_fini(const struct iommu_platform *platform, struct iommu_lock *lock)
{
    if (platform->lock_fini)
        platform->lock_fini(platform->ctx, lock);
}

static inline void host_lock(const struct iommu_platform *platform, struct iommu_lock *lock)
{
    if (platform->lock_acquire)
        platform->lock_acquire(platform->ctx, lock);
}

static inline void host_unlock(const struct iommu_platform *platform, struct iommu_lock *lock)
{
    if (platform->lock_release)
        platform->lock_release(platform->ctx, lock);
}

/* ---- words -------------------------------------------------------------------------------------------- */

static inline void host_log(const struct iommu_platform *platform, enum iommu_log_level level,
                            const char *text)
{
    if (platform->log)
        platform->log(platform->ctx, level, text);
}

#endif
