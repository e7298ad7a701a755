/* SPDX-License-Identifier: MIT */
/*
 * drivers/vtd/vtd.h - the driver's own structs, and what its files offer one another.
 *
 * Reading order: caps.c (what a unit can do), unit.c and bringup.c (a unit's life), context.c and
 * pasid.c (the tables that lead from a request to a domain), format.c and domain.c (the domain's
 * side), attach.c (both sides meet), cache.c and queue.c (telling the hardware), flush.c (after
 * map and unmap), fault.c (what comes back).
 *
 * Locks, outermost first:
 *   iommu.lock    held by the core around ops but capabilities, flushes, a domain's first table, events.
 *                 Guards devices, everything here that has no other guard.
 *   domain.lock   guards vtd_attachment and the list of routes, to which one may be added without it; a
 *                 flush that goes by routes holds it until all is confirmed.
 *   unit.lock     guards the unit's registers, queue, domain ids, counters, list of devices, and
 *                 vtd_device.ats_on and ite_*, and what vtd_domain.tags says of the unit. Never two of
 *                 them at once.
 */
#ifndef DRIVERS_VTD_VTD_H
#define DRIVERS_VTD_VTD_H

#include "core/host.h"
#include "iommukit/dmar.h"
#include "iommukit/driver.h"
#include "iommukit/vtd.h"
#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

/* Untagged requests use this PASID. Also on units that could be told another one (RPS): it is
 * never handed out. */
#define VTD_RID_PASID 0u
#define VTD_RIDS_MAX  (1u + IOMMU_ALIASES_MAX)

/* Not an error of the interface: the wait was aborted through no fault of its owner, who asks
 * once more. */
#define VTD_EAGAIN 11

struct vtd;
struct vtd_unit;
struct vtd_domain;
struct vtd_device;

/* ---- instance ------------------------------------------------------------------------------- */

struct vtd {
    struct iommu base;
    struct iommu_dmar dmar; /* over `table` */
    uint8_t *table;         /* copy of the caller's */
    size_t table_bytes;
    struct vtd_unit *units; /* those that remap DMA */
    unsigned unit_count, unit_room;
    enum iommu_vtd_takeover takeover;
    bool no_ats;
    uint64_t fault_msi_address;
    uint32_t fault_msi_data;
    uint32_t timeout_ms;
};

/* ---- domain ids (domain_id.c) --------------------------------------------------------------- */

struct vtd_ids {
    uint64_t *bits;    /* 1: taken */
    uint64_t *summary; /* one bit for each word of `bits`: 1: full */
    uint32_t limit;    /* ids are 0 to limit - 1 */
    uint32_t used;
    bool zero_usable;
};

/* ---- invalidation queue (queue.c) ----------------------------------------------------------- */

/* Names one wait: its number, and the epoch in which it was queued. An error of the queue ends
 * the epoch. */
struct vtd_ticket {
    uint32_t seq, epoch;
};

#define VTD_STATUS_DONE  0u /* dwords of the status page: the last wait that completed */
#define VTD_STATUS_SCRAP 1u /* where waits store that nobody awaits */

struct vtd_queue {
    uint64_t *ring;   /* NULL: this unit is invalidated through registers */
    uint32_t *status; /* a page of VTD_STATUS_ dwords */
    uint32_t *owner;  /* the number of the wait that covers a slot; see vtd_queue_owner() */
    uint64_t drain;   /* in each IOTLB invalidation: requests in flight go first, where the unit can do that */
    uint64_t done_pa; /* physical address of the first of them */
    unsigned order;   /* pages of the ring */
    uint32_t slot_bytes;
    uint32_t offsets; /* mask: the bits that an offset of a slot in the ring may have */
    uint32_t head;    /* an offset in bytes, as the next two: known to be fetched up to here */
    uint32_t tail;    /* filled up to here */
    uint32_t posted;  /* hardware was told of slots up to here */
    uint32_t seq;     /* of the last wait posted */
    uint32_t epoch;   /* atomic: waits look without the lock */
    uint32_t completed_before; /* last wait that completed in the epoch before this one */
    uint32_t bad_seq; /* whose descriptor was refused at the end of that epoch; 0: nobody's */
    bool whole;       /* what was posted ends with the wait of number `seq` */
    bool stuck;       /* a wait ran out of time: no further work until the queue has caught up */
    int error;        /* while being filled: why the rest is dropped */
};

