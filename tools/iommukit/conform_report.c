/* SPDX-License-Identifier: MIT */
/* conform_report.c - findings and costs: a table for people (libsmartcols), one object for programs (jansson). */
#include <inttypes.h>
#include <jansson.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conform.h"
#include "iommukit/conformance/builtin.h"
#include "iommukit/model/lies.h"

static const char *verdict(const struct iommu_conform_result *suite)
{
    return suite->failure_count == 0 ? "conforms" : "fails";
}

static uint32_t excess(const struct iommu_conform_cost *cost, unsigned item)
{
    return cost->spent[item] > cost->needed[item] ? cost->spent[item] - cost->needed[item] : 0;
}

/* ---- table */

static struct libscols_table *new_table(const char *const *names, size_t count)
{
    struct libscols_table *table = scols_new_table();
    for (size_t i = 0; table != NULL && i < count; i++)
        scols_table_new_column(table, names[i], 0, 0);
    return table;
}

static void __attribute__((format(printf, 3, 4)))
cell(struct libscols_line *line, size_t column, const char *format, ...)
{
    char text[96];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    scols_line_set_data(line, column, text);
}

/* Index of the first failure with this one's name. */
static unsigned first_like(const struct iommu_conform_result *suite, unsigned index)
{
    unsigned first = 0;
    while (strcmp(suite->failures[first].finding, suite->failures[index].finding) != 0)
        first++;
    return first;
}

static void add_finding(struct libscols_table *table, const struct iommu_conform_result *suite,
                        unsigned index)
{
    const struct iommu_conform_failure *failure = &suite->failures[index];
    struct libscols_line *line = scols_table_new_line(table, NULL);
    uint64_t runs = 0;
    unsigned scenarios = 0;
    for (unsigned i = index; i < suite->failure_count; i++) {
        bool same = first_like(suite, i) == index;
        scenarios += same;
        runs += same ? suite->failures[i].count : 0;
    }
    cell(line, 0, "%s", failure->finding);
    cell(line, 1, "%s", failure->behaviour);
    cell(line, 2, "%u", scenarios);
    cell(line, 3, "%" PRIu64, runs);
    cell(line, 4, "%s", failure->scenario);
    cell(line, 5, "%s", failure->unit);
    cell(line, 6, "%s", failure->lie);
    cell(line, 7, "%" PRIu64, failure->seed);
}

static void print_findings(const struct iommu_conform_result *suite)
{
    static const char *const names[] = {"FINDING",        "BEHAVIOUR", "SCENARIOS", "RUNS",
                                        "FIRST-SCENARIO", "UNIT",      "LIE",       "SEED"};
    struct libscols_table *table = new_table(names, sizeof names / sizeof names[0]);
    for (unsigned i = 0; table != NULL && i < suite->failure_count; i++)
        if (first_like(suite, i) == i)
            add_finding(table, suite, i);
    scols_print_table(table);
    scols_unref_table(table);
}

/* What was seen, what should have been, and how to see it again. */
static void explain_findings(const struct iommu_conform_result *suite)
{
    for (unsigned i = 0; i < suite->failure_count; i++) {
        const struct iommu_conform_failure *failure = &suite->failures[i];
        if (first_like(suite, i) == i)
            printf("\n%s (%s, \"%s\"): %s\n  %s\n  %s\n", failure->finding, failure->behaviour,
                   failure->section, failure->rule, failure->observed, failure->replay);
    }
}

static void print_costs(const struct iommu_conform_result *costs, bool only_excess)
{
    static const char *const names[] = {"OPERATION",   "UNIT",       "INVALIDATIONS", "WAITS",
                                        "MMIO-WRITES", "MMIO-READS", "FLUSHED-LINES"};
    struct libscols_table *table = new_table(names, sizeof names / sizeof names[0]);
    for (unsigned i = 0; table != NULL && i < costs->cost_count; i++) {
        const struct iommu_conform_cost *cost = &costs->costs[i];
        uint32_t more = 0;
        for (unsigned item = 0; item < IOMMU_CONFORM_ITEMS; item++)
            more += excess(cost, item);
        if (only_excess && more == 0)
            continue;
        struct libscols_line *line = scols_table_new_line(table, NULL);
        cell(line, 0, "%s", cost->operation);
        cell(line, 1, "%s", cost->unit);
        for (unsigned item = 0; item < IOMMU_CONFORM_ITEMS; item++)
            cell(line, 2 + item, excess(cost, item) != 0 ? "%u (%u needed)" : "%u",
                 cost->spent[item], cost->needed[item]);
    }
    if (scols_table_get_nlines(table) != 0) {
        if (only_excess)
            puts("\nMore than the architecture needs:");
        scols_print_table(table);
    }
    scols_unref_table(table);
}

static void print_text(const struct iommu_conform_result *suite,
                       const struct iommu_conform_result *costs)
{
    if (suite->failure_count != 0) {
        print_findings(suite);
        explain_findings(suite);
    }
    print_costs(costs, true);
    printf("\n%s: %" PRIu64 " runs, %" PRIu64 " failed, %u findings; in %" PRIu64
           " the hardware was broken, and the driver said so\nVerdict: %s\n",
           suite->driver, suite->runs, suite->failed, suite->findings, suite->inconclusive,
           verdict(suite));
}

