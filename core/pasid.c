/* SPDX-License-Identifier: MIT */
/*
 * core/pasid.c - a device's PASIDs.
 *
 * A sparse array: one pointer for each chunk of 1024 PASIDs, a chunk only where a PASID is taken, nothing at
 * all before the first. 2^20 attached PASIDs take 8.2 bytes each. Full chunks are marked in a bitmap, so the
 * lowest free PASID is found in a few word looks, however many are taken. Everything goes away again with the
 * last PASID: what fails leaves no trace.
 *
 * A PASID that is taken and has no attachment is withheld: its caches are in doubt.
 *
 * All under iommu.lock.
 */
#include "core/pasid.h"

#include "core/host.h"

#define CHUNK_LG2   10u
#define CHUNK_SLOTS (1u << CHUNK_LG2)
#define CHUNKS_MAX  ((IOMMU_PASID_LAST + 1) / CHUNK_SLOTS)

struct chunk {
    struct iommu_attachment *attachment[CHUNK_SLOTS];
    uint32_t taken[CHUNK_SLOTS / 32];
    uint32_t count;
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

static struct chunk *chunk_get(struct iommu_device *device, uint32_t index)
{
    struct iommu_pasid_table *table = table_get(device);

    if (!table)
        return NULL;
    if (!table->chunk[index]) {
        table->chunk[index] = host_alloc(device->iommu->platform, sizeof(struct chunk));
        if (table->chunk[index])
            table->chunk_count++;
        else
            table_drop_if_empty(device);
    }
    return device->pasids ? table->chunk[index] : NULL;
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

int pasid_take(struct iommu_device *device, uint32_t min, uint32_t max, uint32_t *pasid)
{
    uint32_t found = pasid_is_free(device, min) ? min : find_free(device, min + 1, max);
    uint32_t index = found >> CHUNK_LG2;
    struct chunk *chunk;

    if (found > max)
        return -IOMMU_ENOSPC;
    chunk = chunk_get(device, index);
    if (!chunk)
        return -IOMMU_ENOMEM;
    bit_set(chunk->taken, found % CHUNK_SLOTS);
    if (++chunk->count == CHUNK_SLOTS)
        bit_set(device->pasids->full, index);
    *pasid = found;
    return 0;
}

void pasid_release(struct iommu_device *device, uint32_t pasid)
{
    uint32_t index = pasid >> CHUNK_LG2;
    struct chunk *chunk = device->pasids->chunk[index];

    bit_clear(device->pasids->full, index);
    chunk->attachment[pasid % CHUNK_SLOTS] = NULL;
    bit_clear(chunk->taken, pasid % CHUNK_SLOTS);
    if (--chunk->count == 0)
        chunk_drop(device, index);
}

void pasid_set(struct iommu_device *device, uint32_t pasid, struct iommu_attachment *attachment)
{
    device->pasids->chunk[pasid >> CHUNK_LG2]->attachment[pasid % CHUNK_SLOTS] = attachment;
}

struct iommu_attachment *pasid_get(const struct iommu_device *device, uint32_t pasid)
{
    const struct chunk *chunk = chunk_of(device, pasid);

    return chunk ? chunk->attachment[pasid % CHUNK_SLOTS] : NULL;
}

bool pasid_is_free(const struct iommu_device *device, uint32_t pasid)
{
    const struct chunk *chunk = chunk_of(device, pasid);

    return !chunk || !bit_get(chunk->taken, pasid % CHUNK_SLOTS);
}

/* Within one chunk; NULL: no attachment from `slot` on. */
static struct iommu_attachment *chunk_next(const struct chunk *chunk, uint32_t slot)
{
    for (; slot < CHUNK_SLOTS; slot++) {
        slot = bit_find(chunk->taken, slot, CHUNK_SLOTS, true);
        if (slot < CHUNK_SLOTS && chunk->attachment[slot])
            return chunk->attachment[slot];
    }
    return NULL;
}

struct iommu_attachment *pasid_next(const struct iommu_device *device, uint32_t from)
{
    const struct iommu_pasid_table *table = device->pasids;
    uint32_t slot = from % CHUNK_SLOTS;

    for (uint32_t index = from >> CHUNK_LG2; table && index < table->size; index++, slot = 0) {
        struct iommu_attachment *found = NULL;

        if (table->chunk[index])
            found = chunk_next(table->chunk[index], slot);
        if (found)
            return found;
    }
    return NULL;
}

void pasid_fini(struct iommu_device *device)
{
    for (uint32_t index = 0; device->pasids && index < device->pasids->size; index++)
        if (device->pasids->chunk[index])
            chunk_drop(device, index);
}
