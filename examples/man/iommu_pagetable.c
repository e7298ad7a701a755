/* SPDX-License-Identifier: MIT */
/* Of iommu_pagetable(3): a three-level table of a format of one's own. */
#include <iommukit/pagetable.h>

static const struct iommu_pt_format format = {
    .name = "example", .stage = IOMMU_STAGE_SECOND,
    .present = 3, .table = 3, .large = 1 << 7, .read = 1, .write = 2,
    .address = 0x000ffffffffff000, .flushed = (uint64_t)1 << 52, .write_only = true,
};

int make_table(struct iommu_pt *table, const struct iommu_platform *platform)
{
    struct iommu_pt_config config = {
        .format = &format, .levels = 3, .iova_bits = 39, .pa_bits = 46, .coherent = true, .page_sizes = 1 << 12};

    return iommu_pt_init(table, platform, &config);
}
