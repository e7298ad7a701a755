/* SPDX-License-Identifier: MIT */
/*
 * iommukit/iommu.h - domains, devices, attachments, mappings, events.
 *
 *   instance    one driver with all its units (struct iommu), created by the driver: iommu_vtd_create()
 *   device      one requester id (RID) behind at most one unit
 *   domain      one I/O page table and the list of routes that use it
 *   attachment  one route, {device, RID} or {device, PASID}, into a domain. A route that has no attachment is
 *               blocked, always.
 *
 * Ranges are (iova, len) here; len is at least 1 page, and iova + len may equal 2^64. Every call returns 0 or a
 * negative enum iommu_error unless it says otherwise, and a refused call has changed nothing.
 *
 * Locking. Calls on one instance may come from any thread. Control calls (devices, domains, attachments) are
 * serialised by the instance's lock. iommu_map, iommu_unmap and iommu_iova_to_phys take none of a domain; callers keep
 * ranges that are worked on at the same time disjoint. (docs/PORTING.md has who takes which lock of the host when.) An
 * object must not be used by one thread while another frees it. Event handlers run without a lock held, in the context
 * of iommu_handle_events().
 *
 * Where the calls come from: docs/API.md.
 */
#ifndef IOMMUKIT_IOMMU_H
#define IOMMUKIT_IOMMU_H

#include "iommukit/config.h"
#include "iommukit/error.h"

struct iommu;
struct iommu_device;
struct iommu_domain;
struct iommu_attachment;
struct iommu_ops;

IOMMU_BEGIN_DECLS

/* ---- routes ------------------------------------------------------------------------------------------- */

#define IOMMU_NO_PASID    UINT32_MAX           /* the route of requests that carry no PASID */
#define IOMMU_PASID_FIRST 1u                   /* PASID 0 stands for untagged requests: never handed out */
#define IOMMU_PASID_LAST  (((uint32_t)1 << 20) - 1) /* a PASID has 20 bits */

/* Which of a device's routes an attachment is to take. Make one with the four functions below. */
struct iommu_route {
    uint32_t min, max; /* inclusive; both IOMMU_NO_PASID: the RID */
};

/* Requests without a PASID. */
static inline struct iommu_route iommu_route_rid(void)
{
    struct iommu_route route = {IOMMU_NO_PASID, IOMMU_NO_PASID};
    return route;
}

/* Exactly this PASID, 1 to the device's limit - 1. */
static inline struct iommu_route iommu_route_pasid(uint32_t pasid)
{
    struct iommu_route route = {pasid, pasid};
    return route;
}

/* The lowest free PASID within [min, max]; max is cut to the device's limit - 1. */
static inline struct iommu_route iommu_route_auto(uint32_t min, uint32_t max)
{
    struct iommu_route route = {min, max};
    return route;
}

/* The lowest free PASID. */
static inline struct iommu_route iommu_route_any(void)
{
    return iommu_route_auto(IOMMU_PASID_FIRST, IOMMU_PASID_LAST);
}

/* ---- capabilities ------------------------------------------------------------------------------------- */

/* What may be asked about hardware and driver. */
enum iommu_cap {
    IOMMU_CAP_CACHE_COHERENCY, /* DMA can be forced to snoop the caches */
    IOMMU_CAP_INTR_REMAP,      /* the hardware can remap interrupts */
    IOMMU_CAP_AUX_DOMAIN,      /* several domains per device (the origin's question) */
    IOMMU_CAP_FIRST_STAGE,     /* domains in first-stage format */
    IOMMU_CAP_SECOND_STAGE,    /* domains in second-stage format, for the RID */
    IOMMU_CAP_PASID_SECOND_STAGE, /* ... and per PASID: a capability of its own on other architectures */
    IOMMU_CAP_PASS_THROUGH,    /* identity domains */
    IOMMU_CAP_DEVICE_TLB,      /* devices may cache translations (ATS) */
    IOMMU_CAP_COUNT            /* number of the above */
};

/* The system's answer: true when every unit of the instance qualifies. NULL instance: false. */
bool iommu_capable(struct iommu *iommu, enum iommu_cap cap);

/* One device's answer: its unit and, where the question concerns it, the endpoint. */
bool iommu_device_capable(struct iommu_device *device, enum iommu_cap cap);

