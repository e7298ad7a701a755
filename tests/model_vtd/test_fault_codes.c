/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * Every reason for which a request can be refused, each provoked by one change to tables that work.
 */
#include "tests/model_vtd/fixture.h"

#define R VTD_SS_R
#define W VTD_SS_W
#define PAGE ((uint64_t)0x123000)
#define IOVA ((uint64_t)0x5000)
#define PASID 2
#define BEYOND ((uint64_t)1 << 46) /* above the 46-bit host addresses of most presets */

/* ---- One row a way to fail ---------------------------------------------------------------------- */

struct bed {
    struct fx f;
    uint64_t root, context, directory, pasid, table, leaf;
    uint64_t nested_first; /* nested: address of the first stage's top table */
    uint64_t first_leaf;
    struct iommu_model_request request;
};

enum bed_kind { LEGACY, SECOND, FIRST, NESTED, PASS, LEGACY_PASS };

struct row {
    const char *what;
    enum bed_kind kind;
    uint8_t fault;
    void (*change)(struct bed *b);
    const char *preset; /* NULL: the usual one of the kind */
    uint64_t cap_off, cap_on, ecap_off, ecap_on;
    uint8_t major;
};

static void set(struct bed *b, uint64_t pa, uint64_t bits)
{
    fx_put(&b->f, pa, fx_get(&b->f, pa) | bits);
}

static void clear(struct bed *b, uint64_t pa, uint64_t bits)
{
    fx_put(&b->f, pa, fx_get(&b->f, pa) & ~bits);
}

static void point(struct bed *b, uint64_t pa, uint64_t to)
{
    fx_put(&b->f, pa, (fx_get(&b->f, pa) & 0xFFF) | to);
}

static uint64_t level(struct bed *b, unsigned n)
{
    return fx_entry_second(&b->f, b->table, 4, IOVA, n);
}

#define CHANGE(name, ...)                   \
    static void name(struct bed *b)         \
    {                                       \
        __VA_ARGS__;                        \
    }

CHANGE(write_nothing, fx_put(&b->f, b->leaf, 0); b->request.access = IOMMU_MODEL_WRITE)
CHANGE(translated, b->request.at = IOMMU_MODEL_TRANSLATED)
CHANGE(translated_window, b->request.at = IOMMU_MODEL_TRANSLATED; b->request.address = 0xFEE00000;
       set(b, b->context, VTD_SCE0_DTE))
CHANGE(translated_beyond, b->request.at = IOMMU_MODEL_TRANSLATED; b->request.address = BEYOND;
       set(b, b->context, VTD_SCE0_DTE))
CHANGE(legacy_translated_window, b->request.at = IOMMU_MODEL_TRANSLATED;
       b->request.address = 0xFEE00000; set(b, b->context, 1 << 2))
CHANGE(privileged, b->request.privileged = true)
CHANGE(execute, b->request.execute = true)
CHANGE(add_pasid, b->request.has_pasid = true; b->request.pasid = 1)
CHANGE(window, b->request.address = 0xFEE00010; b->request.has_pasid = false)
CHANGE(pass_window, b->request.address = 0xFEE00010)
CHANGE(far_beyond, b->request.address = BEYOND)
CHANGE(far_48, b->request.address = (uint64_t)1 << 48)
CHANGE(not_canonical, b->request.address = (uint64_t)1 << 47)
CHANGE(wide_pasid, b->request.pasid = 1 << 10)
CHANGE(other_rid, b->request.rid = 0x0500)
CHANGE(other_function, b->request.rid = FX_OTHER_RID)
CHANGE(root_gone, point(b, b->root, FX_NOWHERE))
CHANGE(root_nowhere, fx_write64(&b->f, VTD_REG_RTADDR, FX_NOWHERE | (fx_read64(&b->f, VTD_REG_RTADDR) & 0xFFF));
       fx_command(&b->f, VTD_GCMD_SRTP))
