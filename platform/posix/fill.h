/* SPDX-License-Identifier: MIT */
/*
 * platform/posix/fill.h - the best fill_words hook for this processor.
 */
#ifndef PLATFORM_POSIX_FILL_H
#define PLATFORM_POSIX_FILL_H

#include <stddef.h>
#include <stdint.h>

typedef void posix_fill_fn(void *ctx, uint64_t *words, size_t count, uint64_t value, uint64_t step);

/* NULL: the library's own loop is. */
posix_fill_fn *posix_fill(void);

#endif
