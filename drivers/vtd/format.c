/* SPDX-License-Identifier: MIT */
/*
 * Page-table formats and the choice of geometry. Architecture: "Second-stage paging entries",
 * "First-stage paging entries", "Address width" codes. No lock: capabilities do not change. Called
 * when a domain is made and when it meets a unit.
 *
 * A domain for a named device gets the best its unit can do; a domain for any device what all
 * units have in common: then it can be attached everywhere.
 */
#include "drivers/vtd/vtd.h"

#define PAGE_4K ((uint64_t)1 << VTD_LEAF_4K_LG2)
#define PAGE_2M ((uint64_t)1 << VTD_LEAF_2M_LG2)
#define PAGE_1G ((uint64_t)1 << VTD_LEAF_1G_LG2)

/* Bits 61 to 52 of a pointer are ignored in both formats; 61 of the second stage as long as nobody turns on rights of
 * its own for instruction fetches, which this driver never does. So are bit 63 of the second and bit 62 of the first. */
#define COUNT_SHIFT 52

/* Rights of a table pointer are all there are: the leaf decides. */
static const struct iommu_pt_format second_stage = {
    .name = "VT-d second stage",
    .stage = IOMMU_STAGE_SECOND,
    .present = VTD_SS_R | VTD_SS_W,
    .table = VTD_SS_R | VTD_SS_W,
    .leaf = 0,
    .large = VTD_SS_PS,
    .read = VTD_SS_R,
    .write = VTD_SS_W,
    .snoop = VTD_SS_SNP,
    .address = VTD_SS_ADDR,
    .flushed = SPEC_BIT64(63),
    .count_shift = COUNT_SHIFT,
    .write_only = true,
};

/*
 * Accessed and dirty are set from the start: then hardware never writes to an entry, which it
 * could not do where its walks are not snooped.
 */
static const struct iommu_pt_format first_stage = {
    .name = "VT-d first stage",
    .stage = IOMMU_STAGE_FIRST,
    .present = VTD_FS_P,
    .table = VTD_FS_P | VTD_FS_RW | VTD_FS_US | VTD_FS_A,
    .leaf = VTD_FS_P | VTD_FS_US | VTD_FS_A | VTD_FS_D,
    .large = VTD_FS_PS,
    .read = 0,
    .write = VTD_FS_RW,
    .snoop = 0,
    .address = VTD_FS_ADDR,
    .flushed = SPEC_BIT64(62),
    .count_shift = COUNT_SHIFT,
    .write_only = false,
};

bool vtd_unit_has_stage(const struct vtd_unit *unit, enum iommu_stage stage)
{
    if (stage == IOMMU_STAGE_FIRST)
        return unit->scalable && (unit->ecap & VTD_ECAP_FSTS);
    return !unit->scalable || (unit->ecap & VTD_ECAP_SSTS);
}

/* C speaks of the tables of legacy mode; those of scalable mode have a bit of their own. */
bool vtd_unit_snoops(const struct vtd_unit *unit)
{
    return unit->ecap & (unit->scalable ? VTD_ECAP_SMPWCS : VTD_ECAP_C);
}

static uint64_t page_sizes(const struct vtd_unit *unit, enum iommu_stage stage)
{
    uint32_t large = (uint32_t)SPEC_GET(VTD_CAP_SSLPS, unit->cap);
    uint64_t sizes = PAGE_4K;

    if (stage == IOMMU_STAGE_FIRST)
        return sizes | PAGE_2M | ((unit->cap & VTD_CAP_FS1GP) ? PAGE_1G : 0);
    if (large & VTD_SSLPS_2M)
        sizes |= PAGE_2M;
    if (large & VTD_SSLPS_1G)
        sizes |= PAGE_1G;
    return sizes;
}

/* Levels as width codes: bit w for w + 2 levels. First stage has four, and perhaps five. */
static uint32_t width_codes(const struct vtd_unit *unit, enum iommu_stage stage)
{
    if (stage == IOMMU_STAGE_SECOND)
        return vtd_caps_widths(unit->cap);
    return SPEC_BIT32(VTD_AW_48) | ((unit->cap & VTD_CAP_FS5LP) ? SPEC_BIT32(VTD_AW_57) : 0);
}

/* Only the lower half of the first stage's canonical addresses is handed out. */
static uint32_t code_bits(uint32_t code, enum iommu_stage stage)
{
    return VTD_AW_BITS(code) - (stage == IOMMU_STAGE_FIRST ? 1u : 0u);
}

static uint32_t input_bits(const struct vtd_unit *unit, enum iommu_stage stage)
{
    return stage == IOMMU_STAGE_FIRST ? unit->fs_bits : unit->ss_bits;
}

/* ---- choosing ------------------------------------------------------------------------------- */

struct common {
    unsigned units;
    uint32_t codes, bits;
    uint64_t sizes;
    bool snooped, snoop_control;
};

