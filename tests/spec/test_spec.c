/* SPDX-License-Identifier: MIT */
/*
 * Pins the VT-d constants by number, stated here a second time and independently, since driver and
 * model share spec/ and would share its mistakes. test_spec_devices.c does DMAR, PCI and DSA.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "spec/bits.h"
#include "spec/vtd_faults.h"
#include "spec/vtd_queue.h"
#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define CHECK(value, number) assert_true((uint64_t)(value) == (uint64_t)(number))

/* Constant expressions: usable where the language wants one. */
_Static_assert(SPEC_MASK64(63, 0) == ~(uint64_t)0, "whole qword");
_Static_assert(SPEC_PUT(SPEC_MASK64(63, 12), (uint64_t)1) == 0x1000, "constant");

static void test_spec_bits(void **state)
{
    (void)state;
    CHECK(SPEC_BIT32(31), 0x80000000u);
    CHECK(SPEC_BIT64(63), 0x8000000000000000u);
    CHECK(SPEC_MASK32(31, 0), 0xFFFFFFFFu);
    CHECK(SPEC_MASK32(0, 0), 1);
    CHECK(SPEC_MASK64(51, 12), 0x000FFFFFFFFFF000u);
    CHECK(SPEC_GET(SPEC_MASK64(63, 61), 0xA000000000000000u), 5);
    CHECK(SPEC_GET(SPEC_BIT64(63), ~(uint64_t)0), 1);
    CHECK(SPEC_GET(SPEC_MASK32(15, 8), 0x12345678u), 0x56);
    CHECK(SPEC_PUT(SPEC_MASK64(63, 61), (uint64_t)5), 0xA000000000000000u);
    CHECK(SPEC_PUT(SPEC_MASK32(7, 4), 0x1Fu), 0xF0);
    assert_int_equal(sizeof(SPEC_MASK32(7, 4)), 4);
    assert_int_equal(sizeof(SPEC_PUT(SPEC_MASK32(7, 4), 1u)), 4);
}

static void test_spec_vtd_register_offsets(void **state)
{
    (void)state;
    CHECK(VTD_REG_VER, 0x00);
    CHECK(VTD_REG_CAP, 0x08);
    CHECK(VTD_REG_ECAP, 0x10);
    CHECK(VTD_REG_GCMD, 0x18);
    CHECK(VTD_REG_GSTS, 0x1C);
    CHECK(VTD_REG_RTADDR, 0x20);
    CHECK(VTD_REG_CCMD, 0x28);
    CHECK(VTD_REG_FSTS, 0x34);
    CHECK(VTD_REG_FECTL, 0x38);
    CHECK(VTD_REG_FEDATA, 0x3C);
    CHECK(VTD_REG_FEADDR, 0x40);
    CHECK(VTD_REG_FEUADDR, 0x44);
    CHECK(VTD_REG_AFLOG, 0x58);
    CHECK(VTD_REG_PMEN, 0x64);
    CHECK(VTD_REG_PLMBASE, 0x68);
    CHECK(VTD_REG_PLMLIMIT, 0x6C);
    CHECK(VTD_REG_PHMBASE, 0x70);
    CHECK(VTD_REG_PHMLIMIT, 0x78);
    assert_int_equal(VTD_REG_IQH, 0x80);
    assert_int_equal(VTD_REG_IQT, 0x88);
    assert_int_equal(VTD_REG_IQA, 0x90);
    CHECK(VTD_REG_ICS, 0x9C);
    CHECK(VTD_REG_IECTL, 0xA0);
    CHECK(VTD_REG_IEDATA, 0xA4);
    CHECK(VTD_REG_IEADDR, 0xA8);
    CHECK(VTD_REG_IEUADDR, 0xAC);
    CHECK(VTD_REG_IQERCD, 0xB0);
    CHECK(VTD_REG_IRTA, 0xB8);
    CHECK(VTD_REG_PQH, 0xC0);
    CHECK(VTD_REG_PQT, 0xC8);
    CHECK(VTD_REG_PQA, 0xD0);
    CHECK(VTD_REG_PRS, 0xDC);
    CHECK(VTD_REG_PECTL, 0xE0);
    CHECK(VTD_REG_PEDATA, 0xE4);
    CHECK(VTD_REG_PEADDR, 0xE8);
    CHECK(VTD_REG_PEUADDR, 0xEC);
    CHECK(VTD_REG_ECMD, 0x400);
    CHECK(VTD_REG_ECCAP3, 0x448);
    CHECK(VTD_REG_VCMD, 0xE00);
    CHECK(VTD_REG_VCCAP, 0xE30);
    CHECK(VTD_REG_MTRR_FIXED + 8 * (VTD_MTRR_FIXED_COUNT - 1), 0x170);
    CHECK(VTD_REG_MTRR_VARIABLE + 16 * (VTD_MTRR_VARIABLE_COUNT - 1) + 8, 0x218);
}

