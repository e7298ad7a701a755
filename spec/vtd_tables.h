/* SPDX-License-Identifier: MIT */
/*
 * VT-d in-memory tables: root, context, PASID directory, PASID entry, second- and first-stage
 * page-table entries, page-request queue entries. All are little-endian.
 * Topics in the architecture: "Translation structure formats", "Address translation",
 * "Interrupt address range", "Page request descriptor".
 *
 * VTD_<entry><qword>_<field>  mask inside that qword: VTD_PE1_DID is in qword 1 of a PASID entry
 *   LRE  legacy root entry       LCE  legacy context entry      PDE  PASID directory entry
 *   SRE  scalable root entry     SCE  scalable context entry    PE   PASID (table) entry
 *   SS   second-stage entry      FS   first-stage entry         PRQ  page-request queue entry
 *
 * ..._RSVD are the bits that are reserved on every unit. A field whose feature the unit does not
 * report is reserved too; the comment beside the field names the capability. Pointers must not
 * have a bit at or above the host address width (VTD_PTR_RSVD, VTD_PTE_RSVD).
 */
#ifndef IOMMUKIT_SPEC_VTD_TABLES_H
#define IOMMUKIT_SPEC_VTD_TABLES_H

#include <stdint.h>

#include "spec/bits.h"

/* ---- 2.1 Common ------------------------------------------------------------------------- */
#define VTD_PAGE_LG2 12
#define VTD_PAGE_BYTES 4096
#define VTD_PTR SPEC_MASK64(63, 12)
#define VTD_ALL_ONES (~(uint64_t)0)

/* Hardware reads entries up to this size in one piece, longer ones in pieces of it. */
#define VTD_ATOMIC_BYTES 16

/* Bits a table pointer must not have, for a host address width (at most 52). */
#define VTD_PTR_RSVD(haw) SPEC_MASK64(63, haw)
/* The same for a page-table entry, whose address field ends at bit 51. */
#define VTD_PTE_RSVD(haw) SPEC_MASK64(51, haw)

/* Requester id: bus, device, function; devfn is the low byte. */
#define VTD_RID_BUS SPEC_MASK32(15, 8)
#define VTD_RID_DEVFN SPEC_MASK32(7, 0)
#define VTD_RID_DEVICE SPEC_MASK32(7, 3)
#define VTD_RID_FUNCTION SPEC_MASK32(2, 0)

#define VTD_PASID_MASK SPEC_MASK32(19, 0)
#define VTD_PASID_BITS 20

/* ---- 2.2 Root entries: 256 of 16 bytes, index = bus ------------------------------------- */
#define VTD_ROOT_BYTES 16
#define VTD_ROOT_ENTRIES 256

#define VTD_LRE0_P SPEC_BIT64(0)
#define VTD_LRE0_CTP SPEC_MASK64(63, 12)
#define VTD_LRE0_RSVD SPEC_MASK64(11, 1)
#define VTD_LRE1_RSVD VTD_ALL_ONES

/* Scalable mode splits a bus in two tables: devfn 00-7F below, 80-FF above. */
#define VTD_SRE0_LP SPEC_BIT64(0)
#define VTD_SRE0_LCTP SPEC_MASK64(63, 12)
#define VTD_SRE0_RSVD SPEC_MASK64(11, 1)
#define VTD_SRE1_UP SPEC_BIT64(0)
#define VTD_SRE1_UCTP SPEC_MASK64(63, 12)
#define VTD_SRE1_RSVD SPEC_MASK64(11, 1)
#define VTD_SRE_UPPER_DEVFN SPEC_BIT32(7) /* this devfn bit chooses the upper table */

/* ---- 2.3 Legacy context entry: 256 of 16 bytes, index = devfn --------------------------- */
#define VTD_LCE_BYTES 16
#define VTD_LCE_ENTRIES 256

#define VTD_LCE0_P SPEC_BIT64(0)
#define VTD_LCE0_FPD SPEC_BIT64(1)
#define VTD_LCE0_TT SPEC_MASK64(3, 2)
#define VTD_LCE0_SSPTPTR SPEC_MASK64(63, 12)
#define VTD_LCE0_RSVD SPEC_MASK64(11, 4)
#define VTD_LCE1_AW SPEC_MASK64(2, 0)
#define VTD_LCE1_IGNORED SPEC_MASK64(6, 3)
#define VTD_LCE1_DID SPEC_MASK64(23, 8) /* bits above the ND width are reserved */
#define VTD_LCE1_RSVD (SPEC_BIT64(7) | SPEC_MASK64(63, 24))

