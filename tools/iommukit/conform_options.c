/* SPDX-License-Identifier: MIT */
/* conform_options.c - the command line of `iommukit conform`, through argp. */
#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "iommukit/conformance/builtin.h"
#include "iommukit/model/lies.h"

#define SEEDS_MAX 1000000000u

enum {
    KEY_DRIVER = 0x100,
    KEY_SEEDS,
    KEY_LIE,
    KEY_SCENARIO,
    KEY_UNIT,
    KEY_SEED,
    KEY_COST,
    KEY_MARKDOWN,
    KEY_LIST,
    KEY_JSON
};

static const struct argp_option option_list[] = {
    {"driver", KEY_DRIVER, "NAME", 0, "iommukit (default), sample, sample:BUG or sample:none", 0},
    {"seeds", KEY_SEEDS, "N", 0, "Seeds for each scenario and lie (default 4)", 0},
    {"lie", KEY_LIE, "NAME", 0,
     "One lie alone, none, or all together (default: none, each, and all)", 0},
    {"scenario", KEY_SCENARIO, "NAME", 0, "This scenario only", 0},
    {"unit", KEY_UNIT, "NAME", 0, "This machine only", 0},
    {"seed", KEY_SEED, "N", 0, "This seed only (replay)", 0},
    {"cost", KEY_COST, NULL, 0, "Measure what operations cost, and nothing else", 0},
    {"markdown", KEY_MARKDOWN, NULL, 0, "With --cost: as a document", 0},
    {"list", KEY_LIST, NULL, 0, "List scenarios, machines, lies, findings and the sample's bugs",
     0},
    {"json", KEY_JSON, NULL, 0, "Print one JSON object instead of a table", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static uint64_t number(struct argp_state *state, const char *what, const char *text, uint64_t min,
                       uint64_t max)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 0);
    if (!isdigit((unsigned char)text[0]) || errno != 0 || *end != '\0')
        argp_error(state, "--%s: '%s' is not a number", what, text);
    else if (value < min || value > max)
        argp_error(state, "--%s: %s is outside %llu to %llu", what, text, (unsigned long long)min,
                   (unsigned long long)max);
    return value;
}

static const char *known(struct argp_state *state, const char *what, const char *text,
                         const char *(*name_at)(unsigned index))
{
    for (unsigned i = 0; name_at(i) != NULL; i++)
        if (strcmp(name_at(i), text) == 0)
            return text;
    argp_error(state, "--%s: no '%s'; --list names them", what, text);
    return NULL;
}

static const char *lie(struct argp_state *state, const char *text)
{
    if (strcmp(text, "none") != 0 && strcmp(text, "all") != 0 &&
        iommu_model_lie_find(text) == IOMMU_MODEL_LIE_COUNT)
        argp_error(state, "--lie: no '%s'; --list names them", text);
    return text;
}

static void driver(struct argp_state *state, struct conform_options *options, const char *text)
{
    options->run.driver = text;
    options->run.adapter =
        strcmp(text, "iommukit") == 0 ? &iommu_conform_iommukit : iommu_conform_sample(text);
    if (options->run.adapter == NULL)
        argp_error(state, "--driver: no '%s'; there are iommukit, sample, sample:none, sample:BUG",
                   text);
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct conform_options *options = state->input;
    switch (key) {
    case KEY_DRIVER:
        driver(state, options, text);
        return 0;
    case KEY_SEEDS:
        options->run.seeds = (unsigned)number(state, "seeds", text, 1, SEEDS_MAX);
        return 0;
    case KEY_LIE:
        options->run.lie = lie(state, text);
        return 0;
    case KEY_SCENARIO:
        options->run.scenario = known(state, "scenario", text, iommu_conform_scenario_name);
        return 0;
    case KEY_UNIT:
        options->run.unit = known(state, "unit", text, iommu_conform_unit_name);
        return 0;
    case KEY_SEED:
        options->run.first_seed = number(state, "seed", text, 1, INT64_MAX);
        return 0;
    case KEY_COST:
        options->cost = true;
        return 0;
    case KEY_MARKDOWN:
        options->markdown = true;
        return 0;
    case KEY_LIST:
        options->list = true;
        return 0;
    case KEY_JSON:
        options->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", text);
        return 0;
    case ARGP_KEY_END:
        if (options->run.first_seed != 0 && options->run.seeds == 0)
            options->run.seeds = 1;
        if (options->markdown && (!options->cost || options->json))
            argp_error(state, "--markdown is a form of --cost");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void conform_parse(int argc, char **argv, struct conform_options *options)
{
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
        .doc = "Try a VT-d driver on modelled machines that keep what silicon may keep and delay "
               "what it may delay; "
               "name each mistake, and the line that repeats it."
               "\vExit status: 0 conforms, 1 fails, 2 bad usage.",
    };

    *options =
        (struct conform_options){.run = {.adapter = &iommu_conform_iommukit, .driver = "iommukit"}};
    argp_parse(&parser, argc, argv, 0, NULL, options);
}
