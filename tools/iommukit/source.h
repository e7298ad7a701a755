/* SPDX-License-Identifier: MIT */
/* source.h - what maps, walk, audit and explain look into: a dump, the units' registers, a DMAR table. */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

#include <argp.h>

#include "inspect/memory.h"
#include "inspect/registers.h"
#include "inspect/tables.h"

#define SOURCE_REGISTERS_MAX 64u

struct source_options {
    struct inspect_memory_options memory; /* path NULL: not given */
    const char *registers, *dmar;         /* NULL: not given */
    char *set[SOURCE_REGISTERS_MAX];      /* NAME=VALUE */
    unsigned sets;
};

/*
 * --memory, --format, --raw-base, --regs, --reg, --dmar, as a child of a command's own parser:
 *     static const struct argp_child children[] = {{&source_argp, 0, "Where to look:", 1}, {0}};
 * and, on ARGP_KEY_INIT, state->child_inputs[0] = &options->source;
 */
extern const struct argp source_argp;

struct source {
    struct inspect_memory *memory; /* NULL: none was given */
    struct inspect_registers registers;
    void *dmar; /* NULL: none was given */
    size_t dmar_bytes;
    struct inspect_machine machine; /* of the above */
};

/*
 * Opens whatever is given; registers come from a file, from single values, or else out of the dump where the DMAR table
 * says they are. 0, or EXIT_USAGE after saying on standard error what is wrong; nothing is open then.
 */
int source_open(const char *command, const struct source_options *options, struct source *source);
/* The same, for commands that cannot do without memory and registers. */
int source_open_dump(const char *command, const struct source_options *options, struct source *source);
void source_close(struct source *source);

/* A small file in one piece, for the caller to free; NULL with the reason in *why: absent, unreadable, above the limit. */
void *source_file(const char *path, size_t limit, size_t *bytes, struct inspect_why *why);

#endif
