/* SPDX-License-Identifier: MIT */
/*
 * tables_check.c - what hardware refuses in a present entry, by what the unit can do.
 *
 * Written from the architecture's tables and not from the model, so that the two can contradict each other.
 */
#include "inspect/tables_walker.h"

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

/* Bits of an entry's word that must be 0, and why. */
struct rule {
    uint64_t word, mask;
    enum inspect_trouble_kind kind;
    const char *what;
};

static bool obey(const struct rule *rules, unsigned count, struct tables_flaw *flaw)
{
    for (unsigned i = 0; i < count; i++) {
        if ((rules[i].word & rules[i].mask) == 0)
            continue;
        *flaw = (struct tables_flaw){rules[i].kind, rules[i].what, rules[i].word};
        return false;
    }
    return true;
}

#define OBEY(rules, flaw) obey(rules, sizeof(rules) / sizeof((rules)[0]), flaw)

static bool refuse(struct tables_flaw *flaw, const char *what, uint64_t word)
{
    *flaw = (struct tables_flaw){INSPECT_TROUBLE_BAD_TYPE, what, word};
    return false;
}

/* Bits that are reserved where the unit lacks a feature. */
static uint64_t unless(uint64_t capabilities, uint64_t feature, uint64_t bits)
{
    return (capabilities & feature) ? 0 : bits;
}

static const char beyond[] = "points beyond the host's address width";
static const char reserved[] = "has a reserved bit set";

struct tables_traits tables_traits(const struct tables_walker *walker)
{
    uint64_t large = SPEC_GET(VTD_CAP_SSLPS, walker->cap);
    unsigned host_bits = walker->machine->address_bits;
    return (struct tables_traits){
        .host_bits = (uint8_t)(host_bits >= 12 && host_bits <= 52 ? host_bits : 52),
        .input_bits = (uint8_t)(SPEC_GET(VTD_CAP_MGAW, walker->cap) + 1),
        .second_2m = large & VTD_SSLPS_2M,
        .second_1g = large & VTD_SSLPS_1G,
        .first_1g = walker->cap & VTD_CAP_FS1GP,
        .snoop_control = walker->ecap & VTD_ECAP_SC,
        .indirect_rights = walker->ecap & VTD_ECAP_SSIRWS,
    };
}

/* ---- root and context ------------------------------------------------------------------------------------------ */

/* Legacy: both words; scalable: one half, with 0 for `high`. */
bool tables_root_sound(const struct tables_walker *walker, uint64_t low, uint64_t high, struct tables_flaw *flaw)
{
    const struct rule rules[] = {
        {low, VTD_PTR_RSVD(walker->traits.host_bits), INSPECT_TROUBLE_BEYOND_WIDTH, beyond},
        {low, VTD_LRE0_RSVD, INSPECT_TROUBLE_RESERVED, reserved},
        {high, VTD_LRE1_RSVD, INSPECT_TROUBLE_RESERVED, reserved},
    };
    return OBEY(rules, flaw);
}

static bool did_fits(const struct tables_walker *walker, uint64_t did)
{
    return did >> (4 + 2 * SPEC_GET(VTD_CAP_ND, walker->cap)) == 0;
}

static bool width_supported(const struct tables_walker *walker, uint64_t aw)
{
    return aw >= VTD_AW_39 && aw <= VTD_AW_57 && (SPEC_GET(VTD_CAP_SAGAW, walker->cap) >> aw & 1);
}

static bool legacy_type_supported(const struct tables_walker *walker, uint64_t type)
{
    switch ((enum vtd_tt)type) {
    case VTD_TT_UNTRANSLATED:
        return true;
    case VTD_TT_DEVICE_TLB:
        return walker->ecap & VTD_ECAP_DT;
    case VTD_TT_PASS_THROUGH:
        return walker->ecap & VTD_ECAP_PT;
    default:
        return false;
    }
}

bool tables_legacy_context_sound(const struct tables_walker *walker, const uint64_t *words, struct tables_flaw *flaw)
{
    uint64_t type = SPEC_GET(VTD_LCE0_TT, words[0]);
    uint64_t pointer = type == VTD_TT_PASS_THROUGH ? 0 : VTD_PTR_RSVD(walker->traits.host_bits);
    const struct rule rules[] = {
        {words[0], pointer, INSPECT_TROUBLE_BEYOND_WIDTH, beyond},
        {words[0], VTD_LCE0_RSVD, INSPECT_TROUBLE_RESERVED, reserved},
        {words[1], VTD_LCE1_RSVD, INSPECT_TROUBLE_RESERVED, reserved},
    };
    if (!OBEY(rules, flaw))
        return false;
    if (!did_fits(walker, SPEC_GET(VTD_LCE1_DID, words[1]))) {
        *flaw = (struct tables_flaw){INSPECT_TROUBLE_RESERVED, "has a domain id wider than the unit's", words[1]};
        return false;
    }
    if (!legacy_type_supported(walker, type))
        return refuse(flaw, "has a translation type that the unit does not support", words[0]);
    if (!width_supported(walker, SPEC_GET(VTD_LCE1_AW, words[1])))
        return refuse(flaw, "has an address width that the unit does not support", words[1]);
    return true;
}

