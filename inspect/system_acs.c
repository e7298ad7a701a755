/* SPDX-License-Identifier: MIT */
/* system_acs.c - see system_acs.h. */
#include "inspect/system_acs.h"

#include <stdio.h>
#include <string.h>

#include "spec/pci.h"

_Static_assert(INSPECT_ACS_GROUP == SPEC_PCI_ACS_ISOLATED, "the header states the bits by number");
_Static_assert(INSPECT_ACS_PASID == (SPEC_PCI_ACS_RR | SPEC_PCI_ACS_UF), "the header states the bits by number");

bool inspect_has_siblings(const struct inspect_system *system, int index)
{
    const struct inspect_function *function = &system->function[index];
    struct inspect_bdf bdf = function->bdf;
    if (function->physical != INSPECT_NONE)
        return false; /* virtual functions share a slot number by chance */
    bdf.rid &= 0xfff8u;
    int first = inspect_system_find(system, bdf);
    if (first != INSPECT_NONE && system->function[first].config.multifunction)
        return true;
    for (unsigned i = 0; i < 8; i++, bdf.rid++)
        if (bdf.rid != function->bdf.rid && inspect_system_find(system, bdf) != INSPECT_NONE)
            return true;
    return false;
}

/* Integrated endpoints of Intel send all requests to the IOMMU, with or without the capability. */
static bool is_known_good(const struct inspect_config *config)
{
    return config->port == INSPECT_PORT_INTEGRATED && config->vendor == SPEC_PCI_VENDOR_INTEL;
}

struct inspect_acs inspect_acs_check(const struct inspect_system *system, int index, uint16_t bits)
{
    const struct inspect_config *config = &system->function[index].config;
    struct inspect_acs acs = {.ok = INSPECT_NO, .needed = true, .present = config->acs};
    switch (config->port) {
    case INSPECT_PORT_UNKNOWN:
        acs.ok = INSPECT_UNKNOWN;
        return acs;
    case INSPECT_PORT_TO_PCI:
    case INSPECT_PORT_TO_EXPRESS:
        return acs; /* there it does not exist */
    case INSPECT_PORT_ROOT:
    case INSPECT_PORT_DOWNSTREAM:
        break;
    case INSPECT_PORT_CONVENTIONAL:
    case INSPECT_PORT_COLLECTOR:
    case INSPECT_PORT_ENDPOINT:
    case INSPECT_PORT_UPSTREAM:
    case INSPECT_PORT_INTEGRATED:
        acs.needed = inspect_has_siblings(system, index) && !is_known_good(config);
        break;
    }
    if (!acs.needed || config->extended == INSPECT_UNKNOWN) {
        acs.ok = acs.needed ? INSPECT_UNKNOWN : INSPECT_YES;
        return acs;
    }
    /* A bit that it does not have is one that it does not need. */
    acs.missing = (uint16_t)(bits & config->acs_capability & ~config->acs_control);
    acs.ok = acs.present && acs.missing == 0 ? INSPECT_YES : INSPECT_NO;
    return acs;
}

void inspect_acs_names(uint16_t bits, char *text, size_t size)
{
    static const char *const name[] = {"source validation", "translation blocking", "request redirect",
                                       "completion redirect", "upstream forwarding", "egress control",
                                       "direct translated"};
    size_t length = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < sizeof name / sizeof name[0] && length < size; i++)
        if ((bits >> i & 1) != 0)
            length += (size_t)snprintf(text + length, size - length, "%s%s", length > 0 ? ", " : "", name[i]);
}

enum inspect_answer inspect_is_conventional(const struct inspect_function *function)
{
    switch (function->config.port) {
    case INSPECT_PORT_CONVENTIONAL:
    case INSPECT_PORT_TO_PCI:
    case INSPECT_PORT_TO_EXPRESS:
        return INSPECT_YES;
    case INSPECT_PORT_UNKNOWN:
        return INSPECT_UNKNOWN;
    default:
        return INSPECT_NO;
    }
}
