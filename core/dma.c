/* SPDX-License-Identifier: MIT */
/*
 * core/dma.c - an address and its mapping in one call, and a domain's allocator from first to last.
 *
 * map and unmap take no lock. Setting up and release run under iommu.lock.
 */
#include "core/dma.h"

#include "core/host.h"

#define TRIES 16u /* addresses that the caller's own mappings may spoil for one map */

/* ---- setting up --------------------------------------------------------------------------------------- */

static int check_config(const struct iommu_domain *domain, const struct iommu_dma_config *config)
{
    if (config->lazy_count > IOMMU_DMA_LAZY_MAX || (config->lazy_count && !config->lazy_age_ns) ||
        (config->window_count && !config->windows))
        return -IOMMU_EINVAL;
    for (uint32_t i = 0; i < config->window_count; i++)
        if (config->windows[i].first > config->windows[i].last)
            return -IOMMU_EINVAL;
    return config->lazy_count && !domain->iommu->platform->now_ns ? -IOMMU_EOPNOTSUPP : 0;
}

/* Pages that lie within, page 0 never. An identity domain has no table, whose last address is 0 then. */
static int set_range(struct iova_space *space, const struct iommu_dma_config *config)
{
    uint64_t all = iommu_pt_last(&space->domain->pt);
    uint64_t last = config->last && config->last < all ? config->last : all;

    space->first = config->first ? (config->first - 1) >> IOMMU_PAGE_LG2 : 0;
    space->first++; /* rounded up; from 0 to 1 */
    space->last = ((last - (IOMMU_PAGE_SIZE - 1)) >> IOMMU_PAGE_LG2);
    return last < IOMMU_PAGE_SIZE - 1 || space->first > space->last ? -IOMMU_EINVAL : 0;
}

/* Windows, counted first (no room) and then noted. */
struct noting {
    struct iommu_dma_window *room;
    uint32_t count;
};

static void note(struct noting *noting, uint64_t first, uint64_t last)
{
    if (noting->room)
        noting->room[noting->count] =
            (struct iommu_dma_window){first >> IOMMU_PAGE_LG2, last >> IOMMU_PAGE_LG2};
    noting->count++;
}

static int note_region(void *ctx, const struct iommu_reserved_region *region)
{
    note(ctx, region->first, region->last);
    return 0;
}

static void note_all(const struct iommu_domain *domain, const struct iommu_dma_config *config,
                     struct noting *noting)
{
    const struct iommu_attachment *at;

    for (uint32_t i = 0; i < config->window_count; i++)
        note(noting, config->windows[i].first, config->windows[i].last);
    for (at = domain->attachments; at; at = at->domain_next)
        if (domain->ops->for_each_reserved)
            (void)domain->ops->for_each_reserved(at->device, note_region, noting);
}

static int set_windows(struct iova_space *space, const struct iommu_dma_config *config)
{
    struct noting noting = {0};

    note_all(space->domain, config, &noting);
    space->window_count = noting.count;
    if (!noting.count)
        return 0;
    space->windows = host_alloc(space->domain->iommu->platform,
                                noting.count * sizeof(*space->windows));
    if (!space->windows)
        return -IOMMU_ENOMEM;
    noting = (struct noting){.room = space->windows};
    note_all(space->domain, config, &noting);
    return 0;
}

static void dma_free(struct iommu_dma *dma)
{
    const struct iommu_platform *platform = dma->space.domain->iommu->platform;

    host_free(platform, dma->space.windows,
              dma->space.window_count * sizeof(*dma->space.windows));
    host_lock_fini(platform, &dma->space.lock);
    host_free(platform, dma, sizeof(*dma));
}

static void dma_release(struct iommu_dma *dma)
{
    dma_lazy_destroy(dma);
    iova_cache_leave(&dma->space);
    iova_tree_drop(&dma->space);
    dma_free(dma);
}

