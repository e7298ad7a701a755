/* SPDX-License-Identifier: MIT */
/*
 * iommukit/driver.h - what a driver implements, and the objects it shares with the core.
 *
 * A driver embeds struct iommu, iommu_device, iommu_domain and iommu_attachment as the first member of its own
 * structs and states their sizes; the core allocates and frees them. Fields marked "core" are not a
 * driver's business; the others may be read, and written where the comment says so.
 *
 * Locks, outermost first: iommu.lock (all control calls), iommu_domain.lock (the list of routes), then the
 * driver's own. Ops are called with iommu.lock held, except capable, device_capable, handle_events, destroy, and
 * flush_map, flush_unmap and move_table, which are called with or without it and must not take it. attach, detach and
 * replace are called with iommu.lock only; domain.lock is taken by the core around changes of the list, and by
 * the driver around its walk of it.
 */
#ifndef IOMMUKIT_DRIVER_H
#define IOMMUKIT_DRIVER_H

#include "iommukit/iommu.h"
#include "iommukit/pagetable.h"
#include "iommukit/platform.h"

struct iova_cache;        /* core: see core/iova_cache.h */
struct iommu_dma;         /* core: see core/dma.h */
struct iommu_pasid_table; /* core: a device's PASIDs, free, taken or withheld, and their attachments */

/* One instance: a driver with all its units. */
struct iommu {
    /* What every map reads. The stock begins and ends with space, so these lie apart from all that is written later. */
    const struct iommu_ops *ops;  /* the driver's */
    const struct iommu_platform *platform;
    uint64_t *no_table;           /* the top table of all domains with nothing in them: a page of zeros. A driver whose
                                     hardware may go on reading it sets it to NULL before iommu_fini() */
    bool flush_maps;              /* set by the driver: flush_map has something to do */
    struct iommu_pt_stock table_pages; /* core: of tables between two uses */
    struct iommu_lock lock;       /* outermost: all control calls */
    struct iommu_device *devices; /* linked by ->next */
    size_t domain_count;          /* core */
    bool started;                 /* core: translation is on in every unit */
    bool stop_failed;             /* core: some of it may still be on */
    iommu_event_fn event_fn;      /* core */
    void *event_ctx;              /* core */
    struct iova_cache *iova_cache; /* core: of the domains that hand out addresses (dma.h) */
};

/* One device that has been added. */
struct iommu_device {
    struct iommu *iommu;         /* its instance */
    const struct iommu_ops *ops; /* NULL: no IOMMU covers it */
    struct iommu_device *next;   /* core: of the instance's devices */
    struct iommu_device_config config; /* aliases points at alias[] */
    uint16_t alias[IOMMU_ALIASES_MAX]; /* config.alias_count of them are valid */
    uint32_t pasid_limit;        /* set by probe_device: number of PASIDs, 0 for none */
    uint8_t address_bits;        /* set by probe_device: widest input address of the unit; the core cuts it to
                                    config.dma_bits */
    bool aux_enabled;            /* core: the aux layer's state */
    struct iommu_attachment *rid_attachment; /* NULL: the RID is blocked, or the firmware domain has it */
    struct iommu_pasid_table *pasids; /* core */
    size_t pasid_count;          /* attachments by PASID */
    struct iommu_domain *firmware_domain; /* core: DIRECT regions only, attached while nothing else is */
    struct iommu_attachment *firmware_attachment; /* core: its route, the RID; kept while not in force */
    struct iommu_attachment *withheld; /* core: routes whose detach failed; linked by ->domain_next */
    const void *owner;           /* core: see iommu_device_claim */
    uint32_t owner_count;        /* core */
};

/* One I/O page table and the routes that use it. */
struct iommu_domain {
    struct iommu *iommu;         /* its instance */
    const struct iommu_ops *ops; /* the instance's */
    enum iommu_domain_type type; /* as configured */
    enum iommu_stage stage;      /* set by domain_init; AUTO for identity */
    struct iommu_pt pt;          /* set by domain_init; unused for identity */
    struct iommu_lock lock;      /* guards the list of attachments and all that flushes walk */
    struct iommu_attachment *attachments; /* linked by ->domain_next; atomic: under the lock none leaves, but one may come */
    uint64_t dead_tables;        /* core: tables whose flush failed, freed with the domain; under lock */
    uint32_t limit_bits;         /* core: width of the addresses that every attached device reaches; atomic */
    bool has_table;              /* core: pt.root is its own, and every route is at it; atomic */
    size_t withheld;             /* core: routes whose detach failed; atomic */
    iommu_event_fn event_fn;     /* core */
    void *event_ctx;             /* core */
    struct iommu_dma *dma;       /* core: NULL unless it hands out addresses (dma.h); atomic */
    void *cookie;                /* the caller's */
};

/* One route, {device, pasid}, into a domain. */
struct iommu_attachment {
    struct iommu_domain *domain;
    struct iommu_device *device;
    uint32_t pasid;              /* or IOMMU_NO_PASID */
    uint32_t aux_users;          /* core: attaches counted by the aux layer; 0: made through iommu_attach */
    void *cookie;                /* the caller's */
    struct iommu_attachment *domain_next, *domain_prev; /* under domain->lock */
};

