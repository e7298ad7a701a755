/* SPDX-License-Identifier: MIT */
/*
 * tables.h - everything that the remapping tables in a dump say: routes, page tables, mapped ranges, oddities.
 *
 * One pass over root, context, PASID directory, PASID table and page tables of each unit, told to a visitor. A set of
 * page tables is walked once however many routes use it. Tables are not trusted: pointers to themselves, to one another
 * and outside the dump are told as trouble; time and memory are bounded by `limits`, and where the walk stopped is told.
 *
 * What hardware would refuse (reserved bits, an unsupported type) is trouble and not followed. Where a unit's CAP or
 * ECAP is not known, it is taken to be able to do everything. Accessed and dirty bits are not looked at.
 */
#ifndef INSPECT_TABLES_H
#define INSPECT_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/memory.h"
#include "inspect/registers.h"

enum inspect_mode { INSPECT_MODE_OFF, INSPECT_MODE_LEGACY, INSPECT_MODE_SCALABLE };

enum inspect_kind {
    INSPECT_KIND_FIRST,   /* first-stage table */
    INSPECT_KIND_SECOND,  /* second-stage table */
    INSPECT_KIND_NESTED,  /* first on top of second */
    INSPECT_KIND_PASS,    /* pass-through: no table */
};

/* One way into a domain: a device's requests without PASID, or those with one. */
struct inspect_route {
    unsigned index;         /* counts from 0 over all units, in the order of the tables */
    unsigned unit;          /* index into inspect_registers */
    uint16_t rid;
    bool has_pasid;         /* false: requests without PASID (legacy context entry, or the RID_PASID entry) */
    uint32_t pasid;         /* the PASID, or RID_PASID of an entry that serves requests without one */
    bool rid_pasid;         /* this entry serves requests without PASID in scalable mode */
    enum inspect_kind kind;
    uint16_t did;
    uint64_t top;           /* page table (first-stage one where nested); 0 for pass-through */
    unsigned levels;
    uint64_t second_top;    /* nested only */
    unsigned second_levels;
    unsigned domain;        /* routes with the same number have the same tables: kind, top, second_top, levels, on units
                               that read them alike (large pages, snoop control, address widths) */
    bool ats, page_requests; /* device-TLB allowed, page requests allowed */
    bool supervisor, write_protect, execute_disable; /* SRE, WPE, NXE of a PASID entry */
    bool privileged;        /* requests without PASID count as privileged (RID_PRIV) */
    bool blocked;           /* an entry that no request reaches: a PASID while PASIDE = 0, or wider than the unit's */
    bool fault_processing_disabled;
    bool no_snoop_forced;   /* PGSNP */
    uint64_t context_entry_address;
    uint64_t entry_address; /* of the PASID entry; the context entry's in legacy mode */
    uint64_t context[4];    /* 2 words in legacy mode */
    uint64_t entry[8];      /* PASID entry; zeroes in legacy mode */
};

/*
 * A run of pages that are adjacent in both address spaces and have the same rights. Not merged over domains. Of a nested
 * domain: both stages combined, so `pa` is the host's. Of pass-through: one range, all that the host can address.
 * read, write: as the tables have them, so a page with `user` false is for privileged requests only; what a route's
 * requests may do is inspect_route_rights. execute: first stage without XD, which only old units look at.
 */
struct inspect_range {
    unsigned domain;
    uint64_t iova, pa, bytes;
    bool read, write, execute, user, global;
    uint8_t smallest_lg2, largest_lg2; /* page sizes in it */
};

enum inspect_table_role {
    INSPECT_TABLE_ROOT, INSPECT_TABLE_CONTEXT, INSPECT_TABLE_PASID_DIRECTORY, INSPECT_TABLE_PASID, INSPECT_TABLE_PAGE,
    INSPECT_TABLE_QUEUE, INSPECT_TABLE_INTERRUPT, INSPECT_TABLE_PAGE_REQUEST,
};

/* A stretch of memory that the unit reads as a table or queue. */
struct inspect_table {
    enum inspect_table_role role;
    unsigned unit;
    unsigned level;          /* of a page table, 1 = leaves; else 0 */
    unsigned domain;         /* of a page table */
    uint64_t address, bytes;
};

