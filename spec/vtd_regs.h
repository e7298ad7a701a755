/* SPDX-License-Identifier: MIT */
/*
 * VT-d remapping unit: memory-mapped registers and their fields.
 * Topic in the architecture: "Remapping hardware - software register interface". Comments starting
 * with 1.x count the groups of this header.
 *
 * VTD_REG_<name>        byte offset from the unit's register base
 * VTD_<reg>_<field>     mask of one field, as wide as the register; use SPEC_GET and SPEC_PUT
 * VTD_<...>_FIELDS(X)   the same as tables: X(NAME, mask, "meaning")
 * VTD_REGISTERS(X)      X(NAME, offset, width in bits, "meaning")
 */
#ifndef IOMMUKIT_SPEC_VTD_REGS_H
#define IOMMUKIT_SPEC_VTD_REGS_H

#include <stdint.h>

#include "spec/bits.h"

/* ---- 1.2 Register map ------------------------------------------------------------------- */
#define VTD_REG_VER 0x000
#define VTD_REG_CAP 0x008
#define VTD_REG_ECAP 0x010
#define VTD_REG_GCMD 0x018
#define VTD_REG_GSTS 0x01C
#define VTD_REG_RTADDR 0x020
#define VTD_REG_CCMD 0x028
#define VTD_REG_FSTS 0x034
#define VTD_REG_FECTL 0x038
#define VTD_REG_FEDATA 0x03C
#define VTD_REG_FEADDR 0x040
#define VTD_REG_FEUADDR 0x044
#define VTD_REG_AFLOG 0x058 /* removed in rev 4.0 */
#define VTD_REG_PMEN 0x064
#define VTD_REG_PLMBASE 0x068
#define VTD_REG_PLMLIMIT 0x06C
#define VTD_REG_PHMBASE 0x070
#define VTD_REG_PHMLIMIT 0x078
#define VTD_REG_IQH 0x080
#define VTD_REG_IQT 0x088
#define VTD_REG_IQA 0x090
#define VTD_REG_ICS 0x09C
#define VTD_REG_IECTL 0x0A0
#define VTD_REG_IEDATA 0x0A4
#define VTD_REG_IEADDR 0x0A8
#define VTD_REG_IEUADDR 0x0AC
#define VTD_REG_IQERCD 0x0B0 /* rev 3.1 and later */
#define VTD_REG_IRTA 0x0B8
#define VTD_REG_PQH 0x0C0
#define VTD_REG_PQT 0x0C8
#define VTD_REG_PQA 0x0D0
#define VTD_REG_PRS 0x0DC
#define VTD_REG_PECTL 0x0E0
#define VTD_REG_PEDATA 0x0E4
#define VTD_REG_PEADDR 0x0E8
#define VTD_REG_PEUADDR 0x0EC
#define VTD_REG_MTRRCAP 0x100
#define VTD_REG_MTRRDEF 0x108
#define VTD_REG_MTRR_FIXED 0x120 /* first of 11 fixed-range registers, up to 0x170 */
#define VTD_REG_MTRR_VARIABLE 0x180 /* first of 10 base/mask pairs, up to 0x218 */
#define VTD_REG_PERFCAP 0x300
#define VTD_REG_PERFCFGOFF 0x310
#define VTD_REG_PERFFRZOFF 0x314
#define VTD_REG_PERFOVFOFF 0x318
#define VTD_REG_PERFCNTROFF 0x31C
#define VTD_REG_PERFINTRSTS 0x324
#define VTD_REG_PERFINTRCTL 0x328
#define VTD_REG_PERFEVNTCAP 0x380
#define VTD_REG_ECMD 0x400
#define VTD_REG_ECEO 0x408
#define VTD_REG_ECRSP 0x410
#define VTD_REG_ECSTS0 0x420
#define VTD_REG_ECSTS1 0x428
#define VTD_REG_ECCAP0 0x430
#define VTD_REG_ECCAP1 0x438
#define VTD_REG_ECCAP2 0x440
#define VTD_REG_ECCAP3 0x448
#define VTD_REG_RDTC 0xDC0 /* rev 5 */
#define VTD_REG_VCMD 0xE00
#define VTD_REG_VCMD_EO 0xE08
#define VTD_REG_VCRSP 0xE10
#define VTD_REG_VCCAP 0xE30

#define VTD_MTRR_FIXED_COUNT 11
#define VTD_MTRR_VARIABLE_COUNT 10

/* Registers whose place the unit chooses: from CAP and ECAP values. */
#define VTD_FRO_UNIT 16
#define VTD_IRO_UNIT 16
#define VTD_REG_FRCD(cap, n) \
    ((uint32_t)(SPEC_GET(VTD_CAP_FRO, (cap)) * VTD_FRO_UNIT) + (uint32_t)(n) * VTD_FRCD_BYTES)