CHANGE(root_p, clear(b, b->root, 1))
CHANGE(root_low, set(b, b->root, 2))
CHANGE(root_high, set(b, b->root + 8, 1))
CHANGE(root_beyond, set(b, b->root, BEYOND))
CHANGE(context_p, clear(b, b->context, 1))
CHANGE(context_tt3, set(b, b->context, 3 << 2))
CHANGE(context_tt1, set(b, b->context, 1 << 2))
CHANGE(context_tt2, set(b, b->context, 2 << 2))
CHANGE(context_low, set(b, b->context, 1 << 4))
CHANGE(context_high, set(b, b->context + 8, (uint64_t)1 << 24))
CHANGE(context_beyond, set(b, b->context, BEYOND))
CHANGE(context_width, set(b, b->context + 8, 4))
CHANGE(context_three, fx_put(&b->f, b->context + 8, (fx_get(&b->f, b->context + 8) & ~(uint64_t)7) | 1))
CHANGE(context_nowhere, point(b, b->context, FX_NOWHERE))
CHANGE(context_did, set(b, b->context + 8, (uint64_t)1 << 23))
CHANGE(sm_reserved, set(b, b->context, 1 << 7))
CHANGE(sm_rev5, set(b, b->context, 1 << 5))
CHANGE(sm_word1, set(b, b->context + 8, (uint64_t)1 << 21))
CHANGE(sm_word2, set(b, b->context + 16, 1))
CHANGE(sm_word3, set(b, b->context + 24, (uint64_t)1 << 63))
CHANGE(sm_beyond, set(b, b->context, BEYOND))
CHANGE(sm_dte, set(b, b->context, VTD_SCE0_DTE))
CHANGE(sm_pre, set(b, b->context, VTD_SCE0_PRE))
CHANGE(sm_no_paside, clear(b, b->context, VTD_SCE0_PASIDE))
CHANGE(sm_rid_pasid, set(b, b->context + 8, 7))
CHANGE(sm_rid_priv, set(b, b->context + 8, (uint64_t)1 << 20))
CHANGE(sm_rid_pasid_far, set(b, b->context + 8, 1 << 13))
CHANGE(pasid_far, b->request.pasid = 1 << 13)
CHANGE(pasid_is_rid_pasid, b->request.pasid = 0)
CHANGE(directory_nowhere, point(b, b->context, FX_NOWHERE))
CHANGE(directory_p, clear(b, b->directory, 1))
CHANGE(directory_low, set(b, b->directory, 4))
CHANGE(directory_beyond, set(b, b->directory, BEYOND))
CHANGE(pasid_table_nowhere, point(b, b->directory, FX_NOWHERE))
CHANGE(pasid_p, clear(b, b->pasid, 1))
CHANGE(pasid_low, set(b, b->pasid, 1 << 5))
CHANGE(pasid_ssade, set(b, b->pasid, VTD_PE0_SSADE))
CHANGE(pasid_word1, set(b, b->pasid + 8, 1 << 16))
CHANGE(pasid_pwsnp, set(b, b->pasid + 8, VTD_PE1_PWSNP))
CHANGE(pasid_pgsnp, set(b, b->pasid + 8, VTD_PE1_PGSNP))
CHANGE(pasid_emte, set(b, b->pasid + 8, VTD_PE1_EMTE))
CHANGE(pasid_word2, set(b, b->pasid + 16, 2))
CHANGE(pasid_sre, set(b, b->pasid + 16, VTD_PE2_SRE))
CHANGE(pasid_eafe, set(b, b->pasid + 16, VTD_PE2_EAFE))
CHANGE(pasid_word3, set(b, b->pasid + 24, 1))
CHANGE(pasid_word4, set(b, b->pasid + 32, (uint64_t)1 << 63))
CHANGE(pasid_word5, set(b, b->pasid + 40, 1))
CHANGE(pasid_word6, set(b, b->pasid + 48, 1 << 20))
CHANGE(pasid_did, set(b, b->pasid + 8, 1 << 15))
CHANGE(pasid_word7, set(b, b->pasid + 56, (uint64_t)1 << 40))
CHANGE(pasid_second_beyond, set(b, b->pasid, BEYOND))
CHANGE(pasid_first_beyond, set(b, b->pasid + 16, BEYOND))
CHANGE(pasid_pgtt0, clear(b, b->pasid, VTD_PE0_PGTT))
CHANGE(pasid_pgtt5, set(b, b->pasid, 7 << 6))
CHANGE(pasid_width, set(b, b->pasid, 4 << 2))
CHANGE(pasid_three, fx_put(&b->f, b->pasid, (fx_get(&b->f, b->pasid) & ~(uint64_t)VTD_PE0_AW) | 1 << 2))
CHANGE(pasid_fspm, set(b, b->pasid + 16, 1 << 2))
CHANGE(pasid_fspm2, set(b, b->pasid + 16, 2 << 2))
CHANGE(nested_pointer_far, set(b, b->pasid + 16, (uint64_t)1 << 48))
CHANGE(second_gone, fx_put(&b->f, b->leaf, 0))
CHANGE(second_upper_gone, fx_put(&b->f, level(b, 3), 0))
CHANGE(second_no_common, clear(b, level(b, 2), W); clear(b, b->leaf, R))
CHANGE(second_ro, clear(b, b->leaf, W); b->request.access = IOMMU_MODEL_WRITE)
CHANGE(second_wo, clear(b, b->leaf, R))
CHANGE(second_bit62, set(b, b->leaf, (uint64_t)1 << 62))
CHANGE(second_bit11, set(b, level(b, 2), 1 << 11))
CHANGE(second_snp, set(b, b->leaf, 1 << 11))
CHANGE(second_beyond, set(b, b->leaf, BEYOND))
CHANGE(second_upper_beyond, set(b, level(b, 4), BEYOND))
CHANGE(second_ps4, set(b, level(b, 4), VTD_SS_PS))
CHANGE(second_ps3, fx_put(&b->f, level(b, 3), 0x40000000 | VTD_SS_PS | R))
CHANGE(second_ps3_low, fx_put(&b->f, level(b, 3), 0x40200000 | VTD_SS_PS | R))
CHANGE(second_ps2, fx_put(&b->f, level(b, 2), 0x200000 | VTD_SS_PS | R))
CHANGE(second_ps2_low, fx_put(&b->f, level(b, 2), 0x201000 | VTD_SS_PS | R))
CHANGE(second_nowhere, point(b, level(b, 2), FX_NOWHERE))
CHANGE(second_top_nowhere, point(b, b->pasid, FX_NOWHERE))
CHANGE(second_window, point(b, b->leaf, 0xFEE01000))
CHANGE(second_ad_stale, set(b, b->pasid, VTD_PE0_SSADE); clear(b, b->pasid + 8, VTD_PE1_PWSNP))
CHANGE(second_ad_fails, set(b, b->pasid, VTD_PE0_SSADE); b->f.cas_fails = true)
CHANGE(first_gone, fx_put(&b->f, b->leaf, 0))
CHANGE(first_beyond, set(b, b->leaf, BEYOND))
CHANGE(first_ps4, set(b, level(b, 4), VTD_FS_PS))
CHANGE(first_ps3, fx_put(&b->f, level(b, 3), 0x40000000 | VTD_FS_PS | 7))
CHANGE(first_ps3_low, fx_put(&b->f, level(b, 3), 0x40002000 | VTD_FS_PS | 7))
CHANGE(first_ps2_low, fx_put(&b->f, level(b, 2), 0x202000 | VTD_FS_PS | 7))
CHANGE(first_nowhere, point(b, level(b, 3), FX_NOWHERE))
CHANGE(first_top_nowhere, point(b, b->pasid + 16, FX_NOWHERE))
CHANGE(first_supervisor, clear(b, level(b, 2), VTD_FS_US))
CHANGE(first_ro, clear(b, b->leaf, VTD_FS_RW); b->request.access = IOMMU_MODEL_WRITE)
CHANGE(first_window, point(b, b->leaf, 0xFEE01000))
CHANGE(first_ad_stale, clear(b, b->pasid + 8, VTD_PE1_PWSNP))
CHANGE(first_ad_fails, b->f.cas_fails = true)
CHANGE(nested_table_far, point(b, b->nested_first, (uint64_t)1 << 48))
CHANGE(nested_table_gone, fx_put(&b->f, fx_entry_second(&b->f, b->table, 4, b->nested_first, 1), 0))
CHANGE(nested_top_wo, clear(b, fx_entry_second(&b->f, b->table, 4, b->nested_first, 1), R))
CHANGE(nested_other_wo,
       clear(b, fx_entry_second(&b->f, b->table, 4, fx_get(&b->f, b->nested_first) & VTD_FS_ADDR, 1), R))
