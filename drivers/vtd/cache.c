/* SPDX-License-Identifier: MIT */
/*
 * Single invalidations, and the frame around those of one operation. Architecture: "Invalidation
 * of translation caches", descriptor formats. change.c and flush.c say which are needed.
 *
 *     vtd_flush_begin   takes unit->lock
 *     vtd_emit_...      one descriptor each (or one register command, on units without a queue)
 *     vtd_flush_end     one wait, one write of the tail; releases the lock
 *     vtd_flush_wait    without it
 *
 * The queue itself keeps the order context cache, PASID cache, IOTLB, device-TLB, wait;
 * descriptors are emitted in that order and need no waits between them. A unit that is off has
 * nothing cached that start would not flush: everything here does nothing then.
 */
#include "drivers/vtd/queue.h"

/* Tries after which somebody else's trouble becomes one's own, and tries with a device that may
 * be it. */
#define TRIES_MAX        16u
#define TRIES_MAX_DEVTLB 3u
/* A device that failed to answer this often is not asked again. */
#define ITE_LIMIT 3u

static inline void begin(struct vtd_flush *flush)
{
    struct vtd_unit *unit = flush->unit;

    host_lock(unit->platform, &unit->lock);
    if (flush->tries++ == 0)
        flush->ite_start = unit->ite_total;
    flush->count = 0;
    flush->error = 0;
    flush->devtlb = flush->gave_up = false;
    if (unit->running && unit->queue.ring)
        flush->ticket = vtd_queue_open(unit);
}

static inline void end(struct vtd_flush *flush)
{
    struct vtd_unit *unit = flush->unit;

    if (flush->count && unit->queue.ring)
        flush->error = vtd_queue_post(unit, flush->ticket);
    host_unlock(unit->platform, &unit->lock);
}

static bool try_again(const struct vtd_flush *flush)
{
    return flush->tries < (flush->devtlb ? TRIES_MAX_DEVTLB : TRIES_MAX);
}

static inline int wait(struct vtd_flush *flush)
{
    int result = flush->error;

    if (!result && flush->count && flush->unit->queue.ring)
        result = vtd_queue_wait(flush->unit, flush->ticket);
    if (result == -VTD_EAGAIN && !try_again(flush))
        result = -IOMMU_ETIMEDOUT;
    if (result == 0 && flush->gave_up)
        result = -IOMMU_ETIMEDOUT;
    return result;
}

void vtd_flush_begin(struct vtd_flush *flush)
{
    begin(flush);
}

void vtd_flush_end(struct vtd_flush *flush)
{
    end(flush);
}

int vtd_flush_wait(struct vtd_flush *flush)
{
    return wait(flush);
}

int vtd_flush_run(struct vtd_unit *unit, vtd_emit_fn emit, const void *arg)
{
    struct vtd_flush flush = {.unit = unit};
    int result;

    do {
        begin(&flush);
        emit(&flush, arg);
        end(&flush);
        result = wait(&flush);
    } while (result == -VTD_EAGAIN);
    return result;
}

/* ---- single invalidations ------------------------------------------------------------------- */

static inline void put(struct vtd_flush *flush, uint64_t qword0, uint64_t qword1)
{
    if (!flush->unit->running)
        return;
    flush->count++;
    vtd_queue_put(flush->unit, flush->ticket, qword0, qword1);
}

void vtd_emit_wait(struct vtd_flush *flush)
{
    flush->count += flush->unit->running;
}

/* True: the register path takes it from here, `flush->error` gets the result. */
static bool by_register(struct vtd_flush *flush)
{
    return flush->unit->running && !flush->unit->queue.ring && !flush->error;
}

static void context(struct vtd_flush *flush, unsigned granularity, uint32_t did, uint16_t rid)
{
    if (by_register(flush))
        flush->error = vtd_reg_context(flush->unit, granularity, did, rid);
    else if (flush->unit->queue.ring)
        put(flush,
            VTD_QI_TYPE_CC | SPEC_PUT(VTD_QI_CC_G, (uint64_t)granularity) |
                SPEC_PUT(VTD_QI_CC_DID, (uint64_t)did) | SPEC_PUT(VTD_QI_CC_SID, (uint64_t)rid),
            0);
}

