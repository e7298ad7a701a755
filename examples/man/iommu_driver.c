/* SPDX-License-Identifier: MIT */
/* Of iommu_driver(3): a driver reports a fault. */
#include <iommukit/driver.h>

void report_fault(struct iommu *iommu, uint16_t rid, uint64_t page)
{
    struct iommu_event event = {
        .type = IOMMU_EVENT_FAULT, .rid = rid, .pasid = IOMMU_NO_PASID, .address = page, .reason_name = "blocked"};

    iommu_report_event(iommu, &event); /* the core fills device and attachment in, and calls the handlers */
}