/* ---- instances ---------------------------------------------------------------------------------------- */

/*
 * Switch translation on in every unit. Devices whose firmware DMA must survive (reserved regions) have to be
 * added before; every other route is blocked from here on. Already started: 0.
 * -EOPNOTSUPP a unit cannot be driven on this platform; -ETIMEDOUT, -EIO hardware: units started so far are
 * stopped again.
 */
int iommu_start(struct iommu *iommu);

/* Switch translation off again; attachments stay on record and work after the next start. Not started: 0.
 * -ETIMEDOUT, -EIO hardware: some units may still be on; call again. */
int iommu_stop(struct iommu *iommu);

/* Stop, then free the instance. -EBUSY while devices or domains exist. */
int iommu_destroy(struct iommu *iommu);

/* ---- devices ------------------------------------------------------------------------------------------ */

/* Bits of iommu_device_config.flags. */
enum iommu_device_flags {
    IOMMU_DEVICE_NO_ATS = 1u << 0, /* never let this device cache translations (untrusted, external) */
};

/* A device, as the caller describes it. Copied; all zero but for the address is a sensible device. */
struct iommu_device_config {
    uint16_t segment;          /* PCI segment */
    uint16_t rid;              /* bus << 8 | device << 3 | function */
    const uint16_t *aliases;   /* further RIDs its requests may carry (bridges, quirks); same segment; copied */
    uint16_t alias_count;      /* at most IOMMU_ALIASES_MAX */
    uint8_t dma_bits;          /* width of the addresses it can emit; 0: 64 */
    uint8_t pasid_bits;        /* override of its PASID width, 1 to 20; 0: read it from config space */
    uint32_t flags;            /* enum iommu_device_flags */
    void *cookie;              /* the caller's; see iommu_device_cookie() */
};

#define IOMMU_ALIASES_MAX 7u /* further RIDs that one device may have */

/*
 * Make a device known. Its routes start blocked, except that a device with DIRECT reserved regions gets a
 * domain of the library's own with just these mapped. A device that no unit covers is accepted and has no
 * IOMMU: attaching it gives -ENODEV. *device belongs to the library and lives until iommu_device_remove().
 * -EBUSY: the RID (or an alias) is known already; -EINVAL: a configuration beyond the limits above; -ENOMEM; -EIO,
 * -ETIMEDOUT hardware.
 */
int iommu_device_add(struct iommu *iommu, const struct iommu_device_config *config,
                     struct iommu_device **device);

/* Detach whatever is attached (handles of its attachments die), block the device, forget it. It succeeds even
 * when the hardware no longer answers; then the error is returned and ids in doubt are never reused. */
int iommu_device_remove(struct iommu_device *device);

/* What the device was added with: its instance (which owns it), RID, segment and the caller's cookie. */
struct iommu *iommu_device_instance(const struct iommu_device *device);
uint16_t iommu_device_rid(const struct iommu_device *device);
uint16_t iommu_device_segment(const struct iommu_device *device);
void *iommu_device_cookie(const struct iommu_device *device);

/* Number of PASIDs the device can tell apart behind its unit; usable ones are 1 to limit - 1. 0: none. */
uint32_t iommu_device_pasid_limit(const struct iommu_device *device);

/* Look a device up by address; aliases count. The device stays the library's. -ENOENT. */
int iommu_device_find(struct iommu *iommu, uint16_t segment, uint16_t rid, struct iommu_device **device);

/*
 * Claim the whole device for a foreign owner (a guest, a user-space driver); `owner` is any non-NULL token.
 * -EBUSY while a PASID is attached or another owner holds it. While it is claimed only the RID can be
 * attached. The same owner may claim again (counted).
 */
int iommu_device_claim(struct iommu_device *device, const void *owner);
int iommu_device_unclaim(struct iommu_device *device, const void *owner); /* -ENOENT: not the owner */

/* ---- reserved regions --------------------------------------------------------------------------------- */

/* Why a region is reserved. */
enum iommu_reserved_type {
    IOMMU_RESERVED_DIRECT, /* must be mapped one to one while the RID is attached (firmware DMA; RMRR) */
    IOMMU_RESERVED_MSI,    /* interrupt window: never translated, never handed out */
};