bool tables_context_sound(const struct tables_walker *walker, const uint64_t *words, struct tables_flaw *flaw)
{
    uint64_t ecap = walker->ecap;
    uint64_t low = VTD_SCE0_RSVD | unless(ecap, VTD_ECAP_DT, VTD_SCE0_DTE) |
                   unless(ecap, VTD_ECAP_PASID, VTD_SCE0_PASIDE) | unless(ecap, VTD_ECAP_PRS, VTD_SCE0_PRE) |
                   unless(ecap, VTD_ECAP_HPTS, VTD_SCE0_HPTE) | unless(ecap, VTD_ECAP_PTRS, VTD_SCE0_EPTR);
    uint64_t high = VTD_SCE1_RSVD | unless(ecap, VTD_ECAP_RPS, VTD_SCE1_RID_PASID) |
                    unless(ecap, VTD_ECAP_RPRIVS, VTD_SCE1_RID_PRIV);
    const struct rule rules[] = {
        {words[0], VTD_PTR_RSVD(walker->traits.host_bits), INSPECT_TROUBLE_BEYOND_WIDTH, beyond},
        {words[0], low, INSPECT_TROUBLE_RESERVED, reserved},
        {words[1], high, INSPECT_TROUBLE_RESERVED, reserved},
        {words[2], VTD_SCE2_RSVD, INSPECT_TROUBLE_RESERVED, reserved},
        {words[3], VTD_SCE3_RSVD, INSPECT_TROUBLE_RESERVED, reserved},
    };
    if (!OBEY(rules, flaw))
        return false;
    if ((words[0] & VTD_SCE0_PRE) && !(words[0] & VTD_SCE0_DTE))
        return refuse(flaw, "allows page requests (PRE) without device-TLB (DTE)", words[0]);
    if (SPEC_GET(VTD_SCE1_RID_PASID, words[1]) >> VTD_PDTS_PASIDS_LG2(SPEC_GET(VTD_SCE0_PDTS, words[0])))
        return refuse(flaw, "has a RID_PASID beyond its PASID directory", words[1]);
    return true;
}

/* ---- PASIDs ---------------------------------------------------------------------------------------------------- */

bool tables_directory_sound(const struct tables_walker *walker, uint64_t entry, struct tables_flaw *flaw)
{
    const struct rule rules[] = {
        {entry, VTD_PTR_RSVD(walker->traits.host_bits), INSPECT_TROUBLE_BEYOND_WIDTH, beyond},
        {entry, VTD_PDE_RSVD, INSPECT_TROUBLE_RESERVED, reserved},
    };
    return OBEY(rules, flaw);
}

static bool stage_supported(const struct tables_walker *walker, uint64_t type)
{
    switch (type) {
    case VTD_PGTT_FIRST:
        return walker->ecap & VTD_ECAP_FSTS;
    case VTD_PGTT_SECOND:
        return walker->ecap & VTD_ECAP_SSTS;
    case VTD_PGTT_NESTED:
        return walker->ecap & VTD_ECAP_NEST;
    case VTD_PGTT_PASS_THROUGH:
        return walker->ecap & VTD_ECAP_PT;
    default:
        return false;
    }
}

static bool pasid_type_sound(const struct tables_walker *walker, const uint64_t *words, struct tables_flaw *flaw)
{
    uint64_t type = SPEC_GET(VTD_PE0_PGTT, words[0]), aw = SPEC_GET(VTD_PE0_AW, words[0]);
    uint64_t paging = SPEC_GET(VTD_PE2_FSPM, words[2]);
    bool second = type == VTD_PGTT_SECOND || type == VTD_PGTT_NESTED;
    bool first = type == VTD_PGTT_FIRST || type == VTD_PGTT_NESTED;
    if (!stage_supported(walker, type))
        return refuse(flaw, "has a translation type (PGTT) that the unit does not support", words[0]);
    if (second && !width_supported(walker, aw))
        return refuse(flaw, "has an address width (AW) that the unit does not support", words[0]);
    if (first && paging != VTD_FSPM_4LEVEL && !(paging == VTD_FSPM_5LEVEL && (walker->cap & VTD_CAP_FS5LP)))
        return refuse(flaw, "has a first-stage paging mode that the unit does not support", words[2]);
    if (type == VTD_PGTT_NESTED) {
        uint64_t bits = VTD_AW_BITS(aw);
        if ((words[2] & VTD_PE2_FSPTPTR) >> (bits < walker->traits.input_bits ? bits : walker->traits.input_bits))
            return refuse(flaw, "has a first-stage table beyond the second stage's width", words[2]);
    }
    return true;
}