#define VTD_REG_IVA(ecap) ((uint32_t)(SPEC_GET(VTD_ECAP_IRO, (ecap)) * VTD_IRO_UNIT))
#define VTD_REG_IOTLB(ecap) (VTD_REG_IVA(ecap) + 8u)

/* Every register at a fixed place, except the MTRR arrays. */
#define VTD_REGISTERS(X)                                                                  \
    X(VER, VTD_REG_VER, 32, "architecture version")                                       \
    X(CAP, VTD_REG_CAP, 64, "capabilities")                                               \
    X(ECAP, VTD_REG_ECAP, 64, "extended capabilities")                                    \
    X(GCMD, VTD_REG_GCMD, 32, "global command, write only")                               \
    X(GSTS, VTD_REG_GSTS, 32, "global status")                                            \
    X(RTADDR, VTD_REG_RTADDR, 64, "root table address and table mode")                    \
    X(CCMD, VTD_REG_CCMD, 64, "context-cache invalidation by register")                   \
    X(FSTS, VTD_REG_FSTS, 32, "fault status")                                             \
    X(FECTL, VTD_REG_FECTL, 32, "fault event control")                                    \
    X(FEDATA, VTD_REG_FEDATA, 32, "fault event message data")                             \
    X(FEADDR, VTD_REG_FEADDR, 32, "fault event message address")                          \
    X(FEUADDR, VTD_REG_FEUADDR, 32, "fault event message upper address")                  \
    X(AFLOG, VTD_REG_AFLOG, 64, "advanced fault log, removed in rev 4.0")                 \
    X(PMEN, VTD_REG_PMEN, 32, "protected memory enable")                                  \
    X(PLMBASE, VTD_REG_PLMBASE, 32, "protected low memory base")                          \
    X(PLMLIMIT, VTD_REG_PLMLIMIT, 32, "protected low memory limit")                       \
    X(PHMBASE, VTD_REG_PHMBASE, 64, "protected high memory base")                         \
    X(PHMLIMIT, VTD_REG_PHMLIMIT, 64, "protected high memory limit")                      \
    X(IQH, VTD_REG_IQH, 64, "invalidation queue head")                                    \
    X(IQT, VTD_REG_IQT, 64, "invalidation queue tail")                                    \
    X(IQA, VTD_REG_IQA, 64, "invalidation queue address, size and width")                 \
    X(ICS, VTD_REG_ICS, 32, "invalidation completion status")                             \
    X(IECTL, VTD_REG_IECTL, 32, "invalidation event control")                             \
    X(IEDATA, VTD_REG_IEDATA, 32, "invalidation event message data")                      \
    X(IEADDR, VTD_REG_IEADDR, 32, "invalidation event message address")                   \
    X(IEUADDR, VTD_REG_IEUADDR, 32, "invalidation event message upper address")           \
    X(IQERCD, VTD_REG_IQERCD, 64, "invalidation queue error record")                      \
    X(IRTA, VTD_REG_IRTA, 64, "interrupt remapping table address")                        \
    X(PQH, VTD_REG_PQH, 64, "page request queue head")                                    \
    X(PQT, VTD_REG_PQT, 64, "page request queue tail")                                    \
    X(PQA, VTD_REG_PQA, 64, "page request queue address and size")                        \
    X(PRS, VTD_REG_PRS, 32, "page request status")                                        \
    X(PECTL, VTD_REG_PECTL, 32, "page request event control")                             \
    X(PEDATA, VTD_REG_PEDATA, 32, "page request event message data")                      \
    X(PEADDR, VTD_REG_PEADDR, 32, "page request event message address")                   \
    X(PEUADDR, VTD_REG_PEUADDR, 32, "page request event message upper address")           \
    X(MTRRCAP, VTD_REG_MTRRCAP, 64, "memory type range capabilities")                     \
    X(MTRRDEF, VTD_REG_MTRRDEF, 64, "default memory type")                                \
    X(PERFCAP, VTD_REG_PERFCAP, 64, "performance monitoring capabilities")                \
    X(PERFCFGOFF, VTD_REG_PERFCFGOFF, 32, "offset of counter configuration")              \
    X(PERFFRZOFF, VTD_REG_PERFFRZOFF, 32, "offset of counter freeze status")              \
    X(PERFOVFOFF, VTD_REG_PERFOVFOFF, 32, "offset of counter overflow status")            \
    X(PERFCNTROFF, VTD_REG_PERFCNTROFF, 32, "offset of counters")                         \
    X(PERFINTRSTS, VTD_REG_PERFINTRSTS, 32, "performance interrupt status")               \
    X(PERFINTRCTL, VTD_REG_PERFINTRCTL, 32, "performance interrupt control")              \
    X(PERFEVNTCAP, VTD_REG_PERFEVNTCAP, 64, "performance event capabilities")             \
    X(ECMD, VTD_REG_ECMD, 64, "enhanced command")                                         \
    X(ECEO, VTD_REG_ECEO, 64, "enhanced command extended operand")                        \
    X(ECRSP, VTD_REG_ECRSP, 64, "enhanced command response")                              \
    X(ECSTS0, VTD_REG_ECSTS0, 64, "enhanced command status 0")                            \
    X(ECSTS1, VTD_REG_ECSTS1, 64, "enhanced command status 1")                            \
    X(ECCAP0, VTD_REG_ECCAP0, 64, "enhanced command capabilities 0")                      \
    X(ECCAP1, VTD_REG_ECCAP1, 64, "enhanced command capabilities 1")                      \
    X(ECCAP2, VTD_REG_ECCAP2, 64, "enhanced command capabilities 2")                      \
    X(ECCAP3, VTD_REG_ECCAP3, 64, "enhanced command capabilities 3")                      \
    X(RDTC, VTD_REG_RDTC, 64, "resource director control, rev 5")                         \
    X(VCMD, VTD_REG_VCMD, 64, "virtual command")                                          \
    X(VCMD_EO, VTD_REG_VCMD_EO, 64, "virtual command extended operand")                   \
    X(VCRSP, VTD_REG_VCRSP, 64, "virtual command response")                               \
    X(VCCAP, VTD_REG_VCCAP, 64, "virtual command capabilities")

