/* SPDX-License-Identifier: MIT */
/*
 * PCI and PCI Express configuration space, as far as an IOMMU driver and a PCI model need it.
 * Topics: "Configuration space header", "PCI Express capability", "Address translation services",
 * "Page request interface", "PASID", "Access control services", "Single root I/O virtualisation",
 * "Designated vendor-specific extended capability".
 *
 * SPEC_PCI_<register>              byte offset from the start of configuration space
 * SPEC_PCI_<capability>_<register> byte offset from the start of that capability
 * SPEC_PCI_<...>_<field>           mask inside that register
 */
#ifndef IOMMUKIT_SPEC_PCI_H
#define IOMMUKIT_SPEC_PCI_H

#include <stdint.h>

#include "spec/bits.h"

#define SPEC_PCI_CONFIG_BYTES 256
#define SPEC_PCI_EXT_CONFIG_BYTES 4096

/* ---- Header ------------------------------------------------------------------------------ */
#define SPEC_PCI_VENDOR 0x00  /* u16; all ones: nothing there */
#define SPEC_PCI_DEVICE 0x02  /* u16 */
#define SPEC_PCI_COMMAND 0x04 /* u16 */
#define SPEC_PCI_STATUS 0x06  /* u16 */
#define SPEC_PCI_REVISION 0x08
#define SPEC_PCI_PROG_IF 0x09
#define SPEC_PCI_CLASS 0x0A /* u16: subclass low, base class high */
#define SPEC_PCI_CACHE_LINE 0x0C
#define SPEC_PCI_LATENCY 0x0D
#define SPEC_PCI_HEADER_TYPE 0x0E
#define SPEC_PCI_BIST 0x0F
#define SPEC_PCI_BAR0 0x10
#define SPEC_PCI_BAR(n) (0x10 + 4 * (n))
#define SPEC_PCI_CAP_POINTER 0x34 /* u8, headers 0 and 1 */
#define SPEC_PCI_INTERRUPT_LINE 0x3C
#define SPEC_PCI_INTERRUPT_PIN 0x3D

/* Header type 0. */
#define SPEC_PCI_SUBSYSTEM_VENDOR 0x2C
#define SPEC_PCI_SUBSYSTEM 0x2E

/* Header type 1. */
#define SPEC_PCI_PRIMARY_BUS 0x18
#define SPEC_PCI_SECONDARY_BUS 0x19
#define SPEC_PCI_SUBORDINATE_BUS 0x1A

#define SPEC_PCI_VENDOR_NONE 0xFFFF
#define SPEC_PCI_VENDOR_INTEL 0x8086
#define SPEC_PCI_DEVICE_DSA 0x0B25

#define SPEC_PCI_COMMAND_IO SPEC_BIT32(0)
#define SPEC_PCI_COMMAND_MEMORY SPEC_BIT32(1)
#define SPEC_PCI_COMMAND_MASTER SPEC_BIT32(2)
#define SPEC_PCI_COMMAND_INTX_DISABLE SPEC_BIT32(10)
#define SPEC_PCI_STATUS_CAP_LIST SPEC_BIT32(4)

#define SPEC_PCI_HEADER_LAYOUT SPEC_MASK32(6, 0)
#define SPEC_PCI_HEADER_MULTIFUNCTION SPEC_BIT32(7)
#define SPEC_PCI_HEADER_ENDPOINT 0
#define SPEC_PCI_HEADER_BRIDGE 1
#define SPEC_PCI_HEADER_CARDBUS 2

#define SPEC_PCI_BAR_IO SPEC_BIT32(0)
#define SPEC_PCI_BAR_TYPE SPEC_MASK32(2, 1)
#define SPEC_PCI_BAR_TYPE_32 0
#define SPEC_PCI_BAR_TYPE_64 2
#define SPEC_PCI_BAR_PREFETCH SPEC_BIT32(3)
#define SPEC_PCI_BAR_MEMORY SPEC_MASK32(31, 4)

#define SPEC_PCI_CLASS_HOST_BRIDGE 0x0600
#define SPEC_PCI_CLASS_PCI_BRIDGE 0x0604
#define SPEC_PCI_CLASS_OTHER_BRIDGE 0x0680
#define SPEC_PCI_CLASS_SYSTEM_OTHER 0x0880 /* DSA and its like */

/* ---- Capabilities ------------------------------------------------------------------------ */
#define SPEC_PCI_CAP_ID 0
#define SPEC_PCI_CAP_NEXT 1
#define SPEC_PCI_CAP_FIRST 0x40 /* none can lie below */
#define SPEC_PCI_CAP_MAX 48     /* bound on a walk: loops occur */