void vtd_emit_context_global(struct vtd_flush *flush)
{
    context(flush, VTD_QI_CC_G_GLOBAL, 0, 0);
}

/* did: the one the old entry had, in legacy mode; scalable mode looks at the requester alone. */
void vtd_emit_context_device(struct vtd_flush *flush, uint32_t did, uint16_t rid)
{
    context(flush, VTD_QI_CC_G_DEVICE, flush->unit->scalable ? 0 : did, rid);
}

static inline void pasid_cache(struct vtd_flush *flush, unsigned granularity, uint32_t did, uint32_t pasid)
{
    if (flush->unit->scalable)
        put(flush,
            VTD_QI_TYPE_PC | SPEC_PUT(VTD_QI_PC_G, (uint64_t)granularity) |
                SPEC_PUT(VTD_QI_PC_DID, (uint64_t)did) |
                SPEC_PUT(VTD_QI_PC_PASID, (uint64_t)pasid),
            0);
}

void vtd_emit_pasid_global(struct vtd_flush *flush)
{
    pasid_cache(flush, VTD_QI_PC_G_GLOBAL, 0, 0);
}

void vtd_emit_pasid_domain(struct vtd_flush *flush, uint32_t did)
{
    pasid_cache(flush, VTD_QI_PC_G_DOMAIN, did, 0);
}

void vtd_emit_pasid_one(struct vtd_flush *flush, uint32_t did, uint32_t pasid)
{
    pasid_cache(flush, VTD_QI_PC_G_PASID, did, pasid);
}

static inline void iotlb(struct vtd_flush *flush, unsigned granularity, uint32_t did,
                  const struct vtd_range *range, bool leaf_only)
{
    if (by_register(flush))
        flush->error = vtd_reg_iotlb(flush->unit, granularity, did, range, leaf_only);
    else if (flush->unit->queue.ring)
        put(flush, vtd_iotlb_word(flush->unit, granularity, did), range ? vtd_pages_word(range, leaf_only) : 0);
}

void vtd_emit_iotlb_global(struct vtd_flush *flush)
{
    iotlb(flush, VTD_QI_IOTLB_G_GLOBAL, 0, NULL, false);
}

void vtd_emit_iotlb_domain(struct vtd_flush *flush, uint32_t did)
{
    iotlb(flush, VTD_QI_IOTLB_G_DOMAIN, did, NULL, false);
}

void vtd_emit_iotlb_range(struct vtd_flush *flush, uint32_t did, const struct vtd_range *range,
                          bool leaf_only)
{
    if (vtd_by_page(flush->unit, range))
        iotlb(flush, VTD_QI_IOTLB_G_PAGE, did, range, leaf_only);
    else
        vtd_emit_iotlb_domain(flush, did);
}

static void piotlb(struct vtd_flush *flush, unsigned granularity, uint32_t did, uint32_t pasid,
                   uint64_t qword1)
{
    put(flush,
        VTD_QI_TYPE_PIOTLB | SPEC_PUT(VTD_QI_PIOTLB_G, (uint64_t)granularity) |
            SPEC_PUT(VTD_QI_PIOTLB_DID, (uint64_t)did) |
            SPEC_PUT(VTD_QI_PIOTLB_PASID, (uint64_t)pasid),
        qword1);
}

void vtd_emit_piotlb_all(struct vtd_flush *flush, uint32_t did, uint32_t pasid)
{
    piotlb(flush, VTD_QI_PIOTLB_G_PASID, did, pasid, 0);
}

