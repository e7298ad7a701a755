/* SPDX-License-Identifier: MIT */
/*
 * run.c - the matrix. For each scenario and each set of lies the first seed is run on every unit that suits them, and
 * each further seed on one of them in turn; so many seeds cost little more than that many runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/bench.h"
#include "conformance/cost.h"
#include "conformance/match.h"

#define SEEDS     4u
#define LIE_SETS  (IOMMU_MODEL_LIE_COUNT + 2u) /* none, each, all */
#define HANGS_MAX 2u /* each takes seconds; then the scenario is left out */
#define GROWTH    16u

struct suite {
    struct iommu_conform_options options;
    struct iommu_conform_result *result;
    struct bench *bench;
    const char *lie; /* of the current run */
    uint64_t total;
    bool counting; /* a dry pass, for the progress bar */
    bool out_of_memory;
    unsigned hangs; /* of the current scenario */
};

/* ---- names */

static uint32_t all_lies(void)
{
    return ((uint32_t)1 << IOMMU_MODEL_LIE_COUNT) - 1;
}

static const char *lie_set(unsigned index, uint32_t *lies)
{
    *lies = 0;
    if (index == 0)
        return "none";
    if (index == LIE_SETS - 1) {
        *lies = all_lies();
        return "all";
    }
    *lies = IOMMU_MODEL_LIE(index - 1);
    return iommu_model_lie_name((enum iommu_model_lie)(index - 1));
}

static bool wanted(const char *option, const char *name)
{
    return option == NULL || strcmp(option, name) == 0;
}

/* Together they are those that the machine may tell; of two that contradict each other, one or the other. */
static uint32_t possible(const struct unit_row *row, uint32_t lies, uint64_t seed)
{
    const uint32_t never = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_NEVER_EVICT),
                   random = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_RANDOM_EVICT);
    uint64_t cap, ecap;
    if ((lies & never) && (lies & random))
        lies &= ~(seed % 2 ? never : random);
    uint32_t forbidden = lies;
    for (unsigned i = 0; i < UNITS_MAX && unit_capabilities(row, i, &cap, &ecap); i++)
        forbidden &= bench_lies_forbidden(cap, ecap, lies);
    return lies & ~forbidden;
}

/* ---- failures, each once */

static struct iommu_conform_failure *failure_for(struct suite *suite, const char *finding)
{
    struct iommu_conform_result *result = suite->result;
    for (unsigned i = 0; i < result->failure_count; i++)
        if (strcmp(result->failures[i].finding, finding) == 0 &&
            strcmp(result->failures[i].scenario, suite->bench->scenario->name) == 0)
            return &result->failures[i];
    if (result->failure_count % GROWTH == 0) {
        void *more =
            realloc(result->failures, (result->failure_count + GROWTH) * sizeof *result->failures);
        if (more == NULL)
            return NULL;
        result->failures = more;
    }
    struct iommu_conform_failure *made = &result->failures[result->failure_count++];
    *made = (struct iommu_conform_failure){.finding = finding};
    return made;
}

static void on_finding(struct bench *bench, enum finding finding, const char *observed)
{
    struct suite *suite = bench->found_ctx;
    const struct finding_about *about = &finding_about[finding];
    struct iommu_conform_failure *failure = failure_for(suite, about->name);
    suite->hangs += finding == FINDING_HANG;
    if (failure == NULL) {
        suite->out_of_memory = true;
        return;
    }
    if (failure->count++ != 0)
        return;
    failure->behaviour = about->behaviour;
    failure->section = about->section;
    failure->rule = about->rule;
    failure->scenario = bench->scenario->name;
    failure->unit = bench->unit->name;
    failure->lie = suite->lie;
    failure->seed = bench->seed;
    snprintf(failure->observed, sizeof failure->observed, "%s", observed);
    snprintf(failure->replay, sizeof failure->replay,
             "iommukit conform --driver %s --scenario %s --unit %s --lie %s --seed %llu",
             suite->result->driver, failure->scenario, failure->unit, failure->lie,
             (unsigned long long)failure->seed);
}

static void count_findings(struct iommu_conform_result *result)
{
    for (unsigned i = 0; i < result->failure_count; i++) {
        unsigned k = 0;
        while (strcmp(result->failures[k].finding, result->failures[i].finding) != 0)
            k++;
        result->findings += k == i;
    }
}

/* ---- the matrix */

static void one_run(struct suite *suite, const struct scenario *scenario,
                    const struct unit_row *row, uint32_t lies, uint64_t seed)
{
    struct bench *bench = suite->bench;
    if (suite->counting) {
        suite->total++;
        return;
    }
    bench->scenario = scenario;
    bench->unit = row;
    bench->lies = possible(row, lies, seed);
    bench->seed = seed;
    enum bench_end end = bench_run(bench);
    suite->result->runs++;
    suite->result->failed += end == BENCH_FAILED;
    suite->result->inconclusive += end == BENCH_INCONCLUSIVE;
    if (suite->options.progress != NULL &&
        !suite->options.progress(suite->options.ctx, suite->result->runs, suite->total))
        suite->result->stopped = true;
}