/* ---- document */

static void print_markdown(const struct iommu_conform_result *costs)
{
    const char *unit = "";
    puts("# What operations cost\n\nWritten by `iommukit conform --cost --markdown`; do not "
         "edit.\n\n"
         "Counted at the driver's platform hooks and in the modelled unit, on a machine at work: "
         "tables and a neighbouring\n"
         "route are there. \"3 (2)\" means three where the architecture asks for two. "
         "Invalidations go into the queue together\n"
         "and cost one write of its tail; with registers (`legacy-no-queue`) each is a command of "
         "its own.\n\n"
         "| unit | operation | invalidations | waits | MMIO writes | MMIO reads | flushed lines "
         "|\n|---|---|---|---|---|---|---|");
    for (unsigned i = 0; i < costs->cost_count; i++) {
        const struct iommu_conform_cost *cost = &costs->costs[i];
        printf("| %s | %s |", strcmp(unit, cost->unit) == 0 ? "" : cost->unit, cost->operation);
        unit = cost->unit;
        for (unsigned item = 0; item < IOMMU_CONFORM_ITEMS; item++)
            printf(excess(cost, item) != 0 ? " %u (%u) |" : " %u |", cost->spent[item],
                   cost->needed[item]);
        putchar('\n');
    }
    puts("\nWhere more is spent than asked for, and why:\n\n"
         "- Attaching with Caching Mode in scalable mode: a PASID entry that was not there may be "
         "remembered under domain id 0 or,\n"
         "  as units in the field do, under the new id. Both are invalidated, in the same batch.\n"
         "- Invalidation by registers: each command is preceded by a look whether the register is "
         "free.\n"
         "- `two-units`: a domain that may be attached behind either unit is written back for the "
         "one that does not snoop.");
}

/* ---- JSON */

static json_t *failure_object(const struct iommu_conform_failure *failure)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "finding",
                     failure->finding, "behaviour", failure->behaviour, "section", failure->section,
                     "rule", failure->rule, "scenario", failure->scenario, "unit", failure->unit,
                     "lie", failure->lie, "seed", (json_int_t)failure->seed, "count",
                     (json_int_t)failure->count, "observed", failure->observed, "replay",
                     failure->replay);
}

static void add_costs(json_t *array, const struct iommu_conform_cost *cost, bool only_excess)
{
    for (unsigned item = 0; item < IOMMU_CONFORM_ITEMS; item++)
        if (!only_excess || excess(cost, item) != 0)
            json_array_append_new(
                array, json_pack("{s:s, s:s, s:s, s:i, s:i}", "operation", cost->operation, "unit",
                                 cost->unit, "what", iommu_conform_item_name(item), "spent",
                                 (int)cost->spent[item], "needed", (int)cost->needed[item]));
}

static void print_json(const struct conform_options *options,
                       const struct iommu_conform_result *suite,
                       const struct iommu_conform_result *costs)
{
    json_t *failures = json_array(), *more = json_array(), *all = json_array();
    for (unsigned i = 0; i < suite->failure_count; i++)
        json_array_append_new(failures, failure_object(&suite->failures[i]));
    for (unsigned i = 0; i < costs->cost_count; i++) {
        add_costs(more, &costs->costs[i], true);
        if (options->cost)
            add_costs(all, &costs->costs[i], false);
    }
    json_t *object = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:i, s:o, s:o, s:s}", "driver", options->run.driver, "runs",
        (json_int_t)suite->runs, "failed", (json_int_t)suite->failed, "inconclusive",
        (json_int_t)suite->inconclusive, "skipped", (json_int_t)suite->skipped, "findings",
        (int)suite->findings, "failures", failures, "excess", more, "verdict", verdict(suite));
    if (options->cost)
        json_object_set(object, "costs", all);
    json_decref(all);
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

void conform_report(const struct conform_options *options, const struct iommu_conform_result *suite,
                    const struct iommu_conform_result *costs)
{
    if (options->json)
        print_json(options, suite, costs);
    else if (options->markdown)
        print_markdown(costs);
    else if (options->cost)
        print_costs(costs, false);
    else
        print_text(suite, costs);
}

/* ---- --list */

static void list(const char *title, const char *(*name_at)(unsigned index),
                 const char *(*about_at)(unsigned index))
{
    printf("%s:\n", title);
    for (unsigned i = 0; name_at(i) != NULL; i++)
        printf("  %-24s %s\n", name_at(i), about_at(i));
    putchar('\n');
}

static const char *lie_name(unsigned index)
{
    return index < IOMMU_MODEL_LIE_COUNT ? iommu_model_lie_name((enum iommu_model_lie)index) : NULL;
}

static const char *lie_about(unsigned index)
{
    return iommu_model_lie_about((enum iommu_model_lie)index);
}

void conform_list(void)
{
    list("Scenarios", iommu_conform_scenario_name, iommu_conform_scenario_about);
    list("Units", iommu_conform_unit_name, iommu_conform_unit_about);
    list("Lies", lie_name, lie_about);
    list("Findings", iommu_conform_finding_name, iommu_conform_finding_rule);
    list("Bugs of the sample driver (--driver sample:BUG)", iommu_conform_sample_bug,
         iommu_conform_sample_bug_about);
}