struct reg {
    uint32_t offset;
    uint32_t bits;
};

/* Every register lies above the one before it: no two overlap. */
static void test_spec_vtd_registers_do_not_overlap(void **state)
{
#define ROW(name, offset, bits, text) { offset, bits },
    static const struct reg rows[] = { VTD_REGISTERS(ROW) };
#undef ROW
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(rows[i].bits == 32 || rows[i].bits == 64);
        assert_int_equal(rows[i].offset % (rows[i].bits / 8), 0);
        if (i > 0)
            assert_true(rows[i].offset >= rows[i - 1].offset + rows[i - 1].bits / 8);
    }
}

/* Fields and reserved bits together are the whole register, each bit once. */
static void cover(const uint64_t *masks, size_t count, uint64_t rsvd)
{
    uint64_t seen = rsvd;

    for (size_t i = 0; i < count; i++) {
        assert_true(masks[i] != 0);
        assert_true((seen & masks[i]) == 0);
        seen |= masks[i];
    }
    CHECK(seen, ~(uint64_t)0);
}

static void test_spec_vtd_capability_tables_cover_every_bit(void **state)
{
#define ROW(name, mask, text) mask,
    static const uint64_t cap[] = { VTD_CAP_FIELDS(ROW) };
    static const uint64_t ecap[] = { VTD_ECAP_FIELDS(ROW) };
#undef ROW
    (void)state;
    cover(cap, sizeof(cap) / sizeof(cap[0]), VTD_CAP_RSVD);
    cover(ecap, sizeof(ecap) / sizeof(ecap[0]), VTD_ECAP_RSVD);
    CHECK(VTD_CAP_RSVD, 0x060000400000E000u);
    CHECK(VTD_ECAP_RSVD, 0x80400001000C0000u);
}

static void test_spec_vtd_capability_bits(void **state)
{
    (void)state;
    CHECK(VTD_CAP_ND, 0x7);
    CHECK(VTD_CAP_RWBF, 0x10);
    CHECK(VTD_CAP_PLMR, 0x20);
    CHECK(VTD_CAP_PHMR, 0x40);
    CHECK(VTD_CAP_CM, 0x80);
    CHECK(VTD_CAP_SAGAW, 0x1F00);
    CHECK(VTD_CAP_MGAW, 0x3F0000);
    CHECK(VTD_CAP_ZLR, 0x400000);
    CHECK(VTD_CAP_FRO, 0x3FF000000u);
    CHECK(VTD_CAP_SSLPS, 0x3C00000000u);
    CHECK(VTD_CAP_PSI, 0x8000000000u);
    CHECK(VTD_CAP_NFR, 0xFF0000000000u);
    CHECK(VTD_CAP_MAMV, 0x3F000000000000u);
    CHECK(VTD_CAP_DWD, (uint64_t)1 << 54);
    CHECK(VTD_CAP_DRD, (uint64_t)1 << 55);
    CHECK(VTD_CAP_FS1GP, (uint64_t)1 << 56);
    CHECK(VTD_CAP_PI, (uint64_t)1 << 59);
    CHECK(VTD_CAP_FS5LP, (uint64_t)1 << 60);
    CHECK(VTD_CAP_ECMDS, (uint64_t)1 << 61);
    CHECK(VTD_CAP_ESIRTPS, (uint64_t)1 << 62);
    CHECK(VTD_CAP_ESRTPS, (uint64_t)1 << 63);
    CHECK(VTD_ECAP_C, 0x1);
    CHECK(VTD_ECAP_QI, 0x2);
    CHECK(VTD_ECAP_DT, 0x4);
    CHECK(VTD_ECAP_IR, 0x8);
    CHECK(VTD_ECAP_EIM, 0x10);
    CHECK(VTD_ECAP_PT, 0x40);
    CHECK(VTD_ECAP_SC, 0x80);
    CHECK(VTD_ECAP_IRO, 0x3FF00);
    CHECK(VTD_ECAP_MHMV, 0xF00000);
    CHECK(VTD_ECAP_MTS, 1u << 25);
    CHECK(VTD_ECAP_NEST, 1u << 26);
    CHECK(VTD_ECAP_PRS, 1u << 29);
    CHECK(VTD_ECAP_SRS, 1u << 31);
    CHECK(VTD_ECAP_NWFS, (uint64_t)1 << 33);
    CHECK(VTD_ECAP_EAFS, (uint64_t)1 << 34);
    CHECK(VTD_ECAP_PSS, (uint64_t)0x1F << 35);
    CHECK(VTD_ECAP_PASID, (uint64_t)1 << 40);
    CHECK(VTD_ECAP_DIT, (uint64_t)1 << 41);
    CHECK(VTD_ECAP_PDS, (uint64_t)1 << 42);
    CHECK(VTD_ECAP_SMTS, (uint64_t)1 << 43);
    CHECK(VTD_ECAP_SSADS, (uint64_t)1 << 45);
    CHECK(VTD_ECAP_SSTS, (uint64_t)1 << 46);
    CHECK(VTD_ECAP_FSTS, (uint64_t)1 << 47);
    CHECK(VTD_ECAP_SMPWCS, (uint64_t)1 << 48);
    CHECK(VTD_ECAP_RPS, (uint64_t)1 << 49);
    CHECK(VTD_ECAP_ADMS, (uint64_t)1 << 52);
    CHECK(VTD_ECAP_RPRIVS, (uint64_t)1 << 53);
    CHECK(VTD_ECAP_SMS, (uint64_t)1 << 58);
}

