/* SPDX-License-Identifier: MIT */
/*
 * core/pagetable_pages.h - pages for tables: a handful for one call, out of the instance's stock or from the host.
 */
#ifndef CORE_PAGETABLE_PAGES_H
#define CORE_PAGETABLE_PAGES_H

#include "core/pagetable_walk.h"

enum pt_page { PT_PAGE_ZERO, PT_PAGE_ANY, PT_PAGE_KINDS };

/* Each list's top page, see pagetable_pages.c. All NULL: none. */
struct pt_pages {
    pt_entry *list[PT_PAGE_KINDS];
};

/* `zero` pages that must be empty and `any` that will be overwritten. -ENOMEM: none. */
int pt_pages_get(const struct iommu_pt *pt, struct pt_pages *pages, uint64_t zero, uint64_t any);
/* The next one, empty if it has to be. NULL: there is none. */
pt_entry *pt_pages_pop(struct pt_pages *pages, enum pt_page kind);
void pt_pages_push(struct pt_pages *pages, enum pt_page kind, pt_entry *page);
/* Those of one kind: to the host. */
void pt_pages_free(const struct iommu_platform *platform, struct pt_pages *pages, enum pt_page kind);
/* Into the stock as far as there is room, and the others to the host. */
void pt_pages_put(const struct iommu_pt *pt, struct pt_pages *pages);

#endif
