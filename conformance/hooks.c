/* SPDX-License-Identifier: MIT */
/*
 * hooks.c - the platform that the driver under test gets: the modelled machine's, counted and watched.
 *
 * Freed table pages are poisoned and never handed out again (unless a lie of the memory does as much). Where a unit does not snoop, each table page has a
 * shadow, which only cache_flush brings up to date: what such a unit would read. Time is virtual: each hook takes a
 * moment, and on a machine that stands still the clock runs fast, so that deadlines come soon.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance/bench.h"
#include "conformance/registers.h"

#define POISON        0xdb
#define TICK_NS       UINT64_C(200)
#define TICK_STALL_NS UINT64_C(1000000)

static const struct iommu_platform *inner(const struct bench *bench)
{
    return iommu_host_model_platform(bench->host);
}

/* Every hook begins and ends with these two. */
static void enter(struct bench *bench)
{
    bench->counts.hooks++;
    bench->now_ns += TICK_NS;
    if (bench->hooks_left == 0 || --bench->hooks_left == 0)
        bench_fail(
            bench, FINDING_HANG,
            "the driver still waits in %s after %llu calls of the platform, %llu ms of its time",
            bench->doing, (unsigned long long)bench->counts.hooks,
            (unsigned long long)(bench->now_ns / 1000000));
    bench->in_hook++;
}

static void leave(struct bench *bench)
{
    bench->in_hook--;
}

static void look(struct bench *bench)
{
    if (bench->watch.on)
        bench_glance(bench);
    if (bench->at_hook != NULL)
        bench->at_hook(bench);
}

/* ---- memory */

static struct bench_frame *frame_of(struct bench *bench, const void *va)
{
    return &bench->frame[(size_t)((const uint8_t *)va - bench->ram) / BENCH_PAGE];
}

static bool fails(struct bench *bench)
{
    return bench->fail_alloc != 0 && --bench->fail_alloc == 0;
}

static void *hook_alloc(void *ctx, size_t bytes)
{
    struct bench *bench = ctx;
    return fails(bench) ? NULL : bench_object_alloc(bench, bytes);
}

static void hook_free(void *ctx, void *object, size_t bytes)
{
    if (object != NULL)
        bench_object_free(ctx, object, bytes);
}

static bool any_unsnooped(const struct bench *bench)
{
    for (unsigned i = 0; i < bench->unit_count; i++)
        if (!(bench->ecap[i] & ECAP_C) ||
            ((bench->ecap[i] & ECAP_SMTS) && !(bench->ecap[i] & ECAP_SMPWCS)))
            return true;
    return false;
}

static void *hook_page_alloc(void *ctx, unsigned order)
{
    struct bench *bench = ctx;
    if (fails(bench))
        return NULL;
    enter(bench);
    void *page = inner(bench)->page_alloc(inner(bench)->ctx, order);
    leave(bench);
    if (page == NULL)
        return NULL;
    struct bench_frame *frame = frame_of(bench, page);
    frame->order = (uint8_t)order;
    for (size_t i = 0; i < (size_t)1 << order; i++) {
        frame[i].use = FRAME_TABLE;
        if (!any_unsnooped(bench))
            continue;
        frame[i].shadow = malloc(BENCH_PAGE);
        if (frame[i].shadow !=
            NULL) /* whatever was in memory before the zeroes: a flush has to bring them there */
            memset(frame[i].shadow, POISON, BENCH_PAGE);
    }
    return page;
}

