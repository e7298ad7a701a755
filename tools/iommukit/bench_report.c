/* SPDX-License-Identifier: MIT */
/* bench_report.c - what `iommukit bench` prints: a table, Markdown, JSON, or values for a plot. */
#include <string.h>

#include "bench.h"
#include "output.h"

#define CELL 128u

/* "4.71x [4.4..5.0]" */
static void measured_text(const struct bench_part *part, char text[CELL])
{
    const double m = part->median, low = part->p10, high = part->p90;
    if (part->missing[0] != '\0')
        snprintf(text, CELL, "%s", part->missing);
    else if (part->sense == BENCH_NUMBER)
        snprintf(text, CELL, "%.6g", m);
    else if (part->sense == BENCH_NANOSECONDS && m >= 1e3)
        snprintf(text, CELL, "%.3g us [%.3g..%.3g]", m / 1e3, low / 1e3, high / 1e3);
    else if (part->sense == BENCH_NANOSECONDS)
        snprintf(text, CELL, "%.3g ns [%.3g..%.3g]", m, low, high);
    else
        snprintf(text, CELL, "%.3gx [%.3g..%.3g]", m, low, high);
}

static void mark_text(const struct bench_part *part, double mark, char text[CELL])
{
    const char *sign = part->sense == BENCH_TIMES_FASTER ? ">=" : "<=";
    if (mark == BENCH_NO_MUST || (part->sense == BENCH_TIMES_FASTER && mark == 0))
        snprintf(text, CELL, "-");
    else if (part->sense == BENCH_NANOSECONDS)
        snprintf(text, CELL, "%s %g %s", sign, mark >= 1e3 ? mark / 1e3 : mark, mark >= 1e3 ? "us" : "ns");
    else if (part->sense == BENCH_NUMBER)
        snprintf(text, CELL, "%s %g", sign, mark);
    else
        snprintf(text, CELL, "%s %gx", sign, mark);
}

static void against_text(const struct bench_part *part, char text[CELL])
{
    if (part->missing[0] != '\0' || part->rival[0] == '\0')
        snprintf(text, CELL, "%s", "");
    else if (part->rival_ns > 0)
        snprintf(text, CELL, "%s (%.3g, ours %.3g ns)", part->rival, part->rival_ns, part->ns);
    else
        snprintf(text, CELL, "%s", part->rival);
}

static const char *verdict_text(enum bench_verdict verdict)
{
    const char *name = bench_verdict_name(verdict);
    return name == NULL ? "" : name;
}

static const char *verdict_colour(enum bench_verdict verdict)
{
    return verdict == BENCH_SHORT ? "red" : verdict == BENCH_MUST ? "yellow" : "green";
}

static void counts_text(const struct bench_result *result, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < result->count_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s %g", i == 0 ? "" : ", ", result->counts[i].name,
                                 result->counts[i].value);
}

/* ---- the table ------------------------------------------------------------------------------------------------ */

enum { COLUMN_ID, COLUMN_WHAT, COLUMN_MEASURED, COLUMN_AGAINST, COLUMN_GOAL, COLUMN_MUST, COLUMN_VERDICT };

static const struct output_column columns[] = {
    {"#", true, false},    {"WHAT", false, false}, {"MEASURED [p10..p90]", false, false}, {"AGAINST, COUNTS", false, true},
    {"GOAL", false, false}, {"MUST", false, false}, {"VERDICT", false, false},
};

static void part_line(struct libscols_line *line, const struct bench_part *part)
{
    char text[CELL];
    output_cell(line, COLUMN_WHAT, "  %s", part->name);
    measured_text(part, text);
    output_cell(line, COLUMN_MEASURED, "%s", text);
    against_text(part, text);
    output_cell(line, COLUMN_AGAINST, "%s", text);
    mark_text(part, part->goal, text);
    output_cell(line, COLUMN_GOAL, "%s", text);
    mark_text(part, part->must, text);
    output_cell(line, COLUMN_MUST, "%s", text);
}

