/* SPDX-License-Identifier: MIT */
/*
 * iommukit/model/vtd.h - a register-level model of one VT-d remapping unit.
 *
 * It keeps what silicon may keep: context, PASID and translation cache entries stay until they are
 * invalidated by what the architecture says invalidates them, and by nothing else. Capabilities are
 * whatever the CAP and ECAP values of the configuration say, as far as the model implements them.
 */
#ifndef IOMMUKIT_MODEL_VTD_H
#define IOMMUKIT_MODEL_VTD_H

#include "iommukit/model/host.h"
#include "iommukit/model/lies.h"

/* One unit. Any thread may call where the host has locks. */
struct iommu_model_vtd;

/* What a request does to memory. */
enum iommu_model_access {
    IOMMU_MODEL_READ,   /* memory read */
    IOMMU_MODEL_WRITE,  /* memory write */
    IOMMU_MODEL_ATOMIC, /* AtomicOp: needs both rights */
};

/* The AT field of a request. */
enum iommu_model_at {
    IOMMU_MODEL_UNTRANSLATED = 0,        /* an ordinary request */
    IOMMU_MODEL_TRANSLATION_REQUEST = 1, /* ATS: asks for the translation only */
    IOMMU_MODEL_TRANSLATED = 2,          /* ATS: its address has been translated already */
};

/* One request from a device (rid; has_pasid: tagged with a PASID), of so many bytes at its I/O virtual address, within
 * one 4 KiB page. */
struct iommu_model_request {
    uint16_t rid;
    bool has_pasid;
    bool privileged;     /* if has_pasid */
    uint32_t pasid;      /* 20 bits, if has_pasid */
    bool execute;        /* if has_pasid: execute requested */
    bool no_write;       /* translation requests: NW */
    enum iommu_model_access access;
    enum iommu_model_at at;
    uint64_t address;
    uint32_t bytes;      /* 0: zero-length read */
};

/* What became of a request. */
enum iommu_model_outcome {
    IOMMU_MODEL_OK,        /* go to pa (translation requests: completed, with these rights) */
    IOMMU_MODEL_INTERRUPT, /* the write was an interrupt message */
    IOMMU_MODEL_BLOCKED,   /* refused; `fault` says why */
    IOMMU_MODEL_UNSUPPORTED, /* refused without a fault record (Unsupported Request) */
    IOMMU_MODEL_ABORTED,   /* translation request answered Completer Abort */
};

/* The outcome, and where it led. */
struct iommu_model_result {
    uint64_t pa;           /* of request.address */
    enum iommu_model_outcome outcome;
    uint8_t page_lg2;      /* size of the translation */
    bool read, write;      /* rights of the translation */
    bool cached;           /* answered from the translation cache */
    uint16_t domain_id;    /* tag of the translation; valid when it went through tables */
    uint8_t fault;         /* reason code, 0: none */
    bool recorded;         /* the fault was put into a fault record */
};

/* One step of a translation, for people and for tests. */
struct iommu_model_step {
    const char *what;      /* "root entry", "PASID table entry", "level 3", "IOTLB", ... static */
    uint64_t address;      /* physical address of the entry; 0: none */
    unsigned index;        /* within its table */
    unsigned words;        /* of entry[] that are valid */
    uint64_t entry[8];     /* the entry as it was read */
    bool cached;           /* came from a cache, not from memory */
    const char *decision;  /* "present, level 2 table follows", "not present" ...; static */
};

#define IOMMU_MODEL_STEPS_MAX 48u /* more than any translation takes */

/* A translation step by step. Caller-owned; only the first `count` steps are valid. */
struct iommu_model_explanation {
    unsigned count;
    struct iommu_model_step step[IOMMU_MODEL_STEPS_MAX];
};

/* Event messages that a unit sends. */
enum iommu_model_event {
    IOMMU_MODEL_EVENT_FAULT,      /* fault event message (FEADDR/FEDATA) */
    IOMMU_MODEL_EVENT_COMPLETION, /* invalidation completion event message */
    IOMMU_MODEL_EVENT_PAGE_REQUEST, /* page request event message */
};