/* The rows that suit; their number. */
static unsigned suitable(struct suite *suite, const struct scenario *scenario, unsigned set,
                         const struct unit_row **rows)
{
    uint32_t lies;
    unsigned count = 0;
    const struct unit_row *row;
    lie_set(set, &lies);
    for (unsigned i = 0; (row = unit_at(i)) != NULL; i++) {
        if (!wanted(suite->options.unit, row->name) ||
            !match_possible(suite->options.adapter, scenario, row, set == LIE_SETS - 1 ? 0 : lies))
            continue;
        if (set != LIE_SETS - 1 && !bench_lies_allowed(row, lies)) {
            suite->result->skipped += suite->counting;
            continue;
        }
        rows[count++] = row;
    }
    return count;
}

static void seeds_of(struct suite *suite, const struct scenario *scenario, unsigned set)
{
    const struct unit_row *rows[64];
    uint32_t lies;
    unsigned count = suitable(suite, scenario, set, rows);
    suite->lie = lie_set(set, &lies);
    if (set == LIE_SETS - 1 && (scenario->needs & NEEDS_SOUND))
        lies &= ~bench_breaking_lies();
    if (set == LIE_SETS - 1 && (scenario->needs & NEEDS_LIVE_QUEUE))
        lies &= ~bench_final_lies();
    for (unsigned i = 0; count != 0 && i < suite->options.seeds; i++) {
        uint64_t seed = suite->options.first_seed + i;
        if (i == 0)
            for (unsigned k = 0; k < count && !suite->result->stopped && suite->hangs < HANGS_MAX;
                 k++)
                one_run(suite, scenario, rows[k], lies, seed);
        else if (!suite->result->stopped && suite->hangs < HANGS_MAX)
            one_run(suite, scenario, rows[seed % count], lies, seed);
    }
}

static void pass(struct suite *suite, bool counting)
{
    const struct scenario *scenario;
    uint32_t lies;
    suite->counting = counting;
    for (unsigned i = 0; (scenario = scenario_at(i)) != NULL; i++) {
        if (!wanted(suite->options.scenario, scenario->name))
            continue;
        suite->hangs = 0;
        for (unsigned set = 0; set < LIE_SETS; set++)
            if (wanted(suite->options.lie, lie_set(set, &lies)))
                seeds_of(suite, scenario, set);
    }
}

/* ---- the call */

static bool exists(const char *wanted_name, const char *(*name_at)(unsigned index))
{
    if (wanted_name == NULL)
        return true;
    for (unsigned i = 0; name_at(i) != NULL; i++)
        if (strcmp(name_at(i), wanted_name) == 0)
            return true;
    return false;
}

static bool lie_exists(const char *name)
{
    return name == NULL || strcmp(name, "none") == 0 || strcmp(name, "all") == 0 ||
           iommu_model_lie_find(name) != IOMMU_MODEL_LIE_COUNT;
}

static bool sane(const struct iommu_conform_options *options)
{
    const struct iommu_conform_adapter *adapter = options->adapter;
    return adapter != NULL && adapter->init != NULL && adapter->domain_alloc != NULL &&
           adapter->map != NULL && adapter->attach != NULL &&
           exists(options->scenario, iommu_conform_scenario_name) &&
           exists(options->unit, iommu_conform_unit_name) && lie_exists(options->lie);
}

int iommu_conform_run(const struct iommu_conform_options *options,
                      struct iommu_conform_result *result)
{
    struct suite suite = {.options = *options, .result = result};
    memset(result, 0, sizeof *result);
    if (!sane(options))
        return -IOMMU_EINVAL;
    suite.bench = calloc(1, sizeof *suite.bench);
    if (suite.bench == NULL)
        return -IOMMU_ENOMEM;
    suite.options.seeds = options->seeds != 0 ? options->seeds : SEEDS;
    suite.options.first_seed = options->first_seed != 0 ? options->first_seed : 1;
    result->driver = options->driver != NULL ? options->driver : options->adapter->name;
    suite.bench->adapter = options->adapter;
    suite.bench->found = on_finding;
    suite.bench->found_ctx = &suite;
    bench_guard_open();
    if (options->cost) {
        suite.out_of_memory = cost_measure(suite.bench, options->unit, result) < 0;
    } else {
        pass(&suite, true);
        pass(&suite, false);
    }
    bench_guard_close();
    free(suite.bench);
    count_findings(result);
    return suite.out_of_memory ? -IOMMU_ENOMEM : 0;
}

void iommu_conform_result_free(struct iommu_conform_result *result)
{
    free(result->failures);
    free(result->costs);
    memset(result, 0, sizeof *result);
}
