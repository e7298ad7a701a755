/* SPDX-License-Identifier: MIT */
/* damage.h - making a sound file unsound, for targets whose format has no better idea. */
#ifndef IOMMUKIT_FUZZ_DAMAGE_H
#define IOMMUKIT_FUZZ_DAMAGE_H

#include "tests/common/seed.h"

#include <stddef.h>
#include <stdint.h>

/* The same numbers for the same seed and index. */
struct seed damage_seed(uint64_t seed, uint64_t index);

/* Something somewhere in the first `within` bytes: a bit, a byte, a number that is at a limit, a piece moved, an end. */
void damage(struct seed *seed, uint8_t *data, size_t *bytes, size_t within);

#endif
