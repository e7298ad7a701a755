/* SPDX-License-Identifier: MIT */
/* system_output.h - what dmar, caps and groups share: options, opening a machine, its notes, texts that grow. */
#ifndef TOOLS_SYSTEM_OUTPUT_H
#define TOOLS_SYSTEM_OUTPUT_H

#include <argp.h>
#include <jansson.h>
#include <stdio.h>

#include "inspect/system.h"
#include "output.h"

struct system_options {
    const char *root; /* NULL: this machine */
    bool json;
};

/* --root and --json, as a child of a command's own parser; see source.h for how. */
extern const struct argp system_argp;
/* The argument DEVICE, which may be given once. */
void system_device_argument(struct argp_state *state, const char *text, bool *has_device, struct inspect_bdf *device);

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
