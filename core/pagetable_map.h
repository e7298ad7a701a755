/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_map.h - iommu_pt_map() in two steps, for who maps several ranges or none of them.
 *
 * After pt_map_prepare() everything that may run out is in hand. Then either pt_map_commit() or
 * pt_map_cancel(), once.
 */
#ifndef CORE_PAGETABLE_MAP_H
#define CORE_PAGETABLE_MAP_H

#include "core/pagetable_pages.h"

struct pt_map {
    struct pt_walk walk;
    uint64_t first, last;
    uint64_t distance; /* pa - iova, the same for every page */
    uint64_t sizes;    /* page sizes to which iova and pa are aligned alike */
    uint64_t leaf;     /* a leaf's bits without address and `large` */
    struct pt_pages pages;  /* in hand, for the tables that are missing */
    struct pt_hold {
        pt_entry *entry;    /* of a leaf table that the range shares with others; NULL: none */
        unsigned count;
    } hold[2];              /* pinned while looking, at its first and its last address */
    bool renewed;           /* hardware may remember an empty table in the place of one that the range uses: see below */
};

/* [first, last] to pa. -EEXIST, -ENOMEM: nothing has changed, and there is nothing to cancel. */
int pt_map_prepare(struct pt_map *map, struct iommu_pt *pt, uint64_t first, uint64_t last,
                   uint64_t pa, uint32_t prot);
/* -EEXIST if another thread worked on the range meanwhile; then see `undo` of iommu_pt_map(). */
int pt_map_commit(struct pt_map *map, struct iommu_pt *pt, struct iommu_gather *undo);
void pt_map_cancel(struct pt_map *map);

/* If map->renewed: the caller has flushed hardware's caches of table pointers for [first, last], which is in the table. */
void pt_map_settle(const struct iommu_pt *pt, uint64_t first, uint64_t last);

/* The ordinary case in one: the table is there, nothing is in doubt. 0, -EEXIST, or 1: prepare and commit it. */
int pt_map_short(struct iommu_pt *pt, uint64_t iova, uint64_t last, uint64_t pa, uint32_t prot);

#endif
