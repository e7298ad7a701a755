/* SPDX-License-Identifier: MIT */
/* listed.h - does the list of a DMAR table's records hold all that the parser delivers to a driver? */
#ifndef IOMMUKIT_TESTS_INSPECT_LISTED_H
#define IOMMUKIT_TESTS_INSPECT_LISTED_H

#include <stddef.h>
#include <stdint.h>

/* NULL, or what is wrong. For any bytes; those that are no table must be refused. */
const char *dmar_listed(const uint8_t *bytes, size_t size);

#endif
