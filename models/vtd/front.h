/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/front.h - copies of answers, for the requests that a device sends again and again.
 *
 * Every caller has a front of its own: answers that the caches gave to it, one for each {requester, PASID, 4 KiB
 * page}, and a count of how often they were used. Nobody else writes there, so that using one takes no lock and no
 * atomic operation, and callers do not wait for each other. A copy is good as long as the caches would answer the
 * same: the stamp of its page (space.h) and the unit's epoch are what they were when it was made. An ordinary request
 * without a copy goes the short way to the caches and tables, near.h and short.c; whatever is more goes the long way,
 * translate.c. All leave a copy behind.
 *
 * Callers are told apart by the page of memory that their stack is in: two that run at the same time have two stacks.
 */
#ifndef IOMMUKIT_MODELS_VTD_FRONT_H
#define IOMMUKIT_MODELS_VTD_FRONT_H

#include "models/vtd/cursor.h"
#include "models/vtd/translate.h"

#define VTDM_COPIES 1024u
#define VTDM_WAYS   256u
/* Odd, so that no two ways start at the same place; the golden part of all places, so that neighbours start apart. */
#define VTDM_WAY_APART 633u

/* Half a cache line. From `outcome` to `cached`, and from there to `recorded`, as in a result. */
struct vtdm_copy {
    uint64_t page; /* its I/O address; 4 KiB of it also within larger ones */
    uint64_t pa;   /* of its first byte */
    enum iommu_model_outcome outcome;
    uint8_t page_lg2;
    bool read, write, cached;
    uint16_t domain_id;
    uint8_t fault;
    bool recorded;
    uint32_t mark; /* the page's stamp, the number of the way whose copy it is, and VTDM_COPY_* */
};

/* What a copy is no good for. Read as a number it is what a request needs: its access and 1. */
#define VTDM_COPY_NO_READ  1u
#define VTDM_COPY_NO_WRITE 2u
#define VTDM_COPY_DENIED   3u

/* How requests of one device and PASID are translated: what the short way needs of it, and the route for the long one,
 * which spares a look into two caches. */
struct vtdm_way {
    uint64_t id;            /* 0: no way */
    const uint32_t *stamps; /* of the space */
    uint32_t start;         /* spreads the copies of different ways; as vtdm_front_place wants it */
    uint32_t number;        /* a multiple of VTDM_WAY_NUMBER below VTDM_STAMP; never used twice in one front */
    struct vtdm_plan plan;
};
#define VTDM_WAY_NUMBER (VTDM_COPY_DENIED + 1)

struct vtdm_kept_route {
    bool privileged, fpd;
    struct vtdm_route route;
};

struct vtdm_front {
    uintptr_t caller;
    uint64_t epoch;
    /* In the present epoch; written by the caller alone. */
    uint64_t hits;  /* answers of copies, and of the IOTLB where a cursor was good */
    uint64_t walks; /* answers of leaf tables through cursors; read and written with the lock held */
    bool scalable;
    uint32_t ways; /* the last number given */
    struct vtdm_way way[VTDM_WAYS];
    struct vtdm_copy copy[VTDM_COPIES];
    struct vtdm_kept_route route[VTDM_WAYS];
    struct vtdm_cursor cursor[VTDM_CURSORS];
};

/* A result's first word is its address; the others are copied as they are, in one piece with what pads a result. */
#define VTDM_ANSWER_AT    offsetof(struct iommu_model_result, outcome)
#define VTDM_COPIED_AT    offsetof(struct vtdm_copy, outcome)
#define VTDM_ANSWER_BYTES (sizeof(struct iommu_model_result) - VTDM_ANSWER_AT)
_Static_assert(VTDM_ANSWER_AT == sizeof(uint64_t) && VTDM_ANSWER_BYTES <= sizeof(struct vtdm_copy) - VTDM_COPIED_AT &&
               offsetof(struct iommu_model_result, recorded) - VTDM_ANSWER_AT == 11 &&
               offsetof(struct vtdm_copy, recorded) - VTDM_COPIED_AT == 11, "nothing is left out");

/* Who sends it, as one number, which is not 0. Field by field, as they were just written: a load of all at once would
 * have to wait. */
static inline uint64_t vtdm_front_id(const struct iommu_model_request *request)
{
    return (uint64_t)request->pasid << 32 | (uint64_t)request->privileged << 24 | (uint64_t)request->has_pasid << 16 |
           request->rid | SPEC_BIT64(25);
}

/* Neither PASIDs in a row nor those of one large stride get in each other's way. */
static inline unsigned vtdm_front_way(uint64_t id)
{
    uint64_t pasid = id >> 32;
    return (unsigned)(pasid + (pasid >> 7) + (pasid >> 14) + id) % VTDM_WAYS;
}

/* One place, where all of them are the numbers of 32 bits. */
#define VTDM_PLACE (UINT32_MAX / VTDM_COPIES + 1)

/*
 * The page's number, a 512th of it and a 512th of that: neighbours do not get in each other's way, nor do the pages of
 * one large stride.
 */
static inline unsigned vtdm_front_place(uint32_t start, uint64_t page)
{
    return ((uint32_t)page * (VTDM_PLACE + VTDM_PLACE / 512 + VTDM_PLACE / 512 / 512) + start) / VTDM_PLACE;
}

/* A page's worth of stack stands for the caller. */
#define VTDM_CALLER() ((uintptr_t)__builtin_frame_address(0) / VTD_PAGE_BYTES)

static inline unsigned vtdm_front_slot(uintptr_t caller)
{
    return (unsigned)(caller ^ caller >> 11) % VTDM_FRONTS;
}

