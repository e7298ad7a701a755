/* SPDX-License-Identifier: MIT */
/*
 * models/memory/view.h - memory as a machine's models see it when it lies: a layer over the host's.
 *
 * Three lies live here. "late-writes": of every page that holds tables there is a second copy,
 * what memory itself holds, which the CPU's stores reach a line at a time. "poison": pages that
 * were given back are overwritten, and who reads or writes them is told on. "torn-fetch": entries
 * of several pieces are put together from different moments.
 *
 * One lock, a leaf but for the host's memory hooks and the strike hook. Every call takes it.
 */
#ifndef IOMMUKIT_MODELS_MEMORY_VIEW_H
#define IOMMUKIT_MODELS_MEMORY_VIEW_H

#include "iommukit/model/host.h"
#include "iommukit/model/machine.h"
#include "models/dsa/lock.h"
#include "models/lies/chance.h"

#define VIEW_PAGE    4096u
#define VIEW_LINE    64u
#define VIEW_BUCKETS 1024u
#define VIEW_PAST    4u /* so many stores may pass during one fetch */

struct view_page {
    struct view_page *next;
    uint64_t pa;
    bool table; /* `device` is what memory holds; otherwise CPU and device see the same */
    bool freed;
    uint8_t device[VIEW_PAGE];
};

/* A line as it was before a store (or, for walks that do not snoop, before it was written back). */
struct view_past {
    uint64_t line; /* its address; 0: nothing here */
    bool device;
    uint64_t words[VIEW_LINE / 8];
};

struct model_view {
    const struct iommu_model_host *inner;
    struct iommu_model_host host; /* what the models get: inner with another memory */
    struct model_lock lock;
    struct model_lies lies;
    struct view_page **buckets;
    struct view_past past[VIEW_PAST];
    unsigned next_past;
    bool between;
    uint64_t freed_reads, freed_writes, freed_address, stale_fetches;
    void *ctx;
    void (*strike)(void *ctx, const struct iommu_model_strike *strike);
};

/* Do these lies need a view at all? */
bool model_view_wanted(uint32_t lies);
/* false: out of memory. The strike hook is called with the view's lock held. */
bool model_view_init(struct model_view *view, const struct iommu_model_host *inner,
                     const struct iommu_model_lies *lies, void *ctx,
                     void (*strike)(void *ctx, const struct iommu_model_strike *strike));
void model_view_fini(struct model_view *view);

void model_view_tell(struct model_view *view, uint32_t enabled);
void model_view_taken(struct model_view *view, uint64_t pa, uint64_t bytes, bool table);
void model_view_given(struct model_view *view, uint64_t pa, uint64_t bytes);
void model_view_flushed(struct model_view *view, uint64_t pa, uint64_t bytes);
void model_view_storing(struct model_view *view, uint64_t pa);
void model_view_between(struct model_view *view, bool between);
void model_view_stats(struct model_view *view, struct iommu_model_machine_stats *stats);

/* page.c; with the lock held. */
struct view_page *view_find(const struct model_view *view, uint64_t pa);
struct view_page *view_make(struct model_view *view, uint64_t pa); /* NULL: out of memory */
void view_read_cpu(const struct model_view *view, uint64_t pa, void *to, size_t bytes);
/* The CPU's copy of a line reaches memory. */
void view_write_back(struct model_view *view, struct view_page *page, uint64_t line);
void view_strike(struct model_view *view, enum iommu_model_lie lie, const char *what, uint64_t pa);

/* past.c; with the lock held. */
void view_remember(struct model_view *view, uint64_t line, bool device, const uint64_t *words);
void view_forget(struct model_view *view);
/* words: the entry as it is now. Replaces pieces by what they were. */
void view_tear(struct model_view *view, uint64_t pa, uint64_t *words, unsigned count, bool device);

#endif
