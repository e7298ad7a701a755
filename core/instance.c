/* SPDX-License-Identifier: MIT */
/*
 * core/instance.c - the core's part of an instance, and what its hardware can do.
 *
 * start and stop run under iommu.lock. iommu_init and iommu_fini are called by the driver's create and destroy,
 * when nobody else knows the instance.
 */
#include "core/host.h"
#include "core/iova_cache.h"
#include "iommukit/driver.h"

static bool platform_is_complete(const struct iommu_platform *platform)
{
    int locks = (platform->lock_init != NULL) + (platform->lock_fini != NULL) +
                (platform->lock_acquire != NULL) + (platform->lock_release != NULL);

    if (!platform->alloc || !platform->free || !platform->page_alloc || !platform->page_free)
        return false;
    if (!platform->phys_to_virt != !platform->virt_to_phys)
        return false;
    return locks == 0 || locks == 4;
}

/* For domains with nothing in them, see core/toptable.c. */
static int make_no_table(struct iommu *iommu)
{
    iommu->no_table = host_page_alloc(iommu->platform, 0);
    host_cache_flush(iommu->platform, iommu->no_table, iommu->no_table ? IOMMU_PAGE_SIZE : 0);
    return iommu->no_table ? 0 : -IOMMU_ENOMEM;
}

int iommu_init(struct iommu *iommu, const struct iommu_ops *ops,
               const struct iommu_platform *platform)
{
    int result;

    if (!iommu || !ops || !platform || !platform_is_complete(platform))
        return -IOMMU_EINVAL;
    iommu->ops = ops;
    iommu->platform = platform;
    result = host_lock_init(platform, &iommu->lock);
    if (result)
        return result;
    result = iommu_pt_stock_init(&iommu->table_pages, platform);
    if (!result) {
        result = make_no_table(iommu);
        if (!result)
            return 0;
        iommu_pt_stock_fini(&iommu->table_pages, platform);
    }
    host_lock_fini(platform, &iommu->lock);
    return result;
}

void iommu_fini(struct iommu *iommu)
{
    if (iommu->iova_cache)
        iommu->iova_cache->release(iommu->iova_cache);
    iommu_pt_stock_fini(&iommu->table_pages, iommu->platform);
    host_page_free(iommu->platform, iommu->no_table, 0);
    host_lock_fini(iommu->platform, &iommu->lock);
}

bool iommu_capable(struct iommu *iommu, enum iommu_cap cap)
{
    return iommu && iommu->ops->capable && iommu->ops->capable(iommu, cap);
}

bool iommu_device_capable(struct iommu_device *device, enum iommu_cap cap)
{
    return device && device->ops && device->ops->device_capable &&
           device->ops->device_capable(device, cap);
}

/*
 * Run the driver's start or stop unless it is so already. A driver without them has nothing to switch. After a
 * stop that failed neither is the case: a whole start helps, or another stop.
 */
static int switch_to(struct iommu *iommu, bool on, int (*change)(struct iommu *))
{
    int result = 0;

    host_lock(iommu->platform, &iommu->lock);
    if ((iommu->started != on || iommu->stop_failed) && change)
        result = change(iommu);
    if (!result || !on) {
        iommu->started = on;
        iommu->stop_failed = result != 0;
    }
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}

int iommu_start(struct iommu *iommu)
{
    return iommu ? switch_to(iommu, true, iommu->ops->start) : -IOMMU_EINVAL;
}

int iommu_stop(struct iommu *iommu)
{
    return iommu ? switch_to(iommu, false, iommu->ops->stop) : -IOMMU_EINVAL;
}

int iommu_destroy(struct iommu *iommu)
{
    bool busy;

    if (!iommu)
        return -IOMMU_EINVAL;
    host_lock(iommu->platform, &iommu->lock);
    busy = iommu->devices || iommu->domain_count;
    host_unlock(iommu->platform, &iommu->lock);
    if (busy)
        return -IOMMU_EBUSY;
    if (iommu->ops->destroy)
        iommu->ops->destroy(iommu); /* calls iommu_fini() */
    else
        iommu_fini(iommu);
    return 0;
}