/* ---- 1.3 Version and capabilities ------------------------------------------------------- */
#define VTD_VER_MINOR SPEC_MASK32(3, 0)
#define VTD_VER_MAJOR SPEC_MASK32(7, 4)

/* Majors that change what software may do. */
#define VTD_MAJOR_ALWAYS_DRAINS 2 /* invalidations drain whatever DR and DW say */
#define VTD_MAJOR_QUEUE_ONLY 6    /* CCMD and IOTLB always report an error */
#define VTD_MAJOR_NO_EXECUTE 8    /* execute requests fault */

#define VTD_CAP_ND SPEC_MASK64(2, 0)
#define VTD_CAP_AFL SPEC_BIT64(3)
#define VTD_CAP_RWBF SPEC_BIT64(4)
#define VTD_CAP_PLMR SPEC_BIT64(5)
#define VTD_CAP_PHMR SPEC_BIT64(6)
#define VTD_CAP_CM SPEC_BIT64(7)
#define VTD_CAP_SAGAW SPEC_MASK64(12, 8)
#define VTD_CAP_MGAW SPEC_MASK64(21, 16)
#define VTD_CAP_ZLR SPEC_BIT64(22)
#define VTD_CAP_ISOCH SPEC_BIT64(23)
#define VTD_CAP_FRO SPEC_MASK64(33, 24)
#define VTD_CAP_SSLPS SPEC_MASK64(37, 34)
#define VTD_CAP_PSI SPEC_BIT64(39)
#define VTD_CAP_NFR SPEC_MASK64(47, 40)
#define VTD_CAP_MAMV SPEC_MASK64(53, 48)
#define VTD_CAP_DWD SPEC_BIT64(54)
#define VTD_CAP_DRD SPEC_BIT64(55)
#define VTD_CAP_FS1GP SPEC_BIT64(56)
#define VTD_CAP_PI SPEC_BIT64(59)
#define VTD_CAP_FS5LP SPEC_BIT64(60)
#define VTD_CAP_ECMDS SPEC_BIT64(61)
#define VTD_CAP_ESIRTPS SPEC_BIT64(62)
#define VTD_CAP_ESRTPS SPEC_BIT64(63)
#define VTD_CAP_RSVD (SPEC_MASK64(15, 13) | SPEC_BIT64(38) | SPEC_MASK64(58, 57))