/* Values an emulated unit (QEMU 7.2, scalable mode, 48 bits) reports. */
static void test_spec_vtd_decodes_real_capabilities(void **state)
{
    const uint64_t cap = 0x00d2008c222f0606u;
    const uint64_t ecap = 0x0000480080f00f4au;

    (void)state;
    CHECK(SPEC_GET(VTD_CAP_ND, cap), 6);
    CHECK(SPEC_GET(VTD_CAP_SAGAW, cap), VTD_SAGAW_39 | VTD_SAGAW_48);
    CHECK(SPEC_GET(VTD_CAP_MGAW, cap) + 1, 48);
    CHECK(SPEC_GET(VTD_CAP_NFR, cap) + 1, 1);
    CHECK(VTD_REG_FRCD(cap, 0), 0x220);
    CHECK(VTD_REG_FRCD(cap, 3), 0x250);
    CHECK(SPEC_GET(VTD_CAP_SSLPS, cap), VTD_SSLPS_2M | VTD_SSLPS_1G);
    CHECK(SPEC_GET(VTD_CAP_MAMV, cap), 18);
    CHECK(SPEC_GET(VTD_CAP_PSI, cap), 1);
    CHECK(SPEC_GET(VTD_CAP_DWD, cap), 1);
    CHECK(SPEC_GET(VTD_CAP_DRD, cap), 1);
    CHECK(SPEC_GET(VTD_CAP_CM, cap), 0);
    CHECK(SPEC_GET(VTD_CAP_RWBF, cap), 0);
    CHECK(SPEC_GET(VTD_CAP_ESRTPS, cap), 0);
    CHECK(VTD_REG_IVA(ecap), 0xF0);
    CHECK(VTD_REG_IOTLB(ecap), 0xF8);
    CHECK(SPEC_GET(VTD_ECAP_MHMV, ecap), 15);
    /* exactly these flags and no other */
    CHECK(ecap & ~(VTD_ECAP_IRO | VTD_ECAP_MHMV),
          VTD_ECAP_QI | VTD_ECAP_IR | VTD_ECAP_PT | VTD_ECAP_SRS | VTD_ECAP_SMTS | VTD_ECAP_SSTS);
}

