/* SPDX-License-Identifier: MIT */
/* fault_cases_others.c - lines about units that have a line or two each, by Jailhouse and by QEMU. */
#include "fault_cases.h"

#define DMA "dma-fault"
#define U   "unknown"

const struct fault_case fault_cases_others[] = {
    {"VT-d fault event occurred:\n Source Identifier (bus:dev.func): 00:1f.2\n Fault Reason: 0x5 Fault Info: abcde "
     "Type 0",
     "jailhouse-vtd", DMA, "00:1f.2", "write", "0xabcde000", -1, "0x05", NULL},
    {" Fault Reason: 0x22 Fault Info: 3000000000 Type 0", "jailhouse-vtd", "interrupt-remap-fault", NULL, U, NULL, -1,
     "0x22", "entry 3"},
    {"AMD IOMMU 0 reported event\n DeviceId (bus:dev.func): 02:00.0\n EventCode: 2 Operand 1: 20000500000200, Operand "
     "2: "
     "abc000",
     "jailhouse-amd", DMA, "02:00.0", "write", "0xabc000", -1, "IO_PAGE_FAULT", NULL},
    {"apple-dart 38200c000.iommu: translation fault: status:0x80000004 stream:3 code:0x4 (NO PTE FOR IOVA) at 0x1000",
     "apple-dart", DMA, "stream:3", U, "0x1000", -1, "0x4", "NO PTE"},
    {"exynos-sysmmu 11a40000.sysmmu: 11c00000.fimd: PAGE FAULT occurred at 0x2000", "exynos-sysmmu", DMA,
     "11c00000.fimd", U, "0x2000", -1, NULL, NULL},
    {"exynos-sysmmu 11a40000.sysmmu: 11c00000.fimd: [WRITE] ACCESS PROTECTION FAULT occurred at 0x2000",
     "exynos-sysmmu", DMA, "11c00000.fimd", "write", "0x2000", -1, NULL, NULL},
    {"mtk-iommu 10205000.iommu: fault type=0x280 iova=0x1fbcff0d0 pa=0x0 master=0x50b0408(larb=4 port=2) layer=0 write",
     "mediatek-iommu", DMA, "larb4:port2", "write", "0x1fbcff0d0", -1, "0x280", NULL},
    {"qemu-system-x86_64: vtd_iova_to_fspte: detected fspte permission error (iova=0x1000, level=0x1, fspte=0x0, "
     "write=1, "
     "pasid=0x3)",
     "qemu-vtd", DMA, NULL, "write", "0x1000", 3, NULL, NULL},
    {"qemu-system-x86_64: vtd_irte_get: detected non-present IRTE (index=7, high=0x0, low=0x0)", "qemu-vtd",
     "interrupt-remap-fault", NULL, U, NULL, -1, NULL, "entry 7 is not present"},
    {"qemu-system-x86_64: vtd_irte_get: invalid IRTE SID (index=16, sid=264, source_id=256)", "qemu-vtd",
     "interrupt-remap-fault", "01:01.0", U, NULL, -1, NULL, "entry 16 is not for this requester"},
    {"riscv-iommu 10010000.iommu: Fault 13 devid: 0x108 iotval: 1000 iotval2: 0", "riscv-iommu", DMA, "01:01.0", "read",
     "0x1000", -1, "13", NULL},
    {"riscv-iommu 10010000.iommu: Fault 258 devid: 0x108 iotval: 0 iotval2: 0", "riscv-iommu", "config-fault",
     "01:01.0", U, NULL, -1, "258", NULL},
    {"rk_iommu ff914000.iommu: Page fault at 0x00000000deadb000 of type write", "rockchip-iommu", DMA, NULL, "write",
     "0xdeadb000", -1, NULL, NULL},
    {"tegra-mc 70019000.memory-controller: display0a: read @0xc0000000: EMEM address decode error (SMMU translation "
     "error "
     "[R--])",
     "tegra-smmu", DMA, "display0a", "read", "0xc0000000", -1, "smmu-translation-error", NULL},
    {"virtio_iommu virtio1: page fault from EP 8 at 0x1000 [W]", "virtio-iommu", DMA, "ep:8", "write", "0x1000", -1,
     "page", NULL},
    {"virtio_iommu virtio1: domain fault from EP 8", "virtio-iommu", DMA, "ep:8", U, NULL, -1, "domain", NULL},
};
const unsigned fault_cases_others_count = sizeof fault_cases_others / sizeof fault_cases_others[0];
