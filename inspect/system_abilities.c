/* SPDX-License-Identifier: MIT */
/* system_abilities.c - see system_abilities.h. */
#include "inspect/system_abilities.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "spec/vtd_regs.h"

static const struct {
    const char *name, *words;
    uint64_t cap, ecap; /* the bit, in one of the two */
} about[INSPECT_ABILITY_COUNT] = {
    [INSPECT_CAN_SCALABLE] = {"scalable", "scalable mode", 0, VTD_ECAP_SMTS},
    [INSPECT_CAN_PASID] = {"unit-pasid", "requests with PASID", 0, VTD_ECAP_PASID},
    [INSPECT_CAN_FIRST_STAGE] = {"first-stage", "first-stage tables", 0, VTD_ECAP_FSTS},
    [INSPECT_CAN_SECOND_STAGE] = {"second-stage", "second-stage tables in scalable mode", 0, VTD_ECAP_SSTS},
    [INSPECT_CAN_NESTED] = {"nested", "nested translation", 0, VTD_ECAP_NEST},
    [INSPECT_CAN_QUEUED] = {"queued-invalidation", "queued invalidation", 0, VTD_ECAP_QI},
    [INSPECT_CAN_DEVICE_TLB] = {"device-tlb", "device-TLBs (ATS)", 0, VTD_ECAP_DT},
    [INSPECT_CAN_PAGE_REQUESTS] = {"page-requests", "page requests (PRI)", 0, VTD_ECAP_PRS},
    [INSPECT_CAN_REMAP_INTERRUPTS] = {"interrupt-remapping", "interrupt remapping", 0, VTD_ECAP_IR},
    [INSPECT_CAN_X2APIC] = {"x2apic", "x2APIC interrupts", 0, VTD_ECAP_EIM},
    [INSPECT_CAN_POST_INTERRUPTS] = {"posted-interrupts", "posted interrupts", VTD_CAP_PI, 0},
    [INSPECT_CAN_PASS_THROUGH] = {"pass-through", "pass-through", 0, VTD_ECAP_PT},
    [INSPECT_CAN_SNOOP] = {"snoop-control", "snoop control", 0, VTD_ECAP_SC},
    [INSPECT_CAN_COHERENT] = {"coherent-tables", "snooped tables", 0, VTD_ECAP_C},
    [INSPECT_CAN_DIRTY] = {"dirty-tracking", "second-stage accessed and dirty flags", 0, VTD_ECAP_SSADS},
    [INSPECT_CAN_CACHE_ABSENT] = {"caching-mode", "Caching Mode (an emulated unit)", VTD_CAP_CM, 0},
};

static bool is_readable(const struct inspect_iommu *iommu)
{
    return iommu->vendor == INSPECT_VENDOR_INTEL && iommu->has_capabilities;
}

enum inspect_answer inspect_iommu_can(const struct inspect_iommu *iommu, enum inspect_ability ability)
{
    if (!is_readable(iommu))
        return INSPECT_UNKNOWN;
    return (iommu->cap & about[ability].cap) != 0 || (iommu->ecap & about[ability].ecap) != 0 ? INSPECT_YES : INSPECT_NO;
}

const char *inspect_ability_name(enum inspect_ability ability)
{
    return about[ability].name;
}

const char *inspect_ability_words(enum inspect_ability ability)
{
    return about[ability].words;
}

unsigned inspect_iommu_pasid_bits(const struct inspect_iommu *iommu)
{
    if (inspect_iommu_can(iommu, INSPECT_CAN_PASID) != INSPECT_YES)
        return 0;
    unsigned bits = (unsigned)SPEC_GET(VTD_ECAP_PSS, iommu->ecap) + 1;
    return bits > 20 ? 20 : bits;
}

unsigned inspect_iommu_domain_bits(const struct inspect_iommu *iommu)
{
    unsigned field = (unsigned)SPEC_GET(VTD_CAP_ND, iommu->cap);
    return 4 + 2 * (field > VTD_CAP_ND_MAX ? VTD_CAP_ND_MAX : field);
}