/* A device-TLB invalidation that the unit sends to an endpoint (rid; has_pasid, pasid: for one PASID) about the range
 * from address on. bytes 0: everything. */
struct iommu_model_devtlb_invalidation {
    uint16_t rid;
    bool has_pasid;
    bool global;     /* all PASIDs */
    uint32_t pasid;
    uint64_t address;
    uint64_t bytes;
};

/* A page request from a device (PRI; rid, has_pasid, pasid: who) for the page at address, to read or to write; `last`
 * asks for a response to the group. */
struct iommu_model_page_request {
    uint16_t rid;
    bool has_pasid;
    uint32_t pasid;
    bool privileged, execute; /* if has_pasid */
    bool read, write, last;
    uint16_t group;           /* 9 bits */
    uint64_t address;
};

/* What becomes of a page request. */
enum iommu_model_page_answer {
    IOMMU_MODEL_PAGE_QUEUED,  /* software will answer */
    IOMMU_MODEL_PAGE_SUCCESS, /* the queue was full: the device may try again */
    IOMMU_MODEL_PAGE_INVALID, /* the tables do not allow it */
    IOMMU_MODEL_PAGE_DROPPED, /* no answer: it was not the last of its group, or the unit is off */
};

/* The answer that software gave to a group of page requests (rid, has_pasid, pasid, group: whose). */
struct iommu_model_page_response {
    uint16_t rid;
    bool has_pasid;
    uint32_t pasid;
    uint16_t group;
    uint8_t code; /* 0 success, 1 invalid, 15 failure */
};

/* Interrupts are recognised and not remapped: of interrupt remapping (ECAP.IR) the model has registers only. */
struct iommu_model_vtd_config {
    const struct iommu_model_host *host; /* must outlive the model */
    uint8_t major, minor;                /* VER */
    uint64_t cap, ecap;                  /* CAP and ECAP */
    uint8_t address_bits;                /* host address width (DMAR), 32 to 52 */
    /* Event messages; NULL: dropped. Called without the model's lock. */
    void *ctx;
    void (*event)(void *ctx, enum iommu_model_event event, uint64_t address, uint32_t data);
    /* Returns true when the endpoint acknowledged. NULL: every endpoint does at once. false: time-out (ITE). */
    bool (*devtlb_invalidate)(void *ctx, const struct iommu_model_devtlb_invalidation *invalidation);
    /* Page group responses (ECAP.PRS); NULL: dropped. Called without the model's lock. */
    void (*page_response)(void *ctx, const struct iommu_model_page_response *response);
    bool merge_faults; /* a fault of a requester that has a pending record is not recorded again */
    struct iommu_model_lies lies;        /* those that concern a unit; the others are its machine's */
    /* A lie struck. NULL: only iommu_model_vtd_strikes tells. Called with the model's lock held: must not call back. */
    void (*strike)(void *ctx, const struct iommu_model_strike *strike);
};

/* Counts since creation: what software did (register_reads, register_writes, page_requests, page_responses), what the
 * unit did (translations and what their iotlb_hits, context_hits and pasid_hits saved; faults, faults_recorded, and
 * faults_lost for want of a record). */
struct iommu_model_vtd_stats {
    uint64_t register_reads, register_writes;
    uint64_t descriptors;          /* executed */
    uint64_t translations, iotlb_hits, context_hits, pasid_hits;
    uint64_t faults, faults_recorded, faults_lost;
    uint64_t table_reads;          /* fetches from memory */
    uint64_t iotlb_entries, context_entries, pasid_entries, paging_entries; /* held now */
    uint64_t commands;             /* writes of the global command register */
    uint64_t write_buffer_flushes; /* of them, those that asked for one */
    uint64_t page_requests, page_responses;
    uint64_t misuse;               /* things software must not do: two GCMD changes in one write, a write to a
                                      reserved register, a register touched while its command runs, ... */
    const char *last_misuse;       /* static text; NULL: none */
};

