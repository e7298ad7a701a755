/* SPDX-License-Identifier: MIT */
/* scenario.c - all themes as one list. */
#include "conformance/scenario.h"

#include <stddef.h>

#include "iommukit/conformance/conformance.h"

static const struct scenario *const themes[] = {
    scenarios_bringup, scenarios_map,    scenarios_unmap,   scenarios_attach, scenarios_pasid,
    scenarios_torn,    scenarios_devtlb, scenarios_trouble, scenarios_fault,
};

const struct scenario *scenario_at(unsigned index)
{
    for (size_t theme = 0; theme < sizeof themes / sizeof themes[0]; theme++)
        for (const struct scenario *at = themes[theme]; at->name != NULL; at++)
            if (index-- == 0)
                return at;
    return NULL;
}

const char *iommu_conform_scenario_name(unsigned index)
{
    const struct scenario *scenario = scenario_at(index);
    return scenario == NULL ? NULL : scenario->name;
}

const char *iommu_conform_scenario_about(unsigned index)
{
    const struct scenario *scenario = scenario_at(index);
    return scenario == NULL ? NULL : scenario->about;
}
