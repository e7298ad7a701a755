/* SPDX-License-Identifier: MIT */
/* bench_options.c - the command line of `iommukit bench`. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "output.h"

#define SECONDS_MAX 3600.0

enum { OPTION_JSON = 256, OPTION_MARKDOWN, OPTION_DATA, OPTION_PEERS, OPTION_SAVE, OPTION_SMOKE };

static const struct argp_option option_list[] = {
    {"rows", 'r', "N,...", 0, "Only these rows: numbers and ranges, as in 1-6,13", 0},
    {"seconds", 's', "S", 0, "Time for each measurement (default 1); a row has one to eight", 0},
    {"list", 'l', NULL, 0, "List the rows with what is wanted of them, and measure nothing", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object", 1},
    {"markdown", OPTION_MARKDOWN, NULL, 0, "Print the table as in docs/PERFORMANCE.md", 1},
    {"data", OPTION_DATA, NULL, 0, "Print one line of tab-separated values for each part of a row", 1},
    {"save", OPTION_SAVE, "PATH", 0, "Also write PATH.txt, PATH.json, PATH.md and PATH.tsv", 1},
    {"peers", OPTION_PEERS, "DIR", 0, "Load peers (bench-*.so) from DIR; default: the directory of this command", 2},
    {"smoke", OPTION_SMOKE, NULL, 0, "A few short slices of everything: does it run? The times mean nothing", 2},
    {NULL, 0, NULL, 0, NULL, 0},
};

static bool want(struct bench_command *command, uint64_t first, uint64_t last)
{
    if (first < 1 || last > BENCH_ROWS || first > last)
        return false;
    for (uint64_t id = first; id <= last; id++)
        command->wanted[id - 1] = true;
    return true;
}

static void rows(struct argp_state *state, struct bench_command *command, char *text)
{
    char *rest = NULL;
    for (char *item = strtok_r(text, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        uint64_t first = 0, last = 0;
        char *dash = strchr(item, '-');
        if (dash != NULL)
            *dash = '\0';
        bool fine = output_number(item, BENCH_ROWS, &first);
        last = first;
        if (fine && dash != NULL)
            fine = output_number(dash + 1, BENCH_ROWS, &last);
        if (!fine || !want(command, first, last))
            argp_error(state, "--rows: no row '%s'; there are 1 to %u", item, BENCH_ROWS);
    }
}

static void seconds(struct argp_state *state, struct bench_command *command, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value > 0 && value <= SECONDS_MAX))
        argp_error(state, "--seconds: '%s' is no time above 0 and up to an hour", text);
    command->bench.seconds = value;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct bench_command *command = state->input;
    switch (key) {
    case 'r':
        rows(state, command, text);
        return 0;
    case 's':
        seconds(state, command, text);
        return 0;
    case 'l':
        command->list = true;
        return 0;
    case OPTION_JSON:
        command->format = BENCH_JSON;
        return 0;
    case OPTION_MARKDOWN:
        command->format = BENCH_MARKDOWN;
        return 0;
    case OPTION_DATA:
        command->format = BENCH_DATA;
        return 0;
    case OPTION_PEERS:
        command->bench.peers = text;
        return 0;
    case OPTION_SAVE:
        command->save = text;
        return 0;
    case OPTION_SMOKE:
        command->bench.smoke = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Where this program lies: its build has put the peers there. */
static const char *own_directory(struct bench_command *command)
{
    ssize_t length = readlink("/proc/self/exe", command->peers, sizeof command->peers - 1);
    char *slash;
    if (length <= 0)
        return NULL;
    command->peers[length] = '\0';
    slash = strrchr(command->peers, '/');
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    return command->peers;
}

int bench_options_parse(int argc, char **argv, struct bench_command *command)
{
    static const struct argp argp = {
        option_list, parse_option, NULL,
        "Measures iommukit side by side with the limits of the machine and with peers, in one process, in slices that take "
        "turns, and says which rows meet their goal, their must, or fall short. Ratios hold to about a tenth; times in "
        "nanoseconds are information.\v"
        "Exit status: 0 every row that was measured meets its must, 1 some row is short, 2 wrong usage.",
        NULL, NULL, NULL};
    bool any = false;
    *command = (struct bench_command){.format = BENCH_TABLE};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, command) != 0)
        return EXIT_USAGE;
    for (unsigned i = 0; i < BENCH_ROWS; i++)
        any |= command->wanted[i];
    if (!any)
        want(command, 1, BENCH_ROWS);
    if (command->bench.peers == NULL)
        command->bench.peers = own_directory(command);
    return 0;
}