bool tables_pasid_sound(const struct tables_walker *walker, const uint64_t *words, struct tables_flaw *flaw)
{
    uint64_t ecap = walker->ecap, type = SPEC_GET(VTD_PE0_PGTT, words[0]);
    uint64_t pointer = VTD_PTR_RSVD(walker->traits.host_bits);
    const struct rule rules[] = {
        {words[0], type == VTD_PGTT_SECOND || type == VTD_PGTT_NESTED ? pointer : 0, INSPECT_TROUBLE_BEYOND_WIDTH,
         beyond},
        {words[2], type == VTD_PGTT_FIRST ? pointer : 0, INSPECT_TROUBLE_BEYOND_WIDTH, beyond},
        {words[0], VTD_PE0_RSVD | unless(ecap, VTD_ECAP_SSADS, VTD_PE0_SSADE), INSPECT_TROUBLE_RESERVED, reserved},
        {words[1],
         VTD_PE1_RSVD | unless(ecap, VTD_ECAP_SMPWCS, VTD_PE1_PWSNP) | unless(ecap, VTD_ECAP_SC, VTD_PE1_PGSNP) |
             unless(ecap, VTD_ECAP_MTS, VTD_PE1_EMTE),
         INSPECT_TROUBLE_RESERVED, reserved},
        {words[2],
         VTD_PE2_RSVD | unless(ecap, VTD_ECAP_SRS, VTD_PE2_SRE) | unless(ecap, VTD_ECAP_EAFS, VTD_PE2_EAFE),
         INSPECT_TROUBLE_RESERVED, reserved},
        {words[3], VTD_PE3_RSVD, INSPECT_TROUBLE_RESERVED, reserved},
        {words[4], VTD_PE4_RSVD | unless(ecap, VTD_ECAP_HPTS, VTD_PE4_HPT), INSPECT_TROUBLE_RESERVED, reserved},
        {words[5], VTD_PE5_RSVD | unless(ecap, VTD_ECAP_HPTS, VTD_PE5_HPT), INSPECT_TROUBLE_RESERVED, reserved},
        {words[6], VTD_PE6_RSVD, INSPECT_TROUBLE_RESERVED, reserved},
        {words[7], VTD_PE7_RSVD, INSPECT_TROUBLE_RESERVED, reserved},
    };
    if (!OBEY(rules, flaw))
        return false;
    if (!did_fits(walker, SPEC_GET(VTD_PE1_DID, words[1]))) {
        *flaw = (struct tables_flaw){INSPECT_TROUBLE_RESERVED, "has a domain id wider than the unit's", words[1]};
        return false;
    }
    return pasid_type_sound(walker, words, flaw);
}

/* ---- page tables ----------------------------------------------------------------------------------------------- */

static const char no_such_size[] = "is a page of a size that the unit does not support";
static const char misaligned[] = "is a large page whose address is not aligned to its size";

bool tables_first_sound(const struct tables_traits *traits, bool nested, unsigned level, uint64_t entry,
                        struct tables_flaw *flaw)
{
    /* Under nesting the address is a guest's, which the second stage judges. */
    uint64_t width = nested ? 0 : VTD_PTE_RSVD(traits->host_bits);
    bool leaf = level == 1 || (entry & VTD_FS_PS);
    uint64_t low = !leaf ? 0 : level == 2 ? VTD_FS_RSVD_2M : level == 3 ? VTD_FS_RSVD_1G : 0;
    const struct rule rules[] = {
        {entry, width, INSPECT_TROUBLE_BEYOND_WIDTH, beyond},
        {entry, low, INSPECT_TROUBLE_MISALIGNED, misaligned},
    };
    if (leaf && (level > 3 || (level == 3 && !traits->first_1g)))
        return refuse(flaw, no_such_size, entry);
    return OBEY(rules, flaw);
}

bool tables_second_sound(const struct tables_traits *traits, unsigned level, uint64_t entry, struct tables_flaw *flaw)
{
    bool leaf = level == 1 || (entry & VTD_SS_PS);
    uint64_t low = !leaf ? 0 : level == 2 ? VTD_SS_RSVD_2M : level == 3 ? VTD_SS_RSVD_1G : 0;
    uint64_t bits = leaf ? VTD_SS_RSVD_LEAF : VTD_SS_RSVD_TABLE;
    if (leaf && !traits->snoop_control)
        bits |= VTD_SS_SNP;
    if (traits->indirect_rights)
        bits &= ~VTD_SS_IW;
    const struct rule rules[] = {
        {entry, VTD_PTE_RSVD(traits->host_bits), INSPECT_TROUBLE_BEYOND_WIDTH, beyond},
        {entry, bits, INSPECT_TROUBLE_RESERVED, reserved},
        {entry, low, INSPECT_TROUBLE_MISALIGNED, misaligned},
    };
    if (leaf && (level > 3 || (level == 3 && !traits->second_1g) || (level == 2 && !traits->second_2m)))
        return refuse(flaw, no_such_size, entry);
    return OBEY(rules, flaw);
}
