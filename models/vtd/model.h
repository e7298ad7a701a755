/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/model.h - the private state of one modelled VT-d unit, and what every file of this room
 * uses: locking, capability tests, misuse counting, access to tables in memory.
 *
 * One lock for each model. Functions here and in the other headers of the room expect it to be held,
 * unless they say otherwise; the public functions of iommukit/model/vtd.h take it. Event messages
 * wait in an outbox and leave when the lock is released, so that a host's callback may call back.
 *
 * Reading order: registers.c, command.c; translate.c and what it calls, in the order of a walk: context.c, pasid.c,
 * second.c, first.c; cache.c, tlb.c; what spares most of that: front.c, short.c, cursor.h, near.h, batch.c; queue.c,
 * invalidate.c; fault.c, event.c. What the unit does when it lies: pace.c, evict.c, witness.c. A unit that moves to another
 * host: state.h, save.c, restore.c.
 */
#ifndef IOMMUKIT_MODELS_VTD_MODEL_H
#define IOMMUKIT_MODELS_VTD_MODEL_H

#include "iommukit/model/vtd.h"
#include "models/lies/chance.h"
#include "models/vtd/space.h"
#include "models/vtd/tlb.h"
#include "spec/vtd_faults.h"
#include "spec/vtd_queue.h"
#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

/* Registers at a fixed place, and the two whose place ECAP.IRO gives. Fault records are apart. */
enum vtdm_reg {
    VTDM_VER, VTDM_CAP, VTDM_ECAP, VTDM_GCMD, VTDM_GSTS, VTDM_RTADDR, VTDM_CCMD,
    VTDM_FSTS, VTDM_FECTL, VTDM_FEDATA, VTDM_FEADDR, VTDM_FEUADDR,
    VTDM_PMEN, VTDM_PLMBASE, VTDM_PLMLIMIT, VTDM_PHMBASE, VTDM_PHMLIMIT,
    VTDM_IQH, VTDM_IQT, VTDM_IQA, VTDM_ICS,
    VTDM_IECTL, VTDM_IEDATA, VTDM_IEADDR, VTDM_IEUADDR, VTDM_IQERCD, VTDM_IRTA,
    VTDM_PQH, VTDM_PQT, VTDM_PQA, VTDM_PRS,
    VTDM_PECTL, VTDM_PEDATA, VTDM_PEADDR, VTDM_PEUADDR,
    VTDM_MTRRCAP, VTDM_MTRRDEF, VTDM_IVA, VTDM_IOTLB,
    VTDM_REGISTERS
};

struct vtdm_record {
    uint64_t lo, hi;
};

/*
 * A message that leaves at the next unlock: one of a kind, because an event is raised only while nothing of its kind
 * waits for software, which cannot answer before.
 */
struct vtdm_message {
    bool waiting;
    uint64_t address;
    uint32_t data;
};

#define VTDM_EVENTS (IOMMU_MODEL_EVENT_PAGE_REQUEST + 1)

/* For short ways, where a call and what is saved around it would be a good part of the work. */
#define VTDM_INLINE inline __attribute__((always_inline))

/* Looks that something takes at most: a command (pace.c), a descriptor, a device's answer (queue.c). */
#define VTDM_COMMAND_LOOKS 4u
#define VTDM_SLOW_LOOKS    6u
#define VTDM_LATE_LOOKS    12u

/* Requests to device-TLBs that are slow to acknowledge; the queue waits when there are more. */
#define VTDM_LATE 16u

struct vtdm_late {
    struct iommu_model_devtlb_invalidation request;
    unsigned looks; /* until the acknowledgement; see pace.c */
};

/* Kinds of words in the two tables of translations. In the second, one more of each for nested tables. */
#define VTDM_LEAF_KINDS      3u /* 4K, 2M, 1G */
#define VTDM_LEAF_LG2(kind)  ((uint8_t)(VTD_LEAF_4K_LG2 + 9 * (kind)))
#define VTDM_LEAF_KIND(lg2)  (((unsigned)(lg2) - VTD_LEAF_4K_LG2) / 9)
#define VTDM_LEVELS          5u
#define VTDM_TABLE_KIND(level) ((level) - 2u) /* of the table that an entry of this level names */
#define VTDM_TABLE_KINDS     (VTDM_LEVELS - 1)
#define VTDM_TABLE_LEVEL(kind) ((kind) % VTDM_TABLE_KINDS + 2u)

