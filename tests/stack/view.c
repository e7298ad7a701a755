/* SPDX-License-Identifier: MIT */
/*
 * view.c - a platform around the strict one. It tells the test's probe about every moment at which
 * something becomes visible to hardware, and keeps a second copy of each table page that only
 * cache_flush updates: where the two differ, a device that does not snoop would read something else
 * than the CPU wrote.
 */
#include "tests/stack/view.h"

#include "iommukit/driver.h"

#include <stdlib.h>
#include <string.h>

#include "tests/stack/queue.h"

#define LINE 64u
/*
 * The page-table walker's own mark "this pointer has reached memory": hardware ignores it, so it
 * may differ.
 */
#define FLUSHED_MARK (UINT64_C(0xfff) << 52) /* and counts */

struct rig_view {
    struct rig_view *next;
    uint8_t *cpu;
    unsigned order;
    uint8_t device[];
};

static const struct iommu_platform *inner(const struct rig *rig)
{
    return iommu_strict_platform(rig->strict);
}

static void probe(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    if (rig->probe != NULL)
        rig->probe(rig, moment, address, value);
}

static void *page_alloc(void *ctx, unsigned order)
{
    struct rig *rig = ctx;
    void *page = inner(rig)->page_alloc(inner(rig)->ctx, order);
    if (page == NULL || !rig->config.track_flushes)
        return page;
    struct rig_view *view = calloc(1, sizeof *view + (RIG_PAGE << order));
    assert_non_null(view);
    /* Whatever was in memory before the zeroes: a flush has to bring them there. */
    memset(view->device, 0xdb, RIG_PAGE << order);
    view->cpu = page;
    view->order = order;
    view->next = rig->views;
    rig->views = view;
    return page;
}

/* Hosts whose memory is one mapping give the distance instead of hooks. */
static uint64_t physical(const struct rig *rig, const void *page)
{
    if (inner(rig)->virt_to_phys != NULL)
        return inner(rig)->virt_to_phys(inner(rig)->ctx, page);
    return (uint64_t)(uintptr_t)page - inner(rig)->phys_to_virt_offset;
}

static void page_free(void *ctx, void *page, unsigned order)
{
    struct rig *rig = ctx;
    probe(rig, RIG_PAGE_FREE, physical(rig, page), order);
    for (struct rig_view **link = &rig->views; *link != NULL; link = &(*link)->next) {
        struct rig_view *view = *link;
        if (view->cpu == page) {
            *link = view->next;
            free(view);
            break;
        }
    }
    inner(rig)->page_free(inner(rig)->ctx, page, order);
}

static void flush_line(struct rig *rig, const uint8_t *line)
{
    for (struct rig_view *view = rig->views; view != NULL; view = view->next)
        if (line >= view->cpu && line < view->cpu + (RIG_PAGE << view->order))
            memcpy(view->device + (line - view->cpu), line, LINE);
}

static void cache_flush(void *ctx, const void *va, size_t bytes)
{
    struct rig *rig = ctx;
    probe(rig, RIG_FLUSH, physical(rig, va), bytes);
    inner(rig)->cache_flush(inner(rig)->ctx, va, bytes);
    const uint8_t *first = (const uint8_t *)((uintptr_t)va & ~(uintptr_t)(LINE - 1));
    for (const uint8_t *line = first; bytes != 0 && line < (const uint8_t *)va + bytes;
         line += LINE)
        flush_line(rig, line);
}

