/* SPDX-License-Identifier: MIT */
/* core/pagetable_run.c - see pagetable_run.h. */
#include "core/pagetable_run.h"

bool pt_run_any(const pt_entry *entry, unsigned count)
{
    return pt_run_any_here(entry, count);
}

bool pt_run_all(const pt_entry *entry, unsigned count)
{
    return pt_run_all_here(entry, count);
}

void pt_run_fill(const struct iommu_pt *pt, pt_entry *entry, unsigned count, uint64_t value, uint64_t step)
{
#ifdef PT_ONE_BY_ONE
    (void)pt;
#else
    if (count >= PT_LONG_RUN && pt->platform->fill_words) {
        pt->platform->fill_words(pt->platform->ctx, (uint64_t *)entry, count, value, step);
        return;
    }
#endif
    pt_run_fill_here(entry, count, value, step);
}