CHANGE(nested_table_ro,
       clear(b, fx_entry_second(&b->f, b->table, 4, b->nested_first, 1), W))
CHANGE(nested_output_far, point(b, b->first_leaf, (uint64_t)1 << 48))
CHANGE(nested_output_gone, point(b, b->first_leaf, 0x900000))
CHANGE(nested_output_ro, clear(b, fx_entry_second(&b->f, b->table, 4, PAGE, 1), W);
       b->request.access = IOMMU_MODEL_WRITE)
CHANGE(nested_output_wo, clear(b, fx_entry_second(&b->f, b->table, 4, PAGE, 1), R))
CHANGE(nested_second_reserved, set(b, fx_entry_second(&b->f, b->table, 4, PAGE, 1), (uint64_t)1 << 62))
CHANGE(mode_2, fx_write64(&b->f, VTD_REG_RTADDR, b->f.root | 2 << 10); fx_command(&b->f, VTD_GCMD_SRTP))
CHANGE(mode_3, fx_write64(&b->f, VTD_REG_RTADDR, b->f.root | 3 << 10); fx_command(&b->f, VTD_GCMD_SRTP))

#define ROW(text, bed, code, ...) \
    { .what = (text), .kind = (bed), .fault = (code), .change = __VA_ARGS__ }