#define VTD_CAP_FIELDS(X)                                                                 \
    X(ND, VTD_CAP_ND, "domain-id width is 4 + 2 * ND bits")                               \
    X(AFL, VTD_CAP_AFL, "advanced fault logging")                                         \
    X(RWBF, VTD_CAP_RWBF, "write buffers need flushing by command")                       \
    X(PLMR, VTD_CAP_PLMR, "protected low memory region")                                  \
    X(PHMR, VTD_CAP_PHMR, "protected high memory region")                                 \
    X(CM, VTD_CAP_CM, "caching mode: not-present entries may be cached")                  \
    X(SAGAW, VTD_CAP_SAGAW, "second-stage widths: bit 1 39, bit 2 48, bit 3 57")          \
    X(MGAW, VTD_CAP_MGAW, "input address width - 1")                                      \
    X(ZLR, VTD_CAP_ZLR, "zero-length reads of write-only pages")                          \
    X(ISOCH, VTD_CAP_ISOCH, "isochrony, deprecated")                                      \
    X(FRO, VTD_CAP_FRO, "fault record offset / 16")                                       \
    X(SSLPS, VTD_CAP_SSLPS, "second-stage large pages: bit 0 2 MiB, bit 1 1 GiB")         \
    X(PSI, VTD_CAP_PSI, "IOTLB invalidation by page")                                     \
    X(NFR, VTD_CAP_NFR, "number of fault records - 1")                                    \
    X(MAMV, VTD_CAP_MAMV, "largest address mask of a page invalidation")                  \
    X(DWD, VTD_CAP_DWD, "invalidation can drain writes")                                  \
    X(DRD, VTD_CAP_DRD, "invalidation can drain reads")                                   \
    X(FS1GP, VTD_CAP_FS1GP, "first-stage 1 GiB pages")                                    \
    X(PI, VTD_CAP_PI, "posted interrupts")                                                \
    X(FS5LP, VTD_CAP_FS5LP, "first-stage five-level paging")                              \
    X(ECMDS, VTD_CAP_ECMDS, "enhanced commands")                                          \
    X(ESIRTPS, VTD_CAP_ESIRTPS, "setting the interrupt table flushes its cache")          \
    X(ESRTPS, VTD_CAP_ESRTPS, "setting the root table flushes the caches")

/* Bits within the SAGAW and SSLPS fields, after SPEC_GET. */
#define VTD_SAGAW_39 SPEC_BIT32(1)
#define VTD_SAGAW_48 SPEC_BIT32(2)
#define VTD_SAGAW_57 SPEC_BIT32(3)
#define VTD_SSLPS_2M SPEC_BIT32(0)
#define VTD_SSLPS_1G SPEC_BIT32(1)

#define VTD_CAP_ND_MAX 6 /* 16-bit domain ids; 7 is reserved */

/* ---- 1.4 Extended capabilities ---------------------------------------------------------- */
#define VTD_ECAP_C SPEC_BIT64(0)
#define VTD_ECAP_QI SPEC_BIT64(1)
#define VTD_ECAP_DT SPEC_BIT64(2)
#define VTD_ECAP_IR SPEC_BIT64(3)
#define VTD_ECAP_EIM SPEC_BIT64(4)
#define VTD_ECAP_OLD5 SPEC_BIT64(5)
#define VTD_ECAP_PT SPEC_BIT64(6)
#define VTD_ECAP_SC SPEC_BIT64(7)
#define VTD_ECAP_IRO SPEC_MASK64(17, 8)
#define VTD_ECAP_MHMV SPEC_MASK64(23, 20)
#define VTD_ECAP_ECS SPEC_BIT64(24)
#define VTD_ECAP_MTS SPEC_BIT64(25)
#define VTD_ECAP_NEST SPEC_BIT64(26)
#define VTD_ECAP_DIS SPEC_BIT64(27)
#define VTD_ECAP_OLDPASID SPEC_BIT64(28)
#define VTD_ECAP_PRS SPEC_BIT64(29)
#define VTD_ECAP_ERS SPEC_BIT64(30)
#define VTD_ECAP_SRS SPEC_BIT64(31)
#define VTD_ECAP_NWFS SPEC_BIT64(33)
#define VTD_ECAP_EAFS SPEC_BIT64(34)
#define VTD_ECAP_PSS SPEC_MASK64(39, 35)
#define VTD_ECAP_PASID SPEC_BIT64(40)
#define VTD_ECAP_DIT SPEC_BIT64(41)
#define VTD_ECAP_PDS SPEC_BIT64(42)
#define VTD_ECAP_SMTS SPEC_BIT64(43)
#define VTD_ECAP_VCS SPEC_BIT64(44)
#define VTD_ECAP_SSADS SPEC_BIT64(45)
#define VTD_ECAP_SSTS SPEC_BIT64(46)
#define VTD_ECAP_FSTS SPEC_BIT64(47)
#define VTD_ECAP_SMPWCS SPEC_BIT64(48)
#define VTD_ECAP_RPS SPEC_BIT64(49)
#define VTD_ECAP_TDXCS SPEC_BIT64(50)
#define VTD_ECAP_PMS SPEC_BIT64(51)
#define VTD_ECAP_ADMS SPEC_BIT64(52)
#define VTD_ECAP_RPRIVS SPEC_BIT64(53)
#define VTD_ECAP_HPTS SPEC_BIT64(55)
#define VTD_ECAP_PTRS SPEC_BIT64(56)
#define VTD_ECAP_SSIRWS SPEC_BIT64(57)
#define VTD_ECAP_SMS SPEC_BIT64(58)
#define VTD_ECAP_HPT1GPS SPEC_BIT64(59)
#define VTD_ECAP_RDTS SPEC_BIT64(60)
#define VTD_ECAP_EIMER SPEC_BIT64(61)
#define VTD_ECAP_IRREQ SPEC_BIT64(62)
#define VTD_ECAP_RSVD (SPEC_MASK64(19, 18) | SPEC_BIT64(32) | SPEC_BIT64(54) | SPEC_BIT64(63))

