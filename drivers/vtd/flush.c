/* SPDX-License-Identifier: MIT */
/*
 * After the page table of a domain changed: every unit, every tag, every device-TLB. Architecture:
 * "IOTLB invalidation", "PASID-based IOTLB invalidation", "Device-TLB invalidation". Called by map
 * and unmap without iommu.lock.
 *
 * Second-stage translations have but the domain id for a tag. Whether the domain holds one is looked up
 * under unit.lock: if not, no route is at the table that has not come, or will come, after the change.
 * Nothing more has to stand still. First-stage translations have a PASID too, and devices with a TLB
 * are asked one by one: there domain.lock is held until all units have answered, so that routes neither
 * come nor go meanwhile.
 *
 * All units are given their work before the first is waited for. One whose wait was aborted is
 * given it again; the others are not.
 */
#include "drivers/vtd/queue.h"

struct change {
    struct vtd_domain *domain;
    struct vtd_range range;
    bool leaf_only; /* no table went: caches of table pointers may stay */
    bool appeared;  /* else it vanished */
    bool routes_held; /* domain.lock is held */
};

static inline unsigned order_of(uint64_t pages_apart)
{
    unsigned lg2 = 0;

    while (pages_apart >> lg2)
        lg2++;
    return lg2;
}

static inline struct vtd_range cover(uint64_t first, uint64_t last)
{
    struct vtd_range range;

    range.lg2 = order_of((first ^ last) >> VTD_PAGE_LG2);
    range.first = first >> VTD_PAGE_LG2 >> range.lg2 << range.lg2 << VTD_PAGE_LG2;
    return range;
}

/* The smallest aligned power of two pages that covers both. */
struct vtd_range vtd_range_cover(uint64_t first, uint64_t last)
{
    return cover(first, last);
}

static bool on_unit(const struct iommu_attachment *attachment, const struct vtd_unit *unit)
{
    const struct vtd_attachment *a = (const struct vtd_attachment *)attachment;

    return a->live && ((const struct vtd_device *)attachment->device)->unit == unit;
}

/* First-stage translations are tagged by PASID: one invalidation for each route. */
static void emit_first_stage(struct vtd_flush *flush, const struct change *change, uint32_t did)
{
    struct iommu_attachment *a = vtd_first_route(&change->domain->base);

    for (; a; a = a->domain_next)
        if (on_unit(a, flush->unit))
            vtd_emit_piotlb_range(flush, did, vtd_is_rid(a) ? VTD_RID_PASID : a->pasid,
                                  &change->range, change->leaf_only);
}

static void emit_devtlbs(struct vtd_flush *flush, const struct change *change)
{
    struct iommu_attachment *a = vtd_first_route(&change->domain->base);

    for (; a; a = a->domain_next) {
        if (!on_unit(a, flush->unit))
            continue;
        if (vtd_is_rid(a))
            vtd_emit_devtlb(flush, vtd_device_of(a->device), &change->range);
        else
            vtd_emit_devtlb_pasid(flush, vtd_device_of(a->device), a->pasid, &change->range);
    }
}

static void emit_vanished(struct vtd_flush *flush, const struct change *change,
                          const struct vtd_tag *tag)
{
    if (change->domain->base.stage == IOMMU_STAGE_FIRST) {
        emit_first_stage(flush, change, tag->did);
        /* Routes that went without confirmation are on no list any more. */
        if (tag->withheld)
            vtd_emit_iotlb_domain(flush, tag->did);
    } else {
        vtd_emit_iotlb_range(flush, tag->did, &change->range, change->leaf_only);
    }
    if (flush->unit->ats_count)
        emit_devtlbs(flush, change);
}

/* First-stage entries that were not present are never remembered, nor is anything by devices. */
static void emit_appeared(struct vtd_flush *flush, const struct change *change,
                          const struct vtd_tag *tag)
{
    struct vtd_unit *unit = flush->unit;

    if (vtd_cm(unit) && change->domain->base.stage != IOMMU_STAGE_FIRST)
        vtd_emit_iotlb_range(flush, tag->did, &change->range, false);
    else if (unit->running && unit->wbf)
        flush->error = vtd_flush_write_buffer(unit);
}

/* Not an error of the interface: the list of routes has to stand still for this. */
#define NEEDS_ROUTES 1

/* A unit that asks devices goes by routes. So many there are none, mostly, that each flush finds out. */
static bool needs_routes(const struct vtd_unit *unit, const struct change *change)
{
    return !change->appeared && !change->routes_held && unit->ats_count;
}

static void emit(struct vtd_flush *flush, const struct change *change, const struct vtd_tag *tag)
{
    vtd_flush_begin(flush);
    if (!tag->held)
        ; /* it has no routes on this unit, or those that it had are clean */
    else if (needs_routes(flush->unit, change))
        flush->error = NEEDS_ROUTES;
    else if (change->appeared)
        emit_appeared(flush, change, tag);
    else
        emit_vanished(flush, change, tag);
    vtd_flush_end(flush);
}

static void take_result(int *result, int one)
{
    if (one == NEEDS_ROUTES || !*result)
        *result = one;
}

/* Once round: true if somebody has to be asked again. */
static bool go_round(const struct change *change, const struct vtd_tag *tags, struct vtd_flush *flush,
                     unsigned count, int *result)
{
    bool again = false;

    for (unsigned i = 0; i < count; i++)
        if (flush[i].pending)
            emit(&flush[i], change, &tags[i]);
    for (unsigned i = 0; i < count; i++) {
        int one = flush[i].pending ? vtd_flush_wait(&flush[i]) : 0;

        flush[i].pending = one == -VTD_EAGAIN;
        if (flush[i].pending)
            again = true;
        else
            take_result(result, one);
    }
    return again;
}

