/* SPDX-License-Identifier: MIT */
/* system_chain_path.c - the links of the chain between the device and the root complex: bridges, ACS, prefixes. */
#include <stdio.h>

#include "inspect/system_acs.h"
#include "inspect/system_links.h"

static const char config_unknown[] = "configuration space of %s was readable in part only";
static const char as_root[] = "run it as root, or copy the tree as root";

static void link_unknown(struct inspect_chain *chain, const char *name, const struct inspect_function *function)
{
    inspect_link_change(inspect_link_add(chain, name, INSPECT_UNKNOWN, config_unknown, function->name), "%s", as_root);
}

/* Everything from the device up to the root complex, without the device. */
static void link_bridges(const struct inspect_system *system, int function, struct inspect_chain *chain)
{
    static const char name[] = "bridges";
    unsigned count = 0;
    for (int at = system->function[function].above; at != INSPECT_NONE; at = system->function[at].above, count++) {
        const struct inspect_function *bridge = &system->function[at];
        enum inspect_answer conventional = inspect_is_conventional(bridge);
        if (conventional == INSPECT_UNKNOWN) {
            link_unknown(chain, name, bridge);
            return;
        }
        if (conventional == INSPECT_YES) {
            inspect_link_change(inspect_link_add(chain, name, INSPECT_NO, "%s on the way is a %s: no PASID passes it, and "
                                                 "all requests behind it carry one requester id", bridge->name,
                                                 bridge->config.port == INSPECT_PORT_CONVENTIONAL
                                                     ? "bridge of conventional PCI"
                                                     : inspect_port_name(bridge->config.port)),
                                "move the device to a PCI Express slot");
            return;
        }
    }
    if (count == 0)
        inspect_link_add(chain, name, INSPECT_YES, "none: the device is on a root bus");
    else
        inspect_link_add(chain, name, INSPECT_YES, "%u on the way, all of PCI Express", count);
}

/* Linux itself has put the device into another group than the port: it knows the port isolates. */
static bool linux_vouches(const struct inspect_system *system, int device, int port)
{
    int group = system->function[device].group;
    int other = system->function[port].group;
    return group != INSPECT_NONE && other != INSPECT_NONE && other != group;
}

static void acs_missing(const struct inspect_function *at, struct inspect_acs acs, bool device,
                        struct inspect_chain *chain)
{
    char names[128];
    const char *port = inspect_port_name(at->config.port);
    if (!acs.present && device) {
        inspect_link_change(inspect_link_add(chain, "ACS", INSPECT_NO, "%s is one of several functions without ACS: they may "
                                             "reach one another, and Linux then refuses PASIDs", at->name),
                            "nothing changes the device; a newer kernel may know that it isolates its functions");
        return;
    }
    if (!acs.present) {
        inspect_link_change(inspect_link_add(chain, "ACS", INSPECT_NO, "%s (%s) has no ACS capability: it may hand requests "
                                             "to neighbours, and Linux then refuses PASIDs", at->name, port),
                            "move the device to a slot behind ports that have ACS; iommukit groups --explain shows which");
        return;
    }
    inspect_acs_names(acs.missing, names, sizeof names);
    inspect_link_change(inspect_link_add(chain, "ACS", INSPECT_NO, "%s (%s) has ACS, but switched off: %s", at->name, port,
                                         names),
                        "boot with the IOMMU on and without pci=disable_acs_redir; turn ACS on in the firmware setup");
}

static void link_acs(const struct inspect_system *system, int function, struct inspect_chain *chain)
{
    unsigned vouched = 0;
    for (int at = function; at != INSPECT_NONE; at = system->function[at].above) {
        struct inspect_acs acs = inspect_acs_check(system, at, INSPECT_ACS_PASID);
        if (acs.ok == INSPECT_YES)
            continue;
        if (linux_vouches(system, function, at)) {
            vouched++;
        } else if (acs.ok == INSPECT_UNKNOWN) {
            link_unknown(chain, "ACS", &system->function[at]);
            return;
        } else {
            acs_missing(&system->function[at], acs, at == function, chain);
            return;
        }
    }
    if (vouched > 0)
        inspect_link_add(chain, "ACS", INSPECT_YES, "requests cannot turn off; Linux vouches for %u port%s without ACS by "
                         "giving the device another group", vouched, vouched == 1 ? "" : "s");
    else
        inspect_link_add(chain, "ACS", INSPECT_YES, "no request can turn off on its way to the unit");
}

static void link_prefixes(const struct inspect_system *system, int function, struct inspect_chain *chain)
{
    static const char name[] = "TLP prefixes";
    for (int at = function; at != INSPECT_NONE; at = system->function[at].above) {
        const struct inspect_function *one = &system->function[at];
        if (one->config.prefixes == INSPECT_YES)
            continue;
        if (one->config.prefixes == INSPECT_UNKNOWN) {
            link_unknown(chain, name, one);
            return;
        }
        struct inspect_link *link = inspect_link_add(chain, name, INSPECT_NO, "%s (%s) does not pass end-to-end TLP prefixes"
                                                     ", in which a PASID travels (Device Capabilities 2)", one->name,
                                                     inspect_port_name(one->config.port));
        inspect_link_change(link, at == function ? "nothing changes the device: it cannot send PASIDs"
                                                 : "move the device to a slot whose ports pass them");
        return;
    }
    inspect_link_add(chain, name, INSPECT_YES, "passed on the whole way");
}

void inspect_links_path(const struct inspect_system *system, int function, struct inspect_chain *chain)
{
    link_bridges(system, function, chain);
    link_acs(system, function, chain);
    link_prefixes(system, function, chain);
}