/* Addresses of a device that domains must treat specially. */
struct iommu_reserved_region {
    uint64_t first, last; /* inclusive, page rounded */
    uint32_t prot;        /* enum iommu_prot, for DIRECT */
    enum iommu_reserved_type type; /* what to do with it */
};

/* Called for each region, which is valid during the call; non-zero stops. */
typedef int (*iommu_reserved_fn)(void *ctx, const struct iommu_reserved_region *region);

/* Call fn for each region of the device until it returns non-zero; that value, or 0, is returned. fn must make
 * no control calls. */
int iommu_for_each_reserved(struct iommu_device *device, iommu_reserved_fn fn, void *ctx);

/* Map the device's DIRECT regions one to one into the domain; parts already mapped so are fine. -EEXIST:
 * something else is mapped there; otherwise as iommu_map. */
int iommu_map_reserved(struct iommu_domain *domain, struct iommu_device *device);

/* ---- domains ------------------------------------------------------------------------------------------ */

/* Whose addresses devices use. */
enum iommu_domain_type {
    IOMMU_DOMAIN_UNMANAGED, /* a page table that the caller fills */
    IOMMU_DOMAIN_IDENTITY,  /* pass-through: addresses go through unchanged */
};

/* Format of a domain's tables. */
enum iommu_stage {
    IOMMU_STAGE_AUTO,   /* the driver's choice */
    IOMMU_STAGE_FIRST,  /* the processor's own format */
    IOMMU_STAGE_SECOND, /* the format that guests' memory is translated with */
};

/* All zero: an unmanaged domain that suits every unit of the instance. */
struct iommu_domain_config {
    enum iommu_domain_type type;
    enum iommu_stage stage;       /* AUTO: second where there is one, else first */
    struct iommu_device *device;  /* choose levels, page sizes and coherency for this device's unit rather than
                                     for the least of all units; NULL: any */
    uint8_t iova_bits;            /* wanted width of input addresses; 0: the widest */
    void *cookie;                 /* the caller's; see iommu_domain_cookie() */
    bool one_caller;              /* the caller promises that calls that work on this domain's mappings do not overlap:
                                     iommu_map, unmap, sync, iova_to_phys, map_reserved, trim and dma.h, as where each
                                     virtual machine has its lock. Then no table stays behind an unmap; a top table in
                                     which nothing is left goes as well unless a route is attached. Attaching and detaching,
                                     and work on other domains, may go on meanwhile. Without lock hooks it is always so */
};

/* What the domain's page table can do. */
struct iommu_geometry {
    uint64_t first, last;   /* aperture, inclusive */
    uint64_t page_sizes;    /* bit n: pages of 2^n bytes */
    uint64_t pa_last;       /* highest physical address that can be mapped */
    uint8_t levels;         /* of tables; 0 for identity */
    enum iommu_stage stage; /* AUTO for identity */
};

/* An empty domain, the caller's until iommu_domain_free(). -EOPNOTSUPP: no unit (or not this one) has the stage,
 * width or pass-through asked for; -EXDEV: config->device is of another instance; -ENOMEM. */
int iommu_domain_alloc(struct iommu *iommu, const struct iommu_domain_config *config,
                       struct iommu_domain **domain);
/* -EBUSY while it has routes. All its mappings and tables go with it. NULL: 0. */
int iommu_domain_free(struct iommu_domain *domain);
/* The domain's geometry and the caller's cookie; both are fixed for its life. */
void iommu_domain_geometry(const struct iommu_domain *domain, struct iommu_geometry *geometry);
void *iommu_domain_cookie(const struct iommu_domain *domain);

/* ---- mappings ----------------------------------------------------------------------------------------- */

/* What devices may do with a mapping: bits, any non-empty combination of READ and WRITE. */
enum iommu_prot {
    IOMMU_READ = 1u << 0,  /* devices may read */
    IOMMU_WRITE = 1u << 1, /* first-stage tables cannot express WRITE without READ: -EINVAL */
    IOMMU_CACHE = 1u << 2, /* force snooping where the domain's units can; ignored where DMA snoops anyway */
};