/* Translation type. */
enum vtd_tt {
    VTD_TT_UNTRANSLATED = 0,  /* second stage; requests with AT other than 0 are blocked */
    VTD_TT_DEVICE_TLB = 1,    /* second stage and ATS; needs DT */
    VTD_TT_PASS_THROUGH = 2,  /* no translation; needs PT */
    VTD_TT_RESERVED = 3,
};

/* Address width codes, in context and PASID entries: levels = code + 2, bits = 30 + 9 * code. */
#define VTD_AW_39 1
#define VTD_AW_48 2
#define VTD_AW_57 3
#define VTD_AW_LEVELS(aw) ((aw) + 2)
#define VTD_AW_BITS(aw) (30 + 9 * (aw))

/* ---- 2.4 Scalable context entry: 128 of 32 bytes a table, index = devfn & 7F ------------ */
#define VTD_SCE_BYTES 32
#define VTD_SCE_ENTRIES 128
#define VTD_SCE_INDEX SPEC_MASK32(6, 0)

#define VTD_SCE0_P SPEC_BIT64(0)
#define VTD_SCE0_FPD SPEC_BIT64(1)
#define VTD_SCE0_DTE SPEC_BIT64(2)    /* DT */
#define VTD_SCE0_PASIDE SPEC_BIT64(3) /* PASID */
#define VTD_SCE0_PRE SPEC_BIT64(4)    /* PRS */
#define VTD_SCE0_HPTE SPEC_BIT64(5)   /* rev 5 */
#define VTD_SCE0_EPTR SPEC_BIT64(6)   /* rev 5 */
#define VTD_SCE0_PDTS SPEC_MASK64(11, 9)
#define VTD_SCE0_PASIDDIRPTR SPEC_MASK64(63, 12)
#define VTD_SCE0_REV5 SPEC_MASK64(6, 5) /* reserved on units before rev 5 */
#define VTD_SCE0_RSVD SPEC_MASK64(8, 7)
#define VTD_SCE1_RID_PASID SPEC_MASK64(19, 0) /* RPS; without it PASID 0 is used */
#define VTD_SCE1_RID_PRIV SPEC_BIT64(20)      /* RPRIVS */
#define VTD_SCE1_RSVD SPEC_MASK64(63, 21)
#define VTD_SCE2_RSVD VTD_ALL_ONES
#define VTD_SCE3_RSVD VTD_ALL_ONES

/* PDTS: the directory has 2^(PDTS+7) entries and so reaches 2^(PDTS+13) PASIDs. */
#define VTD_PDTS_ENTRIES_LG2(pdts) ((pdts) + 7)
#define VTD_PDTS_PASIDS_LG2(pdts) ((pdts) + 13)
#define VTD_PDTS_MAX 7

/* ---- 2.5 PASID directory: 8 bytes, index = PASID[19:6] ---------------------------------- */
#define VTD_PDE_BYTES 8
#define VTD_PDE_INDEX SPEC_MASK32(19, 6) /* of a PASID */

#define VTD_PDE_P SPEC_BIT64(0)
#define VTD_PDE_FPD SPEC_BIT64(1)
#define VTD_PDE_SMPTBLPTR SPEC_MASK64(63, 12)
#define VTD_PDE_RSVD SPEC_MASK64(11, 2)

/* ---- 2.5 PASID table: 64 of 64 bytes, index = PASID[5:0] -------------------------------- */
#define VTD_PE_BYTES 64
#define VTD_PE_QWORDS 8
#define VTD_PE_ENTRIES 64
#define VTD_PE_INDEX SPEC_MASK32(5, 0) /* of a PASID */

#define VTD_PE0_P SPEC_BIT64(0)
#define VTD_PE0_FPD SPEC_BIT64(1)
#define VTD_PE0_AW SPEC_MASK64(4, 2) /* PGTT 2 and 3 only, ignored otherwise */
#define VTD_PE0_PGTT SPEC_MASK64(8, 6)
#define VTD_PE0_SSADE SPEC_BIT64(9) /* SSADS */
#define VTD_PE0_SSPTPTR SPEC_MASK64(63, 12)
#define VTD_PE0_RSVD (SPEC_BIT64(5) | SPEC_MASK64(11, 10))

