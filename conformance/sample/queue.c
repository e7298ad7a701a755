/* SPDX-License-Identifier: MIT */
/* queue.c - the sample driver's invalidations: by the queue, or by registers where there is none. */
#include "conformance/sample/sample.h"

enum { FSTS = 0x34, CCMD = 0x28, IQH = 0x80, IQT = 0x88, IQA = 0x90 };
enum { FSTS_IQE = 0x10, FSTS_ICE = 0x20, FSTS_ITE = 0x40 };

#define QIE        (UINT32_C(1) << 26)
#define WBF        (UINT32_C(1) << 27)
#define TRIES      8u
#define TIMEOUT_NS UINT64_C(200000000)
#define ALL        UINT64_MAX

static uint32_t slot_bytes(const struct sample_unit *unit)
{
    return unit->scalable ? 32 : 16;
}

int sample_queue_open(struct sample_unit *unit)
{
    unit->queue = sample_page(unit->sample, 0);
    unit->status = (volatile uint32_t *)sample_page(unit->sample, 0);
    if (unit->queue == NULL || unit->status == NULL)
        return -IOMMU_ENOMEM;
    unit->tail = unit->sequence = 0;
    sample_write64(unit, IQT, 0);
    sample_write64(unit, IQA,
                   sample_pa(unit->sample, unit->queue) | (unit->scalable ? UINT64_C(1) << 11 : 0));
    return sample_command(unit, QIE, true);
}

void sample_queue_close(struct sample_unit *unit)
{
    const struct iommu_platform *platform = unit->sample->platform;
    if (unit->queue != NULL)
        platform->page_free(platform->ctx, unit->queue, 0);
    if (unit->status != NULL)
        platform->page_free(platform->ctx, (void *)(uintptr_t)unit->status, 0);
}

static void put(struct sample_unit *unit, uint64_t low, uint64_t high)
{
    volatile uint64_t *slot = unit->queue + unit->tail / 8;
    slot[0] = low;
    slot[1] = high;
    if (unit->scalable)
        slot[2] = slot[3] = 0;
    unit->tail = (unit->tail + slot_bytes(unit)) % 4096;
}

/* A bad descriptor is made a wait for nothing, so that the queue gets past it. */
static bool recover(struct sample_unit *unit)
{
    uint32_t errors = sample_read32(unit, FSTS) & (FSTS_IQE | FSTS_ICE | FSTS_ITE);
    if (sample_has(unit->sample, SAMPLE_BUG_NO_QUEUE_RECOVERY))
        return false;
    if (errors & FSTS_IQE) {
        volatile uint64_t *slot = unit->queue + sample_read64(unit, IQH) % 4096 / 8;
        slot[0] = 0x45; /* wait, fence */
        slot[1] = 0;
    }
    if (errors != 0)
        sample_write32(unit, FSTS, errors);
    return (errors & (FSTS_IQE | FSTS_ITE)) != 0;
}

/* True: the wait's status has arrived. */
static bool wait_status(struct sample_unit *unit, uint32_t sequence, bool *again)
{
    const struct iommu_platform *platform = unit->sample->platform;
    uint64_t start = platform->now_ns(platform->ctx);
    while (*unit->status != sequence) {
        platform->relax(platform->ctx);
        if (recover(unit))
            *again = true;
        if (!sample_has(unit->sample, SAMPLE_BUG_ENDLESS_WAIT) &&
            platform->now_ns(platform->ctx) - start > TIMEOUT_NS)
            return false;
        if (*again && (sample_read32(unit, FSTS) & FSTS_ITE) == 0 &&
            sample_read64(unit, IQH) == unit->tail)
            return true; /* nothing left that could write it */
    }
    return true;
}

/* Hand over what was batched, with a wait behind it. After an error all of it goes in again. */
static int finish(struct sample_unit *unit)
{
    int result = 0;
    for (unsigned try = 0; unit->batched != 0 && try < TRIES; try++) {
        bool again = false;
        uint32_t sequence = ++unit->sequence;
        for (unsigned i = 0; i < unit->batched; i++)
            put(unit, unit->batch[i][0], unit->batch[i][1]);
        put(unit, (uint64_t)sequence << 32 | 0x25,
            sample_pa(unit->sample, (void *)(uintptr_t)unit->status));
        sample_write64(unit, IQT, unit->tail);
        result = wait_status(unit, sequence, &again) ? 0 : -IOMMU_ETIMEDOUT;
        if (!again)
            break;
        result = -IOMMU_EIO;
    }
    unit->batched = 0;
    return sample_has(unit->sample, SAMPLE_BUG_IGNORES_TIMEOUT) ? 0 : result;
}

