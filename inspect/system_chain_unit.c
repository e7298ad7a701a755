/* SPDX-License-Identifier: MIT */
/* system_chain_unit.c - the links of the chain in the remapping unit, capability by capability. */
#include <inttypes.h>
#include <stdio.h>

#include "inspect/system_abilities.h"
#include "inspect/system_links.h"

/* NULL: none serves the function, and a link says so. */
static const struct inspect_iommu *link_unit(const struct inspect_system *system, int function,
                                             struct inspect_chain *chain)
{
    const struct inspect_function *one = &system->function[function];
    if (one->iommu != INSPECT_NONE) {
        const struct inspect_iommu *iommu = &system->iommu[one->iommu];
        inspect_link_add(chain, "unit", INSPECT_YES, "%s serves it (%s %u.%u at 0x%" PRIx64 ")%s", iommu->name,
                         inspect_vendor_name(iommu->vendor), iommu->major, iommu->minor, iommu->address,
                         iommu->has_capabilities ? "" : "; its registers could not be read");
        return iommu;
    }
    if (system->iommu_count == 0) {
        struct inspect_link *link = inspect_link_add(chain, "unit", INSPECT_NO, "Linux runs no remapping unit");
        inspect_link_change(link, "mend the links above; if none fails, the kernel log says why (dmesg | grep -e DMAR)");
        return NULL;
    }
    struct inspect_link *link = inspect_link_add(chain, "unit", INSPECT_NO, "Linux runs %u unit%s, but none serves %s",
                                                 system->iommu_count, system->iommu_count == 1 ? "" : "s", one->name);
    inspect_link_change(link, "see which unit the firmware gives it to (iommukit dmar), and the kernel log "
                              "(dmesg | grep -e DMAR)");
    return NULL;
}

static const char *unit_name(const struct inspect_iommu *iommu)
{
    return iommu != NULL ? iommu->name : "no unit";
}

static enum inspect_answer can(const struct inspect_iommu *iommu, enum inspect_ability ability)
{
    return iommu != NULL ? inspect_iommu_can(iommu, ability) : INSPECT_UNKNOWN;
}

static const char unknown[] = "not known without a unit's registers";

/* Virtual units can be told to have what real ones have or have not. */
static void hardware_change(const struct inspect_system *system, struct inspect_link *link)
{
    if (system->kernel.hypervisor == INSPECT_YES)
        inspect_link_change(link, "a virtual unit: have the host turn it on (QEMU: -device intel-iommu,x-scalable-mode=on,"
                                  "x-pasid-mode=on or later names of these)");
    else
        inspect_link_change(link, "look for it in the firmware setup, which can hide it (VT-d, PASID, ENQCMD); if it is not "
                                  "there, this machine gives the device one domain");
}

/* Other units that lack what this one has: older kernels then use it on none. */
static unsigned lacking(const struct inspect_system *system, enum inspect_ability ability)
{
    unsigned count = 0;
    for (unsigned i = 0; i < system->iommu_count; i++)
        count += inspect_iommu_can(&system->iommu[i], ability) == INSPECT_NO;
    return count;
}

static void link_scalable(const struct inspect_system *system, const struct inspect_iommu *iommu,
                          struct inspect_chain *chain)
{
    enum inspect_answer ok = can(iommu, INSPECT_CAN_SCALABLE);
    unsigned others = lacking(system, INSPECT_CAN_SCALABLE);
    char rest[120] = "";
    if (ok == INSPECT_YES && others > 0)
        snprintf(rest, sizeof rest, "; %u other unit%s not, and older kernels then use it on none", others,
                 others == 1 ? " has" : "s have");
    if (ok == INSPECT_UNKNOWN)
        inspect_link_add(chain, "scalable mode", ok, "%s", unknown);
    else if (ok == INSPECT_YES)
        inspect_link_add(chain, "scalable mode", ok, "%s has it (ECAP.SMTS)%s", iommu->name, rest);
    else
        hardware_change(system, inspect_link_add(chain, "scalable mode", ok,
                                                 "%s has no scalable mode (ECAP.SMTS is 0): one table, so one domain, for "
                                                 "each device", iommu->name));
}

