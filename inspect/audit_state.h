/* SPDX-License-Identifier: MIT */
/*
 * audit_state.h - the inside of one audit, shared by audit*.c only.
 *
 *   audit.c             the order of things
 *   audit_find.c        adding findings, within limits
 *   audit_collect.c     what the walk tells, kept; troubles become findings at once
 *   audit_unit.c        registers of one unit
 *   audit_fault.c       its fault records
 *   audit_interrupts.c  its interrupt remapping table
 *   audit_route.c       each route for itself
 *   audit_ids.c         routes against one another: domain ids, PASID tables
 *   audit_spans.c       which physical memory each domain reaches
 *   audit_reach.c       whether that is tables, RAM, the kernel
 *   audit_share.c       whether two domains reach the same
 *   audit_ranges.c      input addresses
 *   audit_firmware.c    the DMAR table: units, scopes, ATS
 *   audit_regions.c     its reserved regions
 *
 * Everything is sorted arrays; no step compares all pairs. Functions that return int return 0 or -ENOMEM.
 */
#ifndef INSPECT_AUDIT_STATE_H
#define INSPECT_AUDIT_STATE_H

#include <iommukit/dmar.h>

#include "inspect/audit.h"
#include "inspect/audit_kinds.h"

#define AUDIT_KIND_NAME(NAME, id, severity, about, fix) AUDIT_##NAME,
enum audit_kind_index { AUDIT_KINDS(AUDIT_KIND_NAME) AUDIT_KIND_COUNT };

/* What a hostile dump can make the audit keep: about 300 MiB in all. */
#define AUDIT_ROUTES_MAX   (1u << 18)
#define AUDIT_RANGES_MAX   (1u << 21)
#define AUDIT_PAGES_MAX    (1u << 20)
#define AUDIT_RECORDS_MAX  256u /* of the DMAR table; real machines have a few dozen */
#define AUDIT_EACH_MAX     64u /* findings of one kind that are told */

/* What of a route is needed after the walk. */
struct audit_route {
    unsigned unit, domain;
    uint16_t rid, did;
    uint32_t pasid;
    bool has_pasid, blocked, ats, page_requests, supervisor, write_protect, privileged, silenced;
    enum inspect_kind kind;
    uint64_t top, second_top;
    uint64_t directory; /* PASID directory, with the size field; 0: legacy */
    uint64_t context_address, context, entry_address, entry;
};

/* A domain: what its routes have in common, and its part of the arrays. */
struct audit_domain {
    bool known, reachable; /* reachable: some route is not blocked */
    enum inspect_kind kind;
    unsigned route;        /* the first, of those that are not blocked if there is one */
    unsigned routes;
    unsigned privileges;   /* bit (supervisor | write_protect << 1 | privileged << 2): some route is so */
    size_t first_range, ranges;
    size_t first_span[2], spans[2]; /* by enum audit_right */
};

/* Physical memory that a domain reaches; a domain's are ascending and disjoint. */
struct audit_span {
    uint64_t first, last;
    unsigned domain;
};

/* What domains may do: both together, or write. */
enum audit_right { AUDIT_REACH, AUDIT_WRITE, AUDIT_RIGHTS };

/* Which of a unit's memory a page belongs to. */
enum audit_group {
    AUDIT_DEVICE_TABLES, /* root, context, PASID */
    AUDIT_PAGE_TABLES,
    AUDIT_QUEUE,
    AUDIT_INTERRUPTS,
    AUDIT_PAGE_REQUESTS,
    AUDIT_GROUPS
};

/* One page of a table or queue. */
struct audit_page {
    uint64_t address;
    enum audit_group group;
};

/* Which devices a record's scopes take. */
struct audit_scopes {
    uint8_t named[1 << 13];  /* one bit for each requester */
    unsigned below;          /* devices on buses above this one are perhaps below a bridge that it names; else 256 */
};
enum audit_scope { AUDIT_OUTSIDE, AUDIT_NAMED, AUDIT_PERHAPS };

/* A record of the DMAR table that has scopes. */
struct audit_record {
    struct iommu_dmar_record record;
    uint64_t first, last;    /* of a reserved region: page rounded */
    struct audit_scopes scopes;
};

/* A growing array. */
struct audit_array {
    void *item;
    size_t count, room;
};

struct audit {
    const struct inspect_audit_input *input;
    struct inspect_findings *findings;
    size_t room;
    unsigned told[AUDIT_KIND_COUNT]; /* of each kind, those beyond AUDIT_EACH_MAX too */
    bool no_memory;

