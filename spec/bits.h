/* SPDX-License-Identifier: MIT */
/*
 * Bit and field arithmetic for the constants in this room.
 *
 * A field is described by one mask. SPEC_GET and SPEC_PUT find the shift from the mask's lowest
 * set bit, so no field needs a second constant. Everything here is a constant expression when its
 * arguments are, and works for 32-bit and 64-bit masks alike: the result has the mask's width, or
 * the value's if that is wider.
 */
#ifndef IOMMUKIT_SPEC_BITS_H
#define IOMMUKIT_SPEC_BITS_H

#include <stdint.h>

#define SPEC_BIT32(n) ((uint32_t)1 << (n))
#define SPEC_BIT64(n) ((uint64_t)1 << (n))

/* Bits hi down to lo, both included. */
#define SPEC_MASK32(hi, lo) ((~(uint32_t)0 >> (31 - (hi))) & (~(uint32_t)0 << (lo)))
#define SPEC_MASK64(hi, lo) ((~(uint64_t)0 >> (63 - (hi))) & (~(uint64_t)0 << (lo)))

/* The lowest set bit of a mask: mask & -mask, spelt without negating an unsigned number. */
#define SPEC_LOWEST(mask) ((mask) & (~(mask) + 1u))

/* The field's value, shifted down to bit 0. */
#define SPEC_GET(mask, value) (((value) & (mask)) / SPEC_LOWEST(mask))

/* A value shifted up into the field's place; what does not fit is cut off. */
#define SPEC_PUT(mask, value) (((value) * SPEC_LOWEST(mask)) & (mask))

#endif