/* Callers that have a front of their own at most; see front.h. */
#define VTDM_FRONTS 64u

struct vtdm_queue {
    bool running;         /* one thread executes; others only move the tail */
    bool wait_was_last;   /* of the descriptors executed since the queue was enabled */
    bool executed_any;
    bool timed_out;       /* a device-TLB request got no answer; the next wait turns it into ITE */
    uint16_t timed_out_sid;
    bool outgoing;        /* `request` is to be sent, with the lock dropped */
    struct iommu_model_devtlb_invalidation request;
    bool responding;      /* the same for `response` */
    struct iommu_model_page_response response;
    /* lies */
    bool held;            /* slow: the next descriptor waits for `looks` */
    unsigned looks;
    bool stalled;         /* for good */
    bool spared;          /* the descriptor that was refused last gets through */
    struct vtdm_late late[VTDM_LATE];
    unsigned late_count;
};

/* Commands under way on a unit that takes its time; counts are looks until they are done, 0: idle. */
struct vtdm_pace {
    unsigned gcmd, ccmd, iotlb, pmen;
    uint32_t command, changes, starts; /* of the global command */
};

struct iommu_model_vtd {
    struct iommu_model_vtd_config config;
    const struct iommu_model_host *host;
    void *lock;
    uint64_t reg[VTDM_REGISTERS + 1]; /* the last: where there is none; always 0 */
    struct vtdm_record record[256];
    unsigned records, next_record;
    uint64_t root_table;      /* latched by SRTP */
    unsigned table_mode;      /* VTD_TTM_*, latched by SRTP */
    struct vtdm_queue queue;
    struct vtdm_cache context, pasid, spaces;
    struct vtdm_tlb iotlb, paging;
    struct vtdm_front *front[VTDM_FRONTS]; /* see front.h; read without the lock, as is `epoch` */
    uint64_t epoch;
    struct vtdm_message outbox[VTDM_EVENTS]; /* by enum iommu_model_event */
    bool outgoing;                           /* there is something in it */
    struct iommu_model_vtd_stats stats;
    struct model_lies lies;
    struct vtdm_pace pace;
};

static inline bool vtdm_cap(const struct iommu_model_vtd *m, uint64_t mask)
{
    return (m->config.cap & mask) != 0;
}

static inline bool vtdm_ecap(const struct iommu_model_vtd *m, uint64_t mask)
{
    return (m->config.ecap & mask) != 0;
}

/* Bits that no pointer to host memory may have. */
static inline uint64_t vtdm_beyond_host(const struct iommu_model_vtd *m)
{
    return VTD_PTR_RSVD(m->config.address_bits);
}

static inline unsigned vtdm_domain_bits(const struct iommu_model_vtd *m)
{
    return 4 + 2 * (unsigned)SPEC_GET(VTD_CAP_ND, m->config.cap);
}

static inline bool vtdm_enabled(const struct iommu_model_vtd *m, uint32_t status)
{
    return (m->reg[VTDM_GSTS] & status) != 0;
}

static inline void vtdm_lock(struct iommu_model_vtd *m)
{
    if (m->lock)
        m->host->lock_acquire(m->host->ctx, m->lock);
}

/* model.c: sends what is in the outbox, without the lock. */
void vtdm_unlock_and_send(struct iommu_model_vtd *m);

static inline void vtdm_unlock(struct iommu_model_vtd *m)
{
    if (m->outgoing)
        vtdm_unlock_and_send(m);
    else if (m->lock)
        m->host->lock_release(m->host->ctx, m->lock);
}

/* model.c */
void vtdm_misuse(struct iommu_model_vtd *m, const char *what);
/* Everything that was under way has been finished: no walk still uses what it read earlier. */
void vtdm_settled(struct iommu_model_vtd *m);
void vtdm_strike(struct iommu_model_vtd *m, struct iommu_model_strike *strike);
void vtdm_strike_at(struct iommu_model_vtd *m, enum iommu_model_lie lie, const char *what,
                    uint64_t address);

/* front.c: the counts so far, with those that fronts keep. */
struct iommu_model_vtd_stats vtdm_counts(const struct iommu_model_vtd *m);
void vtdm_set_counts(struct iommu_model_vtd *m, const struct iommu_model_vtd_stats *stats);