#define VTD_PE1_DID SPEC_MASK64(15, 0)
#define VTD_PE1_PWSNP SPEC_BIT64(23) /* SMPWCS */
#define VTD_PE1_PGSNP SPEC_BIT64(24) /* SC */
#define VTD_PE1_CD SPEC_BIT64(25)
#define VTD_PE1_EMTE SPEC_BIT64(26) /* MTS */
#define VTD_PE1_PAT SPEC_MASK64(63, 32)
#define VTD_PE1_RSVD (SPEC_MASK64(22, 16) | SPEC_MASK64(31, 27))

#define VTD_PE2_SRE SPEC_BIT64(0) /* SRS */
#define VTD_PE2_FSPM SPEC_MASK64(3, 2)
#define VTD_PE2_WPE SPEC_BIT64(4)
#define VTD_PE2_IGNORED SPEC_MASK64(6, 5)
#define VTD_PE2_EAFE SPEC_BIT64(7) /* EAFS */
#define VTD_PE2_FSPTPTR SPEC_MASK64(63, 12)
#define VTD_PE2_RSVD (SPEC_BIT64(1) | SPEC_MASK64(11, 8))

#define VTD_PE3_RSVD VTD_ALL_ONES

/* Rev 5, HPTS: host permission table; the whole qwords are reserved without it. */
#define VTD_PE4_HPTSZ SPEC_MASK64(1, 0)
#define VTD_PE4_HPTPFD SPEC_BIT64(2)
#define VTD_PE4_HPTPTR SPEC_MASK64(63, 12)
#define VTD_PE4_HPT (VTD_PE4_HPTSZ | VTD_PE4_HPTPFD | VTD_PE4_HPTPTR)
#define VTD_PE4_RSVD SPEC_MASK64(11, 3)
#define VTD_PE5_HPTDID SPEC_MASK64(15, 0)
#define VTD_PE5_HPT VTD_PE5_HPTDID
#define VTD_PE5_RSVD SPEC_MASK64(63, 16)

#define VTD_PE6_RSVD VTD_ALL_ONES
#define VTD_PE7_RSVD VTD_ALL_ONES

/* PASID entry: which stages translate. Every other value is invalid. */
enum vtd_pgtt {
    VTD_PGTT_FIRST = 1,        /* FSTS */
    VTD_PGTT_SECOND = 2,       /* SSTS */
    VTD_PGTT_NESTED = 3,       /* NEST */
    VTD_PGTT_PASS_THROUGH = 4, /* PT */
};

/* First-stage paging mode. */
#define VTD_FSPM_4LEVEL 0
#define VTD_FSPM_5LEVEL 1 /* FS5LP */

/* ---- 2.6 Second-stage entry: 8 bytes ---------------------------------------------------- */
#define VTD_SS_R SPEC_BIT64(0)
#define VTD_SS_W SPEC_BIT64(1)
#define VTD_SS_EMT SPEC_MASK64(5, 3) /* leaf, looked at only with EMTE */
#define VTD_SS_IPAT SPEC_BIT64(6)    /* leaf, looked at only with EMTE */
#define VTD_SS_PS SPEC_BIT64(7)      /* level 2 and 3: leaf; reserved at 4 and 5 or without SSLPS */
#define VTD_SS_A SPEC_BIT64(8)       /* looked at only with SSADE */
#define VTD_SS_D SPEC_BIT64(9)       /* leaf, looked at only with SSADE */
#define VTD_SS_SNP SPEC_BIT64(11)    /* leaf, SC */
#define VTD_SS_ADDR SPEC_MASK64(51, 12)
#define VTD_SS_IR SPEC_BIT64(61) /* rev 5, ignored before */
#define VTD_SS_IW SPEC_BIT64(62) /* rev 5 */
#define VTD_SS_TM SPEC_BIT64(62) /* before rev 3.2 (DT); reserved afterwards */
#define VTD_SS_RSVD_TABLE (SPEC_BIT64(11) | SPEC_BIT64(62))
#define VTD_SS_RSVD_LEAF SPEC_BIT64(62)
#define VTD_SS_RSVD_2M SPEC_MASK64(20, 12) /* in addition, in a 2 MiB leaf */
#define VTD_SS_RSVD_1G SPEC_MASK64(29, 12)
#define VTD_SS_IGNORED (SPEC_BIT64(2) | SPEC_BIT64(10) | SPEC_MASK64(60, 52) | SPEC_BIT64(63))

