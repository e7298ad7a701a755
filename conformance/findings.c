/* SPDX-License-Identifier: MIT */
/* findings.c - the table of findings.h. */
#include "conformance/findings.h"

#include <stddef.h>

#include "iommukit/conformance/conformance.h"

#define FINDING_ROW(id, name, behaviour, section, rule) \
    [FINDING_##id] = {name, behaviour, section, rule},
const struct finding_about finding_about[FINDING_COUNT] = {FINDINGS(FINDING_ROW)};

const char *iommu_conform_finding_name(unsigned index)
{
    return index < FINDING_COUNT ? finding_about[index].name : NULL;
}

const char *iommu_conform_finding_rule(unsigned index)
{
    return index < FINDING_COUNT ? finding_about[index].rule : NULL;
}