#define VTD_ECAP_FIELDS(X)                                                                \
    X(C, VTD_ECAP_C, "tables other than scalable paging tables are snooped")              \
    X(QI, VTD_ECAP_QI, "queued invalidation")                                             \
    X(DT, VTD_ECAP_DT, "device-TLB")                                                      \
    X(IR, VTD_ECAP_IR, "interrupt remapping")                                             \
    X(EIM, VTD_ECAP_EIM, "interrupt remapping with 32-bit APIC ids")                      \
    X(OLD5, VTD_ECAP_OLD5, "deprecated")                                                  \
    X(PT, VTD_ECAP_PT, "pass-through")                                                    \
    X(SC, VTD_ECAP_SC, "snoop control of the final access")                               \
    X(IRO, VTD_ECAP_IRO, "IOTLB register offset / 16")                                    \
    X(MHMV, VTD_ECAP_MHMV, "largest index mask of an interrupt entry invalidation")       \
    X(ECS, VTD_ECAP_ECS, "old extended mode, deprecated")                                 \
    X(MTS, VTD_ECAP_MTS, "memory types")                                                  \
    X(NEST, VTD_ECAP_NEST, "nested translation")                                          \
    X(DIS, VTD_ECAP_DIS, "old deferred invalidation, reserved")                           \
    X(OLDPASID, VTD_ECAP_OLDPASID, "old PASID position, to be ignored")                   \
    X(PRS, VTD_ECAP_PRS, "page requests")                                                 \
    X(ERS, VTD_ECAP_ERS, "execute requests, deprecated")                                  \
    X(SRS, VTD_ECAP_SRS, "supervisor requests")                                           \
    X(NWFS, VTD_ECAP_NWFS, "no-write flag of translation requests")                       \
    X(EAFS, VTD_ECAP_EAFS, "first-stage extended accessed flag")                          \
    X(PSS, VTD_ECAP_PSS, "PASID width - 1")                                               \
    X(PASID, VTD_ECAP_PASID, "requests with PASID")                                       \
    X(DIT, VTD_ECAP_DIT, "device-TLB invalidation throttling by physical function")       \
    X(PDS, VTD_ECAP_PDS, "wait descriptor can drain page requests")                       \
    X(SMTS, VTD_ECAP_SMTS, "scalable mode")                                               \
    X(VCS, VTD_ECAP_VCS, "virtual commands, emulation only")                              \
    X(SSADS, VTD_ECAP_SSADS, "second-stage accessed and dirty flags")                     \
    X(SSTS, VTD_ECAP_SSTS, "second-stage translation in scalable mode")                   \
    X(FSTS, VTD_ECAP_FSTS, "first-stage translation")                                     \
    X(SMPWCS, VTD_ECAP_SMPWCS, "scalable-mode paging tables can be snooped")              \
    X(RPS, VTD_ECAP_RPS, "context entry names the PASID of plain requests")               \
    X(TDXCS, VTD_ECAP_TDXCS, "trusted domain support, rev 5")                             \
    X(PMS, VTD_ECAP_PMS, "performance monitoring")                                        \
    X(ADMS, VTD_ECAP_ADMS, "abort-DMA table mode")                                        \
    X(RPRIVS, VTD_ECAP_RPRIVS, "context entry names the privilege of plain requests")     \
    X(HPTS, VTD_ECAP_HPTS, "host permission table, rev 5")                                \
    X(PTRS, VTD_ECAP_PTRS, "PASID in translated requests, rev 5")                         \
    X(SSIRWS, VTD_ECAP_SSIRWS, "second-stage indirect rights, rev 5")                     \
    X(SMS, VTD_ECAP_SMS, "stop marker")                                                   \
    X(HPT1GPS, VTD_ECAP_HPT1GPS, "host permission table with 1 GiB pages, rev 5")         \
    X(RDTS, VTD_ECAP_RDTS, "resource director, rev 5")                                    \
    X(EIMER, VTD_ECAP_EIMER, "32-bit APIC ids required")                                  \
    X(IRREQ, VTD_ECAP_IRREQ, "interrupt remapping required")