unsigned inspect_iommu_address_bits(const struct inspect_iommu *iommu)
{
    return (unsigned)SPEC_GET(VTD_CAP_MGAW, iommu->cap) + 1;
}

bool inspect_iommu_has_levels(const struct inspect_iommu *iommu, unsigned levels)
{
    static const uint32_t bit[] = {[3] = VTD_SAGAW_39, [4] = VTD_SAGAW_48, [5] = VTD_SAGAW_57};
    return levels < sizeof bit / sizeof bit[0] && (SPEC_GET(VTD_CAP_SAGAW, iommu->cap) & bit[levels]) != 0;
}

const char *inspect_vendor_name(enum inspect_vendor vendor)
{
    static const char *const name[] = {
        [INSPECT_VENDOR_INTEL] = "Intel VT-d",
        [INSPECT_VENDOR_AMD] = "AMD-Vi",
        [INSPECT_VENDOR_ARM] = "Arm SMMU",
        [INSPECT_VENDOR_OTHER] = "of a kind that is not known here",
    };
    return name[vendor];
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length = strlen(text);
    va_start(arguments, format);
    vsnprintf(text + length, size - length, format, arguments);
    va_end(arguments);
}

static void intel_words(const struct inspect_iommu *iommu, char *text, size_t size)
{
    const char *separator = "";
    if (!is_readable(iommu)) {
        append(text, size, "; its registers could not be read");
        return;
    }
    append(text, size, "; %u-bit addresses, levels", inspect_iommu_address_bits(iommu));
    for (unsigned levels = 3; levels <= 5; levels++)
        if (inspect_iommu_has_levels(iommu, levels)) {
            append(text, size, "%s %u", separator, levels);
            separator = " or";
        }
    append(text, size, "; 2^%u domain ids", inspect_iommu_domain_bits(iommu));
    if (inspect_iommu_pasid_bits(iommu) > 0)
        append(text, size, "; PASIDs of %u bits", inspect_iommu_pasid_bits(iommu));
    for (unsigned i = 0; i < INSPECT_ABILITY_COUNT; i++)
        if (i != INSPECT_CAN_PASID && inspect_iommu_can(iommu, (enum inspect_ability)i) == INSPECT_YES)
            append(text, size, "; %s", about[i].words);
    if (inspect_iommu_can(iommu, INSPECT_CAN_SCALABLE) != INSPECT_YES)
        append(text, size, "; no scalable mode, so one domain a device");
}

/* Bits of the extended feature register; the rest is left to AMD's own tools. */
static void amd_words(const struct inspect_iommu *iommu, char *text, size_t size)
{
    if (!iommu->has_capabilities) {
        append(text, size, "; its features could not be read");
        return;
    }
    append(text, size, "; features 0x%" PRIx64, iommu->ecap);
    if ((iommu->ecap & SPEC_BIT64(1)) != 0)
        append(text, size, "; page requests (PPR)");
    if ((iommu->ecap & SPEC_BIT64(4)) != 0)
        append(text, size, "; guest translation, PASIDs of %u bits", (unsigned)(iommu->ecap >> 32 & 0x1f) + 1);
}

void inspect_iommu_words(const struct inspect_iommu *iommu, char *text, size_t size)
{
    snprintf(text, size, "%s", inspect_vendor_name(iommu->vendor));
    if (iommu->has_version)
        append(text, size, " %u.%u", iommu->major, iommu->minor);
    if (iommu->has_address)
        append(text, size, " at 0x%" PRIx64, iommu->address);
    if (iommu->vendor == INSPECT_VENDOR_INTEL)
        intel_words(iommu, text, size);
    else if (iommu->vendor == INSPECT_VENDOR_AMD)
        amd_words(iommu, text, size);
    if (iommu->has_domains)
        append(text, size, "; %" PRIu64 " of %" PRIu64 " domains used", iommu->domains_used, iommu->domains_supported);
}
