/* SPDX-License-Identifier: MIT */
/* Of iommu_conform_sample(3): the bugs that the sample driver can have. */
#include <iommukit/conformance/builtin.h>
#include <stdio.h>

void list_bugs(void)
{
    for (unsigned index = 0; iommu_conform_sample_bug(index); index++)
        printf("%-20s %s\n", iommu_conform_sample_bug(index), iommu_conform_sample_bug_about(index));
}