static int dma_create(struct iommu_domain *domain, const struct iommu_dma_config *config)
{
    const struct iommu_platform *platform = domain->iommu->platform;
    struct iommu_dma *dma = host_alloc(platform, sizeof(*dma));
    int result;

    if (!dma)
        return -IOMMU_ENOMEM;
    result = host_lock_init(platform, &dma->space.lock);
    if (result) {
        host_free(platform, dma, sizeof(*dma));
        return result;
    }
    dma->space.domain = domain;
    dma->release = dma_release;
    result = set_range(&dma->space, config);
    if (!result)
        result = set_windows(&dma->space, config);
    if (!result)
        result = iova_cache_join(&dma->space);
    if (!result && config->lazy_count)
        result = dma_lazy_create(dma, config);
    if (result) {
        dma_free(dma);
        return result;
    }
    __atomic_store_n(&domain->dma, dma, __ATOMIC_RELEASE);
    return 0;
}

int iommu_dma_init(struct iommu_domain *domain, const struct iommu_dma_config *config)
{
    static const struct iommu_dma_config plain;
    struct iommu *iommu;
    int result;

    if (!domain)
        return -IOMMU_EINVAL;
    result = check_config(domain, config ? config : &plain);
    if (result)
        return result;
    iommu = domain->iommu;
    host_lock(iommu->platform, &iommu->lock);
    result = domain->dma ? -IOMMU_EBUSY : dma_create(domain, config ? config : &plain);
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}

int dma_first_use(struct iommu_domain *domain, struct iommu_dma **dma)
{
    int result = iommu_dma_init(domain, NULL);

    if (result && result != -IOMMU_EBUSY)
        return result;
    *dma = dma_of(domain);
    return 0;
}

/* ---- map and unmap ------------------------------------------------------------------------------------ */

/* May a device have seen the mapping, though it is out again? Then the address is never put back. */
static bool is_spoilt(int result)
{
    return result == -IOMMU_EIO || result == -IOMMU_ETIMEDOUT;
}

int iommu_dma_map(struct iommu_domain *domain, uint64_t pa, uint64_t len, uint32_t prot,
                  uint64_t *iova)
{
    unsigned order = iova_order(len);
    struct iova_block block;
    struct iommu_dma *dma;
    int result;

    if (!domain || !iova || order >= IOVA_ORDERS)
        return -IOMMU_EINVAL;
    result = dma_use(domain, &dma);
    if (result)
        return result;
    for (unsigned try = 0; try < TRIES; try++) {
        result = iova_take(&dma->space, order, &block);
        if (result)
            return result;
        result = iommu_map(domain, block.page << IOMMU_PAGE_LG2, pa, len, prot);
        if (result != -IOMMU_EEXIST)
            break;
    }
    if (result) {
        if (!is_spoilt(result))
            iova_put(&dma->space, order, block.page, block.state);
        return result;
    }
    iova_hand_out(block.state, order);
    *iova = block.page << IOMMU_PAGE_LG2;
    return 0;
}

/* Lengths that share a power of two share blocks: is more mapped in this one than `len`? */
static bool is_longer(struct iommu_domain *domain, uint64_t iova, uint64_t len)
{
    uint8_t page_lg2;
    uint32_t prot;
    uint64_t pa;

    return (len & (len - 1)) &&
           !iommu_pt_lookup(&domain->pt, iova + len, &pa, &page_lg2, &prot);
}

int iommu_dma_unmap(struct iommu_domain *domain, uint64_t iova, uint64_t len)
{
    unsigned order = iova_order(len);
    uint64_t page = iova >> IOMMU_PAGE_LG2;
    struct iommu_dma *dma;
    iova_state *state;
    bool waits = false;
    int result;

    if (!domain || order >= IOVA_ORDERS || (iova & (IOMMU_PAGE_SIZE - 1)))
        return -IOMMU_EINVAL;
    dma = dma_of(domain);
    state = dma ? iova_find(&dma->space, page, order) : NULL;
    if (!state)
        return -IOMMU_ENOENT;
    if (is_longer(domain, iova, len))
        return -IOMMU_EINVAL;
    if (dma->lazy) {
        result = dma_lazy_unmap(dma, (struct iova_block){page, state}, len, &waits);
        if (result || waits)
            return result;
    }
    result = iommu_unmap(domain, iova, len, NULL);
    if (result == -IOMMU_ENOENT || result == -IOMMU_EINVAL)
        return result;
    iova_take_back(state);
    if (!result)
        iova_put(&dma->space, order, page, state);
    return result;
}
