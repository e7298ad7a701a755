/* SPDX-License-Identifier: MIT */
/* Of iommu_model_state(3): move a unit to another process. */
#include <iommukit/model/state.h>

/* The bytes to send, at most `room` of them; 0: not now. */
size_t snapshot(struct iommu_model_vtd *unit, void *buffer, size_t room)
{
    size_t bytes;

    return iommu_model_vtd_save(unit, buffer, room, &bytes) ? 0 : bytes;
}

bool resume(struct iommu_model_vtd *unit, const void *bytes, size_t length, const char **why)
{
    return iommu_model_vtd_restore(unit, bytes, length, why) == 0;
}
