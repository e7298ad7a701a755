/* SPDX-License-Identifier: MIT */
/*
 * models/memory/view.c - the memory hooks that a lying machine gives to its models, and the view's
 * life. What walks without snooping sees the device's copy of a page; everything else sees what the
 * CPU sees. ("Snoop behaviour of structure accesses".)
 *
 * Lock: the view's. Called by units and devices, by the machine, from any thread.
 */
#include "models/memory/view.h"

/* A dirty line leaves the CPU's cache by itself once in so many fetches. */
#define EARLY_HABIT 4u

static const uint32_t lies_of_memory = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_LATE_WRITES) |
                                       IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_POISON) |
                                       IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_TORN_FETCH);

static void trap(struct model_view *view, uint64_t pa, bool write)
{
    const struct view_page *page = view_find(view, pa);

    if (!page || !page->freed || !model_lies_on(&view->lies, IOMMU_MODEL_LIE_POISON))
        return;
    view->freed_address = pa;
    if (write)
        view->freed_writes++;
    else
        view->freed_reads++;
    view_strike(view, IOMMU_MODEL_LIE_POISON,
                write ? "a page was written after it had been freed"
                      : "a page was read after it had been freed",
                pa);
}

/* ---- data, status words, flag updates: always snooped ---------------------------------------- */

static void trap_range(struct model_view *view, uint64_t pa, size_t bytes, bool write)
{
    uint64_t at;

    model_lock_take(&view->lock);
    for (at = pa & ~(uint64_t)(VIEW_PAGE - 1); bytes && at < pa + bytes; at += VIEW_PAGE)
        trap(view, at < pa ? pa : at, write);
    model_lock_give(&view->lock);
}

/* A snooped write finds the line in the CPU's cache and drives it out. */
static void written(struct model_view *view, uint64_t pa, size_t bytes)
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

static int view_read(void *ctx, uint64_t pa, void *to, size_t bytes)
{
    struct model_view *view = ctx;

    trap_range(view, pa, bytes, false);
    return view->inner->memory.read(view->inner->memory.ctx, pa, to, bytes);
}

static int view_write(void *ctx, uint64_t pa, const void *from, size_t bytes)
{
    struct model_view *view = ctx;
    int result;

    trap_range(view, pa, bytes, true);
    result = view->inner->memory.write(view->inner->memory.ctx, pa, from, bytes);
    if (!result)
        written(view, pa, bytes);
    return result;
}

static int view_read64(void *ctx, uint64_t pa, uint64_t *value)
{
    struct model_view *view = ctx;

    trap_range(view, pa, sizeof(*value), false);
    return view->inner->memory.read64(view->inner->memory.ctx, pa, value);
}

static int view_write64(void *ctx, uint64_t pa, uint64_t value)
{
    struct model_view *view = ctx;
    int result;

    trap_range(view, pa, sizeof(value), true);
    result = view->inner->memory.write64(view->inner->memory.ctx, pa, value);
    if (!result)
        written(view, pa, sizeof(value));
    return result;
}

static int view_cas64(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    struct model_view *view = ctx;
    int result;

    trap_range(view, pa, sizeof(desired), true);
    result = view->inner->memory.cas64(view->inner->memory.ctx, pa, expected, desired);
    if (!result)
        written(view, pa, sizeof(desired));
    return result;
}

/* ---- walks ----------------------------------------------------------------------------------- */

static int fetch_cpu(const struct model_view *view, uint64_t pa, uint64_t *words, unsigned count)
{
    const struct iommu_model_memory *memory = &view->inner->memory;
    unsigned index;

    for (index = 0; index < count; index++)
        if (memory->read64(memory->ctx, pa + (uint64_t)index * 8, &words[index]))
            return -1;
    return 0;
}

/* Entries of one word are of page tables or PASID directories; hardware looks at none of the
 * upper bits. */
#define LOOKED_AT 0x000FFFFFFFFFFFFFu

static bool same(const uint64_t *device, const uint64_t *cpu, unsigned count)
{
    if (count == 1)
        return ((device[0] ^ cpu[0]) & LOOKED_AT) == 0;
    return __builtin_memcmp(device, cpu, count * sizeof(*cpu)) == 0;
}

