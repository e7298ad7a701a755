/* SPDX-License-Identifier: MIT */
/* regs.h - `iommukit regs`: register values, field by field. */
#ifndef IOMMUKIT_TOOL_REGS_H
#define IOMMUKIT_TOOL_REGS_H

#include "inspect/registers.h"
#include "source.h"

struct regs_options {
    struct source_options source;
    char *made[SOURCE_REGISTERS_MAX]; /* those of source.set that are not of the command line itself */
    unsigned mades;
    unsigned faults; /* --frcd so far */
    bool json;
};

int regs_main(int argc, char **argv);

/* ---- regs_options.c */
void regs_parse(int argc, char **argv, struct regs_options *options);
/* What parsing has allocated. */
void regs_options_free(struct regs_options *options);

/* ---- regs_report.c: EXIT_FINE, or EXIT_USAGE if it could not be written. */
int regs_table(const struct inspect_registers *registers);
int regs_json(const struct inspect_registers *registers);

#endif