static int add(struct sample_unit *unit, uint64_t low, uint64_t high)
{
    int result = unit->batched == SAMPLE_BATCH ? finish(unit) : 0;
    unit->batch[unit->batched][0] = low;
    unit->batch[unit->batched++][1] = high;
    return result;
}

/* ---- single ones; ids as the architecture numbers them */

static int by_register(const struct sample_unit *unit, uint32_t offset, uint64_t value)
{
    sample_write64(unit, offset, value);
    return sample_wait(unit, offset + 4, UINT32_C(1) << 31, 0);
}

static uint32_t iotlb_register(const struct sample_unit *unit)
{
    return (uint32_t)(unit->ecap >> 8 & 0x3ff) * 16 + 8;
}

static int context_cache(struct sample_unit *unit, const struct sample_device *device, uint32_t id)
{
    uint64_t rid = device != NULL ? device->name.rid : 0, granularity = device != NULL ? 3 : 1;
    if (unit->queued)
        return add(unit,
                   granularity << 4 | 1 | rid << 32 | (unit->scalable ? 0 : (uint64_t)id << 16), 0);
    return by_register(unit, CCMD, UINT64_C(1) << 63 | granularity << 61 | rid << 16 | id);
}

/* address ALL: by domain; id ALL: everything. */
static int iotlb(struct sample_unit *unit, uint64_t id, uint64_t address, unsigned mask, bool hint)
{
    uint64_t granularity = id == ALL ? 1 : address == ALL ? 2 : 3, tag = id == ALL ? 0 : id;
    uint64_t page = address == ALL ? 0 : address | mask | (hint ? 1 << 6 : 0);
    if (unit->queued)
        return add(unit,
                   granularity << 4 | 2 | tag << 16 | (unit->cap >> 54 & 1) << 6 |
                       (unit->cap >> 55 & 1) << 7,
                   page);
    if (granularity == 3)
        sample_write64(unit, iotlb_register(unit) - 8, page);
    return by_register(unit, iotlb_register(unit),
                       UINT64_C(1) << 63 | granularity << 60 | tag << 32);
}

static int pasid_iotlb(struct sample_unit *unit, uint32_t id, uint32_t pasid)
{
    uint64_t tag = pasid == IOMMU_CONFORM_NO_PASID ? 0 : pasid;
    return add(unit, tag << 32 | (uint64_t)id << 16 | 2 << 4 | 6, 0);
}

static int pasid_cache(struct sample_unit *unit, bool everything, uint32_t id, uint32_t pasid)
{
    uint64_t tag = pasid == IOMMU_CONFORM_NO_PASID ? 0 : pasid;
    if (!unit->scalable || sample_has(unit->sample, SAMPLE_BUG_NO_PASID_CACHE))
        return 0;
    return add(unit, everything ? 3 << 4 | 7 : tag << 32 | (uint64_t)id << 16 | 1 << 4 | 7, 0);
}

/* Everything that the device holds for the PASID: size bit, address bits 62:12 all ones. */
static int device_tlb(const struct sample_device *device, uint32_t pasid)
{
    const uint64_t everything = UINT64_C(0x7ffffffffffff000);
    struct sample_unit *unit = device->unit;
    if (!device->ats_on || sample_has(unit->sample, SAMPLE_BUG_NO_DEVICE_TLB))
        return 0;
    if (pasid == IOMMU_CONFORM_NO_PASID || sample_has(unit->sample, SAMPLE_BUG_UNTAGGED_DEVICE_TLB))
        return add(unit, (uint64_t)device->name.rid << 32 | 3, everything | 1);
    return add(unit, (uint64_t)pasid << 32 | (uint64_t)device->name.rid << 16 | 8,
               everything | 1 << 11);
}

/* ---- what an operation needs */

