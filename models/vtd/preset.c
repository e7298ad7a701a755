/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/preset.c - ready-made units: one row each, from a full scalable one to an old one without
 * a queue. Architecture: "Capability register", "Extended capability register".
 * Lock: none, the table is constant. Called by programs and tests before they create a model.
 */
#include "models/vtd/model.h"

struct preset {
    const char *name, *about;
    uint8_t major, minor, address_bits;
    uint64_t cap, ecap;
};

#define WIDTH(bits) SPEC_PUT(VTD_CAP_MGAW, (uint64_t)((bits) - 1))
#define SAGAW(bits) SPEC_PUT(VTD_CAP_SAGAW, (uint64_t)(bits))
#define LARGE SPEC_PUT(VTD_CAP_SSLPS, (uint64_t)(VTD_SSLPS_2M | VTD_SSLPS_1G))
#define DOMAINS(nd) SPEC_PUT(VTD_CAP_ND, (uint64_t)(nd))
#define RECORDS(count) SPEC_PUT(VTD_CAP_NFR, (uint64_t)((count) - 1))
#define MASK(pages_lg2) SPEC_PUT(VTD_CAP_MAMV, (uint64_t)(pages_lg2))
#define PSS(bits) SPEC_PUT(VTD_ECAP_PSS, (uint64_t)((bits) - 1))
#define FAULTS_AT(offset) SPEC_PUT(VTD_CAP_FRO, (uint64_t)((offset) / VTD_FRO_UNIT))
#define IOTLB_AT(offset) SPEC_PUT(VTD_ECAP_IRO, (uint64_t)((offset) / VTD_IRO_UNIT))

/* What the units below have in common. */
#define CAP_USUAL                                                                         \
    (DOMAINS(6) | LARGE | VTD_CAP_PSI | MASK(18) | VTD_CAP_DWD | VTD_CAP_DRD |            \
     VTD_CAP_ZLR | RECORDS(8) | FAULTS_AT(0x400))
#define CAP_48 (CAP_USUAL | SAGAW(VTD_SAGAW_48) | WIDTH(48) | VTD_CAP_FS1GP)
#define ECAP_QUEUE (VTD_ECAP_QI | IOTLB_AT(0x500))
#define ECAP_PLAIN \
    (ECAP_QUEUE | VTD_ECAP_SMTS | VTD_ECAP_PASID | PSS(20) | VTD_ECAP_PT | VTD_ECAP_RPS)
#define ECAP_COHERENT (VTD_ECAP_C | VTD_ECAP_SMPWCS)
#define ECAP_STAGES (VTD_ECAP_FSTS | VTD_ECAP_SSTS | VTD_ECAP_NEST)
#define ECAP_FULL                                                                         \
    (ECAP_PLAIN | ECAP_COHERENT | ECAP_STAGES | VTD_ECAP_SSADS | VTD_ECAP_EAFS |          \
     VTD_ECAP_SRS | VTD_ECAP_SC | VTD_ECAP_DT | VTD_ECAP_NWFS | VTD_ECAP_PDS)