    struct audit_array routes;  /* struct audit_route, in the order of the walk */
    struct audit_array domains; /* struct audit_domain, by number */
    struct audit_array ranges;  /* struct inspect_range, by domain and input address */
    struct audit_array pages;   /* struct audit_page, by group and address */
    size_t group_first[AUDIT_GROUPS + 1]; /* where each group begins in pages */
    struct audit_array spans[AUDIT_RIGHTS]; /* struct audit_span, by domain and address */
    uint64_t context_table;     /* the latest that the walk told */
    uint64_t absent, first_absent; /* tables that are not in the image */
    bool cut;                   /* the walk told more than is kept */

    bool has_dmar;
    struct iommu_dmar dmar;
    struct audit_array records; /* struct audit_record, in the order of the table */
    const struct inspect_extent *ram; /* NULL: not known */
    size_t ram_count;
    uint64_t *ram_before;       /* bytes of RAM before each extent; owned */
    uint64_t ram_bytes;
    struct inspect_extent *image_ram; /* the image's extents, where they are taken for RAM; owned */
};

/* ---- audit_find.c */

/* Makes room for one more and returns it, zeroed; NULL: no memory (audit->no_memory is set). */
void *audit_grow(struct audit *audit, struct audit_array *array, size_t bytes);

/* A finding; its kind's severity. NULL: enough of this kind have been told, or no memory. */
struct inspect_finding *audit_find(struct audit *audit, enum audit_kind_index kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* For these, finding may be NULL. */
void audit_of_route(struct audit *audit, struct inspect_finding *finding, const struct audit_route *route);
void audit_of_device(struct audit *audit, struct inspect_finding *finding, unsigned unit, uint16_t rid);
void audit_severity(struct inspect_finding *finding, enum inspect_severity severity);
void audit_not_judged(struct audit *audit, const char *sentence);
/* Sorts, and tells what was left out. */
void audit_settle(struct audit *audit);

/* ---- the parts */

int audit_collect(struct audit *audit, struct inspect_why *why);
void audit_unit(struct audit *audit, unsigned index);
void audit_faults(struct audit *audit, unsigned index);
void audit_interrupts(struct audit *audit, unsigned index);
void audit_routes(struct audit *audit);
void audit_ids(struct audit *audit);
void audit_spans(struct audit *audit);
void audit_reach(struct audit *audit);
void audit_share(struct audit *audit);
void audit_ranges(struct audit *audit);
void audit_firmware(struct audit *audit);
void audit_regions(struct audit *audit);

/* ---- shared questions */

const struct inspect_unit *audit_registers(const struct audit *audit, unsigned unit);
bool audit_known(const struct inspect_unit *unit, enum inspect_register reg);
static inline const struct audit_route *audit_route_at(const struct audit *audit, size_t index)
{
    return (const struct audit_route *)audit->routes.item + index;
}
static inline struct audit_domain *audit_domain_at(const struct audit *audit, size_t index)
{
    return (struct audit_domain *)audit->domains.item + index;
}
static inline const struct inspect_range *audit_range_at(const struct audit *audit, size_t index)
{
    return (const struct inspect_range *)audit->ranges.item + index;
}
/* The domain's first span that ends at or after `address`, or one behind its last. */
const struct audit_span *audit_span_from(const struct audit *audit, unsigned domain, enum audit_right right,
                                         uint64_t address);
const struct audit_span *audit_spans_end(const struct audit *audit, unsigned domain, enum audit_right right);
/* Does the domain have this right somewhere in [first, last]? */
bool audit_touches(const struct audit *audit, unsigned domain, enum audit_right right, uint64_t first, uint64_t last);
/* Is this the first route of its device? They come in the order of devices. */
bool audit_new_device(const struct audit *audit, size_t index);
/* The route that stands for a domain in its findings. */
const struct audit_route *audit_route_of(const struct audit *audit, unsigned domain);
/* What the domain's routes may do to this range at best. */
void audit_rights(const struct audit *audit, const struct inspect_range *range, bool *read, bool *write);
/* The domain's first range that leads to [first, last] with this right; NULL: none. */
const struct inspect_range *audit_range_to(const struct audit *audit, unsigned domain, uint64_t first, uint64_t last,
                                           enum audit_right right);
/* Bytes of RAM within [first, last]; RAM must be known. */
uint64_t audit_ram_within(const struct audit *audit, uint64_t first, uint64_t last);
/* Takes what the DMAR table says, if there is one. */
int audit_open_dmar(struct audit *audit, struct inspect_why *why);
/* Is [first, last] in a reserved region? */
bool audit_in_region(const struct audit *audit, uint64_t first, uint64_t last);
enum audit_scope audit_scope_of(const struct audit_record *record, uint16_t rid);
static inline const struct audit_record *audit_record_at(const struct audit *audit, size_t index)
{
    return (const struct audit_record *)audit->records.item + index;
}

#endif
