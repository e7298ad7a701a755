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

/* pt_span() for a case label. */
#define SPAN(level) (IOMMU_PAGE_SIZE << 9 * ((level) - 1))

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

/* Is it a physical address of this machine? */
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
 * Pages that check_map() would let pass, in a table that needs no hooks; both ranges are known to be pages and not to wrap.
 * Others are not refused here: map_any() looks at them closely. Nor is it asked here whether the domain has a table of its
 * own: below one that is all empty no page finds its place, unless it may stand in the top table itself.
 */
static PT_INLINE bool is_ordinary(const struct iommu_domain *domain, uint64_t iova, uint64_t last, uint64_t pa,
                                  uint64_t pa_last, uint32_t prot)
{
    const struct iommu_pt *pt = &domain->pt;

    if (!pt->plain || (prot & ~(uint32_t)(IOMMU_WRITE | IOMMU_CACHE)) != IOMMU_READ)
        return false;
    if (last > pt->last || !reach_holds(domain, last) || !is_pa(pt, pa_last))
        return false;
    return !reach_is_reserved(domain, iova, last) && !reach_is_reserved(domain, pa, pa_last);
}

/* prot of ordinary pages: the compiler knows now that they can be read. */
static PT_INLINE uint64_t ordinary_leaf(const struct iommu_domain *domain, uint64_t pa, uint32_t prot)
{
    return pa | pt_leaf_bits(&domain->pt, prot | IOMMU_READ);
}

static PT_INLINE int settle_ordinary(struct iommu_domain *domain, uint64_t iova, uint64_t last)
{
    if (PT_SELDOM(domain->iommu->flush_maps || !reach_holds(domain, last)))
        return settle_leaf(domain, iova, last);
    return 0;
}

/* One page of a constant level. */
static PT_INLINE int map_leaf(struct iommu_domain *domain, uint64_t iova, uint64_t pa, unsigned level, uint32_t prot)
{
    const uint64_t within = pt_span(level) - 1;
    uint64_t leaf;
    int result;

    if (((iova | pa) & within) || !is_ordinary(domain, iova, iova | within, pa, pa | within, prot) ||
        (level > 2 && !domain_has_table(domain)))
        return map_any(domain, iova, pa, within + 1, prot);
    leaf = ordinary_leaf(domain, pa, prot);
    result = level > 1 ? pt_map_large(&domain->pt, iova, leaf, level, true)
                       : pt_map_pages(&domain->pt, iova, 1, leaf, true);
    if (result)
        return result < 0 ? result : map_any(domain, iova, pa, within + 1, prot);
    return settle_ordinary(domain, iova, iova | within);
}

/* Small pages, several or none. pa cannot wrap if both of its ends are addresses. */
static __attribute__((noinline)) int map_several(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len,
                                                 uint32_t prot)
{
    uint64_t last = iova + (len - 1), pa_last = pa + (len - 1);
    int result;

    if (!len || ((iova | pa | len) & (IOMMU_PAGE_SIZE - 1)) || !pt_is_within_table(iova, last) ||
        !is_pa(&domain->pt, pa) || !is_ordinary(domain, iova, last, pa, pa_last, prot))
        return map_any(domain, iova, pa, len, prot);
    result = pt_map_pages(&domain->pt, iova, pt_pages_in(iova, last), ordinary_leaf(domain, pa, prot), true);
    if (result)
        return result < 0 ? result : map_any(domain, iova, pa, len, prot);
    return settle_ordinary(domain, iova, last);
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
    switch (len) {
    case SPAN(1):
        return map_4k(domain, iova, pa, prot);
    case SPAN(2):
        return map_2m(domain, iova, pa, prot);
    case SPAN(3):
        return map_1g(domain, iova, pa, prot);
    default:
        return map_several(domain, iova, pa, len, prot);
    }
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

/* No hooks, and the gather in use for this domain already? Others unmap_any() looks at. */
static PT_INLINE bool is_ordinary_unmap(const struct iommu_domain *domain, uint64_t last, const struct iommu_gather *gather)
{
    return domain->pt.plain && gather && gather->domain == domain && last <= domain->pt.last;
}

/* One page of a constant level. */
static PT_INLINE int unmap_leaf(struct iommu_domain *domain, uint64_t iova, unsigned level, struct iommu_gather *gather)
{
    const uint64_t within = pt_span(level) - 1;
    int result;

    if ((iova & within) || !is_ordinary_unmap(domain, iova | within, gather))
        return unmap_any(domain, iova, within + 1, gather);
    result = level > 1 ? pt_unmap_entry(&domain->pt, iova, level, gather, true, false)
                       : pt_unmap_pages(&domain->pt, iova, 1, gather, true);
    return result <= 0 ? result : unmap_any(domain, iova, within + 1, gather);
}

/* Small pages, several or none. */
static __attribute__((noinline)) int unmap_several(struct iommu_domain *domain, uint64_t iova, uint64_t len,
                                                   struct iommu_gather *gather)
{
    uint64_t last = iova + (len - 1);
    int result;

    if (!len || ((iova | len) & (IOMMU_PAGE_SIZE - 1)) || !pt_is_within_table(iova, last) ||
        !is_ordinary_unmap(domain, last, gather))
        return unmap_any(domain, iova, len, gather);
    result = pt_unmap_pages(&domain->pt, iova, pt_pages_in(iova, last), gather, true);
    return result <= 0 ? result : unmap_any(domain, iova, len, gather);
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
    switch (len) {
    case SPAN(1):
        return unmap_4k(domain, iova, gather);
    case SPAN(2):
        return unmap_2m(domain, iova, gather);
    case SPAN(3):
        return unmap_1g(domain, iova, gather);
    default:
        return unmap_several(domain, iova, len, gather);
    }
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