/* So many units at a time. */
#define TOGETHER 8u

static int flush_units(const struct change *change, unsigned first, unsigned count)
{
    const struct vtd_tag *tags = &change->domain->tags[first];
    struct vtd_unit *units = &vtd_of(change->domain->base.iommu)->units[first];
    struct vtd_flush flush[TOGETHER];
    int result = 0;

    for (unsigned i = 0; i < count; i++) {
        struct vtd_flush fresh = {.unit = &units[i]};

        fresh.pending = __atomic_load_n(&tags[i].held, __ATOMIC_RELAXED);
        flush[i] = fresh;
    }
    while (go_round(change, tags, flush, count, &result))
        ;
    return result;
}

/*
 * The lock of each unit would tell who has to be asked. It need not be taken where others have nothing to do with us:
 * what was cleared is cleared before they are counted out.
 */
static int flush_several(const struct change *change)
{
    unsigned count = change->domain->tag_count;
    int result = 0;

    atomic_thread_fence(memory_order_seq_cst);
    for (unsigned i = 0; i < count; i += TOGETHER)
        take_result(&result, flush_units(change, i, count - i < TOGETHER ? count - i : TOGETHER));
    return result;
}

static int flush_all(const struct change *change)
{
    struct vtd_flush flush = {.unit = vtd_of(change->domain->base.iommu)->units};
    int result;

    if (change->domain->tag_count > 1)
        return flush_several(change);
    do {
        emit(&flush, change, change->domain->tags);
        result = vtd_flush_wait(&flush);
    } while (result == -VTD_EAGAIN);
    return result;
}

static int flush_with_routes(struct change *change)
{
    struct iommu_domain *domain = &change->domain->base;
    int result;

    host_lock(domain->iommu->platform, &domain->lock);
    change->routes_held = true;
    result = flush_all(change);
    host_unlock(domain->iommu->platform, &domain->lock);
    return result;
}

static int flush_domain(struct change *change)
{
    bool by_routes = change->domain->base.stage == IOMMU_STAGE_FIRST && !change->appeared;
    int result = by_routes ? NEEDS_ROUTES : flush_all(change);

    return result == NEEDS_ROUTES ? flush_with_routes(change) : result;
}

/* Not called at all on ordinary hardware, see vtd.c. */
int vtd_flush_map(struct iommu_domain *domain, uint64_t first, uint64_t last)
{
    struct change change = {.domain = vtd_domain_of(domain), .range = vtd_range_cover(first, last), .appeared = true};

    return flush_domain(&change);
}

/*
 * No routes: nothing to ask the only unit, whose lock all domains share. A route that comes is counted in before hardware
 * is told of it, and what was cleared was so before that was looked at: this is what the fence is for.
 */
static bool is_nowhere(const struct vtd_domain *domain)
{
    if (domain->tag_count != 1 || __atomic_load_n(&domain->only.held, __ATOMIC_RELAXED))
        return false;
    atomic_thread_fence(memory_order_seq_cst);
    return !__atomic_load_n(&domain->only.held, __ATOMIC_RELAXED);
}

static int flush_vanished(struct iommu_domain *domain, const struct iommu_gather *gather)
{
    struct change change = {.domain = vtd_domain_of(domain), .range = cover(gather->first, gather->last),
                            .leaf_only = gather->dead_tables == 0};

    return flush_domain(&change);
}

/* Can it be one descriptor on the only unit, whatever the unit is doing? */
static bool is_simple(const struct vtd_domain *domain, const struct vtd_unit *unit, const struct vtd_range *range)
{
    return domain->tag_count == 1 && domain->base.stage != IOMMU_STAGE_FIRST && vtd_by_page(unit, range);
}

/*
 * By far the most frequent of all: one descriptor and its wait, on a unit where nothing is in the way. Those that are
 * emulated have executed them by the time the register write is over, so the first look is taken before the lock is
 * given back: until then no other epoch begins. -VTD_EAGAIN: something is in the way, or the wait was aborted.
 */
static inline int flush_pages(struct vtd_unit *unit, const struct vtd_tag *tag, uint64_t pages)
{
    struct vtd_queue *queue = &unit->queue;
    struct vtd_ticket ticket;
    int result = -VTD_EAGAIN;

    host_lock(unit->platform, &unit->lock);
    if (!tag->held) {
        result = 0; /* it has no routes on this unit, or those that it had are clean */
    } else if (unit->running && !unit->ats_count && !queue->stuck && vtd_queue_has_room_above(queue, 1)) {
        uint32_t seq = vtd_queue_next_seq(queue);

        vtd_queue_fill(unit, vtd_iotlb_word(unit, VTD_QI_IOTLB_G_PAGE, tag->did), pages, seq);
        vtd_queue_end(unit, seq);
        result = vtd_queue_reached(vtd_queue_completed(queue), queue->seq) ? 0 : VTD_QUEUE_PENDING;
    }
    ticket = (struct vtd_ticket){queue->seq, queue->epoch};
    host_unlock(unit->platform, &unit->lock);
    return result == VTD_QUEUE_PENDING ? vtd_queue_wait(unit, ticket) : result;
}

int vtd_flush_unmap(struct iommu_domain *domain, const struct iommu_gather *gather)
{
    struct vtd_unit *unit = vtd_of(domain->iommu)->units;
    struct vtd_domain *d = vtd_domain_of(domain);
    struct vtd_range range = cover(gather->first, gather->last);
    int result = -VTD_EAGAIN;

    if (is_nowhere(d))
        return 0;
    if (is_simple(d, unit, &range))
        result = flush_pages(unit, d->tags, vtd_pages_word(&range, !gather->dead_tables));
    return result == -VTD_EAGAIN ? flush_vanished(domain, gather) : result;
}