static void test_spec_vtd_command_registers(void **state)
{
    (void)state;
    CHECK(VTD_GCMD_TE, 0x80000000u);
    CHECK(VTD_GCMD_SRTP, 0x40000000u);
    CHECK(VTD_GCMD_WBF, 0x08000000u);
    CHECK(VTD_GCMD_QIE, 0x04000000u);
    CHECK(VTD_GCMD_IRE, 0x02000000u);
    CHECK(VTD_GCMD_SIRTP, 0x01000000u);
    CHECK(VTD_GCMD_CFI, 0x00800000u);
    CHECK(VTD_GSTS_TES, 0x80000000u);
    CHECK(VTD_GSTS_RTPS, 0x40000000u);
    CHECK(VTD_GSTS_WBFS, 0x08000000u);
    CHECK(VTD_GSTS_QIES, 0x04000000u);
    CHECK(VTD_GSTS_IRES, 0x02000000u);
    CHECK(VTD_GSTS_IRTPS, 0x01000000u);
    CHECK(VTD_GCMD_KEEP, 0x96FFFFFFu);
    CHECK(VTD_GCMD_KEEP, ~VTD_GCMD_ONESHOT & 0xFFFFFFFFu);
    CHECK(VTD_GCMD_LEVEL, 0x96800000u);
    CHECK(VTD_RTADDR_TTM, 0xC00);
    CHECK(SPEC_PUT(VTD_RTADDR_TTM, (uint64_t)VTD_TTM_SCALABLE), 0x400);
    CHECK(SPEC_PUT(VTD_RTADDR_TTM, (uint64_t)VTD_TTM_ABORT), 0xC00);
    CHECK(VTD_CCMD_ICC, 0x8000000000000000u);
    CHECK(VTD_CCMD_CIRG, 0x6000000000000000u);
    CHECK(VTD_CCMD_CAIG, 0x1800000000000000u);
    CHECK(VTD_CCMD_FM, 0x300000000u);
    CHECK(VTD_CCMD_SID, 0xFFFF0000u);
    CHECK(VTD_CCMD_DID, 0xFFFF);
    CHECK(VTD_IVA_AM, 0x3F);
    CHECK(VTD_IVA_IH, 0x40);
    CHECK(VTD_IOTLB_IVT, 0x8000000000000000u);
    CHECK(VTD_IOTLB_IIRG, 0x3000000000000000u);
    CHECK(VTD_IOTLB_IAIG, 0x0600000000000000u);
    CHECK(VTD_IOTLB_DR, 0x0002000000000000u);
    CHECK(VTD_IOTLB_DW, 0x0001000000000000u);
    CHECK(VTD_IOTLB_DID, 0x0000FFFF00000000u);
    CHECK(VTD_PMEN_EPM, 0x80000000u);
    CHECK(VTD_PMEN_PRS, 1);
}

static void test_spec_vtd_fault_registers(void **state)
{
    (void)state;
    CHECK(VTD_FSTS_PFO, 0x01);
    CHECK(VTD_FSTS_PPF, 0x02);
    CHECK(VTD_FSTS_IQE, 0x10);
    CHECK(VTD_FSTS_ICE, 0x20);
    CHECK(VTD_FSTS_ITE, 0x40);
    CHECK(VTD_FSTS_FRI, 0xFF00);
    CHECK(VTD_FECTL_IM, 0x80000000u);
    CHECK(VTD_FECTL_IP, 0x40000000u);
    CHECK(VTD_FRCD_LO_FI, 0xFFFFFFFFFFFFF000u);
    CHECK(VTD_FRCD_HI_SID, 0xFFFF);
    CHECK(VTD_FRCD_HI_T2, (uint64_t)1 << (92 - 64));
    CHECK(VTD_FRCD_HI_PRIV, (uint64_t)1 << (93 - 64));
    CHECK(VTD_FRCD_HI_EXE, (uint64_t)1 << (94 - 64));
    CHECK(VTD_FRCD_HI_PP, (uint64_t)1 << (95 - 64));
    CHECK(VTD_FRCD_HI_FR, 0x000000FF00000000u);
    CHECK(VTD_FRCD_HI_PV, 0x0FFFFF0000000000u);
    CHECK(VTD_FRCD_HI_AT, 0x3000000000000000u);
    CHECK(VTD_FRCD_HI_T1, 0x4000000000000000u);
    CHECK(VTD_FRCD_HI_F, 0x8000000000000000u);
}

