/* SPDX-License-Identifier: MIT */
/*
 * The DMAR parser against a second, slow reading of the same bytes that keeps notes in allocated
 * memory: every record and scope that must be delivered, every warning that must be given, nothing
 * else.
 */
#ifndef IOMMUKIT_TESTS_DMAR_CHECK_H
#define IOMMUKIT_TESTS_DMAR_CHECK_H

#include <stddef.h>
#include <stdint.h>

/* NULL: the parser does what it must on these bytes; otherwise what it does not. */
const char *dmar_check(const uint8_t *bytes, size_t size);

#endif
