/* SPDX-License-Identifier: MIT */
/* groups.h - `iommukit groups`: IOMMU groups, and what tied each together. */
#ifndef TOOLS_GROUPS_H
#define TOOLS_GROUPS_H

#include "inspect/system.h"

int groups_main(int argc, char **argv);

/* only: the index of one group, or INSPECT_NONE. */
int groups_print(const struct inspect_system *system, int only);
int groups_print_explained(const struct inspect_system *system, int only);
int groups_print_json(const struct inspect_system *system, int only);

#endif