/* The driver's calls. Those that return int: 0 or a negative enum iommu_error, which the core hands on. */
struct iommu_ops {
    const char *name; /* of the driver, for log lines; static */
    size_t domain_size, device_size, attachment_size; /* of the driver's structs, in bytes; 0: the base struct */

    /* Capabilities. NULL: no to everything. */
    bool (*capable)(struct iommu *iommu, enum iommu_cap cap);
    bool (*device_capable)(struct iommu_device *device, enum iommu_cap cap);

    /* Life. start and stop switch translation; destroy stops if need be and frees the driver's struct. */
    int (*start)(struct iommu *iommu);
    int (*stop)(struct iommu *iommu);
    void (*destroy)(struct iommu *iommu);

    /* Find the device's unit; set pasid_limit and address_bits. -ENODEV: not covered (the core keeps the device
     * without ops). release_device: nothing is attached any more; remove every trace from the tables. */
    int (*probe_device)(struct iommu_device *device);
    int (*release_device)(struct iommu_device *device);
    int (*for_each_reserved)(struct iommu_device *device, iommu_reserved_fn fn, void *ctx);

    /* Choose format and geometry; iommu_domain_init_table() or, by drivers without move_table, iommu_pt_init(), unless
     * identity. domain_fini frees the driver's part; the core calls iommu_pt_fini() afterwards, which does nothing to a
     * table that is gone already. */
    int (*domain_init)(struct iommu_domain *domain, const struct iommu_domain_config *config);
    void (*domain_fini)(struct iommu_domain *domain);
    /* Physical addresses and iovas that can never be mapped, e.g. the interrupt window; last 0: none. */
    uint64_t reserved_first, reserved_last;

    /*
     * attach: domain, device and pasid of the attachment are set and it is on domain->attachments already (so
     * that a flush that runs meanwhile covers it, given that the entry is written under domain.lock); write the tables and
     * do what the hardware needs. On error everything is as before. The core has checked pasid against pasid_limit and
     * that the route is free.
     * detach: on return 0 the caches are clean. On error (-EIO, -ETIMEDOUT) the tables are blocked but the
     * caches in doubt: withhold the domain id; the core withholds the PASID.
     * replace: point the route at `domain`, whose list already holds the attachment's stand-in `next` (same
     * device and pasid, driver part zero). On success the core moves the record over: the driver's part of
     * `next` becomes the attachment's. On error the old translation is in force.
     */
    int (*attach)(struct iommu_attachment *attachment);
    int (*detach)(struct iommu_attachment *attachment);
    int (*replace)(struct iommu_attachment *attachment, struct iommu_attachment *next);
    /*
     * The domain has got a top table: point every route at iommu_pt_root(), return when no hardware is at
     * iommu->no_table any more. domain.lock is held, iommu.lock need not be. On error some routes may have moved; the
     * core asks again before anything is mapped. Entering a route, and taking one out, has to be under domain.lock
     * from reading iommu_pt_root() until the entry is written.
     */
    int (*move_table)(struct iommu_domain *domain);

    /* Caches. flush_map: [first, last] went from not present to present; asked if iommu->flush_maps. flush_unmap: the
     * gather's range was cleared and its tables unlinked; return after the wait. Both cover every route of the domain. */
    int (*flush_map)(struct iommu_domain *domain, uint64_t first, uint64_t last);
    int (*flush_unmap)(struct iommu_domain *domain, const struct iommu_gather *gather);

    int (*handle_events)(struct iommu *iommu); /* iommu_report_event() for each; number of events */

    /* The origin's three: optional, independent of one another. */
    int (*enable_auxd)(struct iommu_device *device);   /* PASIDs on in unit and endpoint; idempotent */
    void (*disable_auxd)(struct iommu_device *device); /* off again; no PASID is attached */
    int (*auxd_id)(struct iommu_domain *domain);       /* usually iommu_domain_auxd_id() */
};

IOMMU_BEGIN_DECLS

/* Set up and tear down the core's part of an instance; called from the driver's create and destroy (init, fini).
 * -EINVAL: no ops, or a platform without its needed hooks; otherwise the host's lock_init. */
int iommu_init(struct iommu *iommu, const struct iommu_ops *ops, const struct iommu_platform *platform);
void iommu_fini(struct iommu *iommu);

/* For ops->domain_init, of drivers with move_table: a table that is as good as none until something is mapped. -EINVAL. */
int iommu_domain_init_table(struct iommu_domain *domain, const struct iommu_pt_config *config);

/* Hand an event to the handlers. The driver fills type, segment, rid, pasid, address, write, execute, privileged,
 * reason, reason_name; the core finds device and attachment. No lock may be held. */
void iommu_report_event(struct iommu *iommu, struct iommu_event *event);

/* The ready answer for ops->auxd_id: the PASID that the domain's auxiliary attachments agree on. -ENOENT: it has
 * none; -EXDEV: they differ. */
int iommu_domain_auxd_id(struct iommu_domain *domain);

IOMMU_END_DECLS

#endif
