/* SPDX-License-Identifier: MIT */
/* fault_cases_vtd.c - lines about VT-d units, by Linux, Xen and FreeBSD. */
#include "fault_cases.h"

#define V   "intel-vtd"
#define X   "xen-vtd"
#define DMA "dma-fault"
#define IR  "interrupt-remap-fault"
#define U   "unknown"

const struct fault_case fault_cases_vtd[] = {
    /* every age of the DMA line, behind every kind of prefix */
    {"DMAR:[DMA Write] Request device [02:1f.7] fault addr 12340000 \nDMAR:[fault reason 05] PTE Write access is not "
     "set",
     V, DMA, "02:1f.7", "write", "0x12340000", -1, "0x05", "not mapped"},
    {"<3>[    1.000000] dmar: DMAR:[DMA Read] Request device [00:1a.0] fault addr bf7f0000 \n"
     "<3>[    1.000000] DMAR:[fault reason 10] non-zero reserved fields in RTP",
     V, DMA, "00:1a.0", "read", "0xbf7f0000", -1, "0x0a", NULL},
    {"Mar  3 07:11:12 host kernel: [12345.678901] DMAR: [DMA Write] Request device [3b:00.1] fault addr fee0d000 "
     "[fault "
     "reason 14] Unknown",
     V, DMA, "3b:00.1", "write", "0xfee0d000", -1, "0x0e", "interrupt range"},
    {"2031-01-02T03:04:05.678901+0100 box kernel: DMAR: [DMA Read] Request device [c1:02.3] PASID ffffffff fault addr "
     "ff000 [fault reason 112] SM: Error attempting to access first-level paging entry",
     V, DMA, "c1:02.3", "read", "0xff000", -1, "0x70", NULL},
    {"DMAR: [DMA Read] Request device [6a:01.0] PASID 1a fault addr 7f0000001000 [fault reason 89] SM: Present bit in "
     "PASID "
     "Table Entry is clear",
     V, DMA, "6a:01.0", "read", "0x7f0000001000", 0x1a, "0x59", "PASID is not attached"},
    {"[Sat Jan  1 00:00:00 2033] DMAR: [DMA Write NO_PASID] Request device [0x6a:0x1f.7] fault addr 0x1000 [fault "
     "reason "
     "0x45] SM: PASID Enable field in Context Entry is clear",
     V, DMA, "6a:1f.7", "write", "0x1000", -1, "0x45", NULL},
    {"6,1234,987654321,-;DMAR: [DMA Read NO_PASID] Request device [0000:00:02.0] fault addr 0x9d800000 [fault reason "
     "0x06] "
     "PTE Read access is not set",
     V, DMA, "0000:00:02.0", "read", "0x9d800000", -1, "0x06", "not mapped"},
    {"[ 77.1][    C3] DMAR: [DMA Write PASID 0xfffff] Request device [e0:01.0] fault addr 0xffffff0000001000 [fault "
     "reason "
     "0x80] SM: Address in first-level translation is not canonical",
     V, DMA, "e0:01.0", "write", "0xffffff0000001000", 0xfffff, "0x80", "canonical"},
    {"[ 77.2][ T1234] DMAR: [DMA Read PASID 0x0] Request device [e0:01.0] fault addr 0x0 [fault reason 0x91] Unknown",
     V, DMA, "e0:01.0", "read", "0x0", 0, "0x91", "address 0"},
    {"\033[33mDMAR: \033[0m[DMA Read NO_PASID] Request device [\033[31m01:00.0] fault addr 0x2000 [fault reason 0x33] "
     "Unknown",
     V, DMA, "01:00.0", "read", "0x2000", -1, "0x33", "aborted"},
    {"{\"MESSAGE\":\"DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0x3000 [fault reason 0x0b] x\"}", V,
     DMA, "01:00.0", "write", "0x3000", -1, "0x0b", NULL},
    {"DMAR: [DMA Read NO_PASID] Request device [10000:e1:00.0] fault addr 0x3000 [fault reason 0x02] Present bit in "
     "context "
     "entry is clear",
     V, DMA, "10000:e1:00.0", "read", "0x3000", -1, "0x02", NULL},
    {"DMAR: [DMA Write NO_PASID] Request device [ff:1f.7] fault addr 0xfffffffffffff000 [fault reason 0xff] Unknown", V,
     DMA, "ff:1f.7", "write", "0xfffffffffffff000", -1, "0xff", "did not answer"},
    {"DMAR: [DMA Write] Request device [01:00.0] fault addr 1000 [fault reason 250] Unknown", V, DMA, "01:00.0",
     "write", "0x1000", -1, "0xfa", "does not define"},
    {"DMAR: [DMA Read] Request device [00:05.0] PASID ffffffff\n      fault addr 76406000 [fault reason 06] PTE Read "
     "access is "
     "not set",
     V, DMA, "00:05.0", "read", "0x76406000", -1, "0x06", NULL},

    /* interrupts */
    {"dmar: INTR-REMAP: Request device [[f0:1f.7] fault index 1f\nINTR-REMAP:[fault reason 34] Present field in the "
     "IRTE "
     "entry is clear",
     V, IR, "f0:1f.7", U, NULL, -1, "0x22", "entry 31"},
    {"DMAR: [INTR-REMAP] Request device [00:1e.0] fault index 10 [fault reason 33] Interrupt index exceeded", V, IR,
     "00:1e.0", U, NULL, -1, "0x21", "entry 16"},
    {"DMAR: [INTR-REMAP] Request device [00:1e.0] fault index 0x8 [fault reason 0x2b] Unknown", V, IR, "00:1e.0", U,
     NULL, -1, "0x2b", NULL},

    /* status, queue */
    {"DMAR: DRHD: handling fault status reg 743", V, "fault-status", NULL, U, NULL, -1, "0x743",
     "first record is number 7"},
    {"DMAR: DRHD: handling fault status reg 40", V, "fault-status", NULL, U, NULL, -1, "0x40", "time-out"},
    {"DMAR: DRHD: handling fault status reg ffffffff", V, "fault-status", NULL, U, NULL, -1, "0xffffffff",
     "did not answer"},
    {"DMAR: VT-d detected Invalidation Queue Error: Reason 4", V, "invalidation-queue-error", NULL, U, NULL, -1, "IQE",
     "reserved field"},
    {"DMAR: VT-d detected Invalidation Queue Error: Reason fDMAR: QI HEAD: UNKNOWN", V, "invalidation-queue-error",
     NULL, U, NULL, -1, "IQE", "all-ones"},
    {"DMAR: VT-d detected Invalidation Time-out Error: SID 3100", V, "invalidation-timeout", "31:00.0", U, NULL, -1,
     "ITE", NULL},
    {"DMAR: VT-d detected Invalidation Time-out Error: SID ffffDMAR: x", V, "invalidation-timeout", NULL, U, NULL, -1,
     "ITE", "no real device"},
    {"DMAR: VT-d detected Invalidation Time-out Error: SID 3100QI HEAD", V, "invalidation-timeout", "31:00.0", U, NULL,
     -1, "ITE", NULL},
    {"DMAR: VT-d detected Invalidation Time-out Error: SID 0", V, "invalidation-timeout", NULL, U, NULL, -1, "ITE",
     "did not record"},
    {"DMAR: VT-d detected Invalidation Completion Error: SID 508", V, "invalidation-completion-error", "05:01.0", U,
     NULL, -1, "ICE", NULL},
    {"DMAR: Invalidation Queue Error (IQE) cleared", V, "invalidation-queue-error", NULL, U, NULL, -1, "IQE",
     "cleared"},
    {"DMAR: VT-d detected invalid descriptor: qw0 = 35, qw1 = 1000", V, "invalidation-queue-error", NULL, U, NULL, -1,
     "IQE", NULL},
    {"DMAR: QI HEAD: Invalidation Wait qw0 = 0x200000025, qw1 = 0x10045c", V, "queue-dump", NULL, U, NULL, -1, "type 5",
     "invalidation wait"},
    {"DMAR: QI PRIOR: PASID-based Device-TLB Invalidation qw0 = 0x1700032010008, qw1 = 0x7ffffffffffff001", V,
     "queue-dump", "32:00.1", U, NULL, 0x17000, "type 8", NULL},
    {"DMAR: QI PRIOR: PASID-based IOTLB Invalidation qw0 = 0x500020026, qw1 = 0x0", V, "queue-dump", NULL, U, NULL, 5,
     "type 6", NULL},
    {"DMAR: QI PRIOR: IOTLB Invalidation qw0 = 0x200f2, qw1 = 0x0", V, "queue-dump", NULL, U, NULL, -1, "type 2", NULL},
    {"DMAR: QI HEAD: PASID-cache Invalidation qw0 = 0x700020017, qw1 = 0x0", V, "queue-dump", NULL, U, NULL, 7,
     "type 7", NULL},
    {"DMAR: QI HEAD: PASID-cache Invalidation qw0 = 0x700020007, qw1 = 0x0", V, "queue-dump", NULL, U, NULL, -1,
     "type 7", NULL}, /* of a domain */
    {"DMAR: QI HEAD: Page Group Response qw0 = 0x1268080019, qw1 = 0x0", V, "queue-dump", "68:01.0", U, NULL, 0x12,
     "type 9", NULL},
    {"DMAR: QI HEAD: Page Group Response qw0 = 0x1268080009, qw1 = 0x0", V, "queue-dump", "68:01.0", U, NULL, -1,
     "type 9", NULL}, /* without PASID */

    /* page requests */
    {"DMAR: IOMMU: dmar1: Page request without PASID: 0000000e68000003 00007f0000001002", V, "page-request", "68:00.0",
     "write", "0x7f0000001000", -1, NULL, NULL},
    {"DMAR: dmar1: Page request for invalid PASID 12: 0000000c68080101 00007f0000002001", V, "page-request", "68:01.0",
     "read", "0x7f0000002000", 12, NULL, "not in use"},
    {"DMAR: IOMMU: dmar0: PRQ overflow detected", V, "event-log-overflow", NULL, U, NULL, -1, "PRO", NULL},
    {"DMAR: IOMMU: dmar0: Execution request not supported", V, "page-request", NULL, U, NULL, -1, NULL, NULL},

    /* table dumps */
    {"DMAR: Dump dmar7 table entries for IOVA 0x1000", V, "table-dump", NULL, U, "0x1000", -1, NULL, NULL},
    {"DMAR: root entry: 0x0000000123456001", V, "table-dump", NULL, U, NULL, -1, NULL, "context table at 0x123456000"},
    {"DMAR: root entry: 0x0000000123456001DMAR: context table is not present", V, "table-dump", NULL, U, NULL, -1, NULL,
     "table at 0x123456000"},
    {"DMAR: context entry: hi 0x0000000000000102, low 0x0000000112233001", V, "table-dump", NULL, U, NULL, -1, NULL,
     "0x112233000"},
    {"DMAR: pasid dir entry: 0x0000000101b4e001", V, "table-dump", NULL, U, NULL, -1, NULL, "0x101b4e000"},
    {"DMAR: pasid table entry[0]: 0x0000000000000109", V, "table-dump", NULL, U, NULL, -1, NULL, "pass-through"},
    {"DMAR: pte level: 4, pte value: 0x0000000000000000", V, "table-dump", NULL, U, NULL, -1, NULL, "level 4"},
    {"DMAR: PTE not present at level 2", V, "table-dump", NULL, U, NULL, -1, NULL, "level 2"},
    {"DMAR: page table not present at level 1", V, "table-dump", NULL, U, NULL, -1, NULL, "level 1"},
    {"DMAR: scalable mode page table is not present", V, "table-dump", NULL, U, NULL, -1, NULL, "not present"},

    /* Xen */
    {"(XEN) [VT-D]iommu.c:859: DMAR:[DMA Read] Request device [0000:04:00.0] fault addr a0b0000, iommu reg = "
     "ffff82c3fff57000"
     "\n(XEN) DMAR:[fault reason 0ch] non-zero reserved fields in PTE",
     X, DMA, "0000:04:00.0", "read", "0xa0b0000", -1, "0x0c", NULL},
    {"(XEN) [2030-01-01 00:00:00] [VT-D]DMAR:[DMA Write] Request device [0000:04:00.0] fault addr a0b0000\n"
     "(XEN) [2030-01-01 00:00:00] [VT-D]DMAR: reason 10 - Unknown",
     X, DMA, "0000:04:00.0", "write", "0xa0b0000", -1, "0x10", "does not define"},
    {"(XEN) [VT-D]INTR-REMAP: Request device [0000:f0:1f.0] fault index 1b, iommu reg = ffff82c0008e0000\n"
     "(XEN) [VT-D]INTR-REMAP: reason 25 - Blocked a compatibility format interrupt request",
     X, IR, "0000:f0:1f.0", U, NULL, -1, "0x25", "entry 27"},
    {"(XEN) [VT-D]iommu.c:676: iommu_fault:DMA Read: 3:1c.2 addr 7d2ce000 REASON 6 iommu->reg = ffff828bfff54000", X,
     DMA, "03:1c.2", "read", "0x7d2ce000", -1, "0x06", NULL},
    {"(XEN) [VT-D]iommu.c:699: iommu_fault_status: Invalidation Time-out Error", X, "fault-status", NULL, U, NULL, -1,
     "ITE", NULL},
    {"(XEN) [VT-D]iommu_fault_status: Fault Overflow", X, "fault-status", NULL, U, NULL, -1, "PFO", NULL},
    {"(XEN) print_vtd_entries: iommu #1 dev 0000:06:02.0 gmfn fef12", X, "table-dump", "0000:06:02.0", U, "0xfef12000",
     -1, NULL, NULL},
    {"(XEN)     l3[1] = 7d255003", X, "table-dump", NULL, U, NULL, -1, NULL, NULL},
    {"(XEN)     l1[ce] not present", X, "table-dump", NULL, U, NULL, -1, NULL, "not present"},
    {"[VT-D] IOMMU1: QI wait descriptor taking too long", X, "command-timeout", NULL, U, NULL, -1, NULL, NULL},

    /* FreeBSD */
    {"DMAR0: em0: pci0:25:0 sid c8 fault acc 1 adt 0x0 reason 0x6 addr 9c000000", "freebsd-vtd", DMA, "00:19.0", "read",
     "0x9c000000", -1, "0x06", NULL},

    /* the rate limiter */
    {"[ 5.0] dmar_fault: 17 callbacks suppressed", V, "suppressed", NULL, U, NULL, -1, NULL, "17 fault messages"},
};
const unsigned fault_cases_vtd_count = sizeof fault_cases_vtd / sizeof fault_cases_vtd[0];