/* Errors the queue reported, kept for iommu_handle_events(). */
#define VTD_QUEUE_ERRORS 4u
struct vtd_queue_error {
    uint32_t kind; /* VTD_FSTS_IQE, _ICE or _ITE */
    uint16_t rid;
    uint8_t code;  /* IQEI */
};

/* ---- unit ----------------------------------------------------------------------------------- */

struct vtd_unit {
    struct vtd *vtd;
    const struct iommu_platform *platform;
    unsigned index;
    uint64_t base;
    uint16_t segment;
    bool include_all;
    bool scalable;          /* else legacy mode */
    bool wbf;               /* write buffers must be flushed */
    uint32_t version;
    uint64_t cap, ecap;     /* after quirks and cross-checks */
    uint8_t ss_bits, fs_bits; /* width of input addresses; 0: no such stage */
    uint8_t page_orders;    /* invalidations can be of 2^n pages for n below this; 0: of whole domains only */
    uint32_t pasid_limit;
    uint8_t *regs;
    size_t regs_bytes;
    uint64_t *root;
    uint64_t table_pages;   /* atomic, as the next */
    uint64_t withheld_pages;

    struct iommu_lock lock; /* the rest is under it */
    bool running;           /* invalidations are possible and needed */
    bool has_our_memory;    /* switched on by us and not, or not surely, off again */
    struct vtd_queue queue;
    struct vtd_ids ids;
    struct vtd_device *devices; /* by ->unit_next */
    unsigned ats_count;     /* devices with ats_on */
    uint32_t ite_total;     /* device-TLB time-outs seen */
    struct vtd_queue_error errors[VTD_QUEUE_ERRORS];
    unsigned error_count;
    /* In this order: two that are counted in one place are not neighbours. Compilers add to those in one go, and that has
     * to wait for the store of the one that was counted just before. */
    uint64_t waits, faults, descriptors, mmio_reads, mmio_writes;
};

/* ---- one operation's invalidations on one unit (cache.c) ------------------------------------ */

struct vtd_flush {
    struct vtd_unit *unit;
    struct vtd_ticket ticket;
    unsigned count;       /* descriptors queued in this try; 0: nothing to wait for */
    unsigned tries;
    uint32_t ite_start;   /* unit->ite_total at the first try */
    int error;
    bool devtlb;          /* a device is being asked */
    bool gave_up;         /* a device does not answer and was passed over */
    bool pending;
};

/* 2^lg2 pages from `first`, which is aligned to them. */
struct vtd_range {
    uint64_t first;
    unsigned lg2;
};

/* ---- objects the core allocates ------------------------------------------------------------- */

/* A domain's id on one unit. */
struct vtd_tag {
    uint32_t did;
    uint32_t users;         /* attachments on that unit; under iommu.lock */
    bool held;              /* the id is this domain's: flushes cover it; atomic, written under unit.lock, as the next */
    bool withheld;          /* a flush failed: for ever */
};

struct vtd_domain {
    struct iommu_domain base;
    struct vtd_tag *tags;   /* one a unit */
    unsigned tag_count;
    struct vtd_tag only;    /* where there is one unit */
};

struct vtd_attachment {
    struct iommu_attachment base;
    uint64_t *entry;        /* scalable mode: the route's in the PASID table; NULL: there is no table yet */
    uint32_t did;
    bool live;              /* hardware may see the entry: flushes cover it */
    bool shown;             /* the entry is this route's, and present */
    bool doubtful;          /* taken out, but the hardware did not confirm */
};

struct vtd_device {
    struct iommu_device base;
    struct vtd_unit *unit;
    struct vtd_device *unit_next;

    /* Scalable mode. */
    uint64_t *directory;
    uint8_t pdts;
    bool pasid_on;          /* PASIDE, and enabled in the endpoint */

    /* Endpoint. Offsets are 0 where there is no such capability or no way to look. */
    uint16_t pasid_cap, ats_cap;
    uint8_t pasid_width;    /* the capability's */
    uint8_t ats_depth;
    bool siov;
    bool ats_allowed;

    uint32_t routes;        /* attachments, RID included */
    bool rid_attached;
    uint32_t rid_did;
    bool in_doubt;          /* a flush failed: caches may hold what the tables no longer say */

