/* SPDX-License-Identifier: MIT */
/* system_output.h - what dmar, caps and groups share: opening a machine, its notes, texts that grow, names of devices. */
#ifndef TOOLS_SYSTEM_OUTPUT_H
#define TOOLS_SYSTEM_OUTPUT_H

#include <jansson.h>
#include <stdio.h>

#include "inspect/system.h"
#include "output.h"

/* NULL: the reason was printed. */
struct inspect_system *system_open(const char *command, const char *root);

/* What could not be read, on standard error. */
void system_notes(const char *command, const struct inspect_system *system);
/* The same as an array of sentences. */
json_t *system_notes_json(const struct inspect_system *system);

/* Why there is no IOMMU, or null where there is one. */
json_t *system_absence_json(const struct inspect_system *system);

/* true, false, or null where it is not known. */
json_t *system_answer(enum inspect_answer answer);

/* A text that grows: print into `file`, then text_end. */
struct text {
    FILE *file;
    char *bytes;
    size_t size;
};
bool text_begin(struct text *text); /* false: no memory */
void text_cell(struct text *text, struct libscols_line *line, unsigned column); /* ends it */

#endif