static const struct preset presets[] = {
    { "scalable", "scalable mode, 4 levels, both stages, coherent walks, device-TLBs", 5, 0, 46,
      CAP_48, ECAP_FULL },
    { "scalable-noncoherent", "scalable mode whose walks see no CPU cache", 5, 0, 46,
      CAP_48, ECAP_PLAIN | ECAP_STAGES | VTD_ECAP_DT | VTD_ECAP_SRS },
    { "scalable-second", "scalable mode with second-stage tables only", 5, 0, 46,
      CAP_48, ECAP_PLAIN | ECAP_COHERENT | VTD_ECAP_SSTS },
    { "scalable-first", "scalable mode with first-stage tables only", 5, 0, 46,
      CAP_48, ECAP_PLAIN | ECAP_COHERENT | VTD_ECAP_FSTS },
    { "scalable-no-pasid", "scalable mode without requests with PASID", 5, 0, 46,
      CAP_48, ECAP_QUEUE | ECAP_COHERENT | ECAP_STAGES | VTD_ECAP_SMTS | VTD_ECAP_PT },
    { "caching-mode", "as scalable, and remembers what is not there", 5, 0, 46,
      CAP_48 | VTD_CAP_CM, ECAP_FULL },
    { "esrtps", "as scalable; setting the root table flushes the caches", 6, 0, 46,
      CAP_48 | VTD_CAP_ESRTPS, ECAP_FULL | VTD_ECAP_ADMS },
    { "page-requests", "as scalable, with page requests", 6, 0, 46,
      CAP_48, ECAP_FULL | VTD_ECAP_PRS | VTD_ECAP_SMS | VTD_ECAP_RPRIVS },
    { "3-level", "scalable mode, 39-bit second stage", 5, 0, 39,
      CAP_USUAL | SAGAW(VTD_SAGAW_39) | WIDTH(39), ECAP_FULL },
    { "5-level", "scalable mode, 48- and 57-bit second stage, 5-level first stage", 6, 0, 52,
      CAP_USUAL | SAGAW(VTD_SAGAW_48 | VTD_SAGAW_57) | WIDTH(57) | VTD_CAP_FS1GP | VTD_CAP_FS5LP,
      ECAP_FULL },
    { "small", "scalable mode with few of everything: 64 domains, 10-bit PASIDs, 1 fault record", 5,
      0, 39,
      DOMAINS(1) | SAGAW(VTD_SAGAW_39) | WIDTH(39) | VTD_CAP_PSI | MASK(9) | RECORDS(1) |
          FAULTS_AT(0x220),
      IOTLB_AT(0xF0) | VTD_ECAP_QI | ECAP_COHERENT | VTD_ECAP_SMTS | VTD_ECAP_SSTS |
          VTD_ECAP_PASID | PSS(10) },
    { "legacy", "legacy mode only, 4 levels, queue, device-TLBs", 1, 0, 46,
      CAP_48, ECAP_QUEUE | VTD_ECAP_C | VTD_ECAP_PT | VTD_ECAP_SC | VTD_ECAP_DT },
    { "legacy-caching-mode", "as legacy, and remembers what is not there", 1, 0, 46,
      CAP_48 | VTD_CAP_CM, ECAP_QUEUE | VTD_ECAP_C | VTD_ECAP_PT | VTD_ECAP_SC },
    { "legacy-no-queue", "an old unit: registers only, write buffer, protected regions, 3 levels", 1,
      0, 36,
      DOMAINS(2) | SAGAW(VTD_SAGAW_39) | WIDTH(39) | VTD_CAP_RWBF | VTD_CAP_PLMR | VTD_CAP_PHMR |
          VTD_CAP_PSI | MASK(9) | RECORDS(1) | FAULTS_AT(0x200),
      IOTLB_AT(0x100) },
    { "qemu", "what QEMU 7.2 reports with x-scalable-mode and 48 bits", 1, 0, 48,
      DOMAINS(6) | SAGAW(VTD_SAGAW_39 | VTD_SAGAW_48) | WIDTH(48) | LARGE | VTD_CAP_PSI | MASK(18) |
          VTD_CAP_DWD | VTD_CAP_DRD | RECORDS(1) | FAULTS_AT(0x220),
      IOTLB_AT(0xF0) | VTD_ECAP_QI | VTD_ECAP_PT | VTD_ECAP_SMTS | VTD_ECAP_SRS | VTD_ECAP_SSTS },
};

#define PRESETS (sizeof(presets) / sizeof(presets[0]))

static bool equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

bool iommu_model_vtd_preset(const char *name, struct iommu_model_vtd_config *config)
{
    for (size_t i = 0; i < PRESETS; i++) {
        if (!equal(presets[i].name, name))
            continue;
        config->major = presets[i].major;
        config->minor = presets[i].minor;
        config->address_bits = presets[i].address_bits;
        config->cap = presets[i].cap;
        config->ecap = presets[i].ecap;
        return true;
    }
    return false;
}

const char *iommu_model_vtd_preset_name(unsigned index)
{
    return index < PRESETS ? presets[index].name : NULL;
}

const char *iommu_model_vtd_preset_about(unsigned index)
{
    return index < PRESETS ? presets[index].about : NULL;
}
