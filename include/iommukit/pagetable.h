/* SPDX-License-Identifier: MIT */
/*
 * iommukit/pagetable.h - one small walk over a const format, for drivers.
 *
 * Every table is one 4 KiB page of 512 little-endian 64-bit entries. Level 1 holds 4 KiB leaves; a leaf of level
 * n covers 4 KiB << 9 * (n - 1). A format only says which bits mean what.
 *
 * Order, everywhere: fill, flush, publish, flush. An entry is one aligned 64-bit store. A table is linked by
 * compare-exchange, so disjoint ranges need no lock. A table page that was unlinked belongs to the gather until
 * a sync has waited for the hardware.
 *
 * Where the format has room for a count, a leaf table (one of level 1) in which nothing is left goes to the gather
 * at once. So do tables above where there is one caller at a time: on a host without lock hooks, or because pt->one_caller
 * says so. Otherwise they stay, for a thread that is on its way down holds no reference to them, until an unmap covers them,
 * iommu_pt_trim() finds them empty, or the whole tree goes.
 */
#ifndef IOMMUKIT_PAGETABLE_H
#define IOMMUKIT_PAGETABLE_H

#include "iommukit/iommu.h"
#include "iommukit/platform.h"

#define IOMMU_PT_LEVELS_MAX 5u /* 57-bit addresses */

/* The meaning of an entry's bits. Const; shared by all tables of the format. */
struct iommu_pt_format {
    const char *name;   /* for log lines; static */
    enum iommu_stage stage;
    uint64_t present;   /* an entry with none of these bits is not present */
    uint64_t table;     /* bits of an entry that points at a table */
    uint64_t leaf;      /* bits of every leaf */
    uint64_t large;     /* set in a leaf above level 1, clear in a table pointer */
    uint64_t read;      /* added for IOMMU_READ */
    uint64_t write;     /* added for IOMMU_WRITE */
    uint64_t snoop;     /* added for IOMMU_CACHE where the domain may */
    uint64_t address;   /* where the physical address lives */
    uint64_t flushed;   /* ignored by hardware: what it sees here is this table pointer and no earlier one; never 0 */
    uint8_t count_shift; /* ten bits from here are ignored by hardware in a pointer to a leaf table; 0: there are none,
                            and empty leaf tables stay until an unmap covers them */
    bool write_only;    /* WRITE without READ can be expressed */
};

/* Format and geometry of one table. */
struct iommu_pt_config {
    const struct iommu_pt_format *format; /* must outlive the table */
    uint8_t levels;        /* 3 to 5 */
    uint8_t iova_bits;     /* input width, at most 12 + 9 * levels; first stage: lower canonical half only */
    uint8_t pa_bits;       /* host address width, 13 to 63 */
    bool coherent;         /* hardware snoops its walks: no cache flush */
    bool snoop;            /* format->snoop may be set */
    uint64_t page_sizes;   /* bit n: leaves of 2^n bytes; bit 12 always */
};

/* Pages that a stock holds at most. Those that are zero cost little to replace; the others save 1 GiB mapped as 4 KiB
 * pages from having 512 pages cleared that it fills. */
#define IOMMU_PT_STOCK_MAX      1024u
#define IOMMU_PT_STOCK_ZERO_MAX 16u

#define IOMMU_PT_STOCK_SPARES   8u /* and one page more for each of so many CPUs */

#define IOMMU_LINE_WORDS 8u /* of 64 bits: a cache line of most machines */

/* Table pages between two uses, for all tables of an instance: a small, bounded number. Its calls take the lock, but
 * not for one page of any content. What is written lies apart from what only the same, or no, CPU writes. */
