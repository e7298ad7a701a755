/* SPDX-License-Identifier: MIT */
/*
 * platform/strict/strict.c - memory hooks, counts and the life of the strict host. watch.c has
 * registers, locks and the rest. Tests put it between the library and any other host.
 *
 * One mutex guards everything. No hook of the inner host is called under it: those may wait for
 * hardware.
 */
#include "platform/strict/strict.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_POISON 0xDBu
#define MAX_PAGE_ORDER 9u

/* ---- violations ---------------------------------------------------------------------------- */

void strict_violation(struct iommu_strict *strict, const char *format, ...)
{
    va_list arguments;

    if (strict->counts.violations++)
        return;
    va_start(arguments, format);
    vsnprintf(strict->violation, sizeof strict->violation, format, arguments);
    va_end(arguments);
}

const char *iommu_strict_violation(const struct iommu_strict *strict)
{
    struct iommu_strict_counts counts;

    iommu_strict_counts(strict, &counts);
    return counts.violations ? strict->violation : NULL;
}

/* ---- addresses ----------------------------------------------------------------------------- */

static uint64_t to_phys(const struct iommu_strict *strict, const void *va)
{
    const struct iommu_platform *inner = strict->inner;

    if (inner->virt_to_phys)
        return inner->virt_to_phys(inner->ctx, va);
    return (uint64_t)(uintptr_t)va - inner->phys_to_virt_offset;
}

void *strict_to_virt(const struct iommu_strict *strict, uint64_t pa)
{
    const struct iommu_platform *inner = strict->inner;

    if (inner->phys_to_virt)
        return inner->phys_to_virt(inner->ctx, pa);
    return (void *)(uintptr_t)(pa + inner->phys_to_virt_offset);
}

static void *hook_phys_to_virt(void *ctx, uint64_t pa)
{
    return strict_to_virt(ctx, pa);
}

static uint64_t hook_virt_to_phys(void *ctx, const void *va)
{
    return to_phys(ctx, va);
}

/* ---- objects ------------------------------------------------------------------------------- */

/* Is this the allocation that was chosen to fail? Called with the mutex held. */
static bool fails_now(struct iommu_strict *strict)
{
    if (!strict->fail_in || --strict->fail_in)
        return false;
    strict->failed = true;
    return true;
}

static bool may_allocate(struct iommu_strict *strict)
{
    bool may;

    pthread_mutex_lock(&strict->mutex);
    may = !fails_now(strict);
    pthread_mutex_unlock(&strict->mutex);
    return may;
}

static bool note_object(struct iommu_strict *strict, const void *object, size_t bytes)
{
    bool noted;

    pthread_mutex_lock(&strict->mutex);
    noted = ledger_add(&strict->ledger, LEDGER_OBJECT, (uintptr_t)object, bytes);
    if (noted) {
        strict->counts.allocs++;
        strict->counts.objects_live++;
        strict->counts.bytes_live += bytes;
    }
    pthread_mutex_unlock(&strict->mutex);
    return noted;
}

static void *hook_alloc(void *ctx, size_t bytes)
{
    struct iommu_strict *strict = ctx;
    void *object;

    if (!may_allocate(strict))
        return NULL;
    object = strict->inner->alloc(strict->inner->ctx, bytes);
    if (object && !note_object(strict, object, bytes)) {
        strict->inner->free(strict->inner->ctx, object, bytes);
        return NULL;
    }
    return object;
}

/* True: the object was alive with this size and is no more. */
static bool forget_object(struct iommu_strict *strict, const void *object, size_t bytes)
{
    struct ledger_entry *entry;
    bool good = false;

    pthread_mutex_lock(&strict->mutex);
    entry = ledger_find(&strict->ledger, LEDGER_OBJECT, (uintptr_t)object);
    if (!entry) {
        strict_violation(strict, "free(%p, %zu): not a live object", object, bytes);
    } else if (entry->value != bytes) {
        strict_violation(strict, "free(%p, %zu): the object has %llu bytes", object, bytes,
                         (unsigned long long)entry->value);
    } else {
        ledger_remove(&strict->ledger, entry);
        strict->counts.frees++;
        strict->counts.objects_live--;
        strict->counts.bytes_live -= bytes;
        good = true;
    }
    pthread_mutex_unlock(&strict->mutex);
    return good;
}

