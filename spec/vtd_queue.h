/* SPDX-License-Identifier: MIT */
/*
 * VT-d queued invalidation: descriptors.
 * Topic in the architecture: "Invalidation of translation caches", "Queued invalidation
 * descriptors". Comments starting with 3.x count the groups of this header.
 *
 * VTD_QI_<kind>_<field>   a field in qword 0
 * VTD_QI_<kind>1_<field>  a field in qword 1
 * VTD_QI_<kind>_RSVD, VTD_QI_<kind>1_RSVD  every bit of the qword that belongs to no field
 *
 *   CC    context cache       WAIT    wait               PDEVTLB  device-TLB with PASID
 *   IOTLB IOTLB by domain     PIOTLB  IOTLB by PASID     PGRSP    page group response
 *   DEVTLB device-TLB         PC      PASID cache        IEC      interrupt entry cache
 */
#ifndef IOMMUKIT_SPEC_VTD_QUEUE_H
#define IOMMUKIT_SPEC_VTD_QUEUE_H

#include <stdint.h>

#include "spec/bits.h"

/* ---- 3.1 Widths and the type field ------------------------------------------------------ */
#define VTD_QI_NARROW_BYTES 16 /* IQA.DW = 0 */
#define VTD_QI_WIDE_BYTES 32   /* IQA.DW = 1; qwords 2 and 3 are reserved in every type below */
#define VTD_QI_NARROW_LG2 4
#define VTD_QI_WIDE_LG2 5
/* Slots in a queue of 2^QS pages. */
#define VTD_QI_NARROW_SLOTS_LG2(qs) ((qs) + 8)
#define VTD_QI_WIDE_SLOTS_LG2(qs) ((qs) + 7)

/* The type is split: bits 11:9 are bits 6:4 of it and have been 0 so far. */
#define VTD_QI_TYPE SPEC_MASK64(3, 0)
#define VTD_QI_TYPE_HIGH SPEC_MASK64(11, 9)
#define VTD_QI_TYPE_BITS (VTD_QI_TYPE | VTD_QI_TYPE_HIGH)

enum vtd_qi_type {
    VTD_QI_TYPE_CC = 1,
    VTD_QI_TYPE_IOTLB = 2,
    VTD_QI_TYPE_DEVTLB = 3,
    VTD_QI_TYPE_IEC = 4,
    VTD_QI_TYPE_WAIT = 5,
    VTD_QI_TYPE_PIOTLB = 6,  /* from here on 256-bit only */
    VTD_QI_TYPE_PC = 7,
    VTD_QI_TYPE_PDEVTLB = 8,
    VTD_QI_TYPE_PGRSP = 9,
    VTD_QI_TYPE_HPT = 0xA,   /* rev 5, not described here */
};

/* Table mode legacy knows types 1 to 5, in either width; the others 1 to 9, 256-bit only. */
#define VTD_QI_TYPE_LEGACY_LAST 5
#define VTD_QI_TYPE_SCALABLE_LAST 9

/* ---- Type 1: context cache -------------------------------------------------------------- */
#define VTD_QI_CC_G SPEC_MASK64(5, 4)
#define VTD_QI_CC_DID SPEC_MASK64(31, 16) /* ignored in scalable mode */
#define VTD_QI_CC_SID SPEC_MASK64(47, 32)
#define VTD_QI_CC_FM SPEC_MASK64(49, 48) /* VTD_FM_* */
#define VTD_QI_CC_RSVD \
    (~(VTD_QI_TYPE_BITS | VTD_QI_CC_G | VTD_QI_CC_DID | VTD_QI_CC_SID | VTD_QI_CC_FM))
#define VTD_QI_CC1_RSVD (~(uint64_t)0)

#define VTD_QI_CC_G_GLOBAL 1
#define VTD_QI_CC_G_DOMAIN 2 /* acts as global in scalable mode */
#define VTD_QI_CC_G_DEVICE 3

/* ---- Type 2: IOTLB by domain ------------------------------------------------------------ */
#define VTD_QI_IOTLB_G SPEC_MASK64(5, 4)
#define VTD_QI_IOTLB_DW SPEC_BIT64(6)
#define VTD_QI_IOTLB_DR SPEC_BIT64(7)
#define VTD_QI_IOTLB_DID SPEC_MASK64(31, 16)
#define VTD_QI_IOTLB_RSVD \
    (~(VTD_QI_TYPE_BITS | VTD_QI_IOTLB_G | VTD_QI_IOTLB_DW | VTD_QI_IOTLB_DR | VTD_QI_IOTLB_DID))