enum inspect_trouble_kind {
    INSPECT_TROUBLE_ABSENT,        /* a table is not in the dump */
    INSPECT_TROUBLE_UNREADABLE,
    INSPECT_TROUBLE_RESERVED,      /* reserved bits set in a present entry */
    INSPECT_TROUBLE_BAD_TYPE,      /* translation type, width or table type that this unit does not support */
    INSPECT_TROUBLE_BEYOND_WIDTH,  /* a pointer or page above the host's address width */
    INSPECT_TROUBLE_MISALIGNED,    /* large page whose address is not aligned */
    INSPECT_TROUBLE_LOOP,          /* a page table that is its own ancestor; each level of it is told once */
    INSPECT_TROUBLE_LIMIT,         /* a limit was reached: there is more than was told */
    INSPECT_TROUBLE_REGISTERS,     /* RTADDR or the like is missing or makes no sense, or translation is off */
    INSPECT_TROUBLE_UNREACHABLE,   /* an entry that no request reaches: blocked route, address above the input width */
    INSPECT_TROUBLE_DENIED,        /* nested: the second stage does not map a first-stage table */
};

struct inspect_trouble {
    enum inspect_trouble_kind kind;
    unsigned unit;
    bool has_rid, has_pasid;
    uint16_t rid;
    uint32_t pasid;
    bool has_domain;
    unsigned domain;
    uint64_t address;        /* of the entry or table */
    uint64_t entry;          /* its offending word; 0 where it could not be read */
    uint64_t iova;           /* first address below a page-table entry */
    char text[160];          /* a sentence */
};

/* Each may be NULL. Return false to stop. Pointers are valid during the call only. */
struct inspect_visitor {
    void *ctx;
    bool (*route)(void *ctx, const struct inspect_route *route);
    bool (*table)(void *ctx, const struct inspect_table *table);
    bool (*range)(void *ctx, const struct inspect_range *range);
    bool (*trouble)(void *ctx, const struct inspect_trouble *trouble);
};

/* 0 means the default. */
struct inspect_limits {
    uint64_t entries;   /* looked at, of all kinds, present or not: what bounds the time; default 2^30 */
    uint64_t routes;    /* default 2^21 */
    uint64_t troubles;  /* told; default 10000 */
    uint64_t repeats;   /* page tables told again because the same tables name them again; default 1024 */
};

/* To walk the routes of one device or one PASID only; NULL: everything. */
struct inspect_filter {
    bool has_rid, has_pasid;
    uint16_t segment; /* with has_rid */
    uint16_t rid;
    uint32_t pasid;   /* requests that carry this PASID: not those of a RID_PASID entry */
};

struct inspect_machine {
    struct inspect_memory *memory;
    const struct inspect_registers *registers;
    unsigned address_bits;      /* host address width; 0: 52 */
    struct inspect_limits limits;
};

/*
 * Walks every unit: first all routes and the tables that lead to them, then the page tables with their ranges in the
 * order of domains. 0; -ECANCELED: the visitor stopped it; -ENOMEM; -EINVAL: no unit has RTADDR.
 */
int inspect_tables_walk(const struct inspect_machine *machine, const struct inspect_filter *filter,
                        const struct inspect_visitor *visitor, struct inspect_why *why);

/* From GSTS and RTADDR. Tables of a unit that is off are walked all the same, and it is told. */
enum inspect_mode inspect_unit_mode(const struct inspect_unit *unit);

/* CAP and ECAP; where one is not known, that of a unit that can do everything. */
uint64_t inspect_unit_cap(const struct inspect_unit *unit);
uint64_t inspect_unit_ecap(const struct inspect_unit *unit);

/* What requests on this route may do to the range at best: privilege, SRE and WPE taken into account. */
void inspect_route_rights(const struct inspect_route *route, const struct inspect_range *range, bool *read, bool *write);

/* "first", "second", "nested", "pass-through"; "absent", "loop", ... as in JSON. */
const char *inspect_kind_name(enum inspect_kind kind);
const char *inspect_trouble_name(enum inspect_trouble_kind kind);

#endif
