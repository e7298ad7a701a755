/* SPDX-License-Identifier: MIT */
/* bench.h - `iommukit bench`: the rows, run and printed. */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/bench.h"

enum bench_format { BENCH_TABLE, BENCH_JSON, BENCH_MARKDOWN, BENCH_DATA };

struct bench_command {
    struct bench_options bench;
    bool wanted[BENCH_ROWS]; /* by index */
    bool list;
    enum bench_format format;
    const char *save; /* NULL, or: every format goes to this path and a suffix as well */
    char peers[4096]; /* where bench.peers may point */
};

int bench_main(int argc, char **argv);

/* 0, or EXIT_USAGE after saying what is wrong. */
int bench_options_parse(int argc, char **argv, struct bench_command *command);

/* What came out; results by row, those that were not wanted empty. Each returns the exit status. */
struct bench_report {
    const struct bench_command *command;
    struct bench *bench;
    struct bench_result results[BENCH_ROWS];
    char cpu[128];
    unsigned limit_count;
    struct bench_count limits[BENCH_COUNTS_MAX];
};
int bench_print(const struct bench_report *report);

#endif