static void test_spec_vtd_queue_registers(void **state)
{
    (void)state;
    CHECK(VTD_IQH_QH, 0x7FFF0);
    CHECK(VTD_IQT_QT, 0x7FFF0);
    CHECK(VTD_IQA_DW, 0x800);
    CHECK(VTD_IQA_QS, 7);
    CHECK(VTD_PQH_PQH, 0x7FFE0);
    CHECK(VTD_PQA_PQS, 7);
    CHECK(VTD_PRS_PPR, 1);
    CHECK(VTD_PRS_PRO, 2);
    CHECK(VTD_IQERCD_IQEI, 0xF);
    CHECK(VTD_IQERCD_ITESID, 0x0000FFFF00000000u);
    CHECK(VTD_IQERCD_ICESID, 0xFFFF000000000000u);
    CHECK(VTD_IQEI_BAD_TAIL, 1);
    CHECK(VTD_IQEI_FETCH, 2);
    CHECK(VTD_IQEI_BAD_TYPE, 3);
    CHECK(VTD_IQEI_RESERVED, 4);
    CHECK(VTD_IQEI_BAD_WIDTH, 5);
    CHECK(VTD_IQEI_TAIL_MISALIGNED, 6);
    CHECK(VTD_IQEI_BAD_TTM, 7);
    CHECK(VTD_IRTA_EIME, 0x800);
}

static void test_spec_vtd_root_and_context(void **state)
{
    (void)state;
    CHECK(VTD_LRE0_RSVD, 0xFFE);
    CHECK(VTD_LRE1_RSVD, ~(uint64_t)0);
    CHECK(VTD_SRE0_RSVD, 0xFFE);
    CHECK(VTD_SRE1_RSVD, 0xFFE);
    CHECK(VTD_LCE0_TT, 0xC);
    CHECK(VTD_LCE0_RSVD, 0xFF0);
    CHECK(VTD_LCE1_AW, 7);
    CHECK(VTD_LCE1_DID, 0xFFFF00);
    CHECK(VTD_LCE1_RSVD, 0xFFFFFFFFFF000080u);
    CHECK(VTD_SCE0_DTE, 0x04);
    CHECK(VTD_SCE0_PASIDE, 0x08);
    CHECK(VTD_SCE0_PRE, 0x10);
    CHECK(VTD_SCE0_PDTS, 0xE00);
    CHECK(VTD_SCE0_RSVD, 0x180);
    CHECK(VTD_SCE0_REV5, 0x060);
    CHECK(VTD_SCE1_RID_PASID, 0xFFFFF);
    CHECK(VTD_SCE1_RID_PRIV, 0x100000);
    CHECK(VTD_SCE1_RSVD, 0xFFFFFFFFFFE00000u);
    CHECK(VTD_SCE_BYTES * VTD_SCE_ENTRIES, 4096);
    CHECK(VTD_LCE_BYTES * VTD_LCE_ENTRIES, 4096);
    CHECK(VTD_ROOT_BYTES * VTD_ROOT_ENTRIES, 4096);
    CHECK(VTD_PDTS_PASIDS_LG2(VTD_PDTS_MAX), 20);
}

static void test_spec_vtd_pasid_entries(void **state)
{
    (void)state;
    CHECK(VTD_PDE_RSVD, 0xFFC);
    CHECK(SPEC_GET(VTD_PDE_INDEX, 0xFFFFFu), 0x3FFF);
    CHECK(VTD_PE_BYTES * VTD_PE_ENTRIES, 4096);
    CHECK(VTD_PE0_P, 1);
    CHECK(VTD_PE0_FPD, 2);
    CHECK(VTD_PE0_AW, 0x1C);
    CHECK(VTD_PE0_PGTT, 0x1C0);
    CHECK(VTD_PE0_SSADE, 0x200);
    CHECK(VTD_PE0_RSVD, 0xC20);
    CHECK(VTD_PE1_DID, 0xFFFF);
    CHECK(VTD_PE1_PWSNP, (uint64_t)1 << (87 - 64));
    CHECK(VTD_PE1_PGSNP, (uint64_t)1 << (88 - 64));
    CHECK(VTD_PE1_CD, (uint64_t)1 << (89 - 64));
    CHECK(VTD_PE1_EMTE, (uint64_t)1 << (90 - 64));
    CHECK(VTD_PE1_RSVD, 0xF87F0000u);
    CHECK(VTD_PE1_PAT, 0xFFFFFFFF00000000u);
    CHECK(VTD_PE2_SRE, 1);
    CHECK(VTD_PE2_FSPM, 0xC);
    CHECK(VTD_PE2_WPE, (uint64_t)1 << (132 - 128));
    CHECK(VTD_PE2_EAFE, (uint64_t)1 << (135 - 128));
    CHECK(VTD_PE2_RSVD, 0xF02);
    CHECK(VTD_PE2_FSPTPTR, 0xFFFFFFFFFFFFF000u);
    CHECK(VTD_PE4_HPT | VTD_PE4_RSVD, ~(uint64_t)0);
    CHECK(VTD_PE5_HPT | VTD_PE5_RSVD, ~(uint64_t)0);
    CHECK(VTD_PGTT_FIRST, 1);
    CHECK(VTD_PGTT_SECOND, 2);
    CHECK(VTD_PGTT_NESTED, 3);
    CHECK(VTD_PGTT_PASS_THROUGH, 4);
    CHECK(VTD_AW_BITS(VTD_AW_48), 48);
    CHECK(VTD_AW_LEVELS(VTD_AW_57), 5);
}