static void row_lines(struct libscols_table *table, const struct bench_row *row, const struct bench_result *result)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    char counts[512];
    if (line == NULL)
        return;
    counts_text(result, counts, sizeof counts);
    output_cell(line, COLUMN_ID, "%u", row->id);
    output_cell(line, COLUMN_WHAT, "%s", row->name);
    output_cell(line, COLUMN_AGAINST, "%s", counts);
    output_cell(line, COLUMN_VERDICT, "%s", verdict_text(result->verdict));
    if (result->verdict != BENCH_OPEN)
        output_cell_colour(line, COLUMN_VERDICT, verdict_colour(result->verdict));
    for (unsigned i = 0; i < result->part_count; i++) {
        line = scols_table_new_line(table, NULL);
        if (line != NULL)
            part_line(line, &result->parts[i]);
    }
}

static void machine_lines(const struct bench_report *report, const char *prefix, FILE *to)
{
    fprintf(to, "%siommukit built with %s; %s\n", prefix, bench_compiler(), report->cpu);
    for (unsigned i = 0; i < report->bench->peer_count; i++)
        fprintf(to, "%speer: %s, %s\n", prefix, report->bench->peers[i]->name, report->bench->peers[i]->build);
    for (unsigned i = 0; i < report->limit_count; i++)
        fprintf(to, "%slimit: %s: %.3g ns\n", prefix, report->limits[i].name, report->limits[i].value);
}

static int print_table(const struct bench_report *report, FILE *to)
{
    struct libscols_table *table = output_table(columns, sizeof columns / sizeof columns[0]);
    if (table == NULL)
        return output_error("bench", "no memory");
    for (unsigned i = 0; i < BENCH_ROWS; i++)
        if (report->command->wanted[i])
            row_lines(table, &bench_rows[i], &report->results[i]);
    scols_table_set_stream(table, to);
    scols_print_table(table);
    scols_unref_table(table);
    fputs("\n\n", to);
    machine_lines(report, "", to);
    return EXIT_FINE;
}

/* ---- Markdown, values ----------------------------------------------------------------------------------------- */

static void markdown_part(const struct bench_part *part, FILE *to)
{
    char measured[CELL], against[CELL], goal[CELL], must[CELL];
    measured_text(part, measured);
    against_text(part, against);
    mark_text(part, part->goal, goal);
    mark_text(part, part->must, must);
    fprintf(to, "| | %s | %s | %s | %s | %s | |\n", part->name, measured, against, goal, must);
}

static int print_markdown(const struct bench_report *report, FILE *to)
{
    fprintf(to, "| # | what | measured [p10..p90] | against, counts | goal | must | verdict |\n|---|---|---|---|---|---|---|\n");
    for (unsigned i = 0; i < BENCH_ROWS; i++) {
        const struct bench_result *result = &report->results[i];
        char counts[512];
        if (!report->command->wanted[i])
            continue;
        counts_text(result, counts, sizeof counts);
        fprintf(to, "| %u | **%s** | | %s | | | %s |\n", bench_rows[i].id, bench_rows[i].name, counts, verdict_text(result->verdict));
        for (unsigned j = 0; j < result->part_count; j++)
            markdown_part(&result->parts[j], to);
    }
    fputc('\n', to);
    machine_lines(report, "- ", to);
    return EXIT_FINE;
}

static int print_data(const struct bench_report *report, FILE *to)
{
    fprintf(to, "row\tpart\tname\tsense\tmedian\tp10\tp90\tgoal\tmust\tverdict\n");
    for (unsigned i = 0; i < BENCH_ROWS; i++)
        for (unsigned j = 0; report->command->wanted[i] && j < report->results[i].part_count; j++) {
            static const char *const senses[] = {"faster", "limit", "ns", "number"};
            const struct bench_part *part = &report->results[i].parts[j];
            if (part->missing[0] == '\0')
                fprintf(to, "%u\t%u\t%s\t%s\t%g\t%g\t%g\t%g\t%g\t%s\n", bench_rows[i].id, j, part->name, senses[part->sense],
                       part->median, part->p10, part->p90, part->goal, part->must, verdict_text(part->verdict));
        }
    return EXIT_FINE;
}

