/* SPDX-License-Identifier: MIT */
/*
 * core/event.c - from a driver's fault record to the handlers.
 *
 * Whose route it was is looked up under iommu.lock; the handlers are called without it, so that they may map,
 * unmap and look up. Called by drivers from handle_events, which nobody holds a lock for either.
 */
#include "core/attachment.h"
#include "core/device.h"
#include "core/host.h"

struct handler {
    iommu_event_fn fn;
    void *ctx;
};

static void call(const struct handler *handler, const struct iommu_event *event)
{
    if (handler->fn)
        handler->fn(handler->ctx, event);
}

void iommu_report_event(struct iommu *iommu, struct iommu_event *event)
{
    struct handler all, one = {NULL, NULL};

    event->device = NULL;
    event->attachment = NULL;
    host_lock(iommu->platform, &iommu->lock);
    if (event->type == IOMMU_EVENT_FAULT)
        event->device = device_lookup(iommu, event->segment, event->rid);
    if (event->device)
        event->attachment = route_owner(event->device, event->pasid);
    if (event->attachment) {
        one.fn = event->attachment->domain->event_fn;
        one.ctx = event->attachment->domain->event_ctx;
    }
    all.fn = iommu->event_fn;
    all.ctx = iommu->event_ctx;
    host_unlock(iommu->platform, &iommu->lock);

    call(&all, event);
    call(&one, event);
}

void iommu_set_event_handler(struct iommu *iommu, iommu_event_fn fn, void *ctx)
{
    if (!iommu)
        return;
    host_lock(iommu->platform, &iommu->lock);
    iommu->event_fn = fn;
    iommu->event_ctx = ctx;
    host_unlock(iommu->platform, &iommu->lock);
}

void iommu_domain_set_event_handler(struct iommu_domain *domain, iommu_event_fn fn, void *ctx)
{
    if (!domain)
        return;
    host_lock(domain->iommu->platform, &domain->iommu->lock);
    domain->event_fn = fn;
    domain->event_ctx = ctx;
    host_unlock(domain->iommu->platform, &domain->iommu->lock);
}

int iommu_handle_events(struct iommu *iommu)
{
    if (!iommu)
        return -IOMMU_EINVAL;
    return iommu->ops->handle_events ? iommu->ops->handle_events(iommu) : 0;
}