static const struct row rows[] = {
    /* legacy root and context */
    ROW("no root entry", LEGACY, 0x01, other_rid),
    ROW("root P", LEGACY, 0x01, root_p),
    ROW("root unreadable", LEGACY, 0x08, root_nowhere),
    ROW("root reserved low", LEGACY, 0x0A, root_low),
    ROW("root reserved high", LEGACY, 0x0A, root_high),
    ROW("root pointer beyond HAW", LEGACY, 0x0A, root_beyond),
    ROW("context table unreadable", LEGACY, 0x09, root_gone),
    ROW("context P", LEGACY, 0x02, context_p),
    ROW("no context entry", LEGACY, 0x02, other_function),
    ROW("context reserved low", LEGACY, 0x0B, context_low),
    ROW("context reserved high", LEGACY, 0x0B, context_high),
    ROW("context pointer beyond HAW", LEGACY, 0x0B, context_beyond),
    ROW("context DID above ND", LEGACY, 0x0B, context_did, .cap_off = VTD_CAP_ND),
    ROW("TT 3", LEGACY, 0x03, context_tt3),
    ROW("TT 1 without DT", LEGACY, 0x03, context_tt1, .ecap_off = VTD_ECAP_DT),
    ROW("TT 2 without PT", LEGACY, 0x03, context_tt2, .ecap_off = VTD_ECAP_PT),
    ROW("AW 6", LEGACY, 0x03, context_width),
    ROW("AW 1 where only 2 is there", LEGACY, 0x03, context_three),
    ROW("top table unreadable", LEGACY, 0x03, context_nowhere),
    ROW("translated request, TT 0", LEGACY, 0x0D, translated),
    ROW("translated request into the window", LEGACY, 0x0E, legacy_translated_window),
    ROW("request with PASID", LEGACY, 0x31, add_pasid),
    /* legacy paging */
    ROW("beyond the limit", LEGACY, 0x04, far_48),
    ROW("pass-through beyond HAW", LEGACY_PASS, 0x04, far_beyond),
    ROW("write without right", LEGACY, 0x05, second_ro),
    ROW("write to nothing", LEGACY, 0x05, write_nothing),
    ROW("read without right", LEGACY, 0x06, second_wo),
    ROW("read of nothing", LEGACY, 0x06, second_gone),
    ROW("read, no common right", LEGACY, 0x06, second_no_common),
    ROW("entry unreadable", LEGACY, 0x07, second_nowhere),
    ROW("leaf bit 62", LEGACY, 0x0C, second_bit62),
    ROW("leaf beyond HAW", LEGACY, 0x0C, second_beyond),
    ROW("large page at level 4", LEGACY, 0x0C, second_ps4),
    ROW("output in the window", LEGACY, 0x0E, second_window),
    ROW("malformed request to the window", LEGACY, 0x29, window),
    /* table mode */
    ROW("mode 2", SECOND, 0x30, mode_2),
    ROW("mode 3 without ADMS", SECOND, 0x30, mode_3),
    ROW("mode 3", SECOND, 0x33, mode_3, .ecap_on = VTD_ECAP_ADMS),
    ROW("execute, version 8", SECOND, 0x34, execute, .major = 8),
    ROW("PASID wider than PSS", SECOND, 0x89, wide_pasid, .ecap_off = (uint64_t)0x1F << 35,
      .ecap_on = (uint64_t)9 << 35),
    /* scalable root and context */
    ROW("root unreadable", SECOND, 0x38, root_nowhere),
    ROW("root P", SECOND, 0x39, root_p),
    ROW("no root entry", SECOND, 0x39, other_rid),
    ROW("root reserved", SECOND, 0x3A, root_low),
    ROW("root pointer beyond HAW", SECOND, 0x3A, root_beyond),
    ROW("context unreadable", SECOND, 0x40, root_gone),
    ROW("context P", SECOND, 0x41, context_p),
    ROW("no context entry", SECOND, 0x41, other_function),
    ROW("context bit 7", SECOND, 0x42, sm_reserved),
    ROW("context bit 5 of rev 5", SECOND, 0x42, sm_rev5),
    ROW("context word 1", SECOND, 0x42, sm_word1),
    ROW("context word 2", SECOND, 0x42, sm_word2),
    ROW("context word 3", SECOND, 0x42, sm_word3),
    ROW("context pointer beyond HAW", SECOND, 0x42, sm_beyond),
    ROW("DTE without DT", SECOND, 0x42, sm_dte, .ecap_off = VTD_ECAP_DT),
    ROW("PRE without PRS", SECOND, 0x42, sm_pre),
    ROW("RID_PASID without RPS", SECOND, 0x42, sm_rid_pasid, .ecap_off = VTD_ECAP_RPS),
    ROW("RID_PRIV without RPRIVS", SECOND, 0x42, sm_rid_priv),
    ROW("PRE without DTE", SECOND, 0x43, sm_pre, .preset = "page-requests"),
    ROW("RID_PASID beyond the directory", SECOND, 0x43, sm_rid_pasid_far),
    ROW("translated request, DTE 0", SECOND, 0x44, translated),
    ROW("PASIDE 0", SECOND, 0x45, sm_no_paside),
    ROW("PASID beyond the directory", SECOND, 0x46, pasid_far),
    ROW("PASID is RID_PASID", SECOND, 0x48, pasid_is_rid_pasid),
    ROW("translated request beyond HAW", SECOND, 0x83, translated_beyond),
    ROW("translated request into the window", SECOND, 0x87, translated_window),
    /* PASID directory and entry */
    ROW("directory unreadable", SECOND, 0x50, directory_nowhere),
    ROW("directory P", SECOND, 0x51, directory_p),
    ROW("directory reserved", SECOND, 0x52, directory_low),
    ROW("directory pointer beyond HAW", SECOND, 0x52, directory_beyond),
    ROW("PASID table unreadable", SECOND, 0x58, pasid_table_nowhere),
    ROW("PASID entry P", SECOND, 0x59, pasid_p),
    ROW("PASID entry bit 5", SECOND, 0x5A, pasid_low),
    ROW("SSADE without SSADS", SECOND, 0x5A, pasid_ssade, .ecap_off = VTD_ECAP_SSADS),
    ROW("PASID entry word 1", SECOND, 0x5A, pasid_word1),
    ROW("PWSNP without SMPWCS", SECOND, 0x5A, pasid_pwsnp, .preset = "scalable-noncoherent"),
    ROW("PGSNP without SC", SECOND, 0x5A, pasid_pgsnp, .ecap_off = VTD_ECAP_SC),
    ROW("EMTE without MTS", SECOND, 0x5A, pasid_emte),
    ROW("PASID entry word 2", SECOND, 0x5A, pasid_word2),
    ROW("SRE without SRS", SECOND, 0x5A, pasid_sre, .ecap_off = VTD_ECAP_SRS),
    ROW("EAFE without EAFS", FIRST, 0x5A, pasid_eafe, .ecap_off = VTD_ECAP_EAFS),
    ROW("PASID entry word 3", SECOND, 0x5A, pasid_word3),
    ROW("PASID entry word 4", SECOND, 0x5A, pasid_word4),
    ROW("PASID entry word 5", SECOND, 0x5A, pasid_word5),
    ROW("PASID entry word 6", SECOND, 0x5A, pasid_word6),
    ROW("PASID entry DID above ND", SECOND, 0x5A, pasid_did, .cap_off = VTD_CAP_ND),
    ROW("PASID entry word 7", SECOND, 0x5A, pasid_word7),
    ROW("second-stage pointer beyond HAW", SECOND, 0x5A, pasid_second_beyond),
    ROW("second-stage pointer beyond HAW, nested", NESTED, 0x5A, pasid_second_beyond),
    ROW("first-stage pointer beyond HAW", FIRST, 0x5A, pasid_first_beyond),
    ROW("PGTT 0", SECOND, 0x5B, pasid_pgtt0),
    ROW("PGTT 7", SECOND, 0x5B, pasid_pgtt5),
    ROW("PGTT 2 without SSTS", SECOND, 0x5B, NULL, .preset = "scalable-first"),
    ROW("PGTT 1 without FSTS", FIRST, 0x5B, NULL, .preset = "scalable-second"),
    ROW("PGTT 3 without NEST", NESTED, 0x5B, NULL, .ecap_off = VTD_ECAP_NEST),
    ROW("PGTT 4 without PT", PASS, 0x5B, NULL, .ecap_off = VTD_ECAP_PT),
    ROW("AW 6", SECOND, 0x5B, pasid_width),
    ROW("AW 1 where only 2 is there", SECOND, 0x5B, pasid_three),
    ROW("5 levels without FS5LP", FIRST, 0x5B, pasid_fspm),
    ROW("FSPM 2", FIRST, 0x5B, pasid_fspm2, .preset = "5-level"),
    ROW("AW 6, nested", NESTED, 0x5B, pasid_width),
    ROW("nested pointer beyond the limit", NESTED, 0x5B, nested_pointer_far),
    ROW("supervisor request, SRE 0", SECOND, 0x5D, privileged),
    /* first stage */
    ROW("entry unreadable", FIRST, 0x70, first_nowhere),
    ROW("not present", FIRST, 0x71, first_gone),
    ROW("leaf beyond HAW", FIRST, 0x72, first_beyond),
    ROW("large page at level 4", FIRST, 0x72, first_ps4),
    ROW("1 GiB without FS1GP", FIRST, 0x72, first_ps3, .cap_off = VTD_CAP_FS1GP),
    ROW("1 GiB, not aligned", FIRST, 0x72, first_ps3_low),
    ROW("2 MiB, not aligned", FIRST, 0x72, first_ps2_low),
    ROW("top table unreadable", FIRST, 0x73, first_top_nowhere),
    ROW("not canonical", FIRST, 0x80, not_canonical),
    ROW("user request, US 0", FIRST, 0x81, first_supervisor),
    ROW("write without right", FIRST, 0x85, first_ro),
    ROW("output in the window", FIRST, 0x87, first_window),
    ROW("flags, walk not snooped", FIRST, 0x90, first_ad_stale),
    ROW("flags, update fails", FIRST, 0x91, first_ad_fails),
    /* nested */
    ROW("table pointer beyond the limit", NESTED, 0x74, nested_table_far),
    ROW("top table not readable", NESTED, 0x75, nested_top_wo),
    ROW("other table not readable", NESTED, 0x76, nested_other_wo),
    ROW("table not writable for flags", NESTED, 0x77, nested_table_ro),
    ROW("table not mapped", NESTED, 0x79, nested_table_gone),
    ROW("output not mapped", NESTED, 0x79, nested_output_gone),
    ROW("output beyond the limit", NESTED, 0x84, nested_output_far),
    ROW("output read-only", NESTED, 0x85, nested_output_ro),
    ROW("output write-only", NESTED, 0x86, nested_output_wo),
    ROW("output reserved", NESTED, 0x7A, nested_second_reserved),
    /* second stage */
    ROW("entry unreadable", SECOND, 0x78, second_nowhere),
    ROW("not present", SECOND, 0x79, second_gone),
    ROW("upper level not present", SECOND, 0x79, second_upper_gone),
    ROW("no common right", SECOND, 0x79, second_no_common),
    ROW("leaf bit 62", SECOND, 0x7A, second_bit62),
    ROW("table bit 11", SECOND, 0x7A, second_bit11),
    ROW("SNP without SC", SECOND, 0x7A, second_snp, .ecap_off = VTD_ECAP_SC),
    ROW("leaf beyond HAW", SECOND, 0x7A, second_beyond),
    ROW("table beyond HAW", SECOND, 0x7A, second_upper_beyond),
    ROW("large page at level 4", SECOND, 0x7A, second_ps4),
    ROW("1 GiB without support", SECOND, 0x7A, second_ps3, .cap_off = (uint64_t)2 << 34),
    ROW("2 MiB without support", SECOND, 0x7A, second_ps2, .cap_off = (uint64_t)3 << 34),
    ROW("1 GiB, not aligned", SECOND, 0x7A, second_ps3_low),
    ROW("2 MiB, not aligned", SECOND, 0x7A, second_ps2_low),
    ROW("top table unreadable", SECOND, 0x7B, second_top_nowhere),
    ROW("flags, walk not snooped", SECOND, 0x7C, second_ad_stale),
    ROW("flags, update fails", SECOND, 0x7D, second_ad_fails),
    ROW("beyond the limit", SECOND, 0x84, far_48),
    ROW("beyond MGAW", SECOND, 0x84, far_beyond, .cap_off = (uint64_t)0x3F << 16,
      .cap_on = (uint64_t)40 << 16),
    ROW("write without right", SECOND, 0x85, second_ro),
    ROW("read without right", SECOND, 0x86, second_wo),
    ROW("output in the window", SECOND, 0x87, second_window),
    ROW("pass-through beyond HAW", PASS, 0x83, far_beyond),
    ROW("pass-through into the window", PASS, 0x87, pass_window),
    ROW("malformed request to the window", SECOND, 0x29, window),
};

