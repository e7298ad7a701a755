/* SPDX-License-Identifier: MIT */
/* fault_cases_arm.c - lines about Arm SMMUs, by Linux, Android kernels and Xen. */
#include "fault_cases.h"

#define S3  "arm-smmuv3"
#define S2  "arm-smmuv2"
#define DMA "dma-fault"
#define U   "unknown"
#define P3  "[ 1.0] arm-smmu-v3 2b400000.iommu: "
#define P2  "arm-smmu 9050000.smmu: "

const struct fault_case fault_cases_arm[] = {
    /* event 10h with SSV, SSID 5, SID 208h; read, stage 1, input; unprivileged */
    {P3 "event 0x10 received:\n" P3 "\t0x0000020800005810\n" P3 "\t0x0000020800000000\n" P3 "\t0x0000aaaab0000000\n" P3
        "\t0x0000000000000000",
     S3, DMA, "sid:0x208", "read", "0xaaaab0000000", 5, "0x10", "stage 1"},
    {P3 "event 0x13 received:\n" P3 "\t0x0000020800000013\n" P3 "\t0x0000028600000000\n" P3 "\t0x0000000000001000\n" P3
        "\t0x0000000000002000",
     S3, DMA, "sid:0x208", "write", "0x1000", -1, "0x13", "intermediate address 0x2000"},
    {P3 "event 0x10 received:\n" P3 "\t0x0000020800000010\n" P3 "\t0x0000020c00000000\n" P3 "\t0x0000000000001000\n" P3
        "\t0x0000000000000000\n" P3
        "event: F_TRANSLATION client: 0000:02:01.0 sid: 0x208 ssid: 0x0 iova: 0x1000 ipa: 0x0\n" P3
        "unpriv inst read s1 \"Input address caused fault\" stag: 0x0",
     S3, DMA, "0000:02:01.0", "execute", "0x1000", -1, "0x10", NULL},
    {P3 "event 0x02 received:\n" P3 "\t0x0000020800000002\n" P3 "\t0x0000000000000000\n" P3 "\t0x0000000000000000\n" P3
        "\t0x0000000000000000",
     S3, "config-fault", "sid:0x208", U, NULL, -1, "0x02", "C_BAD_STREAMID"},
    {P3 "event 0x04 received:", S3, "config-fault", NULL, U, NULL, -1, "0x04", "C_BAD_STE"},
    {P3 "event: F_PERMISSION client: (unassigned sid) sid: 0x33 ssid: 0x7 iova: 0xfff0 ipa: 0x0arm-smmu-v3 "
        "2b400000.iommu: "
        "priv data write s1 \"Input address caused fault\" stall stag: 0x3",
     S3, DMA, "sid:0x33", "write", "0xfff0", 7, "0x13", NULL},
    {P3 "event: F_CD_FETCH client: a600000.usb sid: 0x33 ssid: 0x0 fetch_addr: 0x88000arm-smmu-v3 x", S3,
     "config-fault", "a600000.usb", U, "0x88000", -1, "0x09", NULL},
    {P3 "event: C_BAD_STE client: 0000:02:01.0 sid: 0x208 ssid: 0x0", S3, "config-fault", "0000:02:01.0", U, NULL, -1,
     "0x04", NULL},
    {P3 "unpriv data write s2 \"Input address caused fault\" stag: 0x0", S3, DMA, NULL, "write", NULL, -1, NULL, NULL},
    {P3 "CMDQ error (cons 0x03000017): ATC invalidate timeout", S3, "command-error", NULL, U, NULL, -1, "0x3",
     "index 0x17"},
    {P3 "CMDQ error (cons 0x01000002): Illegal command\n" P3 "skipping command in error state:\n" P3
        "\t0x0000000000000046\n" P3 "\t0x0000000000000000",
     S3, "command-error", NULL, U, NULL, -1, "0x1", "illegal"},
    {P3 "CMD_SYNC timeout at 0x00000146 [hwprod 0x00000146, hwcons 0x00000145]", S3, "command-timeout", NULL, U, NULL,
     -1, NULL, NULL},
    {P3 "EVTQ overflow detected -- events lost", S3, "event-log-overflow", NULL, U, NULL, -1, NULL, NULL},
    {P3 "PRIQ overflow detected -- requests lost", S3, "event-log-overflow", NULL, U, NULL, -1, NULL, NULL},
    {P3 "unexpected global error reported (0x00000104), this could be serious", S3, "global-error", NULL, U, NULL, -1,
     "0x00000104", "service failure"},
    {P3 "device has entered Service Failure Mode!", S3, "global-error", NULL, U, NULL, -1, NULL, NULL},
    {P3 "EVTQ write aborted -- events may have been lost", S3, "global-error", NULL, U, NULL, -1, NULL, NULL},
    {P3 "unexpected PRI request received:\n" P3 "\tsid 0x00000208.0x00009: [3L] unprivileged RW access at iova "
        "0x0000ffff80001000",
     S3, "page-request", "sid:0x208", "write", "0xffff80001000", 9, NULL, NULL},
    {P3 "unexpected PRI request received:\n" P3 "\tsid 0x00000208.0x00000: [3] privileged R access at iova "
        "0x0000ffff80001000",
     S3, "page-request", "sid:0x208", "read", "0xffff80001000", -1, NULL, NULL},
    {P3 "\t0x0000020800000010", S3, "detail", NULL, U, NULL, -1, NULL, NULL},
    {"arm_smmu_evtq_thread: 8 callbacks suppressed", S3, "suppressed", NULL, U, NULL, -1, NULL, "8 fault"},
    {"(XEN) SMMUv3: /smmuv3@9050000: event 0x11 received:", "xen-smmuv3", DMA, NULL, U, NULL, -1, "0x11", NULL},

    {P2 "Unhandled context fault: fsr=0x402, iova=0x00001000, fsynr=0x30011, cbfrsynra=0x51, cb=3", S2, DMA, "sid:0x51",
     "write", "0x1000", -1, "0x402", "no mapping"},
    {P2 "Unhandled context fault: iova=0xab000, fsynr=0x31, cb=2", S2, DMA, NULL, "write", "0xab000", -1, NULL,
     "privileged"},
    {P2 "Unhandled context fault: fsr=0x40000408, iova=0xff000, fsynr=0x2, cb=2", S2, DMA, NULL, "read", "0xff000", -1,
     "0x40000408", "permission fault, the transaction is stalled"},
    {P2 "Unexpected context fault (fsr 0x80000010)", S2, DMA, NULL, U, NULL, -1, "0x80000010", "external fault"},
    {P2 "Unhandled context fault: fsr=0x402, iova=0x5000, fsynr=0x10, cbfrsynra=0x51, cb=3\n" P2
        "FSR    = 00000402 [Format=2 TF], SID=0x51\n" P2 "FSYNR0 = 00000010 [S1CBNDX=0 WNR PLVL=0]",
     S2, DMA, "sid:0x51", "write", "0x5000", -1, "0x402", NULL},
    {P2 "Unhandled arm-smmu context fault from a600000.dwc3!\n" P2 "FAR    = 0x00000000efe60800\n" P2
        "PAR    = 0x0000000000000000\n" P2 "FSR    = 0x40000402 [TF R SS ]\n" P2 "FSYNR0    = 0x5f0003\n" P2
        "FSYNR1    = 0xaa02\n" P2 "context bank#    = 0x1b\n" P2 "SID=0x40",
     S2, DMA, "a600000.dwc3", "read", "0xefe60800", -1, "0x40000402", NULL},
    {P2 "Unhandled context fault: iova=0xa58c00d8, fsr=0x402, fsynr=0x360003, cb=5\n" P2 "SID=0x40", S2, DMA,
     "sid:0x40", "read", "0xa58c00d8", -1, "0x402", NULL},
    {P2 "Unhandled context fault: fsr=0x402,\niova=0xfc401000, fsynr=0x60013, cbfrsynra=0x121, cb=38", S2, DMA,
     "sid:0x121", "write", "0xfc401000", -1, "0x402", NULL},
    {"qcom-iommu-ctx 1f4a000.iommu-ctx: Unhandled context fault: fsr=0x202, iova=0x000000000000f000, fsynr=0x10, cb=1",
     S2, DMA, NULL, "write", "0xf000", -1, "0x202", NULL},
    {P2 "Unexpected global fault, this could be serious\n" P2
        "\tGFSR 0x00000002, GFSYNR0 0x00000002, GFSYNR1 0x000006c0, "
        "GFSYNR2 0x00000000",
     S2, "global-fault", "sid:0x6c0", "write", NULL, -1, "0x00000002", "no stream match"},
    {P2 "Blocked unknown Stream ID 0x429; boot with \"arm-smmu.disable_bypass=0\" to allow, but this may have security "
        "implications",
     S2, "global-fault", "sid:0x429", U, NULL, -1, NULL, "0x429"},
    {"(XEN) smmu: /smmu@1: \tGFSR 0x80000002, GFSYNR0 0x00000008, GFSYNR1 0x00000033, GFSYNR2 0x00000000", S2,
     "global-fault", "sid:0x33", "execute", NULL, -1, "0x80000002", "more than one"},
    {"(XEN) smmu: /smmu@1: Unexpected context fault (fsr 0x402)", "xen-smmuv2", DMA, NULL, U, NULL, -1, "0x402", NULL},
    {"arm_smmu_context_fault: 5 callbacks suppressed", S2, "suppressed", NULL, U, NULL, -1, NULL, NULL},
};
const unsigned fault_cases_arm_count = sizeof fault_cases_arm / sizeof fault_cases_arm[0];
