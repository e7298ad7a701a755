/* SPDX-License-Identifier: MIT */
/* system_load.h - the parts of inspect_system_open; each fills its members of a zeroed system. */
#ifndef INSPECT_SYSTEM_LOAD_H
#define INSPECT_SYSTEM_LOAD_H

#include "inspect/system.h"

/* Bounds on what a copied tree may hold. */
#define INSPECT_FUNCTIONS_MAX 16384u
#define INSPECT_IOMMUS_MAX    256u
#define INSPECT_GROUPS_MAX    16384u
#define INSPECT_REGIONS_MAX   64u
#define INSPECT_DMAR_MAX      (1u << 20)

/* 0 or -ENOMEM. */
int inspect_load_iommus(struct inspect_system *system);
int inspect_load_functions(struct inspect_system *system); /* after the units */
int inspect_load_groups(struct inspect_system *system);    /* after the functions */
int inspect_load_firmware(struct inspect_system *system);
void inspect_load_kernel(struct inspect_system *system);

void inspect_note(struct inspect_system *system, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
