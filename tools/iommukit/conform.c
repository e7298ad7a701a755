/* SPDX-License-Identifier: MIT */
/* conform.c - `iommukit conform`: run, measure, report. */
#include "conform.h"

#include <stdio.h>
#include <string.h>

#include "iommukit/error.h"

static bool on_progress(void *ctx, uint64_t done, uint64_t total)
{
    progress_show(ctx, "running", done, total);
    return true;
}

static int run(const struct conform_options *options, struct iommu_conform_result *suite)
{
    struct progress progress = {0};
    struct iommu_conform_options with = options->run;
    with.ctx = &progress;
    with.progress = on_progress;
    int result = iommu_conform_run(&with, suite);
    progress_end(&progress);
    return result;
}

static int measure(const struct conform_options *options, struct iommu_conform_result *costs)
{
    struct iommu_conform_options with = options->run;
    with.cost = true;
    with.scenario = NULL;
    return iommu_conform_run(&with, costs);
}

/* Nothing was run: the unit lacks what the scenario is about, or may not lie so. */
static int refuse_empty(void)
{
    fputs("iommukit conform: this scenario, unit and lie do not go together; nothing was run\n",
          stderr);
    return CONFORM_USAGE;
}

int conform_main(int argc, char **argv)
{
    struct conform_options options;
    struct iommu_conform_result suite = {0}, costs = {0};
    conform_parse(argc, argv, &options);
    if (options.list) {
        conform_list();
        return 0;
    }
    int result = options.cost ? 0 : run(&options, &suite);
    if (result == 0 && (options.cost || options.run.scenario == NULL))
        result = measure(&options, &costs);
    int exit =
        suite.failure_count == 0 && costs.failure_count == 0 ? CONFORM_CONFORMS : CONFORM_FAILS;
    if (result < 0) {
        fprintf(stderr, "iommukit conform: %s\n", iommu_strerror(result));
        exit = CONFORM_USAGE;
    } else if (!options.cost && suite.runs == 0) {
        exit = refuse_empty();
    } else {
        conform_report(&options, &suite, &costs);
    }
    iommu_conform_result_free(&suite);
    iommu_conform_result_free(&costs);
    return exit;
}
