/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/near.h - the shortest way of a miss: a cursor points at the page's leaf table (cursor.h), so that one look
 * into the IOTLB and one at the leaf are all there is to do. Also what a translation says, for the short way (short.c).
 *
 * In a header, because a call and what is saved around it would cost as much as a third of the work. Lock: held.
 * Included by translate.c, batch.c and short.c.
 */
#ifndef IOMMUKIT_MODELS_VTD_NEAR_H
#define IOMMUKIT_MODELS_VTD_NEAR_H

#include "models/vtd/front.h"

static VTDM_INLINE bool vtdm_up_to_date(const struct vtdm_asker *asker)
{
    return asker->front->epoch == asker->m->epoch;
}

static VTDM_INLINE bool vtdm_crosses(const struct iommu_model_request *like, uint64_t address)
{
    return address % VTD_PAGE_BYTES + like->bytes > VTD_PAGE_BYTES;
}

/* ---- What a word of the IOTLB says to a request that is not privileged --------------------------------------- */

/* As in a result and in a copy, from `outcome` on; of a page of 4 KiB. */
struct vtdm_said {
    enum iommu_model_outcome outcome;
    uint8_t page_lg2;
    bool read, write, cached;
};
_Static_assert(sizeof(struct vtdm_said) == 8 && offsetof(struct vtdm_said, cached) == 7 && IOMMU_MODEL_OK == 0 &&
               offsetof(struct iommu_model_result, cached) - VTDM_ANSWER_AT == 7 &&
               offsetof(struct iommu_model_result, domain_id) - VTDM_ANSWER_AT == 8, "in one piece");

#define SAID_HAS(rights, all) (((uint64_t)(rights) * VTDM_LEAF_READ & (all)) == (all))
#define SAID_WRITE            (VTDM_LEAF_WRITE | VTDM_LEAF_FIRST_WRITE | VTDM_LEAF_USER)
#define SAID(rights) \
    { .page_lg2 = VTD_PAGE_LG2, .read = SAID_HAS(rights, VTDM_LEAF_READ), .write = SAID_HAS(rights, SAID_WRITE), \
      .cached = true }
/* A write that has to walk for its dirty flag is denied, and both kinds of access are where there is no word. */
#define DENIED(rights) ((SAID_HAS(rights, VTDM_LEAF_READ | VTDM_LEAF_USER) ? 0 : VTDM_COPY_NO_READ) | \
                        (SAID_HAS(rights, SAID_WRITE | VTDM_LEAF_DIRTY) ? 0 : VTDM_COPY_NO_WRITE))
#define FOUR(what, rights)    what(rights), what((rights) + 1), what((rights) + 2), what((rights) + 3)
#define SIXTEEN(what, rights) \
    FOUR(what, rights), FOUR(what, (rights) + 4), FOUR(what, (rights) + 8), FOUR(what, (rights) + 12)

/* For both tables: the five rights of a word, READ to DIRTY, which lie side by side, as a number. */
static inline unsigned vtdm_rights_of(uint64_t word)
{
    return (unsigned)(word / VTDM_LEAF_READ) % 32;
}

static const struct vtdm_said vtdm_said[32] = { SIXTEEN(SAID, 0), SIXTEEN(SAID, 16) };
static const uint8_t vtdm_denied[32] = { SIXTEEN(DENIED, 0), SIXTEEN(DENIED, 16) };

/* outcome: that of a result or of a copy. */
static VTDM_INLINE void vtdm_say(enum iommu_model_outcome *outcome, const struct vtdm_plan *plan, uint64_t word)
{
    __builtin_memcpy(outcome, &vtdm_said[vtdm_rights_of(word)], sizeof(struct vtdm_said));
    __builtin_memcpy((char *)outcome + sizeof(struct vtdm_said), &plan->tail, sizeof(plan->tail));
}

/* A word of the IOTLB that is no translation. */
static VTDM_INLINE bool vtdm_refusal(uint64_t word)
{
    return word & (VTDM_LEAF_FAULT | VTDM_LEAF_ABSENT);
}

/* Into the result, as from the cache, and into the copy. false: not a case for this way, and nothing has changed. */
static VTDM_INLINE bool vtdm_tell(const struct vtdm_asker *asker, struct vtdm_copy *copy,
                                  const struct iommu_model_request *like, uint64_t address, unsigned kind, uint64_t word,
                                  struct iommu_model_result *result)
{
    uint64_t inside = SPEC_BIT64(VTDM_LEAF_LG2(kind)) - 1, pa = (word & VTDM_LEAF_ADDRESS) | (address & inside);
    uint32_t denied = vtdm_denied[vtdm_rights_of(word)];
    if ((denied & vtdm_front_needs(like)) || vtdm_in_window(pa))
        return false;
    result->pa = pa;
    vtdm_say(&result->outcome, &asker->way->plan, word);
    vtdm_front_mark(copy, asker->way, address, pa, denied);
    vtdm_say(&copy->outcome, &asker->way->plan, word);
    if (kind)
        result->page_lg2 = copy->page_lg2 = VTDM_LEAF_LG2(kind);
    return true;
}

/* ---- The leaf table is known --------------------------------------------------------------------------------- */

/* Of the address, if it is good; NULL. */
static VTDM_INLINE const struct vtdm_cursor *vtdm_cursor_of(const struct vtdm_asker *asker, uint64_t address)
{
    const struct vtdm_plan *plan = &asker->way->plan;
    uint64_t region = vtdm_cursor_region(plan, address);
    const struct vtdm_cursor *cursor = &asker->front->cursor[region % VTDM_CURSORS];
    bool good = cursor->region == region && cursor->lost == plan->space->lost && vtdm_up_to_date(asker);
    return good ? cursor : NULL;
}

/* As vtdm_short. */
static VTDM_INLINE bool vtdm_near(const struct vtdm_asker *asker, struct vtdm_copy *copy,
                                  const struct iommu_model_request *like, uint64_t address,
                                  struct iommu_model_result *result)
{
    struct iommu_model_vtd *m = asker->m;
    const struct vtdm_cursor *cursor = vtdm_cursor_of(asker, address);
    if (!cursor || vtdm_crosses(like, address))
        return false;
    struct vtdm_set *leaves = &asker->way->plan.space->leaves;
    uint64_t *leaf = vtdm_tlb_make(&m->iotlb, leaves, 0, address / VTD_PAGE_BYTES);
    if (!leaf)
        return false;
    uint64_t word = *leaf;
    if (word) {
        if (vtdm_refusal(word) || !vtdm_tell(asker, copy, like, address, 0, word, result))
            return false;
        vtdm_front_count(asker->front, 1);
        return true;
    }
    word = vtdm_cursor_leaf(cursor, &asker->way->plan, address);
    if (!vtdm_tell(asker, copy, like, address, 0, word, result))
        return false;
    result->cached = false;
    asker->front->walks++;
    vtdm_tlb_fill(leaves, 0, leaf, word);
    return true;
}

#endif
