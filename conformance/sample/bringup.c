/* SPDX-License-Identifier: MIT */
/* bringup.c - the sample driver's units: registers, the DMAR table, endpoints, switching on and off. */
#include "conformance/sample/sample.h"

enum {
    CAP = 0x08,
    ECAP = 0x10,
    GCMD = 0x18,
    GSTS = 0x1c,
    RTADDR = 0x20,
    PMEN = 0x64,
    IQH = 0x80,
    IQT = 0x88
};

#define TE         (UINT32_C(1) << 31)
#define SRTP       (UINT32_C(1) << 30)
#define WBF        (UINT32_C(1) << 27)
#define QIE        (UINT32_C(1) << 26)
#define LEVELS     UINT32_C(0x96ffffff) /* of the status: what stays on when it is written back */
#define TIMEOUT_NS UINT64_C(200000000)

/* ---- registers and memory */

static volatile void *reg(const struct sample_unit *unit, uint32_t offset)
{
    return (volatile char *)unit->regs + offset;
}

uint32_t sample_read32(const struct sample_unit *unit, uint32_t offset)
{
    return unit->sample->platform->mmio_read32(unit->sample->platform->ctx, reg(unit, offset));
}

uint64_t sample_read64(const struct sample_unit *unit, uint32_t offset)
{
    return unit->sample->platform->mmio_read64(unit->sample->platform->ctx, reg(unit, offset));
}

void sample_write32(const struct sample_unit *unit, uint32_t offset, uint32_t value)
{
    unit->sample->platform->mmio_write32(unit->sample->platform->ctx, reg(unit, offset), value);
}

void sample_write64(const struct sample_unit *unit, uint32_t offset, uint64_t value)
{
    unit->sample->platform->mmio_write64(unit->sample->platform->ctx, reg(unit, offset), value);
}

int sample_wait(const struct sample_unit *unit, uint32_t offset, uint32_t mask, uint32_t wanted)
{
    const struct iommu_platform *platform = unit->sample->platform;
    uint64_t start = platform->now_ns(platform->ctx);
    while ((sample_read32(unit, offset) & mask) != wanted) {
        platform->relax(platform->ctx);
        if (!sample_has(unit->sample, SAMPLE_BUG_ENDLESS_WAIT) &&
            platform->now_ns(platform->ctx) - start > TIMEOUT_NS)
            return sample_has(unit->sample, SAMPLE_BUG_IGNORES_TIMEOUT) ? 0 : -IOMMU_ETIMEDOUT;
    }
    return 0;
}

int sample_command(struct sample_unit *unit, uint32_t bit, bool on)
{
    bool own_idea = sample_has(unit->sample, SAMPLE_BUG_DROPS_ENABLE);
    uint32_t kept = own_idea ? unit->enabled : sample_read32(unit, GSTS) & LEVELS;
    unit->enabled = on ? kept | (bit & LEVELS) : kept & ~bit;
    sample_write32(unit, GCMD, on ? kept | bit : kept & ~bit);
    return sample_wait(unit, GSTS, bit, on && bit != WBF ? bit : 0);
}

uint64_t *sample_page(struct sample *sample, unsigned order)
{
    uint64_t *page = sample->platform->page_alloc(sample->platform->ctx, order);
    if (page != NULL && !sample_has(sample, SAMPLE_BUG_NO_NEW_FLUSH))
        sample_flush(sample, page, (size_t)SAMPLE_PAGE << order);
    return page;
}

void sample_flush(struct sample *sample, const void *at, size_t bytes)
{
    sample->platform->dma_barrier(sample->platform->ctx);
    if (!sample_has(sample, SAMPLE_BUG_NO_FLUSH))
        sample->platform->cache_flush(sample->platform->ctx, at, bytes);
}

uint64_t sample_pa(const struct sample *sample, const void *va)
{
    return sample->platform->virt_to_phys(sample->platform->ctx, va);
}

/* ---- the DMAR table */

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = bytes; i > 0; i--)
        value = value << 8 | at[i - 1];
    return value;
}

typedef int (*record_fn)(struct sample *sample, const uint8_t *record, unsigned bytes);

static int each_record(struct sample *sample, const struct iommu_conform_host *host, unsigned type,
                       record_fn fn)
{
    const uint8_t *at = host->dmar, *end = at + host->dmar_bytes;
    int result = 0;
    for (at += 48; at + 4 <= end && result == 0; at += get(at + 2, 2)) {
        if (get(at + 2, 2) < 4)
            break;
        if (get(at, 2) == type)
            result = fn(sample, at, (unsigned)get(at + 2, 2));
    }
    return result;
}