void vtd_emit_piotlb_range(struct vtd_flush *flush, uint32_t did, uint32_t pasid,
                           const struct vtd_range *range, bool leaf_only)
{
    if (vtd_by_page(flush->unit, range))
        piotlb(flush, VTD_QI_PIOTLB_G_PAGE, did, pasid, vtd_pages_word(range, leaf_only));
    else
        vtd_emit_piotlb_all(flush, did, pasid);
}

/* ---- device-TLBs ---------------------------------------------------------------------------- */

/*
 * A device that does not answer holds up the queue, and with it everybody. It is passed over for
 * the rest of the operation that met it, and for good when it keeps failing; the operation then
 * reports a time-out once all the others are clean.
 */
static bool ask(struct vtd_flush *flush, const struct vtd_device *device)
{
    if (!device->ats_on || !flush->unit->running)
        return false;
    if (device->ite_count >= ITE_LIMIT || device->ite_stamp > flush->ite_start) {
        flush->gave_up = true;
        return false;
    }
    flush->devtlb = true;
    return true;
}

/* Bits below the size are ones up to a zero that tells it. */
static uint64_t devtlb_range(const struct vtd_range *range, uint64_t size_bit)
{
    if (!range || range->lg2 + VTD_PAGE_LG2 >= 63)
        return VTD_DEVTLB_ADDR_ALL | size_bit;
    if (range->lg2 == 0)
        return range->first;
    return range->first | VTD_DEVTLB_RANGE_ONES(range->lg2) | size_bit;
}

/* With throttling the unit wants to know the physical function. */
static uint16_t pfsid(const struct vtd_flush *flush, const struct vtd_device *device)
{
    return (flush->unit->ecap & VTD_ECAP_DIT) ? vtd_rid(device) : 0;
}

void vtd_emit_devtlb(struct vtd_flush *flush, struct vtd_device *device,
                     const struct vtd_range *range)
{
    uint64_t function = pfsid(flush, device);

    if (ask(flush, device))
        put(flush,
            VTD_QI_TYPE_DEVTLB | SPEC_PUT(VTD_QI_DEVTLB_SID, (uint64_t)vtd_rid(device)) |
                SPEC_PUT(VTD_QI_DEVTLB_MIP, (uint64_t)device->ats_depth) |
                SPEC_PUT(VTD_QI_DEVTLB_PFSID_LOW, function) |
                SPEC_PUT(VTD_QI_DEVTLB_PFSID_HIGH, function >> 4),
            devtlb_range(range, VTD_QI_DEVTLB1_S));
}

static inline void devtlb_pasid(struct vtd_flush *flush, struct vtd_device *device, uint32_t pasid,
                         uint64_t qword1)
{
    uint64_t function = pfsid(flush, device);

    if (ask(flush, device))
        put(flush,
            VTD_QI_TYPE_PDEVTLB | SPEC_PUT(VTD_QI_PDEVTLB_SID, (uint64_t)vtd_rid(device)) |
                SPEC_PUT(VTD_QI_PDEVTLB_PASID, (uint64_t)pasid) |
                SPEC_PUT(VTD_QI_PDEVTLB_MIP, (uint64_t)device->ats_depth) |
                SPEC_PUT(VTD_QI_PDEVTLB_PFSID_LOW, function) |
                SPEC_PUT(VTD_QI_PDEVTLB_PFSID_HIGH, function >> 4),
            qword1);
}

void vtd_emit_devtlb_pasid(struct vtd_flush *flush, struct vtd_device *device, uint32_t pasid,
                           const struct vtd_range *range)
{
    devtlb_pasid(flush, device, pasid, devtlb_range(range, VTD_QI_PDEVTLB1_S));
}

/* Untagged translations and those of every PASID. */
void vtd_emit_devtlb_everything(struct vtd_flush *flush, struct vtd_device *device)
{
    vtd_emit_devtlb(flush, device, NULL);
    if (device->pasid_on)
        devtlb_pasid(flush, device, 0, devtlb_range(NULL, VTD_QI_PDEVTLB1_S) | VTD_QI_PDEVTLB1_G);
}
