/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/capability.c - which CAP and ECAP values a unit can have.
 *
 * Architecture: "Capability register", "Extended capability register": what depends on what. A value
 * that no unit may report is refused with the reason, and so is a feature that this model lacks.
 * Lock: none, nothing is shared. Called when a model is created.
 */
#include "models/vtd/model.h"

/* A feature in `ecap` that needs others in CAP or ECAP. */
struct dependency {
    uint64_t ecap, needs;
    const char *problem;
};

static const struct dependency dependencies[] = {
    { VTD_ECAP_DT, VTD_ECAP_QI, "ECAP.DT needs QI" },
    { VTD_ECAP_IR, VTD_ECAP_QI, "ECAP.IR needs QI" },
    { VTD_ECAP_EIM, VTD_ECAP_IR, "ECAP.EIM needs IR" },
    { VTD_ECAP_SMTS, VTD_ECAP_QI, "ECAP.SMTS needs QI" },
    { VTD_ECAP_FSTS, VTD_ECAP_SMTS, "ECAP.FSTS needs SMTS" },
    { VTD_ECAP_SSTS, VTD_ECAP_SMTS, "ECAP.SSTS needs SMTS" },
    { VTD_ECAP_NEST, VTD_ECAP_SMTS | VTD_ECAP_FSTS | VTD_ECAP_SSTS,
      "ECAP.NEST needs SMTS, FSTS and SSTS" },
    { VTD_ECAP_PRS, VTD_ECAP_DT | VTD_ECAP_SMTS, "ECAP.PRS needs DT and SMTS" },
    { VTD_ECAP_SRS, VTD_ECAP_SMTS, "ECAP.SRS needs SMTS" },
    { VTD_ECAP_EAFS, VTD_ECAP_FSTS | VTD_ECAP_SMPWCS, "ECAP.EAFS needs FSTS and SMPWCS" },
    { VTD_ECAP_PASID, VTD_ECAP_SMTS, "ECAP.PASID needs SMTS" },
    { VTD_ECAP_PSS, VTD_ECAP_PASID, "ECAP.PSS needs PASID" },
    { VTD_ECAP_DIT, VTD_ECAP_DT, "ECAP.DIT needs DT" },
    { VTD_ECAP_SSADS, VTD_ECAP_SMPWCS, "ECAP.SSADS needs SMPWCS" },
    { VTD_ECAP_SMPWCS, VTD_ECAP_SMTS, "ECAP.SMPWCS needs SMTS" },
    { VTD_ECAP_RPS, VTD_ECAP_SMTS, "ECAP.RPS needs SMTS" },
    { VTD_ECAP_RPRIVS, VTD_ECAP_SRS, "ECAP.RPRIVS needs SRS" },
};

static const struct {
    uint64_t ecap;
    const char *problem;
} not_modelled[] = {
    { VTD_ECAP_ERS, "ECAP.ERS, execute requests, is not modelled" },
    { VTD_ECAP_VCS, "ECAP.VCS, virtual commands, is not modelled" },
    { VTD_ECAP_PMS, "ECAP.PMS, performance monitoring, is not modelled" },
    { VTD_ECAP_TDXCS, "ECAP.TDXCS is not modelled" },
    { VTD_ECAP_HPTS | VTD_ECAP_HPT1GPS, "ECAP.HPTS, host permission tables, is not modelled" },
    { VTD_ECAP_PTRS, "ECAP.PTRS, PASID in translated requests, is not modelled" },
    { VTD_ECAP_SSIRWS, "ECAP.SSIRWS is not modelled" },
    { VTD_ECAP_RDTS, "ECAP.RDTS is not modelled" },
    { VTD_ECAP_EIMER | VTD_ECAP_IRREQ, "ECAP.EIMER and IRREQ are not modelled" },
};