/*
 * Map [iova, iova + len) to [pa, pa + len), all multiples of the page size, all or nothing. The mapping is
 * usable by every attached device when the call returns. The largest pages that fit are used, smaller ones
 * where a table of smaller pages is there already.
 * -EINVAL misaligned, empty, wrapping, bad prot, identity domain; -ERANGE outside the aperture or narrowed by
 * an attached device, above pa_last, or touching the interrupt window on either side; -EEXIST something is
 * mapped there; -ENOMEM; -EIO, -ETIMEDOUT hardware (the mapping has been taken out again).
 */
int iommu_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len, uint32_t prot);

/* What unmaps have collected and a sync will flush and free. Fields are the library's; caller-owned memory. */
struct iommu_gather {
    struct iommu_domain *domain; /* NULL: empty */
    uint64_t first, last;        /* all unmapped addresses lie within; inclusive */
    uint64_t dead_tables;        /* physical address of the first unlinked table page; 0: none */
    uint8_t leaf_lg2;            /* smallest page size that was unmapped */
    bool keep_idle, idle;        /* empty leaf tables stay; one has stayed */
};

/* Make the gather empty; needed before its first use. */
static inline void iommu_gather_init(struct iommu_gather *gather)
{
    gather->domain = (struct iommu_domain *)0;
    gather->first = UINT64_MAX;
    gather->last = 0;
    gather->dead_tables = 0;
    gather->leaf_lg2 = 63;
    gather->keep_idle = gather->idle = false;
}

/*
 * Unmap [iova, iova + len), which must be mapped throughout and not cut a large page in two.
 * gather == NULL: strict, returns when no device can reach the pages any more. Otherwise devices may still
 * reach them until iommu_sync(domain, gather) has returned 0; one gather serves one domain at a time.
 * -EINVAL misaligned, empty, wrapping, a large page would be cut, gather of another domain; -ENOENT a hole;
 * strict only: errors of iommu_sync, with the range unmapped but possibly still cached.
 */
int iommu_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t len, struct iommu_gather *gather);

/*
 * Flush what the gather names from every cache of every route of the domain, wait, then free dead tables and
 * empty the gather. An empty gather: 0. On error (-ETIMEDOUT, -EIO) nothing is freed and the gather stays
 * as it is: call again, or give its tables up.
 */
int iommu_sync(struct iommu_domain *domain, struct iommu_gather *gather);

/*
 * Give back tables that hold nothing: without iommu_domain_config.one_caller those of whole gigabytes and more stay behind
 * when page after page is unmapped, and a leaf table does if a lookup, an attach or a refused call was in it when its last
 * page went. An empty top table goes as well unless a route is attached. No other call
 * on this domain may be under way. Errors of iommu_sync; then they are freed with the domain. The instance's stock of
 * table pages, at most 4 MiB of what unmaps have freed and maps will want again, goes to the host as well.
 */
int iommu_domain_trim(struct iommu_domain *domain);

/* The physical address behind iova. -ENOENT: not mapped. Identity domains give pa = iova. */
int iommu_iova_to_phys(struct iommu_domain *domain, uint64_t iova, uint64_t *pa);

/* ---- attachments -------------------------------------------------------------------------------------- */

/*
 * Let a route of the device use the domain. On success *attachment names the route until it is detached; it
 * belongs to the library. DMA on the route is translated when the call returns.
 * -ENODEV device has no IOMMU; -EOPNOTSUPP no PASIDs on this hardware or in this mode; -ERANGE PASID beyond
 * the device's limit, or 0, or min > max; -EBUSY route taken (or the device claimed, for PASIDs); -ENOSPC no
 * PASID free in the range, or no domain id on the unit; -EXDEV, -EFAULT domain does not suit the device;
 * -ENOMEM; -EIO, -ETIMEDOUT hardware.
 */
int iommu_attach(struct iommu_domain *domain, struct iommu_device *device, struct iommu_route route,
                 void *cookie, struct iommu_attachment **attachment);

/* Point the route at another domain. On failure the old translation is in force. Same domain: 0, nothing
 * happens. While it switches, requests on the route may be blocked, never mixed. Errors as iommu_attach. */
int iommu_replace(struct iommu_attachment *attachment, struct iommu_domain *domain);

