/* SPDX-License-Identifier: MIT */
/* fault_cases_amd.c - lines about AMD units, by Linux and Xen. */
#include "fault_cases.h"

#define A   "amd-vi"
#define X   "xen-amd"
#define DMA "dma-fault"
#define U   "unknown"

const struct fault_case fault_cases_amd[] = {
    {"AMD IOMMU: Event logged [IO_PAGE_FAULT device=05:1f.7 domain=0x001b address=0x0000000000001040 flags=0x0020]", A,
     DMA, "05:1f.7", "write", "0x1040", -1, "IO_PAGE_FAULT", "not present"},
    {"Mar 03 07:11:12 host kernel: AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:05:00.0 domain=0x001b "
     "address=0xdeadb000 flags=0x0000]",
     A, DMA, "0000:05:00.0", "read", "0xdeadb000", -1, "IO_PAGE_FAULT", NULL},
    {"[ 1.5] snd_hda_intel 0000:0c:00.3: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0010 address=0x7fff000 "
     "flags=0x0050]",
     A, DMA, "0000:0c:00.3", "read", "0x7fff000", -1, "IO_PAGE_FAULT", "without the right"},
    {"xhci_hcd 0000:02:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0010 address=0x7fff000 flags=0x0090]", A, DMA,
     "0000:02:00.0", "read", "0x7fff000", -1, "IO_PAGE_FAULT", "reserved bits"},
    {"pci 0000:02:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0xfffffffdf8000000 flags=0x0048]", A,
     "interrupt-remap-fault", "0000:02:00.0", U, "0xfffffffdf8000000", -1, "IO_PAGE_FAULT", "forbids"},
    {"amdgpu 0000:07:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0001 pasid=0x00012 address=0x1000 "
     "flags=0x0121]",
     A, DMA, "0000:07:00.0", "write", "0x1000", 0x12, "IO_PAGE_FAULT", "translation request"},
    {"iommu ivhd2: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=81:00.0 pasid=0x00000 address=0x1000 "
     "flags=0x00a0]",
     A, "config-fault", "81:00.0", "write", "0x1000", 0, "ILLEGAL_DEV_TABLE_ENTRY", NULL},
    {"iommu ivhd2: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=81:00.0 pasid=0x00000 address=0x1000 "
     "flags=0x00a0]\n"
     "AMD-Vi: DTE[0]: 6000000000000003\nAMD-Vi: DTE[1]: 0000000000000001\nAMD-Vi: DTE[2]: 0000000000000000\n"
     "AMD-Vi: DTE[3]: 0000000000000000",
     A, "config-fault", "81:00.0", "write", "0x1000", 0, "ILLEGAL_DEV_TABLE_ENTRY", NULL},
    {"AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=81:00.0 address=0xfee00000 flags=0x0008]", A, "config-fault",
     "81:00.0", U, "0xfee00000", -1, "ILLEGAL_DEV_TABLE_ENTRY", "interrupt"},
    {"AMD-Vi: Event logged [DEV_TAB_HARDWARE_ERROR device=00:02.0 address=0x123000 flags=0x0000]", A, "hardware-error",
     "00:02.0", "read", "0x123000", -1, "DEV_TAB_HARDWARE_ERROR", NULL},
    {"AMD-Vi: Event logged [PAGE_TAB_HARDWARE_ERROR device=00:02.0 domain=0x0002 address=0x123000 flags=0x0020]", A,
     "hardware-error", "00:02.0", "write", "0x123000", -1, "PAGE_TAB_HARDWARE_ERROR", NULL},
    {"AMD-Vi: Event logged [PAGE_TAB_HARDWARE_ERROR device=0001:00:02.0 pasid=0x0003 address=0x123000 flags=0x0020]", A,
     "hardware-error", "0001:00:02.0", "write", "0x123000", 3, "PAGE_TAB_HARDWARE_ERROR", NULL},
    {"pci 0000:00:00.2: AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x100200]\nAMD-Vi: CMD[0]: 00000000\n"
     "AMD-Vi: CMD[1]: 30000000\nAMD-Vi: CMD[2]: 00000000\nAMD-Vi: CMD[3]: 00000000",
     A, "command-error", NULL, U, "0x100200", -1, "ILLEGAL_COMMAND_ERROR", NULL},
    {"pci 0000:00:00.2: AMD-Vi: Event logged [COMMAND_HARDWARE_ERROR address=0x100200 flags=0x0020]", A,
     "command-error", NULL, U, "0x100200", -1, "COMMAND_HARDWARE_ERROR", NULL},
    {"AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=0a:00.0 address=0x0000000010c5d0]", A, "invalidation-timeout",
     "0a:00.0", U, "0x10c5d0", -1, "IOTLB_INV_TIMEOUT", NULL},
    {"AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0a:00.0 pasid=0x00000 address=0xfee00000 flags=0x0600]", A,
     "invalid-request", "0a:00.0", "write", "0xfee00000", 0, "INVALID_DEVICE_REQUEST", "type 3"},
    {"AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0a:00.0 pasid=0x00000 address=0xfee00000 flags=0x0100]", A,
     "invalid-request", "0a:00.0", U, "0xfee00000", 0, "INVALID_DEVICE_REQUEST", "ATS"},
    {"iommu ivhd0: AMD-Vi: Event logged [INVALID_PPR_REQUEST device=0a:00.0 pasid=0x00007 address=0x5000 flags=0x0000 "
     "tag=0x001]",
     A, "invalid-request", "0a:00.0", U, "0x5000", 7, "INVALID_PPR_REQUEST", NULL},
    {"nvme 0000:41:00.0: AMD-Vi: Event logged [RMP_PAGE_FAULT vmg_tag=0x0001, gpa=0x200000, flags_rmp=0x0001, "
     "flags=0x0020]",
     A, DMA, "0000:41:00.0", "write", "0x200000", -1, "RMP_PAGE_FAULT", "SEV-SNP"},
    {"AMD-Vi: Event logged [RMP_HW_ERROR device=41:00.0, vmg_tag=0x0001, spa=0x300000, flags=0x0000]", A,
     "hardware-error", "41:00.0", "read", "0x300000", -1, "RMP_HW_ERROR", NULL},
    {"AMD-Vi: Event logged [\n[ 9.0] IO_PAGE_FAULT device=03:00.1 domain=0x0004 address=0x00000000abcd0000 "
     "flags=0x0030]",
     A, DMA, "03:00.1", "write", "0xabcd0000", -1, "IO_PAGE_FAULT", NULL},
    {"AMD-Vi: Event logged [UNKNOWN event[0]=0x00000a00 event[1]=0x20200005 event[2]=0x00001000 event[3]=0x00000001", A,
     DMA, "0a:00.0", "write", "0x100001000", -1, "IO_PAGE_FAULT", NULL},
    {"thunderbolt 0000:c7:00.6: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x003f\n      address=0xffbb8000 "
     "flags=0x0020]",
     A, DMA, "0000:c7:00.6", "write", "0xffbb8000", -1, "IO_PAGE_FAULT", "not present"},
    {"atlantic 0000:0c:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=3D0x0014 address=3D0xffce8000 flags=3D0x0028]",
     A, "interrupt-remap-fault", "0000:0c:00.0", U, "0xffce8000", -1, "IO_PAGE_FAULT", NULL},
    {"iommu ivhd3: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:43:00.0 pasid=0x00000 address=0x37b01000 "
     "flags=0x0020]\niommu ivhd3: AMD-Vi: Control Reg : 0xc22000142148d\nAMD-Vi: DTE[0]: 6000000000000003",
     A, "config-fault", "0000:43:00.0", "write", "0x37b01000", 0, "ILLEGAL_DEV_TABLE_ENTRY", NULL},
    {"domain=0x0015 address=0xfae4d544 flags=0x0000]", A, "detail", NULL, U, "0xfae4d544", -1, NULL, NULL},
    {"AMD-Vi: DTE[2]: 2000000100a6a68b", A, "table-dump", NULL, U, NULL, -1, NULL, "interrupt map valid"},
    {"AMD-Vi: CMD[1]: 30000000", A, "queue-dump", NULL, U, NULL, -1, NULL, "command 3"},
    {"AMD-Vi: Command buffer timeout", A, "command-timeout", NULL, U, NULL, -1, "COMMAND_BUFFER", NULL},
    {"AMD-Vi: IOMMU event log overflow", A, "event-log-overflow", NULL, U, NULL, -1, NULL, NULL},
    {"AMD-Vi: IOMMU PPR log restarting", A, "event-log-overflow", NULL, U, NULL, -1, NULL, NULL},
    {"amd_iommu_report_rmp_fault: 3 callbacks suppressed", A, "suppressed", NULL, U, NULL, -1, NULL, "3 fault"},

    {"(XEN) AMD-Vi: IO_PAGE_FAULT: domain = 3, device id = 0x0528, fault address = 0x12345000, flags = 0x030", X, DMA,
     "05:05.0", "write", "0x12345000", -1, "IO_PAGE_FAULT", NULL},
    {"(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:0b:00.0 d7 addr fffffffdf8000000 flags 0x8 I", X, "interrupt-remap-fault",
     "0000:0b:00.0", U, "0xfffffffdf8000000", -1, "IO_PAGE_FAULT", NULL},
    {"AMD-Vi: IO_PAGE_FAULT: 0000:0b:00.1 d0 addr 0000000000013370 flags 0x30 PR RW", X, DMA, "0000:0b:00.1", "write",
     "0x13370", -1, "IO_PAGE_FAULT", "without the right"},
    {"(XEN) AMD-Vi: INVALID_DEV_REQUEST 00000800 8a000000 f8000840 000000fd", X, "invalid-request", "08:00.0", "write",
     "0xfdf8000840", 0, "INVALID_DEV_REQUEST", "interrupt"},
    {"(XEN) AMD-Vi: ILLEGAL_DEV_TABLE_ENTRY 00000012 10000000 00001000 00000000", X, "config-fault", "00:02.2", "read",
     "0x1000", -1, "ILLEGAL_DEV_TABLE_ENTRY", NULL},
};
const unsigned fault_cases_amd_count = sizeof fault_cases_amd / sizeof fault_cases_amd[0];
