/* SPDX-License-Identifier: MIT */
/*
 * pages.c - who owns which page. Stands between the driver and the platform's page hooks, from any thread; the
 * walk then claims each page that it finds a pointer to, once.
 */
#include "tests/checker/checker.h"

#include "iommukit/driver.h"

#include <stdio.h>
#include <stdlib.h>

static _Thread_local int owner_now = CHECKER_DRIVER;

void checker_owner(int owner)
{
    owner_now = owner;
}

static uint64_t physical(const struct checker *checker, const void *page)
{
    return (uint64_t)((const uint8_t *)page - checker->memory);
}

static void note(struct checker *checker, uint64_t pa, unsigned order, bool live)
{
    struct checker_page *page = &checker->pages[pa / RIG_PAGE];
    uint64_t count = UINT64_C(1) << order;

    for (uint64_t i = 0; i < count; i++)
        page[i] = (struct checker_page){.state = live ? CHECKER_INNER : CHECKER_FREED,
                                        .owner = (int16_t)(live ? owner_now : page[i].owner)};
    if (live)
        page->state = CHECKER_LIVE;
    page->order = (uint8_t)order;
    if (pa / RIG_PAGE + count > checker->page_high)
        checker->page_high = pa / RIG_PAGE + count;
}

uint64_t checker_root(const struct checker *checker, const struct iommu_domain *domain)
{
    const uint64_t *top = __atomic_load_n(&domain->pt.root, __ATOMIC_ACQUIRE);

    return top != NULL ? physical(checker, top) : 0;
}

bool checker_is_empty(const struct checker *checker, uint64_t root)
{
    return root == physical(checker, checker->rig.iommu->no_table);
}

static void *page_alloc(void *ctx, unsigned order)
{
    struct checker *checker = ctx;
    void *page = checker->page_alloc(ctx, order);

    if (page == NULL)
        return NULL;
    pthread_mutex_lock(&checker->lock);
    note(checker, physical(checker, page), order, true);
    pthread_mutex_unlock(&checker->lock);
    return page;
}

static void page_free(void *ctx, void *page, unsigned order)
{
    struct checker *checker = ctx;

    pthread_mutex_lock(&checker->lock);
    note(checker, physical(checker, page), order, false);
    pthread_mutex_unlock(&checker->lock);
    checker->page_free(ctx, page, order);
}

void checker_watch(struct checker *checker)
{
    struct iommu_platform *platform = &checker->rig.platform;
    uint64_t bytes = checker->rig.config.ram_bytes;
    size_t dmar_bytes;
    const uint8_t *dmar = iommu_model_machine_dmar(checker->rig.machine, &dmar_bytes);

    pthread_mutex_init(&checker->lock, NULL);
    checker->page_count = (bytes != 0 ? bytes : UINT64_C(8) << 30) / RIG_PAGE;
    checker->pages = calloc(checker->page_count, sizeof *checker->pages);
    checker->memory = iommu_posix_memory(checker->rig.memory, 0, RIG_PAGE);
    checker->address_bits = dmar[36] + 1u; /* the table's byte 36: host address width - 1 */
    checker->page_alloc = platform->page_alloc;
    checker->page_free = platform->page_free;
    platform->page_alloc = page_alloc;
    platform->page_free = page_free;
    owner_now = CHECKER_UNITS;
}

void checker_start(struct checker *checker)
{
    (void)checker;
    owner_now = CHECKER_DRIVER;
}

void checker_stop(struct checker *checker)
{
    free(checker->pages);
    pthread_mutex_destroy(&checker->lock);
}

/* ---- during a run --------------------------------------------------------------------------------------- */

uint64_t *checker_words(struct checker *checker, uint64_t pa)
{
    return (uint64_t *)(void *)(checker->memory + pa);
}

static const char *state_name(const struct checker *checker, uint64_t page)
{
    static const char *const name[] = {"no page that was ever allocated", "a live page",
                                       "the middle of an allocation", "a page that has been freed"};

    if (page / RIG_PAGE >= checker->page_count)
        return "an address outside memory";
    return name[checker->pages[page / RIG_PAGE].state];
}

static void owner_name(int owner, char *name, size_t bytes)
{
    if (owner >= CHECKER_DOMAIN(0))
        snprintf(name, bytes, "domain %d", owner - CHECKER_DOMAIN(0));
    else
        snprintf(name, bytes, "%s", owner == CHECKER_UNITS ? "a unit" : "the driver's tables");
}

