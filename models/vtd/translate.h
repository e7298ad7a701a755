/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/translate.h - one translation under way, and the steps that it goes through.
 *
 * Steps return a fault reason, VTD_FAULT_NONE when the request may go on. They note what they saw
 * in the explanation, and in a dry run they change nothing.
 */
#ifndef IOMMUKIT_MODELS_VTD_TRANSLATE_H
#define IOMMUKIT_MODELS_VTD_TRANSLATE_H

#include "models/vtd/model.h"

/* How a request is translated, whether a legacy context entry or a PASID entry says so. */
struct vtdm_route {
    bool legacy;
    uint8_t pgtt;           /* enum vtd_pgtt, also for legacy contexts */
    uint16_t did;
    uint32_t tag;           /* PASID in IOTLB tags; VTDM_NO_PASID for second stage and pass-through */
    uint64_t second, first; /* top tables; first is a guest address under nesting */
    uint8_t second_levels, first_levels;
    uint8_t second_bits;    /* input limit of the second stage */
    bool snooped;           /* walks are coherent, flags can be updated */
    bool second_flags;      /* SSADE */
    bool supervisor;        /* SRE */
    bool write_protect;     /* WPE */
    bool extended;          /* EAFE */
    struct vtdm_space *space[2]; /* second stage, first stage; NULL: not looked for, or nothing remembered yet */
};

struct vtdm_front;

struct vtdm_tx {
    struct iommu_model_vtd *m;
    struct vtdm_front *front; /* the caller's; NULL: it has none, or this request is none of its kind */
    const struct iommu_model_request *request;
    struct iommu_model_explanation *explanation; /* may be NULL */
    bool dry;
    bool fpd;           /* fault processing disabled by an entry consulted so far */
    bool privileged;
    bool read, write;   /* what the request needs; for a translation request, what it asks for */
    bool page_request;  /* only the tables up to the PASID entry matter */
    bool cached;        /* answered by the IOTLB */
    bool overruled;     /* what the IOTLB held was not good enough: this walk decides */
    struct vtdm_space *kept; /* where the IOTLB holds the answer; NULL: it does not */
    bool fresh;         /* a dry run past all caches, over what software wrote: see witness.c */
    uint8_t remembered; /* VTDM_FROM_*: caches that this translation used */
    bool routed;        /* `route` is valid */
    uint32_t pasid;     /* the request's, or the one that stands for requests without */
    uint64_t directory; /* of the scalable context entry */
    struct vtdm_route route;
};

/* Caches that a translation may use, besides the IOTLB. */
#define VTDM_FROM_CONTEXT 1u
#define VTDM_FROM_PASID   2u
#define VTDM_FROM_PAGING  4u

/* An update of accessed or dirty flags found the entry changed: look at it again. No fault reason. */
#define VTDM_AGAIN 0xFF
/* So often, before the update counts as failed. */
#define VTDM_ATTEMPTS 16

static inline bool vtdm_uses_first(const struct vtdm_route *route)
{
    return route->pgtt == VTD_PGTT_FIRST || route->pgtt == VTD_PGTT_NESTED;
}

static inline bool vtdm_in_window(uint64_t address)
{
    return address >= VTD_INTERRUPT_FIRST && address <= VTD_INTERRUPT_LAST;
}

static inline unsigned vtdm_index(uint64_t address, unsigned level)
{
    return (unsigned)(address >> VTD_LEVEL_SHIFT(level)) & (VTD_PT_ENTRIES - 1);
}

/* The space that the caches know by the route's domain and this tag. NULL: nothing is remembered of it. */
static inline struct vtdm_space *vtdm_space_of(struct vtdm_tx *tx, uint32_t tag)
{
    struct vtdm_space **space = &tx->route.space[tag != VTDM_NO_PASID];
    if (!*space)
        *space = vtdm_space_find(tx->m, tx->route.did, tag);
    return *space;
}

/* NULL: no memory. */
static inline struct vtdm_space *vtdm_space_for(struct vtdm_tx *tx, uint32_t tag)
{
    struct vtdm_space **space = &tx->route.space[tag != VTDM_NO_PASID];
    if (!*space)
        *space = vtdm_space_make(tx->m, tx->route.did, tag);
    return *space;
}

/* explain.c */
void vtdm_note_step(struct vtdm_tx *tx, const char *what, uint64_t address, unsigned index,
                    const uint64_t *words, unsigned count, bool cached);
void vtdm_note_decision(struct vtdm_tx *tx, const char *decision);

static inline void vtdm_step(struct vtdm_tx *tx, const char *what, uint64_t address, unsigned index,
                             const uint64_t *words, unsigned count, bool cached)
{
    if (tx->explanation)
        vtdm_note_step(tx, what, address, index, words, count, cached);
}

static inline void vtdm_decide(struct vtdm_tx *tx, const char *decision)
{
    if (tx->explanation)
        vtdm_note_decision(tx, decision);
}

