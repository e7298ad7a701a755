/* SPDX-License-Identifier: MIT */
/*
 * minimal.c - linked into the example kernel with --wrap=iommu_vtd_create: the library gets the four hooks that have no
 * default, and none besides. What the kernel has to do without: no flush of cache lines (QEMU's unit says that its
 * walks do not snoop; here a quirk says that they do, which under emulation is true), no configuration space, no
 * clock, no locks, no log.
 */
#include "iommukit/vtd.h"
#include "spec/vtd_regs.h"

int __real_iommu_vtd_create(const struct iommu_platform *platform, const struct iommu_vtd_config *config,
                            struct iommu **iommu);
int __wrap_iommu_vtd_create(const struct iommu_platform *platform, const struct iommu_vtd_config *config,
                            struct iommu **iommu);

int __wrap_iommu_vtd_create(const struct iommu_platform *platform, const struct iommu_vtd_config *config,
                            struct iommu **iommu)
{
    static struct iommu_platform four;
    const struct iommu_vtd_quirk coherent = {.ecap_set = VTD_ECAP_C};
    struct iommu_vtd_config changed = *config;

    four.alloc = platform->alloc;
    four.free = platform->free;
    four.page_alloc = platform->page_alloc;
    four.page_free = platform->page_free;
    changed.quirks = &coherent;
    changed.quirk_count = 1;
    return __real_iommu_vtd_create(&four, &changed, iommu);
}