static void hook_free(void *ctx, void *object, size_t bytes)
{
    struct iommu_strict *strict = ctx;

    if (!forget_object(strict, object, bytes))
        return;
    memset(object, strict->poison, bytes);
    strict->inner->free(strict->inner->ctx, object, bytes);
}

/* ---- pages --------------------------------------------------------------------------------- */

static bool note_page(struct iommu_strict *strict, uint64_t pa, unsigned order)
{
    bool noted;

    pthread_mutex_lock(&strict->mutex);
    if (pa & ((IOMMU_PAGE_SIZE << order) - 1))
        strict_violation(strict, "page_alloc(%u): the inner host's page %#llx is not aligned",
                         order, (unsigned long long)pa);
    noted = ledger_add(&strict->ledger, LEDGER_PAGE, pa, order);
    if (noted) {
        strict->counts.page_allocs += 1u << order;
        strict->counts.pages_live += 1u << order;
    }
    pthread_mutex_unlock(&strict->mutex);
    return noted;
}

static bool order_allowed(struct iommu_strict *strict, unsigned order)
{
    if (order <= MAX_PAGE_ORDER)
        return true;
    pthread_mutex_lock(&strict->mutex);
    strict_violation(strict, "page_alloc(%u): the largest order is %u", order, MAX_PAGE_ORDER);
    pthread_mutex_unlock(&strict->mutex);
    return false;
}

static void *hook_page_alloc(void *ctx, unsigned order)
{
    struct iommu_strict *strict = ctx;
    void *page;

    if (!order_allowed(strict, order) || !may_allocate(strict))
        return NULL;
    page = strict->inner->page_alloc(strict->inner->ctx, order);
    if (page && !note_page(strict, to_phys(strict, page), order)) {
        strict->inner->page_free(strict->inner->ctx, page, order);
        return NULL;
    }
    return page;
}

/* True: the page was alive with this order; it is no more. With hold it has become a held one. */
static bool forget_page(struct iommu_strict *strict, uint64_t pa, unsigned order, bool *held)
{
    struct ledger_entry *entry;
    bool good = false;

    pthread_mutex_lock(&strict->mutex);
    entry = ledger_find(&strict->ledger, LEDGER_PAGE, pa);
    if (!entry) {
        strict_violation(strict, "page_free(%#llx, %u): %s", (unsigned long long)pa, order,
                         ledger_find(&strict->ledger, LEDGER_HELD, pa) ? "freed before"
                                                                       : "not a live page");
    } else if (entry->value != order) {
        strict_violation(strict, "page_free(%#llx, %u): the page has order %llu",
                         (unsigned long long)pa, order, (unsigned long long)entry->value);
    } else {
        ledger_remove(&strict->ledger, entry);
        strict->counts.page_frees += 1u << order;
        strict->counts.pages_live -= 1u << order;
        *held = strict->hold && ledger_add(&strict->ledger, LEDGER_HELD, pa, order);
        if (*held)
            strict->counts.pages_held += 1u << order;
        good = true;
    }
    pthread_mutex_unlock(&strict->mutex);
    return good;
}

static void hook_page_free(void *ctx, void *page, unsigned order)
{
    struct iommu_strict *strict = ctx;
    const struct iommu_platform *inner = strict->inner;
    size_t bytes = (size_t)IOMMU_PAGE_SIZE << order;
    bool held = false;

    if (!forget_page(strict, to_phys(strict, page), order, &held))
        return;
    memset(page, strict->poison, bytes);
    if (inner->cache_flush) /* a device that does not snoop shall meet the poison, too */
        inner->cache_flush(inner->ctx, page, bytes);
    if (!held)
        inner->page_free(inner->ctx, page, order);
}

bool iommu_strict_is_poisoned(const struct iommu_strict *strict, uint64_t pa)
{
    struct iommu_strict *mutable =
        (struct iommu_strict *)(uintptr_t)strict; /* the mutex alone changes */
    const struct ledger_entry *entry = NULL;
    unsigned order;

    pthread_mutex_lock(&mutable->mutex);
    for (order = 0; strict->counts.pages_held && !entry && order <= MAX_PAGE_ORDER; order++) {
        entry = ledger_find(&strict->ledger, LEDGER_HELD, pa & ~((IOMMU_PAGE_SIZE << order) - 1));
        if (entry && entry->value < order)
            entry = NULL; /* a smaller block that ends before pa */
    }
    pthread_mutex_unlock(&mutable->mutex);
    return entry != NULL;
}

