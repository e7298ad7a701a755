/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_pages.c - see pagetable_pages.h.
 *
 * A list of pages keeps its links in as few of them as it can, so that most are neither read nor written on their way:
 * the page on top says how many others it holds and where each of them is; when it is full, the next becomes the top and
 * links to it. Threaded through all of them, a list of 512 would be a chain of loads that miss the caches, and again
 * when it is taken apart.
 *
 * The stock keeps pages of which it is known that they are zero (but for those words) apart from the others: a table
 * that will be full does not have to be cleared first, and most of the others come back as empty as they went. Its lock
 * is taken once for all pages of a call, and only if there is something to take or to give. A single page of any content
 * waits beside it, one for each of some CPUs: threads that map and unmap a table at a time meet at no lock.
 */
#include "core/pagetable_pages.h"

/* Words of the page on top. */
#define LINK   0u /* the top of the rest, a CPU address */
#define HELD   1u /* so many from FIRST on */
#define FIRST  2u
#define ROOM   (PT_ENTRIES - FIRST)

static uint64_t get(const pt_entry *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void set(pt_entry *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* What was written into pages that were zero is zero again when they are taken. */
static pt_entry *pop(pt_entry **list)
{
    pt_entry *top = *list, *page;
    uint64_t held;

    if (!top)
        return NULL;
    held = get(&top[HELD]);
    if (!held) {
        *list = (pt_entry *)(uintptr_t)get(&top[LINK]);
        set(&top[LINK], 0);
        return top;
    }
    page = (pt_entry *)(uintptr_t)get(&top[FIRST + held - 1]);
    set(&top[FIRST + held - 1], 0);
    set(&top[HELD], held - 1);
    return page;
}

static void push(pt_entry **list, pt_entry *page)
{
    pt_entry *top = *list;
    uint64_t held = top ? get(&top[HELD]) : ROOM;

    if (held < ROOM) {
        set(&top[FIRST + held], (uintptr_t)page);
        set(&top[HELD], held + 1);
        return;
    }
    set(&page[LINK], (uintptr_t)top);
    set(&page[HELD], 0);
    *list = page;
}

pt_entry *pt_pages_pop(struct pt_pages *pages, enum pt_page kind)
{
    pt_entry *page = pop(&pages->list[kind]);

    if (!page) {
        page = pop(&pages->list[!kind]);
        if (page && kind == PT_PAGE_ZERO)
            __builtin_memset((void *)page, 0, IOMMU_PAGE_SIZE);
    }
    return page;
}

void pt_pages_push(struct pt_pages *pages, enum pt_page kind, pt_entry *page)
{
    push(&pages->list[kind], page);
}

/* ---- the stock ---------------------------------------------------------------------------------------- */

static pt_entry **stock_list(struct iommu_pt_stock *stock, enum pt_page kind)
{
    return (pt_entry **)&stock->pages[kind];
}

/* By 1, or by -1. */
static void count_by(struct iommu_pt_stock *stock, enum pt_page kind, uint32_t difference)
{
    __atomic_store_n(&stock->count, stock->count + difference, __ATOMIC_RELAXED);
    if (kind == PT_PAGE_ZERO)
        stock->zero += difference;
}

static bool has_room(const struct iommu_pt_stock *stock, enum pt_page kind)
{
    return stock->count < IOMMU_PT_STOCK_MAX && (kind != PT_PAGE_ZERO || stock->zero < IOMMU_PT_STOCK_ZERO_MAX);
}

/* One page, of that kind if there is one. */
static bool stock_pop(struct iommu_pt_stock *stock, struct pt_pages *pages, enum pt_page kind)
{
    pt_entry *page = pop(stock_list(stock, kind));

    if (!page) {
        kind = !kind;
        page = pop(stock_list(stock, kind));
    }
    if (!page)
        return false;
    push(&pages->list[kind], page);
    count_by(stock, kind, UINT32_MAX);
    return true;
}

/* The place of the CPU that asks. Others may come to it as well: it is exchanged, never just written. */
static uint64_t **spare_of(const struct iommu_pt *pt)
{
    uint32_t cpu = pt->platform->cpu ? pt->platform->cpu(pt->platform->ctx) : 0;

    return &pt->stock->spare[cpu % IOMMU_PT_STOCK_SPARES].page;
}

static bool take_spare(uint64_t **spare, struct pt_pages *pages)
{
    uint64_t *page = __atomic_load_n(spare, __ATOMIC_RELAXED);

    if (page)
        page = __atomic_exchange_n(spare, NULL, __ATOMIC_ACQUIRE);
    if (page)
        push(&pages->list[PT_PAGE_ANY], (pt_entry *)(void *)page);
    return page != NULL;
}

static void give_spare(uint64_t **spare, struct pt_pages *pages)
{
    uint64_t *none = NULL;
    pt_entry *page;

    if (!pages->list[PT_PAGE_ANY] || __atomic_load_n(spare, __ATOMIC_RELAXED))
        return;
    page = pop(&pages->list[PT_PAGE_ANY]);
    if (!__atomic_compare_exchange_n(spare, &none, (uint64_t *)(void *)page, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        push(&pages->list[PT_PAGE_ANY], page);
}

static void stock_take(const struct iommu_pt *pt, struct pt_pages *pages, uint64_t *zero, uint64_t *any)
{
    struct iommu_pt_stock *stock = pt->stock;

    if (!stock)
        return;
    if (*any && take_spare(spare_of(pt), pages))
        --*any;
    if (!(*any + *zero) || !__atomic_load_n(&stock->count, __ATOMIC_RELAXED))
        return;
    host_lock(pt->platform, &stock->lock);
    while (*any && stock_pop(stock, pages, PT_PAGE_ANY))
        --*any;
    while (*zero && stock_pop(stock, pages, PT_PAGE_ZERO))
        --*zero;
    host_unlock(pt->platform, &stock->lock);
}

static bool is_empty(const struct pt_pages *pages)
{
    return !pages->list[PT_PAGE_ZERO] && !pages->list[PT_PAGE_ANY];
}

static void stock_give(const struct iommu_pt *pt, struct pt_pages *pages)
{
    struct iommu_pt_stock *stock = pt->stock;

    give_spare(spare_of(pt), pages);
    if (is_empty(pages))
        return;
    host_lock(pt->platform, &stock->lock);
    for (unsigned kind = 0; kind < PT_PAGE_KINDS; kind++)
        while (pages->list[kind] && has_room(stock, kind)) {
            push(stock_list(stock, kind), pop(&pages->list[kind]));
            count_by(stock, kind, 1);
        }
    host_unlock(pt->platform, &stock->lock);
}

void pt_pages_free(const struct iommu_platform *platform, struct pt_pages *pages, enum pt_page kind)
{
    while (pages->list[kind])
        host_page_free(platform, (void *)pop(&pages->list[kind]), 0);
}

static void to_host(const struct iommu_platform *platform, struct pt_pages *pages)
{
    pt_pages_free(platform, pages, PT_PAGE_ZERO);
    pt_pages_free(platform, pages, PT_PAGE_ANY);
}

int iommu_pt_stock_init(struct iommu_pt_stock *stock, const struct iommu_platform *platform)
{
    __builtin_memset(stock, 0, sizeof(*stock));
    return host_lock_init(platform, &stock->lock);
}

void iommu_pt_stock_drain(struct iommu_pt_stock *stock, const struct iommu_platform *platform)
{
    struct pt_pages all = {{NULL, NULL}};

    for (unsigned i = 0; i < IOMMU_PT_STOCK_SPARES; i++)
        (void)take_spare(&stock->spare[i].page, &all);
    host_lock(platform, &stock->lock);
    while (stock_pop(stock, &all, PT_PAGE_ZERO))
        ;
    host_unlock(platform, &stock->lock);
    to_host(platform, &all);
}

void iommu_pt_stock_fini(struct iommu_pt_stock *stock, const struct iommu_platform *platform)
{
    iommu_pt_stock_drain(stock, platform);
    host_lock_fini(platform, &stock->lock);
}

/* ---- a call's pages ----------------------------------------------------------------------------------- */

/* A page where the hardware cannot reach it is no better than none. */
static bool is_reachable(const struct iommu_pt *pt, const pt_entry *page)
{
    uint64_t pa = host_virt_to_phys(pt->platform, (const void *)page);

    return (pa & ~pt->config.format->address) == 0 &&
           pa >> pt->config.pa_bits == 0;
}

int pt_pages_get(const struct iommu_pt *pt, struct pt_pages *pages, uint64_t zero, uint64_t any)
{
    stock_take(pt, pages, &zero, &any);
    for (uint64_t left = zero + any; left; left--) {
        pt_entry *page = host_page_alloc(pt->platform, 0);

        if (page && is_reachable(pt, page)) {
            push(&pages->list[PT_PAGE_ZERO], page);
            continue;
        }
        host_page_free(pt->platform, (void *)page, 0);
        pt_pages_put(pt, pages);
        return -IOMMU_ENOMEM;
    }
    return 0;
}

void pt_pages_put(const struct iommu_pt *pt, struct pt_pages *pages)
{
    if (is_empty(pages))
        return;
    if (pt->stock)
        stock_give(pt, pages);
    to_host(pt->platform, pages);
}