#define VTD_QI_IOTLB1_AM SPEC_MASK64(5, 0) /* 2^AM pages, the address aligned to it */
#define VTD_QI_IOTLB1_IH SPEC_BIT64(6)     /* only leaf entries changed */
#define VTD_QI_IOTLB1_ADDR SPEC_MASK64(63, 12)
#define VTD_QI_IOTLB1_RSVD SPEC_MASK64(11, 7)

#define VTD_QI_IOTLB_G_GLOBAL 1
#define VTD_QI_IOTLB_G_DOMAIN 2
#define VTD_QI_IOTLB_G_PAGE 3 /* PSI */

/* ---- Type 3: device-TLB, requests without PASID; needs DT ------------------------------- */
#define VTD_QI_DEVTLB_PFSID_LOW SPEC_MASK64(15, 12)  /* bits 3:0 of PFSID; DIT */
#define VTD_QI_DEVTLB_MIP SPEC_MASK64(20, 16)        /* the device's queue depth; 0 means 32 */
#define VTD_QI_DEVTLB_SID SPEC_MASK64(47, 32)
#define VTD_QI_DEVTLB_PFSID_HIGH SPEC_MASK64(63, 52) /* bits 15:4 of PFSID; DIT */
#define VTD_QI_DEVTLB_RSVD                                                           \
    (~(VTD_QI_TYPE_BITS | VTD_QI_DEVTLB_PFSID_LOW | VTD_QI_DEVTLB_MIP |              \
       VTD_QI_DEVTLB_SID | VTD_QI_DEVTLB_PFSID_HIGH))
#define VTD_QI_DEVTLB1_S SPEC_BIT64(0)
#define VTD_QI_DEVTLB1_ADDR SPEC_MASK64(63, 12)
#define VTD_QI_DEVTLB1_RSVD SPEC_MASK64(11, 1)

/*
 * Range of a device-TLB invalidation, types 3 and 8. S = 0: one 4 KiB page. S = 1: the lowest
 * clear bit k of the address, k >= 12, stands for 2^(k-11) pages. For 2^lg2 pages, lg2 >= 1, the
 * address is aligned to them and these bits are set in it.
 */
#define VTD_DEVTLB_RANGE_ONES(lg2) ((SPEC_BIT64((lg2) + 11) - 1) & ~(uint64_t)0xFFF)
#define VTD_DEVTLB_RANGE_LG2(k) ((k) - 11)
/* The whole address space: S = 1 and this address. */
#define VTD_DEVTLB_ADDR_ALL SPEC_MASK64(62, 12)
#define VTD_DEVTLB_MIP_ZERO 32
#define VTD_PFSID_LOW SPEC_MASK32(3, 0)   /* how PFSID itself is split */
#define VTD_PFSID_HIGH SPEC_MASK32(15, 4)

/* ---- Type 4: interrupt entry cache ------------------------------------------------------ */
#define VTD_QI_IEC_G SPEC_BIT64(4)
#define VTD_QI_IEC_IM SPEC_MASK64(31, 27) /* at most MHMV */
#define VTD_QI_IEC_IIDX SPEC_MASK64(47, 32)
#define VTD_QI_IEC_RSVD (~(VTD_QI_TYPE_BITS | VTD_QI_IEC_G | VTD_QI_IEC_IM | VTD_QI_IEC_IIDX))
#define VTD_QI_IEC1_RSVD (~(uint64_t)0)

#define VTD_QI_IEC_G_GLOBAL 0
#define VTD_QI_IEC_G_INDEX 1

/* ---- Type 5: wait ----------------------------------------------------------------------- */
#define VTD_QI_WAIT_IF SPEC_BIT64(4) /* raise the completion event */
#define VTD_QI_WAIT_SW SPEC_BIT64(5) /* store the status data */
#define VTD_QI_WAIT_FN SPEC_BIT64(6) /* hold back everything after it */
#define VTD_QI_WAIT_PD SPEC_BIT64(7) /* drain page requests; PDS */
#define VTD_QI_WAIT_DATA SPEC_MASK64(63, 32)
#define VTD_QI_WAIT_RSVD                                                             \
    (~(VTD_QI_TYPE_BITS | VTD_QI_WAIT_IF | VTD_QI_WAIT_SW | VTD_QI_WAIT_FN |         \
       VTD_QI_WAIT_PD | VTD_QI_WAIT_DATA))
#define VTD_QI_WAIT1_ADDR SPEC_MASK64(63, 2) /* of a dword */
#define VTD_QI_WAIT1_RSVD SPEC_MASK64(1, 0)

