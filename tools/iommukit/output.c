/* SPDX-License-Identifier: MIT */
/* output.c - see output.h. */
#include "output.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool output_colours(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

struct libscols_table *output_table(const struct output_column *columns, unsigned count)
{
    scols_init_debug(0);
    struct libscols_table *table = scols_new_table();
    if (table == NULL)
        return NULL;
    scols_table_enable_colors(table, output_colours());
    for (unsigned i = 0; i < count; i++) {
        int flags = (columns[i].right ? SCOLS_FL_RIGHT : 0) | (columns[i].wrap ? SCOLS_FL_WRAP : 0);
        if (scols_table_new_column(table, columns[i].name, columns[i].wrap ? 0.3 : 0, flags) == NULL) {
            scols_unref_table(table);
            return NULL;
        }
    }
    return table;
}

void output_cell(struct libscols_line *line, unsigned column, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    scols_line_set_data(line, column, text);
}

void output_cell_colour(struct libscols_line *line, unsigned column, const char *colour)
{
    struct libscols_cell *cell = scols_line_get_cell(line, column);
    if (cell != NULL && output_colours())
        scols_cell_set_color(cell, colour);
}

json_t *output_hex(uint64_t value)
{
    return json_sprintf("0x%" PRIx64, value);
}

int output_json(json_t *object)
{
    int result = object == NULL ? -1 : json_dumpf(object, stdout, JSON_INDENT(2));
    json_decref(object);
    if (result == 0 && putchar('\n') != EOF && fflush(stdout) == 0)
        return EXIT_FINE;
    fputs("iommukit: could not write the result\n", stderr);
    return EXIT_USAGE;
}

int output_error(const char *command, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "iommukit %s: ", command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

bool output_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    errno = 0;
    unsigned long long number = strtoull(text, &end, hexadecimal ? 16 : 10);
    if (errno != 0 || *end != '\0' || number > max)
        return false;
    *value = number;
    return true;
}