/*
 * Block the route. On return its caches are clean, and PASID and ids are free for reuse; *attachment is dead.
 * On -EIO or -ETIMEDOUT the route is blocked in the tables and off the record, the handle is dead all the
 * same, but caches may hold old translations: PASID and domain id are withheld from reuse, and the domain
 * cannot be freed (-EBUSY) before the device is removed.
 */
int iommu_detach(struct iommu_attachment *attachment);

/* The attachment's PASID, domain (after iommu_replace the new one), device and the caller's cookie. */
uint32_t iommu_attachment_pasid(const struct iommu_attachment *attachment); /* or IOMMU_NO_PASID */
struct iommu_domain *iommu_attachment_domain(const struct iommu_attachment *attachment);
struct iommu_device *iommu_attachment_device(const struct iommu_attachment *attachment);
void *iommu_attachment_cookie(const struct iommu_attachment *attachment);

/* The attachment of {device, pasid}; pasid may be IOMMU_NO_PASID. It stays the library's, valid until the route is
 * detached. -ENOENT: that route is blocked. */
int iommu_lookup(struct iommu_device *device, uint32_t pasid, struct iommu_attachment **attachment);

/* Called for each attachment; non-zero stops. */
typedef int (*iommu_attachment_fn)(void *ctx, struct iommu_attachment *attachment);

/* Call fn for each attachment, the RID first, then by rising PASID (of a device), in any order (of a domain),
 * until it returns non-zero; that value, or 0, is returned. fn must not attach or detach. */
int iommu_for_each_attachment(struct iommu_device *device, iommu_attachment_fn fn, void *ctx);
int iommu_domain_for_each_attachment(struct iommu_domain *domain, iommu_attachment_fn fn, void *ctx);

/* ---- the ordinary call -------------------------------------------------------------------------------- */

/*
 * Attach the domain to the device as the device stands: to its RID, or, where auxiliary domains are enabled
 * (aux.h), as an auxiliary domain: the rule of the origin's second version. Use iommu_attach or iommu_replace
 * with iommu_route_rid() to reach the RID of an enabled device. -EBUSY: the RID is attached already.
 */
int iommu_attach_device(struct iommu_domain *domain, struct iommu_device *device);
/* The reverse; on an enabled device the auxiliary attachment goes first. -ENOENT: not attached. */
int iommu_detach_device(struct iommu_domain *domain, struct iommu_device *device);

/* ---- events ------------------------------------------------------------------------------------------- */

/* What happened. */
enum iommu_event_type {
    IOMMU_EVENT_FAULT,    /* a request was blocked */
    IOMMU_EVENT_OVERFLOW, /* faults were lost: more happened than the unit could record */
    IOMMU_EVENT_QUEUE,    /* the unit's command queue reported an error */
};

/* One event; of an OVERFLOW or a QUEUE error only type and segment mean something. */
struct iommu_event {
    enum iommu_event_type type;
    uint16_t segment;                    /* PCI segment of the unit */
    uint16_t rid;                        /* who asked */
    uint32_t pasid;                      /* IOMMU_NO_PASID: untagged */
    uint64_t address;                    /* page of the request */
    bool write;                          /* else read */
    bool execute, privileged;            /* as the request said */
    uint8_t reason;                      /* the architecture's reason code */
    const char *reason_name;             /* its short name in words; static */
    struct iommu_device *device;         /* NULL: unknown RID */
    struct iommu_attachment *attachment; /* NULL: nothing attached to that route */
};

/* Told of each event, without a lock held. */
typedef void (*iommu_event_fn)(void *ctx, const struct iommu_event *event);

/* One handler sees every event of the instance, another those of a domain's routes; NULL removes. The
 * event is valid during the call. Handlers may map, unmap and look up; they must not free what they were
 * given. */
void iommu_set_event_handler(struct iommu *iommu, iommu_event_fn fn, void *ctx);
void iommu_domain_set_event_handler(struct iommu_domain *domain, iommu_event_fn fn, void *ctx);

/* Collect pending faults from every unit and hand them out: call it from the fault interrupt or a poll.
 * Returns the number of events, or a negative error. */
int iommu_handle_events(struct iommu *iommu);

IOMMU_END_DECLS

#if IOMMUKIT_DISABLED
#include "iommukit/disabled.h"
#endif

#endif