/* Does the kernel use the mode? What is enabled in the device proves it. */
static void link_switch(const struct inspect_system *system, const struct inspect_iommu *iommu, int function,
                        struct inspect_chain *chain)
{
    static const char name[] = "scalable mode used";
    const struct inspect_kernel *kernel = &system->kernel;
    enum inspect_answer by_default = kernel->option[INSPECT_CONFIG_SCALABLE_DEFAULT_ON];
    if (can(iommu, INSPECT_CAN_SCALABLE) == INSPECT_NO)
        inspect_link_add(chain, name, INSPECT_UNKNOWN, "%s has none to use", iommu->name);
    else if (inspect_command_line_has(kernel, "intel_iommu", "sm_off"))
        inspect_link_change(inspect_link_add(chain, name, INSPECT_NO, "the kernel command line says intel_iommu=sm_off"),
                            "boot with intel_iommu=on,sm_on");
    else if (inspect_command_line_has(kernel, "intel_iommu", "sm_on"))
        inspect_link_add(chain, name, INSPECT_YES, "intel_iommu=sm_on");
    else if (system->function[function].config.pasid_enabled)
        inspect_link_add(chain, name, INSPECT_YES, "PASIDs are enabled in the device, so it is");
    else if (by_default == INSPECT_YES)
        inspect_link_add(chain, name, INSPECT_YES, "on by default (CONFIG_INTEL_IOMMU_SCALABLE_MODE_DEFAULT_ON)");
    else if (by_default == INSPECT_NO)
        inspect_link_change(inspect_link_add(chain, name, INSPECT_NO, "this kernel leaves scalable mode off by default, and "
                                             "the command line does not turn it on"),
                            "boot with intel_iommu=on,sm_on");
    else
        inspect_link_change(inspect_link_add(chain, name, INSPECT_UNKNOWN, "the command line does not say, and the kernel's "
                                             "default is not known"),
                            "boot with intel_iommu=on,sm_on to be sure");
}

static void link_pasid(const struct inspect_system *system, const struct inspect_iommu *iommu,
                       struct inspect_chain *chain)
{
    enum inspect_answer ok = can(iommu, INSPECT_CAN_PASID);
    if (ok == INSPECT_UNKNOWN)
        inspect_link_add(chain, "PASIDs in the unit", ok, "%s", unknown);
    else if (ok == INSPECT_YES)
        inspect_link_add(chain, "PASIDs in the unit", ok, "%u bits (ECAP.PASID, ECAP.PSS)",
                         inspect_iommu_pasid_bits(iommu));
    else
        hardware_change(system, inspect_link_add(chain, "PASIDs in the unit", ok,
                                                 "%s takes no requests with PASID (ECAP.PASID is 0)", iommu->name));
}

static void link_stages(const struct inspect_system *system, const struct inspect_iommu *iommu,
                        struct inspect_chain *chain)
{
    enum inspect_answer first = can(iommu, INSPECT_CAN_FIRST_STAGE), second = can(iommu, INSPECT_CAN_SECOND_STAGE);
    if (first == INSPECT_UNKNOWN)
        inspect_link_add(chain, "page tables", first, "%s", unknown);
    else if (first == INSPECT_YES || second == INSPECT_YES)
        inspect_link_add(chain, "page tables", INSPECT_YES, "%s%s%s%s for each PASID",
                         first == INSPECT_YES ? "first stage" : "", first == second ? " or " : "",
                         second == INSPECT_YES ? "second stage" : "",
                         can(iommu, INSPECT_CAN_NESTED) == INSPECT_YES ? ", nested too," : "");
    else
        hardware_change(system, inspect_link_add(chain, "page tables", INSPECT_NO,
                                                 "%s has neither first- nor second-stage tables in scalable mode (ECAP.FSTS "
                                                 "and SSTS are 0)", unit_name(iommu)));
}

static void link_queue(const struct inspect_system *system, const struct inspect_iommu *iommu,
                       struct inspect_chain *chain)
{
    enum inspect_answer ok = can(iommu, INSPECT_CAN_QUEUED);
    if (ok == INSPECT_NO)
        hardware_change(system, inspect_link_add(chain, "invalidation queue", ok,
                                                 "%s has none (ECAP.QI is 0), and PASID caches are flushed through it only",
                                                 iommu->name));
    else
        inspect_link_add(chain, "invalidation queue", ok, "%s", ok == INSPECT_YES ? "there (ECAP.QI)" : unknown);
}

void inspect_links_unit(const struct inspect_system *system, int function, struct inspect_chain *chain)
{
    const struct inspect_iommu *iommu = link_unit(system, function, chain);
    link_scalable(system, iommu, chain);
    link_switch(system, iommu, function, chain);
    link_pasid(system, iommu, chain);
    link_stages(system, iommu, chain);
    link_queue(system, iommu, chain);
}
