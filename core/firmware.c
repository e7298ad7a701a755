/* SPDX-License-Identifier: MIT */
/*
 * core/firmware.c - a domain of the library's own for DMA that firmware has going (RMRRs on x86).
 *
 * The route changes hands by ops->replace, so that the firmware's DMA meets no hole. Its attachment object is
 * made once and kept, on a list or not: giving the RID back must not need memory.
 *
 * All under iommu.lock.
 */
#include "core/firmware.h"

#include "core/attachment.h"
#include "core/domain.h"
#include "core/host.h"

static int is_direct(void *ctx, const struct iommu_reserved_region *region)
{
    (void)ctx;
    return region->type == IOMMU_RESERVED_DIRECT;
}

bool firmware_in_force(const struct iommu_device *device)
{
    return device->firmware_domain && device->firmware_domain->attachments;
}

static int put_in_force(struct iommu_device *device)
{
    struct iommu_attachment *own = device->firmware_attachment;
    int result;

    attachment_renew(own);
    domain_link(device->firmware_domain, own);
    result = device->ops->attach(own);
    if (result)
        domain_unlink(own);
    return result;
}

static void drop(struct iommu_device *device)
{
    if (device->firmware_attachment)
        attachment_free(device->firmware_attachment);
    if (device->firmware_domain)
        domain_destroy(device->firmware_domain);
    device->firmware_attachment = NULL;
    device->firmware_domain = NULL;
}

int firmware_init(struct iommu_device *device)
{
    const struct iommu_domain_config config = {.device = device};
    const struct iommu_ops *ops = device->ops;
    int result;

    if (!ops->for_each_reserved || !ops->for_each_reserved(device, is_direct, NULL))
        return 0;
    if (!ops->attach || !ops->detach)
        return -IOMMU_EOPNOTSUPP;
    result = domain_create(device->iommu, &config, &device->firmware_domain);
    if (result)
        return result;
    device->firmware_attachment = attachment_make(device, IOMMU_NO_PASID);
    result = device->firmware_attachment ? domain_map_reserved(device->firmware_domain, device)
                                         : -IOMMU_ENOMEM;
    if (!result)
        result = put_in_force(device);
    if (result)
        drop(device);
    return result;
}

int firmware_fini(struct iommu_device *device)
{
    int result = 0;

    if (firmware_in_force(device))
        result = device->ops->detach(device->firmware_attachment);
    if (result) {
        /* The hardware did not confirm and may go on reading: its tables are given up, not given back. */
        host_log(device->iommu->platform, IOMMU_LOG_ERROR, "tables of firmware's DMA regions are withheld");
        device->firmware_domain = NULL;
    }
    drop(device);
    return result;
}

int firmware_yield(struct iommu_device *device, struct iommu_attachment *next)
{
    struct iommu_attachment *own = device->firmware_attachment;
    const struct iommu_ops *ops = device->ops;
    int result;

    if (ops->replace) {
        result = ops->replace(own, next);
        if (!result)
            domain_unlink(own);
        return result;
    }
    /* A driver that cannot replace leaves a hole; better than no attach at all. */
    result = ops->detach(own);
    domain_unlink(own);
    if (!result)
        result = ops->attach(next);
    if (result && put_in_force(device))
        host_log(device->iommu->platform, IOMMU_LOG_ERROR, "firmware's DMA regions are blocked");
    return result;
}

int firmware_resume(struct iommu_device *device, struct iommu_attachment *gone)
{
    struct iommu_attachment *own = device->firmware_attachment;
    const struct iommu_ops *ops = device->ops;
    int result;

    if (ops->replace) {
        attachment_renew(own);
        domain_link(device->firmware_domain, own);
        result = ops->replace(gone, own);
        if (!result)
            return 0;
        domain_unlink(own);
    }
    result = ops->detach(gone);
    if (result)
        return result;
    /* The caller's route is gone as promised; what is lost, if this fails, is firmware's. */
    if (put_in_force(device))
        host_log(device->iommu->platform, IOMMU_LOG_ERROR, "firmware's DMA regions are blocked");
    return 0;
}
