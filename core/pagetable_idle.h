/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_idle.h - leaf tables that lazy unmaps have emptied.
 *
 * Unlinked at once, each would have whoever maps there next flush first, for hardware may remember the old table: just
 * what lazy unmaps are to save. So with gather->keep_idle an unmap leaves them where they are, empty and ready for use,
 * and gather->idle tells that it has. Before the flush that is due anyway those that are still empty are unlinked.
 */
#ifndef CORE_PAGETABLE_IDLE_H
#define CORE_PAGETABLE_IDLE_H

#include "iommukit/pagetable.h"

/* Is the leaf table for iova, which has been unmapped into a gather that keeps them, still empty? Then it goes to this
 * gather, which does not. Nobody has used that address since; others in the table anybody may, at any time. */
void pt_unlink_idle(struct iommu_pt *pt, uint64_t iova, struct iommu_gather *gather);

#endif