/* ---- Tables that work, one kind each ------------------------------------------------------------ */

static void build_nested(struct bed *b)
{
    struct fx *f = &b->f;
    b->table = fx_page(f);
    b->nested_first = fx_page(f);
    b->pasid = fx_nested_entry(f, FX_RID, PASID, 5, b->nested_first, b->table, 4);
    b->first_leaf = fx_map_first(f, b->nested_first, 4, IOVA, PAGE, 1, VTD_FS_RW | VTD_FS_US);
    for (uint64_t pa = 0; pa < (uint64_t)2 << 20; pa += 4096)
        fx_map_second(f, b->table, 4, pa, pa, 1, R | W);
}

static void build_legacy(struct bed *b)
{
    struct fx *f = &b->f;
    b->table = fx_page(f);
    b->context = fx_legacy_context(f, FX_RID, VTD_TT_UNTRANSLATED, 5, b->table, 4);
    b->leaf = fx_map_second(f, b->table, 4, IOVA, PAGE, 1, R | W);
    b->request.has_pasid = false;
}

static void build_scalable(struct bed *b, enum bed_kind kind)
{
    struct fx *f = &b->f;
    b->table = fx_page(f);
    if (kind == SECOND) {
        b->pasid = fx_second_entry(f, FX_RID, PASID, 5, b->table, 4);
        b->leaf = fx_map_second(f, b->table, 4, IOVA, PAGE, 1, R | W);
    } else if (kind == FIRST) {
        b->pasid = fx_first_entry(f, FX_RID, PASID, 5, b->table, 4);
        b->leaf = fx_map_first(f, b->table, 4, IOVA, PAGE, 1, VTD_FS_RW | VTD_FS_US);
    } else if (kind == NESTED) {
        build_nested(b);
    } else {
        b->pasid = fx_pasid_entry(f, FX_RID, PASID);
        fx_put(f, b->pasid + 8, 5);
        fx_put(f, b->pasid, (uint64_t)VTD_PGTT_PASS_THROUGH << 6 | 1);
    }
    b->directory = fx_directory_entry(f, FX_RID, PASID);
}