#define SPEC_PCI_CAP_ID_MSI 0x05
#define SPEC_PCI_CAP_ID_VENDOR 0x09
#define SPEC_PCI_CAP_ID_EXP 0x10
#define SPEC_PCI_CAP_ID_MSIX 0x11

/* PCI Express capability. */
#define SPEC_PCI_EXP_FLAGS 0x02 /* u16 */
#define SPEC_PCI_EXP_FLAGS_VERSION SPEC_MASK32(3, 0)
#define SPEC_PCI_EXP_FLAGS_TYPE SPEC_MASK32(7, 4)
#define SPEC_PCI_EXP_DEVCAP 0x04   /* u32 */
#define SPEC_PCI_EXP_DEVCAP_FLR SPEC_BIT32(28)
#define SPEC_PCI_EXP_DEVCTL 0x08   /* u16 */
#define SPEC_PCI_EXP_DEVCTL_FLR SPEC_BIT32(15)
#define SPEC_PCI_EXP_DEVSTA 0x0A   /* u16 */
#define SPEC_PCI_EXP_DEVSTA_PENDING SPEC_BIT32(5)
#define SPEC_PCI_EXP_DEVCAP2 0x24  /* u32 */
#define SPEC_PCI_EXP_DEVCAP2_PREFIX SPEC_BIT32(21) /* end-to-end prefixes pass */

enum spec_pci_exp_type {
    SPEC_PCI_EXP_ENDPOINT = 0,
    SPEC_PCI_EXP_LEGACY_ENDPOINT = 1,
    SPEC_PCI_EXP_ROOT_PORT = 4,
    SPEC_PCI_EXP_UPSTREAM = 5,
    SPEC_PCI_EXP_DOWNSTREAM = 6,
    SPEC_PCI_EXP_PCI_BRIDGE = 7,  /* PCIe above, PCI or PCI-X below */
    SPEC_PCI_EXP_PCIE_BRIDGE = 8, /* PCI or PCI-X above, PCIe below */
    SPEC_PCI_EXP_INTEGRATED_ENDPOINT = 9,
    SPEC_PCI_EXP_EVENT_COLLECTOR = 10,
};

/* ---- Extended capabilities --------------------------------------------------------------- */
#define SPEC_PCI_EXT_FIRST 0x100
#define SPEC_PCI_EXT_MAX 480 /* bound on a walk: 8 bytes each at the least */
#define SPEC_PCI_EXT_ID SPEC_MASK32(15, 0)
#define SPEC_PCI_EXT_VERSION SPEC_MASK32(19, 16)
#define SPEC_PCI_EXT_NEXT SPEC_MASK32(31, 20)

#define SPEC_PCI_EXT_ID_ACS 0x0D
#define SPEC_PCI_EXT_ID_ARI 0x0E
#define SPEC_PCI_EXT_ID_ATS 0x0F
#define SPEC_PCI_EXT_ID_SRIOV 0x10
#define SPEC_PCI_EXT_ID_PRI 0x13
#define SPEC_PCI_EXT_ID_PASID 0x1B
#define SPEC_PCI_EXT_ID_DVSEC 0x23

/* ATS */
#define SPEC_PCI_ATS_CAP 4 /* u16 */
#define SPEC_PCI_ATS_CAP_DEPTH SPEC_MASK32(4, 0) /* 0 means 32 */
#define SPEC_PCI_ATS_CAP_ALIGNED SPEC_BIT32(5)
#define SPEC_PCI_ATS_CAP_GLOBAL SPEC_BIT32(6)
#define SPEC_PCI_ATS_CTRL 6 /* u16 */
#define SPEC_PCI_ATS_CTRL_STU SPEC_MASK32(4, 0) /* smallest unit: 4 KiB << STU */
#define SPEC_PCI_ATS_CTRL_ENABLE SPEC_BIT32(15)
#define SPEC_PCI_ATS_BYTES 8

/* PRI; physical function only */
#define SPEC_PCI_PRI_CTRL 4 /* u16 */
#define SPEC_PCI_PRI_CTRL_ENABLE SPEC_BIT32(0)
#define SPEC_PCI_PRI_CTRL_RESET SPEC_BIT32(1)
#define SPEC_PCI_PRI_STATUS 6 /* u16 */
#define SPEC_PCI_PRI_STATUS_RESPONSE_FAILURE SPEC_BIT32(0)
#define SPEC_PCI_PRI_STATUS_UNEXPECTED SPEC_BIT32(1)
#define SPEC_PCI_PRI_STATUS_STOPPED SPEC_BIT32(8)
#define SPEC_PCI_PRI_STATUS_PASID_REQUIRED SPEC_BIT32(15)
#define SPEC_PCI_PRI_CAPACITY 8    /* u32 */
#define SPEC_PCI_PRI_ALLOCATION 12 /* u32 */
#define SPEC_PCI_PRI_BYTES 16