/* Devices on a root bus only: one pair of device and function a scope. */
static struct sample_device *scope_device(struct sample *sample, const uint8_t *scope)
{
    uint16_t rid = (uint16_t)(scope[5] << 8 | scope[6] << 3 | scope[7]);
    for (unsigned i = 0; i < sample->devices; i++)
        if (sample->device[i].name.rid == rid)
            return &sample->device[i];
    return NULL;
}

static int found_unit(struct sample *sample, const uint8_t *record, unsigned bytes)
{
    const struct iommu_platform *platform = sample->platform;
    if (sample->units == SAMPLE_UNITS)
        return 0;
    struct sample_unit *unit = &sample->unit[sample->units++];
    unit->sample = sample;
    unit->base = get(record + 8, 8);
    unit->regs = platform->mmio_map(platform->ctx, unit->base, SAMPLE_PAGE);
    if (unit->regs == NULL)
        return -IOMMU_ENODEV;
    unit->cap = sample_read64(unit, CAP);
    unit->ecap = sample_read64(unit, ECAP);
    if (sample->units > 1 && sample_has(sample, SAMPLE_BUG_FIRST_UNIT)) {
        unit->cap = sample->unit[0].cap;
        unit->ecap = sample->unit[0].ecap;
    }
    unit->scalable = (unit->ecap >> 43 & 1) != 0;
    unit->queued = (unit->ecap >> 1 & 1) != 0;
    unsigned ids = 1u << (4 + 2 * (unit->cap & 7));
    if (ids < sample->id_limit)
        sample->id_limit = ids;
    for (unsigned at = 16; at + 8 <= bytes; at += record[at + 1]) {
        struct sample_device *device = scope_device(sample, record + at);
        if (device != NULL)
            device->unit = unit;
    }
    for (unsigned i = 0; (record[4] & 1) && i < sample->devices; i++)
        if (sample->device[i].unit == NULL)
            sample->device[i].unit = unit;
    return 0;
}

/* ---- endpoints */

static uint32_t config_read(const struct sample_device *device, uint32_t offset)
{
    const struct iommu_platform *platform = device->unit->sample->platform;
    return platform->pci_read32(platform->ctx, device->name.segment, device->name.rid, offset);
}

static void config_set(const struct sample_device *device, uint32_t offset, uint32_t bit, bool on)
{
    const struct iommu_platform *platform = device->unit->sample->platform;
    uint32_t value = config_read(device, offset);
    platform->pci_write32(platform->ctx, device->name.segment, device->name.rid, offset,
                          on ? value | bit : value & ~bit);
}

static uint32_t extended(const struct sample_device *device, uint32_t id)
{
    for (uint32_t at = 0x100, i = 0; at != 0 && i < 64; i++) {
        uint32_t header = config_read(device, at);
        if ((header & 0xffff) == id)
            return at;
        at = header >> 20;
    }
    return 0;
}

/* PASIDs are switched on before ATS; that comes later, with the tables in place. */
static void look_at_endpoint(struct sample_device *device)
{
    const struct sample_unit *unit = device->unit;
    uint32_t pasid = extended(device, 0x1b), ats = extended(device, 0x0f);
    if (ats != 0)
        config_set(device, ats + 4, UINT32_C(1) << 31, false);
    if (unit->scalable && unit->queued && (unit->ecap >> 2 & 1))
        device->ats = ats;
    device->pasid_limit = 1;
    if (!unit->scalable || !(unit->ecap >> 40 & 1) || pasid == 0)
        return;
    device->pasid_limit = UINT32_C(2) << (unit->ecap >> 35 & 31);
    config_set(device, pasid + 4, UINT32_C(1) << 16, true);
}

/* ---- units */

static int retire(struct sample_unit *unit)
{
    int result = 0;
    uint32_t status = sample_read32(unit, GSTS);
    if (status & TE)
        result = sample_command(unit, TE, false);
    if (result == 0 && (status & QIE)) {
        result = sample_wait(unit, IQH, UINT32_MAX, (uint32_t)sample_read64(unit, IQT));
        if (result == 0)
            result = sample_command(unit, QIE, false);
    }
    return result;
}

static int prepare(struct sample_unit *unit)
{
    int result = retire(unit);
    unit->root = result == 0 ? sample_page(unit->sample, 0) : NULL;
    if (unit->root == NULL)
        return result == 0 ? -IOMMU_ENOMEM : result;
    return unit->queued ? sample_queue_open(unit) : 0;
}

