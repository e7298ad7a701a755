/* SPDX-License-Identifier: MIT */
/* caps_require.c - what --require can ask for: abilities of the device, of its unit, and of the whole chain. */
#include <string.h>

#include "caps.h"
#include "inspect/system_abilities.h"
#include "inspect/system_chain.h"

enum { REQUIRE_PASID, REQUIRE_ATS, REQUIRE_PRI, REQUIRE_SIOV, REQUIRE_ACS, REQUIRE_AUX, REQUIRE_UNIT };

const char *caps_require_name(unsigned number)
{
    static const char *const name[] = {"pasid", "ats", "pri", "siov", "acs", "aux"};
    if (number < REQUIRE_UNIT)
        return name[number];
    number -= REQUIRE_UNIT;
    return number < INSPECT_ABILITY_COUNT ? inspect_ability_name((enum inspect_ability)number) : NULL;
}

int caps_require_find(const char *name)
{
    for (unsigned i = 0; caps_require_name(i) != NULL; i++)
        if (strcmp(caps_require_name(i), name) == 0)
            return (int)i;
    return -1;
}

static enum inspect_answer chain_answer(const struct inspect_system *system, int function, bool acs)
{
    struct inspect_chain chain;
    inspect_chain_walk(system, function, &chain);
    for (unsigned i = 0; acs && i < chain.count; i++)
        if (strcmp(chain.link[i].name, "ACS") == 0)
            return chain.link[i].ok;
    return inspect_chain_holds(&chain);
}

static enum inspect_answer config_answer(const struct inspect_config *config, bool has)
{
    return config->extended == INSPECT_UNKNOWN ? INSPECT_UNKNOWN : has ? INSPECT_YES : INSPECT_NO;
}

enum inspect_answer caps_require_met(const struct inspect_system *system, int function, unsigned number)
{
    const struct inspect_config *config = &system->function[function].config;
    int unit = system->function[function].iommu;
    switch (number) {
    case REQUIRE_PASID:
        return config_answer(config, config->pasid && config->pasid_bits > 0);
    case REQUIRE_ATS:
        return config_answer(config, config->ats);
    case REQUIRE_PRI:
        return config_answer(config, config->pri);
    case REQUIRE_SIOV:
        return config_answer(config, config->siov);
    case REQUIRE_ACS:
    case REQUIRE_AUX:
        return chain_answer(system, function, number == REQUIRE_ACS);
    default:
        if (unit == INSPECT_NONE)
            return INSPECT_NO;
        return inspect_iommu_can(&system->iommu[unit], (enum inspect_ability)(number - REQUIRE_UNIT));
    }
}

static unsigned lacking(const struct caps_options *options, const struct inspect_system *system, int function)
{
    unsigned count = 0;
    for (unsigned i = 0; i < options->require_count; i++)
        count += caps_require_met(system, function, options->require[i]) != INSPECT_YES;
    return count;
}

bool caps_require_all(const struct caps_options *options, const struct inspect_system *system, int function,
                      int *closest)
{
    unsigned least = CAPS_REQUIRE_MAX + 1;
    *closest = function;
    if (function != INSPECT_NONE)
        return lacking(options, system, function) == 0;
    for (unsigned i = 0; i < system->function_count && least > 0; i++) {
        if (system->function[i].config.class_code >> 16 == 6)
            continue; /* a bridge serves nobody */
        unsigned count = lacking(options, system, (int)i);
        if (count < least) {
            least = count;
            *closest = (int)i;
        }
    }
    return least == 0;
}
