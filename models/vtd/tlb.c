/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/tlb.c - see tlb.h.
 *
 * Architecture: "Caching translation information". Lock: the model's. Called by iotlb.c and paging.c, which fill it,
 * and by drop.c, which empties it. At most half of the places are taken, so that searches are short; without memory
 * to grow, they get longer, and at last nothing more is remembered, which a cache may always do.
 */
#include "models/vtd/tlb.h"

#define FIRST_SLOTS ((size_t)64)

static unsigned kind_of(const struct vtdm_group *group)
{
    return (unsigned)(group->name >> VTDM_KIND_SHIFT);
}

static uint64_t first_place(const struct vtdm_group *group)
{
    return (group->name << (64 - VTDM_KIND_SHIFT)) >> (64 - VTDM_KIND_SHIFT) << VTDM_GROUP_LG2;
}

static bool live(const struct vtdm_group *group)
{
    return group->owner && group->owner->serial == group->serial;
}

/* Where a group that no place has is put: instead of one that is nobody's, or at the free place. */
static size_t seat(const struct vtdm_tlb *tlb, const struct vtdm_set *set, uint64_t name)
{
    size_t at = vtdm_tlb_home(tlb, set, name);
    while (live(&tlb->group[at]))
        at = (at + 1) & (tlb->slots - 1);
    return at;
}

/* ---- Storage ------------------------------------------------------------------------------------------------ */

static size_t bytes_of(size_t slots)
{
    return slots * (sizeof(struct vtdm_group) + VTDM_GROUP * sizeof(uint64_t));
}

/* Groups and words are one allocation. */
static bool set_slots(struct vtdm_tlb *tlb, size_t slots)
{
    uint64_t (*words)[VTDM_GROUP] = tlb->host->alloc(tlb->host->ctx, bytes_of(slots));
    if (!words)
        return false;
    tlb->word = words;
    tlb->group = (struct vtdm_group *)(void *)(words + slots);
    tlb->slots = slots;
    tlb->used = 0;
    return true;
}

static void free_slots(const struct vtdm_tlb *tlb)
{
    tlb->host->free(tlb->host->ctx, tlb->word, bytes_of(tlb->slots));
}

bool vtdm_tlb_create(struct vtdm_tlb *tlb, const struct iommu_model_host *host)
{
    tlb->host = host;
    return set_slots(tlb, FIRST_SLOTS);
}

void vtdm_tlb_destroy(struct vtdm_tlb *tlb)
{
    if (tlb->word)
        free_slots(tlb);
    tlb->word = NULL;
}

/*
 * Software decides how large the table has become: it is not kept for all times, nor cleared as such again and again. What
 * is in the words does not matter before somebody takes the place.
 */
void vtdm_tlb_clear(struct vtdm_tlb *tlb)
{
    struct vtdm_tlb old = *tlb;
    if (tlb->slots > FIRST_SLOTS && set_slots(tlb, FIRST_SLOTS)) {
        free_slots(&old);
        return;
    }
    __builtin_memset(tlb->group, 0, tlb->slots * sizeof(*tlb->group));
    tlb->used = 0;
}

static unsigned words_in(const struct vtdm_tlb *tlb, size_t at)
{
    unsigned count = 0;
    if (!live(&tlb->group[at]))
        return 0;
    for (unsigned i = 0; i < VTDM_GROUP; i++)
        count += tlb->word[at][i] != 0;
    return count;
}

/* Does somebody have a word there? */
static bool filled(const struct vtdm_tlb *tlb, size_t at)
{
    uint64_t all = 0;
    if (!live(&tlb->group[at]))
        return false;
    for (unsigned i = 0; i < VTDM_GROUP; i++)
        all |= tlb->word[at][i];
    return all;
}

static uint64_t *take(struct vtdm_tlb *tlb, size_t at, struct vtdm_set *set, uint64_t name)
{
    tlb->used += !tlb->group[at].owner;
    tlb->group[at] = (struct vtdm_group){ set, name, set->serial };
    __builtin_memset(tlb->word[at], 0, sizeof(tlb->word[at]));
    return tlb->word[at];
}