static void dma_barrier(void *ctx)
{
    struct rig *rig = ctx;
    probe(rig, RIG_BARRIER, 0, 0);
    if (inner(rig)->dma_barrier != NULL)
        inner(rig)->dma_barrier(inner(rig)->ctx);
    else
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* True: the write goes on to the hardware. */
static bool filter(struct rig *rig, enum rig_moment moment, const volatile void *reg,
                   uint64_t *value)
{
    return rig->filter == NULL || rig->filter(rig, moment, (uint64_t)(uintptr_t)reg, value);
}

/* The hosts' register cookies are physical addresses in disguise: see host/posix.h. */
static void mmio_write32(void *ctx, volatile void *reg, uint32_t value)
{
    struct rig *rig = ctx;
    uint64_t passed = value;
    probe(rig, RIG_WRITE32, (uint64_t)(uintptr_t)reg, value);
    if (filter(rig, RIG_WRITE32, reg, &passed))
        inner(rig)->mmio_write32(inner(rig)->ctx, reg, (uint32_t)passed);
}

static void mmio_write64(void *ctx, volatile void *reg, uint64_t value)
{
    struct rig *rig = ctx;
    probe(rig, RIG_WRITE64, (uint64_t)(uintptr_t)reg, value);
    if (filter(rig, RIG_WRITE64, reg, &value))
        inner(rig)->mmio_write64(inner(rig)->ctx, reg, value);
}

static uint32_t mmio_read32(void *ctx, const volatile void *reg)
{
    struct rig *rig = ctx;
    uint64_t value = inner(rig)->mmio_read32(inner(rig)->ctx, reg);
    (void)filter(rig, RIG_READ32, reg, &value);
    return (uint32_t)value;
}

static uint64_t mmio_read64(void *ctx, const volatile void *reg)
{
    struct rig *rig = ctx;
    uint64_t value = inner(rig)->mmio_read64(inner(rig)->ctx, reg);
    (void)filter(rig, RIG_READ64, reg, &value);
    return value;
}

static void pci_write32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset, uint32_t value)
{
    struct rig *rig = ctx;
    probe(rig, RIG_PCI_WRITE, (uint64_t)rid << 12 | offset, value);
    inner(rig)->pci_write32(inner(rig)->ctx, segment, rid, offset, value);
}

/* Several threads may speak at once: each line has a place of its own. */
static void log_line(void *ctx, enum iommu_log_level level, const char *text)
{
    struct rig *rig = ctx;
    unsigned at = __atomic_fetch_add(&rig->log.count, 1, __ATOMIC_RELAXED) % RIG_LINES;
    size_t bytes = strnlen(text, RIG_LINE_BYTES - 1);
    memcpy(rig->log.line[at], text, bytes);
    rig->log.line[at][bytes] = '\0';
    (void)level;
}

/* Everything else passes straight through. */
static void *pass_alloc(void *ctx, size_t bytes)
{
    const struct iommu_platform *p = inner(ctx);
    return p->alloc(p->ctx, bytes);
}

static void pass_free(void *ctx, void *object, size_t bytes)
{
    const struct iommu_platform *p = inner(ctx);
    p->free(p->ctx, object, bytes);
}

static void *pass_phys_to_virt(void *ctx, uint64_t pa)
{
    const struct iommu_platform *p = inner(ctx);
    return p->phys_to_virt(p->ctx, pa);
}

static uint64_t pass_virt_to_phys(void *ctx, const void *va)
{
    const struct iommu_platform *p = inner(ctx);
    return p->virt_to_phys(p->ctx, va);
}

static void *pass_mmio_map(void *ctx, uint64_t pa, size_t bytes)
{
    const struct iommu_platform *p = inner(ctx);
    return p->mmio_map(p->ctx, pa, bytes);
}

static void pass_mmio_unmap(void *ctx, void *base, size_t bytes)
{
    const struct iommu_platform *p = inner(ctx);
    p->mmio_unmap(p->ctx, base, bytes);
}

static uint64_t pass_now(void *ctx)
{
    const struct iommu_platform *p = inner(ctx);
    return p->now_ns(p->ctx);
}

static uint32_t pass_cpu(void *ctx)
{
    const struct iommu_platform *p = inner(ctx);
    return p->cpu(p->ctx);
}

static int pass_lock_init(void *ctx, struct iommu_lock *lock)
{
    const struct iommu_platform *p = inner(ctx);
    return p->lock_init(p->ctx, lock);
}

