/* SPDX-License-Identifier: MIT */
/*
 * core/pasid.c - a device's PASIDs.
 *
 * A sparse array: one pointer for each chunk of 1024 PASIDs, a chunk only where a PASID is taken, nothing at
 * all before the first. A chunk has a block for each 32 of its PASIDs, which holds their attachments themselves, so
 * that most attaches need no memory and a look-up finds the object without another pointer. Full chunks are marked in
 * a bitmap, so the lowest free PASID is found in a few word looks, however many are taken. Everything goes away again
 * with the last PASID: what fails leaves no trace.
 *
 * A PASID that is withheld stays taken and has no attachment: its caches are in doubt.
 *
 * All under iommu.lock.
 */
#include "core/pasid.h"

#include "core/attachment.h"
#include "core/host.h"

#define BLOCK_SLOTS  32u /* a word of bits */
#define CHUNK_LG2    10u
#define CHUNK_SLOTS  (1u << CHUNK_LG2)
#define CHUNK_BLOCKS (CHUNK_SLOTS / BLOCK_SLOTS)
#define CHUNKS_MAX   ((IOMMU_PASID_LAST + 1) / CHUNK_SLOTS)

struct chunk {
    void *block[CHUNK_BLOCKS]; /* BLOCK_SLOTS attachments, of the driver's size; NULL: none is taken */
    uint32_t taken[CHUNK_BLOCKS];
    uint32_t withheld[CHUNK_BLOCKS];
    uint32_t count; /* of PASIDs taken */
};

struct iommu_pasid_table {
    uint32_t full[CHUNKS_MAX / 32];
    uint32_t chunk_count; /* with at least one PASID taken */
    uint32_t size;        /* of chunk[] */
    struct chunk *chunk[];
};

/* ---- bits --------------------------------------------------------------------------------------------- */

static bool bit_get(const uint32_t *bits, uint32_t index)
{
    return (bits[index / 32] >> index % 32) & 1u;
}

static void bit_set(uint32_t *bits, uint32_t index)
{
    bits[index / 32] |= (uint32_t)1 << index % 32;
}

static void bit_clear(uint32_t *bits, uint32_t index)
{
    bits[index / 32] &= ~((uint32_t)1 << index % 32);
}

/* Position of the lowest bit. By hand: some targets call their runtime library for the builtin. */
static uint32_t lowest(uint32_t word)
{
    uint32_t at = 0;

    for (uint32_t half = 16; half; half /= 2) {
        if (word & (((uint32_t)1 << half) - 1))
            continue;
        word >>= half;
        at += half;
    }
    return at;
}

/* First index in [from, end) whose bit is `wanted`, or end. */
static uint32_t bit_find(const uint32_t *bits, uint32_t from, uint32_t end, bool wanted)
{
    uint32_t flip = wanted ? 0 : UINT32_MAX;

    while (from < end) {
        uint32_t word = (bits[from / 32] ^ flip) >> from % 32;

        if (word) {
            from += lowest(word);
            return from < end ? from : end;
        }
        from = (from / 32 + 1) * 32;
    }
    return end;
}

/* ---- chunks ------------------------------------------------------------------------------------------- */

static size_t table_bytes(uint32_t size)
{
    return sizeof(struct iommu_pasid_table) + size * sizeof(struct chunk *);
}

static size_t block_bytes(const struct iommu_device *device)
{
    return BLOCK_SLOTS * attachment_bytes(device->ops);
}

static struct iommu_pasid_table *table_get(struct iommu_device *device)
{
    uint32_t size = (device->pasid_limit + CHUNK_SLOTS - 1) / CHUNK_SLOTS;

    if (!device->pasids) {
        device->pasids = host_alloc(device->iommu->platform, table_bytes(size));
        if (device->pasids)
            device->pasids->size = size;
    }
    return device->pasids;
}

static void table_drop_if_empty(struct iommu_device *device)
{
    struct iommu_pasid_table *table = device->pasids;

    if (table->chunk_count == 0) {
        host_free(device->iommu->platform, table, table_bytes(table->size));
        device->pasids = NULL;
    }
}

static struct chunk *chunk_make(struct iommu_device *device, uint32_t index)
{
    struct iommu_pasid_table *table = table_get(device);
    struct chunk *made;

    if (!table)
        return NULL;
    made = host_alloc(device->iommu->platform, sizeof(struct chunk));
    if (!made) {
        table_drop_if_empty(device);
        return NULL;
    }
    table->chunk[index] = made;
    table->chunk_count++;
    return made;
}

static void chunk_drop(struct iommu_device *device, uint32_t index)
{
    struct iommu_pasid_table *table = device->pasids;

    host_free(device->iommu->platform, table->chunk[index], sizeof(struct chunk));
    table->chunk[index] = NULL;
    table->chunk_count--;
    table_drop_if_empty(device);
}

/* The chunk of a PASID, where there is one. */
static struct chunk *chunk_of(const struct iommu_device *device, uint32_t pasid)
{
    if (!device->pasids || pasid >> CHUNK_LG2 >= device->pasids->size)
        return NULL;
    return device->pasids->chunk[pasid >> CHUNK_LG2];
}

static struct iommu_attachment *slot_of(const struct iommu_device *device, const struct chunk *chunk, uint32_t slot)
{
    uint8_t *block = chunk->block[slot / BLOCK_SLOTS];

