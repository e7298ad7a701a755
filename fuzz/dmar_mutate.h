/* SPDX-License-Identifier: MIT */
/* A damaged table from a seed. */
#ifndef IOMMUKIT_FUZZ_DMAR_MUTATE_H
#define IOMMUKIT_FUZZ_DMAR_MUTATE_H

#include "tests/dmar/build.h"

/*
 * Replaces what b holds by a table of machines.c with damage; the same for the same seed and
 * index.
 */
void dmar_mutate(struct dmar_build *b, uint64_t seed, uint64_t index);

#endif