static int enable(struct sample_unit *unit)
{
    uint64_t mode = unit->scalable ? UINT64_C(1) << 10 : 0;
    bool both = sample_has(unit->sample, SAMPLE_BUG_TWO_CHANGES);
    int result = sample_flush_write_buffer(unit);
    sample_write64(unit, RTADDR, sample_pa(unit->sample, unit->root) | mode);
    if (result == 0)
        result = sample_command(unit, both ? SRTP | TE : SRTP, true);
    if (result == 0 && !sample_has(unit->sample, SAMPLE_BUG_WARM_START))
        result = sample_invalidate_all(unit);
    if (result == 0 && !both)
        result = sample_command(unit, TE, true);
    if (result == 0 && (unit->cap >> 5 & 3) != 0 && sample_read32(unit, PMEN) != 0) {
        sample_write32(unit, PMEN, 0);
        result = sample_wait(unit, PMEN, 1, 0);
    }
    unit->on = result == 0;
    return result;
}

/* The table's limit is inclusive. Ends within a page are rounded outwards. */
static int found_region(struct sample *sample, const uint8_t *record, unsigned bytes)
{
    uint64_t first = get(record + 8, 8) & ~(SAMPLE_PAGE - 1), limit = get(record + 16, 8);
    uint64_t pages = sample_has(sample, SAMPLE_BUG_SHORT_RESERVED)
                         ? (limit - get(record + 8, 8)) / SAMPLE_PAGE
                         : (limit - first) / SAMPLE_PAGE + 1;
    int result = 0;
    for (unsigned at = 24; at + 8 <= bytes && result == 0 && pages != 0; at += record[at + 1]) {
        struct sample_device *device = scope_device(sample, record + at);
        if (device != NULL && device->unit != NULL)
            result = sample_boot_map(device, first, pages * SAMPLE_PAGE);
    }
    return result;
}

static void start_ats(struct sample_device *device)
{
    if (device->ats == 0 || !device->unit->on)
        return;
    (void)sample_invalidate_device_tlb(device); /* what an earlier driver let it keep */
    config_set(device, device->ats + 4, UINT32_C(1) << 31, true);
    device->ats_on = true;
}

static int bring_up(struct sample *sample, const struct iommu_conform_host *host)
{
    int result = each_record(sample, host, 0, found_unit);
    unsigned units = sample_has(sample, SAMPLE_BUG_ONE_UNIT) ? 1 : sample->units;
    for (unsigned i = 0; i < sample->units && result == 0; i++)
        result = prepare(&sample->unit[i]);
    for (unsigned i = 0; i < sample->devices && result == 0; i++)
        if (sample->device[i].unit != NULL) {
            look_at_endpoint(&sample->device[i]);
            result = sample_device_tables(&sample->device[i]);
        }
    if (result == 0 && !sample_has(sample, SAMPLE_BUG_NO_RESERVED))
        result = each_record(sample, host, 1, found_region);
    for (unsigned i = 0; i < units && result == 0; i++)
        result = enable(&sample->unit[i]);
    for (unsigned i = 0; i < sample->devices && result == 0; i++)
        if (sample->device[i].unit != NULL)
            start_ats(&sample->device[i]);
    return result;
}

int sample_init(struct sample *sample, const struct iommu_conform_host *host)
{
    sample->platform = host->platform;
    sample->id_limit = SAMPLE_IDS;
    for (unsigned i = 0; i < host->device_count && i < SAMPLE_DEVICES; i++)
        sample->device[sample->devices++].name = host->devices[i];
    return bring_up(sample, host);
}

static void stop_device(struct sample_device *device)
{
    if (device->ats_on)
        config_set(device, device->ats + 4, UINT32_C(1) << 31, false);
    if (device->ats_on)
        (void)sample_invalidate_device_tlb(device);
    device->ats_on = false;
}

void sample_fini(struct sample *sample)
{
    for (unsigned i = 0; i < sample->devices; i++)
        if (sample->device[i].unit != NULL) {
            stop_device(&sample->device[i]);
            (void)sample_leave_boot(&sample->device[i]);
        }
    for (unsigned i = 0; i < sample->units; i++) {
        struct sample_unit *unit = &sample->unit[i];
        (void)retire(unit);
        sample_unit_tables_free(unit);
        sample_queue_close(unit);
        sample->platform->mmio_unmap(sample->platform->ctx, (void *)(uintptr_t)unit->regs,
                                     SAMPLE_PAGE);
    }
}
