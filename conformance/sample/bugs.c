/* SPDX-License-Identifier: MIT */
/* bugs.c - the sample driver's bugs by name. */
#include <stddef.h>

#include "conformance/sample/sample.h"
#include "iommukit/conformance/builtin.h"

#define SAMPLE_BUG_ROW(id, name, about) {name, about},
static const struct {
    const char *name, *about;
} bugs[] = {SAMPLE_BUGS(SAMPLE_BUG_ROW)};

const char *iommu_conform_sample_bug(unsigned index)
{
    return index < SAMPLE_BUG_COUNT ? bugs[index].name : NULL;
}

const char *iommu_conform_sample_bug_about(unsigned index)
{
    return index < SAMPLE_BUG_COUNT ? bugs[index].about : NULL;
}