IOMMU_BEGIN_DECLS

/* -IOMMU_EINVAL-like negative on an impossible capability combination (reason in *why if not NULL), -12 no memory. */
int iommu_model_vtd_create(const struct iommu_model_vtd_config *config, struct iommu_model_vtd **model,
                           const char **why);
/* Free the unit; the host may not be asked any more. */
void iommu_model_vtd_destroy(struct iommu_model_vtd *model);
/* Power-on state: registers at reset values, all caches empty. */
void iommu_model_vtd_reset(struct iommu_model_vtd *model);

/* Software reads and writes registers; offset within the unit's register block, naturally aligned. */
uint32_t iommu_model_vtd_read32(struct iommu_model_vtd *model, uint32_t offset);
uint64_t iommu_model_vtd_read64(struct iommu_model_vtd *model, uint32_t offset);
void iommu_model_vtd_write32(struct iommu_model_vtd *model, uint32_t offset, uint32_t value);
void iommu_model_vtd_write64(struct iommu_model_vtd *model, uint32_t offset, uint64_t value);
/* Bytes of the register block that exist. */
uint32_t iommu_model_vtd_register_bytes(const struct iommu_model_vtd *model);

/* Translate one request; explanation may be NULL. The request must not cross a 4 KiB page. An entry that stops a walk, or
 * wants a flag, may be read twice. */
void iommu_model_vtd_translate(struct iommu_model_vtd *model, const struct iommu_model_request *request,
                               struct iommu_model_result *result,
                               struct iommu_model_explanation *explanation);

/*
 * Translate accesses of one device that differ in their address alone, such as the pieces of a scatter-gather list:
 * like *request, whose address is ignored, at each of `count` addresses, into as many results. Each is what translate
 * would have said, and none may cross a 4 KiB page. Faster than one by one: what the caches hold costs less, and
 * walks wait for memory together (see iommu_model_memory.prefetch; an entry may be read twice).
 */
void iommu_model_vtd_translate_batch(struct iommu_model_vtd *model, const struct iommu_model_request *request,
                                     const uint64_t *addresses, struct iommu_model_result *results, unsigned count);

/* As translate, but a dry run: fills no cache, sets no accessed or dirty bit, records no fault. */
void iommu_model_vtd_explain(struct iommu_model_vtd *model, const struct iommu_model_request *request,
                             struct iommu_model_result *result,
                             struct iommu_model_explanation *explanation);

/* Puts a page request into the queue, if the tables let this requester and PASID ask for pages. */
enum iommu_model_page_answer iommu_model_vtd_page_request(struct iommu_model_vtd *model,
                                                          const struct iommu_model_page_request *request);

/* The counts so far. */
void iommu_model_vtd_stats(struct iommu_model_vtd *model, struct iommu_model_vtd_stats *stats);

/* Time passes: a unit that is slow gets on with its work, as it does when a register is read. Needed where software
 * waits without reading registers. */
void iommu_model_vtd_step(struct iommu_model_vtd *model);
/* From now on, of the lies in the configuration, tell those in `enabled` (IOMMU_MODEL_LIE bits). */
void iommu_model_vtd_tell(struct iommu_model_vtd *model, uint32_t enabled);
/* The latest strikes, oldest first; returns how many were written. */
unsigned iommu_model_vtd_strikes(struct iommu_model_vtd *model, struct iommu_model_strike *out, unsigned max);

/* The reason code's name in words; never NULL. */
const char *iommu_model_vtd_fault_name(uint8_t reason);

/*
 * Units to start from: fills version, CAP, ECAP and address width of *config and leaves the rest alone.
 * false: no such name. iommu_model_vtd_preset_name(i) lists them, iommu_model_vtd_preset_about(i) says what each is;
 * NULL after the last.
 */
bool iommu_model_vtd_preset(const char *name, struct iommu_model_vtd_config *config);
const char *iommu_model_vtd_preset_name(unsigned index);
const char *iommu_model_vtd_preset_about(unsigned index);

IOMMU_END_DECLS

#endif
