/* SPDX-License-Identifier: MIT */
/* Of iommu_model_dsa(3): give a shared queue one descriptor of a tenant and let it run. */
#include <iommukit/model/dsa.h>

bool submit(struct iommu_model_dsa *accelerator, uint32_t pasid, const unsigned char descriptor[64])
{
    if (iommu_model_dsa_submit(accelerator, 0, pasid, false, descriptor) != IOMMU_MODEL_DSA_ACCEPTED)
        return false; /* RETRY: the queue is full */
    return iommu_model_dsa_run(accelerator, 1) == 1;
}