    bool ats_on;
    bool devtlb_left;       /* ATS was on when we came: its TLB has to be emptied first */
    uint32_t ite_stamp;     /* unit->ite_total when it last failed to answer */
    uint32_t ite_count;     /* how often */
};

static inline struct vtd *vtd_of(struct iommu *iommu)
{
    return (struct vtd *)iommu;
}

static inline struct vtd_domain *vtd_domain_of(struct iommu_domain *domain)
{
    return (struct vtd_domain *)domain;
}

static inline struct vtd_attachment *vtd_attachment_of(struct iommu_attachment *attachment)
{
    return (struct vtd_attachment *)attachment;
}

static inline struct vtd_device *vtd_device_of(struct iommu_device *device)
{
    return (struct vtd_device *)device;
}

/* The first of a domain's routes, the others by ->domain_next, under domain.lock. One that is entered meanwhile is not live
 * yet. NULL: there is none. */
static inline struct iommu_attachment *vtd_first_route(const struct iommu_domain *domain)
{
    return __atomic_load_n(&domain->attachments, __ATOMIC_ACQUIRE);
}

static inline bool vtd_is_rid(const struct iommu_attachment *attachment)
{
    return attachment->pasid == IOMMU_NO_PASID;
}

static inline uint16_t vtd_rid(const struct vtd_device *device)
{
    return device->base.config.rid;
}

/* What kind of entry leads to the domain. */
static inline enum vtd_pgtt vtd_domain_pgtt(const struct iommu_domain *domain)
{
    if (domain->type == IOMMU_DOMAIN_IDENTITY)
        return VTD_PGTT_PASS_THROUGH;
    return domain->stage == IOMMU_STAGE_FIRST ? VTD_PGTT_FIRST : VTD_PGTT_SECOND;
}

/* Caching mode: whatever becomes present may be cached as not present. */
static inline bool vtd_cm(const struct vtd_unit *unit)
{
    return unit->cap & VTD_CAP_CM;
}

/* ---- log.c ---------------------------------------------------------------------------------- */

/* One line: "vtd fed90000: text", and with a value " 0x12" after it. */
void vtd_log(const struct vtd_unit *unit, enum iommu_log_level level, const char *text);
void vtd_log_value(const struct vtd_unit *unit, enum iommu_log_level level, const char *text,
                   uint64_t value);
void vtd_log_at(const struct iommu_platform *platform, enum iommu_log_level level, uint64_t base,
                const char *text);

/* ---- vtd.c ---------------------------------------------------------------------------------- */

bool vtd_is(const struct iommu *iommu); /* this driver's? */
bool vtd_unit_capable(const struct vtd_unit *unit, enum iommu_cap cap);

/* ---- caps.c --------------------------------------------------------------------------------- */

/* Drop every feature whose prerequisite is missing. */
void vtd_caps_check(uint64_t *cap, uint64_t *ecap);
void vtd_caps_quirks(const struct iommu_vtd_quirk *quirks, unsigned count, uint64_t base,
                     uint64_t *cap, uint64_t *ecap);
/* Supported second-stage widths as address width codes: bit w set for code w. */
uint32_t vtd_caps_widths(uint64_t cap);
uint8_t vtd_caps_ss_bits(uint64_t cap);
bool vtd_caps_can_scalable(uint64_t cap, uint64_t ecap);
uint32_t vtd_caps_pasid_limit(uint64_t ecap);
/* Bytes of the register block that the capabilities reach into. */
size_t vtd_caps_register_bytes(uint64_t cap, uint64_t ecap);

/* ---- regs.c: unit->lock held, or the unit not shared yet ------------------------------------ */

uint32_t vtd_read32(struct vtd_unit *unit, uint32_t reg);
uint64_t vtd_read64(struct vtd_unit *unit, uint32_t reg);
void vtd_write32(struct vtd_unit *unit, uint32_t reg, uint32_t value);
void vtd_write64(struct vtd_unit *unit, uint32_t reg, uint64_t value);
/* Wait until (register & mask) == value. */
int vtd_wait32(struct vtd_unit *unit, uint32_t reg, uint32_t mask, uint32_t value,
               const char *name);
int vtd_wait64(struct vtd_unit *unit, uint32_t reg, uint64_t mask, uint64_t value,
               const char *name);
