/* SPDX-License-Identifier: MIT */
/* caps.h - `iommukit caps`: what a machine's IOMMUs and devices can do, and why a device cannot serve many domains. */
#ifndef TOOLS_CAPS_H
#define TOOLS_CAPS_H

#include "system_output.h"

#define CAPS_REQUIRE_MAX 32u

struct caps_options {
    struct system_options system;
    bool why, has_device;
    struct inspect_bdf device;
    unsigned require_count;
    unsigned require[CAPS_REQUIRE_MAX]; /* numbers of caps_require */
};

int caps_main(int argc, char **argv);
void caps_parse(int argc, char **argv, struct caps_options *options);

/* ---- --require ---- */

/* The number of a requirement by its name, or -1; its name, or NULL behind the last. */
int caps_require_find(const char *name);
const char *caps_require_name(unsigned number);
enum inspect_answer caps_require_met(const struct inspect_system *system, int function, unsigned number);

/*
 * The function itself, or any that meets all. True: met; else *closest is the one that lacks least (INSPECT_NONE: there
 * are no functions).
 */
bool caps_require_all(const struct caps_options *options, const struct inspect_system *system, int function,
                      int *closest);

/* ---- Output; function: INSPECT_NONE for all ---- */

int caps_print(const struct inspect_system *system, int function);
int caps_print_why(const struct inspect_system *system, int function);
int caps_print_json(const struct caps_options *options, const struct inspect_system *system, int function);

#endif
