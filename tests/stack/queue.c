/* SPDX-License-Identifier: MIT */
/* queue.c - reading and stalling the invalidation queue: no code and no constants of the driver. */
#include "tests/stack/queue.h"

enum { GSTS = 0x1c, IQH = 0x80, IQT = 0x88, IQA = 0x90 };
#define GSTS_QIES (UINT32_C(1) << 26)
#define GSTS_TES  (UINT32_C(1) << 31)

/* Bit 11 of the address register: 32-byte descriptors; bits 2:0: log2 of its pages. */
static uint64_t slot_bytes(struct rig *rig, unsigned unit)
{
    return rig_reg64(rig, unit, IQA) >> 11 & 1 ? 32 : 16;
}

static uint64_t ring_bytes(struct rig *rig, unsigned unit)
{
    return RIG_PAGE << (rig_reg64(rig, unit, IQA) & 7);
}

uint64_t rig_queue_slot(struct rig *rig, unsigned unit, uint64_t tail)
{
    return (rig_reg64(rig, unit, IQA) & ~(RIG_PAGE - 1)) + tail;
}

static bool unit_owns(struct rig *rig, unsigned unit, uint64_t page)
{
    if (!(rig_reg32(rig, unit, GSTS) & GSTS_QIES))
        return false;
    uint64_t ring = rig_queue_slot(rig, unit, 0), bytes = ring_bytes(rig, unit);
    if (page - ring < bytes)
        return true;
    for (uint64_t at = 0; at < bytes; at += slot_bytes(rig, unit))
        if ((rig_physical64(rig, ring + at) & 0xf) == RIG_WAIT &&
            (rig_physical64(rig, ring + at + 8) & ~(RIG_PAGE - 1)) == page)
            return true;
    return false;
}

bool rig_queue_owns(struct rig *rig, uint64_t page)
{
    for (unsigned i = 0; i < iommu_model_machine_unit_count(rig->machine); i++)
        if (unit_owns(rig, i, page))
            return true;
    return false;
}

static void note(struct rig *rig, struct rig_queue *queue, uint64_t slot)
{
    assert_true(queue->count < RIG_DESCRIPTORS_MAX);
    struct rig_descriptor *descriptor = &queue->at[queue->count++];
    for (unsigned i = 0; i < 2; i++)
        descriptor->word[i] = rig_physical64(rig, slot + UINT64_C(8) * i);
    descriptor->type = (unsigned)(descriptor->word[0] & 0xf);
    descriptor->granularity = (unsigned)(descriptor->word[0] >> 4 & 3);
    descriptor->post = queue->posts;
    descriptor->translating = (rig_reg32(rig, queue->unit, GSTS) & GSTS_TES) != 0;
}

/* Called before the write reaches the unit: its tail register still holds the old one. */
static void posted(struct rig *rig, struct rig_queue *queue, uint64_t tail)
{
    uint64_t at = rig_reg64(rig, queue->unit, IQT);
    if (!(rig_reg32(rig, queue->unit, GSTS) & GSTS_QIES) || at == tail)
        return;
    queue->posts++;
    for (; at != tail; at = (at + slot_bytes(rig, queue->unit)) % ring_bytes(rig, queue->unit))
        note(rig, queue, rig_queue_slot(rig, queue->unit, at));
}

void rig_queue_see(struct rig *rig, struct rig_queue *queue, enum rig_moment moment,
                   uint64_t address, uint64_t value)
{
    if (moment == RIG_WRITE64 && address == rig_unit_base(queue->unit) + IQT)
        posted(rig, queue, value);
}

static void watch(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    rig_queue_see(rig, rig->probe_ctx, moment, address, value);
}

void rig_queue_watch(struct rig *rig, struct rig_queue *queue, unsigned unit)
{
    *queue = (struct rig_queue){.unit = unit};
    rig_watch(rig, watch, queue);
}

unsigned rig_queue_count(const struct rig_queue *queue, unsigned type)
{
    unsigned count = 0;
    for (unsigned i = 0; i < queue->count; i++)
        count += queue->at[i].type == type;
    return count;
}

const struct rig_descriptor *rig_queue_nth(const struct rig_queue *queue, unsigned type, unsigned n)
{
    for (unsigned i = 0; i < queue->count; i++)
        if (queue->at[i].type == type && n-- == 0)
            return &queue->at[i];
    fail_msg("no such descriptor of type %u among %u", type, queue->count);
    return NULL;
}

static bool stalled(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    struct rig_stall *stall = rig->filter_ctx;
    if (address != rig_unit_base(stall->unit) + IQT)
        return true;
    if (moment == RIG_WRITE64) {
        stall->tail = *value;
        stall->written = true;
        return false;
    }
    if (moment == RIG_READ64 && stall->written)
        *value = stall->tail;
    return true;
}

void rig_stall_begin(struct rig *rig, struct rig_stall *stall, unsigned unit)
{
    *stall = (struct rig_stall){.unit = unit};
    rig->filter = stalled;
    rig->filter_ctx = stall;
}

void rig_stall_end(struct rig *rig)
{
    struct rig_stall *stall = rig->filter_ctx;
    rig->filter = NULL;
    if (stall->written)
        rig_set_reg64(rig, stall->unit, IQT, stall->tail);
}
