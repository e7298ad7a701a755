/* SPDX-License-Identifier: MIT */
/*
 * core/map.c - map, unmap, translate: what is checked before the table is touched, and what is flushed after.
 *
 * No lock: callers keep ranges that are worked on at the same time disjoint. (iova, len) at the door,
 * [iova, last] inside, so that the top page of the address space is no special case.
 */
#include "core/map.h"

#include "core/domain.h"
#include "core/gather.h"
#include "core/host.h"
#include "core/pagetable_page.h"
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

/* Is it an address that the table's entries can hold, and this machine's memory bus? */
static bool is_pa(const struct iommu_pt *pt, uint64_t pa)
{
    return pa >> pt->config.pa_bits == 0;
}

static PT_INLINE int check_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len,
                               uint32_t prot)
{
    const struct iommu_pt *pt = &domain->pt;
    uint64_t last = iova + (len - 1), pa_last = pa + (len - 1);

    if (domain->type != IOMMU_DOMAIN_UNMANAGED || !is_range(iova, len) || !is_range(pa, len) ||
        !is_prot(pt->config.format, prot))
        return -IOMMU_EINVAL;
    if (last > pt->last || !reach_holds(domain, last) || !is_pa(pt, pa_last))
        return -IOMMU_ERANGE;
    if (reach_is_reserved(domain, iova, last) || reach_is_reserved(domain, pa, pa_last))
        return -IOMMU_ERANGE;
    return domain_has_table(domain) ? 0 : domain_make_table(domain);
}

/*
 * An empty table was unlinked, and another has taken its place; whoever unlinked it may not have synced yet. Hardware
 * that remembers where the old one was would look there and find nothing.
 */
static int forget_old_table(struct iommu_domain *domain, uint64_t iova, uint64_t last)
{
    struct iommu_gather old = {
        .domain = domain, .first = iova, .last = last, .dead_tables = 1, .leaf_lg2 = IOMMU_PAGE_LG2};
    int result = domain->ops->flush_unmap ? domain->ops->flush_unmap(domain, &old) : 0;

    if (!result)
        pt_map_settle(&domain->pt, iova, last);
    return result;
}

/* The range is in the table: make sure of the devices. */
static inline int settle_map(struct iommu_domain *domain, uint64_t iova, uint64_t last)
{
    if (!reach_holds(domain, last))
        return -IOMMU_ERANGE; /* a narrower device was attached meanwhile, see core/reach.c */
    return domain->iommu->flush_maps ? domain->ops->flush_map(domain, iova, last) : 0;
}

/* Put into the table it was, but it cannot be used: out again. */
static __attribute__((noinline)) int take_out(struct iommu_domain *domain, uint64_t iova, uint64_t last, int result)
{
    struct iommu_gather undo;

    iommu_gather_init(&undo);
    (void)iommu_pt_unmap(&domain->pt, iova, last, &undo);
    (void)gather_settle(domain, &undo);
    return result;
}

/* Of a page that map_leaf() has entered by itself. */
static __attribute__((noinline)) int settle_leaf(struct iommu_domain *domain, uint64_t iova, uint64_t last)
{
    int result = settle_map(domain, iova, last);

    return result ? take_out(domain, iova, last, result) : 0;
}

int map_prepare(struct pt_map *map, struct iommu_domain *domain, uint64_t iova, uint64_t pa,
                uint64_t len, uint32_t prot)
{
    int result = check_map(domain, iova, pa, len, prot);

    return result ? result : pt_map_prepare(map, &domain->pt, iova, iova + (len - 1), pa, prot);
}

int map_commit(struct pt_map *map, struct iommu_domain *domain)
{
    struct iommu_gather undo;
    int result;

    iommu_gather_init(&undo);
    result = pt_map_commit(map, &domain->pt, &undo);
    if (result) {
        (void)gather_settle(domain, &undo);
        return result;
    }
    if (map->renewed)
        result = forget_old_table(domain, map->first, map->last);
    if (!result)
        result = settle_map(domain, map->first, map->last);
    return result ? take_out(domain, map->first, map->last, result) : 0;
}

static int map_long(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len, uint32_t prot)
{
    struct pt_map map;
    int result = pt_map_prepare(&map, &domain->pt, iova, iova + (len - 1), pa, prot);

    return result ? result : map_commit(&map, domain);
}

/* All checks. */
static __attribute__((noinline)) int map_any(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len,
                                             uint32_t prot)
{
    uint64_t last = iova + (len - 1);
    int result = check_map(domain, iova, pa, len, prot);

    if (!result)
        result = pt_map_short(&domain->pt, iova, last, pa, prot);
    if (result)
        return result < 0 ? result : map_long(domain, iova, pa, len, prot);
    return settle_leaf(domain, iova, last);
}

/*
 * One page that check_map() would let pass, in a table that needs no hooks. Others are not refused here: map_any() looks at
 * them closely. Whether the domain has a table of its own is asked only for pages that may stand in the top table: below
 * one that is all empty no page finds its place.
 */