/* The caller's, if it is up to date. Takes no lock. */
static inline struct vtdm_front *vtdm_front_find(struct iommu_model_vtd *m, uintptr_t caller)
{
    struct vtdm_front *front = __atomic_load_n(&m->front[vtdm_front_slot(caller)], __ATOMIC_ACQUIRE);
    if (!front || front->caller != caller || front->epoch != __atomic_load_n(&m->epoch, __ATOMIC_ACQUIRE))
        return NULL;
    return front;
}

/* What copies can answer: no ATS, no requests to execute, no access that is none, nothing larger than a page. */
static inline bool vtdm_front_ordinary(const struct iommu_model_request *request)
{
    return !(request->at | (unsigned)request->execute) && request->access <= IOMMU_MODEL_ATOMIC &&
           request->bytes <= VTD_PAGE_BYTES;
}

/* VTDM_COPY_NO_* that must not be there. */
static inline uint32_t vtdm_front_needs(const struct iommu_model_request *request)
{
    return (uint32_t)request->access + 1;
}

/* What the requests of one device have in common. */
struct vtdm_asked {
    const uint32_t *stamps;  /* the way's, as are: */
    uint32_t start, number;
    struct vtdm_copy *copies;
    uint32_t needs; /* VTDM_COPY_NO_* that must not be there */
    uint64_t last;  /* byte within a page at which the request may start */
};

/* NULL: no copy answers this request, nor does the short way. */
static inline const struct vtdm_way *vtdm_front_asked(struct vtdm_front *front, const struct iommu_model_request *request,
                                                      struct vtdm_asked *asked)
{
    uint64_t id = vtdm_front_id(request);
    const struct vtdm_way *way = &front->way[vtdm_front_way(id)];
    if (way->id != id || !vtdm_front_ordinary(request))
        return NULL;
    *asked = (struct vtdm_asked){ way->stamps, way->start, way->number, front->copy, vtdm_front_needs(request),
                                  VTD_PAGE_BYTES - (uint64_t)request->bytes };
    return way;
}

/* Where the copy for an address would be. */
static inline struct vtdm_copy *vtdm_front_copy_of(struct vtdm_copy *copies, uint32_t start, uint64_t address)
{
    return &copies[vtdm_front_place(start, address / VTD_PAGE_BYTES)];
}

/* false: the copy does not answer this address, nothing has changed. Otherwise vtdm_front_count is to be told. */
static inline bool vtdm_front_answer(const struct vtdm_asked *asked, const struct vtdm_copy *copy, uint64_t address,
                                     struct iommu_model_result *result)
{
    uint64_t page = address / VTD_PAGE_BYTES;
    uint64_t offset = address - copy->page; /* of another page: more than any */
    uint32_t stamp = __atomic_load_n(&asked->stamps[page % VTDM_STAMPS], __ATOMIC_ACQUIRE);
    if (offset > asked->last || ((copy->mark ^ (stamp | asked->number)) & (~VTDM_COPY_DENIED | asked->needs)))
        return false;
    result->pa = copy->pa + offset;
    __builtin_memcpy((char *)result + VTDM_ANSWER_AT, (const char *)copy + VTDM_COPIED_AT, VTDM_ANSWER_BYTES);
    return true;
}

/* So many were answered; only the caller writes there. */
static inline void vtdm_front_count(struct vtdm_front *front, uint64_t answered)
{
    uint64_t hits = __atomic_load_n(&front->hits, __ATOMIC_RELAXED);
    __atomic_store_n(&front->hits, hits + answered, __ATOMIC_RELAXED);
}

/*
 * The long way, with the lock held. Before: the front that this caller has, or has now, brought up to date; NULL:
 * none. After: leaves the route, and a copy if the caches would answer the next request like this one.
 */
struct vtdm_front *vtdm_front_open(struct iommu_model_vtd *m, uintptr_t caller);
void vtdm_front_keep(const struct vtdm_tx *tx, const struct vtdm_page *page, const struct iommu_model_result *result);

/* A copy for this address, which is at pa: all but what a result says besides. denied: VTDM_COPY_NO_*. */
static inline void vtdm_front_mark(struct vtdm_copy *copy, const struct vtdm_way *way, uint64_t address, uint64_t pa,
                                   uint32_t denied)
{
    const uint64_t inside = VTD_PAGE_BYTES - 1;
    copy->page = address & ~inside;
    copy->pa = pa & ~inside;
    copy->mark = way->stamps[address / VTD_PAGE_BYTES % VTDM_STAMPS] | way->number | denied;
}

/* For whom vtdm_front_asked found a way. */
struct vtdm_asker {
    struct iommu_model_vtd *m;
    struct vtdm_front *front;
    const struct vtdm_way *way; /* of the front */
};

static inline const struct vtdm_route *vtdm_front_route_of(const struct vtdm_asker *asker)
{
    return &asker->front->route[asker->way - asker->front->way].route;
}

/*
 * short.c, with the lock held: for whom vtdm_front_asked found a way; the copy's place is the address's. false: not a case
 * for the short way; nothing has changed, but that more of the upper levels may be remembered.
 */
bool vtdm_short(struct iommu_model_vtd *m, struct vtdm_front *front, const struct vtdm_way *way, struct vtdm_copy *copy,
                const struct iommu_model_request *request, struct iommu_model_result *result);
/* What is asked is `like`, but at this address. No answer yet: only what is needed for it is brought near. */
void vtdm_short_ahead(const struct vtdm_asker *asker, const struct iommu_model_request *like, uint64_t address);
/* Of leaf entries that this route leads to, if it is of a kind for the short way. way: its number among the front's,
 * from 1. */
struct vtdm_plan vtdm_short_plan(const struct iommu_model_vtd *m, const struct vtdm_route *route, uint32_t way);

#endif
