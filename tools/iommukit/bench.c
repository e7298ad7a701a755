/* SPDX-License-Identifier: MIT */
/* bench.c - `iommukit bench`: runs the rows that are wanted. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"

static void find_cpu(char *text, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(text, size, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || value == NULL)
            continue;
        value[strcspn(value, "\n")] = '\0';
        snprintf(text, size, "%.*s", (int)(size - 1), value + 2);
        break;
    }
    if (file != NULL)
        fclose(file);
}

static int list(void)
{
    for (unsigned i = 0; i < BENCH_ROWS; i++)
        printf("%2u  %s\n      goal: %s; must: %s\n", bench_rows[i].id, bench_rows[i].name, bench_rows[i].goal,
               bench_rows[i].must);
    return EXIT_FINE;
}

static void run(struct bench_report *report)
{
    for (unsigned i = 0; i < BENCH_ROWS; i++) {
        if (!report->command->wanted[i])
            continue;
        if (!report->command->bench.smoke)
            fprintf(stderr, "row %u: %s\n", bench_rows[i].id, bench_rows[i].name);
        bench_row_run(report->bench, &bench_rows[i], &report->results[i]);
    }
}

static void find_limits(struct bench_report *report)
{
    struct bench_count *limits = report->limits;
    while (report->limit_count < BENCH_COUNTS_MAX &&
           bench_limit(report->bench, report->limit_count, limits[report->limit_count].name, &limits[report->limit_count].value))
        report->limit_count++;
}

int bench_main(int argc, char **argv)
{
    struct bench_command command;
    struct bench bench;
    struct bench_report *report;
    int result = bench_options_parse(argc, argv, &command);
    if (result != 0)
        return result;
    if (command.list)
        return list();
    report = calloc(1, sizeof *report);
    if (report == NULL)
        return output_error("bench", "no memory");
    bench_open(&bench, &command.bench);
    *report = (struct bench_report){.command = &command, .bench = &bench};
    find_cpu(report->cpu, sizeof report->cpu);
    run(report);
    find_limits(report);
    result = bench_print(report);
    for (unsigned i = 0; i < BENCH_ROWS && result == EXIT_FINE; i++)
        if (report->results[i].verdict == BENCH_SHORT && !command.bench.smoke)
            result = EXIT_FINDINGS;
    free(report);
    return result;
}
