/* SPDX-License-Identifier: MIT */
/*
 * system_ties.c - see system_ties.h.
 *
 * Linux goes up from the device: past every bridge behind which requests lose their address, then past every port that
 * does not keep requests apart; what it meets there, and functions of one slot without ACS, come into one group. Here
 * the same way is gone to name what was met.
 */
#include "inspect/system_ties.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "inspect/system_acs.h"

struct search {
    const struct inspect_system *system;
    const struct inspect_group *group;
    struct inspect_ties *ties;
};

/* The tie of this kind and culprit, made where there is none yet; NULL: no memory. */
static struct inspect_tie *tie_of(const struct search *search, enum inspect_tie_kind kind, int culprit)
{
    struct inspect_ties *ties = search->ties;
    for (unsigned i = 0; i < ties->count; i++)
        if (ties->tie[i].kind == kind && ties->tie[i].culprit == culprit)
            return &ties->tie[i];
    struct inspect_tie *moved = realloc(ties->tie, (ties->count + 1) * sizeof *moved);
    if (moved == NULL)
        return NULL;
    ties->tie = moved;
    struct inspect_tie *tie = &moved[ties->count];
    *tie = (struct inspect_tie){.kind = kind, .culprit = culprit};
    ties->count++;
    return tie;
}

/* The same with this member in it. Members come in their order, so one is there already only as the last. */
static struct inspect_tie *tie_with(const struct search *search, enum inspect_tie_kind kind, int culprit, int member)
{
    struct inspect_tie *tie = tie_of(search, kind, culprit);
    if (tie == NULL || (tie->device_count > 0 && tie->device[tie->device_count - 1] == member))
        return tie;
    if ((tie->device_count & (tie->device_count - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
        int *moved = realloc(tie->device, (tie->device_count == 0 ? 1 : 2 * (size_t)tie->device_count) * sizeof *moved);
        if (moved == NULL)
            return NULL;
        tie->device = moved;
    }
    tie->device[tie->device_count++] = member;
    return tie;
}

static bool in_group(const struct search *search, int function)
{
    return search->system->function[function].group == search->group->number;
}

/* ---- Each kind; 1: it ties this member, 0: it does not, -ENOMEM ---- */

static int tie_bridge(const struct search *search, int member, int bridge)
{
    const struct inspect_function *function = &search->system->function[bridge];
    char names[128];
    struct inspect_acs acs = inspect_acs_check(search->system, bridge, INSPECT_ACS_GROUP);
    if (acs.ok != INSPECT_NO || !in_group(search, bridge))
        return 0;
    struct inspect_tie *tie = tie_with(search, INSPECT_TIE_BRIDGE, bridge, member);
    if (tie == NULL)
        return -ENOMEM;
    tie->has_acs = acs.present;
    tie->missing = acs.missing;
    inspect_acs_names(acs.missing, names, sizeof names);
    snprintf(tie->text, sizeof tie->text, acs.present ? "%s (%s) has ACS, but these are switched off: %s. Devices below "
                                                        "it may reach one another past the IOMMU."
                                                      : "%s (%s) has no ACS%s: devices below it may reach one another, and "
                                                        "the port, past the IOMMU.",
             function->name, inspect_port_name(function->config.port), names);
    return 1;
}

static int tie_conventional(const struct search *search, int member, int bridge)
{
    const struct inspect_function *function = &search->system->function[bridge];
    char alias[INSPECT_BDF_TEXT];
    if (inspect_is_conventional(function) != INSPECT_YES)
        return 0;
    struct inspect_tie *tie = tie_with(search, INSPECT_TIE_CONVENTIONAL, bridge, member);
    if (tie == NULL)
        return -ENOMEM;
    struct inspect_bdf below = {function->bdf.segment, (uint16_t)(function->config.secondary << 8)};
    bool to_pci = function->config.port == INSPECT_PORT_TO_PCI;
    snprintf(tie->text, sizeof tie->text, "%s is a %s: requests of conventional PCI carry no address, so what is behind it "
             "appears to the IOMMU as %s.", function->name,
             to_pci ? inspect_port_name(function->config.port) : "bridge of conventional PCI",
             to_pci ? inspect_bdf_print(below, alias) : function->name);
    return 1;
}

static int tie_functions(const struct search *search, int member)
{
    const struct inspect_system *system = search->system;
    char names[128];
    struct inspect_acs acs = inspect_acs_check(system, member, INSPECT_ACS_GROUP);
    enum inspect_port port = system->function[member].config.port;
    bool siblings = false;
    struct inspect_bdf bdf = system->function[member].bdf;
    int first = INSPECT_NONE;
    bdf.rid &= 0xfff8u;
    for (unsigned i = 0; i < 8; i++, bdf.rid++) {
        int found = inspect_system_find(system, bdf);
        if (found == INSPECT_NONE || !in_group(search, found))
            continue;
        first = first == INSPECT_NONE ? found : first;
        siblings = siblings || found != member;
    }
    /* A port without ACS ties what is below it; with functions beside it, these as well. */
    if (!siblings || acs.ok != INSPECT_NO || system->function[member].physical != INSPECT_NONE)
        return 0;
    struct inspect_tie *tie = tie_with(search, INSPECT_TIE_FUNCTIONS, first, member);
    if (tie == NULL)
        return -ENOMEM;
    tie->has_acs = acs.present;
    tie->missing = acs.missing;
    inspect_acs_names(acs.missing, names, sizeof names);
    snprintf(tie->text, sizeof tie->text, "%s is one of several functions (%s) %s%s%s: they may reach one another inside the "
             "device.", system->function[first].name, inspect_port_name(port),
             acs.present ? "whose ACS is switched off (" : "without ACS", names, acs.present ? ")" : "");
    return 1;
}

static int tie_alias(const struct search *search, int member)
{
    const struct inspect_system *system = search->system;
    const struct inspect_function *function = &system->function[member];
    char name[INSPECT_BDF_TEXT];
    int alias = inspect_alias_function(function->config.vendor, function->config.device);
    if (alias < 0 || (function->bdf.rid & 7) == alias)
        return 0;
    struct inspect_bdf bdf = {function->bdf.segment, (uint16_t)((function->bdf.rid & 0xfff8u) | (unsigned)alias)};
    int other = inspect_system_find(system, bdf);
    if (other == INSPECT_NONE || !in_group(search, other))
        return 0;
    struct inspect_tie *tie = tie_with(search, INSPECT_TIE_ALIAS, other, member);
    if (tie == NULL)
        return -ENOMEM;
    snprintf(tie->text, sizeof tie->text, "%s (%04x:%04x) is known to send requests under the address of %s, so both have "
             "the same tables.", function->name, function->config.vendor, function->config.device,
             inspect_bdf_print(bdf, name));
    return 1;
}

static int tie_unknown(const struct search *search, int member, bool unreadable)
{
    struct inspect_tie *tie =
        tie_with(search, unreadable ? INSPECT_TIE_UNREADABLE : INSPECT_TIE_UNEXPLAINED, INSPECT_NONE, member);
    if (tie == NULL)
        return -ENOMEM;
    snprintf(tie->text, sizeof tie->text, "%s",
             unreadable ? "What ties these cannot be told from the 64 bytes of configuration space that were readable: run it "
                          "as root, or copy the tree as root."
                        : "Nothing in configuration space ties these; Linux knows a reason of its own (dmesg | grep -i "
                          "-e iommu -e quirk).");
    return 1;
}

/* ---- A group ---- */

/* Is a conventional bridge above of use to explain anything, or is the member the only one behind it? */
static int tie_upwards(const struct search *search, int member, bool *unreadable)
{
    const struct inspect_system *system = search->system;
    int found = 0;
    for (int at = system->function[member].above; at != INSPECT_NONE; at = system->function[at].above) {
        int result = tie_conventional(search, member, at);
        if (result == 0)
            result = tie_bridge(search, member, at);
        if (result < 0)
            return result;
        found |= result;
        *unreadable = *unreadable || system->function[at].config.port == INSPECT_PORT_UNKNOWN;
    }
    return found;
}

static int tie_member(const struct search *search, int member)
{
    bool unreadable = search->system->function[member].config.port == INSPECT_PORT_UNKNOWN;
    int found = tie_upwards(search, member, &unreadable);
    int more = found < 0 ? found : tie_functions(search, member);
    int alias = more < 0 ? more : tie_alias(search, member);
    if (alias < 0)
        return alias;
    if (found == 0 && more == 0 && alias == 0)
        return tie_unknown(search, member, unreadable);
    return 0;
}

static bool is_culprit(const struct inspect_ties *ties, int function)
{
    for (unsigned i = 0; i < ties->count; i++)
        if (ties->tie[i].culprit == function)
            return true;
    return false;
}

/* A port or function that ties others needs no tie of its own: it leaves those without a culprit. */
static void drop_explained(struct inspect_ties *ties)
{
    unsigned count = 0;
    for (unsigned i = 0; i < ties->count; i++) {
        struct inspect_tie tie = ties->tie[i];
        unsigned kept = 0;
        for (unsigned k = 0; k < tie.device_count; k++)
            if (tie.culprit != INSPECT_NONE || !is_culprit(ties, tie.device[k]))
                tie.device[kept++] = tie.device[k];
        tie.device_count = kept;
        if (kept > 0)
            ties->tie[count++] = tie;
        else
            free(tie.device);
    }
    ties->count = count;
}

int inspect_ties_find(const struct inspect_system *system, unsigned index, struct inspect_ties *ties)
{
    *ties = (struct inspect_ties){0};
    const struct inspect_group *group = &system->group[index];
    const struct search search = {system, group, ties};
    if (group->member_count + group->other_count < 2)
        return 0;
    for (unsigned i = 0; i < group->member_count; i++) {
        int result = tie_member(&search, group->member[i]);
        if (result < 0) {
            inspect_ties_free(ties);
            return result;
        }
    }
    drop_explained(ties);
    return 0;
}

void inspect_ties_free(struct inspect_ties *ties)
{
    for (unsigned i = 0; i < ties->count; i++)
        free(ties->tie[i].device);
    free(ties->tie);
    *ties = (struct inspect_ties){0};
}

const char *inspect_tie_name(enum inspect_tie_kind kind)
{
    static const char *const name[] = {
        [INSPECT_TIE_BRIDGE] = "bridge-without-acs",       [INSPECT_TIE_FUNCTIONS] = "functions-without-acs",
        [INSPECT_TIE_CONVENTIONAL] = "conventional-bridge", [INSPECT_TIE_ALIAS] = "alias",
        [INSPECT_TIE_UNREADABLE] = "unreadable",           [INSPECT_TIE_UNEXPLAINED] = "unexplained",
    };
    return name[kind];
}