static PT_INLINE bool is_ordinary_leaf(const struct iommu_domain *domain, uint64_t iova, uint64_t pa, unsigned level,
                                       uint32_t prot)
{
    const struct iommu_pt *pt = &domain->pt;
    const uint64_t within = pt_span(level) - 1;

    if (!pt->plain || ((iova | pa) & within) || (level > 2 && !domain_has_table(domain)))
        return false;
    if ((prot & ~(uint32_t)(IOMMU_WRITE | IOMMU_CACHE)) != IOMMU_READ)
        return false;
    if ((iova | within) > pt->last || !reach_holds(domain, iova | within) || !is_pa(pt, pa))
        return false;
    return !reach_is_reserved(domain, iova, iova | within) && !reach_is_reserved(domain, pa, pa | within);
}

/* One page of a constant level. */
static PT_INLINE int map_leaf(struct iommu_domain *domain, uint64_t iova, uint64_t pa, unsigned level, uint32_t prot)
{
    struct iommu_pt *pt = &domain->pt;
    uint64_t last = iova + (pt_span(level) - 1), leaf;
    int result;

    if (!is_ordinary_leaf(domain, iova, pa, level, prot))
        return map_any(domain, iova, pa, pt_span(level), prot);
    leaf = pa | pt_leaf_bits(pt, prot | IOMMU_READ); /* it is set: the compiler knows now */
    result = level > 1 ? pt_map_large(pt, iova, leaf, level, true) : pt_map_page(pt, iova, leaf);
    if (result)
        return result < 0 ? result : map_any(domain, iova, pa, pt_span(level), prot);
    if (PT_SELDOM(domain->iommu->flush_maps || !reach_holds(domain, last)))
        return settle_leaf(domain, iova, last);
    return 0;
}

/* Functions of their own, for some compilers save the registers that any branch needs at the start of all. */
static __attribute__((noinline)) int map_4k(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint32_t prot)
{
    return map_leaf(domain, iova, pa, 1, prot);
}

static __attribute__((noinline)) int map_2m(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint32_t prot)
{
    return map_leaf(domain, iova, pa, 2, prot);
}

static __attribute__((noinline)) int map_1g(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint32_t prot)
{
    return map_leaf(domain, iova, pa, 3, prot);
}

int iommu_map(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len, uint32_t prot)
{
    if (!domain)
        return -IOMMU_EINVAL;
    if (len == pt_span(1))
        return map_4k(domain, iova, pa, prot);
    if (len == pt_span(2))
        return map_2m(domain, iova, pa, prot);
    if (len == pt_span(3))
        return map_1g(domain, iova, pa, prot);
    return map_any(domain, iova, pa, len, prot);
}

static __attribute__((noinline)) int unmap_strictly(struct iommu_domain *domain, uint64_t iova, uint64_t last)
{
    struct iommu_gather strict;
    int result;

    iommu_gather_init(&strict);
    result = iommu_pt_unmap(&domain->pt, iova, last, &strict);
    return result ? result : gather_settle(domain, &strict);
}

static __attribute__((noinline)) int unmap_any(struct iommu_domain *domain, uint64_t iova, uint64_t len,
                                               struct iommu_gather *gather)
{
    uint64_t last = iova + (len - 1);
    int result;

    if (domain->type != IOMMU_DOMAIN_UNMANAGED || !is_range(iova, len))
        return -IOMMU_EINVAL;
    if (gather && gather->domain && gather->domain != domain)
        return -IOMMU_EINVAL;
    if (!gather)
        return unmap_strictly(domain, iova, last);
    result = iommu_pt_unmap(&domain->pt, iova, last, gather);
    if (!result)
        gather->domain = domain;
    return result;
}

/* One page of a constant level, the gather in use for this domain already, no hooks. Others unmap_any() looks at. */
static PT_INLINE int unmap_leaf(struct iommu_domain *domain, uint64_t iova, unsigned level, struct iommu_gather *gather)
{
    struct iommu_pt *pt = &domain->pt;
    const uint64_t within = pt_span(level) - 1;
    int result = 1;

    if (pt->plain && gather && gather->domain == domain && !(iova & within) && (iova | within) <= pt->last)
        result = level > 1 ? pt_unmap_entry(pt, iova, level, gather, true, false) : pt_unmap_page(pt, iova, gather);
    return result <= 0 ? result : unmap_any(domain, iova, pt_span(level), gather);
}

static __attribute__((noinline)) int unmap_4k(struct iommu_domain *domain, uint64_t iova, struct iommu_gather *gather)
{
    return unmap_leaf(domain, iova, 1, gather);
}

static __attribute__((noinline)) int unmap_2m(struct iommu_domain *domain, uint64_t iova, struct iommu_gather *gather)
{
    return unmap_leaf(domain, iova, 2, gather);
}

static __attribute__((noinline)) int unmap_1g(struct iommu_domain *domain, uint64_t iova, struct iommu_gather *gather)
{
    return unmap_leaf(domain, iova, 3, gather);
}

int iommu_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t len,
                struct iommu_gather *gather)
{
    if (!domain)
        return -IOMMU_EINVAL;
    if (len == pt_span(1))
        return unmap_4k(domain, iova, gather);
    if (len == pt_span(2))
        return unmap_2m(domain, iova, gather);
    if (len == pt_span(3))
        return unmap_1g(domain, iova, gather);
    return unmap_any(domain, iova, len, gather);
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
