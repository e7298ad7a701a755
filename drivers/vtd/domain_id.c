/* SPDX-License-Identifier: MIT */
/*
 * Domain ids of one unit: a bitmap and, over it, one bit a word that is full, so that the lowest
 * free id among 65,536 is found in a few steps. Architecture: "Domain identifier" in context and
 * PASID entries. Callers hold unit->lock.
 *
 * Id 0 is special: with caching mode it tags what hardware remembers as faulting, and may not be
 * used. Elsewhere it is handed out last, because emulators and people expect nothing there.
 */
#include "drivers/vtd/vtd.h"

#define WORD_BITS 64u
#define FULL      UINT64_MAX

static uint32_t words(uint32_t bits)
{
    return (bits + WORD_BITS - 1) / WORD_BITS;
}

static size_t bitmap_bytes(uint32_t bits)
{
    return words(bits) * sizeof(uint64_t);
}

/* Taken from the start: ids that do not exist in the last word, words that do not exist. */
static void close_ends(struct vtd_ids *ids)
{
    uint32_t count = words(ids->limit);

    if (ids->limit % WORD_BITS)
        ids->bits[count - 1] = FULL << (ids->limit % WORD_BITS);
    if (count % WORD_BITS)
        ids->summary[count / WORD_BITS] = FULL << (count % WORD_BITS);
}

int vtd_ids_init(struct vtd_ids *ids, const struct iommu_platform *platform, unsigned width,
                 bool zero_usable)
{
    ids->limit = SPEC_BIT32(width);
    ids->used = 0;
    ids->zero_usable = zero_usable;
    ids->bits = host_alloc(platform, bitmap_bytes(ids->limit));
    ids->summary = host_alloc(platform, bitmap_bytes(words(ids->limit)));
    if (!ids->bits || !ids->summary) {
        vtd_ids_fini(ids, platform);
        return -IOMMU_ENOMEM;
    }
    close_ends(ids);
    ids->bits[0] |= 1; /* id 0 is not found by the search */
    return 0;
}

void vtd_ids_fini(struct vtd_ids *ids, const struct iommu_platform *platform)
{
    host_free(platform, ids->bits, bitmap_bytes(ids->limit));
    host_free(platform, ids->summary, bitmap_bytes(words(ids->limit)));
    ids->bits = NULL;
    ids->summary = NULL;
}

/* Of a word that is not full. A loop, not a builtin: some targets have no instruction for it. */
static uint32_t lowest_clear(uint64_t word)
{
    uint32_t bit = 0;

    for (uint32_t half = WORD_BITS / 2; half > 0; half /= 2) {
        uint64_t low = ((uint64_t)1 << half) - 1;

        if ((word & low) == low) {
            word >>= half;
            bit += half;
        }
    }
    return bit;
}

static void take(struct vtd_ids *ids, uint32_t id)
{
    uint32_t word = id / WORD_BITS;

    ids->bits[word] |= (uint64_t)1 << (id % WORD_BITS);
    if (ids->bits[word] == FULL)
        ids->summary[word / WORD_BITS] |= (uint64_t)1 << (word % WORD_BITS);
    ids->used++;
}

static int take_zero(struct vtd_ids *ids, uint32_t *id)
{
    if (!ids->zero_usable)
        return -IOMMU_ENOSPC;
    ids->zero_usable = false; /* until it is freed */
    ids->used++;
    *id = 0;
    return 0;
}

int vtd_ids_alloc(struct vtd_ids *ids, uint32_t *id)
{
    uint32_t groups = words(words(ids->limit));

    for (uint32_t group = 0; group < groups; group++) {
        uint32_t word;

        if (ids->summary[group] == FULL)
            continue;
        word = group * WORD_BITS + lowest_clear(ids->summary[group]);
        *id = word * WORD_BITS + lowest_clear(ids->bits[word]);
        take(ids, *id);
        return 0;
    }
    return take_zero(ids, id);
}

void vtd_ids_free(struct vtd_ids *ids, uint32_t id)
{
    uint32_t word = id / WORD_BITS;

    ids->used--;
    if (id == 0) {
        ids->zero_usable = true;
        return;
    }
    ids->bits[word] &= ~((uint64_t)1 << (id % WORD_BITS));
    ids->summary[word / WORD_BITS] &= ~((uint64_t)1 << (word % WORD_BITS));
}