/* Leaves behind what is nobody's; a quarter of the new places are taken at most. */
static void renew(struct vtdm_tlb *tlb)
{
    struct vtdm_tlb old = *tlb;
    size_t kept = 0, slots = tlb->slots;
    for (size_t at = 0; at < old.slots; at++)
        kept += filled(&old, at);
    while (slots < 4 * kept)
        slots *= 2;
    if (!set_slots(tlb, slots))
        return;
    for (size_t at = 0; at < old.slots; at++) {
        const struct vtdm_group *group = &old.group[at];
        if (filled(&old, at))
            __builtin_memcpy(take(tlb, vtdm_tlb_seek(tlb, group->owner, group->name), group->owner, group->name),
                             old.word[at], sizeof(old.word[at]));
    }
    free_slots(&old);
}

/* ---- One place ---------------------------------------------------------------------------------------------- */

uint64_t *vtdm_tlb_add(struct vtdm_tlb *tlb, struct vtdm_set *set, uint64_t name, size_t at)
{
    if (!tlb->group[at].owner)
        at = seat(tlb, set, name);
    if (!tlb->group[at].owner && 2 * (tlb->used + 1) > tlb->slots) {
        renew(tlb);
        at = seat(tlb, set, name);
    }
    if (!tlb->group[at].owner && tlb->used + 1 == tlb->slots)
        return NULL; /* a search needs a free place to end at */
    return take(tlb, at, set, name);
}

/* ---- Many --------------------------------------------------------------------------------------------------- */

void vtdm_tlb_forget(struct vtdm_tlb *tlb, struct vtdm_set *set)
{
    set->serial = ++tlb->serials * VTDM_SPREAD;
    if (!set->seed)
        set->seed = set->serial;
    set->kinds = 0;
    __builtin_memset(set->count, 0, sizeof(set->count));
}

/* Of every group of the kind, what lies between first and last. */
static void search_all(struct vtdm_tlb *tlb, struct vtdm_set *set, unsigned kind, uint64_t first, uint64_t last)
{
    for (size_t at = 0; at < tlb->slots; at++) {
        uint64_t place = first_place(&tlb->group[at]);
        if (tlb->group[at].serial != set->serial || kind_of(&tlb->group[at]) != kind)
            continue;
        for (unsigned i = 0; i < VTDM_GROUP; i++, place++)
            if (place >= first && place <= last)
                vtdm_tlb_empty(set, kind, &tlb->word[at][i]);
    }
}

void vtdm_tlb_drop(struct vtdm_tlb *tlb, struct vtdm_set *set, unsigned kind, uint64_t first, uint64_t last)
{
    if (last - first >= tlb->slots) {
        search_all(tlb, set, kind, first, last);
        return;
    }
    for (uint64_t place = first; place <= last; place++) {
        uint64_t *word = vtdm_tlb_find(tlb, set, kind, place);
        if (word)
            vtdm_tlb_empty(set, kind, word);
    }
}

void vtdm_tlb_drop_marked(struct vtdm_tlb *tlb, struct vtdm_set *set, uint64_t mark)
{
    for (size_t at = 0; at < tlb->slots; at++)
        for (unsigned i = 0; i < VTDM_GROUP && tlb->group[at].serial == set->serial; i++)
            if (tlb->word[at][i] & mark)
                vtdm_tlb_empty(set, kind_of(&tlb->group[at]), &tlb->word[at][i]);
}

void vtdm_tlb_drop_any(struct vtdm_tlb *tlb, uint64_t random)
{
    for (size_t i = 0; i < tlb->slots; i++) {
        size_t at = (random + i) & (tlb->slots - 1);
        if (!filled(tlb, at))
            continue;
        unsigned which = 0;
        while (!tlb->word[at][which])
            which++;
        vtdm_tlb_empty(tlb->group[at].owner, kind_of(&tlb->group[at]), &tlb->word[at][which]);
        return;
    }
}

size_t vtdm_tlb_count(const struct vtdm_tlb *tlb, unsigned kinds)
{
    size_t count = 0;
    for (size_t at = 0; at < tlb->slots; at++)
        if (kind_of(&tlb->group[at]) < kinds)
            count += words_in(tlb, at);
    return count;
}
