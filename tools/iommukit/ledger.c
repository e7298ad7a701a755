/* SPDX-License-Identifier: MIT */
/*
 * ledger.c - who was refused what. While an attack runs, every fault event must be about it: the device, the
 * route, the page. Events that are not are counted apart.
 */
#include "share.h"

static bool about_attack(const struct share *share, const struct share_expected *expected,
                         const struct iommu_event *event)
{
    return event->rid == iommu_device_rid(expected->tenant->device->device) &&
           (event->address & ~(SHARE_PAGE - 1)) == (expected->iova & ~(SHARE_PAGE - 1)) &&
           (!share->lane->records_pasid || event->pasid == expected->pasid);
}

static void on_event(void *ctx, const struct iommu_event *event)
{
    struct share *share = ctx;
    const struct share_expected *expected = &share->expected;
    if (event->type == IOMMU_EVENT_FAULT && expected->tenant != NULL && about_attack(share, expected, event)) {
        expected->tenant->faults++;
        expected->tenant->reasons[event->reason / 64] |= UINT64_C(1) << event->reason % 64;
    } else {
        share->events_unexpected++;
    }
}

void share_ledger_open(struct share *share)
{
    iommu_set_event_handler(share->iommu, on_event, share);
}

void share_ledger_expect(struct share *share, struct share_tenant *tenant, uint32_t pasid, uint64_t iova)
{
    iommu_handle_events(share->iommu); /* what came before is not this attack's */
    share->expected = (struct share_expected){.tenant = tenant, .pasid = pasid, .iova = iova};
}

bool share_ledger_met(struct share *share)
{
    uint64_t before = share->expected.tenant->faults;
    iommu_handle_events(share->iommu);
    bool met = share->expected.tenant->faults > before;
    share->expected.tenant = NULL;
    return met;
}
