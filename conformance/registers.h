/* SPDX-License-Identifier: MIT */
/* registers.h - the few registers of a unit that the suite itself looks at, by number. */
#ifndef IOMMUKIT_CONFORMANCE_REGISTERS_H
#define IOMMUKIT_CONFORMANCE_REGISTERS_H

#include <stdint.h>

enum {
    REG_GCMD = 0x18,
    REG_GSTS = 0x1c,
    REG_CCMD = 0x28,
    REG_PMEN = 0x64,
    REG_PLMBASE = 0x68,
    REG_PLMLIMIT = 0x6c,
    REG_IQH = 0x80,
    REG_IQT = 0x88,
    REG_IRTA = 0xb8,
};

#define GCMD_TE    (UINT32_C(1) << 31)
#define GCMD_SRTP  (UINT32_C(1) << 30)
#define GCMD_SFL   (UINT32_C(1) << 29)
#define GCMD_EAFL  (UINT32_C(1) << 28)
#define GCMD_WBF   (UINT32_C(1) << 27)
#define GCMD_QIE   (UINT32_C(1) << 26)
#define GCMD_IRE   (UINT32_C(1) << 25)
#define GCMD_SIRTP (UINT32_C(1) << 24)
#define GCMD_CFI   (UINT32_C(1) << 23)

/* Started and not done, in the upper half of CCMD and IOTLB. */
#define COMMAND_BUSY (UINT64_C(1) << 63)

/* Of the IOTLB register. IVA lies 8 bytes before it. */
static inline uint32_t reg_iotlb(uint64_t ecap)
{
    return (uint32_t)(ecap >> 8 & 0x3ff) * 16 + 8;
}

#endif
