/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_dead.h - the gather's list of unlinked tables.
 */
#ifndef CORE_PAGETABLE_DEAD_H
#define CORE_PAGETABLE_DEAD_H

#include "core/pagetable_walk.h"

/* What became of it: a level is that of the top of a tree. */
#define PT_DEAD_EMPTIED 0u /* a table in which nothing was left: all zero */

/* Put what was unlinked on the gather's list: nothing below `top` is read, and of one alone not even that. */
void pt_bury(const struct iommu_pt *pt, pt_entry *top, unsigned level, struct iommu_gather *gather);

/* The whole tree, which no hardware uses any more. A few tables that are zero serve the next domain. */
void pt_free_tree(struct iommu_pt *pt);

/* Unlink the table below this entry of a table of `level`, which is empty, unless somebody has pinned it. */
bool pt_unlink_empty(struct iommu_pt *pt, pt_entry *entry, unsigned level, struct iommu_gather *gather);

#endif
