/* SPDX-License-Identifier: MIT */
/* regs_options.c - the command line of `iommukit regs`: one option for each register, by its name. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "inspect/fields.h"
#include "regs.h"

enum { KEY_JSON = 0x300, KEY_FAULT, KEY_REGISTER };

#define NAME_BYTES 16

static void add_value(struct argp_state *state, struct regs_options *options, const char *name, const char *text)
{
    struct source_options *source = &options->source;
    struct inspect_unit scratch = {.known = 0};
    struct inspect_why why;
    if (source->sets == SOURCE_REGISTERS_MAX)
        argp_error(state, "more than %u registers", SOURCE_REGISTERS_MAX);
    else if (inspect_register_set(&scratch, name, text, &why) != 0)
        argp_error(state, "%s", why.text);
    else if (asprintf(&options->made[options->mades], "%s=%s", name, text) < 0)
        argp_failure(state, EXIT_USAGE, 0, "out of memory");
    else
        source->set[source->sets++] = options->made[options->mades++];
}

static void add_fault(struct argp_state *state, struct regs_options *options, const char *text)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "FRCD%u", options->faults++);
    add_value(state, options, name, text);
}

static void take_file(struct argp_state *state, struct regs_options *options, char *text)
{
    if (options->source.registers != NULL)
        argp_error(state, "'%s': one file at a time", text);
    options->source.registers = strcmp(text, "-") == 0 ? "/dev/stdin" : text;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct regs_options *options = state->input;
    if (key >= KEY_REGISTER && key < KEY_REGISTER + INSPECT_REGISTER_COUNT) {
        add_value(state, options, inspect_register_name((enum inspect_register)(key - KEY_REGISTER)), text);
        return 0;
    }
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->source;
        return 0;
    case KEY_JSON:
        options->json = true;
        return 0;
    case KEY_FAULT:
        add_fault(state, options, text);
        return 0;
    case ARGP_KEY_ARG:
        take_file(state, options, text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The option is the name in small letters. */
static void name_option(struct argp_option *option, char *name, enum inspect_register reg)
{
    snprintf(name, NAME_BYTES, "%s", inspect_register_name(reg));
    for (char *letter = name; *letter != '\0'; letter++)
        *letter = (char)tolower((unsigned char)*letter);
    *option = (struct argp_option){name, KEY_REGISTER + (int)reg, "X", 0, inspect_register_meaning(reg), 2};
}

void regs_parse(int argc, char **argv, struct regs_options *options)
{
    static const struct argp_child children[] = {{&source_argp, 0, "Other places to look:", 3}, {NULL, 0, NULL, 0}};
    char names[INSPECT_REGISTER_COUNT][NAME_BYTES];
    struct argp_option list[INSPECT_REGISTER_COUNT + 4] = {
        {"json", KEY_JSON, NULL, 0, "Print one JSON object instead of a table", 1},
        {"frcd", KEY_FAULT, "X", 0, "A fault record, high half first in one 128-bit number; may be repeated", 2},
        {NULL, 0, NULL, 0, "Registers of one unit:", 2},
    };
    struct argp parser = {
        .options = list,
        .parser = parse_option,
        .args_doc = "[FILE]",
        .doc = "Decode VT-d registers and fault records, field by field."
               "\vFILE holds registers of one unit or several as JSON, as lines of NAME VALUE, as the Linux kernel's "
               "debugfs prints them (iommu/intel/iommu_regset), or as its log does when it boots (reg_base_addr); "
               "- is standard input.\n\nExit status: 0 fine, 2 bad usage or unreadable input.",
        .children = children,
    };

    for (unsigned reg = 0; reg < INSPECT_REGISTER_COUNT; reg++)
        name_option(&list[3 + reg], names[reg], (enum inspect_register)reg);
    argp_parse(&parser, argc, argv, 0, NULL, options);
}

void regs_options_free(struct regs_options *options)
{
    for (unsigned i = 0; i < options->mades; i++)
        free(options->made[i]);
}
