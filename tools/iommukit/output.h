/* SPDX-License-Identifier: MIT */
/* output.h - what the subcommands share in front of libsmartcols and jansson: tables, JSON, colours, numbers. */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include <jansson.h>
#include <libsmartcols.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit statuses of the commands that inspect. */
enum { EXIT_FINE = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2 };

struct output_column {
    const char *name;
    bool right; /* flush right */
    bool wrap;  /* the column that gives way when the terminal is narrow */
};

/* NULL: no memory. The caller prints and unrefs it. */
struct libscols_table *output_table(const struct output_column *columns, unsigned count);
void output_cell(struct libscols_line *line, unsigned column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Colours only on a terminal that has them, and not with NO_COLOR set. */
bool output_colours(void);
/* A cell's colour by name ("red", "green", "yellow", "bold"); nothing without colours. */
void output_cell_colour(struct libscols_line *line, unsigned column, const char *colour);

/* "0x..." */
json_t *output_hex(uint64_t value);
/* Prints it and a newline on standard output and gives it up. 0, or EXIT_USAGE if it could not be written. */
int output_json(json_t *object);

/* "COMMAND: ..." on standard error; returns EXIT_USAGE. */
int output_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A whole number, decimal or 0x hexadecimal, nothing after it. False: it is not one, or it is above max. */
bool output_number(const char *text, uint64_t max, uint64_t *value);

#endif