static void hook_page_free(void *ctx, void *page, unsigned order)
{
    struct bench *bench = ctx;
    if (page == NULL)
        return;
    if ((uint8_t *)page < bench->ram || (uint8_t *)page >= bench->ram + BENCH_RAM) {
        bench_note(bench, FINDING_FREED_TWICE, "page_free of what is no page");
        return;
    }
    struct bench_frame *frame = frame_of(bench, page);
    if (frame->use != FRAME_TABLE || frame->order != order) {
        bench_note(bench, FINDING_FREED_TWICE,
                   "page_free of page %#llx, order %u, which is not allocated so (any more)",
                   (unsigned long long)((uint8_t *)page - bench->ram), order);
        return;
    }
    enter(bench);
    for (size_t i = 0; i < (size_t)1 << order; i++) {
        frame[i].use = FRAME_FREED;
        free(frame[i].shadow);
        frame[i].shadow = NULL;
    }
    if (bench->hold_freed)
        memset(page, POISON, BENCH_PAGE << order);
    else
        inner(bench)->page_free(inner(bench)->ctx, page, order);
    look(bench);
    leave(bench);
}

static void hook_cache_flush(void *ctx, const void *va, size_t bytes)
{
    struct bench *bench = ctx;
    enter(bench);
    const uintptr_t first = (uintptr_t)va & ~(uintptr_t)(BENCH_LINE - 1),
                    end = (uintptr_t)va + bytes;
    bench->counts.flush_calls++;
    for (uintptr_t line = first; line < end; line += BENCH_LINE) {
        const uint8_t *from = (const uint8_t *)va + (ptrdiff_t)(line - (uintptr_t)va);
        bench->counts.flush_lines++;
        if (from < bench->ram || from >= bench->ram + BENCH_RAM)
            continue;
        struct bench_frame *frame = frame_of(bench, from);
        if (frame->shadow != NULL)
            memcpy(frame->shadow + (line & (BENCH_PAGE - 1)), from, BENCH_LINE);
    }
    inner(bench)->cache_flush(inner(bench)->ctx, va, bytes);
    look(bench);
    leave(bench);
}

static void hook_barrier(void *ctx)
{
    struct bench *bench = ctx;
    enter(bench);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    look(bench);
    leave(bench);
}

static uint64_t hook_now(void *ctx)
{
    struct bench *bench = ctx;
    enter(bench);
    if (bench->stalled || bench_broken_hardware(bench))
        bench->now_ns += TICK_STALL_NS;
    iommu_model_machine_step(bench->machine);
    leave(bench);
    return bench->now_ns;
}

static void hook_relax(void *ctx)
{
    struct bench *bench = ctx;
    enter(bench);
    iommu_model_machine_step(bench->machine);
    leave(bench);
}

/* ---- registers: the cookie is the physical address, see host/posix.h */

static bool unit_register(const struct bench *bench, const volatile void *reg, unsigned *unit,
                          uint32_t *offset)
{
    uint64_t pa = (uintptr_t)reg;
    for (unsigned i = 0; i < bench->unit_count; i++) {
        if (pa < bench_unit_base(i) || pa - bench_unit_base(i) >= 0x10000)
            continue;
        *unit = i;
        *offset = (uint32_t)(pa - bench_unit_base(i));
        return true;
    }
    return false;
}

/* False: a unit that stands still takes no notice. */
static bool write_seen(struct bench *bench, volatile void *reg, uint64_t value, unsigned bytes)
{
    unsigned unit;
    uint32_t offset;
    bench->counts.mmio_writes++;
    if (!unit_register(bench, reg, &unit, &offset))
        return true;
    uint32_t iotlb = reg_iotlb(bench->ecap[unit]);
    bool starts = bytes == 8 ? (value & COMMAND_BUSY) != 0 : (value & UINT32_C(1) << 31) != 0;
    bool go = starts && (offset == REG_CCMD + 8 - bytes || offset == iotlb + 8 - bytes);
    bench->counts.tails += offset == REG_IQT;
    bench->counts.register_invalidations += go;
    if (offset == REG_GCMD)
        bench_command_seen(bench, unit, (uint32_t)value);
    return !(bench->stalled && (offset == REG_IQT || offset == REG_GCMD || go));
}