static void build(struct bed *b, const struct row *row)
{
    bool legacy = row->kind == LEGACY || row->kind == LEGACY_PASS;
    fx_preset(&b->f, row->preset ? row->preset : legacy ? "legacy" : "scalable");
    b->f.config.cap = (b->f.config.cap & ~row->cap_off) | row->cap_on;
    b->f.config.ecap = (b->f.config.ecap & ~row->ecap_off) | row->ecap_on;
    if (row->major)
        b->f.config.major = row->major;
    fx_create(&b->f);
    fx_enable(&b->f);
    b->request = fx_request(FX_RID, PASID, IOVA, IOMMU_MODEL_READ);
    if (legacy)
        build_legacy(b);
    else
        build_scalable(b, row->kind);
    b->root = b->f.root + (FX_RID >> 8) * 16;
    b->context = fx_context_entry(&b->f, FX_RID);
    if (row->kind == LEGACY_PASS)
        set(b, b->context, VTD_TT_PASS_THROUGH << 2);
}

/* ---- Tests -------------------------------------------------------------------------------------- */

static uint64_t record(struct fx *f, unsigned index, unsigned half)
{
    return fx_read64(f, VTD_REG_FRCD(f->config.cap, index) + 8 * half);
}

static bool expected(struct bed *b, const struct row *row)
{
    const struct iommu_model_result *got = &b->f.result;
    uint64_t hi = record(&b->f, 0, 1), lo = record(&b->f, 0, 0);
    return got->outcome == IOMMU_MODEL_BLOCKED && got->fault == row->fault && got->recorded &&
           (hi & VTD_FRCD_HI_F) && SPEC_GET(VTD_FRCD_HI_FR, hi) == row->fault &&
           SPEC_GET(VTD_FRCD_HI_SID, hi) == b->request.rid &&
           SPEC_GET(VTD_FRCD_HI_AT, hi) == b->request.at &&
           !(hi & VTD_FRCD_HI_PP) == !b->request.has_pasid &&
           SPEC_GET(VTD_FRCD_HI_PV, hi) == (b->request.has_pasid ? b->request.pasid : 0) &&
           lo == (b->request.address & ~(uint64_t)0xFFF) &&
           !(hi & VTD_FRCD_HI_T1) == (b->request.access == IOMMU_MODEL_WRITE) &&
           !(hi & VTD_FRCD_HI_T2) && !(hi & VTD_FRCD_HI_EXE) == !b->request.execute &&
           !(hi & VTD_FRCD_HI_PRIV) == !b->request.privileged;
}

