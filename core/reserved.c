/* SPDX-License-Identifier: MIT */
/*
 * core/reserved.c - reserved regions: telling them, and mapping the DIRECT ones.
 *
 * The holes are prepared first, all of them, and filled when nothing can run out any more:
 * a call that is refused leaves not even an empty table behind.
 *
 * Under iommu.lock, so that two calls do not fill the same hole. Mapping takes no lock.
 */
#include "core/domain.h"
#include "core/host.h"
#include "core/map.h"

int iommu_for_each_reserved(struct iommu_device *device, iommu_reserved_fn fn, void *ctx)
{
    struct iommu *iommu;
    int result = 0;

    if (!device || !fn)
        return -IOMMU_EINVAL;
    iommu = device->iommu;
    host_lock(iommu->platform, &iommu->lock);
    if (device->ops && device->ops->for_each_reserved)
        result = device->ops->for_each_reserved(device, fn, ctx);
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}

struct hole {
    struct hole *next;
    struct pt_map map;
};

struct filling {
    struct iommu_domain *domain;
    struct hole *prepared; /* latest first */
};

/* A hole that another region, which overlaps this one, has brought already. */
static const struct hole *prepared_at(const struct filling *filling, uint64_t iova)
{
    const struct hole *hole = filling->prepared;

    while (hole && (iova < hole->map.first || iova > hole->map.last))
        hole = hole->next;
    return hole;
}

/* Where the run of pages that are in no mapping and no hole ends; `first` is one of them. */
static uint64_t hole_last(const struct filling *filling, uint64_t first, uint64_t last)
{
    uint64_t pa, at = first;
    uint8_t page_lg2;
    uint32_t prot;

    while (last - at >= IOMMU_PAGE_SIZE && !prepared_at(filling, at + IOMMU_PAGE_SIZE) &&
           iommu_pt_lookup(&filling->domain->pt, at + IOMMU_PAGE_SIZE, &pa, &page_lg2, &prot))
        at += IOMMU_PAGE_SIZE;
    return at + (IOMMU_PAGE_SIZE - 1);
}

static int prepare_hole(struct filling *filling, uint64_t first, uint64_t last, uint32_t prot)
{
    const struct iommu_platform *platform = filling->domain->iommu->platform;
    struct hole *hole = host_alloc(platform, sizeof(*hole));
    int result;

    if (!hole)
        return -IOMMU_ENOMEM;
    result = map_prepare(&hole->map, filling->domain, first, first, last - first + 1, prot);
    if (result) {
        host_free(platform, hole, sizeof(*hole));
        return result;
    }
    hole->next = filling->prepared;
    filling->prepared = hole;
    return 0;
}

/* Deal with the region from `at` on, as far as it is of one kind; *end is the last address of that. */
static int prepare_part(struct filling *filling, const struct iommu_reserved_region *region,
                        uint64_t at, uint64_t *end)
{
    uint32_t prot, need = region->prot & (IOMMU_READ | IOMMU_WRITE);
    const struct hole *prepared = prepared_at(filling, at);
    uint8_t page_lg2;
    uint64_t pa;

    if (prepared) {
        *end = prepared->map.last;
        return 0;
    }
    if (iommu_pt_lookup(&filling->domain->pt, at, &pa, &page_lg2, &prot)) {
        *end = hole_last(filling, at, region->last);
        return prepare_hole(filling, at, *end, region->prot);
    }
    *end = at | (((uint64_t)1 << page_lg2) - 1);
    return pa == at && !(need & ~prot) ? 0 : -IOMMU_EEXIST;
}

static int prepare_region(void *ctx, const struct iommu_reserved_region *region)
{
    uint64_t end = 0;
    int result = 0;

    if (region->type != IOMMU_RESERVED_DIRECT)
        return 0;
    for (uint64_t at = region->first; !result; at = end + 1) {
        result = prepare_part(ctx, region, at, &end);
        if (end >= region->last)
            break;
    }
    return result;
}

static void forget(struct filling *filling)
{
    const struct iommu_platform *platform = filling->domain->iommu->platform;

    while (filling->prepared) {
        struct hole *hole = filling->prepared;

        filling->prepared = hole->next;
        pt_map_cancel(&hole->map);
        host_free(platform, hole, sizeof(*hole));
    }
}

static int fill(struct filling *filling)
{
    struct iommu_domain *domain = filling->domain;
    struct hole *hole, *failed;
    int result = 0;

    for (hole = filling->prepared; hole && !result; hole = hole->next)
        result = map_commit(&hole->map, domain);
    if (!result)
        return 0;
    /* `hole` is behind the one that failed, which is out again by itself */
    for (failed = filling->prepared; failed->next != hole; failed = failed->next)
        (void)iommu_unmap(domain, failed->map.first, failed->map.last - failed->map.first + 1,
                          NULL);
    return result;
}

int domain_map_reserved(struct iommu_domain *domain, struct iommu_device *device)
{
    struct filling filling = {.domain = domain};
    int result;

    if (domain->type == IOMMU_DOMAIN_IDENTITY || !device->ops->for_each_reserved)
        return 0;
    result = device->ops->for_each_reserved(device, prepare_region, &filling);
    if (!result)
        result = fill(&filling);
    forget(&filling);
    return result;
}

int iommu_map_reserved(struct iommu_domain *domain, struct iommu_device *device)
{
    struct iommu *iommu;
    int result;

    if (!domain || !device)
        return -IOMMU_EINVAL;
    if (domain->iommu != device->iommu)
        return -IOMMU_EXDEV;
    if (!device->ops)
        return 0; /* no IOMMU, no regions */
    iommu = device->iommu;
    host_lock(iommu->platform, &iommu->lock);
    result = domain_map_reserved(domain, device);
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}