static void pass_lock_fini(void *ctx, struct iommu_lock *lock)
{
    const struct iommu_platform *p = inner(ctx);
    p->lock_fini(p->ctx, lock);
}

static void pass_lock_acquire(void *ctx, struct iommu_lock *lock)
{
    const struct iommu_platform *p = inner(ctx);
    p->lock_acquire(p->ctx, lock);
}

static void pass_lock_release(void *ctx, struct iommu_lock *lock)
{
    const struct iommu_platform *p = inner(ctx);
    p->lock_release(p->ctx, lock);
}

static uint32_t pass_pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    const struct iommu_platform *p = inner(ctx);
    return p->pci_read32(p->ctx, segment, rid, offset);
}

void rig_view_wrap(struct rig *rig)
{
    rig->platform = (struct iommu_platform){
        .ctx = rig,
        .alloc = pass_alloc,
        .free = pass_free,
        .page_alloc = page_alloc,
        .page_free = page_free,
        .phys_to_virt_offset = inner(rig)->phys_to_virt_offset,
        .phys_to_virt = inner(rig)->phys_to_virt != NULL ? pass_phys_to_virt : NULL,
        .virt_to_phys = inner(rig)->virt_to_phys != NULL ? pass_virt_to_phys : NULL,
        .mmio_map = pass_mmio_map,
        .mmio_unmap = pass_mmio_unmap,
        .mmio_read32 = mmio_read32,
        .mmio_read64 = mmio_read64,
        .mmio_write32 = mmio_write32,
        .mmio_write64 = mmio_write64,
        .cache_flush = cache_flush,
        .dma_barrier = dma_barrier,
        .now_ns = pass_now,
        .lock_init = pass_lock_init,
        .lock_fini = pass_lock_fini,
        .lock_acquire = pass_lock_acquire,
        .lock_release = pass_lock_release,
        .cpu = pass_cpu,
        .pci_read32 = pass_pci_read32,
        .pci_write32 = pci_write32,
        .log = log_line,
    };
}

void rig_view_unwrap(struct rig *rig)
{
    while (rig->views != NULL) {
        struct rig_view *view = rig->views;
        rig->views = view->next;
        free(view);
    }
}

uint64_t rig_view_hash(struct rig *rig)
{
    uint64_t sum = 0;
    for (const struct rig_view *view = rig->views; view != NULL; view = view->next) {
        uint64_t hash = physical(rig, view->cpu);
        const uint64_t *word = (const uint64_t *)(const void *)view->cpu;
        for (size_t i = 0; i < (RIG_PAGE << view->order) / 8; i++)
            hash = (hash ^ (word[i] & ~FLUSHED_MARK)) * UINT64_C(0x100000001b3);
        sum += hash;
    }
    return sum;
}

static void assert_page_flushed(struct rig *rig, const struct rig_view *view)
{
    for (size_t i = 0; i < (RIG_PAGE << view->order) / 8; i++) {
        uint64_t cpu = ((const uint64_t *)(const void *)view->cpu)[i];
        uint64_t device;
        memcpy(&device, view->device + 8 * i, sizeof device);
        if (((cpu ^ device) & ~FLUSHED_MARK) == 0)
            continue;
        if (rig_snoops(rig, physical(rig, view->cpu)))
            return; /* no word of this page needs a flush */
        fail_msg("word %zu of the table page at %llx was never flushed: the CPU wrote %llx, a "
                 "device reads %llx",
                 i, (unsigned long long)physical(rig, view->cpu), (unsigned long long)cpu,
                 (unsigned long long)device);
    }
}

void rig_assert_flushed(struct rig *rig)
{
    assert_true(rig->config.track_flushes);
    iommu_pt_stock_drain(&rig->iommu->table_pages, rig->iommu->platform); /* no hardware sees these */
    for (const struct rig_view *view = rig->views; view != NULL; view = view->next)
        if (!rig_queue_owns(rig, physical(rig, view->cpu)))
            assert_page_flushed(rig, view);
}