static void test_B62_each_reason_is_found_and_recorded(void **state)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        build(&b, &rows[i]);
        if (rows[i].change)
            rows[i].change(&b);
        fx_send(&b.f, &b.request);
        if (!expected(&b, &rows[i])) {
            print_error("%02x %s: outcome %d, fault %02x (%s)\n", rows[i].fault, rows[i].what,
                        b.f.result.outcome, b.f.result.fault,
                        iommu_model_vtd_fault_name(b.f.result.fault));
            wrong++;
        }
        const struct iommu_model_explanation *e = &b.f.explanation;
        assert_true(e->count > 0);
        assert_string_equal(e->step[e->count - 1].decision,
                            iommu_model_vtd_fault_name(rows[i].fault));
        fx_end(&b.f);
    }
    assert_int_equal(wrong, 0);
}

/* The same tables without the change let the request through, so the change is what refused it. */
static void test_model_the_unchanged_tables_work(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        if (!rows[i].change)
            continue;
        build(&b, &rows[i]);
        fx_send(&b.f, &b.request);
        if (b.f.result.outcome != IOMMU_MODEL_OK)
            print_error("%s: %02x\n", rows[i].what, b.f.result.fault);
        assert_int_equal(b.f.result.outcome, IOMMU_MODEL_OK);
        assert_int_equal(fx_stats(&b.f).misuse, 0);
        fx_end(&b.f);
    }
}