/* ---- JSON ----------------------------------------------------------------------------------------------------- */

/* Numbers that are the same on every machine, by name; null where the row has none. */
static json_t *counts_json(const struct bench_result *result)
{
    json_t *counts = json_object();
    for (unsigned i = 0; i < result->part_count; i++)
        if (result->parts[i].sense == BENCH_NUMBER && result->parts[i].missing[0] == '\0')
            json_object_set_new(counts, result->parts[i].name, json_real(result->parts[i].median));
    for (unsigned i = 0; i < result->count_count; i++)
        json_object_set_new(counts, result->counts[i].name, json_real(result->counts[i].value));
    if (json_object_size(counts) > 0)
        return counts;
    json_decref(counts);
    return json_null();
}

static json_t *row_json(const struct bench_row *row, const struct bench_result *result)
{
    const struct bench_part *part = bench_decisive(result);
    const char *verdict = bench_verdict_name(result->verdict);
    json_t *ratio = part == NULL ? json_null() : json_real(part->median);
    return json_pack("{s:i, s:s, s:o, s:o, s:s, s:s, s:s?}", "id", (int)row->id, "name", row->name, "ratio", ratio, "count",
                     counts_json(result), "goal", row->goal, "must", row->must, "verdict", verdict);
}

static int print_json(const struct bench_report *report, FILE *to)
{
    json_t *rows = json_array(), *peers = json_array();
    for (unsigned i = 0; i < BENCH_ROWS; i++)
        if (report->command->wanted[i])
            json_array_append_new(rows, row_json(&bench_rows[i], &report->results[i]));
    for (unsigned i = 0; i < report->bench->peer_count; i++)
        json_array_append_new(peers, json_sprintf("%s, %s", report->bench->peers[i]->name, report->bench->peers[i]->build));
    json_t *all = json_pack("{s:o, s:s, s:s, s:o}", "rows", rows, "compiler", bench_compiler(), "cpu", report->cpu, "peers",
                            peers);
    int result = all == NULL || json_dumpf(all, to, JSON_INDENT(2)) != 0 ? EXIT_USAGE : EXIT_FINE;
    json_decref(all);
    fputc('\n', to);
    return result;
}

static int (*const printers[])(const struct bench_report *, FILE *) = {
    [BENCH_TABLE] = print_table, [BENCH_JSON] = print_json, [BENCH_MARKDOWN] = print_markdown, [BENCH_DATA] = print_data};
static const char *const suffixes[] = {
    [BENCH_TABLE] = "txt", [BENCH_JSON] = "json", [BENCH_MARKDOWN] = "md", [BENCH_DATA] = "tsv"};

static int save(const struct bench_report *report, enum bench_format format)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s.%s", report->command->save, suffixes[format]);
    FILE *file = length > 0 && (size_t)length < sizeof path ? fopen(path, "w") : NULL;
    if (file == NULL)
        return output_error("bench", "cannot write %s", path);
    int result = printers[format](report, file);
    if (fclose(file) != 0)
        return output_error("bench", "cannot write %s", path);
    return result;
}

int bench_print(const struct bench_report *report)
{
    int result = printers[report->command->format](report, stdout);
    if (fflush(stdout) != 0)
        result = output_error("bench", "cannot write the result");
    for (unsigned i = 0; report->command->save != NULL && result == EXIT_FINE && i < sizeof suffixes / sizeof suffixes[0]; i++)
        result = save(report, (enum bench_format)i);
    return result;
}
