/* SPDX-License-Identifier: MIT */
/*
 * The contents of PASID and legacy context entries. Architecture: "PASID table entry", "Context
 * entry". What is written hangs on the unit's capabilities and nothing else; called by attach.c.
 *
 * A bit whose capability the unit lacks is a reserved bit, and a reserved bit that is set blocks
 * the route. So each is set only where the unit has it.
 */
#include "drivers/vtd/entry.h"

static uint64_t width_code(unsigned levels)
{
    return levels - VTD_AW_LEVELS(0u);
}

/* Entries without a second stage carry a valid width too: emulators look at it. */
static uint64_t widest_code(const struct vtd_unit *unit)
{
    uint32_t widths = vtd_caps_widths(unit->cap);
    uint64_t code = VTD_AW_57;

    while (code > VTD_AW_39 && !(widths & SPEC_BIT32(code)))
        code--;
    return code;
}

static uint64_t second_stage(const struct vtd_unit *unit, const struct vtd_entry_config *config)
{
    if (config->pgtt != VTD_PGTT_SECOND && config->pgtt != VTD_PGTT_NESTED)
        return SPEC_PUT(VTD_PE0_AW, widest_code(unit));
    return config->ss_root | SPEC_PUT(VTD_PE0_AW, width_code(config->ss_levels));
}

static uint64_t first_stage(const struct vtd_entry_config *config)
{
    uint64_t mode = config->fs_levels == 5 ? VTD_FSPM_5LEVEL : VTD_FSPM_4LEVEL;

    if (config->pgtt != VTD_PGTT_FIRST && config->pgtt != VTD_PGTT_NESTED)
        return 0;
    return config->fs_root | SPEC_PUT(VTD_PE2_FSPM, mode);
}

/* First-stage leaves have no snoop bit of their own: there the entry decides for all. */
static uint64_t snooping(const struct vtd_unit *unit, const struct vtd_entry_config *config)
{
    uint64_t bits = 0;

    if (config->pgtt == VTD_PGTT_PASS_THROUGH)
        return 0;
    if (unit->ecap & VTD_ECAP_SMPWCS)
        bits |= VTD_PE1_PWSNP;
    if ((unit->ecap & VTD_ECAP_SC) && config->pgtt != VTD_PGTT_SECOND)
        bits |= VTD_PE1_PGSNP;
    return bits;
}

void vtd_entry_enter(const struct vtd_unit *unit, const struct vtd_entry_config *config, uint64_t *entry)
{
    uint64_t value[VTD_PE_QWORDS] = {0};

    value[0] = VTD_PE0_P | SPEC_PUT(VTD_PE0_PGTT, (uint64_t)config->pgtt) |
               second_stage(unit, config);
    value[1] = SPEC_PUT(VTD_PE1_DID, (uint64_t)config->did) | snooping(unit, config);
    value[2] = first_stage(config);
    vtd_entry_publish(unit, entry, value, VTD_PE_QWORDS);
}

uint64_t *vtd_entry_root(const struct iommu_domain *domain, uint64_t *entry)
{
    return vtd_domain_pgtt(domain) == VTD_PGTT_FIRST ? &entry[2] : &entry[0];
}

void vtd_entry_for_domain_legacy(const struct vtd_unit *unit, const struct vtd_domain *domain,
                                 uint32_t did, bool ats, uint64_t value[2])
{
    uint64_t type = ats ? VTD_TT_DEVICE_TLB : VTD_TT_UNTRANSLATED;
    uint64_t width;

    value[0] = VTD_LCE0_P;
    if (domain->base.type == IOMMU_DOMAIN_IDENTITY) {
        type = VTD_TT_PASS_THROUGH;
        width = widest_code(unit);
    } else {
        value[0] |= iommu_pt_root(&domain->base.pt);
        width = width_code(domain->base.pt.config.levels);
    }
    value[0] |= SPEC_PUT(VTD_LCE0_TT, type);
    value[1] = SPEC_PUT(VTD_LCE1_AW, width) | SPEC_PUT(VTD_LCE1_DID, (uint64_t)did);
}