/* Register commands that a stalled unit never finishes. */
static uint64_t read_seen(struct bench *bench, const volatile void *reg, uint64_t value,
                          unsigned bytes)
{
    unsigned unit;
    uint32_t offset;
    bench->counts.mmio_reads++;
    if (!bench->stalled || !unit_register(bench, reg, &unit, &offset))
        return value;
    uint32_t iotlb = reg_iotlb(bench->ecap[unit]);
    if (offset == REG_CCMD + 8 - bytes || offset == iotlb + 8 - bytes)
        return value | (bytes == 8 ? COMMAND_BUSY : UINT32_C(1) << 31);
    return value;
}

static void *hook_map(void *ctx, uint64_t pa, size_t bytes)
{
    struct bench *bench = ctx;
    return inner(bench)->mmio_map(inner(bench)->ctx, pa, bytes);
}

static void hook_unmap(void *ctx, void *base, size_t bytes)
{
    struct bench *bench = ctx;
    inner(bench)->mmio_unmap(inner(bench)->ctx, base, bytes);
}

static uint32_t hook_read32(void *ctx, const volatile void *reg)
{
    struct bench *bench = ctx;
    enter(bench);
    uint32_t value = inner(bench)->mmio_read32(inner(bench)->ctx, reg);
    value = (uint32_t)read_seen(bench, reg, value, 4);
    leave(bench);
    return value;
}

static uint64_t hook_read64(void *ctx, const volatile void *reg)
{
    struct bench *bench = ctx;
    enter(bench);
    uint64_t value = inner(bench)->mmio_read64(inner(bench)->ctx, reg);
    value = read_seen(bench, reg, value, 8);
    leave(bench);
    return value;
}

static void hook_write32(void *ctx, volatile void *reg, uint32_t value)
{
    struct bench *bench = ctx;
    enter(bench);
    look(bench);
    if (write_seen(bench, reg, value, 4))
        inner(bench)->mmio_write32(inner(bench)->ctx, reg, value);
    look(bench);
    leave(bench);
}

static void hook_write64(void *ctx, volatile void *reg, uint64_t value)
{
    struct bench *bench = ctx;
    enter(bench);
    look(bench);
    if (write_seen(bench, reg, value, 8))
        inner(bench)->mmio_write64(inner(bench)->ctx, reg, value);
    look(bench);
    leave(bench);
}

static uint32_t hook_pci_read(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    struct bench *bench = ctx;
    return inner(bench)->pci_read32(inner(bench)->ctx, segment, rid, offset);
}

static void hook_pci_write(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset,
                           uint32_t value)
{
    struct bench *bench = ctx;
    inner(bench)->pci_write32(inner(bench)->ctx, segment, rid, offset, value);
}

static void *hook_phys_to_virt(void *ctx, uint64_t pa)
{
    struct bench *bench = ctx;
    return bench->ram + pa;
}

static uint64_t hook_virt_to_phys(void *ctx, const void *va)
{
    const struct bench *bench = ctx;
    return (uint64_t)((const uint8_t *)va - bench->ram);
}

static void hook_log(void *ctx, enum iommu_log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    (void)text;
}

void bench_hooks_open(struct bench *bench)
{
    bench->platform = (struct iommu_platform){
        .ctx = bench,
        .alloc = hook_alloc,
        .free = hook_free,
        .page_alloc = hook_page_alloc,
        .page_free = hook_page_free,
        .phys_to_virt = hook_phys_to_virt,
        .virt_to_phys = hook_virt_to_phys,
        .mmio_map = hook_map,
        .mmio_unmap = hook_unmap,
        .mmio_read32 = hook_read32,
        .mmio_read64 = hook_read64,
        .mmio_write32 = hook_write32,
        .mmio_write64 = hook_write64,
        .cache_flush = hook_cache_flush,
        .dma_barrier = hook_barrier,
        .now_ns = hook_now,
        .relax = hook_relax,
        .pci_read32 = hook_pci_read,
        .pci_write32 = hook_pci_write,
        .log = hook_log,
    };
}

void bench_hooks_close(struct bench *bench)
{
    for (size_t i = 0; i < BENCH_FRAMES; i++) {
        free(bench->frame[i].shadow);
        bench->frame[i].shadow = NULL;
    }
    bench_objects_drop(bench);
}
