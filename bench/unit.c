/* SPDX-License-Identifier: MIT */
/* bench/unit.c - see unit.h. */
#include "bench/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "spec/vtd_queue.h"
#include "spec/vtd_regs.h"

#define REGISTER_BYTES 4096u
#define CACHE_ENTRIES  1024u

struct bench_unit {
    uint8_t *memory;
    bool shared;
    bool busy; /* atomic; shared: somebody is at it */
    struct bench_unit_counts counts;
    uint8_t *ring;
    uint32_t ring_bytes, slot;
    uint32_t generation;           /* of everything cached; a wide invalidation raises it */
    uint64_t cache[CACHE_ENTRIES]; /* pages, as a translation would have left them */
    union {
        uint32_t reg32[REGISTER_BYTES / 4];
        uint64_t reg64[REGISTER_BYTES / 8];
    };
};

struct bench_unit *bench_unit_create(uint8_t *memory, uint32_t version, uint64_t cap, uint64_t ecap)
{
    struct bench_unit *unit = calloc(1, sizeof *unit);
    if (unit == NULL)
        return NULL;
    unit->memory = memory;
    unit->reg32[VTD_REG_VER / 4] = version;
    unit->reg64[VTD_REG_CAP / 8] = cap;
    unit->reg64[VTD_REG_ECAP / 8] = ecap;
    return unit;
}

void bench_unit_destroy(struct bench_unit *unit)
{
    free(unit);
}

void bench_unit_share(struct bench_unit *unit)
{
    unit->shared = true;
}

void bench_unit_memory(struct bench_unit *unit, uint8_t *memory)
{
    unit->memory = memory;
}

static void forget_page(struct bench_unit *unit, uint64_t word)
{
    uint64_t first = word >> 12, pages = UINT64_C(1) << SPEC_GET(VTD_QI_IOTLB1_AM, word);
    if (pages > CACHE_ENTRIES) {
        unit->generation++;
        return;
    }
    for (uint64_t page = first; page < first + pages; page++)
        unit->cache[page % CACHE_ENTRIES] = 0;
}

static void execute(struct bench_unit *unit, const uint64_t *word)
{
    unit->counts.descriptors++;
    switch (SPEC_GET(VTD_QI_TYPE, word[0])) {
    case VTD_QI_TYPE_WAIT:
        unit->counts.waits++;
        if (word[0] & VTD_QI_WAIT_SW) {
            uint32_t *status = (uint32_t *)(void *)(unit->memory + (word[1] & ~UINT64_C(3)));
            __atomic_store_n(status, (uint32_t)(word[0] >> 32), __ATOMIC_RELEASE);
            unit->counts.status_writes++;
        }
        break;
    case VTD_QI_TYPE_IOTLB:
        if (SPEC_GET(VTD_QI_IOTLB_G, word[0]) == VTD_QI_IOTLB_G_PAGE)
            forget_page(unit, word[1]);
        else
            unit->generation++;
        break;
    default:
        unit->generation++;
        break;
    }
}

/* The head on the way is nobody else's: in registers. */
static uint32_t execute_all(struct bench_unit *unit, uint32_t head, uint32_t tail)
{
    const uint32_t slot = unit->slot, mask = unit->ring_bytes - 1;
    uint8_t *const ring = unit->ring;
    for (; head != tail; head = (head + slot) & mask)
        execute(unit, (const uint64_t *)(const void *)(ring + head));
    return head;
}

static void run_queue(struct bench_unit *unit, uint32_t tail)
{
    while (unit->shared && __atomic_exchange_n(&unit->busy, true, __ATOMIC_ACQUIRE))
        ;
    unit->counts.tail_writes++;
    if (unit->ring != NULL)
        unit->reg64[VTD_REG_IQH / 8] = execute_all(unit, (uint32_t)unit->reg64[VTD_REG_IQH / 8], tail);
    if (unit->shared)
        __atomic_store_n(&unit->busy, false, __ATOMIC_RELEASE);
}

static void start_queue(struct bench_unit *unit)
{
    uint64_t address = unit->reg64[VTD_REG_IQA / 8];
    unit->ring = unit->memory + (address & ~UINT64_C(4095));
    unit->ring_bytes = 4096u << (address & 7);
    unit->slot = (address & VTD_IQA_DW) != 0 ? VTD_QI_WIDE_BYTES : VTD_QI_NARROW_BYTES;
    unit->reg64[VTD_REG_IQH / 8] = 0;
}

static void command(struct bench_unit *unit, uint32_t value)
{
    uint32_t before = unit->reg32[VTD_REG_GSTS / 4], level = VTD_GSTS_TES | VTD_GSTS_QIES;
    uint32_t after = (before & ~level) | (value & level);
    if (value & VTD_GCMD_SRTP)
        after |= VTD_GSTS_RTPS;
    if (after & ~before & VTD_GSTS_QIES)
        start_queue(unit);
    unit->reg32[VTD_REG_GSTS / 4] = after;
}

uint32_t bench_unit_read32(void *at, uint32_t offset)
{
    const struct bench_unit *unit = at;
    return offset < REGISTER_BYTES ? unit->reg32[offset / 4] : UINT32_MAX;
}

uint64_t bench_unit_read64(void *at, uint32_t offset)
{
    const struct bench_unit *unit = at;
    return offset < REGISTER_BYTES ? unit->reg64[offset / 8] : UINT64_MAX;
}

void bench_unit_write32(void *at, uint32_t offset, uint32_t value)
{
    struct bench_unit *unit = at;
    if (offset == VTD_REG_IQT)
        run_queue(unit, value);
    else if (offset == VTD_REG_GCMD)
        command(unit, value);
    else if (offset != VTD_REG_FSTS && offset < REGISTER_BYTES) /* no faults: nothing to clear */
        unit->reg32[offset / 4] = value;
}

void bench_unit_write64(void *at, uint32_t offset, uint64_t value)
{
    struct bench_unit *unit = at;
    if (offset == VTD_REG_IQT)
        run_queue(unit, (uint32_t)value);
    else if (offset < REGISTER_BYTES)
        unit->reg64[offset / 8] = value;
}

void bench_unit_counts(const struct bench_unit *unit, struct bench_unit_counts *counts)
{
    *counts = unit->counts;
}