static void test_spec_vtd_page_table_entries(void **state)
{
    (void)state;
    CHECK(VTD_SS_R, 1);
    CHECK(VTD_SS_W, 2);
    CHECK(VTD_SS_EMT, 0x38);
    CHECK(VTD_SS_IPAT, 0x40);
    CHECK(VTD_SS_PS, 0x80);
    CHECK(VTD_SS_A, 0x100);
    CHECK(VTD_SS_D, 0x200);
    CHECK(VTD_SS_SNP, 0x800);
    CHECK(VTD_SS_ADDR, 0x000FFFFFFFFFF000u);
    CHECK(VTD_SS_RSVD_TABLE, 0x4000000000000800u);
    CHECK(VTD_SS_RSVD_2M, 0x1FF000);
    CHECK(VTD_SS_RSVD_1G, 0x3FFFF000);
    CHECK(VTD_FS_P, 1);
    CHECK(VTD_FS_RW, 2);
    CHECK(VTD_FS_US, 4);
    CHECK(VTD_FS_A, 0x20);
    CHECK(VTD_FS_D, 0x40);
    CHECK(VTD_FS_PS, 0x80);
    CHECK(VTD_FS_EA, 0x400);
    CHECK(VTD_FS_RSVD_2M, 0x1FE000);
    CHECK(VTD_FS_RSVD_1G, 0x3FFFE000);
    CHECK(VTD_PTE_RSVD(46), 0x000FC00000000000u);
    CHECK(VTD_PTE_RSVD(52), 0);
    CHECK(VTD_PTR_RSVD(39), 0xFFFFFF8000000000u);
    CHECK(VTD_LEVEL_SHIFT(1), 12);
    CHECK(VTD_LEVEL_SHIFT(5), 48);
    CHECK(VTD_INTERRUPT_FIRST, 0xFEE00000u);
    CHECK(VTD_INTERRUPT_LAST, 0xFEEFFFFFu);
}

static void test_spec_vtd_page_request_entry(void **state)
{
    (void)state;
    CHECK(VTD_PRQ0_PP, 0x100);
    CHECK(VTD_PRQ0_RID, 0xFFFF0000u);
    CHECK(VTD_PRQ0_PASID, 0x000FFFFF00000000u);
    CHECK(VTD_PRQ0_EXEC, (uint64_t)1 << 52);
    CHECK(VTD_PRQ0_PRIV, (uint64_t)1 << 53);
    CHECK(VTD_PRQ1_LPIG, 4);
    CHECK(VTD_PRQ1_PRGI, 0xFF8);
}