/* Change one bit of the global command register and wait until the status register shows it. */
int vtd_command(struct vtd_unit *unit, uint32_t bit, bool on, const char *name);
int vtd_flush_write_buffer(struct vtd_unit *unit); /* with unit->wbf only */

/* ---- unit.c, bringup.c ---------------------------------------------------------------------- */

int vtd_unit_create(struct vtd *vtd, const struct iommu_dmar_record *record,
                    const struct iommu_vtd_config *config);
void vtd_unit_destroy(struct vtd_unit *unit);
bool vtd_unit_is_on(struct vtd_unit *unit);
int vtd_unit_prepare(struct vtd_unit *unit);   /* mask, clear faults, queue on */
int vtd_unit_set_root(struct vtd_unit *unit);  /* translation off, new root, empty caches */
int vtd_unit_translate(struct vtd_unit *unit); /* fault event, translation on */
int vtd_unit_stop(struct vtd_unit *unit);      /* from any state */

/* Pages that the unit reads, counted. withhold: hardware may still read them, never free. */
void *vtd_table_alloc(struct vtd_unit *unit, unsigned order);
void vtd_table_free(struct vtd_unit *unit, void *table, unsigned order);
void vtd_table_withhold(struct vtd_unit *unit, unsigned order);

/* ---- memory the unit reads ------------------------------------------------------------------ */