int sample_flush_write_buffer(struct sample_unit *unit)
{
    if (!(unit->cap >> 4 & 1) || sample_has(unit->sample, SAMPLE_BUG_NO_WRITE_BUFFER))
        return 0;
    return sample_command(unit, WBF, true);
}

int sample_invalidate_all(struct sample_unit *unit)
{
    int result = context_cache(unit, NULL, 0);
    if (result == 0)
        result = pasid_cache(unit, true, 0, 0);
    if (result == 0)
        result = iotlb(unit, ALL, ALL, 0, false);
    return result == 0 && unit->queued ? finish(unit) : result;
}

int sample_invalidate_device_tlb(struct sample_device *device)
{
    uint64_t rid = device->name.rid;
    (void)add(device->unit, rid << 32 | 3, UINT64_C(0x7ffffffffffff001));
    if (device->pasid_limit > 1)
        (void)add(device->unit, rid << 16 | 8, UINT64_C(0x7ffffffffffff801)); /* global */
    return finish(device->unit);
}

/* An entry came, on a unit that may remember that there was none: under domain id 0, or under its own. */
int sample_invalidate_new_route(struct sample_domain *domain, const struct sample_route *route)
{
    struct sample_unit *unit = route->device->unit;
    if (!unit->on)
        return 0;
    if (!(unit->cap >> 7 & 1) || sample_has(domain->sample, SAMPLE_BUG_NO_ATTACH_INVALIDATION))
        return sample_flush_write_buffer(unit);
    return sample_invalidate_all(unit);
}

int sample_invalidate_route(struct sample_domain *domain, const struct sample_route *route)
{
    struct sample_unit *unit = route->device->unit;
    int result = unit->scalable ? pasid_cache(unit, false, domain->id, route->pasid)
                                : context_cache(unit, route->device, domain->id);
    if (result == 0)
        result = domain->first_stage ? pasid_iotlb(unit, domain->id, route->pasid)
                                     : iotlb(unit, domain->id, ALL, 0, false);
    if (result == 0)
        result = device_tlb(route->device, route->pasid);
    return result == 0 && unit->queued ? finish(unit) : result;
}

static unsigned mask_for(const struct sample *sample, uint64_t first, uint64_t last)
{
    unsigned mask = 0;
    if (sample_has(sample, SAMPLE_BUG_SHORT_MASK)) {
        while ((UINT64_C(2) << mask) <= (last - first) + 1)
            mask++;
        return mask;
    }
    while (first >> mask != last >> mask)
        mask++;
    return mask;
}

static int pages_on(struct sample_domain *domain, const struct sample_route *route, uint64_t iova,
                    uint64_t bytes, bool tables_gone)
{
    struct sample *sample = domain->sample;
    struct sample_unit *unit = route->device->unit;
    uint64_t first = iova >> 12, last = (iova + bytes - 1) >> 12;
    unsigned mask = mask_for(sample, first, last);
    uint32_t id = sample_has(sample, SAMPLE_BUG_WRONG_ID) ? domain->id ^ 3 : domain->id;
    bool hint = sample_has(sample, SAMPLE_BUG_LEAF_HINT) || !tables_gone;
    bool selective = (unit->cap >> 39 & 1) != 0 && mask <= (unit->cap >> 48 & 63);
    if (domain->first_stage)
        return pasid_iotlb(unit, id, route->pasid);
    return iotlb(unit, id, selective ? first >> mask << mask << 12 : ALL, mask, hint);
}

/* For each route: some units are asked twice, which costs time and does no harm. */
int sample_invalidate_pages(struct sample_domain *domain, uint64_t iova, uint64_t bytes,
                            bool tables_gone)
{
    int result = 0;
    for (unsigned i = 0; i < SAMPLE_ROUTES && result == 0; i++) {
        const struct sample_route *route = &domain->route[i];
        if (route->device == NULL)
            continue;
        struct sample_unit *unit = route->device->unit;
        if (domain->sample->lazy)
            result = pasid_cache(unit, true, 0, 0);
        if (result == 0)
            result = pages_on(domain, route, iova, bytes, tables_gone);
        if (result == 0)
            result = device_tlb(route->device, route->pasid);
        if (result == 0 && unit->queued)
            result = finish(unit);
    }
    return result;
}
