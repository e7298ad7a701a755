/* SPDX-License-Identifier: MIT */
/*
 * core/map.c - map, unmap, translate: what is checked before the table is touched, and what is flushed after.
 *
 * No lock: callers keep ranges that are worked on at the same time disjoint. (iova, len) at the door,
 * [iova, last] inside, so that the top page of the address space is no special case.
 */
#include "core/map.h"

#include "core/gather.h"
#include "core/host.h"
#include "core/reach.h"

#define PROT_ALL ((uint32_t)(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE))

/* Whole pages, at least one, that do not wrap? */
static bool is_range(uint64_t first, uint64_t len)
{
    uint64_t within = IOMMU_PAGE_SIZE - 1;

    return len && !((first | len) & within) && first + (len - 1) >= first;
}

static bool is_prot(const struct iommu_pt_format *format, uint32_t prot)
{
    if ((prot & ~PROT_ALL) || !(prot & (IOMMU_READ | IOMMU_WRITE)))
        return false;
    return (prot & IOMMU_READ) || format->write_only;
}

static bool fits_bits(uint64_t last, unsigned bits)
{
    return bits >= 64 || last >> bits == 0;
}

static bool is_reserved(struct iommu_domain *domain, uint64_t first, uint64_t last)
{
    return domain->ops->range_reserved && domain->ops->range_reserved(domain, first, last);
}

static int check_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len,
                     uint32_t prot)
{
    const struct iommu_pt *pt = &domain->pt;
    uint64_t last = iova + (len - 1), pa_last = pa + (len - 1);

    if (domain->type != IOMMU_DOMAIN_UNMANAGED || !is_range(iova, len) || !is_range(pa, len) ||
        !is_prot(pt->config.format, prot))
        return -IOMMU_EINVAL;
    if (last > iommu_pt_last(pt) || last > reach_last(domain) ||
        !fits_bits(pa_last, pt->config.pa_bits))
        return -IOMMU_ERANGE;
    if (is_reserved(domain, iova, last) || is_reserved(domain, pa, pa_last))
        return -IOMMU_ERANGE;
    return 0;
}

/*
 * A leaf table was emptied and unlinked, and one of ours has taken its place; whoever unlinked it may not have synced
 * yet. Hardware that remembers where the old one was would look there and find nothing.
 */
static int forget_old_table(struct iommu_domain *domain, uint64_t iova, uint64_t last)
{
    struct iommu_gather old = {.domain = domain, .first = iova, .last = last, .dead_tables = 1, .leaf_lg2 = IOMMU_PAGE_LG2};

    return domain->ops->flush_unmap ? domain->ops->flush_unmap(domain, &old) : 0;
}

/* The range is in the table: make sure of the devices. */
static int settle_map(struct iommu_domain *domain, uint64_t iova, uint64_t last, bool renewed)
{
    int result = 0;

    if (last > reach_last(domain))
        return -IOMMU_ERANGE; /* a narrower device was attached meanwhile, see core/reach.c */
    if (renewed)
        result = forget_old_table(domain, iova, last);
    if (result)
        return result;
    return domain->ops->flush_map ? domain->ops->flush_map(domain, iova, last) : 0;
}

int map_prepare(struct pt_map *map, struct iommu_domain *domain, uint64_t iova, uint64_t pa,
                uint64_t len, uint32_t prot)
{
    int result = check_map(domain, iova, pa, len, prot);

    return result ? result : pt_map_prepare(map, &domain->pt, iova, iova + (len - 1), pa, prot);
}

/* The range is in the table with that result: usable, or out again. */
static int conclude(struct iommu_domain *domain, uint64_t iova, uint64_t last, int result, bool renewed,
                    struct iommu_gather *undo)
{
    if (!result) {
        result = settle_map(domain, iova, last, renewed);
        if (!result)
            return 0;
        (void)iommu_pt_unmap(&domain->pt, iova, last, undo);
    }
    (void)gather_settle(domain, undo);
    return result;
}

int map_commit(struct pt_map *map, struct iommu_domain *domain)
{
    struct iommu_gather undo;
    int result;

    iommu_gather_init(&undo);
    result = pt_map_commit(map, &domain->pt, &undo);
    return conclude(domain, map->first, map->last, result, pt_map_renewed(map), &undo);
}

int iommu_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len, uint32_t prot)
{
    struct iommu_gather undo;
    bool renewed;
    int result;

    if (!domain)
        return -IOMMU_EINVAL;
    result = check_map(domain, iova, pa, len, prot);
    if (result)
        return result;
    iommu_gather_init(&undo);
    result = pt_map(&domain->pt, iova, iova + (len - 1), pa, prot, &undo, &renewed);
    return conclude(domain, iova, iova + (len - 1), result, renewed, &undo);
}

int iommu_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t len,
                struct iommu_gather *gather)
{
    struct iommu_gather strict;
    int result;

    if (!domain || domain->type != IOMMU_DOMAIN_UNMANAGED || !is_range(iova, len))
        return -IOMMU_EINVAL;
    if (gather && gather->domain && gather->domain != domain)
        return -IOMMU_EINVAL;
    iommu_gather_init(&strict);
    result = iommu_pt_unmap(&domain->pt, iova, iova + (len - 1), gather ? gather : &strict);
    if (result)
        return result;
    if (!gather)
        return gather_settle(domain, &strict);
    gather->domain = domain;
    return 0;
}

int iommu_iova_to_phys(struct iommu_domain *domain, uint64_t iova, uint64_t *pa)
{
    uint8_t page_lg2;
    uint32_t prot;

    if (!domain || !pa)
        return -IOMMU_EINVAL;
    if (domain->type == IOMMU_DOMAIN_UNMANAGED)
        return iommu_pt_lookup(&domain->pt, iova, pa, &page_lg2, &prot);
    *pa = iova;
    return 0;
}