/* A dry run finds the same reason and leaves no trace. */
static void test_model_explain_finds_the_same_reason(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        build(&b, &rows[i]);
        if (rows[i].change)
            rows[i].change(&b);
        iommu_model_vtd_explain(b.f.model, &b.request, &b.f.result, NULL);
        if (rows[i].fault == 0x7D || rows[i].fault == 0x91)
            assert_int_equal(b.f.result.outcome, IOMMU_MODEL_OK); /* no update was tried */
        else
            assert_int_equal(b.f.result.fault, rows[i].fault);
        assert_false(fx_read32(&b.f, VTD_REG_FSTS) & VTD_FSTS_PPF);
        assert_int_equal(fx_stats(&b.f).faults, 0);
        fx_end(&b.f);
    }
}

/* FPD in the context entry silences what is qualified, and nothing else. */
static void test_B63_fault_processing_disable(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        bool before_context = rows[i].fault == 0x89 || rows[i].change == other_function;
        build(&b, &rows[i]);
        set(&b, b.context, 2); /* FPD, in both formats */
        if (rows[i].change)
            rows[i].change(&b);
        fx_send(&b.f, &b.request);
        bool qualified = false;
#define QUALIFIED(code, name, symbol, q, meaning, ats) qualified |= (code) == rows[i].fault && (q);
        VTD_FAULTS(QUALIFIED)
#undef QUALIFIED
        assert_int_equal(b.f.result.fault, rows[i].fault);
        if (b.f.result.recorded == (qualified && !before_context))
            print_error("%02x %s\n", rows[i].fault, rows[i].what);
        assert_int_equal(b.f.result.recorded, !qualified || before_context);
        fx_end(&b.f);
    }
}

static void test_B63_fpd_counts_in_directory_and_entry(void **state)
{
    static const struct row gone = ROW("gone", SECOND, 0x79, second_gone);
    struct bed b;
    build(&b, &gone);
    second_gone(&b);
    set(&b, b.directory, VTD_PDE_FPD);
    fx_send(&b.f, &b.request);
    assert_int_equal(b.f.result.fault, 0x79);
    assert_false(b.f.result.recorded);
    fx_end(&b.f);

    build(&b, &gone);
    fx_put(&b.f, b.pasid, VTD_PE0_FPD); /* even where P is 0 */
    fx_send(&b.f, &b.request);
    assert_int_equal(b.f.result.fault, 0x59);
    assert_false(b.f.result.recorded);
    fx_end(&b.f);
}

static void test_model_every_reason_has_a_name(void **state)
{
    for (unsigned code = 0; code < 256; code++)
        assert_non_null(iommu_model_vtd_fault_name((uint8_t)code));
    assert_string_equal(iommu_model_vtd_fault_name(0x59), "PASID entry not present");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B62_each_reason_is_found_and_recorded),
        cmocka_unit_test(test_model_the_unchanged_tables_work),
        cmocka_unit_test(test_model_explain_finds_the_same_reason),
        cmocka_unit_test(test_B63_fault_processing_disable),
        cmocka_unit_test(test_B63_fpd_counts_in_directory_and_entry),
        cmocka_unit_test(test_model_every_reason_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
