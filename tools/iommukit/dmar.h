/* SPDX-License-Identifier: MIT */
/* dmar.h - `iommukit dmar`: the ACPI DMAR table in words. */
#ifndef TOOLS_DMAR_H
#define TOOLS_DMAR_H

#include "inspect/system_dmar.h"

int dmar_main(int argc, char **argv);

/* The table on standard output; EXIT_FINE, or EXIT_USAGE if it could not be written. machine may be NULL. */
int dmar_print(const struct inspect_dmar *dmar, const struct inspect_system *machine);
int dmar_print_json(const struct inspect_dmar *dmar, const struct inspect_system *machine);

#endif
