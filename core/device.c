/* SPDX-License-Identifier: MIT */
/*
 * core/device.c - devices: add, remove, find, claim.
 *
 * Control calls, all under iommu.lock. An object is taken off the instance's list before it is freed.
 */
#include "core/device.h"

#include "core/attachment.h"
#include "core/domain.h"
#include "core/firmware.h"
#include "core/host.h"
#include "core/pasid.h"

static size_t device_bytes(const struct iommu *iommu)
{
    return iommu->ops->device_size ? iommu->ops->device_size : sizeof(struct iommu_device);
}

/* ---- find --------------------------------------------------------------------------------------------- */

static bool answers_to(const struct iommu_device *device, uint16_t segment, uint16_t rid)
{
    bool known = device->config.rid == rid;

    for (unsigned i = 0; i < device->config.alias_count; i++)
        known |= device->alias[i] == rid;
    return known && device->config.segment == segment;
}

struct iommu_device *device_lookup(const struct iommu *iommu, uint16_t segment, uint16_t rid)
{
    struct iommu_device *device = iommu->devices;

    while (device && !answers_to(device, segment, rid))
        device = device->next;
    return device;
}

int iommu_device_find(struct iommu *iommu, uint16_t segment, uint16_t rid,
                      struct iommu_device **device)
{
    struct iommu_device *found;

    if (!iommu || !device)
        return -IOMMU_EINVAL;
    host_lock(iommu->platform, &iommu->lock);
    found = device_lookup(iommu, segment, rid);
    host_unlock(iommu->platform, &iommu->lock);
    if (!found)
        return -IOMMU_ENOENT;
    *device = found;
    return 0;
}

/* ---- add ---------------------------------------------------------------------------------------------- */

static int check_config(const struct iommu_device_config *config)
{
    if (config->alias_count > IOMMU_ALIASES_MAX || (config->alias_count && !config->aliases))
        return -IOMMU_EINVAL;
    if (config->dma_bits > 64 || (config->dma_bits && config->dma_bits <= IOMMU_PAGE_LG2))
        return -IOMMU_EINVAL;
    if (config->pasid_bits > 20 || (config->flags & ~(uint32_t)IOMMU_DEVICE_NO_ATS))
        return -IOMMU_EINVAL;
    return 0;
}

static bool is_known(const struct iommu *iommu, const struct iommu_device_config *config)
{
    bool known = device_lookup(iommu, config->segment, config->rid);

    for (unsigned i = 0; i < config->alias_count; i++)
        known |= device_lookup(iommu, config->segment, config->aliases[i]) != NULL;
    return known;
}

static void copy_config(struct iommu_device *device, const struct iommu_device_config *config)
{
    device->config = *config;
    device->config.aliases = device->alias;
    for (unsigned i = 0; i < config->alias_count; i++)
        device->alias[i] = config->aliases[i];
}

/* What the driver said of the device, cut to what device and architecture can. */
static void cut_widths(struct iommu_device *device)
{
    if (device->address_bits == 0 || device->address_bits > 64)
        device->address_bits = 64;
    if (device->config.dma_bits && device->config.dma_bits < device->address_bits)
        device->address_bits = device->config.dma_bits;
    if (device->pasid_limit > IOMMU_PASID_LAST + 1)
        device->pasid_limit = IOMMU_PASID_LAST + 1;
}

static int probe(struct iommu_device *device)
{
    const struct iommu_ops *ops = device->iommu->ops;
    int result = ops->probe_device ? ops->probe_device(device) : -IOMMU_ENODEV;

    if (result) {
        device->ops = NULL;
        device->pasid_limit = 0;
        return result == -IOMMU_ENODEV ? 0 : result;
    }
    cut_widths(device);
    result = firmware_init(device);
    if (result && ops->release_device)
        (void)ops->release_device(device);
    return result;
}

static void enlist(struct iommu_device *device)
{
    struct iommu_device **end = &device->iommu->devices;

    while (*end)
        end = &(*end)->next;
    *end = device;
}

static int add(struct iommu *iommu, const struct iommu_device_config *config,
               struct iommu_device **device)
{
    struct iommu_device *made;
    int result;

