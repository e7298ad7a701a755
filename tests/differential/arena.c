/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/arena.c - the part of QEMU's memory that tables, queue and DMA use, and what
 * the models see of all of it.
 */
#include "tests/differential/differential.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((uint64_t)8 << 20)
#define LOW_END     ((uint64_t)1 << 20)    /* below: firmware, VGA */
#define PCI_FIRST   ((uint64_t)0x80000000) /* from here to 4 GiB: devices */
#define PCI_END     ((uint64_t)1 << 32)

/* No two alike, none zero. */
uint64_t arena_content(uint64_t pa)
{
    uint64_t word = (pa | 1) * 0x9E3779B97F4A7C15u;

    return word ^ word >> 29;
}

bool arena_create(struct arena *arena, struct iommu_qemu *qemu)
{
    uint64_t base = iommu_posix_buffer_alloc(iommu_qemu_posix(qemu), ARENA_BYTES);
    uint64_t at;

    if (!base)
        return false;
    *arena = (struct arena){.ram = iommu_posix_memory(iommu_qemu_posix(qemu), 0, 1)};
    arena->ram_bytes = (uint64_t)1 << 30; /* what the QEMU host gives its machine */
    if (!arena->ram || !iommu_posix_memory(iommu_qemu_posix(qemu), 0, arena->ram_bytes))
        return false;
    arena->tables = base;
    arena->ring = base + TABLE_PAGES * VTD_PAGE_BYTES;
    arena->status = arena->ring + VTD_PAGE_BYTES;
    arena->dump = arena->status + VTD_PAGE_BYTES;
    arena->pattern = arena->dump + VTD_PAGE_BYTES;
    arena->data = base + ARENA_BYTES - DATA_BYTES;
    for (at = arena->data; at < arena->data + DATA_BYTES; at += 8)
        *arena_words(arena, at) = arena_content(at);
    return true;
}

uint64_t arena_page(struct arena *arena)
{
    uint64_t pa = arena->tables + (uint64_t)(arena->used % TABLE_PAGES) * VTD_PAGE_BYTES;

    arena->used++;
    memset(arena->ram + pa, 0, VTD_PAGE_BYTES);
    return pa;
}

uint64_t *arena_words(const struct arena *arena, uint64_t pa)
{
    return (uint64_t *)(void *)(arena->ram + pa);
}

bool arena_is_ram(const struct arena *arena, uint64_t pa)
{
    return pa >= LOW_END && pa < arena->ram_bytes;
}

bool arena_is_hole(const struct arena *arena, uint64_t pa)
{
    return (pa >= arena->ram_bytes && pa < PCI_FIRST) || pa >= PCI_END;
}

bool arena_is_data(const struct arena *arena, uint64_t pa)
{
    return pa >= arena->data && pa < arena->data + DATA_BYTES;
}

/* ---- what the models see ------------------------------------------------------------------- */

void view_begin(struct view *view)
{
    view->reads = 0;
    view->forbidden = false;
}

void view_patch(struct view *view, unsigned read, uint64_t value)
{
    unsigned i;

    for (i = 0; i < view->patches && view->patch[i].read != read; i++) {
    }
    if (i == PATCHES)
        return;
    if (i == view->patches)
        view->patches++;
    view->patch[i].read = read;
    view->patch[i].value = value;
}

static int view_word(struct view *view, uint64_t pa, uint64_t **word)
{
    if (arena_is_ram(view->arena, pa)) {
        *word = arena_words(view->arena, pa);
        return 0;
    }
    if (!arena_is_hole(view->arena, pa))
        view->forbidden = true;
    return -1;
}

static int view_read64(void *ctx, uint64_t pa, uint64_t *value)
{
    struct view *view = ctx;
    uint64_t *word;
    unsigned i, read = view->reads++;

    for (i = 0; i < view->patches; i++) {
        if (view->patch[i].read == read) {
            *value = view->patch[i].value;
            return 0;
        }
    }
    if (view_word(view, pa, &word))
        return -1;
    *value = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    return 0;
}

static int view_write64(void *ctx, uint64_t pa, uint64_t value)
{
    uint64_t *word;

    if (view_word(ctx, pa, &word))
        return -1;
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    return 0;
}

static int view_cas64(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    uint64_t *word;

    if (view_word(ctx, pa, &word))
        return -1;
    return !__atomic_compare_exchange_n(word, expected, desired, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE);
}

static void *allocate(void *ctx, size_t bytes)
{
    (void)ctx;
    return calloc(1, bytes);
}

static void release(void *ctx, void *object, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(object);
}

void arena_host(struct view *view, struct iommu_model_host *host)
{
    *host = (struct iommu_model_host){
        .memory = {.ctx = view,
                   .read64 = view_read64,
                   .write64 = view_write64,
                   .cas64 = view_cas64},
        .alloc = allocate,
        .free = release,
    };
}
