/* SPDX-License-Identifier: MIT */
/* Of iommu_event(3): print what was blocked. */
#include <iommukit/iommu.h>
#include <inttypes.h>
#include <stdio.h>

static void report(void *ctx, const struct iommu_event *event)
{
    (void)ctx;
    if (event->type == IOMMU_EVENT_FAULT)
        printf("%02x:%02x.%x %s %#" PRIx64 ": %s\n", event->rid >> 8, event->rid >> 3 & 31, event->rid & 7,
               event->write ? "write" : "read", event->address, event->reason_name);
}

void watch(struct iommu *iommu)
{
    iommu_set_event_handler(iommu, report, NULL);
}

/* The fault interrupt, or a timer. */
void fault_interrupt(struct iommu *iommu)
{
    iommu_handle_events(iommu);
}