static void test_spec_vtd_descriptors(void **state)
{
    (void)state;
    CHECK(VTD_QI_TYPE_CC, 1);
    CHECK(VTD_QI_TYPE_IOTLB, 2);
    CHECK(VTD_QI_TYPE_DEVTLB, 3);
    CHECK(VTD_QI_TYPE_IEC, 4);
    CHECK(VTD_QI_TYPE_WAIT, 5);
    CHECK(VTD_QI_TYPE_PIOTLB, 6);
    CHECK(VTD_QI_TYPE_PC, 7);
    CHECK(VTD_QI_TYPE_PDEVTLB, 8);
    CHECK(VTD_QI_TYPE_PGRSP, 9);
    CHECK(VTD_QI_TYPE_BITS, 0xE0F);
    CHECK(VTD_QI_CC_RSVD, 0xFFFC00000000F1C0u);
    CHECK(VTD_QI_IOTLB_RSVD, 0xFFFFFFFF0000F100u);
    CHECK(VTD_QI_IOTLB1_RSVD, 0xF80);
    CHECK(VTD_QI_DEVTLB_RSVD, 0x000F0000FFE001F0u);
    CHECK(VTD_QI_DEVTLB1_RSVD, 0xFFE);
    CHECK(VTD_QI_IEC_RSVD, 0xFFFF000007FFF1E0u);
    CHECK(VTD_QI_WAIT_RSVD, 0x00000000FFFFF100u);
    CHECK(VTD_QI_WAIT_IF, 0x10);
    CHECK(VTD_QI_WAIT_SW, 0x20);
    CHECK(VTD_QI_WAIT_FN, 0x40);
    CHECK(VTD_QI_WAIT_PD, 0x80);
    CHECK(VTD_QI_WAIT1_ADDR, 0xFFFFFFFFFFFFFFFCu);
    CHECK(VTD_QI_PIOTLB_RSVD, 0xFFF000000000F1C0u);
    CHECK(VTD_QI_PC_RSVD, 0xFFF000000000F1C0u);
    CHECK(VTD_QI_PDEVTLB_RSVD, 0);
    CHECK(VTD_QI_PDEVTLB1_S, 0x800);
    CHECK(VTD_QI_PDEVTLB1_RSVD, 0x7FE);
    CHECK(VTD_QI_PGRSP_RSVD, 0xFFF00000000001E0u);
    CHECK(VTD_QI_PGRSP1_PRGI, 0xFF8);
    CHECK(VTD_QI_PC_G_DOMAIN, 0);
    CHECK(VTD_QI_PC_G_PASID, 1);
    CHECK(VTD_QI_PC_G_GLOBAL, 3);
    CHECK(VTD_QI_PIOTLB_G_PASID, 2);
    CHECK(VTD_QI_PIOTLB_G_PAGE, 3);
}

static void test_spec_vtd_device_tlb_ranges(void **state)
{
    (void)state;
    CHECK(VTD_DEVTLB_RANGE_ONES(1), 0);      /* 8 KiB: bit 12 clear */
    CHECK(VTD_DEVTLB_RANGE_ONES(2), 0x1000); /* 16 KiB: bit 12 set, 13 clear */
    CHECK(VTD_DEVTLB_RANGE_ONES(9), 0xFF000);
    CHECK(VTD_DEVTLB_RANGE_ONES(52), VTD_DEVTLB_ADDR_ALL);
    CHECK(VTD_DEVTLB_ADDR_ALL, 0x7FFFFFFFFFFFF000u);
    CHECK(VTD_DEVTLB_RANGE_LG2(13), 2);
}

struct fault {
    unsigned code;
    const char *symbol;
    unsigned qualified;
    const char *meaning;
    enum vtd_ats_answer ats;
};

#define ROW(code, name, symbol, qualified, meaning, ats) { code, symbol, qualified, meaning, ats },
static const struct fault faults[] = { VTD_FAULTS(ROW) };
#undef ROW
#define FAULT_COUNT (sizeof(faults) / sizeof(faults[0]))

static const struct fault *find_fault(unsigned code)
{
    for (size_t i = 0; i < FAULT_COUNT; i++)
        if (faults[i].code == code)
            return &faults[i];
    fail_msg("no fault %02x", code);
    return NULL;
}

static void test_spec_vtd_fault_codes_complete(void **state)
{
    static const struct { unsigned first, last; } ranges[] = {
        { 0x01, 0x0E }, { 0x20, 0x2B }, { 0x30, 0x34 }, { 0x38, 0x3A }, { 0x40, 0x49 },
        { 0x50, 0x52 }, { 0x58, 0x5D }, { 0x60, 0x60 }, { 0x70, 0x7D }, { 0x80, 0x89 },
        { 0x90, 0x91 }, { 0xA0, 0xA5 },
    };
    size_t row = 0;

    (void)state;
    for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++)
        for (unsigned code = ranges[r].first; code <= ranges[r].last; code++, row++) {
            assert_true(row < FAULT_COUNT);
            assert_int_equal(faults[row].code, code);
            assert_true(faults[row].meaning[0] != 0);
        }
    assert_int_equal(row, FAULT_COUNT);
}