static void fetch_device(struct model_view *view, struct view_page *page, uint64_t pa,
                         uint64_t *words, unsigned count, bool dry)
{
    uint64_t cpu[VIEW_LINE / 8];

    if (!dry && model_below(&view->lies, EARLY_HABIT) == 0)
        view_write_back(view, page, pa & ~(uint64_t)(VIEW_LINE - 1));
    __builtin_memcpy(words, page->device + pa % VIEW_PAGE, count * sizeof(*words));
    view_read_cpu(view, pa, cpu, count * sizeof(*cpu));
    if (dry || same(words, cpu, count))
        return;
    view->stale_fetches++;
    view_strike(view, IOMMU_MODEL_LIE_LATE_WRITES,
                "a table entry was read that software had changed and not flushed", pa);
}

static int fetch(struct model_view *view, uint64_t pa, uint64_t *words, unsigned count,
                 unsigned how)
{
    bool dry = how & IOMMU_MODEL_FETCH_DRY, device = how & IOMMU_MODEL_FETCH_UNSNOOPED;
    struct view_page *page = view_find(view, pa);

    if (!dry)
        trap(view, pa, false);
    if (!page || !page->table || !model_lies_on(&view->lies, IOMMU_MODEL_LIE_LATE_WRITES))
        device = false;
    if (device)
        fetch_device(view, page, pa, words, count, dry);
    else if (fetch_cpu(view, pa, words, count))
        return -1;
    if (!dry && model_lies_on(&view->lies, IOMMU_MODEL_LIE_TORN_FETCH))
        view_tear(view, pa, words, count, device);
    return 0;
}

/* Entries are aligned to their size, so that none lies in two lines. */
static int view_fetch(void *ctx, uint64_t pa, uint64_t *words, unsigned count, unsigned how)
{
    struct model_view *view = ctx;
    int result;

    model_lock_take(&view->lock);
    result = fetch(view, pa, words, count, how);
    model_lock_give(&view->lock);
    return result;
}

static void view_settled(void *ctx)
{
    struct model_view *view = ctx;

    model_lock_take(&view->lock);
    view_forget(view);
    model_lock_give(&view->lock);
}

/* ---- life ------------------------------------------------------------------------------------ */

bool model_view_wanted(uint32_t lies)
{
    return (lies & lies_of_memory) != 0;
}

bool model_view_init(struct model_view *view, const struct iommu_model_host *inner,
                     const struct iommu_model_lies *lies, void *ctx,
                     void (*strike)(void *ctx, const struct iommu_model_strike *strike))
{
    view->inner = inner;
    view->ctx = ctx;
    view->strike = strike;
    view->buckets = inner->alloc(inner->ctx, VIEW_BUCKETS * sizeof(struct view_page *));
    if (!view->buckets)
        return false;
    model_lies_init(&view->lies, lies, 1);
    model_lock_init(&view->lock, inner);
    view->host = *inner;
    view->host.memory = (struct iommu_model_memory){
        .ctx = view,
        .read = view_read,
        .write = view_write,
        .read64 = view_read64,
        .write64 = view_write64,
        .cas64 = view_cas64,
        .fetch = view_fetch,
        .settled = view_settled,
    };
    return true;
}

void model_view_fini(struct model_view *view)
{
    size_t bucket;

    if (!view->buckets)
        return;
    for (bucket = 0; bucket < VIEW_BUCKETS; bucket++) {
        struct view_page *page, *next;

        for (page = view->buckets[bucket]; page; page = next) {
            next = page->next;
            view->inner->free(view->inner->ctx, page, sizeof(*page));
        }
    }
    view->inner->free(view->inner->ctx, view->buckets, VIEW_BUCKETS * sizeof(struct view_page *));
    model_lock_fini(&view->lock);
}

void model_view_tell(struct model_view *view, uint32_t enabled)
{
    model_lock_take(&view->lock);
    model_lies_tell(&view->lies, enabled);
    model_lock_give(&view->lock);
}

void model_view_storing(struct model_view *view, uint64_t pa)
{
    model_lock_take(&view->lock);
    if (model_lies_on(&view->lies, IOMMU_MODEL_LIE_TORN_FETCH)) {
        uint64_t line = pa & ~(uint64_t)(VIEW_LINE - 1), words[VIEW_LINE / 8];

        view_read_cpu(view, line, words, VIEW_LINE);
        view_remember(view, line, false, words);
    }
    model_lock_give(&view->lock);
}

void model_view_between(struct model_view *view, bool between)
{
    model_lock_take(&view->lock);
    view->between = between;
    model_lock_give(&view->lock);
}

void model_view_stats(struct model_view *view, struct iommu_model_machine_stats *stats)
{
    model_lock_take(&view->lock);
    stats->freed_reads = view->freed_reads;
    stats->freed_writes = view->freed_writes;
    stats->freed_address = view->freed_address;
    stats->stale_fetches = view->stale_fetches;
    model_lock_give(&view->lock);
}
