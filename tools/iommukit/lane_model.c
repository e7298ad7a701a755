/* SPDX-License-Identifier: MIT */
/*
 * lane_model.c - tenants of the modelled accelerator. The first tenants of a device own a dedicated queue, whose
 * register holds their PASID; the others submit to shared queues, where every submission carries it.
 */
#include <string.h>

#include "accelerator.h"
#include "lane.h"

#define SHARED_QUEUES 2u
#define COPY_MAX      (UINT64_C(1) << 21)
#define SCRATCH       2048u /* upper half of the record page: the tenant's own small buffer */

static struct iommu_model_machine *machine_of(const struct share *share)
{
    const struct model_hardware *hardware = share->hardware;
    return iommu_host_model_machine(hardware->host);
}

static struct iommu_model_dsa *accelerator_of(const struct share *share, const struct share_tenant *tenant)
{
    return iommu_model_machine_accelerator(machine_of(share), tenant->device->function);
}

static uint8_t *record_of(const struct share *share, const struct share_tenant *tenant)
{
    return iommu_posix_memory(share->memory, tenant->record_pa, SHARE_PAGE);
}

static const char *lane_open(struct share *share, struct share_tenant *tenant)
{
    struct iommu_model_dsa *dsa = accelerator_of(share, tenant);
    unsigned nth = tenant->device->tenants - 1;
    unsigned dedicated = accelerator_queues(dsa) - SHARED_QUEUES;

    if (nth == 0) {
        const char *problem = accelerator_enable(dsa);
        for (unsigned i = 0; i < SHARED_QUEUES && problem == NULL; i++)
            problem = accelerator_queue_enable(dsa, dedicated + i, false, 0);
        if (problem != NULL)
            return problem;
    }
    tenant->dedicated = nth < dedicated;
    tenant->queue = tenant->dedicated ? nth : dedicated + nth % SHARED_QUEUES;
    return tenant->dedicated ? accelerator_queue_enable(dsa, tenant->queue, true, tenant->pasid) : NULL;
}

static bool work(struct share *share, struct share_tenant *tenant, enum accelerator_opcode opcode, uint64_t source,
                 uint64_t destination, uint64_t bytes)
{
    const struct accelerator_work item = {.opcode = opcode,
                                          .source = source,
                                          .destination = destination,
                                          .bytes = (uint32_t)bytes,
                                          .claimed_pasid = tenant->device->stray_pasid};
    return accelerator_do(accelerator_of(share, tenant), tenant->queue, tenant->pasid, SHARE_IOVA_RECORD,
                          record_of(share, tenant), &item);
}

/* Move, then let the device itself compare. */
static bool lane_copy(struct share *share, struct share_tenant *tenant, uint64_t from, uint64_t to, size_t bytes)
{
    for (uint64_t done = 0; done < bytes; done += COPY_MAX) {
        uint64_t piece = bytes - done < COPY_MAX ? bytes - done : COPY_MAX;
        if (!work(share, tenant, ACCELERATOR_MOVE, from + done, to + done, piece) ||
            !work(share, tenant, ACCELERATOR_COMPARE, from + done, to + done, piece))
            return false;
    }
    return true;
}

/* Any PASID at all, or none: what a device with broken or malicious firmware could emit. */
static bool lane_access(struct share *share, struct share_tenant *tenant, uint32_t pasid, uint64_t iova, void *data,
                        size_t bytes, bool write)
{
    const struct iommu_model_dma access = {.has_pasid = pasid != IOMMU_NO_PASID,
                                           .pasid = pasid == IOMMU_NO_PASID ? 0 : pasid,
                                           .address = iova,
                                           .write = write,
                                           .data = data,
                                           .bytes = bytes};
    struct iommu_model_dma_result result;
    iommu_model_machine_dma(machine_of(share), tenant->device->function, &access, &result, NULL);
    return result.ok;
}

/* Through the tenant's queue: a move between the address and its own scratch buffer. */
static bool lane_own(struct share *share, struct share_tenant *tenant, uint64_t iova, void *data, size_t bytes,
                     bool write)
{
    const uint64_t scratch_iova = SHARE_IOVA_RECORD + SCRATCH;
    uint8_t *scratch = record_of(share, tenant) + SCRATCH;
    memcpy(scratch, data, bytes);
    bool ok = write ? work(share, tenant, ACCELERATOR_MOVE, scratch_iova, iova, bytes)
                    : work(share, tenant, ACCELERATOR_MOVE, iova, scratch_iova, bytes);
    memcpy(data, scratch, bytes);
    return ok;
}

/* Quiet the queue before its route goes away, as the owner of a shared device must. */
static void lane_close(struct share *share, struct share_tenant *tenant)
{
    struct iommu_model_dsa *dsa = accelerator_of(share, tenant);
    const char *problem = tenant->dedicated ? accelerator_queue_disable(dsa, tenant->queue)
                                            : accelerator_drain_pasid(dsa, tenant->pasid);
    if (problem != NULL)
        share_leak(share, "%s: %s", tenant->name, problem);
}

const struct share_lane share_lane_model = {
    .name = "model",
    .open = lane_open,
    .copy = lane_copy,
    .access = lane_access,
    .own = lane_own,
    .close = lane_close,
    .records_pasid = true,
    .told = true,
};