/* PASID; physical function only, its virtual functions follow */
#define SPEC_PCI_PASID_CAP 4 /* u16 */
#define SPEC_PCI_PASID_CAP_EXEC SPEC_BIT32(1)
#define SPEC_PCI_PASID_CAP_PRIV SPEC_BIT32(2)
#define SPEC_PCI_PASID_CAP_WIDTH SPEC_MASK32(12, 8)
#define SPEC_PCI_PASID_CTRL 6 /* u16 */
#define SPEC_PCI_PASID_CTRL_ENABLE SPEC_BIT32(0)
#define SPEC_PCI_PASID_CTRL_EXEC SPEC_BIT32(1)
#define SPEC_PCI_PASID_CTRL_PRIV SPEC_BIT32(2)
#define SPEC_PCI_PASID_BYTES 8

/* ACS; the same bits in capability and control */
#define SPEC_PCI_ACS_CAP 4  /* u16 */
#define SPEC_PCI_ACS_CTRL 6 /* u16 */
#define SPEC_PCI_ACS_SV SPEC_BIT32(0) /* source validation */
#define SPEC_PCI_ACS_TB SPEC_BIT32(1) /* translation blocking */
#define SPEC_PCI_ACS_RR SPEC_BIT32(2) /* request redirect */
#define SPEC_PCI_ACS_CR SPEC_BIT32(3) /* completion redirect */
#define SPEC_PCI_ACS_UF SPEC_BIT32(4) /* upstream forwarding */
#define SPEC_PCI_ACS_EC SPEC_BIT32(5) /* egress control */
#define SPEC_PCI_ACS_DT SPEC_BIT32(6) /* direct translated */
/* What every port on the way needs for a group of its own. */
#define SPEC_PCI_ACS_ISOLATED \
    (SPEC_PCI_ACS_SV | SPEC_PCI_ACS_RR | SPEC_PCI_ACS_CR | SPEC_PCI_ACS_UF)
#define SPEC_PCI_ACS_BYTES 8

/* SR-IOV */
#define SPEC_PCI_SRIOV_CAP 0x04  /* u32 */
#define SPEC_PCI_SRIOV_CTRL 0x08 /* u16 */
#define SPEC_PCI_SRIOV_CTRL_VFE SPEC_BIT32(0)
#define SPEC_PCI_SRIOV_CTRL_MSE SPEC_BIT32(3)
#define SPEC_PCI_SRIOV_CTRL_ARI SPEC_BIT32(4)
#define SPEC_PCI_SRIOV_STATUS 0x0A    /* u16 */
#define SPEC_PCI_SRIOV_INITIAL 0x0C   /* u16 */
#define SPEC_PCI_SRIOV_TOTAL 0x0E     /* u16 */
#define SPEC_PCI_SRIOV_NUM 0x10       /* u16 */
#define SPEC_PCI_SRIOV_DEPENDENCY 0x12
#define SPEC_PCI_SRIOV_OFFSET 0x14    /* u16, first VF's RID relative to the PF */
#define SPEC_PCI_SRIOV_STRIDE 0x16    /* u16 */
#define SPEC_PCI_SRIOV_DEVICE 0x1A    /* u16 */
#define SPEC_PCI_SRIOV_SUP_PAGES 0x1C /* u32 */
#define SPEC_PCI_SRIOV_SYS_PAGES 0x20 /* u32 */
#define SPEC_PCI_SRIOV_BAR0 0x24
#define SPEC_PCI_SRIOV_BYTES 0x40

/* DVSEC */
#define SPEC_PCI_DVSEC_HEADER1 4 /* u32 */
#define SPEC_PCI_DVSEC_HEADER1_VENDOR SPEC_MASK32(15, 0)
#define SPEC_PCI_DVSEC_HEADER1_REVISION SPEC_MASK32(19, 16)
#define SPEC_PCI_DVSEC_HEADER1_LENGTH SPEC_MASK32(31, 20)
#define SPEC_PCI_DVSEC_HEADER2 8 /* u16 */
#define SPEC_PCI_DVSEC_HEADER2_ID SPEC_MASK32(15, 0)
#define SPEC_PCI_DVSEC_BODY 10
#define SPEC_PCI_DVSEC_ID_SIOV 5 /* with vendor Intel: Scalable I/O Virtualization */

#endif
