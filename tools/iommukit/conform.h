/* SPDX-License-Identifier: MIT */
/* conform.h - `iommukit conform`: the conformance suite against a built-in driver. */
#ifndef IOMMUKIT_TOOL_CONFORM_H
#define IOMMUKIT_TOOL_CONFORM_H

#include "iommukit/conformance/conformance.h"
#include "progress.h"

enum conform_exit { CONFORM_CONFORMS = 0, CONFORM_FAILS = 1, CONFORM_USAGE = 2 };

struct conform_options {
    struct iommu_conform_options run;
    bool json, cost, markdown, list;
};

int conform_main(int argc, char **argv);

/* ---- conform_options.c */
void conform_parse(int argc, char **argv, struct conform_options *options);

/* ---- conform_report.c: `suite` NULL with --cost. */
void conform_report(const struct conform_options *options, const struct iommu_conform_result *suite,
                    const struct iommu_conform_result *costs);
void conform_list(void);

#endif