void vtdm_front_destroy(struct iommu_model_vtd *m);

/* witness.c: where the request would land by what software wrote, past all caches. false: nowhere. Takes
 * the lock. */
bool vtdm_truth(struct iommu_model_vtd *m, const struct iommu_model_request *request, uint64_t *pa);

/* capability.c: NULL if a unit may report these, else what is wrong. */
const char *vtdm_capability_problem(const struct iommu_model_vtd_config *config);

/* registers.c */
void vtdm_registers_reset(struct iommu_model_vtd *m);
/* The bits that a register may hold on this unit, whoever sets them; 0: none, or they never change. */
uint64_t vtdm_register_holds(const struct iommu_model_vtd *m, unsigned id);
/* The register that begins at this offset; VTDM_REGISTERS: none. */
unsigned vtdm_register_at(const struct iommu_model_vtd *m, uint32_t offset);
uint32_t vtdm_register_offset(const struct iommu_model_vtd *m, unsigned id);

/* command.c: what a write of these registers does; `lanes` are the bits that were written. */
void vtdm_gcmd_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
void vtdm_command_run(struct iommu_model_vtd *m, uint32_t command, uint32_t changes,
                      uint32_t starts);
/* regcache.c */
void vtdm_ccmd_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
void vtdm_iotlb_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
void vtdm_ccmd_run(struct iommu_model_vtd *m);
void vtdm_iotlb_run(struct iommu_model_vtd *m);
/* queue.c */
void vtdm_iqa_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
void vtdm_queue_enable(struct iommu_model_vtd *m);
void vtdm_queue_disable(struct iommu_model_vtd *m);
/* Executes what the queue holds. Drops the lock around each request to a device. */
void vtdm_queue_run(struct iommu_model_vtd *m);
void vtdm_queue_tick(struct iommu_model_vtd *m);
/* protected.c */
void vtdm_pmen_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
void vtdm_pmen_run(struct iommu_model_vtd *m);
void vtdm_region_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
bool vtdm_protected(const struct iommu_model_vtd *m, uint64_t address);

/* pace.c: how long things take. */
void vtdm_tick(struct iommu_model_vtd *m); /* software looked at the unit: time has passed */
bool vtdm_later(struct iommu_model_vtd *m, unsigned *looks); /* false: at once */
void vtdm_command_later(struct iommu_model_vtd *m, uint32_t command, uint32_t changes,
                        uint32_t starts);

/* event.c */
void vtdm_fault_event(struct iommu_model_vtd *m);
void vtdm_completion_event(struct iommu_model_vtd *m);
void vtdm_page_event(struct iommu_model_vtd *m);
void vtdm_fectl_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
void vtdm_iectl_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
void vtdm_pectl_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
void vtdm_fsts_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
void vtdm_ics_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
void vtdm_prs_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
/* A status bit went 0: the pending flag goes when nothing is left that asks for it. */
void vtdm_fault_event_settle(struct iommu_model_vtd *m);

/* fault.c */
struct vtdm_fault_rule {
    const char *name; /* NULL: no such code */
    bool qualified;   /* not recorded when fault processing is disabled */
    uint8_t answer;   /* enum vtd_ats_answer */
};
struct vtdm_fault_report {
    uint8_t reason;
    uint8_t type; /* enum vtd_request_type */
    uint8_t at;
    bool has_pasid, privileged, execute;
    uint16_t rid;
    uint32_t pasid;
    uint64_t address;
};
const struct vtdm_fault_rule *vtdm_fault_rule(uint8_t reason);
/* false: lost, because the records are full or the overflow has not been cleared. */
bool vtdm_fault_record(struct iommu_model_vtd *m, const struct vtdm_fault_report *report);
/* The error bits of FSTS that the queue raises: sets the bit, raises the event. */
void vtdm_fault_status(struct iommu_model_vtd *m, uint32_t bit);
bool vtdm_fault_pending(const struct iommu_model_vtd *m);
uint32_t vtdm_record_read(const struct iommu_model_vtd *m, uint32_t offset);
void vtdm_record_write(struct iommu_model_vtd *m, uint32_t offset, uint32_t value);

/* page_request.c */
void vtdm_page_queue_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);

#endif