struct iommu_pt_stock {
    uint64_t apart[IOMMU_LINE_WORDS]; /* unused, as the others of that name */
    struct iommu_lock lock;
    uint64_t *pages[2]; /* known to be zero; of any content: the page on top, which says where the others are */
    uint32_t count;     /* of both; atomic */
    uint32_t zero;      /* of those known to be zero */
    uint64_t apart_too[IOMMU_LINE_WORDS]; /* unused */
    struct {
        uint64_t *page; /* of any content, or NULL; atomic */
        uint64_t apart[IOMMU_LINE_WORDS]; /* unused */
    } spare[IOMMU_PT_STOCK_SPARES]; /* by the number of the CPU */
};

/* One page table. Fields are read by its owner and written by the calls below. */
struct iommu_pt {
    const struct iommu_platform *platform; /* where its pages come from */
    uint64_t *root;                        /* the top table; NULL after iommu_pt_fini() */
    struct iommu_pt_config config;
    uint64_t last;                         /* highest address that the table translates */
    struct iommu_pt_stock *stock; /* NULL, as iommu_pt_init() leaves it: pages come from the host and go there */
    uint32_t unsynced;            /* empty tables that were unlinked and may still be in hardware's caches; atomic */
    bool one_caller;              /* map, unmap and lookup never overlap, as without lock hooks; may be set before the first */
    bool plain;                   /* the short ways need no hook: coherent, physical addresses a constant away, and entries
                                     whose bits they know, see core/pagetable_walk.h */
};

IOMMU_BEGIN_DECLS

/* Allocate the (empty, flushed) top table. -ENOMEM, -EINVAL. */
int iommu_pt_init(struct iommu_pt *pt, const struct iommu_platform *platform,
                  const struct iommu_pt_config *config);
/* The same with a top table that the caller has: zeroed and flushed. -EINVAL. */
int iommu_pt_init_at(struct iommu_pt *pt, const struct iommu_platform *platform, const struct iommu_pt_config *config,
                     uint64_t *top);
/* Free every table; no hardware may use them any more. A second time: nothing happens. */
void iommu_pt_fini(struct iommu_pt *pt);
/* Physical address of the top table. */
uint64_t iommu_pt_root(const struct iommu_pt *pt);

/* Highest address that the table translates. */
uint64_t iommu_pt_last(const struct iommu_pt *pt);

/* [iova, last] to pa; page multiples within the widths. -EEXIST, -ENOMEM: nothing has been entered. Should
 * another thread work on the same range in spite of the rule, what this call had entered is out again and,
 * because hardware may have seen it, stands in `undo` for the caller to sync; tables it had to add stay. */
int iommu_pt_map(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t pa, uint32_t prot,
                 struct iommu_gather *undo);
/* Clear [iova, last]; dead tables go to the gather. Checks the whole range first: -ENOENT, -EINVAL. */
int iommu_pt_unmap(struct iommu_pt *pt, uint64_t iova, uint64_t last, struct iommu_gather *gather);
/* The translation of iova with its page size and prot. -ENOENT. */
int iommu_pt_lookup(const struct iommu_pt *pt, uint64_t iova, uint64_t *pa, uint8_t *page_lg2,
                    uint32_t *prot);
/* True if anything at or above `first` is mapped. */
bool iommu_pt_any_mapped(const struct iommu_pt *pt, uint64_t first);
/* Free the gather's dead tables: only after the wait. */
void iommu_pt_free_dead(struct iommu_pt *pt, struct iommu_gather *gather);
/* Put the dead tables of `from` on the list of `to`. */
void iommu_pt_move_dead(const struct iommu_pt *pt, struct iommu_gather *from, struct iommu_gather *to);
/* Unlink every table that holds nothing. No other call on this table may be under way. */
void iommu_pt_trim(struct iommu_pt *pt, struct iommu_gather *gather);

/* A stock for tables of one platform. fini gives its pages back to the host, as does drain, at any time. -ENOMEM. */
int iommu_pt_stock_init(struct iommu_pt_stock *stock, const struct iommu_platform *platform);
void iommu_pt_stock_drain(struct iommu_pt_stock *stock, const struct iommu_platform *platform);
void iommu_pt_stock_fini(struct iommu_pt_stock *stock, const struct iommu_platform *platform);

IOMMU_END_DECLS

#endif