/* ---- 2.7 First-stage entry: 8 bytes ----------------------------------------------------- */
#define VTD_FS_P SPEC_BIT64(0)
#define VTD_FS_RW SPEC_BIT64(1)
#define VTD_FS_US SPEC_BIT64(2)
#define VTD_FS_PWT SPEC_BIT64(3)
#define VTD_FS_PCD SPEC_BIT64(4)
#define VTD_FS_A SPEC_BIT64(5) /* every level, always updated */
#define VTD_FS_D SPEC_BIT64(6) /* leaf */
#define VTD_FS_PS SPEC_BIT64(7) /* reserved at levels 4 and 5, at level 3 without FS1GP */
#define VTD_FS_PAT_4K SPEC_BIT64(7)
#define VTD_FS_G SPEC_BIT64(8) /* ignored */
#define VTD_FS_EA SPEC_BIT64(10) /* EAFE */
#define VTD_FS_ADDR SPEC_MASK64(51, 12)
#define VTD_FS_PAT_LARGE SPEC_BIT64(12)
#define VTD_FS_XD SPEC_BIT64(63) /* only with execute requests; ignored otherwise */
#define VTD_FS_RSVD_2M SPEC_MASK64(20, 13)
#define VTD_FS_RSVD_1G SPEC_MASK64(29, 13)
#define VTD_FS_IGNORED (SPEC_MASK64(9, 8) | SPEC_BIT64(11) | SPEC_MASK64(63, 52))

/* ---- 2.8 Index arithmetic --------------------------------------------------------------- */
#define VTD_PT_ENTRIES 512
#define VTD_PT_INDEX_BITS 9
#define VTD_PTE_BYTES 8
/* The shift of a level's index in an address; level 1 holds 4 KiB leaves. */
#define VTD_LEVEL_SHIFT(level) (12 + 9 * ((level) - 1))

/* Leaf sizes as log2 of bytes, and the address masks that cover them. */
#define VTD_LEAF_4K_LG2 12
#define VTD_LEAF_2M_LG2 21
#define VTD_LEAF_1G_LG2 30
#define VTD_AM_4K 0
#define VTD_AM_2M 9
#define VTD_AM_1G 18

/* Canonical test of first-stage input: these bits must be all equal. */
#define VTD_CANONICAL_4LEVEL SPEC_MASK64(63, 47)
#define VTD_CANONICAL_5LEVEL SPEC_MASK64(63, 56)

/* ---- 2.9 Interrupt address range (both ends included) ----------------------------------- */
#define VTD_INTERRUPT_FIRST ((uint64_t)0xFEE00000)
#define VTD_INTERRUPT_LAST ((uint64_t)0xFEEFFFFF)

/* ---- 3.5 Page-request queue entry: 32 bytes --------------------------------------------- */
#define VTD_PRQ_BYTES 32
#define VTD_PRQ_TYPE_PAGE_REQUEST 1
#define VTD_PRQ0_TYPE SPEC_MASK64(7, 0)
#define VTD_PRQ0_PP SPEC_BIT64(8)
#define VTD_PRQ0_RID SPEC_MASK64(31, 16)
#define VTD_PRQ0_PASID SPEC_MASK64(51, 32)
#define VTD_PRQ0_EXEC SPEC_BIT64(52)
#define VTD_PRQ0_PRIV SPEC_BIT64(53)
#define VTD_PRQ1_READ SPEC_BIT64(0)
#define VTD_PRQ1_WRITE SPEC_BIT64(1)
#define VTD_PRQ1_LPIG SPEC_BIT64(2) /* with neither read nor write: the stop marker */
#define VTD_PRQ1_PRGI SPEC_MASK64(11, 3)
#define VTD_PRQ1_ADDR SPEC_MASK64(63, 12)

#endif