    return (struct iommu_attachment *)(void *)(block + slot % BLOCK_SLOTS * attachment_bytes(device->ops));
}

/* With its block, for a PASID that is about to be taken. */
static struct chunk *chunk_get(struct iommu_device *device, uint32_t pasid)
{
    struct chunk *chunk = chunk_of(device, pasid);
    void **block;

    if (!chunk)
        chunk = chunk_make(device, pasid >> CHUNK_LG2);
    if (!chunk)
        return NULL;
    block = &chunk->block[pasid % CHUNK_SLOTS / BLOCK_SLOTS];
    if (!*block)
        *block = host_alloc(device->iommu->platform, block_bytes(device));
    if (*block)
        return chunk;
    if (chunk->count == 0)
        chunk_drop(device, pasid >> CHUNK_LG2);
    return NULL;
}

static void block_drop(struct iommu_device *device, struct chunk *chunk, uint32_t index)
{
    host_free(device->iommu->platform, chunk->block[index], block_bytes(device));
    chunk->block[index] = NULL;
}

/* ---- free, taken, withheld ---------------------------------------------------------------------------- */

/* The lowest free PASID in [min, max], or max + 1. */
static uint32_t find_free(const struct iommu_device *device, uint32_t min, uint32_t max)
{
    const struct iommu_pasid_table *table = device->pasids;
    uint32_t pasid = min;

    while (table && pasid <= max) {
        uint32_t index = bit_find(table->full, pasid >> CHUNK_LG2, table->size, false);
        uint32_t base = index << CHUNK_LG2, start, found;

        if (base > max)
            return max + 1;
        start = base > pasid ? 0 : pasid - base;
        if (!table->chunk[index])
            return base + start;
        found = bit_find(table->chunk[index]->taken, start, CHUNK_SLOTS, false);
        pasid = base + found;
        if (found < CHUNK_SLOTS)
            break;
    }
    return pasid <= max ? pasid : max + 1;
}

static inline bool is_free(const struct iommu_device *device, uint32_t pasid)
{
    const struct chunk *chunk = chunk_of(device, pasid);

    return !chunk || !bit_get(chunk->taken, pasid % CHUNK_SLOTS);
}

bool pasid_is_free(const struct iommu_device *device, uint32_t pasid)
{
    return is_free(device, pasid);
}

int pasid_take(struct iommu_device *device, uint32_t min, uint32_t max, struct iommu_attachment **slot)
{
    uint32_t found = is_free(device, min) ? min : find_free(device, min + 1, max);
    struct chunk *chunk;

    if (found > max)
        return -IOMMU_ENOSPC;
    chunk = chunk_get(device, found);
    if (!chunk)
        return -IOMMU_ENOMEM;
    bit_set(chunk->taken, found % CHUNK_SLOTS);
    if (++chunk->count == CHUNK_SLOTS)
        bit_set(device->pasids->full, found >> CHUNK_LG2);
    *slot = slot_of(device, chunk, found % CHUNK_SLOTS);
    (*slot)->pasid = found;
    return 0;
}

void pasid_release(struct iommu_device *device, uint32_t pasid)
{
    uint32_t index = pasid >> CHUNK_LG2, slot = pasid % CHUNK_SLOTS;
    struct chunk *chunk = device->pasids->chunk[index];

    bit_clear(chunk->withheld, slot);
    chunk->count--;
    bit_clear(chunk->taken, slot);
    if (chunk->taken[slot / BLOCK_SLOTS] == 0)
        block_drop(device, chunk, slot / BLOCK_SLOTS);
    bit_clear(device->pasids->full, index);
    if (chunk->count == 0)
        chunk_drop(device, index);
}

void pasid_withhold(struct iommu_device *device, uint32_t pasid)
{
    bit_set(device->pasids->chunk[pasid >> CHUNK_LG2]->withheld, pasid % CHUNK_SLOTS);
}

static bool is_attached(const struct chunk *chunk, uint32_t slot)
{
    return bit_get(chunk->taken, slot) && !bit_get(chunk->withheld, slot);
}

struct iommu_attachment *pasid_get(const struct iommu_device *device, uint32_t pasid)
{
    const struct chunk *chunk = chunk_of(device, pasid);

    return chunk && is_attached(chunk, pasid % CHUNK_SLOTS) ? slot_of(device, chunk, pasid % CHUNK_SLOTS) : NULL;
}

/* Within one chunk; CHUNK_SLOTS: no attachment from `slot` on. */
static uint32_t chunk_next(const struct chunk *chunk, uint32_t slot)
{
    slot = bit_find(chunk->taken, slot, CHUNK_SLOTS, true);
    while (slot < CHUNK_SLOTS && bit_get(chunk->withheld, slot))
        slot = bit_find(chunk->taken, slot + 1, CHUNK_SLOTS, true);
    return slot;
}

struct iommu_attachment *pasid_next(const struct iommu_device *device, uint32_t from)
{
    const struct iommu_pasid_table *table = device->pasids;
    uint32_t slot = from % CHUNK_SLOTS;

    for (uint32_t index = from >> CHUNK_LG2; table && index < table->size; index++, slot = 0) {
        const struct chunk *chunk = table->chunk[index];

        if (chunk)
            slot = chunk_next(chunk, slot);
        if (chunk && slot < CHUNK_SLOTS)
            return slot_of(device, chunk, slot);
    }
    return NULL;
}