/* ---- Type 6: IOTLB by PASID ------------------------------------------------------------- */
#define VTD_QI_PIOTLB_G SPEC_MASK64(5, 4)
#define VTD_QI_PIOTLB_DID SPEC_MASK64(31, 16)
#define VTD_QI_PIOTLB_PASID SPEC_MASK64(51, 32)
#define VTD_QI_PIOTLB_RSVD \
    (~(VTD_QI_TYPE_BITS | VTD_QI_PIOTLB_G | VTD_QI_PIOTLB_DID | VTD_QI_PIOTLB_PASID))
#define VTD_QI_PIOTLB1_AM SPEC_MASK64(5, 0)
#define VTD_QI_PIOTLB1_IH SPEC_BIT64(6)
#define VTD_QI_PIOTLB1_ADDR SPEC_MASK64(63, 12)
#define VTD_QI_PIOTLB1_RSVD SPEC_MASK64(11, 7)

#define VTD_QI_PIOTLB_G_PASID 2 /* 0 and 1 are invalid */
#define VTD_QI_PIOTLB_G_PAGE 3

/* ---- Type 7: PASID cache ---------------------------------------------------------------- */
#define VTD_QI_PC_G SPEC_MASK64(5, 4)
#define VTD_QI_PC_DID SPEC_MASK64(31, 16)
#define VTD_QI_PC_PASID SPEC_MASK64(51, 32)
#define VTD_QI_PC_RSVD (~(VTD_QI_TYPE_BITS | VTD_QI_PC_G | VTD_QI_PC_DID | VTD_QI_PC_PASID))
#define VTD_QI_PC1_RSVD (~(uint64_t)0)

#define VTD_QI_PC_G_DOMAIN 0 /* all PASIDs of a domain id */
#define VTD_QI_PC_G_PASID 1  /* one PASID of a domain id */
#define VTD_QI_PC_G_GLOBAL 3 /* 2 is invalid */

/* ---- Type 8: device-TLB, requests with PASID -------------------------------------------- */
#define VTD_QI_PDEVTLB_MIP SPEC_MASK64(8, 4)
#define VTD_QI_PDEVTLB_PFSID_LOW SPEC_MASK64(15, 12)
#define VTD_QI_PDEVTLB_SID SPEC_MASK64(31, 16)
#define VTD_QI_PDEVTLB_PASID SPEC_MASK64(51, 32)
#define VTD_QI_PDEVTLB_PFSID_HIGH SPEC_MASK64(63, 52)
/* Every bit of this qword is in use. */
#define VTD_QI_PDEVTLB_RSVD                                                          \
    (~(VTD_QI_TYPE_BITS | VTD_QI_PDEVTLB_MIP | VTD_QI_PDEVTLB_PFSID_LOW |            \
       VTD_QI_PDEVTLB_SID | VTD_QI_PDEVTLB_PASID | VTD_QI_PDEVTLB_PFSID_HIGH))
#define VTD_QI_PDEVTLB1_G SPEC_BIT64(0) /* global: for every PASID of the device */
#define VTD_QI_PDEVTLB1_S SPEC_BIT64(11)
#define VTD_QI_PDEVTLB1_ADDR SPEC_MASK64(63, 12)
#define VTD_QI_PDEVTLB1_RSVD SPEC_MASK64(10, 1)

/* ---- Type 9: page group response -------------------------------------------------------- */
#define VTD_QI_PGRSP_PP SPEC_BIT64(4) /* PASID present */
#define VTD_QI_PGRSP_CODE SPEC_MASK64(15, 12)
#define VTD_QI_PGRSP_RID SPEC_MASK64(31, 16)
#define VTD_QI_PGRSP_PASID SPEC_MASK64(51, 32)
#define VTD_QI_PGRSP_RSVD                                                            \
    (~(VTD_QI_TYPE_BITS | VTD_QI_PGRSP_PP | VTD_QI_PGRSP_CODE | VTD_QI_PGRSP_RID |   \
       VTD_QI_PGRSP_PASID))
#define VTD_QI_PGRSP1_LPIG SPEC_BIT64(2)
#define VTD_QI_PGRSP1_PRGI SPEC_MASK64(11, 3)
#define VTD_QI_PGRSP1_RSVD (~(VTD_QI_PGRSP1_LPIG | VTD_QI_PGRSP1_PRGI))

enum vtd_page_response {
    VTD_PAGE_RESPONSE_SUCCESS = 0,
    VTD_PAGE_RESPONSE_INVALID = 1,
    VTD_PAGE_RESPONSE_FAILURE = 0xF,
};

#endif