/* ---- 1.5 Global command and status ------------------------------------------------------ */
#define VTD_GCMD_TE SPEC_BIT32(31)
#define VTD_GCMD_SRTP SPEC_BIT32(30)
#define VTD_GCMD_SFL SPEC_BIT32(29)
#define VTD_GCMD_EAFL SPEC_BIT32(28)
#define VTD_GCMD_WBF SPEC_BIT32(27)
#define VTD_GCMD_QIE SPEC_BIT32(26)
#define VTD_GCMD_IRE SPEC_BIT32(25)
#define VTD_GCMD_SIRTP SPEC_BIT32(24)
#define VTD_GCMD_CFI SPEC_BIT32(23)

#define VTD_GSTS_TES SPEC_BIT32(31)
#define VTD_GSTS_RTPS SPEC_BIT32(30)
#define VTD_GSTS_FLS SPEC_BIT32(29)
#define VTD_GSTS_AFLS SPEC_BIT32(28)
#define VTD_GSTS_WBFS SPEC_BIT32(27) /* 1 while the flush is pending */
#define VTD_GSTS_QIES SPEC_BIT32(26)
#define VTD_GSTS_IRES SPEC_BIT32(25)
#define VTD_GSTS_IRTPS SPEC_BIT32(24)
#define VTD_GSTS_CFIS SPEC_BIT32(23)

/* One-shot bits start something; they must be dropped when a status is written back as command. */
#define VTD_GCMD_ONESHOT (VTD_GCMD_SRTP | VTD_GCMD_SFL | VTD_GCMD_WBF | VTD_GCMD_SIRTP)
#define VTD_GCMD_LEVEL (VTD_GCMD_TE | VTD_GCMD_EAFL | VTD_GCMD_QIE | VTD_GCMD_IRE | VTD_GCMD_CFI)
#define VTD_GCMD_KEEP ((uint32_t)0x96FFFFFF)

#define VTD_GSTS_FIELDS(X)                                                                \
    X(TES, VTD_GSTS_TES, "translation enabled")                                           \
    X(RTPS, VTD_GSTS_RTPS, "root table pointer set")                                      \
    X(FLS, VTD_GSTS_FLS, "advanced fault log pointer set")                                \
    X(AFLS, VTD_GSTS_AFLS, "advanced fault logging enabled")                              \
    X(WBFS, VTD_GSTS_WBFS, "write buffer flush pending")                                  \
    X(QIES, VTD_GSTS_QIES, "queued invalidation enabled")                                 \
    X(IRES, VTD_GSTS_IRES, "interrupt remapping enabled")                                 \
    X(IRTPS, VTD_GSTS_IRTPS, "interrupt table pointer set")                               \
    X(CFIS, VTD_GSTS_CFIS, "compatibility-format interrupts allowed")

/* ---- 1.6 Root table address and register-based invalidation ----------------------------- */
#define VTD_RTADDR_RTA SPEC_MASK64(63, 12)
#define VTD_RTADDR_TTM SPEC_MASK64(11, 10)
#define VTD_RTADDR_SSIRWE SPEC_BIT64(7) /* rev 5 */

#define VTD_TTM_LEGACY 0
#define VTD_TTM_SCALABLE 1
#define VTD_TTM_RESERVED 2
#define VTD_TTM_ABORT 3

#define VTD_CCMD_ICC SPEC_BIT64(63)
#define VTD_CCMD_CIRG SPEC_MASK64(62, 61)
#define VTD_CCMD_CAIG SPEC_MASK64(60, 59) /* what was done; 0 is an error */
#define VTD_CCMD_FM SPEC_MASK64(33, 32)
#define VTD_CCMD_SID SPEC_MASK64(31, 16)
#define VTD_CCMD_DID SPEC_MASK64(15, 0)

#define VTD_CCMD_CIRG_GLOBAL 1
#define VTD_CCMD_CIRG_DOMAIN 2
#define VTD_CCMD_CIRG_DEVICE 3

/* Function mask: which low requester-id bits a device invalidation ignores. */
#define VTD_FM_EXACT 0
#define VTD_FM_BIT2 1
#define VTD_FM_BITS21 2
#define VTD_FM_BITS210 3

#define VTD_IVA_ADDR SPEC_MASK64(63, 12)
#define VTD_IVA_IH SPEC_BIT64(6)
#define VTD_IVA_AM SPEC_MASK64(5, 0)

#define VTD_IOTLB_IVT SPEC_BIT64(63)
#define VTD_IOTLB_IIRG SPEC_MASK64(61, 60)
#define VTD_IOTLB_IAIG SPEC_MASK64(58, 57) /* what was done; 0 is an error */
#define VTD_IOTLB_DR SPEC_BIT64(49)
#define VTD_IOTLB_DW SPEC_BIT64(48)
#define VTD_IOTLB_DID SPEC_MASK64(47, 32)

