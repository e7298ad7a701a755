/* SPDX-License-Identifier: MIT */
/* suppressed.c - the rate limiter's notice: "FUNCTION: N callbacks suppressed", of the functions that print faults. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "inspect/faults/draft.h"

/* A part of the function's name; the first match counts. */
static const struct {
    const char *name;
    enum inspect_fault_vendor vendor;
} functions[] = {
    {"dmar_fault", INSPECT_FAULT_INTEL_VTD},
    {"prq_event", INSPECT_FAULT_INTEL_VTD},
    {"amd_iommu", INSPECT_FAULT_AMD_VI},
    {"iommu_print_event", INSPECT_FAULT_AMD_VI},
    {"iommu_poll_", INSPECT_FAULT_AMD_VI},
    {"arm_smmu_evt", INSPECT_FAULT_SMMUV3},
    {"arm_smmu_handle_ev", INSPECT_FAULT_SMMUV3},
    {"arm_smmu_dump_", INSPECT_FAULT_SMMUV3},
    {"arm_smmu_decode_event", INSPECT_FAULT_SMMUV3},
    {"arm_smmu_print_event", INSPECT_FAULT_SMMUV3},
    {"arm_smmu_cmdq", INSPECT_FAULT_SMMUV3},
    {"arm_smmu_priq", INSPECT_FAULT_SMMUV3},
    {"arm_smmu_gerror", INSPECT_FAULT_SMMUV3},
    {"arm_smmu", INSPECT_FAULT_SMMUV2},
    {"qcom_smmu", INSPECT_FAULT_SMMUV2},
    {"qcom_iommu", INSPECT_FAULT_SMMUV2},
    {"nvidia_smmu", INSPECT_FAULT_SMMUV2},
    {"viommu_fault", INSPECT_FAULT_VIRTIO},
    {"mtk_iommu", INSPECT_FAULT_MEDIATEK},
    {"rk_iommu", INSPECT_FAULT_ROCKCHIP},
    {"riscv_iommu", INSPECT_FAULT_RISCV},
    {"apple_dart", INSPECT_FAULT_APPLE_DART},
};

bool fault_parse_suppressed(const char *text, struct fault_draft *draft)
{
    const char *end = strstr(text, " callbacks suppressed"), *at = end;
    uint64_t count;

    if (end == NULL)
        return false;
    while (at > text && isdigit((unsigned char)at[-1]))
        at--;
    if (!fault_number(&at, &count))
        return false;
    for (unsigned i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        const char *name = strstr(text, functions[i].name);
        if (name == NULL || name > end)
            continue;
        fault_plain(
            draft, functions[i].vendor, INSPECT_FAULT_SUPPRESSED, NULL,
            "Faults come in floods: the first ones in the log are the interesting ones; the device goes on after each, "
            "so stop or unbind its driver.");
        fault_meaning(draft, "rate limiter: %" PRIu64 " fault messages were not printed", count);
        return true;
    }
    return false;
}