uint8_t vtdm_refuse(struct vtdm_tx *tx, uint8_t fault); /* notes the reason, returns it */

/* evict.c: "random-evict" strikes between any two steps. */
void vtdm_evict_some(struct vtdm_tx *tx);

static inline void vtdm_evict(struct vtdm_tx *tx)
{
    if (model_lies_on(&tx->m->lies, IOMMU_MODEL_LIE_RANDOM_EVICT))
        vtdm_evict_some(tx);
}

/* witness.c: after a translation that used a cache. */
void vtdm_witness(const struct vtdm_tx *tx, const struct vtdm_page *page, uint8_t fault);

/*
 * fetch.c. Entries are read a qword at a time, low first, so that Present is seen before what it covers.
 * `snooped`: the walk sees what is in the CPU's caches. false: no memory there.
 */
bool vtdm_read_entry(const struct vtdm_tx *tx, uint64_t address, uint64_t *words, unsigned count,
                     bool snooped);
/* The same outside of a translation; how: IOMMU_MODEL_FETCH_*. */
static inline bool vtdm_fetch(struct iommu_model_vtd *m, uint64_t address, uint64_t *words, unsigned count, unsigned how)
{
    const struct iommu_model_memory *memory = &m->host->memory;
    m->stats.table_reads++;
    if (memory->fetch)
        return memory->fetch(memory->ctx, address, words, count, how) == 0;
    for (unsigned i = 0; i < count; i++)
        if (memory->read64(memory->ctx, address + (uint64_t)i * 8, &words[i]) != 0)
            return false;
    return true;
}

/* It will be read soon. */
static inline void vtdm_expect_entry(const struct iommu_model_vtd *m, uint64_t address)
{
    m->host->memory.prefetch(m->host->memory.ctx, address);
}

/* Are root, context and PASID structures (and legacy page tables) snooped? */
bool vtdm_tables_snooped(const struct vtdm_tx *tx);

/* context.c: legacy contexts fill the route, scalable ones pasid and directory. */
uint8_t vtdm_legacy_context(struct vtdm_tx *tx);
uint8_t vtdm_scalable_context(struct vtdm_tx *tx);

/* pasid.c */
uint8_t vtdm_pasid_entry(struct vtdm_tx *tx);

/* second.c: the second stage's own walk, for a final address or for a first-stage table. */
struct vtdm_second {
    uint64_t pa; /* of the address itself */
    uint8_t lg2;
    bool read, write;
    bool absent; /* legacy: no rights at all */
    bool dirty;
};
uint8_t vtdm_second_walk(struct vtdm_tx *tx, uint64_t address, bool write, struct vtdm_second *out);
uint8_t vtdm_second_limit(const struct vtdm_tx *tx, uint64_t address);

/* first.c: first stage alone or nested, ending in a host address. */
uint8_t vtdm_first_walk(struct vtdm_tx *tx, uint64_t address, struct vtdm_page *page);

/* paging.c: the paging-structure cache. */
bool vtdm_paging_find(struct vtdm_tx *tx, uint64_t address, unsigned level, uint32_t tag,
                      struct vtdm_paging *entry);
void vtdm_paging_put(struct vtdm_tx *tx, uint64_t address, unsigned level, uint32_t tag,
                     const struct vtdm_paging *entry);
/* A word of it; see words.h. Without memory it is not remembered. */
void vtdm_paging_keep(struct iommu_model_vtd *m, struct vtdm_space *space, unsigned kind, uint64_t place, uint64_t value);

/* iotlb.c */
bool vtdm_iotlb_search(struct vtdm_tx *tx, struct vtdm_page *page); /* a look that does not count */
bool vtdm_iotlb_find(struct vtdm_tx *tx, struct vtdm_page *page);
void vtdm_iotlb_put(struct vtdm_tx *tx, const struct vtdm_page *page);
uint8_t vtdm_rights(const struct vtdm_tx *tx, const struct vtdm_page *page);
bool vtdm_may_write(const struct vtdm_tx *tx, const struct vtdm_page *page);

/* front.c: the route is known from before. */
bool vtdm_front_route(struct vtdm_tx *tx);

/* translate.c: steps 3 to 9; used for page requests too. */
uint8_t vtdm_find_route(struct vtdm_tx *tx);
uint8_t vtdm_check_input(const struct vtdm_tx *tx); /* is the address one that the route's tables can translate? */
uint8_t vtdm_remap(struct vtdm_tx *tx, struct vtdm_page *page);
void vtdm_begin(struct vtdm_tx *tx, struct iommu_model_vtd *m,
                const struct iommu_model_request *request);
/* One request with the lock held, by this caller (front.h). */
void vtdm_translate(struct iommu_model_vtd *m, const struct iommu_model_request *request, uintptr_t caller,
                    struct iommu_model_result *result, struct iommu_model_explanation *explanation);
/* Records the fault if it is to be recorded. */
bool vtdm_report(struct vtdm_tx *tx, uint8_t fault);

#endif
