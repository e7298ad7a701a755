/* SPDX-License-Identifier: MIT */
/*
 * lane_qemu.c - tenants of QEMU's `edu` devices. These cannot send PASIDs, so the PASID entry that the driver wrote
 * is checked by letting the device's untagged requests go through it for a moment (see iommu_qemu_use_pasid).
 * QEMU tells a device nothing of a refused access: memory and fault records have to tell.
 */
#include <string.h>

#include "iommukit/host/qemu.h"

#include "lane.h"

#define PIECE 2048u /* of edu's 4096-byte buffer */

static const char *lane_open(struct share *share, struct share_tenant *tenant)
{
    (void)share;
    (void)tenant;
    return NULL;
}

/* Where the device's buffer can be filled and emptied: a page that its untagged requests reach. In legacy mode
 * these are the tenant's own. */
static uint8_t *stage_of(const struct share *share, const struct share_tenant *tenant)
{
    uint64_t pa = share->per_device ? tenant->record_pa : tenant->device->stage_pa;
    return iommu_posix_memory(share->memory, pa, SHARE_PAGE);
}

static int use_route(const struct share *share, const struct share_tenant *tenant, uint32_t pasid)
{
    return share->per_device ? 0 : iommu_qemu_use_pasid(share->hardware, tenant->device->function, pasid);
}

/* The device's buffer from, or into, the stage. A tenant that was detached in legacy mode has no such way: the
 * buffer keeps what lane_close() left there. */
static int exchange(struct share *share, struct share_tenant *tenant, void *data, size_t bytes, bool load)
{
    if (share->per_device && tenant->attachment == NULL)
        return 0;
    uint8_t *stage = stage_of(share, tenant);
    if (load)
        memcpy(stage, data, bytes);
    int result = iommu_qemu_transfer(share->hardware, tenant->device->function, SHARE_IOVA_RECORD, bytes, !load);
    if (!load)
        memcpy(data, stage, bytes);
    return result;
}

/* Fill the buffer untagged, make the access on the route in question, empty the buffer untagged. */
static bool lane_access(struct share *share, struct share_tenant *tenant, uint32_t pasid, uint64_t iova, void *data,
                        size_t bytes, bool write)
{
    int result = write ? exchange(share, tenant, data, bytes, true) : 0;
    if (result == 0)
        result = use_route(share, tenant, pasid);
    if (result == 0)
        result = iommu_qemu_transfer(share->hardware, tenant->device->function, iova, bytes, write);
    if (result == 0)
        result = use_route(share, tenant, IOMMU_NO_PASID);
    if (result == 0 && !write)
        result = exchange(share, tenant, data, bytes, false);
    if (result < 0)
        share_leak(share, "%s: QEMU failed: %s", tenant->name, iommu_strerror(result));
    return result == 0;
}

static bool lane_own(struct share *share, struct share_tenant *tenant, uint64_t iova, void *data, size_t bytes,
                     bool write)
{
    return lane_access(share, tenant, tenant->pasid, iova, data, bytes, write);
}

static bool lane_copy(struct share *share, struct share_tenant *tenant, uint64_t from, uint64_t to, size_t bytes)
{
    uint8_t buffer[PIECE];
    for (size_t done = 0; done < bytes; done += PIECE) {
        size_t piece = bytes - done < PIECE ? bytes - done : PIECE;
        if (!lane_own(share, tenant, from + done, buffer, piece, false) ||
            !lane_own(share, tenant, to + done, buffer, piece, true))
            return false;
    }
    return true;
}

static void lane_close(struct share *share, struct share_tenant *tenant)
{
    /* Something to write with once nothing can be loaded any more. */
    uint8_t pattern[64];
    memset(pattern, 0xa7, sizeof pattern);
    if (exchange(share, tenant, pattern, sizeof pattern, true) < 0)
        share_leak(share, "%s: QEMU failed", tenant->name);
}

const struct share_lane share_lane_qemu = {
    .name = "qemu",
    .open = lane_open,
    .copy = lane_copy,
    .access = lane_access,
    .own = lane_own,
    .close = lane_close,
    .silent_denial = true,
};
