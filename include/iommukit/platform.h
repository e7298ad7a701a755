/* SPDX-License-Identifier: MIT */
/*
 * iommukit/platform.h - what a host provides.
 *
 * This header is the porting guide: fill one const struct iommu_platform per instance and pass it to the
 * driver's create call. Every hook gets `ctx` first. A hook that is NULL takes the default named beside it;
 * only `alloc`, `free`, `page_alloc` and `page_free` have none. The struct must outlive the instance.
 *
 * Contexts. Hooks are called from whatever context called the library, never from one of its own. Control
 * calls (create, start, device, domain, attach, detach) may allocate and may wait for hardware; iommu_map may
 * allocate, and the first one in a domain that is attached waits for hardware; iommu_unmap neither allocates
 * nor frees; iommu_sync waits for hardware and frees pages.
 */
#ifndef IOMMUKIT_PLATFORM_H
#define IOMMUKIT_PLATFORM_H

#include "iommukit/config.h"

/* Storage for one lock of the host; large enough for a pthread mutex or a kernel spinlock. */
struct iommu_lock {
    uintptr_t word[6]; /* the host's */
};

/* How much a log line matters. */
enum iommu_log_level {
    IOMMU_LOG_ERROR,   /* something does not work */
    IOMMU_LOG_WARNING, /* something is odd, and was coped with */
    IOMMU_LOG_INFO,    /* what was found and decided at start */
    IOMMU_LOG_DEBUG,   /* for whoever works on the driver */
};

#define IOMMU_PAGE_LG2  12u /* pages and tables are of 4 KiB, whatever the host's own pages */
#define IOMMU_PAGE_SIZE ((uint64_t)1 << IOMMU_PAGE_LG2) /* in bytes */

/* The host's hooks. */
struct iommu_platform {
    void *ctx; /* handed to every hook; never looked at */

    /* Objects for the CPU alone: zeroed, aligned for any type. NULL result: out of memory. `bytes` of free is
     * the size that was asked for. */
    void *(*alloc)(void *ctx, size_t bytes);
    void (*free)(void *ctx, void *object, size_t bytes);

    /* Memory that the hardware reads: (4096 << order) bytes, zeroed, naturally aligned, physically contiguous.
     * order is at most 9. The CPU maps it write-back cached. */
    void *(*page_alloc)(void *ctx, unsigned order);
    void (*page_free)(void *ctx, void *page, unsigned order);

    /* Translation between a page's CPU address and its physical address as the IOMMU sees it.
     * Default: virtual = physical + phys_to_virt_offset. Set both hooks or neither. */
    uint64_t phys_to_virt_offset;
    void *(*phys_to_virt)(void *ctx, uint64_t pa);
    uint64_t (*virt_to_phys)(void *ctx, const void *va);

    /* Registers. mmio_map makes [pa, pa + bytes) accessible, uncached, and returns the pointer that the four
     * accessors take (plus an offset); NULL result: cannot. Default map: phys_to_virt. Default accessors: one
     * volatile access of that width (on 32-bit hosts a 64-bit register is two, low half first). */
    void *(*mmio_map)(void *ctx, uint64_t pa, size_t bytes);
    void (*mmio_unmap)(void *ctx, void *base, size_t bytes);
    uint32_t (*mmio_read32)(void *ctx, const volatile void *reg);
    uint64_t (*mmio_read64)(void *ctx, const volatile void *reg);
    void (*mmio_write32)(void *ctx, volatile void *reg, uint32_t value);
    void (*mmio_write64)(void *ctx, volatile void *reg, uint64_t value);

    /* Write every cache line of [va, va + bytes) back to memory: what a device that does not snoop needs. They are there
     * at the latest when the caller's next atomic read-modify-write or dma_barrier has been executed (x86: clflushopt or
     * clwb without a fence, for locked instructions wait for them; elsewhere the hook ends with the barrier).
     * Default: none, and a unit whose table walks are not coherent is refused with -IOMMU_EOPNOTSUPP. */
    void (*cache_flush)(void *ctx, const void *va, size_t bytes);

    /* Order all earlier stores to memory, and what cache_flush was called for, before a later register write or store that
     * a device may see. Default: a C11 sequentially consistent fence (Arm hosts want dsb); on x86, whose stores stay in
     * order, only where there is cache_flush. */
    void (*dma_barrier)(void *ctx);

    /* Store value, value + step, value + 2 * step, ... in `count` words, in any order, each with one aligned store of 64
     * bits or as part of a wider one. For hosts whose callers may use more registers than the compiler was told of: it
     * is called for long runs, with which page tables are filled and cleared. Default: a loop. */
    void (*fill_words)(void *ctx, uint64_t *words, size_t count, uint64_t value, uint64_t step);

    /* Monotonic nanoseconds, for deadlines. Default: deadlines count polls (one poll is taken as 1 us). */
    uint64_t (*now_ns)(void *ctx);
    /* Called between two polls of a waiting loop (pause, yield). Default: nothing. */
    void (*relax)(void *ctx);

    /* Mutual exclusion. Set all four or none; default: the host promises one caller at a time. A lock is held
     * while waiting for hardware, never while calling an event handler. lock_init: 0, or -ENOMEM. */
    int (*lock_init)(void *ctx, struct iommu_lock *lock);
    void (*lock_fini)(void *ctx, struct iommu_lock *lock);
    void (*lock_acquire)(void *ctx, struct iommu_lock *lock);
    void (*lock_release)(void *ctx, struct iommu_lock *lock);

    /* A small number, fixed during a call of the library, that no other caller has at that time: of the CPU where
     * callers are neither preempted nor interrupted by other callers, otherwise of the thread; a number that changes
     * hands does so with the order of memory that a lock gives. Numbers from 256 on serve, but not fast. Called by
     * the calls of dma.h, and by maps, unmaps and syncs that take or free tables. Default: none, callers meet at a
     * lock; without locks there is one caller. */
    uint32_t (*cpu)(void *ctx);
    /* Where each thread keeps that number plus 1, in a uint32_t so many bytes from its thread pointer (x86-64: fs:0,
     * AArch64: TPIDR_EL0), for a hook that numbers threads: the calls of dma.h look there first and call it where they
     * find 0. Saves most of what such a call costs. Other architectures ignore it. Default, 0: nowhere. */
    ptrdiff_t cpu_offset;

    /* PCI configuration space, dword aligned, offset 0 to 4095; rid is bus << 8 | device << 3 | function. A
     * function that is not there reads as all ones. Default: the library neither reads nor enables anything in
     * endpoints, resolves no DMAR path through bridges, and takes PASID widths from the device's config. */
    uint32_t (*pci_read32)(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset);
    void (*pci_write32)(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset, uint32_t value);

    /* One line of text without a newline, valid during the call. Default: silence. */
    void (*log)(void *ctx, enum iommu_log_level level, const char *text);
};

#endif