static void meet(struct common *common, const struct vtd_unit *unit, enum iommu_stage stage)
{
    uint32_t bits = input_bits(unit, stage);

    common->units++;
    common->codes &= width_codes(unit, stage);
    common->bits = bits < common->bits ? bits : common->bits;
    common->sizes &= page_sizes(unit, stage);
    common->snooped &= vtd_unit_snoops(unit);
    common->snoop_control &= (unit->ecap & VTD_ECAP_SC) != 0;
}

static struct common common_of(const struct vtd *vtd, const struct vtd_unit *only,
                               enum iommu_stage stage)
{
    struct common common = {0, UINT32_MAX, 64, UINT64_MAX, true, true};

    for (unsigned i = 0; i < vtd->unit_count; i++) {
        const struct vtd_unit *unit = &vtd->units[i];

        if ((!only || unit == only) && vtd_unit_has_stage(unit, stage))
            meet(&common, unit, stage);
    }
    return common;
}

/* The narrowest table that reaches `bits`; 0: none does. */
static uint32_t narrowest(const struct common *common, enum iommu_stage stage, uint32_t bits)
{
    for (uint32_t code = VTD_AW_39; code <= VTD_AW_57; code++)
        if ((common->codes & SPEC_BIT32(code)) && code_bits(code, stage) >= bits)
            return code;
    return 0;
}

static uint32_t widest_bits(const struct common *common, enum iommu_stage stage)
{
    uint32_t bits = 0;

    for (uint32_t code = VTD_AW_39; code <= VTD_AW_57; code++)
        if (common->codes & SPEC_BIT32(code))
            bits = code_bits(code, stage);
    return bits < common->bits ? bits : common->bits;
}

static bool choose(const struct vtd *vtd, const struct common *common, enum iommu_stage stage,
                   unsigned iova_bits, struct iommu_pt_config *config)
{
    uint32_t widest = widest_bits(common, stage);
    uint32_t bits = iova_bits ? iova_bits : widest;
    uint32_t code = narrowest(common, stage, bits);

    if (common->units == 0 || bits > widest || code == 0)
        return false;
    config->format = stage == IOMMU_STAGE_FIRST ? &first_stage : &second_stage;
    config->levels = (uint8_t)VTD_AW_LEVELS(code);
    config->iova_bits = (uint8_t)bits;
    config->pa_bits = vtd->dmar.address_bits < 52 ? vtd->dmar.address_bits : 52;
    config->coherent = common->snooped;
    config->snoop = common->snoop_control && config->format->snoop;
    config->page_sizes = common->sizes;
    return true;
}

/* Automatic: a stage that all units have, second first; failing that, one that some have. */
int vtd_format_choose(const struct vtd *vtd, const struct vtd_unit *only, enum iommu_stage stage,
                      unsigned iova_bits, struct iommu_pt_config *config)
{
    static const enum iommu_stage order[] = {IOMMU_STAGE_SECOND, IOMMU_STAGE_FIRST};
    unsigned wanted = only ? 1 : vtd->unit_count;

    for (unsigned pass = 0; pass < 2; pass++, wanted = 1) {
        for (unsigned i = 0; i < 2; i++) {
            struct common common = common_of(vtd, only, order[i]);

            if (stage != IOMMU_STAGE_AUTO && stage != order[i])
                continue;
            if (common.units >= wanted && choose(vtd, &common, order[i], iova_bits, config))
                return 0;
        }
    }
    return -IOMMU_EOPNOTSUPP;
}

/* ---- meeting a unit ------------------------------------------------------------------------- */

/*
 * Where the domain's addresses are wider than the unit's the core narrows the domain, by
 * device.address_bits: unless that was the other stage's width.
 */
static bool width_fits(const struct vtd_unit *unit, const struct iommu_domain *domain)
{
    uint32_t here = input_bits(unit, domain->stage);
    bool told = here >= unit->ss_bits && here >= unit->fs_bits;

    return told || domain->pt.config.iova_bits <= here;
}

/* A stage that the unit lacks is 0 bits wide there. */
bool vtd_format_fits(const struct vtd_unit *unit, const struct iommu_domain *domain)
{
    const struct iommu_pt_config *config = &domain->pt.config;

    if (domain->type == IOMMU_DOMAIN_IDENTITY)
        return unit->ecap & VTD_ECAP_PT;
    if (!(width_codes(unit, domain->stage) & SPEC_BIT32(config->levels - VTD_AW_LEVELS(0u))))
        return false;
    if (config->page_sizes & ~page_sizes(unit, domain->stage))
        return false;
    if (config->coherent && !vtd_unit_snoops(unit))
        return false;
    if (config->snoop && !(unit->ecap & VTD_ECAP_SC))
        return false;
    return width_fits(unit, domain);
}
