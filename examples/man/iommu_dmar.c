/* SPDX-License-Identifier: MIT */
/* Of iommu_dmar(3): units and what they serve. */
#include <iommukit/dmar.h>
#include <inttypes.h>
#include <stdio.h>

static void warn(void *ctx, enum iommu_dmar_warning warning, size_t offset)
{
    (void)ctx;
    fprintf(stderr, "DMAR+%#zx: %s\n", offset, iommu_dmar_warning_text(warning));
}

int list(const void *table, size_t bytes)
{
    struct iommu_dmar dmar;
    struct iommu_dmar_record record = {0};
    int result = iommu_dmar_open(table, bytes, &dmar, warn, NULL);

    if (result)
        return result;
    while (iommu_dmar_next(&dmar, &record)) {
        struct iommu_dmar_scope scope = {0};

        printf("%s %#" PRIx64 "\n", iommu_dmar_type_name(record.type), record.base);
        while (iommu_dmar_next_scope(&dmar, &record, &scope))
            printf("  bus %02x device %02x.%x\n", scope.start_bus, scope.path[0], scope.path[1]);
    }
    return 0;
}
