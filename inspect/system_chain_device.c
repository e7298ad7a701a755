/* SPDX-License-Identifier: MIT */
/* system_chain_device.c - the links of the chain in the device: capabilities, driver, group, state. */
#include <stdio.h>
#include <string.h>

#include "inspect/system_abilities.h"
#include "inspect/system_links.h"

static bool known(const struct inspect_function *function, const char *name, struct inspect_chain *chain)
{
    if (function->config.extended != INSPECT_UNKNOWN)
        return true;
    struct inspect_link *link = inspect_link_add(chain, name, INSPECT_UNKNOWN,
                                                 "only %u bytes of its configuration space were readable",
                                                 function->config.bytes);
    inspect_link_change(link, function->config.bytes >= 256
                                  ? "extended configuration space needs the firmware's MCFG table"
                                  : "run it as root, or copy the tree as root");
    return false;
}

static void link_pasid(const struct inspect_system *system, const struct inspect_function *function,
                       struct inspect_chain *chain)
{
    static const char name[] = "PASIDs in the device";
    const struct inspect_config *config = &function->config;
    unsigned unit = function->iommu != INSPECT_NONE ? inspect_iommu_pasid_bits(&system->iommu[function->iommu]) : 0;
    if (!known(function, name, chain))
        return;
    if (!config->pasid || config->pasid_bits == 0) {
        struct inspect_link *link =
            inspect_link_add(chain, name, INSPECT_NO, "%s", config->pasid ? "its PASID capability is 0 bits wide"
                                                            : config->port == INSPECT_PORT_CONVENTIONAL
                                                                ? "it is of conventional PCI, which has no PASIDs"
                                                                : "it has no PASID capability");
        inspect_link_change(link, config->sriov ? "it has SR-IOV: virtual functions are another way to share it, one "
                                                  "domain each"
                                                : "use a device with PASIDs; this one has one domain");
        return;
    }
    unsigned both = unit != 0 && unit < config->pasid_bits ? unit : config->pasid_bits;
    inspect_link_add(chain, name, INSPECT_YES, "%u bits%s: %u PASIDs", config->pasid_bits,
                     both < config->pasid_bits ? ", the unit fewer" : "", 1u << both);
}

/* Many domains do not need it; shared virtual memory does. */
static void link_ats(const struct inspect_system *system, const struct inspect_function *function,
                     struct inspect_chain *chain)
{
    const struct inspect_config *config = &function->config;
    enum inspect_answer unit = function->iommu != INSPECT_NONE
                                   ? inspect_iommu_can(&system->iommu[function->iommu], INSPECT_CAN_DEVICE_TLB)
                                   : INSPECT_UNKNOWN;
    const char *rest = unit == INSPECT_NO ? "; the unit takes no translation requests (ECAP.DT is 0)"
                       : inspect_command_line_has(&system->kernel, "pci", "noats") ? "; switched off by pci=noats"
                                                                                   : "";
    if (!known(function, "ATS and PRI", chain))
        return;
    if (!config->ats)
        inspect_link_add(chain, "ATS and PRI", INSPECT_YES, "none; domains on pinned memory do not need them");
    else
        inspect_link_add(chain, "ATS and PRI", INSPECT_YES, "ATS (%s)%s%s", config->ats_enabled ? "enabled" : "not enabled",
                         !config->pri ? ", no PRI" : config->pri_enabled ? ", PRI (enabled)" : ", PRI (not enabled)", rest);
}

static void link_siov(const struct inspect_function *function, struct inspect_chain *chain)
{
    static const char name[] = "Scalable I/O Virtualization";
    if (!known(function, name, chain))
        return;
    if (function->config.siov)
        inspect_link_add(chain, name, INSPECT_YES, "its capability (Intel DVSEC 5) is there%s",
                         function->parent_of_mdevs ? "; the driver offers mediated devices" : "");
    else
        inspect_link_add(chain, name, INSPECT_YES, "no capability of it; the driver must know how to give each tenant a "
                         "queue of its own, and Linux 5.x refused aux domains without it");
}

static void link_driver(const struct inspect_function *function, struct inspect_chain *chain)
{
    if (function->driver[0] != '\0') {
        inspect_link_add(chain, "driver", INSPECT_YES, "%s", function->driver);
        return;
    }
    inspect_link_change(inspect_link_add(chain, "driver", INSPECT_NO, "none is bound: nobody asks for PASIDs"),
                        "bind its driver, or vfio-pci for a driver in user space");
}

static void link_group(const struct inspect_system *system, const struct inspect_function *function,
                       struct inspect_chain *chain)
{
    int index = inspect_system_group(system, function->group);
    if (index == INSPECT_NONE) {
        struct inspect_link *link = inspect_link_add(chain, "group", INSPECT_NO, "it is in no IOMMU group: no unit translates "
                                                     "for it");
        inspect_link_change(link, "mend the links above");
        return;
    }
    const struct inspect_group *group = &system->group[index];
    unsigned others = group->member_count + group->other_count - 1;
    if (others > 0) {
        struct inspect_link *link = inspect_link_add(chain, "group", INSPECT_NO, "group %d has %u other device%s: what one is "
                                                     "given, all may reach, and older kernels refuse PASIDs to it",
                                                     group->number, others, others == 1 ? "" : "s");
        inspect_link_change(link, "iommukit groups %s --explain says what ties them", function->name);
        return;
    }
    inspect_link_add(chain, "group", INSPECT_YES, "alone in group %d%s%s%s", group->number,
                     group->type[0] != '\0' ? ", type " : "", group->type,
                     strcmp(group->type, "identity") == 0 ? ": requests without PASID are not translated" : "");
}

static void link_state(const struct inspect_function *function, struct inspect_chain *chain)
{
    static const char name[] = "state";
    char queues[64] = "";
    if (function->work_queues > 0)
        snprintf(queues, sizeof queues, "; %u work queue%s enabled", function->work_queues,
                 function->work_queues == 1 ? "" : "s");
    if (function->accelerator_pasid == INSPECT_NO) {
        struct inspect_link *link = inspect_link_add(chain, name, INSPECT_NO, "idxd runs without PASIDs (pasid_enabled is 0)%s",
                                                     queues);
        inspect_link_change(link, "mend the links above, then unbind and bind the driver; \"Unable to turn on user SVA "
                                  "feature\" in the kernel log is this");
        return;
    }
    if (!known(function, name, chain))
        return;
    if (function->config.pasid && !function->config.pasid_enabled)
        inspect_link_add(chain, name, INSPECT_YES, "PASIDs are not enabled yet: %s has not asked for them%s",
                         function->driver[0] != '\0' ? function->driver : "nobody", queues);
    else
        inspect_link_add(chain, name, INSPECT_YES, "%s%s", function->config.pasid_enabled ? "PASIDs are enabled"
                                                                                        : "nothing to enable", queues);
}

void inspect_links_device(const struct inspect_system *system, int function, struct inspect_chain *chain)
{
    const struct inspect_function *one = &system->function[function];
    link_pasid(system, one, chain);
    link_ats(system, one, chain);
    link_siov(one, chain);
}

void inspect_links_use(const struct inspect_system *system, int function, struct inspect_chain *chain)
{
    const struct inspect_function *one = &system->function[function];
    link_driver(one, chain);
    link_group(system, one, chain);
    link_state(one, chain);
}