static void test_spec_vtd_fault_names(void **state)
{
    (void)state;
    CHECK(VTD_FAULT_LRT_NOT_PRESENT, 0x01);
    CHECK(VTD_FAULT_LCT_NOT_PRESENT, 0x02);
    CHECK(VTD_FAULT_LGN_NO_WRITE, 0x05);
    CHECK(VTD_FAULT_LGN_NO_READ, 0x06);
    CHECK(VTD_FAULT_LCT_RESERVED, 0x0B);
    CHECK(VTD_FAULT_LGN_INTERRUPT_RANGE, 0x0E);
    CHECK(VTD_FAULT_RTA_ABORT_MODE, 0x33);
    CHECK(VTD_FAULT_SRT_NOT_PRESENT, 0x39);
    CHECK(VTD_FAULT_SCT_NOT_PRESENT, 0x41);
    CHECK(VTD_FAULT_SCT_NO_DTE, 0x44);
    CHECK(VTD_FAULT_SCT_RID_PASID_USED, 0x48);
    CHECK(VTD_FAULT_SPD_NOT_PRESENT, 0x51);
    CHECK(VTD_FAULT_SPT_NOT_PRESENT, 0x59);
    CHECK(VTD_FAULT_SPT_INVALID, 0x5B);
    CHECK(VTD_FAULT_SFS_NOT_PRESENT, 0x71);
    CHECK(VTD_FAULT_SSS_NOT_PRESENT, 0x79);
    CHECK(VTD_FAULT_SGN_NO_WRITE, 0x85);
    CHECK(VTD_FAULT_SGN_NO_READ, 0x86);
    CHECK(VTD_FAULT_SGN_PASID_TOO_WIDE, 0x89);
    CHECK(VTD_FAULT_SFS_UPDATE_NOT_SNOOPED, 0x90);
    assert_string_equal(find_fault(0x44)->symbol, "SCT.5");
    assert_string_equal(find_fault(0x08)->symbol, "LRT.1");
    assert_string_equal(find_fault(0x91)->symbol, "SFS.10");
}

static void test_spec_vtd_fault_qualification(void **state)
{
    /* every other code is qualified */
    static const unsigned char plain[] = {
        0x01, 0x08, 0x0A, 0x09, 0x20, 0x21, 0x23, 0x25, 0x29, 0x2A, 0x2B, 0x30,
        0x31, 0x32, 0x33, 0x34, 0x38, 0x39, 0x3A, 0x40, 0x50, 0x58,
    };

    (void)state;
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        unsigned want = memchr(plain, (int)faults[i].code, sizeof(plain)) == NULL;
        assert_int_equal(faults[i].qualified, want);
    }
}

static void test_spec_vtd_fault_ats_answers(void **state)
{
    (void)state;
    CHECK(find_fault(0x01)->ats, VTD_ATS_UR);
    CHECK(find_fault(0x09)->ats, VTD_ATS_CA);
    CHECK(find_fault(0x0D)->ats, VTD_ATS_UR);
    CHECK(find_fault(0x04)->ats, VTD_ATS_EMPTY);
    CHECK(find_fault(0x06)->ats, VTD_ATS_RIGHTS);
    CHECK(find_fault(0x30)->ats, VTD_ATS_CA);
    CHECK(find_fault(0x47)->ats, VTD_ATS_NONE);
    CHECK(find_fault(0x59)->ats, VTD_ATS_EMPTY);
    CHECK(find_fault(0x5B)->ats, VTD_ATS_CA);
    CHECK(find_fault(0x79)->ats, VTD_ATS_EMPTY);
    CHECK(find_fault(0x7A)->ats, VTD_ATS_CA);
    CHECK(find_fault(0x87)->ats, VTD_ATS_CA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec_bits),
        cmocka_unit_test(test_spec_vtd_register_offsets),
        cmocka_unit_test(test_spec_vtd_registers_do_not_overlap),
        cmocka_unit_test(test_spec_vtd_capability_tables_cover_every_bit),
        cmocka_unit_test(test_spec_vtd_capability_bits),
        cmocka_unit_test(test_spec_vtd_decodes_real_capabilities),
        cmocka_unit_test(test_spec_vtd_command_registers),
        cmocka_unit_test(test_spec_vtd_fault_registers),
        cmocka_unit_test(test_spec_vtd_queue_registers),
        cmocka_unit_test(test_spec_vtd_root_and_context),
        cmocka_unit_test(test_spec_vtd_pasid_entries),
        cmocka_unit_test(test_spec_vtd_page_table_entries),
        cmocka_unit_test(test_spec_vtd_page_request_entry),
        cmocka_unit_test(test_spec_vtd_descriptors),
        cmocka_unit_test(test_spec_vtd_device_tlb_ranges),
        cmocka_unit_test(test_spec_vtd_fault_codes_complete),
        cmocka_unit_test(test_spec_vtd_fault_names),
        cmocka_unit_test(test_spec_vtd_fault_qualification),
        cmocka_unit_test(test_spec_vtd_fault_ats_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