bool checker_claim(struct checker *checker, uint64_t page, unsigned order, int owner,
                   uint64_t parent, const char *what)
{
    struct checker_page *entry = &checker->pages[page / RIG_PAGE];

    if (page / RIG_PAGE >= checker->page_count || entry->state != CHECKER_LIVE) {
        checker_find(checker, "%s: the pointer at %#llx leads to %#llx, %s", what,
                     (unsigned long long)parent, (unsigned long long)page,
                     state_name(checker, page));
        return false;
    }
    /* Tables of all domains come from one stock, and go back to it. */
    if (entry->owner != owner && (entry->owner < CHECKER_DOMAIN(0) || owner < CHECKER_DOMAIN(0))) {
        char name[32];

        owner_name(entry->owner, name, sizeof name);
        checker_find(checker, "%s: the pointer at %#llx leads to %#llx, a page of %s", what,
                     (unsigned long long)parent, (unsigned long long)page, name);
        return false;
    }
    if (entry->order != order)
        checker_find(checker, "%s: %#llx has order %u, not %u", what, (unsigned long long)page,
                     entry->order, order);
    if (entry->seen == checker->round) {
        checker_find(checker, "%s: page %#llx is linked twice, from %#llx and from %#llx", what,
                     (unsigned long long)page, (unsigned long long)entry->parent,
                     (unsigned long long)parent);
        return false;
    }
    entry->seen = checker->round;
    entry->parent = parent;
    return true;
}

/* What hangs below a dead table; its own slot 0 may be the link to the next tree. */
/* NOLINTNEXTLINE(misc-no-recursion): down a level each time, five at most */
static void claim_dead(struct checker *checker, const struct iommu_pt_format *format, uint64_t top, unsigned level,
                       int owner)
{
    const uint64_t *table = checker_words(checker, top);

    for (unsigned i = 0; level > 1 && i < 512; i++) {
        uint64_t below = table[i] & format->address;

        if ((table[i] & format->present) && !(table[i] & format->large) &&
            checker_claim(checker, below, 0, owner, top, "a dead table"))
            claim_dead(checker, format, below, level - 1, owner);
    }
}

static bool claim_spare(struct checker *checker, const uint64_t *page)
{
    return checker_claim(checker, physical(checker, page), 0, CHECKER_DOMAIN(0), (uintptr_t)checker->rig.iommu,
                         "the stock of pages for tables");
}

/* The first word of a page on top is the next such page; the second, how many pages the words after it lead to. */
static void claim_list(struct checker *checker, const uint64_t *top)
{
    for (; top != NULL && claim_spare(checker, top); top = (const uint64_t *)(uintptr_t)top[0])
        for (uint64_t i = 0; i < top[1]; i++)
            if (!claim_spare(checker, (const uint64_t *)(uintptr_t)top[2 + i]))
                return;
}

static void claim_stock(struct checker *checker)
{
    const struct iommu_pt_stock *stock = &checker->rig.iommu->table_pages;

    claim_list(checker, stock->pages[0]);
    claim_list(checker, stock->pages[1]);
    for (unsigned i = 0; i < IOMMU_PT_STOCK_SPARES; i++)
        if (stock->spare[i].page != NULL)
            (void)claim_spare(checker, stock->spare[i].page);
}

void checker_gathers(struct checker *checker)
{
    const struct checker_facts *facts = checker->facts;

    for (unsigned i = 0; i < facts->gather_count; i++) {
        const struct iommu_gather *gather = facts->gathers[i];
        uint64_t at = gather->domain != NULL ? gather->dead_tables : 0;
        unsigned domain = at != 0 ? checker_domain_number(checker, gather->domain) : 0;

        /* The first word of each top is the link to the next; bits 10:8 its level, bit 11: it is the last. */
        while (at != 0) {
            uint64_t page = at & ~UINT64_C(0xfff);

            if (!checker_claim(checker, page, 0, CHECKER_DOMAIN(domain), (uintptr_t)gather,
                               "a gather's list of dead tables"))
                break;
            claim_dead(checker, gather->domain->pt.config.format, page, at >> 8 & 7, CHECKER_DOMAIN(domain));
            at = (at & 1u << 11) ? 0 : *checker_words(checker, page);
        }
    }
    claim_stock(checker);
}

void checker_pages(struct checker *checker)
{
    char name[32];

    for (uint64_t i = 0; i < checker->page_high; i++) {
        const struct checker_page *page = &checker->pages[i];

        if (page->state != CHECKER_LIVE || page->owner == CHECKER_UNITS ||
            page->seen == checker->round)
            continue;
        owner_name(page->owner, name, sizeof name);
        uint64_t at = i * RIG_PAGE;
        checker_find(checker, "leak: nothing points at page %#llx of %s", (unsigned long long)at,
                     name);
    }
}
