/* SPDX-License-Identifier: MIT */
/* walk.h - `iommukit walk`: one translation in a dump, step by step. */
#ifndef TOOLS_WALK_H
#define TOOLS_WALK_H

#include <jansson.h>
#include <stdbool.h>

#include "inspect/walk.h"
#include "source.h"

struct walk_options {
    struct source_options source;
    struct inspect_walk_request request;
    bool has_device, has_iova;
    bool batch; /* addresses come from standard input, one a line */
    bool json;
};

int walk_main(int argc, char **argv);

/* Each prints one translation. JSON is one line in a batch. */
void walk_print(const struct walk_options *options, const struct inspect_walk_result *result);
void walk_print_json(const struct walk_options *options, const struct inspect_walk_result *result);
/* The object that is printed; NULL: no memory. */
json_t *walk_json(const struct walk_options *options, const struct inspect_walk_result *result);

#endif