static inline uint64_t vtd_load(const uint64_t *qword)
{
    return __atomic_load_n(qword, __ATOMIC_ACQUIRE);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it */
static inline void vtd_store(uint64_t *qword, uint64_t value)
{
    __atomic_store_n(qword, value, __ATOMIC_RELEASE);
}

/* Root, context and PASID tables are snooped where C says so. */
static inline void vtd_write_back(const struct vtd_unit *unit, const void *va, size_t bytes)
{
    if (!(unit->ecap & VTD_ECAP_C))
        host_cache_flush(unit->platform, va, bytes);
}

/* ---- context.c ------------------------------------------------------------------------------ */

unsigned vtd_device_rids(const struct vtd_device *device, uint16_t rids[VTD_RIDS_MAX]);
/* Tables for all these, or none of them. */
int vtd_context_reserve(struct vtd_unit *unit, const uint16_t *rids, unsigned count);
/* NULL: its table was never reserved. */
uint64_t *vtd_context_entry(struct vtd_unit *unit, uint16_t rid);
unsigned vtd_context_words(const struct vtd_unit *unit);
void vtd_context_free_all(struct vtd_unit *unit);

/* The device's entries, own RID and aliases together. */
bool vtd_context_any_present(struct vtd_device *device);
void vtd_context_publish(struct vtd_device *device, const uint64_t *value);
void vtd_context_block(struct vtd_device *device);
void vtd_context_clear(struct vtd_device *device);
/* Scalable mode, present entries: set and clear bits of the first qword in one store, then tell
 * the hardware. */
int vtd_context_change(struct vtd_device *device, uint64_t clear, uint64_t set);
void vtd_context_value_scalable(const struct vtd_device *device, uint64_t value[4]);

/* ---- pasid.c, entry.c ----------------------------------------------------------------------- */

int vtd_directory_alloc(struct vtd_device *device);
void vtd_directory_free(struct vtd_device *device, bool withhold);
/* Link a zeroed table (vtd_table_alloc) where the PASID's belongs. */
void vtd_pasid_link(struct vtd_device *device, uint32_t pasid, uint64_t *table);
/* Requests with PASID, which are the other way round now; see entry.h. */
int vtd_pasid_switch(struct vtd_device *device, bool on);

/* What a PASID entry says. Nested: both roots. */
struct vtd_entry_config {
    enum vtd_pgtt pgtt;
    uint32_t did;
    uint64_t ss_root;
    uint8_t ss_levels;
    uint64_t fs_root; /* nested: an address of the second stage */
    uint8_t fs_levels;
};
/* Write it into an entry that is not present. */
void vtd_entry_enter(const struct vtd_unit *unit, const struct vtd_entry_config *config, uint64_t *entry);
void vtd_entry_for_domain_legacy(const struct vtd_unit *unit, const struct vtd_domain *domain,
                                 uint32_t did, bool ats, uint64_t value[2]);
/* The qword of a PASID entry that holds the address of the domain's table. */
uint64_t *vtd_entry_root(const struct iommu_domain *domain, uint64_t *entry);

/* ---- domain_id.c: unit->lock held ----------------------------------------------------------- */

int vtd_ids_init(struct vtd_ids *ids, const struct iommu_platform *platform, unsigned width,
                 bool zero_usable);
void vtd_ids_fini(struct vtd_ids *ids, const struct iommu_platform *platform);
int vtd_ids_alloc(struct vtd_ids *ids, uint32_t *id); /* -ENOSPC */
void vtd_ids_free(struct vtd_ids *ids, uint32_t id);

/* ---- format.c, domain.c --------------------------------------------------------------------- */

/* Geometry for every unit of the mask function; see format.c. */
int vtd_format_choose(const struct vtd *vtd, const struct vtd_unit *only, enum iommu_stage stage,
                      unsigned iova_bits, struct iommu_pt_config *config);
/* Can this unit walk the domain? */
bool vtd_format_fits(const struct vtd_unit *unit, const struct iommu_domain *domain);
bool vtd_unit_has_stage(const struct vtd_unit *unit, enum iommu_stage stage);
/* Are the unit's walks of paging tables snooped? */
bool vtd_unit_snoops(const struct vtd_unit *unit);

int vtd_domain_init(struct iommu_domain *domain, const struct iommu_domain_config *config);
void vtd_domain_fini(struct iommu_domain *domain);
/* For entry.h: take an id, and give it back or never. */
int vtd_tag_hold(struct vtd_tag *tag, struct vtd_unit *unit);
void vtd_tag_let_go(struct vtd_tag *tag, struct vtd_unit *unit);
void vtd_tag_withhold(struct vtd_tag *tag, struct vtd_unit *unit);

/* ---- attach.c ------------------------------------------------------------------------------- */

int vtd_attach(struct iommu_attachment *attachment);
int vtd_detach(struct iommu_attachment *attachment);
int vtd_replace(struct iommu_attachment *attachment, struct iommu_attachment *next);
int vtd_move_table(struct iommu_domain *domain);

/* ---- device.c, scope.c, reserved.c ---------------------------------------------------------- */

int vtd_probe_device(struct iommu_device *base);
int vtd_release_device(struct iommu_device *base);
int vtd_enable_auxd(struct iommu_device *base);
void vtd_disable_auxd(struct iommu_device *base);
bool vtd_device_capable(struct iommu_device *base, enum iommu_cap cap);
/* Of one that is in doubt: empty every cache before anything new is entered. */
int vtd_device_settle(struct vtd_device *device);

/* Does the record's scope list name the device, or a bridge above it? */
bool vtd_scope_covers(const struct iommu_platform *platform, const struct iommu_dmar *dmar,
                      const struct iommu_dmar_record *record, uint16_t rid);
/* The record of the unit responsible; false: none. */
bool vtd_scope_find_unit(const struct iommu_platform *platform, const struct iommu_dmar *dmar,
                         uint16_t segment, uint16_t rid, struct iommu_dmar_record *unit);
/* The first record of the type and segment that covers the device. */
bool vtd_scope_find(const struct iommu_platform *platform, const struct iommu_dmar *dmar,
                    enum iommu_dmar_type type, uint16_t segment, uint16_t rid,
                    struct iommu_dmar_record *record);

int vtd_for_each_reserved(struct iommu_device *device, iommu_reserved_fn fn, void *ctx);

/* ---- endpoint.c, ats.c ---------------------------------------------------------------------- */

/* Read what the endpoint says of itself. */
void vtd_endpoint_read(struct vtd_device *device);
bool vtd_endpoint_is_integrated(const struct vtd_device *device);
void vtd_endpoint_set_pasid(const struct vtd_device *device, bool on);
bool vtd_endpoint_has_ats_on(const struct vtd_device *device);
void vtd_endpoint_set_ats(const struct vtd_device *device, bool on);

bool vtd_ats_may(const struct vtd_device *device);
/* Of a device that may and has it off; see entry.h. */
int vtd_ats_start(struct vtd_device *device);
int vtd_ats_disable(struct vtd_device *device);

/* ---- queue.c, queue_error.c: unit->lock held unless said otherwise -------------------------- */

int vtd_queue_alloc(struct vtd_unit *unit);
void vtd_queue_free(struct vtd_unit *unit);
int vtd_queue_enable(struct vtd_unit *unit);
int vtd_queue_disable(struct vtd_unit *unit); /* ours or firmware's */
/* Recover from what the fault status register says. */
void vtd_queue_recover(struct vtd_unit *unit, uint32_t fsts);

/* ---- regcache.c: unit->lock held ------------------------------------------------------------ */

int vtd_reg_context(struct vtd_unit *unit, unsigned granularity, uint32_t did, uint16_t rid);
int vtd_reg_iotlb(struct vtd_unit *unit, unsigned granularity, uint32_t did,
                  const struct vtd_range *range, bool leaf_only);

/* ---- cache.c -------------------------------------------------------------------------------- */

typedef void (*vtd_emit_fn)(struct vtd_flush *flush, const void *arg);

/* begin takes unit->lock, end releases it; between them the descriptors in any order the table
 * asks for. */
void vtd_flush_begin(struct vtd_flush *flush);
void vtd_flush_end(struct vtd_flush *flush);
/* -VTD_EAGAIN: emit the same again. */
int vtd_flush_wait(struct vtd_flush *flush);
/* All three, as often as it takes. */
int vtd_flush_run(struct vtd_unit *unit, vtd_emit_fn emit, const void *arg);

void vtd_emit_wait(struct vtd_flush *flush); /* nothing but the wait at the end */
void vtd_emit_context_global(struct vtd_flush *flush);
void vtd_emit_context_device(struct vtd_flush *flush, uint32_t did, uint16_t rid);
void vtd_emit_pasid_global(struct vtd_flush *flush);
void vtd_emit_pasid_domain(struct vtd_flush *flush, uint32_t did);
void vtd_emit_pasid_one(struct vtd_flush *flush, uint32_t did, uint32_t pasid);
void vtd_emit_iotlb_global(struct vtd_flush *flush);
void vtd_emit_iotlb_domain(struct vtd_flush *flush, uint32_t did);
void vtd_emit_iotlb_range(struct vtd_flush *flush, uint32_t did, const struct vtd_range *range,
                          bool leaf_only);
void vtd_emit_piotlb_all(struct vtd_flush *flush, uint32_t did, uint32_t pasid);
void vtd_emit_piotlb_range(struct vtd_flush *flush, uint32_t did, uint32_t pasid,
                           const struct vtd_range *range, bool leaf_only);
/* NULL range: everything. The device is passed over if it has ATS off or failed to answer
 * before. */
void vtd_emit_devtlb(struct vtd_flush *flush, struct vtd_device *device,
                     const struct vtd_range *range);
void vtd_emit_devtlb_pasid(struct vtd_flush *flush, struct vtd_device *device, uint32_t pasid,
                           const struct vtd_range *range);
void vtd_emit_devtlb_everything(struct vtd_flush *flush, struct vtd_device *device);

/* ---- change.c: which invalidations a change of the tables needs ----------------------------- */

/* A route's entry in its tables: not present to present, and the other way round. */
int vtd_route_appeared(struct vtd_device *device, uint32_t pasid, uint32_t did, enum vtd_pgtt pgtt);
int vtd_route_vanished(struct vtd_device *device, uint32_t pasid, uint32_t did, enum vtd_pgtt pgtt);
/* The domain's routes have got another table in place of one that was empty. domain.lock is held. */
int vtd_routes_moved(struct vtd_unit *unit, const struct iommu_domain *domain);
/* The device's context entries: appeared, changed, vanished. */
int vtd_context_appeared(struct vtd_device *device);
int vtd_context_changed(struct vtd_device *device);
int vtd_root_changed(struct vtd_unit *unit);
/* Everything the unit caches but device-TLBs. */
int vtd_flush_everything(struct vtd_unit *unit);
int vtd_devtlb_flush(struct vtd_device *device);
/* All invalidations that were sent before are done. */
int vtd_drain(struct vtd_unit *unit);

/* ---- flush.c, fault.c ----------------------------------------------------------------------- */

struct vtd_range vtd_range_cover(uint64_t first, uint64_t last);
int vtd_flush_map(struct iommu_domain *domain, uint64_t first, uint64_t last);
int vtd_flush_unmap(struct iommu_domain *domain, const struct iommu_gather *gather);

int vtd_handle_events(struct iommu *iommu);

#endif
