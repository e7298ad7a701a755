/* SPDX-License-Identifier: MIT */
/* main.c - all that a driver's own conformance program needs: an adapter, and this. Links no driver of ours. */
#include <stdio.h>

#include "iommukit/conformance/builtin.h"
#include "iommukit/conformance/conformance.h"

int main(int argc, char **argv)
{
    const char *driver = argc > 1 ? argv[1] : "sample";
    const struct iommu_conform_options options = {.adapter = iommu_conform_sample(driver),
                                                  .driver = driver,
                                                  .lie = argc > 2 ? argv[2] : NULL};
    struct iommu_conform_result result;
    if (iommu_conform_run(&options, &result) < 0)
        return 2;
    for (unsigned i = 0; i < result.failure_count; i++)
        printf("%s in %s: %s\n", result.failures[i].finding, result.failures[i].scenario,
               result.failures[i].observed);
    printf("%llu runs, %u findings\n", (unsigned long long)result.runs, result.findings);
    int status = result.failure_count != 0;
    iommu_conform_result_free(&result);
    return status;
}
