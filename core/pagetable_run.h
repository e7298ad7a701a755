/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_run.h - many entries of one table at once: look, fill, clear.
 *
 * The entries belong to the caller's range, so nobody else writes them, and nobody else reads them but hardware.
 */
#ifndef CORE_PAGETABLE_RUN_H
#define CORE_PAGETABLE_RUN_H

#include "core/pagetable_walk.h"

/* Is any of them, are all of them something other than 0? */
bool pt_run_any(const pt_entry *entry, unsigned count);
bool pt_run_all(const pt_entry *entry, unsigned count);
/* value, value + step, value + 2 * step, ... */
void pt_run_fill(const struct iommu_pt *pt, pt_entry *entry, unsigned count, uint64_t value, uint64_t step);

#endif