#define VTD_IOTLB_IIRG_GLOBAL 1
#define VTD_IOTLB_IIRG_DOMAIN 2
#define VTD_IOTLB_IIRG_PAGE 3

/* ---- 1.7 Fault registers ---------------------------------------------------------------- */
#define VTD_FSTS_PFO SPEC_BIT32(0)
#define VTD_FSTS_PPF SPEC_BIT32(1)
#define VTD_FSTS_AFO SPEC_BIT32(2)
#define VTD_FSTS_APF SPEC_BIT32(3)
#define VTD_FSTS_IQE SPEC_BIT32(4)
#define VTD_FSTS_ICE SPEC_BIT32(5)
#define VTD_FSTS_ITE SPEC_BIT32(6)
#define VTD_FSTS_PRO SPEC_BIT32(7) /* deprecated, see VTD_PRS_PRO */
#define VTD_FSTS_FRI SPEC_MASK32(15, 8)

#define VTD_FSTS_FIELDS(X)                                                                \
    X(PFO, VTD_FSTS_PFO, "fault records overflowed")                                      \
    X(PPF, VTD_FSTS_PPF, "a fault record is pending")                                     \
    X(AFO, VTD_FSTS_AFO, "advanced fault log overflowed")                                 \
    X(APF, VTD_FSTS_APF, "advanced fault log has a fault")                                \
    X(IQE, VTD_FSTS_IQE, "invalidation queue error")                                      \
    X(ICE, VTD_FSTS_ICE, "unexpected device-TLB completion")                              \
    X(ITE, VTD_FSTS_ITE, "device-TLB invalidation timed out")                             \
    X(PRO, VTD_FSTS_PRO, "page request overflow, deprecated")                             \
    X(FRI, VTD_FSTS_FRI, "index of the first pending record")

/* Event control, the same for fault, invalidation and page-request events. */
#define VTD_FECTL_IM SPEC_BIT32(31)
#define VTD_FECTL_IP SPEC_BIT32(30)
#define VTD_IECTL_IM SPEC_BIT32(31)
#define VTD_IECTL_IP SPEC_BIT32(30)
#define VTD_PECTL_IM SPEC_BIT32(31)
#define VTD_PECTL_IP SPEC_BIT32(30)

/* Event message: xxDATA, xxADDR, xxUADDR. */
#define VTD_MSI_DATA SPEC_MASK32(15, 0)
#define VTD_MSI_DATA_VECTOR SPEC_MASK32(7, 0)
#define VTD_MSI_DATA_DELIVERY SPEC_BIT32(8) /* 0 fixed, 1 lowest priority */
#define VTD_MSI_ADDR SPEC_MASK32(31, 2)
#define VTD_MSI_ADDR_FEE SPEC_MASK32(31, 20)
#define VTD_MSI_ADDR_APICID SPEC_MASK32(19, 12)
#define VTD_MSI_ADDR_HINT SPEC_BIT32(3)
#define VTD_MSI_ADDR_LOGICAL SPEC_BIT32(2)
#define VTD_MSI_UADDR_APICID SPEC_MASK32(31, 8)
#define VTD_MSI_ADDR_BASE ((uint32_t)0xFEE00000)

/* Fault record, 128 bits: low and high qword. Read the top dword first, clear F through it. */
#define VTD_FRCD_BYTES 16
#define VTD_FRCD_TOP 12 /* byte offset of the dword that holds F */
#define VTD_FRCD_TOP_F SPEC_BIT32(31)
#define VTD_FRCD_LO_FI SPEC_MASK64(63, 12)
#define VTD_FRCD_LO_IIDX SPEC_MASK64(63, 48) /* interrupt faults: the entry's index */
#define VTD_FRCD_LO_RSVD SPEC_MASK64(11, 0)
#define VTD_FRCD_HI_SID SPEC_MASK64(15, 0)
#define VTD_FRCD_HI_RSVD SPEC_MASK64(27, 16)
#define VTD_FRCD_HI_T2 SPEC_BIT64(28)
#define VTD_FRCD_HI_PRIV SPEC_BIT64(29)
#define VTD_FRCD_HI_EXE SPEC_BIT64(30)
#define VTD_FRCD_HI_PP SPEC_BIT64(31)
#define VTD_FRCD_HI_FR SPEC_MASK64(39, 32)
#define VTD_FRCD_HI_PV SPEC_MASK64(59, 40)
#define VTD_FRCD_HI_AT SPEC_MASK64(61, 60)
#define VTD_FRCD_HI_T1 SPEC_BIT64(62)
#define VTD_FRCD_HI_F SPEC_BIT64(63)

