/* SPDX-License-Identifier: MIT */
/*
 * models/memory/page.c - what is known about a page of memory: whether it holds tables, what of it
 * has left the CPU's caches, whether it was given back.
 *
 * Lock: the view's, taken by the calls that the host makes (taken, given, flushed) and held
 * around the others. Without storage for a page nothing is known about it, and it is treated
 * honestly.
 */
#include "models/memory/view.h"

#define POISON_BYTE 0xDBu
#define POISON_WORD 0xDBDBDBDBDBDBDBDBu

/* What a page contains that nobody has flushed yet: preferably something that looks like an
 * entry. */
#define GARBAGE_RIGHTS 0x67u /* present, writable, user, accessed, dirty: in either stage */
#define GARBAGE_PAGES  4096u

static uint64_t page_of(uint64_t pa)
{
    return pa & ~(uint64_t)(VIEW_PAGE - 1);
}

static size_t bucket_of(uint64_t pa)
{
    return (size_t)((pa / VIEW_PAGE * 0x9E3779B97F4A7C15u) >> 32) % VIEW_BUCKETS;
}

struct view_page *view_find(const struct model_view *view, uint64_t pa)
{
    struct view_page *page = view->buckets[bucket_of(page_of(pa))];

    while (page && page->pa != page_of(pa))
        page = page->next;
    return page;
}

struct view_page *view_make(struct model_view *view, uint64_t pa)
{
    struct view_page *page = view_find(view, pa);
    struct view_page **head = &view->buckets[bucket_of(page_of(pa))];

    if (page)
        return page;
    page = view->inner->alloc(view->inner->ctx, sizeof(*page));
    if (!page)
        return NULL;
    page->pa = page_of(pa);
    page->next = *head;
    *head = page;
    return page;
}

void view_strike(struct model_view *view, enum iommu_model_lie lie, const char *what, uint64_t pa)
{
    struct iommu_model_strike strike = model_strike_of(lie, what, pa);

    view->strike(view->ctx, &strike);
}

/* Word by word, each in one piece: software may be storing at the same time. */
void view_read_cpu(const struct model_view *view, uint64_t pa, void *to, size_t bytes)
{
    const struct iommu_model_memory *memory = &view->inner->memory;
    uint64_t word;
    size_t at;

    for (at = 0; at < bytes; at += sizeof(word)) {
        if (memory->read64(memory->ctx, pa + at, &word))
            word = 0;
        __builtin_memcpy((uint8_t *)to + at, &word, sizeof(word));
    }
}

void view_write_back(struct model_view *view, struct view_page *page, uint64_t line)
{
    uint8_t *device = page->device + line % VIEW_PAGE;
    uint64_t old[VIEW_LINE / 8];

    __builtin_memcpy(old, device, VIEW_LINE);
    view_read_cpu(view, line, device, VIEW_LINE);
    if (__builtin_memcmp(old, device, VIEW_LINE) != 0)
        view_remember(view, line, true, old);
}

/* ---- what the host says ---------------------------------------------------------------------- */

static uint64_t garbage(struct model_view *view)
{
    uint64_t chance = model_random(&view->lies);

    switch (chance % 4) {
    case 0:
        return 0;
    case 1:
        return POISON_WORD;
    default:
        return (chance / 4 % GARBAGE_PAGES) * VIEW_PAGE | GARBAGE_RIGHTS;
    }
}

/* The zeroes that an allocator wrote are still in the CPU's caches. A page that held tables before
 * still holds them for a device. */
static void take_page(struct model_view *view, uint64_t pa, bool table)
{
    struct view_page *page;

    table = table && (view->lies.allowed & IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_LATE_WRITES));
    page = table ? view_make(view, pa) : view_find(view, pa);
    if (!page)
        return;
    page->freed = false;
    if (table && !page->table)
        for (size_t at = 0; at < VIEW_PAGE; at += sizeof(uint64_t)) {
            uint64_t word = garbage(view);

            __builtin_memcpy(page->device + at, &word, sizeof(word));
        }
    page->table = table;
}

void model_view_taken(struct model_view *view, uint64_t pa, uint64_t bytes, bool table)
{
    uint64_t at;

    model_lock_take(&view->lock);
    for (at = page_of(pa); at < pa + bytes; at += VIEW_PAGE)
        take_page(view, at, table);
    model_lock_give(&view->lock);
}

static void poison(struct model_view *view, struct view_page *page)
{
    const struct iommu_model_memory *memory = &view->inner->memory;
    size_t at;

    page->freed = true;
    __builtin_memset(page->device, POISON_BYTE, VIEW_PAGE);
    for (at = 0; at < VIEW_PAGE; at += sizeof(uint64_t))
        memory->write64(memory->ctx, page->pa + at, POISON_WORD);
}

void model_view_given(struct model_view *view, uint64_t pa, uint64_t bytes)
{
    uint64_t at;

    model_lock_take(&view->lock);
    for (at = page_of(pa); at < pa + bytes; at += VIEW_PAGE) {
        struct view_page *page =
            model_lies_on(&view->lies, IOMMU_MODEL_LIE_POISON) ? view_make(view, at) : NULL;

        if (page)
            poison(view, page);
    }
    model_lock_give(&view->lock);
}

void model_view_flushed(struct model_view *view, uint64_t pa, uint64_t bytes)
{
    uint64_t line;

    model_lock_take(&view->lock);
    for (line = pa & ~(uint64_t)(VIEW_LINE - 1); line < pa + bytes; line += VIEW_LINE) {
        struct view_page *page = view_find(view, line);

        if (page && page->table)
            view_write_back(view, page, line);
    }
    model_lock_give(&view->lock);
}