/* ---- held pages ---------------------------------------------------------------------------- */

static bool all_bytes_are(const uint8_t *at, size_t bytes, uint8_t value)
{
    return at[0] == value && memcmp(at, at + 1, bytes - 1) == 0;
}

bool iommu_strict_held_intact(struct iommu_strict *strict)
{
    const struct ledger_entry *entry;
    size_t position = 0;
    bool intact = true;

    pthread_mutex_lock(&strict->mutex);
    while ((entry = ledger_next(&strict->ledger, LEDGER_HELD, &position)) != NULL) {
        size_t bytes = (size_t)IOMMU_PAGE_SIZE << entry->value;

        if (all_bytes_are(strict_to_virt(strict, entry->key), bytes, strict->poison))
            continue;
        strict_violation(strict, "page %#llx was written after it had been freed",
                         (unsigned long long)entry->key);
        intact = false;
    }
    pthread_mutex_unlock(&strict->mutex);
    return intact;
}

static void free_held(struct iommu_strict *strict)
{
    const struct ledger_entry *entry;
    size_t position = 0;

    while ((entry = ledger_next(&strict->ledger, LEDGER_HELD, &position)) != NULL)
        strict->inner->page_free(strict->inner->ctx, strict_to_virt(strict, entry->key),
                                 (unsigned)entry->value);
}

/* ---- what tests set and ask ---------------------------------------------------------------- */

void iommu_strict_counts(const struct iommu_strict *strict, struct iommu_strict_counts *counts)
{
    struct iommu_strict *mutable =
        (struct iommu_strict *)(uintptr_t)strict; /* the mutex alone changes */

    pthread_mutex_lock(&mutable->mutex);
    *counts = strict->counts;
    pthread_mutex_unlock(&mutable->mutex);
}

void iommu_strict_fail_nth(struct iommu_strict *strict, uint64_t n)
{
    pthread_mutex_lock(&strict->mutex);
    strict->fail_in = n;
    strict->failed = false;
    pthread_mutex_unlock(&strict->mutex);
}

bool iommu_strict_failed(const struct iommu_strict *strict)
{
    struct iommu_strict *mutable =
        (struct iommu_strict *)(uintptr_t)strict; /* the mutex alone changes */
    bool failed;

    pthread_mutex_lock(&mutable->mutex);
    failed = strict->failed;
    pthread_mutex_unlock(&mutable->mutex);
    return failed;
}

void iommu_strict_poison(struct iommu_strict *strict, uint8_t byte, bool hold)
{
    pthread_mutex_lock(&strict->mutex);
    strict->poison = byte;
    strict->hold = hold;
    pthread_mutex_unlock(&strict->mutex);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void fill_platform(struct iommu_strict *strict)
{
    struct iommu_platform *platform = &strict->platform;
    const struct iommu_platform *inner = strict->inner;

    platform->ctx = strict;
    platform->alloc = hook_alloc;
    platform->free = hook_free;
    platform->page_alloc = hook_page_alloc;
    platform->page_free = hook_page_free;
    platform->phys_to_virt_offset = inner->phys_to_virt_offset;
    platform->phys_to_virt = inner->phys_to_virt ? hook_phys_to_virt : NULL;
    platform->virt_to_phys = inner->virt_to_phys ? hook_virt_to_phys : NULL;
    strict_watch(strict);
}

int iommu_strict_create(const struct iommu_platform *inner, struct iommu_strict **strict)
{
    struct iommu_strict *made = calloc(1, sizeof *made);

    if (!made)
        return -IOMMU_ENOMEM;
    if (pthread_mutex_init(&made->mutex, NULL)) {
        free(made);
        return -IOMMU_ENOMEM;
    }
    made->inner = inner;
    made->poison = DEFAULT_POISON;
    fill_platform(made);
    *strict = made;
    return 0;
}

void iommu_strict_destroy(struct iommu_strict *strict)
{
    if (!strict)
        return;
    free_held(strict);
    ledger_fini(&strict->ledger);
    pthread_mutex_destroy(&strict->mutex);
    free(strict);
}

const struct iommu_platform *iommu_strict_platform(struct iommu_strict *strict)
{
    return &strict->platform;
}