static const char *extended_problem(uint64_t ecap)
{
    if (ecap & VTD_ECAP_RSVD)
        return "ECAP has a reserved bit set";
    for (size_t i = 0; i < sizeof(not_modelled) / sizeof(not_modelled[0]); i++)
        if (ecap & not_modelled[i].ecap)
            return not_modelled[i].problem;
    for (size_t i = 0; i < sizeof(dependencies) / sizeof(dependencies[0]); i++)
        if ((ecap & dependencies[i].ecap) &&
            (ecap & dependencies[i].needs) != dependencies[i].needs)
            return dependencies[i].problem;
    if (SPEC_GET(VTD_ECAP_PSS, ecap) >= VTD_PASID_BITS)
        return "ECAP.PSS is wider than a PASID";
    return NULL;
}

static const char *plain_problem(uint64_t cap)
{
    uint64_t sagaw = SPEC_GET(VTD_CAP_SAGAW, cap);
    uint64_t large = SPEC_GET(VTD_CAP_SSLPS, cap);
    uint64_t width = SPEC_GET(VTD_CAP_MGAW, cap) + 1;
    if (cap & VTD_CAP_RSVD)
        return "CAP has a reserved bit set";
    if (cap & VTD_CAP_AFL)
        return "CAP.AFL, advanced fault logging, is not modelled";
    if (cap & VTD_CAP_ECMDS)
        return "CAP.ECMDS, enhanced commands, is not modelled";
    if (SPEC_GET(VTD_CAP_ND, cap) > VTD_CAP_ND_MAX)
        return "CAP.ND 7 is reserved";
    if (sagaw & ~(uint64_t)(VTD_SAGAW_39 | VTD_SAGAW_48 | VTD_SAGAW_57))
        return "CAP.SAGAW has a width that is not 39, 48 or 57";
    if (large != 0 && large != VTD_SSLPS_2M && large != (VTD_SSLPS_2M | VTD_SSLPS_1G))
        return "CAP.SSLPS must be 0, 1 or 3";
    if (width < 20 || width > 57)
        return "CAP.MGAW must give 20 to 57 bits";
    return NULL;
}

/* The registers that the unit places itself must not lie on others. */
static const char *layout_problem(uint64_t cap, uint64_t ecap)
{
    uint32_t faults = VTD_REG_FRCD(cap, 0);
    uint32_t faults_end = VTD_REG_FRCD(cap, SPEC_GET(VTD_CAP_NFR, cap) + 1);
    uint32_t iotlb = VTD_REG_IVA(ecap);
    uint32_t fixed_end = VTD_REG_PEUADDR + 4;
    if (ecap & VTD_ECAP_MTS)
        fixed_end = VTD_REG_MTRR_VARIABLE + VTD_MTRR_VARIABLE_COUNT * 16;
    if (faults < fixed_end)
        return "CAP.FRO puts fault records on other registers";
    if (iotlb < fixed_end)
        return "ECAP.IRO puts the IOTLB registers on other registers";
    if (iotlb + 16 > faults && iotlb < faults_end)
        return "ECAP.IRO and CAP.FRO overlap";
    return NULL;
}

const char *vtdm_capability_problem(const struct iommu_model_vtd_config *config)
{
    const char *problem;
    if (!config || !config->host || !config->host->alloc || !config->host->free ||
        !config->host->memory.read64 || !config->host->memory.write64 ||
        !config->host->memory.cas64)
        return "host hooks are missing";
    if (config->host->lock_create &&
        !(config->host->lock_acquire && config->host->lock_release))
        return "a host with lock_create needs lock_acquire and lock_release";
    if (config->address_bits < 32 || config->address_bits > 52)
        return "address_bits must be 32 to 52";
    problem = plain_problem(config->cap);
    if (!problem)
        problem = extended_problem(config->ecap);
    if (!problem)
        problem = layout_problem(config->cap, config->ecap);
    if (!problem && (config->ecap & VTD_ECAP_SMTS) && (config->cap & VTD_CAP_RWBF))
        problem = "CAP.RWBF is 0 on units with scalable mode";
    return problem;
}
