/* SPDX-License-Identifier: MIT */
/* units.c - the units that drivers are tried on. Widths, coherency, Caching Mode, queue or registers, few ids. */
#include "conformance/units.h"

#include <stddef.h>

#include "iommukit/conformance/conformance.h"
#include "iommukit/model/vtd.h"

#define NO_ATS      (ECAP_DT | ECAP_NWFS)
#define NOT_SNOOPED (ECAP_C | ECAP_SMPWCS | ECAP_SSADS | ECAP_EAFS)

static const struct unit_row rows[] = {
    {.name = "plain",
     .about = "scalable mode, 4 levels, both stages, coherent, no device-TLBs: nothing special",
     .unit = {{.preset = "scalable", .ecap_clear = NO_ATS}}},
    {.name = "caching-mode",
     .about = "remembers what is not there, scalable mode",
     .unit = {{.preset = "caching-mode", .ecap_clear = NO_ATS}}},
    {.name = "noncoherent",
     .about = "scalable mode, walks that do not snoop",
     .unit = {{.preset = "scalable-noncoherent", .ecap_clear = NO_ATS}}},
    {.name = "device-tlb",
     .about = "scalable mode, endpoints with device-TLBs",
     .unit = {{.preset = "scalable"}}},
    {.name = "3-level",
     .about = "scalable mode, 39-bit second stage",
     .unit = {{.preset = "3-level", .ecap_clear = NO_ATS}}},
    {.name = "5-level",
     .about = "scalable mode, 57-bit second stage",
     .unit = {{.preset = "5-level", .ecap_clear = NO_ATS}}},
    {.name = "first-stage",
     .about = "scalable mode, first-stage tables only",
     .unit = {{.preset = "scalable-first"}}},
    {.name = "esrtps",
     .about = "version 6: setting the root table flushes, and only the queue invalidates",
     .unit = {{.preset = "esrtps", .ecap_clear = NO_ATS}}},
    {.name = "no-page-selective",
     .about = "scalable mode, IOTLB invalidation by domain only, no large pages, no snoop control",
     .unit = {{.preset = "scalable",
               .cap_clear = CAP_PSI | CAP_SSLPS,
               .ecap_clear = NO_ATS | ECAP_SC}}},
    {.name = "small",
     .about = "scalable mode, 64 domain ids, 10-bit PASIDs, one fault record, 3 levels",
     .unit = {{.preset = "small"}}},
    {.name = "tiny",
     .about = "scalable mode, 16 domain ids, 5-bit PASIDs, Caching Mode",
     .unit = {{.preset = "scalable-second",
               .cap_clear = CAP_ND,
               .cap_set = CAP_CM,
               .ecap_clear = ECAP_PSS,
               .ecap_set = UINT64_C(4) << 35}}},
    {.name = "no-pasid",
     .about = "scalable mode without PASIDs",
     .unit = {{.preset = "scalable-no-pasid"}}},
    {.name = "firmware-ir",
     .about = "scalable mode; firmware left interrupt remapping on",
     .unit = {{.preset = "scalable", .ecap_clear = NO_ATS, .ecap_set = ECAP_IR}},
     .firmware_ir = true},
    {.name = "legacy",
     .about = "legacy mode, queue, coherent",
     .unit = {{.preset = "legacy", .ecap_clear = NO_ATS}}},
    {.name = "legacy-device-tlb",
     .about = "legacy mode, endpoints with device-TLBs",
     .unit = {{.preset = "legacy"}}},
    {.name = "legacy-caching-mode",
     .about = "legacy mode, remembers what is not there",
     .unit = {{.preset = "legacy-caching-mode"}}},
    {.name = "legacy-noncoherent",
     .about = "legacy mode, walks that do not snoop, 16 domain ids",
     .unit = {{.preset = "legacy", .cap_clear = CAP_ND, .ecap_clear = NO_ATS | ECAP_C}}},
    {.name = "legacy-no-queue",
     .about = "an old unit: registers, write buffer, protected regions, 3 levels, no snooping",
     .unit = {{.preset = "legacy-no-queue"}}},
    {.name = "two-units",
     .about = "a plain unit, and one with Caching Mode, walks that do not snoop, 4 KiB pages, 64 "
              "domain ids",
     .unit = {{.preset = "scalable", .ecap_clear = NO_ATS},
              {.preset = "scalable-noncoherent",
               .cap_clear = CAP_ND | CAP_SSLPS,
               .cap_set = CAP_CM | 1,
               .ecap_clear = NO_ATS}}},
    {.name = "two-widths",
     .about = "a 4-level unit and a 3-level unit, both in scalable mode",
     .unit = {{.preset = "scalable", .ecap_clear = NO_ATS},
              {.preset = "3-level", .ecap_clear = NO_ATS}}},
    {.name = "two-modes",
     .about = "a unit in scalable mode and an old one without a queue",
     .unit = {{.preset = "scalable", .ecap_clear = NO_ATS}, {.preset = "legacy-no-queue"}}},
};

#define ROWS (sizeof rows / sizeof rows[0])

const struct unit_row *unit_at(unsigned index)
{
    return index < ROWS ? &rows[index] : NULL;
}

bool unit_capabilities(const struct unit_row *row, unsigned unit, uint64_t *cap, uint64_t *ecap)
{
    const struct unit_changes *changes = &row->unit[unit];
    struct iommu_model_vtd_config config = {0};
    if (changes->preset == NULL || !iommu_model_vtd_preset(changes->preset, &config))
        return false;
    *cap = (config.cap & ~changes->cap_clear) | changes->cap_set;
    *ecap = (config.ecap & ~changes->ecap_clear) | changes->ecap_set;
    return true;
}

const char *iommu_conform_unit_name(unsigned index)
{
    return index < ROWS ? rows[index].name : NULL;
}

const char *iommu_conform_unit_about(unsigned index)
{
    return index < ROWS ? rows[index].about : NULL;
}
