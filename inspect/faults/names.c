/* SPDX-License-Identifier: MIT */
/* names.c - the names of vendors, kinds and accesses, as they are printed. */
#include "inspect/faults/faults.h"

static const char *const vendors[INSPECT_FAULT_VENDOR_COUNT] = {
    [INSPECT_FAULT_INTEL_VTD] = "intel-vtd",
    [INSPECT_FAULT_AMD_VI] = "amd-vi",
    [INSPECT_FAULT_SMMUV3] = "arm-smmuv3",
    [INSPECT_FAULT_SMMUV2] = "arm-smmuv2",
    [INSPECT_FAULT_XEN_VTD] = "xen-vtd",
    [INSPECT_FAULT_XEN_AMD] = "xen-amd",
    [INSPECT_FAULT_XEN_SMMUV2] = "xen-smmuv2",
    [INSPECT_FAULT_XEN_SMMUV3] = "xen-smmuv3",
    [INSPECT_FAULT_JAILHOUSE_VTD] = "jailhouse-vtd",
    [INSPECT_FAULT_JAILHOUSE_AMD] = "jailhouse-amd",
    [INSPECT_FAULT_FREEBSD_VTD] = "freebsd-vtd",
    [INSPECT_FAULT_QEMU_VTD] = "qemu-vtd",
    [INSPECT_FAULT_APPLE_DART] = "apple-dart",
    [INSPECT_FAULT_EXYNOS] = "exynos-sysmmu",
    [INSPECT_FAULT_MEDIATEK] = "mediatek-iommu",
    [INSPECT_FAULT_RISCV] = "riscv-iommu",
    [INSPECT_FAULT_ROCKCHIP] = "rockchip-iommu",
    [INSPECT_FAULT_TEGRA] = "tegra-smmu",
    [INSPECT_FAULT_VIRTIO] = "virtio-iommu",
};

static const char *const kinds[INSPECT_FAULT_KIND_COUNT] = {
    [INSPECT_FAULT_UNKNOWN] = "unknown",
    [INSPECT_FAULT_DMA] = "dma-fault",
    [INSPECT_FAULT_INTERRUPT] = "interrupt-remap-fault",
    [INSPECT_FAULT_CONFIG] = "config-fault",
    [INSPECT_FAULT_INVALID_REQUEST] = "invalid-request",
    [INSPECT_FAULT_PAGE_REQUEST] = "page-request",
    [INSPECT_FAULT_HARDWARE] = "hardware-error",
    [INSPECT_FAULT_COMMAND] = "command-error",
    [INSPECT_FAULT_COMMAND_TIMEOUT] = "command-timeout",
    [INSPECT_FAULT_INVALIDATION_TIMEOUT] = "invalidation-timeout",
    [INSPECT_FAULT_INVALIDATION_COMPLETION] = "invalidation-completion-error",
    [INSPECT_FAULT_INVALIDATION_QUEUE] = "invalidation-queue-error",
    [INSPECT_FAULT_STATUS] = "fault-status",
    [INSPECT_FAULT_QUEUE_DUMP] = "queue-dump",
    [INSPECT_FAULT_TABLE_DUMP] = "table-dump",
    [INSPECT_FAULT_OVERFLOW] = "event-log-overflow",
    [INSPECT_FAULT_GLOBAL_FAULT] = "global-fault",
    [INSPECT_FAULT_GLOBAL_ERROR] = "global-error",
    [INSPECT_FAULT_SUPPRESSED] = "suppressed",
    [INSPECT_FAULT_DETAIL] = "detail",
};

const char *inspect_fault_vendor_name(enum inspect_fault_vendor vendor)
{
    return vendor < INSPECT_FAULT_VENDOR_COUNT ? vendors[vendor] : NULL;
}

const char *inspect_fault_kind_name(enum inspect_fault_kind kind)
{
    return kind < INSPECT_FAULT_KIND_COUNT ? kinds[kind] : "unknown";
}

const char *inspect_fault_access_name(enum inspect_fault_access access)
{
    static const char *const names[] = {"unknown", "read", "write", "execute"};
    return access <= INSPECT_ACCESS_EXECUTE ? names[access] : "unknown";
}