/* The request that faulted, T1 as the upper and T2 as the lower bit. */
enum vtd_request_type {
    VTD_REQUEST_WRITE = 0,
    VTD_REQUEST_PAGE = 1,
    VTD_REQUEST_READ = 2,
    VTD_REQUEST_ATOMIC = 3,
};

/* Address type of a request. */
enum vtd_address_type {
    VTD_AT_UNTRANSLATED = 0,
    VTD_AT_TRANSLATION = 1,
    VTD_AT_TRANSLATED = 2,
};

/* ---- 1.8 Protected memory and queues ---------------------------------------------------- */
#define VTD_PMEN_EPM SPEC_BIT32(31)
#define VTD_PMEN_PRS SPEC_BIT32(0)

#define VTD_IQH_QH SPEC_MASK64(18, 4)
#define VTD_IQT_QT SPEC_MASK64(18, 4)
#define VTD_IQT_MISALIGNED SPEC_BIT64(4) /* must be 0 when descriptors are 256 bits wide */
#define VTD_IQA_IQA SPEC_MASK64(63, 12)
#define VTD_IQA_DW SPEC_BIT64(11)
#define VTD_IQA_QS SPEC_MASK64(2, 0) /* 2^QS pages */

#define VTD_ICS_IWC SPEC_BIT32(0)

#define VTD_IQERCD_IQEI SPEC_MASK64(3, 0)
#define VTD_IQERCD_ITESID SPEC_MASK64(47, 32)
#define VTD_IQERCD_ICESID SPEC_MASK64(63, 48)

enum vtd_iqei {
    VTD_IQEI_NONE = 0,
    VTD_IQEI_BAD_TAIL = 1,
    VTD_IQEI_FETCH = 2,
    VTD_IQEI_BAD_TYPE = 3, /* also a bad granularity, or a type this mode does not have */
    VTD_IQEI_RESERVED = 4,
    VTD_IQEI_BAD_WIDTH = 5,
    VTD_IQEI_TAIL_MISALIGNED = 6,
    VTD_IQEI_BAD_TTM = 7,
};

#define VTD_IRTA_IRTA SPEC_MASK64(63, 12)
#define VTD_IRTA_EIME SPEC_BIT64(11)
#define VTD_IRTA_S SPEC_MASK64(3, 0) /* 2^(S+1) entries */

#define VTD_PQH_PQH SPEC_MASK64(18, 5)
#define VTD_PQT_PQT SPEC_MASK64(18, 5)
#define VTD_PQA_PQA SPEC_MASK64(63, 12)
#define VTD_PQA_PQS SPEC_MASK64(2, 0) /* 2^PQS pages */
#define VTD_PRS_PPR SPEC_BIT32(0)
#define VTD_PRS_PRO SPEC_BIT32(1)

#define VTD_AFLOG_FLA SPEC_MASK64(63, 12)
#define VTD_AFLOG_FLS SPEC_MASK64(11, 9)

/* ---- 1.9 Enhanced and virtual commands -------------------------------------------------- */
#define VTD_ECMD_CMD SPEC_MASK64(7, 0)
#define VTD_ECMD_OPERAND SPEC_MASK64(63, 16)
#define VTD_ECRSP_IP SPEC_BIT64(0)
#define VTD_ECRSP_STATUS SPEC_MASK64(7, 1)
#define VTD_ECRSP_RESULT SPEC_MASK64(63, 16)
#define VTD_ECRSP_STATUS_OK 0
#define VTD_ECRSP_STATUS_UNDEFINED 1
#define VTD_ECRSP_STATUS_ABORTED 2

#define VTD_ECCAP3_ECNTS SPEC_BIT64(48)
#define VTD_ECCAP3_DCNTS SPEC_BIT64(49)
#define VTD_ECCAP3_RCFGS SPEC_BIT64(50)
#define VTD_ECCAP3_RCNTS SPEC_BIT64(51)
#define VTD_ECCAP3_FCNTS SPEC_BIT64(52)
#define VTD_ECCAP3_UFCNTS SPEC_BIT64(53)

#define VTD_ECMD_ENABLE_COUNTER 0xF0
#define VTD_ECMD_DISABLE_COUNTER 0xF1
#define VTD_ECMD_RESET_CONFIG 0xF2
#define VTD_ECMD_RESET_COUNTERS 0xF3
#define VTD_ECMD_FREEZE 0xF4
#define VTD_ECMD_UNFREEZE 0xF5

#define VTD_VCCAP_PASID SPEC_BIT64(0) /* PASID allocation through the virtual command */

#endif
