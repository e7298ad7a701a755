/* SPDX-License-Identifier: MIT */
/*
 * iommukit/dma.h - addresses for who has none: an allocator of IOVAs for each domain, and map and unmap on top.
 *
 * Optional. A domain that never sees these calls pays one pointer, and a program that makes none of them does not
 * link them. Mappings of the caller's own (iommu_map) may live in the same domain, in windows that it keeps out of the
 * allocator's reach.
 *
 * Lengths are in bytes, multiples of 4 KiB, 1 GiB at most. An address is aligned to its length, rounded up to a
 * power of two, and nothing else is handed out within that. The lowest that is free comes first, more or less: CPUs
 * keep apart. Address 0 is never handed out, nor is one that an attached device cannot emit.
 *
 * Locking. Any thread, at any time, as iommu_map; with the platform's `cpu` hook two threads seldom meet. Freeing or
 * unmapping an address that another thread frees at the same time is a race of the callers.
 */
#ifndef IOMMUKIT_DMA_H
#define IOMMUKIT_DMA_H

#include "iommukit/iommu.h"

#define IOMMU_IOVA_BYTES_MAX ((uint64_t)1 << 30) /* longest range that is handed out */
#define IOMMU_DMA_LAZY_MAX   4096u /* unmaps of a domain that may wait */

IOMMU_BEGIN_DECLS

/* Addresses from first to last, both inclusive; rounded outwards to whole pages. */
struct iommu_dma_window {
    uint64_t first, last;
};

/*
 * All zero: the whole aperture, strict.
 *
 * Lazy: an unmap returns before the flush, which one call then makes for many. What it gives up: until that flush a
 * device may still reach the page, for reading and writing, though the caller has it back and may have given it to
 * somebody else. Bounded by count (so many unmaps wait at most) and by age. Neither an address nor a table page is
 * used again before the flush that covers it has been waited for. Not for pages that leave the caller's hands.
 */
struct iommu_dma_config {
    uint64_t first, last;                   /* hand out addresses within; last 0: up to the aperture's end */
    const struct iommu_dma_window *windows; /* never to be handed out; copied */
    uint32_t window_count;
    uint32_t lazy_count;                    /* unmaps that may wait for a flush, up to IOMMU_DMA_LAZY_MAX; 0: strict */
    uint64_t lazy_age_ns;                   /* how long; not 0 when lazy */
};

/*
 * Set a domain's allocator up, once; it goes with the domain. NULL config: all zero. The first of the calls below
 * does so by itself. A control call. Also kept out: the domain's reserved windows (MSI), and the reserved regions of
 * the devices that are attached now: attach first, or name later ones' regions as windows.
 * -EBUSY it has been; -EINVAL no unmanaged domain, first > last, a window's first > last, lazy_count without
 * lazy_age_ns or above the maximum; -EOPNOTSUPP lazy on a platform without now_ns; -ENOMEM.
 */
int iommu_dma_init(struct iommu_domain *domain, const struct iommu_dma_config *config);

/* Reserve an address range; nothing is mapped. -EINVAL len; -ENOSPC nothing of that size is free: where the range is
 * 1 GiB or more, what other CPUs keep (iommu_iova_trim) does not count as free; -ENOMEM. */
int iommu_iova_alloc(struct iommu_domain *domain, uint64_t len, uint64_t *iova);

/* Give it back. The caller has unmapped it and waited for the flush. -EINVAL misaligned, or len; -ENOENT not an address
 * that is handed out, or not with that length. */
int iommu_iova_free(struct iommu_domain *domain, uint64_t iova, uint64_t len);

/* Give memory back that CPUs keep for the domain: addresses on their way round, and the tables that describe them.
 * No other call on the domain's addresses may run meanwhile. -EINVAL never set up. */
int iommu_iova_trim(struct iommu_domain *domain);

/* An address range, mapped to [pa, pa + len). Errors of iommu_iova_alloc and iommu_map; an address whose flush failed
 * is kept from use. -EEXIST: mappings of the caller's own were in the way, several times over. */
int iommu_dma_map(struct iommu_domain *domain, uint64_t pa, uint64_t len, uint32_t prot, uint64_t *iova);

/*
 * Unmap what iommu_dma_map has mapped, all of it, and give the address back. Strict: returns when no device can reach
 * the pages any more. Lazy: see struct iommu_dma_config.
 * -EINVAL, -ENOENT as iommu_iova_free and iommu_unmap: nothing has changed. -EIO, -ETIMEDOUT: the range is unmapped,
 * devices may still reach it, and its address will not be used again (lazy: not before a later flush has worked).
 */
int iommu_dma_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t len);

/* Flush what waits, whatever its age: after it the domain is as if strict. 0 when nothing waits. On -EIO, -ETIMEDOUT
 * everything keeps waiting: call again. */
int iommu_dma_flush(struct iommu_domain *domain);

/* Flush if the oldest waiting unmap has reached its age. Every lazy iommu_dma_unmap looks by itself; a host whose
 * bound must hold without further unmaps calls this from a timer. Errors as iommu_dma_flush. */
int iommu_dma_flush_due(struct iommu_domain *domain);

IOMMU_END_DECLS

#if IOMMUKIT_DISABLED
#include "iommukit/dma_disabled.h"
#endif

#endif
