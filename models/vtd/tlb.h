/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/tlb.h - translations, and pointers to tables, that the unit remembers: nothing is forgotten by itself.
 *
 * An open hash table of groups. A group is eight neighbouring pages of one set and one kind, a word for each: one
 * search serves eight pages, and neighbours lie in one cache line. A set is everything that one domain, or one PASID
 * of it, has here. Its groups carry its serial number, so that a set is forgotten at once, however large, by giving
 * it another number: what carries the old one is nobody's, and its place is free for the same group, which a set that
 * is filled again looks for first, or for another.
 */
#ifndef IOMMUKIT_MODELS_VTD_TLB_H
#define IOMMUKIT_MODELS_VTD_TLB_H

#include "iommukit/model/host.h"

#define VTDM_GROUP_LG2 3u
#define VTDM_GROUP     (1u << VTDM_GROUP_LG2)
#define VTDM_KINDS     8u

/* What there is of one domain or PASID in one table. Zeroed, then vtdm_tlb_forget makes an empty one of it. */
struct vtdm_set {
    uint64_t serial; /* of its groups; not 0 */
    uint64_t seed;   /* of the places that its groups look for; its first serial */
    unsigned kinds;  /* a bit for each kind of which there may be a word: others need no search */
    size_t count[VTDM_KINDS]; /* of a kind, at least as many as there are words under this number */
};

struct vtdm_group {
    struct vtdm_set *owner; /* outlives the table; NULL: a free place */
    uint64_t name;          /* the kind, and what the places have in common */
    uint64_t serial;        /* not the owner's: nothing is remembered */
};

struct vtdm_tlb {
    const struct iommu_model_host *host;
    size_t slots, used; /* slots: a power of two; used: with those of old numbers */
    uint64_t serials;   /* handed out so far */
    struct vtdm_group *group;
    uint64_t (*word)[VTDM_GROUP]; /* 0: nothing */
};

bool vtdm_tlb_create(struct vtdm_tlb *tlb, const struct iommu_model_host *host);
void vtdm_tlb_destroy(struct vtdm_tlb *tlb);

#define VTDM_KIND_SHIFT 56u

/* Odd, so that no two counts give the same number, and none but 0 gives 0. */
#define VTDM_SPREAD 0x9E3779B97F4A7C15u

static inline uint64_t vtdm_tlb_name(unsigned kind, uint64_t place)
{
    return place >> VTDM_GROUP_LG2 | (uint64_t)kind << VTDM_KIND_SHIFT;
}

/* Where the search begins: the upper half of a product is what depends on all bits. */
static inline size_t vtdm_tlb_home(const struct vtdm_tlb *tlb, const struct vtdm_set *set, uint64_t name)
{
    return (size_t)((set->seed ^ name) * VTDM_SPREAD >> 32) & (tlb->slots - 1);
}

/* The group's place, whatever its serial number, or the free one at which the search for it ends. */
static inline size_t vtdm_tlb_seek(const struct vtdm_tlb *tlb, const struct vtdm_set *set, uint64_t name)
{
    const struct vtdm_group *group = tlb->group;
    size_t last = tlb->slots - 1, at = vtdm_tlb_home(tlb, set, name);
    while ((group[at].name != name || group[at].owner != set) && group[at].owner)
        at = (at + 1) & last;
    return at;
}

/* Is the group of this place the set's, and not from before it was forgotten? */
static inline bool vtdm_tlb_holds(const struct vtdm_tlb *tlb, const struct vtdm_set *set, size_t at)
{
    return tlb->group[at].serial == set->serial;
}

/* A place is an address in units of what one word of this kind covers. NULL: nothing near it is remembered. */
static inline uint64_t *vtdm_tlb_find(const struct vtdm_tlb *tlb, const struct vtdm_set *set, unsigned kind,
                                      uint64_t place)
{
    size_t at = vtdm_tlb_seek(tlb, set, vtdm_tlb_name(kind, place));
    return vtdm_tlb_holds(tlb, set, at) ? &tlb->word[at][place % VTDM_GROUP] : NULL;
}

/* Into a word that the table has for this place. */
static inline void vtdm_tlb_fill(struct vtdm_set *set, unsigned kind, uint64_t *word, uint64_t value)
{
    set->kinds |= 1u << kind;
    set->count[kind] += *word == 0;
    *word = value;
}

static inline void vtdm_tlb_empty(struct vtdm_set *set, unsigned kind, uint64_t *word)
{
    if (!*word)
        return;
    *word = 0;
    if (--set->count[kind] == 0)
        set->kinds &= ~(1u << kind);
}

/* tlb.c: a group that the table does not hold. at: where the search for it ended. */
uint64_t *vtdm_tlb_add(struct vtdm_tlb *tlb, struct vtdm_set *set, uint64_t name, size_t at);

/* The word of that place, for vtdm_tlb_fill; NULL: no memory, not remembered then. */
static inline uint64_t *vtdm_tlb_make(struct vtdm_tlb *tlb, struct vtdm_set *set, unsigned kind, uint64_t place)
{
    uint64_t name = vtdm_tlb_name(kind, place);
    size_t at = vtdm_tlb_seek(tlb, set, name);
    uint64_t *words = vtdm_tlb_holds(tlb, set, at) ? tlb->word[at] : vtdm_tlb_add(tlb, set, name, at);
    return words ? &words[place % VTDM_GROUP] : NULL;
}

/* Forgets a set in constant time. */
void vtdm_tlb_forget(struct vtdm_tlb *tlb, struct vtdm_set *set);
void vtdm_tlb_clear(struct vtdm_tlb *tlb);
/* Places first to last, both inside; costs as many searches, or a look at all groups if those are fewer. */
void vtdm_tlb_drop(struct vtdm_tlb *tlb, struct vtdm_set *set, unsigned kind, uint64_t first, uint64_t last);
/* Every word of the set that has this bit. */
void vtdm_tlb_drop_marked(struct vtdm_tlb *tlb, struct vtdm_set *set, uint64_t mark);
/* Some word, if there is one. */
void vtdm_tlb_drop_any(struct vtdm_tlb *tlb, uint64_t random);
/* The smallest of kinds, of which there is one. A loop: not every target counts bits without a library. */
static inline unsigned vtdm_tlb_lowest(unsigned kinds)
{
    unsigned kind = 0;
    while (!(kinds >> kind & 1))
        kind++;
    return kind;
}

/* How many words there are of kinds below this one. Looks at all of them. */
size_t vtdm_tlb_count(const struct vtdm_tlb *tlb, unsigned kinds);

#endif