    if (is_known(iommu, config))
        return -IOMMU_EBUSY;
    made = host_alloc(iommu->platform, device_bytes(iommu));
    if (!made)
        return -IOMMU_ENOMEM;
    made->iommu = iommu;
    made->ops = iommu->ops;
    copy_config(made, config);
    result = probe(made);
    if (result) {
        host_free(iommu->platform, made, device_bytes(iommu));
        return result;
    }
    enlist(made);
    *device = made;
    return 0;
}

int iommu_device_add(struct iommu *iommu, const struct iommu_device_config *config,
                     struct iommu_device **device)
{
    int result;

    if (!iommu || !config || !device)
        return -IOMMU_EINVAL;
    result = check_config(config);
    if (result)
        return result;
    host_lock(iommu->platform, &iommu->lock);
    result = add(iommu, config, device);
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}

/* ---- remove ------------------------------------------------------------------------------------------- */

static void keep_first(int *first, int result)
{
    if (!*first)
        *first = result;
}

/* Block every route; caches of a device that no longer answers stay in doubt, and we go on. */
static int block_all(struct iommu_device *device)
{
    struct iommu_attachment *at = pasid_next(device, IOMMU_PASID_FIRST);
    int result = 0;

    while (at) {
        uint32_t pasid = at->pasid;

        keep_first(&result, detach_route_for_good(at));
        at = pasid_next(device, pasid + 1);
    }
    if (device->aux_enabled && device->ops->disable_auxd)
        device->ops->disable_auxd(device);
    device->aux_enabled = false;
    if (device->rid_attachment)
        keep_first(&result, detach_route_for_good(device->rid_attachment));
    keep_first(&result, firmware_fini(device));
    if (device->ops->release_device)
        keep_first(&result, device->ops->release_device(device));
    return result;
}

static void forget_withheld(struct iommu_device *device)
{
    struct iommu_attachment *note = device->withheld, *next;

    for (; note; note = next) {
        next = note->domain_next;
        domain_count_withheld(note->domain, -1);
        attachment_give_back(note);
    }
    device->withheld = NULL;
}

static void delist(struct iommu_device *device)
{
    struct iommu_device **at = &device->iommu->devices;

    while (*at != device)
        at = &(*at)->next;
    *at = device->next;
}

int iommu_device_remove(struct iommu_device *device)
{
    struct iommu *iommu;
    int result = 0;

    if (!device)
        return -IOMMU_EINVAL;
    iommu = device->iommu;
    host_lock(iommu->platform, &iommu->lock);
    if (device->ops) {
        result = block_all(device);
        forget_withheld(device);
    }
    delist(device);
    host_free(iommu->platform, device, device_bytes(iommu));
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}

/* ---- claim -------------------------------------------------------------------------------------------- */

static int claim(struct iommu_device *device, const void *owner)
{
    if (device->owner && device->owner != owner)
        return -IOMMU_EBUSY;
    if (device->pasid_count || device->owner_count == UINT32_MAX)
        return -IOMMU_EBUSY;
    device->owner = owner;
    device->owner_count++;
    return 0;
}

static int unclaim(struct iommu_device *device, const void *owner)
{
    if (device->owner != owner)
        return -IOMMU_ENOENT;
    if (--device->owner_count == 0)
        device->owner = NULL;
    return 0;
}

static int with_lock(struct iommu_device *device, const void *owner,
                     int (*change)(struct iommu_device *, const void *))
{
    struct iommu *iommu;
    int result;

    if (!device || !owner)
        return -IOMMU_EINVAL;
    iommu = device->iommu;
    host_lock(iommu->platform, &iommu->lock);
    result = change(device, owner);
    host_unlock(iommu->platform, &iommu->lock);
    return result;
}

int iommu_device_claim(struct iommu_device *device, const void *owner)
{
    return with_lock(device, owner, claim);
}

int iommu_device_unclaim(struct iommu_device *device, const void *owner)
{
    return with_lock(device, owner, unclaim);
}

/* ---- say ---------------------------------------------------------------------------------------------- */

struct iommu *iommu_device_instance(const struct iommu_device *device)
{
    return device->iommu;
}

uint16_t iommu_device_rid(const struct iommu_device *device)
{
    return device->config.rid;
}

uint16_t iommu_device_segment(const struct iommu_device *device)
{
    return device->config.segment;
}

void *iommu_device_cookie(const struct iommu_device *device)
{
    return device->config.cookie;
}

uint32_t iommu_device_pasid_limit(const struct iommu_device *device)
{
    return device->pasid_limit;
}
